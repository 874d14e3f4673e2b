//! The walk as a source: a place in a latent space that moves while the chain runs.

use crate::chain::part::{Moment, Part, PartKind, PartRequest, Rhythm, Shape, Slot};
use crate::chain::walk::{DIMENSIONS, Mode, Walk};
use crate::error::Error;
use crate::signature::{Field, Values, array, boolean, category, integer, number, text, vector};
use crate::time::Time;
use crate::value::Value;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use std::time::Duration;

/// The walk is computed in steps of this length, so that the path does not depend on how often it is
/// looked at.
const GRAIN: Duration = Duration::from_nanos(1_000_000_000 / 60);
/// Between two looks it goes on by this much at most.
const MAX_ELAPSED: Duration = Duration::from_secs(10);
/// Lines of the mode line.
const MAX_TARGETS: f64 = 64.0;
/// Characters of a line to travel to.
const MAX_LINE: f64 = 1000.0;

pub fn kind() -> PartKind {
    let line = || text().min(1.0).max(MAX_LINE);
    PartKind {
        name: "walk",
        description: "A path through a latent space: a place that moves while the chain runs.",
        options: vec![Field {
            name: "encoder".into(),
            description: "The model whose 'encode' knows where lines lie, for 'to' and 'targets'."
                .into(),
            data_type: text(),
        }],
        inputs: vec![
            Slot::of(
                "mode",
                category(Mode::ALL.map(Mode::name)),
                "wander: never the same way; orbit: a closed loop; line: through the targets; still.",
            ),
            Slot::of(
                "speed",
                number().min(0.0).max(50.0).default(2.0),
                "Latent units a second. Two random places are 11 apart.",
            ),
            Slot::of(
                "radius",
                number().min(0.1).max(3.0).default(1.0),
                "How far out it walks. 1: where the model has most to say; less: plainer; more: stranger.",
            ),
            Slot::of(
                "seed",
                integer().min(0.0).max(f64::from(i32::MAX)),
                "Which way it wanders; 'reset' goes to its beginning. The chain's seed, if not set.",
            ),
            Slot::of("to", line(), "Travels to where this line lies, then goes on in its mode."),
            Slot::of(
                "targets",
                array(line()).max(MAX_TARGETS),
                "The lines that the mode line travels through, in order.",
            ),
            Slot::of(
                "round",
                boolean().default(true),
                "In the mode line: 1: from the last target to the first again; 0: stays at the last.",
            ),
            Slot::new(
                "tick",
                Shape::Whatever,
                "If something is wired here, it moves when that comes.",
            ),
        ],
        outputs: vec![Slot::of("z", vector(DIMENSIONS), "Where it is.")],
        rhythm: Rhythm::Tick,
        make: |options, seed| {
            let seed = seed % (1 << 31);
            let encoder = options.text("encoder").to_string();
            Box::new(Walker {
                encoder,
                state: State { walk: Walk::new(seed), last: None, owed: Duration::ZERO },
                wish: None,
                lines: None,
                asked: None,
            })
        },
    }
}

/// What is saved.
#[derive(Serialize, Deserialize)]
struct State {
    walk: Walk,
    /// When it was looked at last.
    last: Option<Time>,
    /// Time that has passed and is less than a grain.
    owed: Duration,
}

struct Walker {
    encoder: String,
    state: State,
    /// A line to travel to, until it is known where it lies.
    wish: Option<String>,
    lines: Option<Targets>,
    /// What the run request under way is for.
    asked: Option<Purpose>,
}

/// Lines on their way to becoming targets.
struct Targets {
    lines: Vec<String>,
    found: Vec<[f32; DIMENSIONS]>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Purpose {
    Visit,
    Target,
    /// Nobody wants to know any more.
    Nothing,
}

impl Part for Walker {
    fn run(&mut self, _: &[Value], moment: &Moment, outputs: &mut [Value]) -> Result<bool, Error> {
        let state = &mut self.state;
        let elapsed = moment.time.saturating_sub(state.last.unwrap_or(moment.time));
        state.last = Some(moment.time);
        state.owed += elapsed.min(MAX_ELAPSED);
        while state.owed >= GRAIN {
            state.owed -= GRAIN;
            state.walk.advance(GRAIN.as_secs_f64());
        }
        outputs[0] = state.walk.position().to_vec().into();
        Ok(true)
    }

