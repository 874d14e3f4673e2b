//! The latent space as a plane without end, with a line of verse in each of its cells.
//!
//! ```sh
//! cargo run --release --bin vector_grid
//! ```
//!
//! Beside a running enjamb. `h` lists the keys.

use enjamb_sketches::osc::{index, numbers, text};
use enjamb_sketches::{
    AMBER, Hand, Heard, InkPlugin, MIST, Options, Osc, Page, Stage, ease, smooth,
};
use nannou::prelude::*;
use nannou_osc::{Message, Type};
use std::collections::HashMap;
use std::time::{Duration, Instant};

// Parameters to play with.

/// Numbers in a latent vector of the verse model.
const LATENT: usize = 64;
/// Latent units from cell to cell at first; two random places are 11 apart.
const STEP: f32 = 1.0;
/// A cell is so wide and high, in points, and up to twice as much.
const CELL: Vec2 = Vec2::new(208.0, 80.0);
/// Cells on each side of a square that is asked for at once.
const ASKED: i32 = 5;
/// Lines that are remembered; when there are more, those far away are forgotten.
const MOST_CELLS: usize = 10_000;
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
    nannou::app(model).update(update).add_plugin(InkPlugin).run();
}

struct Model {
    stage: Stage,
    osc: Osc,
    plane: Plane,
    camera: Camera,
    cells: HashMap<Cell, Line>,
    asked: Option<Asked>,
    pins: Vec<Pin>,
    walk: Walk,
    mouse: Vec2,
    /// A line of one's own, as it is typed.
    typed: Option<String>,
    seed: u64,
    is_found: bool,
    /// How strongly it shows that there is no enjamb.
    waiting: f32,
}

/// A plane through the latent space.
struct Plane {
    origin: Vec<f32>,
    /// Both of length 1, at right angles to each other.
    axes: [Vec<f32>; 2],
}

struct Camera {
    /// In latent units.
    at: Vec2,
    wanted_at: Vec2,
    /// Points to a latent unit from left to right.
    scale: f32,
    wanted_scale: f32,
    /// Where the mouse went down, and where the camera was then.
    pressed: Option<(Vec2, Vec2)>,
    is_dragging: bool,
}

/// Each level has cells half as far apart as the one before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Cell {
    level: i32,
    x: i32,
    y: i32,
}

struct Line {
    words: String,
    strength: f32,
}

/// A square of cells that is being written, with its cell at the bottom left.
struct Asked {
    first: Cell,
    is_here: Vec<bool>,
    at: Instant,
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
    let [width, height] = options.size;
    app.new_window::<Model>()
        .primary()
        .title("vector grid")
        .size(width, height)
        .view(view)
        .key_pressed(key_pressed)
        .received_character(received_character)
        .mouse_moved(mouse_moved)
        .mouse_pressed(mouse_pressed)
        .mouse_released(mouse_released)
        .mouse_wheel(mouse_wheel)
        .build();
    // All that it needs to hear are answers to what it asks itself.
    let osc = Osc::open(options.at, &[]).expect("the system has a socket");
    Model {
        stage: Stage::new(app, options, "vector_grid", KEYS),
        osc,
        plane: Plane::new(vec![0.0; LATENT], 1),
        camera: Camera::new(),
        cells: HashMap::new(),
        asked: None,
        pins: Vec::new(),
        walk: Walk::default(),
        mouse: Vec2::splat(f32::MAX),
        typed: None,
        seed: 1,
        is_found: false,
        waiting: 0.0,
    }
}

impl Plane {
    fn new(origin: Vec<f32>, seed: u64) -> Self {
        // Splitmix64: the same seed gives the same plane everywhere.
        let mut state = seed;
        let mut uniform = || {
            state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            ((mixed ^ (mixed >> 31)) >> 40) as f32 / (1 << 23) as f32 - 1.0
        };
        // The sum of some even numbers is near enough to a normal one.
        let mut axis =
            || -> Vec<f32> { (0..LATENT).map(|_| (0..6).map(|_| uniform()).sum()).collect() };
        let x = scaled(&axis(), 1.0);
        let y = axis();
        let along: f32 = x.iter().zip(&y).map(|(x, y)| x * y).sum();
        let y: Vec<f32> = y.iter().zip(&x).map(|(y, x)| y - along * x).collect();
        let y = scaled(&y, 1.0);
        Self { origin, axes: [x, y] }
    }

    /// The latent vector of a place on the plane.
    fn z(&self, place: Vec2) -> Vec<f32> {
        let [x, y] = &self.axes;
        (0..LATENT).map(|i| self.origin[i] + place.x * x[i] + place.y * y[i]).collect()
    }
}

