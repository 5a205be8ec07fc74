"""What a feature extractor is."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np


@dataclass(frozen=True)
class Extractor:
    """A frozen network, or a formula, that describes a clip second by second.

    `extract` takes the path of a media file and returns `(n_seconds, dim) float32`, where frame t
    covers second [t, t + 1); an extractor that describes a whole clip returns one frame.
    `parameters` is all that changes the result, in values that JSON can hold: it keys the store.
    """

    name: str
    modality: Literal["music", "video"]
    dim: int
    extract: Callable[[Path], np.ndarray]
    parameters: dict[str, Any] = field(default_factory=dict)

    def compute(self, path: Path) -> dict[str, np.ndarray]:
        """What a job runs: the array "frames" of a file.

        It can be pickled if `extract` can, and holds it, so that another process needs no entry of
        its own in `EXTRACTORS`.
        """
        return {"frames": self.extract(path)}
