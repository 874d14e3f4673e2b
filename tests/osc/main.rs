//! OSC as patches see it: a runtime is talked to through real sockets, and answers through them.

#![cfg(feature = "program")]

/// Tests that count what the process holds, or measure time, run alone.
static ALONE: std::sync::RwLock<()> = std::sync::RwLock::new(());

macro_rules! together {
    () => {
        let _together = crate::ALONE.read().unwrap_or_else(|poisoned| poisoned.into_inner());
    };
}

macro_rules! alone {
    () => {
        let _alone = crate::ALONE.write().unwrap_or_else(|poisoned| poisoned.into_inner());
    };
}

#[path = "../common/mod.rs"]
mod common;
mod messages;
mod streams;
mod trouble;
mod voyage;
