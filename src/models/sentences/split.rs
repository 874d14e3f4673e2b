//! English text to sentences, by rules.
//!
//! A sentence ends at `.`, `?`, `!` or an ellipsis, with any quotes and brackets that close after
//! it, before white space; the rules below say when it does not. A blank line always ends one; a
//! single newline is white space. Nothing else ends one, so verse without punctuation is one
//! sentence a stanza: take [`lines`] for it. `。`, `！` and `？` end a sentence anywhere, and text
//! in other languages mostly comes out well, but their abbreviations are not known here.

use std::ops::Range;

/// Words before a period that never end a sentence: a name, a number or an example follows.
const NEVER_LAST: &str = " mr mrs ms mx dr prof rev hon gen col maj capt cmdr lt sgt cpl pvt sen \
    rep gov pres messrs mme mlle mons fr mt ft e.g i.e eg ie cf vs viz fig figs vol vols pp ch sec \
    ed eds trans approx ca jan feb mar apr jun jul aug sep sept oct nov dec ";

/// Words before a period that end a sentence only if the next word often begins one.
const SELDOM_LAST: &str = " st ave blvd rd sq jr sr inc ltd co corp bros dept univ etc al esq \
    est min max hr hrs lb lbs oz tel ";

/// Words before a period that are abbreviations only before a digit: "No. 5".
const BEFORE_NUMBERS: &str = " no nos p art op ";

/// Words that often begin a sentence and are seldom names.
const BEGINNERS: &str = " a after all although an and as at because before but by did do does for \
    from had has have he her here his how however i if in is it its let many most my no not now of \
    on once one or our perhaps she since so some still suddenly that the their then there these \
    they this those though to today tomorrow under until was we were what when where which while \
    who why with yes yesterday yet you your ";

/// Words after which `!` often does not end a sentence: "Ah! how dark".
const EXCLAMATIONS: &str = " o oh ah aha alas ay aye ha hark hey ho lo la nay no pish tush well \
    what why yea yes ";

/// The sentences of `text`, in order, without the white space around them.
///
/// ```
/// use enjamb_models::sentences::sentences;
/// let text = "Two roads diverged in a yellow wood. And sorry I could not travel both.";
/// assert_eq!(sentences(text).len(), 2);
/// ```
pub fn sentences(text: &str) -> Vec<&str> {
    let mut out = Vec::new();
    let mut start = 0;
    let mut at = 0;
    while let Some(stop) = next_stop(text, at) {
        at = stop.end;
        if ends_sentence(text, start, &stop) {
            out.push(&text[start..stop.end]);
            start = stop.end;
        }
    }
    out.push(&text[start..]);
    trimmed(out.into_iter())
}

/// The lines of `text`, in order, without the white space around them and without empty ones.
pub fn lines(text: &str) -> Vec<&str> {
    trimmed(text.lines())
}

fn trimmed<'a>(parts: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    parts.map(str::trim).filter(|part| !part.is_empty()).collect()
}

/// A place where a sentence may end: `text[marks]` are the marks, `..end` has closing quotes too.
struct Stop {
    marks: Range<usize>,
    end: usize,
}

/// The first place at or after `at` where a sentence may end.
fn next_stop(text: &str, at: usize) -> Option<Stop> {
    let is_candidate = |c: char| is_mark(c) || c == '\n';
    let mut at = at;
    loop {
        let start = at + text[at..].find(is_candidate)?;
        let rest = &text[start..];
        if rest.starts_with('\n') {
            if is_blank_line(rest) {
                let marks = start..start;
                return Some(Stop { marks, end: start + 1 });
            }
            at = start + 1;
            continue;
        }
        let mut marks = start..start + length_while(rest, is_mark);
        // An ellipsis may be spaced: ". . ."
        while let Some(more) = text[marks.end..].strip_prefix(" .") {
            marks.end = text.len() - more.len();
        }
        let end = marks.end + length_while(&text[marks.end..], is_closing);
        return Some(Stop { marks, end });
    }
}

