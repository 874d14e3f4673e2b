//! Adapters that hold back or let through: delay, hold, changed, fresh, chance, counter.

use super::{PartKind, Slot, kind};
use crate::chain::part::{Moment, Part, Shape};
use crate::error::Error;
use crate::signature::{Field, integer, number};
use crate::value::Value;
use serde_json::{Value as Json, json};
use std::collections::VecDeque;

/// Values that a delay holds at most.
const MAX_DELAY: f64 = 4096.0;
/// Values that `changed` and `fresh` remember at most.
const MAX_MEMORY: f64 = 4096.0;

pub fn kinds() -> Vec<PartKind> {
    let value = || Slot::new("in", Shape::Same, "What comes.");
    let out = || Slot::new("out", Shape::Same, "What goes on.");
    vec![
        kind(
            "adapt/delay",
            "Lets each value go on some values later.",
            vec![
                value(),
                Slot::of(
                    "steps",
                    integer().min(0.0).max(MAX_DELAY).default(1.0),
                    "How many values later.",
                ),
            ],
            out(),
            |_, _| Box::new(Delay::default()),
        ),
        kind(
            "adapt/hold",
            "Keeps the newest value, and lets it go on when something else comes.",
            vec![
                Slot::waiting("in", Shape::Same, "What is kept."),
                Slot::new("when", Shape::Whatever, "What lets it go on."),
            ],
            out(),
            |_, _| Box::new(Hold),
        ),
        kind(
            "adapt/changed",
            "Lets a value go on only if it was not among the last ones.",
            vec![
                value(),
                Slot::of(
                    "memory",
                    integer().min(0.0).max(MAX_MEMORY).default(1.0),
                    "How many values it remembers; 0: everything goes on.",
                ),
            ],
            out(),
            |_, _| Box::new(Changed::default()),
        ),
        kind(
            "adapt/fresh",
            "The first item of a list that was not among the last ones; if all were, the one longest ago.",
            vec![
                Slot::new("array", Shape::ArrayOfSame, "The list, the best first."),
                Slot::of(
                    "memory",
                    integer().min(0.0).max(MAX_MEMORY).default(64.0),
                    "How many items it remembers; 0: always the first.",
                ),
            ],
            Slot::new("item", Shape::Same, "The item."),
            |_, _| Box::new(Fresh::default()),
        ),
        kind(
            "adapt/chance",
            "Lets a value go on by chance.",
            vec![
                value(),
                Slot::of(
                    "probability",
                    number().min(0.0).max(1.0).step(0.01).default(0.5),
                    "How likely: 0 never, 1 always.",
                ),
            ],
            out(),
            |_, _| Box::new(Chance),
        ),
        kind(
            "adapt/counter",
            "Counts what comes.",
            vec![
                Slot::new("in", Shape::Whatever, "What is counted."),
                Slot::of(
                    "round",
                    integer().min(0.0).max(1e9),
                    "Begins again at 0 after so many; 0: never.",
                ),
            ],
            Slot::of("count", number(), "How many came before."),
            |_, _| Box::new(Counter(0.0)),
        ),
    ]
}

/// Values in the order in which they came.
#[derive(Default)]
struct Delay(VecDeque<Value>);

impl Part for Delay {
    fn run(&mut self, inputs: &[Value], _: &Moment, out: &mut [Value]) -> Result<bool, Error> {
        let steps = inputs[1].as_integer().unwrap_or(0) as usize;
        self.0.push_back(inputs[0].clone());
        // A delay that was made shorter lets go of what is too old.
        while self.0.len() > steps + 1 {
            self.0.pop_front();
        }
        let is_due = self.0.len() == steps + 1;
        if is_due && let Some(value) = self.0.pop_front() {
            out[0] = value;
        }
        Ok(is_due)
    }

    fn reset(&mut self) {
        self.0.clear();
    }

    fn save(&self) -> Json {
        save_values(&self.0)
    }

    fn restore(&mut self, state: &Json, inputs: &[Field]) -> Result<(), Error> {
        self.0 = restore_values(state, inputs)?;
        Ok(())
    }
}

struct Hold;

