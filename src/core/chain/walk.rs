//! The walk: a path through a latent space whose prior is a Gaussian, in time that it is handed.
//!
//! A Gaussian of 64 dimensions has nearly all its mass in a thin shell: the distance of its samples
//! from the origin is 8 (the root of 64), give or take 0.7. A decoder knows what to say there. So
//! directions move along great circles of a sphere, not along straight lines, which cut through the
//! empty middle; and the distance from the origin stays at the shell's `radius`.
//!
//! | mode | the path |
//! |---|---|
//! | wander | never the same: the heading is turned by an Ornstein-Uhlenbeck process (1930) whose time is the distance travelled, so that the path has the same bends at any speed. It prefers no direction, so that in the long run it is everywhere equally often |
//! | orbit | the great circle through where it is, in the direction in which it goes: of 2π · 8 · radius units, closed |
//! | line | through given targets in order, on one smooth curve; then round again, or stays at the last |
//! | still | stays |
//!
//! The speed is in latent units a second and constant, but for the half second in which a change of
//! it is eased in, and the braking before a place where it stays. Everything can be changed while it
//! runs: the position never jumps, and as every path begins with the present heading, neither does
//! the velocity. The same seed and the same calls give the same path, bit for bit.
//!
//! For samples that need not be near each other, draw from the prior instead.

mod place;
mod sphere;
#[cfg(test)]
mod test;
mod trip;

pub use sphere::DIMENSIONS;

use place::Place;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};
use serde::{Deserialize, Serialize};
use sphere::{Point, any_tangent, distance, lists, mix, tangent, unit};
use std::f64::consts::TAU;
use trip::Trip;

/// A change of speed is eased in with this time constant, in seconds.
const EASE: f64 = 0.15;
/// At the end of a trip it brakes: never faster than what is left, by this many seconds.
const BRAKE: f64 = 0.3;
/// But not slower than this share of its speed, or it would never arrive.
const CREEP: f64 = 0.02;
/// How far the path goes in one computation, as a share of the radius.
const GRAIN: f64 = 0.05;
/// Wandering: how much the heading turns, in radians a radian of path, root mean square.
const BEND: f64 = 1.5;
/// Wandering: after how many radians of path it bends another way.
const MEMORY: f64 = 0.7;

/// How the walk goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// A smooth path that is never the same.
    Wander,
    /// A closed loop.
    Orbit,
    /// Through the targets.
    Line,
    /// Not at all.
    Still,
}

impl Mode {
    /// All modes.
    pub const ALL: [Mode; 4] = [Mode::Wander, Mode::Orbit, Mode::Line, Mode::Still];

    /// The mode's name.
    pub fn name(self) -> &'static str {
        match self {
            Mode::Wander => "wander",
            Mode::Orbit => "orbit",
            Mode::Line => "line",
            Mode::Still => "still",
        }
    }

    /// The mode of that name.
    pub fn find(name: &str) -> Option<Mode> {
        Mode::ALL.into_iter().find(|mode| mode.name() == name)
    }
}

/// A walk. It computes, and does nothing else; no step allocates.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Walk {
    mode: Mode,
    speed: f64,
    radius: f64,
    seed: u64,
    round: bool,
    #[serde(with = "lists")]
    targets: Vec<Point>,
    next_target: usize,
    place: Place,
    /// The speed as it is now; `speed` is where it eases to.
    pace: f64,
    rng: ChaCha8Rng,
    #[serde(with = "lists")]
    bend: Point,
    orbit: Option<Orbit>,
    trip: Option<Trip>,
    /// Whether the trip is one that [`Walk::travel_to`] asked for.
    is_visit: bool,
}

/// A great circle, kept whole, so that it closes however often it is gone round.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Orbit {
    #[serde(with = "lists")]
    from: Point,
    #[serde(with = "lists")]
    along: Point,
    angle: f64,
}

