"""The house style of the figures: sizes, colours, fonts, the line that says whose data, and files.

Figures are made with matplotlib's objects only (`Figure`, no pyplot), so that they need no display
and leave no state behind. Colours are the Okabe-Ito palette, which the colour-blind can tell apart.
"""

from bisect import bisect_right
from collections.abc import Iterable
from itertools import cycle
from pathlib import Path
from typing import Any

import matplotlib
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.colors import to_hex, to_rgb
from matplotlib.figure import Figure
from matplotlib.font_manager import get_font_names
from matplotlib.text import Text
from matplotlib.ticker import FuncFormatter, MultipleLocator

from vmnet.report.names import NAMES
from vmnet.report.results import settings_text
from vmnet.store import written_whole

COLUMN_WIDTH = 3.5  # inches, one column of the paper
PAGE_WIDTH = 7.16  # inches, two columns

INK = "#222222"
GREY = "#767676"
PALE = "#D9D9D9"
RED = "#D1242F"  # the true track
BLUE, ORANGE, GREEN, PINK = "#0072B2", "#E69F00", "#009E73", "#CC79A7"
VERMILION, SKY, YELLOW = "#D55E00", "#56B4E9", "#F0E442"

COLOURS = {
    "foote": BLUE,
    "sf": ORANGE,
    "olda": GREEN,
    "transnet": PINK,
    "fixed": GREY,
    "centroid": GREY,
    "single": SKY,
    "complete": INK,
    "nw": BLUE,
    "sw": ORANGE,
    "trace": GREEN,
    "best_trace": PINK,
    "trace_printed": VERMILION,
    "best_trace_printed": YELLOW,
    "baseline_1": "#999999",
    "baseline_2": "#555555",
    "linear_cca": INK,
    "baseline_2_cbvmr": VERMILION,
    "baseline_2_cbvmr_inter": SKY,
}
CYCLE = (BLUE, ORANGE, GREEN, PINK, VERMILION, SKY, INK, GREY)

CLOCK_STEPS = (1, 2, 5, 10, 15, 20, 30, 60, 120, 300, 600, 1200, 1800, 3600)  # seconds

# DejaVu Sans comes with matplotlib; the others, where installed, have what it lacks in a title.
FONTS = ["DejaVu Sans"] + [
    font
    for font in ("Noto Sans CJK JP", "Noto Sans", "Hiragino Sans", "Yu Gothic", "Arial Unicode MS")
    if font in get_font_names()
]

STYLE: dict[Any, Any] = {
    "font.family": FONTS,
    "mathtext.fontset": "dejavusans",
    "font.size": 8,
    "axes.titlesize": 8,
    "axes.labelsize": 8,
    "axes.labelcolor": INK,
    "axes.edgecolor": GREY,
    "axes.linewidth": 0.6,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "axes.formatter.use_mathtext": True,
    "grid.color": "#E6E6E6",
    "grid.linewidth": 0.6,
    "xtick.labelsize": 7,
    "ytick.labelsize": 7,
    "xtick.color": GREY,
    "ytick.color": GREY,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "xtick.major.size": 2.5,
    "ytick.major.size": 2.5,
    "legend.fontsize": 7,
    "legend.frameon": False,
    "legend.handlelength": 1.1,
    "legend.handleheight": 0.9,
    "legend.handletextpad": 0.5,
    "legend.columnspacing": 1.1,
    "legend.borderaxespad": 0.2,
    "lines.linewidth": 1.2,
    "figure.facecolor": "white",
    "savefig.facecolor": "white",
    "pdf.fonttype": 42,  # real text in the PDF, which can be searched and edited
    "figure.constrained_layout.h_pad": 0.03,
    "figure.constrained_layout.w_pad": 0.03,
}

house_style = matplotlib.rc_context(STYLE)  # a decorator: each call of the function has the style


def save(figure: Figure, folder: Path, name: str) -> tuple[Path, Path]:
    """Write a figure as NAME.png (200 dots per inch) and NAME.pdf, each whole; return both paths.

    The same figure gives the same bytes: no date, no version is written.
    """
    png, pdf = Path(folder) / f"{name}.png", Path(folder) / f"{name}.pdf"
    nameless = {"Creator": None, "Producer": None, "CreationDate": None}
    formats: list[tuple[Path, dict, int]] = [(png, {"Software": None}, 200), (pdf, nameless, 300)]
    with matplotlib.rc_context(STYLE):
        for path, metadata, dpi in formats:
            with written_whole(path) as temporary:
                figure.savefig(temporary, dpi=dpi, metadata=metadata)
    return png, pdf


def faded(colour: str, opacity: float) -> str:
    """Return what `colour` at `opacity` (0 to 1) looks like on white, as an opaque colour."""
    red, green, blue = (1 - opacity * (1 - part) for part in to_rgb(colour))
    return to_hex((red, green, blue))


