//! Compares some vectors of a set with all of it, block by block.

use super::candidates::Candidates;
use enjamb_numeric::product::{Matrix, multiply};
use enjamb_numeric::vector::{dot, wide};
use std::borrow::Cow;

/// Vectors that look for neighbours together, in one task.
pub const ROWS: usize = 256;

/// Vectors that these are compared with at a time; the block of distances stays in the cache.
const COLUMNS: usize = 512;

/// What is compared: rows of `width` numbers.
pub struct Side<'a> {
    data: Cow<'a, [f32]>,
    width: usize,
    squares: Vec<f32>,
}

impl<'a> Side<'a> {
    pub fn new(data: Cow<'a, [f32]>, width: usize) -> Side<'a> {
        let squares = data.chunks_exact(width).map(|row| dot(row, row)).collect();
        Side { data, width, squares }
    }
}

/// The `k` nearest of all but itself to every query, in no order; queries are indices.
pub fn search(side: &Side, queries: &[u32], k: usize) -> Vec<Vec<u32>> {
    let width = side.width;
    let rows: Vec<f32> =
        queries.iter().flat_map(|i| &side.data[*i as usize * width..][..width]).copied().collect();
    let rows = Matrix::dense(&rows, queries.len(), width);
    let mut found: Vec<Candidates> = queries.iter().map(|_| Candidates::new(k)).collect();
    let mut distances = vec![0.0; queries.len() * COLUMNS];
    let blocks = side.data.chunks(COLUMNS * width).zip(side.squares.chunks(COLUMNS));
    for ((block, squares), first) in blocks.zip((0..).step_by(COLUMNS)) {
        let n = squares.len();
        let columns = Matrix::dense(block, n, width).t();
        multiply(&mut distances, COLUMNS, false, rows, columns, 1);
        let rows = distances.chunks_exact_mut(COLUMNS);
        for ((row, query), candidates) in rows.zip(queries).zip(&mut found) {
            let row = &mut row[..n];
            distances_from_products(row, squares);
            if let Some(itself) = query.checked_sub(first).filter(|i| (*i as usize) < n) {
                row[itself as usize] = f32::INFINITY;
            }
            candidates.offer(first, row);
        }
    }
    found.into_iter().map(Candidates::into_indices).collect()
}

wide! {
    /// Squared distances to a query from the products with it, but for the square of the query,
    /// which is the same for all.
    pub fn distances_from_products(products: &mut [f32], squares: &[f32]) {
        for (product, square) in products.iter_mut().zip(squares) {
            *product = square - 2.0 * *product;
        }
    }
}
