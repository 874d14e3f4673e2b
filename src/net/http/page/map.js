// The section Map: sentences where they lie, what is selected, and the voyage as it passes through.

import { Undo, clamp, debounce, h, menu, save } from "./dom.js";
import { Chart } from "./chart.js";
import { gestures } from "./gestures.js";
import { exportMap } from "./export.js";
import { Follower } from "./follow.js";
import * as osc from "./osc.js";
import * as runtime from "./runtime.js";

const FOUND = 30;
const LISTED = 200;
/** Sentences of a selection that are announced over OSC. */
const ANNOUNCED = 1000;
const TOLD_AT_ONCE = 32;
const TOLD_EVERY_MS = 20;

export async function open(main) {
  const model = await runtime.modelWith("nearest", "search", "density", "labels");
  const isMap = model?.streams?.some((stream) => stream.name === "point");
  if (!isMap) {
    main.append(h("h1", {}, "Map"), h("p", { class: "prose" }, "No map runs here. Name one in the project file: [models.map] with kind = \"map\"."));
    return undefined;
  }
  const undo = new Undo();
  const name = model.name;
  const plane = h("div", { class: "plane", tabindex: "0", role: "application", "aria-label": "Map of sentences. Arrow keys move, plus and minus zoom, 0 shows all." });
  const chart = new Chart(plane, undo);
  const search = h("input", { type: "search", id: "map-search", placeholder: "Search by meaning", autocomplete: "off", spellcheck: "false" });
  const list = h("ol", { class: "found", "aria-label": "Sentences" });
  const status = h("p", { class: "note", role: "status" });
  const caption = h("p", { class: "caption", hidden: true });
  const lasso = h("button", { type: "button", "aria-pressed": "false", title: "Draw around sentences; with Shift held, a drag draws too" }, "Lasso");
  const clear = h("button", { type: "button", hidden: true }, "Clear");
  const all = h("button", { type: "button", title: "The whole map; the key 0 does so too", onclick: () => chart.home() }, "All");
  const voyageButton = h("button", { type: "button", class: "voyage", hidden: true }, "Set out");
  const exports = menu("Export", [
    ["Text", () => save("map.tsv", exportMap.text(chart), "text/tab-separated-values")],
    ["SVG", () => save("map.svg", exportMap.svg(chart), "image/svg+xml")],
    ["PNG", async () => save("map.png", await exportMap.png(chart))],
  ]);
  const own = ownText(name, status, chart);
  const panel = h("aside", { class: "panel", "aria-label": "Search and selection", "data-still": true },
    h("form", { role: "search", onsubmit: (event) => { event.preventDefault(); find(search.value); } },
      h("label", { class: "offscreen", for: "map-search" }, "Search by meaning"), search),
    h("div", { class: "actions" }, voyageButton, all, lasso, clear, exports, own.button),
    own.element, status, list);
  main.append(h("h1", { class: "offscreen" }, "Map"), plane, panel, caption);

  const ask = (command, inputs, signal) =>
    runtime.run(name, command, inputs, { signal }).then(({ outputs }) => outputs);

  // What is on the map, from the first point on.
  undo.add(runtime.socket.listen(`/${name}/frame`, ([, , , count]) => {
    chart.resize(count);
    if (count === 0) say("The map is empty: lay out a text of your own.");
    settle();
  }));
  undo.add(runtime.socket.listen(`/${name}/point`, (tags, packet, at) => {
    chart.place(packet, at);
    settle();
  }, { isRaw: true }));
  // When nothing has moved for a while, the map is asked for its words and contours.
  const settle = debounce(400, async () => {
    if (chart.points.n === 0) return;
    const side = 96;
    try {
      const [density, labels] = await Promise.all([
        ask("density", { columns: side, rows: side }),
        ask("labels", { count: 16 }),
      ]);
      chart.showDensity(density.cells, side, side);
      chart.showRegions(labels.texts, labels.points, labels.counts);
      if (!status.textContent || status.dataset.kind === "count" || status.textContent.includes("empty")) say(`${chart.points.n.toLocaleString("en")} sentences`, "count");
    } catch (error) {
      say(error.message);
    }
  });
  undo.add(() => settle.cancel());
  const empty = setTimeout(() => chart.points.n === 0 && say("The map is empty: lay out a text of your own."), 1500);
  undo.add(() => clearTimeout(empty));

  function say(words, kind = "") {
    status.textContent = words;
    status.dataset.kind = kind;
  }

  function show(indices, onPick) {
    list.replaceChildren(...indices.slice(0, LISTED).map((i) => h("li", {},
      h("button", { type: "button", class: "plain", onclick: () => onPick(i), onpointerenter: () => chart.point(i), onfocus: () => chart.point(i) }, chart.texts[i]))));
  }

  let asked = null;
  async function find(words) {
    asked?.abort();
    if (!words.trim()) {
      if (!chart.selection.length) clearAll();
      return;
    }
    const mine = (asked = new AbortController());
    try {
      const found = await ask("search", { text: words, k: FOUND }, mine.signal);
      const indices = found.texts.map((text) => chart.indexOf(text)).filter((i) => i >= 0);
      chart.mark(indices);
      clear.hidden = false;
      show(indices, (i) => chart.fly(i));
      say(`the nearest in meaning to “${words.trim()}”`);
    } catch (error) {
      if (error.name !== "AbortError") say(error.message);
    }
  }
  search.addEventListener("input", debounce(250, () => find(search.value)));
  search.addEventListener("keydown", (event) => {
    if (event.key === "Enter") setTimeout(() => list.querySelector("button")?.click(), 300);
  });

  function select(indices, isAnnounced) {
    chart.select(indices);
    clear.hidden = indices.length === 0;
    show(indices, (i) => chart.fly(i));
    if (indices.length === 0) say(`${chart.points.n.toLocaleString("en")} sentences`, "count");
    else say(indices.length === 1 ? "1 sentence selected" : `${indices.length.toLocaleString("en")} sentences selected`);
    if (isAnnounced) announce();
  }

  /**
   * Tells patches what is selected, as an array is told: a message an item, not all at once, since what
   * the buffer of a patch can't hold is lost. A newer selection ends the telling of an older one.
   */
  let telling = 0;
  undo.add(() => clearTimeout(telling));
  function announce() {
    clearTimeout(telling);
    const { selection, points, texts } = chart;
    const told = selection.slice(0, ANNOUNCED);
    const int = (i) => ({ i });
    const messages = told.map((i, n) => osc.write("/page/selection",
      [int(n), int(told.length), int(i), points.places[2 * i], points.places[2 * i + 1], texts[i]]));
    if (told.length === 0) messages.push(osc.write("/page/selection", [int(0), int(0)]));
    const tell = () => {
      runtime.socket.sendBytes(osc.bundle(messages.splice(0, TOLD_AT_ONCE)));
      if (messages.length > 0) telling = setTimeout(tell, TOLD_EVERY_MS);
    };
    tell();
  }

  function clearAll() {
    chart.mark([]);
    select([], chart.selection.length > 0);
    search.value = "";
    list.replaceChildren();
    say(`${chart.points.n.toLocaleString("en")} sentences`, "count");
  }
  clear.addEventListener("click", () => {
    clearAll();
    // The button is gone; keys go on moving the map.
    plane.focus({ preventScroll: true });
  });

  undo.add(runtime.socket.listen("/page/select", (args) => {
    const indices = args.map((x) => (typeof x === "string" ? chart.indexOf(x) : Math.round(Number(x))));
    select([...new Set(indices.filter((i) => i >= 0 && i < chart.points.n))], true);
  }));
  undo.add(runtime.socket.listen("/page/view", ([x, y, zoom = 1]) => chart.lookAt(Number(x), Number(y), Number(zoom))));

  let isLasso = false;
  lasso.addEventListener("click", () => {
    isLasso = !isLasso;
    lasso.setAttribute("aria-pressed", String(isLasso));
    plane.classList.toggle("drawing", isLasso);
  });

  function hover(x, y) {
    const i = chart.nearest(x, y, 26);
    chart.point(i);
    caption.hidden = i < 0;
    if (i < 0) return;
    caption.textContent = chart.texts[i];
    const { width } = plane.getBoundingClientRect();
    caption.style.left = `${clamp(x + 16, 8, Math.max(8, width - caption.offsetWidth - 8))}px`;
    caption.style.top = `${plane.offsetTop + y + 18}px`;
  }
  gestures(plane, {
    pan: (dx, dy) => { caption.hidden = true; chart.pan(dx, dy); },
    zoom: (factor, x, y) => { caption.hidden = true; chart.zoomAt(factor, x, y); },
    home: () => chart.home(),
    hover,
    leave: () => { chart.point(-1); caption.hidden = true; },
    tap: (x, y) => {
      const i = chart.nearest(x, y, 30);
      if (i >= 0) select([i], true);
      else if (chart.selection.length > 0) clearAll();
    },
    isLasso: (event) => isLasso || event.shiftKey,
    lasso: (loop, isDone) => {
      chart.loop = isDone ? [] : loop;
      chart.redraw();
      if (isDone && loop.length > 3) {
        select(chart.within(loop), true);
        if (isLasso) lasso.click();
      }
    },
  }, undo);
  undo.on(plane, "keydown", (event) => {
    if (event.key === "Escape") clearAll();
  });

  // The voyage, if there is one whose lines have a place here.
  const chain = await runtime.chainWith("place");
  if (chain) {
    voyageButton.hidden = false;
    const follower = new Follower(chain, undo);
    follower.onState = (isRunning) => { voyageButton.textContent = isRunning ? "Stand still" : "Set out"; };
    follower.onPlace = (step, x, y, line) => chart.travel(step, x, y, line);
    voyageButton.addEventListener("click", () => follower.toggle().catch((error) => say(error.message)));
    follower.begin();
  }
  return () => undo.all();
}

