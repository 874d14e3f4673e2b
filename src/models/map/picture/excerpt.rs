//! A sentence as it is set on a picture: a line, or one and its turnover; the rest is cut off.

/// Characters in a line that stands alone, as most verse does,
const ALONE: usize = 54;
/// and in one of several.
const MEASURE: usize = 46;
/// When the length of lines is evened out, some words will stand a little over.
const SLACK: usize = 6;
/// Lines.
const LINES: usize = 2;

/// The lines of a text whose words have single spaces between them: one, or several of about the same
/// length. If it does not fit, it ends with an ellipsis.
pub fn excerpt(text: &str) -> Vec<String> {
    let characters = text.chars().count();
    let measure = match characters {
        0..=ALONE => ALONE,
        _ => (characters / LINES + SLACK).min(MEASURE),
    };
    let mut lines: Vec<String> = Vec::new();
    for word in text.split(' ') {
        let n = word.chars().count();
        let full = lines.len() == LINES;
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + n <= measure => {
                line.push(' ');
                line.push_str(word);
                continue;
            }
            _ if !full => lines.push(word.chars().take(measure).collect()),
            _ => {}
        }
        if full || n > measure {
            cut(&mut lines);
            break;
        }
    }
    lines
}

/// Ends the last line with an ellipsis.
fn cut(lines: &mut [String]) {
    if let Some(line) = lines.last_mut() {
        line.truncate(line.trim_end_matches(|c: char| !c.is_alphanumeric()).len());
        line.push('…');
    }
}

#[cfg(test)]
mod test {
    use super::*;

    #[test]
    fn lines_are_turned_over_and_cut_off() {
        let line = "The sea is calm tonight, the tide is full,";
        assert_eq!(excerpt(line), [line]);
        let two = format!("{line} the moon lies fair");
        assert_eq!(
            excerpt(&two),
            ["The sea is calm tonight, the tide is", "full, the moon lies fair"]
        );
        let cut = excerpt(&format!("{two} {two}"));
        assert_eq!(cut, [&format!("{line} the"), "moon lies fair The sea is calm tonight, the…"]);
        assert_eq!(excerpt(&"a".repeat(500)), ["a".repeat(MEASURE) + "…"]);
        assert_eq!(excerpt(""), [""]);
    }
}
