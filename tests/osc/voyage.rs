//! The voyage as patches see it, with a small verse model in the place of the large one.

use super::common::*;
use super::streams::{receive_frame, send_frame, websocket};
use enjamb::model::{Error, Model, Run};
use enjamb::signature::{Command, Manifest, Values, number, text, vector};
use enjamb::{Project, Runtime};
use rosc::{OscMessage, OscType};
use serde_json::json;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

/// What the tests set about the model while it runs.
#[derive(Default)]
struct Nature {
    /// How long a line takes.
    milliseconds: AtomicU64,
    /// Whether it fails.
    is_ill: AtomicU64,
    n_runs: AtomicU64,
}

/// A model with the two commands that the voyage needs: its lines tell the place that they were
/// read at, and a line "at N" lies where every number is N.
struct Verse(Arc<Nature>);

impl Model for Verse {
    fn manifest(&self) -> Manifest {
        let temperature = number().min(0.05).max(2.0).step(0.05).default(0.5);
        Manifest::new("verse", "Says where it is.")
            .command(
                Command::new("generate", "Reads a line.")
                    .input("z", vector(64), "A place.")
                    .input("temperature", temperature, "How freely.")
                    .output("out", text(), "The line."),
            )
            .command(
                Command::new("encode", "Finds a line.")
                    .input("text", text().min(1.0), "The line.")
                    .output("z", vector(64), "A sample.")
                    .output("mean", vector(64), "Where it lies.")
                    .output("log_variance", vector(64), "How surely."),
            )
    }

    fn run(&mut self, command: &str, inputs: &Values, _: &mut Run) -> Result<Values, Error> {
        self.0.n_runs.fetch_add(1, Relaxed);
        if self.0.is_ill.load(Relaxed) > 0 {
            return Err("the poet is ill".into());
        }
        std::thread::sleep(Duration::from_millis(self.0.milliseconds.load(Relaxed)));
        if command == "generate" {
            let (z, heat) = (inputs.vector("z"), inputs.number("temperature"));
            return Ok(Values::new().with("out", format!("{:?} {heat}", &z[..3])));
        }
        let number = inputs.text("text").strip_prefix("at ").and_then(|n| n.parse::<f32>().ok());
        let place = vec![number.ok_or("expected a line such as 'at 0.5'")?; 64];
        Ok(Values::new()
            .with("z", place.clone())
            .with("mean", place)
            .with("log_variance", vec![0.0; 64]))
    }
}

/// A voyage, with more lines of its table, more values of its walk, and more tables.
fn voyage(chain: &str, walk: &str, more: &str) -> String {
    format!(
        "[chains.voyage]\nwires = [\"walk.z -> verse.z\"]\n{chain}\n[chains.voyage.nodes]\n\
         walk = {{ run = \"walk\", updates = 60, set = {{ encoder = \"verse\", {walk} }} }}\n\
         verse = {{ run = \"verse/generate\", set = {{ temperature = 0.5 }} }}\n[chains.voyage.outlets]\n\
         line = \"verse.out\"\nz = {{ from = \"walk.z\", on_request = true }}\n{more}"
    )
}

fn sail(project: &str) -> (Runtime, Arc<Nature>) {
    let nature = Arc::new(Nature::default());
    let own = Arc::clone(&nature);
    let runtime = builder(project, listen())
        .model(move || Verse(Arc::clone(&own)))
        .start()
        .expect("the runtime starts");
    runtime.wait_until_started();
    (runtime, nature)
}

fn floats(args: &[OscType]) -> Vec<f32> {
    args.iter().filter_map(|arg| arg.clone().float()).collect()
}

/// A place that was sent: its step and its numbers.
fn place(message: &OscMessage) -> (i32, Vec<f32>) {
    assert_eq!(message.addr, "/voyage/z");
    let z = floats(&message.args);
    assert_eq!((z.len(), message.args.len()), (64, 65));
    (message.args[0].clone().int().expect("a step"), z)
}

fn apart(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).map(|(a, b)| (a - b) * (a - b)).sum::<f32>().sqrt()
}

