// The runtime as the page speaks to it: JSON and events over HTTP, OSC over a WebSocket.

import * as osc from "./osc.js";

async function answer(response) {
  const json = await response.json().catch(() => ({ error: `the runtime answered ${response.status}` }));
  if (!response.ok) throw new Error(json.error ?? `the runtime answered ${response.status}`);
  return json;
}

/** What `fetch` says of a runtime that is gone is not for people. */
async function ask(path, options) {
  try {
    return await fetch(path, options);
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Error("the runtime does not answer: is it still running?");
  }
}

export const get = async (path, signal) => answer(await ask(path, { signal }));

export const post = async (path, body = {}, signal) =>
  answer(await ask(path, { method: "POST", body: JSON.stringify(body), signal }));

export const models = () => get("/models");
export const chains = () => get("/chains");

/**
 * Runs a command, and tells of partial outputs: `{ signal, seed, isPublic, onOutput(outputs, progress) }`.
 * Unless it is public, the outputs come here alone, and no patch hears them.
 */
export async function run(model, command, inputs, { signal, seed, isPublic = false, onOutput } = {}) {
  const query = new URLSearchParams();
  if (seed !== undefined) query.set("seed", seed);
  if (!isPublic) query.set("private", "true");
  const response = await ask(`/models/${model}/${command}?${query}`, {
    method: "POST",
    headers: { Accept: "text/event-stream" },
    body: JSON.stringify(inputs),
    signal,
  });
  if (!response.ok) await answer(response);
  for await (const [event, data] of events(response.body)) {
    if (event === "output") onOutput?.(data.outputs, data.progress);
    else if (event === "done") return data;
    else if (event === "error") throw new Error(data.error);
  }
  throw new Error("the runtime went away before the end");
}

async function* events(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  try {
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return;
      const blocks = (rest + value).split("\n\n");
      rest = blocks.pop();
      for (const block of blocks) {
        let event = "message";
        let data = "";
        for (const line of block.split("\n")) {
          if (line.startsWith("event:")) event = line.slice(6).trim();
          else if (line.startsWith("data:")) data += line.slice(5);
        }
        if (data) yield [event, JSON.parse(data)];
      }
    }
  } finally {
    reader.cancel().catch(() => {});
  }
}

/** The first model that has all of these commands, with what `/models` says of it. */
export async function modelWith(...commands) {
  const has = (model, name) => model.commands.some((command) => command.name === name);
  const all = await models();
  return all.find((model) => model.status === "RUNNING" && commands.every((name) => has(model, name)));
}

/** Where a chain sends an output. */
export const addressOf = (chain, output) => output.address ?? `/${chain.name}/${output.path}`;

/** The output of a chain that says lines: `line`, or else its first text that tells of no error. */
export const lineOf = (chain) =>
  chain.outputs.find(({ path }) => path === "line")
  ?? chain.outputs.find(({ path, type }) => type === "text" && !/(^|\/)(error|notice)$/.test(path));

/** The first chain that says lines, and, if it must, sends all of these too. */
export async function chainWith(...outputs) {
  const sends = (chain, path) => chain.outputs.some((output) => output.path === path);
  return (await chains()).find((chain) => lineOf(chain) && outputs.every((path) => sends(chain, path)));
}

/** OSC over a WebSocket that connects again by itself, with the subscriptions that there are. */
class Socket {
  #socket = null;
  #listeners = new Map();
  #wait = 250;
  #watchers = new Set();
  isOpen = false;

  connect() {
    const socket = new WebSocket(`ws://${location.host}/osc`);
    socket.binaryType = "arraybuffer";
    socket.onopen = () => {
      this.#wait = 250;
      this.#tell(true);
      for (const address of this.#listeners.keys()) this.#subscribe(address);
    };
    socket.onmessage = ({ data }) => {
      if (typeof data !== "string") osc.read(data, (...message) => this.#hear(...message));
    };
    socket.onclose = () => {
      this.#tell(false);
      setTimeout(() => this.connect(), this.#wait);
      this.#wait = Math.min(4000, this.#wait * 2);
    };
    this.#socket = socket;
  }

  /** Calls now, and whenever the connection comes or goes. */
  watch(call) {
    this.#watchers.add(call);
    call(this.isOpen);
    return () => this.#watchers.delete(call);
  }

  #tell(isOpen) {
    this.isOpen = isOpen;
    for (const call of this.#watchers) call(isOpen);
  }

  send(address, args = []) {
    this.sendBytes(osc.write(address, args));
  }

  sendBytes(packet) {
    if (this.isOpen) this.#socket.send(packet);
  }

  #subscribe(address) {
    const { isValue } = this.#listeners.get(address);
    if (isValue) this.#socket.send(JSON.stringify({ COMMAND: "LISTEN", DATA: address }));
    else this.send("/subscribe", [address]);
  }

  /**
   * Hears an address: `on(args)`, or with `isRaw` `on(tags, packet, at)`, from now on; with `isValue`
   * it follows an input's value. Answers how to end that.
   */
  listen(address, on, { isRaw = false, isValue = false } = {}) {
    const known = this.#listeners.get(address);
    const listener = { on, isRaw };
    if (known) known.list.add(listener);
    else {
      this.#listeners.set(address, { isValue, list: new Set([listener]) });
      if (this.isOpen) this.#subscribe(address);
    }
    return () => {
      const here = this.#listeners.get(address);
      here.list.delete(listener);
      if (here.list.size > 0) return;
      this.#listeners.delete(address);
      if (!this.isOpen) return;
      if (isValue) this.#socket.send(JSON.stringify({ COMMAND: "IGNORE", DATA: address }));
      else this.send("/unsubscribe", [address]);
    };
  }

  #hear(address, tags, packet, at) {
    const here = this.#listeners.get(address);
    if (!here) return;
    let values;
    for (const { on, isRaw } of here.list) {
      if (isRaw) on(tags, packet, at);
      else on((values ??= osc.args(tags, packet, at)));
    }
  }
}

export const socket = new Socket();
