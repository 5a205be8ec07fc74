"""Features that hold nothing: a control that leaves a network the cuts of a clip and no more."""

from collections.abc import Iterable

import numpy as np

from vmnet import store
from vmnet.corpus.clips import Clip
from vmnet.corpus.sources import ClipFeatures, FeatureSource
from vmnet.corpus.wrapped import Changed, WrappedSource

VERSION = 1  # of what is drawn


class BlankSource(WrappedSource):
    """Gives noise for the frames of another source, and its boundaries; see `FeatureSource`.

    Every number of every second is drawn from a standard normal distribution by the seed, the clip
    and the extractor, so that nothing links the two tracks of a clip. There are as many seconds and
    dimensions as before: the mean of many seconds of noise is smaller than that of few, and the
    more dimensions, the better it tells how long a segment is. What a network finds in that, it
    finds in the cuts.
    """

    def __init__(self, inner: FeatureSource, seed: int) -> None:
        super().__init__(inner)
        self.seed = seed

    def load(self, clip: Clip) -> ClipFeatures:
        """Return the boundaries of one clip with noise for its frames; see `FeatureSource`."""
        given = self.inner.load(clip)

        def noise(name: str) -> np.ndarray:
            own = [self.seed, *b"blank", *name.encode(), 0, *clip.clip_id.encode()]
            shape = given.frames[name].shape
            return np.random.default_rng(own).standard_normal(shape, dtype=np.float32)

        return ClipFeatures(Changed(self.extractors, noise), given.boundaries)

    def key(
        self, clips: Iterable[Clip], extractors: Iterable[str], segmenters: Iterable[str]
    ) -> str:
        """Return what stands for the noise and the boundaries of these clips."""
        return store.key(
            given=self.inner.key(clips, extractors, segmenters), blank=(self.seed, VERSION)
        )
