"""Does the instrument measure what is there? S as it was measured against S of the truth."""

from typing import TYPE_CHECKING

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from vmnet.report.figures import style
from vmnet.report.thesis.language import EVENTS

if TYPE_CHECKING:
    import pandas as pd

CLIP = "clip:"


@style.house_style
def instrument(results: "pd.DataFrame") -> Figure:
    """Return a panel for each kind of event, with a dot for each film, on or off the diagonal."""
    found = results[results["part"] == "instrument"]
    of_clips = found[found["group"].str.startswith(CLIP)]
    events = [event for event in EVENTS if event in set(of_clips["metric"])]
    figure = Figure(figsize=(style.PAGE_WIDTH, 2.7), layout="constrained")
    panels = figure.subplots(1, len(events), squeeze=False)[0]
    for axes, event in zip(panels, events, strict=True):
        _draw_dots(axes, of_clips[of_clips["metric"] == event])
        rho = found[(found["metric"] == f"spearman_{event}") & (found["system"] == "measured")][
            "value"
        ]
        told = f"\nSpearman {rho.iloc[0]:.2f}" if len(rho) else ""
        style.literal(axes.set_title(f"{EVENTS[event]}{told}", loc="left", size=7))
    panels[0].set_ylabel("S as measured")
    n_films = of_clips["group"].nunique()
    style.add_title(figure, "Does the instrument measure what is there?")
    style.add_data_line(figure, f"rendered data: {n_films} films, a dot each")
    return figure


def _draw_dots(axes: Axes, of_event: "pd.DataFrame") -> None:
    wide = of_event.pivot_table(index="group", columns="system", values="value")
    wide = wide.reindex(columns=["truth", "measured"]).dropna()  # it may be found in no film
    top = 1.08 * max(float(wide.to_numpy().max(initial=0)), 0.1)
    axes.plot([0, top], [0, top], color=style.PALE, lw=1, zorder=0)
    axes.scatter(wide["truth"], wide["measured"], s=12, color=style.BLUE, alpha=0.7, lw=0)
    axes.set_xlim(0, top)
    axes.set_ylim(0, top)
    axes.set_xlabel("S of the truth")
