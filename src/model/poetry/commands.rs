//! The verse VAE as a hosted model: `generate`, `reconstruct`, and ways through its latent space.

mod manifest;

use super::chance::{gaussian, gaussians};
use super::decoder::News;
use super::encoder::Posterior;
use super::gradient::gradient;
use super::{Constraints, Method, Poet, Wish, space};
use crate::model::{Error, Model, Run, Setup};
use crate::signature::{Manifest, Values};
use crate::value::Value;
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
        self.poet = Some(poet.with_threads(setup.options.number("threads") as usize));
        Ok(())
    }

    fn run(&mut self, command: &str, inputs: &Values, run: &mut Run) -> Result<Values, Error> {
        let poet = self.poet.as_mut().ok_or("the model was not set up")?;
        let mut desk = Desk { poet, run };
        match command {
            "generate" => desk.generate(inputs),
            "reconstruct" => desk.reconstruct(inputs),
            "compose" => desk.compose(inputs),
            "sample" => desk.sample(inputs),
            "encode" => desk.encode(inputs),
            "interpolate" => desk.interpolate(inputs),
            "interpolate_z" => {
                let (from, to) = (inputs.vector("from"), inputs.vector("to"));
                desk.interpolate_between(from, to, inputs)
            }
            "gradient" => desk.gradient(inputs),
            "grid" => desk.grid(inputs),
            "neighbours" => desk.neighbours(inputs),
            "attribute" => desk.attribute(inputs),
            other => Err(format!("there is no command '{other}'").into()),
        }
    }
}

/// One run at work.
struct Desk<'a, 'r> {
    poet: &'a mut Poet,
    run: &'a mut Run<'r>,
}

impl Desk<'_, '_> {
    fn generate(&mut self, inputs: &Values) -> Result<Values, Error> {
        self.say(inputs.vector("z").to_vec(), sampled(inputs))
    }

    fn reconstruct(&mut self, inputs: &Values) -> Result<Values, Error> {
        let z = self.read_one(inputs.text("in"))?.mean;
        self.say(z, sampled(inputs))
    }

    /// `generate` and `reconstruct`: one line.
    fn say(&mut self, z: Vec<f32>, method: Method) -> Result<Values, Error> {
        let line = self.write(&[z], method, Constraints::default())?.remove(0);
        Ok(Values::new().with("out", line))
    }

    fn compose(&mut self, inputs: &Values) -> Result<Values, Error> {
        let temperature = inputs.number("temperature") as f32;
        let method = match inputs.text("method") {
            "greedy" => Method::Greedy,
            "beam" => Method::Beam { width: inputs.number("beams") as usize },
            _ => Method::Sample { temperature, top_p: inputs.number("top_p") as f32 },
        };
        let max_words = inputs.number("max_words") as usize;
        let (avoid, start) = (inputs.text("avoid"), inputs.text("start_with"));
        let constraints = self.poet.constraints(max_words, avoid, start)?;
        let z = inputs.vector("z").to_vec();
        let line = self.write(&[z], method, constraints)?.remove(0);
        Ok(Values::new().with("out", line))
    }

    fn sample(&mut self, inputs: &Values) -> Result<Values, Error> {
        let count = inputs.number("count") as usize;
        let spread = inputs.number("spread") as f32;
        let mut point = || {
            let noise = gaussians(self.run.rng(), LATENT);
            noise.into_iter().map(|x| spread * x).collect()
        };
        let points: Vec<Vec<f32>> = (0..count).map(|_| point()).collect();
        let lines = self.write(&points, sampled(inputs), Constraints::default())?;
        Ok(Values::new().with("lines", texts(lines)).with("z", points))
    }

    fn encode(&mut self, inputs: &Values) -> Result<Values, Error> {
        let posterior = self.read_one(inputs.text("text"))?;
        let rng = self.run.rng();
        let z = posterior.at(std::iter::repeat_with(|| gaussian(rng)));
        let values = Values::new().with("z", z).with("mean", posterior.mean);
        Ok(values.with("log_variance", posterior.log_variance))
    }

    fn interpolate(&mut self, inputs: &Values) -> Result<Values, Error> {
        let from = self.read_one(inputs.text("from"))?.mean;
        let to = self.read_one(inputs.text("to"))?.mean;
        self.interpolate_between(&from, &to, inputs)
    }

    fn interpolate_between(
        &mut self,
        from: &[f32],
        to: &[f32],
        inputs: &Values,
    ) -> Result<Values, Error> {
        let steps = inputs.number("steps") as usize;
        let points = space::path(from, to, steps, inputs.boolean("spherical"));
        let lines = self.write(&points, sampled(inputs), Constraints::default())?;
        Ok(Values::new().with("lines", texts(lines)))
    }

