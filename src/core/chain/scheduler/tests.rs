//! The scheduler on its own: time that is handed to it, runs answered by the tests.

mod naive;
mod random;
mod time;

use super::{Effects, RunRequest, Scheduler};
use crate::chain::Asker;
use crate::chain::spec::{NodeSpec, OutletSpec, Pace, Spec};
use crate::error::Error;
use crate::signature::{Command, Manifest, Values, number, text};
use crate::value::Value;
use serde_json::{Value as Json, json};
use std::sync::Arc;

/// A model of numbers and one of texts, which the tests answer for.
fn models(name: &str) -> Option<Arc<Manifest>> {
    let manifest = || {
        Manifest::new("m", "")
            .command(
                Command::new("add", "").input("a", number(), "").input("b", number(), "").output(
                    "out",
                    number(),
                    "",
                ),
            )
            .command(Command::new("inc", "").input("a", number(), "").output("out", number(), ""))
            .command(Command::new("say", "").input("text", text(), "").output("out", text(), ""))
    };
    (name == "m").then(|| Arc::new(manifest()))
}

/// A node, with values that it sets.
fn node(name: &str, run: &str, set: Json) -> NodeSpec {
    let set = set.as_object().cloned().unwrap_or_default();
    NodeSpec { name: name.into(), run: run.into(), set, ..NodeSpec::default() }
}

/// A chain on ticks alone, with an outlet for each node's first output, named as the node with an 'o'
/// before.
fn chain(nodes: Vec<NodeSpec>, wires: &[&str]) -> Spec {
    let outlets = nodes.iter().map(|node| OutletSpec {
        name: format!("o{}", node.name),
        from: vec![format!("{}.{}", node.name, output_of(&node.run)).parse().unwrap()],
        address: None,
        on_request: false,
        has_step: true,
    });
    let outlets = outlets.collect();
    let wires = wires.iter().map(|wire| wire.parse().unwrap()).collect();
    Spec { nodes, wires, outlets, pace: Pace::Rate(0.0), ..Spec::default() }
}

fn output_of(run: &str) -> &'static str {
    match run {
        "clock" | "adapt/counter" => "count",
        "walk" => "z",
        "inlet" => "value",
        _ => "out",
    }
}

fn scheduler(spec: &Spec) -> Scheduler {
    Scheduler::new(spec.plan(&models).unwrap_or_else(|wrong| panic!("{wrong}: {spec:#?}")), 7)
}

/// What was sent since the last call: outlet, step and first value.
fn sent(effects: &Effects) -> Vec<(String, u64, Value)> {
    let signals = effects.signals().iter();
    signals.map(|s| (s.outlet.name.clone(), s.stamp.step, s.values[0].clone())).collect()
}

/// What the model of the tests would answer.
fn answer_of(run_request: &RunRequest) -> Result<Values, String> {
    let number =
        |name: &str| run_request.inputs.get(name).and_then(Value::as_number).unwrap_or(0.0);
    Ok(Values::new().with(
        "out",
        match run_request.command.as_str() {
            "say" => return Ok(Values::new().with("out", run_request.inputs.text("text"))),
            "inc" => number("a") + 1.0,
            _ => number("a") + number("b"),
        },
    ))
}

#[test]
fn a_node_with_two_wires_runs_once_a_wave() {
    let spec = chain(
        vec![
            node("sum", "m/add", json!({})),
            node("twice", "adapt/scale", json!({ "to_high": 2 })),
            node("beat", "clock", json!({})),
        ],
        &["beat.count -> twice.in", "twice.out -> sum.b", "beat.count -> sum.a"],
    );
    let (mut scheduler, mut effects) = (scheduler(&spec), Effects::default());
    scheduler.trigger("start", super::Time::ZERO);
    for tick in 0..3 {
        scheduler.trigger("tick", super::Time::ZERO);
        effects.clear();
        scheduler.turn(super::Time::ZERO, &mut effects);
        assert_eq!(effects.runs.len(), 1);
        let run_request = effects.runs.pop().unwrap();
        assert_eq!(
            run_request.inputs,
            Values::new().with("a", f64::from(tick)).with("b", f64::from(2 * tick))
        );
        scheduler.answer(run_request.id, answer_of(&run_request));
        effects.clear();
        scheduler.turn(super::Time::ZERO, &mut effects);
        assert_eq!(sent(&effects), [("osum".into(), tick as u64, f64::from(3 * tick).into())]);
    }
    let sum = scheduler.counters().into_iter().find(|(name, _)| *name == "sum").unwrap().1;
    assert_eq!((sum.ran, sum.late, sum.dropped), (3, 0, 0));
}

