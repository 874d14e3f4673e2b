//! `enjamb map FILE`: any text as a map, shown over OSC as it finds its shape, and as a picture.

use super::client::Client;
use super::query::run_with_bar;
use crate::Shared;
use clap::{Args, ValueEnum};
use enjamb::Runtime;
use enjamb::models::map::labels::labels;
use enjamb::models::map::picture::{self, ColorScheme, Picture};
use enjamb::models::map::table;
use enjamb::models::map::texts::{self, split};
use enjamb::project::kinds;
use enjamb::project::{HostedModel, Project};
use enjamb::signature::Values;
use serde_json::{Value as Json, json};
use std::path::{Path, PathBuf};
use std::time::Instant;

/// Pixels across a picture: enough for print at half a metre.
const PIXELS: u32 = 3200;

/// What is laid out, how, and where it goes.
#[derive(Args)]
pub struct Options {
    /// The text.
    file: PathBuf,
    /// What is a sentence: a line, a sentence, or whichever the text looks like.
    #[arg(long, value_enum, default_value_t = Split::Auto)]
    split: Split,
    /// How sentences are laid out: tsne, umap or pca.
    #[arg(long, default_value = "tsne")]
    method: String,
    /// About how many neighbours each sentence is kept near to.
    #[arg(long, value_name = "X")]
    perplexity: Option<f64>,
    /// The seed of all chance.
    #[arg(long, value_name = "N")]
    seed: Option<u32>,
    /// Where the picture goes: a name that ends in .svg or .png. Again for another.
    #[arg(long, value_name = "FILE")]
    picture: Vec<PathBuf>,
    /// Light text on dark paper.
    #[arg(long)]
    dark: bool,
    /// What stands below the picture, instead of the file's name.
    #[arg(long, value_name = "TEXT")]
    title: Option<String>,
    /// Where a table of index, x, y and text goes: a name that ends in .csv or .json.
    #[arg(long, value_name = "FILE")]
    table: Vec<PathBuf>,
    /// Keep the map under this name; `/map/load` brings it back.
    #[arg(long, value_name = "NAME")]
    save: Option<String>,
}

#[derive(Clone, Copy, ValueEnum)]
enum Split {
    Auto,
    Lines,
    Sentences,
}

/// Lays a text out and writes what was asked for.
pub fn map(options: &Options, shared: &Shared) -> Result<(), String> {
    for path in &options.picture {
        expect_ending(path, &["svg", "png"])?;
    }
    for path in &options.table {
        expect_ending(path, &["csv", "json"])?;
    }
    let file = options.file.display();
    let bytes = std::fs::read(&options.file).map_err(|e| format!("{file} can't be read: {e}"))?;
    let how = match options.split {
        Split::Auto => texts::Split::Auto,
        Split::Lines => texts::Split::Lines,
        Split::Sentences => texts::Split::Sentences,
    };
    let texts = split(&String::from_utf8_lossy(&bytes), how);
    if texts.is_empty() {
        return Err(format!("{file} has no sentences: expected text"));
    }
    let began = Instant::now();
    let mut inputs = json!({ "texts": texts, "method": options.method });
    if let Some(perplexity) = options.perplexity {
        inputs["perplexity"] = perplexity.into();
    }
    if let Some(seed) = options.seed {
        inputs["seed"] = seed.into();
    }
    let points = match Client::find(shared)? {
        Some(client) => {
            eprintln!("{} sentences, laid out by the enjamb that runs", texts.len());
            let outputs = client.post("/models/map/project", &inputs)?;
            if let Some(name) = &options.save {
                client.post("/models/map/save", &json!({ "name": name }))?;
            }
            outputs["points"].clone()
        }
        None => map_here(&inputs, options, shared)?,
    };
    let points: Vec<[f32; 2]> = serde_json::from_value(points)
        .map_err(|error| format!("the map gave points that are none: {error}"))?;
    write(options, &texts, &points)?;
    let seconds = began.elapsed().as_secs_f64();
    match shared.json {
        true => say!("{}", json!({ "sentences": texts.len(), "seconds": seconds })),
        false if texts.len() == 1 => say!("one sentence in {seconds:.1} s"),
        false => say!("{} sentences in {seconds:.1} s", texts.len()),
    }
    Ok(())
}

/// Hosts just the map while it is laid out.
fn map_here(inputs: &Json, options: &Options, shared: &Shared) -> Result<Json, String> {
    let kind = kinds().find("map").cloned().ok_or("this program has no map")?;
    let manifest = kind.manifest();
    let fields =
        |command: &str| manifest.find(command).map(|c| c.inputs.clone()).unwrap_or_default();
    let values = Values::read_json(inputs, &fields("project"))?;
    let mut project = Project::standard();
    project.models.retain(|model: &HostedModel| model.name == "map");
    project.chains.clear();
    let project = project.with_port_offset(shared.port_offset);
    let started = Runtime::builder().with_shipped_files().project(project).start();
    let runtime = started.map_err(|error| error.to_string())?;
    let outputs = run_with_bar(&runtime, "map", "project", values)?;
    if let Some(name) = &options.save {
        let inputs = Values::read_json(&json!({ "name": name }), &fields("save"))?;
        let saved = run_with_bar(&runtime, "map", "save", inputs)?;
        eprintln!("saved as {}", saved.text("path"));
    }
    let points = outputs.get("points").ok_or("the map gave no points")?;
    Ok(points.to_json())
}

fn write(options: &Options, texts: &[String], points: &[[f32; 2]]) -> Result<(), String> {
    let stem = options.file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let title = options.title.clone().unwrap_or_else(|| stem.replace(['_', '-'], " "));
    let mut pictures = options.picture.clone();
    if pictures.is_empty() && options.table.is_empty() && options.save.is_none() {
        pictures.push(PathBuf::from(format!("{stem}-map.svg")));
    }
    if !pictures.is_empty() {
        let palette = if options.dark { ColorScheme::DARK } else { ColorScheme::LIGHT };
        let labels = labels(texts, points);
        let options =
            picture::Options { title: &title, labels: &labels, palette, ..Default::default() };
        let picture = Picture::new(texts, points, &options);
        for path in &pictures {
            match has_ending(path, "png") {
                true => save(path, &picture.png(PIXELS))?,
                false => save(path, picture.svg().as_bytes())?,
            }
        }
    }
    for path in &options.table {
        match has_ending(path, "csv") {
            true => save(path, table::csv(texts, points).as_bytes())?,
            false => save(path, table::json(texts, points).as_bytes())?,
        }
    }
    Ok(())
}

fn has_ending(path: &Path, ending: &str) -> bool {
    path.extension().is_some_and(|found| found.eq_ignore_ascii_case(ending))
}

fn expect_ending(path: &Path, endings: &[&str]) -> Result<(), String> {
    match endings.iter().any(|ending| has_ending(path, ending)) {
        true => Ok(()),
        false => Err(format!(
            "{}: expected a name that ends in .{}",
            path.display(),
            endings.join(" or .")
        )),
    }
}

fn save(path: &Path, bytes: &[u8]) -> Result<(), String> {
    std::fs::write(path, bytes).map_err(|e| format!("{} can't be written: {e}", path.display()))?;
    eprintln!("wrote {}", path.display());
    Ok(())
}
