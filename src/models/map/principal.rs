//! Principal axes: the directions in which vectors differ most (Pearson 1901).
//!
//! The covariance matrix is taken once; its first eigenvectors come from orthogonal iteration
//! (Golub and Van Loan, Matrix Computations, 8.2), which starts from fixed numbers, so the same
//! vectors always have the same axes.

use crate::map::vectors::Vectors;
use enjamb_numeric::chance::gaussian;
use enjamb_numeric::product::{Matrix, multiply};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};
use rayon::prelude::*;

/// Rows of the covariance matrix that one task computes.
const ROWS: usize = 64;

/// The standard deviation of a layout's first axis, as openTSNE has it: so near to one another
/// points can still pass each other.
const FIRST_DEVIATION: f32 = 1e-4;

/// How much chance a layout has in it, against its first axis: it parts points that coincide.
const JITTER: f32 = 0.01;

/// The axes of some vectors, from the one with the most variance on.
pub struct Principal {
    /// `[n_axes, width]`, rows of length 1 at right angles to each other.
    axes: Vec<f32>,
    width: usize,
}

impl Principal {
    /// The first `n_axes` axes, or `width` where that is less.
    ///
    /// Each points to where its number furthest from 0 is positive.
    pub fn new(vectors: &Vectors, n_axes: usize) -> Principal {
        const EXTRA: usize = 10;
        const ROUNDS: usize = 60;
        let width = vectors.width();
        let n_axes = n_axes.min(width);
        // Extra directions take up the axes that follow, so the wanted ones settle sooner.
        let mut axes = settle(&covariance(vectors), width, (n_axes + EXTRA).min(width), ROUNDS);
        axes.truncate(n_axes * width);
        axes.chunks_exact_mut(width).for_each(turn);
        Principal { axes, width }
    }

    /// `n_axes` directions that hold nearly as much variance as the first axes do; quicker.
    pub fn rough(vectors: &Vectors, n_axes: usize) -> Principal {
        const ROUNDS: usize = 4;
        let width = vectors.width();
        let axes = settle(&covariance(vectors), width, n_axes.min(width), ROUNDS);
        Principal { axes, width }
    }

    /// A vector, which is [moved](Vectors::moved), along the axes.
    pub fn along(&self, vector: &[f32]) -> Vec<f32> {
        let axes = self.axes.chunks_exact(self.width);
        axes.map(|axis| enjamb_numeric::vector::dot(axis, vector)).collect()
    }

    /// The vectors along the axes: `[n, n_axes]`.
    pub fn project(&self, vectors: &Vectors) -> Vec<f32> {
        const ROWS: usize = 1024;
        let (width, n_axes) = (self.width, self.axes.len() / self.width);
        let axes = Matrix::dense(&self.axes, n_axes, width).t();
        let mut out = vec![0.0; vectors.len() * n_axes];
        let blocks = vectors.data().par_chunks(ROWS * width);
        out.par_chunks_mut(ROWS * n_axes).zip(blocks).for_each(|(out, block)| {
            let block = Matrix::dense(block, block.len() / width, width);
            multiply(out, n_axes, false, block, axes, 1);
        });
        out
    }
}

/// The vectors along their first two axes, in the vectors' own units.
///
/// Where all vectors are the same, so are the points; vectors of one number lie on a line.
pub fn pca(vectors: &Vectors) -> Vec<[f32; 2]> {
    let projected = Principal::new(vectors, 2).project(vectors);
    match vectors.width() {
        1 => projected.iter().map(|x| [*x, 0.0]).collect(),
        _ => projected.as_chunks().0.to_vec(),
    }
}

/// Where a map starts from: [`pca`], scaled to a deviation of 1e-4 along the first axis, with a
/// hundredth of that in chance added.
pub fn initial_layout(vectors: &Vectors, rng: &mut impl RngCore) -> Vec<[f32; 2]> {
    let mut points = pca(vectors);
    let square = |x: f32| f64::from(x) * f64::from(x);
    let variance = points.iter().map(|p| square(p[0])).sum::<f64>() / points.len().max(1) as f64;
    let deviation = variance.sqrt() as f32;
    let scale = if deviation > f32::MIN_POSITIVE { FIRST_DEVIATION / deviation } else { 0.0 };
    for point in &mut points {
        *point = point.map(|x| x * scale + gaussian(rng) * FIRST_DEVIATION * JITTER);
    }
    points
}

