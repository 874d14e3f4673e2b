//! What the map is called, takes, gives and streams.

use super::inputs::{NAME, TEXTS, density, labels, nearest, options, place, project, search};
use crate::map::Method;
use crate::sentences::encoder::DIMENSIONS;
use enjamb_core::signature::{
    Command, DataType, Manifest, Stream, array, category, directory, file, integer, number, text,
    vector,
};
use enjamb_core::value::Value;

/// Sentences on a map, at most.
pub const MAX_TEXTS: usize = 100_000;
/// Cells of a side of `density`, at most.
const MAX_CELLS: f64 = 256.0;

pub fn manifest() -> Manifest {
    Manifest::new("map", "Sentences in two dimensions: what means the like lies near.")
        .option(
            options::PATH,
            file().default(Value::File("".into())),
            "A map file to begin with; empty for the one that ships.",
        )
        .option(
            options::FOLDER,
            directory().default(Value::File("".into())),
            "Where saved maps lie, and vectors that were made before; empty for the data folder of this computer's user.",
        )
        .option(
            options::THREADS,
            integer().min(1.0).max(64.0).default(2.0),
            "Threads that lay sentences out.",
        )
        .command(project())
        .command(place())
        .command(
            Command::new("add", "Puts new sentences on the map, where they belong. Nothing else moves.")
                .input(TEXTS, texts().min(1.0), "The sentences.")
                .output("count", count(), "How many there are now."),
        )
        .command(
            Command::new("remove", "Takes sentences off the map.")
                .input(TEXTS, texts().min(1.0), "The sentences, word for word.")
                .output("removed", count(), "How many were taken off.")
                .output("count", count(), "How many there are now."),
        )
        .command(
            Command::new("clear", "Takes all sentences off the map.")
                .output("count", count(), "How many there are now: 0."),
        )
        .command(
            Command::new("save", "Writes the map to a file.")
                .input(NAME, text().min(1.0).max(100.0), "The file's name, without folder and ending.")
                .output("path", text(), "Where it is now."),
        )
        .command(
            Command::new("load", "Reads a map that was saved, instead of the one there is.")
                .input(NAME, text().min(1.0).max(100.0), "The file's name, without folder and ending.")
                .output("count", count(), "How many sentences it has."),
        )
        .command(
            Command::new("nearest", "Finds the sentences nearest to a place.")
                .input(nearest::X, coordinate().default(0.0), "The place, from left to right.")
                .input(nearest::Y, coordinate().default(0.0), "From bottom to top.")
                .input(nearest::K, how_many(), "How many to find.")
                .output("texts", texts(), "The nearest, from near to far.")
                .output("points", array(vector(2)), "Where each lies.")
                .output("distances", array(number()), "How far each is."),
        )
        .command(
            Command::new("search", "Finds the sentences nearest in meaning to a text.")
                .input(search::TEXT, text().min(1.0), "What to look for.")
                .input(search::K, how_many(), "How many to find.")
                .output("texts", texts(), "The nearest in meaning first.")
                .output("points", array(vector(2)), "Where each lies.")
                .output("similarities", array(number()), "How near each is, 1 for the same."),
        )
        .command(
            Command::new("labels", "A few words for each dense region, from its own sentences.")
                .input(labels::COUNT, integer().min(1.0).max(100.0).default(12.0), "Regions at most.")
                .output("texts", texts(), "The words, of the largest region first.")
                .output("points", array(vector(2)), "Where each lies.")
                .output("counts", array(number()), "How many sentences are in each."),
        )
        .command(
            Command::new("density", "How dense the map is, on a grid of cells, for contours.")
                .input(density::COLUMNS, cells(), "Cells across.")
                .input(density::ROWS, cells(), "Cells down.")
                .input(
                    density::BANDWIDTH,
                    number().min(0.0).max(1.0),
                    "How far a sentence is felt, in the map's units; 0: as fits their number.",
                )
                .output("cells", array(number()), "Row by row from the top left; the densest is 1."),
        )
        .command(
            Command::new("show", "Sends you all points, on /map/point.")
                .output("count", count(), "How many there are."),
        )
        .stream(
            Stream::new("point", "Where a sentence lies, sent as it moves.")
                .field("index", count(), "Which, from 0.")
                .field("count", count(), "How many there are.")
                .field("x", coordinate(), "From left to right.")
                .field("y", coordinate(), "From bottom to top.")
                .field("text", text(), "The sentence.")
                .recalled_by("show"),
        )
        .stream(
            Stream::new("frame", "Sent after all points that have moved.")
                .field("frame", count(), "Counts the frames.")
                .field("iteration", count(), "Steps of the projection so far.")
                .field("points", count(), "How many points were sent.")
                .field("count", count(), "How many there are."),
        )
}

fn project() -> Command {
    Command::new(
        "project",
        "Lays sentences out, while everybody can watch them move on /map/point.",
    )
    .input(
        project::TEXTS,
        texts().max(MAX_TEXTS as f64).default(none()),
        "The sentences; none for those there are.",
    )
    .input(
        project::VECTORS,
        array(vector(DIMENSIONS)).max(MAX_TEXTS as f64).default(none()),
        "Their vectors, where they are known; or vectors without sentences.",
    )
    .input(project::METHOD, category(Method::ALL.map(Method::name)), "tsne: neighbours stay neighbours; umap: tighter clumps; pca: a plain shadow.")
    .input(
        project::PERPLEXITY,
        number().min(1.0).max(500.0).default(30.0),
        "About how many neighbours each sentence is kept near to, by tsne.",
    )
    .input(project::SEED, integer().min(0.0).max(f64::from(i32::MAX)), "The seed of all chance.")
    .input(
        project::ITERATIONS,
        integer().min(0.0).max(10_000.0),
        "Steps; 0: as many as the method usually takes. By tsne the first third draws what belongs together close.",
    )
    .input(
        project::RATE,
        number().min(0.0).max(120.0).default(60.0),
        "Frames a second that are sent at most; 0: the last alone.",
    )
    .input(
        project::THRESHOLD,
        number().min(0.0).max(1.0),
        "Points that moved less since they were sent are left out.",
    )
    .input(
        project::NEIGHBOURS,
        integer().min(2.0).max(500.0).default(15.0),
        "How many sentences a neighbourhood has, by umap.",
    )
    .input(
        project::PACE,
        number().min(0.0).max(1000.0),
        "Steps a second at most, so that a small map can be watched; 0: as quick as can be.",
    )
    .output("points", array(vector(2)), "Where each sentence lies, in -1..1.")
    .output(
        "divergence",
        number(),
        "What is lost by it: the Kullback-Leibler divergence, in nats.",
    )
}

fn place() -> Command {
    Command::new("place", "Says where a sentence would lie on the map. Nothing moves.")
        .input(place::TEXT, text(), "The sentence.")
        .input(
            place::VECTOR,
            vector(DIMENSIONS).default(vec![0.0; DIMENSIONS]),
            "Or its vector, where there is no text.",
        )
        .output("x", coordinate(), "From left to right, in -1..1.")
        .output("y", coordinate(), "From bottom to top, in -1..1.")
}

fn none() -> Value {
    Value::Array(Vec::new())
}

fn texts() -> DataType {
    array(text())
}

fn coordinate() -> DataType {
    number().min(-1.0).max(1.0)
}

fn count() -> DataType {
    integer().min(0.0)
}

fn how_many() -> DataType {
    integer().min(1.0).max(1000.0).default(5.0)
}

fn cells() -> DataType {
    integer().min(1.0).max(MAX_CELLS).default(64.0)
}
