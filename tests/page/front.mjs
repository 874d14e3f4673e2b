// The first page: a line within one click, and a page that is small and stays at home.

import assert from "node:assert/strict";
import { get, play, picture, url } from "./browser.mjs";

await play(async ({ open, browser, forgive }) => {
  const runs = async () => (await get("/status")).models.find(({ name }) => name === "poetry").succeeded;
  const before = await runs();
  const page = await open();
  assert.equal(await page.title(), "enjamb");
  await page.click(".large");
  const line = page.locator(".poem .verse").first();
  await line.waitFor();
  assert.match(await line.innerText(), /\w+ \w+/);
  await page.click(".large");
  await page.locator(".poem .verse").nth(1).waitFor();
  await page.click(".large");
  await page.locator(".poem .verse").nth(2).waitFor();
  await page.waitForTimeout(800);
  await picture(page, "page-front.png");
  assert.equal(await runs(), before + 3);

  // All of it, fonts apart, is small.
  const sizes = await page.evaluate(async () => {
    const seen = new Set(["/"]);
    let sum = 0;
    const take = async (path) => {
      if (seen.has(path)) return;
      seen.add(path);
      const text = await (await fetch(path)).text();
      sum += text.length;
      for (const [, name] of text.matchAll(/["'](?:\.|\/page)\/([a-z]+\.(?:js|css|svg))["']/g)) await take(`/page/${name}`);
      if (path.endsWith("app.js")) for (const name of ["front", "models", "grid", "map", "stage", "traffic"]) await take(`/page/${name}.js`);
    };
    seen.clear();
    await take("/page/index.html");
    return { sum, files: seen.size };
  });
  assert.ok(sizes.files > 20 && sizes.sum < 200_000, JSON.stringify(sizes));

  // Another origin's page can't read or drive it, and scripts of others don't run in it.
  const ran = await page.evaluate(() => {
    const script = document.createElement("script");
    script.textContent = "window.foreign = true";
    return [typeof window.foreign, document.contentType];
  });
  assert.deepEqual(ran, ["undefined", "text/html"]);

  // With the system's choice of theme, and with one's own, which is remembered.
  const dark = await open("", { colorScheme: "dark" });
  const ground = () => dark.evaluate(() => getComputedStyle(document.documentElement).backgroundColor);
  const night = await ground();
  await dark.click("text=Light");
  assert.notEqual(await ground(), night);
  const day = await ground();
  await dark.reload();
  assert.equal(await ground(), day);

  // When the runtime is away it says so in words; nothing else is asked for without the network.
  forgive("ERR_INTERNET_DISCONNECTED");
  await page.context().setOffline(true);
  await page.click(".large");
  await page.locator(".note", { hasText: "does not answer" }).waitFor();
  await page.context().setOffline(false);
  assert.ok(url.startsWith("http://127.0.0.1:") && browser.isConnected());
});
