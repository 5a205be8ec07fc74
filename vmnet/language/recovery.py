"""Does the method find what was put into rendered films? All that such films can tell.

Each film was drawn with an editing style (`vmnet.rendered.Editing`): how many of its cuts go to
beats, bars or sections, and how often a section begins with a cut. How S follows that over the
films is told by Spearman's correlation; "recovered" is one whose 95 % interval (Fisher's) is above
0. `instrument` holds what is measured in sound and pictures against what a film was made of.
"""

from collections.abc import Iterator, Sequence
from math import atanh, sqrt, tanh
from typing import TYPE_CHECKING, Any

import numpy as np

from vmnet.language.clip import ClipEvents
from vmnet.language.cooccurrence import DRAWS
from vmnet.language.durations import ALL
from vmnet.language.positions import positions

if TYPE_CHECKING:
    from vmnet.rendered import Editing

FEWEST = 10  # films that a correlation is given for
EVENTS = ("segments", "downbeats")


def set_synchrony(editing: "Editing", meter: int) -> dict[str, float]:
    """Return how many of the cuts go to downbeats, and how many sections begin with one, as set.

    Cuts on beats are on a downbeat as often as a beat is one; sections begin on downbeats.

    >>> from vmnet.rendered import Editing
    >>> set_synchrony(Editing(beats=4, unit="beat", sync=0.8, boundary=0.5), meter=4)
    {'segments': 0.5, 'downbeats': 0.2}
    """
    share = {"free": 0.0, "beat": 1 / meter, "bar": 1.0, "section": 1.0}[editing.unit]
    return {"segments": editing.boundary, "downbeats": editing.sync * share}


def as_set(
    clips: Sequence[ClipEvents], editings: Sequence["Editing"], seed: int = 0
) -> Iterator[dict[str, Any]]:
    """Yield how well S above chance follows what was set, over films: rows of the results."""
    for event in EVENTS:
        found = positions(clips, event, DRAWS, seed)
        with_events = [i for i, has in enumerate(found.which) if has]
        above = found.observed - found.nulls.mean(axis=1)
        if event == "downbeats":  # S counts cuts a bar: of so many cuts a bar, this share
            above = above / [_cuts_a_bar(clips[i]) for i in with_events]
        wanted = [set_synchrony(editings[i], clips[i].meter)[event] for i in with_events]
        yield from _spearman(f"S_{event} as set", np.array(wanted), above)


def _cuts_a_bar(clip: ClipEvents) -> float:
    return max(len(clip.cuts), 1) / clip.duration * clip.bar_seconds


def _spearman(metric: str, one: np.ndarray, other: np.ndarray) -> Iterator[dict[str, Any]]:
    """Yield Spearman's correlation, unless there are few films or all are alike."""
    if len(one) < FEWEST or np.ptp(one) == 0 or np.ptp(other) == 0:
        return
    from scipy.stats import spearmanr

    value = float(spearmanr(one, other).statistic)
    key = {"part": "recovered", "system": "spearman", "metric": metric, "group": ALL}
    yield {**key, "n": len(one), "value": value}


def fisher(correlation: float, n: int) -> tuple[float, float]:
    """Return the 95 % interval of a rank correlation over `n` > 3 pairs.

    >>> [round(end, 2) for end in fisher(0.5, 30)]
    [0.16, 0.73]
    """
    middle, half = atanh(min(max(correlation, -0.999), 0.999)), 1.96 * sqrt(1.06 / (n - 3))
    return tanh(middle - half), tanh(middle + half)
