//! OSC address patterns: `?`, `*`, `[a-z]`, `[!a-z]`, `{one,two}`, and `//` for any number of parts.
//!
//! After the OSC 1.0 specification, and 1.1 for `//`. Matching takes time linear in the address for
//! each token of the pattern, so that no pattern from outside can keep a thread busy.

use enjamb_core::Error;
use std::fmt;

/// The longest pattern that is read, in bytes.
const MAX_LENGTH: usize = 1024;

/// A parsed address pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern {
    source: String,
    parts: Vec<Part>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    /// Between two slashes.
    Tokens(Vec<Token>),
    /// `//`: any number of parts, none among them.
    Anywhere,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Token {
    Char(char),
    AnyChar,
    AnyRun,
    Set { ranges: Vec<(char, char)>, negated: bool },
    OneOf(Vec<Vec<char>>),
}

impl Pattern {
    /// Reads a pattern; a plain address is one too.
    ///
    /// # Errors
    /// Plain words: no slash at the start, a bracket that never closes, too long.
    pub fn parse(source: &str) -> Result<Self, Error> {
        if source.len() > MAX_LENGTH {
            return Err(Error::invalid(format!(
                "expected a pattern of at most {MAX_LENGTH} bytes"
            )));
        }
        let Some(rest) = source.strip_prefix('/') else {
            return Err(Error::invalid(format!(
                "expected an address that starts with '/', got '{source}'"
            )));
        };
        let mut parts = Vec::new();
        for part in rest.split('/') {
            parts.push(match part {
                "" => Part::Anywhere,
                _ => Part::Tokens(tokens(part)?),
            });
        }
        // A slash at the very end says nothing.
        if parts.last() == Some(&Part::Anywhere) {
            parts.pop();
        }
        Ok(Self { source: source.to_string(), parts })
    }

    /// Whether an address is meant.
    pub fn matches(&self, address: &str) -> bool {
        self.depths(address).is_some_and(|(depths, n_parts)| depths[n_parts])
    }

    /// Whether an address, or one above it, is meant: how subscriptions are read, so that `/voyage`
    /// asks for all that the voyage sends.
    pub fn covers(&self, address: &str) -> bool {
        self.depths(address).is_some_and(|(depths, _)| depths.contains(&true))
    }

    /// For each number of leading parts of the address, whether the pattern means just these.
    fn depths(&self, address: &str) -> Option<(Vec<bool>, usize)> {
        let rest = address.strip_prefix('/')?;
        let names: Vec<&str> = match rest {
            "" => Vec::new(),
            _ => rest.split('/').collect(),
        };
        let mut reached = vec![false; names.len() + 1];
        reached[0] = true;
        for part in &self.parts {
            let mut next = vec![false; names.len() + 1];
            match part {
                Part::Anywhere => {
                    let from = reached.iter().position(|&here| here).unwrap_or(next.len());
                    next[from..].fill(true);
                }
                Part::Tokens(tokens) => {
                    for (depth, name) in names.iter().enumerate() {
                        next[depth + 1] = reached[depth] && matches_part(tokens, name);
                    }
                }
            }
            reached = next;
        }
        Some((reached, names.len()))
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.source)
    }
}

/// Whether an address has any of the characters that make it a pattern.
pub fn is_pattern(address: &str) -> bool {
    address.contains(['?', '*', '[', '{']) || address.contains("//")
}

fn tokens(part: &str) -> Result<Vec<Token>, Error> {
    let mut tokens = Vec::new();
    let mut chars = part.chars();
    let unclosed = |open| format!("the '{open}' in '{part}' is never closed");
    while let Some(char) = chars.next() {
        tokens.push(match char {
            '?' => Token::AnyChar,
            '*' => Token::AnyRun,
            '[' => {
                let (inside, rest) = chars.as_str().split_once(']').ok_or_else(|| unclosed('['))?;
                chars = rest.chars();
                let (inside, negated) = match inside.strip_prefix('!') {
                    Some(inside) => (inside, true),
                    None => (inside, false),
                };
                Token::Set { ranges: ranges(inside), negated }
            }
            '{' => {
                let (inside, rest) = chars.as_str().split_once('}').ok_or_else(|| unclosed('{'))?;
                chars = rest.chars();
                Token::OneOf(inside.split(',').map(|word| word.chars().collect()).collect())
            }
            plain => Token::Char(plain),
        });
    }
    // Two runs in a row mean what one does.
    tokens.dedup_by(|a, b| *a == Token::AnyRun && *b == Token::AnyRun);
    Ok(tokens)
}

fn ranges(inside: &str) -> Vec<(char, char)> {
    let chars: Vec<char> = inside.chars().collect();
    let mut ranges = Vec::new();
    let mut at = 0;
    while at < chars.len() {
        // A minus sign at the very end has no special meaning (OSC 1.0).
        if at + 2 < chars.len() && chars[at + 1] == '-' {
            let (a, b) = (chars[at], chars[at + 2]);
            ranges.push((a.min(b), a.max(b)));
            at += 3;
        } else {
            ranges.push((chars[at], chars[at]));
            at += 1;
        }
    }
    ranges
}

