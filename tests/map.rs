//! The map as patches see it: sentences move into place over OSC, newcomers get all of it, and what
//! cannot be is refused in plain words.

#![cfg(feature = "program")]

mod common;

use common::*;
use enjamb::Runtime;
use rosc::{OscMessage, OscPacket, OscType};
use serde_json::{Value as Json, json};
use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::LazyLock;
use std::time::Instant;

/// Two kinds of sentences, which a map should part.
const SEA: &[&str] = &[
    "The ship sailed over the stormy sea.",
    "Waves broke upon the sandy shore.",
    "The sailors pulled in their nets full of fish.",
    "A lighthouse warned the boats of the rocks.",
    "The tide carried the little boat away.",
    "Gulls cried above the harbour.",
    "The captain steered through the ocean storm.",
    "Salt water filled the hold of the vessel.",
    "The fishermen came home with the tide.",
    "Deep under the sea the whales were singing.",
];
const BREAD: &[&str] = &[
    "She baked a loaf of bread in the oven.",
    "The cook stirred the soup with a spoon.",
    "Butter melted on the warm toast.",
    "He sliced the onions for the stew.",
    "The kitchen smelled of cinnamon and apples.",
    "They ate cake and drank tea in the kitchen.",
    "The baker kneaded the dough before dawn.",
    "A pinch of salt improved the sauce.",
    "Grandmother wrote down her recipe for pie.",
    "The chef tasted the roast and added pepper.",
];

fn empty() -> Runtime {
    // Written once, since tests run at the same time.
    static FILE: LazyLock<PathBuf> = LazyLock::new(|| {
        let name = format!("enjamb-map-{}.safetensors", std::process::id());
        let file = std::env::temp_dir().join(name);
        std::fs::write(&file, enjamb::models::map::atlas::Atlas::default().to_bytes()).unwrap();
        file
    });
    let file = &*FILE;
    let folder = std::env::temp_dir().join(format!("enjamb-maps-{}", std::process::id()));
    let project = format!(
        "[models.map]\nkind = \"map\"\n[models.map.options]\npath = {file:?}\nfolder = {folder:?}\n"
    );
    let runtime = builder(&project, listen()).start().expect("the runtime starts");
    runtime.wait_until_started();
    runtime
}

fn sentences() -> Vec<&'static str> {
    SEA.iter().chain(BREAD).copied().collect()
}

fn post(runtime: &Runtime, command: &str, inputs: Json) -> Result<Json, String> {
    let path = format!("/models/map/{command}");
    let answer = common::post(http_address(runtime), &path, &inputs.to_string());
    match answer.status {
        200 => Ok(answer.json()),
        _ => Err(answer.json()["error"].as_str().unwrap().to_owned()),
    }
}

/// All messages of what comes next.
fn messages(packet: OscPacket, out: &mut Vec<OscMessage>) {
    match packet {
        OscPacket::Message(message) => out.push(message),
        OscPacket::Bundle(bundle) => bundle.content.into_iter().for_each(|p| messages(p, out)),
    }
}

/// The messages up to one of this address.
fn until(peer: &Udp, address: &str) -> Vec<OscMessage> {
    let mut heard = Vec::new();
    while heard.last().is_none_or(|last: &OscMessage| last.addr != address) {
        messages(peer.packet(), &mut heard);
    }
    heard
}

#[derive(Debug, PartialEq)]
struct Point {
    index: i32,
    count: i32,
    place: [f32; 2],
    text: String,
}

fn points(heard: &[OscMessage]) -> Vec<Point> {
    let points = heard.iter().filter(|message| message.addr == "/map/point");
    let point = |message: &OscMessage| match &message.args[..] {
        [
            OscType::Int(index),
            OscType::Int(count),
            OscType::Float(x),
            OscType::Float(y),
            OscType::String(text),
        ] => Point { index: *index, count: *count, place: [*x, *y], text: text.clone() },
        other => panic!("{other:?}"),
    };
    points.map(point).collect()
}

