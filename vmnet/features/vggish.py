"""The paper's music features: VGGish, whitened, 128 values a second.

Hershey et al., "CNN architectures for large-scale audio classification", ICASSP 2017; Gemmeke et
al., "Audio Set", ICASSP 2017; thesis 5.2.2 ("AudioSet"). The network is rebuilt here in Keras 3
from the authors' TensorFlow 1 checkpoint (github.com/tensorflow/models,
`research/audioset/vggish/`), whose names the layers bear: `conv3-conv3_1` is `vggish/conv3/conv3_1`
of the checkpoint. It hears 0.96 s of sound; as in Google's YouTube-8M extractor (MediaPipe's
`graphs/youtube8m/`) a window begins every second. The values before the last activation are
whitened and quantised to 8 bits, as the published features are. The paper made its own with that
extractor (IV-A), which does not quantise: `extractor(quantized=False)`.
"""

import functools
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from vmnet import media, pretrained
from vmnet.errors import WeightsError
from vmnet.features.extractor import Extractor
from vmnet.features.pca import Pca, dequantize, quantize, vggish_pca
from vmnet.quiet import quiet

if TYPE_CHECKING:
    import keras

VERSION = 1  # of this file: change it when the features become others
DIM = 128
CHECKPOINT = "vggish_model.ckpt"
SAMPLE_RATE = 16_000
WINDOW = 400  # samples: 25 ms
HOP_LENGTH = 160  # 10 ms
N_FFT = 512
N_MELS = 64
LOWEST_HZ, HIGHEST_HZ = 125.0, 7500.0
OFFSET = 0.01  # added before the logarithm
SILENCE = float(np.log(OFFSET))  # what silence becomes
FRAME_RATE = SAMPLE_RATE // HOP_LENGTH  # 100 frames a second
PATCH = 96  # frames that the network sees at once: 0.96 s
BLOCK_SECONDS = 60.0  # sound decoded at a time
BATCH = 32

# Layers of the network, by the checkpoint's names, with their channels; None is a max pooling.
LAYERS: tuple[tuple[str, int | None], ...] = (
    ("conv1", 64),
    ("pool1", None),
    ("conv2", 128),
    ("pool2", None),
    ("conv3-conv3_1", 256),
    ("conv3-conv3_2", 256),
    ("pool3", None),
    ("conv4-conv4_1", 512),
    ("conv4-conv4_2", 512),
    ("pool4", None),
)
DENSE = (("fc1-fc1_1", 4096), ("fc1-fc1_2", 4096), ("fc2", DIM))
_IN_CHECKPOINT = {"kernel": "weights", "bias": "biases"}


def extract(path: Path, quantized: bool = True, batch: int = BATCH) -> np.ndarray:
    """Return the whitened VGGish features of each second of a clip's music.

    Frame t comes from the sound from t to t + 0.975 s. Where the sound ends before the pictures, or
    within the last second, silence follows.

    Parameters
    ----------
    path
        A media file with sound.
    quantized
        Whether the values take the 8-bit steps of the published features, and so lie in [-2, 2.01].
    batch
        Patches given to the network at once; it does not change the result.

    Returns
    -------
    `(n_seconds, 128) float32`.

    Raises
    ------
    MediaError
        If the file has no sound or cannot be read.
    WeightsError
        If the weights are missing or not the published ones.
    """
    duration = media.require(path, video=False).duration
    model, pca = _networks()
    patches = one_per_second(log_mel(path), media.n_seconds(duration))
    parts = [
        np.asarray(model.predict_on_batch(patches[first : first + batch]))
        for first in range(0, len(patches), batch)
    ]
    features = pca(np.concatenate(parts))
    return dequantize(quantize(features, rounded=False)) if quantized else features


def extractor(quantized: bool = True) -> Extractor:
    """Return the extractor `vggish`, with quantisation or without."""
    return Extractor(
        name="vggish",
        modality="music",
        dim=DIM,
        extract=functools.partial(extract, quantized=quantized),
        parameters={"weights": "audioset", "quantized": quantized, "version": VERSION},
    )


VGGISH = extractor()


def log_mel(path: Path) -> np.ndarray:
    """Return the log-mel spectrogram of a clip, as VGGish expects it.

    16 kHz mono, Hann windows of 400 samples every 160, the first at 0; magnitudes, 64 mel bands
    from 125 to 7,500 Hz whose triangles are straight on the mel scale (not on the frequency scale,
    as librosa's are), then ln(x + 0.01). The sound is read in blocks, so that it is never in memory
    whole.

    Returns
    -------
    `(n_frames, 64) float32`, 100 frames a second.
    """
    blocks = media.audio_blocks(path, SAMPLE_RATE, BLOCK_SECONDS)
    rest = np.zeros(0, np.float32)
    frames = [np.zeros((0, N_MELS), np.float32)]
    for block in _padded(blocks):
        rest = np.concatenate([rest, block])
        count = (len(rest) - WINDOW) // HOP_LENGTH + 1
        if count > 0:
            frames.append(_log_mel(rest))
            rest = rest[count * HOP_LENGTH :]
    return np.concatenate(frames)


