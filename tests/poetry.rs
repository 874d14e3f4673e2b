//! The verse VAE as it is hosted: every command through the engine, with the model that ships.

#![cfg(feature = "program")]

use enjamb::Error;
use enjamb::engine::{Engine, EngineSettings, HostSettings, Hosted, Request, RunEvent};
use enjamb::model::CancelToken;
use enjamb::project::kinds;
use enjamb::signature::Values;
use enjamb::time::SystemClock;
use enjamb::value::Value;
use std::collections::HashSet;
use std::path::Path;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, LazyLock, mpsc};
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(60);

fn host() -> Arc<Hosted> {
    let models = Path::new(env!("CARGO_MANIFEST_DIR")).join("models");
    let settings = EngineSettings { model_dirs: vec![models], ..EngineSettings::default() };
    let engine = Engine::new(Arc::new(SystemClock::start()), settings);
    let factory = kinds().find("poetry").unwrap().factory();
    engine.host("poetry", factory, Values::new(), HostSettings::default()).unwrap()
}

/// One model for all tests; it takes their runs in turns.
static MODEL: LazyLock<Arc<Hosted>> = LazyLock::new(host);

fn ask(
    model: &Hosted,
    command: &str,
    inputs: Values,
    seed: u64,
    cancel: CancelToken,
) -> Result<mpsc::Receiver<RunEvent>, Error> {
    let (sender, events) = mpsc::channel();
    let mut request = Request::new(move |event| drop(sender.send(event)));
    (request.seed, request.cancel) = (Some(seed), cancel);
    model.submit(command, inputs, request).map(|()| events)
}

/// Every event of a run.
fn events(command: &str, inputs: Values, seed: u64) -> Vec<RunEvent> {
    let events = ask(&MODEL, command, inputs, seed, CancelToken::new()).unwrap();
    let mut heard = Vec::new();
    loop {
        heard.push(events.recv_timeout(PATIENCE).unwrap());
        if !matches!(heard.last(), Some(RunEvent::Partial { .. })) {
            return heard;
        }
    }
}

fn seeded(command: &str, inputs: Values, seed: u64) -> Values {
    match events(command, inputs, seed).pop() {
        Some(RunEvent::Done { outputs, .. }) => (*outputs).clone(),
        other => panic!("{command}: {other:?}"),
    }
}

fn run(command: &str, inputs: Values) -> Values {
    seeded(command, inputs, 1)
}

fn failure(command: &str, inputs: Values) -> String {
    match ask(&MODEL, command, inputs, 1, CancelToken::new()) {
        Err(refusal) => refusal.to_string(),
        Ok(events) => match events.recv_timeout(PATIENCE).unwrap() {
            RunEvent::Failed(error) => error.to_string(),
            other => panic!("{command}: {other:?}"),
        },
    }
}

fn with(pairs: &[(&str, Value)]) -> Values {
    pairs.iter().fold(Values::new(), |values, (name, value)| values.with(name, value.clone()))
}

fn lines(outputs: &Values) -> Vec<String> {
    outputs.array("lines").iter().map(|line| line.as_text().unwrap().to_owned()).collect()
}

fn words(line: &str) -> Vec<String> {
    let parts = line.split(|c: char| !c.is_alphabetic() && c != '\'');
    let parts = parts.map(|part| part.trim_matches('\''));
    parts.filter(|word| !word.is_empty()).map(str::to_lowercase).collect()
}

fn encode(line: &str) -> Vec<f32> {
    run("encode", with(&[("text", line.into())])).vector("mean").to_vec()
}

const MOON: &str = "The moon was a ghostly galleon tossed upon cloudy seas,";
const SUMMER: &str = "Shall I compare thee to a summer's day?";

#[test]
fn generate_and_reconstruct_have_the_inputs_and_outputs_of_2019() {
    let manifest = kinds().find("poetry").unwrap().manifest().specification();
    let commands = manifest["commands"].as_array().unwrap();
    let command = |name: &str| commands.iter().find(|command| command["name"] == name).unwrap();
    for (name, first, kind) in [("generate", "z", "vector"), ("reconstruct", "in", "text")] {
        let inputs = command(name)["inputs"].as_array().unwrap();
        assert_eq!(inputs.len(), 2);
        assert_eq!((&inputs[0]["name"], &inputs[0]["type"]), (&first.into(), &kind.into()));
        assert_eq!(inputs[1]["name"], "temperature");
        let limits = ["default", "min", "max", "step"].map(|key| inputs[1][key].as_f64().unwrap());
        assert_eq!(limits, [0.5, 0.05, 2.0, 0.05]);
        let outputs = command(name)["outputs"].as_array().unwrap();
        assert_eq!((outputs.len(), &outputs[0]["name"]), (1, &"out".into()));
    }
    assert_eq!(command("generate")["inputs"][0]["length"], 64);
}

