"""Time every ranking distance at the paper's size, beside the paper and its pseudo-code in NumPy.

    python benchmarks/align.py                  # about 12 segments a clip, as OLDA gives
    python benchmarks/align.py --segments 36    # as TransNet gives

Random unit vectors stand for embeddings: time does not depend on their values. The paper's times
(table III, 1,000 queries on an Intel i7-6850K) are those of OLDA, and of TransNet from 24 segments
up. The pseudo-code is timed on a sample of pairs and scaled to all of them.

The last line is what Trace costs beside the matrix products that it cannot do without, those of the
i-th segments with the i-th segments; the two take turns, so that another load meets both.
"""

import argparse
import os
import time
from collections.abc import Callable

import numba
import numpy as np

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


def seconds_of(function: Callable[[], object], repeats: int) -> float:
    """Return the least time of `repeats` calls, after one that compiles and warms up."""
    function()
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        function()
        times.append(time.perf_counter() - start)
    return min(times)


def pseudo_code_seconds(
    method: str, queries: Sequences, targets: Sequences, pairs: np.ndarray
) -> float:
    """Time the pseudo-code on `pairs`, check its results, and scale the time to all pairs."""
    start = time.perf_counter()
    slow = [PSEUDO_CODE[method](queries[q], targets[t]) for q, t in pairs]
    seconds = time.perf_counter() - start
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


def ratio_of_trace(queries: Sequences, targets: Sequences, turns: int) -> float:
    """Return the median over `turns` of the time of Trace over that of its products."""
    multiply = products_of_trace(queries, targets)
    ratios = []
    for _ in range(turns):
        whole = seconds_of(lambda: distance_matrix(queries, targets, "trace"), 1)
        ratios.append(whole / seconds_of(multiply, 1))
    return float(np.median(ratios))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--clips", type=int, default=1000, help="queries, and targets")
    parser.add_argument("--segments", type=int, default=12, help="mean per clip")
    parser.add_argument("--dim", type=int, default=512)
    parser.add_argument("--pairs", type=int, default=500, help="timed with the pseudo-code")
    parser.add_argument("--repeats", type=int, default=3, help="the least time counts")
    options = parser.parse_args()

    rng = np.random.default_rng(0)
    queries, targets = (
        random_clips(options.clips, options.segments, options.dim, rng) for _ in range(2)
    )
    pairs = rng.integers(options.clips, size=(options.pairs, 2))
    paper = PAPER_TRANSNET if options.segments >= 24 else PAPER_OLDA
    of_paper = (options.clips / 1000) ** 2
    print(
        f"{options.clips} x {options.clips} clips, {options.segments} segments a clip, "
        f"{options.dim}-d; {os.cpu_count()} cores, {numba.get_num_threads()} numba threads; "
        f"pseudo-code in NumPy: {options.pairs} pairs, scaled\n"
    )
    print(
        "| distance | s | paper, s | paper / ours | pseudo-code (scaled), s | pseudo-code / ours |"
    )
    print("|---|---|---|---|---|---|", flush=True)
    for method in DISTANCES:
        ours = seconds_of(lambda m=method: distance_matrix(queries, targets, m), options.repeats)
        slow = np.nan
        if method in PSEUDO_CODE:
            slow = pseudo_code_seconds(method, queries, targets, pairs)
        theirs = paper[method] * of_paper if method in paper else np.nan
        cells = f"{ours:.2f} | {theirs:.0f} | {theirs / ours:.0f} | {slow:.0f} | {slow / ours:.0f}"
        print(f"| {method} | {cells.replace('nan', '-')} |", flush=True)
    ratio = ratio_of_trace(queries, targets, 5 * options.repeats)
    print(f"\ntrace / its own products: {ratio:.2f}")


if __name__ == "__main__":
    main()
