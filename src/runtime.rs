//! The runtime: models, router and transports, put together from a project.

mod builder;
mod keeper;
mod listener;

pub use builder::{RuntimeBuilder, shipped_dirs, shipped_model_dirs};

use crate::engine::{Engine, Request, RunEvent, Status};
use crate::osc::{Message, Router};
use crate::project::{HostedChain, HostedModel, Project, StateSettings};
use crate::signature::Values;
use crossbeam::channel::{self, RecvTimeoutError, Sender};
use enjamb_core::host::{Host, Peer};
use enjamb_core::{Error, ErrorKind};
#[cfg(feature = "net")]
use enjamb_net::{network::Network, settings::Listen};
use keeper::Keeper;
#[cfg(feature = "net")]
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

/// How often deadlines, hangs and leases are looked after.
const TEND_EVERY: Duration = Duration::from_millis(50);

/// A running enjamb. It stops when it is dropped. Every method may be called from any thread.
pub struct Runtime {
    host: Arc<Host>,
    router: Arc<Router>,
    #[cfg(feature = "net")]
    network: Option<Network>,
    project: Mutex<Project>,
    keeper: Mutex<Option<Keeper>>,
    tending: Option<(Sender<()>, JoinHandle<()>)>,
}

impl Runtime {
    /// A builder for a runtime without models that listens where the program does.
    pub fn builder() -> RuntimeBuilder {
        RuntimeBuilder::default()
    }

    /// The engine, with its models.
    pub fn engine(&self) -> &Arc<Engine> {
        self.host.engine()
    }

    /// Models and chains by name.
    pub fn host(&self) -> &Arc<Host> {
        &self.host
    }

    /// The router.
    pub fn router(&self) -> &Arc<Router> {
        &self.router
    }

    /// Where OSC over UDP and TCP is listened to, if it is.
    #[cfg(feature = "net")]
    pub fn osc_address(&self) -> Option<SocketAddr> {
        self.network.as_ref().map(Network::osc_address)
    }

    /// Where HTTP and WebSocket are listened to, if they are.
    #[cfg(feature = "net")]
    pub fn http_address(&self) -> Option<SocketAddr> {
        self.network.as_ref().map(Network::http_address)
    }

