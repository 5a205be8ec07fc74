"""A trained VM-Net: it embeds segments, and it is kept in plain files."""

import json
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from vmnet.errors import VmnetError
from vmnet.models.energy import UNKNOWN, Energy
from vmnet.models.head import HEAD, pair_logits, with_head
from vmnet.models.settings import BCE, PooledConfig, TrainingConfig, read_config
from vmnet.models.vmnet import LinearStart, Statistics, build_shortcut_vmnet, build_vmnet
from vmnet.store import load_arrays, save_arrays, save_text

if TYPE_CHECKING:
    import keras

    from vmnet.aligners.sequences import Sequences

CURVE_COLUMNS = ("step", "train_loss", "valid_loss", "seconds", "valid_rank")
MODALITIES = ("music", "video")
_EMBEDDING_BATCH = 4096

Config = TypeVar("Config")


@dataclass(frozen=True, eq=False)
class TrainedVMNet:
    """A trained network, the settings it was trained with, and how the training went.

    Attributes
    ----------
    model
        See `build_vmnet`.
    config
        The settings of the training.
    data_key
        Stands for the training and validation data.
    curve
        One array per column, one entry per evaluation: "step" (updates so far), "train_loss" (mean
        over the batches since the last evaluation, with dropout), "valid_loss", "seconds" (of
        training so far), and where the model is chosen by it "valid_rank", the mean rank of the
        right partner of the validation pairs. The model is that of the smallest "valid_rank", or
        else of the smallest "valid_loss". An entry of step 0 has no "train_loss" (nan).
    statistics
        What the model standardises its inputs with, music first, or None.
    energy
        What the training took, over all its resumes; see `Energy` for what kind of number it is.
    """

    model: "keras.Model"
    config: TrainingConfig
    data_key: str
    curve: dict[str, np.ndarray]
    statistics: tuple[Statistics, Statistics] | None = None
    energy: Energy = UNKNOWN

    @property
    def best_step(self) -> int:
        """The number of updates after which the weights were taken."""
        rows = np.array(list(self.curve.values())).T
        scores = [score(row, self.config.early_stopping) for row in rows]
        return int(self.curve["step"][np.argmin(scores)])

    @property
    def seconds(self) -> float:
        """Duration of the training, validation included."""
        return float(self.curve["seconds"][-1])

    @property
    def summary(self) -> str:
        """What came of the training, in words."""
        word = "best" if self.config.early_stopping else "kept"
        return f"{word} after {self.best_step} updates"

    def embed_music(self, music: "Sequences") -> "Sequences":
        """Embed music segments: (n_segments, music_dim) to (n_segments, 512) float32, unit norm.

        Raises
        ------
        ValueError
            If the features have another length than in training.
        VmnetError
            If one is not finite.
        """
        return _embed(self._branches[0], music, "music")

    def embed_video(self, video: "Sequences") -> "Sequences":
        """Embed video segments, as `embed_music` does music."""
        return _embed(self._branches[1], video, "video")

    def pair_distances(self, video: np.ndarray, music: np.ndarray) -> np.ndarray:
        """Return how little the head believes in each pair: minus its logit, (n_videos, n_tracks).

        Parameters
        ----------
        video, music : (n, dim)
            What `embed_video` and `embed_music` made, one row a clip.

        Raises
        ------
        ValueError
            If the network has no head, as its loss is not "bce".
        """
        if self.config.loss != BCE:
            raise ValueError(f"a network trained with the loss {self.config.loss!r} has no head")
        return -pair_logits(self.model.get_layer(HEAD), video, music)

    def save(self, folder: Path) -> None:
        """Write settings, energy (JSON), curve (CSV) and, last, what makes them valid: weights."""
        folder = Path(folder)
        save_settings(folder, self.config, self.data_key)
        save_text(folder / "curve.csv", curve_text(self.curve))
        save_text(folder / "energy.json", json.dumps(asdict(self.energy)) + "\n")
        save_arrays(folder / "model.npz", **self._arrays())

    @classmethod
    def load(cls, folder: Path, config: TrainingConfig | None = None) -> "TrainedVMNet":
        """Read what `save` wrote.

        Raises
        ------
        VmnetError
            If the folder holds no finished training, one with other settings than `config`, or
            damaged files.
        """
        folder = Path(folder)
        if not (folder / "model.npz").exists():
            raise VmnetError(f"{folder} holds no trained model: train it first")
        settings = load_settings(folder, read_config)
        if config is not None:
            require_settings(folder, config, settings[1])
        try:
            arrays = load_arrays(folder / "model.npz")
            model, statistics = _model_from_arrays(arrays, settings[0])
            columns = np.loadtxt(folder / "curve.csv", delimiter=",", skiprows=1, ndmin=2).T
            curve = make_curve(columns)
            energy = _load_energy(folder / "energy.json")
        except (OSError, ValueError, KeyError, TypeError, zipfile.BadZipFile) as error:
            raise VmnetError(f"{folder} is damaged, delete it and train again ({error})") from error
        return cls(model, *settings, curve, statistics, energy)

    @cached_property
    def _branches(self) -> list["keras.Model"]:
        import keras

        pairs = zip(self.model.inputs, self.model.outputs[:2], strict=True)  # not what a head says
        return [keras.Model(features, embedding) for features, embedding in pairs]

    def _arrays(self) -> dict[str, np.ndarray]:
        arrays = weights_of(self.model)
        if self.statistics is not None:
            for modality, (mean, variance) in zip(MODALITIES, self.statistics, strict=True):
                arrays |= {f"{modality}_mean": mean, f"{modality}_variance": variance}
        return arrays


