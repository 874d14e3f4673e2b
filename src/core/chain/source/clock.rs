//! The clock: one value every so many ticks of the chain.

use crate::chain::part::{Moment, Part, PartKind, Rhythm, Slot};
use crate::error::Error;
use crate::signature::{Field, integer, number};
use crate::value::Value;
use serde_json::{Value as Json, json};

pub fn kind() -> PartKind {
    let every = integer().min(1.0).max(1e6).default(1.0);
    let round = integer().min(0.0).max(1e9);
    PartKind {
        name: "clock",
        description: "Counts ticks of the chain, or every second, third ... of them.",
        options: Vec::new(),
        inputs: vec![
            Slot::of("every", every, "One value every so many ticks, from the first on."),
            Slot::of("round", round, "Begins again at 0 after so many values; 0: never."),
        ],
        outputs: vec![Slot::of("count", number(), "How many values came before.")],
        rhythm: Rhythm::Tick,
        make: |_, _| Box::new(Clock::default()),
    }
}

#[derive(Default)]
struct Clock {
    /// Ticks since the last value.
    n_ticks: f64,
    count: f64,
}

impl Part for Clock {
    fn run(&mut self, inputs: &[Value], _: &Moment, out: &mut [Value]) -> Result<bool, Error> {
        let number = |at: usize| inputs[at].as_number().unwrap_or(0.0);
        let is_due = self.n_ticks == 0.0;
        self.n_ticks += 1.0;
        if self.n_ticks >= number(0) {
            self.n_ticks = 0.0;
        }
        if is_due {
            if number(1) > 0.0 {
                self.count %= number(1);
            }
            out[0] = Value::Number(self.count);
            self.count += 1.0;
        }
        Ok(is_due)
    }

    fn reset(&mut self) {
        *self = Self::default();
    }

    fn save(&self) -> Json {
        json!([self.n_ticks, self.count])
    }

    fn restore(&mut self, state: &Json, _: &[Field]) -> Result<(), Error> {
        match (state[0].as_f64(), state[1].as_f64()) {
            (Some(n_ticks), Some(count)) => *self = Self { n_ticks, count },
            _ => return Err("expected two counts".into()),
        }
        Ok(())
    }
}
