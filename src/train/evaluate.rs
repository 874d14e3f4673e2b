//! What a trained model is worth on lines that it has never seen, and in the lines that it speaks.

mod words;

use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};
use serde::Serialize;

use super::corpus::{Encoded, Lines};
use super::estimates::{self, Posteriors};
use super::latent::{self, Noise};
use super::network::TrainableNetwork;
use super::{TrainError, checkpoint};
use enjamb_models::poetry::vocabulary::{Vocabulary, clean};
use enjamb_models::poetry::{Constraints, DecodeOptions, Decoding, Poet, space};
use enjamb_numeric::chance::gaussians;
use words::{alikeness, n_words};

/// Lines in a batch.
const BATCH: usize = 128;
/// Lines whose mutual information with their latent vectors is estimated together; the estimate is
/// at most its logarithm.
const INFORMATION_LINES: usize = 4_096;
/// Lines of at most so many words count as short.
const SHORT: usize = 5;
/// Pairs of lines between which is interpolated, and lines on each way, ends included.
const PAIRS: usize = 100;
const PAIR_STEPS: usize = 9;

/// How lines are sampled: temperatures, and by how much points of the prior are drawn to the origin.
const SAMPLINGS: [(f32, f32); 4] = [(0.5, 1.0), (0.5, 0.8), (0.5, 0.6), (1.0, 1.0)];

/// How much is measured.
#[derive(Clone, Copy, Debug)]
pub struct EvaluationSettings {
    /// Held-out lines that are encoded and reconstructed.
    pub lines: usize,
    /// Lines whose likelihood is estimated by importance weighting, and draws for each.
    pub weighted_lines: usize,
    /// Draws for each of them; 500 is customary.
    pub draws: usize,
    /// Lines that are sampled from the prior, at each temperature.
    pub samples: usize,
    /// Seeds all draws.
    pub seed: u64,
}

impl Default for EvaluationSettings {
    fn default() -> Self {
        Self { lines: 10_000, weighted_lines: 200, draws: 500, samples: 1_000, seed: 1 }
    }
}

/// A model's figures. Nats are a line, unless it says otherwise.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// Held-out lines measured on.
    pub lines: usize,
    /// `-log p(x|z)` at one draw of z.
    pub reconstruction: f64,
    /// KL(q(z|x) || p(z)).
    pub divergence: f64,
    /// The bound's perplexity a token: exp((reconstruction + divergence) / tokens).
    pub bound_perplexity: f64,
    /// `-log p(x)` by importance weighting.
    pub weighted_nll: f64,
    /// The perplexity a token that this makes.
    pub weighted_perplexity: f64,
    /// Nats of mutual information; at most the logarithm of the lines it is estimated on.
    pub mutual_information: f64,
    /// Dimensions that vary with the line.
    pub active_units: usize,
    /// Z.
    pub latent: usize,
    /// Reconstruction word for word, greedy, from the mean.
    pub all_lines: Reconstruction,
    /// The same, of lines of at most five words.
    pub short_lines: Reconstruction,
    /// Lines from the prior, at each temperature.
    pub samples: Vec<Sampling>,
    /// Ways between pairs of lines.
    pub interpolation: Interpolation,
}

/// How lines come back.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct Reconstruction {
    /// How many.
    pub lines: usize,
    /// The share that comes back word for word.
    pub exact: f64,
    /// Words that come back in their order, as a share of the longer line's.
    pub words: f64,
}

/// Lines from the prior.
#[derive(Clone, Debug, Serialize)]
pub struct Sampling {
    /// Their temperature.
    pub temperature: f32,
    /// What their points of the prior were multiplied by.
    pub spread: f32,
    /// Perplexity a word under a language model that was trained apart, if one was given.
    pub perplexity: Option<f64>,
    /// That of held-out lines.
    pub held_out_perplexity: Option<f64>,
    /// The first over the second: below 1, likelier than real lines; above, less fluent.
    pub fluency_ratio: Option<f64>,
    /// The share of lines that no other is equal to.
    pub distinct_lines: f64,
    /// Distinct words as a share of words.
    pub distinct_words: f64,
    /// Distinct pairs of neighbouring words as a share of pairs.
    pub distinct_pairs: f64,
    /// The share of lines that stand in the corpus as they are.
    pub verbatim: f64,
    /// Words a line.
    pub words: f64,
}

