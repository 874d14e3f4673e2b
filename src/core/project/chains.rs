//! The chains of a project file.

use super::{HostedChain, HostedModel, Wrong, check_name};
use crate::chain::plan::At;
use crate::chain::spec::{
    End, MAX_RATE, NodeSpec, OnFailure, OutletSpec, Pace, Spec, Takes, WireSpec,
};
use crate::error::Error;
use crate::signature::Manifest;
use serde::Deserialize;
use std::collections::{BTreeMap, HashMap};
use std::ops::Range;
use std::sync::Arc;
use toml::Spanned;

type Named<T> = BTreeMap<Spanned<String>, Spanned<T>>;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChainTable {
    #[serde(default)]
    description: String,
    #[serde(default)]
    nodes: Named<NodeTable>,
    #[serde(default)]
    wires: Vec<Spanned<WireEntry>>,
    #[serde(default)]
    outlets: Named<OutletEntry>,
    rate: Option<Spanned<toml::Value>>,
    on_failure: Option<Spanned<String>>,
    seed: Option<u64>,
    #[serde(default)]
    start: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NodeTable {
    run: Spanned<String>,
    #[serde(default)]
    set: Named<toml::Value>,
    takes: Option<Spanned<String>>,
    on_failure: Option<Spanned<String>>,
    updates: Option<Spanned<f64>>,
}

#[derive(Deserialize)]
#[serde(
    untagged,
    expecting = "expected a wire, \"walk.z -> poetry.z\", or { wire = ..., first = ... }"
)]
enum WireEntry {
    Plain(String),
    Feedback(FeedbackTable),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FeedbackTable {
    wire: String,
    first: toml::Value,
}

#[derive(Deserialize)]
#[serde(
    untagged,
    expecting = "expected an output, \"poetry.out\", several in a list, or { from = ..., ... }"
)]
enum OutletEntry {
    One(String),
    Several(Vec<String>),
    Table(OutletTable),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OutletTable {
    from: OneOrMore,
    address: Option<String>,
    #[serde(default)]
    on_request: bool,
    #[serde(default = "yes")]
    step: bool,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrMore {
    One(String),
    More(Vec<String>),
}

fn yes() -> bool {
    true
}

pub fn check(
    tables: BTreeMap<Spanned<String>, ChainTable>,
    models: &[HostedModel],
) -> Result<Vec<HostedChain>, Wrong> {
    let mut tables: Vec<_> = tables.into_iter().collect();
    tables.sort_by_key(|(name, _)| name.span().start);
    tables.into_iter().map(|(name, table)| table.check(&name, models)).collect()
}

/// Where the parts of a chain are written.
#[derive(Default)]
struct Spans {
    nodes: Vec<(String, Range<usize>)>,
    sets: Vec<(String, String, Range<usize>)>,
    wires: Vec<Range<usize>>,
    outlets: Vec<(String, Range<usize>)>,
}

impl Spans {
    fn find(&self, at: &At) -> Option<Range<usize>> {
        let of = |list: &[(String, Range<usize>)], name: &str| {
            list.iter().find(|(known, _)| known == name).map(|(_, span)| span.clone())
        };
        match at {
            At::Node(name) => of(&self.nodes, name),
            At::Outlet(name) => of(&self.outlets, name),
            At::Wire(index) => self.wires.get(*index).cloned(),
            At::Set(node, name) => {
                let set = self.sets.iter().find(|(n, s, _)| n == node && s == name);
                set.map(|(_, _, span)| span.clone()).or_else(|| of(&self.nodes, node))
            }
        }
    }
}

impl ChainTable {
    fn check(self, name: &Spanned<String>, models: &[HostedModel]) -> Result<HostedChain, Wrong> {
        check_name(name)?;
        if models.iter().any(|model| model.name == *name.get_ref()) {
            return Err((name.span(), format!("'{}' is a model's name already", name.get_ref())));
        }
        let mut spans = Spans::default();
        let mut spec = Spec {
            description: self.description,
            pace: self.rate.as_ref().map_or(Ok(Pace::default()), read_pace)?,
            on_failure: read_word(self.on_failure.as_ref(), OnFailure::find, "hold, skip, stop")?
                .unwrap_or_default(),
            seed: self.seed,
            starts: self.start,
            ..Spec::default()
        };
        for (node, table) in in_order(self.nodes) {
            let name = node.get_ref().clone();
            spans.nodes.push((name.clone(), node.span()));
            spec.nodes.push(table.into_inner().read(name, &mut spans)?);
        }
        for wire in self.wires {
            spans.wires.push(wire.span());
            spec.wires.push(read_wire(wire)?);
        }
        for (outlet, entry) in in_order(self.outlets) {
            let name = outlet.get_ref().clone();
            spans.outlets.push((name.clone(), outlet.span()));
            spec.outlets.push(read_outlet(name, entry)?);
        }
        let place = |at: &At| spans.find(at).unwrap_or(name.span());
        // A model that the project does not name may come from the program that hosts it: then types
        // are checked only when the chain is hosted.
        let is_known = |node: &NodeSpec| {
            let model = node.run.split_once('/').map_or("adapt", |(model, _)| model);
            model == "adapt" || models.iter().any(|known| known.name == model)
        };
        if spec.nodes.iter().all(is_known) {
            // Made once, however many nodes run its commands.
            let manifests: HashMap<&str, Arc<Manifest>> = models
                .iter()
                .map(|model| (model.name.as_str(), Arc::new(model.kind.manifest())))
                .collect();
            let manifest = |name: &str| manifests.get(name).cloned();
            let plan = spec.plan(&manifest).map_err(|wrong| (place(&wrong.at), wrong.words))?;
            if let Some(node) = plan.nodes.iter().find(|node| !node.is_driven()) {
                let words = format!("nothing is wired to it that would set {} off", node.spec.run);
                return Err((place(&At::Node(node.spec.name.clone())), words));
            }
        }
        Ok(HostedChain { name: name.get_ref().clone(), spec })
    }
}

impl NodeTable {
    fn read(self, name: String, spans: &mut Spans) -> Result<NodeSpec, Wrong> {
        let mut set = serde_json::Map::new();
        for (key, value) in in_order(self.set) {
            spans.sets.push((name.clone(), key.get_ref().clone(), value.span()));
            set.insert(key.into_inner(), to_json(value.into_inner()));
        }
        let updates = match self.updates {
            Some(updates) if !(0.0..=MAX_RATE).contains(updates.get_ref()) => {
                let words =
                    format!("expected updates a second in 0..1000, got {}", updates.get_ref());
                return Err((updates.span(), words));
            }
            updates => updates.map_or(0.0, Spanned::into_inner),
        };
        Ok(NodeSpec {
            name,
            run: self.run.into_inner(),
            set,
            takes: read_word(self.takes.as_ref(), Takes::find, "newest, every")?
                .unwrap_or_default(),
            on_failure: read_word(self.on_failure.as_ref(), OnFailure::find, "hold, skip, stop")?,
            updates,
        })
    }
}

/// Tables come sorted by name; people expect the order in which they wrote.
fn in_order<T>(table: Named<T>) -> Vec<(Spanned<String>, Spanned<T>)> {
    let mut entries: Vec<_> = table.into_iter().collect();
    entries.sort_by_key(|(name, _)| name.span().start);
    entries
}

fn read_word<T>(
    word: Option<&Spanned<String>>,
    find: fn(&str) -> Option<T>,
    known: &str,
) -> Result<Option<T>, Wrong> {
    let Some(word) = word else { return Ok(None) };
    let found = find(word.get_ref());
    let words = || format!("expected one of {known}, got '{}'", word.get_ref());
    found.map(Some).ok_or_else(|| (word.span(), words()))
}

fn read_pace(rate: &Spanned<toml::Value>) -> Result<Pace, Wrong> {
    let number = match rate.get_ref() {
        toml::Value::String(word) if word == "free" => return Ok(Pace::Free),
        toml::Value::String(word) if word == "ticks" => Some(0.0),
        toml::Value::Integer(number) => Some(*number as f64),
        toml::Value::Float(number) => Some(*number),
        _ => None,
    };
    number.filter(|number| (0.0..=MAX_RATE).contains(number)).map(Pace::Rate).ok_or_else(|| {
        let words = "expected a rate in 0..1000 ticks a second, \"ticks\" for those that are sent, or \
                     \"free\" for as soon as all is done";
        (rate.span(), format!("{words}; got {}", rate.get_ref()))
    })
}

fn read_wire(entry: Spanned<WireEntry>) -> Result<WireSpec, Wrong> {
    let span = entry.span();
    let (text, first) = match entry.into_inner() {
        WireEntry::Plain(text) => (text, None),
        WireEntry::Feedback(table) => (table.wire, Some(to_json(table.first))),
    };
    let wire: WireSpec = text.parse().map_err(|error: Error| (span, error.into()))?;
    Ok(WireSpec { first, ..wire })
}

fn read_outlet(name: String, entry: Spanned<OutletEntry>) -> Result<OutletSpec, Wrong> {
    let span = entry.span();
    let plain = |from| OutletTable { from, address: None, on_request: false, step: true };
    let table = match entry.into_inner() {
        OutletEntry::One(from) => plain(OneOrMore::One(from)),
        OutletEntry::Several(from) => plain(OneOrMore::More(from)),
        OutletEntry::Table(table) => table,
    };
    let from = match table.from {
        OneOrMore::One(from) => vec![from],
        OneOrMore::More(from) => from,
    };
    let ends = from.iter().map(|end| end.parse());
    Ok(OutletSpec {
        name,
        from: ends.collect::<Result<Vec<End>, Error>>().map_err(|error| (span, error.into()))?,
        address: table.address,
        on_request: table.on_request,
        has_step: table.step,
    })
}

/// What TOML has and JSON has not, dates, become text.
fn to_json(value: toml::Value) -> serde_json::Value {
    serde_json::to_value(value).unwrap_or_default()
}
