//! Adapters from and to texts, results and vectors: lines, words, text, number, category, field, vector.

use super::{PartKind, Pure, Slot, kind, pure};
use crate::chain::part::{Moment, Part, Shape};
use crate::error::Error;
use crate::signature::{Values, array, category, integer, number, text, vector};
use crate::value::Value;
use serde_json::Value as Json;
use unicode_segmentation::UnicodeSegmentation;

pub fn kinds() -> Vec<PartKind> {
    let in_text = || Slot::of("text", text(), "The text.");
    let whatever = |description| Slot::new("in", Shape::Whatever, description);
    vec![
        kind(
            "adapt/lines",
            "The lines of a text, without empty ones.",
            vec![in_text()],
            Slot::of("lines", array(text()), "The lines."),
            pure!(|inputs, _| {
                let lines = inputs[0].as_text().unwrap_or_default().lines().map(str::trim);
                Ok(list(lines.filter(|line| !line.is_empty())))
            }),
        ),
        kind(
            "adapt/words",
            "The words of a text, without punctuation.",
            vec![in_text()],
            Slot::of("words", array(text()), "The words."),
            pure!(|inputs, _| {
                Ok(list(inputs[0].as_text().unwrap_or_default().unicode_words()))
            }),
        ),
        kind(
            "adapt/text",
            "Anything as text: numbers in digits, lists and results as JSON.",
            vec![whatever("What to write.")],
            Slot::of("text", text(), "The text."),
            pure!(|inputs, _| Ok(match &inputs[0] {
                Value::Text(text) => Value::Text(text.clone()),
                other => match other.to_json() {
                    Json::String(text) => text.into(),
                    json => json.to_string().into(),
                },
            })),
        ),
        kind(
            "adapt/number",
            "A number from a text, a truth value, or JSON.",
            vec![whatever("What to read.")],
            Slot::of("number", number(), "The number."),
            pure!(|inputs, _| to_number(&inputs[0])),
        ),
        kind(
            "adapt/category",
            "A text as one of the names that a category has.",
            vec![in_text()],
            Slot::new(
                "name",
                Shape::Chosen(|options| match names(options).as_slice() {
                    [] => Err("expected the category's names: of = [\"one\", \"two\"]".into()),
                    names => Ok(category(names.iter().cloned())),
                }),
                "The name.",
            ),
            |options, _| Box::new(OneOf(names(options))),
        )
        .with_option("of", array(text()).default(Value::Array(Vec::new())), "The names."),
        kind(
            "adapt/field",
            "A field of a JSON object, by its name.",
            vec![
                Slot::of("in", crate::signature::any(), "The object."),
                Slot::of(
                    "name",
                    text().min(1.0),
                    "The field; 'a.b' for b in a, 'a.0' for the first of a.",
                ),
            ],
            Slot::of("out", crate::signature::any(), "The field."),
            pure!(|inputs, _| field(&inputs[0], inputs[1].as_text().unwrap_or_default())),
        ),
        kind(
            "adapt/vector",
            "A vector from a list of numbers, or JSON.",
            vec![whatever("The numbers.")],
            Slot::new(
                "vector",
                Shape::Chosen(|options| match options.integer("length") as usize {
                    0 => Err("expected the vector's length: length = 2".into()),
                    length => Ok(vector(length)),
                }),
                "The vector.",
            ),
            |options, _| Box::new(ToVector(options.integer("length") as usize)),
        )
        .with_option("length", integer().min(0.0).max(65_536.0), "How many numbers."),
    ]
}

fn list<'a>(texts: impl Iterator<Item = &'a str>) -> Value {
    Value::Array(texts.map(Value::from).collect())
}

fn to_number(value: &Value) -> Result<Value, Error> {
    let number = match value {
        Value::Number(_) | Value::Integer(_) => value.as_number(),
        Value::Boolean(flag) => Some(f64::from(u8::from(*flag))),
        Value::Text(text) => text.trim().parse().ok(),
        Value::Any(Json::Number(number)) => number.as_f64(),
        Value::Any(Json::String(text)) => text.trim().parse().ok(),
        _ => None,
    };
    number
        .filter(|number| number.is_finite())
        .map(Value::Number)
        .ok_or_else(|| Error::expected("something that reads as a number", shown(value)))
}

fn shown(value: &Value) -> String {
    const MOST: usize = 40;
    let text = serde_json::to_string(value).unwrap_or_default();
    match text.chars().count() > MOST {
        true => format!("{}...", text.chars().take(MOST).collect::<String>()),
        false => text,
    }
}

fn names(options: &Values) -> Vec<String> {
    options.array("of").iter().filter_map(Value::as_text).map(String::from).collect()
}

fn field(value: &Value, path: &str) -> Result<Value, Error> {
    let Value::Any(json) = value else { return Err("expected a JSON object".into()) };
    let mut at = json;
    for name in path.split('.') {
        at = match at {
            Json::Array(items) => name.parse::<usize>().ok().and_then(|index| items.get(index)),
            other => other.get(name),
        }
        .ok_or_else(|| format!("there is no '{path}' in {}", shown(value)))?;
    }
    Ok(Value::Any(at.clone()))
}

struct OneOf(Vec<String>);

impl Part for OneOf {
    fn run(&mut self, inputs: &[Value], _: &Moment, out: &mut [Value]) -> Result<bool, Error> {
        let text = inputs[0].as_text().unwrap_or_default();
        let known = self.0.iter().any(|name| name == text);
        if !known {
            return Err(Error::invalid(format!(
                "expected one of {}, got '{text}'",
                self.0.join(", ")
            )));
        }
        out[0] = inputs[0].clone();
        Ok(true)
    }
}

struct ToVector(usize);

impl Part for ToVector {
    fn run(&mut self, inputs: &[Value], _: &Moment, out: &mut [Value]) -> Result<bool, Error> {
        let floats: Option<Vec<f32>> = match &inputs[0] {
            Value::Number(number) => Some(vec![*number as f32]),
            Value::Integer(integer) => Some(vec![*integer as f32]),
            Value::Vector(floats) => Some(floats.to_vec()),
            Value::Point(point) => Some(point.to_vec()),
            Value::BoundingBox(corners) => Some(corners.to_vec()),
            Value::Array(items) => {
                items.iter().map(|item| item.as_number().map(|n| n as f32)).collect()
            }
            Value::Any(Json::Array(items)) => {
                items.iter().map(|item| item.as_f64().map(|n| n as f32)).collect()
            }
            _ => None,
        };
        match floats {
            Some(floats) if floats.len() == self.0 => {
                out[0] = floats.into();
                Ok(true)
            }
            Some(floats) => {
                Err(Error::invalid(format!("expected {} numbers, got {}", self.0, floats.len())))
            }
            None => Err(Error::invalid(format!(
                "expected a list of {} numbers, got {}",
                self.0,
                shown(&inputs[0])
            ))),
        }
    }
}
