//! Patches: for any command, what a host needs to run it, written from the command's signature.
//!
//! A patch is a whole program, or a whole line for a shell: it has a control for each input by its
//! type, shows each output, and works as it is. The text is a pure function of what it is made from.

mod code;
mod max;
mod openframeworks;
mod p5;
mod processing;
mod pure_data;
mod scripts;
mod shell;
mod supercollider;
mod touchdesigner;

use enjamb_core::Error;
use enjamb_core::signature::{Command, DataType, Field, Values, only};
use enjamb_core::value::Value;

/// Lines for texts that must be given, so that a patch has something to say from the start.
const LINES: [&str; 4] = [
    "The sea is calm tonight.",
    "My heart is sad.",
    "The moon over the sea.",
    "A rose among the grass.",
];
/// The smallest picture: a grey pixel.
const PIXEL: &str = "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNoAAAAggCBd81ytgAAAABJRU5ErkJggg==";

/// Where patches run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HostProgram {
    /// A shell, over HTTP.
    Curl,
    /// A shell with liblo's `oscsend`.
    Osc,
    /// A browser with p5.js and osc.js.
    P5,
    /// Max.
    Max,
    /// Pure Data, vanilla.
    PureData,
    /// TouchDesigner: a script for its textport.
    TouchDesigner,
    /// Python with python-osc.
    Python,
    /// Node with osc.js.
    Node,
    /// SuperCollider's sclang.
    SuperCollider,
    /// Processing with oscP5.
    Processing,
    /// openFrameworks with ofxOsc and ofxGui.
    OpenFrameworks,
}

impl HostProgram {
    /// All of them.
    pub const ALL: [HostProgram; 11] = [
        HostProgram::Curl,
        HostProgram::Osc,
        HostProgram::P5,
        HostProgram::Max,
        HostProgram::PureData,
        HostProgram::TouchDesigner,
        HostProgram::Python,
        HostProgram::Node,
        HostProgram::SuperCollider,
        HostProgram::Processing,
        HostProgram::OpenFrameworks,
    ];

    /// The name that it is asked for by.
    pub fn name(self) -> &'static str {
        match self {
            HostProgram::Curl => "curl",
            HostProgram::Osc => "osc",
            HostProgram::P5 => "p5",
            HostProgram::Max => "max",
            HostProgram::PureData => "pd",
            HostProgram::TouchDesigner => "touchdesigner",
            HostProgram::Python => "python",
            HostProgram::Node => "node",
            HostProgram::SuperCollider => "supercollider",
            HostProgram::Processing => "processing",
            HostProgram::OpenFrameworks => "openframeworks",
        }
    }

    /// The host of that name, or of another that it goes by.
    ///
    /// # Errors
    /// Says which there are.
    pub fn find(name: &str) -> Result<Self, Error> {
        let plain = match name.to_lowercase().as_str() {
            "p5.js" | "p5js" => "p5".to_string(),
            "puredata" | "pure data" => "pd".to_string(),
            "sclang" => "supercollider".to_string(),
            plain => plain.to_string(),
        };
        HostProgram::ALL.into_iter().find(|host| host.name() == plain).ok_or_else(|| {
            let only = only(name, HostProgram::ALL.map(HostProgram::name));
            Error::not_found(format!("there is no host '{name}', {only}"))
        })
    }

    /// What its files end in.
    pub fn ending(self) -> &'static str {
        match self {
            HostProgram::Curl | HostProgram::Osc => "sh",
            HostProgram::P5 => "html",
            HostProgram::Max => "maxpat",
            HostProgram::PureData => "pd",
            HostProgram::TouchDesigner | HostProgram::Python => "py",
            HostProgram::Node => "js",
            HostProgram::SuperCollider => "scd",
            HostProgram::Processing => "pde",
            HostProgram::OpenFrameworks => "cpp",
        }
    }
}

/// Where the runtime is, for a patch that speaks to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoints {
    /// The name or IP address of its computer.
    pub host: String,
    /// OSC over UDP and TCP.
    pub osc_port: u16,
    /// Where answers come to, whoever asked.
    pub reply_port: u16,
    /// HTTP and WebSocket.
    pub http_port: u16,
}

impl Endpoints {
    /// HTTP's address, as it stands in a URL.
    fn http(&self) -> String {
        match self.host.contains(':') {
            true => format!("[{}]:{}", self.host, self.http_port),
            false => format!("{}:{}", self.host, self.http_port),
        }
    }
}

