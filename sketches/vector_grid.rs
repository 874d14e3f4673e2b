//! The latent space as a plane without end, with a line of verse in each of its cells.
//!
//! ```sh
//! cargo run --bin vector_grid
//! ```
//!
//! Beside a running enjamb. `h` lists the keys.

use enjamb_sketches::cells::{Cell, Cells, Line};
use enjamb_sketches::field::{Field, Typing};
use enjamb_sketches::osc::{numbers, text};
use enjamb_sketches::plane::{Plane, blob};
use enjamb_sketches::{AMBER, Camera, Hand, Heard, MIST, Options, Osc, Page, Stage, ease, smooth};
use nannou::prelude::*;
use nannou_osc::{Message, Type};
use std::time::{Duration, Instant};

// Parameters to play with.

/// Numbers in a latent vector of the verse model.
const LATENT: usize = 64;
/// A cell is so wide and high, in points, and up to twice as much. From cell to cell it is one
/// latent unit at first; two random places are 11 apart.
const CELL: Vec2 = nannou::glam::const_vec2!([208.0, 80.0]);
/// How near one begins, and how near and how far one may come.
const ZOOM: f32 = 1.05;
const ZOOMS: [f32; 2] = [0.125, 4096.0];
/// The size of type in points.
const SIZE: f32 = 16.0;
/// Seconds in which a line comes and goes.
const FADE: f32 = 0.16;
/// How bright cells are in the middle of the window, and how dark at its edge.
const BRIGHT: f32 = 0.95;
const DARK: f32 = 0.26;
/// Latent units a second, on the walk from pin to pin.
const SPEED: f32 = 0.9;
/// How freely lines are read on that walk.
const TEMPERATURE: f32 = 0.05;

const KEYS: &[(&str, &str)] = &[
    ("drag", "move over the plane"),
    ("wheel, + and -", "go nearer, further away"),
    ("click", "pin a line, or take the pin out"),
    ("enter", "walk from pin to pin, or stop"),
    ("c", "take all pins out"),
    ("a", "another plane through what is in the middle"),
    ("/", "begin at a line of your own"),
    ("0", "back to the beginning"),
];

fn main() {
    nannou::app(model).update(update).run();
}

struct Model {
    stage: Stage,
    osc: Osc,
    plane: Plane,
    camera: Camera,
    cells: Cells,
    pins: Vec<Pin>,
    walk: Walk,
    /// A line of one's own.
    field: Field,
    seed: u64,
}

struct Pin {
    place: Vec2,
    words: String,
}

#[derive(Default)]
struct Walk {
    is_going: bool,
    /// How far along the pins, in latent units.
    along: f32,
    line: String,
    /// The line before it, which goes out.
    before: String,
    line_age: f32,
    asked_at: Option<Instant>,
    strength: f32,
}

fn model(app: &App) -> Model {
    let options = Options::read();
    options
        .window(app, "vector grid")
        .view(view)
        .event(|_, model: &mut Model, event| model.stage.hear(&event))
        .key_pressed(key_pressed)
        .received_character(|_, model: &mut Model, letter| model.field.letter_typed(letter))
        .mouse_moved(|_, model: &mut Model, at| model.camera.mouse_moved(at))
        .mouse_pressed(|_, model: &mut Model, button| model.camera.mouse_pressed(button))
        .mouse_released(mouse_released)
        .mouse_wheel(|app, model: &mut Model, wheel, _| {
            model.camera.mouse_wheel(wheel, app.main_window().rect())
        })
        .build()
        .expect("a display and a graphics driver (on Debian, mesa-vulkan-drivers is one)");
    // All that it needs to hear are answers to what it asks itself.
    let osc = Osc::open(options.at, &[]).expect("the system has a socket");
    Model {
        stage: Stage::new(app, options, "vector_grid", KEYS),
        osc,
        plane: Plane::new(vec![0.0; LATENT], 1),
        camera: Camera::new(CELL, ZOOM, ZOOMS),
        cells: Cells::default(),
        pins: Vec::new(),
        walk: Walk::default(),
        field: Field::new("a line to begin at", AMBER),
        seed: 1,
    }
}

fn key_pressed(app: &App, model: &mut Model, key: Key) {
    if !model.stage.is_meant(key) {
        return;
    }
    match model.field.key_pressed(key) {
        Typing::Elsewhere => {}
        Typing::Entered(line) if !line.is_empty() => {
            return model.osc.send("/poetry/encode", vec![Type::String(line)]);
        }
        _ => return,
    }
    match key {
        Key::Equals | Key::NumpadAdd => model.camera.approach(1.5, Vec2::ZERO),
        Key::Minus | Key::NumpadSubtract => model.camera.approach(1.0 / 1.5, Vec2::ZERO),
        Key::Return | Key::NumpadEnter => {
            model.walk.is_going = !model.walk.is_going && model.pins.len() > 1;
        }
        Key::C => model.take_pins_out(),
        Key::A => {
            model.seed += 1;
            let middle = model.plane.z(model.camera.wanted_at);
            model.begin_at(middle);
        }
        Key::Key0 => model.camera.fly_to(Vec2::ZERO, ZOOM),
        _ => model.stage.key_pressed(app, key),
    }
}

