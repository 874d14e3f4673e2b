//! The inputs of the map's commands, by command and in order, and its options.

use enjamb_core::model::Setup;
use enjamb_core::signature::Input;
use enjamb_core::value::Value;

pub mod options {
    use super::*;
    pub const PATH: Input<str> = Setup::PATH;
    pub const FOLDER: Input<str> = Input::new(1, "folder");
    pub const THREADS: Input<i64> = Input::new(2, "threads");
}

/// The sentences that `project`, `add` and `remove` take first.
pub const TEXTS: Input<[Value]> = Input::new(0, "texts");
/// The name of a file, for `save` and `load`.
pub const NAME: Input<str> = Input::new(0, "name");

pub mod project {
    pub use super::TEXTS;
    use super::*;
    pub const VECTORS: Input<[Value]> = Input::new(1, "vectors");
    pub const METHOD: Input<str> = Input::new(2, "method");
    pub const PERPLEXITY: Input<f64> = Input::new(3, "perplexity");
    pub const SEED: Input<i64> = Input::new(4, "seed");
    pub const ITERATIONS: Input<i64> = Input::new(5, "iterations");
    pub const RATE: Input<f64> = Input::new(6, "rate");
    pub const THRESHOLD: Input<f64> = Input::new(7, "threshold");
    pub const NEIGHBOURS: Input<i64> = Input::new(8, "neighbours");
    pub const PACE: Input<f64> = Input::new(9, "pace");
}

pub mod place {
    use super::*;
    pub const TEXT: Input<str> = Input::new(0, "text");
    pub const VECTOR: Input<[f32]> = Input::new(1, "vector");
}

pub mod nearest {
    use super::*;
    pub const X: Input<f64> = Input::new(0, "x");
    pub const Y: Input<f64> = Input::new(1, "y");
    pub const K: Input<i64> = Input::new(2, "k");
}

pub mod search {
    use super::*;
    pub const TEXT: Input<str> = Input::new(0, "text");
    pub const K: Input<i64> = Input::new(1, "k");
}

pub mod labels {
    use super::*;
    pub const COUNT: Input<i64> = Input::new(0, "count");
}

pub mod density {
    use super::*;
    pub const COLUMNS: Input<i64> = Input::new(0, "columns");
    pub const ROWS: Input<i64> = Input::new(1, "rows");
    pub const BANDWIDTH: Input<f64> = Input::new(2, "bandwidth");
}
