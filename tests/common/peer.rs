//! Other programs as child processes, whose lines are read as they come.
#![allow(dead_code, reason = "each test file uses a part")]

use crate::common::{PATIENCE, Udp};
use std::io::{BufRead, BufReader, ErrorKind, Read};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::time::Instant;

/// Where `install-peers.sh` puts what is not the system's.
pub fn installed() -> PathBuf {
    let named = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
    let cache = || match (named("XDG_CACHE_HOME"), named("HOME")) {
        (Some(cache), _) => PathBuf::from(cache),
        (None, home) => PathBuf::from(home.unwrap_or("/root".into())).join(".cache"),
    };
    named("ENJAMB_PEERS").map_or_else(|| cache().join("enjamb-peers"), PathBuf::from)
}

/// A port that was free a moment ago.
pub fn free_port() -> u16 {
    Udp::ear().port()
}

/// A child process whose lines are read as they come; it ends with the test.
pub struct Peer {
    child: Child,
    /// What it said and nobody has read yet.
    pub lines: Receiver<String>,
    heard: Vec<String>,
}

impl Drop for Peer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Peer {
    #[track_caller]
    /// Starts a program; `package` is what to install where it is missing.
    pub fn start(command: &mut Command, package: &str) -> Self {
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = match command.spawn() {
            Ok(child) => child,
            Err(error) if error.kind() == ErrorKind::NotFound => {
                panic!("{command:?} is missing: install {package}, or run tests/install-peers.sh")
            }
            Err(error) => panic!("{command:?}: {error}"),
        };
        let (sender, lines) = mpsc::channel();
        let outputs: [Box<dyn Read + Send>; 2] =
            [Box::new(child.stdout.take().unwrap()), Box::new(child.stderr.take().unwrap())];
        for output in outputs {
            let sender = sender.clone();
            std::thread::spawn(move || {
                for line in BufReader::new(output).split(b'\n').map_while(Result::ok) {
                    let _ = sender.send(String::from_utf8_lossy(&line).into_owned());
                }
            });
        }
        Self { child, lines, heard: Vec::new() }
    }

    /// The next line that has all of these words; those before it are passed over.
    #[track_caller]
    pub fn hear(&mut self, words: &[&str]) -> String {
        let until = Instant::now() + PATIENCE;
        loop {
            let left = until.saturating_duration_since(Instant::now());
            match self.lines.recv_timeout(left) {
                Ok(line) => {
                    self.heard.push(line.chars().take(200).collect());
                    if words.iter().all(|word| line.contains(word)) {
                        return line;
                    }
                }
                Err(_) => panic!(
                    "{words:?} never came; it may lack a package that tests/install-peers.sh \
                     installs. It said:\n{}",
                    self.heard.join("\n")
                ),
            }
        }
    }
}
