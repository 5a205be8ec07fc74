"""Layers that learn how to make one vector of a clip's frames (thesis, 4.2.4 and 5.2.3).

| layer | weight of frame t | parameters |
|---|---|---|
| `AutoPool` | of feature j, softmax_t(alpha_j x_tj) | one for each feature, or one for all |
| `Attention` | of all features, softmax_t(tanh(w . x_t + b)) | one for each feature, and 1 |

Both begin as the mean over the frames, and both are functions of a set: the order of the frames
changes nothing. They are the same on every Keras backend.

References
----------
McFee, Salamon, Bello: "Adaptive Pooling Operators for Weakly Labeled Sound Event Detection",
IEEE/ACM TASLP 26(11), 2018.
Raffel, Ellis: "Feed-Forward Networks with Attention Can Solve Some Long-Term Memory Problems",
arXiv:1512.08756, 2015.
"""

from collections.abc import Callable
from typing import Any

from vmnet.models.backend import keras, ops

_FAR_BELOW = -3e38  # a float32 whose exponential is 0, whatever is above it


class AutoPool(keras.layers.Layer):
    """Between minimum, mean and maximum, as learned (thesis, equation 4.1).

        y_j = sum_t x_tj exp(alpha_j x_tj) / sum_t exp(alpha_j x_tj)

    With alpha = 0 it is the mean, with 1 the mean weighted by a softmax; it goes to the maximum for
    large alpha and to the minimum for -alpha. (The thesis says that it comes close to the mean for
    alpha <= 0; it does at 0 alone.)

    From (batch, frames, dim) to (batch, dim). A mask, (batch, frames), leaves frames out; a clip
    without any frame gives 0.

    Parameters
    ----------
    per_dimension
        Whether each feature has an alpha of its own, or all have one.
    alpha
        Where it begins: 0, as McFee's layer does. The thesis does not say.
    """

    def __init__(self, per_dimension: bool = True, alpha: float = 0.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.per_dimension = per_dimension
        self.start = float(alpha)
        self.supports_masking = True

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Make alpha, (dim,) or (1,)."""
        n = input_shape[-1] if self.per_dimension else 1
        begin = keras.initializers.Constant(self.start)
        self.alpha = self.add_weight(shape=(n,), initializer=begin, name="alpha")

    def call(self, inputs: Any, mask: Any = None) -> Any:
        """Pool the frames."""
        return _weighted_mean(inputs, self.logits, mask)

    def logits(self, inputs: Any) -> Any:
        """Return alpha_j x_tj, (batch, frames, dim), whose softmax over t are the weights."""
        return self.alpha * inputs

    def compute_mask(self, inputs: Any, mask: Any = None) -> None:
        """No frames are left that a mask could be of."""

    def get_config(self) -> dict[str, Any]:
        """Return what the layer is made from."""
        own = {"per_dimension": self.per_dimension, "alpha": self.start}
        return super().get_config() | own


class Attention(keras.layers.Layer):
    """Feed-forward attention (Raffel and Ellis; thesis, 5.2.3).

        a_t = softmax_t(tanh(w . x_t + b)),    y = sum_t a_t x_t

    As tanh stays within -1 and 1, no frame weighs over e^2 = 7.4 times as much as another: it leans
    to frames, it cannot leave one out. w and b begin at 0 (ours), so that it begins as the mean.

    From (batch, frames, dim) to (batch, dim). A mask, (batch, frames), leaves frames out; a clip
    without any frame gives 0.
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.supports_masking = True

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Make w, (dim,), and b."""
        self.w = self.add_weight(shape=(input_shape[-1],), initializer="zeros", name="w")
        self.b = self.add_weight(shape=(), initializer="zeros", name="b")

    def call(self, inputs: Any, mask: Any = None) -> Any:
        """Pool the frames."""
        return _weighted_mean(inputs, self.logits, mask)

    def logits(self, inputs: Any) -> Any:
        """Return tanh(w . x_t + b), (batch, frames, 1), whose softmax over t are the weights."""
        return ops.tanh(ops.sum(inputs * self.w, axis=-1, keepdims=True) + self.b)

    def compute_mask(self, inputs: Any, mask: Any = None) -> None:
        """No frames are left that a mask could be of."""


def _weighted_mean(x: Any, logits: Callable[[Any], Any], mask: Any) -> Any:
    """Return sum_t softmax_t(logits(x))_t x_t over the frames that `mask` keeps."""
    if mask is None:
        return ops.sum(_softmax(logits(x)) * x, axis=1)
    kept = ops.cast(mask, "bool")[:, :, None]
    x = ops.where(kept, x, ops.zeros_like(x))  # padding may be anything, no number included
    scores = logits(x)
    weights = _softmax(ops.where(kept, scores, ops.full_like(scores, _FAR_BELOW)))
    return ops.sum(weights * x, axis=1)


def _softmax(scores: Any) -> Any:
    """Return the softmax over the frames; Keras' own warns of clips of one frame."""
    top = ops.stop_gradient(ops.max(scores, axis=1, keepdims=True))  # so that any alpha is safe
    weights = ops.exp(scores - top)
    return weights / ops.sum(weights, axis=1, keepdims=True)


def frame_weights(layer: AutoPool | Attention, inputs: Any) -> Any:
    """Return how much each frame weighs, (batch, frames), the mean over the features; sum 1."""
    return ops.mean(_softmax(layer.logits(inputs)), axis=-1)


# By the name that a `PooledConfig` has it by.
POOLING: dict[str, Callable[..., keras.layers.Layer]] = {
    "autopool": AutoPool,
    "attention": Attention,
}
