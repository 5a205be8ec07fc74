"""The VM-Net: two branches that embed music and video in one space (paper, section III-B)."""

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import keras

MUSIC_UNITS = (2048, 1024, 512)
VIDEO_UNITS = (2048, 512)

Statistics = tuple[np.ndarray, np.ndarray]  # mean and variance, (dim,) float32 each


@dataclass(frozen=True, eq=False)
class LinearStart:
    """What a branch of d features knows before its first update.

    Attributes
    ----------
    mean : (d,) float32
        What is taken off the features.
    directions : (d, dim) float32
        The linear method: from features to an embedding, whose norm is about 1 in training.
    components : (d, k) float32
        From features to their first principal components, of a variance of 1 but for the ridge.
    """

    mean: np.ndarray
    directions: np.ndarray
    components: np.ndarray


def build_vmnet(
    music_dim: int,
    video_dim: int,
    seed: int = 0,
    dropout: float = 0.5,
    music_statistics: Statistics | None = None,
    video_statistics: Statistics | None = None,
    momentum: float = 0.99,
) -> "keras.Model":
    """Build the untrained network of the paper, section III-B.

    Each branch is fully connected, with ReLU and then dropout after every layer but the last, and
    linear units, batch normalisation and L2 normalisation after the last. The section leaves open
    where dropout acts and how weights begin; both follow the original VM-Net of Hong et al.:
    truncated normal weights of standard deviation sqrt(2 / fan_in) before truncation, zero biases,
    batch normalisation with epsilon 1e-3.

    Parameters
    ----------
    music_dim, video_dim
        Length of the feature vectors. With 128 and 1,024, the paper's, the network has
        6,037,504 trainable parameters, the paper's number.
    seed
        Draws the initial weights and all dropout masks; no global random state is touched.
    dropout
        Share of the units dropped in training, in [0, 1).
    music_statistics, video_statistics
        Mean and variance, (dim,) each, by which the input is standardised; None takes it as it is.
        Constants, no parameters: the count above stays. See `feature_statistics`.
    momentum
        Of the moving statistics of batch normalisation, in [0, 1); the original VM-Net's is 0.99.

    Returns
    -------
    keras.Model
        From [music (n, music_dim), video (n, video_dim)] float32 to [music embedding, video
        embedding], (n, 512) float32 of unit norm.
    """
    from vmnet.models.backend import keras

    music_seed, video_seed = np.random.SeedSequence(seed).spawn(2)
    music, video = keras.Input((music_dim,), name="music"), keras.Input((video_dim,), name="video")
    embeddings = [
        _branch(music, "music", MUSIC_UNITS, dropout, music_seed, music_statistics, momentum),
        _branch(video, "video", VIDEO_UNITS, dropout, video_seed, video_statistics, momentum),
    ]
    return keras.Model([music, video], embeddings, name="vmnet")


def build_shortcut_vmnet(
    music: LinearStart,
    video: LinearStart,
    seed: int = 0,
    hidden: int = 512,
    dropout: float = 0.5,
    input_dropout: float = 0.0,
) -> "keras.Model":
    """Build a network whose branches begin as a linear method; see `start`. It is not the paper's.

    A branch adds up, before L2 normalisation, a linear map that stays as it is and what a hidden
    layer of ReLU units makes of the principal components. That is nothing before the first update.

    Parameters
    ----------
    music, video
        Where the branches begin.
    hidden
        Units of the hidden layer of each branch.
    seed, dropout
        As in `build_vmnet`.
    input_dropout
        Share of the principal components dropped in training, in [0, 1).

    Returns
    -------
    keras.Model
        As that of `build_vmnet`, with embeddings of the length that the linear maps have.
    """
    from vmnet.models.backend import keras

    inputs, outputs = [], []
    seeds = np.random.SeedSequence(seed).spawn(2)
    for name, start, own in zip(("music", "video"), (music, video), seeds, strict=True):
        x = keras.Input((len(start.mean),), name=name)
        inputs.append(x)
        outputs.append(_shortcut_branch(x, name, start, own, hidden, (input_dropout, dropout)))
    return keras.Model(inputs, outputs, name="shortcut_vmnet")


def mean(data: np.ndarray) -> np.ndarray:
    """Return the mean of each column of `data`, (n, dim), as (dim,) float64."""
    return data.mean(axis=0, dtype=np.float64)