/// A vector of the same direction with a length.
fn scaled(vector: &[f32], length: f32) -> Vec<f32> {
    let norm = vector.iter().map(|x| x * x).sum::<f32>().sqrt().max(1e-9);
    vector.iter().map(|x| x * length / norm).collect()
}

/// A vector as OSC's blob of floats.
fn blob(vector: &[f32]) -> Type {
    Type::Blob(vector.iter().flat_map(|x| x.to_be_bytes()).collect())
}

impl Camera {
    fn new() -> Self {
        let scale = CELL.x * 1.05 / STEP;
        Self {
            at: Vec2::ZERO,
            wanted_at: Vec2::ZERO,
            scale,
            wanted_scale: scale,
            pressed: None,
            is_dragging: false,
        }
    }

    /// Points to a latent unit. Lines are wide and low, and so are cells.
    fn stretch(scale: f32) -> Vec2 {
        vec2(scale, scale * CELL.y / CELL.x)
    }

    fn to_window(&self, place: Vec2) -> Vec2 {
        (place - self.at) * Self::stretch(self.scale)
    }

    fn to_plane(&self, at: Vec2) -> Vec2 {
        at / Self::stretch(self.scale) + self.at
    }

    /// The level whose cells fit best.
    fn level(&self) -> i32 {
        (self.scale / CELL.x).log2().floor() as i32
    }

    fn is_moving(&self) -> bool {
        (self.at - self.wanted_at).length() * self.scale > 0.1
            || (self.scale / self.wanted_scale - 1.0).abs() > 1e-4
    }

    fn approach(&mut self, factor: f32, mouse: Vec2) {
        let before = mouse / Self::stretch(self.wanted_scale);
        self.wanted_scale = (self.wanted_scale * factor).clamp(CELL.x / 8.0, CELL.x * 4096.0);
        self.wanted_at += before - mouse / Self::stretch(self.wanted_scale);
    }
}

impl Cell {
    fn place(self) -> Vec2 {
        vec2(self.x as f32, self.y as f32) * (-self.level as f32).exp2()
    }

    fn at(place: Vec2, level: i32) -> Self {
        let cell = (place * (level as f32).exp2()).round();
        Self { level, x: cell.x as i32, y: cell.y as i32 }
    }

    /// All that a window shows.
    fn shown(camera: &Camera, window: Rect) -> Vec<Self> {
        let level = camera.level();
        let low = Self::at(camera.to_plane(window.bottom_left()), level);
        let high = Self::at(camera.to_plane(window.top_right()), level);
        let rows = low.y..=high.y;
        rows.flat_map(|y| (low.x..=high.x).map(move |x| Self { level, x, y })).collect()
    }
}

fn key_pressed(app: &App, model: &mut Model, key: KeyCode) {
    if let Some(typed) = &mut model.typed {
        match key {
            KeyCode::Escape => model.typed = None,
            KeyCode::Backspace => drop(typed.pop()),
            KeyCode::Space => typed.push(' '),
            KeyCode::Enter | KeyCode::NumpadEnter => {
                let line = model.typed.take().unwrap_or_default();
                model.osc.send("/poetry/encode", vec![Type::String(line)]);
            }
            _ => {}
        }
        return;
    }
    match key {
        KeyCode::Equal | KeyCode::NumpadAdd => model.camera.approach(1.5, Vec2::ZERO),
        KeyCode::Minus | KeyCode::NumpadSubtract => model.camera.approach(1.0 / 1.5, Vec2::ZERO),
        KeyCode::Enter | KeyCode::NumpadEnter => {
            model.walk.is_going = !model.walk.is_going && model.pins.len() > 1;
        }
        KeyCode::KeyC => model.take_pins_out(),
        KeyCode::KeyA => {
            model.seed += 1;
            let middle = model.plane.z(model.camera.wanted_at);
            model.begin_at(middle);
        }
        KeyCode::Digit0 => {
            model.camera.wanted_at = Vec2::ZERO;
            model.camera.wanted_scale = Camera::new().scale;
        }
        _ => model.stage.key_pressed(app, key),
    }
}

fn received_character(_: &App, model: &mut Model, character: char) {
    match &mut model.typed {
        Some(typed) if !character.is_control() && character != ' ' => typed.push(character),
        None if character == '/' => model.typed = Some(String::new()),
        _ => {}
    }
}

fn mouse_moved(_: &App, model: &mut Model, at: Point2) {
    model.mouse = at;
    let camera = &mut model.camera;
    if let Some((from, was_at)) = camera.pressed {
        camera.is_dragging |= at.distance(from) > 4.0;
        if camera.is_dragging {
            camera.wanted_at = was_at - (at - from) / Camera::stretch(camera.scale);
            camera.at = camera.wanted_at;
        }
    }
}

