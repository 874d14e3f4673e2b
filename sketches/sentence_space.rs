//! Sentence space: all sentences of the map, and the voyage that moves through them.
//!
//! ```sh
//! cargo run --bin sentence_space
//! ```
//!
//! Beside a running enjamb. `h` lists the keys.

use enjamb_sketches::field::{Field, Typing};
use enjamb_sketches::labels::{Label, Labels};
use enjamb_sketches::map::{Map, Sentence};
use enjamb_sketches::voyage::Voyage;
use enjamb_sketches::{
    AMBER, Camera, Colour, Hand, Heard, IVORY, MIST, Options, Osc, Page, Stage, excerpt, smooth,
};
use nannou::prelude::*;

// Parameters to play with.

/// Excerpts are of so many letters, and of so many more as one comes nearer.
const EXCERPT: f32 = 30.0;
/// Their size in points, and how many there are at most.
const EXCERPT_SIZE: f32 = 15.0;
const MOST_EXCERPTS: usize = 38;
/// Seconds in which excerpts come, and in which points follow the map.
const FADE: f32 = 0.35;
const DRIFT: f32 = 0.12;
/// Places of the voyage that its thread goes through, and how wide it shines, in points.
const THREAD: usize = 22;
const SHINE: f32 = 7.0;
/// How many sentences a search finds, their size in points, and what they look like.
const FOUND: i32 = 9;
const FOUND_SIZE: f32 = 16.5;
const MATCH: Colour = [0.62, 0.86, 0.90];
/// Regions that are named, and how near one may come before their names go.
const REGIONS: i32 = 14;
const REGIONS_UNTIL: f32 = 8.0;
/// Steps a second when all sentences are laid out anew.
const PACE: f32 = 100.0;

const KEYS: &[(&str, &str)] = &[
    ("drag", "look around"),
    ("wheel, + and -", "go nearer, further away"),
    ("0", "all of it"),
    ("/", "search; enter flies there, escape ends it"),
    ("space", "the voyage stands still, goes on"),
    ("c", "follow the voyage, or not"),
    ("p", "lay all sentences out anew"),
    ("t", "with and without type"),
    ("w", "words of regions"),
];

fn main() {
    nannou::app(model).update(update).run();
}

struct Model {
    stage: Stage,
    osc: Osc,
    map: Map,
    voyage: Voyage,
    camera: Camera,
    excerpts: Labels,
    regions: Labels,
    search: Field,
    /// Seconds until what was typed is searched for.
    search_in: Option<f32>,
    is_still: bool,
    is_following: bool,
    is_typeset: bool,
    are_regions_named: bool,
}

fn model(app: &App) -> Model {
    let options = Options::read();
    options
        .window(app, "sentence space")
        .view(view)
        .event(|_, model: &mut Model, event| model.stage.hear(&event))
        .key_pressed(key_pressed)
        .received_character(|_, model: &mut Model, letter| model.search.letter_typed(letter))
        .mouse_moved(|_, model: &mut Model, at| model.camera.mouse_moved(at))
        .mouse_pressed(mouse_pressed)
        .mouse_released(mouse_released)
        .mouse_wheel(|app, model: &mut Model, wheel, _| {
            model.camera.mouse_wheel(wheel, app.main_window().rect())
        })
        .build()
        .expect("a display and a graphics driver (on Debian, mesa-vulkan-drivers is one)");
    let [point, frame] = Map::SUBSCRIBED;
    let osc = Osc::open(options.at, &[point, frame, Voyage::SUBSCRIBED]);
    Model {
        stage: Stage::new(app, options, "sentence_space", KEYS),
        osc: osc.expect("the system has a socket"),
        map: Map::default(),
        voyage: Voyage::new(THREAD),
        camera: Camera::new(Vec2::ONE, 1.0, [0.7, 60.0]),
        excerpts: Labels::spread(),
        regions: Labels::in_order(),
        search: Field::new("search", MATCH),
        search_in: None,
        is_still: false,
        is_following: false,
        is_typeset: true,
        are_regions_named: true,
    }
}