#[test]
fn a_slow_node_takes_the_newest_or_every_value() {
    for (takes, expected, dropped) in [
        (crate::chain::spec::Takes::Newest, vec![0.0, 4.0], 3),
        (crate::chain::spec::Takes::Every, vec![0.0, 1.0, 2.0, 3.0, 4.0], 0),
    ] {
        let mut spec = chain(
            vec![node("beat", "clock", json!({})), node("slow", "m/inc", json!({}))],
            &["beat.count -> slow.a"],
        );
        spec.nodes[1].takes = takes;
        let (mut scheduler, mut effects) = (scheduler(&spec), Effects::default());
        scheduler.trigger("start", super::Time::ZERO);
        for _ in 0..5 {
            scheduler.trigger("tick", super::Time::ZERO);
            scheduler.turn(super::Time::ZERO, &mut effects);
        }
        let mut taken = Vec::new();
        while let Some(run_request) = effects.runs.pop() {
            taken.push(run_request.inputs.number("a"));
            scheduler.answer(run_request.id, answer_of(&run_request));
            scheduler.turn(super::Time::ZERO, &mut effects);
        }
        assert_eq!(taken, expected);
        let slow = scheduler.counters()[1].1;
        assert_eq!((slow.dropped, slow.late), (dropped, expected.len() as u64 - 1));
    }
}

#[test]
fn a_loop_goes_round_once_a_tick_and_never_dies() {
    let mut spec = chain(vec![node("more", "m/inc", json!({}))], &["more.out -> more.a"]);
    spec.wires[0].first = Some(json!(10));
    let (mut scheduler, mut effects) = (scheduler(&spec), Effects::default());
    scheduler.trigger("start", super::Time::ZERO);
    let mut values = Vec::new();
    for tick in 0..6 {
        scheduler.trigger("tick", super::Time::ZERO);
        effects.clear();
        scheduler.turn(super::Time::ZERO, &mut effects);
        let run_request = effects.runs.pop().expect("a loop runs at every tick");
        values.push(run_request.inputs.number("a"));
        // Its second run fails, with nothing but its first result to hold; the third fails, too.
        let outcome =
            if matches!(tick, 2 | 3) { Err("no".into()) } else { answer_of(&run_request) };
        scheduler.answer(run_request.id, outcome);
        effects.clear();
        scheduler.turn(super::Time::ZERO, &mut effects);
        match tick {
            2 => assert_eq!(effects.errors, [("more: no".into(), 0)]),
            4 => assert_eq!(effects.notices, ["more runs again, after it failed 2 times"]),
            _ => assert!(effects.errors.is_empty() && effects.notices.is_empty()),
        }
    }
    assert_eq!(values, [10.0, 11.0, 12.0, 12.0, 12.0, 13.0]);
}

#[test]
fn a_loop_whose_first_run_fails_tries_again() {
    let mut spec = chain(vec![node("more", "m/inc", json!({}))], &["more.out -> more.a"]);
    spec.wires[0].first = Some(json!(1));
    let (mut scheduler, mut effects) = (scheduler(&spec), Effects::default());
    scheduler.trigger("start", super::Time::ZERO);
    for _ in 0..3 {
        scheduler.trigger("tick", super::Time::ZERO);
        scheduler.turn(super::Time::ZERO, &mut effects);
        let run_request = effects.runs.pop().unwrap();
        assert_eq!(run_request.inputs.number("a"), 1.0);
        scheduler.answer(run_request.id, Err::<Values, _>("not yet"));
        scheduler.turn(super::Time::ZERO, &mut effects);
    }
}

