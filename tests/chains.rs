//! Chains from outside: the projects that ship do what their pages say, mistakes are refused in plain
//! words, a chain is rewired while it runs, and lives with models that break.

#![cfg(feature = "program")]

mod common;

use common::{PATIENCE, Udp, builder, f, i, listen, s, wait_until};
use enjamb::Runtime;
use enjamb::engine::HostSettings;
use enjamb::model::{Error, Factory, Model, Run};
use enjamb::project::{Project, SHIPPED};
use enjamb::signature::{Command, Manifest, Values, image, number};
use enjamb::value::{Image, Value};
use rosc::{OscMessage, OscType};
use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicU8, Ordering::Relaxed};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// A project that ships, on ports of its own.
fn shipped(name: &str) -> Runtime {
    let text = SHIPPED.iter().find(|(known, _)| *known == name).expect("it ships").1;
    // What it hosts is what its page says, without the small models of the other tests.
    let project = Project::parse(&format!("send = []\n{text}")).expect("what ships is sound");
    let runtime = Runtime::builder()
        .with_shipped_files()
        .project(project)
        .listen(listen())
        .start()
        .expect("it starts");
    runtime.wait_until_started();
    runtime
}

/// A patch that hears a chain.
fn listener(runtime: &Runtime, patterns: &[&str]) -> Udp {
    let patch = Udp::to(runtime);
    patterns.iter().for_each(|pattern| patch.send("/subscribe", vec![s(pattern)]));
    patch
}

/// The next message at an address; others are passed over.
#[track_caller]
fn next_at(patch: &Udp, address: &str) -> Vec<OscType> {
    let began = Instant::now();
    loop {
        let OscMessage { addr, args } = patch.next();
        if addr == address {
            return args;
        }
        assert!(began.elapsed() < PATIENCE, "nothing comes at {address}");
    }
}

#[track_caller]
fn expect_words(patch: &Udp, address: &str, words: &str) {
    let args = next_at(patch, address);
    let said = args[0].clone().string().expect("words");
    assert!(said.contains(words), "'{said}' lacks '{words}'");
}

fn int(argument: &OscType) -> i32 {
    argument.clone().int().unwrap_or_else(|| panic!("expected an int, got {argument:?}"))
}

fn float(argument: &OscType) -> f32 {
    argument.clone().float().unwrap_or_else(|| panic!("expected a float, got {argument:?}"))
}

#[test]
fn the_echo_drifts_and_never_comes_back_soon() {
    let runtime = shipped("echo");
    let patch = listener(&runtime, &["/echo/line", "/echo/answer"]);
    patch.send("/echo/free", vec![]);
    let (mut lines, mut answers) = (Vec::new(), Vec::new());
    while answers.len() < 300 {
        // A patch that only listens is forgotten after a while.
        if answers.len() % 50 == 49 {
            patch.send("/subscribe", vec![s("/echo/line")]);
        }
        let OscMessage { addr, args } = patch.next();
        match addr.as_str() {
            "/echo/line" => lines.push(args[1].clone().string().unwrap()),
            "/echo/answer" => answers.push(args[1].clone().string().unwrap()),
            other => panic!("{other} {args:?}"),
        }
    }
    // The book gives no line twice within its memory, unless all that are near were said.
    let n_answers = answers.iter().collect::<HashSet<_>>().len();
    assert!(n_answers >= 290, "{n_answers} of {} answers are different", answers.len());
    for window in lines.windows(100) {
        let n_lines = window.iter().collect::<HashSet<_>>().len();
        assert!(n_lines >= 90, "{n_lines} lines in a hundred: {window:?}");
    }
    // A line of one's own is thrown in by wiring the loop anew.
    patch.send("/echo/rate", vec![f(0.0)]);
    let loop_wire = vec![s("nearest.item -> poetry.in"), s("The sea is calm tonight.")];
    patch.send("/echo/wire", loop_wire);
    wait_until("it is there", || {
        let chain = runtime.host().chains().find("echo").unwrap();
        chain.spec().wires.iter().any(|wire| wire.first == Some("The sea is calm tonight.".into()))
    });
    patch.send("/echo/tick", vec![]);
    next_at(&patch, "/echo/answer");
}