fn ends_sentence(text: &str, start: usize, stop: &Stop) -> bool {
    let marks = &text[stop.marks.clone()];
    let after = &text[stop.end..];
    let next = after.trim_start();
    if marks.is_empty() || next.is_empty() {
        return true;
    }
    if marks.contains(is_wide_mark) {
        return true;
    }
    let space = &after[..after.len() - next.len()];
    if space.is_empty() {
        return false;
    }
    if space.find('\n').is_some_and(|at| is_blank_line(&space[at..])) {
        return true;
    }
    let next = next.trim_start_matches(is_opening);
    let next_is_lower = next.starts_with(char::is_lowercase);
    let is_quoted = stop.end > stop.marks.end;
    if is_quoted && next_is_lower {
        // "Is it late?" she said.
        return false;
    }
    let word = last_word(&text[start..stop.marks.start]);
    if marks.contains(['?', '!']) {
        return !(next_is_lower && marks == "!" && is_in(EXCLAMATIONS, word));
    }
    if marks != "." {
        // An ellipsis goes on, unless something begins after it.
        return !next_is_lower;
    }
    !is_abbreviation(word, &text[start..stop.marks.start], next)
}

/// Whether the period after `word`, the last one of `before`, belongs to an abbreviation, given
/// what comes `next`.
fn is_abbreviation(word: &str, before: &str, next: &str) -> bool {
    let next_word = &next[..length_while(next, |c| c.is_alphanumeric())];
    let begins = next.starts_with(char::is_uppercase) && is_in(BEGINNERS, next_word);
    let mut letters = word.chars();
    if before.trim() == word && is_list_number(word) {
        return true;
    }
    if is_in(NEVER_LAST, word) {
        return true;
    }
    if is_in(BEFORE_NUMBERS, word) {
        return next.starts_with(|c: char| c.is_ascii_digit());
    }
    if is_in(SELDOM_LAST, word) {
        return !begins;
    }
    if let (Some(letter), None) = (letters.next(), letters.next()) {
        // One letter: an initial, if it is a capital. After a small word it may be "plan B".
        return letter.is_uppercase() && !begins;
    }
    // Letters with periods between them: U.S., p.m., Ph.D.
    word.contains('.')
        && word.split('.').all(|part| (1..=2).contains(&part.chars().count()))
        && word.chars().all(|c| c.is_alphabetic() || c == '.')
        && !begins
}

/// "1", "12" or "iv" in front of an item.
fn is_list_number(word: &str) -> bool {
    let is_number = word.chars().all(|c| c.is_ascii_digit());
    let is_roman = word.len() > 1 && word.chars().all(|c| "IVXLC".contains(c));
    !word.is_empty() && word.len() <= 5 && (is_number || is_roman)
}

fn last_word(text: &str) -> &str {
    let start = text.rfind(|c: char| c.is_whitespace() || "—–-/".contains(c) || is_opening(c));
    let word = start
        .map_or(text, |start| text[start..].trim_start_matches(|c: char| !c.is_alphanumeric()));
    word.trim_end_matches(is_closing)
}

fn is_in(list: &str, word: &str) -> bool {
    let word = word.to_lowercase();
    !word.is_empty() && list.split_whitespace().any(|entry| entry == word)
}

/// Whether `text`, which starts with a newline, has another before anything visible.
fn is_blank_line(text: &str) -> bool {
    let space = &text[..length_while(text, char::is_whitespace)];
    space.matches('\n').count() > 1
}

fn length_while(text: &str, is: impl Fn(char) -> bool) -> usize {
    text.find(|c: char| !is(c)).unwrap_or(text.len())
}

fn is_mark(c: char) -> bool {
    matches!(c, '.' | '?' | '!' | '…' | '‽') || is_wide_mark(c)
}

fn is_wide_mark(c: char) -> bool {
    matches!(c, '。' | '！' | '？' | '｡')
}

fn is_closing(c: char) -> bool {
    matches!(c, '"' | '\'' | '”' | '’' | '»' | ')' | ']' | '}' | '」' | '』' | '）' | '*' | '_')
}

fn is_opening(c: char) -> bool {
    matches!(
        c,
        '"' | '\''
            | '“'
            | '‘'
            | '«'
            | '('
            | '['
            | '{'
            | '「'
            | '『'
            | '（'
            | '*'
            | '_'
            | '—'
            | '–'
            | '-'
    )
}

#[cfg(test)]
mod test;
