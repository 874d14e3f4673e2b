//! A folder with a small vocabulary and random weights, for tests.

use super::vocabulary::Vocabulary;
use half::f16;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use safetensors::tensor::{Dtype, TensorView, serialize_to_file};
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

/// Lines from Shakespeare, Noyes, Keats, Dickinson and Whitman. The vocabulary beside this was
/// learned from them.
pub const LINES: &[&str] = &[
    "shall i compare thee to a summer's day?",
    "thou art more lovely and more temperate:",
    "rough winds do shake the darling buds of may,",
    "the wind was a torrent of darkness among the gusty trees,",
    "the moon was a ghostly galleon tossed upon cloudy seas,",
    "the road was a ribbon of moonlight over the purple moor,",
    "season of mists and mellow fruitfulness,",
    "close bosom-friend of the maturing sun;",
    "because i could not stop for death—",
    "he kindly stopped for me—",
    "i celebrate myself, and sing myself,",
    "and what i assume you shall assume,",
];

/// A folder that goes when this does.
pub struct Folder(pub PathBuf);

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// A new, empty folder.
pub fn folder() -> Folder {
    static NUMBER: AtomicUsize = AtomicUsize::new(0);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let name = format!("enjamb-poetry-{}-{number}", std::process::id());
    let path = std::env::temp_dir().join(name);
    std::fs::create_dir_all(&path).unwrap();
    Folder(path)
}

/// A vocabulary of the lines above and a network with a latent space of 64 dimensions.
pub fn model() -> Folder {
    let folder = folder();
    let vocabulary = include_str!("fixture/vocabulary.json");
    let vocabulary = Vocabulary::from_json(vocabulary, ["may".to_owned()].into()).unwrap();
    vocabulary.save(&folder.0.join("vocabulary.json")).unwrap();
    let weights = random_weights(vocabulary.len(), 24, 40, 36, 64);
    save(&weights, Dtype::F16, &folder.0.join("weights.safetensors"));
    folder
}

/// Tensors by name, with their shapes.
pub type Tensors = HashMap<&'static str, (Vec<usize>, Vec<f32>)>;

/// Random numbers that halves hold exactly, under the names and in the shapes of a network with the
/// sizes V, E, H, D and Z.
pub fn random_weights(v: usize, e: usize, h: usize, d: usize, z: usize) -> Tensors {
    let mut rng = ChaCha8Rng::seed_from_u64(3);
    let shapes: [(&str, &[usize], f32); 12] = [
        ("embedding", &[v, e], 1.0),
        ("encoder.input", &[e, 4 * h], 0.5),
        ("encoder.recurrent", &[h, 4 * h], 0.3),
        ("encoder.bias", &[4 * h], 0.3),
        ("encoder.posterior", &[h, 2 * z], 1.0),
        ("decoder.input", &[e, 4 * d], 0.5),
        ("decoder.latent", &[z, 4 * d], 0.3),
        ("decoder.recurrent", &[d, 4 * d], 0.3),
        ("decoder.bias", &[4 * d], 0.3),
        ("decoder.cell", &[z, d], 0.3),
        ("output.projection", &[d, e], 0.6),
        ("space.principal", &[z, z], 0.2),
    ];
    let mut tensor = |shape: &[usize], scale: f32| {
        let n: usize = shape.iter().product();
        let number = |_| f16::from_f32(rng.random_range(-scale..scale)).to_f32();
        (shape.to_vec(), (0..n).map(number).collect())
    };
    shapes.iter().map(|(name, shape, scale)| (*name, tensor(shape, *scale))).collect()
}

/// Writes a weight file.
pub fn save(tensors: &Tensors, dtype: Dtype, path: &Path) {
    let bytes = |numbers: &[f32]| -> Vec<u8> {
        match dtype {
            Dtype::F16 => numbers.iter().flat_map(|x| f16::from_f32(*x).to_le_bytes()).collect(),
            _ => numbers.iter().flat_map(|x| x.to_le_bytes()).collect(),
        }
    };
    let data: Vec<_> = tensors
        .iter()
        .map(|(name, (shape, numbers))| (*name, shape.clone(), bytes(numbers)))
        .collect();
    let views = data
        .iter()
        .map(|(name, shape, bytes)| (*name, TensorView::new(dtype, shape.clone(), bytes).unwrap()));
    let metadata = HashMap::from([("format".to_owned(), "enjamb-verse-vae-1".to_owned())]);
    serialize_to_file(views, Some(metadata), path).unwrap();
}
