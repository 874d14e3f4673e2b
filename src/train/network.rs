//! The network that is trained: LSTM encoder, latent vector, LSTM decoder, tied output layer.
//!
//! As in He et al. 2019, *Lagging Inference Networks and Posterior Collapse in Variational
//! Autoencoders*: the encoder's last state gives the posterior through a linear layer without bias;
//! the decoder reads the latent vector at every step, and starts from a linear map of it. Unlike
//! there, one embedding serves encoder, decoder and output layer (Press and Wolf 2017), which on two
//! cores buys several times the lines.

mod expansion;
mod parameters;

pub use parameters::Parameters;

use candle_core::{Device, Result, Tensor};

use super::config::{Expansion, ModelConfig, PosteriorKind};
use super::ops::cross_entropy::{cross_entropy, token_losses};
use super::ops::lstm::{Plan, lstm};
use enjamb_models::poetry::vocabulary::{END, START, UNKNOWN};

/// Lines of one length, as ids without start and end.
#[derive(Clone, Debug)]
pub struct Batch {
    /// `[B, T - 1]`, line after line.
    pub ids: Vec<u32>,
    /// B, at least 1.
    pub lines: usize,
}

impl Batch {
    /// T: steps of the decoder, one more than a line has tokens.
    pub fn steps(&self) -> usize {
        self.ids.len() / self.lines + 1
    }

    /// N = B·T: tokens that are predicted.
    pub fn n_targets(&self) -> usize {
        self.lines * self.steps()
    }

    fn with_ends(&self, start: bool, end: bool) -> Vec<u32> {
        let length = self.ids.len() / self.lines;
        let mut out = Vec::with_capacity(self.ids.len() + 2 * self.lines);
        for line in 0..self.lines {
            out.extend(start.then_some(START));
            out.extend(&self.ids[line * length..(line + 1) * length]);
            out.extend(end.then_some(END));
        }
        out
    }

    /// `[B, T]`: the line and its end.
    pub fn targets(&self) -> Vec<u32> {
        self.with_ends(false, true)
    }
}

/// What is left out of a pass to make the decoder lean on the latent vector.
#[derive(Clone, Debug, Default)]
pub struct Dropout {
    /// `[B, T - 1]`: tokens that the decoder gets to see as unknown; empty for none.
    pub words: Vec<bool>,
    /// `[N, D]`: factors of the decoder's outputs, 0 or 1 / (1 - p); empty for none.
    pub outputs: Vec<f32>,
    /// Words that stand for the whole vocabulary in the softmax; all of it if there are none.
    pub candidates: Option<Candidates>,
}

/// A sample of the vocabulary over which a batch's softmax is summed (Jean et al. 2015, *On Using
/// Very Large Target Vocabulary for Neural Machine Translation*).
///
/// The batch's own words are all in it; each other word is with probability `p`, and then counts
/// `1/p` times, so that the sum is right on average.
#[derive(Clone, Debug)]
pub struct Candidates {
    /// Their ids, rising.
    pub ids: Vec<u32>,
    /// `-ln p` for each word that was drawn, 0 for the batch's own.
    pub offsets: Vec<f32>,
}

impl Candidates {
    /// Those of a batch; `drawn` says of each id whether it is drawn, which it is with probability
    /// `share`.
    pub fn new(batch: &Batch, share: f64, drawn: &[bool]) -> Candidates {
        let mut own = vec![false; drawn.len()];
        own[END as usize] = true;
        batch.ids.iter().for_each(|id| own[*id as usize] = true);
        let ids = (0..drawn.len() as u32).filter(|id| own[*id as usize] || drawn[*id as usize]);
        let ids: Vec<u32> = ids.collect();
        let offset = -share.ln() as f32;
        let offsets = ids.iter().map(|id| if own[*id as usize] { 0.0 } else { offset }).collect();
        Candidates { ids, offsets }
    }
}

/// The parameters of q(z|x), each `[B, Z]`.
#[derive(Clone, Debug)]
pub struct LatentMoments {
    /// The mean; of a von Mises-Fisher posterior its direction, of length 1.
    pub mean: Tensor,
    /// The logarithm of the variance; unused by a von Mises-Fisher posterior.
    pub log_variance: Tensor,
}

/// The network: its sizes and its weights.
pub struct TrainableNetwork {
    model: ModelConfig,
    parameters: Parameters,
    threads: usize,
}

