//! Sub-words: lines of verse to ids and back, lower-cased on the way in, true-cased on the way out.
//!
//! Byte-pair encoding (Sennrich et al. 2016) in the file format of the `tokenizers` library, so
//! that other programs can read `vocabulary.json` too. A token that begins a word starts with '▁'.

use std::collections::HashSet;
use std::fmt;
use std::path::Path;
use std::sync::Arc;

use super::bpe::Bpe;

/// The id before every line.
pub const START: u32 = 0;
/// The id after every line.
pub const END: u32 = 1;
/// The id of what the vocabulary cannot spell, and of a word dropped in training.
pub const UNKNOWN: u32 = 2;

/// The tokens with these ids.
pub const SPECIAL: [&str; 3] = ["<s>", "</s>", "<unk>"];
/// The file beside the vocabulary with the words that are written with a capital.
const CAPITALS_FILE: &str = "capitals.txt";
/// The file beside it with the words that the model may write, one a line.
const WORDS_FILE: &str = "words.txt";

/// The sub-words of a verse model.
#[derive(Clone)]
pub struct Vocabulary {
    bpe: Arc<Bpe>,
    /// The text that `bpe` was read from.
    json: Arc<str>,
    capitals: HashSet<String>,
    words: Vec<String>,
}

impl Vocabulary {
    /// Reads `vocabulary.json`, and `capitals.txt` and `words.txt` beside it where there are such.
    ///
    /// # Errors
    /// Says which file is missing or not what it should be.
    pub fn load(path: &Path) -> Result<Vocabulary, VocabularyError> {
        let error =
            |what: String| VocabularyError(format!("the vocabulary {}: {what}", path.display()));
        let json = std::fs::read_to_string(path).map_err(|e| error(e.to_string()))?;
        let vocabulary = Self::from_json(json, HashSet::new()).map_err(|e| error(e.0))?;
        let list = |name: &str| {
            let path = path.with_file_name(name);
            match std::fs::read_to_string(&path) {
                Ok(text) => Ok(text.lines().map(str::to_owned).collect::<Vec<_>>()),
                Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(Vec::new()),
                Err(e) => Err(VocabularyError(format!("{}: {e}", path.display()))),
            }
        };
        let (capitals, words) = (list(CAPITALS_FILE)?, list(WORDS_FILE)?);
        let capitals = capitals.into_iter().collect();
        Ok(Vocabulary { capitals, ..vocabulary }.with_words(words))
    }

    /// Makes a vocabulary from the text of a `vocabulary.json`, and the words (lower case) that are
    /// written with a capital.
    ///
    /// # Errors
    /// Says what is wrong with the text.
    pub fn from_json(
        json: impl Into<Arc<str>>,
        capitals: HashSet<String>,
    ) -> Result<Vocabulary, VocabularyError> {
        let json = json.into();
        let bpe = Bpe::from_json(&json).map_err(VocabularyError)?;
        for (id, special) in SPECIAL.iter().enumerate() {
            if bpe.tokens().get(id).map(String::as_str) != Some(*special) {
                return Err(VocabularyError(format!(
                    "the token {special} should have the id {id}"
                )));
            }
        }
        Ok(Vocabulary { bpe: Arc::new(bpe), json, capitals, words: Vec::new() })
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

    /// Writes `vocabulary.json` at `path`, and `capitals.txt` and `words.txt` beside it.
    ///
    /// # Errors
    /// When a file cannot be written.
    pub fn save(&self, path: &Path) -> Result<(), VocabularyError> {
        std::fs::write(path, &*self.json)
            .map_err(|e| VocabularyError(format!("{} cannot be written: {e}", path.display())))?;
        let mut capitals: Vec<&str> = self.capitals.iter().map(String::as_str).collect();
        capitals.sort_unstable();
        let words: Vec<&str> = self.words.iter().map(String::as_str).collect();
        for (name, list) in [(CAPITALS_FILE, capitals), (WORDS_FILE, words)] {
            let path = path.with_file_name(name);
            let text: String = list.iter().flat_map(|word| [word, "\n"]).collect();
            std::fs::write(&path, text).map_err(|e| {
                VocabularyError(format!("{} cannot be written: {e}", path.display()))
            })?;
        }
        Ok(())
    }

    /// How many sub-words there are, special ones included.
    #[allow(clippy::len_without_is_empty)]
    pub fn len(&self) -> usize {
        self.bpe.tokens().len()
    }

    /// The ids of a line, without start and end. The line is [cleaned](clean) first.
    pub fn encode(&self, line: &str) -> Vec<u32> {
        self.bpe.encode(&clean(line))
    }

    /// The line of some ids, lower case. Special ids are passed over.
    pub fn decode(&self, ids: &[u32]) -> String {
        let text: String =
            ids.iter().filter(|id| **id > UNKNOWN).map(|id| self.token(*id)).collect();
        text.replace('▁', " ").trim().to_owned()
    }

    /// The text of an id, with its leading '▁' where a word starts; empty for no id.
    pub fn token(&self, id: u32) -> &str {
        self.bpe.tokens().get(id as usize).map_or("", String::as_str)
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
pub struct VocabularyError(String);

impl fmt::Display for VocabularyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for VocabularyError {}

#[cfg(test)]
mod test;
