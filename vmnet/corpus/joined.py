"""One corpus to train on, another to test on, as the paper has HIMV-50K and MVD (V-B)."""

from dataclasses import dataclass

from vmnet import store
from vmnet.corpus.clips import Clip, Corpus
from vmnet.corpus.sources import ClipFeatures, FeatureSource
from vmnet.errors import VmnetError


@dataclass(eq=False)
class JoinedSource:
    """Takes the test clips from `test` and all others from `training`; see `FeatureSource`.

    It gives what both give.
    """

    training: FeatureSource
    test: FeatureSource

    def __post_init__(self) -> None:
        self.extractors = _in_both(self.training.extractors, self.test.extractors)
        self.segmenters = _in_both(self.training.segmenters, self.test.segmenters)
        self.whitened = self.training.whitened

    def key(self) -> str:
        """Return what stands for both sources."""
        return store.key(training=self.training.key(), test=self.test.key())

    def load(self, clip: Clip) -> ClipFeatures:
        """Read one clip; see `FeatureSource`."""
        found = (self.test if clip.split == "test" else self.training).load(clip)
        return ClipFeatures(
            {name: found.frames[name] for name in self.extractors},
            {name: found.boundaries[name] for name in self.segmenters},
        )


def test_split(corpus: Corpus, other: Corpus) -> Corpus:
    """Return the train and valid clips of `corpus` with the test clips of `other`.

    Segmenters and features are those that both have.

    Raises
    ------
    VmnetError
        If one of them consists of media files, has no such clips, or shares a clip with the other;
        if their features differ in dimension, or no segmenter is common to both.
    """
    learned = tuple(clip for clip in corpus.clips if clip.split != "test")
    tested = other.split("test")
    for whole, clips, what in ((corpus, learned, "train or valid"), (other, tested, "test")):
        if whole.source is None:
            raise VmnetError(
                f"corpus {whole.name!r} consists of media files: export its features first."
            )
        if not clips:
            raise VmnetError(f"corpus {whole.name!r} has no {what} clips: change its splits.")
    assert corpus.source is not None
    assert other.source is not None
    seen = sorted({clip.clip_id for clip in learned} & {clip.clip_id for clip in tested})
    if seen:
        raise VmnetError(
            f"{len(seen)} clips are in {corpus.name!r} and in the test split of {other.name!r} "
            f"({seen[0]}, ...): a test clip must never be trained on; leave them out of one."
        )
    source = JoinedSource(corpus.source, other.source)
    if not source.segmenters:
        raise VmnetError(f"{corpus.name!r} and {other.name!r} have no segmenter in common.")
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
    return Corpus(f"{corpus.name}-{other.name}", kind, learned + tested, source=source)


def _in_both(first: tuple[str, ...], second: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(name for name in first if name in second)
