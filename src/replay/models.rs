//! The models of a replay: their runs, in the order in which they were at work, and what comes of them.

use crate::engine::{Engine, Hosted, Request, RunEvent, Status};
use crate::runtime::Runtime;
use crate::signature::{Command, Values};
use enjamb_core::{Error, ErrorKind};
use serde_json::Value as Json;
use std::collections::{HashMap, HashSet, VecDeque};
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
type Outcome = Result<Arc<Values>, Error>;

/// The models, and what came of their runs.
pub struct Models {
    engine: Arc<Engine>,
    board: Arc<Board>,
    /// Runs that were not yet waited for, with the model and command.
    under_way: HashMap<RunKey, String>,
    overtaken: Overtaken,
    /// Runs, by model, that are not let in yet since they were overtaken by others.
    held_back: HashMap<String, VecDeque<Prepared>>,
}

/// Runs that others overtook: those were asked for later and answered in the middle of them, so they
/// saw what was before.
pub type Overtaken = HashMap<RunKey, HashSet<RunKey>>;

struct Prepared {
    key: RunKey,
    command: String,
    inputs: Values,
    seed: u64,
}

#[derive(Default)]
struct Board {
    outcomes: Mutex<HashMap<RunKey, Outcome>>,
    news: Condvar,
}

/// # Errors
/// Plain words, when a model could not start.
pub fn check_started(runtime: &Runtime) -> Result<(), Error> {
    for model in runtime.engine().models() {
        if let Status::Failed(words) = model.status() {
            return Err(Error::invalid(format!("{} could not start: {words}", model.name())));
        }
    }
    Ok(())
}

impl Models {
    pub fn new(engine: Arc<Engine>, overtaken: Overtaken) -> Self {
        let (board, under_way, held_back) = Default::default();
        Self { engine, board, under_way, overtaken, held_back }
    }

    fn find(&self, model: &str) -> Result<Arc<Hosted>, Error> {
        let words = || format!("the recording tells of a model '{model}', which is not here");
        self.engine.model(model).ok_or_else(|| Error::not_found(words()))
    }

    fn with_command<T>(
        &self,
        model: &str,
        command: &str,
        read: impl FnOnce(&Command) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let hosted = self.find(model)?;
        let spec = hosted.manifest().find(command);
        read(spec.ok_or_else(|| {
            format!("the recording tells of {model}/{command}, which is not here")
        })?)
        .map_err(|error: Error| error.context(format_args!("{model}/{command}")))
    }

    pub fn hold(&self, model: &str, command: &str, input: &str, json: &Json) -> Result<(), Error> {
        let value = self.with_command(model, command, |spec| {
            let field = spec.inputs.iter().find(|field| field.name == input);
            field.ok_or_else(|| format!("it has no input '{input}'"))?.data_type.read_json(json)
        })?;
        self.find(model)?.hold(command, input, value)
    }

    pub fn read_inputs(&self, model: &str, command: &str, json: &Json) -> Result<Values, Error> {
        self.with_command(model, command, |spec| Values::read_json(json, &spec.inputs))
    }

    /// Lets a run in, with the values that are held now; or later, if others overtook it.
    pub fn submit(&mut self, key: RunKey, model: &str, command: &str, inputs: Values, seed: u64) {
        self.under_way.insert(key.clone(), format!("{model}/{command}"));
        let completed = self.complete(model, command, inputs);
        let inputs = match completed {
            Ok(inputs) => inputs,
            Err(words) => return self.board.put(&key, Err(words)),
        };
        let held_back = self.held_back.entry(model.into()).or_default();
        held_back.push_back(Prepared { key, command: command.into(), inputs, seed });
        while let Some(next) = take_next(held_back, &mut self.overtaken) {
            if let Err(words) = let_in(&self.engine, &self.board, model, &next) {
                self.board.put(&next.key, Err(words));
            }
        }
    }

    fn complete(&self, model: &str, command: &str, mut given: Values) -> Result<Values, Error> {
        let hosted = self.find(model)?;
        self.with_command(model, command, |spec| {
            for field in &spec.inputs {
                if given.get(&field.name).is_none()
                    && let Some(value) = hosted.held(command, &field.name)
                {
                    given.set(&field.name, value);
                }
            }
            Ok(given)
        })
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

/// The next run to be let in: the first that has been overtaken by all who will, or that overtakes all
/// before it.
fn take_next(held_back: &mut VecDeque<Prepared>, overtaken: &mut Overtaken) -> Option<Prepared> {
    let waits = |run: &Prepared| overtaken.get(&run.key).is_some_and(|by| !by.is_empty());
    let overtakes = |run: &Prepared, other: &Prepared| {
        overtaken.get(&other.key).is_some_and(|by| by.contains(&run.key))
    };
    let at = (0..held_back.len()).find(|at| {
        let run = &held_back[*at];
        !waits(run) && held_back.range(..at).all(|other| overtakes(run, other))
    })?;
    let run = held_back.remove(at)?;
    for other in held_back.range(..at) {
        overtaken.get_mut(&other.key).map(|by| by.remove(&run.key));
    }
    Some(run)
}

/// Lets a run in; waits while the queue is full.
fn let_in(engine: &Engine, board: &Arc<Board>, model: &str, run: &Prepared) -> Result<(), Error> {
    let hosted = engine.model(model).ok_or_else(|| format!("there is no model '{model}'"))?;
    loop {
        let (board, key) = (Arc::clone(board), run.key.clone());
        let mut request = Request::new(move |event| match event {
            RunEvent::Partial { .. } | RunEvent::Stream { .. } => {}
            RunEvent::Done { outputs, .. } => board.put(&key, Ok(outputs)),
            RunEvent::Failed(words) => board.put(&key, Err(words)),
            RunEvent::Cancelled => board.put(&key, Err("the run was cancelled".into())),
        });
        (request.seed, request.alone) = (Some(run.seed), true);
        match hosted.submit(&run.command, run.inputs.clone(), request) {
            Ok(()) => return Ok(()),
            Err(error) if error.kind() == ErrorKind::Busy => std::thread::sleep(BETWEEN_TRIES),
            Err(error) => return Err(error),
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
