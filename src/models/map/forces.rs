//! The forces between the points of a map: the gradient of t-SNE's divergence.
//!
//! With `q = 1 / (1 + d²)` for two points at distance `d` in the map, and `Z` the sum of `q` over
//! all ordered pairs, a quarter of the gradient at point `i` is
//!
//! ```text
//! Σ_j p_ij q_ij (y_i - y_j)  -  Σ_j q_ij² (y_i - y_j) / Z
//!      attraction                    repulsion
//! ```
//!
//! Attraction is over the few pairs that belong together, repulsion over all. Sums are cut into
//! fixed parts and added in a fixed order, so results are the same to the bit on any number of
//! threads.

mod attraction;
mod exact;
pub mod grid;
mod moments;
mod tree;

pub use attraction::{attraction, log_distances};

use grid::{Extent, Grid};
use tree::Tree;

/// A point of a map, or a force on one: x and y.
pub type Point = [f32; 2];

/// How repulsion is computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RepulsionMethod {
    /// By sums over all points, where these nearly coincide.
    Moments,
    /// Pair by pair.
    Exact,
    /// Barnes and Hut's tree.
    Tree,
    /// Interpolation on a grid.
    Grid,
}

/// The repulsion between all points, with what one iteration can keep for the next.
#[derive(Default)]
pub struct Repulsion {
    grid: Grid,
}

impl Repulsion {
    /// Fills `forces` with `Σ_j q_ij² (y_i - y_j)` by the method that is quickest for these
    /// points, and gives `Z`.
    pub fn compute(&mut self, points: &[Point], forces: &mut [Point]) -> f64 {
        self.compute_by(quickest(points), points, forces)
    }

    /// The same by a method of one's own choice.
    pub fn compute_by(
        &mut self,
        method: RepulsionMethod,
        points: &[Point],
        forces: &mut [Point],
    ) -> f64 {
        match method {
            RepulsionMethod::Moments => moments::repulsion(points, forces),
            RepulsionMethod::Exact => exact::repulsion(points, forces),
            RepulsionMethod::Tree => Tree::new(points).repulsion(points, forces),
            RepulsionMethod::Grid => self.grid.repulsion(points, forces),
        }
    }
}

/// The method that takes least time of those that are right for these points, by what each was
/// measured to take on one processor.
pub fn quickest(points: &[Point]) -> RepulsionMethod {
    // Nanoseconds for a pair, for a point among 8,192 in the tree, for a node of the grid, and for
    // a point to be spread on it and read off.
    const PAIR: f64 = 0.27;
    const POINT: f64 = 350.0;
    const NODE: f64 = 17.0;
    const SPREAD: f64 = 50.0;
    let extent = Extent::of(points);
    if moments::suffices(extent) {
        return RepulsionMethod::Moments;
    }
    let n = points.len() as f64;
    let exact = n * n * PAIR;
    let tree = n * n.max(2.0).log2() / 13.0 * POINT;
    let grid = match extent.n_nodes() {
        Some(n_nodes) => n_nodes as f64 * NODE + n * SPREAD,
        None => f64::INFINITY,
    };
    match () {
        _ if exact <= tree.min(grid) => RepulsionMethod::Exact,
        _ if grid <= tree => RepulsionMethod::Grid,
        _ => RepulsionMethod::Tree,
    }
}

#[cfg(test)]
mod tests;
