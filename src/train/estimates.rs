//! What a latent space is worth: mutual information, active units, importance-weighted likelihood.
//!
//! As in the published code of He et al. 2019.

use candle_core::{Result, Tensor};

use super::config::PosteriorKind;
use super::latent::{self, Noise};
use super::network::{Batch, LatentMoments, TrainableNetwork};
use rand_chacha::ChaCha8Rng;

/// A dimension counts as active if its mean varies by more than this over the lines (Burda et al.
/// 2016).
pub const ACTIVE_VARIANCE: f64 = 0.01;

const LN_TAU: f64 = 1.837_877_066_409_345_3;

/// The posteriors of some lines as plain numbers, row-major `[B, Z]`.
#[derive(Clone, Debug, Default)]
pub struct Posteriors {
    /// The means.
    pub mean: Vec<f32>,
    /// The logarithms of the variances.
    pub log_variance: Vec<f32>,
    /// Z.
    pub latent: usize,
}

impl Posteriors {
    /// Those of a batch.
    ///
    /// # Errors
    /// Only if memory runs out.
    pub fn of(moments: &LatentMoments) -> Result<Posteriors> {
        let numbers = |tensor: &Tensor| tensor.contiguous()?.flatten_all()?.to_vec1::<f32>();
        Ok(Posteriors {
            mean: numbers(&moments.mean)?,
            log_variance: numbers(&moments.log_variance)?,
            latent: moments.mean.dim(1)?,
        })
    }

    /// Adds the lines of another batch.
    pub fn extend(&mut self, more: Posteriors) {
        self.latent = more.latent;
        self.mean.extend(more.mean);
        self.log_variance.extend(more.log_variance);
    }

    /// Every `stride`th line.
    pub fn every(&self, stride: usize) -> Posteriors {
        let rows = |x: &[f32]| {
            x.chunks_exact(self.latent).step_by(stride.max(1)).flatten().copied().collect()
        };
        let log_variance = rows(&self.log_variance);
        Posteriors { mean: rows(&self.mean), log_variance, latent: self.latent }
    }

    /// B.
    pub fn lines(&self) -> usize {
        self.mean.len() / self.latent.max(1)
    }

    /// `log q(z|x)` of line `line`, up to a constant that all lines share for a von Mises-Fisher
    /// posterior.
    pub fn log_density(&self, line: usize, z: &[f32], posterior: PosteriorKind) -> f64 {
        let row = line * self.latent..(line + 1) * self.latent;
        let mean = &self.mean[row.clone()];
        match posterior {
            PosteriorKind::Gaussian => {
                let mut sum = 0.0;
                for ((z, mean), v) in z.iter().zip(mean).zip(&self.log_variance[row]) {
                    let (z, mean, v) = (f64::from(*z), f64::from(*mean), f64::from(*v));
                    sum += LN_TAU + v + (z - mean).powi(2) * (-v).exp();
                }
                -0.5 * sum
            }
            PosteriorKind::VonMisesFisher { concentration } => {
                let dot: f64 =
                    z.iter().zip(mean).map(|(z, mean)| f64::from(*z) * f64::from(*mean)).sum();
                concentration * dot
            }
        }
    }

    /// The mutual information of lines and latent vectors, in nats: `E log q(z|x) - E log q(z)`,
    /// with q(z) the mixture of these lines' posteriors, and one draw `z` for each line. At most
    /// ln B.
    pub fn mutual_information(&self, z: &[f32], posterior: PosteriorKind) -> f64 {
        let n_lines = self.lines();
        let mut sum = 0.0;
        for (line, z) in z.chunks_exact(self.latent).enumerate() {
            let densities: Vec<f64> =
                (0..n_lines).map(|other| self.log_density(other, z, posterior)).collect();
            let own = match posterior {
                // The expectation has a closed form.
                PosteriorKind::Gaussian => {
                    let row = line * self.latent..(line + 1) * self.latent;
                    let v = self.log_variance[row].iter().map(|v| LN_TAU + 1.0 + f64::from(*v));
                    -0.5 * v.sum::<f64>()
                }
                PosteriorKind::VonMisesFisher { .. } => densities[line],
            };
            sum += own - (log_sum_exp(&densities) - (n_lines as f64).ln());
        }
        sum / n_lines as f64
    }

    /// The variance of each dimension's mean over the lines.
    pub fn variances(&self) -> Vec<f64> {
        let n = self.lines() as f64;
        (0..self.latent)
            .map(|i| {
                let column = self.mean.iter().skip(i).step_by(self.latent).map(|x| f64::from(*x));
                let mean = column.clone().sum::<f64>() / n;
                column.map(|x| (x - mean).powi(2)).sum::<f64>() / (n - 1.0).max(1.0)
            })
            .collect()
    }

    /// Dimensions whose mean varies.
    pub fn active_units(&self) -> usize {
        self.variances().iter().filter(|variance| **variance > ACTIVE_VARIANCE).count()
    }
}

/// `log sum exp x`.
pub fn log_sum_exp(x: &[f64]) -> f64 {
    let top = x.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    top + x.iter().map(|x| (x - top).exp()).sum::<f64>().ln()
}

/// `-log p(x)` of each line of a batch, estimated with `draws` importance samples:
/// `-log mean exp(log p(x|z) + log p(z) - log q(z|x))` (Burda et al. 2016). For a Gaussian
/// posterior.
///
/// # Errors
/// When batch and weights do not fit together.
pub fn importance_weighted(
    network: &TrainableNetwork,
    batch: &Batch,
    draws: usize,
    rng: &mut ChaCha8Rng,
) -> Result<Vec<f64>> {
    let model = network.model();
    let moments = network.encode(batch)?;
    let mut weights = vec![Vec::with_capacity(draws); batch.lines];
    for _ in 0..draws {
        let noise = Noise::draw(rng, model.posterior, batch.lines, model.latent);
        let z = latent::sample(&moments, &noise, model.posterior)?;
        for (line, weight) in log_weights(network, batch, &moments, &z)?.into_iter().enumerate() {
            weights[line].push(weight);
        }
    }
    Ok(weights.iter().map(|w| (draws as f64).ln() - log_sum_exp(w)).collect())
}

/// `log p(x|z) + log p(z) - log q(z|x)` of each line at its draw `z` (`[B, Z]`), for a Gaussian
/// posterior.
///
/// # Errors
/// When batch and weights do not fit together.
pub fn log_weights(
    network: &TrainableNetwork,
    batch: &Batch,
    moments: &LatentMoments,
    z: &Tensor,
) -> Result<Vec<f64>> {
    let model = network.model();
    let posteriors = Posteriors::of(moments)?;
    let losses = network.line_losses(batch, Some(z))?;
    let z = z.flatten_all()?.to_vec1::<f32>()?;
    let lines = z.chunks_exact(model.latent).zip(losses).enumerate();
    Ok(lines
        .map(|(line, (z, loss))| {
            let prior: f64 = z.iter().map(|z| -0.5 * (LN_TAU + f64::from(*z).powi(2))).sum();
            prior - posteriors.log_density(line, z, model.posterior) - loss
        })
        .collect())
}
