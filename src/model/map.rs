//! The map: sentences in two dimensions.

pub mod atlas;
