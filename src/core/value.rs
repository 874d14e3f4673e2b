//! What flows between commands: text, numbers, vectors, arrays, pictures, and their JSON forms.
//!
//! The kinds are those of the Runway Model SDK. What a command accepts (lengths, ranges, labels) is
//! written down in a [`DataType`](crate::DataType); a `Value` is what was accepted.

mod codec;
mod image;
mod segmentation;

pub use codec::Codec;
pub(crate) use image::no_codec;
#[cfg(test)]
pub(crate) use image::tests::CountingCodec;
pub use image::{Image, ImageFormat, MAX_SIDE, Pixels};
pub use segmentation::{Palette, Segmentation};

use serde::ser::{Serialize, SerializeSeq, Serializer};
use serde_json::Value as Json;
use std::sync::Arc;

/// 2^53: integers up to here are exact in f64.
pub(crate) const EXACT: f64 = 9_007_199_254_740_992.0;

/// One value. Cloning is cheap for all but nested arrays: long payloads are shared.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// Text, or a category's chosen name.
    Text(Arc<str>),
    /// A finite number.
    Number(f64),
    /// A whole number.
    Integer(i64),
    /// A truth value.
    Boolean(bool),
    /// A vector of f32, its length fixed by the type.
    Vector(Arc<[f32]>),
    /// A list of values of one type.
    Array(Vec<Value>),
    /// A picture.
    Image(Image),
    /// A class id for every pixel.
    Segmentation(Segmentation),
    /// A path or a URL, of a file or of a directory.
    File(Arc<str>),
    /// Any JSON at all.
    Any(Json),
    /// A point on an image, each coordinate in 0..1.
    Point([f32; 2]),
    /// A box on an image: x0, y0, x1, y1 in 0..1, with x0 < x1 and y0 < y1.
    BoundingBox([f32; 4]),
    /// Points on an image, as many as the type says.
    Landmarks(Vec<[f32; 2]>),
}

impl Value {
    /// What this is, in one word, for messages to people.
    pub fn kind(&self) -> &'static str {
        match self {
            Value::Text(_) => "text",
            // As in specifications, where whole numbers are numbers, too.
            Value::Number(_) | Value::Integer(_) => "number",
            Value::Boolean(_) => "boolean",
            Value::Vector(_) => "vector",
            Value::Array(_) => "array",
            Value::Image(_) => "image",
            Value::Segmentation(_) => "segmentation",
            Value::File(_) => "file",
            Value::Any(_) => "any",
            Value::Point(_) => "image_point",
            Value::BoundingBox(_) => "image_bounding_box",
            Value::Landmarks(_) => "image_landmarks",
        }
    }

    /// The text of a text, category or file value.
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Value::Text(text) | Value::File(text) => Some(text),
            _ => None,
        }
    }

    /// The number of a number or integer value.
    pub fn as_number(&self) -> Option<f64> {
        match self {
            Value::Number(number) => Some(*number),
            Value::Integer(integer) => Some(*integer as f64),
            _ => None,
        }
    }

    /// The whole number of an integer value.
    pub fn as_integer(&self) -> Option<i64> {
        match self {
            Value::Integer(integer) => Some(*integer),
            _ => None,
        }
    }

    /// The truth of a boolean value.
    pub fn as_boolean(&self) -> Option<bool> {
        match self {
            Value::Boolean(boolean) => Some(*boolean),
            _ => None,
        }
    }

    /// The floats of a vector value.
    pub fn as_vector(&self) -> Option<&[f32]> {
        match self {
            Value::Vector(vector) => Some(vector),
            _ => None,
        }
    }

    /// The image of an image value.
    pub fn as_image(&self) -> Option<&Image> {
        match self {
            Value::Image(image) => Some(image),
            _ => None,
        }
    }

    /// The items of an array value.
    pub fn as_array(&self) -> Option<&[Value]> {
        match self {
            Value::Array(items) => Some(items),
            _ => None,
        }
    }

    /// Gives every image and segmentation in it a codec, unless it has one.
    pub fn attach_codec(&self, codec: &Arc<dyn Codec>) {
        match self {
            Value::Image(image) => image.attach(codec),
            Value::Segmentation(segmentation) => segmentation.attach(codec),
            Value::Array(items) => items.iter().for_each(|item| item.attach_codec(codec)),
            _ => {}
        }
    }

    /// The JSON form, as a tree. Serialising the value itself writes shorter floats.
    pub fn to_json(&self) -> Json {
        serde_json::to_value(self).expect("every value has a JSON form")
    }
}

