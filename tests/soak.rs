//! A day on stage in a few minutes: 950,400 messages through clients that come and go, junk among
//! them; then memory, threads, file handles and latency must be what they were.
//!
//! `cargo test --release --test soak -- --nocapture` tells each hour.

#![cfg(feature = "program")]

mod common;

use common::*;
use enjamb::Runtime;
use rosc::{OscPacket, OscType};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

const N_HOURS: usize = 24;
/// One a second.
const N_TRIGGERS_AN_HOUR: usize = 3_600;
/// Ten a second.
const N_CONTROLS_A_TRIGGER: usize = 10;
/// By then every thread has run and every buffer has grown.
const N_WARM_UP_HOURS: usize = 3;
const MAX_GROWTH_BYTES: usize = 2 << 20;
const LIMIT: Duration = Duration::from_secs(180);

/// A client over any transport.
enum Client {
    Udp(Box<Udp>),
    Tcp(TcpStream),
    WebSocket(Box<tungstenite::WebSocket<TcpStream>>),
}

impl Client {
    fn connect(runtime: &Runtime, kind: usize) -> Self {
        let stream = |to| {
            let stream = TcpStream::connect(to).unwrap();
            stream.set_nodelay(true).unwrap();
            stream.set_read_timeout(Some(PATIENCE)).unwrap();
            stream
        };
        match kind {
            0 => Client::Udp(Box::new(Udp::to(runtime))),
            1 => Client::Tcp(stream(osc(runtime))),
            _ => {
                let to = http_address(runtime);
                let url = format!("ws://{to}/osc");
                let (socket, _) = tungstenite::client(url, stream(to)).unwrap();
                Client::WebSocket(Box::new(socket))
            }
        }
    }

    fn send_bytes(&mut self, bytes: &[u8]) {
        match self {
            Client::Udp(udp) => udp.send_bytes(bytes),
            Client::Tcp(stream) => {
                let mut framed = (bytes.len() as u32).to_be_bytes().to_vec();
                framed.extend_from_slice(bytes);
                stream.write_all(&framed).unwrap();
            }
            Client::WebSocket(socket) => {
                let frame = tungstenite::Message::Binary(bytes.to_vec().into());
                socket.send(frame).unwrap();
            }
        }
    }

    fn send(&mut self, address: &str, args: Vec<OscType>) {
        self.send_bytes(&encode(&message(address, args)));
    }

    fn packet(&mut self) -> OscPacket {
        let bytes = match self {
            Client::Udp(udp) => return udp.packet(),
            Client::Tcp(stream) => {
                let mut length = [0; 4];
                stream.read_exact(&mut length).unwrap();
                let mut bytes = vec![0; u32::from_be_bytes(length) as usize];
                stream.read_exact(&mut bytes).unwrap();
                bytes
            }
            Client::WebSocket(socket) => loop {
                if let tungstenite::Message::Binary(bytes) = socket.read().unwrap() {
                    break bytes.to_vec();
                }
            },
        };
        rosc::decoder::decode_udp(&bytes).unwrap().1
    }

    /// Reads until a message that is meant; what others asked for comes in between.
    fn wait_for(&mut self, address: &str, args: &[OscType]) {
        loop {
            let OscPacket::Message(heard) = self.packet() else { panic!("nobody wished bundles") };
            if heard.addr == address && heard.args == args {
                return;
            }
        }
    }
}

fn junk(n: usize) -> Vec<u8> {
    match n % 4 {
        0 => (0..n % 60).map(|k| (n.wrapping_mul(31) + k * 7) as u8).collect(),
        1 => b"/ping\0\0\0,iii\0\0\0\0\0".to_vec(),
        2 => b"#bundle\0\0\0\0\0\0\0\0\x01\0\0\xff\xffjunk".to_vec(),
        _ => encode(&message("/nobody/at/home", vec![i(n as i32)])),
    }
}

