//! The training loop: phases, validation, checkpoints, and the log that the plot is drawn from.

mod log;

use std::path::{Path, PathBuf};
use std::time::Instant;

use candle_core::Tensor;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};

use super::checkpoint::{self, State};
use super::config::{Config, Optimizer};
use super::corpus::{self, Encoded};
use super::estimates::Posteriors;
use super::latent::{self, Noise};
use super::loss::{Draws, KlTerm, Losses, losses};
use super::network::{Batch, TrainableNetwork};
use super::optimizer::{self, Moments};
use super::schedule::rate_share;
use super::{TrainError, plot};
use enjamb_models::poetry::vocabulary::Vocabulary;
use log::Log;

/// The folder, within a run's, of the model that did best so far: what can be hosted.
pub const MODEL_DIR: &str = "model";
const VOCABULARY_FILE: &str = "vocabulary.json";
const WEIGHTS_FILE: &str = "weights.safetensors";
/// Held-out lines that are validated on; all of them are for evaluation.
const VALIDATION_LINES: usize = 2_048;
/// Lines in a batch without gradients.
const VALIDATION_BATCH: usize = 128;
/// Steps between two rows of the log.
const LOG_EVERY: usize = 25;
/// Halvings of plain descent's rate, at most (He et al. 2019).
const MAX_HALVINGS: u32 = 5;

/// A run: what it trains, on what, and where it stands.
pub struct Trainer {
    config: Config,
    dir: PathBuf,
    lines: Encoded,
    validation: Encoded,
    network: TrainableNetwork,
    moments: Moments,
    state: State,
    log: Log,
    notes: Vec<String>,
}

/// Where a run stands, for those who watch.
#[derive(Clone, Debug)]
pub struct TrainingProgress {
    /// Steps taken, and of how many.
    pub step: usize,
    /// Steps of the whole run.
    pub steps: usize,
    /// Passes over the lines, with the part of this one.
    pub epochs: f64,
    /// Nats a line, smoothed over the last steps.
    pub reconstruction: f64,
    /// Nats a line, likewise.
    pub divergence: f64,
    /// Lines a second, likewise.
    pub lines_a_second: f64,
}

/// How the network does on lines that it was not trained on.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Validation {
    /// `-log p(x|z)` at one draw of z, nats a line.
    pub reconstruction: f64,
    /// KL(q(z|x) || p(z)), nats a line.
    pub divergence: f64,
    /// What is minimised at the full weight.
    pub objective: f64,
    /// Nats between lines and latent vectors.
    pub mutual_information: f64,
    /// Dimensions that vary with the line.
    pub active_units: usize,
}