#[test]
fn a_line_goes_there_and_back() {
    let encoded = run("encode", with(&[("text", MOON.into())]));
    let (z, mean) = (encoded.vector("z"), encoded.vector("mean"));
    assert_eq!((z.len(), mean.len(), encoded.vector("log_variance").len()), (64, 64, 64));
    assert_ne!(z, mean);
    // The mean at the same temperature and seed is what reconstruct says.
    let temperature = Value::from(0.05);
    let said =
        run("reconstruct", with(&[("in", MOON.into()), ("temperature", temperature.clone())]));
    let again = run("generate", with(&[("z", mean.to_vec().into()), ("temperature", temperature)]));
    assert_eq!(said.text("out"), again.text("out"));
    assert!(said.text("out").starts_with(char::is_uppercase), "{}", said.text("out"));
    // Case and typography make no difference.
    let shouted = encode("THE MOON WAS A GHOSTLY GALLEON TOSSED UPON CLOUDY SEAS,");
    assert_eq!(shouted, mean);
}

#[test]
fn a_seed_is_the_same_line_and_another_is_another() {
    let inputs = || with(&[("z", encode(SUMMER).into()), ("temperature", 1.5.into())]);
    let said: Vec<Values> = [5, 5, 6, 7, 8].map(|seed| seeded("generate", inputs(), seed)).into();
    assert_eq!(said[0], said[1]);
    assert!(said[2..].iter().any(|other| *other != said[0]));
}

#[test]
fn conditions_are_kept() {
    for (seed, method) in (0..12).zip(["sample", "greedy", "beam"].into_iter().cycle()) {
        let inputs = with(&[
            ("z", encode(if seed % 2 == 0 { MOON } else { SUMMER }).into()),
            ("method", method.into()),
            ("temperature", 1.0.into()),
            ("top_p", 0.9.into()),
            ("max_words", 6.0.into()),
            ("start_with", "O sea".into()),
            ("avoid", "the, moon day".into()),
        ]);
        let outputs = seeded("compose", inputs, seed);
        let (line, words) = (outputs.text("out"), words(outputs.text("out")));
        assert!(line.starts_with("O sea") && (2..=6).contains(&words.len()), "{method}: {line}");
        let avoided = ["the", "moon", "day"];
        assert!(!words.iter().any(|word| avoided.contains(&word.as_str())), "{method}: {line}");
    }
}

#[test]
fn a_search_is_not_of_chance() {
    let z = encode(SUMMER);
    for method in ["greedy", "beam"] {
        let inputs = || with(&[("z", z.clone().into()), ("method", method.into())]);
        assert_eq!(seeded("compose", inputs(), 1), seeded("compose", inputs(), 2));
    }
}

#[test]
fn ways_begin_and_end_where_they_should() {
    let ends = || with(&[("from", MOON.into()), ("to", SUMMER.into()), ("steps", 5.0.into())]);
    let way = lines(&run("interpolate", ends()));
    assert_eq!(way.len(), 5);
    let points = with(&[
        ("from", encode(MOON).into()),
        ("to", encode(SUMMER).into()),
        ("steps", 5.0.into()),
    ]);
    assert_eq!(lines(&run("interpolate_z", points)), way);
    let straight = lines(&run("interpolate", ends().with("spherical", false)));
    assert_eq!((&straight[0], &straight[4]), (&way[0], &way[4]));

    let gradient = lines(&run("gradient", ends()));
    assert!((2..=5).contains(&gradient.len()));
    assert_eq!((gradient[0].as_str(), gradient[gradient.len() - 1].as_str()), (MOON, SUMMER));
    let distinct: HashSet<_> = gradient.iter().map(|line| words(line)).collect();
    assert_eq!(distinct.len(), gradient.len());
    let from_itself = with(&[("from", MOON.into()), ("to", MOON.into())]);
    assert_eq!(lines(&run("gradient", from_itself)), [MOON]);
}

