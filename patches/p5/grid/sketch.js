// grid: a plane through the space of all lines, with a line in each cell.
// Open http://127.0.0.1:8000/sketches/grid/ while enjamb runs.
"use strict";

// To play with.
const INK = [44, 40, 34];
const PAPER = [244, 239, 229];
const CELL_WIDE = 236; // a cell on the screen
const CELL_TALL = 84;
const TEMPERATURE = 0; // 0: a place says the same line whenever it is asked
const SECONDS_TO_SHOW = 0.8;
const Z = 64; // the dimensions of the space

let origin, xAxis, yAxis; // a point, and two directions of length 1
let span = 3.5; // latent units from the middle of the window to its edge
let half; // cells from the middle to the edge, across and down
let at = { x: 0, y: 0 }; // the cell in the middle of the window
let lines = new Map(); // "column,row" -> { words, born }
let asked = null; // the cells that were asked for and have not all come
let showsKeys = false;
const isPhone = matchMedia("(pointer: coarse)").matches;

function setup() {
  createCanvas(windowWidth, windowHeight);
  document.fonts.load('20px "EB Garamond"');
  measure();
  turn();
  enjamb.open({ hear, ready: () => ask(true) });
}

function measure() {
  half = { x: constrain(ceil(width / CELL_WIDE / 2), 1, 15), y: constrain(ceil(height / CELL_TALL / 2), 1, 15) };
}

// Another plane through the point in the middle: two directions drawn by chance, at right angles.
function turn() {
  origin = origin ? pointAt(at.x, at.y) : new Array(Z).fill(0);
  const draw = () => Array.from({ length: Z }, () => randomGaussian());
  const scaled = (v) => v.map((x) => x / Math.hypot(...v));
  xAxis = scaled(draw());
  const other = draw();
  const along = other.reduce((sum, x, i) => sum + x * xAxis[i], 0);
  yAxis = scaled(other.map((x, i) => x - along * xAxis[i]));
  begin();
}

// All cells are read anew, from the one in the middle.
function begin() {
  at = { x: 0, y: 0 };
  lines.clear();
  ask(true);
}

function pointAt(column, row) {
  return origin.map((x, i) => x + span * ((column / half.x) * xAxis[i] + (row / half.y) * yAxis[i]));
}

// Asks for all cells in the window, if some have no line yet; one question at a time.
function ask(isNew = false) {
  if (asked && !isNew && millis() - asked.since < 5000) return;
  const first = { column: round(at.x) - half.x, row: round(at.y) - half.y };
  const columns = 2 * half.x + 1, rows = 2 * half.y + 1;
  let isWhole = true;
  for (let i = 0; i < columns * rows; i++) {
    isWhole = isWhole && lines.has(`${first.column + (i % columns)},${first.row + floor(i / columns)}`);
  }
  asked = isWhole ? null : { ...first, columns, left: new Set(Array(columns * rows).keys()), since: millis() };
  if (isWhole) return;
  // /poetry/grid f x 64 center, f x 64 x_axis, f x 64 y_axis, f span, f columns, f rows, s axes, f temperature
  enjamb.send("/poetry/grid", pointAt(round(at.x), round(at.y)), xAxis, yAxis, span, columns, rows, "random", TEMPERATURE);
}

function hear(address, values) {
  // /poetry/grid/lines i index, i count, s line: row by row, but they come from the middle outwards
  if (address !== "/poetry/grid/lines" || !asked || values.length < 3) return;
  const [index, , words] = values;
  const cell = `${asked.column + (index % asked.columns)},${asked.row + floor(index / asked.columns)}`;
  if (!lines.has(cell)) lines.set(cell, { words, born: millis() / 1000 });
  asked.left.delete(index);
  if (asked.left.size === 0) asked = null;
}

