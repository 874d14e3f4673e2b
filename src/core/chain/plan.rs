//! The plan: a chain's specification, checked against the models that are there, with every type
//! known and the nodes in an order in which values can flow.

mod order;
mod shapes;
#[cfg(test)]
mod tests;

use super::part::{self, PartKind, Rhythm};
use super::spec::{End, NodeSpec, OutletSpec, Spec, WireSpec};
use crate::error::Error;
use crate::signature::{DataType, Field, Manifest, Values, is_name, only};
use crate::value::Value;
use std::fmt;
use std::sync::Arc;

/// Names below a chain's own that mean something to the chain itself.
pub const RESERVED: &[&str] = &[
    "start", "stop", "step", "reset", "tick", "free", "rate", "wire", "unwire", "add", "remove",
    "outlet", "counters", "error", "notice",
];

/// What is known of models by name.
pub type Manifests<'a> = &'a dyn Fn(&str) -> Option<Arc<Manifest>>;

/// A chain that can run.
pub struct Plan {
    /// What it was made from.
    pub spec: Spec,
    /// In an order in which every wire but feedback leads onward.
    pub nodes: Vec<PlannedNode>,
    /// In the order of the specification.
    pub wires: Vec<PlannedWire>,
    /// In the order of the specification.
    pub outlets: Vec<PlannedOutlet>,
}

/// A node whose types are known.
pub struct PlannedNode {
    /// What it was made from.
    pub spec: NodeSpec,
    /// What it runs.
    pub body: PlannedBody,
    /// What it takes.
    pub inputs: Vec<PlannedInput>,
    /// What it gives.
    pub outputs: Vec<Field>,
}

impl PlannedNode {
    /// Whether anything ever sets it off. While a chain is rewired, an adapter may wait for its wires.
    pub fn is_driven(&self) -> bool {
        let is_arrival =
            matches!(&self.body, PlannedBody::Part(kind, _) if kind.rhythm == Rhythm::Arrival);
        !is_arrival || self.inputs.iter().any(|input| input.is_wired && !input.waits)
    }
}

/// What a node runs.
pub enum PlannedBody {
    /// A part, with its options.
    Part(&'static PartKind, Values),
    /// A model's command.
    Command {
        /// The model's name.
        model: String,
        /// The command.
        command: String,
    },
}

/// An input of a node.
pub struct PlannedInput {
    /// Name, type and meaning.
    pub field: Field,
    /// Whether something is wired to it.
    pub is_wired: bool,
    /// Whether what comes here only waits until another input sets the node off.
    pub waits: bool,
    /// Whether its type is known, so that a value can be sent to it.
    pub is_open: bool,
    /// The value that the specification sets.
    pub set: Option<Value>,
}

/// A wire between nodes of the plan, by their places in it.
pub struct PlannedWire {
    /// What it was made from.
    pub spec: WireSpec,
    /// Node and output.
    pub from: (usize, usize),
    /// Node and input.
    pub to: (usize, usize),
    /// What a feedback wire brings first.
    pub first: Option<Value>,
}

/// An outlet, by places in the plan.
pub struct PlannedOutlet {
    /// What it was made from.
    pub spec: OutletSpec,
    /// Nodes and outputs.
    pub from: Vec<(usize, usize)>,
}

/// What is wrong with a specification, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wrong {
    /// Where.
    pub at: At,
    /// Plain words: what was there, and what was expected.
    pub words: String,
}

/// A place in a specification.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum At {
    /// A node.
    Node(String),
    /// A value that a node sets.
    Set(String, String),
    /// A wire, by its place in the list.
    Wire(usize),
    /// An outlet.
    Outlet(String),
}

impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.at {
            At::Node(node) => write!(f, "{node}: {}", self.words),
            At::Set(node, name) => write!(f, "{node}.{name}: {}", self.words),
            At::Wire(_) => f.write_str(&self.words),
            At::Outlet(outlet) => write!(f, "outlet {outlet}: {}", self.words),
        }
    }
}

impl std::error::Error for Wrong {}

