//! A naive interpreter of chains of numbers: the rules, as plainly as they can be written. It keeps
//! every value that ever came and looks all up anew each time.

use crate::chain::spec::{End, Spec, Takes};
use std::collections::{BTreeMap, VecDeque};

/// A value and the event that it belongs to.
type Stamped = (f64, u64);

#[derive(Default)]
struct Node {
    /// For each wired input, all that came and was not taken yet; with `newest`, the last that came.
    came: BTreeMap<String, VecDeque<Stamped>>,
    is_fresh: bool,
    last: Option<f64>,
    /// What parts remember.
    memory: Vec<f64>,
    /// Of a command: the run under way, and those that wait.
    flight: Option<(BTreeMap<String, f64>, u64)>,
    waiting: VecDeque<(BTreeMap<String, f64>, u64)>,
}

pub struct Naive {
    spec: Spec,
    /// Names in an order in which wires lead onward.
    order: Vec<String>,
    nodes: BTreeMap<String, Node>,
    /// What feedback wires hold, by input.
    feedback: BTreeMap<String, (f64, bool)>,
    n_events: u64,
    /// Runs asked for: node, inputs, event.
    pub asked: Vec<(String, BTreeMap<String, f64>, u64)>,
    /// What went out: node, value, event.
    pub out: Vec<(String, f64, u64)>,
}

impl Naive {
    pub fn new(spec: &Spec) -> Self {
        let mut order: Vec<String> = Vec::new();
        while order.len() < spec.nodes.len() {
            // The first as written whose wires all come from nodes that are there already.
            let is_next = |name: &&String| {
                !order.contains(*name)
                    && spec.wires.iter().all(|wire| {
                        wire.to.node != **name
                            || wire.first.is_some()
                            || order.contains(&wire.from.node)
                    })
            };
            let names: Vec<&String> = spec.nodes.iter().map(|node| &node.name).collect();
            let next = names.into_iter().find(is_next).unwrap().clone();
            order.push(next);
        }
        let feedback = spec
            .wires
            .iter()
            .filter_map(|wire| Some((wire.to.to_string(), (wire.first.as_ref()?.as_f64()?, true))));
        Self {
            order,
            nodes: spec.nodes.iter().map(|node| (node.name.clone(), Node::default())).collect(),
            feedback: feedback.collect(),
            n_events: 0,
            asked: Vec::new(),
            out: Vec::new(),
            spec: spec.clone(),
        }
    }

    fn run(&self, name: &str) -> &str {
        &self.spec.node(name).unwrap().run
    }

    fn takes(&self, name: &str) -> Takes {
        self.spec.node(name).unwrap().takes
    }

    /// The inputs that something is wired to, and whether they set the node off.
    fn wired(&self, name: &str) -> Vec<(String, bool)> {
        let wires = self.spec.wires.iter().filter(|wire| wire.to.node == name);
        let waits = |field: &str| self.run(name) == "adapt/hold" && field == "in";
        wires.map(|wire| (wire.to.field.clone(), !waits(&wire.to.field))).collect()
    }

    fn is_ticked(&self, name: &str) -> bool {
        let run = self.run(name);
        (run == "clock" || run.starts_with("m/")) && self.wired(name).is_empty()
    }

    pub fn tick(&mut self) {
        self.n_events += 1;
        let event = self.n_events;
        let is_idle =
            self.nodes.values().all(|node| node.flight.is_none() && node.waiting.is_empty());
        let is_stuck = is_idle
            && self.feedback.values().all(|(_, is_new)| !is_new)
            && !self.order.iter().any(|name| self.is_ticked(name));
        for wire in self.spec.wires.clone() {
            if let Some((value, is_new)) = self.feedback.get_mut(&wire.to.to_string())
                && (std::mem::take(is_new) || is_stuck)
            {
                let value = *value;
                self.come(&wire.to, (value, event));
            }
        }
        for name in self.order.clone() {
            if self.is_ticked(&name) {
                self.nodes.get_mut(&name).unwrap().is_fresh = true;
            }
        }
        self.wave(event, self.out.len());
    }

    /// The run under way of a node ends: with a number, or fails.
    pub fn end(&mut self, name: &str, outcome: Option<f64>) {
        let n_before = self.out.len();
        let node = self.nodes.get_mut(name).unwrap();
        let (_, event) = node.flight.take().unwrap();
        if let Some(value) = outcome.or(node.last) {
            node.last = Some(value);
            self.emit(name, value, event);
        }
        self.wave(self.n_events, n_before);
        let node = self.nodes.get_mut(name).unwrap();
        if node.flight.is_none()
            && let Some((inputs, event)) = node.waiting.pop_front()
        {
            node.flight = Some((inputs.clone(), event));
            self.asked.push((name.into(), inputs, event));
        }
    }

