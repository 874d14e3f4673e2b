//! The transports: everything that knows a socket.
//!
//! - [`settings`]: the tables of the project file that say where to listen and to send.
//! - [`osc`]: OSC over UDP, TCP and WebSocket.
//! - [`http`]: the page, the JSON API, metrics, OSCQuery.
//! - [`traffic`]: counters, and live entries for those who watch.
//! - [`network`]: open sockets and the threads that serve them.

mod announce;
pub mod http;
pub mod network;
pub mod osc;
pub mod settings;
pub mod traffic;

use socket2::{SockRef, TcpKeepalive};
use std::io;
use std::time::Duration;
use tokio::net::TcpStream;

/// Silence after which the system asks a peer whether it is still there, and the pause before it asks
/// again.
const KEEPALIVE: (Duration, Duration) = (Duration::from_secs(60), Duration::from_secs(15));

/// Sets a connection up. Small messages leave at once: waiting for company costs up to 40 ms. And a peer
/// that vanished without a word, a phone that left the house, does not stay for weeks.
fn tune(stream: &TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let (after, again) = KEEPALIVE;
    let keepalive = TcpKeepalive::new().with_time(after).with_interval(again);
    SockRef::from(stream).set_tcp_keepalive(&keepalive)
}
