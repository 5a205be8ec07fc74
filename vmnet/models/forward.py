"""A trained VM-Net in NumPy: it embeds as the network does, without a Keras backend to be loaded.

TensorFlow takes seconds to import, and a query of some segments microseconds to embed.
"""

import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from vmnet.errors import VmnetError
from vmnet.models.embedder import embed_in_blocks
from vmnet.store import load_arrays

if TYPE_CHECKING:
    from vmnet.aligners.sequences import Sequences

EPSILON = 1e-3  # of batch normalisation, as in `vmnet.models.vmnet`
TINY = 1e-12  # of L2 normalisation, as Keras has it


@dataclass(frozen=True, eq=False)
class PlainVMNet:
    """The weights of a trained network, by their names; see `TrainedVMNet`."""

    arrays: Mapping[str, np.ndarray]

    @classmethod
    def load(cls, folder: Path) -> "PlainVMNet":
        """Read the weights that `TrainedVMNet.save` wrote.

        Raises
        ------
        VmnetError
            If they are missing or damaged.
        """
        path = Path(folder) / "model.npz"
        try:
            return cls(load_arrays(path))
        except (OSError, ValueError, zipfile.BadZipFile) as error:
            raise VmnetError(f"{path} is missing or damaged: train again ({error})") from error

    def embed_music(self, music: "Sequences") -> "Sequences":
        """Embed music segments, as `TrainedVMNet.embed_music` does, to about 1e-6."""
        return self._embed(music, "music")

    def embed_video(self, video: "Sequences") -> "Sequences":
        """Embed video segments, likewise."""
        return self._embed(video, "video")

    def _embed(self, sequences: "Sequences", modality: str) -> "Sequences":
        function, dim = self._branch(modality)

        def unit(x: np.ndarray) -> np.ndarray:
            y = function(x)
            return y / np.sqrt(np.maximum((y * y).sum(axis=1, keepdims=True), TINY))

        return embed_in_blocks(unit, dim, sequences, modality)

    def _branch(self, modality: str) -> tuple[Callable[[np.ndarray], np.ndarray], int]:
        """Return a branch up to its L2 normalisation, and how long its features are."""
        if f"{modality}_shortcut/kernel" in self.arrays:
            return self._shortcut(modality), len(self.arrays[f"{modality}_shortcut/kernel"])
        return self._paper(modality), len(self.arrays[f"{modality}_dense_1/kernel"])

    def _shortcut(self, modality: str) -> Callable[[np.ndarray], np.ndarray]:
        def branch(x: np.ndarray) -> np.ndarray:
            components = self._dense(x, f"{modality}_components")
            hidden = np.maximum(self._dense(components, f"{modality}_hidden"), 0)
            beside = self._dense(hidden, f"{modality}_beside")
            return self._dense(x, f"{modality}_shortcut") + beside

        return branch

    def _paper(self, modality: str) -> Callable[[np.ndarray], np.ndarray]:
        n_layers = sum(name.startswith(f"{modality}_dense_") for name in self.arrays) // 2

        def branch(x: np.ndarray) -> np.ndarray:
            if f"{modality}_mean" in self.arrays:
                variance = self.arrays[f"{modality}_variance"]
                x = (x - self.arrays[f"{modality}_mean"]) / np.sqrt(variance)
            for i in range(1, n_layers + 1):
                x = self._dense(x, f"{modality}_dense_{i}")
                x = np.maximum(x, 0) if i < n_layers else x
            return self._batch_norm(x, f"{modality}_batch_norm")

        return branch

    def _dense(self, x: np.ndarray, name: str) -> np.ndarray:
        return x @ self.arrays[f"{name}/kernel"] + self.arrays[f"{name}/bias"]

    def _batch_norm(self, x: np.ndarray, name: str) -> np.ndarray:
        variance = self.arrays[f"{name}/moving_variance"]
        scale = self.arrays[f"{name}/gamma"] / np.sqrt(variance + EPSILON)
        return (x - self.arrays[f"{name}/moving_mean"]) * scale + self.arrays[f"{name}/beta"]
