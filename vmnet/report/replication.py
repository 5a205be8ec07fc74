"""How our results compare with the paper's: by cell, by their order, by what follows from them.

Mean ranks are compared between catalogs only by their order, never by their size. The simulated
corpus was fitted to two of the paper's numbers; those two cells are flagged and take no part in the
correlation. Several seeds become their mean, and every conclusion says in how many seeds it holds.
"""

import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from vmnet.report import paper
from vmnet.report.claims import CLAIMS, Claim, Key, Read
from vmnet.report.names import name
from vmnet.report.results import CELL, averages, by_seed, provenance, require_seeds

if TYPE_CHECKING:
    import pandas as pd

RESAMPLES = 9_999
FEWEST_CELLS = 5  # below that, a correlation says nothing
FEWEST_CLIPS = 50  # below that, neither does the order of mean ranks


@dataclass(frozen=True)
class Spearman:
    """Spearman's rank correlation over `n` cells with its 95 % interval."""

    rho: float
    n: int
    low: float
    high: float


@dataclass(frozen=True)
class Conclusion:
    """Whether our results bear out one conclusion of the paper.

    Attributes
    ----------
    holds
        Whether it holds for the mean over seeds; None where a number it needs was not computed.
    evidence
        The numbers (means over seeds); what fails stands in bold.
    seeds
        In how many of the seeds it holds, each taken alone: "3 of 3".
    fitted
        Whether it reads a mean rank that the corpus was fitted to.
    """

    claim: Claim
    holds: bool | None
    evidence: str
    seeds: str
    fitted: bool


def cells(results: "pd.DataFrame") -> "pd.DataFrame":
    """Return one row for each mean rank that the paper prints in tables II to IV, beside ours.

    Parameters
    ----------
    results : tidy results table of one corpus, any number of seeds.

    Returns
    -------
    table : "II", "III", "IV" or "baselines" (printed in both II and III, here once).
    system, segmenter, distance, scenario : its keys in the results.
    paper : the mean rank, as printed.
    ours : the mean over the seeds; NaN where nothing was computed.
    fitted : whether the simulated corpus was fitted to this number.

    Raises
    ------
    VmnetError
        When a cell has fewer seeds than another, holds one twice, or corpora are mixed.
    """
    import pandas as pd

    tables = {table: paper.of_table(table)["mean_rank"] for table in ("II", "III", "IV")}
    printed = pd.concat(tables, names=["table"]).rename("paper").reset_index()
    printed = printed.drop_duplicates(list(CELL), ignore_index=True)
    printed["table"] = printed["table"].mask(printed["segmenter"] == "clip", "baselines")
    fitted = provenance(results).fitted
    keys = printed[list(CELL)].itertuples(index=False, name=None)
    ours = averages(results, ("mean_rank",))["mean_rank"].rename("ours")
    return printed.join(ours, on=list(CELL)).assign(fitted=[key in fitted for key in keys])


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
    ValueError
        When fewer than five cells remain.
    """
    from scipy import stats

    free = comparable(cells)
    if len(free) < FEWEST_CELLS:
        raise ValueError(f"a correlation needs at least {FEWEST_CELLS} cells, not {len(free)}")

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
    fitted = provenance(results).fitted
    values = by_seed(results)
    return [judge(claim, values, fitted) for claim in CLAIMS]


def judge(
    claim: Claim, values: "pd.DataFrame", of_fit: set[tuple[str, str, str, str]]
) -> Conclusion:
    """Judge one claim by `values`, which `by_seed` returns; `of_fit` are the fitted cells."""
    fitted = any(key[:-1] in of_fit and key[-1] == "mean_rank" for key in claim.keys)
    absent = [key for key in claim.keys if key not in values.index]
    if absent:
        return Conclusion(claim, None, _not_computed(absent), "", fitted)
    read = values.loc[list(claim.keys)]
    require_seeds(read)
    means = read.mean(axis="columns")
    evidence = "; ".join(order.evidence(means.__getitem__) for order in claim.orders)
    alone = [_holds(claim, read[seed].__getitem__) for seed in read.columns]
    holds = _holds(claim, means.__getitem__)
    return Conclusion(claim, holds, evidence, f"{sum(alone)} of {len(alone)}", fitted)


def _holds(claim: Claim, read: Read) -> bool:
    return not any(order.wrong(read) for order in claim.orders)


def _not_computed(keys: list[Key]) -> str:
    rest = f", and {len(keys) - 2} more" if len(keys) > 2 else ""
    return f"not computed: {'; '.join(map(_cell_name, keys[:2]))}{rest}"


def _cell_name(key: Key) -> str:
    return ", ".join([*map(name, CELL, key), key[-1]])
