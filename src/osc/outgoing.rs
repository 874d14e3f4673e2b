//! Outputs of the host as OSC messages, each written on first demand.

use crate::arguments::{is_whole, write_value};
use crate::{Argument, Message};
use enjamb_core::chain::Signal;
use enjamb_core::host::{Consumer, Content, Output, Peer, Route, Source};
use enjamb_core::recording::{RecordSink, RecordedEvent as Recorded, Way};
use enjamb_core::signature::{Field, Stream, Values};
use enjamb_core::value::Value;
use std::cell::OnceCell;
use std::rc::Rc;
use std::sync::Arc;

/// A message whose address is known, and whose arguments are written when somebody wants them.
pub struct Outgoing<'a> {
    address: Rc<str>,
    body: Body<'a>,
    message: OnceCell<Message>,
}

/// What the arguments are written from.
enum Body<'a> {
    Message(&'a Message),
    Text(&'a str),
    /// Numbers, the step or the place in an array, then values.
    Values(Numbers, &'a [Value]),
    /// A stream's message.
    Streamed(&'a [Value], &'a [Field]),
}

type Numbers = [Option<i32>; 3];
const NO_NUMBERS: Numbers = [None; 3];

impl<'a> Outgoing<'a> {
    fn new(address: Rc<str>, body: Body<'a>) -> Self {
        Self { address, body, message: OnceCell::new() }
    }

    /// A message that is written already.
    pub fn of(message: &'a Message) -> Self {
        Self::new(message.address.as_str().into(), Body::Message(message))
    }

    /// The address.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// The whole message.
    pub fn message(&self) -> &Message {
        match self.body {
            Body::Message(message) => message,
            _ => self.message.get_or_init(|| self.write()),
        }
    }

    fn write(&self) -> Message {
        let mut arguments = Vec::new();
        match self.body {
            Body::Message(message) => return message.clone(),
            Body::Text(text) => arguments.push(Argument::Text(text.into())),
            Body::Values(numbers, values) => {
                arguments.extend(numbers.into_iter().flatten().map(Argument::Int));
                values.iter().for_each(|value| write_value(value, &mut arguments));
            }
            Body::Streamed(values, fields) => {
                for (value, field) in values.iter().zip(fields) {
                    match value {
                        // One that an i32 can't hold stops at its ends.
                        Value::Integer(integer) => {
                            arguments.push(Argument::Int(*integer as f64 as i32));
                        }
                        Value::Number(number) if is_whole(&field.data_type) => {
                            arguments.push(Argument::Int(*number as i32));
                        }
                        value => write_value(value, &mut arguments),
                    }
                }
            }
        }
        Message { address: self.address.to_string(), arguments }
    }
}

/// The messages of an output, in order. Of a held value there are none: who listens to one is sent the
/// message that set it.
pub fn messages_of<'a>(output: &Output<'a>) -> Vec<Outgoing<'a>> {
    match output.content {
        Content::Partial { outputs, .. } => {
            // Of an array of texts those items that are there already, in their places.
            of_values(output.of, outputs, |item| item.as_text() != Some(""))
        }
        Content::Result { outputs, .. } => of_values(output.of, outputs, |_| true),
        Content::Stream { stream, messages } => of_stream(output.of, stream, messages),
        Content::Signal(signal) => of_signal(output.of, signal),
        // What happens to a model outside of its runs is told where its errors are.
        Content::Notice(words) if !matches!(output.of, Source::Chain(_)) => {
            vec![text(format!("/{}/error", output.of), words)]
        }
        Content::Notice(words) => vec![text(format!("/{}/notice", output.of), words)],
        Content::Error(error) => vec![text(format!("/{}/error", output.of), error.message())],
        Content::Held { .. } => Vec::new(),
    }
}

fn text(address: String, words: &str) -> Outgoing<'_> {
    Outgoing::new(address.into(), Body::Text(words))
}

