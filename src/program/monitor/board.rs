//! The board: what the monitor knows. One row an address and direction, so that a flood on one
//! address hides no other; nothing on it grows without bound.

use serde::Deserialize;
use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::time::{Duration, Instant};

/// Addresses that are kept. Beyond that those go that were quiet longest, a batch at a time.
const MAX_ADDRESSES: usize = 1024;
const ADDRESS_BATCH: usize = 256;
/// Errors that are kept, the same words counted once.
const MAX_FAULTS: usize = 100;
/// Characters of an address or of arguments that are kept.
const MAX_TEXT: usize = 512;
/// Peers whose rate is kept.
const MAX_PEERS: usize = 256;
/// The part of a new measurement in a shown rate; the rest is what was shown before.
const FRESH: f64 = 0.6;
/// One error is sent to several peers; their copies come within this time.
const COPIES_WITHIN: f64 = 0.05;

/// Which way a message passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    In,
    Out,
    Error,
}

/// One message, as the runtime tells of it.
#[derive(Debug, Deserialize)]
pub struct Entry<'a> {
    pub at: f64,
    pub direction: Direction,
    #[serde(borrow)]
    pub peer: Cow<'a, str>,
    #[serde(borrow)]
    pub address: Cow<'a, str>,
    #[serde(borrow)]
    pub arguments: Cow<'a, str>,
}

