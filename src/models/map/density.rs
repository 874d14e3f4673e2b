//! How densely points lie on a map: a kernel density estimate on a grid.
//!
//! `density(c) = Σᵢ exp(-|c - pᵢ|² / 2h²)`, at the centre c of every cell, for points p and a
//! bandwidth h in map units; then divided by the greatest cell.
//!
//! A Gaussian is the product of two of one dimension, so the points are first shared out among the
//! cells around them and the grid is then blurred along its rows and its columns. Each point is
//! shared among four cells by its distance from their centres (linear binning: Wand, Fast
//! computation of multivariate kernel estimators, 1994), for which cells should be no wider than h.

/// Bandwidths, in map units, that [`bandwidth`] stays within.
const BANDWIDTHS: [f32; 2] = [0.02, 0.25];
/// The rule of thumb is for one hill and would flatten a landscape of many: this share of it is used.
const SHARE: f32 = 0.4;
/// The kernel is cut off at this many bandwidths, where it is less than a two-thousandth.
const REACH: f32 = 4.0;

/// The density of points in each cell of a grid that covers the map, -1..1 both ways.
#[derive(Clone, Debug, PartialEq)]
pub struct Density {
    /// Cells in a row, C.
    pub columns: usize,
    /// Cells in a column, R.
    pub rows: usize,
    /// C · R densities in 0..1, row by row from the top left. The greatest is 1, or all are 0.
    pub cells: Vec<f32>,
}

/// The bandwidth for these points, in map units: a share of Scott's rule, `σ · n^(-1/6)` in two
/// dimensions (Scott, Multivariate Density Estimation, 1992; Silverman's is the same there), where
/// σ is the points' deviation from their mean, averaged over both axes.
pub fn bandwidth(points: &[[f32; 2]]) -> f32 {
    let points: Vec<[f32; 2]> = points.iter().copied().filter(is_place).collect();
    let n = points.len().max(1) as f32;
    let variance = |axis: usize| {
        let mean = points.iter().map(|point| point[axis]).sum::<f32>() / n;
        points.iter().map(|point| (point[axis] - mean).powi(2)).sum::<f32>() / n
    };
    let deviation = ((variance(0) + variance(1)) / 2.0).sqrt();
    (SHARE * deviation * n.powf(-1.0 / 6.0)).clamp(BANDWIDTHS[0], BANDWIDTHS[1])
}

/// Whether a point is anywhere at all.
fn is_place(point: &[f32; 2]) -> bool {
    point.iter().all(|x| x.is_finite())
}

impl Density {
    /// Measures points on a grid of `columns` and `rows`, each at least 1, with a bandwidth in map
    /// units. Points beyond the map count at its edge, those that are not numbers not at all.
    pub fn new(points: &[[f32; 2]], [columns, rows]: [usize; 2], bandwidth: f32) -> Density {
        let mut density = Density { columns, rows, cells: vec![0.0; columns * rows] };
        for point in points.iter().filter(|point| is_place(point)) {
            for (cell, share) in density.around(*point) {
                density.cells[cell] += share;
            }
        }
        density.blur(bandwidth);
        let greatest = density.cells.iter().fold(0.0, |a: f32, b| a.max(*b));
        if greatest > 0.0 {
            density.cells.iter_mut().for_each(|cell| *cell /= greatest);
        }
        density
    }

    /// The density at a point, from the four cells around it; 0 where there are none.
    pub fn at(&self, point: [f32; 2]) -> f32 {
        self.around(point).into_iter().map(|(cell, share)| self.cells[cell] * share).sum()
    }

    /// The cell in which a point lies.
    pub fn cell(&self, [x, y]: [f32; 2]) -> usize {
        let along = |x: f32, n: usize| (((x + 1.0) / 2.0 * n as f32) as usize).min(n - 1);
        along(-y, self.rows) * self.columns + along(x, self.columns)
    }

    /// The point at the centre of a cell.
    pub fn centre(&self, cell: usize) -> [f32; 2] {
        let along = |i: usize, n: usize| (i as f32 + 0.5) / n as f32 * 2.0 - 1.0;
        [along(cell % self.columns, self.columns), -along(cell / self.columns, self.rows)]
    }

    /// The four cells around a point, some the same at the edge, with shares that add up to 1.
    fn around(&self, [x, y]: [f32; 2]) -> [(usize, f32); 4] {
        let along = |x: f32, n: usize| {
            let place = ((x + 1.0) / 2.0 * n as f32 - 0.5).clamp(0.0, (n - 1) as f32);
            let low = place as usize;
            (low, (low + 1).min(n - 1), place - low as f32)
        };
        let (left, right, dx) = along(x, self.columns);
        let (top, bottom, dy) = along(-y, self.rows);
        [
            (top * self.columns + left, (1.0 - dx) * (1.0 - dy)),
            (top * self.columns + right, dx * (1.0 - dy)),
            (bottom * self.columns + left, (1.0 - dx) * dy),
            (bottom * self.columns + right, dx * dy),
        ]
    }

