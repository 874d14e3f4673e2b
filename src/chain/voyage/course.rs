//! The course: what a voyage does and when, without threads, clocks or a model. It is told the time
//! and what came of its errands, and answers with effects.

use crate::chain::inputs::{CONTROLS, input};
use crate::chain::{Complain, Signal};
use crate::model::CancelToken;
use crate::model::walk::{DIMENSIONS, Mode, Walk};
use crate::signature::Values;
use crate::time::Time;
use crate::value::Value;
use std::collections::VecDeque;
use std::time::Duration;

/// Steps of the walk, and so updates of z, a second.
pub const STEPS_A_SECOND: u64 = 60;
/// Whoever is later than this, since the computer slept or was busy, goes on from now.
const MAX_LATE: Duration = Duration::from_millis(500);
/// A single step of a slow rate moves on by this many seconds at most.
const MAX_STEP_SECONDS: f64 = 10.0;
/// Lines that are not said again.
const MAX_RECENT: usize = 64;
/// How often in a row another line is tried when the model says what was just said.
const MAX_TRIES: u32 = 3;
/// The same error is not told again within this time.
const BETWEEN_ERRORS: Duration = Duration::from_secs(10);

/// Something to be done for the course.
pub enum Effect {
    Signal(Signal),
    Complain(Complain, String),
    Run(Errand),
}

/// A run that the model is asked for.
pub struct Errand {
    pub id: u64,
    pub model: String,
    pub command: &'static str,
    pub inputs: Values,
    pub seed: Option<u64>,
    pub cancel: CancelToken,
}

/// What the errand under way is for.
enum Purpose {
    Line { step: u64 },
    Visit { line: String, complain: Option<Complain> },
    Target,
}

struct Flight {
    id: u64,
    purpose: Purpose,
    cancel: CancelToken,
}

/// Lines on their way to becoming targets.
struct Targets {
    lines: Vec<String>,
    found: Vec<[f32; DIMENSIONS]>,
    complain: Option<Complain>,
}

/// When the walk and the lines are due while it runs.
struct Timetable {
    began: Time,
    n_steps: u64,
    next_line: Option<Time>,
}

impl Timetable {
    fn next_step(&self) -> Time {
        self.began + Duration::from_nanos(self.n_steps * 1_000_000_000 / STEPS_A_SECOND)
    }
}

/// A line on its way to the map.
struct Placing {
    id: u64,
    step: u64,
    cancel: CancelToken,
}

/// See the module.
pub struct Course {
    model: String,
    /// The model that gives lines their places; none if it is empty.
    map: String,
    /// Values of the inputs that keep one, by path.
    values: Values,
    walk: Walk,
    step: u64,
    /// Lines asked for at this step.
    n_asked: u64,
    running: Option<Timetable>,
    last_line_at: Option<Time>,
    is_ticked: bool,
    /// Steps asked for while it stands.
    n_single: u32,
    wants_line: bool,
    has_moved: bool,
    n_tries: u32,
    visit: Option<(String, Option<Complain>)>,
    targets: Option<Targets>,
    flight: Option<Flight>,
    outcome: Option<Result<Values, String>>,
    n_flights: u64,
    recent: VecDeque<String>,
    line: Option<(u64, String)>,
    /// The newest line, until it is asked where it lies.
    unplaced: Option<(u64, String)>,
    placing: Option<Placing>,
    placed: Option<Result<Values, String>>,
    place: Option<(u64, [f32; 2])>,
    last_error: Option<(Time, String)>,
    /// What is to be told at the next turn.
    hint: Option<(String, Option<Complain>)>,
}

