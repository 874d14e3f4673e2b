//! `enjamb query MODEL COMMAND name=value...`: one run, through a running enjamb or without one.

use super::client::Client;
use super::run::local_project;
use crate::Shared;
use enjamb::Runtime;
use enjamb::engine::{Request, RunEvent};
use enjamb::host::Peer;
use enjamb::signature::{Command, DataType, Values, only};
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::{Map, Value as Json};
use std::sync::Arc;

/// Runs the command and prints its outputs.
pub fn query(model: &str, command: &str, inputs: &[String], shared: &Shared) -> Result<(), String> {
    let outputs = match Client::find(shared)? {
        Some(client) => {
            let spec = client.get(&format!("/models/{model}/{command}"))?;
            let is_text = |name: &str| {
                let inputs = spec["inputs"].as_array().into_iter().flatten();
                inputs.clone().any(|field| field["name"] == name && is_text_type(&field["type"]))
            };
            let body = read_inputs(inputs, is_text)?;
            client.post(&format!("/models/{model}/{command}"), &body)?
        }
        None => query_here(model, command, inputs)?,
    };
    match shared.json {
        true => say!("{outputs:#}"),
        false => print_outputs(&outputs),
    }
    Ok(())
}

/// Loads just the model that is asked.
fn query_here(model: &str, command: &str, inputs: &[String]) -> Result<Json, String> {
    let mut project = local_project()?;
    let known: Vec<_> = project.models.iter().map(|hosted| hosted.name.clone()).collect();
    project.models.retain(|hosted| hosted.name == model);
    let chains = std::mem::take(&mut project.chains);
    let Some(hosted) = project.models.first() else {
        if chains.iter().any(|chain| chain.name == *model) {
            return Err(format!(
                "'{model}' is a chain, which runs by itself: start enjamb and send it \
                 /{model}/{command}, or POST /chains/{model}/{command}"
            ));
        }
        let only = only(model, known.iter().map(String::as_str));
        return Err(format!("there is no model '{model}', {only}"));
    };
    let manifest = hosted.kind.manifest();
    let spec: &Command = manifest.find(command).ok_or_else(|| manifest.has_no(model, command))?;
    let is_text = |name: &str| {
        let field = spec.inputs.iter().find(|field| field.name == name);
        field.is_some_and(|field| is_text_type(&field.data_type.name().into()))
    };
    let body = read_inputs(inputs, is_text)?;
    let values = Values::read_json(&body, &spec.inputs)?;
    let runtime = Runtime::builder()
        .with_shipped_files()
        .project(project)
        .without_network()
        .start()
        .map_err(|error| error.to_string())?;
    let outputs = run_with_bar(&runtime, model, command, values)?;
    serde_json::to_value(&outputs).map_err(|error| error.to_string())
}

/// Runs a command, with a progress bar on a terminal if the model says how far it is.
pub(super) fn run_with_bar(
    runtime: &Runtime,
    model: &str,
    command: &str,
    inputs: Values,
) -> Result<Values, String> {
    let (sender, events) = crossbeam::channel::unbounded();
    let request = Request::new(move |event| {
        // Nobody is there to hear it only when this function has returned.
        let _ = sender.send(event);
    });
    runtime.host().submit(Peer::Local, model, command, inputs, request)?;
    let bar = ProgressBar::no_length();
    let style = ProgressStyle::with_template("{bar:32} {percent}% {eta}");
    bar.set_style(style.expect("the template is sound"));
    let outcome = loop {
        match events.recv() {
            Ok(RunEvent::Partial { progress, .. }) => {
                bar.set_length(1000);
                bar.set_position((progress.unwrap_or(0.0) * 1000.0) as u64);
            }
            Ok(RunEvent::Stream { .. }) => {}
            Ok(RunEvent::Done { outputs, .. }) => break Ok(Arc::unwrap_or_clone(outputs)),
            Ok(RunEvent::Failed(words)) => break Err(words),
            Ok(RunEvent::Cancelled) => break Err("the run was cancelled".into()),
            Err(_) => break Err("the model was taken off".into()),
        }
    };
    bar.finish_and_clear();
    Ok(outcome?)
}

/// Types whose values are written plainly; all others are written as JSON.
pub(super) fn is_text_type(name: &Json) -> bool {
    let plain = [enjamb::signature::text(), enjamb::signature::file()];
    let names: Vec<_> = plain.iter().map(DataType::name).collect();
    name.as_str().is_some_and(|name| {
        names.contains(&name) || matches!(name, "category" | "image" | "segmentation")
    })
}

pub(super) fn read_inputs(
    inputs: &[String],
    is_text: impl Fn(&str) -> bool,
) -> Result<Json, String> {
    let mut object = Map::new();
    for input in inputs {
        let (name, value) =
            input.split_once('=').ok_or_else(|| format!("expected name=value, got '{input}'"))?;
        let json = match is_text(name) {
            true => Json::from(value),
            false => serde_json::from_str(value).unwrap_or_else(|_| Json::from(value)),
        };
        object.insert(name.to_string(), json);
    }
    Ok(Json::Object(object))
}

/// For people: a line each, long vectors shortened.
fn print_outputs(outputs: &Json) {
    for (name, value) in outputs.as_object().into_iter().flatten() {
        match value {
            Json::Array(items) if items.iter().any(|item| !item.is_number()) => {
                say!("{name}");
                items.iter().for_each(|item| say!("  {}", short(item)));
            }
            value => say!("{name}  {}", short(value)),
        }
    }
}

fn short(value: &Json) -> String {
    const SHOWN: usize = 6;
    match value {
        Json::String(text) => text.clone(),
        Json::Array(items) if items.len() > SHOWN && items.iter().all(Json::is_number) => {
            let shown: Vec<_> = items.iter().take(SHOWN).map(Json::to_string).collect();
            format!("[{}, ... {} in all]", shown.join(", "), items.len())
        }
        other => other.to_string(),
    }
}
