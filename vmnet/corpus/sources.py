"""Where the frame features of a corpus without media files come from."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

if TYPE_CHECKING:
    from vmnet.corpus.clips import Clip


@dataclass(frozen=True, eq=False)
class ClipFeatures:
    """What is known of one clip.

    Attributes
    ----------
    frames
        By name: "video" and "music", (n_seconds, dim) float32, frame t covering second t; perhaps
        "handcrafted", (1, dim), for the whole clip.
    boundaries
        By segmenter: (n_segments + 1,) float64 s, increasing, from 0 to the duration.
    """

    frames: Mapping[str, np.ndarray]
    boundaries: Mapping[str, np.ndarray]


class FeatureSource(Protocol):
    """Gives the features and the boundaries of a clip; it is sent to worker processes.

    `extractors` and `segmenters` name the frames and the boundaries that every clip has. `whitened`
    tells whether the frames come whitened, so that the network takes them as they are.
    """

    @property
    def whitened(self) -> bool: ...

    @property
    def extractors(self) -> tuple[str, ...]: ...

    @property
    def segmenters(self) -> tuple[str, ...]: ...

    def key(self) -> str:
        """Return what stands for all that decides the result of `load`."""
        ...

    def load(self, clip: "Clip") -> ClipFeatures:
        """Return the features of one clip.

        Raises
        ------
        VmnetError
            If they cannot be had; the text names the clip, the file and the remedy.
        """
        ...
