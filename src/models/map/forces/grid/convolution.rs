//! Convolves the nodes of a grid with the forces of t-SNE.

use rayon::prelude::*;
use realfft::num_complex::Complex32;
use realfft::{ComplexToReal, RealFftPlanner, RealToComplex, num_complex::Complex};
use rustfft::{Fft, FftPlanner};
use std::sync::Arc;

/// Columns, or rows, that one task transforms; as many as share the lines of a cache.
const LINES: usize = 8;

/// What nodes are convolved with, by the difference `(x, y)` of two points.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kernel {
    /// `q = 1 / (1 + x² + y²)`
    Q,
    /// `q² x`
    ForceX,
    /// `q² y`
    ForceY,
}

const KERNELS: [Kernel; 3] = [Kernel::Q, Kernel::ForceX, Kernel::ForceY];

/// A grid whose nodes wrap around at `lengths`, of which a half along each axis is used.
pub struct Convolution {
    /// Of the transform along x and y.
    pub lengths: [usize; 2],
    /// The distance of two nodes.
    pub spacing: f32,
    /// A grid of nodes for each kernel of the last run; rows are as long as the transform along x.
    pub results: Vec<Vec<f32>>,
    transform: Transform,
    /// The transform of each kernel, column by column: the real part where it is real, and else
    /// the imaginary part.
    kernels: [Vec<f32>; 3],
    nodes: Vec<f32>,
    spectrum: Vec<Complex32>,
    convolved: Vec<Vec<Complex32>>,
}

impl Convolution {
    pub fn new(lengths: [usize; 2], spacing: f32) -> Convolution {
        let transform = Transform::new(lengths);
        let [width, height] = lengths;
        let n_columns = width / 2 + 1;
        let kernels = KERNELS.map(|kernel| kernel_spectrum(&transform, kernel, lengths, spacing));
        Convolution {
            lengths,
            spacing,
            results: Vec::new(),
            transform,
            kernels,
            nodes: vec![0.0; width * height / 2],
            spectrum: vec![Complex::ZERO; n_columns * height / 2],
            convolved: Vec::new(),
        }
    }

    /// Convolves the weights that `fill` puts on the nodes (which it is given as 0, with the length
    /// of a row) with some kernels, and gives the sum over all pairs of weights of their `q`.
    pub fn run(&mut self, fill: impl FnOnce(&mut [f32], usize), kernels: &[Kernel]) -> f64 {
        let [width, height] = self.lengths;
        let (n_columns, n_rows) = (width / 2 + 1, height / 2);
        self.nodes.fill(0.0);
        fill(&mut self.nodes, width);
        self.transform.rows(&mut self.nodes, &mut self.spectrum);
        self.results.resize_with(kernels.len(), || vec![0.0; width * n_rows]);
        self.convolved.resize_with(kernels.len(), || vec![Complex::ZERO; n_columns * n_rows]);
        let sum = self.columns(kernels);
        for (convolved, result) in self.convolved.iter().zip(&mut self.results) {
            self.transform.rows_back(convolved, result);
        }
        sum
    }

    /// Takes the columns through the transform, the kernels, and back.
    fn columns(&mut self, kernels: &[Kernel]) -> f64 {
        let [width, height] = self.lengths;
        let (n_columns, n_rows) = (width / 2 + 1, height / 2);
        let Convolution { transform, kernels: spectra, spectrum, convolved, .. } = self;
        let mut tasks: Vec<Vec<&mut [Complex32]>> = Vec::new();
        tasks.resize_with(n_columns.div_ceil(LINES), Vec::new);
        for convolved in convolved.iter_mut() {
            let chunks = convolved.chunks_mut(LINES * n_rows);
            tasks.iter_mut().zip(chunks).for_each(|(task, chunk)| task.push(chunk));
        }
        let one = |(task, outputs): (usize, Vec<&mut [Complex32]>)| {
            let first = task * LINES;
            let n = LINES.min(n_columns - first);
            let places = first * height..(first + n) * height;
            let mut columns = vec![Complex::ZERO; n * height];
            for (row, values) in spectrum.chunks_exact(n_columns).enumerate() {
                for (column, value) in values[first..first + n].iter().enumerate() {
                    columns[column * height + row] = *value;
                }
            }
            transform.down.process(&mut columns);
            // All columns but the first and the last stand for their mirror images too.
            let is_own_mirror = |column: usize| column == 0 || column == n_columns - 1;
            let times = |column| if is_own_mirror(column) { 1.0 } else { 2.0 };
            let q = spectra[0][places.clone()].chunks_exact(height);
            let squares = |(column, q): (&[Complex32], &[f32])| -> f64 {
                column.iter().zip(q).map(|(a, q)| f64::from(a.norm_sqr() * q)).sum()
            };
            let sums = columns.chunks_exact(height).zip(q).map(squares);
            let sum: f64 = sums.zip(first..).map(|(sum, column)| sum * times(column)).sum();
            let mut product = vec![Complex::ZERO; n * height];
            for (kernel, output) in kernels.iter().zip(outputs) {
                let values = &spectra[*kernel as usize][places.clone()];
                for ((product, a), value) in product.iter_mut().zip(&columns).zip(values) {
                    *product = match kernel {
                        Kernel::Q => a * value,
                        _ => Complex::new(-a.im * value, a.re * value),
                    };
                }
                transform.up.process(&mut product);
                let halves = product.chunks_exact(height).map(|column| &column[..n_rows]);
                output
                    .chunks_exact_mut(n_rows)
                    .zip(halves)
                    .for_each(|(to, from)| to.copy_from_slice(from));
            }
            sum
        };
        let sums: Vec<f64> = tasks.into_par_iter().enumerate().map(one).collect();
        sums.iter().sum()
    }
}