impl Trainer {
    /// Prepares a run in `dir`, or goes on with the one that is there.
    ///
    /// # Errors
    /// When the corpus cannot be read, or the folder holds a run with another network or corpus.
    pub fn new(config: Config, corpus: &Path, dir: &Path) -> Result<Trainer, TrainError> {
        config.check()?;
        std::fs::create_dir_all(dir.join(MODEL_DIR))
            .map_err(|e| TrainError::new(format!("{}: {e}", dir.display())))?;
        let all = corpus::read(corpus, &config.corpus, config.seed)?;
        // A run keeps the vocabulary that it began with.
        let vocabulary_path = dir.join(MODEL_DIR).join(VOCABULARY_FILE);
        let start_from = config.model.start_from.as_ref();
        let vocabulary = match (vocabulary_path.exists(), start_from) {
            (true, _) => Vocabulary::load(&vocabulary_path)?,
            (false, Some(dir)) => Vocabulary::load(&dir.join(VOCABULARY_FILE))?,
            (false, None) => corpus::vocabulary(&all, &config.model)?,
        };
        let vocabulary = vocabulary.with_words(all.words);
        vocabulary.save(&vocabulary_path)?;
        let lines = Encoded::new(&all.training, &vocabulary, config.corpus.max_tokens);
        let n_validation = VALIDATION_LINES.min(all.held_out.len());
        let validation = &all.held_out[..n_validation];
        let validation = Encoded::new(validation, &vocabulary, config.corpus.max_tokens);
        if lines.n_lines() == 0 || validation.n_lines() == 0 {
            return Err(TrainError::new(
                "no line of the corpus is short enough: see corpus.max_tokens",
            ));
        }
        let mut model = config.model.clone();
        model.vocabulary = vocabulary.len();
        let mut network = TrainableNetwork::new(&model, config.seed, config.threads())?;
        if let Some(dir) = start_from {
            checkpoint::import(&dir.join(WEIGHTS_FILE), &mut network)?;
        }
        if let Some(path) = &config.model.embedding_file {
            load_embeddings(&mut network, &vocabulary, path)?;
        }
        let mut notes = vec![format!(
            "{} lines, {} tokens; {} lines to validate on; {} weights",
            lines.n_lines(),
            lines.n_tokens(),
            validation.n_lines(),
            network.parameters().count()
        )];
        let same = identity(&config);
        let (state, moments) = match checkpoint::load(dir, &mut network)? {
            Some((state, moments, damaged)) => {
                notes.extend(damaged.iter().map(|file| format!("passed over {file}")));
                if state.config != same {
                    return Err(TrainError::new(format!(
                        "{} holds a run with another seed, corpus or model: choose another folder, \
                         or the configuration that it began with",
                        dir.display()
                    )));
                }
                notes.push(format!("going on at step {}", state.step));
                (state, moments)
            }
            None => {
                let state = State {
                    step: 0,
                    epoch: 0,
                    batch: 0,
                    best: None,
                    stale: 0,
                    halvings: 0,
                    aggressive: config.aggressive.enabled,
                    mutual_information: 0.0,
                    finished: false,
                    config: same,
                };
                let moments = Moments::new(network.parameters());
                (state, moments)
            }
        };
        let log = Log::open(dir, state.step)?;
        let dir = dir.to_owned();
        Ok(Trainer { config, dir, lines, validation, network, moments, state, log, notes })
    }

    /// What is worth saying before the first step.
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// The network as it is.
    pub fn network(&self) -> &TrainableNetwork {
        &self.network
    }

    /// Trains until the last step, until validation stops improving, or until `watch`, which is
    /// told of every step, says not to go on. A checkpoint is saved at the end in any case.
    ///
    /// # Errors
    /// When a loss is not finite, or a file cannot be written.
    pub fn run(
        &mut self,
        watch: &mut dyn FnMut(&TrainingProgress) -> bool,
    ) -> Result<(), TrainError> {
        let mut saved = Instant::now();
        let mut smooth = Smooth::default();
        let mut go_on = true;
        while go_on && !self.state.finished && self.state.step < self.config.training.steps {
            let lines = std::mem::replace(&mut self.lines, Encoded::new_empty());
            let epoch = lines.epoch(self.config.training.batch, self.config.seed, self.state.epoch);
            while go_on
                && !self.state.finished
                && self.state.batch < epoch.len()
                && self.state.step < self.config.training.steps
            {
                let started = Instant::now();
                let batch = epoch.batch(self.state.batch);
                let inner = self.aggressive_steps(&epoch)?;
                let losses =
                    self.step(&batch, self.state.step as u64, Part::after(inner.is_some()))?;
                self.state.step += 1;
                self.state.batch += 1;
                smooth.add(&losses, batch.lines, started.elapsed().as_secs_f64());
                let step = self.state.step;
                if step.is_multiple_of(LOG_EVERY) {
                    let term = self.kl_term(step - 1);
                    self.log.step(step, &smooth, term.weight, self.rate(step - 1))?;
                }
                if step.is_multiple_of(self.config.training.validate_every) {
                    self.validate_and_judge()?;
                }
                if step == self.config.autoencoder.steps && self.config.autoencoder.reset_decoder {
                    self.reset_decoder()?;
                }
                go_on = watch(&TrainingProgress {
                    step,
                    steps: self.config.training.steps,
                    epochs: self.state.epoch as f64 + self.state.batch as f64 / epoch.len() as f64,
                    reconstruction: smooth.reconstruction,
                    divergence: smooth.divergence,
                    lines_a_second: smooth.lines / smooth.seconds,
                });
                if saved.elapsed().as_secs_f64() > self.config.training.checkpoint_seconds {
                    self.save()?;
                    saved = Instant::now();
                }
            }
            if self.state.batch >= epoch.len() {
                self.state.epoch += 1;
                self.state.batch = 0;
                if self.state.aggressive {
                    self.judge_aggression()?;
                }
            }
            self.lines = lines;
        }
        if go_on && !self.state.finished {
            self.validate_and_judge()?;
        }
        self.save()
    }

