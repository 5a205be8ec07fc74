"""What a clip's own similarity matrix says of its segments (paper, section VI-D, figure 11).

Entry (k, l) is the cosine of the clip's k-th video segment and its l-th music segment, both cut at
the same times. The paper reads two things from the matrix of one clip: a video segment is more
similar to the music of its own time than to other music of the clip, and the first and last
segments are tied more strongly than those between. Here both are numbers, a pair for each clip.
"""

import numpy as np
from numpy.typing import ArrayLike


def own_and_others(similarity: ArrayLike) -> tuple[float, float]:
    """Return the mean of the diagonal and that of the rest, of a (K, K) matrix, K >= 2.

    >>> [round(mean, 6) for mean in own_and_others([[0.9, 0.1], [0.3, 0.5]])]
    [0.7, 0.2]
    """
    similarity = _square(similarity, 2)
    own, k = np.trace(similarity), len(similarity)
    return float(own / k), float((similarity.sum() - own) / (k * (k - 1)))


def own_is_best(similarity: ArrayLike) -> float:
    """Return the share of video segments whose own music is the most similar, in percent.

    Music that ties for the first place counts in part, so that a matrix of equal values has chance,
    100 / K.

    >>> own_is_best([[0.9, 0.1], [0.5, 0.5]])
    75.0
    """
    similarity = _square(similarity, 2)
    best = similarity == similarity.max(axis=1, keepdims=True)
    return float(100 * np.mean(np.diag(best) / best.sum(axis=1)))


def ends_and_middle(similarity: ArrayLike) -> tuple[float, float]:
    """Return the mean of first and last of the diagonal and that of those between, K >= 3.

    >>> [round(mean, 6) for mean in ends_and_middle(np.diag([0.8, 0.1, 0.3, 0.6]))]
    [0.7, 0.2]
    """
    diagonal = np.diag(_square(similarity, 3))
    return float((diagonal[0] + diagonal[-1]) / 2), float(diagonal[1:-1].mean())


def _square(similarity: ArrayLike, least: int) -> np.ndarray:
    similarity = np.asarray(similarity, dtype=np.float64)
    if similarity.ndim != 2 or len(set(similarity.shape)) != 1 or len(similarity) < least:
        raise ValueError(
            f"a clip's similarity matrix must be (K, K), K at least {least}, not {similarity.shape}"
        )
    return similarity
