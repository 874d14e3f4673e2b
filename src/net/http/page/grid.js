// The section Grid: a line in every cell of a plane through the latent space, without an end.

import { Undo, debounce, h, isCalm, menu, s, save } from "./dom.js";
import { control } from "./controls.js";
import { gestures } from "./gestures.js";
import { exportGrid } from "./export.js";
import { Lattice } from "./lattice.js";
import { Space } from "./space.js";
import { Pins } from "./pins.js";
import * as runtime from "./runtime.js";

export async function open(main) {
  const model = await runtime.modelWith("grid", "axes", "encode", "attribute");
  if (!model) {
    main.append(h("h1", {}, "Grid"), h("p", { class: "prose" }, "No model of verse runs here. Name one in the project file: [models.poetry] with kind = \"poetry\"."));
    return undefined;
  }
  const undo = new Undo();
  const space = new Space(model);
  const status = h("p", { class: "note", role: "status" });
  const fail = (error) => { status.textContent = error?.name === "AbortError" ? "" : (error?.message ?? ""); };
  const plane = h("div", { class: "plane lattice", role: "group", "aria-label": "Grid of lines. Arrow keys go from cell to cell, Enter pins one, plus and minus zoom, 0 goes back to the middle." });
  const thread = s("svg", { class: "overlay", "aria-hidden": "true" });
  plane.append(thread);
  const lattice = new Lattice(plane, space, undo);
  const pins = new Pins(space, lattice, thread, fail);
  space.onState = (error) => {
    if (error) fail(error);
    else if (!space.isBusy && status.dataset.kind === "busy") status.textContent = "";
  };

  const spec = (command, input) => model.commands.find((c) => c.name === command).inputs.find((i) => i.name === input);
  const restart = async (change) => {
    status.textContent = "";
    lattice.turning(true);
    try {
      await change();
      lattice.home(true);
      pins.replace();
    } catch (error) {
      fail(error);
    } finally {
      lattice.turning(false);
    }
  };

  // Which way the plane lies.
  const own = ["left", "right", "top", "bottom"].map((side) => h("textarea", { rows: 1, "aria-label": `Lines at the ${side}`, placeholder: side, spellcheck: "false" }));
  const linesOf = (area) => area.value.split("\n").map((line) => line.trim()).filter(Boolean);
  const ownForm = h("form", { class: "compass", hidden: true, onsubmit: (event) => {
    event.preventDefault();
    const [left, right, top, bottom] = own.map(linesOf);
    restart(() => space.takeLines({ left, right, top, bottom }));
  } }, own, h("button", { type: "submit" }, "Turn that way"));
  let seed = 0;
  const again = h("button", { type: "button", class: "plain small", hidden: true, onclick: () => turn("random") }, "others");
  const turn = (kind) => {
    again.hidden = kind !== "random";
    ownForm.hidden = kind !== OWN;
    if (kind === OWN) own[0].focus();
    else restart(() => space.takeAxes(kind, kind === "random" ? (seed += 1) : undefined));
  };
  const OWN = "yours";
  const kinds = spec("axes", "axes");
  const axes = control({ ...kinds, name: "axes", description: "", oneOf: [...kinds.oneOf, OWN] }, () => turn(axes.read()));
  axes.element.querySelector(".head").append(again);
  const temperature = control({ ...spec("grid", "temperature"), name: "temperature", description: "" }, debounce(200, () => restart(() => {
    space.temperature = temperature.read();
    space.forget();
  })));
  const centre = h("input", { type: "text", id: "grid-centre", placeholder: "somewhere", spellcheck: "false", onchange: () => restart(() => space.centre(centre.value.trim())) });

  const elsewhere = h("button", { type: "button", class: "plain small", onclick: () => {
    centre.value = "";
    restart(() => space.centre(""));
  } }, "elsewhere");

  const shot = () => ({
    cells: lattice.visible((key) => pins.has(key)),
    thread: pins.places(),
    dots: pins.places().map((place) => pins.dot(place)),
    width: Math.round(lattice.width),
    height: Math.round(lattice.height),
  });
  const exports = menu("Export", [
    ["Text", () => save("grid.txt", exportGrid.text(shot()), "text/plain")],
    ["SVG", () => save("grid.svg", exportGrid.svg(shot()), "image/svg+xml")],
    ["PNG", async () => save("grid.png", await exportGrid.png(shot()))],
  ]);
  const settings = h("details", { class: "settings", open: innerWidth > 760 }, h("summary", {}, "Plane"),
    axes.element, ownForm,
    h("div", { class: "field" }, h("div", { class: "head" }, h("label", { class: "label", for: "grid-centre" }, "around a line"), elsewhere), centre),
    temperature.element);
  const panel = h("aside", { class: "panel", "aria-label": "Plane and pins", "data-still": true }, settings, pins.element, h("div", { class: "actions" }, exports), status);
  main.append(h("h1", { class: "offscreen" }, "Grid"), plane, panel, pins.reader);

  lattice.onPin = (cell) => pins.toggle(cell);
  lattice.onView = () => pins.draw();
  lattice.isPinned = (key) => pins.has(key);
  gestures(plane, {
    ownArrows: true,
    pan: (dx, dy) => lattice.pan(dx, dy),
    zoom: (factor, x, y) => lattice.zoomAt(factor, x, y),
    home: () => lattice.home(),
    settle: () => lattice.settle(),
  }, undo);
  undo.add(() => {
    pins.stop();
    space.forget();
  });
  await restart(() => space.takeAxes(kinds.default ?? kinds.oneOf[0]));
  if (!isCalm()) plane.classList.add("fades");
  return () => undo.all();
}
