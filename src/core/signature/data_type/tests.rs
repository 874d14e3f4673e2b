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
                assert!(found.contains(expected), "'{found}' lacks '{expected}'");
            }
            _ => panic!("{data_type:?} read {json} as {found:?}, expected {expected:?}"),
        }
    }
}

#[test]
fn specifications_are_the_model_sdks() {
    let cases = [
        (text(), json!({"type": "text", "default": "", "minLength": 0})),
        (number(), json!({"type": "number", "default": 0})),
        (number().min(2.0), json!({"type": "number", "default": 2, "min": 2})),
        (number().max(-1.0), json!({"type": "number", "default": -1, "max": -1})),
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
