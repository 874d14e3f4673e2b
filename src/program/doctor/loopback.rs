//! What is measured over loopback: round trips, datagram sizes, the receive buffer, multicast.

use super::Finding;
use serde_json::{Value as Json, json};
use socket2::{Domain, SockRef, Socket, Type};
use std::io;
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::time::{Duration, Instant};

const N_ROUND_TRIPS: usize = 1000;
/// A datagram that is not back by then counts as lost.
const PATIENCE: Duration = Duration::from_millis(200);
/// A runtime under load may take longer.
const PING_PATIENCE: Duration = Duration::from_secs(1);
/// So many losses say enough.
const ENOUGH_LOST: usize = 20;
/// The most that a datagram over IPv4 can carry.
const MAX_DATAGRAM: usize = 65_507;
/// What is safe on any network, and what macOS sends without being asked for more.
const SAFE: usize = 1400;
const MACOS_DEFAULT: usize = 9216;
/// A vector of 512 floats as one message: address, 513 type tags, 512 numbers.
const VECTOR_BYTES: usize = 2600;
/// What the runtime asks for.
const WANTED_BUFFER: usize = 4 * 1024 * 1024;
/// A burst of so many vectors should find room.
const FEW_VECTORS: usize = 256;
/// No larger burst is tried.
const MAX_BURST: usize = 1024;
const MDNS: Ipv4Addr = Ipv4Addr::new(224, 0, 0, 251);

fn open() -> io::Result<(UdpSocket, SocketAddr)> {
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
    socket.set_read_timeout(Some(PATIENCE))?;
    let address = socket.local_addr()?;
    Ok((socket, address))
}

fn no_loopback(check: &'static str, error: &io::Error) -> Finding {
    Finding::fix(
        check,
        format!("loopback does not work: {error}"),
        "a firewall or a sandbox keeps this program from 127.0.0.1; allow it there",
    )
}

/// A real `/ping` to the running enjamb.
pub fn ping(status: &Json) -> Finding {
    let osc = status["osc"].as_str().unwrap_or("");
    match send_ping(osc) {
        Ok(Some(took)) => Finding::ok(
            "ping",
            format!("enjamb answers /ping in {:.2} ms", took.as_secs_f64() * 1e3),
        )
        .with(json!({ "milliseconds": took.as_secs_f64() * 1e3 })),
        Ok(None) => Finding::fix(
            "ping",
            format!("enjamb runs, but no /pong came from {osc} within {PING_PATIENCE:?}"),
            "a firewall may keep UDP off: allow enjamb in it, or restart enjamb",
        ),
        Err(error) => no_loopback("ping", &error),
    }
}

fn send_ping(osc: &str) -> io::Result<Option<Duration>> {
    let to: SocketAddr = osc.parse().map_err(io::Error::other)?;
    // Whoever listens on all addresses is asked at this computer's own.
    let any = if to.is_ipv6() { "[::1]:0" } else { "127.0.0.1:0" };
    let here: SocketAddr = any.parse().map_err(io::Error::other)?;
    let host = if to.ip().is_unspecified() { here.ip() } else { to.ip() };
    let bind_to = if host.is_loopback() { here } else { SocketAddr::new(host, 0) };
    let socket = UdpSocket::bind(bind_to)?;
    socket.set_read_timeout(Some(PING_PATIENCE))?;
    let began = Instant::now();
    socket.send_to(b"/ping\0\0\0,s\0\0doctor\0\0", (host, to.port()))?;
    let mut buffer = [0; 1500];
    while began.elapsed() < PING_PATIENCE {
        match socket.recv_from(&mut buffer) {
            Ok((n, _)) if buffer[..n].starts_with(b"/pong\0") => return Ok(Some(began.elapsed())),
            Ok(_) => {}
            Err(error) if is_timeout(&error) => break,
            Err(error) => return Err(error),
        }
    }
    Ok(None)
}

fn is_timeout(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut)
}