fn distance(a: [f32; 2], b: [f32; 2]) -> f32 {
    (a[0] - b[0]).hypot(a[1] - b[1])
}

#[test]
fn sentences_move_into_place_while_everybody_watches() {
    let runtime = empty();
    let (asker, watcher) = (Udp::to(&runtime), Udp::to(&runtime));
    watcher.send("/subscribe", vec![s("/map/*")]);
    // An empty map has nothing to show, but says so.
    assert_eq!(until(&watcher, "/map/frame")[0].args[2..], [i(0), i(0)]);
    asker.send("/map/project/perplexity", vec![f(5.0)]);
    asker.send("/map/project/pace", vec![f(1000.0)]);
    asker.send("/map/project/rate", vec![f(20.0)]);
    asker.send("/map/project", sentences().into_iter().map(s).collect());
    let heard = until(&asker, "/map/project/divergence");
    let frames = heard.iter().filter(|message| message.addr == "/map/frame").count();
    assert!(frames > 2, "{frames} frames");
    let last_frame = heard.iter().rfind(|message| message.addr == "/map/frame").unwrap();
    assert_eq!(last_frame.args[3], i(20));
    let moving = points(&heard);
    let mut last: Vec<Option<[f32; 2]>> = vec![None; 20];
    for point in &moving {
        assert_eq!((point.count, point.text.as_str()), (20, sentences()[point.index as usize]));
        assert!(point.place.iter().all(|x| (-1.0..=1.0).contains(x)));
        last[point.index as usize] = Some(point.place);
    }
    let last: Vec<[f32; 2]> = last.into_iter().map(|place| place.expect("all were sent")).collect();
    // The outputs are what was sent last, and what the watcher heard, too.
    let outputs: Vec<[f32; 2]> = heard
        .iter()
        .filter(|message| message.addr == "/map/project/points")
        .map(|message| [2, 3].map(|at| message.args[at].clone().float().unwrap()))
        .collect();
    assert_eq!(outputs, last);
    let seen = until(&watcher, "/map/project/divergence");
    let frames_seen = seen.iter().filter(|message| message.addr == "/map/frame").count();
    assert!(frames_seen > 2);

    // What means the like lies near.
    let mean = |among: std::ops::Range<usize>, to: usize| {
        let others: Vec<usize> = among.filter(|other| *other != to).collect();
        others.iter().map(|other| distance(last[*other], last[to])).sum::<f32>()
            / others.len() as f32
    };
    let n_right = (0..20).filter(|at| (mean(0..10, *at) < mean(10..20, *at)) == (*at < 10)).count();
    assert!(n_right >= 18, "{n_right} of 20 lie with their own");

    // A newcomer is told all of it, and nobody else is.
    let newcomer = Udp::to(&runtime);
    newcomer.send("/subscribe", vec![s("/map/point")]);
    let mut told = Vec::new();
    while told.len() < 20 {
        messages(newcomer.packet(), &mut told);
    }
    let told = points(&told);
    assert_eq!(told.iter().map(|point| point.place).collect::<Vec<_>>(), last);
    asker.send("/ping", vec![]);
    asker.expect("/pong");
}

