//! Images: what it costs to publish a large segmentation that nobody reads, to read it, and a step of a
//! chain of two models that pass an image on.
//!
//! `cargo bench --bench images`

use crossbeam::channel;
use enjamb::chain::spec::{NodeSpec, OutletSpec, Pace, Spec};
use enjamb::engine::{Request, RunEvent};
use enjamb::host::Peer;
use enjamb::model::{Error, Model, Run};
use enjamb::project::Project;
use enjamb::signature::{Command, Manifest, Values, image, segmentation};
use enjamb::value::{Image, Palette, Segmentation, Value};
use enjamb::{DataType, Runtime};
use std::hint::black_box;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

const CLASSES: [&str; 8] = ["void", "sky", "sea", "sand", "rock", "tree", "bird", "moon"];
const SEGMENTATION: u32 = 1024;
const IMAGE: u32 = 512;
/// Runs that are asked for at once; the queue holds 64.
const BATCH: u32 = 32;

fn main() {
    let own = Arc::new(AtomicU64::new(0));
    let runtime = {
        let own = Arc::clone(&own);
        Runtime::builder()
            .with_shipped_files()
            .project(Project::parse("").expect("an empty project is sound"))
            .without_network()
            .model(move || Painter { own: Arc::clone(&own) })
            .start()
            .expect("a runtime without network starts")
    };
    runtime.wait_until_started();
    let mut of_model = Vec::new();
    // Many at a time, so that no thread is woken for each: that costs more than publishing.
    let published = median(30, || {
        own.store(0, Relaxed);
        let asked: Vec<_> =
            (0..BATCH).map(|_| submit(&runtime, "segment", Values::new())).collect();
        asked.into_iter().for_each(|answer| drop(black_box(answer.recv())));
        of_model.push(Duration::from_nanos(own.load(Relaxed)));
    });
    of_model.sort();
    let (published, of_model) = (published / BATCH, of_model[of_model.len() / 2] / BATCH);
    println!(
        "a segmentation of {SEGMENTATION} x {SEGMENTATION}, published and read by nobody: {}, of which \
         {} are the model's: {:.1} us beyond it",
        Milliseconds(published),
        Milliseconds(of_model),
        published.saturating_sub(of_model).as_secs_f64() * 1e6,
    );
    let read = median(20, || {
        black_box(ask(&runtime, "segment", Values::new()).to_json());
    });
    println!("published and read as JSON: {}", Milliseconds(read));
    let outputs = ask(&runtime, "segment", Values::new());
    outputs.to_json();
    let again = median(50, || {
        black_box(outputs.to_json());
    });
    println!("read once more: {}", Milliseconds(again));
    let (step, of_models) = chain_step(&runtime, &own);
    println!(
        "two models that invert {IMAGE} x {IMAGE} in a chain: {} a step, of which {} are the models'",
        Milliseconds(step),
        Milliseconds(of_models),
    );
}

struct Milliseconds(Duration);

impl std::fmt::Display for Milliseconds {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:.3} ms", self.0.as_secs_f64() * 1e3)
    }
}

/// The median of so many runs, after one to warm up.
fn median(n: usize, mut run: impl FnMut()) -> Duration {
    run();
    let mut took: Vec<Duration> = (0..n)
        .map(|_| {
            let began = Instant::now();
            run();
            began.elapsed()
        })
        .collect();
    took.sort();
    took[n / 2]
}

/// Makes a segmentation of stripes, and inverts images. It counts the nanoseconds that it takes itself.
struct Painter {
    own: Arc<AtomicU64>,
}

impl Painter {
    fn paint() -> Segmentation {
        let ids: Vec<u8> = (0..SEGMENTATION * SEGMENTATION).map(|n| (n / 999 % 8) as u8).collect();
        let palette = Arc::new(Palette::from_labels(CLASSES));
        Segmentation::new(SEGMENTATION, SEGMENTATION, ids, palette).expect("as many ids as pixels")
    }
}

impl Model for Painter {
    fn manifest(&self) -> Manifest {
        let picture = || -> DataType { image(3) };
        Manifest::new("painter", "")
            .command(Command::new("segment", "").output("out", segmentation(CLASSES), ""))
            .command(Command::new("invert", "").input("in", picture(), "").output(
                "out",
                picture(),
                "",
            ))
    }

    fn run(&mut self, command: &str, inputs: &Values, _: &mut Run) -> Result<Values, Error> {
        let began = Instant::now();
        let outputs = match (command, inputs.get("in")) {
            ("segment", _) => Values::new().with("out", Self::paint()),
            (_, Some(Value::Image(image))) => Values::new().with("out", invert(image)?),
            (_, other) => return Err(Error::failed(format!("expected an image, got {other:?}"))),
        };
        self.own.fetch_add(began.elapsed().as_nanos() as u64, Relaxed);
        Ok(outputs)
    }
}

fn noise() -> Image {
    let data: Vec<u8> = (0..IMAGE * IMAGE * 3).map(|n| (n * 31 / 7) as u8).collect();
    Image::from_pixels(IMAGE, IMAGE, 3, data).expect("as many bytes as pixels")
}

fn invert(image: &Image) -> Result<Image, Error> {
    let data: Arc<[u8]> = image.pixels()?.data().iter().map(|byte| 255 - byte).collect();
    Image::from_pixels(IMAGE, IMAGE, 3, data)
}

/// Runs a command as HTTP does, and waits for its outputs.
fn ask(runtime: &Runtime, command: &str, inputs: Values) -> Arc<Values> {
    submit(runtime, command, inputs).recv().expect("an answer")
}

fn submit(runtime: &Runtime, command: &str, inputs: Values) -> channel::Receiver<Arc<Values>> {
    let (done, answer) = channel::bounded(1);
    let request = Request::new(move |event| {
        if let RunEvent::Done { outputs, .. } = event {
            let _ = done.send(outputs);
        }
    });
    runtime.host().submit(Peer::Local, "painter", command, inputs, request).expect("it is let in");
    answer
}

/// A step of two nodes in a loop that feeds itself, and the models' own part in it.
fn chain_step(runtime: &Runtime, own: &AtomicU64) -> (Duration, Duration) {
    const N: u32 = 2000;
    let node = |name: &str, run: &str| NodeSpec {
        name: name.into(),
        run: run.into(),
        ..NodeSpec::default()
    };
    let mut wires: Vec<enjamb::chain::spec::WireSpec> =
        vec!["a.out -> b.in".parse().unwrap(), "b.out -> a.in".parse().unwrap()];
    wires[1].first = Some(Value::from(noise()).to_json());
    let outlet = OutletSpec {
        name: "out".into(),
        from: vec!["b.out".parse().unwrap()],
        address: None,
        on_request: false,
        has_step: true,
    };
    let spec = Spec {
        nodes: vec![node("a", "painter/invert"), node("b", "painter/invert")],
        wires,
        outlets: vec![outlet],
        pace: Pace::Free,
        starts: true,
        ..Spec::default()
    };
    let chain = runtime.host().host_chain("loop", &spec, 1).expect("a sound chain");
    while chain.step() < 10 {
        std::thread::yield_now();
    }
    own.store(0, Relaxed);
    let (began, first) = (Instant::now(), chain.step());
    while chain.step() < first + u64::from(N) {
        std::thread::sleep(Duration::from_millis(1));
    }
    let took = began.elapsed();
    let of_models = Duration::from_nanos(own.load(Relaxed));
    let n_steps = (chain.step() - first) as u32;
    runtime.host().chains().remove("loop");
    (took / n_steps, of_models / n_steps)
}
