//! The two operations that training spends its time in, fused, with their gradients.

pub mod cross_entropy;
pub mod lstm;

use candle_core::{CpuStorage, Error, Layout, Result, Storage, Tensor};

/// The floats of an argument, which must be contiguous.
fn floats<'a>(storage: &'a CpuStorage, layout: &Layout) -> Result<&'a [f32]> {
    let (from, to) = layout
        .contiguous_offsets()
        .ok_or_else(|| Error::Msg("a fused operation takes contiguous tensors".into()))?;
    Ok(&storage.as_slice::<f32>()?[from..to])
}

/// Hands the floats of a contiguous tensor to `f`.
pub(super) fn with_floats<T>(tensor: &Tensor, f: impl FnOnce(&[f32]) -> T) -> Result<T> {
    let tensor = tensor.contiguous()?;
    let (storage, layout) = tensor.storage_and_layout();
    match &*storage {
        Storage::Cpu(storage) => Ok(f(floats(storage, layout)?)),
        _ => Err(Error::Msg("training runs on the processor".into())),
    }
}
