// voyage: lines of verse from a walk, in the terminal. npm install osc, then: node voyage.js [PORT]
// Type a line and press return to travel there; a number alone sets the speed. Ctrl-C ends it.
"use strict";
const osc = require("osc");
const readline = require("readline");

const enjamb = new osc.UDPPort({
  localAddress: "0.0.0.0",
  localPort: 0, // any: answers come back to the port that asked
  remoteAddress: "127.0.0.1",
  remotePort: Number(process.argv[2] || 57100),
  metadata: true,
});

const send = (address, ...args) => enjamb.send({ address, args });

enjamb.on("ready", () => {
  // /subscribe s pattern: all that the voyage says. A subscriber that is silent for 30 s is forgotten.
  const subscribe = () => send("/subscribe", { type: "s", value: "/voyage" });
  subscribe();
  setInterval(subscribe, 10_000);
  // /voyage/start: sets out
  send("/voyage/start");
});

enjamb.on("message", ({ address, args }) => {
  const values = args.map((argument) => argument.value);
  // /voyage/line i step, s line
  if (address === "/voyage/line") console.log(values[1]);
  // /voyage/place i step, f x, f y: where that line lies on the map, in -1..1
  if (address === "/voyage/place") console.log(`    ${values[1].toFixed(2)} ${values[2].toFixed(2)}`);
  // /voyage/error s: what failed; it goes on by itself
  if (address === "/voyage/error") console.error(values[0]);
});

enjamb.on("error", (error) => console.error(error.message));

readline.createInterface({ input: process.stdin }).on("line", (line) => {
  const words = line.trim();
  // /voyage/walk/speed f: latent units a second
  if (words && !Number.isNaN(Number(words))) send("/voyage/walk/speed", { type: "f", value: Number(words) });
  // /voyage/walk/to s: travels to where this line lies, and on
  else if (words) send("/voyage/walk/to", { type: "s", value: words });
});

process.on("SIGINT", () => {
  // /voyage/stop: stands still
  send("/voyage/stop");
  setTimeout(() => process.exit(), 50);
});

enjamb.open();
