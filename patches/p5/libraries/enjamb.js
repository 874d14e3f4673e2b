// OSC to and from a running enjamb, over a WebSocket that is opened again when it was closed.
// Needs osc-browser.min.js.
"use strict";

const enjamb = {
  // Where the page came from; a page that was opened from a file asks this computer, or ?at=HOST:PORT.
  at: new URLSearchParams(location.search).get("at") || (location.protocol === "file:" ? "127.0.0.1:8000" : location.host),

  // What is wrong at the moment, in words for the person at the screen.
  problem: "",

  // hear(address, values) is called for each message that comes, ready() whenever there is a connection.
  open({ hear, ready }) {
    const port = new osc.WebSocketPort({ url: `ws://${enjamb.at}/osc`, metadata: true });
    enjamb.port = port;
    let wasReady = false;
    port.on("message", ({ address, args }) => {
      if (address.endsWith("/error")) {
        enjamb.problem = args[0].value;
        setTimeout(() => (enjamb.problem = ""), 4000);
      }
      hear(address, args.map((argument) => argument.value));
    });
    port.on("ready", () => {
      wasReady = true;
      enjamb.problem = "";
      ready();
    });
    const again = () => {
      enjamb.problem =
        `no enjamb answers at ${enjamb.at}` +
        (location.protocol === "file:" ? ", or it does not allow pages from a file: open it from http://127.0.0.1:8000/sketches/ instead" : "");
      setTimeout(() => enjamb.open({ hear, ready }), 1000);
    };
    port.on("close", again);
    // Of a connection that never came to be, osc.js says this alone.
    port.on("error", () => {
      if (!wasReady && port.socket.readyState === WebSocket.CLOSED) again();
    });
    port.open();
  },

  // Lets a line be written at the foot of the page: return hands it to then(), escape leaves it.
  write(asks, then) {
    const form = document.createElement("form");
    const line = document.createElement("input");
    line.placeholder = line.ariaLabel = asks;
    // What is written is not for the sketch's keys.
    form.addEventListener("keydown", (event) => {
      event.stopPropagation();
      if (event.key === "Escape") line.blur();
    });
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      if (line.value.trim()) then(line.value.trim());
      line.blur();
    });
    line.addEventListener("blur", () => form.remove());
    form.append(line);
    document.body.append(form);
    line.focus();
  },

  // Sends texts as s and numbers as f; a nested array's items as arguments of their own.
  send(address, ...values) {
    if (!enjamb.port || !enjamb.port.socket || enjamb.port.socket.readyState !== 1) return;
    const args = values.flat().map((value) => ({ type: typeof value === "string" ? "s" : "f", value }));
    enjamb.port.send({ address, args });
  },
};