fn mouse_released(_: &App, model: &mut Model, button: MouseButton) {
    if model.camera.mouse_released(button) {
        model.pin_at(model.camera.mouse);
    }
}

impl Model {
    /// Pins what is under the mouse, or takes its pin out.
    fn pin_at(&mut self, mouse: Vec2) {
        let cell = Cell::at(self.camera.to_plane(mouse), Cell::level(&self.camera));
        let place = cell.place();
        let n_before = self.pins.len();
        self.pins.retain(|pin| pin.place.distance(place) > 0.3 * cell.side());
        if self.pins.len() == n_before
            && let Some(line) = self.cells.get(cell)
        {
            self.pins.push(Pin { place, words: line.words.clone() });
        }
        self.walk.is_going &= self.pins.len() > 1;
    }

    fn take_pins_out(&mut self) {
        self.pins.clear();
        self.walk.is_going = false;
    }

    /// Lays another plane, through a latent vector.
    fn begin_at(&mut self, z: Vec<f32>) {
        self.plane = Plane::new(z, self.seed);
        (self.camera.at, self.camera.wanted_at) = (Vec2::ZERO, Vec2::ZERO);
        self.cells = Cells::default();
        self.take_pins_out();
    }
}

fn update(app: &App, model: &mut Model, _: Update) {
    let seconds = model.stage.update(app);
    let window = app.main_window().rect();
    let heard: Vec<Heard> = model.osc.heard().collect();
    for heard in heard {
        match heard {
            Heard::Found => {
                model.stage.is_waiting = false;
                model.cells.ask_again();
            }
            Heard::Lost => model.stage.is_waiting = true,
            Heard::Message(message) => hear(model, &message),
        }
    }
    model.field.update(seconds);
    model.camera.update(seconds, 0.08);
    model.cells.update(&model.camera, window, seconds, FADE);
    if !model.stage.is_waiting {
        model.cells.ask(&model.plane, &model.camera, window, &model.osc);
    }
    walk(model, seconds);
}

fn hear(model: &mut Model, message: &Message) {
    model.cells.hear(message);
    match message.addr.as_str() {
        "/poetry/encode/mean" => {
            let mean = numbers(message, 0);
            if mean.len() == LATENT {
                model.begin_at(mean);
            }
        }
        "/poetry/generate/out" => {
            let walk = &mut model.walk;
            walk.asked_at = None;
            if let Some(words) = text(message, 0).filter(|words| *words != walk.line) {
                walk.before = std::mem::replace(&mut walk.line, words.into());
                walk.line_age = 0.0;
            }
        }
        _ => {}
    }
}

/// Moves the light from pin to pin and round again, and reads a line where it is.
fn walk(model: &mut Model, seconds: f32) {
    let walk = &mut model.walk;
    let shown = if walk.is_going { 1.0 } else { 0.0 };
    walk.strength = ease(walk.strength, shown, seconds, 0.25);
    walk.line_age += seconds;
    if !walk.is_going {
        return;
    }
    walk.along += SPEED * seconds;
    let is_late = |at: Instant| at.elapsed() > Duration::from_secs(2);
    if !model.stage.is_waiting && walk.line_age > 0.9 && walk.asked_at.is_none_or(is_late) {
        walk.asked_at = Some(Instant::now());
        let z = model.plane.z(on_the_way(&model.pins, walk.along));
        model.osc.send("/poetry/generate", vec![blob(&z), Type::Float(TEMPERATURE)]);
    }
}

/// The place so far along the way through all pins, and back from the last to the first.
fn on_the_way(pins: &[Pin], along: f32) -> Vec2 {
    let legs: Vec<(Vec2, Vec2)> =
        (0..pins.len()).map(|n| (pins[n].place, pins[(n + 1) % pins.len()].place)).collect();
    let length: f32 = legs.iter().map(|(from, to)| from.distance(*to)).sum();
    let mut rest = along % length.max(1e-6);
    for (from, to) in legs {
        let leg = from.distance(to);
        if rest <= leg {
            return from.lerp(to, smooth(0.0, 1.0, rest / leg.max(1e-6)));
        }
        rest -= leg;
    }
    pins.first().map_or(Vec2::ZERO, |pin| pin.place)
}

fn view(app: &App, model: &Model, frame: Frame) {
    let mut page = model.stage.sheet.page(app);
    show_crosses(model, &mut page);
    show_way(model, &mut page);
    for (cell, line) in model.cells.iter() {
        show_line(model, &mut page, cell, line);
    }
    for pin in &model.pins {
        let at = model.camera.to_window(pin.place);
        page.glow(at, CELL.x * 0.5, AMBER, 0.16);
        let hand = Hand::italic(SIZE + 2.0)
            .colour(AMBER)
            .strength(1.0 - model.walk.strength * nearness(model, at))
            .afloat(model.camera.is_moving());
        show_words(&mut page, &pin.words, at, hand);
    }
    show_walk(model, &mut page);
    model.field.show(&mut page);
    model.stage.show_waiting(&mut page, model.cells.is_empty());
    model.stage.show_help(&mut page);
    page.show(&frame);
}

