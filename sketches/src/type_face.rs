//! The typeface: words become glyphs once, glyphs become coverage once.
//!
//! nannou lays text out anew at each frame. Here a text is shaped when it is first met and kept, in
//! ems, for every size; and a glyph is drawn into the [`Atlas`] when a size of it is first needed.
//!
//! EB Garamond, which the runtime has for its pictures; its licence lies beside the files.

use crate::atlas::{Atlas, Sprite};
use std::collections::HashMap;
use std::sync::Arc;
use swash::FontRef;
use swash::scale::{Render, ScaleContext, Source};
use swash::shape::ShapeContext;
use swash::zeno::{Format, Vector};

/// Texts that are kept shaped; when there are more, all are forgotten.
const MAX_RUNS: usize = 20_000;

/// Which cut of the typeface.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Cut {
    /// Upright.
    #[default]
    Roman,
    /// Slanted.
    Italic,
}

impl Cut {
    fn font(self) -> FontRef<'static> {
        let file: &[u8] = match self {
            Cut::Roman => {
                include_bytes!("../../src/models/map/picture/font/EBGaramond-Regular.ttf")
            }
            Cut::Italic => {
                include_bytes!("../../src/models/map/picture/font/EBGaramond-Italic.ttf")
            }
        };
        FontRef::from_index(file, 0).expect("the font is whole, as a test shows")
    }
}

/// A text set on one line, from the origin on, in ems.
pub struct Run {
    /// How far it advances.
    pub width: f32,
    /// The glyphs, and where each stands.
    pub glyphs: Vec<(u16, f32)>,
}

/// A glyph as it is drawn: cut, glyph, size in quarter pixels, and quarters of a pixel to the right.
type GlyphKey = (Cut, u16, u16, u8);

/// The fonts, and what was made of them.
pub struct TypeFace {
    fonts: [FontRef<'static>; 2],
    shaping: ShapeContext,
    scaling: ScaleContext,
    runs: [HashMap<String, Arc<Run>>; 2],
    glyphs: HashMap<GlyphKey, Option<Sprite>>,
    /// The atlas that the glyphs are in; when it was emptied they must be drawn again.
    generation: u32,
}

impl Default for TypeFace {
    fn default() -> Self {
        Self {
            fonts: [Cut::Roman, Cut::Italic].map(Cut::font),
            shaping: ShapeContext::new(),
            scaling: ScaleContext::new(),
            runs: Default::default(),
            glyphs: HashMap::new(),
            generation: 0,
        }
    }
}

impl TypeFace {
    /// Sets a text on one line, with kerning and ligatures. Signs that the font lacks are left out.
    pub fn set(&mut self, cut: Cut, text: &str) -> Arc<Run> {
        let runs = &mut self.runs[cut as usize];
        if let Some(run) = runs.get(text) {
            return Arc::clone(run);
        }
        if runs.len() >= MAX_RUNS {
            runs.clear();
        }
        let mut run = Run { width: 0.0, glyphs: Vec::new() };
        let mut shaper = self.shaping.builder(self.fonts[cut as usize]).size(1.0).build();
        shaper.add_str(text);
        shaper.shape_with(|cluster| {
            for glyph in cluster.glyphs.iter().filter(|glyph| glyph.id != 0) {
                run.glyphs.push((glyph.id, run.width + glyph.x));
                run.width += glyph.advance;
            }
        });
        let run = Arc::new(run);
        self.runs[cut as usize].insert(text.to_string(), Arc::clone(&run));
        run
    }

    /// A glyph at a size in quarters of a pixel, moved right by quarters of a pixel; none where it
    /// leaves the paper white.
    pub fn glyph(&mut self, atlas: &mut Atlas, key: GlyphKey) -> Option<Sprite> {
        if self.generation != atlas.generation() {
            self.glyphs.clear();
            self.generation = atlas.generation();
        }
        if let Some(sprite) = self.glyphs.get(&key) {
            return *sprite;
        }
        let (cut, glyph, size, quarters) = key;
        let font = self.fonts[cut as usize];
        let mut scaler = self.scaling.builder(font).size(f32::from(size) / 4.0).build();
        let image = Render::new(&[Source::Outline])
            .format(Format::Alpha)
            .offset(Vector::new(f32::from(quarters) / 4.0, 0.0))
            .render(&mut scaler, glyph);
        let sprite = image.filter(|image| image.placement.width > 0).and_then(|image| {
            let place = image.placement;
            let mut sprite = atlas.insert(place.width, place.height, &image.data)?;
            sprite.left = place.left as f32;
            sprite.top = place.top as f32;
            Some(sprite)
        });
        // An atlas that was emptied to make room has this glyph and no other.
        if self.generation != atlas.generation() {
            self.glyphs.clear();
            self.generation = atlas.generation();
        }
        self.glyphs.insert(key, sprite);
        sprite
    }
}

#[cfg(test)]
mod test {
    use super::*;

    #[test]
    fn texts_are_set_once_with_kerning_and_ligatures() {
        let mut face = TypeFace::default();
        let line = face.set(Cut::Roman, "The sea is calm tonight.");
        assert!(Arc::ptr_eq(&line, &face.set(Cut::Roman, "The sea is calm tonight.")));
        assert!((6.0..14.0).contains(&line.width), "{}", line.width);
        let mut width = |text| face.set(Cut::Italic, text).width;
        assert!(width("AV") < width("A") + width("V"));
        // "fi" is one glyph, and an emoji is none.
        assert_eq!(face.set(Cut::Roman, "fi").glyphs.len(), 1);
        assert_eq!(face.set(Cut::Roman, "\u{1f319}").glyphs.len(), 0);
    }

    #[test]
    fn glyphs_are_drawn_once() {
        let (mut face, mut atlas) = (TypeFace::default(), Atlas::default());
        atlas.take_change();
        let glyph = face.set(Cut::Roman, "a").glyphs[0].0;
        let key = (Cut::Roman, glyph, 80, 0);
        let sprite = face.glyph(&mut atlas, key).unwrap();
        assert!((4.0..16.0).contains(&sprite.size[0]) && sprite.top > 5.0);
        assert!(atlas.take_change().is_some());
        assert_eq!(face.glyph(&mut atlas, key), Some(sprite));
        assert!(atlas.take_change().is_none());
        let space = face.set(Cut::Roman, " ").glyphs[0].0;
        assert_eq!(face.glyph(&mut atlas, (Cut::Roman, space, 80, 0)), None);
    }
}
