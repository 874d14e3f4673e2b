//! The map as a hosted model: sentences are laid out while everybody watches, and asked for.

mod ask;
mod descent;
mod inputs;
mod manifest;
mod project;
mod watched;

use super::atlas::Atlas;
use super::cache::Cache;
use super::{MapError, Places, Vectors};
use crate::sentences::SentenceEncoder;
use crate::sentences::encoder::DIMENSIONS;
use enjamb_core::model::{Error, Model, Run, Setup};
use enjamb_core::signature::{Input, Manifest, Values, is_name};
use enjamb_core::value::Value;
use inputs::{NAME, TEXTS, options};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The file of the map that ships, in its folder.
const SHIPPED: &str = "map.safetensors";
/// What saved maps end with.
const ENDING: &str = "map";
/// Sentences that are embedded between two chances to cancel.
const SENTENCES_A_STEP: usize = 64;

/// The map, hosted.
#[derive(Default)]
pub struct Map {
    live: Option<Live>,
}

/// A map that is set up.
struct Live {
    encoder: SentenceEncoder,
    pool: Arc<rayon::ThreadPool>,
    folder: Option<PathBuf>,
    cache: Option<Cache>,
    atlas: Atlas,
    /// What new sentences are placed by; none on an empty map.
    places: Option<Places>,
    n_frames: usize,
}

impl Model for Map {
    fn manifest(&self) -> Manifest {
        manifest::manifest()
    }

    fn setup(&mut self, setup: &Setup) -> Result<(), Error> {
        let n_threads = setup.options[options::THREADS] as usize;
        let encoder = SentenceEncoder::load(&setup.find_dir("sentences")?)
            .map_err(|error| Error::failed(error.to_string()))?
            .with_threads(n_threads);
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(n_threads)
            .thread_name(|i| format!("map:{i}"))
            .build()
            .map_err(|error| Error::failed(error.to_string()))?;
        let given = |option: Input<str>| {
            let path = &setup.options[option];
            (!path.is_empty()).then(|| PathBuf::from(path))
        };
        // Without the map that ships there is an empty one, to be filled.
        let shipped = || setup.find_dir("map").ok().map(|dir| dir.join(SHIPPED));
        let path = given(options::PATH).or_else(|| shipped().filter(|path| path.is_file()));
        let atlas = path.map_or(Ok(Atlas::default()), |path| Atlas::load(&path))?;
        let places = places_of(&atlas, &pool)?;
        let folder = given(options::FOLDER).or_else(data_folder);
        let cache = folder.as_ref().map(|folder| Cache::new(folder.join("embeddings")));
        let n_frames = 0;
        let pool = Arc::new(pool);
        self.live = Some(Live { encoder, pool, folder, cache, atlas, places, n_frames });
        Ok(())
    }

    fn run(&mut self, command: &str, inputs: &Values, run: &mut Run) -> Result<Values, Error> {
        let live = self.live.as_mut().ok_or("the map was not set up")?;
        match command {
            "project" => live.project(inputs, run),
            "add" => live.add(inputs, run),
            "remove" => live.remove(inputs, run),
            "clear" => live.replace(Atlas::default(), run),
            "save" => live.save(inputs),
            "load" => live.load(inputs, run),
            _ => live.ask(command, inputs, run),
        }
    }

    fn is_answered_meanwhile(&self, command: &str) -> bool {
        ask::COMMANDS.contains(&command)
    }
}

/// Where this computer's user keeps data.
fn data_folder() -> Option<PathBuf> {
    let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
    let home = || set("HOME").map(|home| PathBuf::from(home).join(".local/share"));
    Some(set("XDG_DATA_HOME").map(PathBuf::from).or_else(home)?.join("enjamb/maps"))
}

impl Live {
    fn embed(&mut self, texts: &[impl AsRef<str>]) -> Result<Vec<f32>, Error> {
        let mut vectors = vec![0.0; texts.len() * DIMENSIONS];
        let done = self.encoder.embed_into(texts, &mut vectors);
        done.map_err(|error| Error::failed(error.to_string()))?;
        Ok(vectors)
    }

    /// Where a vector belongs in the layout.
    fn point_of(&self, vector: &[f32]) -> Result<[f32; 2], Error> {
        let places = self.places.as_ref();
        let places = places.ok_or("the map is empty: send sentences to map/project first")?;
        Ok(places.place(vector)?)
    }

    /// Takes another map for the one there is.
    fn set(&mut self, atlas: Atlas) -> Result<(), Error> {
        self.places = places_of(&atlas, &self.pool)?;
        self.atlas = atlas;
        Ok(())
    }

    fn add(&mut self, inputs: &Values, run: &mut Run) -> Result<Values, Error> {
        let texts = texts_of(inputs);
        if texts.is_empty() {
            return Err("no text in what was given: expected sentences".into());
        }
        if self.atlas.is_empty() {
            return Err("the map is empty: send the first sentences to map/project".into());
        }
        let n_before = self.atlas.len();
        let mut new = Vec::with_capacity(texts.len());
        for some in texts.chunks(SENTENCES_A_STEP) {
            let vectors = self.embed(some)?;
            for (text, vector) in some.iter().zip(vectors.chunks_exact(DIMENSIONS)) {
                new.push((text.clone(), vector.to_vec(), self.point_of(vector)?));
            }
            run.progress(new.len() as f32 / texts.len() as f32)?;
        }
        for (text, vector, point) in new {
            self.atlas.add(text, &vector, point);
        }
        self.places = places_of(&self.atlas, &self.pool)?;
        let indices: Vec<usize> = (n_before..self.atlas.len()).collect();
        self.send(&self.atlas.places(), &indices, 0, run)?;
        Ok(Values::new().with("count", self.atlas.len()))
    }

