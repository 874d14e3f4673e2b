//! A patcher for Max. Each control holds its input's value over `[udpsend]`; the button runs the
//! command. Answers come to `[udpreceive]` at the reply port, since Max sends from another.

use super::{Control, Input, Output, Patch, Shape, code};
use serde_json::{Value as Json, json};

/// Where the outputs' column begins.
const OUTPUTS_AT: i32 = 640;
/// Rows of a table that are seen without scrolling.
const ROWS: i32 = 8;

/// A patcher as it is made: boxes, and the cords between them.
#[derive(Default)]
struct Patcher {
    boxes: Vec<Json>,
    cords: Vec<Json>,
}

impl Patcher {
    /// Adds a box. Its rectangle is x, y, width and height.
    fn add(&mut self, class: &str, rect: [i32; 4], ports: (usize, usize), more: Json) -> String {
        let id = format!("obj-{}", self.boxes.len() + 1);
        let mut one = json!({
            "id": id,
            "maxclass": class,
            "numinlets": ports.0,
            "numoutlets": ports.1,
            "outlettype": vec![""; ports.1],
            "patching_rect": rect,
        });
        if let (Some(one), Json::Object(more)) = (one.as_object_mut(), more) {
            one.extend(more);
        }
        self.boxes.push(json!({ "box": one }));
        id
    }

    fn object(&mut self, at: (i32, i32), words: &str, ports: (usize, usize)) -> String {
        let wide = (words.len() as i32 * 7 + 16).clamp(40, 500);
        self.add("newobj", [at.0, at.1, wide, 22], ports, json!({ "text": words }))
    }

    fn message(&mut self, at: (i32, i32), words: &str) -> String {
        let wide = (words.len() as i32 * 7 + 16).clamp(40, 500);
        self.add("message", [at.0, at.1, wide, 22], (2, 1), json!({ "text": words }))
    }

    fn comment(&mut self, at: (i32, i32), words: &str) {
        self.add("comment", [at.0, at.1, 560, 20], (1, 0), json!({ "text": words }));
    }

    fn cord(&mut self, from: (&str, usize), to: (&str, usize)) {
        let line = json!({ "source": [from.0, from.1], "destination": [to.0, to.1] });
        self.cords.push(json!({ "patchline": line }));
    }

    fn chain(&mut self, boxes: &[&str]) {
        for pair in boxes.windows(2) {
            self.cord((pair[0], 0), (pair[1], 0));
        }
    }
}

/// One symbol in a box's text: in quotes if it has blanks or signs.
fn symbol(text: &str) -> String {
    let plain: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let is_word = !plain.is_empty()
        && plain.chars().all(|c| c.is_alphanumeric() || "_-/.".contains(c))
        && plain.parse::<f64>().is_err();
    match is_word {
        true => plain,
        false => format!("\"{}\"", plain.replace('\\', "\\\\").replace('"', "\\\"")),
    }
}

