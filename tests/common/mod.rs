//! What the tests that talk to a runtime from outside share: small models, peers, an HTTP client.
#![allow(dead_code)]

use enjamb::model::{Error, Model, Run};
use enjamb::net::settings::Listen;
use enjamb::project::Project;
use enjamb::runtime::RuntimeBuilder;
use enjamb::signature::{
    Command, Manifest, Values, any, array, boolean, category, file, image, image_bounding_box,
    image_landmarks, image_point, number, segmentation, text, vector,
};
use enjamb::{DataType, Runtime, Value};
use rosc::{OscBundle, OscMessage, OscPacket, OscTime, OscType};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream, UdpSocket};
use std::time::{Duration, Instant};

/// Longer than anything takes, on a busy machine too.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// Every data type by a name for its command.
pub fn data_types() -> Vec<(&'static str, DataType)> {
    vec![
        ("text", text()),
        ("number", number()),
        ("bounded", number().min(0.0).max(1.0)),
        ("boolean", boolean()),
        ("category", category(["wander", "orbit"])),
        ("vector", vector(3)),
        ("texts", array(text())),
        ("numbers", array(number())),
        ("vectors", array(vector(2))),
        ("nested", array(array(number()))),
        ("image", image(3)),
        ("segmentation", segmentation(["sky", "sea"])),
        ("file", file()),
        ("any", any()),
        ("point", image_point()),
        ("box", image_bounding_box()),
        ("landmarks", image_landmarks(2)),
    ]
}

/// Gives back what it gets: a command for every data type, and `pair` with two inputs.
pub struct Echo;

impl Model for Echo {
    fn manifest(&self) -> Manifest {
        let manifest = Manifest::new("echo", "Gives back what it gets.").command(
            Command::new("pair", "Gives both back as a text.")
                .input("a", text().default("held"), "A text.")
                .input("b", number().min(0.0).max(9.0).default(1.0), "A number.")
                .output("out", text(), "Both."),
        );
        data_types().into_iter().fold(manifest, |manifest, (name, data_type)| {
            manifest.command(
                Command::new(name, "Gives it back.")
                    .input("value", data_type.clone(), "What to give back.")
                    .output("out", data_type, "It."),
            )
        })
    }

    fn run(&mut self, command: &str, inputs: &Values, _: &mut Run) -> Result<Values, Error> {
        let out = match command {
            "pair" => format!("{} {}", inputs.text("a"), inputs.number("b")).into(),
            _ => inputs.get("value").ok_or("no value")?.clone(),
        };
        Ok(Values::new().with("out", out))
    }
}

/// Counts, and tells every number on the way; or waits; or gives a long vector or text.
pub struct Count;

impl Model for Count {
    fn manifest(&self) -> Manifest {
        Manifest::new("count", "Takes its time.")
            .command(
                Command::new("up", "Counts up.")
                    .input("to", number().min(1.0).max(10_000.0), "How far.")
                    .output("n", number(), "The count."),
            )
            .command(
                Command::new("wait", "Waits.")
                    .input("ms", number().min(0.0).max(60_000.0), "How long.")
                    .output("waited", number(), "How long it was."),
            )
            .command(
                Command::new("vector", "Gives 512 floats.")
                    .input("first", number(), "The first of them.")
                    .output("vector", vector(512), "They rise by one."),
            )
            .command(Command::new("wide", "Gives 20,000 floats.").output(
                "vector",
                vector(20_000),
                "They rise by one.",
            ))
            .command(
                Command::new("long", "Gives a text.")
                    .input("length", number().min(1.0).max(200_000.0), "How long.")
                    .output("text", text(), "It."),
            )
            .command(Command::new("chance", "Draws.").output("n", number(), "A number."))
    }

    fn run(&mut self, command: &str, inputs: &Values, run: &mut Run) -> Result<Values, Error> {
        let rising = |first: f32, n: usize| (0..n).map(|i| first + i as f32).collect::<Vec<_>>();
        Ok(match command {
            "up" => {
                let to = inputs.number("to");
                for n in 1..to as u32 {
                    run.emit(Values::new().with("n", f64::from(n)), n as f32 / to as f32)?;
                }
                Values::new().with("n", to)
            }
            "wait" => {
                let began = Instant::now();
                while began.elapsed().as_secs_f64() * 1e3 < inputs.number("ms") {
                    run.check()?;
                    std::thread::sleep(Duration::from_millis(1));
                }
                Values::new().with("waited", began.elapsed().as_secs_f64() * 1e3)
            }
            "vector" => Values::new().with("vector", rising(inputs.number("first") as f32, 512)),
            "wide" => Values::new().with("vector", rising(0.0, 20_000)),
            "long" => Values::new().with("text", "x".repeat(inputs.number("length") as usize)),
            _ => {
                use rand::Rng;
                Values::new().with("n", run.rng().random::<f64>())
            }
        })
    }
}

