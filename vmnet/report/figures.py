"""The paper's figures of results, and the curves behind them.

Each function takes plain data and returns a `matplotlib.figure.Figure`; `save_figure` writes it.
Every figure says in a small line whose data it shows.
"""

from collections.abc import Mapping
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from vmnet.errors import VmnetError
from vmnet.evaluation.metrics import RECALL_AT
from vmnet.report import paper
from vmnet.report.names import DISTANCES, SCENARIOS, SEGMENTERS, SYSTEMS, symbol
from vmnet.report.overview import ClipOverview, clip_overview
from vmnet.report.pictures import (
    QualitativeQuery,
    Track,
    qualitative,
    similarity_matrix,
)
from vmnet.report.results import read_cells
from vmnet.report.style import (
    CYCLE,
    GREY,
    INK,
    PAGE_WIDTH,
    add_data_line,
    add_title,
    colour_of,
    faded,
    house_style,
    save_figure,
)

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "ClipOverview",
    "QualitativeQuery",
    "Track",
    "clip_overview",
    "figure_7",
    "figure_8",
    "figure_9",
    "indel_sweep",
    "qualitative",
    "save_figure",
    "similarity_matrix",
    "stacked_recalls",
    "training_curves",
]

OPACITIES = {1: 1.0, 10: 0.6, 25: 0.28}  # R@1 is the darkest
BAR_WIDTH = 0.86
CROWDED = 26  # bars, from where on numbers above them would touch
ABOVE: dict[str, Any] = {
    "xytext": (0, 1.2),
    "textcoords": "offset points",
    "ha": "center",
    "va": "bottom",
}
CHANCE_LINE: dict[str, Any] = {"color": INK, "lw": 0.7, "ls": (0, (2, 2))}
NAMES = SEGMENTERS | SYSTEMS
KEYS = {shown: key for key, shown in NAMES.items()}

Bar = tuple[str, str]  # (group, bar)
BARS = {"distance": "segmenter", "scenario": "distance"}  # what the bars of such groups are
FIXED = {"distance": "scenario", "scenario": "segmenter"}  # what all bars then share
ORDER = {"segmenter": SEGMENTERS, "distance": DISTANCES, "scenario": SCENARIOS}


def figure_7(results: "pd.DataFrame") -> Figure:
    """Return figure 7, experiment 1: recalls of each segmenter with the unordered distances."""
    chosen = _vanilla(results, ("centroid", "single", "complete"))
    return stacked_recalls(chosen, "Experiment 1: segments without order")


def figure_8(results: "pd.DataFrame") -> Figure:
    """Return figure 8, experiment 2: recalls of each segmenter with the alignments."""
    chosen = _vanilla(results, tuple(paper.TABLE_3))
    return stacked_recalls(chosen, "Experiment 2: segments in order")


def figure_9(results: "pd.DataFrame") -> Figure:
    """Return figure 9, experiment 3: recalls of each distance in the realistic scenarios."""
    realistic = results["scenario"] != "vanilla"
    chosen = results[realistic & results["distance"].isin(list(paper.TABLE_4))]
    names = [SEGMENTERS.get(name, name) for name in chosen["segmenter"].unique()]
    title = f"Experiment 3: realistic scenarios, {', '.join(names)} segments"
    return stacked_recalls(chosen, title, groups="scenario")


@house_style
def stacked_recalls(results: "pd.DataFrame", title: str, groups: str = "distance") -> Figure:
    """Return R@1, R@10 and R@25 as stacked bars of decreasing opacity (figures 7, 8, 9).

    Clip-level systems have a bar each at the left; dashed lines are the recalls of a random order.

    Parameters
    ----------
    results : tidy results table of one corpus and one segment-level system.
    title : the figure's title.
    groups : "distance" groups the segmenters of each distance, in one scenario (figures 7 and 8),
        "scenario" the distances of each scenario, for one segmenter (figure 9).

    Raises
    ------
    VmnetError
        When a bar has fewer seeds than another; a bar without any reads "missing".
    """
    results = results[results["direction"] == "V2M"]
    clip_level = results["segmenter"] == "clip"
    baselines = list(results.loc[clip_level, "system"].unique())
    segment_level = results[~clip_level]
    shared = {column: _only(segment_level, column) for column in ("system", FIXED[groups])}
    group_names, bar_names = (_present(segment_level, each) for each in (groups, BARS[groups]))
    cells: dict[Bar, dict[str, str]] = {(name, ""): {"system": name} for name in baselines}
    for group, bar in product(group_names, bar_names):
        cells[group, bar] = {**shared, groups: group, BARS[groups]: bar}
    means, origin = read_cells(results, cells, tuple(f"R@{k}" for k in RECALL_AT))
    figure = Figure(figsize=(PAGE_WIDTH, 2.75), layout="constrained")
    axes = figure.add_subplot()
    places = _places(len(baselines), len(group_names), len(bar_names))
    for place, (group, bar) in zip(places, cells, strict=True):
        top = _stack(axes, place, means[group, bar], colour_of(bar or group))
        if top is not None and len(cells) <= CROWDED:
            axes.annotate(f"{top:.0f}", (place, top), size=6, color=INK, **ABOVE)
    labels = [symbol(groups, group) for group in group_names]
    _label_groups(axes, places, baselines, labels)
    for k in RECALL_AT:
        axes.axhline(origin.chance[f"R@{k}"], zorder=3, **CHANCE_LINE)
    _legends(axes, BARS[groups], bar_names)
    _percent_axis(axes, means)
    add_title(figure, title)
    level = ", ".join(f"R@{k} {origin.chance[f'R@{k}']:.3g}" for k in RECALL_AT)
    add_data_line(figure, origin.line(f"{level} %"))
    return figure


