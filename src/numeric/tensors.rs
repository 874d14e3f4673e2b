//! The safetensors format: named tensors and texts about them, read strictly and written.
//!
//! A file is the length of its header (8 bytes, little-endian), the header in JSON, and the numbers
//! of one tensor after the other. The header names each tensor's type, shape, and place among the
//! numbers. A file is read only if the tensors fill it without gaps and without sharing a byte.
//!
//! Specification: <https://github.com/huggingface/safetensors#format>

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::ops::Range;

use serde::de::{self, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

/// The bytes of the header's length.
const LENGTH: usize = 8;
/// The longest header that is read, in bytes.
const MAX_HEADER: u64 = 100_000_000;
/// The header's entry that is no tensor.
const METADATA: &str = "__metadata__";

/// The type of a tensor's numbers. Files with others are refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Dtype {
    /// Unsigned, 8 bits.
    U8,
    /// Signed, 8 bits.
    I8,
    /// Signed, 16 bits.
    I16,
    /// Unsigned, 16 bits.
    U16,
    /// Half precision.
    F16,
    /// The upper half of an [`F32`](Self::F32).
    BF16,
    /// Signed, 32 bits.
    I32,
    /// Unsigned, 32 bits.
    U32,
    /// Single precision.
    F32,
    /// Double precision.
    F64,
    /// Signed, 64 bits.
    I64,
    /// Unsigned, 64 bits.
    U64,
}

impl Dtype {
    /// The bytes of a number.
    pub fn size(self) -> usize {
        match self {
            Dtype::U8 | Dtype::I8 => 1,
            Dtype::U16 | Dtype::I16 | Dtype::F16 | Dtype::BF16 => 2,
            Dtype::U32 | Dtype::I32 | Dtype::F32 => 4,
            Dtype::U64 | Dtype::I64 | Dtype::F64 => 8,
        }
    }
}

/// What a file says about a tensor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TensorEntry {
    /// The type of its numbers.
    pub dtype: Dtype,
    /// How many numbers there are along each axis.
    pub shape: Vec<usize>,
    /// Where its bytes lie in the file; they are as many as type and shape need.
    pub bytes: Range<usize>,
}

/// What a file says about its tensors.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TensorHeader {
    tensors: HashMap<String, TensorEntry>,
    metadata: HashMap<String, String>,
}

impl TensorHeader {
    /// Reads the header of a whole file.
    ///
    /// # Errors
    /// Says what is wrong with the file.
    pub fn read(file: &[u8]) -> Result<TensorHeader, String> {
        let (length, rest) = file
            .split_first_chunk::<LENGTH>()
            .ok_or_else(|| format!("it has {} bytes and no header", file.len()))?;
        let length = u64::from_le_bytes(*length);
        if length > MAX_HEADER || length > rest.len() as u64 {
            let n_bytes = rest.len();
            return Err(format!("its header should have {length} bytes, and {n_bytes} follow"));
        }
        let (header, numbers) = rest.split_at(length as usize);
        let header = std::str::from_utf8(header).map_err(|e| format!("its header: {e}"))?;
        let RawHeader { tensors, metadata } =
            serde_json::from_str(header).map_err(|e| format!("its header: {e}"))?;
        let start = LENGTH + length as usize;
        let mut end = 0;
        let mut entries = HashMap::with_capacity(tensors.len());
        // Those that are empty come before what else begins at the same place.
        let mut tensors: Vec<(String, RawEntry)> = tensors.into_iter().collect();
        tensors.sort_by_key(|(_, entry)| entry.data_offsets);
        for (name, RawEntry { dtype, shape, data_offsets: (from, to) }) in tensors {
            let n_bytes = shape.iter().try_fold(dtype.size(), |n, size| n.checked_mul(*size));
            if n_bytes.is_none_or(|n_bytes| from.checked_add(n_bytes) != Some(to)) {
                return Err(format!(
                    "{name} of {dtype:?} {shape:?} does not fill the bytes {from}..{to}"
                ));
            }
            if from != end || to > numbers.len() {
                let n_bytes = numbers.len();
                return Err(format!(
                    "{name} has the bytes {from}..{to} of {n_bytes}; expected it to begin at {end}"
                ));
            }
            end = to;
            entries.insert(name, TensorEntry { dtype, shape, bytes: start + from..start + to });
        }
        if end != numbers.len() {
            let n_bytes = numbers.len();
            return Err(format!("its tensors have {end} bytes, and there are {n_bytes}"));
        }
        Ok(TensorHeader { tensors: entries, metadata })
    }

