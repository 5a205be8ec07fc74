"""What numbers say of the thesis' claims: ours, one kind of data at a time, and its own.

One rule for all: a claim holds where all its pairs of numbers are in the claimed order. One pair
decides, the widest gap in the wrong order or the nearest in the right one, each less the 95 %
interval of its difference, as if the two were independent (`vmnet.report.verdicts`). Where the gap
does not exceed that interval, the verdict is "within the interval". A number that is made of others
has the interval that theirs give it; a share of queries or films without one that of a share.

What a claim reads and the results lack is left out, and named; where no pair is left, it was not
computed. Rendered films were built so that chapter 6 has something to find in them, simulated clips
so that a section of music belongs to one of the video, and our similarity so that few tracks are
similar: of what was put in (`PUT_IN`) a claim is "recovered" or "not recovered".
"""

import math
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cache, cached_property
from typing import TYPE_CHECKING

from vmnet.report.claims import Claim, Key, Quantity, Read
from vmnet.report.replication import judge
from vmnet.report.thesis import numbers
from vmnet.report.thesis.claims import CONTRADICTED, PUT_IN
from vmnet.report.thesis.claims.parts import CI95
from vmnet.report.thesis.results import KEY
from vmnet.report.verdicts import deciding, in_words

if TYPE_CHECKING:
    import pandas as pd

N_PRINTED = 1000  # test clips of chapter 5 (5.2.4): its recalls have no interval
SHARES = ("R@1", "R@10", "R@25", "beat", "bar", "four_bars")  # in percent, of queries or films
NOT_COMPUTED = "not computed"
_NAMED = 4  # things left out that are named


@dataclass(frozen=True)
class Judgement:
    """What one kind of data says of one claim.

    Attributes
    ----------
    words
        "holds", "does not hold", "recovered", "not recovered", "not computed".
    firm
        Whether what decides exceeds its interval.
    seeds
        In how many of the seeds it holds, each taken alone: "3 of 3".
    decides
        The pair of numbers that decides, with the interval of its difference, and their n.
    without
        What it was judged without.
    """

    words: str
    firm: bool = False
    seeds: str = ""
    decides: str = ""
    without: str = ""

    @property
    def text(self) -> str:
        """Return it in words: "holds, within the interval (2 of 3 seeds; without OpenL3)"."""
        if self.words == NOT_COMPUTED:
            return self.words
        inside = "" if self.firm else ", within the interval"
        seeds = "" if self.seeds in ("", "0 of 1", "1 of 1") else f"{self.seeds} seeds"
        notes = "; ".join(filter(None, (seeds, self.without)))
        return f"{self.words}{inside}" + (f" ({notes})" if notes else "")


@dataclass(frozen=True, eq=False)
class Evidence:
    """The numbers of one corpus and kind of data.

    Attributes
    ----------
    kind
        real, rendered or simulated; "" for the thesis' printed numbers.
    values
        One row per key, one column per seed, as `by_seed` returns.
    sizes
        Queries or clips of each key, where known.
    """

    kind: str
    values: "pd.DataFrame"
    sizes: Mapping[Key, int]

    @classmethod
    def of(cls, results: "pd.DataFrame") -> "Evidence":
        """Return that of results of one corpus and kind.

        Raises
        ------
        ValueError
            If they are of several.
        """
        about = results[["corpus", "kind"]].drop_duplicates()
        if len(about) > 1:
            raise ValueError(f"results of {len(about)} corpora or kinds: judge each alone")
        sizes = results.groupby(list(KEY), sort=False)["n"].min()
        return cls(str(about["kind"].iloc[0]), by_seed(results), sizes.to_dict())

    @cached_property
    def given(self) -> frozenset[Key]:
        """The keys that have a number."""
        return frozenset(self.values.index)


def judged(claim: Claim, evidence: Evidence) -> Judgement:
    """Judge a claim by the numbers of one corpus and kind of data."""
    found = _judged(claim, evidence)
    if evidence.kind in PUT_IN.get(claim.id, ()):
        words = {"holds": "recovered", "does not hold": "not recovered"}
        return replace(found, words=words.get(found.words, found.words))
    return found


