//! The project file: one TOML file that names the models and chains, where to listen and where to
//! send.

mod chains;
mod files;

use crate::chain::Spec;
use crate::engine::{HostSettings, RESERVED_NAMES};
use crate::model::kinds::{self, Kind};
use crate::router::Pattern;
use crate::signature::{Values, is_name};
use crate::transport::osc::{Destination, Format, MAX_DATAGRAM, Place};
use ipnet::IpNet;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr};
use std::ops::Range;
use std::path::PathBuf;
use std::time::Duration;
use toml::Spanned;

/// The project that runs when none is named.
pub const DEFAULT: &str = include_str!("../projects/default.toml");

/// The projects that ship, by name, as they are written.
pub const SHIPPED: &[(&str, &str)] = &[
    ("default", DEFAULT),
    ("echo", include_str!("../projects/echo.toml")),
    ("choir", include_str!("../projects/choir.toml")),
    ("answer", include_str!("../projects/answer.toml")),
];

/// A project, read and checked.
#[derive(Clone, Debug, PartialEq)]
pub struct Project {
    /// The seed from which all chance follows.
    pub seed: u64,
    /// Where to listen, and to whom.
    pub listen: Listen,
    /// Where outputs are sent, beside those who ask.
    pub destinations: Vec<Destination>,
    /// The models, in the order of the file.
    pub models: Vec<HostedModel>,
    /// The chains, in the order of the file.
    pub chains: Vec<HostedChain>,
    /// Where chains keep what they remember, if they do.
    pub state: Option<StateSettings>,
}

/// Where chains keep what they remember, to come back to after a power cut.
#[derive(Clone, Debug, PartialEq)]
pub struct StateSettings {
    /// The folder; one that is not absolute lies beside the project file.
    pub folder: PathBuf,
    /// How often it is written.
    pub every: Duration,
}

/// One chain of a project.
#[derive(Clone, Debug, PartialEq)]
pub struct HostedChain {
    /// The name in addresses.
    pub name: String,
    /// What it is.
    pub spec: Spec,
}

/// Where to listen, and to whom.
#[derive(Clone, Debug, PartialEq)]
pub struct Listen {
    /// The address of the network interface.
    pub host: IpAddr,
    /// OSC over UDP and TCP.
    pub osc_port: u16,
    /// HTTP and WebSocket.
    pub http_port: u16,
    /// Where every sender's IP hears answers too, and this computer hears all outputs.
    pub reply_port: u16,
    /// What other computers must bring over HTTP.
    pub token: Option<String>,
    /// Networks beyond this computer that may send OSC.
    pub allow: Vec<IpNet>,
    /// Origins of pages that may drive the runtime, beside its own.
    pub allow_origins: Vec<String>,
    /// Whether the runtime makes itself known by mDNS.
    pub announce: bool,
}

/// One model of a project.
#[derive(Clone, Debug, PartialEq)]
pub struct HostedModel {
    /// The name in addresses.
    pub name: String,
    /// Which model it is.
    pub kind: Kind,
    /// Setup options; those left out have the model's defaults.
    pub options: Values,
    /// How it is hosted.
    pub settings: HostSettings,
}

/// What is wrong with a project file, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProjectError {
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
    /// Plain words: what is wrong, what was expected.
    pub words: String,
}

impl fmt::Display for ProjectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}: {}", self.line, self.column, self.words)
    }
}

impl std::error::Error for ProjectError {}

impl Default for Listen {
    fn default() -> Self {
        Self {
            host: Ipv4Addr::LOCALHOST.into(),
            osc_port: 57100,
            http_port: 8000,
            reply_port: 57200,
            token: None,
            allow: Vec::new(),
            allow_origins: Vec::new(),
            announce: true,
        }
    }
}

impl Project {
    /// Reads a project file.
    ///
    /// # Errors
    /// The first thing that is wrong, with its line and column.
    pub fn parse(text: &str) -> Result<Self, ProjectError> {
        let at = |span: Option<Range<usize>>, words: String| {
            let start = span.map_or(0, |span| span.start).min(text.len());
            let before = text.get(..start).unwrap_or(text);
            let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
            ProjectError {
                line: before.matches('\n').count() + 1,
                column: before[line_start..].chars().count() + 1,
                words,
            }
        };
        let file: File = toml::from_str(text)
            .map_err(|error| at(error.span(), error.message().replace('\n', "; ")))?;
        file.check().map_err(|(span, words)| at(Some(span), words))
    }

