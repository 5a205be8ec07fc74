"""Foote and SF on features at 1 Hz, for clips of which nothing else is known.

Where only YouTube-8M's features exist, there is no sound to run MSAF on. Its Foote and SF are then
fed with the music features instead of beat-synchronous chroma. This differs from the paper (IV-B):
seconds are coarser than beats, and a boundary can only lie between two of them.

MSAF states its sizes in beats. Here they are what its defaults last at 120 beats a minute, in
whole seconds: half of them. SF links each second with its true nearest neighbours, as its authors
do (see `algorithms.boundary_rows`). `python benchmarks/youtube8m.py` measures both on simulated
clips.
"""

from collections.abc import Iterable
from importlib.metadata import version
from typing import Any

import numpy as np

from vmnet.segmenters.boundaries import LONGEST, MINIMUM_SECONDS, clean, stretches

SETTINGS: dict[str, dict[str, int]] = {
    # kernel of 66 beats, median filter of 12, peaks of a neighbourhood of 64
    "foote": {"M_gaussian": 34, "m_median": 6, "L_peaks": 32},
    # smoothing over 27 beats, vectors of 3 neighbours, peaks of a neighbourhood of 28
    "sf": {"M_gaussian": 14, "m_embedded": 2, "Mp_adaptive": 14},
}
"""MSAF's sizes by method, in seconds. Its other settings are kept; so is the smoothing of Foote's
curve, which MSAF fixes to a deviation of 4 rows."""

VERSION = 2  # of this file and `algorithms`: change it when the boundaries become others
SHORTEST = 21
"""Seconds; SF finds nothing in less, nor does Foote in less than its kernel."""

PARAMETERS: dict[str, Any] = {
    "settings": SETTINGS,
    "shortest": SHORTEST,
    "longest": LONGEST,
    "minimum_seconds": MINIMUM_SECONDS,
    "version": VERSION,
    "msaf": version("msaf"),
}
"""All that decides the boundaries beside the features; it keys the store."""


def frame_boundaries(
    frames: np.ndarray, methods: Iterable[str] = tuple(SETTINGS)
) -> dict[str, np.ndarray]:
    """Return the boundaries of a clip by each method, from its music features.

    Features that do not change over the clip say nothing, and are left out. A clip shorter than
    `SHORTEST`, or in which nothing changes, is one segment. One longer than `LONGEST` is cut into
    stretches first (`boundaries.stretches`), since SF's work grows with the square of the length.

    Parameters
    ----------
    frames : (n_seconds, dim), n_seconds >= 1, finite; frame t covers second t
    methods : names among "foote", "sf"

    Returns
    -------
    dict of (n_segments + 1,) float64 boundaries in whole seconds, from 0 to n_seconds

    Raises
    ------
    ValueError
        If the frames are empty, of another shape, or not finite.
    """
    if frames.ndim != 2 or len(frames) == 0:
        raise ValueError(f"frames must be (n_seconds >= 1, dim), not {frames.shape}")
    if not np.isfinite(frames).all():
        raise ValueError("frames must be finite")
    duration = float(len(frames))
    varied = frames[:, np.ptp(frames, axis=0) > 0]
    if len(frames) < SHORTEST or not varied.size:
        return {method: np.array([0.0, duration]) for method in methods}
    from vmnet.segmenters.algorithms import boundary_rows

    parts = [(part, varied[int(part.start) : int(part.end)]) for part in stretches(duration)]
    boundaries = {}
    for method in methods:
        settings = SETTINGS[method]
        found = [part.kept(boundary_rows(rows, method, **settings)) for part, rows in parts]
        boundaries[method] = clean(np.concatenate(found), duration)
    return boundaries
