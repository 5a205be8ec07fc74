"""Videos for a track: the same distances, the other way round.

The catalog is of videos, and the query is the sound of a file: cut as the music of the model's
training, embedded, and compared with the pictures of each video. An alignment does not care which
of the two was asked about. The edit is of the music, as ever: the track is cut to the video.
"""

import warnings
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from vmnet import media, store
from vmnet.batch import noticed
from vmnet.catalog.match import Query, Sound, VideoMatch
from vmnet.catalog.query import embedded
from vmnet.catalog.recommend import fitted, nearest
from vmnet.catalog.stages import music_stages
from vmnet.catalog.tags import top_tags
from vmnet.catalog.track import Track
from vmnet.catalog.tracks import title_and_artist
from vmnet.config import DATA
from vmnet.corpus.clips import Clip
from vmnet.errors import InputWarning, MediaError
from vmnet.experiment.segments import CLIP
from vmnet.media.audio import INAUDIBLE

if TYPE_CHECKING:
    from vmnet.catalog.index import Index
    from vmnet.catalog.model import RankingModel


def open_sound(path: Path, model: "RankingModel", segmenter: str = "") -> Sound:
    """Cut the sound of a file into segments and embed them; what was computed before is read.

    Parameters
    ----------
    path
        An audio file, or a video, whose pictures are not looked at.
    model
        Says how music is cut, and embeds it.
    segmenter
        How it is cut instead: a key of `SEGMENTERS`, or "clip". "" is as the model learned.

    Raises
    ------
    MediaError
        If the file cannot be used, or has no audible sound.
    VmnetError
        If nothing here cuts a file, or makes features of it, as the model learned.

    Examples
    --------
    >>> sound = open_sound("song.mp3", load_model("model"))  # doctest: +SKIP
    >>> sound.boundaries.tolist(), sound.cut_by, sound.tags  # doctest: +SKIP
    ([0.0, 12.5, 41.0, 60.2], 'olda', ('ambient', 'slow', 'instrumental'))
    """
    path = Path(path)
    media.require(path, video=False)
    cut = segmenter or model.segmenter
    found = _heard(path, model, cut)
    duration = float(found["duration"])
    boundaries = np.array([0.0, duration]) if cut == CLIP else found[cut]
    segments, seconds = embedded(path, found["frames"], boundaries, model, "music")
    track = Track(path.name, path, *title_and_artist(path), duration)
    tags = tuple(top_tags(model.music, found["tags"]))
    return Sound(track, boundaries, cut, segments, seconds, found["beats"], tags)


def videos_for(
    index: "Index", sound: Sound, distance: str, top: int = 10, max_length_ratio: float = 0.0
) -> list[VideoMatch]:
    """Return the videos that a track fits best, the best first, with the track fitted to each.

    Parameters
    ----------
    index
        Of videos.
    sound
        See `open_sound`.
    distance
        A key of `DISTANCES`.
    top
        How many videos.
    max_length_ratio
        Videos that last more than so many times the track are left out, and those that last less
        than a part of it by the same ratio; 0 leaves out those alone under which it would be
        heard more than `REPEATS` times over.

    Raises
    ------
    VmnetError
        If the index is of music, or has no video of such a length.

    Examples
    --------
    >>> index = Index.open("data/index/films-91c0b7a1f0")  # doctest: +SKIP
    >>> sound = open_sound("song.mp3", index.model)  # doctest: +SKIP
    >>> [found.video.name for found in videos_for(index, sound, "nw_mean", top=2)]  # doctest: +SKIP
    ['Big Buck Bunny', 'Glacier']
    """
    index.require_of("video")
    seconds = sound.track.duration
    found, distances = nearest(index, sound.embedding, seconds, distance, top, max_length_ratio)
    matches = []
    for rank, (i, far) in enumerate(zip(found.tolist(), distances.tolist(), strict=True), 1):
        query = query_of(index, i)
        match = fitted(query, sound, rank, far, distance)
        matches.append(VideoMatch(index.tracks[i], query, match))
    return matches


def query_of(index: "Index", number: int) -> Query:
    """Return one video of a catalog of videos, as a query."""
    track = index.tracks[number]
    return Query(
        track.path,
        track.duration,
        index.boundaries(number),
        index.cut_by,
        np.asarray(index.embeddings[number], np.float32),
        index.frames(number),
    )


def _heard(path: Path, model: "RankingModel", segmenter: str) -> dict[str, np.ndarray]:
    """Return what the index of music has of a track, by name, before it is embedded."""
    path = path.absolute()
    clip = Clip(f"query-{store.key(path=path)}", path, "query")
    name = f"{clip.clip_id}-{store.fingerprint(path)}.npz"
    arrays: dict[str, np.ndarray] = {}
    lines: list[str] = []
    for stage in music_stages(model, segmenter).values():
        file = DATA / "queries" / stage.folder / name
        if reason := stage.run({clip: file}, 1, retry=True).get(clip.clip_id):
            raise MediaError(reason)
        arrays |= store.load_arrays(file)
        lines += noticed(file)
    for line in dict.fromkeys(lines):
        if line.endswith(INAUDIBLE):
            raise MediaError(f"{path} has no audible sound: give a track that can be heard.")
        warnings.warn(line, InputWarning, stacklevel=3)
    return arrays
