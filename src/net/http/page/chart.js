// The chart: points, contours, words and the voyage's thread on one plane, drawn when something changed.

import { clamp, colours, h, isCalm, typeset } from "./dom.js";
import { BACK, OUT, PLAIN, faintness, graphics, pixels } from "./points.js";
import { Room, excerpt } from "./labels.js";
import { contours } from "./contours.js";
import { drawThread, drawWords } from "./thread.js";

export const LEVELS = [0.15, 0.26, 0.4, 0.58, 0.78];
const LABEL_SIZE = 16.5;
const FADE_MS = 220;
const TRIES = 2500;
const MOST_ZOOM = 400;
const text = new TextDecoder();

export class Chart {
  points = { n: 0, places: new Float32Array(0), kinds: new Uint8Array(0), isMoved: true, isMarked: true };
  texts = [];
  selection = [];
  loop = [];
  trail = [];
  regions = [];
  lines = null;
  #targets = new Float32Array(0);
  #hashes = new Uint32Array(0);
  #order = new Uint32Array(0);
  #shown = new Map();
  #cursor = 0;
  #tried = 0;
  #where = "";
  #widths = new Map();
  #byText = null;
  #marked = [];
  #pointed = -1;
  #isWaiting = false;
  #isMoving = false;
  #goal = null;
  #lastFrame = 0;

  constructor(plane, undo) {
    this.plane = plane;
    this.view = { x: 0, y: 0, scale: 1, width: 0, height: 0 };
    this.zoom = 1;
    const glass = h("canvas", { "aria-hidden": "true" });
    const card = graphics(glass);
    const paper = h("canvas", { "aria-hidden": "true" });
    this.painter = card ?? pixels();
    // Without a graphics card all is one canvas in memory, where pixels are put as they are.
    this.pen = paper.getContext("2d", { willReadFrequently: !card });
    this.canvases = card ? [glass, paper] : [paper];
    plane.append(...this.canvases);
    plane.dataset.points = this.painter.name;
    this.room = new Room(1, 1);
    const sizes = new ResizeObserver(() => this.#fit());
    sizes.observe(plane);
    undo.add(() => sizes.disconnect());
    undo.on(window, "themechange", () => {
      this.#dress();
      this.redraw();
    });
    this.#dress();
    document.fonts?.ready.then(() => {
      this.#widths.clear();
      this.redraw();
    });
    undo.add(() => { this.#isWaiting = true; });
  }

  #dress() {
    const { ink, accent, paper, soft, serif } = colours();
    const rgb = (hex) => [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16));
    this.look = { ink: rgb(ink), accent: rgb(accent), colours: { ink, accent, paper, soft }, serif, size: 1.5, density: 1 };
  }

  #fit() {
    const { width, height } = this.plane.getBoundingClientRect();
    if (!width || !height) return;
    const isFirst = this.view.width === 0;
    const before = this.#homeScale();
    Object.assign(this.view, { width, height });
    this.#grain(this.look.density);
    this.room.resize(width, height);
    if (isFirst) this.view.scale = this.#homeScale();
    else this.view.scale *= this.#homeScale() / before;
    this.redraw();
  }

