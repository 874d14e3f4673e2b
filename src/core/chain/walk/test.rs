//! What a walk promises, whatever is done to it: speed, shell, no jumps, closed orbits, arrivals.

use super::*;
use proptest::prelude::*;

const DT: f64 = 1.0 / 60.0;

fn apart(a: &[f32; DIMENSIONS], b: &[f32; DIMENSIONS]) -> f64 {
    distance(&point(a), &point(b))
}

fn length(z: &[f32; DIMENSIONS]) -> f64 {
    sphere::norm(&point(z))
}

/// A sample of the prior.
fn sample(seed: u64) -> [f32; DIMENSIONS] {
    gaussian(&mut ChaCha8Rng::seed_from_u64(seed)).map(|z| z as f32)
}

/// Steps until it has settled at the speed asked for.
fn settle(walk: &mut Walk) {
    (0..200).for_each(|_| walk.advance(DT));
}

#[derive(Clone, Debug)]
enum Change {
    Mode(usize),
    Speed(f64),
    Radius(f64),
    Seed(u64),
    Round(bool),
    Targets(Vec<u64>),
    To(u64),
    ToOpposite,
    ToOrigin,
}

fn change() -> impl Strategy<Value = Change> {
    prop_oneof![
        (0..4_usize).prop_map(Change::Mode),
        (0.0..20.0).prop_map(Change::Speed),
        (0.25..2.0).prop_map(Change::Radius),
        any::<u64>().prop_map(Change::Seed),
        any::<bool>().prop_map(Change::Round),
        prop::collection::vec(0..9_u64, 0..5).prop_map(Change::Targets),
        any::<u64>().prop_map(Change::To),
        Just(Change::ToOpposite),
        Just(Change::ToOrigin),
    ]
}

