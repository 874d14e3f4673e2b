//! Messages to chains, and what chains send: the router's part in them.

use super::tree::{Access, Node};
use super::{Peer, Router, record};
use crate::arguments::{read_value, write_value};
use crate::{Argument, Message};
use enjamb_core::chain::{Asker, Chain, ChainParts, Chains, OnSaid, Said, Signal, Spec};
use enjamb_core::engine::{RESERVED_NAMES, Refusal};
use enjamb_core::recording::Way;
use enjamb_core::signature::only;
use enjamb_core::value::Value;
use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// What the router keeps of chains.
#[derive(Default)]
pub struct ChainRoom {
    pub chains: Chains,
    /// Who drives each chain: the last who sent something that makes values come. Whatever the chain
    /// sends goes to them, too.
    drivers: Arc<Mutex<HashMap<String, Peer>>>,
    askers: Arc<Mutex<Askers>>,
}

/// Who said what to inlets of chains, lately: what follows from it goes to them.
#[derive(Default)]
struct Askers {
    /// The newest last, by numbers that rise.
    peers: VecDeque<(u64, Peer)>,
    last_number: u64,
}

/// So many are remembered; what follows from earlier messages goes to whoever drives the chain.
const MAX_ASKERS: usize = 1024;

impl Askers {
    fn add(&mut self, peer: Peer) -> u64 {
        if self.peers.len() == MAX_ASKERS {
            self.peers.pop_front();
        }
        self.last_number += 1;
        self.peers.push_back((self.last_number, peer));
        self.last_number
    }

    fn find(&self, number: u64) -> Option<Peer> {
        let at = self.peers.binary_search_by_key(&number, |(number, _)| *number).ok()?;
        Some(self.peers[at].1)
    }
}

impl Router {
    /// The chains that it leads to.
    pub fn chains(&self) -> &Chains {
        &self.chain_room.chains
    }

    /// Takes a chain in and sends what it sends. One of the same name ends. Its models must be hosted.
    ///
    /// # Errors
    /// Plain words when the name is taken or can't be one, or the specification does not fit.
    pub fn host_chain(&self, name: &str, spec: &Spec, seed: u64) -> Result<Arc<Chain>, String> {
        if RESERVED_NAMES.contains(&name) || self.engine.model(name).is_some() {
            return Err(format!("'{name}' can't be a chain's name: something else answers there"));
        }
        let chain = Arc::new(Chain::start(ChainParts {
            name: name.into(),
            spec: spec.clone(),
            seed,
            engine: Arc::clone(&self.engine),
            on_said: self.on_said(name),
        })?);
        self.chains().add(Arc::clone(&chain));
        Ok(chain)
    }

    /// Publishes what a chain says.
    fn on_said(&self, chain: &str) -> OnSaid {
        let (outlet, drivers) = (Arc::clone(&self.outlet), Arc::clone(&self.chain_room.drivers));
        let askers = Arc::clone(&self.chain_room.askers);
        let (tape, clock) = (self.engine.tape().cloned(), Arc::clone(self.engine.clock()));
        let chain = chain.to_string();
        Arc::new(move |said: Said| {
            let (way, messages) = messages_of(&chain, &said);
            // What only those get who ask for it would be most of a recording, and nobody's.
            let Some(way) = way else {
                messages.into_iter().for_each(|message| outlet.offer(message));
                return;
            };
            record(tape.as_ref(), &*clock, &chain, way, &messages);
            let asker = match said {
                Said::Signal(Signal { stamp, .. }) => lock(&askers).find(stamp.asker),
                Said::Error { asker, .. } => lock(&askers).find(asker),
                Said::Notice(_) => None,
            };
            let driver = || lock(&drivers).get(&chain).copied().unwrap_or(Peer::Local);
            outlet.publish(asker.unwrap_or_else(driver), messages);
        })
    }

