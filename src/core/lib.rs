//! The core of enjamb: what models are, the engine that hosts them, and chains of them. It knows no
//! sockets, no tensor library and no image codec.
//!
//! - [`error`]: the one error type.
//! - [`value`]: what flows: text, numbers, vectors, images.
//! - [`signature`]: the named, typed inputs and outputs of commands; the manifest.
//! - [`time`]: the clock that a host hands in.
//! - [`model`]: the trait that a model implements, and the kinds of model.
//! - [`recording`]: the file that a runtime's events are recorded in.
//! - [`engine`]: threads, queues, deadlines.
//! - [`chain`]: graphs of commands that run over time.
//! - [`host`]: models and chains by name; what leaves them, as typed values.
//! - [`project`]: the project file.

pub mod chain;
pub mod engine;
pub mod error;
pub mod host;
pub mod model;
pub mod project;
pub mod recording;
pub mod signature;
pub mod time;
pub mod value;

pub use engine::Engine;
pub use error::{Error, ErrorKind};
pub use host::Host;
pub use model::Model;
pub use signature::DataType;
pub use value::Value;
