//! `enjamb describe adapt`: the sources and adapters of chains, what they take and what they give.

use super::{given, type_words, word};
use enjamb::chain::{PartKind, Rhythm, Shape, Slot, kinds};
use serde_json::{Value as Json, json};

/// Describes all of them, or the one of that name; says whether there is one.
pub fn describe(name: &str, as_json: bool) -> bool {
    let is_meant = |kind: &&PartKind| name == "adapt" || kind.name == name;
    let meant: Vec<Json> = kinds().iter().filter(is_meant).map(specification).collect();
    match meant.as_slice() {
        [] => return false,
        all if as_json && name == "adapt" => say!("{:#}", json!(all)),
        [one] if as_json => say!("{one:#}"),
        [one] => write(one),
        all => {
            say!(
                "What nodes of a chain can run, beside commands of models: {{ run = \"adapt/first\" }}"
            );
            for kind in all {
                say!("");
                write(kind);
            }
        }
    }
    true
}

fn write(kind: &Json) {
    say!("{}: {}", word(&kind["name"]), word(&kind["description"]));
    for (title, key) in [("option", "options"), ("in", "inputs"), ("out", "outputs")] {
        for field in kind[key].as_array().into_iter().flatten() {
            let taken = if title == "out" { type_words(&given(field)) } else { type_words(field) };
            let (name, words) = (word(&field["name"]), word(&field["description"]));
            say!("  {title:<6} {name:<12} {taken:<28} {words}");
        }
    }
}

fn specification(kind: &PartKind) -> Json {
    let slots = |slots: &[Slot]| slots.iter().map(slot).collect::<Vec<_>>();
    json!({
        "name": kind.name,
        "description": kind.description,
        "runs": match kind.rhythm {
            Rhythm::Tick => "at each tick, if nothing is wired to it",
            Rhythm::Arrival => "when something comes over a wire",
            Rhythm::Message => "when something is sent to it",
        },
        "options": kind.options.iter().map(|field| field.specification()).collect::<Vec<_>>(),
        "inputs": slots(&kind.inputs),
        "outputs": slots(&kind.outputs),
    })
}

/// A slot as a field's specification; a type that depends on what is wired is said in words.
fn slot(slot: &Slot) -> Json {
    let words = match &slot.shape {
        Shape::Fixed(data_type) => {
            let mut json = data_type.specification();
            json.insert("name".into(), slot.name.into());
            json.insert("description".into(), slot.description.into());
            return json.into();
        }
        Shape::Same => "whatever it is",
        Shape::ArrayOfSame => "array of whatever it is",
        Shape::Whatever => "anything",
        Shape::Chosen(_) => "as the options say",
    };
    json!({ "name": slot.name, "description": slot.description, "type": words })
}
