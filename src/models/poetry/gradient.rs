//! Sentence gradients: from one line to another in even steps, after Robin Sloan's.
//!
//! Points between the two are written out; where neighbouring lines are much unlike, the gap is
//! halved; what was said before is dropped; and of what is left those are chosen that make the
//! steps most even. Unlike is meant in words: the edit distance between two lines as sequences of
//! words (Levenshtein 1966) over the length of the longer.

use super::space::spherical;
use super::vocabulary::{clean, words};

/// Points that are written out before gaps are looked at, beside the ends.
const FIRST_POINTS: usize = 15;
/// Neighbours that differ in more than this share of their words are too far apart.
const FAR: f32 = 0.5;
/// A gap is halved at most so often.
const HALVINGS: usize = 5;

/// At most `steps` lines from `from` to `to`, which are lines with their places in the latent space
/// and are themselves the ends; one line if both have the same words. `write` writes lines out at other places.
///
/// # Errors
///
/// What `write` gives.
pub fn gradient<E>(
    from: (&str, &[f32]),
    to: (&str, &[f32]),
    steps: usize,
    mut write: impl FnMut(&[Vec<f32>]) -> Result<Vec<String>, E>,
) -> Result<Vec<String>, E> {
    if ChainEvent::new(from.0.into()).words == ChainEvent::new(to.0.into()).words {
        return Ok(vec![from.0.to_owned()]);
    }
    let point = |t: &f32| spherical(from.1, to.1, *t);
    let mut write = |times: &[f32]| write(&times.iter().map(point).collect::<Vec<_>>());
    let times: Vec<f32> =
        (1..=FIRST_POINTS).map(|i| i as f32 / (FIRST_POINTS + 1) as f32).collect();
    let lines = write(&times)?;
    let between = times.into_iter().zip(lines.into_iter().map(ChainEvent::new));
    let ends = [(0.0, ChainEvent::new(from.0.into())), (1.0, ChainEvent::new(to.0.into()))];
    let mut way: Vec<(f32, ChainEvent)> = between.chain(ends).collect();
    way.sort_by(|a, b| a.0.total_cmp(&b.0));
    for _ in 0..HALVINGS {
        let is_far = |pair: &&[(f32, ChainEvent)]| pair[0].1.distance(&pair[1].1) > FAR;
        let middle = |pair: &[(f32, ChainEvent)]| (pair[0].0 + pair[1].0) / 2.0;
        let times: Vec<f32> = way.windows(2).filter(is_far).map(middle).collect();
        if times.is_empty() {
            break;
        }
        let lines = write(&times)?;
        way.extend(times.into_iter().zip(lines.into_iter().map(ChainEvent::new)));
        way.sort_by(|a, b| a.0.total_cmp(&b.0));
    }
    let mut distinct: Vec<ChainEvent> = Vec::new();
    let last = way.pop().map(|(_, said)| said);
    for (_, said) in way {
        let is_said = distinct.iter().chain(&last).any(|other| other.words == said.words);
        if !is_said {
            distinct.push(said);
        }
    }
    distinct.extend(last);
    Ok(even(&distinct, steps).into_iter().map(|i| distinct[i].line.clone()).collect())
}

/// A line and its words.
struct ChainEvent {
    line: String,
    words: Vec<String>,
}

impl ChainEvent {
    fn new(line: String) -> ChainEvent {
        ChainEvent { words: words(&clean(&line)).map(str::to_owned).collect(), line }
    }

    fn distance(&self, other: &ChainEvent) -> f32 {
        let longer = self.words.len().max(other.words.len()).max(1);
        edits(&self.words, &other.words) as f32 / longer as f32
    }
}

/// The fewest words to put in, take out or replace to make one sequence of the other.
fn edits(a: &[String], b: &[String]) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, a) in a.iter().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], i + 1);
        for (j, b) in b.iter().enumerate() {
            let replaced = diagonal + usize::from(a != b);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

/// The numbers of at most `n` lines, first and last among them, such that the squares of the
/// distances from each to the next have the least sum: one long step costs more than two short
/// ones.
fn even(lines: &[ChainEvent], n: usize) -> Vec<usize> {
    let n_lines = lines.len();
    if n_lines <= n.max(2) {
        return (0..n_lines).collect();
    }
    let n_chosen = n.max(2);
    let cost = |from: usize, to: usize| f64::from(lines[from].distance(&lines[to])).powi(2);
    // best[i]: the cost of the best way from the first line to line i with the lines so far, and
    // before[k][i] the line before i on it.
    let mut best: Vec<f64> =
        (0..n_lines).map(|i| if i == 0 { 0.0 } else { f64::INFINITY }).collect();
    let mut before: Vec<Vec<usize>> = Vec::new();
    let costs: Vec<Vec<f64>> =
        (0..n_lines).map(|to| (0..to).map(|from| cost(from, to)).collect()).collect();
    for _ in 1..n_chosen {
        let cheapest = |to: usize| {
            let ways = (0..to).map(|from| (best[from] + costs[to][from], from));
            ways.min_by(|a, b| a.0.total_cmp(&b.0)).unwrap_or((f64::INFINITY, 0))
        };
        let ways: Vec<(f64, usize)> = (0..n_lines).map(cheapest).collect();
        best = ways.iter().map(|(cost, _)| *cost).collect();
        before.push(ways.iter().map(|(_, from)| *from).collect());
    }
    let mut chosen = vec![n_lines - 1];
    for before in before.iter().rev() {
        chosen.push(before[chosen[chosen.len() - 1]]);
    }
    chosen.reverse();
    chosen
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::convert::Infallible;

    fn said(line: &str) -> ChainEvent {
        ChainEvent::new(line.into())
    }

    #[test]
    fn distances_are_counted_in_words() {
        let check = |a: &str, b: &str, expected: f32| {
            assert_eq!(said(a).distance(&said(b)), expected, "{a} / {b}");
        };
        check("The moon", "the moon!", 0.0);
        check("the moon", "the sun", 0.5);
        check("a b c d", "b c d", 0.25);
        check("", "a b", 1.0);
        check("", "", 0.0);
    }

    #[test]
    fn the_even_way_leaves_out_what_is_near() {
        let lines: Vec<ChainEvent> =
            ["a a a a", "a a a b", "a a b b", "a a b c", "b b b b"].map(said).into();
        assert_eq!(even(&lines, 3), [0, 2, 4]);
        assert_eq!(even(&lines, 9), [0, 1, 2, 3, 4]);
        assert_eq!(even(&lines, 2), [0, 4]);
    }

    /// Lines that say how far along they are: a jump in the middle, and repeats.
    #[test]
    fn repeats_go_and_jumps_are_filled() {
        let word = |t: f32, i: usize| if t * 8.0 > i as f32 { "b" } else { "a" };
        let line = |t: f32| (0..8).map(|i| word(t, i)).collect::<Vec<_>>().join(" ");
        let mut n_written = 0;
        let write = |points: &[Vec<f32>]| {
            n_written += points.len();
            // On the arc from one axis to the other, t is the angle's share.
            let t = |z: &Vec<f32>| z[1].atan2(z[0]) / std::f32::consts::FRAC_PI_2;
            Ok::<_, Infallible>(points.iter().map(|z| line(t(z))).collect())
        };
        let (first, last) = (line(0.0), line(1.0));
        let lines = gradient((&first, &[1.0, 0.0]), (&last, &[0.0, 1.0]), 20, write).unwrap();
        let expected: Vec<String> = (0..=8).map(|i| line(i as f32 / 8.0)).collect();
        assert_eq!(lines, expected);
        assert_eq!(n_written, FIRST_POINTS);
    }
}
