"""Ranks of both directions as rows of the thesis' results; see `vmnet.report.thesis.results`."""

from typing import Any

import numpy as np

from vmnet.evaluation.metrics import RECALL_AT, both_directions, chance, half_width

Row = dict[str, Any]


def rank_rows(matrix: np.ndarray, **columns: Any) -> list[Row]:
    """Return R@1, R@10, R@25 (percent) and the mean rank of both directions.

    Parameters
    ----------
    matrix : (n, n)
        Distances of videos (rows) from tracks (columns); the right answer of query i is i.
    columns
        What else the rows have: corpus, kind, part, system, seed, ...

    Returns
    -------
    list of dict
        Eight rows, each with the half width of its 95 % interval over the queries.

    Examples
    --------
    >>> rows = rank_rows(np.array([[0.0, 1.0], [1.0, 0.0]]), system="perfect")
    >>> [(row["direction"], row["metric"], row["value"]) for row in rows][:2]
    [('V2M', 'R@1', 100.0), ('V2M', 'R@10', 100.0)]
    """
    rows: list[Row] = []
    for direction, places in both_directions(matrix).items():
        of_query = {f"R@{k}": 100.0 * (places <= k) for k in RECALL_AT} | {"mean_rank": places}
        rows += [
            {
                **columns,
                "direction": direction,
                "metric": metric,
                "n": len(places),
                "value": float(np.mean(values)),
                "ci95": half_width(np.asarray(values, float)),
            }
            for metric, values in of_query.items()
        ]
    return rows


def chance_rows(n_targets: int, **columns: Any) -> list[Row]:
    """Return what chance gives in both directions, as `rank_rows` does, without intervals."""
    expected = {name: value for name, value in chance(n_targets).items() if name != "median_rank"}
    return [
        {**columns, "direction": way, "metric": name, "n": n_targets, "value": value}
        for way in ("V2M", "M2V")
        for name, value in expected.items()
    ]
