//! How much each two points of a map belong together: the probabilities P of t-SNE.
//!
//! Around every vector lies a Gaussian, as wide as gives its nearest neighbours the perplexity
//! that is asked for; P is the mean of both directions (van der Maaten and Hinton 2008, with
//! nearest neighbours only as van der Maaten 2014).

mod calibrate;

pub use calibrate::calibrate;

use crate::map::neighbours::Neighbours;
use rayon::prelude::*;

/// A sparse symmetric matrix `[n, n]`, whose elements are not negative and add up to 1.
#[derive(Clone, Debug, PartialEq)]
pub struct Affinities {
    /// Where each row starts in the other two, and where the last one ends.
    starts: Vec<usize>,
    columns: Vec<u32>,
    values: Vec<f32>,
}

/// Rows that one task computes.
const ROWS: usize = 256;

impl Affinities {
    /// How many neighbours a perplexity needs.
    pub fn n_neighbours(perplexity: f32) -> usize {
        (3.0 * perplexity) as usize
    }

    /// From [`n_neighbours`](Self::n_neighbours) of each of `n` vectors. The perplexity is lowered
    /// to a third of what neighbours there are, but not under 1.
    pub fn new(neighbours: &Neighbours, n: usize, perplexity: f32) -> Affinities {
        let k = neighbours.k();
        if k == 0 {
            return Affinities { starts: vec![0; n + 1], columns: vec![], values: vec![] };
        }
        let perplexity = perplexity.min(k as f32 / 3.0).max(1.0);
        let mut conditional = vec![0.0; n * k];
        conditional.par_chunks_mut(k * ROWS).enumerate().for_each(|(chunk, rows)| {
            for (row, i) in rows.chunks_exact_mut(k).zip(chunk * ROWS..) {
                calibrate(neighbours.squared_distances(i), perplexity, row);
            }
        });
        symmetrize(neighbours, &conditional, n)
    }

    /// How many points there are.
    pub fn len(&self) -> usize {
        self.starts.len() - 1
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The columns and values of row `i`; columns rise.
    pub fn row(&self, i: usize) -> (&[u32], &[f32]) {
        let range = self.starts[i]..self.starts[i + 1];
        (&self.columns[range.clone()], &self.values[range])
    }

    /// All elements that are not 0, row by row.
    pub fn values(&self) -> &[f32] {
        &self.values
    }
}

/// The mean of a matrix of `k` elements a row and its transpose, divided by `n`.
fn symmetrize(neighbours: &Neighbours, conditional: &[f32], n: usize) -> Affinities {
    let k = neighbours.k();
    let scale = 0.5 / n as f32;
    // The transpose, whose rows come out in order of their columns.
    let mut ends = vec![0; n + 1];
    (0..n).flat_map(|i| neighbours.of(i)).for_each(|j| ends[*j as usize + 1] += 1);
    for i in 0..n {
        ends[i + 1] += ends[i];
    }
    let starts = ends.clone();
    let mut transposed = vec![(0, 0.0); n * k];
    for i in 0..n {
        for (j, p) in neighbours.of(i).iter().zip(&conditional[i * k..]) {
            let place = &mut ends[*j as usize];
            transposed[*place] = (i as u32, *p);
            *place += 1;
        }
    }
    let merged = |i: usize| {
        let own = neighbours.of(i).iter().copied().zip(conditional[i * k..][..k].iter().copied());
        let mut row: Vec<(u32, f32)> =
            own.chain(transposed[starts[i]..starts[i + 1]].iter().copied()).collect();
        row.sort_by_key(|(j, _)| *j);
        row.dedup_by(|later, kept| {
            let is_same = later.0 == kept.0;
            kept.1 += if is_same { later.1 } else { 0.0 };
            is_same
        });
        // Affinities that vanished in rounding would cost as much as others do.
        row.retain(|(_, p)| *p > 0.0);
        row
    };
    let rows: Vec<Vec<(u32, f32)>> = (0..n).into_par_iter().map(merged).collect();
    let mut affinities = Affinities { starts: vec![0], columns: vec![], values: vec![] };
    for row in rows {
        affinities.columns.extend(row.iter().map(|(j, _)| j));
        affinities.values.extend(row.iter().map(|(_, p)| p * scale));
        affinities.starts.push(affinities.columns.len());
    }
    affinities
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::map::vectors::Vectors;
    use proptest::prelude::*;

    fn affinities(data: Vec<f32>, width: usize, perplexity: f32) -> Affinities {
        let vectors = Vectors::new(data, width).unwrap();
        let neighbours = Neighbours::new(&vectors, Affinities::n_neighbours(perplexity));
        Affinities::new(&neighbours, vectors.len(), perplexity)
    }

    proptest! {
        #[test]
        fn affinities_are_symmetric_and_add_up_to_one(
            data in prop::collection::vec(-5i8..5, 4..120), perplexity in 1f32..40.0
        ) {
            let data: Vec<f32> = data.into_iter().map(f32::from).collect();
            let n = data.len() / 2;
            let affinities = affinities(data[..n * 2].to_vec(), 2, perplexity);
            prop_assert_eq!(affinities.len(), n);
            let sum: f64 = affinities.values().iter().map(|p| f64::from(*p)).sum();
            prop_assert!((sum - 1.0).abs() < 1e-4, "{}", sum);
            for i in 0..n {
                let (columns, values) = affinities.row(i);
                prop_assert!(columns.is_sorted_by(|a, b| a < b));
                for (j, p) in columns.iter().zip(values) {
                    let (columns, values) = affinities.row(*j as usize);
                    let back = columns.binary_search(&(i as u32)).map(|at| values[at]);
                    prop_assert_eq!(back, Ok(*p));
                }
            }
        }
    }

    #[test]
    fn one_point_belongs_to_none() {
        assert_eq!(affinities(vec![1.0, 2.0], 2, 30.0).row(0), (&[][..], &[][..]));
        assert!(affinities(vec![], 2, 30.0).is_empty());
    }
}
