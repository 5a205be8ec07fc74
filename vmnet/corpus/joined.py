"""One corpus to train on, another to test on, as the paper has HIMV-50K and MVD (V-B)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from vmnet import store
from vmnet.corpus.clips import Clip, Corpus
from vmnet.corpus.sources import ClipFeatures, ClipView, FeatureSource, Picture
from vmnet.errors import VmnetError


@dataclass(eq=False)
class JoinedSource(FeatureSource):
    """Takes the test clips from `test` and all others from `training`; see `FeatureSource`.

    It gives what both give.
    """

    training: FeatureSource
    test: FeatureSource

    def __post_init__(self) -> None:
        theirs = self.test.extractors
        self.extractors = {
            name: modality for name, modality in self.training.extractors.items() if name in theirs
        }
        segmenters = self.test.segmenters
        self.segmenters = tuple(name for name in self.training.segmenters if name in segmenters)
        self.whitened = self.training.whitened

    def _of(self, clip: Clip) -> FeatureSource:
        return self.test if clip.split == "test" else self.training

    def _parts(self, clips: Iterable[Clip]) -> tuple[tuple[FeatureSource, list[Clip]], ...]:
        clips = list(clips)
        return tuple(
            (part, [clip for clip in clips if self._of(clip) is part])
            for part in (self.training, self.test)
        )

    def load(self, clip: Clip) -> ClipFeatures:
        """Read one clip; see `FeatureSource`."""
        found = self._of(clip).load(clip)
        return ClipFeatures(
            {name: found.frames[name] for name in self.extractors},
            {name: found.boundaries[name] for name in self.segmenters},
        )

    def key(
        self, clips: Iterable[Clip], extractors: Iterable[str], segmenters: Iterable[str]
    ) -> str:
        """Return what stands for the clips of both sources."""
        extractors, segmenters = list(extractors), list(segmenters)
        return store.key(
            parts=[part.key(own, extractors, segmenters) for part, own in self._parts(clips)]
        )

    def pictures(self, clip: Clip, count: int) -> Sequence[Picture]:
        """Return the pictures that its own source has of a clip."""
        return self._of(clip).pictures(clip, count)

    def view(self, clip: Clip) -> ClipView:
        """Return what its own source shows of a clip."""
        return self._of(clip).view(clip)


def tested_on(corpus: Corpus, other: Corpus) -> Corpus:
    """Return the train and valid clips of `corpus` with the test clips of `other`.

    Segmenters and features are those that both have.

    Raises
    ------
    VmnetError
        If one of them has no such clips, or shares a clip with the other; if their features differ
        in name or in dimension, or no segmenter is common to both.
    """
    learned = tuple(clip for clip in corpus.clips if clip.split != "test")
    tested = other.split("test")
    for half, clips, what in ((corpus, learned, "train or valid"), (other, tested, "test")):
        if not clips:
            raise VmnetError(f"corpus {half.name!r} has no {what} clips: change its splits.")
    seen = sorted({clip.clip_id for clip in learned} & {clip.clip_id for clip in tested})
    if seen:
        raise VmnetError(
            f"{len(seen)} clips are in {corpus.name!r} and in the test split of {other.name!r} "
            f"({seen[0]}, ...): a test clip must never be trained on; leave them out of one."
        )
    source = JoinedSource(corpus.source, other.source)
    names = f"{corpus.name!r} and {other.name!r}"
    if not source.segmenters:
        raise VmnetError(f"{names} have no segmenter in common.")
    if set(source.extractors.values()) != {"music", "video"}:
        raise VmnetError(
            f"{names} have no features of both modalities in common: export those of media files "
            "first (vmnet export)."
        )
    first, second = source.load(learned[0]).frames, source.load(tested[0]).frames
    for name in source.extractors:
        if first[name].shape[1] != second[name].shape[1]:
            raise VmnetError(
                f"{name} has {first[name].shape[1]} dimensions in {corpus.name!r} and "
                f"{second[name].shape[1]} in {other.name!r}: take features of one kind."
            )
    kind = corpus.kind if corpus.kind == other.kind else f"{corpus.kind}; test: {other.kind}"
    origins = [getattr(part, "boundaries_from", "") for part in (source.training, source.test)]
    if origins[0] != origins[1]:  # segments of two makes: that must stand beside the numbers
        kind += "; boundaries from {}, test: from {}".format(*origins)
    return Corpus(f"{corpus.name}-{other.name}", kind, learned + tested, source)
