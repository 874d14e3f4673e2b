// The section Models: every model and chain, with controls from their types, and what they answer.

import { copy, h, menu } from "./dom.js";
import { control, spoken } from "./controls.js";
import { results } from "./results.js";
import { chainPanel } from "./chain.js";
import * as runtime from "./runtime.js";

const HOSTS = { curl: "curl", osc: "OSC", p5: "p5.js", max: "Max", pd: "Pd", touchdesigner: "TouchDesigner", python: "Python", node: "Node", supercollider: "SuperCollider", processing: "Processing", openframeworks: "openFrameworks" };

let state = null;

export async function open(main, path) {
  const [models, chains] = await Promise.all([runtime.models(), runtime.chains()]);
  const index = h("nav", { class: "index", "aria-label": "Models and chains" });
  const desk = h("div", { class: "desk" });
  main.append(h("h1", { class: "offscreen" }, "Models"), index, desk);
  state = { models, chains, index, desk, close: () => {} };
  list();
  show(path);
  return () => {
    state.close();
    state = null;
  };
}

/** Shows another command of the section that is open. */
export function go(path) {
  if (!state || path.length === 0) return false;
  show(path);
  state.desk.querySelector("h2")?.focus();
  return true;
}

function list() {
  const { models, chains, index } = state;
  const link = (path, name) => h("li", {}, h("a", { href: `#models/${path}` }, name));
  for (const model of models) {
    index.append(h("section", {},
      h("h2", {}, model.name, model.status === "RUNNING" ? null : h("small", {}, ` ${model.status.toLowerCase()}`)),
      h("ul", {}, model.commands.map((command) => link(`${model.name}/${command.name}`, spoken(command.name))))));
  }
  if (chains.length > 0) {
    index.append(h("section", {}, h("h2", {}, "Chains"), h("ul", {}, chains.map((chain) => link(chain.name, chain.name)))));
  }
}

function show([name, commandName]) {
  const { models, chains, index, desk } = state;
  state.close();
  state.close = () => {};
  const chain = chains.find((chain) => chain.name === name);
  const model = name ? models.find((model) => model.name === name) : models[0];
  const command = commandName ? model?.commands.find((command) => command.name === commandName) : model?.commands[0];
  const path = chain ? `#models/${name}` : model && command ? `#models/${model.name}/${command.name}` : "";
  for (const link of index.querySelectorAll("a")) {
    link.getAttribute("href") === path ? link.setAttribute("aria-current", "true") : link.removeAttribute("aria-current");
  }
  desk.replaceChildren();
  if (chain) {
    const panel = chainPanel(chain);
    desk.append(panel.element);
    state.close = panel.close;
  } else if (command) {
    const panel = commandPanel(model, command);
    desk.append(panel.element);
    state.close = panel.close;
  } else {
    const among = (all) => all.map((one) => one.name).join(", ");
    const words = model ? `${name} has no command ${commandName}, only ${among(model.commands)}.`
      : name ? `There is no ${name} here, only ${among([...models, ...chains])}.`
        : "No model runs here. Name one in the project file.";
    desk.append(h("p", { class: "prose", role: "alert" }, words));
  }
}

