//! Repulsion by interpolation on a grid: time grows with the number of points and with the area
//! of the map, not with the number of pairs (Linderman et al. 2019).
//!
//! The points are spread over the nodes around them, the nodes are convolved with the force by
//! Fourier transform, and the result is read off at the points. Three things are unlike FIt-SNE.
//! Points spread by cubic B-splines, corrected for in the transform (as particle-mesh Ewald sums
//! do, Essmann et al. 1995), which at the same accuracy needs about a quarter of the nodes that
//! polynomials on intervals need. The forces along x and y are convolved themselves, so no small
//! difference of large sums is taken and an `f32` is enough. And `Z` is summed in the transform,
//! which leaves three transforms to do instead of eight.

mod convolution;
mod spline;

use super::Point;
use convolution::{Convolution, Kernel};
use rayon::prelude::*;
use spline::Stencil;

/// The distance of two nodes on a large map; the force changes over a distance of 1.
const SPACING: f32 = 0.5;

/// The least distance of two nodes, on the smallest maps.
const LEAST_SPACING: f32 = 1.0 / 16.0;

/// A map less wide than this many nodes has them nearer to one another: few points push from
/// afar then, and the forces between near ones must be exact.
const LEAST_NODES: f32 = 64.0;

/// Nodes of the grid that a point reaches beyond the one before it.
const MARGIN: usize = 4;

/// The longest transform: a map wider than half of this times the spacing has outliers, which
/// would leave most of the grid empty.
const MOST_NODES: usize = 2048;

/// Points that one task reads off.
const POINTS: usize = 1024;

/// The rectangle around all points.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Extent {
    pub(super) low: Point,
    pub(super) high: Point,
}

impl Extent {
    /// Of no points it is the origin.
    pub fn of(points: &[Point]) -> Extent {
        let Some(first) = points.first() else {
            return Extent { low: [0.0; 2], high: [0.0; 2] };
        };
        let corner = |choose: fn(f32, f32) -> f32| {
            let furthest = |[x, y]: Point, p: &Point| [choose(x, p[0]), choose(y, p[1])];
            points.iter().fold(*first, furthest)
        };
        Extent { low: corner(f32::min), high: corner(f32::max) }
    }

    /// A rectangle that is larger on every side by `share` of its width and height.
    pub fn padded(self, share: f32) -> Extent {
        let pad = [0, 1].map(|axis| (self.high[axis] - self.low[axis]) * share);
        Extent {
            low: [0, 1].map(|axis| self.low[axis] - pad[axis]),
            high: [0, 1].map(|axis| self.high[axis] + pad[axis]),
        }
    }

    /// The point of the rectangle that is nearest to `point`.
    pub fn clamp(&self, point: Point) -> Point {
        [0, 1].map(|axis| point[axis].clamp(self.low[axis], self.high[axis]))
    }

    /// The nodes of the transform that covers it, or nothing if that were too many.
    pub fn n_nodes(&self) -> Option<usize> {
        let spacing = self.usual_spacing();
        self.lengths(spacing).map(|[x, y]| x * y)
    }

    fn usual_spacing(&self) -> f32 {
        let width = (self.high[0] - self.low[0]).max(self.high[1] - self.low[1]);
        let mut spacing = SPACING;
        while spacing > LEAST_SPACING && width < LEAST_NODES * spacing {
            spacing /= 2.0;
        }
        spacing
    }

    /// The usual spacing, or as much more as a map with outliers needs.
    fn possible_spacing(&self) -> f32 {
        let mut spacing = self.usual_spacing();
        while self.lengths(spacing).is_none() {
            spacing *= 2.0;
        }
        spacing
    }

