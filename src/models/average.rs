//! Sentences as vectors, the plain way: the average of the vectors of their words.
//!
//! A baseline to hear the difference of a real encoder by: order, context and rare words are
//! lost on it. English only. [`crate::sentences`] is the better choice for everything
//! else.
//!
//! Words are looked up in lower case; a contraction that is not in the table is looked up in its
//! two parts ("do", "n't"); words that are not in the table are passed over. Punctuation does
//! not count. The vectors are not brought to any length.
//!
//! A text without a single known word is an error and not a vector of zeros, since zeros are
//! equally unlike everything and would pass unnoticed through a chain.

mod commands;

pub use commands::AverageWords;

use std::ops::Range;
use std::path::Path;

use half::slice::HalfFloatSliceExt;
use unicode_segmentation::UnicodeSegmentation;

use crate::sentences::EmbedError;
use enjamb_numeric::weights::{Weights, WeightsError};

/// How many numbers an embedding has.
pub const DIMENSIONS: usize = 50;

/// A table of words and their vectors.
pub struct Average {
    /// The words, in the order of their bytes.
    words: String,
    /// Where each word lies in `words`.
    places: Vec<Range<u32>>,
    /// [words, DIMENSIONS]
    vectors: Vec<f32>,
}

impl Average {
    /// Loads `words.safetensors` from the folder `dir`.
    ///
    /// # Errors
    ///
    /// If the file is missing or is not what it should be.
    pub fn load(dir: &Path) -> Result<Average, WeightsError> {
        let file = Weights::open(&dir.join("words.safetensors"))?;
        let words = file.bytes("words", &file.shape("words")?)?;
        let words = String::from_utf8_lossy(words).into_owned();
        let mut places = Vec::new();
        let mut start = 0;
        for (end, _) in words.match_indices('\n') {
            places.push(start..end as u32);
            start = end as u32 + 1;
        }
        let vectors = file.halves("vectors", &[places.len(), DIMENSIONS])?.to_f32_vec();
        Ok(Average { words, places, vectors })
    }

    /// The vector of `word`, if it is in the table.
    pub fn word(&self, word: &str) -> Option<&[f32]> {
        let place = |place: &Range<u32>| &self.words[place.start as usize..place.end as usize];
        let found = self.places.binary_search_by(|at| place(at).cmp(word));
        found.ok().map(|i| &self.vectors[i * DIMENSIONS..][..DIMENSIONS])
    }

    /// One vector of [`DIMENSIONS`] numbers for each text.
    ///
    /// # Errors
    ///
    /// If a text is empty or has no known word. Then there are no vectors at all.
    pub fn embed(&self, texts: &[impl AsRef<str>]) -> Result<Vec<Vec<f32>>, EmbedError> {
        let embed = |(index, text): (usize, &_)| {
            let text = AsRef::<str>::as_ref(text);
            if text.is_empty() {
                return Err(EmbedError::empty(index, texts.len()));
            }
            self.average(text).ok_or_else(|| EmbedError::no_known_word(index, texts.len(), text))
        };
        texts.iter().enumerate().map(embed).collect()
    }

    fn average(&self, text: &str) -> Option<Vec<f32>> {
        let text = text.to_lowercase().replace('’', "'");
        let mut sum = vec![0.0; DIMENSIONS];
        let mut n_words = 0;
        for word in text.unicode_words() {
            let whole = self.word(word);
            let parts = if whole.is_none() { contraction(word) } else { None };
            let parts = parts.into_iter().flatten().filter_map(|part| self.word(part));
            for vector in whole.into_iter().chain(parts) {
                sum.iter_mut().zip(vector).for_each(|(sum, x)| *sum += x);
                n_words += 1;
            }
        }
        sum.iter_mut().for_each(|sum| *sum /= n_words as f32);
        (n_words > 0).then_some(sum)
    }
}

/// The parts of a contraction, as the table has them: "do" and "n't", "moon" and "'s".
fn contraction(word: &str) -> Option<[&str; 2]> {
    let at = match word.strip_suffix("n't") {
        Some(start) => start.len(),
        None => word.find('\'')?,
    };
    Some([&word[..at], &word[at..]])
}

#[cfg(test)]
mod test;
