"""Rank a catalog for a query, and fit the best tracks to it."""

from typing import TYPE_CHECKING

import numpy as np

from vmnet.catalog.index import NOUNS
from vmnet.catalog.match import Match, Query, Sound
from vmnet.edit.spans import require_cover
from vmnet.errors import VmnetError, known_names

if TYPE_CHECKING:
    from vmnet.catalog.engines import Candidates
    from vmnet.catalog.index import Index

REPEATS = 4
"""A track that would be heard more often than so, to last as long as the video, is left out unless
lengths are asked for. Nothing of such a length was among the tracks by which the default distance
was chosen (docs/real-data.md), and its few segments agree with anything by chance."""

LIKE_POOL = 1000
"""So many of the tracks that fit best are considered when they shall be like another track."""


def recommend(
    index: "Index",
    query: Query,
    distance: str,
    top: int = 10,
    like: Sound | None = None,
    max_length_ratio: float = 0.0,
) -> list[Match]:
    """Return the tracks of a catalog that fit a query best, the best first, each fitted to it.

    Parameters
    ----------
    index
        The catalog.
    query
        See `vmnet.catalog.query.open_query`.
    distance
        A key of `DISTANCES`.
    top
        How many tracks.
    like
        A track (see `vmnet.catalog.similar.find_sound`). Of the `LIKE_POOL` tracks that fit best,
        those with the least sum of two ranks come first: how they fit, and how near their mean
        embedding is to that track's.
    max_length_ratio
        Tracks that last more than so many times the video are left out, and those that last less
        than a part of it by the same ratio; 0 leaves out those of less than a `REPEATS`th alone.

    Raises
    ------
    VmnetError
        If there is no track of such a length.

    Examples
    --------
    >>> index = Index.open("data/index/music-1f0c22b7a1")  # doctest: +SKIP
    >>> query = open_query("film.mp4", index.model, index.mean_segment_seconds)  # doctest: +SKIP
    >>> [match.name for match in recommend(index, query, "nw_mean", top=2)]  # doctest: +SKIP
    ['Knolls', 'The Deep Path']
    """
    index.require_of("music")
    many = top if like is None else max(top, LIKE_POOL)
    found, distances = nearest(
        index, query.embedding, query.duration, distance, many, max_length_ratio
    )
    if like is not None:
        order = _nearer(index, found, like.embedding.mean(axis=0))[:top]
        found, distances = found[order], distances[order]
    return [
        fitted(query, sound_of(index, int(i)), rank, float(far), distance)
        for rank, (i, far) in enumerate(zip(found, distances, strict=True), 1)
    ]


def nearest(
    index: "Index",
    embedding: np.ndarray,
    seconds: float,
    distance: str,
    top: int,
    max_length_ratio: float = 0.0,
) -> tuple[np.ndarray, np.ndarray]:
    """Return the numbers of the tracks that are nearest, the nearest first, and their distances.

    Parameters
    ----------
    embedding : (n_segments, dim) float32
        Of what is asked about.
    seconds
        How long that lasts.

    Raises
    ------
    VmnetError
        If there is no such distance, or no track that can be heard, or none of such a length.
    """
    allowed = _allowed(index, seconds, max_length_ratio)
    return nearest_of(index, embedding, distance, top, allowed)


def nearest_of(
    index: "Index",
    embedding: np.ndarray,
    distance: str,
    top: int,
    allowed: np.ndarray | None,
) -> tuple[np.ndarray, np.ndarray]:
    """Return what `nearest` does, of the tracks that are allowed, (n_tracks,) bool, or all."""
    from vmnet.aligners import DISTANCES
    from vmnet.catalog.search import search

    known_names([distance], DISTANCES, "distance")
    return search(embedding, index.embeddings, distance, top, _candidates(index), allowed)


def sound_of(index: "Index", number: int) -> Sound:
    """Return one track of a catalog of music."""
    return Sound(
        index.tracks[number],
        index.boundaries(number),
        index.cut_by,
        np.asarray(index.embeddings[number], np.float32),
        index.frames(number),
        index.beats(number),
        tuple(index.tags(number)),
    )


def fitted(query: Query, sound: Sound, rank: int, far: float, distance: str) -> Match:
    """Align a track with a query, and fit its music to the video."""
    from vmnet.aligners import align
    from vmnet.edit.fit import fit

    track, boundaries, beats = sound.track, sound.boundaries, sound.beats
    similarities = query.embedding @ sound.embedding.T
    path = align(query.embedding, sound.embedding, path_of(distance)).path
    spans = fit(
        query.boundaries,
        boundaries,
        path,
        similarities,
        beats,
        track.duration,
        query.frames,
        sound.frames,
    )
    require_cover(spans, query.duration, track.duration)
    return Match(track, rank, far, boundaries, similarities, path, spans, beats, sound.tags)


