"""Ranking distances between clips, each a sequence of segment embeddings (paper, section IV-D).

All are symmetric, so it does not matter which of queries and targets is the music and which the
video: the matrix of the swapped roles is the transpose. Smaller = better.

D[i, j] = |q_i - t_j|^2 is computed with the norms, so embeddings need not have unit norm there
(`centroid`, `single`, `complete`, and the two `_printed`). The similarity forms (`nw`, `sw`,
`trace`, `best_trace`) sum dot products q_i . t_j, which the network's unit norm bounds to [-1, 1].

`trace` and `best_trace` are minus sums of dot products. Read literally, equations 7.4 to 7.6 sum
non-negative D over min(K_q, K_t) terms, which puts every short track near every query; that reading
is kept as `trace_printed` and `best_trace_printed`.

A sum grows with its terms, so that long tracks are near every query: five segments at a cosine of
0.9 lose to twenty at 0.3. The forms of `NORMALISED` take that out.

Dot products are float32 and come from block matrix products; recurrences and diagonal sums are
float64, the result is float32. Distances agree with the same formulae in float64 within about
1e-6 times the number of segments times the largest squared norm.
"""

import inspect
from collections.abc import Callable, Iterator
from functools import partial, wraps
from itertools import product
from numbers import Real
from typing import Any, NamedTuple

import numpy as np

from vmnet.aligners.blocks import (
    Products,
    centroids,
    dot_products,
    gathered,
    minus_squared_distances,
    pair_scores,
    runs,
    squared_distances,
)
from vmnet.aligners.sequences import Sequences
from vmnet.aligners.targets import Targets, check_finite

BLOCK_CLIPS = 4096  # on each side of a block: 4096^2 float32 dot products are 64 MiB


def centroid(queries: Sequences, targets: Sequences) -> np.ndarray:
    """|mean_i(q_i) - mean_j(t_j)|^2, the means not renormalised (thesis eq. 7.1)."""
    return single(centroids(queries), centroids(targets))


def single(queries: Sequences, targets: Sequences) -> np.ndarray:
    """Single linkage, min D[i, j] (thesis eq. 7.2)."""
    from vmnet.aligners.kernels import largest_scores

    scores = pair_scores(largest_scores, queries, targets, products=minus_squared_distances)
    return np.maximum(-scores, 0)  # where rounding leaves D = -1e-7


def complete(queries: Sequences, targets: Sequences) -> np.ndarray:
    """Complete linkage, max D[i, j] (thesis eq. 7.3)."""
    from vmnet.aligners.kernels import largest_scores

    scores = pair_scores(largest_scores, queries, targets, products=squared_distances)
    return np.maximum(scores, 0)


def nw(queries: Sequences, targets: Sequences, indel: float = 0.05) -> np.ndarray:
    """Minus the score of the global alignment of dot products (paper, algorithm 1 and its cost)."""
    from vmnet.aligners.kernels import CORNER, alignment_scores

    cost = _cost(indel)
    return -pair_scores(alignment_scores, queries, targets, cost, cost, -np.inf, CORNER)


def sw(queries: Sequences, targets: Sequences, indel: float = 0.01) -> np.ndarray:
    """Minus the score of the best local alignment of dot products (paper, algorithm 2)."""
    from vmnet.aligners.kernels import ANYWHERE, alignment_scores

    cost = _cost(indel)
    return -pair_scores(alignment_scores, queries, targets, cost, cost, 0.0, ANYWHERE)


def trace(queries: Sequences, targets: Sequences) -> np.ndarray:
    """-sum q_i . t_i over i = 1..min(K_q, K_t): eq. 7.4 with similarities for distances."""
    return _diagonal_sums(queries, targets)


def best_trace(queries: Sequences, targets: Sequences) -> np.ndarray:
    """The least `trace` over all shifts of the shorter within the longer: eq. 7.5 and 7.6 likewise.

    Equal lengths leave one diagonal, so that best_trace = trace.
    """
    return -_best_diagonals(queries, targets)


def trace_printed(queries: Sequences, targets: Sequences) -> np.ndarray:
    """Sum of D[i, i] over i = 1..min(K_q, K_t), as printed (thesis eq. 7.4)."""
    return np.maximum(_diagonal_sums(queries, targets, minus_squared_distances), 0)


