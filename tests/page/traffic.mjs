// Traffic: what passes is seen as it passes, with totals, clients, and what went wrong.

import assert from "node:assert/strict";
import { patch, picture, play, post, until } from "./browser.mjs";

await play(async ({ open }) => {
  const page = await open("traffic");
  const sender = await patch("/poetry");
  const rows = page.locator(".messages tbody tr");
  sender.send("/ping", "hello there", 7);
  await page.locator(".messages tr.in", { hasText: '"hello there" 7' }).waitFor();
  const answered = page.locator(".messages tr.out", { hasText: "/pong" }).first();
  await answered.waitFor();
  // One row, its cells beside one another.
  const tops = await answered.locator("td").evaluateAll((cells) => cells.map((cell) => cell.getBoundingClientRect().top));
  assert.ok(tops.length === 5 && tops.every((top) => Math.abs(top - tops[0]) < 2), String(tops));
  sender.send("/poetry/reconstruct", 3);
  const error = page.locator(".messages tr.out", { hasText: "expected text" });
  await error.first().waitFor();
  await until("it is counted", async () => (await page.locator(".totals .bad").count()) > 0);
  await page.locator("table", { hasText: "/poetry" }).first().waitFor();
  await post("/models/poetry/sample", { count: 2 });
  await page.locator(".messages tr", { hasText: "/poetry/sample/lines" }).first().waitFor();
  await until("runs are counted", async () => (await page.locator(".models-table tr", { hasText: "poetry" }).innerText()).includes("ms"));

  // What nobody wants is not sent, and so does not pass.
  const listener = await patch("/voyage");
  await post("/chains/voyage/start");
  await page.locator(".messages tr", { hasText: "/voyage/place" }).first().waitFor();
  await page.waitForTimeout(4000);
  await picture(page, "page-traffic.png");
  await page.fill("input[type=search]", "/voyage/line");
  await until("only those", async () => (await rows.allInnerTexts()).every((row) => row.includes("/voyage/line")) && (await rows.count()) > 0);
  await page.click("text=Pause");
  const n = await rows.count();
  await page.waitForTimeout(1500);
  assert.equal(await rows.count(), n);
  await post("/chains/voyage/stop");

  // A flood costs no more than a frame: the newest are shown.
  await page.click("text=Go on");
  await page.fill("input[type=search]", "");
  for (let i = 0; i < 2000; i += 1) sender.send("/ping", i);
  await until("the flood is over", async () => (await rows.first().innerText()).includes("1999"));
  assert.ok((await rows.count()) <= 300);
  sender.close();
  listener.close();
});
