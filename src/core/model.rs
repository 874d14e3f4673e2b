//! Models: the trait that a hosted model implements, and the run it is handed.

pub mod files;
mod kind;

pub use crate::error::{Error, ErrorKind};
pub use kind::{Kind, Kinds};
/// What [`Run::rng`]'s generator implements: its traits draw from it.
pub use rand_chacha::rand_core;

use crate::signature::{Input, Manifest, Values};
use crate::time::Time;
use crate::value::Value;
use rand_chacha::ChaCha8Rng;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// A hosted model. It lives on a thread of its own, so it need not be `Sync`, and may take its time.
///
/// A model that panics or hangs is dropped and made anew by its factory (see
/// [`Engine::host`](crate::Engine::host)); nothing else stops.
pub trait Model: Send {
    /// What the model is called, and its commands. The same at every call.
    fn manifest(&self) -> Manifest;

    /// Gets ready to run: called once, before any command, with the options complete and checked.
    ///
    /// # Errors
    /// Plain words on what is wrong and what to do; the model then stays unready.
    fn setup(&mut self, setup: &Setup) -> Result<(), Error> {
        let _ = setup;
        Ok(())
    }

    /// Runs a command of the manifest. Inputs are complete, checked and in the manifest's order;
    /// outputs are checked after.
    ///
    /// # Errors
    /// Plain words on what was wrong with the inputs, or [`ErrorKind::Cancelled`] passed on from
    /// [`Run::emit`].
    fn run(&mut self, command: &str, inputs: &Values, run: &mut Run) -> Result<Values, Error>;

    /// How many runs of a command that wait one behind the other may be taken at once, by
    /// [`run_many`](Self::run_many). 1 unless a model does better with many.
    fn most_at_once(&self, command: &str) -> usize {
        let _ = command;
        1
    }

    /// Whether a run of a command may be answered while a longer one is at work, by
    /// [`Run::meanwhile`].
    fn is_answered_meanwhile(&self, command: &str) -> bool {
        let _ = command;
        false
    }

    /// Runs a command for several who asked, each with their own inputs, chance and cancellation.
    /// The outcomes stand in the order of the runs, and each is what [`run`](Self::run) would give.
    fn run_many(
        &mut self,
        command: &str,
        runs: &mut [(&Values, Run)],
    ) -> Vec<Result<Values, Error>> {
        runs.iter_mut().map(|(inputs, run)| self.run(command, inputs, run)).collect()
    }
}

/// Makes a model: called when it is hosted, and again after a panic or a hang.
pub type Factory = Arc<dyn Fn() -> Box<dyn Model> + Send + Sync>;

/// What a model is set up with.
pub struct Setup {
    /// The options of the manifest, complete and checked.
    pub options: Values,
    /// Where the models that ship are found.
    pub model_dirs: Vec<PathBuf>,
}

impl Setup {
    /// The first option of each model that ships: where its files are, if not in the usual folders.
    pub const PATH: Input<str> = Input::new(0, "path");

    /// Finds a shipped model's folder.
    ///
    /// # Errors
    /// Names every place that was looked in.
    pub fn find_dir(&self, name: &str) -> Result<PathBuf, Error> {
        let candidates: Vec<PathBuf> = self.model_dirs.iter().map(|dir| dir.join(name)).collect();
        candidates.iter().find(|dir| dir.join("manifest.toml").is_file()).cloned().ok_or_else(
            || {
                let looked: Vec<_> =
                    candidates.iter().map(|dir| dir.display().to_string()).collect();
                Error::failed(format!(
                    "no folder '{name}' with the model's weights; looked for {}. \
                 Set ENJAMB_MODELS to the folder that holds it; a program that embeds enjamb names that \
                 folder with `model_dirs`",
                    looked.join(", ")
                ))
            },
        )
    }

    /// The folder named by the option [`PATH`](Self::PATH) if it is set, else the shipped model's.
    ///
    /// # Errors
    /// As [`find_dir`](Self::find_dir).
    pub fn dir_or_default(&self, name: &str) -> Result<PathBuf, Error> {
        match self.options.get(Self::PATH.name()).and_then(|path| path.as_text()) {
            Some(path) if !path.is_empty() => Ok(Path::new(path).to_path_buf()),
            _ => self.find_dir(name),
        }
    }
}

/// Tells a run to end. Clones share one state.
#[derive(Clone, Debug, Default)]
pub struct CancelToken(Arc<AtomicBool>);

impl CancelToken {
    /// A token that nobody has used.
    pub fn new() -> Self {
        Self::default()
    }

