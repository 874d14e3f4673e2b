//! A program that embeds the runtime, with whatever features: a model of its own, outputs as typed values,
//! a chain, images without and with a codec.

use enjamb::host::{Content, Output, Route, Source};
use enjamb::model::{Error, Model, Run};
use enjamb::signature::{Command, Input, Manifest, Stream, Values, image, integer, text};
use enjamb::value::{Image, Value};
use enjamb::{ErrorKind, Project, Runtime};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(20);

const TEXT: Input<str> = Input::new(0, "text");
const TIMES: Input<i64> = Input::new(1, "times");
const PICTURE: Input<Image> = Input::new(0, "picture");

/// Repeats a text, and passes an image on.
#[derive(Default)]
struct Parrot;

impl Model for Parrot {
    fn manifest(&self) -> Manifest {
        Manifest::new("parrot", "Says it again.")
            .command(
                Command::new("say", "Says a text, several times over.")
                    .input(TEXT, text().min(1.0), "What to say.")
                    .input(TIMES, integer().min(1.0).max(9.0).default(1), "How often.")
                    .output("out", text(), "What it says."),
            )
            .command(
                Command::new("look", "Gives an image back.")
                    .input(PICTURE, image(3), "An image.")
                    .output("picture", image(3), "The same."),
            )
            .stream(Stream::new("beat", "Once each time.").field("n", integer(), "Which."))
    }

    fn run(&mut self, command: &str, inputs: &Values, run: &mut Run) -> Result<Values, Error> {
        if command == "look" {
            return Ok(Values::new().with("picture", inputs[PICTURE].clone()));
        }
        if inputs[TEXT] == *"silence" {
            return Err(Error::failed("it has nothing to say"));
        }
        let mut out = String::new();
        for n in 1..=inputs[TIMES] {
            out += &inputs[TEXT];
            run.send("beat", vec![vec![n.into()]])?;
            run.emit(Values::new().with("out", out.as_str()), n as f32 / inputs[TIMES] as f32)?;
        }
        Ok(Values::new().with("out", out))
    }
}

/// What a consumer keeps of an output: a line of text.
fn noted(output: &Output) -> String {
    let of = output.of;
    match output.content {
        Content::Partial { outputs, progress } => {
            format!("{of} partial {} {}", outputs.to_json(), progress.unwrap_or(-1.0))
        }
        Content::Result { outputs, .. } => format!("{of} result {}", outputs.to_json()),
        Content::Stream { stream, messages } => {
            assert_eq!(output.route, Route::Streamed);
            format!("{of} {} {}", stream.name, messages[0][0].to_json())
        }
        Content::Signal(signal) => format!("{of} {} {:?}", signal.outlet.name, signal.values[0]),
        Content::Error(error) => format!("{of} error {:?} {error}", error.kind()),
        Content::Notice(words) => format!("{of} notice {words}"),
        Content::Held { input, values } => format!("{of} held {input} {}", values[0].to_json()),
    }
}

fn runtime(project: &str) -> (Runtime, Receiver<String>) {
    let (sender, heard) = channel();
    let sender: Mutex<Sender<String>> = Mutex::new(sender);
    let builder = Runtime::builder()
        .project(Project::parse(project).unwrap())
        .model(Parrot::default)
        .on_output(move |output| drop(sender.lock().unwrap().send(noted(output))));
    (builder.without_network().start().unwrap(), heard)
}

#[test]
fn outputs_are_lent_as_typed_values() {
    let (runtime, heard) = runtime("");
    let outputs = runtime.run("parrot", "say", Values::new().with("text", "ho").with("times", 2));
    assert_eq!(outputs.unwrap().text("out"), "hoho");
    let host = Arc::clone(runtime.host());
    let parrot = host.model("parrot").unwrap();
    host.hold(enjamb::host::Peer::Local, &parrot, "say", "times", 3.0.into()).unwrap();
    let error = runtime.run("parrot", "say", Values::new().with("text", "silence")).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Failed);
    let lines: Vec<String> = heard.try_iter().collect();
    assert_eq!(
        lines,
        [
            "parrot/say beat 1",
            r#"parrot/say partial {"out":"ho"} 0.5"#,
            "parrot/say beat 2",
            r#"parrot/say partial {"out":"hoho"} 1"#,
            r#"parrot/say result {"out":"hoho"}"#,
            "parrot/say held times 3",
            "parrot/say error Failed it has nothing to say",
        ]
    );
    assert!(matches!(Source::Command { model: "a", command: "b" }.to_string().as_str(), "a/b"));
}

