//! How fast the Universal Sentence Encoder is, one thread.
//!
//! `cargo bench --bench sentences` prints a line. `benches/sentences.py` runs this program with
//! `--serve` and interleaves it with the numpy package on the same texts; then every line of
//! standard input is a JSON request and is answered by a JSON line:
//!
//! * `{"calls": [[texts], ...], "cached_pieces": n}`: a list with, for each call, its `seconds`
//!   and operations: `done` in it and `nominal`, what it takes without the cache of pieces;
//! * `{"peak": true}`: the processor's floating-point operations a second;
//! * `{"load": true}`: seconds to load the encoder.

#![allow(unsafe_code)]

use std::collections::HashMap;
use std::io::{BufRead, Write};
use std::path::Path;
use std::time::Instant;

use enjamb::models::sentences::SentenceEncoder;
use serde_json::{Value, json};

/// Operations that depend on one piece only: the projection and the first convolution.
const PER_CACHED_PIECE: f64 = 2.0 * (512.0 * 768.0 + 10.0 * 256.0 * 256.0);
/// Operations for a piece in its context: the second convolution.
const PER_PIECE: f64 = 2.0 * (10.0 * 256.0 * 256.0);
/// Operations for a text: the last layers.
const PER_TEXT: f64 = 2.0
    * (1280.0 * 512.0 + 2.0 * 512.0 * 320.0 + 320.0 * 320.0 + 2.0 * 320.0 * 512.0 + 512.0 * 512.0);

fn main() {
    if std::env::args().any(|argument| argument == "--serve") {
        serve();
    } else {
        alone();
    }
}

fn load() -> SentenceEncoder {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("models/sentences");
    SentenceEncoder::load(&dir).unwrap()
}

fn embed(encoder: &mut SentenceEncoder, texts: &[String]) -> Value {
    let n_before = encoder.n_computed_pieces();
    let start = Instant::now();
    let embeddings = encoder.embed(texts).unwrap();
    let seconds = start.elapsed().as_secs_f64();
    let n_computed = (encoder.n_computed_pieces() - n_before) as f64;
    let ids = texts.iter().map(|text| encoder.tokenizer().encode(text).len());
    let n_pieces = ids.sum::<usize>() as f64;
    let context = n_pieces * PER_PIECE + texts.len() as f64 * PER_TEXT;
    json!({
        "seconds": seconds,
        "done": context + n_computed * PER_CACHED_PIECE,
        "nominal": context + n_pieces * PER_CACHED_PIECE,
        "check": embeddings[0][0],
    })
}

fn serve() {
    let mut encoders: HashMap<u64, SentenceEncoder> = HashMap::new();
    for line in std::io::stdin().lock().lines() {
        let request: Value = serde_json::from_str(&line.unwrap()).unwrap();
        let answer = if let Some(calls) = request.get("calls") {
            let calls: Vec<Vec<String>> = serde_json::from_value(calls.clone()).unwrap();
            let cached_pieces = request["cached_pieces"].as_u64();
            let encoder = encoders.entry(cached_pieces.unwrap_or(u64::MAX)).or_insert_with(|| {
                match cached_pieces {
                    Some(n) => load().with_cached_pieces(n as usize),
                    None => load(),
                }
            });
            calls.iter().map(|texts| embed(encoder, texts)).collect()
        } else if request["load"] == true {
            let start = Instant::now();
            let encoder = load();
            let seconds = start.elapsed().as_secs_f64();
            drop(encoder);
            json!({ "seconds": seconds })
        } else {
            json!({ "peak": peak() })
        };
        println!("{answer}");
        std::io::stdout().flush().unwrap();
    }
}

fn alone() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/sentences/texts.json");
    let cases: Vec<Value> = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let texts: Vec<String> = cases
        .iter()
        .map(|case| case["text"].as_str().unwrap().to_owned())
        .filter(|text| text.len() < 1000)
        .collect();
    let mut encoder = load();
    let first = embed(&mut encoder, &texts);
    let second = embed(&mut encoder, &texts);
    for (name, result) in [("first", first), ("again", second)] {
        let seconds = result["seconds"].as_f64().unwrap();
        println!(
            "{} texts, {name}: {:.0} a second, {:.0} GFLOP/s of {:.0}",
            texts.len(),
            texts.len() as f64 / seconds,
            result["done"].as_f64().unwrap() / seconds / 1e9,
            peak() / 1e9,
        );
    }
}

/// Operations a second of the widest fused multiply-add, in chains that do not wait.
fn peak() -> f64 {
    #[cfg(target_arch = "x86_64")]
    {
        const ROUNDS: usize = 4_000_000;
        let timed = |run: unsafe fn(usize) -> f32, lanes: usize| {
            // SAFETY: called below only where the features were detected.
            let best = (0..5).map(|_| {
                let start = Instant::now();
                std::hint::black_box(unsafe { run(ROUNDS) });
                start.elapsed().as_secs_f64()
            });
            (2 * CHAINS * lanes * ROUNDS) as f64 / best.fold(f64::INFINITY, f64::min)
        };
        if is_x86_feature_detected!("avx512f") {
            return timed(fma512, 16);
        }
        if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
            return timed(fma256, 8);
        }
    }
    f64::NAN
}

#[cfg(target_arch = "x86_64")]
const CHAINS: usize = 12;

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f")]
fn fma512(rounds: usize) -> f32 {
    use std::arch::x86_64::*;
    let (a, b) =
        (std::hint::black_box(_mm512_set1_ps(0.999)), std::hint::black_box(_mm512_set1_ps(0.001)));
    let mut sums = [_mm512_set1_ps(1.0); CHAINS];
    for _ in 0..rounds {
        sums.iter_mut().for_each(|sum| *sum = _mm512_fmadd_ps(a, *sum, b));
    }
    sums.into_iter().map(|sum| _mm512_reduce_add_ps(sum)).sum()
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
fn fma256(rounds: usize) -> f32 {
    use std::arch::x86_64::*;
    let (a, b) =
        (std::hint::black_box(_mm256_set1_ps(0.999)), std::hint::black_box(_mm256_set1_ps(0.001)));
    let mut sums = [_mm256_set1_ps(1.0); CHAINS];
    for _ in 0..rounds {
        sums.iter_mut().for_each(|sum| *sum = _mm256_fmadd_ps(a, *sum, b));
    }
    sums.into_iter().map(|sum| _mm256_cvtss_f32(sum)).sum()
}
