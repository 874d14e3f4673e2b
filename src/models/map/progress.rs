//! How far a long computation on other threads is, and whether it should end.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// Shared by those who compute and those who watch.
#[derive(Debug, Default)]
pub struct Progress {
    n_done: AtomicUsize,
    is_stopped: AtomicBool,
}

impl Progress {
    /// Counts pieces of work that are done.
    pub fn advance(&self, n: usize) {
        self.n_done.fetch_add(n, Ordering::Relaxed);
    }

    /// How many pieces are done.
    pub fn n_done(&self) -> usize {
        self.n_done.load(Ordering::Relaxed)
    }

    /// Asks for an end; what comes of the computation then is of no use.
    pub fn stop(&self) {
        self.is_stopped.store(true, Ordering::Relaxed);
    }

    /// Whether an end was asked for.
    pub fn is_stopped(&self) -> bool {
        self.is_stopped.load(Ordering::Relaxed)
    }
}
