//! The course in simulated time, with the test in the model's place.

use super::course::{Course, Effect, Errand};
use crate::chain::Complain;
use crate::model::walk::DIMENSIONS;
use crate::signature::Values;
use crate::time::Time;
use crate::value::Value;
use std::sync::{Arc, Mutex};
use std::time::Duration;

const MILLISECOND: Duration = Duration::from_millis(1);

/// A course, the time, and what came of it.
struct Play {
    course: Course,
    now: Time,
    /// The run that the model has and has not answered.
    errand: Option<Errand>,
    /// The same of the map.
    placing: Option<Errand>,
    places: Vec<(i32, Vec<f32>)>,
    zs: Vec<(i32, Vec<f32>)>,
    lines: Vec<(i32, String)>,
    errors: Vec<String>,
}

impl Play {
    fn new() -> Self {
        Self::with_map("")
    }

    fn with_map(map: &str) -> Self {
        let course = Course::new("poetry".into(), map.into(), 7);
        let (zs, lines, errors, places) = Default::default();
        let (errand, placing) = (None, None);
        Self { course, now: Time::ZERO, errand, placing, places, zs, lines, errors }
    }

    fn trigger(&mut self, path: &str) {
        self.course.trigger(path, self.now);
        self.turn();
    }

    fn set(&mut self, path: &str, value: impl Into<Value>) {
        self.course.set(path, value.into(), None, self.now);
        self.turn();
    }

    fn turn(&mut self) -> Option<Time> {
        let mut effects = Vec::new();
        let due = self.course.turn(self.now, &mut effects);
        for effect in effects {
            match effect {
                Effect::Run(errand) if errand.model == "map" => {
                    assert!(self.placing.is_none(), "two places at once");
                    assert_eq!(errand.command, "place");
                    self.placing = Some(errand);
                }
                Effect::Run(errand) => {
                    assert!(self.errand.is_none(), "two runs at once");
                    self.errand = Some(errand);
                }
                Effect::Complain(complain, words) => complain(words),
                Effect::Signal(signal) => {
                    let step = signal.step.unwrap_or(0);
                    match (signal.path, &signal.value) {
                        ("z", Value::Vector(z)) => self.zs.push((step, z.to_vec())),
                        ("place", Value::Vector(place)) => self.places.push((step, place.to_vec())),
                        ("line", Value::Text(line)) => self.lines.push((step, line.to_string())),
                        (_, words) => self.errors.push(words.as_text().unwrap_or("").into()),
                    }
                }
            }
        }
        due
    }

    /// Answers the run that is under way.
    fn answer(&mut self, outcome: Result<Values, String>) -> Errand {
        let errand = self.errand.take().expect("a run is under way");
        self.course.answer(errand.id, outcome);
        self.turn();
        errand
    }

    fn answer_line(&mut self, line: &str) -> Errand {
        self.answer(Ok(Values::new().with("out", line)))
    }

    fn answer_place(&mut self, z: [f32; DIMENSIONS]) -> Errand {
        self.answer(Ok(Values::new().with("mean", z.to_vec())))
    }

    /// Lets time pass, with a model that answers a line of its own at once.
    fn pass(&mut self, milliseconds: u64) {
        self.wait(milliseconds, |play| {
            while play.errand.as_ref().is_some_and(|errand| errand.command == "generate") {
                let line = format!("line {:?}", play.errand.as_ref().and_then(|e| e.seed));
                play.answer_line(&line);
            }
        });
    }

    /// Lets time pass.
    fn wait(&mut self, milliseconds: u64, mut each: impl FnMut(&mut Self)) {
        let end = self.now + Duration::from_millis(milliseconds);
        loop {
            each(self);
            let due = self.turn().unwrap_or(Time::MAX).max(self.now + Duration::from_nanos(1));
            if due > end {
                self.now = end;
                return;
            }
            self.now = due;
        }
    }
}

fn apart(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).map(|(a, b)| (a - b) * (a - b)).sum::<f32>().sqrt()
}

