//! Sentence space: all sentences of the map, and the voyage that moves through them.
//!
//! ```sh
//! cargo run --release --bin sentence_space
//! ```
//!
//! Beside a running enjamb. `h` lists the keys.

use enjamb_sketches::osc::{index, number, text};
use enjamb_sketches::{
    AMBER, Colour, Hand, Heard, IVORY, InkPlugin, MIST, Options, Osc, Page, Stage, ease, excerpt,
    smooth,
};
use nannou::prelude::*;
use nannou_osc::{Message, Type};
use std::collections::{HashMap, VecDeque};

// Parameters to play with.

/// Excerpts are of so many letters, and of so many more as one comes nearer.
const EXCERPT: f32 = 30.0;
/// Their size in points, and how many there are at most.
const EXCERPT_SIZE: f32 = 15.0;
const MOST_EXCERPTS: usize = 38;
/// Points in a frame that are tried for room.
const TRIES: usize = 300;
/// Seconds in which excerpts come, and in which points follow the map.
const FADE: f32 = 0.35;
const DRIFT: f32 = 0.12;
/// Places of the voyage that its thread goes through, and how wide it shines, in points.
const THREAD: usize = 22;
const SHINE: f32 = 7.0;
/// How many sentences a search finds, and their size in points.
const FOUND: i32 = 9;
const RESULT_SIZE: f32 = 16.5;
/// Regions that are named.
const REGIONS: i32 = 14;
/// What words of regions, and what is found, look like.
const REGION: Colour = MIST;
/// How near one may come before the words of regions go.
const REGIONS_UNTIL: f32 = 8.0;
const MATCH: Colour = [0.62, 0.86, 0.90];

const KEYS: &[(&str, &str)] = &[
    ("drag", "look around"),
    ("wheel, + and -", "go nearer, further away"),
    ("0", "all of it"),
    ("/", "search; escape ends it"),
    ("space", "the voyage stands still, goes on"),
    ("c", "follow the voyage, or not"),
    ("p", "lay all sentences out anew"),
    ("t", "with and without type"),
    ("w", "words of regions"),
];

fn main() {
    nannou::app(model).update(update).add_plugin(InkPlugin).run();
}

struct Model {
    stage: Stage,
    osc: Osc,
    map: Map,
    voyage: Voyage,
    search: Search,
    camera: Camera,
    is_typeset: bool,
    are_regions_named: bool,
    is_found: bool,
    /// How strongly it shows that there is no enjamb.
    waiting: f32,
    mouse: Vec2,
}

/// The map as it was heard, and as it is shown.
#[derive(Default)]
struct Map {
    points: Vec<Point>,
    regions: Vec<Region>,
    /// Seconds until the regions are asked for, after points have moved.
    ask_regions: f32,
    /// The order in which points may have an excerpt, and how far it has been gone through.
    order: Vec<usize>,
    tried: usize,
    seed: i32,
}

#[derive(Clone, Default)]
struct Point {
    text: String,
    place: Vec2,
    target: Vec2,
    /// How strongly its excerpt shows, and whether it should.
    excerpt: f32,
    has_room: bool,
    /// On which side of the point the excerpt stands.
    is_left: bool,
    /// How well a search found it, from 0 to 1.
    found: f32,
    light: f32,
}

#[derive(Clone, Default)]
struct Region {
    words: String,
    place: Vec2,
    strength: f32,
    has_room: bool,
}

#[derive(Default)]
struct Voyage {
    stops: VecDeque<Stop>,
    /// Lines whose place has not come yet.
    lines: HashMap<i32, String>,
    is_still: bool,
    /// Where the light is.
    head: Vec2,
    /// Seconds from stop to stop, lately.
    pace: f32,
}

struct Stop {
    line: String,
    place: Vec2,
    age: f32,
}

