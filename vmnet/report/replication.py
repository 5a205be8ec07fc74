"""How our results compare with the paper's: by cell, by their order, by what follows from them.

Mean ranks are compared between catalogs only by their order, never by their size. The simulated
corpus was fitted to two of the paper's numbers; those two cells are flagged and take no part in the
correlation. Several seeds become their mean, and every conclusion says in how many seeds it holds.
"""

import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from vmnet.errors import VmnetError
from vmnet.report import paper
from vmnet.report.claims import CLAIMS, Claim, Key, Read
from vmnet.report.names import DISTANCES, SCENARIOS, SEGMENTERS, SYSTEMS
from vmnet.report.results import read_cells, require_system

if TYPE_CHECKING:
    import pandas as pd

SIMULATED = "simulated"  # the kind of data that was fitted
CELL = ("system", "segmenter", "distance", "scenario")

# The two numbers of the paper that the simulated corpus was fitted to: 118 and 32.
FITTED = {
    (paper.BASELINE_2, "clip", "centroid", "vanilla"),
    (paper.SEG_VMNET, "olda", "trace", "vanilla"),
}

RESAMPLES = 9_999
FEWEST_CELLS = 5  # below that, a correlation says nothing


@dataclass(frozen=True)
class Spearman:
    """Spearman's rank correlation over `n` cells with its 95 % interval."""

    rho: float
    n: int
    low: float
    high: float


@dataclass(frozen=True)
class Conclusion:
    """One conclusion of the paper and whether our results bear it out.

    Attributes
    ----------
    id, statement, source, note
        See `vmnet.report.claims.Claim`.
    holds
        Whether it holds for the mean over seeds; None where a number it needs was not computed.
    evidence
        The numbers (means over seeds); what fails stands in bold.
    agreeing, n_seeds
        In how many of the seeds it holds, each taken alone.
    fitted
        Whether it reads a mean rank that the corpus was fitted to.
    """

    id: str
    statement: str
    source: str
    holds: bool | None
    evidence: str
    agreeing: int
    n_seeds: int
    fitted: bool
    note: str

    @property
    def seeds(self) -> str:
        """How many seeds agree with the paper: "3 of 3"."""
        return "" if self.holds is None else f"{self.agreeing} of {self.n_seeds}"


def cells(results: "pd.DataFrame") -> "pd.DataFrame":
    """Return one row for each mean rank that the paper prints in tables II to IV, beside ours.

    Parameters
    ----------
    results : tidy results table of one corpus, any number of seeds.

    Returns
    -------
    table : "II", "III", "IV" or "baselines" (printed in both II and III, here once).
    row, column : the names of the cell in its table.
    system, segmenter, distance, scenario : its keys in the results.
    paper, paper_ci : mean rank and half width of the 95 % interval, as printed.
    ours, ours_ci : mean over the seeds of both; NaN where nothing was computed.
    seed_min, seed_max : least and greatest mean rank of a seed.
    fitted : whether the simulated corpus was fitted to this number.

    Raises
    ------
    VmnetError
        When a cell has fewer seeds than another, holds one twice, or corpora are mixed.
    """
    import pandas as pd

    require_system(results, paper.SEG_VMNET)
    printed = list(_printed())
    wanted = {
        key: {**dict(zip(CELL, key, strict=True)), "direction": "V2M"}
        for _, _, _, key, _ in printed
    }
    means, origin = read_cells(results, wanted, ("mean_rank", "ci95"))
    seeds = by_seed(results)
    rows = []
    for table, row, column, key, rank in printed:
        each = seeds.loc[(*key, "mean_rank")] if means[key] else [np.nan]
        rows.append(
            {
                "table": table,
                "row": row,
                "column": column,
                **dict(zip(CELL, key, strict=True)),
                "paper": float(rank.mean),
                "paper_ci": float(rank.ci95),
                "ours": means[key].get("mean_rank", np.nan),
                "ours_ci": means[key].get("ci95", np.nan),
                "seed_min": float(np.min(each)),
                "seed_max": float(np.max(each)),
                "fitted": origin.kind == SIMULATED and key in FITTED,
            }
        )
    return pd.DataFrame(rows)


def by_seed(results: "pd.DataFrame") -> "pd.DataFrame":
    """Return the video-to-music values: one row per (*CELL, metric), one column per seed.

    A value that a seed lacks is NaN.
    """
    chosen = results[results["direction"] == "V2M"]
    keys = [*CELL, "metric"]
    twice = chosen[chosen.duplicated([*keys, "seed"])]
    if not twice.empty:
        first = ", ".join(str(twice.iloc[0][column]) for column in keys)
        raise VmnetError(f"The results hold a seed twice for {first}: remove one of them.")
    return chosen.set_index([*keys, "seed"])["value"].unstack("seed").sort_index()


def comparable(cells: "pd.DataFrame") -> "pd.DataFrame":
    """Return the cells that were computed and not fitted."""
    return cells[~cells["fitted"] & cells["ours"].notna()]


