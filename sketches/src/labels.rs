//! Labels where there is room: they come where there is some, and go where there is none.

use crate::ease;
use nannou::prelude::Rect;

/// Labels without room that are tried in a frame.
const TRIES: usize = 300;

/// A label, which stands to the right of its point, or to the left.
#[derive(Clone, Debug, Default)]
pub struct Label {
    /// How strongly it shows.
    pub strength: f32,
    /// On which side it stands.
    pub is_left: bool,
    has_room: bool,
}

/// The labels of a number of points.
pub struct Labels {
    labels: Vec<Label>,
    is_spread: bool,
    /// Who is tried when, and how far that has come.
    order: Vec<usize>,
    tried: usize,
}

impl Labels {
    /// Those of points that come first have room before others.
    pub fn in_order() -> Self {
        Self { labels: Vec::new(), is_spread: false, order: Vec::new(), tried: 0 }
    }

    /// Those of all points have room alike, whatever the order of the points.
    pub fn spread() -> Self {
        Self { is_spread: true, ..Self::in_order() }
    }

    /// A point's label.
    pub fn strength(&self, point: usize) -> f32 {
        self.labels.get(point).map_or(0.0, |label| label.strength)
    }

    /// The labels that can be seen, and the points that they belong to.
    pub fn seen(&self) -> impl Iterator<Item = (usize, &Label)> {
        self.labels.iter().enumerate().filter(|(_, label)| label.strength > 0.02)
    }

    /// Finds room for the labels of so many points, and takes it. Those before all others are asked
    /// for by `is_first`; of the others, those that have room keep it while there is some. `room` is
    /// what a point's label needs on its right or on its left, if it is wanted.
    pub fn place(
        &mut self,
        n: usize,
        most: usize,
        taken: &mut Vec<Rect>,
        is_first: impl Fn(usize) -> bool,
        mut room: impl FnMut(usize, bool) -> Option<Rect>,
    ) {
        self.resize(n);
        let had_room = |i: &usize| self.labels[*i].has_room;
        let first = self.order.iter().filter(|i| is_first(**i));
        let others = || self.order.iter().filter(|i| !is_first(**i));
        let tried = self.order.iter().cycle().skip(self.tried).take(TRIES.min(n));
        let tried = tried.filter(|i| !is_first(**i) && !had_room(i));
        let order: Vec<usize> =
            first.chain(others().filter(|i| had_room(i))).chain(tried).copied().collect();
        self.tried = (self.tried + TRIES) % n.max(1);
        let mut n_placed = 0;
        for i in order {
            let label = &mut self.labels[i];
            label.has_room = false;
            if n_placed >= most && !is_first(i) {
                continue;
            }
            let fits = |is_left: bool| {
                let room = room(i, is_left)?;
                let is_free = taken.iter().all(|other| other.overlap(room).is_none());
                is_free.then_some((is_left, room))
            };
            if let Some((is_left, room)) =
                [label.is_left, !label.is_left].into_iter().find_map(fits)
            {
                // It changes sides only where it can't be seen.
                if label.is_left == is_left || label.strength < 0.15 {
                    (label.is_left, label.has_room) = (is_left, true);
                }
                taken.push(room);
                n_placed += 1;
            }
        }
    }

    fn resize(&mut self, n: usize) {
        if self.labels.len() == n {
            return;
        }
        self.labels.resize(n, Label::default());
        self.order = (0..n).collect();
        if self.is_spread {
            self.order.sort_by_key(|i| (*i as u32 + 1).wrapping_mul(2_654_435_769));
        }
    }

    /// To be called at each update: labels come and go, half the way in each `half_life` seconds.
    pub fn update(&mut self, seconds: f32, half_life: f32) {
        for label in &mut self.labels {
            let shown = if label.has_room { 1.0 } else { 0.0 };
            label.strength = ease(label.strength, shown, seconds, half_life);
        }
    }
}

#[cfg(test)]
mod test {
    use super::*;

    #[test]
    fn labels_stand_where_there_is_room() {
        let mut labels = Labels::in_order();
        // Three points in a row, whose labels are as wide as two of their distances.
        let room = |i: usize, is_left: bool| {
            let middle = i as f32 * 10.0 + if is_left { -10.0 } else { 10.0 };
            Some(Rect::from_x_y_w_h(middle, 0.0, 19.0, 5.0))
        };
        let place = |labels: &mut Labels, first: usize| {
            labels.place(3, 9, &mut Vec::new(), |i| i == first, room);
            labels.update(99.0, 0.1);
            labels.seen().map(|(i, label)| (i, label.is_left)).collect::<Vec<_>>()
        };
        assert_eq!(place(&mut labels, 0), [(0, false), (2, false)]);
        // Whoever comes first has its room; the others follow.
        assert_eq!(place(&mut labels, 1), [(1, false)]);
        assert_eq!(place(&mut labels, 9), [(0, true), (1, false)]);
    }
}
