//! OSC arguments into values by the signature, and values into messages.

use crate::Argument;
use enjamb_core::Error;
use enjamb_core::signature::{DataType, Field, Values};
use enjamb_core::value::{Image, Value};
use serde_json::Value as Json;

/// Reads a command's arguments: the inputs in the manifest's order, trailing ones left out. A nil or
/// an impulse in a scalar's place leaves it at its held value, so that a bare bang runs a command.
///
/// # Errors
/// Plain words: the input that does not fit, or how many arguments are too many.
pub(crate) fn read_inputs(arguments: &[Argument], fields: &[Field]) -> Result<Values, Error> {
    let mut values = Values::new();
    let mut rest = arguments;
    for field in fields {
        match rest {
            [] => break,
            [Argument::Nil | Argument::Impulse, after @ ..] => rest = after,
            _ => {
                let (value, after) = take(rest, &field.data_type).map_err(|problem| {
                    // Words that a patch sent apart are the likeliest reason for one too many.
                    let split = matches!(rest[0], Argument::Text(_)) && follows_text(fields, field);
                    let hint =
                        if split { "; a text with spaces must be sent as one string" } else { "" };
                    format!("{}: {problem}{hint}", field.name)
                })?;
                values.set(&field.name, value);
                rest = after;
            }
        }
    }
    match rest {
        [] | [Argument::Nil | Argument::Impulse] => Ok(values),
        [Argument::Text(word), ..] => Err(Error::invalid(format!(
            "unexpected argument '{word}': a text with spaces must be sent as one string"
        ))),
        _ => Err(too_many(rest.len()).into()),
    }
}

fn follows_text(fields: &[Field], field: &Field) -> bool {
    let at = fields.iter().position(|known| known.name == field.name).unwrap_or(0);
    at > 0 && matches!(fields[at - 1].data_type, DataType::Text { .. })
}

fn too_many(n: usize) -> String {
    match n {
        1 => "one argument too many".into(),
        n => format!("{n} arguments too many"),
    }
}

/// Reads the one value of a held input from all of a message's arguments.
///
/// # Errors
/// Plain words on what was expected.
pub(crate) fn read_value(arguments: &[Argument], data_type: &DataType) -> Result<Value, Error> {
    if arguments.is_empty() {
        return Err(Error::invalid(format!(
            "expected {}, got no argument",
            data_type.expectation()
        )));
    }
    let (value, rest) = take(arguments, data_type)?;
    match rest.len() {
        0 => Ok(value),
        n => Err(Error::invalid(format!(
            "expected {}, got {}",
            data_type.expectation(),
            too_many(n)
        ))),
    }
}

/// Takes one value off the front of the arguments, and gives back the others.
fn take<'a>(
    arguments: &'a [Argument],
    data_type: &DataType,
) -> Result<(Value, &'a [Argument]), Error> {
    let unlike = |found: &Argument| {
        Err(Error::invalid(format!(
            "expected {}, got {}",
            data_type.expectation(),
            found.describe()
        )))
    };
    let [first, rest @ ..] = arguments else {
        return Err(Error::invalid(format!(
            "expected {}, got no argument",
            data_type.expectation()
        )));
    };
    let value = match (data_type, first) {
        (DataType::Vector { length, .. }, _) => return take_vector(arguments, *length),
        (DataType::Array { item, .. }, _) => {
            let (value, rest) = take_array(arguments, item)?;
            return data_type.accept(value).map(|value| (value, rest));
        }
        (DataType::Text { .. } | DataType::Category { .. }, Argument::Text(text)) => {
            Value::from(text.as_str())
        }
        (DataType::File { .. }, Argument::Text(path)) => Value::File(path.as_str().into()),
        (DataType::Number { .. }, number) => match number.as_f64() {
            Some(number) => Value::Number(number),
            None => return unlike(first),
        },
        (DataType::Integer { .. }, number) => match (number, number.as_f64()) {
            (Argument::Int(integer), _) => Value::Integer(i64::from(*integer)),
            (Argument::Long(integer), _) => Value::Integer(*integer),
            (_, Some(number)) => Value::Number(number),
            _ => return unlike(first),
        },
        // Pd, Max and sclang have no true and false, only 1 and 0.
        (DataType::Boolean { .. }, flag) => match (flag, flag.as_f64()) {
            (Argument::Bool(flag), _) => Value::Boolean(*flag),
            (_, Some(number)) if number == 0.0 || number == 1.0 => Value::Boolean(number == 1.0),
            _ => return unlike(first),
        },
        (DataType::Image { .. }, Argument::Blob(bytes)) => {
            Value::Image(Image::from_bytes(bytes.as_slice())?)
        }
        (DataType::Image { .. } | DataType::Segmentation { .. }, Argument::Text(uri)) => {
            return data_type.read_json(&Json::from(uri.as_str())).map(|value| (value, rest));
        }
        (DataType::ImagePoint, _) => return take_floats::<2>(arguments, data_type),
        (DataType::ImageBoundingBox, _) => return take_floats::<4>(arguments, data_type),
        // What has no OSC form of its own comes as one string of JSON.
        (DataType::Any | DataType::ImageLandmarks { .. }, Argument::Text(json)) => {
            let json: Json = serde_json::from_str(json)
                .map_err(|error| format!("expected JSON in a string: {error}"))?;
            return data_type.read_json(&json).map(|value| (value, rest));
        }
        _ => return unlike(first),
    };
    data_type.accept(value).map(|value| (value, rest))
}

