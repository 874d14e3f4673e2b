//! Puts new vectors on a finished map, whose points stay where they are.
//!
//! On a map by t-SNE as openTSNE's `transform` does: a new point starts at the median of its nearest
//! neighbours and is drawn by them, and pushed by all, for some iterations (Poličar, Stražar and Zupan
//! 2023). All pushes are known before, on a grid, so most of the time goes into finding the
//! neighbours. On one by UMAP it is put in the middle of its neighbours, weighed in the same way; on
//! one along principal axes, along those.

use crate::map::affinities::{Affinities, calibrate};
use crate::map::forces::Point;
use crate::map::forces::grid::Field;
use crate::map::method::Method;
use crate::map::principal::Principal;
use crate::map::quantized::Quantized;
use crate::map::vectors::{MapError, Vectors};
use enjamb_numeric::vector::squared_distance;

const PERPLEXITY: f32 = 5.0;
const ITERATIONS: usize = 250;
const EXAGGERATION: f32 = 1.5;
const MOMENTUM: f32 = 0.8;
const RATE: f32 = 0.1;

/// The largest gradient: what falls between the others shall not be flung out.
const STEEPEST: f32 = 0.25;

/// A finished map.
pub struct Places {
    vectors: Vectors,
    quantized: Quantized,
    points: Vec<Point>,
    rule: Rule,
}

/// Where among its neighbours a new point belongs.
enum Rule {
    Settled(Field),
    Mean,
    Along(Principal),
}

impl Places {
    /// Of vectors and their points, one for each, that were laid out by `method`.
    ///
    /// # Errors
    ///
    /// If there are none, or not as many of both, or a point is not finite.
    pub fn new(vectors: Vectors, points: Vec<Point>, method: Method) -> Result<Places, MapError> {
        if points.is_empty() || points.len() != vectors.len() {
            let (n, n_points) = (vectors.len(), points.len());
            return Err(MapError::new(format!("there are {n_points} points for {n} vectors")));
        }
        if let Some(i) = points.iter().position(|point| !point.iter().all(|x| x.abs() < 1e9)) {
            return Err(MapError::new(format!("point {i} of the map is at no usual place")));
        }
        let rule = match method {
            Method::Tsne => Rule::Settled(Field::new(&points)),
            Method::Umap => Rule::Mean,
            Method::Pca => Rule::Along(Principal::new(&vectors, 2)),
        };
        let quantized = Quantized::new(&vectors);
        Ok(Places { vectors, quantized, points, rule })
    }

    /// The `k` vectors nearest to `vector`, from near to far, and the squares of their distances.
    /// At least 99 in a hundred of them are the true ones.
    ///
    /// # Errors
    ///
    /// As [`place`](Self::place).
    pub fn nearest(&self, vector: &[f32], k: usize) -> Result<(Vec<u32>, Vec<f32>), MapError> {
        let vector = self.vectors.moved(vector)?;
        let found = self.quantized.candidates(&vector, k);
        let distance = |i: u32| (squared_distance(self.vectors.row(i as usize), &vector), i);
        let mut found: Vec<(f32, u32)> = found.into_iter().map(distance).collect();
        found.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        found.truncate(k);
        Ok(found.into_iter().map(|(distance, i)| (i, distance)).unzip())
    }

    /// Where `vector` belongs.
    ///
    /// # Errors
    ///
    /// If it has another width than the map's, or a number that is not finite.
    pub fn place(&self, vector: &[f32]) -> Result<Point, MapError> {
        if let Rule::Along(principal) = &self.rule {
            let along = principal.along(&self.vectors.moved(vector)?);
            return Ok([0, 1].map(|axis| along.get(axis).copied().unwrap_or(0.0)));
        }
        let (indices, distances) = self.nearest(vector, Affinities::n_neighbours(PERPLEXITY))?;
        let mut weights = vec![0.0; indices.len()];
        calibrate(&distances, PERPLEXITY.min(weights.len() as f32 / 3.0).max(1.0), &mut weights);
        let neighbours: Vec<Point> = indices.iter().map(|i| self.points[*i as usize]).collect();
        Ok(match &self.rule {
            Rule::Settled(field) => settle(field, &neighbours, &weights),
            _ => mean(&neighbours, &weights),
        })
    }
}

/// Gradient descent, as [`tsne`](crate::map::tsne) does it, for one point.
fn settle(field: &Field, neighbours: &[Point], weights: &[f32]) -> Point {
    let mut point = [0, 1].map(|axis| median(neighbours.iter().map(|p| p[axis]).collect()));
    let mut step = [0.0; 2];
    let mut gain = [1.0; 2];
    for _ in 0..ITERATIONS {
        let (push, z) = field.at(point);
        let z = z.max(f32::MIN_POSITIVE);
        let mut gradient = push.map(|x| -x / z);
        for (neighbour, weight) in neighbours.iter().zip(weights) {
            let [dx, dy] = [point[0] - neighbour[0], point[1] - neighbour[1]];
            let pull = EXAGGERATION * weight / (1.0 + dx * dx + dy * dy);
            gradient = [gradient[0] + pull * dx, gradient[1] + pull * dy];
        }
        let steepness = gradient[0].hypot(gradient[1]);
        let scale = if steepness > STEEPEST { STEEPEST / steepness } else { 1.0 };
        for axis in 0..2 {
            let gradient = gradient[axis] * scale;
            let turned = gradient * step[axis] > 0.0;
            gain[axis] = if turned { gain[axis] * 0.8 + 0.01 } else { gain[axis] + 0.2 };
            step[axis] = MOMENTUM * step[axis] - RATE * gain[axis] * gradient;
        }
        point = field.extent().clamp([point[0] + step[0], point[1] + step[1]]);
    }
    point
}
/// The mean of points by their weights, which add up to 1.
fn mean(points: &[Point], weights: &[f32]) -> Point {
    let pairs = points.iter().zip(weights);
    pairs.fold([0.0; 2], |[x, y], (p, weight)| [x + p[0] * weight, y + p[1] * weight])
}

