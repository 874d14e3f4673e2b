//! A script for TouchDesigner's textport that builds a COMP with a parameter for each input.

use super::code::{fill, float, lines, number, quoted};
use super::{Control, Input, Output, Patch, Shape, code};

pub fn write(patch: &Patch) -> String {
    let name = code::word(&format!("{}_{}", patch.model, patch.command.name));
    let arguments: Vec<String> = patch.inputs.iter().map(argument).collect();
    let chops: Vec<String> = patch.outputs.iter().enumerate().filter_map(chop).collect();
    fill(
        include_str!("touchdesigner.py"),
        &[
            ("TITLE", &patch.title()),
            ("NAME", &name),
            ("INPUTS", &lines(&patch.inputs, parameter)),
            ("HOST", &patch.place.host),
            ("PORT", &patch.place.osc_port.to_string()),
            ("REPLY", &patch.place.reply_port.to_string()),
            ("ADDRESS", &patch.address()),
            // These stand in a string of their own, in which a backslash is one only when doubled.
            ("ARGUMENTS", &arguments.join("\n")),
            (
                "HEAR",
                &lines(&patch.outputs, |output| hear(patch, output))
                    .replace('\\', "\\\\")
                    .replace("'''", "\"\"\""),
            ),
            ("CHOPS", &chops.join("\n")),
        ],
    )
}

/// Custom parameters have names of letters and digits, the first a capital.
fn parameter_name(name: &str) -> String {
    let word: String = name.chars().filter(char::is_ascii_alphanumeric).collect();
    let mut letters = word.to_ascii_lowercase();
    if let Some(first) = letters.get_mut(0..1) {
        first.make_ascii_uppercase();
    }
    // Run is the button's, and a digit can't come first.
    match letters.as_str() {
        "Run" => "Runinput".into(),
        letters if letters.starts_with(|c: char| c.is_ascii_digit()) => format!("I{letters}"),
        letters => letters.into(),
    }
}

fn parameter(input: &Input) -> String {
    let (name, label) = (parameter_name(input.name()), quoted(input.name()));
    let words = format!("    # {}", input.words());
    let append = |kind: &str, more: &str| {
        format!("{words}\n    parameter = page.append{kind}(\"{name}\", label={label})[0]\n{more}")
    };
    let set = |value: String| format!("    parameter.default = parameter.val = {value}");
    match &input.control {
        Control::Slider { min, max, is_whole } => {
            let kind = if *is_whole { "Int" } else { "Float" };
            let (min, max) = (number(*min), number(*max));
            let bounds = format!(
                "    parameter.min = parameter.normMin = {min}\n    parameter.max = parameter.normMax = {max}\n    parameter.clampMin = parameter.clampMax = True\n"
            );
            append(kind, &(bounds + &set(number(input.number()))))
        }
        Control::Number { is_whole } => {
            let kind = if *is_whole { "Int" } else { "Float" };
            append(kind, &set(number(input.number())))
        }
        Control::Toggle => {
            append("Toggle", &set(if input.is_true() { "True" } else { "False" }.into()))
        }
        Control::Menu(names) => {
            let names: Vec<String> = names.iter().map(|name| quoted(name)).collect();
            let names = names.join(", ");
            let menu = format!("    parameter.menuNames = parameter.menuLabels = [{names}]\n");
            append("Menu", &(menu + &set(quoted(&input.text()))))
        }
        Control::Vector { length, .. } => {
            // Floats as words; an empty one is drawn anew at every run.
            let floats = input.floats();
            let value = match code::same(&floats) {
                _ if input.is_needed && !input.is_given => String::new(),
                Some(value) => vec![value.to_string(); *length].join(" "),
                None => code::floats(&floats).replace(',', ""),
            };
            append("Str", &set(quoted(&value)))
        }
        Control::Floats(_) => {
            append("Str", &set(quoted(&code::floats(&input.floats()).replace(',', ""))))
        }
        Control::Lines | Control::Json => append("Str", &set(quoted(&code::json(&input.value)))),
        Control::Text | Control::Picture => append("Str", &set(quoted(&input.text()))),
    }
}

fn argument(input: &Input) -> String {
    let value = format!("comp.par.{}.eval()", parameter_name(input.name()));
    let value = match &input.control {
        Control::Toggle => format!("int({value})"),
        Control::Vector { length, mean, deviation } => format!(
            "*([float(word) for word in {value}.split()] or [random.gauss({}, {}) for _ in range({length})])",
            float(*mean),
            float(*deviation)
        ),
        Control::Floats(_) => format!("*[float(word) for word in {value}.split()]"),
        _ => value,
    };
    format!("        {value},")
}

fn hear(patch: &Patch, output: &Output) -> String {
    let name = output.name();
    let chop = format!("parent().op(\"{}\")", chop_name(output));
    let mut text = format!("    # {}\n    if name == \"{name}\":\n", output.words(patch));
    text += match (output.shape, output.is_array) {
        (Shape::Picture, true) => "        put(table, name, args[0], f\"{len(args[2])} bytes\")",
        (Shape::Picture, false) => "        put(table, name, 0, f\"{len(args[0])} bytes\")",
        (Shape::Floats(_), true) => {
            "        put(table, name, args[0], \" \".join(f\"{value:.4f}\" for value in args[2:]))"
        }
        (Shape::Floats(_), false) => {
            "        put(table, name, 0, \" \".join(f\"{value:.4f}\" for value in args))"
        }
        (_, true) => {
            "        if len(args) > 2:\n            put(table, name, args[0], args[2])\n        trim(table, name, args[1])"
        }
        (_, false) => "        put(table, name, 0, args[0])",
    };
    match (output.shape, output.is_array) {
        (Shape::Floats(_), true) => text += &format!("\n        show({chop}, args[2:])"),
        (Shape::Floats(_) | Shape::Number, false) => {
            text += &format!("\n        show({chop}, args)")
        }
        _ => {}
    }
    text
}

fn chop_name(output: &Output) -> String {
    format!("{}_chop", code::word(output.name()))
}

/// A Script CHOP for what is numbers.
fn chop((index, output): (usize, &Output)) -> Option<String> {
    let is_numbers =
        matches!((output.shape, output.is_array), (Shape::Floats(_), _) | (Shape::Number, false));
    let name = chop_name(output);
    is_numbers.then(|| {
        format!(
            "\n    script = comp.create(textDAT, \"{name}_callbacks\")\n    script.text = SCRIPT\n    script.nodeX, script.nodeY = 600, {y}\n    chop = comp.create(scriptCHOP, \"{name}\")\n    set_parameter(chop, [\"callbacks\"], \"{name}_callbacks\")\n    chop.nodeX, chop.nodeY = 400, {y}",
            y = -150 * (index as i32 + 1)
        )
    })
}
