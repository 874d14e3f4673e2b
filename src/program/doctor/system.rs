//! What the system says of itself: network interfaces and firewalls.

use super::Finding;
use serde_json::json;
use std::path::Path;

/// The usual size of an Ethernet packet.
const ETHERNET: u64 = 1500;

/// Interfaces and how large a packet each passes whole.
pub fn interfaces() -> Finding {
    let check = "interfaces";
    let mut found: Vec<(String, u64)> = std::fs::read_dir("/sys/class/net")
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| {
            let mtu = std::fs::read_to_string(entry.path().join("mtu")).ok()?;
            Some((entry.file_name().to_string_lossy().into_owned(), mtu.trim().parse().ok()?))
        })
        .collect();
    found.sort();
    if found.is_empty() {
        let command = match std::env::consts::OS {
            "windows" => "netsh interface ipv4 show subinterfaces",
            _ => "ifconfig -a",
        };
        return Finding::ok(check, format!("this system does not tell; `{command}` shows them"));
    }
    let list: Vec<_> = found.iter().map(|(name, mtu)| format!("{name} {mtu}")).collect();
    let list = format!("whole packets of up to (bytes): {}", list.join(", "));
    let data = json!(found.iter().cloned().collect::<std::collections::BTreeMap<_, _>>());
    let narrow = found.iter().find(|(_, mtu)| *mtu < ETHERNET);
    match narrow {
        None => Finding::ok(check, list),
        Some((name, mtu)) => Finding::hint(
            check,
            list,
            format!(
                "{name} splits what is longer than {}: for destinations beyond it set mtu = {} \
                 under [[send]]",
                mtu,
                mtu.saturating_sub(28)
            ),
        ),
    }
    .with(data)
}

/// Firewalls, and the command that opens the port, for those who want that.
pub fn firewall(port: u16) -> Finding {
    let check = "firewall";
    let only_beyond = "loopback needs none of this. Only if other computers shall send OSC here";
    match std::env::consts::OS {
        "linux" => linux_firewall(check, port, only_beyond),
        "macos" => Finding::ok(
            check,
            format!(
                "{only_beyond}:\nSystem Settings > Network > Firewall > Options: allow incoming \
                 connections for enjamb"
            ),
        ),
        "windows" => Finding::ok(
            check,
            format!(
                "{only_beyond}, as administrator:\nnetsh advfirewall firewall add rule \
                 name=enjamb dir=in action=allow protocol=UDP localport={port}"
            ),
        ),
        _ => Finding::ok(check, format!("{only_beyond}, let UDP {port} in")),
    }
}

fn linux_firewall(check: &'static str, port: u16, only_beyond: &str) -> Finding {
    let (active, present) = find_firewalls();
    let name = active.or(present.first().copied());
    let data = json!({ "active": active, "present": present });
    let Some(name) = name else {
        return Finding::ok(check, "none was found on this computer").with(data);
    };
    let command = match name {
        "ufw" => format!("sudo ufw allow {port}/udp"),
        "firewalld" => format!("sudo firewall-cmd --add-port={port}/udp"),
        "nftables" => format!("sudo nft add rule inet filter input udp dport {port} accept"),
        _ => format!("sudo iptables -I INPUT -p udp --dport {port} -j ACCEPT"),
    };
    let state =
        if active.is_some() { "is on" } else { "is installed; whether it is on, only root sees" };
    Finding::ok(check, format!("{name} {state}; {only_beyond}:\n{command}")).with(data)
}

/// The one that is on as far as anybody may see, and all that are there.
fn find_firewalls() -> (Option<&'static str>, Vec<&'static str>) {
    let has = |program: &str| {
        ["/usr/sbin", "/sbin", "/usr/bin"].iter().any(|dir| Path::new(dir).join(program).exists())
    };
    let present: Vec<_> = [
        ("ufw", "ufw"),
        ("firewall-cmd", "firewalld"),
        ("nft", "nftables"),
        ("iptables", "iptables"),
    ]
    .into_iter()
    .filter_map(|(program, name)| has(program).then_some(name))
    .collect();
    let ufw_is_on = std::fs::read_to_string("/etc/ufw/ufw.conf")
        .is_ok_and(|text| text.lines().any(|line| line.trim() == "ENABLED=yes"));
    // firewalld has a folder there while it runs.
    let firewalld_is_on = Path::new("/run/firewalld").exists();
    let active = match (ufw_is_on, firewalld_is_on) {
        (true, _) => Some("ufw"),
        (_, true) => Some("firewalld"),
        _ => None,
    };
    (active, present)
}