    /// What the file says about the tensor `name`.
    pub fn get(&self, name: &str) -> Option<&TensorEntry> {
        self.tensors.get(name)
    }

    /// The value of `key` in the file's own description of itself.
    pub fn metadata(&self, key: &str) -> Option<&str> {
        self.metadata.get(key).map(String::as_str)
    }
}

/// A tensor that is to be written.
#[derive(Clone, Copy, Debug)]
pub struct Tensor<'a> {
    /// What it is called.
    pub name: &'a str,
    /// The type of its numbers.
    pub dtype: Dtype,
    /// How many numbers there are along each axis.
    pub shape: &'a [usize],
    /// Its numbers, little-endian and row-major.
    pub bytes: &'a [u8],
}

/// A file of tensors and texts about them. The largest types come first, so that numbers lie at
/// multiples of their size.
///
/// # Panics
/// If a tensor does not have the bytes that its type and shape need, or two have one name.
pub fn write(tensors: &[Tensor<'_>], metadata: &[(&str, &str)]) -> Vec<u8> {
    let mut tensors = tensors.to_vec();
    tensors.sort_by(|a, b| b.dtype.cmp(&a.dtype).then(a.name.cmp(b.name)));
    let mut header = serde_json::Map::new();
    if !metadata.is_empty() {
        let metadata = metadata.iter().map(|(key, value)| ((*key).into(), (*value).into()));
        header.insert(METADATA.into(), serde_json::Value::Object(metadata.collect()));
    }
    let mut end = 0;
    for Tensor { name, dtype, shape, bytes } in &tensors {
        assert_eq!(bytes.len(), shape.iter().product::<usize>() * dtype.size(), "{name}");
        let start = end;
        end += bytes.len();
        let entry = serde_json::json!({
            "dtype": dtype, "shape": shape, "data_offsets": [start, end],
        });
        assert!(header.insert((*name).into(), entry).is_none(), "two tensors are called {name}");
    }
    let mut header = serde_json::Value::Object(header).to_string().into_bytes();
    header.resize(header.len().next_multiple_of(LENGTH), b' ');
    let mut file = Vec::with_capacity(LENGTH + header.len() + end);
    file.extend((header.len() as u64).to_le_bytes());
    file.extend(header);
    tensors.iter().for_each(|tensor| file.extend(tensor.bytes));
    file
}

/// The header as JSON has it.
struct RawHeader {
    tensors: BTreeMap<String, RawEntry>,
    metadata: HashMap<String, String>,
}

#[derive(Deserialize)]
struct RawEntry {
    dtype: Dtype,
    shape: Vec<usize>,
    data_offsets: (usize, usize),
}

impl<'de> Deserialize<'de> for RawHeader {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(HeaderVisitor)
    }
}

struct HeaderVisitor;

impl<'de> Visitor<'de> for HeaderVisitor {
    type Value = RawHeader;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("tensors by their names")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<RawHeader, A::Error> {
        let mut tensors = BTreeMap::new();
        let mut metadata: Option<Option<HashMap<String, String>>> = None;
        while let Some(name) = map.next_key::<String>()? {
            let is_twice = match name.as_str() {
                METADATA => metadata.replace(map.next_value()?).is_some(),
                _ => tensors.insert(name.clone(), map.next_value()?).is_some(),
            };
            if is_twice {
                return Err(de::Error::custom(format!("{name} is there twice")));
            }
        }
        Ok(RawHeader { tensors, metadata: metadata.flatten().unwrap_or_default() })
    }
}

#[cfg(test)]
mod test;
