"""Songs made audible: wavetable instruments, drums, a reverberation, a mix."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy.signal import lfilter, oaconvolve

from vmnet.rendered.clip_style import Style
from vmnet.rendered.song import BEATS, STEPS, Note, Part, Section, Song

SAMPLE_RATE = 44100
PEAK = 0.8  # leaves room for what the AAC encoder adds
_TABLE = 2048
_LEVELS = {"pad": 0.16, "bass": 0.5, "lead": 0.32, "arpeggio": 0.2, "drums": 0.8}
_LAYERS = {  # energy that a section needs for each layer to play
    "pad": 0.0,
    "arpeggio": 0.1,
    "bass": 0.3,
    "lead": 0.3,
    "drums": 0.0,
}


@dataclass(frozen=True)
class Instrument:
    """A timbre: harmonic k has the amplitude k^-slope, even harmonics times `even`.

    `attack` and `decay` are in seconds; `decay` is the time to fall by 1/e (long: sustained), in
    which the tone also turns from its full spectrum to a mellow one. `detune` is in semitones.
    """

    slope: float
    even: float
    attack: float
    decay: float
    detune: float = 0.0
    vibrato: float = 0.0


class _Mix:
    """A stereo buffer and a mono send to the reverberation, both filled by adding sounds."""

    def __init__(self, n_samples: int) -> None:
        self.dry = np.zeros((2, n_samples), np.float32)
        self.wet = np.zeros(n_samples, np.float32)

    def add(self, sound: np.ndarray, time: float, gain: float, pan: float, send: float) -> None:
        """Add a mono sound at `time` seconds; `pan` in [-1, 1] is left to right."""
        start = max(0, round(time * SAMPLE_RATE))
        sound = sound[: max(0, self.wet.size - start)] * np.float32(gain)
        stop = start + sound.size
        self.dry[0, start:stop] += np.float32(np.sqrt(0.5 - pan / 2)) * sound
        self.dry[1, start:stop] += np.float32(np.sqrt(0.5 + pan / 2)) * sound
        self.wet[start:stop] += np.float32(send) * sound


def perform(song: Song, style: Style, rng: np.random.Generator) -> np.ndarray:
    """Play the song: `(n_samples, 2)` float32 within [-PEAK, PEAK], 44.1 kHz.

    The band is drawn first: `draw_band` with a generator in the same state tells who plays.
    """
    band = draw_band(style, rng)
    kit = draw_kit(style, rng)
    mix = _Mix(round(song.duration * SAMPLE_RATE))
    tone = lru_cache(maxsize=None)(_tone)
    looseness = 0.008 * (1 - style.electronic)  # seconds by which players miss the beat
    for section in song.sections:
        gain = _gain(section)
        for name, notes in _arrangement(song, section, rng).items():
            for note, time in notes:
                sound = tone(band[name], note.pitch, note.length * song.bar / STEPS)
                velocity = gain * _LEVELS[name] * rng.uniform(0.85, 1)
                late = abs(rng.normal(0, looseness))
                mix.add(sound, time + late, velocity, *_PLACES[name](note))
    mix.dry *= _pump(song, style.electronic)
    for section in song.sections:
        _add_drums(mix, kit, song, section, looseness, rng)
    return _master(mix, song, style, rng)


def draw_band(style: Style, rng: np.random.Generator) -> dict[str, Instrument]:
    """Draw the timbres: warm is mellow, electronic sustained and detuned, acoustic plucked."""
    slope = 0.9 + 1.3 * style.warmth
    even = float(rng.choice((1.0, 0.15)))  # all harmonics, or the hollow sound of the odd ones
    sustained = 0.25 + 3 * style.electronic
    detune = 0.02 + 0.1 * style.electronic
    vibrato = float(rng.uniform(0, 0.25))

    def private(value: float) -> float:
        return value * float(rng.uniform(0.85, 1.15))

    return {
        "pad": Instrument(
            private(slope + 0.3),
            1.0,
            private(0.005 + 0.2 * style.electronic),
            private(0.4 + 20 * style.electronic**2),
            private(detune),
        ),
        "bass": Instrument(private(slope + 0.4), even, 0.005, private(sustained), 0.0),
        "lead": Instrument(private(slope), even, 0.01, private(sustained), 0.4 * detune, vibrato),
        "arpeggio": Instrument(private(slope + 0.1), 1.0, 0.004, private(0.12 + 0.1 * sustained)),
    }


def draw_kit(style: Style, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Draw the drums: a deep long machine for electronic styles, short skins for acoustic."""
    electronic, bright = style.electronic, 1 - style.warmth
    pitch = float(rng.uniform(0.9, 1.1))
    time = np.arange(int(0.45 * SAMPLE_RATE)) / SAMPLE_RATE
    noise = rng.normal(0, 0.35, time.size)
    sweep = pitch * (48 * time + (1.5 + 3 * electronic) * (1 - np.exp(-time / 0.03)))
    kick = np.sin(2 * np.pi * sweep) * np.exp(-time / (0.09 + 0.1 * electronic))
    body = np.sin(2 * np.pi * 185 * pitch * time) * np.exp(-time / 0.05)
    rattle = _lowpass(noise, 3000 + 9000 * bright) * np.exp(-time / (0.05 + 0.08 * electronic))
    hiss = np.diff(np.diff(noise, prepend=0), prepend=0) * np.exp(-time / (0.02 + 0.03 * bright))
    sounds = {"kick": 1.1 * kick, "snare": 0.4 * body + 0.7 * rattle, "hat": 0.13 * hiss}
    return {name: sound.astype(np.float32) for name, sound in sounds.items()}


