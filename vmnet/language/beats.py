"""Beats and downbeats of a clip's music.

The thesis takes downbeats by madmom, whose weights are for non-commercial use alone. Ours are:
librosa's beats, at a tempo and in bars that their accents decide (`sound_bars`, our own and
simple); or Beat This, which finds both, where its weights are (`vmnet weights`); or the truth of a
rendered clip. benchmarks/beats.py measures them.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from math import nan
from pathlib import Path

import numpy as np

from vmnet.edit import beats as trackers

METERS = (4, 3)
PACES = (2, 1, 4)  # half beats, as they were found, that make a beat: as found, twice as fast, half
TEMPO, OCTAVES = 105.0, 1.0  # beats a minute, of the thesis' mean bar of 2.30 s; deviation
KNOWN = 0.2  # octaves, of a tempo that is known
HOP = 512  # samples of 22,050 a second; librosa's
LOW = 200.0  # Hz; bass drum and bass lie below
NEAR = 2  # frames about a beat in which its accent may lie


@dataclass(frozen=True, eq=False)
class Beats:
    """The beats of a piece.

    beats (n_beats,) and downbeats (n_bars,) are times in seconds, increasing. `bpm` is beats a
    minute, NaN where there are fewer than two; `meter` is beats a bar, 0 where there are fewer than
    two downbeats.
    """

    beats: np.ndarray
    downbeats: np.ndarray
    bpm: float
    meter: int

    @classmethod
    def at(cls, beats: np.ndarray, downbeats: np.ndarray) -> "Beats":
        """Return beats with their median tempo and meter.

        Examples
        --------
        >>> found = Beats.at(np.arange(9) * 0.5, np.array([0.5, 2.5]))
        >>> found.bpm, found.meter
        (120.0, 4)
        """
        bpm = 60 / float(np.median(np.diff(beats))) if len(beats) > 1 else nan
        counts = np.diff(np.searchsorted(beats, downbeats - 1e-6))
        return cls(beats, downbeats, bpm, int(np.median(counts)) if len(counts) else 0)


def sound_bars(
    sound: np.ndarray, meter: int = 0, bpm: float = 0.0
) -> tuple[np.ndarray, np.ndarray]:
    """Return the beats and the downbeats of a sound.

    librosa's beats often come at half or at twice the tempo that people tap. So the half beats are
    taken, too, and beats and bars are those of them that `bars_in` finds by their accents.

    Parameters
    ----------
    sound
        (n_samples,) float32 at 22,050 Hz, mono.
    meter
        Beats a bar; 0 is three or four, as the accents have it.
    bpm
        Beats a minute, to tell the tempo from its half and its double; 0 where not known.

    Returns
    -------
    beats, downbeats
        Times in seconds, (n_beats,) and (n_bars,). No downbeats where there are fewer beats than
        two bars have.
    """
    found = trackers.sound_beats(sound)
    meters = (meter,) if meter else METERS
    if len(found) < 2 * max(meters):
        return found, np.zeros(0)
    halves = np.sort(np.concatenate([found, (found[1:] + found[:-1]) / 2]))
    seconds = float(np.median(np.diff(halves)))
    phase, pace, meter = bars_in(accents(sound, halves), seconds, meters, bpm)
    return halves[phase % pace :: pace], halves[phase :: pace * meter]


def accents(sound: np.ndarray, beats: np.ndarray) -> np.ndarray:
    """Return how strong each beat is, (n_beats,): mean 0, more where a bar may begin.

    The sum of two things, each of mean 0 and deviation 1 over the piece: the onset of sound below
    200 Hz at the beat, and how far the chroma from it to the next beat is from that of the beat
    before (1 - cosine).
    """
    from librosa import time_to_frames
    from librosa.feature import chroma_stft
    from librosa.onset import onset_strength

    rate = trackers.SAMPLE_RATE
    onsets = onset_strength(y=sound, sr=rate, center=False, n_mels=6, fmax=LOW)
    chroma = chroma_stft(y=sound, sr=rate, n_fft=4096, hop_length=HOP, tuning=0.0)
    frames = np.minimum(time_to_frames(beats, sr=rate, hop_length=HOP), len(onsets) - 1)
    around = np.clip(frames[:, None] + np.arange(-NEAR, NEAR + 1), 0, len(onsets) - 1)
    colours = np.stack([piece.mean(axis=1) for piece in np.split(chroma, frames, axis=1)[1:]])
    colours /= np.maximum(np.linalg.norm(colours, axis=1, keepdims=True), 1e-9)
    changes = 1 - (colours[1:] * colours[:-1]).sum(axis=1)
    return _standardised(onsets[around].max(axis=1)) + _standardised(
        np.concatenate([[changes.mean()], changes])
    )


def _standardised(values: np.ndarray) -> np.ndarray:
    return (values - values.mean()) / max(float(values.std()), 1e-9)


def bars_in(
    strength: np.ndarray, seconds: float, meters: Sequence[int] = METERS, bpm: float = 0.0
) -> tuple[int, int, int]:
    """Return the first downbeat among half beats, how many of these make a beat, and the meter.

    Those whose downbeats stand out most: the sum of their strength over the root of their number,
    so that more downbeats are not stronger by their number alone; times how common the tempo is, a
    normal curve over its logarithm about `TEMPO`, or closer about the one that is known.

    Parameters
    ----------
    strength
        (n,) of mean 0, of beats that were found and the middles between them.
    seconds
        From one to the next.
    meters
        Beats a bar to choose from; the first wins a tie.
    bpm
        The tempo; 0 where not known.

    Examples
    --------
    Accents every two seconds, the second half second first: beats of half a second, in four.

    >>> bars_in(np.tile([-1, 7, -1, -1, -1, -1, -1, -1], 3), 0.25)
    (1, 2, 4)
    """
    centre, octaves = (bpm, KNOWN) if bpm else (TEMPO, OCTAVES)
    best, highest = (0, PACES[0], meters[0]), -np.inf
    for pace in PACES:
        common = np.exp(-((np.log2(60 / (seconds * pace) / centre) / octaves) ** 2) / 2)
        for meter in meters:
            for phase in range(pace * meter):
                bars = strength[phase :: pace * meter]
                clear = common * bars.sum() / np.sqrt(max(len(bars), 1))
                if clear > highest + 1e-12:
                    best, highest = (phase, pace, meter), clear
    return best


def _librosa(path: Path, meter: int = 0, bpm: float = 0.0) -> Beats:
    of_sound = partial(sound_bars, meter=meter, bpm=bpm)
    beats, downbeats = trackers.in_stretches(Path(path), of_sound)
    return Beats.at(beats, downbeats)


def _beat_this(path: Path, meter: int = 0, bpm: float = 0.0) -> Beats:
    del meter, bpm  # it finds its own
    return Beats.at(*trackers.beats_and_downbeats(Path(path)))


def _truth(path: Path, meter: int = 0, bpm: float = 0.0) -> Beats:
    from vmnet.rendered import read_truth

    del meter, bpm
    truth = read_truth(path)
    return Beats.at(truth.beats, truth.downbeats)


BEAT_TRACKERS: dict[str, Callable[[Path, int, float], Beats]] = {
    "librosa": _librosa,
    "beat_this": _beat_this,
    "truth": _truth,
}
"""Each takes a media file, its beats a bar and its beats a minute (0 where not known), and returns
its `Beats`.

It raises MediaError if the file cannot be read or has no sound, or, of "truth", is not rendered;
and WeightsError if the weights of "beat_this" are not there."""
