//! Adapters of lists: first, nth, pick, join.

use super::{PartKind, Pure, Slot, kind, pure};
use crate::chain::part::Shape;
use crate::error::Error;
use crate::signature::{array, integer, text};
use crate::value::Value;

pub fn kinds() -> Vec<PartKind> {
    let list = || Slot::new("array", Shape::ArrayOfSame, "The list.");
    let item = || Slot::new("item", Shape::Same, "The item.");
    vec![
        kind(
            "adapt/first",
            "The first item of a list.",
            vec![list()],
            item(),
            pure!(|inputs, _| nth(&inputs[0], 0)),
        ),
        kind(
            "adapt/nth",
            "One item of a list, counted from 0; from the end if negative.",
            vec![list(), Slot::of("index", integer(), "Which.")],
            item(),
            pure!(|inputs, _| nth(&inputs[0], inputs[1].as_integer().unwrap_or(0))),
        ),
        kind(
            "adapt/pick",
            "An item of a list, by chance.",
            vec![list()],
            item(),
            pure!(|inputs, moment| {
                let n = items(&inputs[0]).len() as f64;
                nth(&inputs[0], (moment.uniform() * n) as i64)
            }),
        ),
        kind(
            "adapt/join",
            "The texts of a list as one.",
            vec![
                Slot::of("texts", array(text()), "The texts."),
                Slot::of("separator", text().default("\n"), "What stands between two of them."),
            ],
            Slot::of("text", text(), "All of it."),
            pure!(|inputs, _| {
                let texts: Vec<&str> =
                    items(&inputs[0]).iter().filter_map(Value::as_text).collect();
                Ok(texts.join(inputs[1].as_text().unwrap_or_default()).into())
            }),
        ),
    ]
}

fn items(list: &Value) -> &[Value] {
    list.as_array().unwrap_or_default()
}

fn nth(list: &Value, index: i64) -> Result<Value, Error> {
    let items = items(list);
    let at = if index < 0 { index + items.len() as i64 } else { index };
    let item = usize::try_from(at).ok().and_then(|at| items.get(at));
    item.cloned().ok_or_else(|| match items.len() {
        0 => "expected a list with something in it, got an empty one".into(),
        n => {
            Error::invalid(format!("expected an index in {}..{}, got {index}", -(n as i64), n - 1))
        }
    })
}
