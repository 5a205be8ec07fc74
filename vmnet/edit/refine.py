"""Where in a track a video segment's music begins: alignment at 1 s, inside what was matched.

The authors' next step (a finer alignment within the aligned segments). It is a subsequence
alignment without skips, since the music is not stretched: of all shifts of the video segment's
frames along the track's, the one at which they agree most. On frames instead of segments that is
the thesis' best trace (eq. 7.5).
"""

import numpy as np

from vmnet.edit.spans import TOLERANCE

OVERLAP = 0.5
"""Of the shorter of two matched segments, how much must play under the video's."""

EQUAL = 1e-3  # of the mean dot product; what differs by less is equally good
HALF_FRAME = 0.5  # seconds; frames of a second tell no finer


def refine(
    video_boundaries: np.ndarray,
    track_boundaries: np.ndarray,
    path: np.ndarray,
    video_frames: np.ndarray,
    track_frames: np.ndarray,
    overlap: float = OVERLAP,
) -> np.ndarray:
    """Return where in the track the music of each matched video segment should begin.

    The two tracks need not be cut at the same places. So the frames of the video segment are laid
    against those of the track at every shift of whole seconds at which at least half of the shorter
    segment is heard (`window`). The shift with the largest mean dot product counts; of equally good
    ones, that which begins nearest to the matched segment. A start within half a second of the
    matched segment's is that start, which frames of a second cannot tell from it.

    Parameters
    ----------
    video_boundaries : (n + 1,) s
    track_boundaries : (m + 1,) s
    path : (n_pairs, 2) int
        Matched segments, of the video and of the track.
    video_frames, track_frames : (n_seconds, dim)
        Frame t covers second t; unit norm. A segment that holds no frame's centre takes the nearest
        frame, as in `segmenters.boundaries.segment_means`.
    overlap : float
        As `OVERLAP`, in [0, 1].

    Returns
    -------
    (n_pairs,) float64 s, each in [0, the track's end); the matched segment's start where the video
    segment lasts longer than what the track has.

    Examples
    --------
    A video segment of two seconds looks as the third and fourth second of the track sound.

    >>> track = np.array([[1.0, 0], [1, 0], [0, 1], [1, 0], [1, 0]])
    >>> refine([0, 2], [0, 5], np.array([[0, 0]]), track[2:4], track)
    array([2.])
    """
    edges, cuts = np.asarray(video_boundaries, float), np.asarray(track_boundaries, float)
    starts = [
        _start(edges[i : i + 2], cuts[j : j + 2], video_frames, track_frames, overlap)
        for i, j in np.asarray(path, int).reshape(-1, 2)
    ]
    return np.array(starts, dtype=np.float64)


def window(
    seconds: float, track_start: float, track_end: float, overlap: float = OVERLAP
) -> tuple[float, float]:
    """Return the first and the last start (s) at which enough of a segment of a track plays.

    Examples
    --------
    Under 10 s of video at least half of them, and under 30 s at least half of the track's segment.

    >>> window(10.0, 40.0, 60.0), window(30.0, 40.0, 60.0)
    ((35.0, 55.0), (20.0, 50.0))
    """
    least = overlap * min(seconds, track_end - track_start)
    return track_start + least - seconds, track_end - least


def frames_within(start: float, end: float, n_frames: int) -> slice:
    """Return the frames whose centres lie in [start, end) s, or the one nearest to its middle."""
    first, stop = (int(np.clip(np.ceil(time - 0.5), 0, n_frames)) for time in (start, end))
    if stop > first:
        return slice(first, stop)
    nearest = int(np.clip(np.ceil((start + end) / 2) - 1, 0, n_frames - 1))
    return slice(nearest, nearest + 1)


def _start(
    video_segment: np.ndarray,
    track_segment: np.ndarray,
    video_frames: np.ndarray,
    track_frames: np.ndarray,
    overlap: float,
) -> float:
    """Refine one match of two segments, (2,) s each, from and to."""
    (start, end), (track_start, track_end) = video_segment.tolist(), track_segment.tolist()
    rows = frames_within(start, end, len(video_frames))
    first, last = window(end - start, track_start, track_end, overlap)
    first_shift = max(np.ceil(max(first, 0) - start - TOLERANCE), -rows.start)
    last_shift = min(np.floor(last - start + TOLERANCE), len(track_frames) - rows.stop)
    if last_shift < first_shift:
        return track_start
    shifts = np.arange(int(first_shift), int(last_shift) + 1)
    heard = track_frames[rows.start + shifts[0] : rows.stop + shifts[-1]]
    agreement = trace_means(video_frames[rows] @ heard.T)
    good = shifts[agreement >= agreement.max() - EQUAL]
    found = start + good[np.abs(start + good - track_start).round(6).argmin()]
    return track_start if abs(found - track_start) <= HALF_FRAME else max(0.0, float(found))


def trace_means(products: np.ndarray) -> np.ndarray:
    """Return the mean along each whole diagonal of (n, w >= n) products: (w - n + 1,), in order.

    >>> trace_means(np.array([[1.0, 5, 0], [0, 3, 7]]))
    array([2., 6.])
    """
    n, width = products.shape
    return np.array([products.trace(shift) / n for shift in range(width - n + 1)])
