"""Reading the tidy results table: one number per cell, and whose numbers they are.

The table has one row per (system, segmenter, distance, scenario, direction, seed, metric), with the
corpus, its kind and the number of its test clips (the size of the ranked catalog) in every row.
Several seeds become their mean. The interval of a mean rank becomes the mean of the seeds' 95 %
intervals: like the paper's, it speaks of the queries, not of the training.
"""

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from vmnet.errors import VmnetError
from vmnet.evaluation.experiment import COLUMNS
from vmnet.evaluation.metrics import chance
from vmnet.store import save_text

if TYPE_CHECKING:
    import pandas as pd

Label = TypeVar("Label", bound=Hashable)


@dataclass(frozen=True)
class Provenance:
    """Whose numbers these are: the corpus, its kind, its test clips and the seeds."""

    corpus: str
    kind: str
    n_clips: int
    n_seeds: int

    @property
    def label(self) -> str:
        """What stands beside every number: "rendered, 8 clips"."""
        return f"{self.kind}, {count(self.n_clips, 'clip')}"

    @property
    def chance(self) -> dict[str, float]:
        """What a random order scores, by metric."""
        return chance(self.n_clips)

    def line(self, level: str, noun: str = "test clip") -> str:
        """What stands under a figure of results: "rendered data, 8 test clips; chance 4.5; ..."."""
        seeds = f", mean of {self.n_seeds} seeds" if self.n_seeds > 1 else ""
        clips = count(self.n_clips, noun)
        return f"{self.kind} data, {clips}{seeds}; chance {level}; corpus {self.corpus}"


def count(number: int, noun: str) -> str:
    """Return a number with its noun: "1 clip", "1,000 clips"."""
    return f"{number:,} {noun}{'s' if number != 1 else ''}"


def read_cells(
    results: "pd.DataFrame",
    cells: Mapping[Label, Mapping[str, object]],
    metrics: tuple[str, ...],
) -> tuple[dict[Label, dict[str, float]], Provenance]:
    """Return the mean over seeds of each metric of each cell, and whose numbers they are.

    Parameters
    ----------
    results : tidy results table of one corpus.
    cells : label -> the keys that pick the cell's rows, for example
        {"system": "seg_vmnet", "segmenter": "olda", "distance": "nw", ...}.
    metrics : the metrics wanted of every cell.

    Returns
    -------
    means : label -> {metric: mean}; a cell of which nothing was computed is an empty dict.
    origin : the corpus, its kind and size, and the number of seeds behind each mean.

    Raises
    ------
    VmnetError
        When a cell has fewer seeds than another, lacks one of the metrics, or holds a seed twice
        (no cell is averaged over fewer runs than its neighbours), and when `results` is empty,
        lacks a column or mixes corpora.
    """
    _require_one_corpus(results)

    @cache  # cells share most of their keys
    def where(column: str, value: object) -> np.ndarray:
        return (results[column] == value).to_numpy()

    columns = {
        (label, metric): _by_seed(results, {**keys, "metric": metric}, where)
        for label, keys in cells.items()
        for metric in metrics
    }
    seeds = sorted({seed for column in columns.values() for seed in column.index})
    means: dict[Label, dict[str, float]] = {label: {} for label in cells}
    for (label, metric), column in columns.items():
        if all(columns[label, each].empty for each in metrics):
            continue
        lost = [str(seed) for seed in seeds if seed not in column.index]
        if lost:
            cell = _name({**cells[label], "metric": metric})
            raise VmnetError(
                f"The results lack seed {', '.join(lost)} of {cell}, which other cells have: "
                "compute it, or leave that seed out everywhere."
            )
        means[label][metric] = float(column.mean())
    first = results.iloc[0]
    n_clips = int(first["n_clips"])
    return means, Provenance(str(first["corpus"]), str(first["kind"]), n_clips, len(seeds))


def _require_one_corpus(results: "pd.DataFrame") -> None:
    absent = [column for column in COLUMNS if column not in results.columns]
    if absent:
        raise VmnetError(
            f"The results table lacks the columns {', '.join(absent)}: run the experiment again."
        )
    if results.empty:
        raise VmnetError("The results table is empty: run the experiment first.")
    for column in ("corpus", "kind", "n_clips"):
        found = results[column].unique()
        if len(found) > 1:
            raise VmnetError(
                f"The results table mixes {column} {', '.join(map(str, found))}: "
                "select one before making a table or a figure."
            )


def save_results(results: "pd.DataFrame", folder: Path, name: str) -> Path:
    """Write the tidy table as NAME.csv, whole, and return its path."""
    path = Path(folder) / f"{name}.csv"
    save_text(path, results.to_csv(index=False, lineterminator="\n"))
    return path


def require_system(results: "pd.DataFrame", system: str) -> None:
    """Raise VmnetError when `results` hold nothing of `system`: a misspelt name is not a gap."""
    _require_one_corpus(results)
    systems = sorted(map(str, results["system"].unique()))
    if system not in systems:
        raise VmnetError(
            f"The results hold no system {system!r}, only {', '.join(systems)}: name one of these."
        )


def _by_seed(
    results: "pd.DataFrame",
    keys: Mapping[str, object],
    where: Callable[[str, object], np.ndarray],
) -> "pd.Series":
    rows = np.logical_and.reduce([where(column, value) for column, value in keys.items()])
    chosen = results.loc[rows, ["seed", "value"]].dropna(subset=["value"])
    if chosen["seed"].duplicated().any():
        raise VmnetError(
            f"The results hold a seed twice for {_name(keys)}: remove one, or name what differs."
        )
    return chosen.set_index("seed")["value"]


def _name(keys: Mapping[str, object]) -> str:
    return ", ".join(f"{column} {value}" for column, value in keys.items())
