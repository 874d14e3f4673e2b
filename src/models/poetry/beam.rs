//! Beam search: the likeliest line of those that are reached by following a few at once.
//!
//! A line's score is the sum of the log probabilities of its sub-words and its end, without
//! normalising by its length: z says how long a line should be. Since a score only falls, the
//! search is over when no line that goes on is likelier than the best that has ended.

use super::constraints::LONGEST;
use super::decoder::{DecodeOptions, Decoding};
use super::lexicon::{Lexicon, WordProgress};
use super::states::States;
use super::vocabulary::{END, START};
use enjamb_core::model::Error;
use enjamb_numeric::vector;

/// The most lines that a search follows at once.
pub const MAX_BEAMS: usize = 16;

/// A line that goes on.
struct Beam {
    ids: Vec<u32>,
    progress: WordProgress,
    score: f64,
}

/// A beam with one sub-word more.
struct Candidate {
    beam: usize,
    id: u32,
    score: f64,
}

/// The sub-words of the likeliest line that is found, without start and end. `step` is called
/// before every step, and its error ends the search.
pub(super) fn search(
    states: &mut States,
    lexicon: &Lexicon,
    wish: &DecodeOptions,
    mut step: impl FnMut() -> Result<(), Error>,
) -> Result<Vec<u32>, Error> {
    let width = match wish.method {
        Decoding::Beam { width } => width.clamp(1, MAX_BEAMS),
        _ => 1,
    };
    // Each beam's state is in the place of its number; those of the next step are gathered in as
    // many places behind, and the halves swap.
    let (mut here, mut there) = (0, MAX_BEAMS);
    for place in (0..width).chain(MAX_BEAMS..MAX_BEAMS + width) {
        states.start(place, &wish.z);
    }
    let mut beams = vec![Beam { ids: Vec::new(), progress: WordProgress::default(), score: 0.0 }];
    let mut best: Option<(f64, Vec<u32>)> = None;
    let mut candidates: Vec<Candidate> = Vec::new();
    let mut weights = Vec::new();
    while !beams.is_empty() {
        step()?;
        let input =
            |(i, beam): (usize, &Beam)| (here + i, beam.ids.last().copied().unwrap_or(START));
        states.step(beams.iter().enumerate().map(input));
        if let Some(id) = wish.constraints.forced(beams[0].ids.len()) {
            beams[0].push(id, lexicon);
            continue;
        }
        candidates.clear();
        let logits = states.logits((0..beams.len()).map(|i| here + i));
        let n_tokens = logits.len() / beams.len();
        for (i, (beam, logits)) in beams.iter().zip(logits.chunks_exact_mut(n_tokens)).enumerate() {
            weights.resize(n_tokens, 0.0);
            let greatest = vector::greatest(logits);
            let sum = vector::exponentials(&mut weights, logits, greatest, 1.0);
            let normaliser = f64::from(greatest) + f64::from(sum).ln();
            wish.constraints.mask(lexicon, &beam.progress, &beam.ids, logits);
            let mut least = f32::NEG_INFINITY;
            let first = candidates.len();
            for (id, &logit) in logits.iter().enumerate() {
                // A beam has no more than `width` successors among the best, and perhaps its end.
                if logit > least && lexicon.allows(&beam.progress, id as u32) {
                    let score = beam.score + f64::from(logit) - normaliser;
                    candidates.push(Candidate { beam: i, id: id as u32, score });
                    if candidates.len() - first > 4 * width {
                        keep_best(&mut candidates, first, width + 1);
                        let last = candidates.last().map_or(0, |candidate| candidate.id);
                        least = logits[last as usize];
                    }
                }
            }
        }
        keep_best(&mut candidates, 0, 2 * width);
        let mut followed = Vec::with_capacity(width);
        for Candidate { beam, id, score } in candidates.drain(..) {
            let ids = &beams[beam].ids;
            if id == END || ids.len() + 1 == LONGEST {
                let is_better = best.as_ref().is_none_or(|(best, _)| score > *best);
                if is_better {
                    let last = (id != END).then_some(id);
                    best = Some((score, ids.iter().copied().chain(last).collect()));
                }
            } else if followed.len() < width {
                states.copy(here + beam, there + followed.len());
                let mut ids = Vec::with_capacity(LONGEST);
                ids.extend_from_slice(&beams[beam].ids);
                let progress = beams[beam].progress.clone();
                let mut followed_by = Beam { ids, progress, score };
                followed_by.push(id, lexicon);
                followed.push(followed_by);
            }
        }
        std::mem::swap(&mut here, &mut there);
        beams = followed;
        if let Some((best, _)) = &best {
            beams.truncate(beams.partition_point(|beam| beam.score > *best));
        }
    }
    Ok(best.map_or_else(Vec::new, |(_, ids)| ids))
}

/// Sorts the candidates from number `first` on, best first, and keeps `n` of them. Of equal ones
/// the earlier beam and the smaller id come first, so that the order follows from the scores alone.
fn keep_best(candidates: &mut Vec<Candidate>, first: usize, n: usize) {
    candidates[first..].sort_unstable_by(|a, b| {
        b.score.total_cmp(&a.score).then((a.beam, a.id).cmp(&(b.beam, b.id)))
    });
    candidates.truncate(first + n);
}

impl Beam {
    fn push(&mut self, id: u32, lexicon: &Lexicon) {
        self.ids.push(id);
        lexicon.advance(&mut self.progress, id);
    }
}
