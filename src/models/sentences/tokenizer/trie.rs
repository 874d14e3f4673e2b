//! A dictionary of byte strings that is walked one byte at a time: a double array.
//!
//! The format is darts-clone's, which SentencePiece uses. A node is a unit of 32 bits: its
//! label in bits 0-7, "a value lies at my base" in bit 8, and the XOR distance to its base in
//! the bits from 10 on (times 256 if bit 9 is set). A child's place is the base XOR its label; a
//! value is a unit with bit 31 set.

/// Keys are byte strings without zero bytes, values are below 2^31.
pub struct Trie {
    units: Vec<u32>,
}

impl Trie {
    pub fn new(units: Vec<u32>) -> Trie {
        Trie { units }
    }

    /// Calls `found` with the length and the value of every key that `text` starts with,
    /// shortest first.
    #[inline]
    pub fn prefixes(&self, text: &[u8], mut found: impl FnMut(usize, u32)) {
        let Some(&root) = self.units.first() else {
            return;
        };
        let mut base = distance(root);
        for (i, &byte) in text.iter().enumerate() {
            let place = base ^ byte as usize;
            let Some(unit) = self.child(place, byte) else {
                return;
            };
            base = place ^ distance(unit);
            if unit & 0x100 != 0 {
                let value = self.units.get(base).copied().unwrap_or_default();
                found(i + 1, value & 0x7FFF_FFFF);
            }
        }
    }

    /// The greatest value, or more. (Not every unit with bit 31 set is a value.)
    pub fn greatest_value(&self) -> u32 {
        let values = self.units.iter().filter(|&&unit| unit >> 31 == 1);
        values.map(|unit| unit & 0x7FFF_FFFF).max().unwrap_or_default()
    }

    /// Whether some key starts with `path`.
    pub fn has_path(&self, path: &[u8]) -> bool {
        let mut base = self.units.first().map_or(0, |&root| distance(root));
        path.iter().all(|&byte| {
            let place = base ^ byte as usize;
            let child = self.child(place, byte);
            base = place ^ child.map_or(0, distance);
            child.is_some()
        })
    }

    fn child(&self, place: usize, label: u8) -> Option<u32> {
        let unit = self.units.get(place).copied()?;
        (unit & 0x8000_00FF == u32::from(label)).then_some(unit)
    }
}

fn distance(unit: u32) -> usize {
    ((unit >> 10) << ((unit & 0x200) >> 6)) as usize
}
