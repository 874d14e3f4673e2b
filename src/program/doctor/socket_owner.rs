//! Which program holds a port, where the system tells.

use std::fmt;

/// UDP or TCP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    Udp,
    Tcp,
}

impl Protocol {
    pub fn name(self) -> &'static str {
        match self {
            Self::Udp => "udp",
            Self::Tcp => "tcp",
        }
    }
}

/// A running program.
#[derive(Debug)]
pub struct Owner {
    pub program: String,
    pub process: u32,
}

impl fmt::Display for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (process {})", self.program, self.process)
    }
}

/// The command that tells, for whoever has the right to ask.
pub fn how_to_find(port: u16, protocol: Protocol) -> String {
    match (std::env::consts::OS, protocol) {
        ("windows", _) => format!("netstat -ano | findstr :{port}"),
        ("linux", Protocol::Udp) => format!("sudo ss -lunp 'sport = :{port}'"),
        ("linux", Protocol::Tcp) => format!("sudo ss -ltnp 'sport = :{port}'"),
        _ => format!("sudo lsof -nP -i{}:{port}", protocol.name().to_uppercase()),
    }
}

/// Elsewhere than on Linux only other programs could tell.
#[cfg(not(target_os = "linux"))]
pub fn find(_port: u16, _protocol: Protocol) -> Option<Owner> {
    None
}

/// From the system's table of sockets to the program that has one of them open. A program of
/// another user is not told.
#[cfg(target_os = "linux")]
pub fn find(port: u16, protocol: Protocol) -> Option<Owner> {
    let tables = ["", "6"].map(|version| format!("/proc/net/{}{version}", protocol.name()));
    let links: Vec<String> = tables
        .iter()
        .filter_map(|table| std::fs::read_to_string(table).ok())
        .flat_map(|table| inodes(&table, port, protocol))
        .map(|inode| format!("socket:[{inode}]"))
        .collect();
    let processes = std::fs::read_dir("/proc").ok()?;
    for entry in processes.flatten() {
        let Some(process) = entry.file_name().to_str().and_then(|name| name.parse().ok()) else {
            continue;
        };
        let Ok(files) = std::fs::read_dir(entry.path().join("fd")) else { continue };
        let has_it = files.flatten().any(|file| {
            std::fs::read_link(file.path())
                .is_ok_and(|link| links.iter().any(|known| link.as_os_str() == known.as_str()))
        });
        if has_it {
            let program = std::fs::read_to_string(entry.path().join("comm")).unwrap_or_default();
            return Some(Owner { program: program.trim().to_string(), process });
        }
    }
    None
}

/// The inodes of the sockets that listen on a port, from a table as in proc(5).
#[cfg(target_os = "linux")]
fn inodes(table: &str, port: u16, protocol: Protocol) -> Vec<u64> {
    const LISTENING: &str = "0A";
    let row = |line: &str| {
        let columns: Vec<_> = line.split_whitespace().collect();
        let (_, local_port) = columns.get(1)?.rsplit_once(':')?;
        let is_it = u16::from_str_radix(local_port, 16).ok()? == port
            && (protocol == Protocol::Udp || *columns.get(3)? == LISTENING);
        is_it.then_some(columns.get(9)?.parse().ok()?)
    };
    table.lines().skip(1).filter_map(row).collect()
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn our_own_sockets_are_found() {
        let udp = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
        let tcp = std::net::TcpListener::bind("[::1]:0").unwrap();
        for (port, protocol) in [
            (udp.local_addr().unwrap().port(), Protocol::Udp),
            (tcp.local_addr().unwrap().port(), Protocol::Tcp),
        ] {
            assert_eq!(find(port, protocol).unwrap().process, std::process::id());
        }
    }
}