#[derive(Default)]
struct Search {
    is_open: bool,
    words: String,
    /// What was found, the nearest in meaning first.
    results: Vec<String>,
    /// Seconds until it is sent.
    wait: Option<f32>,
    strength: f32,
}

struct Camera {
    at: Vec2,
    wanted_at: Vec2,
    /// Points to a unit of the map, as a multiple of what shows all of it.
    zoom: f32,
    wanted_zoom: f32,
    dragged_from: Option<(Vec2, Vec2)>,
    is_following: bool,
}

fn model(app: &App) -> Model {
    let options = Options::read();
    let [width, height] = options.size;
    app.new_window::<Model>()
        .primary()
        .title("sentence space")
        .size(width, height)
        .view(view)
        .key_pressed(key_pressed)
        .received_character(received_character)
        .mouse_moved(mouse_moved)
        .mouse_pressed(mouse_pressed)
        .mouse_released(mouse_released)
        .mouse_wheel(mouse_wheel)
        .build();
    // What it asks itself is answered without a subscription.
    let osc = Osc::open(options.at, &["/map/point", "/map/frame", "/voyage"])
        .expect("the system has a socket");
    Model {
        stage: Stage::new(app, options, "sentence_space", KEYS),
        osc,
        map: Map::default(),
        voyage: Voyage { pace: 1.0, ..Voyage::default() },
        search: Search::default(),
        camera: Camera {
            at: Vec2::ZERO,
            wanted_at: Vec2::ZERO,
            zoom: 1.0,
            wanted_zoom: 1.0,
            dragged_from: None,
            is_following: false,
        },
        is_typeset: true,
        are_regions_named: true,
        is_found: false,
        waiting: 0.0,
        mouse: Vec2::splat(f32::MAX),
    }
}

impl Camera {
    /// Points to a unit of the map.
    fn scale(&self, window: Rect) -> Vec2 {
        // A wide window shows a wide map: each side is filled, within reason.
        let (width, height) = (window.w() * 0.44, window.h() * 0.43);
        let least = width.min(height);
        vec2(width.min(least * 1.7), height.min(least * 1.7)) * self.zoom
    }

    fn to_window(&self, place: Vec2, window: Rect) -> Vec2 {
        (place - self.at) * self.scale(window)
    }

    /// Goes nearer while what is under the mouse stays there.
    fn approach(&mut self, factor: f32, mouse: Vec2, window: Rect) {
        let before = mouse / (self.scale(window) / self.zoom * self.wanted_zoom);
        self.wanted_zoom = (self.wanted_zoom * factor).clamp(0.7, 60.0);
        let after = mouse / (self.scale(window) / self.zoom * self.wanted_zoom);
        if !self.is_following {
            self.wanted_at += before - after;
        }
    }

    fn is_moving(&self) -> bool {
        self.at.distance(self.wanted_at) * self.zoom > 2e-4
            || (self.zoom / self.wanted_zoom - 1.0).abs() > 1e-4
    }

    fn show_all(&mut self) {
        (self.wanted_at, self.wanted_zoom, self.is_following) = (Vec2::ZERO, 1.0, false);
    }
}

