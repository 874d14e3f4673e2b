//! Choosing the next sub-word from its logits.

use enjamb_numeric::chance::uniform;
use enjamb_numeric::vector;
use rand_chacha::ChaCha8Rng;

/// Numbers that are added up before the sum so far is compared.
const BLOCK: usize = 64;

/// The place of the greatest logit; the first of them.
pub(super) fn likeliest(logits: &[f32]) -> u32 {
    let greatest = vector::greatest(logits);
    logits.iter().position(|&logit| logit == greatest).unwrap_or(0) as u32
}

/// Draws from the softmax of `logits / temperature`, cut to the likeliest that together have the
/// share `top_p` (nucleus sampling, Holtzman et al. 2020).
///
/// A logit of minus infinity is never drawn. `weights` and `nucleus` are room to work in.
pub(super) fn draw(
    logits: &[f32],
    temperature: f32,
    top_p: f32,
    rng: &mut ChaCha8Rng,
    weights: &mut Vec<f32>,
    nucleus: &mut Vec<(f32, u32)>,
) -> u32 {
    weights.resize(logits.len(), 0.0);
    let greatest = vector::greatest(logits);
    let total = vector::exponentials(weights, logits, greatest, 1.0 / temperature);
    if top_p < 1.0 {
        return draw_nucleus(weights, top_p * total, (1.0 - top_p) * total, rng, nucleus);
    }
    let sum_of = |block: &[f32]| f64::from(vector::total(block));
    let total: f64 = weights.chunks(BLOCK).map(sum_of).sum();
    let mut left = uniform(rng) * total;
    let mut last = 0;
    for (i, block) in weights.chunks(BLOCK).enumerate() {
        let sum = sum_of(block);
        if left >= sum {
            left -= sum;
            continue;
        }
        for (j, &weight) in block.iter().enumerate() {
            if weight > 0.0 {
                last = i * BLOCK + j;
                left -= f64::from(weight);
                if left < 0.0 {
                    return last as u32;
                }
            }
        }
    }
    // Only what rounding leaves of the last block comes here, or of all: then the likeliest.
    if weights[last] > 0.0 { last as u32 } else { likeliest(logits) }
}

/// Draws from the likeliest weights that sum up to `share`, of which `rest` stays away.
fn draw_nucleus(
    weights: &[f32],
    share: f32,
    rest: f32,
    rng: &mut ChaCha8Rng,
    nucleus: &mut Vec<(f32, u32)>,
) -> u32 {
    // All weights under this together are less than the rest: none of them is in the nucleus.
    let least = rest / weights.len() as f32;
    nucleus.clear();
    let of_use = weights.iter().enumerate().filter(|(_, weight)| **weight >= least);
    nucleus.extend(of_use.map(|(id, &weight)| (weight, id as u32)));
    nucleus.sort_unstable_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
    let (mut sum, mut n) = (0.0, 0);
    while n < nucleus.len() && (n == 0 || sum < share) {
        sum += nucleus[n].0;
        n += 1;
    }
    let mut left = uniform(rng) * f64::from(sum);
    for &(weight, id) in &nucleus[..n] {
        left -= f64::from(weight);
        if left < 0.0 {
            return id;
        }
    }
    nucleus[0].1
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand_chacha::rand_core::SeedableRng;

    fn shares(logits: &[f32], temperature: f32, top_p: f32) -> Vec<f64> {
        let mut rng = ChaCha8Rng::seed_from_u64(5);
        let (mut weights, mut nucleus) = (Vec::new(), Vec::new());
        let mut counts = vec![0.0; logits.len()];
        for _ in 0..20_000 {
            let id = draw(logits, temperature, top_p, &mut rng, &mut weights, &mut nucleus);
            counts[id as usize] += 1.0 / 20_000.0;
        }
        counts
    }

    #[test]
    fn shares_are_those_of_the_softmax() {
        let logits: Vec<f32> = (0..200).map(|i| (i as f32 * 0.37).sin() * 3.0).collect();
        for temperature in [0.5, 1.0, 2.0] {
            let expected: Vec<f64> =
                logits.iter().map(|&x| f64::from(x / temperature).exp()).collect();
            let total: f64 = expected.iter().sum();
            for (got, expected) in shares(&logits, temperature, 1.0).iter().zip(expected) {
                assert!((got - expected / total).abs() < 0.006);
            }
        }
    }

    #[test]
    fn a_nucleus_is_the_likeliest_and_nothing_else() {
        // Shares 0.4, 0.3, 0.2, 0.1, in another order.
        let logits = [0.2f32, 0.4, 0.1, 0.3].map(f32::ln);
        let got = shares(&logits, 1.0, 0.6);
        assert_eq!((got[0], got[2]), (0.0, 0.0));
        assert!((got[1] - 4.0 / 7.0).abs() < 0.02);
        assert!((shares(&logits, 1.0, 0.01)[1] - 1.0).abs() < 1e-9);
    }

    #[test]
    fn what_is_ruled_out_is_never_drawn() {
        let mut logits = vec![f32::NEG_INFINITY; 300];
        logits[131] = -40.0;
        for (temperature, top_p) in [(0.05, 1.0), (2.0, 1.0), (2.0, 0.5)] {
            assert!((shares(&logits, temperature, top_p)[131] - 1.0).abs() < 1e-9);
        }
        assert_eq!(likeliest(&logits), 131);
    }
}
