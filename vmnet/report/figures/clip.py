"""One clip along its time: pictures, sound, music sections, beats, shots (thesis, figure 6.1)."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from vmnet.report.figures import style
from vmnet.report.figures.strip import draw_strip, strip_height
from vmnet.report.names import symbol
from vmnet.report.results import count

# Inches.
LEFT, RIGHT, HEAD, FOOT, GAP = 0.86, 0.66, 0.31, 0.39, 0.07
WIDTH = style.PAGE_WIDTH - LEFT - RIGHT
N_POINTS = 1400  # of a drawn curve: finer than print
N_COMPONENTS = 16  # principal components drawn of features


@dataclass(frozen=True)
class ClipOverview:
    """What the overview of one clip shows. Times are seconds from 0 to `duration`.

    `frames` are key frames (time, (h, w, 3) uint8), ascending; `waveform` (n,) in [-1, 1] spans the
    clip; `novelty` is (times, curve >= 0) and `shot_probability` (times, f(t) in 0..1);
    `music_boundaries` has (n_segments + 1,) seconds for each segmenter; `shot_boundaries` likewise.
    What was not computed is empty. `features` are (n_seconds, dim) by name, for clips known by
    their features alone. `settings` is what differs from the profile; "" for nothing.
    Ground truth, where it is known: `sections` (start, end, label), and the times of `cuts`.
    `downbeats` and `beats` are times, those of `window` the start and the end of what is shown,
    None for all of it.
    """

    title: str
    kind: str
    duration: float
    frames: Sequence[tuple[float, np.ndarray]]
    waveform: np.ndarray
    novelty: tuple[np.ndarray, np.ndarray]
    music_boundaries: Mapping[str, np.ndarray]
    shot_probability: tuple[np.ndarray, np.ndarray]
    shot_boundaries: np.ndarray
    sections: Sequence[tuple[float, float, str]] = ()
    cuts: Sequence[float] = ()
    features: Mapping[str, np.ndarray] = field(default_factory=dict)
    settings: str = ""
    downbeats: Sequence[float] = ()
    beats: Sequence[float] = ()
    window: tuple[float, float] | None = None

    def __post_init__(self) -> None:
        if not 0 <= self.start < self.end <= self.duration:
            raise ValueError(f"window {self.window} lies outside the clip's {self.duration:g} s")

    @property
    def start(self) -> float:
        """Of what is shown, in seconds."""
        return self.window[0] if self.window else 0.0

    @property
    def end(self) -> float:
        """Of what is shown, in seconds."""
        return self.window[1] if self.window else self.duration

    @property
    def inches(self) -> float:
        """How wide a second is."""
        return WIDTH / (self.end - self.start)

    def times_shown(self, times: Sequence[float]) -> list[float]:
        """Return which of some times are shown."""
        return [time for time in times if self.start <= time <= self.end]

    def part_shown(self, start: float, end: float) -> tuple[float, float] | None:
        """Return the part of a stretch of time that is shown; None for nothing."""
        start, end = max(start, self.start), min(end, self.end)
        return (start, end) if start < end else None


class Row(NamedTuple):
    """One row of the overview: its name, height in inches, the note at its right, its drawing."""

    label: str
    height: float
    note: str
    draw: Callable[[Axes, ClipOverview], None]


@style.house_style
def clip_overview(clip: ClipOverview) -> Figure:
    """Return one clip along its time, top to bottom.

    Key frames, true sections, waveform, Foote novelty, the music segments of each segmenter,
    downbeats, beats, the shot probability f(t), the shots, the true cuts; rows without data are
    left out.
    """
    rows = _rows(clip)
    height = HEAD + FOOT + sum(row.height + GAP for row in rows) - GAP
    figure = Figure(figsize=(style.PAGE_WIDTH, height))
    style.add_title(figure, clip.title)
    style.add_data_line(figure, f"{clip.kind} data", clip.settings)
    top = height - HEAD
    _time_axis(style.axes_at(figure, LEFT, FOOT, WIDTH, top - rows[0].height - FOOT), clip)
    for row in rows:
        axes = style.bare(style.axes_at(figure, LEFT, top - row.height, WIDTH, row.height))
        axes.patch.set_alpha(0)
        axes.set_label(row.label)
        row.draw(axes, clip)
        axes.set_xlim(clip.start, clip.end)
        middle = top - row.height / 2
        style.text_at(figure, LEFT - 0.08, middle, row.label, ha="right", size=7, parse_math=True)
        style.text_at(
            figure, LEFT + WIDTH + 0.06, middle, row.note, ha="left", size=6, color=style.GREY
        )
        top -= row.height + GAP
    return figure


def _rows(clip: ClipOverview) -> list[Row]:
    """Return the rows that have data, from top to bottom."""
    shots = partial(
        _draw_spans,
        boundaries=clip.shot_boundaries,
        colour=style.colour_of("transnet"),
        numbered=False,
    )
    sections, cuts = count(len(clip.sections), "section"), count(len(clip.cuts), "cut")
    strip = strip_height(_frames(clip), clip.end, clip.inches, clip.start)
    beats = [
        (len(times), _times_row(name, clip.times_shown(times), height))
        for name, times, height in (("downbeats", clip.downbeats, 0.14), ("beats", clip.beats, 0.1))
    ]
    n_shots = count(len(clip.shot_boundaries) - 1, "shot")
    rows = [
        (len(_frames(clip)), Row("pictures", strip, "", _draw_strip)),
        (len(clip.sections), Row("true sections", 0.17, sections, _draw_sections)),
        *((len(frames), _features_row(name, frames)) for name, frames in clip.features.items()),
        (len(clip.waveform), Row("sound", 0.5, "", _draw_waveform)),
        (len(clip.novelty[0]), Row("novelty", 0.4, "", _draw_novelty)),
        *(
            (True, _segments_row(name, clip.music_boundaries[name], colour))
            for name, colour in style.colours(clip.music_boundaries).items()
        ),
        *beats,
        (len(clip.shot_probability[0]), Row("$f(t)$", 0.36, "", _draw_probability)),
        (len(clip.shot_boundaries), Row(symbol("segmenter", "transnet"), 0.15, n_shots, shots)),
        (len(clip.cuts), Row("true cuts", 0.1, cuts, _draw_cuts)),
    ]
    return [row for has_data, row in rows if has_data]


def _segments_row(segmenter: str, boundaries: np.ndarray, colour: str) -> Row:
    draw = partial(_draw_spans, boundaries=boundaries, colour=colour)
    note = count(len(boundaries) - 1, "segment")
    return Row(symbol("segmenter", segmenter), 0.15, note, draw)


def _times_row(name: str, times: Sequence[float], height: float) -> Row:
    what = {"downbeats": "bar", "beats": "beat"}[name]
    return Row(name, height, count(len(times), what), partial(_draw_times, times=times))


def _features_row(name: str, frames: np.ndarray) -> Row:
    note = f"{frames.shape[1]:,}-d, {N_COMPONENTS}\ncomponents"
    return Row(name, 0.5, note, partial(_draw_features, frames=frames))


def _time_axis(axes: Axes, clip: ClipOverview) -> None:
    """Draw the common time axis, and light lines at the true sections behind all rows."""
    axes.set_xlim(clip.start, clip.end)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    axes.spines["bottom"].set_position(("outward", 3))
    style.clock_ticks(axes.xaxis, clip.end - clip.start, 10)
    axes.set_xlabel("time (min:s)", labelpad=1)
    for start in (start for start, _, _ in clip.sections[1:] if clip.start < start < clip.end):
        axes.axvline(start, color="#CFCFCF", lw=0.7)


def _draw_strip(axes: Axes, clip: ClipOverview) -> None:
    draw_strip(axes, _frames(clip), clip.end, clip.inches, clip.start)


def _frames(clip: ClipOverview) -> list[tuple[float, np.ndarray]]:
    """Return the key frames that are shown."""
    return [(time, frame) for time, frame in clip.frames if clip.start <= time < clip.end]


def _draw_sections(axes: Axes, clip: ClipOverview) -> None:
    labels = list(dict.fromkeys(label for _, _, label in clip.sections))
    for *span, label in clip.sections:
        if not (shown := clip.part_shown(*span)):
            continue
        start, end = shown
        colour = style.CYCLE[labels.index(label) % len(style.CYCLE)]
        axes.axvspan(start, end, color=style.faded(colour, 0.38), lw=0)
        text = style.literal(
            axes.text((start + end) / 2, 0.46, label, ha="center", va="center", size=6.5)
        )
        style.fit(text, (end - start) * clip.inches - 0.04)
        if len(text.get_text()) < min(3, len(label)):  # no room for a word
            text.remove()
    axes.vlines([start for start, _, _ in clip.sections[1:]], 0, 1, color="white", lw=1)
    axes.set_ylim(0, 1)


def _draw_waveform(axes: Axes, clip: ClipOverview) -> None:
    rate = len(clip.waveform) / clip.duration
    first, last = int(clip.start * rate), max(round(clip.end * rate), 1)
    sound = clip.waveform[first:last]
    starts = _bins(len(sound))
    low, high = np.minimum.reduceat(sound, starts), np.maximum.reduceat(sound, starts)
    axes.fill_between((first + starts + 0.5) / rate, low, high, color="#4A5A70", lw=0.2)
    loudest = max(float(np.abs(clip.waveform).max()), 1e-6)
    axes.set_ylim(-1.04 * loudest, 1.04 * loudest)


def _draw_features(axes: Axes, clip: ClipOverview, frames: np.ndarray) -> None:
    """Draw the largest principal components of the features, one line of the picture each."""
    centred = frames - frames.mean(axis=0)
    left, sizes, _ = np.linalg.svd(centred, full_matrices=False)
    components = (left * sizes)[:, :N_COMPONENTS].T
    limit = max(float(np.abs(components).max()), 1e-9)
    extent = (0, len(frames), 0, 1)
    shown = axes.imshow(components, extent=extent, aspect="auto", cmap="RdBu_r")
    shown.set_clim(-limit, limit)
    axes.set_ylim(0, 1)


def _draw_novelty(axes: Axes, clip: ClipOverview) -> None:
    colour = style.colour_of("foote")
    _draw_curve(axes, clip, *clip.novelty, colour)
    if "foote" in clip.music_boundaries:
        axes.vlines(clip.music_boundaries["foote"][1:-1], 0, 1.1, color=colour, lw=0.7, ls=":")


def _draw_probability(axes: Axes, clip: ClipOverview) -> None:
    _draw_curve(axes, clip, *clip.shot_probability, style.colour_of("transnet"), top=1.0)
    axes.axhline(0.5, color=style.GREY, lw=0.5, ls=(0, (3, 2)))


def _draw_curve(
    axes: Axes,
    clip: ClipOverview,
    times: np.ndarray,
    curve: np.ndarray,
    colour: str,
    top: float | None = None,
) -> None:
    top = top or max(float(np.max(curve)), 1e-9)
    first, last = np.searchsorted(times, [clip.start, clip.end])
    some = slice(max(first - 1, 0), last + 1)
    times, curve = np.asarray(times)[some], curve[some]
    starts = _bins(len(curve))
    peaks = np.maximum.reduceat(curve, starts) / top
    at = times[starts]
    axes.fill_between(at, 0, peaks, color=style.faded(colour, 0.3), lw=0)
    axes.plot(at, peaks, color=colour, lw=0.7)
    axes.set_ylim(0, 1.1)


def _draw_spans(
    axes: Axes, clip: ClipOverview, boundaries: np.ndarray, colour: str, numbered: bool = True
) -> None:
    for index, (start, end) in enumerate(pairwise(boundaries)):
        axes.axvspan(start, end, color=style.faded(colour, 0.75 if index % 2 else 0.45), lw=0)
        shown = clip.part_shown(start, end)
        if numbered and shown and (shown[1] - shown[0]) * clip.inches > 0.14:
            middle = sum(shown) / 2
            axes.text(middle, 0.45, str(index + 1), ha="center", va="center", size=5.5)
    axes.set_ylim(0, 1)


def _draw_cuts(axes: Axes, clip: ClipOverview) -> None:
    _draw_times(axes, clip, clip.cuts)


def _draw_times(axes: Axes, clip: ClipOverview, times: Sequence[float]) -> None:
    shown = clip.times_shown(times)
    dense = len(shown) > 15 * WIDTH  # lines an inch
    axes.vlines(shown, 0, 1, color=style.INK, lw=0.3 if dense else 0.7)
    axes.set_ylim(0, 1)


def _bins(n_values: int) -> np.ndarray:
    """Return the first index of each of at most `N_POINTS` runs of values."""
    return np.unique(np.linspace(0, n_values, min(n_values, N_POINTS), endpoint=False).astype(int))