impl Part for Hold {
    fn run(&mut self, inputs: &[Value], _: &Moment, out: &mut [Value]) -> Result<bool, Error> {
        out[0] = inputs[0].clone();
        Ok(true)
    }
}

/// The last values that went on, the newest first.
#[derive(Default)]
struct Changed(VecDeque<Value>);

impl Part for Changed {
    fn run(&mut self, inputs: &[Value], _: &Moment, out: &mut [Value]) -> Result<bool, Error> {
        let memory = inputs[1].as_integer().unwrap_or(0) as usize;
        self.0.truncate(memory);
        if self.0.contains(&inputs[0]) {
            return Ok(false);
        }
        if memory > 0 {
            self.0.truncate(memory - 1);
            self.0.push_front(inputs[0].clone());
        }
        out[0] = inputs[0].clone();
        Ok(true)
    }

    fn reset(&mut self) {
        self.0.clear();
    }

    fn save(&self) -> Json {
        save_values(&self.0)
    }

    fn restore(&mut self, state: &Json, inputs: &[Field]) -> Result<(), Error> {
        self.0 = restore_values(state, inputs)?;
        Ok(())
    }
}

/// The last items that went on, the newest first.
#[derive(Default)]
struct Fresh(VecDeque<Value>);

impl Part for Fresh {
    fn run(&mut self, inputs: &[Value], _: &Moment, out: &mut [Value]) -> Result<bool, Error> {
        let memory = inputs[1].as_integer().unwrap_or(0) as usize;
        self.0.truncate(memory);
        let age = |item: &Value| self.0.iter().position(|known| known == item);
        // Of those that were never there the first, since the best stand first.
        let items = inputs[0].as_array().unwrap_or_default().iter().rev();
        let item = items.max_by_key(|item| age(item).unwrap_or(usize::MAX));
        let item = item.ok_or("expected a list with something in it, got an empty one")?;
        out[0] = item.clone();
        self.0.retain(|known| known != item);
        if memory > 0 {
            self.0.truncate(memory - 1);
            self.0.push_front(item.clone());
        }
        Ok(true)
    }

    fn reset(&mut self) {
        self.0.clear();
    }

    fn save(&self) -> Json {
        save_values(&self.0)
    }

    fn restore(&mut self, state: &Json, inputs: &[Field]) -> Result<(), Error> {
        let crate::DataType::Array { item, .. } = &inputs[0].data_type else {
            return Err("expected items of a list".into());
        };
        let items = state.as_array().ok_or("expected a list of values")?;
        self.0 = items.iter().map(|json| item.read_json(json)).collect::<Result<_, _>>()?;
        Ok(())
    }
}

struct Chance;

impl Part for Chance {
    fn run(&mut self, inputs: &[Value], moment: &Moment, out: &mut [Value]) -> Result<bool, Error> {
        let goes_on = moment.uniform() < inputs[1].as_number().unwrap_or(0.0);
        if goes_on {
            out[0] = inputs[0].clone();
        }
        Ok(goes_on)
    }
}

struct Counter(f64);

impl Part for Counter {
    fn run(&mut self, inputs: &[Value], _: &Moment, out: &mut [Value]) -> Result<bool, Error> {
        let round = inputs[1].as_number().unwrap_or(0.0);
        if round > 0.0 {
            self.0 %= round;
        }
        out[0] = Value::Number(self.0);
        self.0 += 1.0;
        Ok(true)
    }

    fn reset(&mut self) {
        self.0 = 0.0;
    }

    fn save(&self) -> Json {
        json!(self.0)
    }

    fn restore(&mut self, state: &Json, _: &[Field]) -> Result<(), Error> {
        self.0 = state.as_f64().ok_or("expected a count")?;
        Ok(())
    }
}

fn save_values(values: &VecDeque<Value>) -> Json {
    values.iter().map(Value::to_json).collect()
}

fn restore_values(state: &Json, inputs: &[Field]) -> Result<VecDeque<Value>, Error> {
    let items = state.as_array().ok_or("expected a list of values")?;
    items.iter().map(|item| inputs[0].data_type.read_json(item)).collect()
}
