//! A patch for Pure Data, of vanilla objects only. Each control holds its input's value; the bang
//! sends all of them and runs the command. Answers come back through the same socket.

use super::{Control, Input, Output, Patch, Shape, code};
use std::fmt::Write;

/// Where the outputs' column begins.
const OUTPUTS_AT: i32 = 560;
/// Items of a list that are shown, each in a row of its own.
const ROWS: usize = 8;

/// A canvas as it is written: boxes in order, and the cords between them.
#[derive(Default)]
struct Canvas {
    text: String,
    cords: String,
    n_boxes: usize,
}

impl Canvas {
    fn add(&mut self, line: &str) -> usize {
        let _ = writeln!(self.text, "{line};");
        self.n_boxes += 1;
        self.n_boxes - 1
    }

    fn object(&mut self, x: i32, y: i32, words: &str) -> usize {
        self.add(&format!("#X obj {x} {y} {words}"))
    }

    fn message(&mut self, x: i32, y: i32, words: &str) -> usize {
        self.add(&format!("#X msg {x} {y} {words}"))
    }

    /// A comment, and how much lower than one of a single line it ends.
    fn comment(&mut self, x: i32, y: i32, words: &str) -> i32 {
        self.add(&format!("#X text {x} {y} {}, f 70", atom_words(words)));
        let n_more = words.chars().count() as i32 / 68;
        n_more * 16
    }

    fn cord(&mut self, from: usize, outlet: usize, to: usize, inlet: usize) {
        let _ = writeln!(self.cords, "#X connect {from} {outlet} {to} {inlet};");
    }

    fn chain(&mut self, boxes: &[usize]) {
        for pair in boxes.windows(2) {
            self.cord(pair[0], 0, pair[1], 0);
        }
    }
}

/// One symbol: what Pd takes for the end of an atom is escaped.
fn atom(text: &str) -> String {
    let mut word = String::new();
    for c in text.chars().filter(|c| !c.is_control() || *c == '\n') {
        match c {
            '\n' => word += "\\ ",
            ' ' | ',' | ';' | '\\' | '$' => {
                word.push('\\');
                word.push(c);
            }
            c => word.push(c),
        }
    }
    word
}

/// A comment's words, which may stay apart.
fn atom_words(text: &str) -> String {
    // Commas are atoms of their own; a semicolon would end the line.
    let apart = text.replace(';', ",").replace(',', " , ");
    apart.split_whitespace().map(atom).collect::<Vec<_>>().join(" ")
}

