//! HTTP as pages and programs see it: the JSON API, events, metrics, OSCQuery, and who may ask.

#![cfg(feature = "program")]

mod common;

use common::*;
use enjamb::Runtime;
use enjamb::net::settings::Listen;
use mdns_sd::{IfKind, ServiceDaemon, ServiceEvent};
use rosc::OscPacket;
use serde_json::{Value as Json, json};
use std::collections::HashMap;
use std::io::{BufRead, BufReader};
use std::net::TcpStream;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};

fn served() -> (Runtime, std::net::SocketAddr) {
    let runtime = runtime();
    let to = http_address(&runtime);
    (runtime, to)
}

#[test]
fn models_and_commands_are_described() {
    let (_runtime, to) = served();
    let models = get(to, "/models");
    assert_eq!(models.status, 200);
    assert_eq!(models.header("content-type"), Some("application/json"));
    let models = models.json();
    let names: Vec<_> = models.as_array().unwrap().iter().map(|m| &m["name"]).collect();
    assert_eq!(names, ["echo", "count", "fragile"]);
    let echo = get(to, "/models/echo").json();
    assert_eq!(echo["status"], "RUNNING");
    assert_eq!(echo["commands"][0]["inputs"][1]["type"], "number");
    let up = get(to, "/models/count/up").json();
    assert_eq!(up["inputs"][0]["max"], 10_000);
    assert_eq!(get(to, "/chains").json(), json!([]));
    let status = get(to, "/status").json();
    assert_eq!(status["models"][0]["name"], "echo");
    let page = answer(ask(to, "GET /", &[("Accept", "text/html")], ""));
    assert!(page.header("content-type").unwrap().starts_with("text/html"));
}

