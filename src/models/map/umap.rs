//! UMAP, epoch by epoch (McInnes, Healy and Melville 2018): tighter clumps than t-SNE's, and more of
//! how the clumps lie to one another.
//!
//! As umap-learn 0.5 does it, from the principal axes: along each edge points are drawn together as
//! often as it weighs, and pushed away from some others by chance. One thread does so, point after
//! point, so the same seed always gives the same map.

mod graph;

use crate::map::forces::Point;
use crate::map::neighbours::Neighbours;
use crate::map::principal::pca;
use crate::map::progress::Progress;
use crate::map::vectors::{MapError, Vectors};
use enjamb_numeric::chance::uniform;
use graph::{Edge, edges};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};

/// How a map is made. Defaults are umap-learn's.
#[derive(Clone, Debug, PartialEq)]
pub struct UmapSettings {
    /// How many points a neighbourhood has, with the one in its middle; 2 or more.
    pub n_neighbours: usize,
    /// How often each edge draws, at most; none for 500, or 200 if there are more than 10,000 points.
    pub epochs: Option<usize>,
    /// Seed of all chance.
    pub seed: u64,
}

impl Default for UmapSettings {
    fn default() -> UmapSettings {
        UmapSettings { n_neighbours: 15, epochs: None, seed: 0 }
    }
}

/// The curve 1 / (1 + a d^2b) that falls as UMAP's should with a `min_dist` of 0.1 and a `spread` of 1.
const A: f32 = 1.576_943_5;
const B: f32 = 0.895_060_9;

/// How many points push for each that draws.
const PUSHES: f32 = 5.0;

/// The longest pull or push along an axis.
const LONGEST: f32 = 4.0;

/// How wide a map is at first.
const FIRST_WIDTH: f32 = 10.0;
/// Chance in that, which parts points that coincide.
const JITTER: f32 = 1e-3;

/// A map in the making.
pub struct Umap {
    edges: Vec<Drawn>,
    points: Vec<Point>,
    rng: ChaCha8Rng,
    epoch: usize,
    n_epochs: usize,
}

/// An edge, and when it draws and pushes.
struct Drawn {
    from: u32,
    to: u32,
    /// Epochs from one time to the next.
    period: f32,
    next: f32,
    next_push: f32,
}

impl Umap {
    /// Finds out which vectors belong together, and lays them out along their principal axes, or as
    /// `initial` says.
    ///
    /// # Errors
    ///
    /// If there are fewer than 2 points in a neighbourhood, or the layout has not a point for each
    /// vector, or one that is not finite.
    pub fn new(
        vectors: &Vectors,
        initial: Option<Vec<Point>>,
        settings: UmapSettings,
    ) -> Result<Umap, MapError> {
        Umap::watched(vectors, initial, settings, &Progress::default())
    }

    /// The same, while somebody watches how many vectors have found their neighbours.
    ///
    /// # Errors
    ///
    /// As [`new`](Self::new).
    pub fn watched(
        vectors: &Vectors,
        initial: Option<Vec<Point>>,
        settings: UmapSettings,
        progress: &Progress,
    ) -> Result<Umap, MapError> {
        let (n, k) = (vectors.len(), settings.n_neighbours);
        if k < 2 {
            return Err(MapError::new(format!(
                "{k} points in a neighbourhood, expected 2 or more"
            )));
        }
        let mut points = initial.unwrap_or_else(|| pca(vectors));
        if points.len() != n || !points.as_flattened().iter().all(|x| x.is_finite()) {
            let n_points = points.len();
            return Err(MapError::new(format!(
                "the layout has {n_points} points for {n} vectors, or one that is no place"
            )));
        }
        let mut rng = ChaCha8Rng::seed_from_u64(settings.seed);
        widen(&mut points, &mut rng);
        let n_epochs = settings.epochs.unwrap_or(if n <= 10_000 { 500 } else { 200 });
        let neighbours = Neighbours::watched(vectors, k - 1, progress);
        let edges = edges(&neighbours, n);
        let heaviest = edges.iter().fold(0.0, |heaviest: f32, edge| heaviest.max(edge.weight));
        let drawn = |edge: Edge| {
            let period = heaviest / edge.weight;
            let (Edge { from, to, .. }, next_push) = (edge, period / PUSHES);
            // What would draw less than once, does not.
            (period <= n_epochs as f32).then_some(Drawn {
                from,
                to,
                period,
                next: period,
                next_push,
            })
        };
        let edges = edges.into_iter().filter_map(drawn).collect();
        Ok(Umap { edges, points, rng, epoch: 0, n_epochs })
    }