#[test]
fn the_choir_is_a_canon_to_the_bit() {
    let runtime = shipped("choir");
    let patch = listener(&runtime, &["/choir", "/choir/z1", "/choir/z2", "/choir/z4"]);
    patch.send("/choir/rate", vec![f(4.0)]);
    let mut heard: HashMap<String, HashMap<i32, Vec<OscType>>> = HashMap::new();
    let is_there = |heard: &HashMap<String, HashMap<i32, Vec<OscType>>>| {
        heard.get("/choir/four/place").is_some_and(|places| places.len() >= 8)
    };
    // From the beginning, since what was changed in between would be heard in each voice elsewhere.
    patch.send("/choir/reset", vec![]);
    patch.send("/choir/start", vec![]);
    while !is_there(&heard) {
        let OscMessage { addr, args } = patch.next();
        // Step 0 again: what was before the reset is no part of it.
        if addr == "/choir/z1" && args[0] == i(0) {
            heard.clear();
        }
        heard.entry(addr).or_default().insert(int(&args[0]), args[1..].to_vec());
    }
    let is_later = |leader: &str, follower: &str, by: i32| {
        let pairs =
            heard[follower].iter().map(|(step, said)| (heard[leader].get(&(step - by)), said));
        let pairs: Vec<_> = pairs.filter_map(|(first, said)| Some((first?, said))).collect();
        assert!(pairs.len() >= 4, "{follower} follows {leader} in {} steps", pairs.len());
        assert!(pairs.iter().all(|(first, said)| first == said), "{leader} {follower}");
    };
    is_later("/choir/z1", "/choir/z2", 4);
    is_later("/choir/z1", "/choir/z4", 12);
    is_later("/choir/one", "/choir/two", 4);
    is_later("/choir/one", "/choir/three", 8);
    is_later("/choir/one/place", "/choir/four/place", 12);
    assert!(!heard["/choir/four"].contains_key(&11), "the fourth voice waits for three stanzas");
}

#[test]
fn what_is_said_is_answered() {
    let runtime = shipped("answer");
    let patch = listener(&runtime, &["/answer/walking"]);
    next_at(&patch, "/answer/walking");
    // Whoever says something hears the answer, without having asked for it.
    let visitor = Udp::to(&runtime);
    let said = "The sea is calm tonight.";
    visitor.send("/answer/say", vec![s(said)]);
    let (mut nearest, mut gradient, mut place) = (Vec::new(), Vec::new(), None);
    while nearest.len() < 5
        || place.is_none()
        || gradient.last().is_none_or(|(at, of, _)| at + 1 < *of)
    {
        let OscMessage { addr, args } = visitor.next();
        let item = || (int(&args[1]), int(&args[2]), args[3].clone().string().unwrap());
        match addr.as_str() {
            "/answer/nearest" => nearest.push(item()),
            "/answer/gradient" => gradient.push(item()),
            "/answer/place" => place = Some([float(&args[1]), float(&args[2])]),
            "/answer/walking" => {}
            other => panic!("{other} {args:?}"),
        }
    }
    assert!(nearest.iter().any(|(_, _, line)| line.contains("sea")), "{nearest:?}");
    assert!(place.unwrap().iter().all(|x| (-1.0..=1.0).contains(x)));
    assert_eq!((gradient[0].0, gradient[0].2.as_str()), (0, said));
    assert!((3..=7).contains(&gradient.len()), "{gradient:?}");
    // Two who speak at once are each answered what they said, and nothing else.
    let visitors = [Udp::to(&runtime), Udp::to(&runtime)];
    let words = ["I hear the rain upon the roof.", "My horse is lame and old."];
    for (visitor, words) in visitors.iter().zip(words) {
        visitor.send("/answer/say", vec![s(words)]);
    }
    for (visitor, words) in visitors.iter().zip(words) {
        // The way begins with what was said.
        let mut n_places = 0;
        loop {
            let OscMessage { addr, args } = visitor.next();
            n_places += u32::from(addr == "/answer/place");
            assert_ne!(addr, "/answer/walking", "that goes to whoever asked for it");
            if addr == "/answer/gradient" {
                assert_eq!(args[3], s(words));
                break;
            }
        }
        assert!(n_places <= 1, "{n_places} places for one sentence");
    }
    // Nothing is answered with nothing, rather than with what was answered before.
    visitor.send("/answer/say", vec![s("")]);
    visitor.send("/answer/say", vec![s("Good night.")]);
    let (mut n_errors, mut n_places) = (0, 0);
    loop {
        let OscMessage { addr, args } = visitor.next();
        n_errors += u32::from(addr == "/answer/error");
        n_places += u32::from(addr == "/answer/place");
        if addr == "/answer/gradient" {
            assert_eq!(args[3], s("Good night."));
            break;
        }
    }
    assert!(n_errors >= 1 && n_places <= 1, "{n_errors} errors, {n_places} places");
}

