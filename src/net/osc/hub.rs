//! The hub: who gets what is sent. It knows the peers that subscribed, the project's destinations,
//! and the connections, and puts each message into their queues.

use super::udp::UdpSender;
use crate::traffic::Traffic;
use crossbeam::queue::ArrayQueue;
use enjamb_core::Error;
use enjamb_core::host::{Peer, Route};
use enjamb_core::time::{Clock, Time};
use enjamb_osc::{Broker, FormatOption, Message, Outgoing, Pattern, Publication, packet};
use std::cell::OnceCell;
use std::collections::HashMap;
use std::fmt;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard};
use std::time::Duration;
use tokio::sync::Notify;

/// The largest datagram that UDP over IPv4 can carry.
pub const MAX_DATAGRAM: usize = 65_507;
/// A subscriber from whom nothing came for this long is forgotten.
const LEASE: Duration = Duration::from_secs(30);
/// Peers with subscriptions or a format of their own; one more is refused.
const MAX_PEERS: usize = 1024;
/// Subscriptions of one peer; one more is refused.
const MAX_SUBSCRIPTIONS: usize = 64;
/// Bytes of a bundle of a stream's messages, at most: what crosses a network whole, and what even
/// receivers with small buffers take.
const STREAM_BUNDLE: usize = 1400;
/// Messages that wait for one connection; the oldest give way to new ones.
const CONNECTION_CAPACITY: usize = 8192;
/// Their bytes; beyond that too the oldest give way, though the newest is kept whatever its length.
const MAX_CONNECTION_BYTES: usize = 16 * 1024 * 1024;

/// How messages are written for a peer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Format {
    /// Text spelled in ASCII.
    pub ascii: bool,
    /// All messages of one answer in one bundle.
    pub bundle: bool,
    /// The largest datagram in bytes; longer vectors come in parts.
    pub mtu: Option<usize>,
}

/// Where a destination is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DestinationAddress {
    /// Known for good.
    Address(SocketAddr),
    /// "stage.local:7000", which must be looked up.
    Name(String),
}

impl fmt::Display for DestinationAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            DestinationAddress::Address(address) => address.fmt(f),
            DestinationAddress::Name(name) => f.write_str(name),
        }
    }
}

/// A place that the project sends to.
#[derive(Clone, Debug, PartialEq)]
pub struct Destination {
    /// Where it is.
    pub to: DestinationAddress,
    /// What it gets: messages that one of these covers; all, when there are none.
    pub only: Vec<Pattern>,
    /// How it wants them.
    pub format: Format,
}

impl Destination {
    /// All outputs, to a port of this computer.
    pub fn on_this_computer(port: u16) -> Self {
        let to = DestinationAddress::Address((Ipv4Addr::LOCALHOST, port).into());
        Self { to, only: Vec::new(), format: Format::default() }
    }
}

/// An open TCP or WebSocket connection, as the hub sees it.
pub struct Connection {
    id: u64,
    /// "tcp 127.0.0.1:5000", for people.
    pub name: String,
    queue: ArrayQueue<Arc<[u8]>>,
    n_bytes: AtomicUsize,
    news: Notify,
}

impl Connection {
    /// Adds a packet. Answers how many older ones gave way to it.
    fn push(&self, packet: Arc<[u8]>) -> u64 {
        self.n_bytes.fetch_add(packet.len(), Relaxed);
        let mut n_dropped = 0;
        if let Some(old) = self.queue.force_push(packet) {
            self.n_bytes.fetch_sub(old.len(), Relaxed);
            n_dropped += 1;
        }
        while self.n_bytes.load(Relaxed) > MAX_CONNECTION_BYTES && self.queue.len() > 1 {
            n_dropped += u64::from(self.pop().is_some());
        }
        self.news.notify_one();
        n_dropped
    }

    fn pop(&self) -> Option<Arc<[u8]>> {
        let packet = self.queue.pop()?;
        self.n_bytes.fetch_sub(packet.len(), Relaxed);
        Some(packet)
    }

    /// The connection's name on messages.
    pub fn peer(&self) -> Peer {
        Peer::Connection(self.id)
    }