/// Ways between pairs of held-out lines, nine lines each.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct Interpolation {
    /// Words that neighbours on the way share, 0..1.
    pub neighbours: f64,
    /// Words that the two ends share.
    pub ends: f64,
    /// Distinct lines on a way of nine.
    pub distinct: f64,
}

/// A trained model, as it is trained and as it is hosted.
pub struct Trained {
    network: TrainableNetwork,
    vocabulary: Vocabulary,
    poet: Option<Poet>,
}

impl Trained {
    /// Opens a model's folder.
    ///
    /// # Errors
    /// When a file is missing or not what it should be.
    pub fn open(dir: &Path, threads: usize) -> Result<Trained, TrainError> {
        let vocabulary = Vocabulary::load(&dir.join("vocabulary.json"))?;
        let network = checkpoint::open(&dir.join("weights.safetensors"), threads)?;
        let poet = match network.model().latent {
            0 => None,
            _ => Some(
                Poet::load(dir).map_err(|e| TrainError::new(e.to_string()))?.with_threads(threads),
            ),
        };
        Ok(Trained { network, vocabulary, poet })
    }

    /// The perplexity a word of some lines, under a model without a latent vector. Lines that it
    /// cannot spell are left out.
    ///
    /// # Errors
    /// When the model has a latent vector.
    pub fn perplexity(&self, lines: &[String]) -> Result<f64, TrainError> {
        if self.network.model().latent > 0 {
            return Err(TrainError::new("a language model is expected: one with a latent of 0"));
        }
        let lines: Vec<String> = lines.iter().map(|line| clean(line)).collect();
        let (mut nats, mut words) = (0.0, 0);
        let encoded = Encoded::new(&lines, &self.vocabulary, 64);
        for batch in encoded.batches(BATCH) {
            nats += self.network.line_losses(&batch, None)?.iter().sum::<f64>();
            for ids in batch.ids.chunks(batch.ids.len() / batch.lines) {
                words += n_words(&self.vocabulary.decode(ids));
            }
        }
        // The end of a line is a word too: it must be foretold.
        Ok((nats / (words + encoded.n_lines()) as f64).exp())
    }

    /// Lines from the prior, its points multiplied by `spread`.
    ///
    /// # Errors
    /// When the model has no latent vector.
    pub fn sample(
        &mut self,
        count: usize,
        temperature: f32,
        spread: f32,
        seed: u64,
    ) -> Result<Vec<String>, TrainError> {
        let latent = self.network.model().latent;
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let mut point = || gaussians(&mut rng, latent).into_iter().map(|x| spread * x).collect();
        let points = (0..count).map(|_| point()).collect();
        self.write(points, Decoding::Sample { temperature, top_p: 1.0 }, seed)
    }

    fn write(
        &mut self,
        points: Vec<Vec<f32>>,
        method: Decoding,
        seed: u64,
    ) -> Result<Vec<String>, TrainError> {
        let poet =
            self.poet.as_mut().ok_or_else(|| TrainError::new("a language model has no z"))?;
        let failed = |e: enjamb_core::model::Error| TrainError::new(e.to_string());
        let constraints = Arc::new(Constraints::default());
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let wishes: Vec<DecodeOptions> = points
            .into_iter()
            .map(|z| {
                let constraints = Arc::clone(&constraints);
                DecodeOptions { z, method, constraints, seed: rng.next_u64() }
            })
            .collect();
        poet.write(&wishes, |_| Ok(())).map_err(failed)
    }

    fn means(&mut self, lines: &[String]) -> Result<Vec<Vec<f32>>, TrainError> {
        let poet =
            self.poet.as_mut().ok_or_else(|| TrainError::new("a language model has no z"))?;
        let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        let read = poet.read(&lines).map_err(|e| TrainError::new(e.to_string()))?;
        Ok(read.into_iter().map(|posterior| posterior.mean).collect())
    }
}