def best_trace_printed(queries: Sequences, targets: Sequences) -> np.ndarray:
    """The least `trace_printed` over all shifts of the shorter, as printed (eq. 7.5 and 7.6)."""
    return np.maximum(-_best_diagonals(queries, targets, minus_squared_distances), 0)


def count(queries: Sequences, targets: Sequences) -> np.ndarray:
    """|K_q - K_t|, the difference of the numbers of segments: a control of ours, deaf and blind.

    The two tracks of a clip are cut at the same boundaries (paper IV-B), so that the right target
    has distance 0. What this ranks well is due to the cutting and not to the embeddings.
    """
    difference = np.abs(queries.lengths[:, None] - targets.lengths[None, :])
    return difference.astype(np.float32)


# From queries and targets to (n_queries, n_targets) float32, smaller = better. A further one is a
# function and a line here; what it takes beside the two has a name and a default, as `indel` has.
Distance = Callable[..., np.ndarray]


def mean_form(distance: Distance) -> Distance:
    """Return a similarity form as a mean: divided by min(K_q, K_t), the most that can be matched.

    Embeddings of unit norm have it in [-1, 1], but for the cost of what is skipped; -1 is a clip
    beside itself, or beside a longer one that holds it where nothing is charged for the rest.

    Examples
    --------
    A query of 20 segments, a track of 5 at a cosine of 0.9 and one of 20 at 0.3: the sums are 4.5
    and 6, the means 0.9 and 0.3.

    >>> query = Sequences.from_list([[[1, 0]] * 20])
    >>> tracks = Sequences.from_list([[[0.9, 0.19**0.5]] * 5, [[0.3, 0.91**0.5]] * 20])
    >>> (trace(query, tracks) + 0).round(2), mean_form(trace)(query, tracks).round(2)
    (array([[-4.5, -6. ]], dtype=float32), array([[-0.9, -0.3]], dtype=float32))
    """

    @wraps(distance)  # with its signature: the parameters are the same
    def mean(queries: Sequences, targets: Sequences, **params: Any) -> np.ndarray:
        matched = np.minimum(queries.lengths[:, None], targets.lengths)
        return distance(queries, targets, **params) / matched.astype(np.float32)

    return mean


DISTANCES: dict[str, Distance] = {
    "centroid": centroid,
    "single": single,
    "complete": complete,
    "nw": nw,
    "sw": sw,
    "trace": trace,
    "best_trace": best_trace,
    "trace_printed": trace_printed,
    "best_trace_printed": best_trace_printed,
    "count": count,
}

NORMALISED = {name: f"{name}_mean" for name in ("nw", "sw", "trace", "best_trace")}
"""The form of each alignment that is normalised by length, a key of `DISTANCES` as itself."""

RECOMMENDED = NORMALISED["best_trace"]
"""What a catalog is ranked by unless told otherwise: among tracks of mixed lengths, cut apart, it
had the least mean rank on the validation clips of real videos (docs/real-data.md)."""

DISTANCES |= {mean: mean_form(DISTANCES[name]) for name, mean in NORMALISED.items()}


def alignment_of(method: str) -> str:
    """Return the paper's form of a distance: its alignment, whose path and indel cost it has.

    >>> alignment_of("nw_mean"), alignment_of("nw")
    ('nw', 'nw')
    """
    return next((name for name, mean in NORMALISED.items() if mean == method), method)


def parameters(method: str) -> dict[str, Any]:
    """Return what a distance takes beside queries and targets, with the values it has by default.

    >>> parameters("nw"), parameters("trace")
    ({'indel': 0.05}, {})

    Raises
    ------
    ValueError
        If the method is no key of `DISTANCES`.
    """
    if method not in DISTANCES:
        raise ValueError(f"unknown distance {method!r}: choose from {', '.join(DISTANCES)}")
    taken = list(inspect.signature(DISTANCES[method]).parameters.values())[2:]
    return {parameter.name: parameter.default for parameter in taken}


def indel_defaults() -> dict[str, float]:
    """Return the indel cost of each alignment that has one (paper IV-D).

    A form that is normalised by length has that of its alignment.

    >>> indel_defaults()
    {'nw': 0.05, 'sw': 0.01}
    """
    own = [name for name in DISTANCES if alignment_of(name) == name]
    return {name: found["indel"] for name in own if "indel" in (found := parameters(name))}