/// A vector comes as its floats or ints, as an OSC array of them, or as one blob of big-endian f32.
fn take_vector(arguments: &[Argument], length: usize) -> Result<(Value, &[Argument]), Error> {
    let accept = |floats: Vec<f32>, rest| {
        let data_type = enjamb_core::signature::vector(length);
        data_type.accept(Value::from(floats)).map(|value| (value, rest))
    };
    match arguments {
        [Argument::Blob(bytes), rest @ ..] => {
            if bytes.len() != length * 4 {
                return Err(Error::invalid(format!(
                    "expected a blob of {} bytes ({length} big-endian f32), got {} bytes",
                    length * 4,
                    bytes.len()
                )));
            }
            let float = |four: &[u8]| f32::from_be_bytes([four[0], four[1], four[2], four[3]]);
            accept(bytes.chunks_exact(4).map(float).collect(), rest)
        }
        [Argument::Array(items), rest @ ..] => accept(leading_floats(items), rest),
        _ => {
            let floats = leading_floats(arguments);
            let n_taken = floats.len().min(length);
            if n_taken < length {
                return Err(Error::invalid(format!("expected {length} floats, got {n_taken}")));
            }
            accept(floats[..length].to_vec(), &arguments[length..])
        }
    }
}

fn leading_floats(arguments: &[Argument]) -> Vec<f32> {
    arguments.iter().map_while(|argument| argument.as_f64().map(|n| n as f32)).collect()
}

fn take_floats<'a, const N: usize>(
    arguments: &'a [Argument],
    data_type: &DataType,
) -> Result<(Value, &'a [Argument]), Error> {
    let (vector, rest) = take_vector(arguments, N)?;
    let json = vector.to_json();
    data_type.read_json(&json).map(|value| (value, rest))
}

/// An array comes as an OSC array, as a string of JSON, or as the longest run of arguments that fit
/// its item type.
fn take_array<'a>(
    arguments: &'a [Argument],
    item: &DataType,
) -> Result<(Value, &'a [Argument]), Error> {
    if let [Argument::Array(items), rest @ ..] = arguments {
        let (values, left) = take_run(items, item)?;
        return match left {
            [] => Ok((values, rest)),
            [odd, ..] => Err(Error::invalid(format!(
                "expected {} in the array, got {}",
                item.name(),
                odd.describe()
            ))),
        };
    }
    if let [Argument::Text(text), rest @ ..] = arguments
        && text.starts_with('[')
        && let Ok(json @ Json::Array(_)) = serde_json::from_str::<Json>(text)
    {
        let list = enjamb_core::signature::array(item.clone());
        return list.read_json(&json).map(|value| (value, rest));
    }
    let (values, rest) = take_run(arguments, item)?;
    match rest.len() < arguments.len() {
        true => Ok((values, rest)),
        false => Err(Error::invalid(format!(
            "expected an array, each item {}, got {}",
            item.expectation(),
            arguments[0].describe()
        ))),
    }
}

fn take_run<'a>(
    mut arguments: &'a [Argument],
    item: &DataType,
) -> Result<(Value, &'a [Argument]), Error> {
    let mut values = Vec::new();
    while let Ok((value, rest)) = take(arguments, item) {
        values.push(value);
        arguments = rest;
    }
    Ok((Value::Array(values), arguments))
}

/// Whether a type is a number that counts.
pub(crate) fn is_whole(data_type: &DataType) -> bool {
    match data_type {
        DataType::Integer { .. } => true,
        DataType::Number { step, .. } => *step == Some(1.0),
        _ => false,
    }
}

