//! What `reference.py` wrote: weights, ids, noise, and what PyTorch made of them in f64.

use std::collections::HashMap;
use std::path::Path;

use candle_core::{DType, Device, Tensor};
use enjamb::train::TrainableNetwork;
use enjamb::train::config::{Expansion, ModelConfig, PosteriorKind};
use enjamb::train::latent::Noise;
use enjamb::train::loss::Draws;
use enjamb::train::network::{Batch, Dropout};

/// The file's tensors by name.
pub struct Fixtures(HashMap<String, Tensor>);

impl Fixtures {
    pub fn load() -> Self {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/train/fixtures.safetensors");
        Self(candle_core::safetensors::load(path, &Device::Cpu).unwrap())
    }

    pub fn tensor(&self, name: &str) -> &Tensor {
        self.0.get(name).unwrap_or_else(|| panic!("the fixtures have no {name}"))
    }

    /// All numbers of a tensor, row by row.
    pub fn numbers(&self, name: &str) -> Vec<f64> {
        let tensor = self.tensor(name).to_dtype(DType::F64).unwrap();
        tensor.flatten_all().unwrap().to_vec1().unwrap()
    }

    /// The same, rounded to what the trainer computes with; weights and noise are so to the bit.
    pub fn floats(&self, name: &str) -> Vec<f32> {
        self.numbers(name).into_iter().map(|x| x as f32).collect()
    }

    pub fn number(&self, name: &str) -> f64 {
        self.numbers(name)[0]
    }

    pub fn ids(&self, name: &str) -> Vec<u32> {
        self.numbers(name).into_iter().map(|id| id as u32).collect()
    }

    /// A network with the weights under `folder`.
    pub fn network(
        &self,
        folder: &str,
        posterior: PosteriorKind,
        expansion: Expansion,
    ) -> TrainableNetwork {
        let dims = |name: &str| self.tensor(&format!("{folder}/{name}")).dims();
        let model = ModelConfig {
            vocabulary: dims("embedding")[0],
            embedding: dims("embedding")[1],
            encoder: dims("encoder.recurrent")[0],
            decoder: dims("decoder.recurrent")[0],
            latent: dims("decoder.cell")[0],
            posterior,
            expansion,
            ..ModelConfig::default()
        };
        let mut network = TrainableNetwork::new(&model, 1, 2).unwrap();
        for (name, _) in network.shapes() {
            let values = self.floats(&format!("{folder}/{name}"));
            network.parameters_mut().set(&name, values).unwrap();
        }
        network
    }

    /// The plain network.
    pub fn plain(&self) -> TrainableNetwork {
        self.network("weights", PosteriorKind::Gaussian, Expansion::Constant)
    }

    /// The batch: the lines without their starts and ends.
    pub fn batch(&self) -> Batch {
        let ids = self.tensor("ids");
        let (lines, length) = ids.dims2().unwrap();
        let rows = self.ids("ids");
        let inner = rows.chunks_exact(length).flat_map(|row| &row[1..length - 1]).copied();
        Batch { ids: inner.collect(), lines }
    }

    /// The noise of the latent vectors, and nothing dropped.
    pub fn draws(&self) -> Draws {
        Draws {
            noise: Noise { normal: self.floats("eps"), cosine: Vec::new() },
            dropout: Dropout::default(),
        }
    }
}

/// Fails if a number is further from what it should be than `tolerance`, as a share of the largest
/// of all that should be.
#[track_caller]
pub fn assert_close(what: &str, found: &[f64], expected: &[f64], tolerance: f64) {
    assert_eq!(found.len(), expected.len(), "{what}: how many numbers");
    let largest = expected.iter().fold(0.0, |largest: f64, x| largest.max(x.abs()));
    for (i, (found, expected)) in found.iter().zip(expected).enumerate() {
        let distance = (found - expected).abs();
        assert!(
            distance <= tolerance * largest,
            "{what}[{i}] is {found}, PyTorch's {expected}; the largest is {largest}"
        );
    }
}

pub fn wide(numbers: &[f32]) -> Vec<f64> {
    numbers.iter().map(|x| f64::from(*x)).collect()
}
