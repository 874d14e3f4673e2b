//! The voyage: a walk through a verse model's latent space, and the lines that are read on the way.
//!
//! It drives any model that has the commands `generate(z, temperature) -> out` and
//! `encode(text) -> mean` with places of 64 numbers. It shares the model with everyone
//! else: at most one run of its own waits or runs at a time, in the model's ordinary queue. A model
//! with the command `place(text) -> x, y` may give each line its place on a map.
//!
//! Time is counted in steps, 60 a second, each of the same length: the path depends on their number
//! and not on when the computer found time for them. A line's step is that of the place that it was
//! read at.

mod course;
#[cfg(test)]
mod tests;

use super::{Complain, Input, OnSignal, input, inputs, outputs};
use crate::engine::{Engine, Event, Refusal, Request};
use crate::signature::{Field, Values, accept, is_name};
use crate::time::Time;
use crate::value::Value;
use course::{Course, Effect, Errand};
use crossbeam::channel::{self, Receiver, RecvTimeoutError, Sender};
use serde_json::{Value as Json, json};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

/// What a voyage is, in a short sentence.
pub const DESCRIPTION: &str =
    "A walk through a verse model, and the lines that are read on the way.";

/// What a voyage begins with.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// The name of the model that it drives.
    pub model: String,
    /// The name of the model that gives lines their places; none if it is empty.
    pub map: String,
    /// Whether it sets out by itself.
    pub starts: bool,
    /// Values of inputs by their paths, of those in [`CONTROLS`](super::CONTROLS); the others have
    /// their defaults.
    pub values: Values,
}

impl Settings {
    /// A voyage through a model, with the defaults.
    pub fn new(model: &str) -> Self {
        Self { model: model.into(), map: String::new(), starts: false, values: Values::new() }
    }

    /// What such a voyage takes and sends, as [`Voyage::specification`] has it of one that runs.
    pub fn specification(&self, name: &str) -> Json {
        let mut course = Course::new(self.model.clone(), self.map.clone(), 0);
        for (path, value) in self.values.iter() {
            course.set(path, value.clone(), None, Time::ZERO);
        }
        specification(name, &course)
    }
}

/// A voyage, from outside. All methods are quick and may be called from any thread. Its own thread
/// ends when it is dropped.
pub struct Voyage {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

struct Shared {
    name: String,
    engine: Arc<Engine>,
    on_signal: OnSignal,
    course: Mutex<Course>,
    /// Dropped to end the thread.
    wake: Mutex<Option<Sender<()>>>,
}

impl Voyage {
    /// A voyage with a thread of its own.
    ///
    /// # Errors
    /// Plain words when the name can't be one, a value does not fit, or there is no thread to be had.
    pub fn start(
        name: &str,
        settings: &Settings,
        seed: u64,
        engine: &Arc<Engine>,
        on_signal: OnSignal,
    ) -> Result<Self, String> {
        let mut voyage = Self::without_thread(name, settings, seed, engine, on_signal)?;
        let (wake, woken) = channel::bounded(1);
        *lock(&voyage.shared.wake) = Some(wake);
        let shared = Arc::clone(&voyage.shared);
        let thread = std::thread::Builder::new()
            .name(format!("chain:{name}"))
            .spawn(move || shared.drive(&woken))
            .map_err(|error| format!("the system gave the chain '{name}' no thread: {error}"))?;
        voyage.thread = Some(thread);
        Ok(voyage)
    }

    /// One that moves only when [`Shared::turn`] is called.
    fn without_thread(
        name: &str,
        settings: &Settings,
        seed: u64,
        engine: &Arc<Engine>,
        on_signal: OnSignal,
    ) -> Result<Self, String> {
        if !is_name(name) {
            return Err(format!(
                "'{name}' can't be a chain's name: use letters, digits, '_' and '-'"
            ));
        }
        let shared = Arc::new(Shared {
            name: name.into(),
            engine: Arc::clone(engine),
            on_signal,
            course: Mutex::new(Course::new(settings.model.clone(), settings.map.clone(), seed)),
            wake: Mutex::new(None),
        });
        let voyage = Self { shared, thread: None };
        for (path, value) in settings.values.iter() {
            voyage.set(path, value.clone())?;
        }
        if settings.starts {
            lock(&voyage.shared.course).trigger("start", engine.clock().now());
        }
        Ok(voyage)
    }

    /// The first part of its addresses.
    pub fn name(&self) -> &str {
        &self.shared.name
    }

    /// Whether it is under way.
    pub fn is_running(&self) -> bool {
        lock(&self.shared.course).is_running()
    }

    /// The value of an input, or the newest of an output, by its path.
    pub fn value(&self, path: &str) -> Option<Value> {
        lock(&self.shared.course).value(path)
    }

    /// The step of an output's newest value.
    pub fn step(&self, path: &str) -> i32 {
        lock(&self.shared.course).step_of(path)
    }