fn key_pressed(app: &App, model: &mut Model, key: KeyCode) {
    if model.search.is_open {
        match key {
            KeyCode::Escape => model.close_search(),
            KeyCode::Enter | KeyCode::NumpadEnter => model.fly_to_found(),
            KeyCode::Backspace => {
                model.search.words.pop();
                model.search.wait = Some(0.25);
            }
            KeyCode::Space => model.search.words.push(' '),
            _ => {}
        }
        return;
    }
    let middle = app.main_window().rect();
    match key {
        KeyCode::Space => {
            model.voyage.is_still = !model.voyage.is_still;
            let still = model.voyage.is_still;
            model.osc.send(if still { "/voyage/stop" } else { "/voyage/start" }, vec![]);
        }
        KeyCode::Equal | KeyCode::NumpadAdd => model.camera.approach(1.5, Vec2::ZERO, middle),
        KeyCode::Minus | KeyCode::NumpadSubtract => {
            model.camera.approach(1.0 / 1.5, Vec2::ZERO, middle);
        }
        KeyCode::Digit0 => model.camera.show_all(),
        KeyCode::KeyC => model.camera.is_following = !model.camera.is_following,
        KeyCode::KeyT => model.is_typeset = !model.is_typeset,
        KeyCode::KeyW => model.are_regions_named = !model.are_regions_named,
        KeyCode::KeyP => {
            model.map.seed += 1;
            model.osc.send("/map/project/seed", vec![Type::Int(model.map.seed)]);
            model.osc.send("/map/project", vec![]);
        }
        // Whoever lets go of the search with escape does not mean to leave.
        KeyCode::Escape if model.map.points.iter().any(|point| point.found > 0.0) => {
            model.close_search();
        }
        _ => model.stage.key_pressed(app, key),
    }
}

fn received_character(_: &App, model: &mut Model, character: char) {
    if model.search.is_open && !character.is_control() && character != ' ' {
        model.search.words.push(character);
        model.search.wait = Some(0.25);
    } else if character == '/' {
        model.search.is_open = true;
        model.search.words.clear();
    }
}

fn mouse_moved(app: &App, model: &mut Model, at: Point2) {
    model.mouse = at;
    if let Some((from, was_at)) = model.camera.dragged_from {
        let scale = model.camera.scale(app.main_window().rect());
        model.camera.wanted_at = was_at - (at - from) / scale;
        model.camera.at = model.camera.wanted_at;
    }
}

fn mouse_pressed(_: &App, model: &mut Model, button: MouseButton) {
    if button == MouseButton::Left {
        model.camera.is_following = false;
        model.camera.dragged_from = Some((model.mouse, model.camera.at));
    }
}

fn mouse_released(_: &App, model: &mut Model, _: MouseButton) {
    model.camera.dragged_from = None;
}

fn mouse_wheel(app: &App, model: &mut Model, wheel: MouseWheel) {
    let factor = (wheel.y * 0.18).clamp(-1.0, 1.0).exp();
    let window = app.main_window().rect();
    let mouse = if window.contains(model.mouse) { model.mouse } else { Vec2::ZERO };
    model.camera.approach(factor, mouse, window);
}

impl Model {
    fn close_search(&mut self) {
        self.search.is_open = false;
        self.search.wait = None;
        self.map.points.iter_mut().for_each(|point| point.found = 0.0);
    }

    /// Goes where what was found lies.
    fn fly_to_found(&mut self) {
        self.search.is_open = false;
        let found = self.map.points.iter().filter(|point| point.found > 0.0);
        let places: Vec<Vec2> = found.map(|point| point.target).collect();
        if places.is_empty() {
            return;
        }
        let low = places.iter().copied().fold(Vec2::splat(f32::MAX), Vec2::min);
        let high = places.iter().copied().fold(Vec2::splat(f32::MIN), Vec2::max);
        let reach = ((high - low) / 2.0).max_element().max(0.06);
        self.camera.is_following = false;
        self.camera.wanted_at = (low + high) / 2.0;
        self.camera.wanted_zoom = (0.75 / reach).clamp(1.0, 12.0);
    }
}

