// Opens a sketch in Chromium and looks at what it draws: sketch.js NAME URL HOST:PORT [PICTURE]. Prints "ok".
// What is drawn is known by what goes through the canvas's fillText; what is sent, by what the runtime then says.
"use strict";
const fs = require("fs");
const net = require("net");
const os = require("os");
const path = require("path");
const assert = require("assert");
const osc = require("osc");
const { chromium } = require("playwright-core");

const [name, url, at, picture] = process.argv.slice(2);
// Longer than anything takes, on a busy machine too.
const PATIENCE = 40_000;
const sleep = (ms) => new Promise((done) => setTimeout(done, ms));

async function eventually(what, holds) {
  const began = Date.now();
  for (;;) {
    const found = await holds();
    if (found) return found;
    if (Date.now() - began > PATIENCE) throw new Error(`waited in vain until ${what}`);
    await sleep(50);
  }
}

const post = async (path, body) =>
  (await fetch(`http://${at}${path}`, { method: "POST", body: JSON.stringify(body) })).json();

// All messages that the runtime sends to who subscribes.
function ear(pattern) {
  const heard = [];
  const port = new osc.WebSocketPort({ url: `ws://${at}/osc`, metadata: false });
  port.on("ready", () => port.send({ address: "/subscribe", args: [pattern] }));
  port.on("message", (message) => heard.push(message));
  port.open();
  return heard;
}

async function main() {
  const profile = fs.mkdtempSync(path.join(os.tmpdir(), "enjamb-sketch-"));
  const browser = await chromium.launchPersistentContext(profile, {
    executablePath: process.env.CHROMIUM || "/usr/bin/chromium",
    headless: true,
    viewport: { width: 1280, height: 800 },
    args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
      "--disable-component-update", "--disable-sync"],
  });
  try {
    const page = await browser.newPage();
    const wrong = [];
    page.on("pageerror", (error) => wrong.push(error.message));
    // Nothing may be asked of any other computer.
    page.on("request", (request) => {
      const { protocol, host } = new URL(request.url());
      if (protocol !== "file:" && protocol !== "blob:" && protocol !== "data:" && host !== at) wrong.push(request.url());
    });
    await page.addInitScript(() => {
      window.textsDrawn = [];
      const real = CanvasRenderingContext2D.prototype.fillText;
      CanvasRenderingContext2D.prototype.fillText = function (text, ...rest) {
        window.textsDrawn.push(String(text));
        if (window.textsDrawn.length > 20_000) window.textsDrawn.splice(0, 10_000);
        return real.call(this, text, ...rest);
      };
    });
    await page.goto(url);
    const drawn = () => page.evaluate(() => window.textsDrawn.join(" "));
    const look = (seconds) => sleep(seconds * 1000).then(() => picture && page.screenshot({ path: picture }));
    await checks[name]({ page, drawn, look });
    if (name === "voyage" && url.startsWith("file:")) await finds(page, drawn);
    assert.deepStrictEqual(wrong, []);
    console.log("ok");
  } finally {
    await browser.close();
    fs.rmSync(profile, { recursive: true, force: true });
  }
  process.exit(0);
}

// A sketch that was opened where nobody answers says so, and goes on as soon as somebody does.
async function finds(page, drawn) {
  const [host, port] = at.split(":");
  const door = net.createServer((guest) => {
    const house = net.connect(port, host);
    guest.pipe(house).pipe(guest);
    for (const end of [guest, house]) end.on("error", () => end.destroy());
  });
  await new Promise((done) => door.listen(0, "127.0.0.1", done));
  const closed = door.address().port;
  await new Promise((done) => door.close(done));
  await page.goto(url.replace(at, `127.0.0.1:${closed}`));
  await eventually("it said that nobody answers", async () => (await drawn()).includes("no enjamb answers"));
  // It has knocked in vain more than once by then.
  await sleep(2500);
  door.listen(closed, "127.0.0.1");
  await eventually("it found enjamb", () => page.evaluate(() => enjamb.port.socket.readyState === 1 && enjamb.problem === ""));
  await page.evaluate(() => (window.textsDrawn.length = 0));
  const heard = ear("/voyage/line");
  await eventually("it drew a line again", async () => {
    const words = await drawn();
    return heard.some(({ args }) => words.includes(args[1]));
  });
}

