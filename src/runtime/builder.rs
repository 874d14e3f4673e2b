//! Puts a runtime together.

use super::Runtime;
use super::listener::{Listened, Listener};
use crate::engine::{Engine, EngineSettings, HostSettings, Notice, OnNotice};
use crate::model::{Factory, Model};
use crate::osc::{Broker, FormatOption, Message, Pattern, Publication, Publisher, Router};
use crate::project::Project;
use crate::recording::RecordSink;
use crate::signature::Values;
use crate::time::{Clock, SystemClock};
use crate::value::Codec;
use enjamb_core::host::{Consumer, Host, Output, Peer};
use enjamb_core::{Error, ErrorKind};
#[cfg(feature = "net")]
use enjamb_net::{
    network::{Files, Network},
    settings::Listen,
};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, OnceLock, Weak};

/// Configures and starts a [`Runtime`].
pub struct RuntimeBuilder {
    project: Project,
    models: Vec<Factory>,
    #[cfg(feature = "net")]
    with_network: bool,
    #[cfg(feature = "net")]
    sketch_dirs: Vec<PathBuf>,
    listener: Option<Listener>,
    consumers: Vec<Arc<dyn Consumer>>,
    model_dirs: Vec<PathBuf>,
    clock: Arc<dyn Clock>,
    sink: Option<RecordSink>,
    codec: Option<Arc<dyn Codec>>,
}

impl Default for RuntimeBuilder {
    fn default() -> Self {
        Self {
            project: Project::parse("").expect("an empty project is sound"),
            models: Vec::new(),
            #[cfg(feature = "net")]
            with_network: true,
            #[cfg(feature = "net")]
            sketch_dirs: beside_program("patches/p5"),
            listener: None,
            consumers: Vec::new(),
            model_dirs: beside_program("models"),
            clock: Arc::new(SystemClock::start()),
            sink: None,
            codec: default_codec(),
        }
    }
}

#[cfg(feature = "image")]
fn default_codec() -> Option<Arc<dyn Codec>> {
    Some(Arc::new(crate::image_codec::ImageCodec))
}

#[cfg(not(feature = "image"))]
fn default_codec() -> Option<Arc<dyn Codec>> {
    None
}

/// A folder beside the program.
fn beside_program(folder: &str) -> Vec<PathBuf> {
    let program = std::env::current_exe().ok();
    let beside = program.and_then(|program| Some(program.parent()?.join(folder)));
    beside.into_iter().collect()
}

/// Where files that ship with the program `enjamb` may lie: in the folder that an environment variable
/// names, beside the program, in the working folder, and in the checkout that it was built from.
///
/// For programs that are part of a checkout. A builder by itself looks beside the program only.
pub fn shipped_dirs(variable: &str, folder: &str) -> Vec<PathBuf> {
    let named = std::env::var_os(variable).map(PathBuf::from);
    let built_from = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(folder);
    let mut dirs: Vec<_> = named.into_iter().chain(beside_program(folder)).collect();
    dirs.extend([PathBuf::from(folder), built_from]);
    dirs
}

/// Where the models that ship may lie, as [`shipped_dirs`] has it; ENJAMB_MODELS may name a folder.
pub fn shipped_model_dirs() -> Vec<PathBuf> {
    shipped_dirs("ENJAMB_MODELS", "models")
}

impl RuntimeBuilder {
    /// Runs a project.
    #[must_use]
    pub fn project(mut self, project: Project) -> Self {
        self.project = project;
        self
    }

    /// Looks for the files of models in these folders, in this order; by default, in `models` beside the
    /// program.
    #[must_use]
    pub fn model_dirs(mut self, dirs: Vec<PathBuf>) -> Self {
        self.model_dirs = dirs;
        self
    }

    /// Looks for models and sketches as the program `enjamb` does, by [`shipped_dirs`]: for programs that
    /// are part of a checkout.
    #[must_use]
    pub fn with_shipped_files(mut self) -> Self {
        self.model_dirs = shipped_model_dirs();
        #[cfg(feature = "net")]
        {
            self.sketch_dirs = shipped_dirs("ENJAMB_SKETCHES", "patches/p5");
        }
        self
    }

    /// Where it looks for the files of models.
    #[cfg(feature = "replay")]
    pub(crate) fn dirs(&self) -> &[PathBuf] {
        &self.model_dirs
    }

    /// Serves p5.js sketches from these folders; by default, from `patches/p5` beside the program.
    #[cfg(feature = "net")]
    #[must_use]
    pub fn sketch_dirs(mut self, dirs: Vec<PathBuf>) -> Self {
        self.sketch_dirs = dirs;
        self
    }

    /// Listens elsewhere than the project says. A port of 0 lets the system choose one.
    #[cfg(feature = "net")]
    #[must_use]
    pub fn listen(mut self, listen: Listen) -> Self {
        self.project.listen_as(listen);
        self
    }

