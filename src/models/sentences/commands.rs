//! The Universal Sentence Encoder as a hosted model: `embed`, `similarity`, `nearest`.

use super::encoder::{DIMENSIONS, SentenceEncoder};
use super::{lines, nearest, sentences, similarity};
use enjamb_core::model::{Error, Model, Run, Setup};
use enjamb_core::signature::{
    Command, Input, Manifest, Values, array, boolean, directory, integer, number, text, vector,
};
use enjamb_core::value::Value;

/// Sentences between two chances to cancel: some tens of milliseconds of work.
const SENTENCES_A_STEP: usize = 64;

const THREADS: Input<i64> = Input::new(1, "threads");

/// The inputs of the commands, in order.
mod inputs {
    use enjamb_core::signature::Input;
    use enjamb_core::value::Value;

    pub mod embed {
        use super::*;
        pub const TEXT: Input<str> = Input::new(0, "text");
        pub const TOKENIZE_SENTENCES: Input<bool> = Input::new(1, "tokenize_sentences");
    }

    pub mod similarity {
        use super::*;
        pub const A: Input<str> = Input::new(0, "a");
        pub const B: Input<str> = Input::new(1, "b");
    }

    pub mod nearest {
        use super::*;
        pub const TEXT: Input<str> = Input::new(0, "text");
        pub const AMONG: Input<[Value]> = Input::new(1, "among");
        pub const K: Input<i64> = Input::new(2, "k");
    }
}

/// The Universal Sentence Encoder, hosted.
#[derive(Default)]
pub struct Sentences {
    encoder: Option<SentenceEncoder>,
}

impl Model for Sentences {
    fn manifest(&self) -> Manifest {
        Manifest::new(
            "sentences",
            "The Universal Sentence Encoder: sentences as vectors, in 16 languages.",
        )
        .option(
            Setup::PATH,
            directory().default(Value::File("".into())),
            "The folder with the weights; empty for the ones that ship.",
        )
        .option(THREADS, integer().min(1.0).max(64.0), "Threads that share a batch.")
        .command(embed_command(DIMENSIONS))
        .command(
            Command::new("similarity", "Says how alike two texts are in meaning.")
                .input(inputs::similarity::A, text().min(1.0), "A text.")
                .input(inputs::similarity::B, text().min(1.0), "Another.")
                .output(
                    "similarity",
                    number().min(-1.0).max(1.0),
                    "The cosine of the angle between their vectors.",
                ),
        )
        .command(
            Command::new("nearest", "Finds the texts that are nearest in meaning.")
                .input(inputs::nearest::TEXT, text().min(1.0), "The text to start from.")
                .input(
                    inputs::nearest::AMONG,
                    array(text().min(1.0)).min(1.0),
                    "The texts to choose from.",
                )
                .input(inputs::nearest::K, integer().min(1.0).default(1.0), "How many to choose.")
                .output("texts", array(text()), "The nearest, from near to far.")
                .output("similarities", array(number()), "How near each is, 1 for the same."),
        )
    }

    fn setup(&mut self, setup: &Setup) -> Result<(), Error> {
        let dir = setup.dir_or_default("sentences")?;
        let encoder =
            SentenceEncoder::load(&dir).map_err(|error| Error::failed(error.to_string()))?;
        self.encoder = Some(encoder.with_threads(setup.options[THREADS] as usize));
        Ok(())
    }

    fn run(&mut self, command: &str, inputs: &Values, run: &mut Run) -> Result<Values, Error> {
        let encoder = self.encoder.as_mut().ok_or("the encoder was not set up")?;
        let mut embed =
            |texts: &[&str]| encoder.embed(texts).map_err(|error| Error::failed(error.to_string()));
        match command {
            "embed" => run_embed(inputs, run, embed),
            "similarity" => {
                let vectors =
                    embed(&[&inputs[inputs::similarity::A], &inputs[inputs::similarity::B]])?;
                Ok(Values::new().with("similarity", similarity(&vectors[0], &vectors[1])))
            }
            "nearest" => {
                let among: Vec<&str> =
                    inputs[inputs::nearest::AMONG].iter().filter_map(Value::as_text).collect();
                let here = embed(&[&inputs[inputs::nearest::TEXT]])?.remove(0);
                let mut vectors = Vec::with_capacity(among.len());
                for texts in among.chunks(SENTENCES_A_STEP) {
                    vectors.extend(embed(texts)?);
                    run.check()?;
                }
                let found = nearest(&here, &vectors, inputs[inputs::nearest::K] as usize);
                let texts: Vec<Value> = found.iter().map(|&(i, _)| among[i].into()).collect();
                let near: Vec<Value> = found.iter().map(|&(_, near)| near.into()).collect();
                Ok(Values::new().with("texts", texts).with("similarities", near))
            }
            other => Err(Error::failed(format!("there is no command '{other}'"))),
        }
    }
}

/// The signature of `embed` in 2019, for vectors of `length` floats.
pub(crate) fn embed_command(length: usize) -> Command {
    Command::new("embed", "Turns each sentence of a text into a vector.")
        .input(inputs::embed::TEXT, text().min(1.0), "One sentence or many.")
        .input(
            inputs::embed::TOKENIZE_SENTENCES,
            boolean().default(true),
            "True: split into English sentences. False: every line is one.",
        )
        .output("sentences", array(text()), "The sentences, in order.")
        .output("embeddings", array(vector(length)), "A vector for each.")
}

/// Runs `embed` with any function from texts to vectors.
pub(crate) fn run_embed(
    inputs: &Values,
    run: &mut Run,
    mut embed: impl FnMut(&[&str]) -> Result<Vec<Vec<f32>>, Error>,
) -> Result<Values, Error> {
    let text = &inputs[inputs::embed::TEXT];
    let split = match inputs[inputs::embed::TOKENIZE_SENTENCES] {
        true => sentences(text),
        false => lines(text),
    };
    if split.is_empty() {
        return Err("the text is empty: expected at least one word".into());
    }
    let mut embeddings = Vec::with_capacity(split.len());
    for texts in split.chunks(SENTENCES_A_STEP) {
        embeddings.extend(embed(texts)?);
        if split.len() > SENTENCES_A_STEP {
            run.progress(embeddings.len() as f32 / split.len() as f32)?;
        }
    }
    let sentences: Vec<Value> = split.into_iter().map(Value::from).collect();
    Ok(Values::new().with("sentences", sentences).with("embeddings", embeddings))
}
