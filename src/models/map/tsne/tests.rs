//! Projection: schedule, descent, degenerate sets, the same bits on any number of threads.

use super::*;
use enjamb_numeric::chance::gaussian;
use proptest::prelude::*;

/// Three clumps of `n` vectors each, far from one another.
pub fn clumps(n: usize, width: usize) -> Vectors {
    let mut rng = ChaCha8Rng::seed_from_u64(3);
    let mut number = |i: usize| {
        let (clump, axis) = (i / width / n, i % width);
        gaussian(&mut rng) + if clump == axis { 12.0 } else { 0.0 }
    };
    Vectors::new((0..3 * n * width).map(&mut number).collect(), width).unwrap()
}

/// The divergence in `f64`, pair by pair.
fn divergence(affinities: &Affinities, points: &[[f64; 2]]) -> f64 {
    let q = |a: [f64; 2], b: [f64; 2]| 1.0 / (1.0 + (a[0] - b[0]).powi(2) + (a[1] - b[1]).powi(2));
    let z: f64 = points.iter().flat_map(|a| points.iter().map(|b| q(*a, *b))).sum();
    let z = z - points.len() as f64;
    let on_point = |i: usize| -> f64 {
        let (columns, values) = affinities.row(i);
        let pair = |(j, p): (&u32, &f32)| {
            let p = f64::from(*p);
            p * (p * z / q(points[i], points[*j as usize])).ln()
        };
        columns.iter().zip(values).map(pair).sum()
    };
    (0..points.len()).map(on_point).sum()
}

#[test]
fn the_forces_are_the_gradient_of_the_divergence() {
    let mut projection = Projection::new(&clumps(12, 5), None, TsneSettings::default()).unwrap();
    (0..300).for_each(|_| {
        projection.step();
    });
    let points: Vec<[f64; 2]> = projection.points.iter().map(|p| p.map(f64::from)).collect();
    let expected = divergence(&projection.affinities, &points);
    assert!((projection.divergence() - expected).abs() < 1e-5);
    attraction(&projection.affinities, &projection.points, &mut projection.pulls);
    let z = projection.repulsion.compute(&projection.points, &mut projection.pushes);
    for i in 0..points.len() {
        for axis in 0..2 {
            let moved = |by: f64| {
                let mut points = points.clone();
                points[i][axis] += by;
                divergence(&projection.affinities, &points)
            };
            let expected = (moved(1e-5) - moved(-1e-5)) / 2e-5 / 4.0;
            let push = f64::from(projection.pushes[i][axis]) / z;
            let got = f64::from(projection.pulls[i][axis]) - push;
            assert!((got - expected).abs() < 1e-6, "{i} {axis}: {got}, expected {expected}");
        }
    }
}

#[test]
fn clumps_stay_together_and_the_divergence_falls() {
    let vectors = clumps(80, 20);
    let mut projection = Projection::new(&vectors, None, TsneSettings::default()).unwrap();
    let before = projection.divergence();
    while projection.step() {}
    assert!(projection.is_done() && projection.iteration() == 750 && !projection.step());
    assert!(projection.divergence() < before / 2.0);
    let points = projection.points();
    for (i, point) in points.iter().enumerate() {
        let distance = |j: &usize| {
            let other = points[*j];
            (point[0] - other[0]).hypot(point[1] - other[1])
        };
        let others = (0..points.len()).filter(|j| *j != i);
        let nearest = others.min_by(|a, b| distance(a).total_cmp(&distance(b))).unwrap();
        assert_eq!(nearest / 80, i / 80);
    }
}

#[test]
fn steps_without_momentum_after_the_exaggeration_make_better_maps() {
    // Not clumps: a cloud, whose parts hang together.
    let mut rng = ChaCha8Rng::seed_from_u64(8);
    let data = (0..1_500 * 6).map(|_| gaussian(&mut rng)).collect();
    let vectors = Vectors::new(data, 6).unwrap();
    let divergence = |calm_iterations, seed| {
        let settings = TsneSettings { calm_iterations, seed, ..TsneSettings::default() };
        let mut projection = Projection::new(&vectors, None, settings).unwrap();
        while projection.step() {}
        projection.divergence()
    };
    let mean = |calm| (0..2).map(|seed| divergence(calm, seed)).sum::<f64>() / 2.0;
    let (calm, bursting) = (mean(50), mean(0));
    assert!(calm < bursting, "{calm}, {bursting} with momentum all the time");
}

