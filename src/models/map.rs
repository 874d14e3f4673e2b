//! The map: sentences in two dimensions, where those that are alike lie near each other.
//!
//! ```text
//! vectors -> neighbours -> affinities -> attraction \
//!     \                                              -> tsne -> points -> place
//!      -> principal axes -> initial layout -> repulsion /
//! ```
//!
//! [`Projection`] is t-SNE, one iteration at a time, and [`Umap`] is UMAP; [`pca`] is the plain view along two axes;
//! [`Places`] puts new vectors on a map that is finished. [`atlas`] keeps sentences, vectors and
//! places together; [`texts`] makes sentences of a text.

pub mod affinities;
pub mod atlas;
pub mod cache;
pub mod commands;
pub mod density;
pub mod forces;
pub mod labels;
pub mod method;
pub mod neighbours;
pub mod picture;
pub mod place;
pub mod principal;
pub mod progress;
pub mod quantized;
pub mod table;
pub mod texts;
pub mod tsne;
pub mod umap;
pub mod vectors;

pub use commands::Map;
pub use forces::Point;
pub use method::Method;
pub use place::Places;
pub use principal::pca;
pub use tsne::{Projection, TsneSettings};
pub use umap::Umap;
pub use vectors::{MapError, Vectors};