pub fn write(patch: &Patch) -> String {
    let mut patcher = Patcher::default();
    patcher.comment((20, 16), &patch.title());
    let mut y = 60;
    let mut stores = Vec::new();
    let mut senders = Vec::new();
    for input in &patch.inputs {
        let (store, prepend, next) = add_input(&mut patcher, patch, input, y);
        stores.push(store);
        senders.push(prepend);
        y = next;
    }
    let address = patch.address();
    let hold_name = format!("{}-{}-hold", patch.model, patch.command.name);
    patcher.comment((20, y), &format!("run: sends all that is above, then {address}"));
    let button =
        patcher.add("button", [20, y + 24, 36, 36], (1, 1), json!({ "outlettype": ["bang"] }));
    let order = patcher.object((20, y + 70), "trigger bang bang", (1, 2));
    let run = patcher.message((20, y + 130), &address);
    let hold = patcher.object((180, y + 70), &format!("send {hold_name}"), (1, 0));
    let target = format!("udpsend {} {}", patch.place.host, patch.place.osc_port);
    let udpsend = patcher.object((20, y + 170), &target, (1, 0));
    patcher.chain(&[&button, &order, &run, &udpsend]);
    patcher.cord((&order, 1), (&hold, 0));
    for sender in &senders {
        patcher.cord((sender, 0), (&udpsend, 0));
    }
    for (index, store) in stores.iter().enumerate() {
        // Near what it bangs, at the right of the control.
        let rect = store.1;
        let receive = patcher.object((rect.0, rect.1), &format!("receive {hold_name}"), (0, 1));
        patcher.cord((&receive, 0), (&stores[index].0, 0));
    }

    let udpreceive =
        patcher.object((OUTPUTS_AT, 60), &format!("udpreceive {}", patch.place.reply_port), (1, 1));
    let mut addresses: Vec<String> =
        patch.outputs.iter().map(|output| format!("{address}/{}", output.name())).collect();
    addresses.push(format!("{address}/error"));
    let route = patcher.object(
        (OUTPUTS_AT, 92),
        &format!("route {}", addresses.join(" ")),
        (2, addresses.len() + 1),
    );
    patcher.chain(&[&udpreceive, &route]);
    let mut y = 140;
    for (outlet, output) in patch.outputs.iter().enumerate() {
        y = add_output(&mut patcher, patch, output, (&route, outlet), y);
    }
    patcher.comment((OUTPUTS_AT, y), &format!("{address}/error s: what was wrong"));
    let set = patcher.object((OUTPUTS_AT, y + 24), "prepend set", (1, 1));
    let shown =
        patcher.add("message", [OUTPUTS_AT, y + 56, 520, 22], (2, 1), json!({ "text": "" }));
    patcher.cord((&route, patch.outputs.len()), (&set, 0));
    patcher.chain(&[&set, &shown]);

    let whole = json!({ "patcher": {
        "fileversion": 1,
        "appversion": { "major": 8, "minor": 6, "revision": 0, "architecture": "x64", "modernui": 1 },
        "classnamespace": "box",
        "rect": [60.0, 80.0, 1260.0, 800.0],
        "default_fontsize": 12.0,
        "default_fontname": "Arial",
        "gridsize": [15.0, 15.0],
        "boxes": patcher.boxes,
        "lines": patcher.cords,
    } });
    format!("{whole:#}\n")
}

/// A control, and what sends its value. Answers the box that gives the value at a bang with a place
/// beside it, the box that the value leaves by, and where the next input begins.
type Added = ((String, (i32, i32)), String, i32);

