//! Each sketch in a real window, beside a real runtime: what it shows is read from its frames.

use enjamb::net::settings::Listen;
use enjamb::osc::Argument;
use enjamb::signature::Values;
use enjamb::{Project, Runtime};
use image::imageops::{self, FilterType};
use image::{DynamicImage, GrayImage, Rgb, RgbImage};
use std::collections::HashSet;
use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// How long anything may take on a busy machine without a graphics card.
const PATIENCE: Duration = Duration::from_secs(90);

/// A runtime, and the lines of verse that it has said.
struct ChainEvent {
    runtime: Option<Runtime>,
    address: SocketAddr,
    lines: Arc<Mutex<Vec<String>>>,
}

impl ChainEvent {
    /// At a port that is free.
    fn start() -> Self {
        Self::start_at(0)
    }

    fn start_at(osc_port: u16) -> Self {
        let lines: Arc<Mutex<Vec<String>>> = Arc::default();
        let heard = Arc::clone(&lines);
        let listen = Listen { osc_port, http_port: 0, announce: false, ..Listen::default() };
        let runtime = Runtime::builder()
            .with_shipped_files()
            .project(Project::standard())
            .listen(listen)
            .on_message(move |message| {
                let line = match message.address.as_str() {
                    "/voyage/line" => message.arguments.get(1),
                    "/poetry/grid/lines" => message.arguments.get(2),
                    _ => None,
                };
                if let Some(Argument::Text(line)) = line {
                    heard.lock().unwrap().push(line.clone());
                }
            })
            .start()
            .unwrap();
        runtime.wait_until_started();
        let address = runtime.osc_address().unwrap();
        Self { runtime: Some(runtime), address, lines }
    }

    fn runtime(&self) -> &Runtime {
        self.runtime.as_ref().unwrap()
    }

    /// The words of four letters and more that it has said.
    fn words(&self) -> HashSet<String> {
        self.lines.lock().unwrap().iter().flat_map(|line| words(line)).collect()
    }

    /// Ends it, and begins anew at the same port.
    fn start_anew(&mut self) {
        drop(self.runtime.take());
        std::thread::sleep(Duration::from_secs(3));
        *self = Self::start_at(self.address.port());
    }
}

/// A sketch in its window. It ends with its test.
struct Sketch {
    child: Child,
    folder: PathBuf,
    name: &'static str,
}

impl Sketch {
    fn start(program: &str, name: &'static str, at: SocketAddr, size: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("enjamb-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&folder);
        let child = Command::new(program)
            .args(["--at", &at.to_string(), "--size", size, "--frames"])
            .arg(&folder)
            .stdout(Stdio::null())
            .env("RUST_LOG", "error")
            .spawn()
            .unwrap();
        Self { child, folder, name }
    }

    /// The newest frame that is whole, and its number.
    fn newest(&self) -> Option<(String, RgbImage)> {
        let mut names: Vec<PathBuf> =
            fs::read_dir(&self.folder).ok()?.map(|entry| entry.unwrap().path()).collect();
        names.sort();
        names.iter().rev().take(2).find_map(|path| {
            let name = path.file_name()?.to_str()?.to_string();
            Some((name, image::open(path).ok()?.to_rgb8()))
        })
    }

