//! Weight files in the [safetensors format](super::tensors), read into memory.
//!
//! A file is not mapped, since a mapped file that is cut short while in use ends the process.

use std::fmt;
use std::path::{Path, PathBuf};

use half::f16;

use super::tensors::{Dtype, TensorEntry, TensorHeader};

/// A weight file, whole in memory.
pub struct Weights {
    path: PathBuf,
    file: Vec<u8>,
    header: TensorHeader,
}

impl Weights {
    /// Reads the file at `path`.
    ///
    /// # Errors
    ///
    /// [`WeightsErrorKind::Missing`] if nothing is there, [`WeightsErrorKind::Damaged`] if it cannot be read
    /// as safetensors.
    pub fn open(path: &Path) -> Result<Weights, WeightsError> {
        if !path.is_file() {
            return Err(WeightsError {
                kind: WeightsErrorKind::Missing,
                message: format!(
                    "there is no weight file at {}: check the path of the model's folder, or get \
                     the folder again",
                    path.display()
                ),
            });
        }
        let file = std::fs::read(path);
        let file = file.map_err(|error| damaged(path, format!("it cannot be read ({error})")))?;
        Self::from_bytes(path, file)
    }

    /// A weight file that was read from `path`.
    ///
    /// # Errors
    ///
    /// [`WeightsErrorKind::Damaged`] if it cannot be read as safetensors.
    pub fn from_bytes(path: &Path, file: Vec<u8>) -> Result<Weights, WeightsError> {
        match TensorHeader::read(&file) {
            Ok(header) => Ok(Weights { path: path.to_owned(), file, header }),
            Err(error) => Err(damaged(path, format!("it cannot be read ({error})"))),
        }
    }

    /// The numbers of the f32 tensor `name`, row-major.
    ///
    /// # Errors
    ///
    /// [`WeightsErrorKind::Damaged`] if it is not there with this shape and type.
    pub fn floats(&self, name: &str, shape: &[usize]) -> Result<Vec<f32>, WeightsError> {
        let bytes = self.tensor(name, shape, Dtype::F32)?;
        Ok(bytes.as_chunks().0.iter().map(|x| f32::from_le_bytes(*x)).collect())
    }

    /// The numbers of the f16 or f32 tensor `name` in half precision, row-major; those of an f32
    /// tensor are rounded.
    ///
    /// # Errors
    ///
    /// As [`Weights::floats`], and if a number is too great for half precision or is none.
    pub fn halves(&self, name: &str, shape: &[usize]) -> Result<Vec<f16>, WeightsError> {
        let halves: Vec<f16> = match self.entry(name)?.dtype {
            Dtype::F32 => self.floats(name, shape)?.into_iter().map(f16::from_f32).collect(),
            _ => {
                let bytes = self.tensor(name, shape, Dtype::F16)?;
                bytes.as_chunks().0.iter().map(|x| f16::from_le_bytes(*x)).collect()
            }
        };
        match halves.iter().all(|half| half.is_finite()) {
            true => Ok(halves),
            false => Err(self.damaged(format!("{name} holds what is no number, or too great"))),
        }
    }

    /// The numbers of the u32 tensor `name`, row-major.
    ///
    /// # Errors
    ///
    /// As [`Weights::floats`].
    pub fn integers(&self, name: &str, shape: &[usize]) -> Result<Vec<u32>, WeightsError> {
        let bytes = self.tensor(name, shape, Dtype::U32)?;
        Ok(bytes.as_chunks().0.iter().map(|x| u32::from_le_bytes(*x)).collect())
    }

    /// The bytes of the u8 tensor `name`, row-major, where they lie in the file.
    ///
    /// # Errors
    ///
    /// As [`Weights::floats`].
    pub fn bytes(&self, name: &str, shape: &[usize]) -> Result<&[u8], WeightsError> {
        self.tensor(name, shape, Dtype::U8)
    }

    /// The shape of the tensor `name`, for tensors whose length is not known beforehand.
    ///
    /// # Errors
    ///
    /// [`WeightsErrorKind::Damaged`] if it is not there.
    pub fn shape(&self, name: &str) -> Result<Vec<usize>, WeightsError> {
        Ok(self.entry(name)?.shape.clone())
    }

    /// Whether there is a tensor `name`.
    pub fn contains(&self, name: &str) -> bool {
        self.header.get(name).is_some()
    }

    /// The value of `key` in the file's own description of itself.
    pub fn metadata(&self, key: &str) -> Option<String> {
        self.header.metadata(key).map(str::to_owned)
    }

    /// An error about this file: `what` ends the sentence "it is not what the model needs: ...".
    pub fn damaged(&self, what: String) -> WeightsError {
        damaged(&self.path, what)
    }

    /// The bytes of the tensor `name`, if it is there with this shape and type.
    fn tensor(&self, name: &str, shape: &[usize], dtype: Dtype) -> Result<&[u8], WeightsError> {
        let TensorEntry { shape: dims, dtype: found, bytes } = self.entry(name)?;
        if dims != shape || *found != dtype {
            return Err(self.damaged(format!(
                "{name} should be {shape:?} of {dtype:?} and is {dims:?} of {found:?}"
            )));
        }
        Ok(&self.file[bytes.clone()])
    }

    fn entry(&self, name: &str) -> Result<&TensorEntry, WeightsError> {
        let entry = self.header.get(name);
        entry.ok_or_else(|| self.damaged(format!("{name} cannot be read (it is not there)")))
    }
}

fn damaged(path: &Path, what: String) -> WeightsError {
    WeightsError {
        kind: WeightsErrorKind::Damaged,
        message: format!(
            "the weight file {} is not the one that this model needs: {what}. Get it again, or \
             make it again with the convert.py beside it",
            path.display()
        ),
    }
}

/// Why weights could not be loaded. Its text says what to do.
#[derive(Debug)]
pub struct WeightsError {
    kind: WeightsErrorKind,
    message: String,
}

/// The kinds of [`WeightsError`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum WeightsErrorKind {
    /// The file is not there.
    Missing,
    /// The file is there but does not hold what it should.
    Damaged,
}

impl WeightsError {
    /// What kind of error this is.
    pub fn kind(&self) -> WeightsErrorKind {
        self.kind
    }
}

impl fmt::Display for WeightsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for WeightsError {}

#[cfg(test)]
mod test;
