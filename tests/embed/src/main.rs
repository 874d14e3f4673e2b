//! Asks the verse model for a line, and prints it: `embedded-verse MODELS`, where MODELS is the folder with
//! the files of models.

use enjamb::models::poetry::Poetry;
use enjamb::signature::Values;
use enjamb::{Error, Runtime};

fn main() -> Result<(), Error> {
    let models = std::env::args_os().nth(1).expect("usage: embedded-verse MODELS").into();
    let runtime = Runtime::builder().model_dirs(vec![models]).model(Poetry::default).start()?;
    let outputs = runtime.run("poetry", "sample", Values::new())?;
    println!("{}", outputs.array("lines")[0].to_json());
    Ok(())
}
