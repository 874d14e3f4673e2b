//! `enjamb record`: runs a project as `enjamb run` does, and writes down all that it does.

use super::run::{Recording, run};
use crate::Shared;
use clap::Args;
use std::path::PathBuf;

/// What to record, and where.
#[derive(Args)]
pub struct Options {
    /// The project file. While it is recorded it is not read again.
    project: Option<PathBuf>,
    /// The recording, a new file.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

/// Records until it is interrupted.
pub fn record(options: &Options, shared: &Shared) -> Result<(), String> {
    run(options.project.as_deref(), Some(Recording { to: &options.out }), shared)
}
