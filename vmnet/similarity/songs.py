"""A catalog of rendered songs: artists with a style, their songs, and tags known from the making.

The thesis' catalog (3.1.2, A.3) has 14,246 tracks of 3,565 artists, which people have tagged. Here
an artist is a `Style`, a song takes it with a deviation of its own, and what `compose` and
`perform` drew says which of 67 tags are true: a value between two levels belongs to both, by
triangular membership. Annotators then forget tags, and now and then hear one that is not there.
What is written is a folder as anyone's own, which `vmnet.similarity.catalog` reads:

    tags.csv, taxonomy.csv        of the first annotator, with the relations of the tags
    second/tags.csv, ...          of another one: how well people agree
    audio/0000.flac, ...          the songs, mono, 44.1 kHz

Names of genres and moods stand for a cell of style values, and for no more than that. Five numbers
decide most of a song's sound and most of its tags, so that tags are far easier to estimate here
than in real music.
"""

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from itertools import product
from pathlib import Path

import numpy as np

from vmnet import store
from vmnet.batch import Job, Workers, run_jobs
from vmnet.corpus.media_source import RENDERED
from vmnet.errors import VmnetError
from vmnet.rendered.clip_style import Style, draw_names
from vmnet.rendered.render import VERSION as RENDERER
from vmnet.rendered.song import BEATS, MAJOR_SCALE, Song, compose
from vmnet.rendered.synth import SAMPLE_RATE, Instrument, draw_band, perform
from vmnet.similarity.tags import TAG_COLUMNS, TAGS, TAXONOMY, TAXONOMY_COLUMNS

VERSION = 2  # of the tags, their annotators and the level; the renderer has its own
SECOND = "second"  # the folder of the second annotator
LEVEL = 10 ** (-23 / 20)  # of all songs, -23 dBFS: by its loudness alone one would know the tempo
DEVIATION = 0.12  # of a song's style from its artist's
SONGS_OF_AN_ARTIST = (2, 6)  # fewest and most; 4.0 in the thesis on average
CUT = 0.25  # a tag that holds less is not given
KEPT, WEIGHED, FALSE = 0.9, (0.7, 1.0), 0.01  # of an annotator: true tags, their weight, others

# --- the tags ------------------------------------------------------------------------------------

FAMILIES = ("Acoustic", "Electronic")
_GENRES = {  # family, energy in three levels, warmth in two
    "Acoustic": (("Chamber", "Lullaby"), ("Folk", "Country"), ("Bluegrass", "Folk Rock")),
    "Electronic": (("Ambient", "Downtempo"), ("Synth Pop", "Deep House"), ("Techno", "Disco")),
}
MODES = ("Minor", "Major")
_MOODS = {  # mode, energy in three levels, density in two
    "Minor": (("Lonely", "Brooding"), ("Wistful", "Restless"), ("Stern", "Furious")),
    "Major": (("Peaceful", "Dreamy"), ("Hopeful", "Playful"), ("Proud", "Euphoric")),
}
TEMPI = ("Very Slow", "Slow", "Moderate", "Brisk", "Fast", "Very Fast")
_TEMPO_RANGE = (70.0, 160.0)  # beats a minute of the slowest and the fastest
_NAMES = ("C", "Db", "D", "Eb", "E", "F", "Gb", "G", "Ab", "A", "Bb", "B")
TONICS = tuple(f"Key of {name}" for name in _NAMES)
CATEGORIES = {  # of the thesis' five, lyrics are lacking; the key is ours
    "Genre": (*FAMILIES, *(tag for f in FAMILIES for pair in _GENRES[f] for tag in pair)),
    "Recording": (
        *("Plucked", "Sustained", "Detuned", "Hollow Lead", "Vibrato Lead"),
        *("Drum Machine", "Skins", "Four on the Floor", "Dry", "Roomy", "Bright", "Muffled"),
        "Quick Arpeggio",
    ),
    "Mood": (*MODES, *(tag for m in MODES for pair in _MOODS[m] for tag in pair)),
    "Movement": (
        *TEMPI,
        *("Sparse", "Busy", "Straight Kick", "Syncopated Kick", "Sixteenth Hats", "Snare Roll"),
        *("Intro", "Bridge"),
    ),
    "Key": TONICS,
}
CATEGORY_WEIGHTS = {"Key": 0.3}  # few choose music by its tonic; 1 elsewhere