fn key_pressed(app: &App, model: &mut Model, key: Key) {
    if !model.stage.is_meant(key) {
        return;
    }
    match model.search.key_pressed(key) {
        Typing::Elsewhere => {}
        Typing::GoesOn => return,
        Typing::Entered(_) => return model.fly_to_found(),
        Typing::Left => return model.map.forget_found(),
    }
    match key {
        Key::Space => {
            model.is_still = !model.is_still;
            model.osc.send(if model.is_still { "/voyage/stop" } else { "/voyage/start" }, vec![]);
        }
        Key::Equals | Key::NumpadAdd => model.camera.approach(1.5, Vec2::ZERO),
        Key::Minus | Key::NumpadSubtract => model.camera.approach(1.0 / 1.5, Vec2::ZERO),
        Key::Key0 => {
            model.is_following = false;
            model.camera.fly_to(Vec2::ZERO, 1.0);
        }
        Key::C => model.is_following = !model.is_following,
        Key::T => model.is_typeset = !model.is_typeset,
        Key::W => model.are_regions_named = !model.are_regions_named,
        Key::P => model.map.project(PACE, &model.osc),
        // Whoever lets go of what was found does not mean to leave.
        Key::Escape if !model.map.found.is_empty() => model.map.forget_found(),
        _ => model.stage.key_pressed(app, key),
    }
}

fn mouse_pressed(_: &App, model: &mut Model, button: MouseButton) {
    model.is_following = false;
    model.camera.mouse_pressed(button);
}

fn mouse_released(_: &App, model: &mut Model, button: MouseButton) {
    model.camera.mouse_released(button);
}

impl Model {
    /// Goes where the best of what was found lies, and so near that what was found around it is seen.
    fn fly_to_found(&mut self) {
        let found = || self.map.sentences.iter().filter(|sentence| sentence.found > 0.0);
        let Some(best) = found().max_by(|a, b| a.found.total_cmp(&b.found)) else { return };
        let middle = best.target();
        let off = found().map(|sentence| sentence.target().distance(middle));
        let reach = off.filter(|off| *off < 0.4).fold(0.06, f32::max);
        self.is_following = false;
        self.camera.fly_to(middle, (0.6 / reach).clamp(1.5, 12.0));
    }
}

fn update(app: &App, model: &mut Model, _: Update) {
    let seconds = model.stage.update(app);
    let heard: Vec<Heard> = model.osc.heard().collect();
    for heard in heard {
        match heard {
            Heard::Found => {
                model.stage.is_waiting = false;
                model.map.begin();
                if !model.is_still {
                    model.osc.send("/voyage/start", vec![]);
                }
            }
            Heard::Lost => model.stage.is_waiting = true,
            Heard::Message(message) => {
                model.map.hear(&message);
                model.voyage.hear(&message);
            }
        }
    }
    search(model, seconds);
    model.map.update(seconds, DRIFT, REGIONS, &model.osc);
    model.voyage.update(seconds);
    if model.is_following {
        model.camera.wanted_at = model.voyage.head;
    }
    model.camera.update(seconds, if model.is_following { 0.7 } else { 0.09 });
    model.camera.unit = unit(app.main_window().rect());
    if model.is_typeset {
        make_room(app, model);
    }
    model.excerpts.update(seconds, FADE);
    model.regions.update(seconds, 0.8);
}

/// Points to a unit of the map. A wide window shows a wide map: each side is filled, within reason.
fn unit(window: Rect) -> Vec2 {
    let (width, height) = (window.w() * 0.44, window.h() * 0.43);
    let least = width.min(height);
    vec2(width.min(least * 1.7), height.min(least * 1.7))
}

