"""The printed numbers, and the tables with ours beside them, against results made by hand."""

import csv

import pandas as pd
import pytest

from vmnet.errors import VmnetError
from vmnet.report import paper, show
from vmnet.report.ranks import Ranks, duration
from vmnet.report.tables import TABLES, to_markdown

SEGMENTERS = ("foote", "sf", "olda", "transnet")
RANK = {"mean_rank": 2.25, "ci95": 0.5, "R@1": 25.0, "R@10": 75.0, "R@25": 100.0, "seconds": 0.125}
OURS = "ours (rendered, 6 clips)"


def rows(system, segmenter, distance, scenario="vanilla", seed=0, **metrics):
    """Return the tidy rows of one cell."""
    cell = {"corpus": "toy", "kind": "rendered", "n_clips": 6, "system": system}
    cell |= {"segmenter": segmenter, "distance": distance, "scenario": scenario}
    return [
        {**cell, "direction": "V2M", "seed": seed, "metric": metric, "value": value}
        for metric, value in (RANK | metrics).items()
    ]


def vanilla(distances, seed=0, **metrics):
    return [
        row
        for segmenter in SEGMENTERS
        for distance in distances
        for row in rows("seg_vmnet", segmenter, distance, seed=seed, **metrics)
    ]


UNORDERED = ("centroid", "single", "complete")
SCENARIOS = ("crop_query", "stretch_targets", "crop_stretch")


def render(name, results):
    return TABLES[name].render(pd.DataFrame(results))


def line(table, **keys):
    """Return the one row of a table that has these cells."""
    chosen = table
    for column, value in keys.items():
        chosen = chosen[chosen[column] == value]
    assert len(chosen) == 1
    return chosen.iloc[0]


@pytest.mark.parametrize(
    ("cell", "metric", "value"),
    [
        (("seg_vmnet", "foote", "centroid", "vanilla"), "mean_rank", 94),
        (("seg_vmnet", "olda", "trace", "vanilla"), "mean_rank", 32),
        (("seg_vmnet", "olda", "trace", "vanilla"), "R@25", 78.4),
        (("seg_vmnet", "transnet", "sw", "vanilla"), "seconds", 3600 + 13 * 60 + 56),
        (("seg_vmnet", "foote", "nw", "vanilla"), "seconds", 11 * 60 + 59),
        (("seg_vmnet", "olda", "trace", "crop_stretch"), "mean_rank", 146),
        (("baseline_1", "clip", "centroid", "vanilla"), "mean_rank", 193),
        (("chance", "clip", "centroid", "vanilla"), "mean_rank", 500),
        (("audioset_attention", "clip", "centroid", "vanilla"), "mean_rank", 105),
    ],
)
def test_printed_values(cell, metric, value):
    assert paper.cells().loc[cell, metric] == value


@pytest.mark.parametrize(
    ("cell", "half_width"),
    [
        (("seg_vmnet", "transnet", "complete", "vanilla"), 31),
        (("seg_vmnet", "olda", "nw", "stretch_targets"), 12),
        (("baseline_2", "clip", "centroid", "vanilla"), 19),
    ],
)
def test_printed_intervals(cell, half_width):
    assert paper.cells().loc[cell, "ci95"] == half_width


def test_every_printed_number_is_there_once_with_its_place():
    printed = paper.numbers()
    keys = ["system", "segmenter", "distance", "scenario", "direction", "metric"]
    assert not printed.duplicated(keys).any()
    assert set(printed["source"]) == {"paper", "thesis"}
    assert (printed["table"] != "").all()
    assert {table: len(paper.of_table(table)) for table in ("II", "III", "IV", "5.2")} == {
        "II": 12 + 2, "III": 16 + 2, "IV": 15, "5.2": 5,
    }  # fmt: skip
    m2v = printed[(printed["system"] == "openl3") & (printed["direction"] == "M2V")]
    assert m2v.set_index("metric")["value"]["R@10"] == 23.5
    assert paper.indel_costs() == {"nw": 0.05, "sw": 0.01}


def test_the_likely_misprint_is_kept_and_named():
    noted = paper.numbers().query("note.str.contains('misprint')")
    cells = noted[["segmenter", "distance", "value", "ci95"]].to_numpy().tolist()
    assert cells == [["transnet", "centroid", 113.0, 1.0]]


