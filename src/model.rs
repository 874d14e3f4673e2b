//! The models that enjamb hosts, and what they share.

pub mod average;
pub mod matrix;
pub mod sentences;
pub mod vector;
pub mod weights;
