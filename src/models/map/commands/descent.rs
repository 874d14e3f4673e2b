//! A layout in the making, on threads of its own: what it is made by, and how far it is.

use super::inputs::project;
use crate::map::forces::Point;
use crate::map::progress::Progress;
use crate::map::{MapError, Method, Projection, TsneSettings, Umap, Vectors, pca, umap};
use enjamb_core::model::Error;
use enjamb_core::signature::{Input, Values};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// The share of the work that is done before the first step.
const PREPARATION: f32 = 0.25;

/// How long nobody looks whether it is stopped.
const LONGEST_SLEEP: Duration = Duration::from_millis(20);

/// What a layout is made by.
pub enum Recipe {
    Pca,
    Tsne(TsneSettings, Option<Vec<Point>>),
    Umap(umap::UmapSettings, Option<Vec<Point>>),
}

impl Recipe {
    /// From the inputs of `project`, and the layout to begin with, if there is one.
    pub fn new(method: Method, inputs: &Values, initial: Option<Vec<Point>>) -> Recipe {
        let seed = inputs[project::SEED] as u64;
        let given = |input: Input<i64>| Some(inputs[input] as usize).filter(|n| *n > 0);
        match method {
            Method::Pca => Recipe::Pca,
            Method::Umap => {
                let mut settings = umap::UmapSettings { seed, ..umap::UmapSettings::default() };
                settings.n_neighbours = given(project::NEIGHBOURS).unwrap_or(settings.n_neighbours);
                settings.epochs = given(project::ITERATIONS);
                Recipe::Umap(settings, initial)
            }
            Method::Tsne => {
                let mut settings = TsneSettings { seed, ..TsneSettings::default() };
                settings.perplexity = inputs[project::PERPLEXITY] as f32;
                let usual = settings.early_iterations + settings.iterations;
                let n = given(project::ITERATIONS).unwrap_or(usual);
                // A layout that is only to settle after a change is not drawn together first.
                let n_early = if initial.is_some() { 0 } else { n / 3 };
                (settings.early_iterations, settings.iterations) = (n_early, n - n_early);
                Recipe::Tsne(settings, initial)
            }
        }
    }
}

/// Steps at a pace that can be watched.
pub struct Pace {
    period: Duration,
    next: Instant,
}

impl Pace {
    /// Of so many steps a second at most; 0 for as many as can be.
    pub fn new(steps_a_second: f64) -> Pace {
        let period = match steps_a_second > 0.0 {
            true => Duration::from_secs_f64(1.0 / steps_a_second),
            false => Duration::ZERO,
        };
        Pace { period, next: Instant::now() }
    }

    /// Waits until the next step is due, but not longer than until it is stopped.
    fn wait(&mut self, progress: &Progress) {
        while !progress.is_stopped() {
            let wait = self.next.saturating_duration_since(Instant::now());
            if wait.is_zero() {
                break;
            }
            std::thread::sleep(wait.min(LONGEST_SLEEP));
        }
        self.next = (self.next + self.period).max(Instant::now());
    }
}

/// A layout, what is lost by it, and the steps that it took.
pub struct Finished {
    pub layout: Vec<Point>,
    /// The Kullback-Leibler divergence of t-SNE; 0 for other methods.
    pub divergence: f64,
    pub n_iterations: usize,
}

/// What those who lay out and those who watch share.
#[derive(Default)]
pub struct Descent {
    progress: Progress,
    latest: Mutex<Latest>,
    finished: Mutex<Option<Result<Finished, MapError>>>,
    is_over: AtomicBool,
}

#[derive(Default)]
struct Latest {
    /// One more than the iteration that the points are of; 0 if there are none.
    version: usize,
    points: Vec<Point>,
    share: f32,
}

/// A panic can't happen while these locks are held, so a poisoned one is still sound.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Descent {
    /// Lays vectors out, until it is done or stopped.
    pub fn run(&self, vectors: &Vectors, recipe: Recipe, pace: Pace) {
        let _over = Over(&self.is_over);
        let finished = self.lay_out(vectors, recipe, pace);
        *lock(&self.finished) = Some(finished);
    }

    fn lay_out(
        &self,
        vectors: &Vectors,
        recipe: Recipe,
        mut pace: Pace,
    ) -> Result<Finished, MapError> {
        match recipe {
            Recipe::Pca => Ok(Finished { layout: pca(vectors), divergence: 0.0, n_iterations: 0 }),
            Recipe::Tsne(settings, initial) => {
                let mut projection =
                    Projection::watched(vectors, initial, settings, &self.progress)?;
                self.show(projection.points(), 0, projection.n_iterations());
                while !self.progress.is_stopped() && projection.step() {
                    let (at, n) = (projection.iteration(), projection.n_iterations());
                    self.show(projection.points(), at, n);
                    pace.wait(&self.progress);
                }
                let (divergence, n_iterations) = (projection.divergence(), projection.iteration());
                let layout = projection.points().to_vec();
                Ok(Finished { layout, divergence, n_iterations })
            }
            Recipe::Umap(settings, initial) => {
                let mut umap = Umap::watched(vectors, initial, settings, &self.progress)?;
                self.show(umap.points(), 0, umap.n_iterations());
                while !self.progress.is_stopped() && umap.step() {
                    self.show(umap.points(), umap.iteration(), umap.n_iterations());
                    pace.wait(&self.progress);
                }
                let (layout, n_iterations) = (umap.points().to_vec(), umap.iteration());
                Ok(Finished { layout, divergence: 0.0, n_iterations })
            }
        }
    }

    fn show(&self, points: &[Point], iteration: usize, n_iterations: usize) {
        let mut latest = lock(&self.latest);
        latest.version = iteration + 1;
        latest.share = iteration as f32 / n_iterations.max(1) as f32;
        latest.points.clear();
        latest.points.extend_from_slice(points);
    }

    /// Asks for an end.
    pub fn stop(&self) {
        self.progress.stop();
    }

    /// Whether nothing more will come of it.
    pub fn is_over(&self) -> bool {
        self.is_over.load(Ordering::Acquire)
    }

    /// How far it is, from 0 to 1, for `n` vectors.
    pub fn share(&self, n: usize) -> f32 {
        let Latest { version, share, .. } = *lock(&self.latest);
        match version {
            0 => PREPARATION * (self.progress.n_done() as f32 / n.max(1) as f32).min(1.0),
            _ => PREPARATION + (1.0 - PREPARATION) * share,
        }
    }

    /// The newest points and their iteration, if that is not `seen`.
    pub fn newer_points(&self, seen: Option<usize>) -> Option<(usize, Vec<Point>)> {
        let latest = lock(&self.latest);
        let iteration = latest.version.checked_sub(1)?;
        (seen != Some(iteration)).then(|| (iteration, latest.points.clone()))
    }

    /// What came of it.
    pub fn finished(self) -> Result<Finished, Error> {
        let finished = self.finished.into_inner().unwrap_or_else(PoisonError::into_inner);
        Ok(finished.ok_or("the layout was given up")??)
    }
}

/// Says that it is over, also when a panic ended it.
struct Over<'a>(&'a AtomicBool);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Release);
    }
}
