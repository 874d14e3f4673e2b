//! The host: models and chains by name, and all that leaves them, lent to consumers as typed values.

mod askers;
mod output;

pub use output::{Consumer, Content, Output, Peer, Route, Source};

use crate::chain::{Asker, Chain, ChainEvent, ChainParts, Chains, OnChainEvent, OnError, Spec};
use crate::engine::{Engine, Hosted, Notice, RESERVED_NAMES, Request, RunEvent};
use crate::error::Error;
use crate::signature::{Stream, Values, only};
use crate::time::{Clock, Time};
use crate::value::Value;
use askers::Askers;
use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

/// Models and chains by name. Share it in an [`Arc`]; every method may be called from any thread.
pub struct Host {
    engine: Arc<Engine>,
    chains: Chains,
    shared: Arc<Shared>,
}

/// What replies to runs and chains keep of the host.
struct Shared {
    clock: Arc<dyn Clock>,
    consumers: RwLock<Arc<[Arc<dyn Consumer>]>>,
    latest: Mutex<HashMap<CommandKey, Arc<Values>>>,
    /// Who drives each chain: the last who sent something that makes values come. Whatever the chain
    /// sends goes to them, too.
    drivers: Mutex<HashMap<String, Peer>>,
    askers: Mutex<Askers>,
}

/// A model's name and its command's.
type CommandKey = (String, String);

/// A panic can't happen while these are held, so a poisoned one is still sound.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Shared {
    fn publish(&self, of: Source, asker: Peer, route: Route, content: Content) {
        // Without the lock held: a consumer may do with the host what it likes.
        let consumers = Arc::clone(&self.consumers.read().unwrap_or_else(PoisonError::into_inner));
        if consumers.is_empty() {
            return;
        }
        let time: Time = self.clock.now();
        let output = Output { of, content, asker, time, route };
        for consumer in consumers.iter() {
            // A fault of one consumer must not keep the output from the others, nor from who asked.
            if catch_unwind(AssertUnwindSafe(|| consumer.consume(&output))).is_err() {
                tracing::error!("a consumer panicked at an output of {of}");
            }
        }
    }
}

impl Host {
    /// A host of an engine's models, without consumers.
    pub fn new(engine: Arc<Engine>) -> Self {
        let shared = Shared {
            clock: Arc::clone(engine.clock()),
            consumers: RwLock::new(Arc::new([])),
            latest: Mutex::default(),
            drivers: Mutex::default(),
            askers: Mutex::default(),
        };
        Self { engine, chains: Chains::default(), shared: Arc::new(shared) }
    }

    /// Lends all outputs from now on to another consumer, after those that are there.
    pub fn add_consumer(&self, consumer: Arc<dyn Consumer>) {
        let mut consumers = self.shared.consumers.write().unwrap_or_else(PoisonError::into_inner);
        *consumers = consumers.iter().cloned().chain([consumer]).collect();
    }

    /// The engine that hosts the models.
    pub fn engine(&self) -> &Arc<Engine> {
        &self.engine
    }

    /// The chains.
    pub fn chains(&self) -> &Chains {
        &self.chains
    }

    /// The newest outputs of a command, if it ever ran.
    pub fn latest(&self, model: &str, command: &str) -> Option<Arc<Values>> {
        lock(&self.shared.latest).get(&(model.to_string(), command.to_string())).cloned()
    }

    /// The model of that name.
    ///
    /// # Errors
    /// If no model of that name is hosted; the error names those that are.
    pub fn model(&self, name: &str) -> Result<Arc<Hosted>, Error> {
        self.engine.model(name).ok_or_else(|| Error::not_found(self.unknown_name(name)))
    }

    /// What to say of a name that neither a model nor a chain has.
    fn unknown_name(&self, name: &str) -> String {
        let (models, chains) = (self.engine.models(), self.chains.all());
        let models = models.iter().map(|model| model.name());
        let only = only(name, models.chain(chains.iter().map(|chain| chain.name())));
        format!("there is no model or chain '{name}' here, {only}")
    }

