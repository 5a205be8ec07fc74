"""An edit: the video and the track on one time line, what plays where, the cuts and the beats."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection, PolyCollection
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from vmnet.catalog.match import Match, Query
from vmnet.edit.cutlist import Event, beats_in_video, events
from vmnet.report.figures import style
from vmnet.report.figures.strip import draw_strip, strip_height
from vmnet.report.results import count

# Inches.
LEFT, RIGHT, HEAD, FOOT, GAP = 0.86, 0.66, 0.31, 0.39, 0.04
WIDTH = style.PAGE_WIDTH - LEFT - RIGHT

# Of different lightness in turn, so that neighbours differ in grey, too.
COLOURS = [
    style.faded(colour, opacity)
    for colour, opacity in (
        (style.BLUE, 0.62), (style.YELLOW, 0.75), (style.PINK, 0.95), (style.SKY, 0.6),
        (style.GREEN, 0.85), (style.ORANGE, 0.6), (style.VERMILION, 0.8), (style.GREY, 0.35),
    )
]  # fmt: skip
UNHEARD = "#ECECEC"


@dataclass(frozen=True, eq=False)
class EditView:
    """What the figure shows of an edit.

    `frames` are key frames of the video, (time in seconds, (h, w, 3) uint8), ascending; they may be
    none. `settings` is what differs from the profile; "" for nothing.
    """

    query: Query
    match: Match
    kind: str
    frames: Sequence[tuple[float, np.ndarray]] = ()
    settings: str = ""

    @property
    def events(self) -> tuple[Event, ...]:
        """What plays in one piece."""
        return events(self.match.spans, self.match.track.duration)

    @property
    def seconds(self) -> float:
        """How far the time line reaches."""
        return max(self.query.duration, self.match.track.duration)


class Row(NamedTuple):
    """One row: its name, height in inches, the note at its right, its drawing."""

    label: str
    height: float
    note: str
    draw: Callable[[Axes, EditView], None]
    gap: float = GAP  # below it


@style.house_style
def edit(view: EditView) -> Figure:
    """Return an edit along its time, the same scale for the video and for the track.

    Top to bottom: key frames, the segments of the video, the beats as they are heard, the music
    that plays; then bands that lead to where in the track it is from, over them the pairs of
    segments that the alignment matched; the track, what is not heard in grey, its segments, its
    beats. Rows without data are left out.
    """
    rows = _rows(view)
    height = HEAD + FOOT + sum(row.height + row.gap for row in rows) - rows[-1].gap
    figure = Figure(figsize=(style.PAGE_WIDTH, height))
    style.add_title(figure, f"{view.match.name}, cut to {view.query.path.name}")
    style.add_data_line(figure, f"{view.kind} data", view.settings)
    _time_axis(style.axes_at(figure, LEFT, FOOT, WIDTH, height - HEAD - FOOT), view)
    top = height - HEAD
    for row in rows:
        axes = style.bare(style.axes_at(figure, LEFT, top - row.height, WIDTH, row.height))
        axes.patch.set_alpha(0)
        axes.set_label(row.label)
        row.draw(axes, view)
        axes.set(xlim=(0, view.seconds), ylim=(0, 1))
        middle = top - row.height / 2
        style.text_at(figure, LEFT - 0.08, middle, row.label, ha="right", size=7)
        style.text_at(
            figure, LEFT + WIDTH + 0.06, middle, row.note, ha="left", size=6, color=style.GREY
        )
        top -= row.height + row.gap
    return figure


def _rows(view: EditView) -> list[Row]:
    """Return the rows that have data, from top to bottom."""
    query, match = view.query, view.match
    frames, heard, beats = list(view.frames), _heard_beats(view), match.beats
    n_cuts = count(len(view.events) - 1, "cut")
    of_video = count(len(query.boundaries) - 1, "segment")
    of_track = count(len(match.boundaries) - 1, "segment")
    rows = [
        (frames, Row("pictures", strip_height(frames, query.duration, _inches(view)), "", _frames)),
        (True, Row("video", 0.16, of_video, _draw_video)),
        (len(heard), Row("beats heard", 0.08, count(len(heard), "beat"), _draw_heard)),
        (True, Row("music", 0.2, n_cuts, _draw_music, gap=0)),
        (True, Row("from", 1.25, "", _draw_bands, gap=0)),
        (True, Row("track", _track_height(view), _heard_share(view), _draw_track)),
        (True, Row("segments", 0.16, of_track, _draw_segments)),
        (len(beats), Row("beats", 0.08, count(len(beats), "beat"), _draw_beats)),
    ]
    return [row for has_data, row in rows if has_data]


def _inches(view: EditView) -> float:
    """Return how many inches a second is wide."""
    return WIDTH / view.seconds


def _time_axis(axes: Axes, view: EditView) -> None:
    axes.set_xlim(0, view.seconds)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    axes.spines["bottom"].set_position(("outward", 3))
    style.clock_ticks(axes.xaxis, view.seconds, 10)
    axes.set_xlabel("time (min:s)", labelpad=1)


def _frames(axes: Axes, view: EditView) -> None:
    draw_strip(axes, view.frames, view.query.duration, _inches(view))


def _draw_video(axes: Axes, view: EditView) -> None:
    _segments(axes, view.query.boundaries, view)


def _draw_segments(axes: Axes, view: EditView) -> None:
    _segments(axes, view.match.boundaries, view)


def _segments(axes: Axes, boundaries: np.ndarray, view: EditView) -> None:
    """Draw segments in two greys, numbered where there is room."""
    for index, (start, end) in enumerate(pairwise(boundaries)):
        axes.axvspan(start, end, color="#C4C4C4" if index % 2 else "#DEDEDE", lw=0)
        if (end - start) * _inches(view) > 0.16:
            axes.text((start + end) / 2, 0.45, str(index + 1), ha="center", va="center", size=5.5)


def _draw_music(axes: Axes, view: EditView) -> None:
    """Draw the events as they are heard, numbered, with a line at each cut."""
    for index, event in enumerate(view.events):
        _draw_event(axes, (event.video_in, event.video_out), (0, 1), index, 0.2, view)
    cuts = [event.video_in for event in view.events[1:]]
    axes.vlines(cuts, 0, 1, color=style.INK, lw=0.9)


def _draw_track(axes: Axes, view: EditView) -> None:
    """Draw where in the track the events are: what is heard twice in one lane below the other."""
    axes.axvspan(0, view.match.track.duration, color=UNHEARD, lw=0)
    lanes = lanes_of([(event.track_in, event.track_out) for event in view.events])
    share = 1 / (1 + max(lanes))
    for index, (event, lane) in enumerate(zip(view.events, lanes, strict=True)):
        place = (1 - (lane + 1) * share, 1 - lane * share)
        inches = share * _track_height(view)
        _draw_event(axes, (event.track_in, event.track_out), place, index, inches, view)


def lanes_of(parts: Sequence[tuple[float, float]]) -> list[int]:
    """Return for each part the first lane that no earlier part overlaps it in.

    >>> lanes_of([(0, 4), (3, 6), (5, 8)])
    [0, 1, 0]
    """
    lanes: list[int] = []
    for start, end in parts:
        taken = {
            lane
            for (other, other_end), lane in zip(parts, lanes, strict=False)
            if start < other_end and other < end
        }
        lanes.append(next(lane for lane in range(len(lanes) + 1) if lane not in taken))
    return lanes


def _track_height(view: EditView) -> float:
    """Return the height of the row of the track: more where parts of it are heard again."""
    lanes = lanes_of([(event.track_in, event.track_out) for event in view.events])
    return min(0.2 + 0.11 * max(lanes), 0.8)


def _draw_event(
    axes: Axes,
    times: tuple[float, float],
    place: tuple[float, float],
    index: int,
    inches: float,
    view: EditView,
) -> None:
    """Draw an event from `place` to `place`, `inches` high, with its number where it has room."""
    (start, end), (low, high) = times, place
    box = Rectangle((start, low), end - start, high - low, linewidth=0.4)
    box.set(facecolor=_colour(index), edgecolor=style.INK)
    axes.add_patch(box)
    if (end - start) * _inches(view) > 0.14 and inches > 0.09:
        text = axes.text((start + end) / 2, (low + high) / 2 - 0.03, str(index + 1))
        text.set(ha="center", va="center", size=min(6.5, 50 * inches), weight="bold")


def _colour(index: int) -> str:
    return COLOURS[index % len(COLOURS)]


def _draw_bands(axes: Axes, view: EditView) -> None:
    """Lead each event from where it is heard to where it is in the track; draw the matches."""
    found = view.events
    corners = [
        [(e.video_in, 1), (e.video_out, 1), (e.track_out, 0), (e.track_in, 0)] for e in found
    ]
    colours = [_colour(index) for index in range(len(found))]
    axes.add_collection(PolyCollection(corners, facecolors=colours, alpha=0.5, linewidths=0))
    edges = [side for a, b, c, d in corners for side in ((a, d), (b, c))]
    axes.add_collection(LineCollection(edges, colors=style.INK, linewidths=0.4, alpha=0.7))
    above, below = _middles(view.query.boundaries), _middles(view.match.boundaries)
    matches = [((above[i], 1), (below[j], 0)) for i, j in view.match.path]
    dashes = LineCollection(matches, colors=style.RED, linewidths=0.8)
    dashes.set_linestyle((0, (2.5, 1.5)))
    axes.add_collection(dashes)
    if matches:
        share = float(np.mean([view.match.similarities[i, j] for i, j in view.match.path]))
        words = axes.text(1.0105, 0.5, f"- - {count(len(matches), 'pair')},\ncosine {share:.2f}")
        words.set(transform=axes.transAxes, va="center", size=6, color=style.RED)


def _middles(boundaries: np.ndarray) -> np.ndarray:
    return (boundaries[:-1] + boundaries[1:]) / 2


def _heard_beats(view: EditView) -> list[float]:
    return beats_in_video(view.events, view.match.beats)


def _draw_heard(axes: Axes, view: EditView) -> None:
    _ticks(axes, _heard_beats(view))


def _draw_beats(axes: Axes, view: EditView) -> None:
    _ticks(axes, view.match.beats)


def _ticks(axes: Axes, beats: Sequence[float] | np.ndarray) -> None:
    axes.vlines(beats, 0, 1, color=style.GREY, lw=0.4)


def _heard_share(view: EditView) -> str:
    """Return how much of the track is heard at least once."""
    marks = sorted((event.track_in, event.track_out) for event in view.events)
    heard, reached = 0.0, 0.0
    for start, end in marks:
        heard += max(0.0, end - max(start, reached))
        reached = max(reached, end)
    return f"{heard / view.match.track.duration:.0%} heard"