    /// One step on a batch, on the weights that `part` names.
    fn step(&mut self, batch: &Batch, number: u64, part: Part) -> Result<Losses, TrainError> {
        let draws = self.draws(batch, number);
        let losses = losses(&self.network, batch, &draws, self.kl_term(self.state.step))?;
        let gradients = losses.total.backward()?;
        let rate = self.rate(self.state.step);
        let settings = (self.config.training.optimizer, rate, self.config.training.clip);
        let parameters = self.network.parameters_mut();
        optimizer::step(parameters, &gradients, &mut self.moments, settings, |name| part.has(name))
            .map_err(|e| TrainError::new(format!("step {}: {e}", self.state.step)))?;
        Ok(losses)
    }

    /// Steps of the encoder alone, while it is trained aggressively: until, over so many of them,
    /// the loss per token has stopped falling. Says how many there were.
    fn aggressive_steps(&mut self, epoch: &corpus::Epoch) -> Result<Option<usize>, TrainError> {
        if !self.state.aggressive {
            return Ok(None);
        }
        let (mut before, mut sum, mut tokens) = (f64::INFINITY, 0.0, 0.0);
        let settings = self.config.aggressive.clone();
        let mut rng = self.rng(self.state.step as u64, 1);
        for inner in 1..=settings.max_inner_steps {
            let batch = epoch.batch((rng.next_u64() % epoch.len() as u64) as usize);
            let number = (inner as u64) << 40 | self.state.step as u64;
            let losses = self.step(&batch, number, Part::Encoder)?;
            sum += f64::from(losses.total.to_scalar::<f32>()?) * batch.lines as f64;
            tokens += batch.n_targets() as f64;
            if inner % settings.compare_every == 0 {
                let now = sum / tokens;
                if now > before {
                    return Ok(Some(inner));
                }
                (before, sum, tokens) = (now, 0.0, 0.0);
            }
        }
        Ok(Some(settings.max_inner_steps))
    }

    /// At the end of a pass: aggression ends for good when the mutual information has fallen.
    fn judge_aggression(&mut self) -> Result<(), TrainError> {
        let now = self.validate()?.mutual_information;
        self.state.aggressive = now >= self.state.mutual_information;
        self.state.mutual_information = now;
        Ok(())
    }

    /// Randomness that depends on the seed and on these two numbers alone.
    fn rng(&self, number: u64, purpose: u64) -> ChaCha8Rng {
        let mut rng = ChaCha8Rng::seed_from_u64(self.config.seed.wrapping_add(purpose << 32));
        rng.set_stream(number);
        rng
    }

    fn draws(&self, batch: &Batch, number: u64) -> Draws {
        let mut rng = self.rng(number, 2);
        let training = &self.config.training;
        let whole = self.state.step + training.whole_softmax_steps >= training.steps;
        let candidates = if whole { 1.0 } else { training.candidates };
        Draws::draw(&mut rng, batch, self.network.model(), training, candidates)
    }

    fn kl_term(&self, step: usize) -> KlTerm {
        match step.checked_sub(self.config.autoencoder.steps) {
            Some(step) => KlTerm {
                weight: self.config.kl.weight * self.config.kl.annealing.share(step),
                floor: self.config.kl.floor,
            },
            None => KlTerm { weight: 0.0, floor: 0.0 },
        }
    }

