//! Products of matrices with weights that were packed for the processor beforehand.
//!
//! `output[r, 0..N] += input[r, 0..K] · weights[K, N]` for any number of rows `r`, which may
//! lie anywhere in `input` and `output` and may overlap in `input`: a window sliding over a
//! sequence needs no copy.
//!
//! A row's result is one chain of fused multiply-adds per column, in the order of `K`. So it is
//! the same to the bit however many rows are computed along with it and in whatever order, and
//! the same with AVX-512 and with AVX2. General libraries do not promise this, since they
//! choose another path for one row than for many. They remain the right choice where that does
//! not matter or where the right-hand side changes at every call.
//!
//! One call uses one thread. Nothing is allocated in a product.

#![allow(unsafe_code)]

mod half;

pub use self::half::HalfPacked;

use std::ops::Range;
#[cfg(target_arch = "x86_64")]
use x86::{avx2, avx512};

/// Columns of a panel; the weights are stored panel by panel, each `[K, PANEL]`.
const PANEL: usize = 32;

/// Most rows that any kernel takes at once.
const MAX_ROWS: usize = 12;

/// Where one row of a product starts in `input` and in `output`, in elements.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row {
    /// Index of the row's first element in the input.
    pub from: usize,
    /// Index of the row's first element in the output.
    pub to: usize,
}

/// Sixteen numbers on a cache line of their own, so that no wide load straddles two.
#[derive(Clone, Copy)]
#[repr(C, align(64))]
struct Line([f32; 16]);

/// A weight matrix `[K, N]`, packed.
pub struct Packed {
    depth: usize,
    width: usize,
    lines: Vec<Line>,
    kernel: Kernel,
}

impl Packed {
    /// Packs `weights`, which are row-major `[depth, width]`.
    ///
    /// # Panics
    ///
    /// If `weights` does not have `depth * width` elements.
    pub fn new(weights: &[f32], depth: usize, width: usize) -> Packed {
        Packed::with_kernel(weights, depth, width, Kernel::detect())
    }

    fn with_kernel(weights: &[f32], depth: usize, width: usize, kernel: Kernel) -> Packed {
        assert_eq!(weights.len(), depth * width);
        let n_panels = width.div_ceil(PANEL);
        let mut lines = Vec::with_capacity(n_panels * depth * (PANEL / 16));
        for first in (0..width).step_by(PANEL) {
            for row in weights.chunks_exact(width) {
                for start in (first..first + PANEL).step_by(16) {
                    let mut line = Line([0.0; 16]);
                    if start < width {
                        let end = width.min(start + 16);
                        line.0[..end - start].copy_from_slice(&row[start..end]);
                    }
                    lines.push(line);
                }
            }
        }
        Packed { depth, width, lines, kernel }
    }

    /// `K`: how many input elements a row has.
    pub fn depth(&self) -> usize {
        self.depth
    }

    /// `N`: how many output elements a row has.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Adds the product of each row to what its place in `output` holds (a bias, or zeros).
    ///
    /// Rows whose places in `output` overlap have no defined result.
    ///
    /// # Panics
    ///
    /// If a row does not lie within `input` and `output`.
    pub fn add_product(&self, input: &[f32], output: &mut [f32], rows: &[Row]) {
        check(rows, input.len(), self.depth, output.len(), self.width);
        if rows.is_empty() || self.depth == 0 || self.width == 0 {
            return;
        }
        let max_rows = self.kernel.max_rows();
        let n_full = self.width / PANEL;
        // Panels outside, rows inside: a panel stays in the cache while all rows pass by. Few
        // rows give a panel too little arithmetic to hide its latency, so then two go together.
        let step = if rows.len() <= 3 { 2 } else { 1 };
        let mut panel = 0;
        while panel < n_full {
            let n_panels = step.min(n_full - panel);
            for block in blocks(rows, max_rows) {
                // SAFETY: the rows were checked above, all columns of these panels exist, and
                // a block has between 1 and `max_rows` rows.
                unsafe {
                    self.tile(panel, n_panels, block, input.as_ptr(), output.as_mut_ptr());
                }
            }
            panel += n_panels;
        }
        if n_full * PANEL < self.width {
            self.last_columns(n_full, input, output, rows);
        }
    }

    /// The columns that do not fill a panel go through a buffer that does.
    fn last_columns(&self, panel: usize, input: &[f32], output: &mut [f32], rows: &[Row]) {
        let first = panel * PANEL;
        for block in blocks(rows, self.kernel.max_rows()) {
            through_whole_panel(block, output, first..self.width, |moved, buffer| {
                // SAFETY: the input rows were checked by the caller, the buffer has a whole panel
                // for each row, and `tile` addresses it as columns of panel 0 after the shift.
                unsafe {
                    let shifted = buffer.as_mut_ptr().wrapping_sub(first);
                    self.tile(panel, 1, moved, input.as_ptr(), shifted);
                }
            });
        }
    }