@house_style
def training_curves(
    curves: Mapping[str, Any],
    kind: str,
    best: Mapping[str, int] | None = None,
    title: str = "Training of the VM-Nets",
) -> Figure:
    """Return the training (thin) and validation (thick) loss of each network along its steps.

    Parameters
    ----------
    curves : segmenter or system -> frame, or what makes one, with the columns step, train_loss and
        valid_loss; a loss may be missing (NaN) at steps where it was not measured.
    kind : the kind of data that the networks were trained on.
    best : network -> the step that was kept; without it, the step of the least validation loss.
    """
    import pandas as pd

    figure = Figure(figsize=(PAGE_WIDTH, 2.6), layout="constrained")
    axes = figure.add_subplot()
    for index, (name, curve) in enumerate(curves.items()):
        frame = pd.DataFrame(curve)
        colour = colour_of(KEYS.get(name, name), {name: CYCLE[index % len(CYCLE)]})
        train, valid = (frame.dropna(subset=[loss]) for loss in ("train_loss", "valid_loss"))
        axes.plot(train["step"], train["train_loss"], color=faded(colour, 0.55), lw=0.7)
        axes.plot(valid["step"], valid["valid_loss"], color=colour, label=NAMES.get(name, name))
        if valid.empty:
            raise VmnetError(f"The training curve of {name} has no validation loss to show.")
        least = valid.loc[valid["valid_loss"].idxmin(), "step"]
        step = least if best is None else best[name]
        height = np.interp(step, valid["step"], valid["valid_loss"])
        axes.plot(step, height, "o", color=colour, mec="white", mew=0.8, ms=5.5, zorder=5)
    axes.set(xlabel="updates", ylabel="loss")
    axes.xaxis.set_major_formatter("{x:,.0f}")
    axes.set_ylim(bottom=0)
    axes.grid(axis="y")
    axes.margins(x=0.02)
    signs = [
        Line2D([], [], color=faded(INK, 0.5), lw=0.7, label="training"),
        Line2D([], [], color=INK, label="validation"),
        Line2D([], [], color=INK, marker="o", lw=0, mec="white", ms=5.5, label="kept"),
    ]
    handles = [*axes.get_legend_handles_labels()[0], *signs]
    figure.legend(handles=handles, loc="outside right upper")
    add_title(figure, title)
    add_data_line(figure, f"trained on {kind} data")
    return figure


@house_style
def indel_sweep(results: "pd.DataFrame", title: str = "Mean rank against the indel cost") -> Figure:
    """Return the mean rank of NW-DTW and SW-DTW against their indel cost (section IV-D).

    A dashed line marks the cost the paper chose, a ring the cost that is best here; the band is the
    95 % interval of the mean rank.

    Parameters
    ----------
    results : tidy results table with one more column, `indel`, and the metrics mean_rank and ci95.
    """
    if "indel" not in results.columns:
        raise VmnetError("The results of an indel sweep need a column indel: run the sweep again.")
    keys = [
        (distance, indel)
        for distance in paper.INDEL
        for indel in sorted(results.loc[results["distance"] == distance, "indel"].unique())
    ]
    cells = {(distance, indel): {"distance": distance, "indel": indel} for distance, indel in keys}
    means, origin = read_cells(results, cells, ("mean_rank", "ci95"))
    figure = Figure(figsize=(PAGE_WIDTH * 0.62, 2.6), layout="constrained")
    axes = figure.add_subplot()
    for distance, chosen in paper.INDEL.items():
        curve = [(i, *means[d, i].values()) for d, i in keys if d == distance and means[d, i]]
        if curve:
            _sweep_line(axes, distance, chosen, *np.array(curve, dtype=float).T)
    costs = [indel for _, indel in keys]
    if costs and min(costs) > 0:
        axes.set_xscale("log")
    elif any(costs):  # a cost of 0 has no logarithm: linear up to the least other cost
        axes.set_xscale("symlog", linthresh=min(cost for cost in costs if cost > 0))
    axes.set(xlabel="indel cost", ylabel="mean rank")
    axes.set_ylim(bottom=0)
    axes.grid(axis="y")
    signs = [
        Line2D([], [], color=GREY, ls=(0, (3, 2)), lw=0.9, label="paper's cost"),
        Line2D([], [], color=GREY, marker="o", lw=0, mfc="white", mew=1.2, ms=5, label="best here"),
    ]
    axes.legend(handles=[*axes.get_legend_handles_labels()[0], *signs], ncols=2)
    add_title(figure, title)
    add_data_line(figure, origin.line(f"{origin.chance['mean_rank']:.1f}", "clip"))
    return figure


