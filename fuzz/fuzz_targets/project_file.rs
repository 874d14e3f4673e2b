//! The project file: read or refused with a place that lies in the text.

#![no_main]

use enjamb::Project;
use enjamb_fuzz::on_small_stack;

libfuzzer_sys::fuzz_target!(|text: &str| {
    on_small_stack(|| {
        if let Err(error) = Project::parse(text) {
            assert!(error.line >= 1 && error.line <= text.matches('\n').count() + 1);
            assert!(error.column >= 1 && !error.words.is_empty());
        }
    });
});