    fn remove(&mut self, inputs: &Values, run: &mut Run) -> Result<Values, Error> {
        let texts: Vec<&str> = inputs[TEXTS].iter().filter_map(Value::as_text).collect();
        let removed = self.atlas.remove(&texts);
        self.places = places_of(&self.atlas, &self.pool)?;
        self.show(run)?;
        let values = Values::new().with("removed", removed);
        Ok(values.with("count", self.atlas.len()))
    }

    fn replace(&mut self, atlas: Atlas, run: &mut Run) -> Result<Values, Error> {
        self.set(atlas)?;
        self.show(run)?;
        Ok(Values::new().with("count", self.atlas.len()))
    }

    fn path_of(&self, inputs: &Values) -> Result<PathBuf, Error> {
        let name = &inputs[NAME];
        if !is_name(name) {
            return Err(format!(
                "name: '{name}' can't be a file's name: use letters, digits, '_' and '-'"
            )
            .into());
        }
        let folder = self
            .folder
            .as_ref()
            .ok_or("there is no folder for maps: name one as 'folder' in the project file")?;
        Ok(folder.join(name).with_extension(ENDING))
    }

    fn save(&self, inputs: &Values) -> Result<Values, Error> {
        let path = self.path_of(inputs)?;
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)
                .map_err(|error| format!("{} can't be made: {error}", folder.display()))?;
        }
        self.atlas.save(&path)?;
        Ok(Values::new().with("path", path.display().to_string()))
    }

    fn load(&mut self, inputs: &Values, run: &mut Run) -> Result<Values, Error> {
        let path = self.path_of(inputs)?;
        if !path.is_file() {
            let known = match &saved_in(&path)[..] {
                [] => "none was saved yet: map/save does".into(),
                names => format!("only {}", names.join(", ")),
            };
            let words = format!("there is no map '{}' here, {known}", &inputs[NAME]);
            return Err(words.into());
        }
        self.replace(Atlas::load(&path)?, run)
    }

    /// Sends all points.
    fn show(&mut self, run: &mut Run) -> Result<(), Error> {
        let all: Vec<usize> = (0..self.atlas.len()).collect();
        self.send(&self.atlas.places(), &all, 0, run)
    }

    /// Sends some points, and the frame that they make.
    fn send(
        &mut self,
        places: &[[f32; 2]],
        indices: &[usize],
        iteration: usize,
        run: &mut Run,
    ) -> Result<(), Error> {
        let texts = self.atlas.texts();
        let frame = frame(self.n_frames, iteration, indices.len(), texts.len());
        self.n_frames += 1;
        run.send("point", points(texts, places, indices))?;
        run.send("frame", vec![frame])
    }
}

/// What new sentences are placed by on a map; none on an empty one.
fn places_of(atlas: &Atlas, pool: &rayon::ThreadPool) -> Result<Option<Places>, MapError> {
    if atlas.is_empty() {
        return Ok(None);
    }
    let vectors = Vectors::new(atlas.vectors().to_vec(), DIMENSIONS)?;
    let layout = atlas.layout().to_vec();
    pool.install(|| Places::new(vectors, layout, atlas.method())).map(Some)
}

/// The texts of an input, without white space around them and without empty ones.
fn texts_of(inputs: &Values) -> Vec<Arc<str>> {
    let texts = inputs[TEXTS].iter().filter_map(Value::as_text).map(str::trim);
    texts.filter(|text| !text.is_empty()).map(Arc::from).collect()
}

/// Messages of the stream `point`.
fn points(texts: &[Arc<str>], places: &[[f32; 2]], indices: &[usize]) -> Vec<Vec<Value>> {
    let count = texts.len();
    let message = |&i: &usize| {
        let [x, y] = places[i].map(f64::from);
        let text = Value::Text(Arc::clone(&texts[i]));
        vec![i.into(), count.into(), x.into(), y.into(), text]
    };
    indices.iter().map(message).collect()
}

/// A message of the stream `frame`.
fn frame(n_frames: usize, iteration: usize, n_sent: usize, count: usize) -> Vec<Value> {
    [n_frames, iteration, n_sent, count].map(Value::from).to_vec()
}

/// The names of the maps that lie beside a path, in alphabetical order.
fn saved_in(path: &Path) -> Vec<String> {
    let entries = path.parent().and_then(|folder| std::fs::read_dir(folder).ok());
    let paths = entries.into_iter().flatten().flatten().map(|entry| entry.path());
    let maps = paths.filter(|path| path.extension().is_some_and(|ending| ending == ENDING));
    let mut names: Vec<String> =
        maps.filter_map(|path| Some(path.file_stem()?.to_string_lossy().into_owned())).collect();
    names.sort_unstable();
    names
}

impl From<MapError> for Error {
    fn from(error: MapError) -> Self {
        Error::failed(error.to_string())
    }
}
