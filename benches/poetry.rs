//! Lines a second that the verse model writes, beside PyTorch on the same processor and weights.
//!
//! `PYTHON=python cargo bench --bench poetry`, where PYTHON has torch and safetensors.
//! `benches/poetry.py` is started as a child and samples with the published sampler; both sides
//! take turns. Only ratios of one run mean anything.

#[path = "common/python.rs"]
mod python;

use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use enjamb::models::poetry::{Constraints, DecodeOptions, Decoding, Poet};
use enjamb_numeric::chance::gaussians;
use python::Python;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};
use serde_json::json;

const TEMPERATURE: f32 = 0.5;
/// Columns and rows of the grid.
const GRID: usize = 16;
/// Numbers that are read to measure the memory: more than any cache holds.
const MEMORY: usize = 64 << 20;

fn main() {
    let dir = std::env::var_os("ENJAMB_POETRY").map(PathBuf::from);
    let dir = dir.unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("models/poetry"));
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let mut alone = Poet::load(&dir).expect("the model is there");
    let mut pair = Poet::load(&dir).expect("the model is there").with_threads(2);
    let weights = dir.join("weights.safetensors").display().to_string();
    let mut python = Python::start("benches/poetry.py", [weights]);

    println!("lines a second at temperature {TEMPERATURE}, and ours divided by PyTorch's; medians");
    for (lines, threads, turns) in [(1, 1, 40), (64, 1, 7), (1, 2, 40), (64, 2, 7)] {
        let poet = if threads == 1 { &mut alone } else { &mut pair };
        let ask = json!({ "lines": lines, "threads": threads, "temperature": TEMPERATURE });
        write(poet, lines, &mut rng);
        python.ask(&ask);
        let (mut ours, mut theirs, mut tokens, mut their_tokens) = (vec![], vec![], 0, 0.0);
        for _ in 0..turns {
            let (seconds, n_tokens) = write(poet, lines, &mut rng);
            ours.push(seconds);
            tokens += n_tokens;
            let answer = python.ask(&ask);
            theirs.push(answer["seconds"].as_f64().expect("the answer has seconds"));
            their_tokens += answer["tokens"].as_f64().expect("the answer has tokens");
        }
        let (ours, theirs) = (median(&mut ours), median(&mut theirs));
        let n_lines = (turns * lines) as f64;
        println!(
            "{lines:3} at a time, {threads} threads: {:6.0}, PyTorch {:5.0}: {:.1} times; {:.2} ms \
             beside {:.2} ms; {:.1} and {:.1} tokens a line",
            lines as f64 / ours,
            lines as f64 / theirs,
            theirs / ours,
            1e3 * ours,
            1e3 * theirs,
            tokens as f64 / n_lines,
            their_tokens / n_lines,
        );
    }

    let mut grids: Vec<f64> = (0..7).map(|_| write(&mut pair, GRID * GRID, &mut rng).0).collect();
    println!("a grid of {GRID} by {GRID}, 2 threads: {:.0} ms", 1e3 * median(&mut grids));
    limits(&mut alone, &mut rng);
}

/// Writes lines from the prior: the seconds, and the tokens with their ends.
fn write(poet: &mut Poet, lines: usize, rng: &mut ChaCha8Rng) -> (f64, usize) {
    let constraints = Arc::new(Constraints::default());
    let latent = poet.sizes().latent;
    let wishes: Vec<DecodeOptions> = (0..lines)
        .map(|_| DecodeOptions {
            z: gaussians(rng, latent),
            method: Decoding::Sample { temperature: TEMPERATURE, top_p: 1.0 },
            constraints: Arc::clone(&constraints),
            seed: rng.next_u64(),
        })
        .collect();
    let start = Instant::now();
    let written = poet.write(&wishes, |_| Ok(())).expect("lines can be written");
    let seconds = start.elapsed().as_secs_f64();
    let tokens = written.iter().map(|line| poet.vocabulary().encode(line).len() + 1).sum();
    (seconds, tokens)
}

fn median(seconds: &mut [f64]) -> f64 {
    seconds.sort_by(f64::total_cmp);
    seconds[seconds.len() / 2]
}

/// How near one line comes to what the memory gives, and many lines to what the arithmetic gives.
fn limits(poet: &mut Poet, rng: &mut ChaCha8Rng) {
    let sizes = poet.sizes();
    let (d, e, v) = (sizes.decoder, sizes.embedding, sizes.vocabulary);
    // Multiply-adds of a token; its weights are read in half precision.
    let weights = (d * 4 * d + d * e + e * v) as f64;
    let numbers = vec![1.0_f32; MEMORY];
    let mut reads: Vec<f64> = (0..5)
        .map(|_| {
            let start = Instant::now();
            let sums = numbers.chunks_exact(32).fold([0.0; 32], |mut sums: [f32; 32], chunk| {
                sums.iter_mut().zip(chunk).for_each(|(sum, x)| *sum += x);
                sums
            });
            black_box(sums);
            start.elapsed().as_secs_f64()
        })
        .collect();
    let memory = (4 * MEMORY) as f64 / median(&mut reads);
    let mut rate = |lines: usize, turns: usize| {
        let (seconds, tokens) = (0..turns)
            .map(|_| write(poet, lines, rng))
            .fold((0.0, 0), |sum, one| (sum.0 + one.0, sum.1 + one.1));
        tokens as f64 / seconds * weights
    };
    let one = rate(1, 40);
    println!(
        "one line reads its weights at {:.1} GB/s; this thread reads memory at {:.1} GB/s",
        2.0 * one / 1e9,
        memory / 1e9
    );
    println!("64 lines: {:.0} GFLOP/s in products, one thread", 2.0 * rate(64, 7) / 1e9);
}
