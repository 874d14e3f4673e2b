//! Real peers, as child processes, against a runtime that hosts the real sentence encoder.
//!
//! `tests/install-peers.sh` installs what they need; a peer that is missing fails its test.

#![cfg(feature = "program")]

mod common;
#[path = "common/peer.rs"]
mod peer;

use common::*;
use enjamb::net::settings::Listen;
use enjamb::{Project, Runtime};
use peer::*;
use std::path::PathBuf;
use std::process::Command;
use std::time::Instant;

const TEXT: &str = "Two roads diverged in a yellow wood. And sorry I could not travel both.";

fn sentences(listen: Listen) -> Runtime {
    let project = "send = []\n[models.sentences]\nkind = \"sentences\"\n";
    let project = Project::parse(project).unwrap();
    let runtime =
        Runtime::builder().with_shipped_files().project(project).listen(listen).start().unwrap();
    runtime.wait_until_started();
    runtime
}

fn script(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/peers").join(name)
}

fn oscsend(port: u16, args: &[&str]) {
    let done = Command::new("oscsend").args(["127.0.0.1", &port.to_string()]).args(args).status();
    let done = done.expect("oscsend is missing: install liblo-tools");
    assert!(done.success());
}

#[test]
fn liblo_hears_two_sentences_and_two_vectors_on_the_reply_port() {
    let reply_port = free_port();
    let runtime = sentences(Listen { reply_port, ..listen() });
    let mut dump =
        Peer::start(Command::new("oscdump").args(["-L", &reply_port.to_string()]), "liblo-tools");
    let port = osc(&runtime).port();
    // oscdump says nothing when it is ready, so it is asked until it shows a first answer.
    let ready = Instant::now();
    while !dump.lines.try_recv().is_ok_and(|line| line.contains("/pong")) {
        assert!(ready.elapsed() < PATIENCE, "oscdump shows nothing");
        oscsend(port, &["/ping", "s", "ready"]);
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    oscsend(port, &["/sentences/embed", "s", TEXT]);
    let (first, second) = TEXT.split_at(TEXT.find(" And").unwrap());
    for (n, sentence) in [first, second.trim()].iter().enumerate() {
        let line = dump.hear(&["/sentences/embed/sentences iis"]);
        assert!(line.contains(&format!("iis {n} 2 \"{sentence}\"")), "{line}");
    }
    let address = "/sentences/embed/embeddings";
    for n in 0..2 {
        let line = dump.hear(&[address]);
        let words: Vec<&str> = line[line.find(address).unwrap()..].split_whitespace().collect();
        assert_eq!(words[1], format!("ii{}", "f".repeat(512)));
        assert_eq!(words[2..4], [n.to_string(), "2".to_string()]);
        let floats: Vec<f32> = words[4..].iter().map(|word| word.parse().unwrap()).collect();
        assert_eq!(floats.len(), 512);
        let norm: f32 = floats.iter().map(|float| float * float).sum::<f32>().sqrt();
        // oscdump prints six decimals.
        assert!((norm - 1.0).abs() < 1e-3, "{norm}");
    }
    oscsend(port, &["/sentences/embed", "i", "3"]);
    dump.hear(&["/sentences/embed/error", "expected text, not empty, got the int 3"]);
}

#[test]
fn python_osc_speaks_both_ways() {
    let runtime = sentences(listen());
    let python = installed().join("venv/bin/python");
    let port = osc(&runtime).port().to_string();
    let mut peer =
        Peer::start(Command::new(python).arg(script("peer.py")).arg(port), "pip: python-osc");
    peer.hear(&["ok"]);
}

#[test]
fn pure_data_sends_and_hears() {
    let reply_port = free_port();
    let runtime = sentences(Listen { reply_port, ..listen() });
    let patch = std::fs::read_to_string(script("peer.pd")).unwrap();
    let patch = patch
        .replace("OSC_PORT", &osc(&runtime).port().to_string())
        .replace("REPLY_PORT", &reply_port.to_string());
    let dir = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("pd-{}", std::process::id()));
    std::fs::create_dir_all(&dir).unwrap();
    std::fs::write(dir.join("peer.pd"), patch).unwrap();
    let mut pd = Peer::start(
        Command::new("pd")
            .args(["-nogui", "-noaudio", "-nomidi", "-nrt", "-noprefs", "-stderr", "peer.pd"])
            .current_dir(&dir)
            .env("HOME", &dir),
        "puredata-core",
    );
    let line = pd.hear(&["result:"]);
    let similarity: f32 = line.split_whitespace().last().unwrap().parse().unwrap();
    assert!(similarity > 0.0 && similarity < 0.9, "{line}");
    pd.hear(&["sentence:", "0 2 One", "line."]);
    pd.hear(&["sentence:", "1 2 Another"]);
    pd.hear(&["floats: 514"]);
    pd.hear(&["floats: 514"]);
    drop(pd);
    std::fs::remove_dir_all(&dir).unwrap();
}

