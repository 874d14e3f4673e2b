//! Table tests of the types: what each accepts, refuses and says of itself.

use super::*;

struct Case {
    data_type: DataType,
    json: Json,
    /// The JSON form of what is accepted, or a part of the refusal.
    expected: Result<Json, &'static str>,
}

fn case(data_type: DataType, json: Json, expected: Result<Json, &'static str>) -> Case {
    Case { data_type, json, expected }
}

#[test]
fn types_accept_what_fits_and_say_why_not() {
    let temperature = || number().min(0.05).max(2.0).step(0.05).default(0.5);
    let cases = [
        case(text(), json!("a"), Ok(json!("a"))),
        case(text(), json!(1), Err("expected text, got 1")),
        case(text().min(1.0), json!(""), Err("expected at least 1 character, got 0")),
        case(text().max(2.0), json!("één"), Err("expected at most 2 characters, got 3")),
        case(temperature(), json!(1), Ok(json!(1))),
        case(temperature(), json!(2.5), Err("expected a number in 0.05..2, got 2.5")),
        case(temperature(), json!("1"), Err("expected a number, got the text \"1\"")),
        case(number().min(0.0), json!(-1), Err("expected a number of at least 0, got -1")),
        case(number().max(0.0), json!(1), Err("expected a number of at most 0, got 1")),
        case(integer().min(1.0).max(64.0), json!(3), Ok(json!(3))),
        case(integer().min(1.0).max(64.0), json!(3.0), Ok(json!(3))),
        case(integer(), json!(-0.0), Ok(json!(0))),
        case(integer(), json!(i64::MAX), Ok(json!(i64::MAX))),
        case(
            integer().min(1.0).max(64.0),
            json!(1.5),
            Err("expected a whole number in 1..64, got 1.5"),
        ),
        case(integer().min(1.0), json!(1.5), Err("expected a whole number of at least 1, got 1.5")),
        case(integer(), json!(1.5), Err("expected a whole number, got 1.5")),
        case(
            integer(),
            json!(1e16),
            Err("expected a number in -9007199254740992..9007199254740992, got 10000000000000000"),
        ),
        case(integer().min(1.0).max(64.0), json!(65), Err("expected a number in 1..64, got 65")),
        case(integer().min(1.0).max(64.0), json!(65.0), Err("expected a number in 1..64, got 65")),
        case(integer().min(0.0), json!(-1), Err("expected a number of at least 0, got -1")),
        case(integer().max(0.0), json!(1), Err("expected a number of at most 0, got 1")),
        case(integer(), json!("1"), Err("expected a number, got the text \"1\"")),
        case(array(integer()), json!([1, 2.0]), Ok(json!([1, 2]))),
        case(array(integer()), json!([1, 2.5]), Err("item 1: expected a whole number, got 2.5")),
        case(boolean(), json!(true), Ok(json!(true))),
        case(boolean(), json!(1), Err("expected true or false, got 1")),
        case(category(["a", "b"]), json!("b"), Ok(json!("b"))),
        case(category(["a", "b"]), json!("c"), Err("expected one of a, b, got 'c'")),
        case(vector(2), json!([1, 0.5]), Ok(json!([1.0, 0.5]))),
        case(vector(2), json!([1]), Err("expected 2 floats, got 1")),
        case(vector(2), json!([1, "x"]), Err("item 1: expected a number, got the text \"x\"")),
        case(vector(1), json!([1e300]), Err("expected finite floats, got inf at index 0")),
        case(vector(2), json!({}), Err("expected an array of 2 numbers, got an object")),
        case(array(text()), json!(["a"]), Ok(json!(["a"]))),
        case(array(text()), json!(["a", 2]), Err("item 1: expected text, got 2")),
        case(array(text()).min(1.0), json!([]), Err("expected at least 1 item, got 0")),
        case(array(text()), json!(null), Err("expected an array of text, got null")),
        case(file(), json!("a.png"), Ok(json!("a.png"))),
        case(any(), json!({"a": [1]}), Ok(json!({"a": [1]}))),
        case(image_point(), json!([0.5, 1]), Ok(json!([0.5, 1.0]))),
        case(image_point(), json!([0.5, 1.5]), Err("expected coordinates in 0..1, got 1.5")),
        case(image_point(), json!([0.5]), Err("expected 2 numbers, got 1")),
        case(image_bounding_box(), json!([0, 0, 1, 1]), Ok(json!([0.0, 0.0, 1.0, 1.0]))),
        case(image_bounding_box(), json!([1, 0, 0, 1]), Err("expected x0 < x1 and y0 < y1")),
        case(image_landmarks(1), json!([[0, 1]]), Ok(json!([[0.0, 1.0]]))),
        case(image_landmarks(2), json!([[0, 1]]), Err("expected 2 points, got 1")),
        case(image(3), json!("nonsense!"), Err("expected an image as a data URI")),
        case(image(3), json!(3), Err("expected an image as a data URI, got 3")),
    ];
    for Case { data_type, json, expected } in cases {
        let found = data_type.read_json(&json).map(|value| value.to_json());
        match (&found, &expected) {
            (Ok(found), Ok(expected)) => assert_eq!(found, expected, "{data_type:?}"),
            (Err(found), Err(expected)) => {
                assert!(found.message().contains(expected), "'{found}' lacks '{expected}'");
            }
            _ => panic!("{data_type:?} read {json} as {found:?}, expected {expected:?}"),
        }
    }
}

