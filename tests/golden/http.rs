//! `http.txt`: HTTP requests in a fixed order, each with its status, type and body.
//!
//! | line | is |
//! |---|---|
//! | `> GET /path` | a request; `> POST /path {"count": 2}` has a body |
//! | `> TRAFFIC /address ,tags [arguments]` | what `/traffic` says when this comes over UDP |
//! | `~ /path /pointer value` | asks again until the JSON at a pointer is so, since a chain takes its time |
//! | `< ...` | status, type, length and checksum of the body, then the body: JSON laid out, long rows and texts shortened |
//!
//! Before a request may stand, as `name=value`, a header (`Accept=text/event-stream`), `bytes=9` (a body of so
//! many), `show=vary` (an answer's header that is shown),
//! `grep=words` (of the lines with labels those alone that have these words are shown), `body=none` (it is not looked at: it is a page's,
//! or a chain's that is under way), `body=sum` (it stands elsewhere, and the checksum is enough), and
//! what can't be the same each time:
//!
//! - `mask=ports`: the ports at which this runtime listens, and the peers' own.
//! - `mask=times`: milliseconds, ages, and how many runs of a node were late.
//! - `mask=values`: metrics' values; what remains are names, labels and help.
//! - `mask=numbers`: all numbers, ports and the version, of `/status` and `/traffic`; what remains is the shape.
//! - `at=/pointer`: a chain goes on while it is asked, and only this part of the answer is sure.

use super::common::PATIENCE;
use super::message::Message;
use super::peer::Peer;
use super::runtime::{Runtime, without_folder, without_ports};
use super::{file, web};
use serde_json::Value as Json;
use std::io::Read;
use std::time::{Duration, Instant};

const FILE: &str = "http.txt";
/// Longer texts are shown by their beginning and a checksum.
const MAX_TEXT: usize = 300;
/// What is longer than this goes over several lines.
const MAX_LINE: usize = 160;
/// Keys whose values are times, or follow from them.
const TIMES: [&str; 3] = ["milliseconds", "age", "late"];

#[test]
fn http_is_answered_as_ever() {
    let runtime = Runtime::start("http");
    let mut text = String::new();
    for line in file::script(FILE, &['<']) {
        let answers = match line.split_at_checked(2) {
            Some(("> ", request)) => ask(&runtime, request),
            Some(("~ ", condition)) => await_json(&runtime, condition),
            _ => String::new(),
        };
        text += &(line + "\n");
        for answer in without_folder(&answers, &runtime.folder).lines() {
            text += format!("< {answer}").trim_end();
            text += "\n";
        }
    }
    file::check(FILE, &text);
}

/// What is shown of an answer's body.
#[derive(Default, PartialEq)]
enum Body {
    #[default]
    All,
    Sum,
    Nothing,
}

/// What stands before a request.
#[derive(Default)]
struct Options<'a> {
    headers: Vec<(&'a str, &'a str)>,
    masks: Vec<&'a str>,
    shown: Vec<&'a str>,
    n_bytes: Option<usize>,
    body: Body,
    at: Option<&'a str>,
    grep: Option<&'a str>,
}

impl Options<'_> {
    fn shows(&self, line: &str) -> bool {
        self.grep.is_none_or(|words| line.contains(words) || !line.contains('{'))
    }
}

fn ask(runtime: &Runtime, request: &str) -> String {
    let (mut options, mut rest) = (Options::default(), request);
    let (method, rest) = loop {
        let (word, after) = rest.split_once(' ').unwrap();
        rest = after;
        match word.split_once('=') {
            None => break (word, rest),
            Some(("mask", mask)) => options.masks.push(mask),
            Some(("show", header)) => options.shown.push(header),
            Some(("bytes", n)) => options.n_bytes = n.parse().ok(),
            Some(("body", "sum")) => options.body = Body::Sum,
            Some(("body", _)) => options.body = Body::Nothing,
            Some(("grep", words)) => options.grep = Some(words),
            Some(("at", pointer)) => options.at = Some(pointer),
            Some(header) => options.headers.push(header),
        }
    };
    if method == "TRAFFIC" {
        return traffic(runtime, rest, &options);
    }
    let (path, body) = rest.split_once(' ').unwrap_or((rest, ""));
    let body = options.n_bytes.map_or(body.as_bytes().to_vec(), |n| vec![b'x'; n]);
    let answer = web::ask(runtime.http_port(), method, path, &options.headers, &body);
    present(runtime, &answer, &options)
}

