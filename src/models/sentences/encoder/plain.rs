//! The same network in plain candle operations, one text at a time: what the fast one is
//! compared with.

use std::path::Path;

use candle_core::safetensors::load;
use candle_core::{D, DType, Device, Result, Tensor};

/// The vector of a text with these piece ids, `[512]`.
pub fn embed(weights: &Path, ids: &[u32]) -> Result<Vec<f32>> {
    let weights = load(weights, &Device::Cpu)?;
    let get = |name: &str| weights[name].clone();
    let ids = Tensor::new(ids, &Device::Cpu)?;
    let length = ids.elem_count() as f64;
    let parts: Vec<u32> = ids.to_vec1::<u32>()?.iter().map(|id| id % 17).collect();
    let parts = Tensor::new(parts, &Device::Cpu)?;
    let scale = get("embedding.scale").index_select(&parts, 0)?.unsqueeze(1)?; // [T, 1]
    let low = get("embedding.low").index_select(&parts, 0)?.unsqueeze(1)?; // [T, 1]
    let rows = get("embedding.table").index_select(&ids, 0)?.to_dtype(DType::F32)?;
    let e = rows.broadcast_mul(&scale)?.broadcast_add(&low)?; // [T, 512]
    let x = e.matmul(&get("project.weight"))?.broadcast_add(&get("project.bias"))?;
    let x = layer_norm(&x, &get("project.norm.gain"), &get("project.norm.shift"))?; // [T, 768]
    let mut features = vec![e];
    for (i, (order, left)) in [(2, 0), (3, 1), (5, 2)].into_iter().enumerate() {
        let mut x = x.narrow(1, i * 256, 256)?;
        for layer in ["1", "2"] {
            let weight = get(&format!("conv{order}.{layer}.weight"));
            let bias = get(&format!("conv{order}.{layer}.bias"));
            let padded = x.pad_with_zeros(0, left, order - 1 - left)?;
            let shifted: Result<Vec<Tensor>> =
                (0..order).map(|k| padded.narrow(0, k, ids.elem_count())).collect();
            let windows = Tensor::cat(&shifted?, 1)?; // [T, order * 256]
            x = (windows.matmul(&weight)?.broadcast_add(&bias)?.relu()? + x)?;
        }
        features.push(x);
    }
    let features = Tensor::cat(&features, 1)?; // [T, 1280]
    let features = layer_norm(&features, &get("pool.norm.gain"), &get("pool.norm.shift"))?;
    let sum = features.sum_keepdim(0)?.matmul(&get("pool.weight"))?;
    let sum = (sum + (get("pool.bias") * length)?.unsqueeze(0)?)?;
    let mean = (sum / length.sqrt())?; // [1, 512]
    let dense = |x: &Tensor, name: &str| x.matmul(&get(&format!("dense.{name}")));
    let inner = dense(&mean, "d0")?.relu()?;
    let y = (dense(&mean, "p1")? + dense(&inner, "d1")?)?.relu()?; // [1, 320]
    let inner = dense(&y, "d2")?.relu()?;
    let z = (dense(&y, "p3")? + dense(&inner, "d3")?)?.tanh()?; // [1, 512]
    z.broadcast_div(&z.sqr()?.sum_keepdim(1)?.sqrt()?)?.squeeze(0)?.to_vec1()
}

fn layer_norm(x: &Tensor, gain: &Tensor, shift: &Tensor) -> Result<Tensor> {
    let x = x.broadcast_sub(&x.mean_keepdim(D::Minus1)?)?;
    let deviation = (x.sqr()?.mean_keepdim(D::Minus1)? + 1e-12)?.sqrt()?;
    x.broadcast_div(&deviation)?.broadcast_mul(gain)?.broadcast_add(shift)
}
