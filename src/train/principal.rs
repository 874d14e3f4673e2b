//! Principal directions of a set of posteriors, by Jacobi rotations (Jacobi 1846).

use super::estimates::Posteriors;

/// Sweeps over all pairs; convergence is quadratic, and a symmetric matrix of 64 takes about 8.
const SWEEPS: usize = 30;

/// The mean `[Z]` of the posteriors' means, the unit directions `[Z, Z]` in which they vary, most
/// first, and the standard deviations `[Z]` along them.
pub fn directions(posteriors: &Posteriors) -> (Vec<f32>, Vec<f32>, Vec<f32>) {
    let (z, n) = (posteriors.latent, posteriors.lines() as f64);
    let mut mean = vec![0.0; z];
    for row in posteriors.mean.chunks_exact(z) {
        mean.iter_mut().zip(row).for_each(|(mean, x)| *mean += f64::from(*x) / n);
    }
    let mut covariance = vec![0.0; z * z];
    for row in posteriors.mean.chunks_exact(z) {
        for i in 0..z {
            let centred = f64::from(row[i]) - mean[i];
            for j in 0..z {
                covariance[i * z + j] += centred * (f64::from(row[j]) - mean[j]) / n;
            }
        }
    }
    let (values, vectors) = eigen(covariance, z);
    let mut order: Vec<usize> = (0..z).collect();
    order.sort_by(|a, b| values[*b].total_cmp(&values[*a]));
    let mut axes = Vec::with_capacity(z * z);
    for &k in &order {
        // The sign is free: the largest part points up.
        let column = (0..z).map(|i| vectors[i * z + k]);
        let largest = column.clone().fold(0.0_f64, |a, b| if b.abs() > a.abs() { b } else { a });
        axes.extend(column.map(|x| (x * largest.signum()) as f32));
    }
    let deviations = order.iter().map(|k| values[*k].max(0.0).sqrt() as f32).collect();
    (mean.iter().map(|x| *x as f32).collect(), axes, deviations)
}

/// Eigenvalues, and eigenvectors as columns, of a symmetric matrix `[n, n]`.
fn eigen(mut a: Vec<f64>, n: usize) -> (Vec<f64>, Vec<f64>) {
    let mut v = vec![0.0; n * n];
    (0..n).for_each(|i| v[i * n + i] = 1.0);
    for _ in 0..SWEEPS {
        let off: f64 = (0..n * n).filter(|at| at / n != at % n).map(|at| a[at] * a[at]).sum();
        if off < 1e-22 {
            break;
        }
        for p in 0..n {
            for q in p + 1..n {
                let apq = a[p * n + q];
                if apq == 0.0 {
                    continue;
                }
                let theta = (a[q * n + q] - a[p * n + p]) / (2.0 * apq);
                let t = theta.signum() / (theta.abs() + (theta * theta + 1.0).sqrt());
                let t = if theta == 0.0 { 1.0 } else { t };
                let c = 1.0 / (t * t + 1.0).sqrt();
                let s = t * c;
                for k in 0..n {
                    let (x, y) = (a[k * n + p], a[k * n + q]);
                    (a[k * n + p], a[k * n + q]) = (c * x - s * y, s * x + c * y);
                }
                for k in 0..n {
                    let (x, y) = (a[p * n + k], a[q * n + k]);
                    (a[p * n + k], a[q * n + k]) = (c * x - s * y, s * x + c * y);
                    let (x, y) = (v[k * n + p], v[k * n + q]);
                    (v[k * n + p], v[k * n + q]) = (c * x - s * y, s * x + c * y);
                }
            }
        }
    }
    ((0..n).map(|i| a[i * n + i]).collect(), v)
}

#[cfg(test)]
mod test {
    //! A cloud whose directions are known.

    use super::*;
    use enjamb_numeric::chance::gaussians;
    use rand_chacha::ChaCha8Rng;
    use rand_chacha::rand_core::SeedableRng;

    #[test]
    fn directions_of_a_stretched_cloud_are_found() {
        let mut rng = ChaCha8Rng::seed_from_u64(3);
        let x = gaussians(&mut rng, 3 * 5000);
        // Deviations 3, 1 and 0.1 along (0.6, 0.8, 0), (-0.8, 0.6, 0) and (0, 0, 1), around (1, 2, 3).
        let mean = x
            .chunks_exact(3)
            .flat_map(|x| {
                let (a, b) = (3.0 * x[0], x[1]);
                [1.0 + 0.6 * a - 0.8 * b, 2.0 + 0.8 * a + 0.6 * b, 3.0 + 0.1 * x[2]]
            })
            .collect();
        let posteriors = Posteriors { mean, log_variance: vec![0.0; 15000], latent: 3 };
        let (centre, axes, deviations) = directions(&posteriors);
        let close =
            |a: &[f32], b: &[f32], by: f32| a.iter().zip(b).all(|(a, b)| (a - b).abs() < by);
        assert!(close(&centre, &[1.0, 2.0, 3.0], 0.1), "{centre:?}");
        assert!(close(&deviations, &[3.0, 1.0, 0.1], 0.1), "{deviations:?}");
        assert!(close(&axes[..3], &[0.6, 0.8, 0.0], 0.03), "{axes:?}");
        assert!(close(&axes[6..], &[0.0, 0.0, 1.0], 0.03), "{axes:?}");
    }
}
