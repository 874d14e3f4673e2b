//! The files that a project's models are loaded from, their checksums, and the first line of its recordings.

use crate::Project;
use crate::model::Setup;
use crate::model::files::ModelFile;
use crate::recording::{FORMAT, Header};
use enjamb_core::Error;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

impl Project {
    /// The files that its models load, each once for each model that loads it: names such as
    /// "poetry/weights.safetensors", behind the name of the model that loads it.
    ///
    /// # Errors
    /// Plain words, when they are not there.
    pub fn files(&self, model_dirs: &[PathBuf]) -> Result<Vec<(String, ModelFile)>, Error> {
        let mut files = Vec::new();
        for model in &self.models {
            let setup = Setup { options: model.options.clone(), model_dirs: model_dirs.to_vec() };
            let found = model.kind.files(&setup);
            let found = found.map_err(|error| format!("{}: {error}", model.name))?;
            files.extend(found.into_iter().map(|file| (model.name.clone(), file)));
        }
        Ok(files)
    }

    /// The checksums of these files.
    ///
    /// # Errors
    /// Plain words, when they can't be read.
    pub fn checksums(&self, model_dirs: &[PathBuf]) -> Result<BTreeMap<String, String>, Error> {
        // Two models may load one file, which may be large.
        let mut known: BTreeMap<PathBuf, String> = BTreeMap::new();
        let mut checksums = BTreeMap::new();
        for (model, ModelFile { name, path }) in self.files(model_dirs)? {
            let sum = match known.get(&path) {
                Some(sum) => sum.clone(),
                None => checksum(&path).map_err(|error| format!("{}: {error}", path.display()))?,
            };
            known.insert(path, sum.clone());
            checksums.insert(format!("{model}: {name}"), sum);
        }
        Ok(checksums)
    }

    /// The first line of a recording of this project, which was read from `text`.
    ///
    /// # Errors
    /// As [`checksums`](Self::checksums).
    pub fn header(&self, text: &str, model_dirs: &[PathBuf]) -> Result<Header, Error> {
        let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Ok(Header {
            enjamb_recording: FORMAT,
            enjamb: env!("CARGO_PKG_VERSION").into(),
            began: since_1970.as_secs(),
            seed: self.seed,
            files: self.checksums(model_dirs)?,
            project: text.into(),
        })
    }
}

/// The SHA-256 checksum of a file, in hexadecimal digits.
///
/// # Errors
/// When it can't be read.
pub fn checksum(path: &Path) -> io::Result<String> {
    let mut hash = Sha256::new();
    io::copy(&mut File::open(path)?, &mut hash)?;
    Ok(hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
}

#[cfg(all(test, feature = "models"))]
mod tests {
    use super::*;
    use crate::project::kinds;
    use crate::signature::Values;

    #[test]
    fn the_models_that_ship_are_those_that_their_manifests_tell_of() {
        let models = Path::new(env!("CARGO_MANIFEST_DIR")).join("models");
        let setup = Setup { options: Values::new(), model_dirs: vec![models.clone()] };
        for kind in kinds().iter() {
            let files = kind.files(&setup).unwrap();
            assert!(!files.is_empty());
            for ModelFile { name, path } in files {
                let folder = path.parent().unwrap();
                let manifest = std::fs::read_to_string(folder.join("manifest.toml")).unwrap();
                let sum = checksum(&path).unwrap();
                assert!(manifest.contains(&sum), "{name} has the checksum {sum}");
            }
        }
    }
}
