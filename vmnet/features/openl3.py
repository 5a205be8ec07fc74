"""OpenL3's music features: 6,144 values a second, of a network that learned which music fits.

Cramer, Wu, Salamon, Bello, "Look, listen, and learn more: design choices for deep audio
embeddings", ICASSP 2019; thesis 5.2.2. Of the published models the one for music, 256 mel bands and
6,144 values; the thesis names neither the bands nor the version, and this is what the library
takes where nothing is asked for.

The network is rebuilt here in Keras 3 from the library's description (github.com/marl/openl3,
`openl3/models.py`), and so is the mel spectrogram, of which there are two:

| | openl3 up to 0.3.1 | from 0.4.0 on |
|---|---|---|
| mel scale | HTK's | Slaney's |
| a second is padded | at both ends | at its end |
| a mel band | root of a sum of power | sum of magnitudes |

The weights are the same, and learned from the first, which is taken here; which of the two the
thesis took it does not say. Ours, too: each window begins at a whole second (the library's default
is centred there), and sound is not resampled by resampy.

**The published weights were never run here**: they were not at hand. What is tested is the
spectrogram and the network against slow twins, the number of parameters, and that a file with other
tensors is refused. Layers are known by their kind, order and shapes, not by the numbers in their
names, which depend on how the authors built their network.
"""

import functools
import gzip
import re
import warnings
import zlib
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from vmnet import media, pretrained
from vmnet.compiled import ensure_compiled
from vmnet.errors import WeightsError
from vmnet.features.extractor import Extractor

if TYPE_CHECKING:
    import keras