    /// The next frame after this moment.
    fn next(&mut self) -> RgbImage {
        let before = self.newest().map(|(name, _)| name);
        let start = Instant::now();
        loop {
            // The frame that was being written may be of before.
            match (self.newest(), &before) {
                (Some((name, frame)), before) if before.as_ref() != Some(&name) => return frame,
                _ => {}
            }
            let ended = self.child.try_wait().unwrap();
            assert!(ended.is_none(), "{} has ended: {ended:?}", self.name);
            assert!(start.elapsed() < PATIENCE, "{} shows no new frame", self.name);
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    /// The first frame that is as it should be.
    fn wait_for(&mut self, what: &str, mut is_so: impl FnMut(&RgbImage) -> bool) -> RgbImage {
        let start = Instant::now();
        loop {
            let frame = self.next();
            if is_so(&frame) {
                return frame;
            }
            if start.elapsed() > PATIENCE {
                let kept = std::env::temp_dir().join(format!("enjamb-{}-failed.png", self.name));
                frame.save(&kept).unwrap();
                panic!("{} never showed {what}; its last frame is {}", self.name, kept.display());
            }
        }
    }

    /// Presses a key in its window.
    fn press(&self, key: &str) {
        self.hand(&["key", key]);
    }

    /// Types a line at the foot of its window, as one does after `/`.
    fn write(&self, line: &str) {
        self.hand(&["type", "--delay", "60", &format!("/{line}")]);
    }

    /// Moves the mouse to a place in its window, and does something there.
    fn mouse(&self, [x, y]: [u32; 2], does: &[&str]) {
        let (x, y) = (x.to_string(), y.to_string());
        self.hand(&[&["mousemove", "--sync", "--window", "%1", &x, &y], does].concat());
    }

    /// Drags what is at a place to the right, slowly enough for a window of few frames a second.
    fn drag(&self, from: [u32; 2], right: u32) {
        let moves = |x: u32| {
            ["sleep", "1", "mousemove_relative", "--sync", &x.to_string(), "0"].map(str::to_string)
        };
        let mut does = vec!["sleep".to_string(), "1".into(), "mousedown".into(), "1".into()];
        does.extend(moves(right / 2));
        does.extend(moves(right - right / 2));
        does.extend(["sleep", "1", "mouseup", "1"].map(str::to_string));
        self.mouse(from, &does.iter().map(String::as_str).collect::<Vec<_>>());
    }

    /// What one does with keys and mouse, as xdotool says it.
    fn hand(&self, does: &[&str]) {
        let title = self.name.replace('_', " ");
        let done = Command::new("xdotool")
            .args(["search", "--sync", "--onlyvisible", "--name", &format!("^{title}$")])
            .args(["windowfocus", "--sync"])
            .args(does)
            .status()
            .unwrap();
        assert!(done.success());
    }
}

impl Drop for Sketch {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// Words of four letters and more, in small letters.
fn words(text: &str) -> Vec<String> {
    let words = text.split(|c: char| !c.is_alphabetic());
    words.filter(|word| word.chars().count() >= 4).map(str::to_lowercase).collect()
}

/// What a reader can read in a frame whose type is large.
fn read(frame: &RgbImage) -> HashSet<String> {
    // Readers are used to black on white.
    let mut gray: GrayImage = DynamicImage::ImageRgb8(frame.clone()).to_luma8();
    gray.pixels_mut().for_each(|pixel| pixel.0[0] = 255 - pixel.0[0].saturating_mul(2));
    let path = std::env::temp_dir().join(format!("enjamb-read-{}.png", std::process::id()));
    gray.save(&path).unwrap();
    // One thread, and no second look at white on black, or it takes half a minute.
    let output = Command::new("tesseract")
        .arg(&path)
        .args(["stdout", "--psm", "11", "-l", "eng", "-c", "tessedit_do_invert=0"])
        .env("OMP_THREAD_LIMIT", "1")
        .output()
        .unwrap();
    fs::remove_file(&path).unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    words(&String::from_utf8_lossy(&output.stdout)).into_iter().collect()
}

/// What a reader can read in the middle of a frame whose type is small.
fn read_small(frame: &RgbImage) -> HashSet<String> {
    let (width, height) = frame.dimensions();
    let (w, h) = (width.min(660), height.min(360));
    let middle = imageops::crop_imm(frame, (width - w) / 2, (height - h) / 2, w, h).to_image();
    read(&imageops::resize(&middle, w * 2, h * 2, FilterType::CatmullRom))
}

/// The lowest rows of a frame.
fn foot(frame: &RgbImage, height: u32) -> RgbImage {
    let (width, all) = frame.dimensions();
    imageops::crop_imm(frame, 0, all - height, width, height).to_image()
}

fn is_drawn(pixel: &Rgb<u8>) -> bool {
    pixel.0.iter().any(|channel| *channel > 90)
}

/// How many pixels are so bright that something is drawn there.
fn n_drawn(frame: &RgbImage) -> usize {
    frame.pixels().filter(|pixel| is_drawn(pixel)).count()
}

/// Whether one channel is more than so much above another.
fn exceeds(one: u8, other: u8, by: u8) -> bool {
    one > other.saturating_add(by)
}

/// How many pixels have the colour of what is said now.
fn n_amber(frame: &RgbImage) -> usize {
    let is_amber = |pixel: &&Rgb<u8>| pixel.0[0] > 150 && exceeds(pixel.0[0], pixel.0[2], 50);
    frame.pixels().filter(is_amber).count()
}

/// How many pixels have the colour of what was found.
fn n_found(frame: &RgbImage) -> usize {
    let is_found = |pixel: &&Rgb<u8>| pixel.0[2] > 100 && exceeds(pixel.0[2], pixel.0[0], 25);
    frame.pixels().filter(is_found).count()
}

/// How many pixels differ between two frames.
fn n_changed(a: &RgbImage, b: &RgbImage) -> usize {
    assert_eq!(a.dimensions(), b.dimensions());
    let differs =
        |(a, b): (&Rgb<u8>, &Rgb<u8>)| a.0.iter().zip(&b.0).any(|(a, b)| a.abs_diff(*b) > 40);
    a.pixels().zip(b.pixels()).filter(|pair| differs(*pair)).count()
}

/// How much of what is drawn in one frame is drawn in another, so many pixels to the right.
fn overlap(a: &RgbImage, b: &RgbImage, right: u32) -> f64 {
    let (mut n, mut n_both) = (0, 0);
    for (x, y, pixel) in a.enumerate_pixels().filter(|(x, ..)| x + right < a.width()) {
        if is_drawn(pixel) {
            n += 1;
            n_both += usize::from(is_drawn(b.get_pixel(x + right, y)));
        }
    }
    n_both as f64 / f64::from(n.max(1))
}

#[test]
fn walk_sets_lines_and_finds_the_runtime_again() {
    let mut said = ChainEvent::start();
    let program = env!("CARGO_BIN_EXE_walk");
    let mut sketch = Sketch::start(program, "walk", said.address, "1280x720");
    let mut last = sketch.wait_for("words that were said", |frame| {
        read(frame).intersection(&said.words()).count() >= 5
    });
    sketch.wait_for("a vector that moves", |frame| {
        let n = n_changed(&foot(&last, 140), &foot(frame, 140));
        last = frame.clone();
        n > 60
    });
    sketch.press("h");
    sketch.wait_for("its keys", |frame| {
        let read = read(frame);
        ["stand", "still", "faster", "screen"].iter().filter(|word| read.contains(**word)).count()
            >= 3
    });
    sketch.press("h");
    said.start_anew();
    // Nobody but the sketch sets the new voyage out.
    sketch.wait_for("words of the new runtime", |frame| {
        let said = said.words();
        said.len() >= 5 && read(frame).intersection(&said).count() >= 5
    });
    // Any window has its type.
    for size in [[600, 1000], [1800, 400]] {
        sketch.hand(&["windowsize", &size[0].to_string(), &size[1].to_string()]);
        sketch.wait_for("words in another window", |frame| {
            frame.dimensions() == (size[0], size[1])
                && read(frame).intersection(&said.words()).count() >= 4
        });
    }
}

#[test]
fn sentence_space_drifts_and_has_a_thread_of_light() {
    let said = ChainEvent::start();
    let program = env!("CARGO_BIN_EXE_sentence_space");
    let mut sketch = Sketch::start(program, "sentence_space", said.address, "1280x720");
    sketch.wait_for("points and excerpts", |frame| {
        n_drawn(frame) > 3000 && read_small(frame).len() > 8
    });
    sketch.wait_for("a thread of light", |frame| n_amber(frame) > 400);
    sketch.wait_for("the line that is read", |frame| {
        // Lines are larger than excerpts, and alone of their colour.
        let mut lines = frame.clone();
        let is_other = |pixel: &Rgb<u8>| pixel.0[0] < 110 || !exceeds(pixel.0[0], pixel.0[2], 39);
        lines.pixels_mut().filter(|pixel| is_other(pixel)).for_each(|pixel| pixel.0 = [0; 3]);
        read(&lines).intersection(&said.words()).count() >= 2
    });
    // Stopped otherwise, it would set out again whenever the sketch has lost the runtime and found it.
    sketch.press("space");
    let mut last = sketch.next();
    let mut changed = |frame: &RgbImage| {
        let n = n_changed(&last, frame);
        last = frame.clone();
        n
    };
    let still = sketch.wait_for("stillness", |frame| changed(frame) < 60);
    std::thread::scope(|scope| {
        let inputs = Values::new().with("seed", 7).with("pace", 100);
        scope.spawn(|| said.runtime().run("map", "project", inputs).unwrap());
        sketch.wait_for("points that move", |frame| changed(frame) > 2000);
    });
    let rest = sketch.wait_for("points that have come to rest", |frame| {
        changed(frame) < 60 && n_drawn(frame) > 3000
    });
    assert!(n_changed(&still, &rest) > 2000);
    sketch.write("night");
    sketch.wait_for("what was typed, and what was found", |frame| {
        read(&foot(frame, 64)).contains("night") && n_found(frame) > 600
    });
    sketch.press("Return");
    sketch.wait_for("what was found, from near", |frame| {
        n_changed(&rest, frame) > 6000 && n_found(frame) > 300
    });
    sketch.press("Escape");
    sketch.wait_for("nothing that was found", |frame| n_found(frame) < 60);
    sketch.press("0");
    // Other excerpts may stand there than before, but the points are the same.
    sketch.press("t");
    sketch.wait_for("all of it again", |frame| overlap(frame, &rest, 0) > 0.7);
    let before = sketch.next();
    sketch.drag([500, 300], 120);
    sketch.wait_for("what was dragged", |frame| {
        overlap(&before, frame, 120) > 0.5 && overlap(&before, frame, 0) < 0.4
    });
}

#[test]
fn vector_grid_has_lines_in_its_cells() {
    let mut said = ChainEvent::start();
    let program = env!("CARGO_BIN_EXE_vector_grid");
    let mut sketch = Sketch::start(program, "vector_grid", said.address, "1280x720");
    let n_words =
        |frame: &RgbImage, said: &ChainEvent| read_small(frame).intersection(&said.words()).count();
    let lines = sketch.wait_for("lines", |frame| n_words(frame, &said) >= 6);
    sketch.drag([640, 360], 218);
    sketch.wait_for("what was dragged", |frame| {
        overlap(&lines, frame, 218) > 0.5 && overlap(&lines, frame, 0) < 0.4
    });
    assert_eq!(n_amber(&sketch.next()), 0, "a drag is no click");
    sketch.mouse([420, 360], &["click", "1"]);
    sketch.wait_for("a pin", |frame| n_amber(frame) > 60);
    sketch.mouse([860, 200], &["click", "1"]);
    sketch.press("Return");
    let mut last = sketch.next();
    sketch.wait_for("a walk from pin to pin", |frame| {
        let n = n_changed(&last, frame);
        last = frame.clone();
        n > 300 && n_amber(frame) > 300
    });
    sketch.press("c");
    sketch.wait_for("no pin", |frame| n_amber(frame) == 0);
    said.start_anew();
    // What it asks for from now on, the new runtime answers. From near, lines share words.
    sketch.mouse([640, 360], &["click", "--repeat", "4", "--delay", "60", "4"]);
    sketch.wait_for("other lines between these lines", |frame| {
        overlap(&last, frame, 0) < 0.6 && n_words(frame, &said) >= 2
    });
    let last = sketch.next();
    sketch.press("a");
    sketch.wait_for("other lines on another plane", |frame| {
        n_changed(&last, frame) > 4000 && n_words(frame, &said) >= 2
    });
}

#[test]
fn inside_needs_nothing_beside_it() {
    // Nothing listens there.
    let nowhere = SocketAddr::from(([127, 0, 0, 1], 9));
    let program = env!("CARGO_BIN_EXE_inside");
    let mut sketch = Sketch::start(program, "inside", nowhere, "1280x720");
    let known = fs::read_to_string(Path::new("../models/poetry/words.txt")).unwrap();
    let known: HashSet<String> = words(&known).into_iter().collect();
    let first = sketch.wait_for("verse", |frame| read(frame).intersection(&known).count() >= 4);
    sketch.wait_for("a wheel that turns", |frame| n_changed(&first, frame) > 2000);
    sketch.write("night and stars");
    sketch.wait_for("what was typed", |frame| {
        let read = read(&foot(frame, 64));
        read.contains("night") && read.contains("stars")
    });
    sketch.press("Return");
    sketch.wait_for("the wheel again", |frame| !read(&foot(frame, 64)).contains("stars"));
}
