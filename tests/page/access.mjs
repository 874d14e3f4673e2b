// Keys reach everything, everything has a name, colours can be read, and calm is kept where it is asked for.

import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { get, play, until } from "./browser.mjs";

const axe = fs.readFileSync(path.join(process.env.ENJAMB_PEERS, "node_modules/axe-core/axe.min.js"), "utf8");

await play(async ({ open }) => {
  for (const colorScheme of ["light", "dark"]) {
    for (const section of ["", "models/poetry/compose", "models/voyage", "grid", "map", "stage", "traffic"]) {
      // The policy lets no foreign script in; for this look it is set aside.
      const page = await open(section, { colorScheme, reducedMotion: "reduce", bypassCSP: true });
      await page.waitForTimeout(1500);
      await page.evaluate(axe);
      // Lines on the stage fade away on purpose; as they come, and to a screen reader, they are whole.
      const { violations } = await page.evaluate(() =>
        window.axe.run({ exclude: [".column p:not([data-age='0'])"] }, { resultTypes: ["violations"] }));
      const words = violations.map(({ id, nodes }) => `${id}: ${nodes.slice(0, 3).map(({ html, failureSummary }) => `${html.slice(0, 160)} ${failureSummary}`).join(" | ")}`);
      assert.deepEqual(words, [], `${section || "front"}, ${colorScheme}`);
      await page.context().close();
    }
  }

  const page = await open("", { reducedMotion: "reduce" });
  const focused = () => page.evaluate(() => document.activeElement.textContent.trim());
  const tabTo = async (words, most = 80) => {
    for (let i = 0; i < most; i += 1) {
      await page.keyboard.press("Tab");
      if ((await focused()) === words) return;
    }
    throw new Error(`the tabulator never came to ${words}`);
  };
  await page.keyboard.press("Tab");
  assert.equal(await focused(), "Skip to the content");
  await tabTo("A line of verse");
  await page.keyboard.press("Enter");
  await page.locator(".poem .verse").first().waitFor();

  await page.evaluate(() => document.activeElement.blur());
  await tabTo("Grid");
  await page.keyboard.press("Enter");
  await until("cells are written", async () => (await page.locator(".cell.written").count()) > 20);
  const middle = page.locator(".cell[data-key='0,0']");
  await middle.focus();
  await page.keyboard.press("ArrowRight");
  await until("the next has the focus", () => page.evaluate(() => document.activeElement.dataset.key === "1,0"));
  await page.keyboard.press("Enter");
  await until("it is pinned", async () => (await page.locator(".pins li").count()) === 1);
  for (let i = 0; i < 6; i += 1) await page.keyboard.press("ArrowDown");
  await until("the view follows", () => page.evaluate(() => {
    const cell = document.activeElement.getBoundingClientRect();
    const plane = document.querySelector(".plane").getBoundingClientRect();
    return document.activeElement.dataset.key === "1,6" && cell.bottom <= plane.bottom + 1;
  }));

  await page.evaluate(() => { location.hash = "#map"; });
  await until("the map is there", async () => /sentences/.test(await page.locator(".panel .note").innerText().catch(() => "")));
  await page.focus("#map-search");
  await page.keyboard.type("love");
  await page.locator(".found li").first().waitFor();
  await tabTo(await page.locator(".found li").first().innerText());
  const before = await page.locator(".plane").screenshot();
  await page.keyboard.press("Enter");
  await page.waitForTimeout(700);
  assert.ok(!before.equals(await page.locator(".plane").screenshot()));
  await page.focus(".plane");
  const there = await page.locator(".plane").screenshot();
  await page.keyboard.press("ArrowLeft");
  await page.keyboard.press("+");
  await page.waitForTimeout(500);
  assert.ok(!there.equals(await page.locator(".plane").screenshot()));

  await page.evaluate(() => { location.hash = "#stage"; });
  await page.locator(".begin").waitFor();
  await page.evaluate(() => document.activeElement.blur());
  await page.keyboard.press(" ");
  await page.locator(".column p").first().waitFor();
  // In calm, words are there at once.
  assert.equal(await page.locator(".word").first().evaluate((word) => getComputedStyle(word).animationName), "none");
  assert.equal(await page.locator(".house").getAttribute("aria-live"), "polite");
  await page.keyboard.press(" ");
  await until("it stands", async () => !(await get("/chains/voyage")).running);
  await page.keyboard.press("Escape");
  await page.locator(".motto").waitFor();
});
