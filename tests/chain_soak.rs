//! The chains that ship, for long: an hour of each in simulated time, and ten real minutes of all at
//! once. Nothing is missing, nothing fails, and memory, threads and handles stay what they were.
//!
//! The verse model keeps what it has worked out for each of its sub-words, up to 64 MB. So a chain goes
//! the same way twice, and the second time must not need any more memory.
//!
//! `cargo test --release --test chain_soak -- --nocapture` tells of the hours; with
//! `--ignored --nocapture` of the ten minutes.

#![cfg(feature = "program")]

mod common;

use common::{Udp, get, holdings, http_address, listen, s};
use enjamb::Runtime;
use enjamb::chain::{Asker, Chain, ChainEvent, ChainParts};
use enjamb::project::{HostedChain, Project, SHIPPED};
use enjamb::time::{Clock, ManualClock};
use enjamb::value::Value;
use rosc::OscType;
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

const HOUR: Duration = Duration::from_secs(3600);
/// Of these an hour's first are gone through again.
const AGAIN: Duration = Duration::from_secs(1200);
/// A visitor speaks so often.
const BETWEEN_VISITORS: Duration = Duration::from_secs(20);
const MAX_GROWTH_BYTES: usize = 2 << 20;

const VISITORS: [&str; 3] = [
    "The sea is calm tonight.",
    "what are the roots that clutch",
    "Hope is the thing with feathers",
];

/// How many signals each outlet gave, and the steps that each began with.
#[derive(Default)]
struct Heard {
    steps: BTreeMap<String, Vec<u64>>,
    troubles: Vec<String>,
}

/// A chain in simulated time: its models are real, and its clock goes on when they are done.
struct Simulation {
    clock: Arc<ManualClock>,
    chain: Chain,
    heard: Arc<Mutex<Heard>>,
}

impl Simulation {
    fn new(runtime: &Runtime, clock: &Arc<ManualClock>, hosted: &HostedChain) -> Self {
        let heard = Arc::new(Mutex::new(Heard::default()));
        let told = Arc::clone(&heard);
        let on_event = Arc::new(move |said: ChainEvent| {
            let mut heard = told.lock().unwrap();
            match said {
                ChainEvent::Signal(signal) => {
                    let steps = heard.steps.entry(signal.outlet.name.clone()).or_default();
                    steps.push(signal.stamp.step);
                }
                ChainEvent::Notice(words) => heard.troubles.push(words.to_string()),
                ChainEvent::Error { error, .. } => heard.troubles.push(error.to_string()),
            }
        });
        let (name, spec) = (hosted.name.clone(), hosted.spec.clone());
        let engine = Arc::clone(runtime.engine());
        let parts = ChainParts { name, spec, seed: 2019, engine, on_event };
        let chain = Chain::without_thread(parts).expect("what ships is sound");
        Self { clock: Arc::clone(clock), chain, heard }
    }

    /// Sets out from the beginning, and goes on for so long. Answers how many visitors spoke.
    fn run(&self, length: Duration) -> usize {
        self.heard.lock().unwrap().steps.values_mut().for_each(Vec::clear);
        let takes_words = self.chain.is_inlet("say");
        let (begin, end) = (self.clock.now(), self.clock.now() + length);
        let (mut n_said, mut next_visit) = (0, begin);
        ["reset", "start"]
            .iter()
            .for_each(|action| self.chain.send(action, &[], Asker::default()).unwrap());
        while self.clock.now() < end {
            let due = self.chain.turn();
            while !self.chain.is_idle() {
                std::thread::sleep(Duration::from_micros(50));
                self.chain.turn();
            }
            let now = self.clock.now();
            if takes_words && now >= next_visit {
                let words = VISITORS[n_said % VISITORS.len()];
                self.chain.send("say", &[Value::from(words)], Asker::default()).unwrap();
                n_said += 1;
                next_visit += BETWEEN_VISITORS;
                continue;
            }
            let next = due.unwrap_or(end).min(end);
            let next = if takes_words { next.min(next_visit) } else { next };
            self.clock.advance(next.saturating_sub(now).max(Duration::from_micros(1)));
        }
        n_said
    }

    /// Nothing failed, came late or was lost, and each outlet said something at each tick.
    fn expect_all_well(&self, name: &str, n_said: usize) {
        let (chain, heard) = (&self.chain, self.heard.lock().unwrap());
        let counts: Vec<_> = heard.steps.iter().map(|(of, all)| (of, all.len())).collect();
        println!("{name}: {counts:?}");
        assert_eq!(heard.troubles, Vec::<String>::new(), "{name}");
        assert_eq!(chain.n_missed(), 0, "{name}");
        for (node, counters) in chain.counters() {
            let lost = (counters.failed, counters.late, counters.dropped);
            assert_eq!(lost, (0, 0, 0), "{name}: {node}: failed, late, dropped");
        }
        let n_ticks = chain.step() as usize + 1;
        assert!(n_ticks >= 1800, "{name}: {n_ticks} ticks in an hour");
        for (outlet, steps) in &heard.steps {
            if n_said > 0 && outlet != "walking" {
                assert_eq!(steps.len(), n_said, "{name}: {outlet}");
                continue;
            }
            // In order; a canon's later voices begin later, and a line that was just there is left out.
            let is_in_order = |pair: &[u64]| pair[1] > pair[0] || outlet == "z";
            assert!(steps.windows(2).all(is_in_order), "{name}: {outlet}");
            let n_due = n_ticks - steps[0] as usize;
            assert!(steps.len() * 100 >= n_due * 99, "{name}: {outlet}: {} {n_due}", steps.len());
        }
    }
}