/// An hour's messages: clients of every transport come, subscribe, take turns, and go.
fn an_hour(runtime: &Runtime, hour: usize) -> usize {
    let mut clients: Vec<Client> = (0..3).map(|kind| Client::connect(runtime, kind)).collect();
    for client in &mut clients {
        client.send("/subscribe", vec![s("/echo")]);
    }
    // This one subscribes to all, reads nothing, and leaves without a word.
    let mut silent = Client::connect(runtime, 1);
    silent.send("/subscribe", vec![]);
    let mut n_sent = 0;
    for trigger in 0..N_TRIGGERS_AN_HOUR {
        let n_clients = clients.len();
        let client = &mut clients[trigger % n_clients];
        for k in 0..N_CONTROLS_A_TRIGGER {
            client.send("/echo/pair/b", vec![i((k % 9) as i32)]);
        }
        if trigger % 10 == 0 {
            client.send_bytes(&junk(trigger + hour));
        }
        match trigger % 60 {
            0 => {
                client.send("/count/up", vec![i(5)]);
                client.wait_for("/count/up/n", &[f(5.0)]);
            }
            1 => {
                client.send("/count/vector", vec![i(0)]);
                let rising: Vec<OscType> = (0..512).map(|n| f(n as f32)).collect();
                client.wait_for("/count/vector/vector", &rising);
            }
            _ => {
                let id = format!("{hour}:{trigger}");
                client.send("/echo/pair", vec![s(&id)]);
                client.wait_for("/echo/pair/out", &[s(&format!("{id} 0"))]);
            }
        }
        n_sent += N_CONTROLS_A_TRIGGER + 1;
        // Every ten minutes somebody drops out and comes back.
        if trigger % 600 == 599 {
            let kind = trigger / 600 % n_clients;
            clients[kind] = Client::connect(runtime, kind);
            clients[kind].send("/subscribe", vec![s("/echo")]);
        }
    }
    // Once an hour a model breaks, a page is left in the midst of a run, and somebody looks.
    let to = http_address(runtime);
    assert_eq!(post(to, "/models/fragile/break", "").status, 422);
    drop(ask(to, "POST /models/count/wait", &[("Accept", "text/event-stream")], r#"{"ms":9000}"#));
    assert_eq!(get(to, "/metrics").status, 200);
    assert_eq!(get(to, "/osc").status, 200);
    n_sent
}

/// The median time of a ping.
fn latency(runtime: &Runtime) -> Duration {
    let peer = Udp::to(runtime);
    let mut times: Vec<Duration> = (0..1_000)
        .map(|n| {
            let began = Instant::now();
            peer.send("/ping", vec![i(n)]);
            assert_eq!(peer.expect("/pong"), [i(n)]);
            began.elapsed()
        })
        .collect();
    times.sort();
    times[times.len() / 2]
}

#[test]
fn a_day_on_stage_leaves_everything_as_it_was() {
    let began = Instant::now();
    let runtime = runtime();
    let n_clients = || {
        let status = get(http_address(&runtime), "/status").json();
        let clients = status["clients"].as_array().unwrap();
        // A UDP peer that left is forgotten when its lease has run out.
        clients.iter().filter(|client| !client["name"].as_str().unwrap().starts_with("udp")).count()
    };
    let (mut n_sent, mut early, mut n_bytes) = (0, None, Vec::new());
    for hour in 0..N_HOURS {
        n_sent += an_hour(&runtime, hour);
        wait_until("the hour's clients are gone", || n_clients() == 0);
        n_bytes.push(holdings().n_bytes);
        println!("hour {hour:2}: {n_sent} messages, {:?}, {:?}", began.elapsed(), holdings());
        assert!(began.elapsed() < LIMIT, "a day took longer than {LIMIT:?}");
        if hour + 1 == N_WARM_UP_HOURS {
            early = Some((holdings(), latency(&runtime)));
        }
    }
    assert_eq!(n_sent, 950_400);
    let (before, latency_before) = early.expect("a day has more hours");
    wait_until("handles are given back", || holdings().n_handles <= before.n_handles);
    wait_until("threads are given back", || holdings().n_threads <= before.n_threads);
    // What the allocator keeps for later comes and goes by a few MB, so the lows are compared.
    let low = |hours: &[usize]| hours.iter().copied().min().unwrap_or(0);
    let early_low = low(&n_bytes[N_WARM_UP_HOURS..][..6]);
    let grown = low(&n_bytes[N_HOURS - 6..]).saturating_sub(early_low);
    println!("memory grew by {grown} bytes");
    assert!(grown < MAX_GROWTH_BYTES, "memory grew by {grown} bytes: {n_bytes:?}");
    // The best of a few, since other programs run on this computer too.
    let latency_after = (0..5).map(|_| latency(&runtime)).min().unwrap();
    println!("a ping took {latency_before:?} early and {latency_after:?} late");
    assert!(latency_after < latency_before * 2 + Duration::from_micros(100));
    assert!(status(&runtime, "in") >= 950_400);
}
