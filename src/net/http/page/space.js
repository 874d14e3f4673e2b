// A plane through a latent space, as far as anybody has looked at it: points, and the lines in its cells.

import { gaussian } from "./controls.js";
import * as runtime from "./runtime.js";

/** Cells of a side of what is asked for at once. */
const SIDE = 4;
const AT_ONCE = 2;
/** Lines that are kept; those of other places and levels than one looks at go first. */
const KEPT = 20_000;

const dot = (a, b) => a.reduce((sum, x, i) => sum + x * b[i], 0);
const plus = (a, b, factor) => a.map((x, i) => x + factor * b[i]);
const length = (a) => Math.sqrt(dot(a, a));
const unit = (a) => a.map((x) => x / (length(a) || 1));

export class Space {
  temperature = 0;
  step = 0.75;
  onLine = () => {};
  onState = () => {};
  #lines = new Map();
  #running = new Map();
  #wanted = [];
  #age = 0;

  constructor(model) {
    this.model = model;
    this.size = model.commands.find((command) => command.name === "grid").inputs.find((input) => input.name === "center").length;
    // The middle of the space has little to say; where the model knows most is around it, on a shell.
    this.middle = this.#anywhere();
    this.axes = null;
  }

  #anywhere() {
    return Array.from({ length: this.size }, gaussian);
  }

  ask(command, inputs, options) {
    return runtime.run(this.model.name, command, inputs, options).then(({ outputs }) => outputs);
  }

  /** Axes by a name of the model's own: principal, random. */
  async takeAxes(kind, seed) {
    const { x, y } = await this.ask("axes", { axes: kind }, { seed });
    this.axes = [x, y];
    this.step = 0.75;
    this.forget();
  }

  /** Axes from lines of one's own: lists of lines at the left, right, top and bottom. */
  async takeLines({ left, right, top, bottom }) {
    const between = async (from, to) =>
      from.length && to.length ? (await this.ask("attribute", { lines_a: to, lines_b: from })).direction : null;
    let [x, y] = await Promise.all([between(left, right), between(top, bottom)]);
    if (!x && !y) throw new Error("write a line at the left and one at the right, or at the top and the bottom");
    const given = [x, y].filter(Boolean);
    if (!x || !y) {
      const principal = await this.ask("axes", { axes: "principal" });
      const known = unit(given[0]);
      const other = plus(principal.x, known, -dot(principal.x, known));
      x ? (y = other) : (x = other);
    }
    const all = [...left, ...right, ...top, ...bottom];
    const means = await Promise.all(all.map((line) => this.read(line)));
    this.middle = means.reduce((sum, mean) => plus(sum, mean, 1 / means.length), new Array(this.size).fill(0));
    // So that the lines themselves lie two cells from the middle.
    this.step = Math.max(0.05, Math.max(...given.map(length)) / 4);
    this.axes = [unit(x), unit(y)];
    this.forget();
  }

  /** Where a line lies in the whole space. */
  async read(line) {
    return (await this.ask("encode", { text: line })).mean;
  }

  /** Goes to where a line lies, or anywhere. */
  async centre(line) {
    this.middle = line ? await this.read(line) : this.#anywhere();
    this.forget();
  }

  /** The point of a place on the plane. */
  at(u, v) {
    return plus(plus(this.middle, this.axes[0], u * this.step), this.axes[1], v * this.step);
  }

  /** The place on the plane that is nearest to a point. */
  onPlane(z) {
    const [x, y] = this.axes;
    const way = plus(z, this.middle, -1);
    const [xx, xy, yy, xw, yw] = [dot(x, x), dot(x, y), dot(y, y), dot(x, way), dot(y, way)];
    const det = xx * yy - xy * xy || 1;
    return [(xw * yy - yw * xy) / det / this.step, (yw * xx - xw * xy) / det / this.step];
  }

  forget() {
    this.#age += 1;
    this.#lines.clear();
    this.#wanted = [];
    for (const { abort } of this.#running.values()) abort.abort();
    this.#running.clear();
  }

  line(u, v) {
    return this.#lines.get(`${u},${v}`);
  }

  get isBusy() {
    return this.#running.size > 0 || this.#wanted.length > 0;
  }

  /**
   * Asks for the lines of cells at a level, `[[i, j], ...]` from the middle outwards, in squares of
   * cells. What was asked for before and is not wanted any more is not waited for.
   */
  want(level, cells) {
    const scale = 2 ** level;
    const wanted = new Map();
    for (const [i, j] of cells) {
      if (this.#lines.has(`${i / scale},${j / scale}`)) continue;
      const [a, b] = [Math.floor((i + SIDE / 2) / SIDE), Math.floor((j + SIDE / 2) / SIDE)];
      wanted.set(`${level}:${a},${b}`, [level, a, b]);
    }
    for (const [key, { abort }] of this.#running) {
      if (wanted.has(key)) continue;
      abort.abort();
      this.#running.delete(key);
    }
    this.#wanted = [...wanted].filter(([key]) => !this.#running.has(key));
    this.#next();
  }

  #next() {
    while (this.#running.size < AT_ONCE && this.#wanted.length > 0) {
      const [key, block] = this.#wanted.shift();
      const abort = new AbortController();
      this.#running.set(key, { abort });
      this.#write(block, abort.signal)
        .catch((error) => error.name !== "AbortError" && this.onState(error))
        .finally(() => {
          if (this.#running.get(key)?.abort === abort) this.#running.delete(key);
          this.#next();
          this.onState(null);
        });
    }
  }

  async #write([level, a, b], signal) {
    const age = this.#age;
    const scale = 2 ** level;
    const [left, top] = [a * SIDE - SIDE / 2, b * SIDE - SIDE / 2];
    const middle = (SIDE - 1) / 2;
    const take = ({ lines }) => {
      if (age !== this.#age) return;
      lines.forEach((line, n) => {
        if (!line) return;
        const [u, v] = [(left + (n % SIDE)) / scale, (top + Math.floor(n / SIDE)) / scale];
        const key = `${u},${v}`;
        if (this.#lines.has(key)) return;
        this.#lines.set(key, line);
        this.onLine(u, v, line);
      });
    };
    const inputs = {
      center: this.at((left + middle) / scale, (top + middle) / scale),
      x_axis: this.axes[0],
      y_axis: this.axes[1],
      span: (this.step * middle) / scale,
      columns: SIDE,
      rows: SIDE,
      temperature: this.temperature,
    };
    take(await this.ask("grid", inputs, { signal, onOutput: take }));
    while (this.#lines.size > KEPT) this.#lines.delete(this.#lines.keys().next().value);
  }
}
