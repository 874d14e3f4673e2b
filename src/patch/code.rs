//! What the writers share: literals, names, and templates.

use super::{Control, Input};
use enjamb_core::value::Value;

/// JSON, with the short floats that a value's own form has.
pub fn json(value: &Value) -> String {
    serde_json::to_string(value).expect("every value has a JSON form")
}

/// A string literal of JavaScript, Python, Java, C++ and C-like others. Control characters that
/// these spell differently are left out.
pub fn quoted(text: &str) -> String {
    let plain: String = text.chars().filter(|c| !c.is_control() || "\n\t".contains(*c)).collect();
    serde_json::to_string(&plain).expect("a string has a JSON form")
}

/// A word for a shell, in single quotes.
pub fn shell_word(text: &str) -> String {
    format!("'{}'", text.replace('\0', "").replace('\'', r"'\''"))
}

/// A number without a needless point.
pub fn number(number: f64) -> String {
    json(&Value::Number(number))
}

/// A number that a C-like language reads as a float.
pub fn float(number: f64) -> String {
    let text = json(&Value::Number(number));
    match text.contains(['.', 'e']) {
        true => text,
        false => text + ".0",
    }
}

/// Floats with commas between.
pub fn floats(floats: &[f32]) -> String {
    let text = json(&Value::from(floats.to_vec()));
    text.trim_matches(['[', ']']).replace(',', ", ")
}

/// The one float that all of them are, if they are.
pub fn same(floats: &[f32]) -> Option<f32> {
    let first = *floats.first()?;
    floats.iter().all(|float| *float == first).then_some(first)
}

/// A name as a part of a variable's: what it may have beyond letters and digits becomes `_`.
pub fn word(name: &str) -> String {
    name.replace('-', "_")
}

/// A property of an object in JavaScript.
pub fn property(object: &str, name: &str) -> String {
    match name.contains('-') || name.starts_with(|c: char| c.is_ascii_digit()) {
        true => format!("{object}[\"{name}\"]"),
        false => format!("{object}.{name}"),
    }
}

/// The OSC type tag that an input is sent with, one for each argument.
pub fn tag(input: &Input) -> &'static str {
    match &input.control {
        Control::Slider { is_whole, .. } | Control::Number { is_whole } => {
            if *is_whole {
                "i"
            } else {
                "f"
            }
        }
        Control::Toggle => "i",
        Control::Vector { .. } | Control::Floats(_) => "f",
        _ => "s",
    }
}

/// Puts texts in the places that a template has for them, `@NAME@`. What is put in is not read again.
///
/// # Panics
/// When the template has a place that nothing is put in: a slip in this room.
pub fn fill(template: &str, places: &[(&str, &str)]) -> String {
    let mut text = String::with_capacity(template.len() * 2);
    let mut rest = template;
    while let Some(at) = rest.find('@') {
        let (before, after) = rest.split_at(at);
        text += before;
        let after = &after[1..];
        let name = after.split('@').next().unwrap_or("");
        let is_place =
            !name.is_empty() && name.bytes().all(|b| b.is_ascii_uppercase() || b == b'_');
        if !is_place || after.len() == name.len() {
            text.push('@');
            rest = after;
            continue;
        }
        let found = places.iter().find(|(known, _)| *known == name);
        text += found.unwrap_or_else(|| panic!("nothing is put at @{name}@")).1;
        rest = &after[name.len() + 1..];
    }
    text + rest
}

/// Lines, one for each item, without a newline at the end.
pub fn lines<T>(items: &[T], line: impl FnMut(&T) -> String) -> String {
    items.iter().map(line).collect::<Vec<_>>().join("\n")
}
