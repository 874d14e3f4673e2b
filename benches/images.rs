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
use enjamb::signature::{Command, Manifest, Values, image, number, segmentation};
use enjamb::value::{Image, Palette, Segmentation, Value};
use enjamb::{DataType, Runtime};
use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

const CLASSES: [&str; 8] = ["void", "sky", "sea", "sand", "rock", "tree", "bird", "moon"];
const SEGMENTATION: u32 = 1024;
const IMAGE: u32 = 512;

fn main() {
    let runtime = Runtime::builder()
        .project(Project::parse("").expect("an empty project is sound"))
        .without_network()
        .model(|| Painter)
        .start()
        .expect("a runtime without network starts");
    runtime.wait_until_started();
    let own = average(200, || {
        black_box(Painter.paint());
    });
    println!("the models' own time: a segmentation {}", Milliseconds(own));
    let published = average(200, || {
        black_box(ask(&runtime, "segment", Values::new()));
    });
    println!(
        "published, {SEGMENTATION} x {SEGMENTATION}, read by nobody: {}, {} beyond the model's own",
        Milliseconds(published),
        Milliseconds(published.saturating_sub(own)),
    );
    let read = average(10, || {
        black_box(ask(&runtime, "segment", Values::new()).to_json());
    });
    println!("published and read as JSON: {}", Milliseconds(read));
    let outputs = ask(&runtime, "segment", Values::new());
    outputs.to_json();
    let again = average(50, || {
        black_box(outputs.to_json());
    });
    println!("read once more: {}", Milliseconds(again));
    let given = noise();
    let own = average(200, || {
        black_box(invert(&given));
    });
    let step = chain_step(&runtime);
    println!(
        "two models that invert, {IMAGE} x {IMAGE}, in a chain: {} a step, {} beyond the models' own",
        Milliseconds(step),
        Milliseconds(step.saturating_sub(own * 2)),
    );
}

struct Milliseconds(Duration);

impl std::fmt::Display for Milliseconds {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:.3} ms", self.0.as_secs_f64() * 1e3)
    }
}

fn average(n: u32, mut run: impl FnMut()) -> Duration {
    run();
    let began = Instant::now();
    (0..n).for_each(|_| run());
    began.elapsed() / n
}

/// Makes a segmentation of stripes, and inverts images.
struct Painter;

impl Painter {
    fn paint(&self) -> Segmentation {
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
            .command(Command::new("size", "").input("in", picture(), "").output(
                "out",
                number(),
                "",
            ))
    }

    fn run(&mut self, command: &str, inputs: &Values, _: &mut Run) -> Result<Values, Error> {
        match (command, inputs.get("in")) {
            ("segment", _) => Ok(Values::new().with("out", self.paint())),
            ("invert", Some(Value::Image(image))) => Ok(Values::new().with("out", invert(image))),
            (_, Some(Value::Image(image))) => Ok(Values::new().with("out", image.size().0 as f64)),
            (_, other) => Err(Error::failed(format!("expected an image, got {other:?}"))),
        }
    }
}

fn noise() -> Image {
    let data: Vec<u8> = (0..IMAGE * IMAGE * 3).map(|n| (n * 31 / 7) as u8).collect();
    Image::from_pixels(IMAGE, IMAGE, 3, data).expect("as many bytes as pixels")
}

fn invert(image: &Image) -> Image {
    let pixels = image.pixels().expect("it has pixels");
    let data: Arc<[u8]> = pixels.data().iter().map(|byte| 255 - byte).collect();
    Image::from_pixels(IMAGE, IMAGE, 3, data).expect("as many bytes as pixels")
}

/// Runs a command as HTTP does, and waits for its outputs.
fn ask(runtime: &Runtime, command: &str, inputs: Values) -> Arc<Values> {
    let (done, answer) = channel::bounded(1);
    let request = Request::new(move |event| {
        if let RunEvent::Done { outputs, .. } = event {
            let _ = done.send(outputs);
        }
    });
    runtime.host().submit(Peer::Local, "painter", command, inputs, request).expect("it is let in");
    answer.recv().expect("an answer")
}

/// Two nodes in a loop that feeds itself; its outlet says how wide the image is, once a step.
fn chain_step(runtime: &Runtime) -> Duration {
    const N: u32 = 500;
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
    let (began, first) = (Instant::now(), chain.step());
    while chain.step() < first + u64::from(N) {
        std::thread::sleep(Duration::from_millis(1));
    }
    let took = began.elapsed();
    let n_steps = (chain.step() - first) as u32;
    runtime.host().chains().remove("loop");
    took / n_steps
}
