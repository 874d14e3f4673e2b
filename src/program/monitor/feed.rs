//! The feed: reads the runtime's traffic for as long as somebody wants it, and finds the runtime again
//! when it went away and came back.

use crate::Shared;
use crate::program::client::Client;
use std::io::{BufRead, BufReader};
use std::ops::ControlFlow;
use std::time::Duration;

/// How often a runtime that went away is looked for.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// What the feed says.
pub enum News<'a> {
    /// A message passed; its JSON.
    Message(&'a str),
    /// The totals; their JSON.
    Totals(&'a str),
    /// The runtime went away.
    Gone,
    /// It is there again.
    Back,
}

/// Reads until `tell` breaks.
pub fn follow(
    mut client: Client,
    shared: &Shared,
    mut tell: impl FnMut(News) -> ControlFlow<()>,
) -> ControlFlow<()> {
    loop {
        if let Ok(stream) = client.stream("/traffic") {
            read(BufReader::new(stream), &mut tell)?;
        }
        tell(News::Gone)?;
        client = loop {
            std::thread::sleep(LOOK_EVERY);
            if let Ok(client) = Client::expect(shared) {
                break client;
            }
            // Whoever no longer wants it should not be waited on by a runtime that never comes.
            tell(News::Gone)?;
        };
        tell(News::Back)?;
    }
}

/// Reads server-sent events until the stream ends or breaks.
fn read(
    mut stream: impl BufRead,
    tell: &mut impl FnMut(News) -> ControlFlow<()>,
) -> ControlFlow<()> {
    let (mut line, mut is_totals) = (Vec::new(), false);
    loop {
        line.clear();
        match stream.read_until(b'\n', &mut line) {
            Ok(n) if n > 0 => {}
            _ => return ControlFlow::Continue(()),
        }
        let Ok(text) = std::str::from_utf8(&line) else { continue };
        let text = text.trim_end();
        if let Some(name) = text.strip_prefix("event:") {
            is_totals = name.trim() == "totals";
        } else if let Some(data) = text.strip_prefix("data:") {
            let data = data.trim_start();
            tell(if is_totals { News::Totals(data) } else { News::Message(data) })?;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_told_in_order_and_strange_lines_are_passed_over() {
        let text: &[u8] =
            b": hello\nevent: totals\ndata: {}\n\nevent: message\ndata: 1\n\nx\n\xff\n";
        let mut told = Vec::new();
        let _ = read(text, &mut |news| {
            told.push(match news {
                News::Totals(json) => format!("totals {json}"),
                News::Message(json) => format!("message {json}"),
                _ => "link".into(),
            });
            ControlFlow::Continue(())
        });
        assert_eq!(told, ["totals {}", "message 1"]);
    }
}
