//! Runs that are answered while a longer one is at work.

use super::*;

/// A model with a long run, between whose steps it tells how many there were.
struct Slow {
    gate: Receiver<()>,
    n_steps: f64,
}

impl Model for Slow {
    fn manifest(&self) -> Manifest {
        let command = |name| Command::new(name, "").output("out", number(), "");
        ["long", "tell", "draw", "panic", "change"]
            .into_iter()
            .fold(Manifest::new("slow", ""), |all, name| all.command(command(name)))
    }

    fn run(&mut self, command: &str, _: &Values, run: &mut Run) -> Result<Values, Error> {
        if command == "long" {
            while self.gate.try_recv().is_err() {
                self.n_steps += 1.0;
                run.meanwhile(Duration::from_millis(1), &mut |command, _, run| {
                    self.tell(command, run)
                })?;
            }
        }
        self.tell(command, run)
    }

    fn is_answered_meanwhile(&self, command: &str) -> bool {
        matches!(command, "tell" | "draw" | "panic")
    }
}

impl Slow {
    fn tell(&self, command: &str, run: &mut Run) -> Result<Values, Error> {
        let out = |n: f64| Ok(Values::new().with("out", n));
        match command {
            "draw" => out(f64::from(run.rng().random::<u32>())),
            "panic" => panic!("as told"),
            _ => {
                run.emit(Values::new(), 0.5)?;
                out(self.n_steps)
            }
        }
    }
}

fn slow(settings: HostSettings) -> Stage {
    let mut stage = stage(HostSettings::default());
    let (gate, waiting) = unbounded();
    let factory: Factory = Arc::new(move || Box::new(Slow { gate: waiting.clone(), n_steps: 0.0 }));
    stage.model = stage.engine.host("slow", factory, Values::new(), settings).unwrap();
    stage.gate = gate;
    stage
}

impl Stage {
    fn ask_for(&self, command: &str) -> Receiver<RunEvent> {
        self.ask(command, Values::new()).unwrap()
    }
}

/// The output of a run, after its partial one.
fn told(events: &Receiver<RunEvent>) -> f64 {
    assert!(matches!(next(events), RunEvent::Partial { progress: Some(0.5), .. }));
    done(events)
}

#[test]
fn what_may_be_is_answered_and_the_rest_waits_its_turn() {
    let stage = slow(HostSettings::default());
    let long = stage.ask_for("long");
    let change = stage.ask_for("change");
    let (first, second) = (told(&stage.ask_for("tell")), told(&stage.ask_for("tell")));
    assert!(first >= 1.0 && second >= first);
    assert!(change.try_recv().is_err() && long.try_recv().is_err());
    assert_eq!(stage.model.n_waiting(), 1);
    stage.gate.send(()).unwrap();
    assert!(told(&long) >= second && told(&change) >= second);
    assert_eq!(stage.model.counters("tell").unwrap().succeeded.load(Ordering::Relaxed), 2);
}

#[test]
fn chance_does_not_know_whether_it_was_drawn_meanwhile() {
    let [meanwhile, alone] = [true, false].map(|is_meanwhile| {
        let stage = slow(HostSettings::default());
        let long = stage.ask_for("long");
        if !is_meanwhile {
            stage.gate.send(()).unwrap();
            told(&long);
        }
        let drawn = done(&stage.ask_for("draw"));
        // A long run that is at work must not be left alone with its gate.
        let _ = stage.gate.send(());
        drawn
    });
    assert_eq!(meanwhile, alone);
}

#[test]
fn those_that_wait_behind_a_long_run_are_no_more_than_the_queue_holds() {
    let stage = slow(HostSettings { queue_capacity: 3, ..HostSettings::default() });
    let long = stage.ask_for("long");
    stage.until_taken();
    let changes = [0; 3].map(|_| stage.ask_for("change"));
    for command in ["change", "tell"] {
        let refusal = stage.ask(command, Values::new()).unwrap_err();
        assert!(
            refusal.kind() == ErrorKind::Busy && refusal.message().contains("3 runs are waiting")
        );
    }
    stage.gate.send(()).unwrap();
    told(&long);
    changes.iter().for_each(|events| assert!(told(events) >= 0.0));
}

#[test]
fn a_panic_ends_both_and_a_cancelled_one_is_not_answered() {
    let stage = slow(HostSettings::default());
    let long = stage.ask_for("long");
    let cancel = CancelToken::new();
    cancel.cancel();
    let cancelled = stage.ask_with("tell", Values::new(), None, cancel).unwrap();
    assert_eq!(next(&cancelled), RunEvent::Cancelled);
    assert!(failed(&stage.ask_for("panic")).contains("panicked: as told"));
    assert!(failed(&long).contains("panicked: as told"));
    assert_eq!(told(&stage.ask_for("tell")), 0.0, "it is a new one");
    assert_eq!(stage.model.n_restarts(), 1);
}

#[test]
fn a_long_run_that_is_cancelled_ends_while_it_waits_for_others() {
    let stage = slow(HostSettings::default());
    let cancel = CancelToken::new();
    let long = stage.ask_with("long", Values::new(), None, cancel.clone()).unwrap();
    told(&stage.ask_for("tell"));
    cancel.cancel();
    assert_eq!(next(&long), RunEvent::Cancelled);
}
