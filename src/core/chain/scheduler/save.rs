//! All that a chain remembers, as JSON, and back again.

use super::node::{Body, nothing};
use super::{Scheduler, Stamp};
use crate::chain::spec::{MAX_RATE, Pace};
use crate::error::Error;
use crate::time::Time;
use crate::value::Value;
use serde_json::{Map, Value as Json, json};
use std::time::Duration;

impl Scheduler {
    /// All that it remembers but what is under way.
    pub fn save(&self) -> Json {
        let nodes: Map<String, Json> =
            self.nodes.iter().map(|node| (node.spec.name.clone(), save_node(node))).collect();
        let wires: Map<String, Json> = self
            .wires
            .iter()
            .filter_map(|wire| {
                let (value, is_new) = wire.held.as_ref()?;
                Some((wire.spec.to_string(), json!({ "value": value.to_json(), "new": is_new })))
            })
            .collect();
        json!({
            "running": self.is_running(),
            "pace": match self.pace {
                Pace::Rate(rate) => json!(rate),
                Pace::Free => json!("free"),
            },
            "ticks": self.n_ticks,
            "events": self.n_events,
            "missed": self.n_missed,
            "nanoseconds": u64::try_from(self.time.as_nanos()).unwrap_or(u64::MAX),
            "nodes": nodes,
            "wires": wires,
        })
    }

    /// Comes back to what was saved. Nodes that have changed since begin anew, and values that the
    /// project file sets to something else than it did then are as it says now.
    ///
    /// # Errors
    /// Plain words, when it is nothing that a chain saved.
    pub fn restore(&mut self, state: &Json, now: Time) -> Result<(), Error> {
        let count = |name: &str| {
            state[name].as_u64().ok_or_else(|| format!("expected a count '{name}' in the state"))
        };
        (self.n_ticks, self.n_events) = (count("ticks")?, count("events")?);
        (self.n_missed, self.time) =
            (count("missed")?, Duration::from_nanos(count("nanoseconds")?));
        match &state["pace"] {
            Json::String(_) => self.pace = Pace::Free,
            rate => {
                let rate = rate.as_f64().filter(|rate| (0.0..=MAX_RATE).contains(rate));
                self.pace = rate.map_or(self.pace, Pace::Rate);
            }
        }
        let step = self.step();
        for node in &mut self.nodes {
            let saved = &state["nodes"][&node.spec.name];
            if saved["run"].as_str() == Some(&node.spec.run) {
                let stamp = Stamp { step, event: self.n_events, ..Stamp::default() };
                restore_node(node, saved, stamp).map_err(|w| format!("{}: {w}", node.spec.name))?;
            }
        }
        for wire in &mut self.wires {
            let saved = &state["wires"][wire.spec.to_string()];
            let data_type = &self.nodes[wire.from.0].output_fields[wire.from.1].data_type;
            if let (Some(held), Ok(value)) = (&mut wire.held, data_type.read_json(&saved["value"]))
            {
                *held = (value, saved["new"] == true);
            }
        }
        if state["running"] == true && !self.is_running() {
            self.trigger("start", now);
        }
        Ok(())
    }
}

fn save_node(node: &super::Node) -> Json {
    let part = match &node.body {
        Body::Part(part, _) => part.save(),
        Body::Command { .. } => Json::Null,
    };
    let inputs: Map<String, Json> = node
        .inputs
        .iter()
        .zip(&node.values)
        .filter(|(input, _)| input.has_value)
        .map(|(input, value)| (input.field.name.clone(), value.to_json()))
        .collect();
    let outputs: Vec<Json> = match node.has_outputs {
        true => node.outputs.iter().map(Value::to_json).collect(),
        false => Vec::new(),
    };
    json!({
        "run": node.spec.run, "set": node.spec.set, "part": part, "inputs": inputs, "outputs": outputs,
    })
}

fn restore_node(node: &mut super::Node, saved: &Json, stamp: Stamp) -> Result<(), Error> {
    let fields: Vec<_> = node.inputs.iter().map(|input| input.field.clone()).collect();
    if let Body::Part(part, _) = &mut node.body
        && !saved["part"].is_null()
    {
        part.restore(&saved["part"], &fields)?;
    }
    for (input, value) in node.inputs.iter_mut().zip(&mut node.values) {
        let name = &input.field.name;
        let set = node.spec.set.get(name).unwrap_or(&Json::Null);
        if !input.is_wired && *set != saved["set"][name] {
            // The project file has changed since: what it says now was set when this was made.
            if let (Body::Part(part, _), true) = (&mut node.body, input.has_value) {
                let _ = part.set(name, value);
            }
            continue;
        }
        if let Ok(read) = input.field.data_type.read_json(&saved["inputs"][name]) {
            (*value, input.has_value, input.stamp) = (read, true, stamp);
        }
    }
    let outputs = saved["outputs"].as_array().map_or(&[][..], Vec::as_slice);
    node.has_outputs = !outputs.is_empty() && outputs.len() == node.outputs.len();
    for ((slot, field), json) in node.outputs.iter_mut().zip(&node.output_fields).zip(outputs) {
        match field.data_type.read_json(json) {
            Ok(value) => *slot = value,
            Err(_) => (*slot, node.has_outputs) = (nothing(), false),
        }
    }
    node.stamp = stamp;
    Ok(())
}
