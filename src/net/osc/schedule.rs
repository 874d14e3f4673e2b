//! Messages whose time has not come: a bounded queue, sorted by time, and a thread that empties it.

use crossbeam::channel::{self, RecvTimeoutError, Sender};
use enjamb_core::Error;
use enjamb_core::host::Peer;
use enjamb_osc::{Message, Router};
use std::collections::BTreeMap;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// Messages that may wait; one more is refused.
const CAPACITY: usize = 4096;

/// See the module. Its thread ends when it is dropped.
pub struct Schedule {
    sender: Sender<(Instant, Message, Peer)>,
    n_waiting: Arc<AtomicUsize>,
}

impl Schedule {
    /// Starts the thread, which dispatches to the router.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn start(router: Arc<Router>) -> io::Result<Self> {
        Self::start_with(move |message, from| router.dispatch(&message, from))
    }

    fn start_with(dispatch: impl Fn(Message, Peer) + Send + 'static) -> io::Result<Self> {
        let (sender, receiver) = channel::bounded::<(Instant, Message, Peer)>(CAPACITY);
        let n_waiting = Arc::new(AtomicUsize::new(0));
        let n_left = Arc::clone(&n_waiting);
        std::thread::Builder::new().name("osc:schedule".into()).spawn(move || {
            // The key's second part keeps messages of one time in the order in which they came.
            let mut queue: BTreeMap<(Instant, u64), (Message, Peer)> = BTreeMap::new();
            let mut n_came = 0;
            loop {
                let due = queue.first_key_value().map(|((due, _), _)| *due);
                let next = match due {
                    Some(due) => receiver.recv_deadline(due),
                    None => receiver.recv().map_err(|_| RecvTimeoutError::Disconnected),
                };
                match next {
                    Ok((due, message, from)) => {
                        queue.insert((due, n_came), (message, from));
                        n_came += 1;
                    }
                    Err(RecvTimeoutError::Timeout) => {
                        if let Some((_, (message, from))) = queue.pop_first() {
                            n_left.fetch_sub(1, Ordering::AcqRel);
                            // What one message brings to light must not hold up the others.
                            let _ = catch_unwind(AssertUnwindSafe(|| dispatch(message, from)));
                        }
                    }
                    Err(RecvTimeoutError::Disconnected) => return,
                }
            }
        })?;
        Ok(Self { sender, n_waiting })
    }

    /// Adds a message that is due after `ahead`.
    ///
    /// # Errors
    /// Plain words when as many wait as may.
    pub fn add(&self, ahead: Duration, message: Message, from: Peer) -> Result<(), Error> {
        let due = Instant::now() + ahead;
        if self.n_waiting.fetch_add(1, Ordering::AcqRel) >= CAPACITY
            || self.sender.try_send((due, message, from)).is_err()
        {
            self.n_waiting.fetch_sub(1, Ordering::AcqRel);
            return Err(Error::invalid(format!(
                "{CAPACITY} messages wait for their time, which is as many as may"
            )));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(address: String) -> Message {
        Message { address, arguments: Vec::new() }
    }

    #[test]
    fn messages_come_in_order_of_time_then_of_arrival_and_not_early() {
        let (sender, heard) = channel::unbounded();
        let schedule = Schedule::start_with(move |message, _| {
            sender.send((message.address, Instant::now())).unwrap();
        })
        .unwrap();
        let began = Instant::now();
        for (name, millis) in [("c", 60), ("a", 20), ("b", 20)] {
            schedule.add(Duration::from_millis(millis), message(name.into()), Peer::Local).unwrap();
        }
        for (expected, millis) in [("a", 20), ("b", 20), ("c", 60)] {
            let (name, at) = heard.recv_timeout(Duration::from_secs(5)).unwrap();
            assert_eq!(name, expected);
            assert!(at - began >= Duration::from_millis(millis));
        }
    }

    #[test]
    fn no_more_wait_than_may() {
        let schedule = Schedule::start_with(|_, _| {}).unwrap();
        let add = || schedule.add(Duration::from_secs(50), message("/a".into()), Peer::Local);
        // The thread may need a moment to take what the channel holds.
        let n_added = (0..CAPACITY).filter(|_| add().is_ok()).count();
        assert_eq!(n_added, CAPACITY);
        assert!(add().unwrap_err().message().contains("4096 messages"));
    }
}
