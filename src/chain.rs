//! Chains: commands that run by themselves over time, the output of one leading to the input of the
//! next.
//!
//! What a chain takes and sends is described by [`Input`]s and [`Output`]s with addresses below its
//! name, so that whoever stands before it (OSC, HTTP, OSCQuery) need know no kind of chain. There is
//! one kind, the [`Voyage`], whose nodes are wired in Rust.

mod inputs;
pub mod voyage;

pub use inputs::{CONTROLS, input, inputs, outputs};
pub use voyage::{Settings, Voyage};

use crate::signature::Field;
use crate::value::Value;
use std::sync::{Arc, PoisonError, RwLock};

/// What a chain takes at one address.
#[derive(Clone, Debug)]
pub struct Input {
    /// The address below the chain's name: "start", "walk/speed".
    pub path: &'static str,
    /// What it does, in a short sentence.
    pub description: &'static str,
    /// What it takes; nothing, when it only makes something happen.
    pub field: Option<Field>,
}

/// What a chain sends on one address.
#[derive(Clone, Debug)]
pub struct Output {
    /// The address below the chain's name: "line".
    pub path: &'static str,
    /// Whether the step, an int, comes before the value.
    pub has_step: bool,
    /// The value.
    pub field: Field,
}

/// Something that a chain sends.
#[derive(Clone, Debug, PartialEq)]
pub struct Signal {
    /// The path of its [`Output`].
    pub path: &'static str,
    /// The step that it belongs to.
    pub step: Option<i32>,
    /// The value.
    pub value: Value,
    /// Whether only those get it who ask for its very address, since there is so much of it.
    pub on_request: bool,
}

/// Told of everything that a chain sends, on the chain's own thread; must be quick.
pub type OnSignal = Arc<dyn Fn(Signal) + Send + Sync>;

/// Told in plain words, some time later, when what was asked of a chain could not be done.
pub type Complain = Arc<dyn Fn(String) + Send + Sync>;

/// The chains that run. Every method may be called from any thread.
#[derive(Default)]
pub struct Chains(RwLock<Vec<Arc<Voyage>>>);

impl Chains {
    /// Takes a chain in; one of the same name gives way to it.
    pub fn add(&self, chain: Arc<Voyage>) {
        let mut chains = self.0.write().unwrap_or_else(PoisonError::into_inner);
        match chains.iter_mut().find(|known| known.name() == chain.name()) {
            Some(slot) => *slot = chain,
            None => chains.push(chain),
        }
    }

    /// Takes a chain off, if there is one of that name. It stops.
    pub fn remove(&self, name: &str) {
        let mut chains = self.0.write().unwrap_or_else(PoisonError::into_inner);
        chains.retain(|chain| chain.name() != name);
    }

    /// The chain of that name.
    pub fn find(&self, name: &str) -> Option<Arc<Voyage>> {
        let chains = self.0.read().unwrap_or_else(PoisonError::into_inner);
        chains.iter().find(|chain| chain.name() == name).cloned()
    }

    /// All chains, in the order in which they were added.
    pub fn all(&self) -> Vec<Arc<Voyage>> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
