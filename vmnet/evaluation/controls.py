"""What the cuts of two tracks give away: rankings that neither hear nor see.

In the paper both tracks of a clip are cut at the same boundaries (IV-B), so that the number of
segments alone, or their lengths, may name the right track. A control compares the boundaries of a
query with those of a target and nothing else. What it ranks well is due to the scissors; where it
is at chance, what a network finds is due to the features.
"""

from collections.abc import Callable, Sequence

import numpy as np

Boundaries = Sequence[np.ndarray]  # (n_segments + 1,) s of each clip, increasing


def count(queries: Boundaries, targets: Boundaries) -> np.ndarray:
    """|K_q - K_t|, the difference of the numbers of segments."""
    numbers = [np.array([len(edges) - 1 for edges in side]) for side in (queries, targets)]
    return np.abs(numbers[0][:, None] - numbers[1]).astype(np.float32)


def lengths_sorted(queries: Boundaries, targets: Boundaries) -> np.ndarray:
    """Compare the longest segment with the longest, the second with the second, and so on.

    The sum of the differences (s); a segment without a partner counts with its whole length.
    """
    width = _widest(queries, targets)
    sides = ([np.sort(np.diff(edges))[::-1] for edges in side] for side in (queries, targets))
    return _sums(*(_padded(side, width) for side in sides))


def lengths_ordered(queries: Boundaries, targets: Boundaries) -> np.ndarray:
    """Compare the lengths in their order, where the shorter sequence fits best into the longer.

    The least sum of the differences (s) over all places of the shorter; a segment beside it counts
    with its whole length.
    """
    width = _widest(queries, targets)
    one, other = ([np.diff(edges) for edges in side] for side in (queries, targets))
    more = np.array([len(each) for each in other]) - np.array([len(each) for each in one])[:, None]
    best = np.full(more.shape, np.inf, np.float32)
    for shift in range(int(np.abs(more).max()) + 1):
        moved = _sums(_padded(one, width, shift), _padded(other, width))
        np.minimum(best, moved, out=best, where=more >= shift)
        moved = _sums(_padded(one, width), _padded(other, width, shift))
        np.minimum(best, moved, out=best, where=-more >= shift)
    return best


# From the boundaries of queries and targets to (n_queries, n_targets) float32, smaller = better.
CONTROLS: dict[str, Callable[[Boundaries, Boundaries], np.ndarray]] = {
    "count": count,
    "lengths_sorted": lengths_sorted,
    "lengths_ordered": lengths_ordered,
}


def control_matrix(queries: Boundaries, targets: Boundaries, control: str) -> np.ndarray:
    """Distance of every query's cuts to every target's.

    Parameters
    ----------
    queries, targets : (n_segments + 1,) s of each clip
    control : a key of `CONTROLS`

    Returns
    -------
    (n_queries, n_targets) float32, finite, smaller = better

    Raises
    ------
    ValueError
        If the control is unknown, a side is empty, or boundaries do not increase.

    Examples
    --------
    >>> queries, targets = [np.array([0, 10, 30])], [np.array([0, 20, 30]), np.array([0, 12])]
    >>> control_matrix(queries, targets, "lengths_ordered").tolist()
    [[20.0, 18.0]]
    >>> control_matrix(queries, targets, "lengths_sorted").tolist()
    [[0.0, 18.0]]
    """
    if control not in CONTROLS:
        raise ValueError(f"unknown control {control!r}: choose from {', '.join(CONTROLS)}")
    sides = [[np.asarray(edges, np.float64) for edges in side] for side in (queries, targets)]
    for edges in (edges for side in sides for edges in side):
        if edges.ndim != 1 or len(edges) < 2 or not (np.diff(edges) > 0).all():
            raise ValueError(f"boundaries must be 2 or more increasing times, not {edges}")
    if not all(sides):
        raise ValueError("controls need one or more queries and targets")
    return CONTROLS[control](*sides)


def _widest(queries: Boundaries, targets: Boundaries) -> int:
    return max(len(edges) - 1 for edges in (*queries, *targets))


def _padded(lengths: Sequence[np.ndarray], width: int, shift: int = 0) -> np.ndarray:
    """Return (n, width): each clip's lengths from place `shift` on, as far as they fit, and 0."""
    rows = np.zeros((len(lengths), width + shift))
    for row, own in zip(rows, lengths, strict=True):
        row[shift : shift + len(own)] = own
    return rows[:, :width]


def _sums(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Return the sum of the absolute differences of every row to every other."""
    from scipy.spatial.distance import cdist

    return cdist(one, other, "cityblock").astype(np.float32)
