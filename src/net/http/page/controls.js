// Controls, made from types: whatever a model or a chain takes can be set here.

import { clamp, h, s } from "./dom.js";

let n_made = 0;

/**
 * A control for a field of `/models` or `/chains`: `{ element, read(), write(value) }`. `read` throws
 * words for people when what is there does not fit. `onChange` is called when a person has changed it.
 */
export function control(field, onChange = () => {}) {
  const id = `control-${(n_made += 1)}`;
  const made = make(field, id, onChange);
  if (field.value !== undefined) made.write(field.value);
  const label = made.isGroup
    ? h("span", { class: "label", id: `${id}-label` }, spoken(field.name))
    : h("label", { class: "label", for: id }, spoken(field.name));
  const about = h("p", { class: "about", id: `${id}-about` }, field.description ?? "");
  const input = made.input ?? made.element;
  if (field.description) input.setAttribute("aria-describedby", about.id);
  if (made.isGroup) input.setAttribute("aria-labelledby", `${id}-label`);
  const element = h("div", { class: `field ${field.type}` }, h("div", { class: "head" }, label, made.extra), made.element, about);
  return { ...made, name: field.name, element };
}

export const spoken = (name) => name.replaceAll("_", " ");

function make(field, id, onChange) {
  switch (field.type) {
    case "text": return text(field, id, onChange);
    case "number": return number(field, id, onChange);
    case "boolean": return boolean(field, id, onChange);
    case "category": return category(field, id, onChange);
    case "vector": return vector(field, id, onChange);
    case "array": return array(field, id, onChange);
    case "image":
    case "segmentation": return image(field, id, onChange);
    case "file": return file(field, id, onChange);
    case "image_point": return numbers(field, id, onChange, ["x", "y"], [0.5, 0.5]);
    case "image_bounding_box": return numbers(field, id, onChange, ["x0", "y0", "x1", "y1"], [0.25, 0.25, 0.75, 0.75]);
    default: return json(field, id, onChange);
  }
}

function area(id, rows, onChange, placeholder = "") {
  const input = h("textarea", { id, rows, placeholder, spellcheck: "false" });
  const grow = () => {
    input.style.height = "auto";
    input.style.height = `${Math.min(420, input.scrollHeight + 2)}px`;
  };
  input.addEventListener("input", grow);
  input.addEventListener("change", () => onChange());
  return { input, grow };
}

function text(field, id, onChange) {
  const { input, grow } = area(id, 1, onChange, field.default ? "" : "a line");
  input.value = field.default ?? "";
  if (field.maxLength) input.maxLength = field.maxLength;
  return {
    element: input,
    read() {
      if (input.value.length < (field.minLength ?? 0)) throw new Error(`${spoken(field.name)}: write something first`);
      return input.value;
    },
    write(value) {
      input.value = value;
      requestAnimationFrame(grow);
    },
  };
}

function number(field, id, onChange) {
  const { min, max, step } = field;
  const box = h("input", { id, type: "number", min, max, step: step ?? "any", inputmode: "decimal" });
  // A span of many powers of ten is no use on a slider.
  const hasSlider = min !== undefined && max !== undefined && max - min <= 2000;
  const slider = hasSlider && h("input", { type: "range", min, max, step: step ?? (max - min) / 200, tabindex: "-1", "aria-hidden": "true" });
  const write = (value) => {
    box.value = shortly(value);
    if (slider) slider.value = value;
  };
  write(field.default ?? min ?? 0);
  box.addEventListener("change", () => {
    if (slider) slider.value = box.value;
    onChange();
  });
  slider && slider.addEventListener("input", () => {
    box.value = shortly(Number(slider.value));
    onChange();
  });
  return {
    element: h("div", { class: "number-row" }, slider, box),
    input: box,
    read() {
      const value = Number(box.value);
      if (box.value.trim() === "" || Number.isNaN(value)) throw new Error(`${spoken(field.name)}: expected a number`);
      return value;
    },
    write,
  };
}