    /// Tells the run to end; a run that waits in a queue never starts.
    pub fn cancel(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether [`cancel`](Self::cancel) was called.
    pub fn is_cancelled(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// What a run sends before it is over.
pub(crate) enum Early<'a> {
    /// Outputs so far, and progress in 0..1.
    Partial(Values, Option<f32>),
    /// Messages of a stream, each with its arguments.
    Stream(&'a str, Vec<Vec<Value>>),
}

/// Receives what a run sends before it is over.
pub(crate) type Emit<'a> = dyn FnMut(Early) -> Result<(), Error> + 'a;

/// Answers another run: a command with its inputs, as [`Model::run`] does.
pub type Answer<'a> = dyn FnMut(&str, &Values, &mut Run) -> Result<Values, Error> + 'a;

/// Hands over other runs that wait, or come within a time.
pub(crate) type Meanwhile<'a> = dyn FnMut(Duration, &mut Answer) + 'a;

/// One run of a command, as its model sees it: randomness, partial outputs, cancellation.
pub struct Run<'a> {
    rng: ChaCha8Rng,
    cancel: CancelToken,
    started: Time,
    emit: &'a mut Emit<'a>,
    /// None where others can't be answered: in a run that is itself answered meanwhile, and where
    /// many are run at once.
    meanwhile: Option<&'a mut Meanwhile<'a>>,
}

impl<'a> Run<'a> {
    pub(crate) fn new(
        rng: ChaCha8Rng,
        cancel: CancelToken,
        started: Time,
        emit: &'a mut Emit<'a>,
    ) -> Self {
        Self { rng, cancel, started, emit, meanwhile: None }
    }

    /// The same, with others answered while it is at work.
    pub(crate) fn with_meanwhile<'b>(self, meanwhile: &'b mut Meanwhile<'b>) -> Run<'b>
    where
        'a: 'b,
    {
        let Self { rng, cancel, started, emit, .. } = self;
        Run { rng, cancel, started, emit, meanwhile: Some(meanwhile) }
    }

    /// Seeded randomness: the same project, seed and sequence of runs draw the same numbers.
    pub fn rng(&mut self) -> &mut ChaCha8Rng {
        &mut self.rng
    }

    /// When the run began, on the engine's clock.
    pub fn started(&self) -> Time {
        self.started
    }

    /// Sends outputs before the run is over, with progress in 0..1. A partial may leave outputs
    /// out. Counts as a sign of life.
    ///
    /// # Errors
    /// [`ErrorKind::Cancelled`] when the run should end: pass it on with `?`. A failure when the
    /// outputs do not fit the manifest.
    pub fn emit(&mut self, outputs: Values, progress: f32) -> Result<(), Error> {
        (self.emit)(Early::Partial(outputs, Some(progress.clamp(0.0, 1.0))))?;
        self.check()
    }

    /// Sends messages of a stream of the manifest, each with its arguments in order. Counts as a sign
    /// of life.
    ///
    /// # Errors
    /// As [`emit`](Self::emit).
    pub fn send(&mut self, stream: &str, messages: Vec<Vec<Value>>) -> Result<(), Error> {
        (self.emit)(Early::Stream(stream, messages))?;
        self.check()
    }

    /// Says how far the run is, in 0..1, without outputs.
    ///
    /// # Errors
    /// [`ErrorKind::Cancelled`] as [`emit`](Self::emit).
    pub fn progress(&mut self, progress: f32) -> Result<(), Error> {
        self.emit(Values::new(), progress)
    }

    /// Answers other runs that wait, of the commands that
    /// [may be](Model::is_answered_meanwhile), with this one unfinished; if none waits, until some
    /// come, for `patience` at most. For a run that takes long, between two pieces of its work, or
    /// while other threads do it.
    ///
    /// # Errors
    /// [`ErrorKind::Cancelled`] as [`emit`](Self::emit).
    pub fn meanwhile(&mut self, patience: Duration, answer: &mut Answer) -> Result<(), Error> {
        match &mut self.meanwhile {
            Some(meanwhile) => meanwhile(patience, answer),
            None => std::thread::sleep(patience),
        }
        self.check()
    }

    /// Asks, between two pieces of work, whether to go on.
    ///
    /// # Errors
    /// [`ErrorKind::Cancelled`] when not.
    pub fn check(&self) -> Result<(), Error> {
        match self.cancel.is_cancelled() {
            true => Err(Error::cancelled()),
            false => Ok(()),
        }
    }
}
