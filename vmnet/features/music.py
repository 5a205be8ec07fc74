"""Music features from MusiCNN: one vector a second, and the tags that the network hears.

Pons & Serra, "musicnn: pre-trained convolutional neural networks for music audio tagging", 2019: a
network with musically shaped filters (tall ones for timbre, long ones for rhythm), trained to
predict the 50 commonest tags of the Million Song Dataset. It is rebuilt here in Keras 3 from the
authors' TensorFlow 1 checkpoint, whose names the layers bear. The thesis compares its penultimate
layer (200 values) with other music features (section 5.2.2).
"""

import functools
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from threadpoolctl import threadpool_limits

from vmnet import media, pretrained
from vmnet.compiled import ensure_compiled
from vmnet.features.extractor import Extractor
from vmnet.quiet import quiet

if TYPE_CHECKING:
    import keras

VERSION = 1  # of this file: change it when the features become others
SAMPLE_RATE = 16_000
N_FFT = 512
HOP_LENGTH = 256
N_MELS = 96
PATCH = 187  # frames that the network sees at once: 3 s
DIM = 200
FRAME_RATE = SAMPLE_RATE / HOP_LENGTH  # 62.5 frames a second
BLOCK_SECONDS = 60.0  # sound decoded at a time
BATCH = 32

TAGS = (
    *("rock", "pop", "alternative", "indie", "electronic", "female vocalists", "dance", "00s"),
    *("alternative rock", "jazz", "beautiful", "metal", "chillout", "male vocalists"),
    *("classic rock", "soul", "indie rock", "Mellow", "electronica", "80s", "folk", "90s", "chill"),
    *("instrumental", "punk", "oldies", "blues", "hard rock", "ambient", "acoustic"),
    *("experimental", "female vocalist", "guitar", "Hip-Hop", "70s", "party", "country"),
    *("easy listening", "sexy", "catchy", "funk", "electro", "heavy metal", "Progressive rock"),
    *("60s", "rnb", "indie pop", "sad", "House", "happy"),
)


def embed(path: Path, batch: int = BATCH) -> np.ndarray:
    """Return MusiCNN's penultimate layer for each second of a clip's music.

    Frame t comes from the 3 s of music whose middle is at t + 0.5 s; the first and the last frames
    see the music mirrored at the clip's ends, so that they hear no silence that is not there. Where
    the sound ends before the pictures there is silence.

    Parameters
    ----------
    path
        A media file with sound.
    batch
        Patches given to the network at once; it does not change the result.

    Returns
    -------
    `(n_seconds, 200) float32`.

    Raises
    ------
    MediaError
        If the file has no sound or cannot be read.
    WeightsError
        If the weights cannot be fetched.
    """
    return activations(path, batch)[0]


def tags(path: Path, top: int = len(TAGS)) -> dict[str, float]:
    """Return the `top` tags that MusiCNN hears in a clip, with their mean activation in [0, 1].

    The largest comes first. Raises as `embed`.
    """
    mean = activations(path)[1].mean(axis=0)
    return {TAGS[i]: float(mean[i]) for i in np.argsort(-mean)[:top]}


def activations(path: Path, batch: int = BATCH) -> tuple[np.ndarray, np.ndarray]:
    """Return what `embed` returns, and the tags of each second: `(n_seconds, 50)` in [0, 1].

    The tags are in the order of `TAGS`. Parameters and errors as of `embed`.
    """
    duration = media.require(path, video=False).duration
    spectrogram = log_mel(path)
    silence = max(0, int(duration * FRAME_RATE) - len(spectrogram))
    spectrogram = np.pad(spectrogram, ((0, silence), (0, 0)))
    starts = patch_starts(media.n_seconds(duration))
    model = _model()
    parts = []
    for first in range(0, len(starts), batch):
        frames = starts[first : first + batch, None] + np.arange(PATCH)
        parts.append(model.predict_on_batch(spectrogram[_mirrored(frames, len(spectrogram))]))
    embeddings, heard = zip(*parts, strict=True)
    return np.concatenate(embeddings), np.concatenate(heard)


def build() -> "keras.Model":
    """Return the network without its weights.

    Input: log-mel patches `(n, 187, 96) float32` as of `log_mel`. Outputs: the penultimate layer
    `(n, 200)`, before its dropout, and the tags' activations `(n, 50)` in [0, 1], in `TAGS`' order.
    """
    import keras
    from keras import layers, ops

    patches = keras.Input((PATCH, N_MELS), name="log_mel")
    front = _front_end(_normalization(0)(ops.expand_dims(patches, -1)))
    middle = [front]
    for index in (5, 6, 7):
        name = f"conv2d_{index}"  # there it is a 2-d filter as high as its input
        x = layers.Conv1D(64, 7, padding="same", activation="relu", name=name)(middle[-1])
        x = _normalization(index + 1)(x)
        middle.append(x if index == 5 else x + middle[-1])
    features = ops.concatenate(middle, -1)
    pooled = ops.stack([ops.max(features, 1), ops.mean(features, 1)], -1)
    x = _normalization(9)(layers.Flatten()(pooled))
    x = layers.Dense(DIM, activation="relu", name="dense")(x)
    penultimate = _normalization(10)(x)
    heard = layers.Dense(len(TAGS), activation="sigmoid", name="dense_1")(penultimate)
    return keras.Model(patches, [penultimate, heard])


