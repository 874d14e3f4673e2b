//! Images on their way through the engine: who decodes, who encodes, and what is refused.

use super::*;
use crate::signature::{any, array, image, segmentation};
use crate::value::{Codec, CountingCodec, Image, ImageFormat, Palette, Pixels, Segmentation};

/// Gives back what it gets, and makes a picture.
struct Painter;

impl Model for Painter {
    fn manifest(&self) -> Manifest {
        let classes = || segmentation(["void", "sky"]);
        let echo = |name, data_type: crate::DataType| {
            Command::new(name, "").input("in", data_type.clone(), "").output("out", data_type, "")
        };
        Manifest::new("painter", "")
            .command(echo("image", image(3)))
            .command(echo("grey", image(1)))
            .command(echo("images", array(image(4))))
            .command(echo("segmentation", classes()))
            .command(Command::new("paint", "").output("out", image(3), "").output("any", any(), ""))
            .command(Command::new("count", "").input("in", classes(), "").output(
                "out",
                number(),
                "",
            ))
    }

    fn run(&mut self, command: &str, inputs: &Values, _: &mut Run) -> Result<Values, Error> {
        Ok(match command {
            "paint" => Values::new().with("out", pixels()).with("any", pixels()),
            "count" => match inputs.get("in") {
                Some(Value::Segmentation(segmentation)) => {
                    Values::new().with("out", segmentation.ids()?.len() as f64)
                }
                other => panic!("expected a segmentation, got {other:?}"),
            },
            _ => Values::new().with("out", inputs.get("in").expect("it was completed").clone()),
        })
    }
}

fn pixels() -> Image {
    Image::from_pixels(2, 1, 3, vec![1, 2, 3, 4, 5, 6]).unwrap()
}

fn png() -> Vec<u8> {
    let pixels = Pixels::new(2, 1, 1, vec![0, 1]).unwrap();
    CountingCodec::default().encode(&pixels, ImageFormat::Png).unwrap()
}

fn painter(codec: Option<Arc<dyn Codec>>) -> Arc<Hosted> {
    let clock = Arc::new(ManualClock::new());
    let settings = EngineSettings { codec, ..EngineSettings::default() };
    let factory: Factory = Arc::new(|| Box::new(Painter));
    let engine = Engine::new(clock, settings);
    engine.host("painter", factory, Values::new(), HostSettings::default()).unwrap()
}

fn ask(model: &Hosted, command: &str, inputs: Values) -> Result<Result<Values, String>, String> {
    let (sender, events) = bounded(16);
    let request = Request::new(move |event| sender.send(event).unwrap());
    model.submit(command, inputs, request).map_err(|refusal| refusal.to_string())?;
    Ok(match next(&events) {
        RunEvent::Done { outputs, .. } => Ok((*outputs).clone()),
        RunEvent::Failed(error) => Err(error.to_string()),
        other => panic!("expected an end, got {other:?}"),
    })
}

fn as_image(value: &Value) -> &Image {
    match value {
        Value::Image(image) => image,
        other => panic!("expected an image, got {other:?}"),
    }
}

#[test]
fn one_buffer_goes_from_model_to_model_and_nothing_is_encoded() {
    let (counter, codec) = CountingCodec::new();
    let model = painter(Some(codec));
    let given = pixels();
    let mut value = Value::from(given.clone());
    for command in ["image", "grey", "image"] {
        let outputs = ask(&model, command, Values::new().with("in", value)).unwrap().unwrap();
        value = outputs.get("out").unwrap().clone();
        let out = as_image(&value);
        assert!(Arc::ptr_eq(out.pixels().unwrap().data(), given.pixels().unwrap().data()));
    }
    assert_eq!(counter.counts(), (0, 0));
    // As the last output's type says.
    assert!(value.to_json().as_str().unwrap().starts_with("data:image/jpeg;base64,"));
    assert_eq!(value.to_json(), value.clone().to_json());
    assert_eq!(counter.counts(), (0, 1));
    let outputs = ask(&model, "grey", Values::new().with("in", value)).unwrap().unwrap();
    assert!(outputs.to_json()["out"].as_str().unwrap().starts_with("data:image/png;base64,"));
    assert_eq!(counter.counts(), (0, 2));
}

