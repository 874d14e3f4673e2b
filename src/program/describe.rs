//! `enjamb models` and `enjamb describe NAME`: what is hosted, and how to speak to it.

mod parts;

use super::client::Client;
use super::run::local_project;
use crate::Shared;
use enjamb::chain::adapters;
use enjamb::signature::only;
use serde_json::{Value as Json, json};
use std::sync::Arc;

/// Of a longer default only the first number is shown.
const MAX_DEFAULTS: usize = 8;

/// Lists the models.
pub fn models(shared: &Shared) -> Result<(), String> {
    let specs = specifications(shared)?;
    if shared.json {
        say!("{specs:#}");
        return Ok(());
    }
    for spec in specs.as_array().into_iter().flatten() {
        let (name, words) = (word(&spec["name"]), word(&spec["description"]));
        say!("{name:<12} {words}");
        for command in spec["commands"].as_array().into_iter().flatten() {
            say!("{:<12}   /{name}/{}", "", word(&command["name"]));
        }
        if let Some(problem) = spec["error"].as_str() {
            say!("{:<12}   could not start: {problem}", "");
        }
    }
    for chain in chains(shared)?.as_array().into_iter().flatten() {
        let (name, words) = (word(&chain["name"]), word(&chain["description"]));
        say!("{name:<12} {words}");
        say!("{:<12}   /{name}/start, and more: enjamb describe {name}", "");
    }
    say!(
        "{:<12} What nodes of a chain can run beside commands: sources, and adapters of values.",
        "adapt"
    );
    say!("{:<12}   in a chain, {{ run = \"adapt/first\" }}, and more: enjamb describe adapt", "");
    Ok(())
}

/// Describes one model, one command of it, or one chain.
pub fn describe(name: &str, shared: &Shared) -> Result<(), String> {
    if parts::describe(name, shared.json) {
        return Ok(());
    }
    let name = name.trim_start_matches('/');
    let (model, command) = match name.split_once('/') {
        Some((model, command)) => (model, Some(command)),
        None => (name, None),
    };
    if model == "adapt" {
        let only = only(name, adapters().map(|kind| kind.name));
        return Err(format!("there is no '{name}', {only}"));
    }
    let chains = chains(shared)?;
    let chains = chains.as_array().map_or(&[] as &[Json], Vec::as_slice);
    if let Some(chain) = chains.iter().find(|chain| chain["name"] == model) {
        describe_chain(chain, shared);
        return Ok(());
    }
    let specs = specifications(shared)?;
    let all = specs.as_array().map_or(&[] as &[Json], Vec::as_slice);
    let spec = all.iter().find(|spec| spec["name"] == model).ok_or_else(|| {
        let only = only(model, all.iter().chain(chains).map(|known| word(&known["name"])));
        format!("there is no model or chain '{model}', {only}")
    })?;
    let commands = || spec["commands"].as_array().into_iter().flatten();
    if let Some(name) = command {
        let one = commands().find(|command| command["name"] == name).ok_or_else(|| {
            let only = only(name, commands().map(|command| word(&command["name"])));
            format!("{model} has no command '{name}', {only}")
        })?;
        match shared.json {
            true => say!("{one:#}"),
            false => describe_command(model, one),
        }
        return Ok(());
    }
    if shared.json {
        say!("{spec:#}");
        return Ok(());
    }
    say!("{}: {}", word(&spec["name"]), word(&spec["description"]));
    for command in commands() {
        say!("");
        describe_command(model, command);
    }
    let options = spec["options"].as_array().map_or(&[] as &[Json], Vec::as_slice);
    if !options.is_empty() {
        say!("\noptions, in the project file");
        for field in options {
            say!(
                "  {:<25} {:<24} {}",
                word(&field["name"]),
                type_words(field),
                word(&field["description"])
            );
        }
    }
    Ok(())
}

fn describe_command(model: &str, command: &Json) {
    say!("/{model}/{}\n  {}", word(&command["name"]), word(&command["description"]));
    for (title, fields) in [("in", &command["inputs"]), ("out", &command["outputs"])] {
        for field in fields.as_array().into_iter().flatten() {
            say!(
                "  {title:<4} {:<20} {:<24} {}",
                word(&field["name"]),
                if title == "in" { type_words(field) } else { type_words(&given(field)) },
                word(&field["description"])
            );
        }
    }
}

