// On a phone, in both themes: everything fits its width, and fingers do what a mouse does.

import assert from "node:assert/strict";
import { get, picture, play, post, until } from "./browser.mjs";

const PHONE = { viewport: { width: 390, height: 780 }, deviceScaleFactor: 2, isMobile: true, hasTouch: true };

await play(async ({ open }) => {
  await post("/chains/voyage/start");
  for (const colorScheme of ["light", "dark"]) {
    for (const section of ["", "models", "models/poetry/compose", "models/voyage", "grid", "map", "stage", "traffic"]) {
      const page = await open(section, { ...PHONE, colorScheme });
      await page.waitForTimeout(1500);
      const { wide, nav } = await page.evaluate(() => ({
        wide: document.documentElement.scrollWidth,
        nav: [...document.querySelectorAll(".masthead nav a")].map((link) => link.getBoundingClientRect().right),
      }));
      assert.ok(wide <= 390, `${section} is ${wide} wide`);
      assert.ok(nav.every((right) => right <= 390), String(nav));
      if (section === "map" || section === "grid") await until("something is drawn", () => page.evaluate(() =>
        document.querySelectorAll(".cell.written").length > 4 || /sentences/.test(document.querySelector(".panel .note")?.textContent ?? "")));
      await page.waitForTimeout(400);
      if (colorScheme === "light" && ["grid", "map"].includes(section)) await picture(page, `page-phone-${section}.jpg`);
      await page.context().close();
    }
  }
  await post("/chains/voyage/stop");

  const page = await open("", PHONE);
  await page.tap("text=A line of verse");
  await page.locator(".poem .verse").first().waitFor();
  await page.tap("nav >> text=Stage");
  await page.tap("text=Begin");
  await page.locator(".column p").first().waitFor();
  await page.locator(".house").tap({ position: { x: 200, y: 300 } });
  await until("a tap stops it", async () => !(await get("/chains/voyage")).running);

  // Two fingers zoom the map.
  const map = await open("map", PHONE);
  await until("it is there", async () => /sentences/.test(await map.locator(".panel .note").innerText()));
  const before = await map.locator(".plane").screenshot();
  const touch = await map.context().newCDPSession(map);
  const fingers = (apart) => [{ x: 195 - apart, y: 300 }, { x: 195 + apart, y: 300 }];
  await touch.send("Input.dispatchTouchEvent", { type: "touchStart", touchPoints: fingers(30) });
  for (let apart = 35; apart <= 130; apart += 5) await touch.send("Input.dispatchTouchEvent", { type: "touchMove", touchPoints: fingers(apart) });
  await touch.send("Input.dispatchTouchEvent", { type: "touchEnd", touchPoints: [] });
  await map.waitForTimeout(700);
  assert.ok(!before.equals(await map.locator(".plane").screenshot()));
});
