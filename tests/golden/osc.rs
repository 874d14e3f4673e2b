//! `osc.txt`: OSC requests in a fixed order, each with all that comes back to the one who asked.
//!
//! | line | is |
//! |---|---|
//! | `> /address ,tags [arguments]` | sends a message over TCP, as [`message`](super::message) writes it |
//! | `> udp /address` | the same from another peer, who is there from then on: see [`Peer`] |
//! | `> udp bundle ["/a", "/b ,i [1]"]` | messages in one bundle; `bundle +60` for a time tag so many milliseconds ahead |
//! | `> udp bytes 2f61` | a packet of these bytes |
//! | `> ws text {"COMMAND": ...}` | a text frame |
//! | `? udp2` | what a peer has heard meanwhile |
//! | `< ...` | what came back: the answer. A bundle's messages are indented |
//!
//! Before a request may stand, as `name=value`: `wait=2`, that so many messages come, which a chain sends
//! in its own time; `runs=poetry:2`, that a model ends so many runs which somebody else asks for; `pause=110`,
//! for so many milliseconds, since complaints are answered ten times a second at most; and what can't be the
//! same each time:
//!
//! - `mask=counters`: how many runs of a node were late, and the milliseconds of the last.
//! - `mask=ahead`: by how much a time tag is ahead, which changes while it is sent.
//! - `sort`: several models answer one request, or one chain, in any order.
//! - `last=4`: of partial outputs, whose number depends on the time, only the last messages are kept.
//! - `brief`: nothing is masked, but of many messages the first and last are shown, and a checksum of all.
//!
//! `{port:udp2}` in a request is that peer's port; the temporary folder is written as `<folder>`.

use super::file;
use super::message::{Message, Packet, bundle, decode, from_hex};
use super::peer::{Heard, Peer};
use super::runtime::{Runtime, without_folder};
use serde_json::json;
use std::collections::BTreeMap;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

const FILE: &str = "osc.txt";
const MODELS: [&str; 4] = ["poetry", "sentences", "average", "map"];
/// A command that there is not, whose refusal says that all before it was heard.
const MARK: &str = "/average/mark-";
/// What comes from the runs of others is waited for so long.
const WAIT: Duration = Duration::from_secs(10);

#[test]
fn osc_is_answered_as_ever() {
    let runtime = Runtime::start("osc");
    let destination = Peer::udp(runtime.destination.try_clone().unwrap(), runtime.osc_port());
    let peers = BTreeMap::from([("destination".to_string(), destination)]);
    let mut session = Session { runtime, peers, n_marks: 0 };
    let mut text = String::new();
    for line in file::script(FILE, &['<']) {
        let answers = match line.split_at_checked(2) {
            Some(("> ", request)) => session.ask(request),
            Some(("? ", request)) => session.ask(request),
            _ => Vec::new(),
        };
        text += &(line + "\n");
        for answer in answers {
            text += &format!("< {}\n", without_folder(&answer, &session.runtime.folder));
        }
    }
    file::check(FILE, &text);
}

struct Session {
    runtime: Runtime,
    peers: BTreeMap<String, Peer>,
    n_marks: usize,
}

/// What stands before a request.
#[derive(Default)]
struct Options {
    n_awaited: usize,
    /// A model, and how many of its runs are over when the wait is.
    runs: Option<(String, u64)>,
    masks: Vec<String>,
    is_sorted: bool,
    is_brief: bool,
    n_last: Option<usize>,
}

impl Session {
    /// Sends a request, and gives back the lines of all that came to the one who asked until everything
    /// was done.
    fn ask(&mut self, request: &str) -> Vec<String> {
        let (mut name, mut options, mut rest) = ("tcp", Options::default(), request);
        // Peer and options, in any order, until what is to be sent.
        while !rest.is_empty() && !rest.starts_with('/') {
            let (word, after) = rest.split_once(' ').unwrap_or((rest, ""));
            match word.split_once('=') {
                Some(("wait", n)) => options.n_awaited = n.parse().unwrap(),
                Some(("pause", millis)) => {
                    std::thread::sleep(Duration::from_millis(millis.parse().unwrap()));
                }
                Some(("last", n)) => options.n_last = Some(n.parse().unwrap()),
                Some(("mask", mask)) => options.masks.push(mask.into()),
                Some(("runs", runs)) => {
                    let (model, n) = runs.split_once(':').unwrap();
                    let n_before = self.runtime.n_runs(model);
                    options.runs = Some((model.into(), n_before + n.parse::<u64>().unwrap()));
                }
                None if word == "sort" => options.is_sorted = true,
                None if word == "brief" => options.is_brief = true,
                None if matches!(word, "bundle" | "bytes" | "text") => break,
                _ => name = word,
            }
            rest = after;
        }
        let request = self.with_ports(rest);
        let runtime = &self.runtime;
        let (osc, http, reply) = (runtime.osc_port(), runtime.http_port(), runtime.reply_port());
        let open = || Peer::open(name, osc, http, reply);
        let peer = self.peers.entry(name.into()).or_insert_with(open);
        send(peer, &request);
        let mut heard = Vec::new();
        while heard.len() < options.n_awaited {
            if hear(peer, &mut heard) == Came::Nothing {
                break;
            }
        }
        if let Some((model, n)) = &options.runs {
            let began = Instant::now();
            while self.runtime.n_runs(model) < *n && began.elapsed() < WAIT {
                std::thread::sleep(Duration::from_millis(2));
            }
        }
        // The request has arrived; then the models have done it; then all of that has come.
        self.pass_mark(name, &mut heard);
        meant_by(&request).iter().for_each(|model| self.runtime.await_model(model));
        self.pass_mark(name, &mut heard);
        present(heard, &options)
    }

