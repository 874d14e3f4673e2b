//! Vocabularies: read, and texts spelled by them in ids that there are; or refused.

#![no_main]

use enjamb::models::poetry::bpe::Bpe;
use enjamb_fuzz::on_small_stack;

libfuzzer_sys::fuzz_target!(|json: &str| {
    on_small_stack(|| {
        let Ok(bpe) = Bpe::from_json(json) else { return };
        for text in ["", "o'er the moon—", "  <s>été 12\u{301}▁▁x", json] {
            let ids = bpe.encode(text);
            assert!(ids.iter().all(|id| (*id as usize) < bpe.tokens().len()));
        }
    });
});
