//! Time as the engine is handed it: nanoseconds on a clock that the host chooses.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// A moment, as the time since the clock's own beginning.
pub type Time = Duration;

/// Where the engine reads the time. The engine has none of its own, so that a program that embeds
/// it, and a test, can say what time it is.
pub trait Clock: Send + Sync {
    /// The time now. Never goes back.
    fn now(&self) -> Time;
}

/// The computer's monotonic clock, counted from its making.
#[derive(Debug)]
pub struct SystemClock(Instant);

impl SystemClock {
    /// A clock that begins now.
    pub fn start() -> Self {
        Self(Instant::now())
    }
}

impl Clock for SystemClock {
    fn now(&self) -> Time {
        self.0.elapsed()
    }
}

/// A clock that stands still until it is moved: for tests and for rendering out of real time.
#[derive(Debug, Default)]
pub struct ManualClock(AtomicU64);

impl ManualClock {
    /// A clock at zero.
    pub fn new() -> Self {
        Self::default()
    }

    /// Moves the time on.
    pub fn advance(&self, by: Duration) {
        self.0.fetch_add(by.as_nanos() as u64, Ordering::SeqCst);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Time {
        Duration::from_nanos(self.0.load(Ordering::SeqCst))
    }
}