impl From<Wrong> for Error {
    fn from(wrong: Wrong) -> Self {
        Error::invalid(wrong.to_string())
    }
}

impl Spec {
    /// Checks all of it.
    ///
    /// # Errors
    /// The first thing that is wrong.
    pub fn plan(&self, models: Manifests) -> Result<Plan, Wrong> {
        self.check_names()?;
        let mut nodes: Vec<Draft> =
            self.nodes.iter().map(|node| Draft::new(node, models)).collect::<Result<_, _>>()?;
        let wires = self.find_wires(&nodes)?;
        shapes::resolve(&mut nodes, &wires, &self.wires)?;
        for (index, (wire, spec)) in wires.iter().zip(&self.wires).enumerate() {
            shapes::check_wire(&nodes, wire, spec)
                .map_err(|error| Wrong { at: At::Wire(index), words: error.into() })?;
        }
        let order = order::order(&nodes, &wires, self)?;
        let place: Vec<usize> = (0..nodes.len())
            .map(|node| order.iter().position(|known| *known == node).unwrap_or(0))
            .collect();
        let outlets = self.find_outlets(&nodes, &place)?;
        let wires = wires
            .iter()
            .zip(&self.wires)
            .enumerate()
            .map(|(index, (wire, spec))| {
                let wrong = |error: Error| Wrong { at: At::Wire(index), words: error.into() };
                wire.finish(spec, &nodes, &place).map_err(wrong)
            })
            .collect::<Result<_, _>>()?;
        let mut planned: Vec<(usize, PlannedNode)> = nodes
            .into_iter()
            .zip(&self.nodes)
            .enumerate()
            .map(|(index, (draft, spec))| Ok((place[index], draft.finish(spec)?)))
            .collect::<Result<_, _>>()?;
        planned.sort_by_key(|(place, _)| *place);
        let nodes = planned.into_iter().map(|(_, node)| node).collect();
        Ok(Plan { spec: self.clone(), nodes, wires, outlets })
    }

    fn check_names(&self) -> Result<(), Wrong> {
        let nodes = self.nodes.iter().map(|node| (&node.name, At::Node(node.name.clone())));
        let outlets = self.outlets.iter().map(|o| (&o.name, At::Outlet(o.name.clone())));
        let mut known: Vec<&str> = Vec::new();
        for (name, at) in nodes.chain(outlets) {
            let words = if !is_name(name) {
                format!("'{name}' is no name: use letters, digits, '_' and '-'")
            } else if RESERVED.contains(&name.as_str()) {
                format!("'{name}' is taken: it means something to the chain itself")
            } else if known.contains(&name.as_str()) {
                format!("there is something else of the name '{name}' in this chain")
            } else {
                known.push(name);
                continue;
            };
            return Err(Wrong { at, words });
        }
        Ok(())
    }

    fn find_wires(&self, nodes: &[Draft]) -> Result<Vec<DraftWire>, Wrong> {
        let mut wires: Vec<DraftWire> = Vec::with_capacity(self.wires.len());
        for (index, spec) in self.wires.iter().enumerate() {
            let wrong = |error: Error| Wrong { at: At::Wire(index), words: error.into() };
            let from = self.find_output(nodes, &spec.from).map_err(wrong)?;
            let to = self.find_node(&spec.to).map_err(wrong)?;
            let inputs = &nodes[to].inputs;
            let input = inputs.iter().position(|i| i.name == spec.to.field).ok_or_else(|| {
                let known: Vec<&str> = inputs.iter().map(|input| input.name.as_str()).collect();
                wrong(no_field(&spec.to, "input", &known).into())
            })?;
            if wires.iter().any(|wire| wire.to == (to, input)) {
                let words = format!(
                    "something else is wired to {} already; an input takes one wire",
                    spec.to
                );
                return Err(wrong(words.into()));
            }
            let is_feedback = spec.first.is_some();
            wires.push(DraftWire { from, to: (to, input), is_feedback });
        }
        Ok(wires)
    }