/// Writes a patch that runs a command with these inputs; those left out have their defaults, and
/// those without any an example.
pub fn write(
    host: HostProgram,
    model: &str,
    command: &Command,
    values: &Values,
    place: &Endpoints,
) -> String {
    let patch = Patch::new(model, command, values, place);
    match host {
        HostProgram::Curl => shell::curl(&patch),
        HostProgram::Osc => shell::oscsend(&patch),
        HostProgram::P5 => p5::write(&patch),
        HostProgram::Max => max::write(&patch),
        HostProgram::PureData => pure_data::write(&patch),
        HostProgram::TouchDesigner => touchdesigner::write(&patch),
        HostProgram::Python => scripts::python(&patch),
        HostProgram::Node => scripts::node(&patch),
        HostProgram::SuperCollider => supercollider::write(&patch),
        HostProgram::Processing => processing::write(&patch),
        HostProgram::OpenFrameworks => openframeworks::write(&patch),
    }
}

/// What every host's writer is handed.
struct Patch<'a> {
    model: &'a str,
    command: &'a Command,
    place: &'a Endpoints,
    inputs: Vec<Input<'a>>,
    outputs: Vec<Output<'a>>,
}

/// An input, with the control that it gets.
struct Input<'a> {
    field: &'a Field,
    control: Control,
    /// What the control shows at first.
    value: Value,
    /// Whether that was asked for; else it is the default, or an example.
    is_given: bool,
    /// Whether the runtime would refuse a run without it.
    is_needed: bool,
}

/// How an input is set by hand.
#[derive(Clone, Debug, PartialEq)]
enum Control {
    /// A number between bounds.
    Slider { min: f64, max: f64, is_whole: bool },
    /// A number.
    Number { is_whole: bool },
    /// True or false.
    Toggle,
    /// One of some names.
    Menu(Vec<String>),
    /// A text.
    Text,
    /// Texts, a line each. Sent as one string of JSON.
    Lines,
    /// Floats, drawn anew by a button.
    Vector { length: usize, mean: f64, deviation: f64 },
    /// A point or a box on a picture: two or four numbers.
    Floats(usize),
    /// A data URI.
    Picture,
    /// Whatever has no form of its own in OSC: a string of JSON.
    Json,
}

/// What a message of an output holds, beside an index and a count where there are many.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shape {
    Text,
    Number,
    Floats(usize),
    Picture,
}

/// An output, as it comes over OSC.
struct Output<'a> {
    field: &'a Field,
    shape: Shape,
    /// Whether it comes as one message an item.
    is_array: bool,
}

impl<'a> Patch<'a> {
    fn new(model: &'a str, command: &'a Command, values: &Values, place: &'a Endpoints) -> Self {
        let mut n_lines = 0;
        let mut input = |(index, field): (usize, &'a Field)| {
            let given = values.get(&field.name).cloned();
            let default = field.data_type.default_value();
            let (is_given, is_needed) = (given.is_some(), default.is_none());
            // A first text without words would have nothing to say.
            let is_empty = |value: &Value| index == 0 && value.as_text() == Some("");
            let value = given
                .or_else(|| default.filter(|value| !is_empty(value)))
                .unwrap_or_else(|| example(&field.data_type, &mut n_lines));
            let control = Control::of(&field.data_type);
            Input { field, control, value, is_given, is_needed }
        };
        let inputs = command.inputs.iter().enumerate().map(&mut input).collect();
        let outputs = command.outputs.iter().map(Output::of).collect();
        Self { model, command, place, inputs, outputs }
    }

    /// `/model/command`.
    fn address(&self) -> String {
        format!("/{}/{}", self.model, self.command.name)
    }

    /// The address, and what the command does.
    fn title(&self) -> String {
        format!("{}: {}", self.address(), one_line(&self.command.description))
    }
}

impl Control {
    fn of(data_type: &DataType) -> Self {
        match data_type {
            DataType::Number { min, max, step, .. } => {
                let is_whole = step.is_some_and(|step| step.fract() == 0.0);
                match (min, max) {
                    (Some(min), Some(max)) => Control::Slider { min: *min, max: *max, is_whole },
                    _ => Control::Number { is_whole },
                }
            }
            DataType::Integer { min, max, .. } => match (min, max) {
                (Some(min), Some(max)) => {
                    Control::Slider { min: *min as f64, max: *max as f64, is_whole: true }
                }
                _ => Control::Number { is_whole: true },
            },
            DataType::Boolean { .. } => Control::Toggle,
            DataType::Category { one_of, .. } => Control::Menu(one_of.clone()),
            DataType::Text { .. } | DataType::File { .. } => Control::Text,
            DataType::Array { item, .. } => match **item {
                DataType::Text { .. } => Control::Lines,
                _ => Control::Json,
            },
            DataType::Vector { length, sampling_mean, sampling_std, .. } => {
                Control::Vector { length: *length, mean: *sampling_mean, deviation: *sampling_std }
            }
            DataType::ImagePoint => Control::Floats(2),
            DataType::ImageBoundingBox => Control::Floats(4),
            DataType::Image { .. } | DataType::Segmentation { .. } => Control::Picture,
            DataType::Any | DataType::ImageLandmarks { .. } => Control::Json,
        }
    }
}

