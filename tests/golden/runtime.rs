//! A runtime for transcripts: the default project's models and chain, a seed, and one listed destination.

use super::common::{Running, enjamb, free_offset};
use super::web;
use serde_json::Value as Json;
use std::io::{BufRead, BufReader};
use std::net::UdpSocket;
use std::path::{Path, PathBuf};
use std::process::Stdio;

/// Runs draw their seeds from this, the model's name and the run's number.
const PROJECT: &str = r#"
include = "default"
seed = 7

[listen]
announce = false
allow_origins = ["http://friend.example"]

[[send]]
to = "127.0.0.1:<destination>"
only = ["/sentences/embed", "/poetry/reconstruct", "/map/place"]
ascii = true
bundle = true
mtu = 1400

[models.poetry]
kind = "poetry"

[models.sentences]
kind = "sentences"

[models.average]
kind = "average"

[models.map]
kind = "map"
options = { folder = "<folder>/maps" }
"#;

/// A program that runs until this is dropped.
pub struct Runtime {
    running: Running,
    /// Where its project file and what it writes lie.
    pub folder: PathBuf,
    /// Where the project sends.
    pub destination: UdpSocket,
    /// What it says when it is ready.
    pub ready: Json,
}

impl Runtime {
    /// One that answers, in a folder of its own.
    pub fn start(name: &str) -> Self {
        let folder = new_folder(name);
        let destination = UdpSocket::bind("127.0.0.1:0").unwrap();
        let port = destination.local_addr().unwrap().port();
        let project = PROJECT
            .replace("<destination>", &port.to_string())
            .replace("<folder>", folder.to_str().unwrap());
        std::fs::write(folder.join("show.toml"), project).unwrap();
        let port_offset = free_offset();
        let mut command = enjamb(port_offset, &["run", "show.toml", "--json"]);
        command.current_dir(&folder).env_remove("ENJAMB_MODELS").stdout(Stdio::piped());
        command.stderr(Stdio::null());
        let mut child = command.spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let ready = serde_json::from_str(&line).expect("a line of JSON when it is ready");
        Self { running: Running::new(child, port_offset), folder, destination, ready }
    }

    pub fn port_offset(&self) -> u16 {
        self.running.port_offset
    }

    pub fn osc_port(&self) -> u16 {
        self.running.osc_port()
    }

    pub fn http_port(&self) -> u16 {
        8000 + self.port_offset()
    }

    pub fn reply_port(&self) -> u16 {
        57200 + self.port_offset()
    }

    /// `GET`, as JSON.
    pub fn json(&self, path: &str) -> Json {
        let answer = web::ask(self.http_port(), "GET", path, &[], b"");
        serde_json::from_str(&answer.body).unwrap_or_else(|error| panic!("{path}: {error}"))
    }

    /// Returns when a model has done all that it was asked for before: it takes its runs in order, and
    /// this is one more. It brings a seed and is private, so it changes nothing, and it fails soon.
    pub fn await_model(&self, model: &str) {
        let (command, body) = match model {
            "poetry" => ("encode", r#"{"text":" "}"#),
            // The map answers what only asks while it lays out; a load waits.
            "map" => ("load", r#"{"name":"none-of-that-name"}"#),
            _ => ("embed", r#"{"text":" "}"#),
        };
        let path = format!("/models/{model}/{command}?private=true&seed=1");
        let answer = web::ask(self.http_port(), "POST", &path, &[], body.as_bytes());
        assert_eq!(answer.status, 422, "{path}: {answer:?}");
    }

    /// How many runs of a model are over.
    pub fn n_runs(&self, model: &str) -> u64 {
        let status = self.json("/status");
        let models = status["models"].as_array().unwrap();
        let model = models.iter().find(|known| known["name"] == model).expect("it is hosted");
        ["succeeded", "failed"].iter().map(|count| model[count].as_u64().unwrap()).sum()
    }
}

impl Drop for Runtime {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// An empty folder for one test.
pub fn new_folder(name: &str) -> PathBuf {
    let folder = std::env::temp_dir().join(format!("enjamb-golden-{}-{name}", std::process::id()));
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

/// A text in which the folder is named by a word.
pub fn without_folder(text: &str, folder: &Path) -> String {
    text.replace(folder.to_str().unwrap(), "<folder>")
}

/// A text in which the ports of a runtime, or of one that would run here, are named by words.
pub fn without_ports(text: &str, port_offset: u16) -> String {
    let ports = [(57100, "<osc port>"), (57200, "<reply port>"), (8000, "<http port>")];
    ports.iter().fold(text.to_string(), |text, (port, name)| {
        replace_number(&text, port + port_offset, name)
    })
}

/// Replaces a number where it stands by itself, and not as digits of another.
fn replace_number(text: &str, number: u16, name: &str) -> String {
    let digits = number.to_string();
    let (mut done, mut rest) = (String::new(), text);
    while let Some(at) = rest.find(&digits) {
        let (before, after) = (&rest[..at], &rest[at + digits.len()..]);
        let is_part = before.ends_with(|char: char| char.is_ascii_digit() || char == '.')
            || after.starts_with(|char: char| char.is_ascii_digit());
        done += before;
        done += if is_part { &digits } else { name };
        rest = after;
    }
    done + rest
}
