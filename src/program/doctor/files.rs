//! The files of the models that ship: there, and whole as far as their own headers tell.

use super::Finding;
use enjamb::model::Setup;
use enjamb::model::files::listed;
use enjamb::project::kinds;
use enjamb::runtime::shipped_model_dirs;
use enjamb::signature::Values;
use serde_json::json;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

/// No header of ours comes near this.
const MAX_HEADER: u64 = 100_000_000;

pub fn check(note: &mut impl FnMut(Finding)) {
    let setup = Setup { options: Values::new(), model_dirs: shipped_model_dirs() };
    for name in kinds().names() {
        note(check_model(name, &setup));
    }
}

fn check_model(name: &'static str, setup: &Setup) -> Finding {
    let check = "model files";
    let dir = match setup.find_dir(name) {
        Ok(dir) => dir,
        Err(error) => {
            let next = "get enjamb's models folder again, or set ENJAMB_MODELS to where it lies";
            return Finding::fix(check, error.to_string(), next).with(json!({ "model": name }));
        }
    };
    let data = json!({ "model": name, "folder": dir.display().to_string() });
    match check_dir(&dir) {
        Ok(n_bytes) => {
            let megabytes = n_bytes as f64 / 1e6;
            Finding::ok(check, format!("{name}: {megabytes:.1} MB in {}", dir.display()))
        }
        Err(words) => Finding::fix(
            check,
            format!("{name}: {words}"),
            format!("get the folder {} again", dir.display()),
        ),
    }
    .with(data)
}

/// The size of all files that the manifest names.
fn check_dir(dir: &Path) -> Result<u64, String> {
    let mut n_all = 0;
    for path in listed(dir).map_err(|error| error.to_string())? {
        let n_bytes =
            size(&path).map_err(|error| format!("{} can't be read: {error}", path.display()))?;
        n_all += n_bytes;
    }
    Ok(n_all)
}

/// A safetensors file tells its own length: 8 bytes, a header of JSON, and the numbers that it names.
fn size(path: &Path) -> io::Result<u64> {
    let mut file = File::open(path)?;
    let n_bytes = file.metadata()?.len();
    if path.extension().is_none_or(|extension| extension != "safetensors") {
        return Ok(n_bytes);
    }
    let cut_off = || io::Error::other("it is cut off or damaged");
    let mut length = [0; 8];
    file.read_exact(&mut length).map_err(|_| cut_off())?;
    let n_header = u64::from_le_bytes(length);
    if n_header > MAX_HEADER.min(n_bytes) {
        return Err(cut_off());
    }
    let mut header = vec![0; n_header as usize];
    file.read_exact(&mut header).map_err(|_| cut_off())?;
    let header: serde_json::Map<String, serde_json::Value> =
        serde_json::from_slice(&header).map_err(|_| cut_off())?;
    let ends = header.values().filter_map(|tensor| tensor["data_offsets"][1].as_u64());
    match 8 + n_header + ends.max().unwrap_or(0) == n_bytes {
        true => Ok(n_bytes),
        false => Err(cut_off()),
    }
}
