//! The engine in simulated time: queues, panics, hangs, deadlines, seeds.

use super::*;
use crate::error::{Error, ErrorKind};
use crate::model::{CancelToken, Model, Run};
use crate::signature::{Command, Manifest, Stream, number, text};
use crate::time::{ManualClock, Time};
use crate::value::Value;
use crossbeam::channel::{Receiver, Sender, bounded, unbounded};
use rand::Rng;
use std::sync::Mutex;
use std::sync::atomic::Ordering;
use std::time::Duration;

/// A model that does what it is told, and waits where the test wants it to.
struct Obedient {
    gate: Receiver<()>,
}

impl Model for Obedient {
    fn manifest(&self) -> Manifest {
        let command = |name| Command::new(name, "").output("out", number(), "");
        Manifest::new("obedient", "")
            .command(command("echo").input("in", number().min(0.0), ""))
            .command(command("wait"))
            .command(command("panic"))
            .command(command("chance"))
            .command(command("count"))
            .command(command("lie"))
            .command(Command::new("say", "").input("in", text().min(1.0), ""))
            .command(Command::new("stream", "").input("in", text(), ""))
            .stream(Stream::new("beat", "").field("at", number().step(1.0), ""))
    }

    fn run(&mut self, command: &str, inputs: &Values, run: &mut Run) -> Result<Values, Error> {
        let out = |n: f64| Ok(Values::new().with("out", n));
        match command {
            "echo" => out(inputs.number("in")),
            "wait" => {
                self.gate.recv().unwrap();
                out(0.0)
            }
            "panic" => panic!("as told"),
            "chance" => out(f64::from(run.rng().random::<u32>())),
            "count" => {
                for n in 0..3 {
                    self.gate.recv().unwrap();
                    run.emit(Values::new().with("out", n), n as f32 / 3.0)?;
                }
                out(3.0)
            }
            "stream" => {
                let beats = |stream: &str, n: f64| (stream.to_string(), vec![vec![n.into()]]);
                let (stream, messages) = match inputs.text("in") {
                    "unknown" => beats("drum", 1.0),
                    "wrong" => ("beat".into(), vec![vec!["one".into()]]),
                    "long" => ("beat".into(), vec![vec![1.0.into(), 2.0.into()]]),
                    _ => beats("beat", 1.0),
                };
                run.send(&stream, messages)?;
                Ok(Values::new())
            }
            "lie" => Ok(Values::new().with("out", "no number")),
            _ => Ok(Values::new()),
        }
    }
}

struct Stage {
    clock: Arc<ManualClock>,
    engine: Engine,
    model: Arc<Hosted>,
    gate: Sender<()>,
    notices: Arc<Mutex<Vec<String>>>,
}

fn stage(settings: HostSettings) -> Stage {
    let clock = Arc::new(ManualClock::new());
    let notices = Arc::new(Mutex::new(Vec::new()));
    let heard = Arc::clone(&notices);
    let engine = Engine::new(
        Arc::clone(&clock) as Arc<dyn Clock>,
        EngineSettings {
            seed: 7,
            on_notice: Arc::new(move |name, notice| {
                heard.lock().unwrap().push(format!("{name}: {notice}"));
            }),
            ..EngineSettings::default()
        },
    );
    let (gate, waiting) = unbounded();
    let factory: Factory = Arc::new(move || Box::new(Obedient { gate: waiting.clone() }));
    let model = engine.host("obedient", factory, Values::new(), settings).unwrap();
    Stage { clock, engine, model, gate, notices }
}

impl Stage {
    fn ask(&self, command: &str, inputs: Values) -> Result<Receiver<RunEvent>, Error> {
        self.ask_with(command, inputs, None, CancelToken::new())
    }

    fn ask_with(
        &self,
        command: &str,
        inputs: Values,
        deadline: Option<Time>,
        cancel: CancelToken,
    ) -> Result<Receiver<RunEvent>, Error> {
        let (sender, events) = bounded(16);
        let mut request = Request::new(move |event| sender.send(event).unwrap());
        request.deadline = deadline;
        request.cancel = cancel;
        self.model.submit(command, inputs, request).map(|()| events)
    }

    fn number(&self, command: &str) -> f64 {
        done(&self.ask(command, Values::new()).unwrap())
    }

    /// Waits, in real time, until the model is at work on all it was asked.
    fn until_taken(&self) {
        while self.model.n_waiting() > 0 || self.model.status() == Status::Starting {
            std::thread::yield_now();
        }
    }
}

fn next(events: &Receiver<RunEvent>) -> RunEvent {
    events.recv_timeout(Duration::from_secs(10)).expect("an event within ten seconds")
}

fn done(events: &Receiver<RunEvent>) -> f64 {
    match next(events) {
        RunEvent::Done { outputs, .. } => outputs.number("out"),
        other => panic!("expected outputs, got {other:?}"),
    }
}

