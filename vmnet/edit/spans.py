"""Spans: which part of a track plays under which part of a video."""

from collections.abc import Sequence
from dataclasses import dataclass

TOLERANCE = 1e-6
"""Seconds by which times that should agree may differ, for rounding."""


@dataclass(frozen=True)
class Span:
    """A part of a track that plays, unstretched, under a part of a video of the same length.

    Attributes
    ----------
    video_start, video_end
        In the video, s.
    track_start
        Where the track plays from, s; it plays for as long as the part of the video lasts.
    segment
        Index of the video segment that it plays under.
    """

    video_start: float
    video_end: float
    track_start: float
    segment: int

    @property
    def seconds(self) -> float:
        """How long it plays."""
        return self.video_end - self.video_start

    @property
    def track_end(self) -> float:
        """Where the track stops, s."""
        return self.track_start + self.seconds

    def goes_on(self, following: "Span") -> bool:
        """Tell whether the track goes on into the following span without a cut."""
        return abs(following.track_start - self.track_end) <= TOLERANCE


def require_cover(spans: Sequence[Span], video_seconds: float, track_seconds: float) -> None:
    """Refuse spans that do not cover the video exactly once, in order, or leave the track.

    Raises
    ------
    ValueError
        If they do.
    """
    time = 0.0
    for span in spans:
        if abs(span.video_start - time) > TOLERANCE or not span.seconds > 0:
            raise ValueError(f"a span begins at {span.video_start} s of the video, not at {time} s")
        if span.track_start < -TOLERANCE or span.track_end > track_seconds + TOLERANCE:
            raise ValueError(
                f"a span from {span.track_start} to {span.track_end} s leaves the track, "
                f"which lasts {track_seconds} s"
            )
        time = span.video_end
    if abs(time - video_seconds) > TOLERANCE:
        raise ValueError(f"the spans end at {time} s of a video of {video_seconds} s")
