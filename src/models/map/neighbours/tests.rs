//! Neighbours: all that are asked for, and how many of the nearest are found.

use super::*;
use enjamb_numeric::chance::gaussian;
use proptest::prelude::*;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

fn random(n: usize, width: usize) -> Vectors {
    let mut rng = ChaCha8Rng::seed_from_u64(n as u64);
    // Directions of unequal weight, as those of sentences are.
    let number = |i: usize| gaussian(&mut rng) / (1.0 + (i % width) as f32 * 0.05);
    Vectors::new((0..n * width).map(number).collect(), width).unwrap()
}

/// All distances, sorted.
fn brute_force(vectors: &Vectors, i: usize, k: usize) -> Vec<(f32, u32)> {
    let others = (0..vectors.len()).filter(|j| *j != i);
    let distance = |j| (squared_distance(vectors.row(i), vectors.row(j)), j as u32);
    let mut all: Vec<_> = others.map(distance).collect();
    all.sort_by(candidates::order);
    all.truncate(k);
    all
}

#[test]
fn comparing_all_finds_the_true_neighbours() {
    for (n, width, k) in [(2, 3, 1), (40, 1, 5), (300, 17, 90), (1500, 64, 30), (200, 512, 250)] {
        let vectors = random(n, width);
        let neighbours = Neighbours::new(&vectors, k);
        assert_eq!(neighbours.k(), k.min(n - 1));
        for i in (0..n).step_by(7) {
            let expected = brute_force(&vectors, i, k);
            let distances: Vec<f32> = expected.iter().map(|(distance, _)| *distance).collect();
            assert_eq!(neighbours.squared_distances(i), distances, "{n} {width} {i}");
            let indices: Vec<u32> = expected.iter().map(|(_, j)| *j).collect();
            assert_eq!(neighbours.of(i), indices, "{n} {width} {i}");
        }
    }
}

#[test]
fn a_search_along_axes_finds_nearly_all() {
    let vectors = random(FEW + 500, 128);
    let neighbours = Neighbours::new(&vectors, 30);
    let (mut hits, mut total) = (0, 0);
    for i in (0..vectors.len()).step_by(50) {
        let expected = brute_force(&vectors, i, 30);
        hits += expected.iter().filter(|(_, j)| neighbours.of(i).contains(j)).count();
        total += 30;
    }
    assert!(hits as f64 > 0.95 * total as f64, "{hits} of {total}");
}

#[test]
fn few_or_equal_vectors_have_the_neighbours_there_are() {
    for n in 0..4 {
        let neighbours = Neighbours::new(&Vectors::new(vec![1.0; n * 2], 2).unwrap(), 5);
        assert_eq!(neighbours.k(), n.saturating_sub(1));
        for i in 0..n {
            assert!(!neighbours.of(i).contains(&(i as u32)));
            assert!(neighbours.squared_distances(i).iter().all(|distance| *distance == 0.0));
        }
    }
}

proptest! {
    #[test]
    fn candidates_are_the_smallest(
        distances in prop::collection::vec(0u8..50, 0..400), k in 0usize..40, cut in 0usize..400
    ) {
        let distances: Vec<f32> = distances.into_iter().map(f32::from).collect();
        let mut candidates = Candidates::new(k);
        let cut = cut.min(distances.len());
        candidates.offer(0, &distances[..cut]);
        candidates.offer(cut as u32, &distances[cut..]);
        let mut all: Vec<_> = distances.into_iter().zip(0..).collect();
        all.sort_by(candidates::order);
        all.truncate(k);
        prop_assert_eq!(candidates.nearest(), all);
    }
}
