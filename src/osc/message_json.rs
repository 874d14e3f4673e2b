//! Messages as JSON, as recordings have them: the address, the OSC type tags, and the arguments.

use crate::{Argument, Message, Opaque};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use enjamb_core::Error;
use serde_json::{Value as Json, json};

/// Arrays within arrays go no deeper than this.
const MAX_DEPTH: usize = 16;

impl Message {
    /// `["/voyage/line", "is", 3, "Soft, in the tomb"]`. Blobs are in base64; time tags, MIDI messages
    /// and colours are lists of numbers; floats that are no numbers are "nan", "inf" and "-inf".
    pub fn to_json(&self) -> Json {
        let mut tags = String::new();
        let mut json = vec![Json::from(self.address.as_str()), Json::Null];
        json.extend(self.arguments.iter().map(|argument| spell(argument, &mut tags)));
        json[1] = tags.into();
        json.into()
    }

    /// Reads what [`to_json`](Self::to_json) wrote.
    ///
    /// # Errors
    /// Plain words, when it is something else.
    pub fn from_json(json: &Json) -> Result<Self, Error> {
        let wrong = || Error::from("expected a message as a list: address, type tags, arguments");
        let [address, tags, arguments @ ..] = json.as_array().map_or(&[][..], Vec::as_slice) else {
            return Err(wrong());
        };
        let (Some(address), Some(tags)) = (address.as_str(), tags.as_str()) else {
            return Err(wrong());
        };
        let mut tags = tags.chars();
        let arguments = arguments
            .iter()
            .map(|json| read(&mut tags, json, 0).ok_or_else(wrong))
            .collect::<Result<_, _>>()?;
        match tags.next() {
            None => Ok(Self { address: address.into(), arguments }),
            Some(_) => Err(wrong()),
        }
    }
}

fn spell(argument: &Argument, tags: &mut String) -> Json {
    let (tag, json) = match argument {
        Argument::Int(n) => ('i', json!(n)),
        Argument::Long(n) => ('h', json!(n)),
        // By the shortest decimal form, which reads as the same float.
        Argument::Float(n) if n.is_finite() => {
            ('f', n.to_string().parse::<f64>().map_or(json!(n), Json::from))
        }
        Argument::Float(n) => ('f', unreal(f64::from(*n))),
        Argument::Double(n) if n.is_finite() => ('d', json!(n)),
        Argument::Double(n) => ('d', unreal(*n)),
        Argument::Text(text) => ('s', json!(text)),
        Argument::Blob(bytes) => ('b', json!(BASE64.encode(bytes))),
        Argument::Bool(true) => ('T', json!(true)),
        Argument::Bool(false) => ('F', json!(false)),
        Argument::Nil => ('N', Json::Null),
        Argument::Impulse => ('I', json!("impulse")),
        Argument::Array(items) => {
            tags.push('[');
            (']', items.iter().map(|item| spell(item, tags)).collect())
        }
        Argument::Opaque(Opaque::Time(seconds, fraction)) => ('t', json!([seconds, fraction])),
        Argument::Opaque(Opaque::Midi(bytes)) => ('m', json!(bytes)),
        Argument::Opaque(Opaque::Color(bytes)) => ('r', json!(bytes)),
    };
    tags.push(tag);
    json
}

fn unreal(number: f64) -> Json {
    let words = if number.is_nan() {
        "nan"
    } else if number > 0.0 {
        "inf"
    } else {
        "-inf"
    };
    words.into()
}

