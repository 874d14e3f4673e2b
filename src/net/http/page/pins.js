// Pinned lines of the grid, and walks from one to the next.

import { copy, h, isCalm, s } from "./dom.js";

const EACH_MS = 1500;

export class Pins {
  #pins = [];
  #walk = null;
  #timer = 0;
  #at = null;

  constructor(space, lattice, thread, fail) {
    Object.assign(this, { space, lattice, thread, fail });
    this.list = h("ol", { class: "pins" });
    this.lines = h("ol", { class: "lines walk" });
    this.steps = h("input", { type: "number", min: 2, max: 64, value: 8, id: "walk-steps" });
    this.go = h("button", { type: "button", class: "primary", onclick: () => (this.#timer ? this.stop() : this.walk()) }, "Walk");
    this.copyButton = h("button", { type: "button", class: "plain small", hidden: true, onclick: () => copy(this.#walk.map(({ line }) => line).join("\n")) }, "copy");
    this.typed = h("input", { type: "text", placeholder: "or pin a line of your own", "aria-label": "Pin a line of your own", spellcheck: "false" });
    const add = h("form", { onsubmit: (event) => { event.preventDefault(); this.#addTyped(); } }, this.typed);
    this.reader = h("p", { class: "reader", "aria-live": "polite", hidden: true });
    this.hint = h("p", { class: "about" }, "Click a line to pin it. Between two pins there is a walk.");
    this.controls = h("div", { class: "actions", hidden: true },
      this.go, h("label", { for: "walk-steps" }, "lines "), this.steps, this.copyButton);
    this.element = h("section", { class: "pinned", "aria-label": "Pins" }, h("h2", {}, "Pins"), this.hint, this.list, add, this.controls, this.lines);
  }

  has(key) {
    return this.#pins.some((pin) => pin.key === key);
  }

  toggle({ key, u, v, text }) {
    const known = this.#pins.findIndex((pin) => pin.key === key);
    if (known >= 0) this.#pins.splice(known, 1);
    else this.#pins.push({ key, u, v, z: this.space.at(u, v), text });
    this.#show();
  }

  async #addTyped() {
    const text = this.typed.value.trim();
    if (!text) return;
    try {
      const z = await this.space.read(text);
      const [u, v] = this.space.onPlane(z);
      this.#pins.push({ key: null, u, v, z, text });
      this.typed.value = "";
      this.#show();
    } catch (error) {
      this.fail(error);
    }
  }

  /** The plane has been turned: pins stay where they are in the space, and lie elsewhere on it. */
  replace() {
    this.stop();
    for (const pin of this.#pins) {
      [pin.u, pin.v] = this.space.onPlane(pin.z);
      pin.key = null;
    }
    this.#show();
  }

  #show() {
    this.stop();
    this.#walk = null;
    this.lines.replaceChildren();
    this.list.replaceChildren(...this.#pins.map((pin) => h("li", {},
      h("button", { type: "button", class: "plain", title: "Go there", onclick: () => this.lattice.look(pin.u, pin.v) }, pin.text),
      h("button", { type: "button", class: "plain remove", "aria-label": `Take off: ${pin.text}`, onclick: () => {
        this.#pins.splice(this.#pins.indexOf(pin), 1);
        this.#show();
      } }, "×"))));
    this.hint.hidden = this.#pins.length > 1;
    this.controls.hidden = this.#pins.length < 2;
    this.copyButton.hidden = true;
    this.lattice.dressAll();
    this.draw();
  }

  async walk() {
    const steps = Math.max(2, Math.min(64, Math.round(Number(this.steps.value)) || 8));
    this.go.disabled = true;
    try {
      const ways = await Promise.all(this.#pins.slice(1).map(async (to, i) => {
        const from = this.#pins[i];
        const { lines } = await this.space.ask("interpolate_z", { from: from.z, to: to.z, steps, temperature: this.space.temperature });
        return lines.map((line, n) => {
          const t = n / (lines.length - 1);
          return { line, u: from.u + (to.u - from.u) * t, v: from.v + (to.v - from.v) * t };
        });
      }));
      // Where one way ends the next begins.
      this.#walk = ways.flatMap((way, i) => (i ? way.slice(1) : way));
      this.lines.replaceChildren(...this.#walk.map(({ line }) => h("li", {}, line)));
      this.copyButton.hidden = false;
      this.#step(0);
    } catch (error) {
      this.fail(error);
    } finally {
      this.go.disabled = false;
    }
  }

  #step(n) {
    const here = this.#walk?.[n];
    if (!here || !this.lattice.plane.isConnected) return this.stop();
    this.#at = here;
    this.reader.hidden = false;
    this.reader.textContent = here.line;
    for (const [i, item] of [...this.lines.children].entries()) item.toggleAttribute("data-here", i === n);
    const [x, y] = this.lattice.toScreen(here.u, here.v);
    const isOut = x < 60 || y < 60 || x > this.lattice.width - 60 || y > this.lattice.height - 120;
    if (isOut && !isCalm()) this.lattice.look(here.u, here.v);
    this.draw();
    this.go.textContent = "Stop";
    this.#timer = setTimeout(() => this.#step(n + 1), EACH_MS);
  }

  stop() {
    clearTimeout(this.#timer);
    this.#timer = 0;
    this.#at = null;
    this.go.textContent = "Walk";
    this.reader.hidden = true;
    for (const item of this.lines.children) item.removeAttribute("data-here");
    this.draw();
  }

  /** Where the pins are seen. */
  places() {
    return this.#pins.map(({ u, v }) => this.lattice.toScreen(u, v));
  }

  /** A pin's dot stands above its line. */
  dot([x, y]) {
    return [x, y - 0.5 * this.lattice.pitch[1] + 10];
  }

  /** The thread through the pins. */
  draw() {
    const places = this.places();
    const parts = [];
    if (places.length > 1) parts.push(s("path", { class: "thread", d: places.map(([x, y], i) => `${i ? "L" : "M"}${x.toFixed(1)} ${y.toFixed(1)}`).join("") }));
    for (const [cx, cy] of places.map((place) => this.dot(place))) parts.push(s("circle", { class: "pin", cx, cy, r: 3 }));
    if (this.#at) {
      const [x, y] = this.lattice.toScreen(this.#at.u, this.#at.v);
      parts.push(s("circle", { class: "walker", cx: x, cy: y, r: 7 }));
    }
    this.thread.replaceChildren(...parts);
  }
}