#[test]
fn mistakes_in_a_project_are_told_with_their_place() {
    let models = "[models.poetry]\nkind = \"poetry\"\n[models.sentences]\nkind = \"sentences\"\n\
                  [models.map]\nkind = \"map\"\n[chains.c]\n";
    let nodes = "[chains.c.nodes]\nwalk = { run = \"walk\" }\nverse = { run = \"poetry/generate\" }\n\
                 again = { run = \"poetry/reconstruct\" }\nonce = { run = \"poetry/reconstruct\" }\n\
                 embed = { run = \"sentences/embed\" }\nplace = { run = \"map/place\" }\n";
    let cases = [
        (
            "wires = [\"walk.z -> verse.z\", \"embed.embeddings -> place.vector\"]\n",
            "line 8, column 31: embed.embeddings gives array of vector of 512, and place.vector takes vector of 512: \
             between them would fit adapt/first or adapt/nth or adapt/pick or adapt/fresh",
        ),
        (
            "wires = [\n  \"verse.out -> place.x\"]\n",
            "line 9, column 3: place has no input 'x', only text, vector",
        ),
        (
            "wires = [\"walk.z -> embed.text\"]\n",
            "line 8, column 10: walk.z gives vector of 64, and embed.text takes text: between them would fit adapt/text",
        ),
        (
            "wires = [\n\"once.out -> again.in\",\n\"again.out -> once.in\"]\n",
            "line 9, column 1: these wires go round in a loop: ",
        ),
        ("rate = \"fast\"\n", "line 8, column 8: expected a rate in 0..1000 ticks a second"),
        ("wires = [\"walk.z to verse.z\"]\n", "line 8, column 10: expected a wire such as"),
    ];
    for (wires, expected) in cases {
        let found = Project::parse(&format!("{models}{wires}{nodes}")).unwrap_err().to_string();
        assert!(found.starts_with(expected), "{wires}\n'{found}'\nlacks\n'{expected}'");
    }
    let looped = format!("{models}{}{nodes}", cases[3].0);
    let found = Project::parse(&looped).unwrap_err().words;
    let path = ["once.out -> again.in", "again.out -> once.in", "first = ..."];
    assert!(path.iter().all(|part| found.contains(part)), "{found}");
}

