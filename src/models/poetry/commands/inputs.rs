//! The inputs of the verse VAE's commands, by command and in order, and its options.

use enjamb_core::model::Setup;
use enjamb_core::signature::Input;
use enjamb_core::value::Value;

pub mod options {
    use super::*;
    pub const PATH: Input<str> = Setup::PATH;
    pub const THREADS: Input<i64> = Input::new(1, "threads");
}

pub mod generate {
    use super::*;
    pub const Z: Input<[f32]> = Input::new(0, "z");
    pub const TEMPERATURE: Input<f64> = Input::new(1, "temperature");
}

pub mod reconstruct {
    use super::*;
    pub const IN: Input<str> = Input::new(0, "in");
    pub const TEMPERATURE: Input<f64> = Input::new(1, "temperature");
}

pub mod compose {
    use super::*;
    pub const Z: Input<[f32]> = Input::new(0, "z");
    pub const TEMPERATURE: Input<f64> = Input::new(1, "temperature");
    pub const TOP_P: Input<f64> = Input::new(2, "top_p");
    pub const METHOD: Input<str> = Input::new(3, "method");
    pub const BEAMS: Input<i64> = Input::new(4, "beams");
    pub const MAX_WORDS: Input<i64> = Input::new(5, "max_words");
    pub const START_WITH: Input<str> = Input::new(6, "start_with");
    pub const AVOID: Input<str> = Input::new(7, "avoid");
}

pub mod sample {
    use super::*;
    pub const COUNT: Input<i64> = Input::new(0, "count");
    pub const TEMPERATURE: Input<f64> = Input::new(1, "temperature");
    pub const SPREAD: Input<f64> = Input::new(2, "spread");
}

pub mod encode {
    use super::*;
    pub const TEXT: Input<str> = Input::new(0, "text");
}

pub mod interpolate {
    use super::*;
    pub const FROM: Input<str> = Input::new(0, "from");
    pub const TO: Input<str> = Input::new(1, "to");
    pub const STEPS: Input<i64> = Input::new(2, "steps");
    pub const SPHERICAL: Input<bool> = Input::new(3, "spherical");
    pub const TEMPERATURE: Input<f64> = Input::new(4, "temperature");
}

/// As [`interpolate`], between points.
pub mod interpolate_z {
    use super::*;
    pub const FROM: Input<[f32]> = Input::new(0, "from");
    pub const TO: Input<[f32]> = Input::new(1, "to");
    pub use super::interpolate::{SPHERICAL, STEPS, TEMPERATURE};
}

pub mod gradient {
    use super::*;
    pub const FROM: Input<str> = Input::new(0, "from");
    pub const TO: Input<str> = Input::new(1, "to");
    pub const STEPS: Input<i64> = Input::new(2, "steps");
}

pub mod grid {
    use super::*;
    pub const CENTER: Input<[f32]> = Input::new(0, "center");
    pub const X_AXIS: Input<[f32]> = Input::new(1, "x_axis");
    pub const Y_AXIS: Input<[f32]> = Input::new(2, "y_axis");
    pub const SPAN: Input<f64> = Input::new(3, "span");
    pub const COLUMNS: Input<i64> = Input::new(4, "columns");
    pub const ROWS: Input<i64> = Input::new(5, "rows");
    pub const AXES: Input<str> = Input::new(6, "axes");
    pub const TEMPERATURE: Input<f64> = Input::new(7, "temperature");
}

pub mod axes {
    use super::*;
    pub const AXES: Input<str> = Input::new(0, "axes");
}

pub mod neighbours {
    use super::*;
    pub const TEXT: Input<str> = Input::new(0, "text");
    pub const RADIUS: Input<f64> = Input::new(1, "radius");
    pub const COUNT: Input<i64> = Input::new(2, "count");
    pub const TEMPERATURE: Input<f64> = Input::new(3, "temperature");
}

pub mod attribute {
    use super::*;
    pub const LINES_A: Input<[Value]> = Input::new(0, "lines_a");
    pub const LINES_B: Input<[Value]> = Input::new(1, "lines_b");
}
