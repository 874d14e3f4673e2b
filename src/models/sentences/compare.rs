//! How alike two vectors are, and which of many are most like one.

/// The cosine of the angle between `a` and `b`, in -1..1; 0 if either is all zeros.
///
/// # Panics
///
/// If they do not have the same length.
pub fn similarity(a: &[f32], b: &[f32]) -> f32 {
    assert_eq!(a.len(), b.len());
    let dot = |a: &[f32], b: &[f32]| -> f64 {
        let products = a.iter().zip(b).map(|(a, b)| f64::from(*a) * f64::from(*b));
        products.sum()
    };
    let lengths = (dot(a, a) * dot(b, b)).sqrt();
    if lengths == 0.0 {
        return 0.0;
    }
    (dot(a, b) / lengths).clamp(-1.0, 1.0) as f32
}

/// The `k` of `among` that are most like `vector`, or all if there are fewer: their places and
/// similarities, the most alike first; of equals, the first in `among` first.
///
/// # Panics
///
/// If they do not all have the same length.
pub fn nearest(vector: &[f32], among: &[impl AsRef<[f32]>], k: usize) -> Vec<(usize, f32)> {
    let similarities = among.iter().map(|other| similarity(vector, other.as_ref()));
    let mut found: Vec<(usize, f32)> = similarities.enumerate().collect();
    // The sort is stable, which keeps equals in order.
    found.sort_by(|a, b| b.1.total_cmp(&a.1));
    found.truncate(k);
    found
}

#[cfg(test)]
mod tests {
    use super::{nearest, similarity};

    #[test]
    fn similarity_is_the_cosine() {
        assert_eq!(similarity(&[2.0, 0.0], &[5.0, 0.0]), 1.0);
        assert_eq!(similarity(&[2.0, 0.0], &[0.0, 3.0]), 0.0);
        assert_eq!(similarity(&[1.0, 1.0], &[-2.0, -2.0]), -1.0);
        assert_eq!(similarity(&[0.0, 0.0], &[1.0, 2.0]), 0.0);
    }

    #[test]
    fn nearest_come_most_alike_first_and_equals_in_order() {
        let among = [[0.0, 1.0], [1.0, 0.0], [2.0, 0.0], [1.0, 1.0]];
        let places = |k| -> Vec<usize> {
            nearest(&[1.0, 0.0], &among, k).iter().map(|(place, _)| *place).collect()
        };
        assert_eq!(places(2), [1, 2]);
        assert_eq!(places(9), [1, 2, 3, 0]);
        assert!(places(0).is_empty());
    }
}