/// How many messages come within a time.
fn count(peer: &Udp, within: Duration) -> usize {
    let (began, mut n) = (Instant::now(), 0);
    let mut buffer = [0; 65_536];
    while let Some(left) = within.checked_sub(began.elapsed()).filter(|left| !left.is_zero()) {
        peer.socket.set_read_timeout(Some(left)).unwrap();
        n += usize::from(peer.socket.recv_from(&mut buffer).is_ok());
    }
    peer.socket.set_read_timeout(Some(PATIENCE)).unwrap();
    n
}

#[test]
fn lines_come_from_start_to_stop_at_the_rate() {
    alone!();
    let (runtime, _) = sail(&voyage("", "", ""));
    let patch = Udp::to(&runtime);
    patch.send("/voyage/rate", vec![f(20.0)]);
    patch.send("/voyage/verse/temperature", vec![f(0.25)]);
    patch.send("/voyage/start", vec![]);
    let (mut steps, began) = (Vec::new(), Instant::now());
    for _ in 0..40 {
        let args = patch.expect("/voyage/line");
        let [OscType::Int(step), OscType::String(line)] = &args[..] else { panic!("{args:?}") };
        assert!(line.ends_with("] 0.25"), "{line}");
        steps.push(*step);
    }
    let seconds = began.elapsed().as_secs_f64();
    assert!((1.7..3.5).contains(&seconds), "40 lines at 20 a second took {seconds} s");
    assert!(steps.is_sorted(), "{steps:?}");
    // A button that is let go does nothing; one that is pressed does.
    patch.send("/voyage/stop", vec![f(0.0)]);
    patch.expect("/voyage/line");
    patch.send("/voyage/stop", vec![f(1.0)]);
    patch.send("/ping", vec![]);
    while patch.next().addr != "/pong" {}
    // One may have been on its way.
    count(&patch, Duration::from_millis(100));
    assert_eq!(count(&patch, Duration::from_millis(500)), 0);
    // It goes on from there, for whoever starts it.
    let other = Udp::to(&runtime);
    other.send("/voyage/start", vec![]);
    other.expect("/voyage/line");
    // And stands again where it began.
    other.send("/voyage/stop", vec![]);
    other.send("/voyage/reset", vec![]);
    other.send("/voyage/step", vec![]);
    let first = loop {
        let args = other.expect("/voyage/line");
        if args[0] == i(0) {
            break args;
        }
    };
    other.send("/voyage/reset", vec![]);
    other.send("/voyage/step", vec![]);
    assert_eq!(other.expect("/voyage/line"), first);
}

#[test]
fn ticks_of_a_patch_drive_it() {
    together!();
    let (runtime, _) = sail(&voyage("", "", ""));
    let patch = Udp::to(&runtime);
    patch.send("/voyage/start", vec![]);
    patch.expect("/voyage/line");
    for _ in 0..20 {
        // Some steps of the walk, so that the next line is another.
        std::thread::sleep(Duration::from_millis(60));
        patch.send("/voyage/tick", vec![]);
        patch.expect("/voyage/line");
    }
    assert_eq!(count(&patch, Duration::from_millis(1500)), 0, "its own clock is silent");
    patch.send("/voyage/rate", vec![i(10)]);
    patch.expect("/voyage/line");
    patch.expect("/voyage/line");
}

#[test]
fn a_slow_model_reads_the_newest_place() {
    together!();
    let (runtime, nature) = sail(&voyage("", "speed = 20", ""));
    nature.milliseconds.store(300, Relaxed);
    let patch = Udp::to(&runtime);
    patch.send("/voyage/rate", vec![f(60.0)]);
    patch.send("/voyage/start", vec![]);
    let mut steps: Vec<i32> = Vec::new();
    for _ in 0..5 {
        steps.push(patch.expect("/voyage/line")[0].clone().int().unwrap());
        // Each was read at the place of the moment when the one before was done.
        assert!(runtime.engine().model("verse").unwrap().n_waiting() <= 1);
    }
    assert!(steps.windows(2).all(|pair| pair[1] - pair[0] >= 8), "{steps:?}");
    let n_runs = nature.n_runs.load(Relaxed);
    assert!((5..=7).contains(&n_runs), "{n_runs}");
}

