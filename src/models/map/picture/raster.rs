//! Draws a picture as PNG.

use super::font::{Font, Style};
use super::{Colour, Mark, Picture, SHEET, Text};
use rustybuzz::ttf_parser::OutlineBuilder;
use tiny_skia::{
    Color, FillRule, LineCap, LineJoin, Paint, Path, PathBuilder, Pixmap, Stroke, Transform,
};

/// The PNG file, `width` pixels wide, in 100..=8000.
pub fn png(picture: &Picture, width: u32) -> Vec<u8> {
    let width = width.clamp(100, 8000);
    let scale = width as f32 / SHEET[0];
    let height = (SHEET[1] * scale).round() as u32;
    let mut canvas = Canvas {
        pixels: Pixmap::new(width, height).expect("a size that there can be"),
        transform: Transform::from_scale(scale, scale),
        fonts: [Style::Roman, Style::Italic].map(Font::new),
    };
    let [red, green, blue] = picture.paper;
    canvas.pixels.fill(Color::from_rgba8(red, green, blue, 255));
    for mark in &picture.marks {
        canvas.draw(mark);
    }
    let rgb: Vec<u8> =
        canvas.pixels.data().chunks_exact(4).flat_map(|pixel| &pixel[..3]).copied().collect();
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, width, height);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    let mut writer = encoder.write_header().expect("memory takes all");
    writer.write_image_data(&rgb).expect("memory takes all");
    writer.finish().expect("memory takes all");
    file
}

/// Where marks are drawn; paths are in millimetres.
struct Canvas {
    pixels: Pixmap,
    transform: Transform,
    fonts: [Font; 2],
}

impl Canvas {
    fn draw(&mut self, mark: &Mark) {
        match mark {
            Mark::Dots { centres, radius, colour } => {
                for [x, y] in centres {
                    self.fill(PathBuilder::from_circle(*x, *y, *radius), *colour);
                }
            }
            Mark::Thread { start, curves, width, colour } => {
                let mut path = PathBuilder::new();
                path.move_to(start[0], start[1]);
                for [a, b, end] in curves {
                    path.cubic_to(a[0], a[1], b[0], b[1], end[0], end[1]);
                }
                self.stroke(path.finish(), *width, *colour);
            }
            Mark::Text(Text { text, style, size, at, colour, .. }) => {
                let mut outline = Outline(PathBuilder::new());
                self.fonts[*style as usize].outline(text, *size, *at, &mut outline);
                self.fill(outline.0.finish(), *colour);
            }
        }
    }

    fn fill(&mut self, path: Option<Path>, colour: Colour) {
        if let Some(path) = path {
            self.pixels.fill_path(&path, &paint(colour), FillRule::Winding, self.transform, None);
        }
    }

    fn stroke(&mut self, path: Option<Path>, width: f32, colour: Colour) {
        let stroke = Stroke {
            width,
            line_cap: LineCap::Round,
            line_join: LineJoin::Round,
            ..Stroke::default()
        };
        if let Some(path) = path {
            self.pixels.stroke_path(&path, &paint(colour), &stroke, self.transform, None);
        }
    }
}

fn paint([red, green, blue]: Colour) -> Paint<'static> {
    let mut paint = Paint::default();
    paint.set_color_rgba8(red, green, blue, 255);
    paint
}

/// The outline of a text becomes a path.
struct Outline(PathBuilder);

impl OutlineBuilder for Outline {
    fn move_to(&mut self, x: f32, y: f32) {
        self.0.move_to(x, y);
    }

    fn line_to(&mut self, x: f32, y: f32) {
        self.0.line_to(x, y);
    }

    fn quad_to(&mut self, x1: f32, y1: f32, x: f32, y: f32) {
        self.0.quad_to(x1, y1, x, y);
    }

    fn curve_to(&mut self, x1: f32, y1: f32, x2: f32, y2: f32, x: f32, y: f32) {
        self.0.cubic_to(x1, y1, x2, y2, x, y);
    }

    fn close(&mut self) {
        self.0.close();
    }
}
