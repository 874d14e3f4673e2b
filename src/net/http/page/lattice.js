// Cells on a plane without an end: those that are seen, at a size that can be read, whatever the zoom.

import { clamp, colours, debounce, h, typeset } from "./dom.js";

/** Rows of a line in a cell, at most: as many as stand clear of the cells above and below. */
const MOST_ROWS = 4;
/** Cells half as far apart come in when one has zoomed in so far, so that words are never too large. */
const MOST_LEVEL = 40;
const LEAST_LEVEL = -3;

export class Lattice {
  onPin = () => {};
  onView = () => {};
  isPinned = () => false;
  #cells = new Map();
  #isWaiting = false;
  #nTurns = 0;
  #seen = [];
  #anchor = [0, 0];
  #level = 0;
  #focus = null;

  constructor(plane, space, undo) {
    this.plane = plane;
    this.space = space;
    this.world = h("div", { class: "world" });
    plane.append(this.world);
    this.view = { u: 0, v: 0, zoom: 0 };
    this.want = debounce(110, () => this.#ask());
    undo.add(() => this.want.cancel());
    const sizes = new ResizeObserver(() => this.#fit());
    sizes.observe(plane);
    undo.add(() => sizes.disconnect());
    space.onLine = (u, v, line) => this.#fill(`${u},${v}`, line);
    undo.on(this.world, "click", (event) => {
      const cell = this.#cellOf(event.target);
      if (cell?.text) this.onPin(cell);
    });
    undo.on(this.world, "focusin", (event) => {
      const cell = this.#cellOf(event.target);
      if (cell) this.#rove(cell);
    });
    undo.on(plane, "keydown", (event) => this.#key(event));
    this.#fit();
  }

  #fit() {
    const { width, height } = this.plane.getBoundingClientRect();
    [this.width, this.height] = [width, height];
    // On a phone cells are narrower, so that more than one stands beside another.
    [this.cellWidth, this.cellHeight] = width < 600 ? [148, 112] : [206, 98];
    this.plane.style.setProperty("--rows", MOST_ROWS);
    this.plane.style.setProperty("--cell", `${this.cellWidth - 26}px`);
    for (const cell of this.#cells.values()) this.#put(cell);
    this.redraw();
    this.want();
  }

  get level() {
    return this.#level;
  }

  /** Pixels from one cell to the next. */
  get pitch() {
    const scale = 2 ** (this.view.zoom - this.#level);
    return [this.cellWidth * scale, this.cellHeight * scale];
  }

  toScreen(u, v) {
    const far = 2 ** this.#level;
    const [px, py] = this.pitch;
    return [this.width / 2 + (u - this.view.u) * far * px, this.height / 2 + (v - this.view.v) * far * py];
  }

  pan(dx, dy) {
    const far = 2 ** this.view.zoom;
    this.view.u -= dx / (far * this.cellWidth);
    this.view.v -= dy / (far * this.cellHeight);
    this.#moved();
  }

  zoomAt(factor, x, y) {
    const { view } = this;
    const [dx, dy] = [x - this.width / 2, y - this.height / 2];
    const before = 2 ** view.zoom;
    view.zoom = clamp(view.zoom + Math.log2(factor), LEAST_LEVEL, MOST_LEVEL);
    const after = 2 ** view.zoom;
    view.u += (dx / this.cellWidth) * (1 / before - 1 / after);
    view.v += (dy / this.cellHeight) * (1 / before - 1 / after);
    this.#moved();
  }

  /** Other lines are on their way, or there; those that are seen meanwhile are the old ones. */
  turning(isBegun) {
    this.#nTurns += isBegun ? 1 : -1;
    this.#tell();
  }

  /** Whether lines in view are still to come, for those who do not see them come. */
  #tell() {
    const isBusy = this.#isWaiting || this.#nTurns > 0 || this.#seen.some((key) => !this.#cells.get(key)?.text);
    this.plane.setAttribute("aria-busy", String(isBusy));
  }

  home(isNew = false) {
    Object.assign(this.view, { u: 0, v: 0, zoom: 0 });
    // What is asked for at once is what will be seen.
    this.#level = 0;
    if (isNew) {
      for (const cell of this.#cells.values()) cell.element.remove();
      this.#cells.clear();
    }
    this.redraw();
    this.#ask();
  }

  look(u, v) {
    Object.assign(this.view, { u, v });
    this.#moved();
  }

  settle() {
    this.want();
  }

  #moved() {
    this.redraw();
    this.want();
  }

  redraw() {
    if (this.#isWaiting) return;
    this.#isWaiting = true;
    this.#tell();
    requestAnimationFrame(() => {
      this.#isWaiting = false;
      if (this.plane.isConnected && this.width) this.#draw();
    });
  }

  /** The cells in view, from the middle outwards, as `[i, j]` of the level. */
  #inView() {
    const far = 2 ** this.#level;
    const [px, py] = this.pitch;
    const [cx, cy] = [this.view.u * far, this.view.v * far];
    const [wide, high] = [this.width / 2 / px + 0.3, this.height / 2 / py + 0.3];
    const cells = [];
    for (let j = Math.ceil(cy - high); j <= cy + high; j += 1) {
      for (let i = Math.ceil(cx - wide); i <= cx + wide; i += 1) cells.push([i, j]);
    }
    const distance = ([i, j]) => ((i - cx) * px) ** 2 + ((j - cy) * py) ** 2;
    return cells.sort((a, b) => distance(a) - distance(b));
  }

  #ask() {
    if (this.plane.isConnected && this.space.axes && this.width) this.space.want(this.#level, this.#inView());
  }

  #draw() {
    const { view } = this;
    // A level stays until the next is clearly nearer, so that a hand that rests between two sees one.
    if (Math.abs(view.zoom - this.#level) > 0.6) this.#level = Math.round(view.zoom);
    const far = 2 ** this.#level;
    this.#anchor = [Math.round(view.u * far), Math.round(view.v * far)];
    const scale = 2 ** (view.zoom - this.#level);
    const [px, py] = this.pitch;
    const x = this.width / 2 + (this.#anchor[0] - view.u * far) * px;
    const y = this.height / 2 + (this.#anchor[1] - view.v * far) * py;
    this.world.style.transform = `translate(${x}px, ${y}px) scale(${scale})`;
    const seen = new Set();
    for (const [i, j] of this.#inView()) {
      const [u, v] = [i / far, j / far];
      const key = `${u},${v}`;
      seen.add(key);
      let cell = this.#cells.get(key);
      if (!cell) {
        const element = h("button", { type: "button", class: "cell", tabindex: "-1", "data-key": key });
        cell = { key, u, v, element, text: "" };
        this.#cells.set(key, cell);
        this.world.append(element);
        const line = this.space.line(u, v);
        if (line) this.#fill(key, line);
      }
      this.#put(cell);
    }
    for (const [key, cell] of this.#cells) {
      if (seen.has(key) || cell.element === document.activeElement) continue;
      cell.element.remove();
      this.#cells.delete(key);
    }
    if (!this.#focus || !this.#cells.has(this.#focus)) {
      const first = this.#cells.get([...seen][0]);
      if (first) this.#rove(first);
    }
    this.#seen = [...seen];
    this.#tell();
    this.onView();
  }

  #put(cell) {
    const far = 2 ** this.#level;
    const [x, y] = [(cell.u * far - this.#anchor[0]) * this.cellWidth, (cell.v * far - this.#anchor[1]) * this.cellHeight];
    cell.element.style.transform = `translate(-50%, -50%) translate(${x}px, ${y}px)`;
  }

  #fill(key, line) {
    const cell = this.#cells.get(key);
    if (!cell) return;
    cell.text = line;
    cell.element.replaceChildren(h("span", {}, typeset(line)));
    cell.element.classList.add("written");
    this.dress(cell);
    this.#tell();
    // Where the same line goes on, it need not be said as loudly again.
    const near = 1 / 2 ** this.#level;
    const echoes = (u, v) => this.space.line(u, v) === line;
    cell.element.classList.toggle("echo", echoes(cell.u - near, cell.v) || echoes(cell.u, cell.v - near));
    for (const [u, v] of [[cell.u + near, cell.v], [cell.u, cell.v + near]]) {
      const next = this.#cells.get(`${u},${v}`);
      if (next?.text) next.element.classList.toggle("echo", next.text === line || next.element.classList.contains("echo"));
    }
  }

  dress(cell) {
    const isPinned = this.isPinned(cell.key);
    cell.element.setAttribute("aria-pressed", String(isPinned));
  }

  dressAll() {
    for (const cell of this.#cells.values()) this.dress(cell);
  }

  #cellOf(target) {
    const key = target.closest?.(".cell")?.dataset.key;
    return key && this.#cells.get(key);
  }

  /** One cell is reached with the tabulator, the others from it with arrows. */
  #rove(cell) {
    if (this.#focus) this.#cells.get(this.#focus)?.element.setAttribute("tabindex", "-1");
    this.#focus = cell.key;
    cell.element.setAttribute("tabindex", "0");
  }

  #key(event) {
    const ways = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
    const way = ways[event.key];
    const here = this.#cellOf(document.activeElement);
    if (!way || !here) return;
    event.preventDefault();
    const near = 1 / 2 ** this.#level;
    const [u, v] = [here.u + way[0] * near, here.v + way[1] * near];
    const [x, y] = this.toScreen(u, v);
    const [px, py] = this.pitch;
    // The view follows, so that the cell is whole.
    if (x < px / 2) this.pan(px / 2 - x, 0);
    if (y < py / 2) this.pan(0, py / 2 - y);
    if (x > this.width - px / 2) this.pan(this.width - px / 2 - x, 0);
    if (y > this.height - py / 2) this.pan(0, this.height - py / 2 - y);
    this.#draw();
    this.#cells.get(`${u},${v}`)?.element.focus({ preventScroll: true });
    this.#draw();
  }

  /** What is seen, for files: each cell's words in rows, and where they stand. */
  visible(isPinned) {
    const scale = 2 ** (this.view.zoom - this.#level);
    const pen = document.createElement("canvas").getContext("2d");
    const size = parseFloat(getComputedStyle(this.world).fontSize);
    pen.font = `${size}px ${colours().serif}`;
    const most = this.cellWidth - 26;
    const fill = (text, wide) => {
      const rows = [""];
      for (const word of text.split(" ")) {
        const longer = rows.at(-1) ? `${rows.at(-1)} ${word}` : word;
        if (pen.measureText(longer).width <= wide || !rows.at(-1)) rows[rows.length - 1] = longer;
        else rows.push(word);
      }
      return rows;
    };
    const wrap = (text) => {
      let rows = fill(text, most);
      // As narrow as makes no more rows, as the screen balances them.
      for (let wide = most; wide > most / 4; wide -= 4) {
        const narrower = fill(text, wide);
        if (narrower.length > rows.length) break;
        rows = narrower;
      }
      return rows.length > MOST_ROWS ? [...rows.slice(0, MOST_ROWS - 1), `${rows[MOST_ROWS - 1]}…`] : rows;
    };
    const [px, py] = this.pitch;
    const isWhole = (x, y) => x >= px / 2 && x <= this.width - px / 2 && y >= py / 2 && y <= this.height - py / 2;
    return [...this.#cells.values()].filter((cell) => cell.text).map((cell) => {
      const [x, y] = this.toScreen(cell.u, cell.v);
      return { row: cell.v, column: cell.u, text: cell.text, rows: wrap(typeset(cell.text)), x, y, size: size * scale, leading: size * scale * 1.2, isPinned: isPinned(cell.key), isEcho: cell.element.classList.contains("echo"), isWhole: isWhole(x, y) };
    }).sort((a, b) => a.row - b.row || a.column - b.column);
  }
}
