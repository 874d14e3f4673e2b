// Results, shown by their types: verse as verse, vectors as bars, sentences with vectors as a map.

import { copy, h, s } from "./dom.js";
import { drawing, shortly, spoken } from "./controls.js";
import { scatter } from "./scatter.js";

const MOST_SHOWN = 400;
const MOST_VECTORS = 12;
/** So many numbers are read; more are looked at. */
const FEW_NUMBERS = 4;

/** Everything that a command gave, in the order of its outputs. */
export function results(outputs, values, inputs = {}) {
  const shown = outputs.filter((field) => values[field.name] !== undefined);
  const parts = [];
  // Sentences with their vectors: in 2019 this preview was missing.
  const vectors = shown.find((field) => field.type === "array" && field.itemType.type === "vector");
  const lines = vectors && linesOf(shown, values, inputs, values[vectors.name].length);
  if (lines && values[vectors.name].length > 1) parts.push(part({ name: "map" }, scatter(lines, values[vectors.name])));
  for (const field of shown) parts.push(part(field, result(field, values[field.name]), shown.length === 1));
  return parts;
}

function linesOf(outputs, values, inputs, n) {
  const isText = (field) => field.type === "array" && field.itemType.type === "text" && values[field.name].length === n;
  const output = outputs.find(isText);
  if (output) return values[output.name];
  return Object.values(inputs).find((value) => Array.isArray(value) && value.length === n && value.every((x) => typeof x === "string"));
}

function part(field, element, isAlone = false) {
  return h("section", { class: "result", "aria-label": spoken(field.name) },
    h("h3", { class: isAlone ? "offscreen" : "" }, spoken(field.name)), element);
}

/** One value. */
export function result(field, value) {
  switch (field.type) {
    case "text": return h("p", { class: "verse" }, value || "\u00a0");
    case "number": return h("p", { class: "figure" }, shortly(value));
    case "boolean": return h("p", { class: "figure" }, value ? "yes" : "no");
    case "category":
    case "file": return h("p", { class: "code" }, value);
    case "vector": return vector(value);
    case "array": return array(field, value);
    case "image":
    case "segmentation": return picture(field, value);
    case "image_point": return marks([value]);
    case "image_landmarks": return marks(value, field.connections);
    case "image_bounding_box": return box(value);
    default: return h("pre", { class: "code" }, JSON.stringify(value, null, 1));
  }
}

function vector(values) {
  const bars = drawing(values.length);
  bars.show(values);
  const words = `${values.length} numbers`;
  bars.element.setAttribute("aria-hidden", "false");
  bars.element.setAttribute("role", "img");
  bars.element.setAttribute("aria-label", `${words}, from ${shortly(Math.min(...values))} to ${shortly(Math.max(...values))}`);
  const button = h("button", { type: "button", class: "plain small", onclick: () => copy(JSON.stringify(values)) }, `copy ${words}`);
  return values.length <= FEW_NUMBERS
    ? h("p", { class: "figure" }, values.map(shortly).join("  "))
    : h("div", { class: "vector-result" }, bars.element, button);
}

function array(field, items) {
  const type = field.itemType.type;
  if (items.length === 0) return h("p", { class: "about" }, "none");
  if (type === "text") {
    const list = h("ol", { class: "lines" }, items.slice(0, MOST_SHOWN).map((line) => h("li", {}, line || "\u00a0")));
    return items.length > MOST_SHOWN ? h("div", {}, list, h("p", { class: "about" }, `and ${items.length - MOST_SHOWN} more`)) : list;
  }
  if (type === "number") {
    return items.length <= 24
      ? h("p", { class: "figures" }, items.map((x) => h("span", {}, shortly(x))))
      : h("div", { class: "vector-result" }, vector(items));
  }
  if (type === "vector" && items[0].length <= FEW_NUMBERS) {
    return h("ol", { class: "lines" }, items.slice(0, MOST_SHOWN).map((item) => h("li", { class: "figure" }, item.map(shortly).join("  "))));
  }
  if (type === "vector") {
    const shown = items.slice(0, MOST_VECTORS).map((item) => {
      const bars = drawing(item.length);
      bars.show(item);
      return h("li", {}, bars.element);
    });
    const button = h("button", { type: "button", class: "plain small", onclick: () => copy(JSON.stringify(items)) },
      `copy ${items.length} × ${items[0].length} numbers`);
    return h("div", { class: "vector-result" }, h("ol", { class: "vectors" }, shown), button);
  }
  if (type === "image" || type === "segmentation") {
    return h("div", { class: "pictures" }, items.map((item) => picture(field.itemType, item)));
  }
  return h("pre", { class: "code" }, JSON.stringify(items, null, 1));
}

function picture(field, uri) {
  const image = h("img", { src: uri, alt: spoken(field.name ?? "picture") });
  if (!field.labelToColor) return image;
  const legend = Object.entries(field.labelToColor).map(([label, [r, g, b]]) => {
    const mark = h("i");
    mark.style.background = `rgb(${r} ${g} ${b})`;
    return h("li", {}, mark, label);
  });
  return h("figure", {}, image, h("ul", { class: "legend" }, legend));
}

function marks(points, connections = []) {
  const lines = connections.map(([a, b]) => s("path", { d: `M${points[a].join(" ")}L${points[b].join(" ")}`, class: "thread" }));
  const dots = points.map(([x, y]) => s("circle", { cx: x, cy: y, r: 0.015 }));
  return s("svg", { class: "unit", viewBox: "-0.02 -0.02 1.04 1.04", role: "img", "aria-label": points.map((p) => p.map(shortly).join(", ")).join("; ") },
    s("rect", { x: 0, y: 0, width: 1, height: 1 }), ...lines, ...dots);
}

function box([x0, y0, x1, y1]) {
  return s("svg", { class: "unit", viewBox: "-0.02 -0.02 1.04 1.04", role: "img", "aria-label": `from ${shortly(x0)}, ${shortly(y0)} to ${shortly(x1)}, ${shortly(y1)}` },
    s("rect", { x: 0, y: 0, width: 1, height: 1 }), s("rect", { class: "box", x: x0, y: y0, width: x1 - x0, height: y1 - y0 }));
}
