"""Maps by openTSNE and scikit-learn, as benches/map.rs measures them beside its own.

    pip install openTSNE scikit-learn
    PYTHON=python cargo bench --bench map -- LINES     (starts this script, with a folder)

A request is a JSON line of standard input. `{"digits": true}` writes scikit-learn's digits to the
folder and is answered by their `width`. `{"library": name, "width": n, "threads": n, "quality":
bool}` lays out the folder's `vectors` with the library's defaults and is answered by `seconds`, and,
where wanted, by [ours, theirs] of: `divergence`, Kullback and Leibler's, of both layouts from the
same P of exact neighbours, with the exact Q; `kept`, the share of ten nearest vectors that are among
the ten nearest points; `trustworthiness`.
"""

import json
import sys
import time
from pathlib import Path

import numpy as np
import openTSNE
from openTSNE.affinity import PerplexityBasedNN
from sklearn.datasets import load_digits
from sklearn.manifold import TSNE, trustworthiness
from sklearn.neighbors import NearestNeighbors

NEAREST = 10
SAMPLE = 2000


def divergence(affinities, y):
    """Summed over all pairs, block by block."""
    p = affinities.tocoo()
    y = y.astype(np.float64)
    z = -len(y)
    for rows in np.array_split(y, max(1, len(y) // 500)):
        z += (1 / (1 + ((rows[:, None] - y[None]) ** 2).sum(2))).sum()
    q = 1 / (1 + ((y[p.row] - y[p.col]) ** 2).sum(1)) / z
    return (p.data * np.log(p.data / q))[p.data > 0].sum()


def kept(x, y, sample):
    near = [
        NearestNeighbors(n_neighbors=NEAREST + 1)
        .fit(data)
        .kneighbors(data[sample], return_distance=False)
        for data in (x, y)
    ]
    return np.mean([len(set(a[1:]) & set(b[1:])) / NEAREST for a, b in zip(*near)])


def fit(library, x, threads):
    if library == "openTSNE":
        return np.asarray(openTSNE.TSNE(n_jobs=threads, random_state=0).fit(x))
    return TSNE(n_jobs=threads, random_state=0).fit_transform(x)


def main():
    folder = Path(sys.argv[1])
    for line in sys.stdin:
        request = json.loads(line)
        if "digits" in request:
            x = load_digits().data.astype("<f4")
            x.tofile(folder / "digits")
            print(json.dumps({"width": x.shape[1]}), flush=True)
            continue
        x = np.fromfile(folder / "vectors", "<f4").reshape(-1, request["width"])
        start = time.perf_counter()
        theirs = fit(request["library"], x, request["threads"])
        answer = {"seconds": time.perf_counter() - start}
        if request["quality"]:
            ours = np.fromfile(folder / "points", "<f4").reshape(-1, 2)
            both = ours, theirs
            exact = PerplexityBasedNN(x, perplexity=30, method="exact").P
            sample = np.random.default_rng(0).permutation(len(x))[:SAMPLE]
            answer["divergence"] = [float(divergence(exact, y)) for y in both]
            answer["kept"] = [float(kept(x, y, sample)) for y in both]
            answer["trustworthiness"] = [
                float(trustworthiness(x[sample], y[sample], n_neighbors=NEAREST)) for y in both
            ]
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
