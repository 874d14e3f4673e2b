//! What the sketches share: a sheet to draw type and light on, keys and mouse, the way to enjamb.

#![warn(missing_docs)]

mod atlas;
mod camera;
pub mod cells;
pub mod field;
mod ink;
pub mod labels;
pub mod map;
pub mod osc;
pub mod plane;
pub mod sheet;
mod stage;
mod type_face;
pub mod voyage;

pub use camera::Camera;
pub use osc::{Heard, Osc};
pub use sheet::{AMBER, Colour, Hand, IVORY, MIST, Page, Sheet};
pub use stage::{Options, Stage};

/// Goes from one value towards another, half the way in each `half_life` seconds.
pub fn ease(from: f32, to: f32, seconds: f32, half_life: f32) -> f32 {
    to + (from - to) * (-seconds / half_life * std::f32::consts::LN_2).exp()
}

/// 0 below the first edge, 1 above the second, and smoothly from one to the other between them.
pub fn smooth(first: f32, second: f32, x: f32) -> f32 {
    let t = ((x - first) / (second - first)).clamp(0.0, 1.0);
    t * t * (3.0 - 2.0 * t)
}

/// The beginning of a text, of whole words, with an ellipsis where something is left out.
pub fn excerpt(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_string();
    }
    let mut short = String::new();
    let mut length = 0;
    for word in text.split_whitespace() {
        length += word.chars().count() + 1;
        if length > most && !short.is_empty() {
            break;
        }
        if !short.is_empty() {
            short.push(' ');
        }
        short.push_str(word);
    }
    let end = short.trim_end_matches([',', ';', ':', '.', '-', '—']).len();
    short.truncate(end);
    short + " …"
}

#[cfg(test)]
mod test {
    use super::*;

    #[test]
    fn excerpts_are_of_whole_words() {
        let line = "The sea is calm tonight, the tide is full";
        assert_eq!(excerpt(line, 99), line);
        assert_eq!(excerpt(line, 26), "The sea is calm tonight …");
        assert_eq!(excerpt("Incomprehensibilities", 5), "Incomprehensibilities …");
    }

    #[test]
    fn easing_goes_half_the_way_in_its_half_life() {
        assert!((ease(0.0, 1.0, 0.5, 0.5) - 0.5).abs() < 1e-6);
        assert_eq!(smooth(0.0, 1.0, 2.0), 1.0);
    }
}
