//! A chain that is changed while it runs: what is the same in both goes on as if nothing had happened.

use super::node::{Body, Node};
use super::{Message, Scheduler, Wire};
use crate::chain::plan::Plan;
use crate::chain::spec::Spec;
use crate::time::Time;

impl Scheduler {
    /// Goes on by another plan. Nodes that run the same keep what they remember, what is under way, and
    /// the values that were sent to them, unless the new plan sets others than the old one did.
    pub fn change(&mut self, plan: Plan, now: Time) {
        let old_spec = std::mem::take(&mut self.spec);
        let mut old_nodes: Vec<Option<Node>> =
            std::mem::take(&mut self.nodes).into_iter().map(Some).collect();
        let old_wires = std::mem::take(&mut self.wires);
        let old_outlets = std::mem::take(&mut self.outlets);
        let messages = std::mem::take(&mut self.messages);
        let names: Vec<String> =
            old_nodes.iter().flatten().map(|node| node.spec.name.clone()).collect();
        self.lay_out(plan);
        for index in 0..self.nodes.len() {
            let is_same = |old: &Option<Node>| {
                old.as_ref().is_some_and(|old| goes_on_as(old, &self.nodes[index]))
            };
            match old_nodes.iter().position(is_same) {
                Some(at) => {
                    let old = old_nodes[at].take();
                    old.into_iter().for_each(|old| self.nodes[index].take_over(old));
                }
                None => self.set_all(index),
            }
        }
        for old in old_nodes.iter_mut().flatten() {
            old.call_off();
            old.run_request.take().into_iter().for_each(|run_request| run_request.cancel.cancel());
        }
        for wire in &mut self.wires {
            let is_same = |old: &&Wire| old.spec == wire.spec;
            if let Some(old) = old_wires.iter().find(is_same) {
                wire.held.clone_from(&old.held);
            }
        }
        for outlet in &mut self.outlets {
            let is_same = |old: &&super::Outlet| old.spec.from == outlet.spec.from;
            if let Some(old) = old_outlets.iter().find(is_same) {
                outlet.last.clone_from(&old.last);
            }
        }
        for message in messages {
            let is_same = |node: &Node| names[message.inlet] == node.spec.name;
            if let Some(inlet) = self.nodes.iter().position(is_same) {
                self.messages.push_back(Message { inlet, ..message });
            }
        }
        self.change_pace(&old_spec, now);
    }

    fn change_pace(&mut self, old: &Spec, now: Time) {
        if self.spec.pace != old.pace {
            (self.pace, self.is_ticked) = (self.spec.pace, false);
            self.plan_ticks(now, false);
        }
        if self.spec.starts && !old.starts {
            self.trigger("start", now);
        }
    }
}

/// Whether a node can take the place of another with all that it remembers.
fn goes_on_as(old: &Node, new: &Node) -> bool {
    let input_names = |node: &Node| -> Vec<String> {
        node.inputs.iter().map(|input| input.field.name.clone()).collect()
    };
    // Whatever is set and is no input is an option, which the part was made with.
    let options = |node: &Node| -> Vec<(String, serde_json::Value)> {
        let inputs = input_names(node);
        let set = node.spec.set.iter().filter(|(name, _)| !inputs.contains(name));
        set.map(|(name, json)| (name.clone(), json.clone())).collect()
    };
    let types_fit = || {
        let pairs = old.output_fields.iter().zip(&new.output_fields);
        let outputs = pairs.map(|(a, b)| a.data_type.is_compatible(&b.data_type));
        let pairs = old.inputs.iter().zip(&new.inputs);
        let inputs = pairs.map(|(a, b)| a.field.data_type.is_compatible(&b.field.data_type));
        outputs.chain(inputs).all(|fits| fits)
    };
    old.spec.name == new.spec.name
        && old.spec.run == new.spec.run
        && options(old) == options(new)
        && input_names(old) == input_names(new)
        && old.output_fields.len() == new.output_fields.len()
        && types_fit()
}

impl Node {
    fn take_over(&mut self, old: Node) {
        self.body = old.body;
        (self.outputs, self.has_outputs, self.stamp) = (old.outputs, old.has_outputs, old.stamp);
        (self.waiting, self.flight, self.run_request) = (old.waiting, old.flight, old.run_request);
        (self.counters, self.n_failures) = (old.counters, old.n_failures);
        (self.n_updates, self.on_error) = (old.n_updates, old.on_error);
        let inputs = self.inputs.iter_mut().zip(&mut self.values);
        for ((input, value), (old_input, old_value)) in
            inputs.zip(old.inputs.into_iter().zip(old.values))
        {
            let name = &input.field.name;
            let is_set_anew = self.spec.set.get(name) != old.spec.set.get(name);
            if is_set_anew || input.is_wired != old_input.is_wired && !input.is_wired {
                // Such a value is the new plan's, and the part is to know.
                if let (Body::Part(part, _), true) = (&mut self.body, input.has_value) {
                    let _ = part.set(name, value);
                }
                continue;
            }
            *value = old_value;
            (input.has_value, input.stamp) = (old_input.has_value, old_input.stamp);
            input.queue = old_input.queue;
        }
    }
}
