"""Experiment 4: mean ranks with shared boundaries beside those of tracks that are cut apart."""

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.figure import Figure

from vmnet.report.apart import CONTROL, COUNT, WINDOW, cuts_of
from vmnet.report.figures import style
from vmnet.report.names import name, ordered
from vmnet.report.paper import SEG_VMNET
from vmnet.report.ranks import RANK
from vmnet.report.results import averages, provenance

if TYPE_CHECKING:
    import pandas as pd


@style.house_style
def cut_apart(
    results: "pd.DataFrame", title: str = "Mean rank by how the two tracks are cut"
) -> Figure:
    """Return a row for each way of cutting windows: the mean rank by each distance, and of counts.

    A line through a dot is the 95 % interval; the dashed line is chance.
    """
    origin = provenance(results)
    inside = results[results["scenario"] == WINDOW]
    ours = averages(inside[inside["system"].isin((SEG_VMNET, CONTROL))], RANK)
    cuts = cuts_of(inside.loc[inside["system"] == SEG_VMNET, "segmenter"])
    systems = ours.index.get_level_values("system")
    distances = ordered("distance", ours.index[systems == SEG_VMNET].get_level_values("distance"))
    keys = [*((SEG_VMNET, each) for each in distances), (CONTROL, COUNT)]
    figure = Figure(figsize=(style.PAGE_WIDTH, 0.8 + 0.5 * len(cuts)), layout="constrained")
    axes = figure.add_subplot()
    shades = style.colours([distance for _, distance in keys])
    for place, (system, distance) in enumerate(keys):
        cells = ours.reindex([(system, cut, distance, WINDOW) for cut in cuts])
        rows = np.arange(len(cuts)) + (place / len(keys) - 0.5) * 0.7
        widths = cells["ci95"].where(np.isfinite(cells["ci95"]), 0)  # none of a single query
        axes.errorbar(
            cells["mean_rank"], rows, xerr=widths, fmt="o" if system == SEG_VMNET else "D", ms=3,
            lw=0.8, color=shades[distance], label=name("distance", distance),
        )  # fmt: skip
    axes.axvline(origin.chance["mean_rank"], color=style.GREY, ls=(0, (3, 2)), lw=0.9)
    axes.set_yticks(range(len(cuts)), [name("segmenter", cut) for cut in cuts])
    axes.invert_yaxis()
    axes.set_xlabel("mean rank")
    axes.set_xlim(left=0)
    axes.grid(axis="x")
    figure.legend(*axes.get_legend_handles_labels(), loc="outside right upper")
    style.add_title(figure, title)
    style.add_data_line(figure, origin.line(f"{origin.chance['mean_rank']:.1f}"))
    return figure
