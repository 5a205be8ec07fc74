"""What there is to see: places, people and patterns, each a function that draws on a canvas.

A scene is made once from a random generator and a style, which fix what it looks like, and then
draws any moment of itself. Motion is continuous in the moment's clock, so that only a cut looks
like a cut.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from vmnet.rendered.canvas import ASPECT, Canvas, Palette, mix, soft
from vmnet.rendered.clip_style import Style


@dataclass(frozen=True)
class Moment:
    """A moment of the clip.

    `clock` in seconds runs faster the more energy there is; `beat` counts beats from the start of
    the clip; `pulse` is 1 on a beat and falls towards 0 before the next; `energy` lies in [0, 1].
    """

    clock: float
    beat: float
    pulse: float
    energy: float


_DARK_SKIN = np.array((0.42, 0.26, 0.18), np.float32)[:, None, None]
_LIGHT_SKIN = np.array((0.96, 0.78, 0.68), np.float32)[:, None, None]

Draw = Callable[[Canvas, Palette, Moment], None]
Scene = Callable[[np.random.Generator, Style], Draw]


def _wave(x: np.ndarray, waves: np.ndarray, shift: float = 0.0) -> np.ndarray:
    """Return a sum of sines of x; `waves` `(n, 2)` holds their frequencies and phases."""
    return sum(np.sin(f * (x + shift) + phase) / f for f, phase in waves)


def _draw_waves(rng: np.random.Generator, n: int, slow: float, fast: float) -> np.ndarray:
    return rng.uniform((slow, 0), (fast, 2 * math.pi), (n, 2)).astype(np.float32)


def hills(rng: np.random.Generator, style: Style) -> Draw:
    """Ridges behind ridges, and a sun."""
    n_ridges = 3 + round(2 * style.density)
    ridges = [_draw_waves(rng, 3, 0.7, 4) for _ in range(n_ridges)]
    sun = rng.uniform(-0.9, 0.9), rng.uniform(0.2, 0.6), rng.uniform(0.15, 0.35)

    def draw(canvas: Canvas, palette: Palette, moment: Moment) -> None:
        canvas.gradient(palette.light, palette.ground, -0.2, 1)
        canvas.paint(canvas.disc(*sun), palette.accent)
        for index, waves in enumerate(ridges):
            near = (index + 1) / n_ridges
            height = 0.25 - 0.95 * near + 0.35 * _wave(canvas.x, waves, 0.25 * moment.clock * near)
            canvas.paint(soft(height - canvas.y), mix(palette.middle, palette.shade, near))

    return draw


def sea(rng: np.random.Generator, style: Style) -> Draw:
    """A horizon, a moon and its path on the waves."""
    moon_x, moon_y = rng.uniform(-0.8, 0.8), rng.uniform(0.35, 0.7)
    horizon = rng.uniform(-0.15, 0.2)
    clouds = _draw_waves(rng, 4, 1, 5)

    def draw(canvas: Canvas, palette: Palette, moment: Moment) -> None:
        canvas.gradient(palette.middle, palette.ground, horizon, 1)
        canvas.paint(canvas.disc(moon_x, moon_y, 0.22), palette.light)
        bank = 0.15 * _wave(canvas.x, clouds, 0.1 * moment.clock) + horizon + 0.25
        canvas.paint(0.7 * soft(0.1 - np.abs(canvas.y - bank), 0.2), palette.light)
        depth = np.maximum(horizon - canvas.y, 1e-3)
        far = 1 / (depth + 0.08)
        swell = np.sin(3.5 * far + 2 * moment.clock + 2 * np.sin(canvas.x * far * 0.8))
        water = soft(horizon - canvas.y)
        canvas.paint(water, palette.shade)
        canvas.paint(water * (0.25 + 0.25 * swell), palette.middle)
        path = np.exp(-(((canvas.x - moon_x) / (0.15 + 0.4 * depth)) ** 2))
        canvas.shine(water * path * np.maximum(swell, 0) * 0.8, palette.light)

    return draw


def forest(rng: np.random.Generator, style: Style) -> Draw:
    """Trunks in fog; the near ones pass faster."""
    depths = np.linspace(0.35, 1.3, 3 + round(style.density)).tolist()
    trunks = [rng.uniform(0.15, 0.85, (2, 16)).astype(np.float32) for _ in depths]
    light = rng.uniform(-1, 1)

    def draw(canvas: Canvas, palette: Palette, moment: Moment) -> None:
        canvas.gradient(palette.middle, palette.light)
        glow = np.exp(-((canvas.x - light) ** 2)) * np.exp(-((canvas.y - 0.4) ** 2))
        canvas.shine(0.7 * glow, palette.accent)
        for near, (places, widths) in zip(depths, trunks, strict=True):
            x = (canvas.x + 3 + 0.14 * near * moment.clock) / (0.7 * near)  # one trunk in each unit
            unit = np.floor(x).astype(int) % 16
            side = np.abs(x % 1 - (0.3 + 0.4 * places[unit]))
            trunk = soft((0.04 + 0.1 * widths[unit] - side) * (0.7 * near))
            floor = -0.6 - 0.35 * near + 0.03 * np.sin(6 * x)
            mask = np.maximum(trunk, soft(floor - canvas.y))
            canvas.paint(mask, mix(palette.middle, palette.shade, min(near, 1)))

    return draw


def clouds(rng: np.random.Generator, style: Style) -> Draw:
    """Smoke in two layers, from one periodic noise texture."""
    texture = _smooth_noise(rng)

    def draw(canvas: Canvas, palette: Palette, moment: Moment) -> None:
        first = _sample(texture, canvas, 0.5, 0.12 * moment.clock, 0.03 * moment.clock)
        second = _sample(texture, canvas, 0.9, -0.2 * moment.clock, 0.4)
        canvas.gradient(palette.shade, palette.middle)
        canvas.paint(soft(first - 0.4, 0.6), palette.light)
        canvas.paint(0.8 * soft(second - 0.55, 0.3), palette.accent)

    return draw


def _smooth_noise(rng: np.random.Generator, size: int = 128) -> np.ndarray:
    """Return a periodic texture, `(size, size)` float32 in [0, 1], with power falling as 1/f^3."""
    frequency = np.hypot(np.fft.fftfreq(size)[:, None], np.fft.rfftfreq(size))
    frequency[0, 0] = np.inf
    spectrum = np.fft.rfft2(rng.normal(size=(size, size))) * frequency**-1.6
    texture = np.fft.irfft2(spectrum)
    return ((texture - texture.min()) / np.ptp(texture)).astype(np.float32)


def _sample(texture: np.ndarray, canvas: Canvas, scale: float, x: float, y: float) -> np.ndarray:
    """Return the periodic texture at the canvas' points times `scale`, moved by (x, y)."""
    size = np.float32(len(texture) / 4)
    for places in ((canvas.y[:, 0] * scale + y) * size, (canvas.x[0] * scale + x) * size):
        whole = np.floor(places)
        index, share = whole.astype(int) % len(texture), (places - whole)[:, None]
        texture = (texture[index] * (1 - share) + texture[(index + 1) % len(texture)] * share).T
    return texture


