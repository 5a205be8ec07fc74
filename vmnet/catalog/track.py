"""A track of a catalog."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Track:
    """One track of a catalog; a video where the catalog is of videos.

    Attributes
    ----------
    track_id
        Its path below the catalog's folder, with "/" between folders on every system.
    path
        The media file.
    title, artist
        As the file's tags have them; without tags the file's name, and "".
    duration
        In seconds.
    """

    track_id: str
    path: Path
    title: str
    artist: str
    duration: float

    @property
    def name(self) -> str:
        """What a person calls the track."""
        return f"{self.artist}: {self.title}" if self.artist else self.title
