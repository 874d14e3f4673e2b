//! Forces: every method against the sums that they stand for.

use super::*;
use enjamb_numeric::chance::{gaussian, uniform};
use proptest::prelude::*;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

/// Everything in `f64`, pair by pair.
fn reference(points: &[Point]) -> (Vec<[f64; 2]>, f64) {
    let points: Vec<[f64; 2]> = points.iter().map(|p| p.map(f64::from)).collect();
    let mut z = 0.0;
    let on_point = |(i, p): (usize, &[f64; 2])| {
        let mut force = [0.0; 2];
        for (j, other) in points.iter().enumerate() {
            let [dx, dy] = [p[0] - other[0], p[1] - other[1]];
            let q = 1.0 / (1.0 + dx * dx + dy * dy);
            z += if i == j { 0.0 } else { q };
            force[0] += q * q * dx;
            force[1] += q * q * dy;
        }
        force
    };
    let forces = points.iter().enumerate().map(on_point).collect();
    (forces, z)
}

/// Some clumps of points over a square of about `width`.
fn clumps(n: usize, width: f32) -> Vec<Point> {
    let mut rng = ChaCha8Rng::seed_from_u64(n as u64);
    let centres: Vec<Point> =
        (0..20).map(|_| [0, 1].map(|_| (uniform(&mut rng) as f32 - 0.5) * width)).collect();
    let mut point = |i: usize| centres[i % 20].map(|x| x + gaussian(&mut rng) * width * 0.06);
    (0..n).map(&mut point).collect()
}

/// The error of the forces against the exact ones, as a share of their size (both as roots of
/// mean squares), and that of `Z`.
fn errors(method: RepulsionMethod, points: &[Point]) -> (f64, f64) {
    let (expected, expected_z) = reference(points);
    let mut forces = vec![[0.0; 2]; points.len()];
    let z = Repulsion::default().compute_by(method, points, &mut forces);
    let (mut error, mut size) = (0.0, 0.0);
    for (force, expected) in forces.iter().zip(&expected) {
        for axis in 0..2 {
            error += (f64::from(force[axis]) - expected[axis]).powi(2);
            size += expected[axis].powi(2);
        }
    }
    ((error / size).sqrt(), (z / expected_z - 1.0).abs())
}

/// Every method with its tolerances: FIt-SNE's interpolation is 4 to 5 % off on such maps of few
/// points, and van der Maaten's tree about 1 %.
const METHODS: [(RepulsionMethod, f64); 3] =
    [(RepulsionMethod::Exact, 1e-6), (RepulsionMethod::Tree, 0.02), (RepulsionMethod::Grid, 0.05)];

#[test]
fn every_method_gives_the_exact_forces() {
    for width in [1e-4, 0.1, 1.0, 5.0, 20.0, 60.0, 150.0] {
        for n in [400, 3000] {
            let points = clumps(n, width);
            for (method, tolerance) in METHODS {
                let (force, z) = errors(method, &points);
                let name = format!("{method:?}, {n} points on {width}: {force:.1e}, {z:.1e}");
                assert!(force < tolerance && z < tolerance, "{name}");
            }
        }
    }
}

#[test]
fn forces_between_points_that_nearly_coincide_keep_their_digits() {
    for width in [1e-12, 1e-7, 1e-3, 0.07] {
        for n in [1, 2, 900] {
            let points = clumps(n, width);
            assert_eq!(quickest(&points), RepulsionMethod::Moments);
            let (force, z) = errors(RepulsionMethod::Moments, &points);
            assert!(
                n == 1 || force < 1e-3 && z < 1e-3,
                "{n} points on {width}: {force:.1e} {z:.1e}"
            );
        }
    }
    assert_ne!(quickest(&clumps(900, 1.0)), RepulsionMethod::Moments);
}

