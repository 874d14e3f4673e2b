//! What every sketch does alike: options, keys, help, pictures.

use crate::ease;
use crate::sheet::{AMBER, Hand, IVORY, MIST, NIGHT, Page, Sheet};
use clap::Parser;
use nannou::prelude::{App, Key, WindowEvent, vec2, window};
use std::collections::HashSet;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// Keys that every sketch has.
const KEYS: [(&str, &str); 5] = [
    ("h", "this help"),
    ("f", "full screen"),
    ("s", "save a picture here"),
    ("r", "frame rate"),
    ("escape", "quit"),
];
/// Keys that go on for as long as they are held. All others mean something once.
const LASTING: [Key; 11] = [
    Key::Up,
    Key::Down,
    Key::Left,
    Key::Right,
    Key::Back,
    Key::Period,
    Key::Comma,
    Key::Equals,
    Key::Minus,
    Key::NumpadAdd,
    Key::NumpadSubtract,
];
/// How often a frame is saved, when frames are.
const FRAME_EVERY: Duration = Duration::from_secs(1);

/// What can be said when a sketch is started.
#[derive(Clone, Debug, Parser)]
pub struct Options {
    /// Where enjamb listens to OSC.
    #[arg(long, default_value = "127.0.0.1:57100", value_name = "HOST:PORT")]
    pub at: SocketAddr,
    /// The window's size.
    #[arg(long, default_value = "1280x720", value_name = "WIDTHxHEIGHT", value_parser = size)]
    pub size: [u32; 2],
    /// Begin on the full screen.
    #[arg(long)]
    pub full: bool,
    /// Save a frame each second in this folder, as 0001.png and so on.
    #[arg(long, value_name = "FOLDER")]
    pub frames: Option<PathBuf>,
    /// Print the frame rate each second.
    #[arg(long)]
    pub rate: bool,
}

impl Options {
    /// What was said on the command line.
    pub fn read() -> Self {
        Self::parse()
    }

    /// The sketch's window as it was asked for, to be built.
    pub fn window<'a>(&self, app: &'a App, title: &str) -> window::Builder<'a> {
        let [width, height] = self.size;
        // What is drawn is smooth by itself; multisampling would take most of a frame where there is no
        // graphics card.
        app.new_window().title(title).size(width, height).msaa_samples(1)
    }
}

fn size(text: &str) -> Result<[u32; 2], String> {
    let wrong = || format!("expected a size like 1280x720, got '{text}'");
    let (width, height) = text.split_once('x').ok_or_else(wrong)?;
    let side = |side: &str| side.parse().ok().filter(|n| (100..=16_384).contains(n));
    Ok([side(width).ok_or_else(wrong)?, side(height).ok_or_else(wrong)?])
}

/// The keys that are held.
#[derive(Default)]
struct Held(HashSet<Key>);

impl Held {
    /// Whether a key that is pressed means something.
    fn press(&mut self, key: Key) -> bool {
        self.0.insert(key) || LASTING.contains(&key)
    }
}

/// Where a sketch takes place.
pub struct Stage {
    /// What it is drawn on.
    pub sheet: Sheet,
    /// What was said when it was started.
    pub options: Options,
    /// Whether there is no enjamb. Sketches say so.
    pub is_waiting: bool,
    waiting: f32,
    name: &'static str,
    keys: &'static [(&'static str, &'static str)],
    held: Held,
    help: f32,
    is_helping: bool,
    is_rating: bool,
    n_saved: u32,
    n_frames: u32,
    saved_at: Instant,
    counted: (Instant, u32, f32),
    updated_at: Instant,
}

impl Stage {
    /// The stage of a sketch with keys of its own. Its window must be there.
    pub fn new(
        app: &App,
        options: Options,
        name: &'static str,
        keys: &'static [(&'static str, &'static str)],
    ) -> Self {
        // It may leave a field first.
        app.set_exit_on_escape(false);
        if let Some(folder) = &options.frames
            && let Err(error) = std::fs::create_dir_all(folder)
        {
            eprintln!("{name}: {} can't be made: {error}", folder.display());
        }
        let now = Instant::now();
        let stage = Self {
            sheet: Sheet::new(app),
            is_waiting: true,
            waiting: 0.0,
            name,
            keys,
            held: Held::default(),
            help: 0.0,
            is_helping: false,
            is_rating: false,
            n_saved: 0,
            n_frames: 0,
            saved_at: now,
            counted: (now, 0, 0.0),
            updated_at: now,
            options,
        };
        if stage.options.full {
            toggle_full(app);
        }
        stage
    }

