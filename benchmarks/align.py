"""Time every ranking distance beside the one matrix product it needs, the paper and peers.

    python benchmarks/align.py                  # about 12 segments a clip, as OLDA gives
    python benchmarks/align.py --segments 36    # as TransNet gives
    python benchmarks/align.py --segments 127 --repeats 1 --threads 1 --distances nw sw best_trace

Random unit vectors stand for embeddings: time does not depend on their values. Times are those of
the processors (all threads), which another load changes less than the clock; a distance and the
product take turns with equal threads, and the median of their ratios counts. The product is that of
all segments with all, block by block into the same memory. With more than one thread those of the
product wait for each other by spinning, so that a ratio under 1 is no feat: `--threads 1` compares
the work alone. `trace` needs the diagonal only, and `centroid` the means.

The paper's times (table III, 1,000 queries on an Intel i7-6850K) are those of OLDA, and of TransNet
from 24 segments up. Peers, and the paper's pseudo-code in NumPy, take a sample of the same pairs in
one thread, scaled to all of them; those that are not installed are left out.

The last line is what Trace costs beside the products of the i-th segments with the i-th segments.
"""

import argparse
import os
import resource
import time
from collections.abc import Callable, Sequence
from statistics import median

import numba
import numpy as np
from threadpoolctl import threadpool_limits

from vmnet.aligners import DISTANCES, Sequences, distance_matrix

PAPER_OLDA = {"nw": 821, "sw": 1274, "trace": 53, "best_trace": 95}  # seconds, table III
PAPER_TRANSNET = {"nw": 2909, "sw": 4436, "trace": 105, "best_trace": 231}


def random_clips(n_clips: int, n_segments: int, dim: int, rng: np.random.Generator) -> Sequences:
    """Draw clips of `n_segments` ± a third of unit vectors, (n_segments_i, dim) each."""
    lengths = np.round(rng.normal(n_segments, n_segments / 3, n_clips)).clip(1).astype(int)
    data = rng.normal(size=(lengths.sum(), dim)).astype(np.float32)
    data /= np.linalg.norm(data, axis=1, keepdims=True)
    offsets = np.cumsum([0, *lengths])
    return Sequences(data, offsets, tuple(map(str, range(n_clips))))


def squared_distance(a: np.ndarray, b: np.ndarray) -> float:
    return np.sum((a - b) ** 2)


def minus_dot(a: np.ndarray, b: np.ndarray) -> float:
    return -np.dot(a, b)


def alignment(m: np.ndarray, v: np.ndarray, border: float, indel: float, floor: float) -> float:
    """Algorithms 1 and 2 of the paper: `border` and `floor` are what they differ in."""
    X = np.empty((len(m) + 1, len(v) + 1))
    X[:, 0] = -border * np.arange(len(m) + 1)
    X[0] = -border * np.arange(len(v) + 1)
    for i in range(1, len(m) + 1):
        for j in range(1, len(v) + 1):
            sim = np.dot(m[i - 1], v[j - 1])
            X[i, j] = max(floor, X[i - 1, j] - indel, X[i, j - 1] - indel, X[i - 1, j - 1] + sim)
    return -X.max() if floor == 0 else -X[-1, -1]


def diagonal(m: np.ndarray, v: np.ndarray, cost: Callable) -> float:
    return sum(cost(a, b) for a, b in zip(m, v, strict=False))


def best_diagonal(m: np.ndarray, v: np.ndarray, cost: Callable) -> float:
    short, long = sorted((m, v), key=len)
    shifts = range(len(long) - len(short) + 1)
    return min(diagonal(short, long[k:], cost) for k in shifts)


