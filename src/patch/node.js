// @TITLE@
// npm install osc, then: node patch.js
"use strict";
const osc = require("osc");

// Inputs.
const inputs = {
@INPUTS@
};

const port = new osc.UDPPort({
  localAddress: "0.0.0.0",
  localPort: 0,
  remoteAddress: "@HOST@",
  remotePort: @PORT@,
  metadata: true,
});

// What is still to come: every output once, or as often as it has items.
const missing = new Set([@MISSING@]);

port.on("ready", () => {
  port.send({
    address: "@ADDRESS@",
    args: [
@ARGUMENTS@
    ],
  });
});

port.on("message", ({ address, args }) => {
  const values = args.map((argument) => argument.value);
@HEAR@
  if (address === "@ADDRESS@/error") end(values[0]);
  if (missing.size === 0) end();
});

port.on("error", (error) => end(error.message));
const patience = setTimeout(() => end("nothing more came in 10 s; is enjamb running at @HOST@:@PORT@?"), 10_000);

function end(problem) {
  if (problem) console.error(problem);
  clearTimeout(patience);
  process.exitCode = problem ? 1 : 0;
  port.close();
}
@HELPERS@
port.open();
