"""Fit a track to a video along an alignment: an edit of the music alone, by slicing.

The video is never cut and the music never stretched. What plays is a choice of offsets (time in the
track less time in the video), one for each video segment: the music goes on where the offset stays,
and is cut where it changes.

1. Offsets to choose from are all whole seconds and those of the path's matches: the offset at which
   a segment's music begins where `refine` puts it. Without frames they are the starts of the
   matched segments, and of all of the track's for the beginning of the video.
2. Each video segment takes one of them (`fewest_cuts`), so that the agreement of pictures and music
   over the whole video, in cosine times seconds, less the cost of the cuts is largest. A cut costs
   `CUT_COST` where it leads into the music that is matched (`refine.window`), or, at a segment
   without a partner, into the music of the next one that has one, which then begins early; where
   it leads elsewhere, `STRAY_COST` more. Going on is free, and past the end of the track costs a
   cut. So a shorter segment's music goes on into its neighbour's, a longer one's is left early, a
   gap is filled by the music before or after it, and where going on is nearly as good as a cut,
   there is none.
3. A cut lies on a boundary of the video's segments, and the new music enters on the beat nearest to
   where it should (`snapped`). Where the old music leaves within `PHASE` of a beat, the new enters
   as far from its own, and the pulse goes on unbroken.
4. Where the track ends, it goes on from a place that sounds alike (`loops.played`), from beat to
   beat, within a video segment if need be.
5. Without any match the track plays from where it agrees most, in one piece.
"""

from collections.abc import Iterator
from itertools import pairwise

import numpy as np

from vmnet.edit.loops import SHORTEST_PIECE, played
from vmnet.edit.refine import frames_within, refine, window
from vmnet.edit.spans import TOLERANCE, Span, require_cover

CUT_COST = 1.0
"""Cosine times seconds that a cut must gain: 0.1 of the cosine over 10 seconds, for one."""

STRAY_COST = 4.0
"""What a cut must gain beyond that if it does not lead into the music that is matched. With 2 a
rendered soundtrack is put back as well (benchmarks/edit.py), but under real videos a model's
favourite seconds played over and over, and half of a track that was matched was not heard."""

PHASE = 0.07  # seconds from a beat within which one is heard on it; mir_eval's tolerance
NEAR = 1.0  # seconds; a beat further away than this is not snapped to


def fit(
    video_boundaries: np.ndarray,
    track_boundaries: np.ndarray,
    path: np.ndarray,
    similarities: np.ndarray,
    beats: np.ndarray,
    track_seconds: float,
    video_frames: np.ndarray | None = None,
    track_frames: np.ndarray | None = None,
    *,
    cut_cost: float = CUT_COST,
) -> tuple[Span, ...]:
    """Return what of a track plays under each segment of a video; see the module's text.

    Parameters
    ----------
    video_boundaries : (n + 1,) s, increasing from 0
    track_boundaries : (m + 1,) s, increasing from 0
    path : (n_pairs, 2) int
        Matched segments, of the video (each at most once, in order) and of the track; may be empty.
    similarities : (n, m)
        Dot products of the segments.
    beats : (n_beats,) s, increasing
        Of the track; may be empty, and then nothing is snapped.
    track_seconds : float
        Length of the track.
    video_frames, track_frames : (n_seconds, dim), optional
        Embeddings of each second, unit norm. Without both of them, segments stand for their
        seconds; without those of the track, all of its places are alike.
    cut_cost : float
        As `CUT_COST`, at least 0.

    Returns
    -------
    spans that cover the video exactly once, in order, within the track; one for each video segment,
    more where the track is looped within it

    Raises
    ------
    ValueError
        If shapes disagree, times do not increase or leave the track, or the path is none.

    Examples
    --------
    The third video segment agrees with the first of the track: the music goes on over the first
    boundary and is cut at the second.

    >>> similarities = np.array([[0.9, 0.1, 0.0], [0.1, 0.9, 0.0], [0.9, 0.1, 0.0]])
    >>> path = np.array([[0, 0], [1, 1], [2, 0]])
    >>> spans = fit([0, 8, 16, 22], [0, 8, 16, 40], path, similarities, np.arange(80) / 2, 40.0)
    >>> [(span.video_start, span.track_start) for span in spans]
    [(0.0, 0.0), (8.0, 8.0), (16.0, 0.0)]
    """
    video, track = (np.asarray(b, np.float64) for b in (video_boundaries, track_boundaries))
    path = np.asarray(path, np.int64).reshape(-1, 2)
    similarities, beats = np.asarray(similarities, np.float64), np.asarray(beats, np.float64)
    _check(video, track, path, similarities, beats, track_seconds)
    if video_frames is None or track_frames is None:
        starts, others = track[path[:, 1]], track[:-1]
    else:
        starts = refine(video, track, path, video_frames, track_frames)
        others = np.arange(-np.floor(video[-1]), np.ceil(track_seconds))
    offsets = np.concatenate([starts - video[path[:, 0]], others])  # of equals the first is taken
    if video_frames is None or track_frames is None:
        agreement = segment_agreement(video, track, similarities, offsets)
    else:
        agreement = frame_agreement(video, video_frames, track_frames, offsets)
    agreement -= cut_cost * _runs_out(video, offsets, track_seconds)
    prices = _prices(video, track, path, offsets, track_seconds)
    chosen = fewest_cuts(agreement, prices, cut_cost)
    runs = _runs(video, chosen, offsets)
    pieces = _played(runs, video, beats, track_seconds, track_frames)
    spans = tuple(_split(pieces, video))
    require_cover(spans, float(video[-1]), track_seconds)
    return spans


