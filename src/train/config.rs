//! What is trained and how: the whole of a training run in one TOML file.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::TrainError;
use super::schedule::Annealing;

/// A training run. Every field has a default; the defaults train the model that ships.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Seeds the weights, the order of the lines, and all noise.
    pub seed: u64,
    /// Threads; the machine's if 0. Sums are split among them, so results are the same to the bit
    /// only for the same number.
    pub threads: usize,
    /// Which lines.
    pub corpus: Corpus,
    /// The network.
    pub model: ModelConfig,
    /// Optimizer, length and regularisation.
    pub training: Training,
    /// The divergence's weight over time, and its floor.
    pub kl: Kl,
    /// Training as an autoencoder first (Li et al. 2019).
    pub autoencoder: Autoencoder,
    /// Aggressive training of the encoder (He et al. 2019).
    pub aggressive: Aggressive,
}

/// Which lines are trained on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Corpus {
    /// Fewest words of a line.
    pub min_words: usize,
    /// Most words of a line.
    pub max_words: usize,
    /// Most tokens of a line, the end not counted.
    pub max_tokens: usize,
    /// Lines with a word that stands in the corpus fewer times than this are left out.
    pub min_word_count: usize,
    /// Most lines, drawn at random; all if 0.
    pub lines: usize,
    /// Lines kept apart for validation and evaluation.
    pub held_out: usize,
}

/// The network's sizes and kinds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ModelConfig {
    /// Sub-words, about; the vocabulary that is learned may be smaller.
    pub vocabulary: usize,
    /// The folder of a trained model of these sizes to start from, with its vocabulary: to go on
    /// with it, or to turn it towards other lines.
    pub start_from: Option<PathBuf>,
    /// A vocabulary to take instead of learning one.
    pub vocabulary_file: Option<PathBuf>,
    /// Pretrained sub-word vectors, as text: a token and its numbers a line (word2vec's format, that
    /// of BPEmb). Tokens that are not in the vocabulary are passed over.
    pub embedding_file: Option<PathBuf>,
    /// E: width of the sub-word embedding that encoder, decoder and output layer share.
    pub embedding: usize,
    /// H: hidden units of the encoder.
    pub encoder: usize,
    /// D: hidden units of the decoder.
    pub decoder: usize,
    /// Z: width of the latent space. 0 makes a language model: a decoder alone.
    pub latent: usize,
    /// The posterior's family.
    pub posterior: PosteriorKind,
    /// What reads the latent vector.
    pub expansion: Expansion,
    /// Weights start uniform in ± this; if 0, in ± 1/sqrt(inputs) as is usual with Adam.
    pub init_range: f32,
}

/// The family of q(z|x).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum PosteriorKind {
    /// A Gaussian with a variance for each dimension (Kingma and Welling 2014).
    Gaussian,
    /// A von Mises-Fisher distribution on the sphere, of fixed concentration, so that its
    /// divergence from the uniform prior is a constant (Xu and Durrett 2018).
    VonMisesFisher {
        /// κ: 0 is uniform; the larger, the narrower.
        concentration: f64,
    },
}

/// How the latent vector reaches the decoder.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Expansion {
    /// The same vector at every step (He et al. 2019).
    Constant,
    /// Deconvolutions make it a sequence, which the LSTM reads beside the words, and which must
    /// predict the words by itself as well (Semeniuta et al. 2017).
    Convolution {
        /// Channels of the sequence.
        channels: usize,
        /// Weight of the deconvolution's own loss.
        alpha: f64,
    },
}

/// Optimizer, length and regularisation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Training {
    /// Steps of the whole run, autoencoder included.
    pub steps: usize,
    /// B: lines a step, all of one length.
    pub batch: usize,
    /// How gradients become steps.
    pub optimizer: Optimizer,
    /// The largest norm of a gradient over all weights; longer ones are shortened to it.
    pub clip: f32,
    /// Steps over which the rate rises from nothing.
    pub warmup: usize,
    /// Steps at the end over which the rate falls to a twentieth.
    pub cooldown: usize,
    /// Probability that the decoder does not get to see a token of its own line (Bowman et al.
    /// 2016).
    pub word_dropout: f64,
    /// Probability that an output of the decoder is set to zero.
    pub output_dropout: f64,
    /// Share of the words beside a batch's own that its softmax is summed over; 1 for all.
    pub candidates: f64,
    /// Steps from the end on which it is summed over all words in any case.
    pub whole_softmax_steps: usize,
    /// Steps between two validations.
    pub validate_every: usize,
    /// Validations without improvement after which training stops; 0 for never.
    pub patience: usize,
    /// Seconds between two checkpoints.
    pub checkpoint_seconds: f64,
}

/// How gradients become steps.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Optimizer {
    /// Kingma and Ba 2015, with betas 0.9 and 0.999.
    Adam {
        /// The step's length.
        rate: f32,
    },
    /// Plain descent. The rate is halved when validation has not improved twice in a row, five
    /// times at most (He et al. 2019).
    Sgd {
        /// The step's length as a multiple of the gradient.
        rate: f32,
    },
}

/// The divergence's weight over time, and its floor.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Kl {
    /// The weight at its highest.
    pub weight: f64,
    /// How it gets there.
    pub annealing: Annealing,
    /// Nats that each dimension may have for nothing (free bits, Li et al. 2019).
    pub floor: f64,
}