    fn come(&mut self, to: &End, stamped: Stamped) {
        let sets_off =
            self.wired(&to.node).iter().any(|(field, sets_off)| *field == to.field && *sets_off);
        let keeps_all = self.takes(&to.node) == Takes::Every && sets_off;
        let node = self.nodes.get_mut(&to.node).unwrap();
        let came = node.came.entry(to.field.clone()).or_default();
        if !keeps_all {
            came.clear();
        }
        came.push_back(stamped);
        node.is_fresh |= sets_off;
    }

    fn wave(&mut self, event: u64, n_before: usize) {
        for name in self.order.clone() {
            if !std::mem::take(&mut self.nodes.get_mut(&name).unwrap().is_fresh) {
                continue;
            }
            while let Some((inputs, event)) = self.take(&name, event) {
                match self.run(&name).starts_with("m/") {
                    true => self.ask(&name, inputs, event),
                    false => {
                        if let Some(value) = self.part(&name, &inputs) {
                            self.nodes.get_mut(&name).unwrap().last = Some(value);
                            self.emit(&name, value, event);
                        }
                    }
                }
                if self.takes(&name) == Takes::Newest || self.is_ticked(&name) {
                    break;
                }
            }
        }
        // An outlet sends the last of what a wave brought.
        let of_wave = self.out.split_off(n_before);
        for node in &self.spec.nodes {
            self.out.extend(of_wave.iter().rfind(|(name, ..)| *name == node.name).cloned());
        }
    }

    /// A set of inputs, if one is whole.
    fn take(&mut self, name: &str, now: u64) -> Option<(BTreeMap<String, f64>, u64)> {
        let wired = self.wired(name);
        if self.is_ticked(name) {
            return Some((BTreeMap::new(), now));
        }
        let takes = self.takes(name);
        let came = &mut self.nodes.get_mut(name).unwrap().came;
        let newest = |came: &BTreeMap<String, VecDeque<Stamped>>, field: &str| {
            came.get(field).and_then(|came| came.back()).copied()
        };
        if takes == Takes::Newest {
            let all = wired.iter().map(|(field, _)| Some((field.clone(), newest(came, field)?)));
            let all: Vec<(String, Stamped)> = all.collect::<Option<_>>()?;
            let event = all.iter().map(|(_, (_, event))| *event).max()?;
            return Some((all.into_iter().map(|(field, (x, _))| (field, x)).collect(), event));
        }
        let mut inputs = BTreeMap::new();
        for (field, _) in wired.iter().filter(|(_, sets_off)| !sets_off) {
            inputs.insert(field.clone(), newest(came, field)?.0);
        }
        let hot: Vec<&String> =
            wired.iter().filter(|(_, hot)| *hot).map(|(field, _)| field).collect();
        let has = |field: &String, event: u64| {
            came.get(field).is_some_and(|c| c.iter().any(|s| s.1 == event))
        };
        let first = came.get(hot[0])?.iter().map(|(_, event)| *event);
        let event = first.filter(|event| hot.iter().all(|field| has(field, *event))).min()?;
        for field in hot {
            let queue = came.get_mut(field)?;
            while let Some((value, at)) = queue.pop_front() {
                if at == event {
                    inputs.insert(field.clone(), value);
                    break;
                }
            }
        }
        Some((inputs, event))
    }

    fn ask(&mut self, name: &str, inputs: BTreeMap<String, f64>, event: u64) {
        let takes = self.takes(name);
        let node = self.nodes.get_mut(name).unwrap();
        if node.flight.is_some() {
            if takes == Takes::Newest {
                node.waiting.clear();
            }
            return node.waiting.push_back((inputs, event));
        }
        node.flight = Some((inputs.clone(), event));
        self.asked.push((name.into(), inputs, event));
    }

    fn part(&mut self, name: &str, inputs: &BTreeMap<String, f64>) -> Option<f64> {
        let run = self.run(name).to_string();
        let memory = &mut self.nodes.get_mut(name).unwrap().memory;
        match run.as_str() {
            "clock" | "adapt/counter" => {
                memory.push(0.0);
                Some(memory.len() as f64 - 1.0)
            }
            "adapt/scale" => Some(1.0 + 2.0 * inputs["in"]),
            "adapt/hold" => Some(inputs["in"]),
            "adapt/changed" => {
                let is_same = memory.last() == Some(&inputs["in"]);
                memory.push(inputs["in"]);
                (!is_same).then_some(inputs["in"])
            }
            // By two values.
            _ => {
                memory.push(inputs["in"]);
                memory.len().checked_sub(3).map(|at| memory[at])
            }
        }
    }

    fn emit(&mut self, name: &str, value: f64, event: u64) {
        self.out.push((name.into(), value, event));
        for wire in self.spec.wires.clone().iter().filter(|wire| wire.from.node == name) {
            match self.feedback.get_mut(&wire.to.to_string()) {
                Some(held) => *held = (value, true),
                None => self.come(&wire.to, (value, event)),
            }
        }
    }
}
