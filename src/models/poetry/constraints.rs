//! Constraints on a line while it is written: its start, its length, words it must not have.

use super::lexicon::{Lexicon, WordProgress};
use super::vocabulary::{END, START, UNKNOWN, Vocabulary, clean, words};
use enjamb_core::model::Error;

/// Sub-words after which no further word begins.
const LAST_WORD_AT: usize = 40;
/// Sub-words after which a line ends, wherever it is.
pub(super) const LONGEST: usize = 48;
/// Marks that a line may begin with before its first word.
const FIRST_WORD_AT: usize = 3;
/// The longest sequence of sub-words that must not come three times in a row.
const LONGEST_REPEAT: usize = 8;

/// What a line must and must not have.
#[derive(Clone, Debug, PartialEq)]
pub struct Constraints {
    /// The most words.
    pub max_words: usize,
    /// Words that do not occur, lower case. A word that only begins with one of them may be
    /// avoided too, where its spelling leads through it.
    avoid: Vec<String>,
    /// The first sub-words.
    start: Vec<u32>,
    /// Whether the start ends with a whole word, which must not be lengthened.
    start_ends_word: bool,
}

impl Default for Constraints {
    fn default() -> Self {
        let (avoid, start) = (Vec::new(), Vec::new());
        Constraints { max_words: LAST_WORD_AT, avoid, start, start_ends_word: false }
    }
}

impl Constraints {
    /// At most `max_words` words, none of those in the text `avoid`, beginning with the text
    /// `start`; empty texts ask for nothing.
    ///
    /// # Errors
    /// When the start cannot be spelled, or breaks the other constraints itself.
    pub fn new(
        vocabulary: &Vocabulary,
        max_words: usize,
        avoid: &str,
        start: &str,
    ) -> Result<Constraints, Error> {
        let avoid: Vec<String> = words(&clean(avoid)).map(str::to_owned).collect();
        let cleaned = clean(start);
        let ids = vocabulary.encode(start);
        if ids.contains(&UNKNOWN) || (ids.is_empty() && !start.is_empty()) {
            return Err(format!(
                "start_with: the model can't spell '{start}': expected English words"
            )
            .into());
        }
        let start_words: Vec<&str> = words(&cleaned).collect();
        if let Some(word) = start_words.iter().find(|word| avoid.iter().any(|no| no == *word)) {
            return Err(format!(
                "start_with has the word '{word}', which avoid rules out: leave it out of one"
            )
            .into());
        }
        if start_words.len() > max_words || ids.len() > LAST_WORD_AT {
            return Err(format!(
                "start_with has {} words: expected at most {max_words}, as max_words says, and no \
                 more than fit on a line",
                start_words.len()
            )
            .into());
        }
        let start_ends_word = cleaned.ends_with(char::is_alphabetic);
        Ok(Constraints { max_words, avoid, start: ids, start_ends_word })
    }

    /// The sub-word that must come after `n` others, if only one may.
    pub(super) fn forced(&self, n: usize) -> Option<u32> {
        self.start.get(n).copied()
    }

    /// Rules out what must not come next, by setting its logit to minus infinity. Something is
    /// always left: the end, or before the first word a letter.
    pub(super) fn mask(
        &self,
        lexicon: &Lexicon,
        progress: &WordProgress,
        ids: &[u32],
        logits: &mut [f32],
    ) {
        let mut ban = |id: usize| logits[id] = f32::NEG_INFINITY;
        ban(START as usize);
        ban(UNKNOWN as usize);
        if progress.n_words == 0 {
            ban(END as usize);
            if ids.len() >= self.start.len() + FIRST_WORD_AT {
                lexicon.marks().for_each(&mut ban);
            }
        } else if progress.n_words >= self.max_words || ids.len() >= LAST_WORD_AT {
            lexicon.word_starts(progress).for_each(&mut ban);
        }
        // No line begins within a word.
        if ids.is_empty() || (self.start_ends_word && ids.len() == self.start.len()) {
            lexicon.continuations().for_each(&mut ban);
        }
        for n in 1..=LONGEST_REPEAT.min((ids.len() + 1) / 3) {
            // Two whole sequences of n, and a third but for its last: that last is ruled out.
            let tail = &ids[ids.len() - (3 * n - 1)..];
            if (n..tail.len()).all(|i| tail[i] == tail[i - n]) {
                ban(tail[2 * n - 1] as usize);
            }
        }
        for word in &self.avoid {
            lexicon.completions(progress, word).for_each(&mut ban);
        }
    }
}
