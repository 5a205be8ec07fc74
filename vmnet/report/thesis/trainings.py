"""What the trainings of the thesis' chapters took: rows as those of `training.csv`."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Protocol

from vmnet.models.energy import UNKNOWN, Energy
from vmnet.report.thesis import names

if TYPE_CHECKING:
    import pandas as pd

    from vmnet.similarity.experiment import Material


class Trained(Protocol):
    """A network that learned, and what that took."""

    @property
    def curve(self) -> Mapping[str, Any]:
        """The training curve, by column."""

    @property
    def energy(self) -> Energy:
        """What it took."""

    @property
    def best_step(self) -> int:
        """The update whose weights were kept."""

    @property
    def seconds(self) -> float:
        """How long it learned."""


def row(system: str, seed: int, loss: str, trained: Trained) -> dict[str, Any]:
    """Return one training.

    The energy is left out where the processor's own counter cannot be read, as in
    `vmnet.report.inputs.trainings`.
    """
    energy = trained.energy if trained.energy.kind == "measured" else UNKNOWN
    return {
        "system": names.system(system), "segmenter": "clip", "seed": seed, "loss": loss,
        "updates": int(trained.curve["step"][-1]), "best_step": trained.best_step,
        "seconds": round(trained.seconds, 1), "energy_kwh": energy.kwh, "co2_kg": energy.co2_kg,
        "energy_kind": energy.kind,
    }  # fmt: skip


def of_similarity(materials: Iterable["Material"]) -> "pd.DataFrame":
    """Return the trainings of chapter 4, loaded from where they are kept."""
    import pandas as pd

    from vmnet.similarity.experiment import trained, trainings

    rows, kinds = [], []
    for material in materials:
        kinds.append(f"{material.catalog.kind} ({material.catalog.name})")
        rows += [
            row(name, material.seed, "bce" if name == "at" else "triplet", trained(material, *how))
            for name, how in trainings(material).items()
        ]
    frame = pd.DataFrame(rows)
    frame.attrs["about"] = f"Ours: {', '.join(dict.fromkeys(kinds))}."
    return frame
