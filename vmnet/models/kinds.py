"""The kinds of models that a system may have: what decides each, and how it is trained."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from vmnet.models import linear
from vmnet.models.embedder import TrainedVMNet
from vmnet.models.energy import COUNTRY, can_measure
from vmnet.models.fit import train
from vmnet.models.sampling import Moments
from vmnet.models.settings import AGGREGATIONS, BCE, PooledConfig, TrainingConfig

if TYPE_CHECKING:
    from vmnet.aligners.sequences import Sequences


class Embedder(Protocol):
    """What the stages ask of a trained model."""

    @property
    def summary(self) -> str:
        """What came of the training, in words."""

    def embed_music(self, music: "Sequences") -> "Sequences":
        """Embed music segments in the space of both modalities, unit norm."""

    def embed_video(self, video: "Sequences") -> "Sequences":
        """Embed video segments, likewise."""

    def save(self, folder: Path) -> None:
        """Write plain files."""


@dataclass(frozen=True)
class Model:
    """One kind of model.

    Attributes
    ----------
    settings
        From the settings of a network's training to a dataclass of all that decides the model.
    train
        From (music, video, validation music, validation video, those settings, folder) to the
        model, which is kept in the folder and loaded where it is there already. Both take
        `extra` clips; a network takes `moments`, too, where the two tracks are cut apart.
    """

    settings: Callable[[TrainingConfig], Any]
    train: Callable[..., Embedder]


def _unchanged(training: TrainingConfig) -> TrainingConfig:
    return training


def _judging_pairs(training: TrainingConfig) -> TrainingConfig:
    return replace(training, loss=BCE)


def _metered(
    music: "Sequences",
    video: "Sequences",
    valid_music: "Sequences",
    valid_video: "Sequences",
    config: TrainingConfig,
    folder: Path,
    moments: tuple[Moments, Moments] | None = None,
    extra: tuple["Sequences", "Sequences"] | None = None,
) -> TrainedVMNet:
    """Train a network; its energy is metered where that can be read."""
    country = COUNTRY if can_measure() else ""
    features = (music, video, valid_music, valid_video)
    return train(*features, config, folder, country=country, moments=moments, extra=extra)


# By the name that a `System` has it by. A further kind is a line here.
MODELS = {
    "vmnet": Model(_unchanged, _metered),
    "bce": Model(_judging_pairs, _metered),
    "linear": Model(linear.LinearConfig.of, linear.fit),
    **{name: Model(partial(PooledConfig.of, aggregation=name), _metered) for name in AGGREGATIONS},
}
