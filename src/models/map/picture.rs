//! The map as a sheet to pin on the wall: points as fine dots, sentences where there is room.
//!
//! The sheet is laid out once, as a list of [`Mark`]s in millimetres, and then written as SVG or
//! drawn as PNG. No two texts overlap, and none leaves the sheet: labels are placed first, then
//! sentences in an order that spreads them over the map, each beside its dot where there is room,
//! or not at all.

mod excerpt;
mod font;
mod layout;
mod place;
mod raster;
mod spread;
mod svg;
#[cfg(test)]
mod test;
mod thread;

pub use font::Style;
pub use place::Rect;

use crate::map::labels::Label;

/// Width and height of the sheet in millimetres: a common picture frame.
pub const SHEET: [f32; 2] = [400.0, 500.0];

/// A colour: red, green and blue.
pub type Colour = [u8; 3];

/// The colours of a picture.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ColorScheme {
    /// The sheet.
    pub paper: Colour,
    /// What stands out on it.
    pub ink: Colour,
    /// What hardly does.
    pub faint: Colour,
    /// The thread.
    pub accent: Colour,
}

impl ColorScheme {
    /// Dark ink on light paper.
    pub const LIGHT: ColorScheme = ColorScheme {
        paper: [247, 243, 234],
        ink: [38, 34, 30],
        faint: [206, 198, 182],
        accent: [178, 66, 44],
    };
    /// Light ink on dark paper.
    pub const DARK: ColorScheme = ColorScheme {
        paper: [20, 23, 28],
        ink: [236, 230, 216],
        faint: [66, 69, 74],
        accent: [226, 138, 94],
    };

    /// The tone that is this share, in 0..1, of the way from faint to ink.
    fn tone(&self, share: f32) -> Colour {
        let mix = |i: usize| {
            let (faint, ink) = (f32::from(self.faint[i]), f32::from(self.ink[i]));
            (faint + (ink - faint) * share).round() as u8
        };
        [0, 1, 2].map(mix)
    }
}

/// What a picture shows beside the points and their sentences.
#[derive(Clone, Debug)]
pub struct Options<'a> {
    /// Stands at the foot of the sheet; may be empty.
    pub title: &'a str,
    /// Names of regions.
    pub labels: &'a [Label],
    /// A path that is drawn over the map, smoothly from point to point; x right, y up, in -1..1.
    pub thread: &'a [[f32; 2]],
    /// How many sentences are set at most.
    pub excerpts: usize,
    /// The colours.
    pub palette: ColorScheme,
}

impl Default for Options<'_> {
    fn default() -> Self {
        Options { title: "", labels: &[], thread: &[], excerpts: 320, palette: ColorScheme::LIGHT }
    }
}

/// A picture, laid out. Lengths are in millimetres from the top left of the [`SHEET`], y downwards.
#[derive(Clone, Debug, PartialEq)]
pub struct Picture {
    /// The colour of the sheet.
    pub paper: Colour,
    /// What stands on it, the lowest first.
    pub marks: Vec<Mark>,
}

/// Something on a sheet.
#[derive(Clone, Debug, PartialEq)]
pub enum Mark {
    /// Dots of the same kind.
    Dots {
        /// Where they are.
        centres: Vec<[f32; 2]>,
        /// Their size.
        radius: f32,
        /// Their colour.
        colour: Colour,
    },
    /// A thread.
    Thread {
        /// Where it begins.
        start: [f32; 2],
        /// Cubic curves: two control points each, and the end.
        curves: Vec<[[f32; 2]; 3]>,
        /// Its width.
        width: f32,
        /// Its colour.
        colour: Colour,
    },
    /// A line of text.
    Text(Text),
}

/// A line of text on a sheet.
#[derive(Clone, Debug, PartialEq)]
pub struct Text {
    /// The text.
    pub text: String,
    /// How it is set.
    pub style: Style,
    /// The size of an em.
    pub size: f32,
    /// The left end of its base line.
    pub at: [f32; 2],
    /// How far it advances.
    pub width: f32,
    /// What its ink covers.
    pub bounds: Rect,
    /// Its colour.
    pub colour: Colour,
}

impl Picture {
    /// Lays out the map of `texts` at `points`: x right, y up, in -1..1. Points beyond the map are drawn
    /// at its edge, those that are not numbers not at all. Texts and labels with letters that the
    /// typeface lacks are left out, and from others the signs that it lacks, such as emoji.
    pub fn new(texts: &[impl AsRef<str>], points: &[[f32; 2]], options: &Options) -> Picture {
        layout::lay_out(texts, points, options)
    }

    /// The picture as SVG, with its texts as text and its typeface inside.
    pub fn svg(&self) -> String {
        svg::write(self)
    }

    /// The picture as PNG, `width` pixels wide, in 100..=8000.
    pub fn png(&self, width: u32) -> Vec<u8> {
        raster::png(self, width)
    }
}
