//! The decoder's states of many lines side by side, taken a sub-word further at a time.

use super::network::VerseNetwork;
use enjamb_numeric::matrix::Row;
use enjamb_numeric::vector;
use std::sync::Arc;

/// States in numbered places. All buffers are made once; a step allocates nothing.
pub(super) struct States {
    network: Arc<VerseNetwork>,
    /// [places, 4D]: what z adds to the gates at every step.
    constant: Vec<f32>,
    /// [places, 4D]
    gates: Vec<f32>,
    /// [places, D]
    cell: Vec<f32>,
    /// [places, D]
    hidden: Vec<f32>,
    /// [places, E]
    projected: Vec<f32>,
    /// [places, V], or as many as were asked for at once
    logits: Vec<f32>,
    rows: Vec<Row>,
}

impl States {
    pub fn new(network: Arc<VerseNetwork>, n_places: usize) -> States {
        let sizes = network.sizes();
        let zeros = |width: usize| vec![0.0; n_places * width];
        States {
            constant: zeros(4 * sizes.decoder),
            gates: zeros(4 * sizes.decoder),
            cell: zeros(sizes.decoder),
            hidden: zeros(sizes.decoder),
            projected: zeros(sizes.embedding),
            logits: Vec::new(),
            rows: Vec::with_capacity(n_places),
            network,
        }
    }

    /// Begins a line at z.
    pub fn start(&mut self, place: usize, z: &[f32]) {
        let d = self.network.sizes().decoder;
        let state = place * d..(place + 1) * d;
        self.network.start(
            z,
            &mut self.constant[4 * state.start..4 * state.end],
            &mut self.cell[state.clone()],
            &mut self.hidden[state],
        );
    }

    /// Copies a state to another place of the same z.
    pub fn copy(&mut self, from: usize, to: usize) {
        let d = self.network.sizes().decoder;
        self.cell.copy_within(from * d..(from + 1) * d, to * d);
        self.hidden.copy_within(from * d..(from + 1) * d, to * d);
    }

    /// Reads one sub-word in each of some places.
    pub fn step(&mut self, inputs: impl Iterator<Item = (usize, u32)>) {
        let d = self.network.sizes().decoder;
        self.rows.clear();
        for (place, token) in inputs {
            let gates = place * 4 * d..(place + 1) * 4 * d;
            let input = self.network.decoder_input(token);
            self.gates[gates.clone()].copy_from_slice(&self.constant[gates.clone()]);
            vector::add(&mut self.gates[gates.clone()], input);
            self.rows.push(Row { from: place * d, to: gates.start });
        }
        self.network.decoder.recurrent.add_product(&self.hidden, &mut self.gates, &self.rows);
        for row in &self.rows {
            let state = row.from..row.from + d;
            let (cell, hidden) = (&mut self.cell[state.clone()], &mut self.hidden[state]);
            vector::lstm(&self.gates[row.to..row.to + 4 * d], cell, hidden);
        }
    }

    /// The logits of the next sub-word at some places, [places, V].
    pub fn logits(&mut self, places: impl Iterator<Item = usize>) -> &mut [f32] {
        let sizes = self.network.sizes();
        let (d, e, v) = (sizes.decoder, sizes.embedding, sizes.vocabulary);
        self.rows.clear();
        self.rows.extend(places.enumerate().map(|(i, place)| Row { from: place * d, to: i * e }));
        let n = self.rows.len();
        let projected = &mut self.projected[..n * e];
        projected.fill(0.0);
        self.network.decoder.projection.add_product(&self.hidden, projected, &self.rows);
        for (i, row) in self.rows.iter_mut().enumerate() {
            *row = Row { from: i * e, to: i * v };
        }
        if self.logits.len() < n * v {
            self.logits.resize(n * v, 0.0);
        }
        let logits = &mut self.logits[..n * v];
        logits.fill(0.0);
        self.network.decoder.output.add_product(projected, logits, &self.rows);
        logits
    }
}
