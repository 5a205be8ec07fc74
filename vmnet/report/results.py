"""Reading the tidy results table: one number per cell, and whose numbers they are.

The table has one row per (system, segmenter, distance, scenario, direction, seed, metric), with the
corpus, its kind and the number of its test clips (the size of the ranked catalog) in every row; a
column `settings` names what differs from the profile, "" where nothing does or where it is absent.
Several seeds become their mean. The interval of a mean rank becomes the mean of the seeds' 95 %
intervals: like the paper's, it speaks of the queries, not of the training.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from vmnet.errors import VmnetError
from vmnet.evaluation.experiment import COLUMNS
from vmnet.evaluation.metrics import chance
from vmnet.report.paper import BASELINE_2, SEG_VMNET

if TYPE_CHECKING:
    import pandas as pd

Cell = tuple[str, str, str, str]
CELL = ("system", "segmenter", "distance", "scenario")
REQUIRED = tuple(column for column in COLUMNS if column != "settings")  # older files lack it

SIMULATED = "simulated"  # the kind of data that was fitted

# The two numbers of the paper that the simulated corpus was fitted to: 118 and 32. That was with
# the demo's own settings, and a mean rank among other than its 1,000 clips is another number.
FITTED_CLIPS = 1000
FITTED = {
    (BASELINE_2, "clip", "centroid", "vanilla"),
    (SEG_VMNET, "olda", "trace", "vanilla"),
}


@dataclass(frozen=True)
class Provenance:
    """Whose numbers these are: the corpus, its kind, its test clips, the seeds, the settings."""

    corpus: str
    kind: str
    n_clips: int
    n_seeds: int
    settings: str = ""

    @property
    def label(self) -> str:
        """What stands beside every number: "rendered, 8 clips"."""
        return f"{self.kind}, {count(self.n_clips, 'clip')}"

    @property
    def chance(self) -> dict[str, float]:
        """What a random order scores, by metric."""
        return chance(self.n_clips)

    @property
    def fitted(self) -> set[Cell]:
        """The cells whose mean rank the corpus was fitted to."""
        same = self.kind == SIMULATED and self.n_clips == FITTED_CLIPS and not self.settings
        return FITTED if same else set()

    def line(self, level: str = "", noun: str = "test clip") -> str:
        """What stands under a figure of results: "rendered data, 8 test clips; chance 4.5; ..."."""
        seeds = f", mean of {self.n_seeds} seeds" if self.n_seeds > 1 else ""
        parts = [f"{self.kind} data, {count(self.n_clips, noun)}{seeds}"]
        parts += [f"chance {level}"] if level else []
        parts += [f"corpus {self.corpus}", settings_text(self.settings)]
        return "; ".join(filter(None, parts))


def count(number: int, noun: str) -> str:
    """Return a number with its noun: "1 clip", "1,000 clips"."""
    return f"{number:,} {noun}{'s' if number != 1 else ''}"


def settings_text(settings: str) -> str:
    """Return settings in words, "settings indel_nw=0.5", or "" where they are the profile's."""
    return f"settings {settings}" if settings else ""


def with_settings(results: "pd.DataFrame") -> "pd.DataFrame":
    """Return the table with its column `settings`, which older files lack."""
    if "settings" not in results:
        return results.assign(settings="")
    return results.assign(settings=results["settings"].fillna(""))


def provenance(results: "pd.DataFrame") -> Provenance:
    """Return whose numbers a tidy table holds.

    Raises
    ------
    VmnetError
        When the table is empty, lacks a column, or mixes corpora or settings.
    """
    absent = [column for column in REQUIRED if column not in results.columns]
    if absent:
        raise VmnetError(
            f"The results table lacks the columns {', '.join(absent)}: run the experiment again."
        )
    if results.empty:
        raise VmnetError("The results table is empty: run the experiment first.")
    results = with_settings(results)
    for column in ("corpus", "kind", "n_clips", "settings"):
        found = [str(value) or "the profile's own" for value in results[column].unique()]
        if len(found) > 1:
            raise VmnetError(
                f"The results table mixes {column} {', '.join(found)}: "
                "select one before making a table or a figure."
            )
    first = results.iloc[0]
    return Provenance(
        str(first["corpus"]),
        str(first["kind"]),
        int(first["n_clips"]),
        results["seed"].nunique(),
        str(first["settings"]),
    )


def by_seed(results: "pd.DataFrame", keys: Sequence[str] = CELL) -> "pd.DataFrame":
    """Return the video-to-music values: one row per (*keys, metric), one column per seed.

    A value that a seed lacks is NaN; what no seed has is no row.

    Raises
    ------
    VmnetError
        When the table holds a seed twice.
    """
    chosen = results[(results["direction"] == "V2M") & results["value"].notna()]
    index = [*keys, "metric"]
    twice = chosen[chosen.duplicated([*index, "seed"])]
    if not twice.empty:
        raise VmnetError(
            f"The results hold a seed twice for {_named(twice.iloc[0][index])}: remove one, or "
            "name what differs."
        )
    return chosen.set_index([*index, "seed"])["value"].unstack("seed")


def averages(
    results: "pd.DataFrame", metrics: Sequence[str], keys: Sequence[str] = CELL
) -> "pd.DataFrame":
    """Return the mean over the seeds: one row per cell, one column per metric.

    Raises
    ------
    VmnetError
        When a cell has fewer seeds than another or lacks one of the metrics (no cell is averaged
        over fewer runs than its neighbours), or holds a seed twice.
    """
    import pandas as pd

    values = by_seed(results[results["metric"].isin(metrics)], keys)
    cells = pd.MultiIndex.from_frame(values.index.droplevel("metric").unique().to_frame())
    wanted = [(*cell, metric) for cell in cells for metric in metrics]
    index = pd.MultiIndex.from_tuples(wanted, names=values.index.names) if wanted else values.index
    values = values.reindex(index)
    require_seeds(values)
    return values.mean(axis="columns").unstack("metric").reindex(index=cells, columns=list(metrics))


def require_seeds(values: "pd.DataFrame") -> None:
    """Raise VmnetError, naming the cell, when a row of `by_seed` lacks a seed."""
    lacking = values[values.isna().any(axis="columns")]
    if not lacking.empty:
        row = lacking.iloc[0]
        lost = ", ".join(str(seed) for seed in row.index[row.isna()])
        cell = _named(dict(zip(values.index.names, lacking.index[0], strict=True)))
        raise VmnetError(
            f"The results lack seed {lost} of {cell}, which other cells have: "
            "compute it, or leave that seed out everywhere."
        )


def _named(keys: Mapping[str, object]) -> str:
    return ", ".join(f"{column} {value}" for column, value in keys.items())
