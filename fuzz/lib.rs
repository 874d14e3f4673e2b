//! What the fuzz targets share: a small stack, a data type for every byte, and a model that takes them.

use enjamb::DataType;
use enjamb::model::{Error, Model, Run};
use enjamb::signature::{
    Command, Manifest, Values, any, array, boolean, category, directory, file, image,
    image_bounding_box, image_landmarks, image_point, number, segmentation, text, vector,
};

/// A decoder that recurses with its input runs out of this long before it does of a thread's 2 MiB.
const SMALL_STACK: usize = 256 * 1024;

/// Runs a target on a thread with a small stack; its panics end the process.
pub fn on_small_stack(target: impl FnOnce() + Send) {
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().stack_size(SMALL_STACK);
        thread.spawn_scoped(scope, target).expect("the system gives a thread");
    });
}

/// Every kind of data type, with and without limits.
pub fn data_types() -> Vec<DataType> {
    let palette = ["sky", "sea"];
    vec![
        text(),
        text().min(1.0).max(8.0),
        number(),
        number().min(0.0).max(1.0),
        boolean(),
        category(["a", "b"]),
        vector(1),
        vector(64),
        array(text()),
        array(array(vector(2))).max(4.0),
        array(image_point()),
        image(1),
        image(3),
        image(4),
        array(image(3)),
        segmentation(palette),
        file(),
        directory(),
        any(),
        image_point(),
        image_bounding_box(),
        image_landmarks(3),
    ]
}

/// A model whose command takes one of each, and gives back nothing.
pub struct Taker;

impl Model for Taker {
    fn manifest(&self) -> Manifest {
        let all = data_types()
            .into_iter()
            .enumerate()
            .fold(Command::new("all", ""), |all, (i, t)| all.input(&format!("i{i}"), t, ""));
        Manifest::new("take", "").command(all)
    }

    fn run(&mut self, _: &str, _: &Values, _: &mut Run) -> Result<Values, Error> {
        Ok(Values::new())
    }
}