#[test]
fn it_is_rewired_while_it_runs() {
    let project =
        "[chains.c]\nstart = true\nrate = 50\n[chains.c.nodes]\nclock = { run = \"clock\" }\n";
    let runtime = builder(project, listen()).start().unwrap();
    let patch = listener(&runtime, &["/c"]);
    patch.send("/c/add", vec![s("same"), s("echo/number")]);
    patch.send("/c/wire", vec![s("clock.count -> same.value")]);
    patch.send("/c/outlet", vec![s("out"), s("same.out")]);
    let value = |patch: &Udp| float(&next_at(patch, "/c/out")[1]);
    let before = value(&patch);
    // Between them something new; the clock goes on counting.
    patch.send("/c/add", vec![s("ten"), s("adapt/scale"), s("{\"to_high\": 10}")]);
    patch.send("/c/wire", vec![s("clock.count -> ten.in")]);
    patch.send("/c/wire", vec![s("ten.out -> same.value")]);
    let began = Instant::now();
    let mut now = value(&patch);
    while now < 10.0 * before + 10.0 || now % 10.0 != 0.0 {
        assert!(began.elapsed() < PATIENCE, "{now}");
        now = value(&patch);
    }
    // What does not fit changes nothing.
    let refused = [
        ("/c/wire", vec![s("clock.count -> nobody.in")], "there is no node 'nobody' in this chain"),
        ("/c/wire", vec![s("clock -> same.value")], "expected a node and a field such as walk.z"),
        (
            "/c/wire",
            vec![s("same.out -> ten.in")],
            "go round in a loop: same.out -> ten.in, ten.out -> same.value",
        ),
        ("/c/add", vec![s("same"), s("echo/text")], "something else of the name 'same'"),
        ("/c/add", vec![s("more"), s("echo/laugh")], "echo has no command 'laugh', only pair"),
        (
            "/c/add",
            vec![s("more"), s("adapt/laugh")],
            "there is no 'adapt/laugh', only adapt/first",
        ),
        ("/c/add", vec![s("stop"), s("clock")], "'stop' is taken"),
        ("/c/unwire", vec![s("clock.every")], "nothing is wired to clock.every"),
        ("/c/remove", vec![s("nobody")], "there is no node 'nobody'"),
        ("/c/outlet", vec![s("more"), s("same.in")], "same has no output 'in', only out"),
        ("/c/outlet", vec![s("more")], "expected a name, and the outputs to send"),
    ];
    for (address, args, words) in refused {
        patch.send(address, args);
        expect_words(&patch, &format!("{address}/error"), words);
    }
    // A loop is one if it says what it brings first; here it counts by itself, ever faster.
    patch.send("/c/wire", vec![s("same.out -> ten.in"), s("1")]);
    let began = Instant::now();
    while value(&patch) < 1e9 {
        assert!(began.elapsed() < PATIENCE, "it does not go round");
    }
    patch.send("/c/counters", vec![]);
    let counters: Vec<_> = (0..3).map(|_| next_at(&patch, "/c/counters")).collect();
    assert_eq!(
        counters.iter().map(|args| args[0].clone()).collect::<Vec<_>>(),
        [s("clock"), s("same"), s("ten")]
    );
    assert!(counters.iter().all(|args| args.len() == 7 && int(&args[1]) > 3), "{counters:?}");
    patch.send("/c/unwire", vec![s("same.value")]);
    patch.send("/c/same/value", vec![f(7.0)]);
    while value(&patch) != 7.0 {}
    patch.send("/c/remove", vec![s("same")]);
    wait_until("it is gone", || {
        let chain = runtime.host().chains().find("c").unwrap();
        chain.spec().node("same").is_none() && chain.spec().outlets.is_empty()
    });
    patch.send("/c/same/value", vec![f(1.0)]);
    expect_words(&patch, "/c/same/value/error", "c has no 'same/value', only start, stop");
}

/// Works, and fails once in a way that a test wishes for.
struct Moody(Arc<AtomicU8>);

const FAILS: u8 = 1;
const PANICS: u8 = 2;
const HANGS: u8 = 3;

impl Model for Moody {
    fn manifest(&self) -> Manifest {
        Manifest::new("moody", "Works, mostly.").command(
            Command::new("say", "Gives it back.").input("n", number(), "A number.").output(
                "n",
                number(),
                "It.",
            ),
        )
    }

    fn run(&mut self, _: &str, inputs: &Values, _: &mut Run) -> Result<Values, Error> {
        match self.0.swap(0, Relaxed) {
            FAILS => return Err("the glass is empty".into()),
            PANICS => panic!("a glass fell"),
            HANGS => std::thread::sleep(Duration::from_secs(8)),
            _ => {}
        }
        Ok(Values::new().with("n", inputs.number("n")))
    }
}