    fn set(&mut self, input: &str, value: &Value) -> Result<(), Error> {
        if self.encoder.is_empty() && matches!(input, "to" | "targets") && !is_empty(value) {
            let words = "it knows no model that could say where lines lie: give its node \
                         set = { encoder = \"poetry\" }";
            return Err(words.into());
        }
        let walk = &mut self.state.walk;
        let number = value.as_number();
        match (input, number) {
            ("mode", _) => {
                // A visit that is still to begin is one that it no longer wants.
                self.wish = None;
                self.forget(Purpose::Visit);
                let mode = value.as_text().and_then(Mode::find).unwrap_or(Mode::Still);
                self.state.walk.set_mode(mode);
                let has_targets = self.state.walk.n_targets() > 0 || self.lines.is_some();
                if mode == Mode::Line && !has_targets {
                    return Err("the mode line needs targets: send them to walk/targets".into());
                }
            }
            ("speed", Some(speed)) => walk.set_speed(speed),
            ("radius", Some(radius)) => walk.set_radius(radius),
            ("seed", _) => value.as_integer().into_iter().for_each(|n| walk.set_seed(n as u64)),
            ("round", _) => walk.set_round(value.as_boolean().unwrap_or(true)),
            ("to", _) => {
                self.forget(Purpose::Visit);
                self.wish = value.as_text().map(String::from);
            }
            ("targets", _) => {
                self.forget(Purpose::Target);
                let lines = value.as_array().unwrap_or_default().iter();
                let lines: Vec<String> =
                    lines.filter_map(Value::as_text).map(String::from).collect();
                self.lines = Some(Targets { lines, found: Vec::new() });
            }
            _ => {}
        }
        Ok(())
    }

    fn run_request(&mut self) -> Option<PartRequest> {
        if self.asked.is_some() {
            return None;
        }
        if let Some(line) = self.wish.clone() {
            return Some(self.ask(&line, Purpose::Visit));
        }
        let targets = self.lines.as_ref()?;
        match targets.lines.get(targets.found.len()).cloned() {
            Some(line) => Some(self.ask(&line, Purpose::Target)),
            None => {
                self.state.walk.set_targets(&targets.found);
                self.lines = None;
                None
            }
        }
    }

    fn answer(&mut self, outcome: Result<&Values, &Error>) -> Result<(), Error> {
        let mean = outcome.map_err(Error::clone).and_then(mean_of);
        match (self.asked.take(), mean) {
            (Some(Purpose::Visit), mean) => {
                let line = self.wish.take().unwrap_or_default();
                let words = |words| format!("no way to the line '{}': {words}", short(&line));
                self.state.walk.travel_to(&mean.map_err(words)?);
            }
            (Some(Purpose::Target), Ok(mean)) => {
                self.lines.iter_mut().for_each(|targets| targets.found.push(mean));
            }
            (Some(Purpose::Target), Err(words)) => {
                let targets = self.lines.take();
                let line = targets.and_then(|t| t.lines.get(t.found.len()).cloned());
                let line = short(&line.unwrap_or_default());
                return Err(Error::invalid(format!("no way to the target '{line}': {words}")));
            }
            (Some(Purpose::Nothing) | None, _) => {}
        }
        Ok(())
    }

    fn reset(&mut self) {
        self.state.walk.reset();
        (self.state.last, self.state.owed) = (None, Duration::ZERO);
    }

    fn save(&self) -> Json {
        serde_json::to_value(&self.state).unwrap_or_default()
    }

    fn restore(&mut self, state: &Json, _: &[Field]) -> Result<(), Error> {
        let state = State::deserialize(state).map_err(|error| error.to_string())?;
        if !state.walk.is_sound() {
            return Err("expected a walk whose numbers are finite".into());
        }
        self.state = state;
        // What is saved has its targets; those that were on their way are asked for again.
        self.lines = None;
        Ok(())
    }
}

impl Walker {
    fn ask(&mut self, line: &str, purpose: Purpose) -> PartRequest {
        self.asked = Some(purpose);
        let inputs = Values::new().with("text", line);
        PartRequest { model: self.encoder.clone(), command: "encode", inputs }
    }

    fn forget(&mut self, purpose: Purpose) {
        if self.asked == Some(purpose) {
            self.asked = Some(Purpose::Nothing);
        }
    }
}

fn mean_of(outputs: &Values) -> Result<[f32; DIMENSIONS], Error> {
    let mean = outputs.get("mean").and_then(Value::as_vector);
    let mean = mean.filter(|mean| mean.iter().all(|x| x.is_finite()));
    mean.and_then(|mean| mean.try_into().ok()).ok_or_else(|| {
        Error::invalid(format!(
            "expected a vector 'mean' of {DIMENSIONS} floats from the model's encode"
        ))
    })
}

/// No line, or no lines.
fn is_empty(value: &Value) -> bool {
    value.as_text().is_none_or(str::is_empty) && value.as_array().is_none_or(<[Value]>::is_empty)
}

fn short(line: &str) -> String {
    const MAX_SHOWN: usize = 60;
    match line.chars().count() > MAX_SHOWN {
        true => format!("{}...", line.chars().take(MAX_SHOWN).collect::<String>()),
        false => line.to_string(),
    }
}
