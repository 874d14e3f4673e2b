//! Lines for a shell: `curl` over HTTP, and liblo's `oscsend`.

use super::code::{self, shell_word};
use super::{Control, Input, Patch};
use serde_json::Value as Json;

/// Inputs that say no more than the default does are left out where they would be long.
fn is_worth_its_place(input: &Input) -> bool {
    let is_long = matches!(input.control, Control::Vector { .. } | Control::Json);
    input.is_given || input.is_needed || !is_long
}

/// `curl`, with the inputs as JSON; the outputs are what it prints.
pub fn curl(patch: &Patch) -> String {
    let worth = patch.inputs.iter().filter(|input| is_worth_its_place(input));
    let parts: Vec<String> = worth
        .map(|input| {
            let name = Json::from(input.name());
            format!("{name}: {}", code::json(&input.value).replace("\",\"", "\", \""))
        })
        .collect();
    let body = shell_word(&format!("{{{}}}", parts.join(", ")));
    format!("curl -X POST {}/models{} -d {body}\n", patch.place.http(), patch.address())
}

/// `oscsend`, with the inputs in order. What comes back is heard at the reply port.
pub fn oscsend(patch: &Patch) -> String {
    let last = patch.inputs.iter().rposition(is_worth_its_place).map_or(0, |at| at + 1);
    let (mut tags, mut words) = (String::new(), Vec::new());
    for input in &patch.inputs[..last] {
        if !is_worth_its_place(input) {
            // A nil leaves an input at its held value.
            tags.push('N');
            continue;
        }
        match &input.control {
            Control::Vector { .. } | Control::Floats(_) => {
                for float in input.floats() {
                    tags.push('f');
                    words.push(float.to_string());
                }
            }
            Control::Toggle => {
                tags.push(if input.is_true() { 'T' } else { 'F' });
            }
            Control::Slider { .. } | Control::Number { .. } => {
                tags += code::tag(input);
                words.push(code::number(input.number()));
            }
            Control::Lines | Control::Json => {
                tags.push('s');
                words.push(shell_word(&code::json(&input.value)));
            }
            _ => {
                tags.push('s');
                words.push(shell_word(&input.text()));
            }
        }
    }
    let (host, port) = (&patch.place.host, patch.place.osc_port);
    let mut line = format!("oscsend {host} {port} {}", patch.address());
    if !tags.is_empty() {
        line += &format!(" {tags}");
    }
    for word in words {
        line += &format!(" {word}");
    }
    line + "\n"
}
