"""The paper's figures 7 to 9: recalls of every system, segmenter, distance and scenario as bars."""

import textwrap
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from vmnet.evaluation.metrics import RECALL_AT
from vmnet.report.figures import style
from vmnet.report.names import name, ordered, places, symbol
from vmnet.report.ranks import RECALLS, clip_level, in_order, realistic, vanilla
from vmnet.report.results import CELL, Provenance, averages, provenance

if TYPE_CHECKING:
    import pandas as pd

OPACITIES = {1: 1.0, 10: 0.6, 25: 0.28}  # R@1 is the darkest
DASHES = {1: (0, (1, 1)), 10: (0, (4, 1.5)), 25: (0, (7, 1.5, 1, 1.5))}  # of the chance lines
BAR_WIDTH = 0.86
CROWDED = 26  # bars, from where on numbers above them would touch
ABOVE: dict[str, Any] = {
    "xytext": (0, 1.2),
    "textcoords": "offset points",
    "ha": "center",
    "va": "bottom",
}

Bar = tuple[str, ...]  # values of the columns in which bars differ


def figure_7(results: "pd.DataFrame") -> Figure:
    """Return figure 7, experiment 1: recalls of each segmenter with the unordered distances."""
    return stacked_recalls(results[vanilla(results)], "Experiment 1: segments without order")


def figure_8(results: "pd.DataFrame") -> Figure:
    """Return figure 8, experiment 2: recalls of each segmenter with the alignments."""
    return stacked_recalls(results[in_order(results)], "Experiment 2: segments in order")


def figure_9(results: "pd.DataFrame") -> Figure:
    """Return figure 9, experiment 3: recalls of each distance in the realistic scenarios."""
    chosen = results[realistic(results)]
    names = [name("segmenter", each) for each in chosen["segmenter"].unique() if each != "clip"]
    title = f"Experiment 3: realistic scenarios, {', '.join(names)} segments"
    return stacked_recalls(chosen, title, groups="scenario")


@style.house_style
def stacked_recalls(results: "pd.DataFrame", title: str, groups: str = "distance") -> Figure:
    """Return R@1, R@10 and R@25 as stacked bars of decreasing opacity (figures 7, 8, 9).

    Clip-level systems have a bar each at the left, that of the centroid where they have one; dashed
    lines are the recalls of a random order.

    Parameters
    ----------
    results : tidy results table of one corpus.
    title : the figure's title.
    groups : the key column that groups the bars; each group has a bar for every segmenter,
        distance, scenario or system in which the others differ.

    Raises
    ------
    VmnetError
        When a bar has fewer seeds than another; a bar without any reads "missing".
    """
    origin = provenance(results)
    at_clips = clip_level(results)
    baselines = list(results.loc[at_clips, "system"].unique())
    ours = averages(results[~at_clips], RECALLS)
    clips = averages(results[at_clips], RECALLS)
    other = clips.index.get_level_values("distance") != "centroid"
    clips = clips.iloc[np.argsort(other, kind="stable")].groupby("system").first()
    group_names = ordered(groups, ours.index.get_level_values(groups))
    columns = _bar_columns(ours, groups)
    bars = ours.reset_index().set_index([groups, *columns])[list(RECALLS)]
    bar_names = _bars(bars, columns)
    shades = _shades(baselines, bar_names)
    stacks = [(clips.loc[each], shades[each]) for each in baselines]
    stacks += [
        (bars.loc[(group, *bar)] if (group, *bar) in bars.index else None, shades[" ".join(bar)])
        for group in group_names
        for bar in bar_names
    ]
    figure = Figure(figsize=(style.PAGE_WIDTH, 2.9), layout="constrained")
    axes = figure.add_subplot()
    middles = _middles(len(baselines), len(group_names), len(bar_names))
    for place, (recalls, colour) in zip(middles, stacks, strict=True):
        top = _stack(axes, place, recalls, colour)
        if top is not None and len(stacks) <= CROWDED:
            axes.annotate(f"{top:.0f}", (place, top), size=6, color=style.INK, **ABOVE)
    _label_groups(axes, middles, baselines, [symbol(groups, group) for group in group_names])
    labels = {" ".join(map(symbol, columns, bar)): shades[" ".join(bar)] for bar in bar_names}
    _legends(axes, labels, _chance_lines(axes, origin))
    _percent_axis(axes, [recalls["R@25"] for recalls, _ in stacks if recalls is not None])
    style.add_title(figure, title)
    style.add_data_line(figure, origin.line())
    return figure


