//! Lines to train on: read, cleaned, chosen, and put into batches of equal length.

use std::collections::{HashMap, HashSet};
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};
use rayon::prelude::*;

use super::network::Batch;
use super::{TrainError, config, vocabulary};
use enjamb_models::poetry::vocabulary::{UNKNOWN, Vocabulary, clean, words};

/// A word is a name if it is written with a capital in this share of its places within a line.
const CAPITAL_SHARE: f64 = 0.85;
/// And if it was seen so often.
const CAPITAL_COUNT: u32 = 20;
/// A word that is seen less often is not written: most such are slips.
const MIN_WRITTEN_COUNT: usize = 2;
/// Lines that a vocabulary is learned from, at most.
const VOCABULARY_LINES: usize = 1_000_000;

/// Distinct lines in a seeded random order, cleaned.
pub struct Lines {
    /// Lines kept apart.
    pub held_out: Vec<String>,
    /// Lines to train on.
    pub training: Vec<String>,
    /// Words, lower case, that are nearly always written with a capital.
    pub capitals: HashSet<String>,
    /// Words that a model of these lines may write.
    pub words: Vec<String>,
}

/// Reads a text with a line of verse on each line; or with columns, separated by tabs, of which the
/// last is the line. A name that ends in `.zst` is decompressed.
///
/// # Errors
/// When the file cannot be read, or has too few lines that fit.
pub fn read(path: &Path, config: &config::Corpus, seed: u64) -> Result<Lines, TrainError> {
    let error = |what: String| TrainError::new(format!("the corpus {}: {what}", path.display()));
    let file = File::open(path).map_err(|e| error(e.to_string()))?;
    let reader: Box<dyn Read> = match path.extension().is_some_and(|ending| ending == "zst") {
        true => Box::new(
            ruzstd::decoding::StreamingDecoder::new(file).map_err(|e| error(e.to_string()))?,
        ),
        false => Box::new(file),
    };
    let mut raw = Vec::new();
    for line in BufReader::new(reader).lines() {
        let line = line.map_err(|e| error(e.to_string()))?;
        raw.push(line.rsplit('\t').next().unwrap_or_default().to_owned());
    }
    let capitals = capitals(&raw);
    let cleaned: Vec<String> = raw.par_iter().map(|line| clean(line)).collect();
    let mut seen = HashSet::new();
    let mut lines: Vec<String> = cleaned
        .into_iter()
        .filter(|line| {
            let n_words = line.split(' ').count();
            (config.min_words..=config.max_words).contains(&n_words) && seen.insert(line.clone())
        })
        .collect();
    shuffle(&mut lines, &mut ChaCha8Rng::seed_from_u64(seed));
    if lines.len() < 2 * config.held_out {
        return Err(error(format!(
            "{} distinct lines of {} to {} words; expected at least twice the {} to be held out",
            lines.len(),
            config.min_words,
            config.max_words,
            config.held_out
        )));
    }
    let mut training = lines.split_off(config.held_out);
    // Only now, so that a line that is held out is so whatever words are asked for.
    if config.min_word_count > 1 {
        let common = common_words(&training, config.min_word_count);
        let is_common = |line: &String| words(line).all(|word| common.contains(word));
        lines.retain(is_common);
        training.retain(is_common);
    }
    if config.lines > 0 {
        training.truncate(config.lines);
    }
    let words = common_words(&training, MIN_WRITTEN_COUNT).into_iter().collect();
    Ok(Lines { held_out: lines, training, capitals, words })
}

/// The words that stand in `lines` at least `min_count` times.
fn common_words(lines: &[String], min_count: usize) -> HashSet<String> {
    let mut counts: HashMap<&str, usize> = HashMap::new();
    for word in lines.iter().flat_map(|line| words(line)) {
        *counts.entry(word).or_default() += 1;
    }
    counts.retain(|_, count| *count >= min_count);
    counts.into_keys().map(str::to_owned).collect()
}

/// Words that are nearly always written with a capital where no sentence begins.
fn capitals(lines: &[String]) -> HashSet<String> {
    let mut counts: HashMap<String, (u32, u32)> = HashMap::new();
    for line in lines {
        let mut starts = true;
        for word in line.split_whitespace() {
            let stem: String = word
                .trim_start_matches(|c: char| !c.is_alphabetic())
                .chars()
                .take_while(|c| c.is_alphabetic())
                .collect();
            if let (Some(first), false) = (stem.chars().next(), starts) {
                let count = counts.entry(stem.to_lowercase()).or_default();
                count.0 += u32::from(first.is_uppercase());
                count.1 += 1;
            }
            starts = word.ends_with(['.', '?', '!', ':', '"']);
        }
    }
    counts
        .into_iter()
        .filter(|(word, (upper, all))| {
            word.len() > 1
                && *upper >= CAPITAL_COUNT
                && f64::from(*upper) >= CAPITAL_SHARE * f64::from(*all)
        })
        .map(|(word, _)| word)
        .collect()
}