VERSION = 1  # of this file: change it when the features become others
DIM = 6144
WEIGHTS = "openl3_audio_mel256_music-v0_4_0.h5.gz"
SAMPLE_RATE = 48_000  # and a window lasts one second
N_FFT = 2048
HOP_LENGTH = 242
N_MELS = 256
FRAMES = -(-SAMPLE_RATE // HOP_LENGTH)  # of a window: 199
LEAST, RANGE = 1e-10, 80.0  # the softest sound, and how far below the loudest is kept, in dB
POOL = 8  # by which the last maps are pooled both ways, of (32, 24) to (4, 3)
BATCH = 8
BLOCK_SECONDS = 60  # sound decoded at a time

# Channels of the convolutions; None is a max pooling.
LAYERS = (64, 64, None, 128, 128, None, 256, 256, None, 512, 512)
_NORMALIZED = ("gamma", "beta", "moving_mean", "moving_variance")
_KINDS = {
    "batch_normalization": re.compile(r"batch_normalization(_\d+)?"),
    "conv2d": re.compile(r"conv2d(_\d+)?"),
    "audio_embedding_layer": re.compile("audio_embedding_layer"),
}


def extract(path: Path, batch: int = BATCH) -> np.ndarray:
    """Return OpenL3's embedding of each second of a clip's music.

    Frame t comes from the sound of [t, t + 1). Where the sound ends before the pictures, or within
    the last second, silence follows.

    Parameters
    ----------
    path
        A media file with sound.
    batch
        Seconds given to the network at once; it does not change the result.

    Returns
    -------
    `(n_seconds, 6144) float32`, not of unit norm.

    Raises
    ------
    MediaError
        If the file has no sound or cannot be read.
    WeightsError
        If the weights are missing or not the published ones.
    """
    n_seconds = media.n_seconds(media.require(path, video=False).duration)
    model = _model()
    embedded = np.zeros((n_seconds, DIM), np.float32)
    heard: list[np.ndarray] = []
    for second, samples in enumerate(_seconds(path, n_seconds)):
        heard.append(log_mel(samples))
        if len(heard) == batch or second == n_seconds - 1:
            first = second + 1 - len(heard)
            embedded[first : second + 1] = model.predict_on_batch(np.stack(heard))
            heard.clear()
    return embedded


def log_mel(samples: np.ndarray) -> np.ndarray:
    """Return the spectrogram of a second of sound, as OpenL3 learned from it.

    Hann windows of 2,048 samples every 242, with silence around the second so that there are 199;
    power in 256 HTK mel bands, each of area 1, from 0 to 24 kHz; its root; then 10 log10, less the
    second's largest value and cut at -80. (10 log10 of magnitudes is the library's own.)

    Parameters
    ----------
    samples : (48000,) float32
        At 48 kHz.

    Returns
    -------
    `(256, 199) float32` in [-80, 0]; all 0 where there is silence alone.
    """
    missing = (FRAMES - 1) * HOP_LENGTH + N_FFT - SAMPLE_RATE
    padded = np.pad(samples, (missing // 2, missing - missing // 2))
    frames = np.lib.stride_tricks.sliding_window_view(padded, N_FFT)[::HOP_LENGTH]
    window, bands = _filters()
    power = np.abs(np.fft.rfft(frames * window)) ** 2
    decibels = 10 * np.log10(np.maximum(np.sqrt(bands @ power.T), LEAST))
    return np.maximum(decibels - decibels.max(), -RANGE).astype(np.float32)


def build() -> "keras.Model":
    """Return the network without its weights: `(n, 256, 199)` spectrograms to `(n, 6144)`.

    4,689,860 parameters, of which 2,818 are moving statistics.
    """
    import keras
    from keras import layers, ops

    spectrograms = keras.Input((N_MELS, FRAMES), name="log_mel")
    x: Any = layers.BatchNormalization()(ops.expand_dims(spectrograms, -1))
    for i, channels in enumerate(LAYERS):
        if channels is None:
            x = layers.MaxPooling2D(2)(x)
            continue
        x = layers.Conv2D(channels, 3, padding="same")(x)
        if i < len(LAYERS) - 1:  # the last one's values are the embedding as they are
            x = layers.ReLU()(layers.BatchNormalization()(x))
    x = layers.Flatten()(layers.MaxPooling2D(POOL, padding="same")(x))
    return keras.Model(spectrograms, x)


def load(path: Path) -> "keras.Model":
    """Return the network with the weights of the published file.

    Raises
    ------
    WeightsError
        If the file is missing, damaged, or holds anything but the tensors of the network.
    """
    tensors = check(path)
    model = build()
    of_layers = [layer for layer in model.layers if layer.weights]
    for layer, own in zip(of_layers, tensors, strict=True):
        for variable in layer.weights:
            variable.assign(own[variable.name])
    return model


def check(path: Path) -> list[dict[str, np.ndarray]]:
    """Return the tensors of each layer by their names, once they are known to be those of `shapes`.

    Raises
    ------
    WeightsError
        If the file is missing, damaged, or holds anything else.
    """
    import h5py

    try:
        with h5py.File(BytesIO(gzip.decompress(Path(path).read_bytes()))) as file:
            found = list(_layers(file))
    except (OSError, EOFError, zlib.error, KeyError, ValueError, TypeError) as error:
        raise WeightsError(_sentence(path, "it is no such HDF5 file")) from error
    expected = shapes()
    if len(found) != len(expected):
        reason = f"it has {len(found)} layers with weights, not {len(expected)}"
        raise WeightsError(_sentence(path, reason))
    for (name, tensors), (kind, sizes) in zip(found, expected, strict=True):
        if not _KINDS[kind].fullmatch(name):
            raise WeightsError(_sentence(path, f"it has the layer {name} in the place of a {kind}"))
        if {key: tensor.shape for key, tensor in tensors.items()} != sizes:
            raise WeightsError(_sentence(path, f"its layer {name} has not the tensors {sizes}"))
    return [tensors for _, tensors in found]


def shapes() -> list[tuple[str, dict[str, tuple[int, ...]]]]:
    """Return the kind of each layer that has weights, in order, and the shapes of its tensors."""
    found: list[tuple[str, dict[str, tuple[int, ...]]]] = [_normalization(1)]
    depth = 1
    for channels in filter(None, LAYERS):
        found.append(("conv2d", {"kernel": (3, 3, depth, channels), "bias": (channels,)}))
        found.append(_normalization(channels))
        depth = channels
    return [*found[:-2], ("audio_embedding_layer", found[-2][1])]


def _normalization(channels: int) -> tuple[str, dict[str, tuple[int, ...]]]:
    return "batch_normalization", dict.fromkeys(_NORMALIZED, (channels,))


def _layers(file: Any) -> Iterator[tuple[str, dict[str, np.ndarray]]]:
    """Yield name and tensors of the layers that have any, as Keras 2 writes weights into HDF5."""
    for name in map(_text, file.attrs["layer_names"]):
        layer = file[name]
        paths = list(map(_text, layer.attrs["weight_names"]))  # "conv2d_1/kernel:0"
        if paths:
            yield name, {_last(path): np.asarray(layer[path]) for path in paths}


def _text(name: bytes | str) -> str:
    return name.decode() if isinstance(name, bytes) else str(name)


def _last(path: str) -> str:
    return path.rsplit("/", 1)[-1].removesuffix(":0")


def _seconds(path: Path, n_seconds: int) -> Iterator[np.ndarray]:
    """Yield each second of the sound, (48000,), silence where there is none."""
    rest, given = np.zeros(0, np.float32), 0
    for block in media.audio_blocks(path, SAMPLE_RATE, BLOCK_SECONDS):
        rest = np.concatenate([rest, block])
        while len(rest) >= SAMPLE_RATE:
            if given == n_seconds:
                return
            yield rest[:SAMPLE_RATE]
            rest, given = rest[SAMPLE_RATE:], given + 1
    for _ in range(n_seconds - given):
        yield np.pad(rest, (0, SAMPLE_RATE - len(rest)))
        rest = rest[:0]


@functools.cache
def _filters() -> tuple[np.ndarray, np.ndarray]:
    """Return the window, (2048,), and what the mel bands take of each frequency, (256, 1025)."""
    ensure_compiled()
    import librosa
    from scipy.signal import get_window

    with warnings.catch_warnings():  # of low bands that lie between two frequencies, as in OpenL3
        warnings.filterwarnings("ignore", "Empty filters detected")
        bands = librosa.filters.mel(sr=SAMPLE_RATE, n_fft=N_FFT, n_mels=N_MELS, htk=True)
    return get_window("hann", N_FFT), bands


@functools.cache
def _model() -> "keras.Model":
    return load(pretrained.folder("openl3") / WEIGHTS)


def _sentence(path: Path, reason: str) -> str:
    return (
        f"{path} is missing or not the published weights of OpenL3 ({reason}); delete it and run "
        "`vmnet weights fetch openl3`"
    )


OPENL3 = Extractor(
    name="openl3",
    modality="music",
    dim=DIM,
    extract=extract,
    parameters={"weights": "mel256-music", "spectrogram": "0.3", "version": VERSION},
)
