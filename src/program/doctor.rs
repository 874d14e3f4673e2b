//! `enjamb doctor`: checks what commonly keeps OSC from working, and says what to do. It changes
//! nothing, and sends nothing beyond this computer.

mod files;
mod loopback;
mod ports;
mod socket_owner;
mod system;

use super::client::Client;
use crate::Shared;
use serde::Serialize;
use serde_json::{Value as Json, json};
use std::io::IsTerminal;

/// How a check went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Mark {
    /// All is well.
    Ok,
    /// It works; somebody may want it otherwise.
    Hint,
    /// Something must be done.
    Fix,
}

/// One check, done.
#[derive(Debug, Serialize)]
pub struct Finding {
    /// What was checked, in a word or two.
    check: &'static str,
    mark: Mark,
    /// What was found.
    found: String,
    /// What to do next.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
    /// What was measured, for scripts.
    #[serde(skip_serializing_if = "Json::is_null")]
    data: Json,
}

impl Finding {
    fn ok(check: &'static str, found: impl Into<String>) -> Self {
        Self { check, mark: Mark::Ok, found: found.into(), next: None, data: Json::Null }
    }

    fn hint(check: &'static str, found: impl Into<String>, next: impl Into<String>) -> Self {
        Self { mark: Mark::Hint, next: Some(next.into()), ..Self::ok(check, found) }
    }

    fn fix(check: &'static str, found: impl Into<String>, next: impl Into<String>) -> Self {
        Self { mark: Mark::Fix, next: Some(next.into()), ..Self::ok(check, found) }
    }

    fn with(mut self, data: Json) -> Self {
        self.data = data;
        self
    }
}

/// Checks everything.
pub fn doctor(shared: &Shared) -> Result<(), String> {
    let client = Client::find(shared)?;
    let status = client.as_ref().and_then(|client| client.get("/status").ok());
    let mut findings = Vec::new();
    let mut note = |finding: Finding| {
        if !shared.json {
            print(&finding);
        }
        findings.push(finding);
    };
    ports::check(shared, status.as_ref(), &mut note);
    if let Some(status) = &status {
        note(loopback::ping(status));
        ports::check_models(status, &mut note);
    }
    note(loopback::round_trips());
    note(loopback::largest_datagram());
    note(loopback::receive_buffer());
    note(loopback::multicast());
    note(system::interfaces());
    note(system::firewall(ports::standard(shared).osc));
    files::check(&mut note);
    let n_fixes = findings.iter().filter(|finding| finding.mark == Mark::Fix).count();
    if shared.json {
        let report = json!({
            "enjamb": env!("CARGO_PKG_VERSION"),
            "well": n_fixes == 0,
            "running": status,
            "findings": findings,
        });
        say!("{report:#}");
    }
    match n_fixes {
        0 if shared.json => Ok(()),
        0 => {
            say!("\nall is well");
            Ok(())
        }
        1 => Err("one thing needs to be done, marked FIX".into()),
        n => Err(format!("{n} things need to be done, marked FIX")),
    }
}

fn print(finding: &Finding) {
    let has_color = std::io::stdout().is_terminal()
        && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
    let (mark, color) = match finding.mark {
        Mark::Ok => ("ok  ", "32"),
        Mark::Hint => ("hint", "33"),
        Mark::Fix => ("FIX ", "1;31"),
    };
    let mark = match has_color {
        true => format!("\x1b[{color}m{mark}\x1b[0m"),
        false => mark.to_string(),
    };
    say!("{mark}  {:<15} {}", finding.check, indent(&finding.found));
    if let Some(next) = &finding.next {
        say!("{:<22}→ {}", "", indent(next));
    }
}

/// Further lines begin under the first.
fn indent(words: &str) -> String {
    words.replace('\n', &format!("\n{:<22}", ""))
}