fn present(runtime: &Runtime, answer: &web::Answer, options: &Options) -> String {
    let kind = answer.header("content-type").unwrap_or("no type");
    let mut text = format!("{} {kind}", answer.status);
    for name in &options.shown {
        text += &format!(", {name}: {}", answer.header(name).unwrap_or("none"));
    }
    if options.body == Body::Nothing {
        return text;
    }
    if let Some(pointer) = options.at {
        let json: Json = serde_json::from_str(&answer.body).unwrap();
        return format!("{text}\n  {}", json.pointer(pointer).unwrap_or(&Json::Null));
    }
    let body = masked(runtime, &without_folder(&answer.body, &runtime.folder), &options.masks);
    text += &format!(", {} bytes, checksum {}", body.len(), file::checksum(&body));
    match serde_json::from_str(&body) {
        _ if options.body == Body::Sum => {}
        Ok(json) if kind.contains("json") => {
            text += "\n";
            lay_out(&json, "  ", &mut text);
        }
        _ => body.lines().filter(|line| options.shows(line)).for_each(|line| {
            text += "\n  ";
            text += &event_data(line);
        }),
    }
    text
}

/// An event's JSON is shortened as other JSON, but stays in its line.
fn event_data(line: &str) -> String {
    match line.strip_prefix("data: ").map(serde_json::from_str::<Json>) {
        Some(Ok(json)) => format!("data: {}", shortened(&json)),
        _ => line.into(),
    }
}

fn masked(runtime: &Runtime, body: &str, masks: &[&str]) -> String {
    masks.iter().fold(body.to_string(), |body, mask| match *mask {
        "ports" => without_ports(&body, runtime.port_offset()),
        "times" => TIMES.iter().fold(body, |body, key| {
            let key_and_colon = format!("\"{key}\":");
            let mut parts = body.split(&key_and_colon).map(String::from);
            let first = parts.next().unwrap_or_default();
            parts.fold(first, |text, part| {
                let end = part.find([',', '}']).unwrap_or(part.len());
                format!("{text}\"{key}\":\"<{key}>\"{}", &part[end..])
            })
        }),
        "values" => body
            .lines()
            .map(|line| match line.rsplit_once(' ') {
                Some((series, _)) if !line.starts_with('#') => format!("{series} <value>\n"),
                _ => format!("{line}\n"),
            })
            .collect(),
        "numbers" => match serde_json::from_str(&body) {
            Ok(json) => without_numbers(json).to_string(),
            Err(error) => panic!("{error}: {body}"),
        },
        _ => panic!("there is no mask {mask}"),
    })
}

/// Numbers, and the addresses and peers that have one, by a word; all else as it is.
fn without_numbers(json: Json) -> Json {
    match json {
        Json::Number(_) => "<number>".into(),
        Json::String(text) if text == env!("CARGO_PKG_VERSION") => "<version>".into(),
        Json::String(text) => match text.rsplit_once(':') {
            Some((before, port)) if port.parse::<u16>().is_ok() => {
                format!("{before}:<port>").into()
            }
            _ => text.into(),
        },
        Json::Array(items) => items.into_iter().map(without_numbers).collect(),
        Json::Object(map) => Json::Object(
            map.into_iter().map(|(key, value)| (key, without_numbers(value))).collect(),
        ),
        other => other,
    }
}

