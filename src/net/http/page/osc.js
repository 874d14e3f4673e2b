// OSC 1.0 in binary frames: as much of it as the page sends and hears.

const text = new TextDecoder();
const bytes = new TextEncoder();
const padded = (n) => (n + 4) & ~3;

/** A message. Numbers are floats, unless they come as { i: 1 }. */
export function write(address, args = []) {
  const parts = [];
  let tags = ",";
  for (const argument of args) {
    if (typeof argument === "string") {
      tags += "s";
      parts.push(string(argument));
    } else {
      const isInt = typeof argument === "object";
      tags += isInt ? "i" : "f";
      const part = new Uint8Array(4);
      const view = new DataView(part.buffer);
      isInt ? view.setInt32(0, argument.i) : view.setFloat32(0, argument);
      parts.push(part);
    }
  }
  return joined([string(address), string(tags), ...parts]);
}

/** Several messages at once. */
export function bundle(messages) {
  const parts = [string("#bundle"), new Uint8Array([0, 0, 0, 0, 0, 0, 0, 1])];
  for (const message of messages) {
    const size = new Uint8Array(4);
    new DataView(size.buffer).setInt32(0, message.length);
    parts.push(size, message);
  }
  return joined(parts);
}

function string(words) {
  const encoded = bytes.encode(words);
  const part = new Uint8Array(padded(encoded.length));
  part.set(encoded);
  return part;
}

function joined(parts) {
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/**
 * Reads a packet and calls `on(address, tags, packet, at)` for each message, whose arguments are not
 * read yet: they begin at `at`, and most of a stream's need not all be.
 */
export function read(buffer, on) {
  const packet = { view: new DataView(buffer), bytes: new Uint8Array(buffer) };
  readFrom(packet, 0, buffer.byteLength, on);
}

function readFrom(packet, start, end, on) {
  if (packet.bytes[start] === 35) {
    let at = start + 16;
    while (at + 4 <= end) {
      const size = packet.view.getInt32(at);
      if (size <= 0 || at + 4 + size > end) return;
      readFrom(packet, at + 4, at + 4 + size, on);
      at += 4 + size;
    }
    return;
  }
  const addressEnd = packet.bytes.indexOf(0, start);
  const address = ascii(packet.bytes, start, addressEnd);
  const tagsAt = start + padded(addressEnd - start);
  const tagsEnd = packet.bytes.indexOf(0, tagsAt);
  const tags = ascii(packet.bytes, tagsAt + 1, tagsEnd);
  on(address, tags, packet, tagsAt + padded(tagsEnd - tagsAt));
}

/** The words that came last: a stream has thousands of messages with the same two. */
const known = [];
const MOST_KNOWN = 8;

function ascii(all, from, to) {
  search: for (const { words, spelled } of known) {
    if (spelled.length !== to - from) continue;
    for (let i = 0; i < spelled.length; i += 1) if (spelled[i] !== all[from + i]) continue search;
    return words;
  }
  const spelled = all.slice(from, to);
  const words = text.decode(spelled);
  known.unshift({ words, spelled });
  known.length = Math.min(known.length, MOST_KNOWN);
  return words;
}

/** The arguments of a message. */
export function args(tags, { view, bytes: all }, at) {
  const values = [];
  for (const tag of tags) {
    switch (tag) {
      case "i": values.push(view.getInt32(at)); at += 4; break;
      case "f": values.push(view.getFloat32(at)); at += 4; break;
      case "d": values.push(view.getFloat64(at)); at += 8; break;
      case "h": values.push(Number(view.getBigInt64(at))); at += 8; break;
      case "s": case "S": {
        const end = all.indexOf(0, at);
        values.push(text.decode(all.subarray(at, end)));
        at += padded(end - at);
        break;
      }
      case "b": {
        const size = view.getInt32(at);
        values.push(all.slice(at + 4, at + 4 + size));
        at += 4 + ((size + 3) & ~3);
        break;
      }
      case "T": values.push(true); break;
      case "F": values.push(false); break;
      default: values.push(null);
    }
  }
  return values;
}