def lights(rng: np.random.Generator, style: Style) -> Draw:
    """Out-of-focus lamps that drift."""
    n = 10 + round(20 * style.density)
    x, y = rng.uniform(-2, 2, n), rng.uniform(-1, 1, n)
    radius, speed = rng.uniform(0.12, 0.35, n), rng.uniform(-0.2, 0.2, (2, n))
    half = n // 2

    def draw(canvas: Canvas, palette: Palette, moment: Moment) -> None:
        canvas.gradient(palette.shade, palette.ground)
        drift = speed * moment.clock
        px = (x + drift[0] + 2.2) % 4.4 - 2.2
        py = (y + drift[1] + 1.5) % 3 - 1.5
        for part, colour in ((slice(half), palette.accent), (slice(half, n), palette.light)):
            rings = canvas.blobs(px[part], py[part], radius[part])
            canvas.shine((0.45 + 0.15 * moment.pulse) * soft(rings - 0.4, 0.25), colour)

    return draw


def lava(rng: np.random.Generator, style: Style) -> Draw:
    """Drops that rise, merge and part."""
    n = 6 + round(6 * style.density)
    x, phase = rng.uniform(-1.6, 1.6, n), rng.uniform(0, 2 * math.pi, n)
    radius, speed = rng.uniform(0.25, 0.5, n), rng.uniform(0.3, 0.8, n)

    def draw(canvas: Canvas, palette: Palette, moment: Moment) -> None:
        angle = phase + speed * moment.clock
        field = canvas.blobs(x + 0.2 * np.sin(angle * 0.7), 1.1 * np.sin(angle), radius)
        canvas.gradient(palette.ground, palette.shade)
        canvas.paint(soft(field - 0.5, 0.08), palette.accent)
        canvas.paint(soft(field - 0.75, 0.4), palette.light)

    return draw