fn mouse_pressed(_: &App, model: &mut Model, button: MouseButton) {
    if button == MouseButton::Left {
        model.camera.pressed = Some((model.mouse, model.camera.at));
        model.camera.is_dragging = false;
    }
}

fn mouse_released(_: &App, model: &mut Model, _: MouseButton) {
    let was_pressed = model.camera.pressed.take().is_some();
    if was_pressed && !model.camera.is_dragging {
        model.pin_at(model.mouse);
    }
}

fn mouse_wheel(app: &App, model: &mut Model, wheel: MouseWheel) {
    let window = app.main_window().rect();
    let mouse = if window.contains(model.mouse) { model.mouse } else { Vec2::ZERO };
    model.camera.approach((wheel.y * 0.16).clamp(-1.0, 1.0).exp(), mouse);
}

impl Model {
    /// Pins what is under the mouse, or takes its pin out.
    fn pin_at(&mut self, mouse: Vec2) {
        let cell = Cell::at(self.camera.to_plane(mouse), self.camera.level());
        let place = cell.place();
        let n_before = self.pins.len();
        let near = (-cell.level as f32).exp2() * 0.3;
        self.pins.retain(|pin| pin.place.distance(place) > near);
        if self.pins.len() == n_before
            && let Some(line) = self.cells.get(&cell)
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
        self.camera.at = Vec2::ZERO;
        self.camera.wanted_at = Vec2::ZERO;
        self.cells.clear();
        self.asked = None;
        self.take_pins_out();
    }
}

fn update(app: &App, model: &mut Model) {
    let seconds = model.stage.update(app);
    let window = app.main_window().rect();
    let heard: Vec<Heard> = model.osc.heard().collect();
    for heard in heard {
        match heard {
            Heard::Found => (model.is_found, model.asked) = (true, None),
            Heard::Lost => (model.is_found, model.asked) = (false, None),
            Heard::Message(message) => hear(model, &message),
        }
    }
    let camera = &mut model.camera;
    camera.at.x = ease(camera.at.x, camera.wanted_at.x, seconds, 0.08);
    camera.at.y = ease(camera.at.y, camera.wanted_at.y, seconds, 0.08);
    camera.scale = ease(camera.scale, camera.wanted_scale, seconds, 0.08);
    // Cells of other levels go, but those that lie where one of this level does.
    let level = camera.level();
    for (cell, line) in &mut model.cells {
        let shown = if cell.level == level { 1.0 } else { 0.0 };
        line.strength = ease(line.strength, shown, seconds, FADE);
    }
    carry_over(&mut model.cells, level);
    if model.cells.len() > MOST_CELLS {
        let near = window.pad(-window.w());
        model.cells.retain(|cell, _| near.contains(camera.to_window(cell.place())));
    }
    ask_for_cells(model, window);
    walk(model, seconds);
    let waiting = if model.is_found { 0.0 } else { 1.0 };
    model.waiting = ease(model.waiting, waiting, seconds, 0.4);
}

