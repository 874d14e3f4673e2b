//! Golden files: all that the program says to the outside, byte for byte, as it was when they were written.
//!
//! The program is driven through real sockets and as a process, and nothing here knows the library. The
//! `.txt` files are scripts and transcripts in one: what is sent stands there with the answers beneath it,
//! and the test sends it again. To add a case, write its line; then, and whenever an answer is meant to
//! change, write the answers anew and read the difference:
//!
//! ```sh
//! ENJAMB_GOLDEN=write cargo test --release --test golden
//! git diff tests/golden
//! ```
//!
//! | file | holds |
//! |---|---|
//! | `osc.txt` | OSC requests over UDP, TCP and WebSocket, with all that comes back: see [`osc`] |
//! | `http.txt` | HTTP requests with status, type and body: see [`http`] |
//! | `program.txt`, `*.json` | what the program's commands print: see [`program`] |
//! | `old.jsonl` | a recording by an earlier version, which must play as it did: see [`recording`] |
//!
//! Floats are written by the shortest decimals that read as the same bits. They follow from the models'
//! arithmetic, which is the same with AVX2 and AVX-512; a processor without either, or of another kind, may
//! compute otherwise in the last digits.

#![cfg(feature = "program")]

#[path = "../common/program.rs"]
mod common;

mod file;
mod http;
mod message;
mod osc;
mod peer;
mod program;
mod recording;
mod runtime;
mod web;
