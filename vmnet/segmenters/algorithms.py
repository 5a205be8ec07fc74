"""Foote, SF and OLDA as functions of features: the implementations of MSAF 0.1.80 (paper IV-B).

MSAF is written to be run from its own working folder: it caches features there in a file that the
next song then reads, writes its estimates, seeds NumPy, and expects NumPy 1 and an old SciPy. So
its features and its algorithms are called here one by one, in memory, on private copies of its
modules; nothing is written and nothing outside this module changes. The rows at which boundaries
are found are those of `msaf.process` run in an empty folder (tests/test_music_segmenters.py); their
times are where these rows begin, while MSAF gives where they end, a beat late. Rows differ where
it divides by zero: a feature that never changes says nothing there, and a curve that is 0 has no
peaks, while MSAF goes on with numbers that are none and so finds nothing in the whole piece.

This is the only file that imports MSAF, when first called: the import loads librosa's kernels.
"""

import functools
import importlib.util
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import scipy
from scipy.spatial.distance import cdist

from vmnet.compiled import ensure_compiled
from vmnet.media.separation import harmonic_percussive

SAMPLE_RATE = 22_050  # Hz; MSAF's
MINIMUM_BEATS = 10  # MSAF's: a piece with no more beats than this is one segment

_loading = threading.Lock()


@dataclass(frozen=True)
class BeatFeatures:
    """What the three algorithms are given: one row per beat.

    `pcp` is (n_beats + 1, 12) float32, `mfcc` (n_beats + 1, 14) float32: the first row is of the
    sound before the first beat, the last of that from the last beat on. `times` (n_beats + 1,) are
    the beats and the end, in seconds, so that each row ends at its time; MSAF takes them for where
    the rows begin. `duration` is the length of the sound in seconds.
    """

    pcp: np.ndarray
    mfcc: np.ndarray
    times: np.ndarray
    duration: float

    @property
    def starts(self) -> np.ndarray:
        """Where each row begins, (n_beats + 1,) s: 0 and the beats."""
        return np.concatenate([[0.0], self.times])[:-1]


def beat_features(audio: np.ndarray) -> BeatFeatures:
    """Return chroma and MFCCs averaged over estimated beats, as MSAF computes them.

    Parameters
    ----------
    audio : (n_samples,) float32 at `SAMPLE_RATE`, some seconds long
    """
    msaf = _msaf()
    parts = harmonic_percussive(audio)
    pcp = msaf.pcp(None, msaf.beat_synchronous)
    mfcc = msaf.mfcc(None, msaf.beat_synchronous)
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
    return BeatFeatures(rows[0], rows[1], times, len(audio) / SAMPLE_RATE)


def found_beats(features: BeatFeatures, method: str) -> np.ndarray:
    """Return the rows of the beats at which a method finds a boundary.

    MSAF puts a boundary on the first and on the last beat of every piece too. Where the beats begin
    and end is no finding about its sections, so these two are not among them.

    Parameters
    ----------
    features : of `beat_features`
    method : "foote", "sf" or "olda"

    Returns
    -------
    (n_boundaries,) int64, increasing, between the first and the last row; none in a piece with no
    more than `MINIMUM_BEATS` beats
    """
    if len(features.times) <= MINIMUM_BEATS:
        return np.zeros(0, np.int64)
    return METHODS[method](features)


def boundary_rows(rows: np.ndarray, method: str, **settings: float) -> np.ndarray:
    """Return the rows of any feature at which Foote or SF finds a boundary.

    In one thing SF is not MSAF's: see `_mutual_neighbours`.

    Parameters
    ----------
    rows : (n, dim) of any meaning, one a beat or one a second; n >= 2, finite
    method : "foote" or "sf"
    settings : values of MSAF's for this method, in rows, to take instead of its defaults

    Returns
    -------
    (n_boundaries,) int64, increasing, between the first and the last row
    """
    return _OF_ROWS[method](rows, **settings)


def foote_novelty(rows: np.ndarray, **settings: float) -> np.ndarray:
    """Return the curve in which Foote's method finds its peaks, before it is smoothed.

    Columns that never change, or no longer once they are median-filtered, say nothing and are left
    out (their spread of 0 would make every distance undefined).

    Parameters
    ----------
    rows : (n, dim), finite
    settings : values of MSAF's to take instead of its defaults

    Returns
    -------
    (n,) float64, at most 1; all 0 where nothing changes, or n is less than the kernel's 66 rows
    """
    msaf = _msaf()
    config = {**msaf.configs["foote"], **settings}
    size = config["M_gaussian"] + config["M_gaussian"] % 2
    varied = _varying(rows)
    if len(rows) < size or not varied.size:
        return np.zeros(len(rows))
    scaled = msaf.normalize(varied, norm_type=config["bound_norm_feats"])
    filtered = _varying(msaf.foote.median_filter(scaled, M=config["m_median"]))
    if not filtered.size:
        return np.zeros(len(rows))
    kernel = msaf.foote.compute_gaussian_krnl(size)
    return _novelty(msaf.foote.compute_ssm(filtered), kernel)


