//! The commands that only write lines, for many who ask at once: their lines share one batch.

use super::super::{Constraints, DecodeOptions, Decoding, Poet};
use super::inputs::{compose, generate, reconstruct, sample};
use super::manifest::LATENT;
use super::{sampled, texts, wishes};
use enjamb_core::model::{Error, Run};
use enjamb_core::signature::Values;
use enjamb_numeric::chance::gaussians;

/// How many runs of a command are taken together.
pub(super) fn most_at_once(command: &str) -> usize {
    match command {
        "generate" | "reconstruct" | "compose" => 64,
        // Each may be a batch of its own, and nobody is answered before all are done.
        "sample" => 8,
        _ => 1,
    }
}

/// Whether a command only writes lines.
pub(super) fn takes(command: &str) -> bool {
    most_at_once(command) > 1
}

/// Runs a command for all who asked for it. What one of them gets follows from that run alone.
pub(super) fn run(
    poet: &mut Poet,
    command: &str,
    runs: &mut [(&Values, &mut Run)],
) -> Vec<Result<Values, Error>> {
    let wanted: Vec<Result<Vec<DecodeOptions>, Error>> = match command {
        "reconstruct" => read(poet, runs),
        "generate" => runs
            .iter_mut()
            .map(|(inputs, run)| {
                let (z, temperature) =
                    (inputs[generate::Z].to_vec(), inputs[generate::TEMPERATURE]);
                Ok(wishes([z].into_iter(), sampled(temperature), Constraints::default(), run))
            })
            .collect(),
        "compose" => runs.iter_mut().map(|(inputs, run)| compose(poet, inputs, run)).collect(),
        _ => runs.iter_mut().map(|(inputs, run)| Ok(draw(inputs, run))).collect(),
    };
    let all: Vec<DecodeOptions> = wanted.iter().flatten().flatten().cloned().collect();
    // A run that is cancelled is not waited for, but the others go on.
    let written = poet.write(&all, |_| match runs.iter().all(|(_, run)| run.check().is_err()) {
        true => Err(Error::cancelled()),
        false => Ok(()),
    });
    let mut lines = match written {
        Ok(lines) => lines.into_iter(),
        Err(error) => return runs.iter().map(|_| Err(error.clone())).collect(),
    };
    let outcomes = wanted.into_iter().zip(runs).map(|(wanted, (_, run))| {
        let wanted = wanted?;
        let mut lines: Vec<String> = lines.by_ref().take(wanted.len()).collect();
        run.check()?;
        if command == "sample" {
            let points: Vec<Vec<f32>> = wanted.into_iter().map(|wish| wish.z).collect();
            return Ok(Values::new().with("lines", texts(lines)).with("z", points));
        }
        Ok(Values::new().with("out", lines.remove(0)))
    });
    outcomes.collect()
}

/// `reconstruct`: the means of all lines that can be read.
fn read(
    poet: &mut Poet,
    runs: &mut [(&Values, &mut Run)],
) -> Vec<Result<Vec<DecodeOptions>, Error>> {
    let lines: Vec<&str> = runs.iter().map(|(inputs, _)| &inputs[reconstruct::IN]).collect();
    let posteriors = poet.read_each(&lines);
    let outcomes = posteriors.into_iter().zip(runs).map(|(posterior, (inputs, run))| {
        let points = [posterior?.mean].into_iter();
        let method = sampled(inputs[reconstruct::TEMPERATURE]);
        Ok(wishes(points, method, Constraints::default(), run))
    });
    outcomes.collect()
}

fn compose(poet: &Poet, inputs: &Values, run: &mut Run) -> Result<Vec<DecodeOptions>, Error> {
    let temperature = inputs[compose::TEMPERATURE] as f32;
    let method = match &inputs[compose::METHOD] {
        "greedy" => Decoding::Greedy,
        "beam" => Decoding::Beam { width: inputs[compose::BEAMS] as usize },
        _ => Decoding::Sample { temperature, top_p: inputs[compose::TOP_P] as f32 },
    };
    let max_words = inputs[compose::MAX_WORDS] as usize;
    let (avoid, start) = (&inputs[compose::AVOID], &inputs[compose::START_WITH]);
    let constraints = poet.constraints(max_words, avoid, start)?;
    Ok(wishes([inputs[compose::Z].to_vec()].into_iter(), method, constraints, run))
}

/// `sample`: points of the prior.
fn draw(inputs: &Values, run: &mut Run) -> Vec<DecodeOptions> {
    let spread = inputs[sample::SPREAD] as f32;
    let points: Vec<Vec<f32>> = (0..inputs[sample::COUNT] as usize)
        .map(|_| gaussians(run.rng(), LATENT).into_iter().map(|x| spread * x).collect())
        .collect();
    wishes(points.into_iter(), sampled(inputs[sample::TEMPERATURE]), Constraints::default(), run)
}
