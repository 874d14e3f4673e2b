//! Vectors that were made before, in files named by the texts that they are of.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use super::atlas::Atlas;

/// Fewer texts are embedded anew each time: that takes no longer than to look.
const FEWEST: usize = 256;
/// Files that are kept; the oldest give way.
const MOST_FILES: usize = 16;

/// A folder of vectors.
#[derive(Clone, Debug)]
pub struct Cache {
    folder: PathBuf,
}

impl Cache {
    /// A cache in a folder, which is made when there is something to keep.
    pub fn new(folder: PathBuf) -> Cache {
        Cache { folder }
    }

    /// The vectors of these texts, one after the other, if they were kept.
    pub fn find(&self, texts: &[Arc<str>]) -> Option<Vec<f32>> {
        if texts.len() < FEWEST {
            return None;
        }
        let kept = Atlas::load(&self.path(texts)).ok()?;
        (kept.texts() == texts).then(|| kept.vectors().to_vec())
    }

    /// Keeps the vectors of these texts, in half precision. What can't be written is made anew the
    /// next time.
    pub fn keep(&self, texts: &[Arc<str>], vectors: &[f32]) {
        if texts.len() < FEWEST || fs::create_dir_all(&self.folder).is_err() {
            return;
        }
        let atlas = Atlas::new(texts.to_vec(), vectors.to_vec());
        if let Err(words) = atlas.save(&self.path(texts)) {
            tracing::debug!("embeddings are not kept: {words}");
        }
        let mut files = files_of(&self.folder);
        files.sort();
        let n_beyond = files.len().saturating_sub(MOST_FILES);
        for (_, path) in &files[..n_beyond] {
            // One that another program has taken away is gone all the same.
            let _ = fs::remove_file(path);
        }
    }

    fn path(&self, texts: &[Arc<str>]) -> PathBuf {
        // FNV-1a twice, from different beginnings; the texts are compared as well.
        let hash = |offset: u64| {
            let bytes = texts.iter().flat_map(|text| text.bytes().chain([0]));
            bytes.fold(offset, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
        };
        let name = format!("{:016x}{:016x}", hash(0xcbf2_9ce4_8422_2325), hash(texts.len() as u64));
        self.folder.join(name).with_extension("vectors")
    }
}

/// The cache's files, with the time of their last change.
fn files_of(folder: &Path) -> Vec<(SystemTime, PathBuf)> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let files = entries.filter_map(|entry| {
        let path = entry.path();
        let is_ours = path.extension().is_some_and(|ending| ending == "vectors");
        is_ours.then(|| Some((entry.metadata().ok()?.modified().ok()?, path))).flatten()
    });
    files.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sentences::encoder::DIMENSIONS;

    fn texts(n: usize, what: &str) -> Vec<Arc<str>> {
        (0..n).map(|i| format!("{what} {i}").into()).collect()
    }

    #[test]
    fn what_was_kept_is_found_and_the_oldest_gives_way() {
        let folder = std::env::temp_dir().join(format!("enjamb-cache-{}", std::process::id()));
        let cache = Cache::new(folder.clone());
        let vectors = vec![0.5; FEWEST * DIMENSIONS];
        let lines = texts(FEWEST, "line");
        assert_eq!(cache.find(&lines), None);
        cache.keep(&lines, &vectors);
        assert_eq!(cache.find(&lines), Some(vectors.clone()));
        assert_eq!(cache.find(&texts(FEWEST, "other")), None);
        assert_eq!(cache.find(&lines[1..]), None);

        // A damaged file is as none.
        let path = cache.path(&lines);
        let bytes = fs::read(&path).unwrap();
        fs::write(&path, &bytes[..bytes.len() / 2]).unwrap();
        assert_eq!(cache.find(&lines), None);

        for i in 0..MOST_FILES {
            cache.keep(&texts(FEWEST, &format!("set {i}")), &vectors);
        }
        assert_eq!(files_of(&folder).len(), MOST_FILES);
        assert!(cache.find(&texts(FEWEST, &format!("set {}", MOST_FILES - 1))).is_some());
        fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn a_few_texts_are_not_kept() {
        let folder = std::env::temp_dir().join(format!("enjamb-no-cache-{}", std::process::id()));
        Cache::new(folder.clone()).keep(&texts(3, "line"), &[0.5; 3 * DIMENSIONS]);
        assert!(!folder.exists());
    }
}
