"""A linear start: what a network knows before its first update.

On some hundreds of real videos a network that begins at random stays behind a linear method. So
each branch may begin as one: the canonical directions that `linear.search` chose on clips held out
stay as they are, and a hidden layer learns what is to be added to them, from the principal
components of the features. The start is evaluated as every update is, and kept if none is better.
"""

import numpy as np

from vmnet.models.batches import Data
from vmnet.models.linear import LinearConfig, Search, search
from vmnet.models.settings import TrainingConfig
from vmnet.models.vmnet import LinearStart

COMPONENTS = 256  # principal components of a modality, at most
LEAST_RIDGE = 1.0  # what is added to their variances, as a share of the mean variance of a feature


def linear_starts(
    training: Data, validation: Data, config: TrainingConfig, extra: Data | None = None
) -> tuple[LinearStart, LinearStart]:
    """Return where the branches of music and video begin; see `linear.search`."""
    others = (extra[0], extra[1]) if extra else None
    clips, held_out = (training[0], training[1]), (validation[0], validation[1])
    found = search(clips, held_out, LinearConfig.of(config), others)
    return _start(found, 0), _start(found, 1)


def _start(found: Search, modality: int) -> LinearStart:
    """Return the start of one modality, music being the first."""
    mean, variance = found.scales[modality]
    covariance = found.within[modality]
    values, vectors = np.linalg.eigh(covariance)
    values, vectors = values[::-1][:COMPONENTS], vectors[:, ::-1][:, :COMPONENTS]
    ridge = max(found.ridge, LEAST_RIDGE) * (np.trace(covariance) / len(covariance) or 1.0)
    components = vectors / np.sqrt(np.maximum(values, 0) + ridge)
    directions = found.directions[modality] * found.correlations
    norm = np.sqrt(np.sum(directions * (covariance @ directions))) or 1.0
    deviations = np.sqrt(variance)[:, None]
    return LinearStart(
        mean,
        (directions / norm / deviations).astype(np.float32),
        (components / deviations).astype(np.float32),
    )
