//! Checkpoints: everything that a run needs to go on as if it had never stopped.
//!
//! Written beside its place and renamed, with the one before kept, so that a run that is killed at
//! any moment finds a whole one.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

use candle_core::{DType, Device, Tensor};
use serde::{Deserialize, Serialize};

use super::TrainError;
use super::network::TrainableNetwork;
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
    /// The best validation so far, if there was one.
    pub best: Option<f64>,
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

/// What is written beside the tensors.
#[derive(Serialize, Deserialize)]
struct Header {
    #[serde(flatten)]
    state: State,
    /// Of weights and moments; files that were written before there were checksums have none.
    checksum: Option<String>,
}

/// FNV-1a over the bits of weights and moments, to find what a disk or a copy has damaged.
fn checksum<'a>(tensors: impl Iterator<Item = &'a [f32]>) -> String {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for x in tensors.flatten() {
        hash = (hash ^ u64::from(x.to_bits())).wrapping_mul(0x0100_0000_01b3);
    }
    format!("{hash:016x}")
}

/// Saves a run in `dir`.
///
/// # Errors
/// When it cannot be written; what was there before is then still there.
pub fn save(
    dir: &Path,
    state: &State,
    network: &TrainableNetwork,
    moments: &Moments,
) -> Result<(), TrainError> {
    let mut tensors: Vec<(String, Tensor)> = Vec::new();
    let mut weights = Vec::new();
    for (i, (name, var)) in network.parameters().iter().enumerate() {
        weights.push(var.flatten_all()?.to_vec1::<f32>()?);
        tensors.push((name.to_owned(), var.as_tensor().clone()));
        for (kind, values) in [("first", &moments.first[i]), ("second", &moments.second[i])] {
            let tensor = Tensor::from_slice(values, var.shape(), &Device::Cpu)?;
            tensors.push((format!("{kind}.{name}"), tensor));
        }
    }
    let steps = moments.steps.len();
    tensors.push(("steps".into(), Tensor::from_slice(&moments.steps, steps, &Device::Cpu)?));
    let all = [&weights, &moments.first, &moments.second];
    let checksum = checksum(all.into_iter().flatten().map(Vec::as_slice));
    let header = Header { state: state.clone(), checksum: Some(checksum) };
    let header = serde_json::to_string(&header).map_err(|e| TrainError::new(e.to_string()))?;
    let path = dir.join(FILE);
    let partial = write(&path, &tensors, HashMap::from([("state".to_owned(), header)]))?;
    // The one before goes only when the new one is whole.
    if path.exists() {
        fs::rename(&path, dir.join(PREVIOUS))?;
    }
    Ok(fs::rename(partial, path)?)
}

/// Loads the newest whole checkpoint of `dir` into the network, if there is one. Says in words
/// which files were passed over as damaged.
///
/// # Errors
/// When there are checkpoints but none is whole and of this network.
pub fn load(
    dir: &Path,
    network: &mut TrainableNetwork,
) -> Result<Option<(State, Moments, Vec<String>)>, TrainError> {
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
        true => Err(TrainError::new(format!(
            "no checkpoint can be gone on from ({}). Move {} away to start anew",
            damaged.join("; "),
            dir.display()
        ))),
        false => Ok(None),
    }
}

