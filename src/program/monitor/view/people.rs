//! Who is there: those who get messages, the models, the chains and their nodes.

use super::super::board::{Board, ChainTotals, ModelTotals, NodeTotals};
use super::super::words;
use super::{BOLD, Look, Pen};
use ratatui::style::{Color, Style};
use ratatui::text::Span;

/// Who gets what on the left, models and chains on the right.
pub fn people(pen: &mut Pen, board: &Board, look: &Look) {
    let (left, right, top) = (pen.left, pen.right, pen.y);
    let middle = left + (right - left) * 11 / 20;
    let totals = &board.totals;
    pen.right = middle;
    pen.heading("who gets what");
    let n_columns = pen.n_columns();
    let n_shown = pen.n_lines();
    if totals.clients.is_empty() {
        pen.line(" only those who ask");
    }
    for client in shown_part(pen, &totals.clients, n_shown) {
        let per_second = board.peers.get(&client.name).map_or(0.0, |rate| rate.per_second);
        let rate = format!("{}/s", words::rate(per_second));
        let n_left = n_columns.saturating_sub(10);
        // Every project has the same words before what is sent; the place is what differs.
        let gets = client.gets.trim_start_matches("project: ");
        let name = words::fit(&format!(" {} {gets}", client.name), n_left);
        pen.line(format!("{}{rate:>9}", words::pad(&name, n_left)));
    }
    (pen.left, pen.right, pen.y) = (middle, right, top);
    pen.heading("models and chains");
    let models = totals.models.iter().map(|model| of_model(model, pen.n_columns(), look));
    let chains = totals.chains.iter().map(|chain| of_chain(chain, pen.n_columns(), look));
    let lines: Vec<Span> = models.chain(chains).collect();
    let n_shown = pen.n_lines();
    for line in shown_part(pen, &lines, n_shown) {
        pen.line(line.clone());
    }
    pen.left = left;
}

/// As many as have room; when not all have, a line says so.
fn shown_part<'a, T>(pen: &mut Pen, all: &'a [T], n_lines: usize) -> &'a [T] {
    if all.len() <= n_lines {
        return all;
    }
    let n_shown = n_lines.saturating_sub(1);
    let top = pen.y;
    pen.y += n_shown as u16;
    pen.line(format!(" and {} more", all.len() - n_shown));
    pen.y = top;
    &all[..n_shown]
}

fn of_model(model: &ModelTotals, n_columns: usize, look: &Look) -> Span<'static> {
    let is_well = model.status == "RUNNING";
    let status = if is_well { "running" } else { &model.status };
    let counts = [
        (model.waiting, "waiting"),
        (model.failed, "failed"),
        (model.refused, "refused"),
        (model.restarts, "restarts"),
    ];
    let style = match (is_well, model.failed) {
        (false, _) => look.ink(Color::LightRed).add_modifier(BOLD),
        (true, 0) => Style::new(),
        (true, _) => look.ink(Color::LightYellow),
    };
    line(&model.name, status, &counts, n_columns, style)
}

fn of_chain(chain: &ChainTotals, n_columns: usize, look: &Look) -> Span<'static> {
    let sum = |count: fn(&NodeTotals) -> u64| chain.nodes.iter().map(count).sum::<u64>();
    let n_failed = sum(|node| node.failed);
    let counts = [
        (chain.missed, "missed"),
        (sum(|node| node.late), "late"),
        (sum(|node| node.dropped), "dropped"),
        (n_failed, "failed"),
    ];
    let status = match chain.running {
        true => format!("at {}", words::count(chain.step)),
        false => "stands".into(),
    };
    let style = if n_failed > 0 { look.ink(Color::LightYellow) } else { Style::new() };
    line(&chain.name, &status, &counts, n_columns, style)
}

/// A name, how it does, and the counts that are not 0.
fn line(
    name: &str,
    status: &str,
    counts: &[(u64, &str)],
    n_columns: usize,
    style: Style,
) -> Span<'static> {
    let mut words = format!(" {} {status}", words::pad(name, 12.min(n_columns / 3)));
    for (n, what) in counts.iter().filter(|(n, _)| *n > 0) {
        words += &format!(", {} {what}", words::count(*n));
    }
    Span::styled(words::fit(&words, n_columns), style)
}

/// The nodes of all chains, and what each has counted.
pub fn nodes(pen: &mut Pen, board: &Board, look: &Look) {
    const COUNT: usize = 10;
    let chains = &board.totals.chains;
    if chains.is_empty() {
        return pen.line(" there are no chains");
    }
    let n_columns = pen.n_columns();
    let n_name = n_columns.saturating_sub(6 * COUNT + 1).clamp(8, 24);
    let row = |name: &str, counts: [String; 6]| {
        let counts: String = counts.iter().map(|count| format!("{count:>COUNT$}")).collect();
        words::fit(&format!(" {}{counts}", words::pad(name, n_name)), n_columns)
    };
    for chain in chains {
        let mut head = match chain.running {
            true => format!("{} at step {}", chain.name, words::count(chain.step)),
            false => format!("{} stands at step {}", chain.name, words::count(chain.step)),
        };
        if chain.missed > 0 {
            head += &format!(", {} ticks missed", words::count(chain.missed));
        }
        pen.heading(&head);
        let names = ["runs", "late", "dropped", "repeated", "failed", "last ms"];
        pen.line(row("", names.map(String::from)));
        for node in &chain.nodes {
            let counts = [node.ran, node.late, node.dropped, node.repeated, node.failed];
            let [ran, late, dropped, repeated, failed] = counts.map(words::count);
            let took = format!("{:.2}", node.milliseconds);
            let words = row(&node.name, [ran, late, dropped, repeated, failed, took]);
            let is_well = node.failed == 0;
            let style = if is_well { Style::new() } else { look.ink(Color::LightYellow) };
            pen.line(Span::styled(words, style));
        }
    }
}
