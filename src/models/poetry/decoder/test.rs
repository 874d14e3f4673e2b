//! Encoder, decoder and search against naive ones; constraints; company.

use super::super::fixture::{self, LINES, Tensors};
use super::super::poet::Poet;
use super::super::vocabulary::{Vocabulary, clean};
use super::*;
use proptest::prelude::*;
use safetensors::tensor::Dtype;
use std::cell::RefCell;
use std::collections::BinaryHeap;

fn words(text: &str) -> Vec<String> {
    super::super::vocabulary::words(text).map(str::to_owned).collect()
}

/// `x · W + y` in doubles.
fn product(weights: &Tensors, name: &str, x: &[f64], y: Vec<f64>) -> Vec<f64> {
    let (shape, numbers) = &weights[name];
    let column = |j: usize| -> f64 {
        (0..shape[0]).map(|i| x[i] * f64::from(numbers[i * shape[1] + j])).sum()
    };
    (0..shape[1]).map(|j| y[j] + column(j)).collect()
}

fn vector(weights: &Tensors, name: &str) -> Vec<f64> {
    weights[name].1.iter().map(|x| f64::from(*x)).collect()
}

fn embedding(weights: &Tensors, id: u32) -> Vec<f64> {
    let (shape, numbers) = &weights["embedding"];
    numbers[id as usize * shape[1]..][..shape[1]].iter().map(|x| f64::from(*x)).collect()
}

/// The equations of an LSTM cell, gates in the order i, f, g, o.
fn cell(gates: &[f64], c: &mut [f64], h: &mut [f64]) {
    let n = c.len();
    let sigmoid = |x: f64| 1.0 / (1.0 + (-x).exp());
    for k in 0..n {
        c[k] = sigmoid(gates[n + k]) * c[k] + sigmoid(gates[k]) * gates[2 * n + k].tanh();
        h[k] = sigmoid(gates[3 * n + k]) * c[k].tanh();
    }
}

/// The logits after some sub-words.
fn naive_logits(weights: &Tensors, z: &[f32], ids: &[u32]) -> Vec<f64> {
    let z: Vec<f64> = z.iter().map(|x| f64::from(*x)).collect();
    let d = weights["decoder.cell"].0[1];
    let mut c = product(weights, "decoder.cell", &z, vec![0.0; d]);
    let mut h: Vec<f64> = c.iter().map(|c| c.tanh()).collect();
    for id in [START].iter().chain(ids) {
        let gates = vector(weights, "decoder.bias");
        let gates = product(weights, "decoder.input", &embedding(weights, *id), gates);
        let gates = product(weights, "decoder.latent", &z, gates);
        let gates = product(weights, "decoder.recurrent", &h, gates);
        cell(&gates, &mut c, &mut h);
    }
    let [v, e] = weights["embedding"].0[..] else { panic!("a matrix") };
    let projected = product(weights, "output.projection", &h, vec![0.0; e]);
    let logit = |id: u32| embedding(weights, id).iter().zip(&projected).map(|(a, b)| a * b).sum();
    (0..v as u32).map(logit).collect()
}

fn naive_posterior(weights: &Tensors, ids: &[u32]) -> Vec<f64> {
    let [h_size, z2] = weights["encoder.posterior"].0[..] else { panic!("a matrix") };
    let (mut c, mut h) = (vec![0.0; h_size], vec![0.0; h_size]);
    for id in [&[START], ids, &[END]].concat() {
        let gates = vector(weights, "encoder.bias");
        let gates = product(weights, "encoder.input", &embedding(weights, id), gates);
        let gates = product(weights, "encoder.recurrent", &h, gates);
        cell(&gates, &mut c, &mut h);
    }
    product(weights, "encoder.posterior", &h, vec![0.0; z2])
}

fn load(weights: &Tensors, dtype: Dtype) -> Arc<VerseNetwork> {
    let folder = fixture::folder();
    let path = folder.0.join("weights.safetensors");
    fixture::save(weights, dtype, &path);
    Arc::new(VerseNetwork::load(&path, weights["embedding"].0[0]).unwrap())
}

fn point(seed: u64, n: usize) -> Vec<f32> {
    enjamb_numeric::chance::gaussians(&mut ChaCha8Rng::seed_from_u64(seed), n)
}

