"""Chapter 6 of the thesis on a set of films: every number of notebook 10, in its one format.

The thesis has genres of at least ten films; so have we. What is not known of a set (its sections,
its beats, its tempo) has no rows. Which `system` a row has:

    observed              the number, with its interval over the films
    null                  its mean where film and music have nothing to do with one another
    null_low, null_high   95 of 100 such means of a group are between these
    p                     the share of them that is at least as large, the observed one included
    lognormal             of table 6.2, its mean where log-normal shots like each film's own are
                          drawn; lognormal_low and lognormal_high as null_low and null_high
    lift                  observed / null; of part "lags", at each lag
    peak                  S at lag 0 over its mean 2 to 5 s before and after it

A metric ends in `_1s` where cuts are known to the second: it has another sigma, and other bins, so
that no number of the thesis stands beside it.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from vmnet.evaluation.metrics import half_width
from vmnet.language import durations
from vmnet.language.clip import ClipEvents
from vmnet.language.positions import (
    COARSE,
    EVENTS,
    Positions,
    cutting_rates,
    near_beats,
    positions,
)
from vmnet.report.thesis import results

if TYPE_CHECKING:
    import pandas as pd

CALLED = {"Dance/Electronic": "Dance/Electro"}  # genres of the Harmonix set, as the thesis writes
FEWEST = 10  # films of a genre, as the thesis has it
WIDTHS = (0.1, 0.2, 0.4)  # s, of the histogram's bins
APART = 2.0  # s; lags that are nearer may hold the same cut
RESAMPLES = 500
COARSELY = "_1s"
PERMUTED = ("null", "null_low", "null_high", "p")
LOG_NORMAL = ("lognormal", "lognormal_low", "lognormal_high")

Row = dict[str, Any]


@dataclass(frozen=True, eq=False)
class Films:
    """A set of films, what their numbers are called, and what there is to know of them.

    `corpus` is the name beside each number; `kind` a key of the results' kinds; `about` a sentence;
    `paths` are those of the films, by clip_id, where there are any.
    """

    corpus: str
    kind: str
    clips: tuple[ClipEvents, ...]
    about: str = ""
    paths: Mapping[str, Path] = field(default_factory=dict)


def results_of(films: Films, seed: int = 0) -> "pd.DataFrame":
    """Return all of chapter 6 on a set of films, tidy; see `vmnet.report.thesis.results`.

    Parameters
    ----------
    films : at least one film
    seed : draws the nulls
    """
    common = {"corpus": films.corpus, "kind": films.kind, "seed": seed}
    parts = (means, duration_rows, position_rows, hypothesis_rows, genre_rows)
    rows = [row for part in parts for row in part(films.clips, seed)]
    return results.table({**common, **row} for row in rows)


def groups_of(clips: Sequence[ClipEvents], fewest: int = FEWEST) -> dict[str, np.ndarray]:
    """Return which films, (n_films,) bool, are in each group: all, and genres that are frequent."""
    found = {durations.ALL: np.ones(len(clips), bool)}
    for what, names in (
        ("music", [CALLED.get(clip.genre, clip.genre) for clip in clips]),
        ("video", [clip.video_genre for clip in clips]),
    ):
        for name in sorted(set(filter(None, names))):
            members = np.array([one == name for one in names])
            found |= {f"{what}:{name}": members} if members.sum() >= fewest else {}
    return found


def limits(films: Films) -> str:
    """Say what a set has too few films for; "" where it has enough.

    >>> film = ClipEvents("a", 9.0, np.array([4.0]), bpm=120.0, meter=4)
    >>> limits(Films("mine", "real", (film,)))
    'one film: no intervals; tempi of one film cannot be permuted; below 10 no genres, H2, H3'
    """
    n = len(films.clips)
    tempi = sum(not np.isnan(clip.bar_seconds) for clip in films.clips)
    found = {
        "one film: no intervals": n == 1,
        "no tempo is known, and so no table 6.2": not tempi,
        "tempi of one film cannot be permuted": tempi == 1,
        f"tempi of {tempi} films, permuted, tell little": 1 < tempi < FEWEST,
        f"below {FEWEST} no genres, H2, H3": n < FEWEST,
    }
    return "; ".join(line for line, holds in found.items() if holds)


def means(clips: Sequence[ClipEvents], seed: int) -> Iterator[Row]:
    """Yield how long segments, bars and shots last: means over the films of each film's mean."""
    del seed
    lengths = {
        "shot_seconds": [clip.shots.mean() for clip in clips],
        "segment_seconds": [
            np.diff(clip.boundaries).mean() for clip in clips if len(clip.boundaries)
        ],
        "bar_seconds": [clip.bar_seconds for clip in clips if not np.isnan(clip.bar_seconds)],
    }
    for metric, values in lengths.items():
        if values:
            yield _mean("means", metric, durations.ALL, values)