    fn find_node(&self, end: &End) -> Result<usize, Error> {
        self.nodes.iter().position(|node| node.name == end.node).ok_or_else(|| {
            let only = only(&end.node, self.nodes.iter().map(|node| node.name.as_str()));
            Error::not_found(format!("there is no node '{}' in this chain, {only}", end.node))
        })
    }

    fn find_output(&self, nodes: &[Draft], end: &End) -> Result<(usize, usize), Error> {
        let node = self.find_node(end)?;
        let outputs = &nodes[node].outputs;
        let known = || outputs.iter().map(|output| output.name.as_str()).collect::<Vec<_>>();
        let at = outputs.iter().position(|output| output.name == end.field);
        Ok((node, at.ok_or_else(|| no_field(end, "output", &known()))?))
    }

    fn find_outlets(&self, nodes: &[Draft], place: &[usize]) -> Result<Vec<PlannedOutlet>, Wrong> {
        let find = |outlet: &OutletSpec| {
            let wrong =
                |error: Error| Wrong { at: At::Outlet(outlet.name.clone()), words: error.into() };
            if outlet.from.is_empty() {
                return Err(wrong("expected an output such as poetry.out".into()));
            }
            if let Some(address) = &outlet.address
                && !(address.starts_with('/') && address[1..].split('/').all(is_name))
            {
                let words = format!("expected an address such as /light/hue, got '{address}'");
                return Err(wrong(words.into()));
            }
            let find = |end: &End| {
                let (node, output) = self.find_output(nodes, end).map_err(wrong)?;
                Ok((place[node], output))
            };
            let from = outlet.from.iter().map(find).collect::<Result<_, Wrong>>()?;
            Ok(PlannedOutlet { spec: outlet.clone(), from })
        };
        self.outlets.iter().map(find).collect()
    }
}

fn no_field(end: &End, what: &str, known: &[&str]) -> String {
    match known {
        [] => format!("{} has no {what} at all, so no '{}'", end.node, end.field),
        known => {
            let only = only(&end.field, known.iter().copied());
            format!("{} has no {what} '{}', {only}", end.node, end.field)
        }
    }
}

/// A node on the way to its plan.
struct Draft {
    body: PlannedBody,
    inputs: Vec<DraftField>,
    outputs: Vec<DraftField>,
}

/// A field whose type may not be known yet.
struct DraftField {
    name: String,
    description: String,
    shape: part::Shape,
    data_type: Option<DataType>,
    waits: bool,
    is_wired: bool,
}

struct DraftWire {
    from: (usize, usize),
    to: (usize, usize),
    is_feedback: bool,
}

impl Draft {
    fn new(node: &NodeSpec, models: Manifests) -> Result<Self, Wrong> {
        let wrong = |words| Wrong { at: At::Node(node.name.clone()), words };
        if let Some(kind) = part::find(&node.run) {
            return Self::of_part(node, kind);
        }
        let (model, command) = node.run.split_once('/').ok_or_else(|| {
            let names = part::kinds().iter().map(|kind| kind.name);
            let sources: Vec<&str> = names.filter(|name| !name.contains('/')).collect();
            wrong(format!(
                "expected a command such as poetry/generate, an adapter such as adapt/first, or one \
                 of {}; got '{}'",
                sources.join(", "),
                node.run
            ))
        })?;
        if model == "adapt" {
            let only = only(&node.run, part::adapters().map(|kind| kind.name));
            return Err(wrong(format!("there is no '{}', {only}", node.run)));
        }
        let manifest = models(model).ok_or_else(|| {
            wrong(format!("there is no model '{model}' here: name one in the project file"))
        })?;
        let spec = manifest.find(command).ok_or_else(|| wrong(manifest.has_no(model, command)))?;
        let draft = |field: &Field| DraftField {
            name: field.name.clone(),
            description: field.description.clone(),
            shape: part::Shape::Fixed(field.data_type.clone()),
            data_type: Some(field.data_type.clone()),
            waits: false,
            is_wired: false,
        };
        Ok(Self {
            body: PlannedBody::Command { model: model.into(), command: command.into() },
            inputs: spec.inputs.iter().map(draft).collect(),
            outputs: spec.outputs.iter().map(draft).collect(),
        })
    }