fn update(app: &App, model: &mut Model) {
    let seconds = model.stage.update(app);
    let heard: Vec<Heard> = model.osc.heard().collect();
    for heard in heard {
        match heard {
            Heard::Found => {
                model.is_found = true;
                model.map.ask_regions = 0.5;
                if !model.voyage.is_still {
                    model.osc.send("/voyage/start", vec![]);
                }
            }
            Heard::Lost => model.is_found = false,
            Heard::Message(message) => hear(model, &message),
        }
    }
    search(model, seconds);
    model.map.step(seconds, &model.osc);
    model.voyage.step(seconds);
    let camera = &mut model.camera;
    if camera.is_following {
        camera.wanted_at = model.voyage.head;
    }
    let slow = if camera.is_following { 0.7 } else { 0.09 };
    camera.at.x = ease(camera.at.x, camera.wanted_at.x, seconds, slow);
    camera.at.y = ease(camera.at.y, camera.wanted_at.y, seconds, slow);
    camera.zoom = ease(camera.zoom, camera.wanted_zoom, seconds, 0.09);
    let waiting = if model.is_found { 0.0 } else { 1.0 };
    model.waiting = ease(model.waiting, waiting, seconds, 0.4);
    if model.is_typeset {
        let mut page = model.stage.sheet.page(app);
        let (camera, voyage, search) = (&model.camera, &model.voyage, &model.search);
        place_excerpts(&mut model.map, camera, voyage, search, &mut page);
    }
}

fn hear(model: &mut Model, message: &Message) {
    let map = &mut model.map;
    match message.addr.as_str() {
        "/map/point" => map.move_point(message),
        "/map/frame" => {
            // Regions take some time to find, and are other ones as long as anything moves.
            map.ask_regions = 1.0;
            map.points.truncate(index(message, 3).unwrap_or(usize::MAX));
        }
        "/map/labels/texts" => {
            let (Some(n), Some(count)) = (index(message, 0), index(message, 1)) else { return };
            map.regions.resize(count, Region::default());
            if let (Some(region), Some(words)) = (map.regions.get_mut(n), text(message, 2)) {
                if region.words != words {
                    *region = Region { words: words.into(), ..Region::default() };
                }
            }
        }
        "/map/labels/points" => {
            let (Some(n), Some(place)) = (index(message, 0), place(message, 2)) else { return };
            if let Some(region) = map.regions.get_mut(n) {
                region.place = place;
            }
        }
        "/map/search/texts" if !model.search.words.is_empty() => {
            let (Some(n), Some(words)) = (index(message, 0), text(message, 2)) else { return };
            if n == 0 {
                map.points.iter_mut().for_each(|point| point.found = 0.0);
                model.search.results.clear();
            }
            model.search.results.push(words.into());
            if let Some(point) = map.points.iter_mut().find(|point| point.text == words) {
                point.found = 1.0 - n as f32 / (FOUND as f32 * 2.0);
            }
        }
        "/voyage/line" => {
            if let (Some(Type::Int(step)), Some(line)) = (message.args.first(), text(message, 1)) {
                model.voyage.lines.retain(|known, _| (step - known).abs() < 6000);
                model.voyage.lines.insert(*step, line.into());
            }
        }
        "/voyage/place" => {
            if let (Some(Type::Int(step)), Some(place)) = (message.args.first(), place(message, 1))
            {
                // A line and its place have the same step.
                let line = model.voyage.lines.remove(step).unwrap_or_default();
                model.voyage.arrive(line, place);
            }
        }
        _ => {}
    }
}

fn place(message: &Message, from: usize) -> Option<Vec2> {
    Some(vec2(number(message, from)?, number(message, from + 1)?))
}

fn search(model: &mut Model, seconds: f32) {
    let search = &mut model.search;
    let shown = if search.is_open { 1.0 } else { 0.0 };
    search.strength = ease(search.strength, shown, seconds, 0.08);
    let Some(wait) = &mut search.wait else { return };
    *wait -= seconds;
    if *wait <= 0.0 {
        search.wait = None;
        match search.words.trim() {
            "" => {
                search.results.clear();
                model.map.points.iter_mut().for_each(|point| point.found = 0.0);
            }
            words => {
                let arguments = vec![Type::String(words.into()), Type::Int(FOUND)];
                model.osc.send("/map/search", arguments);
            }
        }
    }
}

