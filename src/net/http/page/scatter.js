// Sentences with vectors as a small map: two numbers as they are, or two principal components, with
// excerpts where there is room.

import { colours, h } from "./dom.js";
import { Room, excerpt } from "./labels.js";

const FONT = "17px";

/** A figure of sentences laid out by their vectors. */
export function scatter(lines, vectors) {
  const isPlace = vectors[0].length === 2;
  const points = isPlace ? vectors : principal(vectors);
  const canvas = h("canvas", { role: "img", "aria-label": `${lines.length} sentences; what means the like lies near` });
  const words = h("figcaption", { class: "about" }, isPlace ? "Each lies at its two numbers." : "Each lies by its vector: the two directions in which they differ most.");
  let at = null;
  const draw = (hovered = -1) => {
    const { width, height } = canvas.getBoundingClientRect();
    if (!width) return;
    const density = devicePixelRatio || 1;
    canvas.width = width * density;
    canvas.height = height * density;
    const pen = canvas.getContext("2d");
    const { ink, accent, serif } = colours();
    pen.scale(density, density);
    pen.font = `${FONT} ${serif}`;
    pen.textBaseline = "middle";
    const room = new Room(width, height);
    at = within(points, width, height, isPlace);
    const order = lines.map((_, i) => i);
    if (hovered >= 0) order.unshift(hovered);
    for (const i of order) {
      const [x, y] = at(points[i]);
      pen.fillStyle = i === hovered ? accent : ink;
      pen.beginPath();
      pen.arc(x, y, i === hovered ? 4 : 2.6, 0, 7);
      pen.fill();
      const words = excerpt(lines[i], i === hovered ? 90 : 44);
      const long = pen.measureText(words).width;
      // To the right of its point, or to the left, or above, or below.
      const inside = Math.min(Math.max(4, x - long / 2), Math.max(4, width - long - 4));
      const places = [[x + 9, y], [x - 9 - long, y], [inside, y - 18], [inside, y + 18]];
      const free = places.find(([left, at]) => left > 0 && left + long < width && room.take(left, at - 10, long, 20));
      if (free) pen.fillText(words, free[0], free[1]);
    }
  };
  canvas.addEventListener("pointermove", (event) => {
    const box = canvas.getBoundingClientRect();
    if (!at) return;
    const distances = points.map((point) => {
      const [x, y] = at(point);
      return Math.hypot(x - (event.clientX - box.left), y - (event.clientY - box.top));
    });
    const nearest = distances.indexOf(Math.min(...distances));
    draw(distances[nearest] < 30 ? nearest : -1);
  });
  canvas.addEventListener("pointerleave", () => draw());
  new ResizeObserver(() => draw()).observe(canvas);
  const repaint = () => (canvas.isConnected ? draw() : removeEventListener("themechange", repaint));
  addEventListener("themechange", repaint);
  return h("figure", { class: "scatter" }, canvas, words);
}

/** How points lie in a box: places in their own proportions, others as wide and as high as there is room. */
function within(points, width, height, isPlace) {
  const [[left, right], [bottom, top]] = [0, 1].map((axis) => {
    const all = points.map((point) => point[axis]);
    return [Math.min(...all), Math.max(...all)];
  });
  const fit = (room, span) => (span < 1e-9 ? 0 : room / span);
  let [across, up] = [fit(width - 48, right - left), fit(height - 40, top - bottom)];
  if (isPlace) across = up = Math.min(across || up, up || across);
  return ([x, y]) => [width / 2 + (x - (left + right) / 2) * across, height / 2 - (y - (bottom + top) / 2) * up];
}

/** The first two principal components of some vectors, by power iteration. */
function principal(vectors) {
  const n = vectors.length;
  const length = vectors[0].length;
  const mean = new Float64Array(length);
  for (const vector of vectors) vector.forEach((x, i) => { mean[i] += x / n; });
  const rows = vectors.map((vector) => Float64Array.from(vector, (x, i) => x - mean[i]));
  const dot = (a, b) => a.reduce((sum, x, i) => sum + x * b[i], 0);
  const axes = [];
  for (let axis = 0; axis < 2; axis += 1) {
    let v = Float64Array.from({ length }, (_, i) => Math.sin(i * 12.9898 + axis + 1));
    for (let step = 0; step < 60; step += 1) {
      const next = new Float64Array(length);
      for (const row of rows) {
        const along = dot(row, v);
        for (let i = 0; i < length; i += 1) next[i] += along * row[i];
      }
      for (const other of axes) {
        const along = dot(next, other);
        for (let i = 0; i < length; i += 1) next[i] -= along * other[i];
      }
      const long = Math.sqrt(dot(next, next));
      if (long < 1e-12) break;
      v = next.map((x) => x / long);
    }
    axes.push(v);
  }
  return rows.map((row) => axes.map((axis) => dot(row, axis)));
}