impl Input<'_> {
    fn name(&self) -> &str {
        &self.field.name
    }

    /// The value as one text: as it is if it is a text, else as JSON.
    fn text(&self) -> String {
        match self.value.as_text() {
            Some(text) => text.to_string(),
            None => code::json(&self.value).trim_matches('"').to_string(),
        }
    }

    /// The number, 0 where it is none.
    fn number(&self) -> f64 {
        self.value.as_number().unwrap_or(0.0)
    }

    fn is_true(&self) -> bool {
        self.value.as_boolean().unwrap_or(false)
    }

    /// The floats of a vector, a point or a box.
    fn floats(&self) -> Vec<f32> {
        match &self.value {
            Value::Vector(floats) => floats.to_vec(),
            Value::Point(point) => point.to_vec(),
            Value::BoundingBox(bounds) => bounds.to_vec(),
            _ => Vec::new(),
        }
    }

    /// The texts of an array.
    fn lines(&self) -> Vec<&str> {
        let items = self.value.as_array().unwrap_or_default();
        items.iter().filter_map(Value::as_text).collect()
    }

    /// What it is for, with its name: a comment of one line.
    fn words(&self) -> String {
        format!("{}: {}", self.name(), one_line(&self.field.description))
    }
}

impl<'a> Output<'a> {
    fn of(field: &'a Field) -> Self {
        let (shape, is_array) = match &field.data_type {
            DataType::Array { item, .. } => (Shape::of(item), true),
            other => (Shape::of(other), false),
        };
        Self { field, shape, is_array }
    }

    fn name(&self) -> &str {
        &self.field.name
    }

    /// The address and its arguments, as docs/osc.md writes them, and what it is.
    fn words(&self, patch: &Patch) -> String {
        let arguments = match self.shape {
            Shape::Text => "s".to_string(),
            Shape::Number => "f".to_string(),
            Shape::Floats(length) => format!("f x {length}"),
            Shape::Picture => "b".to_string(),
        };
        let counted = if self.is_array { "i index, i count, " } else { "" };
        let words = one_line(&self.field.description);
        format!("{}/{} {counted}{arguments}: {words}", patch.address(), self.name())
    }
}

impl Shape {
    fn of(data_type: &DataType) -> Self {
        match data_type {
            DataType::Number { .. } | DataType::Integer { .. } | DataType::Boolean { .. } => {
                Shape::Number
            }
            DataType::Vector { length, .. } => Shape::Floats(*length),
            DataType::ImagePoint => Shape::Floats(2),
            DataType::ImageBoundingBox => Shape::Floats(4),
            DataType::ImageLandmarks { length, .. } => Shape::Floats(2 * length),
            DataType::Image { .. } => Shape::Picture,
            _ => Shape::Text,
        }
    }
}

/// A value that the type accepts, for those that have no default.
fn example(data_type: &DataType, n_lines: &mut usize) -> Value {
    let value = match data_type {
        DataType::Text { .. } => {
            let line = LINES[*n_lines % LINES.len()];
            *n_lines += 1;
            Value::from(line)
        }
        DataType::Vector { length, .. } => Value::from(vec![0.0; *length]),
        DataType::Array { item, min_length, .. } => {
            let n_items = match **item {
                // Two, so that a second array has others.
                DataType::Text { .. } => 2.max(*min_length),
                _ => (*min_length).max(1),
            };
            Value::Array((0..n_items).map(|_| example(item, n_lines)).collect())
        }
        DataType::ImagePoint => Value::Point([0.5, 0.5]),
        DataType::ImageBoundingBox => Value::BoundingBox([0.25, 0.25, 0.75, 0.75]),
        DataType::ImageLandmarks { length, .. } => Value::Landmarks(vec![[0.5, 0.5]; *length]),
        DataType::Image { .. } | DataType::Segmentation { .. } => {
            let pixel = data_type.read_json(&PIXEL.into());
            pixel.unwrap_or_else(|_| Value::from(PIXEL))
        }
        DataType::Any => Value::Any(serde_json::json!({})),
        DataType::File { .. } => Value::File("".into()),
        other => other.default_value().unwrap_or_else(|| Value::from("")),
    };
    // Odd bounds, such as a text of at most three characters, are the user's to meet.
    data_type.accept(value.clone()).unwrap_or(value)
}

/// Descriptions go into comments, which end with their line.
fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
