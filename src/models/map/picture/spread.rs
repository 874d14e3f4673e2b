//! An order of points in which the first few stand for all of them, and the next few for the parts.
//!
//! The map is cut into ever smaller squares. Of each, the point nearest to the mean of its points
//! goes first; squares with many points come before those with few.

use std::collections::BTreeMap;

/// The map is first cut into 2³ squares a side, and last into 2⁷.
const LEVELS: std::ops::RangeInclusive<u32> = 3..=7;

/// Numbers of points, each at most once, with the level of squares for which it stands, from 0.
pub fn spread(points: &[[f32; 2]]) -> Vec<(usize, usize)> {
    let mut placed = vec![false; points.len()];
    let mut order = Vec::new();
    for (level, power) in LEVELS.enumerate() {
        let side = 2f32.powi(power as i32);
        let square = |x: f32| ((x + 1.0) / 2.0 * side).min(side - 1.0) as usize;
        let mut squares: BTreeMap<[usize; 2], Vec<usize>> = BTreeMap::new();
        for (i, point) in points.iter().enumerate() {
            squares.entry(point.map(square)).or_default().push(i);
        }
        let mut squares: Vec<Vec<usize>> = squares.into_values().collect();
        squares.sort_by_key(|square| std::cmp::Reverse(square.len()));
        for square in squares {
            let n = square.len() as f32;
            let mean = [0, 1].map(|axis| square.iter().map(|i| points[*i][axis]).sum::<f32>() / n);
            let distance = |i: &usize| (points[*i][0] - mean[0]).hypot(points[*i][1] - mean[1]);
            let nearest = square.into_iter().min_by(|a, b| distance(a).total_cmp(&distance(b)));
            if let Some(i) = nearest.filter(|i| !placed[*i]) {
                placed[i] = true;
                order.push((i, level));
            }
        }
    }
    order
}

#[cfg(test)]
mod test {
    use super::*;

    #[test]
    fn the_middle_of_a_heap_stands_for_it() {
        let points = [[0.51, 0.51], [0.55, 0.55], [0.59, 0.59], [-0.9, 0.2]];
        let order = spread(&points);
        assert_eq!(order[..2], [(1, 0), (3, 0)]);
        assert_eq!(order.len(), 4);
        assert!(spread(&[]).is_empty());
        assert_eq!(spread(&[[1.0, -1.0]; 3]), [(0, 0)]);
    }
}
