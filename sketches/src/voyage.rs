//! The voyage over the map: the places where lines were read, and the way through them.

use crate::map::place;
use crate::osc::{index, text};
use crate::{ease, smooth};
use nannou::prelude::Vec2;
use nannou_osc::Message;
use std::collections::{HashMap, VecDeque};

/// Lines that may wait for their places.
const MOST_WAITING: usize = 64;

/// A place where a line was read.
pub struct Stop {
    /// The line.
    pub line: String,
    /// Where on the map it lies.
    pub place: Vec2,
    /// Seconds since it was read.
    pub age: f32,
}

/// The latest part of a voyage.
pub struct Voyage {
    /// Where it was, the newest last.
    pub stops: VecDeque<Stop>,
    /// Where its light is: on the way to the newest stop.
    pub head: Vec2,
    /// Seconds from stop to stop, lately.
    pub pace: f32,
    most_stops: usize,
    lines: HashMap<usize, String>,
}

impl Voyage {
    /// What must be subscribed to.
    pub const SUBSCRIBED: &'static str = "/voyage";

    /// A voyage that has not begun, and that remembers so many stops.
    pub fn new(most_stops: usize) -> Self {
        Self {
            stops: VecDeque::new(),
            head: Vec2::ZERO,
            pace: 1.0,
            most_stops,
            lines: HashMap::new(),
        }
    }

    /// Takes in what enjamb says of the voyage.
    pub fn hear(&mut self, message: &Message) {
        let Some(tick) = index(message, 0) else { return };
        match message.addr.as_str() {
            "/voyage/line" => {
                if self.lines.len() >= MOST_WAITING {
                    self.lines.clear();
                }
                self.lines.insert(tick, text(message, 1).unwrap_or_default().into());
            }
            "/voyage/place" => {
                // A line and its place have the same tick.
                let line = self.lines.remove(&tick).unwrap_or_default();
                if let Some(place) = place(message, 1) {
                    self.arrive(line, place);
                }
            }
            _ => {}
        }
    }

    fn arrive(&mut self, line: String, place: Vec2) {
        match self.stops.back() {
            Some(last) => self.pace = ease(self.pace, last.age.clamp(0.2, 4.0), 1.0, 1.0),
            None => self.head = place,
        }
        self.stops.push_back(Stop { line, place, age: 0.0 });
        if self.stops.len() > self.most_stops {
            self.stops.pop_front();
        }
    }

    /// To be called at each update.
    pub fn update(&mut self, seconds: f32) {
        self.stops.iter_mut().for_each(|stop| stop.age += seconds);
        self.head = self.way(1.0);
    }

    /// A place on the way, from the oldest stop at 0 to the light's at 1.
    pub fn way(&self, t: f32) -> Vec2 {
        let n = self.stops.len();
        let Some(last) = self.stops.back() else { return Vec2::ZERO };
        if n == 1 {
            return last.place;
        }
        // The light is on its way to the newest stop for as long as it takes the next to come.
        let part = smooth(0.0, 1.0, last.age / (self.pace * 1.15));
        let along = t * (n as f32 - 2.0 + part);
        let i = (along as usize).min(n - 2);
        let stop = |i: usize| self.stops[i.min(n - 1)].place;
        curve([stop(i.saturating_sub(1)), stop(i), stop(i + 1), stop(i + 2)], along - i as f32)
    }
}

/// A Catmull-Rom spline from the second place to the third, held back a little.
fn curve([a, b, c, d]: [Vec2; 4], t: f32) -> Vec2 {
    let (from, to) = ((c - a) * 0.42, (d - b) * 0.42);
    let (t2, t3) = (t * t, t * t * t);
    b * (2.0 * t3 - 3.0 * t2 + 1.0)
        + from * (t3 - 2.0 * t2 + t)
        + c * (-2.0 * t3 + 3.0 * t2)
        + to * (t3 - t2)
}

#[cfg(test)]
mod test {
    use super::*;
    use nannou::prelude::vec2;
    use nannou_osc::Type;

    fn message(address: &str, arguments: Vec<Type>) -> Message {
        Message { addr: address.into(), args: arguments }
    }

    #[test]
    fn the_light_goes_from_stop_to_stop() {
        let mut voyage = Voyage::new(3);
        for tick in 0..5 {
            let x = tick as f32;
            let line = Type::String(format!("line {tick}"));
            voyage.hear(&message("/voyage/line", vec![Type::Int(tick), line]));
            let place = vec![Type::Int(tick), Type::Float(x), Type::Float(-x)];
            voyage.hear(&message("/voyage/place", place));
            voyage.update(0.0);
            voyage.update(1.0);
        }
        assert_eq!(voyage.stops.len(), 3);
        assert_eq!(voyage.stops[2].line, "line 4");
        assert_eq!(voyage.way(0.0), vec2(2.0, -2.0));
        voyage.update(9.0);
        assert!(voyage.head.distance(vec2(4.0, -4.0)) < 1e-5);
    }
}