    /// The next packet to write; waits for one.
    pub async fn next(&self) -> Arc<[u8]> {
        loop {
            match self.pop() {
                Some(packet) => return packet,
                None => self.news.notified().await,
            }
        }
    }
}

struct PeerState {
    last_heard: Time,
    /// A port that another socket at its IP subscribed: any packet from the IP keeps it.
    kept_by_ip: bool,
    subscriptions: Vec<Pattern>,
    listens: Vec<String>,
    format: Format,
}

/// Where one answer goes, how, and what of it.
struct Delivery {
    to: Peer,
    format: Format,
    /// `None` for all of it.
    only: Option<Vec<Pattern>>,
}

/// See the module.
pub struct Hub {
    clock: Arc<dyn Clock>,
    traffic: Arc<Traffic>,
    udp: UdpSender,
    /// The port at which every sender's IP hears answers too.
    reply_port: u16,
    /// With where they are, as far as that is known.
    destinations: RwLock<Vec<(Destination, Option<SocketAddr>)>>,
    connections: RwLock<HashMap<u64, Arc<Connection>>>,
    n_connected: AtomicU64,
    peers: Mutex<HashMap<Peer, PeerState>>,
    /// So that a packet from nobody in particular takes no lock.
    n_peers: AtomicUsize,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Hub {
    /// A hub that nobody has connected to.
    pub fn new(
        clock: Arc<dyn Clock>,
        traffic: Arc<Traffic>,
        udp: UdpSender,
        reply_port: u16,
    ) -> Self {
        Self {
            clock,
            traffic,
            udp,
            reply_port,
            destinations: RwLock::default(),
            connections: RwLock::default(),
            n_connected: AtomicU64::new(0),
            peers: Mutex::default(),
            n_peers: AtomicUsize::new(0),
        }
    }

    /// Sends no more datagrams, and lets go of their socket.
    pub fn close(&self) {
        self.udp.stop();
    }

    /// The counters of what passes.
    pub fn traffic(&self) -> &Arc<Traffic> {
        &self.traffic
    }

    /// The port at which every sender's IP hears answers too.
    pub fn reply_port(&self) -> u16 {
        self.reply_port
    }

    /// Replaces the project's destinations. One that has a name gets nothing until it is
    /// [`found`](Self::found), unless it was already.
    pub fn set_destinations(&self, destinations: Vec<Destination>) {
        let mut known = self.destinations.write().unwrap_or_else(PoisonError::into_inner);
        let address = |new: &Destination| match new.to {
            DestinationAddress::Address(address) => Some(address),
            DestinationAddress::Name(_) => known.iter().find(|(old, _)| old.to == new.to)?.1,
        };
        let addresses: Vec<_> = destinations.iter().map(address).collect();
        *known = destinations.into_iter().zip(addresses).collect();
    }

    /// The names among the destinations, each once.
    pub fn names(&self) -> Vec<String> {
        let mut names = Vec::new();
        for (destination, _) in self.destinations().iter() {
            if let DestinationAddress::Name(name) = &destination.to
                && !names.contains(name)
            {
                names.push(name.clone());
            }
        }
        names
    }

    /// Destinations of this name are here now.
    pub fn found(&self, name: &str, address: SocketAddr) {
        let mut destinations = self.destinations.write().unwrap_or_else(PoisonError::into_inner);
        for (destination, known) in destinations.iter_mut() {
            if matches!(&destination.to, DestinationAddress::Name(known) if known == name) {
                *known = Some(address);
            }
        }
    }

    fn destinations(&self) -> RwLockReadGuard<'_, Vec<(Destination, Option<SocketAddr>)>> {
        self.destinations.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a new connection in.
    pub fn connect(&self, name: String) -> Arc<Connection> {
        let connection = Arc::new(Connection {
            id: self.n_connected.fetch_add(1, Relaxed),
            name,
            queue: ArrayQueue::new(CONNECTION_CAPACITY),
            n_bytes: AtomicUsize::new(0),
            news: Notify::new(),
        });
        let mut connections = self.connections.write().unwrap_or_else(PoisonError::into_inner);
        connections.insert(connection.id, Arc::clone(&connection));
        connection
    }

    /// Forgets a connection, and all that it subscribed to.
    pub fn disconnect(&self, connection: &Connection) {
        let mut connections = self.connections.write().unwrap_or_else(PoisonError::into_inner);
        connections.remove(&connection.id);
        drop(connections);
        let mut peers = lock(&self.peers);
        peers.remove(&connection.peer());
        self.n_peers.store(peers.len(), Relaxed);
    }

    /// Notes that a packet came from a peer, which keeps its subscriptions alive.
    pub fn heard_from(&self, peer: Peer) {
        if self.n_peers.load(Relaxed) == 0 {
            return;
        }
        let now = self.clock.now();
        for (known, state) in lock(&self.peers).iter_mut() {
            let same_ip = match (known, peer) {
                (Peer::Udp(known), Peer::Udp(from)) => known.ip() == from.ip(),
                _ => false,
            };
            if *known == peer || state.kept_by_ip && same_ip {
                state.last_heard = now;
            }
        }
    }

    /// Forgets UDP peers whose lease has run out. To be called every second or so.
    pub fn sweep(&self) {
        let now = self.clock.now();
        let mut peers = lock(&self.peers);
        peers.retain(|peer, state| match peer {
            Peer::Udp(_) => now.saturating_sub(state.last_heard) < LEASE,
            _ => true,
        });
        self.n_peers.store(peers.len(), Relaxed);
    }

    /// Everyone who may be sent to, for the monitor: names, and what each asked for.
    pub fn clients(&self) -> Vec<(String, String)> {
        let mut clients = Vec::new();
        for (destination, address) in self.destinations().iter() {
            let only: Vec<_> = destination.only.iter().map(Pattern::to_string).collect();
            let only = if only.is_empty() { "everything".into() } else { only.join(" ") };
            let name = match address {
                Some(address) => format!("udp {address}"),
                None => format!("udp {} (not found)", destination.to),
            };
            clients.push((name, format!("project: {only}")));
        }
        let peers = lock(&self.peers);
        let wanted = |peer: &Peer| {
            let state = peers.get(peer);
            let patterns = state.map_or(Vec::new(), |state| {
                state.subscriptions.iter().map(Pattern::to_string).collect()
            });
            if patterns.is_empty() { "answers".to_string() } else { patterns.join(" ") }
        };
        for connection in self.connections.read().unwrap_or_else(PoisonError::into_inner).values() {
            clients.push((connection.name.clone(), wanted(&connection.peer())));
        }
        for peer in peers.keys() {
            if let Peer::Udp(address) = peer {
                clients.push((format!("udp {address}"), wanted(peer)));
            }
        }
        clients.sort();
        clients
    }

    /// The name of a peer, for people.
    pub fn name_of(&self, peer: Peer) -> String {
        match peer {
            Peer::Udp(address) => format!("udp {address}"),
            Peer::Connection(id) => self.connection(id).map_or("gone".into(), |c| c.name.clone()),
            Peer::Local => "here".into(),
        }
    }

    /// Adds an OSCQuery LISTEN of a connection to one address.
    ///
    /// # Errors
    /// Plain words when it listens to too many.
    pub fn listen(&self, peer: Peer, address: &str) -> Result<(), Error> {
        self.with_state(peer, |state| {
            if state.listens.len() >= 16 * MAX_SUBSCRIPTIONS {
                return Err(Error::invalid(format!(
                    "expected at most {} LISTENs",
                    16 * MAX_SUBSCRIPTIONS
                )));
            }
            state.listens.retain(|known| known != address);
            state.listens.push(address.into());
            Ok(())
        })?
    }

    /// Ends an OSCQuery LISTEN.
    pub fn ignore(&self, peer: Peer, address: &str) {
        if let Some(state) = lock(&self.peers).get_mut(&peer) {
            state.listens.retain(|known| known != address);
        }
    }

    fn connection(&self, id: u64) -> Option<Arc<Connection>> {
        self.connections.read().unwrap_or_else(PoisonError::into_inner).get(&id).cloned()
    }

    fn with_state<T>(
        &self,
        peer: Peer,
        change: impl FnOnce(&mut PeerState) -> T,
    ) -> Result<T, Error> {
        let mut peers = lock(&self.peers);
        if !peers.contains_key(&peer) && peers.len() >= MAX_PEERS {
            return Err(Error::invalid(format!(
                "there are {MAX_PEERS} subscribers, which is as many as may be"
            )));
        }
        let state = peers.entry(peer).or_insert_with(|| PeerState {
            last_heard: self.clock.now(),
            kept_by_ip: false,
            subscriptions: Vec::new(),
            listens: Vec::new(),
            format: Format::default(),
        });
        let result = change(state);
        self.n_peers.store(peers.len(), Relaxed);
        Ok(result)
    }

    fn format_of(&self, peer: Peer) -> Format {
        match self.n_peers.load(Relaxed) {
            0 => Format::default(),
            _ => lock(&self.peers).get(&peer).map_or(Format::default(), |state| state.format),
        }
    }

    /// The asker itself, and its IP at the port that patches with a fixed port listen on. The asker
    /// comes last: it hears as the sending thread goes back to sleep, and need not share its core.
    fn to_asker(&self, peer: Peer) -> Vec<Delivery> {
        let format = self.format_of(peer);
        let delivery = |to| Delivery { to, format, only: None };
        match peer {
            Peer::Udp(address) if address.port() != self.reply_port => {
                let fixed = SocketAddr::new(address.ip(), self.reply_port);
                vec![delivery(Peer::Udp(fixed)), delivery(peer)]
            }
            Peer::Udp(_) | Peer::Connection(_) => vec![delivery(peer)],
            Peer::Local => Vec::new(),
        }
    }

    fn deliveries(&self, asked_by: Peer) -> Vec<Delivery> {
        let mut deliveries = self.to_asker(asked_by);
        // The project knows best how a place that it names wants its messages.
        for (destination, address) in self.destinations().iter() {
            let Some(to) = address.map(Peer::Udp) else { continue };
            if let Some(asker) = deliveries.iter_mut().find(|delivery| delivery.to == to) {
                asker.format = destination.format;
            }
        }
        let mut add = |new: Delivery| match deliveries.iter_mut().find(|known| known.to == new.to) {
            // Whoever is there twice gets all that either would, once.
            Some(known) => match (&mut known.only, new.only) {
                (Some(patterns), Some(more)) => patterns.extend(more),
                (only, _) => *only = None,
            },
            None => deliveries.push(new),
        };
        for (destination, address) in self.destinations().iter() {
            let Some(to) = address.map(Peer::Udp) else { continue };
            let only = (!destination.only.is_empty()).then(|| destination.only.clone());
            add(Delivery { to, format: destination.format, only });
        }
        if self.n_peers.load(Relaxed) > 0 {
            for (peer, state) in lock(&self.peers).iter() {
                if !state.subscriptions.is_empty() {
                    let only = Some(state.subscriptions.clone());
                    add(Delivery { to: *peer, format: state.format, only });
                }
                for address in &state.listens {
                    if let Ok(pattern) = Pattern::parse(address) {
                        let only = Some(vec![pattern]);
                        add(Delivery { to: *peer, format: state.format, only });
                    }
                }
            }
        }
        deliveries
    }

    /// An answer that tells of an error counts as one, however many hear it. What could not even be
    /// read was counted as it came in; its answer is a bare `/error`.
    fn count_errors(&self, replies: &[Message]) {
        let n_errors = replies.iter().filter(|m| m.is_error() && m.address != "/error").count();
        if n_errors > 0 {
            self.traffic.n_errors.fetch_add(n_errors as u64, Relaxed);
        }
    }

    fn deliver(&self, deliveries: Vec<Delivery>, message: &Message) {
        self.deliver_in(deliveries, &[Outgoing::of(message)], false, None);
    }

    /// Delivers messages: in bundles of at most so many bytes, or else as each peer wants them.
    fn deliver_in(
        &self,
        deliveries: Vec<Delivery>,
        messages: &[Outgoing],
        direct: bool,
        bundles_of: Option<usize>,
    ) {
        if deliveries.is_empty() {
            return;
        }
        let now = self.clock.now();
        // Written at most once for each spelling, however many peers there are.
        let written: [Vec<OnceCell<Arc<[u8]>>>; 2] =
            [false, true].map(|_| messages.iter().map(|_| OnceCell::new()).collect());
        for Delivery { to, format, only } in deliveries {
            let wanted = |outgoing: &Outgoing| {
                only.as_ref().is_none_or(|only| only.iter().any(|p| p.covers(outgoing.address())))
            };
            let limit = match to {
                Peer::Udp(_) => format.mtu.unwrap_or(MAX_DATAGRAM).min(MAX_DATAGRAM),
                _ => usize::MAX,
            };
            let mut packets: Vec<Arc<[u8]>> = Vec::new();
            for (index, outgoing) in messages.iter().enumerate().filter(|(_, m)| wanted(m)) {
                let message = outgoing.message();
                self.traffic.message_out(now, || self.name_of(to), message);
                let packet = written[usize::from(format.ascii)][index]
                    .get_or_init(|| packet::write(message, format.ascii).into());
                match packet.len() <= limit {
                    true => packets.push(Arc::clone(packet)),
                    false => {
                        self.push_split(&mut packets, message, packet.len(), limit, format, to)
                    }
                }
            }
            if (format.bundle || bundles_of.is_some()) && packets.len() > 1 {
                let limit = bundles_of.map_or(limit, |bytes| bytes.min(limit));
                let bundles = packet::bundle(packets.iter().map(|packet| &**packet), limit);
                packets = bundles.into_iter().map(Arc::from).collect();
            }
            for packet in packets {
                self.push(to, packet, direct);
            }
        }
    }

    fn push_split(
        &self,
        packets: &mut Vec<Arc<[u8]>>,
        message: &Message,
        n_written: usize,
        limit: usize,
        format: Format,
        to: Peer,
    ) {
        match packet::split(message, n_written, limit) {
            Ok(parts) => {
                packets.extend(parts.iter().map(|part| packet::write(part, format.ascii).into()));
            }
            Err(error) => {
                let (now, words) = (self.clock.now(), error.message());
                self.traffic.error(now, || self.name_of(to), &message.address, words);
                let reply = Message::text(format!("{}/error", message.address), error);
                packets.push(packet::write(&reply, format.ascii).into());
            }
        }
    }

    fn push(&self, to: Peer, packet: Arc<[u8]>, direct: bool) {
        match to {
            Peer::Udp(address) if direct => self.udp.send_now(address, &packet),
            Peer::Udp(address) => self.udp.send(address, packet),
            Peer::Connection(id) => {
                if let Some(connection) = self.connection(id) {
                    let n_dropped = connection.push(packet);
                    self.traffic.n_dropped.fetch_add(n_dropped, Relaxed);
                }
            }
            Peer::Local => {}
        }
    }
}

/// Whom a subscription is for: the peer itself, or another port at its IP.
fn subscriber(peer: Peer, port: Option<u16>) -> Result<Peer, Error> {
    match (peer, port) {
        (peer, None) => Ok(peer),
        (Peer::Udp(address), Some(port)) => Ok(Peer::Udp(SocketAddr::new(address.ip(), port))),
        (_, Some(_)) => Err("another port can be asked for over UDP only".into()),
    }
}

impl Hub {
    /// Those who asked for the address itself: by a subscription or a destination's pattern that matches
    /// the whole of it, or by a LISTEN.
    fn requested(&self, address: &str) -> Vec<Delivery> {
        let asks = |patterns: &[Pattern]| patterns.iter().any(|p| p.matches(address));
        let mut deliveries: Vec<Delivery> = Vec::new();
        for (destination, known) in self.destinations().iter() {
            if let (Some(known), true) = (known, asks(&destination.only)) {
                let to = Peer::Udp(*known);
                deliveries.push(Delivery { to, format: destination.format, only: None });
            }
        }
        if self.n_peers.load(Relaxed) > 0 {
            for (peer, state) in lock(&self.peers).iter() {
                let is_new = deliveries.iter().all(|known| known.to != *peer);
                let listens = || state.listens.iter().any(|listened| listened == address);
                if is_new && (asks(&state.subscriptions) || listens()) {
                    deliveries.push(Delivery { to: *peer, format: state.format, only: None });
                }
            }
        }
        deliveries
    }
}

impl Broker for Hub {
    fn reply(&self, to: Peer, messages: &[Message]) {
        // Replies are short and come from network threads, so they need not wait for the sender's.
        self.count_errors(messages);
        let messages: Vec<Outgoing> = messages.iter().map(Outgoing::of).collect();
        self.deliver_in(self.to_asker(to), &messages, true, None);
    }

