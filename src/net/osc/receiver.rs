//! The receiver: every packet, from whatever transport, becomes messages for the router, now or at the
//! time that its bundle says.

use super::hub::Hub;
use super::schedule::Schedule;
use enjamb_core::Error;
use enjamb_core::host::Peer;
use enjamb_core::time::Time;
use enjamb_osc::packet::{self, TimeTag};
use enjamb_osc::{Broker, Message, Router};
use std::net::SocketAddr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio::task::spawn_blocking;

/// Bundles may ask for a time this far ahead.
const MAX_AHEAD: Duration = Duration::from_secs(60);
/// From 1900, where NTP begins, to 1970.
const NTP_TO_UNIX: f64 = 2_208_988_800.0;
/// Refusals that are logged.
const MAX_TOLD: u64 = 20;
/// The largest packet, in bytes, that is read on a thread that others share.
const MAX_INLINE: usize = 64 * 1024;
/// A flood of junk is answered no more often than this.
const BETWEEN_COMPLAINTS: Duration = Duration::from_millis(100);

/// See the module. Share it in an [`Arc`].
pub struct Receiver {
    router: Arc<Router>,
    hub: Arc<Hub>,
    schedule: Schedule,
    last_complaint: Mutex<Option<Time>>,
}

impl Receiver {
    /// A receiver before a router, whose answers go out through a hub.
    ///
    /// # Errors
    /// When the system gives no thread for the messages that wait for their time.
    pub fn new(router: Arc<Router>, hub: Arc<Hub>) -> std::io::Result<Self> {
        let schedule = Schedule::start(Arc::clone(&router))?;
        Ok(Self { router, hub, schedule, last_complaint: Mutex::new(None) })
    }

    /// The hub that answers go out through.
    pub fn hub(&self) -> &Arc<Hub> {
        &self.hub
    }

    /// Takes in one packet. Returns as soon as its messages are on their way to the models.
    pub fn receive(&self, bytes: &[u8], from: Peer) {
        // A fault of ours that one packet brings to light must not end the thread that all share.
        if catch_unwind(AssertUnwindSafe(|| self.read(bytes, from))).is_err() {
            self.complain(from, "enjamb itself failed on this packet; please report it");
        }
    }

    /// As [`receive`](Self::receive), from a task that shares its thread: a packet that may take
    /// long is read on another one meanwhile, so that others are heard.
    pub async fn receive_shared(self: &Arc<Self>, packet: Vec<u8>, from: Peer) {
        if packet.len() <= MAX_INLINE {
            return self.receive(&packet, from);
        }
        let receiver = Arc::clone(self);
        // It fails only when the runtime is about to stop.
        let _ = spawn_blocking(move || receiver.receive(&packet, from)).await;
    }

    fn read(&self, bytes: &[u8], from: Peer) {
        let now = self.router.engine().clock().now();
        let traffic = self.hub.traffic();
        self.hub.heard_from(from);
        packet::read(bytes, |time, message| {
            let message = match message {
                Ok(message) => message,
                Err(problem) => return self.complain(from, problem.message()),
            };
            traffic.message_in(now, || self.hub.name_of(from), &message);
            match time {
                TimeTag::Now => self.router.dispatch(&message, from),
                TimeTag::At(ntp) => self.dispatch_at(ntp, message, from),
            }
        });
    }

    /// Counts a datagram from a sender that the project does not allow.
    pub fn refuse(&self, from: SocketAddr) {
        if self.hub.traffic().n_refused.fetch_add(1, Relaxed) < MAX_TOLD {
            tracing::warn!(
                "refused OSC from {from}: add its network to 'allow' under [listen] in the \
                 project file to let it in"
            );
        }
    }

    fn dispatch_at(&self, ntp: u64, message: Message, from: Peer) {
        let unix = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let ahead =
            ntp as f64 / f64::from(u32::MAX).mul_add(1.0, 1.0) - NTP_TO_UNIX - unix.as_secs_f64();
        if ahead <= 0.0 {
            return self.router.dispatch(&message, from);
        }
        let address = message.address.clone();
        let queued = match ahead <= MAX_AHEAD.as_secs_f64() {
            true => self.schedule.add(Duration::from_secs_f64(ahead), message, from),
            false => Err(Error::invalid(format!(
                "expected a time tag at most {} s ahead, got {ahead:.1} s; is this computer's \
                 clock the sender's?",
                MAX_AHEAD.as_secs()
            ))),
        };
        if let Err(error) = queued {
            self.hub.reply(from, &[Message::text(format!("{address}/error"), error)]);
        }
    }

    /// Counts what could not be read, and tells its sender, though not at any rate.
    pub(super) fn complain(&self, from: Peer, problem: &str) {
        let now = self.router.engine().clock().now();
        self.hub.traffic().error(now, || self.hub.name_of(from), "", problem);
        let Ok(mut last) = self.last_complaint.lock() else { return };
        if last.is_none_or(|last| now.saturating_sub(last) >= BETWEEN_COMPLAINTS) {
            *last = Some(now);
            drop(last);
            self.hub.reply(from, &[Message::text("/error", problem)]);
        }
    }
}
