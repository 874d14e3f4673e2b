//! Ten steps of each optimizer.

use enjamb::train::config::Optimizer;
use enjamb::train::loss::{KlTerm, losses};
use enjamb::train::optimizer::{Moments, step};

use crate::fixtures::{Fixtures, assert_close, wide};

/// f32 against f64 after ten steps, as a share of the largest weight of a tensor.
const TOLERANCE: f64 = 1e-4;

fn check(folder: &str, kind: Optimizer, rate: f32) {
    let fixtures = Fixtures::load();
    let (mut network, batch) = (fixtures.plain(), fixtures.batch());
    let mut moments = Moments::new(network.parameters());
    let (mut found, mut norms) = (Vec::new(), Vec::new());
    let expected = fixtures.numbers(&format!("{folder}/losses"));
    for _ in 0..expected.len() {
        let kl = KlTerm { weight: 1.0, floor: 0.0 };
        let loss = losses(&network, &batch, &fixtures.draws(), kl).unwrap();
        found.push(f64::from(loss.total.to_scalar::<f32>().unwrap()));
        let gradients = loss.total.backward().unwrap();
        let parameters = network.parameters_mut();
        let norm = step(parameters, &gradients, &mut moments, (kind, rate, 5.0), |_| true);
        norms.push(norm.unwrap());
    }
    assert_close("losses", &found, &expected, TOLERANCE);
    assert_close("norms", &norms, &fixtures.numbers(&format!("{folder}/norms")), TOLERANCE);
    assert!(norms.iter().any(|norm| *norm > 5.0), "some gradients are clipped");
    for (name, weight) in network.parameters().iter() {
        let weight: Vec<f32> = weight.flatten_all().unwrap().to_vec1().unwrap();
        let expected = fixtures.numbers(&format!("{folder}/weights/{name}"));
        assert_close(name, &wide(&weight), &expected, TOLERANCE);
    }
}

#[test]
fn of_adam_are_pytorchs() {
    check("adam", Optimizer::Adam { rate: 1e-3 }, 1e-3);
}

#[test]
fn of_plain_descent_are_pytorchs() {
    check("sgd", Optimizer::Sgd { rate: 1.0 }, 1.0);
}