#[test]
fn the_number_of_threads_changes_no_bit() {
    let vectors = clumps(500, 24);
    let settings = TsneSettings { early_iterations: 40, iterations: 60, ..TsneSettings::default() };
    let on = |n_threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(n_threads).build().unwrap();
        pool.install(|| {
            let mut projection = Projection::new(&vectors, None, settings.clone()).unwrap();
            while projection.step() {}
            (projection.points().to_vec(), projection.divergence())
        })
    };
    let expected = on(1);
    assert!(on(2) == expected);
    assert!(on(5) == expected);
}

#[test]
fn a_layout_that_is_handed_in_is_where_the_map_starts() {
    let vectors = clumps(40, 6);
    let mut first = Projection::new(&vectors, None, TsneSettings::default()).unwrap();
    while first.step() {}
    let settled = TsneSettings { early_iterations: 0, iterations: 50, ..TsneSettings::default() };
    let layout = first.points().to_vec();
    let mut second = Projection::new(&vectors, Some(layout.clone()), settled).unwrap();
    assert_eq!(second.points(), layout);
    while second.step() {}
    let moved = |(a, b): (&Point, &Point)| (a[0] - b[0]).hypot(a[1] - b[1]);
    let furthest = second.points().iter().zip(&layout).map(moved).fold(0.0, f32::max);
    assert!(furthest < 5.0, "{furthest}");
}

#[test]
fn what_is_wrong_is_refused_in_plain_words() {
    let words = |result: Result<Vectors, MapError>| result.unwrap_err().to_string();
    let data = vec![0.0, 1.0, 2.0, f32::NAN];
    let expected = "vector 1 has NaN at place 1, which is no finite number";
    assert_eq!(words(Vectors::new(data, 2)), expected);
    let expected = "vector 1 has 1 numbers, expected 2 like the others";
    assert_eq!(words(Vectors::new(vec![1.0; 3], 2)), expected);
    assert!(words(Vectors::new(vec![], 0)).contains("at least one number"));

    let vectors = clumps(2, 3);
    let words = |layout, settings| match Projection::new(&vectors, layout, settings) {
        Ok(_) => panic!("accepted"),
        Err(error) => error.to_string(),
    };
    let expected = "the layout has 5 points for 6 vectors";
    assert_eq!(words(Some(vec![[0.0; 2]; 5]), TsneSettings::default()), expected);
    let layout = Some(vec![[0.0, f32::INFINITY]; 6]);
    assert!(
        words(layout, TsneSettings::default()).starts_with("point 0 of the layout is at 0 inf")
    );
    for perplexity in [0.0, f32::NAN, -3.0] {
        let settings = TsneSettings { perplexity, ..TsneSettings::default() };
        assert!(words(None, settings).starts_with("the perplexity is"));
    }
    let settings = TsneSettings { exaggeration: 0.0, ..TsneSettings::default() };
    assert!(words(None, settings).starts_with("an exaggeration is 0"));
    assert!(
        words(None, TsneSettings { momentum: 1.0, ..TsneSettings::default() })
            .starts_with("the mom")
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn points_are_finite_whatever_the_vectors(
        numbers in prop::collection::vec(
            prop::sample::select(vec![0.0, 1.0, -1.0, 0.3, 1e30, -3e38, 1e-30, 1e-42]), 0..60
        ),
        width in 1usize..4, perplexity in 1f32..50.0,
    ) {
        let n = numbers.len() / width;
        let vectors = Vectors::new(numbers[..n * width].to_vec(), width).unwrap();
        let settings = TsneSettings { perplexity, ..TsneSettings::default() };
        let mut projection = Projection::new(&vectors, None, settings).unwrap();
        loop {
            prop_assert!(projection.points().iter().flatten().all(|x| x.is_finite()));
            if !projection.step() {
                break;
            }
        }
        prop_assert_eq!(projection.points().len(), n);
        prop_assert!(projection.divergence().is_finite());
        if n > 0 {
            let places = crate::map::Places::new(vectors.clone(), projection.points().to_vec(), crate::map::Method::Tsne).unwrap();
            for vector in numbers.chunks_exact(width) {
                prop_assert!(places.place(vector).unwrap().iter().all(|x| x.is_finite()));
            }
        }
    }
}