    /// A message to a chain: its path below the chain's name.
    pub(super) fn dispatch_chain(
        &self,
        chain: &Chain,
        path: &str,
        message: &Message,
        from: Peer,
    ) -> Result<(), String> {
        let arguments = &message.arguments;
        if path == "counters" {
            self.reply(from, &counter_messages(chain));
            return Ok(());
        }
        let values = match chain.input(path).map(|input| input.fields) {
            Some(fields) if fields.is_empty() && !is_pressed(arguments)? => return Ok(()),
            Some(fields) => match (path, fields.as_slice()) {
                ("wire" | "unwire" | "add" | "remove" | "outlet", _) => texts(arguments)?,
                (_, [field]) => vec![read_value(arguments, &field.data_type)?],
                _ => Vec::new(),
            },
            // An address that there is not is refused by the chain.
            None => Vec::new(),
        };
        // Whoever makes values come is told what comes; whoever says something to an inlet, what comes
        // of that.
        if matches!(path, "start" | "step" | "tick" | "free") {
            lock(&self.chain_room.drivers).insert(chain.name().into(), from);
        }
        let number = if chain.is_inlet(path) { lock(&self.chain_room.askers).add(from) } else { 0 };
        let (outlet, address) = (Arc::clone(&self.outlet), format!("{}/error", message.address));
        let (tape, clock) = (self.engine.tape().cloned(), Arc::clone(self.engine.clock()));
        let complain = Arc::new(move |words| {
            let messages = [Message::text(&address, words)];
            record(tape.as_ref(), &*clock, "", Way::Reply, &messages);
            outlet.reply(from, &messages);
        });
        let asker = Asker { number, complain: Some(complain) };
        chain.send(path, &values, asker).map_err(|refusal| refusal.to_string())?;
        if !values.is_empty() {
            self.outlet.changed(from, message);
        }
        Ok(())
    }

    /// Sends something to a chain for somebody who is not on OSC.
    ///
    /// # Errors
    /// As [`Chain::send`], and when there is no such chain.
    pub fn send_to_chain(&self, name: &str, path: &str, values: &[Value]) -> Result<(), Refusal> {
        let chain = self.find_chain(name)?;
        chain.send(path, values, Asker::default())?;
        if !values.is_empty() {
            let mut arguments = Vec::new();
            values.iter().for_each(|value| write_value(value, &mut arguments));
            let address = format!("/{}/{path}", chain.name());
            self.outlet.changed(Peer::Local, &Message { address, arguments });
        }
        Ok(())
    }

    /// The chain of that name.
    ///
    /// # Errors
    /// When there is none; the words name those that are there.
    pub fn find_chain(&self, name: &str) -> Result<Arc<Chain>, Refusal> {
        self.chains().find(name).ok_or_else(|| {
            let known = self.chains().all();
            let only = only(name, known.iter().map(|chain| chain.name()));
            Refusal::Unknown(match known.is_empty() {
                true => format!("there is no chain '{name}' here, and no other"),
                false => format!("there is no chain '{name}' here, {only}"),
            })
        })
    }

    /// The addresses of all inputs of chains that a pattern may mean. What rewires a chain is not among
    /// them: it must be meant by name.
    pub(super) fn chain_addresses(&self) -> Vec<String> {
        let chains = self.chains().all();
        let is_meant = |path: &str| {
            !matches!(path, "wire" | "unwire" | "add" | "remove" | "outlet" | "counters" | "free")
        };
        let of = |chain: &Arc<Chain>| {
            let inputs = chain.inputs().into_iter().filter(|input| is_meant(&input.path));
            let name = chain.name();
            inputs.map(|input| format!("/{name}/{}", input.path)).collect::<Vec<_>>()
        };
        chains.iter().flat_map(of).collect()
    }

    pub(super) fn add_chains(&self, nodes: &mut Vec<Node>) {
        for chain in self.chains().all() {
            let root = format!("/{}", chain.name());
            nodes.push(Node::new(&root, &chain.spec().description, Access::Container));
            for input in chain.inputs() {
                // A node of the chain, whose inputs these are, is a container.
                if let Some((part, _)) = input.path.split_once('/') {
                    let address = format!("{root}/{part}");
                    if !nodes.iter().any(|node| node.address == address) {
                        nodes.push(Node::new(&address, "A node of the chain.", Access::Container));
                    }
                }
                let address = format!("{root}/{}", input.path);
                let is_value = input.fields.len() == 1 && chain.input_value(&input.path).is_some();
                let access = if is_value { Access::ReadWrite } else { Access::Write };
                let mut node = Node::new(&address, &input.description, access);
                if is_value {
                    node.values = vec![chain.input_value(&input.path)];
                }
                node.fields = input.fields;
                nodes.push(node);
            }
            for output in chain.outputs() {
                let mut node = Node::new(&output.address, &output.description, Access::Read);
                let newest = chain.output_values(&output.name);
                let step = newest.as_ref().map_or(0, |(stamp, _)| as_int(stamp.step));
                node.step = output.has_step.then_some(step);
                let values = newest.map(|(_, values)| values).unwrap_or_default();
                node.values = values.into_iter().map(Some).collect();
                node.fields = output.fields;
                nodes.push(node);
            }
        }
    }
}

