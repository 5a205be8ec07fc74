"""The distances on Keras' backend, and so on a GPU where it has one.

All pairs of a block go through their tables X at the same time, one anti-diagonal after the other:
its cells need those of the two before it, not each other. Clips are padded to the longest of the
block, and each pair reads its score at its own lengths. Sums are float64 where the backend has it.
"""

from collections.abc import Callable, Iterator
from itertools import product
from typing import Any, NamedTuple

import numpy as np

from vmnet.aligners.blocks import centroids, gathered, runs
from vmnet.aligners.sequences import Sequences

CELLS = 2**25  # of all tables of a block: 128 MiB of float32 dot products


class Form(NamedTuple):
    """How a distance is an alignment: the first three as in `kernels.alignment_scores`.

    `ends(i, j, n, m)` says whether an alignment of clips of n and m segments may end at X[i, j].
    """

    border: float
    indel: float
    floor: float
    ends: Callable[[Any, Any, Any, Any], Any]


def _corner(i: Any, j: Any, n: Any, m: Any) -> Any:
    return (i == n) & (j == m)


def _anywhere(i: Any, j: Any, n: Any, m: Any) -> Any:
    return (i <= n) & (j >= 0) & (j <= m)


def _full_diagonals(i: Any, j: Any, n: Any, m: Any) -> Any:
    whole_shorter = ((i == n) & (j >= n)) | ((j == m) & (i >= m))
    return _anywhere(i, j, n, m) & whole_shorter


def _main_diagonal(i: Any, j: Any, n: Any, m: Any) -> Any:
    return _full_diagonals(i, j, n, m) & (i == j)


def forms(indel: float = 0.0) -> dict[str, Form]:
    """Return the distances that are alignments."""
    trace = Form(0.0, np.inf, -np.inf, _main_diagonal)
    best_trace = Form(0.0, np.inf, -np.inf, _full_diagonals)
    return {
        "nw": Form(indel, indel, -np.inf, _corner),
        "sw": Form(indel, indel, 0.0, _anywhere),
        "trace": trace,
        "best_trace": best_trace,
        "trace_printed": trace,
        "best_trace_printed": best_trace,
    }


# Scores are made of dot products or, of the distances named here, of sign * |q_i - t_j|^2.
SIGNS = {"single": -1, "complete": 1, "centroid": -1, "trace_printed": -1, "best_trace_printed": -1}
METHODS = (*forms(), "single", "complete", "centroid")


def distances(
    queries: Sequences, targets: Sequences, method: str, indel: float = 0.0
) -> np.ndarray:
    """Return what the distance of that name in `vmnet.aligners.DISTANCES` does, within 1e-4."""
    if method == "centroid":
        queries, targets = centroids(queries), centroids(targets)
    sign, form = SIGNS.get(method, 0), forms(indel).get(method)
    scores = np.empty((len(queries), len(targets)), np.float32)
    for rows, columns in _blocks(queries, targets):
        q, t = queries.select(rows), targets.select(columns)
        S = _products(_padded(q), _padded(t), sign)
        lengths = q.lengths[:, None, None], t.lengths[None, :, None]
        block = _largest(S, *lengths) if form is None else _table_scores(S, *lengths, form)
        scores[np.ix_(rows, columns)] = block
    if sign:
        return np.maximum(sign * scores, 0)
    return -scores


