"""The tracks of a catalog that fit a query best, at any size of the catalog.

A catalog of up to `EXHAUSTIVE_TRACKS` is aligned with the query, every track of it. A larger one is
searched in two stages:

1. An engine fetches the tracks whose centroids have the largest inner products with that of the
   query. A few of these are aligned, and a straight line through their distances, over the product
   and the two lengths, estimates those of the others: a sum favours long tracks, a mean favours
   those that leave a choice, each by how much the sample says for this query.
2. Those of the smallest estimates are aligned. This stage alone ranks: what is returned has the
   distance of `vmnet.aligners`, so that a track can be missed but not misplaced.
"""

import mmap
from collections.abc import Iterator
from typing import Any

import numpy as np

from vmnet.aligners import Sequences, distance_matrix
from vmnet.aligners.distances import NORMALISED, parameters
from vmnet.catalog.engines import Candidates

EXHAUSTIVE_TRACKS = 50_000
"""Tracks up to which every one is aligned."""

FETCHED = 10_000
"""Tracks that the first stage fetches."""

SAMPLED = 256
"""Tracks whose distances say how to estimate those of the others that were fetched."""

ALIGNED = 1_500
"""Tracks that the second stage aligns."""

TWO_STAGES = frozenset({"centroid", *NORMALISED, *NORMALISED.values()})
"""The distances that are small only where the product of the centroids is large; by any other,
every track is aligned at any size."""

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
        that is not in `TWO_STAGES`, every allowed track is aligned.
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
    n_allowed = len(targets) if allowed is None else np.count_nonzero(allowed)
    if candidates is not None and n_allowed > exhaustive and distance in TWO_STAGES:
        near = candidates.nearest(np.mean(query, axis=0), max(fetched, top), allowed)
        pool = _promising(queries, targets, *near, max(aligned, top), distance, params)
    else:
        pool = np.arange(len(targets)) if allowed is None else np.flatnonzero(allowed)
    if len(targets) <= exhaustive:  # as they are: choosing among them would copy them
        distances = distance_matrix(queries, targets, distance, **params)[0, pool]
    else:
        distances = _aligned(queries, targets, pool, distance, params)
    best = _smallest(distances, top)
    return pool[best], distances[best]


def _promising(
    queries: Sequences,
    targets: Sequences,
    found: np.ndarray,
    products: np.ndarray,
    n: int,
    distance: str,
    params: dict[str, Any],
) -> np.ndarray:
    """Return the `n` tracks of the smallest estimated distances among those found, ascending."""
    if len(found) <= n:
        return np.sort(found)
    lengths = _lengths(targets, found)
    shorter, over = np.minimum(queries.lengths, lengths), np.abs(queries.lengths - lengths)
    terms = np.stack([np.ones(len(found)), products, shorter, over, shorter * products], axis=1)
    sample = np.unique(np.linspace(0, len(found) - 1, SAMPLED).astype(int))  # near and less near
    known = _aligned(queries, targets, found[sample], distance, params)
    weights = np.linalg.lstsq(terms[sample], known)[0]
    return np.sort(found[_smallest(terms @ weights, n)])


def _aligned(
    queries: Sequences, targets: Sequences, pool: np.ndarray, distance: str, params: dict[str, Any]
) -> np.ndarray:
    """Return the distances of the tracks `pool`, (n_pool,) float32, block by block."""
    distances = np.empty(len(pool), np.float32)
    if len(pool) < len(targets):
        _read_ahead(targets, pool)
    for part in _blocks(np.cumsum([0, *_lengths(targets, pool)])):
        block = targets.select(pool[part])
        distances[part] = distance_matrix(queries, block, distance, **params)[0]
    return distances


def _read_ahead(targets: Sequences, chosen: np.ndarray) -> None:
    """Have the system read the segments of some tracks, where they are mapped from a file.

    It then does so all at once. Left to page faults, it reads one track after the other, each with
    much that stands around it: 1,500 tracks took 7 s instead of 0.05 s.
    """
    data = targets.data
    file = data.base if isinstance(data, np.memmap) else None
    if not (isinstance(file, mmap.mmap) and hasattr(mmap, "MADV_WILLNEED")):
        return
    before = data.offset % mmap.ALLOCATIONGRANULARITY  # where the first row is in the map
    starts, stops = (before + targets.offsets[chosen + k] * data.strides[0] for k in (0, 1))
    starts -= starts % mmap.PAGESIZE
    for start, size in zip(starts.tolist(), (stops - starts).tolist(), strict=True):
        file.madvise(mmap.MADV_WILLNEED, start, size)


def _lengths(targets: Sequences, chosen: np.ndarray) -> np.ndarray:
    return targets.offsets[chosen + 1] - targets.offsets[chosen]  # not those of a million others


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
