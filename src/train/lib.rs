//! Training: fits a verse VAE, or a language model, to lines of text, and measures what came out.
//!
//! Sizes, throughout: B lines in a batch, T tokens a line with the end, N = B·T, V vocabulary,
//! E embedding, H and D hidden units of encoder and decoder, Z latent.

pub mod checkpoint;
pub mod config;
pub mod corpus;
pub mod estimates;
pub mod evaluate;
pub mod latent;
pub mod loss;
pub mod network;
pub mod ops;
pub mod optimizer;
pub mod plot;
pub mod principal;
pub mod schedule;
pub mod trainer;
pub mod vocabulary;

pub use config::Config;
pub use network::TrainableNetwork;
pub use trainer::Trainer;

use std::fmt;

/// Why training could not go on, in plain words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrainError(String);

impl TrainError {
    /// An error in plain words.
    pub fn new(words: impl Into<String>) -> Self {
        TrainError(words.into())
    }
}

impl fmt::Display for TrainError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for TrainError {}

impl From<candle_core::Error> for TrainError {
    fn from(error: candle_core::Error) -> Self {
        TrainError(error.to_string())
    }
}

impl From<std::io::Error> for TrainError {
    fn from(error: std::io::Error) -> Self {
        TrainError(error.to_string())
    }
}

impl From<enjamb_models::poetry::vocabulary::VocabularyError> for TrainError {
    fn from(error: enjamb_models::poetry::vocabulary::VocabularyError) -> Self {
        TrainError(error.to_string())
    }
}
