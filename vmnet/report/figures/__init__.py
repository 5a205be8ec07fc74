"""The figures: each function takes plain data and returns a matplotlib `Figure`; `save` writes it.

Every figure says in a small line whose data it shows, and with what settings where these are not
the profile's.
"""

from vmnet.report.figures.alignment import alignment
from vmnet.report.figures.apart import cut_apart
from vmnet.report.figures.clip import ClipOverview, clip_overview
from vmnet.report.figures.curves import indel_sweep, training_curves
from vmnet.report.figures.dispersion import dispersion
from vmnet.report.figures.edit import EditView, edit
from vmnet.report.figures.instrument import instrument
from vmnet.report.figures.language import (
    cooccurrence_null,
    figure_6_4,
    figure_6_5,
    offset_curve,
)
from vmnet.report.figures.learning import learning_curve
from vmnet.report.figures.recalls import figure_7, figure_8, figure_9, stacked_recalls
from vmnet.report.figures.recommendations import Query, Track, figure_10
from vmnet.report.figures.similarity import figure_11
from vmnet.report.figures.similarity_lists import figure_41, tagged_catalog
from vmnet.report.figures.style import save

__all__ = [
    "ClipOverview",
    "EditView",
    "Query",
    "Track",
    "alignment",
    "clip_overview",
    "cooccurrence_null",
    "cut_apart",
    "dispersion",
    "edit",
    "figure_6_4",
    "figure_6_5",
    "figure_7",
    "figure_8",
    "figure_9",
    "figure_10",
    "figure_11",
    "figure_41",
    "indel_sweep",
    "instrument",
    "learning_curve",
    "offset_curve",
    "save",
    "stacked_recalls",
    "tagged_catalog",
    "training_curves",
]
