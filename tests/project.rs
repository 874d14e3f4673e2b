//! The project file while the program runs: changed, broken and mended, with a client connected.

#![cfg(feature = "program")]

use rosc::{OscMessage, OscPacket, OscType, decoder, encoder};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_secs(20);
const SENTENCES: &str = "[models.sentences]\nkind = \"sentences\"\n";
const AVERAGE: &str = "[models.plain]\nkind = \"average\"\n";

/// The program with a project file of its own; both go when this does.
struct Program {
    child: Child,
    file: PathBuf,
    osc_port: u16,
}

impl Program {
    fn start(offset: u16, project: &str) -> Self {
        let file =
            std::env::temp_dir().join(format!("enjamb-{}-{offset}.toml", std::process::id()));
        std::fs::write(&file, format!("[listen]\nannounce = false\n{project}")).unwrap();
        let mut child = Command::new(env!("CARGO_BIN_EXE_enjamb"))
            .args(["run", file.to_str().unwrap(), "--json", "--port-offset", &offset.to_string()])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let greeting: serde_json::Value = serde_json::from_str(&line).unwrap();
        assert_eq!(greeting["osc"], format!("127.0.0.1:{}", 57100 + offset));
        Self { child, file, osc_port: 57100 + offset }
    }

    fn save(&self, project: &str) {
        std::fs::write(&self.file, format!("[listen]\nannounce = false\n{project}")).unwrap();
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = std::fs::remove_file(&self.file);
    }
}

struct Client(TcpStream);

impl Client {
    fn connect(program: &Program) -> Self {
        let stream = TcpStream::connect(("127.0.0.1", program.osc_port)).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        Self(stream)
    }

    /// Sends a message and reads the next one that comes on this connection.
    fn ask(&mut self, address: &str, text: &str) -> OscMessage {
        let args = vec![OscType::String(text.into())];
        let packet = OscPacket::Message(OscMessage { addr: address.into(), args });
        self.0.write_all(&encoder::encode_tcp(&packet).unwrap()).unwrap();
        let mut length = [0; 4];
        self.0.read_exact(&mut length).unwrap();
        let mut bytes = vec![0; u32::from_be_bytes(length) as usize];
        self.0.read_exact(&mut bytes).unwrap();
        match decoder::decode_udp(&bytes).unwrap().1 {
            OscPacket::Message(message) => message,
            OscPacket::Bundle(_) => panic!("no bundle was asked for"),
        }
    }

    /// Why an empty text is refused: there is no such model, or it takes none.
    fn refusal(&mut self, model: &str) -> String {
        let answer = self.ask(&format!("/{model}/embed"), "");
        assert_eq!(answer.addr, format!("/{model}/embed/error"));
        let [OscType::String(words)] = &answer.args[..] else { panic!("{answer:?}") };
        words.clone()
    }

    fn wait_for_refusal(&mut self, model: &str, expected: &str) {
        let began = Instant::now();
        loop {
            let words = self.refusal(model);
            if words.contains(expected) {
                return;
            }
            assert!(began.elapsed() < PATIENCE, "'{words}' lacks '{expected}'");
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

#[test]
fn a_saved_project_changes_models_and_cuts_nobody_off() {
    let program = Program::start(3100, SENTENCES);
    let mut client = Client::connect(&program);
    let (unknown, empty) = ("there is no model", "at least 1 character");
    assert!(client.refusal("plain").contains(unknown));

    program.save(&format!("{SENTENCES}{AVERAGE}"));
    client.wait_for_refusal("plain", empty);
    assert!(client.refusal("sentences").contains(empty));

    // A mistake changes nothing, and the next good file is taken.
    program.save("[models.sentences\n");
    std::thread::sleep(Duration::from_millis(800));
    assert!(client.refusal("plain").contains(empty));
    program.save(AVERAGE);
    client.wait_for_refusal("sentences", unknown);
    assert_eq!(client.ask("/ping", "the same connection").addr, "/pong");
}

#[test]
fn a_mistake_is_told_with_file_line_and_column() {
    let file = std::env::temp_dir().join(format!("enjamb-{}-bad.toml", std::process::id()));
    std::fs::write(&file, "[models.a]\nkind = \"poem\"\n").unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_enjamb")).arg("run").arg(&file).output().unwrap();
    std::fs::remove_file(&file).unwrap();
    assert!(!output.status.success());
    let words = String::from_utf8_lossy(&output.stderr);
    let expected = "line 2, column 8: unknown kind 'poem': expected poetry, sentences, average";
    assert!(words.contains(expected), "{words}");
}
