//! The files that models are loaded from.

use super::{Error, Setup};
use serde::Deserialize;
use std::path::{Path, PathBuf};

/// A file that a model loads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModelFile {
    /// Where it lies among the models: "poetry/weights.safetensors".
    pub name: String,
    /// Where it lies on this computer.
    pub path: PathBuf,
}

/// The part of a model's `manifest.toml` that names its files.
#[derive(Deserialize)]
struct FileList {
    #[serde(default, rename = "file")]
    files: Vec<FileEntry>,
}

#[derive(Deserialize)]
struct FileEntry {
    path: String,
}

/// The files that the manifest in a folder names.
///
/// # Errors
/// When there is no such manifest, or it is damaged.
pub fn listed(folder: &Path) -> Result<Vec<PathBuf>, Error> {
    let manifest = folder.join("manifest.toml");
    let unread = |why: &dyn std::fmt::Display| {
        Error::failed(format!("{} can't be read: {why}", manifest.display()))
    };
    let text = std::fs::read_to_string(&manifest).map_err(|error| unread(&error))?;
    let list: FileList = toml::from_str(&text).map_err(|error| unread(&error.message()))?;
    Ok(list.files.into_iter().map(|entry| folder.join(entry.path)).collect())
}

/// The files of a kind of model: those in its folders, or where its option `path` says.
pub(super) fn find(kind: &str, folders: &[String], setup: &Setup) -> Result<Vec<ModelFile>, Error> {
    let mut found = Vec::new();
    for name in folders {
        let folder = match name == kind {
            true => setup.dir_or_default(name),
            false => setup.find_dir(name),
        };
        // A map may be made from nothing, so the one that ships need not be there.
        let folder = match folder {
            Err(_) if name == "map" => continue,
            folder => folder?,
        };
        let paths = if folder.is_file() { vec![folder] } else { listed(&folder)? };
        found.extend(paths.into_iter().map(|path| {
            let file = path.file_name().unwrap_or_default().to_string_lossy();
            ModelFile { name: format!("{name}/{file}"), path }
        }));
    }
    Ok(found)
}
