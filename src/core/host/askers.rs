//! Who sent something to inlets of chains lately: what follows from it goes to them.

use super::Peer;
use std::collections::VecDeque;

/// So many are remembered; what follows from earlier messages goes to whoever drives the chain.
const MAX_ASKERS: usize = 1024;

/// Senders by numbers that rise.
#[derive(Default)]
pub struct Askers {
    /// The newest last.
    peers: VecDeque<(u64, Peer)>,
    last_number: u64,
}

impl Askers {
    /// Remembers a sender. Returns its number, which is above 0.
    pub fn add(&mut self, peer: Peer) -> u64 {
        if self.peers.len() == MAX_ASKERS {
            self.peers.pop_front();
        }
        self.last_number += 1;
        self.peers.push_back((self.last_number, peer));
        self.last_number
    }

    /// The sender of that number, unless it was long ago.
    pub fn find(&self, number: u64) -> Option<Peer> {
        let at = self.peers.binary_search_by_key(&number, |(number, _)| *number).ok()?;
        Some(self.peers[at].1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_senders_are_remembered() {
        let mut askers = Askers::default();
        for id in 0..MAX_ASKERS as u64 + 1 {
            assert_eq!(askers.add(Peer::Connection(id)), id + 1);
        }
        assert_eq!((askers.find(0), askers.find(1)), (None, None));
        assert_eq!(askers.find(2), Some(Peer::Connection(1)));
    }
}
