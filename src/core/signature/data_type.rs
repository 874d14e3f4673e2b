//! Data types: what a field accepts, its default, and the specification that clients are shown.

use crate::error::Error;
use crate::value::{EXACT, Image, ImageFormat, Palette, Segmentation, Value};
use serde_json::{Map, Value as Json, json};
use std::fmt;
use std::sync::Arc;

/// The type of a field. Build one with [`text`], [`number`], [`vector`] and their kin.
#[derive(Clone, Debug, PartialEq)]
pub enum DataType {
    /// A string; lengths count characters.
    Text {
        /// Used where no value is given.
        default: String,
        /// The fewest characters allowed.
        min_length: usize,
        /// The most characters allowed.
        max_length: Option<usize>,
    },
    /// A finite number.
    Number {
        /// Used where no value is given; else `min`, else `max`, else 0.
        default: Option<f64>,
        /// The least value allowed.
        min: Option<f64>,
        /// The greatest value allowed.
        max: Option<f64>,
        /// The grain of a slider; values between are allowed.
        step: Option<f64>,
    },
    /// A whole number. To clients it is a number with a step of 1.
    Integer {
        /// Used where no value is given; else `min`, else `max`, else 0.
        default: Option<i64>,
        /// The least value allowed.
        min: Option<i64>,
        /// The greatest value allowed.
        max: Option<i64>,
    },
    /// `true` or `false`.
    Boolean {
        /// Used where no value is given.
        default: bool,
    },
    /// One of several names.
    Category {
        /// The names.
        one_of: Vec<String>,
        /// Used where no value is given; else the first name.
        default: Option<String>,
    },
    /// Floats, a fixed number of them.
    Vector {
        /// How many floats.
        length: usize,
        /// The mean that a random vector should be drawn with.
        sampling_mean: f64,
        /// The standard deviation that a random vector should be drawn with.
        sampling_std: f64,
        /// Used where no value is given.
        default: Option<Vec<f32>>,
    },
    /// A list of values of one type.
    Array {
        /// The type of each item.
        item: Box<DataType>,
        /// The fewest items allowed.
        min_length: usize,
        /// The most items allowed.
        max_length: Option<usize>,
        /// Used where no value is given, if there is one.
        default: Option<Vec<Value>>,
    },
    /// A picture, as a data URI.
    Image {
        /// 1 (grey), 3 (RGB) or 4 (RGBA).
        channels: u8,
        /// The encoding of outputs; else JPEG for 3 channels, PNG for the others.
        output_format: Option<ImageFormat>,
    },
    /// A class for every pixel, as a PNG data URI.
    Segmentation {
        /// The classes.
        palette: Arc<Palette>,
        /// The class that unlabelled pixels have; else the first.
        default_label: Option<String>,
    },
    /// A path or URL.
    File {
        /// Whether it names a directory.
        is_directory: bool,
        /// The ending that a file must have, with its dot.
        extension: Option<String>,
        /// Used where no value is given.
        default: Option<String>,
    },
    /// Any JSON.
    Any,
    /// `[x, y]`, each in 0..1.
    ImagePoint,
    /// `[x0, y0, x1, y1]` in 0..1, x0 < x1 and y0 < y1.
    ImageBoundingBox,
    /// Points on an image, an exact number of them.
    ImageLandmarks {
        /// How many points.
        length: usize,
        /// A name for each point.
        labels: Option<Vec<String>>,
        /// Pairs of point indices that are drawn connected.
        connections: Option<Vec<[usize; 2]>>,
    },
}

/// Text, of any length.
pub fn text() -> DataType {
    DataType::Text { default: String::new(), min_length: 0, max_length: None }
}

/// A number, of any size.
pub fn number() -> DataType {
    DataType::Number { default: None, min: None, max: None, step: None }
}

/// A whole number, of any size.
pub fn integer() -> DataType {
    DataType::Integer { default: None, min: None, max: None }
}

/// A truth value, false by default.
pub fn boolean() -> DataType {
    DataType::Boolean { default: false }
}

