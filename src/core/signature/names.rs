//! Names: what may be one, and what there is instead where one is not known.

use std::fmt::Write;

/// Whether a name can stand in an OSC address, a URL and a TOML key alike.
pub fn is_name(name: &str) -> bool {
    !name.is_empty()
        && name.len() <= 64
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-')
}

/// The end of a sentence about a name that is not known: "only start, stop"; and, where one of them
/// is nearly the same, "; did you mean 'stop'?".
pub fn only<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    let known: Vec<&str> = known.into_iter().collect();
    let mut words = format!("only {}", known.join(", "));
    if let Some(near) = nearest(name, &known) {
        let _ = write!(words, "; did you mean '{near}'?");
    }
    words
}

/// The known name that is a slip of the fingers away: one letter in four may be wrong, and one of three
/// (Damerau 1964).
fn nearest<'a>(name: &str, known: &[&'a str]) -> Option<&'a str> {
    // Longer ones are no slips, and would take long to compare.
    const LONGEST: usize = 100;
    if name.len() > LONGEST {
        return None;
    }
    let name = name.to_lowercase();
    let slips = |known: &str| strsim::damerau_levenshtein(&name, &known.to_lowercase());
    let near = known.iter().map(|known| (slips(known), *known)).min_by_key(|(slips, _)| *slips);
    let most = match name.chars().count() {
        0..3 => 0,
        n => (n / 4).max(1),
    };
    near.filter(|(slips, _)| *slips <= most).map(|(_, known)| known)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_is_nearly_right_is_answered_with_the_right_one() {
        let known = ["start", "stop", "walk/speed", "walk/radius", "poetry/temperature"];
        let all = format!("only {}", known.join(", "));
        for (name, near) in [
            ("strat", "start"),
            ("walk/spede", "walk/speed"),
            ("walk/Speed", "walk/speed"),
            ("poetry/temprature", "poetry/temperature"),
            ("stop", "stop"),
        ] {
            assert_eq!(only(name, known), format!("{all}; did you mean '{near}'?"));
        }
        assert_eq!(only("c", ["a", "b"]), "only a, b");
        for name in ["", "fly", "walk", "temperature", &"walk/speed".repeat(20)] {
            assert_eq!(only(name, known), all, "{name}");
        }
        assert_eq!(only("é", []), "only ");
    }
}
