"""Where the frame features and the boundaries of a corpus' clips come from.

Every corpus has one `FeatureSource`. What lies below it asks the source, and never what kind of
corpus it has before it.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

import numpy as np

from vmnet import store
from vmnet.batch import Workers

if TYPE_CHECKING:
    from vmnet.corpus.clips import Clip

Modality = Literal["music", "video"]

MODALITIES: dict[str, Modality] = {"video": "video", "music": "music", "handcrafted": "music"}
"""What features that were made elsewhere are called, and the modality of each."""


@dataclass(frozen=True, eq=False)
class ClipFeatures:
    """What is known of one clip.

    Attributes
    ----------
    frames
        By the name of an extractor: (n_seconds, dim) float32, frame t covering second t; or
        (1, dim) for the whole clip.
    boundaries
        By segmenter: (n_segments + 1,) float64 s, increasing, from 0 to the duration.
    """

    frames: Mapping[str, np.ndarray]
    boundaries: Mapping[str, np.ndarray]


Picture = tuple[float, np.ndarray]
"""When a picture is shown (s), and its pixels, (height, width, 3) uint8 RGB."""


@dataclass(frozen=True, eq=False)
class ClipView:
    """What there is to look at in one clip, beside its features; empty where nothing is known.

    Attributes
    ----------
    kind
        Where the clip comes from, in words that stand beside its picture; "" is the corpus' kind.
    waveform
        (n_samples,) float32 mono at 8 kHz.
    curves
        What the segmenters looked at: "novelty" at "novelty_times", "shot_probability" at
        "shot_times" (s).
    sections
        True sections: start (s), end (s), label.
    cuts
        (n,) true cuts (s).
    """

    kind: str = ""
    waveform: np.ndarray = field(default_factory=lambda: np.zeros(0, np.float32))
    curves: Mapping[str, np.ndarray] = field(default_factory=dict)
    sections: Sequence[tuple[float, float, str]] = ()
    cuts: np.ndarray = field(default_factory=lambda: np.zeros(0))


class FeatureSource(ABC):
    """Gives the features and the boundaries of a clip; it is sent to worker processes.

    `extractors` gives the modality of each kind of frames that every clip has; the first of a
    modality is what a run takes unless told otherwise. `segmenters` names the boundaries that every
    clip has. `whitened` tells whether the frames come whitened, so that the network takes them as
    they are.
    """

    extractors: Mapping[str, Modality]
    segmenters: tuple[str, ...]
    whitened: bool

    @abstractmethod
    def load(self, clip: "Clip") -> ClipFeatures:
        """Return the features of one clip.

        Raises
        ------
        VmnetError
            If they cannot be had; the text names the clip, the file and the remedy.
        """

    @abstractmethod
    def key(
        self, clips: Iterable["Clip"], extractors: Iterable[str], segmenters: Iterable[str]
    ) -> str:
        """Return what stands for these frames and boundaries of these clips."""

    def check(
        self, clips: Sequence["Clip"], workers: Workers = 1, retry: bool = False
    ) -> dict[str, str]:
        """Return why clips cannot be used, by clip_id, as far as a look at the files tells.

        Parameters
        ----------
        workers
            Who looks at the files.
        retry
            Whether to look again at a file that could not be used before and has not changed.
        """
        del clips, workers, retry
        return {}

    def remembered(
        self, clips: Iterable["Clip"], extractors: Iterable[str], segmenters: Iterable[str]
    ) -> dict[str, str]:
        """Return why `compute` failed before on clips that have not changed, by clip_id."""
        del clips, extractors, segmenters
        return {}

    def compute(
        self,
        clips: Sequence["Clip"],
        extractors: Iterable[str],
        segmenters: Iterable[str],
        workers: Workers = 1,
        retry: bool = False,
    ) -> dict[str, str]:
        """Compute and keep what is missing for `load`; return why clips failed, by clip_id."""
        del extractors, segmenters
        return self.check(clips, workers, retry)

    def seconds_to_compute(
        self, clips: Sequence["Clip"], extractors: Iterable[str], segmenters: Iterable[str]
    ) -> float:
        """Estimate how long one processor computes what is missing of usable clips, in seconds."""
        del clips, extractors, segmenters
        return 0.0

    def warnings(self, clips: Iterable["Clip"]) -> dict[str, tuple[str, ...]]:
        """Return what was noticed about usable clips while they were computed, by clip_id."""
        del clips
        return {}

    def describe(self, clip: "Clip") -> str:
        """Say in a line what a clip holds; raise VmnetError if it cannot be used."""
        frames = self.load(clip).frames
        sizes = (f"{name} {rows.shape[0]} x {rows.shape[1]}" for name, rows in frames.items())
        return "  ".join(sizes)

    def pictures(self, clip: "Clip", count: int) -> Sequence[Picture]:
        """Return `count` pictures at even distances; none where there are none."""
        del clip, count
        return ()

    def view(self, clip: "Clip") -> ClipView:
        """Return what there is to look at in a clip."""
        del clip
        return ClipView()


class GivenFeatures(FeatureSource):
    """A source whose features were made elsewhere, or are drawn."""

    @abstractmethod
    def origin(self) -> str:
        """Return what stands for all that decides the features of any clip."""

    def key(
        self, clips: Iterable["Clip"], extractors: Iterable[str], segmenters: Iterable[str]
    ) -> str:
        """Return what stands for the clips' features; see `FeatureSource`."""
        del extractors, segmenters
        return store.key(source=self.origin(), clips=[clip.clip_id for clip in clips])
