//! OSC over TCP, with length prefixes or SLIP; each connection is told apart by its first byte.

use super::receiver::Receiver;
use crate::tune;
use enjamb_core::host::Peer;
use enjamb_osc::frame::{Deframer, Framing};
use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::time::timeout;

/// Connections at once; one more is closed as soon as it comes.
const MAX_CONNECTIONS: usize = 256;
/// A client that stops in the middle of a packet for this long is gone.
const READ_PATIENCE: Duration = Duration::from_secs(30);
/// A client that said its last word still hears answers for this long.
const LAST_ANSWERS: Duration = Duration::from_secs(1);
/// A client that takes nothing for this long is gone.
const WRITE_PATIENCE: Duration = Duration::from_secs(20);

/// Serves connections until the future is dropped.
pub async fn serve(listener: TcpListener, receiver: Arc<Receiver>, allowed: Arc<[ipnet::IpNet]>) {
    let slots = Arc::new(tokio::sync::Semaphore::new(MAX_CONNECTIONS));
    let mut is_full = false;
    loop {
        let (stream, from) = match listener.accept().await {
            Ok(accepted) => accepted,
            Err(error) => {
                // Out of file handles, most likely: others may close theirs in a while.
                tracing::warn!("accepting OSC over TCP: {error}");
                tokio::time::sleep(Duration::from_millis(100)).await;
                continue;
            }
        };
        let ip = from.ip().to_canonical();
        if !ip.is_loopback() && !allowed.iter().any(|net| net.contains(&ip)) {
            receiver.refuse(from);
            continue;
        }
        let Ok(slot) = Arc::clone(&slots).try_acquire_owned() else {
            // ChainEvent once, however many more knock.
            if !std::mem::replace(&mut is_full, true) {
                tracing::warn!("closed OSC over TCP from {from}: {MAX_CONNECTIONS} are connected");
            }
            continue;
        };
        is_full = false;
        let receiver = Arc::clone(&receiver);
        tokio::spawn(async move {
            if let Err(error) = converse(stream, &receiver).await {
                tracing::debug!("OSC over TCP with {from} ended: {error}");
            }
            drop(slot);
        });
    }
}

async fn converse(stream: TcpStream, receiver: &Arc<Receiver>) -> io::Result<()> {
    tune(&stream)?;
    let connection = receiver.hub().connect(format!("tcp {}", stream.peer_addr()?));
    let (reader, writer) = stream.into_split();
    let (framing_known, framing) = watch::channel(Framing::LengthPrefix);
    let mut writing = pin!(write(writer, &connection, framing));
    let ended = tokio::select! {
        ended = read(reader, receiver, connection.peer(), framing_known) => {
            // A stream that made no sense is told so before it closes; one that broke hears nothing.
            if !matches!(&ended, Err(error) if error.kind() != io::ErrorKind::InvalidData) {
                let _ = timeout(LAST_ANSWERS, &mut writing).await;
            }
            ended
        }
        ended = &mut writing => ended,
    };
    receiver.hub().disconnect(&connection);
    ended
}

async fn read(
    mut reader: OwnedReadHalf,
    receiver: &Arc<Receiver>,
    peer: Peer,
    framing_known: watch::Sender<Framing>,
) -> io::Result<()> {
    let mut deframer = Deframer::new();
    let mut buffer = vec![0; 64 * 1024];
    loop {
        // Between packets a client may be silent for as long as it likes.
        let n_bytes = match deframer.is_midway() {
            true => timeout(READ_PATIENCE, reader.read(&mut buffer)).await??,
            false => reader.read(&mut buffer).await?,
        };
        if n_bytes == 0 {
            return Ok(());
        }
        deframer.push(&buffer[..n_bytes]);
        loop {
            let packet = deframer.next_packet();
            if let Some(framing) = deframer.framing() {
                framing_known.send_replace(framing);
            }
            match packet {
                Ok(Some(packet)) => receiver.receive_shared(packet, peer).await,
                Ok(None) => break,
                Err(words) => {
                    receiver.complain(peer, words.message());
                    return Err(io::Error::new(io::ErrorKind::InvalidData, words));
                }
            }
        }
    }
}

async fn write(
    mut writer: OwnedWriteHalf,
    connection: &super::hub::Connection,
    framing: watch::Receiver<Framing>,
) -> io::Result<()> {
    let mut out = Vec::new();
    loop {
        let packet = connection.next().await;
        out.clear();
        framing.borrow().write(&packet, &mut out);
        timeout(WRITE_PATIENCE, writer.write_all(&out)).await??;
    }
}
