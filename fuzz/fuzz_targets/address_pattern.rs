//! Address patterns: parsed, shown, and matched without end or panic.

#![no_main]

use enjamb::osc::{Pattern, is_pattern};
use enjamb_fuzz::on_small_stack;

libfuzzer_sys::fuzz_target!(|text: &str| {
    let (pattern, address) = text.split_once('\n').unwrap_or((text, "/voyage/walk/speed"));
    on_small_stack(|| {
        let Ok(parsed) = Pattern::parse(pattern) else { return };
        assert_eq!(Pattern::parse(&parsed.to_string()).as_ref(), Ok(&parsed));
        if parsed.matches(address) {
            assert!(parsed.covers(address));
        }
        // A plain address means itself.
        if !is_pattern(pattern) && pattern.len() > 1 && !pattern.ends_with('/') {
            assert!(parsed.matches(pattern), "{pattern}");
        }
    });
});
