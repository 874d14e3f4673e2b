//! The verse VAE: lines of verse as points of a latent space, and back.
//!
//! - [`vocabulary`]: text to sub-words and back, by [byte-pair encoding](bpe).
//! - [`network`]: the weights, ready to run.
//! - [`encoder`]: lines to points.
//! - [`decoder`], with [`beam`] and [`constraints`]: points to lines.
//! - [`space`]: ways through the latent space.
//! - [`poet`]: all of it in text, on several threads.

pub mod beam;
pub mod bpe;
mod choose;
pub mod commands;
pub mod constraints;
pub mod decoder;
pub mod encoder;
#[cfg(test)]
mod fixture;
pub mod gradient;
pub mod lexicon;
pub mod network;
pub mod poet;
pub mod space;
mod states;
pub mod vocabulary;

pub use commands::Poetry;
pub use constraints::Constraints;
pub use decoder::{DecodeOptions, Decoding};
pub use poet::Poet;
