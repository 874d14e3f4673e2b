//! Scripts that run a command once and print what comes: Python with python-osc, Node with osc.js.

use super::code::{fill, float, lines, number, quoted, same};
use super::{Control, Input, Output, Patch, Shape, code};

pub fn python(patch: &Patch) -> String {
    let has = |is: fn(&Control) -> bool| patch.inputs.iter().any(|input| is(&input.control));
    let mut imports = String::new();
    if has(|control| matches!(control, Control::Lines)) {
        imports += "import json\n";
    }
    if patch.inputs.iter().any(is_drawn) {
        imports += "import random\n";
    }
    let arguments: Vec<String> = patch.inputs.iter().map(python_argument).collect();
    fill(
        include_str!("python.py"),
        &[
            ("TITLE", &patch.title().replace('\\', "\\\\").replace('"', "'")),
            ("IMPORTS", &imports),
            ("HOST", &patch.place.host),
            ("PORT", &patch.place.osc_port.to_string()),
            ("DESCRIPTION", &quoted(&patch.title().replace('%', "%%"))),
            ("OPTIONS", &lines(&patch.inputs, python_option)),
            ("ADDRESS", &patch.address()),
            ("ARGUMENTS", &arguments.join("\n")),
            ("MISSING", &missing(patch)),
            ("HEAR", &lines(&patch.outputs, |output| python_hear(patch, output))),
        ],
    )
}

/// Whether a vector is drawn by chance until one is given.
fn is_drawn(input: &Input) -> bool {
    matches!(input.control, Control::Vector { .. }) && input.is_needed && !input.is_given
}

/// The option's name as an attribute: a word of Python's gets a line after it.
fn dest(input: &Input) -> String {
    const KEYWORDS: &[&str] = &[
        "and", "as", "assert", "async", "await", "break", "class", "continue", "def", "del",
        "elif", "else", "except", "finally", "for", "from", "global", "if", "import", "in", "is",
        "lambda", "nonlocal", "not", "or", "pass", "raise", "return", "try", "while", "with",
        "yield",
    ];
    let word = code::word(input.name());
    if KEYWORDS.contains(&word.as_str()) || word.starts_with(|c: char| c.is_ascii_digit()) {
        return format!("a_{word}");
    }
    word
}

fn missing(patch: &Patch) -> String {
    let address = |output: &Output| quoted(&format!("{}/{}", patch.address(), output.name()));
    patch.outputs.iter().map(address).collect::<Vec<_>>().join(", ")
}

fn python_option(input: &Input) -> String {
    let kind = match &input.control {
        Control::Slider { is_whole, .. } | Control::Number { is_whole } => {
            let (kind, value) = match is_whole {
                true => ("int", number(input.number())),
                false => ("float", float(input.number())),
            };
            format!("type={kind}, default={value}")
        }
        Control::Toggle => {
            let value = if input.is_true() { "True" } else { "False" };
            format!("action=argparse.BooleanOptionalAction, default={value}")
        }
        Control::Menu(names) => {
            let names: Vec<String> = names.iter().map(|name| quoted(name)).collect();
            format!("choices=[{}], default={}", names.join(", "), quoted(&input.text()))
        }
        Control::Lines => {
            let texts: Vec<String> = input.lines().iter().map(|line| quoted(line)).collect();
            format!("nargs=\"*\", default=[{}]", texts.join(", "))
        }
        Control::Vector { length, mean, deviation } => {
            let value = match same(&input.floats()) {
                _ if is_drawn(input) => {
                    let (mean, deviation) = (float(*mean), float(*deviation));
                    format!("[random.gauss({mean}, {deviation}) for _ in range({length})]")
                }
                Some(value) => format!("[{}] * {length}", float(f64::from(value))),
                None => format!("[{}]", code::floats(&input.floats())),
            };
            format!("type=float, nargs={length}, metavar=\"F\", default={value}")
        }
        Control::Floats(length) => {
            let value = code::floats(&input.floats());
            format!("type=float, nargs={length}, metavar=\"F\", default=[{value}]")
        }
        Control::Json => format!("default={}", quoted(&code::json(&input.value))),
        Control::Text | Control::Picture => format!("default={}", quoted(&input.text())),
    };
    let dest = match dest(input) {
        word if word == code::word(input.name()) => String::new(),
        word => format!("dest=\"{word}\", "),
    };
    let help = match input.control {
        Control::Picture => "A picture's file, or a data URI.".to_string(),
        _ => super::one_line(&input.field.description).replace('%', "%%"),
    };
    format!("parser.add_argument(\"--{}\", {dest}{kind}, help={})", input.name(), quoted(&help))
}

fn python_argument(input: &Input) -> String {
    let given = format!("given.{}", dest(input));
    let value = match &input.control {
        Control::Vector { .. } | Control::Floats(_) => format!("*{given}"),
        Control::Lines => format!("json.dumps({given})"),
        Control::Picture => {
            format!("{given} if {given}.startswith(\"data:\") else open({given}, \"rb\").read()")
        }
        _ => given,
    };
    format!("    {value},  # {}", super::one_line(&input.field.description))
}