fn failed(events: &Receiver<RunEvent>) -> String {
    match next(events) {
        RunEvent::Failed(error) => error.to_string(),
        other => panic!("expected a failure, got {other:?}"),
    }
}

#[test]
fn runs_come_back_in_order_with_held_values_and_latencies() {
    let stage = stage(HostSettings::default());
    stage.model.hold("echo", "in", Value::from(1.0)).unwrap();
    stage.model.hold("echo", "in", Value::from(2.0)).unwrap();
    let answers: Vec<_> = (0..20)
        .map(|n| {
            let given = if n % 2 == 0 { Values::new().with("in", n) } else { Values::new() };
            stage.ask("echo", given).unwrap()
        })
        .collect();
    for (n, events) in answers.iter().enumerate() {
        assert_eq!(done(events), if n % 2 == 0 { n as f64 } else { 2.0 });
    }
    let counters = stage.model.counters("echo").unwrap();
    assert_eq!(counters.succeeded.load(Ordering::Relaxed), 20);
    assert_eq!(counters.latency.count(), 20);
}

#[test]
fn a_full_queue_refuses_at_once() {
    let stage = stage(HostSettings { queue_capacity: 2, ..HostSettings::default() });
    let first = stage.ask("wait", Values::new()).unwrap();
    stage.until_taken();
    let waiting: Vec<_> = (0..2).map(|_| stage.ask("wait", Values::new()).unwrap()).collect();
    let refusal = stage.ask("wait", Values::new()).unwrap_err();
    assert!(refusal.kind() == ErrorKind::Busy && refusal.message().contains("2 runs are waiting"));
    for events in [first].iter().chain(&waiting) {
        stage.gate.send(()).unwrap();
        done(events);
    }
    assert_eq!(stage.model.counters("wait").unwrap().refused.load(Ordering::Relaxed), 1);
}

#[test]
fn bad_inputs_and_names_are_refused_in_plain_words() {
    let stage = stage(HostSettings::default());
    let refusals = [
        stage.ask("echo", Values::new().with("in", -1.0)),
        stage.ask("echo", Values::new().with("im", 1.0)),
        stage.ask("sing", Values::new()),
        stage.ask("say", Values::new()),
    ]
    .map(|answer| answer.unwrap_err().to_string());
    assert_eq!(refusals[0], "in: expected a number of at least 0, got -1");
    assert_eq!(refusals[1], "unknown input 'im': expected in");
    assert!(refusals[2].starts_with("obedient has no command 'sing', only echo, wait"));
    assert_eq!(refusals[3], "in is missing: expected text, not empty");
    assert!(stage.model.hold("echo", "in", Value::from("x")).is_err());
    assert!(stage.model.hold("echo", "im", Value::from(1.0)).is_err());
}

#[test]
fn a_panic_ends_its_run_and_the_model_is_made_anew() {
    let stage = stage(HostSettings::default());
    for _ in 0..3 {
        let words = failed(&stage.ask("panic", Values::new()).unwrap());
        assert!(words.contains("panicked: as told"), "{words}");
        assert_eq!(done(&stage.ask("echo", Values::new().with("in", 5.0)).unwrap()), 5.0);
    }
    assert_eq!(stage.model.n_restarts(), 3);
    assert!(stage.notices.lock().unwrap()[0].starts_with("obedient: it panicked"));
}

#[test]
fn a_hang_is_given_up_and_the_queue_goes_on() {
    let stage = stage(HostSettings { hang_after: Duration::from_secs(5), ..Default::default() });
    let hanging = stage.ask("wait", Values::new()).unwrap();
    stage.until_taken();
    let waiting = stage.ask("echo", Values::new().with("in", 1.0)).unwrap();
    stage.clock.advance(Duration::from_secs(4));
    stage.engine.supervise();
    assert!(hanging.is_empty(), "four seconds are no hang yet");
    stage.clock.advance(Duration::from_secs(1));
    stage.engine.supervise();
    assert!(failed(&hanging).contains("no sign of life for 5.0 s"));
    assert_eq!(done(&waiting), 1.0);
    // The run that was given up comes back after all: nobody hears it twice.
    stage.gate.send(()).unwrap();
    assert_eq!(done(&stage.ask("echo", Values::new().with("in", 2.0)).unwrap()), 2.0);
    assert!(hanging.is_empty());
}

#[test]
fn partial_outputs_are_signs_of_life_and_chances_to_cancel() {
    let stage = stage(HostSettings { hang_after: Duration::from_secs(5), ..Default::default() });
    let cancel = CancelToken::new();
    let events = stage.ask_with("count", Values::new(), None, cancel.clone()).unwrap();
    stage.until_taken();
    for n in 0..2 {
        stage.clock.advance(Duration::from_secs(4));
        stage.gate.send(()).unwrap();
        let partial = RunEvent::Partial {
            outputs: Values::new().with("out", f64::from(n)).into(),
            progress: Some(n as f32 / 3.0),
        };
        assert_eq!(next(&events), partial);
        stage.engine.supervise();
    }
    cancel.cancel();
    stage.gate.send(()).unwrap();
    assert_eq!(next(&events), RunEvent::Cancelled);
}

