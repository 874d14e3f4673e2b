//! Byte-pair encoding: from a text to the ids of its sub-words.
//!
//! A text is cut into pieces: words, and marks. A piece begins as its characters. Of all pairs of
//! neighbours that were merged in training, the pair that was merged first is merged again, until
//! no such pair is left.
//!
//! Source: R. Sennrich, B. Haddow, A. Birch, "Neural Machine Translation of Rare Words with Subword
//! Units", ACL 2016. The file format is that of the `tokenizers` library, and so is every id: also
//! where one sub-word can be merged from several pairs, which the paper leaves open.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::{Value, json};

/// The regular expression of a piece, as the file says it and `piece_length` finds it: a word with
/// its inner apostrophes, or a single mark; either with the space before it.
pub const PIECE: &str = r"▁?\p{L}+(?:'\p{L}+)*|▁?[^\p{L}▁]|▁";

/// Stands for a space, and before the first word.
const SPACE: char = '▁';
/// No symbol of a piece.
const NONE: u32 = u32::MAX;

/// The sub-words of a vocabulary, and how characters are merged into them.
#[derive(Clone)]
pub struct Bpe {
    /// By id.
    tokens: Vec<String>,
    /// The sub-words of one character.
    characters: HashMap<char, u32>,
    merges: HashMap<(u32, u32), Merge>,
    /// Tokens that are found in a text before it is cut into pieces, the longest first.
    added: Vec<(String, u32)>,
    /// The id of a character that is no sub-word; such are left out if there is none.
    unknown: Option<u32>,
    /// Whether neighbouring unknown characters are one.
    fuse_unknown: bool,
    /// The ids of the 256 bytes of unknown characters; empty if bytes are not spelled.
    bytes: Vec<Option<u32>>,
    /// Pieces that are not merged but looked up; empty if all are merged.
    whole: HashMap<String, u32>,
}

/// What a pair of sub-words becomes.
#[derive(Clone, Copy)]
struct Merge {
    /// The place in the order of merges.
    rank: u32,
    id: u32,
}

/// A sub-word of a piece that is being merged.
#[derive(Clone, Copy)]
struct Symbol {
    /// [`NONE`] once it is part of the symbol before it.
    id: u32,
    previous: u32,
    next: u32,
}

/// Buffers that one piece after another uses.
#[derive(Default)]
struct Scratch {
    symbols: Vec<Symbol>,
    /// Possible merges, with their rank, left symbol and result: the lowest rank is next, and of
    /// equal ranks the leftmost.
    queue: BinaryHeap<Reverse<(u32, u32, u32)>>,
}

impl Bpe {
    /// Reads the JSON text of a `tokenizers` file.
    ///
    /// # Errors
    /// If the text is not such a file, or asks for something that is not done here.
    pub fn from_json(text: &str) -> Result<Bpe, String> {
        let file: File = serde_json::from_str(text).map_err(|error| error.to_string())?;
        file.check()?;
        let File { added_tokens, model, .. } = file;
        let size = model.vocab.len();
        let mut tokens = vec![None; size];
        for (token, &id) in &model.vocab {
            match tokens.get_mut(id as usize) {
                Some(place @ None) => *place = Some(token.clone()),
                Some(Some(other)) => {
                    return Err(format!("'{other}' and '{token}' have the same id {id}"));
                }
                None => return Err(format!("'{token}' has the id {id}; expected 0..{size}")),
            }
        }
        // There are as many tokens as ids, and no id twice.
        let mut tokens: Vec<String> = tokens.into_iter().flatten().collect();
        let merges = model.merges()?;
        let unknown = match &model.unk_token {
            Some(token) => Some(model.id(token)?),
            None => None,
        };
        let mut added: Vec<(String, u32)> = Vec::new();
        for AddedToken { id, content, .. } in added_tokens {
            if added.iter().any(|(other, _)| *other == content) {
                continue;
            }
            let expected = match model.vocab.get(&content) {
                Some(id) => *id,
                None => {
                    tokens.push(content.clone());
                    tokens.len() as u32 - 1
                }
            };
            if id != expected {
                return Err(format!(
                    "the added token '{content}' has the id {id}; expected {expected}"
                ));
            }
            added.push((content, id));
        }
        added.sort_by_key(|(content, _)| Reverse(content.len()));
        let characters = model.vocab.iter().filter_map(|(token, id)| {
            let mut characters = token.chars();
            characters.next().filter(|_| characters.next().is_none()).map(|c| (c, *id))
        });
        let byte = |byte: u8| model.vocab.get(&format!("<{byte:#04X}>")).copied();
        Ok(Bpe {
            tokens,
            characters: characters.collect(),
            merges,
            added,
            unknown,
            fuse_unknown: model.fuse_unk,
            bytes: if model.byte_fallback { (0..=255).map(byte).collect() } else { Vec::new() },
            whole: if model.ignore_merges { model.vocab } else { HashMap::new() },
        })
    }