/// Training as an autoencoder first (Li et al. 2019).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Autoencoder {
    /// Steps without the divergence.
    pub steps: usize,
    /// Whether the decoder then starts afresh.
    pub reset_decoder: bool,
}

/// Aggressive training of the encoder (He et al. 2019).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Aggressive {
    /// Whether the encoder is trained to convergence before each step of the decoder, until the
    /// mutual information on validation lines stops rising.
    pub enabled: bool,
    /// Most steps of the encoder for one of the decoder.
    pub max_inner_steps: usize,
    /// After so many of them it is asked whether the loss still falls.
    pub compare_every: usize,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            seed: 1,
            threads: 0,
            corpus: Corpus::default(),
            model: ModelConfig::default(),
            training: Training::default(),
            kl: Kl::default(),
            autoencoder: Autoencoder::default(),
            aggressive: Aggressive::default(),
        }
    }
}

impl Default for Corpus {
    fn default() -> Self {
        Self {
            min_words: 3,
            max_words: 14,
            max_tokens: 24,
            min_word_count: 0,
            lines: 0,
            held_out: 10_000,
        }
    }
}

impl Default for ModelConfig {
    fn default() -> Self {
        Self {
            vocabulary: 8000,
            start_from: None,
            vocabulary_file: None,
            embedding_file: None,
            embedding: 256,
            encoder: 512,
            decoder: 512,
            latent: 64,
            posterior: PosteriorKind::Gaussian,
            expansion: Expansion::Constant,
            init_range: 0.0,
        }
    }
}

impl Default for Training {
    fn default() -> Self {
        Self {
            steps: 20_000,
            batch: 256,
            optimizer: Optimizer::Adam { rate: 1e-3 },
            clip: 5.0,
            warmup: 100,
            cooldown: 0,
            word_dropout: 0.3,
            output_dropout: 0.2,
            candidates: 1.0,
            whole_softmax_steps: 0,
            validate_every: 500,
            patience: 0,
            checkpoint_seconds: 120.0,
        }
    }
}

impl Default for Kl {
    fn default() -> Self {
        Self { weight: 1.0, annealing: Annealing::Constant, floor: 0.0 }
    }
}

impl Default for Autoencoder {
    fn default() -> Self {
        Self { steps: 0, reset_decoder: true }
    }
}

impl Default for Aggressive {
    fn default() -> Self {
        Self { enabled: false, max_inner_steps: 100, compare_every: 15 }
    }
}

impl Config {
    /// Reads and checks a file.
    ///
    /// # Errors
    /// Says where the file is wrong and what was expected.
    pub fn read(path: &Path) -> Result<Config, TrainError> {
        let text = std::fs::read_to_string(path)
            .map_err(|error| TrainError::new(format!("{}: {error}", path.display())))?;
        let config: Config = toml::from_str(&text)
            .map_err(|error| TrainError::new(format!("{}: {error}", path.display())))?;
        config.check().map_err(|error| TrainError::new(format!("{}: {error}", path.display())))?;
        Ok(config)
    }

    /// Checks what a type cannot say.
    ///
    /// # Errors
    /// Names the field, what it is, and what was expected.
    pub fn check(&self) -> Result<(), TrainError> {
        let share = |name: &str, x: f64| match (0.0..1.0).contains(&x) {
            true => Ok(()),
            false => Err(TrainError::new(format!("{name} is {x}; expected 0 to 1, less than 1"))),
        };
        let positive = |name: &str, x: f64| match x > 0.0 && x.is_finite() {
            true => Ok(()),
            false => Err(TrainError::new(format!("{name} is {x}; expected more than 0"))),
        };
        let (Optimizer::Adam { rate } | Optimizer::Sgd { rate }) = self.training.optimizer;
        share("training.word_dropout", self.training.word_dropout)?;
        share("training.output_dropout", self.training.output_dropout)?;
        positive("training.optimizer.rate", f64::from(rate))?;
        positive("training.clip", f64::from(self.training.clip))?;
        for (name, size) in [
            ("training.batch", self.training.batch),
            ("training.validate_every", self.training.validate_every),
            ("model.embedding", self.model.embedding),
            ("model.encoder", self.model.encoder),
            ("model.decoder", self.model.decoder),
            ("corpus.max_tokens", self.corpus.max_tokens),
            ("corpus.held_out", self.corpus.held_out),
            ("aggressive.compare_every", self.aggressive.compare_every),
        ] {
            positive(name, size as f64)?;
        }
        let candidates = self.training.candidates;
        if !(candidates > 0.0 && candidates <= 1.0) {
            return Err(TrainError::new(format!(
                "training.candidates is {candidates}; expected more than 0, at most 1"
            )));
        }
        if self.model.vocabulary < 32 {
            return Err(TrainError::new("model.vocabulary is below 32: too few for the alphabet"));
        }
        if let PosteriorKind::VonMisesFisher { concentration } = self.model.posterior {
            positive("model.posterior.concentration", concentration)?;
            if self.model.latent < 3 {
                return Err(TrainError::new(
                    "a von Mises-Fisher posterior needs a latent of 3 or more",
                ));
            }
        }
        self.kl.annealing.check()
    }

    /// The number of threads to use.
    pub fn threads(&self) -> usize {
        match self.threads {
            0 => std::thread::available_parallelism().map_or(1, usize::from),
            threads => threads,
        }
    }
}
