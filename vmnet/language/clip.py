"""What is known of one film and its music, as times: all that chapter 6 looks at."""

from dataclasses import dataclass, field
from math import nan

import numpy as np


def _nothing() -> np.ndarray:
    return np.zeros(0)


@dataclass(frozen=True, eq=False)
class ClipEvents:
    """One film: its cuts, and the sections, bars and beats of its music.

    Times are seconds from the start of the film, increasing. What is not known is left empty, which
    is not the same as known to be absent: a film of one shot has no cuts.

    Attributes
    ----------
    clip_id
        Its name, of the corpus.
    duration
        Length in seconds, above 0.
    cuts
        (n_shots - 1,) times, inside the film: those of the first frame of each new shot.
    boundaries
        (n_sections + 1,) times from 0 to `duration`; empty where the sections are not known.
    labels
        (n_sections,) what each section is ("verse"); empty where that is not known.
    beats, downbeats
        (n_beats,) and (n_bars,) times; a downbeat is the first beat of its bar.
    bpm
        Beats a minute; NaN where not known.
    meter
        Beats a bar; 0 where not known.
    times, likelihood
        (n_frames,) when each frame is shown, and how likely it is the first of a new shot, in
        [0, 1]: f(t) of the thesis, 6.2.3. Empty where only the cuts are known.
    genre, video_genre
        Of the music ("Pop"), and of the film ("Dance"); "" where not known.
    chords
        (n_changes,) times at which the chord becomes another.
    resolution
        How coarse the times of cuts and chords are, in seconds: 0 for frames, 1 where only the
        second is known, whose middle the time then is.
    """

    clip_id: str
    duration: float
    cuts: np.ndarray
    boundaries: np.ndarray = field(default_factory=_nothing)
    labels: tuple[str, ...] = ()
    beats: np.ndarray = field(default_factory=_nothing)
    downbeats: np.ndarray = field(default_factory=_nothing)
    bpm: float = nan
    meter: int = 0
    times: np.ndarray = field(default_factory=_nothing)
    likelihood: np.ndarray = field(default_factory=_nothing)
    genre: str = ""
    video_genre: str = ""
    chords: np.ndarray = field(default_factory=_nothing)
    resolution: float = 0.0

    def __post_init__(self) -> None:
        if not 0 < self.duration < np.inf:
            raise ValueError(f"{self.clip_id}: a film lasts more than 0 s, not {self.duration}")
        for name in ("cuts", "boundaries", "beats", "downbeats", "chords", "times"):
            times = np.asarray(getattr(self, name), dtype=np.float64)
            if times.ndim != 1 or not np.isfinite(times).all() or (np.diff(times) <= 0).any():
                raise ValueError(f"{self.clip_id}: {name} must be increasing times in seconds")
            object.__setattr__(self, name, times)
        if ((self.cuts <= 0) | (self.cuts >= self.duration)).any():
            raise ValueError(f"{self.clip_id}: a cut lies inside the film")
        edges = self.boundaries
        if len(edges) and not (len(edges) > 1 and edges[0] == 0 and edges[-1] == self.duration):
            raise ValueError(f"{self.clip_id}: boundaries go from 0 to the end of the film")
        if self.labels and len(self.labels) != len(edges) - 1:
            raise ValueError(f"{self.clip_id}: each section has one label")
        seen = np.asarray(self.likelihood, dtype=np.float64)
        if seen.shape != self.times.shape or not ((seen >= 0) & (seen <= 1)).all():
            raise ValueError(f"{self.clip_id}: each frame has one likelihood in [0, 1]")
        object.__setattr__(self, "likelihood", seen)

    @property
    def shots(self) -> np.ndarray:
        """(n_shots,) how long each shot lasts, in seconds."""
        return np.diff([0.0, *self.cuts, self.duration])

    @property
    def beat_seconds(self) -> float:
        """How long a beat lasts, 60 / bpm, in seconds; NaN where the tempo is not known."""
        return 60 / self.bpm

    @property
    def bar_seconds(self) -> float:
        """How long a bar lasts, in seconds; NaN where tempo or meter is not known."""
        return self.beat_seconds * self.meter if self.meter else nan
