//! A chain rewired while it runs: nodes, wires and outlets that come and go by messages.

use super::{Chain, End, OutletSpec, Shared, Spec, WireSpec, lock};
use crate::chain::plan::Plan;
use crate::chain::spec::NodeSpec;
use crate::error::Error;
use crate::recording::RecordedEvent as Recorded;
use serde_json::Value as Json;
use std::sync::Arc;

impl Chain {
    /// `wire "a.x -> b.y" ["first"]`, `unwire "b.y"`, `add "name" "run" ["{...}"]`, `remove "name"`,
    /// `outlet "name" "a.x" ...`.
    pub(super) fn edit(&self, action: &str, words: &[&str]) -> Result<(), Error> {
        let mut spec = self.spec();
        match (action, words) {
            ("wire", [wire, first @ ..]) => {
                let mut wire: WireSpec = wire.parse()?;
                wire.first = first.first().map(|first| read_json(first));
                spec.wires.retain(|known| known.to != wire.to);
                spec.wires.push(wire);
            }
            ("unwire", [to]) => {
                let to: End = to.parse()?;
                let n_before = spec.wires.len();
                spec.wires.retain(|wire| wire.to != to);
                if spec.wires.len() == n_before {
                    return Err(Error::invalid(format!("nothing is wired to {to}")));
                }
            }
            ("add", [name, run, set @ ..]) => {
                let set = match set.first().map(|text| serde_json::from_str(text)) {
                    None => serde_json::Map::new(),
                    Some(Ok(set)) => set,
                    Some(Err(error)) => {
                        return Err(Error::invalid(format!(
                            "expected a JSON object of values: {error}"
                        )));
                    }
                };
                let (name, run) = (name.to_string(), run.to_string());
                spec.nodes.push(NodeSpec { name, run, set, ..NodeSpec::default() });
            }
            ("remove", [name]) => {
                if spec.node(name).is_none() {
                    return Err(Error::invalid(format!("there is no node '{name}' in this chain")));
                }
                spec.nodes.retain(|node| node.name != *name);
                spec.wires.retain(|wire| wire.from.node != *name && wire.to.node != *name);
                for outlet in &mut spec.outlets {
                    outlet.from.retain(|end| end.node != *name);
                }
                spec.outlets.retain(|outlet| !outlet.from.is_empty());
            }
            ("outlet", [name, from @ ..]) if !from.is_empty() => {
                let from = from.iter().map(|end| end.parse()).collect::<Result<Vec<End>, _>>()?;
                spec.outlets.retain(|outlet| outlet.name != *name);
                let (name, address) = (name.to_string(), None);
                spec.outlets.push(OutletSpec {
                    name,
                    from,
                    address,
                    on_request: false,
                    has_step: true,
                });
            }
            _ => return Err(Error::invalid(format!("expected {}", usage(action)))),
        }
        self.shared.change(spec)
    }
}

/// What is not JSON is text: the first value of a feedback wire is most often a line.
fn read_json(text: &str) -> Json {
    serde_json::from_str(text).unwrap_or_else(|_| Json::String(text.into()))
}

fn usage(action: &str) -> &'static str {
    match action {
        "wire" => "a wire, 'walk.z -> poetry.z', and for feedback what it brings first",
        "unwire" => "the input, 'poetry.z'",
        "add" => {
            "a name, what it runs, 'poetry/generate', and perhaps values, '{\"temperature\": 1}'"
        }
        "remove" => "a node's name",
        _ => "a name, and the outputs to send, 'poetry.out'",
    }
}

impl Shared {
    pub(super) fn plan(&self, spec: &Spec) -> Result<Plan, Error> {
        let models = |name: &str| self.engine.model(name).map(|model| Arc::clone(model.manifest()));
        Ok(spec.plan(&models)?)
    }

    pub(super) fn change(&self, spec: Spec) -> Result<(), Error> {
        let plan = self.plan(&spec)?;
        let mut scheduler = lock(&self.scheduler);
        let now = self.engine.clock().now();
        self.record(now, || {
            let spec = serde_json::to_value(&plan.spec).expect("a specification has a JSON form");
            Recorded::Change { chain: self.name.clone(), spec }
        });
        scheduler.change(plan, now);
        drop(scheduler);
        self.wake();
        Ok(())
    }
}
