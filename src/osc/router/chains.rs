//! Messages to chains, and what chains send: the router's part in them.

use super::tree::{Access, AddressNode};
use super::{Router, reply};
use crate::arguments::read_value;
use crate::outgoing::count_as_int;
use crate::{Argument, Message};
use enjamb_core::Error;
use enjamb_core::chain::Chain;
use enjamb_core::host::Peer;
use enjamb_core::value::Value;
use std::sync::Arc;

impl Router {
    /// A message to a chain: its path below the chain's name.
    pub(super) fn dispatch_chain(
        &self,
        chain: &Chain,
        path: &str,
        message: &Message,
        from: Peer,
    ) -> Result<(), Error> {
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
        // Weak, since the chain that keeps it is the host's.
        let (host, broker) = (Arc::downgrade(&self.host), Arc::clone(&self.broker));
        let address = format!("{}/error", message.address);
        let on_error = Arc::new(move |error| {
            if let Some(host) = host.upgrade() {
                reply(&host, &*broker, from, &[Message::text(&address, error)]);
            }
        });
        self.host.send_to_chain(Some(from), chain, path, &values, Some(on_error))?;
        if !values.is_empty() {
            self.broker.changed(from, message);
        }
        Ok(())
    }

    /// The addresses of all inputs of chains that a pattern may mean. What rewires a chain is not among
    /// them: it must be meant by name.
    pub(super) fn chain_addresses(&self) -> Vec<String> {
        let chains = self.host.chains().all();
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

    pub(super) fn add_chains(&self, nodes: &mut Vec<AddressNode>) {
        for chain in self.host.chains().all() {
            let root = format!("/{}", chain.name());
            nodes.push(AddressNode::new(&root, &chain.spec().description, Access::Container));
            for input in chain.inputs() {
                // A node of the chain, whose inputs these are, is a container.
                if let Some((part, _)) = input.path.split_once('/') {
                    let address = format!("{root}/{part}");
                    if !nodes.iter().any(|node| node.address == address) {
                        nodes.push(AddressNode::new(
                            &address,
                            "A node of the chain.",
                            Access::Container,
                        ));
                    }
                }
                let address = format!("{root}/{}", input.path);
                let is_value = input.fields.len() == 1 && chain.input_value(&input.path).is_some();
                let access = if is_value { Access::ReadWrite } else { Access::Write };
                let mut node = AddressNode::new(&address, &input.description, access);
                if is_value {
                    node.values = vec![chain.input_value(&input.path)];
                }
                node.fields = input.fields;
                nodes.push(node);
            }
            for output in chain.outputs() {
                let mut node = AddressNode::new(&output.address, &output.description, Access::Read);
                let newest = chain.output_values(&output.name);
                let step = newest.as_ref().map_or(0, |(stamp, _)| count_as_int(stamp.step));
                node.step = output.has_step.then_some(step);
                let values = newest.map(|(_, values)| values).unwrap_or_default();
                node.values = values.into_iter().map(Some).collect();
                node.fields = output.fields;
                nodes.push(node);
            }
        }
    }
}

/// What each node has counted: its name, then runs, late, dropped, repeated, failed, and milliseconds.
fn counter_messages(chain: &Chain) -> Vec<Message> {
    let address = format!("/{}/counters", chain.name());
    let message = |(node, counted): (String, enjamb_core::chain::NodeCounters)| {
        let counts = [counted.ran, counted.late, counted.dropped, counted.repeated, counted.failed]
            .map(count_as_int);
        let mut arguments = vec![Argument::Text(node)];
        arguments.extend(counts.map(Argument::Int));
        arguments.push(Argument::Float(counted.took.as_secs_f32() * 1e3));
        Message { address: address.clone(), arguments }
    };
    chain.counters().into_iter().map(message).collect()
}

fn texts(arguments: &[Argument]) -> Result<Vec<Value>, Error> {
    let text = |argument: &Argument| match argument {
        Argument::Text(text) => Ok(Value::from(text.as_str())),
        number if number.as_f64().is_some() => {
            Ok(number.as_f64().unwrap_or(0.0).to_string().into())
        }
        other => Err(Error::invalid(format!("expected texts, got {}", other.describe()))),
    };
    arguments.iter().map(text).collect()
}

/// Whether a message that only makes something happen is meant: a button sends 1 as it is pressed
/// and 0 as it is let go.
fn is_pressed(arguments: &[Argument]) -> Result<bool, Error> {
    match arguments {
        [] | [Argument::Nil | Argument::Impulse] => Ok(true),
        [Argument::Bool(flag)] => Ok(*flag),
        [number] if number.as_f64().is_some() => Ok(number.as_f64() != Some(0.0)),
        [other, ..] => {
            Err(Error::invalid(format!("expected no argument, got {}", other.describe())))
        }
    }
}