/// The least even length not under `least` that transforms well, of few enough that a growing map
/// seldom needs another.
pub fn good_length(least: usize) -> usize {
    let lengths = (4..).flat_map(|power| [16, 18, 20, 24, 30].map(|factor| factor << power >> 4));
    lengths.into_iter().find(|length| *length >= least).expect("lengths without end")
}

/// Fourier transforms of a grid along both axes.
struct Transform {
    right: Arc<dyn RealToComplex<f32>>,
    left: Arc<dyn ComplexToReal<f32>>,
    down: Arc<dyn Fft<f32>>,
    up: Arc<dyn Fft<f32>>,
}

impl Transform {
    fn new([width, height]: [usize; 2]) -> Transform {
        let mut real = RealFftPlanner::new();
        let mut complex = FftPlanner::new();
        Transform {
            right: real.plan_fft_forward(width),
            left: real.plan_fft_inverse(width),
            down: complex.plan_fft_forward(height),
            up: complex.plan_fft_inverse(height),
        }
    }

    /// Transforms the rows of `nodes`, whose contents are used up.
    fn rows(&self, nodes: &mut [f32], spectrum: &mut [Complex32]) {
        let width = self.right.len();
        let n_columns = width / 2 + 1;
        let tasks =
            nodes.par_chunks_mut(LINES * width).zip(spectrum.par_chunks_mut(LINES * n_columns));
        tasks.for_each(|(nodes, spectrum)| {
            let mut scratch = self.right.make_scratch_vec();
            let rows = nodes.chunks_exact_mut(width).zip(spectrum.chunks_exact_mut(n_columns));
            for (row, spectrum) in rows {
                let done = self.right.process_with_scratch(row, spectrum, &mut scratch);
                done.expect("lengths as planned");
            }
        });
    }

    /// Transforms rows back, which are handed in column by column.
    fn rows_back(&self, columns: &[Complex32], nodes: &mut [f32]) {
        let width = self.left.len();
        let n_columns = width / 2 + 1;
        let n_rows = nodes.len() / width;
        nodes.par_chunks_mut(LINES * width).enumerate().for_each(|(task, nodes)| {
            let mut scratch = self.left.make_scratch_vec();
            let n = nodes.len() / width;
            let mut rows = vec![Complex::ZERO; n * n_columns];
            for (at, column) in columns.chunks_exact(n_rows).enumerate() {
                for (row, value) in column[task * LINES..][..n].iter().enumerate() {
                    rows[row * n_columns + at] = *value;
                }
            }
            for (row, nodes) in rows.chunks_exact_mut(n_columns).zip(nodes.chunks_exact_mut(width))
            {
                // The transform of real numbers has none here, but for rounding.
                row[0].im = 0.0;
                row[n_columns - 1].im = 0.0;
                let done = self.left.process_with_scratch(row, nodes, &mut scratch);
                done.expect("lengths as planned");
            }
        });
    }
}

/// The transform of a kernel, column by column, with what spreading and reading off by splines
/// blur taken out, and divided by the number of nodes.
fn kernel_spectrum(
    transform: &Transform,
    kernel: Kernel,
    lengths: [usize; 2],
    spacing: f32,
) -> Vec<f32> {
    let [width, height] = lengths;
    let n_columns = width / 2 + 1;
    let mut nodes = vec![0.0; width * height];
    nodes.par_chunks_mut(width).enumerate().for_each(|(row, nodes)| {
        let y = difference(row, height) * spacing;
        for (column, node) in nodes.iter_mut().enumerate() {
            let x = difference(column, width) * spacing;
            let q = 1.0 / (1.0 + x * x + y * y);
            *node = match kernel {
                Kernel::Q => q,
                // Half the grid away both ways are equally far, so the force is neither.
                Kernel::ForceX if column == width / 2 => 0.0,
                Kernel::ForceY if row == height / 2 => 0.0,
                Kernel::ForceX => q * q * x,
                Kernel::ForceY => q * q * y,
            };
        }
    });
    let mut spectrum = vec![Complex::ZERO; n_columns * height];
    transform.rows(&mut nodes, &mut spectrum);
    let mut out = vec![0.0; n_columns * height];
    out.par_chunks_mut(height).enumerate().for_each(|(column, out)| {
        let values = spectrum[column..].iter().step_by(n_columns);
        let mut values: Vec<Complex32> = values.copied().collect();
        transform.down.process(&mut values);
        for ((out, value), row) in out.iter_mut().zip(values).zip(0..) {
            let blur = (blur(column, width) * blur(row, height)).powi(2);
            let value = if kernel == Kernel::Q { value.re } else { value.im };
            *out = (f64::from(value) / (blur * (width * height) as f64)) as f32;
        }
    });
    out
}

/// How many nodes apart two are, on a circle of `length`; negative the other way round.
fn difference(node: usize, length: usize) -> f32 {
    if node <= length / 2 { node as f32 } else { node as f32 - length as f32 }
}

/// The transform of a cubic B-spline at the nodes.
fn blur(frequency: usize, length: usize) -> f64 {
    let angle = std::f64::consts::TAU * frequency as f64 / length as f64;
    (2.0 + angle.cos()) / 3.0
}
