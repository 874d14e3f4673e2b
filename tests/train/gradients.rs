//! Every loss and its gradient by every weight.

use enjamb::models::poetry::vocabulary::UNKNOWN;
use enjamb::train::TrainableNetwork;
use enjamb::train::config::{Expansion, PosteriorKind};
use enjamb::train::latent::{self, Noise};
use enjamb::train::loss::{Draws, KlTerm, losses};
use enjamb::train::network::{Batch, Candidates, Dropout};

use crate::fixtures::{Fixtures, assert_close, wide};

/// f32 against f64, as a share of the largest number of a gradient.
const TOLERANCE: f64 = 1e-5;

const PLAIN: KlTerm = KlTerm { weight: 1.0, floor: 0.0 };

fn check(fixtures: &Fixtures, case: &str, network: &TrainableNetwork, draws: &Draws, kl: KlTerm) {
    let found = losses(network, &fixtures.batch(), draws, kl).unwrap();
    let expected = |name: &str| fixtures.numbers(&format!("{case}/{name}"));
    let total = f64::from(found.total.to_scalar::<f32>().unwrap());
    assert_close(&format!("{case} loss"), &[total], &expected("loss"), 1e-6);
    let parts = [found.reconstruction, found.divergence];
    assert_close(case, &parts[..1], &expected("reconstruction"), 1e-6);
    assert_close(case, &parts[1..], &expected("kl"), 1e-5);

    let gradients = found.total.backward().unwrap();
    for (name, weight) in network.parameters().iter() {
        let expected = expected(&format!("gradient/{name}"));
        let gradient = match gradients.get(weight) {
            Some(gradient) => gradient.flatten_all().unwrap().to_vec1().unwrap(),
            None => vec![0.0; expected.len()],
        };
        assert_close(&format!("{case}: {name}"), &wide(&gradient), &expected, TOLERANCE);
    }
}

#[test]
fn of_the_plain_objective_and_of_its_weights_and_floors() {
    let fixtures = Fixtures::load();
    let network = fixtures.plain();
    for (case, weight, floor) in [
        ("vae", 1.0, 0.0),
        ("autoencoder", 0.0, 0.0),
        ("weighted", 0.3, 0.0),
        ("free_bits", 1.0, 0.15),
        ("free_bits_weighted", 0.3, 0.15),
    ] {
        check(&fixtures, case, &network, &fixtures.draws(), KlTerm { weight, floor });
    }
}

/// A softmax over the batch's own words and a sample of the others.
#[test]
fn with_a_sample_of_the_vocabulary() {
    let fixtures = Fixtures::load();
    let network = fixtures.plain();
    let drawn: Vec<bool> = fixtures.ids("candidates/drawn").iter().map(|d| *d == 1).collect();
    let candidates = Some(Candidates::new(&fixtures.batch(), 0.4, &drawn));
    let dropout = Dropout { candidates, ..Dropout::default() };
    let draws = Draws { dropout, ..fixtures.draws() };
    check(&fixtures, "candidates", &network, &draws, PLAIN);
}

/// Words that the decoder does not get to see, and outputs that are put to zero.
#[test]
fn with_dropout() {
    let fixtures = Fixtures::load();
    let network = fixtures.plain();
    let steps = fixtures.batch().steps();
    let inputs = fixtures.ids("word_dropout/inputs");
    let words = inputs.chunks_exact(steps).flat_map(|line| &line[1..]);
    let words = words.map(|id| *id == UNKNOWN).collect();
    let outputs = fixtures.floats("output_dropout/mask");
    let with = |dropout| Draws { dropout, ..fixtures.draws() };
    let draws = with(Dropout { words, ..Dropout::default() });
    check(&fixtures, "word_dropout", &network, &draws, PLAIN);
    let draws = with(Dropout { outputs, ..Dropout::default() });
    check(&fixtures, "output_dropout", &network, &draws, PLAIN);
}

