//! Matrix products of any layout: a safe face on the `gemm` crate.
//!
//! [`matrix`](crate::matrix) is for weights that stay the same over many calls; here both
//! sides change every time.

#![allow(unsafe_code)]

use gemm::Parallelism;

/// A matrix in a slice, with its strides in elements.
#[derive(Clone, Copy)]
pub struct Matrix<'a> {
    data: &'a [f32],
    rows: usize,
    columns: usize,
    row_stride: usize,
    column_stride: usize,
}

impl<'a> Matrix<'a> {
    /// The rows of `data`, `row_stride` elements apart.
    pub fn new(data: &'a [f32], rows: usize, columns: usize, row_stride: usize) -> Self {
        Self { data, rows, columns, row_stride, column_stride: 1 }
    }

    /// Rows that follow one another without a gap.
    pub fn dense(data: &'a [f32], rows: usize, columns: usize) -> Self {
        Self::new(data, rows, columns, columns)
    }

    /// The transpose, without a copy.
    pub fn t(self) -> Self {
        Self {
            rows: self.columns,
            columns: self.rows,
            row_stride: self.column_stride,
            column_stride: self.row_stride,
            ..self
        }
    }

    fn end(&self) -> usize {
        match self.rows == 0 || self.columns == 0 {
            true => 0,
            false => {
                (self.rows - 1) * self.row_stride + (self.columns - 1) * self.column_stride + 1
            }
        }
    }
}

/// `out = a · b`, or `out += a · b` if `accumulate`. Rows of `out` are `row_stride` apart.
/// `threads` share the columns and rows of `out`; each element is summed by one thread, so their
/// number does not change the result's order of addition.
///
/// # Panics
/// If the sizes do not fit together or lie outside the slices.
pub fn multiply(
    out: &mut [f32],
    row_stride: usize,
    accumulate: bool,
    a: Matrix,
    b: Matrix,
    threads: usize,
) {
    let (m, k, n) = (a.rows, a.columns, b.columns);
    assert_eq!(k, b.rows, "the inner sizes of a product");
    assert!(a.end() <= a.data.len() && b.end() <= b.data.len());
    if m == 0 || n == 0 {
        return;
    }
    assert!(row_stride >= n && (m - 1) * row_stride + n <= out.len());
    let parallelism = match threads {
        0 | 1 => Parallelism::None,
        threads => Parallelism::Rayon(threads),
    };
    // SAFETY: all elements that the strides reach lie within the slices, as checked above, and
    // `out` is borrowed alone; its rows do not overlap.
    unsafe {
        gemm::gemm(
            m,
            n,
            k,
            out.as_mut_ptr(),
            1,
            row_stride as isize,
            accumulate,
            a.data.as_ptr(),
            a.column_stride as isize,
            a.row_stride as isize,
            b.data.as_ptr(),
            b.column_stride as isize,
            b.row_stride as isize,
            1.0,
            1.0,
            false,
            false,
            false,
            parallelism,
        );
    }
}
