//! Repulsion pair by pair.

use super::Point;
use enjamb_numeric::vector::wide;
use rayon::prelude::*;

/// Points that one task computes.
const ROWS: usize = 64;

/// Pairs that are computed side by side.
const LANES: usize = 16;

/// Fills `forces` with `Σ_j q_ij² (y_i - y_j)` and gives `Z`; see [`super`].
pub fn repulsion(points: &[Point], forces: &mut [Point]) -> f64 {
    let xs: Vec<f32> = points.iter().map(|p| p[0]).collect();
    let ys: Vec<f32> = points.iter().map(|p| p[1]).collect();
    let rows = |(forces, points): (&mut [Point], &[Point])| -> f64 {
        let one = |(force, point): (&mut Point, &Point)| {
            let (x, y, z) = on_point(*point, &xs, &ys);
            *force = [x, y];
            f64::from(z)
        };
        forces.iter_mut().zip(points).map(one).sum()
    };
    let sums: Vec<f64> =
        forces.par_chunks_mut(ROWS).zip(points.par_chunks(ROWS)).map(rows).collect();
    // Each point counted itself.
    sums.iter().sum::<f64>() - points.len() as f64
}

wide! {
    /// The force on `point` from points at `xs` and `ys`, and the sum of their `q`.
    pub fn on_point(point: Point, xs: &[f32], ys: &[f32]) -> (f32, f32, f32) {
        let mut sums = [[0.0; LANES]; 3];
        let ((x_chunks, x_rest), (y_chunks, y_rest)) = (xs.as_chunks::<LANES>(), ys.as_chunks::<LANES>());
        for (xs, ys) in x_chunks.iter().zip(y_chunks) {
            for i in 0..LANES {
                add(&mut sums, i, point, xs[i], ys[i]);
            }
        }
        for (i, (x, y)) in x_rest.iter().zip(y_rest).enumerate() {
            add(&mut sums, i, point, *x, *y);
        }
        let [x, y, z] = sums.map(|sums| sums.iter().sum());
        (x, y, z)
    }
}

#[inline(always)]
fn add(sums: &mut [[f32; LANES]; 3], i: usize, point: Point, x: f32, y: f32) {
    let (dx, dy) = (point[0] - x, point[1] - y);
    let q = 1.0 / (1.0 + dx * dx + dy * dy);
    sums[0][i] += q * q * dx;
    sums[1][i] += q * q * dy;
    sums[2][i] += q;
}