def duration_rows(clips: Sequence[ClipEvents], seed: int) -> Iterator[Row]:
    """Yield table 6.2: films whose dominant shot agrees with beat, bar and four bars, percent.

    Films whose cuts are known to the second have bins of a second, and no beats: a beat is shorter.
    """
    clips = [clip for clip in clips if not np.isnan(clip.bar_seconds)]
    if not clips:
        return
    coarse = clips[0].resolution
    for width in (coarse,) if coarse else WIDTHS:
        main = width in (durations.BIN, coarse)
        groups = groups_of(clips) if main else None
        for row in durations.agreement(clips, groups, width, seed=seed):
            if coarse and row.unit == "beat":
                continue
            metric = row.unit if main else f"{row.unit} in bins of {width:g} s"
            metric += COARSELY if coarse else ""
            key = {"part": "6.2", "metric": metric, "group": row.group, "n": row.n}
            yield {**key, "system": "observed", "value": row.percent, "ci95": row.ci95}
            for system in (*(PERMUTED if len(clips) > 1 else ()), *LOG_NORMAL):
                value = getattr(row, system.removeprefix("null_"))
                yield {**key, "system": system, "value": value}


def position_rows(clips: Sequence[ClipEvents], seed: int) -> Iterator[Row]:
    """Yield table 6.3, S at each kind of event with its null, and S against the lag."""
    groups, coarse = groups_of(clips), clips[0].resolution > 0
    for event in COARSE if coarse else EVENTS:
        metric = f"S_{event}" + (COARSELY if coarse else "")
        found = positions(clips, event, seed=seed)
        if not len(found.observed):
            continue
        for group, members in groups.items():
            of_group = members[found.which]
            if of_group.sum() >= (1 if group == durations.ALL else FEWEST):
                yield from _position_rows(found, metric, group, of_group)
        yield from _lag_rows(found, metric, coarse)


def _position_rows(
    found: Positions, metric: str, group: str, of_group: np.ndarray
) -> Iterator[Row]:
    observed, nulls = found.observed[of_group], found.nulls[of_group]
    by_chance = nulls.mean(axis=0)
    key = {"part": "6.3", "metric": metric, "group": group, "n": len(observed)}
    yield _mean("6.3", metric, group, observed)
    yield {**key, "system": "null", "value": by_chance.mean()}
    for system, percent in (("null_low", 2.5), ("null_high", 97.5)):
        yield {**key, "system": system, "value": np.percentile(by_chance, percent)}
    p = (1 + (by_chance >= observed.mean()).sum()) / (1 + len(by_chance))
    yield {**key, "system": "p", "value": p}
    if by_chance.mean() > 0:
        yield _lift(key, "lift", observed, nulls.mean(axis=1))


def _lift(key: Mapping[str, Any], system: str, above: np.ndarray, below: np.ndarray) -> Row:
    """Return a ratio of two means over films, with the interval of a ratio."""
    lift = above.mean() / below.mean()
    ci95 = half_width((above - lift * below) / below.mean())
    return {**key, "system": system, "value": lift, "ci95": _or_nan(ci95)}


def _lag_rows(found: Positions, metric: str, coarse: bool) -> Iterator[Row]:
    by_chance = found.nulls.mean(axis=1)
    for lag, values in zip(found.lags, found.curves.T, strict=True):
        row = _mean("lags", metric, f"lag:{lag:+.2f}", values)
        yield row
        if by_chance.mean() > 0:
            yield _lift(row, "lift", values, by_chance)
    far = np.abs(found.lags) >= APART
    beside = found.curves[:, far].mean(axis=1) if far.any() else np.zeros(1)
    if coarse and beside.mean() > 0:
        at_0 = found.curves[:, found.lags == 0][:, 0]
        key = {"part": "lags", "metric": metric, "group": durations.ALL, "n": len(at_0)}
        yield _lift(key, "peak", at_0, beside)
    if found.event == "downbeats" and not coarse and found.curves.any():
        yield _highest(found)


