"""The figures of single clips: recommendations with key frames, and similarity matrices."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.collections import QuadMesh
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from vmnet.errors import VmnetError
from vmnet.evaluation.metrics import ranks
from vmnet.report.results import count
from vmnet.report.style import (
    COLUMN_WIDTH,
    GREY,
    INK,
    PAGE_WIDTH,
    PALE,
    RED,
    add_data_line,
    add_title,
    axes_at,
    bare,
    clock_ticks,
    house_style,
    text_at,
)

Alignment = Sequence[tuple[int, int]]  # (music segment, video segment) pairs, from 0

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
class QualitativeQuery:
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


@house_style
def qualitative(
    queries: Sequence[QualitativeQuery],
    kind: str,
    title: str = "Music recommended for video queries",
) -> Figure:
    """Return figure 10: a row per query with its best tracks and the histogram of all distances.

    A track's distance stands above its key frame, its title below; the true track has a red border,
    and its bin of the histogram is red and carries its rank.

    Parameters
    ----------
    queries : the queries, of one catalog.
    kind : the kind of the data, for the line under the figure.
    """
    if not queries:
        raise VmnetError("The figure of recommendations needs at least one query.")
    height = HEAD + ROW_HEIGHT * len(queries) + FOOT
    figure = Figure(figsize=(PAGE_WIDTH, height))
    add_title(figure, title)
    _head_columns(figure, height - 0.36)
    for row, query in enumerate(queries):
        _draw_query(figure, height - HEAD - ROW_HEIGHT * row, query)
    tracks = count(len(queries[0].distances), "track")
    add_data_line(figure, f"{kind} data, {tracks}; red: the query's own track")
    return figure


@house_style
def similarity_matrix(
    similarity: np.ndarray,
    kind: str,
    music_boundaries: np.ndarray | None = None,
    video_boundaries: np.ndarray | None = None,
    title: str = "Similarity of segments",
    path: Alignment | None = None,
) -> Figure:
    """Return figure 11: the similarity of every music and video segment, blue -1 to red 1.

    Parameters
    ----------
    similarity : (n_music, n_video), dot products of unit embeddings.
    kind : the kind of the data.
    music_boundaries, video_boundaries : (n + 1,) seconds; with them the axes show time, without
        them the numbers of the segments.
    title : such as the clip's title.
    path : an alignment to draw over the matrix.
    """
    figure = Figure(figsize=(COLUMN_WIDTH, 3.1), layout="constrained")
    axes = figure.add_subplot()
    edges = (music_boundaries, video_boundaries)
    mesh = _draw_similarity(axes, similarity, *edges, path)
    _similarity_scale(figure, mesh, axes)
    add_title(figure, title)
    add_data_line(figure, f"{kind} data")
    return figure


def _head_columns(figure: Figure, y: float) -> None:
    heads = {
        "video query": QUERY_X + QUERY_WIDTH / 2,
        "recommended music, best first": TRACKS_X + TRACKS_WIDTH / 2,
        "distances to all tracks": HISTOGRAM_X + HISTOGRAM_WIDTH / 2,
    }
    for head, x in heads.items():
        text_at(figure, x, y, head, size=7, color=GREY, style="italic")


def _draw_query(figure: Figure, top: float, query: QualitativeQuery) -> None:
    y = top - FRAME_HEIGHT
    _draw_frame(figure, QUERY_X, y, QUERY_WIDTH, query.query_frame, query.query_title, GREY)
    n_top = max(len(query.top), 1)
    width = (TRACKS_WIDTH - TRACKS_GAP * (n_top - 1)) / n_top
    for place, track in enumerate(query.top):
        x = TRACKS_X + place * (width + TRACKS_GAP)
        colour = RED if track.is_true else PALE
        _draw_frame(figure, x, y, width, track.frame, track.title, colour, track.is_true)
        above = text_at(
            figure, x + width / 2, top + 0.075, f"{track.distance:.3f}".replace("-", "−"), size=7
        )
        above.set_color(RED if track.is_true else INK)
    box = (HISTOGRAM_X, y, HISTOGRAM_WIDTH, FRAME_HEIGHT)
    _draw_histogram(axes_at(figure, *box), query)


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
    axes = bare(axes_at(figure, x, y, width, FRAME_HEIGHT))
    axes.imshow(frame, interpolation="antialiased")
    for spine in axes.spines.values():
        spine.set(visible=True, color=colour, linewidth=2.2 if thick else 0.6)
    text_at(figure, x + width / 2, y - 0.045, title, width, n_lines=2, size=7, va="top")


def _draw_histogram(axes: Axes, query: QualitativeQuery) -> None:
    distances = np.asarray(query.distances, dtype=float)
    n_bins = int(np.clip(2 * np.sqrt(distances.size), 5, 40))
    counts, edges = np.histogram(distances, n_bins)
    true = distances[query.true_index]
    true_bin = int(np.clip(np.searchsorted(edges, true, "right") - 1, 0, n_bins - 1))
    colours = [RED if each == true_bin else "#B8B8B8" for each in range(n_bins)]
    axes.bar(edges[:-1], counts, np.diff(edges), align="edge", color=colours, lw=0)
    middle = edges[true_bin : true_bin + 2].mean()
    axes.vlines(middle, counts[true_bin], counts.max() * 1.12, color=RED, lw=0.8)
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
        color=RED,
        size=7,
        fontweight="bold",
    )
    axes.spines["left"].set_visible(False)
    axes.set_yticks([])
    axes.locator_params(axis="x", nbins=4)
    axes.tick_params(axis="x", labelsize=6, pad=1.5)


def _draw_similarity(
    axes: Axes,
    similarity: np.ndarray,
    music_boundaries: np.ndarray | None,
    video_boundaries: np.ndarray | None,
    path: Alignment | None,
) -> QuadMesh:
    similarity = np.asarray(similarity, dtype=float)
    if similarity.ndim != 2 or not similarity.size or np.abs(similarity).max() > 1.001:
        raise VmnetError(
            "A similarity matrix needs (music, video) dot products of unit embeddings, -1 to 1."
        )
    music = _edges(music_boundaries, similarity.shape[0], "music")
    video = _edges(video_boundaries, similarity.shape[1], "video")
    mesh = axes.pcolormesh(music, video, similarity.T, cmap="RdBu_r", vmin=-1, vmax=1)
    if max(similarity.shape) <= 40:
        mesh.set(edgecolor="white", linewidth=0.25)
    else:
        mesh.set_rasterized(True)
    axes.set_box_aspect(1)
    _segment_axis(axes.xaxis, music_boundaries, "music")
    _segment_axis(axes.yaxis, video_boundaries, "video")
    if path is not None and len(path):
        steps = np.asarray(path)
        places = [(edges[:-1] + edges[1:]) / 2 for edges in (music, video)]
        line = (places[0][steps[:, 0]], places[1][steps[:, 1]])
        axes.plot(*line, color="white", lw=2.6, solid_joinstyle="round")
        axes.plot(*line, color=INK, lw=1.1, marker="o", ms=2.2, label="alignment")
    return mesh


def _edges(boundaries: np.ndarray | None, n_segments: int, side: str) -> np.ndarray:
    if boundaries is None:
        return np.arange(n_segments + 1) + 0.5
    if len(boundaries) != n_segments + 1:
        raise VmnetError(
            f"{n_segments} {side} segments need {n_segments + 1} boundaries, not {len(boundaries)}."
        )
    return np.asarray(boundaries, dtype=float)


def _segment_axis(axis: Axis, boundaries: np.ndarray | None, side: str) -> None:
    if boundaries is None:
        axis.set_major_locator(MaxNLocator(12, integer=True, min_n_ticks=1))
        axis.set_label_text(f"{side} segment")
        return
    clock_ticks(axis, float(boundaries[-1]), 5)
    axis.set_label_text(f"{side} (min:s)")


def _similarity_scale(figure: Figure, mesh: QuadMesh, axes: Axes | list[Axes]) -> None:
    bar = figure.colorbar(mesh, ax=axes, ticks=[-1, -0.5, 0, 0.5, 1], shrink=0.85, aspect=24)
    bar.set_label("similarity")
    bar.outline.set_visible(False)
