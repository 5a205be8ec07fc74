"""The sound of media files, mono, in constant memory."""

import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache
from itertools import chain, groupby
from pathlib import Path

import av
import numpy as np
from av.audio.frame import AudioFrame

from vmnet.errors import InputWarning, MediaError
from vmnet.media.decode import decode, open_media
from vmnet.media.mixing import AUDIBLE, left_and_right, loudness, mono
from vmnet.media.survey import survey
from vmnet.store import fingerprint

INAUDIBLE = "check that it has its music."
"""How the warning about a file without audible sound ends, by which it is known wherever it is
kept."""

MAX_DRIFT = 0.05  # seconds; time stamps that stray less from the count of samples are jitter

_asked_track: ContextVar[int | None] = ContextVar("audio_track", default=None)


@contextmanager
def using_audio_track(audio_track: int | None) -> Iterator[None]:
    """Within it, whatever reads sound without naming a track reads this one, 1 being the first.

    It holds in the process and the thread that enters it, so that a job for another process enters
    it there. With None, as outside of it, the first track with audible sound is read.

    Examples
    --------
    >>> with using_audio_track(2):
    ...     sound = load_audio("film.mkv", 16000)  # doctest: +SKIP
    """
    token = _asked_track.set(_checked(audio_track))
    try:
        yield
    finally:
        _asked_track.reset(token)


def load_audio(path: Path, sample_rate: int, *, audio_track: int | None = None) -> np.ndarray:
    """Return the sound of a file: (n_samples,) float32, mono, in [-1, 1], sample 0 at time 0.

    The array ends where the sound ends: it may be shorter than the file's `duration`, never longer.

    Parameters
    ----------
    path : Path
        A media file.
    sample_rate : int
        In Hz.
    audio_track : int, optional
        The sound track, 1 being the file's first; as `using_audio_track` says if None.

    Raises
    ------
    MediaError
        If the file cannot be used, has no sound, or not that track.

    Warns
    -----
    InputWarning
        If the sound is never louder than -60 dB of full scale, or if the first track is so and
        another is read instead.
    """
    return np.concatenate(list(_sound(Path(path), sample_rate, audio_track)))


def audio_blocks(
    path: Path, sample_rate: int, seconds: float, *, audio_track: int | None = None
) -> Iterator[np.ndarray]:
    """Yield what `load_audio` returns in blocks of `seconds`; only the last block may be shorter.

    Raises and warns as `load_audio`.
    """
    length = max(1, round(seconds * sample_rate))
    yield from _regrouped(_sound(Path(path), sample_rate, audio_track), length)


def stereo_blocks(
    path: Path, sample_rate: int, seconds: float, *, audio_track: int | None = None
) -> Iterator[np.ndarray]:
    """Yield the sound of a file as left and right: (n, 2) float32, sample 0 at time 0.

    Blocks last `seconds`; only the last may be shorter. What has one channel has it on both sides;
    more than two are mixed as `mixing` says, and may exceed [-1, 1], as what a codec decodes may.

    Raises
    ------
    MediaError
        If the file cannot be used, has no sound, or not that track.
    """
    path = Path(path)
    number = _required_track(path, audio_track)
    length = max(1, round(seconds * sample_rate))
    yield from _regrouped(_placed(path, number, sample_rate, softer=False), length)


def track_number(path: Path, audio_track: int | None = None) -> int | None:
    """Return the number of the sound track that is read, 1 being the first; None if there is none.

    That is the one asked for, or else the first that is audible anywhere, or else the first.

    Raises
    ------
    MediaError
        If the file cannot be read or has sound, but not the track asked for.
    """
    path = Path(path)
    usable = [n for n, track in enumerate(survey(path).tracks, 1) if track.sample_rate]
    asked = _checked(audio_track) or _asked_track.get()
    if asked is not None and usable:
        if asked not in usable:
            raise MediaError(
                f"{path} has no sound track {asked} that can be decoded: choose "
                f"{' or '.join(map(str, usable))} as the audio track."
            )
        return asked
    if len(usable) < 2:
        return next(iter(usable), None)
    mark = fingerprint(path)
    chosen = next((number for number in usable if _is_audible(path, mark, number)), usable[0])
    if chosen != usable[0]:
        warnings.warn(
            f"{path} has no audible sound in track {usable[0]}: track {chosen} is read instead.",
            InputWarning,
            stacklevel=2,
        )
    return chosen


def _required_track(path: Path, audio_track: int | None) -> int:
    number = track_number(path, audio_track)
    if number is None:
        raise MediaError(f"{path} has no sound that can be decoded: use a file with a sound track.")
    return number


