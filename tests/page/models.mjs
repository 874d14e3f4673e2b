// Models: a control for every input, results by type, progress, cancel, errors, chains.

import assert from "node:assert/strict";
import { get, patch, picture, play, post, until } from "./browser.mjs";

await play(async ({ open }) => {
  const page = await open("models");
  const models = await get("/models");
  const go = async (path) => {
    await page.evaluate((path) => { location.hash = `#models/${path}`; }, path);
    const address = `/${path}`;
    await until(`${address} is shown`, async () => (await page.locator(".address").textContent()) === address);
  };
  for (const model of models) {
    for (const command of model.commands) {
      await go(`${model.name}/${command.name}`);
      const labels = await page.locator("form.command > .field .label").allTextContents();
      assert.deepEqual(labels, command.inputs.map(({ name }) => name.replaceAll("_", " ")), command.name);
    }
  }

  // What the page shows is what the API answers.
  const run = async () => {
    await page.click("form.command button.primary");
    await until("it is done", async () => /ms| s/.test(await page.locator(".note").first().innerText()));
  };
  const z = Array.from({ length: 64 }, (_, i) => Number(Math.sin(i).toFixed(3)));
  await go("poetry/compose");
  await page.fill(".field.vector input.code", z.join(" "));
  await page.locator(".field.vector input.code").blur();
  await page.click(".choices >> text=greedy");
  await run();
  const { out } = await post("/models/poetry/compose", { z, method: "greedy" });
  assert.equal(await page.locator(".out .verse").innerText(), out);
  await page.fill(".field.vector input.code", "1 2 3");
  await page.click("form.command button.primary");
  await page.locator(".problem", { hasText: "expected 64 numbers, there are 3" }).waitFor();
  await page.click("text=random");
  await run();

  // Sentences with their vectors are a map.
  await go("sentences/embed");
  const text = "The sea is calm tonight. The tide is full. The moon lies fair upon the straits. My heart is sad. I bought bread and cheese. Ships sailed over the water. She wept all night. The baker sold me a loaf.";
  await page.fill("textarea", text);
  await run();
  const map = page.locator(".scatter canvas");
  await map.waitFor();
  const inked = () => map.evaluate((canvas) => {
    const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
    let n = 0;
    for (let i = 3; i < data.length; i += 4) n += data[i] > 0;
    return n;
  });
  assert.ok((await inked()) > 2000);
  assert.equal(await page.locator(".lines li").count(), 8);
  assert.equal(await page.locator(".out .vectors li").count(), 8);
  await picture(page, "page-models.png");

  // Every type of input and output there and back.
  const values = { text: "a b", number: "2.5", bounded: "0.25", file: "/tmp/x", texts: "one\ntwo", numbers: "1 2 3" };
  for (const [name, value] of Object.entries(values)) {
    await go(`echo/${name}`);
    await page.fill("form.command .field input:not([type=range]), form.command .field textarea", value);
    await run();
    const shown = (await page.locator(".out .result").innerText()).replace(/\s+/g, " ");
    assert.ok(shown.includes(value.replace(/\s+/g, " ")), `${name}: ${shown}`);
  }
  await go("echo/boolean");
  await page.check("form.command .switch");
  await run();
  assert.match(await page.locator(".out").innerText(), /yes/);
  await go("echo/category");
  await page.click(".choices >> text=orbit");
  await run();
  assert.match(await page.locator(".out").innerText(), /orbit/);
  for (const name of ["point", "box"]) {
    await go(`echo/${name}`);
    await run();
    await page.locator(".out svg.unit").waitFor();
  }
  await go("echo/vectors");
  await page.fill("form.command textarea", "[[1, 2], [3, 4], [0, 5]]");
  await run();
  assert.deepEqual(await page.locator(".out .lines li").allInnerTexts(), ["1 2", "3 4", "0 5"]);
  await go("echo/any");
  await page.fill("form.command textarea", '{"k": [null, 1]}');
  await run();
  assert.match(await page.locator(".out pre").innerText(), /"k"/);
  await page.fill("form.command textarea", "{");
  await page.click("form.command button.primary");
  await page.locator(".problem", { hasText: "no JSON" }).waitFor();
  await go("echo/image");
  const png = Buffer.from("iVBORw0KGgoAAAANSUhEUgAAAAIAAAACCAIAAAD91JpzAAAAFklEQVR4nGP8z8DAwMDAxMDAwMDAAAANHQEDasKb6QAAAABJRU5ErkJggg==", "base64");
  await page.setInputFiles("form.command input[type=file]", { name: "a.png", mimeType: "image/png", buffer: png });
  await page.locator("form.command img").waitFor();
  await run();
  await page.locator(".out img").waitFor();

  // Progress, and cancelling, which ends the run in the runtime too.
  await go("count/wait");
  await page.fill("input[type=number]", "60000");
  await page.click("form.command button.primary");
  await page.click("text=Cancel");
  await page.locator(".note", { hasText: "Cancelled" }).waitFor();
  await until("the model is free", async () => (await post("/models/count/up?deadline_ms=2000", { to: 2 })).n === 2);
  await go("poetry/grid");
  for (const name of ["columns", "rows"]) await page.locator(".field", { hasText: name }).locator("input[type=number]").first().fill("32");
  // A quick model may be done before anybody looks, so the page itself notes that it showed how far it was.
  await page.evaluate(() => {
    const progress = document.querySelector("progress");
    const note = () => progress.hidden || (window.sawProgress = true);
    new MutationObserver(note).observe(progress, { attributes: true });
  });
  await page.click("form.command button.primary");
  await until("progress was shown", () => page.evaluate(() => window.sawProgress === true));
  await until("all lines are there", async () => (await page.locator(".out").innerText()).includes("and 624 more"));
  await go("sentences/embed");
  await page.click("form.command button.primary");
  await page.locator(".problem", { hasText: "write something first" }).waitFor();

  // What is not there is said to be not there.
  for (const [hash, words] of [
    ["#models/poetry/nothing", "poetry has no command nothing, only "],
    ["#models/nobody", "There is no nobody here, only "],
    ["#nowhere", "There is no #nowhere here, only #models, #grid, #map, #stage, #traffic."],
  ]) {
    await page.evaluate((hash) => { location.hash = hash; }, hash);
    await page.locator("main [role=alert]", { hasText: words }).waitFor();
  }

  // The chain: whatever it lists can be set here, and follows what others set.
  await go("voyage");
  const chain = await get("/chains/voyage");
  const fields = chain.inputs.map((input) => input.fields?.length ?? (input.type ? 1 : 0));
  assert.equal(await page.locator(".command .field").count(), fields.reduce((sum, n) => sum + n, 0));
  assert.equal(await page.locator(".command > .actions button").count(), fields.filter((n) => n === 0).length);
  const speed = page.locator(".field", { has: page.locator("label", { hasText: /^speed$/ }) }).locator("input[type=number]");
  await speed.fill("7");
  await speed.blur();
  const value = async (path) => (await get("/chains/voyage")).inputs.find((input) => input.path === path).value;
  await until("it is set", async () => (await value("walk/speed")) === 7);
  const sender = await patch();
  sender.send("/voyage/walk/speed", 3.5);
  await until("the control follows", async () => Number(await speed.inputValue()) === 3.5);
  await page.click(".command > .actions >> text=start");
  await page.locator(".lines.live li").nth(1).waitFor();
  await page.locator(".figure", { hasText: /\d/ }).first().waitFor();
  await page.click(".command > .actions >> text=stop");
  await until("it stands", async () => !(await get("/chains/voyage")).running);
  await picture(page, "page-chain.png");
  sender.close();

  // A run as a patch for another program, where the runtime can write one.
  const response = await fetch(`${new URL(page.url()).origin}/models/poetry/sample/patch?host=curl`);
  await go("poetry/sample");
  const menu = page.locator(".command .menu");
  if (response.status === 200) {
    await page.click(".command .menu summary");
    await menu.locator("text=Python").click();
    await page.locator(".patch pre", { hasText: "sample" }).waitFor();
  } else assert.equal(await menu.isVisible(), false);
});
