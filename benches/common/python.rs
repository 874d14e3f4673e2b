//! A Python script as a child: a line of JSON asks it, a line of JSON answers.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde_json::Value;

/// A script that runs until this is dropped.
pub struct Python {
    child: Child,
    requests: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Python {
    /// Starts a script of this repository with the interpreter that PYTHON names.
    pub fn start(script: &str, arguments: impl IntoIterator<Item = String>) -> Self {
        let program = std::env::var("PYTHON").unwrap_or_else(|_| "python3".into());
        let mut child = Command::new(program)
            .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join(script))
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("python is there");
        let requests = child.stdin.take().expect("it is piped");
        let answers = BufReader::new(child.stdout.take().expect("it is piped"));
        Self { child, requests, answers }
    }

    /// The answer to a request.
    pub fn ask(&mut self, request: &Value) -> Value {
        writeln!(self.requests, "{request}").expect("the script listens");
        self.requests.flush().expect("the script listens");
        let mut answer = String::new();
        self.answers.read_line(&mut answer).expect("the script answers");
        serde_json::from_str(&answer).expect("the script answers in JSON")
    }
}

impl Drop for Python {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