#[test]
fn whole_numbers_and_numbers_stand_for_each_other() {
    let cases = [
        (integer(), Value::Number(3.0), Ok(Value::Integer(3))),
        (integer(), Value::Integer(3), Ok(Value::Integer(3))),
        (integer(), Value::Number(EXACT), Ok(Value::Integer(1 << 53))),
        (integer(), Value::Number(f64::NAN), Err("expected a finite number, got NaN")),
        (integer(), Value::from("3"), Err("expected number, got text")),
        (integer(), Value::from(true), Err("expected number, got boolean")),
        (number(), Value::Integer(3), Ok(Value::Number(3.0))),
        (number().max(2.0), Value::Integer(3), Err("expected a number of at most 2, got 3")),
        (text(), Value::Integer(3), Err("expected text, got number")),
        (any(), Value::Integer(3), Ok(Value::Any(json!(3)))),
        (
            array(number()),
            vec![Value::Integer(1), Value::Number(0.5)].into(),
            Ok(vec![Value::Number(1.0), Value::Number(0.5)].into()),
        ),
    ];
    for (data_type, value, expected) in cases {
        let found = data_type.accept(value);
        assert_eq!(found.map_err(String::from), expected.map_err(String::from), "{data_type:?}");
    }
}

#[test]
fn outputs_are_wired_to_inputs_that_their_values_may_fit() {
    let cases = [
        (number(), integer().max(3.0), true),
        (integer(), number(), true),
        (array(integer()), array(number()), true),
        (integer(), boolean(), false),
        (integer(), text(), false),
        (vector(2), vector(2), true),
        (vector(2), vector(3), false),
        (text().max(3.0), text(), true),
        (array(text()), array(number()), false),
    ];
    for (from, to, expected) in cases {
        assert_eq!(from.is_compatible(&to), expected, "{from:?} to {to:?}");
    }
}

#[test]
fn specifications_are_the_model_sdks() {
    let cases = [
        (text(), json!({"type": "text", "default": "", "minLength": 0})),
        (number(), json!({"type": "number", "default": 0})),
        (number().min(2.0), json!({"type": "number", "default": 2, "min": 2})),
        (number().max(-1.0), json!({"type": "number", "default": -1, "max": -1})),
        (integer(), json!({"type": "number", "default": 0, "step": 1})),
        (
            integer().min(1.0).max(9.0).default(2.0),
            json!({"type": "number", "default": 2, "min": 1, "max": 9, "step": 1}),
        ),
        (integer().max(-1.0), json!({"type": "number", "default": -1, "max": -1, "step": 1})),
        (category(["a", "b"]), json!({"type": "category", "oneOf": ["a", "b"], "default": "a"})),
        (
            vector(512),
            json!({"type": "vector", "length": 512, "samplingMean": 0, "samplingStd": 1,
                   "default": null}),
        ),
        (
            array(vector(2)),
            json!({"type": "array", "minLength": 0, "itemType": {
                "name": "vector_array_item", "type": "vector", "description": null, "length": 2,
                "samplingMean": 0, "samplingStd": 1, "default": null}}),
        ),
        (image(3), json!({"type": "image", "channels": 3, "defaultOutputFormat": "JPEG"})),
        (image(4), json!({"type": "image", "channels": 4, "defaultOutputFormat": "PNG"})),
        (directory(), json!({"type": "file", "isDirectory": true})),
        (image_landmarks(3), json!({"type": "image_landmarks", "length": 3})),
        (any(), json!({"type": "any"})),
    ];
    for (data_type, expected) in cases {
        assert_eq!(Json::Object(data_type.specification()), expected);
    }
    let spec = segmentation(["void", "sky"]).specification();
    assert_eq!(spec["labelToId"], json!({"void": 0, "sky": 1}));
    assert_eq!(spec["labelToColor"]["void"], json!([0, 0, 0]));
    assert_eq!(spec["defaultLabel"], json!("void"));
}

#[test]
#[should_panic(expected = "step has no meaning for the type text")]
fn a_slip_in_a_models_source_is_loud() {
    let _ = text().step(1.0);
}

#[test]
#[should_panic(expected = "an integer's bound is a whole number, and 0.5 is none")]
fn a_bound_that_no_integer_has_is_loud() {
    let _ = integer().min(0.5);
}
