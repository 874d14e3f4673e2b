//! The scheduler: what a chain does and when, without threads, clocks or models. It is told the time and
//! what came of its runs, and answers with effects.
//!
//! What sets nodes off is an *event*: a tick of the chain, a message to an inlet, or the end of a
//! model's run. Each event goes through the nodes once, in an order in which all wires but feedback lead
//! onward: a *wave*. Parts run within it, on the spot; a model's command is asked for, and its answer is
//! an event of its own. So a wave never waits, a node with several inputs runs once in it and not once an
//! input, and a slow model holds up nobody but those who wait for its answers. Values of feedback wires
//! stay on the wire until the next tick.
//!
//! All of it follows from the sequence of calls alone: the same calls with the same answers give the
//! same effects, which is what recordings are played back by.

mod edit;
mod flow;
mod node;
mod pace;
mod save;
#[cfg(test)]
mod tests;

pub use node::{NodeCounters, Stamp};

use super::plan::{Plan, PlannedWire};
use super::spec::{OutletSpec, Pace, Spec, WireSpec};
use super::{Asker, OnError};
use crate::chain::part::Rhythm;
use crate::error::Error;
use crate::model::CancelToken;
use crate::signature::{DataType, Field, Values, accept};
use crate::time::Time;
use crate::value::Value;
use node::{Body, Node};
use pace::Timetable;
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

/// The same error is not told again within this time.
const BETWEEN_ERRORS: Duration = Duration::from_secs(10);

/// Something that a chain sends. Its values are reused, so whoever keeps them clones them.
#[derive(Clone, Debug)]
pub struct Signal {
    /// Which outlet.
    pub outlet: Arc<OutletSpec>,
    /// What the values belong to.
    pub stamp: Stamp,
    /// The values, in the order of the outlet's outputs.
    pub values: Vec<Value>,
}

/// A run that a model is asked for.
pub struct RunRequest {
    /// To be given with the answer.
    pub id: u64,
    /// The model's name.
    pub model: String,
    /// Its command.
    pub command: String,
    /// What is given; the rest is the model's to complete.
    pub inputs: Values,
    /// The seed, which follows from the chain's.
    pub seed: u64,
    /// Set when nobody wants the answer any more.
    pub cancel: CancelToken,
}

/// What is to be done for a scheduler after a call.
#[derive(Default)]
pub struct Effects {
    signals: Vec<Signal>,
    n_signals: usize,
    /// Runs that models are asked for.
    pub runs: Vec<RunRequest>,
    /// Errors for everybody, each with the number of whose message it followed from.
    pub errors: Vec<(Error, u64)>,
    /// News for everybody.
    pub notices: Vec<String>,
    /// Errors for those who asked.
    pub error_replies: Vec<(OnError, Error)>,
}

impl Effects {
    /// What is sent, in order.
    pub fn signals(&self) -> &[Signal] {
        &self.signals[..self.n_signals]
    }

    /// Makes room for those of the next call.
    pub fn clear(&mut self) {
        self.n_signals = 0;
        self.runs.clear();
        self.errors.clear();
        self.notices.clear();
        self.error_replies.clear();
    }

    /// A signal to fill in: one of a call before, so that nothing is allocated in the long run.
    fn next_signal(&mut self, outlet: &Arc<OutletSpec>, stamp: Stamp) -> &mut Vec<Value> {
        if self.n_signals == self.signals.len() {
            let outlet = Arc::clone(outlet);
            self.signals.push(Signal { outlet, stamp, values: Vec::new() });
        }
        let signal = &mut self.signals[self.n_signals];
        self.n_signals += 1;
        (signal.outlet, signal.stamp) = (Arc::clone(outlet), stamp);
        signal.values.clear();
        &mut signal.values
    }
}

/// What was sent to an inlet.
struct Message {
    inlet: usize,
    value: Value,
    asker: u64,
}

struct Wire {
    spec: WireSpec,
    from: (usize, usize),
    to: (usize, usize),
    /// Of a feedback wire: what it brings first.
    first: Option<Value>,
    /// Of a feedback wire: what it brings, and whether that is new.
    held: Option<(Value, bool)>,
}

impl Wire {
    fn new(plan: PlannedWire) -> Self {
        let held = plan.first.clone().map(|first| (first, true));
        Self { spec: plan.spec, from: plan.from, to: plan.to, first: plan.first, held }
    }
}

struct Outlet {
    spec: Arc<OutletSpec>,
    from: Vec<(usize, usize)>,
    is_touched: bool,
    /// The newest values that went out, and what they belong to.
    last: Option<(Stamp, Vec<Value>)>,
}

