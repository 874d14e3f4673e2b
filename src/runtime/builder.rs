//! Puts a runtime together.

use super::listener::{Listened, Listener};
use super::network::Network;
use super::{Runtime, RuntimeError};
use crate::engine::{Engine, EngineSettings, HostSettings, Notice, OnNotice};
use crate::image_codec::ImageCodec;
use crate::model::{Factory, Model};
use crate::project::{Listen, Project};
use crate::recording::Tape;
use crate::router::{Message, Outlet, Pattern, Peer, Router, Wish, publish_notice};
use crate::signature::Values;
use crate::time::{Clock, SystemClock};
use crate::value::Codec;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, OnceLock};

/// Configures and starts a [`Runtime`].
pub struct RuntimeBuilder {
    project: Project,
    models: Vec<Factory>,
    with_network: bool,
    listener: Option<Listener>,
    model_dirs: Vec<PathBuf>,
    clock: Arc<dyn Clock>,
    tape: Option<Tape>,
    codec: Option<Arc<dyn Codec>>,
}

impl Default for RuntimeBuilder {
    fn default() -> Self {
        Self {
            project: Project::parse("").expect("an empty project is sound"),
            models: Vec::new(),
            with_network: true,
            listener: None,
            model_dirs: shipped_model_dirs(),
            clock: Arc::new(SystemClock::start()),
            tape: None,
            codec: Some(Arc::new(ImageCodec)),
        }
    }
}

/// Where the models that ship may lie: where ENJAMB_MODELS says, beside the program, in the working
/// folder, and in the checkout that the program was built from.
pub fn shipped_model_dirs() -> Vec<PathBuf> {
    let named = std::env::var_os("ENJAMB_MODELS").map(PathBuf::from);
    let beside = std::env::current_exe()
        .ok()
        .and_then(|program| program.parent().map(|folder| folder.join("models")));
    let built_from = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/models"));
    named.into_iter().chain(beside).chain([PathBuf::from("models"), built_from]).collect()
}

impl RuntimeBuilder {
    /// Runs a project.
    #[must_use]
    pub fn project(mut self, project: Project) -> Self {
        self.project = project;
        self
    }

    /// Listens elsewhere than the project says. A port of 0 lets the system choose one.
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

    /// Opens no sockets: only the program itself runs commands.
    #[must_use]
    pub fn without_network(mut self) -> Self {
        self.with_network = false;
        self
    }

    /// Writes down all that decides what comes out, and what does.
    #[must_use]
    pub fn record(mut self, tape: &Tape) -> Self {
        self.tape = Some(tape.clone());
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

    /// Reads the time from another clock.
    #[must_use]
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// Decodes and encodes images with another codec than [`ImageCodec`]; with `None`, images come in and
    /// go out as raw pixels, in the netpbm formats.
    #[must_use]
    pub fn codec(mut self, codec: Option<Arc<dyn Codec>>) -> Self {
        self.codec = codec;
        self
    }

    /// Starts everything. Models set themselves up on their own threads; runs wait for them.
    ///
    /// # Errors
    /// Plain words: a port that is taken, a model that can't be hosted.
    pub fn start(self) -> Result<Runtime, RuntimeError> {
        // Models may have something to say before there is anybody to say it to.
        let outlet: Arc<OnceLock<Arc<dyn Outlet>>> = Arc::new(OnceLock::new());
        let on_notice: OnNotice = {
            let outlet = Arc::clone(&outlet);
            Arc::new(move |model: &str, notice: &Notice| {
                tracing::warn!("{model}: {notice}");
                if let Some(outlet) = outlet.get() {
                    publish_notice(&**outlet, model, notice);
                }
            })
        };
        let engine = Arc::new(Engine::new(
            self.clock,
            EngineSettings {
                seed: self.project.seed,
                model_dirs: self.model_dirs,
                on_notice,
                tape: self.tape,
                codec: self.codec,
            },
        ));
        let listened = |outlet: Arc<dyn Outlet>| -> Arc<dyn Outlet> {
            match self.listener {
                Some(listener) => Arc::new(Listened { outlet, listener }),
                None => outlet,
            }
        };
        let (router, network) = match self.with_network {
            true => {
                let (router, network) = Network::open(&engine, &self.project, listened)?;
                (router, Some(network))
            }
            false => {
                let outlet = listened(Arc::new(Nowhere));
                (Arc::new(Router::new(Arc::clone(&engine), outlet)), None)
            }
        };
        let _ = outlet.set(Arc::clone(router.outlet()));
        let mut runtime = Runtime {
            engine,
            router,
            network,
            project: Mutex::new(self.project.clone()),
            keeper: Mutex::new(None),
            tending: None,
        };
        for model in &self.project.models {
            runtime.host(model)?;
        }
        for factory in self.models {
            let name = factory().manifest().name;
            runtime
                .engine
                .host(&name, factory, Values::new(), HostSettings::default())
                .map_err(|words| RuntimeError(format!("{name}: {words}")))?;
        }
        runtime.keep(self.project.state.clone())?;
        for chain in &self.project.chains {
            runtime.host_chain(chain, self.project.seed)?;
        }
        runtime
            .tend()
            .map_err(|error| RuntimeError(format!("the system gave no thread: {error}")))?;
        if let Some(network) = &mut runtime.network {
            network.serve(&self.project)?;
        }
        Ok(runtime)
    }
}

/// The outlet of a runtime without network.
struct Nowhere;

impl Outlet for Nowhere {
    fn reply(&self, _: Peer, _: &[Message]) {}
    fn stream(&self, _: Peer, _: bool, _: Vec<Message>) {}
    fn publish(&self, _: Peer, _: Vec<Message>) {}
    fn offer(&self, _: Message) {}
    fn relay(&self, _: Peer, _: &Message) {}
    fn changed(&self, _: Peer, _: &Message) {}
    fn subscribe(&self, peer: Peer, _: Pattern, _: Option<u16>) -> Result<Option<Peer>, String> {
        Ok(Some(peer))
    }
    fn unsubscribe(&self, _: Peer, _: Option<Pattern>, _: Option<u16>) {}
    fn wish(&self, _: Peer, _: Wish) {}
}