#[test]
fn with_a_latent_on_the_sphere() {
    let fixtures = Fixtures::load();
    let posterior = PosteriorKind::VonMisesFisher { concentration: fixtures.number("vmf/kappa") };
    let network = fixtures.network("vmf/weights", posterior, Expansion::Constant);
    let noise = Noise { normal: fixtures.floats("vmf/u"), cosine: fixtures.floats("vmf/w") };
    let moments = network.encode(&fixtures.batch()).unwrap();
    let z = latent::sample(&moments, &noise, posterior).unwrap();
    let z: Vec<f32> = z.flatten_all().unwrap().to_vec1().unwrap();
    assert_close("z", &wide(&z), &fixtures.numbers("vmf/z"), 1e-5);
    let draws = Draws { noise, dropout: Dropout::default() };
    check(&fixtures, "vmf", &network, &draws, PLAIN);
}

/// The constant that a von Mises-Fisher posterior costs, for concentrations and dimensions in use.
#[test]
fn divergences_on_the_sphere_are_those_of_bessel_functions() {
    let fixtures = Fixtures::load();
    for row in fixtures.numbers("vmf/kls").chunks_exact(3) {
        let found = latent::sphere_divergence(row[0], row[1] as usize);
        let what = format!("kappa {}, {} dimensions", row[0], row[1]);
        assert_close(&what, &[found], &[row[2]], 1e-9);
    }
}

#[test]
fn with_deconvolutions_and_their_own_loss() {
    let fixtures = Fixtures::load();
    let channels = fixtures.tensor("convolution/features").dims()[2];
    let expansion =
        Expansion::Convolution { channels, alpha: fixtures.number("convolution/alpha") };
    let network = fixtures.network("convolution/weights", PosteriorKind::Gaussian, expansion);
    check(&fixtures, "convolution", &network, &fixtures.draws(), PLAIN);
}

/// Hidden states and posteriors, which the gradients rest on.
#[test]
fn states_are_those_of_pytorchs_lstm() {
    let fixtures = Fixtures::load();
    let (network, batch) = (fixtures.plain(), fixtures.batch());
    let moments = network.encode(&batch).unwrap();
    let z = latent::sample(&moments, &fixtures.draws().noise, PosteriorKind::Gaussian).unwrap();
    let (states, _) = network.decode(&batch, Some(&z), &Dropout::default()).unwrap();
    for (name, found) in [
        ("mean", &moments.mean),
        ("log_variance", &moments.log_variance),
        ("z", &z),
        ("decoder_states", &states),
    ] {
        let found: Vec<f32> = found.flatten_all().unwrap().to_vec1().unwrap();
        assert_close(name, &wide(&found), &fixtures.numbers(&format!("vae/{name}")), 1e-6);
    }
}

/// A gradient does not depend on how many threads shared the lines; only the output layer's sums
/// are put together from as many parts as there are threads.
#[test]
fn threads_change_no_more_than_the_last_bits() {
    let fixtures = Fixtures::load();
    let model = fixtures.plain().model().clone();
    let gradients = |threads: usize| -> Vec<Vec<f32>> {
        let network = TrainableNetwork::new(&model, 5, threads).unwrap();
        let ids = (0..40 * 7).map(|i| 3 + i * i % (model.vocabulary as u32 - 3)).collect();
        let batch = Batch { ids, lines: 40 };
        let normal = (0..40 * model.latent).map(|i| (i as f32).sin()).collect();
        let noise = Noise { normal, cosine: Vec::new() };
        let draws = Draws { noise, dropout: Dropout::default() };
        let loss = losses(&network, &batch, &draws, PLAIN).unwrap();
        let gradients = loss.total.backward().unwrap();
        let of = |weight| gradients.get(weight).unwrap().flatten_all().unwrap();
        network.parameters().iter().map(|(_, weight)| of(weight).to_vec1().unwrap()).collect()
    };
    let one = gradients(1);
    assert_eq!(one, gradients(1));
    for threads in [2, 3, 16] {
        for (one, some) in one.iter().zip(gradients(threads)) {
            assert_close(&format!("{threads} threads"), &wide(&some), &wide(one), 1e-5);
        }
    }
}
