//! Averaged word vectors as a hosted model: `embed`.

use super::{Average, DIMENSIONS};
use crate::sentences::commands::{embed_command, run_embed};
use enjamb_core::model::{Error, Model, Run, Setup};
use enjamb_core::signature::{Manifest, Values, directory};
use enjamb_core::value::Value;

/// Averaged word vectors, hosted.
#[derive(Default)]
pub struct AverageWords {
    average: Option<Average>,
}

impl Model for AverageWords {
    fn manifest(&self) -> Manifest {
        let words = "A plain baseline: a sentence is the average of its words' vectors. English.";
        Manifest::new("average", words)
            .option(
                Setup::PATH,
                directory().default(Value::File("".into())),
                "The folder with the word vectors; empty for the ones that ship.",
            )
            .command(embed_command(DIMENSIONS))
    }

    fn setup(&mut self, setup: &Setup) -> Result<(), Error> {
        let dir = setup.dir_or_default("average")?;
        let average = Average::load(&dir).map_err(|error| Error::failed(error.to_string()))?;
        self.average = Some(average);
        Ok(())
    }

    fn run(&mut self, _: &str, inputs: &Values, run: &mut Run) -> Result<Values, Error> {
        let average = self.average.as_ref().ok_or("the word vectors were not loaded")?;
        run_embed(inputs, run, |texts| {
            average.embed(texts).map_err(|error| Error::failed(error.to_string()))
        })
    }
}