    /// Runs a command. Its outputs are lent to the consumers, then given to the request's reply. A run that is
    /// refused is told to the caller alone.
    ///
    /// # Errors
    /// If no model of that name is hosted, or as [`Hosted::submit`].
    pub fn submit(
        &self,
        asker: Peer,
        model: &str,
        command: &str,
        inputs: Values,
        mut request: Request,
    ) -> Result<(), Error> {
        let hosted = self.model(model)?;
        let publish = self.reply_to(&hosted, command, asker);
        let answer = request.reply;
        request.reply = Arc::new(move |event: RunEvent| {
            publish(&event);
            answer(event);
        });
        hosted.submit(command, inputs, request)
    }

    /// Runs a command whose outputs, or whose error, only the consumers get.
    pub fn run(&self, asker: Peer, hosted: &Hosted, command: &str, inputs: Values) {
        let publish = self.reply_to(hosted, command, asker);
        let request = Request::new(move |event| publish(&event));
        if let Err(error) = hosted.submit(command, inputs, request) {
            self.refuse(asker, hosted.name(), command, &error);
        }
    }

    /// Runs a command for one who is sent nothing but the messages of the streams that it recalls.
    ///
    /// # Errors
    /// As [`Hosted::submit`].
    pub fn recall(&self, asker: Peer, hosted: &Hosted, command: &str) -> Result<(), Error> {
        let publish = self.reply_to(hosted, command, asker);
        let request = Request::new(move |event| {
            if matches!(event, RunEvent::Stream { .. }) {
                publish(&event);
            }
        });
        hosted.submit(command, Values::new(), request)
    }

    /// Publishes that a run was refused.
    pub fn refuse(&self, asker: Peer, model: &str, command: &str, error: &Error) {
        let of = Source::Command { model, command };
        self.shared.publish(of, asker, Route::Published, Content::Error(error));
    }

    /// Publishes what happened to a model outside of its runs.
    pub fn notify(&self, model: &str, notice: &Notice) {
        let words = notice.to_string();
        let (of, content) = (Source::Model(model), Content::Notice(&words));
        self.shared.publish(of, Peer::Local, Route::Published, content);
    }

    /// Sets an input's held value.
    ///
    /// # Errors
    /// As [`Hosted::hold`].
    pub fn hold(
        &self,
        by: Peer,
        hosted: &Hosted,
        command: &str,
        input: &str,
        value: Value,
    ) -> Result<(), Error> {
        hosted.hold(command, input, value.clone())?;
        let of = Source::Command { model: hosted.name(), command };
        let content = Content::Held { input, values: &[value] };
        self.shared.publish(of, by, Route::OnRequest, content);
        Ok(())
    }

    /// Publishes a run's outputs, and keeps the newest.
    fn reply_to(
        &self,
        hosted: &Hosted,
        command: &str,
        asker: Peer,
    ) -> impl Fn(&RunEvent) + Send + Sync + 'static {
        let (shared, manifest) = (Arc::clone(&self.shared), Arc::clone(hosted.manifest()));
        let key = (hosted.name().to_string(), command.to_string());
        move |event| {
            let of = Source::Command { model: &key.0, command: &key.1 };
            let publish = |route, content| shared.publish(of, asker, route, content);
            match event {
                RunEvent::Partial { outputs, progress } => {
                    publish(Route::Published, Content::Partial { outputs, progress: *progress });
                }
                RunEvent::Stream { name, messages } => {
                    let is_known = |stream: &&Stream| stream.name == *name;
                    let Some(stream) = manifest.streams.iter().find(is_known) else { return };
                    let is_private = stream.recall.as_ref() == Some(&key.1);
                    let route = if is_private { Route::Private } else { Route::Streamed };
                    publish(route, Content::Stream { stream, messages });
                }
                RunEvent::Done { outputs, elapsed } => {
                    let mut latest = lock(&shared.latest);
                    match latest.get_mut(&key) {
                        Some(slot) => *slot = Arc::clone(outputs),
                        None => drop(latest.insert(key.clone(), Arc::clone(outputs))),
                    }
                    drop(latest);
                    let content = Content::Result { outputs, elapsed: *elapsed };
                    publish(Route::Published, content);
                }
                RunEvent::Failed(error) => publish(Route::Published, Content::Error(error)),
                RunEvent::Cancelled => {
                    publish(Route::Published, Content::Error(&Error::cancelled()));
                }
            }
        }
    }
}

