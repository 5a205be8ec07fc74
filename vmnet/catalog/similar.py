"""Tracks of a catalog that are near a track: music to music, on the index of `vmnet recommend`.

Two tracks are near where the model hears the same in both, and what it learned to hear is which
music goes with which pictures. That is not what tags say, nor what listeners would: the networks of
`vmnet.similarity` learn from tags.

The default distance is the centroid's, between the means of the segments of each track, as the
thesis compares tracks by the mean of their patches (4.2.4). An alignment asks whether two tracks go
the same way from start to end. That matters under a film; but a song is no less like another for
having its quiet part elsewhere, or one verse more. On real tracks it knows the other half of a song
again as well as any, and better than the traces (docs/measurements.md). Any other can be asked for.
"""

import csv
import io
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from vmnet.catalog.answer import clock, segments_in_words
from vmnet.catalog.match import Sound
from vmnet.catalog.recommend import nearest_of, require_audible, sound_of, track_number
from vmnet.catalog.reverse import open_sound
from vmnet.catalog.track import Track
from vmnet.catalog.tracks import content_of
from vmnet.errors import VmnetError

if TYPE_CHECKING:
    from vmnet.catalog.index import Index

DISTANCE = "centroid"
COLUMNS = ("rank", "track_id", "title", "artist", "distance")
MEANING = (
    "These embeddings were learned to go with pictures, not with tags: how alike near tracks sound "
    "to people was not measured."
)


@dataclass(frozen=True)
class Neighbor:
    """A track of a catalog as it is near another; rank 1 is the nearest, by `distance`."""

    track: Track
    rank: int
    distance: float


def find_sound(index: "Index", name: str) -> Sound:
    """Return a track to which others shall be near: one of the catalog, or a file.

    Parameters
    ----------
    index
        Of music.
    name
        An audio or video file. One whose content is in the catalog is that track; another one is
        cut and embedded as tracks are when they are indexed. What is no file is a track of the
        catalog, by its path in the folder or its title.

    Raises
    ------
    MediaError
        If the file cannot be used.
    VmnetError
        If there is no such file and no such track, or it has no audible sound.
    """
    path = Path(name).expanduser()
    if path.is_file():
        content = content_of(path)
        if content not in index.contents:
            return open_sound(path, index.model, index.segmenter)
        number = index.contents.index(content)
    else:
        try:
            number = track_number(index, name)
        except VmnetError as error:
            raise VmnetError(f"{name} is no file, and {error}") from None
    require_audible(index, number)
    return sound_of(index, number)


def neighbors(
    index: "Index", sound: Sound, distance: str = DISTANCE, top: int = 10
) -> list[Neighbor]:
    """Return the tracks of a catalog that are nearest to a track, the nearest first.

    The track itself and copies of its file are left out, and so are tracks without audible sound.

    Parameters
    ----------
    index
        Of music.
    sound
        See `find_sound`.
    distance
        A key of `DISTANCES`.
    top
        How many tracks.

    Raises
    ------
    VmnetError
        If the index is of videos, or has no other track that can be heard.

    Examples
    --------
    >>> index = Index.open("data/index/music-1f0c22b7a1")  # doctest: +SKIP
    >>> [one.track.name for one in neighbors(index, find_sound(index, "Knolls"), top=2)]
    ... # doctest: +SKIP
    ['The Deep Path', 'Glacier']
    """
    index.require_of("music")
    path = sound.track.path
    content = content_of(path) if path.is_file() else _content(index, path)
    places = (path, path.resolve())
    itself = [
        track.path in places or other == content
        for track, other in zip(index.tracks, index.contents, strict=True)
    ]
    allowed = index.audible & ~np.array(itself)
    if not allowed.any():
        raise VmnetError(f"{index.folder} has no other track that can be heard: index more music.")
    found, distances = nearest_of(index, sound.embedding, distance, top, allowed)
    return [
        Neighbor(index.tracks[i], rank, far)
        for rank, (i, far) in enumerate(zip(found.tolist(), distances.tolist(), strict=True), 1)
    ]


def as_text(sound: Sound, found: Sequence[Neighbor], notes: Sequence[str]) -> str:
    """Return the ranking as a text, a line a track."""
    track = sound.track
    cut = segments_in_words(sound.boundaries, sound.cut_by)
    heard = f"; heard: {', '.join(sound.tags)}" if sound.tags else ""
    lines = [f"{track.name}: {clock(track.duration)}, {cut}{heard}", *notes, ""]
    lines.append(f"{'rank':>4}  {'distance':>9}  track")
    lines += [
        f"{one.rank:4}  {one.distance:9.4f}  {one.track.name} ({one.track.track_id})"
        for one in found
    ]
    return "\n".join(lines) + "\n"


def as_json(sound: Sound, found: Sequence[Neighbor], distance: str, notes: Sequence[str]) -> str:
    """Return the ranking as JSON."""
    track = sound.track
    answer = {
        "track": str(track.path),
        "title": track.title,
        "artist": track.artist,
        "duration": round(track.duration, 3),
        "ranked_by": distance,
        "notes": list(notes),
        "tracks": [_record(one) | {"path": str(one.track.path)} for one in found],
    }
    return json.dumps(answer, indent=1, ensure_ascii=False) + "\n"


def as_csv(found: Sequence[Neighbor]) -> str:
    """Return the ranking as CSV, a row a track, with the columns `COLUMNS`."""
    text = io.StringIO()
    rows = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    rows.writeheader()
    rows.writerows(_record(one) for one in found)
    return text.getvalue()


def _record(one: Neighbor) -> dict[str, str | int | float]:
    track = one.track
    values = (one.rank, track.track_id, track.title, track.artist, round(one.distance, 6))
    return dict(zip(COLUMNS, values, strict=True))


def _content(index: "Index", path: Path) -> str:
    """Return what stands for the content of a track of the catalog whose file is gone."""
    return next(
        (c for t, c in zip(index.tracks, index.contents, strict=True) if t.path == path), ""
    )