    fn rate(&self, step: usize) -> f32 {
        let training = &self.config.training;
        let share = rate_share(step, training.warmup, training.cooldown, training.steps);
        match training.optimizer {
            Optimizer::Adam { rate } => rate * share,
            Optimizer::Sgd { rate } => rate * share * 0.5_f32.powi(self.state.halvings as i32),
        }
    }

    /// The decoder starts afresh, now that the encoder knows what lines are (Li et al. 2019).
    fn reset_decoder(&mut self) -> Result<(), TrainError> {
        let prefixes = ["decoder.", "output.", "expansion."];
        let (range, seed) = (self.config.model.init_range, self.config.seed.wrapping_add(1));
        self.network.parameters_mut().reset(&prefixes, range, seed)?;
        let reset = |name: &str| prefixes.iter().any(|prefix| name.starts_with(prefix));
        self.moments.reset(self.network.parameters(), reset);
        Ok(())
    }

    /// How the network does on the validation lines.
    ///
    /// # Errors
    /// Only if memory runs out.
    pub fn validate(&self) -> Result<Validation, TrainError> {
        let model = self.network.model();
        let kl = &self.config.kl;
        let mut rng = self.rng(0, 3);
        let mut sum = Validation::default();
        let (mut n_lines, mut draws) = (0.0, Vec::new());
        let mut posteriors = Posteriors::default();
        let mut per_dimension = vec![0.0; model.latent];
        for batch in self.validation.batches(VALIDATION_BATCH) {
            let lines = batch.lines as f64;
            n_lines += lines;
            if model.latent == 0 {
                sum.reconstruction += self.network.line_losses(&batch, None)?.iter().sum::<f64>();
                continue;
            }
            let moments = self.network.encode(&batch)?;
            let noise = Noise::draw(&mut rng, model.posterior, batch.lines, model.latent);
            let z = latent::sample(&moments, &noise, model.posterior)?;
            sum.reconstruction += self.network.line_losses(&batch, Some(&z))?.iter().sum::<f64>();
            let divergence = latent::divergence(&moments, model.posterior)?.to_vec1::<f32>()?;
            for (total, kl) in per_dimension.iter_mut().zip(divergence) {
                *total += f64::from(kl) * lines;
            }
            posteriors.extend(Posteriors::of(&moments)?);
            draws.extend(z.flatten_all()?.to_vec1::<f32>()?);
        }
        sum.reconstruction /= n_lines;
        per_dimension.iter_mut().for_each(|kl| *kl /= n_lines);
        sum.divergence = per_dimension.iter().sum();
        let floored = per_dimension.iter().map(|nats| nats.max(kl.floor)).sum::<f64>();
        sum.objective = sum.reconstruction + kl.weight * floored;
        if model.latent > 0 {
            sum.mutual_information = posteriors.mutual_information(&draws, model.posterior);
            sum.active_units = posteriors.active_units();
        }
        Ok(sum)
    }

    /// Validates, keeps the model if it is the best so far, and stops or slows down if it has not
    /// been for too long.
    fn validate_and_judge(&mut self) -> Result<(), TrainError> {
        let validation = self.validate()?;
        self.log.validation(self.state.step, &validation)?;
        plot::write(&self.dir.join("losses.svg"), "Training", &self.log.curves())?;
        if self.state.best.is_none_or(|best| validation.objective < best) {
            self.state.best = Some(validation.objective);
            self.state.stale = 0;
            let path = self.dir.join(MODEL_DIR).join(WEIGHTS_FILE);
            checkpoint::export(&path, &self.network, self.directions()?)?;
            return Ok(());
        }
        self.state.stale += 1;
        if matches!(self.config.training.optimizer, Optimizer::Sgd { .. })
            && self.state.stale.is_multiple_of(2)
        {
            self.state.halvings += 1;
            self.state.finished = self.state.halvings > MAX_HALVINGS;
        }
        let patience = self.config.training.patience;
        self.state.finished |= patience > 0 && self.state.stale >= patience;
        Ok(())
    }

