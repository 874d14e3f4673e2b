//! Looking around on a plane: drag it, turn the wheel to go nearer.

use crate::ease;
use nannou::prelude::{MouseButton, MouseScrollDelta, Rect, Vec2};

/// How far the mouse may move in a click, in points.
const CLICK: f32 = 4.0;
/// How much nearer a notch of the wheel goes, as a power of e.
const NOTCH: f32 = 0.17;
/// Points that a wheel which counts in pixels moves in a notch.
const PIXELS: f32 = 50.0;

/// What part of a plane the window shows. It glides to where it is wanted.
pub struct Camera {
    /// What lies in the middle of the window.
    pub at: Vec2,
    /// What shall lie there.
    pub wanted_at: Vec2,
    /// How near it is.
    pub zoom: f32,
    /// How near it shall be.
    pub wanted_zoom: f32,
    /// Points to a unit of the plane, from left to right and from bottom to top, at a zoom of 1.
    pub unit: Vec2,
    /// Where the mouse is, in points; far away until it has moved.
    pub mouse: Vec2,
    zooms: [f32; 2],
    /// Where the mouse went down, and where the camera was then.
    pressed: Option<(Vec2, Vec2)>,
    is_dragging: bool,
}

impl Camera {
    /// A camera over the middle of the plane, with the least and the greatest zoom.
    pub fn new(unit: Vec2, zoom: f32, zooms: [f32; 2]) -> Self {
        Self {
            at: Vec2::ZERO,
            wanted_at: Vec2::ZERO,
            zoom,
            wanted_zoom: zoom,
            unit,
            mouse: Vec2::splat(f32::MAX),
            zooms,
            pressed: None,
            is_dragging: false,
        }
    }

    /// Where a place of the plane lies in the window.
    pub fn to_window(&self, place: Vec2) -> Vec2 {
        (place - self.at) * self.unit * self.zoom
    }

    /// What place of the plane lies there in the window.
    pub fn to_plane(&self, at: Vec2) -> Vec2 {
        at / (self.unit * self.zoom) + self.at
    }

    /// Whether what it shows moves by more than one sees.
    pub fn is_moving(&self) -> bool {
        let off = (self.at - self.wanted_at) * self.unit * self.zoom;
        off.length() > 0.1 || (self.zoom / self.wanted_zoom - 1.0).abs() > 1e-4
    }

    /// Goes nearer, or further away, while what is under a place in the window stays there.
    pub fn approach(&mut self, factor: f32, under: Vec2) {
        let before = under / (self.unit * self.wanted_zoom);
        let [least, greatest] = self.zooms;
        self.wanted_zoom = (self.wanted_zoom * factor).clamp(least, greatest);
        self.wanted_at += before - under / (self.unit * self.wanted_zoom);
    }

    /// Glides to a place.
    pub fn fly_to(&mut self, at: Vec2, zoom: f32) {
        let [least, greatest] = self.zooms;
        (self.wanted_at, self.wanted_zoom) = (at, zoom.clamp(least, greatest));
    }

    /// To be called at each update: goes half the way in each `half_life` seconds.
    pub fn update(&mut self, seconds: f32, half_life: f32) {
        self.at.x = ease(self.at.x, self.wanted_at.x, seconds, half_life);
        self.at.y = ease(self.at.y, self.wanted_at.y, seconds, half_life);
        self.zoom = ease(self.zoom, self.wanted_zoom, seconds, 0.09);
    }

    /// To be called when the mouse moves.
    pub fn mouse_moved(&mut self, mouse: Vec2) {
        self.mouse = mouse;
        if let Some((from, was_at)) = self.pressed {
            self.is_dragging |= mouse.distance(from) > CLICK;
            if self.is_dragging {
                self.wanted_at = was_at - (mouse - from) / (self.unit * self.zoom);
                self.at = self.wanted_at;
            }
        }
    }

    /// To be called when a button goes down.
    pub fn mouse_pressed(&mut self, button: MouseButton) {
        if button == MouseButton::Left {
            self.pressed = Some((self.mouse, self.at));
            self.is_dragging = false;
        }
    }

    /// To be called when a button comes up; says whether that was a click.
    pub fn mouse_released(&mut self, button: MouseButton) -> bool {
        button == MouseButton::Left && self.pressed.take().is_some() && !self.is_dragging
    }

    /// To be called when the wheel turns.
    pub fn mouse_wheel(&mut self, wheel: MouseScrollDelta, window: Rect) {
        let notches = match wheel {
            MouseScrollDelta::LineDelta(_, lines) => lines,
            MouseScrollDelta::PixelDelta(pixels) => pixels.y as f32 / PIXELS,
        };
        let under = if window.contains(self.mouse) { self.mouse } else { Vec2::ZERO };
        self.approach((notches * NOTCH).clamp(-1.0, 1.0).exp(), under);
    }
}

#[cfg(test)]
mod test {
    use super::*;
    use nannou::prelude::vec2;

    #[test]
    fn what_is_under_the_mouse_stays_there() {
        let mut camera = Camera::new(vec2(200.0, 80.0), 1.0, [0.5, 100.0]);
        let mouse = vec2(120.0, -70.0);
        let place = camera.to_plane(mouse);
        camera.approach(3.0, mouse);
        camera.update(99.0, 0.1);
        assert!(camera.to_window(place).distance(mouse) < 0.01 && !camera.is_moving());
        camera.approach(1e9, mouse);
        assert_eq!(camera.wanted_zoom, 100.0);
    }

    #[test]
    fn a_drag_is_no_click() {
        let mut camera = Camera::new(vec2(100.0, 100.0), 1.0, [0.5, 100.0]);
        for (to, is_click) in [(vec2(1.0, 1.0), true), (vec2(50.0, 0.0), false)] {
            camera.mouse_moved(Vec2::ZERO);
            camera.mouse_pressed(MouseButton::Left);
            camera.mouse_moved(to);
            assert_eq!(camera.mouse_released(MouseButton::Left), is_click);
        }
        assert_eq!(camera.at, vec2(-0.5, 0.0));
    }
}