#[test]
fn steps_and_posteriors_are_those_of_the_equations() {
    let weights = fixture::random_weights(45, 13, 17, 19, 5);
    for dtype in [Dtype::F16, Dtype::F32] {
        let network = load(&weights, dtype);
        let mut states = States::new(Arc::clone(&network), 3);
        let z = point(1, 5);
        states.start(1, &z);
        let ids = [7, 44, 3, 3, 20, 11];
        for n in 0..=ids.len() {
            let last = n.checked_sub(1).map_or(START, |at| ids[at]);
            states.step(std::iter::once((1, last)));
            let expected = naive_logits(&weights, &z, &ids[..n]);
            for (got, expected) in states.logits(std::iter::once(1)).iter().zip(expected) {
                assert!((f64::from(*got) - expected).abs() < 1e-5, "{got} for {expected}");
            }
        }
        let mut encoder = super::super::encoder::VerseEncoder::new(network);
        let lines = [ids.to_vec(), vec![9], vec![12; 11], ids[..2].to_vec()];
        let together = encoder.encode(&lines);
        for (ids, posterior) in lines.iter().zip(together) {
            let got = [&posterior.mean[..], &posterior.log_variance].concat();
            for (got, expected) in got.iter().zip(naive_posterior(&weights, ids)) {
                assert!((f64::from(*got) - expected).abs() < 1e-5, "{got} for {expected}");
            }
            assert!(encoder.encode(std::slice::from_ref(ids)) == [posterior]);
        }
    }
}

fn poet() -> Poet {
    Poet::load(&fixture::model().0).unwrap()
}

fn write(poet: &mut Poet, wishes: &[DecodeOptions]) -> Vec<String> {
    poet.write(wishes, |_| Ok(())).unwrap()
}

fn wish(seed: u64, method: Decoding, constraints: &Arc<Constraints>) -> DecodeOptions {
    DecodeOptions { z: point(seed, 64), method, constraints: Arc::clone(constraints), seed }
}

const METHODS: [Decoding; 5] = [
    Decoding::Greedy,
    Decoding::Sample { temperature: 0.7, top_p: 1.0 },
    Decoding::Sample { temperature: 1.5, top_p: 1.0 },
    Decoding::Sample { temperature: 1.0, top_p: 0.8 },
    Decoding::Beam { width: 3 },
];

#[test]
fn a_line_does_not_depend_on_company_order_or_threads() {
    let mut poet = poet();
    let free = Arc::new(Constraints::default());
    let bound = Arc::new(poet.constraints(6, "the moon", "shall i").unwrap());
    let wishes: Vec<DecodeOptions> = (0..150)
        .map(|i| {
            let constraints = if i % 3 == 0 { &bound } else { &free };
            wish(i, METHODS[i as usize % METHODS.len()], constraints)
        })
        .collect();
    let together = write(&mut poet, &wishes);
    let mut distinct = together.clone();
    distinct.sort();
    distinct.dedup();
    assert!(distinct.len() > 120, "only {} lines differ", distinct.len());
    for (wish, line) in wishes.iter().zip(&together) {
        assert_eq!(write(&mut poet, std::slice::from_ref(wish)), [line.as_str()]);
    }
    let mut reversed: Vec<DecodeOptions> = wishes.clone();
    reversed.reverse();
    for n_threads in 1..=3 {
        poet = poet.with_threads(n_threads);
        let told = RefCell::new(vec![0; 150]);
        let mut lines = poet
            .write(&reversed, |news| {
                if let News::Line(number, line) = news {
                    assert!(!line.is_empty());
                    told.borrow_mut()[number] += 1;
                }
                Ok(())
            })
            .unwrap();
        lines.reverse();
        assert!(lines == together, "{n_threads} threads");
        assert!(told.into_inner().iter().all(|n| *n == 1));
    }
}

#[test]
fn writing_ends_when_it_is_told_to() {
    let mut poet = poet().with_threads(2);
    let constraints = Arc::new(Constraints::default());
    for method in [Decoding::Greedy, Decoding::Beam { width: 2 }] {
        let wishes: Vec<DecodeOptions> = (0..100).map(|i| wish(i, method, &constraints)).collect();
        let mut n_steps = 0;
        let outcome = poet.write(&wishes, |_| {
            n_steps += 1;
            if n_steps == 3 { Err(Error::cancelled()) } else { Ok(()) }
        });
        assert_eq!(outcome, Err(Error::cancelled()));
        assert_eq!(n_steps, 3);
    }
}

