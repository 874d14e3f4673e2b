//! OSC over UDP, TCP and WebSocket, after the OSC 1.0 specification.
//!
//! A packet comes in through the [`Inlet`], whatever carried it; what goes out passes the [`Hub`],
//! which knows who wants it.

mod hub;
mod inlet;
mod names;
mod schedule;
pub mod tcp;
pub mod udp;
pub mod websocket;

pub use hub::{Connection, Destination, Format, Hub, MAX_DATAGRAM, Place};
pub use inlet::Inlet;
pub use names::Names;
