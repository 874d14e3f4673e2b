//! One thread's share of a batch: texts are tokenized, computed in steps of bounded size, and
//! finished together.

use std::sync::Arc;

use super::DIMENSIONS;
use super::network::{
    BRANCH, EMBEDDING, EncoderNetwork, FEATURES, Last, ORDER_MAX, ORDERS, REACH, resize,
};
use super::pieces::{Cache, FIRST, SLOT};
use crate::sentences::tokenizer::{Scratch, Tokenizer};
use enjamb_numeric::matrix::Row;
use enjamb_numeric::vector;

/// Pieces in a step: enough to use each weight often while it is in the cache, few enough for
/// the step's features to stay in the cache as well (5 kB each).
const STEP: usize = 512;

/// What a step must find in the cache of pieces: its own and the neighbours of both ends.
const MIN_CAPACITY: usize = STEP + 4 * REACH;

/// The slot of a position outside the text.
const OUTSIDE: u32 = u32::MAX;

/// What one thread works with. Memory is bounded however long a text is.
pub struct Worker {
    tokenizer: Arc<Tokenizer>,
    network: Arc<EncoderNetwork>,
    cache: Cache,
    scratch: Scratch,
    /// The ids of the texts of a group, one text after the other.
    ids: Vec<u32>,
    /// The length of each text in `ids`.
    lengths: Vec<usize>,
    /// [texts, FEATURES]
    sums: Vec<f32>,
    last: Last,
    step: Step,
}

/// The pieces `begin..end` of a text that starts at `first` in the ids and has `length` pieces.
#[derive(Clone, Copy)]
struct Span {
    text: usize,
    first: usize,
    length: usize,
    begin: usize,
    end: usize,
}

/// The buffers of a step. Every span has REACH rows more on each side in `hidden`.
#[derive(Default)]
struct Step {
    spans: Vec<Span>,
    /// The slots of each span's pieces with 2 * REACH neighbours on each side.
    slots: Vec<u32>,
    found: Vec<u32>,
    /// [rows, BRANCH] for each order
    hidden: [Vec<f32>; 3],
    /// [pieces, FEATURES]
    features: Vec<f32>,
    rows: Vec<Row>,
}

impl Worker {
    pub fn new(
        tokenizer: Arc<Tokenizer>,
        network: Arc<EncoderNetwork>,
        cached_pieces: usize,
    ) -> Worker {
        Worker {
            cache: Cache::new(tokenizer.n_pieces(), cached_pieces.max(MIN_CAPACITY)),
            tokenizer,
            network,
            scratch: Scratch::default(),
            ids: Vec::new(),
            lengths: Vec::new(),
            sums: Vec::new(),
            last: Last::default(),
            step: Step::default(),
        }
    }

    pub fn n_computed_pieces(&self) -> u64 {
        self.cache.n_computed()
    }

    /// `out` is [texts, DIMENSIONS].
    pub fn embed(&mut self, texts: &[&str], out: &mut [f32]) {
        let mut done = 0;
        for (i, text) in texts.iter().enumerate() {
            let before = self.ids.len();
            self.tokenizer.encode_into(text, &mut self.scratch, &mut self.ids);
            let length = self.ids.len() - before;
            if before > 0 && self.ids.len() > STEP {
                // The text does not fit into the group: it begins the next one.
                let next = self.ids.split_off(before);
                self.finish_group(&mut out[done * DIMENSIONS..i * DIMENSIONS]);
                self.ids.extend_from_slice(&next);
                done = i;
            }
            self.lengths.push(length);
        }
        if !self.lengths.is_empty() {
            self.finish_group(&mut out[done * DIMENSIONS..]);
        }
    }

    /// Computes the texts in `ids` and forgets them.
    fn finish_group(&mut self, out: &mut [f32]) {
        self.sums.clear();
        self.sums.resize(self.lengths.len() * FEATURES, 0.0);
        let mut first = 0;
        let mut n_pieces = 0;
        for (text, &length) in self.lengths.iter().enumerate() {
            for begin in (0..length).step_by(STEP) {
                let end = length.min(begin + STEP);
                if n_pieces + end - begin > STEP {
                    self.step.run(&self.network, &mut self.cache, &self.ids, &mut self.sums);
                    n_pieces = 0;
                }
                n_pieces += end - begin;
                self.step.spans.push(Span { text, first, length, begin, end });
            }
            first += length;
        }
        self.step.run(&self.network, &mut self.cache, &self.ids, &mut self.sums);
        self.network.finish(&mut self.sums, &self.lengths, out, &mut self.last);
        self.ids.clear();
        self.lengths.clear();
        // A very long text leaves no lasting mark on memory.
        self.ids.shrink_to(8 * STEP);
    }
}