    /// Adds all that comes to a peer before the answer to a mark, which it sends after all else. A ping
    /// would not do: over UDP its answer overtakes those of the models, which go another way.
    fn pass_mark(&mut self, name: &str, heard: &mut Vec<String>) {
        self.n_marks += 1;
        let mark = format!("{MARK}{}", self.n_marks);
        let answer = format!("{mark}/error");
        let peer = self.peers.get_mut(name).expect("it is open");
        peer.send(&Message::read(&mark).encode());
        loop {
            match hear(peer, heard) {
                Came::Mark(address) if address != answer => {}
                Came::Something => {}
                Came::Mark(_) | Came::Nothing => break,
            }
        }
    }

    fn with_ports(&self, request: &str) -> String {
        self.peers.iter().fold(request.to_string(), |request, (name, peer)| {
            request.replace(&format!("{{port:{name}}}"), &peer.port().to_string())
        })
    }
}

/// The models that a request may set to work.
fn meant_by(request: &str) -> Vec<&'static str> {
    let first = request.trim_start_matches('/').split(['/', ' ']).next().unwrap_or("");
    match MODELS.iter().position(|model| *model == first) {
        Some(at) => vec![MODELS[at]],
        // Patterns, bundles and chains may mean any.
        None if request.is_empty() || request.starts_with("/ping") => Vec::new(),
        None => MODELS.to_vec(),
    }
}

fn send(peer: &mut Peer, request: &str) {
    let (kind, rest) = request.split_once(' ').unwrap_or((request, ""));
    match kind {
        "" => {}
        "text" => peer.send_text(rest),
        "bytes" => peer.send(&from_hex(rest)),
        "bundle" => {
            let (time, list) = match rest.strip_prefix('+') {
                Some(rest) => {
                    let (millis, list) = rest.split_once(' ').unwrap();
                    (in_millis(millis.parse().unwrap()), list)
                }
                None => (1, rest),
            };
            let messages: Vec<String> = serde_json::from_str(list).unwrap();
            let packets: Vec<_> =
                messages.iter().map(|text| Message::read(text).encode()).collect();
            peer.send(&bundle(time, &packets));
        }
        _ => peer.send(&Message::read(request).encode()),
    }
}

/// A time tag from now on.
fn in_millis(millis: u64) -> u64 {
    let unix = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let ahead = unix + Duration::from_millis(millis);
    let fraction = (u64::from(ahead.subsec_nanos()) << 32) / 1_000_000_000;
    (ahead.as_secs() + 2_208_988_800) << 32 | fraction
}

#[derive(PartialEq)]
enum Came {
    Something,
    /// The answer to a mark, by its address: ours, or another's that this peer hears, too.
    Mark(String),
    Nothing,
}

/// Adds the next packet's messages.
fn hear(peer: &mut Peer, heard: &mut Vec<String>) -> Came {
    match peer.hear() {
        Heard::Packet(bytes) => {
            let packet = decode(&bytes);
            if let Some(address) = packet.first().filter(|address| address.starts_with(MARK)) {
                return Came::Mark(address.into());
            }
            add(&packet, "", heard);
        }
        Heard::Text(text) => heard.push(format!("text {text}")),
        Heard::Nothing => {
            heard.push("(nothing more came)".into());
            return Came::Nothing;
        }
    }
    Came::Something
}

fn add(packet: &Packet, indent: &str, heard: &mut Vec<String>) {
    match packet {
        Packet::Message(message) => heard.push(format!("{indent}{}", message.write())),
        Packet::Bundle(packets) => {
            heard.push(format!("{indent}bundle"));
            packets.iter().for_each(|packet| add(packet, &format!("{indent}  "), heard));
        }
    }
}

/// The lines as they stand in the file.
fn present(mut lines: Vec<String>, options: &Options) -> Vec<String> {
    for mask in &options.masks {
        for line in &mut lines {
            *line = masked(line, mask);
        }
    }
    if options.is_sorted {
        lines.sort();
    }
    if let Some(n) = options.n_last {
        lines.drain(..lines.len().saturating_sub(n));
    }
    if options.is_brief && lines.len() > 4 {
        let (n, checksum) = (lines.len(), file::checksum(&lines.join("\n")));
        let last = lines.split_off(n - 2);
        lines.truncate(2);
        lines.push(format!("... {n} lines in all, checksum {checksum}"));
        lines.extend(last);
    }
    lines
}

fn masked(line: &str, mask: &str) -> String {
    match mask {
        "counters" if line.contains("/counters ,") => {
            let mut message = Message::read(line);
            // Name, ran, late, dropped, repeated, failed, milliseconds.
            message.arguments[2] = json!("<late>");
            message.arguments[6] = json!("<milliseconds>");
            message.write()
        }
        "ahead" => match line.split_once("got ") {
            Some((before, after)) => {
                let after =
                    after.trim_start_matches(|char: char| char.is_ascii_digit() || char == '.');
                format!("{before}got <seconds>{after}")
            }
            None => line.into(),
        },
        "counters" => line.into(),
        _ => panic!("there is no mask {mask}"),
    }
}
