"""A silent video as a query: how it is cut, and what it looks like to the model.

Its own sound, if any, is not listened to. What is computed is kept below the data folder, so that a
second question about the same video starts at once.
"""

import hashlib
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from vmnet import media, store
from vmnet.catalog.match import Query
from vmnet.config import DATA
from vmnet.errors import MediaError, VmnetError
from vmnet.segmenters.boundaries import MINIMUM_SECONDS, clean, merged

if TYPE_CHECKING:
    from vmnet.catalog.model import RankingModel

SHOTS = "transnet"


def open_query(
    video: Path,
    model: "RankingModel",
    mean_seconds: float,
    sections: Sequence[float] = (),
    shots: bool | None = None,
) -> Query:
    """Cut a silent video into segments and embed them.

    Parameters
    ----------
    video
        A media file with pictures.
    model
        Embeds what is seen.
    mean_seconds
        The mean length of the catalog's segments: shots are joined to about that.
    sections
        Times (s) between the user's sections of the video; none leave it to the shots.
    shots
        Whether shots cut inside sections, too; None: only where there are no sections.

    Raises
    ------
    MediaError
        If the file cannot be used.
    VmnetError
        If a section lies outside the video or is shorter than a second.

    Examples
    --------
    >>> query = open_query("film.mp4", load_model("model"), 18.0, [8, 21])  # doctest: +SKIP
    >>> query.boundaries.tolist(), query.cut_by  # doctest: +SKIP
    ([0.0, 8.0, 21.0, 30.0], '3 sections as given')
    """
    video = Path(video)
    duration = media.require(video, audio=False).duration
    edges = section_edges(sections, duration, video)
    shots = not len(sections) if shots is None else shots
    frames, found = _seen(video, model.video, shots)
    boundaries = _within(edges, found, mean_seconds) if shots else edges
    how = []
    if len(sections):
        how.append(f"{len(edges) - 1} sections as given")
    if shots:
        how.append(f"shots joined to {mean_seconds:.0f} s, the mean of the catalog's segments")
    embedding, seconds = embedded(video, frames, boundaries, model, "video")
    return Query(video, duration, boundaries, ", ".join(how), embedding, seconds)


def section_edges(sections: Sequence[float], duration: float, video: Path) -> np.ndarray:
    """Return the boundaries (s) of a video's sections, from 0 to its duration.

    Raises
    ------
    MediaError
        If the video is shorter than a second.
    VmnetError
        If a time lies outside the video, or two are less than a second apart.
    """
    if duration < MINIMUM_SECONDS:
        raise MediaError(f"{video} lasts {duration:.2f} s: use a video of a second or more.")
    inner = [time for time in sections if time != 0.0]
    edges = np.array([0.0, *inner, duration])
    if (np.diff(edges) < MINIMUM_SECONDS).any():
        listed = ", ".join(f"{time:g}" for time in sections)
        raise VmnetError(
            f"--sections {listed} s do not cut {video} into sections of a second or more: give "
            f"increasing times inside its {duration:.1f} s."
        )
    return edges


def seconds_of(text: str) -> float:
    """Read a time as people write it.

    >>> seconds_of("1:02:03.5"), seconds_of("0:08"), seconds_of("21")
    (3723.5, 8.0, 21.0)

    Raises
    ------
    ValueError
        If it is no time.
    """
    parts = text.strip().split(":")
    numbers = [float(part) for part in parts]
    if len(parts) > 3 or not all(0 <= number < np.inf for number in numbers):
        raise ValueError(f"{text!r} is no time: write 83.5, 1:23.5 or 0:01:23.5")
    return sum(number * 60**place for place, number in enumerate(reversed(numbers)))


def _within(edges: np.ndarray, shots: np.ndarray, mean_seconds: float) -> np.ndarray:
    """Cut each section at its shots, joined to about `mean_seconds`."""
    parts = [np.array([0.0])]
    for start, end in pairwise(edges):
        inside = clean(shots - start, end - start)
        parts.append(start + merged(inside, mean_seconds)[1:])
    return np.concatenate(parts)


def _seen(video: Path, extractor: str, shots: bool) -> tuple[np.ndarray, np.ndarray]:
    """Return the frame features of a video, (n_seconds, dim), and the boundaries of its shots."""
    from vmnet.corpus.media_source import MediaSource

    features = MediaSource(DATA / "queries").query(video, extractor, SHOTS if shots else "")
    found = features.boundaries[SHOTS] if shots else np.array([])
    return features.frames[extractor], found


def embedded(
    path: Path,
    frames: np.ndarray,
    boundaries: np.ndarray,
    model: "RankingModel",
    modality: str,
) -> tuple[np.ndarray, np.ndarray]:
    """Embed the segments and the seconds of a file at once; what was embedded before is read.

    Parameters
    ----------
    frames : (n_seconds, dim)
        Features of the file.
    boundaries : (n_segments + 1,) s
    modality
        "music" or "video": what the features are of.

    Returns
    -------
    segments : (n_segments, dim) float32, unit norm
    seconds : (n_seconds, dim) float32, unit norm
    """
    from vmnet.aligners import Sequences
    from vmnet.segmenters.boundaries import segment_means

    means = segment_means(frames, boundaries)
    rows = np.concatenate([means, frames]).astype(np.float16)  # as the segments of training are
    digest = hashlib.sha256(rows.tobytes()).hexdigest()
    key = store.key(model=model.key, of=modality, rows=digest, segments=len(means))
    kept = DATA / "queries" / "embedded" / f"{store.file_name(path.stem)}-{key}.npz"
    if not kept.exists():
        made = model.embed(modality, Sequences.from_list([rows], ["query"]))
        store.save_arrays(kept, rows=made.data)
    both = store.load_arrays(kept)["rows"]
    return both[: len(means)], both[len(means) :]
