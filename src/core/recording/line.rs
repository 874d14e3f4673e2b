//! The lines of a recording.

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use std::collections::BTreeMap;

/// The format that is written and read.
pub const FORMAT: u32 = 1;

/// The first line: what it is a recording of.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Header {
    /// [`FORMAT`].
    pub enjamb_recording: u32,
    /// The version of enjamb that made it.
    pub enjamb: String,
    /// When it began, in seconds since 1970.
    pub began: u64,
    /// The project's seed.
    pub seed: u64,
    /// The files that the models were loaded from, with their SHA-256 checksums.
    pub files: BTreeMap<String, String>,
    /// The project file.
    pub project: String,
}

/// One line after the first.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Line {
    /// When it happened, in nanoseconds on the runtime's clock; of what is done to a chain, the very
    /// time that the chain was told.
    pub t: u64,
    /// What happened.
    #[serde(flatten)]
    pub event: RecordedEvent,
}

/// Who an output went to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Way {
    /// To those who asked, subscribers and destinations.
    Publish,
    /// As the messages of a stream, which go in bundles.
    Stream,
    /// To one peer alone.
    Reply,
}

/// What happened. A message is `[address, type tags, argument, ...]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum RecordedEvent {
    /// A message came in. For people: what it did has lines of its own.
    In {
        /// From whom.
        from: String,
        /// The message.
        message: Json,
    },
    /// Messages went out.
    Out {
        /// The chain that sent them, or the model and command whose run did: "poetry/sample".
        of: String,
        /// To whom.
        way: Way,
        /// The messages.
        messages: Vec<Json>,
    },
    /// A chain did what was due at this time.
    Turn {
        /// The chain.
        chain: String,
    },
    /// A chain was started, stopped, stepped, ticked, reset, freed or abandoned.
    Trigger {
        /// The chain.
        chain: String,
        /// "start", and so on.
        action: String,
    },
    /// A chain's rate was set.
    Rate {
        /// The chain.
        chain: String,
        /// Ticks a second.
        rate: f64,
    },
    /// An input of a chain's node was set.
    Set {
        /// The chain.
        chain: String,
        /// The node.
        node: String,
        /// Its input.
        input: String,
        /// The value.
        value: Json,
    },
    /// A chain was rewired.
    Change {
        /// The chain.
        chain: String,
        /// What it was from then on.
        spec: Json,
    },
    /// A chain came back to what it had saved.
    Restore {
        /// The chain.
        chain: String,
        /// What it had saved.
        state: Json,
    },
    /// A chain was given what came of a run that it had asked for.
    Answer {
        /// The chain.
        chain: String,
        /// The chain's number for the run.
        id: u64,
        /// Why it failed, if it did.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        failed: Option<String>,
    },
    /// A value of a model's input was set, for all later runs.
    Hold {
        /// The model.
        model: String,
        /// Its command.
        command: String,
        /// The command's input.
        input: String,
        /// The value.
        value: Json,
    },
    /// A run that a chain had asked for was let into its model's queue.
    ChainRun {
        /// The model.
        model: String,
        /// The chain.
        chain: String,
        /// The chain's number for the run.
        id: u64,
    },
    /// A run that somebody else had asked for was let into its model's queue.
    Run {
        /// Its number, from 0.
        run: u64,
        /// The model.
        model: String,
        /// Its command.
        command: String,
        /// The inputs that it was given; the others were held.
        inputs: Json,
        /// Its seed.
        seed: u64,
    },
    /// Such a run was over.
    End {
        /// Its number.
        run: u64,
        /// Its outputs, if it gave any.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        outputs: Option<Json>,
        /// Why it failed, if it did.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        failed: Option<String>,
    },
    /// Lines were lost here, since the disk could not keep up.
    Lost {
        /// How many.
        lines: u64,
    },
    /// The recording was ended, and did not break off.
    Close,
}