impl Map {
    fn move_point(&mut self, message: &Message) {
        let (Some(n), Some(count)) = (index(message, 0), index(message, 1)) else { return };
        let (Some(place), Some(words)) = (place(message, 2), text(message, 4)) else { return };
        // More than a map can have is no map's message.
        if n >= count || count > 100_000 {
            return;
        }
        if self.points.len() != count {
            self.points.resize(count, Point::default());
        }
        let point = &mut self.points[n];
        if point.text != words {
            *point = Point { text: words.into(), place, target: place, ..Point::default() };
        }
        point.target = place;
    }

    fn step(&mut self, seconds: f32, osc: &Osc) {
        for point in &mut self.points {
            point.place.x = ease(point.place.x, point.target.x, seconds, DRIFT);
            point.place.y = ease(point.place.y, point.target.y, seconds, DRIFT);
            let shown = if point.has_room { 1.0 } else { 0.0 };
            point.excerpt = ease(point.excerpt, shown, seconds, FADE);
            let lit = if point.found > 0.0 { 1.0 } else { 0.0 };
            point.light = ease(point.light, lit, seconds, 0.2);
        }
        for region in &mut self.regions {
            let shown = if region.has_room { 1.0 } else { 0.0 };
            region.strength = ease(region.strength, shown, seconds, 0.8);
        }
        if self.ask_regions > 0.0 && !self.points.is_empty() {
            self.ask_regions -= seconds;
            if self.ask_regions <= 0.0 {
                osc.send("/map/labels", vec![Type::Int(REGIONS)]);
                // A busy computer loses datagrams; now that all is at rest, what was lost can be had.
                osc.send("/map/show", vec![]);
            }
        }
    }
}

impl Voyage {
    fn arrive(&mut self, line: String, place: Vec2) {
        match self.stops.back() {
            Some(last) => self.pace = ease(self.pace, last.age.clamp(0.2, 4.0), 1.0, 1.0),
            None => self.head = place,
        }
        self.stops.push_back(Stop { line, place, age: 0.0 });
        if self.stops.len() > THREAD {
            self.stops.pop_front();
        }
    }

    fn step(&mut self, seconds: f32) {
        self.stops.iter_mut().for_each(|stop| stop.age += seconds);
        self.head = self.way(1.0);
    }

    /// A place on the way, from the oldest stop at 0 to the light's at 1.
    fn way(&self, t: f32) -> Vec2 {
        let n = self.stops.len();
        let Some(last) = self.stops.back() else { return Vec2::ZERO };
        if n == 1 {
            return last.place;
        }
        // The light is on its way to the newest stop for as long as it takes the next to come.
        let part = smooth(0.0, 1.0, last.age / (self.pace * 1.15));
        let along = t * (n as f32 - 2.0 + part);
        let i = (along as usize).min(n - 2);
        let stop = |i: isize| self.stops[i.clamp(0, n as isize - 1) as usize].place;
        let i = i as isize;
        curve([stop(i - 1), stop(i), stop(i + 1), stop(i + 2)], along - i as f32)
    }
}

/// A Catmull-Rom spline, held back a little.
fn curve([a, b, c, d]: [Vec2; 4], t: f32) -> Vec2 {
    let (from, to) = ((c - a) * 0.42, (d - b) * 0.42);
    let (t2, t3) = (t * t, t * t * t);
    b * (2.0 * t3 - 3.0 * t2 + 1.0)
        + from * (t3 - 2.0 * t2 + t)
        + c * (-2.0 * t3 + 3.0 * t2)
        + to * (t3 - t2)
}