    /// Moves the points for one epoch, and gives whether there are more. After the last one it moves
    /// nothing.
    pub fn step(&mut self) -> bool {
        if self.epoch >= self.n_epochs {
            return false;
        }
        let (now, n) = (self.epoch as f32, self.points.len() as u64);
        let rate = 1.0 - now / self.n_epochs as f32;
        for edge in &mut self.edges {
            if edge.next > now {
                continue;
            }
            let (from, to) = (edge.from as usize, edge.to as usize);
            let mut point = self.points[from];
            let mut other = self.points[to];
            let difference = [point[0] - other[0], point[1] - other[1]];
            let pull = pull(square(difference));
            for axis in 0..2 {
                let step = (pull * difference[axis]).clamp(-LONGEST, LONGEST) * rate;
                point[axis] += step;
                other[axis] -= step;
            }
            self.points[to] = other;
            edge.next += edge.period;
            let period = edge.period / PUSHES;
            let n_pushes = ((now - edge.next_push) / period).max(0.0) as usize;
            for _ in 0..n_pushes {
                // A product's upper half is as good as a remainder, and quicker.
                let by = ((u64::from(self.rng.next_u32()) * n) >> 32) as usize;
                if by == from {
                    continue;
                }
                let other = self.points[by];
                let difference = [point[0] - other[0], point[1] - other[1]];
                let push = push(square(difference));
                for axis in 0..2 {
                    point[axis] += (push * difference[axis]).clamp(-LONGEST, LONGEST) * rate;
                }
            }
            edge.next_push += n_pushes as f32 * period;
            self.points[from] = point;
        }
        self.epoch += 1;
        self.epoch < self.n_epochs
    }

    /// The points, in the order of the vectors.
    pub fn points(&self) -> &[Point] {
        &self.points
    }

    /// How many epochs have passed.
    pub fn iteration(&self) -> usize {
        self.epoch
    }

    /// How many there will be.
    pub fn n_iterations(&self) -> usize {
        self.n_epochs
    }
}

/// What draws points together, by the square of their distance: the logarithm's derivative of the
/// curve.
fn pull(square: f32) -> f32 {
    if square > 0.0 {
        let power = square.powf(B);
        -2.0 * A * B * power / (square * (1.0 + A * power))
    } else {
        0.0
    }
}

/// What pushes them apart.
fn push(square: f32) -> f32 {
    if square > 0.0 { 2.0 * B / ((0.001 + square) * (1.0 + A * square.powf(B))) } else { 0.0 }
}

fn square([x, y]: Point) -> f32 {
    x * x + y * y
}

/// Brings points to where UMAP begins: their longer side is 10, and no two coincide.
fn widen(points: &mut [Point], rng: &mut ChaCha8Rng) {
    let all = || points.iter();
    let bounds = [0, 1].map(|axis| {
        let (low, high) = (f32::INFINITY, f32::NEG_INFINITY);
        all().fold((low, high), |(low, high), p| (low.min(p[axis]), high.max(p[axis])))
    });
    let width = bounds.iter().fold(0.0, |width: f32, (low, high)| width.max(high - low));
    let scale = if width > f32::MIN_POSITIVE { FIRST_WIDTH / width } else { 0.0 };
    for point in points {
        for (x, (low, _)) in point.iter_mut().zip(bounds) {
            let jitter = (uniform(rng) as f32 - 0.5) * JITTER;
            *x = (*x - low) * scale - FIRST_WIDTH / 2.0 + jitter;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::map::tsne::tests::clumps;
    use proptest::prelude::*;

    fn laid_out(vectors: &Vectors, settings: UmapSettings) -> Vec<Point> {
        let mut umap = Umap::new(vectors, None, settings).unwrap();
        while umap.step() {}
        umap.points().to_vec()
    }

    #[test]
    fn clumps_stay_together() {
        let (n, vectors) = (60, clumps(60, 12));
        let points = laid_out(&vectors, UmapSettings::default());
        let clump = |c: usize| &points[c * n..(c + 1) * n];
        let middle = |c: usize| {
            let sum = clump(c).iter().fold([0.0; 2], |s: Point, p| [s[0] + p[0], s[1] + p[1]]);
            sum.map(|x| x / n as f32)
        };
        let far = |a: Point, b: Point| square([a[0] - b[0], a[1] - b[1]]).sqrt();
        for c in 0..3 {
            let own = clump(c).iter().map(|p| far(*p, middle(c))).sum::<f32>() / n as f32;
            for other in (0..3).filter(|other| *other != c) {
                assert!(far(middle(c), middle(other)) > 2.0 * own, "{c} {other}");
            }
        }
    }

    #[test]
    fn the_same_seed_is_the_same_map() {
        let vectors = clumps(40, 6);
        let settings = |seed| UmapSettings { seed, epochs: Some(50), ..UmapSettings::default() };
        assert_eq!(laid_out(&vectors, settings(1)), laid_out(&vectors, settings(1)));
        assert_ne!(laid_out(&vectors, settings(1)), laid_out(&vectors, settings(2)));
    }

    #[test]
    fn what_is_wrong_is_refused() {
        let vectors = clumps(2, 3);
        let none = UmapSettings { n_neighbours: 1, ..UmapSettings::default() };
        assert!(Umap::new(&vectors, None, none).is_err());
        for layout in [vec![[0.0; 2]; 5], vec![[f32::NAN; 2]; 6]] {
            assert!(Umap::new(&vectors, Some(layout), UmapSettings::default()).is_err());
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]

        #[test]
        fn points_are_finite_whatever_the_vectors(
            numbers in prop::collection::vec(
                prop::sample::select(vec![0.0, 1.0, -1.0, 0.3, 1e30, -3e38, 1e-30, 1e-42]), 0..60
            ),
            width in 1usize..4
        ) {
            let n = numbers.len() / width;
            let vectors = Vectors::new(numbers[..n * width].to_vec(), width).unwrap();
            let settings = UmapSettings { epochs: Some(30), ..UmapSettings::default() };
            let points = laid_out(&vectors, settings);
            prop_assert_eq!(points.len(), n);
            prop_assert!(points.iter().flatten().all(|x| x.abs() < 1e4));
        }
    }
}
