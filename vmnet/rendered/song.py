"""Songs on paper: form, tempo, harmony, melody and drum patterns. Nothing here makes a sound."""

from dataclasses import dataclass
from itertools import product

import numpy as np

from vmnet.rendered.clip_style import Style

STEPS = 16  # steps in a bar of four beats
BEATS = 4

_FORMS = {
    1: ("verse",),
    2: ("verse", "chorus"),
    3: ("intro", "verse", "chorus"),
    4: ("verse", "chorus", "verse", "chorus"),
    5: ("intro", "verse", "chorus", "verse", "chorus"),
    6: ("intro", "verse", "chorus", "verse", "chorus", "outro"),
    7: ("intro", "verse", "chorus", "verse", "chorus", "bridge", "chorus"),
    8: ("intro", "verse", "chorus", "verse", "chorus", "bridge", "chorus", "outro"),
    9: ("intro", "verse", "chorus", "verse", "chorus", "bridge", "verse", "chorus", "outro"),
}
_BRIDGE_CHORUS = ("bridge", "chorus")
_LABEL_ENERGY = {"intro": 0.2, "verse": 0.45, "chorus": 0.95, "bridge": 0.55, "outro": 0.15}
_SHORTEST = 5.5  # seconds that a section lasts at least, before the tempo is bent
_CLICK = 0.35  # velocity of the snare on every beat where no drums play, so that beats are heard
_LABEL_LENGTH = {"intro": 0.65, "verse": 1.1, "chorus": 1.1, "bridge": 0.8, "outro": 0.65}

MAJOR_SCALE = (0, 2, 4, 5, 7, 9, 11)
MINOR_SCALE = (0, 2, 3, 5, 7, 8, 10)
_PROGRESSIONS: dict[tuple[int, ...], tuple[tuple[int, ...], ...]] = {  # degrees, a chord a bar
    MAJOR_SCALE: ((0, 4, 5, 3), (3, 0, 4, 5), (5, 3, 0, 4), (0, 5, 1, 4), (0, 2, 3, 4)),
    MINOR_SCALE: ((0, 5, 2, 6), (5, 6, 0, 2), (0, 3, 6, 2), (3, 5, 0, 6), (0, 6, 5, 4)),
}
_RHYTHMS = (  # steps at which the notes of a bar begin, from few to many
    (0, 8),
    (0, 6),
    (0, 6, 10),
    (0, 4, 8, 14),
    (0, 3, 6, 10),
    (0, 3, 6, 8, 12),
    (0, 2, 4, 8, 10, 12),
    (0, 2, 4, 6, 8, 11, 14),
)


@dataclass(frozen=True)
class Note:
    """A note: MIDI `pitch`; `step` in its phrase and `length` in sixteenths of a bar."""

    step: int
    length: int
    pitch: int


@dataclass(frozen=True)
class Part:
    """What is played in every section of one label.

    `chords` holds the MIDI pitches of one chord a bar; the melody and the arpeggio span the same
    bars and repeat with them. `drums` maps a drum to its `(16,)` velocities in [0, 1].
    """

    chords: tuple[tuple[int, ...], ...]
    melody: tuple[Note, ...]
    arpeggio: tuple[Note, ...]
    drums: dict[str, np.ndarray]


@dataclass(frozen=True)
class Section:
    """A section: times in seconds, `energy` in [0, 1]."""

    label: str
    start: float
    end: float
    energy: float


@dataclass(frozen=True)
class Song:
    """A song: `bar` is the length of a bar and `duration` that of the song, in seconds.

    `tonic` is a MIDI pitch, and `scale` the major or the minor one upon it.
    """

    duration: float
    bar: float
    sections: tuple[Section, ...]
    parts: dict[str, Part]
    tonic: int
    scale: tuple[int, ...]

    @property
    def beats(self) -> np.ndarray:
        """Times of the beats, `(n_beats,)` seconds; every fourth, from the first, is a downbeat."""
        return _grid(self.bar / BEATS, self.duration)

    @property
    def downbeats(self) -> np.ndarray:
        """Times of the first beats of the bars, `(n_bars,)` seconds."""
        return self.beats[::BEATS]