def snow(rng: np.random.Generator, style: Style) -> Draw:
    """Flakes, or embers, before a dark wood's edge."""
    n = 30 + round(60 * style.density)
    x, y = rng.uniform(-2, 2, n), rng.uniform(-1.2, 1.2, n)
    near, edge = rng.uniform(0.4, 1, n), _draw_waves(rng, 5, 4, 16)

    def draw(canvas: Canvas, palette: Palette, moment: Moment) -> None:
        canvas.gradient(palette.light, palette.ground, -0.7, 0.7)
        height = -0.25 + 0.5 * _wave(canvas.x, edge, 0.05 * moment.clock)
        canvas.paint(soft(height - canvas.y), palette.shade)
        px = (x + 0.15 * np.sin(moment.clock + 6 * near) + 2) % 4 - 2
        py = (y - 0.45 * near * moment.clock + 1.2) % 2.4 - 1.2
        canvas.shine(1.4 * canvas.blobs(px, py, 0.035 * near), palette.light)

    return draw


def dancer(rng: np.random.Generator, style: Style) -> Draw:
    """One person before a plain wall, who moves with the beat."""
    reach, phase = rng.uniform(0.5, 1, 2).tolist(), rng.uniform(0, 2 * math.pi)
    lamp = rng.uniform(-0.8, 0.8)

    def draw(canvas: Canvas, palette: Palette, moment: Moment) -> None:
        canvas.gradient(palette.middle, palette.light, -1, 1)
        canvas.paint(soft(1.15 - np.hypot(canvas.x - lamp, canvas.y - 0.1), 0.9), palette.accent)
        canvas.paint(soft(-0.78 - canvas.y), palette.middle)
        step = math.pi * moment.beat
        sway = (0.06 + 0.16 * moment.energy) * math.sin(step + phase)
        bounce = 0.05 * moment.energy * abs(math.cos(step))
        hip, neck = (0.5 * sway, -0.2 + bounce), (1.2 * sway, 0.32 + bounce)
        figure = canvas.disc(1.5 * sway, 0.5 + bounce, 0.13)
        limbs = [(hip, neck, 0.13)]
        for side, length in ((-1, reach[0]), (1, reach[1])):
            lift = length * math.sin(step + side) * moment.energy
            elbow = (neck[0] + side * 0.28, neck[1] - 0.18 + 0.25 * lift)
            hand = (elbow[0] + side * 0.12, elbow[1] + 0.3 * lift + 0.05)
            knee = (hip[0] + side * (0.14 + 0.3 * abs(sway)), -0.5)
            foot = (side * 0.22, -0.85)
            limbs += [(neck, elbow, 0.06), (elbow, hand, 0.05)]
            limbs += [(hip, knee, 0.08), (knee, foot, 0.065)]
        for start, end, width in limbs:
            figure = np.maximum(figure, canvas.limb(start, end, width))
        canvas.paint(figure, palette.shade)

    return draw


def singer(rng: np.random.Generator, style: Style) -> Draw:
    """A face close up, lit from one side, and a microphone."""
    side, hair = int(rng.choice((-1, 1))), rng.uniform(0.08, 0.2)
    skin = mix(_DARK_SKIN, _LIGHT_SKIN, rng.uniform())

    def draw(canvas: Canvas, palette: Palette, moment: Moment) -> None:
        canvas.gradient(palette.ground, palette.middle)
        step = math.pi * moment.beat
        x = side * 0.35 + 0.07 * (0.4 + moment.energy) * math.sin(step / 2)
        y = 0.12 + 0.03 * math.sin(step) * moment.energy
        canvas.paint(canvas.limb((x - 0.5, -0.95), (x + 0.5, -0.95), 0.42), palette.accent)
        canvas.paint(canvas.limb((x, y - 0.2), (x, -0.7), 0.18), mix(skin, palette.shade, 0.35))
        canvas.paint(canvas.limb((x, y + 0.15), (x, y + 0.05), 0.42 + hair), palette.shade)
        face = canvas.limb((x, y + 0.1), (x, y - 0.14), 0.37)
        canvas.paint(face, mix(skin, palette.light, 0.25))
        shadow = soft(side * (canvas.x - x), 0.7)
        canvas.paint(0.6 * face * shadow, palette.shade)
        for eye in (-0.15, 0.15):
            canvas.paint(
                canvas.limb((x + eye - 0.05, y + 0.1), (x + eye + 0.05, y + 0.1), 0.03),
                palette.shade,
            )
        mouth = 0.03 + 0.05 * moment.pulse
        canvas.paint(canvas.limb((x - 0.07, y - 0.25), (x + 0.07, y - 0.25), mouth), palette.shade)
        canvas.paint(canvas.disc(x - side * 0.28, y - 0.42, 0.12), palette.light)
        canvas.paint(
            canvas.limb((x - side * 0.32, y - 0.55), (x - side * 0.5, -1.1), 0.06), palette.shade
        )

    return draw