    /// The sub-words by their ids, added tokens included.
    pub fn tokens(&self) -> &[String] {
        &self.tokens
    }

    /// The ids of a text, in which added tokens may stand.
    ///
    /// A letter is what [`char::is_alphabetic`] takes for one, numbers aside. The library does
    /// without vowel signs and circled letters there, which no [cleaned] line has.
    ///
    /// [cleaned]: super::vocabulary::clean
    pub fn encode(&self, text: &str) -> Vec<u32> {
        let mut ids = Vec::with_capacity(text.len() / 2);
        let mut spaced = String::with_capacity(2 * text.len());
        let mut scratch = Scratch::default();
        let mut rest = text;
        while !rest.is_empty() {
            let (before, added, after) = self.split_at_added(rest);
            self.encode_part(before, &mut spaced, &mut scratch, &mut ids);
            ids.extend(added);
            rest = after;
        }
        ids
    }

    /// What stands before the first added token, its id, and what follows it.
    fn split_at_added<'a>(&self, text: &'a str) -> (&'a str, Option<u32>, &'a str) {
        for (at, _) in text.char_indices() {
            let rest = &text[at..];
            let found = self.added.iter().find(|(content, _)| rest.starts_with(content.as_str()));
            if let Some((content, id)) = found {
                return (&text[..at], Some(*id), &rest[content.len()..]);
            }
        }
        (text, None, "")
    }

    /// Appends the ids of a text without added tokens.
    fn encode_part(
        &self,
        text: &str,
        spaced: &mut String,
        scratch: &mut Scratch,
        ids: &mut Vec<u32>,
    ) {
        if text.is_empty() {
            return;
        }
        spaced.clear();
        spaced.push(SPACE);
        spaced.extend(text.chars().map(|c| if c == ' ' { SPACE } else { c }));
        let mut rest = spaced.as_str();
        while !rest.is_empty() {
            let (piece, after) = rest.split_at(piece_length(rest));
            match self.whole.get(piece) {
                Some(id) => ids.push(*id),
                None => {
                    self.spell(piece, &mut scratch.symbols);
                    self.merge(scratch);
                    ids.extend(scratch.symbols.iter().map(|symbol| symbol.id));
                }
            }
            rest = after;
        }
    }

    /// The characters of a piece.
    fn spell(&self, piece: &str, symbols: &mut Vec<Symbol>) {
        symbols.clear();
        let mut push = |id: u32| {
            let at = symbols.len() as u32;
            symbols.push(Symbol { id, previous: at.wrapping_sub(1), next: at + 1 });
        };
        // An unknown character waits for the next known one, as in the library, where spelled bytes
        // overtake it.
        let mut waiting = None;
        for c in piece.chars() {
            if let Some(id) = self.characters.get(&c) {
                waiting.take().into_iter().for_each(&mut push);
                push(*id);
            } else if let Some(bytes) = self.byte_ids(c) {
                bytes.into_iter().for_each(&mut push);
            } else {
                if !self.fuse_unknown {
                    waiting.take().into_iter().for_each(&mut push);
                }
                waiting = self.unknown;
            }
        }
        waiting.into_iter().for_each(&mut push);
        if let Some(last) = symbols.last_mut() {
            last.next = NONE;
        }
    }

    /// The ids of a character's bytes, if bytes are spelled and all of them have one.
    fn byte_ids(&self, c: char) -> Option<Vec<u32>> {
        let mut buffer = [0; 4];
        let bytes = c.encode_utf8(&mut buffer).bytes();
        bytes.map(|byte| self.bytes.get(usize::from(byte)).copied().flatten()).collect()
    }

    /// Merges the symbols as far as they go.
    fn merge(&self, Scratch { symbols, queue }: &mut Scratch) {
        queue.clear();
        for left in 0..symbols.len() {
            self.propose(symbols, left as u32, queue);
        }
        while let Some(Reverse((_, left, id))) = queue.pop() {
            let at = left as usize;
            // The pair may be another by now. Like the library, this takes it all the same if it
            // merges into the same sub-word.
            let Some(merge) = self.merge_at(symbols, left).filter(|merge| merge.id == id) else {
                continue;
            };
            let right = symbols[at].next as usize;
            let next = symbols[right].next;
            symbols[right].id = NONE;
            symbols[at] = Symbol { id: merge.id, next, ..symbols[at] };
            if let Some(next) = symbols.get_mut(next as usize) {
                next.previous = left;
            }
            self.propose(symbols, symbols[at].previous, queue);
            self.propose(symbols, left, queue);
        }
        symbols.retain(|symbol| symbol.id != NONE);
    }

    /// Puts the merge of the symbol `left` with its next one into the queue, if there is such.
    fn propose(
        &self,
        symbols: &[Symbol],
        left: u32,
        queue: &mut BinaryHeap<Reverse<(u32, u32, u32)>>,
    ) {
        if let Some(Merge { rank, id }) = self.merge_at(symbols, left) {
            queue.push(Reverse((rank, left, id)));
        }
    }

    /// What the symbol `left` and its next one become; nothing if one of them is gone.
    fn merge_at(&self, symbols: &[Symbol], left: u32) -> Option<Merge> {
        let left = symbols.get(left as usize)?;
        let right = symbols.get(left.next as usize)?;
        self.merges.get(&(left.id, right.id)).copied()
    }
}

