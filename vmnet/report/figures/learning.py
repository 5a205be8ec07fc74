"""The learning curve: mean ranks against the number of training clips, and the law they follow."""

from itertools import cycle
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, NullLocator

from vmnet.report import paper
from vmnet.report.figures import style
from vmnet.report.learning import law, measured
from vmnet.report.names import name, ordered
from vmnet.report.ranks import RANK
from vmnet.report.results import provenance

if TYPE_CHECKING:
    import pandas as pd

SHARES = (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50)  # ticks, percent
SIZES = tuple(10**power for power in range(7))


@style.house_style
def learning_curve(
    results: "pd.DataFrame", title: str = "Mean rank by the number of training clips"
) -> Figure:
    """Return each system's mean rank, as a share of the list, against its training clips.

    A line through a dot is the 95 % interval. The straight line is the power law that was fitted to
    the filled dots, dashed where it is carried on, the band its interval; rings are trainings with
    other clips, which took no part. The paper's baseline 2 is a square.

    Parameters
    ----------
    results : as of `vmnet.experiment.learning_curve`.
    """
    origin = provenance(results)
    found, fitted = measured(results), law(results)
    systems = ordered("system", found.index.get_level_values("system"))
    figure = Figure(figsize=(style.PAGE_WIDTH * 0.62, 3.0), layout="constrained")
    axes = figure.add_subplot()
    for system, colour in zip(systems, cycle(style.CYCLE), strict=False):
        _dots(axes, found.loc[system], origin.n_clips, colour, name("system", system))
        if system in fitted.index.get_level_values("system"):
            of_corpus = found.loc[system].index.get_level_values("n_train").max()
            _law(axes, fitted.loc[system], origin.n_clips, of_corpus, colour)
    _of_paper(axes)
    chance = 100 * origin.chance["mean_rank"] / origin.n_clips
    axes.axhline(chance, color=style.GREY, ls=(0, (3, 2)), lw=0.9)
    axes.set(xscale="log", yscale="log", xlabel="training clips", ylabel="mean rank, % of the list")
    axes.xaxis.set_major_locator(FixedLocator(SIZES))
    axes.yaxis.set_major_locator(FixedLocator(SHARES))
    axes.xaxis.set_major_formatter("{x:,.0f}")
    axes.yaxis.set_major_formatter("{x:g}")
    axes.yaxis.set_minor_locator(NullLocator())
    axes.grid(axis="y")
    handles, _ = axes.get_legend_handles_labels()
    if (found.index.get_level_values("n_extra") > 0).any():
        look: dict[str, Any] = {"color": style.GREY, "marker": "o", "lw": 0, "mfc": "white"}
        handles.append(Line2D([], [], label="and other clips", ms=4, **look))
    axes.legend(handles=handles, loc="lower left")
    style.add_title(figure, title)
    style.add_data_line(figure, origin.line(f"{origin.chance['mean_rank']:.1f}"))
    return figure


def _dots(axes: Axes, ranks: "pd.DataFrame", n_clips: int, colour: str, label: str) -> None:
    """Draw the mean ranks of one system, by (n_train, n_extra)."""
    shares = 100 * ranks[list(RANK)] / n_clips
    shares["ci95"] = shares["ci95"].where(np.isfinite(shares["ci95"]), 0)  # of a single query
    n_train, n_extra = (shares.index.get_level_values(level) for level in ("n_train", "n_extra"))
    looks: list[tuple[np.ndarray, dict[str, Any]]] = [
        (n_extra == 0, {"label": label}),
        (n_extra > 0, {"mfc": "white"}),
    ]
    for some, look in looks:
        cells = shares[some]
        axes.errorbar(
            (n_train + n_extra)[some], cells["mean_rank"], yerr=cells["ci95"], fmt="o", ms=4,
            lw=0.8, color=colour, zorder=4, **look,
        )  # fmt: skip


def _law(axes: Axes, fitted: "pd.DataFrame", n_clips: int, of_corpus: int, colour: str) -> None:
    """Draw the law of one system: solid to the size of its corpus, dashed beyond."""
    shares = 100 * fitted / n_clips
    sizes = shares.index.to_numpy()
    axes.fill_between(sizes, shares["fit_low"], shares["fit_high"], color=colour, alpha=0.15, lw=0)
    ends = np.array([sizes[0], of_corpus, sizes[-1]])
    at = np.exp(np.interp(np.log(ends), np.log(sizes), np.log(shares["fit"])))
    axes.plot(ends[:2], at[:2], color=colour, lw=1)
    axes.plot(ends[1:], at[1:], color=colour, lw=1, ls=(0, (3, 2)))


def _of_paper(axes: Axes) -> None:
    """Draw the paper's baseline 2 at its number of training clips."""
    cell = paper.cells().loc[(paper.BASELINE_2, "clip", "centroid", "vanilla")]
    mean, half_width = (100 * float(cell[column]) / paper.N_CLIPS for column in RANK)
    axes.errorbar(
        [paper.N_TRAIN], [mean], yerr=[half_width], fmt="s", ms=4.5, lw=0.8, color=style.RED,
        zorder=5, label=f"paper, {name('system', paper.BASELINE_2)}",
    )  # fmt: skip
