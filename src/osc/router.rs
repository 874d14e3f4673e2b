//! The router: addresses to commands and inputs, outputs to addresses. It knows no sockets.

mod chains;
mod tree;

pub use tree::{Access, AddressNode};

use crate::arguments::{read_inputs, read_value, write_value};
use crate::{Argument, Message, Pattern, Publication, is_pattern};
use enjamb_core::Error;
use enjamb_core::chain::Chain;
use enjamb_core::engine::{Engine, Hosted};
use enjamb_core::host::{Host, Peer};
use enjamb_core::recording::{RecordedEvent as Recorded, Way};
use enjamb_core::signature::{Field, only};
use enjamb_core::value::Value;
use std::sync::Arc;

/// How a peer wants what is sent to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FormatOption {
    /// All messages of one answer in one bundle.
    Bundle(bool),
    /// Text spelled in ASCII.
    Ascii(bool),
}

/// Gets messages to those who want them. Every method must be quick, since it is called on the models'
/// threads.
pub trait Broker: Send + Sync {
    /// Sends to one peer only.
    fn reply(&self, to: Peer, messages: &[Message]);

    /// Sends an output on its route: to the asker, to subscribers whose pattern covers its address, and
    /// to the project's destinations, once to each; or to fewer.
    fn publish(&self, publication: &Publication);

    /// Passes a message between clients on: to subscribers whose pattern covers it and the project's
    /// destinations, but for the one who sent it.
    fn relay(&self, from: Peer, message: &Message);

    /// Tells those who follow an input's held value that somebody has changed it.
    fn changed(&self, by: Peer, message: &Message);

    /// Subscribes a peer, or another port at its IP. Returns the peer that gets more than before, if one
    /// does.
    ///
    /// # Errors
    /// If there are too many subscribers, or the peer can have no other port.
    fn subscribe(
        &self,
        peer: Peer,
        pattern: Pattern,
        port: Option<u16>,
    ) -> Result<Option<Peer>, Error>;

    /// Ends subscriptions of a peer: of one pattern, or all.
    fn unsubscribe(&self, peer: Peer, pattern: Option<Pattern>, port: Option<u16>);

    /// Changes how a peer is sent to.
    fn set_format(&self, peer: Peer, option: FormatOption);
}

/// Leads messages to commands and chains. Share it in an [`Arc`].
pub struct Router {
    host: Arc<Host>,
    broker: Arc<dyn Broker>,
}

impl Router {
    /// A router between a host and a broker.
    pub fn new(host: Arc<Host>, broker: Arc<dyn Broker>) -> Self {
        Self { host, broker }
    }

    /// The models and chains behind it.
    pub fn host(&self) -> &Arc<Host> {
        &self.host
    }

    /// The engine behind it.
    pub fn engine(&self) -> &Arc<Engine> {
        self.host.engine()
    }

    /// Who gets its messages to others.
    pub fn broker(&self) -> &Arc<dyn Broker> {
        &self.broker
    }

    /// Takes a message in. Never waits for a model: an answer comes later, through the broker.
    ///
    /// What tells of an error is never answered: two runtimes that send to each other would go on
    /// telling each other so for ever.
    pub fn dispatch(&self, message: &Message, from: Peer) {
        if let Some(sink) = self.engine().sink() {
            let (from, message) = (from.to_string(), message.to_json());
            sink.write(self.engine().clock().now(), Recorded::In { from, message });
        }
        self.act_on(message, from);
    }

    fn act_on(&self, message: &Message, from: Peer) {
        if message.is_error() {
            return;
        }
        if let Err(error) = self.try_dispatch(message, from) {
            let address = format!("{}/error", message.address.trim_end_matches('/'));
            self.reply(from, &[Message::text(address, error)]);
        }
    }

    fn reply(&self, to: Peer, messages: &[Message]) {
        reply(&self.host, &*self.broker, to, messages);
    }

    fn try_dispatch(&self, message: &Message, from: Peer) -> Result<(), Error> {
        if is_pattern(&message.address) {
            return self.dispatch_pattern(message, from);
        }
        if self.dispatch_built_in(message, from)? {
            return Ok(());
        }
        let address = message.address.trim_matches('/');
        let (first, rest) = address.split_once('/').unwrap_or((address, ""));
        if let Some(chain) = self.host.chains().find(first) {
            return self.dispatch_chain(&chain, rest, message, from);
        }
        let model = self.host.model(first)?;
        match rest.split_once('/') {
            None if !rest.is_empty() => self.run_message(&model, rest, message, from),
            Some((command, input)) if !input.contains('/') => {
                self.hold(&model, command, input, message, from)?;
                self.broker.changed(from, message);
            }
            _ => return Err(Error::not_found(unknown_command(&model, rest))),
        }
        Ok(())
    }

    fn dispatch_pattern(&self, message: &Message, from: Peer) -> Result<(), Error> {
        let pattern = Pattern::parse(&message.address)?;
        let addresses = self.matching(&pattern);
        for address in &addresses {
            let arguments = message.arguments.clone();
            self.act_on(&Message { address: address.clone(), arguments }, from);
        }
        match addresses.is_empty() {
            true => Err("the pattern matches no address that takes messages".into()),
            false => Ok(()),
        }
    }

    /// Addresses of commands and inputs, and `/ping`. What changes how a client is sent to is not
    /// among them: it must be meant by name, since `/*` would do and undo it.
    fn matching(&self, pattern: &Pattern) -> Vec<String> {
        let mut addresses = vec!["/ping".to_string()];
        for model in self.engine().models() {
            for command in &model.manifest().commands {
                let address = format!("/{}/{}", model.name(), command.name);
                let input = |field: &Field| format!("{address}/{}", field.name);
                addresses.extend(command.inputs.iter().map(input));
                addresses.push(address);
            }
        }
        addresses.extend(self.chain_addresses());
        addresses.retain(|address| pattern.matches(address));
        addresses
    }

