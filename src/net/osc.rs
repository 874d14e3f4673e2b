//! OSC over UDP, TCP and WebSocket, after the OSC 1.0 specification.
//!
//! A packet comes in through the [`Receiver`], whatever carried it; what goes out passes the [`Hub`],
//! which knows who wants it.

mod hub;
mod names;
mod receiver;
mod schedule;
pub mod tcp;
pub mod udp;
pub mod websocket;

pub use hub::{Connection, Destination, DestinationAddress, Format, Hub, MAX_DATAGRAM};
pub use names::Names;
pub use receiver::Receiver;