#[test]
fn a_deadline_ends_runs_in_the_queue_and_at_work() {
    let stage = stage(HostSettings::default());
    let deadline = Some(Duration::from_millis(100));
    let at_work = stage.ask_with("count", Values::new(), deadline, CancelToken::new()).unwrap();
    stage.until_taken();
    let queued = stage.ask_with("chance", Values::new(), deadline, CancelToken::new()).unwrap();
    stage.clock.advance(Duration::from_millis(101));
    stage.engine.supervise();
    assert!(failed(&queued).contains("deadline passed after 101 ms"));
    assert!(failed(&at_work).contains("deadline passed"));
    stage.gate.send(()).unwrap();
    assert_eq!(done(&stage.ask("echo", Values::new().with("in", 1.0)).unwrap()), 1.0);
}

#[test]
fn the_same_seed_draws_the_same_and_runs_differ() {
    let draws = |_| {
        let stage = stage(HostSettings::default());
        (0..4).map(|_| stage.number("chance")).collect::<Vec<_>>()
    };
    let [first, second] = [0, 1].map(draws);
    assert_eq!(first, second);
    assert_ne!(first[0], first[1]);
}

#[test]
fn outputs_that_break_the_manifest_fail_the_run() {
    let stage = stage(HostSettings::default());
    let words = failed(&stage.ask("lie", Values::new()).unwrap());
    assert!(words.contains("do not fit its manifest: out: expected number, got text"), "{words}");
}

#[test]
fn a_model_that_cannot_start_says_why_and_is_tried_again() {
    struct Moody(Arc<Mutex<u32>>);
    impl Model for Moody {
        fn manifest(&self) -> Manifest {
            Manifest::new("moody", "").command(Command::new("go", ""))
        }
        fn setup(&mut self, _: &crate::model::Setup) -> Result<(), Error> {
            let mut tries = self.0.lock().unwrap();
            *tries += 1;
            if *tries < 3 { Err("not today".into()) } else { Ok(()) }
        }
        fn run(&mut self, _: &str, _: &Values, _: &mut Run) -> Result<Values, Error> {
            Ok(Values::new())
        }
    }
    let stage = stage(HostSettings::default());
    let tries = Arc::new(Mutex::new(0));
    let factory: Factory = {
        let tries = Arc::clone(&tries);
        Arc::new(move || Box::new(Moody(Arc::clone(&tries))))
    };
    let model =
        stage.engine.host("moody", factory, Values::new(), HostSettings::default()).unwrap();
    let settled = || {
        while model.status() == Status::Starting {
            std::thread::yield_now();
        }
        model.status()
    };
    assert_eq!(settled(), Status::Failed("not today".into()));
    let refusal = model.submit("go", Values::new(), Request::new(|_| {})).unwrap_err();
    assert!(refusal.to_string().contains("moody could not start: not today"));
    stage.clock.advance(Duration::from_millis(1100));
    stage.engine.supervise();
    assert_eq!(settled(), Status::Failed("not today".into()));
    stage.clock.advance(Duration::from_millis(2100));
    stage.engine.supervise();
    assert_eq!(settled(), Status::Running);
}

#[test]
fn names_that_are_taken_or_impossible_are_refused() {
    let stage = stage(HostSettings::default());
    let (_, waiting) = bounded(0);
    let factory: Factory = Arc::new(move || Box::new(Obedient { gate: waiting.clone() }));
    for (name, expected) in [("ping", "the runtime itself"), ("a/b", "use letters")] {
        let host = stage.engine.host(name, factory.clone(), Values::new(), HostSettings::default());
        assert!(host.err().unwrap().message().contains(expected));
    }
}

#[test]
fn what_a_model_streams_is_checked_and_told() {
    let stage = stage(HostSettings::default());
    let ask = |what: &str| stage.ask("stream", Values::new().with("in", what)).unwrap();
    let events = ask("a beat");
    let messages = vec![vec![1.0.into()]];
    assert_eq!(next(&events), RunEvent::Stream { name: "beat".into(), messages: messages.into() });
    assert!(matches!(next(&events), RunEvent::Done { .. }));
    assert!(failed(&ask("unknown")).contains("'drum', which is no stream of its"));
    assert!(failed(&ask("wrong")).contains("the model's stream 'beat': at: "));
    assert!(failed(&ask("long")).contains("2 arguments on 'beat': expected 1"));
}

mod images;
mod many;
mod meanwhile;