def _checked(audio_track: int | None) -> int | None:
    if audio_track is not None and audio_track < 1:
        raise ValueError(f"audio_track counts from 1, but is {audio_track}")
    return audio_track


def _sound(path: Path, sample_rate: int, audio_track: int | None) -> Iterator[np.ndarray]:
    """Yield the sound of a file in pieces: (n,) float32 mono in [-1, 1], without gaps from 0 s."""
    number = _required_track(path, audio_track)
    many = survey(path).tracks[number - 1].channels > 2  # their sum may be louder than each
    gain = _gain(path, number) if many else 1.0
    loudest = 0.0
    for second in mono(_seconds(path, number, sample_rate, softer=not many), sample_rate):
        loudest = max(loudest, loudness(second))
        yield (second * np.float32(gain) if many else second).clip(-1, 1)
    if loudest < AUDIBLE:
        warnings.warn(
            f"{path} has no audible sound in track {number}: {INAUDIBLE}",
            InputWarning,
            stacklevel=2,
        )


@lru_cache(maxsize=64)
def _is_audible(path: Path, _fingerprint: str, number: int) -> bool:
    """Tell whether any second of a track can be heard; most tell so within their first ones."""
    rate = survey(path).tracks[number - 1].sample_rate
    try:
        seconds = mono(_seconds(path, number, rate), rate)
        return any(loudness(second) >= AUDIBLE for second in seconds)
    except MediaError:
        return False


def _gain(path: Path, number: int) -> float:
    """Return what keeps the mix of a track within [-1, 1], at most 1."""
    return 1 / max(1.0, _peak(path, fingerprint(path), number))


@lru_cache(maxsize=64)
def _peak(path: Path, _fingerprint: str, number: int) -> float:
    """Return the largest sample of a track, mixed, at its own rate."""
    rate = survey(path).tracks[number - 1].sample_rate
    seconds = mono(_seconds(path, number, rate), rate)
    return max((float(np.abs(second).max()) for second in seconds), default=0.0)


def _seconds(
    path: Path, number: int, sample_rate: int, *, softer: bool = False
) -> Iterator[np.ndarray]:
    """Yield a track second by second from time 0, as left and right: (sample_rate, 2) float32.

    If `softer`, what has more than two channels is made so soft that its mix does not clip.
    """
    yield from _regrouped(_placed(path, number, sample_rate, softer), sample_rate)


def _placed(path: Path, number: int, sample_rate: int, softer: bool) -> Iterator[np.ndarray]:
    """Yield (n, 2) float32 pieces of left and right, without gaps from time 0 to the end."""
    known = survey(path)
    n_samples = round(known.duration(number) * sample_rate)
    position = 0
    with open_media(path) as container:
        stream = container.streams.audio[number - 1]
        frames = decode(path, container, stream, known.timeline)
        for piece in _resampled(path, frames, sample_rate):
            samples = piece.to_ndarray().reshape(piece.samples, -1)
            many = samples.shape[1] > 2
            samples = left_and_right(samples, tuple(c.name for c in piece.layout.channels))
            if softer and many:  # a track that starts in stereo, whose gain was not known there
                samples = samples * np.float32(_gain(path, number))
            time = None if piece.time is None else piece.time - known.timeline.origin
            drift = 0.0 if time is None else time * sample_rate - position
            if position == 0 or abs(drift) > MAX_DRIFT * sample_rate:
                shift = round(drift)
                for silence in _silence(min(shift, n_samples - position), sample_rate):
                    position += len(silence)
                    yield silence
                samples = samples[max(0, -shift) :]
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


def _silence(n_samples: int, length: int) -> Iterator[np.ndarray]:
    """Yield zeros of left and right, (n_samples, 2) in all, in pieces of `length`."""
    for start in range(0, n_samples, length):
        yield np.zeros((min(length, n_samples - start), 2), np.float32)


def _regrouped(pieces: Iterable[np.ndarray], length: int) -> Iterator[np.ndarray]:
    """Yield the same samples in arrays of `length`; only the last may be shorter."""
    held: list[np.ndarray] = []
    n_held = 0
    for piece in pieces:
        held.append(piece)
        n_held += len(piece)
        if n_held >= length:
            samples = np.concatenate(held)
            whole = n_held - n_held % length
            yield from samples[:whole].reshape(-1, length, *samples.shape[1:])
            held, n_held = [samples[whole:]], n_held - whole
    if n_held:
        yield np.concatenate(held)