/// One of several names.
///
/// # Panics
/// When there is no name at all.
pub fn category<S: Into<String>>(one_of: impl IntoIterator<Item = S>) -> DataType {
    let one_of: Vec<String> = one_of.into_iter().map(Into::into).collect();
    assert!(!one_of.is_empty(), "a category needs at least one name");
    DataType::Category { one_of, default: None }
}

/// A vector of `length` floats.
///
/// # Panics
/// When `length` is 0.
pub fn vector(length: usize) -> DataType {
    assert!(length > 0, "a vector needs at least one float");
    DataType::Vector { length, sampling_mean: 0.0, sampling_std: 1.0, default: None }
}

/// A list of `item`s, of any length.
pub fn array(item: DataType) -> DataType {
    DataType::Array { item: Box::new(item), min_length: 0, max_length: None, default: None }
}

/// A picture with 1, 3 or 4 channels.
///
/// # Panics
/// At any other number of channels.
pub fn image(channels: u8) -> DataType {
    assert!(matches!(channels, 1 | 3 | 4), "an image has 1, 3 or 4 channels");
    DataType::Image { channels, output_format: None }
}

/// A class for every pixel, by label.
///
/// # Panics
/// When there is no label, or more than 256.
pub fn segmentation<S: Into<String>>(labels: impl IntoIterator<Item = S>) -> DataType {
    let palette = Palette::from_labels(labels);
    let n_classes = palette.classes.len();
    assert!((1..=256).contains(&n_classes), "a segmentation has 1 to 256 labels");
    DataType::Segmentation { palette: Arc::new(palette), default_label: None }
}

/// A file's path or URL.
pub fn file() -> DataType {
    DataType::File { is_directory: false, extension: None, default: None }
}

/// A directory's path or URL.
pub fn directory() -> DataType {
    DataType::File { is_directory: true, extension: None, default: None }
}

/// Any JSON.
pub fn any() -> DataType {
    DataType::Any
}

/// A point on an image.
pub fn image_point() -> DataType {
    DataType::ImagePoint
}

/// A box on an image.
pub fn image_bounding_box() -> DataType {
    DataType::ImageBoundingBox
}

/// `length` points on an image.
pub fn image_landmarks(length: usize) -> DataType {
    DataType::ImageLandmarks { length, labels: None, connections: None }
}

/// Refinements. Each panics on a type that it has no meaning for, since that is a slip in a model's source.
impl DataType {
    fn misused(&self, what: &str) -> ! {
        panic!("{what} has no meaning for the type {}", self.name())
    }

    /// The value used where none is given.
    ///
    /// # Panics
    /// When the type itself refuses it.
    #[must_use]
    pub fn default(mut self, value: impl Into<Value>) -> Self {
        let value = self
            .accept(value.into())
            .unwrap_or_else(|problem| panic!("the default does not fit its type: {problem}"));
        match (&mut self, value) {
            (DataType::Text { default, .. }, Value::Text(text)) => *default = text.to_string(),
            (DataType::Number { default, .. }, Value::Number(number)) => *default = Some(number),
            (DataType::Integer { default, .. }, Value::Integer(n)) => *default = Some(n),
            (DataType::Boolean { default }, Value::Boolean(boolean)) => *default = boolean,
            (DataType::Category { default, .. }, Value::Text(text)) => {
                *default = Some(text.to_string());
            }
            (DataType::Vector { default, .. }, Value::Vector(floats)) => {
                *default = Some(floats.to_vec());
            }
            (DataType::File { default, .. }, Value::File(path)) => {
                *default = Some(path.to_string());
            }
            (DataType::Array { default, .. }, Value::Array(items)) => *default = Some(items),
            (other, _) => other.misused("default"),
        }
        self
    }

    /// The least number, or the fewest characters or items.
    ///
    /// # Panics
    /// Also when a bound of an integer is no whole number.
    #[must_use]
    pub fn min(mut self, least: f64) -> Self {
        match &mut self {
            DataType::Number { min, .. } => *min = Some(least),
            DataType::Integer { min, .. } => *min = Some(whole_bound(least)),
            DataType::Text { min_length, .. } | DataType::Array { min_length, .. } => {
                *min_length = least as usize;
            }
            other => other.misused("min"),
        }
        self
    }

