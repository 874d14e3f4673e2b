//! Lays out a picture: what stands where, how large, and in which tone.

use super::excerpt::excerpt;
use super::font::{Font, Style};
use super::place::{Rect, Room};
use super::spread::spread;
use super::thread::{along, curves};
use super::{ColorScheme, Colour, Mark, Options, Picture, SHEET, Text};
use crate::map::density::{Density, bandwidth};
use std::collections::BTreeSet;

/// Around the map, on the left, on the right and above.
const MARGIN: f32 = 34.0;
/// The sides of the map.
const SIDE: f32 = SHEET[0] - 2.0 * MARGIN;
/// How far texts may reach out of the map.
const OVERHANG: f32 = MARGIN / 2.5;
/// The base line of title and caption.
const FOOT: f32 = SHEET[1] - MARGIN - 4.0;
/// The size of the title; where it is long, it is made smaller.
const TITLE: f32 = 13.0;
/// The size of the caption.
const CAPTION: f32 = 5.2;
/// Characters in a title.
const TITLE_CHARACTERS: usize = 60;
/// Sizes of labels: of the smallest, and what is added for the largest region.
const LABEL: [f32; 2] = [4.6, 3.2];
/// How many places above and below are tried for a label.
const LABEL_ROWS: i32 = 7;
/// Sizes of sentences that stand for many points, for fewer, and so on.
const EXCERPT: [f32; 3] = [3.3, 2.75, 2.35];
/// Tones of sentences, by size.
const EXCERPT_TONE: [f32; 3] = [0.95, 0.8, 0.68];
/// After as many sentences one after the other for which there is no room, the sheet is full.
const PATIENCE: usize = 600;
/// From base line to base line, in ems.
const LEADING: f32 = 1.1;
/// How far a turnover is indented, in ems.
const INDENT: f32 = 1.2;
/// Free space around texts, in ems.
const SPACE: [f32; 2] = [0.7, 0.28];
/// Between a dot and its sentence, in ems.
const GAP: f32 = 0.45;
/// From a base line to the middle of small letters, in ems.
const MIDDLE: f32 = 0.2;
/// Tones of dots: of those under a text, of those from sparse to dense places, and of those whose
/// sentence stands beside them.
const DOT_TONES: [f32; 8] = [0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.85];
/// Cells of the density along each side.
const CELLS: usize = 160;
/// The width of the thread.
const THREAD: f32 = 0.45;

/// Lays out a picture.
pub fn lay_out(texts: &[impl AsRef<str>], points: &[[f32; 2]], options: &Options) -> Picture {
    let pairs = texts.iter().zip(points).filter(|(_, point)| point.iter().all(|x| x.is_finite()));
    let (texts, points): (Vec<&str>, Vec<[f32; 2]>) =
        pairs.map(|(text, point)| (text.as_ref(), point.map(|x| x.clamp(-1.0, 1.0)))).unzip();

    let map = Rect([MARGIN, MARGIN, MARGIN + SIDE, MARGIN + SIDE]);
    let mut layout = Layout {
        roman: Font::new(Style::Roman),
        italic: Font::new(Style::Italic),
        room: Room::new(map.with_margin([OVERHANG; 2])),
        options,
        texts: Vec::new(),
    };
    let (thread, covered) = layout.thread();
    layout.labels(&covered);
    covered.into_iter().for_each(|rect| layout.room.block(rect));
    let named = layout.excerpts(&texts, &points);
    let mut marks = layout.dots(&points, &named);
    marks.extend(thread);
    layout.foot(texts.len());
    marks.extend(layout.texts.into_iter().map(Mark::Text));
    Picture { paper: options.palette.paper, marks }
}

/// A picture, half laid out.
struct Layout<'a> {
    roman: Font,
    italic: Font,
    room: Room,
    options: &'a Options<'a>,
    texts: Vec<Text>,
}