fn add_input(patcher: &mut Patcher, patch: &Patch, input: &Input, y: i32) -> Added {
    let address = format!("{}/{}", patch.address(), input.name());
    let words = super::one_line(&input.field.description);
    patcher.comment((20, y), &format!("{address}: {words}"));
    let y = y + 24;
    let prepend =
        |patcher: &mut Patcher, y| patcher.object((20, y), &format!("prepend {address}"), (1, 1));
    match &input.control {
        Control::Slider { .. } | Control::Number { .. } => {
            let start = patcher.object(
                (400, y),
                &format!("loadmess {}", code::number(input.number())),
                (1, 1),
            );
            let is_whole = code::tag(input) == "i";
            let class = if is_whole { "number" } else { "flonum" };
            let mut more = json!({ "parameter_enable": 0, "outlettype": ["", "bang"] });
            let mut above = start.clone();
            if let Control::Slider { min, max, .. } = &input.control {
                more["minimum"] = json!(min);
                more["maximum"] = json!(max);
                // A slider of ints counts the values it has, one of floats is as long as its range.
                let size = if is_whole { max - min + 1.0 } else { max - min };
                let look = json!({
                    "orientation": 1, "floatoutput": u8::from(!is_whole), "min": min, "size": size,
                    "parameter_enable": 0,
                });
                above = patcher.add("slider", [20, y, 240, 22], (1, 1), look);
                patcher.chain(&[&start, &above]);
            }
            let number = patcher.add(class, [20, y + 34, 80, 22], (1, 2), more);
            let prepend = prepend(patcher, y + 68);
            patcher.chain(&[&above, &number, &prepend]);
            ((number, (280, y + 34)), prepend, y + 110)
        }
        Control::Toggle => {
            let value = u8::from(input.is_true());
            let start = patcher.object((400, y), &format!("loadmess {value}"), (1, 1));
            let toggle =
                patcher.add("toggle", [20, y, 24, 24], (1, 1), json!({ "parameter_enable": 0 }));
            // A bang would turn the toggle over; the int gives what it holds.
            let store = patcher.object((20, y + 34), "int", (2, 1));
            let prepend = prepend(patcher, y + 68);
            patcher.chain(&[&start, &toggle, &store, &prepend]);
            ((store, (280, y + 34)), prepend, y + 110)
        }
        Control::Menu(names) => {
            let start = patcher.object(
                (400, y),
                &format!("loadmess symbol {}", symbol(&input.text())),
                (1, 1),
            );
            let mut items = Vec::new();
            for name in names {
                items.extend([json!(name), json!(",")]);
            }
            items.pop();
            let menu = patcher.add(
                "umenu",
                [20, y, 240, 22],
                (1, 3),
                json!({ "items": items, "parameter_enable": 0, "outlettype": ["int", "", ""] }),
            );
            let prepend = prepend(patcher, y + 68);
            patcher.chain(&[&start, &menu]);
            patcher.cord((&menu, 1), (&prepend, 0));
            ((menu, (280, y + 34)), prepend, y + 110)
        }
        Control::Text | Control::Picture | Control::Json => {
            let text = match input.control {
                Control::Json => code::json(&input.value),
                _ => input.text(),
            };
            // Return sends; the text leaves as one symbol after the word text.
            let edit = patcher.add(
                "textedit",
                [20, y, 360, 40],
                (1, 4),
                json!({ "text": text, "keymode": 1, "outputmode": 1, "parameter_enable": 0,
                    "outlettype": ["", "int", "", ""] }),
            );
            let route = patcher.object((20, y + 50), "route text", (2, 2));
            let prepend = prepend(patcher, y + 84);
            patcher.chain(&[&edit, &route, &prepend]);
            ((edit, (280, y + 50)), prepend, y + 126)
        }
        Control::Lines | Control::Floats(_) => {
            let items: Vec<String> = match input.control {
                Control::Lines => input.lines().iter().map(|line| symbol(line)).collect(),
                _ => input.floats().iter().map(|float| code::number(f64::from(*float))).collect(),
            };
            let text = items.join(" ");
            let tall = 22 * (text.len() as i32 / 70 + 1);
            let message =
                patcher.add("message", [20, y, 540, tall], (2, 1), json!({ "text": text }));
            let prepend = prepend(patcher, y + tall + 34);
            patcher.chain(&[&message, &prepend]);
            ((message, (20, y + tall + 6)), prepend, y + tall + 76)
        }
        Control::Vector { length, mean, deviation } => {
            let floats: Vec<String> =
                input.floats().iter().map(|float| code::number(f64::from(*float))).collect();
            // Lists are 256 long at most, unless it is said.
            let room = if *length > 256 { format!(" @zlmaxsize {length}") } else { String::new() };
            let button =
                patcher.add("button", [20, y, 24, 24], (1, 1), json!({ "outlettype": ["bang"] }));
            let many = patcher.object((60, y), &format!("uzi {length}"), (2, 3));
            // Box and Muller's way from two even numbers to a normal one.
            let even = patcher.object((60, y + 30), "random 65536", (2, 1));
            let other = patcher.object((180, y + 30), "random 65536", (2, 1));
            let normal = patcher.object(
                (60, y + 60),
                &format!(
                    "expr {} + {} * sqrt(-2. * ln(($f1 + 1.) / 65537.)) * cos($f2 * 9.58738e-05)",
                    code::float(*mean),
                    code::float(*deviation)
                ),
                (2, 1),
            );
            let group = patcher.object((60, y + 90), &format!("zl group {length}{room}"), (2, 2));
            let store = patcher.object((60, y + 120), &format!("zl reg{room}"), (2, 2));
            let shown = patcher.add(
                "multislider",
                [300, y + 86, 260, 60],
                (1, 2),
                json!({ "size": length, "setminmax": [-3.0, 3.0], "setstyle": 1, "parameter_enable": 0 }),
            );
            let prepend = prepend(patcher, y + 210);
            patcher.chain(&[&button, &many]);
            patcher.cord((&many, 0), (&even, 0));
            patcher.cord((&many, 0), (&other, 0));
            patcher.cord((&even, 0), (&normal, 0));
            patcher.cord((&other, 0), (&normal, 1));
            patcher.chain(&[&normal, &group, &store, &prepend]);
            patcher.cord((&group, 0), (&shown, 0));
            if input.is_needed && !input.is_given {
                let start = patcher.object((400, y), "loadbang", (1, 1));
                patcher.chain(&[&start, &button]);
            } else if input.is_given {
                let words = format!("loadmess {}", floats.join(" "));
                let rect = [20, y + 180, 540, 22];
                let start = patcher.add("newobj", rect, (1, 1), json!({ "text": words }));
                patcher.chain(&[&start, &store]);
            }
            ((store, (20, y + 150)), prepend, y + 252)
        }
    }
}

