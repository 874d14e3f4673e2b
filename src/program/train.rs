//! `enjamb train`: fits a verse model to a file of lines.

use std::io::IsTerminal;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use enjamb::train::{Config, Trainer};
use indicatif::{ProgressBar, ProgressStyle};

/// Steps between two lines of progress where there is no terminal.
const SAY_EVERY: usize = 100;

/// Trains, or goes on training, in `dir`.
pub fn train(corpus: &Path, dir: &Path, config: Option<&Path>) -> Result<(), String> {
    let config = match config {
        Some(path) => Config::read(path).map_err(|e| e.to_string())?,
        None => Config::default(),
    };
    let mut trainer = Trainer::new(config, corpus, dir).map_err(|e| e.to_string())?;
    for note in trainer.notes() {
        say!("{note}");
    }
    let stop = stop_on_interrupt()?;
    let bar = std::io::stderr().is_terminal().then(|| {
        let style = ProgressStyle::with_template("{bar:30} {pos}/{len} steps, {eta} left: {msg}");
        ProgressBar::new(0).with_style(style.expect("the template is well formed"))
    });
    let mut watch = |p: &enjamb::train::trainer::TrainingProgress| {
        let words = format!(
            "epoch {:.2}, reconstruction {:.2}, divergence {:.2} nats, {:.0} lines/s",
            p.epochs, p.reconstruction, p.divergence, p.lines_a_second
        );
        match &bar {
            Some(bar) => {
                bar.set_length(p.steps as u64);
                bar.set_position(p.step as u64);
                bar.set_message(words);
            }
            None if p.step.is_multiple_of(SAY_EVERY) => say!("{}/{} {words}", p.step, p.steps),
            None => {}
        }
        !stop.load(Ordering::Relaxed)
    };
    trainer.run(&mut watch).map_err(|e| e.to_string())?;
    if let Some(bar) = bar {
        bar.abandon();
    }
    let validation = trainer.validate().map_err(|e| e.to_string())?;
    say!(
        "held-out lines: reconstruction {:.2}, divergence {:.2}, mutual information {:.2} nats, \
         {} active units",
        validation.reconstruction,
        validation.divergence,
        validation.mutual_information,
        validation.active_units
    );
    say!("the best model so far is in {}", dir.join("model").display());
    Ok(())
}

/// Set by the first Ctrl-C, after which the step that runs is finished and saved.
fn stop_on_interrupt() -> Result<Arc<AtomicBool>, String> {
    let stop = Arc::new(AtomicBool::new(false));
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|e| format!("cannot listen for Ctrl-C: {e}"))?;
    let flag = Arc::clone(&stop);
    std::thread::spawn(move || {
        if runtime.block_on(tokio::signal::ctrl_c()).is_ok() {
            flag.store(true, Ordering::Relaxed);
        }
    });
    Ok(stop)
}
