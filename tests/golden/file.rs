//! The golden files: read, compared line by line, and written anew when that is asked for.

use std::fmt::Write;
use std::path::PathBuf;

/// Lines that are shown before the first difference.
const CONTEXT: usize = 4;
/// Lines that are shown from the first difference on.
const MAX_SHOWN: usize = 12;
/// Characters that are shown of a line.
const MAX_WIDTH: usize = 400;
/// Longer rows of numbers are shown by their first ones and a checksum of all.
const MAX_ROW: usize = 80;
const N_BEGIN: usize = 4;

/// Where a golden file lies.
pub fn path(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name)
}

/// The lines of a transcript that are no answers, which begin with one of these.
pub fn script(name: &str, answers: &[char]) -> Vec<String> {
    let text =
        std::fs::read_to_string(path(name)).unwrap_or_else(|error| panic!("{name}: {error}"));
    text.lines().filter(|line| !line.starts_with(answers)).map(String::from).collect()
}

/// Whether files are to be made anew: `write` for answers, `record` for the recording.
pub fn is_asked_to(action: &str) -> bool {
    std::env::var("ENJAMB_GOLDEN").is_ok_and(|asked| asked == action)
}

/// Compares with a golden file, or writes it.
#[track_caller]
pub fn check(name: &str, now: &str) {
    let path = path(name);
    if is_asked_to("write") {
        return std::fs::write(&path, now).unwrap();
    }
    let then = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{name}: {error}"));
    if then != now {
        panic!("{}", difference(name, &then, now));
    }
}

/// The first lines that differ, with some before them.
fn difference(name: &str, then: &str, now: &str) -> String {
    let (then, now): (Vec<&str>, Vec<&str>) = (then.lines().collect(), now.lines().collect());
    let same = then.iter().zip(&now).take_while(|(then, now)| then == now).count();
    let mut text = format!("tests/golden/{name} differs from line {}:\n", same + 1);
    for line in &then[same.saturating_sub(CONTEXT)..same] {
        let _ = writeln!(text, "        {}", short(line, 0));
    }
    // A long line is shown from where it differs.
    let at = match (then.get(same), now.get(same)) {
        (Some(then), Some(now)) => {
            then.chars().zip(now.chars()).take_while(|(a, b)| a == b).count()
        }
        _ => 0,
    };
    for (mark, lines) in [("then", &then), ("now ", &now)] {
        for (number, line) in lines.iter().skip(same).take(MAX_SHOWN).enumerate() {
            let _ = writeln!(text, "  {mark}  {}", short(line, if number == 0 { at } else { 0 }));
        }
    }
    text + "If it is meant to change: ENJAMB_GOLDEN=write cargo test --release --test golden"
}

/// A line, or as much of it as can be read, around a place.
fn short(line: &str, at: usize) -> String {
    let from = if at > MAX_WIDTH / 2 { at - MAX_WIDTH / 4 } else { 0 };
    let shown: String = line.chars().skip(from).take(MAX_WIDTH).collect();
    let (before, after) =
        (["", "..."][usize::from(from > 0)], line.chars().count() > from + MAX_WIDTH);
    format!("{before}{shown}{}", if after { "..." } else { "" })
}

/// FNV-1a: stands for what is too long to be shown.
pub fn checksum(text: &str) -> String {
    let step = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    format!("{:016x}", text.bytes().fold(0xcbf2_9ce4_8422_2325, step))
}

/// A row of values as JSON in one line; of a long one the beginning, the number and the checksum.
pub fn row(items: &[serde_json::Value]) -> String {
    let all = serde_json::to_string(items).unwrap();
    if items.len() <= MAX_ROW {
        return all;
    }
    let begin = serde_json::to_string(&items[..N_BEGIN]).unwrap();
    let begin = begin.trim_end_matches(']');
    format!("{begin}, ... {} in all, checksum {}]", items.len(), checksum(&all))
}
