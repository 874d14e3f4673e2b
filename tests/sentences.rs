//! The Universal Sentence Encoder against the numpy package that its weights come from.
//!
//! `tests/fixtures/sentences.py` makes the references.

#![cfg(feature = "program")]

use std::path::{Path, PathBuf};

use candle_core::Device;
use enjamb::models::sentences::{EmbedErrorKind, SentenceEncoder, nearest};
use serde::Deserialize;

#[derive(Deserialize)]
struct Case {
    group: String,
    text: String,
    ids: Vec<u32>,
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_owned()
}

fn encoder() -> SentenceEncoder {
    SentenceEncoder::load(&root().join("models/sentences")).unwrap()
}

fn cases() -> Vec<Case> {
    let path = root().join("tests/fixtures/sentences/texts.json");
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn vectors() -> Vec<Vec<f32>> {
    let path = root().join("tests/fixtures/sentences/vectors.safetensors");
    let file = candle_core::safetensors::load(path, &Device::Cpu).unwrap();
    file["vectors"].to_vec2().unwrap()
}

fn texts(cases: &[Case]) -> Vec<&str> {
    cases.iter().map(|case| case.text.as_str()).collect()
}

fn cosine(a: &[f32], b: &[f32]) -> f64 {
    let dot = |a: &[f32], b: &[f32]| -> f64 {
        let products = a.iter().zip(b).map(|(a, b)| f64::from(*a) * f64::from(*b));
        products.sum()
    };
    dot(a, b) / (dot(a, a) * dot(b, b)).sqrt()
}

#[test]
fn ids_are_those_of_the_reference() {
    let encoder = encoder();
    let mut failures = Vec::new();
    for case in cases() {
        let ids = encoder.tokenizer().encode(&case.text);
        if ids != case.ids {
            failures.push(format!("{}: {:?}: {ids:?} for {:?}", case.group, case.text, case.ids));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn vectors_are_those_of_the_reference() {
    let cases = cases();
    let embeddings = encoder().embed(&texts(&cases)).unwrap();
    // The lowest cosine of each group, in the order of the groups.
    let mut lowest: Vec<(&str, f64)> = Vec::new();
    for ((case, embedding), vector) in cases.iter().zip(&embeddings).zip(vectors()) {
        let cosine = cosine(embedding, &vector);
        match lowest.last_mut() {
            Some((group, lowest)) if *group == case.group => *lowest = lowest.min(cosine),
            _ => lowest.push((&case.group, cosine)),
        }
    }
    let table: Vec<String> =
        lowest.iter().map(|(group, cosine)| format!("{group}: 1 - {:.1e}", 1.0 - cosine)).collect();
    println!("{}", table.join("\n"));
    assert_eq!(lowest.len(), 16 + 5);
    assert!(lowest.iter().all(|(_, cosine)| *cosine >= 0.9999), "{}", table.join("\n"));
}

#[test]
fn a_vector_does_not_depend_on_company_or_history() {
    let cases = cases();
    let texts = texts(&cases);
    // A cache this small is emptied many times over; the other holds everything.
    let mut small = encoder().with_cached_pieces(0);
    let mut large = encoder().with_cached_pieces(20_000).with_threads(2);
    let together = large.embed(&texts).unwrap();
    let again = large.embed(&texts).unwrap();
    let reversed: Vec<&str> = texts.iter().rev().copied().collect();
    let mut reversed = small.embed(&reversed).unwrap();
    reversed.reverse();
    for (i, text) in texts.iter().enumerate() {
        let alone = small.embed(&[text]).unwrap().remove(0);
        for other in [&together[i], &again[i], &reversed[i]] {
            assert!(alone == *other, "{text:?}");
        }
    }
}

#[test]
fn vectors_have_length_one() {
    for embedding in encoder().embed(&["one", "two roads", "🌙"]).unwrap() {
        assert!((cosine(&embedding, &embedding) - 1.0).abs() < 1e-6);
        let length: f32 = embedding.iter().map(|x| x * x).sum();
        assert!((length - 1.0).abs() < 1e-5);
    }
}

#[test]
fn an_empty_text_is_an_error_that_names_it() {
    let error = encoder().embed(&["one", ""]).unwrap_err();
    assert_eq!(error.kind(), EmbedErrorKind::EmptyText);
    assert_eq!(error.to_string(), "text 2 of 2 is empty: send at least one word");
    let nothing: [&str; 0] = [];
    assert!(encoder().embed(&nothing).unwrap().is_empty());
}

#[test]
fn a_missing_folder_is_an_error_that_names_it() {
    let error = SentenceEncoder::load(Path::new("no/such/folder")).err().unwrap();
    assert!(error.to_string().contains("no/such/folder/tokenizer.safetensors"), "{error}");
}

#[test]
fn like_sentences_are_nearest_in_any_language() {
    let among = ["The bank raised its interest rates.", "Die Katze schläft.", "I like bread."];
    let mut encoder = encoder();
    let vector = encoder.embed(&["The cat is asleep."]).unwrap().remove(0);
    let vectors = encoder.embed(&among).unwrap();
    assert_eq!(nearest(&vector, &vectors, 1)[0].0, 1);
}
