// The first page: one button, and a line of verse.

import { h, typeset } from "./dom.js";
import * as runtime from "./runtime.js";

const SECTIONS = [
  ["models", "Models", "everything that is hosted here, to try and to copy into a patch"],
  ["grid", "Grid", "a line in every cell of a plane without an end"],
  ["map", "Map", "sentences where they lie, what means the like nearby"],
  ["stage", "Stage", "the verse and nothing else"],
  ["traffic", "Traffic", "OSC as it passes in and out"],
];
const KEPT = 14;

export async function open(main) {
  const models = await runtime.models();
  const source = lineSource(models);
  const poem = h("div", { class: "poem", role: "log", "aria-live": "polite", "aria-label": "Verse" });
  const note = h("p", { class: "note", role: "alert" });
  const button = h("button", { type: "button", class: "primary large" }, "A line of verse");
  button.addEventListener("click", async () => {
    note.textContent = "";
    try {
      const { outputs } = await runtime.run(source.model, source.command, {}, { isPublic: true });
      poem.append(h("p", { class: "verse" }, typeset(source.lineOf(outputs))));
      while (poem.children.length > KEPT) poem.firstChild.remove();
      button.textContent = "Another";
    } catch (error) {
      note.textContent = error.message;
    }
  });
  const unwatch = runtime.socket.watch((isOpen) => {
    if (isOpen) note.textContent = "";
  });
  main.append(
    h("h1", { class: "offscreen" }, "enjamb"),
    h("div", { class: "title" },
      h("p", { class: "motto" }, "Models run here, and speak OSC."),
      source ? [poem, button, note] : h("p", { class: "prose" }, "No model here writes lines.")),
    h("ul", { class: "contents" }, SECTIONS.map(([path, name, words]) =>
      h("li", {}, h("a", { href: `#${path}` }, h("strong", {}, name), " ", h("span", {}, words))))),
    h("p", { class: "footer" }, h("a", { href: "/sketches/" }, "p5.js sketches"), " · ", h("a", { href: "/models" }, "models as JSON"), " · ", h("a", { href: "/osc" }, "addresses"), " · ", h("a", { href: "/metrics" }, "metrics")));
  return unwatch;
}

/** A command that writes a line when it is given nothing. */
function lineSource(models) {
  const isLine = (output) => output.type === "text";
  const isLines = (output) => output.type === "array" && output.itemType.type === "text";
  for (const name of ["sample", "generate"]) {
    for (const model of models.filter((model) => model.status === "RUNNING")) {
      const command = model.commands.find((command) => command.name === name);
      const output = command?.outputs.find((output) => isLine(output) || isLines(output));
      if (output) return { model: model.name, command: name, lineOf: (outputs) => [outputs[output.name]].flat()[0] };
    }
  }
  return null;
}
