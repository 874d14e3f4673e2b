//! Messages over UDP: what each address does, how arguments are read, and who hears the answers.

use super::common::*;
use super::streams::*;
use enjamb::Project;
use enjamb::net::settings::Listen;
use enjamb::time::ManualClock;
use rosc::{OscArray, OscBundle, OscColor, OscMidiMessage, OscPacket, OscTime, OscType};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

pub fn every_argument() -> Vec<OscType> {
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
        (
            "/nobody",
            "/nobody/error",
            "there is no model or chain 'nobody' here, only echo, count, fragile",
        ),
        ("/nobody/embed", "/nobody/embed/error", "there is no model or chain 'nobody'"),
        ("/echo", "/echo/error", "echo is a model: expected one of its commands, only pair"),
        ("/echo/none", "/echo/none/error", "echo has no command 'none', only pair"),
        ("/echo/piar", "/echo/piar/error", "; did you mean 'pair'?"),
        ("/echo/pair/c", "/echo/pair/c/error", "no input 'c', only a, b"),
        ("/echo/pair/a/x", "/echo/pair/a/x/error", "echo has no command 'pair/a/x', only "),
        ("/", "/error", "there is no model or chain ''"),
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

pub fn in_millis(millis: i64, content: Vec<OscPacket>) -> OscPacket {
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
fn a_destination_whose_name_can_not_be_found_holds_nobody_up() {
    together!();
    let ear = Udp::ear();
    // Names that end so are never in use (RFC 2606).
    let project = format!(
        "[[send]]\nto = \"nowhere.invalid:7000\"\n[[send]]\nto = \"localhost:{}\"\n",
        ear.port()
    );
    let runtime = builder(&project, listen()).start().unwrap();
    let peer = Udp::to(&runtime);
    peer.send("/echo/text", vec![s("found")]);
    assert_eq!(ear.expect("/echo/text/out"), [s("found")]);
    let knows = |name: &str| {
        let status = get(http_address(&runtime), "/status").json();
        status["clients"].as_array().unwrap().iter().any(|client| client["name"] == name)
    };
    assert!(knows("udp nowhere.invalid:7000 (not found)"));
    // A name that the project says while it runs is found as well.
    let other = Udp::ear();
    let project = format!("[[send]]\nto = \"localhost:{}\"\n", other.port());
    runtime.apply(Project::parse(&project).unwrap()).unwrap();
    let found = format!("udp 127.0.0.1:{}", other.port());
    wait_until("the new name is found", || knows(&found));
    peer.send("/echo/text", vec![s("there")]);
    assert_eq!(other.expect("/echo/text/out"), [s("there")]);
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
