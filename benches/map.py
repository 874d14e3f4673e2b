"""Maps by openTSNE, scikit-learn and umap-learn, as benches/map.rs measures them beside its own.

    pip install openTSNE scikit-learn umap-learn
    PYTHON=python cargo bench --bench map -- LINES     (starts this script, with a folder)

Files in the folder are little-endian f32. A request is a JSON line of standard input:

`{"digits": true}` writes scikit-learn's digits to `vectors` and is answered by their `width`.

`{"fit": library, "width": n, "threads": n}` lays out `vectors` with the library's defaults, or those
in `settings`, writes the points to a file of the library's name and is answered by `seconds`.

`{"measure": file, "width": n, "divergence": bool}` is answered by how well the points in a file show
`vectors`: `divergence`, Kullback and Leibler's, from P of exact neighbours and the exact Q; `kept`,
the share of ten nearest vectors that are among the ten nearest points; `trustworthiness`. Of sets
of more than 10,000 the last two are of a sample of 2,000: `kept` among all, trustworthiness among
these alone.

`{"place": true, "width": n, "threads": n}` lets openTSNE place the vectors in `new` on the map in
`points`, and is answered by `seconds` for all of them, `apart`, the median distance of its places from
those in `placed`, as a share of the map's longer side, and `kept` of both, theirs first.
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
MOST_WHOLE = 10_000
SAMPLE = 2_000


def divergence(affinities, y):
    """Summed over all pairs, block by block."""
    p = affinities.tocoo()
    y = y.astype(np.float64)
    z = -len(y)
    for rows in np.array_split(y, max(1, len(y) // 500)):
        z += (1 / (1 + ((rows[:, None] - y[None]) ** 2).sum(2))).sum()
    q = 1 / (1 + ((y[p.row] - y[p.col]) ** 2).sum(1)) / z
    return (p.data * np.log(p.data / q))[p.data > 0].sum()


def nearest(data, queries, n):
    search = NearestNeighbors(n_neighbors=n, algorithm="brute").fit(data)
    return search.kneighbors(queries, return_distance=False)


def shared(a, b):
    return float(np.mean([len(set(a) & set(b)) / NEAREST for a, b in zip(a, b)]))


def kept(x, y, sample):
    a, b = (nearest(data, data[sample], NEAREST + 1) for data in (x, y))
    return shared(a[:, 1:], b[:, 1:])


def fit(request, x):
    settings = {"n_jobs": request["threads"], "random_state": 0, **request.get("settings", {})}
    match request["fit"]:
        case "openTSNE":
            return np.asarray(openTSNE.TSNE(**settings).fit(x))
        case "scikit-learn":
            return TSNE(**settings).fit_transform(x)
        case "umap-learn":
            import umap

            # With a seed it runs on one thread, as it says.
            del settings["n_jobs"]
            return umap.UMAP(**settings).fit_transform(x)


def place(x, y, new, placed, threads):
    affinities = PerplexityBasedNN(x, perplexity=30, method="exact", n_jobs=threads)
    embedding = openTSNE.TSNEEmbedding(y.astype(np.float64), affinities, n_jobs=threads)
    start = time.perf_counter()
    theirs = np.asarray(embedding.transform(new))
    seconds = time.perf_counter() - start
    apart = np.median(np.linalg.norm(theirs - placed, axis=1)) / np.ptp(y, axis=0).max()
    near = nearest(x, new, NEAREST)
    both = [shared(near, nearest(y, places, NEAREST)) for places in (theirs, placed)]
    return {"seconds": seconds, "apart": float(apart), "kept": both}


def main():
    folder = Path(sys.argv[1])
    exact = None

    def read(name, width):
        return np.fromfile(folder / name, "<f4").reshape(-1, width)

    for line in sys.stdin:
        request = json.loads(line)
        if "digits" in request:
            x = load_digits().data.astype("<f4")
            x.tofile(folder / "vectors")
            answer = {"width": x.shape[1]}
        elif "fit" in request:
            x = read("vectors", request["width"])
            start = time.perf_counter()
            y = fit(request, x)
            answer = {"seconds": time.perf_counter() - start}
            y.astype("<f4").tofile(folder / request["fit"])
        elif "measure" in request:
            x, y = read("vectors", request["width"]), read(request["measure"], 2)
            size = len(x) if len(x) <= MOST_WHOLE else SAMPLE
            sample = np.random.default_rng(0).permutation(len(x))[:size]
            trusted = trustworthiness(x[sample], y[sample], n_neighbors=NEAREST)
            answer = {"kept": kept(x, y, sample), "trustworthiness": float(trusted)}
            if request["divergence"]:
                if exact is None or exact[0] != (x.shape, x[-1].tobytes()):
                    p = PerplexityBasedNN(x, perplexity=30, method="exact", n_jobs=2).P
                    exact = (x.shape, x[-1].tobytes()), p
                answer["divergence"] = float(divergence(exact[1], y))
        else:
            width = request["width"]
            files = read("vectors", width), read("points", 2), read("new", width), read("placed", 2)
            answer = place(*files, request["threads"])
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
