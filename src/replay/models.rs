//! The models of a replay: runs that are let in in the recorded order, and waited for.

use crate::engine::{Engine, Event, Hosted, Refusal, Request, Status};
use crate::runtime::Runtime;
use crate::signature::{Command, Values};
use serde_json::Value as Json;
use std::collections::HashMap;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

/// How long a model whose queue is full is left alone.
const BETWEEN_TRIES: Duration = Duration::from_millis(1);

/// Which run of a recording.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum RunKey {
    /// One that a chain asked for, by the chain's name and its number.
    OfChain(String, u64),
    /// Another, by its number in the recording.
    Other(u64),
}

/// What came of a run.
type Outcome = Result<Values, String>;

/// The models, and what came of their runs.
pub struct Models {
    engine: Arc<Engine>,
    board: Arc<Board>,
    /// Runs that were let in and not yet waited for, with the model and command.
    under_way: HashMap<RunKey, String>,
}

#[derive(Default)]
struct Board {
    outcomes: Mutex<HashMap<RunKey, Outcome>>,
    news: Condvar,
}

/// # Errors
/// Plain words, when a model could not start.
pub fn check_started(runtime: &Runtime) -> Result<(), String> {
    for model in runtime.engine().models() {
        if let Status::Failed(words) = model.status() {
            return Err(format!("{} could not start: {words}", model.name()));
        }
    }
    Ok(())
}

impl Models {
    pub fn new(engine: Arc<Engine>) -> Self {
        Self { engine, board: Arc::default(), under_way: HashMap::new() }
    }

    fn find(&self, model: &str) -> Result<Arc<Hosted>, String> {
        let words = || format!("the recording tells of a model '{model}', which is not here");
        self.engine.model(model).ok_or_else(words)
    }

    fn with_command<T>(
        &self,
        model: &str,
        command: &str,
        read: impl FnOnce(&Command) -> Result<T, String>,
    ) -> Result<T, String> {
        let hosted = self.find(model)?;
        let spec = hosted.manifest().find(command);
        read(spec.ok_or_else(|| format!("the recording tells of {model}/{command}, which is not here"))?)
            .map_err(|words| format!("{model}/{command}: {words}"))
    }

    pub fn hold(&self, model: &str, command: &str, input: &str, json: &Json) -> Result<(), String> {
        let value = self.with_command(model, command, |spec| {
            let field = spec.inputs.iter().find(|field| field.name == input);
            field.ok_or_else(|| format!("it has no input '{input}'"))?.data_type.read_json(json)
        })?;
        let held = self.find(model)?.hold(command, input, value);
        held.map_err(|refusal| refusal.to_string())
    }

    pub fn read_inputs(&self, model: &str, command: &str, json: &Json) -> Result<Values, String> {
        self.with_command(model, command, |spec| Values::read_json(json, &spec.inputs))
    }

    /// Lets a run in; waits while the queue is full.
    pub fn submit(&mut self, key: RunKey, model: &str, command: &str, inputs: Values, seed: u64) {
        let submitted = self.find(model).and_then(|hosted| {
            loop {
                let (board, key) = (Arc::clone(&self.board), key.clone());
                let mut request = Request::new(move |event| match event {
                    Event::Partial { .. } | Event::Stream { .. } => {}
                    Event::Done { outputs, .. } => board.put(&key, Ok(outputs)),
                    Event::Failed(words) => board.put(&key, Err(words)),
                    Event::Cancelled => board.put(&key, Err("the run was cancelled".into())),
                });
                request.seed = Some(seed);
                match hosted.submit(command, inputs.clone(), request) {
                    Ok(()) => return Ok(()),
                    Err(Refusal::Busy(_)) => std::thread::sleep(BETWEEN_TRIES),
                    Err(refusal) => return Err(refusal.to_string()),
                }
            }
        });
        if let Err(words) = submitted {
            self.board.put(&key, Err(words));
        }
        self.under_way.insert(key, format!("{model}/{command}"));
    }

    /// The model and command of a run that is under way.
    pub fn name_of(&self, key: &RunKey) -> String {
        self.under_way.get(key).cloned().unwrap_or_default()
    }

    /// What came of a run.
    pub fn wait_for(&mut self, key: &RunKey) -> Outcome {
        if self.under_way.remove(key).is_none() {
            return Err("it was not asked for this time".into());
        }
        let mut outcomes = self.board.outcomes.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            if let Some(outcome) = outcomes.remove(key) {
                return outcome;
            }
            outcomes = self.board.news.wait(outcomes).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

impl Board {
    fn put(&self, key: &RunKey, outcome: Outcome) {
        let mut outcomes = self.outcomes.lock().unwrap_or_else(PoisonError::into_inner);
        outcomes.insert(key.clone(), outcome);
        self.news.notify_all();
    }
}