pub fn write(patch: &Patch) -> String {
    let mut canvas = Canvas::default();
    let (model, command) = (patch.model, patch.command.name.as_str());
    canvas.comment(20, 16, &patch.title());

    // The socket: what r $0-osc gets goes out, and what comes back leaves the right outlet.
    let start = canvas.object(OUTPUTS_AT, 60, "loadbang");
    let both = canvas.object(OUTPUTS_AT, 84, "t b b");
    let connect = canvas.message(
        OUTPUTS_AT + 100,
        108,
        &format!("connect {} {}", atom(&patch.place.host), patch.place.osc_port),
    );
    let init = canvas.object(OUTPUTS_AT, 136, "s \\$0-init");
    let outgoing = canvas.object(OUTPUTS_AT + 310, 60, "r \\$0-osc");
    let prepend = canvas.object(OUTPUTS_AT + 310, 84, "list prepend send");
    let trim = canvas.object(OUTPUTS_AT + 310, 108, "list trim");
    let socket = canvas.object(OUTPUTS_AT + 100, 136, "netsend -u -b");
    canvas.chain(&[start, both, init]);
    canvas.cord(both, 1, connect, 0);
    canvas.chain(&[connect, socket]);
    canvas.chain(&[outgoing, prepend, trim, socket]);

    let mut y = 60;
    for input in &patch.inputs {
        y = add_input(&mut canvas, patch, input, y);
    }

    canvas.comment(20, y, &format!("run: sends all that is above, then /{model}/{command}"));
    let run = canvas.object(
        20,
        y + 22,
        "bng 28 250 50 0 empty \\$0-run run 36 14 0 14 #fcfcfc #000000 #000000",
    );
    let order = canvas.object(20, y + 62, "t b b");
    let hold = canvas.object(90, y + 86, "s \\$0-hold");
    let bare = canvas.object(20, y + 110, &format!("oscformat {model} {command}"));
    let send = canvas.object(20, y + 134, "s \\$0-osc");
    canvas.chain(&[run, order, bare, send]);
    canvas.cord(order, 1, hold, 0);
    let left_end = y + 180;

    let parse = canvas.object(OUTPUTS_AT + 100, 166, "oscparse");
    let trim = canvas.object(OUTPUTS_AT + 100, 190, "list trim");
    let of_model = canvas.object(OUTPUTS_AT + 100, 214, &format!("route {model}"));
    let of_command = canvas.object(OUTPUTS_AT + 100, 238, &format!("route {command}"));
    let mut names: Vec<&str> = patch.outputs.iter().map(Output::name).collect();
    names.push("error");
    let route = canvas.object(OUTPUTS_AT + 100, 262, &format!("route {}", names.join(" ")));
    canvas.cord(socket, 1, parse, 0);
    canvas.chain(&[parse, trim, of_model, of_command, route]);
    let mut y = 300;
    for (outlet, output) in patch.outputs.iter().enumerate() {
        y = add_output(&mut canvas, patch, output, (route, outlet), y);
    }
    canvas.comment(OUTPUTS_AT, y, &format!("/{model}/{command}/error s: what was wrong"));
    let error = canvas.object(OUTPUTS_AT, y + 22, "symbol");
    let shown = canvas.add(&symbol_atom(OUTPUTS_AT, y + 46, 68));
    let print = canvas.object(OUTPUTS_AT + 100, y + 22, "print error");
    canvas.cord(route, patch.outputs.len(), error, 0);
    canvas.chain(&[error, shown]);
    canvas.cord(error, 0, print, 0);

    let height = left_end.max(y + 90).max(400);
    format!("#N canvas 40 40 1120 {height} 12;\n{}{}", canvas.text, canvas.cords)
}

fn symbol_atom(x: i32, y: i32, n_characters: usize) -> String {
    format!("#X symbolatom {x} {y} {n_characters} 0 0 0 - - - 0")
}

