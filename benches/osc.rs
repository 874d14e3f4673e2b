//! How quick OSC is: `/ping` beside a bare UDP echo and python-osc's, idle and while a model works;
//! messages a second; an embedding over OSC beside one in process.
//!
//! `cargo bench --bench osc [-- --python PYTHON]`, where PYTHON has python-osc installed. All sides
//! take turns in one run, so that a busy machine is unfair to none. Ratios are what to quote.

use enjamb::net::settings::Listen;
use enjamb::signature::Values;
use enjamb::{Project, Runtime};
use rosc::{OscMessage, OscPacket, OscType, encoder};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream, UdpSocket};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// Round trips of one side before the next takes its turn.
const PINGS_A_TURN: usize = 200;
const TURNS: usize = 40;
const MESSAGES: usize = 200_000;
const EMBEDS: usize = 300;

fn main() {
    // `cargo test --benches` only wants to know that it starts.
    if std::env::args().any(|argument| argument == "--test") {
        return;
    }
    let listen = Listen { osc_port: 0, http_port: 0, announce: false, ..Listen::default() };
    let runtime = Runtime::builder()
        .with_shipped_files()
        .project(Project::standard())
        .listen(listen)
        .start()
        .expect("it starts");
    runtime.wait_until_started();
    let runtime = Arc::new(runtime);
    let enjamb = runtime.osc_address().expect("it listens");
    let bare = bare_echo();
    let python = PythonEcho::start();
    let mut peers = vec![("bare echo", bare), ("enjamb", enjamb)];
    peers.extend(python.as_ref().map(|python| ("python-osc", python.address)));

    println!("/ping round trips, {} each, in microseconds", TURNS * PINGS_A_TURN);
    println!("{:<28}{:>10}{:>10}{:>14}{:>14}", "", "median", "p99", "median ratio", "p99 ratio");
    round_trips("idle", &peers);
    let stop = Arc::new(AtomicBool::new(false));
    let worker = keep_busy(&runtime, &stop);
    round_trips("a model flat out", &peers);
    stop.store(true, Ordering::Relaxed);
    worker.join().expect("the worker ends");

    messages_a_second(enjamb, bare);
    embeddings(&runtime, enjamb);
}

/// The least that an answer over UDP can take: a thread that sends back what it gets.
fn bare_echo() -> SocketAddr {
    let socket = UdpSocket::bind("127.0.0.1:0").expect("a socket");
    let address = socket.local_addr().expect("an address");
    std::thread::spawn(move || {
        let mut buffer = [0; 65_536];
        while let Ok((n_bytes, from)) = socket.recv_from(&mut buffer) {
            let _ = socket.send_to(&buffer[..n_bytes], from);
        }
    });
    address
}

/// python-osc's own server and client, echoing.
struct PythonEcho {
    child: Child,
    address: SocketAddr,
}

impl PythonEcho {
    fn start() -> Option<Self> {
        let arguments: Vec<String> = std::env::args().collect();
        let python = arguments
            .iter()
            .position(|argument| argument == "--python")
            .and_then(|at| arguments.get(at + 1).cloned())
            .unwrap_or_else(|| "python3".into());
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/echo.py");
        let mut child = Command::new(&python).arg(script).stdout(Stdio::piped()).spawn().ok()?;
        let mut line = String::new();
        BufReader::new(child.stdout.take()?).read_line(&mut line).ok()?;
        match line.trim().parse::<u16>() {
            Ok(port) => Some(Self { child, address: ([127, 0, 0, 1], port).into() }),
            Err(_) => {
                println!("(no python-osc: {python} has no module pythonosc)");
                None
            }
        }
    }
}

