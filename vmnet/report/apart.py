"""The tables of experiment 4: what remains of the ranks when the two tracks are cut apart.

Their results have the scenario "window", those of whole clips "vanilla"; the segmenter of tracks
that are cut apart is "VIDEO+MUSIC".
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from vmnet.evaluation import CONTROLS
from vmnet.report.claims import within
from vmnet.report.names import name, ordered
from vmnet.report.paper import SEG_VMNET
from vmnet.report.ranks import MISSING, RANK, rank_text
from vmnet.report.replication import FEWEST_CLIPS, Conclusion, judge
from vmnet.report.results import averages, by_seed, provenance

if TYPE_CHECKING:
    import pandas as pd

WINDOW = "window"
AS_SHARED, CONTROL, BLANK = "seg_vmnet_shared", "control", "blank"
COUNT = "count"
WHERE = {"vanilla": "whole clips", WINDOW: "windows"}
TOO_FEW = f"under {FEWEST_CLIPS} clips: not judged"
VIDEO, MUSIC = "video cut by", "music cut by"


def ranks_apart(results: "pd.DataFrame") -> "pd.DataFrame":
    """Return, for each distance, its rank with shared boundaries and with tracks cut apart.

    The gain is that over the centroid of the same network; what remains of it is told where the
    shared gain is larger than the wider of its two intervals.
    """
    import pandas as pd

    found = averages(results[results["scenario"] == WINDOW], RANK)
    keys = found.index.to_frame()
    distances = ordered("distance", keys.loc[keys["system"] == SEG_VMNET, "distance"])
    rows = []
    for cut in cuts_of(keys.loc[keys["system"] == SEG_VMNET, "segmenter"]):
        video, _, music = cut.partition("+")
        if not music and cut != "fixed":
            continue  # shared boundaries stand beside each way of cutting apart
        shared = {d: _cell(found, SEG_VMNET, music, d) for d in distances}
        apart = {d: _cell(found, SEG_VMNET, cut, d) for d in distances}
        for distance in distances:
            rows.append(
                {
                    VIDEO: name("segmenter", video),
                    MUSIC: name("segmenter", music or video),
                    "δ": name("distance", distance),
                    "shared boundaries": _text(shared[distance]) if music else "",
                    "cut apart": _text(apart[distance]),
                    "cut apart, learned on shared": (
                        _text(_cell(found, AS_SHARED, cut, distance)) if music else ""
                    ),
                    **_gains(shared, apart, distance),
                }
            )
    chance = f"{provenance(results).chance['mean_rank']:.1f}"
    last = {VIDEO: "Chance", "shared boundaries": chance, "cut apart": chance}
    return pd.DataFrame([*rows, last]).fillna("")


Rank = tuple[float, float] | None  # mean rank and half width, where it was computed


def _cell(found: "pd.DataFrame", system: str, cut: str, distance: str) -> Rank:
    key = (system, cut, distance, WINDOW)
    return tuple(found.loc[key, list(RANK)]) if key in found.index else None


def _text(cell: Rank) -> str:
    return rank_text(*cell) if cell else MISSING


def _gains(shared: dict[str, Rank], apart: dict[str, Rank], distance: str) -> dict[str, str]:
    """Return by how many ranks a distance is ahead of the centroid, shared and apart."""
    if distance == "centroid":
        return {}
    gains, widest = [], 0.0
    for cells in (shared, apart):
        one, base = cells.get(distance), cells.get("centroid")
        gains.append(base[0] - one[0] if one and base else None)
        if cells is shared and one and base:
            widest = max(one[1], base[1])
    texts = ["" if gain is None else f"{gain:+.1f}" for gain in gains]
    told = {"gain, shared": texts[0], "gain, apart": texts[1]}
    if gains[0] is not None and gains[1] is not None:
        remains = f"{100 * gains[1] / gains[0]:.0f} %" if gains[0] > widest else "no gain to lose"
        told["what remains"] = remains
    return told


def controls(results: "pd.DataFrame") -> "pd.DataFrame":
    """Return the mean rank of each control for each way of cutting, and whether it is at chance.

    At chance is what has chance inside its 95 % interval; others have a star.
    """
    import pandas as pd

    found = averages(results[results["system"].isin((CONTROL, BLANK))], RANK)
    chance = provenance(results).chance["mean_rank"]
    keys = found.index.to_frame()
    distances = ordered("distance", keys.loc[keys["system"] == BLANK, "distance"])
    columns = {(CONTROL, c): name("distance", c) for c in CONTROLS}
    columns |= {(BLANK, d): f"blank, {name('distance', d)}" for d in distances}
    rows = []
    for where, cut in _in_order(keys):
        cells = {
            text: found.loc[key]
            for (system, distance), text in columns.items()
            if (key := (system, cut, distance, where)) in found.index
        }
        off = [
            text for text, cell in cells.items() if abs(cell["mean_rank"] - chance) > cell["ci95"]
        ]
        video, _, music = cut.partition("+")
        rows.append(
            {
                "of": WHERE[where],
                VIDEO: name("segmenter", video),
                MUSIC: name("segmenter", music or video),
                "at chance": f"{len(cells) - len(off)} of {len(cells)}",
                **{
                    text: rank_text(*cells[text][list(RANK)]) + ("*" if text in off else "")
                    for text in columns.values()
                    if text in cells
                },
            }
        )
    last = {"of": "Chance"} | dict.fromkeys(columns.values(), f"{chance:.1f}")
    return pd.DataFrame([*rows, last]).fillna("")


def _in_order(keys: "pd.DataFrame") -> list[tuple[str, str]]:
    """Return the scenarios with their segmentations, whole clips first."""
    return [
        (where, cut)
        for where in WHERE
        for cut in cuts_of(keys.loc[keys["scenario"] == where, "segmenter"])
    ]


def cuts_of(keys: Iterable[str]) -> list[str]:
    """Return segmentations in order: those of both tracks, those that are apart, fixed windows."""
    cuts = ordered("segmenter", keys)
    return sorted(cuts, key=lambda cut: (cut == "fixed", "+" in cut))


def conclusions_apart(results: "pd.DataFrame") -> "pd.DataFrame":
    """Return the paper's conclusions on distances, judged with shared boundaries and apart."""
    import pandas as pd

    values = by_seed(results[results["scenario"] == WINDOW])
    cuts = cuts_of(results.loc[results["system"] == SEG_VMNET, "segmenter"])
    groups = {
        "shared boundaries": tuple(cut for cut in cuts if "+" not in cut and cut != "fixed"),
        "cut apart": tuple(cut for cut in cuts if "+" in cut),
        "fixed windows": tuple(cut for cut in cuts if cut == "fixed"),
    }
    judged = {
        text: [judge(claim, values, set()) for claim in within(some, WINDOW)]
        for text, some in groups.items()
        if some
    }
    enough = provenance(results).n_clips >= FEWEST_CLIPS
    rows = []
    for place, claim in enumerate(within(("",), WINDOW)):
        of_claim = {text: found[place] for text, found in judged.items()}
        row = {"conclusion": claim.statement, "section": claim.source}
        row |= {text: _verdict(one) if enough else TOO_FEW for text, one in of_claim.items()}
        if enough and "cut apart" in of_claim:
            row["evidence, cut apart"] = of_claim["cut apart"].evidence
        rows.append(row)
    return pd.DataFrame(rows)


def _verdict(found: Conclusion) -> str:
    texts = {True: "holds", False: "does not hold", None: "not computed"}
    return texts[found.holds] + (f" ({found.seeds} seeds)" if found.holds is not None else "")
