"""Queries and matches for the tests of what goes out."""

from pathlib import Path

import numpy as np

from vmnet.catalog.match import Match, Query
from vmnet.catalog.track import Track
from vmnet.edit.spans import Span


def edit_of(
    video: Path,
    track: Path,
    spans: tuple[Span, ...],
    track_seconds: float,
    duration: float | None = None,
    beats: tuple[float, ...] = (),
    artist: str = "",
) -> tuple[Query, Match]:
    """A query and its match, of `spans` alone: what embeds and ranks is of no matter here."""
    bounds = np.array([0.0, *(span.video_end for span in spans)])
    if duration is not None and duration > bounds[-1]:  # its sound, say, is longer
        spans = (*spans[:-1], Span(spans[-1].video_start, duration, *_rest(spans[-1])))
        bounds[-1] = duration
    n = len(spans)
    unit = np.ones((n, 1), np.float32)
    query = Query(video, float(bounds[-1]), bounds, "its shots", unit, unit)
    music = Track(track.name, track, track.stem, artist, track_seconds)
    path = np.stack([np.arange(n), np.arange(n)], axis=1)
    matched = Match(
        music, 1, 0.5, np.linspace(0, track_seconds, n + 1), np.eye(n, dtype="f4"), path, spans,
        np.array(beats, float),
    )  # fmt: skip
    return query, matched


def _rest(span: Span) -> tuple[float, int]:
    return span.track_start, span.segment