/// From the running enjamb; without one, from the project that would run here.
fn specifications(shared: &Shared) -> Result<Json, String> {
    if let Some(client) = Client::find(shared)? {
        return client.get("/models");
    }
    let specs: Vec<Json> = local_project()?
        .models
        .iter()
        .map(|model| {
            let mut spec = model.kind.manifest().specification();
            spec["name"] = model.name.as_str().into();
            spec
        })
        .collect();
    Ok(json!(specs))
}

fn describe_chain(chain: &Json, shared: &Shared) {
    if shared.json {
        return say!("{chain:#}");
    }
    let name = word(&chain["name"]);
    say!("{name}: {}", word(&chain["description"]));
    say!("\nnodes");
    for node in chain["nodes"].as_array().into_iter().flatten() {
        say!("  {:<28} {}", word(&node["name"]), word(&node["run"]));
    }
    say!("\nwires");
    for wire in chain["wires"].as_array().into_iter().flatten() {
        let first = &wire["first"];
        let first = if first.is_null() { String::new() } else { format!(", first {first}") };
        say!("  {} -> {}{first}", word(&wire["from"]), word(&wire["to"]));
    }
    for (title, key) in [("takes", "inputs"), ("sends", "outputs")] {
        say!("\n{title}");
        for field in chain[key].as_array().into_iter().flatten() {
            let address = match field["address"].as_str() {
                Some(address) => address.to_string(),
                None => format!("/{name}/{}", word(&field["path"])),
            };
            let words = word(&field["description"]);
            let taken = match (title, field["type"].is_null()) {
                (_, true) => String::new(),
                ("takes", _) => type_words(field),
                _ => type_words(&given(field)),
            };
            say!("  {address:<28} {taken:<36} {words}");
        }
    }
}

/// The chains of the running enjamb, else of the project that would run here.
fn chains(shared: &Shared) -> Result<Json, String> {
    if let Some(client) = Client::find(shared)? {
        return client.get("/chains");
    }
    let project = local_project()?;
    let manifest = |name: &str| {
        let model = project.models.iter().find(|model| model.name == name)?;
        Some(Arc::new(model.kind.manifest()))
    };
    let specs = project.chains.iter().map(|chain| chain.spec.specification(&chain.name, &manifest));
    specs.collect::<Result<_, _>>().map_err(|wrong| wrong.to_string())
}

fn word(json: &Json) -> &str {
    json.as_str().unwrap_or("")
}

/// An output's default means nothing to whoever reads it.
fn given(field: &Json) -> Json {
    let mut field = field.clone();
    for spec in ["/default", "/itemType/default"] {
        if let Some(default) = field.pointer_mut(spec) {
            *default = Json::Null;
        }
    }
    field
}

/// A type in a few words: "number 0.05..2 = 0.5", "array of vector[512]".
fn type_words(field: &Json) -> String {
    let mut words = word(&field["type"]).to_string();
    if let Some(length) = field["length"].as_u64() {
        words += &format!("[{length}]");
    }
    if field["itemType"].is_object() {
        words += &format!(" of {}", type_words(&field["itemType"]));
        return words;
    }
    match (&field["min"], &field["max"]) {
        (Json::Null, Json::Null) => {}
        (min, Json::Null) => words += &format!(" {min}.."),
        (Json::Null, max) => words += &format!(" ..{max}"),
        (min, max) => words += &format!(" {min}..{max}"),
    }
    if let Some(names) = field["oneOf"].as_array() {
        let names: Vec<_> = names.iter().map(word).collect();
        words += &format!(" {}", names.join("|"));
    }
    match &field["default"] {
        Json::Null => {}
        Json::String(text) if text.is_empty() => {}
        // A vector's are all the same, and too many for a line.
        Json::Array(items) if items.len() > MAX_DEFAULTS => {
            words += &format!(" = [{}, ...]", items[0]);
        }
        default => words += &format!(" = {default}"),
    }
    words
}
