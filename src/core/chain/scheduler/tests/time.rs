//! Time: rates, ticks from outside, single steps, lateness, and a million steps.

use super::{chain, node, scheduler, sent};
use crate::chain::scheduler::{Effects, Scheduler};
use crate::chain::spec::{OutletSpec, Pace, Spec};
use crate::signature::Values;
use crate::time::Time;
use crate::value::Value;
use serde_json::json;
use std::time::Duration;

const SECOND: Duration = Duration::from_secs(1);

fn beat(rate: f64) -> Spec {
    let mut spec = chain(vec![node("beat", "clock", json!({}))], &[]);
    spec.pace = Pace::Rate(rate);
    spec
}

/// Lets time pass until `end`, from one due time to the next. Answers when what was sent.
fn run(scheduler: &mut Scheduler, from: Time, end: Time) -> Vec<(Time, String, Value)> {
    let (mut now, mut effects, mut all) = (from, Effects::default(), Vec::new());
    loop {
        effects.clear();
        let due = scheduler.turn(now, &mut effects);
        all.extend(sent(&effects).into_iter().map(|(name, _, value)| (now, name, value)));
        match due {
            Some(due) if due <= end => now = due.max(now),
            _ => return all,
        }
    }
}

fn times(sent: &[(Time, String, Value)], outlet: &str) -> Vec<u128> {
    sent.iter().filter(|(_, name, _)| name == outlet).map(|(at, ..)| at.as_millis()).collect()
}

#[test]
fn ticks_come_at_the_rate_and_from_outside() {
    let mut scheduler = scheduler(&beat(4.0));
    scheduler.trigger("start", Time::ZERO);
    let all = run(&mut scheduler, Time::ZERO, SECOND);
    assert_eq!(times(&all, "obeat"), [0, 250, 500, 750, 1000]);
    scheduler.set_rate(2.0, SECOND);
    assert_eq!(times(&run(&mut scheduler, SECOND, 2 * SECOND), "obeat"), [1500, 2000]);
    scheduler.trigger("tick", 2 * SECOND + SECOND / 10);
    let all = run(&mut scheduler, 2 * SECOND + SECOND / 10, 5 * SECOND);
    assert_eq!(times(&all, "obeat"), [2100]);
    scheduler.trigger("start", 5 * SECOND);
    assert_eq!(times(&run(&mut scheduler, 5 * SECOND, 6 * SECOND), "obeat"), [5000, 5500, 6000]);
    scheduler.trigger("stop", 6 * SECOND);
    assert_eq!(run(&mut scheduler, 6 * SECOND, 9 * SECOND), []);
    scheduler.trigger("step", 9 * SECOND);
    assert_eq!(run(&mut scheduler, 9 * SECOND, 10 * SECOND).len(), 1);
    scheduler.trigger("reset", 10 * SECOND);
    scheduler.trigger("start", 10 * SECOND);
    let all = run(&mut scheduler, 10 * SECOND, 10 * SECOND);
    assert_eq!(all, [(10 * SECOND, "obeat".into(), 0.0.into())]);
}

#[test]
fn what_is_too_late_is_passed_over_and_counted() {
    let mut scheduler = scheduler(&beat(10.0));
    scheduler.trigger("start", Time::ZERO);
    run(&mut scheduler, Time::ZERO, SECOND);
    // The computer slept for a minute.
    let all = run(&mut scheduler, 61 * SECOND, 62 * SECOND);
    assert_eq!(times(&all, "obeat")[..2], [61_000, 61_100]);
    assert_eq!(scheduler.n_missed(), 599);
    // A little late is made up for.
    let all = run(&mut scheduler, 62 * SECOND + SECOND / 4, 62 * SECOND + SECOND / 4);
    assert_eq!(all.len(), 2);
}

#[test]
fn a_free_chain_ticks_when_all_is_done() {
    let mut spec = chain(
        vec![node("beat", "clock", json!({})), node("slow", "m/inc", json!({}))],
        &["beat.count -> slow.a"],
    );
    spec.pace = Pace::Free;
    let mut scheduler = scheduler(&spec);
    scheduler.trigger("start", Time::ZERO);
    let mut effects = Effects::default();
    for tick in 0..1000 {
        effects.clear();
        scheduler.turn(Time::ZERO, &mut effects);
        assert_eq!(effects.runs.len(), 1, "one run at a time");
        let run_request = effects.runs.pop().unwrap();
        assert_eq!(run_request.inputs.number("a"), f64::from(tick));
        scheduler.answer(run_request.id, super::answer_of(&run_request));
    }
    let counters = scheduler.counters();
    assert_eq!((counters[1].1.late, counters[1].1.dropped), (0, 0));
    // A model that is gone fails at once; a free chain must not burn a core on that.
    effects.clear();
    scheduler.turn(Time::ZERO, &mut effects);
    let run_request = effects.runs.pop().unwrap();
    scheduler.answer(run_request.id, Err::<Values, _>("gone"));
    effects.clear();
    let due = scheduler.turn(SECOND, &mut effects);
    assert!(effects.runs.is_empty() && due > Some(SECOND), "{due:?}");
}

