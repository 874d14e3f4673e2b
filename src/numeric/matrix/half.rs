//! Products with weights that are kept in half precision.
//!
//! A product of one row with a large matrix waits for memory: half the bytes are nearly half the
//! time. Every half is an `f32` exactly, so a product is the same to the bit as that of [`Packed`]
//! with the same numbers, in any company. Sums are `f32` throughout.
//!
//! [`Packed`]: super::Packed

use super::{Kernel, MAX_ROWS, PANEL, Row, blocks, through_whole_panel};
use half::f16;

/// Most rows for which the halves are widened in registers, at every use.
const FEW_ROWS: usize = 3;

/// Input elements of a panel that are widened at once for many rows: 16 kB, which stays in the
/// first cache while the rows pass by.
const DEPTH_BLOCK: usize = 128;

/// One row of a panel: a cache line.
#[derive(Clone, Copy)]
#[repr(C, align(64))]
struct Line([f16; PANEL]);

/// A part of a panel, widened.
#[repr(C, align(64))]
struct Wide([f32; DEPTH_BLOCK * PANEL]);

/// weights, K, rows, input, output; see [`HalfPacked::few_rows`].
type Tile = unsafe fn(*const f16, usize, &[Row], *const f32, *mut f32);

/// A weight matrix `[K, N]` of halves, packed.
pub struct HalfPacked {
    depth: usize,
    width: usize,
    lines: Vec<Line>,
    kernel: Kernel,
    widens: bool,
}

impl HalfPacked {
    /// Packs `weights`, which are row-major `[depth, width]`.
    ///
    /// # Panics
    ///
    /// If `weights` does not have `depth * width` elements.
    pub fn new(weights: &[f16], depth: usize, width: usize) -> HalfPacked {
        HalfPacked::with_kernel(weights, depth, width, Kernel::detect())
    }

    pub(super) fn with_kernel(
        weights: &[f16],
        depth: usize,
        width: usize,
        kernel: Kernel,
    ) -> HalfPacked {
        assert_eq!(weights.len(), depth * width);
        let mut lines = Vec::with_capacity(width.div_ceil(PANEL) * depth);
        for first in (0..width).step_by(PANEL) {
            let end = width.min(first + PANEL);
            for row in weights.chunks_exact(width) {
                let mut line = Line([f16::ZERO; PANEL]);
                line.0[..end - first].copy_from_slice(&row[first..end]);
                lines.push(line);
            }
        }
        HalfPacked { depth, width, lines, kernel, widens: kernel.widens_halves() }
    }

    /// `K`: how many input elements a row has.
    pub fn depth(&self) -> usize {
        self.depth
    }

    /// `N`: how many output elements a row has.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Adds the product of each row to what its place in `output` holds.
    ///
    /// Rows whose places in `output` overlap have no defined result.
    ///
    /// # Panics
    ///
    /// If a row does not lie within `input` and `output`.
    pub fn add_product(&self, input: &[f32], output: &mut [f32], rows: &[Row]) {
        super::check(rows, input.len(), self.depth, output.len(), self.width);
        if rows.is_empty() || self.depth == 0 || self.width == 0 {
            return;
        }
        let few = self.widens && rows.len() <= FEW_ROWS;
        let mut wide = if few { None } else { Some(Wide([0.0; DEPTH_BLOCK * PANEL])) };
        let n_full = self.width / PANEL;
        let step = if few { 2 } else { 1 };
        let mut panel = 0;
        while panel < n_full {
            let n_panels = step.min(n_full - panel);
            let output = output.as_mut_ptr().wrapping_add(panel * PANEL);
            // SAFETY: the rows were checked above, and all columns of these panels exist.
            unsafe {
                match &mut wide {
                    None => self.few_rows(panel, n_panels, rows, input.as_ptr(), output),
                    Some(wide) => self.many_rows(panel, wide, rows, input.as_ptr(), output),
                }
            }
            panel += n_panels;
        }
        if n_full * PANEL < self.width {
            self.last_columns(n_full, &mut wide, input, output, rows);
        }
    }

