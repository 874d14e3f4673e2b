//! The kinds of model that a project file can name.

use super::files::ModelFile;
use super::{Error, Factory, Model, Setup, files};
use crate::signature::Manifest;
use std::fmt;
use std::sync::Arc;

/// A kind of model, by name.
#[derive(Clone)]
pub struct Kind {
    name: String,
    /// The folders of the models that ship whose files it loads.
    folders: Vec<String>,
    factory: Factory,
}

impl Kind {
    /// A kind whose models are made by `M::default`. `folders` names the folders, among those where
    /// models lie, that such a model loads files from.
    pub fn new<M: Model + Default + 'static>(name: &str, folders: &[&str]) -> Self {
        let folders = folders.iter().map(|folder| folder.to_string()).collect();
        Self { name: name.into(), folders, factory: Arc::new(|| Box::new(M::default())) }
    }

    /// The name in project files.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Makes models of this kind.
    pub fn factory(&self) -> Factory {
        Arc::clone(&self.factory)
    }

    /// The files that such a model loads when it is set up so.
    ///
    /// # Errors
    /// When they are not there.
    pub fn files(&self, setup: &Setup) -> Result<Vec<ModelFile>, Error> {
        files::find(&self.name, &self.folders, setup)
    }

    /// What models of this kind can do.
    pub fn manifest(&self) -> Manifest {
        (self.factory)().manifest()
    }
}

impl fmt::Debug for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

impl PartialEq for Kind {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

/// The kinds that a program knows.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Kinds(Vec<Kind>);

impl Kinds {
    /// No kinds.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a kind; it replaces one of the same name.
    #[must_use]
    pub fn with(mut self, kind: Kind) -> Self {
        match self.0.iter_mut().find(|known| known.name == kind.name) {
            Some(slot) => *slot = kind,
            None => self.0.push(kind),
        }
        self
    }

    /// The kind of that name.
    pub fn find(&self, name: &str) -> Option<&Kind> {
        self.0.iter().find(|kind| kind.name == name)
    }

    /// All kinds, in the order in which they were added.
    pub fn iter(&self) -> impl Iterator<Item = &Kind> {
        self.0.iter()
    }

    /// All names.
    pub fn names(&self) -> Vec<&str> {
        self.0.iter().map(Kind::name).collect()
    }
}
