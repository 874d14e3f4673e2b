//! Why a text got no vector.

use std::fmt;

/// Why a text got no vector. Its text says which one it was and what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EmbedError {
    kind: EmbedErrorKind,
    message: String,
}

/// The kinds of [`EmbedError`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum EmbedErrorKind {
    /// A text has no characters.
    EmptyText,
    /// A text has no word that the model knows.
    NoKnownWord,
}

impl EmbedError {
    /// What kind of error this is.
    pub fn kind(&self) -> EmbedErrorKind {
        self.kind
    }

    /// Text number `index` (from 0) of `count` is empty.
    pub(crate) fn empty(index: usize, count: usize) -> EmbedError {
        EmbedError {
            kind: EmbedErrorKind::EmptyText,
            message: format!("{} is empty: send at least one word", name(index, count)),
        }
    }

    /// Text number `index` (from 0) of `count`, `text`, has no known word.
    #[cfg(feature = "average")]
    pub(crate) fn no_known_word(index: usize, count: usize, text: &str) -> EmbedError {
        let start: String = text.chars().take(40).collect();
        let dots = if start.len() < text.len() { "..." } else { "" };
        EmbedError {
            kind: EmbedErrorKind::NoKnownWord,
            message: format!(
                "{} has no word that this model knows (\"{start}{dots}\"): it knows frequent \
                 English words; the model `sentences` takes any text",
                name(index, count)
            ),
        }
    }
}

fn name(index: usize, count: usize) -> String {
    if count == 1 { "the text".to_owned() } else { format!("text {} of {count}", index + 1) }
}

impl fmt::Display for EmbedError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for EmbedError {}
