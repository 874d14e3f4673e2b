//! Geometry on the unit sphere of the latent space: directions, great circles, and curves of them.

/// How many numbers a place in the latent space has: Z of the verse VAE.
pub const DIMENSIONS: usize = 64;

/// A place or direction. In f64, so that weeks of steps do not wear it down.
pub type Point = [f64; DIMENSIONS];

/// Points as lists of numbers, since serde knows arrays of up to 32 items only.
pub mod lists {
    use super::{DIMENSIONS, Point};
    use serde::de::Error;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    /// Something made of points: one, several, or perhaps one.
    pub trait Points: Sized {
        fn to_lists(&self) -> Vec<&[f64]>;
        fn from_lists(lists: Vec<Vec<f64>>) -> Option<Self>;
    }

    pub fn serialize<S: Serializer>(points: &impl Points, to: S) -> Result<S::Ok, S::Error> {
        points.to_lists().serialize(to)
    }

    pub fn deserialize<'de, D: Deserializer<'de>, P: Points>(from: D) -> Result<P, D::Error> {
        let wrong = || D::Error::custom(format!("expected points of {DIMENSIONS} numbers"));
        P::from_lists(Vec::deserialize(from)?).ok_or_else(wrong)
    }

    impl Points for Point {
        fn to_lists(&self) -> Vec<&[f64]> {
            vec![self]
        }
        fn from_lists(lists: Vec<Vec<f64>>) -> Option<Self> {
            <[Point; 1]>::from_lists(lists).map(|[point]| point)
        }
    }

    impl<const N: usize> Points for [Point; N] {
        fn to_lists(&self) -> Vec<&[f64]> {
            self.iter().map(|point| &point[..]).collect()
        }
        fn from_lists(lists: Vec<Vec<f64>>) -> Option<Self> {
            Vec::from_lists(lists)?.try_into().ok()
        }
    }

    impl Points for Vec<Point> {
        fn to_lists(&self) -> Vec<&[f64]> {
            self.iter().map(|point| &point[..]).collect()
        }
        fn from_lists(lists: Vec<Vec<f64>>) -> Option<Self> {
            lists.into_iter().map(|list| list.try_into().ok()).collect()
        }
    }
}

/// Points nearer to opposite than this, in radians, have no great circle of their own.
const OPPOSITE: f64 = 1e-5;

pub fn dot(a: &Point, b: &Point) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

pub fn norm(a: &Point) -> f64 {
    dot(a, a).sqrt()
}

pub fn distance(a: &Point, b: &Point) -> f64 {
    a.iter().zip(b).map(|(a, b)| (a - b) * (a - b)).sum::<f64>().sqrt()
}

/// `x` a + `y` b
pub fn mix(x: f64, a: &Point, y: f64, b: &Point) -> Point {
    std::array::from_fn(|i| x * a[i] + y * b[i])
}

pub fn scaled(x: f64, a: &Point) -> Point {
    a.map(|a| x * a)
}

/// The direction of `a`, unless it is too short to have one.
pub fn unit(a: &Point) -> Option<Point> {
    let length = norm(a);
    (length > 1e-12).then(|| scaled(1.0 / length, a))
}

/// The direction of the part of `a` that is tangent to the sphere at `at`.
pub fn tangent(a: &Point, at: &Point) -> Option<Point> {
    let along = unit(&mix(1.0, a, -dot(a, at), at))?;
    // Once more: the first time leaves a trace where nearly all of it was radial.
    unit(&mix(1.0, &along, -dot(&along, at), at))
}

/// Some tangent at a point, always the same one.
pub fn any_tangent(at: &Point) -> Point {
    let least = (0..DIMENSIONS).min_by(|&i, &j| at[i].abs().total_cmp(&at[j].abs())).unwrap_or(0);
    let axis = std::array::from_fn(|i| f64::from(u8::from(i == least)));
    tangent(&axis, at).unwrap_or(axis)
}

/// The angle between two directions, exact for small ones too.
pub fn angle(a: &Point, b: &Point) -> f64 {
    2.0 * (distance(a, b) / 2.0).min(1.0).asin()
}

/// The direction at `from` of the great circle to `to`.
pub fn toward(from: &Point, to: &Point) -> Point {
    tangent(to, from).unwrap_or_else(|| any_tangent(from))
}

/// The point that lies `angle` along the great circle that leaves `from` in the direction `along`.
pub fn walk(from: &Point, along: &Point, angle: f64) -> Point {
    mix(angle.cos(), from, angle.sin(), along)
}

/// Spherical linear interpolation (Shoemake 1985, "Animating rotation with quaternion curves").
pub fn slerp(a: &Point, b: &Point, t: f64) -> Point {
    let whole = angle(a, b);
    if whole < 1e-9 {
        return mix(1.0 - t, a, t, b);
    }
    if std::f64::consts::PI - whole < OPPOSITE {
        return walk(a, &any_tangent(a), t * whole);
    }
    let sine = whole.sin();
    mix(((1.0 - t) * whole).sin() / sine, a, (t * whole).sin() / sine, b)
}

/// A cubic Bézier curve on the sphere, by De Casteljau's construction with great circles for lines.
/// It leaves its first point towards the second, and reaches its last from the third.
pub fn bezier(points: &[Point; 4], t: f64) -> Point {
    let [a, b, c, d] = points;
    let (ab, bc, cd) = (slerp(a, b, t), slerp(b, c, t), slerp(c, d, t));
    slerp(&slerp(&ab, &bc, t), &slerp(&bc, &cd, t), t)
}