    /// Computes `n_panels` (1 or 2) panels from number `panel` on, for one block of rows.
    ///
    /// # Safety
    ///
    /// For every row, `input[from .. from + K]` and the columns of those panels at
    /// `output[to ..]` must be valid; `block` must have 1 to `kernel.max_rows()` rows.
    unsafe fn tile(
        &self,
        panel: usize,
        n_panels: usize,
        block: &[Row],
        input: *const f32,
        output: *mut f32,
    ) {
        let weights = self.lines.as_ptr().cast::<f32>();
        // SAFETY: the offsets lie within the packed weights and, by this function's contract,
        // within input and output (`wrapping_add` because of the shifted buffer); the kernel was
        // detected on this processor.
        unsafe {
            let weights = weights.add(panel * self.depth * PANEL);
            let output = output.wrapping_add(panel * PANEL);
            let run = self.kernel.tile(block.len(), n_panels);
            run(weights, self.depth, block, input, output);
        }
    }
}

/// Checks that every row lies within its input and output.
fn check(rows: &[Row], n_input: usize, depth: usize, n_output: usize, width: usize) {
    let fits = |start: usize, length: usize, end: usize| {
        start.checked_add(length).is_some_and(|stop| stop <= end)
    };
    for row in rows {
        assert!(fits(row.from, depth, n_input));
        assert!(fits(row.to, width, n_output));
    }
}

/// Lets `compute` have these columns of the output, fewer than a panel's, in a buffer with room for a
/// panel in each of at most [`MAX_ROWS`] rows, and the rows as they lie there.
fn through_whole_panel(
    rows: &[Row],
    output: &mut [f32],
    columns: Range<usize>,
    compute: impl FnOnce(&[Row], &mut [f32]),
) {
    let mut buffer = [0.0; MAX_ROWS * PANEL];
    let mut moved = [Row { from: 0, to: 0 }; MAX_ROWS];
    let n_columns = columns.len();
    for (i, row) in rows.iter().enumerate() {
        let own = &output[row.to + columns.start..][..n_columns];
        buffer[i * PANEL..][..n_columns].copy_from_slice(own);
        moved[i] = Row { from: row.from, to: i * PANEL };
    }
    compute(&moved[..rows.len()], &mut buffer);
    for (i, row) in rows.iter().enumerate() {
        let own = &mut output[row.to + columns.start..][..n_columns];
        own.copy_from_slice(&buffer[i * PANEL..][..n_columns]);
    }
}

/// Cuts `rows` into blocks of nearly equal size, none longer than `max_rows`.
fn blocks(rows: &[Row], max_rows: usize) -> impl Iterator<Item = &[Row]> {
    let n_blocks = rows.len().div_ceil(max_rows).max(1);
    (0..n_blocks).map(move |i| {
        let (start, end) = (i * rows.len() / n_blocks, (i + 1) * rows.len() / n_blocks);
        &rows[start..end]
    })
}

/// The instructions that a product is computed with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kernel {
    #[cfg(target_arch = "x86_64")]
    Avx512,
    #[cfg(target_arch = "x86_64")]
    Avx2,
    Portable,
}

/// weights, K, rows, input, output; see [`Packed::tile`].
type Tile = unsafe fn(*const f32, usize, &[Row], *const f32, *mut f32);