    /// Blurs the grid along its rows, then along its columns.
    fn blur(&mut self, bandwidth: f32) {
        let kernel = kernel(bandwidth * self.columns as f32 / 2.0);
        for row in self.cells.chunks_exact_mut(self.columns) {
            let sharp = row.to_vec();
            row.fill(0.0);
            for (distance, weight) in kernel.iter().enumerate().take(sharp.len()) {
                let n = sharp.len() - distance;
                add(&mut row[..n], &sharp[distance..], *weight);
                if distance > 0 {
                    add(&mut row[distance..], &sharp[..n], *weight);
                }
            }
        }
        let kernel = self::kernel(bandwidth * self.rows as f32 / 2.0);
        let sharp = std::mem::replace(&mut self.cells, vec![0.0; self.columns * self.rows]);
        let n = self.cells.len();
        for (distance, weight) in kernel.iter().enumerate().take(self.rows) {
            let far = distance * self.columns;
            add(&mut self.cells[..n - far], &sharp[far..], *weight);
            if distance > 0 {
                add(&mut self.cells[far..], &sharp[..n - far], *weight);
            }
        }
    }
}

/// The kernel at distances 0, 1, 2 … cells, for a bandwidth in cells.
fn kernel(bandwidth: f32) -> Vec<f32> {
    let cells = (REACH * bandwidth) as usize;
    (0..=cells).map(|i| (-0.5 * (i as f32 / bandwidth.max(1e-6)).powi(2)).exp()).collect()
}

/// `out = out + x * factor`
fn add(out: &mut [f32], x: &[f32], factor: f32) {
    for (out, x) in out.iter_mut().zip(x) {
        *out += x * factor;
    }
}

#[cfg(test)]
mod test {
    use super::*;
    use rand::{Rng, SeedableRng};

    fn points(n: usize) -> Vec<[f32; 2]> {
        let mut chance = rand_chacha::ChaCha8Rng::seed_from_u64(1);
        (0..n).map(|_| [chance.random_range(-1.0..1.0), chance.random_range(-1.0..1.0)]).collect()
    }

    /// The sum over all points in every cell, as the definition says.
    fn naive(points: &[[f32; 2]], grid: &Density, bandwidth: f32) -> Vec<f32> {
        let sum = |cell| {
            let centre = grid.centre(cell);
            let square = |p: &[f32; 2]| (p[0] - centre[0]).powi(2) + (p[1] - centre[1]).powi(2);
            points.iter().map(|p| (-square(p) / (2.0 * bandwidth * bandwidth)).exp()).sum::<f32>()
        };
        let cells: Vec<f32> = (0..grid.cells.len()).map(sum).collect();
        let greatest = cells.iter().fold(0.0, |a: f32, b| a.max(*b));
        cells.iter().map(|cell| cell / greatest).collect()
    }

    #[test]
    fn agrees_with_the_definition() {
        let points: Vec<_> = points(200).iter().map(|[x, y]| [x * 0.9, y * 0.9]).collect();
        let density = Density::new(&points, [60, 40], 0.15);
        for (fast, slow) in density.cells.iter().zip(naive(&points, &density, 0.15)) {
            assert!((fast - slow).abs() < 0.01, "{fast} is not {slow}");
        }
    }

    #[test]
    fn the_first_row_is_the_top() {
        let density = Density::new(&[[-0.9, 0.9]], [10, 10], 0.1);
        assert_eq!(density.cells[0], 1.0);
        assert_eq!(density.cell([-0.9, 0.9]), 0);
        assert_eq!(density.cell([1.0, -1.0]), 99);
        assert!((density.at([-0.9, 0.9]) - 1.0).abs() < 1e-6);
        assert!((0..100).all(|cell| density.cell(density.centre(cell)) == cell));
    }

    #[test]
    fn nothing_gives_zeros_and_odd_points_no_panic() {
        assert_eq!(Density::new(&[], [3, 2], bandwidth(&[])).cells, [0.0; 6]);
        let odd = [[f32::NAN, 0.0], [f32::INFINITY, 0.0], [7.0, -7.0]];
        assert_eq!(Density::new(&odd, [3, 2], 0.0).cells, [0.0, 0.0, 0.0, 0.0, 0.0, 1.0]);
        assert_eq!(bandwidth(&[[0.5, 0.5]; 9]), BANDWIDTHS[0]);
        assert_eq!(Density::new(&[[0.5, 0.5]; 9], [1, 1], 0.1).cells, [1.0]);
    }

    #[test]
    fn more_points_show_more_detail() {
        assert!(bandwidth(&points(5000)) < bandwidth(&points(50)));
    }
}
