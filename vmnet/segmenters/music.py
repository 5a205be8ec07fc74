"""Music boundaries by Foote, SF and OLDA: the implementations of MSAF 0.1.80 (paper IV-B).

MSAF is written to be run from its own working folder: it caches features there in a file that the
next song then reads, writes its estimates, seeds NumPy, and expects NumPy 1 and an old SciPy. So
its features and its algorithms are called here one by one, in memory, on private copies of its
modules; nothing is written and nothing outside this module changes. The boundaries are those of
`msaf.process` run in an empty folder, to the last digit (tests/test_music_segmenters.py).

This is the only file that imports MSAF. Its defaults are kept: features at 22,050 Hz, hop 1,024,
averaged over estimated beats; Foote's kernel spans 66 beats, so a clip with fewer is one segment.
"""

import importlib.util
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import scipy
from scipy.spatial.distance import cdist

from vmnet import media, store
from vmnet.compiled import ensure_compiled
from vmnet.media.separation import harmonic_percussive
from vmnet.segmenters.boundaries import clean


@contextmanager
def _old_scipy() -> Iterator[None]:
    """Give SciPy back the name that MSAF imports, for the time of the import."""
    scipy.inf = np.inf
    try:
        yield
    finally:
        del scipy.inf


ensure_compiled()  # before librosa, which MSAF imports, is loaded
with _old_scipy():
    import msaf
    import msaf.algorithms
    from msaf.base import FeatureTypes
    from msaf.features import MFCC, PCP

SAMPLE_RATE: int = msaf.config.sample_rate  # Hz
MINIMUM_BEATS: int = msaf.config.minimum_frames
"""A clip with no more beats than this is one segment: silence, a steady tone, a few seconds."""
SHORTEST_SOUND = 3.0
"""Seconds; ten beats do not fit into less, and a sound of less is one segment."""


@dataclass(frozen=True)
class BeatFeatures:
    """What the three algorithms are given: one row per beat.

    `pcp` is (n_beats + 1, 12) float32, `mfcc` (n_beats + 1, 14) float32, `times` (n_beats + 1,) the
    beats and the end, in seconds; `duration` is the length of the sound in seconds.
    """

    pcp: np.ndarray
    mfcc: np.ndarray
    times: np.ndarray
    duration: float


def music_boundaries(
    path: Path, methods: Iterable[str] = ("foote", "sf", "olda")
) -> dict[str, np.ndarray]:
    """Return the boundaries of a clip's music by each method, from features computed once.

    Silence, a steady tone and whatever else has no more than `MINIMUM_BEATS` beats is one segment,
    as in MSAF; so is a sound shorter than `SHORTEST_SOUND`.

    Parameters
    ----------
    path : media file with sound
    methods : names among "foote", "sf", "olda"

    Returns
    -------
    dict of (n_segments + 1,) float64 boundaries in seconds, from 0 to the clip's duration

    Raises
    ------
    MediaError
        If the file cannot be read or has no sound.
    """
    path = Path(path)
    duration = media.require(path, audio=True, video=False).duration
    features = beat_features(path)
    return {method: clean(raw_boundaries(features, method), duration) for method in methods}


def raw_boundaries(features: BeatFeatures, method: str) -> np.ndarray:
    """Return the times (s) that `msaf.process` returns, slivers at both ends included."""
    if len(features.times) <= MINIMUM_BEATS:
        return np.array([0, features.duration])
    with np.errstate(divide="ignore", invalid="ignore"):  # a novelty that is 0 everywhere
        indices, labels = METHODS[method](features)
    times, _ = msaf.utils.process_segmentation_level(
        indices, labels, len(features.times), features.times, features.duration
    )
    return times


