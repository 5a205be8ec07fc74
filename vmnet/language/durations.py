"""Do shots last as long as beats and bars? The thesis' first experiment (6.2.3, table 6.2).

The *dominant* shot length of a film is where the histogram of its shot lengths is highest. It
*agrees* with a beat, a bar or four bars if it lasts between half and one and a half times as long.

These are wide bands, and the highest bin of a skewed histogram is a short one: shots that know
nothing of any music agree with beats in 10 to 58 films of 100. So beside what is observed stands
what is left when the tempi are permuted over the films: each film's shots with another's tempo.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import sqrt

import numpy as np

from vmnet.language.clip import ClipEvents

BIN = 0.2  # s; not stated in the thesis: the labels of its figure 6.5 read 2.6-2.8 and 1.8-2.0
BANDS = (0.5, 1.5)  # of the unit
UNITS = {"beat": 1.0, "bar": 1.0, "four_bars": 4.0}
"""How often the beat or the bar goes into each unit."""

DRAWS = 1000
ALL = "all"


def histogram(shots: np.ndarray, width: float = BIN) -> np.ndarray:
    """Count shots by their length.

    Parameters
    ----------
    shots : (n_shots,) lengths in seconds, at least one, above 0
    width : of a bin, in seconds

    Returns
    -------
    (n_bins,) int: bin k holds lengths from k x `width` on and below (k + 1) x `width`. A length
    that is an edge but for rounding is that edge: 0.4 s, ten frames at 25 Hz, is in [0.4, 0.6).

    Raises
    ------
    ValueError
        If there is no shot, or a length or the width is not above 0.
    """
    shots = np.asarray(shots, dtype=np.float64)
    if shots.ndim != 1 or not len(shots) or not (shots > 0).all() or not width > 0:
        raise ValueError("shots must be lengths above 0 s, at least one, and the width above 0")
    return np.bincount(np.floor(np.round(shots / width, 6)).astype(int))


def dominant_shot(shots: np.ndarray, width: float = BIN) -> float:
    """Return the centre (s) of the fullest bin of `histogram`; of equals, the shortest.

    >>> round(dominant_shot([0.4, 1.9, 2.0, 2.1, 2.3]), 3)  # two in [2.0, 2.2)
    2.1
    """
    return float((np.argmax(histogram(shots, width)) + 0.5) * width)


def agrees(dominant: np.ndarray | float, unit: np.ndarray | float) -> np.ndarray:
    """Tell whether a dominant length and a unit, both in seconds, agree; NaN agrees with nothing.

    >>> bool(agrees(2.1, 2.0)), bool(agrees(1.0, 2.0))  # exactly half is outside
    (True, False)
    """
    low, high = (share * np.asarray(unit) for share in BANDS)
    return (low < dominant) & (dominant < high)


@dataclass(frozen=True)
class Agreement:
    """How many films of a group agree with one unit, and how many would by chance.

    `percent`, `null`, `low` and `high` are of the films: observed, and with permuted tempi the mean
    and the 2.5th and 97.5th percentile. `ci95` is half of Wilson's 95 % interval, which is not 0
    where no film agrees. `p` is the share of the permutations, the observation being one, with at
    least as many.
    """

    group: str
    unit: str
    n: int
    count: int
    percent: float
    ci95: float
    null: float
    low: float
    high: float
    p: float


def units_of(clips: Sequence[ClipEvents]) -> dict[str, np.ndarray]:
    """Return how long beat, bar and four bars of each film last, (n_clips,) s by unit."""
    beat = np.array([clip.beat_seconds for clip in clips])
    bar = np.array([clip.bar_seconds for clip in clips])
    return {name: times * (beat if name == "beat" else bar) for name, times in UNITS.items()}


def agreement(
    clips: Sequence[ClipEvents],
    groups: Mapping[str, np.ndarray] | None = None,
    width: float = BIN,
    draws: int = DRAWS,
    seed: int = 0,
) -> list[Agreement]:
    """Return the agreement of groups of films with each unit, beside its null.

    Parameters
    ----------
    clips
        Films whose tempo and meter are known.
    groups
        By name, (n_clips,) bool: which films are in it. `None` is one group, of all. Tempi are
        permuted over all films, so that a group is held against the tempi of all.
    width
        Of the bins of the histogram, in seconds.
    draws, seed
        Permutations of the tempi, and what draws them.

    Raises
    ------
    ValueError
        If there are no films, a tempo or meter is unknown, or a group is empty.
    """
    units = units_of(clips)
    if not clips or any(np.isnan(unit).any() for unit in units.values()):
        raise ValueError("agreement needs films, each with a known tempo and meter")
    groups = {ALL: np.ones(len(clips), bool)} if groups is None else groups
    members = np.array(list(groups.values()), dtype=np.float64)  # (n_groups, n_clips)
    if not members.any(axis=1).all():
        raise ValueError("a group has no films")
    lengths = np.array([dominant(clip, width) for clip in clips])
    rng = np.random.default_rng(seed)
    orders = np.array([rng.permutation(len(clips)) for _ in range(draws)])
    rows = []
    for name, unit in units.items():
        observed = members @ agrees(lengths, unit)
        by_chance = members @ agrees(lengths, unit[orders]).T  # (n_groups, draws)
        rows += [
            _row(group, name, int(which.sum()), int(count), some)
            for group, which, count, some in zip(groups, members, observed, by_chance, strict=True)
        ]
    return rows


def dominant(clip: ClipEvents, width: float = 0.0) -> float:
    """Return the dominant shot length (s) of a film, in bins of `width`; 0 is `BIN`.

    Between cuts known to the second, shots last whole seconds, each the middle of its bin; bins are
    as wide, unless told.
    """
    half = clip.resolution / 2
    return dominant_shot(clip.shots + half, width or clip.resolution or BIN) - half


def _row(group: str, unit: str, n: int, count: int, by_chance: np.ndarray) -> Agreement:
    low, high = np.percentile(by_chance, [2.5, 97.5])
    p = (1 + (by_chance >= count).sum()) / (1 + len(by_chance))
    shares = [100 * float(value) / n for value in (count, by_chance.mean(), low, high)]
    percent, null, low, high = shares
    return Agreement(
        group, unit, n, count, percent, 100 * wilson(count, n), null, low, high, float(p)
    )


def wilson(count: int, n: int) -> float:
    """Return half of Wilson's 95 % interval of a share, `count` of `n`.

    >>> round(wilson(0, 12), 3), round(wilson(50, 100), 3)
    (0.121, 0.096)
    """
    z, share = 1.96, count / n
    return z * sqrt(share * (1 - share) / n + z**2 / (4 * n**2)) / (1 + z**2 / n)
