//! A line for each message, for pipes: columns for people, or with `--json` what the runtime says.

use super::board::{Direction, Entry};
use super::feed::{self, News};
use super::words;
use crate::Shared;
use crate::program::client::Client;
use std::io::{self, LineWriter, Write};
use std::ops::ControlFlow;

/// Prints until nobody reads any more.
pub fn print(client: Client, shared: &Shared) -> Result<(), String> {
    let mut out = LineWriter::new(io::stdout().lock());
    let (mut failed, mut is_gone) = (None, false);
    let _ = feed::follow(client, shared, |news| {
        let written = match news {
            News::Message(json) if shared.json => writeln!(out, "{json}"),
            News::Message(json) => match serde_json::from_str(json) {
                Ok(entry) => writeln!(out, "{}", line(&entry)),
                Err(_) => Ok(()),
            },
            News::Totals(_) => Ok(()),
            News::Gone => {
                if !is_gone {
                    eprintln!("enjamb: the runtime went away; waiting for it to come back");
                }
                is_gone = true;
                // Tells whether anybody still reads.
                out.flush()
            }
            News::Back => {
                is_gone = false;
                eprintln!("enjamb: the runtime is back");
                Ok(())
            }
        };
        match written {
            Ok(()) => ControlFlow::Continue(()),
            Err(error) => {
                failed = Some(error);
                ControlFlow::Break(())
            }
        }
    });
    match failed {
        // `enjamb monitor | head` ends so, and all is well.
        Some(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        Some(error) => Err(format!("the traffic can't be written: {error}")),
        None => Ok(()),
    }
}

fn line(entry: &Entry) -> String {
    let direction = match entry.direction {
        Direction::In => "in",
        Direction::Out => "out",
        Direction::Error => "ERROR",
    };
    let (peer, address) = (words::clean(&entry.peer), words::clean(&entry.address));
    format!(
        "{:>10.3} {direction:<5} {peer:<22} {address} {}",
        entry.at,
        words::clean(&entry.arguments)
    )
}