def compose(style: Style, seconds: float, rng: np.random.Generator) -> Song:
    """Write a song that lasts `seconds`: its tempo is bent so that whole bars fill them.

    A song too short for that (less than about two bars) breaks off within a bar.
    """
    tempo = 70 + 80 * style.energy + rng.normal(0, 3)
    labels = draw_form(seconds, rng)
    bars = section_bars(labels, seconds, bar=60 * BEATS / tempo)
    bar = float(np.clip(seconds / sum(bars), 0.8 * 240 / tempo, 1.25 * 240 / tempo))
    edges = np.minimum(np.cumsum((0, *bars)) * bar, seconds)
    edges[-1] = seconds
    sections = tuple(
        Section(label, float(start), float(end), section_energy(label, style))
        for label, start, end in zip(labels, edges[:-1], edges[1:], strict=True)
        if end > start
    )
    scale = MAJOR_SCALE if style.brightness > 0.5 else MINOR_SCALE
    tonic = 44 + round(7 * style.brightness) + int(rng.integers(6))  # dark is also low
    return Song(seconds, bar, sections, _draw_parts(style, tonic, scale, rng), tonic, scale)


def draw_form(seconds: float, rng: np.random.Generator) -> tuple[str, ...]:
    """Draw the labels of the sections: about 5 of 8 s in 40 s, about 10 of 17 s in 3 minutes."""
    n_sections = round(max(0.79 * np.sqrt(seconds), seconds / 20) + rng.uniform(-1, 1))
    n_sections = int(np.clip(n_sections, 1, max(1, seconds // 6)))
    if n_sections in _FORMS:
        return _FORMS[n_sections]
    odd = n_sections % 2  # longer songs repeat the bridge and the chorus before the outro
    base = _FORMS[8 + odd]
    return base[:-1] + _BRIDGE_CHORUS * ((n_sections - len(base)) // 2) + base[-1:]


def section_bars(labels: tuple[str, ...], seconds: float, bar: float) -> tuple[int, ...]:
    """Return the length in bars of each section; sections of one label are equally long.

    The lengths keep the tempo, have the usual proportions, and are multiples of four or two bars,
    as well as the three can be had together.
    """
    names = tuple(dict.fromkeys(labels))
    counts = np.array([labels.count(name) for name in names])
    weights = np.array([_LABEL_LENGTH[name] for name in names])
    ideal = weights * seconds / bar / (counts @ weights)
    at_least = 1 if len(labels) == 1 else int(np.ceil(_SHORTEST / bar))
    choices = [_bars_near(value, at_least) for value in ideal]
    grid = np.array(list(product(*choices)))
    tempo_cost = np.abs(np.log(grid @ counts * bar / seconds))
    length_cost = np.abs(np.log(grid / ideal)) @ counts / counts.sum()
    phrase_cost = ((grid % 4 > 0) * 0.5 + (grid % 2 > 0)) @ counts / counts.sum()
    best = grid[np.argmin(6 * tempo_cost + length_cost + 0.3 * phrase_cost)]
    lengths = dict(zip(names, best.tolist(), strict=True))
    return tuple(lengths[label] for label in labels)


def section_energy(label: str, style: Style) -> float:
    """Return the energy of a section in [0, 1], from its label and the energy of the clip."""
    return 0.6 * _LABEL_ENERGY[label] + 0.4 * style.energy


def _bars_near(ideal: float, at_least: int) -> range:
    """Return the numbers of bars worth trying for a section of `ideal` bars, about six of them."""
    step = 1 if ideal < 6 else 2 if ideal < 12 else 4
    first = max(1, at_least, int(0.6 * ideal / step) * step)
    return range(first, max(first, int(np.ceil(1.5 * ideal))) + 1, step)


def _grid(period: float, duration: float) -> np.ndarray:
    times = np.arange(int(np.ceil(duration / period)) + 1) * period
    return times[times < duration - 1e-6]


def _draw_parts(
    style: Style, key: int, scale: tuple[int, ...], rng: np.random.Generator
) -> dict[str, Part]:
    """Draw verse, chorus and bridge; the intro and the outro thin out what they lead to."""
    order = rng.permutation(len(_PROGRESSIONS[scale]))
    progressions = [_PROGRESSIONS[scale][index] for index in order]
    drums = {label: _drum_pattern(label, style, rng) for label in _LABEL_ENERGY}
    parts = {
        label: _draw_part(progression, key, scale, drums[label], register, style, rng)
        for label, progression, register in zip(
            ("verse", "chorus", "bridge"), progressions, (7, 12, 9), strict=False
        )
    }
    parts["intro"] = Part(parts["verse"].chords, (), parts["verse"].arpeggio, drums["intro"])
    chorus = parts["chorus"]
    parts["outro"] = Part(chorus.chords, chorus.melody[::2], (), drums["outro"])
    return parts


def _draw_part(
    progression: tuple[int, ...],
    key: int,
    scale: tuple[int, ...],
    drums: dict[str, np.ndarray],
    register: int,
    style: Style,
    rng: np.random.Generator,
) -> Part:
    chords = tuple(
        tuple(_pitch(degree + third, key, scale) for third in (0, 2, 4)) for degree in progression
    )
    melody = _draw_melody(progression, key, scale, register, style, rng)
    return Part(chords, melody, _draw_arpeggio(chords, style, rng), drums)


def _pitch(degree: int, key: int, scale: tuple[int, ...]) -> int:
    """Return the MIDI pitch of a scale degree (0 = the tonic, 7 = an octave above it)."""
    return key + 12 * (degree // 7) + scale[degree % 7]


def _draw_melody(
    progression: tuple[int, ...],
    key: int,
    scale: tuple[int, ...],
    register: int,
    style: Style,
    rng: np.random.Generator,
) -> tuple[Note, ...]:
    """Draw a melody: a walk on the scale that meets the chord on every downbeat.

    Bars alternate between two rhythms, so that the phrase has something to be remembered by.
    """
    centre = np.clip(style.density + rng.normal(0, 0.1, 2), 0, 1) * (len(_RHYTHMS) - 1)
    rhythms = [_RHYTHMS[round(value)] for value in centre]
    notes = []
    degree = register
    for bar, chord in enumerate(progression):
        onsets = rhythms[bar % 2]
        tones = [chord + third + octave for third in (0, 2, 4) for octave in (0, 7, 14)]
        degree = min(tones, key=lambda tone: abs(tone - degree))
        for onset, end in zip(onsets, (*onsets[1:], STEPS), strict=True):
            notes.append(Note(bar * STEPS + onset, end - onset, _pitch(degree, key, scale)))
            degree += int(rng.choice((-2, -1, -1, 0, 1, 1, 2)))
            degree = int(np.clip(degree, register - 4, register + 5))
    return tuple(notes)


def _draw_arpeggio(
    chords: tuple[tuple[int, ...], ...], style: Style, rng: np.random.Generator
) -> tuple[Note, ...]:
    """Draw one figure of chord tones and move it through the chords."""
    step = 2 if style.density > 0.4 else 4
    figure = rng.integers(0, 4, STEPS // step)
    return tuple(
        Note(bar * STEPS + index * step, step, 12 + (*chord, chord[0] + 12)[tone])
        for bar, chord in enumerate(chords)
        for index, tone in enumerate(figure)
    )


def _drum_pattern(label: str, style: Style, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Return the velocities of each drum at the 16 steps of a bar."""
    energy = section_energy(label, style)
    kick, snare, hat = np.zeros(STEPS), np.zeros(STEPS), np.zeros(STEPS)
    four_on_the_floor = style.electronic > 0.5
    kick[:: 4 if four_on_the_floor and energy > 0.4 else 8] = 1
    kick[rng.choice((3, 6, 7, 10, 11, 14), int(2 * style.density + energy), replace=False)] = 0.7
    snare[[4, 12] if energy > 0.45 else [8]] = 0.9
    hat[:: 2 if style.density + energy < 1.2 else 1] = 0.4
    hat[2::4] = 0.8
    share = {"intro": 0.0, "outro": 0.0, "bridge": 0.5}.get(label, 1.0)
    click = np.zeros(STEPS)
    click[:: STEPS // BEATS] = 0.0 if share else _CLICK
    return {
        "kick": kick * share,
        "snare": snare * share + click,
        "hat": hat * max(share, 0.4 * energy),
    }
