//! The runtime inside the sketch: no OSC, no second program. The walk turns as a wheel of lines.
//!
//! ```sh
//! cargo run --features inside --bin inside
//! ```
//!
//! `h` lists the keys.

use crossbeam::channel::{Receiver, Sender, bounded, unbounded};
use enjamb::osc::{Argument, Message};
use enjamb::signature::Values;
use enjamb::{Project, Runtime};
use enjamb_sketches::field::{Field, Typing};
use enjamb_sketches::{AMBER, Hand, IVORY, MIST, Options, Page, Stage, ease, smooth};
use nannou::prelude::*;
use std::collections::VecDeque;
use std::sync::Arc;

// Parameters to play with.

/// Lines on the wheel.
const SPOKES: usize = 44;
/// Lines a second, and latent units a second.
const RATE: f32 = 0.6;
const SPEED: f32 = 2.5;
/// The newest line's type in points, and that of the others, in a window 1280 points wide.
const NEWEST: f32 = 33.0;
const OTHERS: f32 = 16.5;
/// The hub's radius, as a part of the window's shorter side, and how far the vector bends it.
const HUB: f32 = 0.155;
const BEND: f32 = 0.21;
/// How softly: times that each bend gives way to its neighbours.
const SOFTNESS: usize = 16;
/// Ripples that leave the hub, and seconds between two.
const RIPPLES: usize = 16;
const RIPPLE_EVERY: f32 = 0.75;

const KEYS: &[(&str, &str)] = &[
    ("space", "stand still, go on"),
    ("up, down", "walk faster, slower"),
    ("n", "another way"),
    ("/", "a line of your own: the walk goes there"),
];

fn main() {
    nannou::app(model).update(update).run();
}

struct Model {
    stage: Stage,
    runtime: Arc<Runtime>,
    /// What the runtime sends, on its own threads.
    messages: Receiver<Message>,
    /// What came of lines that were typed.
    answers: (Sender<String>, Receiver<String>),
    spokes: VecDeque<Spoke>,
    /// How far the wheel has still to turn, in spokes.
    turn: f32,
    z: Vec<f32>,
    shown_z: Vec<f32>,
    ripples: VecDeque<Ripple>,
    next_ripple: f32,
    /// A line of one's own.
    field: Field,
    is_going: bool,
    speed: f32,
    seed: i32,
}

struct Spoke {
    words: String,
    age: f32,
}

struct Ripple {
    ring: Vec<f32>,
    age: f32,
}

fn model(app: &App) -> Model {
    let options = Options::read();
    options
        .window(app, "inside")
        .view(view)
        .event(|_, model: &mut Model, event| model.stage.hear(&event))
        .key_pressed(key_pressed)
        .received_character(|_, model: &mut Model, letter| model.field.letter_typed(letter))
        .build()
        .expect("a display and a graphics driver (on Debian, mesa-vulkan-drivers is one)");
    // What no frame has fetched yet must wait somewhere; when there is too much, the newest is lost.
    let (sender, messages) = bounded(4096);
    let runtime = Runtime::builder()
        .with_shipped_files()
        .project(Project::standard())
        .without_network()
        .on_message(move |message| drop(sender.try_send(message.clone())))
        .start()
        .expect("the models that ship are there");
    let model = Model {
        stage: Stage::new(app, options, "inside", KEYS),
        runtime: Arc::new(runtime),
        messages,
        answers: unbounded(),
        spokes: VecDeque::new(),
        turn: 0.0,
        z: Vec::new(),
        shown_z: Vec::new(),
        ripples: VecDeque::new(),
        next_ripple: 0.0,
        field: Field::new("a line of your own", AMBER),
        is_going: true,
        speed: SPEED,
        seed: 1,
    };
    model.send("/voyage/start", vec![]);
    model.send("/voyage/rate", vec![Argument::Float(RATE)]);
    model.send("/voyage/walk/speed", vec![Argument::Float(SPEED)]);
    model
}

impl Model {
    fn send(&self, address: &str, arguments: Vec<Argument>) {
        self.runtime.send(&Message { address: address.into(), arguments });
    }

    /// Has the model read a line and write it again, and leads the walk to where it lies.
    fn go_to(&self, line: String) {
        self.send("/voyage/walk/to", vec![Argument::Text(line.clone())]);
        let (runtime, answers) = (Arc::clone(&self.runtime), self.answers.0.clone());
        // A run waits for its turn, and a frame must not.
        std::thread::spawn(move || {
            let inputs = Values::new().with("in", line.as_str()).with("temperature", 0.05);
            if let Ok(outputs) = runtime.run("poetry", "reconstruct", inputs) {
                let _ = answers.send(outputs.text("out").to_string());
            }
        });
    }

    fn add_spoke(&mut self, words: &str) {
        self.spokes.push_front(Spoke { words: words.into(), age: 0.0 });
        self.spokes.truncate(SPOKES);
        self.turn += 1.0;
    }
}

fn key_pressed(app: &App, model: &mut Model, key: Key) {
    if !model.stage.is_meant(key) {
        return;
    }
    match model.field.key_pressed(key) {
        Typing::Elsewhere => {}
        Typing::Entered(line) if !line.is_empty() => return model.go_to(line),
        _ => return,
    }
    match key {
        Key::Space => {
            model.is_going = !model.is_going;
            model.send(if model.is_going { "/voyage/start" } else { "/voyage/stop" }, vec![]);
        }
        Key::Up | Key::Down => {
            let factor = if key == Key::Up { 1.25 } else { 0.8 };
            model.speed = (model.speed * factor).clamp(0.1, 50.0);
            model.send("/voyage/walk/speed", vec![Argument::Float(model.speed)]);
        }
        Key::N => {
            model.seed += 1;
            model.send("/voyage/walk/seed", vec![Argument::Int(model.seed)]);
        }
        _ => model.stage.key_pressed(app, key),
    }
}