#[test]
fn a_run_answers_json_or_an_error_in_words() {
    let (_runtime, to) = served();
    let ok = |path: &str, body: &str, expected: Json| {
        let answer = post(to, path, body);
        assert_eq!((answer.status, answer.json()), (200, expected), "{path} {body}");
    };
    ok("/models/echo/pair", r#"{"a":"x","b":2}"#, json!({"out": "x 2"}));
    ok("/models/echo/pair", "", json!({"out": "held 1"}));
    ok("/models/echo/pair", "{}", json!({"out": "held 1"}));
    ok("/models/echo/texts", r#"{"value":["Ő",""]}"#, json!({"out": ["Ő", ""]}));
    ok("/models/echo/vector", r#"{"value":[0.1,1e-7,-2]}"#, json!({"out": [0.1, 1e-7, -2.0]}));
    ok("/models/echo/any", r#"{"value":{"k":[null]}}"#, json!({"out": {"k": [null]}}));
    let refused = |path: &str, body: &str, status: u16, words: &str| {
        let answer = post(to, path, body);
        assert_eq!(answer.status, status, "{path} {body}: {answer:?}");
        let said = answer.json()["error"].as_str().unwrap().to_string();
        assert!(said.contains(words), "{path} {body}: '{said}' lacks '{words}'");
    };
    refused("/models/nobody/pair", "{}", 404, "only echo, count, fragile");
    refused("/models/echo/none", "{}", 404, "no command 'none'");
    refused("/models/echo/pair", "[1]", 400, "expected a JSON object");
    refused("/models/echo/pair", "{", 400, "must be a JSON object");
    refused("/models/echo/pair", r#"{"c":1}"#, 400, "unknown input 'c': expected a, b");
    refused("/models/echo/pair", r#"{"b":"2"}"#, 400, "b: expected a number");
    refused("/models/echo/pair", r#"{"b":10}"#, 400, "b:");
    refused("/models/echo/vector", "{}", 400, "value is missing");
    refused("/models/echo/any", &format!("{{\"value\":{}", "[".repeat(100_000)), 400, "recursion");
    refused("/models/fragile/fail", "", 422, "the glass is empty");
    refused("/models/fragile/break", "", 422, "panicked: a glass fell");
    refused("/elsewhere", "{}", 404, "/models/MODEL/COMMAND");
    ok("/models/fragile/work", "", json!({"done": true}));
    // A body that is too long is refused as well, in words.
    let long = post(to, "/models/echo/text", &"x".repeat(33 << 20));
    assert_eq!(long.status, 413);
    let seeded = post(to, "/models/count/chance?seed=7", "").json();
    assert_eq!(post(to, "/models/count/chance?seed=7", "").json(), seeded);
    assert_ne!(post(to, "/models/count/chance?seed=8", "").json(), seeded);
    assert_eq!(post(to, "/models/count/chance?seed=x", "").status, 400);
    let began = Instant::now();
    refused("/models/count/wait?deadline_ms=80", r#"{"ms":20000}"#, 422, "deadline passed");
    assert!((80..5_000).contains(&began.elapsed().as_millis()));
}

#[test]
fn images_come_in_as_data_uris_and_go_out_as_they_came() {
    use base64::Engine;
    let uri = |kind: &str, bytes: &[u8]| {
        let text = base64::engine::general_purpose::STANDARD.encode(bytes);
        format!("data:image/{kind};base64,{text}")
    };
    let (_runtime, to) = served();
    let echo = |command: &str, value: &str| {
        let body = json!({ "value": value }).to_string();
        let answer = post(to, &format!("/models/echo/{command}"), &body);
        let json = answer.json();
        let said = json["out"].as_str().or(json["error"].as_str()).unwrap().to_string();
        (answer.status, said)
    };
    let mut png = Vec::new();
    let mut encoder = png::Encoder::new(&mut png, 2, 1);
    encoder.set_color(png::ColorType::Grayscale);
    encoder.write_header().unwrap().write_image_data(&[0, 1]).unwrap();
    let grey = uri("png", &png);
    assert_eq!(echo("image", &grey), (200, grey.clone()));
    // Ids come back in the colours of their classes.
    let (status, colored) = echo("segmentation", &grey);
    assert!(status == 200 && colored.starts_with("data:image/png;base64,") && colored != grey);
    assert_eq!(echo("segmentation", &colored), (200, colored.clone()));
    let raw = uri("x-portable-anymap", b"P5 2 1 255 \0\x01");
    assert_eq!(echo("segmentation", &raw), (200, colored));
    assert!(echo("image", &raw).1.starts_with("data:image/jpeg;base64,"));
    // A header that can't be read is refused at once, what is behind it by the run.
    let words = "value: the image's header can't be read: it is cut off";
    assert_eq!(echo("image", &uri("png", &png[..20])), (400, words.into()));
    let at = png.windows(4).position(|four| four == b"IDAT").unwrap() + 6;
    png[at] ^= 0xFF;
    let (status, words) = echo("segmentation", &uri("png", &png));
    assert!(status == 422 && words.starts_with("value: the image can't be decoded: "), "{words}");
}

/// Events as they come: name and data.
fn events(stream: TcpStream) -> impl Iterator<Item = (String, Json)> {
    let mut lines = BufReader::new(stream).lines().map_while(Result::ok);
    let mut name = String::new();
    std::iter::from_fn(move || {
        loop {
            let line = lines.next()?;
            if let Some(event) = line.strip_prefix("event: ") {
                name = event.to_string();
            } else if let Some(data) = line.strip_prefix("data: ") {
                return Some((name.clone(), serde_json::from_str(data).unwrap()));
            }
        }
    })
}

#[test]
fn partial_outputs_come_as_events() {
    let (_runtime, to) = served();
    let stream = |path: &str, body: &str| {
        let stream = ask(to, &format!("POST {path}"), &[("Accept", "text/event-stream")], body);
        events(stream).collect::<Vec<_>>()
    };
    let heard = stream("/models/count/up", r#"{"to":4}"#);
    assert_eq!(heard.len(), 4);
    for (n, (name, data)) in heard[..3].iter().enumerate() {
        assert_eq!(name, "output");
        assert_eq!(data["outputs"], json!({ "n": n + 1 }));
        assert_eq!(data["progress"].as_f64().unwrap(), (n + 1) as f64 / 4.0);
    }
    assert_eq!((heard[3].0.as_str(), &heard[3].1["outputs"]), ("done", &json!({"n": 4})));
    let heard = stream("/models/fragile/fail", "");
    assert_eq!(heard, [("error".to_string(), json!({"error": "the glass is empty"}))]);
    // More partials than a slow client takes: some are left out, the end never.
    let heard = stream("/models/count/up", r#"{"to":5000}"#);
    assert_eq!(heard.last().unwrap().1["outputs"]["n"], 5000);
}

#[test]
fn a_client_that_leaves_cancels_its_run() {
    let (runtime, to) = served();
    let model = runtime.engine().model("count").unwrap();
    let counters = model.counters("wait").unwrap();
    for (n, accept) in ["application/json", "text/event-stream"].into_iter().enumerate() {
        let n = n as u64;
        let body = r#"{"ms":50000}"#;
        let stream = ask(to, "POST /models/count/wait", &[("Accept", accept)], body);
        wait_until("it runs", || counters.queued.load(Relaxed) == n + 1 && model.n_waiting() == 0);
        drop(stream);
        wait_until("it is cancelled", || counters.cancelled.load(Relaxed) == n + 1);
    }
}

#[test]
fn a_full_queue_is_unavailable_at_once() {
    let (runtime, to) = served();
    let model = runtime.engine().model("count").unwrap();
    let waiting: Vec<_> = (0..65)
        .map(|n| {
            let stream = ask(to, "POST /models/count/wait", &[], r#"{"ms":50000}"#);
            let counters = model.counters("wait").unwrap();
            wait_until("it is queued", || counters.queued.load(Relaxed) == n + 1);
            if n == 0 {
                wait_until("it runs", || model.n_waiting() == 0);
            }
            stream
        })
        .collect();
    let busy = post(to, "/models/count/wait", "");
    assert_eq!(busy.status, 503);
    assert!(busy.json()["error"].as_str().unwrap().contains("64 runs are waiting"));
    drop(waiting);
    wait_until("those who left make room", || model.n_waiting() == 0);
}

#[test]
fn metrics_are_sound_prometheus_text() {
    let (runtime, to) = served();
    for _ in 0..20 {
        post(to, "/models/echo/pair", "");
    }
    post(to, "/models/fragile/break", "");
    // Whoever asked is answered first.
    let fragile = runtime.engine().model("fragile").unwrap();
    wait_until("it is started anew", || fragile.n_restarts() == 1);
    let peer = Udp::to(&runtime);
    peer.send("/ping", vec![]);
    peer.expect("/pong");
    let metrics = get(to, "/metrics");
    assert!(metrics.header("content-type").unwrap().starts_with("text/plain; version=0.0.4"));
    let (mut types, mut helped) = (HashMap::new(), Vec::new());
    let mut samples: HashMap<String, f64> = HashMap::new();
    let mut buckets: HashMap<String, Vec<(f64, f64)>> = HashMap::new();
    assert!(metrics.body.ends_with('\n'));
    for line in metrics.body.lines() {
        if let Some(rest) = line.strip_prefix("# HELP ") {
            let (name, help) = rest.split_once(' ').unwrap();
            assert!(!help.is_empty() && !helped.contains(&name), "{line}");
            helped.push(name);
            continue;
        }
        if let Some(rest) = line.strip_prefix("# TYPE ") {
            let (name, kind) = rest.split_once(' ').unwrap();
            assert!(matches!(kind, "counter" | "gauge" | "histogram"), "{line}");
            assert_eq!(helped.last(), Some(&name), "HELP stands before TYPE");
            assert!(types.insert(name.to_string(), kind).is_none(), "{line}");
            continue;
        }
        let (series, value) = line.rsplit_once(' ').unwrap();
        let value: f64 = value.parse().unwrap();
        let (name, labels) = match series.split_once('{') {
            Some((name, labels)) => (name, labels.strip_suffix('}').unwrap()),
            None => (series, ""),
        };
        assert!(name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_'), "{line}");
        for label in labels.split(',').filter(|label| !label.is_empty()) {
            let (key, value) = label.split_once('=').unwrap();
            assert!(key.bytes().all(|b| b.is_ascii_lowercase()), "{line}");
            assert!(value.len() >= 2 && value.starts_with('"') && value.ends_with('"'), "{line}");
        }
        let family = ["_bucket", "_sum", "_count"]
            .iter()
            .find_map(|end| name.strip_suffix(end))
            .filter(|family| types.get(*family) == Some(&"histogram"))
            .unwrap_or(name);
        assert_eq!(helped.last(), Some(&family), "a family stands together: {line}");
        assert!(samples.insert(series.to_string(), value).is_none(), "twice: {line}");
        if name.ends_with("_bucket") {
            let (labels, bound) = labels.split_once(",le=\"").unwrap();
            let bound = bound.trim_end_matches('"').replace("+Inf", "inf").parse().unwrap();
            buckets.entry(format!("{family}{{{labels}}}")).or_default().push((bound, value));
        }
    }
    for (series, buckets) in &buckets {
        let rise = |pair: &[(f64, f64)]| pair[0].0 < pair[1].0 && pair[0].1 <= pair[1].1;
        assert!(buckets.windows(2).all(rise), "{series}: {buckets:?}");
        let (bound, n) = buckets.last().unwrap();
        assert!(bound.is_infinite());
        assert_eq!(samples[&series.replace('{', "_count{")], *n, "{series}");
        assert!(samples.contains_key(&series.replace('{', "_sum{")));
    }
    let pair = "enjamb_runs_total{model=\"echo\",command=\"pair\",outcome=\"succeeded\"}";
    assert_eq!(samples[pair], 20.0);
    assert_eq!(samples["enjamb_latency_seconds_count{model=\"echo\",command=\"pair\"}"], 20.0);
    assert_eq!(samples["enjamb_restarts_total{model=\"fragile\"}"], 1.0);
    assert_eq!(samples["enjamb_osc_in_total"], 1.0);
    assert!(samples["enjamb_osc_out_total"] >= 1.0);
}

#[test]
fn oscquery_describes_every_address() {
    let (runtime, to) = served();
    let root = get(to, "/").json();
    assert_eq!(root, get(to, "/osc").json());
    assert_eq!(root["FULL_PATH"], "/");
    let b = &root["CONTENTS"]["echo"]["CONTENTS"]["pair"]["CONTENTS"]["b"];
    assert_eq!(b["FULL_PATH"], "/echo/pair/b");
    assert_eq!(b["TYPE"], "f");
    assert_eq!(b["RANGE"], json!([{"MIN": 0, "MAX": 9}]));
    assert_eq!(b["VALUE"], json!([1]));
    assert_eq!(b["ACCESS"], 3);
    assert_eq!(b["DESCRIPTION"], "A number.");
    assert_eq!(*b, get(to, "/echo/pair/b").json());
    assert_eq!(*b, get(to, "/osc/echo/pair/b").json());
    let command = get(to, "/echo/pair").json();
    assert_eq!((&command["TYPE"], &command["ACCESS"]), (&json!("sf"), &json!(2)));
    assert_eq!(get(to, "/echo/pair/out").json()["ACCESS"], 1);
    let choice = get(to, "/echo/category/value?RANGE").json();
    assert_eq!(choice, json!({"RANGE": [{"VALS": ["wander", "orbit"]}]}));
    // A value that was set over OSC is seen here.
    let peer = Udp::to(&runtime);
    peer.send("/echo/pair/b", vec![i(4)]);
    peer.send("/ping", vec![]);
    peer.expect("/pong");
    assert_eq!(get(to, "/echo/pair/b?VALUE").json(), json!({"VALUE": [4]}));
    let info = get(to, "/?HOST_INFO").json();
    assert_eq!(info["OSC_PORT"], osc(&runtime).port());
    assert_eq!(info["WS_PORT"], to.port());
    assert_eq!(info["OSC_TRANSPORT"], "UDP");
    assert_eq!(info["EXTENSIONS"]["LISTEN"], true);
    assert_eq!(get(to, "/nobody").status, 404);
    assert_eq!(get(to, "/osc/echo/none").status, 404);
    for query in ["/echo/pair/b?CRITICAL", "/echo?VALUE", "/echo/text/value?RANGE"] {
        let answer = get(to, query);
        assert_eq!((answer.status, answer.body.as_str()), (204, ""), "{query}");
    }
    // Every address of the tree is what it says it is.
    let mut todo = vec![&root];
    let mut n_nodes = 0;
    while let Some(node) = todo.pop() {
        n_nodes += 1;
        assert!(node["FULL_PATH"].as_str().unwrap().starts_with('/'));
        assert!(node["ACCESS"].is_u64() && node["DESCRIPTION"].is_string(), "{node}");
        todo.extend(node["CONTENTS"].as_object().into_iter().flat_map(|map| map.values()));
    }
    assert!(n_nodes > 80, "{n_nodes}");
}

type WebSocket = tungstenite::WebSocket<TcpStream>;

fn websocket(to: std::net::SocketAddr) -> WebSocket {
    let stream = TcpStream::connect(to).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    tungstenite::client(format!("ws://{to}/"), stream).unwrap().0
}

#[test]
fn oscquery_listens_and_ignores_over_websocket() {
    let (runtime, to) = served();
    let mut socket = websocket(to);
    let command = |socket: &mut WebSocket, json: Json| {
        socket.send(tungstenite::Message::Text(json.to_string().into())).unwrap();
    };
    let next = |socket: &mut WebSocket| loop {
        match socket.read().unwrap() {
            tungstenite::Message::Ping(_) => {}
            message => return message,
        }
    };
    let heard = |socket: &mut WebSocket| match next(socket) {
        tungstenite::Message::Binary(bytes) => match rosc::decoder::decode_udp(&bytes).unwrap().1 {
            OscPacket::Message(message) => message,
            OscPacket::Bundle(bundle) => panic!("{bundle:?}"),
        },
        other => panic!("expected OSC, got {other:?}"),
    };
    // A ping over the same socket says that the command before it was obeyed.
    let settle = |socket: &mut WebSocket| {
        let ping = encode(&message("/ping", vec![]));
        socket.send(tungstenite::Message::Binary(ping.into())).unwrap();
        assert_eq!(heard(socket).addr, "/pong");
    };
    command(&mut socket, json!({"COMMAND": "LISTEN", "DATA": "/echo/pair/b"}));
    command(&mut socket, json!({"COMMAND": "LISTEN", "DATA": "/echo/pair/out"}));
    settle(&mut socket);
    let peer = Udp::to(&runtime);
    peer.send("/echo/pair/b", vec![i(4)]);
    let message = heard(&mut socket);
    assert_eq!((message.addr.as_str(), &message.args[..]), ("/echo/pair/b", &[i(4)][..]));
    peer.send("/echo/pair", vec![]);
    assert_eq!(heard(&mut socket).args, [s("held 4")]);
    command(&mut socket, json!({"COMMAND": "IGNORE", "DATA": "/echo/pair/b"}));
    settle(&mut socket);
    peer.send("/echo/pair/b", vec![i(5)]);
    peer.send("/echo/pair", vec![]);
    assert_eq!(heard(&mut socket).args, [s("held 5")]);
    for (json, words) in [
        (json!({"COMMAND": "LISTEN", "DATA": "/nobody"}), "no address '/nobody'"),
        (json!({"COMMAND": "LISTEN"}), "expected an address"),
        (json!({"COMMAND": "DANCE", "DATA": "/"}), "LISTEN or IGNORE"),
        (json!([]), "LISTEN or IGNORE"),
    ] {
        command(&mut socket, json);
        match next(&mut socket) {
            tungstenite::Message::Text(text) => assert!(text.contains(words), "{text}"),
            other => panic!("expected words, got {other:?}"),
        }
    }
}

fn upgrade(to: std::net::SocketAddr, headers: &[(&str, &str)]) -> u16 {
    use std::io::{Read, Write};
    let mut stream = TcpStream::connect(to).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut head = "GET /osc HTTP/1.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
        Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
        .to_string();
    if !headers.iter().any(|(name, _)| *name == "Host") {
        head += &format!("Host: {to}\r\n");
    }
    headers.iter().for_each(|(name, value)| head += &format!("{name}: {value}\r\n"));
    stream.write_all(format!("{head}\r\n").as_bytes()).unwrap();
    let mut status = [0; 12];
    stream.read_exact(&mut status).unwrap();
    std::str::from_utf8(&status[9..]).unwrap().parse().unwrap()
}

#[test]
fn pages_of_other_origins_may_not_drive_it() {
    let project = "[listen]\nallow_origins = [\"http://friend.example\", \"null\"]\n";
    let origins = enjamb::Project::parse(project).unwrap().listen.allow_origins;
    let runtime = builder("", Listen { allow_origins: origins, ..listen() }).start().unwrap();
    let to = http_address(&runtime);
    let own = format!("http://{to}");
    let local = format!("http://localhost:{}", to.port());
    let foreign = [
        "http://evil.example",
        "https://friend.example",
        "http://friend.example.evil",
        "http://friend.example:81",
        "http://127.0.0.1",
        "http://localhost",
        "file://",
        "",
    ];
    for origin in foreign {
        let headers = [("Origin", origin)];
        for (request, body) in [
            ("GET /models", ""),
            ("GET /osc?HOST_INFO", ""),
            ("GET /traffic", ""),
            ("GET /metrics", ""),
            ("GET /nobody", ""),
            ("POST /models/echo/pair", "{}"),
            ("OPTIONS /models/echo/pair", ""),
        ] {
            let answer = answer(ask(to, request, &headers, body));
            assert_eq!(answer.status, 403, "{origin} {request}");
            assert_eq!(answer.header("access-control-allow-origin"), None);
        }
        assert_eq!(upgrade(to, &headers), 403, "{origin}");
    }
    for origin in ["http://friend.example", "null"] {
        let headers = [("Origin", origin)];
        let run = answer(ask(to, "POST /models/echo/pair", &headers, "{}"));
        assert_eq!(run.status, 200);
        assert_eq!(run.header("access-control-allow-origin"), Some(origin));
        assert_eq!(run.header("vary").map(str::to_lowercase).as_deref(), Some("origin"));
        let preflight = answer(ask(to, "OPTIONS /models/echo/pair", &headers, ""));
        assert_eq!(preflight.status, 204);
        assert!(preflight.header("access-control-allow-methods").unwrap().contains("POST"));
        assert!(preflight.header("access-control-allow-headers").unwrap().contains("Content-Type"));
        assert_eq!(upgrade(to, &headers), 101);
    }
    assert_eq!(answer(ask(to, "GET /models", &[("Origin", &own)], "")).status, 200);
    assert_eq!(upgrade(to, &[("Origin", &own)]), 101);
    // The page at localhost is its own origin there.
    let host = format!("localhost:{}", to.port());
    let headers = [("Host", host.as_str()), ("Origin", local.as_str())];
    assert_eq!(answer(ask(to, "GET /models", &headers, "")).status, 200);
    let n_runs = runtime.engine().model("echo").unwrap();
    assert_eq!(n_runs.counters("pair").unwrap().queued.load(Relaxed), 2);
}

#[test]
fn foreign_names_for_this_host_are_refused() {
    let (_runtime, to) = served();
    for host in ["evil.example", "evil.example:8000", "127.0.0.1.evil.example", "localhost.evil"] {
        // The page's origin is then the same as the host it asks, which must not help it.
        let origin = format!("http://{host}");
        for headers in [vec![("Host", host)], vec![("Host", host), ("Origin", origin.as_str())]] {
            assert_eq!(answer(ask(to, "GET /models", &headers, "")).status, 403, "{host}");
            assert_eq!(answer(ask(to, "POST /models/echo/pair", &headers, "")).status, 403);
            assert_eq!(upgrade(to, &headers), 403, "{host}");
        }
    }
    for host in ["localhost", "LOCALHOST:1", "127.0.0.1", "[::1]:8000"] {
        assert_eq!(answer(ask(to, "GET /models", &[("Host", host)], "")).status, 200, "{host}");
    }
}

#[test]
fn what_passes_can_be_watched() {
    let (runtime, to) = served();
    let mut events = events(ask(to, "GET /traffic", &[], ""));
    // The first are the totals, so the watcher is there.
    assert_eq!(events.next().unwrap().0, "totals");
    let peer = Udp::to(&runtime);
    peer.send("/echo/pair", vec![s("seen")]);
    peer.send_bytes(b"junk");
    let mut seen = Vec::new();
    while seen.len() < 3 {
        let (name, data) = events.next().unwrap();
        if name == "message" {
            let is_ours = data["address"] != "/error";
            if is_ours {
                seen.push(format!("{} {}", data["direction"], data["address"]));
            }
        }
    }
    seen.sort();
    seen.dedup();
    assert!(seen.contains(&"\"in\" \"/echo/pair\"".to_string()), "{seen:?}");
}

#[test]
fn idle_connections_hold_up_nobody() {
    let (runtime, to) = served();
    let idle: Vec<TcpStream> = (0..200).map(|_| TcpStream::connect(to).unwrap()).collect();
    assert_eq!(post(to, "/models/echo/pair", "").status, 200);
    let peer = Udp::to(&runtime);
    peer.send("/ping", vec![]);
    peer.expect("/pong");
    drop(idle);
}

#[test]
fn mdns_makes_both_services_known_on_this_computer() {
    let runtime = builder("", Listen { announce: true, ..listen() }).start().unwrap();
    let browser = ServiceDaemon::new().and_then(|daemon| {
        daemon.disable_interface(IfKind::All)?;
        daemon.enable_interface(IfKind::LoopbackV4)?;
        Ok(daemon)
    });
    let browser = match browser {
        Ok(browser) => browser,
        Err(error) => return eprintln!("SKIPPED: this system allows no multicast: {error}"),
    };
    let wanted = [
        ("_oscjson._tcp.local.", http_address(&runtime).port()),
        ("_osc._udp.local.", osc(&runtime).port()),
    ];
    for (service, port) in wanted {
        let found = browser.browse(service).unwrap();
        let until = Instant::now() + PATIENCE;
        loop {
            let left = until.saturating_duration_since(Instant::now());
            match found.recv_timeout(left.max(Duration::from_millis(1))) {
                Ok(ServiceEvent::ServiceResolved(info)) if info.get_port() == port => {
                    let addresses = info.get_addresses_v4();
                    assert!(addresses.iter().all(|address| address.is_loopback()));
                    assert!(!addresses.is_empty());
                    break;
                }
                Ok(_) => {}
                Err(error) => panic!("{service} at {port} was not found: {error}"),
            }
        }
    }
    browser.shutdown().unwrap();
}
