//! Recordings: made of a runtime that is talked to through real sockets, and played again.

#![cfg(feature = "program")]

#[path = "../common/mod.rs"]
mod common;
#[path = "../common/program.rs"]
mod program;

mod packs;
mod same;
