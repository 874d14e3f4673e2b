//! Maps beside those of openTSNE, scikit-learn, the bhtsne crate, tsne-js in Node and umap-learn: seconds,
//! and how well each shows what is near.
//!
//! `PYTHON=python NODE_PATH=node_modules cargo bench --bench map -- LINES [NAMES]`, where PYTHON has
//! openTSNE, scikit-learn and umap-learn, and NODE_PATH tsne-js. LINES is a text of lines: as many as
//! there are, up to 50,000, are embedded and laid out, after scikit-learn's digits. NAMES are those of
//! the sets that are wanted, `digits,1000,10000,50000` if not given. `benches/map.py` is started as a
//! child; all sides take turns. Only ratios of one run mean anything.

#[path = "common/python.rs"]
mod python;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use enjamb::models::map::{Method, Places, Projection, TsneSettings, Umap, Vectors, umap};
use enjamb::models::sentences::SentenceEncoder;
use enjamb::models::sentences::encoder::DIMENSIONS;
use python::Python;
use serde_json::{Value as Json, json};

/// Sentences that are laid out, as far as there are so many.
const SIZES: [usize; 3] = [1_000, 10_000, 50_000];
/// The others at the sizes that they finish in some minutes: tsne-js compares all points with all in
/// every step, bhtsne finds neighbours by a tree that 512 numbers defeat, and scikit-learn divides by
/// a tree what others do on a grid.
const MOST_FOR_NODE: usize = 1_000;
const MOST_FOR_BHTSNE: usize = 10_000;
const MOST_FOR_SCIKIT: usize = 10_000;
/// Beyond this the exact divergence takes too long.
const MOST_MEASURED: usize = 10_000;
const THREADS: usize = 2;
/// Maps of each side, from other beginnings, whose means are compared: a set may be laid out a little
/// better or worse by chance.
const N_SEEDS: u64 = 5;
/// What a map is measured by.
const MEASURES: [&str; 3] = ["divergence", "kept", "trustworthiness"];
/// Sentences that are placed on a finished map, one by one.
const PLACED: usize = 500;

