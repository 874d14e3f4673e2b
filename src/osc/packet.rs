//! OSC packets: bytes into messages and back. rosc reads and writes the messages; bundles are walked
//! here, since rosc 0.11.4 recurses on nested ones and drops what follows a bad one without a word.

use crate::{Argument, Message, Opaque};
use enjamb_core::Error;
use rosc::{
    OscArray, OscBundle, OscColor, OscError, OscMessage, OscMidiMessage, OscPacket, OscTime,
    OscType,
};
use std::ops::Range;

/// Bundles within bundles go no deeper than this.
const MAX_BUNDLE_DEPTH: usize = 16;
/// Arrays within arrays go no deeper than this; freeing them recurses.
const MAX_ARRAY_DEPTH: usize = 16;
/// A message has no more arguments than this: each costs more memory than its type tag.
const MAX_ARGUMENTS: usize = 70_000;
/// The time tag that means "now".
const IMMEDIATELY: u64 = 1;

/// When a message should be acted on: an NTP time, as in OSC 1.0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimeTag {
    /// At once.
    Now,
    /// Seconds since 1900 in 32.32 fixed point.
    At(u64),
}

/// Reads a datagram or frame and hands over each message in order, with the time tag of the bundle
/// around it. What is wrong with one part is handed over too, and costs that part alone.
pub fn read(bytes: &[u8], mut hand_over: impl FnMut(TimeTag, Result<Message, Error>)) {
    // What is left to read: ranges of elements, the innermost last.
    let mut stack: Vec<(TimeTag, Range<usize>)> = Vec::new();
    match open_bundle(bytes, 0..bytes.len()) {
        Ok(Some(bundle)) => stack.push(bundle),
        Ok(None) => hand_over(TimeTag::Now, read_message(bytes)),
        Err(problem) => hand_over(TimeTag::Now, Err(problem)),
    }
    while let Some((time, rest)) = stack.last_mut() {
        let time = *time;
        if rest.start == rest.end {
            stack.pop();
            continue;
        }
        let element = match next_element(bytes, rest) {
            Ok(element) => element,
            Err(problem) => {
                // Where the next element begins can't be known any more.
                hand_over(time, Err(problem));
                stack.pop();
                continue;
            }
        };
        match open_bundle(bytes, element.clone()) {
            Ok(Some(_)) if stack.len() == MAX_BUNDLE_DEPTH => {
                let words = format!("bundles are nested deeper than {MAX_BUNDLE_DEPTH}");
                hand_over(time, Err(words.into()));
            }
            Ok(Some(bundle)) => stack.push(bundle),
            Ok(None) => hand_over(time, read_message(&bytes[element])),
            Err(problem) => hand_over(time, Err(problem)),
        }
    }
}

fn open_bundle(bytes: &[u8], at: Range<usize>) -> Result<Option<(TimeTag, Range<usize>)>, Error> {
    const HEADER: &[u8] = b"#bundle\0";
    let Some(rest) = bytes[at.clone()].strip_prefix(HEADER) else { return Ok(None) };
    let Some((time, _)) = rest.split_first_chunk::<8>() else {
        return Err("a bundle is cut off in its time tag".into());
    };
    let time = match u64::from_be_bytes(*time) {
        0 | IMMEDIATELY => TimeTag::Now,
        ntp => TimeTag::At(ntp),
    };
    Ok(Some((time, at.start + HEADER.len() + 8..at.end)))
}

fn next_element(bytes: &[u8], rest: &mut Range<usize>) -> Result<Range<usize>, Error> {
    let Some((size, _)) = bytes[rest.clone()].split_first_chunk::<4>() else {
        return Err(Error::invalid(format!("a bundle ends with {} stray bytes", rest.len())));
    };
    let size = u32::from_be_bytes(*size) as usize;
    let start = rest.start + 4;
    if size > rest.end - start {
        return Err(Error::invalid(format!(
            "a bundle's element claims {size} bytes, and {} are there",
            rest.end - start
        )));
    }
    rest.start = start + size;
    Ok(start..start + size)
}

