//! OSC over TCP, in both framings, and over WebSocket.

use super::common::*;
use super::messages::every_argument;
use enjamb::Runtime;
use rosc::{OscMessage, OscPacket, OscType};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

pub fn tcp(runtime: &Runtime) -> TcpStream {
    let stream = TcpStream::connect(osc(runtime)).unwrap();
    stream.set_nodelay(true).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream
}

pub fn send_prefixed(stream: &mut TcpStream, address: &str, args: Vec<OscType>) {
    let packet = encode(&message(address, args));
    let mut bytes = (packet.len() as u32).to_be_bytes().to_vec();
    bytes.extend(packet);
    stream.write_all(&bytes).unwrap();
}

#[track_caller]
pub fn receive_prefixed(stream: &mut TcpStream) -> OscMessage {
    let mut length = [0; 4];
    stream.read_exact(&mut length).unwrap();
    let mut packet = vec![0; u32::from_be_bytes(length) as usize];
    stream.read_exact(&mut packet).unwrap();
    match rosc::decoder::decode_udp(&packet).unwrap().1 {
        OscPacket::Message(message) => message,
        OscPacket::Bundle(bundle) => panic!("expected a message, got {bundle:?}"),
    }
}

pub fn slip(packet: &[u8]) -> Vec<u8> {
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

pub fn receive_slip(stream: &mut TcpStream) -> OscMessage {
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
    // What is no OSC at all is counted, told, and closed.
    let before = status(&runtime, "errors");
    let mut stream = tcp(&runtime);
    stream.write_all(b"GET / HTTP/1.1\r\n\r\n").unwrap();
    let mut rest = Vec::new();
    let _ = stream.read_to_end(&mut rest);
    let words = String::from_utf8_lossy(&rest);
    assert!(words.contains("/error") && words.contains("length prefix or SLIP"), "{words}");
    wait_until("the error is counted", || status(&runtime, "errors") > before);
}

pub type WebSocket = tungstenite::WebSocket<TcpStream>;

pub fn websocket(runtime: &Runtime) -> WebSocket {
    let address = http_address(runtime);
    let stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    tungstenite::client(format!("ws://{address}/osc"), stream).unwrap().0
}

pub fn receive_frame(socket: &mut WebSocket) -> OscMessage {
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

pub fn send_frame(socket: &mut WebSocket, packet: &OscPacket) {
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