def stage(rng: np.random.Generator, style: Style) -> Draw:
    """Sweeping spotlights, a band, and the heads of the crowd."""
    lamps = np.sort(rng.uniform(-1.5, 1.5, 3 + round(2 * style.density)))
    phases = rng.uniform(0, 2 * math.pi, lamps.size)
    heads = np.arange(-2, 2, 0.24) + rng.uniform(-0.06, 0.06, 17)
    nods = rng.uniform(0, 2 * math.pi, heads.size)

    def draw(canvas: Canvas, palette: Palette, moment: Moment) -> None:
        canvas.gradient(palette.middle, palette.shade, -1, 0.4)
        drop = 1.05 - canvas.y
        for index, (lamp, phase) in enumerate(zip(lamps.tolist(), phases.tolist(), strict=True)):
            centre = lamp + drop * 0.6 * math.sin(0.6 * moment.clock + phase)
            beam = np.exp(-(((canvas.x - centre) / (0.05 + 0.16 * drop)) ** 2))
            colour = (palette.accent, palette.light)[index % 2]
            canvas.shine((0.5 + 0.25 * moment.pulse) * beam, colour)
        for place in (-0.7, 0.05, 0.75):
            sway = 0.05 * moment.energy * math.sin(math.pi * moment.beat + 3 * place)
            canvas.paint(canvas.limb((place, -0.8), (place + sway, -0.15), 0.1), palette.shade)
            canvas.paint(canvas.disc(place + 1.3 * sway, 0.06, 0.09), palette.shade)
        nod = -0.82 + 0.07 * moment.energy * np.sin(math.pi * moment.beat + nods)
        crowd = canvas.blobs(heads, nod, np.full(heads.size, 0.15))
        canvas.paint(soft(crowd - 0.4, 0.15), 0.4 * palette.shade)

    return draw


def city(rng: np.random.Generator, style: Style) -> Draw:
    """Towers with lit windows that go by in two layers."""
    layers = []
    for depth in (0.5, 1.0):
        heights = rng.uniform(-0.3, 0.75, 24) * (1.3 - 0.4 * depth) - 0.35 * depth
        lit = (rng.random((24, 32, 6)) < 0.2 + 0.4 * style.density).astype(np.float32)
        layers.append((depth, heights.astype(np.float32), lit))

    def draw(canvas: Canvas, palette: Palette, moment: Moment) -> None:
        canvas.gradient(palette.light, palette.ground, -0.8, 0.8)
        for depth, heights, lit in layers:
            x = (canvas.x + 20 + 0.25 * depth * moment.clock) / (0.42 * depth + 0.12)
            tower = np.floor(x).astype(int) % 24
            inside = x - np.floor(x)
            wall = soft(heights[tower] - canvas.y) * soft(0.46 - np.abs(inside - 0.5), 0.06)
            canvas.paint(wall, mix(palette.middle, palette.shade, depth))
            row, column = np.floor((canvas.y + 1.2) * 9).astype(int) % 32, (inside * 6).astype(int)
            frame = np.abs((canvas.y + 1.2) * 9 % 1 - 0.5) < 0.28
            pane = np.abs(inside * 6 % 1 - 0.5) < 0.3
            canvas.paint(wall * lit[tower, row, column] * (frame & pane), palette.accent)

    return draw


def road(rng: np.random.Generator, style: Style) -> Draw:
    """A road to the horizon, its dashes and its posts coming nearer."""
    horizon, peaks = rng.uniform(-0.1, 0.2), _draw_waves(rng, 4, 1, 6)
    bend = rng.uniform(-0.5, 0.5)

    def draw(canvas: Canvas, palette: Palette, moment: Moment) -> None:
        canvas.gradient(palette.light, palette.middle, horizon, 1)
        ridge = horizon + 0.15 + 0.25 * _wave(canvas.x, peaks, 0.03 * moment.clock)
        canvas.paint(soft(ridge - canvas.y), palette.ground)
        depth = np.maximum(horizon - canvas.y, 0.02)
        land = soft(horizon - canvas.y)
        canvas.paint(land, palette.middle)
        x = (canvas.x - bend * np.exp(-3 * depth)) / depth
        canvas.paint(land * soft(1.3 - np.abs(x), 0.1), palette.shade)
        dash = soft(np.sin(2 / depth + 5 * moment.clock) - 0.2, 0.6)
        canvas.paint(land * dash * soft(0.07 - np.abs(x), 0.06), palette.light)
        canvas.paint(land * soft(0.08 - np.abs(np.abs(x) - 1.25), 0.06), palette.accent)

    return draw


