"""How similar two tracks are by their tags: an open oracle in place of the thesis' (4.2.1, A.3).

The thesis' similarity S is a company's own. What is said of it is kept here: it expands the tags of
a track by related ones, weights those that were added lower, and combines the weights non-linearly.
With w the weights of a track's tags in [0, 1], E how far tag i implies tag j, c the weight of the
category of tag j:

    w^_j = max_i w_i E_ij                                              expansion
    J    = sum_j c_j min(w^_j, v^_j) / sum_j c_j max(w^_j, v^_j)       weighted Jaccard
    S    = 100 J^gamma                                                 in percent

S is 100 for a track and itself, symmetric, and 0 for tracks whose expansions share no tag; it never
falls when both tracks get the same tag. gamma changes no ranking, only how far a similarity counts
where negatives are drawn by it (`vmnet.similarity.mining`).
"""

import numpy as np
from numba import njit
from numpy.typing import ArrayLike

GAMMA = 1.5  # ours: mean S falls below 50 % within the first few ranks, as in figure 4.1
DECIMALS = 6  # of J, so that sums in another order make no two equal similarities differ
BLOCK_CELLS = 16 * 2**20  # similarities sorted at once, to bound the memory


def expand(weights: ArrayLike, expansion: ArrayLike) -> np.ndarray:
    """Return the weights of tags and of what they imply: an implied tag weighs at most E_ij.

    Parameters
    ----------
    weights : (n, m) or (m,), in [0, 1]
    expansion : (m, m), in [0, 1]
        E, with 1 on the diagonal.

    Returns
    -------
    (n, m) or (m,) float32

    Examples
    --------
    >>> expand([1, 0, 0.5], [[1, 0.5, 0], [0, 1, 0], [0, 0.2, 1]]).tolist()
    [1.0, 0.5, 0.5]
    """
    w, E = _in_unit(weights, "weights"), _in_unit(expansion, "expansion")
    if E.shape != (w.shape[-1],) * 2:
        raise ValueError(f"weights of {w.shape[-1]} tags do not fit an expansion {E.shape}")
    return _expand(np.atleast_2d(w), E).reshape(w.shape)


def similarity(
    w: ArrayLike, v: ArrayLike, category_weights: ArrayLike | None = None, gamma: float = GAMMA
) -> float:
    """Return S of two tracks, in percent; w, v : (m,) in [0, 1], as `expand` returned them.

    Examples
    --------
    >>> similarity([1, 0.5, 0.5], [1, 0, 0.5], gamma=1)
    75.0
    """
    both = np.stack([_in_unit(w, "weights"), _in_unit(v, "weights")])
    return float(similarity_matrix(both, None, category_weights, gamma)[0, 1])


def similarity_matrix(
    weights: ArrayLike,
    expansion: ArrayLike | None = None,
    category_weights: ArrayLike | None = None,
    gamma: float = GAMMA,
) -> np.ndarray:
    """Return S of all pairs of tracks.

    Parameters
    ----------
    weights : (n, m) in [0, 1]
    expansion : (m, m), optional
        E; without it the weights count as they are.
    category_weights : (m,), optional
        1 unless given.
    gamma
        Above 0.

    Returns
    -------
    (n, n) float32, in percent
        Symmetric. A track without any tag has S = 0 to all, itself included.

    Raises
    ------
    ValueError
        If a shape does not fit, or a weight is not in [0, 1].

    Examples
    --------
    >>> similarity_matrix([[1, 0], [0.5, 0], [0, 1]], gamma=1).tolist()
    [[100.0, 50.0, 0.0], [50.0, 100.0, 0.0], [0.0, 0.0, 100.0]]
    """
    w = _in_unit(weights, "weights")
    if w.ndim != 2 or gamma <= 0:
        raise ValueError(f"weights are (n, m) and gamma is above 0, not {w.shape} and {gamma}")
    c = np.ones(w.shape[1]) if category_weights is None else category_weights
    c = _in_unit(c, "category_weights")
    if c.shape != (w.shape[1],):
        raise ValueError(f"{w.shape[1]} tags need as many category weights, not {c.shape}")
    J = _jaccard(w if expansion is None else expand(w, expansion), c)
    J **= np.float32(gamma)
    J *= 100
    return J


def reference_lists(S: ArrayLike) -> np.ndarray:
    """Return R_S of every track: all others, the most similar first.

    Parameters
    ----------
    S : (n, n)
        Larger = more similar; the diagonal counts for nothing.

    Returns
    -------
    (n, n - 1) int32
        Tracks. Equally similar ones come in the order of their numbers, which is that of their ids
        in `TaggedTracks`.

    Raises
    ------
    ValueError
        If S is no square matrix, or a similarity is NaN.

    Examples
    --------
    >>> reference_lists([[9, 1, 5], [1, 9, 1], [5, 1, 9]]).tolist()
    [[2, 1], [0, 2], [0, 1]]
    """
    S = np.asarray(S)
    n = len(S)
    if S.ndim != 2 or S.shape != (n, n) or n < 2 or np.isnan(S).any():
        raise ValueError(f"S must be (n, n) numbers of two tracks or more, not {S.shape}")
    lists = np.empty((n, n - 1), np.int32)
    step = max(1, BLOCK_CELLS // n)
    for start in range(0, n, step):
        order = np.argsort(-S[start : start + step], axis=1, kind="stable")
        others = order != np.arange(start, start + len(order))[:, None]
        lists[start : start + step] = order[others].reshape(-1, n - 1)
    return lists


def _in_unit(values: ArrayLike, what: str) -> np.ndarray:
    array = np.ascontiguousarray(values, np.float32)
    if not ((array >= 0) & (array <= 1)).all():
        raise ValueError(f"{what} must lie in [0, 1]")
    return array


@njit(cache=True, nogil=True)
def _expand(w: np.ndarray, E: np.ndarray) -> np.ndarray:
    """Expand (n, m) weights by (m, m) E; tags that are absent cost nothing."""
    expanded = np.zeros_like(w)
    for t in range(w.shape[0]):
        for i in range(w.shape[1]):
            if w[t, i] > 0:
                for j in range(w.shape[1]):
                    expanded[t, j] = max(expanded[t, j], w[t, i] * E[i, j])
    return expanded


@njit(cache=True, nogil=True, fastmath={"reassoc"})
def _jaccard(w: np.ndarray, c: np.ndarray) -> np.ndarray:
    """Return J of all pairs of (n, m) weights under (m,) category weights, (n, n) float32."""
    J = np.empty((len(w), len(w)), np.float32)
    for t in range(len(w)):
        for u in range(t, len(w)):
            smaller, larger = 0.0, 0.0
            for j in range(w.shape[1]):
                smaller += c[j] * min(w[t, j], w[u, j])
                larger += c[j] * max(w[t, j], w[u, j])
            J[t, u] = round(smaller / larger, DECIMALS) if larger > 0 else 0.0
            J[u, t] = J[t, u]
    return J