#[test]
fn lines_come_at_the_rate_and_places_sixty_times_a_second() {
    let mut play = Play::new();
    play.pass(1000);
    assert!(play.zs.is_empty() && play.lines.is_empty(), "it stands until it is started");
    play.trigger("start");
    play.pass(9_990);
    // One at once, then one a second.
    assert_eq!(play.lines.len(), 10);
    assert!((598..=601).contains(&play.zs.len()), "{}", play.zs.len());
    let steps: Vec<i32> = play.lines.iter().map(|(step, _)| *step).collect();
    assert!(steps.windows(2).all(|pair| (59..=61).contains(&(pair[1] - pair[0]))), "{steps:?}");
    for pair in play.zs.windows(2) {
        assert_eq!(pair[1].0, pair[0].0 + 1);
        let step = apart(&pair[0].1, &pair[1].1);
        assert!((step * 60.0 - 2.0).abs() < 0.01, "{step}");
    }
    play.lines.clear();
    play.set("rate", 10.0);
    play.pass(1000);
    assert!((10..=12).contains(&play.lines.len()), "{}", play.lines.len());
    play.set("rate", 0.0);
    // One may be on its way.
    play.pass(0);
    play.lines.clear();
    play.pass(5000);
    assert!(play.lines.is_empty());
    play.trigger("stop");
    let n_zs = play.zs.len();
    play.pass(5000);
    assert_eq!((play.zs.len(), play.turn()), (n_zs, None));
}

#[test]
fn the_same_project_gives_the_same_voyage_at_whatever_moments_it_is_looked_at() {
    let voyage = |pause: u64| {
        let mut play = Play::new();
        play.trigger("start");
        for _ in 0..2400 / pause {
            play.now += Duration::from_millis(pause);
            play.pass(0);
        }
        play.lines
    };
    let lines = voyage(1);
    assert_eq!(lines.len(), 3);
    assert_eq!(voyage(8), lines);
    // A z that was skipped is gone, but the path is the same.
    let path = |pause: u64| {
        let mut play = Play::new();
        play.trigger("start");
        for _ in 0..2400 / pause {
            play.now += Duration::from_millis(pause);
            play.pass(0);
        }
        play.zs
    };
    let fine = path(1);
    for z in path(100) {
        assert!(fine.contains(&z), "step {}", z.0);
    }
}

#[test]
fn a_slow_model_gets_the_newest_place_and_never_a_backlog() {
    let mut play = Play::new();
    play.trigger("start");
    play.set("rate", 50.0);
    let first = play.errand.as_ref().unwrap().id;
    play.wait(3000, |_| {});
    assert_eq!(play.errand.as_ref().unwrap().id, first, "only one is asked for");
    play.answer_line("the first");
    let newest = play.zs.last().unwrap().clone();
    assert_eq!(play.lines, [(0, "the first".to_string())]);
    let asked = play.answer_line("the second");
    assert_eq!(asked.inputs.vector("z"), &newest.1[..]);
    assert_eq!(play.lines[1], (newest.0, "the second".to_string()));
    // And no third, until it is due.
    assert!(play.errand.is_none());
}

#[test]
fn ticks_take_the_clock_and_a_rate_gives_it_back() {
    let mut play = Play::new();
    play.trigger("tick");
    assert!(play.errand.is_none(), "while it stands, ticks pass unheard");
    play.trigger("start");
    play.pass(100);
    play.trigger("tick");
    play.lines.clear();
    play.pass(5000);
    assert_eq!(play.lines.len(), 1);
    for n in 0..7 {
        play.trigger("tick");
        let z = play.zs.last().unwrap().1.clone();
        assert_eq!(play.errand.as_ref().unwrap().inputs.vector("z"), &z[..]);
        play.answer_line(&format!("tick {n}"));
        play.pass(333);
    }
    assert_eq!(play.lines.len(), 8);
    play.set("rate", 2.0);
    play.pass(2900);
    assert!((13..=15).contains(&play.lines.len()), "{}", play.lines.len());
}

