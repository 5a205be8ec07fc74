"""The table of the learning curve: mean ranks by the number of training clips, and their law.

Its results have two columns more than others, `n_train` and `n_extra`; see
`vmnet.experiment.learning`.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from vmnet.report import paper
from vmnet.report.names import name, ordered
from vmnet.report.ranks import MARK, RANK, ours_header, rank_text
from vmnet.report.results import averages, provenance

if TYPE_CHECKING:
    import pandas as pd

LAW = ("fit", "fit_low", "fit_high")
KEYS = ("system", "n_train", "n_extra")
_OF_CLIPS = ("clip", "centroid", "vanilla")
CLIPS, OTHERS, PAPER = "training clips", "other clips", "paper, Baseline 2"


def measured(results: "pd.DataFrame") -> "pd.DataFrame":
    """Return the mean rank and its interval by (system, n_train, n_extra), the fewest first."""
    return averages(results, RANK, KEYS).sort_index()


def law(results: "pd.DataFrame") -> "pd.DataFrame":
    """Return the fitted power law by (system, n_train); it has no row where there is none."""
    return averages(results, LAW, KEYS[:2]).sort_index()


def learning_curve(results: "pd.DataFrame") -> "pd.DataFrame":
    """Return a row for each number of training clips, then what the power law makes of them."""
    import pandas as pd

    origin = provenance(results)
    found, fitted = measured(results), law(results)
    systems = ordered("system", found.index.get_level_values("system"))
    header = {each: f"{name('system', each)}, {ours_header(origin)}" for each in systems}

    def row(texts: Mapping[str, str], clips: str, others: str = "", theirs: str = "") -> dict:
        cells = {header[system]: text for system, text in texts.items()}
        return {CLIPS: clips, OTHERS: others, PAPER: theirs, **cells}

    rows = []
    sizes = sorted(set(found.index.droplevel("system")), key=sum)
    own = max(n_train for n_train, _ in sizes)
    for n_train, n_extra in sizes:
        texts = {}
        for each in systems:
            mean, half_width = found.loc[(each, n_train, n_extra), list(RANK)]
            fits = n_train == own and (each, *_OF_CLIPS) in origin.fitted
            text = _with_share(rank_text(mean, half_width), mean, origin.n_clips)
            texts[each] = text + (MARK if fits else "")
        rows.append(row(texts, f"{n_train:,}", f"{n_extra:,}" if n_extra else ""))
    if len(fitted):
        mean, half_width = paper.cells().loc[(paper.BASELINE_2, *_OF_CLIPS), list(RANK)]
        theirs = _with_share(f"{mean:g} ±{half_width:g}", mean, paper.N_CLIPS)
        far = {each: _carried_on(fitted.loc[each], origin.n_clips) for each in systems}
        rows.append(row(far, f"{paper.N_TRAIN:,}, by the law", "", theirs))
        rows.append(row({each: _doubling(fitted.loc[each]) for each in systems}, "each doubling"))
    level = origin.chance["mean_rank"]
    texts = dict.fromkeys(systems, _with_share(f"{level:.1f}", level, origin.n_clips))
    theirs_by_chance = paper.rank(paper.CHANCE)
    chance = _with_share(f"{theirs_by_chance:g}", theirs_by_chance, paper.N_CLIPS)
    rows.append(row(texts, name("system", paper.CHANCE), "", chance))
    frame = pd.DataFrame(rows)
    return frame if frame[OTHERS].any() else frame.drop(columns=OTHERS)


def _with_share(text: str, mean: float, n_clips: int) -> str:
    return f"{text}, {100 * mean / n_clips:.1f} %"


def _carried_on(fitted: "pd.DataFrame", n_clips: int) -> str:
    """Return what the law makes of the paper's training clips: "95.6 (60.1 to 140.0), 9.7 %"."""
    mean, low, high = fitted.loc[paper.N_TRAIN, list(LAW)]
    return _with_share(f"{mean:.1f} ({low:.1f} to {high:.1f})", mean, n_clips)


def _doubling(fitted: "pd.DataFrame") -> str:
    """Return by how much the fitted rank changes with twice the clips: "-14 %"."""
    (first, *_, last), ranks = fitted.index, fitted["fit"].to_numpy()
    factor = (ranks[-1] / ranks[0]) ** (1 / np.log2(last / first))
    return f"{100 * (factor - 1):+.0f} %"
