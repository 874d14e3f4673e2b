//! The fast network against the plain one.

use std::path::Path;

use super::{SentenceEncoder, plain};

#[test]
fn agrees_with_the_plain_network() {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../models/sentences");
    let mut encoder = SentenceEncoder::load(&dir).unwrap();
    let long = "a line that goes on and on ".repeat(200);
    for text in ["a", "Two roads diverged in a yellow wood,", "月", &long] {
        let ids = encoder.tokenizer().encode(text);
        let expected = plain::embed(&dir.join("weights.safetensors"), &ids).unwrap();
        let got = encoder.embed(&[text]).unwrap().remove(0);
        for (got, expected) in got.iter().zip(&expected) {
            assert!((got - expected).abs() < 1e-5, "{text:.40}: {got} for {expected}");
        }
    }
}
