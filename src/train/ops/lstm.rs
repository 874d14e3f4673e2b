//! A whole LSTM layer over a batch of lines of equal length, as one operation.
//!
//! Sizes: B lines, T steps, H hidden units, U distinct inputs. The product of input and weights is
//! made once for each distinct input rather than for each token; `slots[b, t]` says which. Lines
//! are shared out among threads, each of which goes through all steps with no one to wait for.

use std::sync::Mutex;

use candle_core::{CpuStorage, CustomOp3, Device, Layout, Result, Shape, Tensor};
use rayon::prelude::*;

use super::{floats, with_floats};
use enjamb_numeric::matrix::{Packed, Row};
use enjamb_numeric::product::{Matrix, multiply};
use enjamb_numeric::vector;

/// What goes through the layer, and on how many threads.
#[derive(Clone, Debug)]
pub struct Plan {
    /// `[B, T]`: which of the U distinct inputs stands at each place.
    pub slots: Vec<u32>,
    /// T, at least 1.
    pub steps: usize,
    /// How many parts the lines are shared out to. Changes the order of no sum.
    pub threads: usize,
}

struct Lstm {
    plan: Plan,
    saved: Mutex<Option<Saved>>,
}

/// What the gradient needs: the activations `[B, T, 4H]` and the cells `[B, T, H]`.
struct Saved {
    gates: Vec<f32>,
    cells: Vec<f32>,
}

/// The hidden states `[B, T, H]` of an LSTM.
///
/// `inputs` is `[U, 4H]`, the product of each distinct input and its weights with the bias;
/// `recurrent` is `[H, 4H]`; `start` is `[B, 6H]`: for each line the first hidden state, the first
/// cell, and what is added to the gates at every step. Gates stand in the order i, f, g, o.
///
/// # Errors
/// When the shapes do not fit together.
pub fn lstm(inputs: &Tensor, recurrent: &Tensor, start: &Tensor, plan: Plan) -> Result<Tensor> {
    let op = Lstm { plan, saved: Mutex::new(None) };
    inputs.contiguous()?.apply_op3(&recurrent.contiguous()?, &start.contiguous()?, op)
}

/// B, T, H and the lines a part.
struct Sizes {
    lines: usize,
    steps: usize,
    hidden: usize,
    part: usize,
}

impl Plan {
    fn sizes(&self, start: &Shape) -> Sizes {
        let lines = self.slots.len() / self.steps;
        let hidden = start.elem_count() / lines / 6;
        Sizes { lines, steps: self.steps, hidden, part: lines.div_ceil(self.threads.max(1)) }
    }
}

/// The first hidden state, the first cell and the constant part of the gates of line `b`.
fn start_of(start: &[f32], b: usize, hidden: usize) -> (&[f32], &[f32], &[f32]) {
    let row = &start[b * 6 * hidden..(b + 1) * 6 * hidden];
    (&row[..hidden], &row[hidden..2 * hidden], &row[2 * hidden..])
}

