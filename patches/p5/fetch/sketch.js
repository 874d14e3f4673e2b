// fetch: two lines of your own, and the way from one to the other. Nothing but p5.js and fetch.
// Open http://127.0.0.1:8000/sketches/fetch/ while enjamb runs.
"use strict";

// To play with.
const INK = [44, 40, 34];
const PAPER = [244, 239, 229];
const STEPS = 12;

// Opened from a file, the page asks this computer, or ?at=HOST:PORT.
const at = new URLSearchParams(location.search).get("at") || (location.protocol === "file:" ? "127.0.0.1:8000" : location.host);
let first, last; // the two lines, which can be written in
let lines = [];
let born = 0;
let problem = "";

function setup() {
  createCanvas(windowWidth, windowHeight);
  document.fonts.load('20px "EB Garamond"');
  first = writing("The sea is calm tonight.");
  last = writing("My heart is sad.");
  place();
  ask();
}

// A line that can be written in; return asks for the way.
function writing(words) {
  const input = createInput(words);
  input.style("font", "1.6rem 'EB Garamond', Georgia, serif").style("color", "inherit").style("background", "none");
  input.style("border", "0").style("border-bottom", "1px solid #c9bfad").style("outline", "none").style("color", "#2c2822");
  input.changed(ask);
  return input;
}

function place() {
  const wide = min(620, width * 0.8);
  first.position((width - wide) / 2, height * 0.11).size(wide);
  last.position((width - wide) / 2, height * 0.84).size(wide);
}

async function ask() {
  problem = "";
  try {
    // POST /models/poetry/gradient: the lines on the way, none of them twice
    const answer = await fetch(`http://${at}/models/poetry/gradient`, {
      method: "POST",
      body: JSON.stringify({ from: first.value(), to: last.value(), steps: STEPS }),
    });
    const outputs = await answer.json();
    if (!answer.ok) problem = outputs.error;
    // Those between: the first and the last stand there already.
    else [lines, born] = [outputs.lines.slice(1, -1), millis()];
  } catch {
    problem = `no enjamb answers at ${at}, or it does not allow pages from here`;
  }
}

function draw() {
  background(PAPER);
  textFont("EB Garamond");
  textSize(min(25, height / 32));
  textAlign(LEFT, CENTER);
  noStroke();
  const left = (width - min(620, width * 0.8)) / 2;
  const top = height * 0.23, tall = height * 0.55;
  lines.forEach((line, i) => {
    const y = top + (tall * (i + 0.5)) / lines.length;
    // One after the other, as one reads.
    const shown = constrain((millis() - born - i * 140) / 600, 0, 1);
    fill(...INK, 205 * shown);
    // A way: each begins a little further in, and back.
    text(line, left + 46 * sin((PI * (i + 1)) / (lines.length + 1)), y);
  });
  fill(...INK, 140);
  textSize(15);
  text(problem || "write in the first line or the last, and press return", left, height - 28);
}

function windowResized() {
  resizeCanvas(windowWidth, windowHeight);
  place();
}