def load(checkpoint: Path) -> "keras.Model":
    """Return the network with the weights of the authors' checkpoint.

    Parameters
    ----------
    checkpoint
        The prefix `msd` in `pretrained.folder("musicnn")`.
    """
    with quiet():
        import tensorflow as tf

        reader = tf.train.load_checkpoint(str(checkpoint))
        model = build()
    for layer in model.layers:
        for variable in layer.weights:
            values = reader.get_tensor(f"{layer.name}/{variable.name}")
            variable.assign(values.reshape(variable.shape))
    return model


def log_mel(path: Path) -> np.ndarray:
    """Return the log-mel spectrogram of a clip, as MusiCNN expects it.

    16 kHz mono, Hann windows of 512 samples around every 256th, 96 mel bands with power x, then
    log10(10000 x + 1). The package rounds x to half precision first, which overflows where music is
    loud; that is not done here. The sound is read in blocks, so that it is never in memory whole.

    Returns
    -------
    `(n_frames, 96) float32`, 62.5 frames a second.
    """
    ensure_compiled()
    import librosa

    melspectrogram = functools.partial(
        librosa.feature.melspectrogram,
        sr=SAMPLE_RATE,
        n_fft=N_FFT,
        hop_length=HOP_LENGTH,
        n_mels=N_MELS,
        center=False,
    )
    frames = []
    rest = np.zeros(N_FFT // 2, np.float32)
    for block in _padded(media.audio_blocks(path, SAMPLE_RATE, BLOCK_SECONDS)):
        rest = np.concatenate([rest, block])
        count = (len(rest) - N_FFT) // HOP_LENGTH + 1
        if count > 0:
            with threadpool_limits(1, "blas"):  # threads that share so little wait for each other
                power = melspectrogram(y=rest[: (count - 1) * HOP_LENGTH + N_FFT])
            frames.append(np.log10(10_000 * power.T + 1))
            rest = rest[count * HOP_LENGTH :]
    return np.concatenate(frames).astype(np.float32)


def patch_starts(n_seconds: int) -> np.ndarray:
    """Return the first spectrogram frame, negative at the start, of each second's patch."""
    centres = np.round((np.arange(n_seconds) + 0.5) * FRAME_RATE).astype(np.int64)
    return centres - PATCH // 2


MUSICNN = Extractor(
    name="musicnn",
    modality="music",
    dim=DIM,
    extract=embed,
    parameters={"weights": pretrained.CHECKPOINTS["musicnn"].hash, "version": VERSION},
)


@functools.cache
def _model() -> "keras.Model":
    return load(pretrained.folder("musicnn") / "msd")


def _mirrored(frames: np.ndarray, count: int) -> np.ndarray:
    """Fold frame numbers beyond 0..count-1 back into it, as often as needed, like a mirror."""
    period = max(1, 2 * (count - 1))
    folded = frames % period
    return np.minimum(folded, period - folded) if count > 1 else np.zeros_like(frames)


def _padded(blocks: Iterator[np.ndarray]) -> Iterator[np.ndarray]:
    yield from blocks
    yield np.zeros(N_FFT // 2, np.float32)


def _front_end(x: Any) -> Any:
    """Apply filters of several shapes; take their maxima over frequency: `(n, time, 561)`."""
    from keras import layers, ops

    # Length in frames, width in bands, number of filters; the wide ones are padded in time only.
    shapes = ((7, 38, 204), (7, 67, 204), (128, 1, 51), (64, 1, 51), (32, 1, 51))
    padded = layers.ZeroPadding2D((3, 0))(x)
    branches = []
    for index, (length, width, filters) in enumerate(shapes):
        timbral = width > 1
        maps = layers.Conv2D(
            filters,
            (length, width),
            padding="valid" if timbral else "same",
            activation="relu",
            name=_numbered("conv2d", index),
        )(padded if timbral else x)
        branches.append(ops.max(_normalization(index + 1)(maps), 2))
    return ops.concatenate(branches, -1)


def _normalization(index: int) -> Any:
    from keras import layers

    return layers.BatchNormalization(epsilon=1e-3, name=_numbered("batch_normalization", index))


def _numbered(name: str, index: int) -> str:
    """Return a layer's name as TensorFlow 1 gave it: the first has no number."""
    return f"{name}_{index}" if index else name