#[test]
fn places_come_sixty_times_a_second_to_those_who_ask() {
    alone!();
    let (runtime, _) = sail(&voyage("", "", ""));
    let (patch, all, late) = (Udp::to(&runtime), Udp::to(&runtime), Udp::to(&runtime));
    all.send("/subscribe", vec![]);
    patch.send("/subscribe", vec![s("/voyage/z")]);
    patch.send("/voyage/start", vec![]);
    let mut places: Vec<(i32, Vec<f32>)> = Vec::new();
    let began = Instant::now();
    let modes = ["orbit", "line", "still", "wander", "line", "orbit"];
    patch.send("/voyage/walk/targets", vec![s("at 1"), s("at -0.5")]);
    let mut n_lines = 0;
    while began.elapsed() < Duration::from_secs(6) {
        let message = patch.next();
        match message.addr.as_str() {
            "/voyage/line" => n_lines += 1,
            _ => places.push(place(&message)),
        }
        let mode = modes[(began.elapsed().as_secs() as usize).min(5)];
        if places.len() % 60 == 30 {
            patch.send("/voyage/walk/mode", vec![s(mode)]);
        }
    }
    assert!((5..=8).contains(&n_lines), "{n_lines} lines");
    println!("{} places in 6 s", places.len());
    // One an update, and one a tick.
    assert!((300..=374).contains(&places.len()), "{} places in 6 s", places.len());
    for pair in places.windows(2) {
        assert!((0..=1).contains(&(pair[1].0 - pair[0].0)), "ticks are counted");
        let way = apart(&pair[0].1, &pair[1].1);
        assert!(way <= 2.0 / 60.0 + 1e-4, "{way} between two updates");
    }
    // Whoever asked for everything gets lines, and not this flood.
    for _ in 0..n_lines {
        all.expect("/voyage/line");
    }
    // Who comes late gets both from then on, on a WebSocket as well, and by LISTEN.
    late.send("/subscribe", vec![s("/voyage/*")]);
    let heard: Vec<String> = (0..200).map(|_| late.next().addr).collect();
    assert!(heard.iter().any(|addr| addr == "/voyage/line"));
    assert!(heard.iter().filter(|addr| *addr == "/voyage/z").count() > 180);
    let mut page = websocket(&runtime);
    let listen = json!({ "COMMAND": "LISTEN", "DATA": "/voyage/z" }).to_string();
    page.send(tungstenite::Message::Text(listen.into())).unwrap();
    let (first, _) = place(&receive_frame(&mut page));
    assert!(place(&receive_frame(&mut page)).0 >= first);
    send_frame(&mut page, &message("/voyage/walk/speed", vec![f(3.5)]));
}

#[test]
fn destinations_get_lines_and_places_only_by_name() {
    together!();
    let (plain, named) = (Udp::ear(), Udp::ear());
    let send = format!(
        "[[send]]\nto = \"127.0.0.1:{}\"\n\
         [[send]]\nto = \"127.0.0.1:{}\"\nonly = [\"/voyage/z\"]\n",
        plain.port(),
        named.port()
    );
    let (_runtime, _) = sail(&voyage("start = true\nrate = 20", "", &send));
    for _ in 0..10 {
        plain.expect("/voyage/line");
        place(&named.next());
    }
}

#[test]
fn it_travels_to_where_a_line_lies() {
    together!();
    let (runtime, _) = sail(&voyage("", "mode = \"still\", speed = 40", ""));
    let patch = Udp::to(&runtime);
    patch.send("/voyage/rate", vec![f(0.0)]);
    patch.send("/subscribe", vec![s("/voyage/z")]);
    patch.send("/voyage/walk/to", vec![s("at 0.25")]);
    patch.send("/voyage/start", vec![]);
    let (began, there) = (Instant::now(), [0.25; 64]);
    while apart(&place(&patch.next()).1, &there) > 1e-5 {
        assert!(began.elapsed() < PATIENCE, "it never arrives");
    }
    // What the model can't find is told to whoever asked.
    patch.send("/unsubscribe", vec![]);
    count(&patch, Duration::from_millis(100));
    patch.send("/voyage/walk/to", vec![s("nowhere")]);
    patch.expect_error("/voyage/walk/to/error", "no way to the line 'nowhere': expected a line");
}

