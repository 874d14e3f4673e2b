//! The same comes out again, bit for bit, however quick the models are; and what can't be the same is
//! refused.

use super::common::*;
use enjamb::model::{Error, Model, Run};
use enjamb::recording::{Reader, RecordedEvent, Recorder, Summary};
use enjamb::replay::{Replay, Verdict};
use enjamb::runtime::{RuntimeBuilder, shipped_model_dirs};
use enjamb::signature::{Command, Manifest, Values, number, text, vector};
use enjamb::{Project, Runtime};
use rand::Rng;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// What the world does to the models, which no seed knows.
#[derive(Default)]
struct World {
    /// How long a run takes at least, and by chance up to twice as long.
    microseconds: AtomicU64,
    is_ill: AtomicBool,
    /// Says other words than it did.
    is_other: AtomicBool,
}

/// Says where it is, what it has learned, and a number by chance.
struct Poet {
    name: &'static str,
    world: Arc<World>,
    learned: Vec<String>,
}

impl Model for Poet {
    fn manifest(&self) -> Manifest {
        let heat = number().min(0.0).max(2.0).default(0.5);
        Manifest::new(self.name, "Says where it is.")
            .command(
                Command::new("generate", "Reads a line.")
                    .input("z", vector(64), "A place.")
                    .input("temperature", heat, "How freely.")
                    .output("out", text(), "The line."),
            )
            .command(
                Command::new("encode", "Finds a line.")
                    .input("text", text().min(1.0), "The line.")
                    .output("z", vector(64), "A sample.")
                    .output("mean", vector(64), "Where it lies.")
                    .output("log_variance", vector(64), "How surely."),
            )
            .command(
                Command::new("reply", "Answers.")
                    .input("text", text(), "What was said.")
                    .input("to", text().default("nobody"), "To whom.")
                    .output("out", text(), "What to say."),
            )
            .command(Command::new("learn", "Learns a word.").input("word", text(), "It.").output(
                "count",
                number(),
                "How many it knows.",
            ))
    }

    fn run(&mut self, command: &str, inputs: &Values, run: &mut Run) -> Result<Values, Error> {
        let least = self.world.microseconds.load(Relaxed);
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        let by_chance = u64::from(now.subsec_nanos() / 7) % (least + 1);
        std::thread::sleep(Duration::from_micros(least + by_chance));
        if self.world.is_ill.load(Relaxed) {
            return Err("the poet is ill".into());
        }
        let drawn: u32 = run.rng().random();
        let other = if self.world.is_other.load(Relaxed) { "other" } else { "" };
        let words = self.learned.join(" ");
        Ok(match command {
            "generate" => {
                let (z, heat) = (inputs.vector("z"), inputs.number("temperature"));
                Values::new().with("out", format!("{:?} {heat} {drawn} {words}{other}", &z[..2]))
            }
            "reply" => {
                let said: String = inputs.text("text").chars().take(40).collect();
                Values::new().with("out", format!("{drawn} {} {words} {said}", inputs.text("to")))
            }
            "learn" => {
                self.learned.push(inputs.text("word").into());
                Values::new().with("count", self.learned.len() as f64)
            }
            _ => {
                let place = vec![drawn as f32 / u32::MAX as f32; 64];
                Values::new()
                    .with("z", place.clone())
                    .with("mean", place)
                    .with("log_variance", vec![0.0; 64])
            }
        })
    }
}

/// Two chains, one of which is faster than its models, and one that feeds itself; both share them.
const PROJECT: &str = r#"
seed = 11
send = []

[models.average]
kind = "average"

[chains.voyage]
rate = 300
wires = [
    "walk.z -> poetry.z",
    "poetry.out -> answer.text",
    "say.value -> answer.to",
    "answer.out -> some.in",
]
[chains.voyage.nodes]
walk = { run = "walk", updates = 50, set = { encoder = "verse", speed = 3 } }
poetry = { run = "verse/generate" }
say = { run = "inlet", set = { type = "text" } }
answer = { run = "critic/reply" }
some = { run = "adapt/chance", set = { probability = 0.7 } }
[chains.voyage.outlets]
line = "poetry.out"
both = ["answer.out", "poetry.out"]
rare = "some.out"
z = { from = "walk.z", on_request = true }