/// Measures a model on the held-out lines of a corpus, with a language model that was trained apart
/// if there is one. `tell` hears what is being done.
///
/// # Errors
/// When the model or the lines do not fit.
pub fn evaluate(
    model: &mut Trained,
    language_model: Option<&Trained>,
    lines: &Lines,
    max_tokens: usize,
    settings: EvaluationSettings,
    tell: &mut dyn FnMut(&str),
) -> Result<Report, TrainError> {
    if model.network.model().latent == 0 {
        return Err(TrainError::new("a language model has nothing to evaluate but its perplexity"));
    }
    let held_out: Vec<String> = lines.held_out.iter().take(settings.lines).cloned().collect();
    let encoded = Encoded::new(&held_out, &model.vocabulary, max_tokens);
    tell("bound, mutual information, active units");
    let mut report = bound(&model.network, &encoded, settings)?;
    tell("likelihood by importance weighting");
    weigh(&model.network, &held_out, &model.vocabulary, max_tokens, settings, &mut report)?;
    tell("reconstruction word for word");
    reconstruct(model, &held_out, &mut report)?;
    tell("lines from the prior");
    let known: HashSet<&str> =
        lines.training.iter().chain(&lines.held_out).map(String::as_str).collect();
    let real = language_model.map(|language_model| language_model.perplexity(&held_out));
    let real = real.transpose()?;
    for (temperature, spread) in SAMPLINGS {
        let samples = model.sample(settings.samples, temperature, spread, settings.seed)?;
        let perplexity = language_model.map(|model| model.perplexity(&samples)).transpose()?;
        let mut sampling = describe(&samples, &known);
        (sampling.temperature, sampling.spread) = (temperature, spread);
        sampling.perplexity = perplexity;
        sampling.held_out_perplexity = real;
        sampling.fluency_ratio = perplexity.zip(real).map(|(ours, real)| ours / real);
        report.samples.push(sampling);
    }
    tell("ways between lines");
    report.interpolation = interpolate(model, &held_out)?;
    Ok(report)
}

fn bound(
    network: &TrainableNetwork,
    encoded: &Encoded,
    settings: EvaluationSettings,
) -> Result<Report, TrainError> {
    let model = network.model();
    let mut rng = ChaCha8Rng::seed_from_u64(settings.seed);
    let (mut reconstruction, mut divergence) = (0.0, 0.0);
    let (mut posteriors, mut draws) = (Posteriors::default(), Vec::new());
    for batch in encoded.batches(BATCH) {
        let moments = network.encode(&batch)?;
        let noise = Noise::draw(&mut rng, model.posterior, batch.lines, model.latent);
        let z = latent::sample(&moments, &noise, model.posterior)?;
        reconstruction += network.line_losses(&batch, Some(&z))?.iter().sum::<f64>();
        let kl = latent::divergence(&moments, model.posterior)?.sum_all()?.to_scalar::<f32>()?;
        divergence += f64::from(kl) * batch.lines as f64;
        posteriors.extend(Posteriors::of(&moments)?);
        draws.extend(z.flatten_all()?.to_vec1::<f32>()?);
    }
    let lines = encoded.n_lines();
    let n = lines as f64;
    // Neighbours are of equal length: every so manieth makes a fair choice.
    let stride = lines.div_ceil(INFORMATION_LINES);
    let some = posteriors.every(stride);
    let some_draws: Vec<f32> =
        draws.chunks_exact(model.latent).step_by(stride).flatten().copied().collect();
    let tokens_a_line = encoded.n_tokens() as f64 / n;
    Ok(Report {
        lines,
        reconstruction: reconstruction / n,
        divergence: divergence / n,
        bound_perplexity: ((reconstruction + divergence) / n / tokens_a_line).exp(),
        weighted_nll: f64::NAN,
        weighted_perplexity: f64::NAN,
        mutual_information: some.mutual_information(&some_draws, model.posterior),
        active_units: posteriors.active_units(),
        latent: model.latent,
        all_lines: Reconstruction::default(),
        short_lines: Reconstruction::default(),
        samples: Vec::new(),
        interpolation: Interpolation::default(),
    })
}

