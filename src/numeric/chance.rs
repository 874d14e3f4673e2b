//! Chance: the numbers that the models draw, from generators that are handed in.

use rand_chacha::rand_core::RngCore;

/// A number in 0..1, without 1.
pub fn uniform(rng: &mut impl RngCore) -> f64 {
    (rng.next_u64() >> 11) as f64 / (1u64 << 53) as f64
}

/// A number of the normal distribution with mean 0 and variance 1 (Box and Muller 1958).
pub fn gaussian(rng: &mut impl RngCore) -> f32 {
    let radius = (-2.0 * (1.0 - uniform(rng)).ln()).sqrt();
    (radius * (std::f64::consts::TAU * uniform(rng)).cos()) as f32
}

/// `n` numbers of the normal distribution.
pub fn gaussians(rng: &mut impl RngCore, n: usize) -> Vec<f32> {
    (0..n).map(|_| gaussian(rng)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand_chacha::ChaCha8Rng;
    use rand_chacha::rand_core::SeedableRng;

    #[test]
    fn gaussians_have_the_moments_of_the_normal_distribution() {
        let drawn = gaussians(&mut ChaCha8Rng::seed_from_u64(1), 100_000);
        let moment = |k| drawn.iter().map(|x| f64::from(*x).powi(k)).sum::<f64>() / 1e5;
        for (k, expected) in [(1, 0.0), (2, 1.0), (3, 0.0), (4, 3.0)] {
            assert!((moment(k) - expected).abs() < 0.1, "moment {k} is {}", moment(k));
        }
    }
}
