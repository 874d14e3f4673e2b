//! The program's commands, run as people run them: doctor, monitor, models, describe and query.

#![cfg(feature = "program")]

#[path = "common/program.rs"]
mod common;

use common::{PATIENCE, Running, complained, eventually, free_offset, message, run, said};
use serde_json::Value as Json;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, UdpSocket};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

fn doctor(port_offset: u16) -> (Json, bool) {
    let output = run(port_offset, &["doctor", "--json"]);
    let report = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{error} in {}", said(&output)));
    (report, output.status.success())
}

fn finding<'a>(report: &'a Json, check: &str) -> &'a Json {
    let findings = report["findings"].as_array().unwrap();
    findings.iter().find(|finding| finding["check"] == check).unwrap()
}

#[test]
fn doctor_finds_all_well_where_nothing_runs() {
    let (report, is_well) = doctor(free_offset());
    assert!(is_well && report["well"] == true, "{report:#}");
    assert!(report["running"].is_null());
    for check in ["OSC over UDP", "OSC over TCP", "HTTP", "replies"] {
        assert_eq!(finding(&report, check)["data"]["state"], "free");
    }
    assert_eq!(finding(&report, "loopback")["data"]["lost"], 0);
    assert!(finding(&report, "datagrams")["data"]["largest"].as_u64().unwrap() > 2600);
    assert_eq!(finding(&report, "model files")["mark"], "ok");
}

#[test]
fn doctor_finds_a_running_enjamb_and_pings_it() {
    let runtime = Running::start();
    let (report, is_well) = doctor(runtime.port_offset);
    assert!(is_well, "{report:#}");
    for check in ["OSC over UDP", "OSC over TCP", "HTTP"] {
        assert_eq!(finding(&report, check)["data"]["state"], "enjamb");
    }
    assert!(finding(&report, "ping")["data"]["milliseconds"].as_f64().unwrap() > 0.0);
    assert_eq!(report["running"]["enjamb"], env!("CARGO_PKG_VERSION"));
}

#[test]
fn doctor_says_who_has_taken_a_port_and_what_to_do() {
    let port_offset = free_offset();
    let _udp = UdpSocket::bind(("127.0.0.1", 57100 + port_offset)).unwrap();
    let _tcp = TcpListener::bind(("127.0.0.1", 8000 + port_offset)).unwrap();
    let (report, is_well) = doctor(port_offset);
    assert!(!is_well);
    for check in ["OSC over UDP", "HTTP"] {
        let finding = finding(&report, check);
        assert_eq!(finding["mark"], "fix");
        assert!(finding["next"].as_str().unwrap().contains("--port-offset"), "{finding}");
        if cfg!(target_os = "linux") {
            assert_eq!(finding["data"]["by"]["process"], std::process::id());
        }
    }
    assert_eq!(finding(&report, "OSC over TCP")["mark"], "ok");
    let output = run(port_offset, &["doctor"]);
    assert!(said(&output).contains("FIX   OSC over UDP"), "{}", said(&output));
    assert!(complained(&output).contains("2 things need to be done"));
}

/// The JSON lines of a program that goes on for ever.
fn json_lines(runtime: &mut Running) -> mpsc::Receiver<Json> {
    let (sender, lines) = mpsc::channel();
    let output = BufReader::new(runtime.child.stdout.take().unwrap());
    std::thread::spawn(move || {
        for line in output.lines().map_while(Result::ok) {
            if sender.send(serde_json::from_str(&line).unwrap()).is_err() {
                break;
            }
        }
    });
    lines
}

fn wait_for(lines: &mpsc::Receiver<Json>, what: &str, is_it: impl Fn(&Json) -> bool) -> Json {
    let began = Instant::now();
    loop {
        let left = PATIENCE.saturating_sub(began.elapsed());
        let line = lines.recv_timeout(left).unwrap_or_else(|_| panic!("no {what} came"));
        if is_it(&line) {
            return line;
        }
    }
}

fn start_monitor(port_offset: u16, arguments: &[&str]) -> Running {
    let mut command = common::enjamb(port_offset, arguments);
    Running::new(command.stdout(Stdio::piped()).spawn().unwrap(), port_offset)
}

