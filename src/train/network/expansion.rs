//! The latent vector as a sequence: the deconvolutions of Semeniuta et al. 2017, *A Hybrid
//! Convolutional Variational Autoencoder for Text Generation*.
//!
//! A linear map makes two places of `C` channels; each layer of transposed convolution (kernel 4,
//! stride 2, padding 1) doubles them; what is beyond T is cut off.

use candle_core::{Result, Tensor};

use super::Parameters;

/// Places before the first layer.
const FIRST: usize = 2;
/// Layers: 2 places become 32, more than any line has tokens.
const LAYERS: usize = 4;

pub(super) fn shapes(c: usize, z: usize, d: usize, e: usize) -> Vec<(String, Vec<usize>)> {
    let mut shapes = vec![("expansion.first".to_owned(), vec![z, FIRST * c])];
    for layer in 0..LAYERS {
        shapes.push((format!("expansion.{layer}.kernel"), vec![c, 4 * c]));
        shapes.push((format!("expansion.{layer}.bias"), vec![c]));
    }
    shapes.push(("expansion.gates".into(), vec![c, 4 * d]));
    shapes.push(("expansion.projection".into(), vec![c, e]));
    shapes
}

/// The features `[B·T, C]` of `z` (`[B, Z]`), for up to 32 steps.
pub(super) fn expand(p: &Parameters, z: &Tensor, steps: usize, c: usize) -> Result<Tensor> {
    let lines = z.dim(0)?;
    let mut x = z.matmul(p.get("expansion.first"))?.reshape((lines, FIRST, c))?;
    let mut length = FIRST;
    for layer in 0..LAYERS {
        let (kernel, bias) =
            (format!("expansion.{layer}.kernel"), format!("expansion.{layer}.bias"));
        // Output place o takes tap o + 1 - 2i of input place i: the taps 1 and 2 of a place fall on
        // its own two outputs, tap 0 on the one before and tap 3 on the one after.
        let taps = x.reshape((lines * length, c))?.matmul(p.get(&kernel))?;
        let taps = taps.reshape((lines, length, 4, c))?;
        let tap = |k: usize| taps.narrow(2, k, 1)?.squeeze(2);
        let before = tap(0)?.narrow(1, 1, length - 1)?.pad_with_zeros(1, 0, 1)?;
        let after = tap(3)?.narrow(1, 0, length - 1)?.pad_with_zeros(1, 1, 0)?;
        let even = (tap(1)? + after)?;
        let odd = (tap(2)? + before)?;
        x = Tensor::stack(&[even, odd], 2)?.reshape((lines, 2 * length, c))?;
        x = x.broadcast_add(p.get(&bias))?.relu()?;
        length *= 2;
    }
    if length < steps {
        candle_core::bail!("lines of {steps} tokens are longer than the deconvolution's {length}");
    }
    x.narrow(1, 0, steps)?.contiguous()?.reshape((lines * steps, c))
}
