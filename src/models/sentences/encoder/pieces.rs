//! What the forward pass knows of a piece alone, kept for the pieces used last.
//!
//! A slot holds `x` and, for each order, the products of its branch of `x` with the parts of the
//! first convolution: `[x: 768 | order 2: 2 x 256 | order 3: 3 x 256 | order 5: 5 x 256]`.
//! Slots are given away in a circle, passing over once those that were used since the last
//! round ("second chance"). A slot's contents depend on its piece only, so what happens to be
//! cached never changes a result.

use super::network::{BRANCH, EMBEDDING, EncoderNetwork, PROJECTED, resize};
use enjamb_numeric::matrix::Row;

/// Numbers in a slot.
pub const SLOT: usize = PROJECTED + 10 * BRANCH;

/// Where the products of each branch start in a slot.
pub const FIRST: [usize; 3] = [PROJECTED, PROJECTED + 2 * BRANCH, PROJECTED + 5 * BRANCH];

/// 14 MB for each thread. Twice as many gained little on verse.
pub const DEFAULT_CAPACITY: usize = 1024;

const NONE: u32 = u32::MAX;

/// A bounded store of slots.
pub struct Cache {
    /// The slot of each piece, or NONE.
    slots: Vec<u32>,
    /// What each slot holds, as far as slots were ever used.
    owners: Vec<Owner>,
    data: Vec<f32>,
    capacity: usize,
    next: usize,
    /// Counts the calls of `resolve`, whose slots must not be given away meanwhile.
    step: u64,
    n_computed: u64,
    /// The pieces to compute in this step, with their slots.
    missing: Vec<(u32, u32)>,
    embedding: Vec<f32>,
    projected: Vec<f32>,
    rows: Vec<Row>,
}

#[derive(Clone, Copy)]
struct Owner {
    piece: u32,
    used: bool,
    step: u64,
}

impl Cache {
    pub fn new(n_pieces: usize, capacity: usize) -> Cache {
        Cache {
            slots: vec![NONE; n_pieces],
            owners: Vec::new(),
            data: Vec::new(),
            capacity,
            next: 0,
            step: 0,
            n_computed: 0,
            missing: Vec::new(),
            embedding: Vec::new(),
            projected: Vec::new(),
            rows: Vec::new(),
        }
    }

    /// How many slots were computed so far.
    pub fn n_computed(&self) -> u64 {
        self.n_computed
    }

    /// All slots, [slots, SLOT].
    pub fn data(&self) -> &[f32] {
        &self.data
    }

    /// Appends the slot of each piece to `slots`, computing what is not there.
    ///
    /// # Panics
    ///
    /// If the pieces have more distinct ones among them than there are slots.
    pub fn resolve(
        &mut self,
        network: &EncoderNetwork,
        pieces: impl Iterator<Item = u32>,
        slots: &mut Vec<u32>,
    ) {
        self.step += 1;
        self.missing.clear();
        for piece in pieces {
            let mut slot = self.slots[piece as usize];
            if slot == NONE {
                slot = self.take_slot(piece);
                self.missing.push((piece, slot));
            }
            let owner = &mut self.owners[slot as usize];
            owner.used = true;
            owner.step = self.step;
            slots.push(slot);
        }
        self.fill(network);
    }

    fn take_slot(&mut self, piece: u32) -> u32 {
        let owner = Owner { piece, used: true, step: self.step };
        let slot = if self.owners.len() < self.capacity {
            self.owners.push(owner);
            self.data.resize(self.owners.len() * SLOT, 0.0);
            self.owners.len() - 1
        } else {
            let slot = self.next_victim();
            self.slots[self.owners[slot].piece as usize] = NONE;
            self.owners[slot] = owner;
            slot
        };
        self.slots[piece as usize] = slot as u32;
        slot as u32
    }

    fn next_victim(&mut self) -> usize {
        for _ in 0..2 * self.capacity {
            let slot = self.next;
            self.next = (self.next + 1) % self.capacity;
            let owner = &mut self.owners[slot];
            if owner.step != self.step && !std::mem::take(&mut owner.used) {
                return slot;
            }
        }
        panic!("more distinct pieces in one step than slots");
    }

    fn fill(&mut self, network: &EncoderNetwork) {
        let n = self.missing.len();
        if n == 0 {
            return;
        }
        self.n_computed += n as u64;
        resize(&mut self.embedding, n * EMBEDDING);
        resize(&mut self.projected, n * PROJECTED);
        let table = network.table();
        for (&(piece, _), out) in
            self.missing.iter().zip(self.embedding.chunks_exact_mut(EMBEDDING))
        {
            table.embedding(piece, out);
        }
        network.project(&self.embedding, &mut self.projected, &mut self.rows);
        for (&(_, slot), x) in self.missing.iter().zip(self.projected.chunks_exact(PROJECTED)) {
            let slot = &mut self.data[slot as usize * SLOT..][..SLOT];
            slot[..PROJECTED].copy_from_slice(x);
            slot[PROJECTED..].fill(0.0);
        }
        for (i, first) in FIRST.into_iter().enumerate() {
            self.rows.clear();
            self.rows.extend(self.missing.iter().enumerate().map(|(row, &(_, slot))| Row {
                from: row * PROJECTED + i * BRANCH,
                to: slot as usize * SLOT + first,
            }));
            network.branches[i].first.add_product(&self.projected, &mut self.data, &self.rows);
        }
    }
}