/// The bytes of the piece that a text starts with: see [`PIECE`].
fn piece_length(text: &str) -> usize {
    let space = if text.starts_with(SPACE) { SPACE.len_utf8() } else { 0 };
    let rest = &text[space..];
    match (word_length(rest), rest.chars().next()) {
        (0, Some(mark)) if mark != SPACE => space + mark.len_utf8(),
        (length, _) => space + length,
    }
}

/// The bytes of the letters that a text starts with, inner apostrophes included.
fn word_length(text: &str) -> usize {
    let mut length = 0;
    for (at, c) in text.char_indices() {
        let is_inner =
            || c == '\'' && at > 0 && text[at + 1..].chars().next().is_some_and(is_letter);
        if !is_letter(c) && !is_inner() {
            break;
        }
        length = at + c.len_utf8();
    }
    length
}

fn is_letter(c: char) -> bool {
    c.is_ascii_alphabetic() || !c.is_ascii() && c.is_alphabetic() && !c.is_numeric()
}

/// A file of the `tokenizers` library.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    version: Value,
    #[serde(default)]
    truncation: Value,
    #[serde(default)]
    padding: Value,
    #[serde(default)]
    added_tokens: Vec<AddedToken>,
    normalizer: Value,
    pre_tokenizer: Value,
    #[serde(default)]
    post_processor: Value,
    /// How ids become text again, which is not read from the file.
    #[serde(default, rename = "decoder")]
    _decoder: IgnoredAny,
    model: Model,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AddedToken {
    id: u32,
    content: String,
    single_word: bool,
    lstrip: bool,
    rstrip: bool,
    normalized: bool,
    /// Whether it is left out of decoded text, which is not read from the file.
    #[serde(rename = "special")]
    _special: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Model {
    r#type: String,
    #[serde(default)]
    dropout: Option<f64>,
    #[serde(default)]
    unk_token: Option<String>,
    #[serde(default)]
    continuing_subword_prefix: Option<String>,
    #[serde(default)]
    end_of_word_suffix: Option<String>,
    #[serde(default)]
    fuse_unk: bool,
    #[serde(default)]
    byte_fallback: bool,
    #[serde(default)]
    ignore_merges: bool,
    vocab: HashMap<String, u32>,
    merges: Merges,
}

/// Pairs of sub-words in the order in which they are merged.
#[derive(Deserialize)]
#[serde(untagged, expecting = "expected merges as pairs of tokens, or as texts of two tokens")]
enum Merges {
    Pairs(Vec<(String, String)>),
    /// With a space between the two.
    Lines(Vec<String>),
}

impl File {
    /// Refuses what is not done here.
    fn check(&self) -> Result<(), String> {
        let space = SPACE.to_string();
        let normalizer = json!({
            "type": "Sequence",
            "normalizers": [
                {"type": "Prepend", "prepend": space},
                {"type": "Replace", "pattern": {"String": " "}, "content": space},
            ],
        });
        let pre_tokenizer = json!({
            "type": "Split",
            "pattern": {"Regex": PIECE},
            "behavior": "Isolated",
            "invert": false,
        });
        for (name, found, expected) in [
            ("version", &self.version, "1.0".into()),
            ("truncation", &self.truncation, Value::Null),
            ("padding", &self.padding, Value::Null),
            ("normalizer", &self.normalizer, normalizer),
            ("pre_tokenizer", &self.pre_tokenizer, pre_tokenizer),
            ("post_processor", &self.post_processor, Value::Null),
        ] {
            if *found != expected {
                return Err(format!("its {name} should be {expected} and is {found}"));
            }
        }
        for token in &self.added_tokens {
            let AddedToken { content, single_word, lstrip, rstrip, normalized, .. } = token;
            if content.is_empty() || *single_word || *lstrip || *rstrip || *normalized {
                return Err(format!(
                    "the added token '{content}' should be found as it stands (single_word, \
                     lstrip, rstrip and normalized false)"
                ));
            }
        }
        self.model.check()
    }
}

impl Model {
    fn check(&self) -> Result<(), String> {
        if self.r#type != "BPE" {
            return Err(format!("its model should be of type BPE and is of type {}", self.r#type));
        }
        if let Some(dropout) = self.dropout.filter(|dropout| *dropout != 0.0) {
            return Err(format!("its model has a dropout of {dropout}; expected none"));
        }
        for (name, affix) in [
            ("continuing_subword_prefix", &self.continuing_subword_prefix),
            ("end_of_word_suffix", &self.end_of_word_suffix),
        ] {
            if let Some(affix) = affix.as_ref().filter(|affix| !affix.is_empty()) {
                return Err(format!("its model has the {name} '{affix}'; expected none"));
            }
        }
        Ok(())
    }

    fn id(&self, token: &str) -> Result<u32, String> {
        let id = self.vocab.get(token).copied();
        id.ok_or_else(|| format!("the token '{token}' is not in its vocabulary"))
    }

    /// What each pair becomes. Of a pair that is there twice, the last counts.
    fn merges(&self) -> Result<HashMap<(u32, u32), Merge>, String> {
        let pairs: Vec<(&str, &str)> = match &self.merges {
            Merges::Pairs(pairs) => pairs.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect(),
            Merges::Lines(lines) => {
                let lines = lines.iter().filter(|line| !line.starts_with("#version"));
                let pairs = lines.map(|line| {
                    let pair = line.split_once(' ').filter(|(_, b)| !b.contains(' '));
                    pair.ok_or_else(|| format!("the merge '{line}' is not two tokens"))
                });
                pairs.collect::<Result<_, String>>()?
            }
        };
        let merge = |(rank, (a, b)): (usize, &(&str, &str))| {
            let id = self.id(&format!("{a}{b}"))?;
            Ok(((self.id(a)?, self.id(b)?), Merge { rank: rank as u32, id }))
        };
        pairs.iter().enumerate().map(merge).collect()
    }
}

#[cfg(test)]
mod test;
