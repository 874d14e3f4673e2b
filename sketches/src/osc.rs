//! The way to enjamb over OSC: found by itself, and found again when it was started anew.

use crossbeam::channel::{Receiver, Sender, TryIter, bounded};
use nannou_osc::{Message, Packet, Type, decode, encode};
use std::io;
use std::net::{SocketAddr, UdpSocket};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How often it is asked whether it is there.
const PING_EVERY: Duration = Duration::from_millis(250);
/// Silence after which it is gone.
const LOST_AFTER: Duration = Duration::from_millis(1500);
/// Messages that may wait for the sketch; what comes when there are more is lost.
const MAX_WAITING: usize = 65_536;

/// What comes from enjamb.
#[derive(Clone, Debug, PartialEq)]
pub enum Heard {
    /// It is there, or there again, and has heard what is subscribed to.
    Found,
    /// It no longer answers.
    Lost,
    /// Something that was subscribed to.
    Message(Message),
}

/// A connection that never ends. What is sent while enjamb is away is lost.
pub struct Osc {
    socket: Arc<UdpSocket>,
    to: SocketAddr,
    heard: Receiver<Heard>,
}

impl Osc {
    /// Listens to what the patterns cover. Dropped, it stops.
    ///
    /// # Errors
    /// When the system gives no socket or thread.
    pub fn open(to: SocketAddr, patterns: &[&str]) -> io::Result<Self> {
        let here: SocketAddr = match to {
            SocketAddr::V4(_) => ([0, 0, 0, 0], 0).into(),
            SocketAddr::V6(_) => ([0_u16; 8], 0).into(),
        };
        let socket = Arc::new(UdpSocket::bind(here)?);
        socket.set_read_timeout(Some(PING_EVERY / 5))?;
        let (sender, heard) = bounded(MAX_WAITING);
        let listener = Listener {
            socket: Arc::clone(&socket),
            to,
            patterns: patterns.iter().map(|pattern| (*pattern).to_string()).collect(),
            sender,
        };
        std::thread::Builder::new().name("osc".into()).spawn(move || listener.listen())?;
        Ok(Self { socket, to, heard })
    }

    /// Sends a message.
    pub fn send(&self, address: &str, arguments: Vec<Type>) {
        send(&self.socket, self.to, address, arguments);
    }

    /// What has come since it was last asked.
    pub fn heard(&self) -> TryIter<'_, Heard> {
        self.heard.try_iter()
    }
}

/// Datagrams may be lost on the way, and so may be one that could not be sent.
fn send(socket: &UdpSocket, to: SocketAddr, address: &str, arguments: Vec<Type>) {
    let message = Message { addr: address.into(), args: arguments };
    if let Ok(bytes) = encode(Packet::Message(message)) {
        let _ = socket.send_to(&bytes, to);
    }
}

struct Listener {
    socket: Arc<UdpSocket>,
    to: SocketAddr,
    patterns: Vec<String>,
    sender: Sender<Heard>,
}

impl Listener {
    fn listen(self) {
        let mut buffer = vec![0; 65_536];
        let (mut pings, mut last_pong) = (0, None);
        let mut pinged_at = Instant::now() - PING_EVERY;
        let mut answered_at = pinged_at;
        loop {
            // The socket is shared with the sketch alone: when that is gone, so is the need.
            if Arc::strong_count(&self.socket) == 1 {
                return;
            }
            if pinged_at.elapsed() >= PING_EVERY {
                pinged_at = Instant::now();
                pings += 1;
                // To subscribe again changes nothing for one who is known, keeps one from being
                // forgotten, and is all that is needed after a new start.
                for pattern in &self.patterns {
                    let pattern = Type::String(pattern.clone());
                    send(&self.socket, self.to, "/subscribe", vec![pattern]);
                }
                send(&self.socket, self.to, "/ping", vec![Type::Int(pings)]);
            }
            if last_pong.is_some() && answered_at.elapsed() > LOST_AFTER {
                last_pong = None;
                self.tell(Heard::Lost);
            }
            let Ok((length, _)) = self.socket.recv_from(&mut buffer) else { continue };
            let Ok(packet) = decode(&buffer[..length]) else { continue };
            for message in packet.into_msgs() {
                match (message.addr.as_str(), message.args.first()) {
                    ("/pong", Some(Type::Int(pong))) => {
                        // A ping that was never answered fell into the time of a new start.
                        if last_pong != Some(*pong - 1) {
                            self.tell(Heard::Found);
                        }
                        (last_pong, answered_at) = (Some(*pong), Instant::now());
                    }
                    _ => self.tell(Heard::Message(message)),
                }
            }
        }
    }

    fn tell(&self, heard: Heard) {
        let _ = self.sender.try_send(heard);
    }
}

/// The text at a place among a message's arguments, if there is one.
pub fn text(message: &Message, n: usize) -> Option<&str> {
    match message.args.get(n) {
        Some(Type::String(text)) => Some(text),
        _ => None,
    }
}

/// The number at a place among a message's arguments, if there is one.
pub fn number(message: &Message, n: usize) -> Option<f32> {
    match message.args.get(n) {
        Some(Type::Int(number)) => Some(*number as f32),
        Some(Type::Float(number)) => Some(*number),
        _ => None,
    }
}

/// The whole number at a place among a message's arguments, if there is one.
pub fn index(message: &Message, n: usize) -> Option<usize> {
    match message.args.get(n) {
        Some(Type::Int(number)) => usize::try_from(*number).ok(),
        _ => None,
    }
}

/// All numbers from a place on.
pub fn numbers(message: &Message, from: usize) -> Vec<f32> {
    (from..message.args.len()).map_while(|n| number(message, n)).collect()
}
