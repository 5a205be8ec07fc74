"""The paper's figure 10: video queries with the key frames of the tracks recommended for them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from vmnet.evaluation.metrics import ranks
from vmnet.report.figures import style
from vmnet.report.results import count

# Figure 10, in inches.
QUERY_X, QUERY_WIDTH = 0.08, 1.25
TRACKS_X, TRACKS_WIDTH, TRACKS_GAP = 1.6, 3.85, 0.1
HISTOGRAM_X, HISTOGRAM_WIDTH = 5.68, 1.38
FRAME_HEIGHT, ROW_HEIGHT, HEAD, FOOT = 0.71, 1.2, 0.62, 0.0


class Track(NamedTuple):
    """A recommended music track: key frame (h, w, 3) uint8, title, distance, is it the true one."""

    frame: np.ndarray
    title: str
    distance: float
    is_true: bool


@dataclass(frozen=True)
class Query:
    """One video query, its best tracks (best first) and its distance to every track.

    `query_frame` is (h, w, 3) uint8, `distances` (n_targets,), `true_index` the place of the
    query's own track in it.
    """

    query_title: str
    query_frame: np.ndarray
    top: Sequence[Track]
    distances: np.ndarray
    true_index: int

    @property
    def rank(self) -> float:
        """The rank of the true track, 1 = nearest; equal distances share their mean rank."""
        return float(ranks(np.asarray(self.distances)[None], [self.true_index])[0])


@style.house_style
def figure_10(
    queries: Sequence[Query],
    kind: str,
    title: str = "Music recommended for video queries",
    settings: str = "",
) -> Figure:
    """Return figure 10: a row per query with its best tracks and the histogram of all distances.

    A track's distance stands above its key frame, its title below; the true track has a red border,
    and its bin of the histogram is red and carries its rank.

    Parameters
    ----------
    queries : the queries, of one catalog.
    kind : the kind of the data, for the line under the figure.
    settings : what differs from the profile; "" for nothing.
    """
    if not queries:
        raise ValueError("the figure of recommendations needs at least one query")
    height = HEAD + ROW_HEIGHT * len(queries) + FOOT
    figure = Figure(figsize=(style.PAGE_WIDTH, height))
    style.add_title(figure, title)
    _head_columns(figure, height - 0.36)
    for row, query in enumerate(queries):
        _draw_query(figure, height - HEAD - ROW_HEIGHT * row, query)
    tracks = count(len(queries[0].distances), "track")
    style.add_data_line(figure, f"{kind} data, {tracks}; red: the query's own track", settings)
    return figure


def _head_columns(figure: Figure, y: float) -> None:
    heads = {
        "video query": QUERY_X + QUERY_WIDTH / 2,
        "recommended music, best first": TRACKS_X + TRACKS_WIDTH / 2,
        "distances to all tracks": HISTOGRAM_X + HISTOGRAM_WIDTH / 2,
    }
    for head, x in heads.items():
        style.text_at(figure, x, y, head, size=7, color=style.GREY, style="italic")


def _draw_query(figure: Figure, top: float, query: Query) -> None:
    y = top - FRAME_HEIGHT
    _draw_frame(figure, QUERY_X, y, QUERY_WIDTH, query.query_frame, query.query_title, style.GREY)
    n_top = max(len(query.top), 1)
    width = (TRACKS_WIDTH - TRACKS_GAP * (n_top - 1)) / n_top
    for place, track in enumerate(query.top):
        x = TRACKS_X + place * (width + TRACKS_GAP)
        colour = style.RED if track.is_true else style.PALE
        _draw_frame(figure, x, y, width, track.frame, track.title, colour, track.is_true)
        above = style.text_at(
            figure, x + width / 2, top + 0.075, f"{track.distance:.3f}".replace("-", "−"), size=7
        )
        above.set_color(style.RED if track.is_true else style.INK)
    box = (HISTOGRAM_X, y, HISTOGRAM_WIDTH, FRAME_HEIGHT)
    _draw_histogram(style.axes_at(figure, *box), query)


def _draw_frame(
    figure: Figure,
    x: float,
    y: float,
    width: float,
    frame: np.ndarray,
    title: str,
    colour: str,
    thick: bool = False,
) -> None:
    axes = style.bare(style.axes_at(figure, x, y, width, FRAME_HEIGHT))
    axes.imshow(frame, interpolation="antialiased")
    for spine in axes.spines.values():
        spine.set(visible=True, color=colour, linewidth=2.2 if thick else 0.6)
    style.text_at(figure, x + width / 2, y - 0.045, title, width, n_lines=2, size=7, va="top")


def _draw_histogram(axes: Axes, query: Query) -> None:
    distances = np.asarray(query.distances, dtype=float)
    n_bins = int(np.clip(2 * np.sqrt(distances.size), 5, 40))
    counts, edges = np.histogram(distances, n_bins)
    true = distances[query.true_index]
    true_bin = int(np.clip(np.searchsorted(edges, true, "right") - 1, 0, n_bins - 1))
    colours = [style.RED if each == true_bin else "#B8B8B8" for each in range(n_bins)]
    axes.bar(edges[:-1], counts, np.diff(edges), align="edge", color=colours, lw=0)
    middle = edges[true_bin : true_bin + 2].mean()
    axes.vlines(middle, counts[true_bin], counts.max() * 1.12, color=style.RED, lw=0.8)
    axes.set_ylim(0, counts.max() * 1.12)
    axes.set_xlim(edges[0], edges[-1])
    place = (middle - edges[0]) / (edges[-1] - edges[0])
    side = "left" if place < 0.3 else "right" if place > 0.7 else "center"
    axes.annotate(
        f"rank {query.rank:,.6g}",
        (middle, 1),
        xycoords=axes.get_xaxis_transform(),
        xytext=(0, 1.5),
        textcoords="offset points",
        ha=side,
        color=style.RED,
        size=7,
        fontweight="bold",
    )
    axes.spines["left"].set_visible(False)
    axes.set_yticks([])
    axes.locator_params(axis="x", nbins=4)
    axes.tick_params(axis="x", labelsize=6, pad=1.5)
