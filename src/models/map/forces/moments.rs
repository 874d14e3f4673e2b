//! Repulsion between points that nearly coincide, from sums over all of them.
//!
//! At small distances `q² = 1 - 2 d²`, and the forces follow from the sums of the points' first,
//! second and third powers. Where a map has shrunk to a millionth, as it may under exaggeration, the
//! forces that still part its points are smaller than the rounding of those on a grid; here they keep
//! all their digits.

use super::{Point, grid::Extent};

/// The square of the largest distance for which the next term, `3 d⁴`, can be left out: it is a
/// thousandth there, and much less for most pairs.
const REACH: f32 = 0.02;

/// Whether all points are near enough to one another.
pub fn suffices(extent: Extent) -> bool {
    let Extent { low, high } = extent;
    (high[0] - low[0]).powi(2) + (high[1] - low[1]).powi(2) <= REACH
}

/// Fills `forces` with `Σ_j q_ij² (y_i - y_j)` and gives `Z`; see [`super`].
pub fn repulsion(points: &[Point], forces: &mut [Point]) -> f64 {
    let n = points.len() as f64;
    let mut mean = [0.0; 2];
    for [x, y] in points {
        mean = [mean[0] + f64::from(*x), mean[1] + f64::from(*y)];
    }
    let mean = mean.map(|sum| sum / n.max(1.0));
    let from_mean = |[x, y]: &Point| (f64::from(*x) - mean[0], f64::from(*y) - mean[1]);
    let (mut xx, mut xy, mut yy) = (0.0, 0.0, 0.0);
    let (mut x_cubed, mut y_cubed) = (0.0, 0.0);
    for (x, y) in points.iter().map(from_mean) {
        let square = x * x + y * y;
        (xx, xy, yy) = (xx + x * x, xy + x * y, yy + y * y);
        (x_cubed, y_cubed) = (x_cubed + x * square, y_cubed + y * square);
    }
    let squares = xx + yy;
    for (force, (x, y)) in forces.iter_mut().zip(points.iter().map(from_mean)) {
        let along = n * (x * x + y * y) + squares;
        let far_x = x * along + 2.0 * (xx * x + xy * y) - x_cubed;
        let far_y = y * along + 2.0 * (xy * x + yy * y) - y_cubed;
        *force = [(n * x - 2.0 * far_x) as f32, (n * y - 2.0 * far_y) as f32];
    }
    // The sum of 1 - d² over all pairs; each point counted itself.
    (n * n - n - 2.0 * n * squares).max(0.0)
}