def distance_matrix(
    queries: Sequences,
    targets: Sequences,
    method: str,
    *,
    backend: str = "numba",
    **params: Any,
) -> np.ndarray:
    """Distance of every query to every target.

    Parameters
    ----------
    queries, targets : Sequences
        Segment embeddings of one dim. Targets that many queries meet, one after the other, are
        better a `Targets`, which has them checked and laid out once.
    method : str
        A key of `DISTANCES`.
    backend : "numba" or "keras"
        Compiled for the processor, or what Keras runs on (a GPU where it has one). The latter knows
        the distances of the paper, and agrees with the former within 1e-4 for unit norm.
    **params
        What `parameters(method)` names: `indel`, the cost of an insertion or deletion in the unit
        of the dot product, a number >= 0.

    Returns
    -------
    (n_queries, n_targets) float32, finite, smaller = better

    Raises
    ------
    ValueError
        If the method or the backend is unknown, the dims differ, or a value is not finite or makes
        no sense.
    TypeError
        If a parameter is unknown or no number.

    Examples
    --------
    The query has lost its beginning: a global alignment skips one segment, at the price of `indel`.

    >>> query = Sequences.from_list([[[0, 1], [1, 0]]])
    >>> targets = Sequences.from_list([[[1, 0], [0, 1], [1, 0]], [[1, 0], [-1, 0]]])
    >>> distance_matrix(query, targets, "nw")
    array([[-1.95, -0.9 ]], dtype=float32)
    >>> distance_matrix(query, targets, "nw", indel=0.5)
    array([[-1.5,  0. ]], dtype=float32)
    """
    known = parameters(method)
    unknown = sorted(set(params) - set(known))
    if unknown:
        takes = ", ".join(known) if known else "no parameter"
        raise TypeError(f"unknown parameter {unknown[0]!r}: distance {method!r} takes {takes}")
    _check(queries, targets)
    distances = _backend(backend, method)(queries, targets, **(known | params))
    if not np.isfinite(distances).all():
        raise ValueError(f"distance {method!r} overflows float32: normalise the embeddings")
    distances += 0  # no negative zeros
    return distances


def _backend(backend: str, method: str) -> Distance:
    """Return the function that computes a distance there."""
    if backend not in ("numba", "keras"):
        raise ValueError(f"unknown backend {backend!r}: choose from numba, keras")
    if backend == "numba" or method == "count":
        return DISTANCES[method]
    from vmnet.aligners import on_keras

    alignment = alignment_of(method)
    if alignment not in on_keras.METHODS:
        raise ValueError(f"distance {method!r} has no form for keras: use backend='numba'")
    distance = partial(on_keras.distances, method=alignment)
    return distance if alignment == method else mean_form(distance)


class Alignment(NamedTuple):
    """The best alignment of two clips.

    Attributes
    ----------
    path : (n_matches, 2) int64
        Matched segments, i of the query and j of the target, in order.
    score : float
        Sum of their dot products, less the cost of what is skipped.
    table : (n_query_segments + 1, n_target_segments + 1) float64
        X of the paper: X[i, j] is the best score of the first i segments with the first j. The
        trace forms have none, and here the (n_query_segments, n_target_segments) dot products.
    """

    path: np.ndarray
    score: float
    table: np.ndarray


def align(
    query: np.ndarray, target: np.ndarray, method: str = "nw", indel: float | None = None
) -> Alignment:
    """Align two clips and say which segments match.

    Parameters
    ----------
    query : (n_query_segments, dim)
    target : (n_target_segments, dim)
    method : "nw", "sw", "trace" or "best_trace"
        Global (paper, algorithm 1), local (algorithm 2), segment by segment from the first on
        (eq. 7.4), or so at the best shift of the shorter within the longer (eq. 7.5 and 7.6).
    indel : float, optional
        As in `distance_matrix`; that of the distance of the same name unless given.

    Returns
    -------
    Alignment
        The score is minus the distance. Where several paths have it, a match goes before a skip,
        and the path that ends first before the others. A local path is empty if no dot product
        is positive.

    Raises
    ------
    ValueError, TypeError
        As `distance_matrix`.

    Examples
    --------
    >>> found = align([[1, 0], [0, 1]], [[1, 0], [-1, 0], [0, 1]])
    >>> found.path.tolist(), found.score
    ([[0, 0], [1, 2]], 1.95)
    """
    from vmnet.aligners.kernels import fill

    if method not in NORMALISED:
        raise ValueError(f"unknown alignment {method!r}: choose from {', '.join(NORMALISED)}")
    floors = {"nw": -np.inf, "sw": 0.0}
    queries, targets = Sequences.from_list([query]), Sequences.from_list([target])
    _check(queries, targets)
    similarity = queries.data @ targets.data.T
    if method not in floors:
        return _diagonal(similarity, best=method == "best_trace")
    indel = _cost(indel_defaults()[method] if indel is None else indel)
    X = np.empty((len(query) + 1, len(target) + 1))
    fill(similarity, indel, floors[method], X)
    score = X.max() if method == "sw" else X[-1, -1]
    return Alignment(_path(X, similarity, indel, local=method == "sw"), float(score), X)


