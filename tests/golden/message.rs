//! OSC by hand: messages from their written form into bytes, and bytes into the written form.
//!
//! A message is written as its address, its type tags and its arguments as JSON:
//! `/poetry/sample ,if [2,0.5]`. A blob is in hexadecimal; a time tag, a MIDI message and a colour are lists
//! of numbers; nil and an impulse are null; a float that is no number is "nan", "inf" or "-inf".

use super::file;
use serde_json::{Value as Json, json};

/// A message in its written form.
#[derive(Clone, Debug, PartialEq)]
pub struct Message {
    pub address: String,
    pub tags: String,
    pub arguments: Vec<Json>,
}

/// What a datagram or frame holds.
#[derive(Debug)]
pub enum Packet {
    Message(Message),
    Bundle(Vec<Packet>),
}

impl Message {
    /// A message from its written form.
    pub fn read(text: &str) -> Self {
        let (address, rest) = text.split_once(" ,").unwrap_or((text, ""));
        let (tags, json) = rest.split_once(' ').unwrap_or((rest, "[]"));
        let arguments =
            serde_json::from_str(json).unwrap_or_else(|error| panic!("{error}: {text}"));
        Self { address: address.into(), tags: tags.into(), arguments }
    }

    /// The written form in one line.
    pub fn write(&self) -> String {
        match self.tags.as_str() {
            "" => self.address.clone(),
            tags if tags.len() > 100 => {
                let (begin, all) = (&tags[..8], tags.len());
                format!("{} ,{begin}... {all} in all {}", self.address, file::row(&self.arguments))
            }
            tags => format!("{} ,{tags} {}", self.address, file::row(&self.arguments)),
        }
    }

    /// The bytes of a packet.
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = padded(&self.address);
        bytes.extend(padded(&format!(",{}", self.tags)));
        let (mut tags, mut arguments) = (self.tags.chars(), self.arguments.iter());
        encode_all(&mut tags, &mut arguments, &mut bytes);
        assert!(tags.next().is_none() && arguments.next().is_none(), "{self:?}");
        bytes
    }
}

impl Packet {
    /// The first message's address.
    pub fn first(&self) -> Option<&str> {
        match self {
            Self::Message(message) => Some(&message.address),
            Self::Bundle(packets) => packets.first()?.first(),
        }
    }
}

/// A bundle that means now, or a time in NTP's 32.32 fixed point.
pub fn bundle(time: u64, packets: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = padded("#bundle");
    bytes.extend(time.to_be_bytes());
    for packet in packets {
        bytes.extend((packet.len() as u32).to_be_bytes());
        bytes.extend(packet);
    }
    bytes
}

/// Reads a whole packet.
pub fn decode(bytes: &[u8]) -> Packet {
    if !bytes.starts_with(b"#bundle\0") {
        return Packet::Message(decode_message(bytes));
    }
    let (mut rest, mut packets) = (&bytes[16..], Vec::new());
    while let Some((size, after)) = rest.split_first_chunk::<4>() {
        let (packet, after) = after.split_at(u32::from_be_bytes(*size) as usize);
        packets.push(decode(packet));
        rest = after;
    }
    Packet::Bundle(packets)
}

fn padded(text: &str) -> Vec<u8> {
    let mut bytes = text.as_bytes().to_vec();
    bytes.resize((bytes.len() + 4) & !3, 0);
    bytes
}