impl Course {
    pub fn new(model: String, map: String, seed: u64) -> Self {
        let seed = seed % (1 << 31);
        let mut values = Values::new();
        for path in CONTROLS {
            let field = input(path).and_then(|input| input.field.as_ref());
            if let Some(value) = field.and_then(|field| field.data_type.default_value()) {
                values.set(path, value);
            }
        }
        values.set("walk/seed", seed as f64);
        let mut walk = Walk::new(seed);
        walk.set_speed(values.number("walk/speed"));
        Self {
            model,
            map,
            values,
            walk,
            step: 0,
            n_asked: 0,
            running: None,
            last_line_at: None,
            is_ticked: false,
            n_single: 0,
            wants_line: false,
            has_moved: false,
            n_tries: 0,
            visit: None,
            targets: None,
            flight: None,
            outcome: None,
            n_flights: 0,
            recent: VecDeque::with_capacity(MAX_RECENT),
            line: None,
            unplaced: None,
            placing: None,
            placed: None,
            place: None,
            last_error: None,
            hint: None,
        }
    }

    pub fn model(&self) -> &str {
        &self.model
    }

    pub fn map(&self) -> &str {
        &self.map
    }

    pub fn set_models(&mut self, model: &str, map: &str) {
        (self.model, self.map) = (model.into(), map.into());
    }

    pub fn is_running(&self) -> bool {
        self.running.is_some()
    }

    pub fn value(&self, path: &str) -> Option<Value> {
        match path {
            "line" => self.line.as_ref().map(|(_, line)| line.as_str().into()),
            "place" => self.place.map(|(_, place)| place.to_vec().into()),
            "z" => Some(self.walk.position().to_vec().into()),
            "error" => self.last_error.as_ref().map(|(_, words)| words.as_str().into()),
            path => self.values.get(path).cloned(),
        }
    }

    pub fn step_of(&self, path: &str) -> i32 {
        let step = match path {
            "line" => self.line.as_ref().map_or(0, |(step, _)| *step),
            "place" => self.place.map_or(0, |(step, _)| step),
            _ => self.step,
        };
        as_int(step)
    }

    /// Makes something happen: an input without a value.
    pub fn trigger(&mut self, path: &str, now: Time) {
        match path {
            "start" => {
                self.is_ticked = false;
                let began = now + Duration::from_nanos(1_000_000_000 / STEPS_A_SECOND);
                let is_new = self.running.is_none();
                let table = Timetable { began, n_steps: 0, next_line: None };
                self.running.get_or_insert(table);
                self.has_moved |= is_new;
                self.plan_lines(now, is_new);
            }
            "stop" => {
                self.running = None;
                self.is_ticked = false;
                self.drop_line();
            }
            "step" if self.running.is_none() => self.n_single = (self.n_single + 1).min(64),
            "step" => self.wants_line = true,
            "tick" => {
                if let Some(table) = &mut self.running {
                    table.next_line = None;
                    (self.is_ticked, self.wants_line, self.n_tries) = (true, true, 0);
                }
            }
            _ => {
                self.walk.reset();
                (self.step, self.n_asked, self.n_single) = (0, 0, 0);
                self.recent.clear();
                self.drop_line();
                self.drop_place();
                self.has_moved = true;
                if !self.is_ticked {
                    self.plan_lines(now, true);
                }
            }
        }
    }

    /// Takes a value, which was checked. The newest wins.
    pub fn set(&mut self, path: &str, value: Value, complain: Option<Complain>, now: Time) {
        let values = Values::new().with(path, value.clone());
        match path {
            "rate" => {
                self.values.set(path, value);
                self.is_ticked = false;
                return self.plan_lines(now, false);
            }
            "walk/mode" => {
                // A visit that is still to begin is one that it no longer wants.
                self.visit = None;
                self.call_off(|purpose| matches!(purpose, Purpose::Visit { .. }));
                let mode = Mode::find(values.text(path)).unwrap_or(Mode::Still);
                self.walk.set_mode(mode);
                if mode == Mode::Line && self.walk.n_targets() == 0 && self.targets.is_none() {
                    let words = "the mode line needs targets: send them to walk/targets";
                    self.hint = Some((words.into(), complain));
                }
            }
            "walk/speed" => self.walk.set_speed(values.number(path)),
            "walk/radius" => self.walk.set_radius(values.number(path)),
            "walk/seed" => self.walk.set_seed(values.number(path) as u64),
            "walk/round" => self.walk.set_round(values.boolean(path)),
            "walk/to" => {
                self.call_off(|purpose| matches!(purpose, Purpose::Visit { .. }));
                self.visit = Some((values.text(path).into(), complain));
            }
            "walk/targets" => {
                let lines = values.array(path).iter().filter_map(Value::as_text);
                let lines: Vec<String> = lines.map(String::from).collect();
                self.call_off(|purpose| matches!(purpose, Purpose::Target));
                self.targets = Some(Targets { lines, found: Vec::new(), complain });
            }
            // The others are read where they are needed.
            _ => {}
        }
        self.values.set(path, value);
    }

