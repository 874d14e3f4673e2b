//! The lexicon: what each sub-word does to the words of a line, and which words there are.

use super::vocabulary::{END, UNKNOWN, Vocabulary};
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
    /// The words that may be written, sorted; all if there are none.
    words: Vec<String>,
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
pub struct WordProgress {
    /// What there is of the word that is being written; empty after a mark and at the start.
    pub word: String,
    /// How many words there are, that one included.
    pub n_words: usize,
}

impl WordProgress {
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
            let mut progress = WordProgress { word: word.into(), n_words: 0 };
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
        let tokens = (0..vocabulary.len() as u32).map(|id| vocabulary.token(id));
        Lexicon { words: vocabulary.words().to_vec(), ..Lexicon::of(tokens) }
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
        Lexicon { tokens, spaced, unspaced, continuing, words: Vec::new() }
    }

    /// Sub-words that would make a whole `word` of what is written of it.
    pub fn completions(&self, progress: &WordProgress, word: &str) -> impl Iterator<Item = usize> {
        let without_space = match progress.word.as_str() {
            "" => self.unspaced.get(word),
            written => word.strip_prefix(written).and_then(|rest| self.continuing.get(rest)),
        };
        let ids = self.spaced.get(word).into_iter().chain(without_space).flatten();
        ids.map(|id| *id as usize)
    }

    /// Takes note of a sub-word at the line's end.
    pub fn advance(&self, progress: &mut WordProgress, id: u32) {
        if id > UNKNOWN {
            let token = &self.tokens[id as usize];
            progress.push(&token.text, token.is_spaced);
        }
    }

    /// Whether a sub-word, or the end, may come next so that the line has none but known words. What
    /// has left them already, as a start that was asked for may, is held back no more.
    pub fn allows(&self, progress: &WordProgress, id: u32) -> bool {
        if self.words.is_empty() {
            return true;
        }
        let written = progress.word.as_str();
        let token = &self.tokens[id as usize];
        let text = if id == END { "" } else { token.text.as_str() };
        if id != END && !written.is_empty() && token.continues {
            return match text.trim_end_matches('\'') {
                "" if self.is_word(written.trim_end_matches('\''), "") => true,
                more => self.leads_to_word(written, text) || self.is_word(written, more),
            };
        }
        let ends = written.is_empty()
            || self.is_word(written.trim_end_matches('\''), "")
            || !self.leads_to_word(written, "");
        let word = text.trim_matches('\'');
        ends && (!token.has_letter || id == END || self.leads_to_word(word, ""))
    }

    /// Rules out what [`allows`](Self::allows) does not, by setting its logit to minus infinity.
    pub fn mask(&self, progress: &WordProgress, logits: &mut [f32]) {
        for (id, logit) in logits.iter_mut().enumerate() {
            if *logit > f32::NEG_INFINITY && !self.allows(progress, id as u32) {
                *logit = f32::NEG_INFINITY;
            }
        }
    }

    /// Whether a word begins with `start` and then `more`, or is all of it.
    fn leads_to_word(&self, start: &str, more: &str) -> bool {
        self.first_from(start, more)
            .is_some_and(|word| word.strip_prefix(start).is_some_and(|rest| rest.starts_with(more)))
    }

    /// Whether `start` and `more` together are a word.
    fn is_word(&self, start: &str, more: &str) -> bool {
        self.first_from(start, more)
            .is_some_and(|word| word.strip_prefix(start).is_some_and(|rest| rest == more))
    }

    /// The first word in order that is not before `start` and `more` together.
    fn first_from(&self, start: &str, more: &str) -> Option<&String> {
        let is_before = |word: &String| word.bytes().lt(start.bytes().chain(more.bytes()));
        self.words.get(self.words.partition_point(is_before))
    }

    /// Sub-words that would begin another word, or a space to begin one after.
    pub fn word_starts(&self, progress: &WordProgress) -> impl Iterator<Item = usize> {
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

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    const TOKENS: &[&str] = &[
        "<s>", "</s>", "<unk>", "▁", "a", "b", "'", "ab", "'b", "▁a", "▁b", "▁ab", "b'", ",", "▁—",
    ];

    fn lexicon(words: &[&str]) -> Lexicon {
        let words = words.iter().map(|word| (*word).to_owned()).collect();
        Lexicon { words, ..Lexicon::of(TOKENS.iter().copied()) }
    }

    /// All lines of up to `length` sub-words that are allowed, as texts that have ended.
    fn lines(lexicon: &Lexicon, length: usize) -> HashSet<String> {
        let mut lines = HashSet::new();
        let mut open = vec![(WordProgress::default(), String::new())];
        for _ in 0..length {
            let mut longer = Vec::new();
            for (progress, line) in open {
                if lexicon.allows(&progress, END) {
                    lines.insert(line.trim().to_owned());
                }
                for id in UNKNOWN + 1..TOKENS.len() as u32 {
                    if lexicon.allows(&progress, id) {
                        let mut progress = progress.clone();
                        lexicon.advance(&mut progress, id);
                        let line = line.clone() + &TOKENS[id as usize].replace('▁', " ");
                        longer.push((progress, line));
                    }
                }
            }
            open = longer;
        }
        lines
    }

    #[test]
    fn of_all_lines_those_of_known_words_are_allowed() {
        let known = ["a", "ab", "ab'b", "b"];
        let is_known =
            |line: &String| super::super::vocabulary::words(line).all(|word| known.contains(&word));
        let all = lines(&lexicon(&[]), 4);
        let expected: HashSet<String> = all.iter().filter(|line| is_known(line)).cloned().collect();
        assert!(expected.len() > 100 && expected.len() < all.len());
        let got = lines(&lexicon(&known), 4);
        let wrong: Vec<&String> = got.symmetric_difference(&expected).collect();
        assert!(wrong.is_empty(), "{wrong:?}");
    }

    #[test]
    fn what_has_left_the_words_may_end() {
        let lexicon = lexicon(&["ab"]);
        let progress = WordProgress { word: "ba".into(), n_words: 1 };
        let allowed: Vec<&str> = (UNKNOWN + 1..TOKENS.len() as u32)
            .filter(|id| lexicon.allows(&progress, *id))
            .map(|id| TOKENS[id as usize])
            .collect();
        assert_eq!(allowed, ["▁", "▁a", "▁ab", ",", "▁—"]);
        assert!(lexicon.allows(&progress, END));
    }
}
