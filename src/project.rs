//! A whole project: models and chains, and where to listen and to send, read from one file.

use enjamb_core::model::Kinds;
use enjamb_core::project::{self, Context};
#[cfg(feature = "net")]
use enjamb_net::{
    osc::Destination,
    settings::{Listen, NetSettings},
};
use std::sync::LazyLock;

pub use enjamb_core::project::{HostedChain, HostedModel, ProjectError, StateSettings};

/// The project that runs when none is named.
pub const DEFAULT: &str = include_str!("../projects/default.toml");

/// The projects that ship, by name, as they are written.
pub const SHIPPED: &[(&str, &str)] = &[
    ("default", DEFAULT),
    ("echo", include_str!("../projects/echo.toml")),
    ("choir", include_str!("../projects/choir.toml")),
    ("answer", include_str!("../projects/answer.toml")),
];

/// The kinds of model that ship, as far as features include them.
pub fn kinds() -> &'static Kinds {
    static KINDS: LazyLock<Kinds> = LazyLock::new(enjamb_models::kinds);
    &KINDS
}

/// A project, read and checked.
#[derive(Clone, Debug, PartialEq)]
pub struct Project {
    /// The seed from which all chance follows.
    pub seed: u64,
    /// Where to listen, and to whom.
    #[cfg(feature = "net")]
    pub listen: Listen,
    /// Where outputs are sent, beside those who ask.
    #[cfg(feature = "net")]
    pub destinations: Vec<Destination>,
    /// The models, in the order of the file.
    pub models: Vec<HostedModel>,
    /// The chains, in the order of the file.
    pub chains: Vec<HostedChain>,
    /// Where chains keep what they remember, if they do.
    pub state: Option<StateSettings>,
}

/// The tables of a project file that transports read, whether they are built in or not.
const TRANSPORT_TABLES: &[&str] = &["listen", "send"];

impl Project {
    /// Reads a project file.
    ///
    /// # Errors
    /// The first thing that is wrong, with its line and column.
    pub fn parse(text: &str) -> Result<Self, ProjectError> {
        let context = Context { kinds: kinds(), shipped: SHIPPED, tables: TRANSPORT_TABLES };
        #[cfg(feature = "net")]
        let NetSettings { listen, destinations } = NetSettings::parse(text)?;
        let project::ProjectFile { seed, models, chains, state } =
            project::ProjectFile::parse(text, context)?;
        Ok(Self {
            seed,
            #[cfg(feature = "net")]
            listen,
            #[cfg(feature = "net")]
            destinations,
            models,
            chains,
            state,
        })
    }

    /// The default project.
    ///
    /// # Panics
    /// When a model that it names is not built in.
    pub fn standard() -> Self {
        Self::parse(DEFAULT).expect("the default project is sound")
    }
}

#[cfg(feature = "net")]
impl Project {
    /// Moves every port.
    #[must_use]
    pub fn with_port_offset(mut self, offset: u16) -> Self {
        let mut settings = self.settings();
        settings.offset_ports(offset);
        self.set(settings);
        self
    }

    /// Listens otherwise. Where outputs go when the project names no destination moves along.
    pub(crate) fn listen_as(&mut self, listen: Listen) {
        let mut settings = self.settings();
        settings.listen_as(listen);
        self.set(settings);
    }

    /// What it says of the transports.
    pub(crate) fn settings(&self) -> NetSettings {
        NetSettings { listen: self.listen.clone(), destinations: self.destinations.clone() }
    }

    fn set(&mut self, settings: NetSettings) {
        NetSettings { listen: self.listen, destinations: self.destinations } = settings;
    }
}

#[cfg(all(test, feature = "net", feature = "models"))]
mod tests {
    use super::*;
    use enjamb_core::chain::spec::{OnFailure, Pace, Takes};
    use std::time::Duration;

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