def _bar_columns(ours: "pd.DataFrame", groups: str) -> list[str]:
    """Return the key columns that tell the bars of a group apart."""
    others = [column for column in CELL if column != groups]
    found = [each for each in others if ours.index.get_level_values(each).nunique() > 1]
    return found or ["distance" if groups == "scenario" else "segmenter"]


def _bars(bars: "pd.DataFrame", columns: list[str]) -> list[Bar]:
    """Return the bars of a group, each once, in the paper's order."""
    place = [places(column, bars.index.get_level_values(column)) for column in columns]
    found = dict.fromkeys(key[1:] for key in bars.index)
    return sorted(found, key=lambda bar: [of[key] for of, key in zip(place, bar, strict=True)])


def _shades(baselines: list[str], bars: list[Bar]) -> dict[str, str]:
    return style.colours(baselines) | style.colours(" ".join(bar) for bar in bars)


def _chance_lines(axes: Axes, origin: Provenance) -> list[Line2D]:
    """Draw the recalls of a random order, a dash pattern each, and return them for the legend."""
    lines = []
    for k in RECALL_AT:
        level = origin.chance[f"R@{k}"]
        line = axes.axhline(level, color=style.INK, lw=0.8, ls=DASHES[k], zorder=3)
        line.set_label(f"chance {level:.3g} %")
        lines.append(line)
    return lines


def _middles(n_baselines: int, n_groups: int, n_bars: int) -> np.ndarray:
    """Return the middle of each bar: baselines apart from each other, then groups side by side."""
    left = np.arange(n_baselines) * 1.6
    start = left[-1] + 1.9 if n_baselines else 0.0
    groups = start + np.arange(n_groups)[:, None] * (n_bars + 0.9) + np.arange(n_bars)
    return np.concatenate([left, groups.ravel()])


def _stack(
    axes: Axes, place: float, recalls: Mapping[str, float] | None, colour: str
) -> float | None:
    """Draw the bars of one cell and return their top in percent; without recalls say "missing"."""
    if recalls is None:
        note = axes.annotate(
            "missing", (place, 0), size=6.5, color=style.GREY, rotation=90, **ABOVE
        )
        note.set(bbox={"color": "white", "pad": 0.4}, zorder=4)
        return None
    below = 0.0
    for k in RECALL_AT:
        height = recalls[f"R@{k}"] - below
        shade = style.faded(colour, OPACITIES[k])
        axes.bar(place, height, BAR_WIDTH, bottom=below, color=shade, lw=0)
        below += height
    return below


def _label_groups(axes: Axes, places: np.ndarray, baselines: list[str], labels: list[str]) -> None:
    first = len(baselines)
    middles = places[first:].reshape(len(labels), -1).mean(axis=1)
    names = [textwrap.fill(name("system", each), 9) for each in baselines]
    axes.set_xticks([*places[:first], *middles], [*names, *labels])
    axes.tick_params(axis="x", length=0, labelsize=8)
    for text in axes.get_xticklabels()[:first]:
        text.set(fontsize=6.5, rotation=90 if len(places) > CROWDED else 0)
    axes.set_xlim(places[0] - 0.7, places[-1] + 0.7)


def _legends(axes: Axes, bars: Mapping[str, str], chance: list[Line2D]) -> None:
    """Name the bars at the left above the axes; at the right each shade above its chance line."""
    names = [Patch(color=colour, label=label) for label, colour in bars.items()]
    shades = [Patch(color=style.faded(style.INK, OPACITIES[k]), label=f"R@{k}") for k in RECALL_AT]
    left: dict[str, Any] = {"loc": "lower left", "bbox_to_anchor": (0, 1.01)}
    right: dict[str, Any] = {"loc": "lower right", "bbox_to_anchor": (1, 1.01)}
    n_columns = len(names) if len(names) <= 5 else -(-len(names) // 2)
    axes.add_artist(axes.legend(handles=names, ncols=n_columns, **left))
    pairs = [each for pair in zip(shades, chance, strict=True) for each in pair]
    axes.legend(handles=pairs, ncols=len(shades), handlelength=2.4, **right)


def _percent_axis(axes: Axes, tops: list[float]) -> None:
    axes.set_ylim(0, max(10.0, 1.1 * max(tops, default=0.0)))
    axes.set_ylabel("recall (%)")
    axes.grid(axis="y")