    /// The greatest number, or the most characters or items.
    ///
    /// # Panics
    /// As [`min`](Self::min).
    #[must_use]
    pub fn max(mut self, most: f64) -> Self {
        match &mut self {
            DataType::Number { max, .. } => *max = Some(most),
            DataType::Integer { max, .. } => *max = Some(whole_bound(most)),
            DataType::Text { max_length, .. } | DataType::Array { max_length, .. } => {
                *max_length = Some(most as usize);
            }
            other => other.misused("max"),
        }
        self
    }

    /// The grain of a number's slider.
    #[must_use]
    pub fn step(mut self, grain: f64) -> Self {
        match &mut self {
            DataType::Number { step, .. } => *step = Some(grain),
            DataType::Integer { .. } => panic!("an integer's step is 1: number() has others"),
            other => other.misused("step"),
        }
        self
    }
}

impl DataType {
    /// The Model SDK's name for the type.
    pub fn name(&self) -> &'static str {
        match self {
            DataType::Text { .. } => "text",
            // To the Model SDK an integer is a number with a step.
            DataType::Number { .. } | DataType::Integer { .. } => "number",
            DataType::Boolean { .. } => "boolean",
            DataType::Category { .. } => "category",
            DataType::Vector { .. } => "vector",
            DataType::Array { .. } => "array",
            DataType::Image { .. } => "image",
            DataType::Segmentation { .. } => "segmentation",
            // The Model SDK gives directories the same name, and a flag.
            DataType::File { .. } => "file",
            DataType::Any => "any",
            DataType::ImagePoint => "image_point",
            DataType::ImageBoundingBox => "image_bounding_box",
            DataType::ImageLandmarks { .. } => "image_landmarks",
        }
    }

    /// Whether an output of this type may be wired to an input of type `other`. Length limits and number
    /// ranges are not compared here, nor whether numbers are whole; each value is checked on arrival.
    pub fn is_compatible(&self, other: &DataType) -> bool {
        use DataType::{
            Array, Category, File, Image, ImageLandmarks, Integer, Number, Segmentation, Vector,
        };
        match (self, other) {
            (Category { one_of: a, .. }, Category { one_of: b, .. }) => a == b,
            (Vector { length: a, .. }, Vector { length: b, .. })
            | (ImageLandmarks { length: a, .. }, ImageLandmarks { length: b, .. }) => a == b,
            (Array { item: a, .. }, Array { item: b, .. }) => a.is_compatible(b),
            (Image { channels: a, .. }, Image { channels: b, .. }) => a == b,
            (Segmentation { palette: a, .. }, Segmentation { palette: b, .. }) => a == b,
            (File { is_directory: a, .. }, File { is_directory: b, .. }) => a == b,
            (Number { .. }, Integer { .. }) | (Integer { .. }, Number { .. }) => true,
            (a, b) => std::mem::discriminant(a) == std::mem::discriminant(b),
        }
    }

    /// The type in a word or two: "text", "vector of 64", "array of text".
    pub fn label(&self) -> String {
        match self {
            DataType::Vector { length, .. } => format!("vector of {length}"),
            DataType::ImageLandmarks { length, .. } => format!("image_landmarks of {length}"),
            DataType::Array { item, .. } => format!("array of {}", item.label()),
            DataType::Category { one_of, .. } => format!("category of {}", one_of.join(", ")),
            DataType::Image { channels, .. } => format!("image of {channels} channels"),
            other => other.name().into(),
        }
    }

    /// What is accepted, as a phrase for messages to people: "a vector of 512 floats".
    pub fn expectation(&self) -> String {
        match self {
            DataType::Text { min_length, .. } if *min_length > 0 => "text, not empty".into(),
            DataType::Text { .. } => "text".into(),
            DataType::Number { min: Some(min), max: Some(max), .. } => {
                format!("a number in {min}..{max}")
            }
            DataType::Integer { min: Some(min), max: Some(max), .. } => {
                format!("a number in {min}..{max}")
            }
            DataType::Number { .. } | DataType::Integer { .. } => "a number".into(),
            DataType::Boolean { .. } => "true or false".into(),
            DataType::Category { one_of, .. } => one_of_names(one_of),
            DataType::Vector { length, .. } => format!("a vector of {length} floats"),
            DataType::Array { item, .. } => format!("an array, each item {}", item.expectation()),
            DataType::Image { .. } | DataType::Segmentation { .. } => {
                "an image as a data URI".into()
            }
            DataType::File { .. } => "a path or URL".into(),
            DataType::Any => "any JSON".into(),
            DataType::ImagePoint => "a point [x, y]".into(),
            DataType::ImageBoundingBox => "a box [x0, y0, x1, y1]".into(),
            DataType::ImageLandmarks { length, .. } => format!("{length} points [x, y]"),
        }
    }

    /// The value used where none is given; `None` where one must be.
    pub fn default_value(&self) -> Option<Value> {
        match self {
            // An empty default under a minimum length means that the text must be given.
            DataType::Text { default, min_length, .. } => {
                (default.chars().count() >= *min_length).then(|| Value::from(default.as_str()))
            }
            DataType::Number { default, min, max, .. } => {
                Some(Value::Number(default.or(*min).or(*max).unwrap_or(0.0)))
            }
            DataType::Integer { default, min, max } => {
                Some(Value::Integer(default.or(*min).or(*max).unwrap_or(0)))
            }
            DataType::Boolean { default } => Some(Value::Boolean(*default)),
            DataType::Category { one_of, default } => {
                Some(Value::from(default.as_ref().unwrap_or(&one_of[0]).as_str()))
            }
            DataType::Vector { default, .. } => default.clone().map(Value::from),
            DataType::Array { default, .. } => default.clone().map(Value::Array),
            DataType::File { default, .. } => {
                default.as_ref().map(|path| Value::File(path.as_str().into()))
            }
            _ => None,
        }
    }

    /// The Model SDK's specification: `type`, and what is allowed.
    pub fn specification(&self) -> Map<String, Json> {
        let mut spec = Map::new();
        spec.insert("type".into(), self.name().into());
        let mut put = |key: &str, value: Json| {
            spec.insert(key.into(), value);
        };
        match self {
            DataType::Text { default, min_length, max_length } => {
                put("default", json!(default));
                put("minLength", json!(min_length));
                max_length.iter().for_each(|max| put("maxLength", json!(max)));
            }
            DataType::Number { min, max, step, .. } => {
                put("default", self.default_value().map_or(Json::Null, |value| value.to_json()));
                for (key, bound) in [("min", min), ("max", max), ("step", step)] {
                    bound.iter().for_each(|n| put(key, Value::Number(*n).to_json()));
                }
            }
            DataType::Integer { min, max, .. } => {
                put("default", self.default_value().map_or(Json::Null, |value| value.to_json()));
                for (key, bound) in [("min", min), ("max", max), ("step", &Some(1))] {
                    bound.iter().for_each(|n| put(key, json!(n)));
                }
            }
            DataType::Boolean { default } => put("default", json!(default)),
            DataType::Category { one_of, default } => {
                put("oneOf", json!(one_of));
                put("default", json!(default.as_ref().unwrap_or(&one_of[0])));
            }
            DataType::Vector { length, sampling_mean, sampling_std, default } => {
                put("length", json!(length));
                put("samplingMean", Value::Number(*sampling_mean).to_json());
                put("samplingStd", Value::Number(*sampling_std).to_json());
                put("default", json!(default));
            }
            DataType::Array { item, min_length, max_length, default } => {
                let mut item_spec = item.specification();
                item_spec.insert("name".into(), format!("{}_array_item", item.name()).into());
                item_spec.insert("description".into(), Json::Null);
                put("itemType", Json::Object(item_spec));
                put("minLength", json!(min_length));
                max_length.iter().for_each(|max| put("maxLength", json!(max)));
                default
                    .iter()
                    .for_each(|items| put("default", Value::Array(items.clone()).to_json()));
            }
            DataType::Image { channels, .. } => {
                put("channels", json!(channels));
                put("defaultOutputFormat", self.image_format().name().into());
            }
            DataType::Segmentation { palette, default_label } => {
                let classes = &palette.classes;
                let names: Vec<&str> = classes.iter().map(|class| class.0.as_str()).collect();
                let ids: Map<_, _> = classes.iter().map(|c| (c.0.clone(), c.1.into())).collect();
                let colors: Map<_, _> =
                    classes.iter().map(|class| (class.0.clone(), json!(class.2))).collect();
                put("defaultLabel", json!(default_label.as_deref().unwrap_or(names[0])));
                put("labels", json!(names));
                put("labelToId", Json::Object(ids));
                put("labelToColor", Json::Object(colors));
            }
            DataType::File { is_directory, extension, default } => {
                put("isDirectory", json!(is_directory));
                extension.iter().for_each(|ending| put("extension", json!(ending)));
                default.iter().for_each(|path| put("default", json!(path)));
            }
            DataType::ImageLandmarks { length, labels, connections } => {
                put("length", json!(length));
                labels.iter().for_each(|names| put("labels", json!(names)));
                connections.iter().for_each(|pairs| put("connections", json!(pairs)));
            }
            DataType::Any | DataType::ImagePoint | DataType::ImageBoundingBox => {}
        }
        spec
    }

    /// The encoding in which image outputs leave.
    pub fn image_format(&self) -> ImageFormat {
        match self {
            DataType::Image { output_format: Some(format), .. } => *format,
            DataType::Image { channels: 3, .. } => ImageFormat::Jpeg,
            _ => ImageFormat::Png,
        }
    }

    /// Reads a value from its JSON form and checks it.
    ///
    /// # Errors
    /// Plain words: what was expected, what was there.
    pub fn read_json(&self, json: &Json) -> Result<Value, Error> {
        let unlike = |expected: &str| {
            Err(Error::invalid(format!("expected {expected}, got {}", describe(json))))
        };
        let value = match (self, json) {
            (DataType::Any, any) => Value::Any(any.clone()),
            (DataType::Text { .. } | DataType::Category { .. }, Json::String(text)) => {
                Value::from(text.as_str())
            }
            (DataType::File { .. }, Json::String(path)) => Value::File(path.as_str().into()),
            (DataType::Number { .. }, Json::Number(number)) => {
                Value::Number(number.as_f64().unwrap_or(f64::NAN))
            }
            (DataType::Integer { .. }, Json::Number(number)) => match number.as_i64() {
                Some(integer) => Value::Integer(integer),
                None => Value::Number(number.as_f64().unwrap_or(f64::NAN)),
            },
            (DataType::Boolean { .. }, Json::Bool(boolean)) => Value::Boolean(*boolean),
            (DataType::Image { .. }, Json::String(uri)) => Value::Image(Image::from_data_uri(uri)?),
            (DataType::Segmentation { palette, .. }, Json::String(uri)) => {
                Value::Segmentation(Segmentation::from_data_uri(uri, palette.clone())?)
            }
            (DataType::Array { item, .. }, Json::Array(items)) => {
                let read = |(index, json)| {
                    item.read_json(json)
                        .map_err(|error| error.context(format_args!("item {index}")))
                };
                Value::Array(items.iter().enumerate().map(read).collect::<Result<_, _>>()?)
            }
            (DataType::Vector { .. }, Json::Array(_)) => Value::from(floats(json)?),
            (DataType::ImagePoint, Json::Array(_)) => Value::Point(exactly(floats(json)?)?),
            (DataType::ImageBoundingBox, Json::Array(_)) => {
                Value::BoundingBox(exactly(floats(json)?)?)
            }
            (DataType::ImageLandmarks { .. }, Json::Array(points)) => {
                let point = |json| exactly(floats(json)?);
                Value::Landmarks(points.iter().map(point).collect::<Result<_, Error>>()?)
            }
            (DataType::Text { .. }, _) => return unlike("text"),
            (DataType::Category { one_of, .. }, _) => return unlike(&one_of_names(one_of)),
            (DataType::File { .. }, _) => return unlike("a path or URL as text"),
            (DataType::Number { .. } | DataType::Integer { .. }, _) => return unlike("a number"),
            (DataType::Boolean { .. }, _) => return unlike("true or false"),
            (DataType::Image { .. } | DataType::Segmentation { .. }, _) => {
                return unlike("an image as a data URI");
            }
            (DataType::Array { item, .. }, _) => {
                return unlike(&format!("an array of {}", item.name()));
            }
            (DataType::Vector { length, .. }, _) => {
                return unlike(&format!("an array of {length} numbers"));
            }
            (DataType::ImagePoint, _) => return unlike("[x, y]"),
            (DataType::ImageBoundingBox, _) => return unlike("[x0, y0, x1, y1]"),
            (DataType::ImageLandmarks { length, .. }, _) => {
                return unlike(&format!("an array of {length} points [x, y]"));
            }
        };
        self.accept(value)
    }

    /// Checks a value against the type. A whole number becomes an integer where the type is one, and an
    /// integer a number where that is expected.
    ///
    /// # Errors
    /// Plain words: what was expected, what was there.
    pub fn accept(&self, value: Value) -> Result<Value, Error> {
        let value = match (self, value) {
            (DataType::Number { .. }, Value::Integer(integer)) => Value::Number(integer as f64),
            (DataType::Integer { min, max, .. }, Value::Number(number)) => {
                Value::Integer(check_whole(number, *min, *max)?)
            }
            (DataType::Array { item, min_length, max_length, .. }, Value::Array(items)) => {
                check_length(items.len(), *min_length, *max_length, "item")?;
                let accept = |(index, inner)| {
                    item.accept(inner).map_err(|error| error.context(format_args!("item {index}")))
                };
                let items = items.into_iter().enumerate().map(accept);
                return items.collect::<Result<_, _>>().map(Value::Array);
            }
            (_, value) => value,
        };
        match (self, &value) {
            (DataType::Text { min_length, max_length, .. }, Value::Text(text)) => {
                check_length(text.chars().count(), *min_length, *max_length, "character")?;
            }
            (DataType::Number { min, max, .. }, Value::Number(number)) => {
                check_number(*number, *min, *max)?;
            }
            (DataType::Integer { min, max, .. }, Value::Integer(integer)) => {
                let inside =
                    min.is_none_or(|min| *integer >= min) && max.is_none_or(|max| *integer <= max);
                if !inside {
                    return Err(Error::invalid(format!(
                        "expected a number{}, got {integer}",
                        range(*min, *max)
                    )));
                }
            }
            (DataType::Category { one_of, .. }, Value::Text(name)) => {
                if !one_of.iter().any(|known| **known == **name) {
                    return Err(Error::invalid(format!(
                        "expected {}, got '{name}'",
                        one_of_names(one_of)
                    )));
                }
            }
            (DataType::Vector { length, .. }, Value::Vector(floats)) => {
                if floats.len() != *length {
                    return Err(Error::invalid(format!(
                        "expected {length} floats, got {}",
                        floats.len()
                    )));
                }
                if let Some(index) = floats.iter().position(|float| !float.is_finite()) {
                    return Err(Error::invalid(format!(
                        "expected finite floats, got {} at index {index}",
                        floats[index]
                    )));
                }
            }
            (DataType::File { extension: Some(ending), .. }, Value::File(path)) => {
                if !path.ends_with(ending.as_str()) {
                    return Err(Error::invalid(format!(
                        "expected a file ending in '{ending}', got '{path}'"
                    )));
                }
            }
            (DataType::ImagePoint, Value::Point(point)) => check_unit(point)?,
            (DataType::ImageBoundingBox, Value::BoundingBox(bounds)) => {
                check_unit(bounds)?;
                let [x0, y0, x1, y1] = bounds;
                if x0 >= x1 || y0 >= y1 {
                    return Err(Error::invalid(format!(
                        "expected x0 < x1 and y0 < y1, got {bounds:?}"
                    )));
                }
            }
            (DataType::ImageLandmarks { length, .. }, Value::Landmarks(points)) => {
                if points.len() != *length {
                    return Err(Error::invalid(format!(
                        "expected {length} points, got {}",
                        points.len()
                    )));
                }
                points.iter().try_for_each(|point| check_unit(point))?;
            }
            (DataType::Boolean { .. }, Value::Boolean(_))
            | (DataType::Image { .. }, Value::Image(_))
            | (DataType::Segmentation { .. }, Value::Segmentation(_))
            | (DataType::File { .. }, Value::File(_))
            | (DataType::Any, Value::Any(_)) => {}
            // Whatever has a JSON form may stand where anything may.
            (DataType::Any, other) => return Ok(Value::Any(other.to_json())),
            (expected, found) => {
                return Err(Error::invalid(format!(
                    "expected {}, got {}",
                    expected.name(),
                    found.kind()
                )));
            }
        }
        Ok(value)
    }
}

