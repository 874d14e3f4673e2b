//! The vectors that a map is made of: checked, and moved to their common centre.

use std::error::Error;
use std::fmt;

/// Why vectors or settings were refused, in plain words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MapError(String);

impl MapError {
    /// An error that says `words`.
    pub fn new(words: impl Into<String>) -> MapError {
        MapError(words.into())
    }
}

impl fmt::Display for MapError {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Error for MapError {}

/// `n` vectors of `width` numbers.
///
/// Only the distances between vectors matter to a map, and only their ratios. So the vectors are
/// kept less their mean, which makes distances from dot products exact to more digits, and are
/// brought to sizes whose squares an `f32` holds.
#[derive(Clone, Debug)]
pub struct Vectors {
    data: Vec<f32>,
    width: usize,
    mean: Vec<f32>,
    scale: f32,
}

/// Numbers beyond these are scaled, since their squares summed over a vector might overflow or
/// vanish.
const LARGE: f32 = 1e12;
const SMALL: f32 = 1e-12;

impl Vectors {
    /// Takes vectors that follow one another in `data`.
    ///
    /// # Errors
    ///
    /// If `width` is 0, `data` is not a whole number of vectors, or a vector has a number that is
    /// not finite; the message says which vector, counted from 0.
    pub fn new(mut data: Vec<f32>, width: usize) -> Result<Vectors, MapError> {
        if width == 0 {
            return Err(MapError::new("vectors need at least one number each"));
        }
        if !data.len().is_multiple_of(width) {
            let (n, rest) = (data.len() / width, data.len() % width);
            return Err(MapError::new(format!(
                "vector {n} has {rest} numbers, expected {width} like the others"
            )));
        }
        for (i, row) in data.chunks_exact(width).enumerate() {
            check_finite(row, || format!("vector {i}"))?;
        }
        let largest = data.iter().fold(0.0, |largest: f32, x| largest.max(x.abs()));
        let is_usual = largest == 0.0 || (SMALL..LARGE).contains(&largest);
        // A denormal's reciprocal would be infinite.
        let scale = if is_usual { 1.0 } else { 1.0 / largest.max(1e-37) };
        data.iter_mut().for_each(|x| *x *= scale);
        let n = (data.len() / width).max(1);
        let mut sums = vec![0.0; width];
        for row in data.chunks_exact(width) {
            sums.iter_mut().zip(row).for_each(|(sum, x)| *sum += f64::from(*x));
        }
        let mean: Vec<f32> = sums.iter().map(|sum| (sum / n as f64) as f32).collect();
        for row in data.chunks_exact_mut(width) {
            row.iter_mut().zip(&mean).for_each(|(x, mean)| *x -= mean);
        }
        Ok(Vectors { data, width, mean, scale })
    }

    /// How many vectors there are.
    pub fn len(&self) -> usize {
        self.data.len() / self.width
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.data.is_empty()
    }

    /// How many numbers a vector has.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Vector `i`, less the mean.
    pub fn row(&self, i: usize) -> &[f32] {
        &self.data[i * self.width..][..self.width]
    }

    /// All vectors, less the mean, one after the other: `[n, width]`.
    pub fn data(&self) -> &[f32] {
        &self.data
    }

    /// Another vector as these are kept: scaled, and less their mean.
    ///
    /// # Errors
    ///
    /// If `vector` has another width, or a number that is not finite.
    pub fn moved(&self, vector: &[f32]) -> Result<Vec<f32>, MapError> {
        if vector.len() != self.width {
            let (got, expected) = (vector.len(), self.width);
            return Err(MapError::new(format!(
                "the vector has {got} numbers, the map's have {expected}"
            )));
        }
        check_finite(vector, || "the vector".to_owned())?;
        // A vector that is much further out than all others counts as less far out.
        let moved = |(x, mean): (&f32, &f32)| (x * self.scale).clamp(-LARGE, LARGE) - mean;
        Ok(vector.iter().zip(&self.mean).map(moved).collect())
    }
}

fn check_finite(vector: &[f32], name: impl Fn() -> String) -> Result<(), MapError> {
    match vector.iter().position(|x| !x.is_finite()) {
        Some(at) => {
            let (name, x) = (name(), vector[at]);
            Err(MapError::new(format!("{name} has {x} at place {at}, which is no finite number")))
        }
        None => Ok(()),
    }
}
