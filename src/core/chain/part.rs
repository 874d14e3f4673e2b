//! Parts: what runs within a chain itself, without a model: sources and adapters.

use super::adapt;
use super::source;
use crate::error::Error;
use crate::signature::{DataType, Field, Values};
use crate::time::Time;
use crate::value::Value;
use serde_json::Value as Json;
use std::sync::LazyLock;

/// A source or an adapter at work. It runs on the chain's own thread, so it must be quick; where its
/// values are numbers it should not allocate.
pub trait Part: Send {
    /// Takes what came and writes the outputs in place. Answers whether anything goes on from here.
    ///
    /// # Errors
    /// Plain words, when it can do nothing with the inputs.
    fn run(
        &mut self,
        inputs: &[Value],
        moment: &Moment,
        outputs: &mut [Value],
    ) -> Result<bool, Error>;

    /// An input has a new value that did not come over a wire.
    ///
    /// # Errors
    /// Plain words on what is still missing before the value can do anything; it is kept.
    fn set(&mut self, input: &str, value: &Value) -> Result<(), Error> {
        let _ = (input, value);
        Ok(())
    }

    /// A run of a model that it needs for itself. Asked after each change, until it answers none.
    fn run_request(&mut self) -> Option<PartRequest> {
        None
    }

    /// What came of its run request.
    ///
    /// # Errors
    /// Plain words for people, when what was asked of it can't be done.
    fn answer(&mut self, outcome: Result<&Values, &Error>) -> Result<(), Error> {
        let _ = outcome;
        Ok(())
    }

    /// Back to the beginning; values of inputs stay.
    fn reset(&mut self) {}

    /// All that it remembers, to come back to after a power cut.
    fn save(&self) -> Json {
        Json::Null
    }

    /// Comes back to what was saved; `inputs` says of what types its inputs are.
    ///
    /// # Errors
    /// Plain words, when that is not something that it saved.
    fn restore(&mut self, state: &Json, inputs: &[Field]) -> Result<(), Error> {
        let _ = (state, inputs);
        Ok(())
    }
}

/// When and where in a chain's life a part runs.
#[derive(Clone, Copy, Debug)]
pub struct Moment {
    /// The tick.
    pub step: u64,
    /// How long the chain has run; it does not count while it stands.
    pub time: Time,
    /// 64 random bits that follow from the chain's seed, the node's name and what set it off.
    pub chance: u64,
}

impl Moment {
    /// A number in 0..1 that follows from the moment alone.
    pub fn uniform(&self) -> f64 {
        (self.chance >> 11) as f64 / (1_u64 << 53) as f64
    }
}

/// A run of a model that a part asks for.
#[derive(Clone, Debug, PartialEq)]
pub struct PartRequest {
    /// The model's name.
    pub model: String,
    /// Its command.
    pub command: &'static str,
    /// The inputs.
    pub inputs: Values,
}

/// What sets a part off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rhythm {
    /// Ticks of the chain, if nothing is wired to it; else what is wired to it.
    Tick,
    /// What is wired to it.
    Arrival,
    /// A value that somebody sends to it.
    Message,
}

/// The type of a part's input or output, which may depend on what is wired to it.
#[derive(Clone, Debug)]
pub enum Shape {
    /// Always this.
    Fixed(DataType),
    /// Whatever it is, the same wherever it stands in one part.
    Same,
    /// An array of that.
    ArrayOfSame,
    /// Whatever it is.
    Whatever,
    /// As the node's options say.
    Chosen(fn(&Values) -> Result<DataType, Error>),
}

/// An input or output of a kind of part.
#[derive(Clone, Debug)]
pub struct Slot {
    /// The name.
    pub name: &'static str,
    /// What it is for, in a short sentence.
    pub description: &'static str,
    /// Its type.
    pub shape: Shape,
    /// Whether a value that comes here only waits until another input sets the part off.
    pub waits: bool,
}

impl Slot {
    /// An input or output.
    pub fn new(name: &'static str, shape: Shape, description: &'static str) -> Self {
        Self { name, description, shape, waits: false }
    }

    /// An input whose values only wait.
    pub fn waiting(name: &'static str, shape: Shape, description: &'static str) -> Self {
        Self { waits: true, ..Self::new(name, shape, description) }
    }

    /// An input or output of one type.
    pub fn of(name: &'static str, data_type: DataType, description: &'static str) -> Self {
        Self::new(name, Shape::Fixed(data_type), description)
    }
}

/// A kind of part, by the name that nodes run it under.
pub struct PartKind {
    /// "walk", "adapt/first".
    pub name: &'static str,
    /// What it does, in a short sentence.
    pub description: &'static str,
    /// What is chosen when it is made, and does not change after.
    pub options: Vec<Field>,
    /// What it takes.
    pub inputs: Vec<Slot>,
    /// What it gives.
    pub outputs: Vec<Slot>,
    /// What sets it off.
    pub rhythm: Rhythm,
    /// Makes one, with its options and the chain's seed.
    pub make: fn(&Values, u64) -> Box<dyn Part>,
}

/// All kinds: sources first.
pub fn kinds() -> &'static [PartKind] {
    static KINDS: LazyLock<Vec<PartKind>> =
        LazyLock::new(|| source::kinds().into_iter().chain(adapt::kinds()).collect());
    &KINDS
}

/// The adapters among them.
pub fn adapters() -> impl Iterator<Item = &'static PartKind> {
    kinds().iter().filter(|kind| kind.name.starts_with("adapt/"))
}

/// The kind of that name.
pub fn find(name: &str) -> Option<&'static PartKind> {
    kinds().iter().find(|kind| kind.name == name)
}

/// A part without memory: one value from its inputs.
pub struct Pure(pub fn(&[Value], &Moment) -> Result<Value, Error>);

impl Part for Pure {
    fn run(
        &mut self,
        inputs: &[Value],
        moment: &Moment,
        outputs: &mut [Value],
    ) -> Result<bool, Error> {
        outputs[0] = (self.0)(inputs, moment)?;
        Ok(true)
    }
}