/// Searches as soon as nobody has typed for a moment.
fn search(model: &mut Model, seconds: f32) {
    if model.search.update(seconds) {
        model.search_in = Some(0.25);
    }
    if let Some(wait) = &mut model.search_in {
        *wait -= seconds;
        if *wait <= 0.0 {
            model.search_in = None;
            model.map.search(model.search.text(), FOUND, &model.osc);
        }
    }
}

/// Gives words and excerpts the room there is: the voyage's line first, then what is typed and found,
/// then the words of regions, then excerpts.
fn make_room(app: &App, model: &mut Model) {
    let Model { stage, map, camera, voyage, search, .. } = model;
    let page = &mut stage.sheet.page(app);
    let window = page.rect();
    let mut taken: Vec<Rect> = Vec::new();
    if let Some(stop) = voyage.stops.back() {
        taken.push(line_room(&stop.line, camera.to_window(voyage.head), page).pad(-10.0));
    }
    if search.is_open() {
        let height = 70.0 + FOUND_SIZE * 1.35 * map.found.len() as f32;
        let corner = window.bottom_left();
        taken.push(Rect::from_corners(corner, corner + vec2(460.0, height)));
    }
    let are_named = model.are_regions_named && camera.zoom < REGIONS_UNTIL && map.is_resting();
    let region_room = |i: usize, is_left: bool| {
        let (region, hand) = (&map.regions[i], region_hand(camera.zoom, window));
        let (at, width) = (camera.to_window(region.place), page.measure(&region.words, hand));
        let room = Rect::from_x_y_w_h(at.x, at.y + 4.0, width + 24.0, hand.size() * 1.7);
        (are_named && !is_left).then_some(room)
    };
    let n = map.regions.len();
    model.regions.place(n, usize::MAX, &mut taken, |_| false, region_room);
    let excerpt_room = |i: usize, is_left: bool| {
        let sentence = &map.sentences[i];
        let at = camera.to_window(sentence.place);
        if !window.contains(at) || sentence.text.is_empty() {
            return None;
        }
        let hand = excerpt_hand(sentence);
        let width = page.measure(&shortened(sentence, camera.zoom), hand);
        let x = if is_left { at.x - 9.0 - width / 2.0 } else { at.x + 9.0 + width / 2.0 };
        let room = Rect::from_x_y_w_h(x, at.y, width + 26.0, hand.size() * 2.3);
        let inside = window.pad(6.0);
        let fits = inside.contains(room.bottom_left()) && inside.contains(room.top_right());
        fits.then_some(room)
    };
    let (n, is_found) = (map.sentences.len(), |i: usize| map.sentences[i].found > 0.0);
    model.excerpts.place(n, MOST_EXCERPTS, &mut taken, is_found, excerpt_room);
}

fn shortened(sentence: &Sentence, zoom: f32) -> String {
    let letters = (EXCERPT * (0.75 + 0.25 * zoom)).min(90.0) as usize;
    excerpt(&sentence.text, if sentence.found > 0.0 { letters + 40 } else { letters })
}

fn excerpt_hand(sentence: &Sentence) -> Hand {
    Hand::roman(EXCERPT_SIZE + 2.0 * sentence.found)
}

fn region_hand(zoom: f32, window: Rect) -> Hand {
    let size = (window.w() / 64.0).clamp(14.0, 23.0) * zoom.powf(0.3);
    Hand::italic(size).colour(MIST).spaced(0.09).afloat(true)
}

fn line_hand(window: Rect) -> Hand {
    Hand::italic((window.w() / 42.0).clamp(17.0, 34.0)).colour(AMBER).afloat(true)
}

/// Where the voyage's line stands: above its light, and inside the window.
fn line_room(line: &str, at: Vec2, page: &mut Page) -> Rect {
    let window = page.rect();
    let hand = line_hand(window);
    let width = page.measure(line, hand);
    let free = (window.w() / 2.0 - width / 2.0 - 20.0).max(0.0);
    let top = window.top() - hand.size() * 1.4;
    let y = (at.y + hand.size() * 1.1).clamp(window.bottom() + 30.0, top);
    Rect::from_x_y_w_h(at.x.clamp(-free, free), y, width + 24.0, hand.size() * 1.7)
}

