//! Planes through a latent space.

use nannou::prelude::Vec2;
use nannou_osc::Type;

/// A plane through a latent space of D dimensions.
pub struct Plane {
    /// What lies in its middle: D numbers.
    pub origin: Vec<f32>,
    /// Its directions from left to right and from bottom to top: both of length 1, at right angles.
    pub axes: [Vec<f32>; 2],
}

impl Plane {
    /// A random plane through a latent vector. The same seed gives the same directions everywhere.
    pub fn new(origin: Vec<f32>, seed: u64) -> Self {
        // Splitmix64: https://prng.di.unimi.it/splitmix64.c
        let mut state = seed;
        let mut uniform = || {
            state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            ((mixed ^ (mixed >> 31)) >> 40) as f32 / (1 << 23) as f32 - 1.0
        };
        // The sum of some even numbers is near enough to a normal one.
        let mut axis =
            || -> Vec<f32> { origin.iter().map(|_| (0..6).map(|_| uniform()).sum()).collect() };
        let x = normalized(&axis());
        let y = axis();
        let along: f32 = x.iter().zip(&y).map(|(x, y)| x * y).sum();
        let y: Vec<f32> = y.iter().zip(&x).map(|(y, x)| y - along * x).collect();
        Self { axes: [x, normalized(&y)], origin }
    }

    /// The latent vector of a place.
    pub fn z(&self, place: Vec2) -> Vec<f32> {
        let [x, y] = &self.axes;
        let axes = self.origin.iter().zip(x).zip(y);
        axes.map(|((origin, x), y)| origin + place.x * x + place.y * y).collect()
    }
}

/// A vector of the same direction and of length 1.
fn normalized(vector: &[f32]) -> Vec<f32> {
    let norm = vector.iter().map(|x| x * x).sum::<f32>().sqrt().max(1e-9);
    vector.iter().map(|x| x / norm).collect()
}

/// A vector as a blob of floats.
pub fn blob(vector: &[f32]) -> Type {
    Type::Blob(vector.iter().flat_map(|x| x.to_be_bytes()).collect())
}

#[cfg(test)]
mod test {
    use super::*;
    use nannou::prelude::vec2;

    #[test]
    fn a_plane_keeps_distances() {
        let plane = Plane::new(vec![0.5; 64], 3);
        let distance = |a: Vec2, b: Vec2| {
            let (a, b) = (plane.z(a), plane.z(b));
            a.iter().zip(&b).map(|(a, b)| (a - b).powi(2)).sum::<f32>().sqrt()
        };
        assert_eq!(plane.z(Vec2::ZERO), vec![0.5; 64]);
        assert!((distance(vec2(1.0, 2.0), vec2(4.0, 6.0)) - 5.0).abs() < 1e-4);
        assert_ne!(plane.axes, Plane::new(vec![0.5; 64], 4).axes);
    }
}
