//! enjamb

#![deny(missing_docs, unsafe_code)]

pub mod model;
