"""One update of the VM-Net, on every Keras backend, and the state that it reads and writes."""

from collections.abc import Iterable
from typing import Any

import keras
import numpy as np

from vmnet.models.losses import inter_modal_loss

Pairs = tuple[np.ndarray, np.ndarray, np.ndarray]  # music (b, dim), video (b, dim), clips (b,)


class Trainer(keras.Model):
    """A VM-Net with its loss and its optimiser.

    Keras compiles the update for its backend (a TensorFlow graph, torch autograd, jax.jit).

    Parameters
    ----------
    net
        What `build_vmnet` returns.
    learning_rate
        Of Adam, whose other settings are Keras' defaults.
    margin, direction_weights
        See `inter_modal_loss`.
    """

    def __init__(
        self,
        net: keras.Model,
        learning_rate: float,
        margin: float,
        direction_weights: tuple[float, float],
    ) -> None:
        super().__init__(name="trainer")
        self.net = net
        self.margin = margin
        self.direction_weights = direction_weights
        self.compile(optimizer=keras.optimizers.Adam(learning_rate))
        self.optimizer.build(net.trainable_variables)

    def call(self, inputs: Any, training: bool = False) -> Any:
        """Embed (music, video)."""
        return self.net(list(inputs), training=training)

    def compute_loss(
        self,
        x: Any = None,
        y: Any = None,
        y_pred: Any = None,
        sample_weight: Any = None,
        training: bool = True,
    ) -> Any:
        """Return the loss of the embeddings `y_pred`; `y` holds the clips of the pairs."""
        music, video = y_pred
        return inter_modal_loss(music, video, y, self.margin, self.direction_weights)

    def update(self, pairs: Pairs) -> float:
        """Take one step of gradient descent; return the batch's loss before it."""
        music, video, clips = pairs
        return float(self.train_on_batch((music, video), clips))

    def evaluate_pairs(self, batches: Iterable[Pairs]) -> float:
        """Return the mean loss over the triplets of `batches`, each of different clips.

        Dropout is off and batch normalisation uses its moving statistics.
        """
        losses, triplets = [], []
        for music, video, clips in batches:
            losses.append(self.test_on_batch((music, video), clips))
            triplets.append(len(clips) * (len(clips) - 1))
        return float(np.average(losses, weights=triplets))

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

    def _state_variables(self) -> list[Any]:
        return [*self.net.variables, *self.optimizer.variables]