    fn dispatch_built_in(&self, message: &Message, from: Peer) -> Result<bool, Error> {
        match message.address.as_str() {
            "/ping" => {
                let arguments = message.arguments.clone();
                self.reply(from, &[Message { address: "/pong".into(), arguments }]);
            }
            "/subscribe" => {
                let (pattern, port) = pattern_and_port(&message.arguments)?;
                let pattern = match pattern {
                    Some(pattern) => pattern,
                    None => Pattern::parse("/")?,
                };
                let newcomer = self.broker.subscribe(from, pattern.clone(), port)?;
                newcomer.iter().for_each(|newcomer| self.recall(&pattern, *newcomer));
            }
            "/unsubscribe" => {
                let (pattern, port) = pattern_and_port(&message.arguments)?;
                self.broker.unsubscribe(from, pattern, port);
            }
            "/bundle" => {
                self.broker.set_format(from, FormatOption::Bundle(flag(&message.arguments)?))
            }
            "/ascii" => {
                self.broker.set_format(from, FormatOption::Ascii(flag(&message.arguments)?))
            }
            // What clients and the page say to each other; the runtime only carries it.
            address if address.starts_with("/page/") => self.broker.relay(from, message),
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// Sends somebody who has just subscribed what there is already of the models' streams.
    fn recall(&self, pattern: &Pattern, newcomer: Peer) {
        for model in self.engine().models() {
            for stream in &model.manifest().streams {
                let address = format!("/{}/{}", model.name(), stream.name);
                if let (Some(command), true) = (&stream.recall, pattern.covers(&address)) {
                    // A model that can't run now has nothing to recall.
                    let _ = self.host.recall(newcomer, &model, command);
                }
            }
        }
    }

    /// Runs a command, whose outputs are published, or its error.
    fn run_message(&self, model: &Hosted, command: &str, message: &Message, from: Peer) {
        let spec = model.manifest().find(command);
        let refusal = match spec.map(|spec| read_inputs(&message.arguments, &spec.inputs)) {
            Some(Ok(inputs)) => return self.host.run(from, model, command, inputs),
            Some(Err(problem)) => problem,
            None => Error::not_found(unknown_command(model, command)),
        };
        self.host.refuse(from, model.name(), command, &refusal);
    }

    fn hold(
        &self,
        model: &Hosted,
        command: &str,
        input: &str,
        message: &Message,
        from: Peer,
    ) -> Result<(), Error> {
        let spec = model
            .manifest()
            .find(command)
            .ok_or_else(|| Error::not_found(unknown_command(model, command)))?;
        let field = spec.inputs.iter().find(|field| field.name == input).ok_or_else(|| {
            let only = only(input, spec.inputs.iter().map(|field| field.name.as_str()));
            Error::not_found(format!("{}/{command} has no input '{input}', {only}", model.name()))
        })?;
        let value = read_value(&message.arguments, &field.data_type)?;
        self.host.hold(from, model, command, input, value)
    }

    /// Sends something to a chain for somebody who is not on OSC.
    ///
    /// # Errors
    /// As [`Chain::send`].
    pub fn send_to_chain(&self, chain: &Chain, path: &str, values: &[Value]) -> Result<(), Error> {
        self.host.send_to_chain(None, chain, path, values, None)?;
        if !values.is_empty() {
            let mut arguments = Vec::new();
            values.iter().for_each(|value| write_value(value, &mut arguments));
            let address = format!("/{}/{path}", chain.name());
            self.broker.changed(Peer::Local, &Message { address, arguments });
        }
        Ok(())
    }
}

/// Writes a reply down, if there is a recording, and sends it.
fn reply(host: &Host, broker: &dyn Broker, to: Peer, messages: &[Message]) {
    if let Some(sink) = host.engine().sink() {
        let written = messages.iter().map(Message::to_json).collect();
        let event = Recorded::Out { of: String::new(), way: Way::Reply, messages: written };
        sink.write(host.engine().clock().now(), event);
    }
    broker.reply(to, messages);
}

fn unknown_command(model: &Hosted, command: &str) -> String {
    match command {
        "" => {
            let only = only("", model.manifest().commands.iter().map(|known| known.name.as_str()));
            format!("{} is a model: expected one of its commands, {only}", model.name())
        }
        _ => model.manifest().has_no(model.name(), command),
    }
}

fn pattern_and_port(arguments: &[Argument]) -> Result<(Option<Pattern>, Option<u16>), Error> {
    let (mut pattern, mut port) = (None, None);
    for argument in arguments {
        match argument {
            Argument::Text(source) if pattern.is_none() => pattern = Some(Pattern::parse(source)?),
            number if number.as_f64().is_some() && port.is_none() => {
                let number = number.as_f64().unwrap_or(0.0);
                if !(1.0..=65535.0).contains(&number) {
                    return Err(Error::invalid(format!(
                        "expected a port in 1..65535, got {number}"
                    )));
                }
                port = Some(number as u16);
            }
            other => {
                return Err(Error::invalid(format!(
                    "expected an address pattern and a port, got {}",
                    other.describe()
                )));
            }
        }
    }
    Ok((pattern, port))
}

fn flag(arguments: &[Argument]) -> Result<bool, Error> {
    match arguments {
        [] => Ok(true),
        [Argument::Bool(flag)] => Ok(*flag),
        [number] if number.as_f64().is_some() => Ok(number.as_f64() != Some(0.0)),
        [other, ..] => Err(Error::invalid(format!("expected 1 or 0, got {}", other.describe()))),
    }
}
