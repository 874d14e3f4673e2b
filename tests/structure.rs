//! The rules of the tree that a compiler does not hold: layers, dependencies, module docs, file sizes,
//! licences.

use serde_json::Value as Json;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The crates of the workspace, each with those of them that it may use.
const CRATES: &[(&str, &[&str])] = &[
    ("enjamb-core", &[]),
    ("enjamb-numeric", &[]),
    ("enjamb-osc", &["enjamb-core"]),
    ("enjamb-models", &["enjamb-core", "enjamb-numeric"]),
    ("enjamb-patch", &["enjamb-core"]),
    ("enjamb-net", &["enjamb-core", "enjamb-osc", "enjamb-patch"]),
    ("enjamb-train", &["enjamb-core", "enjamb-models", "enjamb-numeric"]),
    (
        "enjamb",
        &[
            "enjamb-core",
            "enjamb-models",
            "enjamb-net",
            "enjamb-osc",
            "enjamb-patch",
            "enjamb-train",
        ],
    ),
];
/// The modules of the core in the order in which data flows. Each may use those before it.
const CORE_MODULES: &[&str] = &[
    "error",
    "value",
    "signature",
    "time",
    "model",
    "recording",
    "engine",
    "chain",
    "host",
    "project",
];
/// What a program that embeds enjamb pays for, in external crates: the features of `enjamb`, the most
/// crates, and those that must not be among them.
const BUDGETS: &[(&str, usize, &[&str])] = &[
    ("", 45, &["candle-core", "image", "png", "tokenizers", "safetensors"]),
    ("poetry", 60, &["candle-core", "image", "tokenizers"]),
    ("models", 110, &["candle-core", "tokenizers"]),
    ("models,image", 125, &["candle-core", "tokenizers"]),
];
/// What only the transports and the program may use.
const TRANSPORT_CRATES: &[&str] =
    &["tokio", "axum", "hyper", "mdns-sd", "socket2", "clap", "ratatui", "tracing-subscriber"];
/// Files in which a reader loses the thread are split.
const MAX_LINES: usize = 800;
/// The rooms that may hold `unsafe`: mapped weights, and loops compiled for wide registers.
const UNSAFE_FILES: &[&str] = &[
    "src/numeric/weights.rs",
    "src/numeric/matrix.rs",
    "src/numeric/matrix/half.rs",
    "src/numeric/vector.rs",
    "src/numeric/product.rs",
];
/// What may be linked into a program that is MIT or Apache-2.0.
const LICENCES: &[&str] = &[
    "MIT",
    "MIT-0",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "ISC",
    "Zlib",
    "0BSD",
    "BSL-1.0",
    "CC0-1.0",
    "Unlicense",
    "Unicode-3.0",
];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn rust_files(folder: &str) -> Vec<(String, String)> {
    let mut files = Vec::new();
    let mut folders = vec![root().join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path: PathBuf = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| ending == "rs") {
                let name = path.strip_prefix(root()).unwrap().to_string_lossy().into_owned();
                files.push((name, fs::read_to_string(path).unwrap()));
            }
        }
    }
    assert!(!files.is_empty());
    files
}

