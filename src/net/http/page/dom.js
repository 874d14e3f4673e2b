// Small helpers that every part of the page uses: elements, timing, files.

/** An element: h("p", { class: "line", onclick }, "words", child, ...). */
export function h(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  set(element, properties);
  element.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

const SVG = "http://www.w3.org/2000/svg";

/** As `h`, for elements of a drawing. */
export function s(tag, properties = {}, ...children) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(properties)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

function set(element, properties) {
  for (const [name, value] of Object.entries(properties)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "value" || name === "checked") element[name] = value;
    else element.setAttribute(name, value === true ? "" : value);
  }
}

export const clamp = (x, least, most) => Math.min(most, Math.max(least, x));

/** Calls once nobody has asked for `ms`. */
export function debounce(ms, call) {
  let timer = 0;
  const later = (...given) => {
    clearTimeout(timer);
    timer = setTimeout(() => call(...given), ms);
  };
  later.cancel = () => clearTimeout(timer);
  return later;
}

/** Collects what must be undone when a section closes. */
export class Undo {
  #actions = [];
  add(action) {
    this.#actions.push(action);
    return action;
  }
  on(target, event, handler, options) {
    target.addEventListener(event, handler, options);
    this.add(() => target.removeEventListener(event, handler, options));
  }
  all() {
    for (const action of this.#actions.splice(0).reverse()) action();
  }
}

const calm = matchMedia("(prefers-reduced-motion: reduce)");
export const isCalm = () => calm.matches;

/** The theme's colours, as the style sheet has them. */
export function colours() {
  const style = getComputedStyle(document.documentElement);
  const of = (name) => style.getPropertyValue(name).trim();
  return { paper: of("--paper"), ink: of("--ink"), soft: of("--soft"), accent: of("--accent"), serif: of("--serif") };
}

/** Hands a file to the person. */
export function save(name, content, type) {
  const blob = content instanceof Blob ? content : new Blob([content], { type });
  const link = h("a", { href: URL.createObjectURL(blob), download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

/** Verse as it is printed: with the quotation marks of a book. */
export const typeset = (text) => text.replace(/(^|[\s(—–-])"/g, "$1“").replaceAll('"', "”").replaceAll("'", "’");

export const escapeXml = (text) =>
  text.replace(/[<>&"]/g, (c) => ({ "<": "&lt;", ">": "&gt;", "&": "&amp;", '"': "&quot;" })[c]);

export async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    // Without a secure context, or leave to use it, there is the older way.
    const area = h("textarea", { class: "offscreen" }, text);
    document.body.append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
  }
}

/** A menu of things to do, under one button. */
export function menu(label, items) {
  const list = h("ul", {}, items.map(([name, action]) =>
    h("li", {}, h("button", { type: "button", class: "plain", onclick: () => { details.open = false; action(); } }, name))));
  const details = h("details", { class: "menu" }, h("summary", {}, label), list);
  details.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !details.open) return;
    details.open = false;
    details.firstChild.focus();
    event.stopPropagation();
  });
  details.addEventListener("focusout", (event) => {
    if (event.relatedTarget && !details.contains(event.relatedTarget)) details.open = false;
  });
  return details;
}
