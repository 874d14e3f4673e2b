//! `project`: sentences are embedded and laid out, and every frame of it is sent.

use super::{Live, SENTENCES_A_STEP, frame, points, texts_of};
use crate::model::map::atlas::{Atlas, Sheet};
use crate::model::map::{Projection, Settings, Vectors, pca};
use crate::model::sentences::encoder::DIMENSIONS;
use crate::model::{Error, Run};
use crate::signature::Values;
use crate::value::Value;
use half::f16;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The share of the work that embedding is counted as.
const EMBEDDING: f32 = 0.3;

impl Live {
    pub(super) fn project(&mut self, inputs: &Values, run: &mut Run) -> Result<Values, Error> {
        let (texts, vectors) = self.wanted(inputs, run)?;
        let mut watched = Watched::new(texts, inputs);
        let (layout, divergence) = match inputs.text("method") {
            "pca" => {
                let vectors = Vectors::new(vectors.clone(), DIMENSIONS)?;
                (self.pool.install(|| pca(&vectors)), 0.0)
            }
            _ => self.descend(&vectors, inputs, &mut watched, run)?,
        };
        watched.show(&layout, inputs.number("iterations") as usize, &mut self.n_frames, run)?;
        self.atlas = Atlas::new(watched.texts, vectors);
        self.atlas.lay_out(layout);
        self.places = None;
        let points: Vec<Value> = self.atlas.places().iter().map(|p| p.to_vec().into()).collect();
        Ok(Values::new().with("points", points).with("divergence", divergence))
    }

    /// The sentences that are to be laid out, with their vectors.
    fn wanted(
        &mut self,
        inputs: &Values,
        run: &mut Run,
    ) -> Result<(Vec<Arc<str>>, Vec<f32>), Error> {
        let texts = texts_of(inputs);
        let given: Vec<&[f32]> =
            inputs.array("vectors").iter().filter_map(Value::as_vector).collect();
        if given.is_empty() && !texts.is_empty() {
            if let Some(vectors) = self.cache.as_ref().and_then(|cache| cache.find(&texts)) {
                return Ok((texts, vectors));
            }
            let mut vectors = Vec::with_capacity(texts.len() * DIMENSIONS);
            for (i, some) in texts.chunks(SENTENCES_A_STEP).enumerate() {
                vectors.extend(self.embed(some)?);
                let n_done = (i * SENTENCES_A_STEP + some.len()) as f32;
                run.progress(EMBEDDING * n_done / texts.len() as f32)?;
            }
            // As they are kept, so that another start gives the same map.
            vectors.iter_mut().for_each(|x| *x = f16::from_f32(*x).to_f32());
            if let Some(cache) = &self.cache {
                cache.keep(&texts, &vectors);
            }
            return Ok((texts, vectors));
        }
        if !given.is_empty() {
            let n_texts = inputs.array("texts").len();
            if n_texts > 0 && texts.len() != given.len() {
                return Err(format!(
                    "{} vectors for {} sentences: expected one for each, or no sentences",
                    given.len(),
                    texts.len()
                )
                .into());
            }
            let texts = if n_texts > 0 { texts } else { vec!["".into(); given.len()] };
            return Ok((texts, given.into_iter().flat_map(unit).collect()));
        }
        match (inputs.array("texts").is_empty(), self.atlas.is_empty()) {
            (false, _) => Err("no text in what was given: expected sentences".into()),
            (true, true) => Err("the map is empty: expected sentences to lay out".into()),
            _ => Ok((self.atlas.texts().to_vec(), self.atlas.vectors().to_vec())),
        }
    }

