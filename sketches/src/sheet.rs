//! The sheet that a sketch draws on: type and light, all in one pass.
//!
//! Places and lengths are in points, as nannou's: the origin in the middle of the window, y upwards.

use crate::atlas::{Atlas, Sprite};
use crate::ink::{Ink, Quad};
use crate::type_face::{Cut, TypeFace};
use nannou::prelude::{App, Frame, Rect, Vec2, vec2};
use std::cell::{RefCell, RefMut};

/// A colour: red, green and blue as on screen, in 0..1.
pub type Colour = [f32; 3];

/// What lies behind everything.
pub const NIGHT: Colour = [0.040, 0.040, 0.052];
/// Type.
pub const IVORY: Colour = [0.94, 0.91, 0.85];
/// What stands back.
pub const MIST: Colour = [0.58, 0.61, 0.68];
/// What is said now.
pub const AMBER: Colour = [1.0, 0.77, 0.47];

/// How a text is written.
#[derive(Clone, Copy, Debug)]
pub struct Hand {
    cut: Cut,
    size: f32,
    colour: Colour,
    strength: f32,
    spacing: f32,
    turn: f32,
    is_afloat: bool,
}

impl Hand {
    /// Upright type of a size.
    pub fn roman(size: f32) -> Self {
        Self {
            cut: Cut::Roman,
            size,
            colour: IVORY,
            strength: 1.0,
            spacing: 0.0,
            turn: 0.0,
            is_afloat: false,
        }
    }

    /// Slanted type of a size.
    pub fn italic(size: f32) -> Self {
        Self { cut: Cut::Italic, ..Self::roman(size) }
    }

    /// In a colour.
    pub fn colour(self, colour: Colour) -> Self {
        Self { colour, ..self }
    }

    /// How strong it looks, from 0, which is nothing, to 1.
    pub fn strength(self, strength: f32) -> Self {
        Self { strength, ..self }
    }

    /// With its letters further apart, in ems.
    pub fn spaced(self, spacing: f32) -> Self {
        Self { spacing, ..self }
    }

    /// Turned counter-clockwise about its beginning, in radians.
    pub fn turned(self, turn: f32) -> Self {
        Self { turn, is_afloat: true, ..self }
    }

    /// Free of the pixels, if it moves: softer, but smooth.
    pub fn afloat(self, is_moving: bool) -> Self {
        Self { is_afloat: is_moving, ..self }
    }

    /// The size.
    pub fn size(&self) -> f32 {
        self.size
    }

    /// How strong it looks.
    pub fn looks(&self) -> f32 {
        self.strength
    }
}

/// The fonts, the atlas and what is drawn in this frame.
pub struct Sheet {
    ink: RefCell<Ink>,
    desk: RefCell<Desk>,
}

#[derive(Default)]
struct Desk {
    face: TypeFace,
    atlas: Atlas,
    quads: Vec<Quad>,
    /// From the window's middle to its edges.
    reach: Vec2,
}

impl Sheet {
    /// A sheet for the sketch's window.
    pub fn new(app: &App) -> Self {
        Self { ink: RefCell::new(Ink::new(&app.main_window())), desk: RefCell::default() }
    }

    /// A blank page, for one frame.
    ///
    /// # Panics
    /// If there is another page at the same time.
    pub fn page(&self, app: &App) -> Page<'_> {
        let window = app.main_window();
        let (rect, scale) = (window.rect(), window.scale_factor());
        let mut desk = self.desk.borrow_mut();
        desk.quads.clear();
        desk.reach = rect.wh() / 2.0;
        Page { desk, sheet: self, rect, scale }
    }
}

/// What is drawn in one frame.
pub struct Page<'a> {
    sheet: &'a Sheet,
    desk: RefMut<'a, Desk>,
    rect: Rect,
    scale: f32,
}

