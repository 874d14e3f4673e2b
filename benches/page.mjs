// Frames a second of the page's map with 10,000 sentences, in Chromium without a graphics card, while it
// is dragged, zoomed, and laid out anew. Beside a running enjamb:
//
//     tests/install-peers.sh
//     ENJAMB_PEERS=~/.cache/enjamb-peers node benches/page.mjs http://127.0.0.1:8000 57100 LINES
//
// LINES is a text of lines. Leaves the runtime with their map.

import fs from "node:fs";
import { play, post, until } from "../tests/page/browser.mjs";

const COUNT = 10_000;
const SECONDS = 10;
const lines = fs.readFileSync(process.argv[4], "utf8").split("\n").map((line) => line.trim()).filter(Boolean);
const texts = lines.slice(0, COUNT);

await play(async ({ open }) => {
  await post("/models/map/project", { texts });
  const page = await open("map");
  const note = page.locator(".panel .note");
  await until("all sentences are there", async () => (await note.innerText()).startsWith(texts.length.toLocaleString("en")));
  await page.waitForTimeout(2000);
  const { x, y, width, height } = await page.locator(".plane").boundingBox();
  const [cx, cy] = [x + width / 2, y + height / 2];

  /** Says how many frames a second there are while something is done, and how long the longest took. */
  const measure = async (what, does) => {
    await page.evaluate(() => {
      window.frames_at = [];
      const frame = (now) => { window.frames_at.push(now); window.frames_next = requestAnimationFrame(frame); };
      requestAnimationFrame(frame);
    });
    const began = Date.now();
    for (let n = 0; Date.now() - began < SECONDS * 1000; n++) await does(n);
    const at = await page.evaluate(() => { cancelAnimationFrame(window.frames_next); return window.frames_at; });
    const gaps = at.slice(1).map((time, i) => time - at[i]).sort((a, b) => a - b);
    const rate = (gaps.length / (at.at(-1) - at[0])) * 1000;
    const part = (share) => gaps[Math.floor(gaps.length * share)].toFixed(1);
    console.log(`${what}: ${rate.toFixed(1)} frames a second; a frame ${part(0.5)} ms in the median, ${part(0.99)} of 99 in 100, ${gaps.at(-1).toFixed(1)} at most`);
  };

  await measure("at rest", () => page.waitForTimeout(50));
  await page.mouse.move(cx, cy);
  await page.mouse.down();
  await measure("dragged", (n) => page.mouse.move(cx + 150 * Math.sin(n / 20), cy + 100 * Math.cos(n / 20)));
  await page.mouse.up();
  await measure("zoomed", async (n) => {
    await page.mouse.wheel(0, n % 80 < 40 ? -30 : 30);
    await page.waitForTimeout(10);
  });
  const laid = post("/models/map/project", { seed: 2, pace: 60 });
  await measure("laid out anew", () => page.waitForTimeout(50));
  await laid;
});