  /** How fine the canvases are. */
  #grain(density) {
    this.look.density = density;
    for (const canvas of this.canvases) {
      canvas.width = Math.round(this.view.width * density);
      canvas.height = Math.round(this.view.height * density);
    }
  }

  /** Fine when it rests. Where the processor draws, what moves on a fine screen is drawn coarser. */
  #refine(isMoving) {
    const finest = Math.min(2, devicePixelRatio || 1);
    const isCoarse = isMoving && this.canvases.length === 1;
    const density = isCoarse ? Math.min(1, finest) : finest;
    if (density !== this.look.density) this.#grain(density);
    clearTimeout(this.#resting);
    if (isCoarse && density !== finest) this.#resting = setTimeout(() => this.redraw(), 120);
  }

  #resting = 0;
  #lastView = "";

  #homeScale() {
    const { width, height } = this.view;
    // A map that is much wider than high may lose a little at the sides, where little is.
    return Math.max(1, Math.min(width, height) * 0.47);
  }

  // What is on it.

  /** A message of the map's stream of points: index, count, x, y, sentence. */
  place({ view, bytes }, at) {
    const index = view.getInt32(at);
    const count = view.getInt32(at + 4);
    if (count !== this.points.n) this.resize(count);
    if (index < 0 || index >= count) return;
    const x = view.getFloat32(at + 8);
    const y = view.getFloat32(at + 12);
    let hash = 2166136261;
    let end = at + 16;
    for (; bytes[end] !== 0; end += 1) hash = Math.imul(hash ^ bytes[end], 16777619);
    // Most messages move a sentence that is known, which need not be read again.
    if (this.#hashes[index] !== hash >>> 0 || this.texts[index] === undefined) {
      this.#hashes[index] = hash >>> 0;
      this.texts[index] = text.decode(bytes.subarray(at + 16, end));
      this.#byText = null;
      this.points.places[2 * index] = x;
      this.points.places[2 * index + 1] = y;
      this.points.isMoved = true;
      this.#forget(index);
    }
    this.#targets[2 * index] = x;
    this.#targets[2 * index + 1] = y;
    if (!this.#isMoving) this.lines = null;
    this.#isMoving = true;
    this.redraw();
  }

  #forget(index) {
    for (let bucket = 0; bucket < 8; bucket += 1) {
      this.#widths.delete(index * 8 + bucket);
      this.#excerpts.delete(index * 8 + bucket);
    }
    this.#shown.delete(index);
  }

  resize(count) {
    if (count === this.points.n) return;
    const grown = (old, Kind, size) => {
      if (old.length >= size) return old;
      const next = new Kind(Math.max(size, 2 * old.length));
      next.set(old);
      return next;
    };
    this.points.places = grown(this.points.places, Float32Array, 2 * count);
    this.points.kinds = grown(this.points.kinds, Uint8Array, count);
    this.#targets = grown(this.#targets, Float32Array, 2 * count);
    this.#hashes = grown(this.#hashes, Uint32Array, count);
    this.points.n = count;
    this.points.isMoved = true;
    this.texts.length = Math.min(this.texts.length, count);
    this.#byText = null;
    this.selection = this.selection.filter((i) => i < count);
    this.#marked = this.#marked.filter((i) => i < count);
    for (const i of this.#shown.keys()) if (i >= count) this.#shown.delete(i);
    // Excerpts come in an order that is mixed, but always the same.
    this.#order = Uint32Array.from({ length: count }, (_, i) => i)
      .sort((a, b) => Math.imul(a + 1, 2654435761) - Math.imul(b + 1, 2654435761));
    this.regions = [];
    this.lines = null;
    this.#paintKinds();
  }

  showDensity(cells, columns, rows) {
    const lines = contours(cells, columns, rows, LEVELS);
    const paths = lines.map((level) => {
      const path = new Path2D();
      for (const line of level) line.forEach(([x, y], i) => (i ? path.lineTo(x, y) : path.moveTo(x, y)));
      return path;
    });
    this.lines = { lines, paths };
    this.redraw();
  }

  showRegions(texts, points, counts) {
    this.regions = texts.map((words, i) => ({ words, x: points[i][0], y: points[i][1], count: counts[i] }));
    this.redraw();
  }

  indexOf(words) {
    this.#byText ??= new Map(this.texts.map((text, i) => [text, i]));
    return this.#byText.get(words) ?? -1;
  }

  /** Points some out: what a search has found. */
  mark(indices) {
    this.#marked = indices;
    this.#paintKinds();
  }

  select(indices) {
    this.selection = indices;
    this.#paintKinds();
  }

  /** Points at one, or at none with -1. */
  point(i) {
    if (i === this.#pointed) return;
    this.#pointed = i;
    this.redraw();
  }

  #paintKinds() {
    const out = this.selection.length > 0 ? this.selection : this.#marked;
    this.points.kinds.fill(out.length > 0 ? BACK : PLAIN);
    for (const i of out) this.points.kinds[i] = OUT;
    this.points.isMarked = true;
    this.redraw();
  }

  /** Sentences that are pointed out: selected, or else found. */
  get out() {
    return this.selection.length > 0 ? this.selection : this.#marked;
  }

  /** The voyage comes to a place. */
  travel(step, x, y, line) {
    const now = performance.now();
    this.trail.push({ x, y, line: typeset(line), at: now });
    if (this.trail.length > 60) this.trail.shift();
    this.redraw();
  }

  nearest(x, y, within) {
    const { places, n } = this.points;
    const [px, py] = this.toMap(x, y);
    let best = (within / this.view.scale) ** 2;
    let found = -1;
    for (let i = 0; i < n; i += 1) {
      const distance = (places[2 * i] - px) ** 2 + (places[2 * i + 1] - py) ** 2;
      if (distance < best) [best, found] = [distance, i];
    }
    return found;
  }

  /** The points within a loop that was drawn on the screen. */
  within(loop) {
    const corners = loop.map(([x, y]) => this.toMap(x, y));
    const { places, n } = this.points;
    const found = [];
    for (let i = 0; i < n; i += 1) {
      const [x, y] = [places[2 * i], places[2 * i + 1]];
      let isIn = false;
      for (let a = 0, b = corners.length - 1; a < corners.length; b = a, a += 1) {
        const [ax, ay] = corners[a];
        const [bx, by] = corners[b];
        if (ay > y !== by > y && x < ((bx - ax) * (y - ay)) / (by - ay) + ax) isIn = !isIn;
      }
      if (isIn) found.push(i);
    }
    return found;
  }

  // Where one looks.

  toMap(x, y) {
    const { view } = this;
    return [view.x + (x - view.width / 2) / view.scale, view.y - (y - view.height / 2) / view.scale];
  }

  toScreen(x, y, view = this.view) {
    return [view.width / 2 + (x - view.x) * view.scale, view.height / 2 - (y - view.y) * view.scale];
  }

  pan(dx, dy) {
    this.#goal = null;
    this.view.x = clamp(this.view.x - dx / this.view.scale, -1.5, 1.5);
    this.view.y = clamp(this.view.y + dy / this.view.scale, -1.5, 1.5);
    this.redraw();
  }

  zoomAt(factor, x, y) {
    this.#goal = null;
    const before = this.toMap(x, y);
    const home = this.#homeScale();
    this.view.scale = clamp(this.view.scale * factor, home * 0.5, home * MOST_ZOOM);
    const after = this.toMap(x, y);
    this.view.x += before[0] - after[0];
    this.view.y += before[1] - after[1];
    this.redraw();
  }

  lookAt(x, y, zoom) {
    const scale = this.#homeScale() * clamp(zoom, 0.5, MOST_ZOOM);
    if (![x, y, scale].every(Number.isFinite)) return;
    this.#goal = { x: clamp(x, -1.5, 1.5), y: clamp(y, -1.5, 1.5), scale };
    this.redraw();
  }

  home() {
    this.lookAt(0, 0, 1);
  }

  fly(i) {
    const { places } = this.points;
    this.lookAt(places[2 * i], places[2 * i + 1], Math.max(6, this.view.scale / this.#homeScale()));
    this.point(i);
  }

  // A frame.

  redraw() {
    if (this.#isWaiting) return;
    this.#isWaiting = true;
    requestAnimationFrame((now) => {
      this.#isWaiting = !this.plane.isConnected;
      if (this.#isWaiting || this.view.width === 0) return;
      const passed = Math.min(100, now - this.#lastFrame);
      this.#lastFrame = now;
      const isBusy = this.#step(passed);
      const seen = `${this.view.x} ${this.view.y} ${this.view.scale}`;
      this.#refine(seen !== this.#lastView);
      this.#lastView = seen;
      this.#paint(passed);
      if (isBusy || this.#isFading) this.redraw();
    });
  }

  #isFading = false;

  #step(passed) {
    let isBusy = false;
    const share = isCalm() ? 1 : 1 - Math.exp(-passed / 60);
    if (this.#isMoving) {
      const { places, n } = this.points;
      let isMoving = false;
      for (let i = 0; i < 2 * n; i += 1) {
        const way = this.#targets[i] - places[i];
        if (way > 1e-4 || way < -1e-4) {
          places[i] += way * share;
          isMoving = true;
        }
      }
      this.points.isMoved = true;
      this.#isMoving = isMoving;
      isBusy ||= isMoving;
    }
    if (this.#goal) {
      const { view } = this;
      const share = isCalm() ? 1 : 1 - Math.exp(-passed / 140);
      const ratio = this.#goal.scale / view.scale;
      view.scale *= ratio ** share;
      view.x += (this.#goal.x - view.x) * share;
      view.y += (this.#goal.y - view.y) * share;
      const isThere = Math.abs(ratio - 1) < 1e-3 && Math.hypot(this.#goal.x - view.x, this.#goal.y - view.y) * view.scale < 0.3;
      if (isThere) {
        Object.assign(view, this.#goal);
        this.#goal = null;
      } else isBusy = true;
    }
    const last = this.trail.at(-1);
    return isBusy || (last !== undefined && performance.now() - last.at < 1600);
  }

  #paint(passed) {
    const { pen, view, look, points, canvases } = this;
    this.zoom = view.scale / this.#homeScale();
    // Many points on a small window are finer, so that words stand out before them.
    const share = (Math.min(view.width, view.height) / 720) ** 0.35 * (3000 / Math.max(1000, points.n)) ** 0.16;
    look.size = clamp(1.35 * share * this.zoom ** 0.28, 0.75, 4.2);
    pen.setTransform(1, 0, 0, 1, 0, 0);
    if (canvases.length > 1) pen.clearRect(0, 0, pen.canvas.width, pen.canvas.height);
    this.painter.draw(view, points, look, pen, this.lines?.lines);
    points.isMoved = false;
    points.isMarked = false;
    pen.setTransform(look.density, 0, 0, look.density, 0, 0);
    if (canvases.length > 1) this.drawContours(pen, view);
    this.room.clear();
    const regions = this.regionsIn(view);
    const now = performance.now();
    const thread = drawThread(this, pen, view, now, this.room);
    for (const region of regions) this.room.take(region.left - 6, region.y - region.size * 0.5, region.width + 12, region.size);
    this.drawRegions(pen, regions);
    const fade = isCalm() ? 1 : passed / FADE_MS;
    this.#label(pen, fade);
    if (thread) drawWords(this, pen, thread);
    if (this.#pointed >= 0) this.#ring(pen, this.#pointed);
    if (this.loop.length > 1) this.#drawLoop(pen);
  }

  drawContours(pen, view) {
    if (!this.lines) return;
    const { scale } = view;
    pen.save();
    pen.transform(scale, 0, 0, -scale, view.width / 2 - view.x * scale, view.height / 2 + view.y * scale);
    pen.strokeStyle = this.look.colours.ink;
    pen.lineWidth = 0.8 / scale;
    this.lines.paths.forEach((path, i) => {
      pen.globalAlpha = faintness(i);
      pen.stroke(path);
    });
    pen.restore();
  }

  /** The regions' words that can be read in a view, with their boxes. */
  regionsIn(view) {
    const strength = clamp(1.15 - Math.log2(this.zoom) / 3.2, 0, 1);
    if (strength === 0) return [];
    const most = Math.max(1, ...this.regions.map((region) => region.count));
    const room = new Room(view.width, view.height);
    return this.regions.flatMap(({ words, x, y, count }) => {
      const size = 19 + 12 * Math.sqrt(count / most);
      const font = `italic ${size.toFixed(1)}px ${this.look.serif}`;
      const width = this.#widthOf(words, font);
      const [sx, sy] = this.toScreen(x, y, view);
      const left = sx - width / 2;
      return room.take(left - 8, sy - size * 0.6, width + 16, size * 1.2) ? [{ words, font, size, left, y: sy, width, strength }] : [];
    });
  }

  #regionWidths = new Map();

  #widthOf(words, font) {
    const key = font + words;
    let width = this.#regionWidths.get(key);
    if (width === undefined) {
      this.pen.font = font;
      width = this.pen.measureText(words).width;
      this.#regionWidths.set(key, width);
    }
    return width;
  }

  drawRegions(pen, regions) {
    pen.textBaseline = "middle";
    const { ink, paper } = this.look.colours;
    for (const { words, font, size, left, y, width, strength } of regions) {
      pen.font = font;
      pen.fillStyle = paper;
      pen.globalAlpha = 0.78 * strength;
      pen.fillRect(left - 4, y - size * 0.5, width + 8, size * 1.05);
      pen.fillStyle = ink;
      pen.globalAlpha = 0.7 * strength;
      pen.fillText(words, left, y);
    }
    pen.globalAlpha = 1;
  }

  /**
   * Excerpts that find room: those that were there stay, as long as they may; then `tries` others are
   * tried, from the one at `from` on.
   */
  labelsIn(view, room, keep = [], from = 0, tries = this.points.n) {
    const bucket = clamp(Math.floor(Math.log2(Math.max(1, this.zoom))), 0, 6);
    const most = 30 + 10 * bucket;
    const { places, kinds, n } = this.points;
    const labels = [];
    const offset = this.look.size + 5;
    const hasOut = this.out.length > 0;
    const seen = new Set();
    // The air around an excerpt: without it a page of them is a page of print.
    const airX = this.zoom < 3 ? 26 : 14;
    const airY = this.zoom < 3 ? 9 : 4;
    const limit = clamp((view.width * view.height) / 11_000, 24, 110);
    const consider = (i) => {
      if (labels.length >= limit || seen.has(i) || i >= n || this.texts[i] === undefined) return;
      const sx = view.width / 2 + (places[2 * i] - view.x) * view.scale + offset;
      const sy = view.height / 2 - (places[2 * i + 1] - view.y) * view.scale;
      if (sx < 0 || sy < 8 || sx > view.width - 40 || sy > view.height - 8 || room.isTaken(sx, sy)) return;
      // Most find out cheaply that there is no room; only those that may fit are cut and measured.
      const about = Math.min(this.texts[i].length, most) * 5.4;
      if (room.isTaken(sx + about * 0.45, sy) || room.isTaken(sx + about * 0.9, sy)) return;
      const words = this.#excerpt(i, bucket, most);
      if (!room.isFree(sx - airX / 2, sy - LABEL_SIZE / 2 - airY / 2, words.length * 5.4 + airX, LABEL_SIZE + airY)) return;
      const width = this.#measure(i, bucket, words);
      if (sx + width > view.width - 4) return;
      if (!room.take(sx - airX / 2, sy - LABEL_SIZE / 2 - airY / 2, width + airX, LABEL_SIZE + airY)) return;
      seen.add(i);
      labels.push({ i, words, x: sx, y: sy, width, isOut: kinds[i] === OUT });
    };
    this.out.forEach(consider);
    if (!hasOut || this.zoom > 4) {
      for (const i of keep) consider(i);
      for (let k = 0; k < Math.min(n, tries) && labels.length < limit; k += 1) consider(this.#order[(from + k) % n]);
    }
    return labels;
  }

  #excerpts = new Map();

  #excerpt(i, bucket, most) {
    const key = i * 8 + bucket;
    let words = this.#excerpts.get(key);
    if (words === undefined) {
      words = excerpt(typeset(this.texts[i]), most);
      this.#excerpts.set(key, words);
    }
    return words;
  }

  #measure(i, bucket, words) {
    const key = i * 8 + bucket;
    let width = this.#widths.get(key);
    if (width === undefined) {
      this.pen.font = `${LABEL_SIZE}px ${this.look.serif}`;
      width = this.pen.measureText(words).width;
      this.#widths.set(key, width);
    }
    return width;
  }

  #label(pen, fade) {
    // Some thousands are tried in a frame, and the rest in the next ones.
    const { x, y, scale } = this.view;
    const where = `${x} ${y} ${scale} ${this.#isMoving}`;
    this.#tried = where === this.#where ? this.#tried + TRIES : 0;
    this.#where = where;
    const labels = this.labelsIn(this.view, this.room, this.#shown.keys(), this.#cursor, TRIES);
    this.#cursor = (this.#cursor + TRIES) % Math.max(1, this.points.n);
    pen.font = `${LABEL_SIZE}px ${this.look.serif}`;
    pen.textBaseline = "middle";
    const before = this.#shown;
    const next = new Map();
    let isFading = this.#tried < this.points.n;
    for (const label of labels) {
      const alpha = Math.min(1, (before.get(label.i)?.alpha ?? 0) + fade);
      isFading ||= alpha < 1;
      next.set(label.i, { alpha });
      pen.fillStyle = this.look.colours.paper;
      pen.globalAlpha = 0.82 * alpha;
      pen.fillRect(label.x - 2, label.y - 9, label.width + 4, 19);
      pen.fillStyle = label.isOut ? this.look.colours.accent : this.look.colours.ink;
      pen.globalAlpha = 0.95 * alpha;
      pen.fillText(label.words, label.x, label.y);
    }
    pen.globalAlpha = 1;
    this.#shown = next;
    this.#isFading = isFading;
  }

  #ring(pen, i) {
    const [x, y] = this.toScreen(this.points.places[2 * i], this.points.places[2 * i + 1]);
    pen.strokeStyle = this.look.colours.accent;
    pen.lineWidth = 1.5;
    pen.beginPath();
    pen.arc(x, y, this.look.size + 4, 0, 7);
    pen.stroke();
  }

  #drawLoop(pen) {
    pen.strokeStyle = this.look.colours.accent;
    pen.fillStyle = this.look.colours.accent;
    pen.lineWidth = 1.2;
    pen.beginPath();
    this.loop.forEach(([x, y], i) => (i ? pen.lineTo(x, y) : pen.moveTo(x, y)));
    pen.closePath();
    pen.globalAlpha = 0.08;
    pen.fill();
    pen.globalAlpha = 1;
    pen.stroke();
  }
}
