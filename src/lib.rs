//! enjamb

pub mod model;