fn view(app: &App, model: &Model, frame: Frame) {
    let mut page = model.stage.sheet.page(app);
    show_points(model, &mut page);
    if model.is_typeset {
        show_regions(model, &mut page);
        for (i, label) in model.excerpts.seen() {
            if let Some(sentence) = model.map.sentences.get(i) {
                show_excerpt(model, &mut page, sentence, label);
            }
        }
    }
    show_voyage(model, &mut page);
    if model.is_typeset {
        show_found(model, &mut page);
        show_pointed_at(model, &mut page);
    }
    model.search.show(&mut page);
    model.stage.show_waiting(&mut page, model.map.sentences.is_empty());
    model.stage.show_help(&mut page);
    page.show(&frame);
}

/// The words of regions, large and faint, as constellations have names.
fn show_regions(model: &Model, page: &mut Page) {
    let fade = smooth(REGIONS_UNTIL, REGIONS_UNTIL / 2.0, model.camera.zoom);
    for (i, label) in model.regions.seen() {
        let Some(region) = model.map.regions.get(i) else { continue };
        let strength = 0.85 * label.strength * fade * smooth(0.0, 1.5, region.age);
        let hand = region_hand(model.camera.zoom, page.rect()).strength(strength);
        let width = page.measure(&region.words, hand);
        let at = model.camera.to_window(region.place) - vec2(width / 2.0, 0.0);
        page.shade(at, width, hand.size(), 0.6 * strength);
        page.write(&region.words, hand, at);
    }
}

/// Many points are small, and each is faint; nearer ones are larger.
fn show_points(model: &Model, page: &mut Page) {
    let sentences = &model.map.sentences;
    let crowd = (sentences.len() as f32 / 1000.0).max(0.5).powf(-0.25);
    let radius = (1.9 * model.camera.zoom.powf(0.35) * crowd).clamp(1.0, 4.5);
    let dimmed = 1.0 - 0.4 * model.search.strength();
    for (i, sentence) in sentences.iter().enumerate().filter(|(_, one)| !one.text.is_empty()) {
        let at = model.camera.to_window(sentence.place);
        let own = 0.6 + 0.4 * model.excerpts.strength(i);
        page.dot(at, radius, IVORY, own * crowd.max(0.7) * dimmed);
        if sentence.found > 0.0 {
            page.glow(at, 18.0, MATCH, 0.34);
            page.dot(at, radius + 1.2, MATCH, 1.0);
        }
    }
}

fn show_excerpt(model: &Model, page: &mut Page, sentence: &Sentence, label: &Label) {
    let at = model.camera.to_window(sentence.place);
    // Those in the voyage's light are brighter, and what was found is brightest.
    let off = at.distance(model.camera.to_window(model.voyage.head)) / (page.rect().w() * 0.22);
    let lit = (0.46 + 0.4 * (-off * off).exp()) * (1.0 - 0.4 * model.search.strength());
    let (colour, lit) = if sentence.found > 0.0 { (MATCH, 1.0) } else { (IVORY, lit) };
    let words = shortened(sentence, model.camera.zoom);
    let hand = excerpt_hand(sentence)
        .colour(colour)
        .strength(label.strength * lit)
        .afloat(model.camera.is_moving() || sentence.is_moving());
    let width = page.measure(&words, hand);
    let x = if label.is_left { at.x - 9.0 - width } else { at.x + 9.0 };
    let at = vec2(x, at.y - hand.size() * 0.24);
    page.shade(at, width, hand.size(), 0.8 * label.strength);
    page.write(&words, hand, at);
}

