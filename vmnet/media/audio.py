"""The sound of media files, mono, in constant memory."""

from collections.abc import Iterable, Iterator
from itertools import chain, groupby
from pathlib import Path

import av
import numpy as np
from av.audio.frame import AudioFrame

from vmnet.errors import MediaError
from vmnet.media.decode import audio_stream, decode, open_media, origin_of
from vmnet.media.survey import require

MAX_DRIFT = 0.05  # seconds; time stamps that stray less from the count of samples are jitter


def load_audio(path: Path, sample_rate: int) -> np.ndarray:
    """Return the sound of a file: (n_samples,) float32, mono, in [-1, 1], sample 0 at time 0.

    The array ends where the sound ends: it may be shorter than the file's `duration`, never longer.

    Raises
    ------
    MediaError
        If the file cannot be used or has no sound.
    """
    return np.concatenate(list(_sound(Path(path), sample_rate)))


def audio_blocks(path: Path, sample_rate: int, seconds: float) -> Iterator[np.ndarray]:
    """Yield what `load_audio` returns in blocks of `seconds`; only the last block may be shorter.

    Raises
    ------
    MediaError
        If the file cannot be used or has no sound.
    """
    length = max(1, round(seconds * sample_rate))
    held: list[np.ndarray] = []
    n_held = 0
    for piece in _sound(Path(path), sample_rate):
        held.append(piece)
        n_held += len(piece)
        if n_held >= length:
            samples = np.concatenate(held)
            whole = n_held - n_held % length
            yield from samples[:whole].reshape(-1, length)
            held, n_held = [samples[whole:]], n_held - whole
    if n_held:
        yield np.concatenate(held)


def _sound(path: Path, sample_rate: int) -> Iterator[np.ndarray]:
    """Yield the sound of a file in pieces: (n,) float32 mono in [-1, 1], without gaps from 0 s."""
    n_samples = round(require(path, video=False).duration * sample_rate)
    position = 0
    with open_media(path) as container:
        origin = origin_of(container)
        frames = decode(path, container, audio_stream(container))
        for piece in _resampled(path, frames, sample_rate):
            samples = piece.to_ndarray().reshape(piece.samples, -1).mean(axis=1).clip(-1, 1)
            drift = 0.0 if piece.time is None else (piece.time - origin) * sample_rate - position
            if position == 0 or abs(drift) > MAX_DRIFT * sample_rate:
                samples = _shifted(samples, round(drift))
            samples = samples[: n_samples - position]  # a codec pads its last packet
            position += len(samples)
            if len(samples):
                yield samples
    if position == 0:
        raise MediaError(f"{path} has no sound after its start: use a file with a sound track.")


def _resampled(path: Path, frames: Iterable[AudioFrame], sample_rate: int) -> Iterator[AudioFrame]:
    """Yield float frames at another rate; a stream may change its format on the way.

    They are interleaved, since PyAV crashes on planar frames of more than 8 channels.
    """
    for (layout, _, _), run in groupby(frames, lambda f: (f.layout.name, f.format.name, f.rate)):
        resampler = av.AudioResampler("flt", layout, sample_rate)
        for frame in chain(run, [None]):
            try:
                pieces = resampler.resample(frame)
            except av.FFmpegError:  # more than 64 channels, for one
                raise MediaError(f"{path} has odd sound: convert it to stereo.") from None
            yield from pieces


def _shifted(samples: np.ndarray, shift: int) -> np.ndarray:
    """Put `shift` zeros in front of the samples, or drop `-shift` of them."""
    if shift < 0:
        return samples[-shift:]
    return np.concatenate([np.zeros(shift, samples.dtype), samples])