impl Drop for PythonEcho {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn message(address: &str, args: Vec<OscType>) -> Vec<u8> {
    let packet = OscPacket::Message(OscMessage { addr: address.into(), args });
    encoder::encode(&packet).expect("it encodes")
}

fn client() -> UdpSocket {
    let socket = UdpSocket::bind("127.0.0.1:0").expect("a socket");
    socket.set_read_timeout(Some(Duration::from_secs(5))).expect("a timeout");
    socket
}

fn round_trips(title: &str, peers: &[(&str, SocketAddr)]) {
    let ping = message("/ping", vec![OscType::Int(1), OscType::String("hello".into())]);
    let sockets: Vec<UdpSocket> = peers.iter().map(|_| client()).collect();
    let mut times: Vec<Vec<f64>> = vec![Vec::new(); peers.len()];
    let mut buffer = [0; 2048];
    for turn in 0..=TURNS {
        for (peer, (_, address)) in peers.iter().enumerate() {
            for _ in 0..PINGS_A_TURN {
                let began = Instant::now();
                sockets[peer].send_to(&ping, address).expect("it sends");
                sockets[peer].recv_from(&mut buffer).expect("an answer within five seconds");
                // The first turn only warms up.
                if turn > 0 {
                    times[peer].push(began.elapsed().as_secs_f64() * 1e6);
                }
            }
        }
    }
    let figures: Vec<(f64, f64)> =
        times.iter_mut().map(|times| (quantile(times, 0.5), quantile(times, 0.99))).collect();
    for ((name, _), (median, p99)) in peers.iter().zip(&figures) {
        println!(
            "{:<28}{median:>10.1}{p99:>10.1}{:>14.2}{:>14.2}",
            format!("{title}: {name}"),
            median / figures[0].0,
            p99 / figures[0].1
        );
    }
}

fn quantile(times: &mut [f64], q: f64) -> f64 {
    times.sort_by(f64::total_cmp);
    times[((times.len() - 1) as f64 * q) as usize]
}

fn keep_busy(runtime: &Arc<Runtime>, stop: &Arc<AtomicBool>) -> std::thread::JoinHandle<()> {
    let (runtime, stop) = (Arc::clone(runtime), Arc::clone(stop));
    // Without a network of its own: what the benchmark's runtime embeds would flood its outlets.
    let hosted = runtime.engine().model("sentences").expect("it is hosted");
    std::thread::spawn(move || {
        let lines: Vec<String> =
            (0..500).map(|n| format!("the {n} roads of the {n} seas")).collect();
        let text = lines.join("\n");
        while !stop.load(Ordering::Relaxed) {
            let (sender, done) = std::sync::mpsc::channel();
            let sender = std::sync::Mutex::new(sender);
            let request = enjamb::engine::Request::new(move |event| {
                if matches!(event, enjamb::engine::RunEvent::Done { .. }) {
                    let _ = sender.lock().expect("one caller").send(());
                }
            });
            let inputs =
                Values::new().with("text", text.as_str()).with("tokenize_sentences", false);
            hosted.submit("embed", inputs, request).expect("the queue has room");
            done.recv().expect("it ends");
        }
    })
}

/// Messages in over TCP, where none is lost, until a ping behind them is answered; and pings whose
/// answers are all read.
fn messages_a_second(enjamb: SocketAddr, bare: SocketAddr) {
    let frame = |packet: &[u8]| [&(packet.len() as u32).to_be_bytes(), packet].concat();
    let control = frame(&message("/sentences/similarity/a", vec![OscType::String("rose".into())]));
    let ping = frame(&message("/ping", vec![]));
    let mut stream = TcpStream::connect(enjamb).expect("it accepts");
    stream.set_read_timeout(Some(Duration::from_secs(60))).expect("a timeout");
    let batch = control.repeat(100);
    let began = Instant::now();
    for _ in 0..MESSAGES / 100 {
        stream.write_all(&batch).expect("it takes them");
    }
    stream.write_all(&ping).expect("it takes it");
    read_frames(&mut stream, 1);
    let rate_in = MESSAGES as f64 / began.elapsed().as_secs_f64();
    let mut reader = stream.try_clone().expect("a second handle");
    let began = Instant::now();
    // Never more ahead than the connection's queue holds, so that none gives way to newer ones.
    let rounds = MESSAGES / 1000;
    for _ in 0..rounds {
        stream.write_all(&ping.repeat(1000)).expect("it takes them");
        read_frames(&mut reader, 1000);
    }
    let rate_out = (rounds * 1000) as f64 / began.elapsed().as_secs_f64();
    let udp = |address| {
        let (socket, packet) = (client(), message("/ping", vec![]));
        let mut buffer = [0; 2048];
        let began = Instant::now();
        for _ in 0..MESSAGES / 20 / 16 {
            for _ in 0..16 {
                socket.send_to(&packet, address).expect("it sends");
            }
            for _ in 0..16 {
                socket.recv_from(&mut buffer).expect("an answer");
            }
        }
        (MESSAGES / 20 / 16 * 16) as f64 / began.elapsed().as_secs_f64()
    };
    println!("\nmessages a second");
    println!("{:<44}{rate_in:>12.0}", "controls in over TCP");
    println!("{:<44}{rate_out:>12.0}", "pings in and pongs out over TCP");
    let (ours, bare) = (udp(enjamb), udp(bare));
    println!("{:<44}{ours:>12.0}", "pings in and pongs out over UDP, 16 ahead");
    println!("{:<44}{bare:>12.0}   ratio {:.2}", "the same, bare echo", ours / bare);
}

fn read_frames(stream: &mut TcpStream, n_frames: usize) {
    for _ in 0..n_frames {
        let mut length = [0; 4];
        stream.read_exact(&mut length).expect("a frame");
        let mut packet = vec![0; u32::from_be_bytes(length) as usize];
        stream.read_exact(&mut packet).expect("its packet");
    }
}

fn embeddings(runtime: &Runtime, enjamb: SocketAddr) {
    let socket = client();
    let mut buffer = [0; 65_536];
    let (mut over_osc, mut in_process) = (Vec::new(), Vec::new());
    for n in 0..EMBEDS {
        let text = |side| format!("and {side} {n} sorry I could not travel both");
        let packet = message("/sentences/embed", vec![OscType::String(text("over"))]);
        let began = Instant::now();
        socket.send_to(&packet, enjamb).expect("it sends");
        loop {
            let (n_bytes, _) = socket.recv_from(&mut buffer).expect("an answer");
            if buffer[..n_bytes].starts_with(b"/sentences/embed/embeddings") {
                break;
            }
        }
        over_osc.push(began.elapsed().as_secs_f64() * 1e6);
        let began = Instant::now();
        let inputs = Values::new().with("text", text("in"));
        runtime.run("sentences", "embed", inputs).expect("it runs");
        in_process.push(began.elapsed().as_secs_f64() * 1e6);
    }
    println!("\none sentence embedded, median of {EMBEDS}, in microseconds");
    let (osc, here) = (quantile(&mut over_osc, 0.5), quantile(&mut in_process, 0.5));
    println!("{:<28}{osc:>10.1}", "over OSC");
    println!("{:<28}{here:>10.1}   ratio {:.2}", "in process", osc / here);
}