def colour_of(name: str) -> str:
    """Return the house colour of a segmenter, distance or system, or grey."""
    return COLOURS.get(name, GREY)


def colours(names: Iterable[str]) -> dict[str, str]:
    """Return a colour for each name: the house's, or for others the next that none of them has.

    What is called by its display name, such as "OLDA", has the colour of its key.
    """
    keys = {shown: key for shown_by_key in NAMES.values() for key, shown in shown_by_key.items()}
    found = {name: COLOURS.get(name) or COLOURS.get(keys.get(name, "")) for name in names}
    free = cycle([colour for colour in CYCLE if colour not in found.values()] or CYCLE)
    return {name: colour or next(free) for name, colour in found.items()}


def literal(text: Text) -> Text:
    """Take the text as it is: a dollar sign in a clip's title starts no formula."""
    text.set_parse_math(False)
    return text


def fit(text: Text, width: float, n_lines: int = 1) -> Text:
    """Break `text` at words into at most `n_lines` lines of `width` inches; an ellipsis ends it."""
    rest = " ".join(text.get_text().split())
    lines: list[str] = []
    while rest and len(lines) < n_lines - 1:
        words = rest.split(" ")
        n_fit = _longest(text, [" ".join(words[: n + 1]) for n in range(len(words))], width)
        lines.append(" ".join(words[: max(n_fit, 1)]))
        rest = " ".join(words[max(n_fit, 1) :])
    fitted = [_shorten(text, line, width) for line in [*lines, rest] if line]
    text.set_text("\n".join(fitted))
    return text


def _shorten(text: Text, line: str, width: float) -> str:
    if _longest(text, [line], width):
        return line
    n_fit = _longest(text, [f"{line[: n + 1].rstrip()}…" for n in range(len(line))], width)
    return f"{line[:n_fit].rstrip()}…"


def _longest(text: Text, candidates: list[str], width: float) -> int:
    """Return how many of the candidates, from short to long, fit into `width` inches."""
    figure = text.get_figure(root=True)
    assert figure is not None

    def measure(candidate: str) -> float:
        text.set_text(candidate)
        return text.get_window_extent(dpi=figure.dpi).width / figure.dpi

    return bisect_right(candidates, width, key=measure)


def add_title(figure: Figure, title: str) -> None:
    """Put a bold title at the top left, shortened to the figure's width."""
    x = 0.06 / figure.get_figwidth()
    text = figure.suptitle(title, x=x, ha="left", fontsize=9, fontweight="bold", color=INK)
    fit(literal(text), figure.get_figwidth() - 0.15)


def add_data_line(figure: Figure, line: str, settings: str = "") -> None:
    """Put the line that says whose data these are at the bottom right of a constrained layout."""
    line = "; ".join(filter(None, (line, settings_text(settings))))
    x = 1 - 0.06 / figure.get_figwidth()
    text = figure.supxlabel(line, x=x, ha="right", fontsize=6.5, color=GREY)
    fit(literal(text), figure.get_figwidth() - 0.15, n_lines=3)


def axes_at(figure: Figure, x: float, y: float, width: float, height: float) -> Axes:
    """Add axes whose lower left corner and size are given in inches."""
    across, up = figure.get_size_inches()
    return figure.add_axes((x / across, y / up, width / across, height / up))


def text_at(
    figure: Figure,
    x: float,
    y: float,
    words: str,
    width: float | None = None,
    parse_math: bool = False,
    n_lines: int = 1,
    **style: Any,
) -> Text:
    """Add a text at a place given in inches; it is fitted to `width` inches, if given."""
    across, up = figure.get_size_inches()
    look = {"ha": "center", "va": "center", "color": INK, **style}
    text = figure.text(x / across, y / up, words, parse_math=parse_math, **look)
    return text if width is None else fit(text, width, n_lines)


def clock_ticks(axis: Axis, duration: float, n_ticks: int) -> None:
    """Label a time axis in minutes and seconds, with at most about `n_ticks` round ticks."""
    step = next((each for each in CLOCK_STEPS if duration / each <= n_ticks), CLOCK_STEPS[-1])
    axis.set_major_locator(MultipleLocator(step))
    axis.set_major_formatter(FuncFormatter(lambda time, _: clock(time)))


def clock(seconds: float) -> str:
    """Return a time as minutes and seconds: 75.2 becomes "1:15"."""
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}:{rest:02}"


def bare(axes: Axes) -> Axes:
    """Take away spines and ticks."""
    for spine in axes.spines.values():
        spine.set_visible(False)
    axes.tick_params(left=False, bottom=False, labelleft=False, labelbottom=False)
    return axes
