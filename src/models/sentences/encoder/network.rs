//! The weights, packed, and the parts of the forward pass that keep nothing between calls.

use std::path::Path;

use enjamb_numeric::matrix::{Packed, Row};
use enjamb_numeric::vector;
use enjamb_numeric::weights::{Weights, WeightsError};

/// Numbers in an embedding of a piece.
pub const EMBEDDING: usize = 512;
/// Numbers in one branch.
pub const BRANCH: usize = 256;
/// Numbers in the three branches.
pub const PROJECTED: usize = 3 * BRANCH;
/// Numbers that describe a piece in its context.
pub const FEATURES: usize = EMBEDDING + PROJECTED;
/// Numbers in the inner layers of the last part.
const INNER: usize = 320;
/// Numbers in a result.
const OUT: usize = super::DIMENSIONS;
/// The order of each branch and how many of its pieces lie left of the middle.
pub const ORDERS: [(usize, usize); 3] = [(2, 0), (3, 1), (5, 2)];
/// The greatest order.
pub const ORDER_MAX: usize = 5;
/// The farthest neighbour, on either side, that a convolution looks at.
pub const REACH: usize = 2;
/// Rows of the embedding table: 17 parts with a scale each, some rows unused.
const TABLE_ROWS: usize = 128_010;
const TABLE_PARTS: usize = 17;

/// The encoder's weights.
pub struct EncoderNetwork {
    /// Holds the embedding table, [TABLE_ROWS, EMBEDDING] of u8, where it lies in the file.
    file: Weights,
    scale: Vec<f32>,
    low: Vec<f32>,
    project: Layer,
    project_norm: Norm,
    pub branches: [Branch; 3],
    pool_norm: Norm,
    pool: Layer,
    d0: Packed,
    d1: Packed,
    d2: Packed,
    d3: Packed,
    p1: Packed,
    p3: Packed,
}

/// The two convolutions of one order.
pub struct Branch {
    /// [BRANCH, order * BRANCH]: column block k is what a piece gives to its neighbour at k.
    pub first: Packed,
    pub first_bias: Vec<f32>,
    /// [order * BRANCH, BRANCH]
    pub second: Packed,
    pub second_bias: Vec<f32>,
}

struct Layer {
    weight: Packed,
    bias: Vec<f32>,
}

struct Norm {
    gain: Vec<f32>,
    shift: Vec<f32>,
}

impl EncoderNetwork {
    /// Loads `weights.safetensors`.
    pub fn load(path: &Path) -> Result<EncoderNetwork, WeightsError> {
        let file = Weights::open(path)?;
        file.bytes("embedding.table", &[TABLE_ROWS, EMBEDDING])?;
        let packed = |name: &str, depth, width| -> Result<Packed, WeightsError> {
            let weights = file.floats(name, &[depth, width])?;
            Ok(Packed::new(&weights, depth, width))
        };
        let norm = |name: &str, width| -> Result<Norm, WeightsError> {
            Ok(Norm {
                gain: file.floats(&format!("{name}.gain"), &[width])?,
                shift: file.floats(&format!("{name}.shift"), &[width])?,
            })
        };
        let layer = |name: &str, depth, width| -> Result<Layer, WeightsError> {
            Ok(Layer {
                weight: packed(&format!("{name}.weight"), depth, width)?,
                bias: file.floats(&format!("{name}.bias"), &[width])?,
            })
        };
        let branch = |order: usize| -> Result<Branch, WeightsError> {
            let name = format!("conv{order}");
            let first = file.floats(&format!("{name}.1.weight"), &[order * BRANCH, BRANCH])?;
            let first = side_by_side(&first, order);
            Ok(Branch {
                first: Packed::new(&first, BRANCH, order * BRANCH),
                first_bias: file.floats(&format!("{name}.1.bias"), &[BRANCH])?,
                second: packed(&format!("{name}.2.weight"), order * BRANCH, BRANCH)?,
                second_bias: file.floats(&format!("{name}.2.bias"), &[BRANCH])?,
            })
        };
        Ok(EncoderNetwork {
            scale: file.floats("embedding.scale", &[TABLE_PARTS])?,
            low: file.floats("embedding.low", &[TABLE_PARTS])?,
            project: layer("project", EMBEDDING, PROJECTED)?,
            project_norm: norm("project.norm", PROJECTED)?,
            branches: [branch(2)?, branch(3)?, branch(5)?],
            pool_norm: norm("pool.norm", FEATURES)?,
            pool: layer("pool", FEATURES, OUT)?,
            d0: packed("dense.d0", OUT, INNER)?,
            d1: packed("dense.d1", INNER, INNER)?,
            d2: packed("dense.d2", INNER, OUT)?,
            d3: packed("dense.d3", OUT, OUT)?,
            p1: packed("dense.p1", OUT, INNER)?,
            p3: packed("dense.p3", INNER, OUT)?,
            file,
        })
    }