function commandPanel(model, command) {
  const controls = command.inputs.map((field) => control(field));
  const runButton = h("button", { type: "submit", class: "primary" }, "Run");
  const cancelButton = h("button", { type: "button", hidden: true }, "Cancel");
  const progress = h("progress", { max: 1, hidden: true, "aria-label": "Progress" });
  const note = h("span", { class: "note", role: "status" });
  const out = h("div", { class: "out", "aria-live": "polite" });
  let running = null;

  const readAll = () => Object.fromEntries(controls.map((control) => [control.name, control.read()]));
  const fail = (error) => out.replaceChildren(h("p", { class: "problem", role: "alert" }, error.message));

  async function start() {
    let inputs;
    try {
      inputs = readAll();
    } catch (error) {
      return fail(error);
    }
    running?.abort();
    const mine = (running = new AbortController());
    note.textContent = "";
    cancelButton.hidden = false;
    let merged = null;
    const onOutput = (outputs, share) => {
      if (mine !== running) return;
      progress.hidden = false;
      if (share === null || share === undefined) progress.removeAttribute("value");
      else progress.value = share;
      merged = merge(merged, outputs);
      out.replaceChildren(...results(command.outputs, merged, inputs));
    };
    try {
      const { outputs, milliseconds } = await runtime.run(model.name, command.name, inputs, { signal: mine.signal, isPublic: true, onOutput });
      if (mine !== running) return;
      out.replaceChildren(...results(command.outputs, outputs, inputs));
      if (command.outputs.length === 0) out.replaceChildren(h("p", { class: "about" }, "Done."));
      note.textContent = took(milliseconds);
      if (innerWidth <= 760) out.scrollIntoView({ block: "nearest" });
    } catch (error) {
      if (mine !== running) return;
      if (error.name === "AbortError") note.textContent = "Cancelled.";
      else fail(error);
    } finally {
      if (mine === running) {
        running = null;
        cancelButton.hidden = true;
        progress.hidden = true;
      }
    }
  }

  cancelButton.addEventListener("click", () => running?.abort());
  const patches = patchMenu(model, command, readAll, fail);
  const form = h("form", { class: "command", onsubmit: (event) => { event.preventDefault(); start(); } },
    controls.map((control) => control.element),
    h("div", { class: "actions" }, runButton, cancelButton, patches.element, progress, note));
  form.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.metaKey || event.ctrlKey)) form.requestSubmit();
  });
  const element = h("article", {},
    h("header", {},
      h("p", { class: "address code" }, `/${model.name}/${command.name}`),
      h("h2", { tabindex: "-1" }, command.description || spoken(command.name)),
      model.error ? h("p", { class: "problem" }, model.error) : null),
    h("div", { class: "sheet" }, form, h("div", { class: "answer" }, out, patches.output)));
  return { element, close: () => running?.abort() };
}

/** A partial output of lines has those that are new; the others stay. */
function merge(before, now) {
  if (!before) return { ...now };
  const merged = { ...before };
  for (const [name, value] of Object.entries(now)) {
    const old = before[name];
    const isLines = Array.isArray(value) && Array.isArray(old) && value.length === old.length && value.every((x) => typeof x === "string");
    merged[name] = isLines ? value.map((line, i) => line || old[i]) : value;
  }
  return merged;
}

const took = (milliseconds) => (milliseconds < 1000 ? `${milliseconds.toFixed(milliseconds < 10 ? 1 : 0)} ms` : `${(milliseconds / 1000).toFixed(1)} s`);

/** The run as a patch for another program; shown only where the runtime can write them. */
function patchMenu(model, command, readAll, fail) {
  const output = h("section", { class: "patch", hidden: true, "aria-live": "polite" });
  const ask = async (host) => {
    const query = new URLSearchParams({ host });
    try {
      query.set("inputs", JSON.stringify(readAll()));
    } catch {
      // Without inputs that fit, it is written with their defaults.
    }
    const response = await fetch(`/models/${model.name}/${command.name}/patch?${query}`);
    if (!response.ok) throw new Error((await response.json().catch(() => ({}))).error ?? "it can't be written");
    return response.text();
  };
  const show = async (host, name) => {
    try {
      const text = await ask(host);
      await copy(text);
      output.hidden = false;
      output.replaceChildren(
        h("h3", {}, `${name}, copied`),
        h("pre", { class: "code", tabindex: "0" }, text),
        h("button", { type: "button", class: "plain small", onclick: () => { output.hidden = true; } }, "close"));
      output.scrollIntoView({ block: "nearest" });
    } catch (error) {
      fail(error);
    }
  };
  const element = menu("Copy as", Object.entries(HOSTS).map(([host, name]) => [name, () => show(host, name)]));
  element.hidden = !canPatch;
  if (canPatch === null) {
    fetch(`/models/${model.name}/${command.name}/patch?host=curl`).then((response) => {
      canPatch = ![204, 404].includes(response.status);
      element.hidden = !canPatch;
    }, () => {});
  }
  return { element, output };
}

let canPatch = null;