/// JSON over several lines, except for what fits into one.
fn lay_out(json: &Json, indent: &str, text: &mut String) {
    let (deeper, line) = (format!("{indent}  "), shortened(json));
    match json {
        _ if line.len() <= MAX_LINE => *text += &format!("{indent}{line}\n"),
        Json::Array(items) if items.iter().any(|item| item.is_array() || item.is_object()) => {
            *text += &format!("{indent}[\n");
            items.iter().for_each(|item| lay_out(item, &deeper, text));
            *text += &format!("{indent}]\n");
        }
        Json::Object(map) => {
            *text += &format!("{indent}{{\n");
            for (key, value) in map {
                let mut inner = String::new();
                lay_out(value, &deeper, &mut inner);
                *text += &format!("{deeper}\"{key}\": {}", inner.trim_start());
            }
            *text += &format!("{indent}}}\n");
        }
        _ => *text += &format!("{indent}{line}\n"),
    }
}

/// JSON in one line, long lists and texts shortened.
fn shortened(json: &Json) -> String {
    match json {
        Json::Array(items) if !items.iter().any(|item| item.is_array() || item.is_object()) => {
            file::row(items)
        }
        Json::Array(items) => {
            let items: Vec<String> = items.iter().map(shortened).collect();
            format!("[{}]", items.join(","))
        }
        Json::Object(map) => {
            let entry = |(key, value): (&String, &Json)| format!("\"{key}\":{}", shortened(value));
            let entries: Vec<String> = map.iter().map(entry).collect();
            format!("{{{}}}", entries.join(","))
        }
        Json::String(text) if text.chars().count() > MAX_TEXT => {
            let begin: String = text.chars().take(MAX_TEXT / 4).collect();
            let begin = Json::from(begin).to_string();
            format!("{begin}... {} bytes in all, checksum {}", text.len(), file::checksum(text))
        }
        plain => plain.to_string(),
    }
}

/// Waits until the JSON of a path is so.
fn await_json(runtime: &Runtime, condition: &str) -> String {
    let [path, pointer, value] = condition.splitn(3, ' ').collect::<Vec<_>>()[..] else {
        panic!("expected a path, a pointer and a value: {condition}")
    };
    let value: Json = serde_json::from_str(value).unwrap();
    let began = Instant::now();
    loop {
        let json = runtime.json(path);
        if json.pointer(pointer) == Some(&value) {
            return String::new();
        }
        if began.elapsed() > PATIENCE {
            return format!("(waited in vain: it is {:?})", json.pointer(pointer));
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// The first totals, and what is told of one message and its answer.
fn traffic(runtime: &Runtime, request: &str, options: &Options) -> String {
    let mut stream = web::open(runtime.http_port(), "GET", "/traffic", &options.headers, b"");
    let (mut bytes, mut is_sent) = (Vec::new(), false);
    let mut peer = Peer::open("udp", runtime.osc_port(), runtime.http_port(), runtime.reply_port());
    loop {
        let mut buffer = [0; 4096];
        let n_bytes = stream.read(&mut buffer).expect("events come in time");
        bytes.extend_from_slice(&buffer[..n_bytes]);
        let text = String::from_utf8_lossy(&bytes);
        let Some((_, rest)) = text.split_once("\r\n\r\n") else { continue };
        let (body, _) = web::dechunk(rest);
        let events: Vec<&str> =
            body.split("\n\n").filter(|event| event.contains("data: ")).collect();
        if !events.is_empty() && !is_sent {
            peer.send(&Message::read(request).encode());
            is_sent = true;
        }
        let messages: Vec<&str> =
            events.iter().filter(|event| event.contains("event: message")).copied().collect();
        // The message, and the answer to its sender and at the reply port.
        if messages.len() < 3 || !body.ends_with("\n\n") {
            continue;
        }
        let mut messages: Vec<String> =
            messages[..3].iter().map(|event| event_lines(runtime, event, options)).collect();
        // The two answers go out in any order.
        messages[1..].sort();
        return format!("{}\n{}", event_lines(runtime, events[0], options), messages.join("\n"));
    }
}

fn event_lines(runtime: &Runtime, event: &str, options: &Options) -> String {
    let line = |line: &str| match line.strip_prefix("data: ") {
        Some(data) => format!("data: {}", masked(runtime, data, &options.masks)),
        None => line.into(),
    };
    event.lines().map(line).collect::<Vec<_>>().join("\n")
}