def novelty(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """Return the novelty curve in which Foote's method finds its peaks.

    Parameters
    ----------
    path : media file with sound

    Returns
    -------
    times : (n,) float64, the beats (s), increasing
    curve : (n,) float64 in [0, 1], cut at 0; all 0 in a clip too short for the kernel of 66 beats

    Raises
    ------
    MediaError
        If the file cannot be read or has no sound.
    """
    path = Path(path)
    media.require(path, audio=True, video=False)
    features = beat_features(path)
    config, n_beats = msaf.algorithms.foote.config, len(features.times)
    if n_beats < config["M_gaussian"]:
        return features.times, np.zeros(n_beats)
    pcp = msaf.utils.normalize(features.pcp.copy(), norm_type=config["bound_norm_feats"])
    similarity = _FOOTE.compute_ssm(_FOOTE.median_filter(pcp, M=config["m_median"]))
    curve = _FOOTE.compute_nc(similarity, _FOOTE.compute_gaussian_krnl(config["M_gaussian"]))
    return features.times, np.maximum(np.nan_to_num(curve), 0)


def beat_features(path: Path) -> BeatFeatures:
    """Return the features of a clip's sound; those of the last file asked for are remembered."""
    return _beat_features(Path(path), store.fingerprint(Path(path)))


@lru_cache(maxsize=1)
def _beat_features(path: Path, _fingerprint: str) -> BeatFeatures:
    audio = media.load_audio(path, SAMPLE_RATE)
    duration = len(audio) / SAMPLE_RATE
    if duration < SHORTEST_SOUND:
        return BeatFeatures(np.zeros((1, 12)), np.zeros((1, 14)), np.zeros(1), duration)
    parts = harmonic_percussive(audio)
    pcp = PCP(None, FeatureTypes.est_beatsync)
    mfcc = MFCC(None, FeatureTypes.est_beatsync)
    pcp.compute_HPSS = lambda: parts
    pcp._audio_percussive = parts[1]
    beat_times, beat_frames = pcp.estimate_beats()
    rows = []
    for feature in (pcp, mfcc):
        feature._audio = audio
        feature._framesync_features = feature.compute_features()
        feature._compute_framesync_times()
        values, times = feature.compute_beat_sync_features(beat_frames, beat_times, pad=True)
        rows.append(values)
    return BeatFeatures(rows[0], rows[1], times, duration)


def boundary_rows(rows: np.ndarray, method: str, **settings: float) -> np.ndarray:
    """Return the rows of any feature at which Foote or SF finds a boundary.

    In one thing SF is not MSAF's: see `_mutual_neighbours`.

    Parameters
    ----------
    rows : (n, dim) of any meaning, one a beat or one a second; n >= 2, no column constant
    method : "foote" or "sf"
    settings : values of MSAF's for this method, in rows, to take instead of its defaults

    Returns
    -------
    (n_boundaries,) int64, increasing, between the first and the last row
    """
    module, config = _OF_ROWS[method]
    with np.errstate(divide="ignore", invalid="ignore"):  # a novelty that is 0 everywhere
        indices, _ = _homogeneous(module, {**config, **settings}, rows)
    return indices[1:-1]


def _circular_shift(square: np.ndarray) -> np.ndarray:
    """Turn a recurrence matrix into a time-lag matrix, as SF's own loop does element by element."""
    index = np.arange(len(square))
    return square[(index[:, None] + index) % len(square), index].astype(np.float64)


def _mutual_neighbours(columns: np.ndarray, k: float, **_: Any) -> np.ndarray:
    """Return which columns are among the k nearest of one another, (n, n) bool.

    These are the links that librosa's `recurrence_matrix` documents. As MSAF calls it, it keeps any
    k of the k + 2 nearest, which may differ between processors, and takes ten times as long.
    """
    distances = cdist(columns.T, columns.T)
    np.fill_diagonal(distances, np.inf)
    nearest = np.argsort(distances, axis=1, kind="stable")[:, : int(k)]
    linked = np.zeros(distances.shape, dtype=bool)
    np.put_along_axis(linked, nearest, True, axis=1)
    return linked & linked.T


class _GivenFeatures:
    """Stands in for MSAF's `Features` in OLDA's module, which reads them from a file by name."""

    @staticmethod
    def select_features(name: str, clip: Any, _annotated: bool, _framewise: bool) -> Any:
        return clip.features[name]


def _private_copy(module: ModuleType, **names: Any) -> Any:
    """Run a module's file again as a module of our own, and set names in that one."""
    assert module.__file__ is not None
    spec = importlib.util.spec_from_file_location(f"{__name__}.{module.__name__}", module.__file__)
    assert spec is not None
    assert spec.loader is not None
    copy = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(copy)
    vars(copy).update(names)
    return copy


_FOOTE = _private_copy(
    msaf.algorithms.foote.segmenter,
    signal=SimpleNamespace(gaussian=scipy.signal.windows.gaussian),  # moved in SciPy 1.13
)
_SF = _private_copy(msaf.algorithms.sf.segmenter, circular_shift=_circular_shift)
_SF_OF_ROWS = _private_copy(
    msaf.algorithms.sf.segmenter,
    circular_shift=_circular_shift,
    librosa=SimpleNamespace(segment=SimpleNamespace(recurrence_matrix=_mutual_neighbours)),
)
_OLDA = _private_copy(
    msaf.algorithms.olda.segmenter,
    Features=_GivenFeatures,
    logging=SimpleNamespace(warning=lambda _: None),  # a short song is no warning, and no chatter
)

Indices = tuple[np.ndarray, np.ndarray]  # boundaries as rows of the features, and their labels


_OF_ROWS = {
    "foote": (_FOOTE, msaf.algorithms.foote.config),
    "sf": (_SF_OF_ROWS, msaf.algorithms.sf.config),
}


def _homogeneous(module: Any, config: dict[str, Any], rows: np.ndarray) -> Indices:
    given = SimpleNamespace(features=rows.copy())  # the algorithms write into it
    clip = SimpleNamespace(audio_file="")
    return module.Segmenter(clip, features=given, **config).processFlat()


def _foote(features: BeatFeatures) -> Indices:
    return _homogeneous(_FOOTE, msaf.algorithms.foote.config, features.pcp)


def _sf(features: BeatFeatures) -> Indices:
    return _homogeneous(_SF, msaf.algorithms.sf.config, features.pcp)


def _olda(features: BeatFeatures) -> Indices:
    # MSAF reads the chroma back from a text file, and so in double precision.
    pcp = SimpleNamespace(
        features=features.pcp.astype(np.float64), frame_times=features.times, dur=features.duration
    )
    mfcc = SimpleNamespace(features=features.mfcc.copy())
    clip = SimpleNamespace(audio_file="", features={"pcp": pcp, "mfcc": mfcc})
    return _OLDA.Segmenter(clip, **msaf.algorithms.olda.config).processFlat()


METHODS: dict[str, Callable[[BeatFeatures], Indices]] = {
    "foote": _foote,
    "sf": _sf,
    "olda": _olda,
}