fn hear(model: &mut Model, message: &Message) {
    match message.addr.as_str() {
        "/poetry/grid/lines" => {
            let (Some(n), Some(words)) = (index(message, 0), text(message, 2)) else { return };
            let Some(asked) = &mut model.asked else { return };
            // Rows come from top to bottom, and the plane goes up.
            let side = ASKED as usize;
            let (column, row) = ((n % side) as i32, ASKED - 1 - (n / side) as i32);
            let cell = Cell { x: asked.first.x + column, y: asked.first.y + row, ..asked.first };
            if let Some(is_here) = asked.is_here.get_mut(n) {
                *is_here = true;
                let new = || Line { words: words.into(), strength: 0.0 };
                model.cells.entry(cell).or_insert_with(new);
                if asked.is_here.iter().all(|is_here| *is_here) {
                    model.asked = None;
                }
            }
        }
        "/poetry/grid/error" => model.asked = None,
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

/// What one level knows, the next knows of every other cell: their places are the same.
fn carry_over(cells: &mut HashMap<Cell, Line>, level: i32) {
    if cells.keys().any(|cell| cell.level == level) {
        return;
    }
    let known: Vec<(Cell, String, f32)> = cells
        .iter()
        .filter_map(|(cell, line)| {
            let same = Cell::at(cell.place(), level);
            (same.place() == cell.place()).then(|| (same, line.words.clone(), line.strength))
        })
        .collect();
    cells.retain(|cell, _| (cell.level - level).abs() <= 1);
    for (cell, words, strength) in known {
        cells.insert(cell, Line { words, strength });
    }
    // The old ones of the same places would show through.
    cells.retain(|cell, _| {
        cell.level == level || Cell::at(cell.place(), level).place() != cell.place()
    });
}

/// Asks for a square of cells around the one nearest to the middle that has no line yet.
fn ask_for_cells(model: &mut Model, window: Rect) {
    let is_late = |asked: &Asked| asked.at.elapsed() > Duration::from_secs(3);
    if !model.is_found || model.asked.as_ref().is_some_and(|asked| !is_late(asked)) {
        return;
    }
    let middle = model.camera.to_window(model.camera.at);
    let distance = |cell: &Cell| (model.camera.to_window(cell.place()) - middle).length();
    let missing = Cell::shown(&model.camera, window)
        .into_iter()
        .filter(|cell| !model.cells.contains_key(cell))
        .min_by(|a, b| distance(a).total_cmp(&distance(b)));
    let Some(cell) = missing else { return };
    let half = ASKED / 2;
    let first = Cell { x: cell.x - half, y: cell.y - half, ..cell };
    let span = half as f32 * (-cell.level as f32).exp2();
    let [x, y] = &model.plane.axes;
    let down: Vec<f32> = y.iter().map(|y| -y).collect();
    let mut arguments = vec![blob(&model.plane.z(cell.place())), blob(x), blob(&down)];
    arguments.extend([Type::Float(span), Type::Int(ASKED), Type::Int(ASKED)]);
    model.osc.send("/poetry/grid", arguments);
    let is_here = vec![false; (ASKED * ASKED) as usize];
    model.asked = Some(Asked { first, is_here, at: Instant::now() });
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
    if model.is_found && walk.line_age > 0.9 && walk.asked_at.is_none_or(is_late) {
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

fn view(app: &App, model: &Model) {
    let mut page = model.stage.sheet.page(app);
    show_crosses(model, &mut page);
    show_way(model, &mut page);
    for (cell, line) in &model.cells {
        show_line(model, &mut page, *cell, line);
    }
    for pin in &model.pins {
        let at = model.camera.to_window(pin.place);
        page.glow(at, CELL.x * 0.5, AMBER, 0.16);
        let hand = Hand::italic(SIZE + 2.0).colour(AMBER).afloat(model.camera.is_moving());
        show_words(&mut page, &pin.words, at, hand);
    }
    show_walk(model, &mut page);
    show_typed(model, &mut page);
    model.stage.show_waiting(&mut page, model.waiting, model.cells.is_empty());
    model.stage.show_help(&mut page);
    page.show();
}

/// Where four cells meet, a small cross.
fn show_crosses(model: &Model, page: &mut Page) {
    let half = (-model.camera.level() as f32).exp2() / 2.0;
    for cell in Cell::shown(&model.camera, page.rect().pad(-CELL.x)) {
        let at = model.camera.to_window(cell.place() + vec2(half, half));
        let strength = 0.20 + 0.14 * light(model, page.rect(), at);
        page.rule(at - vec2(3.0, 0.0), at + vec2(3.0, 0.0), MIST, strength);
        page.rule(at - vec2(0.0, 3.0), at + vec2(0.0, 3.0), MIST, strength);
    }
}

/// How bright it is at a place in the window: brighter in the middle, and under the mouse.
fn light(model: &Model, window: Rect, at: Vec2) -> f32 {
    let reach = vec2(window.w(), window.h()) * 0.46;
    let from_middle = (at / reach).length();
    let from_mouse = ((at - model.mouse) / (CELL * 0.9)).length();
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
    if model.walk.strength > 0.01 {
        let head = model.camera.to_window(on_the_way(&model.pins, model.walk.along));
        let off = ((at - head - vec2(0.0, 24.0)) / (CELL * vec2(1.5, 0.9))).length();
        strength *= 1.0 - model.walk.strength * (0.25 + 0.7 * (-off * off).exp());
    }
    let is_pinned = model.pins.iter().any(|pin| pin.place == cell.place());
    if strength > 0.02 && !is_pinned {
        let hand = Hand::roman(SIZE).strength(strength).afloat(model.camera.is_moving());
        show_words(page, &line.words, at, hand);
    }
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

fn show_typed(model: &Model, page: &mut Page) {
    let Some(typed) = &model.typed else { return };
    let rect = page.rect();
    page.fill(rect.bottom_left(), vec2(rect.right(), rect.bottom() + 64.0), [0.0; 3], 0.9);
    let at = vec2(rect.left() + 28.0, rect.bottom() + 24.0);
    let (words, strength) = match typed.as_str() {
        "" => ("a line to begin at", 0.5),
        typed => (typed, 1.0),
    };
    let width = page.write(words, Hand::roman(24.0).colour(AMBER).strength(strength), at);
    let caret = at + vec2(if typed.is_empty() { -6.0 } else { width + 4.0 }, -5.0);
    page.rule(caret, caret + vec2(0.0, 24.0), AMBER, 1.0);
}
