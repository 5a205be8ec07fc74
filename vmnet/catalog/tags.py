"""The tags that a music network hears in a track, where it has some."""

from collections.abc import Callable
from pathlib import Path

import numpy as np

from vmnet import media
from vmnet.features import Extractor
from vmnet.features.music import MUSICNN, TAGS, activations

TOP = 3


def _musicnn(path: Path) -> tuple[np.ndarray, np.ndarray]:
    frames, heard = activations(path)
    return frames, heard.mean(axis=0)


TAGGERS: dict[str, tuple[tuple[str, ...], Callable[[Path], tuple[np.ndarray, np.ndarray]]]] = {
    MUSICNN.name: (TAGS, _musicnn)
}
"""By extractor: the names of its tags; from a file to its frames and each tag's mean probability,
(n_tags,)."""


def listen(extractor: Extractor, path: Path) -> dict[str, np.ndarray]:
    """Return what is kept of a track, from one decoding.

    Returns
    -------
    arrays : by name
        "frames" (n_seconds, dim) float32; "tags" (n_tags,) in [0, 1], empty where the network has
        none; "duration" (), s.
    """
    heard = np.zeros(0, np.float32)
    if extractor.name in TAGGERS:
        frames, heard = TAGGERS[extractor.name][1](path)
    else:
        frames = extractor.extract(path)
    duration = np.array(media.require(path, video=False).duration)
    return {"frames": frames, "tags": heard, "duration": duration}


def top_tags(extractor: str, heard: np.ndarray, top: int = TOP) -> dict[str, float]:
    """Return the most probable tags of a track and their probabilities, the largest first."""
    if not len(heard):
        return {}
    names = TAGGERS[extractor][0]
    return {names[i]: round(float(heard[i]), 4) for i in np.argsort(-heard)[:top]}
