"""The networks of music similarity (thesis, table 4.1 and tables C.1 to C.3), in Keras 3.

From log-CQT patches (n, 96, frames), of any scale, to embeddings (n, d) of unit norm; the tagging
baseline to tags (n, m) in [0, 1]. Maps are (frequency, time, channels), and so are kernels and
pools; convolutions are 3x3, padded, with bias and ReLU unless said. None has batch normalisation.

| network | parameters | where the thesis prints that number, and what it takes |
|---|---|---|
| `vgg(128)` | 25,334,912 | table 4.1 |
| `at_baseline(488)` | 26,072,552 | not printed |
| `autopool(128)` | 6,400,768 | not printed; one alpha for each of the 128 dimensions |
| `musical(100)` | 1,683,980 | table C.2; d = 100, while the text has 128 (1,698,344) |
| `resnet(128)` | 6,372,928 | table C.3; first convolutions and shortcuts of a block not padded |
| `inception(128)` | 22,012,832 | section C.2.1; neither batch normalisation nor biases |

All with 512 frames and a width of 1. `width` is the share of the filters that each convolution has
(one at least), d and m stay. With fewer frames the last pools of the VGG-like networks are cut to
what is left. Not in the thesis: how weights begin (here as He et al. 2015 say, where ReLU follows,
and as Glorot and Bengio 2010 say before the output), and how the input is scaled.

References
----------
Choi, Fazekas, Sandler: "Automatic tagging using deep convolutional neural networks", ISMIR 2016.
Pons, Lidy, Serra: "Experimenting with musically motivated convolutional neural networks", 2016.
Szegedy et al.: "Rethinking the Inception architecture for computer vision", CVPR 2016.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

if TYPE_CHECKING:
    import keras

BINS = 96  # of the log-CQT (thesis, 4.2.4)
FRAMES = 512  # of a patch: 11.9 s (thesis, 4.2.4)
DIM = 128  # thesis, 4.2.4

Statistics = tuple[float, float]  # mean and deviation of the log-CQT


class Block(NamedTuple):
    """A 3x3 convolution, dropout after its activation, and a maximum over (bands, frames)."""

    filters: int
    pool: tuple[int, int]
    dropout: float


VGG = (
    Block(128, (2, 4), 0.0),
    Block(256, (2, 4), 0.1),
    Block(512, (2, 4), 0.2),
    Block(1024, (3, 3), 0.25),
    Block(2048, (4, 2), 0.3),
)
AUTOPOOL = (
    Block(64, (2, 2), 0.0),
    Block(128, (2, 2), 0.1),
    Block(256, (2, 2), 0.2),
    Block(512, (2, 2), 0.25),
    Block(1024, (6, 1), 0.3),
)
MUSICAL_FIRST = (  # kernel and filters: tall ones for timbre, long ones for rhythm
    *(((64, 1), 15), ((64, 3), 12), ((64, 5), 5)),
    *(((32, 1), 15), ((32, 3), 12), ((32, 5), 5)),
    *(((1, 10), 15), ((3, 10), 12), ((5, 10), 5)),
    *(((1, 20), 15), ((3, 20), 12), ((5, 20), 5)),
)
TALL = 32  # rows, from which on a kernel is made by `TallConv`
MUSICAL_POOL = (2, 4)  # after those
MUSICAL = (
    Block(64, (2, 4), 0.1),
    Block(128, (2, 4), 0.2),
    Block(256, (3, 3), 0.25),
    Block(512, (4, 2), 0.3),
)
RESNET_FIRST = 64  # filters, with a stride of 2
RESNET = ((64, (2, 3)), (128, (2, 4)), (256, (2, 4)), (512, (2, 3)))  # filters and stride
RESNET_FRAMES = 259  # the fewest that leave one at the end


class Conv(NamedTuple):
    """A convolution of Inception; it is padded unless it has a stride, or `padded` is False."""

    filters: int
    kernel: tuple[int, int]
    stride: int = 1
    padded: bool = True


AVERAGE, MAXIMUM = "average", "maximum"  # of 3x3: padded, and with a stride of 2
# A step is a convolution, a pool, or branches whose channels are joined; a branch is some steps.
Step = Conv | str | list[tuple["Step", ...]]


def _mixed_early(pooled: int) -> Step:
    return [
        (Conv(64, (1, 1)),),
        (Conv(48, (1, 1)), Conv(64, (5, 5))),
        (Conv(64, (1, 1)), Conv(96, (3, 3)), Conv(96, (3, 3))),
        (AVERAGE, Conv(pooled, (1, 1))),
    ]


def _mixed_middle(n: int) -> Step:
    long, tall = (1, 7), (7, 1)
    return [
        (Conv(192, (1, 1)),),
        (Conv(n, (1, 1)), Conv(n, long), Conv(192, tall)),
        (Conv(n, (1, 1)), Conv(n, tall), Conv(n, long), Conv(n, tall), Conv(192, long)),
        (AVERAGE, Conv(192, (1, 1))),
    ]


def _mixed_late() -> Step:
    both: Step = [(Conv(384, (1, 3)),), (Conv(384, (3, 1)),)]
    return [
        (Conv(320, (1, 1)),),
        (Conv(384, (1, 1)), both),
        (Conv(448, (1, 1)), Conv(384, (3, 3)), both),
        (AVERAGE, Conv(192, (1, 1))),
    ]


_FEWER_FRAMES: tuple[Step, Step] = (
    [
        (Conv(384, (3, 3), 2),),
        (Conv(64, (1, 1)), Conv(96, (3, 3)), Conv(96, (3, 3), 2)),
        (MAXIMUM,),
    ],
    [
        (Conv(192, (1, 1)), Conv(320, (3, 3), 2)),
        (Conv(192, (1, 1)), Conv(192, (1, 7)), Conv(192, (7, 1)), Conv(192, (3, 3), 2)),
        (MAXIMUM,),
    ],
)
INCEPTION: tuple[Step, ...] = (  # as keras.applications.InceptionV3 has it
    *(Conv(32, (3, 3), 2), Conv(32, (3, 3), padded=False), Conv(64, (3, 3)), MAXIMUM),
    *(Conv(80, (1, 1)), Conv(192, (3, 3), padded=False), MAXIMUM),
    *(_mixed_early(32), _mixed_early(64), _mixed_early(64)),
    _FEWER_FRAMES[0],
    *(_mixed_middle(128), _mixed_middle(160), _mixed_middle(160), _mixed_middle(192)),
    _FEWER_FRAMES[1],
    *(_mixed_late(), _mixed_late()),
)
INCEPTION_FRAMES = 75  # the fewest that leave one at the end


def vgg(
    d: int = DIM,
    width: float = 1.0,
    frames: int = FRAMES,
    statistics: Statistics | None = None,
    seed: int = 0,
) -> "keras.Model":
    """Build the VGG-like network (table 4.1, column 2; C.1): "TL".

    Parameters
    ----------
    d
        Length of the embedding.
    width
        Share of the filters of the thesis' network, above 0.
    frames
        Of a patch.
    statistics
        Mean and deviation of the log-CQT of the training tracks, by which the input is
        standardised: constants, no parameters. None takes it as it is.
    seed
        Draws the initial weights and all dropout masks; no global random state is touched.

    Returns
    -------
    keras.Model
        From [patches (n, 96, frames)] to embeddings (n, d) float32 of unit norm.

    Raises
    ------
    ValueError
        If the width is not above 0, or the frames are too few.
    """
    make = _Maker(width, seed)
    patches, x = make.begin(frames, statistics)
    x = make.layers.Flatten()(make.blocks(x, VGG))
    return make.embedding(patches, make.dense(x, d), "vgg")


def at_baseline(
    m: int,
    width: float = 1.0,
    frames: int = FRAMES,
    statistics: Statistics | None = None,
    seed: int = 0,
) -> "keras.Model":
    """Build the tagging baseline (table 4.1, column 1): the trunk of `vgg`, and m sigmoid units.

    Parameters and errors are those of `vgg`, with m, the number of tags, for d.

    Returns
    -------
    keras.Model
        From [patches (n, 96, frames)] to tags (n, m) float32 in [0, 1].
    """
    make = _Maker(width, seed)
    patches, x = make.begin(frames, statistics)
    x = make.layers.Flatten()(make.blocks(x, VGG))
    return make.keras.Model([patches], make.dense(x, m, "sigmoid"), name="at_baseline")


def autopool(
    d: int = DIM,
    width: float = 1.0,
    frames: int = FRAMES,
    statistics: Statistics | None = None,
    seed: int = 0,
) -> "keras.Model":
    """Build the Auto-pool network (table 4.1, column 3): half the filters, and 32 steps of time.

    One step is embedded at a time, and Auto-pool (equation 4.1) makes one vector of them. Its
    dropout is not printed, and is that of `vgg`; so is the order of Auto-pool and L2
    normalisation: what has to have unit norm is the embedding, so that L2 comes last.

    Parameters, the model returned and errors are those of `vgg`.
    """
    make = _Maker(width, seed)
    from vmnet.models.pooling import AutoPool  # imports Keras

    patches, x = make.begin(frames, statistics)
    x = make.blocks(x, AUTOPOOL)
    x = make.layers.Reshape((x.shape[2], x.shape[3]))(x)
    x = AutoPool(name="autopool")(make.dense(x, d))
    return make.embedding(patches, x, "autopool")


def musical(
    d: int = DIM,
    width: float = 1.0,
    frames: int = FRAMES,
    statistics: Statistics | None = None,
    seed: int = 0,
) -> "keras.Model":
    """Build the network with musically motivated filters (table C.2; "MusiCNN" in table C.4).

    Parameters, the model returned and errors are those of `vgg`.
    """
    make = _Maker(width, seed)
    patches, x = make.begin(frames, statistics)
    # A maximum and what rises with its input may change places, and the smaller map is cheaper.
    maps = [
        make.tall_conv(x, n, kernel)
        if kernel[0] >= TALL
        else make.conv(x, n, kernel, activation=None)
        for kernel, n in MUSICAL_FIRST
    ]
    x = make.activation("elu", make.maximum(make.layers.Concatenate()(maps), MUSICAL_POOL))
    x = make.layers.Flatten()(make.blocks(x, MUSICAL, first="relu"))
    return make.embedding(patches, make.dense(x, d), "musical")


def resnet(
    d: int = DIM,
    width: float = 1.0,
    frames: int = FRAMES,
    statistics: Statistics | None = None,
    seed: int = 0,
) -> "keras.Model":
    """Build the residual network (table C.3), from 259 frames on.

    Its number of parameters leaves open where the last ReLU of a block is: here after the sum.

    Parameters, the model returned and errors are those of `vgg`.
    """
    make = _Maker(width, seed)
    patches, x = make.begin(frames, statistics, at_least=RESNET_FRAMES)
    x = make.conv(x, RESNET_FIRST, strides=2, padding="valid")
    for filters, strides in RESNET:
        strided: dict[str, Any] = {"strides": strides, "padding": "valid"}
        shortcut = make.conv(x, filters, activation=None, **strided)
        x = make.conv(make.conv(x, filters, **strided), filters, activation=None)
        x = make.activation("relu", make.layers.Add()([x, shortcut]))
    x = make.layers.GlobalAveragePooling2D()(x)
    return make.embedding(patches, make.dense(x, d), "resnet")


def inception(
    d: int = DIM,
    width: float = 1.0,
    frames: int = FRAMES,
    statistics: Statistics | None = None,
    seed: int = 0,
) -> "keras.Model":
    """Build Inception V3 on one channel (section C.2.1), from 75 frames on.

    Parameters, the model returned and errors are those of `vgg`.
    """
    make = _Maker(width, seed)
    patches, x = make.begin(frames, statistics, at_least=INCEPTION_FRAMES)
    x = make.layers.GlobalAveragePooling2D()(make.steps(x, INCEPTION))
    return make.embedding(patches, make.dense(x, d), "inception")


NETWORKS: dict[str, Callable[..., "keras.Model"]] = {
    "vgg": vgg,
    "autopool": autopool,
    "musical": musical,
    "resnet": resnet,
    "inception": inception,
}
"""By the names of the settings; each (d, width, frames, statistics, seed), as `vgg`."""


class _Maker:
    """Makes the layers of one network, of its width and with seeds of their own."""

    def __init__(self, width: float, seed: int) -> None:
        if not 0 < width < np.inf:
            raise ValueError(f"width={width} makes no sense: give a share above 0")
        from vmnet.models.backend import keras

        self.keras = keras
        self.layers = self.keras.layers
        self.width = width
        self.rng = np.random.default_rng(seed)
        self.n_convs = 0

    def seed(self) -> int:
        return int(self.rng.integers(2**31))  # 31 bits suit every backend

    def begin(
        self, frames: int, statistics: Statistics | None, at_least: int = 1
    ) -> tuple[Any, Any]:
        """Return the input, and the map of one channel that it is, standardised."""
        if frames < at_least:
            raise ValueError(f"a patch of {frames} frames is too short: give {at_least} or more")
        patches = self.keras.Input((BINS, frames), name="patches")
        x = self.layers.Reshape((BINS, frames, 1))(patches)
        if statistics is not None:
            mean, deviation = statistics
            scaling = {"mean": float(mean), "variance": float(deviation) ** 2}
            x = self.layers.Normalization(axis=None, name="standardize", **scaling)(x)
        return patches, x

    def conv(
        self,
        x: Any,
        filters: int,
        kernel: tuple[int, int] = (3, 3),
        strides: int | tuple[int, int] = 1,
        padding: str = "same",
        activation: str | None = "relu",
        bias: bool = True,
    ) -> Any:
        return self.layers.Conv2D(
            self.narrowed(filters),
            kernel,
            strides,
            padding,
            activation=activation,
            use_bias=bias,
            **self.beginning(),
        )(x)

    def tall_conv(self, x: Any, filters: int, kernel: tuple[int, int]) -> Any:
        from vmnet.similarity.tall import TallConv  # imports Keras

        return TallConv(self.narrowed(filters), kernel, **self.beginning())(x)

    def narrowed(self, filters: int) -> int:
        return max(1, round(self.width * filters))

    def beginning(self) -> dict[str, Any]:
        """Return how a convolution begins, and its name: weights are kept by their layer's."""
        self.n_convs += 1
        initializer = self.keras.initializers.HeNormal(self.seed())
        return {"kernel_initializer": initializer, "name": f"conv_{self.n_convs}"}

    def dense(self, x: Any, n: int, activation: str | None = None) -> Any:
        initializer = self.keras.initializers.GlorotUniform(self.seed())
        return self.layers.Dense(n, activation, kernel_initializer=initializer, name="dense")(x)

    def activation(self, name: str, x: Any) -> Any:
        return self.layers.Activation(name)(x)

    def maximum(self, x: Any, pool: tuple[int, int]) -> Any:
        """Take the maxima over `pool`, which is cut to what there is; what is left over is lost."""
        return self.layers.MaxPooling2D(tuple(map(min, pool, x.shape[1:3])))(x)

    def blocks(self, x: Any, blocks: tuple[Block, ...], first: str = "elu") -> Any:
        """Apply blocks, the first of which has an activation of its own."""
        from vmnet.models.dropout import dropout

        for number, (filters, pool, rate) in enumerate(blocks, 1):
            name = first if number == 1 else "relu"
            x = self.conv(x, filters, activation=None)
            if rate == 0:  # the two may change places, and the smaller map is cheaper
                x = self.activation(name, self.maximum(x, pool))
                continue
            x = dropout(rate, self.seed(), f"dropout_{number}")(self.activation(name, x))
            x = self.maximum(x, pool)
        return x

    def steps(self, x: Any, steps: tuple[Step, ...]) -> Any:
        """Apply steps of Inception."""
        for step in steps:
            if isinstance(step, list):
                x = self.layers.Concatenate()([self.steps(x, branch) for branch in step])
            elif isinstance(step, Conv):
                padding = "same" if step.padded and step.stride == 1 else "valid"
                x = self.conv(x, step.filters, step.kernel, step.stride, padding, bias=False)
            elif step == AVERAGE:
                x = self.layers.AveragePooling2D(3, 1, "same")(x)
            else:
                x = self.layers.MaxPooling2D(3, 2)(x)
        return x

    def embedding(self, patches: Any, x: Any, name: str) -> "keras.Model":
        unit = self.layers.UnitNormalization(name="embedding")(x)
        return self.keras.Model([patches], unit, name=name)
