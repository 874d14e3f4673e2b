//! The program's commands: a recording of the real models, sent again, and a pack that needs nothing else.

use super::common::{Udp, f, i, s};
use super::program::{Running, complained, eventually, free_offset, said};
use rosc::OscType;
use serde_json::Value as Json;
use std::io::{BufRead, BufReader};
use std::net::UdpSocket;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::Duration;

fn new_folder(name: &str) -> PathBuf {
    let folder = std::env::temp_dir().join(format!("enjamb-{}-{name}", std::process::id()));
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

fn in_folder(folder: &Path, program: &Path, port_offset: u16, arguments: &[&str]) -> Command {
    let mut command = Command::new(program);
    command.args(arguments).args(["--port-offset", &port_offset.to_string(), "--json"]);
    command.current_dir(folder).env_remove("RUST_LOG").env_remove("ENJAMB_MODELS");
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

fn json(output: &Output) -> Json {
    serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{error}: {} {}", said(output), complained(output)))
}

/// Ends a program as ctrl-c does.
#[cfg(unix)]
fn interrupt(running: &Running) {
    let pid = running.child.id().to_string();
    assert!(Command::new("kill").args(["-INT", &pid]).status().unwrap().success());
}

fn start(mut command: Command, port_offset: u16) -> Running {
    let mut child = command.spawn().unwrap();
    let mut line = String::new();
    let mut out = BufReader::new(child.stdout.take().unwrap());
    out.read_line(&mut line).unwrap();
    child.stdout = Some(out.into_inner());
    assert!(line.contains("\"osc\""), "{line}");
    Running::new(child, port_offset)
}

#[cfg(unix)]
#[test]
fn the_default_project_is_recorded_replayed_sent_and_packed() {
    let folder = new_folder("pack");
    let program = Path::new(env!("CARGO_BIN_EXE_enjamb"));
    let port_offset = free_offset();
    let ear = UdpSocket::bind(("127.0.0.1", 57200 + port_offset)).unwrap();
    let arguments = ["record", "--out", "session.jsonl"];
    let mut recording = start(in_folder(&folder, program, port_offset, &arguments), port_offset);
    let peer = Udp::to_address(([127, 0, 0, 1], recording.osc_port()).into());
    peer.send("/voyage/rate", vec![f(8.0)]);
    peer.send("/voyage/start", vec![]);
    peer.send("/voyage/walk/to", vec![s("The sea is calm tonight.")]);
    peer.send("/poetry/sample", vec![i(2)]);
    let mut n_lines = 0;
    let mut said_then = Vec::new();
    while n_lines < 12 {
        let message = hear(&ear);
        n_lines += usize::from(message.0 == "/voyage/line");
        said_then.push(message);
    }
    interrupt(&recording);
    eventually("the recording's end", || recording.child.try_wait().unwrap());
    said_then.extend(std::iter::from_fn(|| try_hear(&ear)));

    let replayed = in_folder(&folder, program, port_offset, &["replay", "session.jsonl", "--fast"]);
    let replayed = { replayed }.output().unwrap();
    let verdict = json(&replayed);
    assert!(replayed.status.success() && verdict["different"] == 0, "{verdict:#}");
    assert!(verdict["same"].as_u64().unwrap() >= 24 && verdict["cut_off"] == false, "{verdict:#}");

    // What the destination hears is what it heard, in whatever order the models' threads sent it.
    let sent = in_folder(&folder, program, port_offset, &["replay", "session.jsonl", "--send"]);
    let sent = { sent }.output().unwrap();
    assert!(sent.status.success() && json(&sent)["whole"] == true, "{}", complained(&sent));
    let mut said_now: Vec<_> = std::iter::from_fn(|| try_hear(&ear)).collect();
    let is_voyage = |message: &(String, Vec<OscType>)| message.0.starts_with("/voyage/");
    said_then.retain(is_voyage);
    said_now.retain(is_voyage);
    assert_eq!(said_now, said_then);

    let arguments = ["pack", "--out", "packed", "--recording", "session.jsonl"];
    let packed = { in_folder(&folder, program, port_offset, &arguments) }.output().unwrap();
    assert!(packed.status.success(), "{}", complained(&packed));
    let again = { in_folder(&folder, program, port_offset, &arguments) }.output().unwrap();
    assert!(complained(&again).contains("is not empty"), "{}", complained(&again));
    // It lies elsewhere on another day.
    let elsewhere = new_folder("elsewhere").join("in ten years");
    std::fs::rename(folder.join("packed"), &elsewhere).unwrap();
    let mut sums = Command::new("sha256sum");
    sums.args(["-c", "--quiet", "checksums.sha256"]);
    let sums = { sums }.current_dir(&elsewhere).status().unwrap();
    assert!(sums.success());
    let own = elsewhere.join("enjamb");
    let report = { in_folder(&folder, &own, port_offset, &["doctor"]) }.output().unwrap();
    let report = json(&report);
    let findings = report["findings"].as_array().unwrap();
    let folders: Vec<&str> =
        findings.iter().filter_map(|finding| finding["data"]["folder"].as_str()).collect();
    assert_eq!(folders.len(), 4);
    for found in folders {
        assert!(Path::new(found).starts_with(&elsewhere), "{found}");
    }
    let replayed =
        { in_folder(&elsewhere, &own, port_offset, &["replay", "recording.jsonl", "--fast"]) };
    let replayed = { replayed }.output().unwrap();
    assert_eq!(json(&replayed)["same"], verdict["same"], "{}", complained(&replayed));
    // The folder's own project, and its own files: one that is damaged is noticed.
    let running = start(in_folder(&elsewhere, &own, port_offset, &[]), port_offset);
    let peer = Udp::to_address(([127, 0, 0, 1], running.osc_port()).into());
    peer.send("/poetry/sample", vec![]);
    while try_hear_for(&ear, Duration::from_secs(20)).unwrap().0 != "/poetry/sample/lines" {}
    drop(running);
    let words = elsewhere.join("models/average/words.safetensors");
    let mut bytes = std::fs::read(&words).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    std::fs::write(&words, bytes).unwrap();
    let replayed = { in_folder(&elsewhere, &own, port_offset, &["replay", "recording.jsonl"]) };
    let replayed = { replayed }.output().unwrap();
    assert!(complained(&replayed).contains("is another than when this was recorded"));
    std::fs::remove_dir_all(elsewhere.parent().unwrap()).unwrap();
    std::fs::remove_dir_all(folder).unwrap();
}

fn hear(ear: &UdpSocket) -> (String, Vec<OscType>) {
    try_hear_for(ear, Duration::from_secs(20)).expect("a message comes")
}

fn try_hear(ear: &UdpSocket) -> Option<(String, Vec<OscType>)> {
    try_hear_for(ear, Duration::from_millis(300))
}

fn try_hear_for(ear: &UdpSocket, patience: Duration) -> Option<(String, Vec<OscType>)> {
    ear.set_read_timeout(Some(patience)).unwrap();
    let mut buffer = [0; 65_536];
    let n_bytes = ear.recv(&mut buffer).ok()?;
    match rosc::decoder::decode_udp(&buffer[..n_bytes]).unwrap().1 {
        rosc::OscPacket::Message(message) => Some((message.addr, message.args)),
        rosc::OscPacket::Bundle(_) => Some(("a bundle".into(), Vec::new())),
    }
}
