//! Repulsion by a quadtree: far groups of points act as one (Barnes and Hut 1986; for t-SNE van
//! der Maaten 2014).
//!
//! Points are sorted along the curve that a depth-first walk of the tree takes, so every cell is a
//! range of them. Points that follow one another walk the tree together, and open a cell if one of
//! them must.

use super::{Point, grid::Extent};
use enjamb_numeric::vector::wide;
use rayon::prelude::*;

/// A cell acts as one if it is this much less wide than it is far.
const THETA: f32 = 0.5;

/// A cell with no more points than these is not divided.
const LEAF: usize = 8;

/// Halvings of the square around all points; a cell so small always acts as one.
const DEPTH: u32 = 24;

/// Points that walk together.
const LANES: usize = 8;

/// Walks that one task makes.
const WALKS: usize = 16;

/// Cells in the order of a depth-first walk.
pub struct Tree {
    cells: Vec<Cell>,
    /// The points along the walk, and where each was handed in.
    xs: Vec<f32>,
    ys: Vec<f32>,
    order: Vec<u32>,
}

struct Cell {
    x: f32,
    y: f32,
    n: f32,
    /// The least square of a distance from which the cell acts as one.
    reach: f32,
    /// The cell after all that are within this one.
    next: u32,
    /// The points within, if it is not divided and does not always act as one.
    leaf: Option<(u32, u32)>,
}

impl Tree {
    pub fn new(points: &[Point]) -> Tree {
        let (corner, width) = square(points);
        let steps = (1u64 << DEPTH) as f32;
        let place = |x: f32, low: f32| {
            let step = (x - low) / width * steps;
            (step as u64).min((1 << DEPTH) - 1)
        };
        let code = |p: &Point| spread(place(p[0], corner[0])) | spread(place(p[1], corner[1])) << 1;
        let mut codes: Vec<(u64, u32)> = points.iter().map(code).zip(0..).collect();
        codes.par_sort_unstable();
        let order: Vec<u32> = codes.iter().map(|(_, i)| *i).collect();
        let along = |axis: usize| order.iter().map(|i| points[*i as usize][axis]).collect();
        let mut tree = Tree { cells: Vec::new(), xs: along(0), ys: along(1), order };
        if !points.is_empty() {
            tree.divide(&codes, 0, width, 0);
        }
        tree
    }

    /// Adds the cell with the points of `codes`, the first of which is `first`, and all within it.
    fn divide(&mut self, codes: &[(u64, u32)], first: usize, width: f32, depth: u32) {
        let at = self.cells.len();
        let range = first..first + codes.len();
        let n = codes.len() as f32;
        let mean = |x: &[f32]| x.iter().map(|x| f64::from(*x)).sum::<f64>() as f32 / n;
        let (x, y) = (mean(&self.xs[range.clone()]), mean(&self.ys[range.clone()]));
        let reach = if depth == DEPTH { 0.0 } else { (width / THETA).powi(2) };
        let is_leaf = codes.len() <= LEAF && depth < DEPTH;
        let leaf = is_leaf.then_some((range.start as u32, range.end as u32));
        self.cells.push(Cell { x, y, n, reach, next: 0, leaf });
        if !is_leaf && depth < DEPTH {
            let shift = 2 * (DEPTH - 1 - depth);
            let mut start = 0;
            for quarter in codes.chunk_by(|a, b| a.0 >> shift == b.0 >> shift) {
                self.divide(quarter, first + start, width / 2.0, depth + 1);
                start += quarter.len();
            }
        }
        self.cells[at].next = self.cells.len() as u32;
    }

    /// Fills `forces` with `Σ_j q_ij² (y_i - y_j)` and gives `Z`; see [`super`].
    pub fn repulsion(&self, points: &[Point], forces: &mut [Point]) -> f64 {
        let n = points.len();
        let mut walked = vec![([0.0; LANES], [0.0; LANES], [0.0; LANES]); n.div_ceil(LANES)];
        walked.par_chunks_mut(WALKS).enumerate().for_each(|(chunk, walked)| {
            for (walked, i) in walked.iter_mut().zip(chunk * WALKS..) {
                // The last lanes may repeat the last point.
                let lane = |lane: usize| (i * LANES + lane).min(n - 1);
                let xs = std::array::from_fn(|at| self.xs[lane(at)]);
                let ys = std::array::from_fn(|at| self.ys[lane(at)]);
                *walked = walk(self, &xs, &ys);
            }
        });
        let mut sum = 0.0;
        for (i, place) in self.order.iter().enumerate() {
            let (x, y, z) = &walked[i / LANES];
            forces[*place as usize] = [x[i % LANES], y[i % LANES]];
            sum += f64::from(z[i % LANES]);
        }
        // Each point counted itself.
        sum - n as f64
    }
}

wide! {
    /// The forces on some points, and the sums of their `q`.
    pub fn walk(tree: &Tree, xs: &[f32; LANES], ys: &[f32; LANES]) -> ([f32; LANES], [f32; LANES], [f32; LANES]) {
        let mut sums = ([0.0; LANES], [0.0; LANES], [0.0; LANES]);
        let mut at = 0;
        while let Some(cell) = tree.cells.get(at) {
            let mut squares = [0.0; LANES];
            for i in 0..LANES {
                let (dx, dy) = (xs[i] - cell.x, ys[i] - cell.y);
                squares[i] = dx * dx + dy * dy;
            }
            let is_far = squares.iter().fold(true, |all, square| all & (*square >= cell.reach));
            if is_far {
                add(&mut sums, xs, ys, (cell.x, cell.y, cell.n));
            } else if let Some((start, end)) = cell.leaf {
                for j in start as usize..end as usize {
                    add(&mut sums, xs, ys, (tree.xs[j], tree.ys[j], 1.0));
                }
            } else {
                at += 1;
                continue;
            }
            at = cell.next as usize;
        }
        sums
    }
}

#[inline(always)]
fn add(
    sums: &mut ([f32; LANES], [f32; LANES], [f32; LANES]),
    xs: &[f32; LANES],
    ys: &[f32; LANES],
    (x, y, n): (f32, f32, f32),
) {
    for i in 0..LANES {
        let (dx, dy) = (xs[i] - x, ys[i] - y);
        let q = 1.0 / (1.0 + dx * dx + dy * dy);
        sums.0[i] += n * q * q * dx;
        sums.1[i] += n * q * q * dy;
        sums.2[i] += n * q;
    }
}

/// The least corner of a square around all points, and its width, which is not 0.
fn square(points: &[Point]) -> (Point, f32) {
    let Extent { low, high } = Extent::of(points);
    let width = (high[0] - low[0]).max(high[1] - low[1]);
    (low, width.max(f32::MIN_POSITIVE))
}

/// Puts a 0 before every bit of a number under 2^32.
fn spread(x: u64) -> u64 {
    let mut x = x;
    for (shift, mask) in [
        (16, 0x0000_ffff_0000_ffff),
        (8, 0x00ff_00ff_00ff_00ff),
        (4, 0x0f0f_0f0f_0f0f_0f0f),
        (2, 0x3333_3333_3333_3333),
        (1, 0x5555_5555_5555_5555),
    ] {
        x = (x | x << shift) & mask;
    }
    x
}
