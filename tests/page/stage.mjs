// The stage: lines come, each begins where the last has ended, and all else goes away.

import assert from "node:assert/strict";
import { get, play, picture, post, until } from "./browser.mjs";

await play(async ({ open }) => {
  await post("/chains/voyage/rate", { rate: 2 });
  const page = await open("stage");
  const lines = page.locator(".column p");
  await page.click("text=Begin");
  await until("five lines have come", async () => (await lines.count()) >= 5);
  assert.equal((await get("/chains/voyage")).running, true);
  const indents = await lines.evaluateAll((all) => all.map((line) => parseFloat(line.style.textIndent)));
  assert.equal(indents[0], 0);
  assert.ok(indents.slice(1).some((indent) => indent > 50), String(indents));
  const ages = await lines.evaluateAll((all) => all.map((line) => Number(line.dataset.age)));
  assert.deepEqual(ages, [...ages].sort((a, b) => b - a));
  // Each begins at the place at which the one before it ends.
  const meets = await lines.evaluateAll((all) => all.slice(1).map((line, i) => {
    const end = all[i].querySelector(".end").getBoundingClientRect().left;
    const word = line.querySelector(".word").getBoundingClientRect();
    return { apart: Math.abs(word.left - end), indent: parseFloat(line.style.textIndent), width: line.clientWidth, word: word.width };
  }));
  for (const { apart, indent, width, word } of meets) {
    const fits = indent > 0 && indent + word < width;
    if (fits) assert.ok(apart < 4, JSON.stringify(meets));
  }
  await until("the rest is hushed", () => page.evaluate(() => document.body.classList.contains("hushed")));
  await page.waitForTimeout(900);
  const seen = await page.evaluate(() => [".masthead", ".begin", ".keys"].map((name) => getComputedStyle(document.querySelector(name)).opacity));
  assert.deepEqual(seen, ["0", "0", "0"]);
  await until("more lines have come", async () => (await lines.count()) >= 8);
  await page.waitForTimeout(1500);
  await picture(page, "page-stage.png");

  await page.keyboard.press(" ");
  await until("it stands", async () => !(await get("/chains/voyage")).running);
  await page.waitForTimeout(700);
  const n = await lines.count();
  await page.waitForTimeout(1200);
  assert.equal(await lines.count(), n);
  // Somebody else sets out; the page follows.
  await post("/chains/voyage/start");
  await until("it goes on", async () => (await lines.count()) > n);
  await until("the button knows", async () => (await page.locator(".begin").textContent()) === "Stop");
  await page.keyboard.press("Escape");
  await page.waitForSelector("text=Models run here");

  // In the dark, for the picture.
  const dark = await open("stage", { colorScheme: "dark" });
  await until("lines in the dark", async () => (await dark.locator(".column p").count()) >= 6);
  await dark.waitForTimeout(1500);
  await picture(dark, "page-stage-dark.png");
  await post("/chains/voyage/stop");
});