#[test]
fn a_sentence_is_placed_found_added_and_removed() {
    let runtime = empty();
    post(&runtime, "project", json!({ "texts": sentences(), "perplexity": 5 })).unwrap();
    let place = |text: &str| {
        let place = post(&runtime, "place", json!({ "text": text })).unwrap();
        [place["x"].as_f64().unwrap() as f32, place["y"].as_f64().unwrap() as f32]
    };
    let near = |place: [f32; 2]| {
        let found = post(&runtime, "nearest", json!({ "x": place[0], "y": place[1], "k": 3 }));
        let found = found.unwrap();
        let texts = found["texts"].as_array().unwrap().clone();
        texts.into_iter().map(|text| text.as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let at_sea = near(place("A schooner crossed the wide ocean."));
    assert!(at_sea.iter().all(|text| SEA.contains(&text.as_str())), "{at_sea:?}");
    let found = post(&runtime, "search", json!({ "text": "a cake in the oven", "k": 2 })).unwrap();
    assert!(BREAD.contains(&found["texts"][0].as_str().unwrap()));
    assert!(found["similarities"][0].as_f64() >= found["similarities"][1].as_f64());

    let line = "The old boat lay upon the beach.";
    let lies = |text: &str| {
        let found = post(&runtime, "search", json!({ "text": text, "k": 1 })).unwrap();
        assert_eq!(found["texts"][0], text);
        found["points"][0].clone()
    };
    let before = lies(SEA[0]);
    assert_eq!(post(&runtime, "add", json!({ "texts": [line, "  "] })).unwrap()["count"], 21);
    assert_eq!(near(place(line))[0], line);
    assert_eq!(lies(SEA[0]), before, "the others stay where they are");
    let removed = post(&runtime, "remove", json!({ "texts": [line] })).unwrap();
    assert_eq!((&removed["removed"], &removed["count"]), (&json!(1), &json!(20)));

    post(&runtime, "save", json!({ "name": "kept" })).unwrap();
    let words = post(&runtime, "load", json!({ "name": "lost" })).unwrap_err();
    assert!(words.contains("only kept"), "{words}");
    assert_eq!(post(&runtime, "clear", json!({})).unwrap()["count"], 0);
    assert_eq!(post(&runtime, "load", json!({ "name": "kept" })).unwrap()["count"], 20);
    assert_eq!(lies(SEA[0]), before, "a map comes back as it was");

    let density = post(&runtime, "density", json!({ "columns": 8, "rows": 4 })).unwrap();
    let cells: Vec<f64> = serde_json::from_value(density["cells"].clone()).unwrap();
    assert_eq!((cells.len(), cells.iter().copied().fold(0.0, f64::max)), (32, 1.0));
    post(&runtime, "labels", json!({})).unwrap();
}

#[test]
fn the_same_seed_is_the_same_map_and_one_that_grows_is_recognised() {
    let runtime = empty();
    let project = |texts: &[&str], seed: u32| -> Vec<[f32; 2]> {
        let inputs = json!({ "texts": texts, "perplexity": 5, "seed": seed, "rate": 0 });
        let outputs = post(&runtime, "project", inputs).unwrap();
        serde_json::from_value(outputs["points"].clone()).unwrap()
    };
    let all = sentences();
    let first = project(&all, 1);
    assert_eq!(project(&all, 1), first);
    // Who was on the left of whom, and above whom: mostly still. So few sentences may turn about by
    // chance, so it is the mean over some seeds.
    let some: Vec<&str> = all[..16].to_vec();
    let pairs: Vec<(usize, usize)> = (0..16).flat_map(|a| (0..a).map(move |b| (a, b))).collect();
    let seeds = 1..=6;
    let mut same = 0;
    for seed in seeds.clone() {
        post(&runtime, "clear", json!({})).unwrap();
        let (before, grown) = (project(&some, seed), project(&all, seed));
        for axis in 0..2 {
            let order = |map: &[[f32; 2]], (a, b): (usize, usize)| map[a][axis] < map[b][axis];
            same += pairs.iter().filter(|p| order(&before, **p) == order(&grown, **p)).count();
        }
    }
    let share = same as f32 / (seeds.count() * 2 * pairs.len()) as f32;
    assert!(share > 0.8, "{share}");
}

#[test]
fn points_come_over_http_as_they_move() {
    let runtime = empty();
    let body = json!({ "texts": SEA, "perplexity": 3, "pace": 1000 }).to_string();
    let headers = [("Content-Type", "application/json"), ("Accept", "text/event-stream")];
    let answer = answer(ask(http_address(&runtime), "POST /models/map/project", &headers, &body));
    let events: Vec<&str> =
        answer.body.lines().filter(|line| line.starts_with("event: ")).collect();
    assert_eq!(events.last(), Some(&"event: done"));
    let data = answer.body.lines().filter_map(|line| line.strip_prefix("data: "));
    let data: Vec<Json> = data.map(|data| serde_json::from_str(data).unwrap()).collect();
    let streamed = |name: &str| data.iter().filter(|data| data["stream"] == name).count();
    assert!(streamed("point") > 2 && streamed("frame") == streamed("point"));
    let first = data.iter().find(|data| data["stream"] == "point").unwrap();
    let first = &first["messages"][0];
    assert_eq!((&first[0], &first[1], &first[4]), (&json!(0), &json!(10), &json!(SEA[0])));
}

#[test]
fn a_text_that_was_laid_out_before_gives_the_same_map() {
    let lines: Vec<String> = (0..300).map(|n| format!("{} {n}", sentences()[n % 20])).collect();
    let map = || {
        let runtime = empty();
        let outputs = post(&runtime, "project", json!({ "texts": lines, "iterations": 60 }));
        outputs.unwrap()["points"].clone()
    };
    let first = map();
    assert_eq!(map(), first);
}

#[test]
fn odd_inputs_work_or_are_refused_in_plain_words() {
    let runtime = empty();
    let ok = |inputs: Json| post(&runtime, "project", inputs).unwrap();
    let check = |command: &str, inputs: Json, expected: &str| {
        let words = post(&runtime, command, inputs).unwrap_err();
        assert!(words.contains(expected), "{command}: {words}");
    };
    check("place", json!({ "text": "anything" }), "the map is empty");
    check("project", json!({}), "the map is empty: expected sentences");
    check("project", json!({ "texts": vec![""; 100_000] }), "no text in what was given");
    check("add", json!({ "texts": ["a line"] }), "the map is empty");
    assert_eq!(ok(json!({ "texts": ["only one"] }))["points"], json!([[0.0, 0.0]]));
    assert_eq!(ok(json!({ "texts": ["one", "two"] }))["points"].as_array().unwrap().len(), 2);
    assert_eq!(
        ok(json!({ "texts": vec!["the same"; 50] }))["points"].as_array().unwrap().len(),
        50
    );
    let vectors: Vec<Vec<f32>> =
        (0..12).map(|i| (0..512).map(|j| ((i * j) as f32).sin()).collect()).collect();
    assert_eq!(ok(json!({ "vectors": vectors }))["points"].as_array().unwrap().len(), 12);
    assert_eq!(ok(json!({ "texts": SEA, "method": "pca" }))["divergence"], 0.0);
    check("project", json!({ "texts": ["one"], "vectors": vectors }), "12 vectors for 1 sentences");
    check("project", json!({ "vectors": [[1.0, 2.0]] }), "expected 512 floats");
    check("project", json!({ "texts": SEA, "perplexity": 0 }), "perplexity");
    check(
        "project",
        json!({ "texts": SEA, "method": "isomap" }),
        "expected one of tsne, umap, pca",
    );
    assert_eq!(
        ok(json!({ "texts": SEA, "method": "umap" }))["points"].as_array().unwrap().len(),
        10
    );
    check("place", json!({}), "expected a sentence");
    check("save", json!({ "name": "../../etc/passwd" }), "can't be a file's name");
    check("load", json!({ "name": "never-saved" }), "there is no map 'never-saved' here, ");
}

#[test]
fn a_projection_can_be_cancelled_and_the_map_is_as_it_was() {
    let runtime = empty();
    post(&runtime, "project", json!({ "texts": SEA, "perplexity": 3 })).unwrap();
    let many: Vec<String> = (0..3000).map(|n| format!("Sentence {n} of many.")).collect();
    let body = json!({ "texts": many, "iterations": 10_000 }).to_string();
    let stream = ask(
        http_address(&runtime),
        "POST /models/map/project",
        &[("Content-Type", "application/json")],
        &body,
    );
    let model = runtime.engine().model("map").unwrap();
    wait_until("it is at work", || model.n_waiting() == 0);
    std::thread::sleep(std::time::Duration::from_millis(200));
    let began = Instant::now();
    // Who goes away wants it no more.
    drop(stream);
    let count = post(&runtime, "show", json!({})).unwrap()["count"].clone();
    assert_eq!(count, 10);
    assert!(began.elapsed() < PATIENCE);
}

#[test]
fn a_map_is_asked_while_another_is_laid_out() {
    let runtime = empty();
    post(&runtime, "project", json!({ "texts": sentences(), "perplexity": 5 })).unwrap();
    let place = || post(&runtime, "place", json!({ "text": SEA[3] })).unwrap();
    let before = place();
    let (asker, watcher) = (Udp::to(&runtime), Udp::to(&runtime));
    // This would take a minute.
    asker.send("/map/project/pace", vec![f(12.0)]);
    asker.send("/map/project", SEA.iter().map(|text| s(text)).collect());
    until(&asker, "/map/frame");
    assert_eq!(place(), before, "it is that of the finished map");
    let found = post(&runtime, "search", json!({ "text": BREAD[2], "k": 1 })).unwrap();
    assert_eq!(found["texts"], json!([BREAD[2]]));
    post(&runtime, "nearest", json!({ "x": 0, "y": 0 })).unwrap();
    post(&runtime, "labels", json!({})).unwrap();
    post(&runtime, "density", json!({})).unwrap();
    // A newcomer sees what is in the making.
    watcher.send("/subscribe", vec![s("/map/*")]);
    let frame = until(&watcher, "/map/frame").pop().unwrap();
    assert_eq!(frame.args[3], i(10));
    // What changes the map waits; and the runtime ends all of it.
    asker.send("/map/clear", vec![]);
    let model = runtime.engine().model("map").unwrap();
    wait_until("the change waits", || model.n_waiting() == 1);
    assert_eq!(place(), before);
}

#[test]
fn every_method_parts_what_is_unlike_and_places_what_is_new() {
    let runtime = empty();
    for method in ["tsne", "umap", "pca"] {
        let inputs = json!({
            "texts": sentences(), "method": method, "perplexity": 5, "neighbours": 6
        });
        let outputs = post(&runtime, "project", inputs).unwrap();
        let points: Vec<[f32; 2]> = serde_json::from_value(outputs["points"].clone()).unwrap();
        let mean = |to: [f32; 2], among: &[[f32; 2]]| {
            among.iter().map(|point| distance(*point, to)).sum::<f32>() / among.len() as f32
        };
        let is_of_the_sea = |point| mean(point, &points[..10]) < mean(point, &points[10..]);
        let n_right = (0..20).filter(|at| is_of_the_sea(points[*at]) == (*at < 10)).count();
        assert!(n_right >= 16, "{method}: {n_right} of 20 lie with their own");
        let place = post(&runtime, "place", json!({ "text": "A boat on the waves." })).unwrap();
        let place = [0, 1].map(|axis| place[["x", "y"][axis]].as_f64().unwrap() as f32);
        assert!(is_of_the_sea(place), "{method}: {place:?}");
        // It is known by its own rule when it comes back from a file.
        post(&runtime, "save", json!({ "name": "by-method" })).unwrap();
        post(&runtime, "load", json!({ "name": "by-method" })).unwrap();
        let again = post(&runtime, "place", json!({ "text": "A boat on the waves." })).unwrap();
        let again = [0, 1].map(|axis| again[["x", "y"][axis]].as_f64().unwrap() as f32);
        assert!(distance(again, place) < 0.02, "{method}: {again:?}, before {place:?}");
    }
}

#[test]
fn the_map_that_ships_is_there_at_once() {
    let runtime = builder("[models.map]\nkind = \"map\"\n", listen()).start().unwrap();
    runtime.wait_until_started();
    let count = post(&runtime, "show", json!({})).unwrap()["count"].as_f64().unwrap();
    assert!(count > 500.0);
    let found = post(&runtime, "search", json!({ "text": "the sea", "k": 20 })).unwrap();
    let texts: HashSet<String> = serde_json::from_value(found["texts"].clone()).unwrap();
    assert_eq!(texts.len(), 20, "no line is there twice");
    let labels = post(&runtime, "labels", json!({ "count": 5 })).unwrap();
    assert!(!labels["texts"].as_array().unwrap().is_empty());
}