def _sweep_line(
    axes: Axes,
    distance: str,
    chosen: float,
    indels: np.ndarray,
    ranks: np.ndarray,
    ci95: np.ndarray,
) -> None:
    colour = colour_of(distance)
    ci95 = np.where(np.isfinite(ci95), ci95, 0)  # a single query has no interval
    axes.fill_between(indels, ranks - ci95, ranks + ci95, color=colour, alpha=0.15, lw=0)
    axes.plot(indels, ranks, color=colour, marker=".", ms=3.5, label=DISTANCES[distance])
    axes.axvline(chosen, color=colour, ls=(0, (3, 2)), lw=0.9)
    best = ranks.argmin()
    axes.plot(indels[best], ranks[best], "o", color=colour, mfc="white", mew=1.2, ms=5, zorder=5)


def _places(n_baselines: int, n_groups: int, n_bars: int) -> np.ndarray:
    """Return the middle of each bar: baselines apart from each other, then groups side by side."""
    left = np.arange(n_baselines) * 1.6
    start = left[-1] + 1.9 if n_baselines else 0.0
    groups = start + np.arange(n_groups)[:, None] * (n_bars + 0.9) + np.arange(n_bars)
    return np.concatenate([left, groups.ravel()])


def _stack(axes: Axes, place: float, recalls: Mapping[str, float], colour: str) -> float | None:
    """Draw the bars of one cell and return their top in percent; without recalls say "missing"."""
    if not recalls:
        note = axes.annotate("missing", (place, 0), size=6.5, color=GREY, rotation=90, **ABOVE)
        note.set(bbox={"color": "white", "pad": 0.4}, zorder=4)
        return None
    below = 0.0
    for k in RECALL_AT:
        height = recalls[f"R@{k}"] - below
        shade = faded(colour, OPACITIES[k])
        axes.bar(place, height, BAR_WIDTH, bottom=below, color=shade, lw=0)
        below += height
    return below


def _label_groups(axes: Axes, places: np.ndarray, baselines: list[str], labels: list[str]) -> None:
    first = len(baselines)
    middles = places[first:].reshape(len(labels), -1).mean(axis=1)
    names = [SYSTEMS.get(each, each).replace(" ", "\n") for each in baselines]
    axes.set_xticks([*places[:first], *middles], [*names, *labels])
    axes.tick_params(axis="x", length=0, labelsize=8)
    for text in axes.get_xticklabels()[:first]:
        text.set(fontsize=6.5, rotation=90 if len(places) > CROWDED else 0)
    axes.set_xlim(places[0] - 0.7, places[-1] + 0.7)


def _legends(axes: Axes, column: str, bar_names: list[str]) -> None:
    names = [Patch(color=colour_of(name), label=symbol(column, name)) for name in bar_names]
    shades = [Patch(color=faded(INK, OPACITIES[k]), label=f"R@{k}") for k in RECALL_AT]
    chance = Line2D([], [], label="chance", **CHANCE_LINE)
    left: dict[str, Any] = {"loc": "lower left", "bbox_to_anchor": (0, 1.01)}
    right: dict[str, Any] = {"loc": "lower right", "bbox_to_anchor": (1, 1.01)}
    axes.add_artist(axes.legend(handles=names, ncols=len(names), **left))
    axes.legend(handles=[*shades, chance], ncols=len(shades) + 1, **right)


def _vanilla(results: "pd.DataFrame", distances: tuple[str, ...]) -> "pd.DataFrame":
    """Return the vanilla rows of the distances and of the clip-level systems."""
    wanted = results["distance"].isin(distances) | (results["segmenter"] == "clip")
    return results[wanted & (results["scenario"] == "vanilla")]


def _only(results: "pd.DataFrame", column: str) -> str:
    found = sorted(map(str, results[column].unique()))
    if len(found) != 1:
        raise VmnetError(
            f"The results hold {', '.join(found) or 'no rows'} as {column} of the segment-level "
            "bars: select one."
        )
    return found[0]


def _present(results: "pd.DataFrame", column: str) -> list[str]:
    """Return the values of a key column, in the paper's order, then those it does not know."""
    found = sorted(map(str, results[column].unique()))
    known = [value for value in ORDER[column] if value in found]
    return known + [value for value in found if value not in known]


def _percent_axis(axes: Axes, means: Mapping[Bar, Mapping[str, float]]) -> None:
    top = max((each["R@25"] for each in means.values() if each), default=0.0)
    axes.set_ylim(0, max(10.0, 1.1 * top))
    axes.set_ylabel("recall (%)")
    axes.grid(axis="y")
