//! `enjamb monitor`: OSC as it passes in and out of the running enjamb.

use crate::Shared;

/// Watches until it is interrupted.
pub fn monitor(_shared: &Shared) -> Result<(), String> {
    Err("not built yet".into())
}
