//! A `main.cpp` for openFrameworks with ofxOsc and ofxGui.

use super::code::{fill, float, lines, number, quoted};
use super::{Control, Input, Output, Patch, Shape, code};

pub fn write(patch: &Patch) -> String {
    let drawers: Vec<String> = patch.inputs.iter().filter_map(drawer).collect();
    fill(
        include_str!("openframeworks.cpp"),
        &[
            ("TITLE", &patch.title()),
            ("HOST", &patch.place.host),
            ("PORT", &patch.place.osc_port.to_string()),
            ("REPLY", &patch.place.reply_port.to_string()),
            ("ADDRESS", &patch.address()),
            ("COMMAND", &patch.command.name),
            ("PANEL", &lines(&patch.inputs, panel)),
            ("ARGUMENTS", &lines(&patch.inputs, argument)),
            ("HEAR", &lines(&patch.outputs, |output| hear(patch, output))),
            ("DRAW", &drawers.join("")),
            ("MEMBERS", &lines(&patch.inputs, member)),
        ],
    )
}

fn element(input: &Input) -> String {
    format!("input_{}", code::word(input.name()))
}

fn member(input: &Input) -> String {
    let class = match &input.control {
        Control::Slider { is_whole: true, .. } => "ofxIntSlider",
        Control::Slider { .. } => "ofxFloatSlider",
        Control::Number { is_whole: true } => "ofxIntField",
        Control::Number { .. } => "ofxFloatField",
        Control::Toggle => "ofxToggle",
        Control::Vector { .. } => {
            return format!(
                "    ofxButton {name};\n    std::vector<float> {name}_floats;",
                name = element(input)
            );
        }
        Control::Floats(_) => {
            let value = code::floats(&input.floats());
            return format!("    std::vector<float> {}{{{value}}};", element(input));
        }
        _ => "ofxTextField",
    };
    format!("    {class} {};", element(input))
}

fn panel(input: &Input) -> String {
    let (element, name) = (element(input), quoted(input.name()));
    let single = |value: f64| float(value) + "f";
    let setup = match &input.control {
        Control::Slider { min, max, is_whole } => {
            let literal = |value: f64| if *is_whole { number(value) } else { single(value) };
            let value = literal(input.number());
            format!("{element}.setup({name}, {value}, {}, {})", literal(*min), literal(*max))
        }
        Control::Number { is_whole: true } => {
            format!("{element}.setup({name}, {})", number(input.number()))
        }
        Control::Number { .. } => format!("{element}.setup({name}, {})", single(input.number())),
        Control::Toggle => format!("{element}.setup({name}, {})", input.is_true()),
        Control::Vector { length, mean, deviation } => {
            let drawn = format!("drawn({length}, {}, {})", single(*mean), single(*deviation));
            let start = match code::same(&input.floats()) {
                _ if input.is_needed && !input.is_given => drawn.clone(),
                Some(value) => {
                    format!("std::vector<float>({length}, {})", single(f64::from(value)))
                }
                None => format!("{{{}}}", code::floats(&input.floats())),
            };
            return format!(
                "        // {}\n        {element}_floats = {start};\n        panel.add({element}.setup({}));\n        {element}.addListener(this, &ofApp::draw_{element});",
                input.words(),
                quoted(&format!("{}: draw another", input.name()))
            );
        }
        Control::Floats(_) => {
            return format!("        // {} Set where it is declared.", input.words());
        }
        Control::Lines | Control::Json => {
            format!("{element}.setup({name}, {})", quoted(&code::json(&input.value)))
        }
        Control::Menu(names) => {
            let setup = format!("{element}.setup({name}, {})", quoted(&input.text()));
            return format!(
                "        // {} One of: {}.\n        panel.add({setup});",
                input.words(),
                names.join(", ")
            );
        }
        Control::Text | Control::Picture => {
            format!("{element}.setup({name}, {})", quoted(&input.text()))
        }
    };
    format!("        // {}\n        panel.add({setup});", input.words())
}

/// What the button of a vector calls.
fn drawer(input: &Input) -> Option<String> {
    let Control::Vector { length, mean, deviation } = &input.control else { return None };
    let element = element(input);
    Some(format!(
        "\n    void draw_{element}() {{\n        {element}_floats = drawn({length}, {}f, {}f);\n    }}\n",
        float(*mean),
        float(*deviation)
    ))
}

fn argument(input: &Input) -> String {
    let element = element(input);
    match &input.control {
        Control::Slider { is_whole: true, .. } | Control::Number { is_whole: true } => {
            format!("        message.addIntArg({element});")
        }
        Control::Slider { .. } | Control::Number { .. } => {
            format!("        message.addFloatArg({element});")
        }
        Control::Toggle => format!("        message.addIntArg({element} ? 1 : 0);"),
        Control::Vector { .. } => {
            format!("        for (float one : {element}_floats) message.addFloatArg(one);")
        }
        Control::Floats(_) => {
            format!("        for (float one : {element}) message.addFloatArg(one);")
        }
        _ => format!("        message.addStringArg({element});"),
    }
}

fn hear(patch: &Patch, output: &Output) -> String {
    let at = if output.is_array { 2 } else { 0 };
    let value = match output.shape {
        Shape::Text => format!("message.getArgAsString({at})"),
        Shape::Number => format!("ofToString(message.getArgAsFloat({at}))"),
        Shape::Floats(_) => format!("floats(message, {at})"),
        Shape::Picture => format!("ofToString(message.getArgAsBlob({at}).size()) + \" bytes\""),
    };
    let (name, address) = (output.name(), format!("{}/{}", patch.address(), output.name()));
    let (index, is_there) = match output.is_array {
        true => ("message.getArgAsInt(0)", " && message.getNumArgs() > 2"),
        false => ("0", ""),
    };
    format!(
        "            // {}\n            if (address == \"{address}\"{is_there}) heard[\"{name}\"][{index}] = {value};",
        output.words(patch)
    )
}