    /// The columns that do not fill a panel go through a buffer that does.
    fn last_columns(
        &self,
        panel: usize,
        wide: &mut Option<Wide>,
        input: &[f32],
        output: &mut [f32],
        rows: &[Row],
    ) {
        for block in blocks(rows, MAX_ROWS) {
            through_whole_panel(block, output, panel * PANEL..self.width, |moved, buffer| {
                let into = buffer.as_mut_ptr();
                // SAFETY: the input rows were checked by the caller, and the buffer has a whole
                // panel for each row.
                unsafe {
                    match wide {
                        None => self.few_rows(panel, 1, moved, input.as_ptr(), into),
                        Some(wide) => self.many_rows(panel, wide, moved, input.as_ptr(), into),
                    }
                }
            });
        }
    }

    /// Computes `n_panels` (1 or 2) panels from number `panel` on, for 1 to [`FEW_ROWS`] rows, with
    /// `output` at the first column of the first panel.
    ///
    /// # Safety
    ///
    /// For every row, `input[from .. from + K]` and `n_panels * PANEL` places at `output[to ..]`
    /// must be valid; the kernel must be one that widens.
    unsafe fn few_rows(
        &self,
        panel: usize,
        n_panels: usize,
        rows: &[Row],
        input: *const f32,
        output: *mut f32,
    ) {
        let run: Tile = match self.kernel {
            #[cfg(target_arch = "x86_64")]
            Kernel::Avx512 => choose!(x86::avx512, rows.len(), n_panels),
            #[cfg(target_arch = "x86_64")]
            Kernel::Avx2 => choose!(x86::avx2, rows.len(), n_panels),
            Kernel::Portable => unreachable!("the portable kernel widens beforehand"),
        };
        let weights = self.lines[panel * self.depth..].as_ptr().cast::<f16>();
        // SAFETY: by this function's contract; the kernel was detected on this processor.
        unsafe { run(weights, self.depth, rows, input, output) }
    }

    /// Computes one panel for any number of rows, a part of the depth at a time: what the output
    /// holds in between is the exact sum so far.
    ///
    /// # Safety
    ///
    /// As [`few_rows`](Self::few_rows), with one panel and any kernel.
    unsafe fn many_rows(
        &self,
        panel: usize,
        wide: &mut Wide,
        rows: &[Row],
        input: *const f32,
        output: *mut f32,
    ) {
        let lines = &self.lines[panel * self.depth..][..self.depth];
        for (part, lines) in lines.chunks(DEPTH_BLOCK).enumerate() {
            self.widen(lines, wide);
            for block in blocks(rows, self.kernel.max_rows()) {
                // SAFETY: by this function's contract; `wide` holds `lines.len()` rows of a panel.
                unsafe {
                    let input = input.add(part * DEPTH_BLOCK);
                    let run = self.kernel.tile(block.len(), 1);
                    run(wide.0.as_ptr(), lines.len(), block, input, output);
                }
            }
        }
    }

    fn widen(&self, lines: &[Line], wide: &mut Wide) {
        #[cfg(target_arch = "x86_64")]
        if self.widens {
            // SAFETY: a kernel that widens was detected together with F16C.
            return unsafe { x86::widen(lines, wide) };
        }
        for (line, wide) in lines.iter().zip(wide.0.chunks_exact_mut(PANEL)) {
            for (half, wide) in line.0.iter().zip(wide) {
                *wide = half.to_f32();
            }
        }
    }
}

