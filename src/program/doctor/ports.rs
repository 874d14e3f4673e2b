//! The ports that enjamb needs: free, ours, or whose.

use super::socket_owner::{self, Protocol};
use super::{Finding, Mark};
use crate::Shared;
use enjamb::net::settings::Listen;
use serde_json::{Value as Json, json};
use std::io::ErrorKind;
use std::net::{Ipv4Addr, TcpListener, UdpSocket};

/// The standard ports, moved by the offset.
pub struct Ports {
    pub osc: u16,
    pub http: u16,
    pub reply: u16,
}

pub fn standard(shared: &Shared) -> Ports {
    let listen = Listen::default();
    let moved = |port: u16| port.saturating_add(shared.port_offset);
    Ports {
        osc: moved(listen.osc_port),
        http: moved(listen.http_port),
        reply: moved(listen.reply_port),
    }
}

pub fn check(shared: &Shared, status: Option<&Json>, note: &mut impl FnMut(Finding)) {
    let ports = standard(shared);
    for (name, port, protocol) in [
        ("OSC over UDP", ports.osc, Protocol::Udp),
        ("OSC over TCP", ports.osc, Protocol::Tcp),
        ("HTTP", ports.http, Protocol::Tcp),
    ] {
        note(listening(name, port, protocol, status, shared.port_offset));
    }
    note(replies(ports.reply));
}

/// Whether a port can be listened on, found by doing so for a moment.
fn is_free(port: u16, protocol: Protocol) -> std::io::Result<()> {
    let address = (Ipv4Addr::LOCALHOST, port);
    match protocol {
        Protocol::Udp => UdpSocket::bind(address).map(drop),
        Protocol::Tcp => TcpListener::bind(address).map(drop),
    }
}

fn listening(
    check: &'static str,
    port: u16,
    protocol: Protocol,
    status: Option<&Json>,
    port_offset: u16,
) -> Finding {
    let other_offset = if port_offset < 4000 { port_offset + 10 } else { port_offset - 10 };
    let elsewhere = format!("start enjamb with --port-offset {other_offset} to move all its ports");
    let place = format!("port {port}");
    let ours = status.filter(|status| {
        let address = if check == "HTTP" { &status["http"] } else { &status["osc"] };
        address.as_str().is_some_and(|address| address.ends_with(&format!(":{port}")))
    });
    let data = |state: &str| json!({ "port": port, "protocol": protocol.name(), "state": state });
    if let Some(status) = ours {
        let seconds = status["seconds"].as_f64().unwrap_or(0.0);
        let version = status["enjamb"].as_str().unwrap_or("");
        let uptime = uptime(seconds);
        return Finding::ok(check, format!("{place}: enjamb {version} runs here, up {uptime}"))
            .with(data("enjamb"));
    }
    match is_free(port, protocol) {
        Ok(()) => Finding::ok(check, format!("{place} is free")).with(data("free")),
        Err(error) if error.kind() == ErrorKind::AddrInUse => {
            let owner = socket_owner::find(port, protocol);
            let whose = owner.as_ref().map_or("another program".into(), |o| o.to_string());
            let next = format!(
                "close it, or {elsewhere}{}",
                match owner {
                    Some(_) => String::new(),
                    None => format!("; who it is: {}", socket_owner::how_to_find(port, protocol)),
                }
            );
            let mut data = data("taken");
            data["by"] =
                json!(owner.map(|o| json!({ "program": o.program, "process": o.process })));
            Finding::fix(check, format!("{place} is taken by {whose}"), next).with(data)
        }
        Err(error) => {
            Finding::fix(check, format!("{place} can't be listened on: {error}"), elsewhere)
                .with(data("refused"))
        }
    }
}

/// The port that patches listen on: there it is good news when somebody does.
fn replies(port: u16) -> Finding {
    let data = |state: &str| json!({ "port": port, "protocol": "udp", "state": state });
    let check = "replies";
    match is_free(port, Protocol::Udp) {
        Ok(()) => {
            let words =
                format!("port {port}: no patch listens yet; yours may, and hears all outputs");
            Finding::ok(check, words).with(data("free"))
        }
        Err(error) if error.kind() == ErrorKind::AddrInUse => {
            let owner = socket_owner::find(port, Protocol::Udp);
            let whose = owner.as_ref().map_or("a program".into(), |o| o.to_string());
            let mut data = data("taken");
            data["by"] =
                json!(owner.map(|o| json!({ "program": o.program, "process": o.process })));
            Finding::ok(check, format!("port {port}: {whose} listens and hears all outputs"))
                .with(data)
        }
        Err(error) => Finding::hint(
            check,
            format!("port {port} can't be listened on: {error}"),
            "let the patch listen on another port, and name it under [[send]] in the project file",
        )
        .with(data("refused")),
    }
}

/// The models of the running enjamb that are not well.
pub fn check_models(status: &Json, note: &mut impl FnMut(Finding)) {
    for model in status["models"].as_array().into_iter().flatten() {
        let (name, state) = (&model["name"], model["status"].as_str().unwrap_or(""));
        let name = name.as_str().unwrap_or("");
        if state == "FAILED" {
            note(Finding::fix(
                "model",
                format!("{name} could not start"),
                "`enjamb models` says why",
            ));
        }
    }
    let count = |what: &str| status[what].as_u64().unwrap_or(0);
    let (errors, dropped, refused) = (count("errors"), count("dropped"), count("refused"));
    let found = format!(
        "{} in, {} out, {errors} errors, {dropped} dropped, {refused} refused",
        count("in"),
        count("out")
    );
    let mark = if errors + dropped + refused > 0 { Mark::Hint } else { Mark::Ok };
    let next = (mark == Mark::Hint)
        .then(|| "`enjamb monitor` shows them as they happen, and why".to_string());
    note(Finding { mark, next, ..Finding::ok("traffic", found) });
}

fn uptime(seconds: f64) -> String {
    match seconds as u64 {
        s @ 0..120 => format!("{s} s"),
        s @ 120..7200 => format!("{} min", s / 60),
        s @ 7200..172_800 => format!("{} h", s / 3600),
        s => format!("{} days", s / 86_400),
    }
}