# A distance that has none here is timed alone.
PSEUDO_CODE: dict[str, Callable[[np.ndarray, np.ndarray], float]] = {
    "centroid": lambda m, v: squared_distance(m.mean(axis=0), v.mean(axis=0)),
    "single": lambda m, v: min(squared_distance(a, b) for a in m for b in v),
    "complete": lambda m, v: max(squared_distance(a, b) for a in m for b in v),
    "nw": lambda m, v: alignment(m, v, border=0.05, indel=0.05, floor=-np.inf),
    "sw": lambda m, v: alignment(m, v, border=0, indel=0.01, floor=0),
    "trace": lambda m, v: diagonal(m, v, minus_dot),
    "best_trace": lambda m, v: best_diagonal(m, v, minus_dot),
    "trace_printed": lambda m, v: diagonal(m, v, squared_distance),
    "best_trace_printed": lambda m, v: best_diagonal(m, v, squared_distance),
    "count": lambda m, v: abs(len(m) - len(v)),
}


def seconds_of(function: Callable[[], object]) -> float:
    """Return the seconds of all processors together."""
    start = time.process_time()
    function()
    return time.process_time() - start


def product_of(queries: Sequences, targets: Sequences) -> Callable[[], None]:
    """Return a function that multiplies all segments with all, no more."""
    rows = 4096
    block = np.empty((rows, rows), np.float32)

    def multiply() -> None:
        for i in range(0, len(queries.data), rows):
            for j in range(0, len(targets.data), rows):
                q, t = queries.data[i : i + rows], targets.data[j : j + rows]
                np.matmul(q, t.T, out=block[: len(q), : len(t)])

    return multiply


def in_turns(
    ours: Callable[[], object], product: Callable[[], object], turns: int
) -> tuple[float, float, float]:
    """Return the medians of the seconds of both and of their ratio."""
    times = [(seconds_of(ours), seconds_of(product)) for _ in range(turns)]
    ratios = [own / (other or np.nan) for own, other in times]
    return median(own for own, _ in times), median(other for _, other in times), median(ratios)


def peers() -> dict[str, Callable[[np.ndarray, np.ndarray], object]]:
    """Return what is installed of: dynamic time warping or alignment of two clips, as a call."""
    makers = {
        "librosa": _librosa,
        "aeon": _aeon,
        "tslearn": _tslearn,
        "dtaidistance": _dtaidistance,
        "Biopython": _biopython,
    }
    found = {}
    for name, maker in makers.items():
        try:
            found[name] = maker()
        except ImportError:
            continue
    return found


def _librosa() -> Callable:
    from librosa.sequence import dtw

    return lambda m, v: dtw(m.T, v.T, metric="sqeuclidean", backtrack=False)


def _aeon() -> Callable:
    from aeon.distances import dtw_distance

    return lambda m, v: dtw_distance(m.T.astype(float), v.T.astype(float))


def _tslearn() -> Callable:
    from tslearn.metrics import dtw

    return dtw


def _dtaidistance() -> Callable:
    from dtaidistance import dtw_ndim

    return lambda m, v: dtw_ndim.distance(m.astype(float), v.astype(float), use_c=True)


def _biopython() -> Callable:
    from Bio.Align import PairwiseAligner, substitution_matrices

    def score(m: np.ndarray, v: np.ndarray) -> float:
        letters = "".join(chr(200 + k) for k in range(len(m) + len(v)))
        matrix = substitution_matrices.Array(alphabet=letters, dims=2)
        matrix.view(np.ndarray)[: len(m), len(m) :] = m @ v.T
        aligner = PairwiseAligner(substitution_matrix=matrix)
        aligner.open_gap_score = aligner.extend_gap_score = -0.05
        return aligner.score(letters[: len(m)], letters[len(m) :])

    return score


def peer_seconds(
    peer: Callable, queries: Sequences, targets: Sequences, pairs: np.ndarray
) -> float:
    """Time a peer on `pairs` and scale to all."""
    peer(queries[0], targets[0])  # compiles

    def call() -> None:
        for q, t in pairs:
            peer(queries[q], targets[t])

    return seconds_of(call) * len(queries) * len(targets) / len(pairs)


def pseudo_code_seconds(
    method: str, queries: Sequences, targets: Sequences, pairs: np.ndarray
) -> float:
    """Time the pseudo-code on `pairs`, check its results, and scale the time to all pairs."""
    start = time.process_time()
    slow = [PSEUDO_CODE[method](queries[q], targets[t]) for q, t in pairs]
    seconds = time.process_time() - start
    fast = distance_matrix(queries, targets, method)[pairs[:, 0], pairs[:, 1]]
    np.testing.assert_allclose(fast, slow, atol=1e-4)
    return seconds * len(queries) * len(targets) / len(pairs)