/// A message each output: scalars, texts and vectors as they are, arrays a message each item, with index
/// and count.
fn of_values<'a>(
    of: Source,
    outputs: &'a Values,
    is_there: impl Fn(&Value) -> bool,
) -> Vec<Outgoing<'a>> {
    let mut messages = Vec::new();
    for (name, value) in outputs.iter() {
        let address: Rc<str> = format!("/{of}/{name}").into();
        match value {
            Value::Array(items) => of_items(&address, None, items, &is_there, &mut messages),
            value => {
                let body = Body::Values(NO_NUMBERS, std::slice::from_ref(value));
                messages.push(Outgoing::new(address, body));
            }
        }
    }
    messages
}

/// A message each item; one with the count 0 where there is none.
fn of_items<'a>(
    address: &Rc<str>,
    step: Option<i32>,
    items: &'a [Value],
    is_there: impl Fn(&Value) -> bool,
    messages: &mut Vec<Outgoing<'a>>,
) {
    let count = i32::try_from(items.len()).unwrap_or(i32::MAX);
    let numbers =
        |index: usize| [step, Some(i32::try_from(index).unwrap_or(i32::MAX)), Some(count)];
    for (index, item) in items.iter().enumerate().filter(|(_, item)| is_there(item)) {
        let body = Body::Values(numbers(index), std::slice::from_ref(item));
        messages.push(Outgoing::new(Rc::clone(address), body));
    }
    if items.is_empty() {
        messages.push(Outgoing::new(Rc::clone(address), Body::Values(numbers(0), &[])));
    }
}

fn of_stream<'a>(of: Source, stream: &'a Stream, messages: &'a [Vec<Value>]) -> Vec<Outgoing<'a>> {
    let model = match of {
        Source::Command { model, .. } | Source::Model(model) | Source::Chain(model) => model,
    };
    let address: Rc<str> = format!("/{model}/{}", stream.name).into();
    let outgoing = |message: &'a Vec<Value>| {
        Outgoing::new(Rc::clone(&address), Body::Streamed(message, &stream.fields))
    };
    messages.iter().map(outgoing).collect()
}

/// A signal of a chain: one message, or one an item where the value is an array.
fn of_signal<'a>(of: Source, signal: &'a Signal) -> Vec<Outgoing<'a>> {
    let outlet = &signal.outlet;
    let address: Rc<str> = match &outlet.address {
        Some(address) => address.as_str().into(),
        None => format!("/{of}/{}", outlet.name).into(),
    };
    let step = outlet.has_step.then(|| count_as_int(signal.stamp.step));
    match signal.values.as_slice() {
        [Value::Array(items)] => {
            let mut messages = Vec::with_capacity(items.len().max(1));
            of_items(&address, step, items, |_| true, &mut messages);
            messages
        }
        values => vec![Outgoing::new(address, Body::Values([step, None, None], values))],
    }
}

/// A count as an OSC int; it begins again at 0 after 2,147,483,648.
pub(crate) fn count_as_int(count: u64) -> i32 {
    (count % (1 << 31)) as i32
}

/// The messages of an output, for brokers: nothing is written before they ask.
pub struct Publication<'a> {
    /// Who asked for it.
    pub asker: Peer,
    /// Whom it is for.
    pub route: Route,
    /// Whether it tells of an error.
    pub is_error: bool,
    output: Option<&'a Output<'a>>,
    messages: OnceCell<Vec<Outgoing<'a>>>,
}

impl<'a> Publication<'a> {
    fn new(output: &'a Output<'a>) -> Self {
        let is_error = match output.content {
            Content::Error(_) => true,
            Content::Notice(_) => !matches!(output.of, Source::Chain(_)),
            _ => false,
        };
        let Output { asker, route, .. } = *output;
        Self { asker, route, is_error, output: Some(output), messages: OnceCell::new() }
    }