/// The walk moves between ticks for outlets that want it, and its path depends on time alone.
#[test]
fn a_walk_moves_between_ticks() {
    let mut spec = chain(vec![node("walk", "walk", json!({ "speed": 3 }))], &[]);
    spec.nodes[0].updates = 60.0;
    let place_at = |rate: f64, end: Time| {
        spec.pace = Pace::Rate(rate);
        let mut scheduler = scheduler(&spec);
        scheduler.trigger("start", Time::ZERO);
        let all = run(&mut scheduler, Time::ZERO, end);
        (all.len(), all.last().unwrap().2.clone())
    };
    let mut place_at = place_at;
    let (n_slow, slow) = place_at(1.0, 10 * SECOND);
    let (n_fast, fast) = place_at(30.0, 10 * SECOND);
    assert_eq!((n_slow, n_fast), (600 + 11, 600 + 301));
    assert_eq!(slow, fast);
}

/// Updates stand still while it is free, and are long late when ticks come from outside again.
#[test]
fn a_free_chain_takes_ticks_again() {
    let mut spec = chain(vec![node("walk", "walk", json!({ "speed": 3 }))], &[]);
    spec.nodes[0].updates = 10.0;
    spec.pace = Pace::Free;
    let mut scheduler = scheduler(&spec);
    scheduler.trigger("start", Time::ZERO);
    let mut effects = Effects::default();
    for _ in 0..100 {
        scheduler.turn(Time::ZERO, &mut effects);
    }
    scheduler.trigger("tick", 60 * SECOND);
    let all = run(&mut scheduler, 60 * SECOND, 61 * SECOND);
    assert_eq!(times(&all, "owalk")[..2], [60_000, 60_000], "the tick, and the update that is due");
    assert_eq!(all.len(), 12);
    assert_eq!(scheduler.n_missed(), 0);
}

/// An hour of ticks in simulated time, saved and restored half-way.
#[test]
fn a_million_steps_go_by() {
    let mut spec = chain(
        vec![
            node("beat", "clock", json!({ "round": 100 })),
            node("scale", "adapt/scale", json!({ "high": 99 })),
            node("often", "adapt/chance", json!({ "probability": 0.25 })),
            node("news", "adapt/changed", json!({ "memory": 3 })),
            node("n", "adapt/counter", json!({})),
        ],
        &[
            "beat.count -> scale.in",
            "scale.out -> often.in",
            "often.out -> news.in",
            "news.out -> n.in",
        ],
    );
    spec.pace = Pace::Rate(1000.0);
    spec.outlets.truncate(1);
    spec.outlets.push(OutletSpec {
        name: "all".into(),
        from: vec!["n.count".parse().unwrap(), "scale.out".parse().unwrap()],
        address: None,
        on_request: false,
        has_step: true,
    });
    let mut one = scheduler(&spec);
    one.trigger("start", Time::ZERO);
    let (mut now, mut effects) = (Time::ZERO, Effects::default());
    let mut go = |scheduler: &mut Scheduler, now: &mut Time, n_ticks: u64| {
        let end = scheduler.n_ticks + n_ticks;
        while scheduler.n_ticks < end {
            effects.clear();
            let due = scheduler.turn(*now, &mut effects);
            if scheduler.n_ticks < end {
                *now = due.unwrap();
            }
        }
    };
    go(&mut one, &mut now, 500_000);
    let mut other = scheduler(&spec);
    other.restore(&one.save(), now).unwrap();
    let mut other_now = now;
    go(&mut one, &mut now, 500_000);
    go(&mut other, &mut other_now, 500_000);
    assert_eq!((one.n_ticks, one.n_missed()), (1_000_000, 0));
    let values = |scheduler: &Scheduler| scheduler.outlet_values("all").unwrap().1.to_vec();
    assert_eq!(values(&one), values(&other));
    let counts: Vec<u64> = one.counters().iter().map(|(_, counters)| counters.ran).collect();
    assert_eq!(counts[..2], [1_000_000, 1_000_000]);
    assert!((240_000..260_000).contains(&counts[2]), "{counts:?}");
}
