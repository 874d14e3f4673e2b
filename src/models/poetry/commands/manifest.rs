//! What the verse VAE says of itself: its commands, their inputs and outputs.

use super::super::beam::MAX_BEAMS;
use super::inputs::{
    attribute, axes, compose, encode, generate, gradient, grid, interpolate, interpolate_z,
    neighbours, options, reconstruct, sample,
};
use enjamb_core::signature::{
    Command, DataType, Manifest, array, boolean, category, directory, integer, number, text, vector,
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
            options::PATH,
            directory().default(Value::File("".into())),
            "The folder with the weights; empty for the ones that ship.",
        )
        .option(
            options::THREADS,
            integer().min(1.0).max(64.0).default(2.0),
            "Threads that share many lines.",
        )
        .command(
            Command::new("generate", "Writes the line that lies at a point.")
                .input(generate::Z, point(), "The point; without one, the middle of the space.")
                .input(generate::TEMPERATURE, temperature_of_2019(), TEMPERATURE_WORDS)
                .output("out", text(), "The line."),
        )
        .command(
            Command::new("reconstruct", "Reads a line and writes it again, from its point alone.")
                .input(reconstruct::IN, text(), "A line, of some words.")
                .input(reconstruct::TEMPERATURE, temperature_of_2019(), TEMPERATURE_WORDS)
                .output("out", text(), "The line as the model has it."),
        )
        .command(compose())
        .command(
            Command::new("sample", "Writes lines at points that are drawn from the prior.")
                .input(sample::COUNT, count(1.0), "How many.")
                .input(sample::TEMPERATURE, temperature().default(0.5), TEMPERATURE_WORDS)
                .input(
                    sample::SPREAD,
                    number().min(0.0).max(3.0).step(0.05).default(1.0),
                    "How far from the origin: 1 is the prior itself, less is plainer.",
                )
                .output("lines", lines(), "The lines.")
                .output("z", array(vector(LATENT)), "The point of each."),
        )
        .command(
            Command::new("encode", "Says where a line lies.")
                .input(encode::TEXT, text().min(1.0), "The line.")
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
                .input(interpolate::FROM, text().min(1.0), "The first line.")
                .input(interpolate::TO, text().min(1.0), "The last.")
                .input(interpolate::STEPS, steps(), STEPS_WORDS)
                .input(interpolate::SPHERICAL, boolean().default(true), SPHERICAL_WORDS)
                .input(interpolate::TEMPERATURE, temperature(), TEMPERATURE_WORDS)
                .output("lines", lines(), "The lines, as the model has them, both ends included."),
        )
        .command(
            Command::new("interpolate_z", "Writes the lines on the way between two points.")
                .input(interpolate_z::FROM, vector(LATENT), "The first point.")
                .input(interpolate_z::TO, vector(LATENT), "The last.")
                .input(interpolate_z::STEPS, steps(), STEPS_WORDS)
                .input(interpolate_z::SPHERICAL, boolean().default(true), SPHERICAL_WORDS)
                .input(interpolate_z::TEMPERATURE, temperature(), TEMPERATURE_WORDS)
                .output("lines", lines(), "The lines, both ends included."),
        )
        .command(
            Command::new(
                "gradient",
                "Leads from one line to another in even steps, no line twice.",
            )
            .input(gradient::FROM, text().min(1.0), "The first line.")
            .input(gradient::TO, text().min(1.0), "The last.")
            .input(gradient::STEPS, steps(), "The most lines.")
            .output(
                "lines",
                lines(),
                "The two lines and those between; fewer if they repeat.",
            ),
        )
        .command(grid())
        .command(
            Command::new("axes", "Gives axes for a grid, each of length 1.")
                .input(axes::AXES, kinds_of_axes(), AXES_WORDS)
                .output("x", vector(LATENT), "From left to right.")
                .output("y", vector(LATENT), "From top to bottom, at a right angle to the other."),
        )
        .command(
            Command::new("neighbours", "Writes lines that lie around a line.")
                .input(neighbours::TEXT, text().min(1.0), "The line in the middle.")
                .input(
                    neighbours::RADIUS,
                    number().min(0.0).max(64.0).step(0.1).default(2.0),
                    "How far from it, in latent units.",
                )
                .input(neighbours::COUNT, count(8.0), "How many.")
                .input(neighbours::TEMPERATURE, temperature(), TEMPERATURE_WORDS)
                .output("lines", lines(), "The lines, all different; fewer if too many are alike."),
        )
        .command(
            Command::new("attribute", "Finds the direction that tells some lines from others.")
                .input(attribute::LINES_A, examples(), "Lines that have it.")
                .input(attribute::LINES_B, examples(), "Lines that have not.")
                .output(
                    "direction",
                    vector(LATENT),
                    "The mean of the first less that of the others: added to a z it leads there.",
                ),
        )
}

fn compose() -> Command {
    Command::new("compose", "Writes the line that lies at a point, under conditions.")
        .input(compose::Z, vector(LATENT), "The point.")
        .input(
            compose::TEMPERATURE,
            temperature_of_2019(),
            "For sampling. Near 0 the likeliest words.",
        )
        .input(
            compose::TOP_P,
            number().min(0.05).max(1.0).step(0.05).default(1.0),
            "For sampling: leaves out unlikely words, which together have no more than the rest.",
        )
        .input(
            compose::METHOD,
            category(["sample", "greedy", "beam"]),
            "Drawn; the likeliest word each time; or the likeliest line that a search finds.",
        )
        .input(
            compose::BEAMS,
            integer().min(1.0).max(MAX_BEAMS as f64).default(4.0),
            "For the search: lines followed at once.",
        )
        .input(compose::MAX_WORDS, integer().min(1.0).max(40.0).default(40.0), "The most words.")
        .input(compose::START_WITH, text(), "What the line begins with.")
        .input(compose::AVOID, text(), "Words that must not occur, with spaces between.")
        .output("out", text(), "The line.")
}

fn grid() -> Command {
    let side = || integer().min(1.0).max(MOST_CELLS).default(8.0);
    let axis_words = "its direction, of any length. Zeros: as axes says.";
    Command::new("grid", "Writes a line in every cell of a grid through the latent space.")
        .input(grid::CENTER, point(), "The point in the middle.")
        .input(grid::X_AXIS, point(), &format!("From left to right: {axis_words}"))
        .input(grid::Y_AXIS, point(), &format!("From top to bottom: {axis_words}"))
        .input(
            grid::SPAN,
            number().min(0.0).max(64.0).step(0.1).default(3.0),
            "From the middle to the edge, in latent units.",
        )
        .input(grid::COLUMNS, side(), "How many cells from left to right.")
        .input(grid::ROWS, side(), "How many from top to bottom.")
        .input(
            grid::AXES,
            kinds_of_axes(),
            "Axes that are not given: those along which lines vary most, or any.",
        )
        .input(grid::TEMPERATURE, temperature(), TEMPERATURE_WORDS)
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
    integer().min(2.0).max(256.0).default(8.0)
}

fn count(default: f64) -> DataType {
    integer().min(1.0).max(MOST_LINES).default(default)
}

fn lines() -> DataType {
    array(text())
}

fn examples() -> DataType {
    array(text().min(1.0)).min(1.0).max(MOST_EXAMPLES)
}
