"""The beats of a track, on which cuts in the music go unheard.

`track_beats`: Ellis, "Beat tracking by dynamic programming", 2007, as librosa has it. `beat_this`:
Foscarin, Schlueter & Widmer, "Beat this! Accurate beat tracking without DBN postprocessing", 2024,
by the authors' package and their weights, both of which are optional.
"""

import functools
from collections.abc import Callable
from pathlib import Path

import numpy as np

from vmnet import media, pretrained
from vmnet.compiled import ensure_compiled
from vmnet.errors import WeightsError

SAMPLE_RATE = 22_050  # Hz; librosa's
WINDOW = 2048  # samples; librosa's spectra, and so the shortest sound that has one

CHECKPOINT = "final0.ckpt"
_FETCH = "run `vmnet weights fetch beat-this`"


def track_beats(path: Path) -> np.ndarray:
    """Return the times of the beats of a file's sound by librosa.

    One tempo is estimated for a piece, and beats are put where sound sets in at about that tempo.
    A piece of more than 15 minutes is taken in stretches of at most ten that overlap by one
    (`segmenters.boundaries.stretches`), each with a tempo of its own: it is decoded once, and never
    in memory as a whole.

    Parameters
    ----------
    path
        A media file with sound.

    Returns
    -------
    (n_beats,) float64 s, increasing; none in silence or in less than 0.1 s.

    Raises
    ------
    MediaError
        If the file cannot be read or has no sound.
    """
    (beats,) = in_stretches(Path(path), lambda sound: (sound_beats(sound),))
    return beats


def sound_beats(sound: np.ndarray) -> np.ndarray:
    """Return the times of the beats of a sound, (n_samples,) float32 at 22,050 Hz, as above.

    librosa puts an onset half a window after its spectra rise (46 ms), which is late by as much on
    songs whose beats are known. A cut there would lose the attack, so onsets stay where they rise.
    """
    if len(sound) < WINDOW or not sound.any():
        return np.zeros(0)
    ensure_compiled()
    from librosa.beat import beat_track
    from librosa.onset import onset_strength

    onsets = onset_strength(y=sound, sr=SAMPLE_RATE, aggregate=np.median, center=False)
    times = beat_track(onset_envelope=onsets, sr=SAMPLE_RATE, units="time")[1]
    return np.asarray(times, dtype=np.float64)


def beat_this(path: Path) -> np.ndarray:
    """Return the times of the beats of a file's sound by the network Beat This.

    Parameters, result, errors and stretches as of `beats_and_downbeats`.
    """
    return beats_and_downbeats(path)[0]


def beats_and_downbeats(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """Return the times of the beats and of the downbeats of a file's sound by Beat This.

    Parameters, results and stretches as of `track_beats`.

    Raises
    ------
    MediaError
        If the file cannot be read or has no sound.
    WeightsError
        If the weights or the package are not there.
    """
    beats, downbeats = in_stretches(Path(path), _network())
    return beats, downbeats


@functools.cache
def _network() -> Callable[[np.ndarray], tuple[np.ndarray, ...]]:
    """Return the network, from a sound at 22,050 Hz to the times of beats and downbeats (s)."""
    checkpoint = pretrained.folder("beat-this") / CHECKPOINT
    check(checkpoint)
    try:
        from beat_this.inference import Audio2Beats
    except (ImportError, OSError) as error:  # OSError: torchaudio that is not of this torch
        raise WeightsError(
            f"the beat tracker beat_this cannot be used ({error}); install the package with "
            "`pip install beat-this`, or choose librosa"
        ) from error
    tracker = Audio2Beats(str(checkpoint), device="cpu")  # a name it does not find it downloads

    def beats(sound: np.ndarray) -> tuple[np.ndarray, ...]:
        if len(sound) < WINDOW:
            return np.zeros(0), np.zeros(0)
        return tuple(np.asarray(times, dtype=np.float64) for times in tracker(sound, SAMPLE_RATE))

    return beats


def check(path: Path) -> None:
    """Raise a WeightsError if a file is no checkpoint of Beat This: its settings and its tensors.

    Only tensors and plain values are read, and no code in the file is run.
    """
    import torch

    try:
        held = torch.load(path, map_location="cpu", weights_only=True)
        names = set(held["state_dict"])
        held["hyper_parameters"]["transformer_dim"]
    except Exception as error:  # torch raises what it likes of a damaged file
        raise WeightsError(
            f"{path} is no checkpoint of Beat This; delete it and {_FETCH}"
        ) from error
    if not any(name.startswith("model.transformer_blocks") for name in names):
        raise WeightsError(f"{path} holds other tensors than Beat This has; delete it and {_FETCH}")


def in_stretches(
    path: Path, of_sound: Callable[[np.ndarray], tuple[np.ndarray, ...]]
) -> list[np.ndarray]:
    """Return each kind of times (s) that `of_sound` finds, in a file taken in stretches.

    `of_sound` takes a sound, (n_samples,) float32 at 22,050 Hz, and returns arrays of times in it.
    """
    from vmnet.segmenters.boundaries import stretches
    from vmnet.segmenters.music import sounds

    spans = stretches(media.require(path, audio=True, video=False).duration)
    pieces = zip(spans, sounds(path, spans, SAMPLE_RATE), strict=True)
    found = [[span.kept(times) for times in of_sound(sound)] for span, sound in pieces]
    return [np.concatenate(times) for times in zip(*found, strict=True)]


BEATS: dict[str, Callable[[Path], np.ndarray]] = {"librosa": track_beats, "beat_this": beat_this}
"""Beat trackers by name: each takes a media file and returns what `track_beats` does."""
