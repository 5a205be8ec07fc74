"""Clips cut to one duration, so that how long a track is tells nothing of the other.

Of every clip a window of the same length is kept, the same one of both tracks, from a whole second
that a seed draws. Boundaries inside it are those of the clip; "fixed" and the shots merged to a
length are made in the window, and begin where it begins.
"""

from collections.abc import Iterable
from functools import cache

import numpy as np

from vmnet import store
from vmnet.corpus.clips import Clip
from vmnet.corpus.sources import ClipFeatures, FeatureSource
from vmnet.corpus.wrapped import Changed, WrappedSource
from vmnet.errors import VmnetError
from vmnet.segmenters import FIXED_SECONDS, fixed_boundaries
from vmnet.segmenters.boundaries import MINIMUM_SECONDS, clean, merged

SHOTS = "transnet"
MERGED = "merged_shots"
"""Shots joined to about as many segments as "fixed" makes, some 20 s long."""

VERSION = 1  # of what a window is: change it when windows become others


def window(whole: ClipFeatures, start: int, seconds: int) -> ClipFeatures:
    """Return the part of a clip from second `start` that lasts so many seconds.

    It has the boundaries of the clip, "fixed", and `MERGED` where there are shots.
    """

    def frames(name: str) -> np.ndarray:
        rows = whole.frames[name]  # one row stands for a clip of any length
        return rows if len(rows) == 1 else rows[start : start + seconds]

    @cache
    def boundaries(name: str) -> np.ndarray:
        if name == "fixed":
            return fixed_boundaries(float(seconds))["fixed"]
        if name == MERGED:
            return merged(boundaries(SHOTS), FIXED_SECONDS)
        return clean(whole.boundaries[name] - start, float(seconds))

    segmenters = _with_made(tuple(whole.boundaries))
    return ClipFeatures(Changed(whole.frames, frames), Changed(segmenters, boundaries))


def _with_made(segmenters: tuple[str, ...]) -> tuple[str, ...]:
    """Return the segmenters of a window, by those of the whole clip."""
    return tuple(dict.fromkeys((*segmenters, "fixed", *((MERGED,) if SHOTS in segmenters else ()))))


class WindowedSource(WrappedSource):
    """Gives a window of each clip of another source; see `FeatureSource`.

    It has the inner source's segmenters, "fixed", and `MERGED` where there are shots.

    Parameters
    ----------
    inner
        The source of the whole clips.
    seconds
        Length of a window, a whole number of at least 1.
    seed
        Decides, with the clip's name, where its window begins.
    clock
        A segmenter of the inner source; the end of its boundaries is the clip's duration.
    """

    def __init__(self, inner: FeatureSource, seconds: int, seed: int, clock: str) -> None:
        super().__init__(inner)
        if seconds < 1:
            raise ValueError(f"a window lasts at least 1 s, not {seconds}")
        self.seconds, self.seed, self.clock = seconds, seed, clock
        self.segmenters = _with_made(inner.segmenters)

    def needed(self, segmenters: Iterable[str]) -> tuple[str, ...]:
        """Return the segmenters that the inner source is asked for, the clock first."""
        asked = [SHOTS if name == MERGED else name for name in segmenters if name != "fixed"]
        return tuple(dict.fromkeys([self.clock, *asked]))

    def load(self, clip: Clip) -> ClipFeatures:
        """Return the window of one clip; see `FeatureSource`.

        Raises
        ------
        VmnetError
            If the clip is shorter than the window.
        """
        whole = self.inner.load(clip)
        start = self.start(clip, float(whole.boundaries[self.clock][-1]))
        return window(whole, start, self.seconds)

    def start(self, clip: Clip, duration: float) -> int:
        """Return where the window of a clip of `duration` s begins, in seconds.

        Raises
        ------
        VmnetError
            If the clip is shorter than the window.
        """
        room = round(duration) - self.seconds
        if room < 0:
            raise VmnetError(
                f"{clip.clip_id} lasts {duration:.0f} s, less than the window of {self.seconds} s."
            )
        rng = np.random.default_rng([self.seed, *b"window", *clip.clip_id.encode()])
        return int(rng.integers(room + 1))

    def key(
        self, clips: Iterable[Clip], extractors: Iterable[str], segmenters: Iterable[str]
    ) -> str:
        """Return what stands for the windows of these clips."""
        return store.key(
            whole=self.inner.key(clips, extractors, self.needed(segmenters)),
            window=(self.seconds, self.seed, FIXED_SECONDS, MINIMUM_SECONDS, VERSION),
        )


class MergedShotsSource(WrappedSource):
    """Gives whole clips, whose shots are merged as those of a window; see `FeatureSource`."""

    def __init__(self, inner: FeatureSource) -> None:
        super().__init__(inner)
        self.segmenters = (*inner.segmenters, MERGED)

    def needed(self, segmenters: Iterable[str]) -> tuple[str, ...]:
        """Return the segmenters that the inner source is asked for."""
        return tuple(dict.fromkeys(SHOTS if name == MERGED else name for name in segmenters))

    def load(self, clip: Clip) -> ClipFeatures:
        """Return one clip; see `FeatureSource`."""
        whole = self.inner.load(clip)

        def boundaries(name: str) -> np.ndarray:
            if name == MERGED:
                return merged(whole.boundaries[SHOTS], FIXED_SECONDS)
            return whole.boundaries[name]

        return ClipFeatures(whole.frames, Changed(self.segmenters, boundaries))

    def key(
        self, clips: Iterable[Clip], extractors: Iterable[str], segmenters: Iterable[str]
    ) -> str:
        """Return what stands for these clips."""
        whole = self.inner.key(clips, extractors, self.needed(segmenters))
        return store.key(whole=whole, merged=(FIXED_SECONDS, VERSION))
