"""Boundaries: the times (s) that cut a clip into segments, and the features of those segments.

Boundaries are `(n_segments + 1,) float64`, increasing, from 0 to the clip's duration. The same ones
are applied to the music and to the video of a clip (paper IV-B).
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

MINIMUM_SECONDS = 1.0
"""The shortest segment kept. Features come once a second, and a second is the shortest span that
always holds the centre of one: no segment is left without a feature of its own. MSAF's slivers at
both ends of a clip (0.05 to 0.2 s) go with it."""

LONGEST = 15 * 60.0
"""Seconds; a longer piece is segmented in stretches."""

STRETCH, OVERLAP = 10 * 60.0, 60.0
"""Seconds; the most that a stretch lasts, and what it shares with the next."""


def clean(times: ArrayLike, duration: float, minimum: float = MINIMUM_SECONDS) -> np.ndarray:
    """Return boundaries from 0 to `duration` with no segment shorter than `minimum`.

    From left to right, a time is kept when it lies at least `minimum` after the last one kept; a
    rest at the end that is too short joins the segment before it. So rapid cuts become segments of
    about the minimum instead of collapsing into one. Cleaning twice changes nothing.

    Parameters
    ----------
    times : array of any number of times (s), in any order; those outside (0, duration) are dropped
    duration : length of the clip (s), positive
    minimum : shortest segment (s), at least 0; a clip that is shorter is one segment

    Returns
    -------
    (n_segments + 1,) float64, increasing, from 0 to `duration`

    Raises
    ------
    ValueError
        If a time is not finite or `duration` is not a positive number.
    """
    ordered = np.unique(np.asarray(times, dtype=np.float64))
    _require_positive("duration", duration)
    if not np.isfinite(ordered).all():
        raise ValueError("boundaries must be finite times in seconds")
    kept = [0.0]
    for time in ordered[(ordered > 0) & (ordered < duration)].tolist():
        if time - kept[-1] >= minimum:
            kept.append(time)
    if len(kept) > 1 and duration - kept[-1] < minimum:
        kept.pop()
    return np.array([*kept, duration])


def fixed(duration: float, seconds: float, minimum: float = MINIMUM_SECONDS) -> np.ndarray:
    """Return boundaries every `seconds`, whatever the clip sounds or looks like.

    The last segment is shorter, or longer by less than `minimum`.

    Parameters
    ----------
    duration : length of the clip (s), positive
    seconds : length of a segment (s), positive

    Returns
    -------
    (n_segments + 1,) float64, increasing, from 0 to `duration`
    """
    _require_positive("duration", duration)
    _require_positive("seconds", seconds)
    return clean(seconds * np.arange(1, np.ceil(duration / seconds)), duration, minimum)


def merged(boundaries: np.ndarray, seconds: float) -> np.ndarray:
    """Return boundaries with neighbours joined, to segments of about `seconds` on average.

    Of the given boundaries those nearest to equal parts of about `seconds` are kept, each once, so
    that what is left is a choice of them.

    Parameters
    ----------
    boundaries : (n_segments + 1,) s, increasing, from 0 to the duration
    seconds : mean length of the segments that are wanted (s), positive

    Returns
    -------
    (n_merged + 1,) float64 s, from 0 to the duration

    Examples
    --------
    >>> merged(np.array([0.0, 4, 9, 13, 21, 30]), 10.0).tolist()
    [0.0, 9.0, 21.0, 30.0]
    """
    _require_positive("seconds", seconds)
    duration, inner = boundaries[-1], boundaries[1:-1]
    parts = max(1, round(duration / seconds))
    if not len(inner):
        return np.array([0.0, duration])
    wanted = duration / parts * np.arange(1, parts)
    nearest = np.abs(inner[:, None] - wanted).argmin(axis=0)
    return np.concatenate([[0.0], inner[np.unique(nearest)], [duration]])


def segment_means(frames: np.ndarray, boundaries: np.ndarray) -> np.ndarray:
    """Return the mean feature of each segment.

    Frame t covers second [t, t + 1). It belongs to the segment that holds its centre t + 0.5; a
    segment that holds no centre takes the frame whose centre is nearest to its own middle. So a
    clip with one frame gives that frame to all its segments.

    Parameters
    ----------
    frames : (n_seconds, dim), n_seconds >= 1
    boundaries : (n_segments + 1,) s, increasing

    Returns
    -------
    (n_segments, dim) float32
    """
    if frames.ndim != 2 or len(frames) == 0:
        raise ValueError(f"frames must be (n_seconds >= 1, dim), not {frames.shape}")
    centres = np.arange(len(frames)) + 0.5
    first = np.searchsorted(centres, boundaries, side="left")
    middles = (boundaries[:-1] + boundaries[1:]) / 2
    nearest = np.abs(middles[:, None] - centres).argmin(axis=1)
    weights = np.zeros((len(middles), len(frames)), dtype=np.float32)
    for row, start, stop, near in zip(weights, first[:-1], first[1:], nearest, strict=True):
        inside = slice(start, stop) if stop > start else slice(near, near + 1)
        row[inside] = 1 / max(1, stop - start)
    return weights @ np.asarray(frames, dtype=np.float32)


@dataclass(frozen=True)
class Stretch:
    """A part of a long piece that is segmented as a piece of its own.

    It lasts from `start` to `end`; what is found from `first` to `last`, up to the middle of what
    it shares with its neighbours, counts. All in seconds of the whole piece.
    """

    start: float
    end: float
    first: float = -np.inf
    last: float = np.inf

    def holds(self, times: np.ndarray) -> np.ndarray:
        """Return which of the times (s after `start`) count, (n,) bool."""
        placed = self.start + times
        return (placed >= self.first) & (placed < self.last)

    def kept(self, times: np.ndarray) -> np.ndarray:
        """Return those of the times (s after `start`) that count, in seconds of the whole piece."""
        return self.start + times[self.holds(times)]


def stretches(duration: float) -> list[Stretch]:
    """Cut a piece of more than `LONGEST` into stretches of equal length; others are one stretch.

    Each lasts at most `STRETCH` (rounded up to whole seconds, as all starts and ends inside the
    piece are rounded) and shares about `OVERLAP` with the next.
    """
    if duration <= LONGEST:
        return [Stretch(0.0, duration)]
    count = int(np.ceil((duration - OVERLAP) / (STRETCH - OVERLAP)))
    starts = np.floor(np.arange(count) * (duration - OVERLAP) / count)
    ends = np.append(starts[1:] + OVERLAP, duration)
    seams = [-np.inf, *(starts[1:] + OVERLAP / 2), np.inf]
    return [
        Stretch(float(start), float(end), float(first), float(last))
        for start, end, first, last in zip(starts, ends, seams[:-1], seams[1:], strict=True)
    ]


def undivided(boundaries: Mapping[str, ArrayLike], seconds: float = 60.0) -> tuple[int, int]:
    """Count the clips that last more than `seconds`, and those of them that are one segment.

    Where these are many, the segmenter has found nothing to go by in this corpus, and its rows in
    the tables compare whole clips.

    Parameters
    ----------
    boundaries : (n_segments + 1,) s of each clip, by clip_id
    seconds : length (s) from which a clip is expected to have more than one segment

    Returns
    -------
    (number of clips that are one segment, number of clips), of those that last more than `seconds`

    Examples
    --------
    >>> undivided({"a": [0, 90], "b": [0, 40, 90], "c": [0, 30]})
    (1, 2)
    """
    edges = [np.asarray(value) for value in boundaries.values()]
    lasting = [value for value in edges if value[-1] - value[0] > seconds]
    return sum(len(value) == 2 for value in lasting), len(lasting)


def undivided_sentence(
    segmenter: str, boundaries: Mapping[str, ArrayLike], share: float = 0.1
) -> str:
    """Return what the report says where more than `share` of the clips are one segment, or "".

    Parameters as of `undivided`.

    Examples
    --------
    >>> undivided_sentence("foote", {"a": [0, 90], "b": [0, 40, 90]})
    'foote leaves 1 of 2 clips of more than a minute as one segment'
    """
    whole, lasting = undivided(boundaries)
    if whole <= share * lasting:
        return ""
    return f"{segmenter} leaves {whole} of {lasting} clips of more than a minute as one segment"


def _require_positive(name: str, value: float) -> None:
    if not (np.isfinite(value) and value > 0):
        raise ValueError(f"{name} must be a positive number of seconds, not {value}")
