//! The lexicon: what each sub-word does to the words of a line.

use super::vocabulary::{UNKNOWN, Vocabulary};
use std::collections::HashMap;

/// Sub-words as parts of words. A word is a run of letters with its inner apostrophes.
pub struct Lexicon {
    tokens: Vec<Token>,
    /// Sub-words that write a word from its beginning, by that word: after a space, and without
    /// one, where they need something before them that is no letter.
    spaced: HashMap<String, Vec<u32>>,
    unspaced: HashMap<String, Vec<u32>>,
    /// Sub-words that go on with a word, by what they add.
    continuing: HashMap<String, Vec<u32>>,
}

/// A sub-word's text.
struct Token {
    text: String,
    is_spaced: bool,
    /// Words that it begins, after a letter and after none.
    n_begun_within: usize,
    n_begun_outside: usize,
    has_letter: bool,
    continues: bool,
}

/// How far a line has come.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Progress {
    /// What there is of the word that is being written; empty after a mark and at the start.
    pub word: String,
    /// How many words there are, that one included.
    pub n_words: usize,
}

impl Progress {
    fn push(&mut self, text: &str, is_spaced: bool) {
        if is_spaced {
            self.word.clear();
        }
        for c in text.chars() {
            match c {
                c if c.is_alphabetic() => {
                    self.n_words += usize::from(self.word.is_empty());
                    self.word.push(c);
                }
                '\'' if !self.word.is_empty() => self.word.push(c),
                _ => self.word.clear(),
            }
        }
    }
}

impl Token {
    fn new(token: &str) -> Token {
        let (text, is_spaced) = (token.replace('▁', ""), token.starts_with('▁'));
        let n_begun = |word: &str| {
            let mut progress = Progress { word: word.into(), n_words: 0 };
            progress.push(&text, is_spaced);
            progress.n_words
        };
        Token {
            n_begun_within: n_begun("a"),
            n_begun_outside: n_begun(""),
            has_letter: text.contains(char::is_alphabetic),
            continues: !is_spaced && text.starts_with(|c: char| c.is_alphabetic() || c == '\''),
            is_spaced,
            text,
        }
    }
}

impl Lexicon {
    /// The lexicon of a vocabulary.
    pub fn new(vocabulary: &Vocabulary) -> Lexicon {
        Lexicon::of((0..vocabulary.len() as u32).map(|id| vocabulary.token(id)))
    }

    /// The lexicon of sub-words in the order of their ids, the special ones first.
    pub fn of<'a>(tokens: impl Iterator<Item = &'a str>) -> Lexicon {
        let tokens: Vec<Token> = tokens.map(Token::new).collect();
        let [mut spaced, mut unspaced, mut continuing] = [(); 3].map(|()| HashMap::new());
        for (id, token) in tokens.iter().enumerate().skip(UNKNOWN as usize + 1) {
            let add = |map: &mut HashMap<String, Vec<u32>>, text: &str| {
                map.entry(text.to_owned()).or_default().push(id as u32);
            };
            let word = token.text.trim_matches('\'');
            if token.is_spaced {
                add(&mut spaced, word);
            } else {
                add(&mut unspaced, word);
                add(&mut continuing, token.text.trim_end_matches('\''));
            }
        }
        Lexicon { tokens, spaced, unspaced, continuing }
    }

    /// Sub-words that would make a whole `word` of what is written of it.
    pub fn completions(&self, progress: &Progress, word: &str) -> impl Iterator<Item = usize> {
        let without_space = match progress.word.as_str() {
            "" => self.unspaced.get(word),
            written => word.strip_prefix(written).and_then(|rest| self.continuing.get(rest)),
        };
        let ids = self.spaced.get(word).into_iter().chain(without_space).flatten();
        ids.map(|id| *id as usize)
    }

    /// Takes note of a sub-word at the line's end.
    pub fn advance(&self, progress: &mut Progress, id: u32) {
        if id > UNKNOWN {
            let token = &self.tokens[id as usize];
            progress.push(&token.text, token.is_spaced);
        }
    }

    /// Sub-words that would begin another word, or a space to begin one after.
    pub fn word_starts(&self, progress: &Progress) -> impl Iterator<Item = usize> {
        let is_within = !progress.word.is_empty();
        self.ids(move |token| {
            let n_begun = if is_within { token.n_begun_within } else { token.n_begun_outside };
            n_begun > 0 || (token.is_spaced && token.text.is_empty())
        })
    }

    /// Sub-words that would lengthen the word before them.
    pub fn continuations(&self) -> impl Iterator<Item = usize> {
        self.ids(|token| token.continues)
    }

    /// Sub-words without letters.
    pub fn marks(&self) -> impl Iterator<Item = usize> {
        self.ids(|token| !token.has_letter)
    }

    fn ids(&self, choose: impl Fn(&Token) -> bool) -> impl Iterator<Item = usize> {
        let tokens = self.tokens.iter().enumerate().skip(UNKNOWN as usize + 1);
        tokens.filter(move |(_, token)| choose(token)).map(|(id, _)| id)
    }
}
