// Follows a chain that says lines: whether it runs, each line, and the place of each.

import * as runtime from "./runtime.js";

const KEPT = 64;

export class Follower {
  isRunning = false;
  onState = () => {};
  onLine = () => {};
  onPlace = () => {};
  #lines = new Map();

  constructor(chain, undo) {
    this.name = chain.name;
    this.chain = chain;
    this.undo = undo;
  }

  begin() {
    const { undo } = this;
    const place = this.chain.outputs.find(({ path }) => path === "place");
    undo.add(runtime.socket.listen(runtime.addressOf(this.chain, runtime.lineOf(this.chain)), (args) => {
      const [step, line] = [args[0], args.findLast((value) => typeof value === "string")];
      if (line === undefined) return;
      this.#lines.set(step, line);
      if (this.#lines.size > KEPT) this.#lines.delete(this.#lines.keys().next().value);
      this.onLine(step, line);
    }));
    // A line and its place have the same step.
    if (place) undo.add(runtime.socket.listen(runtime.addressOf(this.chain, place), ([step, x, y]) => {
      const line = this.#lines.get(step);
      if (line !== undefined) this.onPlace(step, x, y, line);
    }));
    this.#tell(this.chain.running, true);
    // Somebody else may stop it, which no message tells.
    const timer = setInterval(() => this.look(), 2000);
    undo.add(() => clearInterval(timer));
  }

  async look() {
    try {
      this.#tell((await runtime.get(`/chains/${this.name}`)).running);
    } catch {
      // It is asked again.
    }
  }

  #tell(isRunning, isFirst = false) {
    if (isRunning === this.isRunning && !isFirst) return;
    this.isRunning = isRunning;
    this.onState(isRunning);
  }

  async toggle() {
    const chain = await runtime.post(`/chains/${this.name}/${this.isRunning ? "stop" : "start"}`);
    this.#tell(chain.running);
  }
}
