"""Verdicts that weigh a difference against its interval, for results of few clips.

One rule, for every claim. It holds where all its pairs of numbers are in the claimed order. What
decides is one pair: the widest gap in the wrong order, or, where it holds, the nearest in the right
one, each after taking off the 95 % interval of the difference. Where that pair's gap does not
exceed its interval, the verdict is "within the interval", and so no evidence.

The interval of a difference is that of two independent means, the root of the sum of squares: the
results keep no ranks of single queries. As both means are over the same queries, it is wide rather
than narrow. R@k is a share of the queries and has the interval of a share; of seconds none is
known, and of intervals none is needed.
"""

import math
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from itertools import product
from typing import TYPE_CHECKING

from vmnet.report.claims import Claim, Key, Order, Quantity, Read
from vmnet.report.names import name, ordered
from vmnet.report.paper import SEG_VMNET
from vmnet.report.replication import judge
from vmnet.report.results import Provenance

if TYPE_CHECKING:
    import pandas as pd

Pair = tuple[Order, Quantity, Quantity]
Width = Callable[[Quantity], float]
PAPERS_OWN = "olda"  # the segmentation with which the paper did its experiment 3


@dataclass(frozen=True)
class Verdict:
    """What results say of a claim.

    Attributes
    ----------
    holds
        Whether it holds for the mean over seeds; None where it cannot be asked.
    firm
        Whether what decides exceeds its interval.
    seeds
        In how many of the seeds it holds, each taken alone: "3 of 3".
    decides
        The pair of numbers that decides, with the interval of its difference.
    limits
        What it was judged without, or with in place of something.
    """

    holds: bool | None
    firm: bool = False
    seeds: str = ""
    decides: str = ""
    limits: str = ""

    @property
    def text(self) -> str:
        """Return it in words: "holds, within the interval (2 of 3 seeds)"."""
        if self.holds is None:
            return f"cannot be asked: {self.limits}"
        words = ("holds" if self.holds else "does not hold") + (
            "" if self.firm else ", within the interval"
        )
        notes = [f"{self.seeds} seeds", *([self.limits] if self.limits else [])]
        return f"{words} ({'; '.join(notes)})"


def verdict(
    claim: Claim, values: "pd.DataFrame", origin: Provenance, stand_in: str = PAPERS_OWN
) -> Verdict:
    """Judge one claim by results that may lack some of its systems and segmentations.

    Parameters
    ----------
    values : what `by_seed` returns.
    origin : whose results these are.
    stand_in : the segmentation of experiment 3, where it is not the paper's.

    Raises
    ------
    VmnetError
        When a cell that the claim reads has fewer seeds than the results.
    """
    given = {key[:2] for key in values.index}
    asked, limits = restricted(claim, given, stand_in)
    if not asked.orders:
        return Verdict(None, limits=limits)
    judged = judge(asked, values, set())
    if judged.holds is None:
        return Verdict(None, limits=judged.evidence)
    means = values.mean(axis="columns")

    def width(quantity: Quantity) -> float:
        return half_width(quantity, means.__getitem__, origin.n_clips)

    margin, pair = deciding(asked, means.__getitem__, width)
    decides = in_words(pair, means.__getitem__, width)
    return Verdict(judged.holds, margin > 0, judged.seeds, decides, limits)


def restricted(
    claim: Claim, given: Collection[tuple[str, ...]], stand_in: str
) -> tuple[Claim, str]:
    """Return what can be asked of results with these (system, segmenter), and what differs.

    A claim about OLDA alone, which was not computed, is asked of the stand-in. Else what reads
    something absent is left out, and an order that loses one of its sides with it.
    """
    olda = (SEG_VMNET, PAPERS_OWN)
    if olda not in given and {key[1] for key in claim.keys} - {"clip"} == {PAPERS_OWN}:
        claim = _renamed(claim, stand_in)
        own = f"{name('segmenter', stand_in)} for {name('segmenter', PAPERS_OWN)}"
    else:
        own = ""
    absent = {key[:2] for key in claim.keys} - set(given)
    sides = [
        replace(order, first=_kept(order.first, absent), others=_kept(order.others, absent))
        for order in claim.orders
    ]
    orders = tuple(order for order in sides if order.first and order.others)
    lacking = [name("segmenter", s) for s in ordered("segmenter", _segmenters(absent))]
    lacking += [name("system", s) for s in ordered("system", _clip_level(absent))]
    without = f"without {', '.join(lacking)}" if lacking else ""
    return replace(claim, orders=orders), ", ".join(filter(None, (own, without)))


def _segmenters(absent: Collection[tuple[str, ...]]) -> list[str]:
    return [segmenter for _, segmenter in absent if segmenter != "clip"]


def _clip_level(absent: Collection[tuple[str, ...]]) -> list[str]:
    return [system for system, segmenter in absent if segmenter == "clip"]


def _kept(side: tuple[Quantity, ...], absent: Collection[tuple[str, ...]]) -> tuple[Quantity, ...]:
    return tuple(each for each in side if not any(key[:2] in absent for key in each.keys))


def _renamed(claim: Claim, stand_in: str) -> Claim:
    """Return the claim about another segmentation than OLDA."""

    def moved(each: Quantity) -> Quantity:
        label = each.label.replace(name("segmenter", PAPERS_OWN), name("segmenter", stand_in))
        keys = tuple(
            (key[0], stand_in, *key[2:]) if key[1] == PAPERS_OWN else key for key in each.keys
        )
        return replace(each, label=label, keys=keys)

    orders = tuple(
        replace(
            order,
            first=tuple(map(moved, order.first)),
            others=tuple(map(moved, order.others)),
        )
        for order in claim.orders
    )
    return replace(claim, orders=orders)


def half_width(quantity: Quantity, read: Read, n_clips: int) -> float:
    """Return the half width of the 95 % interval of a number, 0 where none is known."""

    def of(key: Key) -> float:
        if key[-1] == "mean_rank":
            return read((*key[:-1], "ci95"))
        if key[-1].startswith("R@"):
            share = read(key) / 100
            return 196 * math.sqrt(share * (1 - share) / n_clips)
        return 0.0

    return math.hypot(*map(of, quantity.keys))


def deciding(claim: Claim, read: Read, width: Width) -> tuple[float, Pair]:
    """Return by how much the gap of the pair that decides exceeds its interval, and that pair.

    Parameters
    ----------
    width
        The half width of a number's interval, 0 where none is known.
    """

    def margin(pair: Pair) -> float:
        _, one, other = pair
        gap = abs(one.value(read) - other.value(read))
        return gap - math.hypot(width(one), width(other))

    wrong = [(order, *pair) for order in claim.orders for pair in order.wrong(read)]
    right = [
        (order, *pair) for order in claim.orders for pair in product(order.first, order.others)
    ]
    pair = max(wrong, key=margin) if wrong else min(right, key=margin)
    return margin(pair), pair


def in_words(pair: Pair, read: Read, width: Width) -> str:
    """Return "Foote: Trace 13.0 < NW-DTW 14.0 (±6.0)"."""
    order, one, other = pair
    narrowed = replace(order, first=(one,), others=(other,))
    of_difference = math.hypot(width(one), width(other))
    digits = 1 if of_difference >= 0.95 else 2
    interval = f" (±{of_difference:.{digits}f})" if of_difference else ""
    return narrowed.evidence(read).strip("*") + interval
