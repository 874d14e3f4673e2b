//! Handles of inputs: a model writes the name of an input once, and reads the input by its place and type.

use super::{DataType, Values};
use crate::value::{Image, Segmentation, Value};
use std::marker::PhantomData;
use std::ops::Index;

/// The handle of an input of a command, or of a setup option: its place among them, its name, and as what
/// it is read.
///
/// Given to [`Command::input`](super::Command::input) it names the input; as an index of [`Values`] it reads
/// it. `T` is `str` for texts, categories and files, `f64` for numbers, `i64` for integers, `bool`, `[f32]`
/// for vectors, `[Value]` for arrays, [`Image`], [`Segmentation`], and [`Value`] for everything else.
///
/// ```
/// use enjamb_core::signature::{Command, Input, Values, integer, text};
///
/// const TEXT: Input<str> = Input::new(0, "text");
/// const TIMES: Input<i64> = Input::new(1, "times");
///
/// let command = Command::new("shout", "Shouts a text, several times over.")
///     .input(TEXT, text().min(1.0), "What to shout.")
///     .input(TIMES, integer().min(1.0).default(2), "How often.");
/// let given = Values::new().with("text", "o rose");
/// let inputs = given.complete(&Values::new(), &command.inputs)?;
/// assert_eq!(inputs[TEXT].repeat(inputs[TIMES] as usize), "o roseo rose");
/// # Ok::<(), enjamb_core::Error>(())
/// ```
#[derive(Debug)]
pub struct Input<T: ?Sized> {
    position: usize,
    name: &'static str,
    kind: PhantomData<fn() -> *const T>,
}

impl<T: ?Sized> Input<T> {
    /// The input at a position, from 0, with this name.
    pub const fn new(position: usize, name: &'static str) -> Self {
        Self { position, name, kind: PhantomData }
    }

    /// The name.
    pub const fn name(self) -> &'static str {
        self.name
    }
}

impl<T: ?Sized> Clone for Input<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T: ?Sized> Copy for Input<T> {}

/// What an [`Input`] can be read as.
pub trait Readable {
    /// Whether values of a type are read so.
    fn is_read_from(data_type: &DataType) -> bool;

    /// What a value holds; nothing, if it is of another kind.
    fn read(value: &Value) -> Option<&Self>;
}

/// Writes [`Readable`] for one type: the data types it is read from, and the values.
macro_rules! readable {
    ($readable:ty, $data_type:pat, $($value:pat => $read:expr),+) => {
        impl Readable for $readable {
            fn is_read_from(data_type: &DataType) -> bool {
                matches!(data_type, $data_type)
            }

            fn read(value: &Value) -> Option<&Self> {
                match value {
                    $($value => Some($read),)+
                    _ => None,
                }
            }
        }
    };
}

readable!(
    str,
    DataType::Text { .. } | DataType::Category { .. } | DataType::File { .. },
    Value::Text(text) | Value::File(text) => text
);
readable!(f64, DataType::Number { .. }, Value::Number(number) => number);
readable!(i64, DataType::Integer { .. }, Value::Integer(integer) => integer);
readable!(bool, DataType::Boolean { .. }, Value::Boolean(boolean) => boolean);
readable!([f32], DataType::Vector { .. }, Value::Vector(vector) => vector);
readable!([Value], DataType::Array { .. }, Value::Array(items) => items);
readable!(Image, DataType::Image { .. }, Value::Image(image) => image);
readable!(
    Segmentation,
    DataType::Segmentation { .. },
    Value::Segmentation(segmentation) => segmentation
);

impl Readable for Value {
    fn is_read_from(_: &DataType) -> bool {
        true
    }

    fn read(value: &Value) -> Option<&Self> {
        Some(value)
    }
}

/// Reads an input. The engine has checked inputs against the signature and put them in its order, so the
/// handle of another command is a slip in the model's source: it panics.
impl<T: Readable + ?Sized> Index<Input<T>> for Values {
    type Output = T;

    fn index(&self, input: Input<T>) -> &T {
        let at = self.0.get(input.position).filter(|(name, _)| name == input.name);
        at.and_then(|(_, value)| T::read(value)).unwrap_or_else(|| undeclared(input.name))
    }
}

