//! The router: addresses to commands and inputs, outputs to addresses. It knows no sockets.

mod arguments;
mod chains;
mod pattern;
mod spelling;
mod tree;

pub use pattern::{Pattern, is_pattern};
pub use tree::{Access, Node};

use crate::engine::{Engine, Event, Hosted, Notice, Refusal, Request};
use crate::recording::{Event as Recorded, Tape, Way};
use crate::signature::{Field, Values, only};
use crate::time::Clock;
use crate::value::{Image, Segmentation};
use arguments::{read_inputs, read_value, write_outputs, write_partial, write_stream};
use chains::ChainRoom;
pub use chains::messages_of;
use std::collections::HashMap;
use std::fmt;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

/// An OSC argument, whatever library decoded it.
#[derive(Clone, Debug, PartialEq)]
pub enum Argument {
    /// `i`
    Int(i32),
    /// `h`
    Long(i64),
    /// `f`
    Float(f32),
    /// `d`
    Double(f64),
    /// `s`, `S` and `c`
    Text(String),
    /// `b`
    Blob(Vec<u8>),
    /// `b` on the wire, encoded only when it is written: [`Image::to_wire`].
    Image(Image),
    /// `s` on the wire, encoded only when it is written: [`Segmentation::to_data_uri`].
    Segmentation(Segmentation),
    /// `T` and `F`
    Bool(bool),
    /// `N`
    Nil,
    /// `I`
    Impulse,
    /// `[` to `]`
    Array(Vec<Argument>),
    /// `t`, `m` and `r`
    Opaque(Opaque),
}

/// Arguments that no input takes, kept so that `/ping` gives them back.
#[derive(Clone, Debug, PartialEq)]
pub enum Opaque {
    /// `t`: seconds and fraction since 1900.
    Time(u32, u32),
    /// `m`: port, status and two data bytes.
    Midi([u8; 4]),
    /// `r`: red, green, blue, alpha.
    Color([u8; 4]),
}

impl Argument {
    /// The number that an argument is, if it is one.
    pub fn as_f64(&self) -> Option<f64> {
        match self {
            Argument::Int(n) => Some(f64::from(*n)),
            Argument::Long(n) => Some(*n as f64),
            Argument::Float(n) => Some(f64::from(*n)),
            Argument::Double(n) => Some(*n),
            _ => None,
        }
    }

    /// The argument in a few words, for messages to people.
    pub fn describe(&self) -> String {
        match self {
            Argument::Int(n) => format!("the int {n}"),
            Argument::Long(n) => format!("the int {n}"),
            Argument::Float(n) => format!("the float {n}"),
            Argument::Double(n) => format!("the float {n}"),
            Argument::Text(text) if text.chars().count() > 40 => {
                format!("the text '{}...'", text.chars().take(40).collect::<String>())
            }
            Argument::Text(text) => format!("the text '{text}'"),
            Argument::Blob(bytes) => format!("a blob of {} bytes", bytes.len()),
            Argument::Image(image) => {
                let (width, height) = image.size();
                format!("an image of {width} x {height}")
            }
            Argument::Segmentation(segmentation) => {
                let (width, height) = segmentation.size();
                format!("a segmentation of {width} x {height}")
            }
            Argument::Bool(flag) => flag.to_string(),
            Argument::Nil => "nil".into(),
            Argument::Impulse => "an impulse".into(),
            Argument::Array(items) => format!("an array of {}", items.len()),
            Argument::Opaque(_) => "a time tag, MIDI message or colour".into(),
        }
    }
}

/// An OSC message, whatever library decoded it.
#[derive(Clone, Debug, PartialEq)]
pub struct Message {
    /// The address, or address pattern.
    pub address: String,
    /// The arguments in order.
    pub arguments: Vec<Argument>,
}

impl Message {
    /// A message of one string.
    pub fn text(address: impl Into<String>, words: impl Into<String>) -> Self {
        Self { address: address.into(), arguments: vec![Argument::Text(words.into())] }
    }

    /// Whether it tells of an error.
    pub fn is_error(&self) -> bool {
        self.address.ends_with("/error")
    }
}

/// Who sent a message, and gets the answers.
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

/// How a peer wants what is sent to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wish {
    /// All messages of one answer in one bundle.
    Bundle(bool),
    /// Text spelled in ASCII.
    Ascii(bool),
}