/// Gives excerpts to the points that have room for one, those first that had one before.
fn place_excerpts(
    map: &mut Map,
    camera: &Camera,
    voyage: &Voyage,
    search: &Search,
    page: &mut Page,
) {
    let rect = page.rect();
    let n = map.points.len();
    if map.order.len() != n {
        // Spread over the map, whatever the order of its sentences.
        map.order = (0..n).collect();
        map.order.sort_by_key(|i| (*i as u32 + 1).wrapping_mul(2_654_435_769));
    }
    let mut taken: Vec<Rect> = Vec::new();
    // The voyage's line has its room before all others.
    if let Some(stop) = voyage.stops.back() {
        let at = camera.to_window(voyage.head, rect);
        taken.push(line_room(&stop.line, at, rect, page).pad(-10.0));
    }
    if search.is_open {
        let height = 70.0 + RESULT_SIZE * 1.35 * search.results.len() as f32;
        let corner = rect.bottom_left();
        taken.push(Rect::from_corners(corner, corner + vec2(460.0, height)));
    }
    // And so have the words of regions.
    if camera.zoom < REGIONS_UNTIL {
        let mut named: Vec<Rect> = Vec::new();
        for region in &mut map.regions {
            let (hand, at) = (region_hand(camera, rect), camera.to_window(region.place, rect));
            let width = page.measure(&region.words, hand);
            let room = Rect::from_x_y_w_h(at.x, at.y + 4.0, width + 24.0, hand.size() * 1.7);
            region.has_room = named.iter().all(|other| other.overlap(room).is_none());
            if region.has_room {
                named.push(room);
            }
        }
        taken.extend(named);
    }
    let letters = (EXCERPT * (0.75 + 0.25 * camera.zoom)).min(90.0) as usize;
    // What was found comes first, then what had room before, then some of the others in turn.
    let points = &map.points;
    let found = map.order.iter().filter(|i| points[**i].found > 0.0);
    let shown = map.order.iter().filter(|i| points[**i].has_room && points[**i].found <= 0.0);
    let next = map.order.iter().cycle().skip(map.tried).take(TRIES.min(n));
    let next = next.filter(|i| !points[**i].has_room && points[**i].found <= 0.0);
    let order: Vec<usize> = found.chain(shown).chain(next).copied().collect();
    map.tried = (map.tried + TRIES) % n.max(1);
    let mut n_excerpts = 0;
    for i in order {
        let point = &map.points[i];
        let at = camera.to_window(point.place, rect);
        let is_wanted = n_excerpts < MOST_EXCERPTS || point.found > 0.0;
        let mut room = None;
        if is_wanted && rect.contains(at) && !point.text.is_empty() {
            let hand = excerpt_hand(point);
            let width = page.measure(&shortened(point, letters), hand);
            room = [point.is_left, !point.is_left].into_iter().find_map(|is_left| {
                let room = excerpt_room(at, width, hand.size(), is_left);
                let fits = rect.pad(6.0).contains(room.bottom_left())
                    && rect.pad(6.0).contains(room.top_right())
                    && taken.iter().all(|other| other.overlap(room).is_none());
                fits.then_some((is_left, room))
            });
        }
        let point = &mut map.points[i];
        point.has_room = false;
        if let Some((is_left, room)) = room {
            // An excerpt changes sides only where it can't be seen.
            if point.is_left == is_left || point.excerpt < 0.15 {
                (point.is_left, point.has_room) = (is_left, true);
            }
            taken.push(room);
            n_excerpts += 1;
        }
    }
}

fn shortened(point: &Point, letters: usize) -> String {
    excerpt(&point.text, if point.found > 0.0 { letters + 40 } else { letters })
}

fn excerpt_hand(point: &Point) -> Hand {
    Hand::roman(EXCERPT_SIZE + 2.0 * point.found)
}

fn excerpt_room(at: Vec2, width: f32, size: f32, is_left: bool) -> Rect {
    let (gap, height) = (9.0, size * 2.3);
    let x = if is_left { at.x - gap - width / 2.0 } else { at.x + gap + width / 2.0 };
    Rect::from_x_y_w_h(x, at.y, width + 26.0, height)
}

