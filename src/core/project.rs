//! The project file: one TOML file that names the models and chains, and their settings.
//!
//! The tables of transports (`[listen]`, `[[send]]`) are read by the transports, each from the same text.

mod chains;

use crate::chain::Spec;
use crate::engine::{HostSettings, RESERVED_NAMES};
use crate::model::{Kind, Kinds};
use crate::signature::{Values, is_name};
use serde::Deserialize;
use serde::de::{DeserializeOwned, IgnoredAny};
use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;
use std::path::PathBuf;
use std::time::Duration;
use toml::Spanned;

/// What a project file may refer to beyond itself.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a> {
    /// The kinds of model that it can name.
    pub kinds: &'a Kinds,
    /// The projects that it can include, by name, as they are written.
    pub shipped: &'a [(&'a str, &'a str)],
    /// Tables that others read, the transports: they may be there.
    pub tables: &'a [&'a str],
}

/// A project, read and checked.
#[derive(Clone, Debug, PartialEq)]
pub struct ProjectFile {
    /// The seed from which all chance follows.
    pub seed: u64,
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

impl ProjectFile {
    /// Reads a project file.
    ///
    /// # Errors
    /// The first thing that is wrong, with its line and column.
    pub fn parse(text: &str, context: Context) -> Result<Self, ProjectError> {
        check_tables(text, context)?;
        let file: File = read(text)?;
        file.check(context).map_err(|(span, words)| ProjectError::at(text, Some(span), words))
    }
}

/// Reads tables from the text of a project file.
///
/// # Errors
/// What is no TOML, or does not fit the tables, with its line and column.
pub fn read<T: DeserializeOwned>(text: &str) -> Result<T, ProjectError> {
    toml::from_str(text)
        .map_err(|error| ProjectError::at(text, error.span(), error.message().replace('\n', "; ")))
}

/// Refuses tables that nobody reads.
fn check_tables(text: &str, context: Context) -> Result<(), ProjectError> {
    const OWN: &[&str] = &["include", "seed", "models", "chains", "state"];
    let tables: BTreeMap<Spanned<String>, IgnoredAny> = read(text)?;
    let mut tables: Vec<_> = tables.into_keys().collect();
    tables.sort_by_key(|name| name.span().start);
    let is_known = |name: &str| OWN.contains(&name) || context.tables.contains(&name);
    match tables.iter().find(|name| !is_known(name.get_ref())) {
        None => Ok(()),
        Some(unknown) => {
            let known: Vec<String> =
                OWN.iter().chain(context.tables).map(|name| format!("`{name}`")).collect();
            let (name, known) = (unknown.get_ref(), known.join(", "));
            let words = format!("unknown field `{name}`, expected one of {known}");
            Err(ProjectError::at(text, Some(unknown.span()), words))
        }
    }
}

impl ProjectError {
    /// An error at a range of bytes of the text; at its beginning where there is none.
    pub fn at(text: &str, span: Option<Range<usize>>, words: String) -> Self {
        let start = span.map_or(0, |span| span.start).min(text.len());
        let before = text.get(..start).unwrap_or(text);
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        Self {
            line: before.matches('\n').count() + 1,
            column: before[line_start..].chars().count() + 1,
            words,
        }
    }
}

type Wrong = (Range<usize>, String);

#[derive(Deserialize)]
struct File {
    /// A project that ships, whose models and chains are there as well.
    include: Option<Spanned<String>>,
    #[serde(default)]
    seed: u64,
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
    fn check(self, context: Context) -> Result<ProjectFile, Wrong> {
        // The table is sorted by name; people expect the order in which they wrote.
        let mut tables: Vec<_> = self.models.into_iter().collect();
        tables.sort_by_key(|(name, _)| name.span().start);
        let checked = tables.into_iter().map(|(name, table)| table.check(&name, context.kinds));
        let mut models: Vec<_> = checked.collect::<Result<_, _>>()?;
        let included = self.include.map(|name| find_shipped(name, context)).transpose()?;
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
        Ok(ProjectFile { seed: self.seed, models, chains, state })
    }
}

/// The project that ships under a name.
fn find_shipped(name: Spanned<String>, context: Context) -> Result<ProjectFile, Wrong> {
    let shipped = context.shipped.iter().find(|(known, _)| known == name.get_ref());
    // A project that ships includes none, and a test reads all of them.
    shipped.and_then(|(_, text)| ProjectFile::parse(text, context).ok()).ok_or_else(|| {
        let known: Vec<&str> = context.shipped.iter().map(|(name, _)| *name).collect();
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

impl ModelTable {
    fn check(self, name: &Spanned<String>, kinds: &Kinds) -> Result<HostedModel, Wrong> {
        check_name(name)?;
        let kind = kinds.find(self.kind.get_ref()).cloned().ok_or_else(|| {
            let (kind, known) = (self.kind.get_ref(), kinds.names().join(", "));
            let words = match known.is_empty() {
                true => {
                    format!("unknown kind '{kind}': no kinds of model are built into this program")
                }
                false => format!("unknown kind '{kind}': expected {known}"),
            };
            (self.kind.span(), words)
        })?;
        let options = match self.options {
            None => Values::new(),
            Some(table) => {
                let span = table.span();
                let json = serde_json::to_value(table.into_inner())
                    .map_err(|error| (span.clone(), error.to_string()))?;
                let fields = kind.manifest().options;
                Values::read_json(&json, &fields)
                    .map_err(|error| (span, error.message().replace("input", "option")))?
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
