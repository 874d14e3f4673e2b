//! A line that is typed: `/` opens it, enter hands it over, escape closes it.

use crate::ease;
use crate::sheet::{Colour, Hand, NIGHT, Page};
use nannou::prelude::{Key, vec2};

/// A line has this many letters at most.
const MOST_LETTERS: usize = 200;

/// What a key meant to a field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Typing {
    /// Nothing: the field is closed.
    Elsewhere,
    /// The line is being written.
    GoesOn,
    /// The line was handed over.
    Entered(String),
    /// The field was closed without a line.
    Left,
}

/// A line at the foot of the window.
pub struct Field {
    prompt: &'static str,
    colour: Colour,
    text: String,
    is_open: bool,
    is_changed: bool,
    strength: f32,
}

impl Field {
    /// A closed field. The prompt is what it says while it is empty.
    pub fn new(prompt: &'static str, colour: Colour) -> Self {
        Self {
            prompt,
            colour,
            text: String::new(),
            is_open: false,
            is_changed: false,
            strength: 0.0,
        }
    }

    /// Whether a line is being typed.
    pub fn is_open(&self) -> bool {
        self.is_open
    }

    /// How strongly the field shows.
    pub fn strength(&self) -> f32 {
        self.strength
    }

    /// What has been typed.
    pub fn text(&self) -> &str {
        self.text.trim()
    }

    /// To be asked at each key before it means anything else.
    pub fn key_pressed(&mut self, key: Key) -> Typing {
        if !self.is_open {
            return Typing::Elsewhere;
        }
        match key {
            Key::Escape => {
                self.is_open = false;
                Typing::Left
            }
            Key::Return | Key::NumpadEnter => {
                self.is_open = false;
                Typing::Entered(self.text().to_string())
            }
            Key::Back => {
                self.text.pop();
                self.is_changed = true;
                Typing::GoesOn
            }
            _ => Typing::GoesOn,
        }
    }

    /// To be called at each update; says whether the text has changed since the last.
    pub fn update(&mut self, seconds: f32) -> bool {
        let shown = if self.is_open { 1.0 } else { 0.0 };
        self.strength = ease(self.strength, shown, seconds, 0.06);
        std::mem::take(&mut self.is_changed)
    }

    /// To be told each letter that is typed.
    pub fn letter_typed(&mut self, letter: char) {
        // Arrows and the like are letters too, on some systems.
        if letter.is_control() || ('\u{e000}'..='\u{f8ff}').contains(&letter) {
            return;
        }
        if self.is_open {
            if self.text.chars().count() < MOST_LETTERS {
                self.text.push(letter);
                self.is_changed = true;
            }
        } else if letter == '/' {
            self.text.clear();
            self.is_open = true;
            self.is_changed = true;
        }
    }

    /// Shows it at the foot of the window.
    pub fn show(&self, page: &mut Page) {
        if self.strength < 0.01 {
            return;
        }
        let rect = page.rect();
        let top = vec2(rect.right(), rect.bottom() + 64.0);
        page.fill(rect.bottom_left(), top, NIGHT, 0.9 * self.strength);
        let at = vec2(rect.left() + 28.0, rect.bottom() + 26.0);
        let (words, strength) = match self.text.as_str() {
            "" => (self.prompt, 0.5),
            text => (text, 1.0),
        };
        let hand = Hand::roman(24.0).colour(self.colour).strength(strength * self.strength);
        // The end of a line that is wider than the window is what must be seen.
        let room = rect.w() - 64.0;
        let width = page.measure(words, hand);
        page.write(words, hand, at - vec2((width - room).max(0.0), 0.0));
        let end = if self.text.is_empty() { -6.0 } else { width.min(room) + 4.0 };
        let caret = at + vec2(end, -5.0);
        page.rule(caret, caret + vec2(0.0, 24.0), self.colour, self.strength);
    }
}

#[cfg(test)]
mod test {
    use super::*;

    #[test]
    fn a_line_is_typed_and_handed_over() {
        let mut field = Field::new("search", [1.0; 3]);
        "no/the\u{f700}\r sea".chars().for_each(|letter| field.letter_typed(letter));
        assert!(field.is_open() && field.update(0.1) && !field.update(0.1));
        assert_eq!(field.text(), "the sea");
        assert_eq!(field.key_pressed(Key::Back), Typing::GoesOn);
        assert_eq!(field.key_pressed(Key::H), Typing::GoesOn);
        assert_eq!(field.key_pressed(Key::Return), Typing::Entered("the se".into()));
        assert_eq!(field.key_pressed(Key::H), Typing::Elsewhere);
        field.letter_typed('/');
        assert_eq!(field.text(), "");
        assert_eq!(field.key_pressed(Key::Escape), Typing::Left);
        assert!(!field.is_open());
    }
}
