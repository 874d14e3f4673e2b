//! The order in which values flow through a chain, and the loops that have none.

use super::{At, Draft, DraftWire, Wrong};
use crate::chain::spec::Spec;

/// Nodes in an order in which every wire but feedback leads onward; as written where there is a choice
/// (Kahn 1962, "Topological sorting of large networks").
pub fn order(nodes: &[Draft], wires: &[DraftWire], spec: &Spec) -> Result<Vec<usize>, Wrong> {
    let mut order = Vec::with_capacity(nodes.len());
    let mut is_done = vec![false; nodes.len()];
    let waits_for = |node: usize, is_done: &[bool]| {
        wires.iter().any(|wire| !wire.is_feedback && wire.to.0 == node && !is_done[wire.from.0])
    };
    while order.len() < nodes.len() {
        let next = (0..nodes.len()).find(|&node| !is_done[node] && !waits_for(node, &is_done));
        match next {
            Some(node) => {
                is_done[node] = true;
                order.push(node);
            }
            None => return Err(find_loop(wires, &is_done, spec)),
        }
    }
    Ok(order)
}

/// Every node that is left waits for another one that is left: going back from one to the next must
/// come to one twice.
fn find_loop(wires: &[DraftWire], is_done: &[bool], spec: &Spec) -> Wrong {
    let before = |node: usize| {
        wires
            .iter()
            .position(|wire| !wire.is_feedback && wire.to.0 == node && !is_done[wire.from.0])
            .unwrap_or(0)
    };
    let mut node = is_done.iter().position(|is_done| !is_done).unwrap_or(0);
    let mut seen = Vec::new();
    while !seen.contains(&node) {
        seen.push(node);
        node = wires[before(node)].from.0;
    }
    let mut path = vec![before(node)];
    while wires[path[path.len() - 1]].from.0 != node {
        path.push(before(wires[path[path.len() - 1]].from.0));
    }
    path.reverse();
    let round: Vec<String> = path.iter().map(|wire| spec.wires[*wire].to_string()).collect();
    // The wire that leads back to what was written first is the one that people would call feedback.
    let back = *path.iter().min_by_key(|wire| wires[**wire].to.0).unwrap_or(&0);
    Wrong {
        at: At::Wire(back),
        words: format!(
            "these wires go round in a loop: {}. Say which of them is feedback by what it brings first: \
             {{ wire = \"{}\", first = ... }}",
            round.join(", "),
            spec.wires[back]
        ),
    }
}
