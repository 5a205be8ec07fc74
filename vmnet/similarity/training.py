"""Training of the networks of music similarity: on triplets, or on tags (thesis, 4.2.2 to 4.2.4).

A training can be killed at any time, and ends as one that was left alone: see `vmnet.models.fit`.

The thesis' batch is one anchor, one positive and 42 of its negatives. A small training on that
collapses, each track becoming the same: its groups then should be small and many (`anchors`). The
triplets are the same, their order is another.
"""

import hashlib
import json
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from vmnet.aligners.sequences import Sequences
from vmnet.config import ThesisSize
from vmnet.errors import VmnetError
from vmnet.models.batches import ahead
from vmnet.models.embedder import (
    curve_text,
    load_settings,
    make_curve,
    require_settings,
    save_settings,
    score,
    weights_of,
)
from vmnet.models.energy import UNKNOWN, Energy
from vmnet.models.loop import learn, remove_checkpoint
from vmnet.similarity.networks import DIM, FRAMES, NETWORKS, Statistics, at_baseline
from vmnet.similarity.patches import Patches, cut, draw_starts, spread_patches, statistics
from vmnet.store import load_arrays, save_arrays, save_text

if TYPE_CHECKING:
    import keras

    from vmnet.similarity.learner import Loss, PatchLearner
    from vmnet.similarity.mining import Triplets

MARGIN = 0.5  # thesis, 4.2.4
VALID_PATCHES = 2  # of a validation track; the thesis does not say
UPDATES_PER_CALL = 4  # few: their patches are copied, and Ctrl-C waits for them
EMBEDDING_BATCH = 32  # patches

# Of a batch: its patches (n, 96, frames) float16, and what the loss needs beside them.
Batch = tuple[np.ndarray, np.ndarray]
# For one update, of which it gets the number: tracks (n,), and that.
Draw = Callable[[np.random.Generator, int], tuple[np.ndarray, np.ndarray]]


@dataclass(frozen=True)
class TripletConfig:
    """All that decides the result of a training on triplets, the data aside.

    The defaults are the thesis' where it gives a value (4.2.4).

    Attributes
    ----------
    network
        A key of `NETWORKS`.
    dim
        Length of the embeddings, d.
    width
        Share of the filters of the thesis' network.
    frames
        Of a patch.
    learning_rate
        Of Adam.
    anchors
        In a batch; each has one positive.
    negatives
        In a batch, of each anchor. Batches are drawn from the triplets with repetition (ours).
    margin
        alpha of the loss.
    margin_grows
        Updates in which the margin grows to that, in a line from 0. The thesis tried one that grows
        (8.2.1) and does not say how. With 0 it does not: the thesis' own.
    steps
        Updates at most. Ours, as are the next two: the thesis has early stopping, and says no more.
    evaluate_every
        Updates between two evaluations on the validation triplets.
    patience
        Evaluations without a better one after which training stops.
    seed
        Decides the initial weights, the dropout masks and the batches.

    Raises
    ------
    ValueError
        If a value makes no sense.
    """

    network: str = "vgg"
    dim: int = DIM
    width: float = 1.0
    frames: int = FRAMES
    learning_rate: float = 1e-6
    anchors: int = 1
    negatives: int = 42
    margin: float = MARGIN
    margin_grows: int = 0
    steps: int = 1_000_000
    evaluate_every: int = 1000
    patience: int = 20
    seed: int = 0

    def __post_init__(self) -> None:
        if self.network not in NETWORKS:
            raise ValueError(f"there is no network {self.network!r}, but {', '.join(NETWORKS)}")
        if self.margin < 0:
            raise ValueError(f"margin={self.margin} makes no sense: give at least 0")
        if self.margin_grows < 0:
            raise ValueError(f"margin_grows={self.margin_grows} makes no sense: give at least 0")
        _require_sense(self, "dim", "anchors", "negatives")

    def build(self, statistics: Statistics) -> "keras.Model":
        """Return the untrained network."""
        make = NETWORKS[self.network]
        return make(self.dim, self.width, self.frames, statistics, self.seed)

    def margin_at(self, step: int) -> float:
        """Return the margin after so many updates.

        >>> grown = TripletConfig(margin=0.5, margin_grows=10)
        >>> grown.margin_at(0), grown.margin_at(5), grown.margin_at(99)
        (0.0, 0.25, 0.5)
        """
        return (
            self.margin * min(1.0, step / self.margin_grows) if self.margin_grows else self.margin
        )


