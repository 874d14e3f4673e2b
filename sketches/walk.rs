//! A walk through the space of all lines: each runs on into the next, and ages.
//!
//! ```sh
//! cargo run --bin walk
//! ```
//!
//! Beside a running enjamb. `h` lists the keys.

use enjamb_sketches::osc::{numbers, text};
use enjamb_sketches::{AMBER, Hand, Heard, IVORY, MIST, Options, Osc, Page, Stage, ease, smooth};
use nannou::prelude::*;
use nannou_osc::Type;
use std::collections::VecDeque;

// Parameters to play with.

/// Letters are this large at most, in points, in a window 720 points high.
const LARGEST: f32 = 52.0;
/// The column's width in ems: at least, and at most.
const MEASURE: [f32; 2] = [15.0, 23.0];
/// From row to row, in ems.
const LEADING: f32 = 1.36;
/// Where the newest row stands: 0 at the bottom, 1 at the top.
const STAND: f32 = 0.36;
/// How much fainter a row is than the one below it.
const AGEING: f32 = 0.80;
/// Seconds in which the letters of a line come, and in which its light goes out again.
const ARRIVAL: f32 = 1.3;
const AFTERGLOW: f32 = 6.0;
/// How strongly the latent vector shows beneath.
const VECTOR: f32 = 0.8;
/// Rows that are remembered.
const MEMORY: usize = 40;

const KEYS: &[(&str, &str)] = &[
    ("space", "stand still, go on"),
    ("up, down", "walk faster, slower"),
    ("right, left", "more, fewer lines"),
    (". and ,", "wilder, plainer lines"),
    ("m", "wander, orbit, stay"),
    ("n", "another way"),
    ("v", "the vector beneath"),
];

fn main() {
    nannou::app(model).update(update).run();
}

struct Model {
    stage: Stage,
    osc: Osc,
    column: Column,
    walk: Walk,
    /// The latent vector as it is, and as it is shown.
    z: Vec<f32>,
    shown_z: Vec<f32>,
    is_vector_shown: bool,
}

/// The lines as they are set, one after the other, in rows.
#[derive(Default)]
struct Column {
    rows: VecDeque<Vec<Word>>,
    /// In ems.
    measure: f32,
    /// Rows that the column has still to move up.
    rise: f32,
}

#[derive(Clone)]
struct Word {
    text: String,
    /// From the left edge, in ems.
    x: f32,
    /// Seconds since it came; below zero it is still to come.
    age: f32,
    is_first: bool,
}

/// What is asked of the voyage.
struct Walk {
    is_going: bool,
    speed: f32,
    rate: f32,
    temperature: f32,
    mode: usize,
    seed: i32,
}

const MODES: [&str; 3] = ["wander", "orbit", "still"];

fn model(app: &App) -> Model {
    let options = Options::read();
    options
        .window(app, "walk")
        .view(view)
        .event(|_, model: &mut Model, event| model.stage.hear(&event))
        .key_pressed(key_pressed)
        .build()
        .expect("a display and a graphics driver (on Debian, mesa-vulkan-drivers is one)");
    // The vector is sent to those only who ask for its very address.
    let osc = Osc::open(options.at, &["/voyage", "/voyage/z"]).expect("the system has a socket");
    Model {
        stage: Stage::new(app, options, "walk", KEYS),
        osc,
        column: Column::default(),
        walk: Walk { is_going: true, speed: 2.0, rate: 0.5, temperature: 0.5, mode: 0, seed: 1 },
        z: Vec::new(),
        shown_z: Vec::new(),
        is_vector_shown: true,
    }
}