@cache
def of_thesis(claim: Claim) -> str:
    """Say what the thesis' own printed numbers say of a claim."""
    if claim.id in CONTRADICTED:
        return CONTRADICTED[claim.id]
    found = judged(claim, printed())
    return found.text if found.words != NOT_COMPUTED else "no numbers printed"


@cache
def printed() -> Evidence:
    """Return the thesis' own numbers."""
    return Evidence("", numbers.values().to_frame("printed").sort_index(), {})


def by_seed(results: "pd.DataFrame") -> "pd.DataFrame":
    """Return the numbers and their half widths: one row per key, one column per seed.

    The half width of a number has its metric and `CI95`. What a seed lacks is NaN.
    """
    import pandas as pd

    keys = [*KEY, "seed"]
    values = results.set_index(keys)["value"]
    widths = results.dropna(subset=["ci95"]).set_index(keys)["ci95"]
    widths = widths.rename(lambda metric: metric + CI95, level="metric")
    return pd.concat([values, widths]).unstack("seed").sort_index()


def restricted(claim: Claim, given: Collection[Key]) -> tuple[Claim, str]:
    """Return what can be asked of results that have these keys, and what was left out."""
    lost: dict[str, None] = {}
    kept: set[str] = set()
    orders = []
    for order in claim.orders:
        sides = []
        for side in (order.first, order.others):
            there = tuple(each for each in side if all(key in given for key in each.keys))
            lost |= dict.fromkeys(each.label for each in side if each not in there)
            sides.append(there)
        if all(sides):
            orders.append(replace(order, first=sides[0], others=sides[1]))
            kept |= {each.label for side in sides for each in side}
    lost = {label: None for label in lost if label not in kept}
    named = list(lost)[:_NAMED]
    more = f", and {len(lost) - _NAMED} more" if len(lost) > _NAMED else ""
    return replace(claim, orders=tuple(orders)), f"without {', '.join(named)}{more}" * bool(lost)


def _judged(claim: Claim, evidence: Evidence) -> Judgement:
    asked, without = restricted(claim, evidence.given)
    if not asked.orders:
        return Judgement(NOT_COMPUTED)
    seeds = evidence.values.loc[list(asked.keys)].dropna(axis="columns").columns
    if seeds.empty:
        return Judgement(NOT_COMPUTED)
    keys = [*asked.keys, *filter(evidence.given.__contains__, map(_width_key, asked.keys))]
    keys += [key for key in map(_films_key, asked.keys) if key in evidence.given]
    values = evidence.values.loc[list(dict.fromkeys(keys)), seeds]
    found = judge(asked, values, set())
    means = values.mean(axis="columns").to_dict()

    def width(quantity: Quantity) -> float:
        return half_width(quantity, means, evidence.sizes)

    margin, pair = deciding(asked, means.__getitem__, width)
    decides = in_words(pair, means.__getitem__, width) + _size(asked.keys, evidence.sizes)
    words = "holds" if found.holds else "does not hold"
    return Judgement(words, margin > 0, found.seeds, decides, without)


def _width_key(key: Key) -> Key:
    return (*key[:-1], key[-1] + CI95)


def _films_key(key: Key) -> Key:
    return (*key[:-1], "films")


def _size(keys: Iterable[Key], sizes: Mapping[Key, int]) -> str:
    """Return the smallest n of what a claim reads: "; n = 140"."""
    known = [sizes[key] for key in keys if key in sizes]
    return f"; n = {min(known):,}" if known else ""


def half_width(quantity: Quantity, means: Mapping[Key, float], sizes: Mapping[Key, int]) -> float:
    """Return the half width of the 95 % interval of a number, 0 where none is known.

    What each number it is made of can move it by, added as independent errors are.
    """

    def of(key: Key) -> float:
        if _width_key(key) in means:
            return means[_width_key(key)]
        if key[-1] not in SHARES or key[1].startswith("null"):
            return 0.0
        n = sizes.get(key) or means.get(_films_key(key), N_PRINTED)
        share = means[key] / 100
        return 196 * math.sqrt(share * (1 - share) / n)

    read = means.__getitem__
    at = quantity.value(read)
    return math.hypot(*(quantity.value(_moved(read, key, of(key))) - at for key in quantity.keys))


def _moved(read: Read, moved: Key, by: float) -> Callable[[Key], float]:
    return lambda key: read(key) + by * (key == moved)
