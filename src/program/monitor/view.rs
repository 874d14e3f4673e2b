//! The view: a picture of the board, made to be read in the dark from two metres. What matters is
//! bold and has a word beside its colour; colours are few, and none is needed.

mod people;

use super::board::{Board, Link, Row};
use super::words;
use people::{nodes, people};
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::{Color, Modifier, Style};
use ratatui::text::{Line, Span};
use ratatui::widgets::Clear;
use std::time::{Duration, Instant};

/// An error is loud for this long after it came.
const LOUD_FOR: Duration = Duration::from_secs(10);
/// An address that was quiet for this long steps back.
const QUIET_AFTER: Duration = Duration::from_secs(10);
/// "It is back" is said for this long.
const BACK_FOR: Duration = Duration::from_secs(10);
/// A runtime that is there tells its totals twice a second.
const SILENT_AFTER: Duration = Duration::from_secs(3);
const KEYS: [(&str, &str); 7] = [
    ("q", "quit"),
    ("p", "pause"),
    ("e", "errors"),
    ("n", "nodes"),
    ("/", "filter"),
    ("c", "clear"),
    ("h", "help"),
];

/// How the board is looked at.
#[derive(Default)]
pub struct Look {
    pub is_paused: bool,
    pub only_errors: bool,
    /// The nodes of the chains, in place of the messages.
    pub nodes: bool,
    pub help: bool,
    pub is_typing: bool,
    /// A part of the addresses that are shown.
    pub filter: String,
    is_plain: bool,
}

impl Look {
    /// Plain where NO_COLOR says so.
    pub fn from_environment() -> Self {
        let is_plain = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        Self { is_plain, ..Self::default() }
    }

    fn ink(&self, color: Color) -> Style {
        if self.is_plain { Style::new() } else { Style::new().fg(color) }
    }

    fn shows(&self, address: &str) -> bool {
        self.filter.is_empty() || address.to_lowercase().contains(&self.filter.to_lowercase())
    }
}

const BOLD: Modifier = Modifier::BOLD;

/// Where the next line goes; lines that find no room are left out.
struct Pen<'a, 'b> {
    frame: &'a mut Frame<'b>,
    left: u16,
    right: u16,
    y: u16,
    bottom: u16,
}

impl Pen<'_, '_> {
    fn n_columns(&self) -> usize {
        usize::from(self.right.saturating_sub(self.left))
    }

    fn n_lines(&self) -> usize {
        usize::from(self.bottom.saturating_sub(self.y))
    }

    fn line<'c>(&mut self, line: impl Into<Line<'c>>) {
        if self.y < self.bottom && self.left < self.right {
            let area = Rect::new(self.left, self.y, self.right - self.left, 1);
            self.frame.render_widget(line.into(), area);
        }
        self.y = self.y.saturating_add(1);
    }

    /// A heading over the whole width.
    fn heading(&mut self, words: &str) {
        let words = format!(" {words} ");
        let n_rule = self.n_columns().saturating_sub(words::width(&words) + 1);
        let line = format!("─{words}{}", "─".repeat(n_rule));
        self.line(Span::from(words::fit(&line, self.n_columns())));
    }
}

/// Draws everything.
pub fn draw(frame: &mut Frame, board: &Board, look: &Look, now: Instant) {
    let area = frame.area();
    if area.width == 0 || area.height == 0 {
        return;
    }
    let keys_at = area.bottom() - 1;
    let bottom = if area.height > 3 { keys_at } else { area.bottom() };
    let mut pen = Pen { frame, left: area.left(), right: area.right(), y: area.top(), bottom };
    header(&mut pen, board, look, now);
    match () {
        () if look.help => help(&mut pen, look),
        () if look.only_errors => {
            let n_lines = pen.n_lines();
            faults(&mut pen, board, look, now, n_lines);
        }
        () if look.nodes => nodes(&mut pen, board, look),
        () => body(&mut pen, board, look, now),
    }
    if bottom == keys_at {
        let mut pen =
            Pen { frame, left: area.left(), right: area.right(), y: keys_at, bottom: keys_at + 1 };
        keys(&mut pen, look);
    }
}