/// Sub-words of a language with a few words, in which lines are short.
const TOKENS: [&str; 9] = ["<s>", "</s>", "<unk>", "▁a", "▁b", "c", "d", ",", "▁ab"];

fn log_probabilities(logits: &[f64]) -> Vec<f64> {
    let greatest = logits.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let sum: f64 = logits.iter().map(|x| (x - greatest).exp()).sum();
    logits.iter().map(|x| x - greatest - sum.ln()).collect()
}

/// The likeliest line of all: the likeliest beginning is lengthened until the first one ends.
fn likeliest_of_all(weights: &Tensors, lexicon: &Lexicon, wish: &DecodeOptions) -> (f64, Vec<u32>) {
    #[derive(PartialEq)]
    struct Entry(f64, Vec<u32>, bool);
    impl Eq for Entry {}
    impl PartialOrd for Entry {
        fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
            Some(self.cmp(other))
        }
    }
    impl Ord for Entry {
        fn cmp(&self, other: &Self) -> std::cmp::Ordering {
            self.0.total_cmp(&other.0)
        }
    }
    let mut heap = BinaryHeap::from([Entry(0.0, Vec::new(), false)]);
    while let Some(Entry(score, ids, has_ended)) = heap.pop() {
        if has_ended {
            return (score, ids);
        }
        let mut progress = WordProgress::default();
        ids.iter().for_each(|id| lexicon.advance(&mut progress, *id));
        let mut allowed = vec![0.0; TOKENS.len()];
        wish.constraints.mask(lexicon, &progress, &ids, &mut allowed);
        let logits = log_probabilities(&naive_logits(weights, &wish.z, &ids));
        for (id, logit) in logits.into_iter().enumerate().filter(|(id, _)| allowed[*id] == 0.0) {
            let is_end = id as u32 == END;
            let mut next = ids.clone();
            next.extend((!is_end).then_some(id as u32));
            let is_last = is_end || next.len() == LONGEST;
            heap.push(Entry(score + logit, next, is_last));
        }
    }
    unreachable!("a line always ends")
}

#[test]
fn a_wide_beam_finds_the_likeliest_line_of_all() {
    let mut weights = fixture::random_weights(TOKENS.len(), 6, 5, 8, 3);
    // Ends are likely, so that all likely lines can be told.
    let (_, numbers) = weights.get_mut("embedding").unwrap();
    numbers.iter_mut().for_each(|x| *x *= 2.0);
    let network = load(&weights, Dtype::F32);
    let lexicon = Arc::new(Lexicon::of(TOKENS.into_iter()));
    let mut decoder = Decoder::new(network, Arc::clone(&lexicon));
    let mut constraints = Constraints::default();
    constraints.max_words = 3;
    let constraints = Arc::new(constraints);
    let mut n_better = 0;
    for seed in 0..40 {
        let wish = |method| {
            let z = point(seed, 3).into_iter().map(|x| x * 2.0).collect();
            DecodeOptions { z, method, constraints: Arc::clone(&constraints), seed }
        };
        let mut written = |method| {
            let (wish, mut ids) = (wish(method), Vec::new());
            let mut wishes = Some((0, &wish)).into_iter();
            let tell = |news: News<[u32]>| {
                if let News::Line(_, line) = news {
                    ids = line.to_vec();
                }
                Ok(())
            };
            decoder.write(64, || wishes.next(), tell).unwrap();
            ids
        };
        let (_, expected) = likeliest_of_all(&weights, &lexicon, &wish(Decoding::Greedy));
        assert_eq!(written(Decoding::Beam { width: MAX_BEAMS }), expected, "point {seed}");
        let greedy = written(Decoding::Greedy);
        n_better += usize::from(greedy != expected);
        assert_eq!(written(Decoding::Beam { width: 1 }).first(), greedy.first());
    }
    assert!(n_better > 0, "greedy lines were the likeliest everywhere, which tests nothing");
}

