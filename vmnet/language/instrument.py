"""Does the instrument measure what is there? On rendered films, whose truth is known.

S of a film (equation 6.1) is measured from shots and from events of the music that were both
estimated. Here it stands beside S of the truth, and beside S where only the shots, or only the
music, were estimated, which tells what an error comes from.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from vmnet.evaluation.metrics import half_width
from vmnet.experiment.run import Run
from vmnet.language.clip import ClipEvents
from vmnet.language.cooccurrence import cooccurrence, expected, offset_curve
from vmnet.language.measure import PLAN_SECONDS, events, planned, plans, true_events
from vmnet.language.positions import EVENTS
from vmnet.report.thesis import results

if TYPE_CHECKING:
    import pandas as pd

PART = "instrument"
CLIP = "clip:"
KINDS = ("segments", "downbeats", "beats")
LAGS = np.arange(-4, 1) * 0.04  # s; frames at 25 Hz

Row = dict[str, Any]
Pair = tuple[ClipEvents, ClipEvents]
"""A film as it was measured, and its truth."""

SOURCES = {"truth": (1, 1), "measured": (0, 0), "measured_shots": (0, 1), "measured_music": (1, 0)}
"""Which of a pair the shots are of, and the music, by system."""

DETECTED: dict[str, tuple[Callable[[ClipEvents], np.ndarray], float]] = {
    "cut": (lambda clip: clip.cuts, 2 / 25 + 1e-6),  # two frames, and what floats make of them
    "beat": (EVENTS["beats"], 0.07),
    "downbeat": (EVENTS["downbeats"], 0.07),
    "section": (EVENTS["segments"], 3.0),
}
"""What can be found, and within how many seconds: mir_eval's and MIREX's tolerances."""


def instrument(films: Run, tracker: str = "librosa") -> "pd.DataFrame":
    """Measure rendered films and hold them against their truth.

    Parameters
    ----------
    films
        A run on rendered films, as `film_run` returns it.
    tracker
        What finds beats, a key of `BEAT_TRACKERS`.

    Returns
    -------
    DataFrame
        Tidy (`report.thesis.results`), all of part "instrument". Of each film, in the group
        "clip:...", S at sections, downbeats and beats, by the systems of `SOURCES`. Of all films,
        Spearman's correlation of each S with that of the truth ("spearman_S_beats"), and what is
        found of the cuts, the beats, the downbeats and the sections (system "observed": "cut_F",
        "cut_recall", ...), with its interval over the films.
    """
    truth = {clip.clip_id: clip for clip in true_events(films.corpus.clips)}
    pairs = [(found, truth[found.clip_id]) for found in events(films, tracker)]
    common = {"corpus": films.corpus.name, "kind": "rendered", "part": PART, "seed": films.seed}
    rows = [*_intensities(pairs), *_detections(pairs)]
    return results.table({**common, **row} for row in rows)


def recovered(n: int, seed: int = 0, seconds: tuple[float, float] = PLAN_SECONDS) -> "pd.DataFrame":
    """Return how well S tells films apart that are cut in different ways, by their truth alone.

    Spearman's correlation over the films of `planned` of what each was told to do with what S finds
    of it, at the lag of up to four frames at which S is highest, since cuts may come early:

    - "spearman_sync": the share of cuts that are moved to beats or bars; S at beats, on a scale
      from its expectation (0) to what it is where every cut is on a beat (1)
    - "spearman_boundary": the chance of a cut where a section begins; S at sections
    """
    clips = planned(n, seed, seconds)
    editings = [draft.cutting.editing for draft in plans(n, seed, seconds) if draft.cutting]
    of_beats = [np.nan if one.unit == "section" else one.sync for one in editings]
    of_sections = [one.boundary for one in editings]
    at_sections = [_highest(clip, "segments") for clip in clips]
    rows = [
        *_correlation("planned", "spearman_sync", of_beats, [_on_beats(c) for c in clips]),
        *_correlation("planned", "spearman_boundary", of_sections, at_sections),
    ]
    common = {"corpus": f"{n} plans", "kind": "rendered", "part": PART, "seed": seed}
    return results.table({**common, **row} for row in rows)


def _on_beats(clip: ClipEvents) -> float:
    """Return S at beats, scaled: 0 by chance, 1 where every cut is on a beat."""
    rate = len(clip.cuts) / clip.duration
    chance = float(expected(rate))
    if not len(clip.cuts):
        return np.nan
    return (_highest(clip, "beats") - chance) / (rate * clip.beat_seconds - chance)


def _highest(clip: ClipEvents, event: str) -> float:
    """Return the largest S of a film over `LAGS`."""
    return float(offset_curve(clip, EVENTS[event](clip), LAGS).max())


def _intensity(shots: ClipEvents, music: ClipEvents, event: str) -> float:
    """Return S of the shots of one account of a film at the events of another."""
    return cooccurrence(shots, EVENTS[event](music))


def _intensities(pairs: Sequence[Pair]) -> Iterator[Row]:
    for event in KINDS:
        metric = f"S_{event}"
        found = {
            system: [_intensity(pair[shots], pair[music], event) for pair in pairs]
            for system, (shots, music) in SOURCES.items()
        }
        for system, values in found.items():
            for (clip, _), value in zip(pairs, values, strict=True):
                if not np.isnan(value):
                    key = {"system": system, "group": f"{CLIP}{clip.clip_id}", "metric": metric}
                    yield {**key, "n": 1, "value": value}
            if system != "truth":
                yield from _correlation(system, f"spearman_{metric}", found["truth"], values)


def _correlation(
    system: str, metric: str, first: Sequence[float], second: Sequence[float]
) -> Iterator[Row]:
    """Yield Spearman's correlation over the films that have both; none where one never varies."""
    from scipy.stats import spearmanr

    both = np.array([first, second], dtype=float)
    both = both[:, ~np.isnan(both).any(axis=0)]
    if both.shape[1] > 2 and (both.std(axis=1) > 0).all():
        value = float(spearmanr(*both).statistic)
        yield {
            "system": system,
            "group": "all",
            "metric": metric,
            "n": both.shape[1],
            "value": value,
        }


def _detections(pairs: Sequence[Pair]) -> Iterator[Row]:
    for name, (times, tolerance) in DETECTED.items():
        scores = [detection(times(true), times(found), tolerance) for found, true in pairs]
        for score, values in zip(("recall", "precision", "F"), np.array(scores).T, strict=True):
            known = values[~np.isnan(values)]
            if len(known):
                half = half_width(known)
                yield {
                    "system": "observed", "group": "all", "metric": f"{name}_{score}",
                    "n": len(known), "value": known.mean(),
                    "ci95": half if np.isfinite(half) else np.nan,
                }  # fmt: skip


def detection(truth: np.ndarray, found: np.ndarray, tolerance: float) -> tuple[float, float, float]:
    """Return recall, precision and F of events: those that are near one of the others.

    NaN where there are none to be found, to have been found, or either.

    >>> detection(np.array([1.0, 2.0]), np.array([1.1, 5.0, 6.0, 7.0]), 0.5)
    (0.5, 0.25, 0.3333333333333333)
    """
    apart = np.abs(truth[:, None] - found)
    near = (apart.min(axis=axis, initial=np.inf) <= tolerance for axis in (1, 0))
    recall, precision = (float(met.mean()) if len(met) else np.nan for met in near)
    total = recall + precision
    f = 2 * recall * precision / total if total > 0 else 0.0
    return recall, precision, np.nan if np.isnan(total) else f