/// Learns sub-words from the lines, or reads those that the configuration names.
///
/// # Errors
/// When a file cannot be read or there is nothing to learn from.
pub fn vocabulary(lines: &Lines, config: &config::ModelConfig) -> Result<Vocabulary, TrainError> {
    Ok(match &config.vocabulary_file {
        Some(path) => Vocabulary::load(path)?,
        None => {
            let some = lines.training.iter().take(VOCABULARY_LINES).map(String::as_str);
            vocabulary::learn(some, config.vocabulary, lines.capitals.clone())?
        }
    })
}

/// Fisher and Yates.
pub(super) fn shuffle<T>(items: &mut [T], rng: &mut ChaCha8Rng) {
    for i in (1..items.len()).rev() {
        // The bias of the remainder is below 2^-40 for any list that fits in memory.
        items.swap(i, (rng.next_u64() % (i as u64 + 1)) as usize);
    }
}

/// Encoded lines, by length.
pub struct Encoded {
    /// `[length] -> ids`, line after line.
    by_length: Vec<Vec<u32>>,
}

impl Encoded {
    /// Encodes lines on all threads; leaves out those that are longer than `max_tokens` or that the
    /// vocabulary cannot spell.
    pub fn new(lines: &[String], vocabulary: &Vocabulary, max_tokens: usize) -> Encoded {
        let ids: Vec<Vec<u32>> = lines.par_iter().map(|line| vocabulary.encode(line)).collect();
        let mut by_length = vec![Vec::new(); max_tokens + 1];
        for ids in ids {
            if (1..=max_tokens).contains(&ids.len()) && !ids.contains(&UNKNOWN) {
                by_length[ids.len()].extend(ids);
            }
        }
        Encoded { by_length }
    }

    /// No lines at all.
    pub fn new_empty() -> Encoded {
        Encoded { by_length: Vec::new() }
    }

    /// How many lines there are.
    pub fn n_lines(&self) -> usize {
        self.by_length.iter().enumerate().skip(1).map(|(length, ids)| ids.len() / length).sum()
    }

    /// How many tokens there are, ends included.
    pub fn n_tokens(&self) -> usize {
        self.by_length.iter().map(Vec::len).sum::<usize>() + self.n_lines()
    }

    /// The batches in their given order, for evaluation.
    pub fn batches(&self, size: usize) -> Vec<Batch> {
        let lengths = self.by_length.iter().enumerate().skip(1);
        lengths
            .flat_map(|(length, ids)| ids.chunks(size * length).map(move |ids| (length, ids)))
            .map(|(length, ids)| Batch { ids: ids.to_vec(), lines: ids.len() / length })
            .collect()
    }

    /// The order of an epoch: every line once, in batches of equal length, batches and lines within
    /// a length shuffled by `seed` and `epoch`.
    pub fn epoch(&self, size: usize, seed: u64, epoch: u64) -> Epoch<'_> {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        rng.set_stream(epoch + 1);
        let mut batches = Vec::new();
        for (length, ids) in self.by_length.iter().enumerate().skip(1) {
            let mut order: Vec<u32> = (0..(ids.len() / length) as u32).collect();
            shuffle(&mut order, &mut rng);
            batches.extend(order.chunks(size).map(|lines| (length, lines.to_vec())));
        }
        shuffle(&mut batches, &mut rng);
        Epoch { lines: self, batches }
    }
}

/// The batches of one pass over the lines.
pub struct Epoch<'a> {
    lines: &'a Encoded,
    batches: Vec<(usize, Vec<u32>)>,
}

impl Epoch<'_> {
    /// How many there are.
    #[allow(clippy::len_without_is_empty)]
    pub fn len(&self) -> usize {
        self.batches.len()
    }

    /// The batch of that number.
    pub fn batch(&self, number: usize) -> Batch {
        let (length, lines) = &self.batches[number];
        let all = &self.lines.by_length[*length];
        let ids = lines
            .iter()
            .flat_map(|line| &all[*line as usize * length..(*line as usize + 1) * length])
            .copied()
            .collect();
        Batch { ids, lines: lines.len() }
    }
}
