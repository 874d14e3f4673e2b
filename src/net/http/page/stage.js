// The section Stage: the verse and nothing else. Each line begins where the one before it has ended.

import { Undo, h, isCalm, typeset } from "./dom.js";
import { Follower } from "./follow.js";
import * as runtime from "./runtime.js";

const KEPT = 40;

export async function open(main) {
  const undo = new Undo();
  const chain = await runtime.chainWith();
  if (!chain) {
    main.append(h("h1", {}, "Stage"), h("p", { class: "prose" }, "No chain that says lines runs here. Name one in the project file: [chains.voyage]."));
    return undefined;
  }
  const column = h("div", { class: "column" });
  const house = h("div", { class: "house", role: "log", "aria-live": "polite", "aria-label": "Verse" }, column);
  const button = h("button", { type: "button", class: "begin" }, "Begin");
  const full = h("button", { type: "button", class: "plain", onclick: () => fullScreen() }, "Full screen");
  const help = h("p", { class: "keys" }, h("span", { class: "words" }, "Space begins and stops · F fills the screen · Esc leaves "), full);
  main.append(h("h1", { class: "offscreen" }, "Stage"), house, button, help);

  let indent = 0;
  let shift = 0;
  const follower = new Follower(chain, undo);
  follower.onState = (isRunning) => {
    button.textContent = isRunning ? "Stop" : column.children.length ? "Go on" : "Begin";
    main.classList.toggle("running", isRunning);
  };
  follower.onLine = (_, line) => {
    const end = h("i", { class: "end" });
    const words = typeset(line).split(" ").flatMap((word, i) => {
      const element = h("span", { class: "word" }, word);
      element.style.animationDelay = `${i * 90}ms`;
      return i ? [" ", element] : [element];
    });
    const verse = h("p", {}, words, end);
    verse.style.textIndent = `${indent}px`;
    column.append(verse);
    // The next line runs on from here: it begins below this one's end.
    const at = end.getBoundingClientRect();
    const box = column.getBoundingClientRect();
    indent = Math.max(0, Math.round(at.left - box.left));
    if (indent > box.width * 0.82) indent = 0;
    while (column.children.length > KEPT) {
      shift -= column.firstChild.offsetHeight;
      column.firstChild.remove();
      column.style.transition = "none";
      place(shift);
      void column.offsetHeight;
      column.style.transition = "";
    }
    age();
    rise();
  };

  function age() {
    const lines = [...column.children];
    lines.forEach((line, i) => { line.dataset.age = Math.min(9, lines.length - 1 - i); });
  }
  function place(y) {
    column.style.transform = `translateY(${-y}px)`;
  }
  /** What is new stands a little below the middle; what was, moves up and away. */
  function rise() {
    const room = house.clientHeight * 0.7;
    shift = Math.max(0, column.scrollHeight - room);
    place(shift);
  }
  const sizes = new ResizeObserver(() => {
    indent = Math.min(indent, column.clientWidth * 0.6);
    rise();
  });
  sizes.observe(house);
  undo.add(() => sizes.disconnect());

  const toggle = () => follower.toggle().catch((error) => {
    button.textContent = error.message;
  });
  const fullScreen = () => {
    const done = document.fullscreenElement ? document.exitFullscreen() : document.documentElement.requestFullscreen?.();
    done?.catch(() => {});
  };
  button.addEventListener("click", toggle);
  undo.on(house, "click", toggle);
  undo.on(document, "keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const isButton = event.target.closest?.("button, a, input");
    if (event.key === " " && !isButton) toggle();
    else if (event.key === "f" || event.key === "F") fullScreen();
    else if (event.key === "Escape" && !document.fullscreenElement) location.hash = "#";
    else return;
    event.preventDefault();
  });

  // What is not verse goes away while nobody moves.
  let idle = 0;
  const wake = () => {
    document.body.classList.remove("hushed");
    clearTimeout(idle);
    idle = setTimeout(() => document.body.classList.add("hushed"), 2600);
  };
  for (const event of ["pointermove", "pointerdown", "keydown", "focusin"]) undo.on(document, event, wake);
  undo.add(() => {
    clearTimeout(idle);
    document.body.classList.remove("hushed");
  });
  wake();
  column.classList.toggle("calm", isCalm());
  follower.begin();
  if (chain.running) button.textContent = "Stop";
  return () => undo.all();
}