_PLACES: dict[str, Callable[[Note], tuple[float, float]]] = {  # pan, reverberation send
    "pad": lambda note: (0.6 if note.pitch % 2 else -0.6, 0.4),
    "bass": lambda note: (0.0, 0.0),
    "lead": lambda note: (0.1, 0.35),
    "arpeggio": lambda note: (0.5 * np.sin(note.step), 0.3),
}


def _arrangement(
    song: Song, section: Section, rng: np.random.Generator
) -> dict[str, list[tuple[Note, float]]]:
    """Return the notes that each layer plays in a section, with their times in seconds.

    A repeat differs from the first time by a few melody notes that are left out.
    """
    part = song.parts[section.label]
    phrases = {
        "pad": _held_chords(part),
        "arpeggio": part.arpeggio,
        "bass": _bass_line(part, section.energy),
        "lead": tuple(
            note for note in part.melody if note.step % STEPS == 0 or rng.random() > 0.05
        ),
    }
    if section.label == "chorus":  # the melody in octaves is what makes the chorus
        phrases["lead"] += tuple(Note(n.step, n.length, n.pitch + 12) for n in phrases["lead"])
    length = len(part.chords) * song.bar
    starts = np.arange(section.start, section.end - 1e-6, length)
    played = {}
    for layer, phrase in phrases.items():
        if section.energy < _LAYERS[layer]:
            continue
        timed = [(n, s + n.step * song.bar / STEPS) for s in starts for n in phrase]
        played[layer] = [(n, time) for n, time in timed if time < section.end - 1e-6]
    return played


def _held_chords(part: Part) -> tuple[Note, ...]:
    return tuple(
        Note(bar * STEPS, STEPS, pitch) for bar, chord in enumerate(part.chords) for pitch in chord
    )


def _bass_line(part: Part, energy: float) -> tuple[Note, ...]:
    """Return root notes under the chords, the more of them the more energy there is."""
    length = 16 if energy < 0.35 else 8 if energy < 0.55 else 4 if energy < 0.75 else 2
    return tuple(
        Note(bar * STEPS + step, length, chord[0] - 24 if chord[0] > 52 else chord[0] - 12)
        for bar, chord in enumerate(part.chords)
        for step in range(0, STEPS, length)
    )


def _tone(instrument: Instrument, pitch: int, seconds: float) -> np.ndarray:
    """Return one note, `(n_samples,)` float32: a cross-fade of a bright and a mellow wavetable."""
    frequency = 440 * 2 ** ((pitch - 69) / 12)
    time = np.arange(int((seconds + 0.05) * SAMPLE_RATE), dtype=np.float32) / SAMPLE_RATE
    bright = _wavetable(frequency, instrument.slope, instrument.even)
    mellow = _wavetable(frequency, instrument.slope + 1, instrument.even)
    phase = np.arange(time.size) * (frequency / SAMPLE_RATE)
    if instrument.vibrato:
        swing = np.minimum(time / 0.4, 1) * np.sin(2 * np.pi * 5.5 * time)
        phase += instrument.vibrato * 0.01 * frequency / 5.5 * swing
    fall = np.exp(-time / np.float32(instrument.decay))
    sound = _read(mellow, phase) * (1 - fall) + _read(bright, phase) * fall
    if instrument.detune:
        sound = 0.6 * (sound + _read(bright, phase * 2 ** (instrument.detune / 12)) * fall)
    envelope = np.minimum(time / instrument.attack, 1) * np.minimum((time[-1] - time) / 0.05, 1)
    return (sound * envelope * fall).astype(np.float32)