def sunset_grid(rng: np.random.Generator, style: Style) -> Draw:
    """A glowing grid on the ground and a striped sun."""
    horizon, size = rng.uniform(-0.25, 0.05), rng.uniform(0.4, 0.65)
    lines = 3 + 4 * style.density

    def draw(canvas: Canvas, palette: Palette, moment: Moment) -> None:
        canvas.gradient(palette.middle, palette.shade, horizon, 1)
        sun = canvas.disc(0, horizon + 0.35, size)
        stripes = soft(np.sin(26 * (canvas.y - horizon)) + 3 * (canvas.y - horizon), 0.4)
        canvas.paint(sun * stripes, palette.accent)
        depth = np.maximum(horizon - canvas.y, 0.015)
        ground = soft(horizon - canvas.y)
        canvas.paint(ground, palette.shade)
        far = np.abs(np.sin(0.35 * lines / depth + 2.5 * moment.clock))
        wide = np.abs(np.sin(0.5 * lines * canvas.x / depth))
        fog = np.minimum(3 * depth, 1)
        glow = np.maximum(soft(0.12 - far, 0.2), soft(0.14 - wide, 0.2))
        canvas.paint(ground * glow * fog, palette.light)

    return draw


def stripes(rng: np.random.Generator, style: Style) -> Draw:
    """Chevrons that slide."""
    angle, slope = rng.uniform(0, math.pi), rng.uniform(0, 1)
    count = 2.5 + 4 * style.density

    def draw(canvas: Canvas, palette: Palette, moment: Moment) -> None:
        turn = angle + 0.1 * moment.clock
        x = canvas.x * math.cos(turn) + canvas.y * math.sin(turn)
        y = canvas.y * math.cos(turn) - canvas.x * math.sin(turn)
        wave = np.sin(count * (x + slope * np.abs(y)) + 1.5 * moment.clock)
        canvas.image[:] = palette.ground
        canvas.paint(soft(wave - 0.1, 0.2), palette.light)
        canvas.paint(soft(wave - 0.75, 0.15), palette.accent)

    return draw


def tunnel(rng: np.random.Generator, style: Style) -> Draw:
    """Polygons that come out of the middle."""
    sides, twist = int(rng.integers(3, 7)), rng.uniform(0, 0.6)
    spacing = 1.2 + 1.2 * style.density

    def draw(canvas: Canvas, palette: Palette, moment: Moment) -> None:
        angle = np.arctan2(canvas.y, canvas.x) + (twist + 0.15 * moment.clock)
        sector = 2 * math.pi / sides
        radius = np.hypot(canvas.x, canvas.y) * np.cos((angle % sector) - sector / 2) + 0.02
        depth = spacing * np.log(radius) - 0.5 * moment.clock
        ring = np.sin(2 * math.pi * depth)
        canvas.image[:] = palette.shade
        canvas.paint(soft(ring - 0.1, 0.3), palette.middle)
        canvas.paint(soft(ring - 0.7, 0.3), palette.accent)
        canvas.paint(soft(0.35 - radius, 0.5), palette.light)

    return draw


def tiles(rng: np.random.Generator, style: Style) -> Draw:
    """A wall of tiles that light up one after the other."""
    count = 3 + round(4 * style.density)
    phase = rng.uniform(0, 2 * math.pi, (32, 32)).astype(np.float32)
    hot = rng.random((32, 32)) < 0.25

    def draw(canvas: Canvas, palette: Palette, moment: Moment) -> None:
        x, y = canvas.x * count / 2 + 0.2 * moment.clock + 64, canvas.y * count / 2 + 64
        column, row = np.floor(x).astype(int) % 32, np.floor(y).astype(int) % 32
        edge = np.minimum(0.46 - np.abs(x % 1 - 0.5), 0.46 - np.abs(y % 1 - 0.5))
        lit = 0.5 + 0.5 * np.sin(phase[row, column] + 1.2 * moment.clock)
        tile = soft(edge, 0.08)
        canvas.image[:] = palette.shade
        canvas.paint(tile * lit, palette.middle)
        canvas.paint(tile * lit * hot[row, column], palette.accent)

    return draw