/// A chain that asks a moody model at each tick.
fn moody(rule: &str) -> (Runtime, Udp, Arc<AtomicU8>) {
    let mood = Arc::new(AtomicU8::new(0));
    let runtime = builder("", listen()).start().unwrap();
    let factory: Factory = {
        let mood = Arc::clone(&mood);
        Arc::new(move || Box::new(Moody(Arc::clone(&mood))))
    };
    // A panic with its backtrace takes a while, too.
    let settings = HostSettings { hang_after: Duration::from_secs(2), ..HostSettings::default() };
    runtime.engine().host("moody", factory, Values::new(), settings).unwrap();
    let project = format!(
        "[chains.c]\nrate = 0\nstart = true\non_failure = \"{rule}\"\nwires = [\"clock.count -> moody.n\"]\n\
         [chains.c.nodes]\nclock = {{ run = \"clock\" }}\nmoody = {{ run = \"moody/say\" }}\n\
         [chains.c.outlets]\nout = \"moody.n\"\n"
    );
    let spec = Project::parse(&project).unwrap().chains.remove(0).spec;
    runtime.host().host_chain("c", &spec, 0).unwrap();
    let patch = listener(&runtime, &["/c"]);
    (runtime, patch, mood)
}

#[test]
fn a_node_that_breaks_holds_skips_or_stops() {
    let breaks =
        [(FAILS, "the glass is empty"), (PANICS, "a glass fell"), (HANGS, "no sign of life")];
    for (mood, words) in breaks {
        for rule in ["hold", "skip", "stop"] {
            println!("{rule}: {words}");
            let (runtime, patch, set) = moody(rule);
            let tick = || patch.send("/c/tick", vec![]);
            tick();
            assert_eq!(patch.expect("/c/out"), [i(0), f(0.0)]);
            set.store(mood, Relaxed);
            tick();
            let mut expected: Vec<(&str, Vec<OscType>)> = Vec::new();
            if rule == "hold" {
                expected.push(("/c/out", vec![i(1), f(0.0)]));
            }
            let (mut n_errors, mut n_stops) = (0, 0);
            while !expected.is_empty() || n_errors == 0 || rule == "stop" && n_stops == 0 {
                let OscMessage { addr, args } = patch.next();
                match addr.as_str() {
                    "/c/error" => {
                        let said = args[0].clone().string().unwrap();
                        assert!(said.starts_with("moody: "), "{said}");
                        assert!(mood == HANGS || said.contains(words), "{said}");
                        n_errors += 1;
                    }
                    "/c/notice" => {
                        assert_eq!(args, [s("stopped, since moody failed")]);
                        n_stops += 1;
                    }
                    _ => assert_eq!((addr.as_str(), args), expected.remove(0)),
                }
            }
            let chain = runtime.host().chains().find("c").unwrap();
            assert_eq!(chain.is_running(), rule != "stop");
            // It recovers by itself, and says so.
            patch.send("/c/start", vec![]);
            tick();
            let (mut has_notice, mut has_value) = (false, false);
            while !(has_notice && has_value) {
                let OscMessage { addr, args } = patch.next();
                match addr.as_str() {
                    "/c/notice" => {
                        assert_eq!(args, [s("moody runs again, after it failed once")]);
                        has_notice = true;
                    }
                    "/c/out" => {
                        assert_eq!(args, [i(2), f(2.0)]);
                        has_value = true;
                    }
                    other => panic!("{other} {args:?}"),
                }
            }
        }
    }
}