    /// To be called at each update; says how many seconds have passed since the last.
    pub fn update(&mut self, app: &App) -> f32 {
        let now = Instant::now();
        let seconds = now.duration_since(self.updated_at).as_secs_f32().min(0.25);
        self.updated_at = now;
        let shown = |is_shown: bool| if is_shown { 1.0 } else { 0.0 };
        self.help = ease(self.help, shown(self.is_helping), seconds, 0.06);
        self.waiting = ease(self.waiting, shown(self.is_waiting), seconds, 0.4);
        let (since, frames, _) = &mut self.counted;
        *frames += 1;
        if since.elapsed() >= Duration::from_secs(1) {
            let rate = *frames as f32 / since.elapsed().as_secs_f32();
            self.counted = (now, 0, rate);
            if self.options.rate {
                println!("{rate:.1} frames a second");
            }
        }
        if let Some(folder) = &self.options.frames
            && self.saved_at.elapsed() >= FRAME_EVERY
        {
            self.saved_at = now;
            self.n_frames += 1;
            app.main_window().capture_frame(folder.join(format!("{:04}.png", self.n_frames)));
        }
        seconds
    }

    /// To be told all that happens to the window.
    pub fn hear(&mut self, event: &WindowEvent) {
        match event {
            WindowEvent::KeyReleased(key) => drop(self.held.0.remove(key)),
            WindowEvent::Unfocused => self.held.0.clear(),
            _ => {}
        }
    }

    /// To be asked at each key that is pressed: whether it means something. One that is held is pressed
    /// again and again.
    pub fn is_meant(&mut self, key: Key) -> bool {
        self.held.press(key)
    }

    /// Does what a key of every sketch does.
    pub fn key_pressed(&mut self, app: &App, key: Key) {
        match key {
            Key::H => self.is_helping = !self.is_helping,
            Key::R => self.is_rating = !self.is_rating,
            Key::F => toggle_full(app),
            Key::S => {
                self.n_saved += 1;
                let path = format!("{}-{:03}.png", self.name, self.n_saved);
                println!("saved {path}");
                app.main_window().capture_frame(path);
            }
            Key::Escape => app.quit(),
            _ => {}
        }
    }

    /// Says that there is no enjamb: in the middle of an empty page, or at the foot of another.
    pub fn show_waiting(&self, page: &mut Page, is_empty: bool) {
        let strength = self.waiting;
        if strength < 0.01 {
            return;
        }
        let rect = page.rect();
        let size = (rect.w() / 32.0).clamp(15.0, 26.0);
        let words = format!("listening for enjamb at {}", self.options.at);
        if !is_empty {
            let hand = Hand::italic(size * 0.7).colour(MIST).strength(strength);
            page.write_centred(&words, hand, vec2(0.0, rect.bottom() + 18.0));
            return;
        }
        let hand = Hand::italic(size).colour(MIST).strength(strength);
        page.write_centred(&words, hand, vec2(0.0, 0.0));
        let hint = "start it in another terminal:  cargo run --release";
        let hand = Hand::roman(size * 0.72).colour(MIST).strength(strength * 0.7);
        page.write_centred(hint, hand, vec2(0.0, -size * 1.7));
    }

    /// Shows what was asked for with the keys of every sketch, above all else.
    pub fn show_help(&self, page: &mut Page) {
        let rect = page.rect();
        if self.is_rating {
            let words = format!("{:.0} frames a second", self.counted.2);
            let hand = Hand::roman(15.0).colour(MIST);
            let width = page.measure(&words, hand);
            page.write(&words, hand, vec2(rect.right() - width - 18.0, rect.top() - 28.0));
        }
        if self.help < 0.01 {
            return;
        }
        let keys: Vec<_> = self.keys.iter().chain(&KEYS).collect();
        let size = (rect.h() / (keys.len() as f32 + 4.0) / 1.5).clamp(11.0, 19.0);
        let hand = Hand::roman(size).strength(self.help);
        let column = (rect.w() * 0.22).clamp(size * 5.0, size * 11.0);
        let widest = keys.iter().map(|(_, does)| page.measure(does, hand)).fold(0.0, f32::max);
        let left = (-(column + size + widest) / 2.0).max(rect.left() + 12.0);
        page.fill(rect.bottom_left(), rect.top_right(), NIGHT, self.help * 0.997);
        let mut y = (keys.len() as f32 + 1.0) * size * 0.75;
        let title = Hand::italic(size * 1.4).colour(AMBER).strength(self.help);
        page.write(&self.name.replace('_', " "), title, vec2(left + column + size, y));
        for (key, does) in keys {
            y -= size * 1.5;
            let width = page.measure(key, hand);
            let hand = hand.colour(AMBER);
            page.write(key, hand, vec2((left + column - width).max(rect.left() + 6.0), y));
            page.write(does, hand.colour(IVORY), vec2(left + column + size, y));
        }
    }
}

fn toggle_full(app: &App) {
    let window = app.main_window();
    window.set_fullscreen(!window.is_fullscreen());
}

#[cfg(test)]
mod test {
    use super::*;

    #[test]
    fn a_key_that_is_held_means_something_once_unless_it_lasts() {
        let mut held = Held::default();
        assert_eq!(
            [Key::H, Key::H, Key::S, Key::Up, Key::Up].map(|key| held.press(key)),
            [true, false, true, true, true]
        );
        held.0.remove(&Key::H);
        assert!(held.press(Key::H));
    }
}
