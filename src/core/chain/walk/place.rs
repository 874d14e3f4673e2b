//! Where the walk is and where it is heading, and how it moves on from there.

use super::sphere::{Point, lists, mix, scaled, tangent, walk};
use serde::{Deserialize, Serialize};

/// The way back to the shell is this long, as a share of its radius.
const RETURN: f64 = 0.25;
/// How steep that way is at most: radial distance by distance travelled.
const MAX_SLOPE: f64 = 0.7;
/// So near to the origin directions turn no faster than here.
const CORE: f64 = 0.5;

/// A place in the latent space, with a heading.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Place {
    /// From the origin; of length 1.
    #[serde(with = "lists")]
    pub direction: Point,
    /// Tangent to the sphere; of length 1.
    #[serde(with = "lists")]
    pub heading: Point,
    /// The distance from the origin.
    pub norm: f64,
    /// How that changes with the distance travelled, in -1..1.
    pub slope: f64,
}

impl Place {
    /// Whether it is made of numbers that can be gone on from.
    pub fn is_sound(&self) -> bool {
        let vectors = self.direction.iter().chain(&self.heading);
        vectors.chain([&self.norm, &self.slope]).all(|x| x.is_finite())
    }

    pub fn position(&self) -> Point {
        scaled(self.norm, &self.direction)
    }

    /// Moves towards or along the shell by the radial part of a short distance. Answers the angle by
    /// which the direction is to change.
    pub fn climb(&mut self, shell: f64, length: f64) -> f64 {
        let before = self.norm;
        if self.norm != shell || self.slope != 0.0 {
            // A critically damped spring, over distance instead of time.
            let stiffness = 1.0 / (RETURN * shell);
            let pull = stiffness * stiffness * (shell - self.norm) - 2.0 * stiffness * self.slope;
            self.slope = (self.slope + pull * length).clamp(-MAX_SLOPE, MAX_SLOPE);
            self.norm += self.slope * length;
            if (shell - self.norm).abs() < 1e-7 && self.slope.abs() < 1e-7 {
                (self.norm, self.slope) = (shell, 0.0);
            }
        }
        let level = (1.0 - self.slope * self.slope).sqrt();
        // By the geometric mean, the chord is as long as was asked.
        level * length / (before.max(CORE) * self.norm.max(CORE)).sqrt()
    }

    /// Goes straight on, along a great circle.
    pub fn go(&mut self, angle: f64) {
        let (from, along) = (self.direction, self.heading);
        self.direction = walk(&from, &along, angle);
        self.heading = mix(-angle.sin(), &from, angle.cos(), &along);
    }

    /// Turns the heading by a vector, and squares away what rounding has left.
    pub fn turn(&mut self, by: &Point, amount: f64) {
        let length = super::sphere::norm(&self.direction);
        self.direction = scaled(1.0 / length, &self.direction);
        if let Some(heading) = tangent(&mix(1.0, &self.heading, amount, by), &self.direction) {
            self.heading = heading;
        }
    }
}
