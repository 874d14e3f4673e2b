//! A smooth curve through points.

/// The cubic curves of a centripetal Catmull-Rom spline from point to point, which neither loops nor
/// swings out where points are unevenly spaced (Yuksel, Schaefer and Keyser, 2011): two control
/// points each, and the end.
pub fn curves(points: &[[f32; 2]]) -> Vec<[[f32; 2]; 3]> {
    let last = points.len().saturating_sub(1);
    let curve = |i: usize| {
        let [before, from, to, after] =
            [i.saturating_sub(1), i, i + 1, (i + 2).min(last)].map(|i| points[i]);
        [control(before, from, to), control(after, to, from), to]
    };
    (0..last).map(curve).collect()
}

/// The control point that follows `at`, on the way from `before` to `next`.
fn control(before: [f32; 2], at: [f32; 2], next: [f32; 2]) -> [f32; 2] {
    let distance = |a: [f32; 2], b: [f32; 2]| (a[0] - b[0]).hypot(a[1] - b[1]);
    let (a, b) = (distance(before, at), distance(at, next));
    if a == 0.0 {
        return at;
    }
    let (root, middle) = (a.sqrt(), 2.0 * a + 3.0 * (a * b).sqrt() + b);
    let whole = 3.0 * root * (root + b.sqrt());
    [0, 1].map(|axis| (a * next[axis] - b * before[axis] + middle * at[axis]) / whole)
}

/// Places along curves, close to each other.
pub fn along(start: [f32; 2], curves: &[[[f32; 2]; 3]]) -> Vec<[f32; 2]> {
    let mut places = vec![start];
    let mut from = start;
    for [a, b, to] in curves {
        let length = (to[0] - from[0]).hypot(to[1] - from[1]);
        let steps = length.ceil().max(1.0) as usize;
        for step in 1..=steps {
            let t = step as f32 / steps as f32;
            let u = 1.0 - t;
            let mix = |i: usize| {
                u * u * u * from[i]
                    + 3.0 * u * u * t * a[i]
                    + 3.0 * u * t * t * b[i]
                    + t * t * t * to[i]
            };
            places.push([mix(0), mix(1)]);
        }
        from = *to;
    }
    places
}

#[cfg(test)]
mod test {
    use super::*;

    #[test]
    fn goes_through_all_points_and_straight_on_where_they_are() {
        assert!(curves(&[]).is_empty());
        assert!(curves(&[[1.0, 1.0]]).is_empty());
        assert_eq!(curves(&[[1.0, 2.0]; 2]), [[[1.0, 2.0]; 3]]);
        let line = curves(&[[0.0, 0.0], [4.0, 3.0], [8.0, 6.0]]);
        assert!(line.iter().flatten().all(|[x, y]| (3.0 * x - 4.0 * y).abs() < 1e-4));
        let places = along([0.0, 0.0], &line);
        assert_eq!(
            (places.len(), places[0], places[5], places[10]),
            (11, [0.0, 0.0], [4.0, 3.0], [8.0, 6.0])
        );
    }
}
