"""A query, and what a catalog has for it."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from vmnet.catalog.track import Track
from vmnet.edit.spans import Span


@dataclass(frozen=True, eq=False)
class Query:
    """A silent video, cut into segments and embedded.

    Attributes
    ----------
    path
        The media file.
    duration
        In seconds.
    boundaries : (n_segments + 1,) float64
        From 0 to the duration, s.
    cut_by
        How the boundaries were found, in words.
    embedding : (n_segments, dim) float32
        Of the segments, unit norm.
    frames : (n_seconds, dim) float32
        Of each second, unit norm.
    """

    path: Path
    duration: float
    boundaries: np.ndarray
    cut_by: str
    embedding: np.ndarray
    frames: np.ndarray


@dataclass(frozen=True, eq=False)
class Sound:
    """A track, cut into segments and embedded.

    Attributes
    ----------
    boundaries : (n_segments + 1,) float64
        From 0 to the duration, s.
    cut_by
        How the boundaries were found, in words.
    embedding : (n_segments, dim) float32
        Of the segments, unit norm.
    frames : (n_seconds, dim) float32
        Of each second, unit norm.
    beats : (n_beats,) float64
        In seconds.
    tags
        What the music network hears in it, the most probable first; may be empty.
    """

    track: Track
    boundaries: np.ndarray
    cut_by: str
    embedding: np.ndarray
    frames: np.ndarray
    beats: np.ndarray
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Match:
    """A track as it fits a query.

    Attributes
    ----------
    rank
        1 is the best.
    distance
        By which the catalog was ranked, smaller = better.
    boundaries : (n_track_segments + 1,) float64
        Of the track's segments, s.
    similarities : (n_segments, n_track_segments) float32
        Dot products of the segments of the query and of the track.
    path : (n_pairs, 2) int64
        Aligned segments (of the query, of the track), in order.
    spans
        What plays under the video: they cover it exactly once, in order.
    beats : (n_beats,) float64
        Of the track, s.
    tags
        What the music network hears in the track, the most probable first; may be empty.
    """

    track: Track
    rank: int
    distance: float
    boundaries: np.ndarray
    similarities: np.ndarray
    path: np.ndarray
    spans: tuple[Span, ...]
    beats: np.ndarray
    tags: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """What a person calls the track."""
        return self.track.name


@dataclass(frozen=True, eq=False)
class VideoMatch:
    """A video as a track fits it.

    Attributes
    ----------
    video
        Of a catalog of videos.
    query
        The same video, cut and embedded.
    match
        The track as it fits the video; its rank and distance are the video's.
    """

    video: Track
    query: Query
    match: Match
