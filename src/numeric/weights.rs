//! Weight files in the safetensors format, mapped into memory.
//!
//! A mapped file costs nothing until it is read, and its pages belong to the system, which may
//! drop them and read them again.

#![allow(unsafe_code)]

use std::fmt;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use candle_core::safetensors::MmapedSafetensors;
use candle_core::{DType, Device, Tensor};
use half::f16;

/// A weight file, open for as long as this lives.
pub struct Weights {
    path: PathBuf,
    file: MmapedSafetensors,
}

impl Weights {
    /// Maps the file at `path`.
    ///
    /// The file must not be changed in place while it is in use; replacing it by a rename is
    /// fine.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Missing`] if nothing is there, [`ErrorKind::Damaged`] if it cannot be read
    /// as safetensors.
    pub fn open(path: &Path) -> Result<Weights, Error> {
        if !path.is_file() {
            return Err(Error {
                kind: ErrorKind::Missing,
                message: format!(
                    "there is no weight file at {}: check the path of the model's folder, or get \
                     the folder again",
                    path.display()
                ),
            });
        }
        // SAFETY: a map is sound while nobody writes to the file. These files are written once,
        // by a conversion script, and the documentation above asks to leave them alone.
        match unsafe { MmapedSafetensors::new(path) } {
            Ok(file) => Ok(Weights { path: path.to_owned(), file }),
            Err(error) => Err(damaged(path, format!("it cannot be read ({error})"))),
        }
    }

    /// A copy of the tensor `name` as a candle tensor on the processor.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Damaged`] if it is not there with this shape and type.
    pub fn tensor(&self, name: &str, shape: &[usize], dtype: DType) -> Result<Tensor, Error> {
        let tensor = match self.file.load(name, &Device::Cpu) {
            Ok(tensor) => tensor,
            Err(error) => return Err(self.damaged(format!("{name} cannot be read ({error})"))),
        };
        if tensor.dims() != shape || tensor.dtype() != dtype {
            let (dims, found) = (tensor.dims(), tensor.dtype());
            return Err(self.damaged(format!(
                "{name} should be {shape:?} of {dtype:?} and is {dims:?} of {found:?}"
            )));
        }
        Ok(tensor)
    }

    /// The numbers of the f32 tensor `name`, row-major.
    ///
    /// # Errors
    ///
    /// As [`Weights::tensor`].
    pub fn floats(&self, name: &str, shape: &[usize]) -> Result<Vec<f32>, Error> {
        let tensor = self.tensor(name, shape, DType::F32)?;
        let flat = tensor.flatten_all().and_then(|tensor| tensor.to_vec1());
        flat.map_err(|error| self.damaged(format!("{name} cannot be read ({error})")))
    }

    /// The numbers of the f16 or f32 tensor `name` in half precision, row-major; those of an f32
    /// tensor are rounded.
    ///
    /// # Errors
    ///
    /// As [`Weights::tensor`], and if a number is too great for half precision or is none.
    pub fn halves(&self, name: &str, shape: &[usize]) -> Result<Vec<f16>, Error> {
        let view = self.file.get(name);
        let dtype = match view.map(|view| view.dtype()) {
            Ok(safetensors::tensor::Dtype::F32) => DType::F32,
            _ => DType::F16,
        };
        let tensor = self.tensor(name, shape, dtype)?.to_dtype(DType::F16);
        let flat = tensor.and_then(|tensor| tensor.flatten_all()?.to_vec1::<f16>());
        let halves = flat.map_err(|e| self.damaged(format!("{name} cannot be read ({e})")))?;
        match halves.iter().all(|half| half.is_finite()) {
            true => Ok(halves),
            false => Err(self.damaged(format!("{name} holds what is no number, or too great"))),
        }
    }

    /// Whether there is a tensor `name`.
    pub fn contains(&self, name: &str) -> bool {
        self.file.get(name).is_ok()
    }

    /// The value of `key` in the file's own description of itself.
    pub fn metadata(&self, key: &str) -> Option<String> {
        let mut file = File::open(&self.path).ok()?;
        let mut length = [0; 8];
        file.read_exact(&mut length).ok()?;
        let mut header = String::new();
        file.take(u64::from_le_bytes(length)).read_to_string(&mut header).ok()?;
        let header: serde_json::Value = serde_json::from_str(&header).ok()?;
        header["__metadata__"][key].as_str().map(str::to_owned)
    }

    /// The bytes of the u8 tensor `name`, row-major, where they lie in the file.
    ///
    /// # Errors
    ///
    /// As [`Weights::tensor`].
    pub fn bytes(&self, name: &str, shape: &[usize]) -> Result<&[u8], Error> {
        match self.file.get(name) {
            Ok(view) if view.shape() == shape && view.dtype() == safetensors::tensor::Dtype::U8 => {
                Ok(view.data())
            }
            Ok(view) => Err(self.damaged(format!(
                "{name} should be {shape:?} of U8 and is {:?} of {:?}",
                view.shape(),
                view.dtype()
            ))),
            Err(error) => Err(self.damaged(format!("{name} cannot be read ({error})"))),
        }
    }

    /// The shape of the tensor `name`, for tensors whose length is not known beforehand.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Damaged`] if it is not there.
    pub fn shape(&self, name: &str) -> Result<Vec<usize>, Error> {
        match self.file.get(name) {
            Ok(view) => Ok(view.shape().to_vec()),
            Err(error) => Err(self.damaged(format!("{name} cannot be read ({error})"))),
        }
    }

    /// An error about this file: `what` ends the sentence "it is not what the model needs: ...".
    pub fn damaged(&self, what: String) -> Error {
        damaged(&self.path, what)
    }
}

fn damaged(path: &Path, what: String) -> Error {
    Error {
        kind: ErrorKind::Damaged,
        message: format!(
            "the weight file {} is not the one that this model needs: {what}. Get it again, or \
             make it again with the convert.py beside it",
            path.display()
        ),
    }
}

/// Why weights could not be loaded. Its text says what to do.
#[derive(Debug)]
pub struct Error {
    kind: ErrorKind,
    message: String,
}

/// The kinds of [`Error`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The file is not there.
    Missing,
    /// The file is there but does not hold what it should.
    Damaged,
}

impl Error {
    /// What kind of error this is.
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Error {}
