//! Recordings: all that decides what a runtime sends, and what it sent, one JSON object a line, written
//! as it happens.
//!
//! What a chain does follows from the sequence of calls that are made to it, and what a model answers
//! from its inputs, its seed and the runs before. So a recording holds those, in the order in which
//! they took effect; of a chain's own runs it holds only where their answers came. `docs/recordings.md`
//! describes every line.

mod line;
mod reader;
mod sink;

pub use line::{FORMAT, Header, Line, RecordedEvent, Way};
pub use reader::{Ending, Reader};
pub use sink::{RecordSink, Recorder, Summary};