/// A thousand datagrams there and back.
pub fn round_trips() -> Finding {
    let check = "loopback";
    match measure_round_trips() {
        Ok((median, worst, n_lost)) => {
            let millis = |took: Duration| took.as_secs_f64() * 1e3;
            let data = json!({
                "datagrams": N_ROUND_TRIPS, "lost": n_lost,
                "median_ms": millis(median), "worst_ms": millis(worst),
            });
            let found = format!(
                "UDP there and back in {:.3} ms (median), {:.1} ms at worst; {n_lost} of \
                 {N_ROUND_TRIPS} lost",
                millis(median),
                millis(worst)
            );
            match n_lost {
                0 => Finding::ok(check, found),
                _ => Finding::fix(
                    check,
                    found,
                    "nothing should be lost within one computer: look for a firewall or a virus \
                     scanner that inspects UDP",
                ),
            }
            .with(data)
        }
        Err(error) => no_loopback(check, &error),
    }
}

fn measure_round_trips() -> io::Result<(Duration, Duration, usize)> {
    let (here, _) = open()?;
    let (there, there_address) = open()?;
    let echo = std::thread::spawn(move || {
        let mut buffer = [0; 64];
        // The asker's last word is empty; without it, patience runs out.
        while let Ok((n @ 1.., from)) = there.recv_from(&mut buffer) {
            let _ = there.send_to(&buffer[..n], from);
        }
    });
    let (mut times, mut n_lost) = (Vec::with_capacity(N_ROUND_TRIPS), 0);
    let mut buffer = [0; 64];
    for number in 0..N_ROUND_TRIPS as u64 {
        let began = Instant::now();
        here.send_to(&number.to_be_bytes(), there_address)?;
        loop {
            match here.recv_from(&mut buffer) {
                // A late one was counted as lost already.
                Ok((n, _)) if buffer[..n] != number.to_be_bytes() => {}
                Ok(_) => {
                    times.push(began.elapsed());
                    break;
                }
                Err(error) if is_timeout(&error) => {
                    n_lost += 1;
                    break;
                }
                Err(error) => return Err(error),
            }
        }
        if n_lost == ENOUGH_LOST {
            n_lost = N_ROUND_TRIPS - times.len();
            break;
        }
    }
    let _ = here.send_to(&[], there_address);
    let _ = echo.join();
    times.sort_unstable();
    let at = |index: usize| times.get(index).copied().unwrap_or(PATIENCE);
    Ok((at(times.len() / 2), at(times.len().saturating_sub(1)), n_lost))
}

/// The largest datagram that passes.
pub fn largest_datagram() -> Finding {
    let check = "datagrams";
    let largest = match open().and_then(|(a, _)| Ok((a, open()?))) {
        Ok((from, (to, address))) => {
            let passes = |n| passes(&from, &to, address, n);
            // The largest that passes is in fits..too_large.
            let (mut fits, mut too_large) = (0, MAX_DATAGRAM + 1);
            if passes(MAX_DATAGRAM) {
                fits = MAX_DATAGRAM;
            }
            while too_large - fits > 1 {
                let middle = fits.midpoint(too_large);
                if passes(middle) { fits = middle } else { too_large = middle }
            }
            fits
        }
        Err(error) => return no_loopback(check, &error),
    };
    let sizes = format!(
        "{SAFE} bytes pass on every network; {MACOS_DEFAULT} is what macOS sends by default; \
         {MAX_DATAGRAM}\nis as much as UDP can. A vector of 512 floats takes about {VECTOR_BYTES}"
    );
    let data = json!({ "largest": largest, "vector_512": VECTOR_BYTES });
    match largest {
        MAX_DATAGRAM => Finding::ok(
            check,
            format!("up to {largest} bytes pass over loopback.\n{sizes}: it passes"),
        ),
        VECTOR_BYTES.. => Finding::hint(
            check,
            format!("up to {largest} bytes pass over loopback.\n{sizes}: it passes"),
            "longer vectors come in parts or over TCP. On macOS: \
             sudo sysctl -w net.inet.udp.maxdgram=65507",
        ),
        _ => Finding::fix(
            check,
            format!("only {largest} bytes pass over loopback.\n{sizes}: it does not pass"),
            "listen over TCP or WebSocket, or set mtu under [[send]] in the project file, which \
             sends vectors in parts",
        ),
    }
    .with(data)
}

fn passes(from: &UdpSocket, to: &UdpSocket, address: SocketAddr, n_bytes: usize) -> bool {
    let mut buffer = vec![0; MAX_DATAGRAM + 1];
    if !matches!(from.send_to(&buffer[..n_bytes], address), Ok(n) if n == n_bytes) {
        return false;
    }
    to.recv_from(&mut buffer).is_ok_and(|(n, _)| n == n_bytes)
}