    /// Takes what came of an errand.
    pub fn answer(&mut self, id: u64, outcome: Result<Values, String>) {
        if self.flight.as_ref().is_some_and(|flight| flight.id == id) {
            self.outcome = Some(outcome);
        } else if self.placing.as_ref().is_some_and(|placing| placing.id == id) {
            self.placed = Some(outcome);
        }
    }

    /// Cancels whatever is under way, for good.
    pub fn abandon(&mut self) {
        self.running = None;
        self.call_off(|_| true);
        self.drop_place();
    }

    /// Does what is due by now. Answers when something is due next.
    pub fn turn(&mut self, now: Time, effects: &mut Vec<Effect>) -> Option<Time> {
        if let Some(outcome) = self.outcome.take()
            && let Some(flight) = self.flight.take()
        {
            self.land(flight.purpose, outcome, now, effects);
        }
        if let Some(outcome) = self.placed.take()
            && let Some(placing) = self.placing.take()
        {
            self.put(placing.step, outcome, now, effects);
        }
        if let Some((words, complain)) = self.hint.take() {
            self.tell_error(words, complain, now, effects);
        }
        self.move_on(now);
        if std::mem::take(&mut self.has_moved) {
            let value = self.walk.position().to_vec().into();
            let step = Some(as_int(self.step));
            effects.push(Effect::Signal(Signal { path: "z", step, value, on_request: true }));
        }
        if self.flight.is_none() {
            effects.extend(self.next_errand().map(Effect::Run));
        }
        if self.placing.is_none()
            && let Some((step, line)) = self.unplaced.take()
        {
            effects.push(Effect::Run(self.ask_for_place(step, &line)));
        }
        let table = self.running.as_ref()?;
        Some(table.next_line.map_or(table.next_step(), |line| line.min(table.next_step())))
    }

    /// Steps and lines, in the order in which they are due.
    fn move_on(&mut self, now: Time) {
        while self.n_single > 0 {
            self.n_single -= 1;
            let seconds = self.period().map_or(1.0, |period| period.as_secs_f64());
            let n_steps = seconds.min(MAX_STEP_SECONDS) * STEPS_A_SECOND as f64;
            (0..(n_steps.round() as u64).max(1)).for_each(|_| self.make_step());
            self.wants_line = true;
        }
        let period = self.period();
        while let Some(table) = &mut self.running {
            let step_due = table.next_step();
            if now.saturating_sub(step_due) > MAX_LATE {
                (table.began, table.n_steps) = (now, 0);
                continue;
            }
            match table.next_line {
                Some(line_due) if line_due < step_due && line_due <= now => {
                    // Lines that are late are one line: the newest.
                    let next = period.map(|period| line_due + period);
                    table.next_line = match (next, period) {
                        (Some(next), Some(period)) if next <= now => Some(now + period),
                        (next, _) => next,
                    };
                    self.wants_line = true;
                    self.n_tries = 0;
                    self.last_line_at = Some(line_due);
                }
                _ if step_due <= now => {
                    table.n_steps += 1;
                    self.make_step();
                }
                _ => return,
            }
        }
    }

    fn make_step(&mut self) {
        self.walk.advance(1.0 / STEPS_A_SECOND as f64);
        self.step += 1;
        self.n_asked = 0;
        self.has_moved = true;
    }

    /// The time between two lines, if they come by themselves.
    fn period(&self) -> Option<Duration> {
        let rate = self.values.number("rate");
        (rate > 0.0).then(|| Duration::try_from_secs_f64(1.0 / rate).unwrap_or(Duration::MAX / 4))
    }