/// The Model SDK's JSON forms: pictures as data URIs, whole numbers without a point.
impl Serialize for Value {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Value::Text(text) | Value::File(text) => serializer.serialize_str(text),
            Value::Number(n) if n.fract() == 0.0 && n.abs() < EXACT => {
                serializer.serialize_i64(*n as i64)
            }
            Value::Number(n) => serializer.serialize_f64(*n),
            Value::Integer(n) => serializer.serialize_i64(*n),
            Value::Boolean(boolean) => serializer.serialize_bool(*boolean),
            Value::Vector(vector) => {
                let mut seq = serializer.serialize_seq(Some(vector.len()))?;
                for float in vector.iter() {
                    seq.serialize_element(float)?;
                }
                seq.end()
            }
            Value::Array(items) => items.serialize(serializer),
            Value::Image(image) => serializer.serialize_str(&image.to_data_uri()),
            Value::Segmentation(segmentation) => {
                serializer.serialize_str(&segmentation.to_data_uri())
            }
            Value::Any(json) => json.serialize(serializer),
            Value::Point(point) => point.serialize(serializer),
            Value::BoundingBox(bounds) => bounds.serialize(serializer),
            Value::Landmarks(points) => points.serialize(serializer),
        }
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Value::Text(text.into())
    }
}

impl From<&String> for Value {
    fn from(text: &String) -> Self {
        Value::Text(text.as_str().into())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Value::Text(text.into())
    }
}

impl From<f64> for Value {
    fn from(number: f64) -> Self {
        Value::Number(number)
    }
}

/// By its shortest decimal form, so that 0.8_f32 stays 0.8 and is not 0.800000011920929.
impl From<f32> for Value {
    fn from(number: f32) -> Self {
        Value::Number(number.to_string().parse().unwrap_or_else(|_| number.into()))
    }
}

impl From<i32> for Value {
    fn from(integer: i32) -> Self {
        Value::Integer(integer.into())
    }
}

impl From<u32> for Value {
    fn from(integer: u32) -> Self {
        Value::Integer(integer.into())
    }
}

impl From<i64> for Value {
    fn from(integer: i64) -> Self {
        Value::Integer(integer)
    }
}

/// Counts and indices, which are never beyond an i64.
impl From<usize> for Value {
    fn from(count: usize) -> Self {
        Value::Integer(count as i64)
    }
}

impl From<bool> for Value {
    fn from(boolean: bool) -> Self {
        Value::Boolean(boolean)
    }
}

impl From<Vec<f32>> for Value {
    fn from(vector: Vec<f32>) -> Self {
        Value::Vector(vector.into())
    }
}

impl From<&[f32]> for Value {
    fn from(vector: &[f32]) -> Self {
        Value::Vector(vector.into())
    }
}

impl From<Image> for Value {
    fn from(image: Image) -> Self {
        Value::Image(image)
    }
}

impl From<Segmentation> for Value {
    fn from(segmentation: Segmentation) -> Self {
        Value::Segmentation(segmentation)
    }
}

impl From<Vec<Value>> for Value {
    fn from(items: Vec<Value>) -> Self {
        Value::Array(items)
    }
}

impl From<Vec<&str>> for Value {
    fn from(items: Vec<&str>) -> Self {
        Value::Array(items.into_iter().map(Value::from).collect())
    }
}

impl From<Vec<String>> for Value {
    fn from(items: Vec<String>) -> Self {
        Value::Array(items.into_iter().map(Value::from).collect())
    }
}

impl From<Vec<Vec<f32>>> for Value {
    fn from(items: Vec<Vec<f32>>) -> Self {
        Value::Array(items.into_iter().map(Value::from).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_forms_are_the_model_sdks() {
        let cases: Vec<(Value, &str)> = vec![
            ("a line".into(), r#""a line""#),
            (3.0.into(), "3"),
            (0.5.into(), "0.5"),
            (3.into(), "3"),
            (i64::MIN.into(), "-9223372036854775808"),
            (true.into(), "true"),
            (vec![0.1_f32, -2.0].into(), "[0.1,-2.0]"),
            (vec!["a".to_string(), "b".to_string()].into(), r#"["a","b"]"#),
            (Value::Point([0.5, 1.0]), "[0.5,1.0]"),
            (Value::Landmarks(vec![[0.0, 1.0]]), "[[0.0,1.0]]"),
            (Value::Any(serde_json::json!({"k": [1, null]})), r#"{"k":[1,null]}"#),
        ];
        for (value, expected) in cases {
            assert_eq!(serde_json::to_string(&value).unwrap(), expected);
        }
    }
}
