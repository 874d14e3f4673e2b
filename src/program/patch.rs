//! `enjamb patch HOST MODEL COMMAND`: a patch that runs the command, for the host that one works in.

use super::client::Client;
use super::query::{is_text_type, read_inputs};
use super::run::local_project;
use crate::Shared;
use enjamb::patch::{Endpoints, HostProgram, write};
use enjamb::signature::{Values, only};
use serde_json::Value as Json;
use std::path::PathBuf;

/// What the command takes.
#[derive(clap::Args)]
pub struct Options {
    /// Where it shall run: curl, osc, p5, max, pd, touchdesigner, python, node, supercollider,
    /// processing or openframeworks.
    host: String,
    /// The model's name.
    model: String,
    /// The command's name.
    command: String,
    /// What the controls show at first, as name=value; a value may be text or JSON.
    #[arg(value_name = "NAME=VALUE")]
    inputs: Vec<String>,
    /// The file to write; else the patch is printed.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

/// Writes the patch: for the running enjamb, else for the project that would run here.
pub fn patch(options: &Options, shared: &Shared) -> Result<(), String> {
    let host = HostProgram::find(&options.host)?;
    let text = match Client::find(shared)? {
        Some(client) => from_running(&client, options)?,
        None => from_project(host, options, shared)?,
    };
    let Some(file) = &options.out else {
        // The text has its own newline at the end.
        say!("{}", text.trim_end_matches('\n'));
        return Ok(());
    };
    std::fs::write(file, text)
        .map_err(|error| format!("{} can't be written: {error}", file.display()))?;
    say!("{} is written, for {}", file.display(), host.name());
    Ok(())
}

fn chain_refusal(name: &str) -> String {
    format!("'{name}' is a chain: the patches in the folder 'patches' speak with one")
}

fn from_running(client: &Client, options: &Options) -> Result<String, String> {
    let path = format!("/models/{}/{}", options.model, options.command);
    let spec = client.get(&path).map_err(|words| {
        match client.get(&format!("/chains/{}", options.model)) {
            Ok(_) => chain_refusal(&options.model),
            Err(_) => words,
        }
    })?;
    let is_text = |name: &str| {
        let mut inputs = spec["inputs"].as_array().into_iter().flatten();
        inputs.any(|field| field["name"] == name && is_text_type(&field["type"]))
    };
    let inputs = read_inputs(&options.inputs, is_text)?.to_string();
    client.text(&format!("{path}/patch"), &[("host", &options.host), ("inputs", &inputs)])
}

fn from_project(host: HostProgram, options: &Options, shared: &Shared) -> Result<String, String> {
    let project = local_project()?.with_port_offset(shared.port_offset);
    let hosted =
        project.models.iter().find(|hosted| hosted.name == options.model).ok_or_else(|| {
            if project.chains.iter().any(|chain| chain.name == options.model) {
                return chain_refusal(&options.model);
            }
            let names = project.models.iter().map(|hosted| hosted.name.as_str());
            format!("there is no model '{}', {}", options.model, only(&options.model, names))
        })?;
    let manifest = hosted.kind.manifest();
    let command = manifest
        .find(&options.command)
        .ok_or_else(|| manifest.has_no(&options.model, &options.command))?;
    let is_text = |name: &str| {
        let field = command.inputs.iter().find(|field| field.name == name);
        field.is_some_and(|field| is_text_type(&Json::from(field.data_type.name())))
    };
    let values = Values::read_json(&read_inputs(&options.inputs, is_text)?, &command.inputs)?;
    let place = Endpoints {
        host: "127.0.0.1".into(),
        osc_port: project.listen.osc_port,
        reply_port: project.listen.reply_port,
        http_port: project.listen.http_port,
    };
    Ok(write(host, &options.model, command, &values, &place))
}
