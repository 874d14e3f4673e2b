//! What a chain is, as it is written down: nodes, wires, outlets, and how it keeps time.

use crate::error::Error;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};
use std::fmt;
use std::str::FromStr;

/// Ticks, and updates between them, a second, at most.
pub const MAX_RATE: f64 = 1000.0;

/// A chain as it is written down, in a project file or by messages while it runs.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Spec {
    /// What it is, in a short sentence, for people.
    pub description: String,
    /// The nodes, in the order in which they are written.
    pub nodes: Vec<NodeSpec>,
    /// The wires between them.
    pub wires: Vec<WireSpec>,
    /// What it sends.
    pub outlets: Vec<OutletSpec>,
    /// When it ticks.
    pub pace: Pace,
    /// What happens when a node fails.
    pub on_failure: OnFailure,
    /// The seed of its chance; the project's if there is none.
    pub seed: Option<u64>,
    /// Whether it starts by itself.
    pub starts: bool,
}

/// A command of a model, a source or an adapter, at work in a chain.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct NodeSpec {
    /// The name, also the second part of its addresses.
    pub name: String,
    /// What it runs: "poetry/generate", "adapt/first", "walk".
    pub run: String,
    /// Values of its inputs and options, as JSON.
    pub set: Map<String, Json>,
    /// Which values it takes when more come than it can take.
    pub takes: Takes,
    /// What happens when it fails, if not what the chain says.
    pub on_failure: Option<OnFailure>,
    /// Sources that move with time: how often a second they move between ticks, for outlets alone.
    pub updates: f64,
}

/// One end of a wire: a node, and one of its inputs or outputs. Written "walk.z".
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct End {
    /// The node.
    pub node: String,
    /// The input or output.
    pub field: String,
}

impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.node, self.field)
    }
}

impl FromStr for End {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        match text.trim().split_once('.') {
            Some((node, field)) if !node.is_empty() && !field.is_empty() => {
                Ok(Self { node: node.into(), field: field.into() })
            }
            _ => Err(Error::invalid(format!(
                "expected a node and a field such as walk.z, got '{}'",
                text.trim()
            ))),
        }
    }
}

/// A wire from an output to an input. Written "walk.z -> poetry.z".
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WireSpec {
    /// The output.
    pub from: End,
    /// The input.
    pub to: End,
    /// What a feedback wire brings first, as JSON. Such a wire brings each value one tick later.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first: Option<Json>,
}

impl fmt::Display for WireSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} -> {}", self.from, self.to)
    }
}

impl FromStr for WireSpec {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let (from, to) = text.split_once("->").ok_or_else(|| {
            format!("expected a wire such as 'walk.z -> poetry.z', got '{}'", text.trim())
        })?;
        Ok(Self { from: from.parse()?, to: to.parse()?, first: None })
    }
}

/// Outputs that leave the chain, on one OSC address.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OutletSpec {
    /// The name; it sends at `/<chain>/<name>` unless `address` says otherwise.
    pub name: String,
    /// The outputs whose values are its arguments, in order.
    pub from: Vec<End>,
    /// Another address to send at.
    pub address: Option<String>,
    /// Whether only those get it who ask for its very address, since there is so much of it.
    pub on_request: bool,
    /// Whether the step comes first.
    pub has_step: bool,
}

/// Which values a node takes when more come than it can take.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Takes {
    /// It runs as soon as anything new comes, with the newest of all its inputs.
    #[default]
    Newest,
    /// It runs once for each tick that all its wires bring, in order.
    Every,
}

impl Takes {
    /// The word in project files.
    pub fn name(self) -> &'static str {
        match self {
            Takes::Newest => "newest",
            Takes::Every => "every",
        }
    }

    /// Reads the word.
    pub fn find(name: &str) -> Option<Self> {
        [Takes::Newest, Takes::Every].into_iter().find(|takes| takes.name() == name)
    }
}

/// What happens downstream when a node fails.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnFailure {
    /// Its last outputs go out again.
    #[default]
    Hold,
    /// Nothing goes out.
    Skip,
    /// The chain stops.
    Stop,
}

impl OnFailure {
    /// The word in project files.
    pub fn name(self) -> &'static str {
        match self {
            OnFailure::Hold => "hold",
            OnFailure::Skip => "skip",
            OnFailure::Stop => "stop",
        }
    }

    /// Reads the word.
    pub fn find(name: &str) -> Option<Self> {
        [OnFailure::Hold, OnFailure::Skip, OnFailure::Stop].into_iter().find(|r| r.name() == name)
    }
}

/// When a chain ticks while it runs.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Pace {
    /// So many times a second; never, but for ticks that are sent to it, if 0.
    Rate(f64),
    /// Again as soon as all that the tick before set off is done.
    Free,
}

impl Default for Pace {
    fn default() -> Self {
        Pace::Rate(1.0)
    }
}

impl Spec {
    /// The node of that name.
    pub fn node(&self, name: &str) -> Option<&NodeSpec> {
        self.nodes.iter().find(|node| node.name == name)
    }
}
