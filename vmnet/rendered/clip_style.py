"""The style of a rendered clip: a few numbers that the music and the pictures share."""

from dataclasses import dataclass, fields, replace

import numpy as np

_ADJECTIVES = (
    "Paper Silver Hollow Golden Quiet Electric Velvet Broken Northern Second Distant Little "
    "Burning Crooked Neon Sleepless Borrowed Wild Glass Midnight Salt Open"
)
_NOUNS = (
    "Rivers Harbour Satellites Orchard Windows Machines Summer Lanterns Avenue Signals Wolves "
    "Mirrors Station Garden Thunder Letters Horizon Static Carousel Shoreline Weather Engines"
)
_BANDS = "Tides Foxes Parade Motel Choir Cassettes Sisters Atlas Society Aviary Brothers Club"


@dataclass(frozen=True)
class Style:
    """What a clip is like, seen and heard. Every value lies in [0, 1].

    brightness: dark palette, minor key, low register, long echo (0) to light palette, major key,
        high register, short echo (1).
    energy: slow tempo, few cuts, calm motion (0) to fast tempo, many cuts, quick motion (1).
    density: few notes and few shapes (0) to many (1).
    electronic: plucked strings, brushes, landscapes, free cuts (0) to synthesisers, drum machine,
        geometry, cuts on the downbeat (1).
    warmth: bright timbre and cold hues (0) to mellow timbre and warm hues (1).
    """

    brightness: float
    energy: float
    density: float
    electronic: float
    warmth: float

    @classmethod
    def draw(cls, rng: np.random.Generator) -> "Style":
        """Draw a style; Beta(0.7, 0.7) spreads the clips towards the ends of each dimension."""
        return cls(*(float(value) for value in rng.beta(0.7, 0.7, len(fields(cls)))))

    def interpreted(self, rng: np.random.Generator, deviation: float = 0.07) -> "Style":
        """Return the style as one modality takes it: each value with its own normal deviation."""
        noisy = {
            field.name: float(np.clip(getattr(self, field.name) + rng.normal(0, deviation), 0, 1))
            for field in fields(self)
        }
        return replace(self, **noisy)

    @property
    def genre(self) -> str:
        """The style in four words, such as "slow warm minor acoustic"."""
        tempo = ("slow", "medium", "fast")[min(int(3 * self.energy), 2)]
        temperature = "warm" if self.warmth > 0.5 else "cold"
        mode = "major" if self.brightness > 0.5 else "minor"
        sound = "electronic" if self.electronic > 0.5 else "acoustic"
        return f"{tempo} {temperature} {mode} {sound}"


def draw_names(rng: np.random.Generator) -> tuple[str, str]:
    """Return a made-up title and a made-up artist."""
    adjectives = rng.choice(_ADJECTIVES.split(), 2, replace=False)
    title = f"{adjectives[0]} {rng.choice(_NOUNS.split())}"
    return title, f"{adjectives[1]} {rng.choice(_BANDS.split())}"
