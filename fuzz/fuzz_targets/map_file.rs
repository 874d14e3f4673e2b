//! Map files: read and written again as they were, or refused.

#![no_main]

use enjamb::models::map::atlas::Atlas;
use enjamb_fuzz::on_small_stack;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    on_small_stack(|| {
        if let Ok(atlas) = Atlas::from_bytes(bytes) {
            assert!(atlas.places().as_flattened().iter().all(|x| x.abs() <= 1.0));
            let again = Atlas::from_bytes(&atlas.to_bytes()).expect("what was written can be read");
            assert_eq!(again.texts(), atlas.texts());
        }
    });
});