/** Lays out a text of one's own. */
function ownText(model, status, chart) {
  const area = h("textarea", { id: "own-text", rows: 6, spellcheck: "false", placeholder: "Sentences, one a line, or any prose" });
  const file = h("input", { type: "file", accept: ".txt,text/plain", "aria-label": "or a text file" });
  const progress = h("progress", { max: 1, hidden: true, "aria-label": "Progress" });
  const go = h("button", { type: "submit", class: "primary" }, "Lay out");
  const cancel = h("button", { type: "button", hidden: true }, "Cancel");
  let running = null;
  file.addEventListener("change", async () => { area.value = (await file.files[0]?.text()) ?? ""; });
  cancel.addEventListener("click", () => running?.abort());
  const element = h("form", { class: "own", hidden: true, onsubmit: async (event) => {
    event.preventDefault();
    const texts = sentencesOf(area.value);
    if (texts.length === 0) {
      status.textContent = "write or choose a text first";
      return;
    }
    running = new AbortController();
    cancel.hidden = false;
    go.disabled = true;
    progress.hidden = false;
    chart.home();
    try {
      // Thirty frames a second are smooth here, and half the work of sixty.
      await runtime.run(model, "project", { texts, rate: 30 }, {
        signal: running.signal,
        isPublic: true,
        onOutput: (_, share) => { progress.value = share ?? 0; },
      });
      status.textContent = `${texts.length.toLocaleString("en")} sentences laid out`;
    } catch (error) {
      status.textContent = error.name === "AbortError" ? "cancelled" : error.message;
    }
    cancel.hidden = true;
    go.disabled = false;
    progress.hidden = true;
  } },
    h("label", { for: "own-text" }, "A text of your own takes this map's place, until enjamb starts anew."),
    area, file, h("div", { class: "actions" }, go, cancel, progress));
  const button = h("button", { type: "button", "aria-expanded": "false", onclick: () => {
    element.hidden = !element.hidden;
    button.setAttribute("aria-expanded", String(!element.hidden));
    if (!element.hidden) area.focus();
  } }, "Your text");
  return { element, button };
}

/** Lines, where there are many; else sentences. */
function sentencesOf(text) {
  const lines = text.split(/\n+/).map((line) => line.trim()).filter(Boolean);
  const isProse = lines.length < 3 || lines.reduce((sum, line) => sum + line.length, 0) / lines.length > 200;
  if (!isProse || !Intl.Segmenter) return lines;
  const segmenter = new Intl.Segmenter(undefined, { granularity: "sentence" });
  return lines.flatMap((line) => [...segmenter.segment(line)].map((part) => part.segment.trim()).filter(Boolean));
}
