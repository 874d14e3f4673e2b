//! The `enjamb` program: flags, and what each command does.

#![deny(unsafe_code)]

mod program;

use clap::{Args, Parser, Subcommand};
use program::{
    describe, doctor, eval, map, monitor, open, pack, patch, query, record, replay, run, train,
};
use std::path::PathBuf;
use std::process::ExitCode;

/// Models for artists, over OSC.
#[derive(Parser)]
#[command(version, about, propagate_version = true)]
struct Cli {
    #[command(flatten)]
    shared: Shared,
    #[command(subcommand)]
    command: Option<Command>,
}

/// Flags that every command takes.
#[derive(Args, Clone)]
struct Shared {
    /// Move all ports by N, for a second runtime on one computer.
    #[arg(long, global = true, default_value_t = 0, value_name = "N", value_parser = clap::value_parser!(u16).range(..=8000))]
    port_offset: u16,
    /// Where the running enjamb answers HTTP, if not at the standard port of this computer.
    #[arg(long, global = true, value_name = "HOST:PORT")]
    at: Option<String>,
    /// Print JSON, for scripts.
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Subcommand)]
enum Command {
    /// Run a project, or the default one (also without any command).
    Run {
        /// The project file, watched, and read again when it changes; or one that ships: default, echo,
        /// choir, answer.
        project: Option<PathBuf>,
    },
    /// Run a project, and write down what comes in and what goes out.
    Record(record::Options),
    /// Play a recording again: compare what comes out, or send what was sent.
    Replay(replay::Options),
    /// Put a project and all that it needs into one folder.
    Pack(pack::Options),
    /// List the models and chains: those of the running enjamb, else of the project that would run here.
    Models,
    /// Show a model's commands, inputs and outputs, or what a chain takes and sends, or what nodes can run.
    Describe {
        /// A model, a command such as poetry/sample, or a chain; adapt, for all sources and adapters of
        /// chains, or one such as adapt/first.
        model: String,
    },
    /// Run a command once and print its outputs.
    Query {
        /// The model's name.
        model: String,
        /// The command's name.
        command: String,
        /// Inputs, as name=value; a value may be text or JSON.
        #[arg(value_name = "NAME=VALUE")]
        inputs: Vec<String>,
    },
    /// Write a patch that runs a command, for Max, Pure Data, p5.js and others.
    Patch(patch::Options),
    /// Lay a text out as a map, show it over OSC as it finds its shape, and draw it.
    Map(map::Options),
    /// Open the running enjamb's page in the browser.
    Open,
    /// Watch OSC pass in and out of the running enjamb.
    Monitor,
    /// Train a verse model on a file of lines, or go on training.
    Train {
        /// Lines of verse, one a line; of columns separated by tabs the last counts. May be .zst.
        #[arg(long, value_name = "FILE")]
        corpus: PathBuf,
        /// Where checkpoints, log, plot and model go. A run that is there is gone on with.
        #[arg(long, value_name = "DIR")]
        out: PathBuf,
        /// What to train and how; without it, the model that ships.
        #[arg(long, value_name = "FILE")]
        config: Option<PathBuf>,
    },
    /// Measure a trained verse model on lines that were held out.
    Eval(eval::Options),
    /// Check ports, loopback, datagram sizes and files, and say what to do.
    Doctor,
}

fn main() -> ExitCode {
    let Cli { shared, command } = Cli::parse();
    program::start_log();
    let done = match command.unwrap_or(Command::Run { project: None }) {
        Command::Run { project } => run::run(project.as_deref(), None, &shared),
        Command::Record(options) => record::record(&options, &shared),
        Command::Replay(options) => replay::replay(&options, &shared),
        Command::Pack(options) => pack::pack(&options, &shared),
        Command::Models => describe::models(&shared),
        Command::Describe { model } => describe::describe(&model, &shared),
        Command::Query { model, command, inputs } => {
            query::query(&model, &command, &inputs, &shared)
        }
        Command::Patch(options) => patch::patch(&options, &shared),
        Command::Map(options) => map::map(&options, &shared),
        Command::Open => open::open(&shared),
        Command::Monitor => monitor::monitor(&shared),
        Command::Train { corpus, out, config } => train::train(&corpus, &out, config.as_deref()),
        Command::Eval(options) => eval::eval(&options, shared.json),
        Command::Doctor => doctor::doctor(&shared),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(words) => {
            eprintln!("enjamb: {words}");
            ExitCode::FAILURE
        }
    }
}