/// A control and what holds its value, at the left. Answers where the next one begins.
fn add_input(canvas: &mut Canvas, patch: &Patch, input: &Input, y: i32) -> i32 {
    let address = format!("{}/{}", patch.address(), input.name());
    let words = format!("{address}: {}", super::one_line(&input.field.description));
    let y = y + canvas.comment(20, y, &words);
    let init = canvas.object(400, y + 24, "r \\$0-init");
    let hold = canvas.object(290, y + 76, "r \\$0-hold");
    let y = y + 24;
    let (store, next) = match &input.control {
        Control::Slider { min, max, is_whole } => {
            let (low, high) = (code::number(*min), code::number(*max));
            let start = canvas.message(400, y + 24, &code::number(input.number()));
            let slider = canvas.object(
                20,
                y,
                &format!("hsl 240 18 {low} {high} 0 0 empty empty empty -2 -8 0 10 #fcfcfc #000000 #000000 0 1"),
            );
            let round = canvas.object(20, y + 28, if *is_whole { "int" } else { "float" });
            let number =
                canvas.add(&format!("#X floatatom 100 {} 10 {low} {high} 0 - - - 0", y + 28));
            let store = canvas.object(20, y + 52, "float");
            canvas.chain(&[init, start, slider, round, number, store]);
            (store, y + 52)
        }
        Control::Number { .. } | Control::Toggle => {
            let is_toggle = input.control == Control::Toggle;
            let value =
                if is_toggle { f64::from(u8::from(input.is_true())) } else { input.number() };
            let start = canvas.message(400, y + 24, &code::number(value));
            let control = match is_toggle {
                true => canvas.object(
                    20,
                    y,
                    "tgl 22 0 empty empty empty 0 -10 0 12 #fcfcfc #000000 #000000 0 1",
                ),
                false => canvas.add(&format!("#X floatatom 20 {y} 12 0 0 0 - - - 0")),
            };
            let store = canvas.object(20, y + 52, "float");
            canvas.chain(&[init, start, control, store]);
            (store, y + 52)
        }
        Control::Menu(names) => {
            let store = canvas.object(20, y + 52, "symbol");
            let mut x = 20;
            for name in names {
                let choice = canvas.message(x, y, &format!("symbol {}", atom(name)));
                canvas.cord(choice, 0, store, 0);
                if *name == input.text() {
                    canvas.cord(init, 0, choice, 0);
                }
                x += 80 + 7 * name.len() as i32;
            }
            (store, y + 52)
        }
        Control::Text | Control::Picture | Control::Json => {
            let text = match input.control {
                Control::Json => code::json(&input.value),
                _ => input.text(),
            };
            let start = canvas.message(400, y + 24, &format!("symbol {}", atom(&text)));
            let control = canvas.add(&symbol_atom(20, y, 52));
            let store = canvas.object(20, y + 52, "symbol");
            canvas.chain(&[init, start, control, store]);
            (store, y + 52)
        }
        Control::Lines | Control::Floats(_) => {
            let items: Vec<String> = match input.control {
                Control::Lines => input.lines().iter().map(|line| atom(line)).collect(),
                _ => input.floats().iter().map(|float| float.to_string()).collect(),
            };
            // An open message box: its items, with blanks inside of one escaped.
            let choice = canvas.message(20, y, &format!("list {}", items.join(" ")));
            let tall = 18 * (items.join(" ").len() as i32 / 70 + 1);
            let start = canvas.object(20, y + tall + 28, "t b a");
            let store = canvas.object(20, y + tall + 52, "list append");
            canvas.cord(init, 0, choice, 0);
            canvas.chain(&[choice, start, store]);
            canvas.cord(start, 1, store, 1);
            (store, y + tall + 52)
        }
        Control::Vector { length, mean, deviation } => {
            let button = canvas.object(
                20,
                y,
                "bng 22 250 50 0 empty empty draw_another 30 11 0 12 #fcfcfc #000000 #000000",
            );
            let drawn = canvas.add(&drawn(20, y + 28, *length, *mean, *deviation));
            let start = canvas.object(20, y + 52, "t b a");
            let store = canvas.object(20, y + 76, "list append");
            canvas.chain(&[button, drawn, start, store]);
            canvas.cord(start, 1, store, 1);
            if input.is_needed && !input.is_given {
                canvas.cord(init, 0, button, 0);
            } else {
                let floats: Vec<String> =
                    input.floats().iter().map(|float| float.to_string()).collect();
                let given = canvas.message(400, y + 24, &format!("list {}", floats.join(" ")));
                canvas.chain(&[init, given, start]);
            }
            (store, y + 76)
        }
    };
    canvas.cord(hold, 0, store, 0);
    let name = input.name();
    let format = canvas.object(
        20,
        next + 24,
        &format!("oscformat {} {} {name}", patch.model, patch.command.name),
    );
    let send = canvas.object(20, next + 48, "s \\$0-osc");
    canvas.chain(&[store, format, send]);
    next + 86
}

/// A subpatch that gives a list of floats from a normal distribution for each bang.
fn drawn(x: i32, y: i32, length: usize, mean: f64, deviation: f64) -> String {
    // Box and Muller's way from two even numbers to a normal one.
    let expression = format!(
        "expr {} + {} * sqrt(-2 * ln((\\$f1 + 1) / 65537)) * cos(\\$f2 * 9.58738e-05)",
        code::number(mean),
        code::number(deviation)
    );
    [
        "#N canvas 100 100 620 360 drawn 0",
        "#X obj 20 20 inlet",
        "#X obj 20 50 t b b b",
        "#X msg 300 80 list",
        &format!("#X msg 120 80 {length}"),
        "#X obj 120 110 until",
        "#X obj 120 140 t b b",
        "#X obj 120 170 random 65536",
        "#X obj 240 170 random 65536",
        &format!("#X obj 120 200 {expression}"),
        "#X obj 120 230 list prepend",
        "#X obj 120 260 t a a",
        "#X obj 20 290 list append",
        "#X obj 20 320 outlet",
        "#X connect 0 0 1 0",
        "#X connect 1 0 11 0",
        "#X connect 1 1 3 0",
        "#X connect 1 2 2 0",
        "#X connect 2 0 9 1",
        "#X connect 3 0 4 0",
        "#X connect 4 0 5 0",
        "#X connect 5 0 6 0",
        "#X connect 5 1 7 0",
        "#X connect 6 0 8 0",
        "#X connect 7 0 8 1",
        "#X connect 8 0 9 0",
        "#X connect 9 0 10 0",
        "#X connect 10 0 11 1",
        "#X connect 10 1 9 1",
        "#X connect 11 0 12 0",
        &format!("#X restore {x} {y} pd drawn"),
    ]
    .join(";\n")
}

