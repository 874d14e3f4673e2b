//! Pieces, unknown characters, added tokens and errors; and all ids against the `tokenizers` library.

use super::super::vocabulary::clean;
use super::*;
use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use tokenizers::Tokenizer;

/// What users type, and what may confuse a reader of it.
const NASTY: &[&str] = &[
    " ", " ", "the", "e", "o", "'", "'", "\"", "—", "-", "1", "23", "é", "œ", "ß", "×", "÷", "ÿ",
    "ñ", "▁", "<s>", "</s>", "<unk>", "<", "s>", "s", "th", "ing", ".", ",", "!", "?", "\n",
    "\u{a0}", "月", "λ", "\u{301}", "😀", "Ⅳ", "²",
];

fn shipped() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../models/poetry/vocabulary.json")
}

/// A file with a vocabulary of single characters, "ab" and "abc".
fn small() -> Value {
    json!({
        "version": "1.0",
        "truncation": null,
        "padding": null,
        "added_tokens": [{
            "id": 0, "content": "<s>", "single_word": false, "lstrip": false, "rstrip": false,
            "normalized": false, "special": true
        }],
        "normalizer": {"type": "Sequence", "normalizers": [
            {"type": "Prepend", "prepend": "▁"},
            {"type": "Replace", "pattern": {"String": " "}, "content": "▁"}
        ]},
        "pre_tokenizer": {
            "type": "Split", "pattern": {"Regex": PIECE}, "behavior": "Isolated", "invert": false
        },
        "post_processor": null,
        "decoder": null,
        "model": {
            "type": "BPE", "dropout": null, "unk_token": "?", "continuing_subword_prefix": null,
            "end_of_word_suffix": null, "fuse_unk": false, "byte_fallback": false,
            "ignore_merges": false,
            "vocab": {"<s>": 0, "?": 1, "▁": 2, "a": 3, "b": 4, "c": 5, "'": 6, "ab": 7, "abc": 8,
                "▁c": 9},
            "merges": [["a", "b"], ["ab", "c"], ["▁", "c"]]
        }
    })
}

fn read(file: &Value) -> Bpe {
    Bpe::from_json(&file.to_string()).unwrap()
}

/// The texts of the ids.
fn tokens(bpe: &Bpe, text: &str) -> Vec<String> {
    bpe.encode(text).into_iter().map(|id| bpe.tokens()[id as usize].clone()).collect()
}

fn check_pieces(text: &str, expected: &[&str]) {
    let mut rest = text;
    let mut pieces = Vec::new();
    while !rest.is_empty() {
        let (piece, after) = rest.split_at(piece_length(rest));
        pieces.push(piece);
        rest = after;
    }
    assert_eq!(pieces, expected, "{text}");
}

fn library_ids(library: &Tokenizer, text: &str) -> Vec<u32> {
    library.encode_fast(text, false).unwrap().get_ids().to_vec()
}

#[test]
fn pieces_are_words_and_single_marks() {
    check_pieces("▁o'er▁the▁moon", &["▁o'er", "▁the", "▁moon"]);
    check_pieces("▁'tis▁so,▁so.", &["▁'", "tis", "▁so", ",", "▁so", "."]);
    check_pieces("a''b'c'▁d", &["a", "'", "'", "b'c", "'", "▁d"]);
    check_pieces("▁▁a▁—▁", &["▁", "▁a", "▁—", "▁"]);
    check_pieces("été12×", &["été", "1", "2", "×"]);
    check_pieces("", &[]);
}

#[test]
fn pairs_are_merged_in_the_order_of_training() {
    let bpe = read(&small());
    assert_eq!(tokens(&bpe, "abc cab"), ["▁", "abc", "▁c", "ab"]);
    assert_eq!(tokens(&bpe, "a'b"), ["▁", "a", "'", "b"]);
    assert_eq!(bpe.encode(""), [0_u32; 0]);
}

#[test]
fn what_the_vocabulary_lacks_is_unknown() {
    let mut file = small();
    assert_eq!(tokens(&read(&file), "xay"), ["▁", "?", "a", "?"]);
    assert_eq!(tokens(&read(&file), "axyb"), ["▁", "a", "?", "?", "b"]);
    file["model"]["fuse_unk"] = true.into();
    assert_eq!(tokens(&read(&file), "axyb"), ["▁", "a", "?", "b"]);
    file["model"]["unk_token"] = Value::Null;
    assert_eq!(tokens(&read(&file), "xaxb"), ["▁", "ab"]);
}

