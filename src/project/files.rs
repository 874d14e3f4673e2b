//! The files that a project's models are loaded from, and the first line of its recordings.

use super::Project;
use crate::model::Setup;
use crate::model::files::{ModelFile, checksum};
use crate::recording::{FORMAT, Header};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};

impl Project {
    /// The files that its models load, each once for each model that loads it: names such as
    /// "poetry/weights.safetensors", behind the name of the model that loads it.
    ///
    /// # Errors
    /// Plain words, when they are not there.
    pub fn files(&self, model_dirs: &[PathBuf]) -> Result<Vec<(String, ModelFile)>, String> {
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
    pub fn checksums(&self, model_dirs: &[PathBuf]) -> Result<BTreeMap<String, String>, String> {
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
    pub fn header(&self, text: &str, model_dirs: &[PathBuf]) -> Result<Header, String> {
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