/// Panics when it is asked to.
pub struct Fragile;

impl Model for Fragile {
    fn manifest(&self) -> Manifest {
        Manifest::new("fragile", "Breaks.")
            .command(Command::new("break", "Panics."))
            .command(Command::new("fail", "Fails."))
            .command(Command::new("work", "Works.").output("done", boolean(), "True."))
    }

    fn run(&mut self, command: &str, _: &Values, _: &mut Run) -> Result<Values, Error> {
        match command {
            "break" => panic!("a glass fell"),
            "fail" => Err("the glass is empty".into()),
            _ => Ok(Values::new().with("done", true)),
        }
    }
}

/// Ports that the system chooses; nothing is announced, and nothing sent that nobody asked for.
pub fn listen() -> Listen {
    Listen { osc_port: 0, http_port: 0, announce: false, ..Listen::default() }
}

/// A builder with the models above and the rest of a project file.
pub fn builder(project: &str, listen: Listen) -> RuntimeBuilder {
    let project = match project.contains("[[send]]") || project.contains("send = []") {
        true => project.to_string(),
        false => format!("send = []\n{project}"),
    };
    let project = Project::parse(&project).expect("the test's project is sound");
    Runtime::builder()
        .with_shipped_files()
        .project(project)
        .listen(listen)
        .model(|| Echo)
        .model(|| Count)
        .model(|| Fragile)
}

pub fn runtime() -> Runtime {
    let runtime = builder("", listen()).start().expect("the runtime starts");
    runtime.wait_until_started();
    runtime
}

pub fn osc(runtime: &Runtime) -> SocketAddr {
    runtime.osc_address().expect("it listens")
}

pub fn http_address(runtime: &Runtime) -> SocketAddr {
    runtime.http_address().expect("it listens")
}

/// Waits until something holds, and says what did not if it never does.
#[track_caller]
pub fn wait_until(what: &str, mut holds: impl FnMut() -> bool) {
    let began = Instant::now();
    while !holds() {
        assert!(began.elapsed() < PATIENCE, "waited in vain until {what}");
        std::thread::sleep(Duration::from_millis(2));
    }
}

pub fn message(address: &str, args: Vec<OscType>) -> OscPacket {
    OscPacket::Message(OscMessage { addr: address.into(), args })
}

pub fn encode(packet: &OscPacket) -> Vec<u8> {
    rosc::encoder::encode(packet).expect("the test's packet can be written")
}

pub fn bundle(content: Vec<OscPacket>) -> OscPacket {
    OscPacket::Bundle(OscBundle { timetag: OscTime { seconds: 0, fractional: 1 }, content })
}

pub fn s(text: &str) -> OscType {
    OscType::String(text.into())
}

pub fn i(n: i32) -> OscType {
    OscType::Int(n)
}

pub fn f(n: f32) -> OscType {
    OscType::Float(n)
}

/// A peer on a UDP socket of its own.
pub struct Udp {
    pub socket: UdpSocket,
    to: SocketAddr,
}

impl Udp {
    pub fn to(runtime: &Runtime) -> Self {
        Self::to_address(osc(runtime))
    }