def path_of(distance: str) -> str:
    """Return the alignment whose path belongs to a distance.

    A distance without one, as the centroid's is, takes that of NW-DTW.

    >>> path_of("trace_mean"), path_of("centroid")
    ('trace', 'nw')
    """
    from vmnet.aligners import NORMALISED, alignment_of

    found = alignment_of(distance)
    return found if found in NORMALISED else "nw"


def track_number(index: "Index", name: str) -> int:
    """Return which track of a catalog has that id, or else that title.

    Raises
    ------
    VmnetError
        If there is none, or more than one of that title.
    """
    ids = [track.track_id for track in index.tracks]
    if name in ids:
        return ids.index(name)
    titled = [i for i, track in enumerate(index.tracks) if track.title.lower() == name.lower()]
    if len(titled) != 1:
        how = "two or more tracks" if titled else "no track"
        listed = f" ({', '.join(ids[i] for i in titled)})" if titled else ""
        raise VmnetError(
            f"{index.folder} has {how} called {name!r}: give a path in its folder{listed}."
        )
    return titled[0]


def require_audible(index: "Index", number: int) -> None:
    """Raise VmnetError if a track of a catalog, to which others shall be near, cannot be heard."""
    if not index.audible[number]:
        track = index.tracks[number]
        raise VmnetError(f"{track.path} has no audible sound: give a track that can be heard.")


def best_pairs(match: Match, count: int = 3) -> list[tuple[int, int, float]]:
    """Return the aligned segments (of the query, of the track) that agree most, best first.

    With each pair comes its dot product.
    """
    values = match.similarities[match.path[:, 0], match.path[:, 1]]
    best = np.argsort(-values, kind="stable")[:count]
    return [(int(match.path[i, 0]), int(match.path[i, 1]), float(values[i])) for i in best]


def _candidates(index: "Index") -> "Candidates | None":
    """Return the first stage of the search in a catalog that is too large to be aligned whole."""
    from vmnet.catalog.engines import FILE_NAME, load_candidates
    from vmnet.catalog.search import EXHAUSTIVE_TRACKS

    if len(index) <= EXHAUSTIVE_TRACKS:
        return None
    return load_candidates(index.centroids, index.arrays_folder, checked=FILE_NAME in index.checked)


def _allowed(index: "Index", seconds: float, ratio: float) -> np.ndarray | None:
    """Return which tracks can be heard and last about so many seconds, or None for all."""
    allowed = index.audible & _of_length(index, seconds, ratio)
    if allowed.any():
        return None if allowed.all() else allowed
    if not index.audible.any():
        raise VmnetError(f"no track of {index.folder} has audible sound: index other music.")
    lengths = f"between {seconds / ratio:.0f} and {seconds * ratio:.0f} s" if ratio else ""
    repeated = {
        "music": f"{seconds / REPEATS:.0f} s or more",
        "video": f"{seconds * REPEATS:.0f} s or less",
    }
    raise VmnetError(
        f"no {NOUNS[index.of]} of {index.folder} lasts {lengths or repeated[index.of]}: give "
        "a larger --max-length-ratio."
    )


def _of_length(index: "Index", seconds: float, ratio: float) -> np.ndarray:
    """Return which tracks last about so many seconds, (n_tracks,) bool."""
    durations = np.array([track.duration for track in index.tracks])
    music, video = (durations, seconds) if index.of == "music" else (seconds, durations)
    allowed = np.asarray(music * (ratio or REPEATS) >= video)
    return allowed & np.asarray(music <= ratio * video) if ratio else allowed


def left_out(index: "Index", seconds: float, ratio: float = 0.0) -> int:
    """Return how many tracks of a catalog that can be heard are left out for their length.

    Parameters
    ----------
    seconds
        How long that lasts which is asked about.
    ratio
        As `max_length_ratio` of `recommend`.
    """
    return int((index.audible & ~_of_length(index, seconds, ratio)).sum())


def _nearer(index: "Index", found: np.ndarray, centroid: np.ndarray) -> np.ndarray:
    """Order tracks found, the best first, by the sum of that rank and of being like another."""
    centroids = np.asarray(index.centroids[found], np.float32)
    unit = centroids / np.maximum(np.linalg.norm(centroids, axis=1, keepdims=True), 1e-12)
    alike = unit @ centroid
    place = np.empty(len(found))
    place[np.argsort(-alike, kind="stable")] = np.arange(len(found))
    return np.argsort(np.arange(len(found)) + place, kind="stable")
