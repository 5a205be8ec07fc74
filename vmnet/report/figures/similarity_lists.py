"""Chapter 4: how similar the tracks of a ranked list are, whence negatives come, what is tagged."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from vmnet.report.figures import style

MINING = {"neighbors": "neighbors", "random": "random uniform", "distance": "distance-based"}
SHOWN_GENRES = 20


@style.house_style
def figure_41(
    mean_S: np.ndarray,
    negatives: Mapping[str, Sequence[int]],
    positive: int,
    n: int,
    about: str,
    title: str = "Ranked lists, and where the negatives of one pair come from",
) -> Figure:
    """Return figure 4.1: the mean similarity at each rank; below, one list by each mining.

    Parameters
    ----------
    mean_S : (n_tracks - 1,), in percent
        Mean over all tracks of S at each rank of their lists.
    negatives : by mining, ranks from 1
        In the list of one training track, of its pair with the track at rank `positive`.
    n
        How long that list is.
    about
        Whose data they are.
    """
    figure = Figure(figsize=(style.PAGE_WIDTH, 3.6), layout="constrained")
    heights = [3.2, *([0.5] * len(negatives))]
    top, *strips = figure.subplots(1 + len(negatives), 1, height_ratios=heights)
    top.plot(np.arange(1, len(mean_S) + 1), mean_S, color=style.BLUE)
    top.axhline(50, color=style.GREY, ls=(0, (3, 2)), lw=0.9)
    top.set(xlabel="rank in the list of all tracks", ylabel="mean S (%)", ylim=(0, 100))
    top.margins(x=0.01)
    top.grid(axis="y")
    for axes, (mining, ranks) in zip(strips, negatives.items(), strict=True):
        _strip(axes, ranks, positive, n)
        axes.set_ylabel(MINING.get(mining, mining), rotation=0, ha="right", va="center")
    strips[-1].tick_params(bottom=True, labelbottom=True)
    for axes in (top, strips[-1]):
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    strips[-1].set_xlabel(
        f"rank in the list of one training track: its pair (red, rank {positive}), the negatives"
    )
    style.add_title(figure, title)
    style.add_data_line(figure, about)
    return figure


def _strip(axes: Axes, ranks: Sequence[int], positive: int, n: int) -> None:
    style.bare(axes).set_facecolor("#F2F2F2")
    axes.vlines(ranks, 0, 1, color=style.INK, lw=0.9)
    axes.vlines([positive], 0, 1, color=style.RED, lw=1.6)
    axes.set(xlim=(0, n + 1), ylim=(0, 1))


@style.house_style
def tagged_catalog(
    genres: Mapping[str, int],
    seconds: np.ndarray,
    tags: np.ndarray,
    about: str,
    title: str = "The catalog: genres, lengths, tags a track",
) -> Figure:
    """Return figures A.1 to A.3 in a row.

    Parameters
    ----------
    genres
        How many tracks have each, the most first; more than twenty are cut.
    seconds, tags : (n_tracks,)
        How long each track is, and how many tags it has.
    """
    figure = Figure(figsize=(style.PAGE_WIDTH, 2.8), layout="constrained")
    left, middle, right = figure.subplots(1, 3, width_ratios=(1.3, 1, 1))
    names = list(genres)[:SHOWN_GENRES]
    left.barh(names, [genres[name] for name in names], color=style.BLUE)
    left.invert_yaxis()
    left.tick_params(axis="y", labelsize=6, length=0)
    left.set_xlabel("tracks")
    middle.hist(seconds, bins=20, color=style.ORANGE)
    middle.set_xlabel("length (s)")
    right.hist(tags, bins=np.arange(tags.min(), tags.max() + 2) - 0.5, color=style.GREEN)
    right.set_xlabel("tags a track")
    for axes in (middle, right):
        axes.set_ylabel("tracks")
        axes.yaxis.set_major_locator(MaxNLocator(integer=True))
        axes.grid(axis="y")
    style.add_title(figure, title)
    style.add_data_line(figure, about)
    return figure