/// Picks the kernel for a number of rows and panels.
macro_rules! choose {
    ($tile:path, $n_rows:expr, $n_panels:expr) => {{
        use $tile as tile;
        match ($n_rows, $n_panels) {
            (1, 1) => tile::<1, 1>,
            (2, 1) => tile::<2, 1>,
            (3, 1) => tile::<3, 1>,
            (1, 2) => tile::<1, 2>,
            (2, 2) => tile::<2, 2>,
            (3, 2) => tile::<3, 2>,
            (n_rows, n_panels) => unreachable!("{n_rows} rows by {n_panels} panels"),
        }
    }};
}
use choose;

#[cfg(target_arch = "x86_64")]
mod x86 {
    use super::super::{PANEL, Row};
    use super::{Line, Wide};
    use half::f16;
    use std::arch::x86_64::*;

    /// Writes one kernel: `$lanes` numbers a register, so a panel is `PANEL / $lanes` registers.
    macro_rules! kernel {
        ($name:ident, $features:literal, $lanes:literal, $zero:ident, $load:ident, $store:ident,
         $broadcast:ident, $fma:ident, $halves:ty, $load_halves:ident, $widen:ident) => {
            /// # Safety
            ///
            /// See `HalfPacked::few_rows`; the processor must have the features.
            #[target_feature(enable = $features)]
            pub unsafe fn $name<const ROWS: usize, const PANELS: usize>(
                weights: *const f16,
                depth: usize,
                rows: &[Row],
                input: *const f32,
                output: *mut f32,
            ) {
                const VECTORS: usize = PANEL / $lanes;
                // SAFETY: pointers stay within the ranges that the caller vouches for: `depth`
                // numbers for each row of input, `depth` lines of a panel, one panel of output.
                unsafe {
                    let rows: &[Row; ROWS] = rows.try_into().expect("ROWS rows");
                    let mut sums = [[[$zero(); VECTORS]; PANELS]; ROWS];
                    for r in 0..ROWS {
                        for p in 0..PANELS {
                            for v in 0..VECTORS {
                                let at = output.wrapping_add(rows[r].to + p * PANEL + v * $lanes);
                                sums[r][p][v] = $load(at);
                            }
                        }
                    }
                    let input = rows.map(|row| input.add(row.from));
                    for k in 0..depth {
                        for p in 0..PANELS {
                            for v in 0..VECTORS {
                                let at = weights.add((p * depth + k) * PANEL + v * $lanes);
                                let line = $widen($load_halves(at.cast::<$halves>()));
                                for r in 0..ROWS {
                                    let x = $broadcast(*input[r].add(k));
                                    sums[r][p][v] = $fma(x, line, sums[r][p][v]);
                                }
                            }
                        }
                    }
                    for r in 0..ROWS {
                        for p in 0..PANELS {
                            for v in 0..VECTORS {
                                let at = output.wrapping_add(rows[r].to + p * PANEL + v * $lanes);
                                $store(at, sums[r][p][v]);
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
        _mm512_fmadd_ps,
        __m256i,
        _mm256_loadu_si256,
        _mm512_cvtph_ps
    );
    kernel!(
        avx2,
        "avx2,fma,f16c",
        8,
        _mm256_setzero_ps,
        _mm256_loadu_ps,
        _mm256_storeu_ps,
        _mm256_set1_ps,
        _mm256_fmadd_ps,
        __m128i,
        _mm_loadu_si128,
        _mm256_cvtph_ps
    );

    /// # Safety
    ///
    /// The processor must have the features, and `wide` room for the lines.
    #[target_feature(enable = "avx2,f16c")]
    pub unsafe fn widen(lines: &[Line], wide: &mut Wide) {
        assert!(lines.len() * PANEL <= wide.0.len());
        let from = lines.as_ptr().cast::<f16>();
        let to = wide.0.as_mut_ptr();
        for at in (0..lines.len() * PANEL).step_by(8) {
            // SAFETY: both have that many numbers, a multiple of 8.
            unsafe {
                let halves = _mm_load_si128(from.add(at).cast());
                _mm256_store_ps(to.add(at), _mm256_cvtph_ps(halves));
            }
        }
    }
}
