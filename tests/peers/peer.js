// osc.js 2.4: peer.js websocket|tcp PORT. Prints "ok" when all that was promised came back.
"use strict";
const osc = require("osc");

const [transport, number] = process.argv.slice(2);
const port =
    transport === "websocket"
        ? new osc.WebSocketPort({ url: `ws://127.0.0.1:${number}/osc`, metadata: true })
        : new osc.TCPSocketPort({ address: "127.0.0.1", port: Number(number), metadata: true });

const heard = [];
const fail = (words) => {
    console.error(words, JSON.stringify(heard.map((message) => message.address)));
    process.exit(1);
};
setTimeout(() => fail("not all came in time"), 20_000);

const text = "Two roads diverged in a yellow wood. And sorry I could not travel both.";
port.on("error", (error) => fail(String(error)));
port.on("ready", () => {
    port.send({
        timeTag: osc.timeTag(0),
        packets: [
            { address: "/ping", args: [{ type: "i", value: 7 }, { type: "s", value: "erdőben" }, { type: "T" }] },
            { address: "/sentences/embed", args: [{ type: "s", value: text }] },
        ],
    });
});
port.on("message", (message) => {
    heard.push(message);
    if (heard.length === 5) check();
});

function check() {
    const [pong, ...rest] = heard;
    const values = (message) => message.args.map((argument) => argument.value);
    if (pong.address !== "/pong" || values(pong)[0] !== 7 || values(pong)[1] !== "erdőben") fail("no pong");
    if (values(pong)[2] !== true) fail("a truth value was lost");
    const lines = rest.filter((message) => message.address === "/sentences/embed/sentences").map(values);
    const vectors = rest.filter((message) => message.address === "/sentences/embed/embeddings").map(values);
    if (lines.map((line) => line[2]).join(" ") !== text) fail("the sentences differ");
    if (vectors.length !== 2 || vectors.some((vector) => vector.length !== 514)) fail("the vectors differ");
    console.log("ok");
    process.exit(0);
}

port.open();
