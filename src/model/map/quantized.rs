//! Vectors in 8 bits, for finding those that are near to one quickly.
//!
//! A map of 50,000 sentences has 100 MB of vectors, which take longer to read than a new sentence
//! may take to be placed; in 8 bits they are a quarter of that. What is found is ranked by the whole
//! vectors afterwards.

use crate::model::map::neighbours::Candidates;
use crate::model::map::vectors::Vectors;
use crate::model::vector::{dot, wide};

/// Vectors that are compared before the nearest are kept.
const BLOCK: usize = 256;

/// Each vector as whole numbers in -127..127, with what one of them stands for.
pub struct Quantized {
    /// `[n, width]`
    numbers: Vec<i8>,
    scales: Vec<f32>,
    squares: Vec<f32>,
    width: usize,
}

impl Quantized {
    /// Of vectors, as they are kept.
    pub fn new(vectors: &Vectors) -> Quantized {
        let width = vectors.width();
        let mut quantized = Quantized {
            numbers: Vec::with_capacity(vectors.data().len()),
            scales: Vec::with_capacity(vectors.len()),
            squares: Vec::with_capacity(vectors.len()),
            width,
        };
        for row in vectors.data().chunks_exact(width) {
            let scale = scale_of(row);
            quantized.numbers.extend(row.iter().map(|x| (x / scale).round() as i8));
            quantized.scales.push(scale);
            quantized.squares.push(dot(row, row));
        }
        quantized
    }

    /// About the `k` nearest to `query`, in no order. Distances are right to some thousandths of the
    /// vectors' lengths.
    pub fn nearest(&self, query: &[f32], k: usize) -> Vec<u32> {
        let scale = scale_of(query);
        let query: Vec<i16> = query.iter().map(|x| (x / scale).round() as i16).collect();
        let mut candidates = Candidates::new(k);
        let mut distances = [0.0; BLOCK];
        let blocks = self.numbers.chunks(BLOCK * self.width);
        let of_blocks = self.scales.chunks(BLOCK).zip(self.squares.chunks(BLOCK));
        for ((numbers, (scales, squares)), first) in blocks.zip(of_blocks).zip((0..).step_by(BLOCK))
        {
            let distances = &mut distances[..scales.len()];
            products(distances, numbers, &query);
            for ((distance, row), square) in distances.iter_mut().zip(scales).zip(squares) {
                // Less the square of the query, which is the same for all.
                *distance = square - 2.0 * *distance * row * scale;
            }
            candidates.offer(first, distances);
        }
        candidates.into_indices()
    }
}

/// What 1 stands for; never 0.
fn scale_of(vector: &[f32]) -> f32 {
    vector.iter().fold(f32::MIN_POSITIVE, |largest, x| largest.max(x.abs())) / 127.0
}

wide! {
    /// The products of rows with a query of their width.
    pub fn products(out: &mut [f32], rows: &[i8], query: &[i16]) {
        for (out, row) in out.iter_mut().zip(rows.chunks_exact(query.len())) {
            let pairs = row.iter().zip(query);
            *out = pairs.map(|(a, b)| i32::from(*a) * i32::from(*b)).sum::<i32>() as f32;
        }
    }
}
