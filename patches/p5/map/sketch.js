// map: sentences where what means the like lies near, and the voyage as a thread among them.
// Open http://127.0.0.1:8000/sketches/map/ while enjamb runs.
"use strict";

// To play with.
const INK = [233, 225, 210];
const THREAD = [226, 164, 96]; // the voyage
const PAPER = [18, 17, 15];
const PLACES_SHOWN = 60;
const EXCERPTS = 9; // sentences around the mouse
const SEEKS = 0.12; // how quickly a point goes where it was said to be, each frame

const points = new Map(); // index -> { x, y, toX, toY, words }
const places = []; // of the voyage, the newest last
let newest = ""; // the voyage's last line
let regions = []; // { words, x, y }
let found = []; // { words, x, y }: what was searched for
let zoom = 1, middle = { x: 0, y: 0 };
let showsKeys = false;
const isPhone = matchMedia("(pointer: coarse)").matches;

function setup() {
  createCanvas(windowWidth, windowHeight);
  document.fonts.load('20px "EB Garamond"');
  document.fonts.load('italic 20px "EB Garamond"');
  enjamb.open({ hear, ready });
}

function ready() {
  // Whoever subscribes to the map's points is first sent all that there are.
  enjamb.send("/subscribe", "/map/point");
  enjamb.send("/subscribe", "/map/frame");
  enjamb.send("/subscribe", "/voyage");
  enjamb.send("/map/labels", 14);
  enjamb.send("/voyage/start");
}

const texts = { labels: [], search: [] };

function hear(address, values) {
  // /map/point i index, i count, f x, f y, s sentence: where a sentence is, as often as it moves
  if (address === "/map/point") {
    const [index, count, x, y, words] = values;
    for (const known of points.keys()) if (known >= count) points.delete(known);
    const point = points.get(index) || { x, y };
    points.set(index, Object.assign(point, { toX: x, toY: y, words }));
  }
  // /map/frame i frame, i iteration, i points, i count: after all that have moved; 0 when it was cleared
  if (address === "/map/frame" && values[3] === 0) points.clear();
  // /map/labels/texts i, i, s and /map/labels/points i, i, f x, f y: words for dense regions
  // /map/search/texts and /map/search/points: what is nearest in meaning
  const [, , command, output] = address.split("/");
  if (command === "labels" || command === "search") {
    const [index, count, ...item] = values;
    if (output === "texts") texts[command][index] = item[0];
    if (output === "points") {
      const list = command === "labels" ? regions : found;
      list.length = count;
      list[index] = { words: texts[command][index], x: item[0], y: item[1] };
    }
  }
  // /voyage/line i step, s line; /voyage/place i step, f x, f y
  if (address === "/voyage/line") newest = values[1];
  if (address === "/voyage/place") {
    places.push({ x: values[1], y: values[2], words: newest });
    if (places.length > PLACES_SHOWN) places.shift();
  }
}

// From the map's -1..1 to the window and back.
function onScreen({ x, y }) {
  return [width * (0.5 + 0.46 * zoom * (x - middle.x)), height * (0.48 - 0.43 * zoom * (y - middle.y))];
}

function onMap(x, y) {
  return { x: middle.x + (x / width - 0.5) / (0.46 * zoom), y: middle.y - (y / height - 0.48) / (0.43 * zoom) };
}

function draw() {
  background(PAPER);
  textFont("EB Garamond");
  drawPoints();
  drawThread();
  drawRegions();
  drawExcerpts();
  drawFoot();
}

function drawPoints() {
  fill(...INK, 95);
  noStroke();
  // Many small squares: the canvas's own are quickest.
  for (const point of points.values()) {
    point.x += (point.toX - point.x) * SEEKS;
    point.y += (point.toY - point.y) * SEEKS;
    const [x, y] = onScreen(point);
    if (x > 0 && x < width && y > 0 && y < height) drawingContext.fillRect(x - 1, y - 1, 2, 2);
  }
}

// Where the voyage has been: a thread of light that fades behind.
function drawThread() {
  noFill();
  for (let i = 1; i < places.length; i++) {
    stroke(...THREAD, 200 * (i / places.length) ** 2);
    strokeWeight(1.2);
    line(...onScreen(places[i - 1]), ...onScreen(places[i]));
  }
  noStroke();
  const last = places[places.length - 1];
  if (!last) return;
  const [x, y] = onScreen(last);
  fill(...THREAD);
  circle(x, y, 7);
  textSize(21);
  say(last.words, x, y, THREAD, 255);
}

