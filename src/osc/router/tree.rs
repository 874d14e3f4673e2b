//! The tree of addresses: every one that the runtime answers or sends on, described for OSCQuery.

use super::Router;
use crate::Argument;
use crate::arguments::{is_whole, write_value};
use enjamb_core::engine::Hosted;
use enjamb_core::signature::{Command, DataType, Field, array, integer, number, text};
use enjamb_core::value::Value;

/// What can be done at an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// It is only a part of longer addresses.
    Container,
    /// The runtime sends on it.
    Read,
    /// It takes messages.
    Write,
    /// It takes messages and has a value.
    ReadWrite,
}

/// One address.
#[derive(Clone, Debug)]
pub struct AddressNode {
    /// The whole address.
    pub address: String,
    /// What it is for, in a short sentence.
    pub description: String,
    /// What can be done with it.
    pub access: Access,
    /// Types of the arguments in order.
    pub fields: Vec<Field>,
    /// Current values of the arguments, where they have any.
    pub values: Vec<Option<Value>>,
    /// The step, an int, that comes before the values, where one does.
    pub step: Option<i32>,
    /// Whether it is a stream's, which writes whole numbers as ints.
    pub is_stream: bool,
}

impl AddressNode {
    pub(super) fn new(address: &str, description: &str, access: Access) -> Self {
        let (address, description) = (address.into(), description.into());
        let (fields, values) = (Vec::new(), Vec::new());
        Self { address, description, access, fields, values, step: None, is_stream: false }
    }

    fn with_fields(mut self, fields: &[Field]) -> Self {
        self.fields = fields.to_vec();
        self
    }

    /// The OSC type tags of its arguments.
    pub fn tags(&self) -> String {
        let step = self.step.map(|_| "i".to_string());
        let of = |field: &Field| match self.is_stream && is_whole(&field.data_type) {
            true => "i".to_string(),
            false => type_tags(&field.data_type),
        };
        step.into_iter().chain(self.fields.iter().map(of)).collect()
    }

    /// The arguments of the current value, where there is one.
    pub fn arguments(&self) -> Option<Vec<Argument>> {
        let mut arguments: Vec<_> = self.step.map(Argument::Int).into_iter().collect();
        for value in &self.values {
            write_value(value.as_ref()?, &mut arguments);
        }
        (!self.values.is_empty()).then_some(arguments)
    }
}

/// The OSC type tags of a value of a type; `[s]` for a list of unknown length.
fn type_tags(data_type: &DataType) -> String {
    match data_type {
        DataType::Number { .. } | DataType::Integer { .. } => "f".into(),
        DataType::Boolean { .. } => "i".into(),
        DataType::Vector { length, .. } => "f".repeat(*length),
        DataType::Array { item, .. } => format!("[{}]", type_tags(item)),
        DataType::Image { .. } => "b".into(),
        DataType::ImagePoint => "ff".into(),
        DataType::ImageBoundingBox => "ffff".into(),
        _ => "s".into(),
    }
}

impl Router {
    /// All addresses, containers first, in the order in which models and chains are hosted.
    pub fn tree(&self) -> Vec<AddressNode> {
        let built_in = |address: &str, inputs: &[(&str, DataType)], words: &str| {
            let command = inputs.iter().fold(Command::new("any", ""), |command, (name, input)| {
                command.input(*name, input.clone(), "")
            });
            AddressNode::new(address, words, Access::Write).with_fields(&command.inputs)
        };
        let switch = || integer().min(0.0).max(1.0);
        let view = ["x", "y", "zoom"].map(|name| (name, number()));
        let subscription = [("pattern", text()), ("port", number().min(1.0).max(65535.0))];
        let mut nodes = vec![
            AddressNode::new("/", "enjamb: models that speak OSC.", Access::Container),
            built_in("/ping", &[], "Answers /pong with the same arguments."),
            built_in("/subscribe", &subscription, "Sends you every output that a pattern covers."),
            built_in("/unsubscribe", &subscription, "Ends that again."),
            built_in("/bundle", &[("on", switch())], "1: each answer to you comes as one bundle."),
            built_in("/ascii", &[("on", switch())], "1: text to you is spelled in ASCII."),
            AddressNode::new(
                "/page",
                "The page in a browser: what is said here is passed on.",
                Access::Container,
            ),
            built_in("/page/show", &[("section", text())], "Shows a section of the page."),
            built_in("/page/view", &view, "Looks at a place on the page's map."),
            built_in("/page/select", &[("sentences", array(text()))], "Selects on the page's map."),
            AddressNode::new(
                "/page/selection",
                "What is selected on the page's map.",
                Access::Read,
            ),
        ];
        for model in self.engine().models() {
            self.add_model(&model, &mut nodes);
        }
        self.add_chains(&mut nodes);
        nodes
    }

    fn add_model(&self, model: &Hosted, nodes: &mut Vec<AddressNode>) {
        let manifest = model.manifest();
        let root = format!("/{}", model.name());
        nodes.push(AddressNode::new(&root, &manifest.description, Access::Container));
        nodes.push(AddressNode::new(
            &format!("{root}/error"),
            "Says when the model was started anew, and why.",
            Access::Read,
        ));
        for stream in &manifest.streams {
            let address = format!("{root}/{}", stream.name);
            let mut node = AddressNode::new(&address, &stream.description, Access::Read);
            (node.fields, node.is_stream) = (stream.fields.clone(), true);
            nodes.push(node);
        }
        for command in &manifest.commands {
            let at = format!("{root}/{}", command.name);
            let mut run = AddressNode::new(&at, &command.description, Access::Write);
            run.fields = command.inputs.clone();
            nodes.push(run);
            for field in &command.inputs {
                let address = format!("{at}/{}", field.name);
                let mut node = AddressNode::new(&address, &field.description, Access::ReadWrite)
                    .with_fields(std::slice::from_ref(field));
                node.values = vec![model.held(&command.name, &field.name)];
                nodes.push(node);
            }
            let latest = self.host.latest(model.name(), &command.name);
            for field in &command.outputs {
                // An output that has an input's name shares its address, which then takes and sends.
                if command.inputs.iter().any(|input| input.name == field.name) {
                    continue;
                }
                let address = format!("{at}/{}", field.name);
                let mut node = AddressNode::new(&address, &field.description, Access::Read)
                    .with_fields(std::slice::from_ref(field));
                // An array is sent an item a message, so it has no value as a whole; it can be long, too.
                let latest = latest.as_ref().and_then(|latest| latest.get(&field.name));
                node.values = latest
                    .filter(|value| value.as_array().is_none())
                    .map(|v| Some(v.clone()))
                    .into_iter()
                    .collect();
                nodes.push(node);
            }
            let words = "Says why a run failed: what was wrong, what was expected.";
            nodes.push(AddressNode::new(&format!("{at}/error"), words, Access::Read));
        }
    }
}