    fn plan_lines(&mut self, now: Time, at_once: bool) {
        let (period, last) = (self.period(), self.last_line_at);
        if let Some(table) = &mut self.running {
            table.next_line = period.map(|period| match last {
                Some(last) if !at_once => last.saturating_add(period).max(now),
                _ => now,
            });
        }
    }

    /// Forgets the line that was asked for, wherever it is.
    fn drop_line(&mut self) {
        (self.wants_line, self.n_tries, self.n_single) = (false, 0, 0);
        self.call_off(|purpose| matches!(purpose, Purpose::Line { .. }));
    }

    fn drop_place(&mut self) {
        (self.unplaced, self.placed) = (None, None);
        if let Some(placing) = self.placing.take() {
            placing.cancel.cancel();
        }
    }

    fn call_off(&mut self, is_meant: impl Fn(&Purpose) -> bool) {
        if let Some(flight) = self.flight.take_if(|flight| is_meant(&flight.purpose)) {
            flight.cancel.cancel();
            self.outcome = None;
        }
    }

    /// The next run: what was asked for by people goes before lines.
    fn next_errand(&mut self) -> Option<Errand> {
        if let Some((line, complain)) = self.visit.take() {
            let inputs = Values::new().with("text", line.as_str());
            return Some(self.depart("encode", inputs, None, Purpose::Visit { line, complain }));
        }
        if let Some(targets) = &self.targets {
            if let Some(line) = targets.lines.get(targets.found.len()) {
                let inputs = Values::new().with("text", line.as_str());
                return Some(self.depart("encode", inputs, None, Purpose::Target));
            }
            self.walk.set_targets(&targets.found);
            self.targets = None;
        }
        if !std::mem::take(&mut self.wants_line) {
            return None;
        }
        let temperature = self.values.number("poetry/temperature");
        let z = self.walk.position().to_vec();
        let inputs = Values::new().with("z", z).with("temperature", temperature);
        let seed = Some(line_seed(self.walk.seed(), self.step, self.n_asked));
        self.n_asked += 1;
        Some(self.depart("generate", inputs, seed, Purpose::Line { step: self.step }))
    }

    fn depart(
        &mut self,
        command: &'static str,
        inputs: Values,
        seed: Option<u64>,
        purpose: Purpose,
    ) -> Errand {
        let (id, cancel) = (self.n_flights, CancelToken::new());
        self.n_flights += 1;
        self.flight = Some(Flight { id, purpose, cancel: cancel.clone() });
        Errand { id, model: self.model.clone(), command, inputs, seed, cancel }
    }

    /// Asks the map where a line lies: beside the runs of the verse model, so that a map that is slow
    /// to answer keeps no line waiting.
    fn ask_for_place(&mut self, step: u64, line: &str) -> Errand {
        let (id, cancel) = (self.n_flights, CancelToken::new());
        self.n_flights += 1;
        self.placing = Some(Placing { id, step, cancel: cancel.clone() });
        let inputs = Values::new().with("text", line);
        Errand { id, model: self.map.clone(), command: "place", inputs, seed: None, cancel }
    }

    fn put(
        &mut self,
        step: u64,
        outcome: Result<Values, String>,
        now: Time,
        effects: &mut Vec<Effect>,
    ) {
        match outcome.and_then(|outputs| place_of(&outputs)) {
            Ok(place) => {
                self.place = Some((step, place));
                let (value, step) = (place.to_vec().into(), Some(as_int(step)));
                let signal = Signal { path: "place", step, value, on_request: false };
                effects.push(Effect::Signal(signal));
            }
            Err(words) => {
                let words = format!("a line has no place on the map: {words}");
                self.tell_error(words, None, now, effects);
            }
        }
    }