def feature_statistics(data: np.ndarray) -> Statistics:
    """Return the mean and the variance of each column of `data`, (n, dim), for `build_vmnet`.

    No variance is returned below a ten-thousandth of their mean, so that a feature that hardly
    varies in training cannot explode at test; where nothing varies, it is 1.
    """
    centre = mean(data)
    blocks = np.array_split(data, max(1, len(data) // 4096))  # bounds the float64 copy
    variance = sum(np.square(block - centre).sum(axis=0) for block in blocks) / len(data)
    floor = 1e-4 * variance.mean()
    variance = np.maximum(variance, floor) if floor > 0 else np.ones_like(centre)
    return centre.astype(np.float32), variance.astype(np.float32)


def forward_flops(music_dim: int, video_dim: int) -> int:
    """Count the floating point operations that embed one pair.

    A product of an m-vector with a weight matrix of n columns counts 2mn, a bias or a ReLU 1 a
    unit, batch normalisation 2 a unit, L2 normalisation 3 a unit. For 128 and 1,024 this gives
    12,075,008; the paper, which does not say how it counts, gives 12,084,249.

    >>> forward_flops(128, 1024)
    12075008
    """
    branches = ((music_dim, *MUSIC_UNITS), (video_dim, *VIDEO_UNITS))
    layers = [layer for sizes in branches for layer in pairwise(sizes)]
    products_and_biases = sum(2 * m * n + n for m, n in layers)
    activations = sum(sum(sizes[1:-1]) for sizes in branches)
    return products_and_biases + activations + sum(5 * sizes[-1] for sizes in branches)


def _branch(
    x: Any,
    name: str,
    units: tuple[int, ...],
    dropout: float,
    seed: np.random.SeedSequence,
    statistics: Statistics | None,
    momentum: float,
) -> Any:
    from keras import initializers, layers

    from vmnet.models.dropout import dropout as dropout_layer

    seeds = iter((seed.generate_state(2 * len(units)) >> 1).tolist())  # 31 bits suit every backend
    if statistics is not None:
        mean, variance = statistics
        x = layers.Normalization(mean=mean, variance=variance, name=f"{name}_standardize")(x)
    for i, n in enumerate(units, start=1):
        normal = initializers.TruncatedNormal(stddev=(2 / x.shape[-1]) ** 0.5, seed=next(seeds))
        x = layers.Dense(n, kernel_initializer=normal, name=f"{name}_dense_{i}")(x)
        if i < len(units):
            x = layers.ReLU(name=f"{name}_relu_{i}")(x)
            x = dropout_layer(dropout, next(seeds), f"{name}_dropout_{i}")(x)
    x = layers.BatchNormalization(momentum=momentum, epsilon=1e-3, name=f"{name}_batch_norm")(x)
    return layers.UnitNormalization(name=f"{name}_embedding")(x)


def _shortcut_branch(
    x: Any,
    name: str,
    start: LinearStart,
    seed: np.random.SeedSequence,
    hidden: int,
    dropouts: tuple[float, float],
) -> Any:
    from keras import initializers, layers

    from vmnet.models.dropout import dropout as dropout_layer

    seeds = (seed.generate_state(3) >> 1).tolist()
    n_components, dim = start.components.shape[1], start.directions.shape[1]
    shortcut = _fixed(start.mean, start.directions, f"{name}_shortcut")(x)
    x = _fixed(start.mean, start.components, f"{name}_components")(x)
    x = dropout_layer(dropouts[0], seeds[0], f"{name}_input_dropout")(x)
    normal = initializers.TruncatedNormal(stddev=(2 / n_components) ** 0.5, seed=seeds[1])
    x = layers.Dense(hidden, kernel_initializer=normal, name=f"{name}_hidden")(x)
    x = layers.ReLU(name=f"{name}_relu")(x)
    x = dropout_layer(dropouts[1], seeds[2], f"{name}_dropout")(x)
    x = layers.Dense(dim, kernel_initializer="zeros", name=f"{name}_beside")(x)
    x = layers.Add(name=f"{name}_sum")([shortcut, x])
    return layers.UnitNormalization(name=f"{name}_embedding")(x)


def _fixed(mean: np.ndarray, matrix: np.ndarray, name: str) -> Any:
    """Return the layer x -> (x - mean) matrix, which no update changes."""
    from keras import layers

    def constant(value: np.ndarray) -> Any:
        return lambda shape, dtype=None: np.reshape(value, shape).astype(dtype or "float32")

    kernel, bias = constant(matrix), constant(-mean @ matrix)
    n = matrix.shape[1]
    return layers.Dense(
        n, kernel_initializer=kernel, bias_initializer=bias, trainable=False, name=name
    )