#[test]
fn images_are_given_the_codec_wherever_they_are() {
    let (_, codec) = CountingCodec::new();
    let model = painter(Some(codec));
    let outputs = ask(&model, "paint", Values::new()).unwrap().unwrap().to_json();
    assert!(outputs["out"].as_str().unwrap().starts_with("data:image/jpeg;"));
    assert!(outputs["any"].as_str().unwrap().starts_with("data:image/jpeg;"));
    let images = vec![Value::from(pixels()), Image::from_bytes(png()).unwrap().into()];
    let outputs = ask(&model, "images", Values::new().with("in", images)).unwrap().unwrap();
    let items = outputs.array("out");
    assert!(items[0].to_json().as_str().unwrap().starts_with("data:image/png;"));
    assert_eq!(as_image(&items[1]).pixels().unwrap().data()[..], [0, 1]);
    model.hold("image", "in", Image::from_bytes(png()).unwrap().into()).unwrap();
    let held = model.held("image", "in").unwrap();
    assert!(as_image(&held).pixels().is_ok());
}

#[test]
fn without_a_codec_encoded_images_are_refused_and_raw_ones_go_through() {
    let model = painter(None);
    let expected = "in: this runtime has no image codec, so a PNG image can't be read; expected raw \
                    pixels (a PAM, PPM or PGM image)";
    let image = || Value::from(Image::from_bytes(png()).unwrap());
    let palette = Arc::new(Palette::from_labels(["void", "sky"]));
    let segmentation = Segmentation::from_bytes(png(), Arc::clone(&palette)).unwrap();
    for (command, value) in [("image", image()), ("segmentation", segmentation.into())] {
        let refused = ask(&model, command, Values::new().with("in", value.clone())).unwrap_err();
        assert_eq!(refused, expected);
        assert_eq!(model.hold(command, "in", value).unwrap_err().to_string(), expected);
    }
    let images = Values::new().with("in", vec![Value::from(pixels()), image()]);
    let refused = ask(&model, "images", images).unwrap_err();
    assert_eq!(refused, expected.replacen("in: ", "in: item 1: ", 1));
    let outputs = ask(&model, "image", Values::new().with("in", pixels())).unwrap().unwrap();
    let json = outputs.to_json();
    let uri = json["out"].as_str().unwrap();
    assert!(uri.starts_with("data:image/x-portable-anymap;base64,"));
    let again = Image::from_data_uri(uri).unwrap();
    assert_eq!(ask(&model, "image", Values::new().with("in", again)), Ok(Ok(outputs)));
    let ids = Segmentation::new(2, 1, vec![0, 1], palette).unwrap();
    let outputs = ask(&model, "segmentation", Values::new().with("in", ids)).unwrap().unwrap();
    assert!(outputs.to_json()["out"].as_str().unwrap().starts_with("data:image/x-portable"));
}

#[test]
fn a_damaged_segmentation_is_refused_before_its_model_runs() {
    let (counter, codec) = CountingCodec::new();
    let model = painter(Some(codec));
    let palette = Arc::new(Palette::from_labels(["void", "sky"]));
    let of = |bytes: Vec<u8>| {
        let segmentation = Segmentation::from_bytes(bytes, Arc::clone(&palette)).unwrap();
        Values::new().with("in", segmentation)
    };
    let damaged = png()[..png().len() - 1].to_vec();
    let words = ask(&model, "segmentation", of(damaged)).unwrap().unwrap_err();
    assert!(words.starts_with("in: the image can't be decoded: expected 2 bytes"), "{words}");
    assert_eq!(counter.counts(), (1, 0));
    let outputs = ask(&model, "count", of(png())).unwrap().unwrap();
    assert_eq!((outputs.number("out"), counter.counts()), (2.0, (2, 0)));
}

/// A codec with a fault.
struct Faulty;

impl Codec for Faulty {
    fn decode(&self, _: &[u8]) -> Result<Pixels, Error> {
        panic!("as told")
    }

    fn encode(&self, _: &Pixels, _: ImageFormat) -> Result<Vec<u8>, Error> {
        Err("it is told not to".into())
    }
}

#[test]
fn a_codec_that_fails_costs_its_run_alone() {
    let model = painter(Some(Arc::new(Faulty)));
    let palette = Arc::new(Palette::from_labels(["void", "sky"]));
    let segmentation = Segmentation::from_bytes(png(), Arc::clone(&palette)).unwrap();
    let inputs = Values::new().with("in", segmentation);
    let words = ask(&model, "count", inputs).unwrap().unwrap_err();
    assert_eq!(words, "the image can't be decoded: the codec panicked: as told");
    let outputs = ask(&model, "image", Values::new().with("in", pixels())).unwrap().unwrap();
    assert!(outputs.to_json()["out"].as_str().unwrap().starts_with("data:image/x-portable"));
    assert_eq!(model.n_restarts(), 0);
}
