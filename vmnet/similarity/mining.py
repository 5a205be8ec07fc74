"""Which tracks a triplet network learns from: three ways to draw negatives (thesis, 4.2.2).

For an anchor t with the reference list r_1, r_2, ... the positives are the first N_p tracks. Each
of them, r_i, has N_n negatives among the tracks after it, r_j with j > i:

- `neighbors`: the next ones, r_(i+1) .. r_(i+N_n). (The thesis prints one more, to r_(i+1+N_n).)
- `random`: drawn from all that come after, each as likely. (Printed as 1 / (N - i + 1).)
- `distance`: drawn from these with a probability proportional to S(t, r_j), one after the other. A
  track of S = 0 is drawn only where no other is left (ours; nothing is said of it).

No track is drawn twice for one positive (ours, again). All of it happens before the training, and
within one split: a list that ran over all tracks would tell the training of test tracks. (The
thesis' 53,422,500 triplets are 14,246 x 15 x 250 and so count all tracks; 60 % of them are 8,547.)
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from vmnet.similarity.oracle import reference_lists

POSITIVES, NEGATIVES = 15, 250  # thesis, 4.2.2: N_p of an anchor, N_n of a positive
_LEAST = 1e-30  # so unlikely, beside any S above 0, is a track of S = 0

Mining = Callable[[np.ndarray, np.ndarray, int, int, np.random.Generator], np.ndarray]


def neighbors(
    reference_list: np.ndarray, S_row: np.ndarray, i: int, n_negatives: int, rng: object
) -> np.ndarray:
    """Return the tracks that come next after the positive; nothing is drawn.

    Parameters
    ----------
    reference_list : (n - 1,) int
        R_S of the anchor.
    S_row : (n,)
        S of the anchor and every track, by the number of the track.
    i
        Where the positive stands: it is `reference_list[i]`, the first has i = 0.
    n_negatives
        At least 1, at most the tracks that come after.
    rng : numpy.random.Generator

    Returns
    -------
    (n_negatives,) int
        Tracks, each once.

    Raises
    ------
    ValueError
        If there are fewer tracks after the positive.

    Examples
    --------
    >>> neighbors(np.array([4, 2, 3, 1]), np.zeros(5), 1, 2, np.random.default_rng(0)).tolist()
    [3, 1]
    """
    return _after(reference_list, i, n_negatives)[:n_negatives]


def random(
    reference_list: np.ndarray,
    S_row: np.ndarray,
    i: int,
    n_negatives: int,
    rng: np.random.Generator,
) -> np.ndarray:
    """Return tracks drawn from all that come after the positive; as `neighbors`."""
    after = _after(reference_list, i, n_negatives)
    return rng.choice(after, n_negatives, replace=False)


def distance(
    reference_list: np.ndarray,
    S_row: np.ndarray,
    i: int,
    n_negatives: int,
    rng: np.random.Generator,
) -> np.ndarray:
    """Return tracks drawn by their similarity to the anchor; as `neighbors`.

    Each track after the positive gets a time to wait, exponential with a rate of S. Those whose
    time ends first are what drawing one after the other, in proportion to S, would give.
    """
    after = _after(reference_list, i, n_negatives)
    waiting = rng.exponential(size=len(after)) / np.maximum(S_row[after], _LEAST)
    first = np.argpartition(waiting, n_negatives - 1)[:n_negatives]
    return after[first[np.argsort(waiting[first])]]


MINING: dict[str, Mining] = {"neighbors": neighbors, "random": random, "distance": distance}


@dataclass(frozen=True, eq=False)
class Triplets:
    """Anchors with their positives, and each of these with its negatives; all are tracks.

    Attributes
    ----------
    anchors : (n,) int32
    positives : (n, n_positives) int32
    negatives : (n, n_positives, n_negatives) int32
    """

    anchors: np.ndarray
    positives: np.ndarray
    negatives: np.ndarray

    def __len__(self) -> int:
        """Number of triplets: n x n_positives x n_negatives."""
        return self.negatives.size


def mine(
    S: ArrayLike,
    tracks: ArrayLike,
    strategy: str,
    n_positives: int = POSITIVES,
    n_negatives: int = NEGATIVES,
    seed: int = 0,
) -> Triplets:
    """Draw the triplets of the tracks of one split.

    Parameters
    ----------
    S : (n_all, n_all)
        How similar all tracks are, larger = more.
    tracks : (n,) int
        Those of the split: the reference lists are made among these alone.
    strategy
        A key of `MINING`.
    n_positives, n_negatives
        The last positive needs as many tracks after it as negatives are drawn:
        n_positives + n_negatives is at most n - 1.
    seed
        Of the draws.

    Raises
    ------
    ValueError
        If there is no such strategy, or are too few tracks.
    """
    if strategy not in MINING:
        raise ValueError(f"there is no mining {strategy!r}; there are {', '.join(MINING)}")
    tracks = np.asarray(tracks, np.int32)
    n = len(tracks)
    if min(n_positives, n_negatives) < 1 or n_positives + n_negatives > n - 1:
        raise ValueError(
            f"{n} tracks have no {n_positives} positives with {n_negatives} negatives after each"
        )
    within = np.asarray(S)[np.ix_(tracks, tracks)]
    lists = reference_lists(within)
    rng = np.random.default_rng(seed)
    draw = MINING[strategy]
    negatives = np.empty((n, n_positives, n_negatives), np.int32)
    for t in range(n):
        for i in range(n_positives):
            negatives[t, i] = draw(lists[t], within[t], i, n_negatives, rng)
    return Triplets(tracks, tracks[lists[:, :n_positives]], tracks[negatives])


def _after(reference_list: np.ndarray, i: int, n_negatives: int) -> np.ndarray:
    after = reference_list[i + 1 :]
    if i < 0 or not 1 <= n_negatives <= len(after):
        raise ValueError(f"{n_negatives} negatives after place {i} of {len(reference_list)} tracks")
    return after