def bars(rng: np.random.Generator, style: Style) -> Draw:
    """An equaliser that dances on the beat."""
    count = 8 + round(12 * style.density)
    phase = rng.uniform(0, 2 * math.pi, count + 1)
    rate = rng.choice((0.5, 1.0, 1.5), count + 1)

    def draw(canvas: Canvas, palette: Palette, moment: Moment) -> None:
        level = 0.3 + 0.25 * np.sin(phase + math.pi * moment.beat * rate) + 0.1 * moment.pulse
        level = (2 * level * (0.4 + 0.6 * moment.energy) - 0.8).astype(np.float32)
        x = (canvas.x + ASPECT) / (2 * ASPECT) * count
        index = np.clip(np.floor(x).astype(int), 0, count)
        body = soft(level[index] - canvas.y) * soft(0.38 - np.abs(x % 1 - 0.5), 0.08)
        canvas.gradient(palette.ground, palette.shade)
        canvas.paint(body * soft(canvas.y + 0.8), palette.light)
        canvas.paint(body * soft(canvas.y + 0.1, 0.8), palette.accent)

    return draw


def kaleidoscope(rng: np.random.Generator, style: Style) -> Draw:
    """Petals that open and close."""
    petals, phase = int(rng.integers(4, 9)), rng.uniform(0, 2 * math.pi)
    rings = 4 + 5 * style.density

    def draw(canvas: Canvas, palette: Palette, moment: Moment) -> None:
        angle = np.arctan2(canvas.y, canvas.x) + (0.12 * moment.clock + phase)
        radius = np.hypot(canvas.x, canvas.y)
        petal = np.cos(petals * angle) * (0.8 + 0.4 * math.sin(0.5 * moment.clock))
        wave = np.sin(rings * radius + petal - 1.2 * moment.clock)
        canvas.image[:] = palette.ground
        canvas.paint(soft(wave, 0.35), palette.accent)
        canvas.paint(soft(wave * petal - 0.35, 0.3), palette.light)
        canvas.paint(soft(0.22 + 0.05 * moment.pulse - radius, 0.05), palette.shade)

    return draw


def lasers(rng: np.random.Generator, style: Style) -> Draw:
    """Thin beams that fan out of two points in the dark."""
    n = 3 + round(4 * style.density)
    phase, speed = rng.uniform(0, 2 * math.pi, (2, n)), rng.uniform(0.3, 0.8, (2, n))

    def draw(canvas: Canvas, palette: Palette, moment: Moment) -> None:
        canvas.gradient(palette.shade, 0.5 * palette.ground)
        for side, origin in enumerate((-1.2, 1.2)):
            x, y = canvas.x - origin, canvas.y + 1.1
            for angle in (0.75 * np.sin(phase[side] + speed[side] * moment.clock)).tolist():
                distance = np.abs(x * math.cos(angle) - y * math.sin(angle))
                beam = 0.012 / (0.012 + distance**2 * 12)
                canvas.shine(0.8 * beam, (palette.accent, palette.light)[side])

    return draw


@dataclass(frozen=True)
class Place:
    """A scene and the styles where it is at home, by two of their values."""

    scene: Scene
    electronic: float
    warmth: float


SCENES: dict[str, Place] = {
    "hills": Place(hills, 0.0, 1.0),
    "sea": Place(sea, 0.1, 0.2),
    "forest": Place(forest, 0.0, 0.4),
    "snow": Place(snow, 0.1, 0.0),
    "clouds": Place(clouds, 0.25, 0.5),
    "road": Place(road, 0.3, 0.8),
    "lights": Place(lights, 0.4, 0.9),
    "lava": Place(lava, 0.5, 1.0),
    "stage": Place(stage, 0.5, 0.5),
    "city": Place(city, 0.6, 0.1),
    "sunset_grid": Place(sunset_grid, 0.8, 0.9),
    "bars": Place(bars, 0.8, 0.4),
    "kaleidoscope": Place(kaleidoscope, 0.85, 1.0),
    "lasers": Place(lasers, 0.9, 0.0),
    "tiles": Place(tiles, 0.95, 0.2),
    "stripes": Place(stripes, 1.0, 0.7),
    "tunnel": Place(tunnel, 1.0, 0.1),
}
PEOPLE: dict[str, Scene] = {"dancer": dancer, "singer": singer}
