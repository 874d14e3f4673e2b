//! How values flow: waves through the nodes, runs of models, what happens when one fails.

use super::node::{Body, Flight, MAX_WAITING, Node, RequestInFlight, Stamp};
use super::{BETWEEN_ERRORS, Effects, Message, OnError, RunRequest, Scheduler};
use crate::chain::spec::{OnFailure, Takes};
use crate::error::Error;
use crate::model::CancelToken;
use crate::signature::Values;
use crate::time::Time;
use std::sync::Arc;
use std::time::Duration;

/// A free chain waits this long after a failure, so as not to burn a core on a model that is gone.
const AFTER_FAILURE: Duration = Duration::from_millis(100);

impl Scheduler {
    /// One tick, due at a time on the engine's clock.
    pub(super) fn tick(&mut self, due: Time, effects: &mut Effects) {
        self.n_ticks += 1;
        self.n_events += 1;
        self.last_tick = Some(due);
        let stamp = self.now_stamp(due);
        self.bring_back(stamp, effects);
        for node in self.nodes.iter_mut().filter(|node| node.is_ticked) {
            node.is_touched = true;
        }
        self.wave(0, stamp, effects);
    }

    /// Feedback wires bring what came since the last tick.
    fn bring_back(&mut self, stamp: Stamp, effects: &mut Effects) {
        let is_new = |wire: &super::Wire| wire.held.as_ref().is_some_and(|(_, is_new)| *is_new);
        // A loop that nothing else drives would be dead for ever after a value that went nowhere.
        let is_stuck = !self.wires.iter().any(is_new)
            && !self.nodes.iter().any(|node| node.is_ticked)
            && self.is_idle();
        for index in 0..self.wires.len() {
            let wire = &mut self.wires[index];
            let ((from, _), (to, input)) = (wire.from, wire.to);
            let Some((value, is_new)) = &mut wire.held else { continue };
            if !std::mem::take(is_new) {
                if !is_stuck {
                    continue;
                }
                self.nodes[from].counters.repeated += 1;
            }
            let delivered = self.nodes[to].deliver(input, value, stamp);
            self.report(to, delivered, effects);
        }
    }

    /// A message to an inlet goes on.
    pub(super) fn take_message(&mut self, message: Message, effects: &mut Effects) {
        let Message { inlet: index, value, asker } = message;
        if index >= self.nodes.len() || self.running.is_none() {
            return;
        }
        self.n_events += 1;
        let stamp = Stamp { asker, ..self.now_stamp(self.now) };
        self.nodes[index].values[0] = value;
        self.run_part(index, stamp, effects);
        self.wave(index + 1, stamp, effects);
    }

    /// A source moves between ticks, for outlets alone.
    pub(super) fn update(&mut self, index: usize, due: Time, effects: &mut Effects) {
        let stamp = self.now_stamp(due);
        let (time, node) = (self.time, &mut self.nodes[index]);
        if let Ok(true) = node.run_part(stamp, time) {
            (node.has_outputs, node.stamp) = (true, stamp);
            self.touch_outlets(index);
            self.flush(stamp, effects);
        }
    }

    /// Every node that something has come to, in order, and what follows from it; then the outlets.
    fn wave(&mut self, from: usize, stamp: Stamp, effects: &mut Effects) {
        for index in from..self.nodes.len() {
            if self.nodes[index].is_touched {
                self.visit(index, stamp, effects);
            }
        }
        self.flush(stamp, effects);
    }

    fn visit(&mut self, index: usize, now: Stamp, effects: &mut Effects) {
        while let Some(stamp) = self.nodes[index].next_set(now) {
            match self.nodes[index].body {
                Body::Part(..) => self.run_part(index, stamp, effects),
                Body::Command { .. } => self.ask(index, stamp, effects),
            }
        }
    }

    fn run_part(&mut self, index: usize, stamp: Stamp, effects: &mut Effects) {
        let outcome = self.nodes[index].run_part(stamp, self.time);
        match outcome {
            Ok(true) => self.succeed(index, stamp, effects),
            Ok(false) => {}
            Err(error) => self.fail(index, stamp, error, effects),
        }
    }

