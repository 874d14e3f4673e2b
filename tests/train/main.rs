//! The trainer against PyTorch on the same small weights, and how a run behaves.
//!
//! `reference.py` makes what is compared with: losses, gradients, steps of both optimizers, and the
//! estimators of the published code.

#![cfg(feature = "program")]

mod estimates;
mod fixtures;
mod gradients;
mod runs;
mod steps;
