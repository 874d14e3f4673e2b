// The section Traffic: OSC as it passes, who is connected, how quick the models are, and what went wrong.

import { Undo, h, s } from "./dom.js";
import { latencies } from "./metrics.js";
import * as runtime from "./runtime.js";

const KEPT = 300;
const RATES = 120;

export async function open(main) {
  const undo = new Undo();
  const rows = h("tbody");
  const table = h("table", { class: "messages" }, h("caption", { class: "offscreen" }, "Messages, the newest first"),
    h("thead", {}, h("tr", {}, ["at", "way", "address", "arguments", "who"].map((name) => h("th", { scope: "col" }, name)))), rows);
  const filter = h("input", { type: "search", "aria-label": "Show only addresses with", placeholder: "only addresses with …", spellcheck: "false", oninput: () => redraw() });
  const pause = h("button", { type: "button", "aria-pressed": "false" }, "Pause");
  const figures = Object.fromEntries(["in", "out", "errors", "dropped", "refused"].map((name) => [name, h("dd", {}, "0")]));
  const rates = { in: h("dd", {}, "0"), out: h("dd", {}, "0") };
  const lines = { in: s("path", { class: "in" }), out: s("path", { class: "out" }) };
  const curve = s("svg", { class: "curve", viewBox: `0 0 ${RATES} 40`, preserveAspectRatio: "none", role: "img", "aria-label": "Messages a second over the last minute" }, lines.out, lines.in);
  const clients = h("tbody");
  const models = h("tbody");
  const head = (...names) => h("thead", {}, h("tr", {}, names.map((name) => h("th", { scope: "col" }, name))));
  const since = h("p", { class: "about" });
  main.append(
    h("h1", {}, "Traffic"), since,
    h("dl", { class: "totals" },
      h("div", {}, h("dt", {}, "in, a second"), rates.in), h("div", {}, h("dt", {}, "out, a second"), rates.out),
      Object.entries(figures).map(([name, figure]) => h("div", {}, h("dt", {}, name), figure))),
    curve,
    h("div", { class: "columns" },
      h("section", {}, h("h2", {}, "Clients"), h("table", {}, head("who", "gets"), clients)),
      h("section", {}, h("h2", {}, "Models"), h("table", { class: "models-table" }, head("model", "runs", "failed", "waiting", "half within", "19 of 20 within"), models))),
    h("section", {}, h("h2", {}, "Messages"), h("div", { class: "actions" }, filter, pause), h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Messages" }, table)));

  let kept = [];
  let isPaused = false;
  let fresh = [];
  pause.addEventListener("click", () => {
    isPaused = !isPaused;
    pause.setAttribute("aria-pressed", String(isPaused));
    pause.textContent = isPaused ? "Go on" : "Pause";
  });

  const matches = (entry) => !filter.value || entry.address.includes(filter.value.trim());
  const row = (entry) => h("tr", { class: entry.direction },
    h("td", {}, entry.at.toFixed(2)), h("td", {}, entry.direction), h("td", { class: "code" }, entry.address),
    h("td", { class: entry.direction === "error" ? "words" : "code" }, entry.arguments), h("td", {}, entry.peer));
  const redraw = () => rows.replaceChildren(...kept.filter(matches).map(row));
  // Thousands may pass in a second; a screen shows sixty pictures of them.
  const flush = () => {
    const news = fresh.splice(0).slice(-KEPT).reverse();
    kept = [...news, ...kept].slice(0, KEPT);
    rows.prepend(...news.filter(matches).map(row));
    while (rows.children.length > KEPT) rows.lastChild.remove();
  };

  const history = { in: [], out: [] };
  let before = null;
  const total = (now) => {
    for (const [name, figure] of Object.entries(figures)) {
      figure.textContent = now[name].toLocaleString("en");
      figure.classList.toggle("bad", name !== "in" && name !== "out" && now[name] > 0);
    }
    since.textContent = `enjamb ${now.enjamb}, for ${duration(now.seconds)}; OSC at ${now.osc}, HTTP at ${now.http}`;
    for (const way of ["in", "out"]) {
      const rate = before && now.seconds > before.seconds ? (now[way] - before[way]) / (now.seconds - before.seconds) : 0;
      history[way].push(Math.max(0, rate));
      if (history[way].length > RATES) history[way].shift();
      rates[way].textContent = rate < 10 ? rate.toFixed(1) : Math.round(rate).toLocaleString("en");
    }
    const most = Math.max(1, ...history.in, ...history.out);
    for (const way of ["in", "out"]) {
      const start = RATES - history[way].length;
      lines[way].setAttribute("d", history[way].map((rate, i) => `${i ? "L" : "M"}${start + i} ${(38 - (rate / most) * 36).toFixed(2)}`).join(""));
    }
    before = now;
    clients.replaceChildren(...now.clients.map(({ name, gets }) => h("tr", {}, h("td", {}, name), h("td", { class: "code" }, gets))));
    if (now.clients.length === 0) clients.append(h("tr", {}, h("td", { colspan: "2", class: "about" }, "nobody")));
    models.replaceChildren(...now.models.map((model) => h("tr", {},
      h("td", {}, model.name, model.status === "RUNNING" ? null : h("small", {}, ` ${model.status.toLowerCase()}`), model.restarts ? h("small", {}, ` restarted ${model.restarts}×`) : null),
      h("td", {}, model.succeeded.toLocaleString("en")), h("td", {}, String(model.failed + model.refused)), h("td", {}, String(model.waiting)),
      h("td", {}, quick.get(model.name)?.[0] ?? "—"), h("td", {}, quick.get(model.name)?.[1] ?? "—"))));
  };

  let quick = new Map();
  const measure = async () => {
    try {
      quick = latencies(await (await fetch("/metrics")).text());
    } catch {
      // The next time, perhaps.
    }
  };
  measure();
  const timer = setInterval(measure, 3000);
  undo.add(() => clearInterval(timer));

  total(await runtime.get("/status"));
  const events = new EventSource("/traffic");
  undo.add(() => events.close());
  let waiting = 0;
  undo.add(() => cancelAnimationFrame(waiting));
  events.addEventListener("message", ({ data }) => {
    if (isPaused) return;
    fresh.push(JSON.parse(data));
    if (fresh.length > 2 * KEPT) fresh = fresh.slice(-KEPT);
    if (!waiting) waiting = requestAnimationFrame(() => { waiting = 0; flush(); });
  });
  events.addEventListener("totals", ({ data }) => total(JSON.parse(data)));
  return () => undo.all();
}

function duration(seconds) {
  if (seconds < 120) return `${Math.round(seconds)} s`;
  if (seconds < 7200) return `${Math.round(seconds / 60)} min`;
  return seconds < 172_800 ? `${Math.round(seconds / 3600)} h` : `${Math.round(seconds / 86_400)} days`;
}
