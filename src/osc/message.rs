//! OSC messages and their arguments, whatever library decoded them.

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
