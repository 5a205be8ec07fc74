"""The surface that scenes are drawn on: a picture of 160x90, its coordinates, its colours."""

import colorsys
from dataclasses import dataclass

import numpy as np

from vmnet.rendered.clip_style import Style

WIDTH, HEIGHT = 160, 90
FPS = 25
ASPECT = WIDTH / HEIGHT
_COLUMNS = (np.arange(WIDTH, dtype=np.float32) + 0.5) / HEIGHT * 2 - ASPECT
_ROWS = 1 - (np.arange(HEIGHT, dtype=np.float32)[:, None] + 0.5) / HEIGHT * 2
_VIGNETTE = 1 - 0.12 * ((_COLUMNS / ASPECT) ** 2 + _ROWS**2)
_HUES = {"intro": 0.0, "verse": 0.0, "chorus": -0.04, "bridge": 0.08, "outro": 0.0}
_LIGHT = {"intro": 0.8, "verse": 0.9, "chorus": 1.15, "bridge": 0.85, "outro": 0.75}

Colour = np.ndarray  # (3, 1, 1) float32, red, green, blue in [0, 1]


@dataclass(frozen=True)
class Palette:
    """Five colours, from the background to what should catch the eye."""

    ground: Colour
    shade: Colour
    middle: Colour
    light: Colour
    accent: Colour


def draw_palettes(style: Style, rng: np.random.Generator) -> dict[str, Palette]:
    """Draw one palette per section label: kin, with the chorus the lightest.

    Hues go from orange (warm) through magenta to blue (cold), values from dark to light with the
    brightness. The accent's distance in hue and the overall saturation are private to the pictures.
    """
    hue = 0.08 - 0.49 * (1 - style.warmth) + rng.normal(0, 0.02)
    saturation = float(np.clip(0.45 + 0.3 * style.electronic + rng.normal(0, 0.08), 0.2, 0.95))
    contrast = rng.choice((-1, 1)) * rng.uniform(0.1, 0.35)
    bright = style.brightness
    palettes = {}
    for label in _HUES:
        h, light = hue + _HUES[label], _LIGHT[label]
        palettes[label] = Palette(
            ground=_colour(h, saturation, (0.05 + 0.7 * bright) * light),
            shade=_colour(h + 0.03, saturation, (0.02 + 0.35 * bright) * light),
            middle=_colour(h - 0.03, 0.9 * saturation, (0.28 + 0.5 * bright) * light),
            light=_colour(h + 0.03, 0.45 * saturation, (0.6 + 0.4 * bright) * light),
            accent=_colour(h + contrast, 0.85, 0.88 * light),
        )
    return palettes


class Canvas:
    """A picture in the making.

    `image` is `(3, 90, 160)` float32; `x` `(1, 160)` grows to the right and `y` `(90, 1)` upwards.
    The picture's height runs from -1 to 1 when the camera is neither moved nor zoomed.
    """

    def __init__(self, x: float = 0.0, y: float = 0.0, zoom: float = 1.0) -> None:
        self.image = np.zeros((3, HEIGHT, WIDTH), np.float32)
        self.x = (_COLUMNS / zoom + x)[None, :]
        self.y = _ROWS / zoom + y

    def gradient(self, bottom: Colour, top: Colour, low: float = -1.0, high: float = 1.0) -> None:
        """Fill the picture with a vertical gradient between the heights `low` and `high`."""
        share = np.clip((self.y - low) / (high - low), 0, 1)
        self.image[:] = bottom + (top - bottom) * share

    def paint(self, mask: np.ndarray, colour: Colour) -> None:
        """Cover the picture with a colour where `mask` `(90, 160)` in [0, 1] says so."""
        self.image += mask * (colour - self.image)

    def shine(self, light: np.ndarray, colour: Colour) -> None:
        """Add coloured light, `(90, 160)` from 0 up."""
        self.image += light * colour

    def blobs(self, x: np.ndarray, y: np.ndarray, radius: np.ndarray) -> np.ndarray:
        """Return the sum of round soft blobs, `(90, 160)`; all arguments are `(n_blobs,)`."""
        across = np.exp(-((((self.x.T - x) / radius).astype(np.float32)) ** 2))
        down = np.exp(-((((self.y - y) / radius).astype(np.float32)) ** 2))
        return down @ across.T

    def disc(self, x: float, y: float, radius: float) -> np.ndarray:
        """Return the mask of a disc."""
        distance = np.sqrt((self.x - x) ** 2 + (self.y - y) ** 2)
        return soft(radius - distance)

    def limb(
        self, start: tuple[float, float], end: tuple[float, float], width: float
    ) -> np.ndarray:
        """Return the mask of a straight limb with round ends."""
        across, up = end[0] - start[0], end[1] - start[1]
        x, y = self.x - start[0], self.y - start[1]
        along = np.clip((x * across + y * up) / (across**2 + up**2 + 1e-6), 0, 1)
        return soft(width - np.sqrt((x - along * across) ** 2 + (y - along * up) ** 2))


def soft(distance: np.ndarray, width: float = 0.025) -> np.ndarray:
    """Return a mask: 1 where `distance` is positive, 0 where negative, smooth in between."""
    return np.clip(distance * (1 / width) + 0.5, 0, 1)


def develop(image: np.ndarray, light: float, grain: np.ndarray, letterbox: int) -> np.ndarray:
    """Return the finished picture, `(90, 160, 3)` uint8: exposed, vignetted, grained, framed."""
    exposed = image * (_VIGNETTE * (255 * light)) + grain
    if letterbox:
        exposed[:, :letterbox] = exposed[:, -letterbox:] = 0
    return np.clip(exposed, 0, 255).astype(np.uint8).transpose(1, 2, 0)


def mix(first: Colour, second: Colour, share: float) -> Colour:
    """Return the colour between two: `first` at 0, `second` at 1."""
    return first + (second - first) * share


def _colour(hue: float, saturation: float, value: float) -> Colour:
    rgb = colorsys.hsv_to_rgb(hue % 1, min(saturation, 1), min(value, 1))
    return np.array(rgb, np.float32)[:, None, None]
