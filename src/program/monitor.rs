//! `enjamb monitor`: OSC as it passes in and out of the running enjamb.

mod board;
mod feed;
mod lines;
mod screen;
mod view;
mod words;

use super::client::Client;
use crate::Shared;
use std::io::IsTerminal;

/// Watches until it is interrupted: a full screen on a terminal, else a line for each message.
pub fn monitor(shared: &Shared) -> Result<(), String> {
    let client = Client::expect(shared)?;
    match shared.json || !std::io::stdout().is_terminal() {
        true => lines::print(client, shared),
        false => screen::show(client, shared),
    }
}