def _blocks(queries: Sequences, targets: Sequences) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Pair clips of like lengths, of `CELLS` cells at most, or one pair."""
    if not len(queries) or not len(targets):
        return iter(())
    pairs = max(1, CELLS // int(queries.lengths.max() * targets.lengths.max()))
    side = min(len(queries), int(pairs**0.5))

    def cut(clips: Sequences, limit: int) -> list[np.ndarray]:
        order = np.argsort(clips.lengths, kind="stable")
        return [order[run] for run in runs(np.arange(len(order) + 1), limit)]

    return product(cut(queries, side), cut(targets, pairs // side))


def _padded(clips: Sequences) -> np.ndarray:
    """Return (n_clips, longest, dim) float32, zero after the end of a clip."""
    padded = np.zeros((len(clips), clips.lengths.max(), clips.dim), np.float32)
    inside = np.arange(padded.shape[1]) < clips.lengths[:, None]
    padded[inside] = gathered(clips.data, np.arange(len(clips.data)))
    return padded


def _products(q: np.ndarray, t: np.ndarray, sign: int) -> Any:
    """Return the (n_queries, n_targets, n, m) dot products, or sign * squared distances.

    A GPU may multiply float32 with the 10 bits of a mantissa that TensorFloat-32 keeps. So each
    number is the sum of two of so many bits, and three of their four products are of a size to
    count (Markidis and others 2018).
    """
    from keras import ops

    def halves(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        high = (x.view(np.uint32) & np.uint32(0xFFFFE000)).view(np.float32)
        return high, x - high

    (q_high, q_low), (t_high, t_low) = halves(q), halves(t)
    left = np.concatenate([q_high, q_high, q_low], axis=2).reshape(-1, 3 * q.shape[2])
    right = np.concatenate([t_high, t_low, t_high], axis=2).reshape(-1, 3 * t.shape[2])
    S = ops.matmul(left, ops.transpose(ops.convert_to_tensor(right)))
    S = ops.transpose(ops.reshape(S, (*q.shape[:2], *t.shape[:2])), (0, 2, 1, 3))
    if not sign:
        return S
    q_norms, t_norms = (np.einsum("cij,cij->ci", x, x) for x in (q, t))
    return sign * (q_norms[:, None, :, None] + t_norms[None, :, None, :] - 2 * S)


def _largest(S: Any, n: np.ndarray, m: np.ndarray) -> np.ndarray:
    """Return the largest entry of each pair, n (n_queries, 1, 1) by m (1, n_targets, 1)."""
    from keras import ops

    i, j = np.arange(S.shape[2]), np.arange(S.shape[3])
    inside = (i < n)[..., None] & (j < m)[..., None, :]
    return ops.convert_to_numpy(ops.max(ops.where(inside, S, -np.inf), axis=(2, 3)))


def _table_scores(S: Any, n: np.ndarray, m: np.ndarray, form: Form) -> np.ndarray:
    """Return the score of each pair, (n_queries, n_targets)."""
    import keras
    from keras import ops

    dtype = "float32" if keras.backend.backend() == "jax" else "float64"
    N, M = S.shape[2:]
    pairs = S.shape[:2]
    # Rows that are shifted by one each have an anti-diagonal in each column
    S = ops.reshape(ops.pad(S, ((0, 0), (0, 0), (0, 0), (0, N))), (*pairs, N * (M + N)))
    S = ops.reshape(S[..., : N * (M + N - 1)], (*pairs, N, M + N - 1))
    i = np.arange(N + 1)
    before = above = ops.full((*pairs, N + 1), max(form.floor, 0.0), dtype=dtype)  # d = 0: X[0, 0]
    best = ops.full(pairs, -np.inf, dtype=dtype)
    for d in range(N + M + 1):
        if d:
            border = max(-form.border * d, form.floor)
            skip = ops.maximum(above[..., :-1], above[..., 1:]) - form.indel
            match = before[..., :-1] + (ops.cast(S[..., d - 2], dtype) if d > 1 else 0.0)
            X = ops.maximum(ops.maximum(skip, match), form.floor)
            X = ops.pad(X, ((0, 0), (0, 0), (1, 0)))
            X = ops.where((i == 0) | (i == d), ops.cast(border, dtype), X)
            before, above = above, X
        found = ops.where(form.ends(i, d - i, n, m), above, ops.cast(-np.inf, dtype))
        best = ops.maximum(best, ops.max(found, axis=-1))
    return ops.convert_to_numpy(best)
