//! A ticket follows one run from the queue to its end, and sees to it that it ends once.

use super::metrics::CommandCounters;
use crate::error::{Error, ErrorKind};
use crate::model::CancelToken;
use crate::signature::Values;
use crate::time::Time;
use crate::value::Value;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// What the one who asked for a run is told, in this order: any number of `Partial` and `Stream`, then
/// one other.
#[derive(Clone, Debug, PartialEq)]
pub enum RunEvent {
    /// Some outputs before the end, with progress in 0..1 where the model says.
    Partial {
        /// Outputs so far; may be empty.
        outputs: Arc<Values>,
        /// How far the run is.
        progress: Option<f32>,
    },
    /// Messages of one of the model's streams.
    Stream {
        /// The stream's name.
        name: String,
        /// The arguments of each.
        messages: Arc<[Vec<Value>]>,
    },
    /// The outputs, complete and in the manifest's order.
    Done {
        /// The outputs.
        outputs: Arc<Values>,
        /// From being asked for to here.
        elapsed: Duration,
    },
    /// No outputs; the error says why.
    Failed(Error),
    /// No outputs, as was wished.
    Cancelled,
}

/// Called on the model's thread for each event: it must be quick, and must not wait for the model.
pub type Reply = Arc<dyn Fn(RunEvent) + Send + Sync>;

/// The run's identity on its way through the engine.
pub(super) struct Ticket {
    pub cancel: CancelToken,
    pub deadline: Option<Time>,
    pub asked_at: Time,
    pub counters: Arc<CommandCounters>,
    reply: Reply,
    ended: AtomicBool,
}

impl Ticket {
    pub fn new(
        cancel: CancelToken,
        asked_at: Time,
        deadline: Option<Time>,
        counters: Arc<CommandCounters>,
        reply: Reply,
    ) -> Self {
        Self { cancel, deadline, asked_at, counters, reply, ended: AtomicBool::new(false) }
    }

    pub fn has_ended(&self) -> bool {
        self.ended.load(Ordering::Acquire)
    }

    pub fn partial(&self, outputs: Values, progress: Option<f32>) {
        if !self.has_ended() {
            self.counters.partials.fetch_add(1, Ordering::Relaxed);
            self.tell(RunEvent::Partial { outputs: Arc::new(outputs), progress });
        }
    }

    pub fn stream(&self, name: &str, messages: Vec<Vec<Value>>) {
        if !self.has_ended() {
            self.tell(RunEvent::Stream { name: name.into(), messages: messages.into() });
        }
    }

    /// Ends the run. Only the first call counts: a worker that comes back after the supervisor
    /// gave its run up has nothing more to say.
    pub fn end(&self, now: Time, result: End) {
        if self.ended.swap(true, Ordering::AcqRel) {
            return;
        }
        let elapsed = now.saturating_sub(self.asked_at);
        let counters = &self.counters;
        let (counter, event) = match result {
            End::Done(outputs) => {
                counters.latency.record(elapsed);
                (&counters.succeeded, RunEvent::Done { outputs: Arc::new(outputs), elapsed })
            }
            End::Failed(error) => {
                let error = error.with_kind(ErrorKind::Failed);
                (&counters.failed, RunEvent::Failed(error))
            }
            End::Cancelled => (&counters.cancelled, RunEvent::Cancelled),
        };
        counter.fetch_add(1, Ordering::Relaxed);
        self.tell(event);
    }

    /// A reply that panics is a fault of whoever asked, and must not cost the model its thread.
    fn tell(&self, event: RunEvent) {
        let _ = catch_unwind(AssertUnwindSafe(|| (self.reply)(event)));
    }

    /// Ends a run whose deadline has passed, telling its model to stop.
    pub fn expire(&self, now: Time) {
        if self.deadline.is_some_and(|deadline| now >= deadline) && !self.has_ended() {
            self.cancel.cancel();
            let waited = now.saturating_sub(self.asked_at).as_millis();
            let words = format!("the deadline passed after {waited} ms, before there was a result");
            self.end(now, End::Failed(words.into()));
        }
    }
}

/// How a run ended.
pub(super) enum End {
    Done(Values),
    Failed(Error),
    Cancelled,
}
