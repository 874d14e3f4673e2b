//! A chain that is played again: what was done to it is done in the same order, at the same times.

use super::{Chain, ChainParts, lock};
use crate::chain::Asker;
use crate::chain::scheduler::{Effects, RunRequest};
use crate::chain::spec::Spec;
use crate::error::Error;
use crate::recording::RecordedEvent as Recorded;
use crate::signature::Values;
use crate::time::Time;
use std::sync::Arc;

impl Chain {
    /// A chain that stands until [`replay`](Self::replay) is called.
    ///
    /// # Errors
    /// As [`start`](Self::start).
    pub fn for_replay(parts: ChainParts) -> Result<Self, Error> {
        Self::standing(parts)
    }

    /// Does what was recorded, if it is something that was done to a chain. Answers the runs that it
    /// asks for, which whoever replays sees to.
    ///
    /// # Errors
    /// Plain words, when the line can't be of this chain.
    pub fn replay(&self, now: Time, event: &Recorded) -> Result<Vec<RunRequest>, Error> {
        let mut scheduler = lock(&self.shared.scheduler);
        match event {
            Recorded::Turn { .. } => {
                let mut effects = Effects::default();
                scheduler.turn(now, &mut effects);
                drop(scheduler);
                self.shared.say(&effects);
                return Ok(effects.runs);
            }
            Recorded::Trigger { action, .. } if action == "abandon" => scheduler.abandon(),
            Recorded::Trigger { action, .. } => scheduler.trigger(action, now),
            Recorded::Rate { rate, .. } => scheduler.set_rate(*rate, now),
            Recorded::Set { node, input, value, .. } => {
                let data_type = scheduler.input_type(node, input);
                let data_type = data_type.ok_or_else(|| format!("it has no '{node}.{input}'"))?;
                // What was refused then is refused again.
                if let Ok(value) = data_type.read_json(value) {
                    let _ = scheduler.set(node, input, value, Asker::default());
                }
            }
            Recorded::Change { spec, .. } => {
                drop(scheduler);
                let spec: Spec = serde_json::from_value(spec.clone())
                    .map_err(|error| format!("its new wiring can't be read: {error}"))?;
                let plan = self.shared.plan(&spec)?;
                lock(&self.shared.scheduler).change(plan, now);
            }
            Recorded::Restore { state, .. } => {
                // What could not be come back to then can't be now.
                let _ = scheduler.restore(state, now);
            }
            _ => {}
        }
        Ok(Vec::new())
    }

    /// Gives what came of a run.
    pub fn replay_answer(&self, id: u64, outcome: Result<Arc<Values>, Error>) {
        lock(&self.shared.scheduler).answer(id, outcome);
    }
}
