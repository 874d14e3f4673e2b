//! What passes in and out: counters for everyone, and live entries for those who watch.

use crossbeam::queue::ArrayQueue;
use enjamb_osc::{Argument, Message};
use serde::Serialize;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;
use tokio::sync::Notify;

/// Entries that wait for one watcher; the oldest give way to new ones.
const WATCH_CAPACITY: usize = 1024;
/// Arguments that an entry shows; a vector of 512 floats helps nobody on a terminal.
const MAX_SHOWN: usize = 6;
/// Characters that an entry shows of a text, and of an error's words, which matter to their end.
const MAX_TEXT: usize = 80;
const MAX_ERROR: usize = 400;

/// Which way something passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    /// Into the runtime.
    In,
    /// Out of it.
    Out,
    /// In, but it could not be read or done.
    Error,
}

/// One thing that passed.
#[derive(Clone, Debug, Serialize)]
pub struct TrafficEntry {
    /// Seconds since the runtime started.
    pub at: f64,
    /// Which way.
    pub direction: Direction,
    /// From whom or to whom: "udp 127.0.0.1:5000".
    pub peer: String,
    /// The address; empty when it could not be read.
    pub address: String,
    /// The first arguments, or what was wrong.
    pub arguments: String,
}

/// Counters of everything that passed since the runtime started.
#[derive(Debug, Default)]
pub struct Traffic {
    /// Messages that came in.
    pub n_in: AtomicU64,
    /// Messages that went out, counted for each peer that they went to.
    pub n_out: AtomicU64,
    /// Packets and messages that could not be read, and messages that could not be acted on.
    pub n_errors: AtomicU64,
    /// Messages that gave way to newer ones since their peer was too slow.
    pub n_dropped: AtomicU64,
    /// Datagrams from senders that the project does not allow.
    pub n_refused: AtomicU64,
    n_watchers: AtomicUsize,
    watchers: Mutex<Vec<Weak<Watcher>>>,
}

/// One who watches what passes, until it is dropped.
#[derive(Debug)]
pub struct Watcher {
    entries: ArrayQueue<TrafficEntry>,
    news: Notify,
    n_missed: AtomicU64,
}

impl Watcher {
    /// Entries that this watcher was too slow for.
    pub fn n_missed(&self) -> u64 {
        self.n_missed.load(Relaxed)
    }

    /// The next entry; waits for one.
    pub async fn next(&self) -> TrafficEntry {
        loop {
            match self.entries.pop() {
                Some(entry) => return entry,
                None => self.news.notified().await,
            }
        }
    }
}

impl Traffic {
    /// Starts to watch.
    pub fn watch(&self) -> Arc<Watcher> {
        let watcher = Arc::new(Watcher {
            entries: ArrayQueue::new(WATCH_CAPACITY),
            news: Notify::new(),
            n_missed: AtomicU64::new(0),
        });
        let mut watchers = self.watchers.lock().unwrap_or_else(PoisonError::into_inner);
        watchers.push(Arc::downgrade(&watcher));
        self.n_watchers.store(watchers.len(), Relaxed);
        watcher
    }

    /// Counts a message in.
    pub fn message_in(&self, now: Duration, peer: impl FnOnce() -> String, message: &Message) {
        self.n_in.fetch_add(1, Relaxed);
        self.show(now, Direction::In, peer, message);
    }

    /// Counts a message out.
    pub fn message_out(&self, now: Duration, peer: impl FnOnce() -> String, message: &Message) {
        self.n_out.fetch_add(1, Relaxed);
        self.show(now, Direction::Out, peer, message);
    }

    /// Counts an error.
    pub fn error(&self, now: Duration, peer: impl FnOnce() -> String, address: &str, words: &str) {
        self.n_errors.fetch_add(1, Relaxed);
        if self.n_watchers.load(Relaxed) > 0 {
            self.tell(TrafficEntry {
                at: now.as_secs_f64(),
                direction: Direction::Error,
                peer: peer(),
                address: address.into(),
                arguments: words.into(),
            });
        }
    }

    fn show(
        &self,
        now: Duration,
        direction: Direction,
        peer: impl FnOnce() -> String,
        message: &Message,
    ) {
        // Entries are made only while somebody watches: otherwise a message costs one counter.
        if self.n_watchers.load(Relaxed) > 0 {
            self.tell(TrafficEntry {
                at: now.as_secs_f64(),
                direction,
                peer: peer(),
                address: message.address.clone(),
                arguments: summary(message),
            });
        }
    }

    fn tell(&self, entry: TrafficEntry) {
        let mut watchers = self.watchers.lock().unwrap_or_else(PoisonError::into_inner);
        watchers.retain(|watcher| match watcher.upgrade() {
            Some(watcher) => {
                if watcher.entries.force_push(entry.clone()).is_some() {
                    watcher.n_missed.fetch_add(1, Relaxed);
                }
                watcher.news.notify_one();
                true
            }
            None => false,
        });
        self.n_watchers.store(watchers.len(), Relaxed);
    }
}

fn summary(message: &Message) -> String {
    let arguments = &message.arguments;
    let max_text = if message.is_error() { MAX_ERROR } else { MAX_TEXT };
    let short = |argument| short(argument, max_text);
    let mut words: Vec<String> = arguments.iter().take(MAX_SHOWN).map(short).collect();
    if arguments.len() > MAX_SHOWN {
        words.push(format!("... {} in all", arguments.len()));
    }
    words.join(" ")
}

fn short(argument: &Argument, max_text: usize) -> String {
    match argument {
        Argument::Int(n) => n.to_string(),
        Argument::Long(n) => n.to_string(),
        Argument::Float(n) => format!("{n:.4}"),
        Argument::Double(n) => format!("{n:.4}"),
        Argument::Text(text) if text.chars().count() > max_text => {
            format!("\"{}...\"", text.chars().take(max_text).collect::<String>())
        }
        Argument::Text(text) => format!("\"{text}\""),
        other => other.describe(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_watcher_sees_the_newest_and_leaves_without_a_trace() {
        let traffic = Traffic::default();
        let message = |n| Message { address: "/a".into(), arguments: vec![Argument::Int(n); 8] };
        let watcher = traffic.watch();
        for n in 0..(WATCH_CAPACITY as i32 + 10) {
            traffic.message_in(Duration::ZERO, || "udp".into(), &message(n));
        }
        let oldest = watcher.entries.pop().unwrap();
        assert_eq!(oldest.arguments, "10 10 10 10 10 10 ... 8 in all");
        assert_eq!(watcher.n_missed(), 10);
        drop(watcher);
        traffic.message_out(Duration::ZERO, || "udp".into(), &message(0));
        assert_eq!(traffic.n_watchers.load(Relaxed), 0);
        assert_eq!(traffic.n_in.load(Relaxed), WATCH_CAPACITY as u64 + 10);
    }
}
