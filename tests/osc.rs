//! OSC as patches see it: a runtime is talked to through real sockets, and answers through them.

mod common;

use common::*;
use enjamb::project::Listen;
use enjamb::time::ManualClock;
use enjamb::{Project, Runtime};
use rosc::{
    OscArray, OscBundle, OscColor, OscMessage, OscMidiMessage, OscPacket, OscTime, OscType,
};
use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Barrier, RwLock};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Tests that count what the process holds, or measure time, run alone.
static ALONE: RwLock<()> = RwLock::new(());

macro_rules! together {
    () => {
        let _together = ALONE.read().unwrap_or_else(|poisoned| poisoned.into_inner());
    };
}

macro_rules! alone {
    () => {
        let _alone = ALONE.write().unwrap_or_else(|poisoned| poisoned.into_inner());
    };
}

fn every_argument() -> Vec<OscType> {
    vec![
        i(-7),
        f(0.5),
        s("erdőben"),
        OscType::Blob(vec![1, 2, 3]),
        OscType::Long(1 << 40),
        OscType::Double(0.25),
        OscType::Char('x'),
        OscType::Color(OscColor { red: 1, green: 2, blue: 3, alpha: 4 }),
        OscType::Midi(OscMidiMessage { port: 1, status: 2, data1: 3, data2: 4 }),
        OscType::Time(OscTime { seconds: 5, fractional: 6 }),
        OscType::Bool(true),
        OscType::Bool(false),
        OscType::Nil,
        OscType::Inf,
        OscType::Array(OscArray { content: vec![i(1), s("two")] }),
    ]
}

#[test]
fn a_ping_comes_back_to_the_sender_and_to_the_reply_port() {
    together!();
    let ear = Udp::ear();
    let runtime = builder("", Listen { reply_port: ear.port(), ..listen() }).start().unwrap();
    let peer = Udp::to(&runtime);
    peer.send("/ping", every_argument());
    let mut expected = every_argument();
    // A character comes back as the string that it means.
    expected[6] = s("x");
    assert_eq!(peer.expect("/pong"), expected);
    assert_eq!(ear.expect("/pong"), expected);
    // Whoever sends from the reply port hears each answer once.
    ear.socket.send_to(&encode(&message("/ping", vec![i(1)])), osc(&runtime)).unwrap();
    assert_eq!(ear.expect("/pong"), [i(1)]);
    peer.send("/ping", vec![i(2)]);
    assert_eq!(ear.expect("/pong"), [i(2)]);
}

#[test]
fn arguments_replace_held_values_for_one_run() {
    together!();
    let runtime = runtime();
    let peer = Udp::to(&runtime);
    let check = |args: Vec<OscType>, expected: &str| {
        peer.send("/echo/pair", args.clone());
        assert_eq!(peer.expect("/echo/pair/out"), [s(expected)], "after {args:?}");
    };
    check(vec![], "held 1");
    peer.send("/echo/pair/a", vec![s("kept")]);
    peer.send("/echo/pair/b", vec![i(3)]);
    check(vec![], "kept 3");
    check(vec![s("given")], "given 3");
    check(vec![s("given"), f(4.0)], "given 4");
    check(vec![OscType::Nil, OscType::Long(5)], "kept 5");
    check(vec![OscType::Inf], "kept 3");
    check(vec![OscType::Nil], "kept 3");
    check(vec![OscType::Nil, OscType::Nil, OscType::Inf], "kept 3");
    // What is refused changes nothing.
    peer.send("/echo/pair/b", vec![i(10)]);
    peer.expect_error("/echo/pair/b/error", "0..9");
    peer.send("/echo/pair/b", vec![s("x")]);
    peer.expect_error("/echo/pair/b/error", "expected a number in 0..9, got the text 'x'");
    peer.send("/echo/pair/b", vec![]);
    peer.expect_error("/echo/pair/b/error", "got no argument");
    check(vec![], "kept 3");
    peer.send("/echo/pair", vec![s("a"), i(1), s("words"), s("more")]);
    peer.expect_error("/echo/pair/error", "a text with spaces must be sent as one string");
    peer.send("/echo/pair", vec![i(1)]);
    peer.expect_error("/echo/pair/error", "a: expected text, got the int 1");
}

/// A white picture of two by two pixels.
fn png() -> Vec<u8> {
    use base64::Engine;
    let text = "iVBORw0KGgoAAAANSUhEUgAAAAIAAAACCAIAAAD91JpzAAAAEElEQVR4nGP4DwYMEAoCAE3+C/Xy\
                Ex8cAAAAAElFTkSuQmCC";
    base64::engine::general_purpose::STANDARD.decode(text).unwrap()
}

