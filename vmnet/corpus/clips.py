"""What a corpus is: clips, each with a file and a split, and the source of their features."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from vmnet.corpus.sources import FeatureSource

SPLITS = ("train", "valid", "test")
"""What every corpus has."""

EXTRA = "extra"
"""The split of videos of other kinds, which a training may draw on beside its own clips. They are
no clips of the corpus proper: they are never ranked, and a corpus need have none."""


@dataclass(frozen=True)
class Clip:
    """One music video: its video track and its music track belong together.

    `path` is absolute. `split` is one of `SPLITS`, or `EXTRA`. `genre` is of the music,
    `video_genre` of the film. `bpm` is beats a minute and `meter` beats a bar, 0 where not known.
    """

    clip_id: str
    path: Path
    split: str
    title: str = ""
    genre: str = ""
    artist: str = ""
    video_genre: str = ""
    bpm: float = 0.0
    meter: int = 0


@dataclass(frozen=True)
class Corpus:
    """Clips under one name, and where their features come from.

    `kind` says where the data come from, in the words that stand beside every number made from
    them: "rendered", "simulated", "folder", ... `split_seed` is what assigned the splits, or None
    where the corpus came with them.
    """

    name: str
    kind: str
    clips: tuple[Clip, ...]
    source: "FeatureSource"
    split_seed: int | None = None

    def split(self, name: str) -> tuple[Clip, ...]:
        """Return the clips of one split, in the corpus' order."""
        return tuple(clip for clip in self.clips if clip.split == name)

    @property
    def splits(self) -> tuple[str, ...]:
        """`SPLITS`, and `EXTRA` where there are such clips."""
        has_extra = any(clip.split == EXTRA for clip in self.clips)
        return (*SPLITS, EXTRA) if has_extra else SPLITS

    def without(self, clip_ids: Collection[str]) -> "Corpus":
        """Return the corpus without some clips; the others are split anew where a seed split them.

        Too few clips to be split stay where they are.
        """
        from vmnet.corpus.splits import MIN_FOLDER, assign_splits

        kept = tuple(clip for clip in self.clips if clip.clip_id not in clip_ids)
        if self.split_seed is not None and MIN_FOLDER <= len(kept) < len(self.clips):
            kept = assign_splits(kept, self.split_seed)
        return replace(self, clips=kept)