/// An output in the window. Answers where the next one begins.
fn add_output(
    patcher: &mut Patcher,
    patch: &Patch,
    output: &Output,
    from: (&str, usize),
    y: i32,
) -> i32 {
    let x = OUTPUTS_AT;
    patcher.comment((x, y), &output.words(patch));
    let y = y + 24;
    match (output.shape, output.is_array) {
        (Shape::Number, false) => {
            let shown = patcher.add(
                "flonum",
                [x, y, 100, 22],
                (1, 2),
                json!({ "parameter_enable": 0, "outlettype": ["", "bang"] }),
            );
            patcher.cord(from, (&shown, 0));
            y + 46
        }
        (Shape::Text | Shape::Picture, false) => {
            let set = patcher.object((x, y), "prepend set", (1, 1));
            let shown = patcher.add(
                "textedit",
                [x, y + 32, 520, 60],
                (1, 4),
                json!({ "text": "", "fontsize": 16.0, "parameter_enable": 0, "outlettype": ["", "int", "", ""] }),
            );
            patcher.cord(from, (&set, 0));
            patcher.chain(&[&set, &shown]);
            y + 116
        }
        (Shape::Floats(length), is_array) => {
            let look = json!({ "size": length, "setminmax": [-3.0, 3.0], "setstyle": 1, "parameter_enable": 0 });
            let top = if is_array { y + 32 } else { y };
            let shown = patcher.add("multislider", [x, top, 520, 80], (1, 2), look);
            if is_array {
                // The index and the count come first.
                let slice = patcher.object((x, y), "zl slice 2", (2, 2));
                patcher.cord(from, (&slice, 0));
                patcher.cord((&slice, 1), (&shown, 0));
            } else {
                patcher.cord(from, (&shown, 0));
            }
            top + 104
        }
        (shape, true) => {
            let tag = if shape == Shape::Number { "f" } else { "s" };
            let unpack = patcher.object((x, y), &format!("unpack i i {tag}"), (1, 3));
            let pack = patcher.object((x, y + 32), &format!("pack i {tag}"), (2, 1));
            let cell = patcher.message((x + 120, y + 32), "set 0 $1 $2");
            let rows = patcher.message((x + 240, y), "rows $1");
            let table = patcher.add(
                "jit.cellblock",
                [x, y + 66, 520, 22 * ROWS],
                (2, 4),
                json!({ "rows": ROWS, "cols": 1, "colwidth": 500, "rowheight": 22, "fontsize": 13.0,
                    "outlettype": ["list", "", "", ""] }),
            );
            // Last the index, which lets the pair out.
            patcher.cord(from, (&unpack, 0));
            patcher.cord((&unpack, 2), (&pack, 1));
            patcher.cord((&unpack, 1), (&rows, 0));
            patcher.cord((&unpack, 0), (&pack, 0));
            patcher.chain(&[&pack, &cell, &table]);
            patcher.cord((&rows, 0), (&table, 0));
            y + 66 + 22 * ROWS + 24
        }
    }
}
