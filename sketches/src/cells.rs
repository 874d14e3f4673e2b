//! Lines in the cells of a plane through the latent space, which fill from the middle.

use crate::osc::{Osc, index, text};
use crate::plane::{Plane, blob};
use crate::{Camera, ease};
use nannou::prelude::{Rect, Vec2, vec2};
use nannou_osc::{Message, Type};
use std::collections::HashMap;
use std::time::{Duration, Instant};

/// Cells on each side of a square that is asked for at once.
const ASKED: i32 = 5;
/// How long an answer is waited for.
const PATIENCE: Duration = Duration::from_secs(3);
/// Lines that are remembered; when there are more, those far away are forgotten.
const MOST_CELLS: usize = 10_000;

/// A cell of a plane. Each level has cells half as far apart as the one before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Cell {
    level: i32,
    x: i32,
    y: i32,
}

impl Cell {
    /// The cell around a place.
    pub fn at(place: Vec2, level: i32) -> Self {
        let cell = (place * (level as f32).exp2()).round();
        Self { level, x: cell.x as i32, y: cell.y as i32 }
    }

    /// The level whose cells fit best.
    pub fn level(camera: &Camera) -> i32 {
        camera.zoom.log2().floor() as i32
    }

    /// All that a window shows.
    pub fn shown(camera: &Camera, window: Rect) -> Vec<Self> {
        let level = Self::level(camera);
        let low = Self::at(camera.to_plane(window.bottom_left()), level);
        let high = Self::at(camera.to_plane(window.top_right()), level);
        let rows = low.y..=high.y;
        rows.flat_map(|y| (low.x..=high.x).map(move |x| Self { level, x, y })).collect()
    }

    /// Its middle.
    pub fn place(self) -> Vec2 {
        vec2(self.x as f32, self.y as f32) * self.side()
    }

    /// How far it is to the next, on the plane.
    pub fn side(self) -> f32 {
        (-self.level as f32).exp2()
    }
}

/// A line in its cell.
pub struct Line {
    /// What it says.
    pub words: String,
    /// How strongly it shows.
    pub strength: f32,
}

/// A square of cells that is being written, with its cell at the bottom left.
struct Asked {
    first: Cell,
    is_here: Vec<bool>,
    at: Instant,
}

/// All lines that are known.
#[derive(Default)]
pub struct Cells {
    lines: HashMap<Cell, Line>,
    asked: Option<Asked>,
}

impl Cells {
    /// Whether no line is known.
    pub fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// A cell's line.
    pub fn get(&self, cell: Cell) -> Option<&Line> {
        self.lines.get(&cell)
    }

    /// All cells with their lines.
    pub fn iter(&self) -> impl Iterator<Item = (Cell, &Line)> {
        self.lines.iter().map(|(cell, line)| (*cell, line))
    }

    /// Asks for what was asked for before, if that is still of use.
    pub fn ask_again(&mut self) {
        self.asked = None;
    }

    /// To be called at each update: cells of the level that is shown come, and others go, half the
    /// way in each `half_life` seconds.
    pub fn update(&mut self, camera: &Camera, window: Rect, seconds: f32, half_life: f32) {
        let level = Cell::level(camera);
        for (cell, line) in &mut self.lines {
            let shown = if cell.level == level { 1.0 } else { 0.0 };
            line.strength = ease(line.strength, shown, seconds, half_life);
        }
        self.carry_over(level);
        if self.lines.len() > MOST_CELLS {
            let near = window.pad(-window.w());
            self.lines.retain(|cell, _| near.contains(camera.to_window(cell.place())));
        }
    }

    /// What one level knows, the next knows of every other cell: their places are the same.
    fn carry_over(&mut self, level: i32) {
        if self.lines.keys().any(|cell| cell.level == level) {
            return;
        }
        let same = |cell: &Cell| {
            let same = Cell::at(cell.place(), level);
            (same.place() == cell.place()).then_some(same)
        };
        let known = self.lines.iter().filter_map(|(cell, line)| {
            let line = Line { words: line.words.clone(), strength: line.strength };
            Some((same(cell)?, line))
        });
        let known: Vec<(Cell, Line)> = known.collect();
        // The old ones of the same places would show through.
        self.lines.retain(|cell, _| (cell.level - level).abs() <= 1 && same(cell).is_none());
        self.lines.extend(known);
    }

