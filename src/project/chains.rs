//! The chains of a project file.

use super::{HostedChain, HostedModel, Wrong, check_name};
use crate::chain::{CONTROLS, Settings, input};
use serde::Deserialize;
use std::collections::BTreeMap;
use toml::Spanned;

/// The kinds of chain that there are.
const KINDS: &[&str] = &["voyage"];

type Table = BTreeMap<Spanned<String>, Spanned<toml::Value>>;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChainTable {
    kind: Spanned<String>,
    model: Spanned<String>,
    map: Option<Spanned<String>>,
    #[serde(default)]
    start: bool,
    rate: Option<Spanned<toml::Value>>,
    repeat: Option<Spanned<toml::Value>>,
    #[serde(default)]
    walk: Table,
    #[serde(default)]
    poetry: Table,
}

pub fn check(
    tables: BTreeMap<Spanned<String>, ChainTable>,
    models: &[HostedModel],
) -> Result<Vec<HostedChain>, Wrong> {
    let mut tables: Vec<_> = tables.into_iter().collect();
    tables.sort_by_key(|(name, _)| name.span().start);
    tables.into_iter().map(|(name, table)| table.check(&name, models)).collect()
}

impl ChainTable {
    fn check(self, name: &Spanned<String>, models: &[HostedModel]) -> Result<HostedChain, Wrong> {
        check_name(name)?;
        if models.iter().any(|model| model.name == *name.get_ref()) {
            return Err((name.span(), format!("'{}' is a model's name already", name.get_ref())));
        }
        if !KINDS.contains(&self.kind.get_ref().as_str()) {
            let known = KINDS.join(", ");
            let words = format!("unknown kind '{}': expected {known}", self.kind.get_ref());
            return Err((self.kind.span(), words));
        }
        // The model itself may come from the program that hosts the project.
        check_name(&self.model)?;
        let mut settings = Settings::new(self.model.get_ref());
        settings.starts = self.start;
        if let Some(map) = &self.map {
            check_name(map)?;
            settings.map = map.get_ref().clone();
        }
        let top = [("rate", self.rate), ("repeat", self.repeat)];
        for (path, value) in top {
            if let Some(value) = value {
                read(&mut settings, path, value)?;
            }
        }
        for (node, table) in [("walk", self.walk), ("poetry", self.poetry)] {
            for (key, value) in table {
                let path = format!("{node}/{}", key.get_ref());
                if !CONTROLS.contains(&path.as_str()) {
                    let in_node = |path: &'static str| path.strip_prefix(node)?.strip_prefix('/');
                    let known: Vec<_> = CONTROLS.iter().copied().filter_map(in_node).collect();
                    let words = format!(
                        "unknown input '{node}.{}': expected {}",
                        key.get_ref(),
                        known.join(", ")
                    );
                    return Err((key.span(), words));
                }
                read(&mut settings, &path, value)?;
            }
        }
        Ok(HostedChain { name: name.get_ref().clone(), settings })
    }
}

fn read(settings: &mut Settings, path: &str, value: Spanned<toml::Value>) -> Result<(), Wrong> {
    let span = value.span();
    let json = serde_json::to_value(value.into_inner())
        .map_err(|error| (span.clone(), error.to_string()))?;
    let Some(field) = input(path).and_then(|input| input.field.as_ref()) else { return Ok(()) };
    let value = field
        .data_type
        .read_json(&json)
        .map_err(|words| (span, format!("{}: {words}", path.replace('/', "."))))?;
    settings.values.set(path, value);
    Ok(())
}
