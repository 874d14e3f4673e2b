//! The splitter on a table of hard cases, and on what it must never lose.

use super::{lines, sentences};

/// Each case is the sentences as they should come out; the text is these with one of the ways
/// of joining them.
const CASES: &[&[&str]] = &[
    &["Two roads diverged in a yellow wood.", "And sorry I could not travel both."],
    &["One sentence without an end"],
    &["Mr. Frost met Dr. Williams.", "They spoke of snow."],
    &["Mrs. Dalloway said she would buy the flowers herself."],
    &["Prof. Smith and Rev. Jones agreed."],
    &["He brought fruit, e.g. Apples, and wine.", "We ate."],
    &["The poem, i.e. The Raven, is long."],
    &["He lives in the U.S. and writes.", "She does not."],
    &["The U.S. Senate met."],
    &["He moved to the U.S.", "The winters were long."],
    &["We walked up St. James Street."],
    &["She lives on Elm St.", "It is quiet there."],
    &["J. R. R. Tolkien wrote it.", "T. S. Eliot did not."],
    &["George W. Bush spoke."],
    &["Emily E. Dickinson stayed at home.", "Nobody came."],
    &["That was plan B.", "It failed."],
    &["It was only I.", "The others slept."],
    &["I waited... and waited.", "Nothing came."],
    &["I waited...", "Nothing came."],
    &["I waited… and waited.", "Nothing came."],
    &["I waited . . . and waited.", "Nothing came."],
    &["I waited . . .", "Nothing came."],
    &["\"I will go.\"", "She went."],
    &["“I will go.”", "She went."],
    &["‘Will you?’ he asked.", "“Yes!” she said."],
    &["\"Is it late?\" she asked.", "\"It is.\""],
    &["(He had slept.)", "Then he woke."],
    &["He slept (it was late).", "Then he woke."],
    &["[The lights go down.]", "A bell rings."],
    &["Pi is 3.14159 or so.", "Not more."],
    &["It cost $3.50.", "Too much!"],
    &["He was born in 1874.", "He died in 1963."],
    &["What?!", "You saw it?", "I did!!"],
    &["Really?", "really.", "yes."],
    &["the moon is up.", "she is cold.", "nobody minds."],
    &["Ah! how dark it was.", "We left."],
    &["Alas! the day."],
    &["O!", "What a night."],
    &["See No. 5 and no. 7.", "Then stop."],
    &["No.", "I will not."],
    &["It is on p. 12 of vol. 3.", "Read it."],
    &["Meet me at 5 p.m. on Friday.", "Bring bread."],
    &["We met at 5 p.m.", "The sun was low."],
    &["She has a Ph.D. in botany.", "He has none."],
    &["Bread, wine, etc. were brought.", "We ate."],
    &["Bread, wine, etc.", "Then we ate."],
    &["Smith et al. found it.", "We did not."],
    &["Visit example.com or write to a.b@example.org today.", "Thanks."],
    &["1. Wash the rice.", "2. Boil it."],
    &["IV. The winter."],
    &["He came on Jan. 5 and left on Dec. 24.", "It snowed."],
    &["It is cats vs. Dogs again."],
    &["Acme Inc. Paid nobody.", "They closed."],
    &["I saw it—he did not.", "— Who?"],
    &["Wait.", "'Tis the wind.", "\u{201c}Nevermore.\u{201d}"],
    &["The file is v1.2.3.txt now.", "Open it."],
    &["*He ran.*", "_She stayed._"],
    &["Ende.", "Ärger kam.", "Éric partit."],
    &["吾輩は猫である。", "名前はまだ無い。"],
    &["「行く？」", "彼は言った。"],
    &["!", "?"],
];

#[test]
fn cases_come_out_as_written() {
    let mut failures = Vec::new();
    for expected in CASES {
        for joint in [" ", "\n", "  \n ", "\n\n", "\r\n\r\n"] {
            let text = expected.join(joint);
            let got = sentences(&text);
            if got != *expected {
                failures.push(format!("{text:?}\n  gave     {got:?}\n  expected {expected:?}"));
            }
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn wide_marks_need_no_space() {
    assert_eq!(
        sentences("吾輩は猫である。名前はまだ無い。"),
        ["吾輩は猫である。", "名前はまだ無い。"]
    );
    assert_eq!(sentences("「行く？」彼は言った。"), ["「行く？」", "彼は言った。"]);
}

#[test]
fn a_blank_line_ends_a_sentence_and_a_newline_does_not() {
    let text = "the moon above\nthe quiet sea\n \t\nno wind\r\nno word\n\n\n";
    assert_eq!(sentences(text), ["the moon above\nthe quiet sea", "no wind\r\nno word"]);
    assert_eq!(sentences("by Mr.\n\nSmith"), ["by Mr.", "Smith"]);
}

#[test]
fn nothing_gives_nothing() {
    for text in ["", " ", "\n\n \n"] {
        assert!(sentences(text).is_empty());
        assert!(lines(text).is_empty());
    }
}

#[test]
fn lines_are_lines() {
    assert_eq!(lines("one. two\n\n three \r\nfour"), ["one. two", "three", "four"]);
}

proptest::proptest! {
    /// Whatever the text: no panic, and nothing but white space is lost.
    #[test]
    fn nothing_visible_is_lost(text in "[a-zA-Z.?!…。\"'() \n“”月é0-9]{0,60}|\\PC{0,40}") {
        let visible = |text: &str| -> String { text.chars().filter(|c| !c.is_whitespace()).collect() };
        proptest::prop_assert_eq!(visible(&sentences(&text).concat()), visible(&text));
    }
}
