//! Puts new vectors on a finished map, whose points stay where they are.
//!
//! As openTSNE's `transform` does: a new point starts at the median of its nearest neighbours and
//! is drawn by them, and pushed by all, for some iterations (Poličar, Stražar and Zupan 2023). All
//! pushes are known before, on a grid, so most of the time goes into finding the neighbours.

use crate::model::map::affinities::{Affinities, calibrate};
use crate::model::map::forces::Point;
use crate::model::map::forces::grid::Field;
use crate::model::map::neighbours::nearest;
use crate::model::map::vectors::{MapError, Vectors};

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
    points: Vec<Point>,
    field: Field,
}

impl Places {
    /// Of vectors and their points, one for each.
    ///
    /// # Errors
    ///
    /// If there are none, or not as many of both, or a point is not finite.
    pub fn new(vectors: Vectors, points: Vec<Point>) -> Result<Places, MapError> {
        if points.is_empty() || points.len() != vectors.len() {
            let (n, n_points) = (vectors.len(), points.len());
            return Err(MapError::new(format!("there are {n_points} points for {n} vectors")));
        }
        if let Some(i) = points.iter().position(|point| !point.iter().all(|x| x.abs() < 1e9)) {
            return Err(MapError::new(format!("point {i} of the map is at no usual place")));
        }
        let field = Field::new(&points);
        Ok(Places { vectors, points, field })
    }

    /// Where `vector` belongs.
    ///
    /// # Errors
    ///
    /// If it has another width than the map's, or a number that is not finite.
    pub fn place(&self, vector: &[f32]) -> Result<Point, MapError> {
        let vector = self.vectors.moved(vector)?;
        let (indices, distances) =
            nearest(&self.vectors, &vector, Affinities::n_neighbours(PERPLEXITY));
        let mut weights = vec![0.0; indices.len()];
        calibrate(&distances, PERPLEXITY.min(weights.len() as f32 / 3.0).max(1.0), &mut weights);
        let neighbours: Vec<Point> = indices.iter().map(|i| self.points[*i as usize]).collect();
        Ok(self.settle(&neighbours, &weights))
    }

    /// Gradient descent, as [`optimise`](crate::model::map::optimise) does it, for one point.
    fn settle(&self, neighbours: &[Point], weights: &[f32]) -> Point {
        let mut point = [0, 1].map(|axis| median(neighbours.iter().map(|p| p[axis]).collect()));
        let mut step = [0.0; 2];
        let mut gain = [1.0; 2];
        for _ in 0..ITERATIONS {
            let (push, z) = self.field.at(point);
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
            point = self.field.extent().clamp([point[0] + step[0], point[1] + step[1]]);
        }
        point
    }
}

/// The middle one, or the mean of the middle two.
fn median(mut x: Vec<f32>) -> f32 {
    x.sort_unstable_by(f32::total_cmp);
    (x[(x.len() - 1) / 2] + x[x.len() / 2]) / 2.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::map::optimise::{Projection, Settings, tests::clumps};

    #[test]
    fn a_vector_is_placed_among_those_like_it() {
        let n = 60;
        let vectors = clumps(n, 8);
        let mut projection = Projection::new(&vectors, None, Settings::default()).unwrap();
        while projection.step() {}
        let places = Places::new(vectors.clone(), projection.points().to_vec()).unwrap();
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
    fn a_map_of_one_point_takes_another() {
        let vectors = Vectors::new(vec![1.0, 2.0], 2).unwrap();
        let places = Places::new(vectors.clone(), vec![[0.0; 2]]).unwrap();
        assert!(places.place(&[3.0, 4.0]).unwrap().iter().all(|x| x.is_finite()));
        let none = Vectors::new(vec![], 2).unwrap();
        assert!(Places::new(none, Vec::new()).is_err());
    }
}
