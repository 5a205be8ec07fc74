"""Harmonic-percussive separation: librosa's own, with faster medians.

FitzGerald, "Harmonic/percussive separation using median filtering", DAFx 2010. The handcrafted
features and the music segmenters both take it.
"""

import numpy as np

from vmnet.compiled import ensure_compiled


def harmonic_percussive(audio: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Split a sound into its harmonic and its percussive part as `librosa.effects.hpss` does.

    The result is the same; the medians, nine tenths of its time, are taken row by row, for which
    SciPy has an algorithm about ten times faster.

    Parameters
    ----------
    audio : (n_samples,) float32

    Returns
    -------
    two arrays like `audio`
    """
    ensure_compiled()
    import librosa

    magnitude, phase = librosa.magphase(librosa.stft(audio))
    harmonic = _row_medians(magnitude)
    percussive = _row_medians(magnitude.T).T

    def part(wanted: np.ndarray, other: np.ndarray) -> np.ndarray:
        mask = librosa.util.softmask(wanted, other, power=2, split_zeros=True)
        return librosa.istft((magnitude * mask) * phase, dtype=audio.dtype, length=len(audio))

    return part(harmonic, percussive), part(percussive, harmonic)


def _row_medians(rows: np.ndarray) -> np.ndarray:
    from scipy.ndimage import median_filter

    return np.stack([median_filter(row, size=31, mode="reflect") for row in rows])