export const shortly = (x) => String(Number(Number(x).toPrecision(6)));

function boolean(field, id, onChange) {
  const input = h("input", { id, type: "checkbox", class: "switch", checked: field.default ?? false, onchange: () => onChange() });
  return { element: input, read: () => input.checked, write: (value) => { input.checked = Boolean(value); } };
}

function category(field, id, onChange) {
  if (field.oneOf.length > 5) {
    const input = h("select", { id, onchange: () => onChange() }, field.oneOf.map((name) => h("option", { value: name }, name)));
    input.value = field.default;
    return { element: input, read: () => input.value, write: (value) => { input.value = value; } };
  }
  const radios = field.oneOf.map((name) =>
    h("input", { type: "radio", name: id, value: name, checked: name === field.default, onchange: () => onChange() }));
  const labels = radios.map((radio) => h("label", {}, radio, h("span", {}, radio.value)));
  return {
    element: h("div", { class: "choices", role: "radiogroup" }, labels),
    isGroup: true,
    read: () => radios.find((radio) => radio.checked)?.value ?? field.default,
    write: (value) => radios.forEach((radio) => { radio.checked = radio.value === value; }),
  };
}

function vector(field, id, onChange) {
  let values = field.default ? [...field.default] : new Array(field.length).fill(0);
  const bars = drawing(field.length);
  const paste = h("input", { id, type: "text", class: "code", value: "", spellcheck: "false", "aria-label": `${spoken(field.name)}, as numbers` });
  const show = () => {
    bars.show(values);
    paste.value = values.map((x) => shortly(x)).join(" ");
  };
  const change = (next) => {
    values = next;
    show();
    onChange();
  };
  const random = () => change(values.map(() => gaussian() * (field.samplingStd ?? 1) + (field.samplingMean ?? 0)));
  paste.addEventListener("change", () => {
    const given = paste.value.split(/[\s,[\]]+/).filter(Boolean).map(Number);
    if (given.length === field.length && given.every(Number.isFinite)) change(given);
  });
  bars.onDraw = (index, value) => {
    values[index] = value;
    show();
  };
  bars.onEnd = onChange;
  show();
  return {
    element: h("div", { class: "vector-row" }, bars.element, paste),
    input: paste,
    extra: h("span", { class: "small-actions" },
      h("button", { type: "button", class: "plain", onclick: random }, "random"),
      h("button", { type: "button", class: "plain", onclick: () => change(values.map(() => 0)) }, "zero")),
    read() {
      const given = paste.value.split(/[\s,[\]]+/).filter(Boolean);
      if (given.length !== field.length) throw new Error(`${spoken(field.name)}: expected ${field.length} numbers, there are ${given.length}`);
      return [...values];
    },
    write(value) {
      if (Array.isArray(value)) values = [...value];
      show();
    },
  };
}

export function gaussian() {
  return Math.sqrt(-2 * Math.log(1 - Math.random())) * Math.cos(2 * Math.PI * Math.random());
}

/** A vector as bars around a line; where `onDraw` is set, it can be drawn with a pointer. */
export function drawing(length) {
  const RANGE = 3;
  const path = s("path", { class: "bars", "vector-effect": "non-scaling-stroke" });
  const element = s("svg", { class: "vector", viewBox: `0 0 ${length} 60`, preserveAspectRatio: "none", "aria-hidden": "true" },
    s("path", { class: "axis", d: `M0 30H${length}`, "vector-effect": "non-scaling-stroke" }), path);
  const bars = {
    element,
    onDraw: null,
    onEnd: () => {},
    show(values) {
      const most = Math.max(RANGE, ...values.map(Math.abs));
      path.setAttribute("d", values.map((x, i) => `M${i + 0.5} 30v${((-x / most) * 29).toFixed(2)}`).join(""));
    },
  };
  const draw = (event) => {
    if (!bars.onDraw || (event.type === "pointermove" && !event.buttons)) return;
    const box = element.getBoundingClientRect();
    const index = clamp(Math.floor(((event.clientX - box.left) / box.width) * length), 0, length - 1);
    const value = -(((event.clientY - box.top) / box.height) * 2 - 1) * RANGE;
    bars.onDraw(index, clamp(Math.round(value * 100) / 100, -RANGE, RANGE));
    event.preventDefault();
  };
  element.addEventListener("pointerdown", (event) => {
    if (bars.onDraw) element.setPointerCapture(event.pointerId);
    draw(event);
  });
  element.addEventListener("pointermove", draw);
  element.addEventListener("pointerup", () => bars.onDraw && bars.onEnd());
  return bars;
}

