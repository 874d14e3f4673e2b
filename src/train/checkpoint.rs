//! Checkpoints: everything that a run needs to go on as if it had never stopped.
//!
//! Written beside its place and renamed, with the one before kept, so that a run that is killed at
//! any moment finds a whole one.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

use candle_core::{DType, Device, Tensor};
use serde::{Deserialize, Serialize};

use super::Error;
use super::network::Network;
use super::optimizer::Moments;

const FILE: &str = "checkpoint.safetensors";
const PREVIOUS: &str = "checkpoint.previous.safetensors";
/// Marks the weight file of a finished model.
pub const FORMAT: &str = "enjamb-verse-vae-1";

/// Where a run stands, apart from its weights.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct State {
    /// Steps taken.
    pub step: usize,
    /// Passes over the lines that are over.
    pub epoch: u64,
    /// Batches of this pass that are over.
    pub batch: usize,
    /// The best validation so far.
    pub best: f64,
    /// Validations since.
    pub stale: usize,
    /// How often plain descent's rate was halved.
    pub halvings: u32,
    /// Whether the encoder is still trained aggressively.
    pub aggressive: bool,
    /// The mutual information at the last pass's end.
    pub mutual_information: f64,
    /// Whether training has come to its end.
    pub finished: bool,
    /// The configuration, as TOML, to be compared when going on.
    pub config: String,
}

/// Saves a run in `dir`.
///
/// # Errors
/// When it cannot be written; what was there before is then still there.
pub fn save(dir: &Path, state: &State, network: &Network, moments: &Moments) -> Result<(), Error> {
    let mut tensors: Vec<(String, Tensor)> = Vec::new();
    for (i, (name, var)) in network.parameters().iter().enumerate() {
        tensors.push((name.to_owned(), var.as_tensor().clone()));
        for (kind, values) in [("first", &moments.first[i]), ("second", &moments.second[i])] {
            let tensor = Tensor::from_slice(values, var.shape(), &Device::Cpu)?;
            tensors.push((format!("{kind}.{name}"), tensor));
        }
    }
    let steps = moments.steps.len();
    tensors.push(("steps".into(), Tensor::from_slice(&moments.steps, steps, &Device::Cpu)?));
    let state = serde_json::to_string(state).map_err(|e| Error::new(e.to_string()))?;
    let path = dir.join(FILE);
    if path.exists() {
        fs::rename(&path, dir.join(PREVIOUS))?;
    }
    write(&path, &tensors, HashMap::from([("state".to_owned(), state)]))
}

/// Loads the newest whole checkpoint of `dir` into the network, if there is one. Says in words
/// which files were passed over as damaged.
///
/// # Errors
/// When there are checkpoints but none is whole and of this network.
pub fn load(
    dir: &Path,
    network: &mut Network,
) -> Result<Option<(State, Moments, Vec<String>)>, Error> {
    let mut damaged = Vec::new();
    let mut found = false;
    for name in [FILE, PREVIOUS] {
        let path = dir.join(name);
        if !path.exists() {
            continue;
        }
        found = true;
        match load_file(&path, network) {
            Ok((state, moments)) => return Ok(Some((state, moments, damaged))),
            Err(error) => damaged.push(format!("{}: {error}", path.display())),
        }
    }
    match found {
        true => Err(Error::new(format!(
            "no checkpoint can be gone on from ({}). Move {} away to start anew",
            damaged.join("; "),
            dir.display()
        ))),
        false => Ok(None),
    }
}

fn load_file(path: &Path, network: &mut Network) -> Result<(State, Moments), Error> {
    let bytes = fs::read(path)?;
    let metadata = safetensors::SafeTensors::read_metadata(&bytes)
        .map_err(|error| Error::new(format!("not a checkpoint ({error})")))?
        .1;
    let state = metadata.metadata().as_ref().and_then(|metadata| metadata.get("state"));
    let state = state.ok_or_else(|| Error::new("not a checkpoint: it has no state"))?;
    let state: State =
        serde_json::from_str(state).map_err(|e| Error::new(format!("its state: {e}")))?;
    let tensors = candle_core::safetensors::load_buffer(&bytes, &Device::Cpu)
        .map_err(|error| Error::new(format!("damaged ({error})")))?;
    let get = |name: &str, shape: &[usize]| match tensors.get(name) {
        Some(tensor) if tensor.dims() == shape => Ok(tensor.flatten_all()?),
        Some(tensor) => Err(Error::new(format!(
            "{name} is {:?}; this configuration expects {shape:?}",
            tensor.dims()
        ))),
        None => Err(Error::new(format!("{name} is missing"))),
    };
    let mut moments = Moments::new(network.parameters());
    let mut weights = Vec::new();
    for (i, (name, shape)) in network.shapes().iter().enumerate() {
        weights.push((name.clone(), get(name, shape)?.to_vec1::<f32>()?));
        moments.first[i] = get(&format!("first.{name}"), shape)?.to_vec1()?;
        moments.second[i] = get(&format!("second.{name}"), shape)?.to_vec1()?;
    }
    moments.steps = get("steps", &[moments.steps.len()])?.to_vec1()?;
    for (name, values) in weights {
        network.parameters_mut().set(&name, values)?;
    }
    Ok((state, moments))
}

/// Writes the weights alone, in half precision, as a model that can be hosted; `more` tensors go
/// with them.
///
/// # Errors
/// When the file cannot be written.
pub fn export(path: &Path, network: &Network, more: Vec<(String, Tensor)>) -> Result<(), Error> {
    let mut tensors = more;
    for (name, var) in network.parameters().iter() {
        tensors.push((name.to_owned(), var.as_tensor().to_dtype(DType::F16)?));
    }
    let model = serde_json::to_string(network.model()).map_err(|e| Error::new(e.to_string()))?;
    let metadata = [("format", FORMAT.to_owned()), ("model", model)];
    write(path, &tensors, metadata.map(|(name, text)| (name.to_owned(), text)).into())
}

/// Loads the weights of an exported model into the network.
///
/// # Errors
/// When the file is not of this network.
pub fn import(path: &Path, network: &mut Network) -> Result<(), Error> {
    let error = |what: String| Error::new(format!("{}: {what}", path.display()));
    let tensors =
        candle_core::safetensors::load(path, &Device::Cpu).map_err(|e| error(e.to_string()))?;
    for (name, shape) in network.shapes() {
        let tensor = tensors.get(&name).filter(|tensor| *tensor.dims() == shape);
        let tensor = tensor.ok_or_else(|| error(format!("expected {name} of shape {shape:?}")))?;
        let values = tensor.to_dtype(DType::F32)?.flatten_all()?.to_vec1()?;
        network.parameters_mut().set(&name, values)?;
    }
    Ok(())
}

fn write(
    path: &Path,
    tensors: &[(String, Tensor)],
    metadata: HashMap<String, String>,
) -> Result<(), Error> {
    let error = |what: String| Error::new(format!("{} cannot be written: {what}", path.display()));
    let partial = PathBuf::from(format!("{}.part", path.display()));
    let tensors = tensors.iter().map(|(name, tensor)| (name, tensor));
    safetensors::serialize_to_file(tensors, Some(metadata), &partial)
        .map_err(|e| error(e.to_string()))?;
    fs::File::open(&partial).and_then(|file| file.sync_all()).map_err(|e| error(e.to_string()))?;
    fs::rename(&partial, path).map_err(|e| error(e.to_string()))
}
