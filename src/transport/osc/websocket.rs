//! OSC over WebSocket: a binary frame is a packet; a text frame is an OSCQuery command.

use super::hub::Connection;
use super::inlet::Inlet;
use axum::extract::ws::{Message as Frame, WebSocket};
use futures_util::{SinkExt, StreamExt};
use std::net::SocketAddr;
use std::time::Duration;
use tokio::time::{interval, timeout};

/// A client that takes nothing for this long is gone.
const WRITE_PATIENCE: Duration = Duration::from_secs(20);
/// A ping this often finds out which clients vanished without a word.
const PING_EVERY: Duration = Duration::from_secs(20);

/// Serves one WebSocket until it closes.
pub async fn converse(
    socket: WebSocket,
    from: SocketAddr,
    inlet: &Inlet,
    on_text: impl Fn(&str, &Connection) -> Option<String>,
) {
    let connection = inlet.hub().connect(format!("websocket {from}"));
    let (mut writer, mut reader) = socket.split();
    let mut pings = interval(PING_EVERY);
    loop {
        let frame = tokio::select! {
            packet = connection.next() => Frame::Binary(packet.to_vec().into()),
            _ = pings.tick() => Frame::Ping(Vec::new().into()),
            heard = reader.next() => match heard {
                Some(Ok(Frame::Binary(bytes))) => {
                    inlet.receive(&bytes, connection.peer());
                    continue;
                }
                Some(Ok(Frame::Text(text))) => match on_text(&text, &connection) {
                    Some(answer) => Frame::Text(answer.into()),
                    None => continue,
                },
                Some(Ok(Frame::Ping(_) | Frame::Pong(_))) => continue,
                Some(Ok(Frame::Close(_)) | Err(_)) | None => break,
            },
        };
        if !matches!(timeout(WRITE_PATIENCE, writer.send(frame)).await, Ok(Ok(()))) {
            break;
        }
    }
    inlet.hub().disconnect(&connection);
}