def weights_of(model: "keras.Model") -> dict[str, np.ndarray]:
    """Copy the weights and moving statistics of `model`, by their names."""
    import keras

    return {w.path: np.array(keras.ops.convert_to_numpy(w)) for w in model.weights}


def score(row: Sequence[float], early_stopping: bool = True) -> float:
    """Return what is to be small in a row of a training curve: its rank, or else its loss.

    Without early stopping the latest is the best.
    """
    if not early_stopping:
        return -row[0]
    return row[4] if len(row) > 4 else row[2]


def make_curve(columns: np.ndarray) -> dict[str, np.ndarray]:
    """Name the `columns` of a training curve, (4 or 5, n_evaluations) float64."""
    if len(columns) not in (4, 5):
        raise ValueError(f"a training curve has 4 or 5 columns, not {len(columns)}")
    curve = dict(zip(CURVE_COLUMNS, columns, strict=False))
    return curve | {"step": curve["step"].astype(np.int64)}


def curve_text(curve: dict[str, np.ndarray]) -> str:
    """Return a training curve as CSV, every number in full."""
    rows = zip(*(column.tolist() for column in curve.values()), strict=True)
    return "\n".join([",".join(curve), *(",".join(map(str, row)) for row in rows), ""])


def save_settings(folder: Path, config: Any, data_key: str) -> None:
    """Write what decides the result of a training into its folder."""
    text = json.dumps({"training": asdict(config), "data": data_key}, indent=1)
    save_text(Path(folder) / "settings.json", text + "\n")


