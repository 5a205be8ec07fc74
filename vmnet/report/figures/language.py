"""The language of clips (thesis, chapter 6): lengths of shots, genres, S beside its null, lags."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from vmnet.report.figures import style
from vmnet.report.thesis.language import EVENTS

if TYPE_CHECKING:
    import pandas as pd

    from vmnet.language import ClipEvents

LONGEST = 12.0  # s, of the shots that figure 6.5 shows
LAG = "lag:"


@style.house_style
def figure_6_4(results: "pd.DataFrame") -> Figure:
    """Return a bar for each music genre: the percentages of its films by video genre."""
    found = results[(results["part"] == "6.4") & results["metric"].str.startswith("video:")]
    music = list(dict.fromkeys(found["group"]))
    counts = dict(zip(found["group"], found["n"], strict=True))
    shares = found.pivot_table(index="group", columns="metric", values="value", sort=False)
    figure = Figure(figsize=(style.PAGE_WIDTH, 2.5), layout="constrained")
    axes = figure.add_subplot()
    below = np.zeros(len(music))
    for genre, colour in zip(shares, style.CYCLE, strict=False):
        heights = shares.loc[music, genre].fillna(0).to_numpy()
        label = genre.removeprefix("video:")
        axes.bar(range(len(music)), heights, 0.7, below, color=colour, label=label)
        below += heights
    names = [f"{genre.removeprefix('music:')}\nn = {counts[genre]}" for genre in music]
    axes.set_xticks(range(len(music)), names)
    axes.set_ylabel("percent of its films")
    axes.set_ylim(0, 100)
    figure.legend(*axes.get_legend_handles_labels(), loc="outside right upper", title="film")
    style.add_title(figure, "What kinds of film there are to what music (thesis, figure 6.4)")
    style.add_data_line(figure, _data(found))
    return figure


@style.house_style
def figure_6_5(clips: "Sequence[ClipEvents]", kind: str) -> Figure:
    """Return how long the shots of some films last, each beside the bar of its music.

    Parameters
    ----------
    clips : films whose tempo and meter are known, one panel each
    kind : of the data: "rendered"
    """
    width = style.PAGE_WIDTH
    figure = Figure(figsize=(width, 2.3), layout="constrained")
    for place, clip in enumerate(clips, 1):
        axes = figure.add_subplot(1, len(clips), place)
        _draw_lengths(axes, clip)
    style.add_title(figure, "How long shots last, and bars (thesis, figure 6.5)")
    cut = "; cuts are known to the second" if any(clip.resolution for clip in clips) else ""
    style.add_data_line(figure, f"{kind} data{cut}; shots above {LONGEST:g} s are in the last bin")
    return figure


def _draw_lengths(axes: Axes, clip: "ClipEvents") -> None:
    from vmnet.language.durations import BIN, histogram

    width, half = clip.resolution or BIN, clip.resolution / 2
    shots = np.minimum(clip.shots, LONGEST)
    counts = histogram(shots + half, width)
    edges = np.arange(len(counts)) * width - half
    fullest = int(np.argmax(histogram(clip.shots + half, width)))
    shown = min(fullest, len(counts) - 1)
    colours = [style.BLUE if k == shown else style.PALE for k in range(len(counts))]
    axes.bar(edges, counts, width * 0.92, align="edge", color=colours)
    top = float(counts.max())
    low, high = fullest * width - half, (fullest + 1) * width - half
    axes.axvline(clip.bar_seconds, color=style.RED, lw=1)
    axes.set_xlim(0, min(LONGEST, max(float(shots.max()), 1.2 * clip.bar_seconds)) + width)
    axes.set_ylim(0, 1.32 * top)
    label: dict[str, Any] = {"size": 6.5, "transform": axes.transAxes, "ha": "right", "va": "top"}
    label["bbox"] = {"facecolor": "white", "edgecolor": "none", "pad": 0.8}
    axes.text(0.99, 0.99, f"fullest bin {low:.1f}-{high:.1f} s", color=style.BLUE, **label)
    bar = f"bar {clip.bar_seconds:.2f} s = {clip.meter} x 60 / {clip.bpm:.0f}"
    axes.text(0.99, 0.89, bar, color=style.RED, **label)
    axes.set_xlabel("length of the shot (s)")
    axes.set_ylabel("shots")
    axes.yaxis.set_major_locator(MaxNLocator(5, integer=True))
    style.fit(style.literal(axes.set_title(clip.clip_id, loc="left", size=7)), 3.0)


@style.house_style
def cooccurrence_null(results: "pd.DataFrame") -> Figure:
    """Return S of each group of films, with its interval, on the range of its null.

    A panel for each kind of event. The grey bar holds 95 of 100 means of the same films turned
    against their music; its line is their mean.
    """
    found = results[results["part"] == "6.3"]
    events = [event for event in EVENTS if event in set(found["metric"])]
    several = found["corpus"].nunique() > 1
    groups = list(dict.fromkeys(zip(found["corpus"], found["group"], strict=True)))
    height = 1.0 + 0.19 * len(groups)
    figure = Figure(figsize=(style.PAGE_WIDTH, height), layout="constrained")
    panels = figure.subplots(1, len(events), sharey=True, squeeze=False)[0]
    for axes, event in zip(panels, events, strict=True):
        axes.use_sticky_edges = False  # or the longest grey bar would end where the panel does
        cells = found[found["metric"] == event].set_index(["corpus", "group", "system"])
        cells = cells.sort_index()
        for place, group in enumerate(groups):
            if (*group, "observed") in cells.index:
                _draw_beside_null(axes, place, cells.loc[group])
        axes.set_xlabel(EVENTS[event])
        axes.grid(axis="x")
        axes.tick_params(axis="y", length=0)
    panels[0].set_yticks(range(len(groups)), [_group(*group, several) for group in groups])
    panels[0].set_ylim(len(groups) - 0.4, -0.6)
    style.add_title(figure, "Cuts at musical events, and by chance (grey)")
    style.add_data_line(figure, _data(found))
    return figure


def _draw_beside_null(axes: Axes, place: int, cells: "pd.DataFrame") -> None:
    value, ci95 = cells.loc["observed", "value"], cells.loc["observed", "ci95"]
    null, low, high = (cells.loc[each, "value"] for each in ("null", "null_low", "null_high"))
    axes.barh(place, high - low, 0.62, low, color=style.PALE)
    axes.vlines(null, place - 0.31, place + 0.31, color=style.GREY, lw=1)
    outside = not low <= value <= high
    axes.errorbar(
        value, place, xerr=0 if np.isnan(ci95) else ci95, fmt="o", ms=3.2, lw=0.9,
        color=style.BLUE, mfc=style.BLUE if outside else "white",
    )  # fmt: skip


def _group(corpus: str, group: str, several: bool) -> str:
    what, colon, name = group.partition(":")
    shown = f"{name} ({what})" if colon else group
    return f"{corpus}: {shown}" if several else shown


@style.house_style
def offset_curve(results: "pd.DataFrame") -> Figure:
    """Return S, over what chance makes of it, against how long after the events cuts are sought.

    A panel for each kind of event and a line for each set of films; its band is the 95 % interval
    over the films, and the bar at the right in its colour the range of its null. Below 0 cuts come
    before the events.
    """
    found = results[(results["part"] == "lags") & (results["system"] == "lift")]
    events = [event for event in EVENTS if event in set(found["metric"])]
    columns = min(2, len(events))
    rows = -(-len(events) // columns)
    figure = Figure(figsize=(style.PAGE_WIDTH, 0.7 + 1.75 * rows), layout="constrained")
    panels = figure.subplots(rows, columns, squeeze=False).ravel()
    colours = dict(zip(dict.fromkeys(found["corpus"]), style.CYCLE, strict=False))
    for axes, event in zip(panels, events, strict=False):
        sets = found[found["metric"] == event].groupby("corpus", sort=False)
        for place, (corpus, curve) in enumerate(sets):
            _draw_lags(axes, curve, colours[corpus], corpus)
            _draw_range(axes, results, curve, colours[corpus], place)
        axes.axhline(1, color=style.GREY, lw=0.8, ls=(0, (3, 2)))
        axes.axvline(0, color=style.PALE, lw=0.8, zorder=0)
        axes.set_title(EVENTS[event], loc="left", size=7.5)
        axes.set_ylabel("S, times chance")
        axes.set_xlabel("cuts after the event (s)")
    for axes in panels[len(events) :]:
        axes.remove()
    handles = {line.get_label(): line for axes in panels for line in axes.lines}
    shown = [corpus for corpus in colours if corpus in handles]
    figure.legend(
        [handles[corpus] for corpus in shown], shown, loc="outside upper right", ncols=len(shown)
    )
    style.add_title(figure, "Before, on or after?")
    style.add_data_line(figure, f"{_data(found)}; bars at the right: 95 % of each null")
    return figure


def _draw_lags(axes: Axes, curve: "pd.DataFrame", colour: str, label: str) -> None:
    lags = _lags(curve)
    lift, half = curve["value"].to_numpy(), curve["ci95"].fillna(0).to_numpy()
    axes.fill_between(lags, lift - half, lift + half, color=colour, alpha=0.18, lw=0)
    axes.plot(lags, lift, color=colour, marker="o", ms=2, label=label)


def _draw_range(
    axes: Axes, results: "pd.DataFrame", curve: "pd.DataFrame", colour: str, place: int
) -> None:
    """Draw what 95 of 100 means of the null are between, over their mean, right of the curves."""
    corpus, metric = curve[["corpus", "metric"]].iloc[0]
    same = (results["corpus"] == corpus) & (results["metric"] == metric)
    of_all = results[same & (results["part"] == "6.3") & (results["group"] == "all")]
    values = of_all.set_index("system")["value"]
    lags = _lags(curve)
    at = lags.max() + (lags.max() - lags.min()) * (0.03 + 0.025 * place)
    low, high = values["null_low"] / values["null"], values["null_high"] / values["null"]
    axes.vlines(at, low, high, color=colour, lw=2.5, alpha=0.6)


def _lags(curve: "pd.DataFrame") -> np.ndarray:
    return curve["group"].str.removeprefix(LAG).astype(float).to_numpy()


def _data(found: "pd.DataFrame") -> str:
    """Say whose data these are."""
    sets = dict.fromkeys(zip(found["kind"], found["corpus"], strict=True))
    return "; ".join(f"{kind} data: {corpus}" for kind, corpus in sets)
