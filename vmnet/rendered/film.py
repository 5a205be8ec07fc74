"""The film to a song: which set-up is on screen when, and its pictures one after the other."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from vmnet.rendered.canvas import FPS, HEIGHT, WIDTH, Canvas, Palette, develop, draw_palettes
from vmnet.rendered.clip_style import Style
from vmnet.rendered.editing import VIDEO_GENRES, Cutting, Editing
from vmnet.rendered.scenes import PEOPLE, SCENES, Draw, Moment
from vmnet.rendered.song import BEATS, Section, Song

LONGEST_SHOT, SHORTEST_SHOT = 8.0, 1.8  # mean lengths in seconds, of no and of full energy
_AT_LEAST = 1.0  # seconds between two cuts
_FAVOUR = 20.0  # what a place of the film's kind is worth, in the units of nearness to the style


@dataclass(frozen=True)
class SetUp:
    """A scene as one camera sees it: with which colours, from where."""

    name: str
    draw: Draw
    palette: Palette
    x: float
    y: float
    zoom: float


@dataclass(frozen=True)
class Shot:
    """One set-up on screen from frame `start` up to frame `stop`, in a section of the song.

    It fades in over `fade` frames, of which half lie before its start; 0 is a hard cut.
    """

    start: int
    stop: int
    set_up: SetUp
    section: Section
    fade: int = 0


@dataclass(frozen=True)
class Film:
    """The shots, which tile the clip, and the look of the film stock (private to the pictures).

    `editing` is how it was cut; None is by the style and section by section.
    """

    song: Song
    style: Style
    shots: tuple[Shot, ...]
    grain: np.ndarray
    letterbox: int
    editing: Editing | None = None

    @property
    def cuts(self) -> np.ndarray:
        """Times of the first frames of all shots but the first, `(n_cuts,)` seconds."""
        return np.array([shot.start / FPS for shot in self.shots[1:]])


def direct(
    song: Song, style: Style, rng: np.random.Generator, cutting: Cutting | None = None
) -> Film:
    """Choose the set-ups of every section label and cut the film to the song, or as it is told."""
    editing = cutting.editing if cutting else None
    set_ups = _draw_set_ups(style, rng, editing.video_genre if editing else "")
    rhythm_seeds = {label: int(rng.integers(2**31)) for label in set_ups}
    if cutting:
        shots = list(_shots_of(cutting, song, set_ups))
    else:
        shots = _shots_by_section(song, style, set_ups, rhythm_seeds)
    grain = rng.normal(0, rng.uniform(0.5, 3.5), (8, 1, HEIGHT, WIDTH)).astype(np.float32)
    return Film(song, style, tuple(shots), grain, int(rng.choice((0, 0, 0, 8))), editing)


def pictures(film: Film) -> Iterator[np.ndarray]:
    """Yield every frame of the film, `(90, 160, 3)` uint8 RGB, at 25 frames a second."""
    for index, shot in enumerate(film.shots):
        after = film.shots[index + 1] if index + 1 < len(film.shots) else None
        for frame in range(shot.start, shot.stop):
            picture = _picture(film, shot, frame)
            if after and (share := _faded(after, frame)) > 0:
                yield _mixed(picture, _picture(film, after, frame), share)
            elif index and (share := _faded(shot, frame)) < 1:
                yield _mixed(_picture(film, film.shots[index - 1], frame), picture, share)
            else:
                yield picture


def _faded(shot: Shot, frame: int) -> float:
    """Return how much of a shot is seen at a frame: from 0 before its fade to 1 after it."""
    if not shot.fade:
        return float(frame >= shot.start)
    return float(np.clip((frame + 0.5 - shot.start) / shot.fade + 0.5, 0, 1))


def _mixed(before: np.ndarray, after: np.ndarray, share: float) -> np.ndarray:
    mixture = before + share * (after.astype(np.float32) - before)
    return np.rint(mixture).astype(np.uint8)


def _picture(film: Film, shot: Shot, frame: int) -> np.ndarray:
    """Return what a shot looks like at a frame, be it on screen then or not."""
    pace = 0.3 + 1.2 * film.style.energy
    set_up, energy = shot.set_up, shot.section.energy
    time = frame / FPS
    beat = time / (film.song.bar / BEATS)
    pulse = float(np.exp(-4 * (beat % 1)) * min(1, 20 * (beat % 1)))
    moment = Moment(time * pace * (0.5 + energy), beat, pulse, energy)
    share = (frame - shot.start) / FPS
    canvas = Canvas(set_up.x, set_up.y, set_up.zoom * (1 + 0.02 * pace * share))
    set_up.draw(canvas, set_up.palette, moment)
    light = 0.97 + 0.08 * energy * pulse
    return develop(canvas.image, light, film.grain[frame % 8], film.letterbox)


def _shots_by_section(
    song: Song, style: Style, set_ups: dict[str, list[SetUp]], rhythm_seeds: dict[str, int]
) -> list[Shot]:
    shots: list[Shot] = []
    for section in song.sections:
        # The same seed for every section of a label: the chorus comes back cut as it was.
        edges = _cut(song, section, style, np.random.default_rng(rhythm_seeds[section.label]))
        for index, (start, stop) in enumerate(pairwise(edges)):
            choices = set_ups[section.label]
            shots.append(Shot(start, stop, choices[_turn(index, len(choices))], section))
    return shots


def _shots_of(cutting: Cutting, song: Song, set_ups: dict[str, list[SetUp]]) -> Iterator[Shot]:
    """Yield the shots of a cutting; no two that follow each other show one scene.

    A shot shows what belongs to the section in which it begins, and goes on when that ends.
    """
    edges = [0, *cutting.cuts.tolist(), round(song.duration * FPS)]
    before = ""
    for index, (start, stop) in enumerate(pairwise(edges)):
        on_time = start - cutting.editing.offset  # an early cut to a section belongs to it
        begun = [section for section in song.sections if round(section.start * FPS) <= on_time]
        choices = set_ups[begun[-1].label]
        turn = _turn(index, len(choices))
        others = [choice for choice in (*choices[turn:], *choices) if choice.name != before]
        fade = int(cutting.fades[index - 1]) if index else 0
        before = others[0].name
        yield Shot(start, stop, others[0], begun[-1], fade)


def _turn(index: int, n_set_ups: int) -> int:
    """Return the set-up of the shot `index` of a section: the first one every other time."""
    return 0 if index % 2 == 0 else 1 + (index // 2) % (n_set_ups - 1)


def _draw_set_ups(
    style: Style, rng: np.random.Generator, video_genre: str = ""
) -> dict[str, list[SetUp]]:
    """Draw places near the style, and spread them and the people over the section labels.

    Acoustic styles show a singer in the verses, energetic ones a dancer in the choruses; a video
    genre has places and people of its own.
    A section never begins on the scene on which the one before it can end.
    """
    genre = VIDEO_GENRES.get(video_genre)
    palettes = draw_palettes(style, rng)
    nearness = [
        -(((place.electronic - style.electronic) / 0.25) ** 2)
        - ((place.warmth - style.warmth) / 0.5) ** 2
        for place in SCENES.values()
    ]
    taste = np.array(nearness) + rng.gumbel(0, 0.5, len(SCENES))
    if genre:
        taste += [_FAVOUR * (name in genre.places) for name in SCENES]
    places = [list(SCENES)[index] for index in np.argsort(-taste)]
    singer, dancer = style.electronic < 0.6 and "singer", style.energy > 0.4 and "dancer"
    if genre and genre.person is not None:
        singer = dancer = genre.person
    scenes = {
        "verse": (places[0], singer or places[7], places[1]),
        "chorus": (places[2], dancer or places[8], places[3]),
        "bridge": (places[4], places[5]),
        "intro": (places[6], places[1]),
        "outro": (places[6], places[3]),
    }
    return {
        label: [_set_up(name, style, palettes[label], rng) for name in names]
        for label, names in scenes.items()
    }


def _set_up(name: str, style: Style, palette: Palette, rng: np.random.Generator) -> SetUp:
    scene = PEOPLE[name] if name in PEOPLE else SCENES[name].scene
    x, y = rng.uniform(-0.15, 0.15, 2)
    return SetUp(name, scene(rng, style), palette, float(x), float(y), float(rng.uniform(0.9, 1.2)))


def _cut(song: Song, section: Section, style: Style, rng: np.random.Generator) -> list[int]:
    """Return the frames at which the shots of a section begin, and the frame at which it ends.

    Shots last whole beats, in electronic styles mostly whole bars; in acoustic styles cuts come
    up to half a beat early or late. Every section begins with a cut on its first downbeat.
    """
    first, last = round(section.start * FPS), round(section.end * FPS)
    mean = LONGEST_SHOT * (SHORTEST_SHOT / LONGEST_SHOT) ** section.energy
    beat = song.bar / BEATS
    edges, time = [first], section.start
    while True:
        beats = max(1, round(mean * rng.uniform(0.7, 1.3) / beat))
        if rng.random() < style.electronic:
            beats = max(2, BEATS * round(beats / BEATS))
        time += max(beats, np.ceil(_AT_LEAST / beat)) * beat
        slip = rng.uniform(-0.5, 0.5) * beat * (1 - style.electronic)
        frame = round((time + slip) * FPS)
        if frame > last - _AT_LEAST * FPS:
            return [*edges, last]
        if frame >= edges[-1] + _AT_LEAST * FPS:
            edges.append(frame)