#[test]
fn single_steps_move_and_a_reset_goes_back() {
    let mut play = Play::new();
    let begin = play.course.value("z").unwrap();
    play.set("rate", 2.0);
    play.trigger("step");
    assert_eq!(play.answer_line("one").inputs.vector("z"), &play.zs[0].1[..]);
    assert_eq!(play.lines, [(30, "one".to_string())]);
    play.trigger("step");
    play.answer_line("two");
    assert_eq!(play.lines[1].0, 60);
    play.pass(5000);
    assert_eq!(play.lines.len(), 2);
    // What is under way at a reset or a stop is never said.
    play.trigger("step");
    assert!(!play.errand.as_ref().unwrap().cancel.is_cancelled());
    play.course.trigger("reset", play.now);
    let late = play.errand.take().unwrap();
    assert!(late.cancel.is_cancelled());
    play.course.answer(late.id, Ok(Values::new().with("out", "too late")));
    play.turn();
    assert_eq!(play.lines.len(), 2);
    assert_eq!(play.course.value("z").unwrap(), begin);
    assert_eq!(play.course.step_of("z"), 0);
}

#[test]
fn a_line_is_said_again_only_if_that_is_wished() {
    let mut play = Play::new();
    play.trigger("start");
    let mut n_asked = 0;
    play.wait(9_990, |play| {
        while play.errand.is_some() {
            play.answer_line("the same");
            n_asked += 1;
        }
    });
    assert_eq!(play.lines.len(), 1);
    // The first, then three tries for each of nine.
    assert_eq!(n_asked, 1 + 9 * 3);
    play.set("repeat", true);
    play.wait(5000, |play| {
        while play.errand.is_some() {
            play.answer_line("the same");
        }
    });
    assert_eq!(play.lines.len(), 6);
    // What was said long ago is forgotten.
    play.set("repeat", false);
    play.set("rate", 60.0);
    let mut n = 0;
    play.wait(2000, |play| {
        while play.errand.is_some() {
            n += 1;
            play.answer_line(&format!("line {n}"));
        }
    });
    let n_lines = play.lines.len();
    play.wait(100, |play| {
        if play.errand.is_some() {
            play.answer_line("the same");
        }
    });
    assert_eq!(play.lines.len(), n_lines + 1);
}

#[test]
fn it_travels_to_a_line_and_the_newest_wish_wins() {
    let mut play = Play::new();
    let place: [f32; DIMENSIONS] = std::array::from_fn(|i| if i % 2 == 0 { 0.5 } else { -0.25 });
    play.set("walk/mode", "still");
    play.set("walk/to", "the first wish");
    let first = play.errand.take().unwrap();
    assert_eq!((first.command, first.inputs.text("text")), ("encode", "the first wish"));
    play.set("walk/to", "O rose");
    assert!(first.cancel.is_cancelled());
    assert_eq!(play.answer_place(place).inputs.text("text"), "O rose");
    play.trigger("start");
    play.pass(15_000);
    let (_, z) = play.zs.last().unwrap();
    assert!(apart(z, &place) < 1e-5, "{}", apart(z, &place));
    // A mode that comes before the answer has the last word.
    play.set("walk/to", "another");
    play.set("walk/mode", "still");
    play.errand = None;
    play.pass(3000);
    assert!(apart(&play.zs.last().unwrap().1, &place) < 1e-5);
}

#[test]
fn targets_are_looked_up_one_by_one() {
    let mut play = Play::new();
    play.set("walk/round", false);
    play.set("walk/mode", "line");
    assert!(play.errors[0].contains("needs targets"), "{:?}", play.errors);
    play.set("walk/targets", vec!["one".to_string(), "two".to_string()]);
    let (one, two) = ([0.9; DIMENSIONS], std::array::from_fn(|i| (i % 3) as f32 - 1.0));
    assert_eq!(play.answer_place(one).inputs.text("text"), "one");
    assert_eq!(play.answer_place(two).inputs.text("text"), "two");
    play.trigger("start");
    play.pass(25_000);
    assert!(play.zs.iter().any(|(_, z)| apart(z, &one) < 0.05), "the first is passed");
    assert!(apart(&play.zs.last().unwrap().1, &two) < 1e-4, "and at the last it stays");
}

