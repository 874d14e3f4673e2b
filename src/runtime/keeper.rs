//! Keeps what chains remember: reads it when a chain is hosted, and writes it every so often.

use crate::chain::{Chain, state};
use crate::project::StateSettings;
use crossbeam::channel::{self, RecvTimeoutError, Sender};
use enjamb_core::host::Host;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

/// Writes the state of all chains on a thread of its own, since a disk may be slow.
pub struct Keeper {
    settings: Arc<Mutex<StateSettings>>,
    host: Arc<Host>,
    thread: Option<(Sender<()>, JoinHandle<()>)>,
}

impl Keeper {
    /// Starts to keep.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn start(settings: StateSettings, host: &Arc<Host>) -> std::io::Result<Self> {
        let (stop, stopped) = channel::bounded::<()>(0);
        let settings = Arc::new(Mutex::new(settings));
        let (kept, chains) = (Arc::clone(&settings), Arc::clone(host));
        let thread = std::thread::Builder::new().name("enjamb:keep".into()).spawn(move || {
            let every = |settings: &Mutex<StateSettings>| lock(settings).every;
            while stopped.recv_timeout(every(&kept)) == Err(RecvTimeoutError::Timeout) {
                write_all(&lock(&kept).clone(), &chains);
            }
        })?;
        Ok(Self { settings, host: Arc::clone(host), thread: Some((stop, thread)) })
    }

    /// Keeps elsewhere, or at other times, from now on.
    pub fn change(&self, settings: StateSettings) {
        *lock(&self.settings) = settings;
    }

    /// Brings a chain back to where it was, if that is known.
    pub fn bring_back(&self, chain: &Chain) {
        let folder = lock(&self.settings).folder.clone();
        let name = chain.name();
        let found = match state::read(&folder, name) {
            Ok(Some(found)) => found,
            Ok(None) => return,
            Err(words) => return tracing::error!("{name} begins anew: {words}"),
        };
        if let Some(words) = found.refused {
            tracing::warn!("{name} comes back to the state before the last: {words}");
        }
        match chain.restore(&found.state) {
            Ok(()) => tracing::info!("{name} goes on from tick {}", chain.step()),
            Err(words) => tracing::error!("{name} begins anew: {words}"),
        }
    }
}

impl Drop for Keeper {
    /// Writes a last time.
    fn drop(&mut self) {
        if let Some((stop, thread)) = self.thread.take() {
            drop(stop);
            // It panics only if writing has a fault, which has been told by then.
            let _ = thread.join();
        }
        write_all(&lock(&self.settings).clone(), &self.host);
    }
}

fn write_all(settings: &StateSettings, host: &Host) {
    for chain in host.chains().all() {
        if let Err(words) = state::write(&settings.folder, chain.name(), &chain.save()) {
            tracing::error!("the state of {} was not kept: {words}", chain.name());
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