/// Reads a single message.
fn read_message(bytes: &[u8]) -> Result<Message, Error> {
    if bytes.first() != Some(&b'/') {
        return Err(match bytes.len() {
            0 => "an empty packet".into(),
            _ => "no OSC: expected an address that starts with '/', or '#bundle'".into(),
        });
    }
    let n_address = padded_length(bytes).ok_or("the address has no end")?;
    let mut bytes = bytes.to_vec();
    match bytes.get(n_address) {
        // An address alone is a message without arguments, as old senders write it.
        None => bytes.extend_from_slice(b",\0\0\0"),
        Some(b',') => {
            let tags = &mut bytes[n_address..];
            let n_tags =
                tags.iter().position(|&byte| byte == 0).ok_or("the type tags have no end")?;
            check_tags(&mut tags[..n_tags])?;
        }
        Some(_) => return Err("the arguments have no type tags, so they can't be read".into()),
    }
    match rosc::decoder::decode_udp(&bytes) {
        Ok((_, OscPacket::Message(message))) => Ok(Message {
            address: message.addr,
            arguments: message.args.into_iter().map(argument).collect(),
        }),
        Ok((_, OscPacket::Bundle(_))) => Err("a bundle where a message was expected".into()),
        Err(OscError::StringError(_)) => Err("a text is no UTF-8, so it can't be read".into()),
        Err(_) => {
            Err("the message can't be read: it is cut off, or an argument's type is unknown".into())
        }
    }
}

fn padded_length(bytes: &[u8]) -> Option<usize> {
    let n_text = bytes.iter().position(|&byte| byte == 0)?;
    Some((n_text + 4) & !3)
}

/// Refuses what rosc would choke on, and spells `S` (a symbol) as the string that it is.
fn check_tags(tags: &mut [u8]) -> Result<(), Error> {
    if tags.len() > MAX_ARGUMENTS {
        return Err(Error::invalid(format!(
            "expected at most {MAX_ARGUMENTS} arguments, got {}",
            tags.len() - 1
        )));
    }
    let mut depth = 0;
    for tag in &mut tags[1..] {
        match tag {
            b'S' => *tag = b's',
            b'[' if depth == MAX_ARRAY_DEPTH => {
                return Err(Error::invalid(format!(
                    "arrays are nested deeper than {MAX_ARRAY_DEPTH}"
                )));
            }
            b'[' => depth += 1,
            b']' if depth == 0 => return Err("an array ends that never began".into()),
            b']' => depth -= 1,
            _ => {}
        }
    }
    match depth {
        0 => Ok(()),
        _ => Err("an array begins that never ends".into()),
    }
}

fn argument(osc: OscType) -> Argument {
    match osc {
        OscType::Int(n) => Argument::Int(n),
        OscType::Long(n) => Argument::Long(n),
        OscType::Float(n) => Argument::Float(n),
        OscType::Double(n) => Argument::Double(n),
        OscType::String(text) => Argument::Text(text),
        OscType::Char(char) => Argument::Text(char.into()),
        OscType::Blob(bytes) => Argument::Blob(bytes),
        OscType::Bool(flag) => Argument::Bool(flag),
        OscType::Nil => Argument::Nil,
        OscType::Inf => Argument::Impulse,
        OscType::Array(array) => Argument::Array(array.content.into_iter().map(argument).collect()),
        OscType::Time(time) => Argument::Opaque(Opaque::Time(time.seconds, time.fractional)),
        OscType::Midi(midi) => {
            Argument::Opaque(Opaque::Midi([midi.port, midi.status, midi.data1, midi.data2]))
        }
        OscType::Color(color) => {
            Argument::Opaque(Opaque::Color([color.red, color.green, color.blue, color.alpha]))
        }
    }
}

