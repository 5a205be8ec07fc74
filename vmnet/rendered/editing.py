"""How a film is cut to its song: an editing style as a few numbers, and the kinds of music video.

The thesis asks whether cuts keep to beats, bars and sections (chapter 6), and how that differs
between kinds of music video. Here is what it looks for, so that it can be put into films whose
truth is known. What is measured on such films tells whether the instrument finds what is there, and
nothing about films that people made.
"""

from dataclasses import dataclass

import numpy as np

from vmnet.rendered.canvas import FPS
from vmnet.rendered.clip_style import Style
from vmnet.rendered.song import BEATS, Song

UNITS = ("free", "beat", "bar", "section")
SHORTEST = 4  # frames between two cuts, so that each shot can be seen
EARLIEST = -3  # frames
SHORTEST_FADE, LONGEST_FADE = 6, 24  # frames


@dataclass(frozen=True)
class Editing:
    """How a film is cut.

    Shots are drawn from a log-normal distribution; each cut between them is moved, or not, to the
    nearest beat, downbeat or start of a section. Cuts that come to lie within `SHORTEST` frames are
    one, so that films are cut more slowly than `beats` says where it is shorter than the unit.

    Attributes
    ----------
    beats
        Mean length of a shot, in beats of the song, before cuts are moved.
    spread
        Standard deviation of the logarithm of that length.
    unit
        One of `UNITS`, what cuts are moved to; "free" is nothing.
    sync
        Share of the cuts that are moved, in [0, 1]; 0 where the unit is "free".
    offset
        Frames by which cuts that are moved come early, -3 to 0.
    boundary
        Chance of a cut at the start of a section, beside those that come to lie there.
    gradual
        Chance that a cut is a cross-fade of 6 to 24 frames, where the shots beside it are as long.
    video_genre
        The kind of music video whose style it is, a key of `VIDEO_GENRES`; "" is none.

    Raises
    ------
    ValueError
        If a value lies outside its range.
    """

    beats: float
    spread: float = 0.7
    unit: str = "free"
    sync: float = 0.0
    offset: int = 0
    boundary: float = 0.0
    gradual: float = 0.0
    video_genre: str = ""

    def __post_init__(self) -> None:
        shares = (self.sync, self.boundary, self.gradual)
        within = all(0 <= share <= 1 for share in shares) and EARLIEST <= self.offset <= 0
        if not (within and 0 < self.beats < np.inf and 0 <= self.spread < np.inf):
            raise ValueError(f"{self}: a value lies outside its range")
        if self.unit not in UNITS or (self.unit == "free" and self.sync):
            raise ValueError(f"{self}: cuts are moved to {', '.join(UNITS[1:])}, free ones are not")
        if self.video_genre not in ("", *VIDEO_GENRES):
            raise ValueError(f"there is no video genre {self.video_genre!r}: {', '.join(NAMES)}")

    def cut(self, song: Song, rng: np.random.Generator) -> "Cutting":
        """Cut a film to a song."""
        n_frames = round(song.duration * FPS)
        free = self._free_cuts(song, rng)
        moved = rng.random(len(free)) < self.sync
        if moved.any():
            points = self._points(song)
            free[moved] = points[np.abs(free[moved, None] - points).argmin(axis=1)]
        frames = np.rint(free * FPS).astype(int) + self.offset * moved
        starts = np.array([section.start for section in song.sections[1:]])
        of_sections = starts[rng.random(len(starts)) < self.boundary]
        kept = _apart(frames, np.rint(of_sections * FPS).astype(int) + self.offset, n_frames)
        return Cutting(self, kept, self._fades(kept, n_frames, rng))

    def _free_cuts(self, song: Song, rng: np.random.Generator) -> np.ndarray:
        """Return the times (s) of the cuts before any is moved."""
        at_most = int(song.duration * FPS) // SHORTEST + 1
        location = np.log(self.beats) - self.spread**2 / 2  # so that the mean is `beats`
        lengths = rng.lognormal(location, self.spread, at_most) * song.bar / BEATS
        times = np.cumsum(np.maximum(lengths, SHORTEST / FPS))
        return times[times < song.duration]

    def _points(self, song: Song) -> np.ndarray:
        """Return the times (s) that cuts are moved to."""
        starts = np.array([section.start for section in song.sections])
        return {"beat": song.beats, "bar": song.downbeats, "section": starts}[self.unit]

    def _fades(self, cuts: np.ndarray, n_frames: int, rng: np.random.Generator) -> np.ndarray:
        """Return how many frames each cut lasts; a fade takes half of either shot at most."""
        wanted = rng.integers(SHORTEST_FADE, LONGEST_FADE + 1, len(cuts))
        wanted[rng.random(len(cuts)) >= self.gradual] = 0
        shots = np.diff([0, *cuts, n_frames])
        room = np.minimum(shots[:-1], shots[1:])
        return np.where(np.minimum(wanted, room) >= SHORTEST_FADE, np.minimum(wanted, room), 0)


