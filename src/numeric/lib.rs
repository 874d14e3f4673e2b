//! The arithmetic of enjamb's models: packed matrix products, loops compiled for wide registers, weight
//! files. All the `unsafe` code that models need is here.

pub mod chance;
pub mod matrix;
#[cfg(feature = "product")]
pub mod product;
pub mod tensors;
pub mod vector;
pub mod weights;