    /// The length of the transform along each axis: twice the nodes, so that the two ends of the
    /// grid, which meet, do not feel each other.
    fn lengths(&self, spacing: f32) -> Option<[usize; 2]> {
        let nodes = [0, 1].map(|axis| (self.high[axis] - self.low[axis]) / spacing);
        // Not the other way round: what is no number must not pass.
        let fits = nodes.iter().all(|nodes| *nodes < (MOST_NODES / 2 - MARGIN) as f32);
        fits.then(|| nodes.map(|nodes| convolution::good_length(2 * (nodes as usize + MARGIN))))
    }
}

/// A grid over a map; it can be used again for other points.
#[derive(Default)]
pub struct Grid {
    convolution: Option<Convolution>,
}

impl Grid {
    /// Fills `forces` with `Σ_j q_ij² (y_i - y_j)` and gives `Z`; see [`super`].
    pub fn repulsion(&mut self, points: &[Point], forces: &mut [Point]) -> f64 {
        let extent = Extent::of(points);
        let spacing = extent.possible_spacing();
        let convolution = self.prepare(extent, spacing);
        let z = convolution.run(
            |weights, width| spread(points, extent, spacing, weights, width),
            &[Kernel::ForceX, Kernel::ForceY],
        );
        let [x, y] = [&convolution.results[0], &convolution.results[1]];
        let width = convolution.lengths[0];
        let tasks = forces.par_chunks_mut(POINTS).zip(points.par_chunks(POINTS));
        tasks.for_each(|(forces, points)| {
            for (force, point) in forces.iter_mut().zip(points) {
                let stencil = Stencil::new(*point, extent.low, spacing);
                *force = [stencil.read(x, width), stencil.read(y, width)];
            }
        });
        // Each point counted itself.
        (z - points.len() as f64).max(0.0)
    }

    fn prepare(&mut self, extent: Extent, spacing: f32) -> &mut Convolution {
        let lengths = extent.lengths(spacing).expect("a spacing at which the map fits");
        let fits = |convolution: &Convolution| {
            convolution.lengths == lengths && convolution.spacing == spacing
        };
        match self.convolution.take_if(|convolution| fits(convolution)) {
            Some(convolution) => self.convolution.insert(convolution),
            None => self.convolution.insert(Convolution::new(lengths, spacing)),
        }
    }
}

/// What a fixed set of points does to one more point, anywhere within its extent.
pub struct Field {
    extent: Extent,
    spacing: f32,
    width: usize,
    /// The force along x and y, and the sum of `q`, at every node.
    nodes: [Vec<f32>; 3],
}

impl Field {
    /// The field of `points`, which reaches beyond them by a quarter of their extent.
    pub fn new(points: &[Point]) -> Field {
        const PADDING: f32 = 0.25;
        let extent = Extent::of(points).padded(PADDING);
        let spacing = extent.possible_spacing();
        let mut grid = Grid::default();
        let convolution = grid.prepare(extent, spacing);
        convolution.run(
            |weights, width| spread(points, extent, spacing, weights, width),
            &[Kernel::ForceX, Kernel::ForceY, Kernel::Q],
        );
        let nodes = std::mem::take(&mut convolution.results);
        let nodes = nodes.try_into().expect("a result for each of three kernels");
        Field { extent, spacing, width: convolution.lengths[0], nodes }
    }

    /// The rectangle where the field is known.
    pub fn extent(&self) -> Extent {
        self.extent
    }

    /// `Σ_j q_j² (y - y_j)` and `Σ_j q_j` for a point at `y`, which lies within the extent.
    pub fn at(&self, y: Point) -> (Point, f32) {
        let stencil = Stencil::new(self.extent.clamp(y), self.extent.low, self.spacing);
        let [force_x, force_y, q] =
            self.nodes.each_ref().map(|nodes| stencil.read(nodes, self.width));
        ([force_x, force_y], q)
    }
}

fn spread(points: &[Point], extent: Extent, spacing: f32, weights: &mut [f32], width: usize) {
    for point in points {
        Stencil::new(*point, extent.low, spacing).add(weights, width);
    }
}