/// How many vectors can wait while a receiver is busy.
pub fn receive_buffer() -> Finding {
    let check = "receive buffer";
    let (granted, n_vectors) = match measure_buffer() {
        Ok(measured) => measured,
        Err(error) => return no_loopback(check, &error),
    };
    let limit = read_number("/proc/sys/net/core/rmem_max");
    let data = json!({
        "wanted": WANTED_BUFFER, "granted": granted, "vectors": n_vectors, "rmem_max": limit,
    });
    let more = if n_vectors == MAX_BURST { " or more" } else { "" };
    let found = format!(
        "the system grants {} kB of {} kB; {n_vectors}{more} vectors of 512 floats can wait in it",
        granted / 1024,
        WANTED_BUFFER / 1024
    );
    match n_vectors >= FEW_VECTORS {
        true => Finding::ok(check, found),
        false => {
            let next = match limit {
                Some(_) => format!(
                    "bursts of more are lost. For a larger one, until the next start:\n\
                     sudo sysctl -w net.core.rmem_max={WANTED_BUFFER}\n\
                     for good: put net.core.rmem_max={WANTED_BUFFER} into \
                     /etc/sysctl.d/60-osc.conf"
                ),
                None if cfg!(target_os = "macos") => "bursts of more are lost. For a larger one: \
                     sudo sysctl -w kern.ipc.maxsockbuf=8388608"
                    .into(),
                None => "bursts of more are lost: send large streams over TCP or WebSocket".into(),
            };
            Finding::hint(check, found, next)
        }
    }
    .with(data)
}

fn measure_buffer() -> io::Result<(usize, usize)> {
    let (to, address) = open()?;
    let _ = SockRef::from(&to).set_recv_buffer_size(WANTED_BUFFER);
    let granted = SockRef::from(&to).recv_buffer_size()?;
    // Linux tells twice what one may use, for its own bookkeeping: socket(7).
    let granted = if cfg!(target_os = "linux") { granted / 2 } else { granted };
    let (from, _) = open()?;
    let packet = [0; VECTOR_BYTES];
    for _ in 0..MAX_BURST {
        // A full buffer is what is looked for.
        let _ = from.send_to(&packet, address);
    }
    to.set_nonblocking(true)?;
    let mut buffer = [0; VECTOR_BYTES];
    let mut n_vectors = 0;
    while to.recv_from(&mut buffer).is_ok() {
        n_vectors += 1;
    }
    Ok((granted, n_vectors))
}

fn read_number(path: &str) -> Option<u64> {
    std::fs::read_to_string(path).ok()?.trim().parse().ok()
}

/// Whether the runtime can make itself known by mDNS.
pub fn multicast() -> Finding {
    let check = "mDNS";
    match hear_multicast() {
        Ok(true) => Finding::ok(check, "multicast works, so programs can find enjamb by name"),
        Ok(false) => Finding::hint(
            check,
            "a multicast datagram of our own was not heard",
            "programs will not find enjamb by name: give them the address and port, or let UDP 5353 \
             through the firewall",
        ),
        Err(error) => Finding::hint(
            check,
            format!("multicast is not possible now: {error}"),
            "without a network this is normal, and nothing else needs it: give programs the address \
             and port",
        ),
    }
}

/// Joins the group of mDNS and speaks to it on a port of our own; with a time to live of 0 that
/// stays within this computer.
fn hear_multicast() -> io::Result<bool> {
    let socket = Socket::new(Domain::IPV4, Type::DGRAM, None)?;
    socket.bind(&SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0)).into())?;
    socket.join_multicast_v4(&MDNS, &Ipv4Addr::UNSPECIFIED)?;
    socket.set_multicast_ttl_v4(0)?;
    socket.set_multicast_loop_v4(true)?;
    let socket = UdpSocket::from(socket);
    socket.set_read_timeout(Some(PATIENCE))?;
    let port = socket.local_addr()?.port();
    socket.send_to(b"enjamb", (MDNS, port))?;
    let mut buffer = [0; 16];
    match socket.recv_from(&mut buffer) {
        Ok((n, _)) => Ok(&buffer[..n] == b"enjamb"),
        Err(error) if is_timeout(&error) => Ok(false),
        Err(error) => Err(error),
    }
}
