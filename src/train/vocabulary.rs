//! Vocabularies as they are learned: the sub-words of some lines, by the `tokenizers` library.

use std::collections::HashSet;

use tokenizers::models::TrainerWrapper;
use tokenizers::models::bpe::{BPE, BpeTrainer};
use tokenizers::normalizers::{Prepend, Replace, Sequence};
use tokenizers::pre_tokenizers::split::{Split, SplitPattern};
use tokenizers::{AddedToken, SplitDelimiterBehavior, Tokenizer};

use super::TrainError;
use enjamb_models::poetry::bpe::PIECE;
use enjamb_models::poetry::vocabulary::{SPECIAL, UNKNOWN, Vocabulary};

/// Learns about `size` sub-words, special ones among them, from cleaned lines. `capitals` are the
/// words (lower case) that are written with a capital.
///
/// # Errors
/// When there are no lines to learn from.
pub fn learn<'a>(
    lines: impl Iterator<Item = &'a str> + Send,
    size: usize,
    capitals: HashSet<String>,
) -> Result<Vocabulary, TrainError> {
    let json = learn_json(lines, size)
        .map_err(|error| TrainError::new(format!("no vocabulary could be learned: {error}")))?;
    Ok(Vocabulary::from_json(json, capitals)?)
}

/// The text of `vocabulary.json`.
fn learn_json<'a>(
    lines: impl Iterator<Item = &'a str> + Send,
    size: usize,
) -> tokenizers::Result<String> {
    let model = BPE::builder().unk_token(SPECIAL[UNKNOWN as usize].into()).build()?;
    let mut tokenizer = Tokenizer::new(model);
    let prepared = vec![Prepend::new("▁".into()).into(), Replace::new(" ", "▁")?.into()];
    tokenizer.with_normalizer(Some(Sequence::new(prepared)))?;
    let pattern = SplitPattern::Regex(PIECE.into());
    let split = Split::new(pattern, SplitDelimiterBehavior::Isolated, false)?;
    tokenizer.with_pre_tokenizer(Some(split));
    let special = SPECIAL.iter().map(|token| AddedToken::from(*token, true)).collect();
    let mut trainer: TrainerWrapper = BpeTrainer::builder()
        .vocab_size(size)
        .min_frequency(2)
        .special_tokens(special)
        .show_progress(false)
        .build()
        .into();
    tokenizer.train(&mut trainer, lines)?.to_string(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_that_is_learned_is_the_same_to_the_byte() {
        let lines = [
            "the moon was a ghostly galleon tossed upon cloudy seas,",
            "o'er the moon the night is the lord's; and i am—am i?",
            "shall i compare thee to a summer's day? the summer's day!",
        ];
        let expected = include_str!("../models/poetry/vocabulary/test.json");
        assert_eq!(learn_json(lines.into_iter(), 90).unwrap(), expected);
        let vocabulary = learn(lines.into_iter(), 90, HashSet::new()).unwrap();
        assert_eq!(vocabulary.len(), 55);
    }
}