fn load_file(path: &Path, network: &mut TrainableNetwork) -> Result<(State, Moments), TrainError> {
    let bytes = fs::read(path)?;
    let metadata = safetensors::SafeTensors::read_metadata(&bytes)
        .map_err(|error| TrainError::new(format!("not a checkpoint ({error})")))?
        .1;
    let state = metadata.metadata().as_ref().and_then(|metadata| metadata.get("state"));
    let state = state.ok_or_else(|| TrainError::new("not a checkpoint: it has no state"))?;
    let Header { state, checksum: expected } =
        serde_json::from_str(state).map_err(|e| TrainError::new(format!("its state: {e}")))?;
    let tensors = candle_core::safetensors::load_buffer(&bytes, &Device::Cpu)
        .map_err(|error| TrainError::new(format!("damaged ({error})")))?;
    let get = |name: &str, shape: &[usize]| match tensors.get(name) {
        Some(tensor) if tensor.dims() == shape => Ok(tensor.flatten_all()?),
        Some(tensor) => Err(TrainError::new(format!(
            "{name} is {:?}; this configuration expects {shape:?}",
            tensor.dims()
        ))),
        None => Err(TrainError::new(format!("{name} is missing"))),
    };
    let mut moments = Moments::new(network.parameters());
    let mut weights = Vec::new();
    for (i, (name, shape)) in network.shapes().iter().enumerate() {
        weights.push((name.clone(), get(name, shape)?.to_vec1::<f32>()?));
        moments.first[i] = get(&format!("first.{name}"), shape)?.to_vec1()?;
        moments.second[i] = get(&format!("second.{name}"), shape)?.to_vec1()?;
    }
    moments.steps = get("steps", &[moments.steps.len()])?.to_vec1()?;
    let all = weights.iter().map(|(_, values)| values).chain(&moments.first).chain(&moments.second);
    if expected.is_some_and(|expected| expected != checksum(all.map(Vec::as_slice))) {
        return Err(TrainError::new("damaged: its numbers do not have the checksum that it says"));
    }
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
pub fn export(
    path: &Path,
    network: &TrainableNetwork,
    more: Vec<(String, Tensor)>,
) -> Result<(), TrainError> {
    let mut tensors = more;
    for (name, var) in network.parameters().iter() {
        tensors.push((name.to_owned(), var.as_tensor().to_dtype(DType::F16)?));
    }
    let model =
        serde_json::to_string(network.model()).map_err(|e| TrainError::new(e.to_string()))?;
    let metadata = [("format", FORMAT.to_owned()), ("model", model)];
    let metadata = metadata.map(|(name, text)| (name.to_owned(), text)).into();
    Ok(fs::rename(write(path, &tensors, metadata)?, path)?)
}

/// The network of an exported model.
///
/// # Errors
/// When the file is not an exported model.
pub fn open(path: &Path, threads: usize) -> Result<TrainableNetwork, TrainError> {
    let error = |what: String| TrainError::new(format!("{}: {what}", path.display()));
    let bytes = fs::read(path).map_err(|e| error(e.to_string()))?;
    let (_, metadata) = safetensors::SafeTensors::read_metadata(&bytes)
        .map_err(|e| error(format!("not a model ({e})")))?;
    let metadata = metadata.metadata().as_ref();
    let model = metadata.and_then(|metadata| metadata.get("model"));
    let model = model.ok_or_else(|| error(format!("not a model of format {FORMAT}")))?;
    let model = serde_json::from_str(model).map_err(|e| error(format!("its sizes: {e}")))?;
    let mut network = TrainableNetwork::new(&model, 0, threads)?;
    import(path, &mut network)?;
    Ok(network)
}

/// Loads the weights of an exported model into the network.
///
/// # Errors
/// When the file is not of this network.
pub fn import(path: &Path, network: &mut TrainableNetwork) -> Result<(), TrainError> {
    let error = |what: String| TrainError::new(format!("{}: {what}", path.display()));
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

/// Writes a file that is to be at `path` beside it, and says where.
fn write(
    path: &Path,
    tensors: &[(String, Tensor)],
    metadata: HashMap<String, String>,
) -> Result<PathBuf, TrainError> {
    let error =
        |what: String| TrainError::new(format!("{} cannot be written: {what}", path.display()));
    let partial = PathBuf::from(format!("{}.part", path.display()));
    let tensors = tensors.iter().map(|(name, tensor)| (name, tensor));
    safetensors::serialize_to_file(tensors, Some(metadata), &partial)
        .map_err(|e| error(e.to_string()))?;
    fs::File::open(&partial).and_then(|file| file.sync_all()).map_err(|e| error(e.to_string()))?;
    Ok(partial)
}