impl Page<'_> {
    /// The window.
    pub fn rect(&self) -> Rect {
        self.rect
    }

    /// How wide a text runs.
    pub fn measure(&mut self, text: &str, hand: Hand) -> f32 {
        let run = self.desk.face.set(hand.cut, text);
        (run.width + hand.spacing * run.glyphs.len() as f32) * hand.size
    }

    /// Breaks a text into as few lines as fit a measure, all about as wide. A single word may be
    /// wider.
    pub fn wrap(&mut self, text: &str, hand: Hand, measure: f32) -> Vec<String> {
        let space = self.measure(" ", hand);
        let words: Vec<(&str, f32)> =
            text.split_whitespace().map(|word| (word, self.measure(word, hand))).collect();
        let widest = words.iter().map(|(_, width)| *width).fold(0.0, f32::max);
        let n_lines = count(&words, space, measure);
        // The narrowest column that makes no more lines of it.
        let narrow = (1..12)
            .map(|n| measure * (1.0 - n as f32 / 16.0))
            .take_while(|narrow| *narrow >= widest && count(&words, space, *narrow) == n_lines);
        fill(&words, space, narrow.last().unwrap_or(measure))
    }

    /// Writes a text from a place on its baseline to the right, and says how wide it runs.
    pub fn write(&mut self, text: &str, hand: Hand, at: Vec2) -> f32 {
        let run = self.desk.face.set(hand.cut, text);
        let width = (run.width + hand.spacing * run.glyphs.len() as f32) * hand.size;
        if hand.strength <= 0.004 || !self.is_near(at, width + hand.size) {
            return width;
        }
        // Glyphs are drawn at steps of size, so that type that grows does not fill the atlas.
        let pixels = hand.size * self.scale;
        let step = match pixels {
            ..32.0 => 0.5,
            ..64.0 => 2.0,
            _ => 8.0,
        };
        let drawn = ((pixels / step).ceil() * step).max(4.0);
        let shrink = pixels / drawn / self.scale;
        let (ink, strength) = (hand.colour, hand.strength * hand.strength);
        let (sine, cosine) = hand.turn.sin_cos();
        let along = vec2(cosine, sine);
        let up = vec2(-sine, cosine);
        let corner = vec2(self.rect.left(), self.rect.bottom());
        let desk = &mut *self.desk;
        for (n, (glyph, x)) in run.glyphs.iter().enumerate() {
            let mut origin = at + along * (x + hand.spacing * n as f32) * hand.size;
            let mut quarters = 0.0;
            if !hand.is_afloat {
                let pixel = (origin - corner) * self.scale;
                let x = (pixel.x * 4.0).round() / 4.0;
                quarters = (x - x.floor()) * 4.0;
                origin = corner + vec2(x.floor(), pixel.y.round()) / self.scale;
            }
            let key = (hand.cut, *glyph, (drawn * 4.0) as u16, quarters as u8);
            let Some(sprite) = desk.face.glyph(&mut desk.atlas, key) else { continue };
            let left = origin + along * sprite.left * shrink + up * sprite.top * shrink;
            let right = along * sprite.size[0] * shrink;
            let down = -up * sprite.size[1] * shrink;
            desk.quad(
                [left, left + right, left + right + down, left + down],
                sprite,
                ink,
                [strength; 4],
            );
        }
        width
    }

    /// Writes a text with its middle at a place on the baseline.
    pub fn write_centred(&mut self, text: &str, hand: Hand, at: Vec2) -> f32 {
        let width = self.measure(text, hand);
        self.write(text, hand, at - vec2(width / 2.0, 0.0))
    }

    /// A soft dot that covers what lies beneath.
    pub fn dot(&mut self, at: Vec2, radius: f32, colour: Colour, strength: f32) {
        self.round(at, radius * 1.8, colour, strength * strength);
    }

    /// A light that is added to what lies beneath. It has faded at its radius.
    pub fn glow(&mut self, at: Vec2, radius: f32, colour: Colour, strength: f32) {
        self.round(at, radius, colour, -strength * strength);
    }

    fn round(&mut self, at: Vec2, radius: f32, colour: Colour, alpha: f32) {
        if alpha.abs() < 1e-5 || !self.is_near(at, radius) {
            return;
        }
        let (x, y) = (vec2(radius, 0.0), vec2(0.0, radius));
        let sprite = self.desk.atlas.glow();
        self.desk.quad(
            [at - x + y, at + x + y, at + x - y, at - x - y],
            sprite,
            colour,
            [alpha; 4],
        );
    }

    /// A thread of light through places, each with the thread's radius and strength there.
    pub fn thread(&mut self, places: &[(Vec2, f32, f32)], colour: Colour) {
        let (slice, ink) = (self.slice(), colour);
        let side = |n: usize| {
            let along = places[(n + 1).min(places.len() - 1)].0 - places[n.saturating_sub(1)].0;
            vec2(-along.y, along.x).normalize_or_zero() * places[n].1
        };
        for n in 1..places.len() {
            let ((a, _, strong_a), (b, _, strong_b)) = (places[n - 1], places[n]);
            if strong_a.max(strong_b) < 0.004 || !self.is_near(a, (b - a).length() + 40.0) {
                continue;
            }
            let (over_a, over_b) = (side(n - 1), side(n));
            let [alpha_a, alpha_b] = [strong_a, strong_b].map(|strength| -strength * strength);
            self.desk.quad(
                [a + over_a, b + over_b, b - over_b, a - over_a],
                slice,
                ink,
                [alpha_a, alpha_b, alpha_b, alpha_a],
            );
        }
    }

    /// Darkens what lies under a line of type that begins at a place on its baseline.
    pub fn shade(&mut self, at: Vec2, width: f32, size: f32, strength: f32) {
        let middle = at + vec2(0.0, size * 0.25);
        let (end, fade) = (middle + vec2(width, 0.0), vec2(size * 0.5, 0.0));
        let slice = self.slice();
        let up = vec2(0.0, size * 1.05);
        let parts = [
            (middle - fade, middle + fade, [0.0, strength]),
            (middle + fade, end - fade, [strength, strength]),
            (end - fade, end + fade, [strength, 0.0]),
        ];
        for (from, to, [a, b]) in parts {
            self.desk.quad([from + up, to + up, to - up, from - up], slice, NIGHT, [a, b, b, a]);
        }
    }

    /// From edge to edge through the middle of the glow.
    fn slice(&self) -> Sprite {
        let mut slice = self.desk.atlas.glow();
        let middle = (slice.uv[0] + slice.uv[2]) / 2.0;
        (slice.uv[0], slice.uv[2]) = (middle, middle);
        slice
    }

    /// A hairline from side to side or from top to bottom, one pixel wide.
    pub fn rule(&mut self, from: Vec2, to: Vec2, colour: Colour, strength: f32) {
        let snap = |p: Vec2| {
            let corner = vec2(self.rect.left(), self.rect.bottom());
            corner + ((p - corner) * self.scale).floor() / self.scale
        };
        let (from, to) = (snap(from), snap(to));
        let pixel = 1.0 / self.scale;
        let (low, high) = (from.min(to), from.max(to) + vec2(pixel, pixel));
        self.fill(low, high, colour, strength);
    }

    /// A rectangle between two corners.
    pub fn fill(&mut self, low: Vec2, high: Vec2, colour: Colour, strength: f32) {
        let corners = [vec2(low.x, high.y), high, vec2(high.x, low.y), low];
        let solid = self.desk.atlas.solid();
        self.desk.quad(corners, solid, colour, [strength * strength; 4]);
    }

    /// Shows the page in the window.
    pub fn show(mut self, frame: &Frame) {
        let Desk { atlas, quads, .. } = &mut *self.desk;
        self.sheet.ink.borrow_mut().draw(frame, quads, atlas.take_change());
    }

    /// Whether something of that reach around a place may be seen.
    fn is_near(&self, at: Vec2, reach: f32) -> bool {
        at.x.abs() < self.rect.w() / 2.0 + reach && at.y.abs() < self.rect.h() / 2.0 + reach
    }
}

