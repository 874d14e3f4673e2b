//! Sub-words: lines of verse to ids and back, lower-cased on the way in, true-cased on the way out.
//!
//! Byte-pair encoding (Sennrich et al. 2016) in the file format of the `tokenizers` library, so
//! that other programs can read `vocabulary.json` too. A token that begins a word starts with '▁'.

use std::collections::HashSet;
use std::fmt;
use std::path::Path;

use tokenizers::models::bpe::{BPE, BpeTrainer};
use tokenizers::normalizers::{Prepend, Replace, Sequence};
use tokenizers::pre_tokenizers::split::{Split, SplitPattern};
use tokenizers::{AddedToken, SplitDelimiterBehavior, Tokenizer};

/// The id before every line.
pub const START: u32 = 0;
/// The id after every line.
pub const END: u32 = 1;
/// The id of what the vocabulary cannot spell, and of a word dropped in training.
pub const UNKNOWN: u32 = 2;

const SPECIAL: [&str; 3] = ["<s>", "</s>", "<unk>"];
/// A word with its inner apostrophes, or a single mark; either with the space before it.
const PIECE: &str = r"▁?\p{L}+(?:'\p{L}+)*|▁?[^\p{L}▁]|▁";
/// The file beside the vocabulary with the words that are written with a capital.
const CAPITALS_FILE: &str = "capitals.txt";
/// The file beside it with the words that the model may write, one a line.
const WORDS_FILE: &str = "words.txt";

/// The sub-words of a verse model.
#[derive(Clone)]
pub struct Vocabulary {
    tokenizer: Tokenizer,
    tokens: Vec<String>,
    capitals: HashSet<String>,
    words: Vec<String>,
}

impl Vocabulary {
    /// Reads `vocabulary.json`, and `capitals.txt` and `words.txt` beside it where there are such.
    ///
    /// # Errors
    /// Says which file is missing or not what it should be.
    pub fn load(path: &Path) -> Result<Vocabulary, Error> {
        let error = |what: String| Error(format!("the vocabulary {}: {what}", path.display()));
        let tokenizer = Tokenizer::from_file(path).map_err(|e| error(e.to_string()))?;
        for (id, special) in SPECIAL.iter().enumerate() {
            if tokenizer.token_to_id(special) != Some(id as u32) {
                return Err(error(format!("the token {special} should have the id {id}")));
            }
        }
        let list = |name: &str| {
            let path = path.with_file_name(name);
            match std::fs::read_to_string(&path) {
                Ok(text) => Ok(text.lines().map(str::to_owned).collect::<Vec<_>>()),
                Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(Vec::new()),
                Err(e) => Err(Error(format!("{}: {e}", path.display()))),
            }
        };
        let (capitals, words) = (list(CAPITALS_FILE)?, list(WORDS_FILE)?);
        Ok(Self::with(tokenizer, capitals.into_iter().collect()).with_words(words))
    }

    /// The same vocabulary, of which only these words are written, lower case; all that can be
    /// spelled if there are none.
    pub fn with_words(mut self, mut words: Vec<String>) -> Vocabulary {
        words.sort_unstable();
        words.dedup();
        self.words = words;
        self
    }

    /// The words that are written, sorted; none if all are.
    pub fn words(&self) -> &[String] {
        &self.words
    }

