//! A node at work: its inputs as they came, its outputs, what waits for it, and what it has counted.

use super::OnError;
use crate::chain::part::{Moment, Part, Rhythm};
use crate::chain::plan::{PlannedBody, PlannedNode};
use crate::chain::spec::{NodeSpec, OnFailure, Takes};
use crate::error::Error;
use crate::model::CancelToken;
use crate::signature::{DataType, Field, Values, accept};
use crate::time::Time;
use crate::value::Value;
use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Sets of inputs that wait for a node that takes every value, and values that wait for others of the
/// same tick; the oldest give way.
pub const MAX_WAITING: usize = 64;

/// Bytes that a text or a list that a part gives may have.
const MAX_SIZE: usize = 1 << 20;

/// What a value belongs to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stamp {
    /// The tick.
    pub step: u64,
    /// What set it off, counted: each tick, and each message to an inlet, is one event.
    pub event: u64,
    /// When that was, on the engine's clock.
    pub began: Time,
    /// Of a message: the number of whoever sent it; else 0.
    pub asker: u64,
}

/// What stands where no value has come yet.
pub fn nothing() -> Value {
    Value::Any(serde_json::Value::Null)
}

/// What a node has counted since the chain was made.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct NodeCounters {
    /// Runs that gave outputs.
    pub ran: u64,
    /// Of these, how many were done only when the next tick had begun.
    pub late: u64,
    /// Values that came and were never taken, since newer ones took their place.
    pub dropped: u64,
    /// Outputs that went out again, since there was nothing new.
    pub repeated: u64,
    /// Runs that failed.
    pub failed: u64,
    /// How long the last run took, waiting for its model included.
    pub took: Time,
    /// How long after what set it off the newest outputs were there.
    pub age: Time,
}

/// An input as it came.
pub struct Input {
    pub field: Field,
    pub is_wired: bool,
    pub waits: bool,
    pub is_open: bool,
    /// Whether there is a value.
    pub has_value: bool,
    pub stamp: Stamp,
    /// Of a node that takes every value: those that wait for others of the same event.
    pub queue: VecDeque<(Value, Stamp)>,
}

/// A set of inputs that waits for its run.
pub struct Job {
    pub inputs: Vec<Option<Value>>,
    pub stamp: Stamp,
}

/// A run of a model that is under way.
pub struct Flight {
    pub id: u64,
    pub stamp: Stamp,
    pub asked: Time,
    pub cancel: CancelToken,
}

/// A run that a part asked for itself.
pub struct RequestInFlight {
    pub id: u64,
    pub cancel: CancelToken,
}

/// What a node runs.
pub enum Body {
    Part(Box<dyn Part>, Rhythm),
    Command { model: String, command: String },
}

pub struct Node {
    pub spec: NodeSpec,
    pub on_failure: OnFailure,
    pub body: Body,
    pub inputs: Vec<Input>,
    /// The inputs' values, side by side, so that parts can read them in place.
    pub values: Vec<Value>,
    /// Whether something has come that sets it off.
    pub is_touched: bool,
    /// Whether ticks set it off.
    pub is_ticked: bool,
    pub output_fields: Vec<Field>,
    pub outputs: Vec<Value>,
    /// Whether there are outputs.
    pub has_outputs: bool,
    pub stamp: Stamp,
    pub waiting: VecDeque<Job>,
    pub flight: Option<Flight>,
    pub run_request: Option<RequestInFlight>,
    /// Who is told when what was asked of a part can't be done.
    pub on_error: Option<OnError>,
    pub counters: NodeCounters,
    /// Failures since the last run that gave outputs.
    pub n_failures: u64,
    /// Updates between ticks, since the chain was started.
    pub n_updates: u64,
    /// Of the node's name, so that nodes have chance of their own.
    pub salt: u64,
}

