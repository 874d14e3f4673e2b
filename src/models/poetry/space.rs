//! Ways through the latent space: straight and round ones, grids, directions.

use enjamb_numeric::chance::gaussians;
use rand_chacha::rand_core::RngCore;

/// The point between `from` (t = 0) and `to` (t = 1) on a straight line.
pub fn linear(from: &[f32], to: &[f32], t: f32) -> Vec<f32> {
    from.iter().zip(to).map(|(a, b)| a + (b - a) * t).collect()
}

/// The point between `from` (t = 0) and `to` (t = 1) on an arc around the origin (slerp, Shoemake
/// 1985; for latent spaces White 2016).
///
/// In many dimensions a Gaussian has its mass in a shell, which a straight line would leave. Where
/// the arc is not defined, since the directions are the same or opposite, the way is straight.
pub fn spherical(from: &[f32], to: &[f32], t: f32) -> Vec<f32> {
    let lengths = length(from) * length(to);
    let angle = if lengths > 0.0 { (dot(from, to) / lengths).clamp(-1.0, 1.0).acos() } else { 0.0 };
    let sine = angle.sin();
    if sine < 1e-4 {
        return linear(from, to, t);
    }
    let (a, b) = (((1.0 - t) * angle).sin() / sine, (t * angle).sin() / sine);
    from.iter().zip(to).map(|(from, to)| a * from + b * to).collect()
}

/// `steps` points from `from` to `to`, both included, at equal distances of t.
pub fn path(from: &[f32], to: &[f32], steps: usize, is_spherical: bool) -> Vec<Vec<f32>> {
    let between = if is_spherical { spherical } else { linear };
    let t = |i: usize| i as f32 / (steps.max(2) - 1) as f32;
    (0..steps).map(|i| between(from, to, t(i))).collect()
}

/// A grid's points, row by row: the first is at minus `span` along both axes, the last at plus
/// `span`, and a single row or column runs through the centre.
pub fn grid(
    center: &[f32],
    x_axis: &[f32],
    y_axis: &[f32],
    span: f32,
    columns: usize,
    rows: usize,
) -> Vec<Vec<f32>> {
    let at = |i: usize, n: usize| match n {
        1 => 0.0,
        n => span * (2.0 * i as f32 / (n - 1) as f32 - 1.0),
    };
    let point = |row: usize, column: usize| {
        let (x, y) = (at(column, columns), at(row, rows));
        let axes = center.iter().zip(x_axis).zip(y_axis);
        axes.map(|((center, along_x), along_y)| center + x * along_x + y * along_y).collect()
    };
    let places = (0..rows).flat_map(|row| (0..columns).map(move |column| (row, column)));
    places.map(|(row, column)| point(row, column)).collect()
}

/// The cells of a grid, by their numbers row by row, from the centre outwards.
pub fn outwards(columns: usize, rows: usize) -> Vec<usize> {
    let from_centre = |cell: usize| {
        // In half cells, so that even numbers have a centre too.
        let off = |at: usize, n: usize| (2 * at + 1).abs_diff(n).pow(2);
        off(cell % columns, columns) + off(cell / columns, rows)
    };
    let mut cells: Vec<usize> = (0..columns * rows).collect();
    cells.sort_by_key(|cell| from_centre(*cell));
    cells
}

/// `x` at length 1, or nothing if it has no direction.
pub fn direction(x: &[f32]) -> Option<Vec<f32>> {
    let length = length(x);
    (length > 1e-12 && length.is_finite()).then(|| x.iter().map(|x| x / length).collect())
}

/// A random direction of length 1, at right angles to `other`, which has length 1 or 0.
pub fn random_direction(other: &[f32], rng: &mut impl RngCore) -> Vec<f32> {
    loop {
        let mut x = gaussians(rng, other.len());
        let along = dot(&x, other);
        x.iter_mut().zip(other).for_each(|(x, other)| *x -= along * other);
        if let Some(direction) = direction(&x) {
            return direction;
        }
    }
}

/// The mean of some points of the same space; there must be one.
pub fn mean<'a>(points: impl ExactSizeIterator<Item = &'a [f32]>) -> Vec<f32> {
    let n = points.len() as f32;
    let mut sum = Vec::new();
    for point in points {
        sum.resize(point.len(), 0.0);
        sum.iter_mut().zip(point).for_each(|(sum, x)| *sum += x / n);
    }
    sum
}

fn dot(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

fn length(x: &[f32]) -> f32 {
    dot(x, x).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand_chacha::ChaCha8Rng;
    use rand_chacha::rand_core::SeedableRng;

    #[test]
    fn an_arc_keeps_the_length_and_its_ends() {
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let [a, b] = [0, 1].map(|_| direction(&gaussians(&mut rng, 64)).unwrap());
        for i in 0..=10 {
            let z = spherical(&a, &b, i as f32 / 10.0);
            assert!((length(&z) - 1.0).abs() < 1e-5);
        }
        for (t, end) in [(0.0, &a), (1.0, &b)] {
            let z = spherical(&a, &b, t);
            assert!(z.iter().zip(end).all(|(z, end)| (z - end).abs() < 1e-6));
        }
    }

    #[test]
    fn where_there_is_no_arc_the_way_is_straight() {
        let a = [1.0, 2.0];
        assert_eq!(spherical(&a, &[-1.0, -2.0], 0.5), [0.0, 0.0]);
        assert_eq!(spherical(&a, &a, 0.5), a);
        assert_eq!(spherical(&[0.0, 0.0], &a, 0.5), [0.5, 1.0]);
        assert_eq!(path(&a, &[3.0, 4.0], 1, false), [a]);
    }

    #[test]
    fn a_grid_is_centred_and_counted_row_by_row() {
        let points = grid(&[1.0, 1.0], &[1.0, 0.0], &[0.0, 1.0], 2.0, 3, 2);
        let expected =
            [[-1.0, -1.0], [1.0, -1.0], [3.0, -1.0], [-1.0, 3.0], [1.0, 3.0], [3.0, 3.0]];
        assert_eq!(points, expected);
        assert_eq!(grid(&[5.0], &[1.0], &[1.0], 9.0, 1, 1), [[5.0]]);
        assert_eq!(outwards(3, 3)[0], 4);
        assert_eq!(outwards(3, 3)[5..], [0, 2, 6, 8]);
        assert_eq!(outwards(4, 2)[..2], [1, 2]);
    }

    #[test]
    fn random_directions_are_at_right_angles() {
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let a = random_direction(&[0.0; 64], &mut rng);
        let b = random_direction(&a, &mut rng);
        assert!((length(&b) - 1.0).abs() < 1e-5 && dot(&a, &b).abs() < 1e-5);
        assert!(direction(&[0.0; 3]).is_none());
    }
}