function array(field, id, onChange) {
  const item = field.itemType.type;
  if (item !== "text" && item !== "number") return json(field, id, onChange, field.default ?? []);
  const { input, grow } = area(id, 3, onChange, item === "text" ? "one a line" : "numbers, with spaces between");
  const write = (value) => {
    input.value = (value ?? []).join(item === "text" ? "\n" : " ");
    requestAnimationFrame(grow);
  };
  write(field.default);
  return {
    element: input,
    read() {
      const parts = item === "text" ? input.value.split("\n") : input.value.split(/[\s,]+/);
      const given = parts.map((part) => part.trim()).filter(Boolean);
      const values = item === "text" ? given : given.map(Number);
      if (values.some(Number.isNaN)) throw new Error(`${spoken(field.name)}: expected numbers`);
      if (values.length < (field.minLength ?? 0)) throw new Error(`${spoken(field.name)}: expected at least ${field.minLength}, one a line`);
      return values;
    },
    write,
  };
}

function json(field, id, onChange, fallback = null) {
  const { input, grow } = area(id, 2, onChange, "JSON");
  input.classList.add("code");
  const write = (value) => {
    input.value = value === null || value === undefined ? "" : JSON.stringify(value);
    requestAnimationFrame(grow);
  };
  write(field.default ?? fallback);
  return {
    element: input,
    read() {
      try {
        return input.value.trim() === "" ? fallback : JSON.parse(input.value);
      } catch (error) {
        throw new Error(`${spoken(field.name)}: this is no JSON: ${error.message}`);
      }
    },
    write,
  };
}

function image(field, id, onChange) {
  let uri = null;
  const picture = h("img", { alt: "", hidden: true });
  const write = (value) => {
    uri = value;
    picture.hidden = !value;
    if (value) picture.src = value;
  };
  const input = h("input", { id, type: "file", accept: "image/png,image/jpeg" });
  input.addEventListener("change", () => {
    const reader = new FileReader();
    reader.onload = () => {
      write(reader.result);
      onChange();
    };
    if (input.files[0]) reader.readAsDataURL(input.files[0]);
  });
  return {
    element: h("div", { class: "image-row" }, picture, input),
    input,
    read() {
      if (!uri) throw new Error(`${spoken(field.name)}: choose a picture first`);
      return uri;
    },
    write,
  };
}

function file(field, id, onChange) {
  const input = h("input", { id, type: "text", class: "code", value: field.default ?? "", placeholder: "a path or URL", onchange: () => onChange() });
  return { element: input, read: () => input.value, write: (value) => { input.value = value; } };
}

function numbers(field, id, onChange, names, start) {
  const boxes = names.map((name, i) =>
    h("input", { type: "number", min: 0, max: 1, step: 0.01, value: start[i], "aria-label": name, onchange: () => onChange() }));
  return {
    element: h("div", { class: "number-row", role: "group" }, boxes),
    isGroup: true,
    read: () => boxes.map((box) => Number(box.value)),
    write: (value) => value?.forEach((x, i) => { boxes[i].value = x; }),
  };
}
