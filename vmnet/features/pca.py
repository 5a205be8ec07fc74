"""PCA whitening and 8-bit quantisation: how YouTube-8M makes its published features small.

Abu-El-Haija et al., "YouTube-8M: A large-scale video classification benchmark", 2016, section 3.3.
The steps are those of the published extractors: `feature_extractor/` of
github.com/google/youtube-8m for the pictures, `research/audioset/vggish/` of
github.com/tensorflow/models for the sound.
"""

import zipfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from vmnet.errors import WeightsError

LOWEST, HIGHEST = -2.0, 2.0  # what eight bits span
LEVELS = 255
# By level, to the last bit what YouTube-8M's starter code makes of it (its `utils.py`,
# `Dequantize`): it adds a 512th of the range.
DEQUANTIZED = np.arange(LEVELS + 1, dtype=np.float32) * np.float32((HIGHEST - LOWEST) / LEVELS)
DEQUANTIZED += np.float32((HIGHEST - LOWEST) / 512 + LOWEST)
EPSILON = 1e-4  # added to an eigenvalue before its root, by YouTube-8M's extractor


@dataclass(frozen=True)
class Pca:
    """A linear map of centred features: `mean` (n_in,), `matrix` (n_in, n_out), both float32."""

    mean: np.ndarray
    matrix: np.ndarray

    def __call__(self, features: np.ndarray) -> np.ndarray:
        """Map features, `(n, n_in)` to `(n, n_out) float32`."""
        return ((features - self.mean) @ self.matrix).astype(np.float32)


def inception_pca(folder: Path, n_in: int = 2048, n_out: int = 1024) -> Pca:
    """Read YouTube-8M's PCA of the pictures: `mean.npy`, `eigenvals.npy` and `eigenvecs.npy`.

    Each principal component (a row of `eigenvecs`, the largest first) is divided by the root of its
    eigenvalue + 1e-4, so that the features come out white; the first `n_out` are kept.

    Raises
    ------
    WeightsError
        If an array is missing or is not what it should be.
    """
    mean, values, vectors = (
        _load_npy(folder / f"{name}.npy") for name in ("mean", "eigenvals", "eigenvecs")
    )
    _check(folder / "mean.npy", mean, mean.size == n_in, f"{n_in} values")
    enough = values.size >= n_out and bool((values >= 0).all())
    _check(folder / "eigenvals.npy", values, enough, f"{n_out} values that are not negative")
    fits = vectors.ndim == 2 and vectors.shape[0] >= n_out and vectors.shape[1] == n_in
    _check(folder / "eigenvecs.npy", vectors, fits, f"({n_out} or more, {n_in})")
    scale = np.sqrt(values.ravel()[:n_out] + EPSILON)
    return _pca(mean, vectors[:n_out].T / scale)


def vggish_pca(path: Path, dim: int = 128) -> Pca:
    """Read AudioSet's PCA of the sound: an .npz with `pca_eigen_vectors` and `pca_means`.

    The matrix whitens as it is published; nothing is left to divide by.

    Raises
    ------
    WeightsError
        If an array is missing or is not what it should be.
    """
    vectors, mean = _load_npz(path, ("pca_eigen_vectors", "pca_means"))
    _check(path, vectors, vectors.shape == (dim, dim), f"`pca_eigen_vectors` ({dim}, {dim})")
    _check(path, mean, mean.size == dim, f"`pca_means` of {dim} values")
    return _pca(mean, vectors.T)


def quantize(features: np.ndarray, rounded: bool = True) -> np.ndarray:
    """Return features as `uint8`, from 0 for -2 and less to 255 for 2 and more.

    Parameters
    ----------
    features
        Any shape.
    rounded
        To the nearest level, as YouTube-8M's extractor does; else to the level below, as VGGish's.
    """
    levels = (np.clip(features, LOWEST, HIGHEST) - LOWEST) * (LEVELS / (HIGHEST - LOWEST))
    return (np.rint(levels) if rounded else levels).astype(np.uint8)


def dequantize(levels: np.ndarray) -> np.ndarray:
    """Return features, 8-bit levels of any shape, as float32 from -1.992 to 2.008."""
    return DEQUANTIZED[levels]


def _pca(mean: np.ndarray, matrix: np.ndarray) -> Pca:
    return Pca(mean.ravel().astype(np.float32), matrix.astype(np.float32))


def _load_npy(path: Path) -> np.ndarray:
    try:
        array = np.load(path, allow_pickle=False)
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
        raise WeightsError(_sentence(path, "it is no .npy file")) from error
    return array if isinstance(array, np.ndarray) else np.zeros(0)


def _load_npz(path: Path, names: Iterable[str]) -> list[np.ndarray]:
    try:
        with np.load(path, allow_pickle=False) as archive:
            return [archive[name] for name in names]
    except KeyError as error:
        raise WeightsError(_sentence(path, f"it has no array {error.args[0]}")) from error
    except (OSError, ValueError, EOFError, TypeError, zipfile.BadZipFile) as error:
        raise WeightsError(_sentence(path, "it is no .npz file")) from error


def _check(path: Path, array: np.ndarray, fits: bool, wanted: str) -> None:
    if not fits:
        raise WeightsError(_sentence(path, f"it holds {array.shape}, not {wanted}"))
    if array.dtype.kind != "f" or not np.isfinite(array).all():
        raise WeightsError(_sentence(path, "its values are not finite floating-point numbers"))


def _sentence(path: Path, reason: str) -> str:
    return (
        f"{path} is missing or not the published file ({reason}); delete it and run "
        "`vmnet weights fetch`"
    )