@dataclass(frozen=True)
class TagConfig:
    """All that decides the result of a training on tags; as `TripletConfig`.

    Attributes
    ----------
    tags
        How many there are, m.
    batch
        Patches in a batch, of as many different tracks where there are so many.
    """

    tags: int
    width: float = 1.0
    frames: int = FRAMES
    learning_rate: float = 1e-4
    batch: int = 42
    steps: int = 1_000_000
    evaluate_every: int = 1000
    patience: int = 20
    seed: int = 0

    def __post_init__(self) -> None:
        _require_sense(self, "tags", "batch")

    def build(self, statistics: Statistics) -> "keras.Model":
        """Return the untrained network."""
        return at_baseline(self.tags, self.width, self.frames, statistics, self.seed)


Config = TripletConfig | TagConfig


def triplet_config(size: ThesisSize, **settings: Any) -> TripletConfig:
    """Return the settings of a training on triplets in a run of that size.

    At the thesis' width they are the thesis'; a narrower network gets as many anchors with one
    negative as fit into `size.patches`, and a rate of 5e-4. `settings` go before either.
    """
    own = {"anchors": max(1, size.patches // 3), "negatives": 1, "learning_rate": 5e-4}
    return TripletConfig(**_sized(size, own) | settings)


def tag_config(size: ThesisSize, tags: int, **settings: Any) -> TagConfig:
    """Return the settings of a training on that many tags; as `triplet_config`, a rate of 1e-3."""
    own = {"batch": size.patches, "learning_rate": 1e-3}
    return TagConfig(tags, **_sized(size, own) | settings)


def _sized(size: ThesisSize, own: dict[str, Any]) -> dict[str, Any]:
    if size.width == 1:
        return {"steps": size.updates}
    every = max(1, size.updates // 10)
    course = {"steps": size.updates, "evaluate_every": every, "patience": 4}
    return {"width": size.width, **course, **own}


def _require_sense(config: Any, *counts: str) -> None:
    for name in (*counts, "frames", "steps", "evaluate_every", "patience"):
        if getattr(config, name) < 1:
            raise ValueError(f"{name}={getattr(config, name)} makes no sense: give 1 or more")
    for name in ("width", "learning_rate"):
        if not 0 < getattr(config, name) < np.inf:
            raise ValueError(f"{name}={getattr(config, name)} makes no sense: give above 0")


@dataclass(frozen=True, eq=False)
class TrainedNetwork:
    """A trained network, the settings it was trained with, and how the training went.

    Attributes
    ----------
    network
        Of the best evaluation; see `NETWORKS` and `at_baseline`.
    config
        The settings of the training.
    data_key
        Stands for the training and validation data.
    curve
        As `vmnet.models.TrainedVMNet.curve`.
    statistics
        What the network standardises its input by.
    energy
        What the training took, over all its resumes.
    """

    network: "keras.Model"
    config: Config
    data_key: str
    curve: dict[str, np.ndarray]
    statistics: Statistics
    energy: Energy = UNKNOWN

    @property
    def best_step(self) -> int:
        """The number of updates after which the weights were taken."""
        rows = np.array(list(self.curve.values())).T
        return int(self.curve["step"][np.argmin([score(row) for row in rows])])

    @property
    def seconds(self) -> float:
        """Duration of the training, validation included."""
        return float(self.curve["seconds"][-1])

    def embed(self, patches: Patches | np.ndarray) -> np.ndarray:
        """Return the mean embedding, or the mean tags, of each track; see `embed`."""
        return embed(self.network, patches)

    def save(self, folder: Path) -> None:
        """Write settings, energy (JSON), curve (CSV) and, last, what makes them valid: weights."""
        save_settings(folder, self.config, self.data_key)
        save_text(folder / "curve.csv", curve_text(self.curve))
        save_text(folder / "energy.json", json.dumps(asdict(self.energy)) + "\n")
        weights = weights_of(self.network)
        save_arrays(folder / "model.npz", **weights, statistics=np.array(self.statistics))

    @classmethod
    def load(cls, folder: Path, kind: Callable[..., Config]) -> "TrainedNetwork":
        """Read what `save` wrote of a training with settings of that kind.

        Raises
        ------
        VmnetError
            If the folder holds no finished training of that kind, or damaged files.
        """
        folder = Path(folder)
        if not (folder / "model.npz").exists():
            raise VmnetError(f"{folder} holds no trained network: train it first")
        config, data_key = load_settings(folder, kind)
        try:
            arrays = load_arrays(folder / "model.npz")
            mean, deviation = arrays.pop("statistics").tolist()
            network = config.build((mean, deviation))
            for weight in network.weights:
                weight.assign(arrays[weight.path])
            columns = np.loadtxt(folder / "curve.csv", delimiter=",", skiprows=1, ndmin=2).T
            curve = make_curve(columns)
            energy = Energy(**json.loads((folder / "energy.json").read_text(encoding="utf-8")))
        except (OSError, ValueError, KeyError, TypeError, zipfile.BadZipFile) as error:
            raise VmnetError(f"{folder} is damaged, delete it and train again ({error})") from error
        return cls(network, config, data_key, curve, (mean, deviation), energy)


def embed_each(network: "keras.Model", patches: Patches | np.ndarray) -> np.ndarray:
    """Return what a network makes of each patch.

    Parameters
    ----------
    network
        See `NETWORKS` and `at_baseline`.
    patches : (n_tracks, n_patches, 96, frames)
        An array, or `Patches`, which are cut out some tracks at a time.

    Returns
    -------
    (n_tracks, n_patches, dim) float32
    """
    n_patches = patches[:1].shape[1]
    step = max(1, EMBEDDING_BATCH // n_patches)
    parts = []
    for start in range(0, len(patches), step):
        block = patches[start : start + step].astype(np.float32)
        outputs = network.predict_on_batch(block.reshape(-1, *block.shape[2:]))
        parts.append(outputs.reshape(*block.shape[:2], -1))
    return np.concatenate(parts)


def embed(network: "keras.Model", patches: Patches | np.ndarray) -> np.ndarray:
    """Return the mean over the patches of each track (thesis, 4.3.2), (n_tracks, dim) float32.

    A mean of embeddings is not brought to unit norm again: ours, the thesis does not say.
    Parameters as of `embed_each`.
    """
    return embed_each(network, patches).mean(axis=1)


def train_triplets(
    spectrograms: Sequences,
    triplets: "Triplets",
    valid: "Triplets",
    config: TripletConfig,
    folder: Path,
    progress: bool = True,
    checkpoint_seconds: float = 30.0,
    country: str = "",
) -> TrainedNetwork:
    """Train a network on triplets in `folder`, go on with the training there, or load its result.

    Parameters
    ----------
    spectrograms
        (n_frames, 96) of all tracks: see `vmnet.similarity.patches.spectrograms`.
    triplets, valid
        Those of the training and of the validation tracks, by numbers in `spectrograms`: see
        `vmnet.similarity.mining.mine`.
    config
        What decides the result.
    folder
        Where settings.json, curve.csv, model.npz and, until the end, checkpoint.npz are kept.
    progress, checkpoint_seconds, country
        As in `vmnet.models.train`.

    Raises
    ------
    ValueError
        If a batch has more negatives of an anchor than `triplets` have, or more anchors.
    VmnetError
        If the folder holds a training with other settings or data, or damaged files, or if
        training diverges.
    """
    n, _, n_negatives = triplets.negatives.shape
    if config.anchors > n or config.negatives > n_negatives:
        raise ValueError(
            f"{n} anchors with {n_negatives} negatives make no batch of "
            f"{config.anchors} with {config.negatives}"
        )
    from vmnet.similarity.learner import triplet_loss

    tracks = np.sort(valid.anchors)
    patches = spread_patches(spectrograms, tracks, VALID_PATCHES, config.frames)
    rows = [np.searchsorted(tracks, part) for part in _parts(valid)]

    def valid_loss(network: "keras.Model") -> float:
        rounds = np.swapaxes(embed_each(network, patches), 0, 1)
        return float(np.mean([_loss_of(one, rows, config.margin) for one in rounds]))

    task = _Task(
        spectrograms,
        triplets.anchors,
        partial(_draw_triplets, triplets=triplets, config=config),
        triplet_loss,
        valid_loss,
        _data_key(spectrograms, *_parts(triplets), *_parts(valid)),
    )
    return _train(task, config, folder, progress, checkpoint_seconds, country)


def train_tags(
    spectrograms: Sequences,
    tags: np.ndarray,
    tracks: np.ndarray,
    valid_tracks: np.ndarray,
    config: TagConfig,
    folder: Path,
    progress: bool = True,
    checkpoint_seconds: float = 30.0,
    country: str = "",
) -> TrainedNetwork:
    """Train the tagging baseline in `folder`, go on with the training there, or load its result.

    Parameters
    ----------
    spectrograms
        As in `train_triplets`, like all that is not named here.
    tags : (n_all, m), in [0, 1]
        How far each tag holds of all tracks.
    tracks, valid_tracks : (n,) int
        Those of the two splits.

    Raises
    ------
    ValueError
        If the tags do not fit.
    VmnetError
        As `train_triplets`.
    """
    tags = np.asarray(tags, np.float32)
    if tags.shape != (len(spectrograms), config.tags):
        raise ValueError(f"{len(spectrograms)} tracks with {config.tags} tags, not {tags.shape}")
    from vmnet.similarity.learner import tag_loss

    tracks, valid_tracks = np.asarray(tracks), np.asarray(valid_tracks)
    patches = spread_patches(spectrograms, valid_tracks, VALID_PATCHES, config.frames)

    def draw(rng: np.random.Generator, step: int) -> tuple[np.ndarray, np.ndarray]:
        drawn = rng.choice(tracks, config.batch, replace=config.batch > len(tracks))
        return drawn, tags[drawn]

    def valid_loss(network: "keras.Model") -> float:
        rounds = np.swapaxes(embed_each(network, patches), 0, 1)
        return float(np.mean([tag_loss(tags[valid_tracks], one) for one in rounds]))

    key = _data_key(spectrograms, tags, tracks, valid_tracks)
    task = _Task(spectrograms, tracks, draw, tag_loss, valid_loss, key)
    return _train(task, config, folder, progress, checkpoint_seconds, country)


@dataclass(frozen=True, eq=False)
class _Task:
    """What a network is trained on, and what it is to learn."""

    spectrograms: Sequences
    tracks: np.ndarray  # by which the input is standardised
    draw: Draw
    loss: "Loss"
    valid_loss: Callable[["keras.Model"], float]
    key: str

    def feed(
        self, learner: "PatchLearner", frames: int
    ) -> Callable[[np.random.Generator, int], Iterator[Batch]]:
        """Return what draws batches, stacked, some updates of `learner` at a time and ahead."""

        def batch(rng: np.random.Generator, step: int) -> Batch:
            tracks, beside = self.draw(rng, step)
            starts = draw_starts(rng, self.spectrograms, tracks, frames)
            return cut(self.spectrograms, tracks, starts, frames), beside

        def blocks(rng: np.random.Generator, steps: range) -> Iterator[Batch]:
            for start in range(0, len(steps), UPDATES_PER_CALL):
                some = steps[start : start + UPDATES_PER_CALL]
                patches, beside = zip(*(batch(rng, step) for step in some), strict=True)
                yield np.stack(patches), np.stack(beside)

        def feed(rng: np.random.Generator, n_updates: int) -> Iterator[Batch]:
            done = learner.n_updates
            return ahead(blocks(rng, range(done, done + n_updates)))

        return feed


def _train(
    task: _Task,
    config: Config,
    folder: Path,
    progress: bool,
    checkpoint_seconds: float,
    country: str,
) -> TrainedNetwork:
    folder = Path(folder)
    if (folder / "settings.json").exists():
        require_settings(folder, config, task.key)
    if (folder / "model.npz").exists():
        return TrainedNetwork.load(folder, type(config))
    save_settings(folder, config, task.key)
    scaling = statistics(task.spectrograms, task.tracks)
    network = config.build(scaling)
    from vmnet.similarity.learner import PatchLearner  # imports Keras, which is quiet by now

    learner = PatchLearner(network, task.loss, config.learning_rate)
    curve, energy = learn(
        learner,
        task.feed(learner, config.frames),
        lambda: (task.valid_loss(network),),
        config,
        folder,
        progress,
        checkpoint_seconds,
        country,
    )
    trained = TrainedNetwork(network, config, task.key, curve, scaling, energy)
    trained.save(folder)
    remove_checkpoint(folder)
    return trained


def _draw_triplets(
    rng: np.random.Generator, step: int, triplets: "Triplets", config: TripletConfig
) -> tuple[np.ndarray, np.ndarray]:
    """Draw anchors, a positive of each and some of its negatives: the tracks, and the margins."""
    n, n_positives, n_negatives = triplets.negatives.shape
    rows = rng.choice(n, config.anchors, replace=False)
    places = rng.integers(n_positives, size=config.anchors)
    drawn = rng.random((config.anchors, n_negatives)).argsort(axis=1)[:, : config.negatives]
    negatives = np.take_along_axis(triplets.negatives[rows, places], drawn, axis=1)
    anchors, positives = triplets.anchors[rows], triplets.positives[rows, places]
    groups = np.concatenate([anchors[:, None], positives[:, None], negatives], axis=1)
    return groups.ravel(), np.full(negatives.shape, config.margin_at(step), np.float32)


def _parts(triplets: "Triplets") -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    return triplets.anchors, triplets.positives, triplets.negatives


def _loss_of(embeddings: np.ndarray, triplets: list[np.ndarray], margin: float) -> float:
    """Return the mean loss of all triplets, which are rows of `embeddings`."""
    anchors, positives, negatives = triplets
    squares = (embeddings**2).sum(axis=1)
    distances = squares[:, None] + squares - 2 * embeddings @ embeddings.T
    near = distances[anchors[:, None], positives]
    far = distances[anchors[:, None, None], negatives]
    return float(np.maximum(near[..., None] - far + margin, 0).mean())


def _data_key(spectrograms: Sequences, *arrays: np.ndarray) -> str:
    """Return ten hexadecimal digits that stand for the spectrograms and what is learned of them."""
    digest = hashlib.sha256(repr((spectrograms.data.shape, spectrograms.ids)).encode())
    for array in (spectrograms.offsets, spectrograms.data, *arrays):
        digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()[:10]