fn encode_all(
    tags: &mut std::str::Chars,
    arguments: &mut std::slice::Iter<Json>,
    bytes: &mut Vec<u8>,
) {
    while let Some(tag) = tags.next() {
        if tag == ']' {
            assert!(arguments.next().is_none(), "an array has more items than tags");
            return;
        }
        let argument = arguments.next().expect("as many arguments as tags");
        let number = || match argument.as_str() {
            Some("nan") => f64::NAN,
            Some("inf") => f64::INFINITY,
            Some("-inf") => f64::NEG_INFINITY,
            _ => argument.as_f64().expect("a number"),
        };
        let numbers = || argument.as_array().unwrap().iter().map(|n| n.as_u64().unwrap());
        match tag {
            'i' => bytes.extend((argument.as_i64().unwrap() as i32).to_be_bytes()),
            'h' => bytes.extend(argument.as_i64().unwrap().to_be_bytes()),
            'f' => bytes.extend((number() as f32).to_be_bytes()),
            'd' => bytes.extend(number().to_be_bytes()),
            's' | 'S' => bytes.extend(padded(argument.as_str().unwrap())),
            'c' => {
                let char = argument.as_str().unwrap().chars().next().unwrap();
                bytes.extend(u32::from(char).to_be_bytes());
            }
            'b' => {
                let blob = from_hex(argument.as_str().unwrap());
                bytes.extend((blob.len() as u32).to_be_bytes());
                bytes.extend(&blob);
                bytes.resize(bytes.len().next_multiple_of(4), 0);
            }
            't' => numbers().for_each(|n| bytes.extend((n as u32).to_be_bytes())),
            'm' | 'r' => numbers().for_each(|n| bytes.push(n as u8)),
            'T' | 'F' | 'N' | 'I' => {}
            '[' => encode_all(tags, &mut argument.as_array().unwrap().iter(), bytes),
            other => panic!("no type tag: {other}"),
        }
    }
}

/// Bytes from their hexadecimal form; spaces may stand between.
pub fn from_hex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text.bytes().filter(|byte| *byte != b' ').collect();
    let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
    digits.chunks(2).map(byte).collect()
}

fn decode_message(bytes: &[u8]) -> Message {
    let mut rest = bytes;
    let address = take_text(&mut rest);
    let tags = take_text(&mut rest).trim_start_matches(',').to_string();
    let arguments = decode_all(&mut tags.chars(), &mut rest);
    assert!(rest.is_empty(), "{address} ,{tags} has bytes left: {rest:?}");
    Message { address, tags, arguments }
}

fn take<const N: usize>(rest: &mut &[u8]) -> [u8; N] {
    let (taken, after) = rest.split_first_chunk::<N>().expect("an argument is whole");
    *rest = after;
    *taken
}

fn take_text(rest: &mut &[u8]) -> String {
    let length = rest.iter().position(|byte| *byte == 0).expect("a text has an end");
    let text = String::from_utf8(rest[..length].to_vec()).expect("a text is UTF-8");
    *rest = &rest[(length + 4) & !3..];
    text
}

fn decode_all(tags: &mut std::str::Chars, rest: &mut &[u8]) -> Vec<Json> {
    let mut arguments = Vec::new();
    while let Some(tag) = tags.next() {
        arguments.push(match tag {
            ']' => return arguments,
            'i' => json!(i32::from_be_bytes(take(rest))),
            'h' => json!(i64::from_be_bytes(take(rest))),
            'f' => {
                let float = f32::from_be_bytes(take(rest));
                // The shortest decimals, which read as the same float.
                real(float.to_string().parse().unwrap())
            }
            'd' => real(f64::from_be_bytes(take(rest))),
            's' | 'S' => json!(take_text(rest)),
            'c' => json!(char::from_u32(u32::from_be_bytes(take(rest)))),
            'b' => {
                let length = u32::from_be_bytes(take(rest)) as usize;
                let hex: String = rest[..length].iter().map(|byte| format!("{byte:02x}")).collect();
                *rest = &rest[length.next_multiple_of(4)..];
                json!(hex)
            }
            't' => json!([u32::from_be_bytes(take(rest)), u32::from_be_bytes(take(rest))]),
            'm' | 'r' => json!(take::<4>(rest)),
            'T' => json!(true),
            'F' => json!(false),
            'N' | 'I' => Json::Null,
            '[' => Json::Array(decode_all(tags, rest)),
            other => panic!("no type tag: {other}"),
        });
    }
    arguments
}

fn real(number: f64) -> Json {
    match number {
        n if n.is_nan() => json!("nan"),
        f64::INFINITY => json!("inf"),
        f64::NEG_INFINITY => json!("-inf"),
        n => json!(n),
    }
}
