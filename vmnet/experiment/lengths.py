"""Tracks of mixed lengths: whether a long track is near a video because it is long.

A query is a window of a video, cut at merged shots. The catalog has of every clip's music a window
of its own length, cut where the music is heard to change: between a quarter of the query's length
and twice it, as likely to be halved as doubled. It holds the query's window or lies inside it, so
that the two belong together for as long as the shorter lasts, and its length tells nothing of whose
it is. Windows are drawn several times, and the ranks of a query are averaged over the draws.

The networks are those of `vmnet.experiment.apart`, and so are the clips.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import groupby
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from vmnet import store
from vmnet.aligners import (
    NORMALISED,
    Sequences,
    alignment_of,
    distance_matrix,
    indel_defaults,
)
from vmnet.corpus.windowed import MERGED, WindowedSource, window
from vmnet.experiment.apart import systems, windowed
from vmnet.experiment.segments import segment_arrays
from vmnet.experiment.stages import Dataset, embeddings_key, model, tidy
from vmnet.experiment.systems import System

if TYPE_CHECKING:
    import pandas as pd

    from vmnet.models import Embedder

MIXED = "mixed_lengths"
"""The scenario of these results."""

COMPARED = ("centroid", *(form for both in NORMALISED.items() for form in both))
DRAWS, BRIEF_DRAWS, BRIEF_CLIPS = 20, 2, 200
SHORTEST, LONGEST = 0.25, 2.0  # of a track, in lengths of the query
TOP = 10  # tracks that a user looks at
VERSION = 1  # of what is drawn and measured: change it when results become others

Span = tuple[int, int]  # first second, and the one after the last


def draw_spans(duration: int, seconds: int, rng: np.random.Generator) -> tuple[Span, Span]:
    """Draw a window of a clip's video, and one of its music that holds it or lies inside it.

    Parameters
    ----------
    duration
        Of the clip, in whole seconds, at least `seconds`.
    seconds
        Length of the video's window.

    Returns
    -------
    video, music : (first second, the one after the last), inside the clip
    """
    length = seconds * np.exp(rng.uniform(np.log(SHORTEST), np.log(LONGEST)))
    length = int(np.clip(round(length), 1, duration))
    start = int(rng.integers(duration - seconds + 1))
    first, last = sorted((start, start + seconds - length))
    first, last = max(first, 0), min(last, duration - length)
    begin = int(rng.integers(first, last + 1))
    return (start, start + seconds), (begin, begin + length)


@dataclass(frozen=True, eq=False)
class Draw:
    """Queries and a catalog, in one order of clips.

    Attributes
    ----------
    video, music : Sequences
        Features or embeddings of their segments.
    seconds : (n_clips,) int64
        How long each track is.
    """

    video: Sequences
    music: Sequences
    seconds: np.ndarray

    def embedded(self, trained: "Embedder") -> "Draw":
        """Return the embeddings of these features by a network."""
        video, music = trained.embed_video(self.video), trained.embed_music(self.music)
        return replace(self, video=video, music=music)

    def parted(self, n_parts: int) -> "list[Draw]":
        """Return as many draws of equally many clips."""
        n_clips = len(self.seconds) // n_parts
        parts = [slice(i * n_clips, (i + 1) * n_clips) for i in range(n_parts)]
        return [
            Draw(self.video.select(part), self.music.select(part), self.seconds[part])
            for part in parts
        ]


def draws(whole: Dataset, system: System, seconds: int, n_draws: int, split: str = "test") -> Draw:
    """Return the segment features of some draws as one, the clips of a draw after another's.

    Each clip is read once.

    Parameters
    ----------
    whole
        The clips that are drawn from.
    system
        Says which features are taken, and how the two tracks are cut.
    seconds
        Length of a video's window; the clips last as long.
    """
    found: list[list[tuple[np.ndarray, np.ndarray, int]]] = [[] for _ in range(n_draws)]
    pairs = list(zip((system.video, system.music), system.cut, strict=True))
    for clip in whole.corpus.split(split):
        features = whole.corpus.source.load(clip)
        duration = round(float(features.boundaries[whole.run.segmenters[0]][-1]))
        for i, drawn in enumerate(found):
            rng = np.random.default_rng([whole.run.seed, i, *b"lengths", *clip.clip_id.encode()])
            spans = draw_spans(duration, seconds, rng)
            parts = [window(features, first, end - first) for first, end in spans]
            video, music = (
                segment_arrays(part, [pair])["-".join(pair)]
                for part, pair in zip(parts, pairs, strict=True)
            )
            drawn.append((video, music, spans[1][1] - spans[1][0]))
    videos, tracks, lengths = zip(*(entry for drawn in found for entry in drawn), strict=True)
    return Draw(Sequences.from_list(videos), Sequences.from_list(tracks), np.array(lengths))


def measure(distances: np.ndarray, seconds: np.ndarray) -> dict[str, np.ndarray]:
    """Return what one draw says of a distance, a number for each query.

    Parameters
    ----------
    distances : (n, n)
        Of every query to every track, in one order of clips.
    seconds : (n,)
        How long the tracks are.

    Returns
    -------
    dict of (n,) float64
        "rank" of the right track; "length_correlation", Spearman's, of minus the distance with the
        length, in [-1, 1], positive where long tracks are near; "longest_third" and
        "shortest_third", the share of the `TOP` nearest that are among the longest, or shortest,
        third of the catalog: a third where length plays no part.
    """
    from scipy.stats import rankdata

    from vmnet.evaluation.metrics import ranks

    by_length = rankdata(seconds)
    near = rankdata(-distances, axis=1)
    centred = near - near.mean(axis=1, keepdims=True)
    deviations = by_length - by_length.mean()
    norms = np.linalg.norm(centred, axis=1) * np.linalg.norm(deviations)
    correlation = centred @ deviations / np.where(norms > 0, norms, 1)
    nearest = np.argsort(distances, axis=1, kind="stable")[:, :TOP]
    third = len(seconds) / 3
    order = np.argsort(np.argsort(seconds, kind="stable"))
    return {
        "rank": ranks(distances),
        "length_correlation": correlation,
        "longest_third": (order >= len(seconds) - third)[nearest].mean(axis=1),
        "shortest_third": (order < third)[nearest].mean(axis=1),
    }


def compare_lengths(datasets: Iterable[Dataset], split: str = "test") -> "pd.DataFrame":
    """Return how each alignment and its form that is normalised by length rank mixed tracks.

    A brief profile takes the first seed, and of it `BRIEF_CLIPS` and `BRIEF_DRAWS` at most.

    Returns
    -------
    table : pandas.DataFrame
        As of `results`, of the scenario `MIXED` and V2M alone. Metrics are "mean_rank" and "ci95",
        over the queries; the means of the others of `measure`; and, of a normalised form, "gain",
        the ranks by which it is ahead of its alignment, with "gain_ci95", the half width of the
        interval of the differences.
    """
    import pandas as pd

    datasets = list(datasets)
    brief = datasets[0].run.profile.brief
    tables = []
    for whole, windows in windowed(datasets[:1] if brief else datasets):
        drawn_from = _first(whole, split) if brief else whole
        for _, those in groupby(compared(windows), key=_cut):
            tables += _measured(drawn_from, windows, list(those), split)
    return pd.concat(tables, ignore_index=True)


def _first(data: Dataset, split: str) -> Dataset:
    """Return a dataset with the first clips of a split alone, beside those of all others."""
    left_out = set(data.corpus.split(split)[BRIEF_CLIPS:])
    kept = tuple(clip for clip in data.corpus.clips if clip not in left_out)
    return replace(data, corpus=replace(data.corpus, clips=kept))


def compared(windows: Dataset) -> tuple[System, ...]:
    """Return the systems of experiment 4 that are cut apart, the video at merged shots.

    A corpus without shots has fixed windows for them; and for the music, if it has none of its own.
    """
    every = systems(windows.run)
    apart = [system for system in every if system.apart]
    merged = [system for system in apart if system.cut[0] == MERGED]
    return tuple(sorted(merged or apart or every[-1:], key=_cut))


def _cut(system: System) -> tuple[str, str]:
    return system.cut


def _measured(
    whole: Dataset, windows: Dataset, those: Sequence[System], split: str
) -> "list[pd.DataFrame]":
    """Load or compute the rows of systems that have the same segments."""
    import pandas as pd

    n_draws = BRIEF_DRAWS if whole.run.profile.brief else DRAWS
    costs = indel_defaults() | dict(whole.run.indel)
    seconds = cast(WindowedSource, windows.corpus.source).seconds
    drawn = cache(lambda: draws(whole, those[0], seconds, n_draws, split))
    tables = []
    for system in those:
        key = store.key(
            embeddings=embeddings_key(windows, system, split),
            draws=(len(whole.corpus.split(split)), n_draws, SHORTEST, LONGEST, TOP, VERSION),
            distances=COMPARED,
            costs=costs,
        )
        name = f"{MIXED}-{system.name}-{system.segmentation}-{split}-{key}.csv"
        path = whole.run.folder / "results" / name
        if not path.exists():
            parts = drawn().embedded(model(windows, system)).parted(n_draws)
            found = {each: measured(parts, each, costs) for each in COMPARED}
            rows = [row for distance in COMPARED for row in _rows(found, distance)]
            store.save_text(path, pd.DataFrame(rows).to_csv(index=False))
        tables.append(tidy(pd.read_csv(path), whole, system, split))
    return tables


def measured(
    drawn: Sequence[Draw], distance: str, costs: Mapping[str, float]
) -> dict[str, np.ndarray]:
    """Return what `measure` does, the mean over the draws; `costs` are by alignment."""
    form = alignment_of(distance)
    options: dict[str, Any] = {"indel": costs[form]} if form in costs else {}
    found = [
        measure(distance_matrix(one.video, one.music, distance, **options), one.seconds)
        for one in drawn
    ]
    return {name: np.mean([each[name] for each in found], axis=0) for name in found[0]}


def _rows(found: Mapping[str, Mapping[str, np.ndarray]], distance: str) -> list[dict[str, Any]]:
    """Return the rows of one distance, by what `measured` found of each."""
    from vmnet.evaluation.metrics import half_width, summarize

    values = {name: float(numbers.mean()) for name, numbers in found[distance].items()}
    summary = summarize(found[distance]["rank"])
    del values["rank"]
    values |= {name: summary[name] for name in ("mean_rank", "ci95")}
    form = alignment_of(distance)
    if form != distance:
        gains = found[form]["rank"] - found[distance]["rank"]
        values |= {"gain": float(gains.mean()), "gain_ci95": half_width(gains)}
    return [
        {"distance": distance, "scenario": MIXED, "direction": "V2M",
         "metric": metric, "value": value}
        for metric, value in values.items()
    ]  # fmt: skip
