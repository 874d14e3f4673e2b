//! t-SNE, iteration by iteration (van der Maaten and Hinton 2008).
//!
//! The schedule is openTSNE's (Poličar, Stražar and Zupan 2024): first attraction is exaggerated,
//! so that points find those they belong to, then not; the step is as long as the number of points
//! over the exaggeration (Belkina et al. 2019). One thing is our own: where the exaggeration ends,
//! steps become many times as long at once, and with momentum on top the map bursts, and parts of it
//! never come together again. So the first steps after it have none: maps of verse then end at a
//! lower divergence, with more of each point's neighbourhood kept (`docs/performance.md`).

use crate::map::affinities::Affinities;
use crate::map::forces::{Point, Repulsion, attraction, log_distances};
use crate::map::neighbours::Neighbours;
use crate::map::principal::initial_layout;
use crate::map::progress::Progress;
use crate::map::vectors::{MapError, Vectors};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

/// How a map is made.
#[derive(Clone, Debug, PartialEq)]
pub struct TsneSettings {
    /// About how many neighbours a point has, 1 or more; small sets have it lowered to a third of
    /// the other points.
    pub perplexity: f32,
    /// How much stronger attraction is at first.
    pub early_exaggeration: f32,
    /// For how many iterations it is. A layout that is only to settle after a change needs none.
    pub early_iterations: usize,
    /// How much stronger attraction is afterwards; more than 1 gives tighter clumps.
    pub exaggeration: f32,
    /// For how many iterations afterwards.
    pub iterations: usize,
    /// How much of its last step a point takes again.
    pub momentum: f32,
    /// For how many iterations after an early exaggeration it takes nothing of it.
    pub calm_iterations: usize,
    /// Seed of the chance that parts points at first.
    pub seed: u64,
}

impl Default for TsneSettings {
    fn default() -> TsneSettings {
        TsneSettings {
            perplexity: 30.0,
            early_exaggeration: 12.0,
            early_iterations: 250,
            exaggeration: 1.0,
            iterations: 500,
            momentum: 0.8,
            calm_iterations: 50,
            seed: 0,
        }
    }
}

impl TsneSettings {
    fn check(&self) -> Result<(), MapError> {
        let require = |holds: bool, words: String| match holds {
            true => Ok(()),
            false => Err(MapError::new(words)),
        };
        let is_factor = |x: f32| x.is_finite() && x > 0.0;
        require(
            self.perplexity.is_finite() && self.perplexity >= 1.0,
            format!("the perplexity is {}, expected 1 or more", self.perplexity),
        )?;
        for exaggeration in [self.early_exaggeration, self.exaggeration] {
            let words = format!("an exaggeration is {exaggeration}, expected more than 0");
            require(is_factor(exaggeration), words)?;
        }
        let momentum = self.momentum;
        require(
            (0.0..1.0).contains(&momentum),
            format!("the momentum is {momentum}, expected 0 or more, and less than 1"),
        )
    }
}

/// A coordinate of an initial layout beyond this is refused: an `f32` would not hold the steps.
const FURTHEST: f32 = 1e5;

/// The longest step of a point.
const LONGEST_STEP: f32 = 5.0;

/// A map in the making: `n` points that move a little with every step.
///
/// The same vectors and settings give the same points to the bit, on any number of threads of the
/// rayon pool that runs it.
pub struct Projection {
    settings: TsneSettings,
    affinities: Affinities,
    points: Vec<Point>,
    steps: Vec<Point>,
    gains: Vec<Point>,
    pulls: Vec<Point>,
    pushes: Vec<Point>,
    repulsion: Repulsion,
    iteration: usize,
}

impl Projection {
    /// Finds out which vectors belong together, and lays them out along their principal axes, or
    /// as `initial` says: one point for each.
    ///
    /// Takes some seconds for tens of thousands of vectors.
    ///
    /// # Errors
    ///
    /// If a setting is out of range, or the layout has not a point for each vector, or one that is
    /// not finite or further than 100,000 from the origin.
    pub fn new(
        vectors: &Vectors,
        initial: Option<Vec<Point>>,
        settings: TsneSettings,
    ) -> Result<Projection, MapError> {
        Projection::watched(vectors, initial, settings, &Progress::default())
    }

    /// The same, while somebody watches how many vectors have found their neighbours.
    ///
    /// # Errors
    ///
    /// As [`new`](Self::new).
    pub fn watched(
        vectors: &Vectors,
        initial: Option<Vec<Point>>,
        settings: TsneSettings,
        progress: &Progress,
    ) -> Result<Projection, MapError> {
        settings.check()?;
        let points = match initial {
            Some(points) => points,
            None => initial_layout(vectors, &mut ChaCha8Rng::seed_from_u64(settings.seed)),
        };
        check_layout(&points, vectors.len())?;
        let k = Affinities::n_neighbours(settings.perplexity);
        let neighbours = Neighbours::watched(vectors, k, progress);
        let affinities = Affinities::new(&neighbours, vectors.len(), settings.perplexity);
        Projection::with(affinities, points, settings)
    }

