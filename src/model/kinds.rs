//! The kinds of model that a project file can name.

use super::{Factory, Model};
use crate::signature::Manifest;
use std::fmt;
use std::sync::Arc;

/// A kind of model, by name.
#[derive(Clone)]
pub struct Kind {
    name: &'static str,
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
    fn kind<M: Model + Default + 'static>(name: &'static str) -> Kind {
        Kind { name, factory: Arc::new(|| Box::new(M::default())) }
    }
    vec![
        kind::<super::Poetry>("poetry"),
        kind::<super::Sentences>("sentences"),
        kind::<super::AverageWords>("average"),
        kind::<super::Map>("map"),
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
