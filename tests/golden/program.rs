//! `program.txt` and the specifications: what the program's commands print, and how they end.
//!
//! In `program.txt` stand, after `$`, arguments to run the program with. Beneath, `|` begins the lines of
//! standard output, `!` those of standard error, and `=` the exit status. After `@ beside a runtime` one is
//! running at these ports, and after `@ alone` none. `<version>` stands for the program's version,
//! `<osc port>` and the like for ports, which are free ones, and `<folder>` for the folder where it runs.

use super::common::{complained, enjamb, free_offset, said};
use super::file;
use super::runtime::{Runtime, new_folder, without_folder, without_ports};
use std::path::Path;
use std::process::Output;

const FILE: &str = "program.txt";
/// Longer output is told by its checksum.
const MAX_LINES: usize = 120;

/// What is printed as JSON, each in a file of its own.
const SPECIFICATIONS: [(&str, &[&str]); 7] = [
    ("models.json", &["models"]),
    ("poetry.json", &["describe", "poetry"]),
    ("sentences.json", &["describe", "sentences"]),
    ("average.json", &["describe", "average"]),
    ("map.json", &["describe", "map"]),
    ("adapt.json", &["describe", "adapt"]),
    ("voyage.json", &["describe", "voyage"]),
];

fn run(folder: &Path, port_offset: u16, arguments: &[&str]) -> Output {
    let mut command = enjamb(port_offset, arguments);
    command.current_dir(folder).env_remove("ENJAMB_MODELS").output().unwrap()
}

#[test]
fn specifications_are_printed_as_ever() {
    let (folder, port_offset) = (new_folder("specifications"), free_offset());
    for (name, arguments) in SPECIFICATIONS {
        let output = run(&folder, port_offset, &[arguments, &["--json"]].concat());
        assert!(output.status.success(), "{}", complained(&output));
        file::check(name, &said(&output));
    }
    std::fs::remove_dir_all(folder).unwrap();
}

#[test]
fn commands_print_as_ever() {
    let folder = new_folder("program");
    let mut runtime: Option<Runtime> = None;
    let mut port_offset = free_offset();
    let mut text = String::new();
    for line in file::script(FILE, &['|', '!', '=']) {
        let mut answer = String::new();
        match line.split_at_checked(2) {
            Some(("$ ", words)) => {
                let words = words_of(words);
                let words: Vec<&str> = words.iter().map(String::as_str).collect();
                let output = run(&folder, port_offset, &words);
                answer = present(&output, &folder, port_offset);
            }
            Some(("@ ", "alone")) => (runtime, port_offset) = (None, free_offset()),
            Some(("@ ", _)) => {
                let started = Runtime::start("beside");
                port_offset = started.port_offset();
                let mut ready = started.ready.clone();
                ready["seconds"] = "<seconds>".into();
                answer = format!("| {}\n", without_ports(&ready.to_string(), port_offset));
                runtime = Some(started);
            }
            _ => {}
        }
        text += &format!("{line}\n{answer}");
    }
    drop(runtime);
    std::fs::remove_dir_all(folder).unwrap();
    file::check(FILE, &text);
}

/// Arguments as a shell takes them apart, with double quotes alone.
fn words_of(text: &str) -> Vec<String> {
    let (mut words, mut is_quoted) = (vec![String::new()], false);
    for char in text.chars() {
        match char {
            '"' => is_quoted = !is_quoted,
            ' ' if !is_quoted => words.push(String::new()),
            char => words.last_mut().unwrap().push(char),
        }
    }
    words
}

fn present(output: &Output, folder: &Path, port_offset: u16) -> String {
    let mut text = String::new();
    for (mark, stream) in [('|', said(output)), ('!', complained(output))] {
        let stream = without_ports(&without_folder(&stream, folder), port_offset);
        let stream = stream.replace(env!("CARGO_PKG_VERSION"), "<version>");
        let n_lines = stream.lines().count();
        for line in stream.lines().take(MAX_LINES) {
            text += format!("{mark} {line}").trim_end();
            text += "\n";
        }
        if n_lines > MAX_LINES {
            text += &format!(
                "{mark} ... {n_lines} lines in all, checksum {}\n",
                file::checksum(&stream)
            );
        }
    }
    text + &format!(
        "= {}\n",
        output.status.code().map_or("a signal".into(), |code| code.to_string())
    )
}