/// The middle one, or the mean of the middle two.
fn median(mut x: Vec<f32>) -> f32 {
    x.sort_unstable_by(f32::total_cmp);
    (x[(x.len() - 1) / 2] + x[x.len() / 2]) / 2.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::map::tsne::{Projection, TsneSettings, tests::clumps};
    use enjamb_numeric::chance::gaussian;
    use rand_chacha::ChaCha8Rng;
    use rand_chacha::rand_core::SeedableRng;

    #[test]
    fn a_vector_is_placed_among_those_like_it() {
        let n = 60;
        let vectors = clumps(n, 8);
        let mut projection = Projection::new(&vectors, None, TsneSettings::default()).unwrap();
        while projection.step() {}
        let places =
            Places::new(vectors.clone(), projection.points().to_vec(), Method::Tsne).unwrap();
        // The clumps lie 12 out on the first three axes.
        for clump in 0..3 {
            let vector: Vec<f32> = (0..8).map(|i| if i == clump { 11.5 } else { 0.2 }).collect();
            let [x, y] = places.place(&vector).unwrap();
            let distance = |p: &Point| (p[0] - x).hypot(p[1] - y);
            let points = projection.points().iter().map(distance).enumerate();
            let nearest = points.min_by(|a, b| a.1.total_cmp(&b.1)).unwrap().0;
            assert_eq!(nearest / n, clump);
        }
        let error = places.place(&[1.0]).unwrap_err().to_string();
        assert_eq!(error, "the vector has 1 numbers, the map's have 8");
        let error = places.place(&[f32::NAN; 8]).unwrap_err().to_string();
        assert_eq!(error, "the vector has NaN at place 0, which is no finite number");
        assert!(places.place(&[f32::MAX; 8]).unwrap().iter().all(|x| x.is_finite()));
    }

    #[test]
    fn the_rule_is_that_of_the_method() {
        let data = clumps(30, 6).data().to_vec();
        let vectors = Vectors::new(data.clone(), 6).unwrap();
        let layout = crate::map::pca(&vectors);
        let places = |method| Places::new(vectors.clone(), layout.clone(), method).unwrap();
        // One that is on the map already.
        let along = places(Method::Pca).place(&data[7 * 6..8 * 6]).unwrap();
        let among = places(Method::Umap).place(&data[7 * 6..8 * 6]).unwrap();
        for axis in 0..2 {
            assert!((along[axis] - layout[7][axis]).abs() < 1e-3, "{along:?} {:?}", layout[7]);
            assert!((among[axis] - layout[7][axis]).abs() < 2.0, "{among:?} {:?}", layout[7]);
        }
    }

    #[test]
    fn nearly_all_of_the_nearest_are_true() {
        let mut rng = ChaCha8Rng::seed_from_u64(5);
        // As sentences' vectors they have directions of unequal weight. The larger set is searched
        // along its axes first.
        let (width, k) = (512, 15);
        for n in [3000, 10_000] {
            let mut numbers = |n: usize| -> Vec<f32> {
                let number = |i: usize| gaussian(&mut rng) / (1.0 + (i % width) as f32 * 0.05);
                (0..n * width).map(number).collect()
            };
            let (vectors, queries) = (numbers(n), numbers(50));
            let points = (0..n).map(|i| [(i % 64) as f32, (i / 64) as f32]).collect();
            let data = Vectors::new(vectors.clone(), width).unwrap();
            let places = Places::new(data, points, Method::Umap).unwrap();
            let mut n_true = 0;
            for query in queries.chunks_exact(width) {
                let (found, distances) = places.nearest(query, k).unwrap();
                assert!(distances.is_sorted() && found.len() == k);
                let distance = |i: &usize| squared_distance(&vectors[i * width..][..width], query);
                let mut all: Vec<(f32, usize)> = (0..n).map(|i| (distance(&i), i)).collect();
                all.sort_by(|a, b| a.0.total_cmp(&b.0));
                let is_found = |(_, i): &&(f32, usize)| found.contains(&(*i as u32));
                n_true += all[..k].iter().filter(is_found).count();
            }
            assert!(n_true as f64 > 0.99 * (50 * k) as f64, "{n}: {n_true} of {}", 50 * k);
        }
    }

    #[test]
    fn a_map_of_one_point_takes_another() {
        let vectors = Vectors::new(vec![1.0, 2.0], 2).unwrap();
        let places = Places::new(vectors.clone(), vec![[0.0; 2]], Method::Tsne).unwrap();
        assert!(places.place(&[3.0, 4.0]).unwrap().iter().all(|x| x.is_finite()));
        let none = Vectors::new(vec![], 2).unwrap();
        assert!(Places::new(none, Vec::new(), Method::Tsne).is_err());
    }
}