fn key_pressed(app: &App, model: &mut Model, key: Key) {
    if !model.stage.is_meant(key) {
        return;
    }
    let walk = &mut model.walk;
    let factor = |up: bool| if up { 1.25 } else { 0.8 };
    match key {
        Key::Space => {
            walk.is_going = !walk.is_going;
            let address = if walk.is_going { "/voyage/start" } else { "/voyage/stop" };
            model.osc.send(address, vec![]);
        }
        Key::Up | Key::Down => {
            walk.speed = (walk.speed * factor(key == Key::Up)).clamp(0.1, 50.0);
            model.osc.send("/voyage/walk/speed", vec![Type::Float(walk.speed)]);
        }
        Key::Right | Key::Left => {
            walk.rate = (walk.rate * factor(key == Key::Right)).clamp(0.05, 8.0);
            model.osc.send("/voyage/rate", vec![Type::Float(walk.rate)]);
        }
        Key::Period | Key::Comma => {
            let step = if key == Key::Period { 0.1 } else { -0.1 };
            walk.temperature = (walk.temperature + step).clamp(0.1, 1.5);
            model.osc.send("/voyage/poetry/temperature", vec![Type::Float(walk.temperature)]);
        }
        Key::M => {
            walk.mode = (walk.mode + 1) % MODES.len();
            model.osc.send("/voyage/walk/mode", vec![Type::String(MODES[walk.mode].into())]);
        }
        Key::N => {
            walk.seed += 1;
            model.osc.send("/voyage/walk/seed", vec![Type::Int(walk.seed)]);
        }
        Key::V => model.is_vector_shown = !model.is_vector_shown,
        _ => model.stage.key_pressed(app, key),
    }
}

fn update(app: &App, model: &mut Model, _: Update) {
    let seconds = model.stage.update(app);
    let mut page = model.stage.sheet.page(app);
    let (size, measure) = set_size(&page);
    if (measure - model.column.measure).abs() > 0.01 {
        model.column.set_measure(measure, &mut page);
    }
    for heard in model.osc.heard() {
        match heard {
            Heard::Found => {
                model.stage.is_waiting = false;
                if model.walk.is_going {
                    model.osc.send("/voyage/start", vec![]);
                    model.osc.send("/voyage/rate", vec![Type::Float(model.walk.rate)]);
                }
            }
            Heard::Lost => model.stage.is_waiting = true,
            Heard::Message(message) => match message.addr.as_str() {
                "/voyage/line" => {
                    if let Some(line) = text(&message, 1) {
                        model.column.append(line, &mut page);
                    }
                }
                "/voyage/z" => model.z = numbers(&message, 1),
                _ => {}
            },
        }
    }
    for word in model.column.rows.iter_mut().flatten() {
        word.age += seconds;
    }
    model.column.rise = ease(model.column.rise, 0.0, seconds, 0.22);
    model.column.forget(page.rect().h() / size);
    model.shown_z.resize(model.z.len(), 0.0);
    for (shown, z) in model.shown_z.iter_mut().zip(&model.z) {
        *shown = ease(*shown, *z, seconds, 0.08);
    }
}

/// The size of the type, and the column's width in ems, for any window.
fn set_size(page: &Page) -> (f32, f32) {
    let rect = page.rect();
    let largest = LARGEST * (rect.h() / 720.0).max(0.75);
    let size = largest.min(rect.h() / 6.5).min(rect.w() * 0.86 / MEASURE[0]);
    (size, (rect.w() * 0.84 / size).clamp(MEASURE[0] * 0.97, MEASURE[1]))
}

impl Column {
    /// Sets a line where the one before it ends.
    fn append(&mut self, line: &str, page: &mut Page) {
        let letters = line.chars().count().max(1) as f32;
        let mut n_letters = 0.0;
        for (n, word) in line.split_whitespace().enumerate() {
            let age = -ARRIVAL * n_letters / letters;
            n_letters += word.chars().count() as f32 + 1.0;
            let word = Word { text: word.into(), x: 0.0, age, is_first: n == 0 };
            self.push(word, page);
        }
    }