#[test]
fn what_does_not_fit_is_answered_in_plain_words() {
    together!();
    let (runtime, _) = sail(&voyage("", "", ""));
    let patch = Udp::to(&runtime);
    let cases = [
        ("/voyage/walk/mode", vec![s("fly")], "expected one of wander, orbit, line, still"),
        ("/voyage/walk/speed", vec![f(-1.0)], "expected a number in 0..50"),
        ("/voyage/walk/speed", vec![s("fast")], "expected a number in 0..50, got the text"),
        ("/voyage/rate", vec![], "expected a number in 0..1000, got no argument"),
        ("/voyage/start", vec![s("now")], "expected no argument, got the text 'now'"),
        ("/voyage/walk/to", vec![s("")], "expected at least 1 character"),
        ("/voyage/walk/mode/x", vec![s("y")], "voyage has no 'walk/mode/x', only start, stop"),
        ("/voyage", vec![], "voyage has no ''"),
        ("/nobody/home", vec![], "only echo, count, fragile, verse, voyage"),
    ];
    for (address, args, words) in cases {
        patch.send(address, args);
        patch.expect_error(&format!("{address}/error"), words);
    }
    // A mode that needs something says so, to whoever set it.
    patch.send("/voyage/walk/mode", vec![s("line")]);
    patch.expect_error("/voyage/walk/mode/error", "needs targets");
    // Patterns lead to chains as well.
    patch.send("/*/step", vec![]);
    // Whoever drives the chain hears its errors, and the last one may still have been on its way.
    let first = patch.next();
    let line = if first.addr == "/voyage/error" { patch.next() } else { first };
    assert_eq!(line.addr, "/voyage/line");
}

#[test]
fn a_model_that_fails_is_told_and_asked_again() {
    together!();
    let (runtime, nature) = sail(&voyage("rate = 20", "", ""));
    let patch = Udp::to(&runtime);
    nature.is_ill.store(1, Relaxed);
    patch.send("/voyage/start", vec![]);
    patch.expect_error("/voyage/error", "the poet is ill");
    assert_eq!(count(&patch, Duration::from_millis(300)), 0, "the same words are told once");
    nature.is_ill.store(0, Relaxed);
    patch.expect("/voyage/line");
    let notice =
        std::iter::repeat_with(|| patch.next()).find(|message| message.addr != "/voyage/line");
    assert_eq!(notice.unwrap().addr, "/voyage/notice");
    // When its model is taken off it says what to do, and goes on when there is one again.
    runtime.engine().unhost("verse");
    let error =
        std::iter::repeat_with(|| patch.next()).find(|message| message.addr != "/voyage/line");
    assert_eq!(error.unwrap().addr, "/voyage/error");
    // A chain whose model is not there at all is refused before it runs.
    let project = "[chains.drift.nodes]\na = { run = \"none/sing\" }\n";
    let words = builder(project, listen()).start().err().unwrap().to_string();
    assert_eq!(words, "drift: a: there is no model 'none' here: name one in the project file");
}

