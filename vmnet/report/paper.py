"""The numbers that the paper and the thesis print, as plain data with the place of each.

Paper: Prétet, Richard, Souchier, Peeters, "Video-to-Music Recommendation using Temporal Alignment
of Segments", IEEE TMM 2022. Thesis: Prétet, "Metric Learning for Video to Music Recommendation",
2022. Both train on HIMV-50K and rank 1,000 clips of MVD, so that chance is a mean rank of 500.

`printed()` gives all of them in the columns of our own results table, so that the two join on
(system, segmenter, distance, scenario, direction, metric). A clip-level system has the segmenter
"clip" and the distance "centroid": a clip of one segment is its own centroid.
"""

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import pandas as pd

N_CLIPS = 1_000
CHANCE_RANK = 500  # as printed; the mean of the ranks 1 to 1,000 is 500.5
CHANCE_RECALL_25 = 2.5  # percent; thesis, tables 5.1 to 5.3

SEG_VMNET = "seg_vmnet"
BASELINE_1 = "baseline_1"
BASELINE_2 = "baseline_2"
CHANCE = "chance"


class Rank(NamedTuple):
    """A mean rank among 1,000 tracks with the half width of its 95 % confidence interval."""

    mean: float
    ci95: float


# Table II (experiment 1, vanilla): segmenter -> distance -> rank. Thesis, table 7.1, is the same.
# TransNet with centroid stands as printed in both; its ±1 is likely a misprint (its neighbours are
# ±16 to ±22).
TABLE_2 = {
    "foote": {"centroid": Rank(94, 17), "single": Rank(120, 18), "complete": Rank(324, 37)},
    "sf": {"centroid": Rank(100, 17), "single": Rank(125, 18), "complete": Rank(337, 36)},
    "olda": {"centroid": Rank(94, 16), "single": Rank(128, 19), "complete": Rank(347, 36)},
    "transnet": {"centroid": Rank(113, 1), "single": Rank(172, 22), "complete": Rank(283, 31)},
}

# Tables II and III: the clip-level systems, vanilla.
BASELINES = {BASELINE_1: Rank(193, 25), BASELINE_2: Rank(118, 19)}

# Table III (experiment 2, vanilla): distance -> segmenter -> rank. Thesis, table 7.2, is the same.
TABLE_3 = {
    "nw": {
        "foote": Rank(56, 13),
        "sf": Rank(56, 13),
        "olda": Rank(46, 12),
        "transnet": Rank(60, 13),
    },
    "sw": {
        "foote": Rank(68, 14),
        "sf": Rank(70, 15),
        "olda": Rank(62, 14),
        "transnet": Rank(99, 17),
    },
    "trace": {
        "foote": Rank(44, 12),
        "sf": Rank(44, 11),
        "olda": Rank(32, 10),
        "transnet": Rank(43, 11),
    },
    "best_trace": {
        "foote": Rank(55, 13),
        "sf": Rank(55, 13),
        "olda": Rank(43, 12),
        "transnet": Rank(73, 16),
    },
}

# Table III: seconds for 1,000 queries among 1,000 tracks on an Intel i7-6850K.
TABLE_3_SECONDS = {
    "nw": {"foote": 719, "sf": 609, "olda": 821, "transnet": 2_909},
    "sw": {"foote": 1_180, "sf": 980, "olda": 1_274, "transnet": 4_436},
    "trace": {"foote": 55, "sf": 60, "olda": 53, "transnet": 105},
    "best_trace": {"foote": 105, "sf": 92, "olda": 95, "transnet": 231},
}
BASELINE_SECONDS = 10

# Section IV-D: the insertion and deletion costs, from a grid search.
INDEL = {"nw": 0.05, "sw": 0.01}

# Table IV (experiment 3, OLDA): distance -> scenario -> rank. Thesis, table 7.3, is the same.
TABLE_4 = {
    "centroid": {
        "crop_query": Rank(96, 16),
        "stretch_targets": Rank(94, 16),
        "crop_stretch": Rank(96, 16),
    },
    "nw": {
        "crop_query": Rank(75, 16),
        "stretch_targets": Rank(55, 12),
        "crop_stretch": Rank(65, 13),
    },
    "sw": {
        "crop_query": Rank(72, 15),
        "stretch_targets": Rank(68, 15),
        "crop_stretch": Rank(79, 16),
    },
    "trace": {
        "crop_query": Rank(92, 17),
        "stretch_targets": Rank(90, 16),
        "crop_stretch": Rank(146, 22),
    },
    "best_trace": {
        "crop_query": Rank(60, 14),
        "stretch_targets": Rank(83, 15),
        "crop_stretch": Rank(89, 16),
    },
}

# R@25 in percent, section VI-B. The text does not say which segmenter its centroid has.
RECALL_25 = {
    (SEG_VMNET, "olda", "trace"): 78.40,
    (SEG_VMNET, "unstated", "centroid"): 40.10,
    (BASELINE_2, "clip", "centroid"): 33.4,
}