def _highest(found: Positions) -> Row:
    """Return the lag at which S is highest (H4); its interval is of resampled films."""
    rng = np.random.default_rng(0)
    n = len(found.curves)
    drawn = found.curves[rng.integers(0, n, (RESAMPLES, n))].mean(axis=1)
    low, high = np.percentile(found.lags[drawn.argmax(axis=1)], [2.5, 97.5])
    ci95 = (high - low) / 2 if n > 1 else np.nan
    return {
        "part": "H4", "system": "observed", "metric": "highest_lag", "group": durations.ALL, "n": n,
        "value": found.lags[found.curves.mean(axis=0).argmax()], "ci95": ci95,
    }  # fmt: skip


def hypothesis_rows(clips: Sequence[ClipEvents], seed: int) -> Iterator[Row]:
    """Yield what the other hypotheses of the interviews come to: H2 and H3."""
    of_beats = [near_beats(c, seed=(seed, i)) for i, c in enumerate(clips) if not c.resolution]
    yield from _beside_null("H2", "percent_of_cuts", "", of_beats, 100)
    of_sections = [cutting_rates(c, seed=(seed, i)) for i, c in enumerate(clips)]
    yield from _beside_null("H3", "relative_cutting_rate", "section:", of_sections, 1)


def _beside_null(
    part: str, metric: str, prefix: str, found: Iterable[Mapping[str, tuple]], scale: float
) -> Iterator[Row]:
    """Yield means over films of pairs (observed, null), by name, where enough films have them."""
    pairs: dict[str, list[tuple[float, float]]] = {}
    for one in found:
        for name, pair in one.items():
            pairs.setdefault(name, []).append(pair)
    for name, values in sorted(pairs.items()):
        if len(values) >= FEWEST:
            observed, null = scale * np.array(values).T
            yield _mean(part, metric, prefix + name, observed)
            yield {**_mean(part, metric, prefix + name, null), "system": "null", "ci95": np.nan}


def genre_rows(clips: Sequence[ClipEvents], seed: int) -> Iterator[Row]:
    """Yield figure 6.4: the percentages of video genres within each music genre, and Cramer's V.

    Of fewer than a hundred films, genres of a tenth of them are enough.
    """
    del seed
    groups = groups_of(clips, max(2, min(FEWEST, len(clips) // 10)))
    music, video = (
        {name: members for name, members in groups.items() if name.startswith(what)}
        for what in ("music:", "video:")
    )
    counts = np.array([[(m & v).sum() for v in video.values()] for m in music.values()])
    counts = counts.reshape(len(music), len(video))
    # Films may have one of both alone.
    rows, columns = (np.flatnonzero(counts.sum(axis=axis)) for axis in (1, 0))
    counts = counts[np.ix_(rows, columns)]
    if min(counts.shape) < 2:
        return
    for name, row in zip(np.array([*music])[rows].tolist(), counts, strict=True):
        for genre, count in zip(np.array([*video])[columns].tolist(), row, strict=True):
            n = int(row.sum())
            yield {
                "part": "6.4", "system": "observed", "metric": genre, "group": name, "n": n,
                "value": 100 * count / n, "ci95": 100 * durations.wilson(int(count), n),
            }  # fmt: skip
    from scipy.stats import chi2_contingency
    from scipy.stats.contingency import association

    key = {"part": "6.4", "group": durations.ALL, "n": int(counts.sum()), "metric": "cramers_v"}
    yield {**key, "system": "observed", "value": association(counts, method="cramer")}
    yield {**key, "system": "p", "value": chi2_contingency(counts).pvalue}


def _mean(part: str, metric: str, group: str, values: Sequence[float] | np.ndarray) -> Row:
    values = np.asarray(values, dtype=np.float64)
    return {
        "part": part, "system": "observed", "metric": metric, "group": group, "n": len(values),
        "value": values.mean(), "ci95": _or_nan(half_width(values)),
    }  # fmt: skip


def _or_nan(half: float) -> float:
    """Return an interval, or none where one film has none."""
    return half if np.isfinite(half) else np.nan