def _wavetable(frequency: float, slope: float, even: float) -> np.ndarray:
    """Return one period, `(_TABLE,)` float32 of unit power, without harmonics above 14 kHz."""
    k = np.arange(1, int(np.clip(14000 / frequency, 1, 60)) + 1)
    spectrum = np.zeros(_TABLE // 2 + 1, complex)
    spectrum[k] = k**-slope * np.where(k % 2, 1.0, even) * np.exp(1j * k * k)
    period = np.fft.irfft(spectrum)
    return (0.35 * period / period.std()).astype(np.float32)


def _read(table: np.ndarray, phase: np.ndarray) -> np.ndarray:
    return table[(phase * _TABLE).astype(np.int64) & (_TABLE - 1)]


def _add_drums(
    mix: _Mix,
    kit: dict[str, np.ndarray],
    song: Song,
    section: Section,
    looseness: float,
    rng: np.random.Generator,
) -> None:
    """Play the pattern in every bar, and a roll of snares at the end of the section."""
    pattern = song.parts[section.label].drums
    gain = _gain(section)
    for bar in np.arange(section.start, section.end - 1e-6, song.bar):
        last = bar + 1.5 * song.bar > section.end
        for drum, velocities in pattern.items():
            for step in np.flatnonzero(velocities):
                time = bar + step * song.bar / STEPS
                if time < section.end - 1e-6:
                    level = gain * _LEVELS["drums"] * velocities[step] * rng.uniform(0.85, 1)
                    late = abs(rng.normal(0, looseness))
                    mix.add(kit[drum], time + late, level, 0.3 * (drum == "hat"), 0.08)
        if last and section.energy > 0.4:
            for roll in range(12, STEPS):
                time = bar + roll * song.bar / STEPS
                if time < section.end:
                    mix.add(kit["snare"], time, 0.04 * roll * gain * _LEVELS["drums"], 0, 0.15)


def _gain(section: Section) -> float:
    return 0.5 + 0.5 * section.energy


def _pump(song: Song, depth: float) -> np.ndarray:
    """Return the gain of each sample that ducks the notes under every beat, as club mixes do."""
    beat = np.arange(round(song.duration * SAMPLE_RATE), dtype=np.float32)
    beat *= np.float32(BEATS / song.bar / SAMPLE_RATE)
    return 1 - 0.8 * depth * np.exp(-5 * (beat % 1))


def _master(mix: _Mix, song: Song, style: Style, rng: np.random.Generator) -> np.ndarray:
    """Reverberate, filter, fade out, and set the loudness: -20 dBFS (calm) to -14 (energetic)."""
    stereo = mix.dry
    echo_time = (0.15 + 0.6 * (1 - style.brightness)) * rng.uniform(0.8, 1.25)
    time = np.arange(int(3 * echo_time * SAMPLE_RATE)) / SAMPLE_RATE
    for channel in (0, 1):
        response = rng.normal(0, 0.03, time.size) * np.exp(-time / echo_time)
        reverberation = oaconvolve(mix.wet, response.astype(np.float32))
        stereo[channel] += reverberation[: mix.wet.size]
    cutoff = 15000 * (2500 / 15000) ** style.warmth
    stereo = _lowpass(stereo, cutoff)
    stereo *= _fade(song)
    loudness = 10 ** ((-20 + 6 * style.energy) / 20)
    stereo *= loudness / max(float(np.sqrt(np.mean(stereo**2))), 1e-9)
    return (PEAK * np.tanh(stereo / PEAK)).astype(np.float32).T


def _lowpass(signal: np.ndarray, cutoff: float) -> np.ndarray:
    """Filter along the last axis with one pole at `cutoff` hertz."""
    pole = np.float32(np.exp(-2 * np.pi * cutoff / SAMPLE_RATE))
    b, a = np.array([1 - pole], np.float32), np.array([1, -pole], np.float32)
    return lfilter(b, a, signal.astype(np.float32), axis=-1)


def _fade(song: Song) -> np.ndarray:
    """Return the gain of each sample: 1, then falling to 0 over the last bar, at most 1.5 s."""
    n_samples = round(song.duration * SAMPLE_RATE)
    left = np.arange(n_samples, 0, -1, dtype=np.float32) / SAMPLE_RATE
    return np.minimum(left / min(song.bar, 1.5, song.duration / 4), 1)
