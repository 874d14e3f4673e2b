//! Adapters of numbers: clamp, scale.

use super::{PartKind, Pure, Slot, kind, pure};
use crate::error::Error;
use crate::signature::number;
use crate::value::Value;

pub fn kinds() -> Vec<PartKind> {
    let value = || Slot::of("in", number(), "The number.");
    let bound =
        |name, default: f64, description| Slot::of(name, number().default(default), description);
    let out = || Slot::of("out", number(), "The number then.");
    vec![
        kind(
            "adapt/clamp",
            "A number kept within bounds.",
            vec![value(), bound("low", 0.0, "The least."), bound("high", 1.0, "The greatest.")],
            out(),
            pure!(|inputs, _| {
                let [x, low, high] = read(inputs);
                Ok(Value::Number(x.max(low.min(high)).min(high.max(low))))
            }),
        ),
        kind(
            "adapt/scale",
            "A number of one range as a number of another, in proportion; it is not kept within.",
            vec![
                value(),
                bound("low", 0.0, "The least that comes in."),
                bound("high", 1.0, "The greatest that comes in."),
                bound("to_low", 0.0, "What the least becomes."),
                bound("to_high", 1.0, "What the greatest becomes."),
            ],
            out(),
            pure!(|inputs, _| {
                let [x, low, high, to_low, to_high] = read(inputs);
                let scaled = to_low + (x - low) / (high - low) * (to_high - to_low);
                match scaled.is_finite() {
                    true => Ok(Value::Number(scaled)),
                    false => {
                        Err(Error::invalid(format!("{low}..{high} is no range to scale {x} from")))
                    }
                }
            }),
        ),
    ]
}

fn read<const N: usize>(inputs: &[Value]) -> [f64; N] {
    std::array::from_fn(|i| inputs[i].as_number().unwrap_or(0.0))
}
