//! The averages of known words, and the words that are passed over.

use std::path::Path;

use super::*;
use crate::sentences::EmbedErrorKind;

fn average() -> Average {
    Average::load(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../../models/average")).unwrap()
}

fn cosine(a: &[f32], b: &[f32]) -> f32 {
    let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f32>();
    dot(a, b) / (dot(a, a) * dot(b, b)).sqrt()
}

#[test]
fn the_first_words_are_those_of_glove() {
    // "the" in glove.6B.50d: 0.418 0.24968 -0.41242 0.1217 ...
    let the = average().word("the").unwrap()[..4].to_vec();
    for (got, expected) in the.iter().zip([0.418, 0.24968, -0.41242, 0.1217]) {
        assert!((got - expected).abs() < 2e-4, "{got} for {expected}");
    }
}

#[test]
fn a_text_is_the_average_of_its_known_words() {
    let average = average();
    let got = average.embed(&["The MOON, xyzzyx!"]).unwrap().remove(0);
    let (the, moon) = (average.word("the").unwrap(), average.word("moon").unwrap());
    for i in 0..DIMENSIONS {
        assert_eq!(got[i], (the[i] + moon[i]) / 2.0);
    }
}

#[test]
fn contractions_are_looked_up_in_parts() {
    let average = average();
    let got = average.embed(&["don't", "don’t", "moon's", "do n't"]).unwrap();
    assert_eq!(got[0], got[1]);
    assert_ne!(got[0], got[2]);
    assert_eq!(average.embed(&["can't"]).unwrap()[0].len(), DIMENSIONS);
}

#[test]
fn like_texts_lie_closer_than_unlike_ones() {
    let texts = ["the moon over the sea", "stars above the ocean", "taxes on imported steel"];
    let vectors = average().embed(&texts).unwrap();
    assert!(cosine(&vectors[0], &vectors[1]) > cosine(&vectors[0], &vectors[2]));
}

#[test]
fn a_text_without_a_known_word_is_an_error_that_names_it() {
    let average = average();
    let error = average.embed(&["moon", "xyzzyx"]).unwrap_err();
    assert_eq!(error.kind(), EmbedErrorKind::NoKnownWord);
    assert!(error.to_string().contains("text 2 of 2"), "{error}");
    assert!(error.to_string().contains("xyzzyx"), "{error}");
    assert_eq!(average.embed(&[""]).unwrap_err().kind(), EmbedErrorKind::EmptyText);
}