fn cargo(arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO"))
        .args(arguments)
        .args(["--locked", "--offline"])
        .current_dir(root())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn metadata() -> Json {
    let target = ["--filter-platform", "x86_64-unknown-linux-gnu"];
    let text = cargo(&[&["metadata", "--format-version", "1"][..], &target].concat());
    serde_json::from_str(&text).unwrap()
}

#[test]
fn each_crate_uses_only_those_below_it() {
    let metadata = metadata();
    let packages = metadata["packages"].as_array().unwrap();
    let mut found: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for package in packages.iter().filter(|package| package["source"].is_null()) {
        let dependencies = package["dependencies"].as_array().unwrap();
        let own = dependencies.iter().filter(|d| d["kind"].is_null() && d["source"].is_null());
        let names = own.map(|dependency| dependency["name"].as_str().unwrap()).collect();
        found.insert(package["name"].as_str().unwrap(), names);
    }
    let allowed: BTreeMap<&str, BTreeSet<&str>> =
        CRATES.iter().map(|(name, uses)| (*name, uses.iter().copied().collect())).collect();
    assert_eq!(found.keys().collect::<Vec<_>>(), allowed.keys().collect::<Vec<_>>());
    for (name, uses) in found {
        assert!(uses.is_subset(&allowed[name]), "{name} uses {uses:?}");
    }
}

#[test]
fn each_module_of_the_core_uses_only_those_before_it() {
    let mut wrong = Vec::new();
    let place = |name: &str| CORE_MODULES.iter().position(|module| *module == name);
    for (file, text) in rust_files("src/core") {
        let name = file["src/core/".len()..].split(['/', '.']).next().unwrap();
        let Some(own) = place(name) else {
            assert_eq!(name, "lib", "a module of the core without a place in CORE_MODULES");
            continue;
        };
        for line in text.lines().filter(|line| !line.trim_start().starts_with("//")) {
            for used in line.split("crate::").skip(1) {
                let used = used.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap();
                if place(used).is_some_and(|at| at > own) {
                    wrong.push(format!("{file} uses {used}: {line}"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// External crates by `cargo tree -e normal,build`, each version once.
fn external_crates(features: &str) -> BTreeSet<String> {
    let tree = cargo(&[
        "tree",
        "-p",
        "enjamb",
        "-e",
        "normal,build",
        "--prefix",
        "none",
        "--format",
        "{p}",
        "--no-default-features",
        "--features",
        features,
    ]);
    let lines = tree.lines().map(|line| line.trim_end_matches(" (*)").to_string());
    // Those of the workspace have a path.
    lines.filter(|line| !line.is_empty() && !line.contains("(/")).collect()
}

#[test]
fn a_program_that_embeds_enjamb_pays_for_what_it_uses() {
    for (features, most, forbidden) in BUDGETS {
        let crates = external_crates(features);
        println!("'{features}': {} external crates", crates.len());
        let listed = || crates.iter().cloned().collect::<Vec<_>>().join("\n");
        assert!(crates.len() <= *most, "'{features}' needs {}:\n{}", crates.len(), listed());
        for name in forbidden.iter().chain(TRANSPORT_CRATES) {
            let is_there = crates.iter().any(|found| found.split(' ').next() == Some(name));
            assert!(!is_there, "'{features}' needs {name}");
        }
    }
}

#[test]
fn each_file_says_what_it_is_and_can_be_read_in_one_sitting() {
    let mut wrong = Vec::new();
    for folder in ["src", "tests", "benches"] {
        for (file, text) in rust_files(folder) {
            let first: Vec<&str> =
                text.lines().take_while(|line| line.starts_with("//! ")).collect();
            if !first.join(" ").contains(['.', ':']) {
                wrong.push(format!("{file} does not open with a sentence on what it is"));
            }
            if text.lines().count() > MAX_LINES {
                wrong.push(format!("{file} has {} lines", text.lines().count()));
            }
            let has_unsafe = text.lines().any(|line| {
                let code = line.split("//").next().unwrap();
                code.contains("unsafe ") || code.contains("allow(unsafe_code)")
            });
            let is_source = folder == "src";
            if is_source && has_unsafe && !UNSAFE_FILES.contains(&file.as_str()) {
                wrong.push(format!("{file} has unsafe code"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn dependencies_have_licences_that_allow_ours() {
    let metadata = metadata();
    let packages = metadata["packages"].as_array().unwrap();
    assert!(packages.len() > 100);
    let mut wrong = Vec::new();
    for package in packages {
        let licence = package["license"].as_str().unwrap_or("none");
        if !is_allowed(licence) {
            wrong.push(format!("{}: {licence}", package["name"]));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// An SPDX expression: of alternatives one must be allowed, of a conjunction all.
fn is_allowed(expression: &str) -> bool {
    let flat = expression.replace(['(', ')'], " ").replace('/', " OR ");
    let squeezed = flat.split_whitespace().collect::<Vec<_>>().join(" ");
    squeezed
        .split(" AND ")
        .all(|part| part.split(" OR ").any(|licence| LICENCES.contains(&licence.trim())))
}

#[test]
fn licence_expressions_are_read() {
    assert!(is_allowed("MIT OR GPL-3.0") && is_allowed("(MIT OR Apache-2.0) AND Unicode-3.0"));
    assert!(!is_allowed("GPL-3.0") && !is_allowed("MIT AND GPL-3.0") && !is_allowed("none"));
}