/// How many lines words of known widths fill.
fn count(words: &[(&str, f32)], space: f32, measure: f32) -> usize {
    let mut end = f32::INFINITY;
    let begins_a_line = |(_, width): &&(&str, f32)| {
        let next = end + space + width;
        let is_new = next > measure;
        end = if is_new { *width } else { next };
        is_new
    };
    words.iter().filter(begins_a_line).count()
}

/// Fills lines with words of known widths.
fn fill(words: &[(&str, f32)], space: f32, measure: f32) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    let mut end = 0.0;
    for (word, width) in words {
        match lines.last_mut().filter(|_| end + space + width <= measure) {
            Some(line) => {
                line.push(' ');
                line.push_str(word);
                end += space + width;
            }
            None => {
                lines.push((*word).to_string());
                end = *width;
            }
        }
    }
    lines
}

impl Desk {
    /// A quad from its top left corner clockwise.
    fn quad(&mut self, corners: [Vec2; 4], sprite: Sprite, ink: Colour, alphas: [f32; 4]) {
        let [left, top, right, bottom] = sprite.uv;
        let uvs = [[left, top], [right, top], [right, bottom], [left, bottom]];
        let [red, green, blue] = ink;
        self.quads.push([0, 1, 2, 3].map(|n| {
            let (at, [u, v]) = (corners[n] / self.reach, uvs[n]);
            [at.x, at.y, u, v, red, green, blue, alphas[n]]
        }));
    }
}

#[cfg(test)]
mod test {
    use super::*;

    #[test]
    fn lines_are_filled_as_they_are_counted() {
        let words: Vec<(&str, f32)> =
            "the sea is calm tonight".split(' ').map(|word| (word, word.len() as f32)).collect();
        for (measure, lines) in [(99.0, 1), (12.0, 2), (8.0, 3), (1.0, 5)] {
            assert_eq!(count(&words, 1.0, measure), lines, "{measure}");
            assert_eq!(fill(&words, 1.0, measure).len(), lines, "{measure}");
        }
        assert_eq!(fill(&words, 1.0, 12.0), ["the sea is", "calm tonight"]);
        assert_eq!(count(&[], 1.0, 9.0), 0);
    }
}
