//! Vectors in 8 bits and along few axes, for finding those that are near to one quickly.
//!
//! A map of 50,000 sentences has 100 MB of vectors, which take longer to read than a new sentence may
//! take to be placed. Here they are a sixteenth of that, and stay in the cache. What is found is ranked
//! by the whole vectors afterwards.

use crate::map::neighbours::Candidates;
use crate::map::principal::Principal;
use crate::map::vectors::{MapError, Vectors};
use enjamb_numeric::vector::{byte_products, dot};

/// Vectors that are compared before the nearest are kept.
const BLOCK: usize = 256;

/// Numbers that are few enough to be kept all.
const FEW: usize = 1 << 22;

/// Axes that the vectors of larger sets are kept along, and vectors that these are found by.
const AXES: usize = 128;
const SAMPLE: usize = 4096;

/// For each vector that is wanted so many must be ranked, and some more.
const FACTOR: usize = 2;
const FACTOR_ALONG_AXES: usize = 16;
const MORE: usize = 32;

/// Each vector as whole numbers in -127..127, with what one of them stands for.
pub struct Quantized {
    /// None where all numbers are kept.
    axes: Option<Principal>,
    /// `[n, width]`
    numbers: Vec<i8>,
    scales: Vec<f32>,
    squares: Vec<f32>,
    width: usize,
}

impl Quantized {
    /// Of vectors, as they are kept.
    pub fn new(vectors: &Vectors) -> Quantized {
        let is_few = vectors.data().len() <= FEW || vectors.width() <= AXES;
        let axes = (!is_few).then(|| axes_of(vectors).ok()).flatten();
        let along = axes.as_ref().map(|axes| axes.project(vectors));
        let (rows, width) = match &along {
            Some(along) => (&along[..], AXES),
            None => (vectors.data(), vectors.width()),
        };
        let (mut numbers, mut scales, mut squares) = (Vec::new(), Vec::new(), Vec::new());
        numbers.reserve_exact(rows.len());
        for row in rows.chunks_exact(width) {
            let scale = scale_of(row);
            numbers.extend(row.iter().map(|x| (x / scale).round() as i8));
            scales.push(scale);
            squares.push(dot(row, row));
        }
        Quantized { axes, numbers, scales, squares, width }
    }

    /// Those among which the `k` nearest to `query`, which is [moved](Vectors::moved), are nearly
    /// always: some times as many, in no order.
    pub fn candidates(&self, query: &[f32], k: usize) -> Vec<u32> {
        let along = self.axes.as_ref().map(|axes| axes.along(query));
        let query = along.as_deref().unwrap_or(query);
        let factor = if self.axes.is_some() { FACTOR_ALONG_AXES } else { FACTOR };
        let scale = scale_of(query);
        let query: Vec<i16> = query.iter().map(|x| (x / scale).round() as i16).collect();
        let mut candidates = Candidates::new(factor * k + MORE);
        let mut distances = [0.0; BLOCK];
        let blocks = self.numbers.chunks(BLOCK * self.width);
        let of_blocks = self.scales.chunks(BLOCK).zip(self.squares.chunks(BLOCK));
        for ((numbers, (scales, squares)), first) in blocks.zip(of_blocks).zip((0..).step_by(BLOCK))
        {
            let distances = &mut distances[..scales.len()];
            byte_products(distances, numbers, &query);
            for ((distance, row), square) in distances.iter_mut().zip(scales).zip(squares) {
                // Less the square of the query, which is the same for all.
                *distance = square - 2.0 * *distance * row * scale;
            }
            candidates.offer(first, distances);
        }
        candidates.into_indices()
    }
}

/// The axes along which some of the vectors differ most.
fn axes_of(vectors: &Vectors) -> Result<Principal, MapError> {
    let n = vectors.len();
    let sample = (0..SAMPLE.min(n)).flat_map(|i| vectors.row(i * n / SAMPLE.min(n))).copied();
    Ok(Principal::rough(&Vectors::new(sample.collect(), vectors.width())?, AXES))
}

/// What 1 stands for; never 0.
fn scale_of(vector: &[f32]) -> f32 {
    vector.iter().fold(f32::MIN_POSITIVE, |largest, x| largest.max(x.abs())) / 127.0
}