def load_settings(folder: Path, kind: Callable[..., Config]) -> tuple[Config, str]:
    """Read what `save_settings` wrote of settings of that kind, a dataclass."""
    path = Path(folder) / "settings.json"
    try:
        settings = json.loads(path.read_text(encoding="utf-8"))
        training: dict[str, Any] = settings["training"]
        pairs = {name: tuple(value) for name, value in training.items() if isinstance(value, list)}
        return kind(**training | pairs), settings["data"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise VmnetError(f"{path} is missing or damaged: delete its folder ({error})") from error


def _load_energy(path: Path) -> Energy:
    if not path.exists():  # a training of before there was a meter
        return UNKNOWN
    return Energy(**json.loads(path.read_text(encoding="utf-8")))


def require_settings(folder: Path, config: Any, data_key: str) -> None:
    """Raise VmnetError if the training in `folder` has other settings or other data than these."""
    old_config, old_key = load_settings(folder, type(config))
    new, old = asdict(config), asdict(old_config)
    changes = [f"{name} {old[name]} (now {new[name]})" for name in new if new[name] != old[name]]
    changes += ["other data"] if data_key != old_key else []
    if changes:
        raise VmnetError(
            f"{folder} holds a training with {', '.join(changes)}: choose another folder, or "
            "delete this one to train anew"
        )


def require_finite(sequences: "Sequences", modality: str) -> None:
    """Raise VmnetError with the name of the first clip that has a feature that is no number."""
    with np.errstate(invalid="ignore"):
        total = sequences.data.sum(dtype=np.float64)  # one fast pass, which NaN and inf survive
    if np.isfinite(total):
        return
    bad = int(np.flatnonzero(~np.isfinite(sequences.data).all(axis=1))[0])
    clip = sequences.ids[int(np.searchsorted(sequences.offsets, bad, side="right")) - 1]
    raise VmnetError(f"clip {clip!r} has {modality} features that are not finite: extract it again")


def embed_in_blocks(
    function: Callable[[np.ndarray], np.ndarray], dim: int, sequences: "Sequences", modality: str
) -> "Sequences":
    """Apply `function`, (n, dim) to (n, other dim) float32, to all segments, some at a time.

    Raises
    ------
    ValueError
        If the features are not of length `dim`.
    VmnetError
        If one is not finite.
    """
    if sequences.dim != dim:
        raise ValueError(
            f"the model takes {modality} features of length {dim}, not {sequences.dim}: "
            f"use the extractor it was trained with"
        )
    require_finite(sequences, modality)
    blocks = range(0, len(sequences.data), _EMBEDDING_BATCH)
    return sequences.map(
        lambda data: np.concatenate(
            [function(data[i : i + _EMBEDDING_BATCH].astype(np.float32)) for i in blocks]
        )
    )


def _embed(branch: "keras.Model", sequences: "Sequences", modality: str) -> "Sequences":
    from keras import ops

    def function(data: np.ndarray) -> np.ndarray:
        return ops.convert_to_numpy(branch(data))

    return embed_in_blocks(function, branch.input_shape[-1], sequences, modality)


def _model_from_arrays(
    arrays: dict[str, np.ndarray], config: TrainingConfig
) -> tuple["keras.Model", tuple[Statistics, Statistics] | None]:
    statistics = _pop_statistics(arrays)
    given = None if isinstance(config, PooledConfig) else statistics  # the frames are standardised
    if config.start == "linear":
        music_start, video_start = (_empty_start(arrays, name) for name in MODALITIES)
        model = build_shortcut_vmnet(
            music_start,
            video_start,
            config.seed,
            config.hidden,
            config.dropout,
            config.input_dropout,
        )
    else:
        music_dim, video_dim = (len(arrays[f"{name}_dense_1/kernel"]) for name in MODALITIES)
        settings = (config.seed, config.dropout, *(given or (None, None)), config.momentum)
        model = build_vmnet(music_dim, video_dim, *settings)
    if isinstance(config, PooledConfig):
        from vmnet.models.pooled import with_pooling

        model = with_pooling(model, config.aggregation, statistics)
    if config.loss == BCE:
        model = with_head(model)
    for variable in model.weights:
        variable.assign(arrays.pop(variable.path))
    if arrays:
        raise ValueError(f"unknown arrays: {', '.join(arrays)}")
    return model, statistics


def _pop_statistics(arrays: dict[str, np.ndarray]) -> tuple[Statistics, Statistics] | None:
    if "music_mean" not in arrays:
        return None
    music = arrays.pop("music_mean"), arrays.pop("music_variance")
    return music, (arrays.pop("video_mean"), arrays.pop("video_variance"))


def _empty_start(arrays: dict[str, np.ndarray], modality: str) -> LinearStart:
    """Return a start of the sizes that a kept branch has; its values do not matter."""
    directions = np.zeros_like(arrays[f"{modality}_shortcut/kernel"])
    components = np.zeros_like(arrays[f"{modality}_components/kernel"])
    return LinearStart(np.zeros(len(directions), np.float32), directions, components)