[chains.loop]
rate = 120
start = true
wires = [{ wire = "judge.out -> judge.text", first = "a dove" }]
[chains.loop.nodes]
judge = { run = "critic/reply", takes = "every" }
[chains.loop.outlets]
word = "judge.out"
"#;

fn poets(builder: RuntimeBuilder, world: &Arc<World>) -> RuntimeBuilder {
    ["verse", "critic"].into_iter().fold(builder, |builder, name| {
        let world = Arc::clone(world);
        builder.model(move || Poet { name, world: Arc::clone(&world), learned: Vec::new() })
    })
}

fn new_file(name: &str) -> PathBuf {
    let path = std::env::temp_dir().join(format!("enjamb-{}-{name}.jsonl", std::process::id()));
    let _ = std::fs::remove_file(&path);
    path
}

/// Plays on a runtime while it is recorded. Answers how many values were passed over.
fn record(path: &Path) -> Summary {
    let world = Arc::new(World::default());
    world.microseconds.store(2000, Relaxed);
    let project = Project::parse(PROJECT).unwrap();
    let header = project.header(PROJECT, &shipped_model_dirs()).unwrap();
    let recorder = Recorder::start(path, &header).unwrap();
    let builder =
        Runtime::builder().with_shipped_files().project(project).listen(listen()).model(|| Count);
    let runtime = poets(builder, &world).record(recorder.sink()).start().unwrap();
    runtime.wait_until_started();
    let peer = Udp::to(&runtime);
    let pause = |millis| std::thread::sleep(Duration::from_millis(millis));
    peer.send("/subscribe", vec![s("/voyage/z")]);
    peer.send("/voyage/start", vec![]);
    pause(300);
    for n in 0..12 {
        peer.send("/verse/generate/temperature", vec![f(n as f32 / 10.0)]);
        peer.send("/voyage/say", vec![s(&format!("friend {n}"))]);
        peer.send("/voyage/walk/speed", vec![f(1.0 + n as f32)]);
        peer.send("/verse/encode", vec![s("a rose")]);
        peer.send("/voyage/walk/to", vec![s("a rose")]);
        peer.send("/count/chance", vec![]);
        pause(20 + 7 * n);
        peer.send("/critic/learn", vec![s(&format!("word{n}"))]);
        peer.send("/voyage/some/probability", vec![f(0.5)]);
        peer.send("/nothing/here", vec![i(1)]);
    }
    world.is_ill.store(true, Relaxed);
    let verse = runtime.engine().model("verse").unwrap();
    let n_failed = || verse.counters("generate").unwrap().failed.load(Relaxed);
    wait_until("some runs fail", || n_failed() > 5);
    world.is_ill.store(false, Relaxed);
    peer.send("/voyage/add", vec![s("again"), s("critic/reply"), s("{\"to\": \"all\"}")]);
    peer.send("/voyage/wire", vec![s("poetry.out -> again.text")]);
    peer.send("/voyage/outlet", vec![s("echo"), s("again.out")]);
    peer.send("/voyage/rate", vec![f(500.0)]);
    pause(300);
    peer.send("/loop/reset", vec![]);
    peer.send("/voyage/stop", vec![]);
    peer.send("/voyage/step", vec![]);
    pause(50);
    peer.send("/voyage/tick", vec![]);
    peer.send("/voyage/start", vec![]);
    peer.send("/voyage/tick", vec![]);
    peer.send("/voyage/tick", vec![]);
    pause(50);
    peer.send("/loop/free", vec![]);
    pause(200);
    let dropped: HashMap<String, u64> = {
        let chain = runtime.host().find_chain("voyage").unwrap();
        chain.counters().into_iter().map(|(name, counted)| (name, counted.dropped)).collect()
    };
    assert!(dropped["poetry"] > 20, "too few values are passed over: {dropped:?}");
    let now = runtime.engine().clock().now();
    drop(runtime);
    let summary = recorder.close(now).unwrap();
    assert_eq!(summary.n_lost, 0);
    assert_eq!(summary.n_bytes, std::fs::metadata(path).unwrap().len());
    summary
}

