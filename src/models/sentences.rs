//! Sentences as vectors: Google's Universal Sentence Encoder, multilingual v3.
//!
//! ```text
//! text -> split -> sentences -> tokenizer -> piece ids -> encoder -> vectors of 512 numbers
//! ```
//!
//! The vectors have length 1, so the cosine of the angle between two is their dot product.
//! `models/sentences/README.md` tells where the weights come from.

pub(crate) mod commands;
mod compare;
mod embed_error;
pub mod encoder;
pub mod split;
pub mod tokenizer;

pub use commands::Sentences;
pub use compare::{nearest, similarity};
pub use embed_error::{EmbedError, EmbedErrorKind};
pub use encoder::SentenceEncoder;
pub use split::{lines, sentences};
pub use tokenizer::Tokenizer;
