"""What the trainings of the thesis' chapters took: rows as those of `training.csv`."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Protocol

from vmnet.models.energy import UNKNOWN, Energy
from vmnet.report.thesis import names

if TYPE_CHECKING:
    import pandas as pd

    from vmnet.experiment.stages import Dataset
    from vmnet.experiment.systems import System
    from vmnet.similarity.experiment import Material
    from vmnet.similarity.training import TrainedNetwork


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


def of_design(
    datasets: Sequence["Dataset"],
    musimnet: "TrainedNetwork | None" = None,
    seeds: Sequence[int] = (),
) -> "pd.DataFrame":
    """Return the trainings of chapter 5, loaded from where they are kept.

    Networks that the paper's notebooks train, too, are in `training.csv`, and not among them.

    Parameters
    ----------
    datasets
        What `prepare_all` returned.
    musimnet, seeds
        As in `vmnet.experiment.music_features.music_features`.
    """
    import pandas as pd

    from vmnet.experiment.stages import model_folder
    from vmnet.experiment.systems import all_systems
    from vmnet.models import TrainedVMNet

    seen = {model_folder(data, system) for data in datasets for system in all_systems(data.run)}
    rows, kinds = [], []
    for name, data, system in _of_design(datasets, musimnet, seeds):
        folder = model_folder(data, system)
        if not system.is_network or folder in seen:
            continue
        seen.add(folder)
        kinds.append(f"{data.corpus.kind} ({data.corpus.name})")
        part, _, named = name.partition(": ")
        label = f"{part}: {', '.join(map(names.system, named.split(', ')))}"
        trained = TrainedVMNet.load(folder)
        rows.append(row(label, data.run.seed, trained.config.loss, trained))
    frame = pd.DataFrame(rows)
    frame.attrs["about"] = f"Ours: {', '.join(dict.fromkeys(kinds))}."
    return frame


def _of_design(
    datasets: Sequence["Dataset"], musimnet: "TrainedNetwork | None", seeds: Sequence[int]
) -> Iterator[tuple[str, "Dataset", "System"]]:
    """Yield the systems of chapter 5, each named after its part, and what it learned from."""
    from vmnet.experiment import aggregation, design, music_features

    for data in design.brief(datasets):
        yield from ((name, data, system) for name, system in design.all_of(data).items())
    run = datasets[0].run
    films, chosen = music_features.prepared(run, musimnet)
    for seed in seeds or run.profile.seeds:
        own = replace(films, run=replace(films.run, seed=seed))
        yield from ((f"5.2: {name}", own, system) for name, system in chosen.items())
    for part, each in ((aggregation.PART, run), (aggregation.BLANK_PART, aggregation.blanked(run))):
        data = aggregation.prepared(each)
        if aggregation.has_frames(data):
            systems = aggregation.systems(each).items()
            yield from ((f"{part}: {name}", data, system) for name, system in systems)