def test_times_as_printed():
    def text(distance, segmenter):
        return duration(paper.cells().loc[("seg_vmnet", segmenter, distance, "vanilla"), "seconds"])

    assert [text("nw", s) for s in SEGMENTERS] == ["11:59", "10:09", "13:41", "48:29"]
    assert [text("sw", s) for s in SEGMENTERS] == ["19:40", "16:20", "21:14", "1:13:56"]
    assert [text("trace", s) for s in SEGMENTERS] == ["55 s", "1:00", "53 s", "1:45"]
    assert [text("best_trace", s) for s in SEGMENTERS] == ["1:45", "1:32", "1:35", "3:51"]


def test_table2_shows_both_sides_and_chance():
    results = vanilla(UNORDERED) + rows("baseline_1", "clip", "centroid")
    results = [row | {"value": 1.75} if is_foote_single(row) else row for row in results]
    table = render("table2", results)
    foote = line(table, S="Foote", δ="Single linkage")
    assert foote["paper"] == "120 ±18"
    assert foote[OURS] == "1.8 ±0.5"
    assert line(table, S="TransNet", δ="Centroid")["paper"] == "113 ±1"
    assert line(table, S="Baseline 1")[OURS] == "2.2 ±0.5"
    assert line(table, S="Baseline 2")[OURS] == "missing"
    assert line(table, S="Baseline 2")["R@25, paper (%)"] == "33.4"
    assert line(table, S="Chance")[["paper", OURS]].tolist() == ["500", "3.5"]
    assert len(table) == 12 + 2 + 1
    assert "misprint" in table.attrs["caption"]


def is_foote_single(row):
    return (row["segmenter"], row["distance"], row["metric"]) == ("foote", "single", "mean_rank")


def test_table3_has_measured_times_beside_the_papers():
    table = render("table3", vanilla(["nw", "sw", "trace", "best_trace"]))
    cell = line(table, δ="SW-DTW", S="TransNet")
    assert cell["paper"] == "99 ±17"
    assert cell[OURS] == "2.2 ±0.5"
    assert cell["time, paper"] == "1:13:56"
    assert cell["time, ours"] == "0.12 s"
    assert "6 x 6" in table.attrs["caption"]
    assert "NW 0.05, SW 0.01" in table.attrs["caption"]
    assert len(table) == 4 * 4 + 2 + 1


def realistic(segmenter):
    return [
        row
        for distance in ("centroid", "nw", "sw", "trace", "best_trace")
        for scenario in SCENARIOS
        for row in rows("seg_vmnet", segmenter, distance, scenario)
    ]


def test_table4_follows_the_segmenter_of_the_results():
    for segmenter, name in (("olda", "OLDA"), ("foote", "Foote")):
        table = render("table4", realistic(segmenter))
        cell = line(table, δ="Best trace", scenario="Stretch Targets")
        assert cell["paper"] == "83 ±15"
        assert cell[OURS] == "2.2 ±0.5"
        assert f"ours {name}." in table.attrs["caption"]
        assert len(table) == 15 + 1


def test_table4_of_two_segmenters_tells_them_apart():
    table = render("table4", realistic("olda") + realistic("mine"))
    assert line(table, δ="Trace", scenario="Crop Query", S="OLDA")["paper"] == "92 ±17"
    assert line(table, δ="Trace", scenario="Crop Query", S="mine")["paper"] == ""


def test_trace_forms_are_set_against_the_same_printed_number():
    results = vanilla(["trace", "best_trace", "nw"])
    results += vanilla(["trace_printed", "best_trace_printed"], mean_rank=4.0)
    table = render("trace_forms", results)
    for form, ours in (("Best trace", "2.2 ±0.5"), ("Best trace, as printed", "4.0 ±0.5")):
        assert line(table, δ=form, S="SF")[["paper", OURS]].tolist() == ["55 ±13", ours]
    assert len(table) == 4 * 4 + 1