def correlation(cells: "pd.DataFrame", seed: int = 0) -> Spearman:
    """Return Spearman's correlation of our mean ranks and the paper's over the cells not fitted.

    The 95 % interval is the percentile bootstrap over cells, 9,999 resamples drawn from `seed`. It
    says how much the figure hangs on single cells; cells share networks and clips (the centroid
    under Stretch Targets is even its vanilla cell again), so it is not an interval over new
    experiments. Cells without a number of ours are left out.

    Raises
    ------
    VmnetError
        When fewer than five cells remain.
    """
    from scipy import stats

    free = comparable(cells)
    if len(free) < FEWEST_CELLS:
        raise VmnetError(
            f"A correlation needs at least {FEWEST_CELLS} cells that were computed and not fitted, "
            f"and here are {len(free)}: run the experiments first."
        )

    def rho(ours: np.ndarray, theirs: np.ndarray, axis: int = -1) -> np.ndarray:
        ranked = (stats.rankdata(values, axis=axis) for values in (ours, theirs))
        return stats.pearsonr(*ranked, axis=axis).statistic

    pairs = free["ours"].to_numpy(), free["paper"].to_numpy()
    with warnings.catch_warnings():  # of equal ranks only: the correlation is then NaN
        warnings.simplefilter("ignore", stats.ConstantInputWarning)
        warnings.simplefilter("ignore", stats.DegenerateDataWarning)
        interval = stats.bootstrap(
            pairs,
            rho,
            paired=True,
            vectorized=True,
            n_resamples=RESAMPLES,
            method="percentile",
            rng=np.random.default_rng(seed),
        ).confidence_interval
        found = float(rho(*pairs))
    return Spearman(found, len(free), float(interval.low), float(interval.high))


def correlations(cells: "pd.DataFrame", seed: int = 0) -> dict[str, Spearman]:
    """Return `correlation` over all cells ("all"), then over each table with enough of them."""
    found = {"all": correlation(cells, seed)}
    for table, some in cells.groupby("table", sort=False):
        if len(comparable(some)) >= FEWEST_CELLS:
            found[str(table)] = correlation(some, seed)
    return found


def conclusions(results: "pd.DataFrame") -> list[Conclusion]:
    """Return the paper's conclusions from tables II to IV, each judged by `results` alone.

    Parameters
    ----------
    results : tidy results table of one corpus, any number of seeds.

    Raises
    ------
    VmnetError
        When a cell that a conclusion reads has fewer seeds than the results, or holds one twice.
    """
    require_system(results, paper.SEG_VMNET)
    simulated = results["kind"].iloc[0] == SIMULATED
    values = by_seed(results)
    return [_judge(claim, values, simulated) for claim in CLAIMS]


def printed_results() -> "pd.DataFrame":
    """Return the paper's numbers as results, to judge its conclusions by its own tables.

    The text does not say which segmentation its centroid's R@25 has; here it is OLDA's.
    """
    printed = paper.printed()
    return printed.assign(segmenter=printed["segmenter"].replace("unstated", "olda"))


def _judge(claim: Claim, values: "pd.DataFrame", simulated: bool) -> Conclusion:
    fitted = simulated and any(key[:-1] in FITTED and key[-1] == "mean_rank" for key in claim.keys)
    about = (claim.id, claim.statement, claim.source)
    absent = [key for key in claim.keys if key not in values.index]
    if absent:
        return Conclusion(*about, None, _not_computed(absent), 0, 0, fitted, claim.note)
    for key in claim.keys:
        if values.loc[key].isna().any():
            lost = ", ".join(map(str, values.columns[values.loc[key].isna()]))
            raise VmnetError(
                f"The results lack seed {lost} of {_name(key)}, which other cells have: compute "
                "it, or leave that seed out everywhere."
            )
    means = values.mean(axis="columns")
    evidence = "; ".join(order.evidence(means.__getitem__) for order in claim.orders)
    alone = [_holds(claim, values[seed].__getitem__) for seed in values.columns]
    holds = _holds(claim, means.__getitem__)
    return Conclusion(*about, holds, evidence, sum(alone), len(alone), fitted, claim.note)


def _holds(claim: Claim, read: Read) -> bool:
    return not any(order.wrong(read) for order in claim.orders)


def _not_computed(keys: list[Key]) -> str:
    rest = f", and {len(keys) - 2} more" if len(keys) > 2 else ""
    return f"not computed: {'; '.join(map(_name, keys[:2]))}{rest}"


def _name(key: Key) -> str:
    system, segmenter, distance, scenario, metric = key
    cell = (SYSTEMS, system), (SEGMENTERS, segmenter), (DISTANCES, distance), (SCENARIOS, scenario)
    return ", ".join([*(names.get(each, each) for names, each in cell), metric])


def _printed() -> Iterator[tuple[str, str, str, tuple[str, str, str, str], paper.Rank]]:
    """Yield table, row, column, keys and rank of each cell, in the paper's order."""
    for system, rank in paper.BASELINES.items():
        key = (system, "clip", "centroid", "vanilla")
        yield "baselines", SYSTEMS[system], SCENARIOS["vanilla"], key, rank
    for segmenter, by_distance in paper.TABLE_2.items():
        for distance, rank in by_distance.items():
            key = (paper.SEG_VMNET, segmenter, distance, "vanilla")
            yield "II", SEGMENTERS[segmenter], DISTANCES[distance], key, rank
    for distance, by_segmenter in paper.TABLE_3.items():
        for segmenter, rank in by_segmenter.items():
            key = (paper.SEG_VMNET, segmenter, distance, "vanilla")
            yield "III", DISTANCES[distance], SEGMENTERS[segmenter], key, rank
    for distance, by_scenario in paper.TABLE_4.items():
        for scenario, rank in by_scenario.items():
            key = (paper.SEG_VMNET, "olda", distance, scenario)
            yield "IV", DISTANCES[distance], SCENARIOS[scenario], key, rank
