"""A linear start: what a network knows before its first update.

On some hundreds of real videos a network that begins at random is behind a linear method, however
it is held back: there is little more to learn than what is linear. So each branch may begin there.
Its inputs are whitened, and a linear shortcut from them to the embedding begins as the canonical
directions that `linear.search` chose on the validation clips; beside it a hidden layer, small at
first, learns what is not linear. What the updates then add is kept only where the validation clips
rank better for it.
"""

from typing import TYPE_CHECKING

import numpy as np

from vmnet.models.linear import LinearConfig, search
from vmnet.models.vmnet import LinearStart

if TYPE_CHECKING:
    from vmnet.aligners.sequences import Sequences
    from vmnet.models.linear import Search
    from vmnet.models.sampling import Moments

COMPONENTS = 256  # principal components that are kept of a modality


def linear_starts(
    music: "Sequences",
    video: "Sequences",
    valid_music: "Sequences",
    valid_video: "Sequences",
    standardize: bool,
    moments: "Moments | None" = None,
) -> tuple[LinearStart, LinearStart]:
    """Return where the branches of music and video begin; parameters are those of `search`."""
    config = LinearConfig(standardize=standardize)
    found = search(music, video, valid_music, valid_video, config, moments)
    return _start(found, 0), _start(found, 1)


def _start(found: "Search", modality: int) -> LinearStart:
    """Return the start of one modality, music being the first.

    With the covariance C = E diag(l) E' and the ridge r, the whitening is W = E diag(l + r)^(-1/2).
    The directions A become the shortcut diag(l + r)^(1/2) E' A, as W times that is A.
    """
    mean, variance = found.scales[modality]
    covariance = found.within[modality]
    values, vectors = np.linalg.eigh(covariance)
    values, vectors = values[::-1][:COMPONENTS], vectors[:, ::-1][:, :COMPONENTS]
    ridge = found.ridge * (np.trace(covariance) / len(covariance) or 1.0)
    deviations = np.sqrt(np.maximum(values, 0) + ridge)
    weighted = found.directions[modality] * found.correlations
    norm = np.sqrt(np.sum(weighted * (covariance @ weighted))) or 1.0
    return LinearStart(
        mean,
        (vectors / deviations / np.sqrt(variance)[:, None]).astype(np.float32),
        (deviations[:, None] * (vectors.T @ weighted) / norm).astype(np.float32),
    )
