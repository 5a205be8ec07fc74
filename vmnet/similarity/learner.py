"""Updates of the networks of music similarity, and the losses that they minimise."""

from collections.abc import Callable
from typing import Any

from vmnet.models.backend import keras, ops
from vmnet.models.learner import BaseLearner

Loss = Callable[[Any, Any], Any]  # of what a batch has beside its patches, and what is made of them


def triplet_loss(margins: Any, embeddings: Any) -> Any:
    """Return the mean over the triplets of a batch (thesis, equation 2.6).

        L(a, p, n) = max(|f(a) - f(p)|^2 - |f(a) - f(n)|^2 + margin, 0)

    Parameters
    ----------
    margins : (n_groups, n_negatives) float32
        Of each triplet. A row is a group: an anchor and its positive, with each of its negatives.
    embeddings : (n_groups x (2 + n_negatives), dim) float32, unit norm
        Of a patch of each anchor, its positive and its negatives, group after group.
    """
    groups = ops.reshape(embeddings, (-1, 2 + margins.shape[1], embeddings.shape[-1]))
    anchors, positives, negatives = groups[:, :1], groups[:, 1:2], groups[:, 2:]
    near = ops.sum(ops.square(anchors - positives), axis=-1)
    far = ops.sum(ops.square(anchors - negatives), axis=-1)
    return ops.mean(ops.relu(near - far + margins))


def tag_loss(tags: Any, estimated: Any) -> Any:
    """Return the binary cross-entropy, summed over tags (thesis, 4.2.4); the mean over patches.

    Parameters
    ----------
    tags, estimated : (n_patches, n_tags) float32, in [0, 1]
    """
    return ops.mean(ops.sum(ops.binary_crossentropy(tags, estimated), axis=-1))


class PatchLearner(BaseLearner):
    """A network of patches with its loss and its optimiser."""

    def __init__(self, network: keras.Model, loss: Loss, learning_rate: float) -> None:
        super().__init__(network, learning_rate)
        self.loss_of = loss

    def batch_loss(self, x: Any, y: Any, y_pred: Any) -> Any:
        """Return the loss of what the network makes of patches, `y_pred`."""
        return self.loss_of(y, y_pred)