// A sentence beside a place, on the side where there is room; above it, where there is none on either.
function say(words, x, y, ink, shade) {
  const wide = textWidth(words);
  const fitsRight = x + 14 + wide < width - 20, fitsLeft = x - 14 - wide > 20;
  const isLeft = !fitsRight && fitsLeft;
  if (!fitsRight && !fitsLeft) {
    textSize(textSize() * min(1, (width - 24) / wide));
    const half = textWidth(words) / 2;
    [x, y] = [constrain(x, half + 10, max(half + 10, width - half - 10)) - 14 - half, y - 20];
  }
  textAlign(isLeft ? RIGHT : LEFT, CENTER);
  // Paper behind the letters, so that they stay clear of what they cover.
  stroke(...PAPER, shade);
  strokeWeight(5);
  fill(...ink, shade);
  text(words, x + (isLeft ? -14 : 14), y);
  noStroke();
}

function drawRegions() {
  textAlign(CENTER, CENTER);
  textStyle(ITALIC);
  textSize(16);
  fill(...INK, 120);
  // Words of regions give way to the line that is being read.
  const head = places.length > 0 ? onScreen(places[places.length - 1]) : null;
  for (const region of regions) {
    if (!region) continue;
    const [x, y] = onScreen(region);
    const isCovered = head && Math.abs(y - head[1]) < 26 && Math.abs(x - head[0]) < width * 0.3;
    if (!isCovered) text(region.words, x, y);
  }
  textStyle(NORMAL);
}

// The sentences around the mouse, and those that were searched for, where there is room.
function drawExcerpts() {
  const taken = [];
  const here = onMap(mouseX, mouseY);
  // Before the mouse has moved it is nowhere.
  const near = mouseX === 0 && mouseY === 0 ? [] : [...points.values()]
    .map((point) => ({ point, far: Math.hypot(point.x - here.x, point.y - here.y) }))
    .sort((a, b) => a.far - b.far)
    .slice(0, EXCERPTS)
    .filter(({ far }) => far < 0.25 / zoom)
    .map(({ point }) => point);
  for (const one of [...found.filter(Boolean), ...near]) {
    const [x, y] = onScreen(one);
    if (taken.some((other) => Math.abs(other - y) < 19)) continue;
    taken.push(y);
    const isFound = found.includes(one);
    fill(...INK);
    circle(x, y, isFound ? 6 : 3.5);
    textSize(16);
    say(one.words, x, y, INK, isFound ? 255 : 190);
  }
}

function drawFoot() {
  const keys = "drag: move    wheel: nearer, farther    /: search    a: all    space: the voyage sets out    s: it stands still";
  const words = enjamb.problem || (showsKeys ? keys : `${points.size} sentences    ${isPhone ? "spread two fingers: nearer    tap here: all" : "h: keys"}`);
  textAlign(LEFT, BASELINE);
  textSize(15);
  fill(...INK, 120);
  text(words, 28, height - 24);
}

let wasDragged = false;

function mousePressed() {
  wasDragged = false;
}

function mouseDragged() {
  wasDragged = true;
  if (touches.length > 1) return spreading();
  const [was, is] = [onMap(pmouseX, pmouseY), onMap(mouseX, mouseY)];
  middle.x -= is.x - was.x;
  middle.y -= is.y - was.y;
}

function mouseWheel(event) {
  nearer(event.delta > 0 ? 0.9 : 1.1, mouseX, mouseY);
  return false;
}

// What lies there stays there.
function nearer(factor, x, y) {
  const before = onMap(x, y);
  zoom = constrain(zoom * factor, 0.5, 20);
  const after = onMap(x, y);
  middle.x += before.x - after.x;
  middle.y += before.y - after.y;
}

let spread = 0; // from finger to finger

function spreading() {
  const [a, b] = touches;
  const now = dist(a.x, a.y, b.x, b.y);
  if (spread > 0) nearer(now / spread, (a.x + b.x) / 2, (a.y + b.y) / 2);
  spread = now;
}

function mouseReleased() {
  spread = 0;
  // On a phone there is no key for it.
  if (isPhone && !wasDragged && mouseY > height - 50) showAll();
}

function showAll() {
  [zoom, middle, found] = [1, { x: 0, y: 0 }, []];
}

function keyPressed() {
  if (key === "h") showsKeys = !showsKeys;
  if (key === " ") enjamb.send("/voyage/start");
  if (key === "s") enjamb.send("/voyage/stop");
  if (key === "a") showAll();
  if (key === "/") {
    // /map/search s text, f how many
    enjamb.write("search for what is near in meaning", (words) => enjamb.send("/map/search", words, 6));
    return false;
  }
}

function windowResized() {
  resizeCanvas(windowWidth, windowHeight);
}
