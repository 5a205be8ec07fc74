"""Tables of mean ranks: the paper's beside ours, a row for each cell that either has.

A new segmenter, distance, scenario or system is a further row, the paper's column empty; what was
not computed reads "missing". The header of our column names the kind of data and the number of test
clips, and the last row is chance: mean ranks compare only within one catalog size.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from math import isfinite, isnan
from typing import TYPE_CHECKING, Any

from vmnet.evaluation.metrics import RECALL_AT
from vmnet.report import paper
from vmnet.report.names import HEADERS, name, places
from vmnet.report.results import CELL, Cell, Provenance, averages, by_seed, provenance

if TYPE_CHECKING:
    import pandas as pd

MISSING = "missing"
MARK = " †"  # a mean rank that the simulated corpus was fitted to
RECALLS = tuple(f"R@{k}" for k in RECALL_AT)
RANK = ("mean_rank", "ci95")
READINGS = {"trace_printed": "trace", "best_trace_printed": "best_trace"}
CONTROL = "count"

Pick = Callable[["pd.DataFrame"], "pd.Series"]


def vanilla(
    rows: "pd.DataFrame", only: Iterable[str] = (), without: Iterable[str] = ()
) -> "pd.Series":
    """Pick the vanilla rows: `only` these distances, or all `without` those."""
    distances = rows["distance"]
    chosen = distances.isin(list(only)) if only else ~distances.isin(list(without))
    return chosen & (rows["scenario"] == "vanilla")


def in_order(rows: "pd.DataFrame") -> "pd.Series":
    """Pick the vanilla rows of the alignments: what is neither another reading nor the control."""
    return vanilla(rows, without=(*READINGS, CONTROL))


def realistic(rows: "pd.DataFrame") -> "pd.Series":
    """Pick the rows of every scenario but vanilla."""
    return rows["scenario"] != "vanilla"


def clip_level(rows: "pd.DataFrame") -> "pd.Series":
    """Pick the rows of the systems that have one segment a clip."""
    return rows["segmenter"] == "clip"


@dataclass(frozen=True)
class Ranks:
    """The rows of a table of mean ranks.

    Attributes
    ----------
    labels
        The key columns that name a row, in the order of the rows. Another key in which rows differ
        gets a column, too.
    printed
        The paper's table, such as "II".
    pick
        Which rows of the results (and of the paper's table) belong here.
    times
        Whether the time of all queries against all targets is shown.
    printed_as
        Distance -> that whose number the paper prints for it.
    any_segmenter
        Whether the paper's one segmenter stands for ours, where ours is another one.
    """

    labels: tuple[str, ...]
    printed: str
    pick: Pick
    times: bool = False
    printed_as: Mapping[str, str] = field(default_factory=dict)
    any_segmenter: bool = False

    def __call__(self, results: "pd.DataFrame") -> "pd.DataFrame":
        """Return the table as text; empty where neither the paper nor the results have a cell."""
        import pandas as pd

        origin = provenance(results)
        chosen = results[self.pick(results) & (results["direction"] == "V2M")]
        ours = averages(chosen, (*RANK, *RECALLS, *(("seconds",) if self.times else ())))
        theirs = self._printed(set(ours.index.get_level_values("segmenter")) - {"clip"})
        cells = theirs.add_prefix("paper ").join(ours, how="outer")
        labels = self._labels(cells.index)
        cells = cells.loc[_in_order(cells.index, labels)]
        frame = pd.DataFrame(_label_texts(cells.index, labels))
        if frame.empty:
            return frame
        numbers = pd.concat([cells, _chance(cells.columns, origin)])
        frame.loc[len(frame), HEADERS[labels[0]]] = name("system", paper.CHANCE)
        marks = [MARK if cell in origin.fitted else "" for cell in numbers.index]
        ranks = _texts(rank_text, numbers, *RANK, missing=MISSING)
        frame["paper"] = _texts(_paper_rank, numbers, "paper mean_rank", "paper ci95")
        frame[ours_header(origin)] = [
            f"{rank}{mark}" for rank, mark in zip(ranks, marks, strict=True)
        ]
        seeds = by_seed(chosen[chosen["metric"] == "mean_rank"]).droplevel("metric")
        for seed in seeds if len(seeds.columns) > 1 else ():
            frame[f"seed {seed}"] = _texts("{:.1f}".format, seeds.reindex(numbers.index), seed)
        frame[", ".join(RECALLS) + " (%)"] = _texts(_recalls, numbers, *RECALLS)
        if cells["paper R@25"].notna().any():
            frame["R@25, paper (%)"] = _texts("{:.1f}".format, numbers, "paper R@25")
        if self.times:
            frame["time, paper"] = _texts(duration, numbers, "paper seconds")
            frame["time, ours"] = _texts(duration, numbers, "seconds")
        return frame.fillna("")

    def _printed(self, segmenters: set[str]) -> "pd.DataFrame":
        """Return the paper's cells, indexed as ours are."""
        import pandas as pd

        found = paper.of_table(self.printed)
        also = [found.rename({as_: own}, level="distance") for own, as_ in self.printed_as.items()]
        cells = pd.concat([found, *also])
        cells = cells[~cells.index.duplicated() & self.pick(cells.index.to_frame())]
        if self.any_segmenter and len(segmenters) == 1:
            cells = cells.rename(dict.fromkeys(cells.index.levels[1], *segmenters), level=1)
        return cells

    def _labels(self, cells: "pd.MultiIndex") -> list[str]:
        """Return the columns that name a row: `self.labels`, and what else tells rows apart."""
        segments = cells[cells.get_level_values("segmenter") != "clip"]
        differ = [c for c in CELL if segments.get_level_values(c).nunique() > 1]
        extra = [column for column in differ if column not in self.labels]
        system = [column for column in extra if column == "system"]
        return [*system, *self.labels, *(column for column in extra if column not in system)]


def _in_order(cells: "pd.MultiIndex", labels: list[str]) -> list[Cell]:
    """Return the cells in the order of their labels, clip-level systems last."""
    columns = [*labels, *(column for column in CELL if column not in labels)]
    place = {column: places(column, cells.get_level_values(column)) for column in columns}

    def key(cell: Cell) -> list[int]:
        keys = dict(zip(CELL, cell, strict=True))
        at_end = int(keys["segmenter"] == "clip")
        return [at_end, *(place[column][keys[column]] for column in columns)]

    return sorted(cells, key=key)


def _label_texts(cells: Iterable[Cell], labels: list[str]) -> list[dict[str, str]]:
    """Return the names of each row; a clip-level system stands where segmenters do."""
    rows = []
    for cell in cells:
        keys = dict(zip(CELL, cell, strict=True))
        texts = {column: name(column, key) for column, key in keys.items()}
        if keys["segmenter"] == "clip":
            texts["segmenter"] = texts["system"]
            texts["distance"] = "" if keys["distance"] == "centroid" else texts["distance"]
        rows.append({HEADERS[column]: texts[column] for column in labels})
    return rows


def _chance(columns: "pd.Index", origin: Provenance) -> "pd.DataFrame":
    """Return what a random order scores, in the paper's catalog and in ours, as one more cell."""

    theirs = paper.cells().loc[[(paper.CHANCE, "clip", "centroid", "vanilla")]]
    ours = {metric: value for metric, value in origin.chance.items() if metric in columns}
    return theirs.add_prefix("paper ").assign(**ours).reindex(columns=columns)


def _texts(
    function: Callable[..., str], numbers: "pd.DataFrame", *columns: Any, missing: str = ""
) -> list[str]:
    """Return the text of each row's numbers; `missing` where the first of them is."""
    rows = numbers[list(columns)].itertuples(index=False, name=None)
    return [missing if isnan(row[0]) else function(*row) for row in rows]


def _recalls(*values: float) -> str:
    return ", ".join(f"{value:.1f}" for value in values)


def ours_header(origin: Provenance) -> str:
    """Return what stands above our numbers: "ours (simulated, 1,000 clips)"."""
    return f"ours ({origin.label})"


def _paper_rank(mean: float, half_width: float) -> str:
    return f"{mean:g}" if isnan(half_width) else f"{mean:g} ±{half_width:g}"


def rank_text(mean: float, half_width: float) -> str:
    """Return a mean rank and its interval, "31.6 ±4.9"; chance has none, a single query ±∞."""
    if isnan(half_width):
        return f"{mean:.1f}"
    return f"{mean:.1f} ±{f'{half_width:.1f}' if isfinite(half_width) else '∞'}"


def duration(seconds: float) -> str:
    """Return a time as text: "0.93 s" below a minute, then "13:41", then "1:13:56"."""
    if seconds < 59.5:
        return f"{seconds:.2g} s" if seconds < 10 else f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
