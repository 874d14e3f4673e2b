//! The atlas: one picture of coverage with all glyphs, and with the shapes that light has.

use std::ops::Range;

/// Width and height in pixels.
pub const SIDE: u32 = 2048;
/// White between two pictures, so that neither is felt at the other's edge.
const GAP: u32 = 2;
/// Width and height of the glow.
const GLOW: u32 = 64;

/// A part of the atlas.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Sprite {
    /// Left, top, right and bottom in the atlas, in 0..1.
    pub uv: [f32; 4],
    /// Width and height in pixels.
    pub size: [f32; 2],
    /// From the origin to the left edge, in pixels.
    pub left: f32,
    /// From the origin up to the top edge, in pixels.
    pub top: f32,
}

/// Whole rows of the atlas that have changed.
pub struct Change<'a> {
    /// Counted from the top.
    pub first_row: u32,
    /// The rows one after the other, a byte to a pixel.
    pub pixels: &'a [u8],
}

/// Pictures side by side on shelves. When it is full it is emptied.
pub struct Atlas {
    pixels: Vec<u8>,
    shelf_x: u32,
    shelf_y: u32,
    shelf_height: u32,
    generation: u32,
    /// The rows that have changed.
    changed: Range<u32>,
    glow: Sprite,
    solid: Sprite,
}

impl Default for Atlas {
    fn default() -> Self {
        let mut atlas = Self {
            pixels: Vec::new(),
            shelf_x: 0,
            shelf_y: 0,
            shelf_height: 0,
            generation: 0,
            changed: 0..0,
            glow: Sprite::default(),
            solid: Sprite::default(),
        };
        atlas.empty();
        atlas
    }
}

impl Atlas {
    /// Counts how often it was emptied: sprites of before are no longer there.
    pub fn generation(&self) -> u32 {
        self.generation
    }

    /// A round light, 1 in the middle and 0 at the edge.
    pub fn glow(&self) -> Sprite {
        self.glow
    }

    /// A spot that is covered all over.
    pub fn solid(&self) -> Sprite {
        self.solid
    }

    /// What has changed since it was last asked.
    pub fn take_change(&mut self) -> Option<Change<'_>> {
        let Range { start, end } = std::mem::take(&mut self.changed);
        let bytes = (start * SIDE) as usize..(end * SIDE) as usize;
        (start < end).then(|| Change { first_row: start, pixels: &self.pixels[bytes] })
    }

    /// Takes a picture in, row by row; none if it is larger than the atlas.
    pub fn insert(&mut self, width: u32, height: u32, coverage: &[u8]) -> Option<Sprite> {
        if width + GAP > SIDE || height + GAP > SIDE / 2 {
            return None;
        }
        if self.shelf_x + width + GAP > SIDE {
            self.shelf_y += self.shelf_height;
            (self.shelf_x, self.shelf_height) = (0, 0);
        }
        if self.shelf_y + height + GAP > SIDE {
            self.empty();
        }
        let (x, y) = (self.shelf_x, self.shelf_y);
        for (row, line) in coverage.chunks_exact(width as usize).enumerate() {
            let start = ((y + row as u32) * SIDE + x) as usize;
            self.pixels[start..start + width as usize].copy_from_slice(line);
        }
        self.shelf_x += width + GAP;
        self.shelf_height = self.shelf_height.max(height + GAP);
        self.changed = match self.changed.is_empty() {
            true => y..y + height,
            false => self.changed.start.min(y)..self.changed.end.max(y + height),
        };
        let part = |pixels: u32| pixels as f32 / SIDE as f32;
        Some(Sprite {
            uv: [part(x), part(y), part(x + width), part(y + height)],
            size: [width as f32, height as f32],
            left: 0.0,
            top: 0.0,
        })
    }

    /// Empties it, but for the shapes of light.
    fn empty(&mut self) {
        self.pixels = vec![0; (SIDE * SIDE) as usize];
        (self.shelf_x, self.shelf_y, self.shelf_height) = (0, 0, 0);
        self.generation += 1;
        self.changed = 0..SIDE;
        let half = GLOW as f32 / 2.0;
        let fall = |pixel: u32| {
            let at = |n: u32| ((n as f32 + 0.5) / half - 1.0).powi(2);
            let distance = (at(pixel % GLOW) + at(pixel / GLOW)).sqrt().min(1.0);
            // A bell that has reached nothing at the edge.
            let bell = (-4.5 * distance * distance).exp() - (-4.5_f32).exp();
            (bell / (1.0 - (-4.5_f32).exp()) * 255.0).round() as u8
        };
        let glow: Vec<u8> = (0..GLOW * GLOW).map(fall).collect();
        let fits = "an empty atlas has room";
        self.glow = self.insert(GLOW, GLOW, &glow).expect(fits);
        let solid = self.insert(8, 8, &[255; 64]).expect(fits);
        // From its middle, since what lies around it is white.
        let [left, top, right, bottom] = solid.uv;
        let (x, y) = ((left + right) / 2.0, (top + bottom) / 2.0);
        self.solid = Sprite { uv: [x, y, x, y], ..solid };
    }
}

#[cfg(test)]
mod test {
    use super::*;

    #[test]
    fn pictures_lie_side_by_side_until_there_is_no_room() {
        let mut atlas = Atlas::default();
        let all = atlas.take_change().unwrap();
        assert_eq!((all.first_row, all.pixels.len()), (0, (SIDE * SIDE) as usize));
        let first = atlas.insert(10, 20, &[7; 200]).unwrap();
        let second = atlas.insert(10, 20, &[9; 200]).unwrap();
        assert!(second.uv[0] > first.uv[2] && second.uv[1] == first.uv[1]);
        let change = atlas.take_change().unwrap();
        let pixel = |sprite: Sprite, x: u32, y: u32| {
            let corner = [0, 1].map(|n| (sprite.uv[n] * SIDE as f32) as u32);
            change.pixels[((corner[1] + y - change.first_row) * SIDE + corner[0] + x) as usize]
        };
        let corners = |sprite| [(0, 0), (9, 0), (0, 19), (9, 19)].map(|(x, y)| pixel(sprite, x, y));
        assert_eq!((corners(first), corners(second)), ([7; 4], [9; 4]));
        assert_eq!(change.pixels.len(), (SIDE * 20) as usize);
        assert!(atlas.take_change().is_none());
        assert!(atlas.insert(SIDE, 10, &vec![1; 10 * SIDE as usize]).is_none());
        let before = atlas.generation();
        for _ in 0..(SIDE / 200 + 1).pow(2) {
            atlas.insert(200, 200, &[3; 40_000]).unwrap();
        }
        assert_eq!(atlas.generation(), before + 1);
        assert_eq!(atlas.glow().size, [64.0, 64.0]);
    }
}
