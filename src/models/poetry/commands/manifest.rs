//! What the verse VAE says of itself: its commands, their inputs and outputs.

use super::super::beam::MAX_BEAMS;
use enjamb_core::signature::{
    Command, DataType, Manifest, array, boolean, category, directory, number, text, vector,
};
use enjamb_core::value::Value;

/// Z: the length of z, as in 2019.
pub(super) const LATENT: usize = 64;
/// Lines that one run may ask for.
const MOST_LINES: f64 = 1024.0;
/// Columns and rows of a grid: 1024 cells.
const MOST_CELLS: f64 = 32.0;
/// Lines of one side of an attribute.
const MOST_EXAMPLES: f64 = 4096.0;

pub(super) fn manifest() -> Manifest {
    Manifest::new("poetry", "A variational autoencoder of English verse: lines as points in space.")
        .option(
            "path",
            directory().default(Value::File("".into())),
            "The folder with the weights; empty for the ones that ship.",
        )
        .option(
            "threads",
            number().min(1.0).max(64.0).step(1.0).default(2.0),
            "Threads that share many lines.",
        )
        .command(
            Command::new("generate", "Writes the line that lies at a point.")
                .input("z", point(), "The point; without one, the middle of the space.")
                .input("temperature", temperature_of_2019(), TEMPERATURE_WORDS)
                .output("out", text(), "The line."),
        )
        .command(
            Command::new("reconstruct", "Reads a line and writes it again, from its point alone.")
                .input("in", text(), "A line, of some words.")
                .input("temperature", temperature_of_2019(), TEMPERATURE_WORDS)
                .output("out", text(), "The line as the model has it."),
        )
        .command(compose())
        .command(
            Command::new("sample", "Writes lines at points that are drawn from the prior.")
                .input("count", count(1.0), "How many.")
                .input("temperature", temperature().default(0.5), TEMPERATURE_WORDS)
                .input(
                    "spread",
                    number().min(0.0).max(3.0).step(0.05).default(1.0),
                    "How far from the origin: 1 is the prior itself, less is plainer.",
                )
                .output("lines", lines(), "The lines.")
                .output("z", array(vector(LATENT)), "The point of each."),
        )
        .command(
            Command::new("encode", "Says where a line lies.")
                .input("text", text().min(1.0), "The line.")
                .output("z", vector(LATENT), "A point drawn from the line's posterior.")
                .output("mean", vector(LATENT), "The posterior's mean.")
                .output(
                    "log_variance",
                    vector(LATENT),
                    "The logarithm of the posterior's variance.",
                ),
        )
        .command(
            Command::new("interpolate", "Writes the lines on the way from one to another.")
                .input("from", text().min(1.0), "The first line.")
                .input("to", text().min(1.0), "The last.")
                .input("steps", steps(), STEPS_WORDS)
                .input("spherical", boolean().default(true), SPHERICAL_WORDS)
                .input("temperature", temperature(), TEMPERATURE_WORDS)
                .output("lines", lines(), "The lines, as the model has them, both ends included."),
        )
        .command(
            Command::new("interpolate_z", "Writes the lines on the way between two points.")
                .input("from", vector(LATENT), "The first point.")
                .input("to", vector(LATENT), "The last.")
                .input("steps", steps(), STEPS_WORDS)
                .input("spherical", boolean().default(true), SPHERICAL_WORDS)
                .input("temperature", temperature(), TEMPERATURE_WORDS)
                .output("lines", lines(), "The lines, both ends included."),
        )
        .command(
            Command::new(
                "gradient",
                "Leads from one line to another in even steps, no line twice.",
            )
            .input("from", text().min(1.0), "The first line.")
            .input("to", text().min(1.0), "The last.")
            .input("steps", steps(), "The most lines.")
            .output(
                "lines",
                lines(),
                "The two lines and those between; fewer if they repeat.",
            ),
        )
        .command(grid())
        .command(
            Command::new("axes", "Gives axes for a grid, each of length 1.")
                .input("axes", kinds_of_axes(), AXES_WORDS)
                .output("x", vector(LATENT), "From left to right.")
                .output("y", vector(LATENT), "From top to bottom, at a right angle to the other."),
        )
        .command(
            Command::new("neighbours", "Writes lines that lie around a line.")
                .input("text", text().min(1.0), "The line in the middle.")
                .input(
                    "radius",
                    number().min(0.0).max(64.0).step(0.1).default(2.0),
                    "How far from it, in latent units.",
                )
                .input("count", count(8.0), "How many.")
                .input("temperature", temperature(), TEMPERATURE_WORDS)
                .output("lines", lines(), "The lines, all different; fewer if too many are alike."),
        )
        .command(
            Command::new("attribute", "Finds the direction that tells some lines from others.")
                .input("lines_a", examples(), "Lines that have it.")
                .input("lines_b", examples(), "Lines that have not.")
                .output(
                    "direction",
                    vector(LATENT),
                    "The mean of the first less that of the others: added to a z it leads there.",
                ),
        )
}

