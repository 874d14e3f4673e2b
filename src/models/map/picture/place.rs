//! Where there is room on a sheet: rectangles that are taken, and do not overlap.

/// A rectangle: left, top, right and bottom in millimetres, y downwards.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rect(pub [f32; 4]);

impl Rect {
    /// The rectangle moved.
    pub fn moved(self, [x, y]: [f32; 2]) -> Rect {
        let [left, top, right, bottom] = self.0;
        Rect([left + x, top + y, right + x, bottom + y])
    }

    /// The rectangle with a margin on the left and right, and above and below.
    pub fn with_margin(self, [x, y]: [f32; 2]) -> Rect {
        let [left, top, right, bottom] = self.0;
        Rect([left - x, top - y, right + x, bottom + y])
    }

    /// The least rectangle around both.
    pub fn and(self, other: Rect) -> Rect {
        let ([a, b, c, d], [left, top, right, bottom]) = (self.0, other.0);
        Rect([a.min(left), b.min(top), c.max(right), d.max(bottom)])
    }

    /// Whether both have some place in common.
    pub fn overlaps(self, other: Rect) -> bool {
        let ([a, b, c, d], [left, top, right, bottom]) = (self.0, other.0);
        a < right && left < c && b < bottom && top < d
    }

    /// Whether the other lies in it.
    pub fn contains(self, other: Rect) -> bool {
        self.and(other) == self
    }
}

/// What is taken of a part of the sheet.
pub struct Room {
    bounds: Rect,
    taken: Vec<Rect>,
}

impl Room {
    /// All of it is free.
    pub fn new(bounds: Rect) -> Room {
        Room { bounds, taken: Vec::new() }
    }

    /// Takes a rectangle, free or not.
    pub fn block(&mut self, rect: Rect) {
        self.taken.push(rect);
    }

    /// Takes a rectangle if it is free, and says whether it was.
    pub fn take(&mut self, rect: Rect) -> bool {
        let free =
            self.bounds.contains(rect) && !self.taken.iter().any(|taken| taken.overlaps(rect));
        if free {
            self.taken.push(rect);
        }
        free
    }
}

#[cfg(test)]
mod test {
    use super::*;

    #[test]
    fn nothing_is_taken_twice() {
        let mut room = Room::new(Rect([0.0, 0.0, 10.0, 10.0]));
        assert!(room.take(Rect([0.0, 0.0, 5.0, 5.0])));
        assert!(!room.take(Rect([4.0, 4.0, 6.0, 6.0])));
        assert!(room.take(Rect([5.0, 0.0, 10.0, 5.0])));
        assert!(!room.take(Rect([8.0, 8.0, 11.0, 9.0])));
        room.block(Rect([8.0, 8.0, 11.0, 9.0]));
        assert!(!room.take(Rect([7.0, 7.0, 9.0, 9.0])));
    }
}
