"""Where the recording that was annotated begins in a video, found in the sound alone.

A video may begin before its song and go on after it, so that the times of an annotation are off by
an *offset*. It is sought where the sound of the video, known once a second, changes at the
annotated borders between sections, and its chords change at the annotated downbeats. Nothing seen
is looked at: whether cuts fall on the music is what the times are wanted for.

Something always fits best. Whether it is more than chance is asked of annotations of other songs,
which fit nowhere: an offset counts where its *lead*, by how much it fits better than any that is
more than two seconds away, is above that of 95 of 100 of those.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

STEP = 0.25  # s, between offsets that are tried
AROUND = 10.0  # s before the video's start, and after its end, where a recording may lie
APART = 2.0  # s; a better fit nearer than this is the same one
SPANS = (4, 8)  # seconds before and after a border whose means are compared
OF_DOWNBEATS = 0.2  # their weight: chords change with each bar, and so fit a bar away as well
OTHERS = 8  # annotations of other songs tried on each video
CHANCE = 0.95


@dataclass(frozen=True, eq=False)
class Recording:
    """A video's sound, a value a second, and the annotation of its song.

    loudness, density: (n_seconds,); changes: (n_seconds,) bool, whether the chord is another than a
    second before; boundaries, downbeats: times (s) of the recording, which lasts `duration` s.
    """

    loudness: np.ndarray
    density: np.ndarray
    changes: np.ndarray
    boundaries: np.ndarray
    downbeats: np.ndarray
    duration: float


def offsets(recordings: Sequence[Recording], seed: int = 0) -> list[float | None]:
    """Return the time in the video (s) at which each recording starts; None where not found.

    Parameters
    ----------
    recordings
        Of different songs, so that each can be held against the annotations of others. Fewer than
        three say nothing about chance, and none of them is found.
    seed
        Draws which others.
    """
    if len(recordings) < 3:
        return [None] * len(recordings)
    curves = [_curves(one) for one in recordings]
    rng = np.random.default_rng(seed)
    by_chance = []
    for _ in range(OTHERS):
        move = int(rng.integers(1, len(recordings)))
        others = np.roll(np.arange(len(recordings)), move)
        by_chance += [
            _best(curves[i], recordings[other])[1] for i, other in enumerate(others.tolist())
        ]
    enough = float(np.quantile(by_chance, CHANCE))
    found = [_best(curve, one) for curve, one in zip(curves, recordings, strict=True)]
    return [offset if lead > enough else None for offset, lead in found]


def fit(
    recording: Recording, curves: tuple[np.ndarray, np.ndarray] | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Return the offsets that are tried, (n,) s, and how well the annotation fits there, (n,)."""
    novelty, changes = curves or _curves(recording)
    n_seconds = len(novelty)
    last = max(AROUND, n_seconds - recording.duration + AROUND)
    tried = np.arange(-AROUND, last + STEP / 2, STEP)
    borders = recording.boundaries[None, :] + tried[:, None]
    near = np.interp(borders, np.arange(n_seconds), novelty, left=0, right=0)
    seconds = np.floor(recording.downbeats[None, :] + tried[:, None]).astype(int)
    inside = (seconds >= 0) & (seconds < n_seconds)
    on = np.where(inside, changes[seconds.clip(0, n_seconds - 1)], 0)
    # A mean of n values that vary by 1 varies by 1 / sqrt(n): both in units of their chance.
    return tried, _total(near) + OF_DOWNBEATS * _total(on)


def _total(values: np.ndarray) -> np.ndarray:
    return values.sum(axis=1) / max(values.shape[1], 1) ** 0.5


def _best(curves: tuple[np.ndarray, np.ndarray], recording: Recording) -> tuple[float, float]:
    """Return the offset that fits best, and its lead over those that are farther away."""
    tried, fits = fit(recording, curves)
    best = int(np.argmax(fits))
    far = np.abs(tried - tried[best]) > APART
    return float(tried[best]), float(fits[best] - fits[far].max())


def _curves(recording: Recording) -> tuple[np.ndarray, np.ndarray]:
    """Return how much the sound changes at each second, and whether its chord does, both scaled."""
    tracks = (np.log(np.maximum(recording.loudness, 0) + 1e-3), recording.density.astype(float))
    spans = [
        _scaled(np.sum([_scaled(_change(track, span)) for track in tracks], axis=0))
        for span in SPANS
    ]
    return np.mean(spans, axis=0), _scaled(recording.changes.astype(float))


def _change(values: np.ndarray, span: int) -> np.ndarray:
    """Return by how much the mean of the next seconds differs from that of the last ones."""
    n = len(values)
    sums = np.concatenate([[0.0], np.cumsum(values)])
    t = np.arange(n)
    first, last = np.maximum(t - span, 0), np.minimum(t + span, n)
    before = (sums[t] - sums[first]) / np.maximum(t - first, 1)
    change = np.abs((sums[last] - sums[t]) / (last - t) - before)
    change[0] = 0  # nothing comes before it
    return change


def _scaled(values: np.ndarray) -> np.ndarray:
    return (values - values.mean()) / max(float(values.std()), 1e-9)
