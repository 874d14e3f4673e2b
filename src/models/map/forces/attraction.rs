//! Attraction between points that belong together.

use super::Point;
use crate::map::affinities::Affinities;
use enjamb_numeric::vector::wide;
use rayon::prelude::*;

/// Points that one task computes.
const ROWS: usize = 128;

/// Pairs that are computed side by side.
const LANES: usize = 8;

/// Fills `forces` with `Σ_j p_ij q_ij (y_i - y_j)`; see [`super`].
pub fn attraction(affinities: &Affinities, points: &[Point], forces: &mut [Point]) {
    forces.par_chunks_mut(ROWS).enumerate().for_each(|(chunk, forces)| {
        for (force, i) in forces.iter_mut().zip(chunk * ROWS..) {
            let (columns, values) = affinities.row(i);
            *force = on_point(points[i], columns, values, points);
        }
    });
}

wide! {
    /// The force on `point` from those of `points` in `columns`, weighed by `values`.
    pub fn on_point(point: Point, columns: &[u32], values: &[f32], points: &[Point]) -> Point {
        let mut sums = [[0.0; LANES]; 2];
        let (column_chunks, column_rest) = columns.as_chunks::<LANES>();
        let (value_chunks, value_rest) = values.as_chunks::<LANES>();
        for (columns, values) in column_chunks.iter().zip(value_chunks) {
            let others = columns.map(|j| points[j as usize]);
            for i in 0..LANES {
                let (dx, dy) = (point[0] - others[i][0], point[1] - others[i][1]);
                let pull = values[i] / (1.0 + dx * dx + dy * dy);
                sums[0][i] += pull * dx;
                sums[1][i] += pull * dy;
            }
        }
        for (j, value) in column_rest.iter().zip(value_rest) {
            let other = points[*j as usize];
            let (dx, dy) = (point[0] - other[0], point[1] - other[1]);
            let pull = value / (1.0 + dx * dx + dy * dy);
            sums[0][0] += pull * dx;
            sums[1][0] += pull * dy;
        }
        sums.map(|sums| sums.iter().sum())
    }
}

/// `Σ_ij p_ij ln(1 + d_ij²)`: the part of the divergence that depends on single pairs.
pub fn log_distances(affinities: &Affinities, points: &[Point]) -> f64 {
    let on_point = |i: usize| -> f64 {
        let (columns, values) = affinities.row(i);
        let pair = |(j, p): (&u32, &f32)| {
            let [dx, dy] = [0, 1].map(|axis| points[i][axis] - points[*j as usize][axis]);
            f64::from(*p) * f64::from(dx * dx + dy * dy).ln_1p()
        };
        columns.iter().zip(values).map(pair).sum()
    };
    let sums: Vec<f64> = (0..points.len()).into_par_iter().map(on_point).collect();
    sums.iter().sum()
}