#[test]
fn failures_hold_skip_or_stop() {
    use crate::chain::spec::OnFailure;
    for (rule, goes_on, runs) in
        [(OnFailure::Hold, 1, true), (OnFailure::Skip, 0, true), (OnFailure::Stop, 0, false)]
    {
        let mut spec = chain(
            vec![
                node("beat", "clock", json!({})),
                node("slow", "m/inc", json!({})),
                node("after", "adapt/counter", json!({})),
            ],
            &["beat.count -> slow.a", "slow.out -> after.in"],
        );
        spec.on_failure = rule;
        let (mut scheduler, mut effects) = (scheduler(&spec), Effects::default());
        scheduler.trigger("start", super::Time::ZERO);
        for outcome in [None, Some("broken")] {
            scheduler.trigger("tick", super::Time::ZERO);
            scheduler.turn(super::Time::ZERO, &mut effects);
            let run_request = effects.runs.pop().unwrap();
            let outcome = outcome.map_or(answer_of(&run_request), |words: &str| Err(words.into()));
            scheduler.answer(run_request.id, outcome);
            effects.clear();
            scheduler.turn(super::Time::ZERO, &mut effects);
        }
        let counters = scheduler.counters();
        assert_eq!((counters[1].1.failed, counters[1].1.repeated), (1, goes_on), "{rule:?}");
        assert_eq!(counters[2].1.ran, 1 + goes_on, "{rule:?}");
        assert_eq!(scheduler.is_running(), runs, "{rule:?}");
    }
}

#[test]
fn a_number_at_the_input_of_an_integer_is_whole_or_the_node_fails() {
    use crate::chain::spec::Takes;
    // A delay of `steps`, which a wire brings, beside the number that is delayed.
    let cases = [
        (1.0, Ok(json!([null, 0, 1]))),
        (0.5, Err("late: steps: expected a whole number in 0..4096, got 0.5")),
        (5000.0, Err("late: steps: expected a number in 0..4096, got 5000")),
    ];
    for (steps, expected) in cases {
        for takes in [Takes::Newest, Takes::Every] {
            let mut spec = chain(
                vec![
                    node("beat", "clock", json!({})),
                    node("steps", "adapt/clamp", json!({ "low": steps, "high": steps })),
                    node("late", "adapt/delay", json!({})),
                ],
                &["beat.count -> steps.in", "steps.out -> late.steps", "beat.count -> late.in"],
            );
            spec.nodes[2].takes = takes;
            let (mut scheduler, mut effects) = (scheduler(&spec), Effects::default());
            scheduler.trigger("start", super::Time::ZERO);
            let (mut values, mut errors) = (Vec::new(), Vec::new());
            for _ in 0..3 {
                scheduler.trigger("tick", super::Time::ZERO);
                effects.clear();
                scheduler.turn(super::Time::ZERO, &mut effects);
                let value = sent(&effects).into_iter().find(|(name, ..)| name == "olate");
                values.push(value.map_or(Json::Null, |(_, _, value)| value.to_json()));
                errors.extend(effects.errors.iter().map(|(error, _)| error.to_string()));
            }
            let late = scheduler.counters()[2].1;
            match &expected {
                Ok(expected) => {
                    assert_eq!((Json::from(values), errors.len()), (expected.clone(), 0));
                    assert_eq!((late.ran, late.failed), (2, 0));
                }
                Err(words) => {
                    assert_eq!(errors, [*words], "the same words are told once");
                    assert_eq!((late.ran, late.failed), (0, 3));
                }
            }
        }
    }
}

#[test]
fn an_inlet_lets_each_message_go_on() {
    let spec = chain(
        vec![
            node("ask", "inlet", json!({})),
            node("keep", "adapt/hold", json!({})),
            node("beat", "clock", json!({})),
        ],
        &["ask.value -> keep.when", "beat.count -> keep.in"],
    );
    let (mut scheduler, mut effects) = (scheduler(&spec), Effects::default());
    let words = scheduler.set("ask", "value", "early".into(), Asker::default()).unwrap_err();
    assert!(words.message().contains("the chain stands"), "{words}");
    scheduler.trigger("start", super::Time::ZERO);
    for _ in 0..2 {
        scheduler.trigger("tick", super::Time::ZERO);
        scheduler.turn(super::Time::ZERO, &mut effects);
    }
    for line in ["one", "two"] {
        scheduler.set("ask", "value", line.into(), Asker::default()).unwrap();
    }
    effects.clear();
    scheduler.turn(super::Time::ZERO, &mut effects);
    let line = |line: &str| ("oask".to_string(), 1, Value::from(line));
    let kept = || ("okeep".to_string(), 1, Value::from(1.0));
    assert_eq!(sent(&effects), [line("one"), kept(), line("two"), kept()]);
    let words = scheduler.set("keep", "when", "x".into(), Asker::default()).unwrap_err();
    assert_eq!(words, "ask.value is wired to keep.when");
    assert!(
        scheduler
            .set("ask", "value", 3.0.into(), Asker::default())
            .unwrap_err()
            .message()
            .contains("expected text")
    );
}

