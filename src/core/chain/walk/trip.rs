//! A trip: the curve on which the walk travels to a given place, entered and left without a corner.

use super::place::Place;
use super::sphere::{
    DIMENSIONS, Point, angle, any_tangent, bezier, distance, lists, mix, norm, scaled, tangent,
    toward, unit, walk,
};
use serde::{Deserialize, Serialize};

/// Handles of the curve, in radians: how far it keeps to the heading at either end.
const HANDLES: (f64, f64) = (0.02, 0.6);
/// Half the step by which the curve's direction is measured.
const NEAR: f64 = 1e-5;
/// The longest first guess at a step, by `t`, so that no bend is jumped over.
const MAX_GUESS: f64 = 0.02;

/// Directions follow a cubic curve on the sphere, and the distance from the origin a cubic of its
/// own: a trip between two places of the shell stays near it, and one to a place within reaches it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Trip {
    #[serde(with = "lists")]
    directions: [Point; 4],
    /// The distance from the origin, and its change by `t`, at the start; then at the end, where
    /// it changes no more.
    norms: (f64, f64, f64),
    end: Place,
    /// How far along, in 0..1.
    t: f64,
    /// Whether the walk comes to rest at the end.
    pub stops: bool,
}

impl Trip {
    /// A trip to a place; `onward` is a place that it goes to after, if one is known.
    pub fn new(from: &Place, to: &Point, onward: Option<&Point>, stops: bool) -> Self {
        let start = from.direction;
        let (target, length) = (unit(to).unwrap_or(start), norm(to));
        let whole = angle(&start, &target);
        let arriving = scaled(-1.0, &toward(&target, &start));
        // As Catmull and Rom (1974): through a place on the way in the direction from the one before
        // to the one after.
        let heading = onward
            .and_then(unit)
            .and_then(|next| {
                let apart = angle(&target, &next);
                tangent(&mix(whole, &arriving, apart, &toward(&target, &next)), &target)
            })
            .or_else(|| (whole > 1e-6).then_some(arriving))
            .or_else(|| tangent(&from.heading, &target))
            .unwrap_or_else(|| any_tangent(&target));
        let climb = (length - from.norm).abs() / length.max(from.norm).max(1e-6);
        let handle = (whole.max(climb) / 3.0).clamp(HANDLES.0, HANDLES.1);
        let level = (1.0 - from.slope * from.slope).sqrt();
        Self {
            directions: [
                start,
                walk(&start, &from.heading, handle),
                walk(&target, &heading, -handle),
                target,
            ],
            norms: (from.norm, 3.0 * handle * from.norm * from.slope / level, length),
            end: Place { direction: target, heading, norm: length, slope: 0.0 },
            t: 0.0,
            stops,
        }
    }

    /// Whether it is made of numbers that can be gone on from.
    pub fn is_sound(&self) -> bool {
        let (from, slope, to) = self.norms;
        let norms = [from, slope, to, self.t];
        let mut numbers = self.directions.iter().flatten().chain(&norms);
        numbers.all(|x| x.is_finite()) && self.end.is_sound()
    }

    /// How far it is to the end, as the crow flies.
    pub fn left(&self, from: &Place) -> f64 {
        distance(&from.position(), &self.end.position())
    }

    /// Goes on by a distance. Answers what is left of it when the end was reached.
    pub fn follow(&mut self, length: f64, place: &mut Place) -> Option<f64> {
        let from = place.position();
        // How much farther than asked a step by `t` leads.
        let beyond = |step: f64| distance(&from, &self.at(self.t + step)) - length;
        let whole = 1.0 - self.t;
        let (mut least, mut below) = (0.0, -length);
        let mut most = (length / self.speed().max(1e-9)).min(MAX_GUESS).min(whole);
        let mut above = beyond(most);
        while above < 0.0 && most < whole {
            (least, below) = (most, above);
            most = (2.0 * most).min(whole);
            above = beyond(most);
        }
        if above <= 0.0 {
            *place = self.end.clone();
            return Some(-above);
        }
        // Regula falsi, as improved by Dowell and Jarratt (1971): a curve may begin at rest, where
        // Newton's method would be at a loss.
        let mut step = most;
        for _ in 0..40 {
            step = (least * above - most * below) / (above - below);
            let far = beyond(step);
            if far.abs() <= 1e-9 * length {
                break;
            }
            if far > 0.0 {
                (most, above) = (step, far);
                below /= 2.0;
            } else {
                (least, below) = (step, far);
                above /= 2.0;
            }
        }
        self.t = (self.t + step).min(1.0);
        *place = self.place();
        None
    }

    fn at(&self, t: f64) -> Point {
        let (start, change, end) = self.norms;
        // Hermite's cubic, level at its end.
        let s = 1.0 - t;
        let norm =
            start * s * s * (1.0 + 2.0 * t) + change * t * s * s + end * t * t * (1.0 + 2.0 * s);
        scaled(norm, &bezier(&self.directions, t))
    }

    /// The derivative by `t`.
    fn velocity(&self) -> Point {
        let (before, after) = ((self.t - NEAR).max(0.0), (self.t + NEAR).min(1.0));
        let (a, b) = (self.at(before), self.at(after));
        std::array::from_fn(|i: usize| (b[i] - a[i]) / (after - before))
    }

    fn speed(&self) -> f64 {
        norm(&self.velocity())
    }

    fn place(&self) -> Place {
        let (position, velocity) = (self.at(self.t), self.velocity());
        let direction = unit(&position).unwrap_or(self.end.direction);
        let heading = tangent(&velocity, &direction).unwrap_or_else(|| any_tangent(&direction));
        let radial: f64 = (0..DIMENSIONS).map(|i| velocity[i] * direction[i]).sum();
        let slope = radial / norm(&velocity).max(1e-12);
        Place { direction, heading, norm: norm(&position), slope: slope.clamp(-0.95, 0.95) }
    }
}