/// Where the voyage's line stands: above its light, and inside the window.
fn line_room(line: &str, at: Vec2, window: Rect, page: &mut Page) -> Rect {
    let hand = line_hand(window);
    let width = page.measure(line, hand);
    let free = (window.w() / 2.0 - width / 2.0 - 20.0).max(0.0);
    let top = window.top() - hand.size() * 1.4;
    let y = (at.y + hand.size() * 1.1).clamp(window.bottom() + 30.0, top);
    Rect::from_x_y_w_h(at.x.clamp(-free, free), y, width + 24.0, hand.size() * 1.7)
}

fn line_hand(window: Rect) -> Hand {
    Hand::italic((window.w() / 42.0).clamp(17.0, 34.0)).colour(AMBER).afloat(true)
}

fn view(app: &App, model: &Model) {
    let mut page = model.stage.sheet.page(app);
    let rect = page.rect();
    let camera = &model.camera;
    if model.is_typeset && model.are_regions_named {
        show_regions(&model.map, camera, &mut page);
    }
    // Many points are small, and each is faint; nearer ones are larger.
    let crowd = (model.map.points.len() as f32 / 1000.0).max(0.5).powf(-0.25);
    let radius = (1.9 * camera.zoom.powf(0.35) * crowd).clamp(1.0, 4.5);
    let dimmed = 1.0 - 0.4 * model.search.strength;
    for point in model.map.points.iter().filter(|point| !point.text.is_empty()) {
        let at = camera.to_window(point.place, rect);
        let own = 0.6 + 0.4 * point.excerpt;
        page.dot(at, radius, IVORY, own * crowd.max(0.7) * dimmed);
        if point.light > 0.01 {
            page.glow(at, 26.0, MATCH, 0.5 * point.light);
            page.dot(at, radius + 1.2, MATCH, point.light);
        }
    }
    if model.is_typeset {
        let letters = (EXCERPT * (0.75 + 0.25 * camera.zoom)).min(90.0) as usize;
        let is_moving = camera.is_moving();
        let head = camera.to_window(model.voyage.head, rect);
        for point in model.map.points.iter().filter(|point| point.excerpt > 0.02) {
            let at = camera.to_window(point.place, rect);
            let is_moving = is_moving || point.place.distance(point.target) > 1e-4;
            // Those in the voyage's light are brighter.
            let off = at.distance(head) / (rect.w() * 0.22);
            let lit = dimmed * (0.46 + 0.4 * (-off * off).exp());
            show_excerpt(&mut page, point, at, letters, lit, is_moving);
        }
    }
    show_voyage(model, &mut page);
    if model.is_typeset {
        show_search(model, &mut page);
    }
    model.stage.show_waiting(&mut page, model.waiting, model.map.points.is_empty());
    model.stage.show_help(&mut page);
    page.show();
}

fn show_excerpt(
    page: &mut Page,
    point: &Point,
    at: Vec2,
    letters: usize,
    lit: f32,
    is_moving: bool,
) {
    let words = shortened(point, letters);
    let colour = if point.found > 0.0 { MATCH } else { IVORY };
    let strength = point.excerpt * (lit + (1.0 - lit) * point.light);
    let hand = excerpt_hand(point).colour(colour).strength(strength).afloat(is_moving);
    let width = page.measure(&words, hand);
    let x = if point.is_left { at.x - 9.0 - width } else { at.x + 9.0 };
    let at = vec2(x, at.y - hand.size() * 0.24);
    page.shade(at, width, hand.size(), 0.8 * point.excerpt);
    page.write(&words, hand, at);
}

/// The words of regions, large and faint, as constellations have names.
fn show_regions(map: &Map, camera: &Camera, page: &mut Page) {
    let rect = page.rect();
    let fade = smooth(REGIONS_UNTIL, REGIONS_UNTIL / 2.0, camera.zoom);
    for region in &map.regions {
        let at = camera.to_window(region.place, rect);
        let hand = region_hand(camera, rect).strength(0.62 * region.strength * fade);
        page.write_centred(&region.words, hand, at);
    }
}