#[test]
fn a_part_that_panics_costs_its_run_alone() {
    let spec = chain(
        vec![
            node("beat", "clock", json!({})),
            node("scale", "adapt/scale", json!({ "low": 1, "high": 1 })),
        ],
        &["beat.count -> scale.in"],
    );
    let (mut scheduler, mut effects) = (scheduler(&spec), Effects::default());
    scheduler.trigger("start", super::Time::ZERO);
    scheduler.trigger("tick", super::Time::ZERO);
    scheduler.turn(super::Time::ZERO, &mut effects);
    let words = "scale: 1..1 is no range to scale 0 from".to_string();
    assert_eq!(effects.errors, [(words.into(), 0)]);
    assert!(scheduler.is_running());
}

#[test]
fn a_text_that_grows_in_a_loop_is_stopped() {
    let mut spec = chain(
        vec![
            node("words", "adapt/words", json!({})),
            node("join", "adapt/join", json!({ "separator": " and over again " })),
        ],
        &["join.text -> words.text", "words.words -> join.texts"],
    );
    spec.wires[0].first = Some(json!("over and over"));
    spec.outlets.clear();
    let (mut scheduler, mut effects) = (scheduler(&spec), Effects::default());
    scheduler.trigger("start", super::Time::ZERO);
    for _ in 0..30 {
        scheduler.trigger("tick", super::Time::ZERO);
        scheduler.turn(super::Time::ZERO, &mut effects);
    }
    let is_told = |(error, _): &(Error, u64)| {
        error.message().contains(": what came out has ")
            && error.message().ends_with("1048576 is the most")
    };
    assert!(
        !effects.errors.is_empty() && effects.errors.iter().all(is_told),
        "{:?}",
        effects.errors
    );
    assert!(scheduler.is_running());
    assert!(scheduler.save().to_string().len() < 1 << 21);
}

#[test]
fn a_walk_that_knows_no_lines_says_how_it_could() {
    let spec = chain(vec![node("walk", "walk", json!({}))], &[]);
    let mut scheduler = scheduler(&spec);
    let line = || Value::from("a line");
    for (input, value) in [("to", line()), ("targets", vec![line()].into())] {
        let words = scheduler.set("walk", input, value, Asker::default()).unwrap_err();
        assert!(words.message().contains("encoder = \"poetry\""), "{words}");
    }
}

#[test]
fn an_outlet_of_several_nodes_sends_what_belongs_together() {
    let mut spec = chain(
        vec![node("beat", "clock", json!({})), node("slow", "m/inc", json!({}))],
        &["beat.count -> slow.a"],
    );
    spec.outlets.truncate(1);
    spec.outlets[0].from.push("slow.out".parse().unwrap());
    let (mut scheduler, mut effects) = (scheduler(&spec), Effects::default());
    scheduler.trigger("start", super::Time::ZERO);
    for tick in 0..3 {
        scheduler.trigger("tick", super::Time::ZERO);
        effects.clear();
        scheduler.turn(super::Time::ZERO, &mut effects);
        assert!(effects.signals().is_empty());
        let run_request = effects.runs.pop().unwrap();
        scheduler.answer(run_request.id, answer_of(&run_request));
        effects.clear();
        scheduler.turn(super::Time::ZERO, &mut effects);
        let values = &effects.signals()[0].values;
        assert_eq!(*values, [f64::from(tick).into(), f64::from(tick + 1).into()]);
        assert_eq!(effects.signals().len(), 1);
    }
}
