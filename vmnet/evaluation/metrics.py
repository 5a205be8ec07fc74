"""Ranks of the right targets, and what the paper's tables say of them (paper, section V-F).

Conventions
-----------
A distance matrix is (n_queries, n_targets), smaller = better, and each query has one right target.
Its rank is 1 for the best of the list and n_targets for the last; targets at the same distance
share the average of their ranks, so that a matrix of equal distances scores chance.

Metrics
-------
* R@k, recall at k: the share of queries whose right target has rank <= k, in percent. A right
  target tied across the k-th place counts by its averaged rank: two tied for the first place have
  rank 1.5, and neither is in R@1.
* mean rank, with the half width of its 95 % confidence interval by the normal approximation,
  1.96 s / sqrt(n_queries), s the standard deviation with n - 1 degrees of freedom.
* median rank.

References
----------
* Prétet et al., "Video-to-Music Recommendation using Temporal Alignment of Segments", IEEE TMM,
  2022, section V-F: R@1, R@10, R@25 and the rank with its interval.
* Hong, Im and Yang, "CBVMR: Content-Based Video-Music Retrieval Using Soft Intra-Modal Structure
  Constraint", ICMR, 2018: recall at k in both directions.
"""

import numpy as np
from numpy.typing import ArrayLike

RECALL_AT = (1, 10, 25)  # paper, section V-F
BLOCK_CELLS = 16 * 2**20  # distances compared at once, to bound the memory


def ranks(distances: ArrayLike, targets: ArrayLike | None = None) -> np.ndarray:
    """Rank of the right target of every query.

    Parameters
    ----------
    distances : (n_queries, n_targets)
        Smaller = better.
    targets : (n_queries,) int, optional
        Column of the right target of each query; query i's is i unless given, and then the matrix
        must be square.

    Returns
    -------
    (n_queries,) float64 in 1..n_targets
        Ties averaged: 1 + the number of nearer targets + half the number of others as near.

    Raises
    ------
    ValueError
        If the shapes do not fit, a target is no column, or a distance is NaN.

    Examples
    --------
    >>> ranks([[0.1, 0.5, 0.9], [0.1, 0.5, 0.9], [0.9, 0.9, 0.9]]).tolist()
    [1.0, 2.0, 2.0]
    """
    distances = np.asarray(distances)
    targets = _right_columns(distances, targets)
    ranks = np.empty(len(distances))
    step = max(1, BLOCK_CELLS // distances.shape[1])
    for start in range(0, len(distances), step):
        block = distances[start : start + step]
        if np.isnan(block).any():
            row = start + int(np.flatnonzero(np.isnan(block).any(axis=1))[0])
            raise ValueError(f"the distances of query {row} hold NaN: compute them again")
        right = np.take_along_axis(block, targets[start : start + step, None], axis=1)
        nearer = np.count_nonzero(block < right, axis=1)
        as_near = np.count_nonzero(block == right, axis=1)  # counts the right one too
        ranks[start : start + step] = nearer + (as_near + 1) / 2
    return ranks


def both_directions(distances: ArrayLike) -> dict[str, np.ndarray]:
    """Rank music for videos (V2M) and, from the same matrix transposed, videos for music (M2V).

    Parameters
    ----------
    distances : (n, n)
        Rows are videos, columns are music tracks, in the same order of clips.

    Returns
    -------
    {"V2M": (n,) ranks, "M2V": (n,) ranks}
    """
    distances = np.asarray(distances)
    return {"V2M": ranks(distances), "M2V": ranks(distances.T)}


def summarize(ranks: ArrayLike) -> dict[str, float]:
    """Metrics of the ranks of one experiment.

    Parameters
    ----------
    ranks : (n_queries,), each at least 1

    Returns
    -------
    dict
        "R@1", "R@10", "R@25" in percent, "mean_rank", "ci95" (half width; infinite for a single
        query, which says nothing of the spread), "median_rank".

    Raises
    ------
    ValueError
        If there is no rank, or one is NaN or below 1.

    Examples
    --------
    >>> summary = summarize([1, 3, 11, 25])
    >>> summary["R@1"], summary["R@10"], summary["mean_rank"], summary["median_rank"]
    (25.0, 50.0, 10.0, 7.0)
    """
    ranks = np.asarray(ranks, dtype=np.float64)
    if ranks.ndim != 1 or len(ranks) == 0 or not (ranks >= 1).all():
        raise ValueError(f"ranks must be one or more numbers of at least 1, not {ranks!r}")
    recalls = {f"R@{k}": 100 * float(np.mean(ranks <= k)) for k in RECALL_AT}
    return recalls | {
        "mean_rank": float(ranks.mean()),
        "ci95": half_width(ranks),
        "median_rank": float(np.median(ranks)),
    }


def half_width(values: np.ndarray) -> float:
    """Return that of the 95 % interval of the mean of (n,) values; infinite for one alone."""
    n = len(values)
    return float(1.96 * values.std(ddof=1) / np.sqrt(n)) if n > 1 else np.inf


def chance(n_targets: int) -> dict[str, float]:
    """Values that `summarize` is expected to give when `n_targets` targets are ranked at random.

    The keys are those of `summarize` without "ci95", which depends on the number of queries.

    >>> chance(1000)["R@10"], chance(1000)["mean_rank"]
    (1.0, 500.5)
    """
    if n_targets < 1:
        raise ValueError(f"chance needs at least one target, not {n_targets}")
    recalls = {f"R@{k}": 100 * min(k, n_targets) / n_targets for k in RECALL_AT}
    return recalls | {"mean_rank": (n_targets + 1) / 2, "median_rank": (n_targets + 1) / 2}


def _right_columns(distances: np.ndarray, targets: ArrayLike | None) -> np.ndarray:
    if distances.ndim != 2 or distances.size == 0:
        raise ValueError(f"distances must be (n_queries, n_targets), not {distances.shape}")
    n_queries, n_targets = distances.shape
    if targets is None:
        if n_queries != n_targets:
            raise ValueError(f"{n_queries} queries, {n_targets} targets: say which are right")
        return np.arange(n_queries)
    columns = np.asarray(targets)
    if columns.shape != (n_queries,) or not np.issubdtype(columns.dtype, np.integer):
        raise ValueError(f"{n_queries} queries need as many target columns, not {columns!r}")
    if columns.min() < 0 or columns.max() >= n_targets:
        raise ValueError(f"target columns must lie in 0..{n_targets - 1}")
    return columns
