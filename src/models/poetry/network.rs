//! The network's weights, ready to run: an LSTM encoder and an LSTM decoder around a latent space.
//!
//! After He et al. 2019 ("Lagging inference networks and posterior collapse in variational
//! autoencoders"): the encoder's last hidden state gives mean and log variance of the posterior;
//! z starts the decoder's cell and goes into its gates at every step. One embedding serves both
//! sides and, through a projection, the output layer.
//!
//! Letters of shapes: V sub-words, E embedding, H and D hidden states of encoder and decoder, Z
//! latent. The weights are kept in half precision, as they ship, and all sums are `f32`; so nothing
//! is lost to the packing. A result is the same to the bit in any batch.

use enjamb_numeric::matrix::{HalfPacked, Row};
use enjamb_numeric::vector;
use enjamb_numeric::weights::{Weights, WeightsError};
use half::f16;
use std::path::Path;
use std::sync::OnceLock;

/// What the weight file says it is.
pub const FORMAT: &str = "enjamb-verse-vae-1";

/// The sizes of a network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sizes {
    /// V: how many sub-words there are.
    pub vocabulary: usize,
    /// E: the length of an embedding.
    pub embedding: usize,
    /// H: the length of the encoder's hidden state.
    pub encoder: usize,
    /// D: the length of the decoder's hidden state.
    pub decoder: usize,
    /// Z: the length of z.
    pub latent: usize,
}

/// The encoder's weights.
pub(super) struct EncoderWeights {
    /// [E, 4H]
    pub input: HalfPacked,
    /// [H, 4H]
    pub recurrent: HalfPacked,
    /// [4H]
    pub bias: Vec<f32>,
    /// [H, 2Z]: means, then log variances.
    pub posterior: HalfPacked,
}

/// The decoder's weights.
pub(super) struct DecoderWeights {
    /// [E, 4D]
    input: HalfPacked,
    /// [Z, 4D]
    pub latent: HalfPacked,
    /// [D, 4D]
    pub recurrent: HalfPacked,
    /// [4D]
    pub bias: Vec<f32>,
    /// [Z, D]
    pub cell: HalfPacked,
    /// [D, E]
    pub projection: HalfPacked,
    /// [E, V]: the embedding, transposed.
    pub output: HalfPacked,
    /// V rows of [4D]: what each sub-word adds to the gates, computed when it is first met. Half
    /// of a thousandth of a second each, and 8 kB; few lines use more than a part of them.
    table: Vec<OnceLock<Box<[f32]>>>,
}

/// The network.
pub struct VerseNetwork {
    sizes: Sizes,
    /// [V, E]
    embedding: Vec<f16>,
    pub(super) encoder: EncoderWeights,
    pub(super) decoder: DecoderWeights,
    space: Space,
}

/// What is known about the latent space.
#[derive(Clone, Debug, PartialEq)]
pub struct Space {
    /// `[Z]`: the mean of the lines' means; zeros where the file does not say.
    pub mean: Vec<f32>,
    /// Z directions of length 1, those along which lines vary most first; the axes of coordinates
    /// where the file does not say.
    pub principal: Vec<Vec<f32>>,
}

