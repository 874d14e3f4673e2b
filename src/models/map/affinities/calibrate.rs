//! Finds the width of a Gaussian from the perplexity that it is to have.

use enjamb_numeric::vector::{dot, exponentials};

/// How near the entropy comes to what is asked for, in nats.
const TOLERANCE: f32 = 1e-5;

/// Steps of the search; twice what doubling and then halving to the last bit take.
const MOST_STEPS: usize = 100;

/// Fills `out` with the probabilities of neighbours at the given squared distances under a
/// Gaussian of the given perplexity, by bisection (van der Maaten and Hinton 2008).
///
/// They add up to 1. Where neighbours that are equally near are too many for the perplexity, they
/// share all there is; where all are equally far, all have the same.
pub fn calibrate(squared_distances: &[f32], perplexity: f32, out: &mut [f32]) {
    let n = squared_distances.len() as f32;
    let nearest = squared_distances.iter().copied().fold(f32::INFINITY, f32::min);
    let mean = squared_distances.iter().map(|d| (d - nearest) / n).sum::<f32>();
    let target = perplexity.ln();
    if mean <= f32::MIN_POSITIVE || target >= n.ln() {
        return out.fill(1.0 / n);
    }
    // 1 / (2 σ²), between those that gave too much entropy and too little.
    let (mut low, mut high, mut beta) = (0.0, f32::INFINITY, 1.0 / mean);
    let mut sum = 0.0;
    for _ in 0..MOST_STEPS {
        sum = exponentials(out, squared_distances, nearest, -beta);
        let mean_distance = dot(out, squared_distances) / sum - nearest;
        let excess = sum.ln() + beta * mean_distance - target;
        if excess.abs() < TOLERANCE {
            break;
        }
        if excess > 0.0 {
            low = beta
        } else {
            high = beta
        }
        let next = if high == f32::INFINITY { beta * 2.0 } else { (low + high) / 2.0 };
        if !next.is_finite() || next == beta {
            break;
        }
        beta = next;
    }
    out.iter_mut().for_each(|p| *p /= sum);
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn perplexity(p: &[f32]) -> f64 {
        let p = p.iter().map(|p| f64::from(*p)).filter(|p| *p > 0.0);
        p.map(|p| -p * p.ln()).sum::<f64>().exp()
    }

    proptest! {
        #[test]
        fn the_perplexity_is_met(
            distances in prop::collection::vec(0.01f32..4.0, 20..100),
            scale in -20i32..20, perplexity in 1.5f32..19.0
        ) {
            let distances: Vec<f32> = distances.iter().map(|d| d * 2f32.powi(scale)).collect();
            let mut p = vec![0.0; distances.len()];
            calibrate(&distances, perplexity, &mut p);
            let got = self::perplexity(&p);
            prop_assert!((got / f64::from(perplexity) - 1.0).abs() < 1e-3, "{} {}", got, perplexity);
            prop_assert!((p.iter().sum::<f32>() - 1.0).abs() < 1e-5);
        }
    }

    #[test]
    fn equal_distances_share() {
        let mut p = [0.0; 4];
        for distances in [[0.0; 4], [2.5; 4], [f32::MAX; 4]] {
            calibrate(&distances, 2.0, &mut p);
            assert_eq!(p, [0.25; 4]);
        }
        calibrate(&[0.0, 1.0, 0.0, 0.0], 1.2, &mut p);
        assert!((p[0] - 1.0 / 3.0).abs() < 1e-6 && p[1] < 1e-6);
        calibrate(&[1e-30, 2e-30, 3e-30, 4e30], 2.0, &mut p);
        assert!((p.iter().sum::<f32>() - 1.0).abs() < 1e-6);
    }
}
