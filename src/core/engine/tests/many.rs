//! Runs that are taken together: as if alone, but for the time.

use super::*;

/// A model that takes four at once. It tells how many it got, and draws a number for each.
struct Choir {
    gate: Receiver<()>,
    batches: Arc<Mutex<Vec<usize>>>,
}

impl Model for Choir {
    fn manifest(&self) -> Manifest {
        let command = |name| Command::new(name, "").output("out", number(), "");
        Manifest::new("choir", "")
            .command(command("sing").input("in", number(), ""))
            .command(command("hum").input("in", number(), ""))
            .command(command("wait"))
    }

    fn run(&mut self, command: &str, inputs: &Values, run: &mut Run) -> Result<Values, Error> {
        if command == "wait" {
            self.gate.recv().unwrap();
            return Ok(Values::new().with("out", 0.0));
        }
        self.batches.lock().unwrap().push(1);
        sing(inputs, run)
    }

    fn most_at_once(&self, command: &str) -> usize {
        if command == "sing" { 4 } else { 1 }
    }

    fn run_many(
        &mut self,
        command: &str,
        runs: &mut [(&Values, Run)],
    ) -> Vec<Result<Values, Error>> {
        assert_eq!(command, "sing");
        self.batches.lock().unwrap().push(runs.len());
        if runs.iter().any(|(inputs, _)| inputs.number("in") == HANG) {
            self.gate.recv().unwrap();
        }
        runs.iter_mut().map(|(inputs, run)| sing(inputs, run)).collect()
    }
}

const PANIC: f64 = -1.0;
const FAIL: f64 = -2.0;
const HANG: f64 = -3.0;

fn sing(inputs: &Values, run: &mut Run) -> Result<Values, Error> {
    let (given, drawn) = (inputs.number("in"), run.rng().random::<u32>());
    run.check()?;
    assert!(given != PANIC, "as told");
    if given == FAIL {
        return Err("as told".into());
    }
    run.emit(Values::new().with("out", given), 0.5)?;
    Ok(Values::new().with("out", given + f64::from(drawn)))
}

struct Hall {
    stage: Stage,
    batches: Arc<Mutex<Vec<usize>>>,
}

fn hall(settings: HostSettings) -> Hall {
    let mut stage = stage(HostSettings::default());
    let batches = Arc::new(Mutex::new(Vec::new()));
    let (gate, waiting) = unbounded();
    let factory: Factory = {
        let batches = Arc::clone(&batches);
        Arc::new(move || Box::new(Choir { gate: waiting.clone(), batches: Arc::clone(&batches) }))
    };
    stage.model = stage.engine.host("choir", factory, Values::new(), settings).unwrap();
    stage.gate = gate;
    Hall { stage, batches }
}

impl Hall {
    /// Asks for all of it while the model is at work, and then lets it go on.
    fn ask_behind(&self, asks: &[(&str, f64)]) -> Vec<(Receiver<RunEvent>, CancelToken)> {
        let first = self.stage.ask("wait", Values::new()).unwrap();
        self.stage.until_taken();
        let ask = |&(command, given): &(&str, f64)| {
            let (inputs, cancel) = (Values::new().with("in", given), CancelToken::new());
            let events = self.stage.ask_with(command, inputs, None, cancel.clone()).unwrap();
            (events, cancel)
        };
        let asked = asks.iter().map(ask).collect();
        self.stage.gate.send(()).unwrap();
        done(&first);
        asked
    }

    fn batches(&self) -> Vec<usize> {
        std::mem::take(&mut self.batches.lock().unwrap())
    }
}

/// The output of a run, after its partial one.
fn sung(events: &Receiver<RunEvent>) -> f64 {
    assert!(matches!(next(events), RunEvent::Partial { progress: Some(0.5), .. }));
    done(events)
}