/// An output in the window, at the right. Answers where the next one begins.
fn add_output(
    canvas: &mut Canvas,
    patch: &Patch,
    output: &Output,
    from: (usize, usize),
    y: i32,
) -> i32 {
    let y = y + canvas.comment(OUTPUTS_AT, y, &output.words(patch));
    let y = y + 24;
    let x = OUTPUTS_AT;
    let array = format!("\\$0-{}", output.name());
    let graph = |canvas: &mut Canvas, y: i32, length: usize| {
        canvas.add(
            &[
                "#N canvas 0 0 450 300 (subpatch) 0".to_string(),
                format!("#X array {array} {length} float 2 black black"),
                format!("#X coords 0 3 {} -3 480 80 1 0 0", length.max(1)),
                format!("#X restore {x} {y} graph"),
            ]
            .join(";\n"),
        );
    };
    match (output.shape, output.is_array) {
        (Shape::Text, false) => {
            let symbol = canvas.object(x, y, "symbol");
            let shown = canvas.add(&symbol_atom(x, y + 24, 68));
            let print = canvas.object(x + 100, y, &format!("print {}", output.name()));
            canvas.cord(from.0, from.1, symbol, 0);
            canvas.chain(&[symbol, shown]);
            canvas.cord(symbol, 0, print, 0);
            y + 64
        }
        (Shape::Number, false) => {
            let shown = canvas.add(&format!("#X floatatom {x} {y} 16 0 0 0 - - - 0"));
            let print = canvas.object(x + 160, y, &format!("print {}", output.name()));
            canvas.cord(from.0, from.1, shown, 0);
            canvas.cord(shown, 0, print, 0);
            y + 40
        }
        (Shape::Floats(length), is_array) => {
            let mut from = from;
            let mut top = y;
            if is_array {
                // The index and the count come first.
                let split = canvas.object(x, y, "list split 2");
                canvas.cord(from.0, from.1, split, 0);
                from = (split, 1);
                top += 24;
            }
            let set = canvas.object(x, top, &format!("array set {array}"));
            let size = canvas.object(x + 180, top, "list length");
            let print = canvas.object(x + 280, top, &format!("print {}", output.name()));
            canvas.cord(from.0, from.1, set, 0);
            canvas.cord(from.0, from.1, size, 0);
            canvas.chain(&[size, print]);
            graph(canvas, top + 32, length);
            top + 130
        }
        (Shape::Picture, _) => {
            let size = canvas.object(x, y, "list length");
            let shown = canvas.add(&format!("#X floatatom {x} {} 16 0 0 0 - - - 0", y + 24));
            canvas.cord(from.0, from.1, size, 0);
            canvas.chain(&[size, shown]);
            y + 64
        }
        (shape, true) => {
            let indices: Vec<String> = (0..ROWS).map(|index| index.to_string()).collect();
            let print = canvas.object(x + 260, y, &format!("print {}", output.name()));
            let route = canvas.object(x, y, &format!("route {}", indices.join(" ")));
            canvas.cord(from.0, from.1, print, 0);
            canvas.cord(from.0, from.1, route, 0);
            let tag = if shape == Shape::Text { "s" } else { "f" };
            for row in 0..ROWS {
                let (x, y) = (x, y + 30 + 24 * row as i32);
                let unpack = canvas.object(x, y, &format!("unpack f {tag}"));
                let shown = canvas.add(&match shape {
                    Shape::Text => symbol_atom(x + 90, y, 56),
                    _ => format!("#X floatatom {} {y} 16 0 0 0 - - - 0", x + 90),
                });
                canvas.cord(route, row, unpack, 0);
                canvas.cord(unpack, 1, shown, 0);
            }
            y + 40 + 24 * ROWS as i32
        }
    }
}