#[test]
fn a_model_that_fails_is_asked_again_and_its_words_are_not_repeated() {
    let mut play = Play::new();
    play.trigger("start");
    play.wait(8_990, |play| {
        if play.errand.is_some() {
            play.answer(Err("the model is tired".into()));
        }
    });
    assert_eq!(play.errors, ["the model is tired"]);
    assert!(play.zs.len() > 500, "the walk goes on");
    play.pass(1500);
    assert!(play.lines.len() == 1 || play.lines.len() == 2);
    // Who asked hears it in any case.
    let heard = Arc::new(Mutex::new(Vec::new()));
    for _ in 0..2 {
        let heard = Arc::clone(&heard);
        let complain: Complain = Arc::new(move |words| heard.lock().unwrap().push(words));
        play.course.set("walk/to", "x".into(), Some(complain), play.now);
        play.turn();
        play.answer(Err("no such words".into()));
    }
    assert_eq!(*heard.lock().unwrap(), ["no way to the line 'x': no such words"; 2]);
    assert_eq!(play.errors.len(), 2);
    // A model without the outputs is told so.
    play.now += 20 * MILLISECOND;
    play.set("walk/to", "x");
    play.answer(Ok(Values::new()));
    assert!(play.errors[2].contains("expected a vector 'mean'"), "{:?}", play.errors);
}

#[test]
fn after_a_sleep_it_goes_on_from_where_it_was() {
    let mut play = Play::new();
    play.trigger("start");
    play.pass(1000);
    let step = play.course.step_of("z");
    play.now += Duration::from_secs(3600);
    play.pass(100);
    assert!(play.course.step_of("z") - step < 10);
    let n_lines = play.lines.len();
    play.pass(2000);
    assert!((n_lines + 1..=n_lines + 3).contains(&play.lines.len()));
}

#[test]
fn every_line_has_its_place_unless_the_map_is_slower() {
    let mut play = Play::with_map("map");
    let place = |play: &mut Play, x: f64| {
        let placing = play.placing.take().expect("a place is asked for");
        play.course.answer(placing.id, Ok(Values::new().with("x", x).with("y", -x)));
        play.turn();
        placing.inputs.text("text").to_owned()
    };
    play.trigger("start");
    play.set("rate", 10.0);
    play.wait(5_000, |play| {
        if play.errand.is_some() {
            play.answer_line(&format!("line {}", play.lines.len()));
            let line = place(play, 0.5);
            assert_eq!(Some(&line), play.lines.last().map(|(_, line)| line));
        }
    });
    assert!(play.lines.len() >= 49);
    let steps = |of: &[(i32, String)]| of.iter().map(|(step, _)| *step).collect::<Vec<_>>();
    assert_eq!(play.places.iter().map(|(step, _)| *step).collect::<Vec<_>>(), steps(&play.lines));
    assert!(play.places.iter().all(|(_, place)| *place == [0.5, -0.5]));
    assert_eq!(play.course.value("place"), Some(vec![0.5, -0.5].into()));

    // Lines go on while the map is busy, and then it is asked for the newest.
    let n_lines = play.lines.len();
    play.pass(1_000);
    assert!(play.lines.len() > n_lines + 8);
    let first = place(&mut play, 0.25);
    let newest = play.lines.last().unwrap().1.clone();
    assert_eq!(place(&mut play, 0.75), newest);
    assert_ne!(first, newest);

    // What was said has its place even if the walk stands by then, but not after a reset.
    play.pass(100);
    play.trigger("stop");
    // A line that was on its way is called off.
    play.errand = None;
    let n_places = play.places.len();
    place(&mut play, 0.1);
    assert_eq!(play.places.len(), n_places + 1);
    play.trigger("start");
    play.pass(10);
    let cancel = play.placing.as_ref().unwrap().cancel.clone();
    play.trigger("stop");
    play.errand = None;
    play.trigger("reset");
    assert!(cancel.is_cancelled());

    // A map that fails is told of once.
    play.placing = None;
    play.trigger("start");
    play.wait(1_000, |play| {
        if play.errand.is_some() {
            play.answer_line(&format!("another {}", play.now.as_nanos()));
        }
        if let Some(placing) = play.placing.take() {
            play.course.answer(placing.id, Err("the map is empty".into()));
            play.turn();
        }
    });
    assert_eq!(play.errors, ["a line has no place on the map: the map is empty"]);
}
