//! Signatures: the named, typed inputs and outputs of commands, and the manifest that lists them.

mod data_type;
mod images;
mod input;
mod names;

pub use data_type::{
    DataType, any, array, boolean, category, directory, file, image, image_bounding_box,
    image_landmarks, image_point, integer, number, segmentation, text, vector,
};

pub use input::{Input, Named, Readable};
pub use names::{is_name, only};

use crate::error::Error;
use crate::value::Value;
use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::{Map, Value as Json, json};

/// A named, typed value of a command, or a setup option of a model.
#[derive(Clone, Debug, PartialEq)]
pub struct Field {
    /// The name, also the last part of the OSC address.
    pub name: String,
    /// What it is for, in a short sentence.
    pub description: String,
    /// What it accepts.
    pub data_type: DataType,
}

impl Field {
    /// The Model SDK's JSON for the field.
    pub fn specification(&self) -> Json {
        let mut spec = Map::new();
        spec.insert("name".into(), self.name.as_str().into());
        spec.insert("description".into(), self.description.as_str().into());
        spec.extend(self.data_type.specification());
        Json::Object(spec)
    }
}

/// What a command is called, takes and gives.
#[derive(Clone, Debug, PartialEq)]
pub struct Command {
    /// The name, also the second part of the OSC address.
    pub name: String,
    /// What it does, in a short sentence.
    pub description: String,
    /// What it takes, in the order of OSC arguments.
    pub inputs: Vec<Field>,
    /// What it gives, in the order in which outputs are sent.
    pub outputs: Vec<Field>,
}

impl Command {
    /// A command without inputs and outputs.
    pub fn new(name: &str, description: &str) -> Self {
        check_name(name);
        let (inputs, outputs) = (Vec::new(), Vec::new());
        Self { name: name.into(), description: description.into(), inputs, outputs }
    }

    /// Adds an input, by its handle or its name.
    ///
    /// # Panics
    /// When there is one of that name, or a handle has another position or type.
    #[must_use]
    #[track_caller]
    pub fn input(mut self, input: impl Named, data_type: DataType, description: &str) -> Self {
        input.check(self.inputs.len(), &data_type);
        push(&mut self.inputs, input.name(), data_type, description);
        self
    }

    /// Adds an output.
    #[must_use]
    pub fn output(mut self, name: &str, data_type: DataType, description: &str) -> Self {
        push(&mut self.outputs, name, data_type, description);
        self
    }

    /// The Model SDK's JSON for the command.
    pub fn specification(&self) -> Json {
        json!({
            "name": self.name,
            "description": self.description,
            "inputs": self.inputs.iter().map(Field::specification).collect::<Vec<_>>(),
            "outputs": self.outputs.iter().map(Field::specification).collect::<Vec<_>>(),
        })
    }
}

/// What a model sends while its commands run, beside their outputs: messages at `/<model>/<stream>`
/// that go to everyone who gets outputs.
#[derive(Clone, Debug, PartialEq)]
pub struct Stream {
    /// The name, also the second part of the OSC address.
    pub name: String,
    /// What a message says, in a short sentence.
    pub description: String,
    /// The arguments of a message, in order.
    pub fields: Vec<Field>,
    /// The command that sends all of it again, to the one who asks for it: newcomers get what it
    /// sends as soon as they subscribe.
    pub recall: Option<String>,
}

impl Stream {
    /// A stream of messages without arguments.
    pub fn new(name: &str, description: &str) -> Self {
        check_name(name);
        let (name, description) = (name.into(), description.into());
        Self { name, description, fields: Vec::new(), recall: None }
    }

    /// Adds an argument.
    #[must_use]
    pub fn field(mut self, name: &str, data_type: DataType, description: &str) -> Self {
        push(&mut self.fields, name, data_type, description);
        self
    }

    /// Names the command that sends all of it again.
    #[must_use]
    pub fn recalled_by(mut self, command: &str) -> Self {
        self.recall = Some(command.into());
        self
    }

    /// JSON in the manner of the Model SDK's.
    pub fn specification(&self) -> Json {
        json!({
            "name": self.name,
            "description": self.description,
            "fields": self.fields.iter().map(Field::specification).collect::<Vec<_>>(),
        })
    }
}

/// What a model is called, how it can be set up, its commands, and what it streams.
#[derive(Clone, Debug, PartialEq)]
pub struct Manifest {
    /// The kind of model; it is hosted under this name unless the project gives another.
    pub name: String,
    /// What it is, in a short sentence.
    pub description: String,
    /// Setup options, given once when the model starts.
    pub options: Vec<Field>,
    /// The commands.
    pub commands: Vec<Command>,
    /// What it sends beside their outputs.
    pub streams: Vec<Stream>,
}