def products_of_trace(queries: Sequences, targets: Sequences) -> Callable[[], None]:
    """Return a function that multiplies all i-th segments with all i-th segments, no more."""

    def ith(clips: Sequences, i: int) -> np.ndarray:
        return clips.data[clips.offsets[:-1][clips.lengths > i] + i]

    n = min(queries.lengths.max(), targets.lengths.max())
    pairs = [(ith(queries, i), ith(targets, i)) for i in range(n)]

    def multiply() -> None:
        for q, t in pairs:
            q @ t.T

    return multiply


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--clips", type=int, default=1000, help="queries, and targets")
    parser.add_argument("--segments", type=int, default=12, help="mean per clip")
    parser.add_argument("--dim", type=int, default=512)
    parser.add_argument("--pairs", type=int, default=300, help="timed with peers, and scaled")
    parser.add_argument(
        "--distances", nargs="+", default=list(DISTANCES), choices=list(DISTANCES), metavar="NAME"
    )
    parser.add_argument("--repeats", type=int, default=3, help="turns; the median counts")
    parser.add_argument(
        "--threads", type=int, default=numba.config.NUMBA_NUM_THREADS, help="of both sides"
    )
    options = parser.parse_args()

    rng = np.random.default_rng(0)
    queries, targets = (
        random_clips(options.clips, options.segments, options.dim, rng) for _ in range(2)
    )
    pairs = rng.integers(options.clips, size=(options.pairs, 2))
    load = f"load {os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else "load unknown"
    print(
        f"{options.clips} x {options.clips} clips, {options.segments} segments a clip, "
        f"{options.dim}-d; {options.threads} of {os.cpu_count()} cores; {load}\n"
    )
    numba.config.NUMBA_NUM_THREADS = options.threads
    with threadpool_limits(options.threads, "blas"):
        time_distances(
            queries, targets, pairs, options.repeats, options.segments, options.distances
        )
        print(
            f"\npeak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20:.2f} GiB\n"
        )
    with threadpool_limits(1):
        time_peers(queries, targets, pairs)


def time_distances(
    queries: Sequences,
    targets: Sequences,
    pairs: np.ndarray,
    repeats: int,
    segments: int,
    methods: Sequence[str],
) -> None:
    """Print a line for each distance."""
    paper = PAPER_TRANSNET if segments >= 24 else PAPER_OLDA
    of_paper = len(queries) * len(targets) / 1000**2
    product = product_of(queries, targets)
    print("| distance | CPU s | product, CPU s | ratio | paper, s | pseudo-code (scaled), CPU s |")
    print("|---|---|---|---|---|---|", flush=True)
    few = queries.select(range(2))
    for method in methods:
        distance_matrix(few, few, method)  # compiles
        own, other, ratio = in_turns(
            lambda m=method: distance_matrix(queries, targets, m), product, repeats
        )
        theirs = paper[method] * of_paper if method in paper else np.nan
        slow = np.nan
        if method in PSEUDO_CODE:
            slow = pseudo_code_seconds(method, queries, targets, pairs)
        cells = f"{own:.2f} | {other:.2f} | {ratio:.2f} | {theirs:.0f} | {slow:.0f}"
        print(f"| {method} | {cells.replace('nan', '-')} |", flush=True)
    own_products = products_of_trace(queries, targets)
    ratio = in_turns(lambda: distance_matrix(queries, targets, "trace"), own_products, 5 * repeats)[
        2
    ]
    print(f"\ntrace / its own products: {ratio:.2f}\n")


def time_peers(queries: Sequences, targets: Sequences, pairs: np.ndarray) -> None:
    """Print a line for each peer that is installed."""
    print("| peer, one alignment of each pair (scaled) | CPU s |\n|---|---|", flush=True)
    for name, peer in peers().items():
        print(f"| {name} | {peer_seconds(peer, queries, targets, pairs):.0f} |", flush=True)


if __name__ == "__main__":
    main()
