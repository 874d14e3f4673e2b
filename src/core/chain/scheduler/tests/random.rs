//! Random graphs: every chain that loads runs, and does at each event exactly what the naive
//! interpreter does.

use super::naive::Naive;
use super::{answer_of, chain, node, scheduler};
use crate::chain::scheduler::{Effects, RunRequest, Scheduler};
use crate::chain::spec::{NodeSpec, Spec, Takes};
use crate::time::Time;
use crate::value::Value;
use proptest::prelude::*;
use serde_json::json;
use std::collections::BTreeMap;

const KINDS: [(&str, &[&str]); 8] = [
    ("clock", &[]),
    ("m/add", &["a", "b"]),
    ("m/inc", &["a"]),
    ("adapt/scale", &["in"]),
    ("adapt/counter", &["in"]),
    ("adapt/changed", &["in"]),
    ("adapt/delay", &["in"]),
    ("adapt/hold", &["in", "when"]),
];

/// What is drawn for a node: its kind, where its inputs come from, whether it takes every value.
type Draw = (usize, [u8; 2], bool);

/// A chain of numbers without a dead end: inputs come from nodes before, or by feedback from any.
fn build(draws: &[Draw], turn: usize) -> Spec {
    let mut nodes: Vec<NodeSpec> = Vec::new();
    let mut wires: Vec<(String, bool)> = Vec::new();
    let name = |index: usize| format!("n{index}");
    let run_of = |index: usize| KINDS[draws[index].0 % KINDS.len()].0;
    for (index, (kind, sources, every)) in draws.iter().enumerate() {
        let (run, inputs) = KINDS[kind % KINDS.len()];
        let set = match run {
            "adapt/scale" => json!({ "to_low": 1, "to_high": 3 }),
            "adapt/delay" => json!({ "steps": 2 }),
            _ => json!({}),
        };
        let mut node = node(&name(index), run, set);
        node.takes = if *every { Takes::Every } else { Takes::Newest };
        nodes.push(node);
        for (input, source) in inputs.iter().zip(sources) {
            // Beyond the nodes before, an input has its value by feedback.
            let from = usize::from(*source) % draws.len();
            let is_feedback = from >= index;
            let output = super::output_of(run_of(from));
            wires
                .push((format!("{}.{output} -> {}.{input}", name(from), name(index)), is_feedback));
        }
    }
    // A node that takes every value and is held off by nothing but a waiting input has its own rules
    // tested; and the order in which nodes are written must not matter to what they do.
    let n = nodes.len();
    nodes.rotate_left(turn % n);
    let texts: Vec<&str> = wires.iter().map(|(wire, _)| wire.as_str()).collect();
    let mut spec = chain(nodes, &texts);
    for (wire, (_, is_feedback)) in spec.wires.iter_mut().zip(&wires) {
        wire.first = is_feedback.then(|| json!(0.5));
    }
    spec
}

struct World {
    scheduler: Scheduler,
    effects: Effects,
    flying: Vec<RunRequest>,
    naive: Naive,
    n_asked: usize,
    n_out: usize,
}

impl World {
    fn turn(&mut self) {
        self.effects.clear();
        self.scheduler.turn(Time::ZERO, &mut self.effects);
    }

    /// Everything that was asked for and sent since the last call is what the rules say.
    fn compare(&mut self) -> Result<(), TestCaseError> {
        let number = |value: &Value| value.as_number().unwrap();
        let asked: Vec<(String, BTreeMap<String, f64>)> = self
            .effects
            .runs
            .iter()
            .map(|run_request| {
                let inputs =
                    run_request.inputs.iter().map(|(name, x)| (name.to_string(), number(x)));
                (run_request.command.clone(), inputs.collect())
            })
            .collect();
        let expected: Vec<(String, BTreeMap<String, f64>)> = self.naive.asked[self.n_asked..]
            .iter()
            .map(|(name, inputs, _)| {
                let run = &self.scheduler.spec().node(name).unwrap().run;
                (run.trim_start_matches("m/").to_string(), inputs.clone())
            })
            .collect();
        prop_assert_eq!(asked, expected);
        let signals = self.effects.signals().iter();
        let out: Vec<(String, f64, u64)> = signals
            .map(|s| (s.outlet.name[1..].to_string(), number(&s.values[0]), s.stamp.event))
            .collect();
        prop_assert_eq!(&out, &self.naive.out[self.n_out..]);
        self.n_asked = self.naive.asked.len();
        self.n_out = self.naive.out.len();
        self.flying.append(&mut self.effects.runs);
        Ok(())
    }

    fn node_of(&self, run_request: &RunRequest) -> String {
        let flight = |node: &&super::super::Node| {
            node.flight.as_ref().is_some_and(|f| f.id == run_request.id)
        };
        self.scheduler.nodes.iter().find(flight).unwrap().spec.name.clone()
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn chains_do_what_the_rules_say(
        draws in prop::collection::vec((0_usize..8, any::<[u8; 2]>(), any::<bool>()), 1..9),
        turn in 0_usize..9,
        events in prop::collection::vec((any::<u8>(), any::<u8>()), 1..60),
    ) {
        let spec = build(&draws, turn);
        let mut world = World {
            scheduler: scheduler(&spec),
            effects: Effects::default(),
            flying: Vec::new(),
            naive: Naive::new(&spec),
            n_asked: 0,
            n_out: 0,
        };
        world.scheduler.trigger("start", Time::ZERO);
        for (what, which) in events {
            if what % 2 == 0 || world.flying.is_empty() {
                world.scheduler.trigger("tick", Time::ZERO);
                world.turn();
                world.naive.tick();
            } else {
                let at = usize::from(which) % world.flying.len();
                let run_request = world.flying.swap_remove(at);
                let name = world.node_of(&run_request);
                let outcome = if what > 240 { Err("no".into()) } else { answer_of(&run_request) };
                let number = outcome.as_ref().ok().map(|values| values.number("out"));
                world.scheduler.answer(run_request.id, outcome);
                world.turn();
                world.naive.end(&name, number);
            }
            world.compare()?;
        }
    }

    #[test]
    fn a_chain_that_comes_back_goes_on_as_if_nothing_had_happened(
        draws in prop::collection::vec((0_usize..8, any::<[u8; 2]>(), Just(false)), 1..9),
        n_before in 1_usize..12,
        n_after in 1_usize..12,
    ) {
        let spec = build(&draws, 0);
        let (mut one, mut other) = (scheduler(&spec), scheduler(&spec));
        one.trigger("start", Time::ZERO);
        let before = tick_all(&mut one, n_before);
        prop_assert!(before.len() < 10_000);
        let state: serde_json::Value =
            serde_json::from_str(&one.save().to_string()).unwrap();
        other.restore(&state, Time::ZERO).unwrap();
        prop_assert!(other.is_running());
        prop_assert_eq!(tick_all(&mut one, n_after), tick_all(&mut other, n_after));
    }
}

/// Ticks, with every run answered at once; what was sent.
fn tick_all(scheduler: &mut Scheduler, n_ticks: usize) -> Vec<(String, u64, Value)> {
    let (mut effects, mut all) = (Effects::default(), Vec::new());
    for _ in 0..n_ticks {
        scheduler.trigger("tick", Time::ZERO);
        loop {
            effects.clear();
            scheduler.turn(Time::ZERO, &mut effects);
            all.extend(super::sent(&effects));
            if effects.runs.is_empty() {
                break;
            }
            for run_request in std::mem::take(&mut effects.runs) {
                let outcome = answer_of(&run_request);
                scheduler.answer(run_request.id, outcome);
            }
        }
    }
    all
}
