//! Any text as a line of verse: cleaned, spelled, and put together again.

#![no_main]

use enjamb::models::poetry::vocabulary::{Vocabulary, clean};
use enjamb_fuzz::on_small_stack;
use std::path::Path;
use std::sync::LazyLock;

static VOCABULARY: LazyLock<Vocabulary> = LazyLock::new(|| {
    let models = Path::new(env!("CARGO_MANIFEST_DIR")).join("../models");
    Vocabulary::load(&models.join("poetry/vocabulary.json")).expect("the model ships")
});

libfuzzer_sys::fuzz_target!(|line: &str| {
    on_small_stack(|| {
        let cleaned = clean(line);
        assert_eq!(clean(&cleaned), cleaned);
        let ids = VOCABULARY.encode(line);
        assert!(ids.iter().all(|id| (*id as usize) < VOCABULARY.len()));
        let back = VOCABULARY.decode(&ids);
        if !ids.iter().any(|id| *id <= 2) {
            assert_eq!(back, cleaned);
        }
        assert_eq!(clean(&VOCABULARY.true_case(&back)), clean(&back));
    });
});