fn compose() -> Command {
    Command::new("compose", "Writes the line that lies at a point, under conditions.")
        .input("z", vector(LATENT), "The point.")
        .input("temperature", temperature_of_2019(), "For sampling. Near 0 the likeliest words.")
        .input(
            "top_p",
            number().min(0.05).max(1.0).step(0.05).default(1.0),
            "For sampling: leaves out unlikely words, which together have no more than the rest.",
        )
        .input(
            "method",
            category(["sample", "greedy", "beam"]),
            "Drawn; the likeliest word each time; or the likeliest line that a search finds.",
        )
        .input(
            "beams",
            number().min(1.0).max(MAX_BEAMS as f64).step(1.0).default(4.0),
            "For the search: lines followed at once.",
        )
        .input("max_words", number().min(1.0).max(40.0).step(1.0).default(40.0), "The most words.")
        .input("start_with", text(), "What the line begins with.")
        .input("avoid", text(), "Words that must not occur, with spaces between.")
        .output("out", text(), "The line.")
}

fn grid() -> Command {
    let side = || number().min(1.0).max(MOST_CELLS).step(1.0).default(8.0);
    let axis_words = "its direction, of any length. Zeros: as axes says.";
    Command::new("grid", "Writes a line in every cell of a grid through the latent space.")
        .input("center", point(), "The point in the middle.")
        .input("x_axis", point(), &format!("From left to right: {axis_words}"))
        .input("y_axis", point(), &format!("From top to bottom: {axis_words}"))
        .input(
            "span",
            number().min(0.0).max(64.0).step(0.1).default(3.0),
            "From the middle to the edge, in latent units.",
        )
        .input("columns", side(), "How many cells from left to right.")
        .input("rows", side(), "How many from top to bottom.")
        .input(
            "axes",
            kinds_of_axes(),
            "Axes that are not given: those along which lines vary most, or any.",
        )
        .input("temperature", temperature(), TEMPERATURE_WORDS)
        .output(
            "lines",
            lines(),
            "Row by row. Partial outputs, from the middle outwards, have the lines that are new.",
        )
}

const TEMPERATURE_WORDS: &str = "Near 0 the likeliest words, above 1 wilder ones.";
const AXES_WORDS: &str = "principal: those along which lines vary most; random: any.";
const STEPS_WORDS: &str = "How many lines, both ends included.";
const SPHERICAL_WORDS: &str = "True: on an arc around the origin. False: straight.";

/// A point, at the origin until it is given, so that the first message gets a line.
fn point() -> DataType {
    vector(LATENT).default(vec![0.0; LATENT])
}

fn kinds_of_axes() -> DataType {
    category(["principal", "random"])
}

fn temperature_of_2019() -> DataType {
    number().min(0.05).max(2.0).step(0.05).default(0.5)
}

fn temperature() -> DataType {
    number().min(0.0).max(2.0).step(0.05)
}

fn steps() -> DataType {
    number().min(2.0).max(256.0).step(1.0).default(8.0)
}

fn count(default: f64) -> DataType {
    number().min(1.0).max(MOST_LINES).step(1.0).default(default)
}

fn lines() -> DataType {
    array(text())
}

fn examples() -> DataType {
    array(text().min(1.0)).min(1.0).max(MOST_EXAMPLES)
}
