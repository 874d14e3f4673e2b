//! HTTP by hand: one request over a connection of its own, and its whole answer.

use super::common::PATIENCE;
use std::io::{Read, Write};
use std::net::TcpStream;

/// An answer.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    head: String,
    pub body: String,
}

impl Answer {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (key, value) = line.split_once(": ")?;
            key.eq_ignore_ascii_case(name).then_some(value)
        })
    }
}

/// Sends a request.
pub fn open(
    port: u16,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> TcpStream {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).expect("HTTP is listened to");
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut head = format!("{method} {path} HTTP/1.1\r\n");
    if !headers.iter().any(|(name, _)| *name == "Host") {
        head += &format!("Host: 127.0.0.1:{port}\r\n");
    }
    for (name, value) in headers {
        head += &format!("{name}: {value}\r\n");
    }
    head += &format!("Content-Length: {}\r\nConnection: close\r\n\r\n", body.len());
    stream.write_all(head.as_bytes()).unwrap();
    // Whoever is refused before all is sent may find the connection closed.
    let _ = stream.write_all(body);
    stream
}

/// Sends a request and reads the answer to its end.
pub fn ask(port: u16, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
    let mut stream = open(port, method, path, headers, body);
    let mut bytes = Vec::new();
    // What came before a connection was reset is an answer, too.
    let _ = stream.read_to_end(&mut bytes);
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let (head, rest) = text.split_once("\r\n\r\n").expect("an answer has a head");
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok());
    let mut body = rest.to_string();
    if head.to_lowercase().contains("transfer-encoding: chunked") {
        (body, _) = dechunk(rest);
    }
    Answer { status: status.expect("an answer has a status"), head: head.into(), body }
}

/// The chunks of a body that are whole, and what is left.
pub fn dechunk(mut rest: &str) -> (String, &str) {
    let mut body = String::new();
    while let Some((size, after)) = rest.split_once("\r\n") {
        let size = usize::from_str_radix(size, 16).expect("a chunk has a size");
        let Some(chunk) = after.get(..size) else { break };
        body += chunk;
        rest = after[size..].trim_start_matches("\r\n");
    }
    (body, rest)
}