/// See the module.
pub struct Scheduler {
    spec: Spec,
    seed: u64,
    /// In an order in which all wires but feedback lead onward.
    nodes: Vec<Node>,
    wires: Vec<Wire>,
    /// For each node and output, the wires that leave there.
    leaving: Vec<Vec<Vec<usize>>>,
    outlets: Vec<Outlet>,
    pace: Pace,
    /// Ticks so far; the last one's number is one less.
    n_ticks: u64,
    /// Events so far.
    n_events: u64,
    /// Ticks that were passed over since it was too late for them.
    n_missed: u64,
    /// How long it has run.
    time: Time,
    running: Option<Timetable>,
    /// When the last tick was due.
    last_tick: Option<Time>,
    /// Whether ticks come from outside.
    is_ticked: bool,
    /// Steps asked for while it stands.
    n_single: u32,
    /// Ticks from outside that were not yet taken.
    n_outside: u32,
    /// Messages to inlets that were not yet taken.
    messages: VecDeque<Message>,
    answers: VecDeque<(u64, Result<Arc<Values>, Error>)>,
    n_flights: u64,
    /// A free chain whose runs are refused at once waits until then.
    free_after: Time,
    last_error: Option<(Time, Error)>,
    now: Time,
}

impl Scheduler {
    /// A scheduler that stands at its beginning.
    pub fn new(plan: Plan, seed: u64) -> Self {
        let seed = plan.spec.seed.unwrap_or(seed);
        let mut scheduler = Self {
            seed,
            nodes: Vec::new(),
            wires: Vec::new(),
            leaving: Vec::new(),
            outlets: Vec::new(),
            pace: plan.spec.pace,
            spec: Spec::default(),
            n_ticks: 0,
            n_events: 0,
            n_missed: 0,
            time: Time::ZERO,
            running: None,
            last_tick: None,
            is_ticked: false,
            n_single: 0,
            n_outside: 0,
            messages: VecDeque::new(),
            answers: VecDeque::new(),
            n_flights: 0,
            free_after: Time::ZERO,
            last_error: None,
            now: Time::ZERO,
        };
        scheduler.lay_out(plan);
        for index in 0..scheduler.nodes.len() {
            scheduler.set_all(index);
        }
        scheduler
    }

    /// What it was made from, with what was changed while it ran.
    pub fn spec(&self) -> &Spec {
        &self.spec
    }

    /// Whether it is under way.
    pub fn is_running(&self) -> bool {
        self.running.is_some()
    }

    /// The number of the last tick.
    pub fn step(&self) -> u64 {
        self.n_ticks.saturating_sub(1)
    }

    /// Ticks that were passed over since it was too late for them.
    pub fn n_missed(&self) -> u64 {
        self.n_missed
    }

    /// When it ticks.
    pub fn pace(&self) -> Pace {
        self.pace
    }

    /// Whether nothing of it is under way: no run, and nothing that waits for one.
    pub fn is_idle(&self) -> bool {
        self.answers.is_empty() && self.messages.is_empty() && !self.nodes.iter().any(Node::is_busy)
    }

    /// Nodes by name, in the order in which they were written, with what they have counted.
    pub fn counters(&self) -> Vec<(&str, NodeCounters)> {
        let of = |name: &str| self.nodes.iter().find(|node| node.spec.name == name);
        let nodes = self.spec.nodes.iter().filter_map(|spec| of(&spec.name));
        nodes.map(|node| (node.spec.name.as_str(), node.counters)).collect()
    }

    /// Inputs that values can be sent to, by node, in the order in which the nodes are written.
    pub fn open_inputs(&self) -> Vec<(&str, Vec<&Field>)> {
        let of = |name: &str| self.nodes.iter().find(|node| node.spec.name == name);
        let nodes = self.spec.nodes.iter().filter_map(|spec| of(&spec.name));
        nodes
            .map(|node| {
                let open = node.inputs.iter().filter(|input| input.is_open);
                (node.spec.name.as_str(), open.map(|input| &input.field).collect())
            })
            .collect()
    }

    /// An input that values can be sent to.
    pub fn open_input(&self, node: &str, input: &str) -> Option<&Field> {
        let (node, at) = self.find_input(node, input)?;
        let input = &self.nodes[node].inputs[at];
        input.is_open.then_some(&input.field)
    }

    /// Whether a node lets what is sent to it go on.
    pub fn is_inlet(&self, node: &str) -> bool {
        let node = self.nodes.iter().find(|known| known.spec.name == node);
        node.is_some_and(|node| node.rhythm() == Rhythm::Message)
    }

    /// Outlets with the types of their values.
    pub fn outlets(&self) -> Vec<(&OutletSpec, Vec<&Field>)> {
        let field = |(node, output): &(usize, usize)| &self.nodes[*node].output_fields[*output];
        let outlets = self.outlets.iter();
        outlets.map(|o| (&*o.spec, o.from.iter().map(field).collect())).collect()
    }

    /// An input's value, if there is one.
    pub fn input_value(&self, node: &str, input: &str) -> Option<&Value> {
        let (node, at) = self.find_input(node, input)?;
        self.nodes[node].inputs[at].has_value.then(|| &self.nodes[node].values[at])
    }