#[test]
fn a_grid_grows_from_the_middle_and_a_partial_has_what_is_new() {
    let inputs = with(&[("columns", 7.0.into()), ("rows", 5.0.into()), ("span", 6.0.into())]);
    let mut heard = events("grid", inputs.clone(), 1);
    let Some(RunEvent::Done { outputs, .. }) = heard.pop() else { panic!("no grid") };
    let grid = lines(&outputs);
    assert_eq!(grid.len(), 35);
    let mut told = vec![0; 35];
    for event in heard {
        let RunEvent::Partial { outputs, progress } = event else { panic!("{event:?}") };
        assert!(progress.is_some_and(|progress| progress > 0.0));
        for (cell, line) in lines(&outputs).iter().enumerate().filter(|(_, line)| !line.is_empty())
        {
            assert_eq!(*line, grid[cell]);
            told[cell] += 1;
        }
    }
    assert!(told.iter().all(|n| *n <= 1) && told.iter().sum::<i32>() > 17, "{told:?}");
    let middle = with(&[("z", vec![0.0; 64].into()), ("method", "greedy".into())]);
    assert_eq!(grid[17], run("compose", middle).text("out"));
    // Given axes are the same at any length; random ones follow from the seed.
    let axis = |length: f32| {
        let axis: Vec<f32> = (0..64).map(|i| if i < 2 { length } else { 0.0 }).collect();
        inputs.clone().with("x_axis", axis).with("axes", "random")
    };
    assert_eq!(run("grid", axis(0.1)), run("grid", axis(7.0)));
    assert_ne!(seeded("grid", axis(1.0), 1), seeded("grid", axis(1.0), 2));
    let single = with(&[("columns", 1.0.into()), ("rows", 1.0.into())]);
    assert_eq!(lines(&run("grid", single)), [grid[17].as_str()]);
    // The axes that it takes by itself are those that one is given for the asking.
    let axes = run("axes", Values::new());
    let [x, y] = ["x", "y"].map(|name| axes.vector(name).to_vec());
    assert_eq!(run("grid", inputs.with("x_axis", x.clone()).with("y_axis", y.clone())), *outputs);
    let random = |seed| seeded("axes", with(&[("axes", "random".into())]), seed);
    assert_ne!(random(1), random(2));
    let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f32>();
    for axes in [axes, random(1)] {
        let (x, y) = (axes.vector("x"), axes.vector("y"));
        assert!((dot(x, x) - 1.0).abs() < 1e-4 && (dot(y, y) - 1.0).abs() < 1e-4);
        assert!(dot(x, y).abs() < 1e-4, "{}", dot(x, y));
    }
}

#[test]
fn neighbours_differ_and_samples_have_their_points() {
    let inputs = with(&[("text", MOON.into()), ("radius", 4.0.into()), ("count", 6.0.into())]);
    let near = lines(&run("neighbours", inputs));
    let distinct: HashSet<_> = near.iter().map(|line| words(line)).collect();
    assert!(!near.is_empty() && near.len() <= 6 && distinct.len() == near.len());
    assert!(!distinct.contains(&words(MOON)));
    // At no distance all neighbours are one, or the line itself.
    let inputs = with(&[("text", MOON.into()), ("radius", 0.0.into()), ("count", 6.0.into())]);
    assert!(lines(&run("neighbours", inputs)).len() <= 1);

    let inputs = with(&[("count", 20.0.into()), ("temperature", 0.0.into())]);
    let outputs = run("sample", inputs);
    let points: Vec<&[f32]> = outputs.array("z").iter().filter_map(Value::as_vector).collect();
    let sampled = lines(&outputs);
    assert_eq!((sampled.len(), points.len()), (20, 20));
    let inputs = with(&[("z", points[3].to_vec().into()), ("method", "greedy".into())]);
    assert_eq!(run("compose", inputs).text("out"), sampled[3]);
    let plain = run("sample", with(&[("count", 2.0.into()), ("spread", 0.0.into())]));
    assert!(plain.array("z").iter().all(|z| z.as_vector().unwrap().iter().all(|x| *x == 0.0)));
}

#[test]
fn an_attribute_is_the_difference_of_means() {
    let texts = |lines: &[&str]| Value::Array(lines.iter().map(|line| (*line).into()).collect());
    let inputs = with(&[("lines_a", texts(&[MOON, SUMMER])), ("lines_b", texts(&[SUMMER]))]);
    let direction = run("attribute", inputs);
    let expected = encode(MOON).into_iter().zip(encode(SUMMER)).map(|(a, b)| (a - b) / 2.0);
    for (got, expected) in direction.vector("direction").iter().zip(expected) {
        assert!((got - expected).abs() < 1e-5);
    }
    let words = failure(
        "attribute",
        with(&[("lines_a", texts(&[MOON, "  "])), ("lines_b", texts(&[MOON]))]),
    );
    assert!(words.starts_with("lines_a, line 2 of 2: the text is empty"), "{words}");
}

