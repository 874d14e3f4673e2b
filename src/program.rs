//! The program's commands, a file each.

/// Prints a line; ends the program quietly when nobody reads any more (`enjamb models | head -1`).
macro_rules! say {
    ($($words:tt)*) => { $crate::program::print_line(format_args!($($words)*)) };
}

pub mod client;
pub mod describe;
pub mod doctor;
pub mod eval;
pub mod map;
pub mod monitor;
pub mod open;
pub mod pack;
pub mod patch;
pub mod query;
pub mod record;
pub mod replay;
pub mod run;
pub mod train;

use std::fmt::Arguments;
use std::io::{IsTerminal, Write};
use tracing_subscriber::EnvFilter;

/// Logs to standard error; RUST_LOG says how much.
pub fn start_log() {
    let filter = EnvFilter::try_from_default_env()
        .unwrap_or_else(|_| EnvFilter::new("warn,enjamb=info,mdns_sd=off"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_target(false)
        .with_ansi(std::io::stderr().is_terminal())
        .without_time()
        .with_writer(std::io::stderr)
        .init();
}

/// What `say!` does.
pub fn print_line(words: Arguments) {
    let mut out = std::io::stdout().lock();
    if writeln!(out, "{words}").and_then(|()| out.flush()).is_err() {
        std::process::exit(0);
    }
}
