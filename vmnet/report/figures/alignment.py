"""One alignment: the filled table of NW-DTW or SW-DTW, and the way of the best path through it."""

from itertools import pairwise

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patheffects import withStroke
from matplotlib.ticker import MaxNLocator

from vmnet.aligners import Alignment
from vmnet.report.figures import style

N_NUMBERED = 16  # segments a side up to which every score is written into its cell
SHADES = LinearSegmentedColormap.from_list("shades", ["white", style.faded(style.BLUE, 0.6)])

Node = tuple[int, int]  # a place in the table: music segments and video segments used so far


@style.house_style
def alignment(
    found: Alignment, method: str, kind: str, title: str = "Alignment", settings: str = ""
) -> Figure:
    """Return the table X of an alignment (paper, algorithms 1 and 2) with its best path.

    A slanting step matches a music segment with a video segment; a straight one skips a segment.

    Parameters
    ----------
    found : what `vmnet.aligners.align` returns, the music first.
    method : what it was found by, "nw" or "sw".
    kind : the kind of the data.
    title : such as the clip's title and the cost.
    settings : what differs from the profile; "" for nothing.
    """
    figure = Figure(figsize=(style.PAGE_WIDTH * 0.62, 4.2), layout="constrained")
    axes = figure.add_subplot()
    n_music, n_video = found.table.shape
    mesh = axes.pcolormesh(np.arange(n_music), np.arange(n_video), found.table.T, cmap=SHADES)
    if max(n_music, n_video) > N_NUMBERED + 1:
        mesh.set_rasterized(True)
    else:
        mesh.set(edgecolor="white", linewidth=0.5)
        _write_scores(axes, found.table)
    for before, after in pairwise(nodes(found, method)):
        _draw_step(axes, before, after)
    axes.set(xlabel="music segments, $i$", ylabel="video segments, $j$")
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_locator(MaxNLocator(16, integer=True))
    bar = figure.colorbar(mesh, ax=axes, shrink=0.85, aspect=24)
    bar.set_label("$X[i, j]$, best score so far")
    bar.outline.set_visible(False)
    signs = [
        Line2D([], [], color=style.RED, lw=1.6, label="match"),
        Line2D([], [], color=style.RED, lw=1.0, ls=(0, (1, 1)), label="skip"),
    ]
    axes.legend(handles=signs, loc="lower left", bbox_to_anchor=(0, 1.0), ncols=2, handlelength=2)
    style.add_title(figure, title)
    style.add_data_line(figure, f"{kind} data", settings)
    return figure


def nodes(found: Alignment, method: str) -> list[Node]:
    """Return the places of the table that the best path visits, from its start to its end.

    What is skipped before the first match and after the last is part of it in NW-DTW ("nw"), which
    aligns the whole of both, and not in SW-DTW ("sw"). The table does not tell them apart: at the
    cost 0 both have a border of 0.
    """
    matches = [(int(i), int(j)) for i, j in found.path]
    last = (found.table.shape[0] - 1, found.table.shape[1] - 1)
    whole = method == "nw"
    visited = [(0, 0)] if whole else matches[:1]
    for i, j in matches:
        visited += [*_skips(visited[-1], (i, j)), (i + 1, j + 1)]
    return visited + (_skips(visited[-1], last) if whole else [])


def _skips(start: Node, end: Node) -> list[Node]:
    """Return the places after `start` up to `end`: the music is skipped first."""
    music = [(i, start[1]) for i in range(start[0] + 1, end[0] + 1)]
    return music + [(end[0], j) for j in range(start[1] + 1, end[1] + 1)]


def _draw_step(axes: Axes, before: Node, after: Node) -> None:
    is_match = before[0] != after[0] and before[1] != after[1]
    look = {"lw": 1.6} if is_match else {"lw": 1.0, "ls": (0, (1, 1))}
    axes.plot(*zip(before, after, strict=True), color=style.RED, solid_capstyle="round", **look)


def _write_scores(axes: Axes, table: np.ndarray) -> None:
    """Write each score into its cell, above the path, on a rim that keeps it readable."""
    for (i, j), score in np.ndenumerate(table.round(2) + 0):  # no sign before a 0
        text = axes.text(i, j, f"{score:.2f}", ha="center", va="center", fontsize=5, zorder=5)
        text.set(color=style.INK, path_effects=[withStroke(linewidth=1.8, foreground="white")])
