//! Maps beside openTSNE's and scikit-learn's: seconds, and how well each shows what is near.
//!
//! `PYTHON=python cargo bench --bench map -- LINES`, where PYTHON has openTSNE and scikit-learn, and
//! LINES is a text of lines: as many as there are, up to 50,000, are embedded and laid out, beside
//! scikit-learn's digits. `benches/map.py` is started as a child; both sides take turns. Only ratios
//! of one run mean anything.

#[path = "common/python.rs"]
mod python;

use std::path::Path;
use std::time::Instant;

use enjamb::model::map::{Places, Projection, Settings, Vectors};
use enjamb::model::sentences::Encoder;
use enjamb::model::sentences::encoder::DIMENSIONS;
use python::Python;
use serde_json::json;

/// Sentences that are laid out, as far as there are so many.
const SIZES: [usize; 3] = [1_000, 10_000, 50_000];
/// Beyond this the others take too long to wait for, and exact neighbours too.
const MOST_COMPARED: usize = 10_000;
const THREADS: usize = 2;
/// Sentences that are placed on a finished map, one by one.
const PLACED: usize = 500;

fn main() {
    let lines = std::env::args().skip(1).find(|argument| !argument.starts_with('-'));
    rayon::ThreadPoolBuilder::new().num_threads(THREADS).build_global().expect("threads");
    let folder = std::env::temp_dir().join(format!("enjamb-map-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");
    let mut python = Python::start("benches/map.py", [folder.display().to_string()]);
    let digits = python.ask(&json!({ "digits": true }));
    let width = digits["width"].as_u64().expect("a width") as usize;
    compare("digits", &read(&folder.join("digits")), width, &folder, &mut python);
    let Some(lines) = lines else {
        println!("no sentences: name a text of lines");
        return;
    };
    let text = std::fs::read_to_string(&lines).expect("the lines can be read");
    let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let models = Path::new(env!("CARGO_MANIFEST_DIR")).join("models");
    let mut encoder =
        Encoder::load(&models.join("sentences")).expect("the model ships").with_threads(THREADS);
    for size in SIZES {
        // Those to be placed come behind.
        if lines.len() < size + PLACED {
            break;
        }
        let mut vectors = vec![0.0; (size + PLACED) * DIMENSIONS];
        encoder.embed_into(&lines[..size + PLACED], &mut vectors).expect("lines are texts");
        let (old, new) = vectors.split_at(size * DIMENSIONS);
        let name = format!("{size} sentences");
        let points = compare(&name, old, DIMENSIONS, &folder, &mut python);
        let places = Places::new(vectors_of(old, DIMENSIONS), points).expect("a finished map");
        let start = Instant::now();
        for vector in new.chunks_exact(DIMENSIONS) {
            places.place(vector).expect("a place");
        }
        let each = start.elapsed().as_secs_f64() / PLACED as f64;
        println!("{name}: placing another takes {:.2} ms", 1e3 * each);
    }
    // Nothing is lost if it stays.
    let _ = std::fs::remove_dir_all(&folder);
}

fn vectors_of(data: &[f32], width: usize) -> Vectors {
    Vectors::new(data.to_vec(), width).expect("vectors")
}

/// Lays vectors out on both sides and prints what came of it; gives our points.
fn compare(
    name: &str,
    data: &[f32],
    width: usize,
    folder: &Path,
    python: &mut Python,
) -> Vec<[f32; 2]> {
    let vectors = vectors_of(data, width);
    let n = data.len() / width;
    let start = Instant::now();
    let mut projection =
        Projection::new(&vectors, None, Settings::default()).expect("a projection");
    let before = start.elapsed().as_secs_f64();
    while projection.step() {}
    let seconds = start.elapsed().as_secs_f64();
    let rate = projection.iteration() as f64 / (seconds - before);
    println!("{name}: enjamb {seconds:.2} s, {rate:.0} iterations a second");
    let points = projection.points().to_vec();
    write(&folder.join("vectors"), data);
    write(&folder.join("points"), points.as_flattened());
    for library in ["openTSNE", "scikit-learn"] {
        if n > MOST_COMPARED && library != "openTSNE" {
            continue;
        }
        let answer = python.ask(&json!({
            "library": library,
            "width": width,
            "threads": THREADS,
            "quality": n <= MOST_COMPARED,
        }));
        let theirs = answer["seconds"].as_f64().expect("the answer has seconds");
        println!("{name}: {library} {theirs:.2} s, {:.1} times ours", theirs / seconds);
        for measure in ["divergence", "kept", "trustworthiness"] {
            if let [Some(ours), Some(theirs)] = [0, 1].map(|i| answer[measure][i].as_f64()) {
                println!("    {measure:16} enjamb {ours:.4}, {library} {theirs:.4}");
            }
        }
    }
    points
}

fn read(path: &Path) -> Vec<f32> {
    let bytes = std::fs::read(path).expect("the file is there");
    bytes.chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect()
}

fn write(path: &Path, numbers: &[f32]) {
    let bytes: Vec<u8> = numbers.iter().flat_map(|x| x.to_le_bytes()).collect();
    std::fs::write(path, bytes).expect("the file can be written");
}
