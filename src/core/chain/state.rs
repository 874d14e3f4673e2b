//! State files: what a chain remembers, written so that a power cut costs no more than the time since
//! the last one.
//!
//! A file is one line that says how long and what the rest is, and the rest, which is JSON. It is
//! written beside its place, flushed to the disk and renamed; the one before it is kept. A file that
//! was cut off or damaged is refused in favour of that.

use crate::error::{Error, ErrorKind};
use serde_json::{Value as Json, json};
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};

/// The first word of a state file.
const FORMAT: &str = "enjamb-chain-state-1";

/// Writes a chain's state into a folder, which is made if it is not there.
///
/// # Errors
/// Plain words, when the folder or the file can't be written.
pub fn write(folder: &Path, chain: &str, state: &Json) -> Result<(), Error> {
    let wrong = |path: &Path, error: std::io::Error| format!("{}: {error}", path.display());
    fs::create_dir_all(folder).map_err(|error| wrong(folder, error))?;
    let (path, previous) = (path_of(folder, chain), previous_of(folder, chain));
    let new = path.with_extension("new");
    let body = state.to_string();
    let head = json!({ "format": FORMAT, "bytes": body.len(), "checksum": checksum(&body) });
    let save = || -> std::io::Result<()> {
        let mut file = File::create(&new)?;
        writeln!(file, "{head}")?;
        file.write_all(body.as_bytes())?;
        file.sync_all()
    };
    save().map_err(|error| wrong(&new, error))?;
    if path.exists() {
        fs::rename(&path, &previous).map_err(|error| wrong(&previous, error))?;
    }
    fs::rename(&new, &path).map_err(|error| wrong(&path, error))?;
    // The renames themselves must reach the disk, too; not every file system can be told so.
    if let Ok(folder) = File::open(folder) {
        let _ = folder.sync_all();
    }
    Ok(())
}

/// What was read from a folder.
#[derive(Debug, PartialEq)]
pub struct Found {
    /// The newest state that is whole.
    pub state: Json,
    /// Why a newer one was refused, in plain words.
    pub refused: Option<String>,
}

/// Reads a chain's state from a folder; nothing if there is none.
///
/// # Errors
/// Plain words, when there are files and none is whole.
pub fn read(folder: &Path, chain: &str) -> Result<Option<Found>, Error> {
    let (path, previous) = (path_of(folder, chain), previous_of(folder, chain));
    let mut refused: Option<String> = None;
    for path in [path, previous] {
        match read_file(&path) {
            Ok(Some(state)) => return Ok(Some(Found { state, refused })),
            Ok(None) => {}
            Err(error) => refused = Some(refused.unwrap_or_else(|| error.into())),
        }
    }
    refused.map_or(Ok(None), |words| Err(Error::new(ErrorKind::Io, words)))
}

fn read_file(path: &Path) -> Result<Option<Json>, Error> {
    let text = match fs::read(path) {
        Ok(bytes) => parse(&bytes),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => Err(error.to_string().into()),
    };
    text.map(Some).map_err(|error| error.context(path.display()))
}

/// Reads the bytes of a state file.
///
/// # Errors
/// Plain words, when it is none, was cut off, or is damaged.
pub fn parse(bytes: &[u8]) -> Result<Json, Error> {
    let text = std::str::from_utf8(bytes).map_err(|_| "it is damaged: it is no text")?;
    let (head, body) = text.split_once('\n').ok_or("it was cut off in its first line")?;
    let head: Json = serde_json::from_str(head).map_err(|_| "it is no state file of a chain")?;
    if head["format"] != FORMAT {
        return Err("it is no state file of a chain".into());
    }
    let n_bytes = head["bytes"].as_u64().unwrap_or(0);
    if body.len() as u64 != n_bytes {
        return Err(Error::invalid(format!(
            "it was cut off: expected {n_bytes} bytes, got {}",
            body.len()
        )));
    }
    if head["checksum"] != checksum(body) {
        return Err("it is damaged: its checksum is another".into());
    }
    serde_json::from_str(body).map_err(|error| format!("it is damaged: {error}").into())
}

fn path_of(folder: &Path, chain: &str) -> PathBuf {
    folder.join(format!("{chain}.state"))
}

fn previous_of(folder: &Path, chain: &str) -> PathBuf {
    folder.join(format!("{chain}.state.previous"))
}

/// FNV-1a, to find what a disk has damaged.
fn checksum(text: &str) -> String {
    let hash = text.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    format!("{hash:016x}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_cut_off_gives_way_to_the_one_before() {
        let folder = std::env::temp_dir().join(format!("enjamb-state-{}", std::process::id()));
        let _ = fs::remove_dir_all(&folder);
        assert_eq!(read(&folder, "echo"), Ok(None));
        for step in 0..3 {
            write(&folder, "echo", &json!({ "step": step })).unwrap();
            let found = read(&folder, "echo").unwrap().unwrap();
            assert_eq!(found, Found { state: json!({ "step": step }), refused: None });
        }
        let path = path_of(&folder, "echo");
        let whole = fs::read(&path).unwrap();
        for length in 0..whole.len() {
            fs::write(&path, &whole[..length]).unwrap();
            let found = read(&folder, "echo").unwrap().unwrap();
            assert_eq!(found.state, json!({ "step": 1 }), "cut off after {length} bytes");
            assert!(found.refused.unwrap().contains("cut off"));
        }
        let mut damaged = whole.clone();
        *damaged.last_mut().unwrap() ^= 1;
        fs::write(&path, &damaged).unwrap();
        assert!(read(&folder, "echo").unwrap().unwrap().refused.unwrap().contains("damaged"));
        fs::write(previous_of(&folder, "echo"), b"").unwrap();
        assert!(read(&folder, "echo").unwrap_err().message().contains("damaged"));
        fs::remove_dir_all(&folder).unwrap();
    }
}
