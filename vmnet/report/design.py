"""The tables of chapter 5, design choices: the thesis' numbers above ours, both directions.

One function makes tables 5.1 to 5.3; a row is a system of the thesis, or of ours.
"""

from collections.abc import Iterable
from functools import partial
from typing import TYPE_CHECKING

from vmnet.report.ranks import RANK, RECALLS, rank_text
from vmnet.report.results import count
from vmnet.report.thesis import names, numbers
from vmnet.report.thesis import results as thesis
from vmnet.report.thesis.results import KEY

if TYPE_CHECKING:
    import pandas as pd

DIRECTIONS = ("M2V", "V2M")
CHANCE = "chance"
THESIS = "thesis"
NOTHING = "This corpus has nothing for this table."

GROUPS = {"": "trace", "nw": "NW-DTW", "centroid": "centroid"}
READINGS = {
    "dispersion": "mean of |e − µ|",
    "dispersion_rms": "√(1 − |µ|²)",
    "dispersion_squared": "1 − |µ|²",
}
THESIS_CHANCE = {"R@1": 0.1, "R@10": 1.0, "R@25": 2.5, "mean_rank": 500.0}
SAYS = {
    ("own_index", "similarity"): "similarity to the music of its own place",
    ("other_indices", "similarity"): "similarity to the rest of the track",
    ("own_minus_others", "similarity"): "the first minus the second",
    ("own_index", "percent_best"): "segments whose own music is the most similar (%)",
    (CHANCE, "percent_best"): "the same by chance (%)",
    ("ends", "similarity"): "first and last segment, to their own music",
    ("middle", "similarity"): "segments between, to their own music",
    ("ends_minus_middle", "similarity"): "the first minus the second",
}

Cells = dict[tuple[str, ...], tuple[float, float]]


def retrieval(results: "pd.DataFrame", part: str) -> "pd.DataFrame":
    """Return table 5.1, 5.2 or 5.3: recalls and mean rank of both directions, by system."""
    ours, about, origin = _ours(results, part)
    if not ours:
        return _nothing()
    printed = _printed()
    theirs_in_order = [key[1:3] for key in printed if (key[0], key[-1]) == (part, RANK[0])]
    keys = _in_order(theirs_in_order, (key[:2] for key in ours if key[-1] == RANK[0]))
    rows = []
    for system, group in keys:
        label = f"{names.system(system)}{f', {_of(group)}' if group else ''}"
        theirs = {
            key[3:]: value for key, value in printed.items() if key[:3] == (part, system, group)
        }
        if system == CHANCE and theirs_in_order:
            theirs = {
                (d, m): (v, float("nan")) for d in DIRECTIONS for m, v in THESIS_CHANCE.items()
            }
        own = {key[2:]: value for key, value in ours.items() if key[:2] == (system, group)}
        for whose, cells in ((THESIS, theirs), (about, own)):
            if texts := _both_directions(cells):
                rows.append({"system": label, "whose": whose, **texts})
    return _frame(rows, origin)


def dispersion(results: "pd.DataFrame") -> "pd.DataFrame":
    """Return the three readings of the dispersion, of music and of video, by system."""
    ours, about, origin = _ours(results, "dispersion")
    if not ours:
        return _nothing()
    rows = []
    for whose, cells in ((THESIS, _of_part("dispersion")), (about, ours)):
        for system in dict.fromkeys(key[0] for key in cells):
            row = {"system": _with_music(system), "whose": whose}
            for metric, said in READINGS.items():
                for modality in ("music", "video"):
                    cell = cells.get((system, modality, "", metric))
                    row[f"{modality}, {said}"] = _text(cell, 3) if cell else ""
            rows.append(row)
    return _frame(rows, origin)


def intra(results: "pd.DataFrame") -> "pd.DataFrame":
    """Return mean ranks with intra-modal terms of two forms, and without."""
    ours, about, origin = _ours(results, "intra")
    if not ours:
        return _nothing()
    rows = []
    for whose, cells in ((THESIS, _of_part("intra")), (about, ours)):
        for system, group in dict.fromkeys(key[:2] for key in cells):
            row = {"music": names.system(group), "system": names.system(system), "whose": whose}
            for direction in DIRECTIONS:
                cell = cells.get((system, group, direction, "mean_rank"))
                row[f"{direction} rank"] = rank_text(*cell) if cell else ""
            rows.append(row)
    return _frame(sorted(rows, key=lambda row: row["music"] != names.system("handcrafted")), origin)