def segment_agreement(
    video: np.ndarray, track: np.ndarray, similarities: np.ndarray, offsets: np.ndarray
) -> np.ndarray:
    """Return how well each video segment agrees with what plays under it at each offset.

    That is the integral over its seconds of the similarity to the segment that plays, and 0 where
    there is no track.

    Parameters
    ----------
    video : (n + 1,) s
    track : (m + 1,) s
    similarities : (n, m)
    offsets : (k,) s

    Returns
    -------
    (n, k) float64, cosine times seconds
    """
    integrals = np.zeros((len(similarities), len(track)))
    np.cumsum(similarities * np.diff(track), axis=1, out=integrals[:, 1:])
    rows = [
        np.interp(end + offsets, track, row) - np.interp(start + offsets, track, row)
        for row, start, end in zip(integrals, video[:-1], video[1:], strict=True)
    ]
    return np.array(rows)


def frame_agreement(
    video: np.ndarray, video_frames: np.ndarray, track_frames: np.ndarray, offsets: np.ndarray
) -> np.ndarray:
    """Return the same from frames of a second: (n, k), offsets rounded to whole seconds."""
    shifts = np.rint(offsets).astype(int)
    rows = []
    for start, end in pairwise(video):
        inside = frames_within(start, end, len(video_frames))
        heard = np.arange(inside.start, inside.stop)[:, None] + shifts
        at = heard.clip(0, len(track_frames) - 1)
        products = video_frames[inside] @ track_frames.T
        along = np.where(heard == at, np.take_along_axis(products, at, axis=1), 0)
        rows.append(along.mean(axis=0, dtype=np.float64) * (end - start))
    return np.array(rows)


def fewest_cuts(agreement: np.ndarray, prices: np.ndarray, cut_cost: float) -> np.ndarray:
    """Choose an offset for each segment: most agreement, less the cost of the cuts.

    best[i, k] = agreement[i, k]
                 + max(best[i - 1, k], max_l best[i - 1, l] - cut_cost - prices[i, k])

    Of equals, the latest cut.

    Parameters
    ----------
    agreement : (n, k) cosine times seconds
    prices : (n, k)
        What a cut to an offset at a segment costs more, or the beginning there; inf where it must
        not be, but somewhere at the first.
    cut_cost : float

    Returns
    -------
    (n,) int64, indices of offsets

    Examples
    --------
    At the second segment the second offset gains 0.8, and two cuts lead there and back: they are
    made where one costs less than 0.4.

    >>> agreement = np.array([[2.0, 0.0], [1.0, 1.8], [2.0, 1.2]])
    >>> free = np.zeros((3, 2))
    >>> fewest_cuts(agreement, free, 0.5), fewest_cuts(agreement, free, 0.3)
    (array([0, 0, 0]), array([0, 1, 0]))
    """
    n, k = agreement.shape
    before = np.full((n, k), np.arange(k))  # the offset of the segment before
    best = agreement[0] - prices[0]
    for i in range(1, n):
        top = best.argmax()
        cut = best[top] - cut_cost - prices[i]
        before[i, cut >= best - TOLERANCE] = top
        best = agreement[i] + np.maximum(cut, best)
    chosen = np.full(n, best.argmax())
    for i in range(n - 1, 0, -1):
        chosen[i - 1] = before[i, chosen[i]]
    return chosen


def snapped(
    entry: float, beats: np.ndarray, latest: float = np.inf, leaving: float | None = None
) -> float:
    """Return where music enters: on the beat nearest to `entry`, or so that the pulse goes on.

    Before the first beat, after the last, and where no beat is within `NEAR`, there is nothing to
    snap to.

    Parameters
    ----------
    entry : s
    beats : (n_beats,) s, increasing
    latest : s
        The music cannot enter later than this, as the track would end too early.
    leaving : s, optional
        Where the music is left that played before.

    Examples
    --------
    Of beats half a second apart; the second time the old music is left 0.05 s after one.

    >>> beats = np.arange(0.25, 20, 0.5)
    >>> snapped(7.1, beats), snapped(7.1, beats, leaving=3.30)
    (7.25, 7.3)
    """
    if not len(beats) or not beats[0] <= entry <= beats[-1]:
        return entry
    late = 0.0 if leaving is None else leaving - _nearest(beats, leaving)
    late = late if abs(late) <= PHASE else 0.0
    places = beats + late
    places = places[
        (places >= 0) & (places <= latest + TOLERANCE) & (np.abs(places - entry) <= NEAR)
    ]
    return _nearest(places, entry) if len(places) else entry