#[test]
fn a_start_that_cannot_be_is_refused() {
    let poet = poet();
    let check = |max_words, avoid: &str, start: &str, expected: &str| {
        let error = poet.constraints(max_words, avoid, start).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    };
    check(2, "", "shall i compare", "start_with has 3 words: expected at most 2");
    check(9, "Compare, thee", "shall I compare", "the word 'compare', which avoid rules out");
    check(9, "", "漢字 1", "can't spell");
}

#[test]
fn nothing_comes_three_times_in_a_row() {
    let lexicon = Lexicon::of(TOKENS.into_iter());
    let check = |ids: &[u32], expected: &[usize]| {
        let progress = WordProgress { word: String::new(), n_words: 1 };
        let mut logits = [0.0; TOKENS.len()];
        Constraints::default().mask(&lexicon, &progress, ids, &mut logits);
        let banned: Vec<usize> = (3..TOKENS.len()).filter(|id| logits[*id] < 0.0).collect();
        assert_eq!(banned, expected, "{ids:?}");
    };
    check(&[3, 3], &[3]);
    check(&[4, 3, 3], &[3]);
    check(&[3, 3, 4], &[]);
    check(&[3, 4, 3, 4, 3], &[4]);
    check(&[6, 3, 4, 5, 3, 4, 5, 3, 4], &[5]);
    // Nothing repeats yet, but no line begins within a word.
    check(&[], &[5, 6]);
}

thread_local! {
    static POET: RefCell<Poet> = RefCell::new(poet());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(192))]
    #[test]
    fn constraints_hold(
        seed in any::<u64>(),
        method in 0..METHODS.len(),
        max_words in 2usize..12,
        avoided in proptest::collection::vec(0usize..40, 0..12),
        start in proptest::option::of((0..LINES.len(), 1usize..3)),
    ) {
        let all: Vec<String> = LINES.iter().flat_map(|line| words(line)).collect();
        let start = start.map_or(String::new(), |(line, n)| words(LINES[line])[..n].join(" "));
        let avoid: Vec<&str> = avoided.iter().map(|i| all[i * 2].as_str())
            .filter(|word| !words(&start).contains(&word.to_string())).collect();
        POET.with_borrow_mut(|poet| {
            let constraints = Arc::new(poet.constraints(max_words, &avoid.join(" "), &start).unwrap());
            let line = write(poet, &[wish(seed, METHODS[method], &constraints)]).remove(0);
            let written = words(&clean(&line));
            prop_assert!(!written.is_empty() && written.len() <= max_words, "{line:?}");
            prop_assert!(written.iter().all(|word| !avoid.contains(&word.as_str())), "{line:?}");
            prop_assert!(clean(&line).starts_with(&start), "{line:?}");
            prop_assert!(written[..words(&start).len()] == words(&start)[..], "{line:?}");
            Ok(())
        })?;
    }
}

#[test]
fn only_known_words_are_written_and_what_was_asked_for() {
    let folder = fixture::model();
    let path = folder.0.join("vocabulary.json");
    let known: Vec<String> = words(&LINES.join(" "));
    Vocabulary::load(&path).unwrap().with_words(known.clone()).save(&path).unwrap();
    let mut poet = Poet::load(&folder.0).unwrap();
    let (mut n_words, mut n_unknown) = (0, 0);
    for start in ["", "summ", "moonmoon"] {
        let constraints = Arc::new(poet.constraints(9, "", start).unwrap());
        let method = |seed: u64| METHODS[seed as usize % METHODS.len()];
        let wishes: Vec<DecodeOptions> =
            (0..40).map(|seed| wish(seed, method(seed), &constraints)).collect();
        for line in write(&mut poet, &wishes) {
            // What was asked for may be no word, and a line may be at its end within one.
            let written = words(&clean(&line));
            let n_asked = usize::from(start == "moonmoon");
            let is_known = |word: &&String| known.iter().any(|known| known.starts_with(*word));
            n_words += written.len();
            n_unknown += written.iter().skip(n_asked).filter(|word| !is_known(word)).count();
        }
    }
    // A word that may not be completed, since that would repeat, is left as it is.
    assert!(n_words > 300 && n_unknown < n_words / 50, "{n_unknown} of {n_words} words");
}
