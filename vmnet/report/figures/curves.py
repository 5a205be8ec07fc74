"""Curves: the losses of trainings, and the mean rank against the indel cost."""

import textwrap
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from vmnet.errors import VmnetError
from vmnet.report import paper
from vmnet.report.figures import style
from vmnet.report.names import NAMES, name, ordered
from vmnet.report.results import averages, provenance

if TYPE_CHECKING:
    import pandas as pd

RING: dict[str, Any] = {"marker": "o", "mfc": "white", "mew": 1.2, "ms": 5}
LEGEND_WIDTH = 28  # characters, from where on a name is broken


@style.house_style
def training_curves(
    curves: Mapping[str, Any],
    kind: str,
    title: str = "Training of the VM-Nets",
    settings: str = "",
) -> Figure:
    """Return the training (thin) and validation (thick) loss of each network along its steps.

    A dot marks the step that was kept, that of the least validation rank where there is one, or
    else of the least validation loss.

    Parameters
    ----------
    curves : segmenter, system or any name -> frame, or what makes one, with the columns step,
        train_loss, valid_loss and, where the step was chosen by it, valid_rank; a loss is NaN at
        steps where it was not measured.
    kind : the kind of data that the networks were trained on.
    settings : what differs from the profile; "" for nothing.
    """
    import pandas as pd

    figure = Figure(figsize=(style.PAGE_WIDTH, 2.6), layout="constrained")
    axes = figure.add_subplot()
    shades = style.colours(curves)
    for network, curve in curves.items():
        frame = pd.DataFrame(curve)
        colour = shades[network]
        train, valid = (frame.dropna(subset=[loss]) for loss in ("train_loss", "valid_loss"))
        axes.plot(train["step"], train["train_loss"], color=style.faded(colour, 0.55), lw=0.7)
        axes.plot(valid["step"], valid["valid_loss"], color=colour, label=_legend_name(network))
        if valid.empty:
            raise VmnetError(f"The training curve of {network} has no validation loss to show.")
        score = "valid_rank" if "valid_rank" in valid else "valid_loss"
        least = valid.loc[valid[score].idxmin(), ["step", "valid_loss"]]
        axes.plot(*least, "o", color=colour, mec="white", mew=0.8, ms=5.5, zorder=5)
    axes.set(xlabel="updates", ylabel="loss")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.xaxis.set_major_formatter("{x:,.0f}")
    axes.set_ylim(bottom=0)
    axes.grid(axis="y")
    axes.margins(x=0.02)
    signs = [
        Line2D([], [], color=style.faded(style.INK, 0.5), lw=0.7, label="training"),
        Line2D([], [], color=style.INK, label="validation"),
        Line2D([], [], color=style.INK, marker="o", lw=0, mec="white", ms=5.5, label="kept"),
    ]
    handles = [*axes.get_legend_handles_labels()[0], *signs]
    figure.legend(handles=handles, loc="outside right upper")
    style.add_title(figure, title)
    style.add_data_line(figure, f"trained on {kind} data", settings)
    return figure


def _legend_name(network: str) -> str:
    names = NAMES["system"] | NAMES["segmenter"]
    return textwrap.fill(names.get(network, network), LEGEND_WIDTH)


@style.house_style
def indel_sweep(results: "pd.DataFrame", title: str = "Mean rank against the indel cost") -> Figure:
    """Return the mean rank of each distance against its indel cost (section IV-D).

    A dashed line marks the cost the paper chose, a ring the cost that is best here; the band is the
    95 % interval of the mean rank.

    Parameters
    ----------
    results : tidy results table with one more column, `indel`, and the metrics mean_rank and ci95.
    """
    if "indel" not in results.columns:
        raise VmnetError("The results of an indel sweep need a column indel: run the sweep again.")
    origin = provenance(results)
    ours = averages(results, ("mean_rank", "ci95"), ("distance", "indel"))
    figure = Figure(figsize=(style.PAGE_WIDTH * 0.62, 2.6), layout="constrained")
    axes = figure.add_subplot()
    distances = ordered("distance", ours.index.get_level_values("distance"))
    for distance, colour in style.colours(distances).items():
        _sweep_line(axes, distance, ours.loc[distance].sort_index(), colour)
    costs = ours.index.get_level_values("indel")
    if costs.min() > 0:
        axes.set_xscale("log")
    elif costs.max() > 0:  # a cost of 0 has no logarithm: linear up to the least other cost
        axes.set_xscale("symlog", linthresh=costs[costs > 0].min())
    axes.set(xlabel="indel cost", ylabel="mean rank")
    axes.set_ylim(bottom=0)
    axes.grid(axis="y")
    signs = [
        Line2D([], [], color=style.GREY, ls=(0, (3, 2)), lw=0.9, label="paper's cost"),
        Line2D(
            [],
            [],
            color=style.GREY,
            marker="o",
            lw=0,
            mfc="white",
            mew=1.2,
            ms=5,
            label="best here",
        ),
    ]
    axes.legend(handles=[*axes.get_legend_handles_labels()[0], *signs], ncols=2)
    style.add_title(figure, title)
    style.add_data_line(figure, origin.line(f"{origin.chance['mean_rank']:.1f}", "clip"))
    return figure


def _sweep_line(axes: Axes, distance: str, curve: "pd.DataFrame", colour: str) -> None:
    indels, ranks = curve.index.to_numpy(), curve["mean_rank"].to_numpy()
    ci95 = np.where(np.isfinite(curve["ci95"]), curve["ci95"], 0)  # none of a single query
    axes.fill_between(indels, ranks - ci95, ranks + ci95, color=colour, alpha=0.15, lw=0)
    axes.plot(indels, ranks, color=colour, marker=".", ms=3.5, label=name("distance", distance))
    costs = paper.indel_costs()
    if distance in costs:
        axes.axvline(costs[distance], color=colour, ls=(0, (3, 2)), lw=0.9)
    best = ranks.argmin()
    axes.plot(indels[best], ranks[best], color=colour, zorder=5, **RING)