def _nearest(times: np.ndarray, time: float) -> float:
    """Return the nearest of some times, the earlier of two, whatever rounding makes of them."""
    return float(times[np.abs(times - time).round(6).argmin()])


def _check(
    video: np.ndarray,
    track: np.ndarray,
    path: np.ndarray,
    similarities: np.ndarray,
    beats: np.ndarray,
    track_seconds: float,
) -> None:
    for name, edges in (("video", video), ("track", track)):
        if edges.ndim != 1 or len(edges) < 2 or edges[0] != 0 or not (np.diff(edges) > 0).all():
            raise ValueError(f"{name}_boundaries must increase from 0, (n_segments + 1,) s")
    n, m = len(video) - 1, len(track) - 1
    if similarities.shape != (n, m) or not np.isfinite(similarities).all():
        raise ValueError(f"similarities must be finite and {(n, m)}, not {similarities.shape}")
    i, j = path.T
    if not ((np.diff(i) > 0).all() and (path >= 0).all() and (i < n).all() and (j < m).all()):
        raise ValueError(f"the path must match each of {n} by {m} segments at most once, in order")
    if beats.ndim != 1 or not (np.diff(beats) > 0).all():
        raise ValueError("beats must increase, (n_beats,) s")
    if not track[-2] < track_seconds < np.inf:
        raise ValueError(f"a track of {track_seconds} s has no segment at {track[-2]} s")


def _prices(
    video: np.ndarray,
    track: np.ndarray,
    path: np.ndarray,
    offsets: np.ndarray,
    track_seconds: float,
) -> np.ndarray:
    """Return (n, k): what a cut to each offset costs more at each segment, or the beginning."""
    starts = video[:-1, None] + offsets
    if not len(path):
        prices = np.full(starts.shape, np.inf)
        room = max(0.0, track_seconds - video[-1])
        prices[0, (offsets >= 0) & (offsets <= room)] = 0
        return prices
    latest = max(0.0, track_seconds - SHORTEST_PIECE)
    prices = np.where((starts >= -TOLERANCE) & (starts <= latest), STRAY_COST, np.inf)
    following = 0
    for i, j in path:
        first, last = window(video[i + 1] - video[i], track[j], track[j + 1])
        matched = (starts[i] > first - TOLERANCE) & (starts[i] < last + TOLERANCE)
        prices[following : i + 1][matched & (starts[following : i + 1] >= -TOLERANCE)] = 0
        following = i + 1
    return prices


def _runs_out(video: np.ndarray, offsets: np.ndarray, track_seconds: float) -> np.ndarray:
    """Return (n, k) bool: whether the track ends under a segment, which needs a jump."""
    starts, ends = video[:-1, None] + offsets, video[1:, None] + offsets
    return (starts < track_seconds) & (ends > track_seconds + TOLERANCE)


Run = tuple[float, float, float]
"""Music that goes on: from and to where in the video, and where it enters in the track, in s."""


def _runs(video: np.ndarray, chosen: np.ndarray, offsets: np.ndarray) -> list[Run]:
    """Join the segments of one offset."""
    firsts = np.flatnonzero(np.diff(chosen, prepend=-1))
    ends = [*video[firsts[1:]], video[-1]]
    return [
        (float(video[i]), float(end), max(0.0, float(video[i] + offsets[chosen[i]])))
        for i, end in zip(firsts, ends, strict=True)
    ]


def _played(
    runs: list[Run],
    video: np.ndarray,
    beats: np.ndarray,
    track_seconds: float,
    frames: np.ndarray | None,
) -> Iterator[tuple[float, float, float]]:
    """Yield what plays, in order: from and to where in the video, and from where in the track.

    A track that ends is not left before the segment of the video under which it does.
    """
    places = beats if len(beats) > 1 else np.arange(0.0, track_seconds)
    leaving = None
    for start, end, entry in runs:
        seconds = end - start
        room = track_seconds - seconds
        latest = room if entry <= room else track_seconds - min(seconds, SHORTEST_PIECE)
        entry = float(np.clip(snapped(entry, beats, latest, leaving), 0, max(latest, 0)))
        under = video[video <= start + track_seconds - entry].max()
        kept = entry + float(under) - start
        for track_start, length in played(entry, seconds, places, track_seconds, frames, kept):
            yield start, start + length, track_start
            start, leaving = start + length, track_start + length


def _split(pieces: Iterator[tuple[float, float, float]], video: np.ndarray) -> Iterator[Span]:
    """Yield the pieces cut at the boundaries of the video's segments."""
    for start, end, track_start in pieces:
        inner = video[(video > start + TOLERANCE) & (video < end - TOLERANCE)]
        edges = np.array([start, *inner, end])
        segments = np.searchsorted(video, (edges[:-1] + edges[1:]) / 2, side="right") - 1
        for first, last, segment in zip(edges[:-1], edges[1:], segments, strict=True):
            begins = track_start + float(first) - start
            yield Span(float(first), float(last), begins, int(segment))