impl Node {
    pub fn new(plan: PlannedNode, on_failure: OnFailure, seed: u64) -> Self {
        let salt = hash(&plan.spec.name) ^ seed;
        let mut node = Self {
            on_failure: plan.spec.on_failure.unwrap_or(on_failure),
            body: match plan.body {
                PlannedBody::Part(kind, options) => {
                    Body::Part((kind.make)(&options, seed), kind.rhythm)
                }
                PlannedBody::Command { model, command } => Body::Command { model, command },
            },
            inputs: Vec::with_capacity(plan.inputs.len()),
            values: Vec::with_capacity(plan.inputs.len()),
            is_touched: false,
            is_ticked: false,
            outputs: plan.outputs.iter().map(|_| nothing()).collect(),
            output_fields: plan.outputs,
            has_outputs: false,
            stamp: Stamp::default(),
            waiting: VecDeque::new(),
            flight: None,
            run_request: None,
            on_error: None,
            counters: NodeCounters::default(),
            n_failures: 0,
            n_updates: 0,
            salt,
            spec: plan.spec,
        };
        let is_part = matches!(node.body, Body::Part(..));
        for input in plan.inputs {
            // A model completes what is not given with what it holds; a part has no one to ask.
            let default = || input.field.data_type.default_value().filter(|_| is_part);
            // A seed that nobody sets is the chain's.
            let own_seed = || {
                (input.field.name == "seed" && is_part)
                    .then(|| Value::Integer((seed % (1 << 31)) as i64))
            };
            let value = match (input.is_wired, input.is_open) {
                (false, true) => input.set.clone().or_else(own_seed).or_else(default),
                _ => None,
            };
            node.inputs.push(Input {
                is_wired: input.is_wired,
                waits: input.waits,
                is_open: input.is_open && !input.is_wired,
                has_value: value.is_some(),
                stamp: Stamp::default(),
                queue: VecDeque::new(),
                field: input.field,
            });
            node.values.push(value.unwrap_or_else(nothing));
        }
        node.is_ticked = node.rhythm() == Rhythm::Tick
            && !node.inputs.iter().any(|input| input.is_wired && !input.waits);
        node
    }

    pub fn rhythm(&self) -> Rhythm {
        match &self.body {
            Body::Part(_, rhythm) => *rhythm,
            Body::Command { .. } => Rhythm::Tick,
        }
    }

    /// Whether something of it is under way or waits.
    pub fn is_busy(&self) -> bool {
        self.flight.is_some() || !self.waiting.is_empty()
    }

    /// A value comes over a wire.
    pub fn deliver(&mut self, at: usize, value: &Value, stamp: Stamp) -> Result<(), Error> {
        let input = &mut self.inputs[at];
        if self.spec.takes == Takes::Every && !input.waits {
            if input.queue.len() == MAX_WAITING {
                input.queue.pop_front();
                self.counters.dropped += 1;
            }
            input.queue.push_back((value.clone(), stamp));
            self.is_touched = true;
            return Ok(());
        }
        let is_news = !input.has_value || input.waits && self.values[at] != *value;
        self.values[at].clone_from(value);
        (input.has_value, input.stamp) = (true, stamp);
        match (&mut self.body, input.waits) {
            (Body::Part(part, _), true) if is_news => part.set(&input.field.name, value),
            (_, true) => Ok(()),
            (_, false) => {
                self.is_touched = true;
                Ok(())
            }
        }
    }

    /// Takes up the next set of inputs, if one is whole. Answers what it belongs to.
    pub fn next_set(&mut self, now: Stamp) -> Option<Stamp> {
        if self.spec.takes == Takes::Every && !self.is_ticked {
            return self.next_match();
        }
        if !std::mem::take(&mut self.is_touched) {
            return None;
        }
        if self.is_ticked {
            return Some(now);
        }
        let is_whole = self.inputs.iter().all(|input| !input.is_wired || input.has_value);
        let newest = self.inputs.iter().filter(|i| i.is_wired).map(|i| i.stamp);
        newest.max_by_key(|stamp| stamp.event).filter(|_| is_whole)
    }

    /// The oldest event that all wires have brought; what older ones brought is dropped.
    fn next_match(&mut self) -> Option<Stamp> {
        self.is_touched = false;
        let is_whole =
            self.inputs.iter().all(|input| !input.waits || !input.is_wired || input.has_value);
        if !is_whole {
            return None;
        }
        loop {
            let queues = || self.inputs.iter().filter(|input| input.is_wired && !input.waits);
            let fronts = || queues().map(|input| input.queue.front().map(|(_, stamp)| *stamp));
            let newest = fronts().try_fold(Stamp::default(), |newest, stamp| {
                stamp.map(|stamp| if stamp.event >= newest.event { stamp } else { newest })
            })?;
            if fronts().all(|stamp| stamp.is_some_and(|stamp| stamp.event == newest.event)) {
                for (input, value) in self.inputs.iter_mut().zip(&mut self.values) {
                    if let Some((next, stamp)) = input.queue.pop_front() {
                        (*value, input.stamp, input.has_value) = (next, stamp, true);
                    }
                }
                return Some(newest);
            }
            for input in &mut self.inputs {
                let is_old = |front: &(Value, Stamp)| front.1.event < newest.event;
                if input.queue.front().is_some_and(is_old) {
                    input.queue.pop_front();
                    self.counters.dropped += 1;
                }
            }
        }
    }