impl VerseNetwork {
    /// Loads a weight file for a vocabulary of `n_tokens`.
    ///
    /// Takes f16 and f32; f32 is rounded to f16.
    ///
    /// # Errors
    ///
    /// If the file is missing, is of another format, or has a tensor of another shape.
    pub fn load(path: &Path, n_tokens: usize) -> Result<VerseNetwork, WeightsError> {
        let file = Weights::open(path)?;
        let format = file.metadata("format");
        if format.as_deref() != Some(FORMAT) {
            let found = format.unwrap_or_else(|| "none".into());
            return Err(file.damaged(format!("its format should be {FORMAT} and is {found}")));
        }
        let shape = |name: &str| match file.shape(name)?[..] {
            [rows, columns] if rows > 0 && columns > 0 => Ok([rows, columns]),
            ref other => Err(file.damaged(format!("{name} should be a matrix and is {other:?}"))),
        };
        let [vocabulary, embedding] = shape("embedding")?;
        let [latent, decoder] = shape("decoder.cell")?;
        let [encoder, _] = shape("encoder.posterior")?;
        if vocabulary != n_tokens {
            return Err(file.damaged(format!(
                "it has {vocabulary} sub-words, and the vocabulary beside it {n_tokens}"
            )));
        }
        let sizes = Sizes { vocabulary, embedding, encoder, decoder, latent };
        let Sizes { vocabulary: v, embedding: e, encoder: h, decoder: d, latent: z } = sizes;
        let matrix = |name: &str, depth: usize, width: usize| {
            let halves = file.halves(name, &[depth, width])?;
            Ok(HalfPacked::new(&halves, depth, width))
        };
        let numbers = |name: &str, shape: &[usize]| {
            let halves = file.halves(name, shape)?;
            Ok(halves.iter().map(|half| half.to_f32()).collect::<Vec<f32>>())
        };
        let embedding = file.halves("embedding", &[v, e])?;
        let mut transposed = vec![f16::ZERO; embedding.len()];
        for (token, row) in embedding.chunks_exact(e).enumerate() {
            for (at, &half) in row.iter().enumerate() {
                transposed[at * v + token] = half;
            }
        }
        let mut space = Space::plain(z);
        if file.contains("space.mean") {
            space.mean = numbers("space.mean", &[z])?;
        }
        if file.contains("space.principal") {
            let rows = numbers("space.principal", &[z, z])?;
            space.principal = rows.chunks_exact(z).map(<[f32]>::to_vec).collect();
        }
        Ok(VerseNetwork {
            sizes,
            encoder: EncoderWeights {
                input: matrix("encoder.input", e, 4 * h)?,
                recurrent: matrix("encoder.recurrent", h, 4 * h)?,
                bias: numbers("encoder.bias", &[4 * h])?,
                posterior: matrix("encoder.posterior", h, 2 * z)?,
            },
            decoder: DecoderWeights {
                input: matrix("decoder.input", e, 4 * d)?,
                latent: matrix("decoder.latent", z, 4 * d)?,
                recurrent: matrix("decoder.recurrent", d, 4 * d)?,
                bias: numbers("decoder.bias", &[4 * d])?,
                cell: matrix("decoder.cell", z, d)?,
                projection: matrix("output.projection", d, e)?,
                output: HalfPacked::new(&transposed, e, v),
                table: (0..v).map(|_| OnceLock::new()).collect(),
            },
            embedding,
            space,
        })
    }

    /// The sizes.
    pub fn sizes(&self) -> Sizes {
        self.sizes
    }

    /// What is known about the latent space.
    pub fn space(&self) -> &Space {
        &self.space
    }

    /// Writes the embedding of a sub-word, [E].
    pub(super) fn embed(&self, token: u32, out: &mut [f32]) {
        let row = &self.embedding[token as usize * self.sizes.embedding..];
        out.iter_mut().zip(row).for_each(|(out, half)| *out = half.to_f32());
    }

    /// What a sub-word at the decoder's input adds to its gates, [4D].
    pub(super) fn decoder_input(&self, token: u32) -> &[f32] {
        self.decoder.table[token as usize].get_or_init(|| {
            let mut embedding = vec![0.0; self.sizes.embedding];
            self.embed(token, &mut embedding);
            let mut gates = vec![0.0; 4 * self.sizes.decoder];
            self.decoder.input.add_product(&embedding, &mut gates, &[Row { from: 0, to: 0 }]);
            gates.into()
        })
    }

    /// What z adds to the decoder's gates at every step, bias included, [4D]; and the state that it
    /// starts from, [D] and [D].
    pub(super) fn start(&self, z: &[f32], gates: &mut [f32], cell: &mut [f32], hidden: &mut [f32]) {
        let row = [Row { from: 0, to: 0 }];
        gates.copy_from_slice(&self.decoder.bias);
        self.decoder.latent.add_product(z, gates, &row);
        cell.fill(0.0);
        self.decoder.cell.add_product(z, cell, &row);
        vector::hyperbolic_tangents(hidden, cell);
    }
}

impl Space {
    /// A space of which nothing is known.
    pub fn plain(latent: usize) -> Space {
        let axis = |i| (0..latent).map(|j| if i == j { 1.0 } else { 0.0 }).collect();
        Space { mean: vec![0.0; latent], principal: (0..latent).map(axis).collect() }
    }
}
