//! The output layer, softmax and cross-entropy as one operation, which never holds all logits.
//!
//! Sizes: N tokens, E width of the output embedding, V vocabulary. `[N, V]` logits would be tens of
//! megabytes a step, written and read several times. Instead a block of rows goes all the way
//! through, and its gradient is made while its probabilities are still in the cache.

use std::sync::Mutex;

use candle_core::{CpuStorage, CustomOp2, Device, Layout, Result, Shape, Tensor};
use rayon::prelude::*;

use super::{floats, with_floats};
use enjamb_numeric::product::{Matrix, multiply};
use enjamb_numeric::vector;

/// Tokens whose logits are held at once, for each thread.
const BLOCK: usize = 256;

struct CrossEntropy {
    targets: Vec<u32>,
    offsets: Vec<f32>,
    weight: f32,
    threads: usize,
    gradient: Mutex<Option<Gradient>>,
}

struct Gradient {
    hidden: Vec<f32>,
    table: Vec<f32>,
}

/// `weight` times the sum of `-log softmax(hidden · tableᵀ + offsets)[target]` over the tokens: a
/// scalar.
///
/// `hidden` is `[N, E]`, `table` is `[V, E]`, `offsets` is `[V]` or empty. The sum over a table's gradient is made in as many
/// parts as there are `threads`.
///
/// # Errors
/// When the shapes or the targets do not fit.
pub fn cross_entropy(
    hidden: &Tensor,
    table: &Tensor,
    targets: Vec<u32>,
    offsets: Vec<f32>,
    weight: f32,
    threads: usize,
) -> Result<Tensor> {
    let op = CrossEntropy { targets, offsets, weight, threads, gradient: Mutex::new(None) };
    hidden.contiguous()?.apply_op2(&table.contiguous()?, op)
}

/// `-log softmax(hidden · tableᵀ)[target]` of each token, without a gradient.
///
/// # Errors
/// When the shapes do not fit.
pub fn token_losses(
    hidden: &Tensor,
    table: &Tensor,
    targets: &[u32],
    threads: usize,
) -> Result<Vec<f32>> {
    let (n_tokens, width) = hidden.dims2()?;
    let size = table.dim(0)?;
    let mut losses = vec![0.0; n_tokens];
    let part = n_tokens.div_ceil(threads.max(1)).max(1);
    with_floats(hidden, |hidden| {
        with_floats(table, |table| {
            losses
                .par_chunks_mut(part)
                .zip(hidden.par_chunks(part * width))
                .zip(targets.par_chunks(part))
                .for_each(|((losses, hidden), targets)| {
                    let mut logits = vec![0.0; BLOCK * size];
                    for ((losses, hidden), targets) in losses
                        .chunks_mut(BLOCK)
                        .zip(hidden.chunks(BLOCK * width))
                        .zip(targets.chunks(BLOCK))
                    {
                        let block = Matrix::dense(hidden, targets.len(), width);
                        let table = Matrix::dense(table, size, width);
                        multiply(&mut logits, size, false, block, table.t(), 1);
                        let rows = logits.chunks_exact_mut(size);
                        for ((loss, row), target) in losses.iter_mut().zip(rows).zip(targets) {
                            *loss = token_loss(row, *target).0;
                        }
                    }
                });
        })
    })??;
    Ok(losses)
}

/// The loss of one token, and 1 / the sum of the exponentials that `logits` is left with.
fn token_loss(logits: &mut [f32], target: u32) -> (f32, f32) {
    let (max, logit) = (vector::greatest(logits), logits[target as usize]);
    let total = vector::exponentiate(logits, max);
    (total.ln() + max - logit, 1.0 / total)
}

impl CustomOp2 for CrossEntropy {
    fn name(&self) -> &'static str {
        "cross-entropy"
    }

    fn cpu_fwd(
        &self,
        hidden: &CpuStorage,
        hidden_layout: &Layout,
        table: &CpuStorage,
        table_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let (n_tokens, width) = hidden_layout.shape().dims2()?;
        let (size, table_width) = table_layout.shape().dims2()?;
        let fits = width == table_width
            && self.targets.len() == n_tokens
            && (self.offsets.is_empty() || self.offsets.len() == size)
            && self.targets.iter().all(|target| (*target as usize) < size);
        if !fits {
            candle_core::bail!("an output layer's states, weights and targets do not fit together");
        }
        let hidden = floats(hidden, hidden_layout)?;
        let table = Matrix::dense(floats(table, table_layout)?, size, width);
        let part = n_tokens.div_ceil(self.threads.max(1)).max(1);
        let mut d_hidden = vec![0.0; n_tokens * width];
        let parts: Vec<(f64, Vec<f32>)> = d_hidden
            .par_chunks_mut(part * width)
            .zip(hidden.par_chunks(part * width))
            .zip(self.targets.par_chunks(part))
            .map(|((d_hidden, hidden), targets)| {
                self.pass(d_hidden, hidden, targets, table, (size, width))
            })
            .collect();
        let mut loss = 0.0;
        let mut d_table = Vec::new();
        for (part_loss, part) in parts {
            loss += part_loss;
            match d_table.is_empty() {
                true => d_table = part,
                false => vector::add(&mut d_table, &part),
            }
        }
        let gradient = Gradient { hidden: d_hidden, table: d_table };
        *self.gradient.lock().expect("no thread panics with the lock") = Some(gradient);
        Ok((CpuStorage::F32(vec![(loss * f64::from(self.weight)) as f32]), ().into()))
    }

    fn bwd(
        &self,
        hidden: &Tensor,
        table: &Tensor,
        _loss: &Tensor,
        d_loss: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>)> {
        let gradient = self.gradient.lock().expect("no thread panics with the lock").take();
        let Some(mut gradient) = gradient else {
            candle_core::bail!("the gradient of a cross-entropy is taken once");
        };
        let factor = d_loss.to_scalar::<f32>()?;
        if factor != 1.0 {
            vector::multiply(&mut gradient.hidden, factor);
            vector::multiply(&mut gradient.table, factor);
        }
        Ok((
            Some(Tensor::from_vec(gradient.hidden, hidden.shape(), &Device::Cpu)?),
            Some(Tensor::from_vec(gradient.table, table.shape(), &Device::Cpu)?),
        ))
    }
}

impl CrossEntropy {
    /// The loss of some tokens and its gradients by their states and by the table.
    fn pass(
        &self,
        d_hidden: &mut [f32],
        hidden: &[f32],
        targets: &[u32],
        table: Matrix,
        (size, width): (usize, usize),
    ) -> (f64, Vec<f32>) {
        let mut loss = 0.0;
        let mut d_table = vec![0.0; size * width];
        let mut logits = vec![0.0; BLOCK.min(targets.len()) * size];
        for ((d_hidden, hidden), targets) in d_hidden
            .chunks_mut(BLOCK * width)
            .zip(hidden.chunks(BLOCK * width))
            .zip(targets.chunks(BLOCK))
        {
            let block = Matrix::dense(hidden, targets.len(), width);
            multiply(&mut logits, size, false, block, table.t(), 1);
            for (row, target) in logits.chunks_exact_mut(size).zip(targets) {
                vector::add(row, &self.offsets);
                let (token_loss, scale) = token_loss(row, *target);
                loss += f64::from(token_loss);
                vector::multiply(row, scale * self.weight);
                row[*target as usize] -= self.weight;
            }
            let d_logits = Matrix::dense(&logits, targets.len(), size);
            multiply(d_hidden, width, false, d_logits, table, 1);
            multiply(&mut d_table, width, true, d_logits.t(), block, 1);
        }
        (loss, d_table)
    }
}
