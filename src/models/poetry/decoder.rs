//! The decoder: points of the latent space to lines of sub-words, many at a time.

use super::choose::{draw, likeliest};
use super::constraints::{Constraints, LONGEST};
use super::lexicon::{Lexicon, WordProgress};
use super::network::VerseNetwork;
use super::states::States;
use super::vocabulary::{END, START};
use super::{beam, beam::MAX_BEAMS};
use enjamb_core::model::Error;
use enjamb_numeric::vector;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use std::sync::Arc;

/// Lines that are written side by side: enough that each weight that is fetched is used often.
const BATCH: usize = 64;
/// Lines whose logits are computed at once: a megabyte, which stays in the second cache.
const LOGITS: usize = 32;

/// Sub-words that are tried for one that makes a word, before all are looked through. Nearly always
/// the first will do.
const MAX_TRIES: usize = 16;

/// How the next sub-word is found.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Decoding {
    /// The likeliest, every time.
    Greedy,
    /// Drawn from the softmax of `logits / temperature`, cut to the likeliest that together have
    /// the share `top_p`.
    Sample {
        /// Above 0: near 0 the likeliest, 1 the model's own distribution, above 1 wilder.
        temperature: f32,
        /// In 0..=1; 1 cuts nothing.
        top_p: f32,
    },
    /// The likeliest line that a search finds which follows this many lines at once, at most
    /// [`MAX_BEAMS`].
    Beam {
        /// How many lines are followed.
        width: usize,
    },
}

/// A line that is wanted. What becomes of it follows from this alone, whatever is written along
/// with it.
#[derive(Clone, Debug)]
pub struct DecodeOptions {
    /// `[Z]`: where it lies in the latent space.
    pub z: Vec<f32>,
    /// How it is written.
    pub method: Decoding,
    /// What it must and must not have.
    pub constraints: Arc<Constraints>,
    /// The seed of what is drawn for it.
    pub seed: u64,
}

/// A decoder with its buffers. It uses one thread.
pub struct Decoder {
    lexicon: Arc<Lexicon>,
    states: States,
    weights: Vec<f32>,
    nucleus: Vec<(f32, u32)>,
}

/// A line that is being written.
struct Line<'a> {
    number: usize,
    wish: &'a DecodeOptions,
    place: usize,
    ids: Vec<u32>,
    progress: WordProgress,
    rng: ChaCha8Rng,
    has_ended: bool,
}

/// What is told while lines are written. Whoever hears it may end the writing with an error.
#[derive(Debug)]
pub enum News<'a, L: ?Sized> {
    /// Another step begins.
    Step,
    /// The line of this number has ended.
    Line(usize, &'a L),
}

impl Decoder {
    /// A decoder.
    pub fn new(network: Arc<VerseNetwork>, lexicon: Arc<Lexicon>) -> Decoder {
        const { assert!(2 * MAX_BEAMS <= BATCH && MAX_BEAMS <= LOGITS) };
        let weights = Vec::with_capacity(network.sizes().vocabulary);
        let nucleus = Vec::with_capacity(network.sizes().vocabulary);
        Decoder { states: States::new(network, BATCH), lexicon, weights, nucleus }
    }

    /// Writes lines, at most so many side by side: takes a wish with its number from `next` whenever
    /// there is room for one, and tells each line's sub-words, without start and end, as soon as it
    /// has ended.
    ///
    /// # Errors
    ///
    /// What `tell` gives.
    pub fn write<'a>(
        &mut self,
        side_by_side: usize,
        mut next: impl FnMut() -> Option<(usize, &'a DecodeOptions)>,
        mut tell: impl FnMut(News<[u32]>) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let mut free: Vec<usize> = (0..side_by_side.clamp(1, BATCH)).rev().collect();
        let mut lines: Vec<Line> = Vec::new();
        let mut searches: Vec<(usize, &DecodeOptions)> = Vec::new();
        loop {
            while let Some(&place) = free.last() {
                let Some((number, wish)) = next() else { break };
                if matches!(wish.method, Decoding::Beam { .. }) {
                    searches.push((number, wish));
                    continue;
                }
                free.pop();
                self.states.start(place, &wish.z);
                lines.push(Line {
                    number,
                    wish,
                    place,
                    ids: Vec::with_capacity(LONGEST),
                    progress: WordProgress::default(),
                    rng: ChaCha8Rng::seed_from_u64(wish.seed),
                    has_ended: false,
                });
            }
            if lines.is_empty() {
                break;
            }
            tell(News::Step)?;
            self.step(&mut lines);
            for line in lines.extract_if(.., |line| line.has_ended) {
                free.push(line.place);
                tell(News::Line(line.number, &line.ids))?;
            }
        }
        for (number, wish) in searches {
            let step = || tell(News::Step);
            let ids = beam::search(&mut self.states, &self.lexicon, wish, step)?;
            tell(News::Line(number, &ids))?;
        }
        Ok(())
    }

    /// Takes every line a sub-word further.
    fn step(&mut self, lines: &mut [Line]) {
        let input = |line: &Line| (line.place, line.ids.last().copied().unwrap_or(START));
        self.states.step(lines.iter().map(input));
        let mut first = 0;
        while first < lines.len() {
            let n = LOGITS.min(lines.len() - first);
            let group = &mut lines[first..first + n];
            first += n;
            if group.iter().all(|line| line.is_forced()) {
                group.iter_mut().for_each(|line| line.push_forced(&self.lexicon));
                continue;
            }
            let logits = self.states.logits(group.iter().map(|line| line.place));
            let rows = logits.chunks_exact_mut(logits.len() / n);
            for (line, logits) in group.iter_mut().zip(rows) {
                if line.is_forced() {
                    line.push_forced(&self.lexicon);
                    continue;
                }
                let constraints = &line.wish.constraints;
                constraints.mask(&self.lexicon, &line.progress, &line.ids, logits);
                let mut choose = |logits: &[f32]| match line.wish.method {
                    Decoding::Sample { temperature, top_p } => {
                        let (weights, nucleus) = (&mut self.weights, &mut self.nucleus);
                        draw(logits, temperature, top_p, &mut line.rng, weights, nucleus)
                    }
                    _ => likeliest(logits),
                };
                let first = choose(logits);
                let mut id = first;
                for n_tried in 1.. {
                    if self.lexicon.allows(&line.progress, id) {
                        break;
                    }
                    logits[id as usize] = f32::NEG_INFINITY;
                    if n_tried == MAX_TRIES {
                        self.lexicon.mask(&line.progress, logits);
                    }
                    if vector::greatest(logits) == f32::NEG_INFINITY {
                        id = first;
                        break;
                    }
                    id = choose(logits);
                }
                line.push(id, &self.lexicon);
            }
        }
    }
}

impl Line<'_> {
    fn is_forced(&self) -> bool {
        self.wish.constraints.forced(self.ids.len()).is_some()
    }

    fn push_forced(&mut self, lexicon: &Lexicon) {
        let forced = self.wish.constraints.forced(self.ids.len());
        self.push(forced.unwrap_or(END), lexicon);
    }

    fn push(&mut self, id: u32, lexicon: &Lexicon) {
        if id != END {
            self.ids.push(id);
            lexicon.advance(&mut self.progress, id);
        }
        self.has_ended = id == END || self.ids.len() == LONGEST;
    }
}

#[cfg(test)]
mod test;