def test_clip_level_systems():
    results = rows("baseline_1", "clip", "centroid") + rows(
        "baseline_2", "clip", "centroid", mean_rank=1.5, ci95=float("inf"), **{"R@25": 75.0}
    )
    results += rows("baseline_2_cbvmr", "clip", "centroid")
    table = render("baselines", results)
    assert table.to_numpy().tolist() == [
        ["Baseline 1", "193 ±25", "2.2 ±0.5", "25.0, 75.0, 100.0", ""],
        ["Baseline 2", "118 ±19", "1.5 ±∞", "25.0, 75.0, 75.0", "33.4"],
        ["Baseline 2, CBVMR's loss", "", "2.2 ±0.5", "25.0, 75.0, 100.0", ""],
        ["Chance", "500", "3.5", "16.7, 100.0, 100.0", "2.5"],
    ]


def test_indel_sweep_marks_the_papers_costs():
    results = pd.concat(
        pd.DataFrame(rows("seg_vmnet", "olda", distance, mean_rank=2 + cost)).assign(indel=cost)
        for distance in ("nw", "sw")
        for cost in (0.5, 0.0, 0.05, 0.01)
    )
    other_way = results.assign(direction="M2V", value=9.0)
    table = render("indel_sweep", pd.concat([results, other_way]))
    assert table.to_numpy().tolist() == [
        ["0", "2.0 ±0.5", "2.0 ±0.5"],
        ["0.01", "2.0 ±0.5", "2.0 ±0.5 (the paper's cost)"],
        ["0.05", "2.0 ±0.5 (the paper's cost)", "2.0 ±0.5"],
        ["0.5", "2.5 ±0.5", "2.5 ±0.5"],
        ["Chance", "3.5", "3.5"],
    ]
    assert "rendered data (toy), 6 validation clips, 1 seed" in table.attrs["origin"]


def test_a_table_has_the_chance_level_of_its_own_catalog():
    distances = ("nw", "sw", "trace", "best_trace", "trace_printed", "best_trace_printed", "count")
    frame = pd.DataFrame(
        vanilla([*UNORDERED, *distances])
        + rows("baseline_2", "clip", "centroid")
        + realistic("olda")
    ).assign(n_clips=40)
    for name, table in TABLES.items():
        if isinstance(table.rows, Ranks):
            shown = table.render(frame)
            assert "20.5" in shown.iloc[-1].tolist(), name
            assert "chance 20.5" in shown.attrs["origin"]


def test_what_the_paper_does_not_have_is_a_further_row():
    """A segmenter, a distance, a scenario and a system with no name anywhere in the report."""
    results = vanilla(UNORDERED)
    results += rows("seg_vmnet", "seconds_9", "centroid") + rows("seg_vmnet", "foote", "emd")
    table = render("table2", results)
    for keys in ({"S": "seconds_9", "δ": "Centroid"}, {"S": "Foote", "δ": "emd"}):
        assert line(table, **keys)[["paper", OURS]].tolist() == ["", "2.2 ±0.5"]
    assert table["S"].tolist()[-5:-3] == ["TransNet", "seconds_9"]  # after the paper's

    table = render("table2", results + rows("my_net", "foote", "centroid", mean_rank=5.0))
    assert line(table, system="my_net", S="Foote")[OURS] == "5.0 ±0.5"
    assert len(table[table["system"] == "Seg-VM-Net"]) == 14

    table = render("table4", realistic("olda") + rows("seg_vmnet", "olda", "nw", "reverse"))
    assert line(table, scenario="reverse")[["paper", OURS]].tolist() == ["", "2.2 ±0.5"]

    table = render("baselines", rows("my_system", "clip", "centroid"))
    assert line(table, system="my_system")[OURS] == "2.2 ±0.5"


def test_several_seeds_give_the_mean_rank_and_the_mean_interval():
    results = vanilla(UNORDERED, 0, mean_rank=2.0, ci95=0.4)
    results += vanilla(UNORDERED, 1, mean_rank=3.0, ci95=0.8)
    table = render("table2", results)
    cell = line(table, S="SF", δ="Centroid")
    assert cell[[OURS, "seed 0", "seed 1"]].tolist() == ["2.5 ±0.6", "2.0", "3.0"]
    assert "mean of 2 seeds" in table.attrs["origin"]