fn osc_type(argument: &Argument, ascii: bool) -> OscType {
    match argument {
        Argument::Int(n) => OscType::Int(*n),
        Argument::Long(n) => OscType::Long(*n),
        Argument::Float(n) => OscType::Float(*n),
        Argument::Double(n) => OscType::Double(*n),
        Argument::Text(text) => OscType::String(clean(text, ascii)),
        Argument::Blob(bytes) => OscType::Blob(bytes.clone()),
        Argument::Bool(flag) => OscType::Bool(*flag),
        Argument::Nil => OscType::Nil,
        Argument::Impulse => OscType::Inf,
        Argument::Array(items) => {
            let content = items.iter().map(|item| osc_type(item, ascii)).collect();
            OscType::Array(OscArray { content })
        }
        Argument::Opaque(Opaque::Time(seconds, fractional)) => {
            OscType::Time(OscTime { seconds: *seconds, fractional: *fractional })
        }
        Argument::Opaque(Opaque::Midi([port, status, data1, data2])) => {
            let (port, status, data1, data2) = (*port, *status, *data1, *data2);
            OscType::Midi(OscMidiMessage { port, status, data1, data2 })
        }
        Argument::Opaque(Opaque::Color([red, green, blue, alpha])) => {
            let (red, green, blue, alpha) = (*red, *green, *blue, *alpha);
            OscType::Color(OscColor { red, green, blue, alpha })
        }
    }
}

/// A zero would end an OSC string early, and shift all that follows.
fn clean(text: &str, ascii: bool) -> String {
    let text = text.replace('\0', "");
    if ascii && !text.is_ascii() { deunicode::deunicode(&text) } else { text }
}

/// Writes a message; `ascii` spells its texts in ASCII.
pub fn write(message: &Message, ascii: bool) -> Vec<u8> {
    let args = message.arguments.iter().map(|argument| osc_type(argument, ascii)).collect();
    let packet = OscPacket::Message(OscMessage { addr: clean(&message.address, ascii), args });
    rosc::encoder::encode(&packet).expect("writing into memory can't fail")
}

/// Gathers written messages into bundles of at most `limit` bytes each; one that would be longer
/// even in a bundle of its own stays a message.
pub fn bundle<'a>(messages: impl Iterator<Item = &'a [u8]>, limit: usize) -> Vec<Vec<u8>> {
    let header = || {
        let time = OscTime { seconds: 0, fractional: IMMEDIATELY as u32 };
        let empty = OscPacket::Bundle(OscBundle { timetag: time, content: Vec::new() });
        rosc::encoder::encode(&empty).expect("writing into memory can't fail")
    };
    let mut bundles: Vec<Vec<u8>> = Vec::new();
    for message in messages {
        const N_AROUND: usize = 16 + 4;
        if message.len().saturating_add(N_AROUND) > limit {
            bundles.push(message.to_vec());
            continue;
        }
        // The last one may be a message, to which nothing can be added.
        let fits = |bundle: &&mut Vec<u8>| {
            bundle.starts_with(b"#") && bundle.len() + 4 + message.len() <= limit
        };
        let bundle = match bundles.last_mut().filter(fits) {
            Some(bundle) => bundle,
            None => {
                bundles.push(header());
                bundles.last_mut().expect("one was pushed just now")
            }
        };
        bundle.extend_from_slice(&(message.len() as u32).to_be_bytes());
        bundle.extend_from_slice(message);
    }
    bundles
}

/// Splits a message whose written form is over `limit` bytes. What can be split is a run of floats
/// at the end: each part goes to `<address>/part` with the arguments before the run, the index of
/// its first float and the count of all, then its floats.
///
/// # Errors
/// Plain words when the message is too long and has no such run.
pub fn split(message: &Message, n_written: usize, limit: usize) -> Result<Vec<Message>, Error> {
    let is_float = |argument: &&Argument| matches!(argument, Argument::Float(_));
    let n_floats = message.arguments.iter().rev().take_while(is_float).count();
    let (before, floats) = message.arguments.split_at(message.arguments.len() - n_floats);
    // Each float costs its four bytes and a type tag; padding and the two counts come on top.
    let n_around = n_written - 5 * n_floats + 32;
    let per_part = limit.saturating_sub(n_around) / 5;
    if n_floats < 2 || per_part == 0 {
        return Err(Error::invalid(format!(
            "a message of {n_written} bytes is too long for a datagram of {limit}: \
             listen over TCP or WebSocket to get it"
        )));
    }
    let parts = floats.chunks(per_part).enumerate().map(|(index, part)| {
        let counts = [index * per_part, n_floats].map(|count| Argument::Int(count as i32));
        let arguments = [before, &counts, part].concat();
        Message { address: format!("{}/part", message.address), arguments }
    });
    Ok(parts.collect())
}

#[cfg(test)]
mod tests;
