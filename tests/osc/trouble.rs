//! Trouble: full queues, panics, slow and vanished clients, taken ports, junk.

use super::common::*;
use super::messages::in_millis;
use super::streams::*;
use enjamb::net::settings::Listen;
use rosc::OscType;
use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Barrier;
use std::time::{Duration, Instant};

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
