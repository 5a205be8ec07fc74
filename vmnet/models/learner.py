"""Updates of the VM-Net, on every Keras backend, and the state that they read and write."""

from collections.abc import Iterable
from functools import cached_property
from typing import Any

import numpy as np

from vmnet.evaluation.metrics import both_directions
from vmnet.models import updates
from vmnet.models.backend import keras
from vmnet.models.head import HEAD, pair_logits
from vmnet.models.losses import LOSSES, bce_loss
from vmnet.models.optimizer import adam
from vmnet.models.sampling import derange
from vmnet.models.settings import BCE, TrainingConfig

Pairs = tuple[np.ndarray, np.ndarray, np.ndarray]  # music (b, dim), video (b, dim), clips (b,)


class BaseLearner(keras.Model):
    """A network with a loss and an optimiser; `batch_loss` is for who derives from it.

    Keras compiles the update for its backend (a TensorFlow graph, torch autograd, jax.jit).

    Parameters
    ----------
    net
        From the features of a batch, in a list or one alone, to what the loss is of.
    learning_rate
        Of Adam, whose other settings are Keras' defaults.
    """

    def __init__(self, net: keras.Model, learning_rate: float) -> None:
        super().__init__(name="learner")
        self.net = net
        self._resident: tuple[Any, ...] = ()
        self.compile(optimizer=adam(learning_rate))
        self.optimizer.build(net.trainable_variables)
        shapes = [[2, *(size or 1 for size in part.shape[1:])] for part in net.inputs]
        self([np.zeros(shape, np.float32) for shape in shapes])  # builds it

    def call(self, inputs: Any, training: bool = False) -> Any:
        """Apply the network."""
        return self.net(list(inputs), training=training)

    def compute_loss(
        self,
        x: Any = None,
        y: Any = None,
        y_pred: Any = None,
        sample_weight: Any = None,
        training: bool = True,
    ) -> Any:
        """Return the `batch_loss`: Keras calls this one, with more than a loss here reads."""
        return self.batch_loss(x, y, y_pred)

    def batch_loss(self, x: Any, y: Any, y_pred: Any) -> Any:
        """Return the loss of what the network makes of `x`, `y_pred`; `y` is what else it needs."""
        raise NotImplementedError

    def update(self, batches: updates.Batches) -> float:
        """Take one step of gradient descent for each batch; return the mean loss before them.

        Parameters
        ----------
        batches
            k batches stacked: music (k, b, dim), video (k, b, dim), targets (k, b); after `keep`,
            rows (k, b), or music rows and video rows, and targets (k, b) instead. Half precision is
            cast on the device.
        """
        self.reset_metrics()
        self._updates(batches)
        return float(self.metrics[0].result())  # waits for the device

    @property
    def n_updates(self) -> int:
        """How many updates were taken, those before a checkpoint too."""
        return int(keras.ops.convert_to_numpy(self.optimizer.iterations))

    def state(self) -> dict[str, np.ndarray]:
        """Copy all that an update reads: weights, moving statistics, dropout seeds, Adam's own."""
        values = [keras.ops.convert_to_numpy(variable) for variable in self._state_variables()]
        return {f"{i:03}": np.array(value) for i, value in enumerate(values)}

    def restore(self, state: dict[str, np.ndarray]) -> None:
        """Put back what `state` returned.

        Raises
        ------
        ValueError
            If it came from another network.
        """
        values = [state[name] for name in sorted(state)]
        for variable, value in zip(self._state_variables(), values, strict=True):
            variable.assign(value)

    @cached_property
    def _updates(self) -> updates.Updates:
        return updates.compile_updates(self, self._resident)

    def _state_variables(self) -> list[Any]:
        return [*self.net.variables, *self.optimizer.variables]


class Learner(BaseLearner):
    """A VM-Net with its loss and its optimiser.

    Parameters
    ----------
    net
        What `build_vmnet` returns.
    config
        Gives the learning rate of Adam, and the loss.
    """

    def __init__(self, net: keras.Model, config: TrainingConfig) -> None:
        super().__init__(net, config.learning_rate)
        self.config = config

    def batch_loss(self, x: Any, y: Any, y_pred: Any) -> Any:
        """Return the loss of the embeddings `y_pred` of `x`; `y` holds their `targets`."""
        return LOSSES[self.config.loss](x, y_pred, y, self.config)

    def targets(self, rng: np.random.Generator, clips: np.ndarray) -> np.ndarray:
        """Return what `batch_loss` gets as `y` of a batch, (b,) int: the clips of its pairs.

        Parameters
        ----------
        rng
            That of the batches.
        clips : (b,) int
            The clip of each pair.
        """
        return clips

    def keep(self, music: np.ndarray, video: np.ndarray) -> None:
        """Put the training features on the device: from now on a batch is rows and clips."""
        self._resident = tuple(keras.ops.convert_to_tensor(part) for part in (music, video))

    def evaluate_pairs(self, batches: Iterable[Pairs]) -> float:
        """Return the mean loss over the triplets of `batches`, each of different clips.

        Dropout is off and batch normalisation uses its moving statistics.
        """
        losses, triplets = [], []
        rng = np.random.default_rng(0)  # the same targets at each evaluation
        for music, video, clips in batches:
            if len(clips) < 2:
                continue
            losses.append(self.test_on_batch((music, video), self.targets(rng, clips)))
            triplets.append(len(clips) * (len(clips) - 1))
        return float(np.average(losses, weights=triplets))

    def rank_pairs(self, batches: Iterable[Pairs]) -> float:
        """Return the mean rank of the right partner in `batches`, each of different clips.

        The mean of both directions, which is less of an accident than one. As many tracks are
        ranked as the batch has; at the segment level they are segments.
        """
        found: list[np.ndarray] = []
        for music, video, _ in batches:
            embedded = self.net([music, video], training=False)
            heard, seen = map(keras.ops.convert_to_numpy, embedded[:2])
            found += both_directions(self.distances(seen, heard)).values()
        return float(np.concatenate(found).mean())

    def distances(self, seen: np.ndarray, heard: np.ndarray) -> np.ndarray:
        """Return (n, n), smaller = better, of the embeddings of videos and of music."""
        return -seen @ heard.T


class PairLearner(Learner):
    """A VM-Net with a head that judges pairs, and their binary cross-entropy (`head`).

    The pairs of a batch match, and each video with the music of another clip does not: as many.
    """

    def targets(self, rng: np.random.Generator, clips: np.ndarray) -> np.ndarray:
        """Return which pair's music each video is to be told from; see `derange`."""
        return derange(rng, clips)

    def batch_loss(self, x: Any, y: Any, y_pred: Any) -> Any:
        """Return the cross-entropy of the pairs and of as many that do not match."""
        music, video, matching = y_pred
        others = self.net.get_layer(HEAD)([keras.ops.take(music, y, axis=0), video])
        return bce_loss(matching, others)

    def distances(self, seen: np.ndarray, heard: np.ndarray) -> np.ndarray:
        """Return minus the logits of all pairs."""
        return -pair_logits(self.net.get_layer(HEAD), seen, heard)


def make_learner(net: keras.Model, config: TrainingConfig) -> Learner:
    """Return the learner of the settings' loss."""
    return (PairLearner if config.loss == BCE else Learner)(net, config)
