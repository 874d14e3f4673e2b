//! Adapters: small parts that make one model's output into what another model takes.

mod gates;
mod lists;
mod numbers;
#[cfg(test)]
mod tests;
mod texts;

use super::part::{Part, PartKind, Pure, Rhythm, Slot};
use crate::signature::{Field, Values};

/// All adapters.
pub fn kinds() -> Vec<PartKind> {
    let groups = [lists::kinds(), texts::kinds(), numbers::kinds(), gates::kinds()];
    groups.into_iter().flatten().collect()
}

/// A kind of adapter that something must be wired to.
fn kind(
    name: &'static str,
    description: &'static str,
    inputs: Vec<Slot>,
    output: Slot,
    make: fn(&Values, u64) -> Box<dyn Part>,
) -> PartKind {
    let (options, rhythm) = (Vec::new(), Rhythm::Arrival);
    PartKind { name, description, options, inputs, outputs: vec![output], rhythm, make }
}

impl PartKind {
    /// With an option, chosen when it is made.
    fn with_option(mut self, name: &str, data_type: crate::DataType, description: &str) -> Self {
        self.options.push(Field { name: name.into(), description: description.into(), data_type });
        self
    }
}

/// A macro rather than a function, since what makes a part is a function pointer without captures.
macro_rules! pure {
    ($run:expr) => {
        |_, _| Box::new(Pure($run))
    };
}
use pure;
