//! The weights of a network, by name.

use candle_core::{Device, Result, Tensor, Var};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};

/// Weights in a fixed order.
pub struct Parameters {
    names: Vec<String>,
    vars: Vec<Var>,
}

impl Parameters {
    pub(super) fn new(shapes: &[(String, Vec<usize>)], range: f32, seed: u64) -> Result<Self> {
        let mut parameters = Self { names: Vec::new(), vars: Vec::new() };
        for (name, shape) in shapes {
            parameters.names.push(name.clone());
            let values = initial(name, shape, range, seed);
            parameters.vars.push(Var::from_vec(values, shape.as_slice(), &Device::Cpu)?);
        }
        Ok(parameters)
    }

    /// The weight of that name.
    ///
    /// # Panics
    /// If there is none: names are fixed by the network's kind.
    pub fn get(&self, name: &str) -> &Tensor {
        let at = self.names.iter().position(|known| known == name);
        self.vars[at.unwrap_or_else(|| panic!("no weight is called {name}"))].as_tensor()
    }

    /// All weights with their names.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Var)> {
        self.names.iter().map(String::as_str).zip(&self.vars)
    }

    /// How many numbers there are in all.
    pub fn count(&self) -> usize {
        self.vars.iter().map(|var| var.elem_count()).sum()
    }

    /// Overwrites a weight.
    ///
    /// # Errors
    /// When `values` has another length.
    pub fn set(&mut self, name: &str, values: Vec<f32>) -> Result<()> {
        let var = self.iter().find(|(known, _)| *known == name).map(|(_, var)| var.clone());
        let var =
            var.ok_or_else(|| candle_core::Error::Msg(format!("no weight is called {name}")))?;
        var.set(&Tensor::from_vec(values, var.shape(), &Device::Cpu)?)
    }

    /// Draws the weights afresh whose names begin with one of `prefixes`.
    ///
    /// # Errors
    /// Only if memory runs out.
    pub fn reset(&mut self, prefixes: &[&str], range: f32, seed: u64) -> Result<()> {
        for (name, var) in self.names.iter().zip(&self.vars) {
            if prefixes.iter().any(|prefix| name.starts_with(prefix)) {
                let values = initial(name, var.dims(), range, seed);
                var.set(&Tensor::from_vec(values, var.shape(), &Device::Cpu)?)?;
            }
        }
        Ok(())
    }
}

/// Uniform in ± `range`, embeddings in ± 0.1 (He et al. 2019); or, if `range` is 0, in
/// ± 1/sqrt(inputs), which is PyTorch's way with LSTMs. A forget gate's bias starts at 1, so that
/// cells remember before they have learned what.
fn initial(name: &str, shape: &[usize], range: f32, seed: u64) -> Vec<f32> {
    // A weight's numbers depend on its name, not on what else there is.
    let stream = name.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    rng.set_stream(stream);
    let inputs = if shape.len() > 1 { shape[0] } else { 1 };
    let bound = match (name, range) {
        ("embedding", _) => 0.1,
        (_, 0.0) if shape.len() == 1 => 0.0,
        (_, 0.0) => 1.0 / (inputs as f32).sqrt(),
        _ => range,
    };
    let mut uniform = || (rng.next_u32() >> 8) as f32 / (1 << 23) as f32 - 1.0;
    let mut values: Vec<f32> = (0..shape.iter().product()).map(|_| uniform() * bound).collect();
    if range == 0.0 && matches!(name, "encoder.bias" | "decoder.bias") {
        let width = shape[0] / 4;
        values[width..2 * width].fill(1.0);
    }
    values
}