fn header(pen: &mut Pen, board: &Board, look: &Look, now: Instant) {
    let totals = &board.totals;
    let state = state(board, look, now);
    let n_left = pen.n_columns().saturating_sub(words::width(&state.content) + 1);
    let name = match totals.enjamb.as_str() {
        "" => " enjamb".into(),
        version => {
            format!(" enjamb {version}   OSC {}   up {}", totals.osc, words::uptime(totals.seconds))
        }
    };
    pen.line(vec![Span::styled(words::pad(&name, n_left), BOLD), state, " ".into()]);
    let is_loud = board.last_trouble.is_some_and(|last| now - last < LOUD_FOR);
    let mut spans = Vec::new();
    for (name, per_second) in [("IN", board.in_rate), ("OUT", board.out_rate)] {
        let number = Span::styled(format!("{}/s", words::rate(per_second)), BOLD);
        spans.extend([Span::raw(format!(" {name} ")), number, "  ".into()]);
    }
    let mut counts = vec![("ERRORS", board.n_errors()), ("DROPPED", board.n_dropped())];
    if board.n_refused() > 0 {
        counts.push(("REFUSED", board.n_refused()));
    }
    for (name, n) in counts {
        let style = match (n, is_loud) {
            (0, _) => Style::new(),
            (_, false) => look.ink(Color::LightRed).add_modifier(BOLD),
            (_, true) => look.ink(Color::LightRed).add_modifier(BOLD | Modifier::REVERSED),
        };
        spans.extend([Span::styled(format!(" {name} {} ", words::count(n)), style), " ".into()]);
    }
    if board.seen_part < 0.995 {
        let part = (100.0 * board.seen_part).max(1.0);
        spans.push(format!("showing {part:.0} % of them").into());
    }
    pen.line(spans);
}

/// In a word, how it stands between the monitor and the runtime.
fn state(board: &Board, look: &Look, now: Instant) -> Span<'static> {
    let silence = board.silence(now);
    let (words, color) = match board.link {
        Link::Gone(since) => {
            let words = format!("RUNTIME GONE {} · waiting for it", words::age(now - since));
            (words, Some(Color::LightRed))
        }
        Link::Live(_) if silence > SILENT_AFTER => {
            let words = format!("RUNTIME SILENT {}", words::age(silence));
            (words, Some(Color::LightRed))
        }
        _ if look.is_paused => ("PAUSED · p goes on".into(), Some(Color::LightYellow)),
        Link::Live(since) if board.n_returns > 0 && now - since < BACK_FOR => {
            ("RUNTIME IS BACK".into(), Some(Color::LightGreen))
        }
        Link::Live(_) => ("live".to_string(), None),
    };
    match color {
        Some(color) => {
            let style = look.ink(color).add_modifier(BOLD | Modifier::REVERSED);
            Span::styled(format!(" {words} "), style)
        }
        None => Span::styled(words, look.ink(Color::LightGreen)),
    }
}

/// The table, the last errors, and who gets what; each as much as there is room for.
fn body(pen: &mut Pen, board: &Board, look: &Look, now: Instant) {
    let n_lines = pen.n_lines();
    let n_people = match n_lines {
        0..10 => 0,
        _ => {
            let totals = &board.totals;
            let n_hosted = totals.models.len() + totals.chains.len();
            let n_wanted = totals.clients.len().max(n_hosted).max(1);
            1 + n_wanted.min(n_lines / 5)
        }
    };
    let n_rows = board.rows.values().flatten().flatten().count();
    let n_spare = n_lines.saturating_sub(n_people + n_rows + 2);
    let n_faults = match (board.faults.len(), n_lines) {
        (0, _) | (_, 0..4) => 0,
        // Where the table leaves room, whole sentences get it.
        (n, _) => (1 + n.min(n_lines / 5)).max((1 + 2 * n).min(n_spare)),
    };
    let end = pen.bottom;
    pen.bottom = end.saturating_sub((n_people + n_faults) as u16);
    table(pen, board, look, now);
    pen.y = pen.bottom;
    pen.bottom = end.saturating_sub(n_people as u16);
    if n_faults > 0 {
        faults(pen, board, look, now, n_faults);
    }
    pen.y = pen.bottom;
    pen.bottom = end;
    if n_people > 0 {
        people(pen, board, look);
    }
}