#[test]
fn every_data_type_goes_in_and_comes_out() {
    together!();
    let runtime = runtime();
    let peer = Udp::to(&runtime);
    let blob =
        |floats: &[f32]| OscType::Blob(floats.iter().flat_map(|f| f.to_be_bytes()).collect());
    let list = |content: Vec<OscType>| OscType::Array(OscArray { content });
    let (one, two) = (f(1.0), f(2.0));
    let v3 = || vec![vec![f(1.0), f(2.0), f(3.0)]];
    type Case = (&'static str, Vec<OscType>, Vec<Vec<OscType>>);
    let cases: Vec<Case> = vec![
        ("text", vec![s("Ő, két 道")], vec![vec![s("Ő, két 道")]]),
        ("number", vec![i(2)], vec![vec![two.clone()]]),
        ("number", vec![OscType::Double(0.5)], vec![vec![f(0.5)]]),
        ("bounded", vec![f(1.0)], vec![vec![one.clone()]]),
        ("boolean", vec![OscType::Bool(true)], vec![vec![i(1)]]),
        ("boolean", vec![f(0.0)], vec![vec![i(0)]]),
        ("category", vec![s("orbit")], vec![vec![s("orbit")]]),
        ("vector", vec![i(1), f(2.0), OscType::Double(3.0)], v3()),
        ("vector", vec![blob(&[1.0, 2.0, 3.0])], v3()),
        ("vector", vec![list(vec![i(1), i(2), i(3)])], v3()),
        ("texts", vec![s("a"), s("b")], vec![vec![i(0), i(2), s("a")], vec![i(1), i(2), s("b")]]),
        ("texts", vec![list(vec![])], vec![vec![i(0), i(0)]]),
        ("numbers", vec![list(vec![i(2)])], vec![vec![i(0), i(1), two.clone()]]),
        (
            "vectors",
            vec![i(1), i(2), i(3), i(4)],
            vec![vec![i(0), i(2), one.clone(), two.clone()], vec![i(1), i(2), f(3.0), f(4.0)]],
        ),
        ("nested", vec![list(vec![list(vec![i(1), i(2)])])], vec![vec![i(0), i(1), s("[1,2]")]]),
        ("image", vec![OscType::Blob(png())], vec![vec![OscType::Blob(png())]]),
        ("file", vec![s("/tmp/a.wav")], vec![vec![s("/tmp/a.wav")]]),
        ("any", vec![s(r#"{"a":[1,null]}"#)], vec![vec![s(r#"{"a":[1,null]}"#)]]),
        ("point", vec![f(0.25), i(1)], vec![vec![f(0.25), one.clone()]]),
        ("box", vec![i(0), i(0), f(0.5), f(1.0)], vec![vec![f(0.0), f(0.0), f(0.5), one.clone()]]),
        ("landmarks", vec![s("[[0,0],[0.5,1]]")], vec![vec![f(0.0), f(0.0), f(0.5), one.clone()]]),
    ];
    for (name, args, expected) in cases {
        let out = format!("/echo/{name}/out");
        let what = format!("{name} of {args:?}");
        peer.send(&format!("/echo/{name}"), args.clone());
        for expected in &expected {
            assert_eq!(&peer.expect(&out), expected, "{what}");
        }
        peer.send(&format!("/echo/{name}/value"), args);
        peer.send(&format!("/echo/{name}"), vec![]);
        for expected in &expected {
            assert_eq!(&peer.expect(&out), expected, "held {what}");
        }
    }
    let refused = [
        ("bounded", vec![f(1.5)], "0..1"),
        ("number", vec![f(f32::NAN)], "finite"),
        ("category", vec![s("loop")], "wander"),
        ("vector", vec![f(1.0)], "expected 3 floats, got 1"),
        ("vector", vec![OscType::Blob(vec![0; 5])], "blob of 12 bytes"),
        ("image", vec![OscType::Blob(vec![0; 5])], "PNG or JPEG"),
        ("any", vec![s("{")], "JSON"),
        ("box", vec![f(0.5), f(0.0), f(0.5), f(1.0)], "x0"),
        ("vector", vec![], "missing"),
    ];
    for (name, args, words) in refused {
        // Another runtime's held values must not fill in.
        let address = format!("/echo/{name}");
        if args.is_empty() {
            continue;
        }
        peer.send(&address, args);
        peer.expect_error(&format!("{address}/error"), words);
    }
}

#[test]
fn what_is_missing_is_said() {
    together!();
    let runtime = runtime();
    let peer = Udp::to(&runtime);
    peer.send("/echo/vector", vec![]);
    peer.expect_error("/echo/vector/error", "value is missing: expected a vector of 3 floats");
    let cases = [
        ("/nobody", "/nobody/error", "there is no model 'nobody' here, only echo, count, fragile"),
        ("/nobody/embed", "/nobody/embed/error", "there is no model 'nobody'"),
        ("/echo", "/echo/error", "/echo/pair"),
        ("/echo/none", "/echo/none/error", "/echo/pair"),
        ("/echo/pair/c", "/echo/pair/c/error", "no input 'c', only a, b"),
        ("/echo/pair/a/x", "/echo/pair/a/x/error", "there is no such command"),
        ("/", "/error", "there is no model ''"),
        ("/echo/[", "/echo/[/error", "never closed"),
        ("/no*", "/no*/error", "matches no address"),
    ];
    for (address, error, words) in cases {
        peer.send(address, vec![]);
        peer.expect_error(error, words);
    }
    for (bytes, words) in [
        (&b"no osc at all"[..], "no OSC"),
        (b"/ping\0\0\0,i\0\0", "can't be read"),
        (b"/ping\0\0\0\0\0\0\x01", "no type tags"),
        (b"#bundle\0\0\0", "cut off"),
    ] {
        peer.send_bytes(bytes);
        peer.expect_error("/error", words);
        // Complaints are spaced, so that junk is not answered in kind.
        std::thread::sleep(Duration::from_millis(110));
    }
    peer.send_bytes(b"/ping\0\0\0");
    assert_eq!(peer.expect("/pong"), []);
}

#[test]
fn patterns_reach_every_address_that_they_mean() {
    together!();
    let runtime = runtime();
    let peer = Udp::to(&runtime);
    peer.send("/e?ho/{pair,nothing}", vec![s("x")]);
    assert_eq!(peer.expect("/echo/pair/out"), [s("x 1")]);
    peer.send("//pair/[ab]", vec![s("kept")]);
    // The text fits `a`; the number refuses it.
    peer.expect_error("/echo/pair/b/error", "expected a number");
    peer.send("/echo/pair", vec![]);
    assert_eq!(peer.expect("/echo/pair/out"), [s("kept 1")]);
    peer.send("/*/work", vec![]);
    assert_eq!(peer.expect("/fragile/work/done"), [i(1)]);
}

#[test]
fn nested_bundles_are_taken_to_a_depth() {
    together!();
    let runtime = runtime();
    let peer = Udp::to(&runtime);
    let ping = |n| message("/ping", vec![i(n)]);
    peer.send_packet(&bundle(vec![ping(1), bundle(vec![ping(2), bundle(vec![ping(3)])]), ping(4)]));
    for n in 1..=4 {
        assert_eq!(peer.expect("/pong"), [i(n)]);
    }
    // Written by hand: a writer that recurses would not get far.
    let nest = |depth: usize| {
        let mut bytes = encode(&ping(5));
        for _ in 0..depth {
            let mut outer = b"#bundle\0\0\0\0\0\0\0\0\x01".to_vec();
            outer.extend((bytes.len() as u32).to_be_bytes());
            outer.append(&mut bytes);
            bytes = outer;
        }
        bytes
    };
    peer.send_bytes(&nest(16));
    assert_eq!(peer.expect("/pong"), [i(5)]);
    for depth in [17, 3000] {
        peer.send_bytes(&nest(depth));
        peer.expect_error("/error", "nested deeper than 16");
        std::thread::sleep(Duration::from_millis(110));
    }
    // One bad element costs itself alone.
    let mut bytes = encode(&bundle(vec![ping(6)]));
    bytes.extend(b"\0\0\0\x04junk");
    let good = encode(&ping(7));
    bytes.extend((good.len() as u32).to_be_bytes());
    bytes.extend(good);
    peer.send_bytes(&bytes);
    assert_eq!(peer.expect("/pong"), [i(6)]);
    peer.expect_error("/error", "no OSC");
    assert_eq!(peer.expect("/pong"), [i(7)]);
}

fn in_millis(millis: i64, content: Vec<OscPacket>) -> OscPacket {
    let unix = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let nanos = unix.as_nanos() as i64 + millis * 1_000_000;
    let timetag = OscTime {
        seconds: (nanos / 1_000_000_000 + 2_208_988_800) as u32,
        fractional: ((nanos % 1_000_000_000) as u64 * (1 << 32) / 1_000_000_000) as u32,
    };
    OscPacket::Bundle(OscBundle { timetag, content })
}

#[test]
fn time_tags_are_honoured_and_never_early() {
    alone!();
    let runtime = runtime();
    let peer = Udp::to(&runtime);
    let mut latest = Duration::ZERO;
    for _ in 0..5 {
        let began = Instant::now();
        peer.send_packet(&in_millis(150, vec![message("/ping", vec![])]));
        peer.expect("/pong");
        let late = began.elapsed().saturating_sub(Duration::from_millis(150));
        assert!(began.elapsed() >= Duration::from_millis(150), "early: {:?}", began.elapsed());
        latest = latest.max(late);
        if latest < Duration::from_millis(5) {
            break;
        }
        latest = late;
    }
    println!("a time tag 150 ms ahead was {latest:?} late");
    assert!(latest < Duration::from_millis(20), "the best of 5 was {latest:?} late");
    // Order is by time, not by arrival.
    peer.send_packet(&in_millis(80, vec![message("/ping", vec![i(2)])]));
    peer.send_packet(&in_millis(40, vec![message("/ping", vec![i(1)])]));
    assert_eq!(peer.expect("/pong"), [i(1)]);
    assert_eq!(peer.expect("/pong"), [i(2)]);
    // The past is now; a minute and more is refused.
    peer.send_packet(&in_millis(-5_000, vec![message("/ping", vec![i(3)])]));
    assert_eq!(peer.expect("/pong"), [i(3)]);
    peer.send_packet(&in_millis(61_000, vec![message("/ping", vec![])]));
    peer.expect_error("/ping/error", "at most 60 s ahead");
    peer.send_packet(&in_millis(50, vec![message("/echo/pair/b", vec![i(7)])]));
    peer.send("/echo/pair", vec![]);
    assert_eq!(peer.expect("/echo/pair/out"), [s("held 1")]);
    wait_until("the held value has come", || {
        peer.send("/echo/pair", vec![]);
        peer.expect("/echo/pair/out") == [s("held 7")]
    });
}

#[test]
fn subscribers_hear_what_matches_until_they_leave() {
    together!();
    let clock = Arc::new(ManualClock::new());
    let runtime = builder("", listen()).clock(clock.clone()).start().unwrap();
    let (asker, all, some, elsewhere) =
        (Udp::to(&runtime), Udp::to(&runtime), Udp::to(&runtime), Udp::ear());
    let settle = |peer: &Udp| {
        peer.send("/ping", vec![]);
        peer.expect("/pong");
    };
    all.send("/subscribe", vec![]);
    some.send("/subscribe", vec![s("/echo/*/out")]);
    some.send("/subscribe", vec![s("/echo"), i(elsewhere.port().into())]);
    some.send("/subscribe", vec![s("/echo/*/out")]);
    settle(&all);
    settle(&some);
    let run = |n: i32| {
        asker.send("/fragile/work", vec![]);
        asker.expect("/fragile/work/done");
        asker.send("/echo/number", vec![i(n)]);
        assert_eq!(asker.expect("/echo/number/out"), [f(n as f32)]);
    };
    run(1);
    all.expect("/fragile/work/done");
    for peer in [&all, &some, &elsewhere] {
        assert_eq!(peer.expect("/echo/number/out"), [f(1.0)]);
    }
    // Once each: the next that comes is the next run's.
    all.send("/unsubscribe", vec![]);
    settle(&all);
    some.send("/unsubscribe", vec![s("/echo"), i(elsewhere.port().into())]);
    settle(&some);
    run(2);
    assert_eq!(some.expect("/echo/number/out"), [f(2.0)]);
    elsewhere.socket.set_read_timeout(Some(Duration::from_millis(50))).unwrap();
    assert!(elsewhere.socket.recv_from(&mut [0; 16]).is_err(), "it unsubscribed");
    settle(&all);
    // Any packet keeps the lease; without one it runs out after 30 s.
    for _ in 0..3 {
        clock.advance(Duration::from_secs(20));
        settle(&some);
    }
    run(3);
    assert_eq!(some.expect("/echo/number/out"), [f(3.0)]);
    let n_clients = || {
        let status = get(http_address(&runtime), "/status").json();
        status["clients"].as_array().unwrap().len()
    };
    // `all` has long been silent, and is forgotten already.
    wait_until("one is left", || n_clients() == 1);
    clock.advance(Duration::from_millis(29_900));
    // The lease is looked after every 50 ms.
    std::thread::sleep(Duration::from_millis(120));
    assert_eq!(n_clients(), 1);
    clock.advance(Duration::from_millis(200));
    wait_until("the lease has run out", || n_clients() == 0);
    run(4);
    settle(&some);
    // What can't be a subscription is refused.
    for (args, words) in [
        (vec![i(70_000)], "port in 1..65535"),
        (vec![s("voyage")], "starts with '/'"),
        (vec![OscType::Blob(vec![])], "expected an address pattern"),
    ] {
        some.send("/subscribe", args);
        some.expect_error("/subscribe/error", words);
    }
    for n in 0..70 {
        some.send("/subscribe", vec![s(&format!("/a{n}"))]);
    }
    some.expect_error("/subscribe/error", "at most 64");
}

#[test]
fn destinations_get_what_they_ask_for_in_their_own_form() {
    together!();
    let (plain, picky, ascii, bundled, small) =
        (Udp::ear(), Udp::ear(), Udp::ear(), Udp::ear(), Udp::ear());
    let send =
        |peer: &Udp, more: &str| format!("[[send]]\nto = \"127.0.0.1:{}\"\n{more}\n", peer.port());
    let project = [
        send(&plain, "only = [\"/echo\", \"//vector\"]"),
        send(&picky, "only = [\"/echo/text*/o[a-z]t\"]"),
        send(&ascii, "only = [\"/echo\"]\nascii = true"),
        send(&bundled, "only = [\"/echo\"]\nbundle = true"),
        send(&small, "mtu = 512\nonly = [\"/count\", \"/echo/text/out\"]"),
    ];
    let runtime = builder(&project.concat(), listen()).start().unwrap();
    let peer = Udp::to(&runtime);
    peer.send("/echo/texts", vec![s("Ő"), s("é")]);
    let both = [[i(0), i(2), s("Ő")], [i(1), i(2), s("é")]];
    for ear in [&peer, &plain, &picky] {
        both.iter().for_each(|args| assert_eq!(ear.expect("/echo/texts/out"), args));
    }
    assert_eq!(ascii.expect("/echo/texts/out"), [i(0), i(2), s("O")]);
    assert_eq!(ascii.expect("/echo/texts/out"), [i(1), i(2), s("e")]);
    let OscPacket::Bundle(bundle) = bundled.packet() else { panic!("expected a bundle") };
    assert_eq!(bundle.timetag, OscTime { seconds: 0, fractional: 1 });
    let expected = both.map(|args| message("/echo/texts/out", args.into()));
    assert_eq!(bundle.content, expected);
    // A vector over the MTU comes in parts, in order.
    peer.send("/count/vector", vec![i(10)]);
    let rising: Vec<OscType> = (10..522).map(|n| f(n as f32)).collect();
    assert_eq!(peer.expect("/count/vector/vector"), rising);
    assert_eq!(plain.expect("/count/vector/vector"), rising);
    let mut gathered = Vec::new();
    while gathered.len() < 512 {
        let args = small.expect("/count/vector/vector/part");
        assert!(encode(&message("/count/vector/vector/part", args.clone())).len() <= 512);
        assert_eq!(args[..2], [i(gathered.len() as i32), i(512)]);
        gathered.extend_from_slice(&args[2..]);
    }
    assert_eq!(gathered, rising);
    // Of a text, nothing can be split: the others get it, the small one is told.
    peer.send("/echo/text", vec![s(&"x".repeat(600))]);
    peer.expect("/echo/text/out");
    small.expect_error("/echo/text/out/error", "too long for a datagram of 512");
    // A change of the project holds at once.
    let project = Project::parse(&send(&small, "only = [\"/fragile\"]")).unwrap();
    runtime.apply(project).unwrap();
    peer.send("/echo/text", vec![s("unheard")]);
    peer.expect("/echo/text/out");
    peer.send("/fragile/work", vec![]);
    small.expect("/fragile/work/done");
}

#[test]
fn bundles_and_ascii_come_on_wish() {
    together!();
    let runtime = runtime();
    let peer = Udp::to(&runtime);
    peer.send("/bundle", vec![i(1)]);
    peer.send("/ascii", vec![OscType::Bool(true)]);
    peer.send("/echo/texts", vec![s("道"), s("b")]);
    let OscPacket::Bundle(bundle) = peer.packet() else { panic!("expected a bundle") };
    assert_eq!(bundle.content.len(), 2);
    let OscPacket::Message(first) = &bundle.content[0] else { panic!("expected a message") };
    let OscType::String(text) = &first.args[2] else { panic!("expected text") };
    assert!(text.is_ascii() && !text.is_empty(), "{text}");
    peer.send("/bundle", vec![i(0)]);
    peer.send("/ascii", vec![f(0.0)]);
    peer.send("/echo/texts", vec![s("道")]);
    assert_eq!(peer.expect("/echo/texts/out"), [i(0), i(1), s("道")]);
    peer.send("/bundle", vec![s("yes")]);
    peer.expect_error("/bundle/error", "expected 1 or 0");
}

/// As long as UDP over IPv4 can carry: an address, type tags, and one blob.
fn largest_ping() -> Vec<u8> {
    let bytes = encode(&message("/ping", vec![OscType::Blob(vec![7; 65_507 - 20])]));
    // 65,507 is no multiple of four, so the last three bytes are padding that a packet lacks.
    let mut bytes = bytes;
    bytes.resize(65_507, 0);
    bytes
}

#[test]
fn the_largest_datagram_passes_both_ways() {
    together!();
    let runtime = runtime();
    let peer = Udp::to(&runtime);
    // The largest whole packet: 65,504 bytes.
    let blob = OscType::Blob(vec![7; 65_504 - 16]);
    assert_eq!(encode(&message("/ping", vec![blob.clone()])).len(), 65_504);
    peer.send("/ping", vec![blob.clone()]);
    assert_eq!(peer.expect("/pong"), [blob]);
    // The largest datagram at all, which no well-formed packet fills.
    let junk = vec![b'/'; 65_507];
    for bytes in [largest_ping(), junk] {
        let before = status(&runtime, "errors") + status(&runtime, "in");
        peer.send_bytes(&bytes);
        wait_until("it is counted", || {
            status(&runtime, "errors") + status(&runtime, "in") > before
        });
    }
    let deaf = Udp::to(&runtime);
    deaf.send("/ping", vec![]);
    deaf.expect("/pong");
}

#[test]
fn what_is_too_long_for_a_datagram_is_told_or_split() {
    together!();
    let runtime = runtime();
    let peer = Udp::to(&runtime);
    peer.send("/count/long", vec![i(100_000)]);
    peer.expect_error("/count/long/text/error", "listen over TCP or WebSocket");
    let mut stream = tcp(&runtime);
    send_prefixed(&mut stream, "/count/long", vec![i(100_000)]);
    assert_eq!(receive_prefixed(&mut stream).args, [s(&"x".repeat(100_000))]);
    peer.send("/count/wide", vec![]);
    let mut n_floats = 0;
    while n_floats < 20_000 {
        let args = peer.expect("/count/wide/vector/part");
        assert_eq!(args[..2], [i(n_floats), i(20_000)]);
        n_floats += args.len() as i32 - 2;
    }
    // Just under the limit alone, just over it in a bundle: it must come all the same.
    peer.send("/bundle", vec![i(1)]);
    peer.send("/subscribe", vec![s("/echo")]);
    peer.send("/ping", vec![]);
    peer.expect("/pong");
    let long = "x".repeat(65_463);
    let body = serde_json::json!({ "value": [long, "b", "c"] }).to_string();
    assert_eq!(post(http_address(&runtime), "/models/echo/texts", &body).status, 200);
    assert_eq!(peer.expect("/echo/texts/out"), [i(0), i(3), s(&long)]);
    let OscPacket::Bundle(bundle) = peer.packet() else { panic!("expected a bundle") };
    assert_eq!(bundle.content.len(), 2);
}

#[test]
fn a_slow_reader_of_large_messages_holds_little_memory() {
    alone!();
    let runtime = runtime();
    let mut slow = tcp(&runtime);
    send_prefixed(&mut slow, "/subscribe", vec![s("/count")]);
    send_prefixed(&mut slow, "/ping", vec![]);
    assert_eq!(receive_prefixed(&mut slow).addr, "/pong");
    let before = holdings().n_bytes;
    // A thousand vectors of 100 kB, asked for over HTTP, whose answers are not read as OSC.
    for _ in 0..1_000 {
        assert_eq!(post(http_address(&runtime), "/models/count/wide", "").status, 200);
    }
    let grown = holdings().n_bytes.saturating_sub(before);
    println!("grown by {} kB", grown / 1024);
    assert!(grown < 48 << 20, "{grown} bytes wait for a slow reader");
    assert!(status(&runtime, "dropped") > 0);
}

fn tcp(runtime: &Runtime) -> TcpStream {
    let stream = TcpStream::connect(osc(runtime)).unwrap();
    stream.set_nodelay(true).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream
}

fn send_prefixed(stream: &mut TcpStream, address: &str, args: Vec<OscType>) {
    let packet = encode(&message(address, args));
    let mut bytes = (packet.len() as u32).to_be_bytes().to_vec();
    bytes.extend(packet);
    stream.write_all(&bytes).unwrap();
}

#[track_caller]
fn receive_prefixed(stream: &mut TcpStream) -> OscMessage {
    let mut length = [0; 4];
    stream.read_exact(&mut length).unwrap();
    let mut packet = vec![0; u32::from_be_bytes(length) as usize];
    stream.read_exact(&mut packet).unwrap();
    match rosc::decoder::decode_udp(&packet).unwrap().1 {
        OscPacket::Message(message) => message,
        OscPacket::Bundle(bundle) => panic!("expected a message, got {bundle:?}"),
    }
}

fn slip(packet: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0xC0];
    for &byte in packet {
        match byte {
            0xC0 => bytes.extend([0xDB, 0xDC]),
            0xDB => bytes.extend([0xDB, 0xDD]),
            byte => bytes.push(byte),
        }
    }
    bytes.push(0xC0);
    bytes
}

fn receive_slip(stream: &mut TcpStream) -> OscMessage {
    let (mut packet, mut byte) = (Vec::new(), [0]);
    loop {
        stream.read_exact(&mut byte).unwrap();
        match byte[0] {
            0xC0 if packet.is_empty() => {}
            0xC0 => break,
            0xDB => {
                stream.read_exact(&mut byte).unwrap();
                packet.push(if byte[0] == 0xDC { 0xC0 } else { 0xDB });
            }
            byte => packet.push(byte),
        }
    }
    match rosc::decoder::decode_udp(&packet).unwrap().1 {
        OscPacket::Message(message) => message,
        OscPacket::Bundle(bundle) => panic!("expected a message, got {bundle:?}"),
    }
}

#[test]
fn tcp_takes_both_framings_in_pieces_of_any_size() {
    together!();
    let runtime = runtime();
    let odd = OscType::Blob(vec![0xC0, 0xDB, 0xDC, 0xDD, 0, 0xC0]);
    let packet = encode(&message("/ping", vec![odd.clone()]));
    let mut prefixed = (packet.len() as u32).to_be_bytes().to_vec();
    prefixed.extend(&packet);
    for piece in [1, 3, 1000] {
        let (mut a, mut b) = (tcp(&runtime), tcp(&runtime));
        for bytes in prefixed.repeat(2).chunks(piece) {
            a.write_all(bytes).unwrap();
        }
        for bytes in slip(&packet).repeat(2).chunks(piece) {
            b.write_all(bytes).unwrap();
        }
        for _ in 0..2 {
            assert_eq!(receive_prefixed(&mut a).args, std::slice::from_ref(&odd));
            assert_eq!(receive_slip(&mut b).args, std::slice::from_ref(&odd));
        }
    }
    // Outputs, subscriptions and errors come in the connection's own framing.
    let mut stream = tcp(&runtime);
    stream.write_all(&slip(&encode(&message("/subscribe", vec![s("/echo")])))).unwrap();
    stream.write_all(&slip(&encode(&message("/nobody", vec![])))).unwrap();
    assert_eq!(receive_slip(&mut stream).addr, "/nobody/error");
    let peer = Udp::to(&runtime);
    peer.send("/echo/text", vec![s("to all")]);
    assert_eq!(receive_slip(&mut stream).args, [s("to all")]);
    stream.write_all(&slip(&encode(&message("/subscribe", vec![i(9000)])))).unwrap();
    let refused = receive_slip(&mut stream);
    assert_eq!(refused.addr, "/subscribe/error");
    // What is no OSC at all is counted and closed.
    let before = status(&runtime, "errors");
    let mut stream = tcp(&runtime);
    stream.write_all(b"GET / HTTP/1.1\r\n\r\n").unwrap();
    let mut rest = Vec::new();
    let _ = stream.read_to_end(&mut rest);
    wait_until("the error is counted", || status(&runtime, "errors") > before);
}

type WebSocket = tungstenite::WebSocket<TcpStream>;

fn websocket(runtime: &Runtime) -> WebSocket {
    let address = http_address(runtime);
    let stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    tungstenite::client(format!("ws://{address}/osc"), stream).unwrap().0
}

fn receive_frame(socket: &mut WebSocket) -> OscMessage {
    loop {
        match socket.read().unwrap() {
            tungstenite::Message::Binary(bytes) => {
                match rosc::decoder::decode_udp(&bytes).unwrap().1 {
                    OscPacket::Message(message) => return message,
                    OscPacket::Bundle(bundle) => panic!("expected a message, got {bundle:?}"),
                }
            }
            tungstenite::Message::Ping(_) => {}
            other => panic!("expected OSC, got {other:?}"),
        }
    }
}

fn send_frame(socket: &mut WebSocket, packet: &OscPacket) {
    socket.send(tungstenite::Message::Binary(encode(packet).into())).unwrap();
}

#[test]
fn websocket_frames_are_packets() {
    together!();
    let runtime = runtime();
    let mut socket = websocket(&runtime);
    send_frame(&mut socket, &message("/ping", every_argument()));
    assert_eq!(receive_frame(&mut socket).addr, "/pong");
    send_frame(&mut socket, &bundle(vec![message("/echo/text", vec![s("a")])]));
    assert_eq!(receive_frame(&mut socket).args, [s("a")]);
    send_frame(&mut socket, &message("/subscribe", vec![s("/count")]));
    send_frame(&mut socket, &message("/count/wide", vec![]));
    assert_eq!(receive_frame(&mut socket).args.len(), 20_000);
    socket.send(tungstenite::Message::Binary(b"junk"[..].into())).unwrap();
    assert_eq!(receive_frame(&mut socket).addr, "/error");
    Udp::to(&runtime).send("/count/up", vec![i(3)]);
    for n in 1..=3 {
        assert_eq!(receive_frame(&mut socket).args, [f(n as f32)]);
    }
    // A packet in many frames is one packet.
    let text = "x".repeat(100_000);
    send_frame(&mut socket, &message("/echo/text", vec![s(&text)]));
    assert_eq!(receive_frame(&mut socket).args, [s(&text)]);
}

#[test]
fn partials_reach_a_websocket_at_once() {
    alone!();
    let runtime = runtime();
    let mut socket = websocket(&runtime);
    let mut times: Vec<Duration> = (0..50)
        .map(|n| {
            // Two answers in a row: the second must not wait until the first is acknowledged.
            let began = Instant::now();
            send_frame(&mut socket, &message("/ping", vec![i(n)]));
            send_frame(&mut socket, &message("/echo/number", vec![i(n)]));
            send_frame(&mut socket, &message("/count/up", vec![i(3)]));
            while receive_frame(&mut socket).addr != "/echo/number/out" {}
            let took = began.elapsed();
            wait_until("all have come", || {
                runtime.engine().model("count").unwrap().n_waiting() == 0
            });
            took
        })
        .collect();
    times.sort();
    println!("three answers over WebSocket: median {:?}, longest {:?}", times[25], times[49]);
    assert!(times[40] < Duration::from_millis(20), "{times:?}");
}

#[test]
fn a_full_queue_answers_at_once() {
    together!();
    let runtime = runtime();
    let peer = Udp::to(&runtime);
    let model = runtime.engine().model("count").unwrap();
    let n_queued = || {
        let counters = model.counters("wait").unwrap();
        counters.queued.load(std::sync::atomic::Ordering::Relaxed)
    };
    peer.send("/count/wait", vec![i(1_000)]);
    wait_until("it runs", || n_queued() == 1 && model.n_waiting() == 0);
    for _ in 0..64 {
        peer.send("/count/up", vec![i(1)]);
    }
    let began = Instant::now();
    for _ in 0..4 {
        peer.send("/count/up", vec![i(1)]);
    }
    peer.expect_error("/count/up/error", "count is busy: 64 runs are waiting");
    assert!(began.elapsed() < Duration::from_millis(500), "{:?}", began.elapsed());
    // Those that waited all run, in order, after those that were refused have heard so.
    let mut n_done = 0;
    while n_done < 64 {
        let next = peer.next();
        n_done += usize::from(next.addr == "/count/up/n");
    }
    let refused = &model.counters("up").unwrap().refused;
    assert_eq!(refused.load(std::sync::atomic::Ordering::Relaxed), 4);
}

#[test]
fn a_model_that_panics_is_started_anew_and_says_so() {
    together!();
    let runtime = runtime();
    let (peer, watcher) = (Udp::to(&runtime), Udp::to(&runtime));
    watcher.send("/subscribe", vec![s("/fragile/error")]);
    watcher.send("/ping", vec![]);
    watcher.expect("/pong");
    for n in 1..=3 {
        peer.send("/fragile/break", vec![]);
        peer.expect_error("/fragile/break/error", "panicked: a glass fell");
        watcher.expect_error("/fragile/error", "panicked and was started anew");
        peer.send("/fragile/work", vec![]);
        assert_eq!(peer.expect("/fragile/work/done"), [i(1)]);
        assert_eq!(runtime.engine().model("fragile").unwrap().n_restarts(), n);
    }
    peer.send("/fragile/fail", vec![]);
    peer.expect_error("/fragile/fail/error", "the glass is empty");
}

#[test]
fn runtimes_that_hear_each_other_do_not_quarrel() {
    together!();
    let second = runtime();
    let project = format!("[[send]]\nto = \"{}\"\n", osc(&second));
    let first = builder(&project, listen()).start().unwrap();
    let peer = Udp::to(&first);
    // The second takes the first's output for an unknown input, and says so to the first.
    peer.send("/echo/pair", vec![]);
    peer.expect("/echo/pair/out");
    wait_until("the second has answered", || status(&first, "in") >= 2);
    let before = status(&first, "in");
    for _ in 0..20 {
        peer.send("/ping", vec![]);
        peer.expect("/pong");
    }
    let n_answers = status(&first, "in") - before - 20;
    assert!(n_answers <= 2, "{n_answers} messages passed between two runtimes by themselves");
}

#[test]
fn a_slow_reader_loses_the_old_and_holds_up_nobody() {
    alone!();
    let runtime = runtime();
    let peer = Udp::to(&runtime);
    let mut slow = tcp(&runtime);
    send_prefixed(&mut slow, "/subscribe", vec![s("/count")]);
    send_prefixed(&mut slow, "/ping", vec![]);
    assert_eq!(receive_prefixed(&mut slow).addr, "/pong");
    // It reads nothing now, while some 40 MB come its way.
    let before = holdings().n_bytes;
    let (mut slowest, n_runs) = (Duration::ZERO, 15_000);
    for n in 0..n_runs {
        peer.send("/count/vector", vec![i(n)]);
        assert_eq!(peer.expect("/count/vector/vector")[0], f(n as f32));
        if n % 100 == 0 {
            let began = Instant::now();
            peer.send("/ping", vec![]);
            peer.expect("/pong");
            slowest = slowest.max(began.elapsed());
        }
    }
    let grown = holdings().n_bytes.saturating_sub(before);
    println!("slowest ping beside a slow reader: {slowest:?}; grown by {} kB", grown / 1024);
    assert!(slowest < Duration::from_millis(250), "{slowest:?}");
    assert!(grown < 64 << 20, "{grown} bytes wait for a slow reader");
    assert!(status(&runtime, "dropped") > 0);
    // What it then reads is whole, rises, lacks some, and ends with the newest.
    let (mut last, mut n_read) = (-1.0, 0);
    while last < (n_runs - 1) as f32 {
        let OscType::Float(first) = receive_prefixed(&mut slow).args[0] else { panic!() };
        assert!(first > last, "{first} after {last}");
        (last, n_read) = (first, n_read + 1);
    }
    println!("the slow reader got {n_read} of {n_runs}");
    assert!(n_read < n_runs);
}

#[test]
fn vanished_clients_leave_nothing_behind() {
    alone!();
    let runtime = runtime();
    let n_clients = || {
        let status = get(http_address(&runtime), "/status").json();
        status["clients"].as_array().unwrap().len()
    };
    // By the first answer every thread has opened what it needs.
    assert_eq!(n_clients(), 0);
    let before = holdings();
    for _ in 0..3 {
        let mut streams: Vec<TcpStream> = (0..50).map(|_| tcp(&runtime)).collect();
        for stream in &mut streams {
            send_prefixed(stream, "/subscribe", vec![]);
            send_prefixed(stream, "/ping", vec![]);
            assert_eq!(receive_prefixed(stream).addr, "/pong");
        }
        let mut sockets: Vec<WebSocket> = (0..50).map(|_| websocket(&runtime)).collect();
        for socket in &mut sockets {
            send_frame(socket, &message("/subscribe", vec![]));
            send_frame(socket, &message("/ping", vec![]));
            assert_eq!(receive_frame(socket).addr, "/pong");
        }
        assert_eq!(n_clients(), 100);
        // Half leave without a word, in the midst of what is sent to them, and of a packet.
        let peer = Udp::to(&runtime);
        peer.send("/count/up", vec![i(200)]);
        for stream in &mut streams[..25] {
            stream.write_all(&[0, 0, 1]).unwrap();
        }
        streams.truncate(25);
        drop(sockets);
        drop(streams);
        wait_until("the clients are gone", || n_clients() == 0);
    }
    let began = Instant::now();
    while holdings().n_handles > before.n_handles {
        assert!(began.elapsed() < PATIENCE, "{before:?} became {:?}", holdings());
        std::thread::sleep(Duration::from_millis(2));
    }
    assert!(holdings().n_threads <= before.n_threads);
}

#[test]
fn too_many_connections_cost_none_of_the_others() {
    together!();
    let runtime = runtime();
    let mut first = tcp(&runtime);
    let crowd: Vec<TcpStream> = (0..300).map(|_| tcp(&runtime)).collect();
    let mut late = tcp(&runtime);
    assert_eq!(late.read(&mut [0]).unwrap_or(0), 0, "beyond 256 it is closed");
    send_prefixed(&mut first, "/ping", vec![]);
    assert_eq!(receive_prefixed(&mut first).addr, "/pong");
    drop(crowd);
    wait_until("there is room again", || {
        let mut stream = tcp(&runtime);
        let ping = encode(&message("/ping", vec![]));
        let mut bytes = (ping.len() as u32).to_be_bytes().to_vec();
        bytes.extend(ping);
        stream.write_all(&bytes).is_ok() && matches!(stream.read(&mut [0]), Ok(1))
    });
}

#[test]
fn a_taken_port_is_named_with_what_to_do() {
    together!();
    let first = runtime();
    let start = |listen| match builder("", listen).start() {
        Ok(_) => panic!("the port is taken"),
        Err(error) => error.to_string(),
    };
    let check = |words: String, what: &str, port: u16| {
        for expected in [what, &port.to_string(), "--port-offset", "taken by another program"] {
            assert!(words.contains(expected), "'{words}' lacks '{expected}'");
        }
    };
    let osc_port = osc(&first).port();
    let http_port = http_address(&first).port();
    check(start(Listen { osc_port, ..listen() }), "OSC over UDP", osc_port);
    check(start(Listen { http_port, ..listen() }), "HTTP", http_port);
    let only_tcp = loop {
        let taken = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = taken.local_addr().unwrap().port();
        if std::net::UdpSocket::bind(("127.0.0.1", port)).is_ok() {
            break taken;
        }
    };
    let port = only_tcp.local_addr().unwrap().port();
    check(start(Listen { osc_port: port, ..listen() }), "OSC over TCP", port);
    // The port is free again as soon as the first is gone, though clients were connected.
    let mut stream = tcp(&first);
    send_prefixed(&mut stream, "/ping", vec![]);
    receive_prefixed(&mut stream);
    drop(first);
    let again = builder("", Listen { osc_port, http_port, ..listen() }).start().unwrap();
    assert_eq!(osc(&again).port(), osc_port);
}

#[test]
fn only_this_computer_is_listened_to() {
    together!();
    let runtime = runtime();
    assert!(osc(&runtime).ip().is_loopback() && http_address(&runtime).ip().is_loopback());
    // The machine's other addresses, where it has any, are closed.
    let probe = std::net::UdpSocket::bind("0.0.0.0:0").unwrap();
    let outside = probe.connect("192.0.2.1:9").and_then(|()| probe.local_addr());
    if let Ok(own) = outside.map(|address| address.ip())
        && !own.is_loopback()
    {
        for port in [osc(&runtime).port(), http_address(&runtime).port()] {
            let refused =
                TcpStream::connect_timeout(&SocketAddr::new(own, port), Duration::from_secs(2));
            assert_eq!(refused.unwrap_err().kind(), ErrorKind::ConnectionRefused);
        }
    }
}

#[test]
fn a_stopped_runtime_leaves_no_thread_and_no_handle() {
    alone!();
    let cycle = || {
        let runtime = runtime();
        let peer = Udp::to(&runtime);
        peer.send("/echo/pair", vec![]);
        peer.expect("/echo/pair/out");
        let mut stream = tcp(&runtime);
        send_prefixed(&mut stream, "/subscribe", vec![]);
        let _socket = websocket(&runtime);
        // Something waits for its time, and something runs.
        peer.send_packet(&in_millis(30_000, vec![message("/ping", vec![])]));
        peer.send("/count/wait", vec![i(50_000)]);
        peer.send("/ping", vec![]);
        peer.expect("/pong");
    };
    cycle();
    let settled = |limit: Holdings| {
        let now = holdings();
        now.n_threads <= limit.n_threads && now.n_handles <= limit.n_handles
    };
    let before = Holdings { n_threads: 3, ..holdings() };
    wait_until("the first has ended", || holdings().n_threads <= before.n_threads + 1);
    let before = holdings();
    for _ in 0..10 {
        cycle();
    }
    wait_until("threads and handles are given back", || settled(before));
}

#[test]
fn a_million_junk_packets_change_nothing() {
    alone!();
    let runtime = runtime();
    let peer = Udp::to(&runtime);
    let good = encode(&bundle(vec![message("/ping", vec![])]));
    let mut state = 1_u64;
    let mut random = move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
    let mut junk = |n: u64| -> Vec<u8> {
        match n % 5 {
            // Noise; noise that looks like a message; like a bundle; a good one with flipped bytes.
            0 => (0..random() % 40).map(|_| random() as u8).collect(),
            1 => [&b"/a\0\0,"[..], &random().to_be_bytes()[..7]].concat(),
            2 => [&b"#bundle\0"[..], &random().to_be_bytes(), &random().to_be_bytes()].concat(),
            3 => b"/ping\0\0\0,[[[[[[[[[[[[[[[[[[\0".to_vec(),
            _ => {
                let mut bytes = good.clone();
                let at = random() as usize % bytes.len();
                bytes[at] ^= 1 << (random() % 8);
                bytes
            }
        }
    };
    let seen = || {
        let status = get(http_address(&runtime), "/status").json();
        status["errors"].as_u64().unwrap() + status["in"].as_u64().unwrap()
    };
    let send_many = |peer: &Udp, junk: &mut dyn FnMut(u64) -> Vec<u8>, n: u64| {
        for k in 0..n {
            peer.send_bytes(&junk(k));
            // What is sent faster than it is read is lost in the socket, and would prove nothing.
            if k % 500 == 499 {
                let probe = Udp::to_address(osc(&runtime));
                probe.send("/ping", vec![i(1)]);
                probe.expect("/pong");
            }
        }
    };
    send_many(&peer, &mut junk, 50_000);
    let (began, n_before) = (Instant::now(), seen());
    let before = holdings();
    send_many(&peer, &mut junk, 1_000_000);
    let n_seen = seen() - n_before;
    println!("{n_seen} of a million were read, in {:?}", began.elapsed());
    assert!(n_seen >= 1_000_000, "{n_seen}");
    wait_until("handles are given back", || holdings().n_handles <= before.n_handles);
    let after = holdings();
    assert!(after.n_threads <= before.n_threads);
    let grown = after.n_bytes.saturating_sub(before.n_bytes);
    assert!(grown < 4 << 20, "memory grew by {grown} bytes");
    let fresh = Udp::to(&runtime);
    fresh.send("/echo/pair", vec![]);
    fresh.expect("/echo/pair/out");
}

#[test]
fn many_peers_at_once_each_get_their_own() {
    together!();
    let runtime = runtime();
    let barrier = Barrier::new(8);
    std::thread::scope(|scope| {
        for n in 0..8 {
            let (runtime, barrier) = (&runtime, &barrier);
            scope.spawn(move || {
                let peer = Udp::to(runtime);
                barrier.wait();
                for k in 0..200 {
                    peer.send("/echo/text", vec![s(&format!("{n} {k}"))]);
                    assert_eq!(peer.expect("/echo/text/out"), [s(&format!("{n} {k}"))]);
                }
            });
        }
    });
}
