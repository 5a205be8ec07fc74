"""The numbers that the paper and the thesis print: `paper.csv`, one row a number.

Paper: Prétet, Richard, Souchier, Peeters, "Video-to-Music Recommendation using Temporal Alignment
of Segments", IEEE TMM 2022. Thesis: Prétet, "Metric Learning for Video to Music Recommendation",
2022. Both train on HIMV-50K and rank 1,000 clips of MVD, so that chance is a mean rank of 500.

`paper.csv` has the key columns of our results (system, segmenter, distance, scenario, direction,
metric), so that the two join; `source` and `table` (tables or sections, several apart by a space)
say where a number stands, `ci95` is the half width of a mean rank's 95 % interval, `note` what to
know of it. Ranks are among 1,000 tracks, recalls in percent, times in seconds (of 1,000 queries
among 1,000 tracks on an Intel i7-6850K). A clip-level system has the segmenter "clip" and the
distance "centroid": a clip of one segment is its own centroid.
"""

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

N_CLIPS = 1_000  # of the test, section V-B
N_TRAIN = 50_000  # of the training, likewise

SEG_VMNET = "seg_vmnet"
BASELINE_1 = "baseline_1"
BASELINE_2 = "baseline_2"
CHANCE = "chance"


@cache
def numbers() -> "pd.DataFrame":
    """Return every printed number; the frame is shared, so copy it before a change."""
    import pandas as pd

    text = ("source", "table", "system", "segmenter", "distance", "scenario", "note")
    frame = pd.read_csv(Path(__file__).with_name("paper.csv"))
    return frame.fillna(dict.fromkeys(text, ""))


@cache
def cells() -> "pd.DataFrame":
    """Return what is printed of each (system, segmenter, distance, scenario), video-to-music.

    Columns: the metrics, and `ci95`, the half width of the mean rank's interval.
    """
    found = numbers()[numbers()["direction"] == "V2M"]
    keys = ["system", "segmenter", "distance", "scenario"]
    intervals = found.dropna(subset=["ci95"]).set_index(keys)["ci95"]
    return found.pivot(index=keys, columns="metric", values="value").assign(ci95=intervals)


def of_table(table: str) -> "pd.DataFrame":
    """Return the `cells` with a mean rank in one table, such as "II", without its chance."""
    found = numbers()
    there = found["table"].str.split().map(lambda tables: table in tables)
    ranks = found[there & (found["metric"] == "mean_rank") & (found["direction"] == "V2M")]
    keys = ranks[ranks["system"] != CHANCE][list(cells().index.names)]
    return cells().loc[list(keys.itertuples(index=False, name=None))]


def rank(
    system: str, segmenter: str = "clip", distance: str = "centroid", scenario: str = "vanilla"
) -> float:
    """Return one printed mean rank of the video-to-music direction."""
    return float(cells().loc[(system, segmenter, distance, scenario), "mean_rank"])


def indel_costs() -> dict[str, float]:
    """Return the insertion and deletion cost of each distance, from the paper's grid search."""
    found = numbers()
    costs = found[found["metric"] == "indel"]
    return dict(zip(costs["distance"], costs["value"], strict=True))
