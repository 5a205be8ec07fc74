"""The tracks of a catalog that fit a query best, at any size of the catalog.

A catalog of up to `EXHAUSTIVE_TRACKS` is aligned with the query, every track of it. A larger one is
searched in two stages: an engine finds the tracks whose centroids point where that of the query
does, and the best of these are aligned. Only the second stage ranks: what it returns has the
distance of `vmnet.aligners`, and a track can be missed but not misplaced.

The first stage suits a distance where a function of `PROXIES` says what the distance would be if
all segments of a clip were alike. The others are aligned exhaustively at any size.
"""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from vmnet.aligners import Sequences, distance_matrix
from vmnet.aligners.distances import NORMALISED, parameters
from vmnet.catalog.engines import Candidates

EXHAUSTIVE_TRACKS = 50_000
"""Tracks up to which every one is aligned."""

FETCHED = 20_000
"""Tracks that the first stage fetches, by the inner product of the centroids alone."""

ALIGNED = 1_000
"""Tracks that are aligned, those of the best proxies among the fetched."""

_BLOCK_ROWS = 65_536  # segments that are read at a time: 64 MiB of 512 dimensions in 16 bits


def search(
    query: np.ndarray,
    targets: Sequences,
    distance: str,
    top: int,
    candidates: Candidates | None = None,
    allowed: np.ndarray | None = None,
    exhaustive: int = EXHAUSTIVE_TRACKS,
    fetched: int = FETCHED,
    aligned: int = ALIGNED,
    **params: Any,
) -> tuple[np.ndarray, np.ndarray]:
    """Find the tracks of the smallest distances to a query.

    Parameters
    ----------
    query : (n_segments, dim) float32
        Segment embeddings of the query.
    targets : Sequences
        Those of the tracks, float16 or float32; may be mapped from a file. Aligning all of them
        is faster where they are prepared (`vmnet.aligners.Targets`).
    distance : str
        A key of `vmnet.aligners.DISTANCES`.
    top : int
        How many tracks, at least 1.
    candidates : Candidates, optional
        An engine with the centroids of `targets`, in their order. Without one, or for a distance
        that is not in `PROXIES`, every allowed track is aligned.
    allowed : (n_tracks,) bool, optional
        Which tracks may be found; all unless given.
    exhaustive : int
        Up to how many allowed tracks every one is aligned.
    fetched, aligned : int
        How many the first stage fetches, and how many of these are aligned (at least `top`).
    **params
        Of the distance, as in `distance_matrix`.

    Returns
    -------
    indices : (n_found,) int64
        Tracks, the best first, equal distances by index; fewer than `top` where fewer are allowed.
    distances : (n_found,) float32
        Smaller = better.

    Raises
    ------
    ValueError, TypeError
        As `distance_matrix`; or if `top` or `allowed` makes no sense.

    Examples
    --------
    >>> tracks = Sequences.from_list([[[1, 0]], [[0, 1], [1, 0]], [[0, 1]]])
    >>> search(np.array([[0, 1], [1, 0]]), tracks, "nw", top=2)
    (array([1, 0]), array([-2.  , -0.95], dtype=float32))
    """
    if top < 1:
        raise ValueError(f"top must be at least 1, not {top}")
    if query.ndim != 2 or query.shape[1] != targets.dim:
        raise ValueError(f"a query of shape {query.shape} has other dimensions than {targets.dim}")
    if allowed is not None and (allowed.dtype != bool or allowed.shape != (len(targets),)):
        raise ValueError(f"allowed must be ({len(targets)},) bool, not {allowed.shape}")
    queries = Sequences.from_list([query])
    params = parameters(distance) | params
    pool = np.arange(len(targets)) if allowed is None else np.flatnonzero(allowed)
    if candidates is not None and len(pool) > exhaustive and distance in PROXIES:
        found, products = candidates.nearest(np.mean(query, axis=0), max(fetched, top), allowed)
        lengths = targets.lengths[found]
        score = PROXIES[distance](products, len(query), lengths, **params)
        pool = np.sort(found[_smallest(-score, max(aligned, top))])
    if len(targets) <= exhaustive:  # as they are: choosing among them would copy them
        distances = distance_matrix(queries, targets, distance, **params)[0, pool]
    else:
        distances = _aligned(queries, targets, pool, distance, params)
    best = _smallest(distances, top)
    return pool[best], distances[best]


def track_centroids(targets: Sequences) -> np.ndarray:
    """Return the mean of each track's segments, not renormalised, (n_tracks, dim) float32."""
    means = np.empty((len(targets), targets.dim), np.float32)
    for rows in _blocks(targets.offsets):
        part = targets.select(rows)
        sums = np.add.reduceat(part.data.astype(np.float32), part.offsets[:-1], axis=0)
        means[rows] = sums / part.lengths[:, None]
    return means


def _sum(products: np.ndarray, n: int, lengths: np.ndarray, indel: float = 0.0) -> np.ndarray:
    """Sum the dot products along the diagonal of two clips of equal segments; skip what is over."""
    return np.minimum(n, lengths) * products - indel * np.abs(n - lengths)


def _sum_of_local(
    products: np.ndarray, n: int, lengths: np.ndarray, indel: float = 0.0
) -> np.ndarray:
    return _sum(products, n, lengths)


def _product(products: np.ndarray, n: int, lengths: np.ndarray) -> np.ndarray:
    return products


def _mean_form(proxy: "Proxy") -> "Proxy":
    """Divide by the segments of the shorter, as `vmnet.aligners.distances.mean_form`."""

    def mean(products: np.ndarray, n: int, lengths: np.ndarray, **params: float) -> np.ndarray:
        return proxy(products, n, lengths, **params) / np.minimum(n, lengths)

    return mean


# From the inner products of centroids, (n_tracks,), the number of the query's segments and those of
# the tracks, to scores, larger = better, that rank tracks of like segments as the distance does.
Proxy = Callable[..., np.ndarray]
PROXIES: dict[str, Proxy] = {
    "centroid": _product,
    "nw": _sum,
    "sw": _sum_of_local,
    "trace": _sum,
    "best_trace": _sum,
}
PROXIES |= {NORMALISED[name]: _mean_form(PROXIES[name]) for name in NORMALISED}


def _aligned(
    queries: Sequences, targets: Sequences, pool: np.ndarray, distance: str, params: dict[str, Any]
) -> np.ndarray:
    """Return the distances of the tracks `pool`, ascending, (n_pool,) float32, block by block."""
    distances = np.empty(len(pool), np.float32)
    for part in _blocks(np.cumsum([0, *targets.lengths[pool]])):
        block = targets.select(pool[part])
        distances[part] = distance_matrix(queries, block, distance, **params)[0]
    return distances


def _blocks(offsets: np.ndarray) -> Iterator[slice]:
    """Cut the clips into runs of about `_BLOCK_ROWS` rows, at least one clip each."""
    start, n_clips = 0, len(offsets) - 1
    while start < n_clips:
        limit = offsets[start] + _BLOCK_ROWS
        stop = max(start + 1, int(np.searchsorted(offsets, limit, side="right")) - 1)
        yield slice(start, stop)
        start = stop


def _smallest(values: np.ndarray, n: int) -> np.ndarray:
    """Return where the `n` smallest values are, the smallest first, equal ones by position."""
    chosen = np.arange(len(values))
    if n < len(values):
        chosen = np.flatnonzero(values <= np.partition(values, n - 1)[n - 1])
    return chosen[np.argsort(values[chosen], kind="stable")[:n]]
