//! The transports: everything that knows a socket.

pub mod http;
pub mod osc;
pub mod traffic;
