//! OSC without sockets: messages, address patterns, packets and frames, the JSON form of messages, and
//! the router between addresses and the models and chains of the core.

mod arguments;
pub mod frame;
mod message;
mod message_json;
mod outgoing;
#[cfg(feature = "packet")]
pub mod packet;
mod pattern;
mod router;

pub use message::{Argument, Message, Opaque};
pub use outgoing::{Outgoing, Publication, Publisher, messages_of, way_of};
pub use pattern::{Pattern, is_pattern};
pub use router::{Access, AddressNode, Broker, FormatOption, Router};
