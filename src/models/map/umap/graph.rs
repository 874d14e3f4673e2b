//! How much each two points belong together, by UMAP: a fuzzy simplicial set (McInnes, Healy and
//! Melville 2018, algorithms 2 and 3).

use crate::map::neighbours::Neighbours;
use rayon::prelude::*;

/// An edge from one point to another, with its weight in 0..1. Both directions have one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Edge {
    pub from: u32,
    pub to: u32,
    pub weight: f32,
}

/// Steps of the search for the width of a neighbourhood, and how near to its target it comes.
const MOST_STEPS: usize = 64;
const TOLERANCE: f32 = 1e-5;

/// A neighbourhood is this much of its mean distance wide, at least.
const LEAST_WIDTH: f32 = 1e-3;

/// The edges of all points, in the order of where they lead from and then to.
pub fn edges(neighbours: &Neighbours, n: usize) -> Vec<Edge> {
    let k = neighbours.k();
    let mut weights = vec![0.0; n * k];
    if k > 0 {
        weights.par_chunks_mut(k).enumerate().for_each(|(i, weights)| {
            let distances: Vec<f32> =
                neighbours.squared_distances(i).iter().map(|d| d.sqrt()).collect();
            memberships(&distances, weights);
        });
    }
    let one = |i: usize| {
        let of = move |(j, weight): (&u32, &f32)| {
            let (from, to, weight) = (i as u32, *j, *weight);
            [Edge { from, to, weight }, Edge { from: to, to: from, weight }]
        };
        neighbours.of(i).iter().zip(&weights[i * k..][..k]).flat_map(of)
    };
    let mut edges: Vec<Edge> = (0..n).flat_map(one).collect();
    edges.par_sort_by_key(|edge| (edge.from, edge.to));
    // Those that are neighbours of each other are so if either is: the probabilistic sum.
    edges.dedup_by(|later, kept| {
        let is_same = (later.from, later.to) == (kept.from, kept.to);
        if is_same {
            kept.weight += later.weight - kept.weight * later.weight;
        }
        is_same
    });
    edges
}

/// How much each of some neighbours belongs to a neighbourhood: the nearest wholly, the others less
/// and less, so that all add up to the logarithm to base 2 of their number with the point itself.
fn memberships(distances: &[f32], out: &mut [f32]) {
    let n = distances.len() as f32;
    let nearest = distances.iter().copied().find(|d| *d > 0.0).unwrap_or(0.0);
    let target = (n + 1.0).log2();
    let mut fill = |width: f32| {
        for (out, d) in out.iter_mut().zip(distances) {
            *out = if *d <= nearest { 1.0 } else { (-(d - nearest) / width).exp() };
        }
        out.iter().sum::<f32>()
    };
    let mean = distances.iter().sum::<f32>() / n;
    let (mut low, mut high, mut width) = (0.0, f32::INFINITY, mean.max(f32::MIN_POSITIVE));
    for _ in 0..MOST_STEPS {
        let excess = fill(width) - target;
        if excess.abs() < TOLERANCE {
            break;
        }
        if excess > 0.0 {
            high = width
        } else {
            low = width
        }
        width = if high == f32::INFINITY { width * 2.0 } else { (low + high) / 2.0 };
    }
    fill(width.clamp((LEAST_WIDTH * mean).max(f32::MIN_POSITIVE), f32::MAX));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::map::tsne::tests::clumps;

    #[test]
    fn memberships_add_up_to_what_is_asked() {
        for distances in [vec![0.5, 0.7, 0.9, 1.3, 2.0, 2.1, 3.3], vec![1e-6, 0.3, 0.31, 8.0]] {
            let mut out = vec![0.0; distances.len()];
            memberships(&distances, &mut out);
            assert_eq!(out[0], 1.0);
            assert!(out.is_sorted_by(|a, b| a >= b));
            let sum: f32 = out.iter().sum();
            assert!((sum - (distances.len() as f32 + 1.0).log2()).abs() < 1e-3, "{out:?}");
        }
        let mut out = [0.5; 4];
        memberships(&[0.0; 4], &mut out);
        assert_eq!(out, [1.0; 4]);
    }

    #[test]
    fn both_directions_weigh_the_same() {
        let vectors = clumps(30, 5);
        let edges = edges(&Neighbours::new(&vectors, 8), vectors.len());
        assert!(edges.is_sorted_by_key(|edge| (edge.from, edge.to)));
        for edge in &edges {
            assert!(edge.weight >= 0.0 && edge.weight <= 1.0 && edge.from != edge.to);
            let back = edges.binary_search_by_key(&(edge.to, edge.from), |e| (e.from, e.to));
            assert!((edges[back.unwrap()].weight - edge.weight).abs() < 1e-6);
        }
    }
}