# Thesis, tables 5.1 to 5.3 (clip level): system -> direction -> R@1, R@10, R@25, mean rank, ci95.
THESIS_CLIP_LEVEL = {
    "handcrafted": {"M2V": (3.10, 11.40, 19.40, 205, 27), "V2M": (2.70, 11.60, 19.50, 209, 27)},
    "handcrafted_bce": {"M2V": (1.60, 8.60, 18.50, 188, 12), "V2M": (2.10, 9.80, 18.50, 185, 11)},
    "musimnet": {"M2V": (1.20, 12.20, 24.60, 172, 25), "V2M": (1.60, 12.60, 21.00, 176, 25)},
    "musicnn": {"M2V": (3.30, 16.20, 29.50, 149, 23), "V2M": (2.70, 15.10, 28.60, 148, 23)},
    "audioset": {"M2V": (2.70, 19.30, 35.90, 108, 18), "V2M": (3.00, 18.00, 31.90, 116, 18)},
    "openl3": {"M2V": (4.10, 23.50, 39.90, 101, 18), "V2M": (3.20, 17.40, 31.60, 124, 20)},
    "audioset_autopool": {
        "M2V": (3.70, 21.90, 36.70, 109, 19),
        "V2M": (2.90, 20.30, 37.10, 109, 18),
    },
    "audioset_attention": {
        "M2V": (4.10, 24.10, 38.70, 103, 18),
        "V2M": (4.00, 22.50, 38.30, 105, 18),
    },
}
THESIS_TABLES = {  # where each system is printed; two tables repeat a row
    "handcrafted": "thesis, tables 5.1 and 5.2",
    "handcrafted_bce": "thesis, table 5.1",
    "musimnet": "thesis, table 5.2",
    "musicnn": "thesis, table 5.2",
    "audioset": "thesis, tables 5.2 and 5.3",
    "openl3": "thesis, table 5.2",
    "audioset_autopool": "thesis, table 5.3",
    "audioset_attention": "thesis, table 5.3",
}
MISPRINT = "as printed; likely a misprint, the other intervals of the row are ±22 and ±31"


def printed() -> "pd.DataFrame":
    """Return every printed number as a tidy table.

    Returns
    -------
    One row per number: the columns of our results table (corpus "MVD", kind "paper", n_clips 1,000,
    seed -1), then `source` (the table or section) and `note` (empty, or what to know about it).
    Ranks are among 1,000 tracks, recalls in percent, times in seconds.
    """
    import pandas as pd

    rows = [*_experiment_rows(), *_baseline_rows(), *_thesis_rows()]
    frame = pd.DataFrame(rows)
    frame.insert(0, "corpus", "MVD")
    frame.insert(1, "kind", "paper")
    frame.insert(2, "n_clips", N_CLIPS)
    frame.insert(frame.columns.get_loc("metric"), "seed", -1)
    return frame


def _experiment_rows() -> list[dict]:
    rows = []
    for segmenter, ranks in TABLE_2.items():
        for distance, rank in ranks.items():
            rows += _rank_rows(SEG_VMNET, segmenter, distance, "vanilla", rank, "paper, table II")
    for distance, by_segmenter in TABLE_3.items():
        for segmenter, rank in by_segmenter.items():
            rows += _rank_rows(SEG_VMNET, segmenter, distance, "vanilla", rank, "paper, table III")
            seconds = TABLE_3_SECONDS[distance][segmenter]
            rows.append(
                _row(SEG_VMNET, segmenter, distance, "seconds", seconds, "paper, table III")
            )
    for distance, by_scenario in TABLE_4.items():
        for scenario, rank in by_scenario.items():
            rows += _rank_rows(SEG_VMNET, "olda", distance, scenario, rank, "paper, table IV")
    for (system, segmenter, distance), recall in RECALL_25.items():
        rows.append(_row(system, segmenter, distance, "R@25", recall, "paper, section VI-B"))
    return rows


def _baseline_rows() -> list[dict]:
    rows = []
    for system, rank in BASELINES.items():
        rows += _rank_rows(system, "clip", "centroid", "vanilla", rank, "paper, tables II and III")
        rows.append(
            _row(system, "clip", "centroid", "seconds", BASELINE_SECONDS, "paper, table III")
        )
    source = "paper, tables II and III"
    return [*rows, _row(CHANCE, "clip", "centroid", "mean_rank", CHANCE_RANK, source)]


def _thesis_rows() -> list[dict]:
    metrics = ("R@1", "R@10", "R@25", "mean_rank", "ci95")
    return [
        _row(system, "clip", "centroid", metric, value, THESIS_TABLES[system], direction=direction)
        for system, directions in THESIS_CLIP_LEVEL.items()
        for direction, values in directions.items()
        for metric, value in zip(metrics, values, strict=True)
    ]


def _rank_rows(
    system: str, segmenter: str, distance: str, scenario: str, rank: Rank, source: str
) -> list[dict]:
    note = MISPRINT if rank.ci95 == 1 else ""
    return [
        _row(system, segmenter, distance, "mean_rank", rank.mean, source, scenario),
        _row(system, segmenter, distance, "ci95", rank.ci95, source, scenario, note=note),
    ]


def _row(
    system: str,
    segmenter: str,
    distance: str,
    metric: str,
    value: float,
    source: str,
    scenario: str = "vanilla",
    direction: str = "V2M",
    note: str = "",
) -> dict:
    return {
        "system": system,
        "segmenter": segmenter,
        "distance": distance,
        "scenario": scenario,
        "direction": direction,
        "metric": metric,
        "value": float(value),
        "source": source,
        "note": note,
    }