    pub fn to_address(to: SocketAddr) -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").expect("a port is free");
        socket.set_read_timeout(Some(PATIENCE)).expect("a timeout can be set");
        Self { socket, to }
    }

    /// One that only listens.
    pub fn ear() -> Self {
        Self::to_address(([127, 0, 0, 1], 9).into())
    }

    pub fn port(&self) -> u16 {
        self.socket.local_addr().expect("it is bound").port()
    }

    pub fn send(&self, address: &str, args: Vec<OscType>) {
        self.send_packet(&message(address, args));
    }

    pub fn send_packet(&self, packet: &OscPacket) {
        self.send_bytes(&encode(packet));
    }

    pub fn send_bytes(&self, bytes: &[u8]) {
        self.socket.send_to(bytes, self.to).expect("it can be sent");
    }

    #[track_caller]
    pub fn packet(&self) -> OscPacket {
        let mut buffer = [0; 65_536];
        let (n_bytes, _) = self.socket.recv_from(&mut buffer).expect("a packet comes in time");
        rosc::decoder::decode_udp(&buffer[..n_bytes]).expect("it is OSC").1
    }

    #[track_caller]
    pub fn next(&self) -> OscMessage {
        match self.packet() {
            OscPacket::Message(message) => message,
            OscPacket::Bundle(bundle) => panic!("expected a message, got {bundle:?}"),
        }
    }

    /// The next message, which must have this address; its arguments.
    #[track_caller]
    pub fn expect(&self, address: &str) -> Vec<OscType> {
        let message = self.next();
        assert_eq!(message.addr, address, "with {:?}", message.args);
        message.args
    }

    /// The next message, which must be an error that says so.
    #[track_caller]
    pub fn expect_error(&self, address: &str, words: &str) {
        let args = self.expect(address);
        let [OscType::String(said)] = &args[..] else { panic!("expected words, got {args:?}") };
        assert!(said.contains(words), "'{said}' lacks '{words}'");
    }

    /// That nothing else has come: a ping is answered next. What comes from the models' threads may
    /// overtake, so a run is awaited first.
    #[track_caller]
    pub fn expect_nothing(&self) {
        self.send("/fragile/work", vec![]);
        self.expect("/fragile/work/done");
    }
}

/// One answer over HTTP.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub head: String,
    pub body: String,
}

impl Answer {
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (key, value) = line.split_once(": ")?;
            key.eq_ignore_ascii_case(name).then_some(value)
        })
    }
}

/// Sends a request's head and body.
pub fn ask(to: SocketAddr, request: &str, headers: &[(&str, &str)], body: &str) -> TcpStream {
    let mut stream = TcpStream::connect(to).expect("HTTP is listened to");
    stream.set_read_timeout(Some(PATIENCE)).expect("a timeout can be set");
    let mut head = format!("{request} HTTP/1.1\r\n");
    if !headers.iter().any(|(name, _)| *name == "Host") {
        head += &format!("Host: {to}\r\n");
    }
    for (name, value) in headers {
        head += &format!("{name}: {value}\r\n");
    }
    head += &format!("Content-Length: {}\r\nConnection: close\r\n\r\n", body.len());
    stream.write_all(head.as_bytes()).expect("it can be sent");
    stream.write_all(body.as_bytes()).expect("it can be sent");
    stream
}

/// Reads an answer until the server closes.
#[track_caller]
pub fn answer(mut stream: TcpStream) -> Answer {
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).expect("an answer comes in time");
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let (head, rest) = text.split_once("\r\n\r\n").expect("an answer has a head");
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok());
    let mut body = rest.to_string();
    if head.to_lowercase().contains("transfer-encoding: chunked") {
        body = String::new();
        let mut rest = rest;
        while let Some((size, after)) = rest.split_once("\r\n") {
            let size = usize::from_str_radix(size, 16).expect("a chunk has a size");
            body += &after[..size];
            rest = after[size..].trim_start_matches("\r\n");
        }
    }
    Answer { status: status.expect("an answer has a status"), head: head.into(), body }
}

#[track_caller]
pub fn get(to: SocketAddr, path: &str) -> Answer {
    answer(ask(to, &format!("GET {path}"), &[], ""))
}

#[track_caller]
pub fn post(to: SocketAddr, path: &str, body: &str) -> Answer {
    answer(ask(to, &format!("POST {path}"), &[("Content-Type", "application/json")], body))
}

/// A number in `/status`.
#[track_caller]
pub fn status(runtime: &Runtime, key: &str) -> u64 {
    get(http_address(runtime), "/status").json()[key].as_u64().expect("a number")
}

/// What this process holds: threads, file handles, and resident bytes, those aside that are a file's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Holdings {
    pub n_threads: usize,
    pub n_handles: usize,
    pub n_bytes: usize,
}

pub fn holdings() -> Holdings {
    let count = |dir: &str| std::fs::read_dir(dir).expect("Linux has /proc").count();
    let pages = std::fs::read_to_string("/proc/self/statm").expect("Linux has /proc");
    let pages: Vec<usize> = pages.split(' ').map_while(|n| n.parse().ok()).collect();
    Holdings {
        n_threads: count("/proc/self/task"),
        n_handles: count("/proc/self/fd"),
        n_bytes: (pages[1] - pages[2]) * 4096,
    }
}

/// Any value as text, for messages.
pub fn show(value: &Value) -> String {
    value.to_json().to_string()
}