    /// From affinities that are known already.
    ///
    /// # Errors
    ///
    /// As [`new`](Self::new).
    pub fn with(
        affinities: Affinities,
        points: Vec<Point>,
        settings: TsneSettings,
    ) -> Result<Projection, MapError> {
        settings.check()?;
        check_layout(&points, affinities.len())?;
        let n = points.len();
        Ok(Projection {
            settings,
            affinities,
            points,
            steps: vec![[0.0; 2]; n],
            gains: vec![[1.0; 2]; n],
            pulls: vec![[0.0; 2]; n],
            pushes: vec![[0.0; 2]; n],
            repulsion: Repulsion::default(),
            iteration: 0,
        })
    }

    /// Moves every point one step, and gives whether there are steps left. After the last one it
    /// moves nothing.
    pub fn step(&mut self) -> bool {
        if self.is_done() {
            return false;
        }
        let is_early = self.iteration < self.settings.early_iterations;
        let exaggeration = match is_early {
            true => self.settings.early_exaggeration,
            false => self.settings.exaggeration,
        };
        attraction(&self.affinities, &self.points, &mut self.pulls);
        let z = self.repulsion.compute(&self.points, &mut self.pushes);
        let push = (1.0 / z.max(f64::MIN_POSITIVE)).min(1e30) as f32;
        self.advance(exaggeration, push);
        centre(&mut self.points);
        self.iteration += 1;
        !self.is_done()
    }

    /// Gradient descent with momentum and a gain for every coordinate (Jacobs 1988).
    fn advance(&mut self, exaggeration: f32, push: f32) {
        let rate = self.points.len() as f32 / exaggeration;
        let momentum = if self.is_calm() { 0.0 } else { self.settings.momentum };
        let forces = self.pulls.iter().zip(&self.pushes);
        let state = self.points.iter_mut().zip(&mut self.steps).zip(&mut self.gains);
        for (((point, step), gain), (pull, pushed)) in state.zip(forces) {
            for axis in 0..2 {
                let gradient = exaggeration * pull[axis] - push * pushed[axis];
                let turned = sign(gradient) == sign(step[axis]);
                gain[axis] = if turned { gain[axis] * 0.8 + 0.01 } else { gain[axis] + 0.2 };
                step[axis] = momentum * step[axis] - rate * gain[axis] * gradient;
            }
            let length = step[0].hypot(step[1]);
            if length > LONGEST_STEP {
                *step = step.map(|x| x / length * LONGEST_STEP);
            }
            *point = [point[0] + step[0], point[1] + step[1]];
        }
    }

    /// Whether an early exaggeration has just ended.
    fn is_calm(&self) -> bool {
        let TsneSettings { early_iterations, calm_iterations, .. } = self.settings;
        early_iterations > 0
            && self.iteration >= early_iterations
            && self.iteration - early_iterations < calm_iterations
    }

    /// The points, in the order of the vectors.
    pub fn points(&self) -> &[Point] {
        &self.points
    }

    /// How many steps were made.
    pub fn iteration(&self) -> usize {
        self.iteration
    }

    /// How many steps there are.
    pub fn n_iterations(&self) -> usize {
        self.settings.early_iterations + self.settings.iterations
    }

    /// Whether all steps were made.
    pub fn is_done(&self) -> bool {
        self.iteration >= self.n_iterations()
    }

    /// How badly the map shows which points belong together: the Kullback-Leibler divergence, in
    /// nats, 0 at best. Takes about as long as a step.
    pub fn divergence(&mut self) -> f64 {
        let z = self.repulsion.compute(&self.points, &mut self.pushes);
        let values = self.affinities.values().iter().map(|p| f64::from(*p));
        let (mut sum, mut entropy) = (0.0, 0.0);
        for p in values {
            sum += p;
            entropy -= p * p.ln();
        }
        let normalization = if sum > 0.0 { sum * z.max(f64::MIN_POSITIVE).ln() } else { 0.0 };
        log_distances(&self.affinities, &self.points) + normalization - entropy
    }
}

/// Apart from 0, which has a sign of its own here.
fn sign(x: f32) -> i8 {
    i8::from(x > 0.0) - i8::from(x < 0.0)
}

fn check_layout(points: &[Point], n: usize) -> Result<(), MapError> {
    if points.len() != n {
        let got = points.len();
        return Err(MapError::new(format!("the layout has {got} points for {n} vectors")));
    }
    let is_in_range = |x: f32| x.abs() <= FURTHEST;
    match points.iter().position(|point| !point.iter().all(|x| is_in_range(*x))) {
        Some(i) => {
            let [x, y] = points[i];
            Err(MapError::new(format!(
                "point {i} of the layout is at {x} {y}, expected numbers from -100000 to 100000"
            )))
        }
        None => Ok(()),
    }
}

/// Moves the points so that their mean is the origin.
fn centre(points: &mut [Point]) {
    let n = points.len().max(1) as f64;
    let mut mean = [0.0; 2];
    for point in points.iter() {
        for axis in 0..2 {
            mean[axis] += f64::from(point[axis]) / n;
        }
    }
    let mean = mean.map(|x| x as f32);
    for point in points {
        *point = [point[0] - mean[0], point[1] - mean[1]];
    }
}

#[cfg(test)]
pub(crate) mod tests;