@dataclass(frozen=True, eq=False)
class Cutting:
    """Where a film is cut: (n_cuts,) the first frame of each new shot, and how long each cut lasts.

    A fade of n frames begins n / 2 before its cut; 0 is a hard cut.
    """

    editing: Editing
    cuts: np.ndarray
    fades: np.ndarray


def _apart(cuts: np.ndarray, first: np.ndarray, n_frames: int) -> np.ndarray:
    """Return the union of two sets of frames, without those near others; `first` goes first."""
    taken = np.ones(n_frames + 1, bool)
    taken[SHORTEST : n_frames - SHORTEST + 1] = False
    kept = []
    for frame in (*first, *cuts):
        if not taken[np.clip(frame, 0, n_frames)]:
            kept.append(frame)
            taken[frame - SHORTEST + 1 : frame + SHORTEST] = True
    return np.array(sorted(kept), dtype=int)


@dataclass(frozen=True)
class VideoGenre:
    """A kind of music video: the ranges that its editing is drawn from, and what it shows.

    The kinds and how common they are, are the thesis' (3.2.3: 74, 227, 160, 62 and 25 of 548). The
    ranges are ours, set so that films of the kinds keep to the bars in the order of its table 6.3.

    Attributes
    ----------
    films
        How many of the thesis' 548 films are of this kind.
    beats, spread, sync, boundary, gradual
        The least and the largest value; beats are drawn evenly on a logarithmic scale.
    units
        The units of cuts, each as likely.
    lively
        How much more common it is among fast and electronic songs (> 0), or among slow and acoustic
        ones (< 0).
    places
        Scenes that it shows before others.
    person
        Who is on screen; "" is nobody, and None as the style has it.
    """

    films: int
    beats: tuple[float, float]
    spread: tuple[float, float]
    units: tuple[str, ...]
    sync: tuple[float, float]
    boundary: tuple[float, float]
    gradual: tuple[float, float]
    lively: float
    places: tuple[str, ...] = ()
    person: str | None = None

    def draw(self, name: str, rng: np.random.Generator) -> Editing:
        """Draw an editing style of this kind, which is called `name`."""
        unit = str(rng.choice(self.units))
        sync = float(rng.uniform(*self.sync))
        return Editing(
            beats=float(np.exp(rng.uniform(*np.log(self.beats)))),
            spread=float(rng.uniform(*self.spread)),
            unit=unit,
            sync=0.0 if unit == "free" else sync,
            offset=int(rng.choice((EARLIEST, -2, -1, 0), p=(0.1, 0.1, 0.1, 0.7))),
            boundary=float(rng.uniform(*self.boundary)),
            gradual=float(rng.uniform(*self.gradual)),
            video_genre=name,
        )


VIDEO_GENRES = {
    "Performance": VideoGenre(
        films=74,
        beats=(4, 16),
        spread=(0.6, 1.2),
        units=("free", "beat"),
        sync=(0.1, 0.4),
        boundary=(0.1, 0.4),
        gradual=(0.0, 0.1),
        lively=-0.5,
        places=("stage", "lights", "lasers"),
        person="singer",
    ),
    "Concept": VideoGenre(
        films=227,
        beats=(2, 12),
        spread=(0.4, 1.0),
        units=("beat", "bar"),
        sync=(0.3, 0.7),
        boundary=(0.3, 0.8),
        gradual=(0.0, 0.2),
        lively=0.5,
        places=("lava", "stripes", "tunnel", "tiles", "bars", "kaleidoscope", "clouds"),
        person="",
    ),
    "Narration": VideoGenre(
        films=160,
        beats=(3, 16),
        spread=(0.5, 1.0),
        units=("free", "bar", "section"),
        sync=(0.2, 0.6),
        boundary=(0.2, 0.7),
        gradual=(0.1, 0.4),
        lively=-1.0,
        places=("city", "road", "hills", "sea", "forest", "snow"),
        person="",
    ),
    "Dance": VideoGenre(
        films=62,
        beats=(2, 8),
        spread=(0.3, 0.7),
        units=("bar",),
        sync=(0.5, 0.9),
        boundary=(0.3, 0.7),
        gradual=(0.0, 0.05),
        lively=1.5,
        places=("stage", "lights", "lasers", "sunset_grid"),
        person="dancer",
    ),
    "Other": VideoGenre(
        films=25,
        beats=(4, 16),
        spread=(0.5, 1.2),
        units=("free",),
        sync=(0.0, 0.0),
        boundary=(0.0, 0.1),
        gradual=(0.0, 0.3),
        lively=0.0,
    ),
}
NAMES = tuple(VIDEO_GENRES)


def draw_video_genre(style: Style, rng: np.random.Generator) -> str:
    """Draw the kind of a film: as common as in the thesis, and as a song of this style has it."""
    lively = style.energy + style.electronic - 1
    weights = [genre.films * np.exp(genre.lively * lively) for genre in VIDEO_GENRES.values()]
    return str(rng.choice(NAMES, p=np.array(weights) / sum(weights)))
