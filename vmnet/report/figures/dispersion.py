"""Dispersion: how far the embeddings of either modality lie from their mean (thesis, 5.3.2)."""

from collections.abc import Mapping

import numpy as np
from matplotlib.figure import Figure

from vmnet.report.figures import style
from vmnet.report.results import count

COLOURS = {"music": style.BLUE, "video": style.ORANGE}
PRINTED = {"music": 0.628, "video": 0.940}  # thesis, section 5.3.2
BINS = np.linspace(0, 2, 81)


@style.house_style
def dispersion(
    distances: Mapping[str, np.ndarray],
    kind: str,
    title: str = "Distance of embeddings from their mean",
    settings: str = "",
) -> Figure:
    """Return a histogram of |e - mu| for music and for video, with their means: our figure 5.5.

    The thesis' figure 5.5 is a drawing; its two numbers stand as dotted lines.

    Parameters
    ----------
    distances : "music" and "video" -> (n,) in [0, 2)
        See `vmnet.evaluation.dispersion`.
    kind : the kind of data.
    settings : what differs from the profile; "" for nothing.
    """
    figure = Figure(figsize=(style.COLUMN_WIDTH * 1.5, 2.4), layout="constrained")
    axes = figure.add_subplot()
    for modality, colour in COLOURS.items():
        values = distances[modality]
        label = f"{modality}: mean {values.mean():.3f}"
        axes.hist(values, BINS.tolist(), color=colour, alpha=0.55, label=label)
        axes.axvline(values.mean(), color=colour, lw=1.2)
        axes.axvline(
            PRINTED[modality], color=colour, lw=1, ls=":", label=f"thesis, {PRINTED[modality]:.3f}"
        )
    everything = np.concatenate(list(distances.values()))
    axes.set_xlim(max(0, min(everything.min(), 0.6) - 0.05), max(everything.max(), 0.95) + 0.05)
    axes.set(xlabel="|e − µ|", ylabel="clips")
    figure.legend(*axes.get_legend_handles_labels(), loc="outside right upper")
    style.add_title(figure, title)
    n = count(len(distances["music"]), "test clip")
    style.add_data_line(figure, f"{kind} data, {n}", settings)
    return figure