impl Layout<'_> {
    /// The thread, for which sentences make room. Returns it, and what it covers.
    fn thread(&self) -> (Vec<Mark>, Vec<Rect>) {
        let seen = self.options.thread.iter().filter(|point| point.iter().all(|x| x.is_finite()));
        let points: Vec<[f32; 2]> =
            seen.map(|point| on_sheet(point.map(|x| x.clamp(-1.0, 1.0)))).collect();
        let [start, .., end] = points[..] else { return Default::default() };
        let curves = curves(&points);
        let around = |[x, y]: [f32; 2]| Rect([x, y, x, y]).with_margin([2.0 * THREAD; 2]);
        let covered = along(start, &curves).into_iter().map(around).collect();
        let colour = self.options.palette.accent;
        let ends = Mark::Dots { centres: vec![start, end], radius: 2.2 * THREAD, colour };
        (vec![Mark::Thread { start, curves, width: THREAD, colour }, ends], covered)
    }

    /// Names of regions, each where its region is, or a little above or below: off the thread if that
    /// can be.
    fn labels(&mut self, thread: &[Rect]) {
        let most = self.options.labels.iter().map(|label| label.count).max().unwrap_or(1).max(1);
        for label in self.options.labels {
            let Some(text) = self.italic.drawable(&label.text) else { continue };
            let size = LABEL[0] + LABEL[1] * (label.count as f32 / most as f32).sqrt();
            let block = self.block(Style::Italic, &[text], size, self.options.palette.ink);
            let [x, y] = on_sheet(label.place);
            let at = |row: i32| [x - block.width / 2.0, y + (MIDDLE + 0.5 * row as f32) * size];
            let places: Vec<[f32; 2]> =
                (0..LABEL_ROWS).flat_map(|row| [-row, row]).map(at).collect();
            let off = |at: &&[f32; 2]| {
                !thread.iter().any(|thread| thread.overlaps(block.bounds.moved(**at)))
            };
            let _ = places.iter().filter(off).any(|at| self.put(&block, *at))
                || places.iter().any(|at| self.put(&block, *at));
        }
    }

    /// Sentences, each beside its dot. Returns which points have theirs on the sheet.
    fn excerpts(&mut self, texts: &[&str], points: &[[f32; 2]]) -> BTreeSet<usize> {
        let mut known = BTreeSet::new();
        let mut named = BTreeSet::new();
        let mut misses = 0;
        let enlarged = enlarged(points.len());
        for (i, level) in spread(points) {
            if named.len() == self.options.excerpts || misses == PATIENCE {
                break;
            }
            let Some(text) = self.roman.drawable(texts[i]) else { continue };
            if !known.insert(text.to_lowercase()) {
                continue;
            }
            let rank = level.min(EXCERPT.len() - 1);
            let size = EXCERPT[rank] * enlarged;
            let colour = self.options.palette.tone(EXCERPT_TONE[rank]);
            let block = self.block(Style::Roman, &excerpt(&text), size, colour);
            let [x, y] = on_sheet(points[i]);
            let gap = radius(points.len()) + GAP * size;
            let middle = y + MIDDLE * size;
            let Rect([_, top, _, bottom]) = block.bounds;
            let places = [
                [x + gap, middle],
                [x - gap - block.width, middle],
                [x - block.width / 2.0, y - gap - bottom],
                [x - block.width / 2.0, y + gap - top],
            ];
            if places.into_iter().any(|at| self.put(&block, at)) {
                named.insert(i);
                misses = 0;
            } else {
                misses += 1;
            }
        }
        named
    }

    /// All points; those under a text as faint as can be, so that it can be read.
    fn dots(&self, points: &[[f32; 2]], named: &BTreeSet<usize>) -> Vec<Mark> {
        let density = Density::new(points, [CELLS; 2], bandwidth(points));
        let radius = radius(points.len());
        let mut tones = vec![Vec::new(); DOT_TONES.len()];
        for (i, point) in points.iter().enumerate() {
            let at @ [x, y] = on_sheet(*point);
            let dot = Rect([x, y, x, y]).with_margin([radius; 2]);
            let tone = (density.at(*point).sqrt() * (DOT_TONES.len() - 1) as f32) as usize;
            let tone = match self.texts.iter().any(|text| text.bounds.overlaps(dot)) {
                true => 0,
                false if named.contains(&i) => DOT_TONES.len() - 1,
                false => tone.min(DOT_TONES.len() - 2),
            };
            tones[tone].push(at);
        }
        let dots = |(centres, tone): (Vec<[f32; 2]>, f32)| {
            let colour = self.options.palette.tone(tone);
            (!centres.is_empty()).then_some(Mark::Dots { centres, radius, colour })
        };
        tones.into_iter().zip(DOT_TONES).filter_map(dots).collect()
    }

    /// Title and caption.
    fn foot(&mut self, n: usize) {
        let ColorScheme { ink, .. } = self.options.palette;
        let caption =
            self.block(Style::Italic, &[count(n)], CAPTION, self.options.palette.tone(0.6));
        let right = SHEET[0] - MARGIN - caption.width;
        self.texts.extend(caption.at([right, FOOT]));
        let Some(title) = self.roman.drawable(self.options.title) else { return };
        let title: String = title.chars().take(TITLE_CHARACTERS).collect();
        let fit = (right - MARGIN - TITLE) / self.roman.set(&title).width;
        let title = self.block(Style::Roman, &[title], TITLE.min(fit), ink);
        self.texts.extend(title.at([MARGIN, FOOT]));
    }

    /// Sets lines under each other, the first from the origin on, the others indented.
    fn block(&self, style: Style, lines: &[String], size: f32, colour: Colour) -> Block {
        let font = if style == Style::Roman { &self.roman } else { &self.italic };
        let line = |(i, text): (usize, &String)| {
            let run = font.set(text);
            let at = [if i == 0 { 0.0 } else { INDENT * size }, i as f32 * LEADING * size];
            let bounds = Rect(run.bounds.map(|x| x * size)).moved(at);
            Text { text: text.clone(), style, size, at, width: run.width * size, bounds, colour }
        };
        let lines: Vec<Text> = lines.iter().enumerate().map(line).collect();
        Block {
            width: lines.iter().map(|line| line.at[0] + line.width).fold(0.0, f32::max),
            bounds: lines
                .iter()
                .map(|line| line.bounds)
                .reduce(Rect::and)
                .unwrap_or(Rect([0.0; 4])),
            space: SPACE.map(|space| space * size / 2.0),
            lines,
        }
    }

    /// Puts a block where it is to stand, if there is room, and says whether there was.
    fn put(&mut self, block: &Block, at: [f32; 2]) -> bool {
        let free = self.room.take(block.bounds.moved(at).with_margin(block.space));
        if free {
            self.texts.extend(block.at(at));
        }
        free
    }
}

