"""Tables of chapters 4 to 6: the thesis' numbers above ours, a row for each kind of data.

A row is one system, or one genre, in one direction, of the thesis or of one corpus; its columns are
the metrics that the thesis prints. Several seeds become their mean, and ± the mean of the seeds'
95 % intervals.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import isnan
from typing import TYPE_CHECKING

from vmnet.report.thesis import names, numbers
from vmnet.report.thesis.claims.language import MUSIC, VIDEO
from vmnet.report.thesis.claims.similarity import OF_SIMILARITY

if TYPE_CHECKING:
    import pandas as pd

THESIS = "thesis"
RANKS = ("R@1", "R@10", "R@25", "mean_rank")
ROW = ("system", "group", "direction")
_WITH_RANGE = ("null", "lognormal")  # systems that have one
_RANGE = tuple(system + end for system in _WITH_RANGE for end in ("_low", "_high"))
_HIDDEN = (*_RANGE, "p", "lift")


@dataclass(frozen=True)
class Part:
    """What of the thesis is set beside ours.

    Attributes
    ----------
    chapter, name
        The name is the column `part` of results and numbers.
    title, about
        What it is, and what to know of it.
    metrics
        The columns.
    digits
        Behind the point.
    """

    chapter: str
    name: str
    title: str
    metrics: tuple[str, ...]
    about: str = ""
    digits: int = 2


PARTS = (
    Part(
        "4",
        "4.2",
        "Table 4.2: tags or triplets, three minings, Auto-pool",
        OF_SIMILARITY,
        "The first five of the oracle's list are relevant. The thesis ranks about 2,849 test "
        "tracks; with few tracks twenty are much of the catalog, so read every number beside "
        "chance.",
    ),
    Part(
        "4",
        "C.4",
        "Table C.4: architectures",
        (*OF_SIMILARITY, "parameters"),
        "Distance-based mining. Parameters are those at full width, whatever was trained here. "
        "Scores are there where `--architectures` was asked for.",
    ),
    Part("5", "5.1", "Table 5.1: the loss", RANKS, "The thesis ranks 1,000 clips: chance 500."),
    Part("5", "5.2", "Table 5.2: music features", RANKS, "The thesis ranks 1,000 clips."),
    Part("5", "5.3", "Table 5.3: aggregation of frames", RANKS, "The thesis ranks 1,000 clips."),
    Part(
        "5",
        "dispersion",
        "Dispersion of the embeddings (5.3.2)",
        ("dispersion",),
        "The thesis gives no formula; ours is the mean distance from the mean.",
        digits=3,
    ),
    Part(
        "5",
        "intra",
        "Intra-modal terms (chapters 5 and 7)",
        ("mean_rank",),
        "The thesis' two rows of one system differ in the weights of the other terms, too. In our "
        "rows AudioSet stands for the run's own music features.",
    ),
    Part(
        "6",
        "6.2",
        "Table 6.2: films whose dominant shot agrees with beat, bar, four bars",
        ("beat", "bar", "four_bars"),
        "By chance: the tempi of the films dealt to other films, with the range of 95 % of the "
        "draws. Log-normal shots: drawn like each film's own, and held against its own "
        "tempo. The thesis has no such rows.",
        digits=1,
    ),
    Part(
        "6",
        "6.3",
        "Table 6.3: shots at section boundaries and at downbeats (equation 6.1)",
        ("S_segments", "S_downbeats"),
        "By chance: the events of a film moved against its cuts, with the range of 95 % of the "
        "draws. The thesis has no such row. Its 0.36 for Pop contradicts the other half of the "
        "table, which allows 0.195 at most and agrees with 0.16.",
    ),
    Part(
        "6",
        "means",
        "How long sections, bars and shots are (6.2.2)",
        ("segment_seconds", "bar_seconds", "shot_seconds"),
    ),
)


def beside(part: Part, results: "pd.DataFrame") -> "pd.DataFrame":
    """Return a table as text; empty where ours has none of its numbers.

    Parameters
    ----------
    results : of any corpora and kinds.
    """
    import pandas as pd

    ours = results[(results["part"] == part.name) & results["metric"].isin(part.metrics)]
    theirs = numbers.printed(part.name)
    if ours.empty:
        return pd.DataFrame()
    ours = ours[~ours["system"].isin([s for s in _HIDDEN if s not in _RANGE])]
    known = set(theirs["group"])
    ours = ours[ours["group"].isin(known | {"", "all"}) | ours["group"].str.contains(":")]
    sources = {(THESIS, THESIS): theirs.assign(n=0, seed=0)}
    sources |= dict(iter(ours.groupby(["kind", "corpus"], sort=False)))
    rows: dict[tuple[str, ...], dict[str, dict[str, str]]] = {}
    for (kind, corpus), some in sources.items():
        whose = kind if kind == THESIS else f"{kind} ({corpus})"
        for key, cells in _cells(part, some).items():
            rows.setdefault(key, {})[whose] = cells
    order = sorted(rows, key=_place(theirs))
    frame = pd.DataFrame(
        [
            {**_labels(key), "whose": whose, **cells}
            for key in order
            for whose, cells in rows[key].items()
        ]
    )
    return frame.loc[:, (frame.fillna("") != "").any()].fillna("")


def _cells(part: Part, some: "pd.DataFrame") -> dict[tuple[str, ...], dict[str, str]]:
    """Return the texts of one source: row -> metric -> text."""
    means = some.groupby([*ROW, "metric"], sort=False)[["value", "ci95"]].mean()
    sizes = some.groupby(list(ROW), sort=False)["n"].min()
    found: dict[tuple[str, ...], dict[str, str]] = {}
    for key, n in sizes.items():
        if key[0] in _RANGE:
            continue
        cells = {
            names.metric(metric): _text(part, means, (*key, metric))
            for metric in part.metrics
            if (*key, metric) in means.index
        }
        if cells:
            films = (*key, "films")
            size = int(means.loc[films, "value"]) if films in means.index else n
            found[key] = {"n": f"{size:,}" if size else "", **cells}
    return found


def _text(part: Part, means: "pd.DataFrame", key: tuple[str, ...]) -> str:
    value, width = means.loc[key]
    digits = {"parameters": 0, "mean_rank": 1}.get(key[-1], part.digits)
    text = f"{value:,.{digits}f}"
    if key[0] in _WITH_RANGE:
        low, high = ((key[0] + end, *key[1:]) for end in ("_low", "_high"))
        if low in means.index and high in means.index:
            ends = (means.loc[end, "value"] for end in (low, high))
            return f"{text} ({' to '.join(f'{end:.{digits}f}' for end in ends)})"
    return text if isnan(width) else f"{text} ±{width:.{digits}f}"


def _labels(key: tuple[str, ...]) -> dict[str, str]:
    system, group, direction = key
    named = "" if system == "observed" else names.system(system)
    return {"system": named, "group": names.group(group), "direction": direction}


def _place(theirs: "pd.DataFrame") -> "Place":
    """Return what to sort rows by: the thesis' order, then ours, controls and chance last."""
    systems = list(dict.fromkeys(theirs["system"]))
    genres = [f"music:{g}" for g in MUSIC] + [f"video:{g}" for g in VIDEO]
    return Place(tuple(systems), ("", "all", *genres))


@dataclass(frozen=True)
class Place:
    """The order of rows."""

    systems: Sequence[str]
    groups: Sequence[str]

    def __call__(self, key: tuple[str, ...]) -> tuple[object, ...]:
        """Return the place of a row."""
        system, group, direction = key
        return (
            system == "chance",
            self._of(group, self.groups) if "observed" in self.systems else 0,
            group if group not in self.groups else "",
            self._of(system, self.systems),
            group,
            direction,
        )

    def _of(self, key: str, known: Sequence[str]) -> int:
        return known.index(key) if key in known else len(known)
