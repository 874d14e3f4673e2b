// What the scripts share: a Chromium that may speak to this computer only, and OSC over UDP.

import { createRequire } from "node:module";
import dgram from "node:dgram";
import fs from "node:fs";
import path from "node:path";
import assert from "node:assert/strict";

const require = createRequire(path.join(process.env.ENJAMB_PEERS, "package.json"));
const { chromium } = require("playwright-core");
const osc = require("osc");

export const [url, oscPort] = process.argv.slice(2);
export const makesPictures = process.env.ENJAMB_PICTURES === "1";
const pictures = new URL("../../docs/pictures/", import.meta.url).pathname;
const FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"];

/**
 * Runs a script: `play(async ({ open, browser, forgive }) => ...)`; whatever the page says on its console
 * ends it with words, but for what was forgiven.
 */
export async function play(script) {
  const executablePath = process.env.ENJAMB_CHROMIUM || "/usr/bin/chromium";
  if (!fs.existsSync(executablePath)) throw new Error(`${executablePath} is missing: run tests/install-peers.sh`);
  const browser = await chromium.launch({ executablePath, args: FLAGS });
  const wrong = [];
  const forgiven = [];
  /** A page in a context of its own, at a section. */
  const open = async (section = "", options = {}) => {
    const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, acceptDownloads: true, ...options });
    const page = await context.newPage();
    page.setDefaultTimeout(20_000);
    page.on("console", (message) => ["error", "warning"].includes(message.type()) && wrong.push(`console: ${message.text()}`));
    page.on("pageerror", (error) => wrong.push(`page: ${error.stack}`));
    page.on("request", (request) => {
      const { protocol, hostname } = new URL(request.url());
      if (!["data:", "blob:"].includes(protocol) && hostname !== "127.0.0.1") wrong.push(`asked elsewhere: ${request.url()}`);
    });
    await page.goto(`${url}/#${section}`);
    await page.waitForSelector("main > *");
    return page;
  };
  try {
    await script({ open, browser, forgive: (words) => forgiven.push(words) });
    assert.deepEqual(wrong.filter((said) => !forgiven.some((words) => said.includes(words))), []);
    console.log("ok");
  } finally {
    await browser.close();
  }
}

/** Keeps a picture for the docs, when they are asked for. */
export async function picture(page, name) {
  if (!makesPictures) return;
  fs.mkdirSync(pictures, { recursive: true });
  const kind = name.endsWith(".jpg") ? { type: "jpeg", quality: 80 } : {};
  await page.screenshot({ path: path.join(pictures, name), ...kind });
}

/** Waits until something holds, so many milliseconds at most. */
export async function until(what, holds, patience = 30_000) {
  const began = Date.now();
  for (;;) {
    const value = await holds();
    if (value) return value;
    if (Date.now() - began > patience) throw new Error(`waited in vain until ${what}`);
    await new Promise((go) => setTimeout(go, 30));
  }
}

export const get = async (path) => (await fetch(url + path)).json();
export const post = async (path, body = {}) => (await fetch(url + path, { method: "POST", body: JSON.stringify(body) })).json();

/** What a click downloads, as bytes. */
export async function download(page, click) {
  const [file] = await Promise.all([page.waitForEvent("download"), click()]);
  return fs.readFileSync(await file.path());
}

/** A patch on UDP: sends, and keeps what it hears. */
export async function patch(...patterns) {
  const socket = dgram.createSocket("udp4");
  const heard = [];
  const take = (packet) => {
    if (packet.packets) packet.packets.forEach(take);
    else heard.push({ address: packet.address, args: packet.args.map(({ value }) => value) });
  };
  socket.on("message", (bytes) => take(osc.readPacket(bytes, { metadata: true })));
  await new Promise((done) => socket.bind(0, "127.0.0.1", done));
  const send = (address, ...args) => {
    const typed = args.map((value) => ({ type: typeof value === "string" ? "s" : Number.isInteger(value) ? "i" : "f", value }));
    socket.send(osc.writePacket({ address, args: typed }, { metadata: true }), Number(oscPort), "127.0.0.1");
  };
  for (const pattern of patterns) send("/subscribe", pattern);
  send("/ping");
  await until("the patch is heard", () => heard.some(({ address }) => address === "/pong"));
  return { send, heard, close: () => socket.close() };
}
