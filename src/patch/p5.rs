//! A page with a p5.js sketch that speaks OSC over a WebSocket.

use super::code::{fill, float, lines, number, property, quoted, same};
use super::{Control, Input, Output, Patch, Shape, code};

const TEMPLATE: &str = include_str!("p5.html");

const VECTORS: &str = r#"
// A control for a vector: what it is, and others drawn from a normal distribution.
function vectorFrom(name, start, mean, deviation) {
  const bed = control(name, createElement("canvas").attribute("width", 480).attribute("height", 96));
  const output = createElement("output").parent(bed.parent());
  const chosen = { value: () => chosen.numbers };
  const choose = (numbers) => {
    chosen.numbers = numbers;
    const context = bed.elt.getContext("2d");
    context.clearRect(0, 0, 480, 96);
    bars(context, numbers, 0, 48, 480, 44);
    output.html(numbers.every((number) => number === numbers[0]) ? `all ${nf(numbers[0], 0, 1)}` : "");
  };
  choose(start);
  const buttons = createDiv().parent("controls");
  createButton("draw another").parent(buttons).mousePressed(() => choose(drawn(start.length, mean, deviation)));
  createButton("as it began").parent(buttons).mousePressed(() => choose(start));
  return chosen;
}

function drawn(length, mean, deviation) {
  return Array.from({ length }, () => randomGaussian(mean, deviation));
}
"#;

const PICTURE: &str = r#"
// A picture from its bytes.
function picture(bytes, then) {
  const made = createImg(URL.createObjectURL(new Blob([bytes])), "").hide();
  made.elt.onload = () => then(made);
}
"#;

const FILES: &str = r#"
// A control for a picture from a file, as a data URI.
function pictureFrom(name, uri) {
  const chosen = { uri, value: () => chosen.uri };
  control(name, createFileInput((file) => (chosen.uri = file.data)));
  return chosen;
}
"#;

pub fn write(patch: &Patch) -> String {
    let has = |is: fn(&Control) -> bool| patch.inputs.iter().any(|input| is(&input.control));
    let mut helpers = String::new();
    if has(|control| matches!(control, Control::Vector { .. })) {
        helpers += VECTORS;
    }
    if has(|control| matches!(control, Control::Picture)) {
        helpers += FILES;
    }
    if patch.outputs.iter().any(|output| output.shape == Shape::Picture) {
        helpers += PICTURE;
    }
    let arguments: Vec<String> = patch.inputs.iter().map(argument).collect();
    let place = |text: &str| escaped(text);
    fill(
        TEMPLATE,
        &[
            ("ADDRESS", &patch.address()),
            ("TITLE", &place(&patch.title())),
            ("COMMAND", &patch.command.name),
            ("HTTP", &patch.place.http()),
            (
                "OUTPUTS",
                &lines(&patch.outputs, |output| {
                    let start = if output.is_array { "[]" } else { "\"\"" };
                    format!("{} = {start};", result(output))
                }),
            ),
            ("CONTROLS", &place(&lines(&patch.inputs, control))),
            ("ARGUMENTS", &place(&arguments.join("\n"))),
            ("HEAR", &place(&lines(&patch.outputs, |output| hear(patch, output)))),
            ("SHOW", &place(&lines(&patch.outputs, show))),
            ("HELPERS", &helpers),
        ],
    )
}

/// What stands in a script or a comment of a page must not end it.
fn escaped(text: &str) -> String {
    text.replace("</", "<\\/").replace("<!--", "<\\!--").replace("-->", "--\\>")
}

fn result(output: &Output) -> String {
    property("heard", output.name())
}

fn element(input: &Input) -> String {
    property("inputs", input.name())
}

fn control(input: &Input) -> String {
    let (name, variable) = (quoted(input.name()), element(input));
    let made = match &input.control {
        Control::Slider { min, max, is_whole } => {
            let step = if *is_whole { "1" } else { "0" };
            let (min, max, value) = (number(*min), number(*max), number(input.number()));
            format!("control({name}, createSlider({min}, {max}, {value}, {step}))")
        }
        Control::Number { .. } => {
            format!("control({name}, createInput(\"{}\", \"number\"))", number(input.number()))
        }
        Control::Toggle => format!("control({name}, createCheckbox(\"\", {}))", input.is_true()),
        Control::Menu(names) => {
            let options =
                lines(names, |option| format!("  {variable}.option({});", quoted(option)));
            let chosen = quoted(&input.text());
            return format!(
                "  // {}\n  {variable} = control({name}, createSelect());\n{options}\n  {variable}.selected({chosen});",
                input.words()
            );
        }
        Control::Text => format!("control({name}, createInput({}))", quoted(&input.text())),
        Control::Lines => {
            let text = quoted(&input.lines().join("\n"));
            return format!(
                "  // {} One a line.\n  {variable} = control({name}, createElement(\"textarea\").attribute(\"rows\", 4));\n  {variable}.value({text});",
                input.words()
            );
        }
        Control::Vector { length, mean, deviation } => {
            let (mean, deviation) = (float(*mean), float(*deviation));
            let start = match (same(&input.floats()), input.is_needed && !input.is_given) {
                (_, true) => format!("drawn({length}, {mean}, {deviation})"),
                (Some(float), _) => format!("new Array({length}).fill({float})"),
                _ => format!("[{}]", code::floats(&input.floats())),
            };
            format!("vectorFrom({name}, {start}, {mean}, {deviation})")
        }
        Control::Floats(_) => {
            format!("control({name}, createInput({}))", quoted(&code::floats(&input.floats())))
        }
        Control::Picture => format!("pictureFrom({name}, {})", quoted(&input.text())),
        Control::Json => {
            format!("control({name}, createInput({}))", quoted(&code::json(&input.value)))
        }
    };
    format!("  // {}\n  {variable} = {made};", input.words())
}

fn argument(input: &Input) -> String {
    let variable = element(input);
    match &input.control {
        Control::Slider { .. } | Control::Number { .. } => {
            let tag = code::tag(input);
            format!("    {{ type: \"{tag}\", value: Number({variable}.value()) }},")
        }
        Control::Toggle => format!("    {{ type: {variable}.checked() ? \"T\" : \"F\" }},"),
        Control::Vector { .. } => {
            format!("    ...{variable}.value().map((value) => ({{ type: \"f\", value }})),")
        }
        Control::Floats(_) => format!(
            "    ...{variable}.value().split(\",\").map((value) => ({{ type: \"f\", value: Number(value) }})),"
        ),
        Control::Lines => format!(
            "    {{ type: \"s\", value: JSON.stringify({variable}.value().split(\"\\n\").filter((line) => line.trim())) }},"
        ),
        _ => format!("    {{ type: \"s\", value: {variable}.value() }},"),
    }
}

fn hear(patch: &Patch, output: &Output) -> String {
    let result = result(output);
    let take = match (output.shape, output.is_array) {
        (Shape::Picture, true) => {
            format!("picture(values[2], (made) => put({result}, [values[0], values[1], made]))")
        }
        (Shape::Picture, false) => format!("picture(values[0], (made) => ({result} = made))"),
        (Shape::Floats(_), true) => {
            format!("put({result}, [values[0], values[1], values.slice(2)])")
        }
        (_, true) => format!("put({result}, values)"),
        (Shape::Floats(_), false) => format!("{result} = values"),
        _ => format!("{result} = values[0]"),
    };
    let address = format!("{}/{}", patch.address(), output.name());
    format!("  // {}\n  if (address === \"{address}\") {take};", output.words(patch))
}

fn show(output: &Output) -> String {
    format!("  y = show({}, {}, y);", quoted(output.name()), result(output))
}
