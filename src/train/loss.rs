//! The training objective of one batch.

use candle_core::{Result, Tensor};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::RngCore;

use super::config::{Expansion, ModelConfig, Training};
use super::latent::{self, Noise};
use super::network::{Batch, Candidates, Dropout, TrainableNetwork};

/// What a pass draws at random.
#[derive(Clone, Debug)]
pub struct Draws {
    /// For the latent vectors; unused by a language model.
    pub noise: Noise,
    /// For the decoder.
    pub dropout: Dropout,
}

impl Draws {
    /// What training draws for a batch, with a softmax over the share `candidates` of the words.
    pub fn draw(
        rng: &mut ChaCha8Rng,
        batch: &Batch,
        model: &ModelConfig,
        training: &Training,
        candidates: f64,
    ) -> Draws {
        let noise = Noise::draw(rng, model.posterior, batch.lines, model.latent);
        let mut chances = |count: usize, share: f64| {
            let limit = (share * 65_536.0) as u16;
            let mut bytes = vec![0; 2 * count];
            rng.fill_bytes(&mut bytes);
            let chances = bytes.chunks_exact(2).map(|b| u16::from_le_bytes([b[0], b[1]]) < limit);
            chances.collect::<Vec<bool>>()
        };
        let mut dropout = Dropout::default();
        if training.word_dropout > 0.0 {
            dropout.words = chances(batch.ids.len(), training.word_dropout);
        }
        if training.output_dropout > 0.0 {
            let keep = 1.0 / (1.0 - training.output_dropout) as f32;
            let dropped = chances(batch.n_targets() * model.decoder, training.output_dropout);
            dropout.outputs = dropped.iter().map(|d| if *d { 0.0 } else { keep }).collect();
        }
        if candidates < 1.0 {
            let drawn = chances(model.vocabulary, candidates);
            dropout.candidates = Some(Candidates::new(batch, candidates, &drawn));
        }
        Draws { noise, dropout }
    }
}

/// How the divergence counts.
#[derive(Clone, Copy, Debug)]
pub struct KlTerm {
    /// Its weight.
    pub weight: f64,
    /// Nats that each dimension may have for nothing: `sum_i max(floor, KL_i)`, KL_i averaged over
    /// the batch (Li et al. 2019). Where a dimension is below, it has no gradient.
    pub floor: f64,
}

/// The objective of a batch, in nats a line.
pub struct Losses {
    /// What is minimised: a scalar with its graph.
    pub total: Tensor,
    /// `-log p(x|z)`.
    pub reconstruction: f64,
    /// `KL(q(z|x) || p(z))`, without weight and floor.
    pub divergence: f64,
}

/// The objective of a batch.
///
/// # Errors
/// When batch, draws and weights do not fit together.
pub fn losses(
    network: &TrainableNetwork,
    batch: &Batch,
    draws: &Draws,
    kl: KlTerm,
) -> Result<Losses> {
    let weight = 1.0 / batch.lines as f32;
    let model = network.model();
    if model.latent == 0 {
        let (total, _) = network.reconstruction(batch, None, &draws.dropout, weight)?;
        let reconstruction = f64::from(total.to_scalar::<f32>()?);
        return Ok(Losses { total, reconstruction, divergence: 0.0 });
    }
    let moments = network.encode(batch)?;
    let z = latent::sample(&moments, &draws.noise, model.posterior)?;
    let (reconstruction, own) = network.reconstruction(batch, Some(&z), &draws.dropout, weight)?;
    let divergence = latent::divergence(&moments, model.posterior)?;
    let floored = match kl.floor > 0.0 {
        true => ((&divergence - kl.floor)?.relu()? + kl.floor)?,
        false => divergence.clone(),
    };
    let mut total = (&reconstruction + (floored.sum_all()? * kl.weight)?)?;
    if let (Some(own), Expansion::Convolution { alpha, .. }) = (own, model.expansion) {
        total = (total + (own * alpha)?)?;
    }
    Ok(Losses {
        total,
        reconstruction: f64::from(reconstruction.to_scalar::<f32>()?),
        divergence: f64::from(divergence.sum_all()?.to_scalar::<f32>()?),
    })
}
