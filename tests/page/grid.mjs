// The grid: fills from the middle, goes on wherever one drags or zooms, turns, and is walked.

import assert from "node:assert/strict";
import { download, picture, play, post, until } from "./browser.mjs";

await play(async ({ open }) => {
  const page = await open("grid");
  const LINE = "The sea is calm tonight.";
  await page.fill("#grid-centre", LINE);
  await page.locator("#grid-centre").blur();
  const cells = page.locator(".cell.written");
  const texts = () => page.evaluate(() => [...document.querySelectorAll(".cell.written")].map((cell) => {
    const box = cell.getBoundingClientRect();
    return { key: cell.dataset.key, text: cell.textContent, x: box.x + box.width / 2, y: box.y + box.height / 2, size: box.height };
  }));
  const filled = () => until("all cells in view are written", () => page.evaluate(() => {
    const all = [...document.querySelectorAll(".plane[aria-busy=false] .cell")];
    return all.length > 8 && all.every((cell) => cell.classList.contains("written"));
  }));
  const printed = (text) => text.replaceAll("'", "’");
  const at = async (key) => (await texts()).find((cell) => cell.key === key);

  // The cell in the middle has the line of the middle; its neighbour that of a step along the axis.
  const { mean: centre } = await post("/models/poetry/encode", { text: LINE });
  const { x } = await post("/models/poetry/axes", { axes: "principal" });
  const single = async (center) => (await post("/models/poetry/grid", { center, columns: 1, rows: 1, temperature: 0 })).lines[0];
  const middleLine = printed(await single(centre));
  await until("the middle is written", async () => (await at("0,0"))?.text === middleLine);
  await filled();
  assert.equal((await at("2,0")).text, printed(await single(centre.map((z, i) => z + x[i] * 2 * 0.75))));
  await page.waitForTimeout(600);
  await picture(page, "page-grid.jpg");

  // From the middle outwards: those near it were written before those far away.
  await page.evaluate(() => { location.hash = "#models"; });
  await page.waitForSelector(".desk");
  await page.evaluate(() => {
    window.order = [];
    const start = new MutationObserver((changes) => {
      for (const { target } of changes) if (target.classList?.contains("written") && !window.order.includes(target.dataset.key)) window.order.push(target.dataset.key);
    });
    start.observe(document.querySelector("main"), { subtree: true, attributes: true, attributeFilter: ["class"] });
    location.hash = "#grid";
  });
  await filled();
  const order = await page.evaluate(() => window.order.map((key) => Math.hypot(...key.split(",").map((n, i) => Number(n) * (i ? 98 : 206)))));
  const mean = (list) => list.reduce((sum, x) => sum + x, 0) / list.length;
  const third = Math.floor(order.length / 3);
  assert.ok(third > 5 && mean(order.slice(0, third)) < mean(order.slice(-third)), String(order));

  // Dragged: what was seen moves along, and new cells come in.
  const before = await texts();
  await page.mouse.move(450, 420);
  await page.mouse.down();
  for (let i = 1; i <= 12; i += 1) await page.mouse.move(450 + i * 20, 420 + i * 10);
  await page.mouse.up();
  await filled();
  const after = await texts();
  const moved = after.filter((cell) => before.some(({ key }) => key === cell.key));
  assert.ok(moved.length > 3 && after.some((cell) => !before.some(({ key }) => key === cell.key)));
  for (const cell of moved) {
    const was = before.find(({ key }) => key === cell.key);
    assert.equal(cell.text, was.text);
    assert.ok(Math.abs(cell.x - was.x - 240) < 3 && Math.abs(cell.y - was.y - 120) < 3, JSON.stringify([was, cell]));
  }

  // Zoomed a long way in, words are no larger, and those between come in.
  await page.focus(".plane .cell[tabindex='0']");
  await page.keyboard.press("0");
  await filled();
  await page.mouse.move(480, 430);
  for (let i = 0; i < 12; i += 1) await page.mouse.wheel(0, -240);
  await page.waitForTimeout(300);
  await filled();
  const deep = await texts();
  assert.ok(deep.some(({ key }) => key.split(",").some((n) => Math.abs(Number(n) * 16) % 1 > 0)), deep.map(({ key }) => key).join(" "));
  assert.ok(deep.every(({ size }) => size < 200) && deep.length > 8);
  const scale = await page.evaluate(() => Number(/scale\(([\d.]+)/.exec(document.querySelector(".world").style.transform)[1]));
  assert.ok(scale > 0.6 && scale < 1.6, String(scale));

  // Other axes, other lines; the middle stays.
  await page.keyboard.press("0");
  await filled();
  const principal = await texts();
  await page.click("text=random");
  await until("they are others", async () => (await texts()).some((cell) => cell.text !== principal.find(({ key }) => key === cell.key)?.text));
  await filled();
  assert.equal((await at("0,0")).text, principal.find(({ key }) => key === "0,0").text);

  // Turned from far away, it is seen from as near as at first.
  await page.mouse.move(480, 430);
  for (let i = 0; i < 4; i += 1) await page.mouse.wheel(0, 240);
  await page.waitForTimeout(300);
  await filled();
  await page.click("text=principal");
  await filled();

  // From lines of one's own: the way from left to right is the one from these to those.
  await page.click("text=yours");
  await page.fill("[aria-label='Lines at the left']", "The sea is calm tonight.");
  await page.fill("[aria-label='Lines at the right']", "My heart is sad and full of love.");
  await page.click("text=Turn that way");
  const means = await Promise.all(["The sea is calm tonight.", "My heart is sad and full of love."].map(async (text) => (await post("/models/poetry/encode", { text })).mean));
  const middle = means[0].map((x, i) => (x + means[1][i]) / 2);
  const expected = printed(await single(middle));
  await until("the middle is between them", async () => (await at("0,0"))?.text === expected);
  await filled();
  assert.equal((await at("2,0")).text, printed(await single(means[1])));
  await page.click("text=principal");
  await filled();

  // Pins, and the walk between them: it begins and ends with their lines.
  await page.mouse.move(5, 300);
  const pinned = ["-1,0", "1,1"];
  const ends = [];
  for (const key of pinned) {
    ends.push((await at(key)).text);
    await page.click(`.cell[data-key="${key}"]`);
  }
  assert.equal(await page.locator(".cell[aria-pressed=true]").count(), 2);
  await page.fill("#walk-steps", "5");
  await page.click(".pinned .primary");
  await until("the walk is there", async () => (await page.locator(".walk li").count()) === 5);
  const walk = (await page.locator(".walk li").allInnerTexts()).map(printed);
  assert.deepEqual([walk[0], walk[4]], ends);
  await page.locator(".reader", { hasText: /\w/ }).waitFor();
  await until("it walks on", async () => page.locator(".walk li").nth(1).evaluate((item) => item.hasAttribute("data-here")));
  assert.equal(await page.locator(".overlay .walker").count(), 1);
  await picture(page, "page-walk.jpg");
  await page.click("text=Stop");
  await page.fill("[aria-label='Pin a line of your own']", "O rose, thou art sick");
  await page.keyboard.press("Enter");
  await until("it is pinned", async () => (await page.locator(".pins li").count()) === 3);

  // What is seen, as files.
  const exported = async (name) => {
    await page.click(".panel .menu summary");
    return download(page, () => page.click(`.panel .menu >> text="${name}"`));
  };
  const seen = (await texts()).map(({ text }) => text);
  const text = printed((await exported("Text")).toString());
  assert.ok(seen.every((line) => text.includes(line)));
  const svg = (await exported("SVG")).toString();
  // In pictures no line is cut off.
  const [width, height] = svg.match(/viewBox="0 0 ([\d.]+) ([\d.]+)"/).slice(1).map(Number);
  const places = [...svg.matchAll(/<tspan x="([-\d.]+)" y="([-\d.]+)">([^<]+)/g)].map(([, x, y]) => [Number(x), Number(y)]);
  assert.ok(svg.startsWith("<svg") && svg.match(/<text/g).length > 8 && svg.match(/<text/g).length < seen.length);
  assert.ok(places.every(([x, y]) => x > 90 && x < width - 90 && y > 10 && y < height - 10), JSON.stringify(places));
  // The pins and the way through them are seen as well.
  assert.equal(svg.match(/<circle/g).length, 3);
  assert.match(svg, /<path d="M[^L"]+L[^L"]+L[^L"]+"/);
  const png = await exported("PNG");
  assert.deepEqual([...png.subarray(1, 4)], [..."PNG"].map((c) => c.charCodeAt(0)));
  assert.ok(png.length > 20_000);
  assert.ok((await cells.count()) > 8);
});