    /// A model's command is to be run: now, or when the run before is done.
    fn ask(&mut self, index: usize, stamp: Stamp, effects: &mut Effects) {
        let node = &mut self.nodes[index];
        let job = node.job(stamp);
        if node.flight.is_none() {
            return self.depart(index, job, effects);
        }
        let most = if node.spec.takes == Takes::Every { MAX_WAITING } else { 1 };
        if node.waiting.len() == most {
            node.waiting.pop_front();
            node.counters.dropped += 1;
        }
        node.waiting.push_back(job);
    }

    fn depart(&mut self, index: usize, job: super::node::Job, effects: &mut Effects) {
        let (id, now) = (self.n_flights, self.now);
        self.n_flights += 1;
        let node = &mut self.nodes[index];
        let Body::Command { model, command } = &node.body else { return };
        let (model, command) = (model.clone(), command.clone());
        let (stamp, cancel) = (job.stamp, CancelToken::new());
        let seed = node.seed_of(stamp.event);
        let inputs = node.named(job);
        node.flight = Some(Flight { id, stamp, asked: now, cancel: cancel.clone() });
        effects.runs.push(RunRequest { id, model, command, inputs, seed, cancel });
    }

    pub(super) fn take_answer(
        &mut self,
        id: u64,
        outcome: Result<Arc<Values>, Error>,
        effects: &mut Effects,
    ) {
        let is_run_request =
            |node: &Node| node.run_request.as_ref().is_some_and(|run_request| run_request.id == id);
        if let Some(index) = self.nodes.iter().position(is_run_request) {
            let node = &mut self.nodes[index];
            node.run_request = None;
            let Body::Part(part, _) = &mut node.body else { return };
            let answered = part.answer(outcome.as_deref());
            return self.report(index, answered, effects);
        }
        let is_flight = |node: &Node| node.flight.as_ref().is_some_and(|flight| flight.id == id);
        let Some(index) = self.nodes.iter().position(is_flight) else { return };
        let step = self.step();
        let node = &mut self.nodes[index];
        let Some(flight) = node.flight.take() else { return };
        let stamp = flight.stamp;
        node.counters.took = self.now.saturating_sub(flight.asked);
        match outcome.and_then(|outputs| node.take_outputs(&outputs)) {
            Ok(()) => {
                node.counters.late += u64::from(stamp.step < step);
                self.succeed(index, stamp, effects);
            }
            Err(error) => {
                self.free_after = self.now + AFTER_FAILURE;
                self.fail(index, stamp, error, effects);
            }
        }
        self.wave(index + 1, stamp, effects);
        if self.nodes[index].flight.is_none()
            && let Some(job) = self.nodes[index].waiting.pop_front()
        {
            self.depart(index, job, effects);
        }
    }

    fn succeed(&mut self, index: usize, stamp: Stamp, effects: &mut Effects) {
        let now = self.now;
        let node = &mut self.nodes[index];
        node.counters.ran += 1;
        node.counters.age = now.saturating_sub(stamp.began);
        let n_failures = std::mem::take(&mut node.n_failures);
        if n_failures > 0 {
            let times = if n_failures == 1 { "once".into() } else { format!("{n_failures} times") };
            let words = format!("{} runs again, after it failed {times}", node.spec.name);
            effects.notices.push(words);
        }
        self.emit(index, stamp, effects);
    }

    fn fail(&mut self, index: usize, stamp: Stamp, error: Error, effects: &mut Effects) {
        let node = &mut self.nodes[index];
        node.counters.failed += 1;
        node.n_failures += 1;
        let (rule, name) = (node.on_failure, node.spec.name.clone());
        let holds = rule == OnFailure::Hold && node.has_outputs;
        node.counters.repeated += u64::from(holds);
        self.tell_error(error.context(&name), None, stamp.asker, effects);
        match rule {
            OnFailure::Hold if holds => self.emit(index, stamp, effects),
            OnFailure::Hold | OnFailure::Skip => {}
            OnFailure::Stop => {
                effects.notices.push(format!("stopped, since {name} failed"));
                self.stop();
            }
        }
    }

