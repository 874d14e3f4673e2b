//! The house rules that a compiler does not hold: rooms, module docs, file sizes, licences.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The rooms in the order in which data flows. Each may use those before it.
const ROOMS: &[&str] = &[
    "value",
    "signature",
    "time",
    "model",
    "train",
    "recording",
    "engine",
    "chain",
    "router",
    "patch",
    "transport",
    "project",
    "runtime",
    "replay",
    "program",
];
/// Files in which a reader loses the thread are split.
const MAX_LINES: usize = 800;
/// The rooms that may hold `unsafe`: loops compiled for wide registers.
const UNSAFE_FILES: &[&str] = &[
    "src/model/matrix.rs",
    "src/model/matrix/half.rs",
    "src/model/vector.rs",
    "src/model/product.rs",
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

fn room_of(file: &str) -> Option<usize> {
    let first = file.strip_prefix("src/")?.split(['/', '.']).next()?;
    ROOMS.iter().position(|room| *room == first)
}

#[test]
fn each_room_uses_only_rooms_before_it() {
    let mut wrong = Vec::new();
    for (file, text) in rust_files("src") {
        let Some(room) = room_of(&file) else { continue };
        for line in text.lines().filter(|line| !line.trim_start().starts_with("//")) {
            for used in line.split("crate::").skip(1) {
                let name = used.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap();
                if ROOMS.iter().position(|known| *known == name).is_some_and(|at| at > room) {
                    wrong.push(format!("{file} uses {name}: {line}"));
                }
            }
            let network = ["tokio::", "axum::", "rosc::", "mdns_sd::", "socket2::"];
            if ROOMS[room] != "program"
                && room < ROOMS.iter().position(|room| *room == "transport").unwrap()
                && network.iter().any(|name| line.contains(name))
            {
                wrong.push(format!("{file} knows the network: {line}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
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
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--locked", "--offline"])
        .args(["--filter-platform", "x86_64-unknown-linux-gnu"])
        .current_dir(root())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
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