def _diagonal(similarity: np.ndarray, best: bool) -> Alignment:
    """Align along the main diagonal, or the best that holds the whole of the shorter clip."""
    n, m = similarity.shape
    steps = np.arange(min(n, m))
    shifts = range(abs(n - m) + 1 if best else 1)
    places = [(steps + shift * (n > m), steps + shift * (n <= m)) for shift in shifts]
    sums = [float(similarity[place].sum(dtype=np.float64)) for place in places]
    found = int(np.argmax(sums))
    return Alignment(np.stack(places[found], axis=1).astype(np.int64), sums[found], similarity)


def _path(X: np.ndarray, similarity: np.ndarray, indel: float, local: bool) -> np.ndarray:
    """Walk back through the filled table X to where the alignment starts."""
    last = np.argmax(X) if local else X.size - 1
    i, j = map(int, np.unravel_index(last, X.shape))
    path = []
    while i > 0 and j > 0 and not (local and X[i, j] == 0):
        match = X[i - 1, j - 1] + similarity[i - 1, j - 1]
        up, left = X[i - 1, j] - indel, X[i, j - 1] - indel
        if match >= max(up, left):
            i, j = i - 1, j - 1
            path.append((i, j))
        elif up >= left:
            i -= 1
        else:
            j -= 1
    return np.array(path[::-1], dtype=np.int64).reshape(-1, 2)


def _best_diagonals(
    queries: Sequences, targets: Sequences, products: Products = dot_products
) -> np.ndarray:
    """Score the best diagonals: alignments that begin anywhere at no cost, and skip at any."""
    from vmnet.aligners.kernels import FULL_DIAGONALS, alignment_scores

    params = (0.0, np.inf, -np.inf, FULL_DIAGONALS)
    return pair_scores(alignment_scores, queries, targets, *params, products=products)


def _diagonal_sums(
    queries: Sequences, targets: Sequences, products: Products = dot_products
) -> np.ndarray:
    """Sum the main diagonals: the products of one position at a time, and none off them."""
    distances = np.empty((len(queries), len(targets)), np.float32)
    for rows, columns in product(_runs_of_clips(queries), _runs_of_clips(targets)):
        distances[rows, columns] = -_diagonal_scores(
            queries.select(rows), targets.select(columns), products
        )
    return distances


def _runs_of_clips(sequences: Sequences) -> Iterator[slice]:
    return runs(np.arange(len(sequences) + 1), BLOCK_CLIPS)


def _diagonal_scores(queries: Sequences, targets: Sequences, products: Products) -> np.ndarray:
    from vmnet.aligners.kernels import add_at

    scores = np.zeros((len(queries), len(targets)))
    for i in range(min(queries.lengths.max(), targets.lengths.max())):
        rows = np.flatnonzero(queries.lengths > i)
        columns = np.flatnonzero(targets.lengths > i)
        ith_queries = gathered(queries.data, queries.offsets[rows] + i)
        ith_targets = gathered(targets.data, targets.offsets[columns] + i)
        add_at(scores, rows, columns, products(ith_queries, ith_targets))
    return scores


def _cost(indel: float) -> float:
    if not isinstance(indel, Real):
        raise TypeError(f"indel must be a number, not {indel!r}")
    if not 0 <= indel < np.inf:
        raise ValueError(f"indel must be a finite number of at least 0, not {indel!r}")
    return float(indel)


def _check(queries: Sequences, targets: Sequences) -> None:
    if queries.dim != targets.dim:
        raise ValueError(
            f"queries have {queries.dim} dimensions and targets {targets.dim}: "
            "embed both with the same model"
        )
    check_finite(queries, "query")
    if not isinstance(targets, Targets):
        check_finite(targets, "target")