    /// Waits until no model is starting any more.
    pub fn wait_until_started(&self) {
        let starting = || self.engine().models().iter().any(|m| m.status() == Status::Starting);
        while starting() {
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    /// Runs a command and waits for its outputs; subscribers and destinations get them as well.
    ///
    /// # Errors
    /// Plain words: what was wrong with the inputs, or why the run failed.
    pub fn run(&self, model: &str, command: &str, inputs: Values) -> Result<Values, Error> {
        let (sender, events) = channel::bounded(1);
        let request = Request::new(move |event| {
            if !matches!(event, RunEvent::Partial { .. } | RunEvent::Stream { .. }) {
                // Whoever asked is waiting, or gone.
                let _ = sender.try_send(event);
            }
        });
        self.host.submit(Peer::Local, model, command, inputs, request)?;
        match events.recv() {
            Ok(RunEvent::Done { outputs, .. }) => Ok(Arc::unwrap_or_clone(outputs)),
            Ok(RunEvent::Failed(error)) => Err(error),
            Ok(_) => Err(Error::cancelled()),
            Err(_) => Err(Error::new(ErrorKind::Unavailable, "the model was taken off")),
        }
    }

    /// Does what an OSC message would do. Answers and outputs go to subscribers and destinations, and
    /// to [`on_message`](RuntimeBuilder::on_message).
    pub fn send(&self, message: &Message) {
        self.router.dispatch(message, Peer::Local);
    }

    /// Changes the running project into another. Models that are the same in both keep running, and
    /// clients stay connected. Answers what was done, a line each.
    ///
    /// # Errors
    /// Plain words when a model can't be hosted; those before it are.
    pub fn apply(&self, project: Project) -> Result<Vec<String>, Error> {
        let mut current = self.project.lock().unwrap_or_else(PoisonError::into_inner);
        let mut done = Vec::new();
        let named = |models: &[HostedModel], name: &str| {
            models.iter().find(|model| model.name == name).cloned()
        };
        // Before the models, so that a name may go from one to the other.
        for old in &current.chains {
            if project.chains.iter().all(|new| new.name != old.name) {
                self.host.chains().remove(&old.name);
                done.push(format!("took off {}", old.name));
            }
        }
        for old in &current.models {
            if named(&project.models, &old.name).is_none() {
                self.engine().unhost(&old.name);
                done.push(format!("took off {}", old.name));
            }
        }
        for new in &project.models {
            let old = named(&current.models, &new.name);
            if old.as_ref() == Some(new) {
                continue;
            }
            self.host_model(new)?;
            let verb = if old.is_some() { "restarted" } else { "hosted" };
            done.push(format!("{verb} {}", new.name));
        }
        if current.state != project.state {
            self.keep(project.state.clone())?;
            done.push(match &project.state {
                Some(state) => format!("keeping the state of chains in {}", state.folder.display()),
                None => "keeping no state of chains any more".into(),
            });
        }
        for new in &project.chains {
            let old = current.chains.iter().find(|old| old.name == new.name);
            if old == Some(new) {
                continue;
            }
            let running = self.host.chains().find(&new.name);
            match (old, running) {
                (Some(_), Some(running)) => {
                    running.change(new.spec.clone()).map_err(|error| error.context(&new.name))?
                }
                _ => self.host_chain(new, project.seed)?,
            }
            let verb = if old.is_some() { "changed" } else { "hosted" };
            done.push(format!("{verb} {}", new.name));
        }
        #[cfg(feature = "net")]
        self.apply_settings(&current, &project, &mut done);
        if current.seed != project.seed {
            done.push("the new seed holds after a restart".into());
        }
        *current = project;
        Ok(done)
    }

    /// Changes what the project says of the transports, as far as that can be while they run.
    #[cfg(feature = "net")]
    fn apply_settings(&self, current: &Project, project: &Project, done: &mut Vec<String>) {
        if let Some(network) = &self.network {
            if current.destinations != project.destinations {
                network.set_destinations(project.destinations.clone());
                let places: Vec<_> =
                    project.destinations.iter().map(|d| d.to.to_string()).collect();
                let places = if places.is_empty() { "nobody".into() } else { places.join(", ") };
                done.push(format!("sending to {places}"));
            }
            if current.listen.allow_origins != project.listen.allow_origins {
                network.set_origins(project.listen.allow_origins.clone());
                done.push("changed which pages may connect".into());
            }
        }
        let but_for_origins =
            |listen: &Listen| Listen { allow_origins: Vec::new(), ..listen.clone() };
        if but_for_origins(&current.listen) != but_for_origins(&project.listen) {
            done.push("what [listen] says of addresses and tokens holds after a restart".into());
        }
    }

    fn host_model(&self, model: &HostedModel) -> Result<(), Error> {
        let HostedModel { name, kind, options, settings } = model.clone();
        self.engine()
            .host(&name, kind.factory(), options, settings)
            .map(|_| ())
            .map_err(|error| error.context(&name))
    }

    fn host_chain(&self, chain: &HostedChain, seed: u64) -> Result<(), Error> {
        self.host
            .host_chain(&chain.name, &chain.spec, seed)
            .map(|chain| {
                let keeper = self.keeper.lock().unwrap_or_else(PoisonError::into_inner);
                keeper.iter().for_each(|keeper| keeper.bring_back(&chain));
            })
            .map_err(|error| error.context(&chain.name))
    }

    /// Keeps what chains remember, or does not any more.
    fn keep(&self, state: Option<StateSettings>) -> Result<(), Error> {
        let mut keeper = self.keeper.lock().unwrap_or_else(PoisonError::into_inner);
        match (&*keeper, state) {
            (Some(keeper), Some(state)) => keeper.change(state),
            (None, Some(state)) => {
                let started = Keeper::start(state, &self.host);
                *keeper = Some(started.map_err(|error| {
                    Error::new(ErrorKind::Io, format!("the system gave no thread: {error}"))
                })?);
            }
            (_, None) => *keeper = None,
        }
        Ok(())
    }

    /// Starts the thread that looks after models and subscriptions.
    fn tend(&mut self) -> std::io::Result<()> {
        let (stop, stopped) = channel::bounded::<()>(0);
        let engine = Arc::clone(self.engine());
        #[cfg(feature = "net")]
        let hub = self.network.as_ref().map(|network| Arc::clone(network.hub()));
        let thread = std::thread::Builder::new().name("enjamb:tend".into()).spawn(move || {
            while stopped.recv_timeout(TEND_EVERY) == Err(RecvTimeoutError::Timeout) {
                engine.supervise();
                #[cfg(feature = "net")]
                if let Some(hub) = &hub {
                    hub.sweep();
                }
            }
        })?;
        self.tending = Some((stop, thread));
        Ok(())
    }
}

impl Drop for Runtime {
    fn drop(&mut self) {
        if let Some((stop, thread)) = self.tending.take() {
            drop(stop);
            // It panics only if the engine has a fault, which has been told by then.
            let _ = thread.join();
        }
        // Written a last time while the chains are there.
        *self.keeper.lock().unwrap_or_else(PoisonError::into_inner) = None;
        for chain in self.host.chains().all() {
            self.host.chains().remove(chain.name());
        }
        for model in self.engine().models() {
            self.engine().unhost(model.name());
        }
    }
}