def test_a_cell_with_fewer_seeds_is_refused_by_name():
    results = pd.DataFrame(vanilla(UNORDERED, 0) + vanilla(UNORDERED, 1))
    one = (results["segmenter"] == "sf") & (results["distance"] == "single")
    lacking = results[~(one & (results["seed"] == 1))]
    with pytest.raises(VmnetError, match=r"seed 1 of .*segmenter sf, distance single"):
        render("table2", lacking)
    # a NaN is a run that gave nothing, not a number to leave out of a mean
    broken = results.copy()
    broken.loc[one & (results["seed"] == 1), "value"] = float("nan")
    with pytest.raises(VmnetError, match=r"seed 1 of .*segmenter sf, distance single"):
        render("table2", broken)
    # without any run the cell is a gap
    assert line(render("table2", results[~one]), S="SF", δ="Single linkage")[OURS] == "missing"


def test_a_cell_that_lacks_a_metric_is_refused():
    results = pd.DataFrame(vanilla(UNORDERED))
    one = (results["segmenter"] == "sf") & (results["distance"] == "single")
    with pytest.raises(VmnetError, match="metric ci95"):
        render("table2", results[~(one & (results["metric"] == "ci95"))])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda results: results.drop(columns="seed"), "lacks the columns seed"),
        (lambda results: results[:0], "empty"),
        (lambda results: pd.concat([results, results]), "a seed twice"),
        (lambda results: pd.concat([results, results.assign(kind="folder")]), "mixes kind"),
        (
            lambda results: pd.concat([results, results.assign(settings="indel_nw=0.5")]),
            "mixes settings the profile's own, indel_nw=0.5",
        ),
    ],
)
def test_unusable_results_are_refused(change, message):
    with pytest.raises(VmnetError, match=message):
        render("table2", change(pd.DataFrame(vanilla(UNORDERED))))


def test_settings_stand_in_the_caption_where_they_are_not_the_profiles():
    results = pd.DataFrame(vanilla(UNORDERED))
    assert "settings" not in render("table2", results).attrs["origin"]
    assert "settings" not in render("table2", results.assign(settings="")).attrs["origin"]
    changed = render("table2", results.assign(settings="indel_nw=0.5, learning_rate=0.0001"))
    assert "settings indel_nw=0.5, learning_rate=0.0001" in changed.attrs["origin"]


def test_a_table_is_written_with_its_data_and_its_caption(tmp_path):
    results = pd.DataFrame(vanilla(UNORDERED))
    shown = show("table2", results, tmp_path / "new")
    assert sorted(path.name for path in (tmp_path / "new").iterdir()) == [
        "results_02.csv", "table2.csv", "table2.md",
    ]  # fmt: skip
    table = shown.data
    with (tmp_path / "new/table2.csv").open(encoding="utf-8", newline="") as file:
        lines = list(csv.reader(file))
    assert lines[0] == list(table.columns)
    assert lines[1:] == [list(row) for row in table.itertuples(index=False, name=None)]
    assert pd.read_csv(tmp_path / "new/results_02.csv").equals(results)

    text = (tmp_path / "new/table2.md").read_text(encoding="utf-8")
    caption, _, *body = text.splitlines()
    for word in ("rendered data", "toy", "6 test clips", "1 seed", "chance 3.5", "chance 500"):
        assert word in caption
    assert "rendered data" in shown.to_html()
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in body]
    assert cells[0] == list(table.columns)
    assert cells[2] == list(table.iloc[0])
    assert len({len(line) for line in body}) == 1


def test_a_frame_of_the_notebook_is_its_own_data(tmp_path):
    clips = pd.DataFrame({"split": ["train"], "clips": [4000], "nothing": [float("nan")]})
    clips.attrs["about"] = "Data: toy (rendered)."
    shown = show("clips", clips, tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["clips.csv", "clips.md"]
    assert list(shown.data.columns) == ["split", "clips"]
    assert "toy (rendered)." in (tmp_path / "clips.md").read_text(encoding="utf-8")


def test_markdown_of_any_frame():
    frame = pd.DataFrame({"a|b": [1_234_567, 2], "title": ["x\ny", "p|q"], "s": [0.1 + 0.2, 3.0]})
    text = to_markdown(frame)
    assert text.splitlines()[0] == r"| a\|b    | title | s   |"
    assert text.splitlines()[2:] == ["| 1234567 | x y   | 0.3 |", r"| 2       | p\|q  | 3   |"]