#[test]
fn neighbours_of_one_command_go_together_in_order_with_their_own_chance() {
    let asks: Vec<(&str, f64)> = [3, 1, 6]
        .iter()
        .zip(["sing", "hum", "sing"])
        .flat_map(|(n, command)| (0..*n).map(move |i| (command, f64::from(i))))
        .collect();
    let hall = hall(HostSettings::default());
    let together: Vec<f64> =
        hall.ask_behind(&asks).iter().map(|(events, _)| sung(events)).collect();
    assert_eq!(hall.batches(), [3, 1, 4, 2]);
    let counters = hall.stage.model.counters("sing").unwrap();
    assert_eq!(counters.succeeded.load(Ordering::Relaxed), 9);
    assert_eq!(counters.run_time.count(), 9);
    let alone = self::hall(HostSettings::default());
    alone.ask_behind(&[]);
    for ((command, given), together) in asks.iter().zip(together) {
        let events = alone.stage.ask(command, Values::new().with("in", *given)).unwrap();
        assert_eq!(sung(&events), together);
    }
}

#[test]
fn one_that_fails_or_is_cancelled_costs_itself_alone() {
    let hall = hall(HostSettings::default());
    let first = hall.stage.ask("wait", Values::new()).unwrap();
    hall.stage.until_taken();
    let cancel = CancelToken::new();
    let ask = |given: f64, cancel: CancelToken| {
        hall.stage.ask_with("sing", Values::new().with("in", given), None, cancel).unwrap()
    };
    let [good, bad, last] = [1.0, FAIL, 2.0].map(|given| ask(given, CancelToken::new()));
    let cancelled = ask(3.0, cancel.clone());
    cancel.cancel();
    hall.stage.gate.send(()).unwrap();
    done(&first);
    assert!(sung(&good) >= 1.0 && sung(&last) >= 2.0);
    assert_eq!(failed(&bad), "as told");
    assert_eq!(next(&cancelled), RunEvent::Cancelled);
    assert_eq!(hall.batches(), [3]);
}

#[test]
fn one_that_panics_costs_itself_alone() {
    let hall = hall(HostSettings::default());
    let asked = hall.ask_behind(&[("sing", 1.0), ("sing", PANIC), ("sing", 2.0), ("hum", 3.0)]);
    assert!(matches!(next(&asked[0].0), RunEvent::Partial { .. }), "before the panic of another");
    assert!(sung(&asked[0].0) >= 1.0 && sung(&asked[2].0) >= 2.0 && sung(&asked[3].0) >= 3.0);
    assert!(failed(&asked[1].0).contains("panicked: as told"));
    assert_eq!(hall.batches(), [3, 1, 1, 1, 1]);
    assert_eq!(hall.stage.model.n_restarts(), 2);
    assert_eq!(hall.stage.model.n_waiting(), 0);
}

#[test]
fn those_that_hang_together_are_given_up_together_and_the_rest_goes_on() {
    let hall = hall(HostSettings { hang_after: Duration::from_secs(5), ..Default::default() });
    let asked = hall.ask_behind(&[("sing", 1.0), ("sing", HANG), ("hum", 2.0)]);
    while hall.batches.lock().unwrap().is_empty() {
        std::thread::yield_now();
    }
    hall.stage.clock.advance(Duration::from_secs(5));
    hall.stage.engine.supervise();
    for (events, cancel) in &asked[..2] {
        assert!(failed(events).contains("no sign of life"));
        assert!(cancel.is_cancelled());
    }
    assert!(sung(&asked[2].0) >= 2.0);
    hall.stage.gate.send(()).unwrap();
}

#[test]
fn runs_that_wait_aside_are_answered_when_the_model_is_taken_off() {
    let hall = hall(HostSettings::default());
    let asked = hall.ask_behind(&[("sing", 1.0), ("sing", HANG), ("hum", 2.0), ("sing", 3.0)]);
    while hall.batches.lock().unwrap().is_empty() {
        std::thread::yield_now();
    }
    let Hall { stage: Stage { engine, model, gate, .. }, .. } = hall;
    engine.unhost("choir");
    drop(model);
    gate.send(()).unwrap();
    for (events, _) in &asked[..2] {
        assert_eq!(next(events), RunEvent::Cancelled);
    }
    for (events, _) in &asked[2..] {
        assert!(failed(events).contains("taken off"));
    }
}
