"""The paper's figure 11: the similarity of every music and video segment of one clip."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.collections import QuadMesh
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from vmnet.report.figures import style

Matches = Sequence[tuple[int, int]]  # (music segment, video segment) pairs, from 0


@style.house_style
def figure_11(
    similarity: np.ndarray,
    kind: str,
    music_boundaries: np.ndarray | None = None,
    video_boundaries: np.ndarray | None = None,
    title: str = "Similarity of segments",
    path: Matches | None = None,
    settings: str = "",
) -> Figure:
    """Return figure 11: the similarity of every music and video segment, blue below 0, red above.

    The colours span the greatest absolute similarity of the matrix, and the colour bar says it.

    Parameters
    ----------
    similarity : (n_music, n_video), dot products of unit embeddings.
    kind : the kind of the data.
    music_boundaries, video_boundaries : (n + 1,) seconds; with them the axes show time, without
        them the numbers of the segments.
    title : such as the clip's title.
    path : an alignment by NW-DTW to draw over the matrix.
    settings : what differs from the profile; "" for nothing.

    Raises
    ------
    ValueError
        When these are no dot products of unit embeddings, or the boundaries do not fit them.
    """
    figure = Figure(figsize=(style.COLUMN_WIDTH, 3.1), layout="constrained")
    axes = figure.add_subplot()
    edges = (music_boundaries, video_boundaries)
    mesh = _draw_similarity(axes, similarity, *edges)
    if path is not None and len(path):
        _draw_path(axes, path, similarity.shape, edges)
    _similarity_scale(figure, mesh, axes)
    style.add_title(figure, title)
    style.add_data_line(figure, f"{kind} data", settings)
    return figure


def _draw_similarity(
    axes: Axes,
    similarity: np.ndarray,
    music_boundaries: np.ndarray | None,
    video_boundaries: np.ndarray | None,
) -> QuadMesh:
    similarity = np.asarray(similarity, dtype=float)
    if similarity.ndim != 2 or not similarity.size or np.abs(similarity).max() > 1.001:
        raise ValueError(
            "a similarity matrix needs (music, video) dot products of unit embeddings, -1 to 1"
        )
    music = _edges(music_boundaries, similarity.shape[0], "music")
    video = _edges(video_boundaries, similarity.shape[1], "video")
    mesh = axes.pcolormesh(music, video, similarity.T, cmap="RdBu_r")
    limit = max(float(np.abs(similarity).max()), 1e-6)
    mesh.set_clim(-limit, limit)
    if max(similarity.shape) <= 40:
        mesh.set(edgecolor="white", linewidth=0.25)
    else:
        mesh.set_rasterized(True)
    axes.set_box_aspect(1)
    _segment_axis(axes.xaxis, music_boundaries, "music")
    _segment_axis(axes.yaxis, video_boundaries, "video")
    return mesh


def _draw_path(
    axes: Axes,
    path: Matches,
    shape: tuple[int, ...],
    boundaries: tuple[np.ndarray | None, np.ndarray | None],
) -> None:
    """Draw an alignment through the middles of its segments, and name it above the matrix."""
    edges = [_edges(*each) for each in zip(boundaries, shape, ("music", "video"), strict=True)]
    steps = np.asarray(path)
    line = [(each[:-1] + each[1:])[steps[:, side]] / 2 for side, each in enumerate(edges)]
    axes.plot(*line, color="white", lw=2.6, solid_joinstyle="round")
    axes.plot(*line, color=style.INK, lw=1.1, marker="o", ms=2.2, label="path of NW-DTW")
    axes.legend(loc="lower left", bbox_to_anchor=(0, 1.0), handlelength=2)


def _edges(boundaries: np.ndarray | None, n_segments: int, side: str) -> np.ndarray:
    if boundaries is None:
        return np.arange(n_segments + 1) + 0.5
    if len(boundaries) != n_segments + 1:
        raise ValueError(
            f"{n_segments} {side} segments need {n_segments + 1} boundaries, not {len(boundaries)}"
        )
    return np.asarray(boundaries, dtype=float)


def _segment_axis(axis: Axis, boundaries: np.ndarray | None, side: str) -> None:
    if boundaries is None:
        axis.set_major_locator(MaxNLocator(12, integer=True, min_n_ticks=1))
        axis.set_label_text(f"{side} segment")
        return
    style.clock_ticks(axis, float(boundaries[-1]), 5)
    axis.set_label_text(f"{side} (min:s)")


def _similarity_scale(figure: Figure, mesh: QuadMesh, axes: Axes) -> None:
    limit = mesh.get_clim()[1]
    bar = figure.colorbar(mesh, ax=axes, shrink=0.85, aspect=24)
    bar.set_label(f"similarity (dot product), scale ±{limit:.2g}")
    bar.locator = MaxNLocator(5, symmetric=True)
    bar.update_ticks()
    bar.outline.set_visible(False)
