//! A trip: the curve on which the walk travels to a given place, entered and left without a corner.

use super::place::Place;
use super::sphere::{
    DIMENSIONS, Point, angle, any_tangent, bezier, distance, mix, norm, scaled, tangent, toward,
    unit, walk,
};

/// Handles of the curve, in radians: how far it keeps to the heading at either end.
const HANDLES: (f64, f64) = (0.02, 0.6);
/// Half the step by which the curve's direction is measured.
const NEAR: f64 = 1e-5;

/// Directions follow a cubic curve on the sphere, and the distance from the origin a cubic of its
/// own: a trip between two places of the shell stays near it, and one to a place within reaches it.
#[derive(Clone, Debug)]
pub struct Trip {
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

    /// How far it is to the end, as the crow flies.
    pub fn left(&self, from: &Place) -> f64 {
        distance(&from.position(), &self.end.position())
    }

    /// Goes on by a distance. Answers what is left of it when the end was reached.
    pub fn follow(&mut self, length: f64, place: &mut Place) -> Option<f64> {
        let from = place.position();
        let mut step = length / self.speed().max(1e-9);
        for _ in 0..8 {
            step = step.min(1.0 - self.t);
            let reached = distance(&from, &self.at(self.t + step));
            if reached <= length && self.t + step >= 1.0 {
                *place = self.end.clone();
                return Some(length - reached);
            }
            if (reached - length).abs() <= 1e-9 * length {
                break;
            }
            // The chord grows nearly in proportion to such a short piece of the curve.
            step *= (length / reached.max(1e-12)).min(4.0);
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
