//! A chain from outside: its thread, what can be sent to it, and what can be asked.

mod drive;
mod live;
mod replay;
mod report;

use super::scheduler::{Effects, Scheduler};
use super::spec::{End, MAX_RATE, OutletSpec, Pace, Spec, WireSpec};
use super::{Asker, ChainInput, ChainOutput, OnChainEvent};
use crate::engine::Engine;
use crate::error::{Error, ErrorKind};
use crate::recording::RecordedEvent as Recorded;
use crate::signature::{is_name, only};
use crate::time::Time;
use crate::value::Value;
use crossbeam::channel::{self, Sender};
use serde_json::Value as Json;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

/// What a chain is made from.
pub struct ChainParts {
    /// The first part of its addresses.
    pub name: String,
    /// What it is.
    pub spec: Spec,
    /// The project's seed.
    pub seed: u64,
    /// Where its models are.
    pub engine: Arc<Engine>,
    /// Who is told what it says.
    pub on_event: OnChainEvent,
}

/// A chain at work. All methods are quick and may be called from any thread. Its own thread ends when
/// it is dropped.
pub struct Chain {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

struct Shared {
    name: String,
    engine: Arc<Engine>,
    on_event: OnChainEvent,
    scheduler: Mutex<Scheduler>,
    /// What a turn has to do, kept from turn to turn for the room that it has.
    effects: Mutex<Effects>,
    /// Dropped to end the thread.
    wake: Mutex<Option<Sender<()>>>,
}

/// A panic while these are held would leave a scheduler that can still be gone on from.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Whatever a chain's own parts find wrong with what is sent to it is the sender's input.
fn invalid(error: Error) -> Error {
    error.with_kind(ErrorKind::InvalidInput)
}

impl Chain {
    /// A chain with a thread of its own. Every model that it names must be hosted.
    ///
    /// # Errors
    /// Plain words: what is wrong in its specification, or that there is no thread to be had.
    pub fn start(parts: ChainParts) -> Result<Self, Error> {
        let mut chain = Self::without_thread(parts)?;
        let (wake, woken) = channel::bounded(1);
        *lock(&chain.shared.wake) = Some(wake);
        let shared = Arc::clone(&chain.shared);
        let name = &chain.shared.name;
        let thread = std::thread::Builder::new()
            .name(format!("chain:{name}"))
            .spawn(move || shared.drive(&woken))
            .map_err(|error| format!("the system gave the chain '{name}' no thread: {error}"))?;
        chain.thread = Some(thread);
        Ok(chain)
    }

    /// One that moves only when [`Chain::turn`] is called: for tests, and for rendering out of real
    /// time.
    ///
    /// # Errors
    /// As [`start`](Self::start).
    pub fn without_thread(parts: ChainParts) -> Result<Self, Error> {
        let starts = parts.spec.starts;
        let chain = Self::standing(parts)?;
        if starts {
            chain.shared.trigger("start");
        }
        Ok(chain)
    }

    /// One that stands, and moves only when it is told to.
    fn standing(parts: ChainParts) -> Result<Self, Error> {
        let ChainParts { name, spec, seed, engine, on_event } = parts;
        if !is_name(&name) {
            return Err(Error::invalid(format!(
                "'{name}' can't be a chain's name: use letters, digits, '_' and '-'"
            )));
        }
        let models = |name: &str| engine.model(name).map(|model| Arc::clone(model.manifest()));
        let plan = spec.plan(&models)?;
        let scheduler = Scheduler::new(plan, seed);
        let shared = Arc::new(Shared {
            name,
            engine,
            on_event,
            scheduler: Mutex::new(scheduler),
            effects: Mutex::default(),
            wake: Mutex::new(None),
        });
        Ok(Self { shared, thread: None })
    }

    /// The first part of its addresses.
    pub fn name(&self) -> &str {
        &self.shared.name
    }

    /// What it is, with what was changed while it ran.
    pub fn spec(&self) -> Spec {
        lock(&self.shared.scheduler).spec().clone()
    }

    /// Whether it is under way.
    pub fn is_running(&self) -> bool {
        lock(&self.shared.scheduler).is_running()
    }

    /// Whether nothing of it is under way: no run, and nothing that waits for one. When out of real time,
    /// the clock goes on once this is so.
    pub fn is_idle(&self) -> bool {
        lock(&self.shared.scheduler).is_idle()
    }

    /// The number of the last tick.
    pub fn step(&self) -> u64 {
        lock(&self.shared.scheduler).step()
    }

    /// Does what is due, for a chain without a thread. Answers when something is due next.
    pub fn turn(&self) -> Option<Time> {
        self.shared.turn()
    }

