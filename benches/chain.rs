//! The chain engine alone: steps a second of chains of 1, 10 and 100 trivial nodes, beside a loop that is
//! written by hand over crossbeam channels; and what it adds to a model's step.
//!
//! `cargo bench --bench chain`

use crossbeam::channel;
use enjamb::Engine;
use enjamb::chain::spec::{NodeSpec, OutletSpec, Pace, Spec};
use enjamb::chain::{Chain, ChainEvent, ChainParts};
use enjamb::engine::{EngineSettings, HostSettings, Request, RunEvent};
use enjamb::model::{Error, Model, Run};
use enjamb::signature::{Command, Manifest, Values, number};
use enjamb::time::{ManualClock, SystemClock};
use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

fn main() {
    println!(
        "steps of trivial nodes (each scales a number), and beside them threads with channels"
    );
    for n_nodes in [1, 10, 100] {
        let (chain, channels) = (chain_steps(n_nodes), channel_steps(n_nodes));
        println!(
            "{n_nodes:>4} nodes: chain {:.0} steps/s, {:.2} us a node; channels {:.0} steps/s; ratio {:.1}",
            chain,
            1e6 / chain / n_nodes as f64,
            channels,
            chain / channels
        );
    }
    let (direct, chained) = model_steps();
    println!(
        "a model's run: asked directly {direct:.2} us, in a loop of a chain {chained:.2} us a step"
    );
    println!("the chain adds {:.2} us", chained - direct);
}

fn node(name: String, run: &str) -> NodeSpec {
    NodeSpec { name, run: run.into(), ..NodeSpec::default() }
}

fn row(n_nodes: usize, run: &str) -> Spec {
    let name = |index: usize| format!("n{index}");
    let mut nodes = vec![node("beat".into(), "clock")];
    let mut wires = vec!["beat.count -> n0.in".parse().unwrap()];
    for index in 0..n_nodes {
        nodes.push(node(name(index), run));
        if index > 0 {
            wires.push(format!("{}.out -> {}.in", name(index - 1), name(index)).parse().unwrap());
        }
    }
    let from = vec![format!("{}.out", name(n_nodes - 1)).parse().unwrap()];
    let outlet =
        OutletSpec { name: "out".into(), from, address: None, on_request: false, has_step: true };
    let pace = Pace::Rate(1000.0);
    Spec { nodes, wires, outlets: vec![outlet], pace, starts: true, ..Spec::default() }
}

fn chain_steps(n_nodes: usize) -> f64 {
    let clock = Arc::new(ManualClock::new());
    let engine = Arc::new(Engine::new(clock.clone(), EngineSettings::default()));
    let on_event = Arc::new(|said: ChainEvent| {
        if let ChainEvent::Signal(signal) = said {
            black_box(&signal.values);
        }
    });
    let parts = ChainParts {
        name: "row".into(),
        spec: row(n_nodes, "adapt/scale"),
        seed: 1,
        engine,
        on_event,
    };
    let chain = Chain::without_thread(parts).unwrap();
    let n_steps = 2_000_000 / n_nodes.max(4);
    let began = Instant::now();
    for _ in 0..n_steps {
        clock.advance(Duration::from_millis(1));
        chain.turn();
    }
    n_steps as f64 / began.elapsed().as_secs_f64()
}

/// A thread a node, joined by channels, as one would write a pipeline by hand.
fn channel_steps(n_nodes: usize) -> f64 {
    let (first, mut from) = channel::bounded::<f64>(64);
    let mut threads = Vec::new();
    for _ in 0..n_nodes {
        let (to, next) = channel::bounded::<f64>(64);
        threads.push(std::thread::spawn(move || {
            for x in from {
                if to.send(black_box(x * 1.0 + 0.0)).is_err() {
                    return;
                }
            }
        }));
        from = next;
    }
    let n_steps = 200_000 / n_nodes.max(4);
    let began = Instant::now();
    let feeder =
        std::thread::spawn(move || (0..n_steps).for_each(|n| first.send(n as f64).unwrap()));
    assert_eq!(from.iter().count(), n_steps);
    let rate = n_steps as f64 / began.elapsed().as_secs_f64();
    feeder.join().unwrap();
    threads.into_iter().for_each(|thread| thread.join().unwrap());
    rate
}

struct Inc;

impl Model for Inc {
    fn manifest(&self) -> Manifest {
        Manifest::new("m", "").command(Command::new("inc", "").input("in", number(), "").output(
            "out",
            number(),
            "",
        ))
    }

    fn run(&mut self, _: &str, inputs: &Values, _: &mut Run) -> Result<Values, Error> {
        Ok(Values::new().with("out", inputs.number("in") + 1.0))
    }
}

/// Microseconds of a run that is asked for and waited for, and of a step of a loop through the model.
fn model_steps() -> (f64, f64) {
    const N: usize = 20_000;
    let engine = Arc::new(Engine::new(Arc::new(SystemClock::start()), EngineSettings::default()));
    engine.host("m", Arc::new(|| Box::new(Inc)), Values::new(), HostSettings::default()).unwrap();
    let model = engine.model("m").unwrap();
    let (done, answers) = channel::bounded(1);
    let began = Instant::now();
    for n in 0..N {
        let done = done.clone();
        let request = Request::new(move |event| {
            if let RunEvent::Done { outputs, .. } = event {
                let _ = done.send(outputs);
            }
        });
        model.submit("inc", Values::new().with("in", n as f64), request).unwrap();
        black_box(answers.recv().unwrap());
    }
    let direct = began.elapsed().as_secs_f64() * 1e6 / N as f64;
    let (ticked, ticks) = channel::bounded(64);
    let on_event = Arc::new(move |_: ChainEvent| {
        let _ = ticked.send(());
    });
    let mut spec = row(1, "m/inc");
    spec.nodes.remove(0);
    spec.wires = vec!["n0.out -> n0.in".parse().unwrap()];
    spec.wires[0].first = Some(0.into());
    spec.pace = Pace::Free;
    let parts = ChainParts { name: "loop".into(), spec, seed: 1, engine, on_event };
    let chain = Chain::start(parts).unwrap();
    ticks.recv().unwrap();
    let began = Instant::now();
    (0..N).for_each(|_| ticks.recv().unwrap());
    let chained = began.elapsed().as_secs_f64() * 1e6 / N as f64;
    drop(ticks);
    drop(chain);
    (direct, chained)
}
