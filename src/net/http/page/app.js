// The page: which section shows, dark or light, and whether the runtime is there.

import { h } from "./dom.js";
import { socket } from "./runtime.js";

const TITLES = { "": "enjamb", models: "Models", grid: "Grid", map: "Map", stage: "Stage", traffic: "Traffic" };
const main = document.querySelector("main");
let close = () => {};
let shown = null;
let opening = 0;

async function show(hash, isFirst = false) {
  const [name, ...path] = hash.replace(/^#\/?/, "").split("/").map(decodeURIComponent);
  if (name === "main") return main.focus();
  const section = Object.hasOwn(TITLES, name) ? name : "";
  const number = ++opening;
  document.title = section ? `${TITLES[section]} · enjamb` : "enjamb";
  for (const link of document.querySelectorAll(".masthead nav a")) {
    const isHere = link.getAttribute("href") === `#${section}`;
    isHere ? link.setAttribute("aria-current", "page") : link.removeAttribute("aria-current");
  }
  const module = await import(`./${section || "front"}.js`);
  // Another section may have been asked for meanwhile.
  if (number !== opening) return;
  if (shown === section && module.go?.(path)) return;
  close();
  shown = section;
  main.replaceChildren();
  main.className = section || "front";
  document.body.dataset.section = section || "front";
  scrollTo(0, 0);
  try {
    const done = await module.open(main, path);
    if (section !== name && number === opening) {
      const known = Object.keys(TITLES).filter(Boolean).map((title) => `#${title}`);
      main.prepend(h("p", { class: "problem", role: "alert" }, `There is no #${name} here, only ${known.join(", ")}.`));
    }
    if (number === opening) close = done ?? (() => {});
    else done?.();
  } catch (error) {
    main.replaceChildren(h("p", { class: "problem", role: "alert" }, error.message));
    close = () => {};
  }
  if (!isFirst && number === opening && !main.contains(document.activeElement)) main.focus({ preventScroll: true });
}

const button = document.querySelector(".theme");
const system = matchMedia("(prefers-color-scheme: dark)");

function remembered() {
  try {
    return localStorage.getItem("theme");
  } catch {
    return null;
  }
}

function paint(chosen) {
  const theme = chosen ?? (system.matches ? "dark" : "light");
  document.documentElement.dataset.theme = theme;
  button.textContent = theme === "dark" ? "Light" : "Dark";
  button.setAttribute("aria-label", theme === "dark" ? "Light page" : "Dark page");
  dispatchEvent(new Event("themechange"));
}

button.addEventListener("click", () => {
  const theme = document.documentElement.dataset.theme === "dark" ? "light" : "dark";
  try {
    localStorage.setItem("theme", theme);
  } catch {
    // Then it is forgotten.
  }
  paint(theme);
});
system.addEventListener("change", () => paint(remembered()));
paint(remembered());

const connection = document.querySelector(".connection");
let late = 0;
socket.watch((isOpen) => {
  clearTimeout(late);
  if (isOpen) connection.textContent = "";
  // A connection that is only being made is no news.
  else late = setTimeout(() => { connection.textContent = "The runtime is away"; }, 1500);
});
socket.connect();
socket.listen("/page/show", ([section]) => {
  if (section in TITLES) location.hash = `#${section}`;
});

addEventListener("hashchange", () => show(location.hash));
show(location.hash, true);
