//! What the voyage takes and sends: its addresses, with their types and what they mean.

use super::{Input, Output};
use crate::model::walk::{DIMENSIONS, Mode};
use crate::signature::{DataType, Field, array, boolean, category, number, text, vector};
use std::sync::LazyLock;

/// Lines of the mode line.
const MAX_TARGETS: f64 = 64.0;
/// Characters of a line to travel to.
const MAX_LINE: f64 = 1000.0;

/// The inputs that have a value from the start, which a project file may set.
pub const CONTROLS: &[&str] = &[
    "rate",
    "repeat",
    "walk/mode",
    "walk/speed",
    "walk/radius",
    "walk/seed",
    "walk/round",
    "walk/targets",
    "poetry/temperature",
];

static INPUTS: LazyLock<Vec<Input>> = LazyLock::new(|| {
    let trigger = |path, description| Input { path, description, field: None };
    let control = |path: &'static str, data_type: DataType, description| {
        let name = path.rsplit('/').next().unwrap_or(path).to_string();
        let field = Field { name, description: String::from(description), data_type };
        Input { path, description, field: Some(field) }
    };
    let line = || text().min(1.0).max(MAX_LINE);
    vec![
        trigger("start", "Sets out: the walk moves, and lines come."),
        trigger("stop", "Stands still; a start goes on from here."),
        trigger("step", "While it stands: moves on by the time of one tick, and says a line."),
        trigger("reset", "Goes back to where the seed begins."),
        trigger(
            "tick",
            "Says a line now, while it runs. From the first tick on, lines come on ticks only, until \
             a start or a rate.",
        ),
        control(
            "rate",
            number().min(0.0).max(1000.0).default(1.0),
            "Lines a second, as far as the model keeps up; 0: on ticks only.",
        ),
        control(
            "repeat",
            boolean(),
            "1: a line that was said a short while ago may be said again.",
        ),
        control(
            "walk/mode",
            category(Mode::ALL.map(Mode::name)),
            "wander: never the same way; orbit: a closed loop; line: through the targets; still.",
        ),
        control(
            "walk/speed",
            number().min(0.0).max(50.0).default(2.0),
            "Latent units a second. Two random places are 11 apart.",
        ),
        control(
            "walk/radius",
            number().min(0.1).max(3.0).default(1.0),
            "How far out it walks. 1: where the model has most to say; less: plainer; more: stranger.",
        ),
        control(
            "walk/seed",
            number().min(0.0).max(f64::from(i32::MAX)).step(1.0),
            "Which way it wanders; 'reset' goes to its beginning. The project's seed, if not set.",
        ),
        control(
            "walk/round",
            boolean().default(true),
            "In the mode line: 1: from the last target to the first again; 0: stays at the last.",
        ),
        control("walk/to", line(), "Travels to where this line lies, then goes on in its mode."),
        control(
            "walk/targets",
            array(line()).max(MAX_TARGETS),
            "The lines that the mode line travels through, in order.",
        ),
        control(
            "poetry/temperature",
            number().min(0.05).max(2.0).step(0.05).default(0.5),
            "How freely lines are read from the place: low is sure, high is wild.",
        ),
    ]
});

static OUTPUTS: LazyLock<Vec<Output>> = LazyLock::new(|| {
    let output = |path: &'static str, has_step, data_type, description: &str| {
        let field = Field { name: path.into(), description: description.into(), data_type };
        Output { path, has_step, field }
    };
    vec![
        output("line", true, text(), "The step, and the line that was read there."),
        output(
            "place",
            true,
            vector(2),
            "The step of a line, and where it lies on the map: x and y in -1..1.",
        ),
        output(
            "z",
            true,
            vector(DIMENSIONS),
            "The step, and where the walk is: 60 a second, to those who subscribe to this address.",
        ),
        output("error", false, text(), "Says what failed. It goes on by itself."),
    ]
});

/// Everything that a voyage takes.
pub fn inputs() -> &'static [Input] {
    &INPUTS
}

/// The input at a path.
pub fn input(path: &str) -> Option<&'static Input> {
    INPUTS.iter().find(|input| input.path == path)
}

/// Everything that a voyage sends.
pub fn outputs() -> &'static [Output] {
    &OUTPUTS
}