/// What the runtime counted since it started.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Totals {
    pub enjamb: String,
    pub seconds: f64,
    pub osc: String,
    #[serde(rename = "in")]
    pub n_in: u64,
    #[serde(rename = "out")]
    pub n_out: u64,
    #[serde(rename = "errors")]
    pub n_errors: u64,
    #[serde(rename = "dropped")]
    pub n_dropped: u64,
    #[serde(rename = "refused")]
    pub n_refused: u64,
    /// Messages that this monitor was too slow to be told of.
    #[serde(rename = "missed")]
    pub n_missed: u64,
    pub models: Vec<ModelTotals>,
    pub chains: Vec<ChainTotals>,
    pub clients: Vec<Client>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct ModelTotals {
    pub name: String,
    pub status: String,
    pub waiting: u64,
    pub restarts: u64,
    pub succeeded: u64,
    pub failed: u64,
    pub refused: u64,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct ChainTotals {
    pub name: String,
    pub running: bool,
    pub step: u64,
    /// Ticks that were passed over since it was too late for them.
    pub missed: u64,
    pub nodes: Vec<NodeTotals>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct NodeTotals {
    pub name: String,
    pub ran: u64,
    pub late: u64,
    pub dropped: u64,
    pub repeated: u64,
    pub failed: u64,
    /// Of the last run.
    pub milliseconds: f64,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Client {
    pub name: String,
    pub gets: String,
}

/// How often something happens, measured from one totals event to the next.
#[derive(Clone, Copy, Debug, Default)]
pub struct Rate {
    n_new: u64,
    pub per_second: f64,
}

impl Rate {
    fn measure(&mut self, seconds: f64, scale: f64) {
        let fresh = self.n_new as f64 * scale / seconds;
        self.per_second += FRESH * (fresh - self.per_second);
        if self.n_new == 0 && self.per_second < 0.05 {
            self.per_second = 0.0;
        }
        self.n_new = 0;
    }
}

/// One address, one way.
#[derive(Clone, Debug)]
pub struct Row {
    pub rate: Rate,
    pub last: Instant,
    pub peer: String,
    pub arguments: String,
}

/// One error, however often it came.
#[derive(Clone, Debug)]
pub struct Fault {
    pub last: Instant,
    at: f64,
    pub peer: String,
    pub address: String,
    pub words: String,
    pub count: u64,
}

/// Whether the runtime is there.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Link {
    /// It was found at this time.
    Live(Instant),
    /// It is away since this time.
    Gone(Instant),
}

/// See the module.
#[derive(Clone, Debug)]
pub struct Board {
    /// For each address what came in, and what went out.
    pub rows: BTreeMap<String, [Option<Row>; 2]>,
    /// The newest last.
    pub faults: VecDeque<Fault>,
    pub peers: HashMap<String, Rate>,
    pub totals: Totals,
    pub in_rate: f64,
    pub out_rate: f64,
    /// When the counts of errors or dropped messages last grew.
    pub last_trouble: Option<Instant>,
    /// Of the messages of the last half second, the part that the rows have seen.
    pub seen_part: f64,
    pub link: Link,
    pub n_returns: u64,
    pub last_totals: Instant,
    /// Counts that were there when the board was cleared.
    pub cleared: Totals,
    /// Grows with everything that was noted.
    pub version: u64,
    n_seen: u64,
}

impl Board {
    pub fn new(now: Instant) -> Self {
        Self {
            rows: BTreeMap::new(),
            faults: VecDeque::new(),
            peers: HashMap::new(),
            totals: Totals::default(),
            in_rate: 0.0,
            out_rate: 0.0,
            last_trouble: None,
            seen_part: 1.0,
            link: Link::Live(now),
            n_returns: 0,
            last_totals: now,
            cleared: Totals::default(),
            version: 0,
            n_seen: 0,
        }
    }

    /// Notes a message.
    pub fn message(&mut self, entry: &Entry, now: Instant) {
        self.version += 1;
        self.n_seen += 1;
        let is_fault = entry.direction == Direction::Error;
        if is_fault || entry.direction == Direction::Out && entry.address.ends_with("/error") {
            self.fault(entry, now);
        }
        if is_fault {
            return;
        }
        self.count_peer(entry);
        let address = beginning(&entry.address);
        if !self.rows.contains_key(address) {
            self.make_room();
            self.rows.insert(address.into(), [None, None]);
        }
        let Some(pair) = self.rows.get_mut(address) else { return };
        let row = pair[usize::from(entry.direction == Direction::Out)].get_or_insert_with(|| Row {
            rate: Rate::default(),
            last: now,
            peer: String::new(),
            arguments: String::new(),
        });
        row.rate.n_new += 1;
        row.last = now;
        // Writing into the old text spares the memory allocator ten thousand calls a second.
        entry.peer.as_ref().clone_into(&mut row.peer);
        beginning(&entry.arguments).clone_into(&mut row.arguments);
    }

    fn count_peer(&mut self, entry: &Entry) {
        if entry.direction != Direction::Out {
            return;
        }
        if let Some(rate) = self.peers.get_mut(&*entry.peer) {
            rate.n_new += 1;
        } else if self.peers.len() < MAX_PEERS {
            self.peers.insert(entry.peer.clone().into_owned(), Rate { n_new: 1, per_second: 0.0 });
        }
    }

    fn make_room(&mut self) {
        if self.rows.len() < MAX_ADDRESSES {
            return;
        }
        let heard = |pair: &[Option<Row>; 2]| pair.iter().flatten().map(|row| row.last).max();
        let mut times: Vec<_> = self.rows.values().map(heard).collect();
        times.sort_unstable();
        let oldest_kept = times[ADDRESS_BATCH];
        self.rows.retain(|_, pair| heard(pair) > oldest_kept);
    }

    fn fault(&mut self, entry: &Entry, now: Instant) {
        // A text argument comes in quotes, which words on a screen need not have.
        let words = entry.arguments.trim_matches('"');
        let same = |fault: &Fault| {
            fault.words == words
                && (fault.address == beginning(&entry.address) || is_copy(fault, entry))
        };
        if let Some(index) = self.faults.iter().rposition(same)
            && let Some(mut fault) = self.faults.remove(index)
        {
            if !is_copy(&fault, entry) {
                fault.count += 1;
                fault.at = entry.at;
            }
            fault.last = now;
            self.faults.push_back(fault);
            return;
        }
        if self.faults.len() == MAX_FAULTS {
            self.faults.pop_front();
        }
        self.faults.push_back(Fault {
            last: now,
            at: entry.at,
            peer: entry.peer.clone().into_owned(),
            address: beginning(&entry.address).into(),
            words: words.into(),
            count: 1,
        });
    }

    /// Notes the totals, and measures all rates.
    pub fn totals(&mut self, totals: Totals, now: Instant) {
        self.version += 1;
        let seconds = totals.seconds - self.totals.seconds;
        let is_first = self.totals.enjamb.is_empty();
        if is_first || seconds <= 0.0 || totals.n_in < self.totals.n_in {
            // Another runtime than the one before: its counts start anew.
            self.cleared = Totals::default();
            (self.in_rate, self.out_rate) = (0.0, 0.0);
            self.n_seen = 0;
            self.totals = totals;
            self.last_totals = now;
            return;
        }
        let grown =
            |count: fn(&Totals) -> u64| count(&totals).saturating_sub(count(&self.totals)) as f64;
        let (n_in, n_out) = (grown(|t| t.n_in), grown(|t| t.n_out));
        self.in_rate += FRESH * (n_in / seconds - self.in_rate);
        self.out_rate += FRESH * (n_out / seconds - self.out_rate);
        if grown(|t| t.n_errors + t.n_dropped + t.n_refused) > 0.0 {
            self.last_trouble = Some(now);
        }
        let missed = grown(|t| t.n_missed);
        let n_seen = self.n_seen as f64;
        self.seen_part = if missed > 0.0 { n_seen / (n_seen + missed) } else { 1.0 };
        let scale = if self.seen_part > 0.0 { 1.0 / self.seen_part } else { 1.0 };
        for row in self.rows.values_mut().flatten().flatten() {
            row.rate.measure(seconds, scale);
        }
        self.peers.retain(|_, rate| {
            rate.measure(seconds, scale);
            rate.per_second > 0.0
        });
        self.n_seen = 0;
        self.totals = totals;
        self.last_totals = now;
    }

    /// Notes that the runtime went away.
    pub fn gone(&mut self, now: Instant) {
        if let Link::Live(_) = self.link {
            self.link = Link::Gone(now);
            (self.in_rate, self.out_rate) = (0.0, 0.0);
            let rows = self.rows.values_mut().flatten().flatten();
            rows.for_each(|row| row.rate = Rate::default());
            self.peers.clear();
        }
    }

    /// Notes that it is there again.
    pub fn back(&mut self, now: Instant) {
        self.version += 1;
        self.link = Link::Live(now);
        self.n_returns += 1;
        self.last_totals = now;
    }

    /// Forgets rows and errors, and counts from here on.
    pub fn clear(&mut self) {
        self.rows.clear();
        self.faults.clear();
        self.last_trouble = None;
        self.cleared = self.totals.clone();
    }

    /// Errors since the board was cleared.
    pub fn n_errors(&self) -> u64 {
        self.totals.n_errors.saturating_sub(self.cleared.n_errors)
    }

    /// Messages that gave way to newer ones since the board was cleared.
    pub fn n_dropped(&self) -> u64 {
        self.totals.n_dropped.saturating_sub(self.cleared.n_dropped)
    }

    /// Datagrams from senders that are not allowed since the board was cleared.
    pub fn n_refused(&self) -> u64 {
        self.totals.n_refused.saturating_sub(self.cleared.n_refused)
    }

    /// How long nothing was heard from a runtime that has not gone.
    pub fn silence(&self, now: Instant) -> Duration {
        now.saturating_duration_since(self.last_totals)
    }
}

/// As much of a text as a screen may show: a sender may send any length.
fn beginning(text: &str) -> &str {
    text.char_indices().nth(MAX_TEXT).map_or(text, |(end, _)| &text[..end])
}

/// The answer to an error names it again, once for each peer that gets the answer.
fn is_copy(fault: &Fault, entry: &Entry) -> bool {
    entry.direction == Direction::Out && (entry.at - fault.at).abs() < COPIES_WITHIN
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry<'a>(at: f64, direction: Direction, address: &'a str, words: &'a str) -> Entry<'a> {
        let peer = "udp 127.0.0.1:4000".into();
        Entry { at, direction, peer, address: address.into(), arguments: words.into() }
    }

    #[test]
    fn a_flood_of_addresses_keeps_the_board_small_and_the_newest_on_it() {
        let now = Instant::now();
        let mut board = Board::new(now);
        for n in 0..10_000_u64 {
            let address = format!("/junk/{n}");
            let now = now + Duration::from_micros(n);
            board.message(&entry(0.0, Direction::In, &address, ""), now);
        }
        assert!(board.rows.len() <= MAX_ADDRESSES);
        assert!(board.rows.contains_key("/junk/9999"));
    }

    #[test]
    fn addresses_of_one_instant_leave_room_too() {
        let now = Instant::now();
        let mut board = Board::new(now);
        for n in 0..10_000 {
            board.message(&entry(0.0, Direction::In, &format!("/junk/{n}"), ""), now);
        }
        assert!(board.rows.len() <= MAX_ADDRESSES);
    }

    #[test]
    fn one_error_sent_to_three_is_one_error() {
        let now = Instant::now();
        let mut board = Board::new(now);
        for at in [1.0, 1.001, 1.002, 7.0, 7.001, 7.002] {
            board.message(&entry(at, Direction::Out, "/x/error", "\"no model\""), now);
        }
        board.message(&entry(9.0, Direction::Error, "", "no OSC"), now);
        board.message(&entry(9.001, Direction::Out, "/error", "\"no OSC\""), now);
        let counts: Vec<_> = board.faults.iter().map(|f| (f.words.as_str(), f.count)).collect();
        assert_eq!(counts, [("no model", 2), ("no OSC", 1)]);
    }

    #[test]
    fn rates_come_from_totals_and_a_new_runtime_starts_anew() {
        let now = Instant::now();
        let mut board = Board::new(now);
        let totals = |seconds, n_in, n_missed| Totals {
            enjamb: "1".into(),
            seconds,
            n_in,
            n_missed,
            ..Totals::default()
        };
        board.totals(totals(10.0, 1_000_000, 0), now);
        assert_eq!(board.in_rate, 0.0);
        for n in 1..20_u64 {
            for _ in 0..10 {
                board.message(&entry(0.0, Direction::In, "/a", ""), now);
            }
            board.totals(totals(10.0 + 0.5 * n as f64, 1_000_000 + 50 * n, 40 * n), now);
        }
        assert!((board.in_rate - 100.0).abs() < 1.0, "{}", board.in_rate);
        // The rows saw 10 of 50 messages, and say so by their rate.
        let row = board.rows["/a"][0].as_ref().unwrap();
        assert!((row.rate.per_second - 100.0).abs() < 1.0, "{}", row.rate.per_second);
        board.totals(totals(0.5, 3, 0), now);
        assert_eq!((board.in_rate, board.totals.n_in), (0.0, 3));
    }
}
