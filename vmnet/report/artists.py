"""The table of ranks with and without the test clips whose artist training knows."""

from typing import TYPE_CHECKING

from vmnet.experiment.artists import QUERIES
from vmnet.report.names import name, ordered
from vmnet.report.paper import CHANCE
from vmnet.report.ranks import RANK, rank_text
from vmnet.report.results import averages, count, provenance

if TYPE_CHECKING:
    import pandas as pd


def artists(results: "pd.DataFrame") -> "pd.DataFrame":
    """Return a row for each system and a column for each key of `QUERIES` that every seed has.

    Parameters
    ----------
    results : what `vmnet.experiment.by_artist` returned.
    """
    import pandas as pd

    n_seeds = results["seed"].nunique()
    seeds = results.groupby("queries")["seed"].nunique()
    groups = [key for key in QUERIES if seeds.get(key, 0) == n_seeds]
    found = averages(results[results["queries"].isin(groups)], RANK, ("system", "queries"))
    columns = {key: f"{QUERIES[key]} ({_number(results, key)})" for key in groups}
    rows = [
        {"system": name("system", system)}
        | {text: rank_text(*found.loc[(system, key)]) for key, text in columns.items()}
        for system in ordered("system", results["system"])
    ]
    chance = f"{provenance(results).chance['mean_rank']:.1f}"
    last = {"system": name("system", CHANCE)} | dict.fromkeys(columns.values(), chance)
    return pd.DataFrame([*rows, last])


def _number(results: "pd.DataFrame", key: str) -> str:
    """Return how many queries a mean is over: "52 clips", or "50 to 53 clips" by the seed."""
    found = results.loc[results["queries"] == key, "n_queries"]
    fewest, most = int(found.min()), int(found.max())
    return count(most, "clip") if fewest == most else f"{fewest:,} to {count(most, 'clip')}"