#[test]
fn monitor_tells_of_messages_both_ways_and_of_junk() {
    let runtime = Running::start();
    let mut monitor = start_monitor(runtime.port_offset, &["monitor", "--json"]);
    let lines = json_lines(&mut monitor);
    // It takes a moment until the monitor watches.
    eventually("a first message", || {
        runtime.send(&message("/ping", "early"));
        lines.try_recv().ok()
    });
    let socket = runtime.send(&message("/ping", "霧"));
    let port = format!(":{}", socket.local_addr().unwrap().port());
    let is_ours = |line: &Json| line["peer"].as_str().unwrap().ends_with(&port);
    let ping = wait_for(&lines, "/ping", is_ours);
    assert_eq!((&ping["direction"], &ping["address"]), (&"in".into(), &"/ping".into()));
    assert_eq!(ping["arguments"], "\"霧\"");
    let pong = wait_for(&lines, "/pong", is_ours);
    assert_eq!((&pong["direction"], &pong["address"]), (&"out".into(), &"/pong".into()));
    runtime.send(b"\xffjunk");
    let error = wait_for(&lines, "error", |line| line["direction"] == "error");
    assert!(error["arguments"].as_str().unwrap().contains("no OSC"), "{error}");
}

#[test]
fn monitor_finds_a_runtime_that_comes_back_and_ends_when_nobody_reads() {
    let runtime = Running::start();
    let port_offset = runtime.port_offset;
    let mut monitor = start_monitor(port_offset, &["monitor"]);
    let mut output = BufReader::new(monitor.child.stdout.take().unwrap());
    let _pings = Pings::start(runtime.osc_port());
    let mut expect_ping = || {
        let mut line = String::new();
        output.read_line(&mut line).unwrap();
        assert!(line.contains("/ping \"again\"") || line.contains("/pong \"again\""), "{line:?}");
    };
    expect_ping();
    drop(runtime);
    let _runtime = Running::start_at(port_offset);
    // What was written before it went takes no longer than this to read.
    (0..200).for_each(|_| expect_ping());
    drop(output);
    let status = eventually("the monitor's end", || monitor.child.try_wait().unwrap());
    assert!(status.success());
}

/// Somebody who sends without end.
struct Pings(Arc<AtomicBool>);

impl Pings {
    fn start(port: u16) -> Self {
        let is_over = Arc::new(AtomicBool::new(false));
        let seen = Arc::clone(&is_over);
        std::thread::spawn(move || {
            let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
            while !seen.load(Relaxed) {
                // While nobody listens the system may say so.
                let _ = socket.send_to(&message("/ping", "again"), ("127.0.0.1", port));
                std::thread::sleep(Duration::from_millis(10));
            }
        });
        Self(is_over)
    }
}

impl Drop for Pings {
    fn drop(&mut self) {
        self.0.store(true, Relaxed);
    }
}

/// Runs the monitor in a real terminal of 80x24, types, and answers all that was written there.
#[cfg(target_os = "linux")]
fn in_terminal(port_offset: u16, keys: &str, wait_for: &str) -> String {
    let program = env!("CARGO_BIN_EXE_enjamb");
    let line = format!(
        "stty rows 24 cols 80; '{program}' monitor --port-offset {port_offset}; echo ended=$?; stty -a"
    );
    let child = Command::new("script")
        .args(["-qec", &line, "/dev/null"])
        .env("TERM", "xterm-256color")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("script, of util-linux");
    let mut terminal = Running::new(child, port_offset);
    let mut keyboard = terminal.child.stdin.take().unwrap();
    let mut output = terminal.child.stdout.take().unwrap();
    let (sender, pieces) = mpsc::channel();
    std::thread::spawn(move || {
        let mut buffer = [0; 4096];
        while let Ok(n @ 1..) = output.read(&mut buffer) {
            let _ = sender.send(buffer[..n].to_vec());
        }
    });
    let mut seen = Vec::new();
    let text = |seen: &[u8]| String::from_utf8_lossy(seen).into_owned();
    eventually(wait_for, || {
        seen.extend(pieces.try_iter().flatten());
        text(&seen).contains(wait_for).then_some(())
    });
    for key in keys.bytes() {
        keyboard.write_all(&[key]).unwrap();
        // An escape with a letter right behind it would be another key.
        std::thread::sleep(Duration::from_millis(100));
    }
    eventually("the monitor's end", || {
        seen.extend(pieces.try_iter().flatten());
        text(&seen).contains("ended=").then_some(())
    });
    eventually("the terminal's end", || terminal.child.try_wait().unwrap());
    seen.extend(pieces.iter().flatten());
    text(&seen)
}

