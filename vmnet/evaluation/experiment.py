"""One experiment: rank a catalog for every query, and put the metrics in a tidy table."""

import time
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any

import numpy as np

from vmnet.aligners import Sequences, distance_matrix
from vmnet.evaluation.controls import CONTROLS, Boundaries, control_matrix
from vmnet.evaluation.metrics import both_directions, ranks, summarize
from vmnet.evaluation.scenarios import SCENARIOS

COLUMNS = ("corpus", "kind", "n_clips", "system", "segmenter", "distance", "scenario", "direction",
           "seed", "metric", "value")  # fmt: skip


def evaluate(
    video: Sequences,
    music: Sequences,
    distances: Iterable[str],
    scenarios: Iterable[str] = ("vanilla",),
    parameters: Mapping[str, Mapping[str, Any]] | None = None,
) -> list[dict[str, Any]]:
    """Rank the music of every clip for the video of every clip (paper V-C, V-D).

    Parameters
    ----------
    video, music : Sequences
        Segment embeddings of the same clips in the same order: the right answer of query i is
        target i.
    distances
        Keys of `vmnet.aligners.DISTANCES`.
    scenarios
        Keys of `SCENARIOS`; video is the query. Music-to-video ranks are given for "vanilla", the
        only scenario that is the same in both directions.
    parameters
        Parameters by distance, for example `{"nw": {"indel": 0.05}}`.

    Returns
    -------
    rows : list of dict
        One for each (distance, scenario, direction, metric), with these keys and `value`. Metric
        "seconds" is the time all queries took.

    Raises
    ------
    ValueError
        If a scenario is unknown, or as `distance_matrix`.

    Examples
    --------
    >>> clips = Sequences.from_list([[[1, 0], [0, 1]], [[0, 1], [1, 0]]])
    >>> for row in evaluate(clips, clips, ["trace", "centroid"]):
    ...     if (row["direction"], row["metric"]) == ("V2M", "mean_rank"):
    ...         print(row["distance"], row["value"])
    trace 1.0
    centroid 1.5
    """
    scenarios = tuple(scenarios)
    if unknown := [name for name in scenarios if name not in SCENARIOS]:
        raise ValueError(f"unknown scenario {unknown[0]!r}: choose from {', '.join(SCENARIOS)}")
    rows = []
    for distance in distances:
        options = dict((parameters or {}).get(distance, {}))
        first = slice(0, 1)  # compiles the kernels, so that the clock below times the ranking alone
        distance_matrix(video.select(first), music.select(first), distance, **options)
        for scenario in scenarios:
            queries, targets = SCENARIOS[scenario](video, music)
            matrix = partial(distance_matrix, queries, targets, distance, **options)
            rows += evaluate_matrix(matrix, distance, scenario)
    return rows


def evaluate_controls(
    video: Boundaries, music: Boundaries, controls: Iterable[str] = tuple(CONTROLS)
) -> list[dict[str, Any]]:
    """Rank the music of every clip for the video of every clip by where they are cut, no more.

    Parameters
    ----------
    video, music : (n_segments + 1,) s of each clip, in one order of clips
    controls : keys of `CONTROLS`

    Returns
    -------
    rows : as of `evaluate`; the distance is the control's name
    """
    rows = []
    for control in controls:
        rows += evaluate_matrix(partial(control_matrix, video, music, control), control)
    return rows


def evaluate_matrix(
    matrix: Callable[[], np.ndarray], distance: str, scenario: str = "vanilla"
) -> list[dict[str, Any]]:
    """Rank by the distances that a function computes, such as those of a head that judges pairs.

    Parameters
    ----------
    matrix
        Returns (n, n), rows are videos and columns music tracks in one order, smaller = better.
    distance
        What it is called.

    Returns
    -------
    rows : as of `evaluate`; "seconds" is the time that the function took

    Examples
    --------
    >>> rows = evaluate_matrix(lambda: np.array([[0.1, 0.2], [0.1, 0.3]]), "head")
    >>> [row["value"] for row in rows if row["metric"] == "mean_rank"]
    [1.5, 1.75]
    """
    started = time.perf_counter()
    found = matrix()
    return _rows(found, distance, scenario, time.perf_counter() - started)


def _rows(matrix: np.ndarray, distance: str, scenario: str, seconds: float) -> list[dict[str, Any]]:
    """Return the rows of one distance matrix: a row for each direction and metric."""
    found = both_directions(matrix) if scenario == "vanilla" else {"V2M": ranks(matrix)}
    summaries = {direction: summarize(places) for direction, places in found.items()}
    summaries["V2M"]["seconds"] = seconds
    return [
        {"distance": distance, "scenario": scenario, "direction": direction,
         "metric": metric, "value": value}
        for direction, summary in summaries.items()
        for metric, value in summary.items()
    ]  # fmt: skip