def one_per_second(spectrogram: np.ndarray, n_seconds: int) -> np.ndarray:
    """Return the 96 frames from the start of each second, `(n_seconds, 96, 64) float32`.

    Silence follows where the spectrogram ends early.

    Parameters
    ----------
    spectrogram
        `(n_frames, 64)`, of `log_mel`.
    """
    missing = max(0, (n_seconds - 1) * FRAME_RATE + PATCH - len(spectrogram))
    padded = np.pad(spectrogram, ((0, missing), (0, 0)), constant_values=SILENCE)
    starts = np.arange(n_seconds) * FRAME_RATE
    return padded[starts[:, None] + np.arange(PATCH)]


def build() -> "keras.Model":
    """Return the network without its weights: `(n, 96, 64)` log-mel patches to `(n, 128)`.

    72,141,184 parameters; the last layer has no activation.
    """
    import keras
    from keras import layers, ops

    patches = keras.Input((PATCH, N_MELS), name="log_mel")
    x: Any = ops.expand_dims(patches, -1)
    for name, channels in LAYERS:
        if channels is None:
            x = layers.MaxPooling2D(2, padding="same", name=name)(x)
        else:
            x = layers.Conv2D(channels, 3, padding="same", activation="relu", name=name)(x)
    x = layers.Flatten()(x)
    for name, units in DENSE:
        x = layers.Dense(units, activation=None if name == "fc2" else "relu", name=name)(x)
    return keras.Model(patches, x)


def load(path: Path) -> "keras.Model":
    """Return the network with the weights of the authors' checkpoint.

    Raises
    ------
    WeightsError
        If the file is missing, damaged, or lacks a tensor of the right shape.
    """
    reader = check(path)
    model = build()
    for layer in model.layers:
        for variable in layer.weights:
            variable.assign(reader.get_tensor(_name(layer.name, variable.name)))
    return model


def check(path: Path) -> Any:
    """Return a reader of the checkpoint once it is known to hold all tensors in their shapes.

    Raises
    ------
    WeightsError
        If the file is missing, damaged, or lacks a tensor of the right shape.
    """
    with quiet():
        import tensorflow as tf

        try:
            reader = tf.train.load_checkpoint(str(path))
            shapes = reader.get_variable_to_shape_map()
        except (tf.errors.OpError, ValueError, RuntimeError) as error:
            raise WeightsError(_sentence(path, "TensorFlow cannot read it")) from error
    for name, shape in tensors().items():
        if tuple(shapes.get(name, ())) != shape:
            raise WeightsError(_sentence(path, f"it has no {name} of the shape {shape}"))
    return reader


def tensors() -> dict[str, tuple[int, ...]]:
    """Return the shapes of the checkpoint's tensors that the network needs, by their names."""
    shapes: dict[str, tuple[int, ...]] = {}
    width, height, depth = PATCH, N_MELS, 1
    for name, channels in LAYERS:
        if channels is None:
            width, height = width // 2, height // 2
        else:
            shapes[_name(name, "kernel")] = (3, 3, depth, channels)
            shapes[_name(name, "bias")] = (channels,)
            depth = channels
    inputs = width * height * depth
    for name, units in DENSE:
        shapes[_name(name, "kernel")] = (inputs, units)
        shapes[_name(name, "bias")] = (units,)
        inputs = units
    return shapes


@functools.cache
def _networks() -> "tuple[keras.Model, Pca]":
    pca = vggish_pca(pretrained.folder("vggish-pca") / "vggish_pca_params.npz", DIM)
    return load(pretrained.folder("vggish") / CHECKPOINT), pca


def _log_mel(samples: np.ndarray) -> np.ndarray:
    frames = np.lib.stride_tricks.sliding_window_view(samples, WINDOW)[::HOP_LENGTH]
    window, bands = _filters()
    magnitudes = np.abs(np.fft.rfft(frames * window, N_FFT))
    return np.log(magnitudes @ bands + OFFSET).astype(np.float32)


@functools.cache
def _filters() -> tuple[np.ndarray, np.ndarray]:
    """Return the window, `(400,)`, and what the mel bands take of each frequency, `(257, 64)`."""
    with quiet():
        import tensorflow as tf
        from scipy.signal import get_window

        bands = tf.signal.linear_to_mel_weight_matrix(
            N_MELS, N_FFT // 2 + 1, SAMPLE_RATE, LOWEST_HZ, HIGHEST_HZ, tf.float64
        )
        return get_window("hann", WINDOW), np.asarray(bands)


def _padded(blocks: Iterator[np.ndarray]) -> Iterator[np.ndarray]:
    yield from blocks
    yield np.zeros(WINDOW - HOP_LENGTH, np.float32)  # so that the last samples are in a frame


def _name(layer: str, variable: str) -> str:
    return f"vggish/{layer.replace('-', '/')}/{_IN_CHECKPOINT[variable]}"


def _sentence(path: Path, reason: str) -> str:
    return (
        f"{path} is missing or not the published VGGish checkpoint ({reason}); delete it and run "
        "`vmnet weights fetch vggish`"
    )