/// Where messages go out. Every method must be quick, since it is called on the models' threads.
pub trait Outlet: Send + Sync {
    /// Sends to one peer only.
    fn reply(&self, to: Peer, messages: &[Message]);

    /// Sends a stream's messages, which are many and go in bundles: to the peer who asked for them
    /// alone, or to whomever [`publish`](Self::publish) would.
    fn stream(&self, asked_by: Peer, is_private: bool, messages: Vec<Message>);

    /// Sends to the peer who asked, to all subscribers whose pattern matches, and to the project's
    /// destinations; once to each.
    fn publish(&self, asked_by: Peer, messages: Vec<Message>);

    /// Sends to those only who asked for the address itself: by a subscription or a destination's
    /// pattern that matches the whole of it, or by a LISTEN. For what is too much to be sent unasked.
    fn offer(&self, message: Message);

    /// Passes a message between clients on: to subscribers whose pattern covers it and the project's
    /// destinations, but for the one who sent it.
    fn relay(&self, from: Peer, message: &Message);

    /// Tells those who follow an input's held value that somebody has changed it.
    fn changed(&self, by: Peer, message: &Message);

    /// Subscribes a peer, or another port at its IP. Says who it is that gets more than before.
    ///
    /// # Errors
    /// Plain words when there are too many subscribers, or the peer can have no other port.
    fn subscribe(
        &self,
        peer: Peer,
        pattern: Pattern,
        port: Option<u16>,
    ) -> Result<Option<Peer>, String>;

    /// Ends subscriptions of a peer: of one pattern, or all.
    fn unsubscribe(&self, peer: Peer, pattern: Option<Pattern>, port: Option<u16>);

    /// Changes how a peer is sent to.
    fn wish(&self, peer: Peer, wish: Wish);
}

/// Leads messages to commands and their outputs out again. Share it in an [`Arc`].
pub struct Router {
    engine: Arc<Engine>,
    outlet: Arc<dyn Outlet>,
    latest: Arc<Latest>,
    chain_room: ChainRoom,
}

/// The newest outputs of each command, by model and command, so that they can be asked for.
type Latest = Mutex<HashMap<(String, String), Values>>;

impl Router {
    /// A router between an engine and an outlet.
    pub fn new(engine: Arc<Engine>, outlet: Arc<dyn Outlet>) -> Self {
        Self { engine, outlet, latest: Arc::default(), chain_room: ChainRoom::default() }
    }

    /// The newest outputs of a command, if it ever ran.
    pub fn latest(&self, model: &str, command: &str) -> Option<Values> {
        let latest = self.latest.lock().unwrap_or_else(PoisonError::into_inner);
        latest.get(&(model.to_string(), command.to_string())).cloned()
    }

    /// The engine behind it.
    pub fn engine(&self) -> &Arc<Engine> {
        &self.engine
    }

    /// Where its messages go out.
    pub fn outlet(&self) -> &Arc<dyn Outlet> {
        &self.outlet
    }

    /// Takes a message in. Never waits for a model: an answer comes later, through the outlet.
    ///
    /// What tells of an error is never answered: two runtimes that send to each other would go on
    /// telling each other so for ever.
    pub fn dispatch(&self, message: &Message, from: Peer) {
        if let Some(tape) = self.engine.tape() {
            let (from, message) = (from.to_string(), message.to_json());
            tape.write(self.engine.clock().now(), Recorded::In { from, message });
        }
        self.act_on(message, from);
    }

    fn act_on(&self, message: &Message, from: Peer) {
        if message.is_error() {
            return;
        }
        if let Err(words) = self.try_dispatch(message, from) {
            let address = format!("{}/error", message.address.trim_end_matches('/'));
            self.reply(from, &[Message::text(address, words)]);
        }
    }

    fn reply(&self, to: Peer, messages: &[Message]) {
        self.record("", Way::Reply, messages);
        self.outlet.reply(to, messages);
    }

    fn record(&self, of: impl fmt::Display, way: Way, messages: &[Message]) {
        record(self.engine.tape(), &**self.engine.clock(), of, way, messages);
    }