impl Walk {
    /// A walk that wanders, 2 latent units a second, from a place on the shell that follows from the
    /// seed.
    pub fn new(seed: u64) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let direction = gaussian_direction(&mut rng);
        let heading = gaussian_direction(&mut rng);
        let heading = tangent(&heading, &direction).unwrap_or_else(|| any_tangent(&direction));
        let bend = gaussian(&mut rng);
        Self {
            mode: Mode::Wander,
            speed: 2.0,
            radius: 1.0,
            seed,
            round: true,
            targets: Vec::new(),
            next_target: 0,
            place: Place { direction, heading, norm: shell(1.0), slope: 0.0 },
            pace: 2.0,
            rng,
            bend,
            orbit: None,
            trip: None,
            is_visit: false,
        }
    }

    /// Back to where the seed begins; mode, speed, radius and targets stay.
    pub fn reset(&mut self) {
        let mut fresh = Self::new(self.seed);
        fresh.place.norm = shell(self.radius);
        (fresh.mode, fresh.speed, fresh.radius, fresh.round) =
            (self.mode, self.speed, self.radius, self.round);
        fresh.targets = std::mem::take(&mut self.targets);
        fresh.pace = fresh.goal();
        *self = fresh;
    }

    /// Whether it is made of numbers that can be gone on from: one that was read from a file may
    /// not be.
    pub fn is_sound(&self) -> bool {
        let orbit = self.orbit.iter().flat_map(|orbit| orbit.from.iter().chain(&orbit.along));
        let angle = self.orbit.iter().map(|orbit| &orbit.angle);
        let scalars = [self.speed, self.radius, self.pace];
        let mut numbers = self.targets.iter().flatten().chain(&self.bend).chain(orbit).chain(angle);
        numbers.all(|x| x.is_finite())
            && scalars.iter().all(|x| x.is_finite() && *x >= 0.0)
            && self.radius > 0.0
            && self.place.is_sound()
            && self.trip.as_ref().is_none_or(Trip::is_sound)
    }

    /// Where it is.
    pub fn position(&self) -> [f32; DIMENSIONS] {
        let (norm, direction) = (self.place.norm, &self.place.direction);
        std::array::from_fn(|i| (norm * direction[i]) as f32)
    }

    /// How it goes on.
    pub fn mode(&self) -> Mode {
        self.mode
    }

    /// Goes on otherwise. Ends a visit that [`travel_to`](Self::travel_to) began.
    pub fn set_mode(&mut self, mode: Mode) {
        if mode != self.mode || self.is_visit {
            self.mode = mode;
            self.next_target = 0;
            self.leave();
        }
    }

    /// The speed asked for, in latent units a second.
    pub fn speed(&self) -> f64 {
        self.speed
    }

    /// Goes faster or slower; 0 stands.
    ///
    /// # Panics
    /// When the speed is negative or not finite.
    pub fn set_speed(&mut self, speed: f64) {
        assert!(speed >= 0.0 && speed.is_finite(), "a speed is 0 or more, got {speed}");
        self.speed = speed;
    }

    /// The shell's radius; 1 is where the prior has its mass.
    pub fn radius(&self) -> f64 {
        self.radius
    }

    /// Chooses another shell: wandering and orbits move over to it as they go.
    ///
    /// # Panics
    /// When the radius is not above 0 and finite.
    pub fn set_radius(&mut self, radius: f64) {
        assert!(radius > 0.0 && radius.is_finite(), "a radius is above 0, got {radius}");
        self.radius = radius;
    }

    /// The seed.
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// Wanders on by another seed, from where it is; [`reset`](Self::reset) goes to its beginning.
    pub fn set_seed(&mut self, seed: u64) {
        self.seed = seed;
        self.rng = ChaCha8Rng::seed_from_u64(seed);
    }

    /// Whether, after the last target, it goes to the first again.
    pub fn goes_round(&self) -> bool {
        self.round
    }

    /// Chooses whether it goes to the first target after the last, or stays there.
    pub fn set_round(&mut self, round: bool) {
        if round != self.round {
            self.round = round;
            self.plan_again();
        }
    }

    /// The targets of the mode line, in order; it sets out for the first of them.
    ///
    /// # Panics
    /// When a number is not finite.
    pub fn set_targets(&mut self, targets: &[[f32; DIMENSIONS]]) {
        self.targets = targets.iter().map(point).collect();
        self.next_target = 0;
        self.plan_again();
    }

    /// How many targets there are.
    pub fn n_targets(&self) -> usize {
        self.targets.len()
    }

    /// Travels to a place, through it, and on in its mode; in the mode still, it stays there.
    ///
    /// # Panics
    /// When a number is not finite.
    pub fn travel_to(&mut self, z: &[f32; DIMENSIONS]) {
        self.leave();
        self.trip = Some(Trip::new(&self.place, &point(z), None, self.mode == Mode::Still));
        self.is_visit = true;
    }

    /// Whether a visit that [`travel_to`](Self::travel_to) began is not yet at its end.
    pub fn is_visiting(&self) -> bool {
        self.is_visit
    }

    /// Goes on for `seconds`.
    ///
    /// # Panics
    /// When the time is negative or not finite.
    pub fn advance(&mut self, seconds: f64) {
        assert!(seconds >= 0.0 && seconds.is_finite(), "a time is 0 or more, got {seconds}");
        let farthest = self.pace.max(self.speed) * seconds;
        let n_parts = (farthest / (GRAIN * shell(self.radius))).ceil().clamp(1.0, 1e6);
        let part = seconds / n_parts;
        for _ in 0..n_parts as u32 {
            self.ease(part);
            self.go(self.pace * part);
        }
    }

    fn ease(&mut self, seconds: f64) {
        let goal = self.goal();
        self.pace += (goal - self.pace) * (1.0 - (-seconds / EASE).exp());
        if (self.pace - goal).abs() < 1e-4 {
            self.pace = goal;
        }
        if let Some(trip) = self.trip.as_ref().filter(|trip| trip.stops) {
            let most = (trip.left(&self.place) / BRAKE).max(CREEP * self.speed);
            self.pace = self.pace.min(most);
        }
    }

    /// The speed that it should have now.
    fn goal(&self) -> f64 {
        let moves = match self.mode {
            Mode::Wander | Mode::Orbit => true,
            Mode::Line => self.trip.is_some() || self.has_next_target(),
            Mode::Still => self.trip.is_some(),
        };
        if moves { self.speed } else { 0.0 }
    }

    fn go(&mut self, mut length: f64) {
        // A trip can end within the step, and the next one too, when targets lie close together.
        for _ in 0..self.targets.len() + 2 {
            if length <= 0.0 {
                return;
            }
            if self.trip.is_none() && self.mode == Mode::Line && self.has_next_target() {
                self.set_out();
                continue;
            }
            let Some(trip) = &mut self.trip else { break };
            match trip.follow(length, &mut self.place) {
                None => return,
                Some(rest) => {
                    if trip.stops {
                        (self.pace, length) = (0.0, 0.0);
                    } else {
                        length = rest;
                    }
                    if !self.is_visit {
                        self.next_target = self.following(self.next_target);
                    }
                    self.trip = None;
                    self.is_visit = false;
                }
            }
        }
        match self.mode {
            Mode::Wander => self.wander(length),
            Mode::Orbit => self.circle(length),
            // What is left of its speed carries it on, at the height where it is.
            Mode::Line | Mode::Still => {
                let angle = self.place.climb(self.place.norm, length);
                self.place.go(angle);
            }
        }
    }

    fn wander(&mut self, length: f64) {
        let angle = self.place.climb(shell(self.radius), length);
        let kept = (-angle / MEMORY).exp();
        let fresh = (1.0 - kept * kept).sqrt();
        let news = gaussian(&mut self.rng);
        self.bend = mix(kept, &self.bend, fresh, &news);
        // A Gaussian vector is as long as the root of its dimensions.
        self.place.turn(&self.bend, BEND * angle / shell(1.0));
        self.place.go(angle);
    }

    fn circle(&mut self, length: f64) {
        let place = &mut self.place;
        let angle = place.climb(shell(self.radius), length);
        let orbit = self.orbit.get_or_insert(Orbit {
            from: place.direction,
            along: place.heading,
            angle: 0.0,
        });
        orbit.angle = (orbit.angle + angle) % TAU;
        (place.direction, place.heading) = (orbit.from, orbit.along);
        place.go(orbit.angle);
    }

    /// Ends whatever path it is on; the heading stays.
    fn leave(&mut self) {
        self.trip = None;
        self.is_visit = false;
        self.orbit = None;
    }

    /// Draws the way to the next target anew, since what comes after it has changed.
    fn plan_again(&mut self) {
        if self.mode == Mode::Line && !self.is_visit {
            self.trip = None;
        }
        if self.round && !self.has_next_target() {
            self.next_target = 0;
        }
    }

    /// The target after the n-th; beyond the last when that is where it stays.
    fn following(&self, n: usize) -> usize {
        let goes_round = self.round && self.targets.len() > 1;
        if n + 1 == self.targets.len() && goes_round { 0 } else { n + 1 }
    }

    fn has_next_target(&self) -> bool {
        self.next_target < self.targets.len()
    }

    fn set_out(&mut self) {
        let target = &self.targets[self.next_target];
        let following = self.following(self.next_target);
        // A target that it stands on already needs no way there.
        if distance(&self.place.position(), target) > 1e-6 {
            let onward = self.targets.get(following);
            self.trip = Some(Trip::new(&self.place, target, onward, onward.is_none()));
        } else {
            self.next_target = following;
        }
    }
}

/// The distance of the shell from the origin, in latent units.
fn shell(radius: f64) -> f64 {
    radius * (DIMENSIONS as f64).sqrt()
}

fn point(z: &[f32; DIMENSIONS]) -> Point {
    assert!(z.iter().all(|z| z.is_finite()), "a place has finite numbers");
    z.map(f64::from)
}

/// Standard normal numbers (Box and Muller 1958).
fn gaussian(rng: &mut ChaCha8Rng) -> Point {
    let mut uniform = || ((rng.next_u64() >> 11) as f64 + 0.5) / (1_u64 << 53) as f64;
    let mut point = [0.0; DIMENSIONS];
    for pair in point.chunks_exact_mut(2) {
        let (length, angle) = ((-2.0 * uniform().ln()).sqrt(), TAU * uniform());
        pair.copy_from_slice(&[length * angle.cos(), length * angle.sin()]);
    }
    point
}

fn gaussian_direction(rng: &mut ChaCha8Rng) -> Point {
    loop {
        if let Some(direction) = unit(&gaussian(rng)) {
            return direction;
        }
    }
}
