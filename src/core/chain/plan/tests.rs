//! Specifications that do not fit, and what is said of them.

use super::{At, Wrong};
use crate::chain::spec::{NodeSpec, Spec};
use crate::signature::{Command, Manifest, array, number, text, vector};
use serde_json::json;
use std::sync::Arc;

fn models(name: &str) -> Option<Arc<Manifest>> {
    let manifest = || {
        Manifest::new("m", "")
            .command(
                Command::new("embed", "")
                    .input("text", text(), "")
                    .output("vectors", array(vector(4)), "")
                    .output("count", number(), ""),
            )
            .command(Command::new("place", "").input("at", vector(4), "").output("out", text(), ""))
            .command(Command::new("flat", "").input("at", vector(2), "").output(
                "out",
                number(),
                "",
            ))
    };
    (name == "m").then(|| Arc::new(manifest()))
}

fn spec(nodes: &[(&str, &str)], wires: &[&str]) -> Spec {
    let node = |(name, run): &(&str, &str)| NodeSpec {
        name: name.to_string(),
        run: run.to_string(),
        ..NodeSpec::default()
    };
    Spec {
        nodes: nodes.iter().map(node).collect(),
        wires: wires.iter().map(|wire| wire.parse().unwrap()).collect(),
        ..Spec::default()
    }
}

fn check(nodes: &[(&str, &str)], wires: &[&str], at: At, words: &str) {
    let wrong = spec(nodes, wires).plan(&models).err().expect("it should not fit");
    assert_eq!(wrong, Wrong { at, words: words.into() });
}

#[test]
fn a_wrong_wire_names_both_types_and_what_would_fit() {
    let nodes = [("embed", "m/embed"), ("place", "m/place"), ("flat", "m/flat"), ("beat", "clock")];
    check(
        &nodes,
        &["embed.vectors -> place.at"],
        At::Wire(0),
        "embed.vectors gives array of vector of 4, and place.at takes vector of 4: between them would fit \
         adapt/first or adapt/nth or adapt/pick or adapt/fresh",
    );
    check(
        &nodes,
        &["beat.count -> embed.text"],
        At::Wire(0),
        "beat.count gives number, and embed.text takes text: between them would fit adapt/text",
    );
    check(
        &nodes,
        &["place.out -> flat.at"],
        At::Wire(0),
        "place.out gives text, and flat.at takes vector of 2: no adapter makes one into the other",
    );
    check(
        &[("beat", "clock"), ("first", "adapt/first")],
        &["beat.count -> first.array"],
        At::Wire(0),
        "beat.count gives number, and first.array takes array of anything: no adapter makes one into the \
         other",
    );
}

#[test]
fn what_is_not_there_is_named_with_what_is() {
    let nodes = [("embed", "m/embed"), ("place", "m/place")];
    check(
        &nodes,
        &["embed.vector -> place.at"],
        At::Wire(0),
        "embed has no output 'vector', only vectors, count; did you mean 'vectors'?",
    );
    check(&nodes, &["embed.vectors -> place.z"], At::Wire(0), "place has no input 'z', only at");
    check(
        &nodes,
        &["walk.z -> place.at"],
        At::Wire(0),
        "there is no node 'walk' in this chain, only embed, place",
    );
    check(
        &[("a", "m/sing")],
        &[],
        At::Node("a".into()),
        "m has no command 'sing', only embed, place, flat",
    );
    check(
        &[("a", "n/sing")],
        &[],
        At::Node("a".into()),
        "there is no model 'n' here: name one in the project file",
    );
    check(
        &[("start", "clock")],
        &[],
        At::Node("start".into()),
        "'start' is taken: it means something to the chain itself",
    );
    check(
        &[("a", "clock"), ("a", "clock")],
        &[],
        At::Node("a".into()),
        "there is something else of the name 'a' in this chain",
    );
    let nodes = [("b", "clock"), ("c", "clock"), ("n", "adapt/counter")];
    check(
        &nodes,
        &["b.count -> n.in", "c.count -> n.in"],
        At::Wire(1),
        "something else is wired to n.in already; an input takes one wire",
    );
}

#[test]
fn a_loop_is_refused_by_name_unless_a_wire_of_it_is_feedback() {
    let nodes =
        [("a", "adapt/scale"), ("b", "adapt/clamp"), ("c", "adapt/scale"), ("beat", "clock")];
    let wires = ["c.out -> a.in", "a.out -> b.in", "b.out -> c.in", "beat.count -> a.low"];
    check(
        &nodes,
        &wires,
        At::Wire(0),
        "these wires go round in a loop: a.out -> b.in, b.out -> c.in, c.out -> a.in. Say which of them is \
         feedback by what it brings first: { wire = \"c.out -> a.in\", first = ... }",
    );
    let mut spec = spec(&nodes, &wires);
    spec.wires[0].first = Some(json!(0));
    let plan = spec.plan(&models).unwrap();
    let order: Vec<&str> = plan.nodes.iter().map(|node| node.spec.name.as_str()).collect();
    assert_eq!(order, ["beat", "a", "b", "c"]);
    spec.wires[0].first = Some(json!("x"));
    let wrong = spec.plan(&models).err().unwrap().to_string();
    assert_eq!(
        wrong,
        "what the wire c.out -> a.in brings first: expected a number, got the text \"x\""
    );
}

#[test]
fn adapters_take_their_types_from_their_wires() {
    let nodes = [
        ("embed", "m/embed"),
        ("first", "adapt/first"),
        ("late", "adapt/delay"),
        ("place", "m/place"),
    ];
    let wires = ["embed.vectors -> first.array", "first.item -> late.in", "late.out -> place.at"];
    let plan = spec(&nodes, &wires).plan(&models).unwrap();
    let late = plan.nodes.iter().find(|node| node.spec.name == "late").unwrap();
    assert_eq!(late.outputs[0].data_type.label(), "vector of 4");
    let spec =
        spec(&[("a", "adapt/delay"), ("b", "adapt/delay")], &["a.out -> b.in", "b.out -> a.in"]);
    let wrong = spec.plan(&models).err().unwrap();
    assert!(wrong.words.contains("its type can't be told"), "{wrong}");
}
