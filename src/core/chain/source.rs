//! Sources: parts that make values over time: the walk, the clock, and the inlet for messages.

mod clock;
mod inlet;
mod walk;

use super::part::PartKind;

/// All sources.
pub fn kinds() -> Vec<PartKind> {
    vec![walk::kind(), clock::kind(), inlet::kind()]
}
