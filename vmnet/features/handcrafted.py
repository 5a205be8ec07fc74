"""The handcrafted music features of the original VM-Net: 1,140 values for a whole clip.

Baseline 1 of the paper and the first row of the thesis' table 5.2. Hong, Im & Yang, "Content-based
video-music retrieval using soft intra-modal structure constraint", ICMR 2018, section 3.1; the
thesis says (section 5.2) that it used their published code, so where that code and the texts
differ, the code is followed, its slips included: the comments name them.
"""

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from vmnet import media
from vmnet.compiled import ensure_compiled
from vmnet.features.extractor import Extractor
from vmnet.media.separation import harmonic_percussive

VERSION = 1  # of this file: change it when the features become others
SAMPLE_RATE = 12_000
N_SAMPLES = 349_440  # 29.12 s
N_FFT = 512
HOP_LENGTH = 256
MEL_RATE = 22_050  # the original code does not tell the mel filters its rate, and so gets this one
FLOOR_DB = 80.0
SMALLEST = 1e-10  # below this a value counts as nothing

PARTS = ("harmonic", "percussive")
BLOCKS = {
    "chroma_stft": 12,
    "chroma_cens": 12,
    "mel": 96,
    "mfcc": 20,
    "mfcc_delta": 20,
    "mfcc_delta2": 20,
    "rms": 1,
    "centroid": 1,
    "bandwidth": 1,
    "rolloff": 1,
    "poly1": 2,
    "poly2": 3,
    "zero_crossings": 1,
}
STATISTICS: dict[str, Callable[..., np.ndarray]] = {
    "mean": np.mean,
    "variance": np.var,
    "maximum": np.max,
}
DIM = len(STATISTICS) * len(PARTS) * sum(BLOCKS.values())


def row_names() -> list[str]:
    """Return what each of the 1,140 values is, in order, as "mean harmonic mel 17".

    The statistic changes slowest, then the part, then the block (`BLOCKS`), then the row in it.
    """
    return [
        f"{statistic} {part} {block} {row}"
        for statistic in STATISTICS
        for part in PARTS
        for block, rows in BLOCKS.items()
        for row in range(rows)
    ]


def extract(path: Path) -> np.ndarray:
    """Return the handcrafted features of the middle of a clip's music, `(1, 1140) float32`.

    Raises
    ------
    MediaError
        If the file has no sound or cannot be read.
    """
    return describe(media.load_audio(path, SAMPLE_RATE))[None]


def describe(samples: np.ndarray) -> np.ndarray:
    """Return the handcrafted features of a piece of music, `(1140,) float32`.

    The middle 29.12 s (zeros follow where it is shorter) are split into a harmonic and a percussive
    part; each part gives 190 rows over time (`part_blocks`), in decibels (`log_scaled`); each row
    gives its mean, its variance and its maximum over time. `row_names` tells the order.

    Parameters
    ----------
    samples
        `(n_samples,) float32`, mono, at 12 kHz.
    """
    ensure_compiled()
    parts = harmonic_percussive(central(samples))
    rows = np.concatenate([log_scaled(b) for part in parts for b in part_blocks(part).values()])
    statistics = [function(rows, axis=1) for function in STATISTICS.values()]
    return np.concatenate(statistics).astype(np.float32)


def central(samples: np.ndarray) -> np.ndarray:
    """Return the middle 29.12 s of a sound at 12 kHz, followed by zeros where it is shorter."""
    start = max(0, (len(samples) - N_SAMPLES) // 2)
    middle = samples[start : start + N_SAMPLES]
    return np.pad(middle, (0, N_SAMPLES - len(middle)))


def part_blocks(y: np.ndarray) -> dict[str, np.ndarray]:
    """Return the rows of one part of the sound: the blocks of `BLOCKS`, `(rows, n_frames)` each.

    Windows of 512 samples every 256; the MFCCs have librosa's default window of 2,048, as in the
    original code.
    """
    from librosa import feature

    frames: dict[str, Any] = {"y": y, "hop_length": HOP_LENGTH}
    short = frames | {"sr": SAMPLE_RATE, "n_fft": N_FFT}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # silence has no tuning
        mfcc = feature.mfcc(sr=SAMPLE_RATE, n_mfcc=20, **frames)
        return {
            "chroma_stft": feature.chroma_stft(**short),
            "chroma_cens": feature.chroma_cens(sr=SAMPLE_RATE, **frames),
            "mel": feature.melspectrogram(sr=MEL_RATE, n_fft=N_FFT, n_mels=96, **frames),
            "mfcc": mfcc,
            "mfcc_delta": feature.delta(mfcc),
            "mfcc_delta2": feature.delta(mfcc, order=2),
            "rms": feature.rms(frame_length=N_FFT, **frames),
            "centroid": feature.spectral_centroid(**short),
            "bandwidth": feature.spectral_bandwidth(**short),
            "rolloff": feature.spectral_rolloff(**short),
            "poly1": feature.poly_features(order=1, **short),
            "poly2": feature.poly_features(order=2, **short),
            "zero_crossings": feature.zero_crossing_rate(frame_length=N_FFT, **frames),
        }


def log_scaled(block: np.ndarray) -> np.ndarray:
    """Return a block of rows in decibels below its largest magnitude, in [-80, 0].

    10 log10(max(|x|, 1e-10) / max(|x|max, 1e-10)), where |x|max is the maximum over the block (all
    chroma bins together, all mel bands together, ...). Magnitudes, since MFCCs, deltas and
    polynomial coefficients have either sign; a block of zeros gives zeros.
    """
    from librosa import power_to_db

    return power_to_db(np.abs(block), ref=np.max, amin=SMALLEST, top_db=FLOOR_DB)


HANDCRAFTED = Extractor(
    name="handcrafted",
    modality="music",
    dim=DIM,
    extract=extract,
    parameters={"version": VERSION},
)