fn replay(path: &Path, world: World) -> Verdict {
    let builder = poets(Runtime::builder().with_shipped_files(), &Arc::new(world)).model(|| Count);
    Replay::open(path, builder).unwrap().play(true, |_| {}).unwrap()
}

fn slow(microseconds: u64) -> World {
    World { microseconds: AtomicU64::new(microseconds), ..World::default() }
}

#[test]
fn all_comes_out_again_however_quick_the_models_are() {
    let path = new_file("same");
    record(&path);
    let mut kinds: HashMap<String, u64> = HashMap::new();
    let (mut n_messages, mut n_failed) = (0, 0);
    let mut reader = Reader::open(&path).unwrap();
    while let Some(line) = reader.next_line().unwrap() {
        let json = serde_json::to_value(&line).unwrap();
        *kinds.entry(json["kind"].as_str().unwrap().into()).or_default() += 1;
        match line.event {
            RecordedEvent::Out { of, messages, .. } if of == "voyage" || of == "loop" => {
                n_messages += messages.len() as u64;
            }
            RecordedEvent::Answer { failed: Some(_), .. } => n_failed += 1,
            RecordedEvent::End { outputs: Some(_), .. } => n_messages += 1,
            _ => {}
        }
    }
    for kind in ["in", "trigger", "rate", "set", "change", "hold", "chain_run", "run", "end"] {
        assert!(kinds.contains_key(kind), "no {kind} in {kinds:?}");
    }
    assert!(n_failed > 5 && n_messages > 200, "{n_failed} {n_messages} {kinds:?}");
    // Slower than then, quicker than then, and quite unlike.
    for microseconds in [2000, 0, 7000] {
        let verdict = replay(&path, slow(microseconds));
        assert!(verdict.is_same() && !verdict.is_cut_off, "{verdict:#?}");
        assert_eq!(verdict.n_same, n_messages);
    }
    let verdict = replay(&path, World { is_other: AtomicBool::new(true), ..World::default() });
    let first = verdict.first.clone().unwrap();
    assert!(verdict.n_different > 20 && !verdict.is_same(), "{verdict:#?}");
    assert!(first.now.unwrap().replace("other", "") == first.then.unwrap(), "{verdict:#?}");
    std::fs::remove_file(&path).unwrap();
}

#[test]
fn what_is_cut_off_is_played_as_far_as_it_goes_and_what_is_other_is_refused() {
    let path = new_file("other");
    record(&path);
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, &text[..text.len() * 2 / 3]).unwrap();
    let verdict = replay(&path, slow(0));
    assert!(verdict.is_same() && verdict.is_cut_off && verdict.n_same > 50, "{verdict:#?}");
    let middle = text.len() / 2 + text[text.len() / 2..].find('\n').unwrap() + 1;
    let lost = "{\"t\":5,\"kind\":\"lost\",\"lines\":7}\n";
    std::fs::write(&path, format!("{}{lost}{}", &text[..middle], &text[middle..])).unwrap();
    let verdict = replay(&path, slow(0));
    assert!(verdict.n_lost == 7 && verdict.n_different == 0 && !verdict.is_same(), "{verdict:#?}");
    let (sum, n_header) = ("words.safetensors\":\"8bff", text.find('\n').unwrap());
    assert!(text[..n_header].contains(sum));
    for (from, to, expected) in [
        ("\"seed\":11", "\"seed\":12", "made with the seed 12, and the project in it says 11"),
        (sum, "words.safetensors\":\"8bfe", "average/words.safetensors is another than when"),
        ("average/words.", "average/wards.", "average/wards.safetensors, which was there"),
        ("enjamb_recording\":1", "enjamb_recording\":9", "format 9"),
        ("\"trigger\"", "\"trogger\"", "is damaged"),
        ("kind = \\\"average\\\"", "kind = \\\"haiku\\\"", "can't be read here"),
    ] {
        std::fs::write(&path, text.replacen(from, to, 1)).unwrap();
        let builder =
            poets(Runtime::builder().with_shipped_files(), &Arc::new(slow(0))).model(|| Count);
        let words = match Replay::open(&path, builder) {
            Ok(_) => panic!("played with {to}"),
            Err(words) => words,
        };
        assert!(words.message().contains(expected), "'{words}' lacks '{expected}'");
    }
    std::fs::remove_file(&path).unwrap();
}