/// `[width, width]`: the mean product of every two numbers.
fn covariance(vectors: &Vectors) -> Vec<f32> {
    let (n, width) = (vectors.len(), vectors.width());
    let mut covariance = vec![0.0; width * width];
    covariance.par_chunks_mut(ROWS * width).enumerate().for_each(|(block, out)| {
        let first = block * ROWS;
        let rows = out.len() / width;
        if n > 0 {
            let some = Matrix::new(&vectors.data()[first..], n, rows, width).t();
            multiply(out, width, false, some, Matrix::dense(vectors.data(), n, width), 1);
        }
        out.iter_mut().for_each(|x| *x /= n.max(1) as f32);
    });
    covariance
}

/// `n_axes` directions, turned towards the largest eigenvectors of a symmetric matrix.
fn settle(matrix: &[f32], width: usize, n_axes: usize, rounds: usize) -> Vec<f32> {
    let mut rng = ChaCha8Rng::seed_from_u64(0);
    let mut axes: Vec<f32> = (0..n_axes * width).map(|_| gaussian(&mut rng)).collect();
    orthonormalize(&mut axes, width);
    let mut turned = vec![0.0; axes.len()];
    for _ in 0..rounds {
        let matrix = Matrix::dense(matrix, width, width);
        multiply(&mut turned, width, false, Matrix::dense(&axes, n_axes, width), matrix, 1);
        std::mem::swap(&mut axes, &mut turned);
        orthonormalize(&mut axes, width);
    }
    axes
}

/// Brings rows to length 1 and to right angles with those before (Gram-Schmidt, done twice: what
/// rounding left over the first time, the second takes out). A row of which nothing remains
/// becomes zero.
fn orthonormalize(rows: &mut [f32], width: usize) {
    use enjamb_numeric::vector::{add_scaled, dot};
    for i in 0..rows.len() / width {
        let (before, row) = rows.split_at_mut(i * width);
        let row = &mut row[..width];
        let length = dot(row, row).sqrt();
        for _ in 0..2 {
            for other in before.chunks_exact(width) {
                let along = dot(other, row);
                add_scaled(row, other, -along);
            }
        }
        let remaining = dot(row, row).sqrt();
        let is_new = remaining > 1e-6 * length && remaining > f32::MIN_POSITIVE;
        let scale = if is_new { 1.0 / remaining } else { 0.0 };
        row.iter_mut().for_each(|x| *x *= scale);
    }
}

/// Turns an axis around if its number furthest from 0 is negative; of equals the first counts.
fn turn(axis: &mut [f32]) {
    let furthest = axis.iter().fold(0.0, |a: f32, x| if x.abs() > a.abs() { *x } else { a });
    if furthest < 0.0 {
        axis.iter_mut().for_each(|x| *x = -*x);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn random(n: usize, deviations: &[f32]) -> Vectors {
        let mut rng = ChaCha8Rng::seed_from_u64(7);
        let number = |i: usize| gaussian(&mut rng) * deviations[i % deviations.len()];
        Vectors::new((0..n * deviations.len()).map(number).collect(), deviations.len()).unwrap()
    }

    #[test]
    fn the_axes_are_eigenvectors_in_order() {
        let vectors = random(500, &[1.0, 3.0, 2.0, 0.5, 0.7, 1.5]);
        let covariance = covariance(&vectors);
        let principal = Principal::new(&vectors, 3);
        let mut before = f32::INFINITY;
        for axis in principal.axes.chunks_exact(6) {
            let image: Vec<f32> = covariance
                .chunks_exact(6)
                .map(|row| enjamb_numeric::vector::dot(row, axis))
                .collect();
            let eigenvalue = enjamb_numeric::vector::dot(&image, axis);
            assert!(eigenvalue < before);
            before = eigenvalue;
            for (image, axis) in image.iter().zip(axis) {
                assert!((image - eigenvalue * axis).abs() < 1e-4 * eigenvalue);
            }
        }
        assert!(before > 1.5f32.powi(2) * 0.8);
    }

    #[test]
    fn a_layout_starts_small_and_parts_equal_points() {
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let layout = initial_layout(&random(300, &[5.0, 1.0, 1.0]), &mut rng);
        let deviation = (layout.iter().map(|p| p[0] * p[0]).sum::<f32>() / 300.0).sqrt();
        assert!((deviation - 1e-4).abs() < 1e-6);
        let same = Vectors::new(vec![3.0; 40], 8).unwrap();
        assert_eq!(pca(&same), [[0.0; 2]; 5]);
        let layout = initial_layout(&same, &mut rng);
        assert!(layout[0] != layout[1] && layout.iter().flatten().all(|x| x.is_finite()));
        let line = Vectors::new(vec![1.0, 2.0, 3.0], 1).unwrap();
        assert_eq!(pca(&line), [[-1.0, 0.0], [0.0, 0.0], [1.0, 0.0]]);
        assert!(pca(&Vectors::new(vec![], 4).unwrap()).is_empty());
    }
}
