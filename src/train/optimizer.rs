//! Steps of descent: Adam and plain, with clipped gradients.

use candle_core::Result;
use candle_core::backprop::GradStore;
use rayon::prelude::*;

use super::config::Optimizer as Kind;
use super::network::Parameters;
use super::ops::with_floats;

const BETA_1: f32 = 0.9;
const BETA_2: f32 = 0.999;
const EPSILON: f32 = 1e-8;
/// Numbers that one thread takes at a time.
const PART: usize = 1 << 16;

/// The running moments of Adam (Kingma and Ba 2015), one pair for each weight, in their order.
/// Plain descent has none.
#[derive(Clone, Debug, Default)]
pub struct Moments {
    /// Means of the gradients.
    pub first: Vec<Vec<f32>>,
    /// Means of their squares.
    pub second: Vec<Vec<f32>>,
    /// Steps that each weight has had, for the correction of the bias towards zero.
    pub steps: Vec<u32>,
}

impl Moments {
    /// No steps yet.
    pub fn new(parameters: &Parameters) -> Moments {
        let zeros = || parameters.iter().map(|(_, var)| vec![0.0; var.elem_count()]).collect();
        Moments { first: zeros(), second: zeros(), steps: parameters.iter().map(|_| 0).collect() }
    }

    /// Forgets the moments of the weights that `which` names.
    pub fn reset(&mut self, parameters: &Parameters, which: impl Fn(&str) -> bool) {
        for (i, (name, _)) in parameters.iter().enumerate() {
            if which(name) {
                self.first[i].fill(0.0);
                self.second[i].fill(0.0);
                self.steps[i] = 0;
            }
        }
    }
}

/// Takes one step on the weights that `which` names, and says the gradient's norm before it was
/// clipped. `rate` is the step's length now. Weights without a gradient stay.
///
/// # Errors
/// When the gradients are not finite: then nothing is changed.
pub fn step(
    parameters: &mut Parameters,
    gradients: &GradStore,
    moments: &mut Moments,
    (kind, rate, clip): (Kind, f32, f32),
    which: impl Fn(&str) -> bool,
) -> Result<f64> {
    let chosen: Vec<(usize, String)> = parameters
        .iter()
        .enumerate()
        .filter(|(_, (name, _))| which(name))
        .map(|(i, (name, _))| (i, name.to_owned()))
        .collect();
    let mut square = 0.0;
    for (_, name) in &chosen {
        if let Some(gradient) = gradients.get(parameters.get(name)) {
            square += with_floats(gradient, |g| {
                // The parts are added in order, so that the sum does not depend on the threads.
                let parts: Vec<f64> = g
                    .par_chunks(PART)
                    .map(|g| g.iter().map(|g| f64::from(*g).powi(2)).sum())
                    .collect();
                parts.iter().sum::<f64>()
            })?;
        }
    }
    let norm = square.sqrt();
    if !norm.is_finite() {
        candle_core::bail!("the gradient is not finite: the rate may be too high");
    }
    let scale = (f64::from(clip) / norm).min(1.0) as f32;
    for (i, name) in chosen {
        let weight = parameters.get(&name);
        let Some(gradient) = gradients.get(weight) else { continue };
        let mut values = with_floats(weight, <[f32]>::to_vec)?;
        with_floats(gradient, |gradient| match kind {
            Kind::Sgd { .. } => values
                .par_chunks_mut(PART)
                .zip(gradient.par_chunks(PART))
                .for_each(|(values, gradient)| {
                    for (x, g) in values.iter_mut().zip(gradient) {
                        *x -= rate * scale * g;
                    }
                }),
            Kind::Adam { .. } => {
                moments.steps[i] += 1;
                let t = moments.steps[i] as i32;
                let step = rate / (1.0 - BETA_1.powi(t));
                let root = (1.0 - BETA_2.powi(t)).sqrt();
                values
                    .par_chunks_mut(PART)
                    .zip(gradient.par_chunks(PART))
                    .zip(moments.first[i].par_chunks_mut(PART))
                    .zip(moments.second[i].par_chunks_mut(PART))
                    .for_each(|(((values, gradient), first), second)| {
                        for (((x, g), m), v) in
                            values.iter_mut().zip(gradient).zip(first).zip(second)
                        {
                            let g = g * scale;
                            *m = BETA_1 * *m + (1.0 - BETA_1) * g;
                            *v = BETA_2 * *v + (1.0 - BETA_2) * g * g;
                            *x -= step * *m / (v.sqrt() / root + EPSILON);
                        }
                    });
            }
        })?;
        parameters.set(&name, values)?;
    }
    Ok(norm)
}