    /// The mean of all validation lines' posteriors, `space.mean` `[Z]`, and the directions in which
    /// they vary most, `space.principal` `[Z, Z]`, a unit row each, with the standard deviation
    /// along each, `space.deviation` `[Z]`: axes for walks and grids.
    fn directions(&self) -> Result<Vec<(String, Tensor)>, TrainError> {
        if self.network.model().latent == 0 {
            return Ok(Vec::new());
        }
        let mut posteriors = Posteriors::default();
        for batch in self.validation.batches(VALIDATION_BATCH) {
            posteriors.extend(Posteriors::of(&self.network.encode(&batch)?)?);
        }
        let (mean, axes, deviation) = super::principal::directions(&posteriors);
        let (z, cpu) = (mean.len(), &candle_core::Device::Cpu);
        Ok(vec![
            ("space.mean".into(), Tensor::from_vec(mean, z, cpu)?),
            ("space.principal".into(), Tensor::from_vec(axes, (z, z), cpu)?),
            ("space.deviation".into(), Tensor::from_vec(deviation, z, cpu)?),
        ])
    }

    fn save(&self) -> Result<(), TrainError> {
        checkpoint::save(&self.dir, &self.state, &self.network, &self.moments)
    }
}

/// Which weights a step changes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    All,
    Encoder,
    Decoder,
}

impl Part {
    fn after(encoder_was_trained: bool) -> Part {
        if encoder_was_trained { Part::Decoder } else { Part::All }
    }

    fn has(self, name: &str) -> bool {
        let encoder = name.starts_with("encoder.");
        match self {
            Part::All => true,
            Part::Encoder => encoder,
            Part::Decoder => !encoder,
        }
    }
}

/// What must be the same for a run to go on as it began.
fn identity(config: &Config) -> String {
    let parts = (config.seed, &config.corpus, &config.model);
    serde_json::to_string(&parts).unwrap_or_default()
}

/// Averages over about the last fifty steps.
#[derive(Default)]
struct Smooth {
    reconstruction: f64,
    divergence: f64,
    lines: f64,
    seconds: f64,
    weight: f64,
}

impl Smooth {
    fn add(&mut self, losses: &Losses, lines: usize, seconds: f64) {
        self.weight = self.weight * 0.98 + 0.02;
        let share = 0.02 / self.weight;
        for (average, new) in [
            (&mut self.reconstruction, losses.reconstruction),
            (&mut self.divergence, losses.divergence),
            (&mut self.lines, lines as f64),
            (&mut self.seconds, seconds),
        ] {
            *average += share * (new - *average);
        }
    }
}

/// Overwrites the embeddings of the tokens that a file of word vectors has.
fn load_embeddings(
    network: &mut TrainableNetwork,
    vocabulary: &Vocabulary,
    path: &Path,
) -> Result<(), TrainError> {
    let error = |what: String| TrainError::new(format!("{}: {what}", path.display()));
    let text = std::fs::read_to_string(path).map_err(|e| error(e.to_string()))?;
    let width = network.model().embedding;
    let table = network.parameters().get("embedding").flatten_all()?;
    let mut table = table.to_vec1::<f32>()?;
    let ids: std::collections::HashMap<&str, usize> =
        (0..vocabulary.len()).map(|id| (vocabulary.token(id as u32), id)).collect();
    let mut n_found = 0;
    for (number, line) in text.lines().enumerate() {
        let mut columns = line.split(' ').filter(|column| !column.is_empty());
        let Some(id) = columns.next().and_then(|token| ids.get(token)) else { continue };
        let numbers: Result<Vec<f32>, _> = columns.map(str::parse).collect();
        let numbers = numbers.map_err(|e| error(format!("line {}: {e}", number + 1)))?;
        if numbers.len() != width {
            return Err(error(format!(
                "line {} has {} numbers; model.embedding expects {width}",
                number + 1,
                numbers.len()
            )));
        }
        table[id * width..(id + 1) * width].copy_from_slice(&numbers);
        n_found += 1;
    }
    if n_found == 0 {
        return Err(error("none of its tokens is in the vocabulary".into()));
    }
    Ok(network.parameters_mut().set("embedding", table)?)
}
