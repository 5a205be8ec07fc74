"""How well a ranking of tracks reproduces the reference lists (thesis, 4.3.2 and C.1).

Conventions
-----------
Every track of the test split is a query and ranks all n others. The first `RELEVANT` = 5 tracks of
its reference list, r_1 to r_5, are relevant; what counts are the places (1 = first) at which a
system ranks them, and of these the first k = 20. With rel(i) = 1 where the i-th track that the
system lists is relevant, and P(i) the share of relevant ones among its first i:

Metrics
-------
* MAP@k = sum_{i<=k} P(i) rel(i) / 5
* recall@k = sum_{i<=k} rel(i) / 5: the share of the five that are found. (Not, as the thesis reads
  it, the probability that a listed track is relevant.)
* RR@k = 1 / the place of the first relevant track, 0 past k
* nDCG@k = sum_{i<=k} g(i) / log2(i + 1) over its largest value, g = 6 - n for r_n. (The thesis'
  text gives all five the same importance, its equation these; the equation is taken.)

All in percent, as means over the queries with the half width of their 95 % interval, 1.96 s /
sqrt(n_queries). Systems that rank the same queries are compared by the differences a query.

References
----------
* Prétet, "Metric Learning for Video to Music Recommendation", 2022, sections 4.3.2 and C.1.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import comb

import numpy as np
from numpy.typing import ArrayLike

from vmnet.evaluation.metrics import half_width

RELEVANT = 5  # thesis, 4.3.2: the first of each reference list
K = 20  # thesis, 4.3.2: how many of those that a system lists are looked at
_DISCOUNTS = np.log2(np.arange(RELEVANT) + 2)
_GAINS = np.arange(RELEVANT, 0, -1.0)  # 5 for r_1 to 1 for r_5
BEST_DCG = float((_GAINS / _DISCOUNTS).sum())  # 10.271925


def map_at(places: np.ndarray, k: int) -> np.ndarray:
    """Return the average precision of each query, in [0, 1].

    Parameters
    ----------
    places : (n_queries, 5) int
        At which r_1 to r_5 are ranked; 1 is the first.

    Examples
    --------
    >>> map_at(np.array([[5, 30, 2, 40, 21]]), 20).tolist()
    [0.18]
    """
    found = np.sort(places, axis=1)
    precision = np.arange(1, RELEVANT + 1) / found
    return np.where(found <= k, precision, 0).sum(axis=1) / RELEVANT


def recall_at(places: np.ndarray, k: int) -> np.ndarray:
    """Return the share of the relevant tracks of each query that are found; as `map_at`."""
    return (places <= k).mean(axis=1)


def rr_at(places: np.ndarray, k: int) -> np.ndarray:
    """Return the reciprocal rank of the first relevant track of each query; as `map_at`."""
    first = places.min(axis=1)
    return np.where(first <= k, 1 / first, 0)


def ndcg_at(places: np.ndarray, k: int) -> np.ndarray:
    """Return the normalised discounted cumulative gain of each query; as `map_at`."""
    gains = np.where(places <= k, _GAINS / np.log2(places + 1), 0)
    return gains.sum(axis=1) / BEST_DCG


METRICS: dict[str, Callable[[np.ndarray, int], np.ndarray]] = {
    "map": map_at,
    "recall": recall_at,
    "rr": rr_at,
    "ndcg": ndcg_at,
}


@dataclass(frozen=True, eq=False)
class Scores:
    """The metrics of one system.

    Attributes
    ----------
    per_query : by metric ("map_at_20", ...), each (n_queries,) float64
        In percent.
    chance : by metric
        What tracks ranked at random are expected to score, in percent.
    """

    per_query: Mapping[str, np.ndarray]
    chance: Mapping[str, float]

    def rows(self) -> list[dict[str, str | int | float]]:
        """Return the means, a row a metric: metric, n (queries), value and ci95 (percent)."""
        return _rows(self.per_query)

    def minus(self, other: "Scores") -> list[dict[str, str | int | float]]:
        """Return the mean differences to another system over the same queries, as `rows` does.

        Raises
        ------
        ValueError
            If the other has other metrics, or another number of queries.
        """
        mine, others = self.per_query, other.per_query
        if {k: v.shape for k, v in mine.items()} != {k: v.shape for k, v in others.items()}:
            raise ValueError("the systems were not evaluated on the same queries")
        return _rows({name: values - others[name] for name, values in mine.items()})


def evaluate(
    ranked: ArrayLike, reference: ArrayLike, k: int = K, artists: Sequence[str] | None = None
) -> Scores:
    """Return the metrics of a system's rankings against the reference lists.

    Parameters
    ----------
    ranked, reference : (n, n - 1) int
        All other tracks, for each of n, the nearest (or most similar) first: see `ranked_lists` and
        `vmnet.similarity.oracle.reference_lists`.
    k
        How many of those ranked are looked at.
    artists : n str, optional
        The artist filter: other tracks by a query's own artist are left out of both lists.

    Raises
    ------
    ValueError
        If a row does not list every other track once, or fewer than five are left of one.

    Examples
    --------
    >>> reference = ranked_lists(np.abs(np.subtract.outer(range(7), range(7))))
    >>> [(row["metric"], row["value"]) for row in evaluate(reference, reference).rows()]
    [('map_at_20', 100.0), ('recall_at_20', 100.0), ('rr_at_20', 100.0), ('ndcg_at_20', 100.0)]
    """
    ranked, reference = _validated(ranked, "ranked"), _validated(reference, "reference")
    if ranked.shape != reference.shape or k < 1:
        raise ValueError(f"{ranked.shape} and {reference.shape} do not fit, or k = {k} is below 1")
    places, n_others = _places(ranked, reference, artists)
    counts = np.bincount(n_others)
    expected = {n: chance(n, k) for n in np.flatnonzero(counts).tolist()}
    per_query = {f"{name}_at_{k}": 100 * metric(places, k) for name, metric in METRICS.items()}
    mean_chance = {
        name: float(sum(counts[n] * of_n[name] for n, of_n in expected.items()) / len(places))
        for name in per_query
    }
    return Scores(per_query, mean_chance)


def chance(n: int, k: int = K) -> dict[str, float]:
    """Return what `evaluate` is expected to give where n other tracks are ranked at random.

    With H_k the k-th harmonic number and k at most n:

        MAP    = (H_k + 4 / (n - 1) (k - H_k)) / n
        recall = k / n
        RR     = sum_{i<=k} C(n - i, 4) / C(n, 5) / i
        nDCG   = 15 / n sum_{i<=k} 1 / log2(i + 1) over the largest DCG

    Returns
    -------
    by metric ("map_at_20", ...), in percent; named after k as it was given

    Examples
    --------
    >>> {name: round(value, 3) for name, value in chance(2848).items()}
    {'map_at_20': 0.127, 'recall_at_20': 0.702, 'rr_at_20': 0.628, 'ndcg_at_20': 0.361}
    """
    if n < RELEVANT or k < 1:
        raise ValueError(f"chance needs {RELEVANT} other tracks and k of 1 or more, not {n}, {k}")
    places = np.arange(1, min(k, n) + 1)
    harmonic = (1 / places).sum()
    first = [comb(n - i, RELEVANT - 1) / comb(n, RELEVANT) / i for i in places.tolist()]
    values = {
        "map": (harmonic + (RELEVANT - 1) / (n - 1) * (len(places) - harmonic)) / n,
        "recall": len(places) / n,
        "rr": sum(first),
        "ndcg": _GAINS.sum() / n * (1 / np.log2(places + 1)).sum() / BEST_DCG,
    }
    return {f"{name}_at_{k}": 100 * float(value) for name, value in values.items()}


def ranked_lists(distances: ArrayLike, seed: int = 0) -> np.ndarray:
    """Return all other tracks for every track, the nearest first.

    Parameters
    ----------
    distances : (n, n)
        Smaller = nearer; the diagonal counts for nothing.
    seed
        Equal distances come in an order drawn by it, another one a query: a network that gives all
        tracks the same embedding scores chance, whatever the order of the tracks' ids gives away.

    Returns
    -------
    (n, n - 1) int32

    Raises
    ------
    ValueError
        If it is no square matrix of two tracks or more, or a distance is NaN.

    Examples
    --------
    >>> ranked_lists([[0, 9, 5], [9, 0, 1], [5, 1, 0]]).tolist()
    [[2, 1], [2, 0], [1, 0]]
    """
    distances = np.asarray(distances)
    n = len(distances)
    if distances.shape != (n, n) or n < 2 or np.isnan(distances).any():
        raise ValueError(f"distances must be (n, n) numbers of two tracks, not {distances.shape}")
    rng = np.random.default_rng(seed)
    ranked = np.empty((n, n - 1), np.int32)
    for query in range(n):
        others = rng.permutation(n)
        others = others[others != query]
        ranked[query] = others[np.argsort(distances[query, others], kind="stable")]
    return ranked


def _rows(per_query: Mapping[str, np.ndarray]) -> list[dict[str, str | int | float]]:
    return [
        {
            "metric": name,
            "n": len(values),
            "value": float(values.mean()),
            "ci95": half_width(values),
        }
        for name, values in per_query.items()
    ]


def _validated(lists: ArrayLike, what: str) -> np.ndarray:
    lists = np.asarray(lists)
    n = len(lists)
    others = np.arange(n - 1) + (np.arange(n - 1) >= np.arange(n)[:, None])
    if lists.shape != (n, n - 1) or not (np.sort(lists, axis=1) == others).all():
        raise ValueError(
            f"{what} must list for each of n tracks all others once, not {lists.shape}"
        )
    return lists


def _places(
    ranked: np.ndarray, reference: np.ndarray, artists: Sequence[str] | None
) -> tuple[np.ndarray, np.ndarray]:
    """Return at which places r_1 to r_5 are ranked, and among how many tracks, by query."""
    n = len(ranked)
    names = (
        np.arange(n) if artists is None else np.unique(np.array(artists), return_inverse=True)[1]
    )
    if names.shape != (n,):
        raise ValueError(f"{n} tracks need as many artists, not {names.shape}")
    n_others = n - np.bincount(names)[names]
    if n_others.min() < RELEVANT:
        raise ValueError(f"a query has fewer than {RELEVANT} other tracks: rank more of them")
    places = np.empty((n, RELEVANT), int)
    place_of = np.empty(n, int)
    for query in range(n):
        kept = names != names[query]
        listed = ranked[query][kept[ranked[query]]]
        place_of[listed] = np.arange(1, len(listed) + 1)
        relevant = reference[query][kept[reference[query]]][:RELEVANT]
        places[query] = place_of[relevant]
    return places, n_others