    /// Takes values at an input, or makes something happen. What needs a model is done later, and
    /// the asker told if it can't be.
    ///
    /// # Errors
    /// When there is no such input, or the values do not fit.
    pub fn send(&self, path: &str, values: &[Value], asker: Asker) -> Result<(), Error> {
        let shared = &self.shared;
        let chain = || shared.name.clone();
        let missing = |what: &str| Error::invalid(format!("expected {what}"));
        match (path, values) {
            ("start" | "stop" | "step" | "reset" | "tick" | "free", _) => {
                self.shared.trigger(path);
            }
            ("rate", [value, ..]) => {
                let rate = value.as_number().filter(|rate| (0.0..=MAX_RATE).contains(rate));
                let rate = rate.ok_or_else(|| missing("a number in 0..1000"))?;
                let mut scheduler = lock(&shared.scheduler);
                let now = shared.engine.clock().now();
                shared.record(now, || Recorded::Rate { chain: chain(), rate });
                scheduler.set_rate(rate, now);
            }
            ("wire" | "unwire" | "add" | "remove" | "outlet", values) => {
                let words: Vec<&str> = values.iter().filter_map(Value::as_text).collect();
                self.edit(path, &words).map_err(invalid)?;
            }
            (path, [value, ..]) => {
                let (node, input) = self.find(path)?;
                let mut scheduler = lock(&shared.scheduler);
                let mut value = value.clone();
                if let Some(field) = scheduler.open_input(&node, &input) {
                    field.equip(&mut value, shared.engine.codec()).map_err(invalid)?;
                }
                shared.record(shared.engine.clock().now(), || Recorded::Set {
                    chain: chain(),
                    node: node.clone(),
                    input: input.clone(),
                    value: value.to_json(),
                });
                scheduler.set(&node, &input, value, asker).map_err(invalid)?;
            }
            (path, []) => {
                self.find(path)?;
                let field = self.input(path).and_then(|input| input.fields.into_iter().next());
                let words = field.map_or_else(String::new, |field| {
                    format!("{} is missing: expected {}", field.name, field.data_type.expectation())
                });
                return Err(Error::invalid(words));
            }
        }
        shared.wake();
        Ok(())
    }

    /// The node and input at a path: "walk/speed"; or "say", for an inlet.
    fn find(&self, path: &str) -> Result<(String, String), Error> {
        if self.input(path).is_some() {
            let (node, input) = path.split_once('/').unwrap_or((path, "value"));
            return Ok((node.into(), input.into()));
        }
        let known = self.inputs();
        let only = only(path, known.iter().map(|input| input.path.as_str()));
        Err(Error::not_found(format!("{} has no '{path}', {only}", self.name())))
    }

    /// Changes into what another specification says; all that is the same goes on.
    ///
    /// # Errors
    /// Plain words on what is wrong; then nothing is changed.
    pub fn change(&self, spec: Spec) -> Result<(), Error> {
        self.shared.change(spec)
    }

    /// All that it remembers, as JSON.
    pub fn save(&self) -> Json {
        lock(&self.shared.scheduler).save()
    }

    /// Comes back to what was saved.
    ///
    /// # Errors
    /// Plain words, when that is nothing that a chain saved.
    pub fn restore(&self, state: &Json) -> Result<(), Error> {
        let shared = &self.shared;
        let mut scheduler = lock(&shared.scheduler);
        let now = shared.engine.clock().now();
        shared
            .record(now, || Recorded::Restore { chain: shared.name.clone(), state: state.clone() });
        scheduler.restore(state, now)?;
        drop(scheduler);
        shared.wake();
        Ok(())
    }
}

impl Shared {
    fn trigger(&self, action: &str) {
        let mut scheduler = lock(&self.scheduler);
        let now = self.engine.clock().now();
        self.record(now, || Recorded::Trigger { chain: self.name.clone(), action: action.into() });
        scheduler.trigger(action, now);
    }
}

impl Drop for Chain {
    fn drop(&mut self) {
        let mut scheduler = lock(&self.shared.scheduler);
        let (shared, now) = (&self.shared, self.shared.engine.clock().now());
        // Its thread may still do what is due, which is less from here on.
        shared.record(now, || Recorded::Trigger {
            chain: shared.name.clone(),
            action: "abandon".into(),
        });
        scheduler.abandon();
        drop(scheduler);
        *lock(&self.shared.wake) = None;
        if let Some(thread) = self.thread.take() {
            // It panics only if the chain has a fault, which has been told by then.
            let _ = thread.join();
        }
    }
}
