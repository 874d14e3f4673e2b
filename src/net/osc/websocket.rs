//! OSC over WebSocket: a binary frame is a packet; a text frame is an OSCQuery command.

use super::hub::Connection;
use super::receiver::Receiver;
use axum::extract::ws::{Message as Frame, WebSocket};
use futures_util::stream::SplitSink;
use futures_util::{SinkExt, StreamExt};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::{interval, timeout};

/// A client that takes nothing for this long is gone.
const WRITE_PATIENCE: Duration = Duration::from_secs(20);
/// A ping this often finds out which clients vanished without a word.
const PING_EVERY: Duration = Duration::from_secs(20);

/// Answers to text frames that wait for a slow client; more are left out.
const MAX_ANSWERS: usize = 64;

/// Serves one WebSocket until it closes. `on_text` answers text frames.
///
/// Reading and writing go on side by side, so that a client that is slow to read is still heard.
pub async fn converse(
    socket: WebSocket,
    from: SocketAddr,
    receiver: &Arc<Receiver>,
    on_text: impl Fn(&str, &Connection) -> Option<String>,
) {
    let connection = receiver.hub().connect(format!("websocket {from}"));
    let (writer, mut reader) = socket.split();
    let (answer, answers) = mpsc::channel(MAX_ANSWERS);
    let read = async {
        while let Some(Ok(frame)) = reader.next().await {
            match frame {
                Frame::Binary(bytes) => {
                    receiver.receive_shared(bytes.into(), connection.peer()).await;
                }
                Frame::Text(text) => {
                    if let Some(words) = on_text(&text, &connection) {
                        // A client that does not read its answers can do without.
                        let _ = answer.try_send(words);
                    }
                }
                Frame::Ping(_) | Frame::Pong(_) => {}
                Frame::Close(_) => break,
            }
        }
    };
    tokio::select! {
        () = read => {}
        () = write(writer, &connection, answers) => {}
    }
    receiver.hub().disconnect(&connection);
}

async fn write(
    mut writer: SplitSink<WebSocket, Frame>,
    connection: &Connection,
    mut answers: mpsc::Receiver<String>,
) {
    let mut pings = interval(PING_EVERY);
    loop {
        let frame = tokio::select! {
            packet = connection.next() => Frame::Binary(packet.to_vec().into()),
            Some(words) = answers.recv() => Frame::Text(words.into()),
            _ = pings.tick() => Frame::Ping(Vec::new().into()),
        };
        if !matches!(timeout(WRITE_PATIENCE, writer.send(frame)).await, Ok(Ok(()))) {
            return;
        }
    }
}
