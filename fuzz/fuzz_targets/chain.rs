//! A chain: messages, new wirings and states, a line each, between which time goes by. It takes them or
//! refuses them in words, and what it saves it comes back to.

#![no_main]

use enjamb::chain::{Asker, Chain, ChainEvent, ChainParts, state};
use enjamb::engine::EngineSettings;
use enjamb::time::ManualClock;
use enjamb::{Engine, Project, Value};
use enjamb_fuzz::on_small_stack;
use std::sync::Arc;
use std::time::Duration;

/// One of every part.
const PROJECT: &str = include_str!("chain.toml");

fn check(text: &str) {
    let mut project = Project::parse(PROJECT).expect("the project is sound");
    let hosted = project.chains.remove(0);
    let clock = Arc::new(ManualClock::new());
    let chain = || {
        let engine = Arc::new(Engine::new(clock.clone(), EngineSettings::default()));
        let on_event = Arc::new(|event: ChainEvent| match event {
            ChainEvent::Error { error, .. } => assert!(!error.message().is_empty()),
            ChainEvent::Notice(words) => assert!(!words.is_empty()),
            ChainEvent::Signal(_) => {}
        });
        let (name, spec) = (hosted.name.clone(), hosted.spec.clone());
        let parts = ChainParts { name, spec, seed: 1, engine, on_event };
        Chain::without_thread(parts).expect("the chain is sound")
    };
    let under_test = chain();
    for line in text.lines().take(64) {
        // A path and its values in JSON: a number, or words.
        let (path, rest) = line.split_once(' ').unwrap_or((line, ""));
        match path {
            "state" => {
                if let Ok(state) = serde_json::from_str(rest) {
                    let _ = under_test.restore(&state);
                }
            }
            "file" => {
                let _ = state::parse(rest.replace('\u{1}', "\n").as_bytes());
            }
            path => {
                let values: Vec<Value> = match rest.trim().parse::<f64>() {
                    Ok(number) => vec![number.into()],
                    Err(_) if rest.is_empty() => Vec::new(),
                    Err(_) => rest.split('|').map(Value::from).collect(),
                };
                let _ = under_test.send(path, &values, Asker::default());
            }
        }
        clock.advance(Duration::from_millis(300));
        under_test.turn();
        under_test.turn();
    }
    let saved = under_test.save();
    let _ = chain().restore(&saved);
    assert_eq!(under_test.specification()["name"], "all");
}

libfuzzer_sys::fuzz_target!(|text: &str| {
    on_small_stack(|| check(text));
});
