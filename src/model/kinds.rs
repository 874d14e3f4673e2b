//! The kinds of model that a project file can name.

use super::files::ModelFile;
use super::{Error, Factory, Model, Setup, files};
use crate::signature::Manifest;
use std::fmt;
use std::sync::Arc;

/// A kind of model, by name.
#[derive(Clone)]
pub struct Kind {
    name: &'static str,
    /// The folders of the models that ship whose files it loads.
    folders: &'static [&'static str],
    factory: Factory,
}

impl Kind {
    /// The name in project files.
    pub fn name(&self) -> &'static str {
        self.name
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
        files::find(self.name, self.folders, setup)
    }

    /// What models of this kind can do.
    pub fn manifest(&self) -> Manifest {
        (self.factory)().manifest()
    }
}

impl fmt::Debug for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

impl PartialEq for Kind {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

fn all() -> Vec<Kind> {
    fn kind<M: Model + Default + 'static>(
        name: &'static str,
        folders: &'static [&'static str],
    ) -> Kind {
        Kind { name, folders, factory: Arc::new(|| Box::new(M::default())) }
    }
    vec![
        kind::<super::Poetry>("poetry", &["poetry"]),
        kind::<super::Sentences>("sentences", &["sentences"]),
        kind::<super::AverageWords>("average", &["average"]),
        kind::<super::Map>("map", &["map", "sentences"]),
    ]
}

/// The kind of that name.
pub fn find(name: &str) -> Option<Kind> {
    all().into_iter().find(|kind| kind.name == name)
}

/// All names.
pub fn names() -> Vec<&'static str> {
    all().iter().map(|kind| kind.name).collect()
}
