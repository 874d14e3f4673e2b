//! Names of destinations: looked up apart from whoever sends, so that nothing waits for a name server;
//! and looked up again, since networks come late and computers move.

use super::hub::Hub;
use crossbeam::channel::{self, RecvTimeoutError, Sender};
use enjamb_core::Error;
use std::collections::HashSet;
use std::io;
use std::net::{SocketAddr, ToSocketAddrs};
use std::sync::{Arc, Weak};
use std::time::Duration;

/// The pause before a name that was not found is looked up again.
const RETRY: Duration = Duration::from_secs(5);
/// The pause where all were found.
const REFRESH: Duration = Duration::from_secs(30);
/// What a start gives the first round.
const PATIENCE: Duration = Duration::from_secs(1);

/// Looks names up on a thread of its own, until it is dropped.
pub struct Names {
    wake: Sender<()>,
}

impl Names {
    /// Looks up the names of the hub's destinations, and waits for that a moment, so that a network that
    /// is there misses no message. Addresses of the family that the hub's socket has go first.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn start(hub: &Arc<Hub>, is_ipv4: bool) -> io::Result<Self> {
        let (wake, woken) = channel::bounded(1);
        let (done, all_done) = channel::bounded(1);
        let has_names = !hub.names().is_empty();
        let hub = Arc::downgrade(hub);
        // Not joined: a name server may take its time, and an end must not.
        std::thread::Builder::new().name("osc:names".into()).spawn(move || {
            let mut missing = HashSet::new();
            while let Some(pause) = look_up_all(&hub, is_ipv4, &mut missing) {
                let _ = done.try_send(());
                match woken.recv_timeout(pause) {
                    Ok(()) | Err(RecvTimeoutError::Timeout) => {}
                    Err(RecvTimeoutError::Disconnected) => return,
                }
            }
        })?;
        if has_names {
            let _ = all_done.recv_timeout(PATIENCE);
        }
        Ok(Self { wake })
    }

    /// The destinations are others now.
    pub fn look_again(&self) {
        let _ = self.wake.try_send(());
    }
}

/// One round; says when the next is due, or that there is no hub any more.
fn look_up_all(hub: &Weak<Hub>, is_ipv4: bool, missing: &mut HashSet<String>) -> Option<Duration> {
    let names = hub.upgrade()?.names();
    missing.retain(|name| names.contains(name));
    for name in names {
        let found = look_up(&name, is_ipv4);
        let hub = hub.upgrade()?;
        match found {
            Ok(address) => {
                if missing.remove(&name) {
                    tracing::info!("{name} is found, at {address}: it gets what it should");
                }
                hub.found(&name, address);
            }
            // Where it was last is the best guess; else it gets nothing.
            Err(error) => {
                if missing.insert(name.clone()) {
                    tracing::warn!(
                        "[[send]] to {name}: it can't be looked up now ({error}); tried again every \
                         {} s. Is it written so, and is the network there? A number such as \
                         192.168.1.20 needs no looking up",
                        RETRY.as_secs()
                    );
                }
            }
        }
    }
    Some(if missing.is_empty() { REFRESH } else { RETRY })
}

fn look_up(name: &str, is_ipv4: bool) -> Result<SocketAddr, Error> {
    let found: Vec<SocketAddr> =
        name.to_socket_addrs().map_err(|error| error.to_string())?.collect();
    let fitting = found.iter().find(|address| address.is_ipv4() == is_ipv4);
    fitting.or(found.first()).copied().ok_or_else(|| "it has no address".into())
}