_NEIGHBOUR, _PARENT, _FIFTH = 0.4, 0.6, 0.3
_IMPLIED = {  # what else goes with what, and how far
    ("Four on the Floor", "Drum Machine"): 0.6,  # hardly anybody else plays it
    ("Drum Machine", "Electronic"): 0.4,  # but not only there
    ("Detuned", "Electronic"): 0.4,  # synthesisers are
    ("Skins", "Acoustic"): 0.4,
    ("Plucked", "Acoustic"): 0.4,
    ("Fast", "Busy"): 0.2,  # as many notes a bar are more notes a second
    ("Very Fast", "Busy"): 0.2,
    ("Very Slow", "Sparse"): 0.2,
    ("Techno", "Four on the Floor"): 0.4,  # what it is known for
    ("Disco", "Four on the Floor"): 0.4,
    ("Sixteenth Hats", "Busy"): 0.2,
}


def implications() -> dict[tuple[str, str], float]:
    """Return how far a tag implies another: E but for its diagonal."""
    found = dict(_IMPLIED)
    for family, of_family in (*_GENRES.items(), *_MOODS.items()):
        cells = {(i, j): tag for i, pair in enumerate(of_family) for j, tag in enumerate(pair)}
        found |= {(tag, family): _PARENT for tag in cells.values()}
        for (a, b), (c, d) in product(cells, cells):  # cells one level apart
            if abs(a - c) + abs(b - d) == 1:
                found[cells[a, b], cells[c, d]] = _NEIGHBOUR
    for i, j in product(range(len(TEMPI)), repeat=2):
        if abs(i - j) == 1:
            found[TEMPI[i], TEMPI[j]] = _NEIGHBOUR
    for i in range(12):  # scales a fifth apart share six of their seven notes
        found[TONICS[i], TONICS[(i + 7) % 12]] = _FIFTH
        found[TONICS[i], TONICS[(i + 5) % 12]] = _FIFTH
    return found


# --- a song --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class SongPlan:
    """A song before it is played: everything drawn but its samples."""

    seed: int
    number: int
    artist: str
    style: Style
    song: Song

    @property
    def name(self) -> str:
        """Its file in the catalog."""
        return f"audio/{self.number:04d}.flac"

    @property
    def band(self) -> dict[str, Instrument]:
        """The timbres that `perform` draws first."""
        return draw_band(self.style, self._player())

    def sound(self) -> np.ndarray:
        """Return the music, `(n_samples,)` float32 in [-1, 1] at 44.1 kHz, all at one level.

        The renderer makes energetic songs louder and faster; people who publish music level it.
        """
        mono = perform(self.song, self.style, self._player()).mean(axis=1)
        return mono * np.float32(LEVEL / max(float(np.sqrt(np.mean(mono**2))), 1e-9))

    def _player(self) -> np.random.Generator:
        return _generator(self.seed, self.number, 1)


def plan_songs(n_songs: int, seconds: float, seed: int) -> list[SongPlan]:
    """Draw the songs of a catalog, artist by artist; song i depends on (seed, i, seconds) alone."""
    plans: list[SongPlan] = []
    artist = 0
    while len(plans) < n_songs:
        rng = _generator(seed, artist, 0)
        style = Style.draw(rng)
        name = f"{draw_names(rng)[1]} ({artist + 1})"  # the number tells namesakes apart
        low, high = SONGS_OF_AN_ARTIST
        for number in range(len(plans), len(plans) + int(rng.integers(low, high + 1))):
            heard = style.interpreted(rng, DEVIATION)
            plans.append(SongPlan(seed, number, name, heard, compose(heard, seconds, rng)))
        artist += 1
    return plans[:n_songs]