impl CustomOp3 for Lstm {
    fn name(&self) -> &'static str {
        "lstm"
    }

    fn cpu_fwd(
        &self,
        inputs: &CpuStorage,
        inputs_layout: &Layout,
        recurrent: &CpuStorage,
        recurrent_layout: &Layout,
        start: &CpuStorage,
        start_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let Sizes { lines, steps, hidden, part } = self.plan.sizes(start_layout.shape());
        let n_inputs = inputs_layout.shape().dims2()?.0;
        let fits = inputs_layout.shape().dims() == [n_inputs, 4 * hidden]
            && recurrent_layout.shape().dims() == [hidden, 4 * hidden]
            && start_layout.shape().dims() == [lines, 6 * hidden]
            && self.plan.slots.len() == lines * steps
            && self.plan.slots.iter().all(|slot| (*slot as usize) < n_inputs);
        if !fits {
            candle_core::bail!("an LSTM's inputs, weights and start do not fit together");
        }
        let inputs = floats(inputs, inputs_layout)?;
        // Packed once for all steps and threads.
        let recurrent = floats(recurrent, recurrent_layout)?;
        let recurrent = &Packed::new(recurrent, hidden, 4 * hidden);
        let start = floats(start, start_layout)?;

        let mut out = vec![0.0; lines * steps * hidden];
        let mut gates = vec![0.0; lines * steps * 4 * hidden];
        let mut cells = vec![0.0; lines * steps * hidden];
        out.par_chunks_mut(part * steps * hidden)
            .zip(gates.par_chunks_mut(part * steps * 4 * hidden))
            .zip(cells.par_chunks_mut(part * steps * hidden))
            .zip(start.par_chunks(part * 6 * hidden))
            .zip(self.plan.slots.par_chunks(part * steps))
            .for_each(|((((out, gates), cells), start), slots)| {
                forward(out, gates, cells, start, slots, inputs, recurrent, steps);
            });
        *self.saved.lock().expect("no thread panics with the lock") = Some(Saved { gates, cells });
        Ok((CpuStorage::F32(out), (lines, steps, hidden).into()))
    }

    fn bwd(
        &self,
        inputs: &Tensor,
        recurrent: &Tensor,
        start: &Tensor,
        out: &Tensor,
        d_out: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>, Option<Tensor>)> {
        let Sizes { lines, steps, hidden, part } = self.plan.sizes(start.shape());
        let saved = self.saved.lock().expect("no thread panics with the lock").take();
        let Some(Saved { gates, cells }) = saved else {
            candle_core::bail!("the gradient of an LSTM is taken once, after its forward pass");
        };
        let mut d_gates = vec![0.0; gates.len()];
        let mut d_start = vec![0.0; start.elem_count()];
        let mut before = vec![0.0; lines * steps * hidden];
        with_floats(start, |start| {
            with_floats(recurrent, |recurrent| {
                with_floats(d_out, |d_out| {
                    let recurrent = &packed_transpose(recurrent, hidden, 4 * hidden);
                    d_gates
                        .par_chunks_mut(part * steps * 4 * hidden)
                        .zip(d_start.par_chunks_mut(part * 6 * hidden))
                        .zip(gates.par_chunks(part * steps * 4 * hidden))
                        .zip(cells.par_chunks(part * steps * hidden))
                        .zip(start.par_chunks(part * 6 * hidden))
                        .zip(d_out.par_chunks(part * steps * hidden))
                        .for_each(|(((((d_gates, d_start), gates), cells), start), d_out)| {
                            backward(
                                d_gates, d_start, gates, cells, start, d_out, recurrent, steps,
                            );
                        });
                })
            })??;
            with_floats(out, |out| {
                // Each step's hidden state before it: the one it began with, or the last.
                for (b, before) in before.chunks_exact_mut(steps * hidden).enumerate() {
                    before[..hidden].copy_from_slice(start_of(start, b, hidden).0);
                    let out = &out[b * steps * hidden..][..(steps - 1) * hidden];
                    before[hidden..].copy_from_slice(out);
                }
            })
        })??;

        let mut d_recurrent = vec![0.0; hidden * 4 * hidden];
        let n_tokens = lines * steps;
        multiply(
            &mut d_recurrent,
            4 * hidden,
            false,
            Matrix::dense(&before, n_tokens, hidden).t(),
            Matrix::dense(&d_gates, n_tokens, 4 * hidden),
            self.plan.threads,
        );
        let n_inputs = inputs.dim(0)?;
        let d_inputs = gather(&d_gates, &self.plan.slots, n_inputs, 4 * hidden);
        let tensor = |data, shape: &Tensor| Tensor::from_vec(data, shape.shape(), &Device::Cpu);
        Ok((
            Some(tensor(d_inputs, inputs)?),
            Some(tensor(d_recurrent, recurrent)?),
            Some(tensor(d_start, start)?),
        ))
    }
}