/// Ends a model that reads what its signature does not declare.
pub(super) fn undeclared(name: &str) -> ! {
    panic!("the signature declares no '{name}' of the type asked for")
}

/// What an input is declared by: its handle, or its name alone.
pub trait Named {
    /// The name.
    fn name(&self) -> &str;

    /// Checks that the input is where, and of the type, that it will be read as.
    ///
    /// # Panics
    /// When it is not: a slip in the model's source.
    fn check(&self, position: usize, data_type: &DataType) {
        let _ = (position, data_type);
    }
}

impl Named for &str {
    fn name(&self) -> &str {
        self
    }
}

impl Named for &String {
    fn name(&self) -> &str {
        self
    }
}

impl<T: Readable + ?Sized> Named for Input<T> {
    fn name(&self) -> &str {
        self.name
    }

    fn check(&self, position: usize, data_type: &DataType) {
        let (name, expected) = (self.name, self.position);
        assert!(position == expected, "'{name}' is declared at {position} and read at {expected}");
        let declared = match data_type {
            DataType::Integer { .. } => "integer".into(),
            other => other.label(),
        };
        let readable = std::any::type_name::<T>();
        assert!(
            T::is_read_from(data_type),
            "'{name}' is declared as {declared} and read as {readable}"
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signature::{
        Command, Manifest, array, boolean, category, integer, number, text, vector,
    };

    const NAME: Input<str> = Input::new(0, "name");
    const KIND: Input<str> = Input::new(1, "kind");
    const NUMBER: Input<f64> = Input::new(2, "number");
    const COUNT: Input<i64> = Input::new(3, "count");
    const FLAG: Input<bool> = Input::new(4, "flag");
    const Z: Input<[f32]> = Input::new(5, "z");
    const LINES: Input<[Value]> = Input::new(6, "lines");
    const WHATEVER: Input<Value> = Input::new(7, "whatever");

    fn command() -> Command {
        Command::new("all", "")
            .input(NAME, text(), "")
            .input(KIND, category(["a", "b"]), "")
            .input(NUMBER, number(), "")
            .input(COUNT, integer(), "")
            .input(FLAG, boolean(), "")
            .input(Z, vector(2), "")
            .input(LINES, array(text()), "")
            .input(WHATEVER, number(), "")
    }

    #[test]
    fn inputs_are_read_by_their_handles() {
        let given = Values::new()
            .with("whatever", 1)
            .with("lines", vec!["a line".to_string()])
            .with("z", vec![0.5, 1.0])
            .with("flag", true)
            .with("count", 3.0)
            .with("number", 2)
            .with("kind", "b")
            .with("name", "rose");
        let inputs = given.complete(&Values::new(), &command().inputs).unwrap();
        assert_eq!((&inputs[NAME], &inputs[KIND]), ("rose", "b"));
        assert_eq!((inputs[NUMBER], inputs[COUNT], inputs[FLAG]), (2.0, 3, true));
        assert_eq!((&inputs[Z], &inputs[LINES]), (&[0.5, 1.0][..], &["a line".into()][..]));
        assert_eq!(inputs[WHATEVER], Value::Number(1.0));
    }

    #[test]
    #[should_panic(expected = "'kind' is declared at 0 and read at 1")]
    fn a_handle_at_another_position_is_loud() {
        let _ = Command::new("c", "").input(KIND, text(), "");
    }

    #[test]
    #[should_panic(expected = "'number' is declared as vector of 2 and read as f64")]
    fn a_handle_of_another_type_is_loud() {
        let _ = Manifest::new("m", "").option("a", text(), "").option("b", text(), "").option(
            NUMBER,
            vector(2),
            "",
        );
    }

    #[test]
    #[should_panic(expected = "'count' is declared as integer and read as f64")]
    fn an_integer_is_not_read_as_a_number() {
        let _ = Command::new("c", "").input(Input::<f64>::new(0, "count"), integer(), "");
    }

    #[test]
    #[should_panic(expected = "the signature declares no 'name' of the type asked for")]
    fn a_handle_of_another_command_is_loud() {
        let _ = &Values::new().with("text", "a")[NAME];
    }
}