fn describe(json: &Json) -> String {
    match json {
        Json::Null => "null".into(),
        Json::Bool(boolean) => boolean.to_string(),
        Json::Number(number) => number.to_string(),
        Json::String(text) if text.chars().count() > 40 => {
            format!("the text \"{}...\"", text.chars().take(40).collect::<String>())
        }
        Json::String(text) => format!("the text \"{text}\""),
        Json::Array(items) => format!("an array of {}", items.len()),
        Json::Object(_) => "an object".into(),
    }
}

fn one_of_names(names: &[String]) -> String {
    format!("one of {}", names.join(", "))
}

fn floats(json: &Json) -> Result<Vec<f32>, Error> {
    let items = json
        .as_array()
        .ok_or_else(|| format!("expected an array of numbers, got {}", describe(json)))?;
    let float = |(index, item): (usize, &Json)| {
        item.as_f64().map(|number| number as f32).ok_or_else(|| {
            Error::expected("a number", describe(item)).context(format_args!("item {index}"))
        })
    };
    items.iter().enumerate().map(float).collect()
}

fn exactly<const N: usize>(floats: Vec<f32>) -> Result<[f32; N], Error> {
    let n_floats = floats.len();
    floats.try_into().map_err(|_| format!("expected {N} numbers, got {n_floats}").into())
}

