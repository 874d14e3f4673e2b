//! Lines a second of training, beside PyTorch on the same processor.
//!
//! `PYTHON=python cargo bench --bench train`, where PYTHON has torch. `benches/train.py` is started
//! as a child and trains a network of the same sizes, on lines of the same length, with the same
//! losses and dropout; both sides take turns. Only ratios of one run mean anything.

#[path = "common/python.rs"]
mod python;

use std::time::Instant;

use enjamb::train::TrainableNetwork;
use enjamb::train::config::{ModelConfig, Optimizer, Training};
use enjamb::train::loss::{Draws, KlTerm, losses};
use enjamb::train::network::Batch;
use enjamb::train::optimizer::{Moments, step};
use enjamb_numeric::chance;
use python::Python;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use serde_json::{Value, json};

/// Sub-words of a line, about the mean of verse lines.
const TOKENS: usize = 12;
/// Sub-words that stand for no text.
const SPECIAL: u32 = 3;
/// Times that each side has its turn.
const TURNS: usize = 5;

fn main() {
    let model = ModelConfig::default();
    let sizes = [
        ("--vocabulary", model.vocabulary),
        ("--embedding", model.embedding),
        ("--hidden", model.encoder),
        ("--latent", model.latent),
        ("--tokens", TOKENS),
    ];
    let sizes = sizes.iter().flat_map(|(name, size)| [name.to_string(), size.to_string()]);
    let mut python = Python::start("benches/train.py", sizes);
    println!("lines a second, and ours divided by PyTorch's in f32; medians of {TURNS} turns");
    for (lines, threads, steps) in [(256, 2, 2), (256, 1, 2), (64, 2, 6), (64, 1, 6)] {
        let mut ours = Ours::new(lines, threads);
        let ask = |bf16: bool, steps: usize| json!({ "batch": lines, "threads": threads, "bf16": bf16, "steps": steps });
        // The first steps allocate, and are not counted.
        ours.seconds(1);
        python.ask(&ask(false, 1));
        let has_bf16 = python.ask(&ask(true, 1)).get("error").is_none();
        let (mut us, mut them, mut half) = (Vec::new(), Vec::new(), Vec::new());
        for _ in 0..TURNS {
            us.push(ours.seconds(steps));
            them.push(seconds(&python.ask(&ask(false, steps))));
            if has_bf16 {
                half.push(seconds(&python.ask(&ask(true, steps))));
            }
        }
        let rate = |seconds: &mut Vec<f64>| {
            seconds.sort_by(f64::total_cmp);
            (lines * steps) as f64 / seconds[TURNS / 2]
        };
        let (us, them) = (rate(&mut us), rate(&mut them));
        let half = match has_bf16 {
            true => format!("{:.0}", rate(&mut half)),
            false => "not on this processor".into(),
        };
        println!(
            "batch {lines:3}, {threads} threads: {us:5.0}, PyTorch {them:5.0}: {:.2} times; \
             PyTorch in bf16 {half}",
            us / them
        );
    }
}

fn seconds(answer: &Value) -> f64 {
    answer["seconds"].as_f64().expect("the answer has seconds")
}

/// The trainer's side.
struct Ours {
    network: TrainableNetwork,
    moments: Moments,
    training: Training,
    lines: usize,
    rng: ChaCha8Rng,
    pool: rayon::ThreadPool,
}

impl Ours {
    fn new(lines: usize, threads: usize) -> Self {
        let network = TrainableNetwork::new(&ModelConfig::default(), 1, threads).unwrap();
        let moments = Moments::new(network.parameters());
        let training = Training { word_dropout: 0.25, output_dropout: 0.2, ..Training::default() };
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        Self { network, moments, training, lines, rng: ChaCha8Rng::seed_from_u64(1), pool }
    }

    /// Lines of which a few words are common and most are rare, as in any language.
    fn batch(&mut self) -> Batch {
        let n_words = f64::from(self.network.model().vocabulary as u32 - SPECIAL);
        let rank = |u: f64| (n_words.powf(u) - 1.0) as u32;
        let ids = (0..self.lines * TOKENS).map(|_| SPECIAL + rank(chance::uniform(&mut self.rng)));
        Batch { ids: ids.collect(), lines: self.lines }
    }

    fn seconds(&mut self, steps: usize) -> f64 {
        let batches: Vec<Batch> = (0..steps).map(|_| self.batch()).collect();
        let Self { network, moments, training, rng, pool, .. } = self;
        let settings = (Optimizer::Adam { rate: 1e-3 }, 1e-3, training.clip);
        let kl = KlTerm { weight: 0.5, floor: 0.0 };
        let start = Instant::now();
        pool.install(|| {
            for batch in &batches {
                let draws = Draws::draw(rng, batch, network.model(), training, 1.0);
                let loss = losses(network, batch, &draws, kl).unwrap();
                let gradients = loss.total.backward().unwrap();
                step(network.parameters_mut(), &gradients, moments, settings, |_| true).unwrap();
            }
        });
        start.elapsed().as_secs_f64()
    }
}