    /// The embedding table, in the file.
    pub fn table(&self) -> Table<'_> {
        let bytes = self.file.bytes("embedding.table", &[TABLE_ROWS, EMBEDDING]);
        Table { bytes: bytes.expect("the table was there when the file was opened"), network: self }
    }

    /// `x` of every row: `embedding` is [rows, EMBEDDING], `out` is [rows, PROJECTED].
    pub fn project(&self, embedding: &[f32], out: &mut [f32], rows: &mut Vec<Row>) {
        product(&self.project.weight, embedding, out, rows, Some(&self.project.bias));
        let norm = &self.project_norm;
        for x in out.chunks_exact_mut(PROJECTED) {
            vector::normalize(x);
            vector::scale(x, &norm.gain, &norm.shift, 1.0);
        }
    }

    /// What follows the sum over pieces. `sums` is [texts, FEATURES], the sums of normalised
    /// features; `lengths` are their numbers of pieces; `out` is [texts, OUT].
    pub fn finish(&self, sums: &mut [f32], lengths: &[usize], out: &mut [f32], last: &mut Last) {
        let norm = &self.pool_norm;
        for (sum, &length) in sums.chunks_exact_mut(FEATURES).zip(lengths) {
            vector::scale(sum, &norm.gain, &norm.shift, length as f32);
        }
        let n = lengths.len();
        let Last { rows, mean, a, y, b } = last;
        resize(mean, n * OUT);
        product(&self.pool.weight, sums, mean, rows, None);
        for (mean, &length) in mean.chunks_exact_mut(OUT).zip(lengths) {
            let length = length as f32;
            let factor = 1.0 / length.sqrt();
            for (mean, bias) in mean.iter_mut().zip(&self.pool.bias) {
                *mean = (*mean + length * bias) * factor;
            }
        }
        resize(a, n * INNER);
        product(&self.d0, mean, a, rows, None);
        relu(a);
        resize(y, n * INNER);
        product(&self.p1, mean, y, rows, None);
        add_product(&self.d1, a, y, rows);
        relu(y);
        resize(b, n * OUT);
        product(&self.d2, y, b, rows, None);
        relu(b);
        product(&self.p3, y, out, rows, None);
        add_product(&self.d3, b, out, rows);
        for z in out.chunks_exact_mut(OUT) {
            z.iter_mut().for_each(|z| *z = z.tanh());
            vector::to_length_one(z);
        }
    }
}

/// The buffers of [`EncoderNetwork::finish`].
#[derive(Default)]
pub struct Last {
    rows: Vec<Row>,
    mean: Vec<f32>,
    a: Vec<f32>,
    y: Vec<f32>,
    b: Vec<f32>,
}

/// The embedding table.
#[derive(Clone, Copy)]
pub struct Table<'a> {
    bytes: &'a [u8],
    network: &'a EncoderNetwork,
}

impl Table<'_> {
    /// Writes the embedding of `piece` to `out`, which has room for EMBEDDING numbers.
    pub fn embedding(&self, piece: u32, out: &mut [f32]) {
        let piece = piece as usize;
        let scale = self.network.scale[piece % TABLE_PARTS];
        let low = self.network.low[piece % TABLE_PARTS];
        let row = &self.bytes[piece * EMBEDDING..][..EMBEDDING];
        vector::dequantize(out, row, scale, low);
    }
}

/// Turns [order * BRANCH, BRANCH] into [BRANCH, order * BRANCH], keeping each block's inside.
fn side_by_side(blocks: &[f32], order: usize) -> Vec<f32> {
    let mut out = Vec::with_capacity(blocks.len());
    for row in 0..BRANCH {
        for block in 0..order {
            out.extend_from_slice(&blocks[(block * BRANCH + row) * BRANCH..][..BRANCH]);
        }
    }
    out
}

/// `out = input · weight (+ bias)`, with rows one after the other.
fn product(
    weight: &Packed,
    input: &[f32],
    out: &mut [f32],
    rows: &mut Vec<Row>,
    bias: Option<&[f32]>,
) {
    match bias {
        Some(bias) => {
            out.chunks_exact_mut(weight.width()).for_each(|out| out.copy_from_slice(bias))
        }
        None => out.fill(0.0),
    }
    add_product(weight, input, out, rows);
}

/// `out += input · weight`, with rows one after the other.
fn add_product(weight: &Packed, input: &[f32], out: &mut [f32], rows: &mut Vec<Row>) {
    rows.clear();
    rows.extend(
        (0..out.len() / weight.width())
            .map(|i| Row { from: i * weight.depth(), to: i * weight.width() }),
    );
    weight.add_product(input, out, rows);
}

fn relu(x: &mut [f32]) {
    x.iter_mut().for_each(|x| *x = x.max(0.0));
}

/// Sets the length; old contents stay where they are and are overwritten by the caller.
pub fn resize(buffer: &mut Vec<f32>, length: usize) {
    buffer.resize(length, 0.0);
}
