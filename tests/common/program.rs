//! What tests of the real program share: starting it on free ports, asking it, and ending it.

#![allow(dead_code, reason = "each test file uses a part")]

use serde_json::Value as Json;
use std::io::{BufRead, BufReader};
use std::net::{TcpListener, UdpSocket};
use std::process::{Child, Command, Output, Stdio};
use std::sync::atomic::{AtomicU16, Ordering::Relaxed};
use std::time::{Duration, Instant};

/// How long anything may take on a busy machine.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// The program, with a port offset.
pub fn enjamb(port_offset: u16, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_enjamb"));
    command.args(arguments).args(["--port-offset", &port_offset.to_string()]);
    command.env_remove("RUST_LOG").stdin(Stdio::null());
    command
}

/// Runs the program to its end.
pub fn run(port_offset: u16, arguments: &[&str]) -> Output {
    enjamb(port_offset, arguments).output().unwrap()
}

/// What the program said on standard output.
pub fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// What it said on standard error.
pub fn complained(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// A port offset at which all ports are free, another one at each call.
pub fn free_offset() -> u16 {
    static N_GIVEN: AtomicU16 = AtomicU16::new(0);
    // Test programs beside each other begin in different places. The steps are such that no OSC port
    // is another's port for replies, a hundred above.
    let begin = 1000 + (std::process::id() % 60) as u16 * 100;
    loop {
        let offset = begin + 3 * N_GIVEN.fetch_add(1, Relaxed);
        assert!(offset <= 8000, "no ports are free");
        let is_free = UdpSocket::bind(("127.0.0.1", 57100 + offset)).is_ok()
            && UdpSocket::bind(("127.0.0.1", 57200 + offset)).is_ok()
            && TcpListener::bind(("127.0.0.1", 57100 + offset)).is_ok()
            && TcpListener::bind(("127.0.0.1", 8000 + offset)).is_ok();
        if is_free {
            return offset;
        }
    }
}

/// A process that ends with its test, however that ends.
pub struct Running {
    pub child: Child,
    pub port_offset: u16,
}

impl Running {
    /// A runtime with the default project that answers.
    pub fn start() -> Self {
        let port_offset = free_offset();
        Self::start_at(port_offset)
    }

    /// As [`start`](Self::start), at these ports.
    pub fn start_at(port_offset: u16) -> Self {
        Self::start_with(port_offset, &["run", "--json"])
    }

    /// A runtime of a project that ships.
    pub fn start_shipped(name: &str) -> Self {
        Self::start_with(free_offset(), &["run", name, "--json"])
    }

    fn start_with(port_offset: u16, arguments: &[&str]) -> Self {
        let mut command = enjamb(port_offset, arguments);
        // Where no project file lies.
        command.current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/src"));
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        // The line comes when all is ready.
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let running = Self { child, port_offset };
        let ready: Json = serde_json::from_str(&line).expect("a line of JSON when it is ready");
        assert_eq!(ready["osc"], format!("127.0.0.1:{}", running.osc_port()));
        running
    }

    /// A process that somebody else has made.
    pub fn new(child: Child, port_offset: u16) -> Self {
        Self { child, port_offset }
    }

    /// Where it hears OSC.
    pub fn osc_port(&self) -> u16 {
        57100 + self.port_offset
    }

    /// Sends a datagram from a socket that waits for answers.
    pub fn send(&self, packet: &[u8]) -> UdpSocket {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        socket.send_to(packet, ("127.0.0.1", self.osc_port())).unwrap();
        socket
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Tries until it works or patience ends.
pub fn eventually<T>(what: &str, mut attempt: impl FnMut() -> Option<T>) -> T {
    let began = Instant::now();
    loop {
        if let Some(done) = attempt() {
            return done;
        }
        assert!(began.elapsed() < PATIENCE, "waited in vain for {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// An OSC message with one string.
pub fn message(address: &str, text: &str) -> Vec<u8> {
    let padded = |text: &str| {
        let mut bytes = text.as_bytes().to_vec();
        bytes.resize((bytes.len() + 4) & !3, 0);
        bytes
    };
    [padded(address), padded(",s"), padded(text)].concat()
}
