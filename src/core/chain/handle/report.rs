//! What a chain says of itself: its inputs and outputs, its nodes and what they have counted.

use super::{Chain, ChainInput, ChainOutput, Pace, lock};
use crate::chain::plan::RESERVED;
use crate::chain::scheduler::{NodeCounters, Scheduler, Stamp};
use crate::chain::spec::{MAX_RATE, NodeSpec, Spec};
use crate::signature::{Field, number, text};
use crate::value::Value;
use serde_json::{Value as Json, json};

impl Chain {
    /// Everything that it takes now.
    pub fn inputs(&self) -> Vec<ChainInput> {
        inputs_of(&lock(&self.shared.scheduler))
    }

    /// The input at a path, if there is one.
    pub fn input(&self, path: &str) -> Option<ChainInput> {
        if RESERVED.contains(&path) {
            return own_inputs().into_iter().find(|input| input.path == path);
        }
        let scheduler = lock(&self.shared.scheduler);
        let (node, input) = path.split_once('/').unwrap_or((path, "value"));
        // An inlet is named alone, other nodes never are.
        let field = scheduler.open_input(node, input)?;
        (scheduler.is_inlet(node) != path.contains('/')).then(|| ChainInput {
            path: path.into(),
            description: field.description.clone(),
            fields: vec![field.clone()],
        })
    }

    /// Whether what is sent to a path goes on at once.
    pub fn is_inlet(&self, path: &str) -> bool {
        lock(&self.shared.scheduler).is_inlet(path)
    }

    /// Everything that it sends now.
    pub fn outputs(&self) -> Vec<ChainOutput> {
        outputs_of(&lock(&self.shared.scheduler), self.name())
    }

    /// The value of an input, by its path.
    pub fn input_value(&self, path: &str) -> Option<Value> {
        let scheduler = lock(&self.shared.scheduler);
        match path {
            "rate" => match scheduler.pace() {
                Pace::Rate(rate) => Some(rate.into()),
                Pace::Free => None,
            },
            path => {
                let (node, input) = path.split_once('/').unwrap_or((path, "value"));
                scheduler.input_value(node, input).cloned()
            }
        }
    }

    /// The newest values of an outlet, by its name, and what they belong to.
    pub fn output_values(&self, name: &str) -> Option<(Stamp, Vec<Value>)> {
        let scheduler = lock(&self.shared.scheduler);
        scheduler.outlet_values(name).map(|(stamp, values)| (stamp, values.to_vec()))
    }

    /// What each node has counted, in the order in which they are written.
    pub fn counters(&self) -> Vec<(String, NodeCounters)> {
        let scheduler = lock(&self.shared.scheduler);
        scheduler.counters().into_iter().map(|(name, counters)| (name.into(), counters)).collect()
    }

    /// Ticks that were passed over since it was too late for them.
    pub fn n_missed(&self) -> u64 {
        lock(&self.shared.scheduler).n_missed()
    }

    /// What it is, takes, sends and does now, for `GET /chains`.
    pub fn specification(&self) -> Json {
        specification(self.name(), &lock(&self.shared.scheduler))
    }
}

impl Spec {
    /// What such a chain takes and sends, as [`Chain::specification`] has it of one that runs.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn specification(
        &self,
        name: &str,
        models: crate::chain::plan::Manifests,
    ) -> Result<Json, crate::chain::Wrong> {
        Ok(specification(name, &Scheduler::new(self.plan(models)?, 0)))
    }
}

/// What every chain takes.
fn own_inputs() -> Vec<ChainInput> {
    let trigger = |path: &str, description: &str| ChainInput {
        path: path.into(),
        description: description.into(),
        fields: Vec::new(),
    };
    let texts = |path: &str, description: &str, names: &[&str]| {
        let field = |name: &&str| Field {
            name: name.to_string(),
            description: description.into(),
            data_type: text(),
        };
        ChainInput {
            path: path.into(),
            description: description.into(),
            fields: names.iter().map(field).collect(),
        }
    };
    let rate = "Ticks a second; 0: on ticks from outside only.";
    vec![
        trigger("start", "Sets out."),
        trigger("stop", "Stands still; a start goes on from here."),
        trigger("step", "One tick, also while it stands."),
        trigger("reset", "Goes back to the beginning."),
        trigger(
            "tick",
            "Your clock: one tick, while it runs. From the first on, no others come, until a start or a rate.",
        ),
        trigger("free", "Ticks as soon as all that the tick before set off is done."),
        ChainInput {
            path: "rate".into(),
            description: rate.into(),
            fields: vec![Field {
                name: "rate".into(),
                description: rate.into(),
                data_type: number().min(0.0).max(MAX_RATE).default(1.0),
            }],
        },
        texts("wire", "Wires an output to an input: 'walk.z -> poetry.z'.", &["wire"]),
        texts("unwire", "Takes the wire off an input: 'poetry.z'.", &["input"]),
        texts("add", "Adds a node: its name, and what it runs.", &["name", "run"]),
        texts("remove", "Takes a node off, with its wires.", &["name"]),
        texts("outlet", "Sends an output: the outlet's name, and 'poetry.out'.", &["name", "from"]),
        trigger("counters", "Sends what each node has counted."),
    ]
}

