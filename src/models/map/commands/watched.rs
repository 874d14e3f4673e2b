//! What those who watch a map being laid out have seen of it.

use super::inputs::project;
use super::{frame, points};
use crate::map::atlas::Sheet;
use enjamb_core::model::{Error, Run};
use enjamb_core::signature::Values;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// What those who watch have seen.
pub struct Watched {
    /// The sentences that are laid out.
    pub texts: Vec<Arc<str>>,
    /// Where each point was when it was last sent.
    sent: Vec<[f32; 2]>,
    /// The iteration of the last frame.
    iteration: Option<usize>,
    threshold: f32,
    period: Option<Duration>,
    next: Instant,
}

impl Watched {
    /// Nothing yet.
    pub fn new(texts: Vec<Arc<str>>, inputs: &Values) -> Watched {
        let (rate, threshold) = (inputs[project::RATE], inputs[project::THRESHOLD] as f32);
        let period = (rate > 0.0).then(|| Duration::from_secs_f64(1.0 / rate));
        let sent = vec![[f32::NAN; 2]; texts.len()];
        Watched { texts, sent, iteration: None, threshold, period, next: Instant::now() }
    }

    /// The iteration of the last frame, if there was one.
    pub fn iteration(&self) -> Option<usize> {
        self.iteration
    }

    /// How long it is until another frame's time comes, if any is sent before the last.
    pub fn until_due(&self) -> Option<Duration> {
        self.period.map(|_| self.next.saturating_duration_since(Instant::now()))
    }

    /// Whether the time for another frame has come.
    pub fn is_due(&self) -> bool {
        self.until_due().is_some_and(|wait| wait.is_zero())
    }

    /// Sends the points that have moved.
    pub fn show(
        &mut self,
        layout: &[[f32; 2]],
        iteration: usize,
        n_frames: &mut usize,
        run: &mut Run,
    ) -> Result<(), Error> {
        // Frames keep to their times, so that small delays do not add up; whoever is late by more than
        // a frame does not hurry.
        let period = self.period.unwrap_or_default();
        let next = self.next + period;
        let now = Instant::now();
        self.next = if next + period < now { now } else { next };
        let sheet = Sheet::around(layout);
        let places: Vec<[f32; 2]> = layout.iter().map(|point| sheet.place(*point)).collect();
        let has_moved = |i: &usize| {
            let ([x, y], [old_x, old_y]) = (places[*i], self.sent[*i]);
            let far = (x - old_x).abs().max((y - old_y).abs());
            // The first time there is nothing to compare with.
            far.is_nan() || far > self.threshold
        };
        let moved: Vec<usize> = (0..places.len()).filter(has_moved).collect();
        moved.iter().for_each(|&i| self.sent[i] = places[i]);
        self.iteration = Some(iteration);
        self.send(&moved, n_frames, run)
    }

    /// Sends all points again, as they were sent last.
    ///
    /// # Panics
    /// When there was no frame yet.
    pub fn show_again(&self, n_frames: &mut usize, run: &mut Run) -> Result<(), Error> {
        let all: Vec<usize> = (0..self.texts.len()).collect();
        self.send(&all, n_frames, run)
    }

    fn send(&self, indices: &[usize], n_frames: &mut usize, run: &mut Run) -> Result<(), Error> {
        let iteration = self.iteration.expect("there was a frame");
        let frame = frame(*n_frames, iteration, indices.len(), self.texts.len());
        *n_frames += 1;
        run.send("point", points(&self.texts, &self.sent, indices))?;
        run.send("frame", vec![frame])
    }
}