fn make(walk: &mut Walk, change: &Change) {
    match change {
        Change::Mode(mode) => walk.set_mode(Mode::ALL[*mode]),
        Change::Speed(speed) => walk.set_speed(*speed),
        Change::Radius(radius) => walk.set_radius(*radius),
        Change::Seed(seed) => walk.set_seed(*seed),
        Change::Round(round) => walk.set_round(*round),
        Change::Targets(seeds) => {
            walk.set_targets(&seeds.iter().map(|seed| sample(*seed)).collect::<Vec<_>>());
        }
        Change::To(seed) => walk.travel_to(&sample(*seed)),
        Change::ToOpposite => walk.travel_to(&walk.position().map(|z| -z)),
        Change::ToOrigin => walk.travel_to(&[0.0; DIMENSIONS]),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    /// Steps are never longer than the fastest speed allows, and a change moves nothing by itself.
    #[test]
    fn nothing_makes_it_jump(
        seed in any::<u64>(),
        changes in prop::collection::vec((change(), 1..90_u32), 1..25),
    ) {
        let (mut walk, mut again) = (Walk::new(seed), Walk::new(seed));
        let mut fastest = walk.speed();
        for (change, n_steps) in &changes {
            let before = walk.position();
            make(&mut walk, change);
            make(&mut again, change);
            prop_assert_eq!(walk.position(), before);
            fastest = walk.speed().max(walk.pace).max(fastest);
            for _ in 0..*n_steps {
                let before = walk.position();
                walk.advance(DT);
                again.advance(DT);
                let step = apart(&before, &walk.position());
                prop_assert!(step <= fastest * DT * 1.001 + 2e-5, "{step} at {fastest} a second");
                prop_assert!(walk.position().iter().all(|z| z.is_finite()));
            }
            fastest = walk.speed().max(walk.pace);
        }
        prop_assert_eq!(walk.position().map(f32::to_bits), again.position().map(f32::to_bits));
    }

    /// Between changes of mode the velocity turns, but never all at once.
    #[test]
    fn a_change_of_mode_leaves_the_velocity(
        seed in any::<u64>(),
        from in 0..4_usize,
        to in 0..4_usize,
        target in any::<u64>(),
    ) {
        let mut walk = Walk::new(seed);
        walk.set_targets(&[sample(1), sample(2), sample(3)]);
        walk.set_mode(Mode::ALL[from]);
        settle(&mut walk);
        // Short steps, so that what is left is a jump and no bend.
        let dt = 1e-3;
        let velocity = |walk: &mut Walk| {
            let before = walk.place.position();
            walk.advance(dt);
            sphere::scaled(1.0 / dt, &mix(1.0, &walk.place.position(), -1.0, &before))
        };
        let before = velocity(&mut walk);
        walk.set_mode(Mode::ALL[to]);
        if to == 3 {
            walk.travel_to(&sample(target));
        }
        let after = velocity(&mut walk);
        prop_assert!(distance(&before, &after) < 0.1, "{}", distance(&before, &after));
    }

    #[test]
    fn wandering_keeps_its_speed_and_its_shell(
        seed in any::<u64>(),
        speed in 0.1..20.0_f64,
        radius in 0.5..1.5_f64,
    ) {
        let mut walk = Walk::new(seed);
        walk.set_speed(speed);
        walk.set_radius(radius);
        // As long as it takes to the shell and well beyond.
        let n_steps = (200.0 / (speed * DT)) as u32;
        (0..n_steps.max(200)).for_each(|_| walk.advance(DT));
        for _ in 0..300 {
            let before = walk.place.position();
            walk.advance(DT);
            let step = distance(&before, &walk.place.position());
            prop_assert!((step / (speed * DT) - 1.0).abs() < 2e-3, "{}", step / (speed * DT));
            prop_assert!((length(&walk.position()) - 8.0 * radius).abs() < 1e-4);
        }
    }

    #[test]
    fn an_orbit_closes_and_closes_again(seed in any::<u64>(), n_steps in 100..400_u32) {
        let mut walk = Walk::new(seed);
        walk.set_mode(Mode::Orbit);
        settle(&mut walk);
        // So fast that a round takes just so many steps.
        let speed = TAU * 8.0 / (f64::from(n_steps) * DT);
        walk.set_speed(speed);
        settle(&mut walk);
        let round = |walk: &mut Walk| -> Vec<[f32; DIMENSIONS]> {
            (0..n_steps).map(|_| { walk.advance(DT); walk.position() }).collect()
        };
        let first = round(&mut walk);
        (0..20).for_each(|_| { round(&mut walk); });
        let last = round(&mut walk);
        for (a, b) in first.iter().zip(&last) {
            prop_assert!(apart(a, b) < 1e-5, "{}", apart(a, b));
        }
        let middle = apart(&first[0], &first[n_steps as usize / 2]);
        prop_assert!(middle > 15.0, "a loop has a far side, not {middle}");
    }

    /// Any place, in the shell or not, is reached to the last digit, and in the time that the way
    /// there takes.
    #[test]
    fn a_visit_arrives(seed in any::<u64>(), target in any::<u64>(), scale in 0.2..1.5_f32) {
        let mut walk = Walk::new(seed);
        walk.set_mode(Mode::Still);
        settle(&mut walk);
        let target = sample(target).map(|z| scale * z);
        let way = apart(&walk.position(), &target);
        walk.travel_to(&target);
        let mut seconds = 0.0;
        while walk.is_visiting() && seconds < 60.0 {
            walk.advance(DT);
            seconds += DT;
        }
        prop_assert!(apart(&walk.position(), &target) < 1e-5, "after {seconds} s");
        prop_assert!(seconds > way / 2.0 && seconds < way * 2.0 + 3.0, "{way} in {seconds} s");
        let there = walk.position();
        settle(&mut walk);
        prop_assert!(apart(&walk.position(), &there) < 1e-5);
        // In another mode it goes on from there, and finds back to the shell.
        walk.set_mode(Mode::Wander);
        (0..1500).for_each(|_| walk.advance(DT));
        prop_assert!((length(&walk.position()) - 8.0).abs() < 0.01);
    }
}

/// The nearest that the walk comes to each target, and the order of those moments.
fn nearest(walk: &mut Walk, targets: &[[f32; DIMENSIONS]], n_steps: usize) -> Vec<(f64, usize)> {
    let mut nearest = vec![(f64::MAX, 0); targets.len()];
    for step in 0..n_steps {
        walk.advance(DT);
        for (nearest, target) in nearest.iter_mut().zip(targets) {
            let far = apart(&walk.position(), target);
            if far < nearest.0 - 1e-3 {
                *nearest = (far, step);
            }
        }
    }
    nearest
}

#[test]
fn a_line_goes_through_its_targets_in_order_at_its_speed() {
    let targets: Vec<_> = (1..5).map(sample).collect();
    let mut walk = Walk::new(7);
    walk.set_round(false);
    walk.set_targets(&targets);
    walk.set_mode(Mode::Line);
    let nearest = nearest(&mut walk, &targets, 4000);
    // Two units a second pass a target within half a step.
    assert!(nearest.iter().all(|(far, _)| *far < 0.02), "{nearest:?}");
    assert!(nearest.is_sorted_by_key(|(_, step)| *step), "{nearest:?}");
    assert!(apart(&walk.position(), &targets[3]) < 1e-5, "it stays at the last");
    // Going round, it leaves again for the first, and does not slow down on the way.
    walk.set_round(true);
    settle(&mut walk);
    for _ in 0..4000 {
        let before = walk.place.position();
        walk.advance(DT);
        let step = distance(&before, &walk.place.position());
        assert!((step / (2.0 * DT) - 1.0).abs() < 0.01, "{step}");
    }
    assert_eq!(walk.n_targets(), 4);
}

#[test]
fn a_line_keeps_near_the_shell() {
    let targets: Vec<_> = (1..9).map(sample).collect();
    let lengths: Vec<_> = targets.iter().map(length).collect();
    let (least, most) = (6.0_f64.min(lengths[0]), 10.0);
    let mut walk = Walk::new(7);
    walk.set_targets(&targets);
    walk.set_mode(Mode::Line);
    for _ in 0..6000 {
        walk.advance(DT);
        let far = length(&walk.position());
        assert!((least..most).contains(&far), "{far} among {lengths:?}");
    }
}

#[test]
fn odd_targets_do_no_harm() {
    let (a, zero) = (sample(1), [0.0; DIMENSIONS]);
    let cases =
        [vec![], vec![a], vec![a, a], vec![a, a.map(|z| -z)], vec![zero], vec![zero, a, zero]];
    for targets in cases {
        let mut walk = Walk::new(3);
        walk.set_targets(&targets);
        walk.set_mode(Mode::Line);
        (0..3000).for_each(|_| walk.advance(DT));
        assert!(walk.position().iter().all(|z| z.is_finite()), "{} targets", targets.len());
        if let [only] = &targets[..] {
            assert!(apart(&walk.position(), only) < 1e-4);
        }
    }
}

/// The long run: every direction equally often, as the prior has it.
#[test]
fn wandering_is_at_home_everywhere() {
    let mut walk = Walk::new(11);
    walk.set_speed(8.0);
    let n_samples = 4000;
    let (mut mean, mut square) = ([0.0; DIMENSIONS], [0.0; DIMENSIONS]);
    for _ in 0..n_samples {
        // Two radians of path, after which it hardly knows where it was.
        walk.advance(2.0);
        for (i, z) in point(&walk.position()).into_iter().enumerate() {
            mean[i] += z / f64::from(n_samples);
            square[i] += z * z / f64::from(n_samples);
        }
    }
    for i in 0..DIMENSIONS {
        assert!(mean[i].abs() < 0.25, "mean {} in dimension {i}", mean[i]);
        assert!((0.8..1.2).contains(&square[i]), "variance {} in dimension {i}", square[i]);
    }
}

#[test]
fn a_reset_begins_again_and_a_seed_only_bends_the_way() {
    let mut walk = Walk::new(5);
    let path = |walk: &mut Walk| -> Vec<[f32; DIMENSIONS]> {
        (0..100)
            .map(|_| {
                walk.advance(DT);
                walk.position()
            })
            .collect()
    };
    let first = path(&mut walk);
    walk.reset();
    assert_eq!(path(&mut walk), first);
    let here = walk.position();
    walk.set_seed(6);
    assert_eq!(walk.position(), here);
    walk.reset();
    assert_eq!(path(&mut walk), path(&mut Walk::new(6)));
    assert_eq!(Mode::find("orbit"), Some(Mode::Orbit));
    assert_eq!(Mode::find("fly"), None);
}