fn check_unit(coordinates: &[f32]) -> Result<(), Error> {
    match coordinates.iter().find(|coordinate| !(0.0..=1.0).contains(*coordinate)) {
        Some(outside) => {
            Err(Error::invalid(format!("expected coordinates in 0..1, got {outside}")))
        }
        None => Ok(()),
    }
}

fn check_number(number: f64, min: Option<f64>, max: Option<f64>) -> Result<(), Error> {
    if !number.is_finite() {
        return Err(Error::invalid(format!("expected a finite number, got {number}")));
    }
    let inside = min.is_none_or(|min| number >= min) && max.is_none_or(|max| number <= max);
    if inside {
        return Ok(());
    }
    Err(Error::invalid(format!("expected a number{}, got {number}", range(min, max))))
}

/// The integer that a number is, if it is one; its range is still to be checked, `min` and `max` are for
/// the words.
fn check_whole(number: f64, min: Option<i64>, max: Option<i64>) -> Result<i64, Error> {
    if !number.is_finite() {
        return Err(Error::invalid(format!("expected a finite number, got {number}")));
    }
    if number.fract() != 0.0 {
        return Err(Error::invalid(format!(
            "expected a whole number{}, got {number}",
            range(min, max)
        )));
    }
    // Beyond 2^53 an f64 no longer says which integer was meant.
    check_number(number, Some(-EXACT), Some(EXACT))?;
    Ok(number as i64)
}

/// A range as it stands after "a number" in a message.
fn range<N: fmt::Display>(min: Option<N>, max: Option<N>) -> String {
    match (min, max) {
        (Some(min), Some(max)) => format!(" in {min}..{max}"),
        (Some(min), None) => format!(" of at least {min}"),
        (None, Some(max)) => format!(" of at most {max}"),
        (None, None) => String::new(),
    }
}

/// A bound of an integer, as an integer.
fn whole_bound(bound: f64) -> i64 {
    assert!(
        bound.fract() == 0.0 && bound.abs() <= EXACT,
        "an integer's bound is a whole number, and {bound} is none"
    );
    bound as i64
}

fn check_length(n: usize, min: usize, max: Option<usize>, unit: &str) -> Result<(), Error> {
    let plural = |n: usize| if n == 1 { unit.to_string() } else { format!("{unit}s") };
    if n < min {
        return Err(Error::invalid(format!("expected at least {min} {}, got {n}", plural(min))));
    }
    match max {
        Some(max) if n > max => {
            Err(Error::invalid(format!("expected at most {max} {}, got {n}", plural(max))))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests;
