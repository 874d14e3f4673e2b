//! Each adapter by itself: what goes in, what comes out, and that what it remembers outlives it.

use crate::chain::part::{Moment, Part, Shape, Slot, find};
use crate::signature::{Field, Values, any, array, number, text};
use crate::time::Time;
use crate::value::Value;
use crate::{DataType, signature};
use serde_json::{Value as Json, json};

/// The types of an adapter's inputs, as wires would give them, and a value for each.
type Given = Vec<(DataType, Json)>;

fn make(name: &str, options: &Values) -> Box<dyn Part> {
    let kind = find(name).expect("there is such an adapter");
    (kind.make)(options, 1)
}

fn moment(step: usize) -> Moment {
    let chance = (step as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    Moment { step: step as u64, time: Time::ZERO, chance }
}

/// Runs an adapter on one set of inputs after the other. At every step but the first it is made anew
/// from what the one before saved.
fn run(name: &str, options: &Values, all: &[Given]) -> Vec<Result<Option<Json>, String>> {
    let mut part = make(name, options);
    let mut outcomes = Vec::new();
    for (step, given) in all.iter().enumerate() {
        let fields: Vec<Field> = given
            .iter()
            .map(|(data_type, _)| Field {
                name: String::new(),
                description: String::new(),
                data_type: data_type.clone(),
            })
            .collect();
        let read = |(data_type, json): &(DataType, Json)| data_type.read_json(json).unwrap();
        // As in a chain, where a value is checked when it arrives.
        let arrive = |(slot, value): (&Slot, Value)| match &slot.shape {
            Shape::Fixed(data_type) => data_type.accept(value).unwrap(),
            _ => value,
        };
        let slots = &find(name).unwrap().inputs;
        let inputs: Vec<Value> = slots.iter().zip(given.iter().map(read)).map(arrive).collect();
        let saved = part.save();
        if step > 0 && !saved.is_null() {
            part = make(name, options);
            part.restore(&saved, &fields).unwrap();
        }
        let mut out = [Value::Any(Json::Null)];
        let goes_on = part.run(&inputs, &moment(step), &mut out);
        let outcome = goes_on.map(|goes_on| goes_on.then(|| out[0].to_json()));
        outcomes.push(outcome.map_err(|error| error.to_string()));
    }
    outcomes
}

#[track_caller]
fn expect(name: &str, all: &[Given], expected: &[Option<Json>]) {
    let outcomes = run(name, &Values::new(), all);
    let outcomes: Vec<_> = outcomes.into_iter().map(|outcome| outcome.unwrap()).collect();
    assert_eq!(outcomes, expected, "{name}");
}

#[track_caller]
fn expect_one(name: &str, given: Given, expected: Json) {
    expect(name, &[given], &[Some(expected)]);
}

#[track_caller]
fn expect_refusal(name: &str, given: Given, words: &str) {
    let outcome = run(name, &Values::new(), &[given]).remove(0);
    let said = outcome.expect_err("it is refused");
    assert!(said.contains(words), "{name}: '{said}' lacks '{words}'");
}

fn texts(items: &[&str]) -> (DataType, Json) {
    (array(text()), json!(items))
}

fn n(x: f64) -> (DataType, Json) {
    (number(), json!(x))
}

fn t(words: &str) -> (DataType, Json) {
    (text(), json!(words))
}

#[test]
fn lists() {
    let sea = || texts(&["sea", "sky", "salt"]);
    expect_one("adapt/first", vec![sea()], json!("sea"));
    expect_one("adapt/nth", vec![sea(), n(1.0)], json!("sky"));
    expect_one("adapt/nth", vec![sea(), n(-1.0)], json!("salt"));
    expect_one("adapt/join", vec![sea(), t(", ")], json!("sea, sky, salt"));
    expect_refusal("adapt/first", vec![texts(&[])], "empty");
    expect_refusal("adapt/nth", vec![sea(), n(3.0)], "3");
    let picked = run("adapt/pick", &Values::new(), &vec![vec![sea()]; 60]);
    for item in ["sea", "sky", "salt"] {
        let is_it = |outcome: &&Result<Option<Json>, String>| **outcome == Ok(Some(json!(item)));
        let n = picked.iter().filter(is_it).count();
        assert!((8..32).contains(&n), "{item}: {n} times of 60");
    }
}

#[test]
fn texts_and_numbers() {
    expect_one("adapt/lines", vec![t("one\n\n two \r\nthree")], json!(["one", "two", "three"]));
    let words = json!(["the", "sea's", "calm", "tonight"]);
    expect_one("adapt/words", vec![t("the sea's calm, tonight.")], words);
    expect_one("adapt/text", vec![n(2.5)], json!("2.5"));
    expect_one("adapt/text", vec![t("as it is")], json!("as it is"));
    expect_one("adapt/number", vec![t(" 2.5 ")], json!(2.5));
    expect_refusal("adapt/number", vec![t("two")], "two");
    expect_one("adapt/clamp", vec![n(7.0), n(0.0), n(1.0)], json!(1));
    expect_one("adapt/clamp", vec![n(-7.0), n(0.0), n(1.0)], json!(0));
    let scaled = vec![n(5.0), n(0.0), n(10.0), n(-1.0), n(1.0)];
    expect_one("adapt/scale", scaled, json!(0));
    let object = (any(), json!({ "a": { "b": [1, 2] } }));
    expect_one("adapt/field", vec![object.clone(), t("a.b.1")], json!(2));
    expect_refusal("adapt/field", vec![object, t("a.c")], "c");
}

#[test]
fn what_options_choose() {
    let names = Values::new().with("of", vec![Value::from("wander"), Value::from("orbit")]);
    let category = run("adapt/category", &names, &[vec![t("orbit")], vec![t("fly")]]);
    assert_eq!(category[0], Ok(Some(json!("orbit"))));
    assert!(category[1].as_ref().is_err_and(|words| words.contains("wander")), "{category:?}");
    let length = Values::new().with("length", 2);
    let numbers = |json: Json| vec![(signature::array(number()), json)];
    let vectors = [numbers(json!([1, 2])), numbers(json!([1, 2, 3]))];
    let vectors = run("adapt/vector", &length, &vectors);
    assert_eq!(vectors[0], Ok(Some(json!([1.0, 2.0]))));
    assert!(vectors[1].as_ref().is_err_and(|words| words.contains('2')), "{vectors:?}");
}

#[test]
fn a_delay_lets_go_later() {
    let all: Vec<Given> = (0..4).map(|i| vec![n(f64::from(i)), n(2.0)]).collect();
    expect("adapt/delay", &all, &[None, None, Some(json!(0)), Some(json!(1))]);
    // Made shorter, it leaves out what is too old; of 0 steps it delays nothing.
    let shorter = [vec![n(0.0), n(2.0)], vec![n(1.0), n(2.0)], vec![n(2.0), n(0.0)]];
    expect("adapt/delay", &shorter, &[None, None, Some(json!(2))]);
}

#[test]
fn what_was_there_is_held_back() {
    let said = |words: &str| vec![t(words), n(2.0)];
    let all = [said("a"), said("a"), said("b"), said("a"), said("c"), said("a")];
    let some = |words: &str| Some(json!(words));
    // When c came, a was the one longest ago.
    expect("adapt/changed", &all, &[some("a"), None, some("b"), None, some("c"), some("a")]);
    let all: Vec<Given> = ["a", "a"].map(|words| vec![t(words), n(0.0)]).into();
    expect("adapt/changed", &all, &[some("a"), some("a")]);
}

#[test]
fn the_first_fresh_item_of_a_list() {
    let list = || vec![texts(&["a", "b", "c"]), n(2.0)];
    let some = |words: &str| Some(json!(words));
    // Of two that are remembered, the third is always fresh.
    let all = [list(), list(), list(), list()];
    expect("adapt/fresh", &all, &[some("a"), some("b"), some("c"), some("a")]);
    // When all were there, it is the one longest ago.
    let short = || vec![texts(&["a", "b"]), n(64.0)];
    expect("adapt/fresh", &[short(), short(), short()], &[some("a"), some("b"), some("a")]);
    let always = || vec![texts(&["a", "b"]), n(0.0)];
    expect("adapt/fresh", &[always(), always()], &[some("a"), some("a")]);
    expect_refusal("adapt/fresh", vec![texts(&[]), n(2.0)], "empty");
}

#[test]
fn what_is_kept_counted_and_left_to_chance() {
    expect_one("adapt/hold", vec![t("kept"), n(1.0)], json!("kept"));
    let counted: Vec<Given> = (0..5).map(|_| vec![t("x"), n(3.0)]).collect();
    let counts = [0, 1, 2, 0, 1].map(|count| Some(json!(count)));
    expect("adapt/counter", &counted, &counts);
    for (probability, least, most) in [(0.0, 0, 0), (0.5, 70, 130), (1.0, 200, 200)] {
        let all: Vec<Given> = (0..200).map(|_| vec![t("x"), n(probability)]).collect();
        let outcomes = run("adapt/chance", &Values::new(), &all);
        let n = outcomes.iter().filter(|outcome| matches!(outcome, Ok(Some(_)))).count();
        assert!((least..=most).contains(&n), "{n} of 200 at {probability}");
    }
}
