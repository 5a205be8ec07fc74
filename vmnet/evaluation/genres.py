"""Whether what is recommended in the right track's place is of its genre (paper, section VI-D)."""

from collections.abc import Sequence

import numpy as np

TOP = 3  # tracks that the paper shows for a query (figure 10)


def genres_of_misses(
    distances: np.ndarray, genres: Sequence[str], top: int = TOP
) -> tuple[np.ndarray, np.ndarray]:
    """Return how much of the best `top`, and of the catalog, is of the genre of a missed query.

    A query is missed where `top` other tracks are nearer than its own. Where a genre is not known,
    "", the clip is no query, and its track is passed over: the best are those of known genre.
    Tracks that tie for the last place count in part.

    Parameters
    ----------
    distances : (n, n)
        Of queries (rows) from tracks (columns); the right answer of query i is i.
    genres : (n,)
        Of each clip.

    Returns
    -------
    of_top, of_catalog : (n_missed,) float64
        Percent of the best tracks, and of all tracks but the query's own: what chance gives. Both
        are empty where no more than `top` genres are known.

    Raises
    ------
    ValueError
        If shapes do not agree.

    Examples
    --------
    >>> distances = np.array([[0, 1, 2], [1, 2, 0], [1, 0, 2]])
    >>> for percent in genres_of_misses(distances, ["pop", "pop", "folk"], top=1):
    ...     print(percent.tolist())
    [0.0, 0.0]
    [50.0, 0.0]
    """
    distances, names = np.asarray(distances, np.float64), np.array(genres, str)
    if distances.shape != (len(names), len(names)):
        raise ValueError(f"distances of {len(names)} clips cannot be {distances.shape}")
    known, nearer = names != "", distances < np.diag(distances)[:, None]
    missed = known & (nearer.sum(axis=1) >= top) & (known.sum() > top)
    of_top, of_catalog = [], []
    for i in np.flatnonzero(missed):
        others = known & (np.arange(len(names)) != i)
        alike = names[others] == names[i]
        of_top.append(_share(distances[i, others], alike, top))
        of_catalog.append(alike.mean())
    return 100 * np.array(of_top, float), 100 * np.array(of_catalog, float)


def _share(distances: np.ndarray, alike: np.ndarray, top: int) -> float:
    """Return which part of the nearest `top` is alike."""
    last = np.partition(distances, top - 1)[top - 1]
    nearer, tied = distances < last, distances == last
    weights = nearer + tied * (top - nearer.sum()) / tied.sum()
    return float(weights @ alike / top)