fn weigh(
    network: &TrainableNetwork,
    held_out: &[String],
    vocabulary: &Vocabulary,
    max_tokens: usize,
    settings: EvaluationSettings,
    report: &mut Report,
) -> Result<(), TrainError> {
    let some = &held_out[..settings.weighted_lines.min(held_out.len())];
    let encoded = Encoded::new(some, vocabulary, max_tokens);
    let mut rng = ChaCha8Rng::seed_from_u64(settings.seed);
    let mut nats = 0.0;
    for batch in encoded.batches(BATCH) {
        let losses = estimates::importance_weighted(network, &batch, settings.draws, &mut rng)?;
        nats += losses.iter().sum::<f64>();
    }
    report.weighted_nll = nats / encoded.n_lines() as f64;
    report.weighted_perplexity = (nats / encoded.n_tokens() as f64).exp();
    Ok(())
}

fn reconstruct(
    model: &mut Trained,
    held_out: &[String],
    report: &mut Report,
) -> Result<(), TrainError> {
    let means = model.means(held_out)?;
    let written = model.write(means, Decoding::Greedy, 0)?;
    for (line, back) in held_out.iter().zip(&written) {
        let back = clean(back);
        let is_short = n_words(line) <= SHORT;
        let all = [Some(&mut report.all_lines), is_short.then_some(&mut report.short_lines)];
        for sum in all.into_iter().flatten() {
            sum.lines += 1;
            sum.exact += f64::from(u8::from(*line == back));
            sum.words += alikeness(line, &back);
        }
    }
    for sum in [&mut report.all_lines, &mut report.short_lines] {
        sum.exact /= sum.lines.max(1) as f64;
        sum.words /= sum.lines.max(1) as f64;
    }
    Ok(())
}

fn describe(samples: &[String], known: &HashSet<&str>) -> Sampling {
    let cleaned: Vec<String> = samples.iter().map(|line| clean(line)).collect();
    let words: Vec<&str> = cleaned.iter().flat_map(|line| line.split(' ')).collect();
    let pairs = || {
        cleaned.iter().flat_map(|line| {
            let words: Vec<&str> = line.split(' ').collect();
            words.windows(2).map(|pair| (pair[0], pair[1])).collect::<Vec<_>>()
        })
    };
    let n = cleaned.len() as f64;
    let lines: HashSet<&String> = cleaned.iter().collect();
    let verbatim = cleaned.iter().filter(|line| known.contains(line.as_str())).count();
    Sampling {
        temperature: 0.0,
        spread: 1.0,
        perplexity: None,
        held_out_perplexity: None,
        fluency_ratio: None,
        distinct_lines: lines.len() as f64 / n,
        distinct_words: words.iter().collect::<HashSet<_>>().len() as f64 / words.len() as f64,
        distinct_pairs: pairs().collect::<HashSet<_>>().len() as f64 / pairs().count() as f64,
        verbatim: verbatim as f64 / n,
        words: words.len() as f64 / n,
    }
}

fn interpolate(model: &mut Trained, held_out: &[String]) -> Result<Interpolation, TrainError> {
    let n_pairs = PAIRS.min(held_out.len() / 2);
    let means = model.means(&held_out[..2 * n_pairs])?;
    let points = means
        .chunks_exact(2)
        .flat_map(|pair| space::path(&pair[0], &pair[1], PAIR_STEPS, true))
        .collect();
    let lines = model.write(points, Decoding::Greedy, 0)?;
    let mut sum = Interpolation::default();
    for way in lines.chunks_exact(PAIR_STEPS) {
        let steps = way.windows(2).map(|pair| alikeness(&pair[0], &pair[1]));
        sum.neighbours += steps.sum::<f64>() / (PAIR_STEPS - 1) as f64;
        sum.ends += alikeness(&way[0], &way[PAIR_STEPS - 1]);
        sum.distinct += way.iter().collect::<HashSet<_>>().len() as f64;
    }
    let n = n_pairs.max(1) as f64;
    Ok(Interpolation {
        neighbours: sum.neighbours / n,
        ends: sum.ends / n,
        distinct: sum.distinct / n,
    })
}