fn inputs_of(scheduler: &Scheduler) -> Vec<ChainInput> {
    let mut inputs = own_inputs();
    debug_assert!(inputs.iter().all(|input| RESERVED.contains(&input.path.as_str())));
    for (node, fields) in scheduler.open_inputs() {
        for field in fields {
            let path = match scheduler.is_inlet(node) {
                true => node.to_string(),
                false => format!("{node}/{}", field.name),
            };
            let description = field.description.clone();
            inputs.push(ChainInput { path, description, fields: vec![field.clone()] });
        }
    }
    inputs
}

fn outputs_of(scheduler: &Scheduler, name: &str) -> Vec<ChainOutput> {
    let outlets = scheduler.outlets().into_iter().map(|(spec, fields)| ChainOutput {
        address: spec.address.clone().unwrap_or_else(|| format!("/{name}/{}", spec.name)),
        name: spec.name.clone(),
        description: fields.iter().map(|f| f.description.as_str()).collect::<Vec<_>>().join(" "),
        has_step: spec.has_step,
        on_request: spec.on_request,
        fields: fields.into_iter().cloned().collect(),
    });
    let told = |path: &str, description: &str| ChainOutput {
        address: format!("/{name}/{path}"),
        name: path.into(),
        description: description.into(),
        has_step: false,
        on_request: false,
        fields: vec![Field {
            name: path.into(),
            description: description.into(),
            data_type: text(),
        }],
    };
    outlets
        .chain([
            told("error", "Says what failed. It goes on by itself."),
            told("notice", "Says what changed by itself."),
        ])
        .collect()
}

fn specification(name: &str, scheduler: &Scheduler) -> Json {
    let spec = scheduler.spec();
    let takes = |input: ChainInput| {
        let path = input.path.as_str();
        let mut json = match input.fields.as_slice() {
            [field] => field.specification(),
            _ => json!({ "name": path, "description": input.description }),
        };
        if input.fields.len() > 1 {
            json["fields"] = input.fields.iter().map(Field::specification).collect();
        }
        json["path"] = path.into();
        let (node, field) = path.split_once('/').unwrap_or((path, "value"));
        let value = match (path, scheduler.pace()) {
            ("rate", Pace::Rate(rate)) => Some(Value::Number(rate)),
            _ => scheduler.input_value(node, field).cloned(),
        };
        value.into_iter().for_each(|value| json["value"] = value.to_json());
        json
    };
    let sends = |output: ChainOutput| {
        let newest = scheduler.outlet_values(&output.name);
        let mut json = match output.fields.as_slice() {
            [field] => field.specification(),
            fields => {
                json!({ "fields": fields.iter().map(Field::specification).collect::<Vec<_>>() })
            }
        };
        json["name"] = output.name.as_str().into();
        json["path"] = output.name.as_str().into();
        json["address"] = output.address.as_str().into();
        json["description"] = output.description.into();
        if let Some((stamp, values)) = newest {
            let values: Vec<Json> = values.iter().map(Value::to_json).collect();
            json["step"] = stamp.step.into();
            json["value"] = match values.len() {
                1 => values[0].clone(),
                _ => values.into(),
            };
        } else if output.name == "error" {
            json["value"] = scheduler.last_error().into();
        }
        json
    };
    let counters = scheduler.counters();
    let node = |node: &NodeSpec| {
        let counted = counters.iter().find(|(name, _)| *name == node.name);
        json!({
            "name": node.name,
            "run": node.run,
            "takes": node.takes.name(),
            "counters": counted.map(|(_, counters)| counters.to_json()),
        })
    };
    let wire = |wire: &crate::chain::spec::WireSpec| {
        let mut json = json!({ "from": wire.from.to_string(), "to": wire.to.to_string() });
        wire.first.iter().for_each(|first| json["first"] = first.clone());
        json
    };
    json!({
        "name": name,
        "description": spec.description,
        "running": scheduler.is_running(),
        "step": scheduler.step(),
        "missed": scheduler.n_missed(),
        "inputs": inputs_of(scheduler).into_iter().map(takes).collect::<Vec<_>>(),
        "outputs": outputs_of(scheduler, name).into_iter().map(sends).collect::<Vec<_>>(),
        "nodes": spec.nodes.iter().map(node).collect::<Vec<_>>(),
        "wires": spec.wires.iter().map(wire).collect::<Vec<_>>(),
    })
}

impl NodeCounters {
    /// JSON, with times in milliseconds.
    pub fn to_json(&self) -> Json {
        let millis = |time: std::time::Duration| (time.as_secs_f64() * 1e6).round() / 1e3;
        json!({
            "ran": self.ran, "late": self.late, "dropped": self.dropped, "repeated": self.repeated,
            "failed": self.failed, "milliseconds": millis(self.took), "age": millis(self.age),
        })
    }
}
