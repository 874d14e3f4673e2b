// A chain: whatever it takes and sends, as the runtime lists it, and its values as they change.

import { h } from "./dom.js";
import { control, drawing, shortly, spoken } from "./controls.js";
import * as runtime from "./runtime.js";

const KEPT = 12;
const GRAPH = "graph/";

/** The panel of a chain of `/chains`. */
export function chainPanel(chain) {
  const stops = [];
  const problem = h("p", { class: "problem", role: "alert", hidden: true });
  const state = h("p", { class: "note", role: "status" });
  const tellProblem = (error) => {
    problem.textContent = error.message;
    problem.hidden = false;
  };
  const send = async (path, body) => {
    try {
      const now = await runtime.post(`/chains/${chain.name}/${path}`, body);
      problem.hidden = true;
      tell(now);
    } catch (error) {
      tellProblem(error);
    }
  };
  const tell = (now) => { state.textContent = now.running ? "It runs." : "It stands still."; };
  const fieldsOf = (input) => input.fields ?? (input.type ? [input] : []);
  const triggers = chain.inputs.filter((input) => fieldsOf(input).length === 0);
  const values = chain.inputs.filter((input) => fieldsOf(input).length === 1);
  const several = chain.inputs.filter((input) => fieldsOf(input).length > 1);
  const buttons = triggers.map((input) => h("button", {
    type: "button", title: input.description, class: input.path === "start" ? "primary" : "", onclick: () => send(input.path),
  }, spoken(input.path)));

  // Inputs of a node stand together, under its name. What has no value changes the chain itself.
  const groups = new Map();
  for (const input of values) {
    const isNode = input.path.includes("/");
    const node = isNode ? input.path.slice(0, input.path.lastIndexOf("/")) : input.value === undefined && input.type === "text" ? GRAPH : "";
    const made = control(input, () => {
      try {
        send(input.path, { [input.name]: made.read() });
      } catch (error) {
        tellProblem(error);
      }
    });
    const address = `/${chain.name}/${input.path}`;
    stops.push(runtime.socket.listen(address, (args) => {
      if (!made.element.contains(document.activeElement)) made.write(heard(input, args));
    }, { isValue: true }));
    if (!groups.has(node)) groups.set(node, []);
    groups.get(node).push(made.element);
  }
  for (const input of several) {
    const made = fieldsOf(input).map((field) => control(field));
    const form = h("form", { class: "several", onsubmit: (event) => {
      event.preventDefault();
      try {
        send(input.path, Object.fromEntries(made.map((control) => [control.name, control.read()])));
      } catch (error) {
        tellProblem(error);
      }
    } }, h("p", {}, spoken(input.path)), h("p", { class: "about" }, input.description), made.map(({ element }) => element), h("button", { type: "submit" }, spoken(input.path)));
    groups.set(GRAPH, [...(groups.get(GRAPH) ?? []), form]);
  }
  const graph = groups.get(GRAPH);
  groups.delete(GRAPH);
  const fieldsets = [...groups].map(([node, elements]) =>
    h("fieldset", {}, node ? h("legend", {}, spoken(node)) : null, elements));
  const wires = h("ul", { class: "wires code" }, (chain.wires ?? []).map(({ from, to }) => h("li", {}, `${from} → ${to}`)));
  const inner = chain.wires || graph
    ? h("details", { class: "graph" }, h("summary", {}, "The graph"), wires, graph ?? null)
    : null;

  const outputs = chain.outputs.map((output) => {
    const { element, show, isMany } = live(output);
    const begin = () => runtime.socket.listen(runtime.addressOf(chain, output), show);
    if (!isMany) {
      stops.push(begin());
      return element;
    }
    // Sixty vectors a second are sent to those only who ask for them.
    let stop = null;
    const box = h("input", { type: "checkbox", class: "switch", "aria-label": `watch ${output.path}`, onchange: () => {
      stop?.();
      stop = box.checked ? begin() : null;
    } });
    stops.push(() => stop?.());
    element.querySelector("h3").append(" ", h("label", { class: "small" }, box, " watch"));
    return element;
  });

  tell(chain);
  const element = h("article", {},
    h("header", {}, h("p", { class: "address code" }, `/${chain.name}`), h("h2", { tabindex: "-1" }, chain.description)),
    h("div", { class: "sheet" },
      h("div", { class: "command" }, h("div", { class: "actions" }, buttons, state), problem, fieldsets, inner),
      h("div", { class: "answer" }, outputs)));
  return { element, close: () => stops.forEach((stop) => stop()) };
}

function heard(input, args) {
  if (input.type === "boolean") return args[0] === 1 || args[0] === true;
  if (input.type === "vector" || input.type === "array") return args;
  return args[0];
}

/** An output as it comes: texts below each other, numbers and vectors the newest. */
function live(output) {
  const title = h("h3", {}, spoken(output.path));
  const isMany = output.type === "vector" && output.length > 8;
  const wrap = (inner) => h("section", { class: "result", title: output.description }, title, inner);
  if (output.type === "text") {
    const list = h("ol", { class: "lines live" });
    const show = (args) => {
      const words = args.findLast((x) => typeof x === "string");
      if (words === undefined) return;
      list.append(h("li", {}, words));
      while (list.children.length > KEPT) list.firstChild.remove();
    };
    if (output.value) show([output.value]);
    return { element: wrap(h("div", { role: "log", "aria-label": spoken(output.path) }, list)), show, isMany };
  }
  if (isMany) {
    const bars = drawing(output.length);
    const show = (args) => bars.show(args.slice(-output.length));
    show(Array.isArray(output.value) ? output.value : new Array(output.length).fill(0));
    return { element: wrap(bars.element), show, isMany };
  }
  const figure = h("p", { class: "figure" }, "—");
  const n = output.fields?.length ?? output.length ?? 1;
  const spell = (args) => { figure.textContent = args.slice(-n).map((x) => (typeof x === "number" ? shortly(x.toFixed(3)) : String(x))).join("  "); };
  if (output.value !== undefined && output.value !== null) spell([output.value].flat());
  return { element: wrap(figure), show: spell, isMany };
}