    /// Hosts a model beside the project's, under the name in its manifest. The function makes it,
    /// and makes it anew after a panic.
    #[must_use]
    pub fn model<M: Model + 'static>(
        mut self,
        make: impl Fn() -> M + Send + Sync + 'static,
    ) -> Self {
        self.models.push(Arc::new(move || Box::new(make())));
        self
    }

    /// Opens no sockets: only the program itself runs commands. Without the feature `net` this is so anyway.
    #[must_use]
    #[cfg_attr(not(feature = "net"), expect(unused_mut, reason = "there is nothing to switch off"))]
    pub fn without_network(mut self) -> Self {
        #[cfg(feature = "net")]
        {
            self.with_network = false;
        }
        self
    }

    /// Writes down all that decides what comes out, and what does.
    #[must_use]
    pub fn record(mut self, sink: &RecordSink) -> Self {
        self.sink = Some(sink.clone());
        self
    }

    /// Tells the program itself of everything that models and chains send, as OSC would tell a
    /// subscriber who asked for every address; and of what is answered to [`Runtime::send`]. The
    /// function is called on the threads of models and chains, and must be quick.
    #[must_use]
    pub fn on_message(mut self, listener: impl Fn(&Message) + Send + Sync + 'static) -> Self {
        self.listener = Some(Arc::new(listener));
        self
    }

    /// Lends the program every output of models and chains, as typed values: nothing is written as OSC for
    /// it. The function is called on the threads of models and chains, and must be quick.
    #[must_use]
    pub fn on_output(mut self, consumer: impl Fn(&Output) + Send + Sync + 'static) -> Self {
        self.consumers.push(Arc::new(consumer));
        self
    }

    /// Reads the time from another clock.
    #[must_use]
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// Decodes and encodes images with another codec than the default, which the feature `image` has; with `None`, images come in and
    /// go out as raw pixels, in the netpbm formats.
    #[must_use]
    pub fn codec(mut self, codec: Option<Arc<dyn Codec>>) -> Self {
        self.codec = codec;
        self
    }

    /// Starts everything. Models set themselves up on their own threads; runs wait for them.
    ///
    /// # Errors
    /// If a port is taken, or a model or a chain can't be hosted.
    ///
    /// # Panics
    /// When the manifest of a model does not fit its input handles: a mistake in the model's source.
    pub fn start(self) -> Result<Runtime, Error> {
        // Models may have something to say before there is anybody to say it to. Weak, since the host holds
        // the engine.
        let early: Arc<OnceLock<Weak<Host>>> = Arc::new(OnceLock::new());
        let on_notice: OnNotice = {
            let host = Arc::clone(&early);
            Arc::new(move |model: &str, notice: &Notice| {
                tracing::warn!("{model}: {notice}");
                if let Some(host) = host.get().and_then(Weak::upgrade) {
                    host.notify(model, notice);
                }
            })
        };
        let engine = Arc::new(Engine::new(
            self.clock,
            EngineSettings {
                seed: self.project.seed,
                model_dirs: self.model_dirs,
                on_notice,
                sink: self.sink.clone(),
                codec: self.codec,
            },
        ));
        let host = Arc::new(Host::new(engine));
        let listener = self.listener;
        let has_listener = listener.is_some();
        let wrap = |broker: Arc<dyn Broker>| -> Arc<dyn Broker> {
            match listener {
                Some(listener) => Arc::new(Listened { broker, listener }),
                None => broker,
            }
        };
        #[cfg(feature = "net")]
        let (router, network) = match self.with_network {
            true => {
                let files = Files { sketches: self.sketch_dirs, fonts: fonts() };
                let (router, network) =
                    Network::open(&host, &self.project.settings(), files, wrap)?;
                (router, Some(network))
            }
            false => (Arc::new(Router::new(Arc::clone(&host), wrap(Arc::new(Nobody)))), None),
        };
        #[cfg(feature = "net")]
        let has_network = network.is_some();
        #[cfg(not(feature = "net"))]
        let router = Arc::new(Router::new(Arc::clone(&host), wrap(Arc::new(Nobody))));
        #[cfg(not(feature = "net"))]
        let has_network = false;
        // Without anybody to hear of them, outputs become no messages.
        if has_network || has_listener || self.sink.is_some() {
            let publisher = Publisher::new(Arc::clone(router.broker()), self.sink);
            host.add_consumer(Arc::new(publisher));
        }
        self.consumers.into_iter().for_each(|consumer| host.add_consumer(consumer));
        let _ = early.set(Arc::downgrade(&host));
        let mut runtime = Runtime {
            host,
            router,
            #[cfg(feature = "net")]
            network,
            project: Mutex::new(self.project.clone()),
            keeper: Mutex::new(None),
            tending: None,
        };
        for model in &self.project.models {
            runtime.host_model(model)?;
        }
        for factory in self.models {
            let name = factory().manifest().name;
            runtime
                .engine()
                .host(&name, factory, Values::new(), HostSettings::default())
                .map_err(|error| error.context(&name))?;
        }
        runtime.keep(self.project.state.clone())?;
        for chain in &self.project.chains {
            runtime.host_chain(chain, self.project.seed)?;
        }
        runtime.tend().map_err(|error| {
            Error::new(ErrorKind::Io, format!("the system gave no thread: {error}"))
        })?;
        #[cfg(feature = "net")]
        if let Some(network) = &mut runtime.network {
            network.serve(&self.project.listen)?;
        }
        Ok(runtime)
    }
}

/// The typefaces of the page: those that pictures of maps are set in.
#[cfg(feature = "net")]
fn fonts() -> Vec<(&'static str, &'static [u8])> {
    #[cfg(feature = "map")]
    {
        use enjamb_models::map::picture::Style;
        vec![("roman.ttf", Style::Roman.file()), ("italic.ttf", Style::Italic.file())]
    }
    #[cfg(not(feature = "map"))]
    Vec::new()
}

/// The broker of a runtime without network.
struct Nobody;

impl Broker for Nobody {
    fn reply(&self, _: Peer, _: &[Message]) {}
    fn publish(&self, _: &Publication) {}
    fn relay(&self, _: Peer, _: &Message) {}
    fn changed(&self, _: Peer, _: &Message) {}
    fn subscribe(&self, peer: Peer, _: Pattern, _: Option<u16>) -> Result<Option<Peer>, Error> {
        Ok(Some(peer))
    }
    fn unsubscribe(&self, _: Peer, _: Option<Pattern>, _: Option<u16>) {}
    fn set_format(&self, _: Peer, _: FormatOption) {}
}