    /// Outputs go out along all wires.
    fn emit(&mut self, index: usize, stamp: Stamp, effects: &mut Effects) {
        (self.nodes[index].has_outputs, self.nodes[index].stamp) = (true, stamp);
        for output in 0..self.leaving[index].len() {
            for at in 0..self.leaving[index][output].len() {
                let wire = &mut self.wires[self.leaving[index][output][at]];
                let (to, input) = wire.to;
                match &mut wire.held {
                    Some((held, is_new)) => {
                        self.nodes[index].counters.dropped += u64::from(*is_new);
                        held.clone_from(&self.nodes[index].outputs[output]);
                        *is_new = true;
                    }
                    None => {
                        // A wire that is no feedback leads to a later node.
                        let (before, after) = self.nodes.split_at_mut(to);
                        let value = &before[index].outputs[output];
                        let delivered = after[0].deliver(input, value, stamp);
                        self.report(to, delivered, effects);
                    }
                }
            }
        }
        self.touch_outlets(index);
    }

    fn touch_outlets(&mut self, index: usize) {
        for outlet in &mut self.outlets {
            outlet.is_touched |= outlet.from.iter().any(|(node, _)| *node == index);
        }
    }

    /// Outlets that anything new has come to send, once all their values are of one event.
    fn flush(&mut self, stamp: Stamp, effects: &mut Effects) {
        for outlet in self.outlets.iter_mut().filter(|outlet| outlet.is_touched) {
            outlet.is_touched = false;
            let of = |(node, output): &(usize, usize)| (&self.nodes[*node], *output);
            if !outlet.from.iter().all(|from| of(from).0.has_outputs) {
                continue;
            }
            let stamps = || outlet.from.iter().map(|from| of(from).0.stamp);
            let stamp = stamps().max_by_key(|stamp| stamp.event).unwrap_or(stamp);
            // What was set off together is sent together: not with what was there before.
            if stamps().any(|other| other.event != stamp.event) {
                continue;
            }
            let values = effects.next_signal(&outlet.spec, stamp);
            values.extend(outlet.from.iter().map(|from| of(from).0.outputs[of(from).1].clone()));
            let (at, last) = outlet.last.get_or_insert_with(|| (stamp, Vec::new()));
            *at = stamp;
            last.clone_from(values);
        }
    }

    /// What parts need models for.
    pub(super) fn send_run_requests(&mut self, effects: &mut Effects) {
        for node in &mut self.nodes {
            let Body::Part(part, _) = &mut node.body else { continue };
            if node.run_request.is_some() {
                continue;
            }
            let Some(run_request) = part.run_request() else { continue };
            let (id, cancel) = (self.n_flights, CancelToken::new());
            self.n_flights += 1;
            // Other than those of the node's runs, which events are counted up for.
            let seed = node.seed_of(!id);
            node.run_request = Some(RequestInFlight { id, cancel: cancel.clone() });
            let (model, command) = (run_request.model, run_request.command.into());
            effects.runs.push(RunRequest {
                id,
                model,
                command,
                inputs: run_request.inputs,
                seed,
                cancel,
            });
        }
    }

    /// Tells what a part could not do, to whoever asked for it.
    fn report(&mut self, index: usize, outcome: Result<(), Error>, effects: &mut Effects) {
        let Err(error) = outcome else { return };
        let node = &mut self.nodes[index];
        let error = error.context(&node.spec.name);
        let on_error = node.on_error.take();
        self.tell_error(error, on_error, 0, effects);
    }

    /// Tells whoever asked at once, and everyone if it is news, or somebody waits for an answer.
    pub(super) fn tell_error(
        &mut self,
        error: Error,
        on_error: Option<OnError>,
        asker: u64,
        effects: &mut Effects,
    ) {
        if let Some(on_error) = on_error {
            effects.error_replies.push((on_error, error.clone()));
        }
        let is_news = self.last_error.as_ref().is_none_or(|(at, last)| {
            *last != error || self.now.saturating_sub(*at) >= BETWEEN_ERRORS
        });
        if is_news || asker != 0 {
            effects.errors.push((error.clone(), asker));
            self.last_error = Some((self.now, error));
        }
    }
}

impl Node {
    /// Takes a model's outputs in the order of the fields.
    fn take_outputs(&mut self, outputs: &Values) -> Result<(), Error> {
        for (slot, field) in self.outputs.iter_mut().zip(&self.output_fields) {
            let value = outputs.get(&field.name);
            let value = value.ok_or_else(|| format!("its model gave no '{}'", field.name))?;
            slot.clone_from(value);
        }
        Ok(())
    }
}