impl Kernel {
    fn detect() -> Kernel {
        #[cfg(target_arch = "x86_64")]
        {
            if is_x86_feature_detected!("avx512f") {
                return Kernel::Avx512;
            }
            if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
                return Kernel::Avx2;
            }
        }
        Kernel::Portable
    }

    /// Whether the processor widens halves in registers.
    fn widens_halves(self) -> bool {
        match self {
            #[cfg(target_arch = "x86_64")]
            Kernel::Avx512 | Kernel::Avx2 => is_x86_feature_detected!("f16c"),
            Kernel::Portable => false,
        }
    }

    /// As many rows as leave every partial sum in a register.
    fn max_rows(self) -> usize {
        match self {
            #[cfg(target_arch = "x86_64")]
            Kernel::Avx512 => 12,
            #[cfg(target_arch = "x86_64")]
            Kernel::Avx2 => 6,
            Kernel::Portable => 3,
        }
    }

    fn tile(self, n_rows: usize, n_panels: usize) -> Tile {
        macro_rules! choose {
            ($tile:ident, $($rows:literal)*) => {
                match (n_rows, n_panels) {
                    $(($rows, 1) => $tile::<$rows, 1>,)*
                    (1, 2) => $tile::<1, 2>,
                    (2, 2) => $tile::<2, 2>,
                    (3, 2) => $tile::<3, 2>,
                    _ => unreachable!("{n_rows} rows by {n_panels} panels"),
                }
            };
        }
        match self {
            #[cfg(target_arch = "x86_64")]
            Kernel::Avx512 => choose!(avx512, 1 2 3 4 5 6 7 8 9 10 11 12),
            #[cfg(target_arch = "x86_64")]
            Kernel::Avx2 => choose!(avx2, 1 2 3 4 5 6),
            Kernel::Portable => choose!(portable, 1 2 3),
        }
    }
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use super::{PANEL, Row};
    use std::arch::x86_64::*;

    /// Writes one kernel: `$lanes` numbers a register, and as many columns of a panel at a time as
    /// fill two of them, so that with the most rows the partial sums just fit the registers.
    macro_rules! kernel {
        ($name:ident, $features:literal, $lanes:literal,
         $zero:ident, $load:ident, $store:ident, $broadcast:ident, $fma:ident) => {
            /// # Safety
            ///
            /// See `Packed::tile`; the processor must have the features.
            #[target_feature(enable = $features)]
            pub unsafe fn $name<const ROWS: usize, const PANELS: usize>(
                weights: *const f32,
                depth: usize,
                rows: &[Row],
                input: *const f32,
                output: *mut f32,
            ) {
                const VECTORS: usize = 2;
                // SAFETY: pointers stay within the ranges that the caller vouches for: `depth`
                // numbers for each row of input, `depth` lines of a panel, one panel of output.
                unsafe {
                    let rows: &[Row; ROWS] = rows.try_into().expect("ROWS rows");
                    for column in (0..PANEL).step_by(VECTORS * $lanes) {
                        let mut sums = [[[$zero(); VECTORS]; PANELS]; ROWS];
                        for r in 0..ROWS {
                            for p in 0..PANELS {
                                for v in 0..VECTORS {
                                    let to = rows[r].to + p * PANEL + column + v * $lanes;
                                    let at = output.wrapping_add(to);
                                    sums[r][p][v] = $load(at);
                                }
                            }
                        }
                        let input = rows.map(|row| input.add(row.from));
                        for k in 0..depth {
                            let mut line = [[$zero(); VECTORS]; PANELS];
                            for p in 0..PANELS {
                                for v in 0..VECTORS {
                                    let at = (p * depth + k) * PANEL + column + v * $lanes;
                                    line[p][v] = $load(weights.add(at));
                                }
                            }
                            for r in 0..ROWS {
                                let x = $broadcast(*input[r].add(k));
                                for p in 0..PANELS {
                                    for v in 0..VECTORS {
                                        sums[r][p][v] = $fma(x, line[p][v], sums[r][p][v]);
                                    }
                                }
                            }
                        }
                        for r in 0..ROWS {
                            for p in 0..PANELS {
                                for v in 0..VECTORS {
                                    let to = rows[r].to + p * PANEL + column + v * $lanes;
                                    let at = output.wrapping_add(to);
                                    $store(at, sums[r][p][v]);
                                }
                            }
                        }
                    }
                }
            }
        };
    }

    kernel!(
        avx512,
        "avx512f",
        16,
        _mm512_setzero_ps,
        _mm512_loadu_ps,
        _mm512_storeu_ps,
        _mm512_set1_ps,
        _mm512_fmadd_ps
    );
    kernel!(
        avx2,
        "avx2,fma",
        8,
        _mm256_setzero_ps,
        _mm256_loadu_ps,
        _mm256_storeu_ps,
        _mm256_set1_ps,
        _mm256_fmadd_ps
    );
}

/// The kernel for every other processor; the compiler finds what vectors there are.
///
/// # Safety
///
/// See [`Packed::tile`].
unsafe fn portable<const ROWS: usize, const PANELS: usize>(
    weights: *const f32,
    depth: usize,
    rows: &[Row],
    input: *const f32,
    output: *mut f32,
) {
    for p in 0..PANELS {
        for row in rows {
            // SAFETY: as above, the caller vouches for one panel of output at every row.
            unsafe {
                let output = output.wrapping_add(row.to + p * PANEL).cast::<[f32; PANEL]>();
                let mut sums = output.read();
                for k in 0..depth {
                    let x = *input.add(row.from + k);
                    let line = &*weights.add((p * depth + k) * PANEL).cast::<[f32; PANEL]>();
                    for (sum, weight) in sums.iter_mut().zip(line) {
                        *sum = multiply_add(x, *weight, *sum);
                    }
                }
                output.write(sums);
            }
        }
    }
}

/// Fused where the hardware fuses; without it a fused operation would be a slow library call.
#[inline(always)]
fn multiply_add(a: f32, b: f32, c: f32) -> f32 {
    if cfg!(any(target_arch = "aarch64", target_feature = "fma")) {
        a.mul_add(b, c)
    } else {
        a * b + c
    }
}

#[cfg(test)]
mod test;
