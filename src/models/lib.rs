//! The models that ship with enjamb, each behind a feature of its name.

#[cfg(feature = "average")]
pub mod average;
#[cfg(feature = "map")]
pub mod map;
#[cfg(feature = "poetry")]
pub mod poetry;
#[cfg(feature = "sentences")]
pub mod sentences;

use enjamb_core::model::Kinds;

/// The kinds that a project file can name.
pub fn kinds() -> Kinds {
    let kinds = Kinds::new();
    #[cfg(feature = "poetry")]
    let kinds = kinds.with(kind::<poetry::Poetry>("poetry", &["poetry"]));
    #[cfg(feature = "sentences")]
    let kinds = kinds.with(kind::<sentences::Sentences>("sentences", &["sentences"]));
    #[cfg(feature = "average")]
    let kinds = kinds.with(kind::<average::AverageWords>("average", &["average"]));
    #[cfg(feature = "map")]
    let kinds = kinds.with(kind::<map::Map>("map", &["map", "sentences"]));
    kinds
}

#[cfg(any(feature = "average", feature = "map", feature = "poetry", feature = "sentences"))]
fn kind<M: enjamb_core::Model + Default + 'static>(
    name: &str,
    folders: &[&str],
) -> enjamb_core::model::Kind {
    enjamb_core::model::Kind::new::<M>(name, folders)
}
