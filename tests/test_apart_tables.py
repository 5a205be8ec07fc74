"""The tables of experiment 4, from results made by hand."""

import pandas as pd
import pytest

from vmnet.report import figures
from vmnet.report.claims import CLAIMS, within
from vmnet.report.tables import TABLES

APART = "merged_shots+olda"
RANKS = {  # system, segmenter, distance, scenario -> mean rank of 100
    ("seg_vmnet", "olda", "centroid", "window"): 30.0,
    ("seg_vmnet", "olda", "trace", "window"): 10.0,
    ("seg_vmnet", "olda", "nw", "window"): 29.0,
    ("seg_vmnet", APART, "centroid", "window"): 32.0,
    ("seg_vmnet", APART, "trace", "window"): 27.0,
    ("seg_vmnet", APART, "nw", "window"): 33.0,
    ("seg_vmnet_shared", APART, "centroid", "window"): 31.0,
    ("seg_vmnet_shared", APART, "trace", "window"): 35.0,
    ("seg_vmnet_shared", APART, "nw", "window"): 36.0,
    ("seg_vmnet", "fixed", "centroid", "window"): 28.0,
    ("seg_vmnet", "fixed", "trace", "window"): 20.0,
    ("seg_vmnet", "fixed", "nw", "window"): 21.0,
    ("control", "olda", "count", "vanilla"): 2.0,
    ("control", "olda", "count", "window"): 15.0,
    ("control", APART, "count", "window"): 49.0,
    ("control", "fixed", "count", "window"): 50.5,
    ("blank", "olda", "trace", "window"): 44.0,
    ("blank", APART, "trace", "window"): 55.9,
}


def results(n_clips=100, half_width=5.0):
    return pd.DataFrame(
        [
            {
                "corpus": "toy", "kind": "rendered", "n_clips": n_clips, "system": system,
                "segmenter": segmenter, "distance": distance, "scenario": scenario,
                "direction": "V2M", "seed": 0, "metric": metric, "value": value,
            }
            for (system, segmenter, distance, scenario), rank in RANKS.items()
            for metric, value in (("mean_rank", rank), ("ci95", half_width))
        ]
    )  # fmt: skip


def test_what_remains_of_the_gain_over_the_centroid():
    table = TABLES["cut_apart"].render(results())
    shown = table.set_index(["video cut by", "music cut by", "δ"])
    assert list(shown.index)[:3] == [("Merged shots", "OLDA", d)
                                     for d in ("Centroid", "NW-DTW", "Trace")]  # fmt: skip
    trace = shown.loc["Merged shots", "OLDA", "Trace"]
    assert trace["shared boundaries"] == "10.0 ±5.0"
    assert trace["cut apart"] == "27.0 ±5.0"
    assert trace["cut apart, learned on shared"] == "35.0 ±5.0"
    assert trace[["gain, shared", "gain, apart", "what remains"]].tolist() == [
        "+20.0", "+5.0", "25 %",
    ]  # fmt: skip
    nw = shown.loc["Merged shots", "OLDA", "NW-DTW"]
    assert nw["what remains"] == "no gain to lose"  # 1 rank, within its interval of 5
    fixed = shown.loc["Fixed", "Fixed", "Trace"]
    assert fixed[["shared boundaries", "cut apart", "gain, apart"]].tolist() == [
        "", "20.0 ±5.0", "+8.0",
    ]  # fmt: skip
    assert table.iloc[-1]["cut apart"] == "50.5"


def test_controls_say_what_is_at_chance():
    table = TABLES["controls"].render(results())
    shown = table.set_index(["of", "video cut by", "music cut by"])
    assert [row[0] for row in shown.index] == ["whole clips", *["windows"] * 3, "Chance"]
    assert shown.loc["whole clips", "OLDA", "OLDA"]["Number of segments"] == "2.0 ±5.0*"
    both = shown.loc["windows", "OLDA", "OLDA"]
    assert both["blank, Trace"] == "44.0 ±5.0*"
    assert both["at chance"] == "0 of 2"
    apart = shown.loc["windows", "Merged shots", "OLDA"]
    assert apart[["Number of segments", "blank, Trace"]].tolist() == ["49.0 ±5.0", "55.9 ±5.0*"]
    assert apart["at chance"] == "1 of 2"
    assert shown.loc["windows", "Fixed", "Fixed"]["at chance"] == "1 of 1"


def of_distances(ranks):
    """Return results with every distance that the conclusions read, by segmenter."""
    return pd.DataFrame(
        [
            {
                "corpus": "toy", "kind": "rendered", "n_clips": 100, "system": "seg_vmnet",
                "segmenter": segmenter, "distance": distance, "scenario": "window",
                "direction": "V2M", "seed": 0, "metric": metric, "value": value,
            }
            for segmenter, by_distance in ranks.items()
            for distance, rank in by_distance.items()
            for metric, value in (("mean_rank", rank), ("ci95", 3.0))
        ]
    )  # fmt: skip


def test_conclusions_are_judged_with_shared_boundaries_and_apart():
    names = ("centroid", "single", "complete", "nw", "sw", "trace", "best_trace")
    as_the_paper = dict(zip(names, (30, 40, 50, 20, 25, 10, 21), strict=True))
    otherwise = dict(zip(names, (30, 40, 50, 20, 25, 35, 24), strict=True))
    data = of_distances({"olda": as_the_paper, APART: otherwise})
    table = TABLES["conclusions_apart"].render(data)
    verdicts = [verdict.startswith("holds") for verdict in table["shared boundaries"]]
    assert verdicts == [True] * 6
    claims = [claim.id for claim in within((APART,), "window")]
    failing = {
        claim
        for claim, verdict in zip(claims, table["cut apart"], strict=True)
        if not verdict.startswith("holds")
    }
    assert failing == {
        "alignments_ahead_of_unordered", "trace_best_vanilla", "sw_worst_vanilla",
        "best_trace_like_nw",
    }  # fmt: skip
    assert "Merged shots / OLDA: Trace 35.0 ≥" in table["evidence, cut apart"][3]


def test_few_clips_judge_nothing():
    table = TABLES["conclusions_apart"].render(results(n_clips=12))
    assert set(table["cut apart"]) == {"under 50 clips: not judged"}
    assert "evidence, cut apart" not in table


def test_claims_within_a_segmentation_read_that_alone():
    known = {claim.id: claim for claim in CLAIMS}
    for claim in within(("sf", APART), "window"):
        assert {key[1] for key in claim.keys} == {"sf", APART}
        assert {key[3] for key in claim.keys} == {"window"}
        assert [order.about for order in claim.orders] == ["SF", "Merged shots / OLDA"]
        assert claim.statement == known[claim.id].statement
        template = known[claim.id].orders[0]
        sides = (*template.first, *template.others)
        assert len({key[1] for each in sides for key in each.keys}) == 1


@pytest.mark.parametrize("half_width", [5.0, float("inf")])
def test_the_figure_has_a_row_for_each_way_of_cutting(half_width):
    figure = figures.cut_apart(results(half_width=half_width))
    (axes,) = figure.axes
    labels = [label.get_text() for label in axes.get_yticklabels()]
    assert labels == ["OLDA", "Merged shots / OLDA", "Fixed"]
    legend = [text.get_text() for text in figure.legends[0].get_texts()]
    assert legend == ["Centroid", "NW-DTW", "Trace", "Number of segments"]