fn python_hear(patch: &Patch, output: &Output) -> String {
    let (name, address) = (output.name(), format!("{}/{}", patch.address(), output.name()));
    let show = |from: &str| match output.shape {
        Shape::Picture => format!("\"a picture of\", len({from}[0]), \"bytes\""),
        Shape::Floats(_) => format!("*(f\"{{float:.4f}}\" for float in {from})"),
        _ => format!("*{from}"),
    };
    let words = output.words(patch);
    if !output.is_array {
        let show = show("values");
        return format!(
            "    # {words}\n    if address == \"{address}\":\n        print(\"{name}\", {show})\n        missing.pop(address, None)"
        );
    }
    let show = show("item");
    format!(
        "    # {words}\n    if address == \"{address}\":\n        index, count, *item = values\n        if item:\n            print(\"{name}\", index, {show})\n        if address in missing:\n            missing[address].add(index)\n            if len(missing[address]) >= count:\n                del missing[address]"
    )
}

pub fn node(patch: &Patch) -> String {
    let helpers = match patch
        .inputs
        .iter()
        .any(|input| matches!(input.control, Control::Vector { .. }))
    {
        true => {
            "\n// Floats drawn from a normal distribution.\nfunction drawn(length, mean, deviation) {\n  const one = () => Math.sqrt(-2 * Math.log(1 - Math.random())) * Math.cos(2 * Math.PI * Math.random());\n  return Array.from({ length }, () => mean + deviation * one());\n}\n"
        }
        false => "",
    };
    fill(
        include_str!("node.js"),
        &[
            ("TITLE", &patch.title()),
            ("INPUTS", &lines(&patch.inputs, node_input)),
            ("HOST", &patch.place.host),
            ("PORT", &patch.place.osc_port.to_string()),
            ("ADDRESS", &patch.address()),
            ("ARGUMENTS", &lines(&patch.inputs, node_argument)),
            ("MISSING", &missing(patch)),
            ("HEAR", &lines(&patch.outputs, |output| node_hear(patch, output))),
            ("HELPERS", helpers),
        ],
    )
}

fn node_input(input: &Input) -> String {
    let value = match &input.control {
        Control::Slider { .. } | Control::Number { .. } => number(input.number()),
        Control::Toggle => input.is_true().to_string(),
        Control::Lines => {
            let texts: Vec<String> = input.lines().iter().map(|line| quoted(line)).collect();
            format!("[{}]", texts.join(", "))
        }
        Control::Vector { length, mean, deviation } => match same(&input.floats()) {
            _ if is_drawn(input) => {
                format!("drawn({length}, {}, {})", number(*mean), number(*deviation))
            }
            Some(value) => format!("new Array({length}).fill({value})"),
            None => format!("[{}]", code::floats(&input.floats())),
        },
        Control::Floats(_) => format!("[{}]", code::floats(&input.floats())),
        Control::Json => code::json(&input.value),
        Control::Menu(_) | Control::Text | Control::Picture => quoted(&input.text()),
    };
    let names = match &input.control {
        Control::Menu(names) => format!(" One of: {}.", names.join(", ")),
        Control::Slider { min, max, .. } => format!(" {} to {}.", number(*min), number(*max)),
        _ => String::new(),
    };
    let words = super::one_line(&input.field.description);
    format!("  // {words}{names}\n  {}: {value},", quoted(input.name()))
}

fn node_argument(input: &Input) -> String {
    let value = format!("inputs[{}]", quoted(input.name()));
    match &input.control {
        Control::Toggle => format!("      {{ type: {value} ? \"T\" : \"F\" }},"),
        Control::Vector { .. } | Control::Floats(_) => {
            format!("      ...{value}.map((value) => ({{ type: \"f\", value }})),")
        }
        Control::Lines | Control::Json => {
            format!("      {{ type: \"s\", value: JSON.stringify({value}) }},")
        }
        _ => format!("      {{ type: \"{}\", value: {value} }},", code::tag(input)),
    }
}

fn node_hear(patch: &Patch, output: &Output) -> String {
    let (name, address) = (output.name(), format!("{}/{}", patch.address(), output.name()));
    let words = output.words(patch);
    let show = |from: &str| match output.shape {
        Shape::Picture => format!("`a picture of ${{{from}[0].length}} bytes`"),
        Shape::Floats(_) => format!("...{from}.map((float) => float.toFixed(4))"),
        _ => format!("...{from}"),
    };
    if !output.is_array {
        return format!(
            "  // {words}\n  if (address === \"{address}\") {{\n    console.log(\"{name}\", {});\n    missing.delete(address);\n  }}",
            show("values")
        );
    }
    format!(
        "  // {words}\n  if (address === \"{address}\") {{\n    const [index, count, ...item] = values;\n    if (item.length) console.log(\"{name}\", index, {});\n    if (index + 1 >= count) missing.delete(address);\n  }}",
        show("item")
    )
}