    fn of_part(node: &NodeSpec, kind: &'static PartKind) -> Result<Self, Wrong> {
        let mut options = Values::new();
        for field in &kind.options {
            let at = || At::Set(node.name.clone(), field.name.clone());
            let value = match node.set.get(&field.name) {
                Some(json) => Some(
                    field
                        .data_type
                        .read_json(json)
                        .map_err(|error| Wrong { at: at(), words: error.into() })?,
                ),
                None => field.data_type.default_value(),
            };
            value.into_iter().for_each(|value| options.set(&field.name, value));
        }
        let draft = |slot: &part::Slot| DraftField {
            name: slot.name.into(),
            description: slot.description.into(),
            shape: slot.shape.clone(),
            data_type: None,
            waits: slot.waits,
            is_wired: false,
        };
        let inputs = kind.inputs.iter().map(draft).collect();
        let outputs = kind.outputs.iter().map(draft).collect();
        let mut draft = Self { body: PlannedBody::Part(kind, options), inputs, outputs };
        shapes::choose(&mut draft)
            .map_err(|error| Wrong { at: At::Node(node.name.clone()), words: error.into() })?;
        Ok(draft)
    }

    fn rhythm(&self) -> Rhythm {
        match &self.body {
            PlannedBody::Part(kind, _) => kind.rhythm,
            PlannedBody::Command { .. } => Rhythm::Tick,
        }
    }

    fn finish(self, spec: &NodeSpec) -> Result<PlannedNode, Wrong> {
        let node = || spec.name.clone();
        let is_option = |name: &str| match &self.body {
            PlannedBody::Part(kind, _) => kind.options.iter().any(|option| option.name == name),
            PlannedBody::Command { .. } => false,
        };
        for name in spec.set.keys() {
            let input = self.inputs.iter().find(|input| input.name == *name);
            let words = match input {
                None if is_option(name) => continue,
                None => {
                    let only = only(name, self.inputs.iter().map(|input| input.name.as_str()));
                    format!("{} takes no '{name}', {only}", spec.run)
                }
                Some(input) if input.is_wired => "something is wired to it already".into(),
                Some(_) => continue,
            };
            return Err(Wrong { at: At::Set(node(), name.clone()), words });
        }
        if spec.updates > 0.0 && self.rhythm() != Rhythm::Tick {
            let words = "only sources have updates between ticks".into();
            return Err(Wrong { at: At::Node(node()), words });
        }
        let mut inputs = Vec::with_capacity(self.inputs.len());
        for input in self.inputs {
            let (is_wired, waits, is_open) =
                (input.is_wired, input.waits, input.data_type.is_some());
            let field = input.finish();
            let set = match spec.set.get(&field.name) {
                Some(json) => Some(field.data_type.read_json(json).map_err(|error| Wrong {
                    at: At::Set(node(), field.name.clone()),
                    words: error.into(),
                })?),
                None => None,
            };
            inputs.push(PlannedInput { field, is_wired, waits, is_open, set });
        }
        let outputs = self.outputs.into_iter().map(DraftField::finish).collect();
        Ok(PlannedNode { spec: spec.clone(), body: self.body, inputs, outputs })
    }
}

impl DraftField {
    fn finish(self) -> Field {
        let data_type = self.data_type.unwrap_or(DataType::Any);
        Field { name: self.name, description: self.description, data_type }
    }
}

impl DraftWire {
    fn finish(
        &self,
        spec: &WireSpec,
        nodes: &[Draft],
        place: &[usize],
    ) -> Result<PlannedWire, Error> {
        let first = match &spec.first {
            None => None,
            Some(json) => {
                let output = &nodes[self.from.0].outputs[self.from.1];
                let data_type = output.data_type.clone().unwrap_or(DataType::Any);
                let wrong = |words| format!("what the wire {spec} brings first: {words}");
                Some(data_type.read_json(json).map_err(wrong)?)
            }
        };
        let (from, to) = ((place[self.from.0], self.from.1), (place[self.to.0], self.to.1));
        Ok(PlannedWire { spec: spec.clone(), from, to, first })
    }
}
