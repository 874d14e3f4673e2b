//! Writes a picture as SVG 1.1, in millimetres.

use super::{Colour, Mark, Picture, SHEET, Style, Text};
use base64::prelude::{BASE64_STANDARD, Engine};
use std::fmt::Write;

/// Takes over where a program does not read the typeface in the file.
const FALLBACK: &str = "Garamond, Georgia, serif";

/// The whole file.
pub fn write(picture: &Picture) -> String {
    let [width, height] = SHEET;
    let faces = [(Style::Roman, "normal"), (Style::Italic, "italic")].map(|(style, name)| {
        let file = BASE64_STANDARD.encode(style.file());
        let source = format!("url(data:font/ttf;base64,{file})");
        format!("@font-face {{ font-family: 'EB Garamond'; font-style: {name}; src: {source} }}")
    });
    let paper = hex(picture.paper);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}mm\" height=\"{height}mm\" \
         viewBox=\"0 0 {width} {height}\">\n<style>\n{}\n\
         text {{ font-family: 'EB Garamond', {FALLBACK} }}\n\
         </style>\n<rect width=\"100%\" height=\"100%\" fill=\"{paper}\"/>\n",
        faces.join("\n")
    );
    for mark in &picture.marks {
        mark_into(&mut svg, mark).expect("a string takes all");
    }
    svg + "</svg>\n"
}

fn mark_into(svg: &mut String, mark: &Mark) -> std::fmt::Result {
    match mark {
        Mark::Dots { centres, radius, colour } => {
            // Lines of no length with round ends, all in one path, as tens of thousands of circles
            // would make a large file.
            write!(
                svg,
                "<path stroke=\"{}\" stroke-width=\"{}\" ",
                hex(*colour),
                round(radius * 2.0)
            )?;
            write!(svg, "stroke-linecap=\"round\" d=\"")?;
            for [x, y] in centres {
                write!(svg, "M{} {}h0", round(*x), round(*y))?;
            }
            writeln!(svg, "\"/>")
        }
        Mark::Thread { start: [x, y], curves, width, colour } => {
            write!(
                svg,
                "<path fill=\"none\" stroke=\"{}\" stroke-width=\"{width}\" ",
                hex(*colour)
            )?;
            write!(svg, "stroke-linecap=\"round\" d=\"M{} {}", round(*x), round(*y))?;
            for curve in curves {
                let [a, b, c, d, x, y] = [0, 1, 2, 3, 4, 5].map(|i| round(curve[i / 2][i % 2]));
                write!(svg, "C{a} {b} {c} {d} {x} {y}")?;
            }
            writeln!(svg, "\"/>")
        }
        Mark::Text(Text { text, style, size, at: [x, y], width, colour, .. }) => {
            let italic = if *style == Style::Italic { " font-style=\"italic\"" } else { "" };
            write!(
                svg,
                "<text x=\"{}\" y=\"{}\" font-size=\"{}\"",
                round(*x),
                round(*y),
                round(*size)
            )?;
            write!(svg, " textLength=\"{}\" lengthAdjust=\"spacingAndGlyphs\"", round(*width))?;
            write!(svg, " fill=\"{}\"{italic}>", hex(*colour))?;
            writeln!(svg, "{}</text>", escape(text))
        }
    }
}

fn hex([red, green, blue]: Colour) -> String {
    format!("#{red:02x}{green:02x}{blue:02x}")
}

/// To hundredths of a millimetre.
fn round(x: f32) -> f32 {
    (x * 100.0).round() / 100.0
}

/// Text as it stands between tags. What the typeface has, XML allows; the rest is not here.
fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
