"""A learning curve: how the mean rank falls with the number of training clips.

The training clips are nested random subsets, the seed deciding which; validation and test clips
stay the same. Videos of other kinds, where a corpus has them, are added to all of its own clips. A
model is kept as that of any other system, so that the one of all clips is the baselines' own.
"""

from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from vmnet.config import PROFILES
from vmnet.corpus import EXTRA
from vmnet.experiment.run import Run
from vmnet.experiment.stages import Dataset, Systems, embeddings, tidy
from vmnet.experiment.systems import System, baselines
from vmnet.progress import log

if TYPE_CHECKING:
    import pandas as pd

GOAL = PROFILES["paper"].clips[0]
"""To so many training clips the curve is carried on (the paper's, section V-B)."""

MORE = 1.25  # by so much all clips outnumber the largest subset, so that both are worth a training
N_FITTED = 25  # sizes at which the fitted curve is kept, for a figure

Point = tuple[int, int]  # training clips of the corpus, and others


def learned(run: Run) -> tuple[System, ...]:
    """Return the clip-level systems with learned music features: baseline 2 and the linear one."""
    return tuple(system for system in baselines(run) if system.music == run.music)


def subset(data: Dataset, n_train: int, n_extra: int = 0) -> Dataset:
    """Return a dataset with fewer training clips and others, drawn by the seed of the run.

    A smaller subset is part of a larger one.
    """
    kept: set[str] = set()
    for split, size in (("train", n_train), (EXTRA, n_extra)):
        clips = data.corpus.split(split)
        if size > len(clips):
            raise ValueError(f"{size} clips of the split {split} are asked for, of {len(clips)}")
        order = np.random.default_rng(data.run.seed).permutation(len(clips))
        kept.update(clips[i].clip_id for i in order[:size])
    clips = tuple(
        clip
        for clip in data.corpus.clips
        if clip.split not in ("train", EXTRA) or clip.clip_id in kept
    )
    return replace(data, corpus=replace(data.corpus, clips=clips))


def points(datasets: Iterable[Dataset]) -> list[Point]:
    """Return how many clips are trained on: the profile's sizes, then all, then all and others.

    All seeds have the same, so that they can be averaged. None are left of a corpus that has no
    more clips than the least size.
    """
    datasets = list(datasets)
    n_train, n_extra = (
        min(len(data.corpus.split(split)) for data in datasets) for split in ("train", EXTRA)
    )
    profile = datasets[0].run.profile
    own = [size for size in profile.sizes if MORE * size <= n_train]
    more = [size for size in profile.extra_sizes if MORE * size <= n_extra]
    if not own:
        return []
    others = [*more, n_extra] if n_extra else []
    return [(size, 0) for size in (*own, n_train)] + [(n_train, size) for size in others]


def learning_curve(datasets: Iterable[Dataset], systems: Systems = learned) -> "pd.DataFrame":
    """Return mean ranks by the number of training clips, and the power law that they follow.

    A brief profile takes the first seed.

    Parameters
    ----------
    datasets
        What `prepare_all` returned.
    systems
        A function from a run to its systems.

    Returns
    -------
    table : pandas.DataFrame
        As of `results`, with two more columns, `n_train` and `n_extra`: the training clips of the
        corpus, and those of other kinds. Metrics are "mean_rank" and "ci95"; and, where there are
        sizes enough, "fit", "fit_low" and "fit_high": the law without others and its interval, from
        the least size to the paper's. Where the corpus has too few clips, it is empty, and that is
        told.
    """
    import pandas as pd

    datasets = list(datasets)
    datasets = datasets[:1] if datasets[0].run.profile.brief else datasets
    chosen = points(datasets)
    if not chosen:
        log(_too_few(datasets[0]))
        return pd.DataFrame()
    tables = [_curve(data, system, chosen) for data in datasets for system in systems(data.run)]
    return pd.concat(tables, ignore_index=True)


def _too_few(data: Dataset) -> str:
    n_train, least = len(data.corpus.split("train")), min(data.run.profile.sizes, default=0)
    return (
        f"{data.corpus.name} has {n_train} training clips: a learning curve, whose least size is "
        f"{least}, needs {MORE * least:.0f}."
    )


def _curve(data: Dataset, system: System, chosen: list[Point]) -> "pd.DataFrame":
    """Return the rows of one system and seed."""
    import pandas as pd

    from vmnet.evaluation.metrics import summarize

    measured = {point: _ranks(subset(data, *point), system) for point in chosen}
    rows: list[dict[str, Any]] = []
    for direction in ("V2M", "M2V"):
        of_sizes = {}
        for point, found in measured.items():
            summary = summarize(found[direction])
            rows += _rows(direction, point, {name: summary[name] for name in ("mean_rank", "ci95")})
            if point[1] == 0:
                of_sizes[point[0]] = found[direction]
        rows += _fitted(of_sizes, direction, data.run.seed)
    table = pd.DataFrame(rows).assign(distance="centroid", scenario="vanilla")
    return tidy(table, data, system).assign(n_train=table["n_train"], n_extra=table["n_extra"])


def _ranks(data: Dataset, system: System) -> dict[str, np.ndarray]:
    """Return the ranks of the test clips by direction, (n_test,)."""
    from vmnet.aligners import distance_matrix
    from vmnet.evaluation.metrics import both_directions

    return both_directions(distance_matrix(*embeddings(data, system), "centroid"))


def _fitted(of_sizes: dict[int, np.ndarray], direction: str, seed: int) -> list[dict[str, Any]]:
    """Return the rows of the power law of some ranks by the number of training clips."""
    from vmnet.evaluation.power_law import FEWEST, carry_on

    if len(of_sizes) < FEWEST:
        return []
    sizes = list(of_sizes)
    steps = np.geomspace(min(sizes), max(GOAL, *sizes), N_FITTED).round().astype(int)
    at = np.union1d(steps, GOAL)
    fit = carry_on(sizes, list(of_sizes.values()), at, seed)
    rows: list[dict[str, Any]] = []
    for size, values in zip(at.tolist(), fit.T.tolist(), strict=True):
        law = dict(zip(("fit", "fit_low", "fit_high"), values, strict=True))
        rows += _rows(direction, (size, 0), law)
    return rows


def _rows(direction: str, point: Point, values: dict[str, float]) -> list[dict[str, Any]]:
    n_train, n_extra = point
    return [
        {"direction": direction, "n_train": n_train, "n_extra": n_extra,
         "metric": metric, "value": value}
        for metric, value in values.items()
    ]  # fmt: skip