impl Step {
    /// Adds the normalised features of the spans' pieces to their texts' sums, and forgets the
    /// spans.
    fn run(&mut self, network: &EncoderNetwork, cache: &mut Cache, ids: &[u32], sums: &mut [f32]) {
        self.look_up(network, cache, ids);
        self.first_convolution(network, cache.data());
        self.second_convolution(network, ids);
        let mut features = self.features.chunks_exact_mut(FEATURES);
        for span in &self.spans {
            let sum = &mut sums[span.text * FEATURES..][..FEATURES];
            for feature in features.by_ref().take(span.end - span.begin) {
                vector::normalize(feature);
                vector::add(sum, feature);
            }
        }
        self.spans.clear();
    }

    fn look_up(&mut self, network: &EncoderNetwork, cache: &mut Cache, ids: &[u32]) {
        let inside = self.spans.iter().flat_map(|span| {
            let begin = span.begin.saturating_sub(2 * REACH);
            let end = span.length.min(span.end + 2 * REACH);
            ids[span.first + begin..span.first + end].iter().copied()
        });
        self.found.clear();
        cache.resolve(network, inside, &mut self.found);
        self.slots.clear();
        let mut found = self.found.iter();
        for span in &self.spans {
            for at in 0..span.end - span.begin + 4 * REACH {
                let is_inside = (2 * REACH..span.length + 2 * REACH).contains(&(span.begin + at));
                let slot = if is_inside { found.next() } else { None };
                self.slots.push(slot.copied().unwrap_or(OUTSIDE));
            }
        }
    }

    /// Writes `hidden`: zeros outside the text, elsewhere `h` from the slots of the neighbours.
    fn first_convolution(&mut self, network: &EncoderNetwork, data: &[f32]) {
        let n_rows: usize = self.spans.iter().map(Span::n_rows).sum();
        self.hidden.iter_mut().for_each(|hidden| resize(hidden, n_rows * BRANCH));
        let mut row = 0;
        let mut slots = &self.slots[..];
        for span in &self.spans {
            for at in 0..span.n_rows() {
                // Row `at` belongs to the slot REACH places further on.
                let window = &slots[at..at + 2 * REACH + 1];
                for (i, (order, left)) in ORDERS.into_iter().enumerate() {
                    let out = &mut self.hidden[i][row * BRANCH..][..BRANCH];
                    if window[REACH] == OUTSIDE {
                        out.fill(0.0);
                        continue;
                    }
                    let mut parts = [&[][..]; ORDER_MAX];
                    let mut n_parts = 0;
                    for (k, &slot) in window[REACH - left..][..order].iter().enumerate() {
                        if slot != OUTSIDE {
                            let part = slot as usize * SLOT + FIRST[i] + k * BRANCH;
                            parts[n_parts] = &data[part..][..BRANCH];
                            n_parts += 1;
                        }
                    }
                    let x = &data[window[REACH] as usize * SLOT + i * BRANCH..][..BRANCH];
                    let bias = &network.branches[i].first_bias;
                    vector::add_rectify_and_add(out, bias, &parts[..n_parts], x);
                }
                row += 1;
            }
            slots = &slots[span.n_rows() + 2 * REACH..];
        }
    }

    /// Writes `features`: the embedding and `c` of every piece.
    fn second_convolution(&mut self, network: &EncoderNetwork, ids: &[u32]) {
        let n_pieces: usize = self.spans.iter().map(|span| span.end - span.begin).sum();
        resize(&mut self.features, n_pieces * FEATURES);
        let table = network.table();
        let mut features = self.features.chunks_exact_mut(FEATURES);
        for span in &self.spans {
            for at in span.begin..span.end {
                let feature = features.next().expect("one for each piece");
                table.embedding(ids[span.first + at], &mut feature[..EMBEDDING]);
                for (i, branch) in network.branches.iter().enumerate() {
                    feature[EMBEDDING + i * BRANCH..][..BRANCH]
                        .copy_from_slice(&branch.second_bias);
                }
            }
        }
        for (i, (_, left)) in ORDERS.into_iter().enumerate() {
            let start = EMBEDDING + i * BRANCH;
            self.rows.clear();
            let mut row = 0;
            for span in &self.spans {
                for at in REACH..span.n_rows() - REACH {
                    self.rows.push(Row {
                        from: (row + at - left) * BRANCH,
                        to: self.rows.len() * FEATURES + start,
                    });
                }
                row += span.n_rows();
            }
            let hidden = &self.hidden[i];
            network.branches[i].second.add_product(hidden, &mut self.features, &self.rows);
            for row in &self.rows {
                let hidden = &hidden[row.from + left * BRANCH..][..BRANCH];
                let out = &mut self.features[row.to..][..BRANCH];
                vector::rectify_and_add(out, hidden);
            }
        }
    }
}

impl Span {
    /// Rows that the span takes in `hidden`.
    fn n_rows(&self) -> usize {
        self.end - self.begin + 2 * REACH
    }
}
