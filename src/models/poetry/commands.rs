//! The verse VAE as a hosted model: `generate`, `reconstruct`, and ways through its latent space.

mod batch;
mod inputs;
mod manifest;

use super::decoder::News;
use super::encoder::Posterior;
use super::{Constraints, DecodeOptions, Decoding, Poet, space, vocabulary};
use enjamb_core::model::{Error, Model, Run, Setup};
use enjamb_core::signature::{Input, Manifest, Values};
use enjamb_core::value::Value;
use enjamb_numeric::chance::gaussian;
use inputs::{
    attribute, axes, encode, gradient, grid, interpolate, interpolate_z, neighbours, options,
};
use manifest::LATENT;
use rand_chacha::rand_core::RngCore;
use std::collections::HashSet;
use std::sync::Arc;

/// Lines that are read between two chances to cancel: some hundredths of a second of work.
const LINES_A_STEP: usize = 64;
/// Tries for each neighbour that is asked for, since some points say the same line.
const TRIES: usize = 4;

/// The verse VAE, hosted.
#[derive(Default)]
pub struct Poetry {
    poet: Option<Poet>,
}

impl Model for Poetry {
    fn manifest(&self) -> Manifest {
        manifest::manifest()
    }

    fn setup(&mut self, setup: &Setup) -> Result<(), Error> {
        let poet = Poet::load(&setup.dir_or_default("poetry")?)?;
        let latent = poet.sizes().latent;
        if latent != LATENT {
            return Err(format!(
                "these weights have a latent space of {latent} dimensions: expected {LATENT}"
            )
            .into());
        }
        self.poet = Some(poet.with_threads(setup.options[options::THREADS] as usize));
        Ok(())
    }

    fn run(&mut self, command: &str, inputs: &Values, run: &mut Run) -> Result<Values, Error> {
        let poet = self.poet.as_mut().ok_or("the model was not set up")?;
        if batch::takes(command) {
            return batch::run(poet, command, &mut [(inputs, run)]).remove(0);
        }
        let mut desk = Desk { poet, run };
        match command {
            "encode" => desk.encode(inputs),
            "interpolate" => desk.interpolate(inputs),
            "interpolate_z" => {
                let (from, to) = (&inputs[interpolate_z::FROM], &inputs[interpolate_z::TO]);
                desk.interpolate_between(from, to, inputs)
            }
            "gradient" => desk.gradient(inputs),
            "grid" => desk.grid(inputs),
            "axes" => {
                let [x, y] = desk.axes(&inputs[axes::AXES], [None, None]);
                Ok(Values::new().with("x", x).with("y", y))
            }
            "neighbours" => desk.neighbours(inputs),
            "attribute" => desk.attribute(inputs),
            other => Err(format!("there is no command '{other}'").into()),
        }
    }

    fn most_at_once(&self, command: &str) -> usize {
        batch::most_at_once(command)
    }

    fn run_many(
        &mut self,
        command: &str,
        runs: &mut [(&Values, Run)],
    ) -> Vec<Result<Values, Error>> {
        let Some(poet) = &mut self.poet else {
            return runs.iter().map(|_| Err("the model was not set up".into())).collect();
        };
        let mut runs: Vec<_> = runs.iter_mut().map(|(inputs, run)| (*inputs, run)).collect();
        batch::run(poet, command, &mut runs)
    }
}

/// One run at work.
struct Desk<'a, 'r> {
    poet: &'a mut Poet,
    run: &'a mut Run<'r>,
}

impl Desk<'_, '_> {
    fn encode(&mut self, inputs: &Values) -> Result<Values, Error> {
        let posterior = self.read_one(&inputs[encode::TEXT])?;
        let rng = self.run.rng();
        let z = posterior.at(std::iter::repeat_with(|| gaussian(rng)));
        let values = Values::new().with("z", z).with("mean", posterior.mean);
        Ok(values.with("log_variance", posterior.log_variance))
    }

    fn interpolate(&mut self, inputs: &Values) -> Result<Values, Error> {
        let from = self.read_one(&inputs[interpolate::FROM])?.mean;
        let to = self.read_one(&inputs[interpolate::TO])?.mean;
        self.interpolate_between(&from, &to, inputs)
    }

    fn interpolate_between(
        &mut self,
        from: &[f32],
        to: &[f32],
        inputs: &Values,
    ) -> Result<Values, Error> {
        let steps = inputs[interpolate::STEPS] as usize;
        let points = space::path(from, to, steps, inputs[interpolate::SPHERICAL]);
        let lines = self.write(&points, sampled(inputs[interpolate::TEMPERATURE]))?;
        Ok(Values::new().with("lines", texts(lines)))
    }

    fn gradient(&mut self, inputs: &Values) -> Result<Values, Error> {
        let (from, to) = (&inputs[gradient::FROM], &inputs[gradient::TO]);
        let (here, there) = (self.read_one(from)?.mean, self.read_one(to)?.mean);
        let steps = inputs[gradient::STEPS] as usize;
        let (from, to) = ((from.trim(), &here[..]), (to.trim(), &there[..]));
        let lines = super::gradient::gradient(from, to, steps, |points| {
            self.write(points, Decoding::Greedy)
        })?;
        Ok(Values::new().with("lines", texts(lines)))
    }

