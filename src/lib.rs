//! enjamb hosts machine-learning models for artists and speaks OSC.
//!
//! The rooms, in the order in which data flows through them:
//!
//! - [`value`]: what flows: text, numbers, vectors, pictures.
//! - [`signature`]: the named, typed inputs and outputs of commands; the manifest.
//! - [`model`]: the trait that a model implements, and the models that ship.
//! - [`train`]: fits a verse model to lines of text, and measures it.
//! - [`recording`]: the file that a runtime's doings are written down in.
//! - [`engine`]: threads, queues, deadlines; the handle that embedders hold.
//! - [`chain`]: commands that run by themselves: the voyage.
//! - [`router`]: addresses to inputs and outputs, both ways; knows no sockets.
//! - [`patch`]: any command as a patch for a host: p5.js, Max, Pure Data and others.
//! - [`transport`]: OSC over UDP, TCP and WebSocket; HTTP; OSCQuery.
//! - [`project`]: the project file.
//! - [`image_codec`]: PNG and JPEG, decoded and encoded for the runtime.
//! - [`runtime`]: all of it, put together from a project.
//! - [`replay`]: a recording, played again.

#![deny(unsafe_code, missing_docs, rustdoc::broken_intra_doc_links)]

pub mod chain;
pub mod engine;
pub mod image_codec;
pub mod model;
pub mod patch;
pub mod project;
pub mod recording;
pub mod replay;
pub mod router;
pub mod runtime;
pub mod signature;
pub mod time;
pub mod train;
pub mod transport;
pub mod value;

pub use engine::Engine;
pub use model::Model;
pub use project::Project;
pub use router::Router;
pub use runtime::{Runtime, RuntimeError};
pub use signature::DataType;
pub use value::Value;