    fn publish(&self, publication: &Publication) {
        if publication.is_error {
            self.traffic.n_errors.fetch_add(1, Relaxed);
        }
        let asker = publication.asker;
        let deliveries = match publication.route {
            Route::Published | Route::Streamed => self.deliveries(asker),
            Route::Private => {
                vec![Delivery { to: asker, format: self.format_of(asker), only: None }]
            }
            Route::OnRequest => {
                for message in publication.messages() {
                    let deliveries = self.requested(message.address());
                    self.deliver_in(deliveries, std::slice::from_ref(message), false, None);
                }
                return;
            }
        };
        // Nothing is written unless somebody gets it.
        if !deliveries.is_empty() {
            let is_stream = matches!(publication.route, Route::Streamed | Route::Private);
            let bundles_of = is_stream.then_some(STREAM_BUNDLE);
            self.deliver_in(deliveries, publication.messages(), false, bundles_of);
        }
    }

    fn relay(&self, from: Peer, message: &Message) {
        let mut deliveries = self.deliveries(Peer::Local);
        deliveries.retain(|delivery| delivery.to != from);
        self.deliver(deliveries, message);
    }

    fn changed(&self, by: Peer, message: &Message) {
        if self.n_peers.load(Relaxed) == 0 {
            return;
        }
        let listening: Vec<Delivery> = lock(&self.peers)
            .iter()
            .filter(|(peer, state)| **peer != by && state.listens.contains(&message.address))
            .map(|(peer, state)| Delivery { to: *peer, format: state.format, only: None })
            .collect();
        self.deliver(listening, message);
    }

