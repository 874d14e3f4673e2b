//! The nearest neighbours of every vector.
//!
//! Distances come from blocked matrix products, so a few thousand vectors are compared all with
//! all. Larger sets are first compared along their principal axes only, as few as a sample of the
//! vectors shows to be enough, and the candidates so found are ranked by their whole vectors.
//! The vectors of sentences have no structure that would let a search leave most of them out: of
//! the neighbours of one, inverted lists that visit a quarter of the set miss a fifth.

mod candidates;
mod search;

use crate::map::principal::Principal;
use crate::map::progress::Progress;
use crate::map::vectors::Vectors;
pub use candidates::Candidates;
use enjamb_numeric::vector::squared_distance;
use rayon::prelude::*;
use search::{Side, search};

/// The nearest neighbours of `n` vectors, `k` each, from near to far.
#[derive(Clone, Debug, PartialEq)]
pub struct Neighbours {
    indices: Vec<u32>,
    squared_distances: Vec<f32>,
    k: usize,
}

/// Fewer vectors are compared all with all along all their numbers.
const FEW: usize = 6_000;

/// The least share of true neighbours that a search along some axes must find in a sample.
const RECALL: f64 = 0.97;

/// Vectors in that sample.
const SAMPLE: usize = 128;

/// Candidates for each neighbour.
const CANDIDATES: usize = 3;

impl Neighbours {
    /// Finds the `k` nearest neighbours of every vector, or `n - 1` where that is less.
    ///
    /// Up to 6,000 vectors all neighbours are true ones; of more, 97 in 100 or more are. Of
    /// neighbours at the same distance those that come first count.
    pub fn new(vectors: &Vectors, k: usize) -> Neighbours {
        Neighbours::watched(vectors, k, &Progress::default())
    }

    /// The same, counting the vectors that are done. If it is stopped, what comes is of no use.
    pub fn watched(vectors: &Vectors, k: usize, progress: &Progress) -> Neighbours {
        let k = k.min(vectors.len().saturating_sub(1));
        if vectors.len() > FEW
            && let Some(side) = reduce(vectors, k)
        {
            return Neighbours::among(vectors, side, CANDIDATES * k, k, progress);
        }
        Neighbours::exact_watched(vectors, k, progress)
    }

    /// The same, by comparing all vectors with all.
    pub fn exact(vectors: &Vectors, k: usize) -> Neighbours {
        Neighbours::exact_watched(vectors, k, &Progress::default())
    }

    fn exact_watched(vectors: &Vectors, k: usize, progress: &Progress) -> Neighbours {
        let k = k.min(vectors.len().saturating_sub(1));
        // Products round otherwise than differences do, which rank in the end: some to spare.
        let n_candidates = k + k / 8 + 4;
        let side = Side::new(vectors.data().into(), vectors.width());
        Neighbours::among(vectors, side, n_candidates, k, progress)
    }

    /// Ranks by whole vectors the `n_candidates` that are nearest in `side`.
    fn among(
        vectors: &Vectors,
        side: Side,
        n_candidates: usize,
        k: usize,
        progress: &Progress,
    ) -> Neighbours {
        let n = vectors.len();
        let mut indices = vec![0; n * k];
        let mut squared_distances = vec![0.0; n * k];
        if k > 0 {
            let all: Vec<u32> = (0..n as u32).collect();
            let rows = search::ROWS;
            indices
                .par_chunks_mut(rows * k)
                .zip(squared_distances.par_chunks_mut(rows * k))
                .zip(all.par_chunks(rows))
                .for_each(|((indices, distances), queries)| {
                    if progress.is_stopped() {
                        return;
                    }
                    let found = search(&side, queries, n_candidates.min(n - 1));
                    let places = indices.chunks_exact_mut(k).zip(distances.chunks_exact_mut(k));
                    for ((found, query), places) in found.into_iter().zip(queries).zip(places) {
                        rank(vectors, vectors.row(*query as usize), found, places);
                    }
                    progress.advance(queries.len());
                });
        }
        Neighbours { indices, squared_distances, k }
    }

    /// How many neighbours each vector has here.
    pub fn k(&self) -> usize {
        self.k
    }

    /// The neighbours of vector `i`.
    pub fn of(&self, i: usize) -> &[u32] {
        &self.indices[i * self.k..][..self.k]
    }

    /// The squares of the distances of vector `i` to its neighbours.
    pub fn squared_distances(&self, i: usize) -> &[f32] {
        &self.squared_distances[i * self.k..][..self.k]
    }
}

/// Puts the nearest of `found` into `places`, by their whole vectors.
fn rank(vectors: &Vectors, query: &[f32], found: Vec<u32>, places: (&mut [u32], &mut [f32])) {
    let distance = |i: u32| (squared_distance(vectors.row(i as usize), query), i);
    let mut ranked: Vec<(f32, u32)> = found.into_iter().map(distance).collect();
    let k = places.0.len();
    ranked.select_nth_unstable_by(k - 1, candidates::order);
    ranked[..k].sort_unstable_by(candidates::order);
    for ((i, distance), ranked) in places.0.iter_mut().zip(places.1).zip(ranked) {
        (*distance, *i) = ranked;
    }
}

/// The vectors along the fewest axes with which a search finds enough of the true neighbours of
/// a sample; nothing if these were no fewer than two thirds of the width.
fn reduce(vectors: &Vectors, k: usize) -> Option<Side<'static>> {
    const STEP: usize = 32;
    let (n, width) = (vectors.len(), vectors.width());
    let most = (width * 2 / 3) / STEP * STEP;
    if most == 0 {
        return None;
    }
    let sample: Vec<u32> = (0..SAMPLE).map(|i| (i * n / SAMPLE) as u32).collect();
    let whole = Side::new(vectors.data().into(), width);
    let projected = Principal::rough(vectors, most).project(vectors);
    let expected = search(&whole, &sample, k);
    let suffices = |n_axes: usize| {
        let side = Side::new(columns(&projected, most, n_axes).into(), n_axes);
        let found = search(&side, &sample, CANDIDATES * k);
        let hits = |(expected, found): (&Vec<u32>, &Vec<u32>)| {
            expected.iter().filter(|i| found.contains(i)).count()
        };
        let n_hits: usize = expected.iter().zip(&found).map(hits).sum();
        (n_hits as f64 >= RECALL * (SAMPLE * k) as f64).then_some(side)
    };
    // By halving: more axes never find less, but for chance.
    let (mut too_few, mut enough, mut best) = (0, most / STEP + 1, None);
    while enough - too_few > 1 {
        let middle = (too_few + enough) / 2;
        match suffices(middle * STEP) {
            Some(side) => (enough, best) = (middle, Some(side)),
            None => too_few = middle,
        }
    }
    best
}

/// The first `n_columns` of rows of `width`.
fn columns(data: &[f32], width: usize, n_columns: usize) -> Vec<f32> {
    data.chunks_exact(width).flat_map(|row| &row[..n_columns]).copied().collect()
}

#[cfg(test)]
mod tests;