    /// Messages that are written already.
    pub fn of_messages(asker: Peer, route: Route, messages: &'a [Message]) -> Self {
        let is_error = messages.iter().any(Message::is_error);
        let messages: Vec<_> = messages.iter().map(Outgoing::of).collect();
        Self { asker, route, is_error, output: None, messages: OnceCell::from(messages) }
    }

    /// The messages, in order.
    pub fn messages(&self) -> &[Outgoing<'a>] {
        self.messages.get_or_init(|| self.output.map(messages_of).unwrap_or_default())
    }
}

/// Consumes outputs: writes them down, if there is a recording, and hands them to a broker.
pub struct Publisher {
    broker: Arc<dyn crate::Broker>,
    sink: Option<RecordSink>,
}

impl Publisher {
    /// A publisher before a broker.
    pub fn new(broker: Arc<dyn crate::Broker>, sink: Option<RecordSink>) -> Self {
        Self { broker, sink }
    }
}

impl Consumer for Publisher {
    fn consume(&self, output: &Output) {
        let publication = Publication::new(output);
        // What only those get who ask for it would be most of a recording, and nobody's. What happens to
        // models outside of their runs is not done again.
        if let (Some(sink), Some(way)) = (&self.sink, way_of(output.route))
            && !matches!(output.of, Source::Model(_))
            && !publication.messages().is_empty()
        {
            let messages = publication.messages();
            let messages = messages.iter().map(|outgoing| outgoing.message().to_json()).collect();
            sink.write(output.time, Recorded::Out { of: output.of.to_string(), way, messages });
        }
        self.broker.publish(&publication);
    }
}

/// How a recording names a route; nothing for what is not recorded.
pub fn way_of(route: Route) -> Option<Way> {
    match route {
        Route::Published => Some(Way::Publish),
        Route::Streamed => Some(Way::Stream),
        Route::Private => Some(Way::Reply),
        Route::OnRequest => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Argument::{Float, Int};
    use enjamb_core::signature::{integer, number};
    use std::time::Duration;

    #[test]
    fn outputs_become_messages_in_order() {
        let outputs = Values::new()
            .with("sentences", vec!["a".to_string(), "b".to_string()])
            .with("embedding", vec![0.5_f32, 1.0])
            .with("near", 0.25)
            .with("count", 3)
            .with("none", Vec::<Value>::new());
        let outputs = Arc::new(outputs);
        let output = Output {
            of: Source::Command { model: "m", command: "c" },
            content: Content::Result { outputs: &outputs, elapsed: Duration::ZERO },
            asker: Peer::Local,
            time: Duration::ZERO,
            route: Route::Published,
        };
        let lines: Vec<String> = messages_of(&output)
            .iter()
            .map(|outgoing| format!("{} {:?}", outgoing.address(), outgoing.message().arguments))
            .collect();
        assert_eq!(
            lines,
            [
                r#"/m/c/sentences [Int(0), Int(2), Text("a")]"#,
                r#"/m/c/sentences [Int(1), Int(2), Text("b")]"#,
                "/m/c/embedding [Float(0.5), Float(1.0)]",
                "/m/c/near [Float(0.25)]",
                "/m/c/count [Float(3.0)]",
                "/m/c/none [Int(0), Int(0)]",
            ]
        );
    }

    #[test]
    fn streams_send_whole_numbers_as_ints() {
        let stream = Stream::new("s", "")
            .field("index", integer().min(0.0), "")
            .field("step", number().step(1.0), "")
            .field("x", number(), "");
        let message = vec![Value::from(3), Value::from(4.0), Value::from(5.0)];
        let far = vec![Value::from(1_i64 << 40), Value::from(-1e12), Value::from(0.5)];
        let messages = [message, far];
        let of = Source::Command { model: "m", command: "c" };
        let sent = of_stream(of, &stream, &messages);
        assert_eq!(sent[0].message().arguments, [Int(3), Int(4), Float(5.0)]);
        assert_eq!(sent[1].message().arguments, [Int(i32::MAX), Int(i32::MIN), Float(0.5)]);
    }
}
