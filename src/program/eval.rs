//! `enjamb eval`: measures a trained verse model.

use std::path::PathBuf;

use clap::Args;
use enjamb::train::evaluate::{EvaluationSettings, Reconstruction, Report, Trained, evaluate};
use enjamb::train::{Config, corpus};

/// What is measured, and on what.
#[derive(Args)]
pub struct Options {
    /// The model's folder, with weights.safetensors and vocabulary.json.
    #[arg(long, value_name = "DIR")]
    model: PathBuf,
    /// The lines that it was trained on.
    #[arg(long, value_name = "FILE")]
    corpus: PathBuf,
    /// The configuration that it was trained with: it says which lines were held out.
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
    /// A language model's folder, trained apart, to measure fluency with.
    #[arg(long, value_name = "DIR")]
    language_model: Option<PathBuf>,
    /// Held-out lines to measure on.
    #[arg(long, default_value_t = EvaluationSettings::default().lines, value_name = "N")]
    lines: usize,
    /// Of these, lines whose likelihood is estimated by importance weighting.
    #[arg(long, default_value_t = EvaluationSettings::default().weighted_lines, value_name = "N")]
    weighted_lines: usize,
    /// Lines to sample from the prior at each temperature.
    #[arg(long, default_value_t = EvaluationSettings::default().samples, value_name = "N")]
    samples: usize,
    /// Print this many of the samples too, the first ones.
    #[arg(long, default_value_t = 0, value_name = "N")]
    show: usize,
    /// What the points of those that are printed are multiplied by.
    #[arg(long, default_value_t = 1.0, value_name = "X")]
    spread: f32,
}

/// Measures and prints.
pub fn eval(options: &Options, json: bool) -> Result<(), String> {
    let words = |e: enjamb::train::TrainError| e.to_string();
    let config = Config::read(&options.config).map_err(words)?;
    let lines = corpus::read(&options.corpus, &config.corpus, config.seed).map_err(words)?;
    let mut model = Trained::open(&options.model, config.threads()).map_err(words)?;
    let apart = options.language_model.as_ref();
    let apart = apart.map(|dir| Trained::open(dir, config.threads())).transpose().map_err(words)?;
    let settings = EvaluationSettings {
        lines: options.lines,
        weighted_lines: options.weighted_lines,
        samples: options.samples,
        ..EvaluationSettings::default()
    };
    let max_tokens = config.corpus.max_tokens;
    let report = evaluate(&mut model, apart.as_ref(), &lines, max_tokens, settings, &mut |what| {
        eprintln!("{what} ...");
    })
    .map_err(words)?;
    match json {
        true => say!("{}", serde_json::to_string_pretty(&report).map_err(|e| e.to_string())?),
        false => print(&report, settings.draws),
    }
    if options.show > 0 {
        for line in model.sample(options.show, 0.5, options.spread, settings.seed).map_err(words)? {
            say!("{line}");
        }
    }
    Ok(())
}

fn print(report: &Report, draws: usize) {
    let per_cent = |share: f64| format!("{:.1} %", 100.0 * share);
    say!("held-out lines            {}", report.lines);
    say!("reconstruction            {:.2} nats a line", report.reconstruction);
    say!("divergence                {:.2} nats a line", report.divergence);
    say!("bound on perplexity       {:.1} a token", report.bound_perplexity);
    say!("NLL, {draws} weighted draws   {:.2} nats a line", report.weighted_nll);
    say!("perplexity from it        {:.1} a token", report.weighted_perplexity);
    say!("mutual information        {:.2} nats", report.mutual_information);
    say!("active units              {} of {}", report.active_units, report.latent);
    let back = |name: &str, lines: &Reconstruction| {
        let (exact, words) = (per_cent(lines.exact), per_cent(lines.words));
        say!("{name}{exact} word for word, {words} of the words, of {} lines", lines.lines);
    };
    back("comes back                ", &report.all_lines);
    back("of at most 5 words        ", &report.short_lines);
    for s in &report.samples {
        say!("samples at temperature {}, points of the prior times {}", s.temperature, s.spread);
        if let (Some(ours), Some(real), Some(ratio)) =
            (s.perplexity, s.held_out_perplexity, s.fluency_ratio)
        {
            say!("  perplexity a word       {ours:.0}; of held-out lines {real:.0}; {ratio:.2}");
        }
        say!("  distinct lines          {}", per_cent(s.distinct_lines));
        say!("  distinct words          {}", per_cent(s.distinct_words));
        say!("  distinct pairs of words {}", per_cent(s.distinct_pairs));
        say!("  verbatim in the corpus  {}", per_cent(s.verbatim));
        say!("  words a line            {:.1}", s.words);
    }
    let way = report.interpolation;
    say!("ways of nine lines        {:.1} distinct", way.distinct);
    say!("  neighbours share        {} of their words", per_cent(way.neighbours));
    say!("  the ends share          {}", per_cent(way.ends));
}