impl TrainableNetwork {
    /// A network with weights drawn from `seed`. `model.vocabulary` must be the true size.
    ///
    /// # Errors
    /// Only if memory runs out.
    pub fn new(model: &ModelConfig, seed: u64, threads: usize) -> Result<TrainableNetwork> {
        let parameters = Parameters::new(&shapes(model), model.init_range, seed)?;
        Ok(TrainableNetwork { model: model.clone(), parameters, threads })
    }

    /// Names and shapes of all weights.
    pub fn shapes(&self) -> Vec<(String, Vec<usize>)> {
        shapes(&self.model)
    }

    /// The sizes and kinds.
    pub fn model(&self) -> &ModelConfig {
        &self.model
    }

    /// The weights.
    pub fn parameters(&self) -> &Parameters {
        &self.parameters
    }

    /// The weights, to be changed.
    pub fn parameters_mut(&mut self) -> &mut Parameters {
        &mut self.parameters
    }

    /// q(z|x) of each line.
    ///
    /// # Errors
    /// When the weights do not fit together.
    pub fn encode(&self, batch: &Batch) -> Result<LatentMoments> {
        let p = |name: &str| self.parameters.get(name);
        let (z, h) = (self.model.latent, self.model.encoder);
        let ids = batch.with_ends(true, true);
        let steps = batch.steps() + 1;
        let (inputs, slots) = self.inputs(&ids, "encoder")?;
        let start = Tensor::zeros((batch.lines, 6 * h), candle_core::DType::F32, &Device::Cpu)?;
        let plan = Plan { slots, steps, threads: self.threads };
        let states = lstm(&inputs, p("encoder.recurrent"), &start, plan)?; // [B, T + 1, H]
        let last = states.narrow(1, steps - 1, 1)?.squeeze(1)?.contiguous()?;
        let moments = last.matmul(p("encoder.posterior"))?; // [B, 2Z]
        let mean = moments.narrow(1, 0, z)?;
        let log_variance = moments.narrow(1, z, z)?;
        let mean = match self.model.posterior {
            PosteriorKind::Gaussian => mean,
            PosteriorKind::VonMisesFisher { .. } => {
                let length = (mean.sqr()?.sum_keepdim(1)? + 1e-12)?.sqrt()?;
                mean.broadcast_div(&length)?
            }
        };
        Ok(LatentMoments { mean, log_variance })
    }

    /// The product of each distinct id's embedding with a cell's input weights, `[U, 4H]`, and
    /// which of them stands where. As many rows as tokens at most, and some three times fewer in a
    /// batch of hundreds of lines.
    fn inputs(&self, ids: &[u32], cell: &str) -> Result<(Tensor, Vec<u32>)> {
        let p = |name: &str| self.parameters.get(&format!("{cell}.{name}"));
        let mut distinct = ids.to_vec();
        distinct.sort_unstable();
        distinct.dedup();
        let mut slot_of = vec![0; self.model.vocabulary];
        for (slot, id) in distinct.iter().enumerate() {
            slot_of[*id as usize] = slot as u32;
        }
        let slots = ids.iter().map(|id| slot_of[*id as usize]).collect();
        let distinct = Tensor::new(distinct, &Device::Cpu)?;
        let embedded = self.parameters.get("embedding").index_select(&distinct, 0)?; // [U, E]
        Ok((embedded.matmul(p("input"))?.broadcast_add(p("bias"))?, slots))
    }

    /// The decoder's hidden states `[N, D]` for lines that lie at `z` (`[B, Z]`, or nothing in a
    /// language model), each step seeing the tokens before it; and the deconvolution's own
    /// features `[N, C]` where there is one.
    ///
    /// # Errors
    /// When the weights do not fit together.
    pub fn decode(
        &self,
        batch: &Batch,
        z: Option<&Tensor>,
        dropout: &Dropout,
    ) -> Result<(Tensor, Option<Tensor>)> {
        let p = |name: &str| self.parameters.get(name);
        let (d, steps) = (self.model.decoder, batch.steps());
        let mut ids = batch.with_ends(true, false);
        for (token, dropped) in dropout.words.iter().enumerate() {
            // One start stands before each line.
            if *dropped {
                ids[token + token / (steps - 1) + 1] = UNKNOWN;
            }
        }
        let (mut inputs, mut slots) = self.inputs(&ids, "decoder")?;
        let mut features = None;
        let start = match z {
            Some(z) => {
                let cell = z.matmul(p("decoder.cell"))?; // [B, D]
                let gates = z.matmul(p("decoder.latent"))?; // [B, 4D]
                if let Expansion::Convolution { channels, .. } = self.model.expansion {
                    let expanded = expansion::expand(&self.parameters, z, steps, channels)?;
                    let gates = expanded.matmul(p("expansion.gates"))?; // [N, 4D]
                    let distinct = Tensor::new(slots, &Device::Cpu)?;
                    inputs = (inputs.index_select(&distinct, 0)? + gates)?;
                    slots = (0..ids.len() as u32).collect();
                    features = Some(expanded);
                }
                Tensor::cat(&[&cell.tanh()?, &cell, &gates], 1)?
            }
            None => Tensor::zeros((batch.lines, 6 * d), candle_core::DType::F32, &Device::Cpu)?,
        };
        let plan = Plan { slots, steps, threads: self.threads };
        let states = lstm(&inputs, p("decoder.recurrent"), &start, plan)?;
        let mut states = states.reshape((batch.n_targets(), d))?;
        if !dropout.outputs.is_empty() {
            let mask = Tensor::from_slice(&dropout.outputs, states.shape(), &Device::Cpu)?;
            states = (states * mask)?;
        }
        Ok((states, features))
    }