fn read(tags: &mut std::str::Chars, json: &Json, depth: usize) -> Option<Argument> {
    let number = |json: &Json| match json.as_str() {
        Some("nan") => Some(f64::NAN),
        Some("inf") => Some(f64::INFINITY),
        Some("-inf") => Some(f64::NEG_INFINITY),
        Some(_) => None,
        None => json.as_f64(),
    };
    let bytes = |json: &Json| -> Option<[u8; 4]> {
        let read = |json: &Json| json.as_u64().and_then(|n| u8::try_from(n).ok());
        let bytes: Option<Vec<u8>> = json.as_array()?.iter().map(read).collect();
        bytes?.try_into().ok()
    };
    Some(match tags.next()? {
        'i' => Argument::Int(i32::try_from(json.as_i64()?).ok()?),
        'h' => Argument::Long(json.as_i64()?),
        'f' => Argument::Float(number(json)? as f32),
        'd' => Argument::Double(number(json)?),
        's' => Argument::Text(json.as_str()?.into()),
        'b' => Argument::Blob(BASE64.decode(json.as_str()?).ok()?),
        'T' => Argument::Bool(true),
        'F' => Argument::Bool(false),
        'N' => Argument::Nil,
        'I' => Argument::Impulse,
        '[' if depth < MAX_DEPTH => {
            let items = json.as_array()?.iter();
            let items = items.map(|item| read(tags, item, depth + 1)).collect::<Option<_>>()?;
            (tags.next()? == ']').then_some(Argument::Array(items))?
        }
        't' => {
            let part = |at: usize| json.get(at)?.as_u64().and_then(|n| u32::try_from(n).ok());
            Argument::Opaque(Opaque::Time(part(0)?, part(1)?))
        }
        'm' => Argument::Opaque(Opaque::Midi(bytes(json)?)),
        'r' => Argument::Opaque(Opaque::Color(bytes(json)?)),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_read_as_they_were_written() {
        let message = Message {
            address: "/a/b".into(),
            arguments: vec![
                Argument::Int(-7),
                Argument::Long(i64::MIN),
                Argument::Float(0.1),
                Argument::Float(-0.0),
                Argument::Float(f32::MIN_POSITIVE / 8.0),
                Argument::Float(f32::MAX),
                Argument::Float(f32::NEG_INFINITY),
                Argument::Double(0.1 + 0.2),
                Argument::Text("the \"moon\"\n".into()),
                Argument::Blob(vec![0, 255, 1]),
                Argument::Bool(true),
                Argument::Bool(false),
                Argument::Nil,
                Argument::Impulse,
                Argument::Array(vec![Argument::Int(1), Argument::Array(vec![]), Argument::Nil]),
                Argument::Opaque(Opaque::Time(1, u32::MAX)),
                Argument::Opaque(Opaque::Midi([1, 2, 3, 255])),
                Argument::Opaque(Opaque::Color([0, 0, 0, 1])),
            ],
        };
        let text = message.to_json().to_string();
        assert!(text.starts_with(r#"["/a/b","ihfffffdsbTFNI[i[]N]tmr",-7,"#), "{text}");
        assert!(text.contains(",0.1,-0.0,"), "{text}");
        let again = Message::from_json(&serde_json::from_str(&text).unwrap()).unwrap();
        assert_eq!(again, message);
        // Equality of floats takes 0 for -0.
        assert_eq!(again.to_json().to_string(), text);
    }

    #[test]
    fn every_float_keeps_its_bits() {
        for bits in (0..=u32::MAX).step_by(65_537) {
            let float = f32::from_bits(bits);
            let json = Message { address: "/f".into(), arguments: vec![Argument::Float(float)] };
            let text = json.to_json().to_string();
            let again = Message::from_json(&serde_json::from_str(&text).unwrap()).unwrap();
            let Argument::Float(again) = again.arguments[0] else { panic!("{text}") };
            assert!(again.to_bits() == bits || float.is_nan() && again.is_nan(), "{text}");
        }
    }

    #[test]
    fn what_is_no_message_is_refused() {
        for json in [
            json!(null),
            json!(["/a"]),
            json!(["/a", "i"]),
            json!(["/a", "", 1]),
            json!(["/a", "i", 0.5]),
            json!(["/a", "i", 3_000_000_000_u32]),
            json!(["/a", "[i", [1]]),
            json!(["/a", "z", 1]),
            json!(["/a", "m", [1, 2, 3]]),
        ] {
            assert!(Message::from_json(&json).is_err(), "{json}");
        }
    }
}