fn table(pen: &mut Pen, board: &Board, look: &Look, now: Instant) {
    const DIRECTION: usize = 5;
    const RATE: usize = 9;
    let mut rows: Vec<(&str, bool, &Row)> = Vec::new();
    for (address, pair) in board.rows.iter().filter(|(address, _)| look.shows(address)) {
        for (is_out, row) in [(false, &pair[0]), (true, &pair[1])] {
            rows.extend(row.as_ref().map(|row| (address.as_str(), is_out, row)));
        }
    }
    let n_columns = pen.n_columns();
    let n_peer = if n_columns >= 110 { 24 } else { 0 };
    let n_rest = n_columns.saturating_sub(DIRECTION + RATE + 2 + n_peer);
    let longest = rows.iter().map(|(address, ..)| words::width(address)).max().unwrap_or(0);
    let n_address = longest.max(12).min(n_rest * 6 / 10);
    let n_arguments = n_rest.saturating_sub(n_address);
    let filter = match look.filter.as_str() {
        "" => String::new(),
        filter => format!(" with \"{filter}\""),
    };
    let head = format!(
        "{}{}{}  {}{}",
        words::pad(" way", DIRECTION),
        words::pad(&format!("address{filter}"), n_address),
        format_args!("{:>RATE$}", "a second"),
        words::pad(if n_peer > 0 { "from or to" } else { "" }, n_peer),
        "last arguments",
    );
    let head = words::fit(&head, n_columns);
    pen.line(Span::styled(head, Modifier::UNDERLINED));
    let n_lines = pen.n_lines();
    if rows.is_empty() && n_lines > 0 {
        let words = match look.filter.as_str() {
            "" => " nothing has passed yet".to_string(),
            filter => format!(" no address has \"{filter}\" in it; / then esc shows all"),
        };
        return pen.line(words::fit(&words, n_columns));
    }
    let n_hidden = leave_out_quiet(&mut rows, n_lines, now);
    for (address, is_out, row) in rows {
        let is_quiet = now.saturating_duration_since(row.last) > QUIET_AFTER;
        let weight = if is_quiet { Modifier::empty() } else { BOLD };
        let direction = if is_out { " out" } else { " in" };
        let color = if is_out { Color::LightCyan } else { Color::LightGreen };
        let style =
            if address.ends_with("/error") { look.ink(Color::LightRed) } else { Style::new() };
        let rate = match is_quiet {
            true => format!("{} ago", words::age(now.saturating_duration_since(row.last))),
            false => words::rate(row.rate.per_second),
        };
        pen.line(vec![
            Span::styled(words::pad(direction, DIRECTION), look.ink(color).add_modifier(weight)),
            Span::styled(words::pad(address, n_address), style.add_modifier(weight)),
            Span::styled(format!("{rate:>RATE$}  "), weight),
            Span::raw(words::pad(&row.peer, n_peer.saturating_sub(1))),
            Span::raw(if n_peer > 0 { " " } else { "" }),
            Span::raw(words::fit(&row.arguments, n_arguments)),
        ]);
    }
    if n_hidden > 0 {
        let words = format!(" and {n_hidden} quieter; / finds them by address");
        pen.line(words::fit(&words, n_columns));
    }
}

/// Where not all have room, those heard from most lately stay, in the order of their addresses, so
/// that rows hold still. Answers how many were left out.
fn leave_out_quiet(rows: &mut Vec<(&str, bool, &Row)>, n_lines: usize, now: Instant) -> usize {
    if rows.len() <= n_lines {
        return 0;
    }
    let n_kept = n_lines.saturating_sub(1);
    // Ages in steps, and busier before less busy: who is in should not change with every message.
    let key = |row: &Row| {
        let age = now.saturating_duration_since(row.last).as_secs() / 4;
        (age, std::cmp::Reverse((4.0 * row.rate.per_second.max(0.05).log2()) as i64))
    };
    let mut ranks: Vec<_> = rows.iter().enumerate().map(|(i, row)| (key(row.2), i)).collect();
    ranks.sort_unstable();
    let mut kept: Vec<_> = ranks.iter().take(n_kept).map(|(_, index)| *index).collect();
    kept.sort_unstable();
    let n_hidden = rows.len() - kept.len();
    *rows = kept.into_iter().map(|index| rows[index]).collect();
    n_hidden
}