/// Where four cells meet, a small cross.
fn show_crosses(model: &Model, page: &mut Page) {
    for cell in Cell::shown(&model.camera, page.rect().pad(-CELL.x)) {
        let at = model.camera.to_window(cell.place() + Vec2::splat(cell.side() / 2.0));
        let strength = 0.20 + 0.14 * light(model, page.rect(), at);
        page.rule(at - vec2(3.0, 0.0), at + vec2(3.0, 0.0), MIST, strength);
        page.rule(at - vec2(0.0, 3.0), at + vec2(0.0, 3.0), MIST, strength);
    }
}

/// How bright it is at a place in the window: brighter in the middle, and under the mouse.
fn light(model: &Model, window: Rect, at: Vec2) -> f32 {
    let reach = vec2(window.w(), window.h()) * 0.46;
    let from_middle = (at / reach).length();
    let from_mouse = ((at - model.camera.mouse) / (CELL * 0.9)).length();
    let mouse = 0.35 * (-from_mouse * from_mouse).exp();
    (DARK + (BRIGHT - DARK) * (-from_middle * from_middle * 1.1).exp() + mouse).min(1.0)
}

fn show_line(model: &Model, page: &mut Page, cell: Cell, line: &Line) {
    let at = model.camera.to_window(cell.place());
    if !page.rect().pad(-CELL.x).contains(at) {
        return;
    }
    let mut strength = line.strength * light(model, page.rect(), at);
    // What is read on the walk must be readable.
    strength *= 1.0 - model.walk.strength * (0.25 + 0.7 * nearness(model, at));
    let is_pinned = model.pins.iter().any(|pin| pin.place == cell.place());
    if strength > 0.02 && !is_pinned {
        let hand = Hand::roman(SIZE).strength(strength).afloat(model.camera.is_moving());
        show_words(page, &line.words, at, hand);
    }
}

/// How near a place in the window is to the line that is read on the walk, from 0 to 1.
fn nearness(model: &Model, at: Vec2) -> f32 {
    let head = model.camera.to_window(on_the_way(&model.pins, model.walk.along));
    let off = ((at - head - vec2(0.0, 24.0)) / (CELL * vec2(1.5, 0.9))).length();
    (-off * off).exp()
}

/// A line of verse in a cell, broken where it is too wide for it.
fn show_words(page: &mut Page, words: &str, at: Vec2, hand: Hand) {
    let lines = page.wrap(words, hand, CELL.x * 0.88);
    let leading = hand.size() * 1.2;
    let top = at.y + (lines.len() as f32 / 2.0 - 0.76) * leading;
    for (n, line) in lines.iter().enumerate() {
        page.write_centred(line, hand, vec2(at.x, top - n as f32 * leading));
    }
}

/// The way through the pins, as a thread.
fn show_way(model: &Model, page: &mut Page) {
    if model.pins.len() < 2 {
        return;
    }
    let n = model.pins.len();
    let last = if n == 2 { 1 } else { n };
    for leg in 0..last {
        let from = model.camera.to_window(model.pins[leg].place);
        let to = model.camera.to_window(model.pins[(leg + 1) % n].place);
        let strength = 0.36 + 0.2 * model.walk.strength;
        // It leaves room for what is pinned.
        let places: Vec<(Vec2, f32, f32)> = (0..=48)
            .map(|i| {
                let at = from.lerp(to, i as f32 / 48.0);
                let off = |pin: Vec2| ((at - pin) / (CELL * vec2(0.52, 0.5))).length();
                let clear = smooth(0.8, 1.3, off(from).min(off(to)));
                (at, 2.4, strength * clear)
            })
            .collect();
        page.thread(&places, AMBER);
    }
}

fn show_walk(model: &Model, page: &mut Page) {
    let walk = &model.walk;
    if walk.strength < 0.01 || model.pins.is_empty() {
        return;
    }
    let at = model.camera.to_window(on_the_way(&model.pins, walk.along));
    page.glow(at, 70.0, AMBER, 0.45 * walk.strength);
    page.glow(at, 12.0, [1.0, 0.95, 0.85], walk.strength);
    let window = page.rect();
    let size = (window.w() / 44.0).clamp(17.0, 30.0);
    let arrived = smooth(0.0, 0.45, walk.line_age);
    for (words, strength) in [(&walk.before, 1.0 - arrived), (&walk.line, arrived)] {
        let hand = Hand::italic(size).colour(AMBER).strength(strength * walk.strength).afloat(true);
        let width = page.measure(words, hand);
        let free = (window.w() / 2.0 - width / 2.0 - 16.0).max(0.0);
        let start = vec2(at.x.clamp(-free, free) - width / 2.0, at.y + size * 0.9);
        page.shade(start, width, size, 0.9 * hand.looks());
        page.write(words, hand, start);
    }
}