def _novelty(similarity: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    """Slide the checkerboard along the diagonal, and scale as MSAF does (its slip included).

    MSAF adds the minimum where it would subtract it; where all is 0 then, it divides by 0.
    """
    curve, half = np.zeros(len(similarity)), len(kernel) // 2
    for row in range(half, len(curve) - half + 1):
        around = slice(row - half, row + half)
        curve[row] = np.sum(similarity[around, around] * kernel)
    curve += curve.min()
    curve = curve / curve.max() if curve.max() else np.zeros_like(curve)
    if not np.isfinite(curve).all():
        raise ValueError("the novelty of these rows is undefined: are they all finite?")
    return curve


def _varying(rows: np.ndarray) -> np.ndarray:
    """Return a copy of the columns that change; what is no number stays, to be noticed."""
    return rows[:, (rows != rows[:1]).any(axis=0)]


def _foote(rows: np.ndarray, **settings: float) -> np.ndarray:
    msaf = _msaf()
    size = {**msaf.configs["foote"], **settings}["L_peaks"]
    peaks = msaf.foote.pick_peaks(foote_novelty(rows, **settings), L=size)
    return np.array(peaks, dtype=np.int64)


def _sf(rows: np.ndarray, module: str = "sf", **settings: float) -> np.ndarray:
    msaf = _msaf()
    given = SimpleNamespace(features=rows.copy())  # the algorithm writes into it
    clip = SimpleNamespace(audio_file="")
    config = {**msaf.configs["sf"], **settings}
    indices, _ = getattr(msaf, module).Segmenter(clip, features=given, **config).processFlat()
    return indices[1:-1]


def _olda(features: BeatFeatures) -> np.ndarray:
    msaf = _msaf()
    # MSAF reads the chroma back from a text file, and so in double precision.
    pcp = SimpleNamespace(
        features=features.pcp.astype(np.float64), frame_times=features.times, dur=features.duration
    )
    mfcc = SimpleNamespace(features=features.mfcc.copy())
    clip = SimpleNamespace(audio_file="", features={"pcp": pcp, "mfcc": mfcc})
    indices, _ = msaf.olda.Segmenter(clip, **msaf.configs["olda"]).processFlat()
    return indices[1:-1]


METHODS: dict[str, Callable[[BeatFeatures], np.ndarray]] = {
    "foote": lambda features: _foote(features.pcp),
    "sf": lambda features: _sf(features.pcp),
    "olda": _olda,
}

_OF_ROWS: dict[str, Callable[..., np.ndarray]] = {
    "foote": _foote,
    "sf": functools.partial(_sf, module="sf_of_rows"),
}


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


def _zero_where_nothing_changes(curve_of: Callable[..., np.ndarray]) -> Callable[..., np.ndarray]:
    """Give SF's curve, which it divides by its maximum, where that is 0."""

    def safe(structure: np.ndarray) -> np.ndarray:
        changes = (structure[1:] != structure[:-1]).any()
        return curve_of(structure) if changes else np.zeros(len(structure))

    return safe


class _GivenFeatures:
    """Stands in for MSAF's `Features` in OLDA's module, which reads them from a file by name."""

    @staticmethod
    def select_features(name: str, clip: Any, _annotated: bool, _framewise: bool) -> Any:
        return clip.features[name]


def _msaf() -> Any:
    """Return MSAF's parts, loaded once."""
    with _loading:
        return _load()


@functools.cache
def _load() -> Any:
    ensure_compiled()  # before librosa, which MSAF imports, is loaded
    with _old_scipy():
        import msaf
        import msaf.algorithms
        from msaf.base import FeatureTypes
        from msaf.features import MFCC, PCP
    algorithms = msaf.algorithms
    sf = {
        "circular_shift": _circular_shift,
        "compute_nc": _zero_where_nothing_changes(algorithms.sf.segmenter.compute_nc),
    }
    neighbours = SimpleNamespace(segment=SimpleNamespace(recurrence_matrix=_mutual_neighbours))
    return SimpleNamespace(
        pcp=PCP,
        mfcc=MFCC,
        beat_synchronous=FeatureTypes.est_beatsync,
        normalize=msaf.utils.normalize,
        configs={name: getattr(algorithms, name).config for name in ("foote", "sf", "olda")},
        foote=_private_copy(
            algorithms.foote.segmenter,
            signal=SimpleNamespace(gaussian=scipy.signal.windows.gaussian),  # moved in SciPy 1.13
        ),
        sf=_private_copy(algorithms.sf.segmenter, **sf),
        sf_of_rows=_private_copy(algorithms.sf.segmenter, **sf, librosa=neighbours),
        olda=_private_copy(
            algorithms.olda.segmenter,
            Features=_GivenFeatures,
            logging=SimpleNamespace(warning=lambda _: None),  # a short song is no warning
        ),
    )


@contextmanager
def _old_scipy() -> Iterator[None]:
    """Give SciPy back the name that MSAF imports, for the time of the import."""
    scipy.inf = np.inf
    try:
        yield
    finally:
        del scipy.inf


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
