//! Chains: commands of models that run by themselves over time, the output of one leading to the input
//! of the next, in loops if need be.
//!
//! A chain is written down as a [`Spec`]: nodes, wires between them, and outlets. [`Spec::plan`] checks
//! it against the models that are there; a [`Chain`] is one at work, with a thread of its own. What it
//! takes and sends is described by [`ChainInput`]s and [`ChainOutput`]s with addresses below its name, so that
//! whoever stands before it (OSC, HTTP, OSCQuery) need know no kind of chain.

pub mod adapt;
mod handle;
mod part;
pub mod plan;
mod scheduler;
pub mod source;
pub mod spec;
pub mod state;
pub mod walk;

pub use handle::{Chain, ChainParts};
pub use part::{PartKind, Rhythm, Shape, Slot, adapters, kinds};
pub use plan::Wrong;
pub use scheduler::{NodeCounters, RunRequest, Signal, Stamp};
pub use spec::Spec;

use crate::error::Error;
use crate::signature::Field;
use std::sync::{Arc, PoisonError, RwLock};

/// What a chain takes at one address.
#[derive(Clone, Debug)]
pub struct ChainInput {
    /// The address below the chain's name: "start", "walk/speed".
    pub path: String,
    /// What it does, in a short sentence.
    pub description: String,
    /// What it takes; nothing, when it only makes something happen.
    pub fields: Vec<Field>,
}

/// What a chain sends on one address.
#[derive(Clone, Debug)]
pub struct ChainOutput {
    /// The address: "/voyage/line".
    pub address: String,
    /// The outlet's name: "line".
    pub name: String,
    /// What it is, in a short sentence.
    pub description: String,
    /// Whether the step, an int, comes before the values.
    pub has_step: bool,
    /// Whether only those get it who ask for its very address.
    pub on_request: bool,
    /// The values.
    pub fields: Vec<Field>,
}

/// What a chain has to say.
pub enum ChainEvent<'a> {
    /// A value at an outlet.
    Signal(&'a Signal),
    /// What failed.
    Error {
        /// What was wrong.
        error: &'a Error,
        /// Whose message it followed from; 0 for nobody's.
        asker: u64,
    },
    /// What changed by itself.
    Notice(&'a str),
}

/// Told of everything that a chain says, on the chain's own thread; must be quick.
pub type OnChainEvent = Arc<dyn Fn(ChainEvent) + Send + Sync>;

/// Told, some time later, when what was asked of a chain could not be done.
pub type OnError = Arc<dyn Fn(Error) + Send + Sync>;

/// Who sends something to a chain.
#[derive(Clone, Default)]
pub struct Asker {
    /// Stands in the [`Stamp`] of all that follows from a message to an inlet; 0 for nobody.
    pub number: u64,
    /// Told when it could not be done.
    pub on_error: Option<OnError>,
}

/// The chains that run. Every method may be called from any thread.
#[derive(Default)]
pub struct Chains(RwLock<Vec<Arc<Chain>>>);

impl Chains {
    /// Takes a chain in; one of the same name gives way to it.
    pub fn add(&self, chain: Arc<Chain>) {
        let mut chains = self.0.write().unwrap_or_else(PoisonError::into_inner);
        match chains.iter_mut().find(|known| known.name() == chain.name()) {
            Some(slot) => *slot = chain,
            None => chains.push(chain),
        }
    }

    /// Takes a chain off, if there is one of that name. It stops.
    pub fn remove(&self, name: &str) {
        let mut chains = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let removed: Vec<_> = chains.iter().filter(|chain| chain.name() == name).cloned().collect();
        chains.retain(|chain| chain.name() != name);
        // A chain ends when it is dropped, and waits for its thread: with the lock given back.
        drop(chains);
        drop(removed);
    }

    /// The chain of that name.
    pub fn find(&self, name: &str) -> Option<Arc<Chain>> {
        let chains = self.0.read().unwrap_or_else(PoisonError::into_inner);
        chains.iter().find(|chain| chain.name() == name).cloned()
    }

    /// All chains, in the order in which they were added.
    pub fn all(&self) -> Vec<Arc<Chain>> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