fn update(app: &App, model: &mut Model, _: Update) {
    let seconds = model.stage.update(app);
    model.field.update(seconds);
    while let Ok(message) = model.messages.try_recv() {
        match (message.address.as_str(), &message.arguments[..]) {
            ("/voyage/line", [_, Argument::Text(words)]) => model.add_spoke(words),
            ("/voyage/z", [_, numbers @ ..]) => {
                let numbers = numbers.iter().filter_map(Argument::as_f64);
                model.z = numbers.map(|number| number as f32).collect();
            }
            _ => {}
        }
    }
    while let Ok(words) = model.answers.1.try_recv() {
        model.add_spoke(&words);
    }
    model.turn = ease(model.turn, 0.0, seconds, 0.28);
    model.spokes.iter_mut().for_each(|spoke| spoke.age += seconds);
    model.shown_z.resize(model.z.len(), 0.0);
    for (shown, z) in model.shown_z.iter_mut().zip(&model.z) {
        *shown = ease(*shown, *z, seconds, 0.12);
    }
    model.ripples.iter_mut().for_each(|ripple| ripple.age += seconds);
    model.next_ripple -= seconds;
    if model.next_ripple <= 0.0 && model.is_going && !model.shown_z.is_empty() {
        model.next_ripple = RIPPLE_EVERY;
        model.ripples.push_front(Ripple { ring: ring(&model.shown_z), age: 0.0 });
        model.ripples.truncate(RIPPLES);
    }
}

fn view(app: &App, model: &Model, frame: Frame) {
    let mut page = model.stage.sheet.page(app);
    let rect = page.rect();
    // The newest line has room to the right of the hub.
    let size = (rect.w() / 1280.0).clamp(0.58, 1.5);
    let hub = HUB * rect.w().min(rect.h()).max(rect.w() * 0.36);
    let middle = vec2(-rect.w() * 0.20, 0.0);
    for ripple in &model.ripples {
        let age = ripple.age / (RIPPLES as f32 * RIPPLE_EVERY);
        let strength = 0.26 * (1.0 - age).max(0.0).powi(2) * smooth(0.0, 0.05, age);
        let radius = hub * (1.0 + age * 4.2);
        show_ring(&mut page, &ripple.ring, middle, radius, 2.4, strength);
    }
    let now = ring(&model.shown_z);
    page.glow(middle, hub * 2.3, AMBER, 0.20);
    show_ring(&mut page, &now, middle, hub, 3.0, 0.9);
    show_ring(&mut page, &now, middle, hub, 9.0, 0.30);
    for (n, spoke) in model.spokes.iter().enumerate() {
        show_spoke(&mut page, spoke, n as f32 - model.turn, middle, hub * 1.42, size);
    }
    model.field.show(&mut page);
    model.stage.show_help(&mut page);
    page.show(&frame);
}

/// The latent vector as a ring: how far each of its numbers bends it in or out, and what lies between
/// them.
fn ring(z: &[f32]) -> Vec<f32> {
    let bends: Vec<f32> = z.iter().map(|z| BEND * z.clamp(-2.5, 2.5)).collect();
    let mut ring: Vec<f32> = bends.iter().flat_map(|bend| [*bend; 4]).collect();
    let n = ring.len();
    for _ in 0..SOFTNESS {
        let before = ring.clone();
        for i in 0..n {
            ring[i] = (before[(i + n - 1) % n] + before[i] + before[(i + 1) % n]) / 3.0;
        }
    }
    ring
}

fn show_ring(page: &mut Page, ring: &[f32], middle: Vec2, radius: f32, width: f32, strength: f32) {
    if strength < 0.01 {
        return;
    }
    let n = ring.len();
    let places: Vec<(Vec2, f32, f32)> = (0..=n)
        .map(|i| {
            let angle = i as f32 / n.max(1) as f32 * TAU;
            let out = radius * (1.0 + ring.get(i % n.max(1)).unwrap_or(&0.0));
            (middle + vec2(angle.cos(), angle.sin()) * out, width, strength)
        })
        .collect();
    page.thread(&places, AMBER);
}

/// A line as a spoke. The newest points to the right; those before have turned on.
fn show_spoke(page: &mut Page, spoke: &Spoke, n: f32, middle: Vec2, radius: f32, size: f32) {
    // The newest has more room than the others.
    let newest = smooth(1.0, 0.0, n);
    let turned = n.max(0.0) + 1.1 * smooth(0.0, 1.0, n);
    let angle = turned * TAU / (SPOKES as f32 + 2.0);
    let arrived = smooth(0.0, 0.9, spoke.age);
    let faded = (1.0 - n / SPOKES as f32).clamp(0.0, 1.0).powf(1.3);
    let strength = arrived * (0.78 * faded + 0.22 * newest);
    let colour = [0, 1, 2].map(|c| {
        let old = MIST[c] + (IVORY[c] - MIST[c]) * faded;
        old + (AMBER[c] - old) * newest
    });
    let size = size * (OTHERS + (NEWEST - OTHERS) * newest);
    let hand = Hand::roman(size).colour(colour).strength(strength).turned(angle);
    let along = vec2(angle.cos(), angle.sin());
    let down = vec2(angle.sin(), -angle.cos());
    // Lines come out of the hub.
    let at = middle + along * (radius - 14.0 * (1.0 - arrived)) + down * size * 0.24;
    page.write(&spoke.words, hand, at);
    if newest > 0.01 {
        let width = page.measure(&spoke.words, hand);
        page.glow(at + along * width / 2.0, width * 0.55 + 30.0, AMBER, 0.15 * newest * arrived);
    }
}