/// All steps of some lines.
#[allow(clippy::too_many_arguments)]
fn forward(
    out: &mut [f32],
    gates: &mut [f32],
    cells: &mut [f32],
    start: &[f32],
    slots: &[u32],
    inputs: &[f32],
    recurrent: &Packed,
    steps: usize,
) {
    let (lines, hidden) = (slots.len() / steps, recurrent.depth());
    let mut rows = Vec::with_capacity(lines);
    for t in 0..steps {
        for b in 0..lines {
            let gates = &mut gates[(b * steps + t) * 4 * hidden..][..4 * hidden];
            let input = slots[b * steps + t] as usize * 4 * hidden;
            gates.copy_from_slice(&inputs[input..][..4 * hidden]);
            vector::add(gates, start_of(start, b, hidden).2);
        }
        let to = |b: usize| (b * steps + t) * 4 * hidden;
        rows.clear();
        match t {
            0 => rows.extend((0..lines).map(|b| Row { from: b * 6 * hidden, to: to(b) })),
            _ => rows.extend((0..lines).map(|b| {
                let from = (b * steps + t - 1) * hidden;
                Row { from, to: to(b) }
            })),
        }
        recurrent.add_product(if t == 0 { start } else { out }, gates, &rows);
        for b in 0..lines {
            let at = (b * steps + t) * hidden;
            let (earlier, cell) = cells.split_at_mut(at);
            let before = match t {
                0 => start_of(start, b, hidden).1,
                _ => &earlier[at - hidden..],
            };
            let gates = &mut gates[4 * at..][..4 * hidden];
            vector::lstm_cell(gates, before, &mut cell[..hidden], &mut out[at..at + hidden]);
        }
    }
}

/// The gradient of all steps of some lines.
#[allow(clippy::too_many_arguments)]
fn backward(
    d_gates: &mut [f32],
    d_start: &mut [f32],
    gates: &[f32],
    cells: &[f32],
    start: &[f32],
    d_out: &[f32],
    recurrent: &Packed,
    steps: usize,
) {
    let hidden = recurrent.width();
    let lines = cells.len() / steps / hidden;
    let mut d_hidden = vec![0.0; lines * hidden];
    let mut d_cell = vec![0.0; lines * hidden];
    for t in (0..steps).rev() {
        for b in 0..lines {
            let at = (b * steps + t) * hidden;
            let before = match t {
                0 => start_of(start, b, hidden).1,
                _ => &cells[at - hidden..at],
            };
            let d_hidden = &mut d_hidden[b * hidden..][..hidden];
            vector::add(d_hidden, &d_out[at..at + hidden]);
            let d_gates = &mut d_gates[4 * at..][..4 * hidden];
            vector::lstm_cell_gradient(
                &gates[4 * at..][..4 * hidden],
                before,
                &cells[at..at + hidden],
                d_hidden,
                &mut d_cell[b * hidden..][..hidden],
                d_gates,
            );
            vector::add(&mut d_start[b * 6 * hidden + 2 * hidden..][..4 * hidden], d_gates);
        }
        let row = |b| Row { from: (b * steps + t) * 4 * hidden, to: b * hidden };
        let rows: Vec<Row> = (0..lines).map(row).collect();
        d_hidden.fill(0.0);
        recurrent.add_product(d_gates, &mut d_hidden, &rows);
    }
    for b in 0..lines {
        let d_start = &mut d_start[b * 6 * hidden..];
        d_start[..hidden].copy_from_slice(&d_hidden[b * hidden..][..hidden]);
        d_start[hidden..2 * hidden].copy_from_slice(&d_cell[b * hidden..][..hidden]);
    }
}

/// The transpose of a matrix `[rows, columns]`, packed.
fn packed_transpose(matrix: &[f32], rows: usize, columns: usize) -> Packed {
    let mut transpose = vec![0.0; matrix.len()];
    for (i, row) in matrix.chunks_exact(columns).enumerate() {
        for (j, x) in row.iter().enumerate() {
            transpose[j * rows + i] = *x;
        }
    }
    Packed::new(&transpose, columns, rows)
}

/// `out[u] = sum of rows[n] where slots[n] = u`, each sum in the order of `n`.
fn gather(rows: &[f32], slots: &[u32], n_slots: usize, width: usize) -> Vec<f32> {
    let mut places = vec![Vec::new(); n_slots];
    for (n, slot) in slots.iter().enumerate() {
        places[*slot as usize].push(n);
    }
    let mut out = vec![0.0; n_slots * width];
    out.par_chunks_mut(width).zip(&places).for_each(|(out, places)| {
        for n in places {
            vector::add(out, &rows[n * width..][..width]);
        }
    });
    out
}
