//! Types along the wires: what adapters become by what is wired to them, and what does not fit.

use super::{At, Draft, DraftWire, PlannedBody, Wrong};
use crate::chain::part::{self, PartKind, Rhythm, Shape};
use crate::chain::spec::WireSpec;
use crate::error::Error;
use crate::signature::DataType;

/// Types that the options say.
pub fn choose(node: &mut Draft) -> Result<(), Error> {
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
pub fn resolve(nodes: &mut [Draft], wires: &[DraftWire], specs: &[WireSpec]) -> Result<(), Wrong> {
    for wire in wires {
        nodes[wire.to.0].inputs[wire.to.1].is_wired = true;
    }
    // Each round must tell the type of one more output, or it was the last.
    while wires.iter().any(|wire| lead(nodes, wire)) {}
    // What goes round through adapters alone is of the type that feedback brings first.
    for (wire, spec) in wires.iter().zip(specs) {
        let from = &mut nodes[wire.from.0].outputs[wire.from.1];
        if let (None, Some(data_type)) = (&from.data_type, spec.first.as_ref().and_then(type_of)) {
            from.data_type = Some(data_type);
            while wires.iter().any(|wire| lead(nodes, wire)) {}
        }
    }
    let is_unknown = |wire: &DraftWire| nodes[wire.from.0].outputs[wire.from.1].data_type.is_none();
    let unknown = wires.iter().position(is_unknown);
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

/// The type that a value in JSON has by itself.
fn type_of(first: &serde_json::Value) -> Option<DataType> {
    match first {
        serde_json::Value::Bool(_) => Some(crate::signature::boolean()),
        serde_json::Value::Number(_) => Some(crate::signature::number()),
        serde_json::Value::String(_) => Some(crate::signature::text()),
        _ => None,
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
pub fn check_wire(nodes: &[Draft], wire: &DraftWire, spec: &WireSpec) -> Result<(), Error> {
    let output = &nodes[wire.from.0].outputs[wire.from.1];
    let input = &nodes[wire.to.0].inputs[wire.to.1];
    let Some(from) = &output.data_type else { return Ok(()) };
    let fits = match (&input.shape, &input.data_type) {
        (Shape::ArrayOfSame, _) => matches!(from, DataType::Array { .. }),
        (_, Some(to)) => from.is_compatible(to),
        (_, None) => true,
    };
    if fits {
        return Ok(());
    }
    let to = match &input.shape {
        Shape::ArrayOfSame => "array of anything".to_string(),
        _ => input.data_type.as_ref().map_or_else(|| "anything".into(), DataType::label),
    };
    let wanted = input.data_type.as_ref().filter(|_| !matches!(input.shape, Shape::ArrayOfSame));
    let fitting = adapters(from, wanted);
    let advice = match fitting.as_slice() {
        [] => "no adapter makes one into the other".into(),
        known => format!("between them would fit {}", known.join(" or ")),
    };
    Err(Error::invalid(format!(
        "{} gives {}, and {} takes {to}: {advice}",
        spec.from,
        from.label(),
        spec.to
    )))
}

/// The adapters that make a value of one type into one of another, or into any list, by name.
fn adapters(from: &DataType, to: Option<&DataType>) -> Vec<&'static str> {
    let is_wanted = |gives: &DataType| match to {
        Some(to) => gives.is_compatible(to),
        None => matches!(gives, DataType::Array { .. }),
    };
    let fits = |kind: &PartKind| {
        let (input, output) = (&kind.inputs[0], &kind.outputs[0]);
        let same = match (&input.shape, from) {
            (Shape::Fixed(takes), from) if from.is_compatible(takes) => None,
            (Shape::Whatever, _) => None,
            (Shape::ArrayOfSame, DataType::Array { item, .. }) => Some((**item).clone()),
            // A gate changes no type, so it helps here no one.
            _ => return false,
        };
        match (&output.shape, same) {
            (Shape::Fixed(gives), _) => is_wanted(gives) && kind.rhythm == Rhythm::Arrival,
            (Shape::Same, Some(same)) => is_wanted(&same),
            (Shape::Chosen(_), _) => match to {
                Some(DataType::Vector { .. }) => kind.name == "adapt/vector" && is_numbers(from),
                Some(DataType::Category { .. }) => kind.name == "adapt/category",
                _ => false,
            },
            _ => false,
        }
    };
    let known = part::adapters().filter(|kind| fits(kind)).map(|kind| kind.name);
    // That it counts values makes a counter fit everywhere, and wanted nowhere.
    known.filter(|name| *name != "adapt/counter").collect()
}

fn is_numbers(from: &DataType) -> bool {
    match from {
        DataType::Array { item, .. } => {
            matches!(**item, DataType::Number { .. } | DataType::Integer { .. })
        }
        DataType::Number { .. }
        | DataType::Integer { .. }
        | DataType::Any
        | DataType::ImagePoint
        | DataType::ImageBoundingBox => true,
        _ => false,
    }
}