fn faults(pen: &mut Pen, board: &Board, look: &Look, now: Instant, n_lines: usize) {
    let shown: Vec<_> =
        board.faults.iter().rev().filter(|fault| look.shows(&fault.address)).collect();
    pen.heading(if n_lines > 8 { "errors, the newest first" } else { "last errors" });
    if shown.is_empty() {
        return pen.line(" no errors");
    }
    // Every error gets its line before the newest get a second one.
    let mut n_spare = pen.n_lines().saturating_sub(shown.len());
    for fault in shown {
        if pen.n_lines() == 0 {
            break;
        }
        let age = now.saturating_duration_since(fault.last);
        let is_loud = age < LOUD_FOR;
        let weight = if is_loud { BOLD } else { Modifier::empty() };
        let times = match fault.count {
            1 => String::new(),
            n => format!("{}× ", words::count(n)),
        };
        let place = match fault.address.strip_suffix("/error").unwrap_or(&fault.address) {
            "" => fault.peer.as_str(),
            address => address,
        };
        let style = look.ink(Color::LightRed).add_modifier(weight);
        let text = format!("{times}{}: {}", words::clean(place), words::clean(&fault.words));
        let n_columns = pen.n_columns().saturating_sub(9);
        let mut rest = text.as_str();
        let mut head = format!(" {:>6}  ", words::age(age));
        loop {
            let (now_shown, later) = match n_spare {
                0 => (rest, ""),
                _ => wrap(rest, n_columns),
            };
            n_spare -= usize::from(!later.is_empty());
            pen.line(vec![Span::raw(head), Span::styled(words::fit(now_shown, n_columns), style)]);
            (rest, head) = (later, " ".repeat(9));
            if rest.is_empty() || pen.n_lines() == 0 {
                break;
            }
        }
    }
}

/// Cuts after the last space that lies within the columns.
fn wrap(text: &str, n_columns: usize) -> (&str, &str) {
    let (mut n, mut space, mut end) = (0, None, text.len());
    for (index, c) in text.char_indices() {
        n += words::width(c.encode_utf8(&mut [0; 4]));
        if n > n_columns {
            end = index;
            break;
        }
        if c == ' ' {
            space = Some(index + 1);
        }
    }
    if end == text.len() {
        return (text, "");
    }
    // Something must be taken, or there would be no end.
    let first = text.chars().next().map_or(0, char::len_utf8);
    text.split_at(space.unwrap_or(end).max(first))
}

fn keys(pen: &mut Pen, look: &Look) {
    let n_columns = pen.n_columns();
    if look.is_typing {
        let words = format!(" address: {}▏  enter keeps it, esc shows all", look.filter);
        return pen.line(Span::styled(words::pad(&words, n_columns), BOLD));
    }
    let mut spans = Vec::new();
    let mut n_used = 0;
    for (key, what) in KEYS {
        n_used += key.len() + what.len() + 4;
        if n_used > n_columns {
            break;
        }
        spans.push(Span::styled(format!(" {key} "), BOLD | Modifier::REVERSED));
        spans.push(format!(" {what} ").into());
    }
    if !look.filter.is_empty() {
        let words = format!("only \"{}\"", look.filter);
        spans.push(Span::styled(
            words::fit(&words, n_columns.saturating_sub(n_used)),
            look.ink(Color::LightYellow).add_modifier(BOLD),
        ));
    }
    pen.line(spans);
}

fn help(pen: &mut Pen, look: &Look) {
    let area = Rect::new(pen.left, pen.y, pen.right - pen.left, pen.n_lines() as u16);
    pen.frame.render_widget(Clear, area);
    let lines = [
        ("q, esc", "quits; enjamb itself goes on"),
        ("p", "pauses the picture; counting goes on"),
        ("e", "shows only errors, in whole sentences"),
        ("n", "shows the nodes of the chains, and what they have counted"),
        ("/", "shows only addresses with what you type in them"),
        ("c", "clears the table and counts errors from here"),
        ("h", "shows this, and hides it again"),
        ("", ""),
        ("in, out", "into enjamb, out of it; 'out' counts each receiver"),
        ("ERRORS", "could not be read or done; the words say why"),
        ("DROPPED", "old values that a slow receiver did not get"),
        ("REFUSED", "from senders that the project does not allow"),
        ("late", "a node's run that was done only after the next tick had begun"),
        ("dropped", "of a node: values that were never taken, since newer ones came"),
        ("missed", "ticks of a chain that it was too late for"),
    ];
    pen.heading("help");
    for (key, what) in lines {
        let key = Span::styled(format!(" {key:<9}"), BOLD);
        pen.line(vec![key, words::fit(what, pen.n_columns().saturating_sub(10)).into()]);
    }
    if look.is_plain {
        pen.line(" NO_COLOR is set, so there are no colours");
    }
}