    /// The type of an input.
    pub fn input_type(&self, node: &str, input: &str) -> Option<&DataType> {
        let (node, at) = self.find_input(node, input)?;
        Some(&self.nodes[node].inputs[at].field.data_type)
    }

    /// The newest values of an outlet.
    pub fn outlet_values(&self, name: &str) -> Option<(Stamp, &[Value])> {
        let outlet = self.outlets.iter().find(|outlet| outlet.spec.name == name)?;
        outlet.last.as_ref().map(|(stamp, values)| (*stamp, values.as_slice()))
    }

    /// The newest error.
    pub fn last_error(&self) -> Option<&str> {
        self.last_error.as_ref().map(|(_, error)| error.message())
    }

    fn find_input(&self, node: &str, input: &str) -> Option<(usize, usize)> {
        let index = self.nodes.iter().position(|known| known.spec.name == node)?;
        let inputs = &self.nodes[index].inputs;
        Some((index, inputs.iter().position(|known| known.field.name == input)?))
    }

    /// Sets an input that nothing is wired to. The newest wins. An inlet lets it go on.
    ///
    /// # Errors
    /// Plain words when the value does not fit, or something is wired to the input.
    pub fn set(
        &mut self,
        node: &str,
        input: &str,
        value: Value,
        asker: Asker,
    ) -> Result<(), Error> {
        let (index, at) = self
            .find_input(node, input)
            .ok_or_else(|| format!("there is no '{node}/{input}' in this chain"))?;
        let node = &mut self.nodes[index];
        if node.inputs[at].is_wired {
            let wire = self.wires.iter().find(|wire| wire.to == (index, at));
            let from = wire.map_or_else(String::new, |wire| wire.spec.from.to_string());
            return Err(Error::invalid(format!("{from} is wired to {}.{input}", node.spec.name)));
        }
        let value = accept(&node.inputs[at].field, value)?;
        node.inputs[at].has_value = true;
        node.values[at] = value.clone();
        let is_message = node.rhythm() == Rhythm::Message;
        if let Body::Part(part, _) = &mut node.body {
            node.on_error = asker.on_error.or_else(|| node.on_error.take());
            let hint = part.set(input, &value);
            if is_message {
                if self.running.is_none() {
                    return Err("the chain stands: start it, and what is sent here goes on".into());
                }
                if self.messages.len() == node::MAX_WAITING {
                    self.messages.pop_front();
                    node.counters.dropped += 1;
                }
                self.messages.push_back(Message { inlet: index, value, asker: asker.number });
            }
            hint?;
        }
        Ok(())
    }

    /// Takes what came of a run.
    pub fn answer(&mut self, id: u64, outcome: Result<impl Into<Arc<Values>>, impl Into<Error>>) {
        self.answers.push_back((id, outcome.map(Into::into).map_err(Into::into)));
    }

    /// Calls off whatever is under way, for good.
    pub fn abandon(&mut self) {
        self.running = None;
        for node in &mut self.nodes {
            node.call_off();
            node.run_request.take().into_iter().for_each(|run_request| run_request.cancel.cancel());
        }
    }

    /// Does what is due by now. Answers when something is due next.
    pub fn turn(&mut self, now: Time, effects: &mut Effects) -> Option<Time> {
        self.now = now;
        while let Some((id, outcome)) = self.answers.pop_front() {
            self.take_answer(id, outcome, effects);
        }
        while let Some(message) = self.messages.pop_front() {
            self.take_message(message, effects);
        }
        self.send_run_requests(effects);
        let due = self.keep_time(effects);
        self.send_run_requests(effects);
        due
    }

    fn now_stamp(&self, began: Time) -> Stamp {
        Stamp { step: self.step(), event: self.n_events, began, asker: 0 }
    }

    /// Tells parts all values that they have.
    fn set_all(&mut self, index: usize) {
        let node = &mut self.nodes[index];
        let Body::Part(part, _) = &mut node.body else { return };
        for (input, value) in node.inputs.iter().zip(&node.values) {
            // A seed that is not set is the chain's, which the part was made with.
            let is_given = node.spec.set.contains_key(&input.field.name);
            if is_given && input.has_value {
                // What is still missing may come; if not, the chain says so when it is started.
                let _ = part.set(&input.field.name, value);
            }
        }
    }

    fn lay_out(&mut self, plan: Plan) {
        self.nodes = plan
            .nodes
            .into_iter()
            .map(|node| Node::new(node, plan.spec.on_failure, self.seed))
            .collect();
        self.wires = plan.wires.into_iter().map(Wire::new).collect();
        self.leaving = self.nodes.iter().map(|node| vec![Vec::new(); node.outputs.len()]).collect();
        for (index, wire) in self.wires.iter().enumerate() {
            self.leaving[wire.from.0][wire.from.1].push(index);
        }
        let outlets = plan.outlets.into_iter().map(|outlet| Outlet {
            spec: Arc::new(outlet.spec),
            from: outlet.from,
            is_touched: false,
            last: None,
        });
        self.outlets = outlets.collect();
        self.spec = plan.spec;
    }
}