/// Chains.
impl Host {
    /// Hosts a chain. One of the same name ends. Its models must be hosted.
    ///
    /// # Errors
    /// If the name is taken or can't be one, or the specification does not fit.
    pub fn host_chain(&self, name: &str, spec: &Spec, seed: u64) -> Result<Arc<Chain>, Error> {
        if RESERVED_NAMES.contains(&name) || self.engine.model(name).is_some() {
            return Err(Error::invalid(format!(
                "'{name}' can't be a chain's name: something else answers there"
            )));
        }
        let chain = Arc::new(Chain::start(ChainParts {
            name: name.into(),
            spec: spec.clone(),
            seed,
            engine: Arc::clone(&self.engine),
            on_event: self.on_event(name),
        })?);
        self.chains.add(Arc::clone(&chain));
        Ok(chain)
    }

    /// Publishes what a chain says.
    fn on_event(&self, chain: &str) -> OnChainEvent {
        let (shared, chain) = (Arc::clone(&self.shared), chain.to_string());
        Arc::new(move |event: ChainEvent| {
            let number = match &event {
                ChainEvent::Signal(signal) => signal.stamp.asker,
                ChainEvent::Error { asker, .. } => *asker,
                ChainEvent::Notice(_) => 0,
            };
            let asker = lock(&shared.askers).find(number);
            let driver = || lock(&shared.drivers).get(&chain).copied().unwrap_or(Peer::Local);
            let asker = asker.unwrap_or_else(driver);
            let (route, content) = Content::of_chain(&event);
            shared.publish(Source::Chain(&chain), asker, route, content);
        })
    }

    /// The chain of that name.
    ///
    /// # Errors
    /// If no chain of that name is hosted; the error names those that are.
    pub fn find_chain(&self, name: &str) -> Result<Arc<Chain>, Error> {
        self.chains.find(name).ok_or_else(|| {
            let known = self.chains.all();
            let only = only(name, known.iter().map(|chain| chain.name()));
            Error::not_found(match known.is_empty() {
                true => format!("there is no chain '{name}' here, and no other"),
                false => format!("there is no chain '{name}' here, {only}"),
            })
        })
    }

    /// Sends values to a chain's input, or triggers one of its actions. What follows goes to `from`; without
    /// one, to those who get what the chain sends anyway.
    ///
    /// # Errors
    /// As [`Chain::send`]; what fails later goes to `on_error`.
    pub fn send_to_chain(
        &self,
        from: Option<Peer>,
        chain: &Chain,
        path: &str,
        values: &[Value],
        on_error: Option<OnError>,
    ) -> Result<(), Error> {
        // Who makes values come is sent what comes; who says something to an inlet, what comes of that.
        let mut number = 0;
        if let Some(from) = from {
            if matches!(path, "start" | "step" | "tick" | "free") {
                lock(&self.shared.drivers).insert(chain.name().into(), from);
            }
            if chain.is_inlet(path) {
                number = lock(&self.shared.askers).add(from);
            }
        }
        chain.send(path, values, Asker { number, on_error })?;
        if !values.is_empty() {
            let content = Content::Held { input: path, values };
            let (of, asker) = (Source::Chain(chain.name()), from.unwrap_or(Peer::Local));
            self.shared.publish(of, asker, Route::OnRequest, content);
        }
        Ok(())
    }
}
