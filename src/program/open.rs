//! `enjamb open`: the running enjamb's page, in this computer's browser.

use super::client::Client;
use crate::Shared;
use serde_json::json;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// A launcher that has found no browser says so sooner than this; one that runs on has become it.
const PATIENCE: Duration = Duration::from_secs(2);

/// Says where the page is, and opens it if there is a browser.
pub fn open(shared: &Shared) -> Result<(), String> {
    let client = Client::expect(shared)?;
    let page = client.root();
    let is_open = open::commands(page).into_iter().any(launches);
    if shared.json {
        say!("{}", json!({ "page": page, "open": is_open }));
        return Ok(());
    }
    say!("{page}");
    if !is_open {
        say!("no browser was found to open it: do it by hand, here or on this computer's screen");
    }
    Ok(())
}

fn launches(mut command: Command) -> bool {
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let Ok(mut launcher) = command.spawn() else { return false };
    let began = Instant::now();
    while began.elapsed() < PATIENCE {
        match launcher.try_wait() {
            Ok(Some(status)) => return status.success(),
            Ok(None) => std::thread::sleep(Duration::from_millis(20)),
            Err(_) => return false,
        }
    }
    true
}