fn region_hand(camera: &Camera, window: Rect) -> Hand {
    let size = (window.w() / 64.0).clamp(14.0, 23.0) * camera.zoom.powf(0.3);
    Hand::italic(size).colour(REGION).spaced(0.09).afloat(true)
}

/// The thread, the light at its head, and the lines that were read on the way.
fn show_voyage(model: &Model, page: &mut Page) {
    let (voyage, camera, rect) = (&model.voyage, &model.camera, page.rect());
    let Some(newest) = voyage.stops.back() else { return };
    let n = (voyage.stops.len() * 24).max(2);
    let way = |t: f32| camera.to_window(voyage.way(t), rect);
    let mut places: Vec<Vec2> = (0..=n).map(|i| way(i as f32 / n as f32)).collect();
    // Light takes no corner sharply.
    for _ in 0..60 {
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
    if !model.is_typeset {
        return;
    }
    // The line before goes out where it was read, then the new one comes.
    let (going, coming) = (newest.age / voyage.pace * 3.0, newest.age / voyage.pace * 3.0 - 0.7);
    if let Some(before) = voyage.stops.iter().rev().nth(1) {
        let hand = line_hand(rect).strength(smooth(1.0, 0.0, going));
        let room = line_room(&before.line, camera.to_window(before.place, rect), rect, page);
        page.write_centred(&before.line, hand, vec2(room.x(), room.y() - hand.size() * 0.3));
    }
    let hand = line_hand(rect).strength(smooth(0.0, 1.0, coming));
    let room = line_room(&newest.line, head, rect, page);
    let width = page.measure(&newest.line, hand);
    let at = vec2(room.x() - width / 2.0, room.y() - hand.size() * 0.3);
    page.shade(at, width, hand.size(), 0.85 * hand.looks());
    page.write_centred(&newest.line, hand, vec2(room.x(), room.y() - hand.size() * 0.3));
}

fn show_search(model: &Model, page: &mut Page) {
    let (search, rect) = (&model.search, page.rect());
    if search.strength > 0.01 {
        let hand = Hand::roman(24.0).colour(MATCH).strength(search.strength);
        let at = vec2(rect.left() + 28.0, rect.bottom() + 30.0);
        for (n, words) in search.results.iter().enumerate() {
            let strength = search.strength * (0.95 - 0.07 * n as f32);
            let hand = Hand::roman(RESULT_SIZE).colour(MATCH).strength(strength);
            let at = at + vec2(0.0, 40.0 + RESULT_SIZE * 1.35 * n as f32);
            let words = excerpt(words, 56);
            let width = page.measure(&words, hand);
            page.shade(at, width, RESULT_SIZE, 0.9 * search.strength);
            page.write(&words, hand, at);
        }
        let words = if search.words.is_empty() { "search" } else { search.words.as_str() };
        let faint = if search.words.is_empty() { 0.5 } else { 1.0 };
        let width = page.write(words, hand.strength(search.strength * faint), at);
        let caret = at + vec2(if search.words.is_empty() { -6.0 } else { width + 4.0 }, -5.0);
        page.rule(caret, caret + vec2(0.0, 24.0), MATCH, search.strength);
        return;
    }
    // The whole sentence of the point under the mouse.
    let near = |point: &&Point| model.camera.to_window(point.place, rect).distance(model.mouse);
    let nearest = model.map.points.iter().min_by(|a, b| near(a).total_cmp(&near(b)));
    if let Some(point) = nearest.filter(|point| near(point) < 14.0) {
        let at = model.camera.to_window(point.place, rect);
        page.glow(at, 20.0, IVORY, 0.5);
        let hand = Hand::roman(18.0);
        for (n, line) in page.wrap(&point.text, hand, rect.w() - 80.0).iter().rev().enumerate() {
            let y = rect.bottom() + 26.0 + n as f32 * 23.0;
            page.write_centred(line, hand, vec2(0.0, y));
        }
    }
}
