"""What a corpus is: clips, each with a file and a split."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from vmnet.corpus.sources import FeatureSource

SPLITS = ("train", "valid", "test")


@dataclass(frozen=True)
class Clip:
    """One music video: its video track and its music track belong together.

    `path` is absolute. `split` is one of `SPLITS`.
    """

    clip_id: str
    path: Path
    split: str
    title: str = ""
    genre: str = ""
    artist: str = ""


@dataclass(frozen=True)
class Corpus:
    """Clips under one name.

    `kind` says where the data come from, in the words that stand beside every number made from
    them: "rendered", "simulated", "folder", ... `split_seed` is what dealt the splits, or None
    where the corpus came with them. `source` gives the features of clips that are no media files.
    """

    name: str
    kind: str
    clips: tuple[Clip, ...]
    split_seed: int | None = None
    source: "FeatureSource | None" = None

    def split(self, name: str) -> tuple[Clip, ...]:
        """Return the clips of one split ("train", "valid" or "test"), in the corpus' order."""
        return tuple(clip for clip in self.clips if clip.split == name)