    fn try_dispatch(&self, message: &Message, from: Peer) -> Result<(), String> {
        if is_pattern(&message.address) {
            return self.dispatch_pattern(message, from);
        }
        if self.dispatch_built_in(message, from)? {
            return Ok(());
        }
        let address = message.address.trim_matches('/');
        let (first, rest) = address.split_once('/').unwrap_or((address, ""));
        if let Some(chain) = self.chains().find(first) {
            return self.dispatch_chain(&chain, rest, message, from);
        }
        let model = self.engine.model(first).ok_or_else(|| self.unknown_model(first))?;
        match rest.split_once('/') {
            None if !rest.is_empty() => self.run_message(&model, rest, message, from),
            Some((command, input)) if !input.contains('/') => {
                hold(&model, command, input, message)?;
                self.outlet.changed(from, message);
            }
            _ => return Err(unknown_command(&model, rest)),
        }
        Ok(())
    }

    fn dispatch_pattern(&self, message: &Message, from: Peer) -> Result<(), String> {
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
        for model in self.engine.models() {
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

    fn dispatch_built_in(&self, message: &Message, from: Peer) -> Result<bool, String> {
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
                let newcomer = self.outlet.subscribe(from, pattern.clone(), port)?;
                newcomer.iter().for_each(|newcomer| self.recall(&pattern, *newcomer));
            }
            "/unsubscribe" => {
                let (pattern, port) = pattern_and_port(&message.arguments)?;
                self.outlet.unsubscribe(from, pattern, port);
            }
            "/bundle" => self.outlet.wish(from, Wish::Bundle(flag(&message.arguments)?)),
            "/ascii" => self.outlet.wish(from, Wish::Ascii(flag(&message.arguments)?)),
            // What clients and the page say to each other; the runtime only carries it.
            address if address.starts_with("/page/") => self.outlet.relay(from, message),
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// Sends somebody who has just subscribed what there is already of the models' streams.
    fn recall(&self, pattern: &Pattern, newcomer: Peer) {
        for model in self.engine.models() {
            for stream in &model.manifest().streams {
                let address = format!("/{}/{}", model.name(), stream.name);
                if let (Some(command), true) = (&stream.recall, pattern.covers(&address)) {
                    let publish = self.reply_to(model.name(), command, newcomer);
                    let request = Request::new(move |event| {
                        if matches!(event, Event::Stream { .. }) {
                            publish(event);
                        }
                    });
                    // A model that can't run now has nothing to recall.
                    let _ = model.submit(command, Values::new(), request);
                }
            }
        }
    }

    /// Runs a command and publishes its outputs, or its error.
    fn run_message(&self, model: &Hosted, command: &str, message: &Message, from: Peer) {
        let spec = model.manifest().find(command);
        let refusal = match spec.map(|spec| read_inputs(&message.arguments, &spec.inputs)) {
            Some(Ok(inputs)) => {
                let request = Request::new(self.reply_to(model.name(), command, from));
                match model.submit(command, inputs, request) {
                    Ok(()) => return,
                    Err(refusal) => refusal.to_string(),
                }
            }
            Some(Err(problem)) => problem,
            None => unknown_command(model, command),
        };
        let address = format!("/{}/{command}/error", model.name());
        let messages = vec![Message::text(address, refusal)];
        self.record(format_args!("{}/{command}", model.name()), Way::Publish, &messages);
        self.outlet.publish(from, messages);
    }

    /// A reply that publishes a run's outputs as messages.
    pub fn reply_to(
        &self,
        model: &str,
        command: &str,
        asked_by: Peer,
    ) -> impl Fn(Event) + Send + Sync + 'static {
        let (outlet, latest) = (Arc::clone(&self.outlet), Arc::clone(&self.latest));
        let streams = self.engine.model(model).map(|model| model.manifest().streams.clone());
        let streams = streams.unwrap_or_default();
        let (model, command) = (model.to_string(), command.to_string());
        let (tape, clock) = (self.engine.tape().cloned(), Arc::clone(self.engine.clock()));
        move |event| {
            let record = |way, messages: &[Message]| {
                let of = format_args!("{model}/{command}");
                record(tape.as_ref(), &*clock, of, way, messages);
            };
            let error =
                |words: String| vec![Message::text(format!("/{model}/{command}/error"), words)];
            let messages = match event {
                Event::Partial { outputs, .. } => write_partial(&model, &command, &outputs),
                Event::Stream { name, messages } => {
                    let Some(stream) = streams.iter().find(|stream| stream.name == name) else {
                        return;
                    };
                    let messages = write_stream(&model, stream, &messages);
                    let is_private = stream.recall.as_ref() == Some(&command);
                    record(if is_private { Way::Reply } else { Way::Stream }, &messages);
                    return outlet.stream(asked_by, is_private, messages);
                }
                Event::Done { outputs, .. } => {
                    let messages = write_outputs(&model, &command, &outputs);
                    let mut latest = latest.lock().unwrap_or_else(PoisonError::into_inner);
                    latest.insert((model.clone(), command.clone()), outputs);
                    messages
                }
                Event::Failed(words) => error(words),
                Event::Cancelled => error("the run was cancelled".into()),
            };
            if !messages.is_empty() {
                record(Way::Publish, &messages);
                outlet.publish(asked_by, messages);
            }
        }
    }

    /// Runs a command for somebody who is not on OSC; its outputs are published as well.
    ///
    /// # Errors
    /// As [`Hosted::submit`].
    pub fn submit(
        &self,
        model: &str,
        command: &str,
        inputs: Values,
        mut request: Request,
    ) -> Result<(), Refusal> {
        let hosted =
            self.engine.model(model).ok_or_else(|| Refusal::Unknown(self.unknown_model(model)))?;
        let publish = self.reply_to(model, command, Peer::Local);
        let answer = request.reply;
        request.reply = Arc::new(move |event: Event| {
            publish(event.clone());
            answer(event);
        });
        hosted.submit(command, inputs, request)
    }

    fn unknown_model(&self, name: &str) -> String {
        let (models, chains) = (self.engine.models(), self.chains().all());
        let models = models.iter().map(|model| model.name());
        let only = only(name, models.chain(chains.iter().map(|chain| chain.name())));
        format!("there is no model or chain '{name}' here, {only}")
    }
}

/// Writes down messages that go out.
fn record(
    tape: Option<&Tape>,
    clock: &dyn Clock,
    of: impl fmt::Display,
    way: Way,
    messages: &[Message],
) {
    if let Some(tape) = tape {
        let messages = messages.iter().map(Message::to_json).collect();
        tape.write(clock.now(), Recorded::Out { of: of.to_string(), way, messages });
    }
}

/// Publishes what happens to models on `/<model>/error`.
pub fn publish_notice(outlet: &dyn Outlet, model: &str, notice: &Notice) {
    let message = Message::text(format!("/{model}/error"), notice.to_string());
    outlet.publish(Peer::Local, vec![message]);
}

fn hold(model: &Hosted, command: &str, input: &str, message: &Message) -> Result<(), String> {
    let spec = model.manifest().find(command).ok_or_else(|| unknown_command(model, command))?;
    let field = spec.inputs.iter().find(|field| field.name == input).ok_or_else(|| {
        let only = only(input, spec.inputs.iter().map(|field| field.name.as_str()));
        format!("{}/{command} has no input '{input}', {only}", model.name())
    })?;
    let value = read_value(&message.arguments, &field.data_type)?;
    model.hold(command, input, value).map_err(|refusal| refusal.to_string())
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

fn pattern_and_port(arguments: &[Argument]) -> Result<(Option<Pattern>, Option<u16>), String> {
    let (mut pattern, mut port) = (None, None);
    for argument in arguments {
        match argument {
            Argument::Text(source) if pattern.is_none() => pattern = Some(Pattern::parse(source)?),
            number if number.as_f64().is_some() && port.is_none() => {
                let number = number.as_f64().unwrap_or(0.0);
                if !(1.0..=65535.0).contains(&number) {
                    return Err(format!("expected a port in 1..65535, got {number}"));
                }
                port = Some(number as u16);
            }
            other => {
                return Err(format!(
                    "expected an address pattern and a port, got {}",
                    other.describe()
                ));
            }
        }
    }
    Ok((pattern, port))
}

fn flag(arguments: &[Argument]) -> Result<bool, String> {
    match arguments {
        [] => Ok(true),
        [Argument::Bool(flag)] => Ok(*flag),
        [number] if number.as_f64().is_some() => Ok(number.as_f64() != Some(0.0)),
        [other, ..] => Err(format!("expected 1 or 0, got {}", other.describe())),
    }
}