/// The thread, the light at its head, and the lines that were read on the way.
fn show_voyage(model: &Model, page: &mut Page) {
    let voyage = &model.voyage;
    let Some(newest) = voyage.stops.back() else { return };
    let n = (voyage.stops.len() * 24).max(2);
    let way = |t: f32| model.camera.to_window(voyage.way(t));
    let mut places: Vec<Vec2> = (0..=n).map(|i| way(i as f32 / n as f32)).collect();
    // Light takes no corner sharply, and a thread gives way where it is bent.
    for _ in 0..160 {
        for i in 1..n {
            places[i] = (places[i - 1] + places[i] * 2.0 + places[i + 1]) / 4.0;
        }
    }
    for (width, strength) in [(SHINE * 2.2, 0.30), (SHINE * 0.42, 0.95)] {
        let shine = |(i, at): (usize, &Vec2)| {
            let t = i as f32 / n as f32;
            (*at, width * (0.35 + 0.65 * t), strength * t.powf(1.3))
        };
        let thread: Vec<_> = places.iter().enumerate().map(shine).collect();
        page.thread(&thread, AMBER);
    }
    let head = way(1.0);
    page.glow(head, SHINE * 9.0, AMBER, 0.42);
    page.glow(head, SHINE * 1.6, [1.0, 0.95, 0.85], 1.0);
    if model.is_typeset {
        // The line before goes out where it was read, then the new one comes.
        let part = newest.age / voyage.pace * 3.0;
        if let Some(before) = voyage.stops.iter().rev().nth(1) {
            let at = model.camera.to_window(before.place);
            show_line(page, &before.line, at, smooth(1.0, 0.0, part));
        }
        show_line(page, &newest.line, head, smooth(0.0, 1.0, part - 0.7));
    }
}

fn show_line(page: &mut Page, line: &str, at: Vec2, strength: f32) {
    let room = line_room(line, at, page);
    let hand = line_hand(page.rect()).strength(strength);
    let width = page.measure(line, hand);
    let at = vec2(room.x() - width / 2.0, room.y() - hand.size() * 0.3);
    page.shade(at, width, hand.size(), 0.85 * strength);
    page.write(line, hand, at);
}

/// What was found, above what was typed.
fn show_found(model: &Model, page: &mut Page) {
    let strength = model.search.strength();
    let corner = page.rect().bottom_left() + vec2(28.0, 70.0);
    for (n, words) in model.map.found.iter().enumerate() {
        let hand = Hand::roman(FOUND_SIZE).colour(MATCH);
        let hand = hand.strength(strength * (0.95 - 0.07 * n as f32));
        let at = corner + vec2(0.0, FOUND_SIZE * 1.35 * n as f32);
        let words = excerpt(words, 56);
        let width = page.measure(&words, hand);
        page.shade(at, width, FOUND_SIZE, 0.9 * strength);
        page.write(&words, hand, at);
    }
}

/// The whole sentence of the point under the mouse.
fn show_pointed_at(model: &Model, page: &mut Page) {
    let off =
        |sentence: &&Sentence| model.camera.to_window(sentence.place).distance(model.camera.mouse);
    let nearest = model.map.sentences.iter().min_by(|a, b| off(a).total_cmp(&off(b)));
    let Some(sentence) = nearest.filter(|one| off(one) < 14.0 && !model.search.is_open()) else {
        return;
    };
    page.glow(model.camera.to_window(sentence.place), 20.0, IVORY, 0.5);
    let (hand, rect) = (Hand::roman(18.0), page.rect());
    let lines = page.wrap(&sentence.text, hand, rect.w() - 80.0);
    for (n, line) in lines.iter().rev().enumerate() {
        let at = vec2(0.0, rect.bottom() + 26.0 + n as f32 * 23.0);
        let width = page.measure(line, hand);
        page.shade(at - vec2(width / 2.0, 0.0), width, hand.size(), 0.9);
        page.write_centred(line, hand, at);
    }
}
