//! The program's commands, a file each.

pub mod client;
pub mod describe;
pub mod doctor;
pub mod monitor;
pub mod query;
pub mod run;

use tracing_subscriber::EnvFilter;

/// Logs to standard error; RUST_LOG says how much.
pub fn start_log() {
    let filter = EnvFilter::try_from_default_env()
        .unwrap_or_else(|_| EnvFilter::new("warn,enjamb=info,mdns_sd=off"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_target(false)
        .without_time()
        .with_writer(std::io::stderr)
        .init();
}
