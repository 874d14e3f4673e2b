// The map: points and words, search, hover, lasso, the selection over OSC, the voyage, a text of one's own.

import assert from "node:assert/strict";
import { download, get, makesPictures, patch, picture, play, post, until } from "./browser.mjs";

await play(async ({ open }) => {
  const page = await open("map");
  const plane = page.locator(".plane");
  const note = page.locator(".panel .note");
  const { count } = await post("/models/map/show?private=true");
  await until("all sentences are there", async () => (await note.innerText()) === `${count.toLocaleString("en")} sentences`);
  /** How many pixels have colour, in all and of the accent's. */
  const inked = (on = page) => on.locator(".plane canvas").last().evaluate((canvas) => {
    const pen = canvas.getContext("2d");
    const { data } = pen.getImageData(0, 0, canvas.width, canvas.height);
    let [all, red] = [0, 0];
    for (let i = 0; i < data.length; i += 4) {
      all += data[i + 3] > 40;
      red += data[i + 3] > 120 && data[i] - data[i + 2] > 60;
    }
    return { all, red };
  });
  const seen = () => plane.locator("canvas").last().evaluate((canvas) => canvas.toDataURL());
  await page.waitForTimeout(700);
  const still = await inked();
  assert.ok(still.all > 10_000, JSON.stringify(still));
  await picture(page, "page-map.jpg");

  // Where a sentence lies on the screen, from where it lies on the map: all is shown at first.
  const box = await plane.boundingBox();
  const scale = Math.min(box.width, box.height) * 0.47;
  const onScreen = ([x, y]) => [box.x + box.width / 2 + x * scale, box.y + box.height / 2 - y * scale];
  const { texts: near, points } = await post("/models/map/nearest", { x: 0.1, y: 0.2, k: 1 });
  await page.mouse.move(...onScreen(points[0]));
  await page.locator(".caption", { hasText: near[0] }).waitFor();

  // Search by meaning, as the model has it.
  await page.fill("#map-search", "the moon over the sea");
  const found = await post("/models/map/search", { text: "the moon over the sea", k: 30 });
  await until("they are listed", async () => (await page.locator(".found li").first().innerText().catch(() => "")) === found.texts[0]);
  assert.deepEqual(await page.locator(".found li").allInnerTexts(), found.texts);
  await until("they are pointed out", async () => (await inked()).red > still.red + 100);
  await page.waitForTimeout(500);
  await picture(page, "page-map-search.jpg");
  await page.locator(".found button").first().click();
  await page.waitForTimeout(1200);
  await page.locator(".panel >> text=Clear").click();
  await page.focus(".plane");
  await page.keyboard.press("0");
  await page.waitForTimeout(1500);

  // The lasso; patches hear what is in it, and can drive it.
  const ear = await patch("/page");
  await page.click("text=Lasso");
  const [cx, cy] = [box.x + box.width / 2, box.y + box.height / 2];
  const ring = Array.from({ length: 25 }, (_, i) => [cx + 110 * Math.cos((i / 24) * 6.2832), cy + 110 * Math.sin((i / 24) * 6.2832)]);
  await page.mouse.move(...ring[0]);
  await page.mouse.down();
  for (const place of ring) await page.mouse.move(...place);
  await page.mouse.up();
  const told = () => ear.heard.filter(({ address }) => address === "/page/selection");
  await until("the selection is told", () => told().length > 0 && told().length === told()[0].args[1]);
  const selected = told();
  assert.match(await note.innerText(), new RegExp(`^${selected.length.toLocaleString("en")} sentences selected`));
  for (const { args: [, , , x, y] } of selected) assert.ok(Math.hypot(x, y) * scale < 114, `${x} ${y}`);
  const around = await post("/models/map/nearest", { x: 0, y: 0, k: 1000 });
  const places = new Map(around.texts.map((text, i) => [text, around.points[i]]));
  for (const { args: [, , , x, y, text] } of selected) {
    const place = places.get(text);
    assert.ok(Math.hypot(place[0] - x, place[1] - y) < 1e-4, text);
  }
  const inside = around.points.filter(([x, y]) => Math.hypot(x, y) * scale < 106).length;
  assert.ok(selected.length >= inside, `${selected.length} of ${inside}`);
  ear.heard.length = 0;
  const [a, b] = [selected[0].args.slice(2), selected[5].args.slice(2)];
  ear.send("/page/select", a[0], b[3]);
  await until("it obeys", () => told().length === 2);
  assert.deepEqual(told().map(({ args }) => args[2]), [a[0], b[0]]);
  assert.deepEqual(await page.locator(".found li").allInnerTexts(), [a[3], b[3]]);
  ear.heard.length = 0;
  ear.send("/page/select");
  await until("nothing is selected", () => told().length === 1);
  assert.deepEqual(told()[0].args, [0, 0]);
  ear.send("/page/view", a[1], a[2], 40);
  await page.waitForTimeout(1800);
  await page.mouse.move(cx, cy);
  await page.locator(".caption", { hasText: a[3] }).waitFor();
  ear.send("/page/view", 0.0001, 0.0001, 1);
  await page.waitForTimeout(1500);

  // Zoom and drag.
  const whole = await seen();
  await page.mouse.move(cx, cy);
  await page.mouse.wheel(0, -900);
  await page.waitForTimeout(600);
  const closer = await seen();
  assert.notEqual(closer, whole);
  await page.mouse.down();
  await page.mouse.move(cx + 200, cy + 60, { steps: 8 });
  await page.mouse.up();
  await page.waitForTimeout(500);
  assert.notEqual(await seen(), closer);

  // Files.
  const exported = async (name) => {
    await page.click(".panel .menu summary");
    return download(page, () => page.click(`.panel .menu >> text="${name}"`));
  };
  const table = (await exported("Text")).toString().trim().split("\n");
  assert.equal(table.length, count + 1);
  const svg = (await exported("SVG")).toString();
  assert.ok(svg.startsWith("<svg") && svg.includes("<circle") && svg.includes("<text") && svg.trim().endsWith("</svg>"));
  assert.ok((await exported("PNG")).length > 20_000);
  await page.focus(".plane");
  await page.keyboard.press("0");
  await page.waitForTimeout(1500);

  // The voyage, a thread through it.
  await page.mouse.move(box.x + 3, box.y + 3);
  const quiet = (await inked()).red;
  await page.click("text=Set out");
  await until("it runs", async () => (await get("/chains/voyage")).running);
  await until("a thread is drawn", async () => (await inked()).red > quiet + 400);
  const first = await seen();
  await page.waitForTimeout(2500);
  assert.notEqual(await seen(), first);
  if (makesPictures) await page.waitForTimeout(9000);
  await picture(page, "page-map-voyage.jpg");
  await page.click("text=Stand still");
  await until("it stands", async () => !(await get("/chains/voyage")).running);

  // A text of one's own moves as it is laid out; whoever comes late has all of it.
  const own = around.texts.slice(0, 300);
  await page.locator("text=Set out").waitFor();
  await page.click('button:text-is("Your text")');
  await page.locator("#own-text").waitFor();
  const file = { name: "own.txt", mimeType: "text/plain", buffer: Buffer.from(own.join("\n")) };
  await page.setInputFiles(".own input[type=file]", file);
  await until("it is read", async () => (await page.inputValue("#own-text")).length > 1000);
  await page.click("text=Lay out");
  const early = await until("points are there", async () => ((await inked()).all > 1000 ? seen() : null));
  await until("it is done", async () => (await note.innerText()).includes("laid out"), 120_000);
  await page.waitForTimeout(900);
  assert.notEqual(await seen(), early);
  const late = await open("map", { colorScheme: "dark" });
  await until("a late one has all", async () => (await late.locator(".panel .note").innerText()) === `${own.length} sentences`);
  await late.waitForTimeout(800);
  assert.ok((await inked(late)).all > 3000);
  await picture(late, "page-map-dark.jpg");
  ear.close();
});
