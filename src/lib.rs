//! enjamb hosts machine-learning models for artists and speaks OSC.
//!
//! Values, commands, models, their engine and chains of them are the core's; this crate puts them together
//! with the models that ship and with the transports, as far as features ask for them:
//!
//! - [`value`], [`signature`], [`model`], [`engine`], [`chain`], [`host`], [`recording`], [`time`]: the core.
//! - [`models`]: the models that ship, a feature each.
//! - [`osc`]: messages, patterns, packets, and the router; no sockets.
//! - `net`: OSC over UDP, TCP and WebSocket; HTTP; OSCQuery (feature `net`).
//! - `patch`: any command as a patch for a host (feature `net`).
//! - `train`: fits a verse model to lines of text, and measures it (feature `train`).
//! - [`project`]: the project file.
//! - `image_codec`: PNG and JPEG, decoded and encoded for the runtime (feature `image`).
//! - [`runtime`]: all of it, put together from a project.
//! - `replay`: a recording, played again (feature `replay`).

#[cfg(feature = "replay")]
pub mod files;
#[cfg(feature = "image")]
pub mod image_codec;
pub mod project;
#[cfg(feature = "replay")]
pub mod replay;
pub mod runtime;

pub use enjamb_core::{chain, engine, error, host, model, recording, signature, time, value};
pub use enjamb_models as models;
#[cfg(feature = "net")]
pub use enjamb_net as net;
pub use enjamb_osc as osc;
#[cfg(feature = "net")]
pub use enjamb_patch as patch;
#[cfg(feature = "train")]
pub use enjamb_train as train;

pub use engine::Engine;
pub use enjamb_core::{Error, ErrorKind};
pub use model::Model;
pub use osc::Router;
pub use project::Project;
pub use runtime::Runtime;
pub use signature::DataType;
pub use value::Value;

/// The examples of the guides are tested.
#[cfg(all(doctest, feature = "program"))]
mod guides {
    #[doc = include_str!("../docs/model.md")]
    struct Model;
    #[doc = include_str!("../docs/embedding.md")]
    struct Embedding;
}
