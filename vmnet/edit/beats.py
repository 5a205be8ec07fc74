"""The beats of a track, on which cuts in the music go unheard.

Ellis, "Beat tracking by dynamic programming", 2007, as librosa has it; `BEATS` names whatever else
there is.
"""

from collections.abc import Callable
from pathlib import Path

import numpy as np

from vmnet import media
from vmnet.compiled import ensure_compiled

SAMPLE_RATE = 22_050  # Hz; librosa's
WINDOW = 2048  # samples; librosa's spectra, and so the shortest sound that has one


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
    from vmnet.segmenters.boundaries import stretches
    from vmnet.segmenters.music import sounds

    path = Path(path)
    spans = stretches(media.require(path, audio=True, video=False).duration)
    pieces = zip(spans, sounds(path, spans, SAMPLE_RATE), strict=True)
    return np.concatenate([span.kept(sound_beats(sound)) for span, sound in pieces])


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


BEATS: dict[str, Callable[[Path], np.ndarray]] = {"librosa": track_beats}
"""Beat trackers by name: each takes a media file and returns what `track_beats` does."""