#[test]
fn an_hour_of_each_chain_that_ships() {
    for (name, text) in SHIPPED {
        let mut project = Project::parse(text).expect("what ships is sound");
        let chains = std::mem::take(&mut project.chains);
        let clock = Arc::new(ManualClock::new());
        let builder = Runtime::builder().with_shipped_files().project(project).without_network();
        let runtime = builder.clock(clock.clone()).start().unwrap();
        runtime.wait_until_started();
        for hosted in &chains {
            let began = Instant::now();
            let simulation = Simulation::new(&runtime, &clock, hosted);
            let n_said = simulation.run(HOUR);
            let took = began.elapsed();
            simulation.expect_all_well(name, n_said);
            let before = holdings();
            simulation.run(AGAIN);
            let after = holdings();
            println!("{name}: an hour in {took:?}; {before:?}, {after:?}");
            assert!(after.n_threads <= before.n_threads, "{name}: {before:?}, {after:?}");
            assert!(after.n_handles <= before.n_handles, "{name}: {before:?}, {after:?}");
            let grown = after.n_bytes.saturating_sub(before.n_bytes);
            assert!(grown <= MAX_GROWTH_BYTES, "{name}: memory grew by {grown} bytes");
        }
    }
}

/// All chains that ship in one project, which share its models.
fn all_that_ships() -> Project {
    let mut all = toml::Table::new();
    for (_, text) in SHIPPED {
        let table: toml::Table = text.parse().unwrap();
        for (section, entries) in table {
            let Ok(entries) = entries.try_into::<toml::Table>() else { continue };
            let section = all.entry(section).or_insert_with(|| toml::Table::new().into());
            section.as_table_mut().unwrap().extend(entries);
        }
    }
    Project::parse(&format!("send = []\n{all}")).expect("what ships is sound")
}

#[test]
#[ignore = "takes ten minutes, and a machine that does nothing else"]
fn ten_minutes_of_all_chains_at_once() {
    let runtime = Runtime::builder()
        .with_shipped_files()
        .project(all_that_ships())
        .listen(listen())
        .start()
        .unwrap();
    runtime.wait_until_started();
    let patch = Udp::to(&runtime);
    let rates = [("voyage", 10.0), ("echo", 5.0), ("choir", 4.0), ("answer", 2.0)];
    for (chain, rate) in rates {
        patch.send("/subscribe", vec![s(&format!("/{chain}"))]);
        patch.send(&format!("/{chain}/start"), vec![]);
        patch.send(&format!("/{chain}/rate"), vec![OscType::Float(rate)]);
    }
    let (length, half) = (Duration::from_secs(600), Duration::from_secs(300));
    let (began, mut middle, mut n_said) = (Instant::now(), None, 0_u32);
    let mut steps: HashMap<String, Vec<i32>> = HashMap::new();
    while began.elapsed() < length {
        if middle.is_none() && began.elapsed() >= half {
            middle = Some(holdings());
            for (chain, _) in rates {
                patch.send(&format!("/{chain}/reset"), vec![]);
                patch.send(&format!("/{chain}/start"), vec![]);
            }
        }
        if began.elapsed() >= Duration::from_secs(2) * n_said {
            patch.send("/answer/say", vec![s(VISITORS[n_said as usize % VISITORS.len()])]);
            // A patch that only listens is forgotten after a while.
            rates.iter().for_each(|(of, _)| patch.send("/subscribe", vec![s(&format!("/{of}"))]));
            n_said += 1;
        }
        let message = patch.next();
        assert!(!message.addr.ends_with("/error"), "{message:?}");
        if let Some(OscType::Int(step)) = message.args.first() {
            steps.entry(message.addr).or_default().push(*step);
        }
    }
    let (middle, end) = (middle.expect("there was a middle"), holdings());
    println!("{middle:?}, {end:?}");
    // The voyage leaves out lines that were just there, which are many when ticks are so close.
    for (one, rate) in [
        ("/voyage/line", 9.0),
        ("/voyage/place", 9.0),
        ("/echo/line", 5.0),
        ("/echo/answer", 5.0),
        ("/choir/one", 4.0),
    ] {
        let heard = &steps[one];
        println!("{one}: {} messages", heard.len());
        // In order but for the one new beginning, and all there.
        assert!(heard.windows(2).filter(|pair| pair[1] <= pair[0]).count() <= 1, "{one}");
        assert!(heard.len() as f64 >= 0.99 * rate * length.as_secs_f64(), "{one}");
    }
    println!("/answer/place: {} for {n_said} visitors", steps["/answer/place"].len());
    assert!(steps["/answer/place"].len() + 1 >= n_said as usize);
    let chains = get(http_address(&runtime), "/chains").json();
    for chain in chains.as_array().expect("a list of chains") {
        println!("{}: step {}, {} ticks missed", chain["name"], chain["step"], chain["missed"]);
        assert_eq!(chain["missed"], 0, "{}", chain["name"]);
        for node in chain["nodes"].as_array().unwrap() {
            println!("    {}: {}", node["name"], node["counters"]);
            assert_eq!(node["counters"]["failed"], 0, "{}", node["name"]);
        }
    }
    assert!(end.n_threads <= middle.n_threads && end.n_handles <= middle.n_handles);
    let grown = end.n_bytes.saturating_sub(middle.n_bytes);
    println!("memory grew by {grown} bytes");
    // Messages come at other moments in the second half, and so some lines are others.
    assert!(grown <= 8 * MAX_GROWTH_BYTES, "memory grew by {grown} bytes");
}