    /// Learns about `size` sub-words, special ones among them, from cleaned lines, and which words
    /// (`capitals`, lower case) are written with a capital.
    ///
    /// # Errors
    /// When there are no lines to learn from.
    pub fn train<'a>(
        lines: impl Iterator<Item = &'a str> + Send,
        size: usize,
        capitals: HashSet<String>,
    ) -> Result<Vocabulary, Error> {
        let failed = |e: tokenizers::Error| Error(format!("no vocabulary could be learned: {e}"));
        let model = BPE::builder().unk_token(SPECIAL[2].into()).build().map_err(failed)?;
        let mut tokenizer = Tokenizer::new(model);
        let spaces = Replace::new(" ", "▁").map_err(failed)?;
        let prepared = vec![Prepend::new("▁".into()).into(), spaces.into()];
        tokenizer.with_normalizer(Some(Sequence::new(prepared))).map_err(failed)?;
        let pattern = SplitPattern::Regex(PIECE.into());
        let split = Split::new(pattern, SplitDelimiterBehavior::Isolated, false).map_err(failed)?;
        tokenizer.with_pre_tokenizer(Some(split));
        let special = SPECIAL.iter().map(|token| AddedToken::from(*token, true)).collect();
        let mut trainer: tokenizers::models::TrainerWrapper = BpeTrainer::builder()
            .vocab_size(size)
            .min_frequency(2)
            .special_tokens(special)
            .show_progress(false)
            .build()
            .into();
        tokenizer.train(&mut trainer, lines).map_err(failed)?;
        Ok(Self::with(tokenizer, capitals))
    }

    fn with(tokenizer: Tokenizer, capitals: HashSet<String>) -> Vocabulary {
        let size = tokenizer.get_vocab_size(true) as u32;
        let tokens = (0..size).map(|id| tokenizer.id_to_token(id).unwrap_or_default()).collect();
        Vocabulary { tokenizer, tokens, capitals, words: Vec::new() }
    }

    /// Writes `vocabulary.json` at `path`, and `capitals.txt` and `words.txt` beside it.
    ///
    /// # Errors
    /// When a file cannot be written.
    pub fn save(&self, path: &Path) -> Result<(), Error> {
        self.tokenizer
            .save(path, false)
            .map_err(|e| Error(format!("{} cannot be written: {e}", path.display())))?;
        let mut capitals: Vec<&str> = self.capitals.iter().map(String::as_str).collect();
        capitals.sort_unstable();
        let words: Vec<&str> = self.words.iter().map(String::as_str).collect();
        for (name, list) in [(CAPITALS_FILE, capitals), (WORDS_FILE, words)] {
            let path = path.with_file_name(name);
            let text: String = list.iter().flat_map(|word| [word, "\n"]).collect();
            std::fs::write(&path, text)
                .map_err(|e| Error(format!("{} cannot be written: {e}", path.display())))?;
        }
        Ok(())
    }

    /// How many sub-words there are, special ones included.
    #[allow(clippy::len_without_is_empty)]
    pub fn len(&self) -> usize {
        self.tokens.len()
    }

    /// The ids of a line, without start and end. The line is [cleaned](clean) first.
    pub fn encode(&self, line: &str) -> Vec<u32> {
        let line = clean(line);
        if line.is_empty() {
            return Vec::new();
        }
        // Encoding fails only for pre-tokenised input of another kind than the tokenizer's.
        self.tokenizer
            .encode_fast(line.as_str(), false)
            .map_or_else(|_| Vec::new(), |encoding| encoding.get_ids().to_vec())
    }

    /// The line of some ids, lower case. Special ids are passed over.
    pub fn decode(&self, ids: &[u32]) -> String {
        let text: String =
            ids.iter().filter(|id| **id > UNKNOWN).map(|id| self.token(*id)).collect();
        text.replace('▁', " ").trim().to_owned()
    }

    /// The text of an id, with its leading '▁' where a word starts; empty for no id.
    pub fn token(&self, id: u32) -> &str {
        self.tokens.get(id as usize).map_or("", String::as_str)
    }

    /// Puts capitals back: at the line's start, after `.`, `?` and `!`, on "i", and on the words
    /// that the corpus nearly always writes with one.
    pub fn true_case(&self, line: &str) -> String {
        let mut out = String::with_capacity(line.len());
        let mut starts_sentence = true;
        let mut rest = line;
        while let Some(first) = rest.chars().next() {
            let length = word_length(rest);
            if length == 0 {
                starts_sentence = match first {
                    '.' | '?' | '!' => true,
                    // Quotes and spaces stand between a sentence and the next.
                    '"' | '\'' | ' ' | '(' => starts_sentence,
                    _ => false,
                };
                out.push(first);
                rest = &rest[first.len_utf8()..];
                continue;
            }
            let (word, after) = rest.split_at(length);
            let stem = word.split('\'').next().unwrap_or(word);
            let capital = starts_sentence || stem == "i" || self.capitals.contains(stem);
            match capital {
                true => out.extend(first.to_uppercase().chain(word.chars().skip(1))),
                false => out.push_str(word),
            }
            starts_sentence = false;
            rest = after;
        }
        out
    }
}

/// The bytes of the word that `text` starts with, inner apostrophes included; 0 if it starts with
/// something else.
fn word_length(text: &str) -> usize {
    let mut length = 0;
    for (at, c) in text.char_indices() {
        let inner =
            c == '\'' && at > 0 && text[at + 1..].chars().next().is_some_and(char::is_alphabetic);
        if !c.is_alphabetic() && !inner {
            break;
        }
        length = at + c.len_utf8();
    }
    length
}

/// A line as the model reads it: lower case, straight quotes, em dashes without spaces, letters of
/// ASCII and Latin-1, single spaces. Other letters are transliterated.
pub fn clean(line: &str) -> String {
    let mut out = String::with_capacity(line.len());
    line.chars().for_each(|c| push_clean(c, &mut out));
    let mut line = out.split_whitespace().collect::<Vec<_>>().join(" ");
    for (spaced, tight) in [("--", "—"), (" —", "—"), ("— ", "—")] {
        line = line.replace(spaced, tight);
    }
    line
}

fn push_clean(c: char, out: &mut String) {
    match c {
        '’' | '‘' | '`' | '´' => out.push('\''),
        '“' | '”' | '„' | '«' | '»' => out.push('"'),
        '–' | '―' => out.push('—'),
        c if c.is_whitespace() => out.push(' '),
        c if c.is_control() => {}
        c if c.is_ascii() || matches!(c, 'À'..='ÿ' | 'œ' | 'Œ' | '—') => {
            out.extend(c.to_lowercase());
        }
        c => match deunicode::deunicode_char(c) {
            // In ASCII, which may be a backtick or a space again.
            Some(ascii) => ascii.chars().for_each(|c| push_clean(c, out)),
            None => out.push(' '),
        },
    }
}

/// The words of a cleaned text: runs of letters with their inner apostrophes.
pub fn words(text: &str) -> impl Iterator<Item = &str> {
    let parts = text.split(|c: char| !c.is_alphabetic() && c != '\'');
    parts.map(|part| part.trim_matches('\'')).filter(|word| !word.is_empty())
}

/// Why a vocabulary could not be read, learned or written, in plain words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error(String);

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Error {}

#[cfg(test)]
mod test;
