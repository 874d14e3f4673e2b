//! Any text as the sentences of a map: lines where it is verse or a list, else sentences.

use crate::sentences::{lines, sentences};

/// Share of lines with a capital at their start above which a text is verse or a list; prose that is
/// broken into lines has few.
const CAPITAL_SHARE: f64 = 0.6;
/// Characters of a middling line below which it is so, too.
const SHORT: usize = 45;
/// And above which it is prose with a paragraph a line.
const LONG: usize = 160;
/// Longer than any sentence that somebody would read on a map.
const MAX_CHARACTERS: usize = 1000;

/// How a text is split.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Split {
    /// As the text looks.
    #[default]
    Auto,
    /// Each line.
    Lines,
    /// Each sentence; lines that follow each other are one text, empty lines part paragraphs.
    Sentences,
}

/// The sentences of a text, in order, without those that have no letter or are overlong.
pub fn split(text: &str, how: Split) -> Vec<String> {
    let by_line = match how {
        Split::Lines => true,
        Split::Sentences => false,
        Split::Auto => is_by_line(text),
    };
    let parts: Vec<String> = match by_line {
        true => lines(text).into_iter().map(str::to_owned).collect(),
        false => paragraphs(text)
            .iter()
            .flat_map(|paragraph| sentences(paragraph))
            .map(str::to_owned)
            .collect(),
    };
    let is_text = |part: &String| {
        part.contains(char::is_alphabetic) && part.chars().count() <= MAX_CHARACTERS
    };
    parts.into_iter().filter(is_text).collect()
}

/// Lines that follow each other without an empty one between, joined.
fn paragraphs(text: &str) -> Vec<String> {
    let mut paragraphs = vec![String::new()];
    for line in text.lines().map(str::trim) {
        match paragraphs.last_mut() {
            Some(last) if !line.is_empty() => {
                if !last.is_empty() {
                    last.push(' ');
                }
                last.push_str(line);
            }
            _ => paragraphs.push(String::new()),
        }
    }
    paragraphs
}

fn is_by_line(text: &str) -> bool {
    let lines = lines(text);
    let mut lengths: Vec<usize> = lines.iter().map(|line| line.chars().count()).collect();
    lengths.sort_unstable();
    let middling = lengths.get(lengths.len() / 2).copied().unwrap_or(0);
    let begins_with_capital =
        |line: &&&str| line.chars().find(|c| c.is_alphabetic()).is_some_and(char::is_uppercase);
    let n_capitals = lines.iter().filter(begins_with_capital).count();
    let has_capitals = n_capitals as f64 > CAPITAL_SHARE * lines.len() as f64;
    middling < SHORT || (has_capitals && middling <= LONG)
}

#[cfg(test)]
mod tests {
    use super::*;

    const VERSE: &str = "\
        I celebrate myself, and sing myself,\n\
        And what I assume you shall assume,\n\n\
        For every atom belonging to me as good belongs to you, and to all the others who may come here.\n\
        * * *\n";
    const PROSE: &str = "\
        Call me Ishmael. Some years ago, never mind how long precisely, having\n\
        little or no money in my purse, and nothing particular to interest me\n\
        on shore, I thought I would sail about a little.\n\n\
        It is a way I have of driving off the spleen";

    #[test]
    fn verse_is_read_by_line_and_prose_by_sentence() {
        assert_eq!(split(VERSE, Split::Auto).len(), 3);
        let prose = split(PROSE, Split::Auto);
        assert_eq!(prose.len(), 3);
        assert!(prose[1].contains("having little or no money"));
        assert_eq!(prose[2], "It is a way I have of driving off the spleen");
        assert_eq!(split(PROSE, Split::Lines).len(), 4);
        assert_eq!(split(&PROSE.replace('\n', " "), Split::Auto).len(), 3);
    }

    #[test]
    fn what_is_no_text_is_left_out() {
        assert!(split("", Split::Auto).is_empty());
        assert!(split(&"\n".repeat(100_000), Split::Auto).is_empty());
        assert!(split("1818\n---\n  \n", Split::Lines).is_empty());
        assert!(split(&"a".repeat(5000), Split::Auto).is_empty());
        assert_eq!(split("one", Split::Auto), ["one"]);
    }
}