impl Manifest {
    /// A manifest without options and commands.
    pub fn new(name: &str, description: &str) -> Self {
        check_name(name);
        let (name, description) = (name.into(), description.into());
        Self { name, description, options: Vec::new(), commands: Vec::new(), streams: Vec::new() }
    }

    /// Adds a setup option, by its handle or its name.
    ///
    /// # Panics
    /// As [`Command::input`].
    #[must_use]
    #[track_caller]
    pub fn option(mut self, option: impl Named, data_type: DataType, description: &str) -> Self {
        option.check(self.options.len(), &data_type);
        push(&mut self.options, option.name(), data_type, description);
        self
    }

    /// Adds a command.
    ///
    /// # Panics
    /// When there is one of that name.
    #[must_use]
    pub fn command(mut self, command: Command) -> Self {
        assert!(self.find(&command.name).is_none(), "the command {} is there twice", command.name);
        self.commands.push(command);
        self
    }

    /// Adds a stream.
    ///
    /// # Panics
    /// When a command or a stream has that name.
    #[must_use]
    pub fn stream(mut self, stream: Stream) -> Self {
        let is_new = self.streams.iter().all(|known| known.name != stream.name);
        assert!(is_new && self.find(&stream.name).is_none(), "{} is there twice", stream.name);
        self.streams.push(stream);
        self
    }

    /// The command of that name.
    pub fn find(&self, command: &str) -> Option<&Command> {
        self.commands.iter().find(|known| known.name == command)
    }

    /// What to say of a command that is not there, of a model hosted under this name.
    pub fn has_no(&self, model: &str, command: &str) -> String {
        let only = only(command, self.commands.iter().map(|known| known.name.as_str()));
        format!("{model} has no command '{command}', {only}")
    }

    /// The Model SDK's JSON for the model, and its streams where it has some.
    pub fn specification(&self) -> Json {
        let mut spec = json!({
            "name": self.name,
            "description": self.description,
            "options": self.options.iter().map(Field::specification).collect::<Vec<_>>(),
            "commands": self.commands.iter().map(Command::specification).collect::<Vec<_>>(),
        });
        if !self.streams.is_empty() {
            spec["streams"] = self.streams.iter().map(Stream::specification).collect();
        }
        spec
    }
}

fn push(fields: &mut Vec<Field>, name: &str, data_type: DataType, description: &str) {
    check_name(name);
    assert!(fields.iter().all(|field| field.name != name), "the field {name} is there twice");
    fields.push(Field { name: name.into(), description: description.into(), data_type });
}

fn check_name(name: &str) {
    assert!(is_name(name), "'{name}' is no name: expected letters, digits, '_' and '-'");
    // Errors are told on addresses that end so, and nothing that comes in on one is acted on.
    assert!(name != "error", "'error' can't be a name: errors are told there");
}

/// Named values in the order of their fields: the inputs or outputs of one run, or setup options.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Values(Vec<(String, Value)>);

