//! The typeface of the picture: which characters it has, how wide a text runs, and its outlines.
//!
//! EB Garamond (Georg Duffner and Octavio Pardo, after Claude Garamont), roman and italic, cut down
//! to Latin, Greek and Cyrillic; under the SIL Open Font License, which lies beside the files.

use rustybuzz::ttf_parser::{GlyphId, OutlineBuilder};
use rustybuzz::{Direction, Face, ShapePlan, UnicodeBuffer, script};

/// Which cut of the typeface.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// Upright.
    Roman,
    /// Slanted.
    Italic,
}

impl Style {
    /// The font file, in TrueType format.
    pub fn file(self) -> &'static [u8] {
        match self {
            Style::Roman => include_bytes!("font/EBGaramond-Regular.ttf"),
            Style::Italic => include_bytes!("font/EBGaramond-Italic.ttf"),
        }
    }
}

/// A font, ready to set texts in.
pub struct Font {
    face: Face<'static>,
    /// How texts are shaped, worked out once.
    plan: ShapePlan,
}

/// A text as it is set on one line, from the origin on. All lengths are in ems, y downwards.
pub struct Run {
    /// How far the text advances.
    pub width: f32,
    /// Left, top, right and bottom of its ink.
    pub bounds: [f32; 4],
    /// The glyphs and where they stand.
    glyphs: Vec<(GlyphId, [f32; 2])>,
}

impl Font {
    /// Reads the font.
    pub fn new(style: Style) -> Font {
        let face = Face::from_slice(style.file(), 0).expect("the font is whole, as a test shows");
        let plan = ShapePlan::new(&face, Direction::LeftToRight, Some(script::LATIN), None, &[]);
        Font { face, plan }
    }

    /// A text without the signs that cannot be drawn, such as emoji, and with single spaces; none if
    /// nothing is left, or if it lacks a letter, as it would then be misspelt.
    pub fn drawable(&self, text: &str) -> Option<String> {
        let has = |c: &char| c.is_whitespace() || self.face.glyph_index(*c).is_some();
        if text.chars().any(|c| c.is_alphanumeric() && !has(&c)) {
            return None;
        }
        let drawn: String = text.chars().filter(has).collect();
        let drawn = drawn.split_whitespace().collect::<Vec<_>>().join(" ");
        (!drawn.is_empty()).then_some(drawn)
    }

    /// Sets a text on one line, with kerning and ligatures.
    pub fn set(&self, text: &str) -> Run {
        let mut buffer = UnicodeBuffer::new();
        buffer.push_str(text);
        // Greek and Cyrillic are set by the rules for Latin: they differ in nothing but some kerning.
        buffer.set_direction(Direction::LeftToRight);
        buffer.set_script(script::LATIN);
        let shaped = rustybuzz::shape_with_plan(&self.face, &self.plan, buffer);
        let em = self.face.units_per_em() as f32;
        let mut run = Run { width: 0.0, bounds: [0.0; 4], glyphs: Vec::new() };
        for (info, position) in shaped.glyph_infos().iter().zip(shaped.glyph_positions()) {
            let glyph = GlyphId(info.glyph_id as u16);
            let x = run.width + position.x_offset as f32 / em;
            let y = -position.y_offset as f32 / em;
            if let Some(ink) = self.face.glyph_bounding_box(glyph) {
                let [left, top, right, bottom] = run.bounds;
                run.bounds = [
                    left.min(x + ink.x_min as f32 / em),
                    top.min(y - ink.y_max as f32 / em),
                    right.max(x + ink.x_max as f32 / em),
                    bottom.max(y - ink.y_min as f32 / em),
                ];
            }
            run.glyphs.push((glyph, [x, y]));
            run.width += position.x_advance as f32 / em;
        }
        run.bounds[2] = run.bounds[2].max(run.width);
        run
    }

    /// Hands the outlines of a text to a builder, at a size and with its origin at a place, y
    /// downwards.
    pub fn outline(&self, text: &str, size: f32, at: [f32; 2], builder: &mut dyn OutlineBuilder) {
        let scale = size / self.face.units_per_em() as f32;
        for (glyph, [x, y]) in self.set(text).glyphs {
            let at = [at[0] + x * size, at[1] + y * size];
            self.face.outline_glyph(glyph, &mut Placed { scale, at, builder });
        }
    }
}

/// Moves and scales outlines on their way to a builder.
struct Placed<'a> {
    scale: f32,
    at: [f32; 2],
    builder: &'a mut dyn OutlineBuilder,
}

impl Placed<'_> {
    fn x(&self, x: f32) -> f32 {
        self.at[0] + x * self.scale
    }

    fn y(&self, y: f32) -> f32 {
        self.at[1] - y * self.scale
    }
}

impl OutlineBuilder for Placed<'_> {
    fn move_to(&mut self, x: f32, y: f32) {
        self.builder.move_to(self.x(x), self.y(y));
    }

    fn line_to(&mut self, x: f32, y: f32) {
        self.builder.line_to(self.x(x), self.y(y));
    }

    fn quad_to(&mut self, x1: f32, y1: f32, x: f32, y: f32) {
        self.builder.quad_to(self.x(x1), self.y(y1), self.x(x), self.y(y));
    }

    fn curve_to(&mut self, x1: f32, y1: f32, x2: f32, y2: f32, x: f32, y: f32) {
        self.builder.curve_to(self.x(x1), self.y(y1), self.x(x2), self.y(y2), self.x(x), self.y(y));
    }

    fn close(&mut self) {
        self.builder.close();
    }
}

#[cfg(test)]
mod test {
    use super::*;

    #[test]
    fn what_can_be_drawn() {
        let roman = Font::new(Style::Roman);
        for (text, drawn) in [
            ("The sea is calm", Some("The sea is calm")),
            (" the \n sea\t", Some("the sea")),
            ("Œuvre, “naïve” — ľúbosť", Some("Œuvre, “naïve” — ľúbosť")),
            ("Мороз и солнце; μῆνιν", None),
            ("Мороз и солнце; μήνιν", Some("Мороз и солнце; μήνιν")),
            ("the moon \u{1f319} and I", Some("the moon and I")),
            ("ירח על הים", None),
            ("\u{1f319}\u{200d}\u{0}", None),
            ("", None),
        ] {
            assert_eq!(roman.drawable(text).as_deref(), drawn, "{text}");
        }
    }

    #[test]
    fn texts_are_measured() {
        for font in [Style::Roman, Style::Italic].map(Font::new) {
            let (line, half) = (font.set("The sea is calm tonight."), font.set("The sea is"));
            assert!(half.width > 3.0 && line.width > 2.0 * half.width);
            assert!(font.set("AVAV").width < font.set("A").width * 2.0 + font.set("V").width * 2.0);
            let [left, top, right, bottom] = line.bounds;
            assert!(left.abs() < 0.2 && (right - line.width).abs() < 0.2);
            assert!((-0.8..-0.6).contains(&top) && (0.2..0.4).contains(&bottom));
        }
    }
}