#[test]
fn supercollider_sends_and_hears_over_udp_and_tcp() {
    let runtime = sentences(listen());
    let dir = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("sc-{}", std::process::id()));
    std::fs::create_dir_all(&dir).unwrap();
    let mut sclang = Peer::start(
        Command::new("sclang")
            .arg("-D")
            .arg(script("peer.scd"))
            .env("HOME", &dir)
            .env("XDG_RUNTIME_DIR", &dir)
            .env("XDG_CONFIG_HOME", &dir)
            .env("XDG_DATA_HOME", &dir)
            .env("QT_QPA_PLATFORM", "offscreen")
            .env("QTWEBENGINE_DISABLE_SANDBOX", "1")
            .env("ENJAMB_OSC", osc(&runtime).port().to_string()),
        "supercollider-language",
    );
    for transport in ["udp", "tcp"] {
        sclang.hear(&["sent over", transport]);
        if transport == "udp" {
            // sclang writes T and F for its truths, and its arrays as arguments of their own.
            sclang.hear(&["pong", "word"]);
        }
        let line = sclang.hear(&["similarity 0."]);
        let similarity: f32 = line.split_whitespace().last().unwrap().parse().unwrap();
        assert!(similarity > 0.5, "{line}");
        sclang.hear(&["sentence", "0, 2, One line."]);
        sclang.hear(&["sentence", "1, 2, Another line."]);
        sclang.hear(&["vector 0 of 512 floats"]);
        sclang.hear(&["vector 1 of 512 floats"]);
    }
    drop(sclang);
    let _ = std::fs::remove_dir_all(&dir);
}

fn osc_js(transport: &str, port: u16) {
    let modules = installed().join("node_modules");
    let osc = modules.join("osc");
    assert!(osc.exists(), "osc.js is missing: npm install osc@2.4, or run tests/install-peers.sh");
    let mut peer = Peer::start(
        Command::new("node")
            .arg(script("peer.js"))
            .args([transport, &port.to_string()])
            .env("NODE_PATH", modules),
        "nodejs",
    );
    peer.hear(&["ok"]);
}

#[test]
fn osc_js_speaks_over_websocket() {
    let runtime = sentences(listen());
    osc_js("websocket", http_address(&runtime).port());
}

#[test]
fn osc_js_speaks_slip_over_tcp() {
    let runtime = sentences(listen());
    osc_js("tcp", osc(&runtime).port());
}

#[test]
fn zeroconf_finds_the_runtime_on_this_computer() {
    let runtime = sentences(Listen { announce: true, ..listen() });
    let (http, osc) = (http_address(&runtime).port(), osc(&runtime).port());
    let python = installed().join("venv/bin/python");
    let mut peer = Peer::start(
        Command::new(python).arg(script("discover.py")).args([http.to_string(), osc.to_string()]),
        "pip: zeroconf",
    );
    peer.hear(&["ok"]);
}