    /// The default project.
    ///
    /// # Panics
    /// Never: a test reads it.
    pub fn standard() -> Self {
        Self::parse(DEFAULT).expect("the default project is sound")
    }

    /// Moves every port.
    #[must_use]
    pub fn with_port_offset(mut self, offset: u16) -> Self {
        let mut listen = self.listen.clone();
        for port in [&mut listen.osc_port, &mut listen.http_port, &mut listen.reply_port] {
            *port = port.saturating_add(offset);
        }
        self.listen_as(listen);
        self
    }

    /// Listens otherwise. Where outputs go when the project names no destination moves along.
    pub(crate) fn listen_as(&mut self, listen: Listen) {
        let implied = Destination::on_this_computer(self.listen.reply_port);
        for destination in self.destinations.iter_mut().filter(|known| **known == implied) {
            *destination = Destination::on_this_computer(listen.reply_port);
        }
        self.listen = listen;
    }
}

type Wrong = (Range<usize>, String);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    /// A project that ships, whose models and chains are there as well.
    include: Option<Spanned<String>>,
    #[serde(default)]
    seed: u64,
    #[serde(default)]
    listen: ListenTable,
    #[serde(default)]
    send: Option<Vec<SendTable>>,
    #[serde(default)]
    models: BTreeMap<Spanned<String>, ModelTable>,
    #[serde(default)]
    chains: BTreeMap<Spanned<String>, chains::ChainTable>,
    state: Option<StateTable>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct StateTable {
    folder: PathBuf,
    seconds: Option<Spanned<f64>>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
struct ListenTable {
    host: Option<Spanned<IpAddr>>,
    osc: Option<Spanned<u16>>,
    http: Option<Spanned<u16>>,
    reply: Option<Spanned<u16>>,
    token: Option<Spanned<String>>,
    #[serde(default)]
    allow: Vec<Spanned<String>>,
    #[serde(default)]
    allow_origins: Vec<Spanned<String>>,
    announce: Option<bool>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SendTable {
    to: Spanned<String>,
    #[serde(default)]
    only: Vec<Spanned<String>>,
    #[serde(default)]
    ascii: bool,
    #[serde(default)]
    bundle: bool,
    mtu: Option<Spanned<usize>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ModelTable {
    kind: Spanned<String>,
    #[serde(default)]
    options: Option<Spanned<toml::Table>>,
    queue: Option<Spanned<usize>>,
    hang_seconds: Option<Spanned<f64>>,
    deadline_ms: Option<Spanned<f64>>,
}

impl File {
    fn check(self) -> Result<Project, Wrong> {
        let listen = self.listen.check()?;
        let destinations = match self.send {
            Some(tables) => tables.into_iter().map(SendTable::check).collect::<Result<_, _>>()?,
            // Patches that never say hello expect outputs here.
            None => vec![Destination::on_this_computer(listen.reply_port)],
        };
        // The table is sorted by name; people expect the order in which they wrote.
        let mut tables: Vec<_> = self.models.into_iter().collect();
        tables.sort_by_key(|(name, _)| name.span().start);
        let mut models: Vec<_> =
            tables.into_iter().map(|(name, table)| table.check(&name)).collect::<Result<_, _>>()?;
        let included = self.include.map(find_shipped).transpose()?;
        let (more_models, more_chains) =
            included.map_or_else(Default::default, |project| (project.models, project.chains));
        let is_new = |model: &HostedModel| models.iter().all(|known| known.name != model.name);
        let more_models: Vec<_> = more_models.into_iter().filter(is_new).collect();
        models.extend(more_models);
        let mut chains = chains::check(self.chains, &models)?;
        let is_new = |chain: &HostedChain| {
            chains.iter().all(|known| known.name != chain.name)
                && models.iter().all(|model| model.name != chain.name)
        };
        let more_chains: Vec<_> = more_chains.into_iter().filter(is_new).collect();
        chains.extend(more_chains);
        let state = self.state.map(StateTable::check).transpose()?;
        Ok(Project { seed: self.seed, listen, destinations, models, chains, state })
    }
}

/// The project that ships under a name.
fn find_shipped(name: Spanned<String>) -> Result<Project, Wrong> {
    let text = SHIPPED.iter().find(|(known, _)| known == name.get_ref()).map(|(_, text)| *text);
    // A project that ships includes none, and a test reads all of them.
    text.and_then(|text| Project::parse(text).ok()).ok_or_else(|| {
        let known: Vec<&str> = SHIPPED.iter().map(|(name, _)| *name).collect();
        let words = format!("expected one of {}, got '{}'", known.join(", "), name.get_ref());
        (name.span(), words)
    })
}

impl StateTable {
    fn check(self) -> Result<StateSettings, Wrong> {
        let every = match self.seconds {
            Some(seconds) if !(0.1..=86_400.0).contains(seconds.get_ref()) => {
                let words = format!("expected seconds in 0.1..86400, got {}", seconds.get_ref());
                return Err((seconds.span(), words));
            }
            seconds => Duration::from_secs_f64(seconds.map_or(10.0, Spanned::into_inner)),
        };
        Ok(StateSettings { folder: self.folder, every })
    }
}

impl ListenTable {
    fn check(self) -> Result<Listen, Wrong> {
        let standard = Listen::default();
        let port = |given: Option<Spanned<u16>>, standard| match given {
            Some(port) if *port.get_ref() == 0 => {
                Err((port.span(), "expected a port in 1..65535, got 0".to_string()))
            }
            given => Ok(given.map_or(standard, Spanned::into_inner)),
        };
        let network = |text: &Spanned<String>| {
            let source = text.get_ref();
            source.parse::<IpNet>().or_else(|_| source.parse::<IpAddr>().map(IpNet::from)).map_err(
                |_| {
                    let words =
                        format!("expected a network such as 192.168.1.0/24, got '{source}'");
                    (text.span(), words)
                },
            )
        };
        let origin = |text: &Spanned<String>| {
            let source = text.get_ref();
            let sound = matches!(source.as_str(), "*" | "null")
                || source.starts_with("http://")
                || source.starts_with("https://");
            match sound {
                true => Ok(source.clone()),
                false => Err((
                    text.span(),
                    format!(
                        "expected an origin such as http://localhost:3000, 'null' or '*', got '{source}'"
                    ),
                )),
            }
        };
        let reply_span = self.reply.as_ref().map_or(0..0, Spanned::span);
        let host_span = self.host.as_ref().map_or(0..0, Spanned::span);
        let listen = Listen {
            host: self.host.map_or(standard.host, Spanned::into_inner),
            osc_port: port(self.osc, standard.osc_port)?,
            http_port: port(self.http, standard.http_port)?,
            reply_port: port(self.reply, standard.reply_port)?,
            token: self.token.map(Spanned::into_inner),
            allow: self.allow.iter().map(network).collect::<Result<_, _>>()?,
            allow_origins: self.allow_origins.iter().map(origin).collect::<Result<_, _>>()?,
            announce: self.announce.unwrap_or(standard.announce),
        };
        if listen.reply_port == listen.osc_port {
            let words = "expected another port than 'osc', or outputs would come in again".into();
            return Err((reply_span, words));
        }
        if !listen.host.is_loopback() && listen.token.as_deref().is_none_or(str::is_empty) {
            return Err((
                host_span,
                "listening to other computers needs a 'token' for HTTP, and 'allow' with the \
                 networks that may send OSC"
                    .into(),
            ));
        }
        Ok(listen)
    }
}

/// Whether it looks like a name and a port.
fn has_port(to: &str) -> bool {
    to.rsplit_once(':').is_some_and(|(name, port)| !name.is_empty() && port.parse::<u16>().is_ok())
}

impl SendTable {
    fn check(self) -> Result<Destination, Wrong> {
        let to = self.to.get_ref();
        let wrong = || {
            let words = format!("expected an address and port such as 127.0.0.1:57200, got '{to}'");
            (self.to.span(), words)
        };
        let place = match to.parse() {
            Ok(address) => Place::Address(address),
            Err(_) if has_port(to) => Place::Name(to.clone()),
            Err(_) => return Err(wrong()),
        };
        let pattern = |text: &Spanned<String>| {
            Pattern::parse(text.get_ref()).map_err(|words| (text.span(), words))
        };
        let mtu = match self.mtu {
            Some(mtu) if !(512..=MAX_DATAGRAM).contains(mtu.get_ref()) => {
                let words =
                    format!("expected an mtu in 512..{MAX_DATAGRAM} bytes, got {}", mtu.get_ref());
                return Err((mtu.span(), words));
            }
            mtu => mtu.map(Spanned::into_inner),
        };
        let only = self.only.iter().map(pattern).collect::<Result<_, _>>()?;
        let format = Format { ascii: self.ascii, bundle: self.bundle, mtu };
        Ok(Destination { to: place, only, format })
    }
}

impl ModelTable {
    fn check(self, name: &Spanned<String>) -> Result<HostedModel, Wrong> {
        check_name(name)?;
        let kind = kinds::find(self.kind.get_ref()).ok_or_else(|| {
            let known = kinds::names().join(", ");
            (self.kind.span(), format!("unknown kind '{}': expected {known}", self.kind.get_ref()))
        })?;
        let options = match self.options {
            None => Values::new(),
            Some(table) => {
                let span = table.span();
                let json = serde_json::to_value(table.into_inner())
                    .map_err(|error| (span.clone(), error.to_string()))?;
                let fields = kind.manifest().options;
                Values::read_json(&json, &fields)
                    .map_err(|words| (span, words.replace("input", "option")))?
            }
        };
        let positive = |given: Option<Spanned<f64>>, what| match given {
            Some(n) if !(*n.get_ref() > 0.0 && *n.get_ref() < 1e9) => {
                Err((n.span(), format!("expected {what} above 0, got {}", n.get_ref())))
            }
            given => Ok(given.map(Spanned::into_inner)),
        };
        let mut settings = HostSettings::default();
        if let Some(queue) = self.queue {
            if !(1..=65_536).contains(queue.get_ref()) {
                let words = format!("expected a queue of 1..65536 runs, got {}", queue.get_ref());
                return Err((queue.span(), words));
            }
            settings.queue_capacity = queue.into_inner();
        }
        if let Some(seconds) = positive(self.hang_seconds, "seconds")? {
            settings.hang_after = Duration::from_secs_f64(seconds);
        }
        settings.deadline = positive(self.deadline_ms, "milliseconds")?
            .map(|millis| Duration::from_secs_f64(millis / 1e3));
        Ok(HostedModel { name: name.get_ref().clone(), kind, options, settings })
    }
}

fn check_name(name: &Spanned<String>) -> Result<(), Wrong> {
    let wrong = |words: String| Err((name.span(), words));
    match name.get_ref().as_str() {
        text if !is_name(text) => {
            wrong(format!("'{text}' is no name: use letters, digits, '_' and '-'"))
        }
        text if RESERVED_NAMES.contains(&text) => {
            wrong(format!("'{text}' is taken: the runtime itself answers there"))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chain::spec::{OnFailure, Pace, Takes};

    #[test]
    fn the_default_project_is_sound() {
        let project = Project::standard();
        let names: Vec<_> = project.models.iter().map(|model| model.name.as_str()).collect();
        assert_eq!(names, ["poetry", "sentences", "average", "map"]);
        assert_eq!(project.destinations[0].to.to_string(), "127.0.0.1:57200");
        assert_eq!(project.listen, Listen::default());
        assert_eq!(project.with_port_offset(10).destinations[0].to.to_string(), "127.0.0.1:57210");
    }

    #[test]
    fn what_is_included_is_there_beside_what_is_written() {
        let text = "include = \"default\"\n[models.map]\nkind = \"map\"\nqueue = 7\n[chains.beat.nodes]\n\
                    a = { run = \"poetry/sample\" }";
        let project = Project::parse(text).unwrap();
        let names: Vec<&str> = project.models.iter().map(|model| model.name.as_str()).collect();
        assert_eq!(names, ["map", "poetry", "sentences", "average"]);
        assert_eq!(project.models[0].settings.queue_capacity, 7);
        let names: Vec<&str> = project.chains.iter().map(|chain| chain.name.as_str()).collect();
        assert_eq!(names, ["beat", "voyage"]);
        for (name, text) in SHIPPED {
            Project::parse(text).unwrap_or_else(|error| panic!("{name}: {error}"));
        }
    }

    #[test]
    fn a_full_project_is_read() {
        let project = Project::parse(
            r#"
            seed = 7
            [listen]
            host = "0.0.0.0"
            osc = 9000
            token = "dove"
            allow = ["192.168.1.0/24", "10.0.0.7"]
            allow_origins = ["null"]
            announce = false
            [[send]]
            to = "127.0.0.1:7000"
            only = ["/sentences/*"]
            ascii = true
            mtu = 1400
            [models.usher]
            kind = "sentences"
            options = { threads = 2 }
            queue = 8
            hang_seconds = 2.5
            deadline_ms = 100
            [state]
            folder = "kept"
            seconds = 2.5
            [chains.drift]
            rate = 2
            start = true
            on_failure = "skip"
            wires = ["walk.z -> poetry.z", { wire = "last.out -> late.in", first = "O rose" }]
            [chains.drift.nodes]
            walk = { run = "walk", updates = 30, set = { mode = "line", targets = ["O rose", "a dove"] } }
            poetry = { run = "verse/generate", set = { temperature = 0.7 }, takes = "every" }
            late = { run = "adapt/delay" }
            last = { run = "adapt/hold", on_failure = "stop" }
            [chains.drift.outlets]
            line = "poetry.out"
            both = ["poetry.out", "late.out"]
            z = { from = "walk.z", on_request = true, step = false, address = "/light/z" }
            "#,
        )
        .unwrap();
        assert_eq!((project.seed, project.listen.osc_port), (7, 9000));
        assert_eq!(project.listen.allow.len(), 2);
        assert_eq!(project.destinations[0].format.mtu, Some(1400));
        let model = &project.models[0];
        assert_eq!(model.options.number("threads"), 2.0);
        assert_eq!(model.settings.queue_capacity, 8);
        assert_eq!(model.settings.hang_after, Duration::from_millis(2500));
        let chain = &project.chains[0];
        let state = project.state.as_ref().unwrap();
        assert_eq!(
            (state.folder.to_str(), state.every),
            (Some("kept"), Duration::from_millis(2500))
        );
        let spec = &chain.spec;
        assert_eq!((chain.name.as_str(), spec.starts, spec.pace), ("drift", true, Pace::Rate(2.0)));
        let names: Vec<&str> = spec.nodes.iter().map(|node| node.name.as_str()).collect();
        assert_eq!(names, ["walk", "poetry", "late", "last"]);
        assert_eq!((spec.nodes[0].updates, spec.nodes[1].takes), (30.0, Takes::Every));
        assert_eq!(
            (spec.on_failure, spec.nodes[3].on_failure),
            (OnFailure::Skip, Some(OnFailure::Stop))
        );
        assert_eq!(spec.nodes[0].set["targets"][1], "a dove");
        assert_eq!(spec.wires[0].first, None);
        assert_eq!(spec.wires[1].first, Some("O rose".into()));
        assert_eq!(spec.outlets[1].from.len(), 2);
        let z = &spec.outlets[2];
        assert_eq!(
            (z.on_request, z.has_step, z.address.as_deref()),
            (true, false, Some("/light/z"))
        );
        assert_eq!(project.with_port_offset(10).listen.osc_port, 9010);
    }

    #[test]
    fn mistakes_are_found_with_line_and_column() {
        let cases = [
            ("seed = -1", "line 1, column 8"),
            ("\nseeds = 1", "line 2, column 1: unknown field `seeds`"),
            ("[listen]\nosc = 0", "line 2, column 7: expected a port in 1..65535, got 0"),
            ("[listen]\nreply = 57100", "line 2, column 9: expected another port than 'osc'"),
            ("[listen]\nosc = 99999", "line 2, column 7"),
            ("[listen]\nhost = \"0.0.0.0\"", "line 2, column 8: listening to other computers"),
            ("[listen]\nallow = [\"home\"]", "line 2, column 10: expected a network such as"),
            ("[listen]\nallow_origins = [\"x\"]", "line 2, column 18: expected an origin such as"),
            ("[[send]]\nto = \"nowhere\"", "line 2, column 6: expected an address and port"),
            (
                "[[send]]\nto = \"127.0.0.1:1\"\nonly = [\"x\"]",
                "line 3, column 9: expected an address",
            ),
            ("[[send]]\nto = \"127.0.0.1:1\"\nmtu = 9", "line 3, column 7: expected an mtu"),
            ("[models.a]\nkind = \"poem\"", "line 2, column 8: unknown kind 'poem': expected"),
            ("[models.ping]\nkind = \"sentences\"", "line 1, column 9: 'ping' is taken"),
            ("[models.\"a b\"]\nkind = \"sentences\"", "line 1, column 9: 'a b' is no name"),
            (
                "[models.a]\nkind = \"sentences\"\noptions = { wings = 2 }",
                "line 3, column 11: unknown option 'wings': expected",
            ),
            ("[models.a]\nkind = \"sentences\"\nqueue = 0", "line 3, column 9: expected a queue"),
            ("[models.a]", "line 1, column 1"),
            ("[chains.v]\nkind = \"voyage\"", "line 2, column 1: unknown field `kind`"),
            ("[chains.osc]", "line 1, column 9: 'osc' is taken"),
            (
                "[chains.v]\nrate = -1",
                "line 2, column 8: expected a rate in 0..1000 ticks a second",
            ),
            ("[chains.v]\nrate = \"often\"", "line 2, column 8: expected a rate in 0..1000"),
            ("[chains.v]\nwires = [\"a b\"]", "line 2, column 10: expected a wire such as"),
            (
                "[chains.v]\nwires = [\"a.b -> c\"]",
                "line 2, column 10: expected a node and a field",
            ),
            (
                "[chains.v]\nwires = [3]",
                "line 2, column 9: expected a wire, \"walk.z -> poetry.z\"",
            ),
            ("[chains.v.nodes]\na = {}", "line 2, column 5: missing field `run`"),
            (
                "[chains.v.nodes]\na = { run = \"fly\" }",
                "line 2, column 1: expected a command such as",
            ),
            (
                "[chains.v.nodes]\na = { run = \"walk\", takes = \"all\" }",
                "line 2, column 29: expected one of newest, every, got 'all'",
            ),
            (
                "[chains.v.nodes]\na = { run = \"walk\", set = { mode = \"fly\" } }",
                "line 2, column 36: expected one of wander, orbit, line, still, got 'fly'",
            ),
            (
                "[chains.v.nodes]\na = { run = \"walk\", set = { pace = 2 } }",
                "line 2, column 36: walk takes no 'pace', only mode, speed, radius, seed",
            ),
            (
                "[chains.v.nodes]\na = { run = \"adapt/delay\" }",
                "line 2, column 1: nothing is wired to it that would set adapt/delay off",
            ),
            (
                "[chains.v]\nwires = [\"a.count -> b.array\"]\n[chains.v.nodes]\na = { run = \"clock\" }\n\
                 b = { run = \"adapt/first\" }",
                "line 2, column 10: a.count gives number, and b.array takes array of anything",
            ),
            ("[chains.v.outlets]\nx = \"a.b\"", "line 2, column 1: there is no node 'a'"),
            (
                "[models.v]\nkind = \"average\"\n[chains.v]",
                "line 3, column 9: 'v' is a model's name already",
            ),
            ("include = \"x\"", "line 1, column 11: expected one of default, echo, choir, answer"),
            ("[state]\nfolder = \"x\"\nseconds = 0", "line 3, column 11: expected seconds in"),
            ("é = [", "line 1, column"),
        ];
        for (text, expected) in cases {
            let found = Project::parse(text).unwrap_err().to_string();
            assert!(found.starts_with(expected), "{text}\n'{found}' lacks '{expected}'");
        }
    }
}
