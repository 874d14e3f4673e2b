//! The encoder: lines of sub-words to the means and log variances of their posteriors.

use super::network::VerseNetwork;
use super::vocabulary::{END, START};
use enjamb_numeric::matrix::Row;
use enjamb_numeric::vector;
use std::sync::Arc;

/// Where a line lies in the latent space: a Gaussian with a variance for each dimension.
#[derive(Clone, Debug, PartialEq)]
pub struct Posterior {
    /// `[Z]`
    pub mean: Vec<f32>,
    /// `[Z]`
    pub log_variance: Vec<f32>,
}

impl Posterior {
    /// A point of the posterior: `mean + exp(log_variance / 2) * noise`.
    pub fn at(&self, noise: impl Iterator<Item = f32>) -> Vec<f32> {
        let places = self.mean.iter().zip(&self.log_variance).zip(noise);
        places.map(|((mean, log), noise)| mean + (log / 2.0).exp() * noise).collect()
    }
}

/// The encoder with its buffers, which keep their size between calls.
pub struct VerseEncoder {
    network: Arc<VerseNetwork>,
    /// [lines * T, E]
    embedded: Vec<f32>,
    /// [lines * T, 4H]
    gates: Vec<f32>,
    /// [lines, H]
    cell: Vec<f32>,
    /// [lines, H]
    hidden: Vec<f32>,
    rows: Vec<Row>,
}

impl VerseEncoder {
    /// An encoder.
    pub fn new(network: Arc<VerseNetwork>) -> VerseEncoder {
        let (embedded, gates) = (Vec::new(), Vec::new());
        let (cell, hidden, rows) = (Vec::new(), Vec::new(), Vec::new());
        VerseEncoder { network, embedded, gates, cell, hidden, rows }
    }

    /// The posterior of each line of sub-words, given without start and end.
    pub fn encode(&mut self, lines: &[Vec<u32>]) -> Vec<Posterior> {
        let sizes = self.network.sizes();
        let (e, h) = (sizes.embedding, sizes.encoder);
        let weights = &self.network.encoder;
        let lengths: Vec<usize> = lines.iter().map(|line| line.len() + 2).collect();
        let n_tokens: usize = lengths.iter().sum();
        self.embedded.resize(n_tokens * e, 0.0);
        let tokens = lines.iter().flat_map(|line| [&[START], &line[..], &[END]].concat());
        for (token, out) in tokens.zip(self.embedded.chunks_exact_mut(e)) {
            self.network.embed(token, out);
        }
        self.gates.resize(n_tokens * 4 * h, 0.0);
        self.gates.chunks_exact_mut(4 * h).for_each(|gates| gates.copy_from_slice(&weights.bias));
        self.rows.clear();
        self.rows.extend((0..n_tokens).map(|i| Row { from: i * e, to: i * 4 * h }));
        weights.input.add_product(&self.embedded, &mut self.gates, &self.rows);

        let states = lines.len() * h;
        for state in [&mut self.cell, &mut self.hidden] {
            state.clear();
            state.resize(states, 0.0);
        }
        for t in 0..lengths.iter().copied().max().unwrap_or(0) {
            self.rows.clear();
            let mut first = 0;
            for (line, &length) in lengths.iter().enumerate() {
                if t < length {
                    self.rows.push(Row { from: line * h, to: (first + t) * 4 * h });
                }
                first += length;
            }
            weights.recurrent.add_product(&self.hidden, &mut self.gates, &self.rows);
            for row in &self.rows {
                let (cell, hidden) = (&mut self.cell[row.from..], &mut self.hidden[row.from..]);
                vector::lstm(&self.gates[row.to..], &mut cell[..h], &mut hidden[..h]);
            }
        }

        let z = sizes.latent;
        let mut posteriors = vec![0.0; lines.len() * 2 * z];
        self.rows.clear();
        self.rows.extend((0..lines.len()).map(|i| Row { from: i * h, to: i * 2 * z }));
        weights.posterior.add_product(&self.hidden, &mut posteriors, &self.rows);
        let posterior = |row: &[f32]| {
            let (mean, log_variance) = row.split_at(z);
            Posterior { mean: mean.to_vec(), log_variance: log_variance.to_vec() }
        };
        posteriors.chunks_exact(2 * z).map(posterior).collect()
    }
}
