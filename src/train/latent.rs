//! The latent vector: how it is drawn from a posterior, and what the posterior costs.
//!
//! The Gaussian after Kingma and Welling 2014, *Auto-Encoding Variational Bayes*; the von
//! Mises-Fisher distribution after Xu and Durrett 2018, *Spherical Latent Spaces for Stable
//! Variational Autoencoders*.

use candle_core::{Device, Result, Tensor};
use rand_chacha::ChaCha8Rng;

use super::config::PosteriorKind;
use super::network::LatentMoments;
use enjamb_numeric::chance::{gaussians, uniform};

/// The randomness of one draw for each line of a batch.
#[derive(Clone, Debug)]
pub struct Noise {
    /// `[B, Z]`, standard normal.
    pub normal: Vec<f32>,
    /// `[B]`: the cosine between mean and draw, for a von Mises-Fisher posterior; else empty.
    pub cosine: Vec<f32>,
}

impl Noise {
    /// Draws for `lines` lines.
    pub fn draw(rng: &mut ChaCha8Rng, posterior: PosteriorKind, lines: usize, z: usize) -> Noise {
        let normal = gaussians(rng, lines * z);
        let cosine = match posterior {
            PosteriorKind::Gaussian => Vec::new(),
            PosteriorKind::VonMisesFisher { concentration } => {
                (0..lines).map(|_| cosine(rng, concentration, z) as f32).collect()
            }
        };
        Noise { normal, cosine }
    }
}

/// z `[B, Z]`, differentiable by the posterior's parameters.
///
/// # Errors
/// When the noise does not fit the moments.
pub fn sample(moments: &LatentMoments, noise: &Noise, posterior: PosteriorKind) -> Result<Tensor> {
    let mean = &moments.mean;
    let normal = Tensor::from_slice(&noise.normal, mean.shape(), &Device::Cpu)?;
    match posterior {
        PosteriorKind::Gaussian => mean + ((&moments.log_variance * 0.5)?.exp()? * normal)?,
        PosteriorKind::VonMisesFisher { .. } => {
            // A direction at right angles to the mean, and a step towards it.
            let along = (&normal * mean)?.sum_keepdim(1)?;
            let across = (&normal - mean.broadcast_mul(&along)?)?;
            let length = across.sqr()?.sum_keepdim(1)?.sqrt()?;
            let across = across.broadcast_div(&length)?;
            let w = Tensor::from_slice(&noise.cosine, (noise.cosine.len(), 1), &Device::Cpu)?;
            let sine = (1.0 - w.sqr()?)?.sqrt()?;
            mean.broadcast_mul(&w)? + across.broadcast_mul(&sine)?
        }
    }
}

/// KL(q(z|x) || p(z)) in nats, averaged over the batch: one number a dimension `[Z]` for a
/// Gaussian, `1/2 (mu² + sigma² - log sigma² - 1)`; one number `[1]`, a constant, for a von
/// Mises-Fisher posterior.
///
/// # Errors
/// Only if memory runs out.
pub fn divergence(moments: &LatentMoments, posterior: PosteriorKind) -> Result<Tensor> {
    match posterior {
        PosteriorKind::Gaussian => {
            let v = &moments.log_variance;
            let terms = (((moments.mean.sqr()? + v.exp()?)? - v)? - 1.0)?;
            (terms.mean(0)? * 0.5)?.contiguous()
        }
        PosteriorKind::VonMisesFisher { concentration } => {
            let kl = sphere_divergence(concentration, moments.mean.dim(1)?);
            Tensor::new(&[kl as f32], &Device::Cpu)
        }
    }
}

/// KL of a von Mises-Fisher distribution from the uniform one on the sphere in `m` dimensions.
pub fn sphere_divergence(kappa: f64, m: usize) -> f64 {
    let half = m as f64 / 2.0;
    let log_bessel = log_bessel_i(half - 1.0, kappa);
    let ratio = (log_bessel_i(half, kappa) - log_bessel).exp();
    // Log of the density's constant, less that of the uniform density Γ(m/2) / (2 π^(m/2)).
    kappa * ratio + (half - 1.0) * kappa.ln() - half * std::f64::consts::TAU.ln() - log_bessel
        + half * std::f64::consts::PI.ln()
        + std::f64::consts::LN_2
        - libm::lgamma(half)
}

/// The logarithm of the modified Bessel function of the first kind, by its power series.
fn log_bessel_i(order: f64, x: f64) -> f64 {
    let log_half = (x / 2.0).ln();
    let term = |k: f64| {
        (2.0 * k + order) * log_half - libm::lgamma(k + 1.0) - libm::lgamma(order + k + 1.0)
    };
    // The largest term lies where k (k + order) = x²/4; beyond it terms fall faster than 2^-k.
    let peak = ((order * order + x * x).sqrt() - order) / 2.0;
    let last = (2.0 * peak + 10.0 * peak.sqrt() + 60.0) as usize;
    let top = term(peak.floor());
    top + (0..last).map(|k| (term(k as f64) - top).exp()).sum::<f64>().ln()
}

/// The cosine between a von Mises-Fisher draw and its mean: Wood 1994, *Simulation of the von
/// Mises Fisher distribution*, by rejection.
fn cosine(rng: &mut ChaCha8Rng, kappa: f64, m: usize) -> f64 {
    let n = m as f64 - 1.0;
    let b = (-2.0 * kappa + (4.0 * kappa * kappa + n * n).sqrt()) / n;
    let x = (1.0 - b) / (1.0 + b);
    let c = kappa * x + n * (1.0 - x * x).ln();
    loop {
        // Beta((m - 1)/2, (m - 1)/2) from two chi-squared numbers.
        let mut square =
            || gaussians(rng, m - 1).iter().map(|x| f64::from(*x).powi(2)).sum::<f64>();
        let (first, second) = (square(), square());
        let beta = first / (first + second);
        let w = (1.0 - (1.0 + b) * beta) / (1.0 - (1.0 - b) * beta);
        if kappa * w + n * (1.0 - x * w).ln() - c >= (1.0 - uniform(rng)).ln() {
            return w;
        }
    }
}

#[cfg(test)]
mod test {
    //! Draws against what their distributions say.

    use super::*;
    use rand_chacha::rand_core::SeedableRng;

    /// E cos = I_{m/2}(κ) / I_{m/2-1}(κ).
    #[test]
    fn draws_on_the_sphere_have_the_mean_that_bessel_functions_say() {
        let mut rng = ChaCha8Rng::seed_from_u64(2);
        for (m, kappa) in [(3, 1.0), (16, 20.0), (64, 80.0)] {
            let n = 20_000;
            let mean = (0..n).map(|_| cosine(&mut rng, kappa, m)).sum::<f64>() / f64::from(n);
            let half = m as f64 / 2.0;
            let exact = (log_bessel_i(half, kappa) - log_bessel_i(half - 1.0, kappa)).exp();
            assert!((mean - exact).abs() < 0.01, "{m} {kappa}: {mean} {exact}");
        }
    }

    /// In three dimensions all is elementary: KL = κ coth κ - 1 + ln(κ / sinh κ).
    #[test]
    fn the_divergence_in_three_dimensions_is_elementary() {
        for kappa in [0.5, 3.0, 30.0_f64] {
            let exact = kappa / kappa.tanh() - 1.0 + (kappa / kappa.sinh()).ln();
            assert!((sphere_divergence(kappa, 3) - exact).abs() < 1e-9, "{kappa}");
        }
    }
}