    /// Asks for a square of cells around the one nearest to the middle that has no line yet.
    pub fn ask(&mut self, plane: &Plane, camera: &Camera, window: Rect, osc: &Osc) {
        if self.asked.as_ref().is_some_and(|asked| asked.at.elapsed() < PATIENCE) {
            return;
        }
        let distance = |cell: &Cell| camera.to_window(cell.place()).length();
        let missing = Cell::shown(camera, window)
            .into_iter()
            .filter(|cell| !self.lines.contains_key(cell))
            .min_by(|a, b| distance(a).total_cmp(&distance(b)));
        let Some(cell) = missing else { return };
        let half = ASKED / 2;
        let first = Cell { x: cell.x - half, y: cell.y - half, ..cell };
        let [x, y] = &plane.axes;
        let down: Vec<f32> = y.iter().map(|y| -y).collect();
        let mut arguments = vec![blob(&plane.z(cell.place())), blob(x), blob(&down)];
        let span = half as f32 * cell.side();
        arguments.extend([Type::Float(span), Type::Int(ASKED), Type::Int(ASKED)]);
        osc.send("/poetry/grid", arguments);
        let is_here = vec![false; (ASKED * ASKED) as usize];
        self.asked = Some(Asked { first, is_here, at: Instant::now() });
    }

    /// Takes in what enjamb answers.
    pub fn hear(&mut self, message: &Message) {
        match message.addr.as_str() {
            "/poetry/grid/lines" => {
                if let (Some(n), Some(words)) = (index(message, 0), text(message, 2)) {
                    self.hear_line(n, words);
                }
            }
            "/poetry/grid/error" => self.asked = None,
            _ => {}
        }
    }

    fn hear_line(&mut self, n: usize, words: &str) {
        let Some(asked) = &mut self.asked else { return };
        let Some(is_here) = asked.is_here.get_mut(n) else { return };
        *is_here = true;
        // Rows come from top to bottom, and the plane goes up.
        let side = ASKED as usize;
        let (column, row) = ((n % side) as i32, ASKED - 1 - (n / side) as i32);
        let cell = Cell { x: asked.first.x + column, y: asked.first.y + row, ..asked.first };
        self.lines.entry(cell).or_insert_with(|| Line { words: words.into(), strength: 0.0 });
        if asked.is_here.iter().all(|is_here| *is_here) {
            self.asked = None;
        }
    }
}

#[cfg(test)]
mod test {
    use super::*;

    #[test]
    fn lines_are_carried_over_to_the_next_level() {
        let mut camera = Camera::new(vec2(200.0, 80.0), 1.0, [0.1, 100.0]);
        let window = Rect::from_w_h(1000.0, 500.0);
        let mut cells = Cells::default();
        let first = Cell::at(vec2(-2.0, -2.0), 0);
        let is_here = vec![false; 25];
        cells.asked = Some(Asked { first, is_here, at: Instant::now() });
        (0..25).for_each(|n| cells.hear_line(n, &format!("line {n}")));
        assert!(cells.asked.is_none());
        // The first line is at the top left, the last at the bottom right.
        assert_eq!(cells.get(Cell::at(vec2(-2.0, 2.0), 0)).unwrap().words, "line 0");
        assert_eq!(cells.get(Cell::at(vec2(2.0, -2.0), 0)).unwrap().words, "line 24");
        camera.approach(2.0, Vec2::ZERO);
        camera.update(99.0, 0.1);
        cells.update(&camera, window, 0.1, 0.1);
        assert_eq!(cells.get(Cell::at(vec2(-2.0, 2.0), 1)).unwrap().words, "line 0");
        assert!(cells.get(Cell::at(vec2(0.5, 0.0), 1)).is_none());
        assert!(Cell::shown(&camera, window).contains(&Cell::at(Vec2::ZERO, 1)));
    }
}
