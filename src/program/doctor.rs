//! `enjamb doctor`: checks what commonly keeps OSC from working, and says what to do.

use crate::Shared;

/// Checks everything.
pub fn doctor(_shared: &Shared) -> Result<(), String> {
    Err("not built yet".into())
}