    /// Takes a value at an input, or makes something happen. What needs the model is done later, and
    /// `complain` told if it can't be.
    ///
    /// # Errors
    /// When there is no such input, or the value does not fit.
    pub fn send(
        &self,
        path: &str,
        value: Option<Value>,
        complain: Option<Complain>,
    ) -> Result<(), Refusal> {
        let known = input(path).ok_or_else(|| {
            let known: Vec<&str> = inputs().iter().map(|input| input.path).collect();
            let words = format!("{} has no '{path}', only {}", self.name(), known.join(", "));
            Refusal::Unknown(words)
        })?;
        let now = self.shared.engine.clock().now();
        match (&known.field, value) {
            (None, _) => lock(&self.shared.course).trigger(known.path, now),
            (Some(field), Some(value)) => {
                let value = accept(field, value).map_err(Refusal::BadInput)?;
                lock(&self.shared.course).set(known.path, value, complain, now);
            }
            (Some(field), None) => {
                let expected = field.data_type.expectation();
                let words = format!("{} is missing: expected {expected}", field.name);
                return Err(Refusal::BadInput(words));
            }
        }
        self.shared.wake();
        Ok(())
    }

    /// Changes what differs between two settings; all else stays as it is, and it goes on.
    ///
    /// # Errors
    /// Plain words when a value does not fit.
    pub fn change(&self, old: &Settings, new: &Settings) -> Result<(), String> {
        lock(&self.shared.course).set_models(&new.model, &new.map);
        for path in super::CONTROLS {
            if old.values.get(path) != new.values.get(path) {
                let value = new.values.get(path).cloned().or_else(|| {
                    let initial = Course::new(String::new(), String::new(), 0).value(path);
                    initial.filter(|_| *path != "walk/seed")
                });
                if let Some(value) = value {
                    self.set(path, value)?;
                }
            }
        }
        if new.starts && !old.starts {
            lock(&self.shared.course).trigger("start", self.shared.engine.clock().now());
        }
        self.shared.wake();
        Ok(())
    }

    fn set(&self, path: &str, value: Value) -> Result<(), String> {
        self.send(path, Some(value), None).map_err(|refusal| format!("{path}: {refusal}"))
    }

    /// What it is, takes, sends and does now, for `GET /chains`.
    pub fn specification(&self) -> Json {
        specification(self.name(), &lock(&self.shared.course))
    }
}

fn specification(name: &str, course: &Course) -> Json {
    let of = |path: &str, field: &Field| {
        let mut spec = field.specification();
        spec["path"] = path.into();
        if let Some(value) = course.value(path) {
            spec["value"] = value.to_json();
        }
        spec
    };
    let takes = |input: &Input| match &input.field {
        Some(field) => of(input.path, field),
        None => json!({ "name": input.path, "description": input.description, "path": input.path }),
    };
    json!({
        "name": name,
        "kind": "voyage",
        "description": DESCRIPTION,
        "model": course.model(),
        "map": course.map(),
        "running": course.is_running(),
        "step": course.step_of("z"),
        "inputs": inputs().iter().map(takes).collect::<Vec<_>>(),
        "outputs": outputs().iter().map(|output| of(output.path, &output.field)).collect::<Vec<_>>(),
    })
}

impl Drop for Voyage {
    fn drop(&mut self) {
        lock(&self.shared.course).abandon();
        *lock(&self.shared.wake) = None;
        if let Some(thread) = self.thread.take() {
            // It panics only if the chain has a fault, which has been told by then.
            let _ = thread.join();
        }
    }
}

/// A panic while these are held would leave a course that can still be gone on from.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Shared {
    fn wake(&self) {
        if let Some(wake) = &*lock(&self.wake) {
            // A full channel wakes it as well.
            let _ = wake.try_send(());
        }
    }

    fn drive(self: &Arc<Self>, woken: &Receiver<()>) {
        // After a fault of its own it waits this long, so as not to burn a core.
        const AFTER_FAULT: Duration = Duration::from_secs(1);
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
    fn turn(self: &Arc<Self>) -> Option<Time> {
        let mut effects = Vec::new();
        let due = lock(&self.course).turn(self.engine.clock().now(), &mut effects);
        // With the lock given back, since an outlet or a model may be slow to take something.
        for effect in effects {
            match effect {
                Effect::Signal(signal) => (self.on_signal)(signal),
                Effect::Complain(complain, words) => complain(words),
                Effect::Run(errand) => self.run(errand),
            }
        }
        due
    }

    fn run(self: &Arc<Self>, errand: Errand) {
        let fate = Arc::new(Mutex::new(Fate::Offered));
        let answer = Answer { shared: Arc::clone(self), id: errand.id, fate: Arc::clone(&fate) };
        let mut request = Request::new(move |event| match event {
            Event::Partial { .. } | Event::Stream { .. } => {}
            Event::Done { outputs, .. } => answer.give(Ok(outputs)),
            Event::Failed(words) => answer.give(Err(words)),
            Event::Cancelled => answer.give(Err("the run was cancelled".into())),
        });
        request.seed = errand.seed;
        request.cancel = errand.cancel;
        let submitted = match self.engine.model(&errand.model) {
            Some(model) => model.submit(errand.command, errand.inputs, request),
            None => Err(Refusal::Unknown(format!(
                "there is no model '{}' here for the voyage to ask: name one in the project file",
                errand.model
            ))),
        };
        match submitted {
            Err(refusal) => self.answer(errand.id, Err(refusal.to_string())),
            Ok(_) if lock(&fate).take_on() => {}
            Ok(_) => self.answer(errand.id, Err(TAKEN_OFF.into())),
        }
    }

    fn answer(&self, id: u64, outcome: Result<Values, String>) {
        lock(&self.course).answer(id, outcome);
        self.wake();
    }
}

const TAKEN_OFF: &str = "the model was taken off";

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
    fn give(&self, outcome: Result<Values, String>) {
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
