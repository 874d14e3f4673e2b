//! The one error of the core: what was wrong and what was expected, in words for people, and its kind.

use std::fmt;

/// What class of error it is: transports choose their statuses by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// There is no such model, command, input, chain or address.
    NotFound,
    /// A value, a name or a text does not fit what was expected.
    InvalidInput,
    /// A queue is full.
    Busy,
    /// A run was refused, since its model could not start or was taken off.
    Unavailable,
    /// A run failed: the model's own reasons, a panic, a hang, a deadline.
    Failed,
    /// A run was cancelled.
    Cancelled,
    /// A file or another resource of the system can't be used.
    Io,
}

/// Why something could not be done. Its [`Display`](fmt::Display) is a sentence for people: what was wrong,
/// what was expected.
#[derive(Clone, PartialEq, Eq)]
pub struct Error(Box<Inner>);

#[derive(Clone, PartialEq, Eq)]
struct Inner {
    kind: ErrorKind,
    message: String,
    model: Option<String>,
    command: Option<String>,
    field: Option<String>,
    expected: Option<String>,
}

impl Error {
    /// An error of a kind.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        let (model, command, field, expected) = Default::default();
        Self(Box::new(Inner { kind, message: message.into(), model, command, field, expected }))
    }

    /// There is no such thing.
    pub fn not_found(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::NotFound, message)
    }

    /// A value does not fit.
    pub fn invalid(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::InvalidInput, message)
    }

    /// A value of a type does not fit: "expected a number in 0..1, got the text 'x'".
    pub fn expected(expected: impl Into<String>, got: impl fmt::Display) -> Self {
        let expected = expected.into();
        let mut error = Self::invalid(format!("expected {expected}, got {got}"));
        error.0.expected = Some(expected);
        error
    }

    /// A run failed.
    pub fn failed(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Failed, message)
    }

    /// A run was cancelled.
    pub fn cancelled() -> Self {
        Self::new(ErrorKind::Cancelled, "the run was cancelled")
    }

    /// The same about a field, whose name then begins the message.
    #[must_use]
    pub fn in_field(mut self, name: &str) -> Self {
        self.0.message = format!("{name}: {}", self.0.message);
        self.0.field.get_or_insert_with(|| name.into());
        self
    }

    /// The same, with words before the message that say where: "walk: ...".
    #[must_use]
    pub fn context(mut self, place: impl fmt::Display) -> Self {
        self.0.message = format!("{place}: {}", self.0.message);
        self
    }

    /// The same of a command of a model; the message stays.
    #[must_use]
    pub fn of_command(mut self, model: &str, command: &str) -> Self {
        self.0.model.get_or_insert_with(|| model.into());
        self.0.command.get_or_insert_with(|| command.into());
        self
    }

    /// The same with another kind.
    #[must_use]
    pub fn with_kind(mut self, kind: ErrorKind) -> Self {
        self.0.kind = kind;
        self
    }

    /// What class of error it is.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// The message: the same as its [`Display`](fmt::Display).
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// The model that it is about, where it is about one.
    pub fn model(&self) -> Option<&str> {
        self.0.model.as_deref()
    }

    /// The command that it is about.
    pub fn command(&self) -> Option<&str> {
        self.0.command.as_deref()
    }

    /// The field, an input or an output, that it is about.
    pub fn field(&self) -> Option<&str> {
        self.0.field.as_deref()
    }

    /// What was expected, as a phrase: "a number in 0..1".
    pub fn expectation(&self) -> Option<&str> {
        self.0.expected.as_deref()
    }

    /// Whether a run was cancelled.
    pub fn is_cancelled(&self) -> bool {
        self.0.kind == ErrorKind::Cancelled
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}: {}", self.0.kind, self.0.message)
    }
}

impl std::error::Error for Error {}

/// By the message.
impl PartialEq<str> for Error {
    fn eq(&self, other: &str) -> bool {
        self.message() == other
    }
}

impl PartialEq<&str> for Error {
    fn eq(&self, other: &&str) -> bool {
        self.message() == *other
    }
}

/// Words alone say that something does not fit.
impl From<String> for Error {
    fn from(message: String) -> Self {
        Self::invalid(message)
    }
}

impl From<&str> for Error {
    fn from(message: &str) -> Self {
        Self::invalid(message)
    }
}

impl From<Error> for String {
    fn from(error: Error) -> Self {
        error.0.message
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_says_where_and_what_was_expected() {
        let error = Error::expected("a number in 0..1", "the text 'x'").in_field("speed");
        assert_eq!(error.to_string(), "speed: expected a number in 0..1, got the text 'x'");
        assert_eq!((error.kind(), error.field()), (ErrorKind::InvalidInput, Some("speed")));
        assert_eq!(error.expectation(), Some("a number in 0..1"));
        let error = error.of_command("poetry", "sample").context("walk");
        assert_eq!((error.model(), error.command()), (Some("poetry"), Some("sample")));
        assert!(error.message().starts_with("walk: speed: "));
    }
}