    /// `-log p(x|z)` summed over the batch's tokens, times `weight`; with the deconvolution's own
    /// loss where there is one, as a second scalar.
    ///
    /// # Errors
    /// When the weights do not fit together.
    pub fn reconstruction(
        &self,
        batch: &Batch,
        z: Option<&Tensor>,
        dropout: &Dropout,
        weight: f32,
    ) -> Result<(Tensor, Option<Tensor>)> {
        let p = |name: &str| self.parameters.get(name);
        let (states, features) = self.decode(batch, z, dropout)?;
        let mut targets = batch.targets();
        let mut table = p("embedding").clone();
        let mut offsets = Vec::new();
        if let Some(candidates) = &dropout.candidates {
            let ids = Tensor::from_slice(&candidates.ids, candidates.ids.len(), &Device::Cpu)?;
            table = table.index_select(&ids, 0)?;
            offsets.clone_from(&candidates.offsets);
            let mut place = vec![0; self.model.vocabulary];
            for (at, id) in candidates.ids.iter().enumerate() {
                place[*id as usize] = at as u32;
            }
            targets.iter_mut().for_each(|id| *id = place[*id as usize]);
        }
        let loss = |states: &Tensor, projection: &str| {
            let embedded = states.matmul(p(projection))?; // [N, E]
            let (targets, offsets) = (targets.clone(), offsets.clone());
            cross_entropy(&embedded, &table, targets, offsets, weight, self.threads)
        };
        let own = features.map(|features| loss(&features, "expansion.projection")).transpose()?;
        Ok((loss(&states, "output.projection")?, own))
    }

    /// `-log p(x|z)` of each line, without dropout and without a gradient.
    ///
    /// # Errors
    /// When the weights do not fit together.
    pub fn line_losses(&self, batch: &Batch, z: Option<&Tensor>) -> Result<Vec<f64>> {
        let (states, _) = self.decode(batch, z, &Dropout::default())?;
        let embedded = states.matmul(self.parameters.get("output.projection"))?;
        let targets = batch.targets();
        let table = self.parameters.get("embedding");
        let losses = token_losses(&embedded, table, &targets, self.threads)?;
        let lines = losses.chunks_exact(batch.steps());
        Ok(lines.map(|line| line.iter().map(|loss| f64::from(*loss)).sum()).collect())
    }
}

/// Names and shapes of the weights of a network.
fn shapes(model: &ModelConfig) -> Vec<(String, Vec<usize>)> {
    let &ModelConfig { vocabulary: v, embedding: e, encoder: h, decoder: d, latent: z, .. } = model;
    let mut shapes = vec![("embedding", vec![v, e])];
    if z > 0 {
        shapes.extend([
            ("encoder.input", vec![e, 4 * h]),
            ("encoder.recurrent", vec![h, 4 * h]),
            ("encoder.bias", vec![4 * h]),
            ("encoder.posterior", vec![h, 2 * z]),
            ("decoder.latent", vec![z, 4 * d]),
            ("decoder.cell", vec![z, d]),
        ]);
    }
    shapes.extend([
        ("decoder.input", vec![e, 4 * d]),
        ("decoder.recurrent", vec![d, 4 * d]),
        ("decoder.bias", vec![4 * d]),
        ("output.projection", vec![d, e]),
    ]);
    let mut shapes: Vec<_> =
        shapes.into_iter().map(|(name, shape)| (name.to_owned(), shape)).collect();
    if let (Expansion::Convolution { channels, .. }, true) = (model.expansion, z > 0) {
        shapes.extend(expansion::shapes(channels, z, d, e));
    }
    shapes
}