#[test]
fn added_tokens_stand_for_themselves() {
    let mut file = small();
    assert_eq!(tokens(&read(&file), "a<s>b"), ["▁", "a", "<s>", "▁", "b"]);
    assert_eq!(tokens(&read(&file), "<s><s"), ["<s>", "▁", "?", "?"]);
    let mut longer = file["added_tokens"][0].clone();
    longer["content"] = "<s>c".into();
    longer["id"] = 10.into();
    file["added_tokens"].as_array_mut().unwrap().push(longer);
    assert_eq!(tokens(&read(&file), "<s>ca"), ["<s>c", "▁", "a"]);
}

#[test]
fn a_file_that_asks_for_more_is_refused() {
    let check = |path: &str, value: Value, expected: &str| {
        let mut file = small();
        *file.pointer_mut(path).unwrap() = value;
        let error = Bpe::from_json(&file.to_string()).err().unwrap_or_default();
        assert!(error.contains(expected), "{path}: '{error}' should contain '{expected}'");
    };
    check("/version", "2.0".into(), "its version should be \"1.0\" and is \"2.0\"");
    check("/truncation", json!({"max_length": 3}), "its truncation should be null");
    check("/normalizer", Value::Null, "its normalizer should be");
    check("/normalizer/normalizers/0/prepend", "_".into(), "its normalizer should be");
    check("/pre_tokenizer/pattern/Regex", ".".into(), "its pre_tokenizer should be");
    check("/pre_tokenizer/behavior", "Removed".into(), "its pre_tokenizer should be");
    check("/post_processor", json!({"type": "ByteLevel"}), "its post_processor should be null");
    check("/added_tokens/0/lstrip", true.into(), "the added token '<s>' should be found as it");
    check("/added_tokens/0/normalized", true.into(), "the added token '<s>' should be found as");
    check("/added_tokens/0/content", "".into(), "the added token '' should be found as it");
    check("/added_tokens/0/id", 3.into(), "the added token '<s>' has the id 3; expected 0");
    check("/model/type", "Unigram".into(), "should be of type BPE and is of type Unigram");
    check("/model/dropout", 0.1.into(), "a dropout of 0.1; expected none");
    check("/model/continuing_subword_prefix", "##".into(), "the continuing_subword_prefix '##'");
    check("/model/end_of_word_suffix", "</w>".into(), "the end_of_word_suffix '</w>'");
    check("/model/unk_token", "[unk]".into(), "the token '[unk]' is not in its vocabulary");
    check("/model/vocab/ab", 3.into(), "have the same id 3");
    check("/model/vocab/ab", 10.into(), "'ab' has the id 10; expected 0..10");
    check("/model/vocab/ab", (-1).into(), "invalid value");
    check("/model/merges/0/1", "c".into(), "the token 'ac' is not in its vocabulary");
    check("/model/merges/0/1", "d".into(), "is not in its vocabulary");
    check("/model/merges", json!(["a b c"]), "the merge 'a b c' is not two tokens");
    check("/model/merges", json!([3]), "expected merges as pairs of tokens");
    assert!(Bpe::from_json("{}").err().unwrap().contains("missing field"));
    assert!(Bpe::from_json("[").is_err());
    let with_more = small().to_string().replacen('{', "{\"more\": 1, ", 1);
    assert!(Bpe::from_json(&with_more).err().unwrap().contains("unknown field `more`"));
}

#[test]
fn letters_are_those_of_the_library_wherever_a_cleaned_line_has_them() {
    let library = Tokenizer::from_file(shipped()).unwrap();
    let bpe = Bpe::from_json(&std::fs::read_to_string(shipped()).unwrap()).unwrap();
    let mut all: Vec<char> = ('\0'..=char::MAX)
        .flat_map(|c| clean(&c.to_string()).chars().collect::<Vec<_>>())
        .collect();
    all.sort_unstable();
    all.dedup();
    assert!(all.contains(&'œ') && all.contains(&'—') && all.len() > 100);
    // The greatest below the first combining mark that is alphabetic.
    for c in ('\0'..'\u{345}').chain(all) {
        for text in [format!("the{c}the"), format!("{c}'{c}"), format!("a {c}")] {
            assert_eq!(bpe.encode(&text), library_ids(&library, &text), "{text:?}");
        }
    }
}