    fn subscribe(
        &self,
        peer: Peer,
        pattern: Pattern,
        port: Option<u16>,
    ) -> Result<Option<Peer>, Error> {
        let subscriber = subscriber(peer, port)?;
        self.with_state(subscriber, |state| {
            state.kept_by_ip |= subscriber != peer;
            if state.subscriptions.contains(&pattern) {
                return Ok(None);
            }
            if state.subscriptions.len() >= MAX_SUBSCRIPTIONS {
                return Err(Error::invalid(format!(
                    "expected at most {MAX_SUBSCRIPTIONS} subscriptions"
                )));
            }
            state.subscriptions.push(pattern);
            Ok(Some(subscriber))
        })?
    }

    fn unsubscribe(&self, peer: Peer, pattern: Option<Pattern>, port: Option<u16>) {
        let Ok(subscriber) = subscriber(peer, port) else { return };
        let mut peers = lock(&self.peers);
        if let Some(state) = peers.get_mut(&subscriber) {
            state.subscriptions.retain(|known| pattern.as_ref().is_some_and(|p| p != known));
            let asks_for_nothing = state.subscriptions.is_empty()
                && state.listens.is_empty()
                && state.format == Format::default();
            if asks_for_nothing {
                peers.remove(&subscriber);
            }
        }
        self.n_peers.store(peers.len(), Relaxed);
    }

    fn set_format(&self, peer: Peer, option: FormatOption) {
        // A full table means that the option can't be kept, which the next answer shows.
        let _ = self.with_state(peer, |state| match option {
            FormatOption::Bundle(bundle) => state.format.bundle = bundle,
            FormatOption::Ascii(ascii) => state.format.ascii = ascii,
        });
    }
}
