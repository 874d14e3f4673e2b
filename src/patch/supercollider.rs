//! A window for SuperCollider's sclang, with a control for each input.

use super::code::{fill, float, lines, number, same, word};
use super::{Control, Input, Output, Patch, Shape, code};

pub fn write(patch: &Patch) -> String {
    let arguments: String = patch.inputs.iter().map(argument).collect();
    fill(
        include_str!("supercollider.scd"),
        &[
            ("TITLE", &patch.title()),
            ("HOST", &patch.place.host),
            ("PORT", &patch.place.osc_port.to_string()),
            ("ADDRESS", &patch.address()),
            ("MODEL", &word(patch.model)),
            ("COMMAND", &word(&patch.command.name)),
            ("INPUTS", &lines(&patch.inputs, control)),
            (
                "OUTPUTS",
                &lines(&patch.outputs, |output| {
                    let start = if output.is_array {
                        format!(", {}_items = []", result(output))
                    } else {
                        String::new()
                    };
                    format!("var {} = shown.(){start};", result(output))
                }),
            ),
            ("ARGUMENTS", &arguments),
            ("HEAR", &lines(&patch.outputs, |output| hear(patch, output))),
            (
                "LAYOUT",
                &lines(&patch.inputs, |input| {
                    format!("    row.(\"{}\", {}),", input.name(), element(input))
                }),
            ),
            (
                "SHOWN",
                &lines(&patch.outputs, |output| {
                    format!("    row.(\"{}\", {}),", output.name(), result(output))
                }),
            ),
            (
                "FREE",
                &lines(&patch.outputs, |output| {
                    format!("    OSCdef(\\{}).free;", key(patch, output))
                }),
            ),
        ],
    )
}

/// A string literal: backslash and quotes are escaped, nothing else is.
fn quoted(text: &str) -> String {
    let plain: String = text.chars().filter(|c| !c.is_control() || *c == '\n').collect();
    format!("\"{}\"", plain.replace('\\', "\\\\").replace('"', "\\\""))
}

fn key(patch: &Patch, output: &Output) -> String {
    format!("{}_{}_{}", word(patch.model), word(&patch.command.name), word(output.name()))
}

fn element(input: &Input) -> String {
    format!("input_{}", word(input.name()))
}

fn result(output: &Output) -> String {
    format!("heard_{}", word(output.name()))
}

fn control(input: &Input) -> String {
    let made = match &input.control {
        Control::Slider { min, max, is_whole } => {
            let step = if *is_whole { "1" } else { "0" };
            let (min, max, value) = (number(*min), number(*max), number(input.number()));
            format!("slider.({min}, {max}, {step}, {value})")
        }
        Control::Number { .. } => format!("NumberBox().value_({})", number(input.number())),
        Control::Toggle => format!("CheckBox().value_({})", input.is_true()),
        Control::Menu(names) => {
            let at = names.iter().position(|name| *name == input.text()).unwrap_or(0);
            let names: Vec<String> = names.iter().map(|name| quoted(name)).collect();
            format!("PopUpMenu().items_([{}]).value_({at})", names.join(", "))
        }
        Control::Lines => {
            format!("TextView().string_({}).minHeight_(80)", quoted(&input.lines().join("\n")))
        }
        Control::Vector { length, mean, deviation } => {
            let drawn =
                format!("{{ 0.0.gauss({}) + {} }} ! {length}", float(*deviation), float(*mean));
            let value = match same(&input.floats()) {
                _ if input.is_needed && !input.is_given => drawn.clone(),
                Some(value) => format!("{} ! {length}", float(f64::from(value))),
                None => format!("[{}]", code::floats(&input.floats())),
            };
            let name = element(input);
            return format!(
                "// {}\nvar {name}_floats = {value};\nvar {name} = Button().states_([[\"draw another\"]]).action_({{ {name}_floats = {drawn} }});",
                input.words()
            );
        }
        Control::Floats(_) => {
            format!("TextField().string_({})", quoted(&code::floats(&input.floats())))
        }
        Control::Json => format!("TextField().string_({})", quoted(&code::json(&input.value))),
        Control::Text | Control::Picture => {
            format!("TextField().string_({})", quoted(&input.text()))
        }
    };
    let lines = if input.control == Control::Lines { " One a line." } else { "" };
    format!("// {}{lines}\nvar {} = {made};", input.words(), element(input))
}

/// Its arguments, as an array.
fn argument(input: &Input) -> String {
    let name = element(input);
    match &input.control {
        Control::Slider { .. } => format!(" ++ [{name}[0].value]"),
        Control::Number { .. } => format!(" ++ [{name}.value]"),
        Control::Toggle => format!(" ++ [{name}.value.binaryValue]"),
        Control::Menu(_) => format!(" ++ [{name}.item]"),
        Control::Vector { .. } => format!(" ++ {name}_floats"),
        Control::Floats(_) => {
            format!(" ++ {name}.string.split($,).collect {{ |word| word.asFloat }}")
        }
        Control::Lines => format!(" ++ [json.({name}.string)]"),
        _ => format!(" ++ [{name}.string]"),
    }
}

fn hear(patch: &Patch, output: &Output) -> String {
    let (result, key) = (result(output), key(patch, output));
    let text = match (output.shape, output.is_array) {
        (_, true) => {
            return format!(
                "// {}\nOSCdef(\\{key}, {{ |message|\n    {result}_items = items.({result}_items, message);\n    message.postln;\n    {{ {result}.string = {result}_items.join(\"\\n\") }}.defer\n}}, '{}/{}', recvPort: NetAddr.langPort);",
                output.words(patch),
                patch.address(),
                output.name()
            );
        }
        (Shape::Picture, _) => "message[1].size.asString ++ \" bytes\"",
        (Shape::Floats(_), _) => "message[1..].collect { |value| value.round(0.001) }.join(\" \")",
        _ => "message[1].asString",
    };
    format!(
        "// {}\nOSCdef(\\{key}, {{ |message|\n    message.postln;\n    {{ {result}.string = {text} }}.defer\n}}, '{}/{}', recvPort: NetAddr.langPort);",
        output.words(patch),
        patch.address(),
        output.name()
    )
}