#[test]
fn ids_are_those_of_the_library() {
    let library = Tokenizer::from_file(shipped()).unwrap();
    let bpe = Bpe::from_json(&std::fs::read_to_string(shipped()).unwrap()).unwrap();
    let size = library.get_vocab_size(true) as u32;
    let tokens: Vec<String> = (0..size).map(|id| library.id_to_token(id).unwrap()).collect();
    assert_eq!(bpe.tokens(), tokens);
    let words = std::fs::read_to_string(shipped().with_file_name("words.txt")).unwrap();
    let words: Vec<&str> = words.lines().collect();
    let mut rng = ChaCha8Rng::seed_from_u64(7);
    let mut texts: Vec<String> = words.chunks(10).map(|words| words.join(" ")).collect();
    // The lines of the map that ships, if the model that reads them is there.
    #[cfg(feature = "map")]
    {
        let map = shipped().with_file_name("../map/map.safetensors");
        let map = crate::map::atlas::Atlas::load(&map).unwrap();
        texts.extend(map.texts().iter().map(|text| clean(text)));
    }
    texts.extend(words.chunks(40).map(<[&str]>::concat));
    texts.extend((0..5000).map(|_| {
        let length = rng.random_range(0..30);
        (0..length).map(|_| *NASTY.choose(&mut rng).unwrap()).collect()
    }));
    assert!(texts.len() > 6000, "{}", texts.len());
    for text in &texts {
        assert_eq!(bpe.encode(text), library_ids(&library, text), "{text:?}");
    }
}

/// Sub-words that are merged from several pairs, pairs that are there twice, and every option.
#[test]
fn ids_of_random_vocabularies_are_those_of_the_library() {
    let mut rng = ChaCha8Rng::seed_from_u64(8);
    for round in 0..300 {
        let mut tokens: Vec<String> = ["<s>", "?", "▁", "a", "b", "c", "'", "<0xC3>", "<0xA9>"]
            .into_iter()
            .map(str::to_owned)
            .collect();
        let mut merges = Vec::new();
        for _ in 0..rng.random_range(0..60) {
            let a = tokens[rng.random_range(1..tokens.len())].clone();
            let b = tokens[rng.random_range(1..tokens.len())].clone();
            let both = format!("{a}{b}");
            if both.len() < 12 {
                if !tokens.contains(&both) {
                    tokens.push(both);
                }
                merges.push((a, b));
            }
        }
        let mut file = small();
        let vocab = tokens.iter().enumerate().map(|(id, token)| (token.clone(), id.into()));
        file["model"]["vocab"] = Value::Object(vocab.collect());
        file["model"]["merges"] = match round % 2 {
            0 => json!(merges),
            _ => merges.iter().map(|(a, b)| format!("{a} {b}")).collect(),
        };
        for option in ["fuse_unk", "byte_fallback", "ignore_merges"] {
            file["model"][option] = rng.random_bool(0.5).into();
        }
        if rng.random_bool(0.3) {
            file["model"]["unk_token"] = Value::Null;
        }
        let (bpe, library) = (read(&file), file.to_string().parse::<Tokenizer>().unwrap());
        for _ in 0..100 {
            let length = rng.random_range(0..25);
            let parts = ["a", "a", "b", "b", "c", "'", " ", "é", "x", "?", "<s>"];
            let text: String = (0..length).map(|_| *parts.choose(&mut rng).unwrap()).collect();
            assert_eq!(bpe.encode(&text), library_ids(&library, &text), "{text:?} by {file}");
        }
    }
}

/// Reads the lines of the file ENJAMB_CORPUS; of columns separated by tabs, the last.
#[test]
#[ignore = "takes minutes, and a corpus"]
fn ids_of_a_corpus_are_those_of_the_library() {
    let path = std::env::var("ENJAMB_CORPUS").expect("ENJAMB_CORPUS names a file of lines");
    let corpus = std::fs::read_to_string(path).unwrap();
    let library = Tokenizer::from_file(shipped()).unwrap();
    let bpe = Bpe::from_json(&std::fs::read_to_string(shipped()).unwrap()).unwrap();
    let (mut ours, mut theirs, mut n_ids, mut n_lines) = (Duration::ZERO, Duration::ZERO, 0, 0);
    for line in corpus.lines() {
        let line = clean(line.rsplit('\t').next().unwrap_or_default());
        let start = Instant::now();
        let ids = bpe.encode(&line);
        let between = Instant::now();
        let encoding = library.encode_fast(line.as_str(), false).unwrap();
        theirs += between.elapsed();
        ours += between - start;
        assert_eq!(ids, encoding.get_ids(), "{line}");
        n_ids += ids.len();
        n_lines += 1;
        if n_lines == 20_000 {
            eprintln!("the first {n_lines} lines: {ours:?}, by the library {theirs:?}");
        }
    }
    eprintln!("{n_lines} lines, {n_ids} ids, all equal: {ours:?}, by the library {theirs:?}");
}
