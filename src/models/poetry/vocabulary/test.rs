//! Tests of the sub-words: what goes in comes out, with its capitals.

use super::*;

/// 55 sub-words, learned from the lines in the test of `train::vocabulary`.
const JSON: &str = include_str!("test.json");

fn vocabulary() -> Vocabulary {
    Vocabulary::from_json(JSON, ["lord".to_owned()].into()).unwrap()
}

#[test]
fn a_line_comes_back_as_it_was_cleaned() {
    let vocabulary = vocabulary();
    for line in ["The moon’s  a galleon,", "am I — the night?", "“O'er the seas!”", "so, so."]
    {
        let ids = vocabulary.encode(line);
        if !ids.contains(&UNKNOWN) {
            assert_eq!(vocabulary.decode(&ids), clean(line));
        }
        assert!(!ids.contains(&START) && !ids.contains(&END));
    }
    assert!(!vocabulary.encode("The moon's a galleon,").contains(&UNKNOWN));
    assert!(vocabulary.encode("   ").is_empty());
}

#[test]
fn what_the_alphabet_lacks_is_unknown_or_transliterated() {
    let vocabulary = vocabulary();
    assert_eq!(vocabulary.encode("1").last(), Some(&UNKNOWN));
    assert_eq!(clean("Луна — moon"), "luna—moon");
    assert_eq!(clean("a\u{0}b\tc"), "ab c");
    // Transliterated as a backtick, which is an apostrophe.
    assert_eq!(clean("S\u{741}h"), "s'h");
}

#[test]
fn capitals_come_back() {
    let vocabulary = vocabulary();
    for (lower, cased) in [
        ("o lord, i'm here. am i? \"so be it!\"", "O Lord, I'm here. Am I? \"So be it!\""),
        ("the lord's night; i", "The Lord's night; I"),
        ("'tis the night", "'Tis the night"),
        ("étude", "Étude"),
        ("", ""),
    ] {
        assert_eq!(vocabulary.true_case(lower), cased);
    }
}

#[test]
fn a_saved_vocabulary_is_the_same() {
    let dir = std::env::temp_dir().join(format!("enjamb-vocabulary-{}", std::process::id()));
    std::fs::create_dir_all(&dir).unwrap();
    let path = dir.join("vocabulary.json");
    let vocabulary = vocabulary();
    vocabulary.save(&path).unwrap();
    let loaded = Vocabulary::load(&path).unwrap();
    assert_eq!(std::fs::read_to_string(&path).unwrap(), JSON);
    assert_eq!(loaded.bpe.tokens(), vocabulary.bpe.tokens());
    assert_eq!(loaded.true_case("my lord"), "My Lord");
    let line = "the cloudy seas, i say!";
    assert_eq!(loaded.encode(line), vocabulary.encode(line));
    std::fs::write(&path, "{}").unwrap();
    assert!(Vocabulary::load(&path).is_err());
    std::fs::remove_dir_all(&dir).unwrap();
}