#[test]
fn what_does_not_fit_is_an_error_with_a_kind() {
    let (runtime, _heard) = runtime("");
    let run = |command: &str, inputs: Values| runtime.run("parrot", command, inputs).unwrap_err();
    let error = run("say", Values::new().with("text", "a").with("times", 1.5));
    assert_eq!(error, "times: expected a whole number in 1..9, got 1.5");
    assert_eq!((error.kind(), error.field()), (ErrorKind::InvalidInput, Some("times")));
    assert_eq!(run("sing", Values::new()).kind(), ErrorKind::NotFound);
    assert_eq!(runtime.run("owl", "say", Values::new()).unwrap_err().kind(), ErrorKind::NotFound);
}

#[test]
fn a_chain_of_a_project_runs() {
    let project = r#"
        [chains.drum]
        rate = 50
        start = true
        wires = ["beat.count -> twice.in"]
        [chains.drum.nodes]
        beat = { run = "clock" }
        twice = { run = "adapt/scale", set = { high = 1, to_high = 2 } }
        [chains.drum.outlets]
        out = "twice.out"
    "#;
    let (_runtime, heard) = runtime(project);
    for n in 0..3 {
        let expected = format!("drum out Number({:?})", f64::from(2 * n));
        assert_eq!(heard.recv_timeout(PATIENCE).unwrap(), expected);
    }
}

#[test]
fn images_pass_as_pixels() {
    let (runtime, _heard) = runtime("");
    let pixels: Arc<[u8]> = vec![7; 4 * 2 * 3].into();
    let given = Image::from_pixels(4, 2, 3, Arc::clone(&pixels)).unwrap();
    let look = |given: Image| runtime.run("parrot", "look", Values::new().with("picture", given));
    let outputs = look(given).unwrap();
    let image = outputs.get("picture").and_then(Value::as_image).unwrap();
    assert!(Arc::ptr_eq(image.pixels().unwrap().data(), &pixels), "nothing was copied");
    // A grey pixel as PNG.
    let png = "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNoAAAAggCBd81ytgAAAABJRU5ErkJggg==";
    let encoded = look(Image::from_data_uri(png).unwrap());
    match cfg!(feature = "image") {
        true => assert_eq!(encoded.unwrap().len(), 1),
        false => {
            let error = encoded.unwrap_err();
            assert!(error.message().contains("this runtime has no image codec"), "{error}");
        }
    }
}

#[test]
fn a_runtime_that_is_dropped_leaves_nothing() {
    let project = "[chains.c]\nstart = true\nwires = [\"ask.value -> keep.text\"]\n[chains.c.nodes]\nask = { run = \"inlet\" }\nkeep = { run = \"adapt/words\" }\n";
    let (runtime, _heard) = runtime(project);
    // A message to a chain leaves its sender's address with the chain.
    let arguments = vec![enjamb::osc::Argument::Text("o rose".into())];
    runtime.send(&enjamb::osc::Message { address: "/c/ask".into(), arguments });
    runtime.run("parrot", "say", Values::new().with("text", "ho")).unwrap();
    let (host, engine) = (Arc::downgrade(runtime.host()), Arc::downgrade(runtime.engine()));
    drop(runtime);
    assert!(host.upgrade().is_none() && engine.upgrade().is_none());
}

#[test]
fn a_consumer_that_panics_harms_nobody() {
    let runtime = Runtime::builder()
        .without_network()
        .model(Parrot::default)
        .on_output(|_| panic!("a fault of the embedding program"))
        .start()
        .unwrap();
    let outputs = runtime.run("parrot", "say", Values::new().with("text", "ho")).unwrap();
    assert_eq!(outputs.text("out"), "ho");
}
