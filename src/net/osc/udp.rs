//! OSC over UDP: a thread that receives, and one that sends at a pace that receivers can keep.

use super::receiver::Receiver;
use crate::traffic::Traffic;
use crossbeam::queue::ArrayQueue;
use crossbeam::sync::{Parker, Unparker};
use enjamb_core::host::Peer;
use ipnet::IpNet;
use std::collections::{HashMap, VecDeque};
use std::io;
use std::net::{SocketAddr, UdpSocket};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// Packets on their way to the sender's thread; the oldest give way to new ones.
const INBOX_CAPACITY: usize = 16_384;
/// Packets that wait for one destination; the oldest give way to new ones.
const DESTINATION_CAPACITY: usize = 8_192;
/// Their bytes; beyond that too the oldest give way.
const DESTINATION_BYTES: usize = 16 * 1024 * 1024;
/// What one destination is sent in one window. A receiver's socket buffer is some 200 kB by default,
/// and a burst beyond it is lost without a word.
const WINDOW: Duration = Duration::from_millis(1);
const MAX_BYTES_PER_WINDOW: usize = 64 * 1024;
const MAX_PACKETS_PER_WINDOW: usize = 64;
/// How often the receiver looks whether it should stop.
const STOP_CHECK: Duration = Duration::from_millis(100);

/// Sends datagrams from a thread of its own, so that models never wait for a socket.
pub struct UdpSender {
    /// Weak, so that whoever still holds a hub after the end does not keep the port.
    socket: Weak<UdpSocket>,
    inbox: Arc<Inbox>,
    unparker: Unparker,
    thread: Mutex<Option<JoinHandle<()>>>,
}

struct Inbox {
    packets: ArrayQueue<(SocketAddr, Arc<[u8]>)>,
    traffic: Arc<Traffic>,
    stop: AtomicBool,
}

impl UdpSender {
    /// Starts the thread. It ends when the sender is dropped.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn start(socket: Arc<UdpSocket>, traffic: Arc<Traffic>) -> io::Result<Self> {
        let packets = ArrayQueue::new(INBOX_CAPACITY);
        let inbox = Arc::new(Inbox { packets, traffic, stop: AtomicBool::new(false) });
        let parker = Parker::new();
        let unparker = parker.unparker().clone();
        let (thread_inbox, weak) = (Arc::clone(&inbox), Arc::downgrade(&socket));
        let thread = std::thread::Builder::new()
            .name("osc:udp-out".into())
            .spawn(move || send_all(&socket, &thread_inbox, &parker))?;
        Ok(Self { socket: weak, inbox, unparker, thread: Mutex::new(Some(thread)) })
    }

    /// Hands a packet to the thread.
    pub fn send(&self, to: SocketAddr, packet: Arc<[u8]>) {
        if self.inbox.packets.force_push((to, packet)).is_some() {
            self.inbox.traffic.n_dropped.fetch_add(1, Ordering::Relaxed);
        }
        self.unparker.unpark();
    }

    /// Sends at once, on this thread: for short replies on a network thread.
    pub fn send_now(&self, to: SocketAddr, packet: &[u8]) {
        if let Some(socket) = self.socket.upgrade() {
            send_datagram(&socket, to, packet, &self.inbox.traffic);
        }
    }

    /// Ends the thread and waits for it: it then holds the socket no more, and nothing is sent.
    pub fn stop(&self) {
        self.inbox.stop.store(true, Ordering::Release);
        self.unparker.unpark();
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(thread) = thread {
            // It panics only if it has a fault, which has been told by then.
            let _ = thread.join();
        }
    }
}

impl Drop for UdpSender {
    fn drop(&mut self) {
        self.stop();
    }
}

fn send_datagram(socket: &UdpSocket, to: SocketAddr, packet: &[u8], traffic: &Traffic) {
    match socket.send_to(packet, to) {
        Ok(_) => {}
        // That nobody listens there now is no error: a patch may open in a minute.
        Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => {}
        Err(error) => {
            traffic.n_dropped.fetch_add(1, Ordering::Relaxed);
            tracing::debug!(%to, bytes = packet.len(), "a datagram could not be sent: {error}");
        }
    }
}

/// What waits for one destination, and what it was sent in the current window.
#[derive(Default)]
struct Waiting {
    packets: VecDeque<Arc<[u8]>>,
    n_waiting_bytes: usize,
    n_bytes: usize,
    n_packets: usize,
}

impl Waiting {
    fn pop(&mut self) -> Option<Arc<[u8]>> {
        let packet = self.packets.pop_front()?;
        self.n_waiting_bytes -= packet.len();
        Some(packet)
    }
}

fn send_all(socket: &UdpSocket, inbox: &Inbox, parker: &Parker) {
    // Destinations are kept only while something waits for them, or was sent in this window.
    let mut waiting: HashMap<SocketAddr, Waiting> = HashMap::new();
    let mut window_began = Instant::now();
    while !inbox.stop.load(Ordering::Acquire) {
        while let Some((to, packet)) = inbox.packets.pop() {
            let destination = waiting.entry(to).or_default();
            destination.n_waiting_bytes += packet.len();
            destination.packets.push_back(packet);
            while destination.packets.len() > DESTINATION_CAPACITY
                || destination.n_waiting_bytes > DESTINATION_BYTES
            {
                destination.pop();
                inbox.traffic.n_dropped.fetch_add(1, Ordering::Relaxed);
            }
        }
        if window_began.elapsed() >= WINDOW {
            window_began = Instant::now();
            waiting.retain(|_, destination| !destination.packets.is_empty());
            for destination in waiting.values_mut() {
                (destination.n_bytes, destination.n_packets) = (0, 0);
            }
        }
        for (to, destination) in &mut waiting {
            while destination.n_bytes < MAX_BYTES_PER_WINDOW
                && destination.n_packets < MAX_PACKETS_PER_WINDOW
                && let Some(packet) = destination.pop()
            {
                send_datagram(socket, *to, &packet, &inbox.traffic);
                destination.n_bytes += packet.len();
                destination.n_packets += 1;
            }
        }
        match waiting.values().all(|destination| destination.packets.is_empty()) {
            true => parker.park(),
            false => parker.park_timeout(WINDOW.saturating_sub(window_began.elapsed())),
        }
    }
}

/// Receives until `stop` is set. `allowed` lists the networks beyond loopback that may send.
pub fn receive(socket: &UdpSocket, receiver: &Receiver, allowed: &[IpNet], stop: &AtomicBool) {
    // One byte more than UDP can carry, so that a full datagram is seen to be whole.
    let mut buffer = vec![0; 65_536];
    // The timeout only bounds how long stopping takes; a socket that can't have one still works.
    let _ = socket.set_read_timeout(Some(STOP_CHECK));
    while !stop.load(Ordering::Acquire) {
        match socket.recv_from(&mut buffer) {
            Ok((n_bytes, from)) => {
                let allowed = from.ip().is_loopback()
                    || allowed.iter().any(|net| net.contains(&from.ip().to_canonical()));
                match allowed {
                    true => receiver.receive(&buffer[..n_bytes], Peer::Udp(from)),
                    false => receiver.refuse(from),
                }
            }
            Err(error) => match error.kind() {
                io::ErrorKind::WouldBlock
                | io::ErrorKind::TimedOut
                | io::ErrorKind::Interrupted
                // Windows says so when an earlier datagram of ours found nobody.
                | io::ErrorKind::ConnectionReset => {}
                _ => {
                    tracing::warn!("receiving OSC over UDP: {error}");
                    std::thread::sleep(STOP_CHECK);
                }
            },
        }
    }
}