pub(crate) fn write_value(value: &Value, arguments: &mut Vec<Argument>) {
    match value {
        Value::Text(text) | Value::File(text) => arguments.push(Argument::Text(text.to_string())),
        Value::Number(number) => arguments.push(Argument::Float(*number as f32)),
        // A float as well, so that outputs are of one type whatever counts in them.
        Value::Integer(integer) => arguments.push(Argument::Float(*integer as f32)),
        // Sent as an int, since Pd and sclang do not read T and F.
        Value::Boolean(boolean) => arguments.push(Argument::Int(i32::from(*boolean))),
        Value::Vector(floats) => arguments.extend(floats.iter().copied().map(Argument::Float)),
        Value::Point(point) => arguments.extend(point.map(Argument::Float)),
        Value::BoundingBox(bounds) => arguments.extend(bounds.map(Argument::Float)),
        Value::Landmarks(points) => {
            arguments.extend(points.as_flattened().iter().copied().map(Argument::Float));
        }
        Value::Image(image) => arguments.push(Argument::Blob(image.to_wire().1.to_vec())),
        Value::Segmentation(segmentation) => {
            arguments.push(Argument::Text(segmentation.to_data_uri()));
        }
        Value::Any(json) => arguments.push(Argument::Text(json.to_string())),
        // An array within an array has no flat form: it comes as one string of JSON.
        nested @ Value::Array(_) => arguments.push(Argument::Text(nested.to_json().to_string())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Argument::{Array, Blob, Bool, Double, Float, Impulse, Int, Long, Nil};
    use enjamb_core::signature::{
        Command, any, array, boolean, image_point, integer, number, text, vector,
    };

    fn words(text: &str) -> Argument {
        Argument::Text(text.into())
    }

    fn nearest() -> Vec<Field> {
        Command::new("nearest", "")
            .input("text", text().min(1.0), "")
            .input("among", array(text()), "")
            .input("k", number().min(1.0).default(1.0), "")
            .inputs
    }

    fn mixed() -> Vec<Field> {
        Command::new("mixed", "")
            .input("z", vector(2), "")
            .input("flag", boolean(), "")
            .input("at", image_point(), "")
            .input("more", any(), "")
            .inputs
    }

    fn counted() -> Vec<Field> {
        Command::new("counted", "")
            .input("n", integer().min(1.0).max(64.0), "")
            .input("x", number(), "")
            .inputs
    }

    #[test]
    fn arguments_fill_inputs_in_order() {
        let blob = Blob([1.0_f32, 2.0].iter().flat_map(|float| float.to_be_bytes()).collect());
        let cases: Vec<(Vec<Argument>, Vec<Field>, &str)> = vec![
            (vec![], nearest(), r#"{}"#),
            (vec![Impulse], nearest(), r#"{}"#),
            (
                vec![words("a"), words("b"), words("c"), Int(2)],
                nearest(),
                r#"{"text":"a","among":["b","c"],"k":2}"#,
            ),
            (
                vec![words("a"), Array(vec![words("b")]), Float(2.0)],
                nearest(),
                r#"{"text":"a","among":["b"],"k":2}"#,
            ),
            (
                vec![words("a"), words(r#"["b, c"]"#), Double(2.0)],
                nearest(),
                r#"{"text":"a","among":["b, c"],"k":2}"#,
            ),
            (vec![words("a"), Nil, Int(3)], nearest(), r#"{"text":"a","k":3}"#),
            (
                vec![Float(1.0), Int(2), Int(1), Float(0.5), Float(1.0), words("{\"a\":1}")],
                mixed(),
                r#"{"z":[1.0,2.0],"flag":true,"at":[0.5,1.0],"more":{"a":1}}"#,
            ),
            (vec![blob, Bool(false)], mixed(), r#"{"z":[1.0,2.0],"flag":false}"#),
            (vec![Array(vec![Int(1), Int(2)])], mixed(), r#"{"z":[1.0,2.0]}"#),
            (vec![Int(3), Int(3)], counted(), r#"{"n":3,"x":3}"#),
            (vec![Long(3), Long(3)], counted(), r#"{"n":3,"x":3}"#),
            (vec![Float(3.0), Float(0.5)], counted(), r#"{"n":3,"x":0.5}"#),
            (vec![Double(3.0), Double(0.5)], counted(), r#"{"n":3,"x":0.5}"#),
        ];
        for (arguments, fields, expected) in cases {
            let values = read_inputs(&arguments, &fields).unwrap();
            assert_eq!(serde_json::to_string(&values).unwrap(), expected);
        }
    }

    #[test]
    fn what_does_not_fit_is_named() {
        let cases: Vec<(Vec<Argument>, Vec<Field>, &str)> = vec![
            (vec![Int(1)], nearest(), "text: expected text, not empty, got the int 1"),
            (vec![words("")], nearest(), "text: expected at least 1 character, got 0"),
            (vec![words("a"), Int(1)], nearest(), "among: expected an array, each item text, got"),
            (
                vec![words("a"), words("b"), Int(1), words("c")],
                nearest(),
                "unexpected argument 'c': a text with spaces must be sent as one string",
            ),
            (vec![Float(1.0)], mixed(), "z: expected 2 floats, got 1"),
            (vec![Blob(vec![0; 7])], mixed(), "z: expected a blob of 8 bytes"),
            (vec![Float(f32::NAN), Int(1)], mixed(), "z: expected finite floats, got NaN"),
            (vec![Float(1.5)], counted(), "n: expected a whole number in 1..64, got 1.5"),
            (vec![Double(1.5)], counted(), "n: expected a whole number in 1..64, got 1.5"),
            (vec![Long(65)], counted(), "n: expected a number in 1..64, got 65"),
            (vec![words("3")], counted(), "n: expected a number in 1..64, got the text"),
            (vec![Int(1), Int(2), Int(2)], mixed(), "flag: expected true or false, got the int 2"),
        ];
        for (arguments, fields, expected) in cases {
            let problem = read_inputs(&arguments, &fields).unwrap_err();
            assert!(problem.message().contains(expected), "'{problem}' lacks '{expected}'");
        }
    }
}
