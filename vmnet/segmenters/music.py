"""Music boundaries of a media file by Foote, SF and OLDA, as MSAF has them (paper IV-B).

MSAF's defaults are kept: features at 22,050 Hz, hop 1,024, averaged over estimated beats. Foote's
kernel spans 66 beats, so a clip with fewer is one segment.

SF and OLDA compare every beat with every other, so their time and memory grow with the square of
the length and more. A clip of more than 15 minutes is therefore cut into stretches of at most 10
minutes that overlap by one, each segmented as a piece of its own; from each come the boundaries up
to the middle of the overlap. What comes again later than that counts as new.
"""

import warnings
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np

from vmnet import media, store
from vmnet.errors import InputWarning
from vmnet.segmenters.algorithms import (
    METHODS,
    SAMPLE_RATE,
    BeatFeatures,
    beat_features,
    foote_novelty,
    found_beats,
)
from vmnet.segmenters.boundaries import Stretch, clean, stretches

SHORTEST_SOUND = 3.0
"""Seconds; ten beats do not fit into less, and a sound of less is one segment."""
BLOCK_SECONDS = 60.0  # sound decoded at a time in a long clip


def music_boundaries(path: Path, methods: Iterable[str] = tuple(METHODS)) -> dict[str, np.ndarray]:
    """Return the boundaries of a clip's music by each method, from features computed once.

    Silence, a steady tone and whatever else has no more than 10 beats is one segment, as in MSAF;
    so is a sound shorter than `SHORTEST_SOUND`. Where the beats begin and end is no boundary. A
    boundary is on the beat at which a section begins; MSAF's is one later (docs/measurements.md).

    Parameters
    ----------
    path : media file with sound
    methods : names among "foote", "sf", "olda"

    Returns
    -------
    dict of (n_segments + 1,) float64 boundaries in seconds, from 0 to the clip's duration

    Raises
    ------
    MediaError
        If the file cannot be read or has no sound.
    """
    path = Path(path)
    duration = media.require(path, audio=True, video=False).duration
    parts = clip_features(path)
    if len(parts) > 1:
        warnings.warn(
            f"{path} lasts {duration / 60:.0f} minutes: its music is segmented in {len(parts)} "
            "stretches, each as a piece of its own",
            InputWarning,
            stacklevel=2,
        )
    boundaries = {}
    for method in methods:
        found = [stretch.kept(part.starts[found_beats(part, method)]) for stretch, part in parts]
        boundaries[method] = clean(np.concatenate(found), duration)
    return boundaries


def novelty(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """Return the novelty curve in which Foote's method finds its peaks.

    Parameters
    ----------
    path : media file with sound

    Returns
    -------
    times : (n,) float64, the beats (s), increasing
    curve : (n,) float64 in [0, 1], cut at 0; all 0 in a clip too short for the kernel of 66 beats

    Raises
    ------
    MediaError
        If the file cannot be read or has no sound.
    """
    path = Path(path)
    media.require(path, audio=True, video=False)
    times, curves = [], []
    for stretch, part in clip_features(path):
        inside = stretch.holds(part.starts)
        times.append(stretch.start + part.starts[inside])
        curves.append(np.maximum(foote_novelty(part.pcp), 0)[inside])
    return np.concatenate(times), np.concatenate(curves)


def clip_features(path: Path) -> Sequence[tuple[Stretch, BeatFeatures]]:
    """Return the features of each stretch of a clip's sound; the last file's are remembered."""
    path = Path(path)
    return _clip_features(path, store.fingerprint(path), media.probe(path).audio_track)


@lru_cache(maxsize=1)
def _clip_features(
    path: Path, _fingerprint: str, _audio_track: int
) -> Sequence[tuple[Stretch, BeatFeatures]]:
    spans = stretches(media.probe(path).duration)
    return tuple(
        (span, _features(audio)) for span, audio in zip(spans, sounds(path, spans), strict=True)
    )


def _features(audio: np.ndarray) -> BeatFeatures:
    duration = len(audio) / SAMPLE_RATE
    if duration < SHORTEST_SOUND:
        return BeatFeatures(np.zeros((1, 12)), np.zeros((1, 14)), np.zeros(1), duration)
    return beat_features(audio)


def sounds(
    path: Path, spans: Sequence[Stretch], sample_rate: int = SAMPLE_RATE
) -> Iterator[np.ndarray]:
    """Yield the sound of each stretch of a file, decoded once; no more than one is held at a time.

    The first begins at 0 and the last ends with the file; each is (n_samples,) float32, mono.
    """
    if len(spans) == 1:
        yield media.load_audio(path, sample_rate)
        return
    blocks = media.audio_blocks(path, sample_rate, BLOCK_SECONDS)
    held, start = np.zeros(0, np.float32), 0
    for span in spans:
        first, last = round(span.start * sample_rate), round(span.end * sample_rate)
        held, start = held[first - start :], first
        while len(held) < last - first and (block := next(blocks, None)) is not None:
            held = np.concatenate([held, block])
        yield held[: last - first]