    /// Where sentences begin, if most are on the map already: where they are, and the others where
    /// they would be placed. So a map that grows stays recognisable.
    fn old_layout(
        &mut self,
        texts: &[Arc<str>],
        vectors: &[f32],
    ) -> Result<Option<Vec<[f32; 2]>>, Error> {
        let known: HashMap<&str, [f32; 2]> = self
            .atlas
            .texts()
            .iter()
            .map(|t| &**t)
            .zip(self.atlas.layout().iter().copied())
            .collect();
        let places: Vec<Option<[f32; 2]>> =
            texts.iter().map(|text| known.get(&**text).copied()).collect();
        let n_known = places.iter().flatten().count();
        // All of them is another try, which should not depend on the one before.
        if 2 * n_known < texts.len() || n_known == texts.len() {
            return Ok(None);
        }
        let rows = vectors.chunks_exact(DIMENSIONS);
        let layout = places.into_iter().zip(rows).map(|(place, vector)| match place {
            Some(place) => Ok(place),
            None => self.point_of(vector),
        });
        layout.collect::<Result<_, _>>().map(Some)
    }

    fn descend(
        &mut self,
        vectors: &[f32],
        inputs: &Values,
        watched: &mut Watched,
        run: &mut Run,
    ) -> Result<(Vec<[f32; 2]>, f64), Error> {
        let initial = self.old_layout(&watched.texts, vectors)?;
        let n_iterations = inputs.number("iterations") as usize;
        // A layout that is only to settle after a change is not drawn together first.
        let n_early = if initial.is_some() { 0 } else { n_iterations / 3 };
        let settings = Settings {
            perplexity: inputs.number("perplexity") as f32,
            early_iterations: n_early,
            iterations: n_iterations - n_early,
            seed: inputs.number("seed") as u64,
            ..Settings::default()
        };
        let vectors = Vectors::new(vectors.to_vec(), DIMENSIONS)?;
        let mut projection = self.pool.install(|| Projection::new(&vectors, initial, settings))?;
        while !projection.is_done() {
            self.pool.install(|| projection.step());
            let done = projection.iteration() as f32 / n_iterations as f32;
            run.progress(EMBEDDING + (1.0 - EMBEDDING) * done)?;
            if watched.is_due() {
                watched.show(
                    projection.points(),
                    projection.iteration(),
                    &mut self.n_frames,
                    run,
                )?;
            }
        }
        let divergence = self.pool.install(|| projection.divergence());
        Ok((projection.points().to_vec(), divergence))
    }
}

/// A vector at length 1; zeros stay zeros.
fn unit(vector: &[f32]) -> Vec<f32> {
    let length = vector.iter().map(|x| f64::from(*x).powi(2)).sum::<f64>().sqrt();
    let length = if length > 0.0 { length } else { 1.0 };
    vector.iter().map(|x| (f64::from(*x) / length) as f32).collect()
}

/// What those who watch have seen.
struct Watched {
    texts: Vec<Arc<str>>,
    /// Where each point was when it was last sent.
    sent: Vec<[f32; 2]>,
    threshold: f32,
    period: Option<Duration>,
    next: Instant,
}

impl Watched {
    fn new(texts: Vec<Arc<str>>, inputs: &Values) -> Watched {
        let (rate, threshold) = (inputs.number("rate"), inputs.number("threshold") as f32);
        let period = (rate > 0.0).then(|| Duration::from_secs_f64(1.0 / rate));
        let sent = vec![[f32::NAN; 2]; texts.len()];
        Watched { texts, sent, threshold, period, next: Instant::now() }
    }

    /// Whether the time for another frame has come.
    fn is_due(&self) -> bool {
        self.period.is_some() && Instant::now() >= self.next
    }

    /// Sends the points that have moved.
    fn show(
        &mut self,
        layout: &[[f32; 2]],
        iteration: usize,
        n_frames: &mut u64,
        run: &mut Run,
    ) -> Result<(), Error> {
        // Whoever is late by more than a frame does not hurry.
        let period = self.period.unwrap_or_default();
        self.next = (self.next + period).max(Instant::now());
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
        run.send("point", points(&self.texts, &places, &moved))?;
        run.send("frame", vec![frame(*n_frames, iteration, moved.len(), places.len())])?;
        *n_frames += 1;
        Ok(())
    }
}
