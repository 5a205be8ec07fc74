"""A source that gives what another gives, changed: the base of windows and of blank features."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

import numpy as np

from vmnet.batch import Workers
from vmnet.corpus.clips import Clip
from vmnet.corpus.sources import ClipView, FeatureSource, Picture


class WrappedSource(FeatureSource):
    """Asks another source for everything; a subclass changes `load`, and with it `key`."""

    def __init__(self, inner: FeatureSource) -> None:
        self.inner = inner
        self.extractors = inner.extractors
        self.segmenters = inner.segmenters
        self.whitened = inner.whitened

    def needed(self, segmenters: Iterable[str]) -> tuple[str, ...]:
        """Return the segmenters that the inner source is asked for, when this is for those."""
        return tuple(segmenters)

    def check(
        self, clips: Sequence[Clip], workers: Workers = 1, retry: bool = False
    ) -> dict[str, str]:
        """Return why clips cannot be used; see `FeatureSource`."""
        return self.inner.check(clips, workers, retry)

    def remembered(
        self, clips: Iterable[Clip], extractors: Iterable[str], segmenters: Iterable[str]
    ) -> dict[str, str]:
        """Return why `compute` failed before; see `FeatureSource`."""
        return self.inner.remembered(clips, extractors, self.needed(segmenters))

    def compute(
        self,
        clips: Sequence[Clip],
        extractors: Iterable[str],
        segmenters: Iterable[str],
        workers: Workers = 1,
        retry: bool = False,
    ) -> dict[str, str]:
        """Compute what is missing for `load`; see `FeatureSource`."""
        return self.inner.compute(clips, extractors, self.needed(segmenters), workers, retry)

    def seconds_to_compute(
        self, clips: Sequence[Clip], extractors: Iterable[str], segmenters: Iterable[str]
    ) -> float:
        """Estimate how long that takes; see `FeatureSource`."""
        return self.inner.seconds_to_compute(clips, extractors, self.needed(segmenters))

    def warnings(self, clips: Iterable[Clip]) -> dict[str, tuple[str, ...]]:
        """Return what was noticed about clips; see `FeatureSource`."""
        return self.inner.warnings(clips)

    def describe(self, clip: Clip) -> str:
        """Say in a line what a clip holds; see `FeatureSource`."""
        return self.inner.describe(clip)

    def pictures(self, clip: Clip, count: int) -> Sequence[Picture]:
        """Return pictures of the whole clip; see `FeatureSource`."""
        return self.inner.pictures(clip, count)

    def view(self, clip: Clip) -> ClipView:
        """Return what there is to look at in the whole clip; see `FeatureSource`."""
        return self.inner.view(clip)


class Changed(Mapping[str, np.ndarray]):
    """Arrays by name, each changed when it is asked for: no other need have been computed."""

    def __init__(self, names: Iterable[str], change: Callable[[str], np.ndarray]) -> None:
        self._names, self._change = tuple(names), change

    def __getitem__(self, name: str) -> np.ndarray:
        if name not in self._names:
            raise KeyError(name)
        return self._change(name)

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)
