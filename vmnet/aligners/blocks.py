"""Scores of all pairs of clips, block by block: products, then a kernel, on all cores."""

import math
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import cache
from itertools import product
from typing import Any

import numpy as np

from vmnet.aligners.sequences import Sequences
from vmnet.aligners.targets import Targets, interleave

# Segments in a block, whose product of 8 MiB stays in the cache until the kernel has read it
QUERY_ROWS, TARGET_ROWS = 2048, 1024
FEW_ROWS = 24  # of queries, up to which a row of 16 bits is multiplied faster as it is converted

# From (n, dim) and (m, dim) vectors to the (n, m) values of all pairs of them, into `out` if given.
Products = Callable[..., np.ndarray]


def dot_products(q: np.ndarray, t: np.ndarray, out: np.ndarray | None = None) -> np.ndarray:
    """q_i . t_j."""
    return np.matmul(q, t.T, out=out)


def squared_distances(
    q: np.ndarray, t: np.ndarray, out: np.ndarray | None = None, sign: int = 1
) -> np.ndarray:
    """Sign * |q_i - t_j|^2, which are dot products of vectors two dimensions larger."""
    dim = q.shape[1]
    left, right = (np.ones((len(part), dim + 2), np.float32) for part in (q, t))
    np.multiply(q, -2 * sign, out=left[:, :dim])
    left[:, dim] = sign * np.einsum("ij,ij->i", q, q)
    left[:, dim + 1] = sign
    right[:, :dim] = t
    right[:, dim + 1] = np.einsum("ij,ij->i", t, t)
    return np.matmul(left, right.T, out=out)


def minus_squared_distances(
    q: np.ndarray, t: np.ndarray, out: np.ndarray | None = None
) -> np.ndarray:
    """-|q_i - t_j|^2."""
    return squared_distances(q, t, out, sign=-1)


def pair_scores(
    kernel: Any,
    queries: Sequences,
    targets: Sequences,
    *params: float,
    products: Products = dot_products,
) -> np.ndarray:
    """Return the (n_queries, n_targets) float32 scores that a kernel makes of the products.

    Blocks are shared among NUMBA_NUM_THREADS threads, each of which multiplies and aligns on its
    own. They are not numba's, with which a process that is forked after their first use is killed.
    """
    from numba import config

    from vmnet.aligners.kernels import LANES

    layout = targets.layout if isinstance(targets, Targets) else interleave(targets)
    scores = np.empty((len(queries), len(targets)), np.float32)  # in the order of the layout
    n_threads: int = config.NUMBA_NUM_THREADS  # type: ignore[attr-defined]
    row_of_group = layout.columns[layout.positions]
    share = -(-row_of_group[-1] // (2 * n_threads))
    blocks = product(  # taken by all threads, one after the other: next() holds the GIL
        runs(queries.offsets, QUERY_ROWS), runs(row_of_group, min(TARGET_ROWS, share))
    )

    def work() -> None:
        buffers = Buffers()
        for some, groups in blocks:
            part = layout.select(groups)
            q = vectors(queries, some)
            S = buffers("S", len(q), len(part.rows) + LANES)
            _multiply(products, q, targets.data, part.rows, S[:, : len(part.rows)], buffers)
            first = layout.members[groups.start]
            rows = queries.offsets[some.start : some.stop + 1] - queries.offsets[some.start]
            kernel(S, rows, *part[1:5], scores[some, first : first + len(part.clips)], *params)

    _run(work, n_threads)
    in_order = np.empty_like(scores)
    in_order[:, layout.clips] = scores
    return in_order


def _multiply(
    products: Products,
    q: np.ndarray,
    data: np.ndarray,
    rows: np.ndarray,
    out: np.ndarray,
    buffers: "Buffers",
) -> None:
    """Write the values of all pairs of q and data[rows] into `out`."""
    from vmnet.aligners.kernels import dot_products_of_half

    if data.dtype == np.float16 and len(q) <= FEW_ROWS and products is dot_products:
        dot_products_of_half(q, data.view(np.uint16), rows, out)
    else:
        products(q, gathered(data, rows, buffers("t", len(rows), data.shape[1])), out=out)


class Buffers:
    """Memory of one thread that its blocks share, because pages that are new are slow."""

    def __init__(self) -> None:
        self._flat: dict[str, np.ndarray] = {}

    def __call__(self, name: str, *shape: int) -> np.ndarray:
        """Return a float32 array, finite, with what the last of that name has left in it."""
        size = math.prod(shape)
        if name not in self._flat or len(self._flat[name]) < size:
            self._flat[name] = np.zeros(size, np.float32)
        return self._flat[name][:size].reshape(shape)


def runs(offsets: np.ndarray, limit: int) -> Iterator[slice]:
    """Cut the clips into runs of at most `limit` rows, at least one clip each."""
    start, n_clips = 0, len(offsets) - 1
    while start < n_clips:
        stop = int(np.searchsorted(offsets, offsets[start] + limit, side="right")) - 1
        stop = max(start + 1, stop)
        yield slice(start, stop)
        start = stop


def vectors(sequences: Sequences, clips: slice) -> np.ndarray:
    """Return the float32 rows of neighbouring clips, a view where they are float32."""
    start, stop = sequences.offsets[clips.start], sequences.offsets[clips.stop]
    if sequences.data.dtype == np.float32:
        return sequences.data[start:stop]
    return gathered(sequences.data, np.arange(start, stop))


def gathered(data: np.ndarray, rows: np.ndarray, out: np.ndarray | None = None) -> np.ndarray:
    """Return data[rows] as float32, in `out` if given."""
    from vmnet.aligners.kernels import to_float32

    if out is None:
        out = np.empty((len(rows), data.shape[1]), np.float32)
    if data.dtype == np.float16:
        to_float32(data.view(np.uint16), rows, out)
    else:
        np.take(data, rows, axis=0, out=out, mode="clip")  # "raise" makes a second copy
    return out


def centroids(sequences: Sequences) -> Sequences:
    """Return clips of one segment, the mean."""
    sums = np.add.reduceat(sequences.data, sequences.offsets[:-1], axis=0, dtype=np.float64)
    means = (sums / sequences.lengths[:, None]).astype(np.float32)
    return Sequences(means, np.arange(len(sequences) + 1), sequences.ids)


def _run(work: Callable[[], None], n_threads: int) -> None:
    """Call `work` in so many threads, which share the cores with nobody."""
    with _one_blas_thread():
        if n_threads == 1:
            return work()
        with ThreadPoolExecutor(n_threads) as pool:
            for done in [pool.submit(work) for _ in range(n_threads)]:
                done.result()


_lock = threading.Lock()
_limits: list[Any] = []  # of the uses in progress; the first has set the limit, the last lifts it


@contextmanager
def _one_blas_thread() -> Iterator[None]:
    """Have every thread multiply by itself: BLAS' own would wait for each other, by spinning."""
    with _lock:
        _limits.append(_limits[0] if _limits else _blas().limit(limits=1, user_api="blas"))
    try:
        yield
    finally:
        with _lock:
            limit = _limits.pop()
            if not _limits:
                limit.restore_original_limits()


@cache
def _blas() -> Any:
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()  # looks through all loaded libraries: milliseconds
