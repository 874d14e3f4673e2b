//! The engine: hosts models, each on a thread of its own, and hands them their runs.
//!
//! It knows no sockets and no clock: the time is handed to it by a [`Clock`], and whoever embeds it
//! calls [`Engine::supervise`] every so often.

mod hosted;
mod metrics;
mod ticket;
mod worker;

pub use hosted::{HostSettings, Hosted, Notice, OnNotice, Origin, Request, Status};
pub use metrics::{CommandCounters, Histogram};
pub use ticket::{Reply, RunEvent};

use crate::error::Error;
use crate::model::Factory;
use crate::recording::RecordSink;
use crate::signature::{Values, is_name};
use crate::time::Clock;
use crate::value::Codec;
use hosted::HostedParts;
use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock};

/// First parts of addresses that are not a model's to have: the runtime answers on them itself, or
/// will when the doors of 2019 are built.
pub const RESERVED_NAMES: &[&str] = &[
    "ascii",
    "bundle",
    "chains",
    "data",
    "error",
    "healthcheck",
    "info",
    "meta",
    "metrics",
    "models",
    "osc",
    "page",
    "ping",
    "pong",
    "query",
    "server",
    "setup",
    "socket.io",
    "status",
    "subscribe",
    "traffic",
    "unsubscribe",
];

/// How the whole engine runs.
pub struct EngineSettings {
    /// The seed from which every run's randomness follows.
    pub seed: u64,
    /// Where the models that ship are found.
    pub model_dirs: Vec<PathBuf>,
    /// Told when a model is started anew or can't start.
    pub on_notice: OnNotice,
    /// Where all that decides what comes out is written down, if it is.
    pub sink: Option<RecordSink>,
    /// Decodes and encodes images. Without one, images come in and go out as raw pixels.
    pub codec: Option<Arc<dyn Codec>>,
}

impl Default for EngineSettings {
    fn default() -> Self {
        Self {
            seed: 0,
            model_dirs: Vec::new(),
            on_notice: Arc::new(|_, _| {}),
            sink: None,
            codec: None,
        }
    }
}

/// Hosts models. Share it in an [`Arc`]; every method may be called from any thread.
pub struct Engine {
    clock: Arc<dyn Clock>,
    settings: EngineSettings,
    models: RwLock<Vec<Arc<Hosted>>>,
}

impl Engine {
    /// An engine without models.
    pub fn new(clock: Arc<dyn Clock>, settings: EngineSettings) -> Self {
        Self { clock, settings, models: RwLock::new(Vec::new()) }
    }

    /// The clock it was handed.
    pub fn clock(&self) -> &Arc<dyn Clock> {
        &self.clock
    }

    /// Where what happens is written down, if it is.
    pub fn sink(&self) -> Option<&RecordSink> {
        self.settings.sink.as_ref()
    }

    /// What decodes and encodes images, if anything does.
    pub fn codec(&self) -> Option<&Arc<dyn Codec>> {
        self.settings.codec.as_ref()
    }

    /// Hosts a model under a name. It starts on its own thread; runs may be submitted at once and
    /// wait until it is ready. A model that is there under the name is replaced, and its held values
    /// are taken over.
    ///
    /// # Errors
    /// Plain words when the name can't be one, or the options do not fit.
    pub fn host(
        &self,
        name: &str,
        factory: Factory,
        options: Values,
        settings: HostSettings,
    ) -> Result<Arc<Hosted>, Error> {
        if !is_name(name) {
            return Err(Error::invalid(format!(
                "'{name}' can't be a model's name: use letters, digits, '_' and '-'"
            )));
        }
        if RESERVED_NAMES.contains(&name) {
            return Err(Error::invalid(format!(
                "'{name}' can't be a model's name: the runtime itself answers there"
            )));
        }
        let hosted = Arc::new(Hosted::start(HostedParts {
            name: name.to_string(),
            factory,
            options,
            settings,
            model_dirs: self.settings.model_dirs.clone(),
            seed: self.settings.seed,
            clock: Arc::clone(&self.clock),
            on_notice: Arc::clone(&self.settings.on_notice),
            sink: self.settings.sink.clone(),
            codec: self.settings.codec.clone(),
        })?);
        let mut models = self.models.write().unwrap_or_else(PoisonError::into_inner);
        match models.iter_mut().find(|model| model.name() == name) {
            Some(slot) => {
                hosted.inherit_held(slot);
                *slot = Arc::clone(&hosted);
            }
            None => models.push(Arc::clone(&hosted)),
        }
        Ok(hosted)
    }

    /// Takes a model off. Its current run is cancelled; those that wait are answered as failed.
    pub fn unhost(&self, name: &str) {
        self.models
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .retain(|model| model.name() != name);
    }

    /// The model hosted under a name.
    pub fn model(&self, name: &str) -> Option<Arc<Hosted>> {
        let models = self.models.read().unwrap_or_else(PoisonError::into_inner);
        models.iter().find(|model| model.name() == name).cloned()
    }

    /// All models, in the order in which they were hosted.
    pub fn models(&self) -> Vec<Arc<Hosted>> {
        self.models.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Ends runs whose deadline has passed, gives up models that hang, and starts failed ones
    /// again. To be called every so often (the runtime does, twenty times a second).
    pub fn supervise(&self) {
        for model in self.models() {
            model.supervise();
        }
    }
}

#[cfg(test)]
mod tests;