    /// Runs a part on the inputs as they stand. Answers whether its outputs go on.
    pub fn run_part(&mut self, stamp: Stamp, time: Time) -> Result<bool, Error> {
        let Body::Part(part, _) = &mut self.body else { return Ok(false) };
        // A model checks what it is given; of a part the chain checks the numbers, which need no memory.
        for (input, value) in self.inputs.iter().zip(&mut self.values) {
            if input.is_wired && !is_number_that_fits(&input.field.data_type, value) {
                *value = accept(&input.field, value.clone())?;
            }
        }
        let moment = Moment { step: stamp.step, time, chance: chance(self.salt, stamp.event) };
        let (values, outputs) = (&self.values, &mut self.outputs);
        // A slip in a part costs this run alone, as it does in a model.
        let goes_on = catch_unwind(AssertUnwindSafe(|| part.run(values, &moment, outputs)))
            .unwrap_or_else(|_| {
                Err(Error::invalid(format!("{} has a fault and panicked", self.spec.run)))
            })?;
        // In a loop a text may grow, and would fill the memory.
        match self.outputs.iter().map(size).find(|size| *size > MAX_SIZE) {
            Some(size) => {
                self.outputs.fill_with(nothing);
                self.has_outputs = false;
                Err(Error::invalid(format!(
                    "what came out has {size} bytes, and {MAX_SIZE} is the most"
                )))
            }
            None => Ok(goes_on),
        }
    }

    /// The inputs as they stand, to be run later; unwired ones without a value are the model's to know.
    pub fn job(&self, stamp: Stamp) -> Job {
        let values = self.inputs.iter().zip(&self.values);
        let inputs = values.map(|(i, value)| i.has_value.then(|| value.clone())).collect();
        Job { inputs, stamp }
    }

    /// The inputs of a job by name.
    pub fn named(&self, job: Job) -> Values {
        let mut values = Values::new();
        for (input, value) in self.inputs.iter().zip(job.inputs) {
            value.into_iter().for_each(|value| values.set(&input.field.name, value));
        }
        values
    }

    /// The seed of a run that an event sets off.
    pub fn seed_of(&self, event: u64) -> u64 {
        chance(self.salt, event)
    }

    /// Calls off whatever is under way.
    pub fn call_off(&mut self) {
        self.waiting.clear();
        self.inputs.iter_mut().for_each(|input| input.queue.clear());
        self.flight.take().into_iter().for_each(|flight| flight.cancel.cancel());
        self.is_touched = false;
    }

    /// Back to the beginning; values that were set stay.
    pub fn reset(&mut self) {
        self.call_off();
        if let Body::Part(part, _) = &mut self.body {
            part.reset();
        }
        for (input, value) in self.inputs.iter_mut().zip(&mut self.values) {
            if input.is_wired {
                (input.has_value, *value) = (false, nothing());
            }
        }
        self.has_outputs = false;
        self.outputs.fill_with(nothing);
        (self.n_failures, self.n_updates) = (0, 0);
    }
}

/// How much a text or a list holds, roughly; other values are as large as their types say.
fn size(value: &Value) -> usize {
    match value {
        Value::Text(text) => text.len(),
        Value::Array(items) => items.iter().map(|item| size(item) + size_of::<Value>()).sum(),
        _ => 0,
    }
}

/// FNV-1a.
fn hash(name: &str) -> u64 {
    name.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

/// The finalizer of SplitMix64, so that neighbours are unlike.
fn chance(salt: u64, event: u64) -> u64 {
    let mut x = salt ^ event.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

/// Whether a value is no number, or a number that its type accepts as it is: what nearly all are, told
/// without moving them.
fn is_number_that_fits(data_type: &DataType, value: &Value) -> bool {
    match (data_type, value) {
        (DataType::Number { min, max, .. }, Value::Number(number)) => {
            number.is_finite()
                && min.is_none_or(|min| *number >= min)
                && max.is_none_or(|max| *number <= max)
        }
        (DataType::Integer { min, max, .. }, Value::Integer(integer)) => {
            min.is_none_or(|min| *integer >= min) && max.is_none_or(|max| *integer <= max)
        }
        (_, value) => !matches!(value, Value::Number(_) | Value::Integer(_)),
    }
}
