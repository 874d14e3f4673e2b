//! A sketch for Processing with oscP5: controls by keys, outputs as text.

use super::code::{fill, float, lines, quoted, same};
use super::{Control, Input, Output, Patch, Shape, code};

pub fn write(patch: &Patch) -> String {
    fill(
        include_str!("processing.pde"),
        &[
            ("TITLE", &patch.title()),
            ("HOST", &patch.place.host),
            ("PORT", &patch.place.osc_port.to_string()),
            ("REPLY", &patch.place.reply_port.to_string()),
            ("ADDRESS", &patch.address()),
            ("INPUTS", &lines(&patch.inputs, control)),
            ("HEAR", &lines(&patch.outputs, |output| hear(patch, output))),
        ],
    )
}

fn control(input: &Input) -> String {
    let name = quoted(input.name());
    // Java reads a number without an f as a double.
    let single = |value: f64| float(value) + "f";
    let made = match &input.control {
        Control::Slider { .. } | Control::Number { .. } => {
            let tag = code::tag(input);
            let (min, max) = match input.control {
                Control::Slider { min, max, .. } => (min, max),
                _ => (-1e9, 1e9),
            };
            let grain = match (tag, &input.control) {
                ("i", _) => 1.0,
                (_, Control::Slider { .. }) => (max - min) / 50.0,
                _ => 0.1,
            };
            let value = single(input.number());
            format!(
                "{name}, \"{tag}\", {}, {}, {}, {value}",
                single(min),
                single(max),
                single(grain)
            )
        }
        Control::Toggle => {
            format!("{name}, \"i\", 0, 1, 1, {}", if input.is_true() { 1 } else { 0 })
        }
        Control::Menu(names) => {
            let names: Vec<String> = names.iter().map(|name| quoted(name)).collect();
            format!("{name}, new String[] {{ {} }}, {}", names.join(", "), quoted(&input.text()))
        }
        Control::Vector { length, mean, deviation } => {
            let floats = match same(&input.floats()) {
                Some(0.0) => format!("new float[{length}]"),
                _ => array(&input.floats()),
            };
            let draw = match input.is_needed && !input.is_given {
                true => "\n  controls.get(controls.size() - 1).move(1);",
                false => "",
            };
            return format!(
                "  // {}\n  controls.add(new Control({name}, {floats}, {}, {}));{draw}",
                input.words(),
                single(*mean),
                single(*deviation)
            );
        }
        Control::Floats(_) => format!("{name}, {}, 0.5f, 0.1f", array(&input.floats())),
        Control::Lines | Control::Json => format!("{name}, {}", quoted(&code::json(&input.value))),
        Control::Text | Control::Picture => format!("{name}, {}", quoted(&input.text())),
    };
    format!("  // {}\n  controls.add(new Control({made}));", input.words())
}

fn array(floats: &[f32]) -> String {
    let floats: Vec<String> = floats.iter().map(|value| format!("{value}f")).collect();
    format!("new float[] {{ {} }}", floats.join(", "))
}

fn hear(patch: &Patch, output: &Output) -> String {
    let at = if output.is_array { 2 } else { 0 };
    let value = match output.shape {
        Shape::Text => format!("message.get({at}).stringValue()"),
        Shape::Number if output.field.data_type.name() == "boolean" => {
            format!("str(message.get({at}).intValue())")
        }
        Shape::Number => format!("str(message.get({at}).floatValue())"),
        Shape::Floats(_) => format!("floats(message, {at})"),
        Shape::Picture => format!("message.get({at}).bytesValue().length + \" bytes\""),
    };
    let (name, address) = (output.name(), format!("{}/{}", patch.address(), output.name()));
    let (index, is_there) = match output.is_array {
        true => ("message.get(0).intValue()", " && message.arguments().length > 2"),
        false => ("0", ""),
    };
    format!(
        "  // {}\n  if (message.checkAddrPattern(\"{address}\"){is_there}) put(\"{name}\", {index}, {value});",
        output.words(patch)
    )
}