/// Lines that belong together, placed from the origin.
struct Block {
    lines: Vec<Text>,
    width: f32,
    bounds: Rect,
    /// To keep free at the sides, and above and below.
    space: [f32; 2],
}

impl Block {
    /// The lines, with the origin at a place.
    fn at(&self, [x, y]: [f32; 2]) -> impl Iterator<Item = Text> {
        let moved = move |line: &Text| Text {
            at: [line.at[0] + x, line.at[1] + y],
            bounds: line.bounds.moved([x, y]),
            ..line.clone()
        };
        self.lines.iter().map(moved)
    }
}

/// Where a point of the map is on the sheet.
fn on_sheet([x, y]: [f32; 2]) -> [f32; 2] {
    [MARGIN + (1.0 + x) / 2.0 * SIDE, MARGIN + (1.0 - y) / 2.0 * SIDE]
}

/// The size of dots: small where there are many.
fn radius(n: usize) -> f32 {
    (0.52 * (2000.0 / n.max(1) as f32).powf(0.25)).clamp(0.24, 0.85)
}

/// By how much sentences are larger where they are few.
fn enlarged(n: usize) -> f32 {
    (500.0 / n.max(1) as f32).powf(0.2).clamp(1.0, 1.6)
}

/// The number of sentences in words, with commas between thousands.
fn count(n: usize) -> String {
    let digits = n.to_string();
    let mut number = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            number.push(',');
        }
        number.push(digit);
    }
    match n {
        0 => "no sentences".to_string(),
        1 => "one sentence".to_string(),
        _ => format!("{number} sentences"),
    }
}