    fn land(
        &mut self,
        purpose: Purpose,
        outcome: Result<Values, String>,
        now: Time,
        effects: &mut Vec<Effect>,
    ) {
        match purpose {
            Purpose::Line { step } => match outcome.and_then(|outputs| line_of(&outputs)) {
                Ok(line) => self.say(step, line, effects),
                Err(words) => self.tell_error(words, None, now, effects),
            },
            Purpose::Visit { line, complain } => {
                match outcome.and_then(|outputs| mean_of(&outputs)) {
                    Ok(z) => self.walk.travel_to(&z),
                    Err(words) => {
                        let words = format!("no way to the line '{}': {words}", short(&line));
                        self.tell_error(words, complain, now, effects);
                    }
                }
            }
            Purpose::Target => {
                let Some(targets) = &mut self.targets else { return };
                match outcome.and_then(|outputs| mean_of(&outputs)) {
                    Ok(z) => targets.found.push(z),
                    Err(words) => {
                        let line = targets.lines.get(targets.found.len());
                        let line = short(line.map_or("", String::as_str));
                        let words = format!("no way to the target '{line}': {words}");
                        let complain = targets.complain.take();
                        self.targets = None;
                        self.tell_error(words, complain, now, effects);
                    }
                }
            }
        }
    }

    fn say(&mut self, step: u64, line: String, effects: &mut Vec<Effect>) {
        if !self.values.boolean("repeat") && self.recent.contains(&line) {
            self.n_tries += 1;
            self.wants_line |= self.n_tries < MAX_TRIES;
            return;
        }
        self.n_tries = 0;
        self.recent.truncate(MAX_RECENT - 1);
        self.recent.push_front(line.clone());
        let value = line.as_str().into();
        let step_sent = Some(as_int(step));
        effects.push(Effect::Signal(Signal {
            path: "line",
            step: step_sent,
            value,
            on_request: false,
        }));
        if !self.map.is_empty() {
            self.unplaced = Some((step, line.clone()));
        }
        self.line = Some((step, line));
    }

    /// Tells whoever asked at once, and everyone if it is news.
    fn tell_error(
        &mut self,
        words: String,
        complain: Option<Complain>,
        now: Time,
        effects: &mut Vec<Effect>,
    ) {
        if let Some(complain) = complain {
            effects.push(Effect::Complain(complain, words.clone()));
        }
        let is_news = self
            .last_error
            .as_ref()
            .is_none_or(|(at, last)| *last != words || now.saturating_sub(*at) >= BETWEEN_ERRORS);
        if is_news {
            let value = words.as_str().into();
            let signal = Signal { path: "error", step: None, value, on_request: false };
            effects.push(Effect::Signal(signal));
            self.last_error = Some((now, words));
        }
    }
}

/// A step as an OSC int; it begins again at 0 after more than a year.
fn as_int(step: u64) -> i32 {
    (step % (1 << 31)) as i32
}

/// The seed of a line: that of the walk, the step, and how many lines were read there before.
fn line_seed(seed: u64, step: u64, n_before: u64) -> u64 {
    // The increments of SplitMix64, kept apart; the generator that is seeded by it does the rest.
    seed.wrapping_mul(0xbf58_476d_1ce4_e5b9)
        ^ step.wrapping_mul(0x9e37_79b9_7f4a_7c15)
        ^ n_before.wrapping_mul(0x94d0_49bb_1331_11eb)
}

fn line_of(outputs: &Values) -> Result<String, String> {
    let line = outputs.get("out").and_then(Value::as_text);
    line.map(String::from).ok_or_else(|| "expected a text 'out' from the model's generate".into())
}

fn place_of(outputs: &Values) -> Result<[f32; 2], String> {
    let number = |name| outputs.get(name).and_then(Value::as_number);
    match (number("x"), number("y")) {
        (Some(x), Some(y)) => Ok([x as f32, y as f32]),
        _ => Err("expected the numbers 'x' and 'y' from the map's place".into()),
    }
}

fn mean_of(outputs: &Values) -> Result<[f32; DIMENSIONS], String> {
    let mean = outputs.get("mean").and_then(Value::as_vector);
    mean.and_then(|mean| mean.try_into().ok()).ok_or_else(|| {
        format!("expected a vector 'mean' of {DIMENSIONS} floats from the model's encode")
    })
}

fn short(line: &str) -> String {
    const MAX_SHOWN: usize = 60;
    match line.chars().count() > MAX_SHOWN {
        true => format!("{}...", line.chars().take(MAX_SHOWN).collect::<String>()),
        false => line.to_string(),
    }
}