#[cfg(target_os = "linux")]
#[test]
fn monitor_draws_on_a_terminal_and_leaves_it_as_it_was() {
    const ENTER_SCREEN: &str = "\x1b[?1049h";
    const LEAVE_SCREEN: &str = "\x1b[?1049l";
    const SHOW_CURSOR: &str = "\x1b[?25h";
    let runtime = Running::start();
    for keys in ["q", "\x1b", "\x03", "hpeec/ping\rq", "/\x1bq"] {
        let seen = in_terminal(runtime.port_offset, keys, "everything");
        let (_, screen) = seen.split_once(ENTER_SCREEN).expect("a screen of its own");
        let (screen, after) = screen.split_once(LEAVE_SCREEN).expect("the screen is left");
        assert!(screen.contains("ERRORS"), "{keys:?}: {screen:?}");
        assert!(after.contains(SHOW_CURSOR) && after.contains("ended=0"), "{keys:?}: {after:?}");
        // What raw mode had switched off.
        for setting in ["icanon", "echo", "isig"] {
            assert!(after.split_whitespace().any(|word| word == setting), "{keys:?}: {after:?}");
        }
    }
}

#[test]
fn monitor_without_a_runtime_says_how_to_start_one() {
    let output = run(free_offset(), &["monitor"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(complained(&output).contains("Start one with `enjamb`"), "{}", complained(&output));
}

#[test]
fn models_describe_and_query_are_the_same_with_and_without_a_runtime() {
    let runtime = Running::start();
    let sentences = ["a=The dove descends.", "b=A bird comes down."];
    let mut answers = Vec::new();
    for port_offset in [free_offset(), runtime.port_offset] {
        let models = run(port_offset, &["models"]);
        assert!(said(&models).contains("/sentences/similarity"), "{}", said(&models));
        let describe = run(port_offset, &["describe", "sentences"]);
        assert!(said(&describe).contains("/sentences/embed"), "{}", said(&describe));
        let one = run(port_offset, &["describe", "/sentences/similarity"]);
        assert!(said(&one).starts_with("/sentences/similarity"), "{}", said(&one));
        assert!(!said(&one).contains("/sentences/embed"), "{}", said(&one));
        let query = ["query", "sentences", "similarity", sentences[0], sentences[1], "--json"];
        let query = run(port_offset, &query);
        assert!(query.status.success(), "{}", complained(&query));
        answers.push(serde_json::from_slice::<Json>(&query.stdout).unwrap());
    }
    let similarity = answers[0].as_object().unwrap().values().next().unwrap().as_f64().unwrap();
    assert!((0.2..1.0).contains(&similarity), "{similarity}");
    assert_eq!(answers[0], answers[1]);
}

#[test]
fn what_ships_runs_by_its_name() {
    let runtime = Running::start_shipped("answer");
    let models = run(runtime.port_offset, &["models"]);
    assert!(said(&models).contains("answer"), "{}", said(&models));
    let chain = run(runtime.port_offset, &["describe", "answer"]);
    assert!(said(&chain).contains("/answer/say"), "{}", said(&chain));
    let wrong = run(free_offset(), &["run", "answr"]);
    assert_eq!(wrong.status.code(), Some(1));
    for name in ["default", "echo", "choir", "answer"] {
        assert!(complained(&wrong).contains(name), "{}", complained(&wrong));
    }
    // What nodes can run is the same without a runtime.
    for port_offset in [free_offset(), runtime.port_offset] {
        let parts = run(port_offset, &["describe", "adapt"]);
        for part in ["walk", "inlet", "adapt/first", "adapt/fresh", "adapt/counter"] {
            assert!(said(&parts).contains(part), "no {part} in {}", said(&parts));
        }
    }
}

#[test]
fn wrong_names_get_useful_words() {
    let runtime = Running::start();
    for port_offset in [free_offset(), runtime.port_offset] {
        for (arguments, expected) in [
            (&["describe", "sentence"] as &[&str], "sentences"),
            (&["describe", "voyag"], "did you mean 'voyage'?"),
            (&["describe", "sentences/compare"], "similarity"),
            (&["describe", "adapt/compare"], "adapt/first"),
            (&["query", "poem", "embed"], "sentences"),
            (&["query", "sentences", "compare"], "'compare', only embed"),
            (&["query", "sentences", "embde"], "did you mean 'embed'?"),
            (&["query", "sentences", "similarity", "c=1"], "'c'"),
            (&["query", "sentences", "similarity", "bare"], "name=value"),
        ] {
            let output = run(port_offset, arguments);
            assert_eq!(output.status.code(), Some(1), "{arguments:?}");
            let words = complained(&output);
            assert!(words.contains(expected), "{arguments:?}: {words}");
            assert!(words.starts_with("enjamb: ") && !words.contains("panicked"), "{words}");
        }
    }
}