#[cfg(test)]
mod tests {
    use super::super::board::{Direction, Entry, Totals};
    use super::*;
    use ratatui::Terminal;
    use ratatui::backend::TestBackend;

    fn busy_board(now: Instant) -> Board {
        let mut board = Board::new(now);
        let totals = serde_json::json!({
            "enjamb": "0.1.0", "seconds": 7.0, "osc": "127.0.0.1:57100",
            "clients": [{"name": "udp 127.0.0.1:57200", "gets": "project: everything"}],
            "models": [{"name": "poetry", "status": "FAILED"}],
            "chains": [{
                "name": "voyage", "running": true, "step": 4711, "missed": 12,
                "nodes": [{"name": "verse", "ran": 4711, "late": 37, "milliseconds": 3.25}],
            }],
        });
        let totals: Totals = serde_json::from_value(totals).unwrap();
        board.totals(totals, now);
        for n in 0..300 {
            let direction = [Direction::In, Direction::Out, Direction::Error][n % 3];
            board.message(
                &Entry {
                    at: n as f64,
                    direction,
                    peer: "udp 127.0.0.1:4000".into(),
                    address: format!("/霧/{}/👩‍👩‍👧/שלום/{n}", "x".repeat(n)).into(),
                    arguments: "e\u{301} \u{1b}[2J 詩詩詩詩詩詩詩詩詩詩詩詩詩詩".into(),
                },
                now,
            );
        }
        board
    }

    fn picture(board: &Board, look: &Look, width: u16, height: u16) -> String {
        let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
        terminal.draw(|frame| draw(frame, board, look, Instant::now())).unwrap();
        terminal.backend().to_string()
    }

    #[test]
    fn every_size_can_be_drawn() {
        let board = busy_board(Instant::now());
        for look in [
            Look::default(),
            Look { only_errors: true, ..Look::default() },
            Look { nodes: true, ..Look::default() },
            Look { help: true, is_plain: true, ..Look::default() },
            Look { is_typing: true, filter: "霧".into(), ..Look::default() },
        ] {
            for (width, height) in
                [(1, 1), (2, 3), (7, 5), (20, 9), (80, 24), (120, 40), (500, 200), (3, 100)]
            {
                picture(&board, &look, width, height);
            }
        }
    }

    #[test]
    fn what_matters_is_said_in_words() {
        let mut board = busy_board(Instant::now());
        let shown = picture(&board, &Look::default(), 80, 24);
        for words in ["127.0.0.1:57100", "ERRORS 0", "last errors", "poetry", "FAILED", "q"] {
            assert!(shown.contains(words), "no '{words}' in\n{shown}");
        }
        board.gone(Instant::now());
        assert!(picture(&board, &Look::default(), 80, 24).contains("RUNTIME GONE"));
    }

    #[test]
    fn nodes_show_what_they_have_counted() {
        let board = busy_board(Instant::now());
        let shown = picture(&board, &Look { nodes: true, ..Look::default() }, 80, 24);
        let row = shown.lines().find(|line| line.contains("verse")).unwrap_or_default();
        for words in ["4,711", "37", "3.25"] {
            assert!(row.contains(words), "no '{words}' in\n{shown}");
        }
        assert!(shown.contains("voyage at step 4,711, 12 ticks missed"), "{shown}");
        assert!(picture(&board, &Look::default(), 120, 24).contains("37 late"));
    }

    #[test]
    fn long_words_are_wrapped_to_the_end() {
        assert_eq!(wrap("one two three", 8), ("one two ", "three"));
        assert_eq!(wrap("onetwothree", 4), ("onet", "wothree"));
        assert_eq!(wrap("詩詩", 1), ("詩", "詩"));
        assert_eq!(wrap("short", 9), ("short", ""));
    }
}