    fn gradient(&mut self, inputs: &Values) -> Result<Values, Error> {
        let (from, to) = (inputs.text("from"), inputs.text("to"));
        let (here, there) = (self.read_one(from)?.mean, self.read_one(to)?.mean);
        let steps = inputs.number("steps") as usize;
        let (from, to) = ((from.trim(), &here[..]), (to.trim(), &there[..]));
        let lines = gradient(from, to, steps, |points| {
            self.write(points, Method::Greedy, Constraints::default())
        })?;
        Ok(Values::new().with("lines", texts(lines)))
    }

    fn grid(&mut self, inputs: &Values) -> Result<Values, Error> {
        let (columns, rows) = (inputs.number("columns") as usize, inputs.number("rows") as usize);
        let [x_axis, y_axis] = self.axes(inputs);
        let span = inputs.number("span") as f32;
        let points = space::grid(inputs.vector("center"), &x_axis, &y_axis, span, columns, rows);
        let order = space::outwards(columns, rows);
        let wishes = self.wishes(order.iter().map(|cell| &points[*cell]), sampled(inputs));
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

    /// The grid's axes at length 1: as given, and where zeros are given, as `axes` says.
    fn axes(&mut self, inputs: &Values) -> [Vec<f32>; 2] {
        let principal = inputs.text("axes") == "principal";
        let given = ["x_axis", "y_axis"].map(|name| space::direction(inputs.vector(name)));
        let mut other = vec![0.0; LATENT];
        [0, 1].map(|i| {
            let axis = match &given[i] {
                Some(axis) => axis.clone(),
                None if principal => self.poet.space().principal[i].clone(),
                None => space::random_direction(&other, self.run.rng()),
            };
            other.clone_from(&axis);
            axis
        })
    }

    fn neighbours(&mut self, inputs: &Values) -> Result<Values, Error> {
        let text = inputs.text("text");
        let (count, radius) = (inputs.number("count") as usize, inputs.number("radius") as f32);
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
            let written = self.write(&points, sampled(inputs), Constraints::default())?;
            lines.extend(written.into_iter().filter(|line| said.insert(self::said(line))));
            if lines.len() == count {
                break;
            }
        }
        Ok(Values::new().with("lines", texts(lines)))
    }

    fn attribute(&mut self, inputs: &Values) -> Result<Values, Error> {
        let mut mean_of = |name: &str| {
            let items = inputs.array(name);
            let lines: Vec<&str> = items.iter().filter_map(Value::as_text).collect();
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
        let (a, b) = (mean_of("lines_a")?, mean_of("lines_b")?);
        let direction: Vec<f32> = a.iter().zip(b).map(|(a, b)| a - b).collect();
        Ok(Values::new().with("direction", direction))
    }

    fn read_one(&mut self, line: &str) -> Result<Posterior, Error> {
        Ok(self.poet.read(&[line])?.remove(0))
    }

    /// Writes lines at some points, all in the same way.
    fn write(
        &mut self,
        points: &[Vec<f32>],
        method: Method,
        constraints: Constraints,
    ) -> Result<Vec<String>, Error> {
        let mut wishes = self.wishes(points.iter(), method);
        let constraints = Arc::new(constraints);
        wishes.iter_mut().for_each(|wish| wish.constraints = Arc::clone(&constraints));
        let run = &*self.run;
        self.poet.write(&wishes, |_| run.check())
    }

    /// Wishes for lines at some points, each with a seed of its own.
    fn wishes<'z>(
        &mut self,
        points: impl Iterator<Item = &'z Vec<f32>>,
        method: Method,
    ) -> Vec<Wish> {
        let constraints = Arc::new(Constraints::default());
        let mut wish = |z: &Vec<f32>| Wish {
            z: z.clone(),
            method,
            constraints: Arc::clone(&constraints),
            seed: self.run.rng().next_u64(),
        };
        points.map(&mut wish).collect()
    }
}

/// The method that an input `temperature` asks for: 0 is greedy.
fn sampled(inputs: &Values) -> Method {
    match inputs.number("temperature") as f32 {
        0.0 => Method::Greedy,
        temperature => Method::Sample { temperature, top_p: 1.0 },
    }
}

/// A line by its words, to know it again.
fn said(line: &str) -> Vec<String> {
    super::constraints::words(&super::vocabulary::clean(line))
}

fn texts(lines: Vec<String>) -> Vec<Value> {
    lines.into_iter().map(Value::from).collect()
}