    fn push(&mut self, mut word: Word, page: &mut Page) {
        let em = Hand::roman(1.0);
        let width = page.measure(&word.text, em);
        let end = self
            .rows
            .back()
            .and_then(|row| row.last())
            .map(|last| last.x + page.measure(&last.text, em) + page.measure(" ", em));
        match end.filter(|end| end + width <= self.measure) {
            Some(end) => word.x = end,
            None => {
                // Quotation marks hang out of the column.
                let mark = word.text.chars().next().filter(|c| "\"'“‘".contains(*c));
                word.x = mark.map_or(0.0, |mark| -page.measure(&mark.to_string(), em));
                self.rows.push_back(Vec::new());
                self.rise += 1.0;
            }
        }
        self.rows.back_mut().expect("there is one now").push(word);
    }

    /// Sets all words anew.
    fn set_measure(&mut self, measure: f32, page: &mut Page) {
        self.measure = measure;
        for word in std::mem::take(&mut self.rows).into_iter().flatten() {
            self.push(word, page);
        }
        self.rise = 0.0;
    }

    /// Forgets what has left a window that is so many ems high.
    fn forget(&mut self, height: f32) {
        while self.rows.len() > MEMORY.max((height / LEADING) as usize + 2) {
            self.rows.pop_front();
        }
    }
}

fn view(app: &App, model: &Model, frame: Frame) {
    let mut page = model.stage.sheet.page(app);
    let rect = page.rect();
    let (size, measure) = set_size(&page);
    let left = -measure * size / 2.0;
    let newest = rect.bottom() + rect.h() * STAND;
    let is_moving = model.column.rise.abs() > 0.004;
    for (n, row) in model.column.rows.iter().rev().enumerate() {
        let above = n as f32 - model.column.rise;
        let y = newest + above * size * LEADING;
        let top = smooth(rect.top() - size * 0.2, rect.top() - size * 2.4, y);
        let strength = AGEING.powf(above.max(0.0)) * top;
        if strength < 0.02 {
            continue;
        }
        for word in row {
            let hand = Hand::roman(size).strength(strength).afloat(is_moving);
            show_word(&mut page, word, hand, vec2(left + word.x * size, y));
        }
    }
    if model.is_vector_shown {
        show_vector(&mut page, &model.shown_z, left, measure * size);
    }
    model.stage.show_waiting(&mut page, model.column.rows.is_empty());
    model.stage.show_help(&mut page);
    page.show(&frame);
}

/// A word comes as light and stays as ink.
fn show_word(page: &mut Page, word: &Word, hand: Hand, at: Vec2) {
    let arrived = smooth(0.0, 0.7, word.age);
    if arrived <= 0.0 {
        return;
    }
    let warm = arrived * (-(word.age - 0.5).max(0.0) / AFTERGLOW * 3.0).exp();
    let colour = [0, 1, 2].map(|c| IVORY[c] + (AMBER[c] - IVORY[c]) * warm);
    let strength = hand.looks() * arrived;
    let width = page.write(&word.text, hand.colour(colour).strength(strength), at);
    // Where one line runs on into the next, the light stays longest.
    let halo = if word.is_first { 0.30 } else { 0.16 } * warm * hand.looks();
    let size = hand.size();
    page.glow(at + vec2(width / 2.0, size * 0.22), width * 0.5 + size, AMBER, halo);
}

/// The latent vector, one string to each of its numbers.
fn show_vector(page: &mut Page, z: &[f32], left: f32, width: f32) {
    let (rect, n) = (page.rect(), z.len() as f32);
    let middle = rect.bottom() + rect.h() * 0.12;
    let reach = rect.h() * 0.032;
    for (i, z) in z.iter().enumerate() {
        let x = left + width * (i as f32 + 0.5) / n;
        let y = middle + z.clamp(-2.6, 2.6) * reach;
        let strength = VECTOR * (0.25 + 0.3 * z.abs().min(2.0));
        page.rule(vec2(x, middle.min(y)), vec2(x, middle.max(y)), MIST, strength * 0.55);
        page.glow(vec2(x, y), 5.0, AMBER, strength);
    }
}
