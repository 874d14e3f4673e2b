//! Types along the wires: what adapters become by what is wired to them, and what does not fit.

use super::{At, Draft, DraftWire, PlannedBody, Wrong};
use crate::chain::adapt;
use crate::chain::part::{Kind, Rhythm, Shape};
use crate::signature::DataType;

/// Types that the options say.
pub fn choose(node: &mut Draft) -> Result<(), String> {
    let PlannedBody::Part(_, options) = &node.body else { return Ok(()) };
    for field in node.inputs.iter_mut().chain(&mut node.outputs) {
        field.data_type = match &field.shape {
            Shape::Fixed(data_type) => Some(data_type.clone()),
            Shape::Chosen(choose) => Some(choose(options)?),
            Shape::Same | Shape::ArrayOfSame | Shape::Whatever => None,
        };
    }
    Ok(())
}

/// Leads types along the wires, as far as adapters take theirs from what is wired to them.
pub fn resolve(nodes: &mut [Draft], wires: &[DraftWire]) -> Result<(), Wrong> {
    for wire in wires {
        nodes[wire.to.0].inputs[wire.to.1].is_wired = true;
    }
    // Each round must tell the type of one more output, or it was the last.
    while wires.iter().any(|wire| lead(nodes, wire)) {}
    let unknown =
        wires.iter().position(|wire| nodes[wire.from.0].outputs[wire.from.1].data_type.is_none());
    match unknown {
        Some(wire) => Err(Wrong {
            at: At::Wire(wire),
            words:
                "its type can't be told: it goes round through adapters alone, and nothing else is \
                    wired to them"
                    .into(),
        }),
        None => Ok(()),
    }
}

/// Whether the wire told something new.
fn lead(nodes: &mut [Draft], wire: &DraftWire) -> bool {
    let Some(data_type) = nodes[wire.from.0].outputs[wire.from.1].data_type.clone() else {
        return false;
    };
    let node = &mut nodes[wire.to.0];
    if node.inputs[wire.to.1].data_type.is_some() {
        return false;
    }
    let same = match (&node.inputs[wire.to.1].shape, &data_type) {
        (Shape::Same, data_type) => Some(data_type.clone()),
        (Shape::ArrayOfSame, DataType::Array { item, .. }) => Some((**item).clone()),
        _ => None,
    };
    node.inputs[wire.to.1].data_type = Some(data_type);
    if let Some(same) = same {
        for output in node.outputs.iter_mut().filter(|output| output.data_type.is_none()) {
            output.data_type = match output.shape {
                Shape::Same => Some(same.clone()),
                Shape::ArrayOfSame => Some(crate::signature::array(same.clone())),
                _ => None,
            };
        }
    }
    true
}

/// Whether what a wire brings is what its input takes.
///
/// # Errors
/// Both types, and the adapters that would fit.
pub fn check_wire(nodes: &[Draft], wire: &DraftWire) -> Result<(), String> {
    let output = &nodes[wire.from.0].outputs[wire.from.1];
    let input = &nodes[wire.to.0].inputs[wire.to.1];
    let Some(from) = &output.data_type else { return Ok(()) };
    let fits = match (&input.shape, &input.data_type) {
        (Shape::ArrayOfSame, _) => matches!(from, DataType::Array { .. }),
        (_, Some(to)) => from.is_same(to),
        (_, None) => true,
    };
    if fits {
        return Ok(());
    }
    let to = match &input.shape {
        Shape::ArrayOfSame => "array of anything".to_string(),
        _ => input.data_type.as_ref().map_or_else(|| "anything".into(), DataType::label),
    };
    let fitting = input.data_type.as_ref().map(|to| adapters(from, to)).unwrap_or_default();
    let advice = match fitting.as_slice() {
        [] => "no adapter makes one into the other".into(),
        known => format!("between them would fit {}", known.join(" or ")),
    };
    Err(format!("{} gives {}, and {} takes {to}: {advice}", output.name, from.label(), input.name))
}

/// The adapters that make a value of one type into one of another, by name.
fn adapters(from: &DataType, to: &DataType) -> Vec<&'static str> {
    let fits = |kind: &Kind| {
        let (input, output) = (&kind.inputs[0], &kind.outputs[0]);
        let same = match (&input.shape, from) {
            (Shape::Fixed(takes), from) if from.is_same(takes) => None,
            (Shape::Whatever, _) => None,
            (Shape::ArrayOfSame, DataType::Array { item, .. }) => Some((**item).clone()),
            // A gate changes no type, so it helps here no one.
            _ => return false,
        };
        match (&output.shape, same) {
            (Shape::Fixed(gives), _) => gives.is_same(to) && kind.rhythm == Rhythm::Arrival,
            (Shape::Same, Some(same)) => same.is_same(to),
            (Shape::Chosen(_), _) => match to {
                DataType::Vector { .. } => kind.name == "adapt/vector" && is_numbers(from),
                DataType::Category { .. } => kind.name == "adapt/category",
                _ => false,
            },
            _ => false,
        }
    };
    let kinds = adapt::kinds();
    let known = kinds.iter().filter(|kind| fits(kind)).map(|kind| kind.name);
    // That it counts values makes a counter fit everywhere, and wanted nowhere.
    known.filter(|name| *name != "adapt/counter").collect()
}

fn is_numbers(from: &DataType) -> bool {
    match from {
        DataType::Array { item, .. } => matches!(**item, DataType::Number { .. }),
        DataType::Number { .. }
        | DataType::Any
        | DataType::ImagePoint
        | DataType::ImageBoundingBox => true,
        _ => false,
    }
}