#[test]
fn a_slow_node_slows_no_other() {
    let chain = |name: &str, run: &str, input: &str| {
        format!(
            "[chains.{name}]\nrate = 50\nstart = true\nwires = [\"clock.count -> node.{input}\"]\n\
             [chains.{name}.nodes]\nclock = {{ run = \"clock\" }}\nnode = {{ run = \"{run}\" }}\n\
             [chains.{name}.outlets]\nout = \"node.{}\"\n",
            if input == "ms" { "waited" } else { "out" },
        )
    };
    // In the slow one, a beside node that is quick as well.
    let slow = chain("slow", "count/wait", "ms").replace(
        "wires = [\"clock.count -> node.ms\"]",
        "wires = [\"clock.count -> long.in\", \"long.out -> node.ms\", \"clock.count -> beside.value\"]",
    ) + "quick = \"beside.out\"\n";
    let slow = slow.replace(
        "clock = { run = \"clock\" }\n",
        "clock = { run = \"clock\" }\nlong = { run = \"adapt/scale\", set = { to_low = 200, to_high = 200 } }\n\
         beside = { run = \"echo/number\" }\n",
    );
    let quick = chain("quick", "echo/number", "value");
    let runtime = builder(&format!("{slow}{quick}"), listen()).start().unwrap();
    let patch = listener(&runtime, &["/slow", "/quick"]);
    let mut heard: HashMap<String, usize> = HashMap::new();
    while heard.get("/slow/out").is_none_or(|n| *n < 6) {
        *heard.entry(patch.next().addr).or_default() += 1;
    }
    // In a run of 200 ms there are 10 ticks.
    let (quick, beside) = (heard["/quick/out"], heard["/slow/quick"]);
    assert!(quick >= 25 && beside >= 25, "{heard:?}");
    let chain = runtime.host().chains().find("slow").unwrap();
    let counters: HashMap<_, _> = chain.counters().into_iter().collect();
    let node = &counters["node"];
    assert!(node.dropped > node.ran && node.late > 0, "what is too slow is seen: {node:?}");
    assert!(counters["beside"].ran > 4 * node.ran, "{counters:?}");
}

/// Makes an image, or passes one on and notes which buffer it was.
struct Passer(Arc<Mutex<Vec<Arc<[u8]>>>>);

impl Model for Passer {
    fn manifest(&self) -> Manifest {
        Manifest::new("passer", "Passes images on.")
            .command(
                Command::new("make", "Makes one.").input("n", number(), "Its brightness.").output(
                    "out",
                    image(3),
                    "It.",
                ),
            )
            .command(
                Command::new("pass", "Passes it on.").input("in", image(3), "An image.").output(
                    "out",
                    image(3),
                    "It.",
                ),
            )
    }

    fn run(&mut self, command: &str, inputs: &Values, _: &mut Run) -> Result<Values, Error> {
        let image = match (command, inputs.get("in")) {
            ("make", _) => Image::from_pixels(2, 2, 3, vec![inputs.number("n") as u8; 12])?,
            (_, Some(Value::Image(image))) => image.clone(),
            (_, other) => panic!("expected an image, got {other:?}"),
        };
        self.0.lock().unwrap().push(Arc::clone(image.pixels()?.data()));
        Ok(Values::new().with("out", image))
    }
}

#[test]
fn one_buffer_of_pixels_goes_from_node_to_node() {
    let runtime = builder("", listen()).start().unwrap();
    let buffers = Arc::new(Mutex::new(Vec::new()));
    for name in ["one", "two", "three"] {
        let buffers = Arc::clone(&buffers);
        let factory: Factory = Arc::new(move || Box::new(Passer(Arc::clone(&buffers))));
        runtime.engine().host(name, factory, Values::new(), HostSettings::default()).unwrap();
    }
    let project = "[chains.c]\nwires = [\"clock.count -> make.n\", \"make.out -> a.in\", \
                   \"a.out -> b.in\"]\n[chains.c.nodes]\nclock = { run = \"clock\" }\n\
                   make = { run = \"one/make\" }\na = { run = \"two/pass\" }\n\
                   b = { run = \"three/pass\" }\n[chains.c.outlets]\nout = \"b.out\"\n";
    let spec = Project::parse(project).unwrap().chains.remove(0).spec;
    runtime.host().host_chain("c", &spec, 0).unwrap();
    let patch = listener(&runtime, &["/c"]);
    patch.send("/c/step", vec![]);
    let OscType::Blob(bytes) = next_at(&patch, "/c/out").pop().unwrap() else { panic!("a blob") };
    assert!(bytes.starts_with(&[0xFF, 0xD8, 0xFF]), "an image of three channels leaves as JPEG");
    let buffers = buffers.lock().unwrap();
    let [made, first, second] = &buffers[..] else { panic!("three runs, got {}", buffers.len()) };
    assert!(Arc::ptr_eq(made, first) && Arc::ptr_eq(first, second));
}