#[test]
fn outliers_leave_the_forces_right() {
    let mut points = clumps(500, 30.0);
    points[7] = [800.0, -20.0];
    points[9] = [-3000.0, 90.0];
    assert_eq!(Extent::of(&points).n_nodes(), None);
    assert_ne!(quickest(&points), RepulsionMethod::Grid);
    let (force, z) = errors(RepulsionMethod::Tree, &points);
    assert!(force < 0.02 && z < 0.02, "{force} {z}");
    // The grid is coarse then, but it is not wild.
    let mut forces = vec![[0.0; 2]; points.len()];
    let z = Repulsion::default().compute_by(RepulsionMethod::Grid, &points, &mut forces);
    assert!(z.is_finite() && forces.iter().flatten().all(|x| x.is_finite()));
}

#[test]
fn equal_points_do_not_push_each_other() {
    for (method, _) in METHODS {
        for n in [0, 1, 2, 3, 500] {
            let mut forces = vec![[1.0; 2]; n];
            let z = Repulsion::default().compute_by(method, &vec![[3.0, -7.0]; n], &mut forces);
            let expected = (n * n) as f64 - n as f64;
            assert!((z - expected).abs() <= expected * 0.01 + 1e-3, "{method:?} {n}: {z}");
            let most = forces.iter().flatten().fold(0.0f32, |most, x| most.max(x.abs()));
            assert!(most <= n as f32 * 1e-5, "{method:?} {n}: {most}");
        }
    }
}

#[test]
fn the_number_of_threads_changes_no_bit() {
    let points = clumps(2500, 40.0);
    for (method, _) in METHODS {
        let on = |n_threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(n_threads).build().unwrap();
            let mut forces = vec![[0.0; 2]; points.len()];
            let compute = || Repulsion::default().compute_by(method, &points, &mut forces);
            (pool.install(compute).to_bits(), forces)
        };
        let expected = on(1);
        assert!(on(2) == expected && on(5) == expected, "{method:?}");
    }
}

#[test]
fn a_grid_that_was_used_before_gives_the_same() {
    let mut used = Repulsion::default();
    for (n, width) in [(300, 10.0), (300, 10.1), (200, 90.0), (300, 10.0)] {
        let points = clumps(n, width);
        let (mut got, mut expected) = (vec![[0.0; 2]; n], vec![[0.0; 2]; n]);
        let z = used.compute_by(RepulsionMethod::Grid, &points, &mut got);
        let fresh = Repulsion::default().compute_by(RepulsionMethod::Grid, &points, &mut expected);
        assert_eq!((z, got), (fresh, expected));
    }
}

#[test]
fn a_field_is_what_one_more_point_would_feel() {
    let points = clumps(2000, 60.0);
    let field = grid::Field::new(&points);
    let (mut error, mut size) = (0.0, 0.0);
    for probe in clumps(100, 55.0) {
        let all: Vec<Point> = std::iter::once(probe).chain(points.iter().copied()).collect();
        let (forces, _) = reference(&all[..]);
        let (force, q) = field.at(probe);
        assert!(q > 0.0);
        for axis in 0..2 {
            error += (f64::from(force[axis]) - forces[0][axis]).powi(2);
            size += forces[0][axis].powi(2);
        }
    }
    assert!(error.sqrt() < 0.05 * size.sqrt(), "{}", (error / size).sqrt());
}

proptest! {
    #[test]
    fn the_tree_is_near_the_exact_forces_wherever_points_lie(
        points in prop::collection::vec([-9i8..9, -9i8..9], 1..80), scale in -8i32..8
    ) {
        let points: Vec<Point> =
            points.iter().map(|p| p.map(|x| f32::from(x) * 2f32.powi(scale))).collect();
        let (expected, z) = reference(&points);
        let mut forces = vec![[0.0; 2]; points.len()];
        let got = Repulsion::default().compute_by(RepulsionMethod::Tree, &points, &mut forces);
        prop_assert!((got - z).abs() < 0.05 * z + 1e-5 * points.len() as f64);
        for (force, expected) in forces.iter().zip(expected) {
            for axis in 0..2 {
                prop_assert!((f64::from(force[axis]) - expected[axis]).abs() < 0.05 * points.len() as f64);
            }
        }
    }
}