fn main() {
    let mut arguments = std::env::args().skip(1).filter(|argument| !argument.starts_with('-'));
    let lines = arguments.next();
    let names = arguments.next().unwrap_or_else(|| "digits,1000,10000,50000".into());
    let is_wanted = |name: &str| names.split(',').any(|wanted| wanted == name);
    rayon::ThreadPoolBuilder::new().num_threads(THREADS).build_global().expect("threads");
    let folder = std::env::temp_dir().join(format!("enjamb-map-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");
    let python = Python::start("benches/map.py", [folder.display().to_string()]);
    let mut bench = Bench { folder, python, name: String::new(), width: 0 };
    if is_wanted("digits") {
        let width = bench.python.ask(&json!({ "digits": true }))["width"].clone();
        bench.name = "digits".into();
        bench.width = width.as_u64().expect("a width") as usize;
        let digits = bench.read("vectors");
        let n_new = digits.len() / bench.width / 6 * bench.width;
        bench.compare(&digits);
        let (old, new) = digits.split_at(digits.len() - n_new);
        bench.place(old, new);
    }
    let Some(lines) = lines else {
        println!("no sentences: name a text of lines");
        return;
    };
    let text = std::fs::read_to_string(&lines).expect("the lines can be read");
    let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let models = Path::new(env!("CARGO_MANIFEST_DIR")).join("models");
    let mut encoder = SentenceEncoder::load(&models.join("sentences"))
        .expect("the model ships")
        .with_threads(THREADS);
    bench.width = DIMENSIONS;
    for size in SIZES {
        // Those to be placed come behind.
        if lines.len() < size + PLACED || !is_wanted(&size.to_string()) {
            continue;
        }
        let mut vectors = vec![0.0; (size + PLACED) * DIMENSIONS];
        encoder.embed_into(&lines[..size + PLACED], &mut vectors).expect("lines are texts");
        let (old, new) = vectors.split_at(size * DIMENSIONS);
        bench.name = format!("{size} lines");
        bench.compare(old);
        bench.place(old, new);
    }
    // Nothing is lost if it stays.
    let _ = std::fs::remove_dir_all(&bench.folder);
}

struct Bench {
    folder: PathBuf,
    python: Python,
    /// Of the set that is laid out.
    name: String,
    width: usize,
}

impl Bench {
    /// Lays vectors out on all sides and prints what came of it.
    fn compare(&mut self, data: &[f32]) {
        let n = data.len() / self.width;
        self.write("vectors", data);
        let ours = self.tsne(data, TsneSettings::default(), "enjamb");
        self.python("openTSNE", json!({}), ours);
        if n <= MOST_MEASURED {
            self.spread(data);
        }
        if n <= MOST_FOR_SCIKIT {
            self.python("scikit-learn", json!({}), ours);
            // As many steps as scikit-learn takes.
            let settings = TsneSettings { iterations: 750, ..TsneSettings::default() };
            self.tsne(data, settings, "enjamb, 1,000 steps");
        }
        if n <= MOST_FOR_BHTSNE {
            let samples: Vec<&[f32]> = data.chunks_exact(self.width).collect();
            let start = Instant::now();
            let mut tsne = bhtsne::tSNE::<f32, &[f32], 2>::new(&samples);
            let distance = |a: &&[f32], b: &&[f32]| {
                a.iter().zip(*b).map(|(a, b)| (a - b) * (a - b)).sum::<f32>().sqrt()
            };
            tsne.perplexity(30.0).barnes_hut(0.5, distance);
            let seconds = start.elapsed().as_secs_f64();
            self.write("bhtsne", &tsne.embedding());
            self.report("bhtsne", seconds, Some(ours));
        }
        if n <= MOST_FOR_NODE {
            let (vectors, out) = (self.folder.join("vectors"), self.folder.join("tsne-js"));
            let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/map.js");
            let mut node = Command::new("node");
            node.arg(script).arg(vectors).arg(self.width.to_string()).arg(out).arg("1000");
            let output = node.output().expect("node is there");
            let seconds = String::from_utf8_lossy(&output.stdout);
            match seconds.lines().last().and_then(|line| line.trim().parse().ok()) {
                Some(seconds) => self.report("tsne-js", seconds, Some(ours)),
                None => println!("tsne-js: {}", String::from_utf8_lossy(&output.stderr)),
            }
        }
        let vectors = self.vectors(data);
        let start = Instant::now();
        let mut umap = Umap::new(&vectors, None, umap::UmapSettings::default()).expect("a map");
        while umap.step() {}
        let seconds = start.elapsed().as_secs_f64();
        self.write("umap", umap.points().as_flattened());
        self.report("umap", seconds, None);
        self.python("umap-learn", json!({}), seconds);
    }

    /// Prints the mean of each measure over maps from some beginnings, ours and openTSNE's, with the
    /// least and the greatest.
    fn spread(&mut self, data: &[f32]) {
        let vectors = self.vectors(data);
        let mut all = [Vec::new(), Vec::new()];
        for seed in 0..N_SEEDS {
            let settings = TsneSettings { seed, ..TsneSettings::default() };
            let mut projection = Projection::new(&vectors, None, settings).expect("a projection");
            while projection.step() {}
            self.write("enjamb", projection.points().as_flattened());
            all[0].push(self.measure("enjamb"));
            let settings = json!({ "random_state": seed });
            let request = json!({
                "fit": "openTSNE", "width": self.width, "threads": THREADS, "settings": settings,
            });
            self.python.ask(&request);
            all[1].push(self.measure("openTSNE"));
        }
        for (name, measures) in ["enjamb", "openTSNE"].iter().zip(&all) {
            println!("{}: {name}, {N_SEEDS} seeds", self.name);
            for measure in MEASURES {
                let of: Vec<f64> = measures.iter().filter_map(|m| m[measure].as_f64()).collect();
                let mean = of.iter().sum::<f64>() / of.len() as f64;
                let (least, most) = of
                    .iter()
                    .fold((f64::MAX, f64::MIN), |(least, most), x| (least.min(*x), most.max(*x)));
                println!("    {measure:16} {mean:.4}, {least:.4} to {most:.4}");
            }
        }
    }

    fn tsne(&mut self, data: &[f32], settings: TsneSettings, name: &str) -> f64 {
        let vectors = self.vectors(data);
        let start = Instant::now();
        let mut projection = Projection::new(&vectors, None, settings).expect("a projection");
        let before = start.elapsed().as_secs_f64();
        while projection.step() {}
        let seconds = start.elapsed().as_secs_f64();
        let rate = projection.iteration() as f64 / (seconds - before);
        self.write(name, projection.points().as_flattened());
        self.report(name, seconds, None);
        println!("    {before:.2} s before the first step, {rate:.0} steps a second");
        seconds
    }

    fn python(&mut self, library: &str, settings: Json, ours: f64) {
        let (width, threads) = (self.width, THREADS);
        let request =
            json!({ "fit": library, "width": width, "threads": threads, "settings": settings });
        let answer = self.python.ask(&request);
        self.report(library, answer["seconds"].as_f64().expect("seconds"), Some(ours));
    }

    /// Prints how long it took, and how well the points in a file of this name show the vectors.
    fn report(&mut self, name: &str, seconds: f64, ours: Option<f64>) {
        let answer = self.measure(name);
        let ratio = ours.map(|ours| format!(", {:.1} times ours", seconds / ours));
        println!("{}: {name} {seconds:.2} s{}", self.name, ratio.unwrap_or_default());
        for measure in MEASURES {
            if let Some(x) = answer[measure].as_f64() {
                println!("    {measure:16} {x:.4}");
            }
        }
    }

    fn measure(&mut self, name: &str) -> Json {
        let n = self.read("vectors").len() / self.width;
        let divergence = n <= MOST_MEASURED;
        let request = json!({ "measure": name, "width": self.width, "divergence": divergence });
        self.python.ask(&request)
    }

    /// Places new vectors on the map of the old, as openTSNE does on the same map.
    fn place(&mut self, old: &[f32], new: &[f32]) {
        let vectors = self.vectors(old);
        let mut projection =
            Projection::new(&vectors, None, TsneSettings::default()).expect("a projection");
        while projection.step() {}
        let points = projection.points().to_vec();
        self.write("vectors", old);
        self.write("points", points.as_flattened());
        self.write("new", new);
        let places = Places::new(vectors, points, Method::Tsne).expect("a finished map");
        let start = Instant::now();
        let placed: Vec<[f32; 2]> =
            new.chunks_exact(self.width).map(|v| places.place(v).expect("a place")).collect();
        let n = placed.len() as f64;
        let each = 1e3 * start.elapsed().as_secs_f64() / n;
        println!("{}: a vector is placed in {each:.3} ms", self.name);
        if old.len() / self.width > MOST_MEASURED {
            return;
        }
        self.write("placed", placed.as_flattened());
        let request = json!({ "place": true, "width": self.width, "threads": THREADS });
        let answer = self.python.ask(&request);
        let theirs = 1e3 * answer["seconds"].as_f64().expect("seconds") / n;
        println!("    openTSNE's transform {theirs:.3} ms each, of {n} at once");
        println!(
            "    apart by {} of the map's side; kept, theirs and ours: {}",
            answer["apart"], answer["kept"]
        );
    }

    fn vectors(&self, data: &[f32]) -> Vectors {
        Vectors::new(data.to_vec(), self.width).expect("vectors")
    }

    fn read(&self, name: &str) -> Vec<f32> {
        let bytes = std::fs::read(self.folder.join(name)).expect("the file is there");
        bytes.chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect()
    }

    fn write(&self, name: &str, numbers: &[f32]) {
        let bytes: Vec<u8> = numbers.iter().flat_map(|x| x.to_le_bytes()).collect();
        std::fs::write(self.folder.join(name), bytes).expect("the file can be written");
    }
}