#[test]
fn it_is_driven_over_http_and_described() {
    together!();
    let (runtime, _) = sail(&voyage("", "seed = 5", ""));
    let to = http_address(&runtime);
    let chains = get(to, "/chains").json();
    assert_eq!(chains[0]["name"], "voyage");
    assert_eq!((&chains[0]["running"], &chains[0]["step"]), (&json!(false), &json!(0)));
    assert_eq!(chains[0]["wires"], json!([{ "from": "walk.z", "to": "verse.z" }]));
    assert_eq!(chains[0]["nodes"][1]["run"], "verse/generate");
    let changed = post(to, "/chains/voyage/walk/speed", r#"{"speed":1.5}"#);
    assert_eq!(changed.status, 200);
    let inputs = changed.json()["inputs"].clone();
    let speed = inputs.as_array().unwrap().iter().find(|input| input["path"] == "walk/speed");
    assert_eq!(speed.unwrap()["value"], 1.5);
    assert_eq!(post(to, "/chains/voyage/start", "").json()["running"], true);
    wait_until("a line is there", || {
        get(to, "/chains/voyage").json()["outputs"][0]["value"].is_string()
    });
    assert_eq!(post(to, "/chains/voyage/stop", "{}").json()["running"], false);
    let refused = |path: &str, body: &str, status: u16, words: &str| {
        let answer = post(to, path, body);
        let said = answer.json()["error"].as_str().unwrap_or("").to_string();
        assert!(answer.status == status && said.contains(words), "{path} {body}: {answer:?}");
    };
    refused("/chains/nobody/start", "", 404, "only voyage");
    refused("/chains/voyage/fly", "", 404, "voyage has no 'fly', only start");
    refused("/chains/voyage/rate", "", 400, "rate is missing: expected a number in 0..1000");
    refused("/chains/voyage/rate", r#"{"rate":-1}"#, 400, "rate: expected a number");
    refused("/chains/voyage/start", r#"{"now":1}"#, 400, "unknown input 'now'");
    // OSCQuery.
    let tree = get(to, "/osc/voyage").json();
    let node = &tree["CONTENTS"]["walk"]["CONTENTS"]["mode"];
    assert_eq!(
        (&node["TYPE"], &node["ACCESS"], &node["VALUE"]),
        (&json!("s"), &json!(3), &json!(["wander"]))
    );
    assert_eq!(node["RANGE"][0]["VALS"], json!(["wander", "orbit", "line", "still"]));
    assert!(node["DESCRIPTION"].as_str().unwrap().contains("a closed loop"));
    assert_eq!(tree["CONTENTS"]["walk"]["CONTENTS"]["seed"]["VALUE"], json!([5]));
    assert_eq!(tree["CONTENTS"]["line"]["TYPE"], "is");
    assert_eq!(tree["CONTENTS"]["line"]["VALUE"].as_array().unwrap().len(), 2);
    assert_eq!(tree["CONTENTS"]["z"]["TYPE"].as_str().unwrap().len(), 65);
    assert_eq!(tree["CONTENTS"]["z"]["VALUE"].as_array().unwrap().len(), 65);
    assert_eq!(tree["CONTENTS"]["start"]["ACCESS"], 2);
}

#[test]
fn a_saved_project_changes_the_voyage_without_a_jump() {
    together!();
    let chain = |walk: &str| {
        Project::parse(&format!("send = []\n{}", voyage("rate = 20", walk, ""))).unwrap()
    };
    let (runtime, _) = sail(&voyage("rate = 20", "", ""));
    let patch = Udp::to(&runtime);
    patch.send("/subscribe", vec![s("/voyage/z")]);
    patch.send("/voyage/rate", vec![f(0.0)]);
    patch.send("/voyage/start", vec![]);
    let (_, z) = place(&patch.next());
    let began = Instant::now();
    let mut project = chain("speed = 4, mode = \"orbit\"");
    let done = runtime.apply(project.clone()).unwrap();
    assert!(done.contains(&"changed voyage".to_string()), "{done:?}");
    let (_, after) = place(&patch.next());
    assert!(apart(&z, &after) <= 4.0 * (began.elapsed().as_secs_f32() + 1.0 / 60.0));
    // What a patch has set stays, unless the file changes just that.
    let hosted = runtime.host().chains().find("voyage").unwrap();
    assert_eq!(hosted.input_value("rate").unwrap().as_number(), Some(0.0));
    assert_eq!(hosted.input_value("walk/speed").unwrap().as_number(), Some(4.0));
    assert_eq!(hosted.input_value("walk/mode").unwrap().as_text(), Some("orbit"));
    // The default again, when the file no longer says otherwise.
    runtime.apply(chain("")).unwrap();
    assert_eq!(hosted.input_value("walk/speed").unwrap().as_number(), Some(2.0));
    drop(hosted);
    project.chains.clear();
    runtime.apply(project).unwrap();
    patch.send("/unsubscribe", vec![]);
    count(&patch, Duration::from_millis(100));
    patch.send("/voyage/start", vec![]);
    patch.expect_error("/voyage/start/error", "there is no model or chain 'voyage'");
}
