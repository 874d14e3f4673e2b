//! Importance weighting, mutual information and active units, with PyTorch's noise.

use enjamb::train::config::PosteriorKind;
use enjamb::train::estimates::{Posteriors, log_sum_exp, log_weights};
use enjamb::train::latent::{self, Noise};

use crate::fixtures::{Fixtures, assert_close};

fn posteriors(fixtures: &Fixtures) -> Posteriors {
    Posteriors {
        mean: fixtures.floats("vae/mean"),
        log_variance: fixtures.floats("vae/log_variance"),
        latent: fixtures.tensor("vae/mean").dims()[1],
    }
}

/// The logarithms of the weights are `log p(x|z) + log p(z) - log q(z|x)`, for each draw and line.
#[test]
fn importance_weights_are_pytorchs() {
    let fixtures = Fixtures::load();
    let (network, batch) = (fixtures.plain(), fixtures.batch());
    let moments = network.encode(&batch).unwrap();
    let size = batch.lines * network.model().latent;
    let mut found = Vec::new();
    for eps in fixtures.floats("importance/eps").chunks_exact(size) {
        let noise = Noise { normal: eps.to_vec(), cosine: Vec::new() };
        let z = latent::sample(&moments, &noise, PosteriorKind::Gaussian).unwrap();
        found.extend(log_weights(&network, &batch, &moments, &z).unwrap());
    }
    assert_close("log weights", &found, &fixtures.numbers("importance/log_weights"), 1e-6);
    let n_draws = found.len() / batch.lines;
    let nll: Vec<f64> = (0..batch.lines)
        .map(|line| {
            let weights: Vec<f64> = found.iter().copied().skip(line).step_by(batch.lines).collect();
            (n_draws as f64).ln() - log_sum_exp(&weights)
        })
        .collect();
    assert_close("-log p(x)", &nll, &fixtures.numbers("importance/nll"), 1e-6);
}

#[test]
fn mutual_information_is_that_of_the_published_formula() {
    let fixtures = Fixtures::load();
    let posteriors = posteriors(&fixtures);
    let eps = fixtures.floats("information/eps");
    let moments = posteriors.mean.iter().zip(&posteriors.log_variance);
    let z: Vec<f32> =
        moments.zip(&eps).map(|((mean, v), eps)| mean + eps * (0.5 * v).exp()).collect();
    let found = posteriors.mutual_information(&z, PosteriorKind::Gaussian);
    assert_close("mutual information", &[found], &fixtures.numbers("information/value"), 1e-5);
}

#[test]
fn units_are_active_whose_means_vary() {
    let fixtures = Fixtures::load();
    let posteriors = Posteriors {
        mean: fixtures.floats("active/means"),
        log_variance: Vec::new(),
        latent: fixtures.tensor("active/means").dims()[1],
    };
    let expected = fixtures.numbers("active/variances");
    assert_close("variances", &posteriors.variances(), &expected, 1e-5);
    assert_eq!(posteriors.active_units(), fixtures.number("active/count") as usize);
}
