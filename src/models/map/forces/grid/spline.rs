//! The nodes around a point, weighed by a cubic B-spline.

use crate::map::forces::Point;

/// Nodes along each axis.
const SUPPORT: usize = 4;

/// Four nodes by four, and their weights, which add up to 1.
pub struct Stencil {
    column: usize,
    row: usize,
    x: [f32; SUPPORT],
    y: [f32; SUPPORT],
}

impl Stencil {
    /// Around `point`, on a grid whose second node along both axes lies at `low`.
    #[inline(always)]
    pub fn new(point: Point, low: Point, spacing: f32) -> Stencil {
        let [(column, x), (row, y)] = [0, 1].map(|axis| {
            let at = (point[axis] - low[axis]) / spacing;
            let node = at as usize;
            (node, weights(at - node as f32))
        });
        Stencil { column, row, x, y }
    }

    /// Adds the weights to nodes, which lie row by row, `width` apart.
    #[inline(always)]
    pub fn add(&self, nodes: &mut [f32], width: usize) {
        for (i, y) in self.y.iter().enumerate() {
            let start = (self.row + i) * width + self.column;
            for (node, x) in nodes[start..start + SUPPORT].iter_mut().zip(self.x) {
                *node += x * y;
            }
        }
    }

    /// The mean of nodes by the weights.
    #[inline(always)]
    pub fn read(&self, nodes: &[f32], width: usize) -> f32 {
        let mut sums = [0.0; SUPPORT];
        for (i, y) in self.y.iter().enumerate() {
            let start = (self.row + i) * width + self.column;
            for (sum, node) in sums.iter_mut().zip(&nodes[start..start + SUPPORT]) {
                *sum += node * y;
            }
        }
        sums.iter().zip(self.x).map(|(sum, x)| sum * x).sum()
    }
}

/// The spline at the node before a point, at those on both sides of it, and at the one after;
/// `t` from 0 to 1 is where the point lies between the inner two.
#[inline(always)]
fn weights(t: f32) -> [f32; SUPPORT] {
    let s = 1.0 - t;
    let inner = |t: f32| (4.0 - 6.0 * t * t + 3.0 * t * t * t) / 6.0;
    [s * s * s / 6.0, inner(t), inner(s), t * t * t / 6.0]
}