fn matches_part(tokens: &[Token], name: &str) -> bool {
    let chars: Vec<char> = name.chars().collect();
    let mut reached = vec![false; chars.len() + 1];
    reached[0] = true;
    for token in tokens {
        let mut next = vec![false; chars.len() + 1];
        let mut step = |accepts: &dyn Fn(char) -> bool| {
            for (at, &char) in chars.iter().enumerate() {
                next[at + 1] = reached[at] && accepts(char);
            }
        };
        match token {
            Token::Char(expected) => step(&|char| char == *expected),
            Token::AnyChar => step(&|_| true),
            Token::Set { ranges, negated } => step(&|char| {
                ranges.iter().any(|(from, to)| (*from..=*to).contains(&char)) != *negated
            }),
            Token::AnyRun => {
                let from = reached.iter().position(|&here| here).unwrap_or(next.len());
                next[from..].fill(true);
            }
            Token::OneOf(words) => {
                for word in words {
                    for at in 0..=chars.len().saturating_sub(word.len()) {
                        if reached[at] && chars[at..].starts_with(word) {
                            next[at + word.len()] = true;
                        }
                    }
                }
            }
        }
        reached = next;
    }
    reached[chars.len()]
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn patterns_mean_what_the_specification_says() {
        let cases: &[(&str, &str, bool)] = &[
            ("/a/b", "/a/b", true),
            ("/a/b", "/a", false),
            ("/a", "/a/b", false),
            ("/*/embed", "/sentences/embed", true),
            ("/*", "/sentences/embed", false),
            ("/sen*ces/*", "/sentences/embed", true),
            ("/?b", "/ab", true),
            ("/?b", "/b", false),
            ("/[a-c]", "/b", true),
            ("/[a-c]", "/d", false),
            ("/[!a-c]", "/d", true),
            ("/[a-]", "/-", true),
            ("/[c-a]", "/b", true),
            ("/{one,two}/x", "/two/x", true),
            ("/{one,two}/x", "/three/x", false),
            ("/{a,ab}c", "/abc", true),
            ("/{,a}b", "/b", true),
            ("//z", "/voyage/z", true),
            ("//z", "/a/b/c/z", true),
            ("//z", "/a/b", false),
            ("/a//z", "/a/z", true),
            ("/*ő*", "/erdőben", true),
            ("/", "/", true),
            ("/a/", "/a", true),
        ];
        for (pattern, address, expected) in cases {
            let parsed = Pattern::parse(pattern).unwrap();
            assert_eq!(parsed.matches(address), *expected, "{pattern} on {address}");
        }
    }

    #[test]
    fn a_subscription_covers_what_lies_beneath() {
        let covers = |pattern, address| Pattern::parse(pattern).unwrap().covers(address);
        assert!(covers("/voyage", "/voyage/line"));
        assert!(covers("/", "/voyage/line"));
        assert!(covers("/*/embed", "/sentences/embed/sentences"));
        assert!(!covers("/voyage/line", "/voyage/place"));
        assert!(!covers("/voy", "/voyage/line"));
    }

    #[test]
    fn what_is_no_pattern_is_refused() {
        for source in ["", "a", "/[a", "/{a", &format!("/{}", "*?".repeat(600))] {
            assert!(Pattern::parse(source).is_err(), "{source}");
        }
    }

    /// The specification read aloud, by trying everything: slow, and so only an oracle.
    fn naive(pattern: &str, address: &str) -> bool {
        let mut rest = address.chars();
        let first = rest.next();
        let after = |n: usize| pattern.get(n..).unwrap_or("");
        match pattern.chars().next() {
            None => first.is_none(),
            Some('*') => {
                naive(after(1), address)
                    || first.is_some_and(|c| c != '/') && naive(pattern, rest.as_str())
            }
            Some('{') => {
                let (inside, tail) = after(1).split_once('}').unwrap();
                inside.split(',').any(|word| {
                    address.strip_prefix(word).is_some_and(|address| naive(tail, address))
                })
            }
            Some('[') => {
                let (inside, tail) = after(1).split_once(']').unwrap();
                let named = inside.trim_start_matches('!');
                first.is_some_and(|c| c != '/' && named.contains(c) != inside.starts_with('!'))
                    && naive(tail, rest.as_str())
            }
            Some('?') => first.is_some_and(|c| c != '/') && naive(after(1), rest.as_str()),
            Some(plain) => first == Some(plain) && naive(after(1), rest.as_str()),
        }
    }

    proptest! {
        // rosc's own matcher is no oracle: 0.11.4 lets `/[a-b]` match `/aa`.
        #[test]
        fn agrees_with_the_specification_read_aloud(
            pattern in "(/([ab?*]|\\[ab\\]|\\[!a\\]|\\{a,bb\\}){1,5}){1,2}",
            address in "(/[abc]{1,4}){1,2}",
        ) {
            let found = Pattern::parse(&pattern).unwrap().matches(&address);
            prop_assert_eq!(found, naive(&pattern, &address));
        }
    }
}
