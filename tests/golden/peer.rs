//! Those who speak OSC to the runtime: over UDP, TCP with either framing, and WebSocket.

use super::common::PATIENCE;
use std::io::{Read, Write};
use std::net::{TcpStream, UdpSocket};
use std::time::Duration;

/// What comes back is waited for so long.
const WAIT: Duration = Duration::from_secs(10);
/// SLIP (RFC 1055).
const END: u8 = 0xc0;
const ESC: u8 = 0xdb;
const ESC_END: u8 = 0xdc;
const ESC_ESC: u8 = 0xdd;

/// What came.
pub enum Heard {
    Packet(Vec<u8>),
    /// A text frame.
    Text(String),
    /// Nothing, for as long as is waited.
    Nothing,
}

/// A socket that speaks OSC.
pub enum Peer {
    Udp(UdpSocket),
    Tcp(TcpStream),
    Slip(TcpStream),
    WebSocket(Box<tungstenite::WebSocket<TcpStream>>),
}

impl Peer {
    /// A peer by its name, which begins with its kind: `udp`, `tcp`, `slip`, `ws`. The one named
    /// `reply` listens at the runtime's reply port.
    pub fn open(name: &str, osc_port: u16, http_port: u16, reply_port: u16) -> Self {
        let connect = |port: u16| {
            let stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
            stream.set_read_timeout(Some(WAIT)).unwrap();
            stream.set_nodelay(true).unwrap();
            stream
        };
        match name.trim_end_matches(|char: char| char.is_ascii_digit()) {
            "udp" => Self::udp(UdpSocket::bind("127.0.0.1:0").unwrap(), osc_port),
            "reply" => Self::udp(UdpSocket::bind(("127.0.0.1", reply_port)).unwrap(), osc_port),
            "tcp" => Self::Tcp(connect(osc_port)),
            "slip" => Self::Slip(connect(osc_port)),
            "ws" => {
                let url = format!("ws://127.0.0.1:{http_port}/osc");
                let (socket, _) = tungstenite::client(url, connect(http_port)).unwrap();
                Self::WebSocket(Box::new(socket))
            }
            _ => panic!("no kind of peer: {name}"),
        }
    }

    /// A peer on a UDP socket.
    pub fn udp(socket: UdpSocket, osc_port: u16) -> Self {
        socket.connect(("127.0.0.1", osc_port)).unwrap();
        socket.set_read_timeout(Some(WAIT)).unwrap();
        Self::Udp(socket)
    }

    pub fn port(&self) -> u16 {
        let address = match self {
            Self::Udp(socket) => socket.local_addr(),
            Self::Tcp(stream) | Self::Slip(stream) => stream.local_addr(),
            Self::WebSocket(socket) => socket.get_ref().local_addr(),
        };
        address.unwrap().port()
    }

    pub fn send(&mut self, packet: &[u8]) {
        match self {
            Self::Udp(socket) => _ = socket.send(packet).unwrap(),
            Self::Tcp(stream) => {
                let frame = [&(packet.len() as u32).to_be_bytes()[..], packet].concat();
                stream.write_all(&frame).unwrap();
            }
            Self::Slip(stream) => {
                let mut frame = vec![END];
                for byte in packet {
                    match *byte {
                        END => frame.extend([ESC, ESC_END]),
                        ESC => frame.extend([ESC, ESC_ESC]),
                        plain => frame.push(plain),
                    }
                }
                frame.push(END);
                stream.write_all(&frame).unwrap();
            }
            Self::WebSocket(socket) => {
                socket.send(tungstenite::Message::Binary(packet.to_vec().into())).unwrap();
            }
        }
    }

    /// Sends a text frame, over a WebSocket.
    pub fn send_text(&mut self, text: &str) {
        let Self::WebSocket(socket) = self else { panic!("text goes over a WebSocket") };
        socket.send(tungstenite::Message::Text(text.into())).unwrap();
    }

    /// The next that comes.
    pub fn hear(&mut self) -> Heard {
        let packet = match self {
            Self::Udp(socket) => {
                let mut buffer = vec![0; 65_536];
                socket.recv(&mut buffer).ok().map(|n_bytes| buffer[..n_bytes].to_vec())
            }
            Self::Tcp(stream) => read_prefixed(stream),
            Self::Slip(stream) => read_slip(stream),
            Self::WebSocket(socket) => loop {
                match socket.read() {
                    Ok(tungstenite::Message::Binary(bytes)) => break Some(bytes.to_vec()),
                    Ok(tungstenite::Message::Text(text)) => return Heard::Text(text.to_string()),
                    Ok(_) => {}
                    Err(_) => break None,
                }
            },
        };
        packet.map_or(Heard::Nothing, Heard::Packet)
    }
}

fn read_prefixed(stream: &mut TcpStream) -> Option<Vec<u8>> {
    let mut length = [0; 4];
    stream.read_exact(&mut length).ok()?;
    let mut packet = vec![0; u32::from_be_bytes(length) as usize];
    stream.read_exact(&mut packet).ok()?;
    Some(packet)
}

fn read_slip(stream: &mut TcpStream) -> Option<Vec<u8>> {
    let (mut packet, mut byte) = (Vec::new(), [0]);
    loop {
        stream.read_exact(&mut byte).ok()?;
        match byte[0] {
            END if packet.is_empty() => {}
            END => return Some(packet),
            ESC => {
                stream.read_exact(&mut byte).ok()?;
                packet.push(if byte[0] == ESC_END { END } else { ESC });
            }
            plain => packet.push(plain),
        }
    }
}

const _: () = assert!(WAIT.as_nanos() < PATIENCE.as_nanos());
