"""The table of tracks of mixed lengths: ranks, and how far a track is near because it is long."""

from typing import TYPE_CHECKING

from vmnet.aligners import NORMALISED
from vmnet.report.names import name, ordered
from vmnet.report.paper import SEG_VMNET
from vmnet.report.ranks import RANK, rank_text
from vmnet.report.results import averages, provenance

if TYPE_CHECKING:
    import pandas as pd

GAIN = ("gain", "gain_ci95")
BIAS = ("length_correlation", "longest_third", "shortest_third")
KEYS = ("system", "segmenter", "distance")
LEARNED = {SEG_VMNET: "cut apart", "seg_vmnet_shared": "cut apart, learned on shared"}
VIDEO, MUSIC = "video cut by", "music cut by"
CORRELATION, LONGEST, SHORTEST = (
    "nearness with length", "top ten, longest third", "top ten, shortest third",
)  # fmt: skip


def mixed_lengths(results: "pd.DataFrame") -> "pd.DataFrame":
    """Return, for each distance, its rank with either network, and what length does to it.

    What a mean gains over its sum has the interval of the differences, query by query. The last
    three columns are of the network that learned on tracks cut apart.
    """
    import pandas as pd

    found = averages(results, (*RANK, *BIAS), KEYS)
    gains = averages(results[results["distance"].isin(NORMALISED.values())], GAIN, KEYS)
    cuts, distances = (ordered(key, found.index.get_level_values(key)) for key in KEYS[1:])
    rows = []
    for cut in cuts:
        video, _, music = cut.partition("+")
        for distance in distances:
            row = {
                VIDEO: name("segmenter", video),
                MUSIC: name("segmenter", music or video),
                "δ": name("distance", distance),
            }
            for system, text in LEARNED.items():
                key = (system, cut, distance)
                row[text] = rank_text(*found.loc[key, list(RANK)]) if key in found.index else ""
                row[f"gain, {text}"] = _gain(*gains.loc[key]) if key in gains.index else ""
            correlation, *shares = found.loc[(SEG_VMNET, cut, distance), list(BIAS)]
            texts = (f"{100 * share:.0f} %" for share in shares)
            rows.append(
                row
                | {CORRELATION: f"{round(correlation, 2) + 0:+.2f}"}  # no -0.00
                | dict(zip((LONGEST, SHORTEST), texts, strict=True))
            )
    chance = f"{provenance(results).chance['mean_rank']:.1f}"
    last = {VIDEO: "Chance", **dict.fromkeys(LEARNED.values(), chance), CORRELATION: "+0.00"}
    return pd.DataFrame([*rows, last | {LONGEST: "33 %", SHORTEST: "33 %"}]).fillna("")


def _gain(gain: float, half_width: float) -> str:
    return f"{gain:+.1f} ±{half_width:.1f}"
