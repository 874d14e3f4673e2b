//! Messages to chains, and what chains send: the router's part in them.

use super::arguments::{read_value, write_value};
use super::tree::{Access, Node};
use super::{Argument, Message, Peer, Router};
use crate::chain::voyage::DESCRIPTION;
use crate::chain::{Chains, Complain, Settings, Signal, Voyage, input, inputs, outputs};
use crate::engine::{RESERVED_NAMES, Refusal};
use crate::value::Value;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// What the router keeps of chains.
#[derive(Default)]
pub struct ChainRoom {
    pub chains: Chains,
    /// Who drives each chain: the last who sent something that makes lines come. Whatever the chain
    /// sends goes to them, too.
    drivers: Arc<Mutex<HashMap<String, Peer>>>,
}

impl Router {
    /// The chains that it leads to.
    pub fn chains(&self) -> &Chains {
        &self.chain_room.chains
    }

    /// Takes a chain in and sends what it sends. One of the same name ends.
    ///
    /// # Errors
    /// Plain words when the name is taken or can't be one, or a value does not fit.
    pub fn host_chain(&self, name: &str, settings: &Settings, seed: u64) -> Result<(), String> {
        if RESERVED_NAMES.contains(&name) || self.engine.model(name).is_some() {
            return Err(format!("'{name}' can't be a chain's name: something else answers there"));
        }
        let (outlet, drivers) = (Arc::clone(&self.outlet), Arc::clone(&self.chain_room.drivers));
        let owner = name.to_string();
        let on_signal = Arc::new(move |signal: Signal| {
            let mut arguments: Vec<Argument> = signal.step.map(Argument::Int).into_iter().collect();
            write_value(&signal.value, &mut arguments);
            let message = Message { address: format!("/{owner}/{}", signal.path), arguments };
            if signal.on_request {
                return outlet.offer(message);
            }
            let drivers = drivers.lock().unwrap_or_else(PoisonError::into_inner);
            let driver = drivers.get(&owner).copied().unwrap_or(Peer::Local);
            drop(drivers);
            outlet.publish(driver, vec![message]);
        });
        let chain = Voyage::start(name, settings, seed, &self.engine, on_signal)?;
        self.chains().add(Arc::new(chain));
        Ok(())
    }

    /// A message to a chain: its path below the chain's name.
    pub(super) fn dispatch_chain(
        &self,
        chain: &Voyage,
        path: &str,
        message: &Message,
        from: Peer,
    ) -> Result<(), String> {
        let value = match input(path).map(|input| &input.field) {
            Some(Some(field)) => Some(read_value(&message.arguments, &field.data_type)?),
            Some(None) if !is_pressed(&message.arguments)? => return Ok(()),
            // An address that there is not is refused by the chain.
            Some(None) | None => None,
        };
        if matches!(path, "start" | "step" | "tick") {
            let mut drivers =
                self.chain_room.drivers.lock().unwrap_or_else(PoisonError::into_inner);
            drivers.insert(chain.name().into(), from);
        }
        let (outlet, address) = (Arc::clone(&self.outlet), format!("{}/error", message.address));
        let complain: Complain = Arc::new(move |words| {
            outlet.reply(from, &[Message::text(&address, words)]);
        });
        let is_value = value.is_some();
        chain.send(path, value, Some(complain)).map_err(|refusal| refusal.to_string())?;
        if is_value {
            self.outlet.changed(from, message);
        }
        Ok(())
    }

    /// Sends something to a chain for somebody who is not on OSC.
    ///
    /// # Errors
    /// As [`Voyage::send`], and when there is no such chain.
    pub fn send_to_chain(
        &self,
        chain: &str,
        path: &str,
        value: Option<Value>,
    ) -> Result<(), Refusal> {
        let chain = self.find_chain(chain)?;
        let mut arguments = Vec::new();
        value.iter().for_each(|value| write_value(value, &mut arguments));
        let is_value = value.is_some();
        chain.send(path, value, None)?;
        if is_value {
            let address = format!("/{}/{path}", chain.name());
            self.outlet.changed(Peer::Local, &Message { address, arguments });
        }
        Ok(())
    }

    /// The chain of that name.
    ///
    /// # Errors
    /// When there is none; the words name those that are there.
    pub fn find_chain(&self, name: &str) -> Result<Arc<Voyage>, Refusal> {
        self.chains().find(name).ok_or_else(|| {
            let known = self.chains().all();
            let known: Vec<&str> = known.iter().map(|chain| chain.name()).collect();
            Refusal::Unknown(match known.is_empty() {
                true => format!("there is no chain '{name}' here, and no other"),
                false => format!("there is no chain '{name}' here, only {}", known.join(", ")),
            })
        })
    }

    /// The addresses of all inputs of chains.
    pub(super) fn chain_addresses(&self) -> Vec<String> {
        let chains = self.chains().all();
        let of = |chain: &Arc<Voyage>| {
            let name = chain.name().to_string();
            inputs().iter().map(move |input| format!("/{name}/{}", input.path))
        };
        chains.iter().flat_map(of).collect()
    }

    pub(super) fn add_chains(&self, nodes: &mut Vec<Node>) {
        for chain in self.chains().all() {
            let root = format!("/{}", chain.name());
            nodes.push(Node::new(&root, DESCRIPTION, Access::Container));
            for input in inputs() {
                // A node of the chain, whose inputs these are, is a container.
                if let Some((part, _)) = input.path.split_once('/') {
                    let address = format!("{root}/{part}");
                    if !nodes.iter().any(|node| node.address == address) {
                        nodes.push(Node::new(&address, "A part of the chain.", Access::Container));
                    }
                }
                let address = format!("{root}/{}", input.path);
                let access = if input.field.is_some() { Access::ReadWrite } else { Access::Write };
                let mut node = Node::new(&address, input.description, access);
                if let Some(field) = &input.field {
                    node.fields = vec![field.clone()];
                    let value = chain.value(input.path);
                    node.values = value.into_iter().map(Some).collect();
                }
                nodes.push(node);
            }
            for output in outputs() {
                let address = format!("{root}/{}", output.path);
                let mut node = Node::new(&address, &output.field.description, Access::Read);
                node.fields = vec![output.field.clone()];
                node.values = chain.value(output.path).into_iter().map(Some).collect();
                node.step = output.has_step.then(|| chain.step(output.path));
                nodes.push(node);
            }
        }
    }
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