def true_tags(plan: SongPlan) -> dict[str, float]:
    """Return how far each tag holds of a song, in [`CUT`, 1]; what holds less is left out."""
    style, song = plan.style, plan.song
    mode = MODES[song.scale == MAJOR_SCALE]
    low, high = _TEMPO_RANGE
    tempo = (60 * BEATS / song.bar - low) / (high - low)
    degrees = {
        **_levels(style.electronic, FAMILIES),
        **_cells(_GENRES["Acoustic"], style.energy, style.warmth, 1 - style.electronic),
        **_cells(_GENRES["Electronic"], style.energy, style.warmth, style.electronic),
        **_recording(plan),
        mode: 1.0,
        **_cells(_MOODS[mode], style.energy, style.density, 1.0),
        **_levels(tempo, TEMPI),
        **_movement(song),
        TONICS[song.tonic % 12]: 1.0,
    }
    return {tag: min(1.0, float(degree)) for tag, degree in degrees.items() if degree >= CUT}


def _recording(plan: SongPlan) -> dict[str, float]:
    """Return how far the tags hold that tell of instruments, drums and room."""
    style, song, band = plan.style, plan.song, plan.band
    floors = [s for s in song.sections if (song.parts[s.label].drums["kick"][::4] > 0).all()]
    return {
        **_ends(band["lead"].decay / 3.25, ("Plucked", "Sustained")),
        "Detuned": max(0.0, band["pad"].detune / 0.06 - 1),
        "Hollow Lead": float(band["lead"].even < 1),
        "Vibrato Lead": max(0.0, band["lead"].vibrato / 0.125 - 1),
        **_ends(style.electronic, ("Skins", "Drum Machine")),
        "Four on the Floor": _share(floors, song),
        **_ends(style.brightness, ("Roomy", "Dry")),  # by the length of the echo
        **_ends(style.warmth, ("Bright", "Muffled")),  # by the filter of the mix
        "Quick Arpeggio": float(song.parts["verse"].arpeggio[0].length == 2),
    }


def _movement(song: Song) -> dict[str, float]:
    """Return how far the tags hold that tell of notes, drums and form."""
    played = [song.parts[label] for label in {section.label for section in song.sections}]
    notes = np.mean([len(p.melody) / len(p.chords) for p in played if p.melody])  # a bar: 2 to 8
    kicks = np.mean([(p.drums["kick"] == 0.7).sum() for p in played])  # off the beat: 0 to 3
    hats = [s for s in song.sections if song.parts[s.label].drums["hat"][1::2].any()]
    rolls = [s for s in song.sections if s.energy > 0.4]
    labels = {section.label for section in song.sections}
    return {
        **_ends(float(notes - 2) / 6, ("Sparse", "Busy")),
        **_ends(float(kicks) / 3, ("Straight Kick", "Syncopated Kick")),
        "Sixteenth Hats": _share(hats, song),
        "Snare Roll": len(rolls) / len(song.sections),
        "Intro": float("intro" in labels),
        "Bridge": float("bridge" in labels),
    }


def _share(sections: list, song: Song) -> float:
    """Return which share of a song some sections last."""
    return sum(section.end - section.start for section in sections) / song.duration


def _levels(value: float, names: tuple[str, ...]) -> dict[str, float]:
    """Return how far a value in [0, 1] belongs to levels from low to high, with sum 1."""
    place = float(np.clip(value, 0, 1)) * (len(names) - 1)
    return {name: max(0.0, 1 - abs(place - level)) for level, name in enumerate(names)}


def _ends(value: float, names: tuple[str, str]) -> dict[str, float]:
    """Return how far a value in [0, 1] is low, or high; of the middle nothing is said."""
    high = float(np.clip(2 * value - 1, -1, 1))
    return {names[0]: max(0.0, -high), names[1]: max(0.0, high)}


def _cells(
    grid: tuple[tuple[str, str], ...], energy: float, across: float, at_most: float
) -> dict[str, float]:
    """Return how far two values belong to the cells of a grid: as far as the less fitting does."""
    rows = _levels(energy, tuple("012"[: len(grid)])).values()
    columns = _levels(across, ("0", "1")).values()
    return {
        tag: min(row, column, at_most)
        for pair, row in zip(grid, rows, strict=True)
        for tag, column in zip(pair, columns, strict=True)
    }


