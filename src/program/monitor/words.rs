//! Small words for the screen: numbers, times, and text cut to a width.

use ratatui::text::Span;
use std::time::Duration;
use unicode_segmentation::UnicodeSegmentation;

/// 12345 as "12,345".
pub fn count(n: u64) -> String {
    let digits = n.to_string();
    let mut words = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            words.push(',');
        }
        words.push(digit);
    }
    words
}

/// Events a second, short: "0.5", "12", "9,800".
pub fn rate(per_second: f64) -> String {
    match per_second {
        r if r < 0.05 => "0".into(),
        r if r < 9.95 => format!("{r:.1}"),
        r => count(r.round() as u64),
    }
}

/// How long something runs: "0:07", "3:12:05", "12 days 3:12:05".
pub fn uptime(seconds: f64) -> String {
    let seconds = seconds as u64;
    let (days, hours, minutes) = (seconds / 86_400, seconds / 3600 % 24, seconds / 60 % 60);
    let seconds = seconds % 60;
    match (days, hours) {
        (0, 0) => format!("{minutes}:{seconds:02}"),
        (0, _) => format!("{hours}:{minutes:02}:{seconds:02}"),
        (1, _) => format!("1 day {hours}:{minutes:02}:{seconds:02}"),
        _ => format!("{days} days {hours}:{minutes:02}:{seconds:02}"),
    }
}

/// How long ago: "now", "8 s", "3 min", "2 h".
pub fn age(age: Duration) -> String {
    match age.as_secs() {
        0 => "now".into(),
        s @ 1..60 => format!("{s} s"),
        s @ 60..3600 => format!("{} min", s / 60),
        s => format!("{} h", s / 3600),
    }
}

/// Text that can't move the cursor or turn the line around: a sender may send anything.
pub fn clean(text: &str) -> String {
    let is_trouble = |c: char| {
        c.is_control()
            || matches!(c, '\u{200e}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    text.chars().map(|c| if is_trouble(c) { '·' } else { c }).collect()
}

/// How many columns a text takes on a terminal.
pub fn width(text: &str) -> usize {
    Span::raw(text).width()
}

/// Cleans the text and cuts it to `columns`, with "…" where something is left out.
pub fn fit(text: &str, columns: usize) -> String {
    // What lies beyond is never seen, however long a text is sent.
    let text: String = text.chars().take(4 * columns + 8).collect();
    let text = clean(&text);
    if width(&text) <= columns {
        return text;
    }
    let (mut cut, mut n_columns) = (String::new(), 1);
    for grapheme in text.graphemes(true) {
        n_columns += width(grapheme);
        if n_columns > columns {
            break;
        }
        cut.push_str(grapheme);
    }
    if columns > 0 {
        cut.push('…');
    }
    cut
}

/// As [`fit`], then filled with spaces to exactly `columns`.
pub fn pad(text: &str, columns: usize) -> String {
    let mut text = fit(text, columns);
    text.extend(std::iter::repeat_n(' ', columns.saturating_sub(width(&text))));
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_fit_in_columns_not_in_characters() {
        assert_eq!(fit("霧の中の詩", 6), "霧の…");
        assert_eq!(fit("霧の中の詩", 10), "霧の中の詩");
        assert_eq!(pad("霧の中の詩", 5), "霧の…");
        assert_eq!(pad("霧の中の詩", 4), "霧… ");
        assert_eq!(fit("dove", 0), "");
        assert_eq!(fit("a\u{1b}[2J\u{202e}b\n", 20), "a·[2J·b·");
    }

    #[test]
    fn numbers_are_short() {
        assert_eq!([count(0), count(999), count(1_234_567)], ["0", "999", "1,234,567"]);
        assert_eq!([rate(0.0), rate(0.5), rate(12_345.4)], ["0", "0.5", "12,345"]);
        assert_eq!([uptime(7.9), uptime(11_525.0)], ["0:07", "3:12:05"]);
        assert_eq!(uptime(1_048_325.0), "12 days 3:12:05");
    }
}
