//! The lexicon: what each sub-word does to the words of a line.

use super::vocabulary::{END, START, UNKNOWN, Vocabulary};
use std::collections::HashMap;

/// Sub-words as parts of words. A word is a run of letters with its inner apostrophes.
pub struct Lexicon {
    tokens: Vec<Token>,
    /// Sub-words that begin a word, by their text without the '▁'.
    opening: HashMap<String, u32>,
    /// Sub-words that go on, or begin after a mark.
    continuing: HashMap<String, u32>,
}

/// A sub-word's text.
struct Token {
    text: String,
    /// Whether there is a space before it.
    is_spaced: bool,
    starts_with_letter: bool,
}

/// How far a line has come.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Progress {
    /// The letters of the word that is being written; empty after a mark and at the start.
    pub word: String,
    /// How many words there are, that one included.
    pub n_words: usize,
}

impl Lexicon {
    /// The lexicon of a vocabulary.
    pub fn new(vocabulary: &Vocabulary) -> Lexicon {
        Lexicon::of((0..vocabulary.len() as u32).map(|id| vocabulary.token(id)))
    }

    /// The lexicon of sub-words in the order of their ids, the special ones first.
    pub fn of<'a>(tokens: impl Iterator<Item = &'a str>) -> Lexicon {
        let token = |token: &str| Token {
            is_spaced: token.starts_with('▁'),
            text: token.replace('▁', ""),
            starts_with_letter: token.replace('▁', "").starts_with(char::is_alphabetic),
        };
        let tokens: Vec<Token> = tokens.map(token).collect();
        let (mut opening, mut continuing) = (HashMap::new(), HashMap::new());
        for (id, token) in tokens.iter().enumerate().skip(UNKNOWN as usize + 1) {
            let map = if token.is_spaced { &mut opening } else { &mut continuing };
            map.insert(token.text.clone(), id as u32);
        }
        Lexicon { tokens, opening, continuing }
    }

    /// The sub-word that writes all of `word`, after a space.
    pub fn opening(&self, word: &str) -> Option<u32> {
        self.opening.get(word).copied()
    }

    /// The sub-word that writes all of `part`, without a space before it.
    pub fn continuing(&self, part: &str) -> Option<u32> {
        self.continuing.get(part).copied()
    }

    /// Takes note of a sub-word at the line's end.
    pub fn advance(&self, progress: &mut Progress, id: u32) {
        if [START, END, UNKNOWN].contains(&id) {
            return;
        }
        let token = &self.tokens[id as usize];
        if token.is_spaced {
            progress.word.clear();
        }
        for c in token.text.chars() {
            match c {
                c if c.is_alphabetic() => {
                    progress.n_words += usize::from(progress.word.is_empty());
                    progress.word.push(c);
                }
                '\'' if !progress.word.is_empty() => progress.word.push(c),
                _ => progress.word.clear(),
            }
        }
    }

    /// Sub-words that would begin another word, or a space to begin one after.
    pub fn word_starts(&self, progress: &Progress) -> impl Iterator<Item = usize> {
        let within_word = !progress.word.is_empty();
        let starts = move |token: &Token| match token.is_spaced {
            true => token.starts_with_letter || token.text.is_empty(),
            false => token.starts_with_letter && !within_word,
        };
        self.ids(starts)
    }

    /// Sub-words that would add letters to the word before them.
    pub fn continuations(&self) -> impl Iterator<Item = usize> {
        self.ids(|token| !token.is_spaced && token.starts_with_letter)
    }

    /// Sub-words without letters at their start.
    pub fn marks(&self) -> impl Iterator<Item = usize> {
        self.ids(|token| !token.starts_with_letter)
    }

    fn ids(&self, choose: impl Fn(&Token) -> bool) -> impl Iterator<Item = usize> {
        let first = UNKNOWN as usize + 1;
        let tokens = self.tokens.iter().enumerate().skip(first);
        tokens.filter(move |(_, token)| choose(token)).map(|(id, _)| id)
    }
}