def annotated(true: Mapping[str, float], rng: np.random.Generator) -> dict[str, float]:
    """Return the tags that an annotator gives to a song, at least one, and how far.

    A true tag is kept with probability 0.9 and weighs 0.7 to 1 of what it should; of the others one
    in a hundred is given, too.
    """
    given = {}
    for tag in (tag for tags in CATEGORIES.values() for tag in tags):
        chance, weight = rng.random(), rng.uniform(*WEIGHED)
        if tag in true and chance < KEPT:
            given[tag] = true[tag] * weight
        elif tag not in true and chance < FALSE:
            given[tag] = weight
    return given or dict(true)


# --- the folder ----------------------------------------------------------------------------------


def render_songs(
    data: Path, n_songs: int, seconds: float, seed: int, jobs: Workers = 1, progress: bool = True
) -> Path:
    """Render a catalog, or what is missing of it, and return its folder.

    Parameters
    ----------
    data
        Where its folder goes; its name is made from what it was drawn from.
    n_songs, seconds
        How many songs, and how long each is.
    seed
        What they are drawn from.
    jobs
        Songs rendered at once.

    Raises
    ------
    VmnetError
        If no songs, or songs of no length, are asked for, or one cannot be written.
    """
    if n_songs < 1 or not 0 < seconds < np.inf or seed < 0:
        raise VmnetError(
            f"{n_songs} songs of {seconds:g} s and seed {seed} cannot be rendered: ask for one or "
            "more, for more than 0 seconds, and a seed of 0 or more."
        )
    drawn_from = {"n": n_songs, "seconds": seconds, "seed": seed, "version": (VERSION, RENDERER)}
    folder = Path(data) / f"songs-{store.key(**drawn_from)}"
    if (folder / TAGS).exists():  # written last
        return folder
    store.remove_partial(folder)
    plans = plan_songs(n_songs, seconds, seed)
    paths = [folder / plan.name for plan in plans]
    work = [
        Job(plan.name, path, partial(_write_song, path, plan), path)
        for path, plan in zip(paths, plans, strict=True)
    ]
    if failed := run_jobs(work, jobs, "rendering songs", progress, unit="song"):
        raise VmnetError(f"{min(failed)} cannot be rendered: {failed[min(failed)]}")
    true = [true_tags(plan) for plan in plans]
    for place, annotator in ((folder / SECOND, 3), (folder, 2)):
        store.save_text(place / TAXONOMY, _taxonomy_text())
        store.save_text(place / TAGS, _tags_text(plans, true, annotator))
    return folder


def _write_song(path: Path, plan: SongPlan) -> None:
    import soundfile

    with (
        store.written_whole(path) as temporary,
        soundfile.SoundFile(temporary, "w", SAMPLE_RATE, channels=1, subtype="PCM_16") as file,
    ):
        file.comment = f"{RENDERED} song, seed {plan.seed}, number {plan.number}"
        file.write(plan.sound())


def _tags_text(plans: list[SongPlan], true: list[dict[str, float]], annotator: int) -> str:
    rows = []
    for plan, tags in zip(plans, true, strict=True):
        given = annotated(tags, _generator(plan.seed, plan.number, annotator))
        rows += [
            (plan.name, tag, plan.artist, f"{weight:.3f}") for tag, weight in sorted(given.items())
        ]
    return _csv_text((*TAG_COLUMNS, "weight"), rows)


def _taxonomy_text() -> str:
    """Return taxonomy.csv: a line that puts each tag into its category, then what implies what."""
    rows = [
        (tag, category, "", "", f"{CATEGORY_WEIGHTS.get(category, 1.0):g}")
        for category, tags in CATEGORIES.items()
        for tag in tags
    ]
    rows += [(tag, "", other, f"{far:g}", "") for (tag, other), far in implications().items()]
    return _csv_text((*TAXONOMY_COLUMNS, "weight"), rows)


def _csv_text(header: tuple[str, ...], rows: list) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([header, *rows])
    return text.getvalue()


def _generator(seed: int, number: int, stream: int) -> np.random.Generator:
    return np.random.default_rng(np.random.SeedSequence([seed, number, stream]))
