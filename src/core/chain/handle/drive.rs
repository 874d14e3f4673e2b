//! A chain's thread: waits for what is due, and does it.

use super::{Shared, lock};
use crate::chain::ChainEvent;
use crate::chain::scheduler::{Effects, RunRequest};
use crate::engine::{Origin, Request, RunEvent};
use crate::error::Error;
use crate::recording::RecordedEvent as Recorded;
use crate::signature::Values;
use crate::time::Time;
use crossbeam::channel::{Receiver, RecvTimeoutError};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// After a fault of its own it waits this long, so as not to burn a core.
const AFTER_FAULT: Duration = Duration::from_secs(1);

impl Shared {
    pub fn wake(&self) {
        if let Some(wake) = &*lock(&self.wake) {
            // A full channel wakes it as well.
            let _ = wake.try_send(());
        }
    }

    /// Writes down what is done to the scheduler. To be called with it locked, so that a recording has all
    /// of it in order.
    pub fn record(&self, now: Time, event: impl FnOnce() -> Recorded) {
        if let Some(sink) = self.engine.sink() {
            sink.write(now, event());
        }
    }

    pub fn drive(self: &Arc<Self>, woken: &Receiver<()>) {
        loop {
            let due = match catch_unwind(AssertUnwindSafe(|| self.turn())) {
                Ok(due) => due,
                Err(_) => {
                    tracing::error!("the chain '{}' failed at a step and goes on", self.name);
                    Some(self.engine.clock().now() + AFTER_FAULT)
                }
            };
            let ended = match due {
                Some(due) => {
                    let wait = due.saturating_sub(self.engine.clock().now());
                    woken.recv_timeout(wait) == Err(RecvTimeoutError::Disconnected)
                }
                None => woken.recv().is_err(),
            };
            if ended {
                return;
            }
        }
    }

    /// Does what is due. Answers when there is something to do next, if nothing happens before.
    pub fn turn(self: &Arc<Self>) -> Option<Time> {
        let mut effects = lock(&self.effects);
        effects.clear();
        let due = {
            let mut scheduler = lock(&self.scheduler);
            let now = self.engine.clock().now();
            self.record(now, || Recorded::Turn { chain: self.name.clone() });
            scheduler.turn(now, &mut effects)
        };
        // Whoever asked hears of it before everybody does.
        for (on_error, error) in effects.error_replies.drain(..) {
            on_error(error);
        }
        self.say(&effects);
        for run_request in effects.runs.drain(..) {
            self.run(run_request);
        }
        due
    }

    /// Tells all that a turn has brought.
    pub fn say(&self, effects: &Effects) {
        // With the lock given back, since an outlet or a model may be slow to take something.
        for signal in effects.signals() {
            // What came out of a state file or the project file has passed no model that would do so.
            if let Some(codec) = self.engine.codec() {
                signal.values.iter().for_each(|value| value.attach_codec(codec));
            }
            (self.on_event)(ChainEvent::Signal(signal));
        }
        for notice in &effects.notices {
            (self.on_event)(ChainEvent::Notice(notice));
        }
        for (error, asker) in &effects.errors {
            (self.on_event)(ChainEvent::Error { error, asker: *asker });
        }
    }

    fn run(self: &Arc<Self>, run_request: RunRequest) {
        let id = run_request.id;
        let fate = Arc::new(Mutex::new(Fate::Offered));
        let answer = Answer { shared: Arc::clone(self), id, fate: Arc::clone(&fate) };
        let mut request = Request::new(move |event| match event {
            RunEvent::Partial { .. } | RunEvent::Stream { .. } => {}
            RunEvent::Done { outputs, .. } => answer.give(Ok(outputs)),
            RunEvent::Failed(error) => answer.give(Err(error)),
            RunEvent::Cancelled => answer.give(Err(Error::cancelled())),
        });
        request.seed = Some(run_request.seed);
        request.origin = self.engine.sink().map(|_| Origin { chain: self.name.clone(), id });
        request.cancel = run_request.cancel;
        let submitted = match self.engine.model(&run_request.model) {
            Some(model) => model.submit(&run_request.command, run_request.inputs, request),
            None => Err(Error::not_found(format!(
                "there is no model '{}' here: name one in the project file",
                run_request.model
            ))),
        };
        match submitted {
            Err(error) => self.answer(id, Err(error)),
            Ok(()) if lock(&fate).take_on() => {}
            Ok(()) => self.answer(id, Err(TAKEN_OFF.into())),
        }
    }

    fn answer(&self, id: u64, outcome: Result<Arc<Values>, Error>) {
        {
            let mut scheduler = lock(&self.scheduler);
            self.record(self.engine.clock().now(), || {
                let failed = outcome.as_ref().err().map(Error::to_string);
                Recorded::Answer { chain: self.name.clone(), id, failed }
            });
            scheduler.answer(id, outcome);
        }
        self.wake();
    }
}

const TAKEN_OFF: &str = "its model was taken off";

/// What has become of a request.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fate {
    /// The model may yet refuse it, in words of its own.
    Offered,
    TakenOn,
    Dropped,
    Answered,
}

impl Fate {
    /// Says whether somebody will answer from now on.
    fn take_on(&mut self) -> bool {
        if *self == Fate::Offered {
            *self = Fate::TakenOn;
        }
        *self != Fate::Dropped
    }
}

/// Gives a run's outcome back, also when the model goes without a word.
struct Answer {
    shared: Arc<Shared>,
    id: u64,
    fate: Arc<Mutex<Fate>>,
}

impl Answer {
    fn give(&self, outcome: Result<Arc<Values>, Error>) {
        if std::mem::replace(&mut *lock(&self.fate), Fate::Answered) != Fate::Answered {
            self.shared.answer(self.id, outcome);
        }
    }
}

impl Drop for Answer {
    fn drop(&mut self) {
        let mut fate = lock(&self.fate);
        match *fate {
            Fate::Offered => *fate = Fate::Dropped,
            Fate::TakenOn => {
                drop(fate);
                self.give(Err(TAKEN_OFF.into()));
            }
            Fate::Dropped | Fate::Answered => {}
        }
    }
}
