//! The inlet: what is sent to it goes on at once.

use crate::chain::part::{Moment, Part, PartKind, Rhythm, Shape, Slot};
use crate::error::Error;
use crate::signature::{DataType, Field, Values, array, boolean, integer, number, text, vector};
use crate::value::Value;

/// The types that an inlet may have.
const TYPES: [&str; 5] = ["text", "number", "boolean", "vector", "texts"];

pub fn kind() -> PartKind {
    let field = |name: &str, data_type, description: &str| Field {
        name: name.into(),
        description: description.into(),
        data_type,
    };
    PartKind {
        name: "inlet",
        description: "A value that somebody sends, by OSC or HTTP; it goes on at once.",
        options: vec![
            field(
                "type",
                crate::signature::category(TYPES),
                "What is sent: text, number, boolean, vector, or texts for a list of them.",
            ),
            field("length", integer().min(0.0).max(65_536.0), "How many numbers a vector has."),
        ],
        inputs: vec![Slot::new("value", Shape::Chosen(chosen), "What is sent.")],
        outputs: vec![Slot::new("value", Shape::Chosen(chosen), "What was sent.")],
        rhythm: Rhythm::Message,
        make: |_, _| Box::new(Inlet),
    }
}

fn chosen(options: &Values) -> Result<DataType, Error> {
    Ok(match options.text("type") {
        "number" => number(),
        "boolean" => boolean(),
        "texts" => array(text()),
        "vector" => match options.integer("length") as usize {
            0 => return Err("expected the vector's length: length = 2".into()),
            length => vector(length),
        },
        _ => text(),
    })
}

struct Inlet;

impl Part for Inlet {
    fn run(&mut self, inputs: &[Value], _: &Moment, out: &mut [Value]) -> Result<bool, Error> {
        out[0] = inputs[0].clone();
        Ok(true)
    }
}