def negatives(results: "pd.DataFrame") -> "pd.DataFrame":
    """Return mean ranks by what the negatives of the training were."""
    ours, about, origin = _ours(results, "negatives")
    if not ours:
        return _nothing()
    rows = []
    for system in dict.fromkeys(key[0] for key in ours):
        row = {"negatives": names.system(system), "whose": about}
        for group, distance in GROUPS.items():
            for direction in DIRECTIONS[::-1]:
                cell = ours[system, group, direction, "mean_rank"]
                row[f"{direction} rank, {distance}"] = rank_text(*cell)
        rows.append(row)
    return _frame(rows, origin)


def own_matrices(results: "pd.DataFrame") -> "pd.DataFrame":
    """Return what the clips' own similarity matrices say."""
    ours, about, origin = _ours(results, "VI-D")
    if not ours:
        return _nothing()
    rows = [
        {
            "of the clips' own matrices": said,
            about: _text(ours[system, "", "", metric], 3 if metric == "similarity" else 1),
        }
        for (system, metric), said in SAYS.items()
    ]
    return _frame(rows, origin)


def blank_control(results: "pd.DataFrame") -> "pd.DataFrame":
    """Return table 5.3's control: clips half of whose seconds hold nothing."""
    frame = retrieval(results, "5.3 blank")
    ours, _, _ = _ours(results, "5.3 blank")
    for modality in ("music", "video"):
        for metric, said in (("blank_share", "blank"), ("blank_weight", "weight of blank")):
            texts = {
                names.system(key[0]): _text((value, float("nan")), 1)
                for key, (value, _) in ours.items()
                if key[1:] == (modality, "", metric)
            }
            if texts:
                frame[f"{modality}, {said} (%)"] = frame["system"].map(texts).fillna("")
    return frame


TABLE_51, TABLE_52, TABLE_53 = (partial(retrieval, part=part) for part in ("5.1", "5.2", "5.3"))


def _ours(results: "pd.DataFrame", part: str) -> tuple[Cells, str, str]:
    """Return our cells of a part by (system, group, direction, metric), and twice whose they are.

    That is in a word, for a row, and in a sentence.
    """
    from vmnet.report.similarity import means

    some = results[results["part"] == part]
    if some.empty:
        return {}, "", ""
    ranked = some[some["metric"] == "mean_rank"]
    n = count(int((some if ranked.empty else ranked)["n"].max()), "clip")
    cells = _cells(means(some).droplevel("part"))
    return cells, f"ours ({some['kind'].iloc[0]}, {n})", thesis.about(some)


def _printed() -> Cells:
    """Return the thesis' cells by `KEY`."""
    return _cells(numbers.numbers().set_index(list(KEY))[["value", "ci95"]])


def _cells(frame: "pd.DataFrame") -> Cells:
    """Return the values and their half widths by the index."""
    return {
        tuple(map(str, key)): (float(value), float(width))
        for key, (value, width) in zip(frame.index, frame.to_numpy(), strict=True)
    }


def _of_part(part: str) -> Cells:
    return {key[1:]: cell for key, cell in _printed().items() if key[0] == part}


def _in_order(
    theirs: Iterable[tuple[str, ...]], ours: Iterable[tuple[str, ...]]
) -> list[tuple[str, ...]]:
    """Return systems and groups, each once: the thesis', ours, chance last."""
    found = list(dict.fromkeys([*theirs, *ours]))
    systems = list(dict.fromkeys(key[0] for key in found))
    return sorted(found, key=lambda key: (key[0] == CHANCE, systems.index(key[0])))


def _with_music(system: str) -> str:
    """Name a system of `intra` with its music: "Without intra-modal terms (AudioSet)"."""
    group, _, own = system.partition("_")
    if group not in ("handcrafted", "audioset"):
        return names.system(system)
    return f"{names.system(own)} ({names.system(group)})"


def _of(group: str) -> str:
    return {"cca": "linear (CCA)"}.get(group, group)


def _both_directions(cells: Cells) -> dict[str, str]:
    """Return the eight columns, or nothing where there is no rank."""
    texts = {}
    for direction in DIRECTIONS:
        for metric in RECALLS:
            cell = cells.get((direction, metric))
            texts[f"{direction} {metric}"] = f"{cell[0]:.1f}" if cell else ""
        rank = cells.get((direction, RANK[0]))
        texts[f"{direction} rank"] = rank_text(*rank) if rank else ""
    return texts if any(texts.values()) else {}


def _text(cell: tuple[float, float], digits: int) -> str:
    value, width = cell
    text = f"{value:.{digits}f}"
    return text if width != width else f"{text} ±{width:.{digits}f}"  # NaN for no interval


def _frame(rows: list[dict[str, str]], origin: str) -> "pd.DataFrame":
    import pandas as pd

    frame = pd.DataFrame(rows).fillna("")
    frame.attrs["origin"] = origin
    return frame


def _nothing() -> "pd.DataFrame":
    import pandas as pd

    return pd.DataFrame([{"nothing": NOTHING}])
