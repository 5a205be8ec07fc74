"""Does the instrument measure what is there? On rendered films, whose truth is known.

S of a film (equation 6.1) is measured from shots and from events of the music that were both
estimated. Here it stands beside S of the truth, and beside S where only the shots, or only the
music, were estimated, which tells what an error comes from.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from vmnet.evaluation.metrics import half_width
from vmnet.language.clip import ClipEvents
from vmnet.language.cooccurrence import cooccurrence
from vmnet.language.positions import EVENTS

PART = "instrument"
CLIP = "clip:"
KINDS = ("segments", "segments_moved", "downbeats", "beats")

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


def instrument(measured: Sequence[ClipEvents], truth: Sequence[ClipEvents]) -> Iterator[Row]:
    """Yield how rendered films that were measured stand beside the same films as they were made.

    Parameters
    ----------
    measured, truth
        Films; those of one clip_id belong together, and others are passed over.

    Yields
    ------
    dict
        A row of the results (`report.thesis.results`) but for corpus, kind and seed, all of part
        "instrument". Of each film, in the group "clip:...", S at sections, downbeats and beats, by
        the systems of `SOURCES`. Of all films, Spearman's correlation of each S with that of the
        truth ("spearman_S_beats"), and what is found of the cuts, the beats, the downbeats and the
        sections (system "observed": "cut_F", "cut_recall", ...), with its interval over the films.
    """
    true_of = {clip.clip_id: clip for clip in truth}
    pairs = [(found, true_of[found.clip_id]) for found in measured if found.clip_id in true_of]
    for row in (*_intensities(pairs), *_detections(pairs)):
        yield {"part": PART, **row}


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
