//! `project`: sentences are embedded and laid out, and every frame of it is sent.

use super::descent::{Descent, Finished, Pace, Recipe};
use super::inputs::project;
use super::watched::Watched;
use super::{Live, SENTENCES_A_STEP, texts_of};
use crate::map::atlas::Atlas;
use crate::map::{Method, Vectors};
use crate::sentences::encoder::DIMENSIONS;
use enjamb_core::model::{Error, Run};
use enjamb_core::signature::Values;
use enjamb_core::value::Value;
use half::f16;
use rayon::prelude::*;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

/// The share of the work that embedding is counted as.
const EMBEDDING: f32 = 0.3;

/// How long the model's thread waits for something to do, while others lay out.
const LONGEST_WAIT: Duration = Duration::from_millis(5);
const LEAST_WAIT: Duration = Duration::from_micros(500);

impl Live {
    pub(super) fn project(&mut self, inputs: &Values, run: &mut Run) -> Result<Values, Error> {
        let (texts, vectors) = self.wanted(inputs, run)?;
        let mut watched = Watched::new(texts, inputs);
        let method = Method::of_name(&inputs[project::METHOD]).unwrap_or_default();
        let initial = match method {
            Method::Pca => None,
            _ => self.old_layout(&watched.texts, &vectors)?,
        };
        let recipe = Recipe::new(method, inputs, initial);
        let Finished { layout, divergence, n_iterations } =
            self.descend(&vectors, recipe, Pace::new(inputs[project::PACE]), &mut watched, run)?;
        watched.show(&layout, n_iterations, &mut self.n_frames, run)?;
        let mut atlas = Atlas::new(watched.texts, vectors);
        atlas.lay_out(layout, method);
        self.set(atlas)?;
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
            inputs[project::VECTORS].iter().filter_map(Value::as_vector).collect();
        if given.is_empty() && !texts.is_empty() {
            if let Some(vectors) = self.cache.as_ref().and_then(|cache| cache.find(&texts)) {
                return Ok((texts, vectors));
            }
            let mut vectors = Vec::with_capacity(texts.len() * DIMENSIONS);
            for (i, some) in texts.chunks(SENTENCES_A_STEP).enumerate() {
                vectors.extend(self.embed(some)?);
                run.meanwhile(Duration::ZERO, &mut |command, inputs, run| {
                    self.ask(command, inputs, run)
                })?;
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
            let n_texts = inputs[project::TEXTS].len();
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
        match (inputs[project::TEXTS].is_empty(), self.atlas.is_empty()) {
            (false, _) => Err("no text in what was given: expected sentences".into()),
            (true, true) => Err("the map is empty: expected sentences to lay out".into()),
            _ => Ok((self.atlas.texts().to_vec(), self.atlas.vectors().to_vec())),
        }
    }

    /// Where sentences begin, if most are on the map already: where they are, and the others where
    /// they would be placed. So a map that grows stays recognisable.
    fn old_layout(
        &self,
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
        let rows = vectors.par_chunks_exact(DIMENSIONS);
        let layout = places.into_par_iter().zip(rows).map(|(place, vector)| match place {
            Some(place) => Ok(place),
            None => self.point_of(vector),
        });
        self.pool.install(|| layout.collect::<Result<_, _>>()).map(Some)
    }

    /// Lays vectors out on the threads of the pool, while this one sends frames and answers what is
    /// asked of the map as it was.
    fn descend(
        &mut self,
        vectors: &[f32],
        recipe: Recipe,
        pace: Pace,
        watched: &mut Watched,
        run: &mut Run,
    ) -> Result<Finished, Error> {
        let vectors = Vectors::new(vectors.to_vec(), DIMENSIONS)?;
        let (pool, descent) = (Arc::clone(&self.pool), Descent::default());
        pool.in_place_scope(|scope| {
            // However watching ends, the others must not go on.
            let _stop = StopAtEnd(&descent);
            scope.spawn(|_| descent.run(&vectors, recipe, pace));
            self.watch(&descent, watched, run)
        })?;
        descent.finished()
    }

    fn watch(
        &mut self,
        descent: &Descent,
        watched: &mut Watched,
        run: &mut Run,
    ) -> Result<(), Error> {
        let mut seen = 0.0;
        while !descent.is_over() {
            let wait = watched.until_due().unwrap_or(LONGEST_WAIT);
            let wait = wait.clamp(LEAST_WAIT, LONGEST_WAIT);
            run.meanwhile(wait, &mut |command, inputs, run| match command {
                // Whoever is new should see what the others do.
                "show" if watched.iteration().is_some() => {
                    watched.show_again(&mut self.n_frames, run)?;
                    Ok(Values::new().with("count", watched.texts.len()))
                }
                _ => self.ask(command, inputs, run),
            })?;
            let share = descent.share(watched.texts.len());
            if share != seen {
                seen = share;
                run.progress(EMBEDDING + (1.0 - EMBEDDING) * share)?;
            }
            if watched.is_due()
                && let Some((iteration, layout)) = descent.newer_points(watched.iteration())
            {
                watched.show(&layout, iteration, &mut self.n_frames, run)?;
            }
        }
        Ok(())
    }
}

/// Tells those who lay out to end.
struct StopAtEnd<'a>(&'a Descent);

impl Drop for StopAtEnd<'_> {
    fn drop(&mut self) {
        self.0.stop();
    }
}

/// A vector at length 1; zeros stay zeros.
fn unit(vector: &[f32]) -> Vec<f32> {
    let length = vector.iter().map(|x| f64::from(*x).powi(2)).sum::<f64>().sqrt();
    let length = if length > 0.0 { length } else { 1.0 };
    vector.iter().map(|x| (f64::from(*x) / length) as f32).collect()
}