#[test]
fn what_cannot_be_is_refused_in_plain_words() {
    let check = |command: &str, inputs: Values, expected: &str| {
        let words = failure(command, inputs);
        assert!(words.contains(expected), "{command}: {words}");
    };
    let text = |name: &str, text: &str| with(&[(name, text.into())]);
    check("reconstruct", Values::new(), "the text is empty: expected a line");
    check("reconstruct", text("in", " \t\n "), "the text is empty");
    check("reconstruct", text("in", "\u{e000}"), "the text is empty");
    check("reconstruct", text("in", &"rose ".repeat(2000)), "the text is too long");
    check("encode", text("text", &"☃".repeat(10_000)), "too long, with 10000 characters");
    check("encode", text("text", &MOON.repeat(9)), "expected a single line of at most");
    check("encode", text("text", ""), "text: expected at least 1 character");
    check("generate", with(&[("z", vec![0.0; 63].into())]), "expected 64 floats, got 63");
    check("generate", with(&[("temperature", 0.0.into())]), "expected a number in 0.05..2");
    check("sample", with(&[("count", 1e9.into())]), "expected a number in 1..1024");
    check("grid", with(&[("columns", 33.0.into())]), "columns: expected a number in 1..32");
    let start = with(&[("z", vec![0.0; 64].into()), ("start_with", "the sea".into())]);
    check("compose", start.clone().with("avoid", "sea"), "which avoid rules out");
    check("compose", start.with("max_words", 1.0), "start_with has 2 words");
}

#[test]
fn those_who_ask_together_get_what_they_would_get_alone() {
    // A model of its own, busy with something long, so that the others wait side by side.
    let model = host();
    let long = || with(&[("count", 1024.0.into()), ("temperature", 1.0.into())]);
    let first = ask(&model, "sample", long(), 0, CancelToken::new()).unwrap();
    let asks: Vec<(&str, Values)> = (0..30)
        .map(|i| match i % 10 {
            0..4 => ("generate", with(&[("z", vec![i as f32 / 20.0; 64].into())])),
            4..6 => ("reconstruct", with(&[("in", MOON.into()), ("temperature", 1.0.into())])),
            6 => ("reconstruct", with(&[("in", " ".into())])),
            7 => ("sample", with(&[("count", 5.0.into())])),
            8 => ("sample", with(&[("count", 2.0.into())])),
            _ => ("compose", with(&[("z", vec![0.5; 64].into()), ("method", "beam".into())])),
        })
        .collect();
    let submit = |(seed, (command, inputs)): (usize, &(&str, Values))| {
        ask(&model, command, inputs.clone(), seed as u64, CancelToken::new()).unwrap()
    };
    let waiting: Vec<_> = asks.iter().enumerate().map(submit).collect();
    for (seed, ((command, inputs), events)) in asks.iter().zip(&waiting).enumerate() {
        match events.recv_timeout(PATIENCE).unwrap() {
            RunEvent::Done { outputs, .. } => {
                assert_eq!(*outputs, seeded(command, inputs.clone(), seed as u64), "{command}");
            }
            RunEvent::Failed(error) => {
                assert_eq!(error.to_string(), failure(command, inputs.clone()))
            }
            other => panic!("{command}: {other:?}"),
        }
    }
    assert!(matches!(first.recv_timeout(PATIENCE).unwrap(), RunEvent::Done { .. }));
    let counters = model.counters("reconstruct").unwrap();
    assert_eq!((counters.succeeded.load(Relaxed), counters.failed.load(Relaxed)), (6, 3));
}

#[test]
fn a_long_run_can_be_cancelled() {
    let model = host();
    for command in ["sample", "grid", "neighbours"] {
        let many = || Value::from(if command == "grid" { 32.0 } else { 1024.0 });
        let inputs = match command {
            "grid" => with(&[("columns", many()), ("rows", many())]),
            "sample" => with(&[("count", many())]),
            _ => with(&[("text", MOON.into()), ("count", many())]),
        };
        let cancel = CancelToken::new();
        let events = ask(&model, command, inputs, 1, cancel.clone()).unwrap();
        while model.n_waiting() > 0 {
            std::thread::yield_now();
        }
        cancel.cancel();
        let last = std::iter::from_fn(|| events.recv_timeout(PATIENCE).ok())
            .find(|event| !matches!(event, RunEvent::Partial { .. }));
        assert_eq!(last, Some(RunEvent::Cancelled), "{command}");
    }
}