impl Values {
    /// No values yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a value, for building outputs: `Values::new().with("out", "a line")`.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.set(name, value);
        self
    }

    /// Adds a value, or replaces the one of that name.
    pub fn set(&mut self, name: &str, value: impl Into<Value>) {
        let value = value.into();
        match self.0.iter_mut().find(|(known, _)| known == name) {
            Some((_, slot)) => *slot = value,
            None => self.0.push((name.to_string(), value)),
        }
    }

    /// The value of that name.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value)
    }

    /// Names and values in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value))
    }

    /// The JSON form, as a tree.
    pub fn to_json(&self) -> Json {
        serde_json::to_value(self).expect("values have JSON forms")
    }

    /// How many values there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The text of that name, for outputs and the like; a model reads its inputs by their [`Input`].
    /// The engine has checked values against the signature, so asking for another name or type than it
    /// declares is a slip in the source: it panics.
    pub fn text(&self, name: &str) -> &str {
        self.expect(name, Value::as_text)
    }

    /// The number of that name; panics as [`text`](Self::text).
    pub fn number(&self, name: &str) -> f64 {
        self.expect(name, Value::as_number)
    }

    /// The whole number of that name; panics as [`text`](Self::text).
    pub fn integer(&self, name: &str) -> i64 {
        self.expect(name, Value::as_integer)
    }

    /// The truth of that name; panics as [`text`](Self::text).
    pub fn boolean(&self, name: &str) -> bool {
        self.expect(name, Value::as_boolean)
    }

    /// The floats of that name; panics as [`text`](Self::text).
    pub fn vector(&self, name: &str) -> &[f32] {
        self.expect(name, Value::as_vector)
    }

    /// The items of that name; panics as [`text`](Self::text).
    pub fn array(&self, name: &str) -> &[Value] {
        self.expect(name, Value::as_array)
    }

    fn expect<'a, T>(&'a self, name: &str, read: impl Fn(&'a Value) -> Option<T>) -> T {
        self.get(name).and_then(read).unwrap_or_else(|| input::undeclared(name))
    }

    /// Completes given values with held ones and defaults, checks them all, and puts them in the
    /// order of `fields`.
    ///
    /// # Errors
    /// Plain words: the first name that is unknown, missing, or refused by its type.
    pub fn complete(self, held: &Values, fields: &[Field]) -> Result<Values, Error> {
        if let Some((unknown, _)) =
            self.iter().find(|(name, _)| fields.iter().all(|f| f.name != *name))
        {
            return Err(unknown_name(unknown, fields).into());
        }
        let mut given = self.0;
        let mut complete = Vec::with_capacity(fields.len());
        for field in fields {
            let name = &field.name;
            let from_given =
                given.iter().position(|(n, _)| n == name).map(|i| given.swap_remove(i).1);
            let value = match from_given {
                Some(value) => accept(field, value)?,
                // Held values and defaults were checked when they were set.
                None => {
                    held.get(name).cloned().or_else(|| field.data_type.default_value()).ok_or_else(
                        || format!("{name} is missing: expected {}", field.data_type.expectation()),
                    )?
                }
            };
            complete.push((name.clone(), value));
        }
        Ok(Values(complete))
    }

    /// Reads a JSON object whose keys name some of `fields`.
    ///
    /// # Errors
    /// Plain words: not an object, an unknown key, or a value that its type refuses.
    pub fn read_json(json: &Json, fields: &[Field]) -> Result<Values, Error> {
        let object = json.as_object().ok_or("expected a JSON object of inputs")?;
        let mut values = Values::new();
        for (name, json) in object {
            let field = fields
                .iter()
                .find(|field| field.name == *name)
                .ok_or_else(|| unknown_name(name, fields))?;
            let read = field.data_type.read_json(json);
            values.0.push((name.clone(), read.map_err(|error| error.in_field(name))?));
        }
        Ok(values)
    }
}

/// A JSON object in the order of the fields.
impl Serialize for Values {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (name, value) in &self.0 {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}

/// Checks one value for a field, naming the field in the refusal.
///
/// # Errors
/// Plain words: what the field expected and what was there.
pub fn accept(field: &Field, value: Value) -> Result<Value, Error> {
    field.data_type.accept(value).map_err(|error| error.in_field(&field.name))
}

fn unknown_name(name: &str, fields: &[Field]) -> String {
    let known: Vec<&str> = fields.iter().map(|field| field.name.as_str()).collect();
    match known.is_empty() {
        true => format!("unknown input '{name}': this takes none"),
        false => format!("unknown input '{name}': expected {}", known.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn embed() -> Command {
        Command::new("embed", "")
            .input("text", text().min(1.0), "")
            .input("tokenize", boolean().default(true), "")
            .input("z", vector(2), "")
    }

    #[test]
    fn given_beats_held_beats_default() {
        let held = Values::new().with("text", "held").with("z", vec![1.0, 2.0]);
        let given = Values::new().with("text", "given");
        let complete = given.complete(&held, &embed().inputs).unwrap();
        let expected = Values::new().with("text", "given").with("tokenize", true);
        assert_eq!(complete, expected.with("z", vec![1.0, 2.0]));
    }

    #[test]
    fn what_is_missing_unknown_or_wrong_is_named() {
        let inputs = embed().inputs;
        let check = |given: Values, expected: &str| {
            assert_eq!(given.complete(&Values::new(), &inputs).unwrap_err(), expected);
        };
        check(Values::new().with("text", "a"), "z is missing: expected a vector of 2 floats");
        check(Values::new().with("tex", "a"), "unknown input 'tex': expected text, tokenize, z");
        check(Values::new().with("text", 1.0), "text: expected text, got number");
        let json = json!({"text": ""});
        let refused = Values::read_json(&json, &inputs).unwrap_err();
        assert_eq!(refused, "text: expected at least 1 character, got 0");
    }

    #[test]
    fn a_manifest_is_written_as_the_model_sdk_does() {
        let manifest = Manifest::new("shout", "Says it louder.")
            .option("gain", number().default(1.0), "How much.")
            .command(Command::new("shout", "Shouts.").output("out", text(), "The shout."));
        assert_eq!(
            manifest.specification(),
            json!({"name": "shout", "description": "Says it louder.",
                "options": [{"name": "gain", "description": "How much.", "type": "number", "default": 1}],
                "commands": [{"name": "shout", "description": "Shouts.", "inputs": [],
                    "outputs": [{"name": "out", "description": "The shout.", "type": "text",
                        "default": "", "minLength": 0}]}]})
        );
    }
}
