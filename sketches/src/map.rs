//! The map as enjamb tells it: sentences and their places, regions and their words, what was found.

use crate::ease;
use crate::osc::{Osc, index, number, text};
use nannou::prelude::{Vec2, vec2};
use nannou_osc::{Message, Type};

/// More sentences than a map can have are no map's.
const MOST: usize = 100_000;
/// Seconds of rest before the regions are asked for.
const REST: f32 = 1.0;

/// A sentence of the map. Its text is empty until it was heard.
#[derive(Clone, Debug, Default)]
pub struct Sentence {
    /// What it says.
    pub text: String,
    /// Where it is shown: it follows the map.
    pub place: Vec2,
    /// How well the last search found it, from 0, which is not at all, to 1.
    pub found: f32,
    target: Vec2,
}

impl Sentence {
    /// Where it lies.
    pub fn target(&self) -> Vec2 {
        self.target
    }

    /// Whether it is on its way.
    pub fn is_moving(&self) -> bool {
        self.place.distance(self.target) > 1e-4
    }
}

/// A region of the map.
#[derive(Clone, Debug, Default)]
pub struct Region {
    /// What it is about.
    pub words: String,
    /// Its middle.
    pub place: Vec2,
    /// Seconds since it has had these words.
    pub age: f32,
}

/// All that was heard of the map.
#[derive(Default)]
pub struct Map {
    /// Its sentences, in the runtime's order.
    pub sentences: Vec<Sentence>,
    /// Its regions, the largest first.
    pub regions: Vec<Region>,
    /// What was searched for last, the nearest in meaning first.
    pub found: Vec<String>,
    wait: f32,
    seed: i32,
}

impl Map {
    /// What must be subscribed to. What is asked for is answered without a subscription.
    pub const SUBSCRIBED: [&'static str; 2] = ["/map/point", "/map/frame"];

    /// Whether nothing has moved for a while, so that the regions are those of this map.
    pub fn is_resting(&self) -> bool {
        self.wait <= 0.0
    }

    /// To be called when enjamb was found.
    pub fn begin(&mut self) {
        self.wait = REST;
    }

    /// To be called at each update: sentences go half the way to their places in each `half_life`
    /// seconds, and when they rest, the words of so many regions are asked for.
    pub fn update(&mut self, seconds: f32, half_life: f32, regions: i32, osc: &Osc) {
        for sentence in &mut self.sentences {
            sentence.place.x = ease(sentence.place.x, sentence.target.x, seconds, half_life);
            sentence.place.y = ease(sentence.place.y, sentence.target.y, seconds, half_life);
        }
        self.regions.iter_mut().for_each(|region| region.age += seconds);
        if self.wait > 0.0 && !self.sentences.is_empty() {
            self.wait -= seconds;
            if self.wait <= 0.0 {
                osc.send("/map/labels", vec![Type::Int(regions)]);
                // A busy computer loses datagrams; now that all rests, what was lost can be had.
                osc.send("/map/show", vec![]);
            }
        }
    }

    /// Lays all sentences out anew, at so many steps a second.
    pub fn project(&mut self, pace: f32, osc: &Osc) {
        self.seed += 1;
        osc.send("/map/project/seed", vec![Type::Int(self.seed)]);
        osc.send("/map/project/pace", vec![Type::Float(pace)]);
        osc.send("/map/project", vec![]);
        // Whoever projects next need not wait.
        osc.send("/map/project/pace", vec![Type::Float(0.0)]);
    }

    /// Searches by meaning.
    pub fn search(&mut self, words: &str, most: i32, osc: &Osc) {
        match words {
            "" => self.forget_found(),
            _ => osc.send("/map/search", vec![Type::String(words.into()), Type::Int(most)]),
        }
    }

    /// Forgets what was found.
    pub fn forget_found(&mut self) {
        self.found.clear();
        self.sentences.iter_mut().for_each(|sentence| sentence.found = 0.0);
    }

    /// Takes in what enjamb says of the map.
    pub fn hear(&mut self, message: &Message) {
        let (n, count) = (index(message, 0), index(message, 1));
        match (message.addr.as_str(), n, count) {
            ("/map/point", Some(n), Some(count)) => self.hear_point(n, count, message),
            ("/map/frame", ..) => {
                self.sentences.truncate(index(message, 3).unwrap_or(usize::MAX));
            }
            ("/map/labels/texts", Some(n), Some(count)) if count <= MOST => {
                self.regions.resize(count, Region::default());
                if let (Some(region), Some(words)) = (self.regions.get_mut(n), text(message, 2))
                    && region.words != words
                {
                    *region = Region { words: words.into(), ..Region::default() };
                }
            }
            ("/map/labels/points", Some(n), _) => {
                if let (Some(region), Some(place)) = (self.regions.get_mut(n), place(message, 2)) {
                    region.place = place;
                }
            }
            ("/map/search/texts", Some(n), Some(count)) => {
                let Some(words) = text(message, 2) else { return };
                if n == 0 {
                    self.forget_found();
                }
                self.found.push(words.into());
                if let Some(sentence) = self.sentences.iter_mut().find(|one| one.text == words) {
                    sentence.found = 1.0 - 0.5 * n as f32 / count as f32;
                }
            }
            _ => {}
        }
    }

    fn hear_point(&mut self, n: usize, count: usize, message: &Message) {
        let (Some(place), Some(words)) = (place(message, 2), text(message, 4)) else { return };
        if n >= count || count > MOST {
            return;
        }
        if self.sentences.len() != count {
            self.sentences.resize(count, Sentence::default());
        }
        let sentence = &mut self.sentences[n];
        if sentence.text != words {
            *sentence = Sentence { text: words.into(), place, ..Sentence::default() };
        }
        // Regions are others as long as anything moves. What is told again has not moved.
        if sentence.target != place {
            sentence.target = place;
            self.wait = REST;
        }
    }
}

/// The place that two numbers of a message are.
pub(crate) fn place(message: &Message, from: usize) -> Option<Vec2> {
    Some(vec2(number(message, from)?, number(message, from + 1)?))
}

#[cfg(test)]
mod test {
    use super::*;

    #[test]
    fn what_is_told_again_has_not_moved() {
        let osc = Osc::open(([127, 0, 0, 1], 9).into(), &[]).unwrap();
        let mut map = Map::default();
        let tell = |x: f32, map: &mut Map| {
            let args = vec![
                Type::Int(0),
                Type::Int(2),
                Type::Float(x),
                Type::Float(0.5),
                Type::String("The sea is calm".into()),
            ];
            map.hear(&Message { addr: "/map/point".into(), args });
        };
        tell(0.25, &mut map);
        assert!(!map.is_resting() && map.sentences[0].place == vec2(0.25, 0.5));
        map.update(REST, 0.05, 9, &osc);
        assert!(map.is_resting());
        tell(0.25, &mut map);
        assert!(map.is_resting());
        tell(0.75, &mut map);
        assert!(!map.is_resting() && map.sentences[0].is_moving());
        map.update(REST, 0.05, 9, &osc);
        assert!(map.is_resting() && !map.sentences[0].is_moving());
        assert!(map.sentences[1].text.is_empty());
    }
}
