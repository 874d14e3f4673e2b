//! Outputs: what leaves the host, as typed values, and who consumes them.

use crate::chain::{ChainEvent, Signal};
use crate::error::Error;
use crate::signature::{Stream, Values};
use crate::time::Time;
use crate::value::Value;
use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

/// Who asked for something, and gets what follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Peer {
    /// A UDP socket.
    Udp(SocketAddr),
    /// A TCP or WebSocket connection, by its number.
    Connection(u64),
    /// Nobody on OSC: HTTP, or a program that embeds the runtime.
    Local,
}

impl fmt::Display for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Peer::Udp(address) => write!(f, "udp {address}"),
            Peer::Connection(number) => write!(f, "connection {number}"),
            Peer::Local => f.write_str("here"),
        }
    }
}

/// What an output is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source<'a> {
    /// A model, outside of its runs.
    Model(&'a str),
    /// A run of a command.
    Command {
        /// The model's name.
        model: &'a str,
        /// The command's.
        command: &'a str,
    },
    /// A chain.
    Chain(&'a str),
}

/// `poetry`, `poetry/sample` or `voyage`: the address without its first slash.
impl fmt::Display for Source<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Source::Model(name) | Source::Chain(name) => f.write_str(name),
            Source::Command { model, command } => write!(f, "{model}/{command}"),
        }
    }
}

/// What an output says.
#[derive(Clone, Copy, Debug)]
pub enum Content<'a> {
    /// Outputs of a run before its end; some may be missing.
    Partial {
        /// The outputs so far.
        outputs: &'a Arc<Values>,
        /// How far the run is, in 0..1, where the model says.
        progress: Option<f32>,
    },
    /// The outputs of a run, complete and in the manifest's order.
    Result {
        /// The outputs.
        outputs: &'a Arc<Values>,
        /// From being asked for to here.
        elapsed: Duration,
    },
    /// Messages of one of the model's streams.
    Stream {
        /// The stream.
        stream: &'a Stream,
        /// The arguments of each message, in the order of the stream's fields.
        messages: &'a Arc<[Vec<Value>]>,
    },
    /// Values at a chain's outlet. Their memory is reused: whoever keeps them clones them.
    Signal(&'a Signal),
    /// A run failed, or something in a chain: what was wrong, what was expected.
    Error(&'a Error),
    /// Something changed by itself: a model was restarted, a chain's node runs again.
    Notice(&'a str),
    /// The held value of an input was set.
    Held {
        /// The input of the command; for chains, the path below the chain's name.
        input: &'a str,
        /// The value; several where an action of a chain takes several.
        values: &'a [Value],
    },
}

impl<'a> Content<'a> {
    /// What a chain says, and whom it is for.
    pub fn of_chain(event: &ChainEvent<'a>) -> (Route, Self) {
        match *event {
            ChainEvent::Signal(signal) if signal.outlet.on_request => {
                (Route::OnRequest, Content::Signal(signal))
            }
            ChainEvent::Signal(signal) => (Route::Published, Content::Signal(signal)),
            ChainEvent::Error { error, .. } => (Route::Published, Content::Error(error)),
            ChainEvent::Notice(words) => (Route::Published, Content::Notice(words)),
        }
    }
}

/// Whom an output is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Route {
    /// The asker, subscribers and destinations.
    Published,
    /// As published; there are many, so they go in bundles.
    Streamed,
    /// The asker alone.
    Private,
    /// Those only who asked for the very address: too much, or too little news, to be sent unasked.
    OnRequest,
}

/// Something that leaves the host. It is lent: who keeps a part of it clones the part, which shares its
/// long payloads.
#[derive(Clone, Copy, Debug)]
pub struct Output<'a> {
    /// What it is of.
    pub of: Source<'a>,
    /// What it says.
    pub content: Content<'a>,
    /// Who asked for it.
    pub asker: Peer,
    /// When it was published, on the engine's clock.
    pub time: Time,
    /// Whom it is for.
    pub route: Route,
}

/// Takes outputs, each on the thread of the model or chain that it is of, so it must be quick. It may
/// submit runs and send to chains, but not wait for them.
pub trait Consumer: Send + Sync {
    /// Takes an output.
    fn consume(&self, output: &Output);
}

impl<F: Fn(&Output) + Send + Sync> Consumer for F {
    fn consume(&self, output: &Output) {
        self(output);
    }
}