    fn grid(&mut self, inputs: &Values) -> Result<Values, Error> {
        let (columns, rows) = (inputs[grid::COLUMNS] as usize, inputs[grid::ROWS] as usize);
        let given = [grid::X_AXIS, grid::Y_AXIS].map(|axis| space::direction(&inputs[axis]));
        let [x_axis, y_axis] = self.axes(&inputs[grid::AXES], given);
        let span = inputs[grid::SPAN] as f32;
        let points = space::grid(&inputs[grid::CENTER], &x_axis, &y_axis, span, columns, rows);
        let order = space::outwards(columns, rows);
        let in_order = order.iter().map(|cell| points[*cell].clone());
        let wishes =
            wishes(in_order, sampled(inputs[grid::TEMPERATURE]), Constraints::default(), self.run);
        // A partial output has the lines that are new, in their cells. Lines end in bursts, so
        // those of a step go out together.
        let blank = vec![Value::from(""); points.len()];
        let (mut fresh, mut n_fresh, mut n_told) = (blank.clone(), 0, 0);
        let run = &mut *self.run;
        let written = self.poet.write(&wishes, |news| match news {
            News::Line(number, line) => {
                fresh[order[number]] = line.into();
                n_fresh += 1;
                Ok(())
            }
            News::Step if n_fresh > 0 => {
                n_told += std::mem::take(&mut n_fresh);
                let lines = std::mem::replace(&mut fresh, blank.clone());
                run.emit(Values::new().with("lines", lines), n_told as f32 / points.len() as f32)
            }
            News::Step => run.check(),
        })?;
        let mut lines = blank;
        for (cell, line) in order.into_iter().zip(written) {
            lines[cell] = line.into();
        }
        Ok(Values::new().with("lines", lines))
    }

    /// A grid's axes at length 1: as given, and where none is given, of that kind.
    fn axes(&mut self, kind: &str, given: [Option<Vec<f32>>; 2]) -> [Vec<f32>; 2] {
        let principal = kind == "principal";
        let mut other = vec![0.0; LATENT];
        [0, 1].map(|i| {
            let axis = match &given[i] {
                Some(axis) => axis.clone(),
                // Kept in half precision, they are a little longer or shorter.
                None if principal => {
                    let axis = &self.poet.space().principal[i];
                    space::direction(axis).unwrap_or_else(|| axis.clone())
                }
                None => space::random_direction(&other, self.run.rng()),
            };
            other.clone_from(&axis);
            axis
        })
    }

    fn neighbours(&mut self, inputs: &Values) -> Result<Values, Error> {
        let text = &inputs[neighbours::TEXT];
        let (count, radius) =
            (inputs[neighbours::COUNT] as usize, inputs[neighbours::RADIUS] as f32);
        let center = self.read_one(text)?.mean;
        let mut said = HashSet::from([said(text)]);
        let mut lines: Vec<String> = Vec::new();
        for _ in 0..TRIES {
            let points: Vec<Vec<f32>> = (lines.len()..count)
                .map(|_| {
                    let direction = space::random_direction(&[0.0; LATENT], self.run.rng());
                    center.iter().zip(direction).map(|(z, x)| z + radius * x).collect()
                })
                .collect();
            let written = self.write(&points, sampled(inputs[neighbours::TEMPERATURE]))?;
            lines.extend(written.into_iter().filter(|line| said.insert(self::said(line))));
            if lines.len() == count {
                break;
            }
        }
        Ok(Values::new().with("lines", texts(lines)))
    }

    fn attribute(&mut self, inputs: &Values) -> Result<Values, Error> {
        let mut mean_of = |input: Input<[Value]>| {
            let name = input.name();
            let lines: Vec<&str> = inputs[input].iter().filter_map(Value::as_text).collect();
            let mut means = Vec::with_capacity(lines.len());
            for (i, some) in lines.chunks(LINES_A_STEP).enumerate() {
                let read = self.poet.read(some).map_err(|error| {
                    let bad = some.iter().position(|line| self.poet.spell(line).is_err());
                    let number = i * LINES_A_STEP + bad.unwrap_or(0) + 1;
                    Error::failed(format!("{name}, line {number} of {}: {error}", lines.len()))
                })?;
                means.extend(read.into_iter().map(|posterior| posterior.mean));
                self.run.check()?;
            }
            Ok::<_, Error>(space::mean(means.iter().map(Vec::as_slice)))
        };
        let (a, b) = (mean_of(attribute::LINES_A)?, mean_of(attribute::LINES_B)?);
        let direction: Vec<f32> = a.iter().zip(b).map(|(a, b)| a - b).collect();
        Ok(Values::new().with("direction", direction))
    }

    fn read_one(&mut self, line: &str) -> Result<Posterior, Error> {
        Ok(self.poet.read(&[line])?.remove(0))
    }

    /// Writes lines at some points, all in the same way.
    fn write(&mut self, points: &[Vec<f32>], method: Decoding) -> Result<Vec<String>, Error> {
        let wishes = wishes(points.iter().cloned(), method, Constraints::default(), self.run);
        let run = &*self.run;
        self.poet.write(&wishes, |_| run.check())
    }
}

/// Wishes for lines at some points, all in the same way, each with a seed of its own.
fn wishes(
    points: impl Iterator<Item = Vec<f32>>,
    method: Decoding,
    constraints: Constraints,
    run: &mut Run,
) -> Vec<DecodeOptions> {
    let constraints = Arc::new(constraints);
    let mut wish = |z| {
        let constraints = Arc::clone(&constraints);
        DecodeOptions { z, method, constraints, seed: run.rng().next_u64() }
    };
    points.map(&mut wish).collect()
}

/// The method that a temperature asks for: 0 is greedy.
fn sampled(temperature: f64) -> Decoding {
    match temperature as f32 {
        0.0 => Decoding::Greedy,
        temperature => Decoding::Sample { temperature, top_p: 1.0 },
    }
}

/// A line by its words, to know it again.
fn said(line: &str) -> Vec<String> {
    vocabulary::words(&vocabulary::clean(line)).map(str::to_owned).collect()
}

fn texts(lines: Vec<String>) -> Vec<Value> {
    lines.into_iter().map(Value::from).collect()
}