/// A panic can't happen while these are held, so a poisoned one is still sound.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What a chain says, as messages, and whom they are for; nobody but those who ask for the very address.
pub fn messages_of(chain: &str, said: &Said) -> (Option<Way>, Vec<Message>) {
    match said {
        Said::Signal(signal) if signal.outlet.on_request => (None, signal_messages(chain, signal)),
        Said::Signal(signal) => (Some(Way::Publish), signal_messages(chain, signal)),
        Said::Error { words, .. } => {
            (Some(Way::Publish), vec![Message::text(format!("/{chain}/error"), *words)])
        }
        Said::Notice(words) => {
            (Some(Way::Publish), vec![Message::text(format!("/{chain}/notice"), *words)])
        }
    }
}

/// A signal as messages: one, or one an item where the value is a list.
fn signal_messages(chain: &str, signal: &Signal) -> Vec<Message> {
    let outlet = &signal.outlet;
    let address = || match &outlet.address {
        Some(address) => address.clone(),
        None => format!("/{chain}/{}", outlet.name),
    };
    let begin = || -> Vec<Argument> {
        outlet.has_step.then(|| Argument::Int(as_int(signal.stamp.step))).into_iter().collect()
    };
    let Some(items) = (match signal.values.as_slice() {
        [Value::Array(items)] => Some(items),
        _ => None,
    }) else {
        let mut arguments = begin();
        signal.values.iter().for_each(|value| write_value(value, &mut arguments));
        return vec![Message { address: address(), arguments }];
    };
    let numbered = |index: usize| {
        let mut arguments = begin();
        let numbers =
            [index, items.len()].map(|n| Argument::Int(i32::try_from(n).unwrap_or(i32::MAX)));
        arguments.extend(numbers);
        arguments
    };
    if items.is_empty() {
        return vec![Message { address: address(), arguments: numbered(0) }];
    }
    let message = |(index, item): (usize, &Value)| {
        let mut arguments = numbered(index);
        write_value(item, &mut arguments);
        Message { address: address(), arguments }
    };
    items.iter().enumerate().map(message).collect()
}

/// What each node has counted: its name, then runs, late, dropped, repeated, failed, and milliseconds.
fn counter_messages(chain: &Chain) -> Vec<Message> {
    let address = format!("/{}/counters", chain.name());
    let message = |(node, counted): (String, enjamb_core::chain::Counters)| {
        let counts = [counted.ran, counted.late, counted.dropped, counted.repeated, counted.failed]
            .map(as_int);
        let mut arguments = vec![Argument::Text(node)];
        arguments.extend(counts.map(Argument::Int));
        arguments.push(Argument::Float(counted.took.as_secs_f32() * 1e3));
        Message { address: address.clone(), arguments }
    };
    chain.counters().into_iter().map(message).collect()
}

/// A count as an OSC int; it begins again at 0 after 2,147,483,648.
fn as_int(count: u64) -> i32 {
    (count % (1 << 31)) as i32
}

fn texts(arguments: &[Argument]) -> Result<Vec<Value>, String> {
    let text = |argument: &Argument| match argument {
        Argument::Text(text) => Ok(Value::from(text.as_str())),
        number if number.as_f64().is_some() => {
            Ok(number.as_f64().unwrap_or(0.0).to_string().into())
        }
        other => Err(format!("expected texts, got {}", other.describe())),
    };
    arguments.iter().map(text).collect()
}

/// Whether a message that only makes something happen is meant: a button sends 1 as it is pressed
/// and 0 as it is let go.
fn is_pressed(arguments: &[Argument]) -> Result<bool, String> {
    match arguments {
        [] | [Argument::Nil | Argument::Impulse] => Ok(true),
        [Argument::Bool(flag)] => Ok(*flag),
        [number] if number.as_f64().is_some() => Ok(number.as_f64() != Some(0.0)),
        [other, ..] => Err(format!("expected no argument, got {}", other.describe())),
    }
}
