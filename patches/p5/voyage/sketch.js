// voyage: lines of verse from a walk, and the way that they lie on the map.
// Open http://127.0.0.1:8000/sketches/voyage/ while enjamb runs.
"use strict";

// To play with.
const INK = [233, 225, 210]; // the lines
const PAPER = [18, 17, 15];
const LINES_SHOWN = 7;
const PLACES_SHOWN = 90;
const SECONDS_TO_RISE = 0.9; // how long a line takes to make room for the next
const SECONDS_A_WORD = 0.09; // how quickly a line is said

const lines = []; // { words, born }, the newest last
const places = []; // { x, y } in -1..1, the newest last
let isWalking = false;
let showsKeys = false;
let speed = 2;
let temperature = 0.5;

function setup() {
  createCanvas(windowWidth, windowHeight);
  document.fonts.load('20px "EB Garamond"');
  enjamb.open({ hear, ready });
}

function ready() {
  // All that the voyage says comes here, whoever set it out.
  enjamb.send("/subscribe", "/voyage");
  if (isWalking || lines.length === 0) setOut(true);
}

function setOut(goes) {
  isWalking = goes;
  // /voyage/start, /voyage/stop: sets out, stands still.
  enjamb.send(goes ? "/voyage/start" : "/voyage/stop");
}

function hear(address, values) {
  // /voyage/line i step, s line
  if (address === "/voyage/line") {
    lines.push({ words: values[1].split(" "), born: millis() / 1000 });
    if (lines.length > LINES_SHOWN + 1) lines.shift();
  }
  // /voyage/place i step, f x, f y: where that line lies on the map, in -1..1
  if (address === "/voyage/place") {
    places.push({ x: values[1], y: values[2] });
    if (places.length > PLACES_SHOWN) places.shift();
  }
}

function draw() {
  background(PAPER);
  drawThread();
  drawLines();
  drawWords();
}

// The places in their order: a thread that fades behind.
function drawThread() {
  const at = ({ x, y }) => [width * (0.5 + 0.42 * x), height * (0.5 - 0.42 * y)];
  noFill();
  for (let i = 1; i < places.length; i++) {
    const age = (places.length - i) / PLACES_SHOWN;
    stroke(...INK, 30 * (1 - age));
    strokeWeight(1);
    line(...at(places[i - 1]), ...at(places[i]));
  }
  noStroke();
  places.forEach((place, i) => {
    const isNewest = i === places.length - 1;
    fill(...INK, isNewest ? 160 : 50 * (i / places.length));
    circle(...at(place), isNewest ? 6 : 3);
  });
}

// The newest line stands low, said word by word; the others rise and pale.
function drawLines() {
  const now = millis() / 1000;
  const newest = lines[lines.length - 1];
  if (!newest) return;
  const size = constrain(width / 24, 19, 46);
  const leading = size * 1.55;
  const risen = ease((now - newest.born) / SECONDS_TO_RISE);
  textFont("EB Garamond");
  textAlign(LEFT, BASELINE);
  noStroke();
  lines.forEach((one, i) => {
    const back = lines.length - 1 - i;
    const depth = back - 1 + risen;
    const shade = back === 0 ? 1 : Math.max(0, 0.75 * Math.pow(0.8, depth) * (1 - depth / (LINES_SHOWN + 0.5)));
    const y = height * 0.7 - depth * leading;
    fitText(one.words.join(" "), size, width * 0.76);
    let before = "";
    one.words.forEach((word, n) => {
      // Where the word stands in the whole line, so that letters that lean over a blank may do so.
      before += (n ? " " : "") + word;
      const x = width * 0.12 + textWidth(before) - textWidth(word);
      const said = back === 0 ? ease((now - one.born - n * SECONDS_A_WORD) / 0.5) : 1;
      fill(...INK, 255 * shade * said);
      text(word, x, y);
    });
  });
}

// The size at which a line has room.
function fitText(words, size, room) {
  textSize(size);
  const wide = textWidth(words);
  if (wide > room) textSize((size * room) / wide);
}

function ease(t) {
  t = constrain(t, 0, 1);
  return t * t * (3 - 2 * t);
}

// What can be done, small, at the foot.
function drawWords() {
  const keys = "space: set out, stand still    up, down: speed    left, right: temperature    t: travel to a line    r: from the beginning";
  const state = `${isWalking ? "walking" : "standing still"}    speed ${nf(speed, 0, 1)}    temperature ${nf(temperature, 0, 2)}`;
  const words = enjamb.problem || (showsKeys ? keys : `${state}    h: keys`);
  textFont("EB Garamond");
  fitText(words, 15, width * 0.76);
  fill(...INK, 110);
  text(words, width * 0.12, height - 34);
}

function keyPressed() {
  if (key === " ") setOut(!isWalking);
  if (key === "h") showsKeys = !showsKeys;
  // /voyage/reset: back to where the seed begins.
  if (key === "r") enjamb.send("/voyage/reset");
  if (key === "t") {
    travel();
    return false;
  }
  if (key === "ArrowUp" || key === "ArrowDown") {
    speed = constrain(speed + (key === "ArrowUp" ? 0.5 : -0.5), 0, 20);
    // /voyage/walk/speed f: latent units a second
    enjamb.send("/voyage/walk/speed", speed);
  }
  if (key === "ArrowLeft" || key === "ArrowRight") {
    temperature = constrain(temperature + (key === "ArrowRight" ? 0.05 : -0.05), 0.05, 2);
    // /voyage/poetry/temperature f: how freely a line is read from its place
    enjamb.send("/voyage/poetry/temperature", temperature);
  }
}

function travel() {
  // /voyage/walk/to s: travels to where this line lies, and on
  enjamb.write("where to? a line of your own", (words) => enjamb.send("/voyage/walk/to", words));
}

// On a phone there are no keys.
function touchEnded() {
  setOut(!isWalking);
}

function windowResized() {
  resizeCanvas(windowWidth, windowHeight);
}