function draw() {
  background(PAPER);
  ask();
  textFont("EB Garamond");
  textAlign(CENTER, CENTER);
  noStroke();
  const now = millis() / 1000;
  const under = cellAt(mouseX, mouseY);
  for (let row = floor(at.y) - half.y - 1; row <= at.y + half.y + 1; row++) {
    for (let column = floor(at.x) - half.x - 1; column <= at.x + half.x + 1; column++) {
      const x = width / 2 + (column - at.x) * CELL_WIDE;
      const y = height / 2 + (row - at.y) * CELL_TALL;
      const one = lines.get(`${column},${row}`);
      if (!one) {
        fill(...INK, 40);
        circle(x, y, 2);
        continue;
      }
      const shown = constrain((now - one.born) / SECONDS_TO_SHOW, 0, 1);
      // What is far from the middle is pale.
      const far = Math.hypot((x - width / 2) / width, (y - height / 2) / height);
      const isUnder = column === under.column && row === under.row;
      fill(...INK, shown * (isUnder ? 255 : 225 * (1 - 0.95 * far)));
      write(one.words, x, y, isUnder ? 19 : 16.5);
    }
  }
  // Paper beneath, so that no line runs through the foot.
  fill(PAPER);
  rect(0, height - 46, width, 46);
  textAlign(LEFT, BASELINE);
  textSize(15);
  fill(...INK, 130);
  const keys = "drag: another place    wheel: nearer, farther    click: that line in the middle    n: another plane    m: back to the middle of all";
  text(enjamb.problem || (isPhone ? "spread two fingers: nearer    tap here: the middle" : showsKeys ? keys : `${nf(span, 0, 1)} from here to the edge    h: keys`), 28, height - 24);
}

// A line in its cell, broken near its middle where it is long.
function write(words, x, y, size) {
  textSize(size);
  if (textWidth(words) < CELL_WIDE - 26) return text(words, x, y);
  const parts = words.split(" ");
  const rows = parts.map((_, i) => [parts.slice(0, i).join(" "), parts.slice(i).join(" ")]);
  rows.sort((a, b) => abs(textWidth(a[0]) - textWidth(a[1])) - abs(textWidth(b[0]) - textWidth(b[1])));
  text(rows[0][0], x, y - size * 0.6);
  text(rows[0][1], x, y + size * 0.6);
}

function cellAt(x, y) {
  return { column: round(at.x + (x - width / 2) / CELL_WIDE), row: round(at.y + (y - height / 2) / CELL_TALL) };
}

let wasDragged = false;

function mousePressed() {
  wasDragged = false;
}

function mouseDragged() {
  wasDragged = true;
  if (touches.length > 1) return spreading();
  at.x -= (mouseX - pmouseX) / CELL_WIDE;
  at.y -= (mouseY - pmouseY) / CELL_TALL;
}

let spread = 0; // from finger to finger

// As far as a turn of the wheel, and then again.
function spreading() {
  const now = dist(touches[0].x, touches[0].y, touches[1].x, touches[1].y);
  if (spread > 0 && now > 0.87 * spread && now < 1.15 * spread) return;
  if (spread > 0) farther(spread / now);
  spread = now;
}

function mouseReleased() {
  spread = 0;
  if (wasDragged) return;
  // On a phone there is no key for it.
  if (isPhone && mouseY > height - 50) return home();
  const { column, row } = cellAt(mouseX, mouseY);
  at = { x: column, y: row };
}

// Nearer or farther, around the line in the middle.
function mouseWheel(event) {
  farther(event.delta > 0 ? 1.15 : 0.87);
  return false;
}

function farther(factor) {
  origin = pointAt(at.x, at.y);
  span = constrain(span * factor, 0.2, 16);
  begin();
}

function home() {
  origin = new Array(Z).fill(0);
  begin();
}

function keyPressed() {
  if (key === "h") showsKeys = !showsKeys;
  if (key === "n") turn();
  if (key === "m") home();
}

function windowResized() {
  resizeCanvas(windowWidth, windowHeight);
  origin = pointAt(at.x, at.y);
  measure();
  begin();
}
