"""What the output units of a network listen to (thesis, table 4.3).

The thesis takes the five test tracks that activate a unit most, and lists the tags that two or more
of them share, for six units of 128. It has no test: five tracks of a catalog share tags anyway, and
of 128 units some share many. Here each unit has a p-value: the share of random fives that agree at
least as much. Beside the p-values stands how many units would be below 5 % by chance.

How much five tracks agree is the surprise at the tag that they share most remarkably: the largest
-log P over the tags that two or more have, P being the probability that of five tracks drawn at
random as many or more have it (hypergeometric). That so is the largest over many tags is in the
random fives, too.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

TOP = 5  # tracks a unit: thesis, table 4.3
DRAWS = 9999  # random fives; the smallest p is 1 / 10,000
LEVEL = 0.05


@dataclass(frozen=True)
class Unit:
    """One output unit.

    Attributes
    ----------
    number
        Counted from 0.
    tracks
        Those that activate it most, the most first.
    shared
        The tags that two or more of them have, with how many do, the commonest first.
    p
        The share of random fives that agree as much or more; 1 for a unit that is the same for all
        tracks.
    p_corrected
        p for so many units (Benjamini and Hochberg, 1995): of the units up to 0.05, one in twenty
        is expected to be there by chance; where no unit listens to any tag, there is one in one of
        twenty networks.
    """

    number: int
    tracks: tuple[int, ...]
    shared: tuple[tuple[str, int], ...]
    p: float
    p_corrected: float


def analyse_units(
    embeddings: np.ndarray,
    weights: np.ndarray,
    tags: Sequence[str],
    artists: Sequence[str] | None = None,
    seed: int = 0,
    draws: int = DRAWS,
) -> list[Unit]:
    """Tell of every output unit which tags its tracks share, and whether random ones do as well.

    Parameters
    ----------
    embeddings : (n, d)
        What the network gives for n test tracks.
    weights : (n, m)
        Of their tags as annotated; a tag counts where its weight is above 0.
    tags : m str
    artists : n str, optional
        Songs of one artist share tags, and sound alike for other reasons: where they are given, no
        two of a unit's tracks are of one artist, and no two of random ones either.
    seed, draws
        Of the random fives.

    Returns
    -------
    units : d of them, in order

    Raises
    ------
    ValueError
        If the arrays do not fit, or there are fewer than five tracks (or artists).

    Examples
    --------
    >>> tagged = np.array([[1.0]] * 5 + [[0.0]] * 15)
    >>> (unit,) = analyse_units(tagged, tagged, ["guitar"])
    >>> unit.tracks, unit.shared, unit.p < 0.001
    ((0, 1, 2, 3, 4), (('guitar', 5),), True)
    """
    n = len(embeddings)
    owners = (
        np.arange(n) if artists is None else np.unique(np.array(artists), return_inverse=True)[1]
    )
    if weights.shape != (n, len(tags)) or owners.shape != (n,) or draws < 1:
        raise ValueError(f"{embeddings.shape}, {weights.shape}, {owners.shape} do not fit")
    if len(np.unique(owners)) < TOP:
        raise ValueError(f"units need {TOP} tracks of different artists")
    has = np.asarray(weights > 0)
    surprise = _surprise(has)
    rng = np.random.default_rng(seed)
    random_fives = np.array([_first(rng.permutation(n), owners) for _ in range(draws)])
    by_chance = np.sort(_agreement(has, surprise, random_fives))
    orders = np.argsort(-embeddings, axis=0, kind="stable").T
    fives = np.array([_first(order, owners) for order in orders])
    below = np.searchsorted(by_chance, _agreement(has, surprise, fives))
    p = np.where(np.ptp(embeddings, axis=0) > 0, (1 + draws - below) / (1 + draws), 1.0)
    corrected = stats.false_discovery_control(p)
    return [
        Unit(i, tuple(five.tolist()), _shared(has, five, tags), float(p[i]), float(corrected[i]))
        for i, five in enumerate(fives)
    ]


def units_sentence(units: Sequence[Unit]) -> str:
    """Say how many units' tracks share more tags than random ones, and how many would by chance.

    >>> units_sentence([Unit(0, (), (), 0.001, 0.002), Unit(1, (), (), 0.3, 0.3)])
    '1 of 2 units share tags at p <= 0.05, where 0.1 would by chance; 1 after correction for all 2.'
    """
    single = sum(unit.p <= LEVEL for unit in units)
    corrected = sum(unit.p_corrected <= LEVEL for unit in units)
    return (
        f"{single} of {len(units)} units share tags at p <= {LEVEL:g}, where "
        f"{LEVEL * len(units):.1f} would by chance; {corrected} after correction for all "
        f"{len(units)}."
    )


def _first(order: np.ndarray, owners: np.ndarray) -> np.ndarray:
    """Return the first `TOP` tracks in an order, no two of one owner."""
    _, places = np.unique(owners[order], return_index=True)
    return order[np.sort(places)[:TOP]]


def _surprise(has: np.ndarray) -> np.ndarray:
    """Return -log P of (n, m) tags by how many of five tracks have each, (m, 6)."""
    counts = np.arange(TOP + 1)
    with np.errstate(divide="ignore"):  # more tracks than have the tag: never looked up
        surprise = -np.log(stats.hypergeom.sf(counts - 1, len(has), has.sum(axis=0)[:, None], TOP))
    surprise[:, :2] = 0  # one track shares nothing
    return surprise


def _agreement(has: np.ndarray, surprise: np.ndarray, fives: np.ndarray) -> np.ndarray:
    """Return the largest surprise at a tag of (n_fives, 5) tracks."""
    counts = np.zeros((len(fives), has.shape[1]), int)
    for tracks in fives.T:
        counts += has[tracks]
    return surprise[np.arange(has.shape[1]), counts].max(axis=1)


def _shared(
    has: np.ndarray, tracks: np.ndarray, tags: Sequence[str]
) -> tuple[tuple[str, int], ...]:
    counts = has[tracks].sum(axis=0)
    order = np.argsort(-counts, kind="stable")
    return tuple((tags[j], int(counts[j])) for j in order if counts[j] >= 2)