const checks = {
  async voyage({ page, drawn, look }) {
    const heard = ear("/voyage/line");
    const lines = await eventually("three lines came", () => heard.length >= 3 && heard.map(({ args }) => args[1]));
    await eventually("they were drawn", async () => {
      const words = await drawn();
      return lines.slice(0, 3).every((line) => words.includes(line));
    });
    await look(9);
    await page.keyboard.press("ArrowUp");
    await page.keyboard.press("ArrowRight");
    const value = async (path) => {
      const chain = await (await fetch(`http://${at}/chains/voyage`)).json();
      return chain.inputs.find((input) => input.path === path).value;
    };
    await eventually("the speed arrived", async () => (await value("walk/speed")) === 2.5);
    await eventually("the temperature arrived", async () => Math.abs((await value("poetry/temperature")) - 0.55) < 1e-6);
    // What is written is written, whatever its letters do as keys.
    await page.keyboard.press("t");
    await page.keyboard.type("The tired traveller rests.");
    await page.keyboard.press("Enter");
    await eventually("where to go arrived", async () => (await value("walk/to")) === "The tired traveller rests.");
    await page.keyboard.press("t");
    await page.keyboard.press("Escape");
    assert.strictEqual(await page.locator("form").count(), 0);
    await page.keyboard.press(" ");
    await eventually("it stands still", async () => !(await (await fetch(`http://${at}/chains/voyage`)).json()).running);
  },

  async grid({ page, drawn, look }) {
    const cells = () => page.evaluate(() => lines.size);
    const n_cells = await eventually("the window was full", async () => {
      const n = await cells();
      return n >= 45 && (await page.evaluate(() => asked === null)) && n;
    });
    const middle = await page.evaluate(() => lines.get("0,0").words);
    // The middle is the middle of the space, whose line is known.
    const { out } = await post("/models/poetry/compose", { z: new Array(64).fill(0), method: "greedy" });
    assert.strictEqual(middle, out);
    assert((await drawn()).includes(middle.split(" ")[0]));
    await look(1);
    await page.mouse.move(640, 400);
    await page.mouse.down();
    await page.mouse.move(100, 380, { steps: 8 });
    await page.mouse.up();
    await eventually("what was dragged in was read", async () => (await cells()) > n_cells);
    await page.mouse.wheel(0, 200);
    await eventually("it was read anew", async () => (await page.evaluate(() => span)) > 3.6 && (await cells()) >= 45);
  },

  async map({ page, drawn, look }) {
    await eventually("all points came", () => page.evaluate(() => points.size === 2000));
    const heard = ear("/voyage/line");
    await eventually("a line of the voyage was drawn at its place", async () => {
      const words = await drawn();
      return heard.some(({ args }) => words.includes(args[1]));
    });
    const { texts } = await post("/models/map/labels", { count: 14 });
    await eventually("the regions' words were drawn", async () => (await drawn()).includes(texts[0]));
    await look(8);
    const { texts: found } = await post("/models/map/search", { text: "the moon over the sea", k: 6 });
    await page.keyboard.press("/");
    await page.keyboard.type("the moon over the sea");
    await page.keyboard.press("Enter");
    await eventually("what was searched for was drawn", async () => (await drawn()).includes(found[0]));
    await page.mouse.move(700, 400);
    await eventually("the sentences around the mouse were drawn", () =>
      page.evaluate(() => [...points.values()].some(({ words }) => !found.some((one) => one && one.words === words) && textsDrawn.slice(-400).includes(words)))
    );
  },

  async fetch({ page, drawn, look }) {
    const expect = async (first, last) => {
      const { lines } = await post("/models/poetry/gradient", { from: first, to: last, steps: 12 });
      await eventually(`the way from ${first} was drawn`, async () => {
        const words = await drawn();
        return lines.slice(1, -1).every((line) => words.includes(line));
      });
    };
    await expect("The sea is calm tonight.", "My heart is sad.");
    await look(3);
    const first = page.locator("input").first();
    await first.fill("The night is long and cold.");
    await first.press("Enter");
    await expect("The night is long and cold.", "My heart is sad.");
    await first.fill("");
    await first.press("Enter");
    await eventually("what was wrong was said", async () => (await drawn()).includes("expected at least 1 character"));
  },

  // Any page that `enjamb patch p5` wrote: the button runs the command, and something new is drawn.
  async patch({ page, drawn, look }) {
    await eventually("it is connected", () => page.evaluate(() => port && port.socket && port.socket.readyState === 1));
    await eventually("it drew something", drawn);
    await page.locator("#controls > button").last().click();
    const names = await page.evaluate(() => Object.keys(heard));
    await eventually("all outputs came", () =>
      page.evaluate((names) => names.every((name) => (Array.isArray(heard[name]) ? heard[name].length : heard[name] !== "")), names)
    );
    console.log("heard", await page.evaluate(() => Object.entries(heard).map(([name, value]) => `${name}: ${String(value).slice(0, 500)}`).join(", ")));
    await look(0.5);
    assert.strictEqual(await page.evaluate(() => problem), "");
  },
};

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
