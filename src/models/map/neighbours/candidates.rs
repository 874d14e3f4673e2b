//! The nearest of many that are offered in passing.

use enjamb_numeric::vector::wide;
use std::cmp::Ordering;

/// From near to far, and in order of their indices where they are equally near.
pub fn order(a: &(f32, u32), b: &(f32, u32)) -> Ordering {
    a.0.total_cmp(&b.0).then(a.1.cmp(&b.1))
}

/// Distances that are looked at together: mostly none of them is near enough.
const LANES: usize = 16;

/// Keeps the `k` nearest of those offered, and some that are not among them.
pub struct Candidates {
    kept: Vec<(f32, u32)>,
    k: usize,
    limit: f32,
}

impl Candidates {
    /// None yet.
    pub fn new(k: usize) -> Candidates {
        Candidates { kept: Vec::with_capacity(2 * k + LANES), k, limit: f32::INFINITY }
    }

    /// Offers as many as there are distances, with indices from `first` on. Indices must rise from
    /// call to call.
    pub fn offer(&mut self, first: u32, distances: &[f32]) {
        if self.k == 0 {
            return;
        }
        let mut at = 0;
        while let Some(near) = next_near(distances, at, self.limit) {
            at = (near + LANES).min(distances.len());
            for (distance, i) in distances[near..at].iter().zip(first + near as u32..) {
                if *distance < self.limit {
                    self.kept.push((*distance, i));
                }
            }
            if self.kept.len() >= 2 * self.k {
                self.shrink();
            }
        }
    }

    /// The nearest with their distances, from near to far.
    pub fn nearest(mut self) -> Vec<(f32, u32)> {
        if self.kept.len() > self.k {
            self.shrink();
        }
        self.kept.sort_unstable_by(order);
        self.kept
    }

    /// The indices of the nearest, in no order.
    pub fn into_indices(mut self) -> Vec<u32> {
        if self.kept.len() > self.k {
            self.shrink();
        }
        self.kept.into_iter().map(|(_, i)| i).collect()
    }

    fn shrink(&mut self) {
        let (_, furthest, _) = self.kept.select_nth_unstable_by(self.k - 1, order);
        self.limit = furthest.0;
        self.kept.truncate(self.k);
    }
}

wide! {
    /// The first place, in steps of a chunk on from `start`, where a chunk has a distance under
    /// `limit`, or is not a whole one.
    pub fn next_near(distances: &[f32], start: usize, limit: f32) -> Option<usize> {
        let (chunks, rest) = distances[start..].as_chunks::<LANES>();
        for (at, chunk) in chunks.iter().enumerate() {
            if chunk.iter().fold(false, |any, distance| any | (*distance < limit)) {
                return Some(start + at * LANES);
            }
        }
        (!rest.is_empty()).then_some(start + chunks.len() * LANES)
    }
}
